//! `check` as its users run it: its forms of answer, its exit codes, and the comments that allow.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// A run in a folder with these files.
struct Run {
    folder: TempDir,
    environment: Vec<(&'static str, String)>,
}

/// How it ended.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn with(files: &[(&str, &str)]) -> Run {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        Run { folder, environment: Vec::new() }
    }

    fn check(&self, arguments: &[&str]) -> Ended {
        self.run(&[&["check"], arguments].concat())
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = Command::cargo_bin("siemaphore").unwrap();
        command.current_dir(self.folder.path()).args(arguments);
        for name in ["GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"] {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(path)).unwrap()
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Ended {
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in: {}", self.stdout))
    }
}

fn rule(query: &str) -> String {
    let query: String = query.lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "id: 0170143d-c5b9-49c2-ad03-be86564a7855\nname: a rule\ndescription: d\ntactics:\n  - Execution\n\
         relevantTechniques:\n  - T1059\nquery: |\n{query}"
    )
}

/// Codes and lines of all that is said about a file.
#[track_caller]
fn said(name: &str, text: &str) -> Vec<(String, u64)> {
    let run = Run::with(&[(name, text)]);
    let answer = run.check(&[name, "--format", "json"]).json();
    let diagnostics = answer["files"][0]["diagnostics"].as_array().unwrap();
    diagnostics.iter().map(|one| (one["code"].as_str().unwrap().to_owned(), one["line"].as_u64().unwrap())).collect()
}

#[track_caller]
fn check_said(name: &str, text: &str, expected: &[(&str, u64)]) {
    let expected: Vec<(String, u64)> = expected.iter().map(|(code, line)| ((*code).to_owned(), *line)).collect();
    assert_eq!(said(name, text), expected, "{text}");
}

const GOOD: &str = "SigninLogs\n| where ResultType == '0'";
const BAD: &str = "SigninLogs\n| where ResultTyp == '0'";
const MALFORMED: &str = "SigninLogs\n| wher ResultType == '0'";
const OPEN: &str = "MyTable_CL\n| where strcatt(A, 'x') == 'ax'";

fn three() -> Run {
    Run::with(&[
        ("rules/a.yaml", rule(GOOD).as_str()),
        ("rules/b.yaml", rule(BAD).as_str()),
        ("rules/c.yaml", "jobs:\n  - one\n"),
    ])
}

