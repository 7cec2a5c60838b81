//! `union`: rows of several tables, and which columns meet.

use std::rc::Rc;

use crate::ir::{self, Assignment, Expr, Operator, RelationId, Schema, Type, UnionColumn, Value};
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
        let parameter = |wanted: &[&str]| {
            parameters.iter().find(|(name, _)| wanted.contains(&name.text.as_str())).map(|(_, value)| &value.kind)
        };
        let source = match parameter(&["withsource", "with_source"]) {
            Some(ast::ExprKind::Name(name)) => Some(name.clone()),
            _ => None,
        };
        let is_inner = matches!(parameter(&["kind"]), Some(ast::ExprKind::Name(kind)) if kind.text == "inner");
        let mut inputs = Vec::new();
        let mut failed = false;
        if let Some(input) = input {
            let name = self.origin_table(input).unwrap_or_else(|| "union_arg0".to_owned());
            inputs.push(self.with_source(input, source.as_ref(), &name));
        }
        for table in tables.iter().filter(|table| !wildcard(table)) {
            let Ok(leg) = self.relation(table, environment) else {
                failed = true;
                continue;
            };
            let name = source_name(table).unwrap_or_else(|| format!("union_arg{}", inputs.len()));
            inputs.push(self.with_source(leg, source.as_ref(), &name));
        }
        if failed {
            return Err(crate::lower::Reported);
        }
        let mut columns = self.union_columns(&inputs);
        if let Some(source) = &source
            && let Some(place) = columns.iter().position(|union| self.query.column(union.column).name == source.text)
        {
            let source = columns.remove(place);
            columns.insert(0, source);
        }
        if is_inner {
            columns.retain(|union| union.sources.iter().all(Option::is_some));
        }
        let open = inputs.iter().any(|input| self.query.relation(*input).schema.open) && !is_inner;
        let mut schema = Schema { columns: columns.iter().map(|union| union.column).collect(), open };
        let legs: Vec<Span> = tables.iter().filter(|table| !wildcard(table)).map(|table| table.span).collect();
        if !tables.iter().any(wildcard) {
            return Ok(self.stage_around(&legs, operator, Operator::Union { inputs, columns }, schema));
        }
        // Which tables there are is known to the workspace alone.
        schema.open = true;
        Ok(self.opaque_around(&legs, operator, inputs, Vec::new(), schema))
    }

    /// The table that a pipeline starts from.
    pub(in crate::lower) fn origin_table(&self, relation: RelationId) -> Option<String> {
        let op = &self.query.relation(relation).op;
        if let Operator::Table { name } = op {
            return Some(name.clone());
        }
        match op.inputs().as_slice() {
            [only] => self.origin_table(*only),
            _ => None,
        }
    }

    /// A leg with the name of its table in a column.
    pub(in crate::lower) fn with_source(
        &mut self,
        leg: RelationId,
        source: Option<&ast::Name>,
        name: &str,
    ) -> RelationId {
        let Some(source) = source else { return leg };
        let value = Expr::literal(Value::String(name.to_owned()), source.span.into());
        let column = self.computed(source.text.clone(), &value);
        let mut schema = self.query.relation(leg).schema.clone();
        schema.columns.insert(0, column);
        let op = Operator::Extend { input: leg, columns: vec![Assignment { column, value }] };
        let relation = self.query.add(ir::Relation { op, schema, origins: Origins::none() });
        self.inherit_hidden(leg, relation);
        relation
    }

    pub(in crate::lower) fn union_columns(&mut self, inputs: &[RelationId]) -> Vec<UnionColumn> {
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
        let plain: Vec<String> =
            met.iter().zip(&clashes).filter(|(_, clash)| !**clash).map(|((name, ..), _)| name.clone()).collect();
        met.into_iter()
            .zip(clashes)
            .map(|((name, ty, sources), clash)| {
                let name = if clash {
                    // A column that is called so already keeps its name.
                    let typed = format!("{name}_{}", ty.name());
                    let numbered = (1..).map(|number: usize| format!("{typed}{number}"));
                    let mut names = std::iter::once(typed.clone()).chain(numbered);
                    names.find(|name| !plain.contains(name)).expect("numbers do not run out")
                } else {
                    name
                };
                let lineage = match sources.as_slice() {
                    [Some(only)] => self.query.column(*only).lineage.clone(),
                    _ => None,
                };
                UnionColumn { column: self.query.add_column(ir::Column { name, ty, lineage }), sources }
            })
            .collect()
    }
}

/// What `withsource` calls a leg: what `as` calls it, else the table that its pipeline starts from.
#[expect(clippy::wildcard_enum_match_arm, reason = "nothing else has a name")]
fn source_name(table: &ast::Expr) -> Option<String> {
    match &table.kind {
        ast::ExprKind::Name(name) => Some(name.text.clone()),
        ast::ExprKind::Pipe { source, operators } => {
            let named = operators.iter().rev().find_map(|operator| match &operator.kind {
                ast::OperatorKind::As(name) => Some(name.text.clone()),
                _ => None,
            });
            named.or_else(|| source_name(source))
        }
        _ => None,
    }
}
