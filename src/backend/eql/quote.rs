//! Names and strings as EQL spells them.

use std::fmt::Write;

/// Words that are no field names.
///
/// <https://www.elastic.co/docs/reference/query-languages/eql/eql-syntax>
const RESERVED: [&str; 19] = [
    "and",
    "any",
    "by",
    "descending",
    "false",
    "in",
    "join",
    "like",
    "maxspan",
    "not",
    "null",
    "of",
    "or",
    "regex",
    "sample",
    "sequence",
    "true",
    "until",
    "where",
];

/// A string literal.
///
/// <https://www.elastic.co/docs/reference/query-languages/eql/eql-syntax#eql-syntax-strings>
pub(super) fn string(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for letter in text.chars() {
        match letter {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            // Only `\n` and `\r` end a line of EQL. Classes of spaces hold these three, and parsers other than
            // Elasticsearch's read one `\u{…}` in a string at most.
            '\u{85}' | '\u{2028}' | '\u{2029}' => literal.push(letter),
            // What turns the direction of writing.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
                write!(literal, "\\u{{{:x}}}", u32::from(letter)).expect("writing to a string cannot fail");
            }
            letter if letter.is_control() => {
                write!(literal, "\\u{{{:02x}}}", u32::from(letter)).expect("writing to a string cannot fail");
            }
            letter => literal.push(letter),
        }
    }
    literal.push('"');
    literal
}

/// Whether every character of a text stands for itself in a pattern with wildcards.
///
/// Wildcards have no escape. Elasticsearch makes another pattern of these, in which U+0001 escapes: it refuses one that
/// the text brings along (`StringUtils.toLikePattern` of its EQL plugin).
pub(super) fn is_tame(text: &str) -> bool {
    !text.contains(['*', '?', '\u{1}'])
}

/// Whether a field name can be written: Elasticsearch has no empty segments, and not every reader takes what would end a
/// name or a line.
pub(super) fn is_field(name: &str) -> bool {
    name.split('.').all(|segment| !segment.is_empty())
        && !name.contains(|letter: char| letter.is_control() || letter == '`')
}

/// A field name: segments that are no plain identifiers stand between backticks.
///
/// <https://www.elastic.co/docs/reference/query-languages/eql/eql-syntax#eql-syntax-escape-a-field-name>
pub(super) fn field(name: &str) -> String {
    name.split('.').map(segment).collect::<Vec<_>>().join(".")
}

fn segment(segment: &str) -> String {
    // Elasticsearch takes `@timestamp` bare, other readers of EQL do not.
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let starts = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    let mut letters = segment.chars();
    if letters.next().is_some_and(starts) && letters.all(plain) && !RESERVED.contains(&segment) {
        segment.to_owned()
    } else {
        format!("`{}`", segment.replace('`', "``"))
    }
}

/// An event category: a bare word, or a string.
pub(super) fn category(name: &str) -> String {
    let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && name.starts_with(|letter: char| letter.is_ascii_alphabetic());
    if plain && !RESERVED.contains(&name) { name.to_owned() } else { string(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_escape_what_would_end_them() {
        for (text, literal) in [
            ("cmd.exe", r#""cmd.exe""#),
            (r"C:\Windows", r#""C:\\Windows""#),
            (r#"a"b"#, r#""a\"b""#),
            ("a\nb\r\tc", r#""a\nb\r\tc""#),
            (r#""""x"#, r#""\"\"\"x""#),
            ("bell\u{7}", r#""bell\u{07}""#),
            ("\u{202e}", r#""\u{202e}""#),
            ("{{ x }}*?", r#""{{ x }}*?""#),
        ] {
            assert_eq!(string(text), literal);
        }
    }

    #[test]
    fn odd_field_names_stand_between_backticks() {
        for (name, spelled) in [
            ("process.name", "process.name"),
            ("@timestamp", "`@timestamp`"),
            ("my-field.x", "`my-field`.x"),
            ("process.where", "process.`where`"),
            ("1st", "`1st`"),
            ("a`b", "`a``b`"),
            ("D.a b", "D.`a b`"),
        ] {
            assert_eq!(field(name), spelled);
        }
        for (name, written) in
            [("D.a b", true), ("", false), ("a..b", false), (".a", false), ("a\nb", false), ("a`b", false)]
        {
            assert_eq!(is_field(name), written, "{name:?}");
        }
    }

    #[test]
    fn categories_are_words_or_strings() {
        assert_eq!(category("process"), "process");
        assert_eq!(category("any"), "\"any\"");
        assert_eq!(category("a b\""), "\"a b\\\"\"");
    }
}
