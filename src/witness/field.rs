//! Values for one field: candidates that its tests suggest.

use super::text;
use crate::eval::scalar::{self, Row};
use crate::ir::{
    Expr, ExprKind, Quantifier, TICKS_PER_DAY, TICKS_PER_SECOND, Test, TestOp, TextRelation, Type, Value,
};

/// A test of a conjunction, and whether it must be false.
#[derive(Clone, Debug)]
pub struct Atom {
    /// The test.
    pub test: Test,
    /// Whether its negation is asked for.
    pub negated: bool,
}

/// Values that a field might need to have, the likeliest first. What operands are is asked of `row`.
pub fn candidates(atoms: &[Atom], ty: Type, row: &Row, now: i64, choice: usize) -> Vec<Value> {
    let mut values = Vec::new();
    let ty = match ty {
        Type::Dynamic | Type::Unknown => wanted_type(atoms, row),
        known => known,
    };
    match ty {
        Type::String | Type::Dynamic | Type::Unknown => texts(atoms, row, choice, &mut values),
        Type::DateTime => instants(atoms, row, now, &mut values),
        Type::Bool => values.extend([Value::Bool(true), Value::Bool(false)]),
        Type::Guid => {
            operands(atoms, row, &mut values);
            let id = "11111111-2222-4333-8444-555555555555";
            values.push(scalar::convert(&Value::String(id.to_owned()), Type::Guid));
        }
        Type::Int | Type::Long | Type::Real | Type::Decimal | Type::TimeSpan => numbers(atoms, row, ty, &mut values),
    }
    values
}

/// The type that a dynamic field is compared with.
fn wanted_type(atoms: &[Atom], row: &Row) -> Type {
    for atom in atoms {
        let operand = match &atom.test.op {
            TestOp::Equals { operands, .. } => operands.first(),
            TestOp::Order { operand, .. } => Some(operand),
            TestOp::IsTrue => return Type::Bool,
            _ => None,
        };
        if let Some(operand) = operand {
            match row.value(operand).ty() {
                Type::Dynamic | Type::Unknown => {}
                ty => return ty,
            }
        }
    }
    Type::String
}

/// The values that positive equalities name.
fn operands(atoms: &[Atom], row: &Row, values: &mut Vec<Value>) {
    for atom in atoms.iter().filter(|atom| !atom.negated) {
        if let TestOp::Equals { operands, .. } = &atom.test.op {
            for operand in operands {
                match row.value(operand) {
                    Value::Dynamic(crate::ir::Dynamic::Array(elements)) => {
                        values.extend(
                            elements
                                .iter()
                                .map(|element| scalar::convert(&Value::Dynamic(element.clone()), Type::String)),
                        );
                    }
                    value => values.push(value),
                }
            }
        }
    }
}

/// Whether an expression has a value without the field's own event.
fn is_known(expr: &Expr) -> bool {
    !matches!(expr.kind, ExprKind::Opaque { .. })
}

