//! Predicates in KQL's three-valued logic: one function per test.
//!
//! String tests are two-valued: a null of any type is read as the empty text. Comparisons follow the null rules:
//! a null equals nothing, differs from every value, and is in no order to any.
//!
//! <https://learn.microsoft.com/kusto/query/scalar-data-types/null-values>

use std::borrow::Cow;
use std::cmp::Ordering;

use super::expression::Scope;
use super::function::network::{self, Address};
use super::{convert, pattern, value};
use crate::ir::{
    Case, Dynamic, Network, Order, Predicate, PredicateKind, Quantifier, Test, TestOp, TextRelation, Truth, Value,
};

/// The truth of a predicate on a row.
///
/// <https://learn.microsoft.com/kusto/query/logical-operators>
pub fn truth(predicate: &Predicate, scope: &Scope<'_>) -> Truth {
    match &predicate.kind {
        PredicateKind::And(parts) => gather(parts, scope, Truth::False),
        PredicateKind::Or(parts) => gather(parts, scope, Truth::True),
        PredicateKind::Not(part) => truth(part, scope).negate(),
        PredicateKind::Test(test) => ask(test, scope),
        PredicateKind::Const(truth) => *truth,
    }
}

/// `and` and `or`: one part that is `decisive` decides, else one null makes null.
fn gather(parts: &[Predicate], scope: &Scope<'_>, decisive: Truth) -> Truth {
    let mut answer = decisive.negate();
    for part in parts {
        match truth(part, scope) {
            Truth::Null => answer = Truth::Null,
            part if part == decisive => return decisive,
            _ => {}
        }
    }
    answer
}

fn ask(test: &Test, scope: &Scope<'_>) -> Truth {
    answer(&scope.value(&test.subject), &test.op, scope)
}

/// The answer of a test on a value; its operands are evaluated in `scope`.
pub fn answer(subject: &Value, op: &TestOp, scope: &Scope<'_>) -> Truth {
    match op {
        TestOp::Equals { operands, case } => {
            any(operands.iter().map(|operand| equals(subject, &scope.value(operand), *case)))
        }
        TestOp::Order { order, operand } => in_order(subject, *order, &scope.value(operand)),
        TestOp::Text { relation, needles, quantifier, case } => {
            let text = convert::text(subject);
            let mut all = needles.iter().flat_map(|needle| needle_texts(scope.value(needle)));
            let found = |needle: String| text_relation(&text, &needle, *relation, *case);
            Truth::from(match (needles.as_slice(), quantifier) {
                // The usual case needs no copy of the needle.
                ([only], _) if let Some(needle) = only.as_text() => text_relation(&text, needle, *relation, *case),
                (_, Quantifier::Any) => all.any(found),
                (_, Quantifier::All) => all.all(found),
            })
        }
        TestOp::Matches { pattern } => {
            Truth::from(pattern::is_match(&convert::text(&scope.value(pattern)), &convert::text(subject)))
        }
        TestOp::IsEmpty => Truth::from(convert::text(subject).is_empty()),
        TestOp::IsNull => Truth::from(subject.is_null()),
        TestOp::IsTrue => is_true(subject),
        TestOp::InNetwork { networks } => in_network(subject, networks),
        TestOp::HasIpv4 { addresses, prefix } => {
            let text = convert::text(subject);
            any(addresses
                .iter()
                .flat_map(|address| needle_texts(scope.value(address)))
                .map(|address| Truth::from(network::has_ipv4(&text, &address, *prefix))))
        }
        TestOp::Among { relation, case } => {
            Truth::from(scope.members(*relation).contain(subject, *case == Case::Insensitive))
        }
        // Refused before anything is evaluated.
        TestOp::Opaque { .. } => Truth::Null,
    }
}

fn any(answers: impl Iterator<Item = Truth>) -> Truth {
    let mut answer = Truth::False;
    for part in answers {
        match part {
            Truth::True => return Truth::True,
            Truth::Null => answer = Truth::Null,
            Truth::False => {}
        }
    }
    answer
}

/// `==`, `=~`, `in`, `in~`: an array as operand stands for its elements, however deep, unless the subject is itself
/// an array.
///
/// <https://learn.microsoft.com/kusto/query/in-cs-operator>
fn equals(subject: &Value, operand: &Value, case: Case) -> Truth {
    match (subject, operand) {
        (Value::Dynamic(Dynamic::Array(_)), Value::Dynamic(Dynamic::Array(_))) => value::equal(subject, operand),
        (_, Value::Dynamic(Dynamic::Array(elements))) => {
            any(elements.iter().map(|element| equals(subject, &convert::from_dynamic(element.clone()), case)))
        }
        _ => match case {
            Case::Sensitive => value::equal(subject, operand),
            Case::Insensitive => value::equal_ignoring_case(subject, operand),
        },
    }
}

