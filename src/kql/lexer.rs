//! Cuts a text into tokens.
//!
//! Never fails and loses nothing: the tokens tile the text. What is not KQL is marked in the token's kind, and reported
//! by the parser when it gets there.
//!
//! Names are ASCII, keywords are told apart by letter case
//! (<https://learn.microsoft.com/kusto/query/schema-entities/entity-names>).

use super::token::{Token, TokenKind, is_reserved};
use crate::span::Span;

/// The tokens of a text, white space and comments included.
pub fn lex(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { text, position: 0 };
    let mut tokens = Vec::with_capacity(text.len() / 4);
    while lexer.position < text.len() {
        let start = lexer.position;
        let kind = lexer.next_kind();
        tokens.push(Token { kind, span: Span::new(start, lexer.position) });
    }
    tokens
}

struct Lexer<'text> {
    text: &'text str,
    position: usize,
}

/// Words with a dash, a space or a tilde in them, by their first part; the longest comes first.
const COMPOUNDS: &[(&str, &[&str])] = &[
    ("assert", &["-schema"]),
    ("granny", &["-asc", "-desc"]),
    ("graph", &["-mark-components", "-match", "-shortest-paths", "-to-table", "-where-edges", "-where-nodes"]),
    ("in", &["~"]),
    ("macro", &["-expand"]),
    ("make", &["-graph", "-series"]),
    ("matches", &[" regex"]),
    ("materialized", &["-view-combine"]),
    ("mv", &["-apply", "-expand"]),
    ("parse", &["-kv", "-where"]),
    ("partitioned", &["-by"]),
    ("project", &["-away", "-by-names", "-keep", "-rename", "-reorder", "-smart"]),
    ("sample", &["-distinct"]),
    ("top", &["-hitters", "-nested"]),
];

/// Types whose name directly before a parenthesis starts a literal.
const TYPED: &[&str] = &[
    "bool", "date", "datetime", "decimal", "double", "guid", "int", "int32", "int64", "long", "real", "time",
    "timespan",
];