fn texts(atoms: &[Atom], row: &Row, choice: usize, values: &mut Vec<Value>) {
    let mut push = |text: String| {
        let value = Value::String(text);
        if !values.contains(&value) {
            values.push(value);
        }
    };
    let of = |expr: &Expr| scalar::text(&row.value(expr));
    // An operand may be a list of needles.
    let needles_of = |exprs: &[Expr]| -> Vec<String> {
        exprs
            .iter()
            .filter(|expr| is_known(expr))
            .flat_map(|expr| match row.value(expr) {
                Value::Dynamic(crate::ir::Dynamic::Array(elements)) => {
                    elements.iter().map(|element| scalar::text(&Value::Dynamic(element.clone()))).collect()
                }
                value => vec![scalar::text(&value)],
            })
            .collect()
    };
    let (mut first, mut inside, mut last, mut patterns) = (None, Vec::new(), None, Vec::new());
    let mut equal = Vec::new();
    for atom in atoms.iter().filter(|atom| !atom.negated) {
        match &atom.test.op {
            TestOp::Equals { operands, .. } => equal.extend(needles_of(operands)),
            TestOp::Text { relation, needles, quantifier, .. } => {
                let needles = needles_of(needles);
                let wanted: Vec<String> = match quantifier {
                    Quantifier::Any if needles.is_empty() => Vec::new(),
                    Quantifier::Any => vec![needles[choice % needles.len()].clone()],
                    Quantifier::All => needles,
                };
                for needle in wanted {
                    match relation {
                        TextRelation::StartsWith => first = first.or(Some(needle)),
                        TextRelation::EndsWith => last = last.or(Some(needle)),
                        TextRelation::Contains
                        | TextRelation::Term
                        | TextRelation::TermPrefix
                        | TextRelation::TermSuffix => inside.push(needle),
                    }
                }
            }
            TestOp::Matches { pattern } => patterns.push(of(pattern)),
            TestOp::InNetwork { networks } => {
                for network in networks {
                    let host = u32::from(network.address) | u32::from(network.prefix < 31);
                    equal.push(std::net::Ipv4Addr::from(host).to_string());
                }
            }
            TestOp::HasIpv4 { addresses, prefix } => {
                for address in needles_of(addresses) {
                    let dots = address.matches('.').count();
                    let rest = ".1".repeat(3_usize.saturating_sub(dots));
                    let full = if *prefix { format!("{}{rest}", address.trim_end_matches('.')) } else { address };
                    inside.push(full);
                }
            }
            _ => {}
        }
    }
    // Of several equalities the one chosen, then the others.
    if !equal.is_empty() {
        let start = choice % equal.len();
        equal.rotate_left(start);
    }
    equal.into_iter().for_each(&mut push);
    let middle = inside.join(" ");
    let sampled: Vec<String> = patterns
        .iter()
        .flat_map(|pattern| {
            (0..3).filter_map(|more| text::sample(pattern, &middle, choice + more)).collect::<Vec<_>>()
        })
        .collect();
    let (start, end) = (first.unwrap_or_default(), last.unwrap_or_default());
    for sample in &sampled {
        push(sample.clone());
        push(format!("{start}{sample}{end}"));
        push(format!("{start} {middle} {sample} {end}").trim().to_owned());
        push(format!("{start}{sample} {middle}{end}"));
    }
    if sampled.len() > 1 {
        push(format!("{start}{} {middle}{end}", sampled.join(" ")));
    }
    if !middle.is_empty() || !start.is_empty() || !end.is_empty() {
        push(format!("{start}{middle}{end}"));
        push(format!("{start} {middle} {end}").trim().to_owned());
        let backwards: Vec<&str> = inside.iter().rev().map(String::as_str).collect();
        push(format!("{start}{}{end}", backwards.join(" ")));
        push(format!("{start}{}{end}", backwards.join(", ")));
        push(format!("{start}{}{end}", inside.join(", ")));
        push(format!("{start}{}{end}", inside.join("")));
        push(format!("{start}\\{middle}\\{end}"));
        push(format!("{start}.{middle}.{end}"));
        push(start.clone());
        push(end.clone());
        if let [one, .., other] = inside.as_slice() {
            // One needle may hold the other.
            push(one.clone());
            push(other.clone());
        }
    }
    for plain in [
        "value",
        "value-2",
        "user@contoso.example",
        "8.8.4.4",
        "10.0.0.7",
        "1",
        "C:\\Tools\\tool.exe",
        "https://host.contoso.example/path?key=value",
        "host.contoso.example",
        "true",
        "",
        "0",
    ] {
        push(plain.to_owned());
    }
}

fn numbers(atoms: &[Atom], row: &Row, ty: Type, values: &mut Vec<Value>) {
    let mut found = Vec::new();
    operands(atoms, row, &mut found);
    for atom in atoms {
        let near: Vec<&Expr> = match &atom.test.op {
            TestOp::Order { operand, .. } => vec![operand],
            TestOp::Equals { operands, .. } => operands.iter().collect(),
            _ => Vec::new(),
        };
        for operand in near {
            let value = scalar::convert(&row.value(operand), ty);
            let one = match ty {
                Type::TimeSpan => Value::TimeSpan(TICKS_PER_SECOND),
                _ => Value::Long(1),
            };
            found.push(value.clone());
            found.push(scalar::arithmetic(crate::ir::ArithmeticOp::Add, &value, &one));
            found.push(scalar::arithmetic(crate::ir::ArithmeticOp::Subtract, &value, &one));
        }
    }
    found.extend([1, 0, 2, 5, 10, 100, 443, 1_000, -1, 1_000_000].map(|number| match ty {
        Type::TimeSpan => Value::TimeSpan(number * TICKS_PER_SECOND),
        _ => Value::Long(number),
    }));
    values.extend(found.into_iter().map(|value| scalar::convert(&value, ty)).filter(|value| !value.is_null()));
}

fn instants(atoms: &[Atom], row: &Row, now: i64, values: &mut Vec<Value>) {
    let mut found = Vec::new();
    for atom in atoms {
        let near: Vec<&Expr> = match &atom.test.op {
            TestOp::Order { operand, .. } => vec![operand],
            TestOp::Equals { operands, .. } => operands.iter().collect(),
            _ => Vec::new(),
        };
        for operand in near {
            if let Value::DateTime(ticks) = scalar::convert(&row.value(operand), Type::DateTime) {
                let far = [60, 0, -60, 1, -1, 3_600, -3_600, 86_400, -86_400];
                found.extend(far.map(|seconds| ticks + seconds * TICKS_PER_SECOND));
            }
        }
    }
    // Ten minutes ago lies in the window of most rules.
    values.push(Value::DateTime(now - 600 * TICKS_PER_SECOND));
    values.extend(found.into_iter().map(Value::DateTime));
    for hours in 1..=48 {
        values.push(Value::DateTime(now - hours * 3_600 * TICKS_PER_SECOND));
    }
    for days in [3, 4, 5, 6, 7, 8, 10, 13, 15, 20, 25, 29, 31, 45, 60, 89, 91, 120, 200, 365] {
        values.push(Value::DateTime(now - days * TICKS_PER_DAY));
    }
}
