//! Tables and tabular operators.

mod expand;
mod join;
mod literal;
mod opaque;
mod plugin;
mod project;
mod statistics;
mod union;
mod window;

use std::rc::Rc;

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::ir::{self, ColumnId, Lineage, Operator, RelationId, Schema, SortKey, Type, Value};
use crate::kql::ast::{self, OperatorKind};
use crate::span::{Elided, Origins, Span};

use super::name::{Binding, Environment};
use super::scalar::Scope;
use super::{Lowerer, Reported, Result};

impl Lowerer<'_> {
    /// Lowers a tabular expression.
    pub(super) fn relation(&mut self, expr: &ast::Expr, environment: &Rc<Environment>) -> Result<RelationId> {
        self.spend(expr.span)?;
        match &expr.kind {
            ast::ExprKind::Name(name) => match self.lookup(environment, &name.text) {
                Some(Binding::Relation(relation)) => {
                    self.refer(relation, name.span);
                    Ok(relation)
                }
                Some(Binding::Scalar(_) | Binding::State(_)) => {
                    self.error(Code::WrongType, name.span, format!("`{}` is a single value, not a table", name.text))
                }
                Some(Binding::Function(function)) => {
                    self.call_tabular_function(expr, name, &function, &[], environment)
                }
                Some(Binding::Broken) => Err(Reported),
                None => Ok(self.table(name, environment)),
            },
            ast::ExprKind::Pipe { source, operators } => {
                let relation = self.relation(source, environment)?;
                self.pipeline(relation, operators, environment)
            }
            ast::ExprKind::Source(operator) => self.operator(None, operator, environment),
            ast::ExprKind::Call { name, arguments } => self.table_call(expr, name, arguments, environment),
            ast::ExprKind::Member { .. } | ast::ExprKind::MethodCall { .. } | ast::ExprKind::Placeholder(_) => {
                Ok(self.unread("table reference", expr))
            }
            ast::ExprKind::Literal(_)
            | ast::ExprKind::Star
            | ast::ExprKind::Unary { .. }
            | ast::ExprKind::Binary { .. }
            | ast::ExprKind::Membership { .. }
            | ast::ExprKind::Between { .. }
            | ast::ExprKind::TypeOf(_)
            | ast::ExprKind::EntityGroup { .. }
            | ast::ExprKind::Index { .. } => {
                self.error(Code::WrongType, expr.span, "expected a table, found a single value")
            }
        }
    }

    /// Records a reference to a relation that is defined elsewhere; a note about it points at its definition.
    pub(super) fn refer(&mut self, relation: RelationId, reference: Span) {
        self.query.relation_mut(relation).origins.extend(&Origins::from(reference).moved());
    }

    /// A table of the crosswalk, or one that only the query knows.
    fn table(&mut self, name: &ast::Name, environment: &Environment) -> RelationId {
        let op = Operator::Table { name: name.text.clone() };
        let relation = self.query.add(ir::Relation { op, schema: Schema::default(), origins: name.span.into() });
        match self.crosswalk.table(&name.text) {
            Some(table) => {
                for (column, definition) in &table.columns {
                    let lineage = Lineage { source: relation, column: column.clone(), path: Vec::new() };
                    let column = ir::Column { name: column.clone(), ty: definition.ty, lineage: Some(lineage) };
                    let column = self.query.add_column(column);
                    self.query.relation_mut(relation).schema.columns.push(column);
                }
                self.query.relation_mut(relation).schema.open = table.open;
            }
            None => {
                self.query.relation_mut(relation).schema.open = true;
                if !self.inferred.contains(&name.text) {
                    self.inferred.push(name.text.clone());
                    let message = format!(
                        "table `{}` is not known: its columns and their types are inferred from use",
                        name.text
                    );
                    let place = Place::Query(name.span);
                    let note = Diagnostic::note(Code::InferredSchema, place, message);
                    let note = note.with_similar(self.similar_table(&name.text, environment));
                    self.diagnostics.push(note);
                }
            }
        }
        relation
    }

    fn table_call(
        &mut self,
        expr: &ast::Expr,
        name: &ast::Name,
        arguments: &[ast::Argument],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        match self.lookup(environment, &name.text) {
            Some(Binding::Function(function)) => {
                return self.call_tabular_function(expr, name, &function, arguments, environment);
            }
            Some(Binding::Broken) => return Err(Reported),
            Some(Binding::Scalar(_) | Binding::State(_) | Binding::Relation(_)) | None => {}
        }
        match (name.text.as_str(), arguments) {
            ("materialize" | "view", [argument]) => {
                let relation = self.relation(&argument.value, environment)?;
                self.refer(relation, name.span);
                Ok(relation)
            }
            ("_GetWatchlist", [alias, ..]) => {
                let alias = self.scalar(&alias.value, &Scope::constant(environment))?;
                let Some(text) = alias.as_text() else { return Ok(self.unread(&name.text, expr)) };
                Ok(self.watchlist(text.to_owned(), expr))
            }
            ("table", [argument]) => {
                let table = self.scalar(&argument.value, &Scope::constant(environment))?;
                let Some(text) = table.as_text() else { return Ok(self.unread(&name.text, expr)) };
                let relation =
                    self.table(&ast::Name { text: text.to_owned(), span: argument.value.span }, environment);
                self.query.relation_mut(relation).origins.extend(&table.all_origins());
                self.refer(relation, name.span);
                Ok(relation)
            }
            _ => {
                self.known_function(name, environment);
                Ok(self.unread(&name.text, expr))
            }
        }
    }

    /// A table that is known by name only: what another place or the workspace defines.
    fn unread(&mut self, name: &str, expr: &ast::Expr) -> RelationId {
        let op = Operator::Opaque {
            name: name.to_owned(),
            text: crate::kql::print_expr(expr),
            inputs: Vec::new(),
            arguments: Vec::new(),
        };
        let schema = Schema { columns: Vec::new(), open: true };
        self.query.add(ir::Relation { op, schema, origins: self.leaves_in(expr.span) })
    }

    /// A pipeline without a source in front, over the rows of `input`.
    fn headless(&mut self, input: RelationId, body: &ast::Expr, environment: &Rc<Environment>) -> Result<RelationId> {
        let (source, operators) = if let ast::ExprKind::Pipe { source, operators } = &body.kind {
            (source.as_ref(), operators.as_slice())
        } else {
            (body, [].as_slice())
        };
        let ast::ExprKind::Source(first) = &source.kind else { return self.relation(body, environment) };
        let relation = self.operator(Some(input), first, environment)?;
        self.pipeline(relation, operators, environment)
    }

    /// Operators one after the other; `as` names the rows for those behind it.
    ///
    /// <https://learn.microsoft.com/kusto/query/as-operator>
    fn pipeline(
        &mut self,
        input: RelationId,
        operators: &[ast::Operator],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let mut environment = Rc::clone(environment);
        let mut relation = input;
        for operator in operators {
            relation = self.operator(Some(relation), operator, &environment)?;
            if let OperatorKind::As(name) = &operator.kind {
                environment = environment.with(name, Binding::Relation(relation), operator.span);
            }
        }
        Ok(relation)
    }

    /// One operator over the rows that flow in, if it does not start a query.
    fn operator(
        &mut self,
        input: Option<RelationId>,
        operator: &ast::Operator,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        self.spend(operator.span)?;
        let origins = Origins::from(operator.keyword.span);
        match (input, &operator.kind) {
            (_, OperatorKind::Union { parameters, tables }) => {
                self.union(input, operator, parameters, tables, environment)
            }
            (_, OperatorKind::Datatable { columns, values }) => {
                self.datatable(operator, columns, values, environment)
            }
            (_, OperatorKind::Print(columns)) => self.print(operator, columns, environment),
            (_, OperatorKind::Range { column, from, to, step }) => {
                self.range(operator, column, [from, to, step], environment)
            }
            (_, OperatorKind::ExternalData { columns, sources, properties }) => {
                self.external_data(operator, columns, sources, properties, environment)
            }
            (_, OperatorKind::Search { tables, predicate }) => {
                match self.closed_search(input, operator, (tables, predicate), environment)? {
                    Some(relation) => Ok(relation),
                    None => self.search(input, operator, tables, environment),
                }
            }
            (_, OperatorKind::Find { tables, project, .. }) => self.find(operator, tables, project, environment),
            (_, OperatorKind::Evaluate { call, schema }) => {
                self.evaluate(input, operator, call, schema.as_ref(), environment)
            }
            (_, OperatorKind::MacroExpand { .. } | OperatorKind::Other { .. }) => {
                Ok(self.unresolved(input, operator, environment))
            }
            (Some(input), OperatorKind::Where(condition)) => {
                // The grammar takes `where name = value`, which no rule means.
                if let Some(name) = condition.names.first() {
                    let message = format!("`{} =` names the condition instead of comparing", name.text);
                    let help = "equality is written `==`".to_owned();
                    return self.error_with_help(Code::WrongType, name.span, message, Some(help));
                }
                let (predicate, windows) =
                    self.windowed(|this| this.predicate(&condition.value, &Scope::row(environment, input)));
                let predicate = predicate?;
                let windowed = self.window(input, windows);
                Ok(self.like_input(input, Operator::Filter { input: windowed, predicate }, origins))
            }
            (Some(input), OperatorKind::Extend(columns)) => self.extend(input, operator, columns, environment),
            (Some(input), OperatorKind::Project(columns)) => self.project(input, operator, columns, environment),
            (Some(input), OperatorKind::ProjectAway(patterns)) => {
                self.project_away(input, patterns, origins, environment)
            }
            (Some(input), OperatorKind::ProjectKeep(patterns)) => {
                self.project_keep(input, patterns, origins, environment)
            }
            (Some(input), OperatorKind::ProjectRename(columns)) => {
                self.project_rename(input, columns, origins, environment)
            }
            (Some(input), OperatorKind::ProjectReorder(patterns)) => {
                self.project_reorder(input, patterns, origins, environment)
            }
            (Some(input), OperatorKind::Distinct(columns)) => self.distinct(input, operator, columns, environment),
            (Some(input), OperatorKind::Summarize { aggregates, keys, by: _ }) => {
                self.summarize(input, operator, aggregates, keys, environment)
            }
            (Some(input), OperatorKind::Sort(keys)) => {
                let by = self.sort_keys(input, keys, environment)?;
                Ok(self.like_input(input, Operator::Sort { input, by }, origins))
            }
            (Some(input), OperatorKind::Take(count)) => {
                let (count, count_origins) = self.count(count, environment)?;
                Ok(self.like_input(input, Operator::Take { input, count }, origins.and(&count_origins)))
            }
            (Some(input), OperatorKind::Top { count, by }) => {
                let (count, count_origins) = self.count(count, environment)?;
                let by = self.sort_keys(input, by, environment)?;
                Ok(self.like_input(input, Operator::Top { input, count, by }, origins.and(&count_origins)))
            }
            (Some(input), OperatorKind::Count) => Ok(self.count_rows(input, "Count", origins)),
            (Some(input), OperatorKind::CountAs(name)) => Ok(self.count_rows(input, &name.text, origins)),
            (Some(input), OperatorKind::As(_) | OperatorKind::Consume | OperatorKind::Render { .. }) => {
                let origins = self.leaves_in(operator.span);
                self.query.elided.push(Elided { origins, law: "operator that changes no row" });
                Ok(input)
            }
            (Some(input), OperatorKind::Join(join)) => self.join(input, operator, join, false, environment),
            (Some(input), OperatorKind::Lookup(join)) => self.join(input, operator, join, true, environment),
            (Some(input), OperatorKind::MvExpand { columns, limit }) => {
                self.expand(input, operator, columns, limit.as_ref(), environment)
            }
            (Some(input), OperatorKind::MvApply { columns, limit, id, body }) => {
                self.apply(input, operator, columns, limit.as_ref(), id.as_ref(), body, environment)
            }
            (Some(input), pattern @ OperatorKind::Parse { .. }) => self.parse(input, operator, pattern, environment),
            (Some(input), OperatorKind::ParseKv { subject, columns, properties }) => {
                self.parse_kv(input, operator, subject, columns, properties, environment)
            }
            (Some(input), series @ OperatorKind::MakeSeries { .. }) => {
                self.make_series(input, operator, series, environment)
            }
            (Some(input), OperatorKind::Serialize(columns)) => self.serialize(input, operator, columns, environment),
            (Some(input), scan @ OperatorKind::Scan { .. }) => self.scan(input, operator, scan, environment),
            (Some(input), OperatorKind::Partition { by, body, .. }) => {
                self.partition(input, operator, by, body, environment)
            }
            (Some(input), OperatorKind::Invoke(call)) => self.invoke(input, operator, call, environment),
            (Some(input), OperatorKind::TopNested(levels)) => self.top_nested(input, operator, levels, environment),
            (Some(input), OperatorKind::TopHitters { of, by, .. }) => {
                self.top_hitters(input, operator, of, by.as_ref(), environment)
            }
            (Some(input), OperatorKind::SampleDistinct { count, of }) => {
                self.sample_distinct(input, operator, count, of, environment)
            }
            // Which rows are sampled is as open as which rows `take` takes.
            (Some(input), OperatorKind::Sample(count)) => {
                let (count, count_origins) = self.count(count, environment)?;
                Ok(self.like_input(input, Operator::Take { input, count }, origins.and(&count_origins)))
            }
            (Some(input), OperatorKind::AssertSchema(_)) => {
                let schema = self.query.relation(input).schema.clone();
                Ok(self.opaque(operator, vec![input], Vec::new(), schema))
            }
            (Some(input), OperatorKind::GetSchema) => {
                let columns = [
                    ("ColumnName", Type::String),
                    ("ColumnOrdinal", Type::Long),
                    ("DataType", Type::String),
                    ("ColumnType", Type::String),
                ];
                let schema = self.closed(&columns);
                Ok(self.stage(operator, Operator::Describe { input }, schema))
            }
            (Some(input), OperatorKind::Reduce { by, .. }) => self.reduce(input, operator, by, environment),
            (Some(input), OperatorKind::GraphMatch { project, .. }) if !project.is_empty() => {
                Ok(self.graph_match(input, operator, project, environment))
            }
            (
                Some(_),
                OperatorKind::Facet { .. }
                | OperatorKind::Fork(_)
                | OperatorKind::GraphMarkComponents
                | OperatorKind::GraphMatch { .. }
                | OperatorKind::GraphToTable(_)
                | OperatorKind::GraphWhere { .. }
                | OperatorKind::MakeGraph { .. }
                | OperatorKind::ProjectByNames(_),
            ) => Ok(self.unresolved(input, operator, environment)),
            (None, _) => {
                let message = format!("`{}` needs a table before it", operator.keyword.text);
                self.error(Code::WrongType, operator.keyword.span, message)
            }
        }
    }

    /// `count` is a summary without keys.
    fn count_rows(&mut self, input: RelationId, name: &str, origins: Origins) -> RelationId {
        let column = self.query.add_column(ir::Column { name: name.to_owned(), ty: Type::Long, lineage: None });
        let aggregate = ir::Aggregate {
            function: ir::AggregateFunction::Count,
            arguments: Vec::new(),
            filter: None,
            origins: Origins::none(),
        };
        let aggregates = vec![ir::Aggregation { columns: vec![column], aggregate }];
        let op = Operator::Summarize { input, keys: Vec::new(), aggregates, rest: None };
        let schema = Schema { columns: vec![column], open: false };
        self.query.add(ir::Relation { op, schema, origins })
    }

    /// A row count: a constant that is not negative.
    fn count(&mut self, count: &ast::Expr, environment: &Rc<Environment>) -> Result<(u64, Origins)> {
        let value = self.scalar(count, &Scope::constant(environment))?;
        let number = match value.as_literal() {
            Some(Value::Long(number)) => u64::try_from(*number).ok(),
            Some(Value::Int(number)) => u64::try_from(*number).ok(),
            _ => None,
        };
        match number {
            Some(number) => Ok((number, value.all_origins())),
            None => self.error(Code::NotConstant, count.span, "expected a number of rows"),
        }
    }

    /// Order is descending unless `asc` is written; nulls are last then, and first in ascending order.
    ///
    /// <https://learn.microsoft.com/kusto/query/sort-operator>
    fn sort_keys(
        &mut self,
        input: RelationId,
        keys: &[ast::SortKey],
        environment: &Rc<Environment>,
    ) -> Result<Vec<SortKey>> {
        let scope = Scope::row(environment, input);
        let mut lowered = Vec::with_capacity(keys.len());
        for key in keys {
            let value = self.scalar(&key.value, &scope)?;
            let ascending = key.direction.is_some_and(|(ascending, _)| ascending);
            let nulls_first = key.nulls.map_or(ascending, |(first, _)| first);
            let origins = [key.direction, key.nulls].into_iter().flatten().map(|(_, span)| span).collect();
            lowered.push(SortKey { value, descending: !ascending, nulls_first, origins });
        }
        Ok(lowered)
    }

    /// A schema with columns added; one of a name that is there takes its place.
    fn extended(&self, mut schema: Schema, columns: impl IntoIterator<Item = ColumnId>) -> Schema {
        for column in columns {
            let name = &self.query.column(column).name;
            match schema.columns.iter().position(|other| self.query.column(*other).name == *name) {
                Some(place) => schema.columns[place] = column,
                None => schema.columns.push(column),
            }
        }
        schema
    }

    /// A column whose value is nobody else's.
    fn new_column(&mut self, name: &str, ty: Type) -> ColumnId {
        self.query.add_column(ir::Column { name: name.to_owned(), ty, lineage: None })
    }

    /// Exactly these columns.
    fn closed(&mut self, columns: &[(&str, Type)]) -> Schema {
        let columns = columns.iter().map(|(name, ty)| self.new_column(name, *ty)).collect();
        Schema { columns, open: false }
    }

    /// Columns declared with their types.
    fn declared(&mut self, columns: &[(ast::Name, ast::Name)]) -> Result<Vec<ColumnId>> {
        let declared: Vec<Result<ColumnId>> = columns
            .iter()
            .map(|(name, ty)| match Type::from_name(&ty.text) {
                Some(ty) => Ok(self.new_column(&name.text, ty)),
                None => self.error(Code::UnknownName, ty.span, format!("no type `{}`", ty.text)),
            })
            .collect();
        declared.into_iter().collect()
    }
}
