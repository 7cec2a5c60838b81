//! Templates of the shapes that are found.

use serde_json::json;

use crate::diagnostic::{Code, Diagnostic};
use crate::rule::{Loaded, Part, Rule, RuleKind, Severity, Spanned, TriggerOperator, load, load_arm};
use crate::span::{Place, SourceMap, Span};

#[track_caller]
fn only(text: &str) -> (Rule, SourceMap, Vec<Diagnostic>) {
    let mut parts = load_arm("templates/export.json", text.as_bytes());
    assert_eq!(parts.len(), 1, "{parts:#?}");
    let Part { path, loaded } = parts.remove(0);
    assert_eq!(path, None);
    match loaded {
        Loaded::Rule { rule, source, diagnostics } => (*rule, source, diagnostics),
        other => panic!("{other:#?}"),
    }
}

/// The only error of a template: code, message and the text it points at.
#[track_caller]
fn refused(text: &str) -> (Code, String, String) {
    let Loaded::Broken { source, diagnostics } = load_arm("a.json", text.as_bytes()).remove(0).loaded else {
        panic!("it is read: {text}")
    };
    let errors: Vec<_> = diagnostics.iter().filter(|one| one.is_error()).collect();
    assert_eq!(errors.len(), 1, "{errors:#?}");
    let place = source.file_span(errors[0].place).of(source.text()).to_owned();
    (errors[0].code, errors[0].message.clone(), place)
}

fn values<T: Clone>(list: &[Spanned<T>]) -> Vec<T> {
    list.iter().map(|item| item.value.clone()).collect()
}

fn template(resources: &str) -> String {
    format!("{{\"$schema\": \"s\", \"contentVersion\": \"1.0.0.0\", \"resources\": [{resources}]}}")
}

fn hunting(name: &str, query: &str) -> String {
    json!({
        "type": "Microsoft.OperationalInsights/workspaces/savedSearches",
        "name": format!("[concat(parameters('workspace'), '/{name}')]"),
        "properties": {"category": "Hunting Queries", "displayName": name, "query": query, "version": 2},
    })
    .to_string()
}

/// As the portal's `Export` writes an analytics rule.
const EXPORT: &str = r#"{
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"workspace": {"type": "String"}},
    "resources": [
        {
            "id": "[concat(resourceId('Microsoft.OperationalInsights/workspaces/providers', parameters('workspace'), 'Microsoft.SecurityInsights'),'/alertRules/6c2f19a1-3d4b-4d39-8a5f-0d5a0c1d2b3e')]",
            "name": "[concat(parameters('workspace'),'/Microsoft.SecurityInsights/6c2f19a1-3d4b-4d39-8a5f-0d5a0c1d2b3e')]",
            "type": "Microsoft.OperationalInsights/workspaces/providers/alertRules",
            "kind": "Scheduled",
            "apiVersion": "2023-12-01-preview",
            "properties": {
                "displayName": "Encoded command",
                "description": "PowerShell with \"-enc\".",
                "severity": "High",
                "enabled": true,
                "query": "DeviceProcessEvents\r\n| where FileName == \"powershell.exe\"\n| where ProcessCommandLine has \"\u002denc\"",
                "queryFrequency": "PT5M",
                "queryPeriod": "P1D",
                "triggerOperator": "LessThan",
                "triggerThreshold": 7,
                "suppressionDuration": "PT5H",
                "suppressionEnabled": false,
                "startTimeUtc": null,
                "tactics": ["Execution", "DefenseEvasion"],
                "techniques": ["T1059", "T1027"],
                "subTechniques": ["T1059.001"],
                "alertRuleTemplateName": null,
                "incidentConfiguration": {
                    "createIncident": true,
                    "groupingConfiguration": {
                        "enabled": false,
                        "reopenClosedIncident": false,
                        "lookbackDuration": "PT5H",
                        "matchingMethod": "AllEntities",
                        "groupByEntities": [],
                        "groupByAlertDetails": null,
                        "groupByCustomDetails": []
                    }
                },
                "eventGroupingSettings": {"aggregationKind": "SingleAlert"},
                "alertDetailsOverride": null,
                "customDetails": null,
                "entityMappings": [
                    {"entityType": "Host", "fieldMappings": [{"identifier": "HostName", "columnName": "DeviceName"}]}
                ],
                "sentinelEntitiesMappings": null,
                "templateVersion": null
            }
        }
    ]
}"#;

