//! How a column's value appears in a target's field, and how a test on the column reads there.
//!
//! [`Form::translate`] takes the question of a test and says which question to ask of the field instead. It promises:
//! - `relation` compares the two over every value that the column can have, for the test as it stands; whoever puts
//!   it under a `not` turns it round ([`Match::under`]);
//! - the answer on a missing value is not its business: a missing column is a missing field, and
//!   [`crate::ir::Test::missing`] holds for the one as for the other. [`Translated::Const`] is the answer for the
//!   values that are there;
//! - what it cannot say it refuses, with the reason; it never guesses.

use std::collections::BTreeMap;

use crate::fidelity::Match;
use crate::ir::{Case, Expr, ExprKind, Quantifier, TestOp, TextRelation, Truth, Type, Value};
use crate::span::Origins;

mod constant;
mod joined;
mod part;
mod pattern;
mod renamed;

/// How a column's value appears in a field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Form {
    /// As it is.
    Same,
    /// In lower case, or as it was before the column put it in lower case: letter case is not the column's.
    Lowercase,
    /// Under another name.
    Renamed {
        /// KQL value to field value. No two share one.
        values: BTreeMap<String, String>,
        /// Whether the column has no other values. If it has, it is not known how the field holds them.
        complete: bool,
        /// Whether it holds other values in lower case. No two of the column's values differ in letter case alone.
        lowered: bool,
    },
    /// As it is, but for these values, which the field may hold under another name as well. No two share one, and none
    /// is a value of the column.
    Sometimes {
        /// KQL value to the other name.
        values: BTreeMap<String, String>,
    },
    /// As the part behind the last of these separators, of which the field's value has one at least: a file name in
    /// a path, a user in `DOMAIN\user`.
    After {
        /// The separators.
        separators: Vec<char>,
        /// Whether letter case is not kept.
        folded: bool,
    },
    /// As the part before the first separator, which the field's value has: a domain in `DOMAIN\user`.
    Before {
        /// The separator.
        separator: char,
        /// Whether letter case is not kept.
        folded: bool,
    },
    /// Among others, behind a tag: `SHA1=…` in `MD5=…,SHA1=…`. Letter case is not kept.
    Tagged {
        /// The tag.
        tag: String,
        /// How many letters and digits every value has.
        length: usize,
    },
    /// Somewhere inside, with separators around it: a registry key in the path of its value. Letter case is not kept.
    Within {
        /// What the value may begin with, and how the field writes that.
        rewrites: Vec<(String, String)>,
    },
    /// As it is, and this text where the column is empty.
    Placeholder {
        /// The text.
        text: String,
    },
    /// As text: `true`, `false`, digits.
    Text,
    /// As a whole number, where the column is text.
    Number,
    /// Behind another field's value and a separator, which neither has: `DOMAIN\user`.
    Joined {
        /// The other field.
        before: String,
        /// The separator.
        separator: char,
        /// What a part may be that its field then does not have.
        lost: Option<String>,
    },
    /// As one element among the others of a list, of which the field has all.
    Element,
    /// Not at all: every event of the source has one of these values.
    Always {
        /// The values.
        values: Vec<String>,
    },
}

/// A test on a column, as it reads on the field.
#[derive(Clone, PartialEq, Debug)]
pub struct Translation {
    /// The test, or its constant answer.
    pub test: Translated,
    /// What it matches, compared with the test on the column, when it is not negated.
    pub relation: Match,
    /// Why it is not exact, or what the reader should know.
    pub remark: Option<String>,
    /// Whether the relation holds only where no letter or digit beyond ASCII stands beside a term, which then is an
    /// assumption of the artifact.
    pub ascii: bool,
}

/// A translated test.
#[derive(Clone, PartialEq, Debug)]
pub enum Translated {
    /// This test on the field.
    Op(TestOp),
    /// All of these tests on the field, two or more.
    Every(Vec<TestOp>),
    /// Any of these, of which each asks for all of its tests on the two fields that hold the column.
    Alternatives(Vec<Vec<(Side, TestOp)>>),
    /// The same answer for every event whose column is not missing.
    Const(Truth),
}

/// One of two fields that hold a column together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// That before the separator.
    Before,
    /// That behind it.
    Behind,
}

