//! A rule in YAML, the deployment template made of it, and the rule read from that template: the same rule, field by
//! field, in everything that both can say.
//!
//! Over our own rules always; over published rules, and over the resources that Microsoft's packaging tool made of
//! published rules, where `SIEMAPHORE_SHARED` says where they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Map, Value, json};
use siemaphore::backend::{self, Options};
use siemaphore::crosswalk::Crosswalk;
use siemaphore::rule::{self, Alerts, Loaded, Rule, RuleKind, Spanned};
use siemaphore::template::Templates;
use siemaphore::{kql, lower};

fn main() -> ExitCode {
    let own = through_our_template("our rules", &Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"), 1);
    let Some(folder) = std::env::var_os("SIEMAPHORE_SHARED").map(PathBuf::from) else {
        eprintln!("round trip: SKIPPED over published rules: SIEMAPHORE_SHARED names no folder of rules");
        return if own { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    };
    let published = through_our_template("published rules", &folder.join("data/corpus/yaml"), 200);
    let packaged = in_their_packages(&folder.join("data/arm-pairs"));
    if own && published && packaged { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// YAML to our own artifact and back, for every rule that compiles; there have to be this many.
fn through_our_template(what: &str, folder: &Path, at_least: usize) -> bool {
    let (crosswalk, templates) = (Crosswalk::builtin(), Templates::builtin());
    let sentinel = backend::ALL.iter().find(|backend| backend.target().name == "sentinel").expect("it is a target");
    let options = Options {
        crosswalk: &crosswalk,
        profile: sentinel.target().profiles[0].name,
        native_names: false,
        index: None,
        templates: &templates,
    };
    let (mut count, mut differences) = (0, Vec::new());
    for path in files(folder) {
        let Some(rule) = yaml_rule(&path) else { continue };
        let parsed = kql::parse(&rule.query.value);
        if !parsed.errors.is_empty() {
            continue;
        }
        let Some(detection) = lower::lower(&rule, &parsed.query, &crosswalk).detection else { continue };
        let emission = sentinel.emit(&detection, &options).expect("built-in templates render");
        let artifact = emission.artifact.expect("the Sentinel target carries every rule").text;
        count += 1;
        let mut expected = held(&rule);
        said_by_template(&mut expected);
        compare(&path, &expected, &read_back(artifact.as_bytes()), &mut differences);
    }
    report(what, count, &differences) && count >= at_least
}

/// Rules and the resources made of them by Microsoft's packaging tool.
fn in_their_packages(folder: &Path) -> bool {
    let (mut count, mut differences) = (0, Vec::new());
    for path in files(folder) {
        let made = path.with_extension("expected.json");
        if path.extension().is_none_or(|extension| extension != "yaml") || !made.exists() {
            continue;
        }
        // Rules with values that no template can hold (`severity: Hight`) are refused as YAML.
        let Some(rule) = yaml_rule(&path) else { continue };
        let is_hunting = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("HQ_"));
        if is_hunting && rule.kind != RuleKind::Hunting {
            println!(
                "round trip, packaged rules: {} was packaged as a hunting query, against its kind",
                path.display()
            );
            continue;
        }
        count += 1;
        let mut expected = held(&rule);
        said_by_template(&mut expected);
        let mut found = read_back(&fs::read(&made).expect("a file that is listed can be read"));
        // The names of their resources are computed at deployment.
        let mut ignored = vec!["id"];
        // The tool always writes an hour and off, whatever the rule says.
        ignored.push("suppression");
        // In 2022 it left techniques out of analytics rules.
        if path.components().any(|part| part.as_os_str() == "fork2022") {
            ignored.push("techniques");
        }
        // White space at the end of a line of the query may be lost in packages.
        for side in [&mut expected, &mut found] {
            for key in &ignored {
                side.remove(*key);
            }
            // The tool's own tables have no order.
            if let Some(Value::Array(details)) = side.get_mut("custom details") {
                details.sort_by_key(ToString::to_string);
            }
            if let Some(Value::String(query)) = side.get_mut("query") {
                *query = query.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned();
            }
        }
        compare(&path, &expected, &found, &mut differences);
    }
    report("packaged rules", count, &differences) && count > 0
}

fn report(what: &str, count: usize, differences: &[String]) -> bool {
    println!("round trip, {what}: {count} rules read back, {} differences", differences.len());
    for difference in differences {
        println!("  {difference}");
    }
    differences.is_empty()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut pending) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of rules can be read") {
            let path = entry.expect("an entry of a folder").path();
            if path.is_dir() { pending.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

fn yaml_rule(path: &Path) -> Option<Rule> {
    if path.extension().is_none_or(|extension| extension != "yaml" && extension != "yml") {
        return None;
    }
    match rule::load("rule", &fs::read(path).expect("a file that is listed can be read")) {
        Loaded::Rule { rule, .. } => Some(*rule),
        Loaded::NotARule { .. } | Loaded::Broken { .. } => None,
    }
}

/// What a template says; of one that is not one rule, why not.
fn read_back(template: &[u8]) -> Map<String, Value> {
    let mut parts = rule::load_arm("template.json", template);
    match parts.pop().map(|part| part.loaded) {
        Some(Loaded::Rule { rule, .. }) if parts.is_empty() => held(&rule),
        other => Map::from_iter([("not one rule".to_owned(), json!(format!("{other:?}")))]),
    }
}

fn compare(path: &Path, expected: &Map<String, Value>, found: &Map<String, Value>, into: &mut Vec<String>) {
    let keys: Vec<&String> = expected.keys().chain(found.keys().filter(|key| !expected.contains_key(*key))).collect();
    for key in keys {
        if expected.get(key) != found.get(key) {
            let name = path.file_name().unwrap_or_default().display();
            let [expected, found] = [expected.get(key), found.get(key)];
            into.push(format!("{name}: {key}: expected {expected:?}, found {found:?}"));
        }
    }
}

fn texts(list: &[Spanned<String>]) -> Vec<&str> {
    list.iter().map(|item| item.value.as_str()).collect()
}

fn optional(text: &Option<Spanned<String>>) -> Option<&str> {
    text.as_ref().map(|text| text.value.as_str()).filter(|text| !text.is_empty())
}

fn pairs(pairs: &[(Spanned<String>, Spanned<String>)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(key, value)| (key.value.as_str(), value.value.as_str())).collect()
}

/// All of a rule that a template can say, as it stands.
fn held(rule: &Rule) -> Map<String, Value> {
    let mut all = Map::new();
    let mut put = |key: &str, value: Value| all.insert(key.to_owned(), value);
    put("id", json!(rule.id.value));
    put("name", json!(rule.name.value));
    put("description", json!(optional(&rule.description)));
    put("query", json!(rule.query.value));
    put("tactics", json!(texts(&rule.tactics)));
    // A template lists techniques and sub-techniques apart, and a technique for every sub-technique.
    let mut parents: Vec<&str> =
        rule.techniques.iter().map(|one| one.value.split('.').next().unwrap_or_default()).collect();
    let mut subs: Vec<&str> = texts(&rule.techniques).into_iter().filter(|one| one.contains('.')).collect();
    for list in [&mut parents, &mut subs] {
        list.sort_unstable();
        list.dedup();
    }
    put("techniques", json!([parents, subs]));
    let (kind, schedule) = match &rule.kind {
        RuleKind::Hunting => ("hunting", Value::Null),
        RuleKind::NearRealTime => ("NRT", Value::Null),
        RuleKind::Scheduled(schedule) => (
            "scheduled",
            json!([
                schedule.frequency.value.ticks,
                schedule.period.value.ticks,
                format!("{:?}", schedule.operator.value),
                schedule.threshold.value
            ]),
        ),
    };
    put("kind", json!(kind));
    put("schedule", schedule);
    put("severity", json!(rule.severity.as_ref().map(|severity| format!("{:?}", severity.value))));
    alerts(&rule.alerts, &mut all);
    all
}

fn alerts(alerts: &Alerts, all: &mut Map<String, Value>) {
    let mut put = |key: &str, value: Value| all.insert(key.to_owned(), value);
    let entities: Vec<_> = alerts
        .entity_mappings
        .iter()
        .map(|mapping| (mapping.entity_type.value.as_str(), pairs(&mapping.field_mappings)))
        .collect();
    put("entities", json!(entities));
    put("sentinel entities", json!(texts(&alerts.sentinel_entities_mappings)));
    put("custom details", json!(pairs(&alerts.custom_details)));
    let details = alerts.details_override.clone().unwrap_or_default();
    put(
        "alert details",
        json!([
            optional(&details.display_name_format),
            optional(&details.description_format),
            optional(&details.severity_column),
            optional(&details.tactics_column),
            pairs(&details.dynamic_properties)
        ]),
    );
    put("event grouping", json!(alerts.event_grouping.as_ref().map(|kind| format!("{:?}", kind.value))));
    let incident = alerts.incident.as_ref().map(|incident| {
        let grouping = incident.grouping.as_ref().map(|grouping| {
            json!([
                grouping.enabled,
                grouping.reopen_closed_incident,
                grouping.lookback.value.ticks,
                grouping.matching_method.value.name(),
                texts(&grouping.by_entities),
                texts(&grouping.by_alert_details),
                texts(&grouping.by_custom_details)
            ])
        });
        json!([incident.create, grouping])
    });
    put("incident", json!(incident));
    let duration = alerts.suppression_duration.as_ref().map(|duration| duration.value.ticks);
    put("suppression", json!([duration, alerts.suppression_enabled.as_ref().map(|enabled| enabled.value)]));
}

/// What a template says of a rule that leaves it open, and what it cannot say.
fn said_by_template(held: &mut Map<String, Value>) {
    const HOUR: i64 = 36_000_000_000;
    let is_hunting = held["kind"] == json!("hunting");
    // The resource's name is a UUID.
    let id = held["id"].as_str().unwrap_or_default().to_owned();
    let id =
        uuid::Uuid::parse_str(&id).unwrap_or_else(|_| uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, id.as_bytes()));
    held.insert("id".to_owned(), json!(id.to_string()));
    // Packages drop the quotes that many descriptions stand in inside of a block.
    if let Some(description) = held["description"].as_str() {
        let description = if is_hunting {
            let text = description.trim();
            let text = text.strip_prefix('\'').unwrap_or(text);
            text.strip_suffix('\'').unwrap_or(text)
        } else {
            let text = description.trim_end();
            match text.chars().next() {
                Some('\'' | '"') => &text[1..text.len() - text.chars().next_back().map_or(0, char::len_utf8)],
                _ => text,
            }
        };
        let description = Some(description.to_owned()).filter(|text| !text.is_empty());
        held.insert("description".to_owned(), json!(description));
    }
    if is_hunting {
        held.insert("severity".to_owned(), Value::Null);
        for key in ["entities", "sentinel entities", "custom details"] {
            held.insert(key.to_owned(), json!([]));
        }
        held.insert("alert details".to_owned(), json!([null, null, null, null, []]));
        for key in ["event grouping", "incident"] {
            held.insert(key.to_owned(), Value::Null);
        }
        held.insert("suppression".to_owned(), json!([null, null]));
        return;
    }
    if held["severity"].is_null() {
        held.insert("severity".to_owned(), json!("Medium"));
    }
    // Both are required; one alone goes with five hours, or off.
    let given = held["suppression"].clone();
    let duration = match (given[0].as_i64(), given[1].as_bool()) {
        (Some(duration), _) => duration,
        (None, Some(_)) => 5 * HOUR,
        (None, None) => HOUR,
    };
    held.insert("suppression".to_owned(), json!([duration, given[1].as_bool().unwrap_or(false)]));
    if let Some(entities) = held["entities"].as_array() {
        let kept: Vec<Value> = entities.iter().filter(|entity| entity[1] != json!([])).cloned().collect();
        held.insert("entities".to_owned(), json!(kept));
    }
}