#[test]
fn a_rule_that_the_portal_exports_is_read_with_its_places() {
    let (rule, source, diagnostics) = only(EXPORT);
    assert_eq!(diagnostics, []);
    assert_eq!(rule.id.value, "6c2f19a1-3d4b-4d39-8a5f-0d5a0c1d2b3e");
    assert_eq!(rule.name.value, "Encoded command");
    assert_eq!(rule.description.map(|text| text.value).as_deref(), Some("PowerShell with \"-enc\"."));
    assert_eq!(rule.severity.map(|severity| severity.value), Some(Severity::High));
    assert_eq!(rule.enabled.map(|enabled| enabled.value), Some(true));
    assert_eq!(values(&rule.tactics), ["Execution", "DefenseEvasion"]);
    assert_eq!(values(&rule.techniques), ["T1059.001", "T1027"]);
    let RuleKind::Scheduled(schedule) = rule.kind else { panic!("scheduled") };
    assert_eq!((schedule.operator.value, schedule.threshold.value), (TriggerOperator::LessThan, 7));
    assert_eq!(rule.alerts.entity_mappings[0].field_mappings[0].1.value, "DeviceName");
    assert!(rule.alerts.incident.is_some_and(|incident| incident.create && incident.grouping.is_some()));
    let query = &rule.query.value;
    assert_eq!(
        query,
        "DeviceProcessEvents\n| where FileName == \"powershell.exe\"\n| where ProcessCommandLine has \"-enc\"\n"
    );
    let place = |needle: &str| {
        let at = query.find(needle).expect("it is there");
        source.file_span(Place::Query(Span::new(at, at + needle.len()))).of(source.text())
    };
    assert_eq!(place("FileName"), "FileName");
    assert_eq!(place("\"-enc\""), r#"\"\u002denc\""#);
    assert_eq!(place("\n|"), "\\n|");
    assert_eq!(source.locate(Place::Query(Span::new(0, 1))).line, 17);
}

#[test]
fn every_rule_of_a_template_has_a_path_of_its_own() {
    let text = template(&[hunting("A b!", "T"), hunting("x", "T"), hunting("a-B", "U")].join(","));
    let parts = load_arm("templates/Many rules.json", text.as_bytes());
    let paths: Vec<_> = parts.iter().map(|part| part.path.as_deref().unwrap_or_default()).collect();
    // The id is the last part of the resource's name.
    assert_eq!(paths, ["Many rules/a-b-a-b", "Many rules/x", "Many rules/a-b-a-b-2"]);
    assert!(parts.iter().all(|part| matches!(part.loaded, Loaded::Rule { .. })));
}

#[test]
fn a_hunting_query_has_its_words_in_tags() {
    let text = template(
        r#"{
        "type": "Microsoft.OperationalInsights/workspaces", "name": "w", "resources": [{
            "type": "savedSearches", "name": "0170143d-c5b9-49c2-ad03-be86564a7855", "properties": {
                "eTag": "*", "category": "Hunting Queries", "displayName": "a", "query": "T\n", "version": 1,
                "tags": [
                    {"name": "description", "value": "d"}, {"name": "tactics", "value": "Execution,InitialAccess"},
                    {"name": "techniques", "value": "T1059.001,T1027"}, {"name": "createdBy", "value": "someone"}
                ]
            }
        }]}"#,
    );
    let (rule, _, diagnostics) = only(&text);
    assert_eq!(diagnostics, []);
    assert_eq!((rule.kind, rule.id.value.as_str()), (RuleKind::Hunting, "0170143d-c5b9-49c2-ad03-be86564a7855"));
    assert_eq!(values(&rule.tactics), ["Execution", "InitialAccess"]);
    assert_eq!(values(&rule.techniques), ["T1059.001", "T1027"]);
    assert_eq!(rule.description.map(|text| text.value).as_deref(), Some("d"));
}

