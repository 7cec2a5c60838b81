//! Tokens to syntax tree, by recursive descent.
//!
//! A tree is always yielded; where there are errors it lacks what they spoil. After an error the parser takes up again at
//! the next `|` or `;` outside of any bracket that was opened since, or at the bracket that closes the part it is in.
//!
//! Trees are at most [`MAX_DEPTH`] levels high, so that those who walk them may recurse. Long chains of `and` and `or`
//! are built as balanced trees for that reason ([`super::ast::Expr::chain`]).
//!
//! Which words may stand where follows Microsoft's own parser, as its verdicts on a corpus of published queries show.

mod error;
mod expansion;
mod expr;
mod graph;
mod literal;
mod operator;
mod source;
mod statement;
#[cfg(test)]
pub(super) mod tests;

pub use error::{Error, ErrorKind};
pub(super) use expr::Level;
pub(super) use operator::is_operator_word;
pub use operator::operators;

use super::ast::{Name, Query};
use super::lexer::lex;
use super::token::{TokenKind, is_assignable};
use crate::span::Span;

/// How high a tree may be.
pub const MAX_DEPTH: u32 = 128;

/// How many errors a text may have: what is behind them is not read.
const MAX_ERRORS: usize = 100;

/// How many frames parsing may take: two for a level or an operator, one for an operand.
///
/// A debug build needs up to 4 KiB for each, and has to do with the 2 MiB of a thread that is not the main one.
const MAX_FRAMES: u32 = 320;

/// What became of a text.
#[derive(Clone, PartialEq, Debug)]
pub struct Parsed {
    /// The tree; complete if there are no errors.
    pub query: Query,
    /// What is wrong, in the order of the text.
    pub errors: Vec<Error>,
}

/// Parses a query.
pub fn parse(text: &str) -> Parsed {
    let mut parser = Parser::new(text);
    let query = parser.parse_query();
    Parsed { query, errors: parser.errors }
}

/// The part could not be read; the error is recorded.
struct Failed;

type Result<T> = std::result::Result<T, Failed>;

/// A token that is no trivia.
#[derive(Clone, Copy)]
struct Lexeme {
    kind: TokenKind,
    span: Span,
    /// Whether white space or a comment stands before it.
    spaced: bool,
    /// Whether a line break stands before it.
    on_new_line: bool,
}

struct Parser<'text> {
    text: &'text str,
    lexemes: Vec<Lexeme>,
    /// The next lexeme.
    position: usize,
    errors: Vec<Error>,
    /// What was asked for at `expected_at` in vain.
    expected: Vec<&'static str>,
    expected_at: usize,
    /// How many levels of parsing are open.
    depth: u32,
    /// How many operands are open within the levels.
    operands: u32,
    /// The depth at which the stages of a statement stand.
    statement_depth: u32,
    /// The height of the highest tree finished within the open level.
    height: u32,
    /// Whether names may have `*` in them: the operands of `union` and `find`.
    in_table_list: bool,
    /// Whether the operator has a part that the tree does not tell of.
    unread: bool,
}

impl<'text> Parser<'text> {
    fn new(text: &'text str) -> Parser<'text> {
        let mut lexemes = Vec::with_capacity(text.len() / 6);
        let mut spaced = false;
        let mut on_new_line = false;
        for token in lex(text) {
            if token.kind.is_trivia() {
                spaced = true;
                on_new_line |= token.span.of(text).contains(['\n', '\r']);
            } else {
                lexemes.push(Lexeme { kind: token.kind, span: token.span, spaced, on_new_line });
                spaced = false;
                on_new_line = false;
            }
        }
        Parser {
            text,
            lexemes,
            position: 0,
            errors: Vec::new(),
            expected: Vec::new(),
            expected_at: 0,
            depth: 0,
            operands: 0,
            statement_depth: 0,
            height: 0,
            in_table_list: false,
            unread: false,
        }
    }

    fn peek(&self) -> Option<TokenKind> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Option<TokenKind> {
        self.lexemes.get(self.position + ahead).map(|lexeme| lexeme.kind)
    }

    /// The text of a lexeme; empty behind the end.
    fn text_at(&self, ahead: usize) -> &'text str {
        self.lexemes.get(self.position + ahead).map_or("", |lexeme| &self.text[lexeme.span.range()])
    }

    /// Where the next lexeme stands, or the end of the text.
    fn span(&self) -> Span {
        self.lexemes.get(self.position).map_or(Span::new(self.text.len(), self.text.len()), |lexeme| lexeme.span)
    }

    /// Where the lexeme before stands, or the start of the text.
    fn last_span(&self) -> Span {
        match self.position.checked_sub(1) {
            Some(before) => self.lexemes[before].span,
            None => Span::new(0, 0),
        }
    }

