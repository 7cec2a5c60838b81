//! Operators that yield rows by themselves.

use super::{Parser, Result};
use crate::kql::ast::{Expr, ExprKind, FindColumn, Name, OperatorKind, RowType};
use crate::kql::token::TokenKind;

impl Parser<'_> {
    pub(super) fn parse_datatable(&mut self) -> Result<OperatorKind> {
        let columns = self.parse_schema()?;
        self.expect(TokenKind::OpenBracket)?;
        self.skip_leading_comma();
        let values = self.parse_values(Self::parse_value)?;
        self.expect(TokenKind::CloseBracket)?;
        Ok(OperatorKind::Datatable { columns, values })
    }

    pub(super) fn parse_external_data(&mut self) -> Result<OperatorKind> {
        let columns = self.parse_schema()?;
        self.expect(TokenKind::OpenBracket)?;
        let sources = self.parse_values(Self::parse_tabular)?;
        self.expect(TokenKind::CloseBracket)?;
        Ok(OperatorKind::ExternalData { columns, sources, properties: self.parse_properties()? })
    }

    pub(super) fn parse_evaluate(&mut self) -> Result<OperatorKind> {
        let name = self.name_length(0);
        if name == 0 || self.peek_at(name) != Some(TokenKind::OpenParen) {
            self.would_take("a plugin");
            return self.fail();
        }
        let call = self.parse_call()?;
        let schema = match self.accept(TokenKind::Colon) {
            Some(_) => Some(self.parse_row_type()?),
            None => None,
        };
        Ok(OperatorKind::Evaluate { call, schema })
    }

    pub(super) fn parse_range(&mut self) -> Result<OperatorKind> {
        let column = self.expect_name()?;
        self.expect_word("`from`")?;
        let from = self.parse_scalar()?;
        self.expect_word("`to`")?;
        let to = self.parse_scalar()?;
        self.expect_word("`step`")?;
        Ok(OperatorKind::Range { column, from, to, step: self.parse_scalar()? })
    }

    pub(super) fn parse_search(&mut self) -> Result<OperatorKind> {
        let tables = self.parse_in_tables()?;
        Ok(OperatorKind::Search { tables, predicate: self.parse_search_predicate()? })
    }

    fn skip_leading_comma(&mut self) {
        if self.at(TokenKind::Comma) {
            self.advance();
        }
    }

    /// Values up to `]`, a comma behind the last one included.
    fn parse_values(&mut self, mut value: impl FnMut(&mut Self) -> Result<Expr>) -> Result<Vec<Expr>> {
        let mut values = Vec::new();
        while !self.at_end_of_list() {
            values.push(value(self)?);
            if self.accept(TokenKind::Comma).is_none() {
                break;
            }
        }
        Ok(values)
    }

    /// A literal, with a sign perhaps.
    pub(super) fn parse_value(&mut self) -> Result<Expr> {
        let signed = matches!(self.peek(), Some(TokenKind::Minus | TokenKind::Plus))
            && matches!(self.peek_at(1), Some(TokenKind::Long | TokenKind::Real | TokenKind::TimeSpan))
            && !self.lexemes[self.position + 1].spaced;
        if signed {
            return self.parse_unary();
        }
        match self.parse_literal()? {
            Some(literal) => Ok(literal),
            None if self.placeholder_length(0) > 0 => {
                let name = self.expect_name()?;
                let span = name.span;
                Ok(Expr { kind: ExprKind::Placeholder(name), span })
            }
            None => {
                self.would_take("a literal");
                self.fail()
            }
        }
    }

    /// `(column: type, …)`
    pub(super) fn parse_schema(&mut self) -> Result<Vec<(Name, Name)>> {
        self.expect(TokenKind::OpenParen)?;
        self.skip_leading_comma();
        let mut columns = Vec::new();
        while !self.at_end_of_list() {
            columns.push(self.parse_typed_name()?);
            if self.accept(TokenKind::Comma).is_none() {
                break;
            }
        }
        self.expect(TokenKind::CloseParen)?;
        Ok(columns)
    }

    /// `(*, column: type, …)`
    fn parse_row_type(&mut self) -> Result<RowType> {
        self.expect(TokenKind::OpenParen)?;
        self.skip_leading_comma();
        let star = self.accept(TokenKind::Star).is_some();
        if star {
            self.skip_leading_comma();
        }
        let mut columns = Vec::new();
        while !self.at_end_of_list() {
            columns.push(self.parse_typed_name()?);
            if self.accept(TokenKind::Comma).is_none() {
                break;
            }
        }
        self.expect(TokenKind::CloseParen)?;
        Ok(RowType::Row { star, columns })
    }

    /// `in (tables)`, or nothing.
    fn parse_in_tables(&mut self) -> Result<Vec<Expr>> {
        if !self.at_word("in") {
            return Ok(Vec::new());
        }
        self.advance();
        self.expect(TokenKind::OpenParen)?;
        let tables = self.parse_list(Self::parse_table)?;
        self.expect(TokenKind::CloseParen)?;
        Ok(tables)
    }

    /// A predicate, in which `*` alone takes every row.
    fn parse_search_predicate(&mut self) -> Result<Expr> {
        let ends_or_goes_on = matches!(
            self.peek_at(1),
            None | Some(TokenKind::CloseParen | TokenKind::CloseBrace | TokenKind::Pipe | TokenKind::Semicolon)
        ) || self.word_at(1, "and");
        if !self.at(TokenKind::Star) || !ends_or_goes_on {
            return self.parse_scalar();
        }
        let star = self.advance();
        let everything = Expr { kind: ExprKind::Star, span: star };
        if !self.at_word("and") {
            return Ok(everything);
        }
        let and = self.advance();
        let rest = self.parse_scalar()?;
        let (chain, levels) = Expr::chain(crate::kql::ast::BinaryOp::And, vec![everything, rest], vec![and]);
        self.grow(levels)?;
        Ok(chain)
    }

    pub(super) fn parse_find(&mut self) -> Result<OperatorKind> {
        // Parameters stand before the tables.
        let tables = self.parse_in_tables()?;
        if tables.is_empty() {
            if self.at_word("where") {
                self.advance();
            }
        } else {
            self.expect_word("`where`")?;
        }
        let predicate = self.parse_scalar()?;
        let project_smart = self.accept_word("`project-smart`").is_some();
        let project = match self.accept_word("`project`") {
            Some(_) => self.parse_list(Self::parse_find_column)?,
            None => Vec::new(),
        };
        let project_away = match self.accept_word("`project-away`") {
            Some(_) => self.parse_list(Self::parse_find_column)?,
            None => Vec::new(),
        };
        Ok(OperatorKind::Find { tables, predicate, project, project_smart, project_away })
    }

    fn parse_find_column(&mut self) -> Result<FindColumn> {
        if let Some(span) = self.accept(TokenKind::Star) {
            return Ok(FindColumn::Star(span));
        }
        if self.at_word("pack") && self.peek_at(1) == Some(TokenKind::OpenParen) {
            let start = self.advance();
            self.advance();
            self.expect(TokenKind::Star)?;
            self.expect(TokenKind::CloseParen)?;
            return Ok(FindColumn::Pack(self.since(start)));
        }
        let name = self.expect_name()?;
        let ty = match self.accept(TokenKind::Colon) {
            Some(_) => Some(self.parse_type()?),
            None => None,
        };
        Ok(FindColumn::Column { name, ty })
    }

    pub(super) fn parse_macro_expand(&mut self) -> Result<OperatorKind> {
        let group = if self.at_word("entity_group") && self.peek_at(1) == Some(TokenKind::OpenBracket) {
            self.parse_entity_group()?
        } else {
            self.parse_unary()?
        };
        let scope = match self.accept_word("`as`") {
            Some(_) => Some(self.expect_name()?),
            None => None,
        };
        self.expect(TokenKind::OpenParen)?;
        let body = self.level(|parser| Ok(parser.parse_block(TokenKind::CloseParen)))?;
        self.expect(TokenKind::CloseParen)?;
        Ok(OperatorKind::MacroExpand { group, scope, body })
    }
}
