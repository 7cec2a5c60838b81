//! Tables and tabular operators.

use std::rc::Rc;

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::ir::{self, Assignment, Expr, Lineage, Operator, RelationId, Schema, SortKey, Type, UnionColumn, Value};
use crate::kql::ast::{self, OperatorKind};
use crate::span::{Elided, Origins, Span};

use super::name::{Binding, Environment};
use super::scalar::Scope;
use super::summary::Names;
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
                Some(Binding::Scalar(_)) => {
                    self.error(Code::WrongType, name.span, format!("`{}` is a single value, not a table", name.text))
                }
                Some(Binding::Function(function)) => {
                    self.call_tabular_function(expr, name, &function, &[], environment)
                }
                Some(Binding::Broken) => Err(Reported),
                None => Ok(self.table(name, environment)),
            },
            ast::ExprKind::Pipe { source, operators } => {
                let mut relation = self.relation(source, environment)?;
                for operator in operators {
                    relation = self.operator(relation, operator, environment)?;
                }
                Ok(relation)
            }
            ast::ExprKind::Source(operator) => self.source(operator, environment),
            ast::ExprKind::Call { name, arguments } => self.table_call(expr, name, arguments, environment),
            ast::ExprKind::Member { .. } | ast::ExprKind::MethodCall { .. } | ast::ExprKind::Placeholder(_) => {
                Ok(self.opaque("table reference", Vec::new(), self.leaves_in(expr.span)))
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
                    let help = self.similar_table(&name.text, environment);
                    let note = Diagnostic::note(Code::InferredSchema, place, message);
                    self.diagnostics.push(Diagnostic { help, ..note });
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
            Some(Binding::Scalar(_) | Binding::Relation(_)) | None => {}
        }
        match (name.text.as_str(), arguments) {
            ("materialize" | "view", [argument]) => {
                let relation = self.relation(&argument.value, environment)?;
                self.refer(relation, name.span);
                Ok(relation)
            }
            ("table", [ast::Argument { value: ast::Expr { kind: ast::ExprKind::Literal(literal), span }, .. }])
                if matches!(literal, ast::Literal::String(_)) =>
            {
                let ast::Literal::String(text) = literal else { unreachable!("the guard asks for a string") };
                let relation = self.table(&ast::Name { text: text.clone(), span: *span }, environment);
                self.refer(relation, name.span);
                Ok(relation)
            }
            _ => {
                self.known_function(name, environment);
                Ok(self.opaque(&name.text, Vec::new(), self.leaves_in(expr.span)))
            }
        }
    }

    /// An operator known by name only. Its columns are those of its inputs, and any other.
    fn opaque(&mut self, name: &str, inputs: Vec<RelationId>, origins: Origins) -> RelationId {
        let columns = match inputs.first() {
            Some(input) => self.query.relation(*input).schema.columns.clone(),
            None => Vec::new(),
        };
        let op = Operator::Opaque { name: name.to_owned(), inputs };
        self.query.add(ir::Relation { op, schema: Schema { columns, open: true }, origins })
    }

    /// An operator at the head of a query.
    fn source(&mut self, operator: &ast::Operator, environment: &Rc<Environment>) -> Result<RelationId> {
        match &operator.kind {
            OperatorKind::Union { parameters, tables } => self.union(None, operator, parameters, tables, environment),
            OperatorKind::Datatable { columns, values } => self.datatable(operator, columns, values, environment),
            OperatorKind::Print(columns) => self.print(operator, columns, environment),
            OperatorKind::AssertSchema(_)
            | OperatorKind::Evaluate { .. }
            | OperatorKind::ExternalData { .. }
            | OperatorKind::Facet { .. }
            | OperatorKind::Find { .. }
            | OperatorKind::Fork(_)
            | OperatorKind::GetSchema
            | OperatorKind::GraphMarkComponents
            | OperatorKind::GraphMatch { .. }
            | OperatorKind::GraphToTable(_)
            | OperatorKind::GraphWhere { .. }
            | OperatorKind::Invoke(_)
            | OperatorKind::Join(_)
            | OperatorKind::Lookup(_)
            | OperatorKind::MacroExpand { .. }
            | OperatorKind::MakeGraph { .. }
            | OperatorKind::MakeSeries { .. }
            | OperatorKind::MvApply { .. }
            | OperatorKind::MvExpand { .. }
            | OperatorKind::Parse { .. }
            | OperatorKind::ParseKv { .. }
            | OperatorKind::Partition { .. }
            | OperatorKind::ProjectByNames(_)
            | OperatorKind::Range { .. }
            | OperatorKind::Reduce { .. }
            | OperatorKind::Sample(_)
            | OperatorKind::SampleDistinct { .. }
            | OperatorKind::Scan { .. }
            | OperatorKind::Search { .. }
            | OperatorKind::Serialize(_)
            | OperatorKind::TopHitters { .. }
            | OperatorKind::TopNested(_)
            | OperatorKind::Other { .. } => self.other(None, operator, environment),
            OperatorKind::Where(_)
            | OperatorKind::Extend(_)
            | OperatorKind::Project(_)
            | OperatorKind::ProjectAway(_)
            | OperatorKind::ProjectKeep(_)
            | OperatorKind::ProjectRename(_)
            | OperatorKind::ProjectReorder(_)
            | OperatorKind::Distinct(_)
            | OperatorKind::Summarize { .. }
            | OperatorKind::Sort(_)
            | OperatorKind::Take(_)
            | OperatorKind::Top { .. }
            | OperatorKind::Count
            | OperatorKind::CountAs(_)
            | OperatorKind::Consume
            | OperatorKind::Render { .. }
            | OperatorKind::As(_) => {
                let message = format!("`{}` needs a table before it", operator.keyword.text);
                self.error(Code::WrongType, operator.keyword.span, message)
            }
        }
    }

    /// An operator without meaning here. The right side of a join is bound for its own sake.
    fn other(
        &mut self,
        input: Option<RelationId>,
        operator: &ast::Operator,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let mut inputs: Vec<RelationId> = input.into_iter().collect();
        let mut origins = self.leaves_in(operator.span);
        if let OperatorKind::Join(join) | OperatorKind::Lookup(join) = &operator.kind {
            inputs.push(self.relation(&join.right, environment)?);
            let inner = self.leaves_in(join.right.span);
            origins = origins.spans().iter().copied().filter(|span| !inner.spans().contains(span)).collect();
        }
        self.mark_used(environment);
        Ok(self.opaque(&operator.keyword.text, inputs, origins))
    }

    /// Names inside an operator that is not read further may refer to any binding.
    fn mark_used(&mut self, environment: &Environment) {
        for definition in environment.definitions() {
            if !self.used.contains(&definition) {
                self.used.push(definition);
            }
        }
    }

    fn operator(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        self.spend(operator.span)?;
        let origins = Origins::from(operator.keyword.span);
        match &operator.kind {
            OperatorKind::Where(condition) => {
                // The grammar takes `where name = value`, which no rule means.
                if let Some(name) = condition.names.first() {
                    let message = format!("`{} =` names the condition instead of comparing", name.text);
                    let help = "equality is written `==`".to_owned();
                    return self.error_with_help(Code::WrongType, name.span, message, Some(help));
                }
                let predicate = self.predicate(&condition.value, &Scope::row(environment, input))?;
                Ok(self.like_input(input, Operator::Filter { input, predicate }, origins))
            }
            OperatorKind::Extend(columns) => self.extend(input, operator, columns, environment),
            OperatorKind::Project(columns) => self.project(input, operator, columns, environment),
            OperatorKind::ProjectAway(patterns) => self.project_away(input, patterns, origins),
            OperatorKind::ProjectKeep(patterns) => self.project_keep(input, patterns, origins, environment),
            OperatorKind::ProjectRename(columns) => self.project_rename(input, columns, origins, environment),
            OperatorKind::ProjectReorder(patterns) => self.project_reorder(input, patterns, origins, environment),
            OperatorKind::Distinct(columns) => self.distinct(input, columns, origins, environment),
            OperatorKind::Summarize { aggregates, keys, by: _ } => {
                match self.summarize(input, aggregates, keys, origins, environment)? {
                    Some(relation) => Ok(relation),
                    None => Ok(self.opaque(&operator.keyword.text, vec![input], self.leaves_in(operator.span))),
                }
            }
            OperatorKind::Sort(keys) => {
                let by = self.sort_keys(input, keys, environment)?;
                Ok(self.like_input(input, Operator::Sort { input, by }, origins))
            }
            OperatorKind::Take(count) => {
                let (count, count_origins) = self.count(count, environment)?;
                Ok(self.like_input(input, Operator::Take { input, count }, origins.and(&count_origins)))
            }
            OperatorKind::Top { count, by } => {
                let (count, count_origins) = self.count(count, environment)?;
                let by = self.sort_keys(input, by, environment)?;
                Ok(self.like_input(input, Operator::Top { input, count, by }, origins.and(&count_origins)))
            }
            OperatorKind::Count => Ok(self.count_rows(input, "Count", origins)),
            OperatorKind::CountAs(name) => Ok(self.count_rows(input, &name.text, origins)),
            OperatorKind::Union { parameters, tables } => {
                self.union(Some(input), operator, parameters, tables, environment)
            }
            OperatorKind::As(_) | OperatorKind::Consume | OperatorKind::Render { .. } => {
                let origins = self.leaves_in(operator.span);
                self.query.elided.push(Elided { origins, law: "operator that changes no row" });
                Ok(input)
            }
            OperatorKind::AssertSchema(_)
            | OperatorKind::Evaluate { .. }
            | OperatorKind::ExternalData { .. }
            | OperatorKind::Facet { .. }
            | OperatorKind::Find { .. }
            | OperatorKind::Fork(_)
            | OperatorKind::GetSchema
            | OperatorKind::GraphMarkComponents
            | OperatorKind::GraphMatch { .. }
            | OperatorKind::GraphToTable(_)
            | OperatorKind::GraphWhere { .. }
            | OperatorKind::Invoke(_)
            | OperatorKind::Join(_)
            | OperatorKind::Lookup(_)
            | OperatorKind::MacroExpand { .. }
            | OperatorKind::MakeGraph { .. }
            | OperatorKind::MakeSeries { .. }
            | OperatorKind::MvApply { .. }
            | OperatorKind::MvExpand { .. }
            | OperatorKind::Parse { .. }
            | OperatorKind::ParseKv { .. }
            | OperatorKind::Partition { .. }
            | OperatorKind::ProjectByNames(_)
            | OperatorKind::Range { .. }
            | OperatorKind::Reduce { .. }
            | OperatorKind::Sample(_)
            | OperatorKind::SampleDistinct { .. }
            | OperatorKind::Scan { .. }
            | OperatorKind::Search { .. }
            | OperatorKind::Serialize(_)
            | OperatorKind::TopHitters { .. }
            | OperatorKind::TopNested(_)
            | OperatorKind::Other { .. }
            | OperatorKind::Datatable { .. }
            | OperatorKind::Print(_) => self.other(Some(input), operator, environment),
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
        let op = Operator::Summarize { input, keys: Vec::new(), aggregates };
        let schema = Schema { columns: vec![column], open: false };
        self.query.add(ir::Relation { op, schema, origins })
    }

    /// `datatable`: constant rows of declared columns.
    ///
    /// <https://learn.microsoft.com/kusto/query/datatable-operator>
    fn datatable(
        &mut self,
        operator: &ast::Operator,
        columns: &[(ast::Name, ast::Name)],
        values: &[ast::Expr],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let mut types = Vec::with_capacity(columns.len());
        let mut schema = Schema::default();
        for (name, ty) in columns {
            let Some(ty) = Type::from_name(&ty.text) else {
                return self.error(Code::UnknownName, ty.span, format!("no type `{}`", ty.text));
            };
            types.push(ty);
            schema.columns.push(self.query.add_column(ir::Column { name: name.text.clone(), ty, lineage: None }));
        }
        if types.is_empty() || !values.len().is_multiple_of(types.len()) {
            let message = format!("the values do not fill rows of {} columns", types.len());
            return self.error(Code::WrongArguments, operator.keyword.span, message);
        }
        let scope = Scope::constant(environment);
        let mut rows = Vec::with_capacity(values.len() / types.len());
        let mut row = Vec::with_capacity(types.len());
        for (position, value) in values.iter().enumerate() {
            let ty = types[position % types.len()];
            let lowered = self.scalar(value, &scope)?;
            let constant = lowered.as_literal().and_then(|constant| super::predicate::as_type(constant, ty));
            let Some(constant) = constant else {
                let message = format!("expected a constant of type {}", ty.name());
                return self.error(Code::WrongType, value.span, message);
            };
            row.push(constant);
            if row.len() == types.len() {
                rows.push(std::mem::take(&mut row));
            }
        }
        let origins = self.leaves_in(operator.span);
        Ok(self.query.add(ir::Relation { op: Operator::Literal { rows }, schema, origins }))
    }

    /// `print`: one row of computed columns, called `print_0`, `print_1`, … where they have no name.
    ///
    /// <https://learn.microsoft.com/kusto/query/print-operator>
    fn print(
        &mut self,
        operator: &ast::Operator,
        columns: &[ast::Column],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let op = Operator::Literal { rows: vec![Vec::new()] };
        let row = self.query.add(ir::Relation { op, schema: Schema::default(), origins: Origins::none() });
        let named: Vec<ast::Column> = columns
            .iter()
            .enumerate()
            .map(|(position, column)| {
                let mut column = column.clone();
                if column.names.is_empty() {
                    let text = format!("print_{position}");
                    column.names.push(ast::Name { text, span: column.value.span });
                }
                column
            })
            .collect();
        self.project(row, operator, &named, environment)
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

    /// The assignments of `extend` and `project`; all are read even if one is wrong.
    fn assignments(
        &mut self,
        input: RelationId,
        columns: &[ast::Column],
        environment: &Rc<Environment>,
        names: &mut Names,
    ) -> Result<Vec<Assignment>> {
        let scope = Scope::row(environment, input);
        let mut lowered = Vec::with_capacity(columns.len());
        let mut failed = false;
        for column in columns {
            let Ok(value) = self.scalar(&column.value, &scope) else {
                failed = true;
                continue;
            };
            let name = match column.names.first() {
                Some(name) if names.is_taken(&name.text) => {
                    failed = true;
                    let message = format!("a column `{}` is assigned already", name.text);
                    let _ = self.error::<()>(Code::DuplicateName, name.span, message);
                    continue;
                }
                Some(name) => names.claim(&name.text),
                None => names.fresh(self.default_name(&value, &column.value)),
            };
            let column = match value.as_path() {
                // A column under its own name is that column.
                Some(path) if path.steps.is_empty() && self.query.column(path.column).name == name => path.column,
                _ => self.computed(name, &value),
            };
            lowered.push(Assignment { column, value });
        }
        if failed { Err(Reported) } else { Ok(lowered) }
    }

    fn extend(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        columns: &[ast::Column],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        if columns.iter().any(|column| column.names.len() > 1) {
            return Ok(self.opaque(&operator.keyword.text, vec![input], self.leaves_in(operator.span)));
        }
        let columns = self.assignments(input, columns, environment, &mut Names::default())?;
        let mut schema = self.query.relation(input).schema.clone();
        for assignment in &columns {
            let name = self.query.column(assignment.column).name.clone();
            match schema.columns.iter().position(|column| self.query.column(*column).name == name) {
                Some(place) => schema.columns[place] = assignment.column,
                None => schema.columns.push(assignment.column),
            }
        }
        let op = Operator::Extend { input, columns };
        let relation = self.query.add(ir::Relation { op, schema, origins: operator.keyword.span.into() });
        self.inherit_hidden(input, relation);
        Ok(relation)
    }

    fn inherit_hidden(&mut self, input: RelationId, relation: RelationId) {
        if let Some(hidden) = self.hidden.get(&input).cloned() {
            self.hidden.insert(relation, hidden);
        }
    }

    fn project(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        columns: &[ast::Column],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        if columns.iter().any(|column| column.names.len() > 1) {
            return Ok(self.opaque(&operator.keyword.text, vec![input], self.leaves_in(operator.span)));
        }
        let columns = self.assignments(input, columns, environment, &mut Names::default())?;
        Ok(self.projection(input, columns, operator.keyword.span.into(), false))
    }

    fn projection(
        &mut self,
        input: RelationId,
        columns: Vec<Assignment>,
        origins: Origins,
        open: bool,
    ) -> RelationId {
        let schema = Schema { columns: columns.iter().map(|assignment| assignment.column).collect(), open };
        let op = Operator::Project { input, columns };
        self.query.add(ir::Relation { op, schema, origins })
    }

    /// A column of the input as itself.
    fn kept(&self, column: ir::ColumnId, origins: Origins) -> Assignment {
        Assignment { column, value: Expr::column(column, self.query.column(column).ty, origins) }
    }

    fn project_away(&mut self, input: RelationId, patterns: &[ast::Pattern], origins: Origins) -> Result<RelationId> {
        let schema = self.query.relation(input).schema.clone();
        let mut origins = origins;
        let mut columns = Vec::new();
        for column in &schema.columns {
            if !patterns.iter().any(|pattern| matches(pattern, &self.query.column(*column).name)) {
                columns.push(self.kept(*column, Origins::none()));
            }
        }
        for pattern in patterns {
            origins.extend(&pattern.name.span.into());
        }
        let relation = self.projection(input, columns, origins, schema.open);
        self.inherit_hidden(input, relation);
        if schema.open {
            let names = patterns.iter().map(|pattern| pattern.name.text.clone());
            self.hidden.entry(relation).or_default().extend(names);
        }
        Ok(relation)
    }

    fn project_keep(
        &mut self,
        input: RelationId,
        patterns: &[ast::Pattern],
        origins: Origins,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let mut kept: Vec<Assignment> = Vec::new();
        for (column, span) in self.matching(input, patterns, environment)? {
            if !kept.iter().any(|assignment| assignment.column == column) {
                kept.push(self.kept(column, span.into()));
            }
        }
        Ok(self.projection(input, kept, origins, false))
    }

    fn project_reorder(
        &mut self,
        input: RelationId,
        patterns: &[ast::Pattern],
        origins: Origins,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let mut columns: Vec<Assignment> = Vec::new();
        for pattern in patterns {
            let mut found = self.matching(input, std::slice::from_ref(pattern), environment)?;
            if let Some(order) = &pattern.order {
                // `granny-asc` takes digits inside names as numbers.
                let granny = order.text.starts_with("granny");
                found.sort_by_cached_key(|(column, _)| name_order(&self.query.column(*column).name, granny));
                if order.text.ends_with("desc") {
                    found.reverse();
                }
            }
            for (column, span) in found {
                if !columns.iter().any(|assignment| assignment.column == column) {
                    columns.push(self.kept(column, span.into()));
                }
            }
        }
        let schema = self.query.relation(input).schema.clone();
        for column in &schema.columns {
            if !columns.iter().any(|assignment| assignment.column == *column) {
                columns.push(self.kept(*column, Origins::none()));
            }
        }
        let relation = self.projection(input, columns, origins, schema.open);
        self.inherit_hidden(input, relation);
        Ok(relation)
    }

    fn project_rename(
        &mut self,
        input: RelationId,
        columns: &[ast::Column],
        origins: Origins,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let scope = Scope::row(environment, input);
        let mut origins = origins;
        let mut renamed = Vec::new();
        for column in columns {
            let value = self.scalar(&column.value, &scope)?;
            let Some(path) = value.as_path().filter(|path| path.steps.is_empty()).cloned() else {
                return self.error(Code::WrongType, column.value.span, "expected the name of a column");
            };
            origins.extend(&value.origins);
            let Some(name) = column.names.first() else {
                return self.error(Code::WrongType, column.value.span, "expected `new = old`");
            };
            renamed.push((path.column, self.computed(name.text.clone(), &value), value));
        }
        let schema = self.query.relation(input).schema.clone();
        let columns = schema
            .columns
            .iter()
            .map(|column| match renamed.iter().find(|(old, _, _)| old == column) {
                Some((_, new, value)) => Assignment { column: *new, value: value.clone() },
                None => self.kept(*column, Origins::none()),
            })
            .collect();
        let relation = self.projection(input, columns, origins, schema.open);
        self.inherit_hidden(input, relation);
        Ok(relation)
    }

    /// The columns that patterns name, in the patterns' order, with the pattern's place.
    fn matching(
        &mut self,
        input: RelationId,
        patterns: &[ast::Pattern],
        environment: &Rc<Environment>,
    ) -> Result<Vec<(ir::ColumnId, Span)>> {
        let mut found = Vec::new();
        for pattern in patterns {
            if pattern.wildcard {
                let columns = self.query.relation(input).schema.columns.clone();
                for column in columns {
                    if matches(pattern, &self.query.column(column).name) {
                        found.push((column, pattern.name.span));
                    }
                }
            } else {
                match self.find_column(input, &pattern.name.text) {
                    Some(column) => found.push((column, pattern.name.span)),
                    None => return self.unknown_column(input, environment, &pattern.name),
                }
            }
        }
        Ok(found)
    }

    /// `distinct` is a summary without aggregates.
    fn distinct(
        &mut self,
        input: RelationId,
        columns: &[ast::Column],
        origins: Origins,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let mut keys = Vec::new();
        let mut names = Names::default();
        let mut open = false;
        for column in columns {
            if matches!(column.value.kind, ast::ExprKind::Star) {
                let schema = self.query.relation(input).schema.clone();
                open |= schema.open;
                for column in schema.columns {
                    keys.push(self.kept(column, Origins::none()));
                }
            } else {
                keys.extend(self.assignments(input, std::slice::from_ref(column), environment, &mut names)?);
            }
        }
        if open {
            // Which columns tell the rows apart is not known.
            return Ok(self.opaque("distinct *", vec![input], origins));
        }
        let schema = Schema { columns: keys.iter().map(|key| key.column).collect(), open: false };
        let op = Operator::Summarize { input, keys, aggregates: Vec::new() };
        Ok(self.query.add(ir::Relation { op, schema, origins }))
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

    /// `union`: a bag of all rows; columns meet by name and type, a name with several types becomes `name_type`.
    ///
    /// <https://learn.microsoft.com/kusto/query/union-operator>
    fn union(
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
        if tables.iter().any(wildcard) || !only_fuzzy {
            let tables: Vec<&ast::Expr> = tables.iter().filter(|table| !wildcard(table)).collect();
            let mut inputs: Vec<RelationId> = input.into_iter().collect();
            for table in tables {
                inputs.push(self.relation(table, environment)?);
            }
            let mut origins = Origins::from(operator.keyword.span);
            for (_, value) in parameters {
                origins.extend(&self.leaves_in(value.span));
            }
            return Ok(self.opaque(&operator.keyword.text, inputs, origins));
        }
        let lowered: Vec<Result<RelationId>> =
            input.into_iter().map(Ok).chain(tables.iter().map(|table| self.relation(table, environment))).collect();
        let inputs = lowered.into_iter().collect::<Result<Vec<RelationId>>>()?;
        let mut origins = Origins::from(operator.keyword.span);
        for (_, value) in parameters {
            origins.extend(&self.leaves_in(value.span));
        }
        let columns = self.union_columns(&inputs);
        let open = inputs.iter().any(|input| self.query.relation(*input).schema.open);
        let schema = Schema { columns: columns.iter().map(|union| union.column).collect(), open };
        let op = Operator::Union { inputs, columns };
        Ok(self.query.add(ir::Relation { op, schema, origins }))
    }

    fn union_columns(&mut self, inputs: &[RelationId]) -> Vec<UnionColumn> {
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
                let place = place.unwrap_or_else(|| {
                    met.push((name, ty, vec![None; inputs.len()]));
                    met.len() - 1
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

/// Whether a pattern of `project-away` and the like names a column.
fn matches(pattern: &ast::Pattern, name: &str) -> bool {
    if !pattern.wildcard {
        return pattern.name.text == name;
    }
    let mut parts = pattern.name.text.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(place) => rest = &rest[place + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// What orders names of columns: their characters, or their text and numbers in turn.
fn name_order(name: &str, by_number: bool) -> Vec<(u64, String)> {
    if !by_number {
        return vec![(0, name.to_owned())];
    }
    let mut parts = vec![(0u64, String::new())];
    for letter in name.chars() {
        let last = parts.last_mut().expect("there is a first part");
        match letter.to_digit(10) {
            Some(digit) if last.1.is_empty() => last.0 = last.0.saturating_mul(10).saturating_add(u64::from(digit)),
            Some(digit) => parts.push((u64::from(digit), String::new())),
            None => last.1.push(letter),
        }
    }
    parts
}
