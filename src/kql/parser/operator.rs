//! Tabular operators.

use super::{Parser, Result};
use crate::kql::ast::{Column, Expr, ExprKind, Name, Operator, OperatorKind, Pattern, SortKey};
use crate::kql::token::TokenKind;

/// Every operator's keyword, in alphabetical order.
const OPERATORS: &[&str] = &[
    "__executeAndCache",
    "__partitionby",
    "as",
    "assert-schema",
    "consume",
    "count",
    "datatable",
    "distinct",
    "evaluate",
    "extend",
    "external_data",
    "externaldata",
    "facet",
    "filter",
    "find",
    "fork",
    "getschema",
    "graph-mark-components",
    "graph-match",
    "graph-shortest-paths",
    "graph-to-table",
    "graph-where-edges",
    "graph-where-nodes",
    "invoke",
    "join",
    "limit",
    "lookup",
    "macro-expand",
    "make-graph",
    "make-series",
    "mv-apply",
    "mv-expand",
    "mvapply",
    "mvexpand",
    "order",
    "parse",
    "parse-kv",
    "parse-where",
    "partition",
    "print",
    "project",
    "project-away",
    "project-by-names",
    "project-keep",
    "project-rename",
    "project-reorder",
    "range",
    "reduce",
    "render",
    "sample",
    "sample-distinct",
    "scan",
    "search",
    "serialize",
    "sort",
    "summarize",
    "take",
    "top",
    "top-hitters",
    "top-nested",
    "union",
    "where",
];

