//! Names and strings in ES|QL.
//!
//! <https://www.elastic.co/docs/reference/query-languages/esql/esql-syntax>

/// Words that the grammar uses; as names they stand between backticks.
const WORDS: [&str; 18] = [
    "and", "as", "asc", "by", "desc", "false", "first", "in", "is", "last", "like", "metadata", "not", "null",
    "nulls", "or", "rlike", "true",
];

/// A field or column.
pub(super) fn name(name: &str) -> Option<String> {
    if name.is_empty() || name.chars().any(char::is_control) {
        return None;
    }
    let plain = |segment: &str| {
        segment.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_' || first == '@')
            && segment.chars().skip(1).all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    let word = |segment: &str| WORDS.contains(&segment.to_ascii_lowercase().as_str());
    if name.split('.').all(|segment| plain(segment) && !word(segment)) {
        return Some(name.to_owned());
    }
    Some(format!("`{}`", name.replace('`', "``")))
}

/// An index pattern.
pub(super) fn index(pattern: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "*.-_:".contains(letter);
    if !pattern.is_empty() && pattern.chars().all(plain) { pattern.to_owned() } else { string(pattern) }
}

/// A string with escapes.
pub(super) fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// A string without escapes where there is something to escape and the text allows it: it must hold no line end,
/// no three quotation marks, and none at its edges.
pub(super) fn raw(text: &str) -> String {
    let fits =
        !text.contains(['\n', '\r']) && !text.contains("\"\"\"") && !text.starts_with('"') && !text.ends_with('"');
    if text.contains(['\\', '"']) && fits { format!("\"\"\"{text}\"\"\"") } else { string(text) }
}

/// A text between wildcards of `LIKE`.
pub(super) fn like(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, letter| {
        if matches!(letter, '*' | '?' | '\\') {
            escaped.push('\\');
        }
        escaped.push(letter);
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_grammar_are_no_names_anywhere_in_a_path() {
        for (path, spelled) in [
            ("process.name", Some("process.name")),
            ("@timestamp", Some("@timestamp")),
            ("bag.null", Some("`bag.null`")),
            ("True", Some("`True`")),
            ("a b.c`d", Some("`a b.c``d`")),
            ("a\nb", None),
            ("", None),
        ] {
            assert_eq!(name(path).as_deref(), spelled);
        }
    }
}
