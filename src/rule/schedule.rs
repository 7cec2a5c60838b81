//! When a rule runs, and when a run fires.

use super::fields::{Fields, Reader};
use super::{Duration, RuleKind, Schedule, Spanned, TriggerOperator};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::{Place, Span};

const TRIGGER_OPERATORS: &[(&str, TriggerOperator)] = &[
    ("gt", TriggerOperator::GreaterThan),
    ("lt", TriggerOperator::LessThan),
    ("eq", TriggerOperator::Equal),
    ("ne", TriggerOperator::NotEqual),
    ("GreaterThan", TriggerOperator::GreaterThan),
    ("LessThan", TriggerOperator::LessThan),
    ("Equal", TriggerOperator::Equal),
    ("NotEqual", TriggerOperator::NotEqual),
];

/// Reads the rule's kind and, where it has one, its schedule.
pub fn read_kind(reader: &mut Reader, fields: &mut Fields<'_>, place: Place) -> Option<RuleKind> {
    #[derive(Clone, Copy)]
    enum Word {
        Scheduled,
        NearRealTime,
        Hunting,
    }
    const WORDS: &[(&str, Word)] =
        &[("Scheduled", Word::Scheduled), ("NRT", Word::NearRealTime), ("Hunting", Word::Hunting)];
    const SCHEDULE: [&str; 4] = ["queryFrequency", "queryPeriod", "triggerOperator", "triggerThreshold"];
    let has_schedule = SCHEDULE.iter().any(|key| fields.key_span(key).is_some());
    let word = match fields.take(reader, "kind") {
        Some(field) => match reader.choice(&field, WORDS) {
            Some(word) => word.value,
            None => {
                // What the schedule says is checked all the same.
                if has_schedule {
                    read_schedule(reader, fields, place);
                }
                return None;
            }
        },
        None if has_schedule => {
            let message = "the rule has a schedule but no `kind`; it is read as `Scheduled`";
            let note = Diagnostic::note(Code::MissingKey, place, message).with_help("write `kind: Scheduled`");
            reader.diagnostics.push(note);
            Word::Scheduled
        }
        None => Word::Hunting,
    };
    if let Word::Scheduled = word {
        return read_schedule(reader, fields, place).map(RuleKind::Scheduled);
    }
    let (kind, name) = match word {
        Word::NearRealTime => (RuleKind::NearRealTime, "a near-real-time rule"),
        Word::Hunting | Word::Scheduled => (RuleKind::Hunting, "a hunting query"),
    };
    for key in SCHEDULE {
        if let Some(field) = fields.take(reader, key) {
            let message = format!("`{key}` has no effect in {name}");
            reader.diagnostics.push(Diagnostic::note(Code::UnknownKey, Place::File(field.key), message));
        }
    }
    Some(kind)
}

fn read_schedule(reader: &mut Reader, fields: &mut Fields<'_>, place: Place) -> Option<Schedule> {
    // Both lengths are part of what the rule means: the look-back clips every time filter. Nothing is guessed.
    let frequency = reader.need(fields, "queryFrequency", place);
    let period = reader.need(fields, "queryPeriod", place);
    let frequency = frequency.and_then(|field| reader.duration(&field));
    let period = period.and_then(|field| reader.duration(&field));
    for (length, name) in [(&frequency, "queryFrequency"), (&period, "queryPeriod")] {
        if let Some(length) = length
            && length.value == Duration::default()
        {
            let message = format!("`{name}` has to be longer than nothing");
            reader.diagnostics.push(Diagnostic::error(Code::BadValue, Place::File(length.span), message));
        }
    }
    let operator = match fields.take(reader, "triggerOperator") {
        Some(field) => reader.choice(&field, TRIGGER_OPERATORS),
        None => {
            default_trigger(reader, "triggerOperator", "gt", place);
            Some(Spanned::new(TriggerOperator::GreaterThan, Span::default()))
        }
    };
    let threshold = match fields.take(reader, "triggerThreshold") {
        Some(field) => reader.count(&field),
        None => {
            default_trigger(reader, "triggerThreshold", "0", place);
            Some(Spanned::new(0, Span::default()))
        }
    };
    Some(Schedule { frequency: frequency?, period: period?, operator: operator?, threshold: threshold? })
}

fn default_trigger(reader: &mut Reader, key: &str, value: &str, place: Place) {
    let message = format!("the key `{key}` is missing; it is read as `{value}`, as nearly all rules have it");
    reader.warn(Code::MissingKey, place, message, format!("write `{key}: {value}`"));
}
