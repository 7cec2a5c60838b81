//! Scalar expressions on a row.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::value::Members;
use super::{arithmetic, convert, function, predicate};
use crate::ir::{ColumnId, Dynamic, Expr, ExprKind, Function, Path, RelationId, Step, Truth, Type, Value};

/// What an expression may refer to: the columns of a row, the time of the run, subqueries.
pub struct Scope<'a> {
    /// For each column of the query its place in the row, if it has one.
    pub slots: &'a [Option<usize>],
    /// The row.
    pub row: &'a [Value],
    /// The time of the run, in ticks.
    pub now: i64,
    /// First columns of the relations that `in` and `toscalar` ask for.
    pub subqueries: &'a BTreeMap<RelationId, Arc<Members>>,
}

static NO_SUBQUERIES: BTreeMap<RelationId, Arc<Members>> = BTreeMap::new();
static NO_MEMBERS: LazyLock<Members> = LazyLock::new(Members::default);

impl Scope<'_> {
    /// A scope without columns or subqueries, for constants.
    pub fn constant(now: i64) -> Scope<'static> {
        Scope { slots: &[], row: &[], now, subqueries: &NO_SUBQUERIES }
    }

    /// The value of an expression.
    pub fn value<'e>(&'e self, expr: &'e Expr) -> Cow<'e, Value> {
        match &expr.kind {
            ExprKind::Literal(value) => Cow::Borrowed(value),
            ExprKind::Path(path) => self.path(path),
            ExprKind::Now { offset } => Cow::Owned(self.instant(*offset)),
            ExprKind::Arithmetic(op, left, right) => {
                Cow::Owned(arithmetic::arithmetic(*op, &self.value(left), &self.value(right)))
            }
            ExprKind::Call(function, arguments) => {
                let values: Vec<Cow<'_, Value>> = arguments.iter().map(|argument| self.value(argument)).collect();
                let values: Vec<&Value> = values.iter().map(AsRef::as_ref).collect();
                let answer = function::call(*function, &values, self.now);
                // Branches of several number types share the widest: `iff(c, 1, 2.5)` is a `real` either way.
                let widen = expr.ty.is_number() && answer.ty().is_number() && answer.ty() != expr.ty;
                Cow::Owned(if widen && has_branches(*function) { convert::convert(&answer, expr.ty) } else { answer })
            }
            ExprKind::Truth(condition) => Cow::Owned(match predicate::truth(condition, self) {
                Truth::True => Value::Bool(true),
                Truth::False => Value::Bool(false),
                Truth::Null => Value::Null(Type::Bool),
            }),
            ExprKind::Index(base, index) => Cow::Owned(element(&self.value(base), &self.value(index))),
            ExprKind::Scalar(relation) => match &self.members(*relation).first {
                Some(value) => Cow::Borrowed(value),
                None => Cow::Owned(Value::missing(expr.ty)),
            },
            // Refused before anything is evaluated.
            ExprKind::Opaque { .. } => Cow::Owned(Value::missing(expr.ty)),
        }
    }

    /// The first column of a subquery.
    pub fn members(&self, relation: RelationId) -> &Members {
        self.subqueries.get(&relation).map_or(&NO_MEMBERS, AsRef::as_ref)
    }

    fn instant(&self, offset: i64) -> Value {
        let ticks = self.now.checked_add(offset).and_then(super::time::instant);
        ticks.map_or(Value::Null(Type::DateTime), Value::DateTime)
    }

    fn column(&self, column: ColumnId) -> Option<&Value> {
        let slot = self.slots.get(column.0 as usize).copied().flatten()?;
        self.row.get(slot)
    }

    /// A column, or a place inside its `dynamic` value; of text it is the place inside the JSON that the text is.
    fn path(&self, path: &Path) -> Cow<'_, Value> {
        let Some(value) = self.column(path.column) else { return Cow::Owned(Value::Null(Type::Unknown)) };
        if path.steps.is_empty() {
            return Cow::Borrowed(value);
        }
        let place = match value {
            Value::Dynamic(inner) => steps(inner, &path.steps).cloned(),
            Value::String(text) => match convert::parse_json(text) {
                Value::Dynamic(inner) => steps(&inner, &path.steps).cloned(),
                _ => None,
            },
            _ => None,
        };
        Cow::Owned(place.map_or(Value::Null(Type::Dynamic), convert::from_dynamic))
    }
}

/// Whether a function answers with one of its arguments.
fn has_branches(function: Function) -> bool {
    matches!(function, Function::Case | Function::Coalesce | Function::Iff | Function::MaxOf | Function::MinOf)
}

/// The place inside a `dynamic`: a missing property, or a step that does not fit, is nothing.
///
/// <https://learn.microsoft.com/kusto/query/scalar-data-types/dynamic#dynamic-object-accessors>
fn steps<'d>(mut inner: &'d Dynamic, path: &[Step]) -> Option<&'d Dynamic> {
    for step in path {
        inner = match (step, inner) {
            (Step::Key(name), Dynamic::Bag(properties)) => properties.get(name)?,
            (Step::Index(index), Dynamic::Array(elements)) => elements.get(place(*index, elements.len())?)?,
            _ => return None,
        };
    }
    Some(inner)
}

/// The place of an index, negative ones counted from the end.
fn place(index: i64, length: usize) -> Option<usize> {
    if index >= 0 {
        usize::try_from(index).ok()
    } else {
        length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
    }
}

/// `base[index]`: an element of an array or a property of a bag.
pub fn element(base: &Value, index: &Value) -> Value {
    let step = match super::value::unwrap(index) {
        Value::String(name) => Step::Key(name),
        Value::Long(index) => Step::Index(index),
        Value::Int(index) => Step::Index(i64::from(index)),
        _ => return Value::Null(Type::Dynamic),
    };
    let parsed;
    let inner = match base {
        Value::Dynamic(inner) => inner,
        Value::String(text) => match convert::parse_json(text) {
            Value::Dynamic(inner) => {
                parsed = inner;
                &parsed
            }
            _ => return Value::Null(Type::Dynamic),
        },
        _ => return Value::Null(Type::Dynamic),
    };
    steps(inner, &[step]).cloned().map_or(Value::Null(Type::Dynamic), convert::from_dynamic)
}
