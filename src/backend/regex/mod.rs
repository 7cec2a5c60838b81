//! Regular expressions in the dialect of each target.
//!
//! KQL's patterns are the `regex` crate's. They are read by that crate's own parser and written again, so that the
//! text finds exactly the same values: what a dialect would read in another way is spelled out, computed, or refused
//! as [`Lossy`]; nothing is passed through.
//!
//! The dialects: PCRE looks around and searches; Sigma's `re` knows `. ^ $ * + ? {} [] | ()` only and searches;
//! Lucene's expressions know neither anchors nor boundaries, match the whole value, and their `.` matches a newline.
//! <https://learn.microsoft.com/kusto/query/regex>
//! <https://www.elastic.co/docs/reference/query-languages/query-dsl/regexp-syntax>

use crate::ir::TextRelation;

mod class;
mod write;

#[cfg(test)]
mod tests;

pub use write::write;

/// A target's kind of regular expression.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// Splunk's: Perl-compatible, unanchored. Its text holds no quotation mark or backtick, and a backslash only before another
    /// character than a backslash, so that it can stand between quotation marks as it is.
    Pcre,
    /// Elasticsearch's: the expression must match the whole value.
    Lucene,
    /// Sigma's `re`: the intersection of common dialects, unanchored.
    Sigma,
}

/// What is done where a pattern ignores letter case throughout.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Folding {
    /// The operator of the target ignores case: letters are written once, [`Written::insensitive`] says so.
    Operator,
    /// Every letter is written in both cases.
    Spelled,
}

/// A pattern in a target's dialect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// The pattern. It may hold a newline as such where the dialect has no escape for it.
    pub text: String,
    /// Whether it must be matched without regard to letter case.
    pub insensitive: bool,
    /// Whether it finds the same only in text without letters, digits and spaces beyond ASCII, and without U+017F
    /// and U+212A, which fold to `s` and `k`.
    pub ascii: bool,
    /// Whether it holds `$`, which some engines of the dialect also match before a final newline.
    pub end_anchor: bool,
}

/// Why a pattern has no form in a dialect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lossy {
    /// In a few words, lower case, no full stop.
    pub reason: String,
}

impl Lossy {
    fn new(reason: impl Into<String>) -> Lossy {
        Lossy { reason: reason.into() }
    }
}

/// A literal text as a pattern that matches just that text.
pub fn escape(text: &str, dialect: Dialect) -> String {
    text.chars().fold(String::with_capacity(text.len() + 8), |mut escaped, letter| {
        push_char(&mut escaped, letter, dialect);
        escaped
    })
}

/// A literal text as a pattern that matches it in any letter case: every ASCII letter stands in both, for KQL folds no
/// others.
pub fn escape_in_both_cases(text: &str, dialect: Dialect) -> String {
    text.chars().fold(String::with_capacity(4 * text.len()), |mut escaped, letter| {
        if letter.is_ascii_alphabetic() {
            escaped.extend(['[', letter.to_ascii_uppercase(), letter.to_ascii_lowercase(), ']']);
        } else {
            push_char(&mut escaped, letter, dialect);
        }
        escaped
    })
}

/// Appends a character outside of brackets.
fn push_char(text: &mut String, letter: char, dialect: Dialect) {
    match dialect {
        // `"` and `\` would need a second escape in the string around the pattern, and a backtick may name a macro.
        Dialect::Pcre => match letter {
            '\\' | '"' | '`' => text.push_str(&format!("\\x{:02x}", u32::from(letter))),
            '.' | '^' | '$' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' => {
                text.push('\\');
                text.push(letter);
            }
            letter if letter.is_ascii_control() => text.push_str(&format!("\\x{:02x}", u32::from(letter))),
            letter => text.push(letter),
        },
        // All optional operators are on by default, so their characters are escaped too.
        Dialect::Lucene => {
            if ".?+*|{}[]()\"\\#@&<>~".contains(letter) {
                text.push('\\');
            }
            text.push(letter);
        }
        Dialect::Sigma => {
            if ".^$*+?()[]{}|\\".contains(letter) {
                text.push('\\');
            }
            text.push(letter);
        }
    }
}

/// Whether a term boundary is asked for beside this character: KQL's terms are runs of letters and digits.
fn is_term(letter: char) -> bool {
    letter.is_alphanumeric()
}

/// What stands around needles so that they are found where a string operator looks for them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// Before the needle, or the group of needles.
    pub open: String,
    /// Behind it.
    pub close: String,
    /// Whether there is a guard, which knows ASCII letters and digits only.
    pub ascii: bool,
    /// Whether it holds `$`, which some engines of the dialect also match before a final newline.
    pub end_anchor: bool,
}

