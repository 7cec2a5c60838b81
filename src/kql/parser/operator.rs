//! Tabular operators.

use super::{Parser, Result};
use crate::kql::ast::{Column, Expr, ExprKind, Join, Name, Operator, OperatorKind, Pattern, SortKey, TopNested};
use crate::kql::token::TokenKind;

/// Reads what follows an operator's keyword and hints.
type Parse = fn(&mut Parser<'_>, &mut Vec<(Name, Expr)>) -> Result<OperatorKind>;

/// Every operator in alphabetical order.
///
/// Each has a function of its own also because the frame of one that held them all would be too large to recurse.
const OPERATORS: &[(&str, Parse)] = &[
    ("__executeAndCache", |parser, _| parser.parse_unread()),
    ("__partitionby", |parser, _| parser.parse_unread()),
    ("as", |parser, _| parser.expect_name().map(OperatorKind::As)),
    ("assert-schema", |parser, _| parser.parse_schema().map(OperatorKind::AssertSchema)),
    ("consume", |_, _| Ok(OperatorKind::Consume)),
    ("count", |parser, _| parser.parse_count()),
    ("datatable", |parser, _| parser.parse_datatable()),
    ("distinct", |parser, _| parser.parse_list(Parser::parse_distinct_column).map(OperatorKind::Distinct)),
    ("evaluate", |parser, _| parser.parse_evaluate()),
    ("extend", |parser, _| parser.parse_list(Parser::parse_column).map(OperatorKind::Extend)),
    ("external_data", |parser, _| parser.parse_external_data()),
    ("externaldata", |parser, _| parser.parse_external_data()),
    ("facet", |parser, _| parser.parse_facet()),
    ("filter", |parser, _| parser.parse_column().map(OperatorKind::Where)),
    ("find", |parser, _| parser.parse_find()),
    ("fork", |parser, _| parser.parse_fork()),
    ("getschema", |_, _| Ok(OperatorKind::GetSchema)),
    ("graph-mark-components", |_, _| Ok(OperatorKind::GraphMarkComponents)),
    ("graph-match", |parser, _| parser.parse_graph_match(false)),
    ("graph-shortest-paths", |parser, _| parser.parse_graph_match(true)),
    ("graph-to-table", |parser, _| parser.parse_list(Parser::parse_graph_output).map(OperatorKind::GraphToTable)),
    ("graph-where-edges", |parser, _| parser.parse_graph_where(true)),
    ("graph-where-nodes", |parser, _| parser.parse_graph_where(false)),
    ("invoke", |parser, _| parser.parse_invocation().map(OperatorKind::Invoke)),
    ("join", |parser, hints| parser.parse_join(hints).map(OperatorKind::Join)),
    ("limit", |parser, _| parser.parse_scalar().map(OperatorKind::Take)),
    ("lookup", |parser, hints| parser.parse_lookup(hints)),
    ("macro-expand", |parser, _| parser.parse_macro_expand()),
    ("make-graph", |parser, _| parser.parse_make_graph()),
    ("make-series", |parser, _| parser.parse_make_series()),
    ("mv-apply", |parser, _| parser.parse_mv_apply()),
    ("mv-expand", |parser, _| parser.parse_mv_expand()),
    ("mvapply", |parser, _| parser.parse_mv_apply()),
    ("mvexpand", |parser, _| parser.parse_mv_expand()),
    ("order", |parser, _| parser.parse_sort()),
    ("parse", |parser, hints| parser.parse_parse(false, hints)),
    ("parse-kv", |parser, _| parser.parse_parse_kv()),
    ("parse-where", |parser, hints| parser.parse_parse(true, hints)),
    ("partition", |parser, _| parser.parse_partition()),
    ("print", |parser, _| parser.parse_list(Parser::parse_column).map(OperatorKind::Print)),
    ("project", |parser, _| parser.parse_columns().map(OperatorKind::Project)),
    ("project-away", |parser, _| parser.parse_patterns(Parser::parse_pattern).map(OperatorKind::ProjectAway)),
    ("project-by-names", |parser, _| parser.parse_project_by_names()),
    ("project-keep", |parser, _| parser.parse_patterns(Parser::parse_pattern).map(OperatorKind::ProjectKeep)),
    ("project-rename", |parser, _| parser.parse_columns().map(OperatorKind::ProjectRename)),
    ("project-reorder", |parser, _| {
        parser.parse_patterns(Parser::parse_ordered_pattern).map(OperatorKind::ProjectReorder)
    }),
    ("range", |parser, _| parser.parse_range()),
    ("reduce", |parser, _| parser.parse_reduce()),
    ("render", |parser, _| parser.parse_render()),
    ("sample", |parser, _| parser.parse_scalar().map(OperatorKind::Sample)),
    ("sample-distinct", |parser, _| parser.parse_sample_distinct()),
    ("scan", |parser, _| parser.parse_scan()),
    ("search", |parser, _| parser.parse_search()),
    ("serialize", |parser, _| parser.parse_columns().map(OperatorKind::Serialize)),
    ("sort", |parser, _| parser.parse_sort()),
    ("summarize", |parser, _| parser.parse_summarize()),
    ("take", |parser, _| parser.parse_scalar().map(OperatorKind::Take)),
    ("top", |parser, _| parser.parse_top()),
    ("top-hitters", |parser, _| parser.parse_top_hitters()),
    ("top-nested", |parser, _| parser.parse_top_nested().map(OperatorKind::TopNested)),
    ("union", |parser, _| parser.parse_union()),
    ("where", |parser, _| parser.parse_column().map(OperatorKind::Where)),
];

/// The keywords of all operators, in alphabetical order.
pub fn operators() -> impl Iterator<Item = &'static str> {
    OPERATORS.iter().map(|operator| operator.0)
}

