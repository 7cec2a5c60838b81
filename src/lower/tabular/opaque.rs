//! Operators known by name only, and those whose answer is not known before they run.

use std::rc::Rc;

use crate::ir::{self, Expr, Operator, RelationId, Schema, Type};
use crate::kql::{self, ast};
use crate::lower::label::Names;
use crate::lower::name::{Binding, Environment};
use crate::lower::scalar::Scope;
use crate::lower::{Lowerer, Result};
use crate::span::{Origins, Span};

impl Lowerer<'_> {
    /// An operator known by name only, with what it reads and the columns it yields.
    pub(in crate::lower) fn opaque(
        &mut self,
        operator: &ast::Operator,
        inputs: Vec<RelationId>,
        arguments: Vec<Expr>,
        schema: Schema,
    ) -> RelationId {
        self.opaque_around(&[], operator, inputs, arguments, schema)
    }

    /// The same for an operator with tables inside, which account for their own leaves.
    pub(super) fn opaque_around(
        &mut self,
        inner: &[Span],
        operator: &ast::Operator,
        inputs: Vec<RelationId>,
        arguments: Vec<Expr>,
        schema: Schema,
    ) -> RelationId {
        let name = operator.keyword.text.clone();
        let op = Operator::Opaque { name, text: kql::print_operator(operator), inputs, arguments };
        self.stage_around(inner, operator, op, schema)
    }

    /// An operator with all its leaves but those of tables inside.
    pub(in crate::lower) fn stage_around(
        &mut self,
        inner: &[Span],
        operator: &ast::Operator,
        op: Operator,
        schema: Schema,
    ) -> RelationId {
        let is_inner = |leaf: &Span| inner.iter().any(|table| table.start <= leaf.start && leaf.end <= table.end);
        let leaves = self.leaves_in(operator.span);
        let own: Origins = leaves.spans().iter().copied().filter(|leaf| !is_inner(leaf)).collect();
        self.query.add(ir::Relation { op, schema, origins: own.and(&operator.keyword.span.into()) })
    }

    /// An operator with all its leaves.
    pub(super) fn stage(&mut self, operator: &ast::Operator, op: Operator, schema: Schema) -> RelationId {
        self.stage_around(&[], operator, op, schema)
    }

    /// An operator whose parts are not bound: whatever names it uses may come from a `let`, and any column may result.
    pub(super) fn unresolved(
        &mut self,
        input: Option<RelationId>,
        operator: &ast::Operator,
        environment: &Rc<Environment>,
    ) -> RelationId {
        let columns = input.map(|input| self.query.relation(input).schema.columns.clone()).unwrap_or_default();
        self.unresolved_as(input, operator, Schema { columns, open: true }, environment)
    }

    pub(super) fn unresolved_as(
        &mut self,
        input: Option<RelationId>,
        operator: &ast::Operator,
        schema: Schema,
        environment: &Rc<Environment>,
    ) -> RelationId {
        let mut inputs: Vec<RelationId> = input.into_iter().collect();
        let mut arguments = Vec::new();
        let functions = self.use_names(&kql::names(operator), environment, &mut inputs, &mut arguments);
        let relation = self.opaque(operator, inputs, arguments, schema);
        self.query.relation_mut(relation).origins.extend(&functions);
        relation
    }

    /// Takes names for what `let` binds them to: tables, values, and the leaves of functions.
    pub(super) fn use_names(
        &mut self,
        names: &[ast::Name],
        environment: &Rc<Environment>,
        inputs: &mut Vec<RelationId>,
        arguments: &mut Vec<Expr>,
    ) -> Origins {
        let mut functions = Origins::none();
        for name in names {
            match self.lookup(environment, &name.text) {
                Some(Binding::Relation(relation)) if !inputs.contains(&relation) => inputs.push(relation),
                Some(Binding::Scalar(value)) => arguments.push(value),
                Some(Binding::Function(function)) => {
                    let body = self.leaves_in(function.declaration.span);
                    functions.extend(&body.moved());
                }
                Some(Binding::Relation(_) | Binding::State(_) | Binding::Broken) | None => {}
            }
        }
        functions
    }

    /// `partition`: what its pipeline makes of the rows of each value.
    ///
    /// <https://learn.microsoft.com/kusto/query/partition-operator>
    pub(super) fn partition(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        by: &ast::Expr,
        body: &ast::Expr,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let by = self.scalar(by, &Scope::row(environment, input))?;
        let schema = self.query.relation(input).schema.clone();
        let given = self.stage_around(&[operator.span], operator, Operator::Given { input }, schema);
        let body_relation = self.headless(given, body, environment)?;
        let schema = self.query.relation(body_relation).schema.clone();
        let op = Operator::Partition { input, by, given, body: body_relation };
        Ok(self.stage_around(&[body.span], operator, op, schema))
    }

    /// `invoke`: a function of the query over the rows that flow in; any other may add columns.
    ///
    /// <https://learn.microsoft.com/kusto/query/invoke-operator>
    pub(super) fn invoke(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        call: &ast::Expr,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        if let ast::ExprKind::Call { name, arguments } = &call.kind
            && let Some(Binding::Function(function)) = self.lookup(environment, &name.text)
        {
            // No name in a query is written like this.
            let rows = ast::Name { text: "| invoke".to_owned(), span: operator.keyword.span };
            let environment = environment.with(&rows, Binding::Relation(input), operator.keyword.span);
            let kind = ast::ExprKind::Name(rows);
            let rows = ast::Argument { name: None, value: ast::Expr { kind, span: operator.keyword.span } };
            let arguments: Vec<ast::Argument> = std::iter::once(rows).chain(arguments.iter().cloned()).collect();
            return self.call_tabular_function(call, name, &function, &arguments, &environment);
        }
        if let ast::ExprKind::Call { name, .. } = &call.kind {
            self.known_function(name, environment);
        }
        Ok(self.unresolved(Some(input), operator, environment))
    }

    /// `search`: every column of the tables searched, behind the name of the table.
    ///
    /// <https://learn.microsoft.com/kusto/query/search-operator>
    pub(super) fn search(
        &mut self,
        input: Option<RelationId>,
        operator: &ast::Operator,
        tables: &[ast::Expr],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let mut schema = self.several(input, tables, environment)?;
        schema.columns.insert(0, self.new_column("$table", Type::String));
        Ok(self.unresolved_as(input, operator, schema, environment))
    }

    /// `find`: the table's name, and the columns asked for.
    ///
    /// <https://learn.microsoft.com/kusto/query/find-operator>
    pub(super) fn find(
        &mut self,
        operator: &ast::Operator,
        tables: &[ast::Expr],
        project: &[ast::FindColumn],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let found = self.several(None, tables, environment)?;
        let mut schema = self.closed(&[("source_", Type::String)]);
        schema.open = project.is_empty();
        for column in project {
            match column {
                ast::FindColumn::Star(_) => schema.open = true,
                ast::FindColumn::Pack(_) => schema.columns.push(self.new_column("pack_", Type::Dynamic)),
                ast::FindColumn::Column { name, ty } => {
                    let declared = ty.as_ref().and_then(|ty| Type::from_name(&ty.text));
                    let known = || {
                        let column =
                            found.columns.iter().find(|column| self.query.column(**column).name == name.text)?;
                        Some(self.query.column(*column).ty)
                    };
                    let ty = declared.or_else(known).unwrap_or(Type::Unknown);
                    let column = self.new_column(&name.text, ty);
                    schema.columns.push(column);
                }
            }
        }
        Ok(self.unresolved_as(None, operator, schema, environment))
    }

    /// The columns of several tables together; of all that there are where none is named.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only plain names are looked up")]
    fn several(
        &mut self,
        input: Option<RelationId>,
        tables: &[ast::Expr],
        environment: &Rc<Environment>,
    ) -> Result<Schema> {
        let mut inputs: Vec<RelationId> = input.into_iter().collect();
        let mut open = input.is_none() && tables.is_empty();
        for table in tables {
            match &table.kind {
                ast::ExprKind::Name(name) if !name.text.contains('*') => {
                    inputs.push(self.relation(table, environment)?);
                }
                _ => open = true,
            }
        }
        let columns = self.union_columns(&inputs).into_iter().map(|union| union.column).collect();
        open |= inputs.iter().any(|input| self.query.relation(*input).schema.open);
        Ok(Schema { columns, open })
    }

    /// `graph-match … project`: the columns it names, over nodes and edges that are not bound here.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only properties of elements have names")]
    pub(super) fn graph_match(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        project: &[ast::Column],
        environment: &Rc<Environment>,
    ) -> RelationId {
        let mut names = Names::default();
        let mut columns = Vec::new();
        for column in project {
            let name = match (column.names.first(), &column.value.kind) {
                (Some(name), _) | (None, ast::ExprKind::Name(name)) => names.claim(&name.text),
                (None, ast::ExprKind::Member { object, name }) => match &object.kind {
                    ast::ExprKind::Name(element) => names.fresh(Some(format!("{}_{}", element.text, name.text))),
                    _ => names.fresh(None),
                },
                (None, _) => names.fresh(None),
            };
            columns.push(self.new_column(&name, Type::Unknown));
        }
        self.unresolved_as(Some(input), operator, Schema { columns, open: false }, environment)
    }
}