#[test]
fn every_file_is_ok_error_or_skipped_with_a_reason() {
    let ended = three().check(&["rules", "--format", "json"]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let answer = ended.json();
    assert_eq!(answer["format"], 1);
    let files = answer["files"].as_array().unwrap();
    let statuses: Vec<(&Value, &Value)> = files.iter().map(|file| (&file["path"], &file["status"])).collect();
    assert_eq!(
        format!("{statuses:?}"),
        r#"[(String("rules/a.yaml"), String("ok")), (String("rules/b.yaml"), String("error")), (String("rules/c.yaml"), String("skipped"))]"#
    );
    assert_eq!(files[2]["reason"], "no key is one of a rule");
    assert!(files[0].get("reason").is_none());
    let expected = serde_json::json!({
        "code": "SEM0001", "severity": "error", "message": "no column `ResultTyp` in table `SigninLogs`", "file": "rules/b.yaml",
        "line": 10, "column": 11, "end_line": 10, "end_column": 20,
        "help": "a similar name exists: `ResultType`",
            "fix": "ResultType",
    });
    assert_eq!(files[1]["diagnostics"], Value::from(vec![expected]));
    assert_eq!(
        answer["summary"],
        serde_json::json!({
            "files": 3, "ok": 1, "error": 1, "skipped": 1, "errors": 1, "warnings": 0, "notes": 0
        })
    );
}

#[test]
fn exit_codes_tell_findings_from_failures() {
    for (query, code) in [(GOOD, 0), (OPEN, 0), (BAD, 1), (MALFORMED, 1)] {
        let run = Run::with(&[("a.yaml", rule(query).as_str())]);
        assert_eq!(run.check(&["a.yaml"]).code, Some(code), "{query}");
    }
    let run = three();
    assert_eq!(run.check(&["nowhere"]).code, Some(2));
    assert_eq!(run.check(&["rules", "--format", "xml"]).code, Some(2));
    assert_eq!(run.check(&["rules", "--output", "no/such/folder.json"]).code, Some(2));
    assert_eq!(run.check(&[]).code, Some(2));
}

#[test]
fn check_writes_no_file_but_its_output() {
    let run = three();
    run.check(&["rules", "--format", "sarif"]);
    let entries = || fs::read_dir(run.path()).unwrap().count();
    assert_eq!(entries(), 1);
    let printed = run.check(&["rules", "--format", "json"]).stdout;
    let ended = run.check(&["rules", "--format", "json", "--output", "out.json"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    assert_eq!(run.read("out.json"), printed);
}

#[test]
fn people_read_standard_error() {
    let run = three();
    let full = run.check(&["rules"]);
    assert_eq!(full.stdout, "");
    assert_eq!(
        full.stderr,
        "error[SEM0001]: no column `ResultTyp` in table `SigninLogs`\n  --> rules/b.yaml:10:11\n   |\n10 |   | where ResultTyp == '0'\n   |           \
         ^^^^^^^^^\n   |\n   = help: a similar name exists: `ResultType`\n\
         3 files: 1 ok, 1 broken, 1 skipped; 1 error, 0 warnings, 0 notes\n"
    );
    let concise = run.check(&["rules", "--format", "concise", "--quiet"]);
    assert_eq!(concise.stderr, "rules/b.yaml:10:11: error[SEM0001]: no column `ResultTyp` in table `SigninLogs`\n");
    let verbose = run.check(&["rules", "--format", "concise", "--verbose"]);
    assert!(verbose.stderr.contains("skipped rules/c.yaml: no key is one of a rule\n"), "{}", verbose.stderr);
    run.check(&["rules", "--output", "out.txt", "--color", "always"]);
    assert!(run.read("out.txt").starts_with("error[SEM0001]: no column"), "{}", run.read("out.txt"));
}

#[test]
fn a_malformed_query_gives_a_syntax_code_and_nothing_else() {
    check_said("a.yaml", &rule(MALFORMED), &[("KQL0002", 10)]);
}

#[test]
fn bare_queries_and_standard_input_are_checked() {
    check_said("a.kql", BAD, &[("SEM0001", 2)]);
    let mut command = Command::cargo_bin("siemaphore").unwrap();
    let output =
        command.args(["check", "-", "--input", "kql", "--format", "json"]).write_stdin(BAD).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["files"][0]["path"], "<stdin>");
    assert_eq!(answer["files"][0]["diagnostics"][0]["line"], 2);
}

/// A deployment template with two analytics rules.
fn template(first: &str, second: &str) -> String {
    let resource = |name: &str, query: &str| {
        serde_json::json!({
            "type": "Microsoft.OperationalInsights/workspaces/providers/alertRules",
            "apiVersion": "2023-02-01", "name": name, "kind": "Scheduled",
            "properties": {
                "displayName": name, "enabled": true, "severity": "High", "query": query,
                "queryFrequency": "PT1H", "queryPeriod": "PT1H", "triggerOperator": "GreaterThan",
                "triggerThreshold": 0, "suppressionDuration": "PT1H", "suppressionEnabled": false,
                "tactics": ["Execution"], "techniques": ["T1059"],
            },
        })
    };
    let resources = [resource("one", first), resource("two", second)];
    serde_json::json!({ "contentVersion": "1.0.0.0", "resources": resources }).to_string()
}

#[test]
fn a_template_is_one_file_however_many_rules_it_holds() {
    let template = template(BAD, OPEN);
    let run = Run::with(&[("rules/all.json", template.as_str()), ("rules/package.json", "{\"name\": \"x\"}")]);
    let ended = run.check(&["rules", "--format", "json"]);
    assert_eq!(ended.code, Some(1));
    let answer = ended.json();
    let files = answer["files"].as_array().unwrap();
    assert_eq!((files.len(), &files[0]["status"], &files[1]["status"]), (2, &"error".into(), &"skipped".into()));
    let codes: Vec<&Value> = files[0]["diagnostics"].as_array().unwrap().iter().map(|one| &one["code"]).collect();
    assert_eq!(codes.iter().filter(|code| code.as_str().is_some_and(|code| code.starts_with("SEM"))).count(), 3);
    assert_eq!(answer["summary"]["files"], 2);
}

#[test]
fn names_that_are_nearly_known_are_named() {
    let help = |query: &str| {
        let run = Run::with(&[("a.kql", query)]);
        let answer = run.check(&["a.kql", "--format", "json"]).json();
        let one = &answer["files"][0]["diagnostics"][0];
        let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
        [text("code"), text("severity"), text("help")]
    };
    for (query, expected) in [
        ("SigninLog | take 1", ["SEM0009", "note", "a similar name exists: `SigninLogs`"]),
        ("MyOwn_CL | take 1", ["SEM0009", "note", ""]),
        ("let failures = SigninLogs; failure | take 1", ["SEM0009", "note", "a similar name exists: `failures`"]),
        ("SigninLogs | where strcatt('a') == 'a'", ["SEM0002", "warning", "a similar name exists: `strcat`"]),
        (
            "SigninLogs | where MyOwnFunction('a') == 'a'",
            ["SEM0002", "warning", "what the workspace defines under this name is not known here"],
        ),
        ("SigninLogs | summarize dcont(UserId)", ["SEM0002", "error", "a similar name exists: `dcount`"]),
        ("SigninLogs | wher UserId == ''", ["KQL0002", "error", "there is an operator `where`"]),
        ("SigninLogs | where UserId containz ''", ["KQL0002", "error", "there is an operator `contains`"]),
        ("SigninLogs | where UserIdd == ''", ["SEM0001", "error", "a similar name exists: `UserId`"]),
        // Functions of KQL that have no meaning here, of the query and of Sentinel are no mistakes.
        ("SigninLogs | where geo_point_to_h3cell(1, 2, 3) == 'a' | count", ["", "", ""]),
        ("let f = (a: string) { a }; SigninLogs | where f(UserId) == 'a'", ["", "", ""]),
        ("_GetWatchlist('vips') | take 1", ["", "", ""]),
        ("_Im_Dns() | take 1", ["", "", ""]),
        ("imAuthentication | take 1", ["SEM0009", "note", ""]),
    ] {
        assert_eq!(help(query), expected.map(str::to_owned), "{query}");
    }
}

#[test]
fn a_comment_allows_what_is_said_about_its_line() {
    let function = ("SEM0002", 11);
    let with =
        |comment: &str, end: &str| rule(&format!("Heartbeat\n{comment}\n| where strcatt(Computer) == 'a'{end}"));
    check_said("a.yaml", &with("// mine", ""), &[function]);
    check_said("a.yaml", &with("// siemaphore: allow SEM0002 -- our function", ""), &[]);
    check_said("a.yaml", &with("//siemaphore:allow SEM0002--our function", ""), &[]);
    check_said("a.yaml", &with("", " // siemaphore: allow SEM0002 -- our function"), &[]);
    // Comments and blank lines may stand between.
    check_said(
        "a.yaml",
        &with("// siemaphore: allow SEM0002 -- ours\n// more\n", "").replace("// more\n  \n", ""),
        &[],
    );
    // Text in a string is no comment.
    let text = with("", " or Computer == '// siemaphore: allow SEM0002 -- no'");
    check_said("a.yaml", &text, &[function]);
    // The line below, not those after it.
    let far = rule("// siemaphore: allow SEM0002 -- ours\nHeartbeat\n| where strcatt(Computer) == 'a'");
    check_said("a.yaml", &far, &[("CFG0002", 9), ("SEM0002", 11)]);
    // Several codes, each on its own account.
    let two = rule("// siemaphore: allow SEM0009, SEM0002 -- our table\nMyTable_CL\n| take 1");
    check_said("a.yaml", &two, &[("CFG0002", 9)]);
    check_said("a.kql", "My_CL // siemaphore: allow SEM0009 -- ours\n| take 1", &[]);
    check_said("a.kql", "My_CL\r\n// siemaphore: allow SEM0002 -- ours\r\n| where f(A) == ''", &[("SEM0009", 1)]);
}

#[test]
fn a_comment_in_the_yaml_allows_what_is_said_about_its_line() {
    let with = |lines: &str| format!("{lines}{}", rule(GOOD));
    check_said("a.yaml", &with("owner: me\n"), &[("YML0105", 1)]);
    check_said("a.yaml", &with("# siemaphore: allow YML0105 -- ours\nowner: me\n"), &[]);
    check_said("a.yaml", &with("# siemaphore: allow YML0105 -- ours\n\n# more\nowner: me\n"), &[]);
    check_said("a.yaml", &with("owner: me # siemaphore: allow YML0105 -- ours\n"), &[]);
    check_said("a.yaml", &with("owner: me#siemaphore:allow YML0105 -- no comment\n"), &[("YML0105", 1)]);
    // What stands in a value is no comment.
    let value = "owner: 'me # siemaphore: allow YML0105 -- no'\n";
    check_said("a.yaml", &with(value), &[("YML0105", 1)]);
    let block = "owner: |\n  # siemaphore: allow YML0105 -- no\n  x\n";
    check_said("a.yaml", &with(block), &[("YML0105", 1)]);
    // One for a line of the query that YAML can comment.
    let plain = "id: 0170143d-c5b9-49c2-ad03-be86564a7855\nname: n\ntactics: []\ndescription: d\n";
    let inline = format!("{plain}query: My_CL # siemaphore: allow SEM0009 -- ours\n");
    check_said("a.yaml", &inline, &[]);
}

#[test]
fn a_comment_without_reason_or_effect_is_told() {
    let with = |comment: &str| format!("Heartbeat\n// siemaphore: {comment}\n| where strcatt(Computer) == 'a'");
    for (comment, expected) in [
        ("allow SEM0002", vec![("CFG0001", 2)]),
        ("allow SEM0002 --", vec![("CFG0001", 2)]),
        ("allow SEM0002 - why", vec![("CFG0001", 2); 3]),
        ("allow -- why", vec![("CFG0001", 2), ("SEM0002", 3)]),
        ("allow SEM9999 -- why", vec![("CFG0001", 2), ("SEM0002", 3)]),
        ("alow SEM0002 -- why", vec![("CFG0001", 2), ("SEM0002", 3)]),
        ("allowed SEM0002 -- why", vec![("CFG0001", 2), ("SEM0002", 3)]),
        ("allow SEM0001 -- why", vec![("CFG0002", 2), ("SEM0002", 3)]),
        // A note behind a verdict is no diagnostic.
        ("allow FID0004 -- why", vec![("CFG0002", 2), ("SEM0002", 3)]),
    ] {
        // `- why` are two words that are no codes, besides the missing reason.
        check_said("a.kql", &with(comment), &expected);
    }
    let run = Run::with(&[("a.kql", with("allow FID0004 -- why").as_str())]);
    let answer = run.check(&["a.kql", "--format", "json"]).json();
    let one = &answer["files"][0]["diagnostics"][0];
    assert_eq!((one["severity"].as_str(), one["column"].as_u64()), (Some("warning"), Some(22)));
    assert_eq!(one["end_column"], 29);
}

#[test]
fn errors_are_not_allowed() {
    check_said("a.kql", "SigninLogs\n| wher A == 1 // siemaphore: allow KQL0002 -- no", &[("KQL0002", 2)]);
    check_said("a.kql", "SigninLogs\n| where A == 1 // siemaphore: allow SEM0001 -- no", &[("SEM0001", 2)]);
}

#[test]
fn sarif_names_codes_places_and_fingerprints() {
    let run = Run::with(&[("rules/a b.yaml", rule(OPEN).as_str())]);
    let ended = run.check(&["rules", "--format", "sarif"]);
    assert_eq!(ended.code, Some(0));
    let log = ended.json();
    assert_eq!(log["version"], "2.1.0");
    let tool = &log["runs"][0]["tool"]["driver"];
    let ids: Vec<&Value> = tool["rules"].as_array().unwrap().iter().map(|rule| &rule["id"]).collect();
    assert_eq!(ids, ["SEM0002", "SEM0009"]);
    for rule in tool["rules"].as_array().unwrap() {
        assert!(rule["help"]["text"].as_str().is_some_and(|text| text.len() > 20), "{rule}");
    }
    let results = log["runs"][0]["results"].as_array().unwrap();
    let result = &results[1];
    assert_eq!((result["ruleId"].as_str(), result["ruleIndex"].as_u64()), (Some("SEM0002"), Some(0)));
    assert_eq!(result["level"], "warning");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "rules/a%20b.yaml");
    assert_eq!(place["region"]["startLine"], 10);
    assert_eq!(place["region"]["startColumn"], 11);
    assert_eq!(place["region"]["endColumn"], 18);
    // Lines added above move the place, not the finding.
    let moved = Run::with(&[("rules/a b.yaml", format!("version: 1.0.0\n{}", rule(OPEN)).as_str())]);
    let moved = moved.check(&["rules", "--format", "sarif"]).json();
    let prints = |log: &Value| {
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        results.iter().map(|result| result["partialFingerprints"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(prints(&log), prints(&moved));
    assert_ne!(prints(&log)[0], prints(&log)[1]);
}

#[test]
fn github_gets_commands_and_a_table() {
    let mut run = three();
    let summary = run.path().join("summary.md").to_str().unwrap().to_owned();
    let workspace = run.path().to_str().unwrap().to_owned();
    run.environment = vec![("GITHUB_STEP_SUMMARY", summary), ("GITHUB_WORKSPACE", workspace.clone())];
    let rules = format!("{workspace}/rules");
    let ended = run.check(&[&rules, "--format", "github"]);
    assert_eq!(
        ended.stdout,
        "::error file=rules/b.yaml,line=10,endLine=10,col=11,endColumn=20,title=SEM0001 no such column::\
         no column `ResultTyp` in table `SigninLogs`%0Ahelp: a similar name exists: `ResultType`\n"
    );
    let table = run.read("summary.md");
    assert!(table.contains("3 files: 1 ok, 1 broken, 1 skipped"), "{table}");
    assert!(table.contains("| error | SEM0001 | "), "{table}");
}

#[test]
fn lists_of_operators_and_functions_come_from_the_compiler() {
    let run = Run::with(&[]);
    let answer = run.run(&["list", "operators", "--format", "json"]).json();
    let rows = answer["operators"].as_array().unwrap();
    let row = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap();
    assert_eq!(row("where")["eql"], "exact (columns)");
    assert_eq!((row("scan")["parsed"].as_str(), row("scan")["lowered"].as_str()), (Some("yes"), Some("yes")));
    assert_eq!((row("fork")["parsed"].as_str(), row("fork")["lowered"].as_str()), (Some("yes"), Some("no")));
    assert_eq!(
        (row("scan")["splunk"].as_str(), row("scan")["sentinel"].as_str()),
        (Some("unsupported"), Some("exact"))
    );
    let answer = run.run(&["list", "functions", "--format", "json"]).json();
    let rows = answer["functions"].as_array().unwrap();
    let count = |kind: &str| rows.iter().filter(|row| row["kind"] == kind).count();
    assert!(count("scalar") >= 420 && count("aggregate") >= 55, "{} {}", count("scalar"), count("aggregate"));
    let row = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap();
    assert_eq!(row("tolower")["evaluated"], "yes");
    assert_eq!(row("geo_point_buffer")["lowered"], "no");
    assert_eq!(row("sum")["splunk"], "exact");
}

#[test]
fn each_document_of_a_file_is_a_rule_with_its_own_places() {
    let rule = |id: &str, query: &str| format!("id: {id}\nname: {id} rule\nquery: {query}\n");
    let file =
        format!("{}---\n# nothing\n--- # the second\r\n{}", rule("a", "SigninLogs"), rule("b", "SigninLogs |"));
    let run = Run::with(&[("rules/many.yaml", &file)]);
    let ended = run.check(&["rules", "--format", "json"]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let answer: Value = serde_json::from_str(&ended.stdout).unwrap();
    let errors: Vec<&Value> = answer["files"][0]["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|diagnostic| diagnostic["severity"] == "error")
        .collect();
    assert_eq!(errors.len(), 1);
    assert_eq!((&errors[0]["code"], errors[0]["line"].as_u64()), (&"KQL0002".into(), Some(9)));
    let names: Vec<&Value> =
        answer["files"][0]["rules"].as_array().unwrap().iter().map(|rule| &rule["name"]).collect();
    assert_eq!(names, ["a rule", "b rule"]);

    let run = Run::with(&[("rules/many.yaml", &file.replace("SigninLogs |", "AuditLogs"))]);
    let ended = run.run(&["build", "rules", "--out", "dist", "--target", "sentinel"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(run.read("dist/sentinel/many/a-rule.json").contains("SigninLogs"));
    assert!(run.read("dist/sentinel/many/b-rule.json").contains("AuditLogs"));
}

#[test]
fn what_mends_a_finding_is_told_to_programs() {
    let query = "DeviceFileCertificateInfo | where Sha1 == 'x'";
    let rule = format!(
        "id: a\nname: b\nrequiredDataConnectors:\n  - connectorId: x\n  dataTypes:\n    - y\nquery: {query}\n"
    );
    let run = Run::with(&[("a.yaml", &rule)]);
    let answer: Value = serde_json::from_str(&run.check(&["a.yaml", "--format", "json"]).stdout).unwrap();
    let fixes: Vec<(&Value, &Value)> = answer["files"][0]["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|diagnostic| !diagnostic["fix"].is_null())
        .map(|diagnostic| (&diagnostic["code"], &diagnostic["fix"]))
        .collect();
    assert_eq!(fixes, [(&"YML0106".into(), &"  dataTypes".into()), (&"SEM0001".into(), &"SHA1".into())]);
}
