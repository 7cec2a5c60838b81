//! What stands between rules and targets, over a whole bundle: causes, what the crosswalk lacks, and what has to be there
//! for the artifacts that were written. Read from the notes and assumptions of the artifacts.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Compiled, Settings};
use crate::backend::names;
use crate::diagnostic::Code;
use crate::fidelity::{AssumptionKind, Cause, Findings, Match, Verdict};
use crate::ir::{Expr, Operator, Path, Query};

/// A table or column that the crosswalk has no entry for in the target.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub struct Gap {
    /// The table.
    pub table: String,
    /// The column, and the way inside it; none where the table itself has no source.
    pub column: Option<String>,
}

/// The survey of a bundle. In each list targets keep their order, and what concerns most rules comes first.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Survey {
    /// Why artifacts are not exact.
    pub causes: Vec<CauseEntry>,
    /// What the crosswalk lacks.
    pub missing: Vec<MissingEntry>,
    /// What has to be there for the artifacts to find anything.
    pub onboarding: Vec<OnboardingEntry>,
}

/// A cause, and the rules it concerns, by path.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CauseEntry {
    /// The target.
    pub target: &'static str,
    /// Whose limit.
    pub cause: &'static str,
    /// The code of the notes.
    pub code: &'static str,
    /// The rules.
    pub rules: BTreeSet<String>,
}

/// A gap, and the rules it concerns, by path.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct MissingEntry {
    /// The target.
    pub target: &'static str,
    /// What is missing.
    #[serde(flatten)]
    pub gap: Gap,
    /// The rules.
    pub rules: BTreeSet<String>,
    /// Those in whose way nothing else is known to stand.
    pub unblocks: BTreeSet<String>,
}

/// An assumption about data, and the rules that need it, by path.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct OnboardingEntry {
    /// The target.
    pub target: &'static str,
    /// `coverage` for sources, `field`, `supplied` for lists.
    pub kind: &'static str,
    /// What exactly.
    pub text: String,
    /// The rules.
    pub rules: BTreeSet<String>,
}

/// What the crosswalk lacks for this artifact, as its notes say it.
pub(super) fn gaps(query: &Query, findings: &Findings) -> BTreeSet<Gap> {
    let mut gaps = BTreeSet::new();
    for note in findings.notes.iter().filter(|note| note.cause == Some(Cause::NoMapping)) {
        let says = |name: &str| note.message.contains(&format!("`{name}`"));
        match note.code {
            Code::NoSource => {
                for id in query.reachable() {
                    if let Operator::Table { name } = &query.relation(id).op
                        && says(name)
                    {
                        gaps.insert(Gap { table: name.clone(), column: None });
                    }
                }
            }
            Code::NoField => each_path(query, &mut |path| {
                gaps.extend(gap(query, path).filter(|gap| gap.column.as_deref().is_some_and(says)));
            }),
            _ => {}
        }
    }
    gaps
}

/// The column of a table that a path leads to.
fn gap(query: &Query, path: &Path) -> Option<Gap> {
    let lineage = query.column(path.column).lineage.as_ref()?;
    let Operator::Table { name } = &query.relation(lineage.source).op else { return None };
    let steps = [lineage.path.as_slice(), &path.steps].concat();
    Some(Gap { table: name.clone(), column: Some(names::spelled(&lineage.column, &steps)) })
}

fn each_path(query: &Query, visit: &mut dyn FnMut(&Path)) {
    let mut look = |expr: &Expr| {
        if let Some(path) = expr.as_path() {
            visit(path);
        }
    };
    for id in query.reachable() {
        let op = &query.relation(id).op;
        op.exprs().into_iter().for_each(|expr| expr.walk(&mut look));
        op.predicates().into_iter().for_each(|predicate| predicate.walk_exprs(&mut look));
    }
}

/// The survey over compiled rules.
pub(super) fn survey(compiled: &[Compiled], settings: &Settings) -> Survey {
    let mut survey = Survey { causes: Vec::new(), missing: Vec::new(), onboarding: Vec::new() };
    for choice in &settings.targets {
        let target = choice.backend.target().name;
        let mut causes: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
        let mut missing: BTreeMap<Gap, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
        let mut onboarding: BTreeMap<(AssumptionKind, &str), BTreeSet<String>> = BTreeMap::new();
        for one in compiled {
            let artifacts = one.rule().into_iter().flat_map(|rule| &rule.artifacts);
            for artifact in artifacts.filter(|artifact| artifact.choice.backend.target().name == target) {
                let path = || one.relative.clone();
                let findings = &artifact.emission.findings;
                let is_exact = artifact.emission.verdict() == Verdict::Carried(Match::Exact);
                let reasons = || findings.notes.iter().filter_map(|note| Some((note.cause?, note.code)));
                for (cause, code) in reasons().filter(|_| !is_exact) {
                    causes.entry((cause.word(), code.name())).or_default().insert(path());
                }
                let only_gaps = !is_exact
                    && artifact.gaps.len() == 1
                    && reasons().all(|(cause, code)| cause == Cause::NoMapping || code == Code::ColumnLeft);
                for gap in &artifact.gaps {
                    let (rules, unblocks) = missing.entry(gap.clone()).or_default();
                    rules.insert(path());
                    unblocks.extend(only_gaps.then(path));
                }
                for assumption in findings.assumptions.iter().filter(|_| artifact.emission.artifact.is_some()) {
                    match assumption.kind {
                        AssumptionKind::Coverage | AssumptionKind::Field | AssumptionKind::Supplied => {
                            onboarding.entry((assumption.kind, &assumption.text)).or_default().insert(path());
                        }
                        AssumptionKind::Window | AssumptionKind::Setting | AssumptionKind::Ascii => {}
                    }
                }
            }
        }
        let mut causes: Vec<CauseEntry> =
            causes.into_iter().map(|((cause, code), rules)| CauseEntry { target, cause, code, rules }).collect();
        causes.sort_by_key(|entry| Reverse(entry.rules.len()));
        let missing = missing.into_iter();
        let mut missing: Vec<MissingEntry> =
            missing.map(|(gap, (rules, unblocks))| MissingEntry { target, gap, rules, unblocks }).collect();
        missing.sort_by_key(|entry| Reverse((entry.unblocks.len(), entry.rules.len())));
        let onboarding = onboarding.into_iter().map(|((kind, text), rules)| (kind, text.to_owned(), rules));
        let mut onboarding: Vec<_> = onboarding.collect();
        onboarding.sort_by_key(|(kind, _, rules)| (*kind, Reverse(rules.len())));
        survey.causes.extend(causes);
        survey.missing.extend(missing);
        survey.onboarding.extend(onboarding.into_iter().map(|(kind, text, rules)| OnboardingEntry {
            target,
            kind: kind.word(),
            text,
            rules,
        }));
    }
    survey
}
