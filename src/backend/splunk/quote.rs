//! Names and strings in SPL.
//!
//! <https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Where>

/// Whether a name needs no quotation marks anywhere.
fn is_plain(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// Whether a name can be written at all: quotation marks in names have no escape, and a backtick would call a macro.
fn is_writable(name: &str) -> bool {
    !name.is_empty()
        && !name.chars().any(|letter| letter.is_control() || matches!(letter, '\'' | '"' | '\\' | '`' | '*'))
}

/// A field in an expression: in single quotes unless plain, for a dot would concatenate.
pub(super) fn field(name: &str) -> Option<String> {
    if is_plain(name) && !is_word(name) {
        return Some(name.to_owned());
    }
    is_writable(name).then(|| format!("'{name}'"))
}

/// A field in an expression, or a place in the JSON text that it holds; positions count from 0.
/// <https://help.splunk.com/splunk-enterprise/spl-search-reference/9.0/search-commands/spath>
pub(super) fn place(name: &str, inside: Option<&str>) -> Option<String> {
    let field = field(name)?;
    match inside {
        None => Some(field),
        Some(inside) => is_quotable(inside).then(|| format!("spath({field},{})", string(inside))),
    }
}

/// A field where a name is expected: the left side of `eval`, `by`, `as`, `table`. Braces on the left side of `eval`
/// stand for a value: <https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Eval>.
pub(super) fn name(name: &str) -> Option<String> {
    if name.contains(['{', '}']) {
        return None;
    }
    if is_plain(name) && !is_word(name) {
        return Some(name.to_owned());
    }
    is_writable(name).then(|| format!("\"{name}\""))
}

/// A field in search terms: dots are plain there.
pub(super) fn term_field(name: &str) -> Option<String> {
    if is_plain(&name.replace('.', "_")) && !is_word(name) {
        return Some(name.to_owned());
    }
    is_writable(name).then(|| format!("\"{name}\""))
}

/// Words that expressions and commands read as operators.
fn is_word(name: &str) -> bool {
    const WORDS: [&str; 13] =
        ["and", "or", "not", "xor", "in", "like", "by", "as", "true", "false", "null", "output", "where"];
    WORDS.contains(&name.to_ascii_lowercase().as_str())
}

/// Whether a text can stand between quotation marks: there is no escape for control characters, and a backtick might
/// be taken for a macro.
pub(super) fn is_quotable(text: &str) -> bool {
    !text.chars().any(|letter| letter.is_control() || letter == '`')
}

/// A string in an expression. The text is quotable.
pub(super) fn string(text: &str) -> String {
    debug_assert!(is_quotable(text), "callers ask first");
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A pattern as a string: it holds no quotation mark, and no backslash before another or before the end.
pub(super) fn pattern(text: &str) -> String {
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_become_syntax_are_not_written() {
        for (text, read, written) in [
            ("a_b", Some("a_b"), Some("a_b")),
            ("a.b", Some("'a.b'"), Some("\"a.b\"")),
            ("where", Some("'where'"), Some("\"where\"")),
            ("items{}.x", Some("'items{}.x'"), None),
            ("{a}", Some("'{a}'"), None),
            ("a'b", None, None),
            ("a`b", None, None),
            ("a\nb", None, None),
        ] {
            assert_eq!((field(text).as_deref(), name(text).as_deref()), (read, written), "{text}");
        }
    }
}
