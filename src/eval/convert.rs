//! Values as other types and as text: the `to…()` conversions, JSON in both directions, columns of events.

use std::borrow::Cow;

use indexmap::IndexMap;
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use uuid::Uuid;

use super::time;
use crate::ir::{Dynamic, Type, Value};

/// A value as text, as `tostring` and string operators read it; a null is the empty text.
///
/// A `bool` is `True` or `False` but inside a `dynamic` JSON's `true` or `false`, as Microsoft's emulator answers.
/// <https://learn.microsoft.com/kusto/query/tostring-function>
pub fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null(_) => Cow::Borrowed(""),
        Value::Bool(true) => Cow::Borrowed("True"),
        Value::Bool(false) => Cow::Borrowed("False"),
        Value::DateTime(ticks) => Cow::Owned(time::instant_text(*ticks)),
        Value::Decimal(number) => Cow::Owned(number.normalize().to_string()),
        Value::Dynamic(inner) => dynamic_string(inner),
        Value::Guid(id) => Cow::Owned(id.to_string()),
        Value::Int(number) => Cow::Owned(number.to_string()),
        Value::Long(number) => Cow::Owned(number.to_string()),
        Value::Real(number) => Cow::Owned(real_text(*number)),
        Value::String(text) => Cow::Borrowed(text),
        Value::TimeSpan(ticks) => Cow::Owned(time::duration_text(*ticks)),
    }
}

/// What a `dynamic` holds as text: a string is itself, null is empty, all else is compact JSON.
pub fn dynamic_string(inner: &Dynamic) -> Cow<'_, str> {
    match inner {
        Dynamic::Null => Cow::Borrowed(""),
        Dynamic::String(text) => Cow::Borrowed(text),
        Dynamic::DateTime(ticks) => Cow::Owned(time::instant_text(*ticks)),
        Dynamic::TimeSpan(ticks) => Cow::Owned(time::duration_text(*ticks)),
        Dynamic::Guid(id) => Cow::Owned(id.to_string()),
        Dynamic::Bool(_) | Dynamic::Long(_) | Dynamic::Real(_) | Dynamic::Array(_) | Dynamic::Bag(_) => {
            Cow::Owned(json_text(inner))
        }
    }
}

/// A `real` as text: the shortest digits that read back, always with a fraction or an exponent.
pub fn real_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let magnitude = number.abs();
    if magnitude != 0.0 && !(1e-5..1e15).contains(&magnitude) {
        // .NET's form: `1E+20`, `1.5E-07`.
        let text = format!("{number:E}");
        let (mantissa, exponent) = text.split_once('E').unwrap_or((&text, "0"));
        let (sign, exponent) = match exponent.strip_prefix('-') {
            Some(exponent) => ('-', exponent),
            None => ('+', exponent),
        };
        return format!("{mantissa}E{sign}{exponent:0>2}");
    }
    format!("{number:?}")
}

/// Compact JSON.
pub fn json_text(inner: &Dynamic) -> String {
    to_json(inner).to_string()
}

/// What a `dynamic` holds as JSON; KQL's own scalars become their text, numbers that JSON lacks theirs.
pub fn to_json(inner: &Dynamic) -> serde_json::Value {
    use serde_json::Value as Json;
    match inner {
        Dynamic::Null => Json::Null,
        Dynamic::Bool(truth) => Json::Bool(*truth),
        Dynamic::Long(number) => Json::from(*number),
        Dynamic::Real(number) => {
            serde_json::Number::from_f64(*number).map_or_else(|| Json::String(real_text(*number)), Json::Number)
        }
        Dynamic::String(text) => Json::String(text.clone()),
        Dynamic::DateTime(_) | Dynamic::TimeSpan(_) | Dynamic::Guid(_) => {
            Json::String(dynamic_string(inner).into_owned())
        }
        Dynamic::Array(elements) => Json::Array(elements.iter().map(to_json).collect()),
        Dynamic::Bag(properties) => {
            Json::Object(properties.iter().map(|(name, value)| (name.clone(), to_json(value))).collect())
        }
    }
}

