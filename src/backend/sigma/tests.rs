//! Queries and what becomes of them; what is expected follows from the specification of Sigma and KQL's manual.

use crate::backend::Emission;
use crate::backend::events::tests::Rule;
use crate::fidelity::AssumptionKind;

fn emit(query: &str, profile: &str) -> Emission {
    Rule::new(query).emit("sigma", profile)
}

/// The lines below `key:` of an artifact, with two spaces less, joined by ` / `.
#[track_caller]
fn section(emission: &Emission, key: &str, next: &str) -> String {
    let Some(artifact) = &emission.artifact else { panic!("{:?}", emission.findings.notes) };
    let start = artifact.text.rfind(&format!("\n{key}:\n")).expect("the section") + key.len() + 3;
    let end = start + artifact.text[start..].find(&format!("\n{next}")).expect("the next section");
    let lines: Vec<&str> =
        artifact.text[start..end].lines().map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
    lines.join(" / ").replace("        ", "  ").replace("    ", " ")
}

/// The detection in profile `exact`, which must be exact.
#[track_caller]
fn exact(predicate: &str, expected: &str) {
    let emission = emit(&format!("T | where {predicate}"), "exact");
    assert_eq!(section(&emission, "detection", "falsepositives"), expected, "{predicate}");
    assert_eq!(emission.verdict().word(), "exact", "{predicate}");
}

/// The detection in profile `portable`, and its verdict.
#[track_caller]
fn portable(predicate: &str, expected: &str, verdict: &str) {
    let emission = emit(&format!("T | where {predicate}"), "portable");
    assert_eq!(section(&emission, "detection", "falsepositives"), expected, "{predicate}");
    assert_eq!(emission.verdict().word(), verdict, "{predicate}");
}

#[track_caller]
fn refuses(predicate: &str, reason: &str) {
    let emission = emit(&format!("T | where {predicate}"), "exact");
    assert!(emission.artifact.is_none(), "{predicate}");
    let messages: Vec<&str> = emission.findings.notes.iter().map(|note| note.message.as_str()).collect();
    assert!(messages.contains(&reason), "{predicate}: {messages:?}");
}

#[test]
fn equality_keeps_its_case_rule() {
    exact("F == 'A'", "selection: /  F|cased: A / condition: selection");
    exact("F =~ 'A'", "selection: /  F: A / condition: selection");
    exact("F in ('A', 'b')", "selection: /  F|cased: /   - A /   - b / condition: selection");
    // What has no letters has no case.
    exact("F == '443'", "selection: /  F: '443' / condition: selection");
    exact("Port == 443", "selection: /  Port: 443 / condition: selection");
    exact("B", "selection: /  B: true / condition: selection");
}

#[test]
fn portable_widens_what_must_hold_and_nothing_else() {
    portable("F == 'A'", "selection: /  F: A / condition: selection", "broader");
    portable("F == '443'", "selection: /  F: '443' / condition: selection", "exact");
    portable("F has 'a'", "selection: /  F|contains: a / condition: selection", "broader");
    portable("F contains_cs 'a'", "selection: /  F|contains: a / condition: selection", "broader");
    portable("F has '/'", "selection: /  F|contains: / / condition: selection", "exact");
    // Widened under `not` they would find fewer.
    portable("F != 'A'", "filter_main_f: /  F|cased: A / condition: not filter_main_f", "exact");
    portable(
        "F !has 'a'",
        "filter_main_f: /  F|re|i: '(^|[^A-Za-z0-9])a($|[^A-Za-z0-9])' / condition: not filter_main_f",
        "exact",
    );
    // Widened, this would keep no test that tells events apart; it is written as the query says it.
    portable(
        "F == 'A' or G != 'b'",
        "selection_f: /  F|cased: A / selection_g: /  G|cased: b / condition: selection_f or not selection_g",
        "exact",
    );
}

