//! Statistical operators: `make-series`, `top-nested` and the like. What they compute has no meaning here yet; what they
//! yield has names and types.

use std::rc::Rc;

use crate::diagnostic::Code;
use crate::ir::{self, Assignment, Expr, Operator, RelationId, Schema, Series, Type};
use crate::kql::{self, ast};
use crate::lower::label::Names;
use crate::lower::name::Environment;
use crate::lower::scalar::Scope;
use crate::lower::{Lowerer, Result};
use crate::span::Origins;

impl Lowerer<'_> {
    /// `make-series`: the keys, then arrays: of each aggregate, and of the axis.
    ///
    /// <https://learn.microsoft.com/kusto/query/make-series-operator>
    pub(super) fn make_series(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        series: &ast::OperatorKind,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let ast::OperatorKind::MakeSeries { aggregates, on, range, keys } = series else {
            unreachable!("the caller looked")
        };
        let scope = Scope::row(environment, input);
        let mut names = self.names_over(input);
        let (keys, mut columns) = self.group_keys(keys, &scope, &mut names)?;
        let mut series = Vec::new();
        let mut unread = Vec::new();
        for (aggregate, default) in aggregates {
            let default = match default {
                Some(default) => Some(self.scalar(default, &scope)?),
                None => None,
            };
            let found = self.series_aggregate(aggregate, input, &scope, &mut names)?;
            for column in &found.columns {
                self.query.column_mut(*column).ty = Type::Dynamic;
            }
            columns.extend(found.columns);
            match found.aggregation {
                Some(aggregation) => series.push((aggregation, default)),
                None => unread.extend(found.arguments.into_iter().chain(default)),
            }
        }
        let axis = self.scalar(&on.value, &scope)?;
        let name = self.label(on, &axis, &mut names);
        let axis = Assignment { column: self.new_column(&name, Type::Dynamic), value: axis };
        columns.push(axis.column);
        let constant = Scope::constant(environment);
        let mut bound = |bound: &ast::Expr| self.scalar(bound, &constant);
        let ([from, to], step, closed) = match range {
            ast::SeriesRange::Steps { from, to, step } => {
                let mut optional = |bounds: &Option<ast::Expr>| bounds.as_ref().map(&mut bound).transpose();
                ([optional(from)?, optional(to)?], bound(step)?, false)
            }
            ast::SeriesRange::In(bounds) => {
                let [from, to, step] = bounds.as_slice() else {
                    let message = "expected `in range(start, stop, step)`";
                    return self.error(Code::WrongArguments, operator.keyword.span, message);
                };
                ([Some(bound(from)?), Some(bound(to)?)], bound(step)?, true)
            }
        };
        let schema = Schema { columns, open: false };
        if !unread.is_empty() {
            let grouped = keys.into_iter().map(|key| key.value);
            let known = series.into_iter().flat_map(|(aggregation, default)| {
                let condition = aggregation.aggregate.filter.map(Expr::truth);
                aggregation.aggregate.arguments.into_iter().chain(condition).chain(default)
            });
            let bounds = from.into_iter().chain(to).chain([step, axis.value]);
            let arguments = grouped.chain(known).chain(unread).chain(bounds).collect();
            return Ok(self.opaque(operator, vec![input], arguments, schema));
        }
        let op = Operator::Series(Series { input, keys, aggregates: series, axis, from, to, step, closed });
        Ok(self.stage(operator, op, schema))
    }

    /// `top-nested`: at each level the value and what the levels are ordered by.
    ///
    /// <https://learn.microsoft.com/kusto/query/top-nested-operator>
    pub(super) fn top_nested(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        levels: &[ast::TopNested],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let scope = Scope::row(environment, input);
        let mut names = Names::default();
        let mut columns = Vec::new();
        let mut arguments = Vec::new();
        for level in levels {
            let value = self.scalar(&level.of.value, &scope)?;
            let name = self.label(&level.of, &value, &mut names);
            columns.push(self.new_column(&name, value.ty));
            arguments.push(value);
            let by = match &level.by.name {
                Some(by) => names.claim(&by.text),
                None => names.fresh(Some(format!("aggregated_{name}"))),
            };
            let aggregate = ast::Column { names: Vec::new(), value: level.by.value.clone() };
            let ordered = self.aggregate_columns(&aggregate, input, &scope, &mut Names::default(), &mut arguments)?;
            let ty = ordered.first().map_or(Type::Unknown, |column| self.query.column(*column).ty);
            columns.push(self.new_column(&by, ty));
        }
        let schema = Schema { columns, open: false };
        let mut inputs = vec![input];
        let rest = self.use_names(&kql::names(operator), environment, &mut inputs, &mut arguments);
        let relation = self.opaque(operator, inputs, arguments, schema);
        self.query.relation_mut(relation).origins.extend(&rest);
        Ok(relation)
    }

    /// `top-hitters`: the values and an estimate of how many, or how much, there is of each.
    ///
    /// <https://learn.microsoft.com/kusto/query/top-hitters-operator>
    pub(super) fn top_hitters(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        of: &ast::Column,
        by: Option<&ast::Column>,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let scope = Scope::row(environment, input);
        let value = self.scalar(&of.value, &scope)?;
        let name = self.column_name(of, &value);
        let mut arguments = vec![value.clone()];
        let estimate = match by {
            Some(by) => {
                let weight = self.scalar(&by.value, &scope)?;
                let estimate = (format!("approximate_sum_{}", self.column_name(by, &weight)), weight.ty);
                arguments.push(weight);
                estimate
            }
            None => (format!("approximate_count_{name}"), Type::Long),
        };
        let schema = self.closed(&[(&name, value.ty), (&estimate.0, estimate.1)]);
        Ok(self.opaque(operator, vec![input], arguments, schema))
    }

    /// `sample-distinct`: some of a column's values.
    ///
    /// <https://learn.microsoft.com/kusto/query/sample-distinct-operator>
    pub(super) fn sample_distinct(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        count: &ast::Expr,
        of: &ast::Column,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let (count, count_origins) = self.count(count, environment)?;
        let value = self.scalar(&of.value, &Scope::row(environment, input))?;
        let name = self.column_name(of, &value);
        let key = Assignment { column: self.computed(name, &value), value };
        let schema = Schema { columns: vec![key.column], open: false };
        // Any of the distinct values.
        let op = Operator::Summarize { input, keys: vec![key], aggregates: Vec::new(), rest: None };
        let origins = Origins::from(operator.keyword.span).and(&count_origins);
        let distinct = self.query.add(ir::Relation { op, schema, origins });
        Ok(self.like_input(distinct, Operator::Take { input: distinct, count }, Origins::none()))
    }

    /// `reduce`: patterns that a column's values have in common.
    ///
    /// <https://learn.microsoft.com/kusto/query/reduce-operator>
    pub(super) fn reduce(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        by: &ast::Column,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let value = self.scalar(&by.value, &Scope::row(environment, input))?;
        let schema =
            self.closed(&[("Pattern", Type::String), ("Count", Type::Long), ("Representative", Type::String)]);
        Ok(self.opaque(operator, vec![input], vec![value], schema))
    }

    /// The name that a single column of an operator has.
    fn column_name(&self, column: &ast::Column, value: &Expr) -> String {
        let named = column.names.first().map(|name| name.text.clone());
        named.or_else(|| self.default_name(value, &column.value)).unwrap_or_else(|| "Column1".to_owned())
    }
}
