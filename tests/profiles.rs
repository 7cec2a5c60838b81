//! The profiles of targets that name events in other words than the connector's: which source is asked, with which
//! fields, and what the verdict is worth there. What the products' own sensors and add-ons store is named beside the
//! tables in `crosswalk/`.

use siemaphore::backend::{self, Emission, Options};
use siemaphore::crosswalk::Crosswalk;
use siemaphore::fidelity::{AssumptionKind, Cause};
use siemaphore::ir::{Detection, Kind, Meta};
use siemaphore::template::Templates;

fn emit(crosswalk: &Crosswalk, target: &str, profile: &str, kql: &str) -> Emission {
    let parsed = siemaphore::kql::parse(kql);
    assert!(parsed.errors.is_empty(), "{kql}: {:?}", parsed.errors);
    let lowered = siemaphore::lower::lower_query(&parsed.query, crosswalk);
    let mut query = lowered.query.unwrap_or_else(|| panic!("{kql}: {:?}", lowered.diagnostics));
    siemaphore::rewrite::normalise(&mut query);
    let meta = Meta { id: "id".to_owned(), name: "rule".to_owned(), ..Meta::default() };
    let detection = Detection { meta, kind: Kind::Hunting, query, text: kql.to_owned() };
    let templates = Templates::builtin();
    let backend = backend::find(target).expect("a target");
    let profile = backend.target().profiles.iter().find(|known| known.name == profile).expect("a profile").name;
    let options = Options { crosswalk, profile, native_names: false, index: None, templates: &templates };
    backend.emit(&detection, &options).expect("the templates are ours")
}

/// The verdict, and the artifact without its head and its time range, on one line.
fn shown(emission: &Emission) -> String {
    let verdict = emission.verdict().word();
    let Some(artifact) = &emission.artifact else { return verdict.to_owned() };
    let lines = artifact.text.lines().filter(|line| !line.starts_with("//") && !line.starts_with("```"));
    let text: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    let text = text
        .join(" ")
        .replace(" earliest=-24h latest=now", "")
        .replace(" METADATA _id, _index, _version", "")
        .replace("@timestamp >= NOW() - 1 day AND ", "")
        .replace(" | LIMIT 10000", "");
    format!("{verdict}: {text}")
}

#[track_caller]
fn check(profile: &str, kql: &str, expected: &str) {
    let (target, profile) = profile.split_once('=').expect("TARGET=NAME");
    let emission = emit(&Crosswalk::builtin(), target, profile, kql);
    assert_eq!(shown(&emission), expected, "{kql}: {:#?}", emission.findings.notes);
}

/// The causes of what lowers the verdict.
#[track_caller]
fn causes(profile: &str, kql: &str) -> Vec<&'static str> {
    let (target, profile) = profile.split_once('=').expect("TARGET=NAME");
    let emission = emit(&Crosswalk::builtin(), target, profile, kql);
    let mut causes: Vec<&str> =
        emission.findings.notes.iter().filter_map(|note| note.cause.map(Cause::word)).collect();
    causes.dedup();
    causes
}

#[test]
fn windows_asks_sysmon_for_what_defender_sees() {
    let starts = r#"DeviceProcessEvents | where FileName =~ "a.exe" and ProcessId == 4"#;
    let sysmon = r#"source="XmlWinEventLog:Microsoft-Windows-Sysmon/Operational""#;
    check(
        "splunk=windows",
        starts,
        &format!(
            r#"exact: {sysmon} EventCode=1 ProcessId=4 | where match(Image,"(?i)\x5ca\.exe\z") AND ProcessId=4"#
        ),
    );
    check(
        "eql=windows",
        starts,
        r#"exact: process where winlog.channel == "Microsoft-Windows-Sysmon/Operational" and event.code == "1" and process.name : "a.exe" and process.pid == 4"#,
    );
    let hash = r#"DeviceImageLoadEvents | where SHA1 == "0123456789012345678901234567890123456789""#;
    check(
        "splunk=windows",
        hash,
        &format!(
            r#"exact: {sysmon} EventCode=7 | where match(Hashes,"(?i)SHA1=0123456789012345678901234567890123456789")"#
        ),
    );
}

