//! `summarize`: keys, aggregates, and expressions over aggregates.

use std::rc::Rc;

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::ir::{
    self, Aggregate, AggregateFunction, Aggregation, Assignment, ColumnId, Expr, RelationId, Rest, Type, Value,
};
use crate::kql::{ast, builtin};
use crate::span::Origins;

use super::label::Names;
use super::name::{Binding, Environment, suggestion};
use super::scalar::Scope;
use super::{Lowerer, Result};

/// The aggregate of a name, and whether its last argument is a condition.
fn aggregate(name: &str) -> Option<(AggregateFunction, bool)> {
    Some(match name {
        "any" | "take_any" => (AggregateFunction::TakeAny, false),
        "anyif" | "take_anyif" => (AggregateFunction::TakeAny, true),
        "argmax" => (AggregateFunction::ArgMax, false),
        "argmin" => (AggregateFunction::ArgMin, false),
        "makelist" => (AggregateFunction::MakeList, false),
        "makeset" => (AggregateFunction::MakeSet, false),
        "make_dictionary" => (AggregateFunction::MakeBag, false),
        "merge_tdigest" => (AggregateFunction::TdigestMerge, false),
        "covarianceif" => (AggregateFunction::Covariance, true),
        "covariancepif" => (AggregateFunction::CovarianceP, true),
        "hll_if" => (AggregateFunction::Hll, true),
        "make_bag_if" => (AggregateFunction::MakeBag, true),
        "make_list_if" => (AggregateFunction::MakeList, true),
        "make_set_if" => (AggregateFunction::MakeSet, true),
        "count_distinctif" => (AggregateFunction::CountDistinct, true),
        "countif" => (AggregateFunction::Count, true),
        "dcountif" => (AggregateFunction::DCount, true),
        "sumif" => (AggregateFunction::Sum, true),
        "avgif" => (AggregateFunction::Avg, true),
        "minif" => (AggregateFunction::Min, true),
        "maxif" => (AggregateFunction::Max, true),
        "stdevif" => (AggregateFunction::StDev, true),
        "stdevpif" => (AggregateFunction::StDevP, true),
        "varianceif" => (AggregateFunction::Variance, true),
        "variancepif" => (AggregateFunction::VarianceP, true),
        name => (*AggregateFunction::ALL.iter().find(|function| function.name() == name)?, false),
    })
}

/// The prefix of an unnamed aggregate's column.
fn prefix(name: &str) -> &str {
    match name {
        "make_bag" | "make_bag_if" => "bag",
        "make_list" | "makelist" | "make_list_if" | "make_list_with_nulls" => "list",
        "make_set" | "makeset" | "make_set_if" => "set",
        "argmax" => "max",
        "argmin" => "min",
        "buildschema" => "schema",
        "percentiles_array" | "percentilesw_array" => "percentiles",
        "percentilew" => "percentile",
        other => other,
    }
}

/// How many expressions an aggregate is over; parameters follow them.
#[expect(clippy::wildcard_enum_match_arm, reason = "most aggregates are over one")]
fn expressions(function: AggregateFunction) -> usize {
    match function {
        AggregateFunction::Count => 0,
        AggregateFunction::Covariance
        | AggregateFunction::CovarianceP
        | AggregateFunction::PercentileWeighted
        | AggregateFunction::PercentilesWeightedArray => 2,
        _ => 1,
    }
}

/// Whether an aggregate's parameters are percentages.
fn takes_shares(function: AggregateFunction) -> bool {
    matches!(
        function,
        AggregateFunction::Percentile
            | AggregateFunction::PercentileWeighted
            | AggregateFunction::PercentilesArray
            | AggregateFunction::PercentilesWeightedArray
    )
}

/// What an expression over aggregates comes to.
struct Aggregated {
    /// The aggregates in it.
    aggregations: Vec<Aggregation>,
    /// The columns that result.
    columns: Vec<ColumnId>,
    /// The value of the one column, where it is computed from the aggregates.
    value: Option<Expr>,
    /// Some aggregate that has no meaning here yet.
    unread: Option<Unread>,
}

/// What stands in an array of `make-series`.
pub(super) struct SeriesAggregate {
    /// The columns that result.
    pub(super) columns: Vec<ColumnId>,
    /// The aggregate, if it has a meaning here.
    pub(super) aggregation: Option<Aggregation>,
    /// What is read otherwise.
    pub(super) arguments: Vec<Expr>,
}