/// As content hub packages have it: a template in a template, ids and versions in variables.
const PACKAGE: &str = r#"{
  "parameters": {"workspace": {"type": "string", "defaultValue": ""}},
  "variables": {
    "blanks": "[replace('b', 'b', '')]",
    "TemplateEmptyArray": "[json('[]')]",
    "query1": "T\n| where Broken ==\n",
    "object1": {"version1": "1.0.3", "_id1": "[variables('id1')]"},
    "id1": "6c2f19a1-3d4b-4d39-8a5f-0d5a0c1d2b3e"
  },
  "resources": [{
    "type": "Microsoft.OperationalInsights/workspaces/providers/contentTemplates",
    "name": "[variables('object1').name]",
    "properties": {
      "contentId": "[variables('object1')._id1]",
      "version": "[variables('object1').version1]",
      "mainTemplate": {
        "resources": [
          {
            "type": "Microsoft.SecurityInsights/AlertRuleTemplates",
            "name": "[variables('object1')._id1]",
            "kind": "NRT",
            "properties": {
              "displayName": "[[in brackets]",
              "description": "[variables('blanks')]",
              "query": "[concat(variables('query1'))]",
              "severity": "Low",
              "enabled": false,
              "suppressionDuration": "PT1H",
              "suppressionEnabled": false,
              "status": "Available",
              "requiredDataConnectors": [{"connectorId": "C", "dataTypes": ["T"]}],
              "tactics": "[variables('TemplateEmptyArray')]",
              "customDetails": {"[key]": "[[Column]"}
            }
          },
          {"type": "Microsoft.OperationalInsights/workspaces/providers/metadata", "properties": {"kind": "AnalyticsRule"}}
        ]
      }
    }
  }]
}"#;

#[test]
fn a_package_is_read_through_its_variables() {
    let (rule, source, diagnostics) = only(PACKAGE);
    assert_eq!(diagnostics, []);
    assert_eq!(rule.kind, RuleKind::NearRealTime);
    assert_eq!(rule.id.value, "6c2f19a1-3d4b-4d39-8a5f-0d5a0c1d2b3e");
    assert_eq!(rule.version.map(|version| version.value).as_deref(), Some("1.0.3"));
    assert_eq!(rule.name.value, "[in brackets]");
    assert_eq!(rule.tactics, []);
    assert_eq!(rule.required_data_connectors[0].data_types[0].value, "T");
    let (key, column) = &rule.alerts.custom_details[0];
    assert_eq!((key.value.as_str(), column.value.as_str()), ("[key]", "[Column]"));
    // The query stands where the variable is.
    let at = rule.query.value.find("Broken").expect("it is there");
    let location = source.locate(Place::Query(Span::new(at, at + 6)));
    assert_eq!((location.line, location.column, location.end_column), (6, 27, 33));
}

#[test]
fn what_only_a_deployment_knows_is_refused_where_it_stands() {
    let rule = |query: &str| {
        template(&format!(
            r#"{{"type": "Microsoft.OperationalInsights/savedSearches", "name": "a",
            "properties": {{"category": "Hunting Queries", "displayName": "a", "query": "{query}"}}}}"#
        ))
    };
    for (query, cause) in [
        ("[parameters('q')]", "the parameter `q` has no value before a deployment"),
        ("[variables('q')]", "there is no variable `q`"),
        ("[uniqueString('q')]", "`uniquestring` is left to the deployment"),
        ("[concat('T', resourceGroup().name)]", "`resourcegroup` is left to the deployment"),
        ("[concat('T'", "the expression is not well-formed"),
        ("[concat('T') x]", "the expression is not well-formed"),
        ("['it''s'", "the expression is not well-formed"),
    ] {
        if !query.ends_with(']') {
            // No closing bracket: a text, and a query.
            assert!(matches!(load_arm("a.json", rule(query).as_bytes())[0].loaded, Loaded::Rule { .. }), "{query}");
            continue;
        }
        let expected = (Code::Computed, format!("`query` cannot be read: {cause}"), format!("\"{query}\""));
        assert_eq!(refused(&rule(query)), expected);
    }
    let (found, source, _) = only(&rule("[[T]"));
    assert_eq!(found.query.value, "[T]\n");
    assert_eq!(source.file_span(Place::Query(Span::new(1, 2))).of(source.text()), "T");
    let growing = format!(
        r#"{{"variables": {{"v0": "{}", {}}}, "resources": [{}]}}"#,
        "x".repeat(1000),
        (1..10)
            .map(|n| format!("\"v{n}\": \"[concat({})]\"", vec![format!("variables('v{}')", n - 1); 30].join(",")))
            .collect::<Vec<_>>()
            .join(","),
        hunting("a", "[variables('v9')]")
    );
    assert_eq!(refused(&growing).1, "`query` cannot be read: the template's expressions make too much text");
    let circular = format!(
        r#"{{"variables": {{"v": "[variables('v')]"}}, "resources": [{}]}}"#,
        hunting("a", "[variables('v')]")
    );
    assert_eq!(refused(&circular).1, "`query` cannot be read: expressions are nested more than 32 levels deep");
}