/// Units of time, as they stand behind a number, with their length in ticks of 100 nanoseconds.
///
/// <https://learn.microsoft.com/kusto/query/scalar-data-types/timespan>. Nanoseconds are listed as zero: the unit is
/// finer than a tick.
pub(super) const TIME_UNITS: &[(&str, i64)] = &[
    ("d", 864_000_000_000),
    ("day", 864_000_000_000),
    ("days", 864_000_000_000),
    ("h", 36_000_000_000),
    ("hour", 36_000_000_000),
    ("hours", 36_000_000_000),
    ("hr", 36_000_000_000),
    ("hrs", 36_000_000_000),
    ("m", 600_000_000),
    ("micro", 10),
    ("micros", 10),
    ("microsec", 10),
    ("microsecond", 10),
    ("microseconds", 10),
    ("milli", 10_000),
    ("millis", 10_000),
    ("millisec", 10_000),
    ("millisecond", 10_000),
    ("milliseconds", 10_000),
    ("min", 600_000_000),
    ("minute", 600_000_000),
    ("minutes", 600_000_000),
    ("ms", 10_000),
    ("nano", 0),
    ("nanos", 0),
    ("nanosec", 0),
    ("nanosecond", 0),
    ("nanoseconds", 0),
    ("s", 10_000_000),
    ("sec", 10_000_000),
    ("second", 10_000_000),
    ("seconds", 10_000_000),
    ("tick", 1),
    ("ticks", 1),
];

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_space(character: char) -> bool {
    matches!(
        character,
        '\t' | '\n' | '\u{c}' | '\r' | ' ' | '\u{a0}' | '\u{1680}' | '\u{180e}' | '\u{2000}'
            ..='\u{200b}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\u{feff}'
    )
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.position..]
    }

    /// The byte `ahead` of the position; zero behind the end.
    fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.position + ahead).copied().unwrap_or(0)
    }

    fn next_kind(&mut self) -> TokenKind {
        let first = self.rest().chars().next().expect("the caller checked that there is text left");
        match first {
            _ if is_space(first) => {
                let length = self.rest().find(|character| !is_space(character)).unwrap_or(self.rest().len());
                self.position += length;
                TokenKind::Whitespace
            }
            '/' if self.byte(1) == b'/' => self.line(TokenKind::Comment),
            '#' => self.line(TokenKind::Directive),
            'h' | 'H' if self.string_starts(1) => self.string(1),
            'a'..='z' | 'A'..='Z' | '_' | '$' => self.word(),
            '0'..='9' => self.number(),
            '"' | '\'' => self.string(0),
            '@' | '`' | '~' if self.string_starts(0) => self.string(0),
            '!' => self.bang(),
            _ => self.punctuation(first),
        }
    }

    fn line(&mut self, kind: TokenKind) -> TokenKind {
        let length = self.rest().find(['\n', '\r', '\u{2028}', '\u{2029}']).unwrap_or(self.rest().len());
        self.position += length;
        kind
    }

    /// Whether a string starts `ahead` of the position, its `h` left out.
    fn string_starts(&self, ahead: usize) -> bool {
        let rest = &self.text.as_bytes()[self.position + ahead..];
        matches!(rest, [b'"' | b'\'', ..] | [b'@', b'"' | b'\'', ..])
            || rest.starts_with(b"```")
            || rest.starts_with(b"~~~")
    }

    /// A string, `prefix` bytes of which come before the `@` or quote.
    fn string(&mut self, prefix: usize) -> TokenKind {
        self.position += prefix;
        if self.rest().starts_with("```") || self.rest().starts_with("~~~") {
            let (quote, content) = self.rest().split_at(3);
            let end = content.find(quote);
            self.position += end.map_or(self.rest().len(), |length| length + 6);
            return TokenKind::String { well_formed: end.is_some() };
        }
        let verbatim = self.byte(0) == b'@';
        self.position += usize::from(verbatim);
        let quote = self.byte(0);
        self.position += 1;
        let mut well_formed = true;
        loop {
            match self.byte(0) {
                _ if self.position == self.text.len() => return TokenKind::String { well_formed: false },
                b'\n' | b'\r' => return TokenKind::String { well_formed: false },
                byte if byte == quote && verbatim && self.byte(1) == quote => self.position += 2,
                byte if byte == quote => {
                    self.position += 1;
                    return TokenKind::String { well_formed };
                }
                b'\\' if !verbatim => match escape_length(&self.text.as_bytes()[self.position..]) {
                    Some(length) => self.position += length,
                    None => {
                        well_formed = false;
                        self.position += 1;
                        // What follows belongs to the escape, were it a quote; never half a character.
                        if !matches!(self.byte(0), b'\n' | b'\r' | 0) && self.byte(0).is_ascii() {
                            self.position += 1;
                        }
                    }
                },
                _ => self.position += 1,
            }
        }
    }

    fn word(&mut self) -> TokenKind {
        if let Some(kind) = self.guid() {
            return kind;
        }
        let start = self.position;
        self.position += 1;
        while is_name_byte(self.byte(0)) {
            self.position += 1;
        }
        self.finish_word(start)
    }

    /// What the word from `start` to the position is, with what belongs to it behind.
    fn finish_word(&mut self, start: usize) -> TokenKind {
        let word = &self.text[start..self.position];
        if let Ok(at) = COMPOUNDS.binary_search_by_key(&word, |compound| compound.0) {
            let compound = COMPOUNDS[at]
                .1
                .iter()
                .find(|tail| self.rest().starts_with(**tail) && !is_name_byte(self.byte(tail.len())));
            if let Some(tail) = compound {
                self.position += tail.len();
                return TokenKind::Keyword;
            }
        }
        if self.byte(0) == b'(' && TYPED.binary_search(&word).is_ok() {
            let length = self.rest().find([')', '\n', '\r', '\u{2028}', '\u{2029}']).unwrap_or(self.rest().len());
            self.position += length;
            let closed = self.byte(0) == b')';
            self.position += usize::from(closed);
            return TokenKind::Typed { closed };
        }
        match word {
            "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => TokenKind::Bool,
            _ if is_reserved(word) => TokenKind::Keyword,
            _ => TokenKind::Name,
        }
    }

    /// Words such as `!contains`, and `!=`, `!~`.
    fn bang(&mut self) -> TokenKind {
        let start = self.position;
        self.position += 1;
        match self.byte(0) {
            b'=' => {
                self.position += 1;
                return TokenKind::NotEqual;
            }
            b'~' => {
                self.position += 1;
                return TokenKind::NotEqualFold;
            }
            _ => {}
        }
        while is_name_byte(self.byte(0)) {
            self.position += 1;
        }
        if &self.text[start..self.position] == "!in" && self.byte(0) == b'~' {
            self.position += 1;
        }
        if is_reserved(&self.text[start..self.position]) {
            TokenKind::Keyword
        } else {
            self.position = start + 1;
            TokenKind::Unknown
        }
    }

    fn digits(&self, from: usize) -> usize {
        self.text.as_bytes()[from..].iter().take_while(|byte| byte.is_ascii_digit()).count()
    }

    /// The end of a number's exponent, if one starts at `from`.
    fn exponent(&self, from: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        if !matches!(bytes.get(from), Some(b'e' | b'E')) {
            return None;
        }
        let sign = usize::from(matches!(bytes.get(from + 1), Some(b'+' | b'-')));
        let digits = self.digits((from + 1 + sign).min(bytes.len()));
        (digits > 0).then_some(from + 1 + sign + digits)
    }

    /// Numbers, and names that start with a digit.
    fn number(&mut self) -> TokenKind {
        if let Some(kind) = self.guid() {
            return kind;
        }
        let bytes = self.text.as_bytes();
        let start = self.position;
        let at = |position: usize| bytes.get(position).copied().unwrap_or(0);
        let digits = start + self.digits(start);
        let ends = |position: usize| !is_name_byte(at(position));

        // `1.` is a real, `1..2` a range.
        let real = if at(digits) == b'.' && (at(digits + 1) != b'.' || at(digits + 2) == b'.') {
            let fraction = digits + 1 + self.digits(digits + 1);
            Some(self.exponent(fraction).unwrap_or(fraction))
        } else {
            self.exponent(digits)
        };
        if let Some(end) = real.filter(|end| ends(*end)) {
            self.position = end;
            return TokenKind::Real;
        }

        let fraction = if at(digits) == b'.' { self.digits(digits + 1) } else { 0 };
        let number = if fraction > 0 { digits + 1 + fraction } else { digits };
        let unit = bytes[number..].iter().take_while(|byte| is_name_byte(**byte)).count();
        if TIME_UNITS.binary_search_by(|known| known.0.cmp(&self.text[number..number + unit])).is_ok() {
            self.position = number + unit;
            return TokenKind::TimeSpan;
        }

        if at(start) == b'0' && matches!(at(start + 1), b'x' | b'X') {
            let hex = bytes[start + 2..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
            if hex > 0 && ends(start + 2 + hex) {
                self.position = start + 2 + hex;
                return TokenKind::Long;
            }
        }
        self.position = digits;
        if ends(digits) {
            return TokenKind::Long;
        }
        while is_name_byte(self.byte(0)) {
            self.position += 1;
        }
        self.finish_word(start)
    }

    /// A bare UUID.
    fn guid(&mut self) -> Option<TokenKind> {
        let candidate = self.text.as_bytes().get(self.position..self.position + 36)?;
        let matches = candidate.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
        matches.then(|| {
            self.position += 36;
            TokenKind::Guid
        })
    }

    fn punctuation(&mut self, first: char) -> TokenKind {
        let second = self.byte(1);
        let (kind, length) = match first {
            '(' => (TokenKind::OpenParen, 1),
            ')' => (TokenKind::CloseParen, 1),
            '[' => (TokenKind::OpenBracket, 1),
            ']' => (TokenKind::CloseBracket, 1),
            '{' => (TokenKind::OpenBrace, 1),
            '}' => (TokenKind::CloseBrace, 1),
            '|' => (TokenKind::Pipe, 1),
            ';' => (TokenKind::Semicolon, 1),
            ',' => (TokenKind::Comma, 1),
            '.' if second == b'.' => (TokenKind::DotDot, 2),
            '.' => (TokenKind::Dot, 1),
            ':' => (TokenKind::Colon, 1),
            '=' if second == b'=' => (TokenKind::Equal, 2),
            '=' if second == b'~' => (TokenKind::EqualFold, 2),
            '=' if second == b'>' => (TokenKind::Arrow, 2),
            '=' => (TokenKind::Assign, 1),
            '<' if second == b'=' => (TokenKind::LessOrEqual, 2),
            '<' if second == b'>' => (TokenKind::NotEqual, 2),
            '<' => (TokenKind::Less, 1),
            '>' if second == b'=' => (TokenKind::GreaterOrEqual, 2),
            '>' => (TokenKind::Greater, 1),
            '+' => (TokenKind::Plus, 1),
            '-' => (TokenKind::Minus, 1),
            '*' => (TokenKind::Star, 1),
            '/' => (TokenKind::Slash, 1),
            '%' => (TokenKind::Percent, 1),
            '@' => (TokenKind::At, 1),
            '?' => (TokenKind::Question, 1),
            other => (TokenKind::Unknown, other.len_utf8()),
        };
        self.position += length;
        kind
    }
}

