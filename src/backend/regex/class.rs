//! Character classes: computed as sets, then written with ranges only.

use regex_syntax::ast::Ast;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind, translate::TranslatorBuilder};

use super::{Dialect, Lossy};

/// How classes are read at a place in a pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Flags {
    /// `i`
    pub insensitive: bool,
    /// `m`
    pub multi_line: bool,
    /// `s`
    pub dot_matches_newline: bool,
    /// `U`
    pub swap_greed: bool,
}

/// A set of characters, with what had to be left out of it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Set {
    /// Its ASCII characters.
    ascii: [bool; 128],
    /// Its other characters.
    beyond: Beyond,
    /// Whether it is this set in ASCII text only.
    pub ascii_only: bool,
}

/// The characters of a set beyond ASCII.
#[derive(Clone, PartialEq, Debug)]
enum Beyond {
    /// None of them.
    None,
    /// All of them.
    All,
    /// These.
    Some(Vec<(char, char)>),
    /// All but these.
    Except(Vec<(char, char)>),
}

/// Ranges beyond ASCII that are still written out; properties such as `\w` have hundreds.
const MAX_RANGES: usize = 16;
/// Beyond ASCII, the characters that are an ASCII letter in another case.
const FOLDED: [char; 2] = ['\u{17f}', '\u{212a}'];

impl Set {
    /// The set that a class, a literal or a dot stands for.
    pub(super) fn of(ast: &Ast, pattern: &str, flags: Flags) -> Result<Set, Lossy> {
        let hir = TranslatorBuilder::new()
            .case_insensitive(flags.insensitive)
            .dot_matches_new_line(flags.dot_matches_newline)
            .build()
            .translate(pattern, ast)
            .map_err(|error| Lossy::new(error.kind().to_string()))?;
        match hir.kind() {
            HirKind::Class(Class::Unicode(class)) => Ok(Set::new(class, names_property(ast, pattern))),
            HirKind::Literal(literal) => {
                let letter = std::str::from_utf8(&literal.0).ok().and_then(|text| text.chars().next());
                let letter = letter.ok_or_else(|| Lossy::new("a byte that is no character"))?;
                Ok(Set::new(&ClassUnicode::new([ClassUnicodeRange::new(letter, letter)]), false))
            }
            HirKind::Empty
            | HirKind::Class(Class::Bytes(_))
            | HirKind::Look(_)
            | HirKind::Repetition(_)
            | HirKind::Capture(_)
            | HirKind::Concat(_)
            | HirKind::Alternation(_) => Err(Lossy::new("a class that nothing is in")),
        }
    }

    fn new(class: &ClassUnicode, property: bool) -> Set {
        let mut ascii = [false; 128];
        let mut beyond = Vec::new();
        let mut ascii_only = false;
        for range in class.ranges() {
            for code in u32::from(range.start())..=u32::from(range.end()).min(127) {
                ascii[code as usize] = true;
            }
            if range.end() > '\u{7f}' {
                beyond.push((range.start().max('\u{80}'), range.end()));
            }
        }
        // Where an ASCII letter brought them in by its case, they are as rare as they are unreadable.
        let before = beyond.len();
        beyond.retain(|range| {
            !FOLDED.iter().any(|&letter| {
                *range == (letter, letter) && ascii[if letter == '\u{17f}' { b's' } else { b'k' } as usize]
            })
        });
        ascii_only |= beyond.len() < before;
        let mut missing = Vec::new();
        let mut next = '\u{80}';
        for &(start, end) in &beyond {
            if start > next {
                missing.push((next, before_of(start)));
            }
            next = after_of(end);
        }
        let full = beyond.last().is_some_and(|&(_, end)| end == char::MAX);
        if !full {
            missing.push((next, char::MAX));
        }
        if missing.iter().all(|&(start, end)| start == end && FOLDED.contains(&start)) && !missing.is_empty() {
            ascii_only = true;
            missing.clear();
        }
        let size = |ranges: &[(char, char)]| -> u32 {
            ranges.iter().map(|&(start, end)| u32::from(end) - u32::from(start) + 1).sum()
        };
        let beyond = if beyond.is_empty() {
            Beyond::None
        } else if missing.is_empty() {
            Beyond::All
        } else if !property && beyond.len() <= MAX_RANGES && beyond.len() <= missing.len() {
            Beyond::Some(beyond)
        } else if !property && missing.len() <= MAX_RANGES {
            Beyond::Except(missing)
        } else {
            ascii_only = true;
            if size(&beyond) > size(&missing) { Beyond::All } else { Beyond::None }
        };
        Set { ascii, beyond, ascii_only }
    }

    /// Whether it holds an ASCII letter in one case only.
    pub(super) fn is_cased(&self) -> bool {
        (b'a'..=b'z').any(|letter| self.ascii[letter as usize] != self.ascii[letter.to_ascii_uppercase() as usize])
    }

