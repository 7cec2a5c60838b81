//! `test`: the cases that rules carry.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::{Value, json};

use super::args::{Format, Test};
use super::input::{self, Gathered};
use super::show::{Screen, counted};
use super::{Status, answer, answer_json, guard, settings};
use crate::bundle::{self, Input, Selection, Understood};
use crate::cases::{self, Cases, Outcome};
use crate::crosswalk::Crosswalk;
use crate::diagnostic::render;
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::rule::{self, Companion};
use crate::span::SourceMap;

/// Runs the command.
pub(super) fn run(arguments: &Test, screen: &Screen) -> Result<Status> {
    let crosswalk = settings::crosswalk(&arguments.crosswalk)?;
    let units = units(&arguments.paths)?;
    let results = guard::watch_all(&units, 0, |unit| test(unit, &crosswalk))?;
    let mut has_bug = false;
    let mut tested = Vec::new();
    for (unit, result) in units.iter().zip(results) {
        match result {
            Ok(rules) => tested.extend(rules),
            Err(bug) => {
                has_bug = true;
                let label = unit.label();
                screen.bug(&bug, Some(&label));
                let diagnostic = Diagnostic::error(Code::Internal, Place::Whole, "a bug in siemaphore");
                let source = SourceMap::new(label.as_str(), "");
                tested.push(Tested { path: label, is_broken: true, said: vec![(source, diagnostic)], cases: None });
            }
        }
    }
    for (source, diagnostic) in tested.iter().flat_map(|rule| &rule.said) {
        if diagnostic.is_error() || !screen.is_quiet() {
            screen.diagnostic(diagnostic, source);
        }
    }
    let counts = Counts::of(&tested);
    match arguments.format {
        Format::Text => answer(&text(&tested, screen))?,
        Format::Json => answer_json(&as_json(&tested, &counts))?,
    }
    screen.say(&counts.line());
    Ok(if has_bug {
        Status::Internal
    } else if counts.is_clean() {
        Status::Done
    } else {
        Status::Findings
    })
}

/// Files of one name: the rule, which is one of these, and its cases.
#[derive(Default)]
struct Unit {
    rules: Vec<Input>,
    cases: Option<Input>,
}

impl Unit {
    fn label(&self) -> String {
        self.rules.first().or(self.cases.as_ref()).map(|input| input.label.clone()).unwrap_or_default()
    }
}

/// A rule that was tested.
struct Tested {
    /// Its file, or that of cases without a rule.
    path: String,
    /// Whether the rule, or its file of cases, has an error in it.
    is_broken: bool,
    /// What there is to say about it and its cases, each with the file that knows its place.
    said: Vec<(SourceMap, Diagnostic)>,
    /// Its cases; none if it has no file of them.
    cases: Option<Vec<Done>>,
}

/// A case that was run.
struct Done {
    name: String,
    /// `rules/a.tests.yaml:3`
    place: String,
    status: Went,
    message: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Went {
    Passed,
    Failed,
    Error,
}

impl Went {
    fn word(self) -> &'static str {
        match self {
            Went::Passed => "passed",
            Went::Failed => "failed",
            Went::Error => "error",
        }
    }
}

/// The rules below the paths with their cases, by name. Of a path to a single file, what stands beside it is read too.
fn units(paths: &[PathBuf]) -> Result<Vec<Unit>> {
    let mut units: BTreeMap<String, Unit> = BTreeMap::new();
    for path in paths {
        let gathered = gather(path)?;
        for rule in gathered.rules {
            let unit = units.entry(stem(&rule.label).to_owned()).or_default();
            // One file may lie below two of the paths.
            if unit.rules.iter().all(|known| known.label != rule.label) {
                unit.rules.push(rule);
            }
        }
        for cases in gathered.cases {
            let stem = stem(&cases.label).to_owned();
            units.entry(stem).or_default().cases = Some(cases);
        }
    }
    if units.is_empty() {
        anyhow::bail!("no rule file (`.yaml`, `.yml`, `.kql` or `.json`) below the paths given");
    }
    Ok(units.into_values().collect())
}

