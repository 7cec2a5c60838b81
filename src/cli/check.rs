//! `check`: what there is to say about rules, in a form for people or for machines. Writes no artifact.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::args::{Check, CheckFormat};
use super::show::{Screen, counted};
use super::{Status, answer, guard, input, settings};
use crate::bundle::{self, Compiled, CompiledRule, Outcome, Selection};
use crate::diagnostic::render::{self, Subject};
use crate::diagnostic::{Code, Diagnostic, Place, Severity};
use crate::span::SourceMap;

/// The table that GitHub shows on the page of a run is cut there.
///
/// <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits>
const MAX_STEP_SUMMARY_BYTES: usize = 1 << 20;

/// Runs the command.
pub(super) fn run(arguments: &Check, screen: &Screen) -> Result<Status> {
    let crosswalk = settings::crosswalk(&arguments.crosswalk)?;
    let inputs = input::gather(&arguments.paths, arguments.input, None)?;
    let everything = Selection::default();
    let results = guard::watch_all(&inputs, 0, |input| bundle::understand(input, &crosswalk, &everything))?;
    let mut has_bug = false;
    let mut files = Vec::new();
    for (input, result) in inputs.iter().zip(results) {
        let rules = match result {
            Ok(understood) => understood.into_iter().map(|one| one.compiled).collect(),
            Err(bug) => {
                has_bug = true;
                screen.bug(&bug, Some(&input.label));
                let diagnostic = Diagnostic::error(Code::Internal, Place::Whole, "a bug in siemaphore");
                vec![Compiled::broken(input, diagnostic)]
            }
        };
        files.push(File::new(&input.label, rules));
    }
    let counts = Counts::of(&files);
    tell(arguments, &files, &counts, screen)?;
    screen.say(&counts.line());
    Ok(if has_bug {
        Status::Internal
    } else if counts.error > 0 {
        Status::Findings
    } else {
        Status::Done
    })
}

/// A file, and the rules in it: one, or as many as a template holds.
struct File {
    label: String,
    rules: Vec<Compiled>,
}

impl File {
    /// The file, what is said of each rule in order of place. What is said of the whole file is said once.
    fn new(label: &str, mut rules: Vec<Compiled>) -> File {
        let mut said = HashSet::new();
        for Compiled { source, diagnostics, .. } in &mut rules {
            diagnostics.sort_by_key(|diagnostic| source.file_span(diagnostic.place).start);
            diagnostics.retain(|one| said.insert((source.file_span(one.place), one.code, one.message.clone())));
        }
        File { label: label.to_owned(), rules }
    }

    /// What is said about it, each with the source that knows its place.
    fn diagnostics(&self) -> impl Iterator<Item = (&SourceMap, &Diagnostic)> {
        self.rules.iter().flat_map(|rule| rule.diagnostics.iter().map(|one| (&rule.source, one)))
    }

    /// Its status, and why it was skipped.
    fn status(&self) -> (&'static str, Option<&'static str>) {
        if self.diagnostics().any(|(_, diagnostic)| diagnostic.is_error()) {
            return ("error", None);
        }
        match self.rules.first().map(|rule| &rule.outcome) {
            _ if self.rules.iter().any(|rule| rule.rule().is_some()) => ("ok", None),
            Some(Outcome::NotARule(reason)) => ("skipped", Some(reason)),
            Some(Outcome::Rule(_) | Outcome::NotSelected) | None => ("skipped", Some("no rule in it")),
        }
    }

    fn subjects(&self) -> impl Iterator<Item = Subject<'_>> {
        self.rules.iter().map(|rule| {
            let id = rule.rule().and_then(|rule| rule.id.as_deref());
            Subject { source: &rule.source, rule: id, diagnostics: &rule.diagnostics }
        })
    }
}

/// Says it in the form and the place asked for.
fn tell(arguments: &Check, files: &[File], counts: &Counts, screen: &Screen) -> Result<()> {
    let text = match arguments.format {
        CheckFormat::Full | CheckFormat::Concise => {
            let lines = lines(arguments, files, screen);
            match &arguments.output {
                // Colours are for the terminal only.
                None => lines.iter().for_each(|line| anstream::eprintln!("{line}")),
                Some(path) => write(path, &lines.iter().map(|line| format!("{line}\n")).collect::<String>())?,
            }
            return Ok(());
        }
        CheckFormat::Json => pretty(&as_json(files, counts))?,
        CheckFormat::Sarif => pretty(&render::sarif(&files.iter().flat_map(File::subjects).collect::<Vec<_>>()))?,
        CheckFormat::Github => {
            if let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) {
                append(Path::new(&path), &step_summary(files, counts))?;
            }
            let labels = paths_in_workspace(files);
            render::github(
                files
                    .iter()
                    .zip(&labels)
                    .flat_map(|(file, label)| file.subjects().map(move |subject| (label.as_str(), subject))),
            )
        }
    };
    match &arguments.output {
        None => answer(&text),
        Some(path) => write(path, &text),
    }
}

fn pretty(value: &Value) -> Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(value)?))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}

