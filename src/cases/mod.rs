//! The cases that a rule carries: events, and what the rule has to answer over them.
//!
//! [`load`] reads a file of cases, with the place of everything in it; [`run`] asks the interpreter what the rule
//! answers over the events of one case and compares.

mod read;

use serde_json::{Map, Value as Json};

pub use read::load;

use crate::diagnostic::{Code, Diagnostic};
use crate::eval::{self, Data, Refused, Table, render};
use crate::ir::{Detection, Trigger, TriggerOperator, Value};
use crate::rule::{Spanned, nearest};
use crate::span::{Place, SourceMap};

/// How many rows a message shows.
const MAX_ROWS: usize = 20;

/// A file of cases.
#[derive(Clone, Debug)]
pub struct Cases {
    /// The file, for places.
    pub source: SourceMap,
    /// What there is to say about it. With an error among it there are no cases.
    pub diagnostics: Vec<Diagnostic>,
    /// The cases, in written order.
    pub cases: Vec<Case>,
}

/// Events, and what the rule has to answer over them.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it shows.
    pub name: Spanned<String>,
    /// Time of the run, in ticks.
    pub clock: i64,
    /// The events, and the lists beside them.
    pub data: Data,
    /// What is expected.
    pub expect: Expectation,
}

/// What a case expects.
#[derive(Clone, Debug)]
pub enum Expectation {
    /// The rule fires.
    Fires,
    /// It does not.
    Silent,
    /// As many rows as there are entries, in any order, each as one of them says.
    Rows(Vec<Expected>),
}

/// Columns of a row and their values; other columns may hold anything.
pub type Expected = Vec<(Spanned<String>, Json)>;

/// How a case went.
#[derive(Clone, PartialEq, Debug)]
pub enum Outcome {
    /// As expected.
    Passed,
    /// Otherwise: what was expected and what was found, in lines.
    Failed(String),
    /// The rule cannot be run on these data.
    Refused(Refused),
    /// What is expected cannot be asked for.
    Misstated(Diagnostic),
}

/// Runs one case.
pub fn run(case: &Case, detection: &Detection) -> Outcome {
    let answer = match eval::run(&detection.query, &case.data, case.clock) {
        Ok(answer) => answer,
        Err(refused) => return Outcome::Refused(refused),
    };
    let trigger = detection.trigger();
    let fires = trigger.holds(answer.rows.len());
    let verdict = match &case.expect {
        Expectation::Fires if fires => return Outcome::Passed,
        Expectation::Silent if !fires => return Outcome::Passed,
        Expectation::Fires => "is silent",
        Expectation::Silent => "fires",
        Expectation::Rows(expected) => return compare(expected, &answer),
    };
    let found = counted(answer.rows.len());
    let mut message = format!("the rule {verdict}: it fires on {}, and the answer has {found}", words(trigger));
    let every: Vec<usize> = (0..answer.columns.len()).collect();
    list(&mut message, '+', answer.rows.iter().map(|row| shown(&answer, row, &every)));
    Outcome::Failed(message)
}

