//! Tabular operators.

use super::{Parser, Result};
use crate::kql::ast::{Column, Expr, ExprKind, Join, Name, Operator, OperatorKind, Pattern, SortKey, TopNested};
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
    pub(super) fn parse_hints(&mut self) -> Result<Vec<(Name, Expr)>> {
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
            self.would_take("an operator");
            return self.fail_at(self.span(), help);
        }
        let keyword = Name { text: word.to_owned(), span: self.advance() };
        let mut hints = match word {
            "union" => Vec::new(),
            _ => self.parse_hints()?,
        };
        let start = self.span();
        let outer = std::mem::take(&mut self.unread);
        let mut kind = self.parse_operator_kind(word, &mut hints)?;
        if std::mem::replace(&mut self.unread, outer) || matches!(kind, OperatorKind::Other { .. }) {
            kind = OperatorKind::Other { text: self.text[self.since(start).range()].to_owned() };
        }
        self.grow(1)?;
        let span = self.since(keyword.span);
        Ok(Operator { kind, keyword, hints, span })
    }

    fn parse_operator_kind(&mut self, word: &str, hints: &mut Vec<(Name, Expr)>) -> Result<OperatorKind> {
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
            "count" => {
                self.advance();
                OperatorKind::CountAs(self.expect_name()?)
            }
            "consume" => OperatorKind::Consume,
            "getschema" => OperatorKind::GetSchema,
            "invoke" => OperatorKind::Invoke(self.parse_invocation()?),
            "join" => OperatorKind::Join(self.parse_join(hints)?),
            "lookup" => {
                let join = self.parse_join(hints)?;
                if join.on.is_empty() {
                    self.would_take("`on`");
                    return self.fail();
                }
                OperatorKind::Lookup(join)
            }
            "project-by-names" => OperatorKind::ProjectByNames(if self.at_end_of_list() {
                Vec::new()
            } else {
                self.parse_list(Self::parse_scalar)?
            }),
            "render" => self.parse_render()?,
            "sample" => OperatorKind::Sample(self.parse_scalar()?),
            "sample-distinct" => {
                let count = self.parse_scalar()?;
                self.expect_word("`of`")?;
                OperatorKind::SampleDistinct { count, of: self.parse_column()? }
            }
            "serialize" => OperatorKind::Serialize(self.parse_columns()?),
            "top-hitters" => {
                let count = self.parse_scalar()?;
                self.expect_word("`of`")?;
                let of = self.parse_column()?;
                let by = match self.accept_word("`by`") {
                    Some(_) => Some(self.parse_column()?),
                    None => None,
                };
                OperatorKind::TopHitters { count, of, by }
            }
            "top-nested" => OperatorKind::TopNested(self.parse_top_nested()?),
            "reduce" => self.parse_reduce()?,
            "assert-schema" | "datatable" | "evaluate" | "external_data" | "externaldata" | "find"
            | "macro-expand" | "print" | "range" | "search" => self.parse_source_operator(word)?,
            "facet" | "fork" | "make-series" | "mv-apply" | "mv-expand" | "mvapply" | "mvexpand" | "parse"
            | "parse-kv" | "parse-where" | "partition" | "scan" => self.parse_expansion(word, hints)?,
            "graph-mark-components"
            | "graph-match"
            | "graph-shortest-paths"
            | "graph-to-table"
            | "graph-where-edges"
            | "graph-where-nodes"
            | "make-graph" => self.parse_graph_operator(word)?,
            _ => {
                self.skip_stage();
                OperatorKind::Other { text: String::new() }
            }
        })
    }

    /// `f(…).g(…)`
    fn parse_invocation(&mut self) -> Result<Expr> {
        let is_call = |parser: &Self| {
            let length = parser.name_length(0);
            length > 0 && parser.peek_at(length) == Some(TokenKind::OpenParen)
        };
        if !is_call(self) {
            self.would_take("a function");
            return self.fail();
        }
        self.parse_unary()
    }

    /// The right side and the keys; `kind` is taken out of the hints.
    fn parse_join(&mut self, hints: &mut Vec<(Name, Expr)>) -> Result<Join> {
        let kind = take_kind(hints);
        let right = self.parse_scalar()?;
        let on = match self.accept_word("`on`") {
            Some(_) => self.parse_list(Self::parse_scalar)?,
            None => Vec::new(),
        };
        let predicate = match on.is_empty() && self.at_word("where") {
            true => {
                self.advance();
                Some(self.parse_scalar()?)
            }
            false => None,
        };
        Ok(Join { kind, right, on, predicate })
    }

    /// `chart kind=… by … with (name = value, …)`
    fn parse_render(&mut self) -> Result<OperatorKind> {
        let is_chart = self.at(TokenKind::Name) || CHARTS.contains(&self.text_at(0));
        if !is_chart {
            self.would_take("a kind of chart");
            return self.fail();
        }
        let chart = Name { text: self.text_at(0).to_owned(), span: self.advance() };
        let mut options = Vec::new();
        loop {
            let is_option = matches!(self.text_at(0), "kind" | "title" | "accumulate")
                && self.peek_at(1) == Some(TokenKind::Assign);
            if !is_option && !self.at_word("by") {
                break;
            }
            let name = Name { text: self.text_at(0).to_owned(), span: self.advance() };
            let values = if is_option {
                self.advance();
                vec![self.parse_hint_value()?]
            } else {
                self.parse_list(Self::parse_hint_value)?
            };
            options.push((name, values));
        }
        let mut properties: Vec<(Name, Vec<Expr>)> = Vec::new();
        if self.accept_word("`with`").is_some() {
            self.expect(TokenKind::OpenParen)?;
            // One comma may stand before the first property.
            if self.at(TokenKind::Comma) {
                self.advance();
            }
            if !self.at(TokenKind::CloseParen) {
                loop {
                    let named = self.assignable_length(0);
                    let named = if self.at_word("kind") { 1 } else { named };
                    match properties.last_mut() {
                        _ if named > 0 && self.peek_at(named) == Some(TokenKind::Assign) => {
                            let name = self.take_name(named)?;
                            self.advance();
                            properties.push((name, vec![self.parse_hint_value()?]));
                        }
                        // Another column of the property before.
                        Some(property) if named > 0 => property.1.push(self.parse_hint_value()?),
                        _ => {
                            self.would_take("a property");
                            return self.fail();
                        }
                    }
                    if self.accept(TokenKind::Comma).is_none() {
                        break;
                    }
                }
            }
            self.expect(TokenKind::CloseParen)?;
        }
        Ok(OperatorKind::Render { chart, options, properties })
    }

    fn parse_top_nested(&mut self) -> Result<Vec<TopNested>> {
        let mut levels = vec![self.parse_top_nested_level()?];
        while self.accept(TokenKind::Comma).is_some() {
            self.expect_word("`top-nested`")?;
            levels.push(self.parse_top_nested_level()?);
        }
        Ok(levels)
    }

    fn parse_top_nested_level(&mut self) -> Result<TopNested> {
        let count = if self.at_word("of") { None } else { Some(self.parse_scalar()?) };
        self.expect_word("`of`")?;
        let of = self.parse_column()?;
        let others = match self.accept_word("`with`") {
            Some(_) => {
                self.expect_word("`others`")?;
                self.expect(TokenKind::Assign)?;
                Some(self.parse_scalar()?)
            }
            None => None,
        };
        self.expect_word("`by`")?;
        Ok(TopNested { count, of, others, by: self.parse_sort_key()? })
    }

    fn parse_reduce(&mut self) -> Result<OperatorKind> {
        self.expect_word("`by`")?;
        let by = self.parse_column()?;
        let properties = match self.accept_word("`with`") {
            Some(_) => self.parse_list(Self::parse_property)?,
            None => Vec::new(),
        };
        Ok(OperatorKind::Reduce { by, properties })
    }

    /// `with (name = value, …)`, or nothing.
    pub(super) fn parse_properties(&mut self) -> Result<Vec<(Name, Expr)>> {
        if self.accept_word("`with`").is_none() {
            return Ok(Vec::new());
        }
        self.expect(TokenKind::OpenParen)?;
        let properties =
            if self.at(TokenKind::CloseParen) { Vec::new() } else { self.parse_list(Self::parse_property)? };
        self.expect(TokenKind::CloseParen)?;
        Ok(properties)
    }

    pub(super) fn parse_property(&mut self) -> Result<(Name, Expr)> {
        let length = self.assignable_length(0);
        let name = self.take_name(length)?;
        self.expect(TokenKind::Assign)?;
        Ok((name, self.parse_hint_value()?))
    }

    /// Operators without a source in front, as `mv-apply` and `fork` have them in parentheses.
    pub(super) fn parse_headless(&mut self) -> Result<Expr> {
        self.level(|parser| {
            let head = parser.parse_operator()?;
            let span = head.span;
            parser.grow(1)?;
            let source = Expr { kind: ExprKind::Source(Box::new(head)), span };
            parser.parse_stages(span, source)
        })
    }

    /// Whether an operator's keyword stands here.
    pub(super) fn at_operator(&self) -> bool {
        matches!(self.peek(), Some(TokenKind::Name | TokenKind::Keyword))
            && OPERATORS.binary_search(&self.text_at(0)).is_ok()
    }

    /// Skips the rest of a stage.
    pub(super) fn skip_stage(&mut self) {
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
            self.would_take("`==`");
            return self.fail_at(self.span(), Some("equality is written `==`".to_owned()));
        }
        Ok(predicate)
    }

    /// Columns, none at all included.
    pub(super) fn parse_columns(&mut self) -> Result<Vec<Column>> {
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
        // An old form rounds all keys at once.
        if by.is_some() && self.at_word("bin") && self.peek_at(1) == Some(TokenKind::Assign) {
            self.position += 2;
            self.parse_scalar()?;
            self.unread = true;
        }
        Ok(OperatorKind::Summarize { aggregates, by, keys })
    }

    pub(super) fn parse_sort_key(&mut self) -> Result<SortKey> {
        let Column { mut names, value } = self.parse_column()?;
        let direction = match self.text_at(0) {
            // Numbers inside of text are compared as numbers.
            "granny-asc" | "granny-desc" => {
                self.unread = true;
                Some((self.text_at(0) == "granny-asc", self.advance()))
            }
            "asc" => Some((true, self.advance())),
            "desc" => Some((false, self.advance())),
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
        Ok(SortKey { name: names.pop(), value, direction, nulls })
    }

    fn parse_union(&mut self) -> Result<OperatorKind> {
        let parameters = self.parse_hints()?;
        let tables = self.parse_list(Self::parse_table)?;
        Ok(OperatorKind::Union { parameters, tables })
    }

    /// A table of `union`: a query in parentheses, a name with `*`, a path or a call.
    pub(super) fn parse_table(&mut self) -> Result<Expr> {
        let wildcard = self.wildcard_length(0);
        if wildcard > 0 {
            let name = self.take_wildcard(wildcard);
            let span = name.span;
            return Ok(Expr { kind: ExprKind::Name(name), span });
        }
        self.level(|parser| {
            parser.in_table_list = true;
            parser.parse_unary()
        })
    }
}

/// Whether an operator has this name.
pub(in crate::kql) fn is_operator_word(word: &str) -> bool {
    OPERATORS.binary_search(&word).is_ok()
}

/// What `render` draws, apart from names of other products.
const CHARTS: &[&str] = &[
    "3Dchart",
    "anomalychart",
    "areachart",
    "barchart",
    "card",
    "columnchart",
    "ladderchart",
    "linechart",
    "piechart",
    "pivotchart",
    "scatterchart",
    "stackedareachart",
    "timechart",
    "timeline",
    "timepivot",
    "treemap",
];

/// The parameter `kind`, which is more than a hint.
pub(super) fn take_kind(hints: &mut Vec<(Name, Expr)>) -> Option<Name> {
    let at = hints.iter().position(|hint| hint.0.text == "kind" && matches!(hint.1.kind, ExprKind::Name(_)))?;
    match hints.remove(at).1.kind {
        ExprKind::Name(name) => Some(name),
        _ => None,
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
