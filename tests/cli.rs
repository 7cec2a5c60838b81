//! The program as its users run it: what it writes, what it says, how it ends.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// A run of the program in a folder of its own.
struct Run {
    folder: TempDir,
    arguments: Vec<String>,
    stdin: Vec<u8>,
}

impl Run {
    fn new() -> Run {
        Run { folder: tempfile::tempdir().unwrap(), arguments: Vec::new(), stdin: Vec::new() }
    }

    /// Adds a file; its folders are made.
    fn file(self, path: &str, content: impl AsRef<[u8]>) -> Run {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// Adds `rules/NAME.yaml`, a hunting rule with this query.
    fn rule(self, name: &str, query: &str) -> Run {
        self.file(&format!("rules/{name}.yaml"), hunting_rule(name, query))
    }

    fn stdin(mut self, content: impl Into<Vec<u8>>) -> Run {
        self.stdin = content.into();
        self
    }

    fn args<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Run {
        self.arguments = arguments.into_iter().map(str::to_owned).collect();
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn output(&self) -> Output {
        let mut command = Command::cargo_bin("siemaphore").unwrap();
        command.current_dir(self.folder.path()).args(&self.arguments).write_stdin(self.stdin.clone());
        command.output().unwrap()
    }

    /// Runs it and expects this exit code. The folder stays for what follows.
    #[track_caller]
    fn ends_with(self, code: i32) -> Ended {
        let output = self.output();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("all that is said is UTF-8");
        let ended =
            Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr), run: self };
        assert_eq!(ended.code, Some(code), "stdout: {}\nstderr: {}", ended.stdout, ended.stderr);
        ended
    }
}

/// A run that has ended.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    run: Run,
}

impl Ended {
    #[track_caller]
    fn says(self, part: &str) -> Ended {
        assert!(self.stderr.contains(part), "no `{part}` in: {}", self.stderr);
        self
    }

    #[track_caller]
    fn answers(self, part: &str) -> Ended {
        assert!(self.stdout.contains(part), "no `{part}` in: {}", self.stdout);
        self
    }

    #[track_caller]
    fn answers_nothing(self) -> Ended {
        assert_eq!(self.stdout, "");
        self
    }

    #[track_caller]
    fn answers_json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in: {}", self.stdout))
    }

    #[track_caller]
    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.run.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Every file below a folder of the run, by relative path.
    fn files(&self, folder: &str) -> Vec<String> {
        let root = self.run.path(folder);
        let mut found = Vec::new();
        let mut pending = vec![root.clone()];
        while let Some(folder) = pending.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    pending.push(path);
                } else {
                    found.push(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        found.sort();
        found
    }

    /// Runs something else in the same folder.
    fn then<'a>(self, arguments: impl IntoIterator<Item = &'a str>) -> Run {
        self.run.args(arguments)
    }
}

fn hunting_rule(name: &str, query: &str) -> String {
    let query: String = query.lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "id: 0170143d-c5b9-49c2-ad03-be86564a7855\nname: {name}\ndescription: d\ntactics:\n  - Execution\n\
         relevantTechniques:\n  - T1059\nquery: |\n{query}"
    )
}

const QUERY: &str = "DeviceProcessEvents\n| where ProcessCommandLine contains 'x.exe'";
const BUILD: [&str; 4] = ["build", "rules", "--out", "dist"];

#[test]
fn build_writes_artifacts_manifest_and_report() {
    let ended = Run::new().rule("a/b", QUERY).args(BUILD).ends_with(0).answers_nothing().says("1 rule: ");
    let files = ended.files("dist");
    for path in ["manifest.json", "report.md", "sentinel/a/b.json", "sigma/a/b.yml", "eql/a/b.eql"] {
        assert!(files.iter().any(|file| file == path), "no {path} in {files:?}");
    }
    let manifest: Value = serde_json::from_str(&ended.read("dist/manifest.json")).unwrap();
    assert_eq!(manifest["format"], 1);
    assert_eq!(manifest["rules"][0]["path"], "a/b.yaml");
    assert_eq!(manifest["rules"][0]["status"], "ok");
}

#[test]
fn the_manifest_has_its_keys_in_order() {
    let ended = Run::new().rule("a", QUERY).args(BUILD).ends_with(0);
    let manifest: Value = serde_json::from_str(&ended.read("dist/manifest.json")).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&manifest), ["format", "rules", "summary", "templates_sha256", "crosswalk_sha256"]);
    let rule = &manifest["rules"][0];
    assert_eq!(keys(rule), ["id", "name", "version", "path", "status", "source_sha256", "logic_sha256", "artifacts"]);
    assert_eq!(
        keys(&rule["artifacts"][0]),
        ["target", "profile", "path", "bytes", "sha256", "match", "names", "output", "notes", "assumptions"]
    );
}

#[test]
fn convert_writes_the_very_bytes_of_build() {
    let mut ended = Run::new().rule("a", QUERY).args(BUILD).ends_with(0);
    for backend in siemaphore::backend::ALL {
        let target = backend.target();
        let expected = ended.read(&format!("dist/{}/a.{}", target.name, target.extension));
        ended = ended.then(["convert", "rules/a.yaml", "--target", target.name]).ends_with(0);
        assert_eq!(ended.stdout, expected);
    }
}

