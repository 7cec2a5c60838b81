use proptest::prelude::*;
use serde::Serialize;

use super::*;
use crate::span::Span;

/// Renders one template over a view.
fn render(template: &str, view: &impl Serialize) -> Result<Rendered, TemplateError> {
    let sources = BTreeMap::from([("t.j2", Cow::Borrowed(template))]);
    Templates::compile(&sources)?.render("t.j2", view)
}

#[derive(Serialize)]
struct View<T> {
    v: T,
}

#[track_caller]
fn check(template: &str, value: impl Serialize, expected: &str) {
    assert_eq!(render(template, &View { v: value }).unwrap().text, expected);
}

#[track_caller]
fn check_error(template: &str, value: impl Serialize, expected: &str) {
    let message = render(template, &View { v: value }).unwrap_err().to_string();
    assert!(message.contains(expected), "{message}");
}

fn leaf(start: usize) -> Origins {
    Origins::from(Span::new(start, start + 1))
}

#[test]
fn built_in_templates_compile() {
    Templates::builtin();
}

#[test]
fn strings_and_numbers_are_printed_as_they_are() {
    check("{{ v }}", "<a> & \"b\"", "<a> & \"b\"");
    check("{{ v }}", 7, "7");
    check("{{ v }}", 18_446_744_073_709_551_615_u64, "18446744073709551615");
    check("{{ v }}", 2.5, "2.5");
}

#[test]
fn nothing_else_is_printed() {
    check_error("{{ v }}", None::<String>, "none cannot be printed");
    check_error("{{ v }}", true, "bool cannot be printed");
    check_error("{{ v }}", [1], "sequence cannot be printed");
    check_error("\n{{ w }}", 1, "`w` is undefined (line 2)");
    check_error("{{ v.w }}", View { v: 1 }, "`v.w` is undefined");
}

#[test]
fn missing_values_have_no_json_or_yaml_form() {
    check_error("{{ v|json }}", None::<String>, "missing value");
    check_error("{{ v|json }}", [None, Some(1)], "missing value");
    check_error("{{ v|yaml }}", None::<String>, "none is no YAML scalar");
    check_error("{{ v|yaml }}", [1], "sequence is no YAML scalar");
}

