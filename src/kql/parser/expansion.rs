//! Operators that take rows apart, and those that work on a part of the rows at a time.

use super::operator::take_kind;
use super::{Parser, Result};
use crate::kql::ast::{Column, Expansion, Expr, Name, OperatorKind, ParsePart, RowType, ScanStep, SeriesRange};
use crate::kql::token::TokenKind;

impl Parser<'_> {
    pub(super) fn parse_mv_expand(&mut self) -> Result<OperatorKind> {
        let columns = self.parse_list(Self::parse_expanded)?;
        Ok(OperatorKind::MvExpand { columns, limit: self.parse_limit()? })
    }

    fn parse_expanded(&mut self) -> Result<Expansion> {
        let column = Some(self.parse_column()?);
        Ok(Expansion { column, ty: self.parse_to_typeof()? })
    }

    fn parse_to_typeof(&mut self) -> Result<Option<RowType>> {
        match self.accept_word("`to`") {
            Some(_) => Ok(Some(self.parse_typeof()?)),
            None => Ok(None),
        }
    }

    fn parse_limit(&mut self) -> Result<Option<Expr>> {
        match self.accept_word("`limit`") {
            Some(_) => Ok(Some(self.parse_scalar()?)),
            None => Ok(None),
        }
    }

    pub(super) fn parse_mv_apply(&mut self) -> Result<OperatorKind> {
        let columns = if self.at_word("to") {
            vec![Expansion { column: None, ty: self.parse_to_typeof()? }]
        } else {
            self.parse_list(Self::parse_expanded)?
        };
        let limit = self.parse_limit()?;
        let id = match self.accept_word("`id`") {
            Some(_) => Some(self.parse_scalar()?),
            None => None,
        };
        self.expect_word("`on`")?;
        self.expect(TokenKind::OpenParen)?;
        let body = self.parse_headless()?;
        self.expect(TokenKind::CloseParen)?;
        Ok(OperatorKind::MvApply { columns, limit, id, body })
    }

    pub(super) fn parse_parse(&mut self, filters: bool, hints: &mut Vec<(Name, Expr)>) -> Result<OperatorKind> {
        let kind = take_kind(hints);
        let subject = self.parse_scalar()?;
        self.expect_word("`with`")?;
        let mut parts = Vec::new();
        loop {
            let start = self.span();
            if let Some(span) = self.accept(TokenKind::Star) {
                parts.push(ParsePart::Star(span));
            } else if matches!(self.peek(), Some(TokenKind::String { .. })) {
                let text = self.parse_strings()?;
                parts.push(ParsePart::Text { text, span: self.since(start) });
            } else {
                let length = self.assignable_length(0);
                if length == 0 {
                    return Ok(OperatorKind::Parse { filters, kind, subject, parts });
                }
                let name = self.take_name(length)?;
                let ty = match self.accept(TokenKind::Colon) {
                    Some(_) => Some(self.parse_type()?),
                    None => None,
                };
                parts.push(ParsePart::Column { name, ty });
            }
        }
    }

    pub(super) fn parse_parse_kv(&mut self) -> Result<OperatorKind> {
        let subject = self.parse_scalar()?;
        self.expect_word("`as`")?;
        let columns = self.parse_schema()?;
        Ok(OperatorKind::ParseKv { subject, columns, properties: self.parse_properties()? })
    }

    pub(super) fn parse_make_series(&mut self) -> Result<OperatorKind> {
        let aggregates = self.parse_list(Self::parse_series_aggregate)?;
        self.expect_word("`on`")?;
        let on = self.parse_column()?;
        let range = self.parse_series_range()?;
        let keys = match self.accept_word("`by`") {
            Some(_) => self.parse_list(Self::parse_column)?,
            None => Vec::new(),
        };
        Ok(OperatorKind::MakeSeries { aggregates, on, range, keys })
    }

    fn parse_series_aggregate(&mut self) -> Result<(Column, Option<Expr>)> {
        let column = self.parse_column()?;
        let default = match self.accept_word("`default`") {
            Some(_) => {
                self.expect(TokenKind::Assign)?;
                Some(self.parse_scalar()?)
            }
            None => None,
        };
        Ok((column, default))
    }

    fn parse_series_range(&mut self) -> Result<SeriesRange> {
        if self.at_word("in") {
            self.advance();
            self.expect_word("`range`")?;
            self.expect(TokenKind::OpenParen)?;
            let values = self.parse_list(Self::parse_scalar)?;
            self.expect(TokenKind::CloseParen)?;
            return Ok(SeriesRange::In(values));
        }
        let from = match self.accept_word("`from`") {
            Some(_) => Some(self.parse_scalar()?),
            None => None,
        };
        let to = match self.accept_word("`to`") {
            Some(_) => Some(self.parse_scalar()?),
            None => None,
        };
        self.expect_word("`step`")?;
        Ok(SeriesRange::Steps { from, to, step: self.parse_scalar()? })
    }

    /// Operators without a source, or a query.
    fn parse_branch(&mut self) -> Result<Expr> {
        if self.at_operator() { self.parse_headless() } else { self.parse_tabular() }
    }

    pub(super) fn parse_facet(&mut self) -> Result<OperatorKind> {
        self.expect_word("`by`")?;
        let by = self.parse_list(Self::parse_simple_path)?;
        let with = match self.accept_word("`with`") {
            Some(_) => Some(self.parse_facet_pipeline()?),
            None => None,
        };
        Ok(OperatorKind::Facet { by, with })
    }

    fn parse_facet_pipeline(&mut self) -> Result<Expr> {
        if self.accept(TokenKind::OpenParen).is_some() {
            let pipeline = self.parse_headless()?;
            self.expect(TokenKind::CloseParen)?;
            return Ok(pipeline);
        }
        // One operator needs no parentheses.
        self.level(Self::parse_head)
    }

    pub(super) fn parse_fork(&mut self) -> Result<OperatorKind> {
        let mut branches = Vec::new();
        loop {
            let length = self.name_length(0);
            let name = if length > 0 && self.peek_at(length) == Some(TokenKind::Assign) {
                let name = self.take_name(length)?;
                self.advance();
                Some(name)
            } else {
                None
            };
            if name.is_none() && !branches.is_empty() && !self.at(TokenKind::OpenParen) {
                return Ok(OperatorKind::Fork(branches));
            }
            self.expect(TokenKind::OpenParen)?;
            let pipeline = self.parse_branch()?;
            self.expect(TokenKind::CloseParen)?;
            branches.push((name, pipeline));
        }
    }

    pub(super) fn parse_partition(&mut self) -> Result<OperatorKind> {
        self.expect_word("`by`")?;
        let by = self.parse_simple_path()?;
        let scope = if self.at_word("in") {
            self.advance();
            Some(self.parse_unary()?)
        } else {
            None
        };
        let braces = self.accept(TokenKind::OpenBrace).is_some();
        let body = if braces {
            self.parse_tabular()?
        } else {
            self.expect(TokenKind::OpenParen)?;
            self.parse_branch()?
        };
        self.expect(if braces { TokenKind::CloseBrace } else { TokenKind::CloseParen })?;
        Ok(OperatorKind::Partition { by, scope, body, braces })
    }

    pub(super) fn parse_scan(&mut self) -> Result<OperatorKind> {
        let order = match self.accept_word("`order`") {
            Some(_) => {
                self.expect_word("`by`")?;
                self.parse_list(Self::parse_sort_key)?
            }
            None => Vec::new(),
        };
        let partition = match self.accept_word("`partition`") {
            Some(_) => {
                self.expect_word("`by`")?;
                self.parse_list(Self::parse_scalar)?
            }
            None => Vec::new(),
        };
        let declared = match self.accept_word("`declare`") {
            Some(_) => self.parse_parameters()?,
            None => Vec::new(),
        };
        self.expect_word("`with`")?;
        self.expect(TokenKind::OpenParen)?;
        let mut steps = Vec::new();
        while self.accept_word("`step`").is_some() {
            steps.push(self.parse_scan_step()?);
        }
        self.expect(TokenKind::CloseParen)?;
        Ok(OperatorKind::Scan { order, partition, declared, steps })
    }

    fn parse_scan_step(&mut self) -> Result<ScanStep> {
        let length = self.assignable_length(0);
        let name = self.take_name(length)?;
        let optional = self.accept_word("`optional`").is_some();
        let output = match self.accept_word("`output`") {
            Some(_) => {
                self.expect(TokenKind::Assign)?;
                Some(self.parse_word(&["all", "last", "none"], "`all`, `last` or `none`")?)
            }
            None => None,
        };
        self.expect(TokenKind::Colon)?;
        let predicate = self.parse_scalar()?;
        let assignments = match self.accept(TokenKind::Arrow) {
            Some(_) => self.parse_list(Self::parse_scan_assignment)?,
            None => Vec::new(),
        };
        self.expect(TokenKind::Semicolon)?;
        Ok(ScanStep { name, optional, output, predicate, assignments })
    }

    fn parse_scan_assignment(&mut self) -> Result<Column> {
        let length = self.assignable_length(0);
        let name = self.take_name(length)?;
        self.expect(TokenKind::Assign)?;
        Ok(Column { names: vec![name], value: self.parse_scalar()? })
    }

    /// One of some words.
    fn parse_word(&mut self, words: &[&str], what: &'static str) -> Result<Name> {
        let is_word = matches!(self.peek(), Some(TokenKind::Name | TokenKind::Keyword));
        if is_word && words.contains(&self.text_at(0)) {
            return Ok(Name { text: self.text_at(0).to_owned(), span: self.advance() });
        }
        self.would_take(what);
        self.fail()
    }
}