    /// Whether all its characters are word characters, or none is; none when there are both.
    pub(super) fn words(&self) -> Option<bool> {
        let mut word = false;
        let mut other = false;
        for code in 0..128u8 {
            if self.ascii[code as usize] {
                if code.is_ascii_alphanumeric() || code == b'_' {
                    word = true;
                } else {
                    other = true;
                }
            }
        }
        match (word, other, &self.beyond) {
            (true, false, Beyond::None) => Some(true),
            // Beyond ASCII there are word characters; `\b` beside them is what `ascii` assumes away.
            (false, true, Beyond::None | Beyond::All) => Some(false),
            _ => None,
        }
    }

    /// The set in a dialect: one character, or brackets.
    pub(super) fn write(&self, dialect: Dialect) -> Result<String, Lossy> {
        let members = |wanted: bool| -> Vec<(char, char)> {
            let mut ranges: Vec<(char, char)> = Vec::new();
            for code in 0..128u8 {
                if self.ascii[code as usize] == wanted {
                    match ranges.last_mut() {
                        Some(last) if u32::from(last.1) + 1 == u32::from(code) => last.1 = char::from(code),
                        _ => ranges.push((char::from(code), char::from(code))),
                    }
                }
            }
            ranges
        };
        let (negated, ranges) = match &self.beyond {
            Beyond::None => (false, members(true)),
            Beyond::Some(more) => (false, members(true).into_iter().chain(more.iter().copied()).collect()),
            Beyond::All => (true, members(false)),
            Beyond::Except(more) => (true, members(false).into_iter().chain(more.iter().copied()).collect()),
        };
        match ranges.as_slice() {
            [] if negated => {
                return Ok(match dialect {
                    Dialect::Lucene => ".".to_owned(),
                    Dialect::Pcre => "[\\s\\S]".to_owned(),
                    Dialect::Sigma => "(.|[\\n])".to_owned(),
                });
            }
            [] => return Err(Lossy::new("a class that nothing is in")),
            [('\n', '\n')] if negated && dialect != Dialect::Lucene => return Ok(".".to_owned()),
            [(start, end)] if !negated && start == end => {
                let mut text = String::new();
                super::push_char(&mut text, *start, dialect);
                return Ok(text);
            }
            _ => {}
        }
        let mut text = String::from(if negated { "[^" } else { "[" });
        // Letters and digits first, as people write them; order means nothing in a set.
        let (named, other): (Vec<_>, Vec<_>) =
            ranges.into_iter().partition(|(start, _)| start.is_ascii_alphanumeric());
        for (start, end) in named.into_iter().chain(other) {
            push_member(&mut text, start, dialect);
            match u32::from(end) - u32::from(start) {
                0 => {}
                1 => push_member(&mut text, end, dialect),
                _ => {
                    text.push('-');
                    push_member(&mut text, end, dialect);
                }
            }
        }
        text.push(']');
        Ok(text)
    }
}

/// Whether a class names characters by property: `\s` and the like are written for ASCII, for what they hold beyond
/// is as unreadable as it is rare.
fn names_property(ast: &Ast, pattern: &str) -> bool {
    let range = ast.span().start.offset..ast.span().end.offset;
    let text = pattern.get(range).unwrap_or(pattern);
    ["\\d", "\\D", "\\s", "\\S", "\\w", "\\W", "\\p", "\\P"].iter().any(|name| text.contains(name))
}

/// Appends a character inside brackets.
fn push_member(text: &mut String, letter: char, dialect: Dialect) {
    match dialect {
        Dialect::Pcre => match letter {
            '\\' | '"' | '`' => text.push_str(&format!("\\x{:02x}", u32::from(letter))),
            '[' | ']' | '^' | '-' => {
                text.push('\\');
                text.push(letter);
            }
            letter if letter.is_ascii_control() => text.push_str(&format!("\\x{:02x}", u32::from(letter))),
            letter => text.push(letter),
        },
        Dialect::Lucene => {
            if "[]^-\\\"&~".contains(letter) {
                text.push('\\');
            }
            text.push(letter);
        }
        Dialect::Sigma => {
            if "[]^-\\".contains(letter) {
                text.push('\\');
            }
            match letter {
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                letter if letter.is_control() => text.push_str(&format!("\\x{:02x}", u32::from(letter))),
                letter => text.push(letter),
            }
        }
    }
}

fn before_of(letter: char) -> char {
    match letter {
        '\u{e000}' => '\u{d7ff}',
        letter => char::from_u32(u32::from(letter) - 1).unwrap_or('\u{80}'),
    }
}

fn after_of(letter: char) -> char {
    match letter {
        '\u{d7ff}' => '\u{e000}',
        letter => char::from_u32(u32::from(letter) + 1).unwrap_or(char::MAX),
    }
}