#[test]
fn convert_answers_in_json_with_provenance() {
    let run = Run::new().rule("a", QUERY);
    let ended = run.args(["convert", "rules/a.yaml", "--target", "eql", "--format", "json"]).ends_with(0);
    let answer = ended.answers_json();
    assert_eq!(answer["format"], 1);
    assert_eq!(answer["target"], "eql");
    assert_eq!(answer["path"], "eql/a.eql");
    let text = answer["text"].as_str().unwrap();
    let provenance = answer["provenance"].as_array().unwrap();
    assert!(!provenance.is_empty());
    for part in provenance {
        let at = |index: usize| usize::try_from(part["output"][index].as_u64().unwrap()).unwrap();
        assert!(text.get(at(0)..at(1)).is_some_and(|text| !text.is_empty()));
        assert!(part["source"].as_array().is_some_and(|source| !source.is_empty()));
    }
    // The value stands in the tenth line of the file: `  | where ProcessCommandLine contains 'x.exe'`.
    let value = provenance.iter().find(|part| {
        let at = |index: usize| usize::try_from(part["output"][index].as_u64().unwrap()).unwrap();
        text[at(0)..at(1)].contains("x.exe")
    });
    let lines: Vec<&Value> = value.unwrap()["source"].as_array().unwrap().iter().map(|at| &at["line"]).collect();
    assert!(lines.iter().all(|line| **line == 10), "{lines:?}");
}

#[test]
fn standard_input_is_a_rule_or_a_query() {
    Run::new()
        .stdin(hunting_rule("a", QUERY))
        .args(["convert", "-", "--target", "sentinel"])
        .ends_with(0)
        .answers("savedSearches");
    Run::new()
        .stdin(QUERY)
        .args(["convert", "-", "--input", "kql", "--target", "sentinel"])
        .ends_with(0)
        .answers("DeviceProcessEvents");
}

#[test]
fn bare_queries_are_rules_too() {
    let ended = Run::new().file("rules/q.kql", QUERY).args(BUILD).ends_with(0);
    assert!(ended.files("dist").contains(&"sentinel/q.json".to_owned()));
}

/// A deployment template with these saved searches: name and query.
fn template(queries: &[(&str, &str)]) -> String {
    let resource = |(name, query): &(&str, &str)| {
        serde_json::json!({
            "type": "Microsoft.OperationalInsights/workspaces/savedSearches",
            "name": format!("[concat(parameters('workspace'), '/{name}')]"),
            "properties": {"category": "Hunting Queries", "displayName": name, "query": query},
        })
    };
    let resources: Vec<Value> = queries.iter().map(resource).collect();
    serde_json::to_string_pretty(&serde_json::json!({ "resources": resources })).unwrap()
}

#[test]
fn what_we_write_for_sentinel_is_read_again() {
    let ended = Run::new().rule("a", QUERY).args(BUILD).ends_with(0);
    let artifact = ended.read("dist/sentinel/a.json");
    let again = Run::new().file("rules/a.json", &artifact).args(BUILD).ends_with(0).says("1 rule:");
    for target in ["sigma/a.yml", "splunk/a.spl", "eql/a.eql"] {
        // What a saved search cannot say besides the query, its artifacts lack.
        let query = |text: String| text.lines().filter(|line| line.contains("x.exe")).collect::<Vec<_>>().join("\n");
        assert_eq!(query(ended.read(&format!("dist/{target}"))), query(again.read(&format!("dist/{target}"))));
    }
    let arguments = ["convert", "-", "--input", "arm", "--target", "sentinel"];
    Run::new().stdin(artifact).args(arguments).ends_with(0).answers("x.exe");
}

#[test]
fn a_template_with_several_rules_is_several_rules() {
    let several = template(&[("First one", QUERY), ("Second", "DeviceProcessEvents\n| where FileName =~")]);
    let run = Run::new().file("rules/x/all.json", &several).file("rules/other.json", "{\"compilerOptions\": {}}");
    let ended = run.args(BUILD).ends_with(1).says("2 rules, 1 broken, 1 other file skipped");
    // The place in the file, behind the escape of the line break.
    let ended = ended.says("KQL0002").says("rules/x/all.json:18:");
    assert_eq!(ended.files("dist/sentinel"), ["x/all/first-one.json"]);
    let run = Run::new().file("a.json", several).args(["convert", "a.json", "--target", "sigma"]);
    run.ends_with(2).says("`a.json` holds 2 rules; `build` takes them all");
}

#[test]
fn templates_that_cannot_be_read_are_refused_where_they_stand() {
    let open = template(&[("a", "[parameters('query')]")]);
    let run = Run::new().file("rules/a.json", open).args(BUILD).ends_with(1);
    run.says("YML0107").says("`query` cannot be read: the parameter `query` has no value before a deployment");
    let broken = template(&[("a", QUERY)]).replace("]\n}", "],\n}");
    Run::new().file("rules/a.json", broken).args(BUILD).ends_with(1).says("YML0004").says("rules/a.json:");
}

#[test]
fn one_broken_rule_stops_no_other() {
    let run = Run::new().rule("good", QUERY).rule("bad", "DeviceProcessEvents\n| where FileName =~");
    let ended = run.args(BUILD).ends_with(1).says("rules/bad.yaml:10:").says("2 rules, 1 broken");
    let files = ended.files("dist");
    assert!(files.contains(&"sentinel/good.json".to_owned()));
    assert!(!files.iter().any(|file| file.contains("bad")), "{files:?}");
    let manifest: Value = serde_json::from_str(&ended.read("dist/manifest.json")).unwrap();
    let bad = &manifest["rules"][0];
    assert_eq!((&bad["path"], &bad["status"]), (&Value::from("bad.yaml"), &Value::from("error")));
    assert_eq!((&bad["logic_sha256"], &bad["artifacts"]), (&Value::Null, &Value::from(Vec::<Value>::new())));
    assert!(ended.read("dist/report.md").contains("## Broken rules"));
}

#[test]
fn yaml_that_is_no_rule_is_skipped_and_counted() {
    let run = Run::new().rule("a", QUERY).file("rules/other.yaml", "key: value\n");
    run.args(BUILD).ends_with(0).says("1 rule, 1 other file skipped");
}

