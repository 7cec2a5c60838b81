//! Values as Sigma spells them.

/// A text whose every character stands for itself: `*` and `?` are wildcards, and a backslash escapes them and itself.
/// A single backslash before any other character is one, and readers expect it in paths.
///
/// <https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html#escaping>
pub(super) fn literal(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 4);
    let mut letters = text.chars().peekable();
    let mut before = None;
    while let Some(letter) = letters.next() {
        let escape = match letter {
            '*' | '?' => true,
            '\\' => before == Some('\\') || matches!(letters.peek(), Some('\\' | '*' | '?')),
            _ => false,
        };
        if escape {
            escaped.push('\\');
        }
        escaped.push(letter);
        before = Some(letter);
    }
    escaped
}

/// Whether a key of a mapping may stand without quotation marks: letters, digits and what modifiers need.
pub(super) fn is_plain_key(key: &str) -> bool {
    key.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && key.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.' | '|'))
        && !matches!(
            key.to_ascii_lowercase().as_str(),
            "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_and_backslashes_are_escaped() {
        for (text, escaped) in [
            (r"\cmd.exe", r"\cmd.exe"),
            (r"C:\Windows\", r"C:\Windows\"),
            (r"\\srv\share", r"\\\\srv\share"),
            (r"a\*", r"a\\\*"),
            (r"a\?b", r"a\\\?b"),
            ("a*b?", r"a\*b\?"),
            ("it's", "it's"),
            ("%path%", "%path%"),
        ] {
            assert_eq!(literal(text), escaped);
        }
    }

    #[test]
    fn odd_keys_are_quoted() {
        for (key, plain) in [
            ("Image|endswith", true),
            ("process.name|re|i", true),
            ("null", false),
            ("No", false),
            ("a b", false),
            ("a: b", false),
            ("#x", false),
            ("-x", false),
            ("", false),
        ] {
            assert_eq!(is_plain_key(key), plain, "{key}");
        }
    }
}
