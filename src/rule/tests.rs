//! Rules as published, and as untidy as they are.

use serde_json::json;

use super::*;
use crate::diagnostic::{Code, Diagnostic};
use crate::span::{Place, SourceMap};

#[track_caller]
fn loaded(text: &str) -> (Rule, SourceMap, Vec<Diagnostic>) {
    match load("rules/a rule.yaml", text.as_bytes()) {
        Loaded::Rule { rule, source, diagnostics } => (*rule, source, diagnostics),
        Loaded::Broken { source, diagnostics } => {
            let messages: Vec<_> = diagnostics.iter().map(|one| (&one.message, source.locate(one.place))).collect();
            panic!("{messages:#?}")
        }
        Loaded::NotARule { reason } => panic!("{reason}"),
    }
}

fn values<T: Clone>(list: &[Spanned<T>]) -> Vec<T> {
    list.iter().map(|item| item.value.clone()).collect()
}

#[test]
fn every_key_of_an_analytics_rule_is_typed_and_kept() {
    let text = r#"
id: 0777f138-e5d8-4eab-bec1-e11ddfbc2be2
name: Failed logons
description: |
  Many failed logons.
kind: Scheduled
severity: Medium
status: Available
version: 1.10
requiredDataConnectors:
  - connectorId: SecurityEvents
    dataTypes:
      - SecurityEvent
queryFrequency: PT5M
queryPeriod: 1d
triggerOperator: gt
triggerThreshold: 3
tactics: [CredentialAccess, InitialAccess, CredentialAccess]
relevantTechniques: [T1110, T1110.001]
tags:
  - CVE-2021-1
  - Schema: ASimDns
query: |
  SecurityEvent
  | where EventID == 4625
entityMappings:
  - entityType: Account
    fieldMappings:
      - identifier: Name
        columnName: TargetUserName
customDetails:
  Count: count_
alertDetailsOverride:
  alertDisplayNameFormat: 'Logons of {{TargetUserName}}'
  alertSeverityColumnName: Sev
  alertDynamicProperties:
    - alertProperty: AlertLink
      value: Link
eventGroupingSettings:
  aggregationKind: AlertPerResult
incidentConfiguration:
  createIncident: true
  groupingConfiguration:
    enabled: true
    reopenClosedIncident: false
    lookbackDuration: 3d
    matchingMethod: Selected
    groupByEntities: [Account]
    groupByAlertDetails: []
    groupByCustomDetails: [Count]
suppressionDuration: PT1H
suppressionEnabled: false
sentinelEntitiesMappings:
  - columnName: Entities
metadata:
  author:
    name: Someone
"#;
    let (rule, source, diagnostics) = loaded(text);
    assert_eq!(diagnostics, []);
    assert_eq!(rule.id.value, "0777f138-e5d8-4eab-bec1-e11ddfbc2be2");
    assert_eq!(rule.name.span.of(source.text()), "Failed logons");
    assert_eq!(rule.description.map(|text| text.value).as_deref(), Some("Many failed logons.\n"));
    assert_eq!(rule.severity.map(|severity| severity.value), Some(Severity::Medium));
    assert_eq!(rule.status.map(|status| status.value).as_deref(), Some("Available"));
    assert_eq!(rule.version.map(|version| version.value).as_deref(), Some("1.10"));
    assert_eq!(rule.author.map(|author| author.value).as_deref(), Some("Someone"));
    assert_eq!(rule.required_data_connectors[0].id.value, "SecurityEvents");
    assert_eq!(values(&rule.required_data_connectors[0].data_types), ["SecurityEvent"]);
    assert_eq!(values(&rule.tactics), ["CredentialAccess", "InitialAccess"]);
    assert_eq!(values(&rule.techniques), ["T1110", "T1110.001"]);
    assert_eq!(values(&rule.tags), ["CVE-2021-1"]);
    assert_eq!(values(&rule.structured_tags), [json!({"Schema": "ASimDns"})]);
    assert_eq!(rule.query.value, "SecurityEvent\n| where EventID == 4625\n");
    let RuleKind::Scheduled(schedule) = rule.kind else { panic!("scheduled") };
    assert_eq!(schedule.frequency.value.ticks, 3_000_000_000);
    assert_eq!(schedule.period.value.ticks, 864_000_000_000);
    assert_eq!((schedule.operator.value, schedule.threshold.value), (TriggerOperator::GreaterThan, 3));
    assert_eq!(schedule.period.span.of(source.text()), "1d");
    let entity = &rule.alerts.entity_mappings[0];
    assert_eq!(entity.entity_type.value, "Account");
    let (identifier, column) = &entity.field_mappings[0];
    assert_eq!((identifier.value.as_str(), column.value.as_str()), ("Name", "TargetUserName"));
    assert_eq!(column.span.of(source.text()), "TargetUserName");
    assert_eq!(rule.alerts.custom_details[0].0.value, "Count");
    let details = rule.alerts.details_override.expect("it is given");
    assert_eq!(details.display_name_format.map(|text| text.value).as_deref(), Some("Logons of {{TargetUserName}}"));
    assert_eq!(details.severity_column.map(|text| text.value).as_deref(), Some("Sev"));
    assert_eq!(details.dynamic_properties[0].1.value, "Link");
    assert_eq!(rule.alerts.event_grouping.map(|kind| kind.value), Some(EventGrouping::AlertPerResult));
    let incident = rule.alerts.incident.expect("it is given");
    let grouping = incident.grouping.expect("it is given");
    assert!(incident.create && grouping.enabled && !grouping.reopen_closed_incident);
    assert_eq!(grouping.lookback.value.ticks, 3 * 864_000_000_000);
    assert_eq!(grouping.matching_method.value, MatchingMethod::Selected);
    assert_eq!(values(&grouping.by_entities), ["Account"]);
    assert_eq!(values(&grouping.by_custom_details), ["Count"]);
    assert_eq!(rule.alerts.suppression_duration.map(|length| length.value.ticks), Some(36_000_000_000));
    assert_eq!(rule.alerts.suppression_enabled.map(|enabled| enabled.value), Some(false));
    assert_eq!(values(&rule.alerts.sentinel_entities_mappings), ["Entities"]);
    assert_eq!(rule.metadata.map(|metadata| metadata.value), Some(json!({"author": {"name": "Someone"}})));
    assert_eq!(rule.unknown, []);
}

