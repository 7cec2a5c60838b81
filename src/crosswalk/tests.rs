//! Tests of the data and of the questions asked of it.

use super::*;
use crate::crosswalk::map::is_field_name;

fn builtin() -> Crosswalk {
    Crosswalk::builtin()
}

#[test]
fn every_embedded_file_reads_and_is_named_after_its_table() {
    for (name, builtin) in builtin::tables() {
        let file: Result<file::TableFile, _> = crate::yaml::from_data(builtin.text());
        match file {
            Ok(file) => assert_eq!(file.table().name, name),
            Err(error) => panic!("crosswalk/{name}.yaml:{}:{}: {error}", error.line, error.column),
        }
    }
}

#[test]
fn every_file_under_crosswalk_is_embedded() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/crosswalk");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".yaml").map(str::to_owned))
        .collect();
    files.sort();
    assert_eq!(files, builtin().names().collect::<Vec<_>>());
}

#[test]
fn every_field_can_be_quoted_and_every_path_leads_somewhere() {
    for table in builtin().tables() {
        for (name, column) in &table.columns {
            for field in column.fields.values() {
                assert!(is_field_name(&field.name), "{}.{name}: {}", table.name, field.name);
            }
            for (steps, fields) in &column.paths {
                assert!(!steps.is_empty() && !fields.is_empty(), "{}.{name}", table.name);
            }
        }
    }
}

#[test]
fn every_column_named_by_a_table_is_one_of_its_columns() {
    for table in builtin().tables() {
        for clock in &table.clock {
            assert!(table.columns.contains_key(clock), "{}: {clock}", table.name);
        }
        for route in table.sources.values().flatten() {
            for column in route.holds.iter().map(|(column, _)| column).chain(route.fields.keys()) {
                assert!(table.columns.contains_key(column), "{}: {column}", table.name);
            }
        }
    }
}

/// Asks for the route of a condition that allows these values.
fn route_of(table: &str, vocabulary: Vocabulary, allowed: &[(&str, &[&str])]) -> String {
    let crosswalk = builtin();
    let table = crosswalk.table(table).unwrap();
    let allowed = |column: &str| {
        let (_, values) = allowed.iter().find(|(name, _)| *name == column)?;
        Some(values.iter().map(|value| (*value).to_owned()).collect())
    };
    let Some(routed) = table.route(vocabulary, &allowed) else { return "none".to_owned() };
    let source = match routed.source() {
        Source::Sigma { logsource, conditions, .. } => {
            let mut words: Vec<String> = logsource.iter().map(|(_, value)| value.clone()).collect();
            words.extend(conditions.iter().map(|(field, values)| format!("{field}={}", values.join(","))));
            words.join(" ")
        }
        Source::Splunk { search } => search.clone(),
        Source::Elastic { category, .. } => category.clone().unwrap_or_else(|| "any".to_owned()),
    };
    match routed.covers {
        Covers::All => source,
        Covers::Only { column, values } => format!("{source} only {column}={}", values.join(",")),
    }
}

#[test]
fn a_source_for_the_whole_table_needs_no_condition() {
    assert_eq!(route_of("DeviceProcessEvents", Vocabulary::Sigma, &[]), "windows process_creation");
    assert_eq!(route_of("SecurityEvent", Vocabulary::Sigma, &[]), "windows security");
}

#[test]
fn a_source_made_for_the_allowed_values_goes_before_the_general_one() {
    assert_eq!(route_of("SecurityEvent", Vocabulary::Elastic, &[("EventID", &["4688"])]), "process");
    assert_eq!(route_of("SecurityEvent", Vocabulary::Elastic, &[("EventID", &["4688", "4624"])]), "any");
    assert_eq!(route_of("SecurityEvent", Vocabulary::Elastic, &[("EventID", &["4625"])]), "authentication");
}

#[test]
fn a_field_of_one_source_goes_before_the_field_of_the_table() {
    let crosswalk = builtin();
    let table = crosswalk.table("SecurityEvent").unwrap();
    let name = |allowed: &dyn Fn(&str) -> Option<Vec<String>>| {
        let routed = table.route(Vocabulary::Elastic, allowed).unwrap();
        routed.field("NewProcessName", &[]).map(|field| field.name.clone())
    };
    let creation = |column: &str| (column == "EventID").then(|| vec!["4688".to_owned()]);
    assert_eq!(name(&creation), Some("process.executable".to_owned()));
    assert_eq!(name(&|_| None), None);
}

#[test]
fn builtin_tables_are_read_once_for_all_crosswalks() {
    let one = builtin();
    let other = builtin();
    assert!(std::ptr::eq(one.table("SigninLogs").unwrap(), other.table("SigninLogs").unwrap()));
}

#[test]
fn a_mapping_of_low_confidence_is_not_given() {
    let crosswalk = builtin();
    let table = crosswalk.table("DeviceProcessEvents").unwrap();
    let column = &table.columns["InitiatingProcessParentFileName"];
    assert_eq!(column.fields[&Vocabulary::Sigma].confidence, Confidence::Low);
    assert_eq!(table.field(Vocabulary::Sigma, "InitiatingProcessParentFileName", &[]), None);
}

