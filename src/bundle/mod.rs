//! Rules to the files of a bundle: artifacts, manifest and report.
//!
//! [`compile`] takes one rule through every stage to its artifacts; rules are independent, so a caller may do that in
//! any order. [`assemble`] puts the compiled rules together. Both are functions of their arguments alone: the same
//! inputs give the same bytes. A broken rule has diagnostics and no artifacts, and stops no other.

use std::collections::{BTreeMap, BTreeSet};

use crate::backend::{self, Backend, Emission, Options};
use crate::crosswalk::Crosswalk;
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::hash;
use crate::ir;
use crate::kql;
use crate::lower;
use crate::rewrite;
use crate::rule::{self, Loaded, Part, Rule};
use crate::span::SourceMap;
use crate::suppression;
use crate::template::{TemplateError, Templates};
use crate::witness;

mod manifest;
mod path;
mod report;
mod survey;
#[cfg(test)]
mod tests;

pub use manifest::{
    ArtifactEntry, LocationEntry, Manifest, RuleEntry, Summary, WitnessEntry, artifact_entry, location_entry,
};
pub use path::artifact as artifact_path;
pub use survey::{CauseEntry, Gap, MissingEntry, OnboardingEntry, Survey};

/// One file to compile.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Input {
    /// How messages call it.
    pub label: String,
    /// Its path relative to the one the user gave, with `/` between the parts.
    pub relative: String,
    /// What it is.
    pub language: Language,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// What an input is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    /// A rule in YAML.
    Yaml,
    /// A bare query.
    Kql,
    /// A deployment template: any number of rules.
    Arm,
}

/// A target and its profile.
#[derive(Clone, Copy)]
pub struct Choice {
    /// The target's code.
    pub backend: &'static dyn Backend,
    /// One of its profiles.
    pub profile: &'static str,
}

impl std::fmt::Debug for Choice {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(formatter, "{}={}", self.backend.target().name, self.profile)
    }
}

/// What a run asks for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Names, the user's own included.
    pub crosswalk: Crosswalk,
    /// Templates, the user's own included.
    pub templates: Templates,
    /// The targets, in the order of reports.
    pub targets: Vec<Choice>,
    /// Whether names without a mapping are kept.
    pub native_names: bool,
    /// The index that Splunk searches name.
    pub index: Option<String>,
    /// Which rules.
    pub selection: Selection,
    /// Whether events are made that fire each rule, and near misses.
    pub witnesses: bool,
}

impl Choice {
    /// Every target in its default profile.
    pub fn defaults() -> Vec<Choice> {
        let default =
            |backend: &&'static dyn Backend| Choice { backend: *backend, profile: backend.target().profiles[0].name };
        backend::ALL.iter().map(default).collect()
    }
}

impl Default for Settings {
    /// Every rule to every target in its default profile, with what comes with the program.
    fn default() -> Settings {
        Settings {
            crosswalk: Crosswalk::builtin(),
            templates: Templates::builtin(),
            targets: Choice::defaults(),
            native_names: false,
            index: None,
            selection: Selection::default(),
            witnesses: false,
        }
    }
}

/// Which rules of the inputs are wanted: for each kind of condition that is given, one of them has to hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Selection {
    /// Ids.
    pub ids: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Tactics in Sentinel's spelling.
    pub tactics: Vec<String>,
    /// Severities.
    pub severities: Vec<String>,
}

impl Selection {
    /// Whether the rule is wanted; letter case does not count.
    fn takes(&self, rule: &Rule) -> bool {
        let severity = rule.severity.as_ref().map(|severity| severity_word(severity.value));
        one_of(&self.ids, &[rule.id.value.as_str()])
            && one_of(&self.tags, &texts(&rule.tags))
            && one_of(&self.tactics, &texts(&rule.tactics))
            && one_of(&self.severities, severity.as_slice())
    }
}

/// Whether one of these is wanted, or all are.
fn one_of(wanted: &[String], present: &[&str]) -> bool {
    wanted.is_empty() || present.iter().any(|one| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(one)))
}

fn texts(values: &[rule::Spanned<String>]) -> Vec<&str> {
    values.iter().map(|value| value.value.as_str()).collect()
}

fn severity_word(severity: rule::Severity) -> &'static str {
    match severity {
        rule::Severity::Informational => "Informational",
        rule::Severity::Low => "Low",
        rule::Severity::Medium => "Medium",
        rule::Severity::High => "High",
    }
}