/// JSON as what a `dynamic` holds.
pub fn from_json(json: &serde_json::Value) -> Dynamic {
    use serde_json::Value as Json;
    match json {
        Json::Null => Dynamic::Null,
        Json::Bool(truth) => Dynamic::Bool(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Dynamic::Long(whole),
            None => Dynamic::Real(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Dynamic::String(text.clone()),
        Json::Array(elements) => Dynamic::Array(elements.iter().map(from_json).collect()),
        Json::Object(properties) => Dynamic::Bag(
            properties.iter().map(|(name, value)| (name.clone(), from_json(value))).collect::<IndexMap<_, _>>(),
        ),
    }
}

/// A `dynamic` value; JSON null is the null of the type.
pub fn from_dynamic(inner: Dynamic) -> Value {
    match inner {
        Dynamic::Null => Value::Null(Type::Dynamic),
        inner => Value::Dynamic(inner),
    }
}

/// A value as an element of an array or bag.
pub fn to_dynamic(value: &Value) -> Dynamic {
    match value {
        Value::Null(_) => Dynamic::Null,
        Value::Bool(truth) => Dynamic::Bool(*truth),
        Value::DateTime(ticks) => Dynamic::DateTime(*ticks),
        // JSON has no exact decimals; the text keeps every digit.
        Value::Decimal(number) => Dynamic::String(number.normalize().to_string()),
        Value::Dynamic(inner) => inner.clone(),
        Value::Guid(id) => Dynamic::Guid(*id),
        Value::Int(number) => Dynamic::Long(i64::from(*number)),
        Value::Long(number) => Dynamic::Long(*number),
        Value::Real(number) => Dynamic::Real(*number),
        Value::String(text) => Dynamic::String(text.clone()),
        Value::TimeSpan(ticks) => Dynamic::TimeSpan(*ticks),
    }
}

/// Reads text as JSON: text that is none is itself, as a string; no text at all is null.
///
/// <https://learn.microsoft.com/kusto/query/parse-json-function>
pub fn parse_json(source: &str) -> Value {
    if source.is_empty() {
        return Value::Null(Type::Dynamic);
    }
    match serde_json::from_str::<serde_json::Value>(source) {
        Ok(json) => from_dynamic(from_json(&json)),
        Err(_) => Value::Dynamic(Dynamic::String(source.to_owned())),
    }
}

/// A value as another type, as the `to…()` functions convert it; null (for `string`: empty) when it cannot be.
pub fn convert(value: &Value, ty: Type) -> Value {
    if value.ty() == ty {
        return value.clone();
    }
    if let Value::Dynamic(inner) = value
        && !matches!(ty, Type::Dynamic | Type::String | Type::Unknown)
    {
        return match inner {
            Dynamic::Array(_) | Dynamic::Bag(_) => Value::Null(ty),
            _ => convert(&super::value::unwrap(value), ty),
        };
    }
    if value.is_null() {
        return Value::missing(ty);
    }
    let converted = match ty {
        Type::Bool => to_bool(value).map(Value::Bool),
        Type::DateTime => to_datetime(value).map(Value::DateTime),
        Type::Decimal => to_decimal(value).map(Value::Decimal),
        Type::Dynamic => match value {
            Value::String(source) => return parse_json(source),
            _ => Some(Value::Dynamic(to_dynamic(value))),
        },
        Type::Guid => value.as_str().and_then(|text| Uuid::parse_str(text.trim()).ok()).map(Value::Guid),
        Type::Int => to_long(value).and_then(|number| i32::try_from(number).ok()).map(Value::Int),
        Type::Long => to_long(value).map(Value::Long),
        Type::Real => to_real(value).map(Value::Real),
        Type::String => Some(Value::String(text(value).into_owned())),
        Type::TimeSpan => to_timespan(value).map(Value::TimeSpan),
        Type::Unknown => Some(value.clone()),
    };
    converted.unwrap_or(Value::Null(ty))
}

/// <https://learn.microsoft.com/kusto/query/tobool-function>
fn to_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Int(number) => Some(*number != 0),
        Value::Long(number) => Some(*number != 0),
        Value::Real(number) => Some(*number != 0.0),
        Value::Decimal(number) => Some(!number.is_zero()),
        Value::String(text) => match text.trim() {
            "1" => Some(true),
            "0" => Some(false),
            text if text.eq_ignore_ascii_case("true") => Some(true),
            text if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// <https://learn.microsoft.com/kusto/query/todatetime-function>
fn to_datetime(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => time::parse_instant(text),
        // A whole number is a number of ticks.
        Value::Long(ticks) => time::instant(*ticks),
        _ => None,
    }
}

/// <https://learn.microsoft.com/kusto/query/totimespan-function>
fn to_timespan(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => time::parse_duration(text),
        Value::Long(ticks) => Some(*ticks),
        Value::Int(ticks) => Some(i64::from(*ticks)),
        _ => None,
    }
}

/// <https://learn.microsoft.com/kusto/query/todecimal-function>
fn to_decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Bool(truth) => Some(Decimal::from(i64::from(*truth))),
        Value::Int(number) => Some(Decimal::from(*number)),
        Value::Long(number) => Some(Decimal::from(*number)),
        Value::Real(number) => Decimal::from_f64(*number),
        Value::String(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| Decimal::from_scientific(text).ok())
        }
        _ => None,
    }
}