/// What reads the operator of this name.
fn find_operator(word: &str) -> Option<Parse> {
    let at = OPERATORS.binary_search_by(|operator| operator.0.cmp(word)).ok()?;
    Some(OPERATORS[at].1)
}

impl Parser<'_> {
    /// Whether a query starts here with an operator rather than with a table.
    ///
    /// Words that may be names as well are operators only where what follows says so.
    pub(super) fn at_source_operator(&self) -> bool {
        let word = self.text_at(0);
        match self.peek() {
            Some(TokenKind::Keyword) => {
                is_operator_word(word) && !matches!(word, "datatable" | "externaldata" | "external_data")
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
        // An operator takes as much of the stack as a level.
        self.operands += 2;
        let operator = self.aside(Self::parse_any_operator);
        self.operands -= 2;
        operator
    }

    fn parse_any_operator(&mut self) -> Result<Operator> {
        let word = self.text_at(0);
        let is_word = matches!(self.peek(), Some(TokenKind::Name | TokenKind::Keyword));
        let Some(parse) = find_operator(word).filter(|_| is_word) else {
            let help = OPERATORS
                .iter()
                .find(|operator| is_word && is_misspelling(word, operator.0))
                .map(|operator| format!("there is an operator `{}`", operator.0));
            let doubled = self.at(TokenKind::Pipe) && !self.lexemes[self.position].spaced;
            let help = help.or(doubled.then(|| "conditions are joined by `or`".to_owned()));
            self.would_take("an operator");
            return self.fail_at(self.span(), help);
        };
        let keyword = Name { text: word.to_owned(), span: self.advance() };
        let mut hints = match word {
            "union" => Vec::new(),
            _ => self.parse_hints()?,
        };
        let start = self.span();
        let outer = std::mem::take(&mut self.unread);
        let mut kind = parse(self, &mut hints)?;
        if std::mem::replace(&mut self.unread, outer) {
            kind = OperatorKind::Other { text: self.text[self.since(start).range()].to_owned() };
        }
        self.grow(1)?;
        let span = self.since(keyword.span);
        Ok(Operator { kind, keyword, hints, span })
    }

    /// An operator that is known by its keyword alone.
    fn parse_unread(&mut self) -> Result<OperatorKind> {
        self.unread = true;
        self.skip_stage();
        Ok(OperatorKind::Consume)
    }

    fn parse_count(&mut self) -> Result<OperatorKind> {
        match self.accept_word("`as`") {
            Some(_) => self.expect_name().map(OperatorKind::CountAs),
            None => Ok(OperatorKind::Count),
        }
    }

    fn parse_sort(&mut self) -> Result<OperatorKind> {
        self.expect_word("`by`")?;
        self.parse_list(Self::parse_sort_key).map(OperatorKind::Sort)
    }

    fn parse_top(&mut self) -> Result<OperatorKind> {
        let count = self.parse_scalar()?;
        self.expect_word("`by`")?;
        Ok(OperatorKind::Top { count, by: vec![self.parse_sort_key()?] })
    }

    fn parse_lookup(&mut self, hints: &mut Vec<(Name, Expr)>) -> Result<OperatorKind> {
        let join = self.parse_join(hints)?;
        if join.on.is_empty() {
            self.would_take("`on`");
            return self.fail();
        }
        Ok(OperatorKind::Lookup(join))
    }

    fn parse_project_by_names(&mut self) -> Result<OperatorKind> {
        if self.at_end_of_list() {
            return Ok(OperatorKind::ProjectByNames(Vec::new()));
        }
        self.parse_list(Self::parse_scalar).map(OperatorKind::ProjectByNames)
    }

    fn parse_sample_distinct(&mut self) -> Result<OperatorKind> {
        let count = self.parse_scalar()?;
        self.expect_word("`of`")?;
        Ok(OperatorKind::SampleDistinct { count, of: self.parse_column()? })
    }

    fn parse_top_hitters(&mut self) -> Result<OperatorKind> {
        let count = self.parse_scalar()?;
        self.expect_word("`of`")?;
        let of = self.parse_column()?;
        let by = match self.accept_word("`by`") {
            Some(_) => Some(self.parse_column()?),
            None => None,
        };
        Ok(OperatorKind::TopHitters { count, of, by })
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
            let source = parser.parse_head()?;
            parser.parse_stages(source.span, source)
        })
    }

    /// Whether an operator's keyword stands here.
    pub(super) fn at_operator(&self) -> bool {
        matches!(self.peek(), Some(TokenKind::Name | TokenKind::Keyword)) && is_operator_word(self.text_at(0))
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
    find_operator(word).is_some()
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
pub(super) fn is_misspelling(word: &str, right: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::OPERATORS;

    #[test]
    fn operators_are_in_order() {
        assert!(OPERATORS.is_sorted_by_key(|operator| operator.0));
    }
}
