use serde_json::{Value, json};

use super::*;
use crate::crosswalk::Crosswalk;
use crate::ir::{
    AlertOverride, Alerts, EntityMapping, EventGrouping, Incident, IncidentGrouping, Meta, Period, Query, Schedule,
    TICKS_PER_DAY, TICKS_PER_SECOND, Tactic, Technique, Trigger, TriggerOperator,
};
use crate::template::Templates;

const ID: &str = "0170143D-c5b9-49c2-ad03-be86564a7855";

fn detection(kind: Kind) -> Detection {
    let technique = |id: &str| Technique(id.to_owned());
    Detection {
        meta: Meta {
            id: ID.to_owned(),
            name: "A \"rule\"".to_owned(),
            description: "'Finds {{ things }}.'\n".to_owned(),
            version: Some("1.0.1".to_owned()),
            tactics: vec![Tactic("Execution".to_owned()), Tactic("CommandAndControl".to_owned())],
            techniques: vec![technique("T1059.001"), technique("T1059"), technique("T1059.003")],
            ..Meta::default()
        },
        kind,
        query: Query::default(),
        text: "T\n| where A == \"b\\\\c\"\n".to_owned(),
    }
}

fn scheduled(alerts: Alerts) -> Kind {
    let schedule = Schedule {
        frequency: Period(300 * TICKS_PER_SECOND),
        period: Period(TICKS_PER_DAY),
        trigger: Trigger { operator: TriggerOperator::GreaterThan, threshold: 5 },
    };
    Kind::Scheduled { schedule, alerts: Box::new(alerts) }
}

fn emit(detection: &Detection) -> Emission {
    let (crosswalk, templates) = (Crosswalk::default(), Templates::builtin());
    let options =
        Options { crosswalk: &crosswalk, profile: "arm", native_names: false, index: None, templates: &templates };
    Sentinel.emit(detection, &options).unwrap()
}

/// The one resource of the emitted template.
#[track_caller]
fn resource(detection: &Detection) -> Value {
    let text = emit(detection).artifact.unwrap().text;
    let template: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"));
    assert_eq!(template["resources"].as_array().unwrap().len(), 1);
    template["resources"][0].clone()
}

#[test]
fn a_hunting_query_becomes_a_saved_search() {
    let found = resource(&detection(Kind::Hunting));
    let expected = json!({
        "type": "Microsoft.OperationalInsights/workspaces/savedSearches",
        "apiVersion": "2025-07-01",
        "name": "[concat(parameters('workspace'), '/0170143d-c5b9-49c2-ad03-be86564a7855')]",
        "properties": {
            "category": "Hunting Queries",
            "displayName": "A \"rule\"",
            "query": "T\n| where A == \"b\\\\c\"\n",
            "tags": [
                { "name": "description", "value": "Finds {{ things }}." },
                { "name": "tactics", "value": "Execution,CommandAndControl" },
                { "name": "techniques", "value": "T1059.001,T1059,T1059.003" },
            ],
            "version": 2,
        },
    });
    assert_eq!(found, expected);
}

#[test]
fn a_hunting_query_without_classification_has_no_tags() {
    let mut bare = detection(Kind::Hunting);
    bare.meta = Meta { id: "x".to_owned(), name: "n".to_owned(), ..Meta::default() };
    assert_eq!(resource(&bare)["properties"].get("tags"), None);
    bare.meta.tactics = vec![Tactic("Impact".to_owned())];
    assert_eq!(resource(&bare)["properties"]["tags"], json!([{ "name": "tactics", "value": "Impact" }]));
}

#[test]
fn a_scheduled_rule_becomes_an_alert_rule() {
    let found = resource(&detection(scheduled(Alerts::default())));
    let expected = json!({
        "type": "Microsoft.OperationalInsights/workspaces/providers/alertRules",
        "apiVersion": "2023-12-01-preview",
        "name": "[concat(parameters('workspace'), '/Microsoft.SecurityInsights/0170143d-c5b9-49c2-ad03-be86564a7855')]",
        "kind": "Scheduled",
        "properties": {
            "displayName": "A \"rule\"",
            "description": "Finds {{ things }}.",
            "enabled": "[parameters('enabled')]",
            "severity": "Medium",
            "tactics": ["Execution", "CommandAndControl"],
            "techniques": ["T1059"],
            "subTechniques": ["T1059.001", "T1059.003"],
            "query": "T\n| where A == \"b\\\\c\"\n",
            "queryFrequency": "PT5M",
            "queryPeriod": "P1D",
            "triggerOperator": "GreaterThan",
            "triggerThreshold": 5,
            "suppressionDuration": "PT1H",
            "suppressionEnabled": false,
        },
    });
    assert_eq!(found, expected);
}

