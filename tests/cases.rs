//! `test`: the cases that rules carry, our own and some that do not go as they should.

use std::fs;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// A folder with files, in which the program is run.
struct Folder(TempDir);

struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn file(self, path: &str, content: impl AsRef<[u8]>) -> Folder {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = Command::cargo_bin("siemaphore").unwrap();
        let output = command.current_dir(self.0.path()).args(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("all that is said is UTF-8");
        Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

const RULE: &str = "id: 0170143d-c5b9-49c2-ad03-be86564a7855\nname: r\nquery: |\n  DeviceProcessEvents\n  \
                    | where Timestamp > ago(1d) and FileName =~ 'x.exe'\n  \
                    | summarize Count = count() by DeviceName\n";
const EVENT: &str =
    "{ $table: DeviceProcessEvents, Timestamp: 2025-12-31T12:00:00Z, FileName: X.exe, DeviceName: a }";

/// A folder with one rule and its cases, one of which begins in each line that has no indentation.
fn one(cases: &str) -> Folder {
    Folder::new().file("rules/r.yaml", RULE).file("rules/r.tests.yaml", cases.replace("EVENT", EVENT))
}

/// Runs `test` over the rule; compares the exit code, the answer and what is said.
#[track_caller]
fn check(cases: &str, code: i32, stdout: &str, stderr: &str) {
    let ended = one(cases).run(&["test", "rules"]);
    assert_eq!(ended.stdout.trim_end(), stdout.trim_matches('\n'));
    assert_eq!(ended.stderr.trim_end(), stderr.trim_matches('\n'));
    assert_eq!(ended.code, Some(code));
}

#[test]
fn our_own_rules_pass_their_cases() {
    let output =
        Command::cargo_bin("siemaphore").unwrap().args(["test", "rules", "--format", "json"]).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{answer:#}");
    assert_eq!(answer["summary"]["without_cases"], 0);
    // Each has a case that finds something and one that finds nothing.
    for rule in answer["rules"].as_array().unwrap() {
        let text = fs::read_to_string(rule["path"].as_str().unwrap().replace(".yaml", ".tests.yaml")).unwrap();
        let silent = text.matches("expect: silent").count();
        assert!((1..rule["cases"].as_array().unwrap().len()).contains(&silent), "{}", rule["path"]);
    }
}

#[test]
fn cases_pass() {
    check(
        "now: 2026-01-01\ncases:\n- name: in any letter case\n  events: [EVENT]\n  expect: fires\n\
         - name: later\n  now: 2026-01-02\n  events: [EVENT]\n  expect: silent\n\
         - name: rows in any order\n  events: [EVENT, EVENT, { <<: EVENT, DeviceName: b }]\n\
        \x20 expect: [{ DeviceName: b, Count: 1 }, { Count: 2.0 }]\n- name: none\n  events: []\n  expect: []\n",
        0,
        "
passed rules/r.tests.yaml:3: in any letter case
passed rules/r.tests.yaml:6: later
passed rules/r.tests.yaml:10: rows in any order
passed rules/r.tests.yaml:13: none",
        "1 rule: 4 cases, 4 passed",
    );
}

#[test]
fn what_goes_otherwise_is_shown() {
    check(
        "cases:\n- name: fires\n  events: []\n  expect: fires\n- name: silent\n  events: [EVENT]\n  expect: silent\n\
         - name: rows\n  events: [EVENT, { <<: EVENT, DeviceName: b }]\n\
        \x20 expect: [{ DeviceName: a }, { DeviceName: c, Count: 1 }]\n\
         - name: fewer\n  events: [EVENT]\n  expect: []\n",
        1,
        r#"
failed rules/r.tests.yaml:2: fires
       the rule is silent: it fires on any row, and the answer has no row
failed rules/r.tests.yaml:5: silent
       the rule fires: it fires on any row, and the answer has 1 row
       + {"DeviceName":"a","Count":1}
failed rules/r.tests.yaml:8: rows
       expected 2 rows, found 2 rows
       - {"DeviceName":"c","Count":1}
       + {"DeviceName":"b","Count":1}
failed rules/r.tests.yaml:11: fewer
       expected no row, found 1 row
       + {"DeviceName":"a","Count":1}"#,
        "1 rule: 4 cases, 0 passed, 4 failed",
    );
}

#[test]
fn the_trigger_decides_what_fires() {
    let schedule = "kind: Scheduled\nseverity: Low\nqueryFrequency: 1h\nqueryPeriod: 1d\ntriggerOperator: lt\n\
                    triggerThreshold: 2\n";
    let cases = "cases:\n- { name: one, events: [EVENT], expect: fires }\n\
                 - { name: two, events: [EVENT, { <<: EVENT, DeviceName: b }], expect: fires }\n";
    let folder = one(cases).file("rules/r.yaml", format!("{RULE}{schedule}"));
    let ended = folder.run(&["-q", "test", "rules"]);
    assert_eq!(
        ended.stdout,
        "failed rules/r.tests.yaml:3: two\n       the rule is silent: it fires on fewer than 2 rows, and the answer \
         has 2 rows\n       + {\"DeviceName\":\"a\",\"Count\":1}\n       + {\"DeviceName\":\"b\",\"Count\":1}\n"
    );
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), ""));
}

