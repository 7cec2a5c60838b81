//! Operators that take values apart: `mv-expand`, `mv-apply`, `parse`. What they do has no meaning here yet; what they
//! yield has names and types.

use std::rc::Rc;

use crate::diagnostic::Code;
use crate::ir::{ColumnId, Expr, RelationId, Schema, Type};
use crate::kql::ast;
use crate::lower::label::Names;
use crate::lower::name::Environment;
use crate::lower::scalar::Scope;
use crate::lower::{Lowerer, Result};

impl Lowerer<'_> {
    /// `mv-expand`: one row for each element, in a column of the element's type.
    ///
    /// <https://learn.microsoft.com/kusto/query/mv-expand-operator>
    pub(super) fn expand(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        columns: &[ast::Expansion],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let (arguments, mut expanded) = self.expansions(input, columns, environment)?;
        expanded.extend(self.item_index(operator));
        let schema = self.query.relation(input).schema.clone();
        let schema = self.extended(schema, expanded);
        let relation = self.opaque(operator, vec![input], arguments, schema);
        self.inherit_hidden(input, relation);
        Ok(relation)
    }

    /// What is expanded, and the columns of the elements.
    fn expansions(
        &mut self,
        input: RelationId,
        columns: &[ast::Expansion],
        environment: &Rc<Environment>,
    ) -> Result<(Vec<Expr>, Vec<ColumnId>)> {
        let scope = Scope::row(environment, input);
        let mut arguments = Vec::new();
        let mut expanded = Vec::new();
        let mut names = Names::default();
        for expansion in columns {
            let ty = match &expansion.ty {
                Some(ast::RowType::Scalar(name)) => match Type::from_name(&name.text) {
                    Some(ty) => ty,
                    None => return self.error(Code::UnknownName, name.span, format!("no type `{}`", name.text)),
                },
                Some(ast::RowType::Row { .. }) | None => Type::Dynamic,
            };
            let Some(column) = &expansion.column else { continue };
            let mut value = self.scalar(&column.value, &scope)?;
            self.infer(&mut value, Type::Dynamic);
            if !matches!(value.ty, Type::Dynamic | Type::Unknown) {
                let message = format!("expected a dynamic value to expand, found {}", value.ty.name());
                let help = "text that holds JSON is read with `parse_json(…)`".to_owned();
                return self.error_with_help(Code::WrongType, column.value.span, message, Some(help));
            }
            let name = self.label(column, &value, &mut names);
            expanded.push(self.new_column(&name, ty));
            arguments.push(value);
        }
        Ok((arguments, expanded))
    }

    /// The column of `with_itemindex=name`.
    fn item_index(&mut self, operator: &ast::Operator) -> Option<ColumnId> {
        let (_, value) = operator.hints.iter().find(|(name, _)| name.text == "with_itemindex")?;
        let ast::ExprKind::Name(name) = &value.kind else { return None };
        Some(self.new_column(&name.text.clone(), Type::Long))
    }

    /// `mv-apply`: a pipeline over the elements of each row, whose answer stands beside the row's own columns. A
    /// column that is expanded under its own name is the pipeline's.
    ///
    /// <https://learn.microsoft.com/kusto/query/mv-apply-operator>
    pub(super) fn apply(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        columns: &[ast::Expansion],
        id: Option<&ast::Expr>,
        body: &ast::Expr,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let (mut arguments, mut expanded) = self.expansions(input, columns, environment)?;
        expanded.extend(self.item_index(operator));
        if let Some(id) = id {
            arguments.push(self.scalar(id, &Scope::row(environment, input))?);
        }
        let outer = self.query.relation(input).schema.clone();
        let inner = self.extended(outer.clone(), expanded.iter().copied());
        let elements = self.opaque_around(&[body.span], operator, vec![input], arguments, inner);
        let answer = self.headless(elements, body, environment)?;
        let answered = self.query.relation(answer).schema.clone();
        let is_answered = |name: &str| answered.columns.iter().any(|column| self.query.column(*column).name == name);
        let is_expanded = |name: &str| expanded.iter().any(|column| self.query.column(*column).name == name);
        let kept: Vec<ColumnId> = outer
            .columns
            .iter()
            .copied()
            .filter(|column| {
                let name = &self.query.column(*column).name;
                is_answered(name) || !is_expanded(name)
            })
            .collect();
        let open = outer.open || answered.open;
        let schema = self.extended(Schema { columns: kept, open }, answered.columns);
        Ok(self.opaque_around(&[body.span], operator, vec![answer], Vec::new(), schema))
    }

    /// `parse`, `parse-where`: columns cut out of a text; strings where no type is written.
    ///
    /// <https://learn.microsoft.com/kusto/query/parse-operator>
    pub(super) fn parse(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        subject: &ast::Expr,
        parts: &[ast::ParsePart],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let mut subject = self.scalar(subject, &Scope::row(environment, input))?;
        self.infer(&mut subject, Type::String);
        let mut columns = Vec::new();
        for part in parts {
            let ast::ParsePart::Column { name, ty } = part else { continue };
            let ty = match ty {
                Some(ty) => match Type::from_name(&ty.text) {
                    Some(ty) => ty,
                    None => return self.error(Code::UnknownName, ty.span, format!("no type `{}`", ty.text)),
                },
                None => Type::String,
            };
            columns.push(self.new_column(&name.text, ty));
        }
        Ok(self.adding(input, operator, vec![subject], columns))
    }

    /// `parse-kv`: the keys declared, as columns.
    ///
    /// <https://learn.microsoft.com/kusto/query/parse-kv-operator>
    pub(super) fn parse_kv(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        subject: &ast::Expr,
        columns: &[(ast::Name, ast::Name)],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let mut subject = self.scalar(subject, &Scope::row(environment, input))?;
        self.infer(&mut subject, Type::String);
        let columns = self.declared(columns)?;
        Ok(self.adding(input, operator, vec![subject], columns))
    }

    /// An operator that adds columns to its input's.
    pub(super) fn adding(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        arguments: Vec<Expr>,
        columns: Vec<ColumnId>,
    ) -> RelationId {
        let schema = self.query.relation(input).schema.clone();
        let schema = self.extended(schema, columns);
        let relation = self.opaque(operator, vec![input], arguments, schema);
        self.inherit_hidden(input, relation);
        relation
    }
}