/// Truncates toward zero; of text only whole numbers convert, in base ten or as `0x…`.
///
/// <https://learn.microsoft.com/kusto/query/tolong-function>
fn to_long(value: &Value) -> Option<i64> {
    match value {
        Value::Bool(truth) => Some(i64::from(*truth)),
        Value::Int(number) => Some(i64::from(*number)),
        Value::Long(number) => Some(*number),
        Value::Real(number) => {
            (number.is_finite() && number.abs() < 9_223_372_036_854_775_808.0).then(|| number.trunc() as i64)
        }
        Value::Decimal(number) => number.trunc().to_i64(),
        Value::DateTime(ticks) | Value::TimeSpan(ticks) => Some(*ticks),
        Value::String(text) => {
            let text = text.trim();
            match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
                Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                    u64::from_str_radix(digits, 16).ok().map(u64::cast_signed)
                }
                Some(_) => None,
                None => text.parse().ok(),
            }
        }
        _ => None,
    }
}

/// <https://learn.microsoft.com/kusto/query/todouble-function>
fn to_real(value: &Value) -> Option<f64> {
    match value {
        Value::DateTime(ticks) | Value::TimeSpan(ticks) => Some(*ticks as f64),
        Value::String(text) => {
            let text = text.trim();
            // Rust's parser also takes `inf` and `infinity` in any spelling; KQL takes `NaN` and numbers.
            let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
            if text.eq_ignore_ascii_case("nan") { Some(f64::NAN) } else { plain.then(|| text.parse().ok()).flatten() }
        }
        _ => super::value::Number::of(value).map(super::value::Number::real),
    }
}