#[test]
fn json_writes_literals() {
    check("{{ v|json }}", "a\"b\\c\n\u{1}", r#""a\"b\\c\n\u0001""#);
    check("{{ v|json }}", ["a", "b"], r#"["a","b"]"#);
    check("{{ v|json }}", true, "true");
    check("{{ v|json }}", 0.5, "0.5");
    check("  {{ v|json(2) }}", ["a"], "  [\n    \"a\"\n  ]");
}

#[test]
fn json_keeps_the_order_of_keys() {
    #[derive(Serialize)]
    struct Keys {
        z: u8,
        a: u8,
    }
    check("{{ v|json }}", Keys { z: 1, a: 2 }, r#"{"z":1,"a":2}"#);
}

#[test]
fn yaml_is_quoted_where_a_reader_could_take_it_for_something_else() {
    for (text, expected) in [
        ("Process Creation (cmd.exe)", "Process Creation (cmd.exe)"),
        ("*.exe", "'*.exe'"),
        ("- it's", "'- it''s'"),
        ("no", "'no'"),
        ("NULL", "'NULL'"),
        ("2026-11-21", "'2026-11-21'"),
        ("a: b", "'a: b'"),
        ("a ", "'a '"),
        ("", "''"),
        ("a\nb\u{85}", "\"a\\nb\\x85\""),
    ] {
        check("{{ v|yaml }}", text, expected);
    }
    check("{{ v|yaml }}", true, "true");
    check("{{ v|yaml }}", 3, "3");
}

#[test]
fn yaml_blocks_hold_lines() {
    check("  {{ v|yaml_block(2) }}", "a\n\nb", "  |-\n  a\n\n  b");
    check("{{ v|yaml_block(2) }}", "a: b\nc\n", "|\n  a: b\n  c");
    check("{{ v|yaml_block(2) }}", " a\nb", "\" a\\nb\"");
}

#[test]
fn comments_hold_any_text() {
    check("{{ v|comment('//') }}", "a\nb\r\nc\rd\u{2028}e\u{85}f\u{C}g", "// a\n// b\n// c\n// d\n// e\n// f\n// g");
    check("{{ v|comment('#') }}", "a\n\nb", "# a\n#\n# b");
    check("{{ v|comment('#') }}", "a\u{1b}[1m\u{202E}b\tc\0", "# a\u{FFFD}[1m\u{FFFD}b c\u{FFFD}");
    check("{{ v|comment('#') }}", "a\u{FEFF}b\u{FFFE}c\u{FFFF}", "# a\u{FFFD}b\u{FFFD}c\u{FFFD}");
    check("{{ v|comment('```', '```') }}", "x ``` | delete ```", "``` x ''' | delete ''' ```");
    check("{{ v|comment('```', '```') }}", "x ``\n`", "``` x '' ```\n``` ' ```");
}

#[test]
fn indent_moves_lines_right() {
    check("  {{ v|indent(2) }}", "a\n\nb", "  a\n\n  b");
}

#[test]
fn a_text_keeps_its_pieces_apart() {
    let text = Text::piece("a\"", leaf(1)).then(Text::glue(" and ")).then(Text::piece("b", leaf(5)));
    let rendered = render("x {{ v|json }} {{ v }}\n", &View { v: text }).unwrap();
    assert_eq!(rendered.text, "x \"a\\\" and b\" a\" and b\n");
    let parts: Vec<_> = rendered.provenance.iter().map(|(at, from)| (&rendered.text[at.clone()], from)).collect();
    assert_eq!(parts, [("a\\\"", &leaf(1)), ("b", &leaf(5)), ("a\"", &leaf(1)), ("b", &leaf(5))]);
}

#[test]
fn an_empty_text_is_false_and_has_no_provenance() {
    check("{% if v %}yes{% else %}no{% endif %}", Text::piece("", leaf(1)), "no");
    check("{% if v %}yes{% else %}no{% endif %}", Text::piece("a", leaf(1)), "yes");
    assert_eq!(render("{{ v }}", &View { v: Text::piece("", leaf(1)) }).unwrap().provenance, []);
}

#[test]
fn origins_come_back_as_they_went_in() {
    let origins = leaf(3).and(&leaf(9).moved());
    let rendered = render("{{ v }}", &View { v: Text::piece("a", origins.clone()) }).unwrap();
    assert_eq!(rendered.provenance, [(0..1, origins)]);
}

#[test]
fn outside_of_a_view_a_text_is_a_string() {
    assert_eq!(serde_json::to_string(&Text::piece("a", leaf(1))).unwrap(), "\"a\"");
}

#[test]
fn what_looks_like_a_text_is_not_taken_for_one() {
    check("{{ v|json }}", BTreeMap::from([(PIECES, "x")]), r#"{"$pieces":"x"}"#);
}

#[test]
fn markers_in_templates_are_text() {
    check("\u{F0000}\u{F0010}{{ v }}\u{F0001}\u{F0002}", "a", "\u{F0000}\u{F0010}a\u{F0001}\u{F0002}");
}

#[test]
fn overrides_replace_built_in_templates_only() {
    let error = Templates::with_overrides([("no/such.j2".to_owned(), String::new())]).unwrap_err();
    assert!(error.to_string().contains("there is no such template"), "{error}");
}

#[test]
fn the_hash_covers_names_and_texts() {
    let hash = |name, text| Templates::compile(&BTreeMap::from([(name, Cow::Borrowed(text))])).unwrap().sha256;
    assert_eq!(hash("a", "b"), hash("a", "b"));
    assert_ne!(hash("a", "b"), hash("ab", ""));
    assert_eq!(hash("a", "b").len(), 64);
}

/// Strings that hold what is hard for some filter: markers, quotes, separators, YAML's own words.
fn hard_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        any::<String>(),
        "[\u{F0000}-\u{F0040}]{0,4}",
        "[\"'\\\\\n\r\t\u{85}\u{2028}`*#:{}\\[\\],&%@!|>-]{0,6}",
        Just("yes".to_owned()),
        Just("null".to_owned()),
        Just("012".to_owned()),
        Just("~".to_owned()),
        Just(" # ".to_owned()),
        Just(": ".to_owned()),
        Just("{{ v }}".to_owned()),
    ];
    proptest::collection::vec(part, 0..3).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn pieces_come_back_through_every_filter(parts in proptest::collection::vec((hard_text(), any::<bool>()), 0..5)) {
        let pieces = parts.iter().enumerate().map(|(index, (part, has_origins))| {
            Text::piece(part.clone(), if *has_origins { leaf(index) } else { Origins::none() })
        });
        let text = Text::join(pieces, &Text::new());
        let whole = text.plain().into_owned();
        let expected: Vec<(&str, Origins)> = parts
            .iter()
            .enumerate()
            .filter(|(_, (part, has_origins))| *has_origins && !part.is_empty())
            .map(|(index, (part, _))| (part.as_str(), leaf(index)))
            .collect();
        let view = View { v: text };

        let raw = render("<{{ v }}>", &view).unwrap();
        prop_assert_eq!(&raw.text, &format!("<{whole}>"));
        let found: Vec<(&str, Origins)> =
            raw.provenance.iter().map(|(at, from)| (&raw.text[at.clone()], from.clone())).collect();
        prop_assert_eq!(&found, &expected);

        let json = render("{{ v|json }}", &view).unwrap();
        let value: String = serde_json::from_str(&json.text).unwrap();
        prop_assert_eq!(&value, &whole);
        prop_assert_eq!(json.provenance.len(), expected.len());
        for ((at, from), (part, origins)) in json.provenance.iter().zip(&expected) {
            let value: String = serde_json::from_str(&format!("\"{}\"", &json.text[at.clone()])).unwrap();
            prop_assert_eq!((value.as_str(), from), (*part, origins));
        }

        let yaml = render("{{ v|yaml }}", &view).unwrap();
        let value: String = serde_saphyr::from_str(&yaml.text).unwrap();
        prop_assert_eq!(&value, &whole);
        prop_assert_eq!(yaml.provenance.len(), expected.len());
        for ((_, from), (_, origins)) in yaml.provenance.iter().zip(&expected) {
            prop_assert_eq!(from, origins);
        }

        let block = render("k:\n  {{ v|yaml_block(2) }}\n", &view).unwrap();
        let value: BTreeMap<String, String> = serde_saphyr::from_str(&block.text).unwrap();
        prop_assert_eq!(&value["k"], &whole);
        // A block's last line break is its header's, not its own.
        prop_assert!(block.provenance.len() == expected.len() || expected.last().is_some_and(|(last, _)| *last == "\n"));

        let comment = render("{{ v|comment('#') }}", &view).unwrap();
        prop_assert!(comment.text.lines().all(|line| line.starts_with('#')));
        prop_assert!(!comment.text.contains(|letter: char| letter.is_control() && letter != '\n'));

        let indented = render("{{ v|indent(3) }}", &view).unwrap();
        prop_assert_eq!(indented.text.split('\n').count(), whole.split('\n').count());
        prop_assert_eq!(indented.provenance.len(), expected.len());
    }

    #[test]
    fn plain_strings_are_taken_at_their_word(text in hard_text()) {
        prop_assert_eq!(render("{{ v }}", &View { v: &text }).unwrap().text, text);
    }
}
