//! What values are to one another: numbers, equality, order, and the key by which rows are grouped.

use std::cmp::Ordering;
use std::collections::HashSet;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uuid::Uuid;

use super::convert;
use crate::ir::{Dynamic, Truth, Type, Value};

/// A number of any of KQL's types.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Number {
    /// An `int` or `long`.
    Whole(i64),
    /// A `real`.
    Real(f64),
    /// A `decimal`.
    Decimal(Decimal),
}

impl Number {
    /// The number that a value is, also inside a `dynamic`. A `bool` counts as 1 or 0.
    pub fn of(value: &Value) -> Option<Number> {
        Some(match value {
            Value::Int(number) => Number::Whole(i64::from(*number)),
            Value::Long(number) => Number::Whole(*number),
            Value::Real(number) => Number::Real(*number),
            Value::Decimal(number) => Number::Decimal(*number),
            Value::Bool(truth) => Number::Whole(i64::from(*truth)),
            Value::Dynamic(Dynamic::Long(number)) => Number::Whole(*number),
            Value::Dynamic(Dynamic::Real(number)) => Number::Real(*number),
            Value::Dynamic(Dynamic::Bool(truth)) => Number::Whole(i64::from(*truth)),
            _ => return None,
        })
    }

    /// As a double.
    pub fn real(self) -> f64 {
        match self {
            Number::Whole(number) => number as f64,
            Number::Real(number) => number,
            Number::Decimal(number) => number.to_f64().unwrap_or(f64::NAN),
        }
    }

    /// The order of two numbers; a NaN has none.
    pub fn order(self, other: Number) -> Option<Ordering> {
        match (self, other) {
            (Number::Whole(left), Number::Whole(right)) => Some(left.cmp(&right)),
            (Number::Decimal(left), Number::Decimal(right)) => Some(left.cmp(&right)),
            (Number::Decimal(left), Number::Whole(right)) => Some(left.cmp(&Decimal::from(right))),
            (Number::Whole(left), Number::Decimal(right)) => Some(Decimal::from(left).cmp(&right)),
            (left, right) => left.real().partial_cmp(&right.real()),
        }
    }
}

/// A scalar taken out of a `dynamic`; arrays and bags stay as they are.
pub fn unwrap(value: &Value) -> Value {
    match value {
        Value::Dynamic(inner) => match inner {
            Dynamic::Null => Value::Null(Type::Dynamic),
            Dynamic::Bool(truth) => Value::Bool(*truth),
            Dynamic::Long(number) => Value::Long(*number),
            Dynamic::Real(number) => Value::Real(*number),
            Dynamic::String(text) => Value::String(text.clone()),
            Dynamic::DateTime(ticks) => Value::DateTime(*ticks),
            Dynamic::TimeSpan(ticks) => Value::TimeSpan(*ticks),
            Dynamic::Guid(id) => Value::Guid(*id),
            Dynamic::Array(_) | Dynamic::Bag(_) => value.clone(),
        },
        _ => value.clone(),
    }
}

/// Whether two values are equal: null only if both are null.
///
/// Numbers of different types compare by value, a scalar inside a `dynamic` as itself. Text compared with another
/// type is read as that type; compared with a `dynamic` it is compared with the text of the latter, so that a
/// missing property equals the empty string.
///
/// <https://learn.microsoft.com/kusto/query/scalar-data-types/null-values>
pub fn equal(left: &Value, right: &Value) -> Truth {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Truth::from(left == right),
        (Value::Null(Type::Dynamic | Type::Unknown), Value::String(text))
        | (Value::String(text), Value::Null(Type::Dynamic | Type::Unknown)) => Truth::from(text.is_empty()),
        (Value::Null(_), Value::Null(_)) => Truth::Null,
        (Value::Null(_), _) | (_, Value::Null(_)) => Truth::False,
        (Value::Dynamic(inner), Value::String(text)) | (Value::String(text), Value::Dynamic(inner)) => {
            Truth::from(*convert::dynamic_string(inner) == *text)
        }
        (Value::Dynamic(_), Value::Dynamic(_)) => Truth::from(Key::of(left) == Key::of(right)),
        (left, right) => Truth::from(compare(left, right) == Some(Ordering::Equal)),
    }
}

/// As [`equal`], with letter case ignored for ASCII letters.
///
/// "Case-insensitive operators are currently supported only for ASCII-text":
/// <https://learn.microsoft.com/kusto/query/datatypes-string-operators>
pub fn equal_ignoring_case(left: &Value, right: &Value) -> Truth {
    if left.as_str().is_some() || right.as_str().is_some() {
        let (left, right) = (convert::text(left), convert::text(right));
        Truth::from(left.eq_ignore_ascii_case(&right))
    } else {
        equal(left, right)
    }
}