/// What cannot be said, and why: a sentence without full stop that names neither column nor field.
type Outcome = Result<Translation, String>;

impl Form {
    /// The test to ask of the field instead of `op` on a column of type `ty`; an error says why there is none.
    pub fn translate(&self, op: &TestOp, ty: Type) -> Outcome {
        match self {
            Form::Same => Ok(exact(op.clone())),
            Form::Lowercase => lowercase(op),
            Form::Renamed { values, lowered: true, .. } => renamed::lowered(values, op),
            Form::Renamed { values, complete, lowered: false } => renamed::renamed(values, *complete, op),
            Form::Sometimes { values } => renamed::sometimes(values, op),
            Form::After { separators, folded } => part::Part::after(separators, *folded).translate(op),
            Form::Before { separator, folded } => part::Part::before(*separator, *folded).translate(op),
            Form::Tagged { tag, length } => tagged(tag, *length, op),
            Form::Within { rewrites } => within(rewrites, op),
            Form::Placeholder { text } => renamed::placeholder(text, op),
            Form::Text => text(op, ty),
            Form::Number => number(op),
            Form::Joined { separator, lost, .. } => joined::translate(*separator, lost.as_deref(), op),
            Form::Element => Ok(element(op)),
            Form::Always { values } => always(values, op, ty),
        }
    }

    /// Whether the field holds the value in other letters, and nothing else is changed.
    pub fn is_lower_case(&self) -> bool {
        match self {
            Form::Lowercase => true,
            Form::Renamed { values, lowered: true, .. } => {
                values.iter().all(|(value, held)| value.to_ascii_lowercase() == *held)
            }
            Form::Same
            | Form::Renamed { .. }
            | Form::Sometimes { .. }
            | Form::After { .. }
            | Form::Before { .. }
            | Form::Tagged { .. }
            | Form::Within { .. }
            | Form::Placeholder { .. }
            | Form::Text
            | Form::Number
            | Form::Joined { .. }
            | Form::Element
            | Form::Always { .. } => false,
        }
    }

    /// Whether different values of the column are different values of the field, and the field holds nothing else.
    ///
    /// Only then can the field stand for the column as a key of groups or joins.
    pub fn is_invertible(&self) -> bool {
        match self {
            Form::Same | Form::Renamed { .. } | Form::Placeholder { .. } | Form::Text | Form::Number => true,
            Form::Lowercase
            | Form::Sometimes { .. }
            | Form::After { .. }
            | Form::Before { .. }
            | Form::Tagged { .. }
            | Form::Within { .. }
            | Form::Joined { .. }
            | Form::Element
            | Form::Always { .. } => false,
        }
    }
}

/// An operand that must be a constant text.
struct Needle<'a> {
    text: &'a str,
    origins: Origins,
}

impl Needle<'_> {
    /// The operand again, with another text.
    fn with(&self, text: String) -> Expr {
        Expr::literal(Value::String(text), self.origins.clone())
    }

    /// Whether letter case can make a difference to it.
    fn has_letters(&self) -> bool {
        self.text.chars().any(|c| c.is_lowercase() || c.is_uppercase())
    }
}

/// The operands as constant texts.
fn needles(operands: &[Expr]) -> Result<Vec<Needle<'_>>, String> {
    operands
        .iter()
        .map(|operand| match &operand.kind {
            ExprKind::Literal(Value::String(text)) => Ok(Needle { text, origins: operand.all_origins() }),
            _ => Err("only constant texts can be looked for in the form that the field has".to_owned()),
        })
        .collect()
}

/// What is looked for must not be empty: every value would match, and the field's is another.
fn not_empty(needles: &[Needle]) -> Result<(), String> {
    if needles.iter().any(|needle| needle.text.is_empty()) {
        return Err("the empty text cannot be looked for in the form that the field has".to_owned());
    }
    Ok(())
}

fn exact(op: TestOp) -> Translation {
    Translation { test: Translated::Op(op), relation: Match::Exact, remark: None, ascii: false }
}

fn broader(op: TestOp, remark: &str) -> Translation {
    Translation { test: Translated::Op(op), relation: Match::Broader, remark: Some(remark.to_owned()), ascii: false }
}

