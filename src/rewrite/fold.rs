//! Constant folding. What a constant expression is worth is the interpreter's word.

use crate::eval::scalar;
use crate::ir::{ArithmeticOp, Expr, ExprKind, Function, PredicateKind, Truth, Type, Value};
use crate::span::Elided;

/// The expression with this one node folded; its operands are folded already.
pub(super) fn fold(expr: Expr, elided: &mut Vec<Elided>) -> Expr {
    if let Some(folded) = fold_now(&expr) {
        return folded;
    }
    match &expr.kind {
        ExprKind::Arithmetic(op, left, right) => {
            if let (Some(left), Some(right)) = (left.as_literal(), right.as_literal()) {
                return Expr::literal(scalar::arithmetic(*op, left, right), expr.all_origins());
            }
            expr
        }
        ExprKind::Call(Function::Iff, arguments) => match constant_condition(&arguments[0]) {
            Some(truth) => {
                let (chosen, other) = if truth { (1, 2) } else { (2, 1) };
                let mut kept = arguments[chosen].clone();
                kept.origins.extend(&expr.origins);
                kept.origins.extend(&arguments[0].all_origins());
                elided.push(Elided { origins: arguments[other].all_origins(), law: "branch never taken" });
                kept
            }
            None => expr,
        },
        // A value converted to the type it has is itself.
        ExprKind::Call(
            Function::ToString
            | Function::ToInt
            | Function::ToLong
            | Function::ToReal
            | Function::ToDecimal
            | Function::ToBool
            | Function::ToDateTime
            | Function::ToTimeSpan
            | Function::ToGuid,
            arguments,
        ) if arguments[0].ty == expr.ty => {
            let mut inner = arguments[0].clone();
            inner.origins.extend(&expr.origins);
            inner
        }
        ExprKind::Call(Function::ToLower | Function::ToUpper, arguments)
            if matches!(
                (&expr.kind, &arguments[0].kind),
                (ExprKind::Call(outer, _), ExprKind::Call(inner, _)) if outer == inner
            ) =>
        {
            let mut inner = arguments[0].clone();
            inner.origins.extend(&expr.origins);
            inner
        }
        ExprKind::Call(function, arguments) => {
            let values: Option<Vec<Value>> =
                arguments.iter().map(|argument| argument.as_literal().cloned()).collect();
            match values {
                // No function of the registry asks for the time of the run: that is a node of its own.
                Some(values) => Expr::literal(scalar::call(*function, &values, 0), expr.all_origins()),
                None => expr,
            }
        }
        ExprKind::Literal(_)
        | ExprKind::Path(_)
        | ExprKind::Now { .. }
        | ExprKind::Truth(_)
        | ExprKind::Index(..)
        | ExprKind::Scalar(_)
        | ExprKind::Opaque { .. } => expr,
    }
}

/// `now() + 1d` is a time of the run, too.
fn fold_now(expr: &Expr) -> Option<Expr> {
    let ExprKind::Arithmetic(op, left, right) = &expr.kind else { return None };
    let (now, ticks) = match (op, &left.kind, &right.kind) {
        (ArithmeticOp::Add, ExprKind::Now { offset }, ExprKind::Literal(Value::TimeSpan(ticks)))
        | (ArithmeticOp::Add, ExprKind::Literal(Value::TimeSpan(ticks)), ExprKind::Now { offset }) => {
            (*offset, *ticks)
        }
        (ArithmeticOp::Subtract, ExprKind::Now { offset }, ExprKind::Literal(Value::TimeSpan(ticks))) => {
            (*offset, ticks.checked_neg()?)
        }
        _ => return None,
    };
    let kind = ExprKind::Now { offset: now.checked_add(ticks)? };
    Some(Expr { kind, ty: Type::DateTime, origins: expr.all_origins() })
}

/// The answer of a condition that is a constant; null counts as false, as `iff` has it.
fn constant_condition(condition: &Expr) -> Option<bool> {
    match &condition.kind {
        ExprKind::Literal(Value::Bool(truth)) => Some(*truth),
        ExprKind::Literal(Value::Null(_)) => Some(false),
        ExprKind::Truth(predicate) => match predicate.kind {
            PredicateKind::Const(truth) => Some(truth == Truth::True),
            _ => None,
        },
        _ => None,
    }
}
