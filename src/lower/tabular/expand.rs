//! Operators that take values apart: `mv-expand`, `mv-apply`, `parse`, `parse-kv`.

use std::rc::Rc;

use crate::diagnostic::Code;
use crate::ir::{
    Assignment, ColumnId, Expansion, Operator, Parse, ParseKv, ParseMode, ParsePart, RelationId, Schema, Type, Value,
};
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
        limit: Option<&ast::Expr>,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let expansion = self.expansion(input, operator, columns, limit, environment)?;
        let schema = self.query.relation(input).schema.clone();
        let schema = self.extended(schema, expanded(&expansion));
        let relation = self.stage(operator, Operator::Expand { input, expansion }, schema);
        self.inherit_hidden(input, relation);
        Ok(relation)
    }

    /// What is expanded, and the columns of the elements.
    fn expansion(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        columns: &[ast::Expansion],
        limit: Option<&ast::Expr>,
        environment: &Rc<Environment>,
    ) -> Result<Expansion> {
        let scope = Scope::row(environment, input);
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
            expanded.push(Assignment { column: self.new_column(&name, ty), value });
        }
        let limit = match limit {
            Some(limit) => Some(self.count(limit, environment)?.0),
            // The older spelling takes 128 elements of a row.
            None if operator.keyword.text == "mvexpand" => Some(128),
            None => None,
        };
        let pairs = operator.hints.iter().any(|(name, value)| {
            matches!(name.text.as_str(), "kind" | "bagexpansion")
                && matches!(&value.kind, ast::ExprKind::Name(kind) if kind.text == "array")
        });
        Ok(Expansion { columns: expanded, index: self.item_index(operator), limit, pairs })
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
    #[expect(clippy::too_many_arguments, reason = "they are the operator's parts")]
    pub(super) fn apply(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        columns: &[ast::Expansion],
        limit: Option<&ast::Expr>,
        id: Option<&ast::Expr>,
        body: &ast::Expr,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let expansion = self.expansion(input, operator, columns, limit, environment)?;
        if let Some(id) = id {
            // It names the rows for the engine alone.
            self.scalar(id, &Scope::row(environment, input))?;
        }
        let outer = self.query.relation(input).schema.clone();
        let inner = self.extended(outer.clone(), expanded(&expansion));
        let given = self.stage_around(&[operator.span], operator, Operator::Given { input }, inner);
        let body_relation = self.headless(given, body, environment)?;
        let answered = self.query.relation(body_relation).schema.clone();
        let is_answered = |name: &str| answered.columns.iter().any(|column| self.query.column(*column).name == name);
        let is_expanded =
            |name: &str| expanded(&expansion).iter().any(|column| self.query.column(*column).name == name);
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
        let op = Operator::Apply { input, expansion, given, body: body_relation };
        let relation = self.stage_around(&[body.span], operator, op, schema);
        self.inherit_hidden(input, relation);
        Ok(relation)
    }

    /// `parse`, `parse-where`: columns cut out of a text; strings where no type is written.
    ///
    /// <https://learn.microsoft.com/kusto/query/parse-operator>
    pub(super) fn parse(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        pattern: &ast::OperatorKind,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let ast::OperatorKind::Parse { filters, kind, subject, parts } = pattern else {
            unreachable!("the caller looked")
        };
        let mut subject = self.scalar(subject, &Scope::row(environment, input))?;
        self.infer(&mut subject, Type::String);
        let flags = operator.hints.iter().find(|(name, _)| name.text == "flags").map(|(_, flags)| word(flags));
        let mode = match kind.as_ref().map_or("simple", |kind| kind.text.as_str()) {
            "relaxed" => ParseMode::Relaxed,
            "regex" => ParseMode::Regex { flags: flags.unwrap_or_default() },
            _ => ParseMode::Simple,
        };
        let mut columns = Vec::new();
        let mut lowered = Vec::with_capacity(parts.len());
        for part in parts {
            lowered.push(match part {
                ast::ParsePart::Star(_) => ParsePart::Star,
                ast::ParsePart::Text { text, .. } => ParsePart::Text(text.clone()),
                ast::ParsePart::Column { name, ty } => {
                    let ty = match ty {
                        Some(ty) => match Type::from_name(&ty.text) {
                            Some(ty) => ty,
                            None => return self.error(Code::UnknownName, ty.span, format!("no type `{}`", ty.text)),
                        },
                        None => Type::String,
                    };
                    columns.push(self.new_column(&name.text, ty));
                    ParsePart::Column(columns[columns.len() - 1])
                }
            });
        }
        let op = Operator::Parse(Parse { input, subject, mode, parts: lowered, filters: *filters });
        Ok(self.adding(input, operator, op, columns))
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
        properties: &[(ast::Name, ast::Expr)],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let mut subject = self.scalar(subject, &Scope::row(environment, input))?;
        self.infer(&mut subject, Type::String);
        let columns = self.declared(columns)?;
        let mut property = |name: &str| -> Result<Option<Value>> {
            let Some((_, value)) = properties.iter().find(|(other, _)| other.text == name) else { return Ok(None) };
            let value = self.scalar(value, &Scope::constant(environment))?;
            Ok(value.as_literal().cloned())
        };
        let text = |value: Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
        let quotes = match property("quote")? {
            Some(Value::String(quote)) => quotes(&[quote]),
            Some(Value::Dynamic(crate::ir::Dynamic::Array(elements))) => {
                let mut texts = Vec::new();
                for element in elements {
                    if let crate::ir::Dynamic::String(text) = element {
                        texts.push(text);
                    }
                }
                quotes(&texts)
            }
            _ => Vec::new(),
        };
        let parse = ParseKv {
            input,
            subject,
            columns: columns.clone(),
            pair_delimiter: text(property("pair_delimiter")?),
            kv_delimiter: text(property("kv_delimiter")?),
            quotes,
            escape: text(property("escape")?).and_then(|text| text.chars().next()),
            greedy: property("greedy")? == Some(Value::Bool(true)),
            regex: text(property("regex")?),
        };
        if parse.kv_delimiter.is_none() && parse.regex.is_none() {
            // What is a delimiter then, is said nowhere.
            let schema = self.query.relation(input).schema.clone();
            let schema = self.extended(schema, columns);
            return Ok(self.opaque(operator, vec![input], vec![parse.subject], schema));
        }
        Ok(self.adding(input, operator, Operator::ParseKv(parse), columns))
    }

    /// An operator that adds columns to its input's.
    pub(super) fn adding(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        op: Operator,
        columns: Vec<ColumnId>,
    ) -> RelationId {
        let schema = self.query.relation(input).schema.clone();
        let schema = self.extended(schema, columns);
        let relation = self.stage(operator, op, schema);
        self.inherit_hidden(input, relation);
        relation
    }
}

/// The columns that an expansion yields.
fn expanded(expansion: &Expansion) -> Vec<ColumnId> {
    expansion.columns.iter().map(|assignment| assignment.column).chain(expansion.index).collect()
}

/// A hint's value as the word that it is.
#[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is a word")]
fn word(value: &ast::Expr) -> String {
    match &value.kind {
        ast::ExprKind::Name(name) => name.text.clone(),
        ast::ExprKind::Literal(ast::Literal::String(text)) => text.clone(),
        _ => String::new(),
    }
}

/// Quotes as opening and closing ones: `'"'` is both, `'{}'` one of each.
fn quotes(texts: &[String]) -> Vec<(char, char)> {
    let pair = |text: &String| {
        let mut letters = text.chars();
        let open = letters.next()?;
        Some((open, letters.next().unwrap_or(open)))
    };
    texts.iter().filter_map(pair).collect()
}