    /// From a start to the end of the last lexeme.
    fn since(&self, start: Span) -> Span {
        start.to(Span { start: start.start, end: self.last_span().end.max(start.end) })
    }

    fn advance(&mut self) -> Span {
        let span = self.span();
        self.position += usize::from(self.position < self.lexemes.len());
        span
    }

    /// Notes that something would do here.
    fn would_take(&mut self, what: &'static str) {
        if self.expected_at != self.position {
            self.expected.clear();
            self.expected_at = self.position;
        }
        if !self.expected.contains(&what) {
            self.expected.push(what);
        }
    }

    fn at(&self, kind: TokenKind) -> bool {
        self.peek() == Some(kind)
    }

    fn accept(&mut self, kind: TokenKind) -> Option<Span> {
        if self.at(kind) {
            return Some(self.advance());
        }
        self.would_take(describe(kind));
        None
    }

    fn expect(&mut self, kind: TokenKind) -> Result<Span> {
        match self.accept(kind) {
            Some(span) => Ok(span),
            None => self.fail(),
        }
    }

    /// Whether the lexeme is this word, as a name or as a keyword.
    fn word_at(&self, ahead: usize, word: &str) -> bool {
        matches!(self.peek_at(ahead), Some(TokenKind::Name | TokenKind::Keyword)) && self.text_at(ahead) == word
    }

    fn at_word(&self, word: &str) -> bool {
        self.word_at(0, word)
    }

    /// Accepts a word; `quoted` is the word in backticks, for the message.
    fn accept_word(&mut self, quoted: &'static str) -> Option<Span> {
        if self.at_word(quoted.trim_matches('`')) {
            return Some(self.advance());
        }
        self.would_take(quoted);
        None
    }

    fn expect_word(&mut self, quoted: &'static str) -> Result<Span> {
        match self.accept_word(quoted) {
            Some(span) => Ok(span),
            None => self.fail(),
        }
    }

    /// Reports that none of what was asked for here is here.
    fn fail<T>(&mut self) -> Result<T> {
        self.fail_at(self.missing_span(), None)
    }

    /// Where something is missing: what is missing before a line break is missing on the line before.
    fn missing_span(&self) -> Span {
        match self.lexemes.get(self.position) {
            Some(lexeme) if !lexeme.on_new_line || self.position == 0 => lexeme.span,
            _ => Span { start: self.last_span().end, end: self.last_span().end },
        }
    }

    /// The same, where what stands here is wrong rather than something missing.
    fn fail_here<T>(&mut self) -> Result<T> {
        self.fail_at(self.span(), None)
    }

    fn fail_at<T>(&mut self, span: Span, help: Option<String>) -> Result<T> {
        let mut expected =
            if self.expected_at == self.position { std::mem::take(&mut self.expected) } else { Vec::new() };
        expected.sort_unstable();
        let lexeme = self.lexemes.get(self.position).copied();
        if let Some(lexeme) = lexeme
            && self.report_bad_lexeme(lexeme)
        {
            return Err(Failed);
        }
        let word = self.text_at(0);
        let found = match lexeme {
            None => "the end of the query".to_owned(),
            Some(_) => format!("`{}`", shorten(word)),
        };
        // A keyword in place of a name has an error of its own: the fix is always the same.
        if expected.iter().any(|item| NAME_LIKE.contains(item)) && self.at(TokenKind::Keyword) && help.is_none() {
            let help = Some(format!("a column of this name is written `['{word}']`"));
            let span = self.span();
            return self.fail_with(ErrorKind::KeywordAsName(word.to_owned()), span, help);
        }
        let ends = expected.iter().any(|item| matches!(*item, "`)`" | "`;`" | "`|`"));
        let help = help.or_else(|| {
            let operator = if ends && self.at(TokenKind::Name) { expr::misspelt_operator(word) } else { None };
            operator.map(|operator| format!("there is an operator `{operator}`"))
        });
        self.fail_with(ErrorKind::Expected { expected, found }, span, help)
    }

    fn fail_with<T>(&mut self, kind: ErrorKind, span: Span, help: Option<String>) -> Result<T> {
        self.report(kind, span, help);
        Err(Failed)
    }

    /// Records an error, unless there is one for this place already.
    fn report(&mut self, kind: ErrorKind, span: Span, help: Option<String>) {
        let known = self.errors.last().is_some_and(|last| last.span == span || last.kind == ErrorKind::TooDeep);
        if known || self.errors.len() == MAX_ERRORS {
            return;
        }
        self.errors.push(Error { kind, span, help });
        if self.errors.len() == MAX_ERRORS {
            self.position = self.lexemes.len();
        }
    }