#[test]
fn a_site_extends_a_table_without_losing_the_rest() {
    let mut crosswalk = builtin();
    let text = "table: SigninLogs\ncolumns:\n  Site_s: {type: string, splunk: site}\n  AppId: {type: string, sigma: \
                {field: appid, confidence: high}}\n";
    crosswalk.extend_from(text).unwrap();
    let table = crosswalk.table("SigninLogs").unwrap();
    assert_eq!(table.field(Vocabulary::Splunk, "Site_s", &[]).unwrap().name, "site");
    assert_eq!(table.field(Vocabulary::Sigma, "AppId", &[]).unwrap().name, "appid");
    assert!(table.field(Vocabulary::Elastic, "AppId", &[]).is_some());
    assert!(table.source(Vocabulary::Sigma).is_some());
}

#[test]
fn a_mapping_from_the_command_line_may_name_a_new_table_and_a_path() {
    let mut crosswalk = builtin();
    crosswalk.map("Own_CL.Data.user[0].name=splunk:user_name").unwrap();
    let table = crosswalk.table("Own_CL").unwrap();
    let steps = [Step::Key("user".to_owned()), Step::Index(0), Step::Key("name".to_owned())];
    let field = table.field(Vocabulary::Splunk, "Data", &steps).unwrap();
    assert_eq!((field.name.as_str(), field.confidence), ("user_name", Confidence::High));
    assert!(table.open);
}

#[test]
fn the_user_s_word_goes_before_what_one_source_holds_otherwise() {
    let creation = |column: &str| (column == "EventID").then(|| vec!["4688".to_owned()]);
    let name = |crosswalk: &Crosswalk| {
        let routed = crosswalk.table("SecurityEvent").unwrap().route(Vocabulary::Elastic, &creation).unwrap();
        routed.field("CommandLine", &[]).unwrap().name.clone()
    };
    let mut mapped = builtin();
    mapped.map("SecurityEvent.CommandLine=eql:own.line").unwrap();
    assert_eq!(name(&mapped), "own.line");
    let mut extended = builtin();
    let text = "table: SecurityEvent\ncolumns:\n  CommandLine: {elastic: {field: site.line, confidence: high}}\n";
    extended.extend_from(text).unwrap();
    assert_eq!(name(&extended), "site.line");
    assert_eq!(name(&builtin()), "process.command_line");
}

#[test]
fn a_mapped_field_has_the_kind_of_its_column() {
    let mut crosswalk = builtin();
    crosswalk.map("SecurityEvent.EventID=esql:own.id").unwrap();
    crosswalk.map("DeviceFileCertificateInfo.IsSigned=splunk:signed").unwrap();
    let field = |table: &str, vocabulary, column: &str| {
        let field = crosswalk.table(table).unwrap().field(vocabulary, column, &[]).unwrap();
        (field.kind, field.form.clone())
    };
    assert_eq!(field("SecurityEvent", Vocabulary::Elastic, "EventID"), (FieldKind::Long, Form::Same));
    let signed = field("DeviceFileCertificateInfo", Vocabulary::Splunk, "IsSigned");
    assert_eq!(signed, (FieldKind::Keyword, Form::Text));
}

#[track_caller]
fn check_map_error(spec: &str, message: &str) {
    assert_eq!(builtin().map(spec).unwrap_err().to_string(), message);
}

#[test]
fn a_mapping_that_is_not_one_is_refused() {
    check_map_error("Table=sigma:x", "expected `Table.Column=TARGET:field`, found `Table=sigma:x`");
    check_map_error(
        "T.C=kibana:x",
        "unknown target `kibana` in a mapping: expected `sigma`, `splunk`, `eql` or `esql`",
    );
    check_map_error("T.C=sigma:a|b", "`a|b` cannot be the name of a field");
    check_map_error("T.C[x]=sigma:a", "expected a number in brackets in the path `[x]`");
}

#[track_caller]
fn check_file_error(text: &str, line: usize, part: &str) {
    let error = builtin().extend_from(text).unwrap_err();
    assert!(error.message.contains(part), "{}", error.message);
    assert_eq!(error.line, line, "{}", error.message);
}

#[test]
fn a_file_error_names_its_line() {
    check_file_error("table: T\ncolumns:\n  A: text\n", 3, "`text` is not a type");
    check_file_error("table: T\ncolumns:\n  A:\n    type: string\n    sigma: 'a|b'\n", 5, "cannot be the name");
    check_file_error("table: T\ncolour: red\n", 2, "colour");
    check_file_error("table: T\ncolumns:\n  A:\n    sigma: {field: a, form: upper}\n", 4, "`upper` is not a form");
}