/// The length of the escape that starts a slice, if it is a known one.
fn escape_length(bytes: &[u8]) -> Option<usize> {
    let hex = |digits: usize| {
        let slice = bytes.get(2..2 + digits)?;
        slice.iter().all(u8::is_ascii_hexdigit).then_some(2 + digits)
    };
    match bytes.get(1)? {
        b'\\' | b'\'' | b'"' | b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' => Some(2),
        b'x' => hex(2),
        b'u' => hex(4),
        b'U' => hex(8),
        first @ b'0'..=b'7' => {
            let octal = |at: usize| matches!(bytes.get(at), Some(b'0'..=b'7'));
            Some(match (octal(2), octal(3) && *first <= b'3') {
                (true, true) => 4,
                (true, false) => 3,
                (false, _) => 2,
            })
        }
        _ => None,
    }
}

/// The escape at the start of a slice: the character it stands for and its length.
pub(super) fn decode_escape(text: &str) -> Option<(char, usize)> {
    let length = escape_length(text.as_bytes())?;
    let code = |digits: &str, radix: u32| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    let character = match text.as_bytes()[1] {
        b'a' => '\u{7}',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'v' => '\u{b}',
        b'x' | b'u' | b'U' => code(&text[2..length], 16)?,
        b'0'..=b'7' => code(&text[1..length], 8)?,
        other => char::from(other),
    };
    Some((character, length))
}

