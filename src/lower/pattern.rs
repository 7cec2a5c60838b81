//! Regular expressions as KQL's engine reads them.

/// A pattern in which every `{` that repeats nothing is escaped: KQL's engine takes such a brace for itself, other
/// engines for an error.
///
/// <https://learn.microsoft.com/kusto/query/regex>, <https://github.com/google/re2/wiki/Syntax>
pub(super) fn with_braces_escaped(pattern: &str) -> String {
    let mut escaped = String::with_capacity(pattern.len());
    let mut in_class = false;
    let mut rest = pattern;
    while let Some(letter) = rest.chars().next() {
        let mut taken = letter.len_utf8();
        match letter {
            '\\' => {
                let name = rest[1..].chars().next();
                taken += name.map_or(0, char::len_utf8);
                // `\p{Greek}`, `\x{10FFFF}`
                if matches!(name, Some('p' | 'P' | 'x')) && rest[taken..].starts_with('{') {
                    taken += rest[taken..].find('}').map_or(0, |end| end + 1);
                }
            }
            '[' if !in_class => {
                in_class = true;
                // A bracket that comes first is a member of the class.
                for first in ["^]", "]", "^"] {
                    if rest[1..].starts_with(first) {
                        taken += first.len();
                        break;
                    }
                }
            }
            ']' => in_class = false,
            '{' if !in_class && !is_repetition(rest) => escaped.push('\\'),
            _ => {}
        }
        escaped.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    escaped
}

/// Whether a text starts with `{n}`, `{n,}` or `{n,m}`.
fn is_repetition(text: &str) -> bool {
    let Some((bounds, _)) = text[1..].split_once('}') else { return false };
    let (least, most) = bounds.split_once(',').unwrap_or((bounds, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && is_number(least) && is_number(most)
}

#[cfg(test)]
mod tests {
    use super::with_braces_escaped;

    #[test]
    fn only_braces_that_repeat_nothing_are_escaped() {
        for (pattern, expected) in [
            (r"a{2}b{2,}c{2,3}", r"a{2}b{2,}c{2,3}"),
            (r"${jndi:", r"$\{jndi:"),
            (r"{,3}", r"\{,3}"),
            (r"[{]\{[^]{]{", r"[{]\{[^]{]\{"),
            (r"\p{Greek}\x{41}{x}", r"\p{Greek}\x{41}\{x}"),
            (r"\", r"\"),
            (r"\p{", r"\p\{"),
            ("é{é}", r"é\{é}"),
        ] {
            assert_eq!(with_braces_escaped(pattern), expected, "{pattern}");
        }
    }
}