    /// Reports what the lexer found wrong with a lexeme, if anything.
    fn report_bad_lexeme(&mut self, lexeme: Lexeme) -> bool {
        if lexeme.kind == TokenKind::Unknown {
            let character = self.text[lexeme.span.range()].chars().next().unwrap_or('\u{fffd}');
            let help = match character {
                '!' => Some("negation is written `not(…)`"),
                '&' => Some("conditions are joined by `and`"),
                '“' | '”' | '„' | '‘' | '’' => Some("strings stand in straight quotes"),
                _ => None,
            };
            self.report(ErrorKind::UnknownCharacter(character), lexeme.span, help.map(str::to_owned));
            return true;
        }
        // A name in brackets whose string is not closed is no name.
        let name = self.lexemes.get(self.position + 1).copied().filter(|_| lexeme.kind == TokenKind::OpenBracket);
        if let Some(Lexeme { kind: TokenKind::String { well_formed: false }, span, .. }) = name {
            self.advance();
            let _ = self.fail_string::<()>(&self.text[span.range()], span);
            return true;
        }
        false
    }

    /// Skips to where parsing can be taken up again: `|`, `;`, or a closing bracket of what is open.
    fn recover(&mut self) {
        let mut open = 0usize;
        while let Some(kind) = self.peek() {
            match kind {
                TokenKind::OpenParen | TokenKind::OpenBracket | TokenKind::OpenBrace => open += 1,
                TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::CloseBrace if open == 0 => return,
                TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::CloseBrace => open -= 1,
                TokenKind::Pipe | TokenKind::Semicolon if open == 0 => return,
                // A bracket that is never closed does not hide the next statement.
                TokenKind::Semicolon if self.word_at(1, "let") => return,
                _ => {}
            }
            self.position += 1;
        }
    }

    /// Parses one level: a node whose children are finished within `parse`.
    fn level<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == MAX_DEPTH || self.frames() > MAX_FRAMES {
            return self.too_deep();
        }
        let outer = std::mem::take(&mut self.height);
        let in_table_list = std::mem::take(&mut self.in_table_list);
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        self.in_table_list = in_table_list;
        self.height = self.height.max(outer);
        result
    }

    /// Counts the height of what `parse` finishes by itself, not on top of what stands beside it.
    fn aside<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let outer = std::mem::take(&mut self.height);
        let result = parse(self);
        self.height = self.height.max(outer);
        result
    }

    fn frames(&self) -> u32 {
        2 * self.depth + self.operands
    }

    /// Counts a node that was put on top of those finished within the open level.
    fn grow(&mut self, levels: u32) -> Result<()> {
        self.height += levels;
        if self.height > MAX_DEPTH { self.too_deep() } else { Ok(()) }
    }

    /// Nothing behind this place is read.
    fn too_deep<T>(&mut self) -> Result<T> {
        let span = self.span();
        self.report(ErrorKind::TooDeep, span, None);
        self.position = self.lexemes.len();
        Err(Failed)
    }

    /// Items separated by commas, up to what `ends` says is the end; a comma must be followed by an item.
    fn parse_list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.accept(TokenKind::Comma).is_some() {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// Whether a list, a stage or a statement ends here.
    fn at_end_of_list(&self) -> bool {
        matches!(
            self.peek(),
            None | Some(
                TokenKind::CloseParen
                    | TokenKind::CloseBracket
                    | TokenKind::CloseBrace
                    | TokenKind::Pipe
                    | TokenKind::Semicolon
            )
        )
    }

    /// How many lexemes from `ahead` on are a name; zero if there is none.
    fn name_length(&self, ahead: usize) -> usize {
        match self.peek_at(ahead) {
            Some(TokenKind::Name) => 1,
            Some(TokenKind::OpenBracket) => {
                let strings =
                    (1..).take_while(|at| matches!(self.peek_at(ahead + at), Some(TokenKind::String { .. }))).count();
                let closed = self.peek_at(ahead + 1 + strings) == Some(TokenKind::CloseBracket);
                if strings > 0 && closed { strings + 2 } else { 0 }
            }
            Some(TokenKind::OpenBrace) => self.placeholder_length(ahead),
            _ => 0,
        }
    }

    /// The same, where any word that may name an assignment's column will do.
    fn assignable_length(&self, ahead: usize) -> usize {
        match self.peek_at(ahead) {
            Some(TokenKind::Keyword) if is_assignable(self.text_at(ahead)) => 1,
            _ => self.name_length(ahead),
        }
    }

    /// `{name}` without white space.
    fn placeholder_length(&self, ahead: usize) -> usize {
        let tight = |at: usize| self.lexemes.get(self.position + ahead + at).is_some_and(|lexeme| !lexeme.spaced);
        let is_placeholder = self.peek_at(ahead) == Some(TokenKind::OpenBrace)
            && matches!(self.peek_at(ahead + 1), Some(TokenKind::Name | TokenKind::Keyword))
            && tight(1)
            && self.peek_at(ahead + 2) == Some(TokenKind::CloseBrace)
            && tight(2);
        if is_placeholder { 3 } else { 0 }
    }

    /// A name that is declared or referred to.
    fn expect_name(&mut self) -> Result<Name> {
        let length = self.name_length(0);
        self.take_name(length)
    }

    /// The name in the next `length` lexemes, as one of the `_length` functions counted them.
    fn take_name(&mut self, length: usize) -> Result<Name> {
        let start = self.span();
        match length {
            0 => {
                self.would_take(A_NAME);
                self.fail()
            }
            1 => {
                let text = self.text_at(0).to_owned();
                Ok(Name { text, span: self.advance() })
            }
            _ if self.at(TokenKind::OpenBrace) => {
                self.position += length;
                let span = self.since(start);
                Ok(Name { text: self.text[span.range()].to_owned(), span })
            }
            _ => {
                self.advance();
                let text = self.parse_strings()?;
                self.expect(TokenKind::CloseBracket)?;
                Ok(Name { text, span: self.since(start) })
            }
        }
    }

    /// How many lexemes from `ahead` on are a name with `*` in it.
    fn wildcard_length(&self, ahead: usize) -> usize {
        let lexeme = |at: usize| self.lexemes.get(self.position + ahead + at);
        let part = |kind: TokenKind, at: usize| {
            kind == TokenKind::Name || kind == TokenKind::Keyword && is_assignable(self.text_at(ahead + at))
        };
        let starts = match lexeme(0).map(|first| first.kind) {
            Some(TokenKind::Star) => 1,
            Some(kind)
                if part(kind, 0) && lexeme(1).is_some_and(|next| next.kind == TokenKind::Star && !next.spaced) =>
            {
                2
            }
            _ => return 0,
        };
        let more = (starts..)
            .take_while(|at| {
                lexeme(*at).is_some_and(|next| {
                    !next.spaced && (matches!(next.kind, TokenKind::Star | TokenKind::Long) || part(next.kind, *at))
                })
            })
            .count();
        starts + more
    }

    /// A name with `*` in it.
    fn take_wildcard(&mut self, length: usize) -> Name {
        let start = self.span();
        self.position += length;
        let span = self.since(start);
        Name { text: self.text[span.range()].to_owned(), span }
    }
}

