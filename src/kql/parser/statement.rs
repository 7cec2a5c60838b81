//! Statements: `let` and its functions, and those that only set the stage.

use super::{AN_EXPRESSION, Failed, Parser, Result};
use crate::kql::ast::{
    Expr, ExprKind, Function, Let, LetValue, Name, Parameter, ParameterType, PatternDeclaration, PatternMatch, Query,
    Statement,
};
use crate::kql::token::TokenKind;

impl Parser<'_> {
    /// The whole text.
    pub(super) fn parse_query(&mut self) -> Query {
        while self.at(TokenKind::Directive) {
            self.advance();
        }
        let query = self.parse_statements(None);
        if self.position < self.lexemes.len() {
            // A bracket that nothing opened; behind an error its other half may have been skipped.
            if self.errors.is_empty() {
                let _ = self.fail_here::<()>();
            }
        }
        query
    }

    /// Statements up to the bracket that closes them.
    pub(super) fn parse_block(&mut self, close: TokenKind) -> Query {
        self.parse_statements(Some(close))
    }

    /// Statements separated by `;`, up to the closing bracket or the end.
    fn parse_statements(&mut self, close: Option<TokenKind>) -> Query {
        let depth = std::mem::replace(&mut self.statement_depth, self.depth);
        let mut statements = Vec::new();
        while self.position < self.lexemes.len() && self.peek() != close {
            let before = self.position;
            match self.parse_statement() {
                Ok(statement) => statements.push(statement),
                Err(Failed) => {
                    self.recover_statement();
                    if self.at_end_of_list() && !self.at(TokenKind::Semicolon) {
                        break;
                    }
                }
            }
            if self.accept(TokenKind::Semicolon).is_some() {
                continue;
            }
            if self.position == self.lexemes.len() || self.peek() == close {
                break;
            }
            let goes_on = self.fail_after_statement();
            if !goes_on || self.position == before {
                self.recover_statement();
                if self.accept(TokenKind::Semicolon).is_none() {
                    break;
                }
            }
        }
        self.statement_depth = depth;
        Query { statements }
    }

    /// Reports what stands behind a statement in place of `;`, and says whether a statement starts there.
    pub(super) fn fail_after_statement(&mut self) -> bool {
        self.would_take("`|`");
        self.would_take("`;`");
        let before = self.position.checked_sub(1).map_or("", |before| &self.text[self.lexemes[before].span.range()]);
        let help = match self.text_at(0) {
            _ if before == "not" => Some("negation is written `not(…)`".to_owned()),
            "=" => Some("equality is written `==`".to_owned()),
            word if self.at_operator() && !self.at_source_operator() || word == "where" => {
                Some(format!("an operator stands behind a pipe: `| {word}`"))
            }
            _ => None,
        };
        // What could be a statement lacks the `;` before it, anything else is wrong itself.
        let span = if self.at_statement_start() { self.missing_span() } else { self.span() };
        let _ = self.fail_at::<()>(span, help);
        self.at_statement_keyword()
    }

    fn at_statement_start(&self) -> bool {
        self.at_statement_keyword()
            || self.at_source_operator()
            || self.name_length(0) > 0
            || matches!(
                self.peek(),
                Some(
                    TokenKind::OpenParen
                        | TokenKind::Star
                        | TokenKind::Bool
                        | TokenKind::Long
                        | TokenKind::Real
                        | TokenKind::TimeSpan
                        | TokenKind::String { .. }
                        | TokenKind::Typed { .. }
                        | TokenKind::Guid
                        | TokenKind::Plus
                        | TokenKind::Minus
                )
            )
    }

    /// Skips to the end of the statement.
    fn recover_statement(&mut self) {
        loop {
            self.recover();
            if self.accept(TokenKind::Pipe).is_none() {
                return;
            }
            // Errors of later stages are found as well.
            let _ = self.parse_operator();
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
            if !self.at_statement_start() && !self.at(TokenKind::Keyword) {
                self.would_take(AN_EXPRESSION);
                return self.fail_here();
            }
            return Ok(Statement::Expr(self.parse_tabular()?));
        }
        match self.text_at(0) {
            "let" => Ok(Statement::Let(self.parse_let()?)),
            _ => self.parse_setting(),
        }
    }

    /// `declare`, `set`, `alias`, `restrict`.
    fn parse_setting(&mut self) -> Result<Statement> {
        let start = self.span();
        match self.text_at(0) {
            "declare" if self.word_at(1, "query_parameters") => {
                self.position += 2;
                let parameters = self.parse_parameters()?;
                Ok(Statement::Parameters { parameters, span: self.since(start) })
            }
            "declare" => self.parse_pattern_declaration().map(Statement::Pattern),
            "set" => {
                self.advance();
                let name = self.expect_name()?;
                let value = match self.accept(TokenKind::Assign) {
                    Some(_) => Some(self.parse_scalar()?),
                    None => None,
                };
                Ok(Statement::Set { name, value, span: self.since(start) })
            }
            "alias" => {
                self.position += 2;
                let name = self.expect_name()?;
                self.expect(TokenKind::Assign)?;
                let value = self.parse_scalar()?;
                Ok(Statement::Alias { name, value, span: self.since(start) })
            }
            _ => {
                self.position += 2;
                self.expect_word("`to`")?;
                self.expect(TokenKind::OpenParen)?;
                let tables = self.parse_list(Self::parse_table)?;
                self.expect(TokenKind::CloseParen)?;
                let properties = self.parse_properties()?;
                Ok(Statement::Restrict { tables, properties, span: self.since(start) })
            }
        }
    }

    fn parse_pattern_declaration(&mut self) -> Result<PatternDeclaration> {
        let start = self.span();
        self.position += 2;
        let name = self.expect_name()?;
        if self.accept(TokenKind::Assign).is_none() {
            let span = self.since(start);
            return Ok(PatternDeclaration { name, arguments: Vec::new(), path: None, matches: None, span });
        }
        let arguments = self.parse_schema()?;
        let path = match self.accept(TokenKind::OpenBracket) {
            Some(_) => {
                let path = self.parse_typed_name()?;
                self.expect(TokenKind::CloseBracket)?;
                Some(path)
            }
            None => None,
        };
        self.expect(TokenKind::OpenBrace)?;
        let mut matches = Vec::new();
        while matches.is_empty() || !self.at(TokenKind::CloseBrace) {
            matches.push(self.parse_pattern_match()?);
        }
        self.expect(TokenKind::CloseBrace)?;
        Ok(PatternDeclaration { name, arguments, path, matches: Some(matches), span: self.since(start) })
    }

    /// `(values).[path] = { body };`
    fn parse_pattern_match(&mut self) -> Result<PatternMatch> {
        self.expect(TokenKind::OpenParen)?;
        let values = self.parse_list(Self::parse_scalar)?;
        self.expect(TokenKind::CloseParen)?;
        let path = match self.accept(TokenKind::Dot) {
            Some(_) => {
                self.expect(TokenKind::OpenBracket)?;
                let path = self.parse_value()?;
                self.expect(TokenKind::CloseBracket)?;
                Some(path)
            }
            None => None,
        };
        self.expect(TokenKind::Assign)?;
        self.expect(TokenKind::OpenBrace)?;
        let body = self.level(|parser| Ok(parser.parse_block(TokenKind::CloseBrace)))?;
        self.expect(TokenKind::CloseBrace)?;
        self.expect(TokenKind::Semicolon)?;
        Ok(PatternMatch { values, path, body })
    }

    /// `entity_group [cluster("a").database("b"), …]`, as a call of that name.
    pub(super) fn parse_entity_group(&mut self) -> Result<Expr> {
        let start = self.span();
        let name = self.expect_name()?;
        self.expect(TokenKind::OpenBracket)?;
        let members = self.parse_list(Self::parse_scalar)?;
        self.expect(TokenKind::CloseBracket)?;
        self.grow(1)?;
        Ok(Expr { kind: ExprKind::EntityGroup { name, members }, span: self.since(start) })
    }

    fn parse_let(&mut self) -> Result<Let> {
        let start = self.expect_word("`let`")?;
        let name = self.expect_name()?;
        self.expect(TokenKind::Assign)?;
        let value = if self.at_word("materialize") && self.peek_at(1) == Some(TokenKind::OpenParen) {
            LetValue::Expr(self.level(Self::parse_subquery_call)?)
        } else if self.at_word("entity_group") && self.peek_at(1) == Some(TokenKind::OpenBracket) {
            LetValue::Expr(self.level(Self::parse_entity_group)?)
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
        let body = self.parse_block(TokenKind::CloseBrace);
        self.expect(TokenKind::CloseBrace)?;
        self.grow(1)?;
        Ok(Function { view, parameters, body, span: self.since(start) })
    }

    /// `(name: type = literal, …)`
    pub(super) fn parse_parameters(&mut self) -> Result<Vec<Parameter>> {
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
