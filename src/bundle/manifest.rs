//! `manifest.json`: every rule and artifact of a bundle, for machines.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Artifact, Compiled, CompiledRule, Settings};
use crate::diagnostic::Place;
use crate::fidelity::{Assumption, Match, Names, Note, Verdict};
use crate::hash;
use crate::span::SourceMap;

/// The document.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Manifest {
    /// Version of this form.
    pub format: u32,
    /// Every rule, by path.
    pub rules: Vec<RuleEntry>,
    /// Counts.
    pub summary: Summary,
    /// Hash over the templates.
    pub templates_sha256: String,
    /// Hash over the crosswalk, the user's own included.
    pub crosswalk_sha256: String,
}

/// One rule.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RuleEntry {
    /// Its id; null where the file cannot be read that far.
    pub id: Option<String>,
    /// Its name, likewise.
    pub name: Option<String>,
    /// Its version, where it states one.
    pub version: Option<String>,
    /// Path of the input, relative to the path given.
    pub path: String,
    /// `ok` or `error`.
    pub status: &'static str,
    /// Hash of the input's bytes.
    pub source_sha256: String,
    /// Hash of what the rule means; null for a broken rule.
    pub logic_sha256: Option<String>,
    /// One for each target, in the order of targets; none for a broken rule.
    pub artifacts: Vec<ArtifactEntry>,
    /// Its witnesses, where they are wanted; null where none were found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Option<WitnessEntry>>,
}

/// A file of witnesses.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct WitnessEntry {
    /// Path in the bundle.
    pub path: String,
    /// Size.
    pub bytes: usize,
    /// Hash.
    pub sha256: String,
}

/// One artifact, or the refusal of one.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ArtifactEntry {
    /// The target.
    pub target: &'static str,
    /// Its profile.
    pub profile: &'static str,
    /// Path in the bundle; null if refused, and this and the next two also where there is no file.
    pub path: Option<String>,
    /// Size.
    pub bytes: Option<usize>,
    /// Hash.
    pub sha256: Option<String>,
    /// The verdict.
    #[serde(rename = "match")]
    pub relation: &'static str,
    /// `mapped` or `native`.
    pub names: &'static str,
    /// What differs besides.
    pub output: Vec<&'static str>,
    /// The reasons.
    pub notes: Vec<NoteEntry>,
    /// What must hold.
    pub assumptions: Vec<AssumptionEntry>,
}

/// One reason.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct NoteEntry {
    /// Its code.
    pub code: &'static str,
    /// Its cause; null for a remark.
    pub cause: Option<&'static str>,
    /// What it says.
    pub message: String,
    /// Where in the rule file.
    #[serde(flatten)]
    pub location: LocationEntry,
}

/// A range of the rule file.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct LocationEntry {
    /// First line.
    pub line: usize,
    /// First column, in characters.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// Column behind the last character.
    pub end_column: usize,
}

/// One assumption.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct AssumptionEntry {
    /// Its kind.
    pub kind: &'static str,
    /// What exactly.
    pub text: String,
    /// How sure we are.
    pub confidence: &'static str,
}

/// Counts of a bundle.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Summary {
    /// Rules, broken ones included.
    pub rules: usize,
    /// Rules that were carried.
    pub ok: usize,
    /// Broken rules.
    pub error: usize,
    /// For each target, in their order.
    pub targets: indexmap::IndexMap<&'static str, TargetSummary>,
}

/// Counts of a target. Artifacts that keep KQL names are counted apart.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct TargetSummary {
    /// Artifacts with mapped names, by verdict, and refusals.
    #[serde(flatten)]
    pub mapped: indexmap::IndexMap<&'static str, usize>,
    /// Artifacts with native names, by verdict.
    pub native: indexmap::IndexMap<&'static str, usize>,
}

/// The manifest of compiled rules, which are sorted already.
pub(super) fn manifest(compiled: &[Compiled], settings: &Settings) -> Manifest {
    let rules: Vec<RuleEntry> =
        compiled.iter().filter_map(|one| Some(rule_entry(one, one.rule()?, settings))).collect();
    Manifest {
        format: 1,
        summary: summary(&rules, settings),
        rules,
        templates_sha256: settings.templates.sha256().to_owned(),
        crosswalk_sha256: settings.crosswalk.sha256(),
    }
}