#[test]
fn json_without_a_rule_is_skipped() {
    for text in [
        "{}",
        "[1, 2",
        "{\"resources\": []}",
        "{\"resources\": [], \"note\": \"alertRules\"}",
        r#"{"resources": [{"type": "Microsoft.OperationalInsights/workspaces/savedSearches", "name": "f",
            "properties": {"category": "Function", "displayName": "f", "query": "T", "functionAlias": "f"}}]}"#,
        r#"{"resources": [{"type": "Microsoft.SecurityInsights/alertRules", "kind": "Fusion", "name": "BuiltInFusion",
            "properties": {"enabled": true, "alertRuleTemplateName": "f71aba3d-28fb-450b-b192-4e76a83015c8"}}]}"#,
    ] {
        let parts = load_arm("a.json", text.as_bytes());
        assert!(matches!(parts.as_slice(), [Part { loaded: Loaded::NotARule { .. }, path: None }]), "{text}");
    }
}

#[test]
fn a_template_that_is_not_json_is_refused() {
    let text = template(&hunting("a", "T")).replace("]}", "],}");
    assert_eq!(refused(&text).0, Code::NotJson);
    assert_eq!(refused(&text).2, "}");
}

#[test]
fn a_template_in_yaml_is_read_if_it_holds_one_rule() {
    let resource = "  - type: Microsoft.OperationalInsights/workspaces/savedSearches\n    name: a\n    properties:\n      \
                    category: Hunting Queries\n      displayName: a\n      query: |\n        T\n        | take 1\n";
    let text = format!("$schema: s\nresources:\n{resource}");
    let Loaded::Rule { rule, source, diagnostics } = load("a.yaml", text.as_bytes()) else { panic!("a rule") };
    assert_eq!((rule.query.value.as_str(), diagnostics.as_slice()), ("T\n| take 1\n", [].as_slice()));
    assert_eq!(source.locate(Place::Query(Span::new(2, 3))).line, 10);
    let Loaded::Broken { diagnostics, .. } = load("a.yaml", format!("{text}{resource}").as_bytes()) else {
        panic!("two rules")
    };
    assert_eq!(diagnostics[0].message, "the template holds 2 rules");
}

#[test]
fn no_template_makes_the_reader_panic() {
    let check = |text: &str| {
        for part in load_arm("a.json", text.as_bytes()) {
            let (Loaded::Rule { source, diagnostics, .. } | Loaded::Broken { source, diagnostics }) = part.loaded
            else {
                continue;
            };
            for diagnostic in diagnostics {
                assert!(source.file_span(diagnostic.place).end as usize <= text.len(), "{text}");
            }
        }
    };
    for whole in [EXPORT, PACKAGE] {
        for at in (0..whole.len()).filter(|at| whole.is_char_boundary(*at)) {
            check(&whole[..at]);
            for put in ["[", "'", "\"", "\\", "é", "}", "null"] {
                check(&format!("{}{put}{}", &whole[..at], &whole[at + 1..]));
            }
        }
    }
    let deep = format!("[{}'a'{}]", "concat(".repeat(10_000), ")".repeat(10_000));
    check(&template(&hunting("a", &deep)));
    check(&template(&hunting("a", &format!("[variables('a'){}]", "[0]".repeat(10_000)))));
}