/// An aggregate that has no meaning here yet.
struct Unread {
    /// What it reads.
    arguments: Vec<Expr>,
    /// The columns that result.
    columns: Vec<ColumnId>,
}

impl Lowerer<'_> {
    /// `summarize aggregates by keys`.
    ///
    /// <https://learn.microsoft.com/kusto/query/summarize-operator>
    pub(super) fn summarize(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        aggregates: &[ast::Column],
        keys: &[ast::Column],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let scope = Scope::row(environment, input);
        let mut names = self.names_over(input);
        let (keys, mut columns) = self.group_keys(keys, &scope, &mut names)?;
        let open = self.query.relation(input).schema.open;
        let mut unread = Vec::new();
        let mut aggregations = Vec::new();
        let mut computed = Vec::new();
        let mut rest = None;
        let mut rests = 0;
        for aggregate in aggregates.iter().flat_map(one_percentile_each) {
            if open && takes_all(&aggregate.value) {
                rest = Some(Rest::Aggregate(aggregations.len()));
                rests += 1;
            }
            let aggregated = self.aggregated(&aggregate, input, &keys, &scope, &mut names)?;
            if let (Some(value), [column]) = (aggregated.value, aggregated.columns.as_slice()) {
                computed.push(Assignment { column: *column, value });
            }
            columns.extend(aggregated.columns);
            aggregations.extend(aggregated.aggregations);
            unread.extend(aggregated.unread.into_iter().flat_map(|aggregate| aggregate.arguments));
        }
        let schema = ir::Schema { columns: columns.clone(), open: rest.is_some() };
        if !unread.is_empty() || rests > 1 || rest.is_some() && !computed.is_empty() {
            let grouped = keys.into_iter().map(|key| key.value);
            let known = aggregations.into_iter().flat_map(|aggregation| {
                let condition = aggregation.aggregate.filter.map(Expr::truth);
                aggregation.aggregate.arguments.into_iter().chain(condition)
            });
            let arguments = grouped.chain(known).chain(unread).collect();
            return Ok(self.opaque(operator, vec![input], arguments, schema));
        }
        let origins = Origins::from(operator.keyword.span);
        if computed.is_empty() {
            let op = ir::Operator::Summarize { input, keys, aggregates: aggregations, rest };
            return Ok(self.query.add(ir::Relation { op, schema, origins }));
        }
        // Each aggregate has a column, from which the answer's are computed.
        let grouped: Vec<ColumnId> = keys.iter().map(|key| key.column).collect();
        let inner: Vec<ColumnId> = grouped
            .iter()
            .copied()
            .chain(aggregations.iter().flat_map(|aggregation| aggregation.columns.clone()))
            .collect();
        for column in &inner {
            if !columns.contains(column) {
                let name = names.fresh(Some(self.query.column(*column).name.clone()));
                self.query.column_mut(*column).name = name;
            }
        }
        let op = ir::Operator::Summarize { input, keys, aggregates: aggregations, rest };
        let schema = ir::Schema { columns: inner, open: false };
        let input = self.query.add(ir::Relation { op, schema, origins });
        let assignments = columns
            .iter()
            .map(|column| match computed.iter().position(|assignment| assignment.column == *column) {
                Some(place) => computed.swap_remove(place),
                None => {
                    let value = Expr::column(*column, self.query.column(*column).ty, Origins::none());
                    Assignment { column: *column, value }
                }
            })
            .collect();
        let op = ir::Operator::Project { input, columns: assignments };
        let schema = ir::Schema { columns, open: false };
        Ok(self.query.add(ir::Relation { op, schema, origins: Origins::none() }))
    }

    /// The keys of groups, and their columns.
    pub(super) fn group_keys(
        &mut self,
        keys: &[ast::Column],
        scope: &Scope,
        names: &mut Names,
    ) -> Result<(Vec<Assignment>, Vec<ColumnId>)> {
        let mut lowered = Vec::new();
        for key in keys {
            let value = self.scalar(&key.value, scope)?;
            let name = self.label(key, &value, names);
            lowered.push(Assignment { column: self.computed(name, &value), value });
        }
        let columns = lowered.iter().map(|key| key.column).collect();
        Ok((lowered, columns))
    }

    /// The columns of an aggregate in an operator that has no meaning here yet; what it reads is added to `arguments`.
    pub(super) fn aggregate_columns(
        &mut self,
        aggregate: &ast::Column,
        input: RelationId,
        scope: &Scope,
        names: &mut Names,
        arguments: &mut Vec<Expr>,
    ) -> Result<Vec<ColumnId>> {
        let aggregated = self.aggregated(aggregate, input, &[], scope, names)?;
        for aggregation in aggregated.aggregations {
            arguments.extend(aggregation.aggregate.arguments);
            arguments.extend(aggregation.aggregate.filter.map(Expr::truth));
        }
        arguments.extend(aggregated.unread.into_iter().flat_map(|unread| unread.arguments));
        Ok(aggregated.columns)
    }

    /// An aggregate of `make-series`; a constant stands wherever there are rows.
    pub(super) fn series_aggregate(
        &mut self,
        aggregate: &ast::Column,
        input: RelationId,
        scope: &Scope,
        names: &mut Names,
    ) -> Result<SeriesAggregate> {
        if !contains_aggregate(&aggregate.value)
            && let Ok(value) = self.scalar(&aggregate.value, &Scope::constant(&scope.environment))
        {
            let name = self.label(aggregate, &value, names);
            let column = self.query.add_column(ir::Column { name, ty: value.ty, lineage: None });
            let origins = Origins::none();
            let any =
                Aggregate { function: AggregateFunction::TakeAny, arguments: vec![value], filter: None, origins };
            let aggregation = Aggregation { columns: vec![column], aggregate: any };
            return Ok(SeriesAggregate {
                columns: vec![column],
                aggregation: Some(aggregation),
                arguments: Vec::new(),
            });
        }
        let mut aggregated = self.aggregated(aggregate, input, &[], scope, names)?;
        let is_plain = aggregated.value.is_none() && aggregated.unread.is_none() && aggregated.columns.len() == 1;
        let columns = aggregated.columns;
        if is_plain && let Some(aggregation) = aggregated.aggregations.pop() {
            return Ok(SeriesAggregate { columns, aggregation: Some(aggregation), arguments: Vec::new() });
        }
        let mut arguments: Vec<Expr> = aggregated.value.into_iter().collect();
        for aggregation in aggregated.aggregations {
            arguments.extend(aggregation.aggregate.arguments);
            arguments.extend(aggregation.aggregate.filter.map(Expr::truth));
        }
        arguments.extend(aggregated.unread.into_iter().flat_map(|unread| unread.arguments));
        Ok(SeriesAggregate { columns, aggregation: None, arguments })
    }

    /// An aggregate, or an expression over aggregates and constants such as `round(avg(x), 2)`.
    fn aggregated(
        &mut self,
        column: &ast::Column,
        input: RelationId,
        keys: &[Assignment],
        scope: &Scope,
        names: &mut Names,
    ) -> Result<Aggregated> {
        if aggregate_call(&column.value).is_some() {
            return Ok(match self.aggregation(column, input, keys, scope, names)? {
                Ok(aggregation) => Aggregated {
                    columns: aggregation.columns.clone(),
                    aggregations: vec![aggregation],
                    value: None,
                    unread: None,
                },
                Err(unread) => Aggregated {
                    columns: unread.columns.clone(),
                    aggregations: Vec::new(),
                    value: None,
                    unread: Some(unread),
                },
            });
        }
        if let ast::ExprKind::Call { name, .. } = &column.value.kind
            && !contains_aggregate(&column.value)
            && !builtin::is_function(&name.text)
            && scope.environment.get(&name.text).is_none()
        {
            let message = format!("no aggregate `{}`", name.text);
            let found = suggestion(&name.text, builtin::aggregates().iter().copied());
            let error = Diagnostic::error(Code::UnknownFunction, Place::Query(name.span), message);
            self.diagnostics.push(error.with_similar(found));
            return Err(super::Reported);
        }
        let mut calls = Vec::new();
        let outer = take_aggregates(&column.value, &mut calls);
        let mut inner_names = Names::default();
        let mut aggregations = Vec::new();
        let mut unread: Option<Unread> = None;
        let mut environment = Rc::clone(&scope.environment);
        for (name, call) in calls {
            let call = ast::Column { names: Vec::new(), value: call };
            let (result, aggregation) = match self.aggregation(&call, input, keys, scope, &mut inner_names)? {
                Ok(aggregation) => (aggregation.columns[0], Some(aggregation)),
                Err(found) => {
                    let first = found.columns.first().copied();
                    let first = first.unwrap_or_else(|| {
                        self.query.add_column(ir::Column { name: String::new(), ty: Type::Unknown, lineage: None })
                    });
                    match &mut unread {
                        Some(unread) => unread.arguments.extend(found.arguments),
                        None => unread = Some(found),
                    }
                    (first, None)
                }
            };
            aggregations.extend(aggregation);
            let value = Expr::column(result, self.query.column(result).ty, Origins::none());
            environment = environment.with(&name, Binding::Scalar(value), name.span);
        }
        let said = self.diagnostics.len();
        let value = match self.scalar(&outer, &Scope::constant(&environment)) {
            Ok(value) => value,
            Err(_) if aggregations.is_empty() && unread.is_none() => {
                // A column that is not aggregated, not a name that is missing.
                self.diagnostics.truncate(said);
                let message = "expected an aggregate such as `count()`";
                return self.error(Code::WrongType, column.value.span, message);
            }
            Err(reported) => return Err(reported),
        };
        let name = match column.names.first() {
            Some(name) => names.claim(&name.text),
            None => names.fresh(self.default_name(&value, &outer)),
        };
        let result = self.query.add_column(ir::Column { name, ty: value.ty, lineage: None });
        if let Some(unread) = &mut unread {
            unread.arguments.push(value.clone());
        }
        Ok(Aggregated { aggregations, columns: vec![result], value: Some(value), unread })
    }

    /// One aggregate with the columns it yields.
    fn aggregation(
        &mut self,
        column: &ast::Column,
        input: RelationId,
        keys: &[Assignment],
        scope: &Scope,
        names: &mut Names,
    ) -> Result<std::result::Result<Aggregation, Unread>> {
        let Some((name, arguments)) = aggregate_call(&column.value) else { unreachable!("the caller looked") };
        let Some((function, conditional)) = aggregate(&name.text) else {
            return self.unread_aggregate(column, name, arguments, scope, names).map(Err);
        };
        // `countif(p)`, `covarianceif(x, y, p)`; all others have the condition second: `dcountif(x, p, accuracy)`.
        let position = expressions(function);
        let (condition, arguments) = if conditional {
            let Some(condition) = arguments.get(position) else {
                return self.wrong_arguments(name, "a condition", arguments.len());
            };
            let condition = self.predicate(&condition.value, scope)?;
            let rest: Vec<ast::Argument> = [&arguments[..position], &arguments[position + 1..]].concat();
            (Some(condition), rest)
        } else {
            (None, arguments.to_vec())
        };
        let arguments = arguments.as_slice();
        let mut open = false;
        let mut values = Vec::new();
        let mut all_columns = false;
        for argument in arguments {
            if matches!(argument.value.kind, ast::ExprKind::Star) {
                open |= self.query.relation(input).schema.open;
                all_columns = true;
                // Columns that the rows are grouped by are in the answer already.
                let grouped = |column: ir::ColumnId| {
                    keys.iter().any(|key| {
                        key.value.as_path().is_some_and(|path| path.column == column && path.steps.is_empty())
                    })
                };
                for column in self.query.relation(input).schema.columns.clone() {
                    if grouped(column) {
                        continue;
                    }
                    let ty = self.query.column(column).ty;
                    values.push(Expr::column(column, ty, argument.value.span.into()));
                }
            } else {
                values.push(self.scalar(&argument.value, scope)?);
            }
        }
        // Percentages are constants.
        let least = expressions(function) + usize::from(takes_shares(function));
        let shares = values.get(expressions(function)..).filter(|_| takes_shares(function)).unwrap_or_default();
        if shares.iter().any(|share| share.as_literal().is_none()) {
            return self.unread_aggregate(column, name, arguments, scope, names).map(Err);
        }
        if values.len() < least && !(all_columns && open) {
            return self.wrong_arguments(name, "at least one argument", values.len());
        }
        let makes_row = matches!(function, AggregateFunction::ArgMax | AggregateFunction::ArgMin);
        let many = makes_row || function == AggregateFunction::TakeAny && (all_columns || values.len() > 1);
        let columns = if many {
            self.row_columns(column, &mut values, makes_row && all_columns, arguments, names)
        } else {
            let argument = values.first();
            let ty = function.result_type(argument.map_or(Type::Unknown, |value| value.ty));
            let label = match column.names.first() {
                Some(name) => names.claim(&name.text),
                None => {
                    let base = self.aggregate_name(&name.text, &values, arguments);
                    names.fresh(base)
                }
            };
            vec![self.query.add_column(ir::Column { name: label, ty, lineage: None })]
        };
        let mut origins = Origins::from(name.span);
        if function == AggregateFunction::Count {
            // The grammar takes `count(x)`: it counts rows, as Microsoft's emulator does, nulls of `x` included.
            values.drain(..).for_each(|value| origins.extend(&value.all_origins()));
        }
        let aggregate = Aggregate { function, arguments: values, filter: condition, origins };
        Ok(Ok(Aggregation { columns, aggregate }))
    }

    /// An aggregate that has no meaning here yet, with the column it yields.
    fn unread_aggregate(
        &mut self,
        column: &ast::Column,
        name: &ast::Name,
        arguments: &[ast::Argument],
        scope: &Scope,
        names: &mut Names,
    ) -> Result<Unread> {
        let named: Vec<ast::Argument> = arguments
            .iter()
            .filter(|argument| !matches!(argument.value.kind, ast::ExprKind::Star))
            .cloned()
            .collect();
        let arguments = self.arguments(&named, scope)?;
        let ty = match name.text.as_str() {
            "buildschema"
            | "hll"
            | "hll_if"
            | "hll_merge"
            | "make_list_with_nulls"
            | "percentiles_array"
            | "percentilesw_array"
            | "tdigest"
            | "tdigest_merge" => Type::Dynamic,
            "binary_all_and" | "binary_all_or" | "binary_all_xor" | "count" => Type::Long,
            _ => Type::Unknown,
        };
        let label = match column.names.first() {
            Some(name) => names.claim(&name.text),
            None => names.fresh(self.aggregate_name(&name.text, &arguments, &named)),
        };
        // An aggregate without arguments reads the rows as such.
        let arguments =
            if arguments.is_empty() { vec![Expr::literal(Value::Bool(true), name.span.into())] } else { arguments };
        Ok(Unread { arguments, columns: vec![self.query.add_column(ir::Column { name: label, ty, lineage: None })] })
    }

    /// The columns of `arg_max(by, …)` or `take_any(a, b)`: one for each argument; with `*` the value compared comes
    /// first and is not repeated.
    fn row_columns(
        &mut self,
        column: &ast::Column,
        values: &mut Vec<Expr>,
        star: bool,
        arguments: &[ast::Argument],
        names: &mut Names,
    ) -> Vec<ir::ColumnId> {
        if star && let Some(by) = values.first().and_then(Expr::as_path).cloned() {
            let mut first = true;
            values.retain(|value| std::mem::take(&mut first) || value.as_path() != Some(&by));
        }
        let mut columns = Vec::with_capacity(values.len());
        for (position, value) in values.iter().enumerate() {
            let label = match column.names.get(position) {
                Some(name) => names.claim(&name.text),
                None => {
                    let source = arguments.get(position).map(|argument| &argument.value);
                    let base = match value.as_path() {
                        Some(path) => Some(self.path_name(path)),
                        None => source.and_then(|source| self.default_name(value, source)),
                    };
                    names.fresh(base)
                }
            };
            columns.push(self.query.add_column(ir::Column { name: label, ty: value.ty, lineage: None }));
        }
        columns
    }

    /// `count_`, `dcount_Account`, `percentile_Size_95`.
    fn aggregate_name(&self, function: &str, values: &[Expr], arguments: &[ast::Argument]) -> Option<String> {
        let argument = values
            .first()
            .zip(arguments.first())
            .and_then(|(value, source)| self.default_name(value, &source.value))
            .unwrap_or_default();
        // Any one value of a column is called what the column is called.
        if matches!(function, "take_any" | "take_anyif") && !argument.is_empty() {
            return Some(argument);
        }
        let name = format!("{}_{argument}", prefix(function));
        let share = match function {
            "percentile" => values.get(1),
            "percentilew" => values.get(2),
            _ => None,
        };
        let rest = match share.and_then(Expr::as_literal) {
            Some(Value::Long(share)) => format!("_{share}"),
            Some(Value::Real(share)) => format!("_{share}").replace('.', "_"),
            // Of two expressions, both are named.
            _ if function.starts_with("covariance") => {
                let second = values.get(1).zip(arguments.get(1));
                let second = second.and_then(|(value, source)| self.default_name(value, &source.value));
                second.map_or_else(String::new, |second| format!("_{second}"))
            }
            _ => String::new(),
        };
        Some(name + &rest)
    }
}

