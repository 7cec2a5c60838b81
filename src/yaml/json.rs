//! Reading JSON into the same tree as YAML, as deployments read it.
//!
//! Resource Manager takes comments, and strings over several lines:
//! <https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax#comments-and-metadata>. Anything else
//! that JSON forbids is refused with its place.

use std::collections::HashSet;

use super::node::{Node, NodeKind, Scalar, Style};
use super::{MAX_DEPTH, ReadError};
use crate::span::{Span, TextMap};

/// How many values a file may have.
const MAX_VALUES: usize = 2_000_000;

/// Reads a text as JSON.
///
/// # Errors
///
/// When it is not well-formed, gives a key twice, or is too deep or too large.
pub fn read_json(text: &str) -> Result<Node, ReadError> {
    let mut parser = Parser { text, at: 0, depth: 0, values: 0 };
    let root = parser.value()?;
    parser.skip_blank()?;
    match parser.peek() {
        None => Ok(root),
        Some(_) => Err(parser.unexpected("the end of the file")),
    }
}

/// The map of a string's value to the file; the value may lack the string's first character.
pub(super) fn map(file: &str, span: Span, scalar: &Scalar) -> Option<TextMap> {
    let mut parser = Parser { text: file, at: span.start as usize, depth: 0, values: 0 };
    let runs = parser.string().ok()?;
    let text: String = runs.iter().map(|(piece, _)| piece.as_str()).collect();
    let skipped = text.strip_suffix(scalar.text.as_str())?;
    if parser.at != span.end as usize || !(skipped.is_empty() || skipped == "[") {
        return None;
    }
    let mut skipped = skipped.len();
    let mut map = TextMap::default();
    for (piece, span) in runs {
        // What is skipped is a character of its own, copied or escaped.
        let is_copied = piece.len() == (span.end - span.start) as usize;
        let left_out = skipped.min(piece.len());
        let start = span.start as usize + if is_copied { left_out } else { 0 };
        map.push(piece.len() - left_out, Span::new(start, span.end as usize));
        skipped -= left_out;
    }
    Some(map)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    values: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn accept(&mut self, letter: char) -> bool {
        let is_next = self.rest().starts_with(letter);
        if is_next {
            self.at += letter.len_utf8();
        }
        is_next
    }

    fn error(&self, message: impl Into<String>, span: Span) -> ReadError {
        ReadError { is_limit: false, message: message.into(), span }
    }

    fn unexpected(&self, expected: &str) -> ReadError {
        let found = match self.rest().split([' ', '\t', '\r', '\n', ',', ':', '{', '}', '[', ']']).next() {
            _ if self.rest().is_empty() => "the end of the file".to_owned(),
            Some(word) if !word.is_empty() => format!("`{}`", word.chars().take(30).collect::<String>()),
            _ => format!("`{}`", self.peek().unwrap_or_default()),
        };
        let length = self.peek().map_or(0, char::len_utf8);
        self.error(format!("expected {expected}, found {found}"), Span::new(self.at, self.at + length))
    }

    /// Blanks, line breaks and comments.
    fn skip_blank(&mut self) -> Result<(), ReadError> {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            let rest = self.rest();
            if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                match rest.find("*/") {
                    Some(end) => self.at += end + 2,
                    None => return Err(self.error("the comment has no end", Span::new(self.at, self.at + 2))),
                }
            } else {
                return Ok(());
            }
        }
    }

    fn value(&mut self) -> Result<Node, ReadError> {
        self.skip_blank()?;
        self.values += 1;
        let start = self.at;
        let here = Span::new(start, start + self.peek().map_or(0, char::len_utf8));
        if self.values > MAX_VALUES {
            let message = format!("the file has more than {MAX_VALUES} values");
            return Err(ReadError { is_limit: true, message, span: here });
        }
        if self.depth >= MAX_DEPTH {
            let message = format!("values are nested more than {MAX_DEPTH} levels deep");
            return Err(ReadError { is_limit: true, message, span: here });
        }
        let kind = match self.peek() {
            Some('{') => self.object()?,
            Some('[') => self.array()?,
            Some('"') => NodeKind::Scalar(self.text_scalar()?),
            _ => NodeKind::Scalar(self.bare()?),
        };
        Ok(Node { span: Span::new(start, self.at), kind })
    }

    fn object(&mut self) -> Result<NodeKind, ReadError> {
        self.accept('{');
        self.depth += 1;
        let mut entries = Vec::new();
        let mut seen = HashSet::new();
        self.skip_blank()?;
        if !self.accept('}') {
            loop {
                self.skip_blank()?;
                if self.peek() != Some('"') {
                    return Err(self.unexpected("a key in double quotes"));
                }
                let start = self.at;
                let key = self.text_scalar()?;
                let span = Span::new(start, self.at);
                if !seen.insert(key.text.clone()) {
                    return Err(self.error(format!("the key `{}` is given twice", key.text), span));
                }
                self.skip_blank()?;
                if !self.accept(':') {
                    return Err(self.unexpected("`:`"));
                }
                entries.push((Node { span, kind: NodeKind::Scalar(key) }, self.value()?));
                self.skip_blank()?;
                if self.accept('}') {
                    break;
                }
                if !self.accept(',') {
                    return Err(self.unexpected("`,` or `}`"));
                }
            }
        }
        self.depth -= 1;
        Ok(NodeKind::Mapping(entries))
    }

    fn array(&mut self) -> Result<NodeKind, ReadError> {
        self.accept('[');
        self.depth += 1;
        let mut items = Vec::new();
        self.skip_blank()?;
        if !self.accept(']') {
            loop {
                items.push(self.value()?);
                self.skip_blank()?;
                if self.accept(']') {
                    break;
                }
                if !self.accept(',') {
                    return Err(self.unexpected("`,` or `]`"));
                }
            }
        }
        self.depth -= 1;
        Ok(NodeKind::Sequence(items))
    }

    fn text_scalar(&mut self) -> Result<Scalar, ReadError> {
        let text = self.string()?.into_iter().map(|(piece, _)| piece).collect();
        Ok(Scalar { text, style: Style::Json, indent: 0 })
    }

    /// A string as pieces with the range each was read from: those without escapes whole, each escape alone.
    fn string(&mut self) -> Result<Vec<(String, Span)>, ReadError> {
        let open = self.at;
        if !self.accept('"') {
            return Err(self.unexpected("a text"));
        }
        let mut pieces = Vec::new();
        loop {
            let rest = self.rest();
            let plain = rest.find(['"', '\\']).unwrap_or(rest.len());
            if plain > 0 {
                pieces.push((rest[..plain].to_owned(), Span::new(self.at, self.at + plain)));
                self.at += plain;
            }
            if self.accept('"') {
                return Ok(pieces);
            }
            if self.rest().is_empty() {
                return Err(self.error("the text has no closing `\"`", Span::new(open, open + 1)));
            }
            let start = self.at;
            let letter = self.escape()?;
            pieces.push((letter.to_string(), Span::new(start, self.at)));
        }
    }

    fn escape(&mut self) -> Result<char, ReadError> {
        let start = self.at;
        self.at += 1;
        let Some(letter) = self.peek() else {
            return Err(self.error("the escape has no end", Span::new(start, self.at)));
        };
        self.at += letter.len_utf8();
        Ok(match letter {
            '"' | '\\' | '/' => letter,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let first = self.unit(start)?;
                let units = if (0xd800..0xdc00).contains(&first) && self.rest().starts_with("\\u") {
                    self.at += 2;
                    vec![first, self.unit(start)?]
                } else {
                    vec![first]
                };
                match char::decode_utf16(units).next() {
                    Some(Ok(letter)) => letter,
                    _ => return Err(self.error("half of a character is missing", Span::new(start, self.at))),
                }
            }
            _ => return Err(self.error("no such escape in JSON", Span::new(start, self.at))),
        })
    }

    fn unit(&mut self, start: usize) -> Result<u16, ReadError> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        match unit {
            Some(unit) => {
                self.at += 4;
                Ok(unit)
            }
            None => Err(self.error("`\\u` is followed by four hexadecimal digits", Span::new(start, self.at))),
        }
    }

    /// A number, `true`, `false` or `null`.
    fn bare(&mut self) -> Result<Scalar, ReadError> {
        let rest = self.rest();
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.');
        let word = &rest[..rest.find(|letter| !is_part(letter)).unwrap_or(rest.len())];
        let is_value = matches!(word, "true" | "false" | "null")
            || (word.starts_with(|first: char| first.is_ascii_digit() || first == '-')
                && serde_json::from_str::<serde_json::Number>(word).is_ok());
        if !is_value {
            return Err(self.unexpected("a value"));
        }
        self.at += word.len();
        Ok(Scalar { text: word.to_owned(), style: Style::Plain, indent: 0 })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn refused(text: &str, message: &str, at: std::ops::Range<usize>) {
        let error = read_json(text).expect_err(text);
        assert_eq!((error.message.as_str(), error.span.range()), (message, at), "{text:?}");
    }

    #[test]
    fn json_is_read_with_comments_and_strings_over_several_lines() {
        let text = "// head\n{ \"a\" : [1, -2.5e3, true, null, \"x\\\"\\u00e9\\ud83d\\ude00\\/\"], /* b */ \"c\":\"d\ne\"}\n";
        let node = read_json(text).expect("it is JSON");
        assert_eq!(node.to_json(), json!({"a": [1, -2500.0, true, null, "x\"é😀/"], "c": "d\ne"}));
        assert_eq!(read_json("\"\"").expect("it is JSON").to_json(), json!(""));
        assert_eq!(read_json("\"null\"").expect("it is JSON").to_json(), json!("null"));
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        refused("", "expected a value, found the end of the file", 0..0);
        refused("{\"a\": 1,}", "expected a key in double quotes, found `}`", 8..9);
        refused("{\"a\" 1}", "expected `:`, found `1`", 5..6);
        refused("[1 2]", "expected `,` or `]`, found `2`", 3..4);
        refused("[01]", "expected a value, found `01`", 1..2);
        refused("[é]", "expected a value, found `é`", 1..3);
        refused("{\"a\": \"b", "the text has no closing `\"`", 6..7);
        refused("\"\\x\"", "no such escape in JSON", 1..3);
        refused("\"\\ud83d\"", "half of a character is missing", 1..7);
        refused("\"\\u12é4\"", "`\\u` is followed by four hexadecimal digits", 1..3);
        refused("{} {}", "expected the end of the file, found `{`", 3..4);
        refused("{\"a\": 1, \"a\": 2}", "the key `a` is given twice", 9..12);
        refused("/* a", "the comment has no end", 0..2);
        assert!(read_json(&"[".repeat(100_000)).is_err_and(|error| error.is_limit));
    }

    #[test]
    fn each_byte_of_a_string_has_its_place() {
        let file = r#"["[[a\nb\u00e9c]"]"#;
        let map = map(file, Span::new(1, file.len() - 1), &scalar("[a\nbéc]")).expect("it is the string's value");
        let place = |start, end| map.file_span(Span::new(start, end)).of(file);
        assert_eq!((place(0, 2), place(2, 3), place(3, 4)), ("[a", "\\n", "b"));
        assert_eq!((place(4, 6), place(6, 8), place(1, 7)), ("\\u00e9", "c]", "a\\nb\\u00e9c"));
        assert_eq!(super::map(file, Span::new(1, file.len() - 1), &scalar("another")), None);
    }

    fn scalar(text: &str) -> Scalar {
        Scalar { text: text.to_owned(), style: Style::Json, indent: 0 }
    }
}
