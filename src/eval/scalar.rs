//! The meaning of single operations on values, for whoever folds constants.

use std::cmp::Ordering;

use super::expression::Scope;
use super::{arithmetic as operators, function, predicate, value};
use crate::ir::{ArithmeticOp, Expr, ExprKind, Function, TestOp, Truth, Type, Value};

/// The answer of a function; `now` is the time of the run, in ticks.
pub fn call(function: Function, arguments: &[Value], now: i64) -> Value {
    function::call(function, &arguments.iter().collect::<Vec<_>>(), now)
}

/// The value of `left op right`.
pub fn arithmetic(op: ArithmeticOp, left: &Value, right: &Value) -> Value {
    operators::arithmetic(op, left, right)
}

/// The answer of a test on a value, if all its operands are constants.
pub fn test(subject: &Value, op: &TestOp) -> Option<Truth> {
    let constant = |operand: &&Expr| matches!(operand.kind, ExprKind::Literal(_));
    let known = !matches!(op, TestOp::Among { .. } | TestOp::Opaque { .. }) && op.operands().iter().all(constant);
    known.then(|| predicate::answer(subject, op, &Scope::constant(0)))
}

/// The order of two values; none when either is null, or their types have no order between them.
pub fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    value::compare(left, right)
}

/// Whether two values are equal; null only if both are null.
pub fn equal(left: &Value, right: &Value) -> Truth {
    value::equal(left, right)
}

/// A value as another type; null (for `string`: empty) when it cannot be.
pub fn convert(value: &Value, ty: Type) -> Value {
    super::convert::convert(value, ty)
}
