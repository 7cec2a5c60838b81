use super::*;

fn input(relative: &str, content: &str) -> Input {
    let language = if relative.ends_with(".kql") { Language::Kql } else { Language::Yaml };
    let (relative, bytes) = (relative.to_owned(), content.as_bytes().to_vec());
    Input { label: format!("rules/{relative}"), relative, language, bytes }
}

fn rule(name: &str, query: &str) -> String {
    format!("id: {name}\nname: {name}\ntactics:\n  - Execution\nquery: |\n  {query}\n")
}

fn bundle(inputs: &[Input]) -> Bundle {
    build(inputs, &Settings::default()).unwrap()
}

const QUERY: &str = "DeviceProcessEvents | where ProcessCommandLine contains 'x'";

#[test]
fn files_are_the_artifacts_the_manifest_and_the_report() {
    let made = bundle(&[input("b/a.yaml", &rule("one", QUERY))]);
    assert!(made.files.contains_key("sentinel/b/a.json"));
    let entries = made.manifest.rules[0].artifacts.iter();
    let mut paths: Vec<String> = entries.filter_map(|entry| entry.path.clone()).collect();
    paths.extend(["manifest.json".to_owned(), "report.md".to_owned()]);
    paths.sort();
    assert_eq!(made.files.keys().cloned().collect::<Vec<_>>(), paths);
}

#[test]
fn the_manifest_describes_the_files() {
    let made = bundle(&[input("a.yaml", &rule("one", QUERY))]);
    for entry in &made.manifest.rules[0].artifacts {
        let file = entry.path.as_ref().map(|path| &made.files[path]);
        assert_eq!(entry.bytes, file.map(Vec::len));
        assert_eq!(entry.sha256, file.map(|file| hash::sha256(file)));
    }
    let written: serde_json::Value = serde_json::from_slice(&made.files["manifest.json"]).unwrap();
    assert_eq!(written, serde_json::to_value(&made.manifest).unwrap());
}

#[test]
fn the_order_of_inputs_does_not_count() {
    let inputs = ["c.yaml", "a.yaml", "b/z.yaml"].map(|path| input(path, &rule("one", QUERY)));
    let mut reversed = inputs.clone();
    reversed.reverse();
    assert_eq!(bundle(&inputs).files, bundle(&reversed).files);
    let paths: Vec<String> = bundle(&inputs).manifest.rules.iter().map(|rule| rule.path.clone()).collect();
    assert_eq!(paths, ["a.yaml", "b/z.yaml", "c.yaml"]);
}

#[test]
fn one_logic_has_one_hash() {
    let hash = |query: &str| bundle(&[input("q.kql", query)]).manifest.rules[0].logic_sha256.clone().unwrap();
    let one = hash("DeviceProcessEvents | where ProcessId == 1 and FileName == 'x' // why");
    assert_eq!(one, hash("DeviceProcessEvents\n| where (ProcessId == 1) and (FileName == \"x\")"));
    assert_eq!(one, hash("let n = 1; DeviceProcessEvents | where ProcessId == n and FileName == 'x'"));
    assert_ne!(one, hash("DeviceProcessEvents | where ProcessId == 1 and FileName =~ 'x'"));
}

#[test]
fn verdicts_are_counted_by_target() {
    let made = bundle(&[
        input("a.yaml", &rule("one", QUERY)),
        input("b.yaml", &rule("two", "NoSuchTable | where A == 'x'")),
        input("c.yaml", &rule("three", "DeviceProcessEvents | where")),
    ]);
    let summary = &made.manifest.summary;
    assert_eq!((summary.rules, summary.ok, summary.error), (3, 2, 1));
    assert_eq!(summary.targets["sentinel"].mapped["exact"], 2);
    for (target, counts) in &summary.targets {
        let total: usize = counts.mapped.values().chain(counts.native.values()).sum();
        assert_eq!(total, 2, "{target}");
    }
}

#[test]
fn a_broken_rule_is_in_manifest_and_report() {
    let made = bundle(&[input("c.yaml", &rule("three", "DeviceProcessEvents | where"))]);
    let entry = &made.manifest.rules[0];
    assert_eq!((entry.status, &entry.logic_sha256, entry.artifacts.len()), ("error", &None, 0));
    let report = String::from_utf8(made.files["report.md"].clone()).unwrap();
    assert!(report.contains("## Broken rules\n\n### three\n\nc.yaml\n\n- 6:"), "{report}");
}

#[test]
fn what_may_miss_events_is_reported_first() {
    let made = bundle(&[
        input("a.yaml", &rule("one", QUERY)),
        input("b.yaml", &rule("two", "NoSuchTable | where A == 'x'")),
    ]);
    let report = String::from_utf8(made.files["report.md"].clone()).unwrap();
    let words = ["approximate", "narrower", "broader", "unsupported", "exact"];
    let order: Vec<usize> = report
        .lines()
        .filter(|line| line.starts_with("### "))
        .map(|line| words.iter().position(|word| line.ends_with(word)).unwrap())
        .collect();
    assert!(order.is_sorted(), "{report}");
    assert!(!order.is_empty());
}

#[test]
fn files_that_are_no_rules_are_left_out() {
    let made = bundle(&[input("a.yaml", "key: value\n")]);
    assert!(matches!(made.compiled[0].outcome, Outcome::NotARule(_)));
    assert_eq!(made.manifest.rules, []);
}

#[test]
fn tables_of_the_report_have_as_many_cells_as_columns() {
    let made = bundle(&[input("a.yaml", &rule("o|n|e", QUERY))]);
    let report = String::from_utf8(made.files["report.md"].clone()).unwrap();
    for table in report.split("\n\n").filter(|part| part.starts_with('|')) {
        let cells: Vec<usize> = table.lines().map(|line| line.replace("\\|", "").matches('|').count()).collect();
        assert!(cells.iter().all(|count| *count == cells[0]), "{table}");
    }
}
