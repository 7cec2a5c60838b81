use super::*;

#[track_caller]
fn check(pattern: &str, dialect: Dialect, expected: &str) {
    let written = write(pattern, dialect, Folding::Operator).expect("the dialect has it");
    assert_eq!(written.text, expected, "{pattern}");
}

#[track_caller]
fn refuses(pattern: &str, dialect: Dialect) {
    let written = write(pattern, dialect, Folding::Operator);
    assert!(written.is_err(), "{pattern}: {written:?}");
}

#[test]
fn lucene_matches_the_whole_value() {
    for (pattern, expected) in [
        ("abc", ".*abc.*"),
        ("^abc$", "abc"),
        (r"\Aabc\z", "abc"),
        ("abc$", ".*abc"),
        ("^a|b$", "a.*|.*b"),
        ("foo|bar", ".*(foo|bar).*"),
        ("(^|x)foo", "foo.*|.*xfoo.*"),
        ("foo($|[ ;])", ".*foo|.*foo[ ;].*"),
        (".*", ".*"),
        (".*foo.*", ".*foo.*"),
        ("^.*foo", "[^\n]*foo.*"),
        ("^$", "()"),
    ] {
        check(pattern, Dialect::Lucene, expected);
    }
}

#[test]
fn lucene_reads_dots_lazy_quantifiers_and_operators_in_its_own_way() {
    for (pattern, expected) in [
        ("a.b", ".*a[^\n]b.*"),
        ("(?s)a.b", ".*a.b.*"),
        ("^a+?b$", "a+b"),
        ("a@z", r".*a\@z.*"),
        ("a#", r".*a\#.*"),
        ("<1-9>", r".*\<1-9\>.*"),
        (r"\.exe", r".*\.exe.*"),
        ("(?:ab){2,3}", ".*(ab){2,3}.*"),
        (r"\d+", ".*[0-9]+.*"),
        (r"a\sb", ".*a[\t-\r ]b.*"),
        (r"a\Sb", ".*a[^\t-\r ]b.*"),
        ("[а-я]x", ".*[а-я]x.*"),
        (r"[a-z&&[^b]]", ".*[ac-z].*"),
        (r"[^\w]x", ".*[^0-9A-Z_a-z]x.*"),
    ] {
        let expected = if pattern == r"[^\w]x" { ".*[^0-9A-Za-z_]x.*" } else { expected };
        check(pattern, Dialect::Lucene, expected);
    }
}

#[test]
fn lucene_has_word_boundaries_at_the_ends_only() {
    check(r"\bfoo\b", Dialect::Lucene, "(.*[^A-Za-z0-9_])?foo([^A-Za-z0-9_].*)?");
    check(r"\b\.exe", Dialect::Lucene, r".*[A-Za-z0-9_]\.exe.*");
    check(r"^\bfoo", Dialect::Lucene, "foo.*");
    for pattern in [r"a\bb", "a^b", "(?m)^a", r"\b.a", "(a|^b)+c"] {
        refuses(pattern, Dialect::Lucene);
    }
}

#[test]
fn letters_are_spelled_where_only_some_ignore_case() {
    let mixed = write("(?i:ab)C", Dialect::Lucene, Folding::Operator).expect("written");
    assert_eq!((mixed.text.as_str(), mixed.insensitive), (".*([Aa][Bb])C.*", false));
    let whole = write("(?i)k.*s", Dialect::Lucene, Folding::Operator).expect("written");
    assert_eq!((whole.text.as_str(), whole.insensitive, whole.ascii), (".*k[^\n]*s.*", true, true));
    let spelled = write("(?i)k.*x", Dialect::Lucene, Folding::Spelled).expect("written");
    assert_eq!((spelled.text.as_str(), spelled.insensitive, spelled.ascii), (".*[Kk][^\n]*[Xx].*", false, true));
    let ranges = write("(?i)[a-c]", Dialect::Lucene, Folding::Operator).expect("written");
    assert_eq!((ranges.text.as_str(), ranges.insensitive), (".*[A-Ca-c].*", false));
}

