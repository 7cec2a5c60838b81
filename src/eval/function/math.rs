//! Functions on numbers.

use super::{integer, real, string};
use crate::eval::value::{Number, compare, unwrap};
use crate::eval::{arithmetic, convert};
use crate::ir::{ArithmeticOp, Type, Value};
use std::cmp::Ordering;

/// A function of a double; null of a null.
pub fn of_real(value: &Value, function: impl Fn(f64) -> f64) -> Value {
    real(value).map_or(Value::Null(Type::Real), |number| Value::Real(function(number)))
}

/// As [`of_real`], null outside the function's domain.
pub fn of_domain(value: &Value, domain: impl Fn(f64) -> bool, function: impl Fn(f64) -> f64) -> Value {
    match real(value) {
        Some(number) if domain(number) || number.is_nan() => Value::Real(function(number)),
        _ => Value::Null(Type::Real),
    }
}

/// <https://learn.microsoft.com/kusto/query/abs-function>
pub fn abs(value: &Value) -> Value {
    match unwrap(value) {
        Value::TimeSpan(ticks) => Value::TimeSpan(ticks.wrapping_abs()),
        other => match Number::of(&other) {
            Some(Number::Whole(number)) => Value::Long(number.wrapping_abs()),
            Some(Number::Real(number)) => Value::Real(number.abs()),
            Some(Number::Decimal(number)) => Value::Decimal(number.abs()),
            None => Value::Null(other.ty()),
        },
    }
}

/// Unary minus: <https://learn.microsoft.com/kusto/query/numerical-operators>
pub fn negate(value: &Value) -> Value {
    match unwrap(value) {
        Value::TimeSpan(ticks) => Value::TimeSpan(ticks.wrapping_neg()),
        other => arithmetic::arithmetic(ArithmeticOp::Subtract, &Value::Long(0), &other),
    }
}

/// <https://learn.microsoft.com/kusto/query/ceiling-function>
pub fn ceiling(value: &Value) -> Value {
    of_real(value, f64::ceil)
}

/// Half way goes away from zero. The double itself is rounded: `round(1.005, 2)` is `1.0`.
///
/// <https://learn.microsoft.com/kusto/query/round-function>
pub fn round(value: &Value, digits: Option<&Value>) -> Value {
    if let Value::Decimal(number) = unwrap(value) {
        let digits = digits.and_then(integer).unwrap_or(0).clamp(0, 28) as u32;
        return Value::Decimal(number.round_dp(digits));
    }
    let digits = digits.map_or(Some(0), integer);
    match (real(value), digits) {
        (Some(number), Some(digits)) => Value::Real(rounded(number, digits)),
        _ => Value::Null(Type::Real),
    }
}

fn rounded(number: f64, digits: i64) -> f64 {
    let digits = digits.clamp(-300, 300) as i32;
    let factor = 10f64.powi(digits.abs());
    let scaled = if digits >= 0 { number * factor } else { number / factor };
    if !scaled.is_finite() {
        return number;
    }
    let whole = scaled.round();
    if digits >= 0 { whole / factor } else { whole * factor }
}

/// Always a `real`, zero of a null or NaN: so Microsoft's emulator answers.
///
/// <https://learn.microsoft.com/kusto/query/sign-function>
pub fn sign(value: &Value) -> Value {
    let number = real(value).unwrap_or(0.0);
    Value::Real(if number > 0.0 {
        1.0
    } else if number < 0.0 {
        -1.0
    } else {
        0.0
    })
}

/// <https://learn.microsoft.com/kusto/query/pow-function>
pub fn pow(base: &Value, exponent: &Value) -> Value {
    match (real(base), real(exponent)) {
        (Some(base), Some(exponent)) => Value::Real(base.powf(exponent)),
        _ => Value::Null(Type::Real),
    }
}

/// The greatest or least of the values that are not null.
///
/// <https://learn.microsoft.com/kusto/query/max-of-function>
/// <https://learn.microsoft.com/kusto/query/min-of-function>
pub fn extreme_of(values: &[&Value], wanted: Ordering) -> Value {
    let mut best: Option<&Value> = None;
    for value in values.iter().copied().filter(|value| !value.is_null()) {
        if best.is_none_or(|best| compare(value, best) == Some(wanted)) {
            best = Some(value);
        }
    }
    best.or(values.first().copied()).cloned().unwrap_or(Value::Null(Type::Unknown))
}

/// Digits of the two's complement, zeros before them up to the length asked for.
///
/// <https://learn.microsoft.com/kusto/query/tohex-function>
pub fn tohex(value: &Value, length: Option<&Value>) -> Value {
    let length = length.and_then(integer).unwrap_or(0).clamp(0, 16) as usize;
    match unwrap(value) {
        Value::Int(number) => string(format!("{number:0length$x}")),
        other => match integer(&other) {
            Some(number) => string(format!("{number:0length$x}")),
            None => string(""),
        },
    }
}

/// A question about a double: `isnan`, `isinf`, `isfinite`; null of a null.
pub fn is(value: &Value, question: impl Fn(f64) -> bool) -> Value {
    real(value).map_or(Value::Null(Type::Bool), |number| Value::Bool(question(number)))
}

/// A bit operation on two whole numbers: <https://learn.microsoft.com/kusto/query/binary-and-function>
pub fn binary(left: &Value, right: &Value, operation: impl Fn(i64, i64) -> i64) -> Value {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => Value::Long(operation(left, right)),
        _ => Value::Null(Type::Long),
    }
}

/// <https://learn.microsoft.com/kusto/query/binary-not-function>
pub fn binary_not(value: &Value) -> Value {
    integer(value).map_or(Value::Null(Type::Long), |number| Value::Long(!number))
}

/// <https://learn.microsoft.com/kusto/query/bitset-count-ones-function>
pub fn bitset_count_ones(value: &Value) -> Value {
    integer(value).map_or(Value::Null(Type::Long), |number| Value::Long(i64::from(number.count_ones())))
}

/// <https://learn.microsoft.com/kusto/query/bin-at-function>
pub fn bin_at(value: &Value, size: &Value, fixed: &Value) -> Value {
    let (value, fixed) = (unwrap(value), unwrap(fixed));
    let distance = arithmetic::arithmetic(ArithmeticOp::Subtract, &value, &fixed);
    let binned = arithmetic::bin(&distance, size);
    let sum = arithmetic::arithmetic(ArithmeticOp::Add, &fixed, &binned);
    convert::convert(&sum, if sum.is_null() { value.ty() } else { sum.ty() })
}

/// <https://learn.microsoft.com/kusto/query/atan2-function>
pub fn atan2(y: &Value, x: &Value) -> Value {
    match (real(y), real(x)) {
        (Some(y), Some(x)) => Value::Real(y.atan2(x)),
        _ => Value::Null(Type::Real),
    }
}
