//! Tests on every column of a row: `* has "x"`, and the terms of `search`.

use std::rc::Rc;

use crate::ir::{
    self, Case, Expr, ExprKind, Function, Operator, Predicate, Quantifier, RelationId, Schema, Test, TestOp,
    TextRelation, Truth, Type, Value,
};
use crate::kql::ast::{self, BinaryOp};
use crate::span::{Origins, Span};

use super::name::{Binding, Environment, UserFunction};
use super::predicate::text_operator;
use super::scalar::Scope;
use super::{Lowerer, Result};

impl Lowerer<'_> {
    /// A test that some column passes; columns of other types are looked at as text. None where not all columns are
    /// known, and for tests on something else than text: which columns those ask is not documented.
    ///
    /// <https://learn.microsoft.com/kusto/query/where-operator>
    #[expect(clippy::wildcard_enum_match_arm, reason = "what is not named is left to the engine")]
    pub(super) fn any_column(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        star: Span,
        operand: &Expr,
        scope: &Scope,
    ) -> Result<Option<Predicate>> {
        let Some(schema) = scope.row.map(|row| self.query.relation(row).schema.clone()) else { return Ok(None) };
        let Some(Value::String(_)) = operand.as_literal() else { return Ok(None) };
        if schema.open || schema.columns.is_empty() {
            return Ok(None);
        }
        let test = match op {
            BinaryOp::Equal => TestOp::Equals { operands: vec![operand.clone()], case: Case::Sensitive },
            BinaryOp::EqualFold => TestOp::Equals { operands: vec![operand.clone()], case: Case::Insensitive },
            BinaryOp::Contains
            | BinaryOp::ContainsCs
            | BinaryOp::StartsWith
            | BinaryOp::StartsWithCs
            | BinaryOp::EndsWith
            | BinaryOp::EndsWithCs
            | BinaryOp::Has
            | BinaryOp::HasCs
            | BinaryOp::HasPrefix
            | BinaryOp::HasPrefixCs
            | BinaryOp::HasSuffix
            | BinaryOp::HasSuffixCs => {
                let (relation, case, _) = text_operator(op);
                TestOp::Text { relation, needles: vec![operand.clone()], quantifier: Quantifier::Any, case }
            }
            // What all columns have to pass, and what is not compared as text, is left to the engine.
            _ => return Ok(None),
        };
        self.spend_all(schema.columns.len(), star)?;
        Ok(Some(self.some_column(&schema, star, &test, op_span.into())))
    }

    fn some_column(&self, schema: &Schema, star: Span, op: &TestOp, origins: Origins) -> Predicate {
        let part = |column: &ir::ColumnId| {
            let ty = self.query.column(*column).ty;
            let value = Expr::column(*column, ty, star.into());
            let subject = if matches!(ty, Type::String | Type::Unknown) {
                value
            } else {
                Expr {
                    kind: ExprKind::Call(Function::ToString, vec![value]),
                    ty: Type::String,
                    origins: Origins::none(),
                }
            };
            Predicate::test(Test::new(subject, op.clone()), origins.clone())
        };
        Predicate::or(schema.columns.iter().map(part).collect(), Origins::none())
    }

    /// The predicate of `search`: a text alone is a term that some column has. None where a part of it has no meaning
    /// here.
    ///
    /// <https://learn.microsoft.com/kusto/query/search-operator#search-predicate-syntax>
    #[expect(clippy::wildcard_enum_match_arm, reason = "all but terms mean what they mean in `where`")]
    fn search_predicate(&mut self, expr: &ast::Expr, scope: &Scope) -> Result<Option<Predicate>> {
        self.spend(expr.span)?;
        match &expr.kind {
            ast::ExprKind::Star => Ok(Some(Predicate::constant(Truth::True, expr.span.into()))),
            ast::ExprKind::Literal(ast::Literal::String(_)) => self.term(None, expr, expr.span, scope),
            ast::ExprKind::Binary { op: BinaryOp::Search, op_span, left, right } => {
                self.term(Some(left), right, *op_span, scope)
            }
            ast::ExprKind::Binary { op: op @ (BinaryOp::And | BinaryOp::Or), .. } => {
                // Long chains lean to the left, so they are walked, not recursed into.
                let (mut parts, mut origins, mut rest) = (Vec::new(), Vec::new(), expr);
                while let ast::ExprKind::Binary { op: inner, op_span, left, right } = &rest.kind
                    && inner == op
                {
                    parts.push(&**right);
                    origins.push(*op_span);
                    rest = left;
                }
                parts.push(rest);
                let mut lowered = Vec::new();
                for part in parts.into_iter().rev() {
                    match self.search_predicate(part, scope)? {
                        Some(part) => lowered.push(part),
                        None => return Ok(None),
                    }
                }
                let origins = origins.into_iter().collect();
                Ok(Some(match op {
                    BinaryOp::And => Predicate::and(lowered, origins),
                    _ => Predicate::or(lowered, origins),
                }))
            }
            _ => self.predicate(expr, scope).map(Some),
        }
    }

    /// A term with `*` at its ends, in one column or in some; none for `*` inside.
    fn term(
        &mut self,
        column: Option<&ast::Expr>,
        term: &ast::Expr,
        op_span: Span,
        scope: &Scope,
    ) -> Result<Option<Predicate>> {
        let operand = self.scalar(term, scope)?;
        let Some(Value::String(text)) = operand.as_literal() else { return Ok(None) };
        let inner = text.trim_start_matches('*');
        let (before, inner) = (inner.len() < text.len(), inner.trim_end_matches('*'));
        let relation = match (before, text.ends_with('*')) {
            (false, false) => TextRelation::Term,
            (false, true) => TextRelation::TermPrefix,
            (true, false) => TextRelation::TermSuffix,
            (true, true) => TextRelation::Contains,
        };
        if inner.is_empty() || inner.contains('*') {
            return Ok(None);
        }
        let needle = Expr::literal(Value::String(inner.to_owned()), operand.origins.clone());
        let test =
            TestOp::Text { relation, needles: vec![needle], quantifier: Quantifier::Any, case: Case::Insensitive };
        let every = column.is_none_or(|column| matches!(column.kind, ast::ExprKind::Star));
        let Some(column) = column.filter(|_| !every) else {
            let Some(row) = scope.row else { return Ok(None) };
            let mut schema = self.query.relation(row).schema.clone();
            // The name of the table is no column that is searched.
            schema.columns.retain(|column| self.query.column(*column).name != "$table");
            if schema.open || schema.columns.is_empty() {
                return Ok(None);
            }
            self.spend_all(schema.columns.len(), term.span)?;
            return Ok(Some(self.some_column(&schema, op_span, &test, op_span.into())));
        };
        let mut subject = self.scalar(column, scope)?;
        self.infer(&mut subject, Type::String);
        if subject.ty != Type::String {
            return Ok(None);
        }
        Ok(Some(Predicate::test(Test::new(subject, test), op_span.into())))
    }

    /// `search` over tables all of whose columns are known; over the query's own views where none is named and no view
    /// reads a table, for then the workspace's tables, which are searched as well, are none of the rule's. None where
    /// that is not so.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only plain names are tables that are known")]
    pub(super) fn closed_search(
        &mut self,
        input: Option<RelationId>,
        operator: &ast::Operator,
        (tables, predicate): (&[ast::Expr], &ast::Expr),
        environment: &Rc<Environment>,
    ) -> Result<Option<RelationId>> {
        if !operator.hints.is_empty() {
            return Ok(None);
        }
        let name = ast::Name { text: "$table".to_owned(), span: operator.keyword.span };
        let mut legs: Vec<(String, RelationId)> = Vec::new();
        if let Some(input) = input {
            let Some(table) = self.origin_table(input) else { return Ok(None) };
            legs.push((table, input));
        }
        for table in tables {
            match &table.kind {
                ast::ExprKind::Name(name) if !name.text.contains('*') => {
                    legs.push((name.text.clone(), self.relation(table, environment)?));
                }
                _ => return Ok(None),
            }
        }
        if legs.is_empty() {
            for (name, function) in environment.views() {
                let name = ast::Name { text: name, span: operator.keyword.span };
                let kind = ast::ExprKind::Name(name.clone());
                let call = ast::Expr { kind, span: operator.keyword.span };
                let leg = self.call_tabular_function(&call, &name, &function, &[], environment)?;
                if !self.is_made_here(leg) {
                    return Ok(None);
                }
                legs.push((name.text, leg));
            }
        }
        if legs.is_empty() || legs.iter().any(|(_, leg)| self.query.relation(*leg).schema.open) {
            return Ok(None);
        }
        let searched: Vec<String> = legs.iter().map(|(table, _)| table.clone()).collect();
        let inputs: Vec<RelationId> =
            legs.into_iter().map(|(table, leg)| self.with_source(leg, Some(&name), &table)).collect();
        let columns = self.union_columns(&inputs);
        // Of several types a name means several columns, and which of them the predicate asks is not documented.
        let known = |name: &str| {
            inputs.iter().any(|leg| {
                let columns = &self.query.relation(*leg).schema.columns;
                columns.iter().any(|column| self.query.column(*column).name == name)
            })
        };
        if columns.iter().any(|union| !known(&self.query.column(union.column).name)) {
            return Ok(None);
        }
        let schema = Schema { columns: columns.iter().map(|union| union.column).collect(), open: false };
        let inner: Vec<Span> = tables.iter().map(|table| table.span).chain([predicate.span]).collect();
        let union = self.stage_around(&inner, operator, Operator::Union { inputs, columns }, schema);
        let Some(predicate) = self.search_predicate(predicate, &Scope::row(environment, union))? else {
            return Ok(None);
        };
        for view in searched {
            self.lookup(environment, &view);
        }
        let origins = operator.keyword.span.into();
        Ok(Some(self.like_input(union, Operator::Filter { input: union, predicate }, origins)))
    }

    /// Whether rows come from the query alone.
    fn is_made_here(&self, relation: RelationId) -> bool {
        let op = &self.query.relation(relation).op;
        let is_source = matches!(op, Operator::Table { .. } | Operator::External(_) | Operator::Opaque { .. });
        !is_source && op.inputs().into_iter().all(|input| self.is_made_here(input))
    }
}

impl Environment {
    /// The views that are visible, in order of definition.
    fn views(&self) -> Vec<(String, Rc<UserFunction>)> {
        let mut views: Vec<(String, Rc<UserFunction>)> = Vec::new();
        for (name, binding) in self.bindings() {
            if let Binding::Function(function) = binding
                && function.declaration.view
                && function.declaration.parameters.is_empty()
            {
                views.push((name.to_owned(), Rc::clone(function)));
            }
        }
        views.reverse();
        views
    }
}