/// `percentiles(x, 50, 95)` as the two columns it yields; any other aggregate as itself.
fn one_percentile_each(column: &ast::Column) -> Vec<ast::Column> {
    let ast::ExprKind::Call { name, arguments } = &column.value.kind else { return vec![column.clone()] };
    // `percentilesw(x, weight, 50, 95)` has two arguments before the percentages.
    let (function, before) = match name.text.as_str() {
        "percentiles" => ("percentile", 1),
        "percentilesw" => ("percentilew", 2),
        _ => return vec![column.clone()],
    };
    let Some((values, shares)) = arguments.split_at_checked(before).filter(|(_, shares)| !shares.is_empty()) else {
        return vec![column.clone()];
    };
    let single = |(position, share): (usize, &ast::Argument)| {
        let name = ast::Name { text: function.to_owned(), span: name.span };
        let kind = ast::ExprKind::Call { name, arguments: [values, std::slice::from_ref(share)].concat() };
        ast::Column {
            names: column.names.get(position).cloned().into_iter().collect(),
            value: ast::Expr { kind, span: column.value.span },
        }
    };
    shares.iter().enumerate().map(single).collect()
}

/// An aggregate's name and arguments.
fn aggregate_call(expr: &ast::Expr) -> Option<(&ast::Name, &[ast::Argument])> {
    let ast::ExprKind::Call { name, arguments } = &expr.kind else { return None };
    (aggregate(&name.text).is_some() || builtin::is_aggregate(&name.text)).then_some((name, arguments))
}

