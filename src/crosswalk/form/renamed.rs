//! Tests on values that the field has under other names: renamed, in lower case, or a text for the empty one.

use std::collections::BTreeMap;

use super::{CASE_LOST, Outcome, Translated, broader, constant, equals, exact, literal_text, lower, lowercase};
use super::{needles, never, refuse};
use crate::ir::{Case, Expr, TestOp, Truth, Value};
use crate::span::Origins;

/// The renamed value is asked for; tests on text are answered over the list of values where that is complete.
pub(super) fn renamed(values: &BTreeMap<String, String>, complete: bool, op: &TestOp) -> Outcome {
    let unknown = |value: &str| format!("it is not known how the field holds the value `{value}`");
    match op {
        TestOp::Equals { operands, case } => {
            let mut stored = Vec::new();
            for operand in operands {
                let text = literal_text(operand)
                    .ok_or("only constants can be looked for in a field that holds other names for its values")?;
                let mut found: Vec<Expr> = values
                    .iter()
                    .filter(|(value, _)| constant::is_equal(value, &text, *case))
                    .map(|(_, stored)| Expr::literal(Value::String(stored.clone()), operand.all_origins()))
                    .collect();
                if found.is_empty() && !complete {
                    return Err(unknown(&text));
                }
                stored.append(&mut found);
            }
            Ok(if stored.is_empty() { never() } else { exact(equals(stored, *case)) })
        }
        TestOp::Text { .. } | TestOp::Matches { .. } if complete => {
            let origins = op.operands().iter().fold(Origins::none(), |origins, one| origins.and(&one.all_origins()));
            let mut stored = Vec::new();
            for (value, held) in values {
                if constant::answer(op, value)? == Truth::True {
                    stored.push(Expr::literal(Value::String(held.clone()), origins.clone()));
                }
            }
            Ok(if stored.is_empty() { never() } else { exact(equals(stored, Case::Sensitive)) })
        }
        TestOp::IsEmpty | TestOp::IsNull => Ok(exact(op.clone())),
        TestOp::Text { .. }
        | TestOp::Matches { .. }
        | TestOp::Order { .. }
        | TestOp::IsTrue
        | TestOp::InNetwork { .. }
        | TestOp::HasIpv4 { .. }
        | TestOp::Among { .. }
        | TestOp::Opaque { .. } => {
            refuse("the field holds other names for the values, and not all of them are known")
        }
    }
}

/// Known values are asked for by the names that they have in the field, others in lower case.
///
/// Where letter case counts, what is a known value in other letters is none, and of what is not known it is open
/// whether the column has it so.
pub(super) fn lowered(values: &BTreeMap<String, String>, op: &TestOp) -> Outcome {
    match op {
        TestOp::Equals { operands, case } => {
            let (mut stored, mut unknown) = (Vec::new(), false);
            for needle in needles(operands)? {
                let named: Vec<(&String, &String)> =
                    values.iter().filter(|(value, _)| value.eq_ignore_ascii_case(needle.text)).collect();
                if named.is_empty() {
                    if values.values().any(|held| held.eq_ignore_ascii_case(needle.text)) {
                        return refuse("the field has the same text for another value");
                    }
                    unknown |= *case == Case::Sensitive && needle.has_letters();
                    stored.extend(lower(std::slice::from_ref(&needle))?);
                }
                let equal = named.into_iter().filter(|(value, _)| constant::is_equal(value, needle.text, *case));
                stored.extend(equal.map(|(_, held)| needle.with(held.clone())));
            }
            if stored.is_empty() {
                return Ok(never());
            }
            let op = equals(stored, Case::Sensitive);
            Ok(if unknown { broader(op, CASE_LOST) } else { exact(op) })
        }
        TestOp::Text { .. } | TestOp::Matches { .. } => {
            let outcome = lowercase(op)?;
            let Translated::Op(asked) = &outcome.test else {
                return refuse("the field holds other names for some of the values");
            };
            for (value, held) in values.iter().filter(|(value, held)| value.to_ascii_lowercase() != **held) {
                if constant::answer(op, value)? != constant::answer(asked, held)? {
                    return refuse(&format!("the field holds `{held}` for the value `{value}`"));
                }
            }
            Ok(outcome)
        }
        TestOp::IsEmpty
        | TestOp::IsNull
        | TestOp::InNetwork { .. }
        | TestOp::HasIpv4 { .. }
        | TestOp::Among { .. }
        | TestOp::Order { .. }
        | TestOp::IsTrue
        | TestOp::Opaque { .. } => {
            if matches!(op, TestOp::Among { .. })
                && values.iter().any(|(value, held)| value.to_ascii_lowercase() != *held)
            {
                return refuse("the field holds other names for some of the values");
            }
            lowercase(op)
        }
    }
}

