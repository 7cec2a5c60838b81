//! What is said to people, on standard error.

use std::collections::BTreeMap;
use std::path::Path;

use super::args::Gate;
use super::guard::Bug;
use crate::bundle::{Artifact, Bundle, Compiled, Outcome};
use crate::diagnostic::{Code, Diagnostic, Place, Severity, render};
use crate::fidelity::{Names, Note, Verdict};
use crate::span::SourceMap;

/// How many diagnostics of one input are shown, unless more is wanted.
const MAX_SHOWN: usize = 50;

/// How much is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Screen {
    quiet: bool,
    verbose: bool,
}

impl Screen {
    pub fn new(quiet: bool, verbose: bool) -> Screen {
        Screen { quiet, verbose }
    }

    /// A line, unless only errors are wanted.
    pub fn say(&self, line: &str) {
        if !self.quiet {
            anstream::eprintln!("{line}");
        }
    }

    /// What there is to say about an input.
    pub fn diagnostics(&self, compiled: &Compiled) {
        let wanted: Vec<&Diagnostic> =
            compiled.diagnostics.iter().filter(|diagnostic| self.wants(diagnostic.severity)).collect();
        let shown = if self.verbose { wanted.len() } else { wanted.len().min(MAX_SHOWN) };
        for diagnostic in &wanted[..shown] {
            self.diagnostic(diagnostic, &compiled.source);
        }
        if shown < wanted.len() {
            let more = wanted.len() - shown;
            self.say(&format!("{}: {more} more; `--verbose` shows them", compiled.source.label()));
        }
        if self.verbose {
            match &compiled.outcome {
                Outcome::Rule(_) => {}
                Outcome::NotARule(reason) => self.say(&format!("skipped {}: {reason}", compiled.source.label())),
                Outcome::NotSelected => self.say(&format!("skipped {}: not selected", compiled.source.label())),
            }
        }
    }

    /// Whether all there is to say is wanted.
    pub fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Whether errors only are wanted.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    fn wants(&self, severity: Severity) -> bool {
        match severity {
            Severity::Error => true,
            Severity::Warning => !self.quiet,
            Severity::Note => self.verbose,
        }
    }

    /// One diagnostic.
    pub fn diagnostic(&self, diagnostic: &Diagnostic, source: &SourceMap) {
        anstream::eprintln!("{}", render::full(diagnostic, source, true));
    }

    /// The verdict on an artifact, and the reasons.
    pub fn artifact(&self, compiled: &Compiled, artifact: &Artifact) {
        let findings = &artifact.emission.findings;
        if !self.quiet {
            for note in &findings.notes {
                self.diagnostic(&as_diagnostic(note), &compiled.source);
            }
        }
        for assumption in &findings.assumptions {
            self.say(&format!("assumes: {} ({})", assumption.text, assumption.kind.word()));
        }
        self.say(&verdict(artifact));
    }

    /// Whether every artifact of a rule passes the gate; says which do not.
    pub fn gate(&self, compiled: &Compiled, gate: Gate) -> bool {
        let mut passes = true;
        for artifact in compiled.rule().into_iter().flat_map(|rule| &rule.artifacts) {
            let verdict = artifact.emission.verdict();
            if !gate.admits(verdict) {
                passes = false;
                let target = artifact.choice.backend.target().name;
                self.error(&format!("{}: {target} is {}", compiled.source.label(), verdict.word()));
            }
        }
        passes
    }

    /// A file of the output folder is not as it should be.
    pub fn stale(&self, path: &Path, word: &str) {
        self.coded_error(Code::Stale, &format!("`{}` is {word}", path.display()));
    }

    /// An error without a place.
    pub fn error(&self, message: &str) {
        anstream::eprintln!("\x1b[1;31merror\x1b[0m: {message}");
    }

    fn coded_error(&self, code: Code, message: &str) {
        anstream::eprintln!("\x1b[1;31merror[{}]\x1b[0m: {message}", code.name());
    }

    /// Why the job could not be done.
    pub fn failure(&self, error: &anyhow::Error) {
        let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
        self.error(&chain.join(": "));
    }

    /// A bug of ours.
    pub fn bug(&self, bug: &Bug, input: Option<&str>) {
        let input = input.map(|input| format!(" in `{input}`")).unwrap_or_default();
        self.coded_error(Code::Internal, &format!("a bug in siemaphore{input}: {} ({})", bug.message, bug.place));
        let version = env!("CARGO_PKG_VERSION");
        anstream::eprintln!("  please report it with the rule and this version: {version}");
    }
}

/// A reason behind a verdict, to be drawn as what stages say.
pub(super) fn as_diagnostic(note: &Note) -> Diagnostic {
    let cause = note.cause.map(|cause| format!("cause: {}", cause.word().replace('_', " ")));
    Diagnostic { help: cause, ..Diagnostic::note(note.code, Place::Query(note.span), note.message.clone()) }
}

/// The verdict on an artifact: `splunk: broader, native names`.
pub(super) fn verdict(artifact: &Artifact) -> String {
    let native = match artifact.emission.findings.names {
        Names::Mapped => "",
        Names::Native => ", native names",
    };
    format!("{}: {}{native}", artifact.choice.backend.target().name, artifact.emission.verdict().word())
}

/// One line on a bundle: `3 rules, 1 broken: 9 artifacts (7 exact, 2 broader), 1 unsupported`.
pub(super) fn summary(bundle: &Bundle) -> String {
    let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
    for artifact in bundle.compiled.iter().filter_map(Compiled::rule).flat_map(|rule| &rule.artifacts) {
        *counts.entry(artifact.emission.verdict()).or_default() += 1;
    }
    let unsupported = counts.remove(&Verdict::Unsupported).unwrap_or(0);
    let artifacts: usize = counts.values().sum();
    let verdicts: Vec<String> = counts.iter().map(|(verdict, count)| format!("{count} {}", verdict.word())).collect();
    let skipped = bundle.compiled.iter().filter(|one| matches!(one.outcome, Outcome::NotARule(_))).count();
    let unselected = bundle.compiled.iter().filter(|one| matches!(one.outcome, Outcome::NotSelected)).count();
    let mut line = counted(bundle.manifest.summary.rules, "rule");
    for (count, text) in [(bundle.manifest.summary.error, "broken"), (unselected, "not selected")] {
        if count > 0 {
            line.push_str(&format!(", {count} {text}"));
        }
    }
    if skipped > 0 {
        line.push_str(&format!(", {} skipped", counted(skipped, "other file")));
    }
    line.push_str(&format!(": {}", counted(artifacts, "artifact")));
    if !verdicts.is_empty() {
        line.push_str(&format!(" ({})", verdicts.join(", ")));
    }
    if unsupported > 0 {
        line.push_str(&format!(", {unsupported} unsupported"));
    }
    line
}

pub(super) fn counted(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}
