//! Queries and what becomes of them; what is expected follows from the manuals of both languages.

use crate::backend::Emission;
use crate::backend::events::tests::Rule;

fn emit(query: &str) -> Emission {
    Rule::new(query).emit("eql", "integration")
}

/// The condition behind the one of the source, on one line.
#[track_caller]
fn condition(query: &str) -> String {
    let emission = emit(query);
    let Some(artifact) = &emission.artifact else { panic!("{query}: {:?}", emission.findings.notes) };
    let body = artifact.text.split_once(" where\n").expect("a condition").1;
    let lines: Vec<&str> = body.lines().map(str::trim).collect();
    let text = lines.join(" ");
    text.strip_prefix("event.dataset == \"t\" and ").unwrap_or(&text).to_owned()
}

#[track_caller]
fn check(predicate: &str, expected: &str) {
    assert_eq!(condition(&format!("T | where {predicate}")), expected, "{predicate}");
}

#[track_caller]
fn refuses(predicate: &str, reason: &str) {
    let emission = emit(&format!("T | where {predicate}"));
    assert!(emission.artifact.is_none(), "{predicate}");
    let messages: Vec<&str> = emission.findings.notes.iter().map(|note| note.message.as_str()).collect();
    assert!(messages.contains(&reason), "{predicate}: {messages:?}");
}