fn append(path: &Path, text: &str) -> Result<()> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("cannot write `{}`", path.display()))
}

/// The forms for people: each diagnostic, and with `--verbose` each file that is no rule.
fn lines(arguments: &Check, files: &[File], screen: &Screen) -> Vec<String> {
    let mut lines = Vec::new();
    let color = arguments.output.is_none();
    for file in files {
        let wanted = file.diagnostics().filter(|(_, diagnostic)| !screen.is_quiet() || diagnostic.is_error());
        lines.extend(wanted.map(|(source, diagnostic)| match arguments.format {
            CheckFormat::Concise => render::concise(diagnostic, source),
            _ => render::full(diagnostic, source, color),
        }));
        if let (_, Some(reason)) = file.status()
            && screen.is_verbose()
        {
            lines.push(format!("skipped {}: {reason}", file.label));
        }
    }
    lines
}

fn as_json(files: &[File], counts: &Counts) -> Value {
    let entries = files.iter().map(|file| {
        let (status, reason) = file.status();
        let diagnostics: Vec<Value> = file.diagnostics().map(|(source, one)| render::json(one, source)).collect();
        let mut entry = json!({ "path": file.label, "status": status });
        if let Some(reason) = reason {
            entry["reason"] = reason.into();
        }
        entry["diagnostics"] = diagnostics.into();
        entry["rules"] = file.rules.iter().filter_map(|rule| rule.rule().map(answer_of)).collect();
        entry
    });
    let files: Vec<Value> = entries.collect();
    let summary = json!({
        "files": counts.files,
        "ok": counts.ok,
        "error": counts.error,
        "skipped": counts.skipped,
        "errors": counts.errors,
        "warnings": counts.warnings,
        "notes": counts.notes,
    });
    json!({ "format": 1, "files": files, "summary": summary })
}

/// A rule, and the columns that its query yields.
fn answer_of(rule: &CompiledRule) -> Value {
    let mut entry = json!({ "id": rule.id, "name": rule.name });
    if let Some((columns, open)) = &rule.columns {
        entry["columns"] = columns.iter().map(|(name, ty)| json!({ "name": name, "type": ty.name() })).collect();
        entry["open"] = (*open).into();
    }
    entry
}

/// How many files there are of each status, and diagnostics of each severity.
#[derive(Default)]
struct Counts {
    files: usize,
    ok: usize,
    error: usize,
    skipped: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
}

impl Counts {
    fn of(files: &[File]) -> Counts {
        let mut counts = Counts { files: files.len(), ..Counts::default() };
        for file in files {
            match file.status().0 {
                "ok" => counts.ok += 1,
                "error" => counts.error += 1,
                _ => counts.skipped += 1,
            }
            for (_, diagnostic) in file.diagnostics() {
                match diagnostic.severity {
                    Severity::Error => counts.errors += 1,
                    Severity::Warning => counts.warnings += 1,
                    Severity::Note => counts.notes += 1,
                }
            }
        }
        counts
    }

    /// `3 files: 1 ok, 1 broken, 1 skipped; 1 error, 2 warnings, 0 notes`.
    fn line(&self) -> String {
        format!(
            "{}: {} ok, {} broken, {} skipped; {}, {}, {}",
            counted(self.files, "file"),
            self.ok,
            self.error,
            self.skipped,
            counted(self.errors, "error"),
            counted(self.warnings, "warning"),
            counted(self.notes, "note"),
        )
    }
}

/// The files' paths as GitHub knows them: from the root of the checked-out repository on.
fn paths_in_workspace(files: &[File]) -> Vec<String> {
    let workspace = std::env::var_os("GITHUB_WORKSPACE").and_then(|path| fs::canonicalize(PathBuf::from(path)).ok());
    let label = |file: &File| {
        let path = workspace.as_ref().and_then(|workspace| {
            let path = fs::canonicalize(&file.label).ok()?;
            path.strip_prefix(workspace).ok()?.to_str().map(|path| path.replace('\\', "/"))
        });
        path.unwrap_or_else(|| file.label.clone())
    };
    files.iter().map(label).collect()
}

/// Everything as a table, for the page of a run: annotations beyond a few are dropped there.
fn step_summary(files: &[File], counts: &Counts) -> String {
    let cell = |text: &str| text.replace('|', "\\|").replace(['\r', '\n'], " ").replace('<', "&lt;");
    let mut table = format!("### siemaphore check\n\n{}\n", counts.line());
    let mut rows = files.iter().flat_map(File::diagnostics).peekable();
    if rows.peek().is_some() {
        table.push_str("\n| | code | place | message |\n|---|---|---|---|\n");
    }
    for (source, diagnostic) in rows {
        let at = source.locate(diagnostic.place);
        let place = format!("{}:{}:{}", source.label(), at.line, at.column);
        let (word, code) = (diagnostic.severity.word(), diagnostic.code.name());
        let row = format!("| {word} | {code} | {} | {} |\n", cell(&place), cell(&diagnostic.message));
        if table.len() + row.len() > MAX_STEP_SUMMARY_BYTES {
            break;
        }
        table.write_str(&row).expect("a String takes any text");
    }
    table
}
