//! The meaning of single operations on values, for whoever folds constants.

use std::cmp::Ordering;

use super::expression::Scope;
use super::{arithmetic as operators, function, predicate, value};
use crate::ir::{ArithmeticOp, ColumnId, Expr, ExprKind, Function, Predicate, TestOp, Truth, Type, Value};

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

/// The JSON of an event's property as a value of its column.
pub fn event_value(json: Option<&serde_json::Value>, ty: Type) -> Value {
    super::convert::event_value(json, ty)
}

/// A value as text.
pub fn text(value: &Value) -> String {
    super::convert::text(value).into_owned()
}

/// Some columns with values, to ask predicates and expressions about. Subqueries are empty.
#[derive(Clone, Debug, Default)]
pub struct Row {
    slots: Vec<Option<usize>>,
    values: Vec<Value>,
    now: i64,
}

impl Row {
    /// A row without columns in a run at `now`, in ticks.
    pub fn new(now: i64) -> Row {
        Row { now, ..Row::default() }
    }

    /// Sets a column.
    pub fn set(&mut self, column: ColumnId, value: Value) {
        let id = column.0 as usize;
        if self.slots.len() <= id {
            self.slots.resize(id + 1, None);
        }
        match self.slots[id] {
            Some(place) => self.values[place] = value,
            None => {
                self.slots[id] = Some(self.values.len());
                self.values.push(value);
            }
        }
    }

    /// The truth of a predicate on the row; columns without a value are null.
    pub fn truth(&self, condition: &Predicate) -> Truth {
        predicate::truth(condition, &self.scope())
    }

    /// The value of an expression on the row.
    pub fn value(&self, expr: &Expr) -> Value {
        self.scope().value(expr).into_owned()
    }

    fn scope(&self) -> Scope<'_> {
        Scope { slots: &self.slots, row: &self.values, now: self.now, ..Scope::constant(self.now) }
    }
}