/// A property of an event as a value of its column.
///
/// What a column cannot hold becomes null, as at ingestion. A column of unknown type takes what the JSON is.
pub fn event_value(json: Option<&serde_json::Value>, ty: Type) -> Value {
    use serde_json::Value as Json;
    let Some(json) = json else { return Value::missing(ty) };
    match (ty, json) {
        (_, Json::Null) => Value::missing(ty),
        (Type::String, Json::String(text)) => Value::String(text.clone()),
        (Type::String, other) => Value::String(other.to_string()),
        (Type::Dynamic, json) => from_dynamic(from_json(json)),
        (Type::Unknown, json) => super::value::unwrap(&from_dynamic(from_json(json))),
        (Type::Int | Type::Long, Json::Number(number)) => match number.as_i64() {
            Some(whole) => convert(&Value::Long(whole), ty),
            // `3.0` is whole, `3.5` is none of this type.
            None => match number.as_f64() {
                Some(real) if real.fract() == 0.0 => convert(&Value::Real(real), ty),
                _ => Value::Null(ty),
            },
        },
        (Type::Decimal, Json::Number(number)) => convert(&Value::String(number.to_string()), ty),
        (Type::DateTime | Type::TimeSpan | Type::Guid, Json::Number(_) | Json::Bool(_)) => Value::Null(ty),
        (ty, json) => convert(&from_dynamic(from_json(json)), ty),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_of_values_is_spelled_as_the_emulator_spells_it() {
        for (value, expected) in [
            (Value::Bool(true), "True"),
            (Value::Dynamic(Dynamic::Bool(true)), "true"),
            (Value::Null(Type::Long), ""),
            (Value::Long(-7), "-7"),
            (Value::Real(123.45), "123.45"),
            (Value::Real(1.0), "1.0"),
            (Value::Real(1e20), "1E+20"),
            (Value::Real(f64::NAN), "NaN"),
            (Value::TimeSpan(3 * time::TICKS_PER_HOUR), "03:00:00"),
            (Value::Dynamic(Dynamic::String("x".to_owned())), "x"),
            (Value::Dynamic(from_json(&json!({"a": [1, 2.5, "q", null]}))), r#"{"a":[1,2.5,"q",null]}"#),
        ] {
            assert_eq!(text(&value), expected);
        }
        let noon = time::parse_instant("2017-10-15 12:00").unwrap();
        assert_eq!(text(&Value::DateTime(noon)), "2017-10-15T12:00:00.0000000Z");
    }

    #[test]
    fn conversions_answer_null_where_the_text_is_none_of_the_type() {
        let read = |source: &str, ty| convert(&Value::String(source.to_owned()), ty);
        assert_eq!(read("not a number", Type::Long), Value::Null(Type::Long));
        assert_eq!(read("42", Type::Long), Value::Long(42));
        assert_eq!(read("1.5", Type::Long), Value::Null(Type::Long));
        assert_eq!(read("1e3", Type::Real), Value::Real(1000.0));
        assert_eq!(read("infinity", Type::Real), Value::Null(Type::Real));
        assert_eq!(read("TRUE", Type::Bool), Value::Bool(true));
        assert_eq!(read("4294967296", Type::Int), Value::Null(Type::Int));
        assert_eq!(convert(&Value::Real(2.7), Type::Int), Value::Int(2));
        assert_eq!(convert(&Value::Real(-2.7), Type::Long), Value::Long(-2));
        assert_eq!(convert(&Value::Null(Type::Long), Type::String), Value::String(String::new()));
    }

    #[test]
    fn events_fill_columns_by_their_type() {
        for (json, ty, expected) in [
            (json!("x"), Type::String, Value::String("x".to_owned())),
            (json!(5), Type::String, Value::String("5".to_owned())),
            (json!({"a": 1}), Type::String, Value::String(r#"{"a":1}"#.to_owned())),
            (json!(null), Type::String, Value::String(String::new())),
            (json!("17"), Type::Long, Value::Long(17)),
            (json!(3.0), Type::Long, Value::Long(3)),
            (json!(3.5), Type::Long, Value::Null(Type::Long)),
            (json!(true), Type::Bool, Value::Bool(true)),
            (json!(0), Type::Bool, Value::Bool(false)),
            (json!("false"), Type::Bool, Value::Bool(false)),
            (json!("x"), Type::DateTime, Value::Null(Type::DateTime)),
            (json!("[1]"), Type::Dynamic, Value::Dynamic(Dynamic::String("[1]".to_owned()))),
            (json!(7), Type::Unknown, Value::Long(7)),
            (json!(null), Type::Unknown, Value::Null(Type::Unknown)),
        ] {
            assert_eq!(event_value(Some(&json), ty), expected, "{json} {ty:?}");
        }
        assert_eq!(event_value(None, Type::String), Value::String(String::new()));
        assert_eq!(event_value(None, Type::Int), Value::Null(Type::Int));
    }
}