/// Both names are asked for; tests on text stay as they are where they answer alike for both names of each value.
pub(super) fn sometimes(values: &BTreeMap<String, String>, op: &TestOp) -> Outcome {
    match op {
        TestOp::Equals { operands, case } => {
            let mut stored = Vec::new();
            for operand in operands {
                let text = literal_text(operand)
                    .ok_or("only constants can be looked for in a field that holds other names for some values")?;
                stored.push(operand.clone());
                for (_, other) in values.iter().filter(|(value, _)| constant::is_equal(value, &text, *case)) {
                    stored.push(Expr::literal(Value::String(other.clone()), operand.all_origins()));
                }
            }
            Ok(exact(equals(stored, *case)))
        }
        TestOp::Text { .. } | TestOp::Matches { .. } => {
            for (value, other) in values {
                if constant::answer(op, value)? != constant::answer(op, other)? {
                    return refuse(&format!("the field may hold `{other}` for the value `{value}`"));
                }
            }
            Ok(exact(op.clone()))
        }
        TestOp::IsEmpty | TestOp::IsNull => Ok(exact(op.clone())),
        TestOp::Order { .. }
        | TestOp::IsTrue
        | TestOp::InNetwork { .. }
        | TestOp::HasIpv4 { .. }
        | TestOp::Among { .. }
        | TestOp::Opaque { .. } => refuse("the field holds other names for some of the values"),
    }
}

/// Asks for the placeholder where the test asks for nothing. What else finds the placeholder finds more.
pub(super) fn placeholder(text: &str, op: &TestOp) -> Outcome {
    let held = |origins: &Origins| Expr::literal(Value::String(text.to_owned()), origins.clone());
    let nothing = |origins: &Origins| Expr::literal(Value::String(String::new()), origins.clone());
    match op {
        TestOp::IsEmpty => {
            let none = Origins::none();
            Ok(exact(equals(vec![nothing(&none), held(&none)], Case::Sensitive)))
        }
        TestOp::Equals { operands, case } => {
            let needles = needles(operands)?;
            let mut asked = operands.clone();
            if let Some(empty) = needles.iter().find(|needle| needle.text.is_empty()) {
                asked.push(held(&empty.origins));
                return Ok(exact(equals(asked, *case)));
            }
            let op = equals(asked, *case);
            let found = needles.iter().any(|needle| constant::is_equal(needle.text, text, *case));
            Ok(if found { broader(op, PLACEHOLDER) } else { exact(op) })
        }
        TestOp::Text { .. } | TestOp::Matches { .. } => {
            match (constant::answer(op, "")?, constant::answer(op, text)?) {
                (empty, held) if empty == held => Ok(exact(op.clone())),
                (Truth::False, _) => Ok(broader(op.clone(), PLACEHOLDER)),
                _ => refuse("the test finds the empty text, for which the field has another one"),
            }
        }
        TestOp::IsNull
        | TestOp::Order { .. }
        | TestOp::IsTrue
        | TestOp::InNetwork { .. }
        | TestOp::HasIpv4 { .. }
        | TestOp::Among { .. }
        | TestOp::Opaque { .. } => {
            refuse("the field has a placeholder for the empty text, of which this cannot be asked")
        }
    }
}

/// Why a test that finds the placeholder finds more.
const PLACEHOLDER: &str = "the field has the same text where the column is empty";
