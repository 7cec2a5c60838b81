//! The filters through which values enter an artifact, and what may be printed at all.
//!
//! Each filter takes marked text and gives marked text: see [`super::marker`].

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind, Output, State};

use super::marker;
use crate::yaml;

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

/// Spelled as [`yaml::quote`] has it; each letter's form depends on the style alone.
fn yaml_scalar(marked: &str) -> String {
    let plain = marker::plain(marked);
    let quoted = yaml::quote(&plain);
    let (quote, spell): (char, fn(&str) -> String) = match quoted.chars().next() {
        _ if quoted == plain => return marked.to_owned(),
        Some('\'') => ('\'', yaml::quote_single),
        _ => ('"', yaml::quote_double),
    };
    let inside = marker::respell(marked, |letter, form| {
        let letter = spell(letter.encode_utf8(&mut [0; 4]));
        form.push_str(&letter[1..letter.len() - 1]);
    });
    format!("{quote}{inside}{quote}")
}

/// `yaml_block(width)`: the text as a literal block whose lines begin after so many spaces, where a block can hold it.
pub(super) fn yaml_block(marked: &str, width: usize) -> String {
    let plain = marker::plain(marked);
    let block = yaml::block(&plain, width);
    let Some((header, _)) = block.split_once('\n') else { return yaml_scalar(marked) };
    let margin = " ".repeat(width);
    let mut left = plain.strip_suffix('\n').unwrap_or(&plain).chars().count();
    let mut begins_line = true;
    let body = marker::respell(marked, |letter, form| {
        if left == 0 {
            return;
        }
        left -= 1;
        if begins_line && letter != '\n' {
            form.push_str(&margin);
        }
        begins_line = letter == '\n';
        form.push(letter);
    });
    format!("{header}\n{body}")
}

/// `comment(open, close)`: the text as comments, one a line, each between `open` and `close`.
///
/// Whatever a reader could take for the end of a line starts a new comment; other control characters, those that turn
/// the direction of writing, and those that YAML allows nowhere become U+FFFD; the letters of `close` become apostrophes.
pub(super) fn comment(marked: &str, open: &str, close: Option<&str>) -> String {
    let close = close.unwrap_or("");
    let mut before = '\0';
    let spelled = marker::respell(marked, |letter, form| {
        match letter {
            '\n' if before == '\r' => {}
            '\n' | '\r' | '\x0B' | '\x0C' | '\u{85}' | '\u{2028}' | '\u{2029}' => form.push('\n'),
            '\t' => form.push(' '),
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => form.push(char::REPLACEMENT_CHARACTER),
            // <https://yaml.org/spec/1.2.2/#51-character-set>
            '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}' => form.push(char::REPLACEMENT_CHARACTER),
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