#[test]
fn one_query_has_one_text_however_it_is_written() {
    let expected = "T\n| where a == 'b'\n";
    for query in [
        "query: |\n  T\n  | where a == 'b'\n",
        "query: |\n  T\n  | where a == 'b'",
        "query: |-\n  T\n  | where a == 'b'\n",
        "query: |+\n  T\n  | where a == 'b'\n\n\n",
        "query: |\r\n  T\r\n  | where a == 'b'\r\n",
        "query: \"T\\n| where a == 'b'\"\n",
        "query: \"T\\r\\n| where a == 'b'\\r\\n\"\n",
        "query: \"T\\n\\\n  | where a == 'b'\\n\\n\"\n",
        "query: 'T\n\n  | where a == ''b'''\n",
        "query: >\n  T\n\n  | where a == 'b'\n",
        "query: T\n\n  | where a == 'b'\n",
    ] {
        for mark in ["", "\u{feff}"] {
            let (rule, source, diagnostics) = loaded(&format!("{mark}id: a\nname: b\n{query}"));
            assert_eq!(rule.query.value, expected, "{query:?}");
            assert_eq!(diagnostics, [], "{query:?}");
            let at = expected.find("where").expect("it is there");
            let place = source.file_span(Place::Query(Span::new(at, at + 5)));
            assert_eq!(place.of(source.text()), "where", "{query:?}");
            assert!(source.locate(Place::Query(Span::new(0, 1))).column > 1, "{query:?}");
        }
    }
    let Loaded::Rule { rule, .. } = load_kql("a.kql", b"\xef\xbb\xbfT\r\n| where a == 'b'\r\n\r\n") else {
        panic!("a rule")
    };
    assert_eq!(rule.query.value, expected);
}

#[test]
fn a_bare_query_is_a_hunting_rule_named_after_its_file() {
    let Loaded::Rule { rule, source, diagnostics } = load_kql("queries/Rare process.kql", "é\r\n| take 1".as_bytes())
    else {
        panic!("a rule")
    };
    assert_eq!((rule.name.value.as_str(), &rule.kind), ("Rare process", &RuleKind::Hunting));
    // Version 5 of "Rare process" under the namespace for object ids, RFC 9562.
    assert_eq!(rule.id.value, uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, b"Rare process").to_string());
    assert_eq!(rule.query.value, "é\n| take 1\n");
    assert_eq!(diagnostics, []);
    let location = source.locate(Place::Query(Span::new(5, 9)));
    assert_eq!((location.line, location.column, location.end_column), (2, 3, 7));
    let Loaded::Broken { diagnostics, .. } = load_kql("a.kql", b" \n") else { panic!("no query") };
    assert_eq!(diagnostics[0].code, Code::EmptyQuery);
    let Loaded::Broken { diagnostics, .. } = load_kql("a.kql", b"T\xff") else { panic!("no text") };
    assert_eq!(diagnostics[0].code, Code::NotUtf8);
}

