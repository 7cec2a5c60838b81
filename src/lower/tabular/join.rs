//! `join` and `lookup`: which rows may meet, and the names and types of what they yield.

use std::rc::Rc;

use crate::diagnostic::Code;
use crate::ir::{
    self, ColumnId, Join, JoinColumn, JoinKey, JoinKind, KeyTest, Operator, RelationId, Schema, Side, Type,
};
use crate::kql::{self, ast};
use crate::lower::name::Environment;
use crate::lower::{Lowerer, Result};
use crate::span::Span;

impl Lowerer<'_> {
    /// `join`: the left side's columns, then the right side's, those whose name is taken with a number behind it;
    /// semi and anti joins keep one side's. `lookup` leaves the right side's keys out.
    ///
    /// <https://learn.microsoft.com/kusto/query/join-operator>,
    /// <https://learn.microsoft.com/kusto/query/lookup-operator>
    pub(super) fn join(
        &mut self,
        left: RelationId,
        operator: &ast::Operator,
        join: &ast::Join,
        is_lookup: bool,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let right = self.relation(&join.right, environment)?;
        let mut keys = Vec::new();
        let mut failed = false;
        for key in &join.on {
            failed |= self.keys(key, left, right, environment, &mut keys).is_err();
        }
        if failed {
            return Err(crate::lower::Reported);
        }
        let default = if is_lookup { "leftouter" } else { "innerunique" };
        let kind = JoinKind::from_name(join.kind.as_ref().map_or(default, |kind| kind.text.as_str()));
        let left_out = |keys: &[JoinKey]| match is_lookup {
            true => keys.iter().map(|key| key.right).collect(),
            false => Vec::new(),
        };
        let Some(kind) = kind.filter(|_| join.predicate.is_none()) else {
            // `join … where` compares rows of both sides under names of its own, which are not bound here.
            let mut inputs = vec![left, right];
            let mut arguments = Vec::new();
            let functions = self.use_names(&kql::names(operator), environment, &mut inputs, &mut arguments);
            let (schema, _) = self.pairs(left, right, &left_out(&keys));
            let relation = self.opaque_around(&[join.right.span], operator, inputs, arguments, schema);
            self.query.relation_mut(relation).origins.extend(&functions);
            return Ok(relation);
        };
        let (schema, columns) = match kind.side() {
            Some(Side::Left) => (self.query.relation(left).schema.clone(), Vec::new()),
            Some(Side::Right) => (self.query.relation(right).schema.clone(), Vec::new()),
            None => self.pairs(left, right, &left_out(&keys)),
        };
        let op = Operator::Join(Join { kind, left, right, keys, columns });
        Ok(self.stage_around(&[join.right.span], operator, op, schema))
    }

    /// One key: a column of both sides, `$left.a == $right.b`, or several of these with `and` between them.
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is a key")]
    fn keys(
        &mut self,
        key: &ast::Expr,
        left: RelationId,
        right: RelationId,
        environment: &Rc<Environment>,
        keys: &mut Vec<JoinKey>,
    ) -> Result<()> {
        let (left_name, right_name) = match &key.kind {
            ast::ExprKind::Binary { op: ast::BinaryOp::And, left: first, right: second, .. } => {
                let first = self.keys(first, left, right, environment, keys);
                let second = self.keys(second, left, right, environment, keys);
                return first.and(second);
            }
            ast::ExprKind::Binary { op: ast::BinaryOp::Equal, left: first, right: second, .. } => {
                match (side(first), side(second)) {
                    (Some(("$left", first)), Some(("$right", second)))
                    | (Some(("$right", second)), Some(("$left", first))) => (first, second),
                    _ => return self.no_key(key.span),
                }
            }
            ast::ExprKind::Name(name) => (name, name),
            _ => return self.no_key(key.span),
        };
        let Some(left) = self.find_column(left, &left_name.text) else {
            return self.unknown_column(left, environment, left_name);
        };
        let Some(right) = self.find_column(right, &right_name.text) else {
            return self.unknown_column(right, environment, right_name);
        };
        let types = [self.query.column(left).ty, self.query.column(right).ty];
        if types.contains(&Type::Dynamic) {
            let help = "convert it before the join, for example with `tostring(…)`".to_owned();
            return self.error_with_help(
                Code::WrongType,
                key.span,
                "a join key cannot be of type dynamic".to_owned(),
                Some(help),
            );
        }
        if types[0] != types[1] && !types.contains(&Type::Unknown) && !types.iter().all(|ty| ty.is_number()) {
            let message = format!("the join keys are of types {} and {}", types[0].name(), types[1].name());
            let help = "convert one of them before the join".to_owned();
            return self.error_with_help(Code::WrongType, key.span, message, Some(help));
        }
        let known = if types[0] == Type::Unknown { types[1] } else { types[0] };
        for column in [left, right] {
            self.query.column_mut(column).ty = known;
        }
        keys.push(JoinKey { left, right, test: KeyTest::Equal });
        Ok(())
    }

    fn no_key(&mut self, span: Span) -> Result<()> {
        let help = "a key is a column of both sides, or `$left.a == $right.b`".to_owned();
        self.error_with_help(Code::WrongType, span, "this is no join key".to_owned(), Some(help))
    }

    /// The columns of both sides; the right side's are new ones, for both sides may come from one table.
    pub(super) fn pairs(
        &mut self,
        left: RelationId,
        right: RelationId,
        left_out: &[ColumnId],
    ) -> (Schema, Vec<JoinColumn>) {
        let mut schema = self.query.relation(left).schema.clone();
        let other = self.query.relation(right).schema.clone();
        let mut taken: Vec<String> =
            schema.columns.iter().map(|column| self.query.column(*column).name.clone()).collect();
        let mut columns = Vec::new();
        for source in other.columns.iter().filter(|column| !left_out.contains(column)) {
            let ir::Column { name, ty, lineage } = self.query.column(*source).clone();
            let name = std::iter::once(name.clone())
                .chain((1..).map(|number: usize| format!("{name}{number}")))
                .find(|name| !taken.contains(name))
                .expect("numbers do not run out");
            taken.push(name.clone());
            let column = self.query.add_column(ir::Column { name, ty, lineage });
            schema.columns.push(column);
            columns.push(JoinColumn { column, left: None, right: Some(*source) });
        }
        schema.open |= other.open;
        (schema, columns)
    }
}

/// `$left.a` as the side and the column.
fn side(expr: &ast::Expr) -> Option<(&str, &ast::Name)> {
    let ast::ExprKind::Member { object, name } = &expr.kind else { return None };
    let ast::ExprKind::Name(side) = &object.kind else { return None };
    Some((side.text.as_str(), name))
}
