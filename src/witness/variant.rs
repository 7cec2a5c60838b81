//! Other values for a field: near those that its tests name, and variants of one.

use super::text;
use crate::eval::scalar;
use crate::ir::{Predicate, Type, Value};

/// Values that occur in a predicate, and values near them.
pub fn pool(check: &Predicate, ty: Type, now: i64) -> Vec<Value> {
    let mut values = Vec::new();
    check.walk_exprs(&mut |expr| {
        if let Some(value) = expr.as_literal() {
            values.push(scalar::convert(value, ty));
            let text = scalar::text(value);
            if matches!(ty, Type::String | Type::Dynamic | Type::Unknown) {
                for sign in ["x", "x\\", "x/", "x.", "x@", "x ", "x:", "x-", "x_", "x,", "x#", "x||"] {
                    values.push(Value::String(format!("{sign}{text}")));
                }
                for sign in ["x", "\\x", "/x", ".x", "@x", " x", ":x", "-x", "_x", ",x", "#x"] {
                    values.push(Value::String(format!("{text}{sign}")));
                }
                if let Some(sample) = text::sample(&text, "", 1) {
                    values.push(Value::String(sample));
                }
                if let Value::Long(number) = value {
                    let length = usize::try_from(number.saturating_add(1)).unwrap_or(0).min(5_000);
                    values.push(Value::String("x".repeat(length)));
                    let elements =
                        (0..length.min(200)).map(|at| crate::ir::Dynamic::String(format!("x{at}"))).collect();
                    values.push(Value::Dynamic(crate::ir::Dynamic::Array(elements)));
                }
            } else if let Value::Long(number) = value {
                for factor in [1, 60, 3_600, 86_400, 1_024, 1_048_576] {
                    values.push(scalar::convert(&Value::Long(number.saturating_mul(factor)), ty));
                    values.push(scalar::convert(
                        &Value::Long(number.saturating_mul(factor).saturating_add(factor)),
                        ty,
                    ));
                }
            }
        }
    });
    if ty == Type::DateTime {
        for hours in 1..=200 {
            values.push(Value::DateTime(now - hours * 3_600 * crate::ir::TICKS_PER_SECOND));
        }
    }
    if matches!(ty, Type::String | Type::Dynamic | Type::Unknown) {
        let plain =
            ["0", "1", "7", "60", "100", "1000", "100000", "x@contoso.example", "a.b.c", "a b c d e f g h", "/a/b/c"];
        values.extend(plain.map(|text| Value::String(text.to_owned())));
    }
    values.push(Value::missing(if ty == Type::Unknown { Type::String } else { ty }));
    values.retain(|value| !value.is_null());
    values
}

/// Other values like one: the `step`-th of each kind.
pub fn variants(base: &str, ty: Type, step: usize, now: i64) -> Vec<Value> {
    let number = i64::try_from(step).unwrap_or(1);
    match ty {
        Type::String | Type::Dynamic | Type::Unknown => vec![
            Value::String(format!("{base}{step}")),
            Value::String(format!("{step}{base}")),
            Value::String(format!("{base} {step}")),
            Value::String(format!("10.{}.{}.{}", number / 65_536 % 256, number / 256 % 256, number % 256)),
            Value::String(format!("8.{}.{}.{}", number / 65_536 % 256, number / 256 % 256, number % 256)),
            Value::String(format!("user{step}@contoso.example")),
        ],
        Type::DateTime => vec![Value::DateTime(now - (600 + number) * crate::ir::TICKS_PER_SECOND)],
        Type::Bool => vec![Value::Bool(true), Value::Bool(false)],
        Type::Guid => {
            vec![scalar::convert(&Value::String(format!("11111111-2222-4333-8444-{step:012}")), Type::Guid)]
        }
        Type::TimeSpan => vec![Value::TimeSpan(number * crate::ir::TICKS_PER_SECOND)],
        Type::Int | Type::Long | Type::Real | Type::Decimal => {
            let base = scalar::convert(&Value::String(base.to_owned()), ty);
            vec![
                scalar::convert(&scalar::arithmetic(crate::ir::ArithmeticOp::Add, &base, &Value::Long(number)), ty),
                scalar::convert(&Value::Long(number), ty),
            ]
        }
    }
}