/// The frame of a needle. A boundary is asked for only beside an edge that is itself a letter or digit.
///
/// <https://learn.microsoft.com/kusto/query/datatypes-string-operators#what-is-a-term>
pub fn frame(text: &str, relation: TextRelation, dialect: Dialect) -> Frame {
    let guard = |edge: Option<char>| edge.is_some_and(is_term);
    let left = guard(text.chars().next());
    let right = guard(text.chars().next_back());
    let (left, right) = match relation {
        TextRelation::Contains => (Edge::Open, Edge::Open),
        TextRelation::StartsWith => (Edge::Anchored, Edge::Open),
        TextRelation::EndsWith => (Edge::Open, Edge::Anchored),
        TextRelation::Term => (Edge::guarded(left), Edge::guarded(right)),
        TextRelation::TermPrefix => (Edge::guarded(left), Edge::Open),
        TextRelation::TermSuffix => (Edge::Open, Edge::guarded(right)),
    };
    let (open, close) = sides(left, right, dialect);
    Frame {
        open: open.to_owned(),
        close: close.to_owned(),
        ascii: left == Edge::Term || right == Edge::Term,
        end_anchor: dialect == Dialect::Sigma && right != Edge::Open,
    }
}

/// The pattern that finds a needle where a string operator looks for it. Letter case is the caller's.
pub fn needle(text: &str, relation: TextRelation, dialect: Dialect) -> Written {
    let frame = frame(text, relation, dialect);
    Written {
        text: format!("{}{}{}", frame.open, escape(text, dialect), frame.close),
        insensitive: false,
        ascii: frame.ascii,
        end_anchor: frame.end_anchor,
    }
}

/// The pattern that finds an IPv4 address, or any address that starts with a prefix, between characters that are
/// neither letters nor digits. None for what is no address: it is found nowhere.
///
/// <https://learn.microsoft.com/kusto/query/has-ipv4-prefix-function>
pub fn ipv4(text: &str, prefix: bool, dialect: Dialect) -> Option<Written> {
    const OCTET: &str = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    let octets: Vec<&str> = text.split('.').collect();
    let (given, open) = match octets.as_slice() {
        [given @ .., ""] if prefix => (given, true),
        given => (given, false),
    };
    let valid = given.iter().all(|octet| octet.len() <= 3 && octet.parse::<u8>().is_ok() && !octet.starts_with('+'));
    if !valid || given.is_empty() || if open { given.len() > 3 } else { given.len() != 4 } {
        return None;
    }
    let mut pattern = escape(text, dialect);
    for missing in (given.len()..4).rev() {
        pattern.push_str(OCTET);
        if missing > given.len() {
            pattern.push_str("\\.");
        }
    }
    let pattern = framed(&pattern, Edge::Term, Edge::Term, dialect);
    Some(Written { text: pattern, insensitive: false, ascii: true, end_anchor: dialect == Dialect::Sigma })
}

/// What stands beside a pattern.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Edge {
    /// Anything.
    Open,
    /// The end of the text.
    Anchored,
    /// The end of the text, or a character that is no ASCII letter or digit.
    Term,
    /// The end of the text, or a character that is no ASCII letter, digit or `_`.
    NoWord,
    /// An ASCII letter, digit or `_`.
    Word,
}

impl Edge {
    fn guarded(guard: bool) -> Edge {
        if guard { Edge::Term } else { Edge::Open }
    }
}

/// A pattern between its edges, as the dialect writes a search for it.
fn framed(body: &str, left: Edge, right: Edge, dialect: Dialect) -> String {
    let (left, right) = sides(left, right, dialect);
    format!("{left}{body}{right}")
}

/// What a dialect writes for the two edges.
fn sides(left: Edge, right: Edge, dialect: Dialect) -> (&'static str, &'static str) {
    match dialect {
        Dialect::Pcre => (
            match left {
                Edge::Open => "",
                Edge::Anchored => "^",
                Edge::Term => "(?<![A-Za-z0-9])",
                Edge::NoWord => "(?<![A-Za-z0-9_])",
                Edge::Word => "(?<=[A-Za-z0-9_])",
            },
            // `$` would also match before a final newline.
            match right {
                Edge::Open => "",
                Edge::Anchored => "\\z",
                Edge::Term => "(?![A-Za-z0-9])",
                Edge::NoWord => "(?![A-Za-z0-9_])",
                Edge::Word => "(?=[A-Za-z0-9_])",
            },
        ),
        Dialect::Sigma => (
            match left {
                Edge::Open => "",
                Edge::Anchored => "^",
                Edge::Term => "(^|[^A-Za-z0-9])",
                Edge::NoWord => "(^|[^A-Za-z0-9_])",
                Edge::Word => "[A-Za-z0-9_]",
            },
            match right {
                Edge::Open => "",
                Edge::Anchored => "$",
                Edge::Term => "($|[^A-Za-z0-9])",
                Edge::NoWord => "($|[^A-Za-z0-9_])",
                Edge::Word => "[A-Za-z0-9_]",
            },
        ),
        Dialect::Lucene => (
            match left {
                Edge::Open => ".*",
                Edge::Anchored => "",
                Edge::Term => "(.*[^A-Za-z0-9])?",
                Edge::NoWord => "(.*[^A-Za-z0-9_])?",
                Edge::Word => ".*[A-Za-z0-9_]",
            },
            match right {
                Edge::Open => ".*",
                Edge::Anchored => "",
                Edge::Term => "([^A-Za-z0-9].*)?",
                Edge::NoWord => "([^A-Za-z0-9_].*)?",
                Edge::Word => "[A-Za-z0-9_].*",
            },
        ),
    }
}