/// The order of two values of types that have one between them; none when either is null or a NaN.
pub fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Null(_), _) | (_, Value::Null(_)) => None,
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::DateTime(left), Value::DateTime(right)) | (Value::TimeSpan(left), Value::TimeSpan(right)) => {
            Some(left.cmp(right))
        }
        (Value::Guid(left), Value::Guid(right)) => Some(left.cmp(right)),
        (Value::Dynamic(Dynamic::Array(_) | Dynamic::Bag(_)), _)
        | (_, Value::Dynamic(Dynamic::Array(_) | Dynamic::Bag(_))) => {
            Some(convert::text(left).cmp(&convert::text(right)))
        }
        (Value::Dynamic(_), _) | (_, Value::Dynamic(_)) => compare(&unwrap(left), &unwrap(right)),
        // `Timestamp == "2020-01-01"`: the text is read as what it is compared with.
        (Value::String(_), other) => compare(&convert::convert(left, other.ty()), other),
        (other, Value::String(_)) => compare(other, &convert::convert(right, other.ty())),
        (left, right) => Number::of(left)?.order(Number::of(right)?),
    }
}

/// The order of `sort`: nulls before NaN before all other values.
///
/// <https://learn.microsoft.com/kusto/query/sort-operator>
pub fn sort_order(left: &Value, right: &Value) -> Ordering {
    fn rank(value: &Value) -> u8 {
        match value {
            Value::Null(_) => 0,
            Value::Real(number) if number.is_nan() => 1,
            _ => 2,
        }
    }
    rank(left).cmp(&rank(right)).then_with(|| compare(left, right).unwrap_or(Ordering::Equal))
}

/// What makes two values one group, one element of a set, one member of a list: equal values have equal keys.
///
/// Nulls of a column are one group. Numbers of different types with one value are one key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Key {
    /// The null of any type.
    Null,
    /// A `bool`.
    Bool(bool),
    /// A whole number of any type.
    Whole(i64),
    /// The bits of a number that is not whole.
    Real(u64),
    /// A `datetime`.
    DateTime(i64),
    /// A `timespan`.
    TimeSpan(i64),
    /// A `guid`.
    Guid(Uuid),
    /// Text.
    Text(String),
    /// An array or bag, as JSON.
    Json(String),
}

impl Key {
    /// The key of a value.
    pub fn of(value: &Value) -> Key {
        match value {
            Value::Null(_) => Key::Null,
            Value::Bool(truth) => Key::Bool(*truth),
            Value::DateTime(ticks) => Key::DateTime(*ticks),
            Value::Decimal(number) => match number.is_integer().then(|| number.to_i64()).flatten() {
                Some(whole) => Key::Whole(whole),
                None => Key::of_real(number.to_f64().unwrap_or(f64::NAN)),
            },
            Value::Dynamic(inner) => Key::of_dynamic(inner),
            Value::Guid(id) => Key::Guid(*id),
            Value::Int(number) => Key::Whole(i64::from(*number)),
            Value::Long(number) => Key::Whole(*number),
            Value::Real(number) => Key::of_real(*number),
            Value::String(text) => Key::Text(text.clone()),
            Value::TimeSpan(ticks) => Key::TimeSpan(*ticks),
        }
    }

    /// The key of a value with letter case ignored.
    pub fn folded(value: &Value) -> Key {
        match Key::of(value) {
            Key::Text(mut text) => {
                text.make_ascii_lowercase();
                Key::Text(text)
            }
            key => key,
        }
    }

    /// The key of what a `dynamic` holds.
    pub fn of_dynamic(inner: &Dynamic) -> Key {
        match inner {
            Dynamic::Null => Key::Null,
            Dynamic::Bool(truth) => Key::Bool(*truth),
            Dynamic::Long(number) => Key::Whole(*number),
            Dynamic::Real(number) => Key::of_real(*number),
            Dynamic::String(text) => Key::Text(text.clone()),
            Dynamic::DateTime(ticks) => Key::DateTime(*ticks),
            Dynamic::TimeSpan(ticks) => Key::TimeSpan(*ticks),
            Dynamic::Guid(id) => Key::Guid(*id),
            Dynamic::Array(_) | Dynamic::Bag(_) => Key::Json(convert::json_text(inner)),
        }
    }

    fn of_real(number: f64) -> Key {
        // 2^63 itself is the first double that no `long` holds.
        if number.fract() == 0.0 && number.abs() < 9_223_372_036_854_775_808.0 {
            Key::Whole(number as i64)
        } else if number.is_nan() {
            Key::Real(f64::NAN.to_bits())
        } else {
            Key::Real(number.to_bits())
        }
    }
}

/// The first column of a subquery, as `in` and `toscalar` ask for it.
#[derive(Clone, Debug, Default)]
pub struct Members {
    /// The value of the first row.
    pub first: Option<Value>,
    exact: HashSet<Key>,
    folded: HashSet<Key>,
}

impl Members {
    /// The members of these values; arrays are flattened.
    pub fn new(values: impl IntoIterator<Item = Value>) -> Members {
        let mut members = Members::default();
        for value in values {
            members.insert(&value);
            members.first.get_or_insert(value);
        }
        members
    }

    fn insert(&mut self, value: &Value) {
        if let Value::Dynamic(Dynamic::Array(elements)) = value {
            for element in elements {
                self.insert(&convert::from_dynamic(element.clone()));
            }
        } else {
            self.exact.insert(Key::of(value));
            self.folded.insert(Key::folded(value));
        }
    }

    /// Whether a value is among them. A null never is.
    pub fn contain(&self, value: &Value, ignore_case: bool) -> bool {
        match (Key::of(value), ignore_case) {
            (Key::Null, _) => false,
            (key, false) => self.exact.contains(&key),
            (_, true) => self.folded.contains(&Key::folded(value)),
        }
    }
}