/// `<`, `<=`, `>`, `>=`: null when either side is.
fn in_order(subject: &Value, order: Order, operand: &Value) -> Truth {
    if subject.is_null() || operand.is_null() {
        return Truth::Null;
    }
    let Some(ordering) = value::compare(subject, operand) else {
        // Text that is none of the other side's type is null there; a NaN is in no order to anything.
        let numbers = value::Number::of(subject).is_some() && value::Number::of(operand).is_some();
        return if numbers { Truth::False } else { Truth::Null };
    };
    Truth::from(match order {
        Order::Less => ordering == Ordering::Less,
        Order::LessOrEqual => ordering != Ordering::Greater,
        Order::Greater => ordering == Ordering::Greater,
        Order::GreaterOrEqual => ordering != Ordering::Less,
    })
}

/// A `bool` itself; a number is true unless it is zero.
fn is_true(subject: &Value) -> Truth {
    match value::unwrap(subject) {
        Value::Bool(truth) => Truth::from(truth),
        other => match value::Number::of(&other) {
            Some(number) => Truth::from(number.real() != 0.0),
            None => Truth::Null,
        },
    }
}

/// The texts looked for: an array stands for its elements, a null for the empty text.
fn needle_texts(needle: Cow<'_, Value>) -> Vec<String> {
    match needle.as_ref() {
        Value::Dynamic(Dynamic::Array(elements)) => elements
            .iter()
            .flat_map(|element| needle_texts(Cow::Owned(convert::from_dynamic(element.clone()))))
            .collect(),
        other => vec![convert::text(other).into_owned()],
    }
}

/// `contains`, `startswith`, `has` and their kin. The empty needle is found in every text, the empty one included.
///
/// <https://learn.microsoft.com/kusto/query/datatypes-string-operators>
pub fn text_relation(text: &str, needle: &str, relation: TextRelation, case: Case) -> bool {
    let (haystack, wanted) = (text.as_bytes(), needle.as_bytes());
    let Some(last) = haystack.len().checked_sub(wanted.len()) else { return false };
    // Bytes suffice: a valid UTF-8 needle is found at character boundaries only.
    let stands_at = |at: usize| {
        let part = &haystack[at..at + wanted.len()];
        match case {
            Case::Sensitive => part == wanted,
            // Only ASCII letters fold, as documented.
            Case::Insensitive => part.eq_ignore_ascii_case(wanted),
        }
    };
    let (left, right) = match relation {
        TextRelation::StartsWith => return stands_at(0),
        TextRelation::EndsWith => return stands_at(last),
        TextRelation::Contains => (false, false),
        TextRelation::Term => (true, true),
        TextRelation::TermPrefix => (true, false),
        TextRelation::TermSuffix => (false, true),
    };
    // An edge of the needle asks for a term boundary only if it is itself part of a term.
    let left = left && needle.chars().next().is_some_and(is_term);
    let right = right && needle.chars().next_back().is_some_and(is_term);
    (0..=last).any(|at| {
        stands_at(at)
            && !(left && text[..at].chars().next_back().is_some_and(is_term))
            && !(right && text[at + wanted.len()..].chars().next().is_some_and(is_term))
    })
}

/// Whether a character is part of a term: a letter or digit of any script; `_` is not.
///
/// <https://learn.microsoft.com/kusto/query/datatypes-string-operators#what-is-a-term>
fn is_term(letter: char) -> bool {
    letter.is_alphanumeric()
}

/// `ipv4_is_in_range`, `ipv4_is_in_any_range`, `ipv4_is_private`: null when the subject is no IPv4 address. An
/// address may carry its own prefix; the shorter of the two is compared.
///
/// <https://learn.microsoft.com/kusto/query/ipv4-is-in-range-function>
fn in_network(subject: &Value, networks: &[Network]) -> Truth {
    let Some(address) = Address::parse(&convert::text(subject)) else { return Truth::Null };
    Truth::from(networks.iter().any(|network| {
        let network = Address { bits: network.address.to_bits(), prefix: network.prefix };
        address.shares_network(network, network.prefix)
    }))
}