#[test]
fn lists_stand_beside_events() {
    let rule = "id: a\nname: r\nquery: |\n  _GetWatchlist('vip') | project SearchKey\ntactics: [Impact]\n";
    let cases = "lists:\n  vip.csv: |\n    SearchKey\n    ana\ncases:\n- { name: shared, events: [], expect: \
                 [{ SearchKey: ana }] }\n- name: own\n  events: []\n  lists: { vip.csv: \"SearchKey\\nben\\n\" }\n  \
                 expect: [{ SearchKey: ben }]\n";
    let folder = one(cases).file("rules/r.yaml", rule);
    let ended = folder.run(&["test", "rules"]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let ended = one("cases:\n- { name: none, events: [], expect: silent }\n")
        .file("rules/r.yaml", rule)
        .run(&["test", "rules", "--format", "json"]);
    let answer: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(ended.code, Some(1));
    assert_eq!(answer["rules"][0]["cases"][0]["status"], "error");
    assert_eq!(answer["rules"][0]["diagnostics"][0]["code"], "FID0022");
    assert_eq!(answer["rules"][0]["diagnostics"][0]["file"], "rules/r.yaml");
}

#[test]
fn mistakes_in_cases_are_located() {
    check(
        "now: soon\nlist: {}\ncases:\n- name: one\n  event: []\n  expect: fire\n- name: two\n  events: [FileName]\n  \
         expect: { Count: 1 }\n- events: [{ FileName: x }, { $table: 7 }]\n  expect: silent\n",
        1,
        "",
        "
error[YML0104]: `now` has to be a time, found `soon`
 --> rules/r.tests.yaml:1:6
  |
1 | now: soon
  |      ^^^^
  |
  = help: write it like `2026-01-01T00:00:00Z`
error[YML0201]: there is no key `list`
 --> rules/r.tests.yaml:2:1
  |
2 | list: {}
  | ^^^^
  |
  = help: write `lists`
error[YML0103]: the key `cases[0].events` is missing
 --> rules/r.tests.yaml:4:3
  |
4 | - name: one
  |   ^^^^
error[YML0201]: there is no key `cases[0].event`
 --> rules/r.tests.yaml:5:3
  |
5 |   event: []
  |   ^^^^^
  |
  = help: write `events`
error[YML0104]: `cases[0].expect` cannot be `fire`
 --> rules/r.tests.yaml:6:11
  |
6 |   expect: fire
  |           ^^^^
  |
  = help: write `fires`, `silent`, or a list of rows, each with columns and their values
error[YML0104]: `cases[1].events[0]` has to be a mapping, found a text
 --> rules/r.tests.yaml:8:12
  |
8 |   events: [FileName]
  |            ^^^^^^^^
error[YML0104]: `cases[1].expect` has to be a word or a list, found a mapping
 --> rules/r.tests.yaml:9:3
  |
9 |   expect: { Count: 1 }
  |   ^^^^^^
  |
  = help: write `fires`, `silent`, or a list of rows, each with columns and their values
error[YML0103]: the key `cases[2].name` is missing
  --> rules/r.tests.yaml:10:3
   |
10 | - events: [{ FileName: x }, { $table: 7 }]
   |   ^^^^^^
error[YML0103]: the key `cases[2].events[0].$table` is missing
  --> rules/r.tests.yaml:10:14
   |
10 | - events: [{ FileName: x }, { $table: 7 }]
   |              ^^^^^^^^
   |
   = help: name the event's table: `$table: …`
error[YML0104]: `cases[2].events[1].$table` has to be the name of a table
  --> rules/r.tests.yaml:10:31
   |
10 | - events: [{ FileName: x }, { $table: 7 }]
   |                               ^^^^^^
1 rule, 1 broken: 0 cases, 0 passed",
    );
}

#[test]
fn a_column_that_the_answer_lacks_is_an_error_of_its_case() {
    check(
        "cases:\n- name: misspelt\n  events: [EVENT]\n  expect: [{ Devicename: a }]\n- name: left out\n  events: []\n  \
         expect: [{ AccountUpn: a }]\n- { name: well, events: [], expect: silent }\n",
        1,
        "
error  rules/r.tests.yaml:2: misspelt
       the answer has no column `Devicename`
error  rules/r.tests.yaml:5: left out
       the answer has no column `AccountUpn`
passed rules/r.tests.yaml:8: well",
        "
error[YML0203]: the answer has no column `Devicename`
 --> rules/r.tests.yaml:4:14
  |
4 |   expect: [{ Devicename: a }]
  |              ^^^^^^^^^^
  |
  = help: a similar name exists: `DeviceName`
error[YML0203]: the answer has no column `AccountUpn`
 --> rules/r.tests.yaml:7:14
  |
7 |   expect: [{ AccountUpn: a }]
  |              ^^^^^^^^^^
  |
  = help: there are `DeviceName`, `Count`
1 rule: 3 cases, 1 passed, 2 in error",
    );
}

#[test]
fn files_of_another_form_are_refused_where_they_stand() {
    for (cases, said) in [
        ("- name: x\n", "error[YML0104]: a file of cases has to be a mapping, found a list\n"),
        ("", "error[YML0104]: a file of cases has to be a mapping, found nothing\n"),
        ("cases: 1\n", "error[YML0104]: `cases` has to be a list of mappings, found a number\n"),
        ("now: 2026-01-01\n", "error[YML0103]: the key `cases` is missing\n"),
        ("cases: []\n---\ncases: []\n", "error[YML0001]: a second document begins here\n"),
        (
            "lists: []\ncases: []\n",
            "error[YML0104]: `lists` has to be a mapping of file names to texts, found a list\n",
        ),
        ("lists: { a: [] }\ncases: []\n", "error[YML0104]: `lists.a` has to be a text, found a list\n"),
        ("cases: [\n", "error[YML0001]: "),
        ("cases:\n- { name: a, name: b }\n", "error[YML0001]: the key `name` is given twice\n"),
    ] {
        let ended = one(cases).run(&["test", "rules"]);
        assert!(ended.stderr.contains(said), "{cases}: {}", ended.stderr);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{cases}");
    }
    let folder = one("").file("rules/r.tests.yaml", b"cases: \xff\n");
    assert!(folder.run(&["test", "rules"]).stderr.contains("error[YML0002]: the byte 0xff is not UTF-8\n"));
}

#[test]
fn cases_without_their_rule_are_refused() {
    let cases = "cases: []\n";
    let folder = Folder::new()
        .file("rules/gone.tests.yaml", cases)
        .file("rules/two.yaml", RULE)
        .file("rules/two.kql", "T")
        .file("rules/two.tests.yaml", cases)
        .file("rules/other.json", "{}")
        .file("rules/other.yaml", RULE)
        .file("rules/other.tests.yml", cases);
    let ended = folder.run(&["test", "rules"]);
    assert_eq!(
        ended.stderr,
        "error[YML0202]: there is no rule beside these cases\n--> rules/gone.tests.yaml\n = help: the rule's \
         file is named `gone` with `.yaml`, `.yml`, `.kql` or `.json`, and holds one rule\n\
         error[YML0202]: there are 2 rules beside these cases\n--> rules/two.tests.yaml\n = help: the rule's \
         file is named `two` with `.yaml`, `.yml`, `.kql` or `.json`, and holds one rule\n\
         3 rules, 2 broken: 0 cases, 0 passed\n"
    );
    assert_eq!(ended.code, Some(1));
}

#[test]
fn a_path_may_name_the_rule_or_its_cases() {
    let folder = one("cases:\n- { name: none, events: [], expect: silent }\n").file("rules/other.yaml", RULE);
    for path in ["rules/r.yaml", "rules/r.tests.yaml"] {
        let ended = folder.run(&["test", path]);
        assert_eq!(ended.stdout, "passed rules/r.tests.yaml:2: none\n");
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), "1 rule: 1 case, 1 passed\n"));
    }
    let ended = folder.run(&["test", "rules", "rules/r.yaml"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), "2 rules, 1 without cases: 1 case, 1 passed\n"));
    let ended = folder.run(&["test", "no-such-folder"]);
    assert!(ended.stderr.starts_with("error: cannot read `no-such-folder`: "), "{}", ended.stderr);
    assert_eq!(ended.code, Some(2));
    let ended = Folder::new().file("rules/readme.txt", "").run(&["test", "rules"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
}

#[test]
fn the_answer_in_json_has_every_rule() {
    let folder =
        one("cases:\n- { name: one, events: [EVENT], expect: fires }\n- { name: two, events: [], expect: fires }\n")
            .file("rules/bad.yaml", RULE.replace("summarize", "summarise"))
            .file("rules/bad.tests.yaml", "cases:\n- { name: three, events: [], expect: silent }\n")
            .file("rules/none.yaml", RULE);
    let ended = folder.run(&["test", "rules", "--format", "json"]);
    let answer: Value = serde_json::from_str(&ended.stdout).unwrap();
    let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["format", "rules", "summary"]);
    let case = |rule: usize, case: usize| answer["rules"][rule]["cases"][case].to_string();
    assert_eq!(case(0, 0), r#"{"name":"three","status":"error","message":"the rule is broken"}"#);
    assert_eq!(answer["rules"][1].to_string(), r#"{"path":"rules/none.yaml","cases":[],"diagnostics":[]}"#);
    assert_eq!(case(2, 0), r#"{"name":"one","status":"passed"}"#);
    let message = "the rule is silent: it fires on any row, and the answer has no row";
    assert_eq!(case(2, 1), format!(r#"{{"name":"two","status":"failed","message":"{message}"}}"#));
    assert_eq!(
        answer["summary"].to_string(),
        r#"{"rules":3,"without_cases":1,"broken":1,"cases":3,"passed":1,"failed":1,"error":1}"#
    );
    assert_eq!(ended.code, Some(1));
}

#[test]
fn what_stands_beside_a_rule_is_no_rule() {
    let folder = one("cases: []\n").file("rules/r.tuning.yaml", "exclusions: []\n");
    for arguments in [&["check", "rules"][..], &["build", "rules", "--out", "dist"]] {
        let ended = folder.run(arguments);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert!(!ended.stderr.contains("2 files") && !ended.stderr.contains("skipped,"), "{}", ended.stderr);
        assert!(!ended.stderr.contains("other file"), "{}", ended.stderr);
    }
}

#[test]
fn names_of_cases_act_on_no_terminal() {
    let folder = one("cases:\n- { name: \"a\\e[31m\\nb\", events: [], expect: silent }\n");
    assert_eq!(folder.run(&["test", "rules"]).stdout, "passed rules/r.tests.yaml:2: a\u{241b}[31m b\n");
}