/// The column never has such a value.
fn never() -> Translation {
    Translation {
        test: Translated::Const(Truth::False),
        relation: Match::Exact,
        remark: Some("the column never has such a value".to_owned()),
        ascii: false,
    }
}

fn equals(operands: Vec<Expr>, case: Case) -> TestOp {
    TestOp::Equals { operands, case }
}

fn contains(needles: Vec<Expr>, quantifier: Quantifier) -> TestOp {
    TestOp::Text { relation: TextRelation::Contains, needles, quantifier, case: Case::Insensitive }
}

fn refuse<T>(reason: &str) -> Result<T, String> {
    Err(reason.to_owned())
}

/// Why a test that asks for letter case became one that does not.
const CASE_LOST: &str = "the field does not keep the letter case that the test asks for";

/// A field in lower case answers what the column answers where letter case does not count; where it counts, the field
/// has lost it.
fn lowercase(op: &TestOp) -> Outcome {
    match op {
        TestOp::Equals { operands, case } => {
            let needles = needles(operands)?;
            let lowered = lower(&needles)?;
            Ok(fold(equals(lowered, Case::Insensitive), *case, &needles))
        }
        TestOp::Text { relation, needles: operands, quantifier, case } => {
            let needles = needles(operands)?;
            let op = TestOp::Text {
                relation: *relation,
                needles: lower(&needles)?,
                quantifier: *quantifier,
                case: Case::Insensitive,
            };
            Ok(fold(op, *case, &needles))
        }
        TestOp::Matches { pattern } => {
            let (pattern, relation) = pattern::on_lower_case(pattern)?;
            let op = TestOp::Matches { pattern };
            Ok(if relation == Match::Exact { exact(op) } else { broader(op, CASE_LOST) })
        }
        TestOp::IsEmpty | TestOp::IsNull | TestOp::InNetwork { .. } => Ok(exact(op.clone())),
        TestOp::HasIpv4 { .. } => Ok(exact(op.clone())),
        TestOp::Among { relation, case } => {
            let op = TestOp::Among { relation: *relation, case: Case::Insensitive };
            Ok(if *case == Case::Insensitive { exact(op) } else { broader(op, CASE_LOST) })
        }
        TestOp::Order { .. } | TestOp::IsTrue | TestOp::Opaque { .. } => {
            refuse("this test cannot be asked of a field in lower case")
        }
    }
}

/// The needles in lower case. KQL folds ASCII letters only, so other letters that have two cases are not touched.
fn lower(needles: &[Needle]) -> Result<Vec<Expr>, String> {
    needles
        .iter()
        .map(|needle| {
            if needle.text.chars().any(|c| !c.is_ascii() && (c.is_lowercase() || c.is_uppercase())) {
                return refuse("letters beyond ASCII cannot be looked for in a field that is in lower case");
            }
            Ok(needle.with(needle.text.to_ascii_lowercase()))
        })
        .collect()
}

/// The test that ignores case, and what that is compared with one of this case rule.
fn fold(op: TestOp, case: Case, needles: &[Needle]) -> Translation {
    if case == Case::Sensitive && needles.iter().any(Needle::has_letters) {
        broader(op, CASE_LOST)
    } else {
        exact(op)
    }
}

/// A constant as the key of a list of values.
fn literal_text(operand: &Expr) -> Option<String> {
    match operand.as_literal()? {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Int(value) => Some(value.to_string()),
        Value::Long(value) => Some(value.to_string()),
        Value::Guid(value) => Some(value.to_string()),
        Value::Null(_)
        | Value::DateTime(_)
        | Value::Decimal(_)
        | Value::Dynamic(_)
        | Value::Real(_)
        | Value::TimeSpan(_) => None,
    }
}

