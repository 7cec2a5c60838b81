//! The slips and layouts of published collections: each is read with a warning at its place, or refused at its place.

use serde_json::json;

use super::*;
use crate::diagnostic::{Code, Diagnostic};
use crate::span::{Place, SourceMap};

/// Code, message, and line and column of each diagnostic.
fn said(source: &SourceMap, diagnostics: &[Diagnostic]) -> Vec<(Code, String, usize, usize)> {
    let one = |diagnostic: &Diagnostic| {
        let place = source.locate(diagnostic.place);
        (diagnostic.code, diagnostic.message.clone(), place.line, place.column)
    };
    diagnostics.iter().map(one).collect()
}

/// A rule with these lines below its id and name: it is read, and exactly this is said about it.
#[track_caller]
fn read(rest: &str, expected: &[(Code, &str, usize, usize)]) -> Rule {
    read_file(&format!("id: a\nname: b\n{rest}"), expected)
}

#[track_caller]
fn read_file(text: &str, expected: &[(Code, &str, usize, usize)]) -> Rule {
    match load("a.yaml", text.as_bytes()) {
        Loaded::Rule { rule, source, diagnostics } => {
            let said = said(&source, &diagnostics);
            let said: Vec<_> =
                said.iter().map(|(code, text, line, column)| (*code, &**text, *line, *column)).collect();
            assert_eq!(said, expected, "{text}");
            *rule
        }
        other => panic!("{other:#?}"),
    }
}

/// A rule with these lines below its id and name: it is refused for this at this place, with this help.
#[track_caller]
fn refused(rest: &str, code: Code, place: (usize, usize), help: Option<&str>) {
    let text = format!("id: a\nname: b\n{rest}");
    let Loaded::Broken { source, diagnostics } = load("a.yaml", text.as_bytes()) else {
        panic!("it is read: {text}")
    };
    let first = diagnostics.iter().find(|one| one.is_error()).expect("a broken rule has an error");
    let at = source.locate(first.place);
    assert_eq!((first.code, (at.line, at.column)), (code, place), "{text}: {}", first.message);
    assert_eq!(first.help.as_deref(), help, "{text}: {}", first.message);
}

fn values(list: &[Spanned<String>]) -> Vec<&str> {
    list.iter().map(|item| item.value.as_str()).collect()
}

#[test]
fn blocks_in_every_form_that_is_yaml_are_read() {
    for query in [
        "query: |\n\n  T\n  | take 1\n",
        "query:  | \n T\n | take 1\n",
        "query: |2-\n  T\n  | take 1\n",
        "query: |\n  T\n  | take 1\n# a comment that ends the block\nversion: 1.0.0\n",
        "query: |\r\n  T\r\n  | take 1\r\n",
        "query: |\n  T\n  | take 1",
        "query: \"T\\n\\\n  | take 1\\n\"\n",
    ] {
        assert_eq!(read(query, &[]).query.value.trim_start(), "T\n| take 1\n", "{query}");
    }
    assert_eq!(read("query: |\n  T\n  \t| take 1\n", &[]).query.value, "T\n\t| take 1\n");
    assert_eq!(read("query: T\nversion: =\n", &[]).version.map(|version| version.value).as_deref(), Some("="));
}

#[test]
fn blocks_that_are_no_yaml_are_refused_where_they_end() {
    let help = "indent all lines of the block that begins in line 3 as far as its first one, comments too";
    // The first line is indented more than the others.
    refused("query: |\n    T\n  | where a == 1\n  | take 1\n", Code::NotYaml, (5, 3), Some(help));
    // The text begins at the left margin.
    refused("query: |\nT\n| where a == 1\nversion: 1.0.0\n", Code::NotYaml, (4, 1), Some(help));
    // A comment at the left margin cuts the query in two.
    refused("query: |\n  T\n# comment\n  | take 1\nversion: 1.0\n", Code::NotYaml, (6, 3), Some(help));
    refused("query: |\n\tT\n\t| take 1\n", Code::NotYaml, (3, 8), None);
    // The text stands in the column of its key.
    let help = "indent all lines of the block that begins in line 5 as far as its first one, comments too";
    let text = "query: T\nalertDetailsOverride:\n  alertDescriptionFormat: |\n  Some text {{a}}\n";
    refused(text, Code::NotYaml, (6, 3), Some(help));
    refused("query: |\n", Code::EmptyQuery, (3, 1), Some("write the query in KQL after `query: |`, indented"));
}

