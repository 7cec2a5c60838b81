//! Near misses: events that fire a rule, changed in one thing.

use serde_json::Value as Json;

use super::data::{Maker, shown};
use super::event::{Field, place};
use super::{Witness, fires};
use crate::eval::scalar;
use crate::eval::{Data, Event, render};
use crate::ir::{PredicateKind, Query, Step, TICKS_PER_SECOND, Test, TestOp, TextRelation, Trigger, Type, Value};

/// The changes of one thing, at most `max` of them, each with what it does.
pub fn near(maker: &Maker<'_>, query: &Query, trigger: Trigger, clock: i64, max: usize) -> Vec<Witness> {
    let mut found: Vec<Witness> = Vec::new();
    let mut push = |data: Data, why: String| {
        if found.len() < max
            && let Some(expect) = fires(query, trigger, &data, clock)
            && found.iter().all(|known| known.data != data)
        {
            found.push(Witness { expect, why, data });
        }
    };
    for (table, events) in &maker.data.tables {
        let mut data = maker.data.clone();
        data.tables.remove(table);
        push(data, format!("no events of {table}"));
        if events.len() > 1 {
            let mut data = maker.data.clone();
            if let Some(events) = data.tables.get_mut(table) {
                events.pop();
            }
            push(data, format!("one event of {table} fewer"));
        }
    }
    for list in maker.data.lists.keys() {
        let mut data = maker.data.clone();
        data.lists.insert(list.clone(), String::new());
        push(data, format!("an empty list `{list}`"));
    }
    for placed in &maker.placed {
        // Events of one group differ little: the first of them is changed.
        let is_first = maker
            .placed
            .iter()
            .find(|other| other.table == placed.table && same_fields(&other.fields, &placed.fields))
            .is_some_and(|first| first.place == placed.place);
        let Some(event) = maker.data.tables.get(&placed.table).and_then(|events| events.get(placed.place)) else {
            continue;
        };
        if !is_first {
            continue;
        }
        for field in &placed.fields {
            for (changed, what) in changes(event, field, clock) {
                let mut data = maker.data.clone();
                // All events that are alike in the field change with it.
                for other in &maker.placed {
                    if other.table != placed.table || !same_fields(&other.fields, &placed.fields) {
                        continue;
                    }
                    let events = data.tables.get_mut(&other.table);
                    let Some(target) = events.and_then(|events| events.get_mut(other.place)) else { continue };
                    if get(target, field) == get(event, field) {
                        put(target, field, changed.clone());
                    }
                }
                let name = named(field);
                push(data, format!("{}.{name} {what}: {}", placed.table, shown(changed.as_ref())));
            }
        }
    }
    found
}

fn same_fields(one: &[Field], other: &[Field]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| one.name == other.name && one.steps == other.steps)
}

fn named(field: &Field) -> String {
    field.steps.iter().fold(field.name.clone(), |name, step| match step {
        Step::Key(key) => format!("{name}.{key}"),
        Step::Index(index) => format!("{name}[{index}]"),
    })
}

fn get(event: &Event, field: &Field) -> Option<Json> {
    let value = event.get(&field.name)?;
    if field.steps.is_empty() {
        return Some(value.clone());
    }
    let parsed;
    let mut inner = match value {
        Json::String(text) => {
            parsed = serde_json::from_str::<Json>(text).ok()?;
            &parsed
        }
        other => other,
    };
    for step in &field.steps {
        inner = match step {
            Step::Key(key) => inner.get(key)?,
            Step::Index(index) => inner.get(usize::try_from(*index).unwrap_or(0))?,
        };
    }
    Some(inner.clone())
}

fn put(event: &mut Event, field: &Field, value: Option<Json>) {
    if field.steps.is_empty() {
        match value {
            Some(value) => {
                event.insert(field.name.clone(), value);
            }
            None => {
                event.shift_remove(&field.name);
            }
        }
        return;
    }
    let Some(whole) = event.get_mut(&field.name) else { return };
    let mut tree = match &*whole {
        Json::String(text) => serde_json::from_str::<Json>(text).unwrap_or(Json::Null),
        other => other.clone(),
    };
    place(&mut tree, &field.steps, value.unwrap_or(Json::Null));
    *whole = if whole.is_string() { Json::String(tree.to_string()) } else { tree };
}