const A_NAME: &str = "a name";
const AN_EXPRESSION: &str = "an expression";

/// Expectations that a keyword in brackets and quotes would meet.
const NAME_LIKE: &[&str] = &[A_NAME, AN_EXPRESSION];

/// Source text for a message.
fn shorten(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A kind of token as messages name it.
fn describe(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Whitespace => "white space",
        TokenKind::Comment => "a comment",
        TokenKind::Name => A_NAME,
        TokenKind::Keyword => "a keyword",
        TokenKind::Bool => "`true` or `false`",
        TokenKind::Long | TokenKind::Real => "a number",
        TokenKind::TimeSpan => "a timespan",
        TokenKind::String { .. } => "a string",
        TokenKind::Typed { .. } | TokenKind::Guid => "a literal",
        TokenKind::Directive => "a directive",
        TokenKind::OpenParen => "`(`",
        TokenKind::CloseParen => "`)`",
        TokenKind::OpenBracket => "`[`",
        TokenKind::CloseBracket => "`]`",
        TokenKind::OpenBrace => "`{`",
        TokenKind::CloseBrace => "`}`",
        TokenKind::Pipe => "`|`",
        TokenKind::Semicolon => "`;`",
        TokenKind::Comma => "`,`",
        TokenKind::Dot => "`.`",
        TokenKind::DotDot => "`..`",
        TokenKind::Colon => "`:`",
        TokenKind::Assign => "`=`",
        TokenKind::Arrow => "`=>`",
        TokenKind::Equal => "`==`",
        TokenKind::NotEqual => "`!=`",
        TokenKind::EqualFold => "`=~`",
        TokenKind::NotEqualFold => "`!~`",
        TokenKind::Less => "`<`",
        TokenKind::LessOrEqual => "`<=`",
        TokenKind::Greater => "`>`",
        TokenKind::GreaterOrEqual => "`>=`",
        TokenKind::Plus => "`+`",
        TokenKind::Minus => "`-`",
        TokenKind::Star => "`*`",
        TokenKind::Slash => "`/`",
        TokenKind::Percent => "`%`",
        TokenKind::At => "`@`",
        TokenKind::Question => "`?`",
        TokenKind::Unknown => "another character",
    }
}