fn rule_entry(compiled: &Compiled, rule: &CompiledRule, settings: &Settings) -> RuleEntry {
    let witness = rule.witnesses.as_ref().map(|lines| WitnessEntry {
        path: super::path::WITNESS.path(&compiled.relative),
        bytes: lines.len(),
        sha256: hash::sha256(lines.as_bytes()),
    });
    RuleEntry {
        id: rule.id.clone(),
        name: rule.name.clone(),
        version: rule.version.clone(),
        path: compiled.relative.clone(),
        status: if compiled.is_broken() { "error" } else { "ok" },
        source_sha256: compiled.source_sha256.clone(),
        logic_sha256: rule.logic_sha256.clone(),
        artifacts: rule
            .artifacts
            .iter()
            .map(|artifact| artifact_entry(artifact, &compiled.source, Some(&compiled.relative)))
            .collect(),
        witness: settings.witnesses.then_some(witness),
    }
}

/// The entry of one artifact; without `relative` it has no path.
pub fn artifact_entry(artifact: &Artifact, source: &SourceMap, relative: Option<&str>) -> ArtifactEntry {
    let target = artifact.choice.backend.target();
    let findings = &artifact.emission.findings;
    let text = artifact.emission.artifact.as_ref().map(|rendered| rendered.text.as_bytes());
    ArtifactEntry {
        target: target.name,
        profile: artifact.choice.profile,
        path: text.and(relative).map(|relative| super::path::artifact(target, relative)),
        bytes: text.map(<[u8]>::len),
        sha256: text.map(hash::sha256),
        relation: artifact.emission.verdict().word(),
        names: findings.names.word(),
        output: findings.output.iter().map(|output| output.word()).collect(),
        notes: findings.notes.iter().map(|note| note_entry(note, source)).collect(),
        assumptions: findings.assumptions.iter().map(assumption_entry).collect(),
    }
}

fn note_entry(note: &Note, source: &SourceMap) -> NoteEntry {
    NoteEntry {
        code: note.code.name(),
        cause: note.cause.map(|cause| cause.word()),
        message: note.message.clone(),
        location: location_entry(source, Place::Query(note.span)),
    }
}

/// A place as lines and columns of the rule file.
pub fn location_entry(source: &SourceMap, place: Place) -> LocationEntry {
    let found = source.locate(place);
    LocationEntry { line: found.line, column: found.column, end_line: found.end_line, end_column: found.end_column }
}

fn assumption_entry(assumption: &Assumption) -> AssumptionEntry {
    AssumptionEntry {
        kind: assumption.kind.word(),
        text: assumption.text.clone(),
        confidence: assumption.confidence.word(),
    }
}

fn summary(rules: &[RuleEntry], settings: &Settings) -> Summary {
    let targets = settings.targets.iter().map(|choice| choice.backend.target().name);
    let targets = targets.map(|target| (target, target_summary(rules, target))).collect();
    let error = rules.iter().filter(|rule| rule.status == "error").count();
    Summary { rules: rules.len(), ok: rules.len() - error, error, targets }
}

fn target_summary(rules: &[RuleEntry], target: &str) -> TargetSummary {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for artifact in rules.iter().flat_map(|rule| &rule.artifacts).filter(|artifact| artifact.target == target) {
        let names =
            if artifact.relation == Verdict::Unsupported.word() { Names::Mapped.word() } else { artifact.names };
        *counts.entry((names, artifact.relation)).or_default() += 1;
    }
    let count = |names: Names, word| counts.get(&(names.word(), word)).copied().unwrap_or(0);
    TargetSummary {
        mapped: Verdict::ALL.iter().map(|verdict| (verdict.word(), count(Names::Mapped, verdict.word()))).collect(),
        native: [Match::Exact, Match::Broader, Match::Narrower, Match::Approximate]
            .iter()
            .map(|relation| (relation.word(), count(Names::Native, relation.word())))
            .collect(),
    }
}