#[test]
fn yaml_that_is_no_rule_is_skipped() {
    for text in [
        "",
        "# nothing\n",
        "---\n",
        "- a\n- b\n",
        "just text\n",
        "name: workflow\non: push\njobs: {}\n",
        "title: Sigma\nid: a\nlogsource: {product: windows}\ndetection: {}\n",
        "query: {match_all: {}}\nsize: 1\n",
        "apiVersion: v1\n---\nkind: List\n",
    ] {
        assert!(matches!(load("a.yaml", text.as_bytes()), Loaded::NotARule { .. }), "{text:?}");
    }
}

#[test]
fn undocumented_keys_are_kept() {
    let text = "id: a\nname: b\nquery: T\nlevel: {deep: [1, x]}\nentityMappings:\n  - entityType: IP\n    odd: 1\n    fieldMappings: []\n";
    let (rule, _, diagnostics) = loaded(text);
    let kept: Vec<_> = rule.unknown.iter().map(|key| (key.path.as_str(), key.value.clone())).collect();
    assert_eq!(kept, [("entityMappings[0].odd", json!(1)), ("level", json!({"deep": [1, "x"]}))]);
    let codes: Vec<_> = diagnostics.iter().map(|one| one.code).collect();
    assert_eq!(codes, [Code::UnknownKey, Code::UnknownKey]);
}

#[test]
fn spellings_of_older_files_are_read() {
    let text = "Id: a\nDisplayName: b\nquery: T\ntag: x, y\ntechniques: T1059\nseverity: informational\n\
                incidentConfiguration:\n  groupingConfiguration:\n    matchingMethod: All\nauthor:\n  name: Someone\n";
    let (rule, _, diagnostics) = loaded(text);
    assert_eq!((rule.id.value.as_str(), rule.name.value.as_str()), ("a", "b"));
    assert_eq!(values(&rule.tags), ["x", "y"]);
    assert_eq!(values(&rule.techniques), ["T1059"]);
    assert_eq!(rule.severity.map(|severity| severity.value), Some(Severity::Informational));
    assert_eq!(rule.author.map(|author| author.value).as_deref(), Some("Someone"));
    let incident = rule.alerts.incident.expect("it is given");
    assert!(incident.create);
    assert_eq!(incident.grouping.map(|grouping| grouping.matching_method.value), Some(MatchingMethod::AllEntities));
    assert!(diagnostics.iter().all(|one| one.code == Code::UnusualSpelling), "{diagnostics:#?}");
}

#[test]
fn null_values_are_as_good_as_missing() {
    let (rule, _, diagnostics) =
        loaded("id: a\nname: b\nquery: T\nseverity:\ntactics: ~\nrelevantTechniques:\n  -\n  - T1059\nkind:\n");
    assert_eq!((rule.severity, rule.tactics.len(), rule.kind), (None, 0, RuleKind::Hunting));
    assert_eq!(values(&rule.techniques), ["T1059"]);
    assert_eq!(diagnostics, []);
}

#[test]
fn a_query_of_ten_megabytes_is_read() {
    let line = "  | where CommandLine contains \"0123456789\" // é\n";
    let n_lines = 10_000_000 / line.len() + 1;
    let text = format!("id: a\nname: b\nquery: |\n  T\n{}severity: Low\n", line.repeat(n_lines));
    let (rule, source, _) = loaded(&text);
    assert!(rule.query.value.len() > 9_000_000);
    let at = rule.query.value.rfind("where").expect("it is there");
    let location = source.locate(Place::Query(Span::new(at, at + 5)));
    assert_eq!((location.line, location.column), (n_lines + 4, 5));
}

#[test]
fn a_file_that_is_far_too_large_is_refused() {
    let Loaded::Broken { diagnostics, .. } = load("a.yaml", &vec![b'#'; (64 << 20) + 1]) else { panic!("too large") };
    assert_eq!(diagnostics[0].code, Code::TooLarge);
}