#[test]
fn terms_have_guards() {
    let both = "'(^|[^A-Za-z0-9])a($|[^A-Za-z0-9])'";
    exact("F has 'a'", &format!("selection: /  F|re|i: {both} / condition: selection"));
    exact("F has_cs 'a'", &format!("selection: /  F|re: {both} / condition: selection"));
    exact("F hasprefix 'a'", "selection: /  F|re|i: '(^|[^A-Za-z0-9])a' / condition: selection");
    exact("F has '/a/'", "selection: /  F|contains: /a/ / condition: selection");
    exact(
        "F has_all ('a', 'a b')",
        &format!(
            "selection: /  F|re|i|all: /   - {both} /   - {} / condition: selection",
            "'(^|[^A-Za-z0-9])a b($|[^A-Za-z0-9])'"
        ),
    );
    let emission = emit("T | where F has 'a'", "exact");
    assert!(emission.findings.assumptions.iter().any(|assumption| assumption.kind == AssumptionKind::Ascii));
}

#[test]
fn values_are_escaped() {
    exact("F =~ @'a*b?c\\d'", r"selection: /  F: 'a\*b\?c\d' / condition: selection");
    exact("F endswith @'\\cmd.exe'", r"selection: /  F|endswith: \cmd.exe / condition: selection");
    exact("F matches regex @'^a\\.b'", r"selection: /  F|re: '^a\.b' / condition: selection");
}

#[test]
fn a_missing_string_is_an_empty_one() {
    exact("isempty(F)", "selection: /  - F: '' /  - F: null / condition: selection");
    exact("isnotempty(F)", "filter_main_f: /  - F: '' /  - F: null / condition: not filter_main_f");
    exact("F in ('', '1')", "selection: /  - F: /  - '' /  - '1' /  - F: null / condition: selection");
    exact("F !in ('', '1')", "filter_main_f: /  - F: /  - '' /  - '1' /  - F: null / condition: not filter_main_f");
    exact("isnull(Port)", "selection: /  Port: null / condition: selection");
}

#[test]
fn negated_typed_tests_keep_their_null() {
    exact("not(Port > 1024)", "selection: /  Port|lte: 1024 / condition: selection");
    exact("Port != 443", "filter_main_port: /  Port: 443 / condition: not filter_main_port");
    exact("not(B)", "selection: /  B: false / condition: selection");
    exact(
        "not(ipv4_is_in_range(Ip, '10.1.2.3/8'))",
        "selection: /  Ip|cidr: '0.0.0.0/0' / filter_main_ip: /  Ip|cidr: '10.0.0.0/8' / condition: selection and not filter_main_ip",
    );
}

#[test]
fn conditions_are_selections_and_filters() {
    exact(
        "F =~ 'a' and G contains 'b' and Port == 1",
        "selection: /  F: a /  G|contains: b /  Port: 1 / condition: selection",
    );
    exact(
        "F =~ 'a' and G !~ 'b' and F !startswith 'c'",
        "selection: /  F: a / filter_main_g: /  G: b / filter_main_f: /  F|startswith: c \
         / condition: selection and not 1 of filter_main_*",
    );
    exact("F =~ 'a' or G =~ 'b'", "selection: /  - F: a /  - G: b / condition: selection");
    exact("F =~ 'a' or G =~ 'b' and Port == 1", "selection: /  - F: a /  - G: b /    Port: 1 / condition: selection");
    exact(
        "Port == 1 and (F =~ 'a' or G =~ 'b')",
        "selection_port: /  Port: 1 / selection_f: /  - F: a /  - G: b / condition: selection_port and selection_f",
    );
    exact("not(F =~ 'a' and G =~ 'b')", "filter_main_f: /  F: a /  G: b / condition: not filter_main_f");
    exact(
        "F contains 'a' and F contains 'b' and Port == 1",
        "selection: /  F|contains|all: /   - a /   - b /  Port: 1 / condition: selection",
    );
    // A key stands once in a mapping.
    exact(
        "F startswith 'a' and F startswith 'ab' and Port == 1",
        "selection_f: /  F|startswith: a /  Port: 1 / selection_f_2: /  F|startswith: ab \
         / condition: selection_f and selection_f_2",
    );
}