#[test]
fn lists_that_are_no_yaml_are_refused_where_they_break() {
    refused("query: T\ntags:\n    - x\n  - y\n", Code::NotYaml, (6, 3), None);
    refused("query: T\nversion: %%Version%%\n", Code::NotYaml, (4, 10), None);
    refused("query: T\nseverity: Mediumasdf\n", Code::BadValue, (4, 11), {
        Some("known are `Informational`, `Low`, `Medium`, `High`")
    });
    refused("query: |\n  T\n---\nid: c\nname: d\nquery: U\n", Code::NotYaml, (6, 1), {
        Some("write each rule to a file of its own")
    });
}

#[test]
fn placeholders_are_texts_where_texts_are_asked_for() {
    let rule = read(
        "query: |\n  T | where a == '{{Account}}'\nalertDetailsOverride:\n  alertDisplayNameFormat: {{Title}}\n",
        &[(
            Code::UnusualSpelling,
            "`alertDetailsOverride.alertDisplayNameFormat` is a mapping; it is read as the text `{{Title}}`",
            6,
            3,
        )],
    );
    assert_eq!(rule.query.value, "T | where a == '{{Account}}'\n");
    let details = rule.alerts.details_override.expect("it is given");
    assert_eq!(details.display_name_format.map(|text| text.value).as_deref(), Some("{{Title}}"));
    let text = "query: T\nalertDetailsOverride:\n  alertDisplayNameFormat: {{Title}} on {{Host}}\n";
    refused(text, Code::NotYaml, (5, 37), None);
    refused("query: {{Query}}\n", Code::BadValue, (3, 1), {
        Some("write the query in KQL after `query: |`, indented")
    });
}

#[test]
fn misspelled_keys_are_read_where_they_are_plain() {
    let rule = read(
        "query: T\nrequiredDataConnectors:\n  connectorId: C\n  datatypes: [D]\ntag:\n  - x\n  - Schema: y\n\
         entityMappings:\n  - entityType: IP\n    fieldMappings:\n      - identifies: Address\n        columnName: a\n",
        &[
            (Code::UnusualSpelling, "`requiredDataConnectors` should be a list, found a mapping", 4, 1),
            (Code::UnusualSpelling, "the key `datatypes` is read as `dataTypes`", 6, 3),
            (Code::UnusualSpelling, "the key `tag` is read as `tags`", 7, 1),
            (Code::UnusualSpelling, "the key `identifies` is read as `identifier`", 13, 9),
        ],
    );
    assert_eq!(values(&rule.required_data_connectors[0].data_types), ["D"]);
    assert_eq!((values(&rule.tags), rule.structured_tags.len()), (vec!["x"], 1));
    assert_eq!(rule.alerts.entity_mappings[0].field_mappings[0].0.value, "Address");
}

#[test]
fn metadata_that_lost_its_indentation_is_gathered() {
    let rule = read(
        "query: T\nmetadata:\nsource:\n  kind: Community\nauthor:\n  name: Someone\ncategories:\n  domains: [x]\n",
        &[
            (Code::UnusualSpelling, "`source` should stand in `metadata`; it is read as if it did", 5, 1),
            (Code::UnusualSpelling, "`author` should be a text, or stand in `metadata`", 7, 1),
            (Code::UnusualSpelling, "`categories` should stand in `metadata`; it is read as if it did", 9, 1),
        ],
    );
    assert_eq!(rule.author.map(|author| author.value).as_deref(), Some("Someone"));
    let metadata = json!({"source": {"kind": "Community"}, "categories": {"domains": ["x"]}});
    assert_eq!(rule.metadata.map(|metadata| metadata.value), Some(metadata));
}