/// An input after all stages.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The file, for places.
    pub source: SourceMap,
    /// The input's relative path.
    pub relative: String,
    /// Hash of the input's bytes.
    pub source_sha256: String,
    /// What there is to say about it, by stage.
    pub diagnostics: Vec<Diagnostic>,
    /// What it turned out to be.
    pub outcome: Outcome,
}

/// What an input turned out to be.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A rule, perhaps a broken one.
    Rule(CompiledRule),
    /// YAML that is no rule, and why not.
    NotARule(&'static str),
    /// A rule that was not asked for.
    NotSelected,
}

/// A rule after all stages.
#[derive(Clone, Debug)]
pub struct CompiledRule {
    /// Its id, if the file could be read that far.
    pub id: Option<String>,
    /// Its name, likewise.
    pub name: Option<String>,
    /// Its version, if it states one.
    pub version: Option<String>,
    /// The names and types of its answer's columns, and whether there may be others; none for a broken rule.
    pub columns: Option<(Vec<(String, ir::Type)>, bool)>,
    /// Hash of what it means; none for a broken rule.
    pub logic_sha256: Option<String>,
    /// For each target the artifact or the refusal; empty for a broken rule.
    pub artifacts: Vec<Artifact>,
    /// Events that fire it, and near misses, as lines; none where they are not wanted, or none are found.
    pub witnesses: Option<String>,
}

/// What a target made of a rule.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// The target.
    pub choice: Choice,
    /// What it made.
    pub emission: Emission,
    /// What the crosswalk lacks for it.
    pub gaps: BTreeSet<Gap>,
}

impl Compiled {
    /// A rule of which nothing is known but that it is broken.
    pub fn broken(input: &Input, diagnostic: Diagnostic) -> Compiled {
        Compiled {
            source: SourceMap::new(input.label.as_str(), ""),
            relative: input.relative.clone(),
            source_sha256: hash::sha256(&input.bytes),
            diagnostics: vec![diagnostic],
            outcome: Outcome::Rule(CompiledRule::unnamed()),
        }
    }

    /// Whether it is a rule, or was to be one, and is broken.
    pub fn is_broken(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// The rule, unless the input is none or was not asked for.
    pub fn rule(&self) -> Option<&CompiledRule> {
        match &self.outcome {
            Outcome::Rule(rule) => Some(rule),
            Outcome::NotARule(_) | Outcome::NotSelected => None,
        }
    }

    /// Makes it a broken rule.
    pub fn fail(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
        if let Outcome::Rule(rule) = &mut self.outcome {
            rule.artifacts.clear();
            rule.logic_sha256 = None;
            rule.witnesses = None;
        }
    }
}

impl CompiledRule {
    fn unnamed() -> CompiledRule {
        CompiledRule {
            id: None,
            name: None,
            version: None,
            columns: None,
            logic_sha256: None,
            artifacts: Vec::new(),
            witnesses: None,
        }
    }
}

/// The files of a run, and what they were made of.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// Path in the bundle and content.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Every input, by relative path.
    pub compiled: Vec<Compiled>,
    /// What `manifest.json` says.
    pub manifest: Manifest,
}

impl Bundle {
    /// What stands between the rules and the targets, and what has to be there for the artifacts.
    pub fn survey(&self, settings: &Settings) -> Survey {
        survey::survey(&self.compiled, settings)
    }
}

/// All rules to a bundle.
///
/// # Errors
///
/// Only when a template (possibly the user's own) cannot be rendered.
pub fn build(inputs: &[Input], settings: &Settings) -> Result<Bundle, TemplateError> {
    let mut all = Vec::new();
    for input in inputs {
        all.extend(compile(input, settings)?);
    }
    Ok(assemble(all, settings))
}

/// The rules of an input to their artifacts: one, or as many as a template holds.
///
/// # Errors
///
/// Only when a template (possibly the user's own) cannot be rendered.
pub fn compile(input: &Input, settings: &Settings) -> Result<Vec<Compiled>, TemplateError> {
    let understood = understand(input, &settings.crosswalk, &settings.selection);
    understood.into_iter().map(|understood| Ok(emit(understood, settings)?.compiled)).collect()
}