/// A value of fixed length is equal if it stands behind its tag.
fn tagged(tag: &str, length: usize, op: &TestOp) -> Outcome {
    let (operands, case, whole) = match op {
        TestOp::Equals { operands, case } => (operands, *case, true),
        TestOp::Text { relation: TextRelation::StartsWith, needles, quantifier: Quantifier::Any, case } => {
            (needles, *case, false)
        }
        _ => return refuse("the field holds several values, and only a whole one can be looked for among them"),
    };
    let needles = needles(operands)?;
    not_empty(&needles)?;
    if needles.iter().any(|needle| !needle.text.chars().all(|c| c.is_ascii_alphanumeric())) {
        return refuse("only letters and digits can be looked for in a field that holds several values");
    }
    let possible: Vec<&Needle> = needles
        .iter()
        .filter(|needle| if whole { needle.text.len() == length } else { needle.text.len() <= length })
        .collect();
    if possible.is_empty() {
        return Ok(never());
    }
    let found = possible.iter().map(|needle| needle.with(format!("{tag}{}", needle.text))).collect();
    Ok(fold(contains(found, Quantifier::Any), case, &needles))
}

/// Why a test on a stretch of the field's value finds more.
const ANYWHERE: &str = "the field holds the value inside a longer one, where the test may be met elsewhere";

/// What is in the column is in the field, but the field holds more.
fn within(rewrites: &[(String, String)], op: &TestOp) -> Outcome {
    let (relation, operands, quantifier) = match op {
        TestOp::Equals { operands, .. } => (TextRelation::Contains, operands, Quantifier::Any),
        TestOp::Text { relation: TextRelation::Term, needles, quantifier, .. } => {
            (TextRelation::Term, needles, *quantifier)
        }
        TestOp::Text { relation: TextRelation::TermPrefix, needles, quantifier, .. } => {
            (TextRelation::TermPrefix, needles, *quantifier)
        }
        TestOp::Text { relation: TextRelation::TermSuffix, needles, quantifier, .. } => {
            (TextRelation::TermSuffix, needles, *quantifier)
        }
        TestOp::Text { needles, quantifier, .. } => (TextRelation::Contains, needles, *quantifier),
        _ => return refuse("the field holds the value inside a longer one, where this test cannot be asked"),
    };
    let needles = needles(operands)?;
    not_empty(&needles)?;
    let rewritten: Result<Vec<Expr>, String> =
        needles.iter().map(|needle| Ok(needle.with(rewrite(rewrites, needle.text)?))).collect();
    let op = TestOp::Text { relation, needles: rewritten?, quantifier, case: Case::Insensitive };
    Ok(broader(op, ANYWHERE))
}

/// The needle as it stands in the field. It is refused where it may or may not touch what the field writes
/// differently.
fn rewrite(rewrites: &[(String, String)], needle: &str) -> Result<String, String> {
    let folded = needle.to_ascii_lowercase();
    for (from, to) in rewrites {
        let (head, kept) = without_common_end(from, to);
        let (head, tail) = (head.to_ascii_lowercase(), kept.to_ascii_lowercase());
        if let Some(rest) = folded.strip_prefix(&format!("{head}{tail}")) {
            // Lower case of ASCII keeps every length.
            return Ok(format!("{to}{}", &needle[needle.len() - rest.len()..]));
        }
        let touches = head.contains(&folded)
            || (1..head.len()).filter(|at| head.is_char_boundary(*at)).any(|at| {
                let end = format!("{}{tail}", &head[at..]);
                folded.starts_with(&end) || end.starts_with(&folded)
            });
        if touches || head.starts_with(&folded) || format!("{head}{tail}").starts_with(&folded) {
            return Err(format!("the field writes `{from}` as `{to}`, and `{needle}` may be a part of it"));
        }
    }
    Ok(needle.to_owned())
}