#[test]
fn the_number_of_jobs_changes_nothing() {
    let mut run = Run::new();
    for index in 0..20 {
        run = run.rule(&format!("r{index}"), &format!("DeviceProcessEvents\n| where FileName == 'x{index}'"));
    }
    let ended = run.args(["build", "rules", "--out", "one", "--jobs", "1"]).ends_with(0);
    let ended = ended.then(["build", "rules", "--out", "two", "--jobs", "4"]).ends_with(0);
    assert_eq!(ended.files("one"), ended.files("two"));
    for file in ended.files("one") {
        assert_eq!(ended.read(&format!("one/{file}")), ended.read(&format!("two/{file}")));
    }
}

#[test]
fn nothing_of_the_machine_gets_into_a_bundle() {
    let ended = Run::new().rule("a", QUERY).args(BUILD).ends_with(0);
    let root = ended.run.path("").to_str().unwrap().to_owned();
    let absolute = ended.run.path("rules").to_str().unwrap().to_owned();
    let ended = ended.then(["build", &absolute, "--out", "other"]).ends_with(0);
    for file in ended.files("dist") {
        let content = ended.read(&format!("dist/{file}"));
        assert_eq!(content, ended.read(&format!("other/{file}")));
        assert!(!content.contains(&root), "{file}");
    }
}

#[test]
fn targets_are_chosen() {
    let ended =
        Run::new().rule("a", QUERY).args(["build", "rules", "--out", "dist", "--target", "sentinel"]).ends_with(0);
    assert_eq!(ended.files("dist"), ["manifest.json", "report.md", "sentinel/a.json"]);
}

#[test]
fn rules_are_selected() {
    #[track_caller]
    fn check(select: &[&str], expected: &[&str]) {
        let run = Run::new().file("rules/x/a.yaml", hunting_rule("a", QUERY)).file(
            "rules/b.yaml",
            hunting_rule("b", QUERY).replace("0170143d", "11111111").replace("Execution", "Impact"),
        );
        let mut arguments = vec!["build", "rules", "--out", "dist", "--target", "sentinel"];
        for one in select {
            arguments.extend(["--select", one]);
        }
        let files = run.args(arguments).ends_with(0).files("dist/sentinel");
        assert_eq!(files, expected, "{select:?}");
    }
    check(&["tactic:impact"], &["b.json"]);
    check(&["id:0170143D-c5b9-49c2-ad03-be86564a7855"], &["x/a.json"]);
    check(&["path:*.yaml"], &["b.json"]);
    check(&["path:**/a.yaml"], &["x/a.json"]);
    check(&["tactic:Impact", "tactic:Execution"], &["b.json", "x/a.json"]);
    check(&["tactic:Impact", "path:x/*"], &[]);
    check(&["severity:High"], &[]);
}

#[test]
fn verdicts_below_the_gate_are_findings() {
    let build = |query: &str, gate: &str| {
        let arguments = ["build", "rules", "--out", "dist", "--target", "sentinel,eql", "--min-fidelity", gate];
        Run::new().rule("a", query).args(arguments)
    };
    build("DeviceProcessEvents\n| where FileName == 'x'", "approximate").ends_with(0);
    build("NoSuchTable\n| where FileName == 'x'", "approximate").ends_with(1).says("eql is unsupported");
}

#[test]
fn a_refused_target_alone_is_no_finding() {
    Run::new().rule("a", "NoSuchTable\n| where A == 'x'").args(BUILD).ends_with(0).says("unsupported");
}

#[test]
fn a_refused_conversion_is_a_finding() {
    let run = Run::new().rule("a", "NoSuchTable\n| where A == 'x'");
    run.args(["convert", "rules/a.yaml", "--target", "eql"]).ends_with(1).answers_nothing().says("unsupported");
}

// What cannot be done.

#[test]
fn unknown_words_are_mistakes_in_usage() {
    for (arguments, message) in [
        (vec!["build", "rules", "--out", "dist", "--target", "snort"], "invalid value 'snort'"),
        (vec!["convert", "rules/a.yaml", "--target", "snort"], "invalid value 'snort'"),
        (vec!["build", "rules", "--out", "dist", "--profile", "sigma"], "not of the form TARGET=NAME"),
        (vec!["build", "rules", "--out", "dist", "--profile", "sigma=x"], "unknown profile `x` of `sigma`"),
        (vec!["build", "rules", "--out", "dist", "--profile", "x=y"], "unknown target `x`"),
        (vec!["build", "rules", "--out", "dist", "--select", "x:y"], "unknown kind `x`"),
        (vec!["build", "rules", "--out", "dist", "--select", "path:["], "path:["),
        (vec!["build", "rules", "--out", "dist", "--jobs", "0"], "0"),
        (vec!["build", "rules", "--out", "dist", "--map", "x"], "--map x"),
        (vec!["build", "rules"], "--out"),
        (vec!["frobnicate"], "frobnicate"),
        (vec![], "Usage"),
    ] {
        let ended = Run::new().rule("a", QUERY).args(arguments).ends_with(2).says(message).answers_nothing();
        assert_eq!(ended.files("dist"), Vec::<String>::new());
    }
}

#[test]
fn missing_paths_are_named() {
    for arguments in [
        ["build", "none", "--out", "dist"],
        ["convert", "none", "--target", "sentinel"],
        ["eval", "rules/a.yaml", "--events", "none"],
        ["eval", "none", "--events", "rules/a.yaml"],
    ] {
        Run::new().rule("a", QUERY).args(arguments).ends_with(2).says("`none`").answers_nothing();
    }
    let run = Run::new().rule("a", QUERY);
    run.args(["build", "rules", "--out", "dist", "--crosswalk", "none"]).ends_with(2).says("`none`");
    let run = Run::new().rule("a", QUERY);
    run.args(["build", "rules", "--out", "dist", "--templates", "none"]).ends_with(2).says("`none`");
}

