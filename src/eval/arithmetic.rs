//! `+ - * / %` on numbers, instants and durations.
//!
//! An `int` is computed as a `long`. Whole numbers wrap around on overflow, division by zero is null; instants and
//! durations that leave their range are null.
//!
//! <https://learn.microsoft.com/kusto/query/numerical-operators>
//! <https://learn.microsoft.com/kusto/query/datetime-timespan-arithmetic>

use rust_decimal::Decimal;

use super::time;
use super::value::{Number, unwrap};
use crate::ir::{ArithmeticOp, Type, Value};

/// The value of `left op right`; null when either is null or the operator has no meaning on their types.
pub fn arithmetic(op: ArithmeticOp, left: &Value, right: &Value) -> Value {
    let (left, right) = (unwrap(left), unwrap(right));
    if left.is_null() || right.is_null() {
        return Value::Null(result_type(op, left.ty(), right.ty()));
    }
    match (op, &left, &right) {
        (ArithmeticOp::Add, Value::DateTime(instant), Value::TimeSpan(duration))
        | (ArithmeticOp::Add, Value::TimeSpan(duration), Value::DateTime(instant)) => {
            shifted(instant.checked_add(*duration))
        }
        (ArithmeticOp::Subtract, Value::DateTime(instant), Value::TimeSpan(duration)) => {
            shifted(instant.checked_sub(*duration))
        }
        (ArithmeticOp::Subtract, Value::DateTime(left), Value::DateTime(right)) => duration(left.checked_sub(*right)),
        (_, Value::TimeSpan(left), Value::TimeSpan(right)) => durations(op, *left, *right),
        (ArithmeticOp::Multiply, Value::TimeSpan(ticks), number)
        | (ArithmeticOp::Multiply, number, Value::TimeSpan(ticks)) => match Number::of(number) {
            Some(Number::Whole(factor)) => duration(ticks.checked_mul(factor)),
            Some(factor) => duration(time::ticks_of(*ticks as f64 * factor.real())),
            None => Value::Null(Type::TimeSpan),
        },
        (ArithmeticOp::Divide, Value::TimeSpan(ticks), number) => match Number::of(number) {
            Some(Number::Whole(divisor)) => duration(ticks.checked_div(divisor)),
            Some(divisor) => duration(time::ticks_of(*ticks as f64 / divisor.real())),
            None => Value::Null(Type::TimeSpan),
        },
        _ => match (Number::of(&left), Number::of(&right)) {
            (Some(left), Some(right)) => numbers(op, left, right),
            _ => Value::Null(result_type(op, left.ty(), right.ty())),
        },
    }
}

/// The type of `left op right`.
pub fn result_type(op: ArithmeticOp, left: Type, right: Type) -> Type {
    match (op, left, right) {
        (ArithmeticOp::Subtract, Type::DateTime, Type::DateTime) => Type::TimeSpan,
        (_, Type::DateTime, _) | (_, _, Type::DateTime) => Type::DateTime,
        (ArithmeticOp::Divide, Type::TimeSpan, Type::TimeSpan) => Type::Real,
        (_, Type::TimeSpan, _) | (_, _, Type::TimeSpan) => Type::TimeSpan,
        (_, Type::Real, _) | (_, _, Type::Real) => Type::Real,
        (_, Type::Decimal, _) | (_, _, Type::Decimal) => Type::Decimal,
        (_, Type::Int | Type::Long | Type::Bool, Type::Int | Type::Long | Type::Bool) => Type::Long,
        (_, Type::Unknown | Type::Dynamic, other) | (_, other, Type::Unknown | Type::Dynamic)
            if other.is_number() =>
        {
            if other == Type::Int {
                Type::Long
            } else {
                other
            }
        }
        _ => Type::Real,
    }
}

fn shifted(ticks: Option<i64>) -> Value {
    ticks.and_then(time::instant).map_or(Value::Null(Type::DateTime), Value::DateTime)
}

fn duration(ticks: Option<i64>) -> Value {
    ticks.map_or(Value::Null(Type::TimeSpan), Value::TimeSpan)
}

fn durations(op: ArithmeticOp, left: i64, right: i64) -> Value {
    match op {
        ArithmeticOp::Add => duration(left.checked_add(right)),
        ArithmeticOp::Subtract => duration(left.checked_sub(right)),
        ArithmeticOp::Divide => Value::Real(left as f64 / right as f64),
        ArithmeticOp::Modulo => duration(left.checked_rem_euclid(right)),
        ArithmeticOp::Multiply => Value::Null(Type::TimeSpan),
    }
}