/// Whether an aggregate takes every column: `arg_max(Time, *)`.
fn takes_all(expr: &ast::Expr) -> bool {
    aggregate_call(expr).is_some_and(|(_, arguments)| {
        arguments.iter().any(|argument| matches!(argument.value.kind, ast::ExprKind::Star))
    })
}

/// The expression with a name in the place of each aggregate in it.
fn take_aggregates(expr: &ast::Expr, taken: &mut Vec<(ast::Name, ast::Expr)>) -> ast::Expr {
    if let Some((name, _)) = aggregate_call(expr) {
        // No name in a query is written like this.
        let stand_in = ast::Name { text: format!("summarize {}", taken.len()), span: name.span };
        taken.push((stand_in.clone(), expr.clone()));
        return ast::Expr { kind: ast::ExprKind::Name(stand_in), span: expr.span };
    }
    let mut expr = expr.clone();
    for part in operands(&mut expr.kind) {
        *part = take_aggregates(part, taken);
    }
    expr
}

/// The expressions that an expression is made of.
fn operands(kind: &mut ast::ExprKind) -> Vec<&mut ast::Expr> {
    match kind {
        ast::ExprKind::Call { arguments, .. } => arguments.iter_mut().map(|argument| &mut argument.value).collect(),
        ast::ExprKind::Unary { operand, .. } => vec![operand],
        ast::ExprKind::Binary { left, right, .. } => vec![left, right],
        ast::ExprKind::Member { object, .. } => vec![object],
        ast::ExprKind::Index { object, index } => vec![object, index],
        ast::ExprKind::Membership { subject, list, .. } => std::iter::once(subject.as_mut()).chain(list).collect(),
        ast::ExprKind::Between { subject, low, high, .. } => vec![subject, low, high],
        ast::ExprKind::Name(_)
        | ast::ExprKind::MethodCall { .. }
        | ast::ExprKind::TypeOf(_)
        | ast::ExprKind::EntityGroup { .. }
        | ast::ExprKind::Placeholder(_)
        | ast::ExprKind::Literal(_)
        | ast::ExprKind::Star
        | ast::ExprKind::Pipe { .. }
        | ast::ExprKind::Source(_) => Vec::new(),
    }
}

/// Whether some call in an expression is an aggregate.
fn contains_aggregate(expr: &ast::Expr) -> bool {
    let mut taken = Vec::new();
    take_aggregates(expr, &mut taken);
    !taken.is_empty()
}