#[test]
fn the_conditions_of_a_rule_choose_among_sources_that_hold_parts_of_a_table() {
    let files = "DeviceFileEvents";
    let sigma = Vocabulary::Sigma;
    assert_eq!(route_of(files, sigma, &[("ActionType", &["FileCreated"])]), "windows file_event");
    assert_eq!(route_of(files, sigma, &[("ActionType", &["filedeleted"])]), "windows file_delete");
    assert_eq!(route_of(files, sigma, &[]), "windows file_event only ActionType=FileCreated");
    let some = [("ActionType", &["FileModified", "FileRenamed"][..])];
    assert_eq!(route_of(files, sigma, &some), "windows file_rename only ActionType=FileRenamed");
    assert_eq!(route_of(files, sigma, &[("ActionType", &["FileModified"])]), "none");
    assert_eq!(route_of(files, sigma, &[("ActionType", &[])]), "windows file_event only ActionType=FileCreated");
    let registry = [("ActionType", &["RegistryKeyDeleted", "RegistryValueDeleted"][..])];
    assert_eq!(route_of("DeviceRegistryEvents", sigma, &registry), "windows registry_delete");
    assert_eq!(route_of("DeviceRegistryEvents", sigma, &[]), "windows registry_event");
    assert_eq!(
        route_of("DeviceLogonEvents", sigma, &[("ActionType", &["LogonSuccess"])]),
        "windows security EventID=4624"
    );
    let both = [("ActionType", &["LogonSuccess", "LogonFailed"][..])];
    assert_eq!(route_of("DeviceLogonEvents", sigma, &both), "windows security EventID=4624,4625");
    assert_eq!(
        route_of("DeviceNetworkEvents", sigma, &[("ActionType", &["InboundConnectionAccepted"])]),
        "windows network_connection Initiated=false"
    );
    assert_eq!(route_of("Event", sigma, &[("Source", &["Microsoft-Windows-Sysmon"])]), "windows sysmon");
}

#[test]
fn a_column_that_chooses_the_source_is_a_constant_there() {
    let crosswalk = builtin();
    let table = crosswalk.table("DeviceFileEvents").unwrap();
    let routed = table.route(Vocabulary::Sigma, &|_| None).unwrap();
    let form = &routed.field("ActionType", &[]).unwrap().form;
    assert_eq!(*form, Form::Always { values: vec!["FileCreated".to_owned()] });
    assert_eq!(table.field(Vocabulary::Sigma, "ActionType", &[]), None);
}

#[test]
fn the_ends_of_a_connection_are_exchanged_when_it_comes_in() {
    let crosswalk = builtin();
    let table = crosswalk.table("DeviceNetworkEvents").unwrap();
    let field = |action: &str| {
        let allowed = |column: &str| (column == "ActionType").then(|| vec![action.to_owned()]);
        let routed = table.route(Vocabulary::Sigma, &allowed).unwrap();
        routed.field("RemoteIP", &[]).unwrap().name.clone()
    };
    assert_eq!(field("ConnectionSuccess"), "DestinationIp");
    assert_eq!(field("InboundConnectionAccepted"), "SourceIp");
}

#[test]
fn a_name_that_a_target_overwrites_has_a_field_only_where_the_rule_rules_that_out() {
    let crosswalk = builtin();
    let table = crosswalk.table("AWSCloudTrail").unwrap();
    let name = |kinds: &'static [&'static str]| {
        let allowed = |column: &str| {
            (column == "UserIdentityType").then(|| kinds.iter().map(|kind| (*kind).to_owned()).collect())
        };
        let routed = table.route(Vocabulary::Elastic, &allowed).unwrap();
        routed.field("UserIdentityUserName", &[]).map(|field| field.name.clone())
    };
    assert_eq!(name(&["IAMUser"]), Some("user.name".to_owned()));
    assert_eq!(name(&["IAMUser", "AssumedRole"]), None);
    assert_eq!(name(&[]), None);
}

#[test]
fn fields_that_elastic_removes_are_not_given() {
    let crosswalk = builtin();
    let table = crosswalk.table("DeviceProcessEvents").unwrap();
    let name = |column: &str| table.field(Vocabulary::Elastic, column, &[]).map(|field| field.name.as_str());
    assert_eq!(name("FileName"), Some("process.name"));
    assert_eq!(name("ProcessIntegrityLevel"), Some("m365_defender.event.process.integrity_level"));
    assert_eq!(name("FileSize"), None);
}

#[test]
fn renamed_values_are_told_apart_whatever_their_letter_case() {
    let renames = |field: &Field| match &field.form {
        Form::Renamed { values, .. } => values.clone(),
        _ => BTreeMap::new(),
    };
    for table in builtin().tables() {
        let fields = table.columns.values().flat_map(|column| column.fields.values());
        for values in
            fields.chain(table.sources.values().flatten().flat_map(|route| route.fields.values())).map(renames)
        {
            let mut stored: Vec<String> = values.values().map(|value| value.to_ascii_lowercase()).collect();
            stored.sort();
            stored.dedup();
            assert_eq!(stored.len(), values.len(), "{}", table.name);
        }
    }
}

#[test]
fn clocks_tell_time() {
    for table in builtin().tables() {
        for clock in &table.clock {
            let ty = table.columns.get(clock).map(|column| column.ty);
            assert!(ty.is_none_or(|ty| ty == Type::DateTime), "`{clock}` of {} is {ty:?}", table.name);
        }
    }
}