fn numbers(op: ArithmeticOp, left: Number, right: Number) -> Value {
    match (left, right) {
        (Number::Whole(left), Number::Whole(right)) => whole(op, left, right),
        (Number::Real(_), _) | (_, Number::Real(_)) => Value::Real(real(op, left.real(), right.real())),
        (Number::Decimal(left), Number::Decimal(right)) => decimal(op, left, right),
        (Number::Decimal(left), Number::Whole(right)) => decimal(op, left, Decimal::from(right)),
        (Number::Whole(left), Number::Decimal(right)) => decimal(op, Decimal::from(left), right),
    }
}

fn whole(op: ArithmeticOp, left: i64, right: i64) -> Value {
    match op {
        ArithmeticOp::Add => Value::Long(left.wrapping_add(right)),
        ArithmeticOp::Subtract => Value::Long(left.wrapping_sub(right)),
        ArithmeticOp::Multiply => Value::Long(left.wrapping_mul(right)),
        ArithmeticOp::Divide | ArithmeticOp::Modulo if right == 0 => Value::Null(Type::Long),
        ArithmeticOp::Divide => Value::Long(left.wrapping_div(right)),
        // Never negative: `-14 % 12` is 10 and `14 % -12` is 2.
        ArithmeticOp::Modulo => Value::Long(left.wrapping_rem_euclid(right)),
    }
}

fn real(op: ArithmeticOp, left: f64, right: f64) -> f64 {
    match op {
        ArithmeticOp::Add => left + right,
        ArithmeticOp::Subtract => left - right,
        ArithmeticOp::Multiply => left * right,
        ArithmeticOp::Divide => left / right,
        ArithmeticOp::Modulo => left.rem_euclid(right),
    }
}

fn decimal(op: ArithmeticOp, left: Decimal, right: Decimal) -> Value {
    let answer = match op {
        ArithmeticOp::Add => left.checked_add(right),
        ArithmeticOp::Subtract => left.checked_sub(right),
        ArithmeticOp::Multiply => left.checked_mul(right),
        ArithmeticOp::Divide => left.checked_div(right),
        ArithmeticOp::Modulo => left
            .checked_rem(right)
            .map(|rest| if rest.is_sign_negative() && !rest.is_zero() { rest + right.abs() } else { rest }),
    };
    answer.map_or(Value::Null(Type::Decimal), Value::Decimal)
}

/// `bin(value, size)`: the greatest multiple of the size that is not above the value.
///
/// Multiples of instants count from 0001-01-01. A size of zero is null for whole numbers and a NaN for others.
/// <https://learn.microsoft.com/kusto/query/bin-function>
pub fn bin(value: &Value, size: &Value) -> Value {
    let (value, size) = (unwrap(value), unwrap(size));
    if value.is_null() || size.is_null() {
        return Value::Null(value.ty());
    }
    let multiple = |value: i64, size: i64| {
        if size == 0 { None } else { value.checked_sub(value.checked_rem_euclid(size)?) }
    };
    match (&value, &size) {
        (Value::DateTime(instant), Value::TimeSpan(size)) => shifted(multiple(*instant, size.saturating_abs())),
        (Value::TimeSpan(ticks), Value::TimeSpan(size)) => duration(multiple(*ticks, size.saturating_abs())),
        (Value::TimeSpan(ticks), size) => match Number::of(size) {
            Some(Number::Whole(size)) => duration(multiple(*ticks, size.saturating_abs())),
            _ => Value::Null(Type::TimeSpan),
        },
        _ => match (Number::of(&value), Number::of(&size)) {
            (Some(Number::Whole(value)), Some(Number::Whole(size))) => {
                multiple(value, size.saturating_abs()).map_or(Value::Null(Type::Long), Value::Long)
            }
            (Some(Number::Decimal(value)), Some(Number::Decimal(size))) if !size.is_zero() => value
                .checked_div(size)
                .and_then(|quotient| quotient.floor().checked_mul(size))
                .map_or(Value::Null(Type::Decimal), Value::Decimal),
            (Some(value), Some(size)) => Value::Real(if size.real() == 0.0 {
                f64::NAN
            } else {
                (value.real() / size.real()).floor() * size.real()
            }),
            _ => Value::Null(value.ty()),
        },
    }
}