/// Carries a rule to its targets. What it means is in normal form afterwards, as targets were given it.
///
/// # Errors
///
/// Only when a template (possibly the user's own) cannot be rendered.
pub fn emit(mut understood: Understood, settings: &Settings) -> Result<Understood, TemplateError> {
    if let (Some(detection), Outcome::Rule(rule)) = (&mut understood.detection, &mut understood.compiled.outcome) {
        // Of the rule as written, as the command of that name makes them.
        if settings.witnesses {
            match witness::witnesses(detection, witness::CLOCK, 0, witness::MAX) {
                Ok(witnesses) => rule.witnesses = Some(witness::lines(&witnesses, witness::CLOCK)),
                Err(failed) => {
                    let place = Place::Query(failed.span());
                    let message = format!("no witness is made: {failed}");
                    understood.compiled.diagnostics.push(Diagnostic::note(Code::NoWitness, place, message));
                }
            }
        }
        rewrite::normalise(&mut detection.query);
        rule.logic_sha256 = Some(hash::sha256(ir::print_logic(&detection.query).as_bytes()));
        for choice in &settings.targets {
            let options = Options {
                crosswalk: &settings.crosswalk,
                profile: choice.profile,
                native_names: settings.native_names,
                index: settings.index.as_deref(),
                templates: &settings.templates,
            };
            let emission = choice.backend.emit(detection, &options)?;
            let gaps = survey::gaps(&detection.query, &emission.findings);
            rule.artifacts.push(Artifact { choice: *choice, emission, gaps });
        }
    }
    Ok(understood)
}

/// An input and what it means.
#[derive(Clone, Debug)]
pub struct Understood {
    /// The input, without artifacts.
    pub compiled: Compiled,
    /// What it means; none if it is broken, or no rule that was asked for.
    pub detection: Option<ir::Detection>,
}

/// The rules of an input through the stages that all targets share.
pub fn understand(input: &Input, crosswalk: &Crosswalk, selection: &Selection) -> Vec<Understood> {
    let source_sha256 = hash::sha256(&input.bytes);
    let parts = match input.language {
        Language::Yaml => rule::load_yaml(&input.label, &input.bytes),
        Language::Kql => vec![Part { path: None, loaded: rule::load_kql(&input.label, &input.bytes) }],
        Language::Arm => rule::load_arm(&input.label, &input.bytes),
    };
    parts
        .into_iter()
        .map(|part| {
            let relative = part.path.map_or(input.relative.clone(), |path| beside(&input.relative, &path));
            let source_sha256 = source_sha256.clone();
            let origin = Origin { label: &input.label, relative, language: input.language, source_sha256 };
            understand_loaded(part.loaded, origin, crosswalk, selection)
        })
        .collect()
}

/// The relative path of a rule that stands in a file with others.
fn beside(relative: &str, path: &str) -> String {
    let (folder, file) = relative.rsplit_once('/').map_or(("", relative), |(folder, file)| (folder, file));
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
    let path = if extension.is_empty() { path.to_owned() } else { format!("{path}.{extension}") };
    if folder.is_empty() { path } else { format!("{folder}/{path}") }
}

/// Where a rule comes from.
struct Origin<'a> {
    label: &'a str,
    relative: String,
    language: Language,
    source_sha256: String,
}

fn understand_loaded(loaded: Loaded, origin: Origin<'_>, crosswalk: &Crosswalk, selection: &Selection) -> Understood {
    let Origin { label, relative, language, source_sha256 } = origin;
    let is_yaml = language == Language::Yaml;
    let compiled = |source, diagnostics, outcome| Compiled { source, relative, source_sha256, diagnostics, outcome };
    match loaded {
        Loaded::NotARule { reason } => {
            let source = SourceMap::new(label, "");
            Understood { compiled: compiled(source, Vec::new(), Outcome::NotARule(reason)), detection: None }
        }
        // What cannot be read cannot be known to be unwanted.
        Loaded::Broken { source, mut diagnostics } => {
            suppression::apply(&source, None, is_yaml, &mut diagnostics);
            let rule = Outcome::Rule(CompiledRule::unnamed());
            Understood { compiled: compiled(source, diagnostics, rule), detection: None }
        }
        Loaded::Rule { rule, source, .. } if !selection.takes(&rule) => {
            Understood { compiled: compiled(source, Vec::new(), Outcome::NotSelected), detection: None }
        }
        Loaded::Rule { rule, source, mut diagnostics } => {
            let parsed = kql::parse(&rule.query.value);
            let mut detection = None;
            if parsed.errors.is_empty() {
                let lowered = lower::lower(&rule, &parsed.query, crosswalk);
                diagnostics.extend(lowered.diagnostics);
                detection = lowered.detection;
            }
            diagnostics.extend(parsed.errors.into_iter().map(Diagnostic::from));
            suppression::apply(&source, Some(&rule.query.value), is_yaml, &mut diagnostics);
            let compiled_rule = CompiledRule {
                id: Some(rule.id.value),
                name: Some(rule.name.value),
                version: rule.version.map(|version| version.value),
                columns: detection.as_ref().map(|detection| columns(&detection.query)),
                ..CompiledRule::unnamed()
            };
            Understood { compiled: compiled(source, diagnostics, Outcome::Rule(compiled_rule)), detection }
        }
    }
}

