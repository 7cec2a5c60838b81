//! Texts as YAML scalars that every reader takes for the same text.
//!
//! Readers disagree on what a bare word is: YAML 1.1 (PyYAML, and with it the Sigma tools) takes `no`, `1:30` and
//! `2024-01-01` for a boolean, a number and a date, YAML 1.2 for texts. So a text is left bare only where none of them
//! can take it for anything else; the property tests read each one back with two libraries.

use std::fmt::Write as _;

/// Words that some reader takes for a boolean, a null or a number, in lower case.
///
/// YAML 1.1's list: <https://yaml.org/type/bool.html>; `y` and `n` are in it although PyYAML leaves them out.
const RESERVED: &[&str] = &["false", "inf", "infinity", "n", "nan", "no", "null", "off", "on", "true", "y", "yes"];

/// The text as a scalar on one line: bare where that is safe, else in single quotes, else in double quotes.
pub fn quote(text: &str) -> String {
    if is_safe_bare(text) { text.to_owned() } else { quote_single(text) }
}

/// The text in single quotes, or in double quotes where single quotes cannot hold it.
pub fn quote_single(text: &str) -> String {
    if text.chars().all(is_printable_in_line) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        quote_double(text)
    }
}

/// The text in double quotes, with escapes for all that is not printable.
pub fn quote_double(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            letter if is_printable_in_line(letter) => quoted.push(letter),
            letter => {
                let code = u32::from(letter);
                let written = match code {
                    0..=0xff => write!(quoted, "\\x{code:02x}"),
                    0x100..=0xffff => write!(quoted, "\\u{code:04x}"),
                    _ => write!(quoted, "\\U{code:08x}"),
                };
                written.expect("a String takes any text");
            }
        }
    }
    quoted.push('"');
    quoted
}

/// The text as a literal block whose lines begin after `indent` spaces; in double quotes where a block cannot hold it.
///
/// The result begins with the block's header and ends without a line break. `indent` has to be deeper than the key
/// that the block belongs to.
pub fn block(text: &str, indent: usize) -> String {
    let body = text.strip_suffix('\n').unwrap_or(text);
    // A block finds out its indentation from its first line, and drops or keeps line breaks at its end.
    let holds = indent > 0
        && !body.is_empty()
        && !body.starts_with([' ', '\n', '\t'])
        && !body.ends_with('\n')
        && !body.lines().any(|line| line.chars().all(char::is_whitespace) && !line.is_empty())
        && body.chars().all(|letter| letter == '\n' || letter == '\t' || is_printable_in_line(letter));
    if !holds {
        return quote_double(text);
    }
    let mut written = String::from(if text.ends_with('\n') { "|" } else { "|-" });
    let margin = " ".repeat(indent);
    for line in body.split('\n') {
        written.push('\n');
        if !line.is_empty() {
            written.push_str(&margin);
            written.push_str(line);
        }
    }
    written
}

/// Whether no reader can take the bare text for anything but this text, in block and in flow context.
fn is_safe_bare(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    if is_uuid(text) {
        return true;
    }
    let first_is_plain = first.is_alphabetic() || matches!(first, '/' | '\\' | '(' | '$');
    first_is_plain
        && text.chars().all(|letter| letter.is_alphanumeric() || " _-./\\():@+=&$;'\"!<>|^*~%#".contains(letter))
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !RESERVED.contains(&text.to_lowercase().as_str())
}

/// Whether the text is an id like `0170143d-c5b9-49c2-ad03-be86564a7855`: four dashes make it no number, no date.
fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.len() == 5
        && groups.iter().zip([8, 4, 4, 4, 12]).all(|(group, length)| group.len() == length)
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Whether the character may stand in a quoted scalar of one line and is not changed by any reader.
///
/// YAML 1.1 breaks lines at U+0085, U+2028 and U+2029; control characters and the byte order mark are not printable:
/// <https://yaml.org/spec/1.2.2/#51-character-set>. Private-use characters are, and pass.
fn is_printable_in_line(letter: char) -> bool {
    matches!(letter, ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
        && !matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}')
}
