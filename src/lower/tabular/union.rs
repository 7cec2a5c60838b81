//! `union`: rows of several tables, and which columns meet.

use std::rc::Rc;

use crate::ir::{self, Operator, RelationId, Schema, Type, UnionColumn};
use crate::kql::ast;
use crate::lower::name::Environment;
use crate::lower::{Lowerer, Result};
use crate::span::{Origins, Span};

impl Lowerer<'_> {
    /// `union`: a bag of all rows; columns meet by name and type, a name with several types becomes `name_type`.
    ///
    /// <https://learn.microsoft.com/kusto/query/union-operator>
    pub(super) fn union(
        &mut self,
        input: Option<RelationId>,
        operator: &ast::Operator,
        parameters: &[(ast::Name, ast::Expr)],
        tables: &[ast::Expr],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let wildcard = |table: &ast::Expr| {
            matches!(&table.kind, ast::ExprKind::Star)
                || matches!(&table.kind, ast::ExprKind::Name(name) if name.text.contains('*'))
        };
        let only_fuzzy = parameters.iter().all(|(name, _)| name.text == "isfuzzy");
        let named: Vec<Result<RelationId>> = input
            .into_iter()
            .map(Ok)
            .chain(tables.iter().filter(|table| !wildcard(table)).map(|table| self.relation(table, environment)))
            .collect();
        let inputs = named.into_iter().collect::<Result<Vec<RelationId>>>()?;
        let columns = self.union_columns(&inputs);
        let some_open = inputs.iter().any(|input| self.query.relation(*input).schema.open);
        let mut schema = Schema { columns: columns.iter().map(|union| union.column).collect(), open: some_open };
        if only_fuzzy && !tables.iter().any(wildcard) {
            let mut origins = Origins::from(operator.keyword.span);
            for (_, value) in parameters {
                origins.extend(&self.leaves_in(value.span));
            }
            return Ok(self.query.add(ir::Relation { op: Operator::Union { inputs, columns }, schema, origins }));
        }
        for (name, value) in parameters {
            if matches!(name.text.as_str(), "withsource" | "with_source")
                && let ast::ExprKind::Name(source) = &value.kind
            {
                let source = self.new_column(&source.text, Type::String);
                schema.columns.insert(0, source);
            }
        }
        schema.open |= tables.iter().any(wildcard);
        let legs: Vec<Span> = tables.iter().filter(|table| !wildcard(table)).map(|table| table.span).collect();
        Ok(self.opaque_around(&legs, operator, inputs, Vec::new(), schema))
    }

    pub(super) fn union_columns(&mut self, inputs: &[RelationId]) -> Vec<UnionColumn> {
        // (name, type) in order of first appearance, with the column of each input.
        let mut met: Vec<(String, Type, Vec<Option<ir::ColumnId>>)> = Vec::new();
        for (position, input) in inputs.iter().enumerate() {
            for column in self.query.relation(*input).schema.columns.clone() {
                let ir::Column { name, ty, .. } = self.query.column(column).clone();
                let place = met.iter().position(|(other, other_type, sources)| {
                    *other == name
                        && sources[position].is_none()
                        && (*other_type == ty || ty == Type::Unknown || *other_type == Type::Unknown)
                });
                // Columns of one name stand together.
                let place = place.unwrap_or_else(|| {
                    let namesake = met.iter().rposition(|(other, ..)| *other == name);
                    let place = namesake.map_or(met.len(), |namesake| namesake + 1);
                    met.insert(place, (name, ty, vec![None; inputs.len()]));
                    place
                });
                met[place].2[position] = Some(column);
                if met[place].1 == Type::Unknown {
                    met[place].1 = ty;
                }
            }
        }
        let clashes: Vec<bool> =
            met.iter().map(|(name, _, _)| met.iter().filter(|(other, _, _)| other == name).count() > 1).collect();
        met.into_iter()
            .zip(clashes)
            .map(|((name, ty, sources), clash)| {
                let name = if clash { format!("{name}_{}", ty.name()) } else { name };
                let lineage = match sources.as_slice() {
                    [Some(only)] => self.query.column(*only).lineage.clone(),
                    _ => None,
                };
                UnionColumn { column: self.query.add_column(ir::Column { name, ty, lineage }), sources }
            })
            .collect()
    }
}