#[test]
fn equality_keeps_its_case_rule() {
    check("F == 'A'", r#"F == "A""#);
    check("F =~ 'A'", r#"F : "A""#);
    check("F in ('A', 'b')", r#"F in ("A", "b")"#);
    check("F in~ ('A', 'b')", r#"F in~ ("A", "b")"#);
    check("Port == 443", "Port == 443");
    check("B", "B == true");
    check("Id == guid(74BE27DE-1E4E-49D9-B579-FE0B331D3642)", r#"Id : "74be27de-1e4e-49d9-b579-fe0b331d3642""#);
}

#[test]
fn wildcards_in_values_never_act() {
    check("F =~ 'a*b'", r#"F in~ ("a*b")"#);
    check("F == 'a?b'", r#"F == "a?b""#);
    check("F contains 'a*'", r#"F regex~ ".*a\\*.*""#);
    check("F startswith 'a?'", r#"F regex~ "a\\?.*""#);
    // What Elasticsearch escapes with in the pattern that it makes of wildcards.
    check("F startswith 'a\\x01'", r#"F regex~ "a\u{01}.*""#);
    check("F =~ 'a\\x01'", r#"F in~ ("a\u{01}")"#);
    check("F == 'a\\x01'", r#"F == "a\u{01}""#);
}

#[test]
fn negations_say_what_a_missing_field_answers() {
    check("F != 'A'", r#"(?F == null or ?F != "A")"#);
    check("F !~ 'A'", r#"(?F == null or not ?F : "A")"#);
    check("F !in ('A', 'b')", r#"(?F == null or ?F not in ("A", "b"))"#);
    check("F !in ('', 'a')", r#"(?F != null and ?F not in ("", "a"))"#);
    check("F !contains 'a'", r#"(?F == null or not ?F : "*a*")"#);
    check("not(F has 'a')", r#"(?F == null or not ?F regex~ "(.*[^A-Za-z0-9])?a([^A-Za-z0-9].*)?")"#);
    // Null stays null under `not`, but `null != 5` is true.
    check("not(Port > 1024)", "Port <= 1024");
    check("Port != 443", "(?Port == null or ?Port != 443)");
    check("not(B)", "B == false");
}

#[test]
fn a_missing_string_is_an_empty_one() {
    check("isempty(F)", r#"(?F == null or ?F == "")"#);
    check("isnotempty(F)", r#"(?F != null and ?F != "")"#);
    check("F == ''", r#"(?F == null or ?F == "")"#);
    check("F in ('', 'a')", r#"(?F == null or ?F in ("", "a"))"#);
    check("isnull(Port)", "?Port == null");
    check("isnotempty(Port)", "?Port != null");
    check("F matches regex 'a*'", r#"(?F == null or ?F regex ".*")"#);
}

#[test]
fn text_tests_are_wildcards_or_expressions() {
    check("F contains 'a'", r#"F : "*a*""#);
    check("F contains_cs 'a'", r#"F like "*a*""#);
    check("F endswith @'\\cmd.exe'", r#"F : "*\\cmd.exe""#);
    check("F startswith_cs 'a'", r#"F like "a*""#);
    check("F has_cs 'a'", r#"F regex "(.*[^A-Za-z0-9])?a([^A-Za-z0-9].*)?""#);
    check("F hasprefix 'a'", r#"F regex~ "(.*[^A-Za-z0-9])?a.*""#);
    // No edge of this needle asks for a term boundary.
    check("F has '/a/'", r#"F : "*/a/*""#);
    check(
        "F has_any ('a', 'b')",
        r#"F regex~ ("(.*[^A-Za-z0-9])?a([^A-Za-z0-9].*)?", "(.*[^A-Za-z0-9])?b([^A-Za-z0-9].*)?")"#,
    );
    check("F has_all ('-a-', '-b-')", r#"(F : "*-a-*" and F : "*-b-*")"#);
}

#[test]
fn numbers_and_instants_have_an_order() {
    check("Port between (1 .. 10)", "Port >= 1 and Port <= 10");
    check("Port !between (1 .. 10)", "(Port < 1 or Port > 10)");
    check("R > 1.5", "R > 1.5");
    check("T >= datetime(2007-07-30)", r#"T >= "2007-07-30T00:00:00Z""#);
}

#[test]
fn networks_are_asked_of_addresses() {
    check("ipv4_is_in_range(Ip, '10.1.2.3/8')", r#"cidrMatch(Ip, "10.0.0.0/8")"#);
    check("ipv4_is_private(Ip)", r#"cidrMatch(Ip, "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")"#);
    // What does not parse is null, and stays so under `not`.
    check(
        "not(ipv4_is_in_range(Ip, '10.0.0.0/8'))",
        r#"(cidrMatch(?Ip, "0.0.0.0/0") and not cidrMatch(?Ip, "10.0.0.0/8"))"#,
    );
    check("ipv4_is_in_range(F, '10.1.2.3')", r#"F regex "10\\.1\\.2\\.3(/32)?""#);
    check("F == 'a' and Ip == ''", r#"F == "a" and ?Ip == null"#);
    check("F == 'a' and Ip != ''", r#"F == "a" and ?Ip != null"#);
    // An address field holds no text; what is no address is not in it.
    for (predicate, verdict) in [
        ("F == 'a' and Ip == ''", "exact"),
        ("F == 'a' and Ip != '-'", "broader"),
        ("Ip in ('10.0.0.1', '-')", "narrower"),
    ] {
        assert_eq!(emit(&format!("T | where {predicate}")).verdict().word(), verdict, "{predicate}");
    }
    check("Ip == '10.0.0.1'", r#"Ip == "10.0.0.1""#);
    refuses("Ip startswith '10.'", "`Ip` is not stored as text, so EQL cannot search in it");
}

#[test]
fn conditions_keep_their_structure() {
    check("F == 'a' and (G == 'b' or Port == 1)", r#"F == "a" and (G == "b" or Port == 1)"#);
    check("F == 'a' or G == 'b' and Port == 1", r#"(F == "a" or (G == "b" and Port == 1))"#);
    check("not(F == 'a' and G == 'b')", r#"((?F == null or ?F != "a") or (?G == null or ?G != "b"))"#);
}

#[test]
fn what_eql_cannot_say_is_refused() {
    refuses("F == G", "EQL cannot compare a field with another field");
    refuses("T < now(-1d)", "EQL has no clock: the time of the run cannot be compared");
    refuses("Missing == 'b'", "`Missing` has no field in Elastic; `--native-names` keeps its KQL name");
}

#[test]
fn a_conjunct_that_is_refused_makes_the_query_broader() {
    let emission = emit("T | where F == 'a' and F == G");
    assert_eq!(emission.verdict().word(), "broader");
    let emission = emit("T | where F != 'a' and F == G");
    assert_eq!(emission.verdict().word(), "unsupported", "what is left finds nearly everything");
}

#[test]
fn a_union_is_one_query() {
    let text = emit("union (T | where F == 'a'), (U | where F == 'b')").artifact.expect("carried").text;
    let body = text.split_once("process where\n").expect("the category that both have").1;
    assert_eq!(body, "  (event.dataset == \"t\" and F == \"a\") or\n  (event.dataset == \"u\" and F == \"b\")\n");
}

#[test]
fn no_text_of_a_rule_becomes_syntax() {
    check("F == 'a\" or true //\\n'", r#"F == "a\" or true //\n""#);
    check("F =~ '\"\"\"'", r#"F : "\"\"\"""#);
    let rule =
        Rule::new("T | where F == 'a'").meta(|meta| meta.name = "x\nany where true\r\u{2028}y {{ 1 }}".to_owned());
    let text = rule.emit("eql", "integration").artifact.expect("carried").text;
    let code: Vec<&str> = text.lines().filter(|line| !line.starts_with("//")).collect();
    assert_eq!(code, ["process where", "  event.dataset == \"t\"", "  and F == \"a\""]);
    assert!(text.contains("{{ 1 }}"));
}
