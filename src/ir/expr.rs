//! Scalar expressions.

use serde::Serialize;

use super::{ColumnId, Function, Predicate, RelationId, Type, Value};
use crate::span::Origins;

/// A scalar expression with its type and the source leaves it owns.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Expr {
    /// What it computes.
    pub kind: ExprKind,
    /// The type of its value.
    pub ty: Type,
    /// Leaves of its own: the literal, the column name, the operator, the function name.
    pub origins: Origins,
}

/// What an expression computes.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExprKind {
    /// A constant.
    Literal(Value),
    /// A column, or a place inside a dynamic column.
    Path(Path),
    /// The time of the run plus `offset` ticks: `now()`, `now(-5d)`, `ago(5d)`. Never folded.
    Now {
        /// Ticks added to the time of the run.
        offset: i64,
    },
    /// Arithmetic on two operands.
    Arithmetic(ArithmeticOp, Box<Expr>, Box<Expr>),
    /// A function of the registry.
    Call(Function, Vec<Expr>),
    /// A predicate as a `bool` value.
    Truth(Box<Predicate>),
    /// An element or property of a computed dynamic: `split(x, "_")[1]`.
    Index(Box<Expr>, Box<Expr>),
    /// `toscalar(relation)`: the first column of its first row.
    Scalar(RelationId),
    /// A function known by name only. Only the Sentinel back end carries it.
    Opaque {
        /// The name as written.
        name: String,
        /// Its arguments as far as they are scalar.
        arguments: Vec<Expr>,
    },
}

/// Arithmetic operators. Their meaning on each pair of types is `eval`'s.
///
/// <https://learn.microsoft.com/kusto/query/numerical-operators>
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ArithmeticOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`; truncates on whole numbers.
    Divide,
    /// `%`; never negative.
    Modulo,
}

impl ArithmeticOp {
    /// KQL's symbol.
    pub fn symbol(self) -> &'static str {
        match self {
            ArithmeticOp::Add => "+",
            ArithmeticOp::Subtract => "-",
            ArithmeticOp::Multiply => "*",
            ArithmeticOp::Divide => "/",
            ArithmeticOp::Modulo => "%",
        }
    }
}

/// A field reference: a column, and steps into its dynamic (or JSON text) value.
///
/// Steps on a `string` column mean `parse_json` first.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct Path {
    /// The column.
    pub column: ColumnId,
    /// The way inside it; empty for the column itself.
    pub steps: Vec<Step>,
}

/// One step into a dynamic value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A property.
    Key(String),
    /// An array element; negative counts from the end.
    Index(i64),
}

impl Expr {
    /// A constant.
    pub fn literal(value: Value, origins: Origins) -> Expr {
        Expr { ty: value.ty(), kind: ExprKind::Literal(value), origins }
    }

    /// A whole column.
    pub fn column(column: ColumnId, ty: Type, origins: Origins) -> Expr {
        Expr { kind: ExprKind::Path(Path { column, steps: Vec::new() }), ty, origins }
    }

    /// A predicate as a value; a predicate that only wraps a `bool` expression is unwrapped.
    pub fn truth(predicate: Predicate) -> Expr {
        Expr { kind: ExprKind::Truth(Box::new(predicate)), ty: Type::Bool, origins: Origins::none() }
    }

    /// The constant's value.
    pub fn as_literal(&self) -> Option<&Value> {
        match &self.kind {
            ExprKind::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// The constant's text, if it is a string.
    pub fn as_text(&self) -> Option<&str> {
        self.as_literal().and_then(Value::as_str)
    }

    /// The field, if that is all it is.
    pub fn as_path(&self) -> Option<&Path> {
        match &self.kind {
            ExprKind::Path(path) => Some(path),
            _ => None,
        }
    }

    /// Its direct scalar operands. Those of an inner predicate are the predicate's.
    pub fn operands(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Literal(_)
            | ExprKind::Path(_)
            | ExprKind::Now { .. }
            | ExprKind::Truth(_)
            | ExprKind::Scalar(_) => Vec::new(),
            ExprKind::Arithmetic(_, left, right) | ExprKind::Index(left, right) => vec![left, right],
            ExprKind::Call(_, arguments) | ExprKind::Opaque { arguments, .. } => arguments.iter().collect(),
        }
    }

    /// The direct operands, to change them.
    pub fn operands_mut(&mut self) -> Vec<&mut Expr> {
        match &mut self.kind {
            ExprKind::Literal(_)
            | ExprKind::Path(_)
            | ExprKind::Now { .. }
            | ExprKind::Truth(_)
            | ExprKind::Scalar(_) => Vec::new(),
            ExprKind::Arithmetic(_, left, right) | ExprKind::Index(left, right) => vec![left, right],
            ExprKind::Call(_, arguments) | ExprKind::Opaque { arguments, .. } => arguments.iter_mut().collect(),
        }
    }

    /// Calls `visit` on this expression and every one inside it, predicates included, parents first.
    pub fn walk(&self, visit: &mut dyn FnMut(&Expr)) {
        visit(self);
        for operand in self.operands() {
            operand.walk(visit);
        }
        if let ExprKind::Truth(predicate) = &self.kind {
            predicate.walk_exprs(visit);
        }
    }

    /// The same expression with all its leaves standing elsewhere: a definition that is put in place.
    pub fn moved(mut self) -> Expr {
        self.move_away();
        self
    }

    pub(super) fn move_away(&mut self) {
        self.origins = std::mem::take(&mut self.origins).moved();
        for operand in self.operands_mut() {
            operand.move_away();
        }
        if let ExprKind::Truth(predicate) = &mut self.kind {
            predicate.move_away();
        }
    }

    /// All origins: its own and those of everything inside it.
    pub fn all_origins(&self) -> Origins {
        let mut origins = self.origins.clone();
        for operand in self.operands() {
            origins.extend(&operand.all_origins());
        }
        if let ExprKind::Truth(predicate) = &self.kind {
            origins.extend(&predicate.all_origins());
        }
        origins
    }

    /// The columns it reads, each once, in order of first use.
    pub fn columns(&self) -> Vec<ColumnId> {
        let mut columns = Vec::new();
        self.walk(&mut |expr| {
            if let ExprKind::Path(path) = &expr.kind
                && !columns.contains(&path.column)
            {
                columns.push(path.column);
            }
        });
        columns
    }
}