#[test]
fn what_the_rule_says_of_the_action_chooses_among_the_events_of_sysmon() {
    let events = |actions: &str| format!(r#"DeviceFileEvents | where ActionType in ({actions}) and FileName == "a""#);
    let elastic = r#"winlog.channel == "Microsoft-Windows-Sysmon/Operational""#;
    let deleted = format!(r#"exact: file where {elastic} and event.code in ("23", "26") and file.name == "a""#);
    check("eql=windows", &events("'FileDeleted'"), &deleted);
    let deleted = format!(
        r#"exact: FROM logs-windows.sysmon_operational-*, winlogbeat-* | WHERE {elastic} AND event.code IN ("23", "26") AND file.name == "a""#
    );
    check("esql=windows", &events("'FileDeleted'"), &deleted);
    // Sysmon has no event for a changed file, so the connector's is asked.
    let changed = r#"exact: file where m365_defender.event.category == "AdvancedHunting-DeviceFileEvents" and event.action == "modification" and file.name == "a""#;
    check("eql=windows", &events("'FileModified'"), changed);
    // Nothing said of the action: the source holds a part.
    check(
        "eql=windows",
        r#"DeviceFileEvents | where FileName == "a""#,
        &format!(r#"narrower: file where {elastic} and event.code == "11" and file.name == "a""#),
    );
    let incoming =
        r#"DeviceNetworkEvents | where ActionType == "InboundConnectionAccepted" and RemoteIP == "192.0.2.1""#;
    check(
        "splunk=windows",
        incoming,
        r#"exact: source="XmlWinEventLog:Microsoft-Windows-Sysmon/Operational" EventCode=3 Initiated=false SourceIp="192.0.2.1" | where SourceIp="192.0.2.1""#,
    );
}

#[test]
fn tables_of_windows_logs_are_in_the_words_of_windows_anyway() {
    let kql = r#"SecurityEvent | where EventID == 4720 and TargetUserName == "a""#;
    for target in ["splunk", "eql", "esql"] {
        let usual =
            emit(&Crosswalk::builtin(), target, backend::find(target).unwrap().target().profiles[0].name, kql);
        let windows = emit(&Crosswalk::builtin(), target, "windows", kql);
        assert_eq!(usual, windows, "{target}");
    }
}

#[test]
fn a_table_without_source_in_the_profile_is_read_as_it_is_shipped_and_that_is_said() {
    let kql = r#"SigninLogs | where ResultType == "50126""#;
    let emission = emit(&Crosswalk::builtin(), "splunk", "cim", kql);
    let note = "no source in Splunk's common information model holds the events of `SigninLogs`: they are read as \
                Splunk ships them";
    assert!(emission.findings.notes.iter().any(|found| found.message == note && found.cause.is_none()));
    check(
        "splunk=cim",
        kql,
        r#"exact: sourcetype="azure:monitor:aad" category="SignInLogs" resultType="50126" | where resultType="50126""#,
    );
}

#[test]
fn a_data_model_has_events_of_other_kinds_too() {
    let starts = r#"DeviceProcessEvents | where FileName =~ "a.exe""#;
    let expected = r#"broader: tag=process tag=report process_name="a.exe" | where lower(process_name)="a.exe""#;
    check("splunk=cim", starts, expected);
    assert_eq!(causes("splunk=cim", starts), ["profile"]);
    // The action that the model names tells creations apart.
    check(
        "splunk=cim",
        r#"DeviceFileEvents | where ActionType == "FileCreated" and FileName == "a""#,
        r#"exact: tag=endpoint tag=filesystem action=created action="created" file_name="a" | where action="created" AND file_name="a""#,
    );
    // Where nothing but the source is asked for, nothing is left of the rule.
    check("splunk=cim", "DeviceProcessEvents | where ActionType == 'ProcessCreated'", "unsupported");
}

#[test]
fn a_field_that_an_add_on_fills_with_something_else_is_none() {
    // That of Defender has the tenant in `dest`, and the file's name in `original_file_name`.
    for test in [r#"DeviceName == "a""#, r#"ProcessVersionInfoOriginalFileName == "a""#, r#"SHA256 == "a""#] {
        let kql = format!(r#"DeviceProcessEvents | where {test} and FileName == "b""#);
        let expected = r#"broader: tag=process tag=report process_name="b" | where process_name="b""#;
        check("splunk=cim", &kql, expected);
        assert_eq!(causes("splunk=cim", &kql), ["profile"]);
    }
}

#[test]
fn ecs_asks_elastic_defend() {
    let starts = r#"DeviceProcessEvents | where ProcessCommandLine has "x" and AccountSid == "S-1-5-18""#;
    check(
        "eql=ecs",
        starts,
        r#"exact: process where event.type == "start" and process.command_line regex~ "(.*[^A-Za-z0-9])?x([^A-Za-z0-9].*)?" and user.id == "S-1-5-18""#,
    );
    // `event.type` is a list, of which a comparison knows nothing.
    check(
        "esql=ecs",
        r#"DeviceProcessEvents | where FileName == "a""#,
        r#"exact: FROM logs-endpoint.events.process-* | WHERE MV_CONCAT(event.type, " ") LIKE "*start*" AND process.name == "a""#,
    );
    // Elastic Defend records more of files than Defender does.
    let events = |test: &str| format!(r#"DeviceFileEvents | where {test} and FileName == "a""#);
    check(
        "esql=ecs",
        &events("ActionType == 'FileRenamed'"),
        r#"exact: FROM logs-endpoint.events.file-* | WHERE event.action == "rename" AND file.name == "a""#,
    );
    check("esql=ecs", &events("true"), r#"broader: FROM logs-endpoint.events.file-* | WHERE file.name == "a""#);
    // A hash that its policy leaves out unless asked is no mapping.
    assert_eq!(causes("eql=ecs", r#"DeviceProcessEvents | where SHA1 == "a" and FileName == "b""#), ["profile"]);
}

#[test]
fn another_vocabulary_answers_in_other_letters_and_says_so() {
    // Defender has the account in lower case, Windows as it was created: it is asked for in any case.
    let kql = r#"DeviceProcessEvents | where AccountName == "system" and FileName == "a""#;
    check(
        "eql=windows",
        kql,
        r#"broader: process where winlog.channel == "Microsoft-Windows-Sysmon/Operational" and event.code == "1" and user.name : "system" and process.name == "a""#,
    );
    assert_eq!(causes("eql=windows", kql), ["profile"]);
    let kql = kql.replace("AccountName ==", "AccountName !=");
    let (target, profile) = ("eql", "windows");
    assert_eq!(emit(&Crosswalk::builtin(), target, profile, &kql).verdict().word(), "narrower");
}

#[test]
fn a_union_may_ask_each_table_in_its_own_words() {
    let kql = r#"union (DeviceProcessEvents | where FileName == "a" | project DeviceName), (SecurityEvent | where EventID == 4688 and CommandLine == "b" | project DeviceName = Computer)"#;
    let emission = emit(&Crosswalk::builtin(), "splunk", "cim", kql);
    let sources: Vec<&str> = emission
        .findings
        .assumptions
        .iter()
        .filter(|assumption| assumption.kind == AssumptionKind::Coverage)
        .map(|assumption| assumption.text.as_str())
        .collect();
    assert!(sources.iter().any(|text| text.contains("`tag=process tag=report`")), "{sources:?}");
    assert!(sources.iter().any(|text| text.contains("XmlWinEventLog:Security")), "{sources:?}");
}

#[test]
fn a_site_writes_its_own_fields_in_every_profile() {
    let mut crosswalk = Crosswalk::builtin();
    crosswalk.map("DeviceProcessEvents.DeviceName=splunk:host_of_ours").unwrap();
    for profile in ["raw", "cim", "windows"] {
        let emission = emit(
            &crosswalk,
            "splunk",
            profile,
            r#"DeviceProcessEvents | where DeviceName == "a" and FileName == "b""#,
        );
        assert!(shown(&emission).contains(r#"host_of_ours="a""#), "{profile}: {}", shown(&emission));
    }
}
