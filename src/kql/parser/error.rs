//! What can be wrong with a text.

use std::fmt;

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::span::Span;

/// A finding about a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error {
    /// What it is.
    pub kind: ErrorKind,
    /// Where; empty where something is missing.
    pub span: Span,
    /// What to do, where that is plain.
    pub help: Option<String>,
}

/// What can be wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// A character that is not part of the language.
    UnknownCharacter(char),
    /// A string without closing quote.
    UnclosedString,
    /// A backslash that starts no escape.
    UnknownEscape(String),
    /// A literal whose content does not fit its type.
    BadLiteral {
        /// The type, with its article: `a datetime`.
        what: &'static str,
        /// As written.
        text: String,
    },
    /// Something else should stand here.
    Expected {
        /// What would do, each with its quotes.
        expected: Vec<&'static str>,
        /// What stands there, with its quotes.
        found: String,
    },
    /// A keyword where a name is wanted.
    KeywordAsName(String),
    /// A dash in a column's name.
    DashedName(String),
    /// The nesting goes beyond [`super::MAX_DEPTH`].
    TooDeep,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::UnknownCharacter(character) => write!(formatter, "unexpected character `{character}`"),
            ErrorKind::UnclosedString => formatter.write_str("the string is not closed on its line"),
            ErrorKind::UnknownEscape(escape) => write!(formatter, "`{escape}` is not an escape"),
            ErrorKind::BadLiteral { what, text } => write!(formatter, "`{text}` is not {what}"),
            ErrorKind::Expected { expected, found } => {
                formatter.write_str("expected ")?;
                for (at, item) in expected.iter().enumerate() {
                    let separator = match at {
                        0 => "",
                        _ if at + 1 == expected.len() => " or ",
                        _ => ", ",
                    };
                    write!(formatter, "{separator}{item}")?;
                }
                write!(formatter, ", found {found}")
            }
            ErrorKind::KeywordAsName(word) => write!(formatter, "`{word}` is a keyword, not a name"),
            ErrorKind::DashedName(name) => write!(formatter, "`{name}` is not a name: it has a dash"),
            ErrorKind::TooDeep => {
                write!(formatter, "the query is nested more than {} levels deep", super::MAX_DEPTH)
            }
        }
    }
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Diagnostic {
        let code = match error.kind {
            ErrorKind::UnknownCharacter(_) | ErrorKind::UnclosedString | ErrorKind::UnknownEscape(_) => {
                Code::BadToken
            }
            // Whatever stands between the parentheses is well-formed KQL.
            ErrorKind::BadLiteral { .. } => Code::BadLiteral,
            ErrorKind::Expected { .. } | ErrorKind::KeywordAsName(_) | ErrorKind::DashedName(_) => Code::Expected,
            ErrorKind::TooDeep => Code::TooDeep,
        };
        Diagnostic { help: error.help, ..Diagnostic::error(code, Place::Query(error.span), error.kind.to_string()) }
    }
}