/// Compares the rows of an answer with those expected.
fn compare(expected: &[Expected], answer: &Table) -> Outcome {
    let mut wanted = Vec::new();
    for row in expected {
        let mut columns = Vec::new();
        for (name, value) in row {
            let Some(at) = answer.columns.iter().position(|(column, _)| *column == name.value) else {
                return Outcome::Misstated(no_column(name, answer));
            };
            columns.push((at, value));
        }
        wanted.push(columns);
    }
    let fits = |row: &[(usize, &Json)], found: &[Value]| row.iter().all(|(at, value)| is_same(value, &found[*at]));
    let taken = matching(wanted.len(), answer.rows.len(), |row, found| fits(&wanted[row], &answer.rows[found]));
    let is_met = |row: &usize| taken.contains(&Some(*row));
    if expected.len() == answer.rows.len() && (0..wanted.len()).all(|row| is_met(&row)) {
        return Outcome::Passed;
    }
    let mut message = format!("expected {}, found {}", counted(expected.len()), counted(answer.rows.len()));
    let missing = (0..wanted.len()).filter(|row| !is_met(row)).map(|row| {
        let cells = wanted[row].iter().map(|(at, value)| (answer.columns[*at].0.clone(), (*value).clone()));
        Json::Object(cells.collect()).to_string()
    });
    list(&mut message, '-', missing);
    // Of a row that nobody expected, what is expected of the others is enough to tell it from them.
    let mut columns: Vec<usize> = wanted.iter().flatten().map(|(at, _)| *at).collect();
    columns.sort_unstable();
    columns.dedup();
    if columns.is_empty() {
        columns = (0..answer.columns.len()).collect();
    }
    let rows = answer.rows.iter().zip(&taken).filter(|(_, row)| row.is_none());
    list(&mut message, '+', rows.map(|(row, _)| shown(answer, row, &columns)));
    Outcome::Failed(message)
}

/// For each row found the expected one that it is taken for, so that as many as possible are met: one row may fit
/// several expectations, and several rows one.
fn matching(expected: usize, found: usize, fits: impl Fn(usize, usize) -> bool) -> Vec<Option<usize>> {
    let mut taken: Vec<Option<usize>> = vec![None; found];
    for first in 0..expected {
        // Breadth first over rows found; `from` is the expectation by which a row was come to.
        let mut from: Vec<Option<usize>> = vec![None; found];
        let mut pending = std::collections::VecDeque::from([first]);
        'search: while let Some(row) = pending.pop_front() {
            for at in 0..found {
                if from[at].is_some() || !fits(row, at) {
                    continue;
                }
                from[at] = Some(row);
                match taken[at] {
                    Some(other) => pending.push_back(other),
                    None => {
                        reassign(&mut taken, &from, at);
                        break 'search;
                    }
                }
            }
        }
    }
    taken
}

/// Gives a free row to the expectation that came to it, that one's former row to the one before, and so on.
fn reassign(taken: &mut [Option<usize>], from: &[Option<usize>], free: usize) {
    let mut at = free;
    while let Some(row) = from[at] {
        let former = taken.iter().position(|other| *other == Some(row));
        taken[at] = Some(row);
        match former {
            Some(former) => at = former,
            None => break,
        }
    }
}

fn no_column(name: &Spanned<String>, answer: &Table) -> Diagnostic {
    let message = format!("the answer has no column `{}`", name.value);
    let known: Vec<&str> = answer.columns.iter().map(|(column, _)| column.as_str()).collect();
    let similar = nearest(&name.value, &known);
    let diagnostic = Diagnostic::error(Code::CasesColumn, Place::File(name.span), message).with_similar(similar);
    if similar.is_some() {
        return diagnostic;
    }
    let known: Vec<String> = known.iter().map(|column| format!("`{column}`")).collect();
    diagnostic.with_help(format!("there are {}", known.join(", ")))
}

/// Whether a value is the one that is expected: an instant in any form, a number of any type, else as JSON.
fn is_same(expected: &Json, found: &Value) -> bool {
    match (expected, found) {
        (Json::String(text), Value::DateTime(ticks)) => eval::parse_instant(text) == Some(*ticks),
        (Json::Number(number), Value::Decimal(decimal)) => {
            number.to_string().parse().is_ok_and(|number: rust_decimal::Decimal| number == *decimal)
        }
        _ => is_same_json(expected, &render::value(found)),
    }
}

fn is_same_json(expected: &Json, found: &Json) -> bool {
    match (expected, found) {
        (Json::Number(one), Json::Number(other)) if one.is_f64() || other.is_f64() => one.as_f64() == other.as_f64(),
        (Json::Array(some), Json::Array(others)) => {
            some.len() == others.len() && some.iter().zip(others).all(|(one, other)| is_same_json(one, other))
        }
        (Json::Object(some), Json::Object(others)) => {
            let is_there =
                |(key, one): (&String, &Json)| others.get(key).is_some_and(|other| is_same_json(one, other));
            some.len() == others.len() && some.iter().all(is_there)
        }
        _ => expected == found,
    }
}