fn gather(path: &Path) -> Result<Gathered> {
    if path.is_dir() {
        return input::gather_all(std::slice::from_ref(&path.to_owned()), None, None);
    }
    let given = input::read_one(path, None)?;
    let is_cases = matches!(rule::companion(&given.label), Some((Companion::Cases, _)));
    let mut gathered = Gathered::default();
    for ending in if is_cases { &["yaml", "yml", "kql", "json"][..] } else { &["tests.yaml", "tests.yml"] } {
        let beside = PathBuf::from(format!("{}.{ending}", stem(&given.label)));
        if beside.is_file() {
            let found = input::read_one(&beside, None)?;
            if is_cases { gathered.rules.push(found) } else { gathered.cases.push(found) }
        }
    }
    if is_cases {
        gathered.cases.push(given)
    } else {
        gathered.rules.push(given)
    }
    Ok(gathered)
}

/// The path of a rule without extension, from that of its file or of its cases.
fn stem(label: &str) -> &str {
    match rule::companion(label) {
        Some((_, stem)) => stem,
        None => label.rsplit_once('.').filter(|(_, ending)| !ending.contains('/')).map_or(label, |(stem, _)| stem),
    }
}

/// Runs the cases of a unit. Without cases, each rule in it is one that has none.
fn test(unit: &Unit, crosswalk: &Crosswalk) -> Vec<Tested> {
    let everything = Selection::default();
    let understood = unit.rules.iter().flat_map(|input| bundle::understand(input, crosswalk, &everything));
    let rules: Vec<Understood> = understood.filter(|one| one.compiled.rule().is_some()).collect();
    let Some(input) = &unit.cases else { return rules.iter().map(untested).collect() };
    let cases = cases::load(&input.label, &input.bytes);
    let [rule] = rules.as_slice() else {
        let message = match rules.len() {
            0 => "there is no rule beside these cases".to_owned(),
            count => format!("there are {count} rules beside these cases"),
        };
        let endings = "`.yaml`, `.yml`, `.kql` or `.json`";
        let help = format!("the rule's file is named `{}` with {endings}, and holds one rule", stem(&input.relative));
        let diagnostic = Diagnostic::error(Code::CasesRule, Place::Whole, message).with_help(help);
        let said = vec![(cases.source, diagnostic)];
        return vec![Tested { path: input.label.clone(), is_broken: true, said, cases: Some(Vec::new()) }];
    };
    let mut tested = untested(rule);
    tested.said.extend(cases.diagnostics.iter().map(|one| (cases.source.clone(), one.clone())));
    tested.is_broken |= cases.diagnostics.iter().any(Diagnostic::is_error);
    let done = cases.cases.iter().map(|case| run_case(case, rule, &cases, &mut tested.said)).collect();
    tested.cases = Some(done);
    vec![tested]
}

/// A rule as long as no case is run. What `check` says of it besides errors is not repeated here.
fn untested(rule: &Understood) -> Tested {
    let source = &rule.compiled.source;
    let errors = rule.compiled.diagnostics.iter().filter(|one| one.is_error());
    let said = errors.map(|one| (source.clone(), one.clone())).collect();
    Tested { path: source.label().to_owned(), is_broken: rule.compiled.is_broken(), said, cases: None }
}