/// `from` without the end that it shares with `to`, and that end.
fn without_common_end<'a>(from: &'a str, to: &str) -> (&'a str, &'a str) {
    let shared: usize =
        from.chars().rev().zip(to.chars().rev()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    from.split_at(from.len() - shared)
}

/// Booleans, whole numbers and guids as text.
fn text(op: &TestOp, ty: Type) -> Outcome {
    match op {
        TestOp::Equals { operands, .. } => {
            let case = match ty {
                Type::Int | Type::Long => Case::Sensitive,
                Type::Bool | Type::Guid => Case::Insensitive,
                _ => return refuse("it is not known how the field writes values of this type as text"),
            };
            let written: Result<Vec<Expr>, String> = operands
                .iter()
                .map(|operand| match literal_text(operand) {
                    Some(text) => Ok(Expr::literal(Value::String(text), operand.all_origins())),
                    None => refuse("only constants can be looked for in a field that holds them as text"),
                })
                .collect();
            Ok(exact(equals(written?, case)))
        }
        TestOp::IsTrue if ty == Type::Bool => {
            let word = Expr::literal(Value::String("true".to_owned()), Origins::none());
            Ok(exact(equals(vec![word], Case::Insensitive)))
        }
        TestOp::IsEmpty | TestOp::IsNull => Ok(exact(TestOp::IsEmpty)),
        TestOp::Order { .. } => refuse("the field holds numbers as text, which has another order"),
        TestOp::Text { .. }
        | TestOp::Matches { .. }
        | TestOp::IsTrue
        | TestOp::InNetwork { .. }
        | TestOp::HasIpv4 { .. }
        | TestOp::Among { .. }
        | TestOp::Opaque { .. } => refuse("this test cannot be asked of a field that holds values as text"),
    }
}

/// Text of digits as a number; any other text is never there.
fn number(op: &TestOp) -> Outcome {
    match op {
        TestOp::Equals { operands, .. } => {
            let needles = needles(operands)?;
            not_empty(&needles)?;
            let numbers: Vec<Expr> = needles
                .iter()
                .filter_map(|needle| {
                    let number: i64 = needle.text.parse().ok()?;
                    let canonical = number.to_string() == needle.text;
                    canonical.then(|| Expr::literal(Value::Long(number), needle.origins.clone()))
                })
                .collect();
            Ok(if numbers.is_empty() { never() } else { exact(equals(numbers, Case::Sensitive)) })
        }
        TestOp::IsEmpty => Ok(exact(TestOp::IsNull)),
        TestOp::IsNull => refuse("the column is text, which is never null"),
        TestOp::Order { .. }
        | TestOp::Text { .. }
        | TestOp::Matches { .. }
        | TestOp::IsTrue
        | TestOp::InNetwork { .. }
        | TestOp::HasIpv4 { .. }
        | TestOp::Among { .. }
        | TestOp::Opaque { .. } => {
            refuse("the field holds the text as a number, of which only equality can be asked")
        }
    }
}

/// Any element may meet the test. Where one is there, that of the column may still be missing.
fn element(op: &TestOp) -> Translation {
    let relation = match op {
        TestOp::IsEmpty | TestOp::IsNull => Match::Narrower,
        TestOp::Equals { .. }
        | TestOp::Text { .. }
        | TestOp::Matches { .. }
        | TestOp::Order { .. }
        | TestOp::IsTrue
        | TestOp::InNetwork { .. }
        | TestOp::HasIpv4 { .. }
        | TestOp::Among { .. }
        | TestOp::Opaque { .. } => Match::Broader,
    };
    let remark = "the field has the values of all elements of the list, and no position".to_owned();
    Translation { test: Translated::Op(op.clone()), relation, remark: Some(remark), ascii: false }
}

/// The answer over the values that the source's events have, where it is one and the same.
fn always(values: &[String], op: &TestOp, ty: Type) -> Outcome {
    let mut answers = Vec::new();
    for value in values {
        let answer = match (ty, op) {
            (_, TestOp::IsEmpty) => Truth::from(value.is_empty()),
            (_, TestOp::IsNull) => Truth::False,
            (Type::String | Type::Unknown, _) => constant::answer(op, value)?,
            (_, TestOp::Equals { operands, .. }) => {
                let texts: Option<Vec<String>> = operands.iter().map(literal_text).collect();
                let texts = texts.ok_or("only constants can be compared with what every event of the source has")?;
                Truth::from(texts.contains(value))
            }
            _ => return refuse("the source holds events with certain values only, of which this cannot be asked"),
        };
        if !answers.contains(&answer) {
            answers.push(answer);
        }
    }
    match answers[..] {
        [answer] => Ok(Translation {
            test: Translated::Const(answer),
            relation: Match::Exact,
            remark: Some("the source holds only events with certain values".to_owned()),
            ascii: false,
        }),
        _ => refuse("the source holds events with several values and no field that tells them apart"),
    }
}

#[cfg(test)]
mod tests;