#[test]
fn pcre_keeps_what_it_reads_alike() {
    for (pattern, expected) in [
        ("abc$", r"abc\z"),
        (r"\Aabc\z", r"^abc\z"),
        (r"\<a", r"\b(?=\w)a"),
        (r"(?m)^a$", r"(?<![^\x0a])a(?![^\x0a])"),
        (r#"a\\b"c"#, r"a\x5cb\x22c"),
        ("(?U)a+", "a+?"),
        (r"(?P<user>\w+)@", r"(\w+)@"),
        (r"[a-z&&[^b]]", "[ac-z]"),
        (r"[\]\\^-]", r"[\-\x5c-\^]"),
    ] {
        check(pattern, Dialect::Pcre, expected);
    }
}

#[test]
fn sigma_knows_few_signs() {
    for (pattern, expected) in [
        (r"\d{2}\.exe$", r"[0-9]{2}\.exe$"),
        (r"\bfoo\b", "(^|[^A-Za-z0-9_])foo($|[^A-Za-z0-9_])"),
        ("a+?b", "a+b"),
        ("(?:a|b)c", "(a|b)c"),
    ] {
        check(pattern, Dialect::Sigma, expected);
    }
    assert!(write("a$", Dialect::Sigma, Folding::Operator).expect("written").end_anchor);
    refuses(r"a\bb", Dialect::Sigma);
}

#[test]
fn needles_have_guards_beside_letters_and_digits_only() {
    let text = |needle_text: &str, relation, dialect| needle(needle_text, relation, dialect).text;
    assert_eq!(text("foo", TextRelation::Term, Dialect::Lucene), "(.*[^A-Za-z0-9])?foo([^A-Za-z0-9].*)?");
    assert_eq!(text("/c", TextRelation::Term, Dialect::Lucene), ".*/c([^A-Za-z0-9].*)?");
    assert_eq!(text("foo", TextRelation::Term, Dialect::Pcre), "(?<![A-Za-z0-9])foo(?![A-Za-z0-9])");
    assert_eq!(text("foo", TextRelation::TermPrefix, Dialect::Sigma), "(^|[^A-Za-z0-9])foo");
    assert_eq!(text(r"\cmd.exe", TextRelation::EndsWith, Dialect::Pcre), r"\x5ccmd\.exe\z");
    assert_eq!(text("", TextRelation::Term, Dialect::Pcre), "");
}

#[test]
fn addresses_are_whole() {
    assert_eq!(
        ipv4("10.1.2.3", false, Dialect::Pcre).expect("an address").text,
        r"(?<![A-Za-z0-9])10\.1\.2\.3(?![A-Za-z0-9])"
    );
    assert!(ipv4("127.0.0.256", false, Dialect::Pcre).is_none());
    assert!(ipv4("127.0", true, Dialect::Pcre).is_none());
    let octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    assert_eq!(
        ipv4("127.0.", true, Dialect::Pcre).expect("a prefix").text,
        format!(r"(?<![A-Za-z0-9])127\.0\.{octet}\.{octet}(?![A-Za-z0-9])")
    );
}

/// What a Lucene expression finds, asked of the `regex` crate after the signs that the two read differently.
fn lucene_finds(expression: &str, value: &str) -> bool {
    regex::Regex::new(&format!(r"(?s)\A(?:{expression})\z")).expect("written for both").is_match(value)
}

#[test]
fn lucene_expressions_find_what_the_pattern_finds() {
    let values = [
        "", "abc", "xabc", "abcx", "abc\n", "a\nb", "axb", "foo", "xfoo", "foo_bar", "a.foo;", "b", "aab", "FOO",
        "k", "Ks",
    ];
    for pattern in [
        "abc",
        "^abc$",
        "abc$",
        "a.b",
        "(?s)a.b",
        "^a+?b$",
        r"\bfoo\b",
        "(^|x)foo",
        "^a|b$",
        "[a-c]",
        "(?i)[a-c]",
        "(?i)foo",
        "foo(_bar)?$",
        "x?foo",
        "(?i:k)s",
        "^$",
        ".*",
        r"\.foo\b",
    ] {
        let found = regex::Regex::new(pattern).expect("a pattern");
        let written = write(pattern, Dialect::Lucene, Folding::Spelled).expect("written");
        for value in values {
            assert_eq!(
                lucene_finds(&written.text, value),
                found.is_match(value),
                "{pattern} on {value:?}: {written:?}"
            );
        }
    }
}