/// The columns of a query's answer, and whether there may be others.
fn columns(query: &ir::Query) -> (Vec<(String, ir::Type)>, bool) {
    let schema = &query.relation(query.root).schema;
    let columns = schema.columns.iter().map(|column| query.column(*column));
    (columns.map(|column| (column.name.clone(), column.ty)).collect(), schema.open)
}

/// Compiled rules to the files of a bundle.
pub fn assemble(mut compiled: Vec<Compiled>, settings: &Settings) -> Bundle {
    compiled.sort_by(|one, other| (&one.relative, one.source.label()).cmp(&(&other.relative, other.source.label())));
    refuse_taken_paths(&mut compiled, settings);
    let manifest = manifest::manifest(&compiled, settings);
    let mut files = BTreeMap::new();
    for one in &compiled {
        for artifact in one.rule().into_iter().flat_map(|rule| &rule.artifacts) {
            if let Some(rendered) = &artifact.emission.artifact {
                let path = path::artifact(artifact.choice.backend.target(), &one.relative);
                files.insert(path, rendered.text.clone().into_bytes());
            }
        }
        if let Some(lines) = one.rule().and_then(|rule| rule.witnesses.as_ref()) {
            files.insert(path::WITNESS.path(&one.relative), lines.clone().into_bytes());
        }
    }
    let mut document = serde_json::to_string_pretty(&manifest).expect("the manifest is plain data");
    document.push('\n');
    files.insert("manifest.json".to_owned(), document.into_bytes());
    files.insert("report.md".to_owned(), report::report(&compiled, settings).into_bytes());
    Bundle { files, compiled, manifest }
}

/// Breaks the rules whose artifacts cannot stand where they would have to.
fn refuse_taken_paths(compiled: &mut [Compiled], settings: &Settings) {
    let rules: Vec<usize> = (0..compiled.len()).filter(|index| compiled[*index].rule().is_some()).collect();
    let relatives: Vec<&str> = rules.iter().map(|index| compiled[*index].relative.as_str()).collect();
    let targets = settings.targets.iter().map(|choice| path::Mirror::of(choice.backend.target()));
    let mirrors: Vec<path::Mirror> = targets.chain(settings.witnesses.then_some(path::WITNESS)).collect();
    let pairs: Vec<(usize, usize)> =
        path::collisions(&relatives, &mirrors).into_iter().map(|(one, other)| (rules[one], rules[other])).collect();
    for (one, other) in pairs {
        for (index, rival) in [(one, other), (other, one)] {
            let message = if compiled[index].relative == compiled[rival].relative {
                "another input has the same path below its own folder".to_owned()
            } else {
                format!("`{}` leads to the same artifacts", compiled[rival].relative)
            };
            let labels = [compiled[one].source.label(), compiled[other].source.label()];
            let help = format!("rename `{}` or `{}`; extension and letter case do not count", labels[0], labels[1]);
            let diagnostic = Diagnostic::error(Code::PathTaken, Place::Whole, message).with_help(help);
            compiled[index].fail(diagnostic);
        }
    }
    for index in rules {
        if let Some(name) = path::reserved(&compiled[index].relative) {
            let message = format!("the bundle needs the name `{name}` itself");
            compiled[index]
                .fail(Diagnostic::error(Code::PathReserved, Place::Whole, message).with_help("rename the file"));
        }
    }
}