#[test]
fn constants_are_carried_by_any_item() {
    exact("isnull(F)", "selection: /  F: null / condition: selection and not selection");
    exact("isnotnull(F)", "selection: /  F: null / condition: selection or not selection");
}

#[test]
fn what_sigma_cannot_say_is_refused() {
    refuses("T > datetime(2020-01-01)", "Sigma orders numbers only");
    refuses("Port > R", "Sigma compares two fields for equality only");
    refuses("Missing == 'a'", "`Missing` has no field in Sigma; `--native-names` keeps its KQL name");
}

#[test]
fn comparing_two_fields_finds_at_least_what_the_query_finds() {
    let emission = emit("T | where F == G", "exact");
    assert_eq!(emission.verdict().word(), "broader");
    assert!(emission.artifact.expect("carried").text.contains("F|fieldref: G"));
}

#[test]
fn a_source_that_holds_part_of_a_table_is_narrower_unless_the_query_asks_for_that_part() {
    let emission = emit("Divided | where F =~ 'a'", "exact");
    assert_eq!(emission.verdict().word(), "narrower");
    let emission = emit("Divided | where F =~ 'a' and Action == 'Made'", "exact");
    assert_eq!(emission.verdict().word(), "exact");
    assert_eq!(section(&emission, "detection", "falsepositives"), "selection: /  F: a / condition: selection");
    // Or for another part, which no source holds.
    let emission = emit("Divided | where F =~ 'a' and Action == 'Lost'", "exact");
    assert_eq!(emission.verdict().word(), "unsupported");
}

#[test]
fn a_union_is_several_rules() {
    let emission = emit("union (T | where F =~ 'a'), (U | where G =~ 'b')", "exact");
    let text = emission.artifact.expect("carried").text;
    let documents: Vec<&str> = text.split("\n---\n").collect();
    assert_eq!(documents.len(), 2);
    assert!(documents[0].contains("category: t\n") && documents[0].contains("F: a"), "{text}");
    assert!(documents[1].contains("category: u\n") && documents[1].contains("G: b"), "{text}");
}

#[test]
fn thresholds_are_correlations() {
    #[track_caller]
    fn check(query: &str, expected: &str, verdict: &str) {
        let emission = Rule::new(query).hourly().emit("sigma", "exact");
        assert_eq!(section(&emission, "correlation", "falsepositives"), expected, "{query}");
        assert_eq!(emission.verdict().word(), verdict, "{query}");
    }
    check(
        "T | where F =~ 'a' | summarize c = count() by F | where c > 5",
        "type: event_count / rules: /  - a_rule / group-by: /  - F / timespan: 1h / condition: /  gt: 5",
        "broader",
    );
    // Events without the key are one more group in KQL, and in no group of a correlation.
    check(
        "T | where F =~ 'a' | summarize c = count() by G | where c > 5",
        "type: event_count / rules: /  - a_rule / group-by: /  - G / timespan: 1h / condition: /  gt: 5",
        "approximate",
    );
    check(
        "T | where F =~ 'a' and isnotempty(G) | summarize c = dcount(G) by F, bin(TimeGenerated, 5m) | where c >= 3",
        "type: value_count / rules: /  - a_rule / group-by: /  - F / timespan: 5m / condition: /  gte: 3 /  field: G",
        "broader",
    );
    check(
        "T | where F =~ 'a' | summarize c = countif(Port == 1) by F | where c > 5",
        "type: event_count / rules: /  - a_rule / group-by: /  - F / timespan: 1h / condition: /  gt: 5",
        "broader",
    );
    // Silence meets this one, and no correlation notices.
    check(
        "T | where F =~ 'a' | summarize c = count() | where c < 5",
        "type: event_count / rules: /  - a_rule / group-by: [] / timespan: 1h / condition: /  lt: 5",
        "approximate",
    );
}

