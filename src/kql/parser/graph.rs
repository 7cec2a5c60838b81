//! Operators on graphs.

use super::{Parser, Result};
use crate::kql::ast::{GraphDirection, GraphOutput, GraphPart, OperatorKind};
use crate::kql::token::TokenKind;

impl Parser<'_> {
    pub(super) fn parse_graph_where(&mut self, edges: bool) -> Result<OperatorKind> {
        Ok(OperatorKind::GraphWhere { edges, predicate: self.parse_scalar()? })
    }

    pub(super) fn parse_make_graph(&mut self) -> Result<OperatorKind> {
        let source = self.expect_name()?;
        let directed = if self.accept_tight(&[TokenKind::Minus, TokenKind::Minus, TokenKind::Greater]) {
            true
        } else if self.accept_tight(&[TokenKind::Minus, TokenKind::Minus]) {
            false
        } else {
            self.would_take("`-->`");
            self.would_take("`--`");
            return self.fail();
        };
        let target = self.expect_name()?;
        let mut nodes = Vec::new();
        let mut node_id = None;
        if self.accept_word("`with_node_id`").is_some() {
            self.expect(TokenKind::Assign)?;
            node_id = Some(self.expect_name()?);
        } else if self.accept_word("`with`").is_some() {
            nodes = self.parse_list(|parser| {
                let table = parser.level(Self::parse_unary)?;
                parser.expect_word("`on`")?;
                Ok((table, parser.expect_name()?))
            })?;
        }
        let partition = match self.accept_word("`partitioned-by`") {
            Some(_) => {
                let by = self.parse_simple_path()?;
                self.expect(TokenKind::OpenParen)?;
                let body = self.parse_headless()?;
                self.expect(TokenKind::CloseParen)?;
                Some((by, body))
            }
            None => None,
        };
        Ok(OperatorKind::MakeGraph { source, directed, target, nodes, node_id, partition })
    }

    pub(super) fn parse_graph_match(&mut self, shortest: bool) -> Result<OperatorKind> {
        let patterns = self.parse_list(Self::parse_graph_pattern)?;
        let predicate = match self.accept_word("`where`") {
            Some(_) => Some(self.parse_scalar()?),
            None => None,
        };
        let project = match self.accept_word("`project`") {
            Some(_) => self.parse_list(Self::parse_column)?,
            None => Vec::new(),
        };
        Ok(OperatorKind::GraphMatch { shortest, patterns, predicate, project })
    }

    fn parse_graph_pattern(&mut self) -> Result<Vec<GraphPart>> {
        let mut parts = Vec::new();
        loop {
            let start = self.span();
            if self.accept(TokenKind::OpenParen).is_some() {
                let name = if self.at(TokenKind::CloseParen) { None } else { Some(self.expect_name()?) };
                self.expect(TokenKind::CloseParen)?;
                parts.push(GraphPart::Node { name, span: self.since(start) });
            } else if matches!(self.peek(), Some(TokenKind::Minus | TokenKind::Less)) {
                parts.push(self.parse_graph_edge()?);
            } else if parts.is_empty() {
                return self.fail();
            } else {
                return Ok(parts);
            }
        }
    }

    fn parse_graph_edge(&mut self) -> Result<GraphPart> {
        let start = self.span();
        let left = self.accept(TokenKind::Less).is_some();
        self.expect(TokenKind::Minus)?;
        let brackets = self.accept(TokenKind::OpenBracket).is_some();
        let mut name = None;
        let mut range = None;
        if brackets {
            if self.name_length(0) > 0 {
                name = Some(self.expect_name()?);
            }
            if self.accept(TokenKind::Star).is_some() {
                let low = self.level(Self::parse_unary)?;
                self.expect(TokenKind::DotDot)?;
                range = Some((low, self.level(Self::parse_unary)?));
            }
            self.expect(TokenKind::CloseBracket)?;
        }
        self.expect(TokenKind::Minus)?;
        let direction = match left {
            true => GraphDirection::Left,
            false if self.accept(TokenKind::Greater).is_some() => GraphDirection::Right,
            false => GraphDirection::Any,
        };
        Ok(GraphPart::Edge { direction, brackets, name, range, span: self.since(start) })
    }

    pub(super) fn parse_graph_output(&mut self) -> Result<GraphOutput> {
        let edges = match self.text_at(0) {
            "edges" => true,
            "nodes" => false,
            _ => {
                self.would_take("`nodes`");
                self.would_take("`edges`");
                return self.fail();
            }
        };
        self.advance();
        let name = match self.accept_word("`as`") {
            Some(_) => Some(self.expect_name()?),
            None => None,
        };
        let mut parameters = Vec::new();
        while self.at(TokenKind::Name) && self.peek_at(1) == Some(TokenKind::Assign) {
            parameters.push(self.parse_property()?);
        }
        Ok(GraphOutput { edges, name, parameters })
    }

    /// Tokens without white space between them.
    fn accept_tight(&mut self, kinds: &[TokenKind]) -> bool {
        let fits = kinds.iter().enumerate().all(|(at, kind)| {
            self.peek_at(at) == Some(*kind) && (at == 0 || !self.lexemes[self.position + at].spaced)
        });
        if fits {
            self.position += kinds.len();
        }
        fits
    }
}
