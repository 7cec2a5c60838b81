//! What each code means and what to do about it, in one or two sentences.

use super::Code;

impl Code {
    /// What it means, and what to do.
    pub fn help(self) -> &'static str {
        match self {
            Code::NotYaml => {
                "The file could not be read as YAML. The place is where reading stopped; often a quote or bracket \
                 is not closed, or a line is indented too little."
            }
            Code::NotUtf8 => "Rule files have to be UTF-8. Save the file in that encoding.",
            Code::NotJson => "The file could not be read as JSON. The place is where reading stopped.",
            Code::TooLarge => "The file, or a value in it, is beyond the limits within which files are read.",
            Code::MissingQuery => {
                "A rule needs a `query` with its KQL. Write it as a block: `query: |`, the lines below it \
                 indented."
            }
            Code::EmptyQuery => "The rule's `query` holds no query that yields a table.",
            Code::MissingKey => {
                "A key is missing without which the rule cannot be read in full, or Sentinel would not take it."
            }
            Code::BadValue => "The value is not one that Sentinel documents for this key.",
            Code::UnknownKey => {
                "The key is not documented for Sentinel's rules. Its value is kept, but no artifact shows it; \
                 often it is a documented key misspelt."
            }
            Code::UnusualSpelling => {
                "The value is not written as Sentinel documents it, but what is meant is plain, and it is read \
                 that way."
            }
            Code::Computed => {
                "The template computes this value when it is deployed, from parameters or functions, so what the rule \
                 will be is not known here. Write the value itself."
            }
            Code::BadToken => {
                "The characters here are no token of KQL: an unknown character, a string that is not closed, an \
                 unknown escape, or a literal whose content does not fit its type."
            }
            Code::Expected => "KQL's grammar asks for something else at this place.",
            Code::TooDeep => "The query is nested more deeply than it can be read.",
            Code::UnknownColumn => {
                "The table, or what the query has made of it up to here, has no column of this name. Names are \
                 case-sensitive."
            }
            Code::UnknownFunction => {
                "The name is neither a function of KQL nor one that the query defines. If the workspace defines \
                 it, the rule runs there, but what it does is not known here."
            }
            Code::WrongType => "The operand's type is not one that the operator or function takes.",
            Code::WrongArguments => "The function takes another number of arguments, or others.",
            Code::NotConstant => "A value is needed here that does not depend on the row.",
            Code::BadPattern => "The pattern is no valid regular expression in the dialect of KQL, which is RE2's.",
            Code::BadNetwork => "The text is no address range such as `10.0.0.0/8`.",
            Code::DuplicateName => "Two columns or bindings of one place have the same name.",
            Code::InferredSchema => {
                "The crosswalk has no schema for this table, so its columns cannot be checked: each name used is \
                 taken for a column, and its type is inferred from its first use. `--crosswalk FILE` adds the \
                 schema."
            }
            Code::TooComplex => "Functions that call functions expand to more than can be compiled.",
            Code::UnknownName => {
                "The name is no column, no binding of the query and no parameter that is visible here."
            }
            Code::ManyAnswers => {
                "A rule looks at its last result; statements before it belong into `let` bindings or a `union`."
            }
            Code::NoSource => "The crosswalk does not say where the target keeps the events of this table.",
            Code::NoField => "The crosswalk does not say which field of the target holds this column.",
            Code::NativeName => {
                "The table or column has no counterpart in the crosswalk; its KQL name is kept, as `--native- \
                 names` asks."
            }
            Code::ValueLost => "The field that holds the column in the target does not keep what the test asks for.",
            Code::ValueChanged => {
                "The field holds the column's value in another form, and the test could not be put in that form."
            }
            Code::BadCrosswalk => "A crosswalk file, or a mapping of the command line, cannot be read.",
            Code::OperatorOpaque => {
                "The operator is known by name only; targets that do not run KQL cannot be given it."
            }
            Code::FunctionOpaque => "The function is known by name only, or the target has no counterpart of it.",
            Code::Dropped => {
                "A condition has no form in the target and is left out; the artifact matches more, or fewer, than \
                 the rule."
            }
            Code::TermWidened => {
                "KQL's `has` looks for a whole term; the target looks for the text anywhere, so the artifact may \
                 match more."
            }
            Code::CaseFolded => {
                "KQL compares with regard to letter case here and the target does not, so the artifact may match \
                 more."
            }
            Code::RegexDialect => "The regular expression uses something that the target's dialect cannot say.",
            Code::NotComparable => "The target cannot compare these two values in this way.",
            Code::WindowAssumed => {
                "The query's time filter is not in the artifact; the verdict assumes that it runs over that look- \
                 back."
            }
            Code::WindowSlides => "The target's time window begins and ends at other instants than the rule's.",
            Code::SummaryLeft => {
                "The summary has no form in the target and is left out: the artifact matches the events before \
                 it."
            }
            Code::ThresholdLeft => "The condition on the summary has no form in the target and is left out.",
            Code::AggregateDiffers => "The target's aggregate is computed in another way and may give another value.",
            Code::ColumnLeft => "A column of the answer cannot be shown by the target. What matches does not change.",
            Code::OrderLeft => "The order of rows, or which of several rows is taken, cannot be kept.",
            Code::NoAnchor => {
                "Without the parts that the target cannot carry nearly every event would match, so no artifact is \
                 written."
            }
            Code::LiteralLimit => "The target has no way to write this value.",
            Code::ConstantTest => "The target has no way to write a condition that is always true or always false.",
            Code::MissingDiffers => {
                "The target does not tell a missing value from an empty one, or treats it in another way than \
                 KQL."
            }
            Code::DefaultUsed => "The rule does not say it, so the documented default is used.",
            Code::AlertDelivery => {
                "The target delivers, groups or suppresses alerts in another way; what matches does not change."
            }
            Code::Converter => "Programs that convert the artifact further are known to change this part.",
            Code::NotInterpreted => {
                "The reference interpreter does not know what this part of the query does, so it gives no answer."
            }
            Code::PathTaken => "Two inputs would be written to the same artifact. Rename one of them.",
            Code::PathReserved => "The bundle has a file of its own of this name. Rename the input.",
            Code::ForeignFolder => {
                "The output folder holds files and no manifest of ours; nothing in it was touched."
            }
            Code::Stale => "The output folder is not what would be built from the rules now. Build it again.",
            Code::BadSuppression => {
                "A comment `siemaphore: allow CODE -- reason` has to name codes that exist and to give a reason."
            }
            Code::UnusedSuppression => {
                "Nothing of this code is said about the line that the comment is for, so the comment can go. \
                 Errors, and the notes behind a verdict, cannot be allowed."
            }
            Code::Internal => "This is a bug in siemaphore, not in the rule. Please report it with the rule.",
        }
    }
}