impl Parser<'_> {
    /// Whether a query starts here with an operator rather than with a table.
    ///
    /// Words that may be names as well are operators only where what follows says so.
    pub(super) fn at_source_operator(&self) -> bool {
        let word = self.text_at(0);
        match self.peek() {
            Some(TokenKind::Keyword) => {
                OPERATORS.binary_search(&word).is_ok()
                    && !matches!(word, "datatable" | "externaldata" | "external_data")
            }
            Some(TokenKind::Name) => match word {
                "evaluate" => self.name_length(1) > 0 || self.hint_length(1) > 0,
                "facet" => self.word_at(1, "by"),
                "partition" | "reduce" => self.word_at(1, "by") || self.hint_length(1) > 0,
                "range" => {
                    let name = self.name_length(1);
                    name > 0 && self.word_at(1 + name, "from")
                }
                "render" => {
                    matches!(self.peek_at(1), Some(TokenKind::Name))
                        || self.peek_at(1) == Some(TokenKind::Keyword) && self.text_at(1).ends_with("chart")
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// How many lexemes from `ahead` on name a hint: `hint.strategy`, `kind`.
    fn hint_length(&self, ahead: usize) -> usize {
        if !matches!(self.peek_at(ahead), Some(TokenKind::Name | TokenKind::Keyword)) {
            return 0;
        }
        if self.text_at(ahead) == "hint" && self.peek_at(ahead + 1) == Some(TokenKind::Dot) {
            return if self.peek_at(ahead + 3) == Some(TokenKind::Assign) { 3 } else { 0 };
        }
        let known = self.peek_at(ahead + 1) == Some(TokenKind::Assign) && HINTS.contains(&self.text_at(ahead));
        usize::from(known)
    }

    /// `hint.name = value` and other parameters in front of an operator's own parts.
    fn parse_hints(&mut self) -> Result<Vec<(Name, Expr)>> {
        let mut hints = Vec::new();
        loop {
            let length = self.hint_length(0);
            if length == 0 {
                return Ok(hints);
            }
            let start = self.span();
            self.position += length;
            let span = self.since(start);
            let name = Name { text: self.text[span.range()].to_owned(), span };
            self.expect(TokenKind::Assign)?;
            hints.push((name, self.parse_hint_value()?));
        }
    }

    /// A literal or a word.
    fn parse_hint_value(&mut self) -> Result<Expr> {
        if let Some(literal) = self.parse_literal()? {
            return Ok(literal);
        }
        let name = match self.peek() {
            Some(TokenKind::Name | TokenKind::Keyword) => {
                Name { text: self.text_at(0).to_owned(), span: self.advance() }
            }
            _ => self.expect_name()?,
        };
        let span = name.span;
        Ok(Expr { kind: ExprKind::Name(name), span })
    }

    /// The operator behind a `|`, or at the head of a query.
    pub(super) fn parse_operator(&mut self) -> Result<Operator> {
        let outer = std::mem::take(&mut self.height);
        let result = self.parse_any_operator();
        self.height = self.height.max(outer);
        result
    }

    fn parse_any_operator(&mut self) -> Result<Operator> {
        let word = self.text_at(0);
        let is_word = matches!(self.peek(), Some(TokenKind::Name | TokenKind::Keyword));
        if !is_word || OPERATORS.binary_search(&word).is_err() {
            let help = OPERATORS
                .iter()
                .find(|operator| is_word && is_misspelling(word, operator))
                .map(|operator| format!("there is an operator `{operator}`"));
            return self.fail_expecting(vec!["an operator"], help);
        }
        let keyword = Name { text: word.to_owned(), span: self.advance() };
        let hints = match word {
            "union" => Vec::new(),
            _ => self.parse_hints()?,
        };
        let kind = self.parse_operator_kind(word)?;
        self.grow(1)?;
        let span = self.since(keyword.span);
        Ok(Operator { kind, keyword, hints, span })
    }

    fn parse_operator_kind(&mut self, word: &str) -> Result<OperatorKind> {
        Ok(match word {
            "where" | "filter" => OperatorKind::Where(self.parse_predicate()?),
            "extend" => OperatorKind::Extend(self.parse_list(Self::parse_column)?),
            "project" => OperatorKind::Project(self.parse_columns()?),
            "project-away" => OperatorKind::ProjectAway(self.parse_patterns(Self::parse_pattern)?),
            "project-keep" => OperatorKind::ProjectKeep(self.parse_patterns(Self::parse_pattern)?),
            "project-rename" => OperatorKind::ProjectRename(self.parse_columns()?),
            "project-reorder" => OperatorKind::ProjectReorder(self.parse_patterns(Self::parse_ordered_pattern)?),
            "distinct" => OperatorKind::Distinct(self.parse_list(Self::parse_distinct_column)?),
            "summarize" => self.parse_summarize()?,
            "sort" | "order" => {
                self.expect_word("`by`")?;
                OperatorKind::Sort(self.parse_list(Self::parse_sort_key)?)
            }
            "take" | "limit" => OperatorKind::Take(self.parse_scalar()?),
            "top" => {
                let count = self.parse_scalar()?;
                self.expect_word("`by`")?;
                OperatorKind::Top { count, by: vec![self.parse_sort_key()?] }
            }
            "count" if !self.at_word("as") => OperatorKind::Count,
            "union" => self.parse_union()?,
            "as" => OperatorKind::As(self.expect_name()?),
            "join" | "lookup" => {
                let start = self.span();
                let right = self.parse_scalar()?;
                self.skip_stage();
                let text = self.text[self.since(start).range()].to_owned();
                OperatorKind::Other { text, tables: vec![right] }
            }
            _ => {
                let start = self.span();
                self.skip_stage();
                OperatorKind::Other { text: self.text[self.since(start).range()].to_owned(), tables: Vec::new() }
            }
        })
    }

    /// Skips the rest of a stage.
    fn skip_stage(&mut self) {
        let mut open = 0usize;
        while let Some(kind) = self.peek() {
            match kind {
                TokenKind::OpenParen | TokenKind::OpenBracket | TokenKind::OpenBrace => open += 1,
                TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::CloseBrace if open == 0 => return,
                TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::CloseBrace => open -= 1,
                TokenKind::Pipe | TokenKind::Semicolon if open == 0 => return,
                _ => {}
            }
            self.position += 1;
        }
    }

    fn parse_predicate(&mut self) -> Result<Expr> {
        let predicate = self.parse_scalar()?;
        if self.at(TokenKind::Assign) {
            let help = Some("equality is written `==`".to_owned());
            return self.fail_expecting(vec!["`==`"], help);
        }
        Ok(predicate)
    }

    /// Columns, none at all included.
    fn parse_columns(&mut self) -> Result<Vec<Column>> {
        if self.at_end_of_list() { Ok(Vec::new()) } else { self.parse_list(Self::parse_column) }
    }

    fn parse_patterns(&mut self, pattern: impl FnMut(&mut Self) -> Result<Pattern>) -> Result<Vec<Pattern>> {
        if self.at_end_of_list() { Ok(Vec::new()) } else { self.parse_list(pattern) }
    }

    fn parse_pattern(&mut self) -> Result<Pattern> {
        let wildcard = self.wildcard_length(0);
        if wildcard > 0 {
            return Ok(Pattern { name: self.take_wildcard(wildcard), wildcard: true, order: None });
        }
        Ok(Pattern { name: self.expect_name()?, wildcard: false, order: None })
    }

    fn parse_ordered_pattern(&mut self) -> Result<Pattern> {
        let pattern = self.parse_pattern()?;
        let order = matches!(self.text_at(0), "asc" | "desc" | "granny-asc" | "granny-desc")
            .then(|| Name { text: self.text_at(0).to_owned(), span: self.advance() });
        Ok(Pattern { order, ..pattern })
    }

    fn parse_distinct_column(&mut self) -> Result<Column> {
        match self.accept(TokenKind::Star) {
            Some(span) => Ok(Column { names: Vec::new(), value: Expr { kind: ExprKind::Star, span } }),
            None => self.parse_column(),
        }
    }

    fn parse_summarize(&mut self) -> Result<OperatorKind> {
        let aggregates = if self.at_word("by") { Vec::new() } else { self.parse_columns()? };
        let by = self.accept_word("`by`");
        let keys = if by.is_some() { self.parse_list(Self::parse_column)? } else { Vec::new() };
        Ok(OperatorKind::Summarize { aggregates, by, keys })
    }

    fn parse_sort_key(&mut self) -> Result<SortKey> {
        let value = self.parse_scalar()?;
        let direction = match self.text_at(0) {
            "asc" | "granny-asc" => Some((true, self.advance())),
            "desc" | "granny-desc" => Some((false, self.advance())),
            _ => None,
        };
        let nulls = match self.accept_word("`nulls`") {
            Some(start) => {
                let first = self.accept_word("`first`").is_some();
                if !first {
                    self.expect_word("`last`")?;
                }
                Some((first, self.since(start)))
            }
            None => None,
        };
        Ok(SortKey { value, direction, nulls })
    }

    fn parse_union(&mut self) -> Result<OperatorKind> {
        let parameters = self.parse_hints()?;
        let tables = self.parse_list(Self::parse_table)?;
        Ok(OperatorKind::Union { parameters, tables })
    }

    /// A table of `union`: a query in parentheses, a name with `*`, a path or a call.
    fn parse_table(&mut self) -> Result<Expr> {
        let wildcard = self.wildcard_length(0);
        if wildcard > 0 {
            let name = self.take_wildcard(wildcard);
            let span = name.span;
            return Ok(Expr { kind: ExprKind::Name(name), span });
        }
        let outer = std::mem::replace(&mut self.in_table_list, true);
        let table = self.level(Self::parse_unary);
        self.in_table_list = outer;
        table
    }
}

/// Parameters of operators, apart from `hint.…`.
const HINTS: &[&str] = &[
    "__crossCluster",
    "__crossDB",
    "__id",
    "__isFuzzy",
    "__noWithSource",
    "__packedColumn",
    "__sourceColumnIndex",
    "bagexpansion",
    "bin_legacy",
    "cycles",
    "decodeblocks",
    "expandoutput",
    "flags",
    "force_remote",
    "isfuzzy",
    "kind",
    "with_itemindex",
    "with_match_id",
    "with_source",
    "with_step_name",
    "withsource",
];

/// Whether a word is one letter away from another.
fn is_misspelling(word: &str, right: &str) -> bool {
    let (word, right) = (word.as_bytes(), right.as_bytes());
    let prefix = word.iter().zip(right).take_while(|(a, b)| a == b).count();
    let rest = |skip_word: usize, skip_right: usize| {
        word.get(prefix + skip_word..).is_some_and(|rest| right.get(prefix + skip_right..) == Some(rest))
    };
    word.len() > 2
        && (rest(1, 1) || rest(0, 1) || rest(1, 0) || {
            let swapped = word.len() == right.len() && prefix + 1 < word.len();
            swapped && word[prefix] == right[prefix + 1] && word[prefix + 1] == right[prefix] && rest(2, 2)
        })
}