#[test]
fn a_threshold_that_cannot_be_said_leaves_the_events() {
    for query in [
        // No field holds the key, or the key is computed.
        "T | where F =~ 'a' | summarize c = count() by Missing | where c > 5",
        "T | where F =~ 'a' | summarize c = count() by strcat(F, G) | where c > 5",
        "T | where F =~ 'a' | summarize c = avg(R) by F | where c > 5",
    ] {
        let emission = Rule::new(query).hourly().emit("sigma", "exact");
        assert_eq!(emission.verdict().word(), "broader", "{query}");
        assert!(!emission.artifact.expect("carried").text.contains("correlation:"), "{query}");
    }
    // Without a look-back there is no time span.
    let emission = emit("T | where F =~ 'a' | summarize c = count() by F | where c > 5", "exact");
    assert!(!emission.artifact.expect("carried").text.contains("correlation:"));
}

#[test]
fn a_correlation_from_below_widens_nothing() {
    let query = "T | where F == 'A' | summarize c = count() by F | where c < 5";
    let text = Rule::new(query).hourly().emit("sigma", "portable").artifact.expect("carried").text;
    assert!(text.contains("F|cased: A"), "{text}");
}

#[test]
fn a_rule_is_described() {
    let rule = Rule::new("T | where F =~ 'a'").meta(|meta| {
        meta.name = "it's: a \"test\"\n# of {{ titles }}".to_owned();
        meta.description = "First line.\n- second: line\n---".to_owned();
        let reference = "https://example.com/#a b".to_owned();
        meta.references = vec![reference.clone(), "b".to_owned(), reference];
        meta.author = Some("*anchor".to_owned());
    });
    let text = rule.emit("sigma", "exact").artifact.expect("carried").text;
    let document: serde_yaml::Value = serde_yaml::from_str(&text).expect("one YAML document");
    assert_eq!(document["title"], "it's: a \"test\" # of {{ titles }}");
    assert_eq!(document["description"], "First line.\n- second: line\n---\n");
    // The schema allows no text twice.
    let references = document["references"].as_sequence().expect("a list");
    assert_eq!(
        references.iter().filter_map(|one| one.as_str()).collect::<Vec<_>>(),
        ["https://example.com/#a b", "b"]
    );
    assert_eq!(document["author"], "*anchor");
    assert_eq!(document["tags"][0], "attack.command-and-control");
    assert_eq!(document["tags"][1], "attack.t1059.001");
    assert_eq!(document["level"], "high");
    assert_eq!(document["related"][0]["id"], "0170143d-c5b9-49c2-ad03-be86564a7855");
    assert_eq!(document["falsepositives"][0], "Unknown");
    // The id depends on the rule's id alone.
    let id = document["id"].as_str().expect("a text").to_owned();
    let again = Rule::new("T | where F =~ 'other'").emit("sigma", "portable").artifact.expect("carried").text;
    assert!(again.contains(&id));
}

#[test]
fn no_text_of_a_rule_becomes_syntax() {
    for value in [
        "a\nb: c",
        "' or 1",
        "\"",
        "null",
        "*x",
        "- a",
        "&a",
        "!t",
        "{{ 1 }}",
        "\u{85}x",
        "%x%",
        "#c",
        "\u{f0000}1\u{f0001}",
    ] {
        let literal = serde_json::to_string(value).expect("a literal");
        let query = format!("T | where F =~ {literal} and F startswith {literal}");
        let text = emit(&query, "exact").artifact.expect("carried").text;
        let document: serde_yaml::Value =
            serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let escaped = value.replace('*', "\\*");
        assert_eq!(document["detection"]["selection"]["F"], escaped.as_str(), "{text}");
        assert_eq!(document["detection"]["condition"], "selection");
    }
}
