//! Statements: `let` and its functions, and those that only set the stage.

use super::{Failed, Parser, Result};
use crate::kql::ast::{Expr, Function, Let, LetValue, Name, Parameter, ParameterType, Query, Statement};
use crate::kql::token::TokenKind;

impl Parser<'_> {
    /// The whole text.
    pub(super) fn parse_query(&mut self) -> Query {
        while self.at(TokenKind::Directive) {
            self.advance();
        }
        let query = self.parse_statements(|parser| parser.parse_statement(), None);
        if self.position < self.lexemes.len() {
            // A closing bracket that nothing opened ends the statements early.
            self.would_take("`;`");
            let _ = self.fail::<()>();
        }
        query
    }

    /// Statements separated by `;`, up to the closing bracket or the end.
    fn parse_statements(
        &mut self,
        mut statement: impl FnMut(&mut Self) -> Result<Statement>,
        close: Option<TokenKind>,
    ) -> Query {
        let mut statements = Vec::new();
        while self.position < self.lexemes.len() && self.peek() != close {
            let before = self.position;
            match statement(self) {
                Ok(statement) => statements.push(statement),
                Err(Failed) => self.recover_statement(),
            }
            if self.accept(TokenKind::Semicolon).is_some() {
                continue;
            }
            if self.position == self.lexemes.len() || self.peek() == close {
                break;
            }
            self.would_take("`|`");
            let _ = self.fail::<()>();
            // The next statement may start here, its `;` forgotten.
            if !(self.at_statement_keyword() && self.position > before) {
                self.recover_statement();
                self.accept(TokenKind::Semicolon);
            }
            if self.position == before {
                self.position += 1;
            }
        }
        Query { statements }
    }

    /// Skips to the end of the statement.
    fn recover_statement(&mut self) {
        loop {
            self.recover();
            match self.peek() {
                Some(TokenKind::Pipe) => {
                    self.advance();
                    // Errors of later stages are found as well.
                    if self.parse_operator().is_err() || !self.at_end_of_list() {
                        continue;
                    }
                }
                _ => return,
            }
        }
    }

    fn at_statement_keyword(&self) -> bool {
        match self.text_at(0) {
            "let" => self.name_length(1) > 0,
            "set" => self.at(TokenKind::Keyword),
            "declare" => self.word_at(1, "pattern") || self.word_at(1, "query_parameters"),
            "restrict" => self.word_at(1, "access"),
            "alias" => self.word_at(1, "database"),
            _ => false,
        }
    }

    fn parse_statement(&mut self) -> Result<Statement> {
        if !self.at_statement_keyword() {
            return Ok(Statement::Expr(self.parse_tabular()?));
        }
        match self.text_at(0) {
            "let" => Ok(Statement::Let(self.parse_let()?)),
            _ => self.parse_other_statement(),
        }
    }

    /// A statement that is known by its keyword only.
    fn parse_other_statement(&mut self) -> Result<Statement> {
        let keyword = Name { text: self.text_at(0).to_owned(), span: self.advance() };
        let start = self.span();
        let mut open = 0usize;
        while let Some(kind) = self.peek() {
            match kind {
                TokenKind::OpenParen | TokenKind::OpenBracket | TokenKind::OpenBrace => open += 1,
                TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::CloseBrace if open == 0 => break,
                TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::CloseBrace => open -= 1,
                TokenKind::Semicolon if open == 0 => break,
                _ => {}
            }
            self.position += 1;
        }
        let text = self.text[self.since(start).range()].to_owned();
        let span = self.since(keyword.span);
        Ok(Statement::Other { keyword, text, span })
    }

    fn parse_let(&mut self) -> Result<Let> {
        let start = self.expect_word("`let`")?;
        let name = self.expect_name()?;
        self.expect(TokenKind::Assign)?;
        let value = if self.at_word("materialize") && self.peek_at(1) == Some(TokenKind::OpenParen) {
            LetValue::Expr(self.level(Self::parse_subquery_call)?)
        } else if self.at_function() {
            LetValue::Function(self.level(Self::parse_function)?)
        } else {
            LetValue::Expr(self.parse_tabular()?)
        };
        Ok(Let { name, value, span: self.since(start) })
    }

    /// Whether a function is declared here: its parameters are told from an expression in parentheses by their `:`.
    fn at_function(&self) -> bool {
        let open = usize::from(self.at_word("view"));
        if self.peek_at(open) != Some(TokenKind::OpenParen) {
            return false;
        }
        match self.peek_at(open + 1) {
            Some(TokenKind::CloseParen | TokenKind::Star) => true,
            _ => {
                let name = self.assignable_length(open + 1);
                name > 0 && self.peek_at(open + 1 + name) == Some(TokenKind::Colon)
            }
        }
    }

    fn parse_function(&mut self) -> Result<Function> {
        let start = self.span();
        let view = self.accept_word("`view`").is_some();
        let parameters = self.parse_parameters()?;
        self.expect(TokenKind::OpenBrace)?;
        let body = self.parse_statements(Self::parse_body_statement, Some(TokenKind::CloseBrace));
        self.expect(TokenKind::CloseBrace)?;
        self.grow(1)?;
        Ok(Function { view, parameters, body, span: self.since(start) })
    }

    fn parse_body_statement(&mut self) -> Result<Statement> {
        self.parse_statement()
    }

    /// `(name: type = literal, …)`
    fn parse_parameters(&mut self) -> Result<Vec<Parameter>> {
        self.expect(TokenKind::OpenParen)?;
        let parameters =
            if self.at(TokenKind::CloseParen) { Vec::new() } else { self.parse_list(Self::parse_parameter)? };
        self.expect(TokenKind::CloseParen)?;
        Ok(parameters)
    }

    fn parse_parameter(&mut self) -> Result<Parameter> {
        let length = self.assignable_length(0);
        let name = self.take_name(length)?;
        self.expect(TokenKind::Colon)?;
        let ty = if self.at(TokenKind::OpenParen) {
            ParameterType::Table(self.parse_table_type()?)
        } else {
            ParameterType::Scalar(self.parse_type()?)
        };
        let default = match self.accept(TokenKind::Assign) {
            Some(_) => Some(self.parse_default()?),
            None => None,
        };
        Ok(Parameter { name, ty, default })
    }

    /// `(column: type, …)` or `(*)`
    fn parse_table_type(&mut self) -> Result<Vec<(Name, Name)>> {
        self.expect(TokenKind::OpenParen)?;
        let mut columns = Vec::new();
        if self.accept(TokenKind::Star).is_none() {
            while !self.at_end_of_list() {
                columns.push(self.parse_typed_name()?);
                if self.accept(TokenKind::Comma).is_none() {
                    break;
                }
            }
        }
        self.expect(TokenKind::CloseParen)?;
        Ok(columns)
    }

    /// A parameter's default: a literal, with a sign perhaps, or a word.
    fn parse_default(&mut self) -> Result<Expr> {
        self.parse_unary()
    }
}