#[test]
fn a_folder_without_rules_is_no_job() {
    Run::new().file("rules/readme.txt", "x").args(BUILD).ends_with(2).says("no rule file");
}

#[test]
fn a_folder_that_cannot_be_written_is_left_alone() {
    let run = Run::new().rule("a", QUERY).file("blocked", "a file");
    let ended = run.args(["build", "rules", "--out", "blocked/dist"]).ends_with(2).says("blocked");
    assert_eq!(ended.read("blocked"), "a file");
    let ended = ended.then(["build", "rules", "--out", "blocked"]).ends_with(2).says("blocked");
    assert_eq!(ended.read("blocked"), "a file");
}

#[test]
fn a_foreign_folder_is_refused() {
    let run = Run::new().rule("a", QUERY).file("dist/notes.txt", "mine");
    let ended = run.args(BUILD).ends_with(2).says("BLD0003");
    assert_eq!(ended.files("dist"), ["notes.txt"]);
    let ended = ended.then(["build", "rules", "--out", "dist", "--force"]).ends_with(0);
    assert!(!ended.files("dist").contains(&"notes.txt".to_owned()));
}

#[test]
fn a_manifest_of_something_else_does_not_make_a_folder_ours() {
    let run = Run::new().rule("a", QUERY).file("dist/manifest.json", "{\"name\": \"an extension\"}");
    run.args(BUILD).ends_with(2).says("BLD0003");
}

#[test]
fn the_output_folder_cannot_hold_what_is_read() {
    let run = Run::new().rule("a", QUERY);
    let ended = run.args(["build", "rules", "--out", "rules", "--force"]).ends_with(2).says("holds the input");
    let ended = ended.then(["build", "rules", "--out", ".", "--force"]).ends_with(2);
    assert_eq!(ended.files("rules"), ["a.yaml"]);
}

#[test]
fn stale_files_of_ours_go() {
    let run = Run::new().rule("a", QUERY).rule("b", QUERY);
    let ended = run.args(BUILD).ends_with(0);
    fs::remove_file(ended.run.path("rules/b.yaml")).unwrap();
    let ended = ended.then(BUILD).ends_with(0);
    assert!(!ended.files("dist").iter().any(|file| file.ends_with("/b.json")));
    assert_eq!(ended.files(""), {
        let mut all = ended.files("dist").iter().map(|file| format!("dist/{file}")).collect::<Vec<_>>();
        all.push("rules/a.yaml".to_owned());
        all.sort();
        all
    });
}

#[test]
fn an_exchange_that_was_cut_short_is_undone() {
    let ended = Run::new().rule("a", QUERY).args(BUILD).ends_with(0);
    fs::rename(ended.run.path("dist"), ended.run.path(".dist.siemaphore-old")).unwrap();
    let ended = ended.then(BUILD).ends_with(0);
    assert!(!ended.run.path(".dist.siemaphore-old").exists());
    assert!(ended.files("dist").contains(&"manifest.json".to_owned()));
}

#[test]
fn an_output_folder_among_the_rules_is_no_input() {
    let run = Run::new().rule("a", QUERY);
    let ended = run.args(["build", ".", "--out", "dist"]).ends_with(0).says("1 rule:");
    ended.then(["build", ".", "--out", "dist"]).ends_with(0).says("1 rule:");
}

#[test]
fn check_compares_and_writes_nothing() {
    const CHECK: [&str; 5] = ["build", "rules", "--out", "dist", "--check"];
    let ended = Run::new().rule("a", QUERY).args(CHECK).ends_with(1).says("BLD0004").says("missing");
    assert!(ended.files("dist").is_empty());
    let ended = ended.then(BUILD).ends_with(0);
    let ended = ended.then(CHECK).ends_with(0).answers_nothing();
    let run = ended.run.rule("a", &QUERY.replace("x.exe", "y.exe")).file("dist/more.txt", "x");
    fs::remove_file(run.path("dist/report.md")).unwrap();
    let before = run.path("dist/sentinel/a.json");
    let content = fs::read_to_string(&before).unwrap();
    let ended = run.args(CHECK).ends_with(1);
    let ended = ended.says("`dist/report.md` is missing").says("`dist/more.txt` is extra");
    let ended = ended.says("`dist/sentinel/a.json` is different");
    let ended = ended.answers("--- a/sentinel/a.json\n+++ b/sentinel/a.json\n").answers("y.exe");
    assert_eq!(fs::read_to_string(&before).unwrap(), content);
    let arguments = ["build", "rules", "--out", "dist", "--check", "--format", "json"];
    let answer = ended.then(arguments).ends_with(1).answers_json();
    assert_eq!(answer["format"], 1);
    let stale = answer["stale"].as_array().unwrap();
    assert!(stale.contains(&serde_json::json!({ "path": "more.txt", "change": "extra" })), "{stale:?}");
}

#[test]
fn two_inputs_with_one_path_are_both_named() {
    let run = Run::new().rule("x/a", QUERY).file("rules/x/A.kql", QUERY).rule("b", QUERY);
    let ended = run.args(BUILD).ends_with(1).says("BLD0001").says("rules/x/a.yaml").says("rules/x/A.kql");
    assert_eq!(ended.files("dist/sentinel"), ["b.json"]);
    let run = Run::new().file("one/a.yaml", hunting_rule("a", QUERY)).file("two/a.yaml", hunting_rule("a", QUERY));
    let ended = run.args(["build", "one", "two", "--out", "dist"]).ends_with(1);
    let ended = ended.says("`one/a.yaml` or `two/a.yaml`");
    assert_eq!(ended.files("dist"), ["manifest.json", "report.md"]);
}