fn run_case(case: &cases::Case, rule: &Understood, file: &Cases, said: &mut Vec<(SourceMap, Diagnostic)>) -> Done {
    let line = file.source.locate(Place::File(case.name.span)).line;
    let place = format!("{}:{line}", file.source.label());
    let (status, message) = match rule.detection.as_ref().map(|detection| cases::run(case, detection)) {
        None => (Went::Error, Some("the rule is broken".to_owned())),
        Some(Outcome::Passed) => (Went::Passed, None),
        Some(Outcome::Failed(message)) => (Went::Failed, Some(message)),
        Some(Outcome::Misstated(diagnostic)) => {
            let message = diagnostic.message.clone();
            said.push((file.source.clone(), diagnostic));
            (Went::Error, Some(message))
        }
        Some(Outcome::Refused(refused)) => {
            let message = refused.to_string();
            let diagnostic = Diagnostic::error(Code::NotInterpreted, Place::Query(refused.span), message.clone());
            let refusal = (rule.compiled.source.clone(), diagnostic);
            // Every case of a rule that cannot be run says the same.
            if !said.contains(&refusal) {
                said.push(refusal);
            }
            (Went::Error, Some(message))
        }
    };
    Done { name: case.name.value.clone(), place, status, message }
}

/// A line for each case, below it what went wrong; where only errors are wanted, those that went well are left out.
fn text(tested: &[Tested], screen: &Screen) -> String {
    let mut text = String::new();
    for done in tested.iter().flat_map(|rule| rule.cases.iter().flatten()) {
        if done.status == Went::Passed && screen.is_quiet() {
            continue;
        }
        let name = render::clean(&done.name.replace('\n', " "));
        text.push_str(&format!("{:<6} {}: {name}\n", done.status.word(), render::clean(&done.place)));
        for line in done.message.iter().flat_map(|message| message.lines()) {
            text.push_str(&format!("       {}\n", render::clean(line)));
        }
    }
    text
}

fn as_json(tested: &[Tested], counts: &Counts) -> Value {
    let rules: Vec<Value> = tested
        .iter()
        .map(|rule| {
            let cases = rule.cases.iter().flatten().map(|done| {
                let mut entry = json!({ "name": done.name, "status": done.status.word() });
                if let Some(message) = &done.message {
                    entry["message"] = message.as_str().into();
                }
                entry
            });
            let cases: Vec<Value> = cases.collect();
            let diagnostics: Vec<Value> = rule.said.iter().map(|(source, one)| render::json(one, source)).collect();
            json!({ "path": rule.path, "cases": cases, "diagnostics": diagnostics })
        })
        .collect();
    let summary = json!({
        "rules": counts.rules,
        "without_cases": counts.without_cases,
        "broken": counts.broken,
        "cases": counts.passed + counts.failed + counts.error,
        "passed": counts.passed,
        "failed": counts.failed,
        "error": counts.error,
    });
    json!({ "format": 1, "rules": rules, "summary": summary })
}

/// How many there are of each.
#[derive(Default)]
struct Counts {
    rules: usize,
    without_cases: usize,
    broken: usize,
    passed: usize,
    failed: usize,
    error: usize,
}

impl Counts {
    fn of(tested: &[Tested]) -> Counts {
        let mut counts = Counts { rules: tested.len(), ..Counts::default() };
        for rule in tested {
            counts.without_cases += usize::from(rule.cases.is_none());
            counts.broken += usize::from(rule.is_broken);
            for done in rule.cases.iter().flatten() {
                match done.status {
                    Went::Passed => counts.passed += 1,
                    Went::Failed => counts.failed += 1,
                    Went::Error => counts.error += 1,
                }
            }
        }
        counts
    }

    fn is_clean(&self) -> bool {
        self.broken == 0 && self.failed == 0 && self.error == 0
    }

    /// `3 rules, 1 without cases, 1 broken: 4 cases, 3 passed, 1 failed`.
    fn line(&self) -> String {
        let mut line = counted(self.rules, "rule");
        for (count, text) in [(self.without_cases, "without cases"), (self.broken, "broken")] {
            if count > 0 {
                line.push_str(&format!(", {count} {text}"));
            }
        }
        line.push_str(&format!(
            ": {}, {} passed",
            counted(self.passed + self.failed + self.error, "case"),
            self.passed
        ));
        for (count, text) in [(self.failed, "failed"), (self.error, "in error")] {
            if count > 0 {
                line.push_str(&format!(", {count} {text}"));
            }
        }
        line
    }
}
