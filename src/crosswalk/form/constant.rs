//! Tests on a constant text, answered here and now.
//!
//! KQL folds ASCII letters only where case does not count, and a term is a run of letters and digits of any script.
//! <https://learn.microsoft.com/kusto/query/datatypes-string-operators>

use crate::ir::{Case, Quantifier, TestOp, TextRelation, Truth};

/// Whether two texts are equal under this case rule.
pub(super) fn is_equal(one: &str, other: &str, case: Case) -> bool {
    match case {
        Case::Sensitive => one == other,
        Case::Insensitive => one.eq_ignore_ascii_case(other),
    }
}

/// What the test says of this text, which is not missing.
pub(super) fn answer(op: &TestOp, value: &str) -> Result<Truth, String> {
    let unknown = || "only constant texts can be compared with what every event of the source has".to_owned();
    let answer = match op {
        TestOp::Equals { operands, case } => {
            let texts: Option<Vec<&str>> = operands.iter().map(|operand| operand.as_text()).collect();
            texts.ok_or_else(unknown)?.iter().any(|text| is_equal(value, text, *case))
        }
        TestOp::Text { relation, needles, quantifier, case } => {
            let texts: Option<Vec<&str>> = needles.iter().map(|needle| needle.as_text()).collect();
            let mut found = texts.ok_or_else(unknown)?.into_iter().map(|needle| has(value, needle, *relation, *case));
            match quantifier {
                Quantifier::Any => found.any(|found| found),
                Quantifier::All => found.all(|found| found),
            }
        }
        TestOp::Matches { pattern } => {
            let pattern = pattern.as_text().ok_or_else(unknown)?;
            let regex = regex::Regex::new(pattern).map_err(|_| "the pattern cannot be read".to_owned())?;
            regex.is_match(value)
        }
        TestOp::IsEmpty => value.is_empty(),
        TestOp::IsNull => false,
        TestOp::Order { .. }
        | TestOp::IsTrue
        | TestOp::InNetwork { .. }
        | TestOp::HasIpv4 { .. }
        | TestOp::Among { .. }
        | TestOp::Opaque { .. } => {
            return Err("this test cannot be answered for what every event of the source has".to_owned());
        }
    };
    Ok(Truth::from(answer))
}

/// Whether the needle stands in the text in this relation.
fn has(text: &str, needle: &str, relation: TextRelation, case: Case) -> bool {
    let (text, needle) = match case {
        Case::Sensitive => (text.to_owned(), needle.to_owned()),
        Case::Insensitive => (text.to_ascii_lowercase(), needle.to_ascii_lowercase()),
    };
    let (left, right) = match relation {
        TextRelation::Contains => return text.contains(&needle),
        TextRelation::StartsWith => return text.starts_with(&needle),
        TextRelation::EndsWith => return text.ends_with(&needle),
        TextRelation::Term => (true, true),
        TextRelation::TermPrefix => (true, false),
        TextRelation::TermSuffix => (false, true),
    };
    let is_term = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let guards_left = left && is_term(needle.chars().next());
    let guards_right = right && is_term(needle.chars().next_back());
    let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    starts.filter(|at| text[*at..].starts_with(&needle)).any(|at| {
        let before = text[..at].chars().next_back();
        let behind = text[at + needle.len()..].chars().next();
        !(guards_left && is_term(before) || guards_right && is_term(behind))
    })
}