#[test]
fn names_of_the_bundle_are_reserved() {
    let run = Run::new().rule("azuredeploy", QUERY).rule("app/a", QUERY).rule("rules", QUERY);
    let ended = run.args(BUILD).ends_with(1).says("BLD0002").says("3 rules, 3 broken");
    assert_eq!(ended.files("dist"), ["manifest.json", "report.md"]);
}

// What users hand in.

#[test]
fn what_is_no_rule_is_refused_where_it_stands() {
    for (name, content, code) in [
        ("not YAML", b"name: [\n".as_slice(), "YML0001"),
        ("a query missing", b"id: a\nname: b\ntactics:\n  - Execution\n", "YML0101"),
        ("an empty query", b"id: a\nname: b\ntactics:\n  - Execution\nquery: ''\n", "YML0102"),
        ("invalid UTF-8", b"id: a\nname: \xff\xfe\nquery: T\n", "YML0002"),
        ("broken KQL", b"id: a\nname: b\nquery: T | where (\n", "KQL0002"),
        ("an unknown column", b"id: a\nname: b\nquery: DeviceProcessEvents | where Nope == 1\n", "SEM0001"),
        ("a wrong type", b"id: a\nname: b\nquery: DeviceProcessEvents | where ProcessId has 'x'\n", "SEM0003"),
    ] {
        let run = Run::new().file("rules/a.yaml", content);
        let ended = run.args(BUILD).ends_with(1);
        assert!(ended.stderr.contains(code), "{name}: {}", ended.stderr);
        assert!(ended.stderr.contains("rules/a.yaml"), "{name}: {}", ended.stderr);
        assert_eq!(ended.files("dist"), ["manifest.json", "report.md"], "{name}");
        let ended =
            Run::new().file("a.yaml", content).args(["convert", "a.yaml", "--target", "sentinel"]).ends_with(1);
        assert_eq!(ended.answers_nothing().code, Some(1), "{name}");
    }
}

#[test]
fn a_query_of_ten_megabytes_ends_in_order() {
    let mut query = String::from("DeviceProcessEvents\n| where FileName in (\n");
    while query.len() < 10 << 20 {
        query.push_str("  'a name of some length that fills the list',\n");
    }
    query.push_str("  'x')");
    // More nodes than the budget allows; said once, at its place.
    let ended = Run::new().rule("big", &query).args(BUILD).ends_with(1).says("SEM0010").says("rules/big.yaml:");
    assert_eq!(ended.stderr.matches("SEM0010").count(), 1);
}

#[test]
fn thousands_of_alternatives_are_carried() {
    let values: Vec<String> = (0..5_000).map(|index| format!("'value {index}'")).collect();
    let terms: Vec<String> = (0..5_000).map(|index| format!("ProcessCommandLine contains 'x{index}'")).collect();
    let run = Run::new()
        .rule("list", &format!("DeviceProcessEvents\n| where ProcessCommandLine in~ ({})", values.join(", ")))
        .rule("terms", &format!("DeviceProcessEvents\n| where {}", terms.join(" or ")));
    let ended = run.args(BUILD).ends_with(0).says("2 rules: ");
    for (file, last) in [("list", "value 4999"), ("terms", "x4999")] {
        assert!(ended.read(&format!("dist/splunk/{file}.spl")).contains(last));
    }
}

#[test]
fn ten_thousand_parentheses_are_a_located_error() {
    for query in [
        format!("DeviceProcessEvents\n| where {}FileName == 'x'{}", "(".repeat(10_000), ")".repeat(10_000)),
        format!("DeviceProcessEvents\n| where {}", "(".repeat(10_000)),
        format!("DeviceProcessEvents\n| where {}true", "not(".repeat(10_000)),
        format!("DeviceProcessEvents\n| extend a = {}1", "-".repeat(10_000)),
    ] {
        let ended =
            Run::new().rule("deep", &query).args(BUILD).ends_with(1).says("rules/deep.yaml:10:").says("KQL000");
        assert_eq!(ended.files("dist"), ["manifest.json", "report.md"]);
    }
}

/// Texts that try to break out of some target's syntax.
const HOSTILE: &[&str] = &[
    "\\",
    "\\\\",
    "'",
    "\"",
    "\"\"\"",
    "`",
    "```",
    "*",
    "?",
    "%",
    "{{ 7*7 }}",
    "{% x %}",
    "{# x #}",
    "[concat('x')]",
    "]",
    "$x$",
    "#",
    "//",
    "/*",
    "*/",
    "|",
    "| delete",
    ": ",
    "- x",
    "a\tb",
    "\u{F0000}\u{F0010}\u{F0001}",
    "é",
    "\u{202E}x",
    "\u{2028}",
    "\u{85}",
    "%%x%%",
    "\\u0041",
    "\\x41",
    "${x}",
    "<x>",
    "&amp;",
];

/// The text as a KQL string.
fn literal(text: &str) -> String {
    let mut literal = String::from("'");
    for letter in text.chars() {
        match letter {
            '\\' | '\'' => literal.extend(['\\', letter]),
            '\t' => literal.push_str("\\t"),
            '\n' => literal.push_str("\\n"),
            letter => literal.push(letter),
        }
    }
    literal.push('\'');
    literal
}

