//! Forms that a field has a column in, from KQL to the text of each target: what a place inside a value becomes.

use siemaphore::backend::{self, Emission, Options};
use siemaphore::crosswalk::Crosswalk;
use siemaphore::ir::{Detection, Kind, Meta};
use siemaphore::template::Templates;

fn emit(target: &str, kql: &str) -> Emission {
    let crosswalk = Crosswalk::builtin();
    let parsed = siemaphore::kql::parse(kql);
    assert!(parsed.errors.is_empty(), "{kql}: {:?}", parsed.errors);
    let lowered = siemaphore::lower::lower_query(&parsed.query, &crosswalk);
    let mut query = lowered.query.unwrap_or_else(|| panic!("{kql}: {:?}", lowered.diagnostics));
    siemaphore::rewrite::normalise(&mut query);
    let meta = Meta { id: "id".to_owned(), name: "rule".to_owned(), ..Meta::default() };
    let detection = Detection { meta, kind: Kind::Hunting, query, text: kql.to_owned() };
    let templates = Templates::builtin();
    let backend = backend::find(target).expect("a target");
    let profile = backend.target().profiles[0].name;
    let options = Options { crosswalk: &crosswalk, profile, native_names: false, index: None, templates: &templates };
    backend.emit(&detection, &options).expect("the templates are ours")
}

/// The verdict, and what the artifact has behind `from`.
#[track_caller]
fn check(target: &str, kql: &str, from: &str, expected: &str) {
    let emission = emit(target, kql);
    let verdict = emission.verdict().word();
    let text = emission.artifact.as_ref().map_or("", |artifact| artifact.text.as_str());
    let rest = text.split_once(from).map_or("", |(_, rest)| rest);
    let rest: Vec<&str> = rest.split_whitespace().collect();
    assert_eq!(format!("{verdict}: {}", rest.join(" ")), expected, "{kql}: {:#?}\n{text}", emission.findings.notes);
}

/// Defender's event has `AdditionalFields` as text, so a dotted name finds nothing: the place is read at search time.
#[test]
fn splunk_reads_json_that_is_text() {
    let threats = |test: &str| format!("DeviceEvents | where parse_json(AdditionalFields).ThreatName {test}");
    let place = r#"spath('properties.AdditionalFields',"ThreatName")"#;
    check("splunk", &threats("=~ 'Mimikatz'"), "| where ", &format!(r#"exact: lower({place})="mimikatz""#));
    check(
        "splunk",
        &format!("{} and ActionType == 'x'", threats("!~ 'Mimikatz'")),
        "| where ",
        &format!(r#"exact: lower(coalesce({place},""))!="mimikatz" AND 'properties.ActionType'="x""#),
    );
    let kept = format!("{} | project Threat = tostring(parse_json(AdditionalFields).ThreatName)", threats("has 'x'"));
    let emission = emit("splunk", &kept);
    let text = emission.artifact.expect("an artifact").text;
    assert!(text.contains(&format!("Threat=coalesce({place},\"\")")), "{text}");
    // Elastic's flattened field has no such place that its languages could read.
    assert_eq!(emit("esql", &threats("=~ 'Mimikatz'")).verdict().word(), "unsupported");
}

/// Positions count from 0 in both: <https://learn.microsoft.com/kusto/query/scalar-data-types/dynamic>.
#[test]
fn a_position_in_a_list_is_that_position_or_any_with_a_note() {
    let kql =
        |test: &str| format!("AuditLogs | where OperationName =~ 'x' and tostring(TargetResources[1].id) {test}");
    let splunk = r#"coalesce(spath(_raw,"properties.targetResources{1}.id"),"")"#;
    check("splunk", &kql("== 'a'"), "| where ", &format!(r#"exact: lower(operationName)="x" AND {splunk}="a""#));
    check(
        "eql",
        &kql("== 'a'"),
        "any where",
        r#"exact: azure.auditlogs.operation_name : "x" and azure.auditlogs.properties.target_resources.`1`.id == "a""#,
    );
    // Sigma has no positions: any element may meet the test, so it finds more, and fewer where it is negated.
    assert_eq!(emit("sigma", &kql("== 'a'")).verdict().word(), "broader");
    let sigma = |test: &str| {
        let emission = emit("sigma", &kql(test));
        let lost = "`TargetResources.id`: the field has the values of all elements of the list, and no position";
        assert!(emission.findings.notes.iter().any(|note| note.message == lost), "{:#?}", emission.findings.notes);
        emission
    };
    assert!(sigma("== 'a'").artifact.unwrap().text.contains("TargetResources.id: a"));
    assert_eq!(sigma("=~ 'a' or OperationName =~ 'y'").verdict().word(), "broader");
    assert_eq!(sigma("!~ 'a'").verdict().word(), "narrower");
}

/// Sentinel joins domain and user of a sign-in's target; its own columns for the parts are what the event has.
#[test]
fn a_joined_account_is_asked_for_and_shown_by_its_parts() {
    let kql = |test: &str| format!("SecurityEvent | where EventID == 4625 and TargetAccount {test}");
    check(
        "splunk",
        &kql(r"endswith '$'"),
        "| where ",
        r#"exact: EventCode=4625 AND match(TargetUserName,"(?i)\$\z")"#,
    );
    let parts = r#"and (winlog.event_data.TargetDomainName == "CORP" and winlog.event_data.TargetUserName == "eve")"#;
    check("eql", &kql(r"== 'CORP\\eve'"), r#""4625""#, &format!("exact: {parts}"));
    check(
        "splunk",
        &kql(r"!= 'CORP\\eve'"),
        "where EventCode=4625\n",
        r#"exact: AND (coalesce(TargetDomainName,"")!="CORP" OR coalesce(TargetUserName,"")!="eve")"#,
    );
    check(
        "splunk",
        "SecurityEvent | where EventID == 4625 | summarize count() by Account",
        "| eval ",
        r#"exact: Account=if(isnull(TargetDomainName) AND isnull(TargetUserName),"",coalesce(TargetDomainName,"")."\\".coalesce(TargetUserName,"")) | stats count as count_ by Account"#,
    );
    // What it is joined from is assigned behind it, where the names are the same.
    check(
        "splunk",
        "SecurityEvent | where EventID == 4625 | project TargetDomainName = strcat(TargetDomainName, '!'), Account",
        "| eval ",
        r#"exact: Account=if(isnull(TargetDomainName) AND isnull(TargetUserName),"",coalesce(TargetDomainName,"")."\\".coalesce(TargetUserName,"")), TargetDomainName=(coalesce(TargetDomainName,"")."!") | table TargetDomainName Account"#,
    );
    // Which account another event names is not known.
    let other = emit("splunk", "SecurityEvent | where EventID == 4720 and Account == 'x'");
    assert!(other.findings.notes.iter().any(|note| note.message.contains("`Account` has no field")));
}
