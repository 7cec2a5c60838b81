//! What is written is read back by every reader; what is read is followed to the file, character by character.

use proptest::prelude::*;

use super::*;
use crate::span::{Place, SourceMap};

/// The value of the key `query`, followed through the file: each character and the part of the file it stands for.
#[track_caller]
fn followed(file: &str) -> (String, Vec<(char, String)>) {
    let document = read(file).unwrap_or_else(|error| panic!("{}: {file:?}", error.message));
    let NodeKind::Mapping(entries) = &document.root.kind else { panic!("no mapping: {file:?}") };
    let is_query = |(key, _): &&(Node, Node)| key.as_scalar().is_some_and(|key| key.text == "query");
    let (_, node) = entries.iter().find(is_query).expect("there is a query");
    let scalar = node.as_scalar().expect("the query is a scalar");
    let map = scalar::map(file, node.span, scalar).unwrap_or_else(|| panic!("cannot be followed: {file:?}"));
    assert_eq!(map.length(), scalar.text.len(), "{file:?}");
    let part = |at: usize, letter: char| map.file_span(Span::new(at, at + letter.len_utf8())).of(file).to_owned();
    (scalar.text.clone(), scalar.text.char_indices().map(|(at, letter)| (letter, part(at, letter))).collect())
}

/// Every character stands for itself, a line break or an escape.
#[track_caller]
fn check_followed(file: &str, value: &str) {
    let (found, parts) = followed(file);
    assert_eq!(found, value, "{file:?}");
    for (letter, part) in parts {
        let is_break = matches!(part.as_str(), "\n" | "\r\n" | "\r");
        let fits = part == letter.to_string()
            || (matches!(letter, '\n' | ' ') && is_break)
            || (letter == '\'' && part == "''")
            || part.starts_with('\\')
            || (letter == '\n' && part.is_empty());
        assert!(fits, "{letter:?} stands for {part:?} in {file:?}");
    }
}

#[test]
fn every_style_is_followed() {
    let literal = "T\n| where a == 'é'\n  and needle\n\n| take 1\n";
    let block = "id: é\nquery: |\n  T\n  | where a == 'é'\n    and needle\n\n  | take 1\nx: 1\n";
    check_followed(block, literal);
    check_followed(&block.replace('\n', "\r\n"), literal);
    check_followed(&block.replace("query: |", "query: |-"), literal.trim_end());
    check_followed(&block.replace("query: |", "query:  | # comment | 2"), literal);
    check_followed(&block.replace("query: |\n", "query: |\n\n  \n\n"), &format!("\n\n\n{literal}"));
    check_followed(&block.replace("| take 1\n", "| take 1"), "T\n| where a == 'é'\n  and needle\n\n| take 1x: 1\n");
    check_followed("query: |+\n  T\n  | take 1\n\n\nx: 1\n", "T\n| take 1\n\n\n");
    check_followed("query: |\n  T\n  | take 1\n\n\n", "T\n| take 1\n");
    check_followed("query: |\n  T\n  | take 1", "T\n| take 1\n");
    check_followed("query: |2-\n    T\n  | take 1\n", "  T\n| take 1");
    check_followed("query: |\n  T\n# comment\nx: 1\n", "T\n");
    check_followed("query: |\n  T \t\n   \n  | take 1\n", "T \t\n \n| take 1\n");
    check_followed(
        "query: >\n  T\n  | take 1\n\n  | take 2\n    more\n  last\n",
        "T | take 1\n| take 2\n  more\nlast\n",
    );
    check_followed("query: >-\n\n  T\n\n\n  | take 1\n", "\nT\n\n| take 1");
    check_followed("query: T\n  | take 1\n\n  | take 2 # comment\n", "T | take 1\n| take 2");
    check_followed("query: 'T\n  | where a == ''x''\n\n  | take 1'\n", "T | where a == 'x'\n| take 1");
    check_followed(
        "query: \"T\\n| where \\\"a\\\" == \\u00e9\\x41 \\\n   b\\U0001F600  \n  c\n\n\n  d\"\n",
        "T\n| where \"a\" == éA b😀 c\n\nd",
    );
    check_followed("query: \"\\ud83d\\ude00 T\\\n\n  x\"\n", "😀 T\nx");
    check_followed("query: !!str |\n  T\n  | take 1\n", "T\n| take 1\n");
    check_followed("query: &q \"T\"\nother: *q\n", "T");
    check_followed("a: &q |\n  T\n  x\nquery: *q\n", "T\nx\n");
    check_followed("{query: T | take 1, x: 1}\n", "T | take 1");
    check_followed("query:\n  T\n  | take 1\n", "T | take 1");
}