#[test]
fn hostile_values_stay_values() {
    let mut run = Run::new();
    for (index, text) in HOSTILE.iter().enumerate() {
        let value = literal(&format!("{text}\n{text}"));
        let query =
            format!("DeviceProcessEvents\n| where ProcessCommandLine == {value} or FileName == {}", literal(text));
        run = run.rule(&format!("r{index}"), &query);
    }
    let ended = run.args(BUILD).ends_with(0);
    for (index, text) in HOSTILE.iter().enumerate() {
        let arm: Value = serde_json::from_str(&ended.read(&format!("dist/sentinel/r{index}.json"))).unwrap();
        let query = arm["resources"][0]["properties"]["query"].as_str().unwrap();
        assert!(query.contains(&literal(text)), "{text:?}: {query}");
        let sigma = ended.run.path(&format!("dist/sigma/r{index}.yml"));
        if let Ok(sigma) = fs::read_to_string(sigma) {
            let rule: Value = serde_saphyr::from_str(&sigma).unwrap_or_else(|error| panic!("{error} in: {sigma}"));
            assert!(rule["detection"]["condition"].is_string(), "{sigma}");
        }
    }
}

#[test]
fn hostile_names_stay_names() {
    for text in HOSTILE {
        let text = &format!("{text} x {text}");
        let name = serde_json::to_string(text).unwrap().replace('\u{85}', "\\u0085").replace('\u{2028}', "\\u2028");
        let rule = hunting_rule("x", QUERY).replace("name: x", &format!("name: {name}"));
        let rule = rule.replace("description: d", &format!("description: {name}"));
        let ended = Run::new().file("rules/a.yaml", rule).args(BUILD).ends_with(0);
        let arm: Value = serde_json::from_str(&ended.read("dist/sentinel/a.json")).unwrap();
        let shown = arm["resources"][0]["properties"]["displayName"].as_str().unwrap();
        let is_expression = text.starts_with('[') && text.ends_with(']');
        assert_eq!(shown, if is_expression { format!("[{text}") } else { text.clone() });
        if let Ok(sigma) = fs::read_to_string(ended.run.path("dist/sigma/a.yml")) {
            let rule: Value = serde_saphyr::from_str(&sigma).unwrap_or_else(|error| panic!("{error} in: {sigma}"));
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(words(rule["title"].as_str().unwrap()), words(text), "{sigma}");
        }
        let report = ended.read("dist/report.md");
        let (_, rules) = report.split_once("## Rules\n").unwrap();
        assert_eq!(rules.lines().filter(|line| line.starts_with('|')).count(), 3, "{report}");
    }
}

// Answers.

#[test]
fn eval_answers_with_rows() {
    let events = "{\"$table\":\"DeviceProcessEvents\",\"ProcessCommandLine\":\"X.EXE -a\",\"ProcessId\":7}\n\
                  {\"ProcessCommandLine\":\"y.exe\",\"ProcessId\":8}\n";
    let query = format!("{QUERY}\n| project ProcessCommandLine, ProcessId, Timestamp");
    let run = Run::new().file("q.kql", query).file("events.jsonl", events);
    let arguments =
        ["eval", "q.kql", "--events", "events.jsonl", "--table", "DeviceProcessEvents", "--format", "json"];
    let answer = run.args(arguments).ends_with(0).answers_json();
    let expected = serde_json::json!({
        "format": 1,
        "columns": [
            { "name": "ProcessCommandLine", "type": "string" },
            { "name": "ProcessId", "type": "long" },
            { "name": "Timestamp", "type": "datetime" },
        ],
        "rows": [["X.EXE -a", 7, null]],
    });
    assert_eq!(answer, expected);
}

#[test]
fn eval_takes_its_time_from_the_command_line() {
    let events = "{\"Timestamp\":\"2026-01-02T00:00:00Z\"}\n{\"Timestamp\":\"2026-01-05T00:00:00Z\"}\n";
    let query = "DeviceProcessEvents\n| where Timestamp > ago(1d)\n| project Timestamp";
    let run = Run::new().file("q.kql", query).stdin(events);
    let now = "2026-01-05T12:00:00Z";
    let arguments = ["eval", "q.kql", "--events", "-", "--table", "DeviceProcessEvents", "--now", now];
    let ended = run.args(arguments).ends_with(0).answers("2026-01-05");
    assert!(!ended.stdout.contains("2026-01-02"), "{}", ended.stdout);
}

#[test]
fn events_that_cannot_be_read_are_located() {
    for (events, message) in [
        ("{}\n{\n", "events.jsonl:2: not JSON"),
        ("[]", "events.jsonl:1: not a JSON object"),
        ("{\"$table\":7}", "events.jsonl:1: `$table` is not a text"),
        ("{}", "events.jsonl:1: no `$table`"),
    ] {
        let run = Run::new().file("q.kql", QUERY).file("events.jsonl", events);
        let mut arguments = vec!["eval", "q.kql", "--events", "events.jsonl"];
        if events.starts_with("{}\n") {
            arguments.extend(["--table", "T"]);
        }
        run.args(arguments).ends_with(2).says(message);
    }
}

#[test]
fn lists_come_in_three_forms() {
    for what in [vec!["targets"], vec!["profiles"], vec!["tables"], vec!["columns", "SigninLogs"], vec!["codes"]] {
        let list = |format: &str| {
            let mut arguments = vec!["list"];
            arguments.extend(&what);
            arguments.extend(["--format", format]);
            Run::new().args(arguments).ends_with(0)
        };
        let answer = list("json").answers_json();
        assert_eq!(answer["format"], 1);
        let rows = answer[what[0]].as_array().unwrap().len();
        assert!(rows > 0);
        assert_eq!(list("table").stdout.lines().count(), rows + 1, "{what:?}");
        // That of the codes goes on below its table.
        let is_row = |line: &&str| line.starts_with('|');
        let markdown = list("markdown").stdout;
        let table = markdown.lines().skip_while(|line| !is_row(line)).take_while(is_row);
        assert_eq!(table.count(), rows + 2, "{what:?}");
    }
    Run::new().args(["list", "columns", "NoSuchTable"]).ends_with(2).says("no table `NoSuchTable`");
}

