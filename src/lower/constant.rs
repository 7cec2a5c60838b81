//! Constants as values of another type, and what lists of them hold.

use std::net::Ipv4Addr;

use crate::ir::{Dynamic, Expr, Type, Value};
use crate::span::Origins;

/// Nested arrays of constants as single constants.
pub(super) fn flatten(item: Expr, into: &mut Vec<Expr>) {
    match item.as_literal() {
        Some(Value::Dynamic(array @ Dynamic::Array(_))) => flatten_dynamic(array, &item.origins, into),
        _ => into.push(item),
    }
}

fn flatten_dynamic(value: &Dynamic, origins: &Origins, into: &mut Vec<Expr>) {
    let constant = match value {
        Dynamic::Array(items) => {
            for item in items {
                flatten_dynamic(item, origins, into);
            }
            return;
        }
        Dynamic::Null => Value::Null(Type::Dynamic),
        Dynamic::Bool(value) => Value::Bool(*value),
        Dynamic::Long(value) => Value::Long(*value),
        Dynamic::Real(value) => Value::Real(*value),
        Dynamic::String(text) => Value::String(text.clone()),
        Dynamic::DateTime(ticks) => Value::DateTime(*ticks),
        Dynamic::TimeSpan(ticks) => Value::TimeSpan(*ticks),
        Dynamic::Guid(value) => Value::Guid(*value),
        Dynamic::Bag(_) => Value::Dynamic(value.clone()),
    };
    into.push(Expr::literal(constant, origins.clone()));
}

/// A term that is looked for; numbers are looked for as text.
pub(super) fn as_needle(operand: Expr) -> Expr {
    match operand.as_literal() {
        Some(Value::Long(number)) => Expr::literal(Value::String(number.to_string()), operand.origins),
        Some(Value::Int(number)) => Expr::literal(Value::String(number.to_string()), operand.origins),
        _ => operand,
    }
}

/// Whether values of the two types can be compared as they are.
pub(super) fn comparable(left: Type, right: Type) -> bool {
    left == right
        || left.is_number() && right.is_number()
        || [left, right].iter().any(|ty| matches!(ty, Type::Dynamic | Type::Unknown))
        || matches!((left, right), (Type::Guid, Type::String) | (Type::String, Type::Guid))
}

/// A constant in the subject's own type, where that loses nothing.
pub(super) fn convert(value: &Value, ty: Type) -> Option<Value> {
    match (value, ty) {
        (Value::Int(number), Type::Long) => Some(Value::Long((*number).into())),
        (Value::Long(number), Type::Int) => i32::try_from(*number).ok().map(Value::Int),
        (Value::String(text), Type::Guid) => text.parse().ok().map(Value::Guid),
        _ => None,
    }
}

/// A constant as a value of this type, where it can be one.
pub(super) fn as_type(value: &Value, ty: Type) -> Option<Value> {
    if value.is_null() {
        return Some(Value::missing(ty));
    }
    if value.ty() == ty {
        return Some(value.clone());
    }
    match (value, ty) {
        (Value::String(text), Type::Dynamic) => Some(Value::Dynamic(Dynamic::String(text.clone()))),
        (Value::Long(number), Type::Dynamic) => Some(Value::Dynamic(Dynamic::Long(*number))),
        (Value::Real(number), Type::Dynamic) => Some(Value::Dynamic(Dynamic::Real(*number))),
        (Value::Bool(truth), Type::Dynamic) => Some(Value::Dynamic(Dynamic::Bool(*truth))),
        #[expect(clippy::cast_precision_loss, reason = "a `real` column holds the nearest double")]
        (Value::Long(number), Type::Real) => Some(Value::Real(*number as f64)),
        (Value::Int(number), Type::Real) => Some(Value::Real((*number).into())),
        (Value::Long(number), Type::Decimal) => Some(Value::Decimal((*number).into())),
        (Value::Real(number), Type::Decimal) => rust_decimal::Decimal::try_from(*number).ok().map(Value::Decimal),
        _ => convert(value, ty).or_else(|| parse_as(value, ty)),
    }
}

/// A constant of another type read as one of this type: KQL's engine converts text compared with a number or time.
pub(super) fn parse_as(value: &Value, ty: Type) -> Option<Value> {
    match (value, ty) {
        (Value::String(text), Type::Int) => text.parse().ok().map(Value::Int),
        (Value::String(text), Type::Long) => text.parse().ok().map(Value::Long),
        (Value::String(text), Type::Real) => text.parse().ok().map(Value::Real),
        (Value::String(text), Type::Bool) => text.to_ascii_lowercase().parse().ok().map(Value::Bool),
        (Value::Long(number), Type::String) => Some(Value::String(number.to_string())),
        (Value::Bool(truth), Type::Int | Type::Long) => Some(Value::Long((*truth).into())),
        (Value::Long(number @ (0 | 1)), Type::Bool) => Some(Value::Bool(*number == 1)),
        _ => None,
    }
}

/// The network of `10.0.0.0/8`: host bits are allowed, and no prefix means the one address.
///
/// <https://learn.microsoft.com/kusto/query/ipv4-is-in-range-function>
pub(super) fn network(text: &str) -> Option<(Ipv4Addr, u8)> {
    let (address, prefix) = match text.trim().split_once('/') {
        Some((address, prefix)) => (address, prefix.parse::<u8>().ok().filter(|prefix| *prefix <= 32)?),
        None => (text.trim(), 32),
    };
    let address: Ipv4Addr = address.parse().ok()?;
    let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
    Some((Ipv4Addr::from(u32::from(address) & mask), prefix))
}
