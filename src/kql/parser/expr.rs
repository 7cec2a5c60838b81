//! Expressions, scalar and tabular, by precedence climbing.

use super::operator::is_misspelling;
use super::{AN_EXPRESSION, ErrorKind, Failed, Parser, Result};
use crate::kql::ast::{Argument, BinaryOp, Column, Expr, ExprKind, MembershipOp, Name, RowType, UnaryOp};
use crate::kql::token::TokenKind;
use crate::span::Span;

/// An operator between two operands.
enum Infix {
    Binary(BinaryOp),
    Membership(MembershipOp),
    Between { negated: bool },
}

/// How tightly an operator binds, and whether more of the same may follow.
///
/// String operators bind tighter than arithmetic, comparisons do not chain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::kql) enum Level {
    Or,
    And,
    Equality,
    Relation,
    Sum,
    Product,
    Text,
}

impl Level {
    pub(in crate::kql) fn of(op: BinaryOp) -> Level {
        match op {
            BinaryOp::Or => Level::Or,
            BinaryOp::And => Level::And,
            BinaryOp::Equal | BinaryOp::NotEqual => Level::Equality,
            BinaryOp::Less | BinaryOp::LessOrEqual | BinaryOp::Greater | BinaryOp::GreaterOrEqual => Level::Relation,
            BinaryOp::Add | BinaryOp::Subtract => Level::Sum,
            BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo => Level::Product,
            _ => Level::Text,
        }
    }

    /// The level of what stands right of an operator.
    pub(in crate::kql) fn above(self) -> Option<Level> {
        match self {
            Level::Or => Some(Level::And),
            Level::And => Some(Level::Equality),
            Level::Equality => Some(Level::Relation),
            Level::Relation => Some(Level::Sum),
            Level::Sum => Some(Level::Product),
            Level::Product => Some(Level::Text),
            Level::Text => None,
        }
    }

    /// Whether `a op b op c` is `(a op b) op c`.
    pub(in crate::kql) fn chains(self) -> bool {
        matches!(self, Level::Or | Level::And | Level::Sum | Level::Product)
    }
}

/// The operator between two operands that a word was probably meant to be.
pub(super) fn misspelt_operator(word: &str) -> Option<&'static str> {
    let symbols = BinaryOp::ALL.iter().map(|op| op.symbol()).chain(MembershipOp::ALL.iter().map(|op| op.symbol()));
    symbols.chain(["between"]).find(|symbol| word.len() > 3 && is_misspelling(word, symbol))
}