#[test]
fn the_users_own_templates_replace_ours() {
    let run = Run::new().rule("a", QUERY).file("own/sentinel/hunting.json.j2", "{{ guid }}\n");
    let arguments = ["convert", "rules/a.yaml", "--target", "sentinel", "--templates", "own"];
    let ended = run.args(arguments).ends_with(0);
    assert_eq!(ended.stdout, "0170143d-c5b9-49c2-ad03-be86564a7855\n");
    let run = ended.run.file("own/sentinel/hunting.json.j2", "x\n{{ nothing }}\n");
    run.args(arguments).ends_with(2).says("`sentinel/hunting.json.j2`").says("line 2").answers_nothing();
}

#[test]
fn quiet_says_errors_only() {
    let run = Run::new().rule("a", QUERY);
    assert_eq!(run.args(["-q", "build", "rules", "--out", "dist"]).ends_with(0).stderr, "");
}

#[test]
fn colours_are_for_terminals_and_on_demand() {
    let run = Run::new().rule("a", "T\n| where");
    let ended = run.args(BUILD).ends_with(1);
    assert!(!ended.stderr.contains('\u{1b}'), "{}", ended.stderr);
    ended.then(["--color", "always", "build", "rules", "--out", "dist"]).ends_with(1).says("\u{1b}[");
}

#[test]
fn versions_and_help_are_answers() {
    Run::new().args(["--version"]).ends_with(0).answers(env!("CARGO_PKG_VERSION"));
    Run::new().args(["build", "--help"]).ends_with(0).answers("--min-fidelity");
}

#[test]
fn explain_tells_what_a_code_means() {
    let ended = Run::new().args(["explain", "fid0004"]).ends_with(0);
    ended
        .answers("FID0004: a term test becomes a substring test\n")
        .answers("$ siemaphore convert example.kql --target sigma\nnote[FID0004]: ")
        .answers("\nsigma: broader\n")
        .answers("`--profile sigma=exact` writes");
    for (asked, said) in [
        ("FID004", "error: there is no code and no file `FID004`; did you mean `FID0004`?"),
        ("FIDDLE99", "error: there is no code and no file `FIDDLE99`; `siemaphore list codes` shows all"),
    ] {
        Run::new().args(["explain", asked]).ends_with(2).answers_nothing().says(said);
    }
}

#[test]
fn explain_has_colours_where_they_are_wanted() {
    let ended = Run::new().args(["explain", "SEM0001", "--color", "always"]).ends_with(0);
    assert!(ended.stdout.contains("\u{1b}["));
    let ended = Run::new().args(["explain", "SEM0001"]).ends_with(0);
    assert!(!ended.stdout.contains('\u{1b}'));
}

#[test]
fn explain_shows_how_each_part_of_a_rule_is_carried() {
    let query = "DeviceProcessEvents\n| where FileName =~ 'cmd.exe' and strlen(ProcessCommandLine) > 1000\n\
                 | where ProcessCommandLine has 'vnc'";
    let run = Run::new().rule("a", query).args(["explain", "rules/a.yaml", "--target", "sigma,eql"]);
    run.ends_with(0)
        .answers("a (rules/a.yaml)\nsigma: broader, eql: broader\n")
        .answers("\n   9 DeviceProcessEvents\n       sigma      product: windows\n")
        .answers("     » FileName =~ 'cmd.exe'\n       sigma      Image|endswith: \\cmd.exe\n")
        .answers(
            "     » strlen(ProcessCommandLine) > 1000\n       all        FID0003 (not implemented): this condition",
        )
        .answers("\n  11 | where ProcessCommandLine has 'vnc'\n       sigma      CommandLine|contains: vnc\n")
        .answers("       eql        process.command_line regex~ ")
        .answers("\nassumed\n");
}

#[test]
fn explain_shows_refusals_where_they_belong_and_no_artifact() {
    let query = "SigninLogs\n| where ResultType == '0'\n| join (AuditLogs) on CorrelationId";
    let run = Run::new().rule("a", query).args(["explain", "rules/a.yaml", "--target", "esql"]);
    let ended = run.ends_with(0).answers("esql: unsupported\n");
    let ended =
        ended.answers("\n  11 | join (AuditLogs) on CorrelationId\n       esql       FID0001 (not implemented): ");
    assert!(!ended.stdout.contains("assumed"), "{}", ended.stdout);
    for (arguments, said) in [
        (vec!["explain", "rules/none.yaml"], "cannot read `rules/none.yaml`"),
        (vec!["explain", "rules/a.yaml", "--target", "qradar"], "qradar"),
    ] {
        Run::new().rule("a", QUERY).args(arguments).ends_with(2).says(said).answers_nothing();
    }
    Run::new()
        .rule("a", "SigninLogs | where Nope == 1")
        .args(["explain", "rules/a.yaml"])
        .ends_with(1)
        .says("SEM0001");
}

#[test]
fn explain_shows_the_meaning_as_json() {
    let run =
        Run::new().stdin("SecurityEvent | where EventID == 4625").args(["explain", "-", "--input", "kql", "--ir"]);
    let meaning = run.ends_with(0).answers_json();
    assert_eq!(meaning["format"], 1);
    let relations = meaning["query"]["relations"].as_array().unwrap();
    let test = &relations[1]["op"]["filter"]["predicate"]["kind"]["test"];
    assert_eq!(test["op"]["equals"]["operands"][0]["kind"]["literal"]["int"], 4625, "{test}");
    assert_eq!(relations[0]["origins"], serde_json::json!([[0, 13]]));
}