#[cfg(test)]
mod tests {
    use super::{TIME_UNITS, lex};
    use crate::kql::token::TokenKind;

    /// Tokens without white space.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let words: Vec<&str> = lex(text)
            .iter()
            .filter(|token| token.kind != TokenKind::Whitespace)
            .map(|token| token.span.of(text))
            .collect();
        assert_eq!(words, expected, "for {text}");
    }

    #[test]
    fn words_with_dashes_are_one_token_where_they_are_operators() {
        check("a|project-away b-c|mv-expand d", &["a", "|", "project-away", "b", "-", "c", "|", "mv-expand", "d"]);
        check("project-awayx in~ !in~ !has_cs !x", &["project", "-", "awayx", "in~", "!in~", "!has_cs", "!", "x"]);
        check("a matches regex b", &["a", "matches regex", "b"]);
    }

    #[test]
    fn numbers_end_where_ranges_begin() {
        check("1..2", &["1", "..", "2"]);
        check("1.5..2d", &["1.5", "..", "2d"]);
        check("1.5h 0x1F 1e5 1.e5 5.a 3com 1dx", &["1.5h", "0x1F", "1e5", "1.e5", "5", ".", "a", "3com", "1dx"]);
    }

    #[test]
    fn comments_end_with_their_line() {
        check("a // b | c\nd", &["a", "// b | c", "d"]);
        check("'a//b' c", &["'a//b'", "c"]);
    }

    #[test]
    fn strings_end_at_their_quote() {
        check(r#"h"a\"b" @'c\' 'd' `"#, &[r#"h"a\"b""#, r"@'c\'", "'d'", "`"]);
        check("```a\n'b'```c", &["```a\n'b'```", "c"]);
        check("'a\n'", &["'a", "'"]);
    }

    #[test]
    fn literals_with_a_type_are_one_token() {
        check("datetime(2020-01-01 12:00) int (x)", &["datetime(2020-01-01 12:00)", "int", "(", "x", ")"]);
        check("dynamic([1])", &["dynamic", "(", "[", "1", "]", ")"]);
        check("datetime(2020\n)", &["datetime(2020", ")"]);
    }

    #[test]
    fn tables_are_in_order() {
        assert!(TIME_UNITS.is_sorted_by_key(|unit| unit.0));
        assert!(super::COMPOUNDS.is_sorted_by_key(|compound| compound.0));
        assert!(super::TYPED.is_sorted());
    }
}