#[test]
fn alert_properties_are_all_carried() {
    let text = |text: &str| text.to_owned();
    let alerts = Alerts {
        entities: vec![EntityMapping {
            entity_type: text("Host"),
            fields: vec![(text("HostName"), text("Device")), (text("DnsDomain"), text("Domain"))],
            place: Span::default(),
        }],
        custom_details: vec![(text("Who"), text("User")), (text("[Where]"), text("[Host]"))],
        alert_override: Some(AlertOverride {
            display_name_format: Some(text("{{User}} did it")),
            severity_column: Some(text("Sev")),
            dynamic_properties: vec![(text("AlertLink"), text("Link"))],
            ..AlertOverride::default()
        }),
        grouping: Some(EventGrouping::AlertPerResult),
        incident: Some(Incident {
            create: true,
            grouping: Some(IncidentGrouping {
                enabled: true,
                reopen_closed: false,
                lookback: Period(3 * TICKS_PER_DAY),
                matching: text("Selected"),
                by_entities: vec![text("Host")],
                by_alert_details: Vec::new(),
                by_custom_details: vec![text("Who")],
            }),
        }),
        suppression: None,
        sentinel_entities: vec![text("Entities")],
    };
    let properties = resource(&detection(scheduled(alerts)))["properties"].clone();
    for (key, expected) in [
        (
            "entityMappings",
            json!([{ "entityType": "Host", "fieldMappings": [
                { "identifier": "HostName", "columnName": "Device" },
                { "identifier": "DnsDomain", "columnName": "Domain" },
            ] }]),
        ),
        ("sentinelEntitiesMappings", json!([{ "columnName": "Entities" }])),
        ("customDetails", json!({ "Who": "User", "[Where]": "[[Host]" })),
        (
            "alertDetailsOverride",
            json!({
                "alertDisplayNameFormat": "{{User}} did it",
                "alertSeverityColumnName": "Sev",
                "alertDynamicProperties": [{ "alertProperty": "AlertLink", "value": "Link" }],
            }),
        ),
        ("eventGroupingSettings", json!({ "aggregationKind": "AlertPerResult" })),
        (
            "incidentConfiguration",
            json!({
                "createIncident": true,
                "groupingConfiguration": {
                    "enabled": true,
                    "reopenClosedIncident": false,
                    "lookbackDuration": "P3D",
                    "groupByEntities": ["Host"],
                    "groupByCustomDetails": ["Who"],
                    "matchingMethod": "Selected",
                },
            }),
        ),
    ] {
        assert_eq!(properties[key], expected, "{key}");
    }
}

#[test]
fn an_override_that_overrides_nothing_is_left_out() {
    let alerts = Alerts { alert_override: Some(AlertOverride::default()), ..Alerts::default() };
    assert_eq!(resource(&detection(scheduled(alerts)))["properties"].get("alertDetailsOverride"), None);
}

#[test]
fn a_near_real_time_rule_has_no_schedule() {
    let found = resource(&detection(Kind::NearRealTime { alerts: Box::default() }));
    assert_eq!(found["kind"], "NRT");
    for key in ["queryFrequency", "queryPeriod", "triggerOperator", "triggerThreshold"] {
        assert_eq!(found["properties"].get(key), None, "{key}");
    }
}

#[test]
fn only_strings_that_would_be_evaluated_are_escaped() {
    for (name, expected) in
        [("[x]", "[[x]"), ("[x] y", "[x] y"), ("[[x]", "[[[x]"), ("[", "["), ("x]", "x]"), ("[]", "[[]")]
    {
        let mut rule = detection(Kind::Hunting);
        rule.meta.name = name.to_owned();
        rule.text = name.to_owned();
        let properties = resource(&rule)["properties"].clone();
        assert_eq!((&properties["displayName"], &properties["query"]), (&json!(expected), &json!(expected)));
    }
}

#[test]
fn an_id_that_is_no_uuid_names_the_resource_through_one() {
    let mut rule = detection(Kind::Hunting);
    rule.meta.id = "my-rule".to_owned();
    // Computed with Python: uuid.uuid5(uuid.NAMESPACE_OID, "my-rule").
    assert_eq!(resource(&rule)["name"], "[concat(parameters('workspace'), '/90e2f692-e2cd-59fb-8e0f-3ff86f9e2a18')]");
}

#[test]
fn the_verdict_is_exact_and_an_assumed_severity_is_noted() {
    let severity_notes = |severity| {
        let mut rule = detection(scheduled(Alerts::default()));
        rule.meta.severity = severity;
        let emission = emit(&rule);
        assert_eq!(emission.verdict().word(), "exact");
        emission.findings.notes.iter().map(|note| (note.code, note.cause)).collect::<Vec<_>>()
    };
    assert_eq!(severity_notes(None), [(Code::DefaultUsed, None)]);
    assert_eq!(severity_notes(Some(Severity::High)), []);
}

#[test]
fn the_query_stands_for_all_of_its_leaves() {
    let rule = detection(Kind::Hunting);
    let artifact = emit(&rule).artifact.unwrap();
    let (at, origins) = &artifact.provenance[0];
    assert_eq!(artifact.text[at.clone()], json!(rule.text).to_string().trim_matches('"').to_owned());
    assert_eq!(origins.spans(), [Span::new(0, rule.text.len())]);
}