#[test]
fn a_place_in_the_query_is_a_place_in_the_file() {
    let file = "\u{feff}id: a\r\nquery: |\r\n\r\n  é\r\n    needle here\r\nx: 1\r\n";
    let source = SourceMap::new("a.yaml", file);
    let document = read(source.text()).expect("it is YAML");
    let NodeKind::Mapping(entries) = &document.root.kind else { panic!("no mapping") };
    let node = &entries[1].1;
    let mut map = map_scalar(source.text(), node);
    let query = &node.as_scalar().expect("a scalar").text;
    assert_eq!(query, "\né\n  needle here\n");
    map.trim(query);
    let source = source.with_query(map);
    let at = query.find("needle").expect("it is there");
    let location = source.locate(Place::Query(Span::new(at, at + 6)));
    assert_eq!((location.line, location.column, location.end_line, location.end_column), (5, 5, 5, 11));
    // The end of the query is the end of its last line, not the key that follows.
    let location = source.locate(Place::Query(Span::new(query.len(), query.len())));
    assert_eq!((location.line, location.column), (5, 16));
    // A span that is out of range is no panic.
    let location = source.locate(Place::Query(Span::new(90, 99)));
    assert_eq!((location.line, location.column), (5, 16));
}

#[test]
fn spans_of_values_are_those_of_the_file() {
    let file = "a: [x, 'y', {b: \"z\"}]\nc:\n  - d\n";
    let document = read(file).expect("it is YAML");
    let mut found = Vec::new();
    fn walk(node: &Node, file: &str, found: &mut Vec<String>) {
        match &node.kind {
            NodeKind::Scalar(_) => found.push(node.span.of(file).to_owned()),
            NodeKind::Sequence(items) => items.iter().for_each(|item| walk(item, file, found)),
            NodeKind::Mapping(entries) => entries.iter().for_each(|(key, value)| {
                walk(key, file, found);
                walk(value, file, found);
            }),
        }
    }
    walk(&document.root, file, &mut found);
    assert_eq!(found, ["a", "x", "'y'", "b", "\"z\"", "c", "d"]);
}

#[test]
fn scalars_are_told_apart_as_yaml_1_2_does() {
    let file = "[~, '', no, true, 010, 1_000, 1.50, .5, 1e3, 0x1f, 2024-01-01, '7', !!str 7, -3, .inf, 1.2.3]";
    let expected = serde_json::json!([
        null,
        "",
        "no",
        true,
        10,
        "1_000",
        1.5,
        0.5,
        1000.0,
        "0x1f",
        "2024-01-01",
        "7",
        "7",
        -3,
        ".inf",
        "1.2.3"
    ]);
    assert_eq!(read(file).expect("it is YAML").root.to_json(), expected);
}