/// Other values for a field, each with what it shows; none is a field that is not there.
fn changes(event: &Event, field: &Field, clock: i64) -> Vec<(Option<Json>, &'static str)> {
    let mut changes: Vec<(Option<Json>, &'static str)> = Vec::new();
    let now = get(event, field);
    let text = match &now {
        Some(Json::String(text)) => Some(text.clone()),
        _ => None,
    };
    for test in tests_of(field) {
        let operands: Vec<Value> =
            test.op.operands().iter().filter_map(|operand| operand.as_literal().cloned()).collect();
        match (&test.op, &text) {
            (TestOp::Text { relation, .. }, Some(text)) => {
                for needle in operands.iter().filter_map(Value::as_str) {
                    let Some(at) = text.to_ascii_lowercase().find(&needle.to_ascii_lowercase()) else { continue };
                    let end = at + needle.len();
                    if !text.is_char_boundary(at) || !text.is_char_boundary(end) {
                        continue;
                    }
                    let (before, found, after) = (&text[..at], &text[at..end], &text[end..]);
                    let whole = |middle: &str| Some(Json::String(format!("{before}{middle}{after}")));
                    changes.push((whole(&format!("x{found}")), "with a letter before what is looked for"));
                    changes.push((whole(&format!("{found}x")), "with a letter behind what is looked for"));
                    changes.push((whole(&swapped(found)), "in other letter case"));
                    let mut shorter = found.to_owned();
                    shorter.pop();
                    changes.push((whole(&shorter), "one letter short"));
                    if *relation == TextRelation::Term {
                        changes.push((whole(&format!("_{found}-")), "between signs that part terms"));
                    }
                }
            }
            (TestOp::Equals { .. }, Some(text)) if !text.is_empty() => {
                changes.push((Some(Json::String(swapped(text))), "in other letter case"));
                changes.push((Some(Json::String(format!("{text}x"))), "one letter longer"));
                changes.push((Some(Json::String(format!(" {text}"))), "with a space before it"));
            }
            (TestOp::Matches { .. }, Some(text)) => {
                changes.push((Some(Json::String(swapped(text))), "in other letter case"));
                let mut shorter = text.clone();
                shorter.pop();
                changes.push((Some(Json::String(shorter)), "one letter short"));
            }
            (TestOp::InNetwork { networks }, _) => {
                for network in networks {
                    let last =
                        u32::from(network.address) | u32::MAX.checked_shr(u32::from(network.prefix)).unwrap_or(0);
                    let outside = std::net::Ipv4Addr::from(last.wrapping_add(1)).to_string();
                    changes.push((Some(Json::String(outside)), "just outside the network"));
                }
            }
            (TestOp::Order { operand, .. }, _) => {
                let row = scalar::Row::new(clock);
                let value = row.value(operand);
                let one = match value.ty() {
                    Type::DateTime | Type::TimeSpan => Value::TimeSpan(TICKS_PER_SECOND),
                    _ => Value::Long(1),
                };
                for (value, what) in [
                    (value.clone(), "at the bound"),
                    (scalar::arithmetic(crate::ir::ArithmeticOp::Add, &value, &one), "one above the bound"),
                    (scalar::arithmetic(crate::ir::ArithmeticOp::Subtract, &value, &one), "one below the bound"),
                ] {
                    if !value.is_null() {
                        changes.push((Some(render::value(&value)), what));
                    }
                }
            }
            (TestOp::IsTrue, _) => {
                changes.push((Some(Json::Bool(now != Some(Json::Bool(true)))), "the other way round"))
            }
            _ => {}
        }
        if let (TestOp::Equals { .. }, Some(Json::Number(number))) = (&test.op, &now)
            && let Some(number) = number.as_i64()
        {
            changes.push((Some(Json::from(number.saturating_add(1))), "one more"));
            changes.push((Some(Json::from(number.saturating_sub(1))), "one less"));
        }
    }
    if text.is_some() {
        changes.push((Some(Json::String(String::new())), "empty"));
        changes.push((Some(Json::String("something else".to_owned())), "another text"));
    }
    changes.push((Some(Json::Null), "null"));
    changes.push((None, "missing"));
    changes.retain(|(changed, _)| *changed != now);
    let mut once: Vec<(Option<Json>, &'static str)> = Vec::new();
    for change in changes {
        if once.iter().all(|(known, _)| *known != change.0) {
            once.push(change);
        }
    }
    once
}

/// The tests of a field, negated or not.
fn tests_of(field: &Field) -> Vec<&Test> {
    field
        .tests
        .iter()
        .filter_map(|predicate| match &predicate.kind {
            PredicateKind::Test(test) => Some(test),
            PredicateKind::Not(inner) => match &inner.kind {
                PredicateKind::Test(test) => Some(test),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

/// A text with small and capital letters exchanged.
fn swapped(text: &str) -> String {
    let swap = |letter: char| match letter {
        letter if letter.is_ascii_lowercase() => letter.to_ascii_uppercase(),
        letter => letter.to_ascii_lowercase(),
    };
    text.chars().map(swap).collect()
}