#[test]
fn a_layout_with_capitals_is_read() {
    let text = "Id: a\nDisplayName: b\nQuery: |\n  T\nKind: Scheduled\nSeverity: High\nQueryFrequency: PT5M\n\
                QueryPeriod: PT56M\nTriggerOperator: GreaterThan\nTriggerThreshold: 0\nTactics:\n- Execution\n\
                EventGroupSettings:\n  aggregationKind: AlertPerResult\n";
    let keys = [
        ("Id", "id", 1),
        ("DisplayName", "name", 2),
        ("Query", "query", 3),
        ("Kind", "kind", 5),
        ("Severity", "severity", 6),
        ("QueryFrequency", "queryFrequency", 7),
        ("QueryPeriod", "queryPeriod", 8),
        ("TriggerOperator", "triggerOperator", 9),
        ("TriggerThreshold", "triggerThreshold", 10),
        ("Tactics", "tactics", 11),
        ("EventGroupSettings", "eventGroupingSettings", 13),
    ];
    let messages = keys.map(|(from, to, line)| (format!("the key `{from}` is read as `{to}`"), line));
    let expected: Vec<_> =
        messages.iter().map(|(message, line)| (Code::UnusualSpelling, &**message, *line, 1)).collect();
    let rule = read_file(text, &expected);
    assert_eq!(values(&rule.tactics), ["Execution"]);
    assert_eq!(rule.severity.map(|severity| severity.value), Some(Severity::High));
    assert_eq!(rule.alerts.event_grouping.map(|kind| kind.value), Some(EventGrouping::AlertPerResult));
}

#[test]
fn a_layout_that_borrows_from_sigma_is_read_if_its_selection_is_a_query() {
    let text = "title: t\nid: a\nlevel: high\ndetection:\n  selection:\n    query: |-\n      T\n      | take 1\n  \
                condition: selection\nfalsepositives:\n  - admins\ntechniques:\n  - T1053.005\n";
    let rule = read_file(
        text,
        &[
            (Code::UnusualSpelling, "the key `title` is read as `name`", 1, 1),
            (Code::UnusualSpelling, "the key `level` is read as `severity`", 3, 1),
            (Code::UnusualSpelling, "`high` is read as `High`", 3, 8),
            (Code::UnusualSpelling, "the query in `detection.selection` is read as the rule's `query`", 6, 5),
            (Code::UnusualSpelling, "the key `falsepositives` is read as `falsePositives`", 10, 1),
            (Code::UnusualSpelling, "the key `techniques` is read as `relevantTechniques`", 12, 1),
        ],
    );
    assert_eq!((rule.name.value.as_str(), rule.query.value.as_str()), ("t", "T\n| take 1\n"));
    // Rules of Sigma's own, for the field that DNS events call `query`.
    for selection in ["query: evil.example", "query|contains: '|'", "query: [a, b]"] {
        let text = format!("title: t\nid: a\ndetection:\n  selection:\n    {selection}\n  condition: selection\n");
        assert!(matches!(load("a.yaml", text.as_bytes()), Loaded::NotARule { .. }), "{selection}");
    }
}

#[test]
fn a_place_in_a_repaired_file_is_that_of_the_file() {
    let text =
        "query: |\n  T | where ==\nrequiredDataConnectors:\n    - connectorId: C\n    dataTypes:\n        - D\n";
    let full = format!("id: a\nname: b\n{text}");
    let Loaded::Rule { rule, source, diagnostics } = load("a.yaml", full.as_bytes()) else { panic!("a rule") };
    let message = "the key `dataTypes` stands too far left; it is read as a key of the list item above it";
    assert_eq!(said(&source, &diagnostics), [(Code::UnusualSpelling, message.to_owned(), 7, 5)]);
    assert_eq!(values(&rule.required_data_connectors[0].data_types), ["D"]);
    let at = rule.query.value.find("==").expect("it is there");
    let place = source.locate(Place::Query(crate::span::Span::new(at, at + 2)));
    assert_eq!((place.line, place.column), (4, 13));
}
