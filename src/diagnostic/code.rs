//! Every diagnostic code, once, with what it means.

macro_rules! codes {
    ($($variant:ident $name:literal $title:literal)*) => {
        /// A stable code. The first three letters are its [`Family`].
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[allow(missing_docs, reason = "each variant's title is its documentation")]
        pub enum Code { $(#[doc = $title] $variant,)* }

        impl Code {
            /// Every code, in order.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// As printed: `KQL0101`.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// What it says in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Code::$variant => $title,)* }
            }
        }
    };
}

codes! {
    // The rule file.
    NotYaml          "YML0001" "the file is not well-formed YAML"
    NotUtf8          "YML0002" "the file is not UTF-8"
    TooLarge         "YML0003" "the file or query is too large"
    NotJson          "YML0004" "the file is not well-formed JSON"
    MissingQuery     "YML0101" "the rule has no query"
    EmptyQuery       "YML0102" "the rule's query is empty"
    MissingKey       "YML0103" "the rule lacks a key that it needs"
    BadValue         "YML0104" "a key's value is not of the kind it should be"
    UnknownKey       "YML0105" "the rule has a key that is not documented"
    UnusualSpelling  "YML0106" "a value is read in spite of its unusual spelling"
    Computed         "YML0107" "a value is an expression that only a deployment computes"
    CasesKey         "YML0201" "a file of cases has a key that it cannot have"
    CasesRule        "YML0202" "cases do not stand beside a rule of their name"
    CasesColumn      "YML0203" "a case expects a column that the answer does not have"
    // Syntax.
    BadToken         "KQL0001" "a character or literal that is not KQL"
    Expected         "KQL0002" "something else was expected here"
    TooDeep          "KQL0003" "the query is nested too deeply"
    // Names and types.
    UnknownColumn    "SEM0001" "no such column"
    UnknownFunction  "SEM0002" "no such function"
    WrongType        "SEM0003" "an operand of the wrong type"
    WrongArguments   "SEM0004" "the wrong number of arguments"
    NotConstant      "SEM0005" "a constant is needed here"
    BadPattern       "SEM0006" "the regular expression is not valid"
    BadNetwork       "SEM0007" "the address range is not valid"
    DuplicateName    "SEM0008" "the name is taken already"
    InferredSchema   "SEM0009" "the table is not known: its columns are inferred from use"
    TooComplex       "SEM0010" "the query expands to too many nodes"
    UnknownName      "SEM0011" "no such name"
    ManyAnswers      "SEM0012" "the query has more than one answer"
    BadLiteral       "SEM0013" "the literal is no value of its type"
    // Tables and fields.
    NoSource         "MAP0001" "the table has no source in the target"
    NoField          "MAP0002" "the column has no field in the target"
    NativeName       "MAP0003" "a KQL name is kept"
    ValueLost        "MAP0004" "the target's field does not hold what the test asks for"
    ValueChanged     "MAP0005" "the target's field holds the value in another form"
    BadCrosswalk     "MAP0006" "a crosswalk file or mapping is not valid"
    // Fidelity.
    OperatorOpaque   "FID0001" "the operator is not carried"
    FunctionOpaque   "FID0002" "the function is not carried"
    Dropped          "FID0003" "a condition is left out"
    TermWidened      "FID0004" "a term test becomes a substring test"
    CaseFolded       "FID0005" "letter case is not told apart"
    RegexDialect     "FID0006" "the pattern has no form in the target's regular expressions"
    NotComparable    "FID0007" "the target cannot make this comparison"
    WindowAssumed    "FID0008" "the time filter becomes the artifact's look-back"
    WindowSlides     "FID0009" "the target's window is not the rule's"
    SummaryLeft      "FID0010" "the summary is left out"
    ThresholdLeft    "FID0011" "the threshold is left out"
    AggregateDiffers "FID0012" "the target's aggregate is another one"
    ColumnLeft       "FID0013" "an output column is left out"
    OrderLeft        "FID0014" "the order or the choice of rows is left out"
    NoAnchor         "FID0015" "what is left would match nearly everything"
    LiteralLimit     "FID0016" "the target cannot write this value"
    ConstantTest     "FID0017" "the target cannot write a constant condition"
    MissingDiffers   "FID0018" "the target does not tell a missing value from this one"
    DefaultUsed      "FID0019" "the rule leaves this open; a default is used"
    AlertDelivery    "FID0020" "alerts are delivered in another way"
    Converter        "FID0021" "converters change this"
    NotInterpreted   "FID0022" "the reference interpreter does not know this part"
    // The build.
    PathTaken        "BLD0001" "two inputs lead to one artifact"
    PathReserved     "BLD0002" "the bundle needs this name itself"
    ForeignFolder    "BLD0003" "the output folder is not ours"
    Stale            "BLD0004" "the output differs from what would be built"
    NoWitness        "BLD0005" "no events are found that fire the rule"
    // Configuration.
    BadSuppression   "CFG0001" "the suppression cannot be used as it is"
    UnusedSuppression "CFG0002" "the suppression suppresses nothing"
    // Internal.
    Internal         "INT0001" "a bug in siemaphore"
}

/// The stage a code belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Family {
    /// Rule file.
    Yml,
    /// Syntax.
    Kql,
    /// Names and types.
    Sem,
    /// Tables and fields.
    Map,
    /// Fidelity.
    Fid,
    /// Build.
    Bld,
    /// Configuration.
    Cfg,
    /// Internal.
    Int,
}

impl Code {
    /// The code of this name, in whatever letter case.
    pub fn from_name(name: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.name().eq_ignore_ascii_case(name))
    }

    /// The stage it belongs to.
    pub fn family(self) -> Family {
        match &self.name()[..3] {
            "YML" => Family::Yml,
            "KQL" => Family::Kql,
            "SEM" => Family::Sem,
            "MAP" => Family::Map,
            "FID" => Family::Fid,
            "BLD" => Family::Bld,
            "CFG" => Family::Cfg,
            _ => Family::Int,
        }
    }
}
