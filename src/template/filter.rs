//! The filters through which values enter an artifact, and what may be printed at all.
//!
//! Each filter takes marked text and gives marked text: see [`super::marker`].

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind, Output, State};

use super::marker;

/// Prints strings and numbers; a missing optional, a flag or a list in text is a mistake in the template.
pub(super) fn print(out: &mut Output, _state: &mut State, value: &Value) -> Result<(), Error> {
    match (value.kind(), value.as_str()) {
        (ValueKind::String, Some(text)) => out.write_str(text).map_err(Error::from),
        (ValueKind::Number, _) => out.write_fmt(format_args!("{value}")).map_err(Error::from),
        (kind, _) => Err(invalid(format!("a {kind} cannot be printed as it is"))),
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

/// `json`: a JSON literal. With an argument, over several lines, each but the first indented by so many spaces.
pub(super) fn json(value: &Value, indent: Option<usize>) -> Result<Value, Error> {
    let data = serde_json::to_value(value)
        .map_err(|error| invalid(format!("this {} has no JSON form: {error}", value.kind())))?;
    if value.is_undefined() || holds_null(&data) {
        return Err(invalid("a missing value has no place in JSON output".to_owned()));
    }
    let Some(indent) = indent else { return Ok(Value::from(data.to_string())) };
    let lines = serde_json::to_string_pretty(&data).expect("a JSON value can be written");
    Ok(Value::from(lines.replace('\n', &format!("\n{}", " ".repeat(indent)))))
}

fn holds_null(data: &serde_json::Value) -> bool {
    match data {
        serde_json::Value::Null => true,
        serde_json::Value::Array(items) => items.iter().any(holds_null),
        serde_json::Value::Object(members) => members.values().any(holds_null),
        serde_json::Value::Bool(_) | serde_json::Value::Number(_) | serde_json::Value::String(_) => false,
    }
}

/// `yaml`: a YAML scalar, on one line.
pub(super) fn yaml(value: &Value) -> Result<Value, Error> {
    match (value.kind(), value.as_str()) {
        (ValueKind::String, Some(marked)) => Ok(Value::from(yaml_scalar(marked))),
        (ValueKind::Number | ValueKind::Bool, _) => Ok(Value::from(value.to_string().to_lowercase())),
        (kind, _) => Err(invalid(format!("a {kind} is no YAML scalar"))),
    }
}

/// In the first style that can hold the text: plain, single-quoted, double-quoted.
fn yaml_scalar(marked: &str) -> String {
    let plain = marker::plain(marked);
    if is_plain_scalar(&plain) {
        marked.to_owned()
    } else if plain.chars().all(is_printable) {
        let quote = |letter: char, form: &mut String| match letter {
            '\'' => form.push_str("''"),
            letter => form.push(letter),
        };
        format!("'{}'", marker::respell(marked, quote))
    } else {
        format!("\"{}\"", marker::respell(marked, double_quoted))
    }
}

/// Whether every YAML reader takes the text, without quotes, for this very string. Stricter than the grammar: it
/// starts with a letter, so it is no number or date, and is none of the words of YAML 1.1:
/// <https://yaml.org/type/bool.html>.
fn is_plain_scalar(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "yes", "n", "no", "on", "off", "true", "false", "null"];
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && !text.ends_with(' ')
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || " _-./()".contains(letter))
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// Whether the single-quoted style can hold the letter on one line, for readers of YAML 1.1 too.
fn is_printable(letter: char) -> bool {
    !letter.is_control() && !matches!(letter, '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
}

/// A letter as YAML's double-quoted style has it. What YAML 1.1 readers do not take as printable is escaped:
/// <https://yaml.org/spec/1.2.2/#51-character-set>.
fn double_quoted(letter: char, form: &mut String) {
    match letter {
        '"' => form.push_str("\\\""),
        '\\' => form.push_str("\\\\"),
        '\n' => form.push_str("\\n"),
        '\t' => form.push_str("\\t"),
        '\r' => form.push_str("\\r"),
        '\0'..='\x1F' | '\x7F'..='\u{9F}' => form.push_str(&format!("\\x{:02X}", u32::from(letter))),
        '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}' => {
            form.push_str(&format!("\\u{:04X}", u32::from(letter)));
        }
        letter => form.push(letter),
    }
}

/// `comment(open, close)`: the text as comments, one a line, each between `open` and `close`.
///
/// Whatever a reader could take for the end of a line starts a new comment; other control characters, and those that
/// turn the direction of writing, become U+FFFD; the letters of `close` become apostrophes.
pub(super) fn comment(marked: &str, open: &str, close: Option<&str>) -> String {
    let close = close.unwrap_or("");
    let mut before = '\0';
    let spelled = marker::respell(marked, |letter, form| {
        match letter {
            '\n' if before == '\r' => {}
            '\n' | '\r' | '\x0B' | '\x0C' | '\u{85}' | '\u{2028}' | '\u{2029}' => form.push('\n'),
            '\t' => form.push(' '),
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => form.push(char::REPLACEMENT_CHARACTER),
            letter if letter.is_control() => form.push(char::REPLACEMENT_CHARACTER),
            letter if close.contains(letter) => form.push('\''),
            letter => form.push(letter),
        }
        before = letter;
    });
    let lines = spelled.split('\n').map(|line| {
        let commented = format!("{open} {line} {close}");
        commented.trim_end_matches(' ').to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// `indent(width)`: every line but the first moved right by so many spaces; empty lines stay empty.
pub(super) fn indent(marked: &str, width: usize) -> String {
    let mut indented = String::with_capacity(marked.len());
    for (index, line) in marked.split('\n').enumerate() {
        if index > 0 {
            indented.push('\n');
            if !marker::plain(line).is_empty() {
                indented.push_str(&" ".repeat(width));
            }
        }
        indented.push_str(line);
    }
    indented
}