#[test]
fn the_summary_says_what_stands_in_the_way_and_what_to_onboard() {
    let run = Run::new()
        .rule("a", "SigninLogs\n| where ResultType == '50126' and AADTenantId == 'x'")
        .rule("b", "SigninLogs\n| where ResultType == '50126'\n| join (AuditLogs) on CorrelationId")
        .rule("c", "SigninLogs\n| where ResultType == '50126'")
        .rule("d", "MyTable_CL\n| where Message == 'x'");
    let arguments = ["build", "rules", "--out", "dist", "--target", "splunk,sentinel", "--summary"];
    let ended = run.args(arguments).ends_with(0).answers_nothing();
    let ended = ended
        .says("  splunk    1 exact, 1 broader, 2 unsupported\n  sentinel  4 exact\n")
        .says(" 1 rule    FID0001 (not implemented) the operator is not carried\n")
        .says("1 rule    SigninLogs.AADTenantId, unblocks 1\n")
        .says("1 rule    table MyTable_CL, unblocks 1\n")
        .says("sources to onboard\n  splunk    2 rules   events of `SigninLogs` arrive in Splunk from ")
        .says("fields to onboard\n  splunk    2 rules   `resultType` holds `ResultType` of `SigninLogs`\n");
    let written: Value = serde_json::from_str(&ended.read("dist/manifest.json")).unwrap();
    assert_eq!(written["summary"]["missing"], Value::Null);
    let answer = ended.then([arguments.as_slice(), &["--format", "json"]].concat()).ends_with(0).answers_json();
    let missing = answer["summary"]["missing"].as_array().unwrap();
    let column = missing.iter().find(|entry| entry["column"] == "AADTenantId").unwrap();
    assert_eq!((&column["target"], &column["table"]), (&"splunk".into(), &"SigninLogs".into()));
    assert_eq!(column["rules"], serde_json::json!(["a.yaml"]));
    let source = answer["summary"]["onboarding"].as_array().unwrap().iter().find(|one| one["kind"] == "coverage");
    assert_eq!(source.unwrap()["rules"], serde_json::json!(["a.yaml", "c.yaml"]));
    assert_eq!(answer["summary"]["causes"][0]["rules"].as_array().unwrap().len(), 1);
}

#[test]
fn witnesses_are_added_to_the_bundle_on_demand() {
    let rules = || Run::new().rule("a/one", QUERY).rule("two", "DeviceProcessEvents | evaluate plugin_of_mine()");
    let plain = rules().args(BUILD).ends_with(0);
    assert!(!plain.files("dist").iter().any(|path| path.starts_with("witness")));
    let manifest = plain.read("dist/manifest.json");
    assert!(!manifest.contains("witness"));
    let report = plain.read("dist/report.md");
    let ended = plain.then(["-v", "build", "rules", "--out", "dist", "--witness"]).ends_with(0);
    let ended = ended
        .says("note[BLD0005]: no witness is made: `evaluate` is not interpreted\n --> rules/two.yaml:9:25\n")
        .says("witnesses for 1 rule, none for 1; `--verbose` says why");
    let files: Vec<String> = ended.files("dist").into_iter().filter(|path| path.contains("witness")).collect();
    assert_eq!(files, ["witness/a/one.jsonl"]);
    let lines = ended.read("dist/witness/a/one.jsonl");
    let with: Value = serde_json::from_str(&ended.read("dist/manifest.json")).unwrap();
    let entry = &with["rules"][0]["witness"];
    let sha256 = siemaphore::hash::sha256(lines.as_bytes());
    let expected = format!(r#"{{"path":"witness/a/one.jsonl","bytes":{},"sha256":"{sha256}"}}"#, lines.len());
    assert_eq!((entry.to_string(), &with["rules"][1]["witness"]), (expected, &Value::Null));
    assert!(with["rules"][1].as_object().unwrap().contains_key("witness"));
    let listed = "## Rules without witness\n\n- two, two.yaml, 9:";
    assert!(ended.read("dist/report.md").contains(listed) && !report.contains(listed));
    // The same lines as those of the command.
    let ended = ended.then(["witness", "rules/a/one.yaml"]).ends_with(0);
    assert_eq!(ended.stdout, lines);
    let ended = ended.then(["build", "rules", "--out", "dist", "--witness", "--check"]).ends_with(0);
    // Without the flag they are stale, and go.
    let ended = ended.then(["build", "rules", "--out", "dist", "--check"]).ends_with(1);
    let ended = ended.says("error[BLD0004]: `dist/witness/a/one.jsonl` is extra").then(BUILD).ends_with(0);
    assert_eq!((ended.read("dist/manifest.json"), ended.read("dist/report.md")), (manifest, report));
    assert!(!ended.files("dist").iter().any(|path| path.starts_with("witness")));
}

#[test]
fn a_folder_named_like_that_of_witnesses_is_no_collision() {
    let run = Run::new().rule("witness/a", QUERY).rule("a", QUERY);
    let ended = run.args(["build", "rules", "--out", "dist", "--witness"]).ends_with(0);
    let files: Vec<String> = ended.files("dist").into_iter().filter(|path| path.starts_with("witness")).collect();
    assert_eq!(files, ["witness/a.jsonl", "witness/witness/a.jsonl"]);
    let run = Run::new().rule("a.jsonl/b", QUERY).rule("a", QUERY);
    let ended = run.args(["build", "rules", "--out", "dist", "--witness"]).ends_with(1);
    ended.says("error[BLD0001]: `a.yaml` leads to the same artifacts").then(BUILD).ends_with(0);
}