#[test]
fn aliases_and_merge_keys_are_read() {
    let file = "a: &a {x: 1, y: 2}\nb: *a\nc: {<<: *a, y: 3}\n";
    let expected = serde_json::json!({"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 2}, "c": {"y": 3, "x": 1}});
    assert_eq!(read(file).expect("it is YAML").root.to_json(), expected);
    assert!(read("a: &a [*a]\n").is_err());
    assert!(read("a: *b\n").is_err());
}

#[test]
fn only_plain_slips_are_repaired() {
    let repaired = |file: &str| match read(file) {
        Ok(document) => Some((document.root.to_json(), document.repairs.len())),
        Err(_) => None,
    };
    let meant = serde_json::json!({"c": [{"a": "x", "b": ["y"]}, {"a": "z", "b": ["w"]}], "d": 1});
    let slip = "c:\n    - a: x\n    b:\n        - y\n    - a: z\n    b:\n      - w\nd: 1\n";
    assert_eq!(repaired(slip), Some((meant.clone(), 2)));
    assert_eq!(repaired(&slip.replace('\n', "\r\n")), Some((meant, 2)));
    let inline = serde_json::json!({"c": [{"a": "x", "b": 2}]});
    assert_eq!(repaired("c:\n  -   a: x\n  b: 2\n"), Some((inline, 1)));
    assert_eq!(repaired("c:\n    - a: x\n    b:\n    - y\n"), None);
    assert_eq!(repaired("c:\n    - a: x\n    b:\n     - y\n"), None);
    assert_eq!(repaired("c:\n    - x\n    b: 1\n"), None);
    // Places are told in the file as it is.
    let file = "c:\n  - a: x\n  b: y\nquery: |\n  T\n  | x\n";
    check_followed(file, "T\n| x\n");
    assert_eq!(read(file).expect("repaired").repairs[0].span.of(file), "b");
}

#[test]
fn texts_are_quoted_only_where_they_have_to_be() {
    for bare in
        ["a", "Remote tool - start", "C:\\Windows\\cmd.exe", "/usr/bin/x", "é", "T1059.001", "https://a.b/c#d"]
    {
        assert_eq!(quote(bare), bare);
    }
    assert_eq!(quote("52151b01-3c56-4864-8e12-c8d3b808a81e"), "52151b01-3c56-4864-8e12-c8d3b808a81e");
    for single in [
        "",
        " a",
        "a ",
        "a: b",
        "a #b",
        "a:",
        "no",
        "Yes",
        "ON",
        "y",
        "null",
        "~",
        "1",
        "1.5",
        "1e3",
        "0x1f",
        "1:30",
        "2024-01-01",
        "- a",
        "? a",
        "*a",
        "&a",
        "!a",
        "|",
        ">",
        "%a",
        "@a",
        "`a`",
        "[a]",
        "{{ a }}",
        "a, b",
        "---",
        ".inf",
        "=",
        "<<",
        "#a",
    ] {
        assert_eq!(quote(single), format!("'{single}'"));
    }
    assert_eq!(quote("it's"), "it's");
    assert_eq!(quote("'s"), "'''s'");
    assert_eq!(quote_single("a"), "'a'");
    assert_eq!(quote("a\nb\t\"\\\u{7}\u{85}\u{2028}\u{feff}"), "\"a\\nb\\t\\\"\\\\\\x07\\x85\\u2028\\ufeff\"");
}

#[test]
fn blocks_hold_lines_and_fall_back_to_quotes() {
    assert_eq!(block("a\n\n  b: c", 4), "|-\n    a\n\n      b: c");
    assert_eq!(block("a\nb\n", 2), "|\n  a\n  b");
    for text in ["", " a", "\na", "a\n\n", "a\n  \nb", "a\r\nb", "a\u{7}"] {
        assert_eq!(block(text, 2), quote_double(text));
    }
}

/// A text as the value of a key, of a list item and of a flow list, read by both libraries.
#[track_caller]
fn check_read_back(text: &str) {
    let (quoted, single, double) = (quote(text), quote_single(text), quote_double(text));
    let file = format!(
        "a: {quoted}\nb:\n  - {single}\n  - {quoted}\nc: [{double}, {quoted}]\nd: {}\ne:\n    - {}\nf:\n  {quoted}: g\n",
        block(text, 2),
        block(text, 6),
    );
    let expected = serde_json::json!({"a": text, "b": [text, text], "c": [text, text], "d": text, "e": [text], "f": {text: "g"}});
    let found: serde_json::Value = from_data(&file).unwrap_or_else(|error| panic!("{error}: {file}"));
    assert_eq!(found, expected, "{file}");
    let found = read(&file).unwrap_or_else(|error| panic!("{}: {file}", error.message)).root.to_json();
    assert_eq!(found, expected, "{file}");
}

#[test]
fn odd_texts_are_read_back() {
    for text in [
        "",
        "no",
        "1",
        "0o17",
        "0b1",
        "1_0",
        "+1",
        "-.5",
        "12:30:45",
        "2001-12-14t21:59:43.10-05:00",
        "Null",
        "NaN",
        ".nan",
        "a: b\n",
        "'",
        "\"",
        "\\",
        "a\\",
        "''",
        "- ",
        "#",
        "\t",
        " \t ",
        "a\n",
        "\n",
        "\n\n",
        "a\n\n",
        "a\nb",
        " a\nb",
        "a\n b\n",
        "\u{e000}x\u{e001}",
        "\u{0}",
        "\u{85}",
        "\u{feff}",
        "\u{a0}",
        "\u{1f600}",
        "\u{ffff}",
        "a\r",
        "a\r\nb",
        "%{x}",
        "{{x}}",
        "a\u{2028}b",
        "é: ",
        "k:v",
        "a,b",
        "&x",
    ] {
        check_read_back(text);
    }
}

proptest! {
    #[test]
    fn any_text_is_read_back(text in prop_oneof!["\\PC*", ".*", "[-a-z:# \\n\\t'\"\\\\\\[\\]{},&*?|<>=!%@`~0-9._+]{0,12}"]) {
        check_read_back(&text);
    }

    #[test]
    fn a_query_is_followed_in_every_style(lines in prop::collection::vec("[a-zé|= '\"\\\\#:\t]{0,12}", 1..6), crlf: bool) {
        let finish = |file: String| if crlf { file.replace('\n', "\r\n") } else { file };
        let text = lines.join("\n");
        check_followed(&finish(format!("id: é\nquery: {}\nx: 1\n", quote_double(&text))), &text);
        // A literal block with its indentation stated holds any lines; its end is chomped.
        let body: String = lines.iter().map(|line| format!("   {line}\n")).collect();
        let kept = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        check_followed(&finish(format!("query: |3+\n{body}x: 1\n")), &kept);
        check_followed(&finish(format!("query: |3-\n{body}x: 1\n")), kept.trim_end_matches('\n'));
        // Folded and quoted over several lines: whatever the reader makes of it, each character has its place.
        for file in [
            finish(format!("query: >3+\n{body}x: 1\n")),
            finish(format!("query: >3\n{body}x: 1\n")),
            finish(format!("query: '{}'\n", lines.join("\n  ").replace('\'', "''"))),
            finish(format!("query: \"{}\"\n", lines.join("\n  ").replace(['\\', '"'], "\\\\"))),
        ] {
            // A line that looks like a key or a comment ends some of them; what is read is followed.
            if read(&file).is_ok() {
                let (value, _) = followed(&file);
                check_followed(&file, &value);
            }
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in prop_oneof![".{0,60}", "[-a-c:# \\n\\t'\"\\\\\\[\\]{},&*?|>!%0-9]{0,60}"]) {
        if let Ok(document) = read(&text) {
            let _ = document.root.to_json();
        }
    }
}
