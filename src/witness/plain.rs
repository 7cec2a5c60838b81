//! Expressions with what is read out of JSON texts as paths.

use crate::ir::{Expr, ExprKind, Function, Predicate, PredicateKind, Step, Test, Type, Value};
use crate::span::Origins;

/// An expression with places inside JSON as steps of a path: what is read out of a text is written into it so.
pub fn plain(expr: &Expr) -> Expr {
    let mut expr = expr.clone();
    for operand in expr.operands_mut() {
        *operand = plain(operand);
    }
    if let ExprKind::Truth(predicate) = &mut expr.kind {
        **predicate = plain_predicate(predicate);
    }
    if let ExprKind::Call(Function::ExtractJson, arguments) = &expr.kind
        && let [place, text, ..] = arguments.as_slice()
        && let (Some(place), Some(path)) = (place.as_text(), text.as_path())
        && let Some(steps) = json_steps(place)
    {
        let mut path = path.clone();
        path.steps.extend(steps);
        return Expr { kind: ExprKind::Path(path), ty: Type::Dynamic, origins: Origins::none() };
    }
    if let ExprKind::Index(base, index) = &expr.kind {
        let mut base = base.as_ref();
        while let ExprKind::Call(Function::ParseJson | Function::ToString, inner) = &base.kind
            && let [inner] = inner.as_slice()
        {
            base = inner;
        }
        let step = match index.as_literal() {
            Some(Value::String(key)) => Some(Step::Key(key.clone())),
            Some(Value::Long(place)) => Some(Step::Index(*place)),
            _ => None,
        };
        if let (ExprKind::Path(path), Some(step)) = (&base.kind, step) {
            let mut path = path.clone();
            path.steps.push(step);
            return Expr { kind: ExprKind::Path(path), ty: Type::Dynamic, origins: Origins::none() };
        }
    }
    expr
}

/// The steps of `$.a.b` or `$a`, where it has none but names.
fn json_steps(place: &str) -> Option<Vec<Step>> {
    let names = place.strip_prefix('$')?.trim_start_matches('.');
    let is_plain =
        |name: &str| !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    names.split('.').map(|name| is_plain(name).then(|| Step::Key(name.to_owned()))).collect()
}

pub fn plain_predicate(predicate: &Predicate) -> Predicate {
    let mut predicate = predicate.clone();
    match &mut predicate.kind {
        PredicateKind::And(parts) | PredicateKind::Or(parts) => {
            for part in parts {
                *part = plain_predicate(part);
            }
        }
        PredicateKind::Not(part) => **part = plain_predicate(part),
        PredicateKind::Test(test) => {
            let mut op = test.op.clone();
            for operand in op.operands_mut() {
                *operand = plain(operand);
            }
            *test = Test::new(plain(&test.subject), op);
        }
        PredicateKind::Const(_) => {}
    }
    predicate
}
