//! Columns replaced by what they stand for.

use std::collections::BTreeMap;

use super::{ColumnId, Expr, ExprKind, Path, Predicate, PredicateKind, Step, Test, Type, Value};
use crate::span::Origins;

impl Expr {
    /// The expression with columns replaced by what they stand for; steps into one become steps into its definition.
    pub fn placed(&self, columns: &BTreeMap<ColumnId, Expr>) -> Expr {
        let mut placed = self.clone();
        match &mut placed.kind {
            ExprKind::Path(path) => {
                let Some(definition) = columns.get(&path.column) else { return placed };
                return with_steps(definition, &path.steps, &self.origins);
            }
            ExprKind::Truth(predicate) => **predicate = predicate.placed(columns),
            _ => {}
        }
        for operand in placed.operands_mut() {
            *operand = operand.placed(columns);
        }
        placed
    }
}

impl Predicate {
    /// The predicate with columns replaced by what they stand for.
    pub fn placed(&self, columns: &BTreeMap<ColumnId, Expr>) -> Predicate {
        let mut placed = self.clone();
        match &mut placed.kind {
            PredicateKind::And(parts) | PredicateKind::Or(parts) => {
                for part in parts {
                    *part = part.placed(columns);
                }
            }
            PredicateKind::Not(part) => **part = part.placed(columns),
            PredicateKind::Test(test) => {
                let subject = test.subject.placed(columns);
                let mut op = test.op.clone();
                for operand in op.operands_mut() {
                    *operand = operand.placed(columns);
                }
                *test = Test::new(subject, op);
            }
            PredicateKind::Const(_) => {}
        }
        placed
    }
}

fn with_steps(definition: &Expr, steps: &[Step], origins: &Origins) -> Expr {
    // The table's own columns are what they are; an assigned column's definition stands elsewhere.
    let mut value = definition.clone().moved();
    value.origins.extend(origins);
    if let ExprKind::Path(path) = &value.kind
        && !steps.is_empty()
    {
        let steps = path.steps.iter().chain(steps).cloned().collect();
        value.kind = ExprKind::Path(Path { column: path.column, steps });
        value.ty = Type::Dynamic;
        return value;
    }
    steps.iter().fold(value, |value, step| {
        let index = match step {
            Step::Key(key) => Value::String(key.clone()),
            Step::Index(position) => Value::Long(*position),
        };
        let kind = ExprKind::Index(Box::new(value), Box::new(Expr::literal(index, Origins::none())));
        Expr { kind, ty: Type::Dynamic, origins: Origins::none() }
    })
}