/// A row as JSON, with these columns.
fn shown(answer: &Table, row: &[Value], columns: &[usize]) -> String {
    let cells = columns.iter().map(|at| (answer.columns[*at].0.clone(), render::value(&row[*at])));
    Json::Object(cells.collect::<Map<_, _>>()).to_string()
}

/// Adds lines to a message, not too many.
fn list(message: &mut String, mark: char, rows: impl Iterator<Item = String>) {
    let rows: Vec<String> = rows.collect();
    for row in rows.iter().take(MAX_ROWS) {
        message.push_str(&format!("\n{mark} {row}"));
    }
    if rows.len() > MAX_ROWS {
        message.push_str(&format!("\n{mark} … {} more", rows.len() - MAX_ROWS));
    }
}

fn counted(rows: usize) -> String {
    match rows {
        0 => "no row".to_owned(),
        1 => "1 row".to_owned(),
        rows => format!("{rows} rows"),
    }
}

/// When a rule fires, in words.
fn words(trigger: Trigger) -> String {
    let rows = if trigger.threshold == 1 { "row" } else { "rows" };
    let relation = match trigger.operator {
        TriggerOperator::GreaterThan if trigger.threshold == 0 => return "any row".to_owned(),
        TriggerOperator::GreaterThan => "more than",
        TriggerOperator::LessThan => "fewer than",
        TriggerOperator::Equal => "exactly",
        TriggerOperator::NotEqual => "any number but",
    };
    format!("{relation} {} {rows}", trigger.threshold)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn as_many_rows_are_met_as_can_be() {
        #[track_caller]
        fn check(fits: &[&[usize]], found: usize, met: usize) {
            let taken = matching(fits.len(), found, |row, at| fits[row].contains(&at));
            let mut rows: Vec<usize> = taken.iter().flatten().copied().collect();
            assert!(taken.iter().enumerate().all(|(at, row)| row.is_none_or(|row| fits[row].contains(&at))));
            rows.sort_unstable();
            rows.dedup();
            assert_eq!((rows.len(), taken.iter().flatten().count()), (met, met), "{fits:?}");
        }
        check(&[], 0, 0);
        check(&[&[0, 1], &[0]], 2, 2);
        check(&[&[0, 1], &[0], &[1]], 2, 2);
        check(&[&[0, 1], &[0, 2], &[0]], 3, 3);
        check(&[&[0, 1, 2], &[0, 1], &[0]], 3, 3);
        check(&[&[2], &[1, 2], &[0, 1]], 3, 3);
        check(&[&[], &[0]], 1, 1);
    }

    #[test]
    fn values_are_compared_by_what_they_mean() {
        let instant = eval::parse_instant("2026-01-01T00:00:00Z").unwrap();
        for (expected, found, same) in [
            (json!("2026-01-01"), Value::DateTime(instant), true),
            (json!("2026-01-01T01:00:00+01:00"), Value::DateTime(instant), true),
            (json!("2026-01-02"), Value::DateTime(instant), false),
            (json!(1), Value::Real(1.0), true),
            (json!(1.0), Value::Long(1), true),
            (json!("1"), Value::Long(1), false),
            (json!(1.50), Value::Decimal("1.5".parse().unwrap()), true),
            (json!(null), Value::String("".into()), false),
            (json!("a"), Value::String("A".into()), false),
        ] {
            assert_eq!(is_same(&expected, &found), same, "{expected} {found:?}");
        }
        assert!(is_same_json(&json!({"a": [1, {"b": 2}]}), &json!({"a": [1.0, {"b": 2}]})));
        assert!(!is_same_json(&json!([1, 2]), &json!([2, 1])));
        assert!(!is_same_json(&json!({"a": 1}), &json!({"a": 1, "b": 2})));
    }
}