impl Parser<'_> {
    /// An expression without `|` outside of parentheses.
    pub(super) fn parse_scalar(&mut self) -> Result<Expr> {
        self.level(|parser| parser.parse_operators(Level::Or))
    }

    fn parse_operators(&mut self, lowest: Level) -> Result<Expr> {
        let mut left = self.parse_operand()?;
        // What was built last binds this tightly: nothing tighter can take it as its operand.
        let mut highest = Some(Level::Text);
        while let Some((infix, level)) = self.peek_infix() {
            if level < lowest || highest.is_none_or(|highest| level > highest) {
                break;
            }
            left = match infix {
                Infix::Binary(op @ (BinaryOp::Or | BinaryOp::And)) => self.parse_chain(op, level, left)?,
                Infix::Binary(op) => self.parse_binary_right(op, level, left)?,
                Infix::Membership(op) => self.parse_membership(op, left)?,
                Infix::Between { negated } => self.parse_between(negated, left)?,
            };
            highest = if level.chains() { Some(level) } else { below(level) };
        }
        Ok(left)
    }

    /// `left and x and y`, as one balanced tree.
    fn parse_chain(&mut self, op: BinaryOp, level: Level, left: Expr) -> Result<Expr> {
        let mut operands = vec![left];
        let mut op_spans = Vec::new();
        while matches!(self.peek_infix(), Some((Infix::Binary(next), _)) if next == op) {
            op_spans.push(self.advance());
            operands.push(self.parse_right(level)?);
        }
        let (chain, levels) = Expr::chain(op, operands, op_spans);
        self.grow(levels)?;
        Ok(chain)
    }

    fn parse_binary_right(&mut self, op: BinaryOp, level: Level, left: Expr) -> Result<Expr> {
        let op_span = self.advance();
        let right = self.parse_right(level)?;
        self.grow(1)?;
        let span = left.span.to(right.span);
        Ok(Expr { kind: ExprKind::Binary { op, op_span, left: Box::new(left), right: Box::new(right) }, span })
    }

    fn parse_right(&mut self, level: Level) -> Result<Expr> {
        if self.frames() > super::MAX_FRAMES {
            return self.too_deep();
        }
        self.operands += 1;
        let operand = self.aside(|parser| match level.above() {
            Some(above) => parser.parse_operators(above),
            None => parser.parse_unary(),
        });
        self.operands -= 1;
        operand
    }

    fn parse_membership(&mut self, op: MembershipOp, subject: Expr) -> Result<Expr> {
        let op_span = self.advance();
        self.expect(TokenKind::OpenParen)?;
        let list =
            if self.list_is_query() { vec![self.parse_tabular()?] } else { self.parse_list(Self::parse_scalar)? };
        let end = self.expect(TokenKind::CloseParen)?;
        self.grow(1)?;
        let span = subject.span.to(end);
        Ok(Expr { kind: ExprKind::Membership { op, op_span, subject: Box::new(subject), list }, span })
    }

    /// Whether what stands in a list's parentheses is a query: it starts with an operator, or has a `|`.
    fn list_is_query(&self) -> bool {
        if self.at_source_operator() {
            return true;
        }
        let mut open = 0usize;
        for lexeme in &self.lexemes[self.position..] {
            match lexeme.kind {
                TokenKind::Semicolon => return false,
                TokenKind::Comma | TokenKind::CloseParen if open == 0 => return false,
                TokenKind::CloseParen => open -= 1,
                TokenKind::OpenParen => open += 1,
                TokenKind::Pipe if open == 0 => return true,
                _ => {}
            }
        }
        false
    }

    fn parse_between(&mut self, negated: bool, subject: Expr) -> Result<Expr> {
        let op_span = self.advance();
        self.expect(TokenKind::OpenParen)?;
        let low = self.parse_scalar()?;
        self.expect(TokenKind::DotDot)?;
        let high = self.parse_scalar()?;
        let end = self.expect(TokenKind::CloseParen)?;
        self.grow(1)?;
        let span = subject.span.to(end);
        let (subject, low, high) = (Box::new(subject), Box::new(low), Box::new(high));
        Ok(Expr { kind: ExprKind::Between { negated, op_span, subject, low, high }, span })
    }

    /// The operator that stands here.
    fn peek_infix(&self) -> Option<(Infix, Level)> {
        let op = match self.peek()? {
            TokenKind::Equal => BinaryOp::Equal,
            TokenKind::NotEqual => BinaryOp::NotEqual,
            TokenKind::EqualFold => BinaryOp::EqualFold,
            TokenKind::NotEqualFold => BinaryOp::NotEqualFold,
            TokenKind::Less => BinaryOp::Less,
            TokenKind::LessOrEqual => BinaryOp::LessOrEqual,
            TokenKind::Greater => BinaryOp::Greater,
            TokenKind::GreaterOrEqual => BinaryOp::GreaterOrEqual,
            TokenKind::Plus => BinaryOp::Add,
            TokenKind::Minus => BinaryOp::Subtract,
            TokenKind::Star => BinaryOp::Multiply,
            TokenKind::Slash => BinaryOp::Divide,
            TokenKind::Percent => BinaryOp::Modulo,
            TokenKind::Colon => BinaryOp::Search,
            TokenKind::Keyword => return self.peek_infix_word(),
            _ => return None,
        };
        Some((Infix::Binary(op), Level::of(op)))
    }

    fn peek_infix_word(&self) -> Option<(Infix, Level)> {
        let word = match self.text_at(0) {
            // `make-series … in range(…)`.
            "in" if self.word_at(1, "range") => return None,
            "between" => return Some((Infix::Between { negated: false }, Level::Equality)),
            "!between" => return Some((Infix::Between { negated: true }, Level::Equality)),
            // Older spellings.
            "notcontains" => "!contains",
            "containscs" => "contains_cs",
            "notcontainscs" => "!contains_cs",
            word => word,
        };
        if let Some(op) = MembershipOp::ALL.iter().find(|op| op.symbol() == word) {
            return Some((Infix::Membership(*op), Level::Equality));
        }
        let op = BinaryOp::ALL.iter().find(|op| op.symbol() == word)?;
        Some((Infix::Binary(*op), Level::of(*op)))
    }

    /// What stands left of an operator: `*` before some operators, else a signed primary expression.
    fn parse_operand(&mut self) -> Result<Expr> {
        if self.at(TokenKind::Star) {
            let star = self.span();
            self.position += 1;
            let searches = matches!(self.peek_infix(), Some((Infix::Binary(op), level))
                if level == Level::Text || op == BinaryOp::Equal);
            if searches {
                return Ok(Expr { kind: ExprKind::Star, span: star });
            }
            self.position -= 1;
        }
        self.parse_unary()
    }

    /// One sign at most: `- -x` is no expression.
    pub(super) fn parse_unary(&mut self) -> Result<Expr> {
        let op = match self.peek() {
            Some(TokenKind::Minus) => UnaryOp::Minus,
            Some(TokenKind::Plus) => UnaryOp::Plus,
            _ => return self.parse_path(),
        };
        let op_span = self.advance();
        if let Some(literal) = self.parse_smallest_long(op, op_span) {
            return Ok(literal);
        }
        let operand = self.parse_path()?;
        self.grow(1)?;
        let span = op_span.to(operand.span);
        Ok(Expr { kind: ExprKind::Unary { op, op_span, operand: Box::new(operand) }, span })
    }

    /// A primary expression and the properties, elements and functions taken of it.
    fn parse_path(&mut self) -> Result<Expr> {
        let mut object = self.parse_primary()?;
        loop {
            object = if self.at(TokenKind::Dot) {
                self.advance();
                self.parse_member(object)?
            } else if self.at(TokenKind::OpenBracket) {
                self.parse_index(object)?
            } else {
                return Ok(object);
            };
            self.grow(1)?;
        }
    }

    /// A column and the properties and elements taken of it, no functions.
    pub(super) fn parse_simple_path(&mut self) -> Result<Expr> {
        let name = self.expect_name()?;
        let span = name.span;
        let mut object = Expr { kind: ExprKind::Name(name), span };
        loop {
            object = match self.peek() {
                Some(TokenKind::Dot) => {
                    self.advance();
                    let name = self.expect_name()?;
                    let span = object.span.to(name.span);
                    Expr { kind: ExprKind::Member { object: Box::new(object), name }, span }
                }
                Some(TokenKind::OpenBracket) => self.parse_index(object)?,
                _ => return Ok(object),
            };
            self.grow(1)?;
        }
    }

    fn parse_member(&mut self, object: Expr) -> Result<Expr> {
        let start = object.span;
        let wildcard = self.wildcard_length(0);
        if self.in_table_list && wildcard > 0 {
            let name = self.take_wildcard(wildcard);
            let span = start.to(name.span);
            return Ok(Expr { kind: ExprKind::Member { object: Box::new(object), name }, span });
        }
        let length = self.name_length(0);
        if length > 0 && self.peek_at(length) == Some(TokenKind::OpenParen) {
            let name = self.take_name(length)?;
            let arguments = self.parse_arguments()?;
            let kind = ExprKind::MethodCall { object: Box::new(object), name, arguments };
            return Ok(Expr { kind, span: self.since(start) });
        }
        if length == 0 && self.at(TokenKind::OpenBracket) {
            return self.parse_index(object);
        }
        let length = if self.at_special_name() { 1 } else { length };
        let name = self.take_name(length)?;
        let span = start.to(name.span);
        Ok(Expr { kind: ExprKind::Member { object: Box::new(object), name }, span })
    }

    fn parse_index(&mut self, object: Expr) -> Result<Expr> {
        self.expect(TokenKind::OpenBracket)?;
        let index = self.parse_scalar()?;
        let end = self.expect(TokenKind::CloseBracket)?;
        let span = object.span.to(end);
        Ok(Expr { kind: ExprKind::Index { object: Box::new(object), index: Box::new(index) }, span })
    }

    /// Keywords that are names all the same.
    fn at_special_name(&self) -> bool {
        self.at(TokenKind::Keyword) && matches!(self.text_at(0), "kind" | "with_source" | "withsource")
    }

    fn parse_primary(&mut self) -> Result<Expr> {
        if let Some(literal) = self.parse_literal()? {
            return Ok(literal);
        }
        match self.peek() {
            Some(TokenKind::OpenParen) => self.parse_parenthesized(),
            Some(TokenKind::Keyword) if matches!(self.text_at(0), "toscalar" | "totable") => {
                self.parse_subquery_call()
            }
            Some(TokenKind::Keyword) if matches!(self.text_at(0), "datatable" | "externaldata" | "external_data") => {
                self.parse_head()
            }
            Some(TokenKind::Name) if self.at_word("typeof") && self.peek_at(1) == Some(TokenKind::OpenParen) => {
                let start = self.span();
                let kind = ExprKind::TypeOf(self.parse_typeof()?);
                Ok(Expr { kind, span: self.since(start) })
            }
            _ => self.parse_reference(),
        }
    }

    /// An expression in parentheses, which the tree does not keep.
    fn parse_parenthesized(&mut self) -> Result<Expr> {
        self.advance();
        let inner = self.parse_tabular()?;
        self.expect(TokenKind::CloseParen)?;
        Ok(inner)
    }

    /// An operator that yields rows by itself.
    pub(super) fn parse_head(&mut self) -> Result<Expr> {
        let operator = self.parse_operator()?;
        self.grow(1)?;
        let span = operator.span;
        Ok(Expr { kind: ExprKind::Source(Box::new(operator)), span })
    }

    /// A name, or a call of the function of that name.
    fn parse_reference(&mut self) -> Result<Expr> {
        let length = if self.at_special_name() { 1 } else { self.name_length(0) };
        if length == 0 {
            self.would_take(AN_EXPRESSION);
            return self.fail();
        }
        if self.peek_at(length) == Some(TokenKind::OpenParen) {
            return self.parse_call();
        }
        let is_placeholder = self.at(TokenKind::OpenBrace);
        let name = self.take_name(length)?;
        let span = name.span;
        let kind = if is_placeholder { ExprKind::Placeholder(name) } else { ExprKind::Name(name) };
        Ok(Expr { kind, span })
    }

    /// `toscalar(query)`, `materialize(query)`: one tabular argument without parentheses of its own.
    pub(super) fn parse_subquery_call(&mut self) -> Result<Expr> {
        let start = self.span();
        let name = Name { text: self.text_at(0).to_owned(), span: self.advance() };
        self.expect(TokenKind::OpenParen)?;
        let value = self.parse_tabular()?;
        self.expect(TokenKind::CloseParen)?;
        self.grow(1)?;
        let kind = ExprKind::Call { name, arguments: vec![Argument { name: None, value }] };
        Ok(Expr { kind, span: self.since(start) })
    }

    /// `f(…)` and nothing behind it.
    pub(super) fn parse_call(&mut self) -> Result<Expr> {
        let start = self.span();
        let length = if self.at_special_name() { 1 } else { self.name_length(0) };
        let name = self.take_name(length)?;
        let arguments = self.parse_arguments()?;
        self.grow(1)?;
        Ok(Expr { kind: ExprKind::Call { name, arguments }, span: self.since(start) })
    }

    fn parse_arguments(&mut self) -> Result<Vec<Argument>> {
        self.expect(TokenKind::OpenParen)?;
        let arguments =
            if self.at(TokenKind::CloseParen) { Vec::new() } else { self.parse_list(Self::parse_argument)? };
        self.expect(TokenKind::CloseParen)?;
        Ok(arguments)
    }

    fn parse_argument(&mut self) -> Result<Argument> {
        if self.at(TokenKind::Star) && matches!(self.peek_at(1), Some(TokenKind::CloseParen | TokenKind::Comma)) {
            let span = self.advance();
            return Ok(Argument { name: None, value: Expr { kind: ExprKind::Star, span } });
        }
        let length = self.assignable_length(0);
        let name = if length > 0 && self.peek_at(length) == Some(TokenKind::Assign) {
            let name = self.take_name(length)?;
            self.advance();
            Some(name)
        } else {
            None
        };
        Ok(Argument { name, value: self.parse_scalar()? })
    }

    /// `typeof(long)`, `typeof(a: string)`.
    pub(super) fn parse_typeof(&mut self) -> Result<RowType> {
        self.expect_word("`typeof`")?;
        self.expect(TokenKind::OpenParen)?;
        let is_scalar = self.peek_at(1) == Some(TokenKind::CloseParen) && !self.at(TokenKind::Star);
        if is_scalar && matches!(self.peek(), Some(TokenKind::Name | TokenKind::Keyword)) {
            let name = Name { text: self.text_at(0).to_owned(), span: self.advance() };
            self.advance();
            return Ok(RowType::Scalar(name));
        }
        let mut star = false;
        let mut columns = Vec::new();
        while !self.at_end_of_list() {
            if self.accept(TokenKind::Star).is_some() {
                star = true;
            } else {
                columns.push(self.parse_typed_name()?);
            }
            if self.accept(TokenKind::Comma).is_none() {
                break;
            }
        }
        self.expect(TokenKind::CloseParen)?;
        Ok(RowType::Row { star, columns })
    }

    /// `value`, `name = value` or `(a, b) = value`.
    pub(super) fn parse_column(&mut self) -> Result<Column> {
        let length = self.assignable_length(0);
        if length > 0 && self.peek_at(length) == Some(TokenKind::Assign) {
            let name = self.take_name(length)?;
            self.advance();
            return Ok(Column { names: vec![name], value: self.parse_scalar()? });
        }
        self.reject_dashed_name()?;
        let names = self.parse_name_tuple()?;
        Ok(Column { names, value: self.parse_scalar()? })
    }

    /// `a-b = x` is no subtraction.
    fn reject_dashed_name(&mut self) -> Result<()> {
        let is_part = |kind: TokenKind| matches!(kind, TokenKind::Name | TokenKind::Keyword | TokenKind::Minus);
        let parts = self.lexemes[self.position..]
            .iter()
            .enumerate()
            .take_while(|(at, lexeme)| is_part(lexeme.kind) && (*at == 0 || !lexeme.spaced))
            .count();
        if parts == 0 || self.at(TokenKind::Minus) || self.peek_at(parts) != Some(TokenKind::Assign) {
            return Ok(());
        }
        let span = self.span().to(self.lexemes[self.position + parts - 1].span);
        let name = self.text[span.range()].to_owned();
        let help = Some(format!("a column of this name is written `['{name}']`"));
        let kind = if name.contains('-') { ErrorKind::DashedName(name) } else { ErrorKind::KeywordAsName(name) };
        self.report(kind, span, help);
        // What follows `=` can still be read.
        self.position += parts + 1;
        Ok(())
    }

    /// `(a, b) =`, or nothing.
    fn parse_name_tuple(&mut self) -> Result<Vec<Name>> {
        if !self.at(TokenKind::OpenParen) {
            return Ok(Vec::new());
        }
        let mut ahead = 1;
        loop {
            let length = self.assignable_length(ahead);
            if length == 0 {
                return Ok(Vec::new());
            }
            ahead += length;
            match self.peek_at(ahead) {
                Some(TokenKind::Comma) => ahead += 1,
                Some(TokenKind::CloseParen) if self.peek_at(ahead + 1) == Some(TokenKind::Assign) => break,
                _ => return Ok(Vec::new()),
            }
        }
        self.advance();
        let names = self.parse_list(|parser| {
            let length = parser.assignable_length(0);
            parser.take_name(length)
        })?;
        self.expect(TokenKind::CloseParen)?;
        self.expect(TokenKind::Assign)?;
        Ok(names)
    }

    /// `source | operator | …`; without `|` the source alone.
    pub(super) fn parse_tabular(&mut self) -> Result<Expr> {
        self.aside(|parser| {
            let start = parser.span();
            match parser.parse_source() {
                Ok(source) => parser.parse_stages(start, source),
                Err(Failed) => {
                    // The errors of the stages are found all the same.
                    parser.recover();
                    let nothing = Expr { kind: ExprKind::Star, span: start };
                    let _ = parser.parse_stages(start, nothing);
                    Err(Failed)
                }
            }
        })
    }

    /// The operators behind a source.
    pub(super) fn parse_stages(&mut self, start: Span, source: Expr) -> Result<Expr> {
        let mut operators = Vec::new();
        let mut complete = true;
        while self.at(TokenKind::Pipe) {
            self.advance();
            match self.parse_operator() {
                Ok(operator) => operators.push(operator),
                Err(Failed) => {
                    complete = false;
                    self.recover();
                    continue;
                }
            }
            if !self.at_end_of_list() && self.depth == self.statement_depth {
                complete = false;
                let ends = self.fail_after_statement();
                if ends {
                    break;
                }
                self.recover();
            }
        }
        if !complete {
            return Err(Failed);
        }
        if operators.is_empty() {
            return Ok(source);
        }
        self.grow(1)?;
        Ok(Expr { kind: ExprKind::Pipe { source: Box::new(source), operators }, span: self.since(start) })
    }

    /// What stands before the first `|`.
    fn parse_source(&mut self) -> Result<Expr> {
        if !self.at_source_operator() {
            return self.parse_scalar();
        }
        self.parse_head()
    }

    /// `name: type`
    pub(super) fn parse_typed_name(&mut self) -> Result<(Name, Name)> {
        let length = self.assignable_length(0);
        let name = self.take_name(length)?;
        self.expect(TokenKind::Colon)?;
        Ok((name, self.parse_type()?))
    }

    /// The name of a scalar type.
    pub(super) fn parse_type(&mut self) -> Result<Name> {
        const TYPES: &[&str] = &[
            "bool", "boolean", "date", "datetime", "decimal", "double", "dynamic", "guid", "int", "int64", "int8",
            "long", "real", "string", "time", "timespan", "uniqueid",
        ];
        let is_type =
            matches!(self.peek(), Some(TokenKind::Name | TokenKind::Keyword)) && TYPES.contains(&self.text_at(0));
        if is_type {
            return Ok(Name { text: self.text_at(0).to_owned(), span: self.advance() });
        }
        self.would_take("a type");
        self.fail()
    }
}

/// The level that can still take what a comparison made as its left operand.
fn below(level: Level) -> Option<Level> {
    match level {
        Level::Or => None,
        Level::And => Some(Level::Or),
        Level::Equality => Some(Level::And),
        Level::Relation => Some(Level::Equality),
        Level::Sum => Some(Level::Relation),
        Level::Product => Some(Level::Sum),
        Level::Text => Some(Level::Product),
    }
}
