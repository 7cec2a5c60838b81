//! Literals as text.

use std::fmt::Write as _;

use super::Printer;
use crate::kql::ast::{Dynamic, Literal};

const TICKS_PER_SECOND: u64 = 10_000_000;

/// Units that a timespan is written in when it is a whole number of them.
const UNITS: &[(&str, u64)] = &[
    ("d", 86_400 * TICKS_PER_SECOND),
    ("h", 3_600 * TICKS_PER_SECOND),
    ("m", 60 * TICKS_PER_SECOND),
    ("s", TICKS_PER_SECOND),
    ("ms", TICKS_PER_SECOND / 1000),
];

impl Printer {
    pub(super) fn literal(&mut self, literal: &Literal) {
        match literal {
            Literal::Bool(value) => self.word(if *value { "true" } else { "false" }),
            Literal::NullBool => self.word("bool(null)"),
            Literal::DateTime(Some(ticks)) => self.datetime(*ticks),
            Literal::DateTime(None) => self.word("datetime(null)"),
            Literal::Decimal(value) => self.typed("decimal", value.as_ref()),
            Literal::Dynamic(value) => {
                self.word("dynamic(");
                self.dynamic(value);
                self.word(")");
            }
            Literal::Guid(value) => self.typed("guid", value.as_ref()),
            Literal::Int(value) => self.typed("int", value.as_ref()),
            Literal::Long(Some(value)) if *value >= 0 => {
                let _ = write!(self.text, "{value}");
            }
            Literal::Long(value) => self.typed("long", value.as_ref()),
            Literal::Real(Some(value)) if value.is_nan() => self.word("real(nan)"),
            Literal::Real(Some(value)) if value.is_infinite() => {
                self.word(if *value > 0.0 { "real(+inf)" } else { "real(-inf)" });
            }
            Literal::Real(Some(value)) if value.is_sign_positive() => {
                let _ = write!(self.text, "{value:?}");
            }
            Literal::Real(value) => match value {
                Some(value) => {
                    let _ = write!(self.text, "real({value:?})");
                }
                None => self.word("real(null)"),
            },
            Literal::String(value) => self.string(value, true),
            Literal::TimeSpan(Some(ticks)) => self.timespan(*ticks),
            Literal::TimeSpan(None) => self.word("timespan(null)"),
        }
    }

    fn typed(&mut self, ty: &str, value: Option<&impl std::fmt::Display>) {
        let _ = match value {
            Some(value) => write!(self.text, "{ty}({value})"),
            None => write!(self.text, "{ty}(null)"),
        };
    }

    /// A string in quotes; backslashes speak for a verbatim one, where that is allowed.
    pub(super) fn string(&mut self, value: &str, verbatim: bool) {
        let is_special = |character: char| character.is_control() || matches!(character, '\u{2028}' | '\u{2029}');
        if verbatim && value.contains('\\') && !value.contains(is_special) {
            self.word("@\"");
            self.word(&value.replace('"', "\"\""));
            self.word("\"");
            return;
        }
        self.word("\"");
        for character in value.chars() {
            match character {
                '\\' => self.word("\\\\"),
                '"' => self.word("\\\""),
                '\n' => self.word("\\n"),
                '\r' => self.word("\\r"),
                '\t' => self.word("\\t"),
                _ if is_special(character) => {
                    let _ = write!(self.text, "\\u{:04x}", u32::from(character));
                }
                _ => self.text.push(character),
            }
        }
        self.word("\"");
    }

    fn timespan(&mut self, ticks: i64) {
        let magnitude = ticks.unsigned_abs();
        if ticks >= 0
            && let Some((unit, length)) = UNITS.iter().find(|(_, length)| magnitude.is_multiple_of(*length))
        {
            let _ = write!(self.text, "{}{unit}", magnitude / length);
            return;
        }
        let sign = if ticks < 0 { "-" } else { "" };
        let seconds = magnitude / TICKS_PER_SECOND;
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
        let (second, fraction) = (seconds % 60, magnitude % TICKS_PER_SECOND);
        let _ = write!(self.text, "timespan({sign}{days}.{hours:02}:{minutes:02}:{second:02}.{fraction:07})");
    }

    fn datetime(&mut self, ticks: i64) {
        let seconds = ticks.div_euclid(TICKS_PER_SECOND as i64);
        let fraction = ticks.rem_euclid(TICKS_PER_SECOND as i64);
        let days = seconds.div_euclid(86_400);
        let of_day = seconds.rem_euclid(86_400);
        let first = jiff::civil::date(1, 1, 1);
        let date = i32::try_from(days).ok().and_then(|days| first.checked_add(jiff::Span::new().days(days)).ok());
        let Some(date) = date else {
            // No literal has such a value.
            self.word("datetime(null)");
            return;
        };
        let _ = write!(self.text, "datetime({date}");
        if of_day != 0 || fraction != 0 {
            let (hours, minutes, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
            let _ = write!(self.text, "T{hours:02}:{minutes:02}:{second:02}");
            if fraction != 0 {
                let _ = write!(self.text, ".{fraction:07}");
            }
            self.word("Z");
        }
        self.word(")");
    }

    fn dynamic(&mut self, value: &Dynamic) {
        match value {
            Dynamic::Null => self.word("null"),
            Dynamic::Scalar(Literal::Long(Some(number))) => {
                let _ = write!(self.text, "{number}");
            }
            Dynamic::Scalar(Literal::Real(Some(number))) if number.is_finite() => {
                let _ = write!(self.text, "{number:?}");
            }
            Dynamic::Scalar(literal) => self.literal(literal),
            Dynamic::Array(items) => {
                self.word("[");
                self.list(items, Self::dynamic);
                self.word("]");
            }
            Dynamic::Bag(pairs) => {
                self.word("{");
                self.list(pairs, |this, (key, value)| {
                    this.string(key, false);
                    this.word(": ");
                    this.dynamic(value);
                });
                self.word("}");
            }
        }
    }
}
