//! The laws that nothing is lost in silence, over our own rules, and a mutation test that keeps them honest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use siemaphore::backend::{self, Emission, Options};
use siemaphore::coverage;
use siemaphore::crosswalk::Crosswalk;
use siemaphore::ir::{Detection, Operator, Predicate, PredicateKind, RelationId};
use siemaphore::kql::{self, Leaf};
use siemaphore::rule::{self, Loaded};
use siemaphore::span::Origins;
use siemaphore::template::Templates;
use siemaphore::{lower, rewrite};

/// A rule, ready to be emitted.
struct Case {
    name: String,
    leaves: Vec<Leaf>,
    detection: Detection,
}

fn rule_files(folder: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("rules/ can be read").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            rule_files(&entry, into);
        } else if rule::companion(&entry.to_string_lossy()).is_none() {
            into.push(entry);
        }
    }
}

/// Our own rules.
fn cases(crosswalk: &Crosswalk) -> Vec<Case> {
    let mut files = Vec::new();
    rule_files(Path::new("rules"), &mut files);
    let case = |file: &PathBuf| case(file, crosswalk).unwrap_or_else(|| panic!("{} is broken", file.display()));
    files.iter().map(case).collect()
}

/// A rule in normal form; none for a file that is no rule, or a broken one.
fn case(file: &Path, crosswalk: &Crosswalk) -> Option<Case> {
    let bytes = std::fs::read(file).expect("a rule can be read");
    let name = file.display().to_string();
    let Loaded::Rule { rule, .. } = rule::load(&name, &bytes) else { return None };
    let parsed = kql::parse(&rule.query.value);
    let leaves = kql::leaves(&parsed.query);
    let mut detection = lower::lower(&rule, &parsed.query, crosswalk).detection?;
    rewrite::normalise(&mut detection.query);
    Some(Case { name, leaves, detection })
}

/// Emits to every target in every profile; Sentinel's artifact is the query itself, so it can lose nothing.
fn emissions(
    detection: &Detection,
    crosswalk: &Crosswalk,
    templates: &Templates,
) -> Vec<(&'static str, &'static str, Emission)> {
    let mut emissions = Vec::new();
    for backend in backend::ALL.iter().filter(|backend| backend.target().name != "sentinel") {
        for profile in backend.target().profiles {
            let options = Options { crosswalk, profile: profile.name, native_names: false, index: None, templates };
            let emission = backend.emit(detection, &options).expect("built-in templates render");
            emissions.push((backend.target().name, profile.name, emission));
        }
    }
    emissions
}

#[test]
fn every_leaf_is_carried_elided_or_noted() {
    let (crosswalk, templates) = (Crosswalk::builtin(), Templates::builtin());
    let mut breaches = Vec::new();
    for case in cases(&crosswalk) {
        for (target, profile, emission) in emissions(&case.detection, &crosswalk, &templates) {
            if emission.artifact.is_none() {
                // A refusal loses nothing, but it says why.
                let explained = emission.findings.notes.iter().any(|note| note.cause.is_some());
                assert!(explained, "{} {target}={profile}: refused without a cause", case.name);
                continue;
            }
            for leaf in coverage::lost(&case.leaves, &case.detection.query, &emission) {
                let text = leaf.span.of(&case.detection.text);
                breaches.push(format!("{} {target}={profile}: `{text}` at {}", case.name, leaf.span.start));
            }
        }
    }
    assert!(breaches.is_empty(), "{} leaves are lost:\n{}", breaches.len(), breaches.join("\n"));
}

#[test]
fn every_value_of_the_query_in_an_artifact_has_its_origins() {
    let (crosswalk, templates) = (Crosswalk::builtin(), Templates::builtin());
    let mut breaches = Vec::new();
    for case in cases(&crosswalk) {
        for (target, profile, emission) in emissions(&case.detection, &crosswalk, &templates) {
            let Some(artifact) = &emission.artifact else { continue };
            let mut rest = String::new();
            let mut end = 0;
            for (range, _) in &artifact.provenance {
                rest.push_str(&artifact.text[end..range.start]);
                rest.push('\n');
                end = range.end;
            }
            rest.push_str(&artifact.text[end..]);
            let carried: Vec<_> = artifact.provenance.iter().flat_map(|(_, origins)| origins.spans()).collect();
            for (literal, origins) in string_literals(&case.detection) {
                // A value that the source has by itself is the template's to say.
                if !origins.spans().iter().any(|span| carried.contains(&span)) {
                    continue;
                }
                if query_part(target, &rest).contains(&literal) {
                    breaches.push(format!("{} {target}={profile}: `{literal}`", case.name));
                }
            }
        }
    }
    assert!(breaches.is_empty(), "values without origins:\n{}", breaches.join("\n"));
}

/// What is left of an artifact without its comment head and the rule's own description.
fn query_part(target: &str, text: &str) -> String {
    match target {
        "sigma" => text
            .split("\ndetection:")
            .skip(1)
            .map(|document| document.split("\nfalsepositives:").next().unwrap_or_default())
            .collect(),
        "splunk" => text.rsplit("```").next().unwrap_or_default().to_owned(),
        _ => text.lines().filter(|line| !line.starts_with("//")).collect::<Vec<_>>().join("\n"),
    }
}

/// Texts that the query compares with, long enough not to stand there by chance.
fn string_literals(detection: &Detection) -> Vec<(String, Origins)> {
    let mut literals = Vec::new();
    for (_, relation) in detection.query.relations() {
        for predicate in relation.op.predicates() {
            predicate.walk_exprs(&mut |expr| {
                if let Some(text) = expr.as_text().filter(|text| text.len() > 3) {
                    literals.push((text.to_owned(), expr.origins.clone()));
                }
            });
        }
    }
    literals
}

/// A detection with one thing less, what that was, and its leaves.
fn mutants(detection: &Detection) -> Vec<(String, Origins, Detection)> {
    let mut mutants = Vec::new();
    for id in detection.query.reachable() {
        let op = &detection.query.relation(id).op;
        match op {
            Operator::Filter { input, predicate } => {
                let paths = removals(predicate);
                for path in paths.into_iter().filter(|path| !has_twin(predicate, path)) {
                    let mut mutant = detection.clone();
                    let removed = part(predicate, &path).all_origins();
                    let what = removed.hull().map_or_else(String::new, |span| span.of(&detection.text).to_owned());
                    let Operator::Filter { predicate, .. } = &mut mutant.query.relation_mut(id).op else {
                        unreachable!("it is the filter just seen")
                    };
                    remove(predicate, &path);
                    mutants.push((format!("condition {what}"), removed, mutant));
                }
                mutants.push((format!("filter {id:?}"), predicate.all_origins(), bypass(detection, id, *input)));
            }
            Operator::Summarize { aggregates, .. } => {
                for position in 0..aggregates.len() {
                    let mut mutant = detection.clone();
                    let Operator::Summarize { aggregates, .. } = &mut mutant.query.relation_mut(id).op else {
                        unreachable!("it is the summary just seen")
                    };
                    let removed = aggregates.remove(position);
                    let columns = removed.columns;
                    mutant.query.relation_mut(id).schema.columns.retain(|column| !columns.contains(column));
                    let name = removed.aggregate.function.name();
                    mutants.push((format!("aggregate {name}"), removed.aggregate.origins, mutant));
                }
            }
            Operator::Sort { input, .. } | Operator::Top { input, .. } | Operator::Take { input, .. } => {
                let origins = detection.query.relation(id).origins.clone();
                mutants.push((format!("stage {id:?}"), origins, bypass(detection, id, *input)));
            }
            // What no target carries is not missed either.
            _ => {}
        }
    }
    mutants
}

/// The detection without one stage.
fn bypass(detection: &Detection, id: RelationId, input: RelationId) -> Detection {
    let mut mutant = detection.clone();
    let op = detection.query.relation(input).op.clone();
    let origins = detection.query.relation(input).origins.clone();
    let schema = detection.query.relation(input).schema.clone();
    let relation = mutant.query.relation_mut(id);
    relation.op = op;
    relation.origins = origins;
    relation.schema = schema;
    mutant
}

/// The ways to every part of a conjunction or disjunction.
fn removals(predicate: &Predicate) -> Vec<Vec<usize>> {
    let mut paths = Vec::new();
    if let PredicateKind::And(parts) | PredicateKind::Or(parts) = &predicate.kind {
        for (position, part) in parts.iter().enumerate() {
            paths.push(vec![position]);
            paths.extend(removals(part).into_iter().map(|path| [vec![position], path].concat()));
        }
    }
    paths
}

/// Whether a part beside this one stands for the very same leaves, as the columns do that `*` means: to the law, which
/// is about leaves, they are one thing, and the whole of them is removed with the part around.
fn has_twin(predicate: &Predicate, path: &[usize]) -> bool {
    let Some((position, around)) = path.split_last() else { return false };
    let (PredicateKind::And(parts) | PredicateKind::Or(parts)) = &part(predicate, around).kind else { return false };
    let own = parts[*position].all_origins();
    parts.iter().enumerate().any(|(other, part)| other != *position && part.all_origins() == own)
}

fn part<'a>(predicate: &'a Predicate, path: &[usize]) -> &'a Predicate {
    path.iter().fold(predicate, |part, position| match &part.kind {
        PredicateKind::And(parts) | PredicateKind::Or(parts) => &parts[*position],
        PredicateKind::Not(_) | PredicateKind::Test(_) | PredicateKind::Const(_) => part,
    })
}

fn remove(predicate: &mut Predicate, path: &[usize]) {
    if let PredicateKind::And(parts) | PredicateKind::Or(parts) = &mut predicate.kind {
        match path {
            [position] => {
                parts.remove(*position);
            }
            [position, rest @ ..] => remove(&mut parts[*position], rest),
            [] => {}
        }
    }
    let kind = std::mem::replace(&mut predicate.kind, PredicateKind::Const(siemaphore::ir::Truth::True));
    let origins = predicate.origins.clone();
    *predicate = match kind {
        PredicateKind::And(parts) => Predicate::and(parts, origins),
        PredicateKind::Or(parts) => Predicate::or(parts, origins),
        kind => Predicate { kind, origins },
    };
}

#[test]
fn removing_anything_before_emission_breaks_the_law() {
    let crosswalk = Crosswalk::builtin();
    notice_removals(cases(&crosswalk), &crosswalk);
}

/// The same over the first three hundred published rules that some target carries.
#[test]
fn removing_anything_from_published_rules_breaks_the_law() {
    let Some(shared) = std::env::var_os("SIEMAPHORE_SHARED") else {
        println!("SKIPPED: SIEMAPHORE_SHARED names no folder of rules");
        return;
    };
    let (crosswalk, templates) = (Crosswalk::builtin(), Templates::builtin());
    let mut files = Vec::new();
    rule_files(&Path::new(&shared).join("data/corpus/yaml"), &mut files);
    let carried = |case: &Case| {
        emissions(&case.detection, &crosswalk, &templates).iter().any(|(_, _, emission)| emission.artifact.is_some())
    };
    let every: Vec<Case> = files.iter().filter_map(|file| case(file, &crosswalk)).filter(carried).take(300).collect();
    println!("{} published rules", every.len());
    notice_removals(every, &crosswalk);
}

/// Deletes each condition, aggregate and stage, and asks whether the law notices it in what a target emits.
fn notice_removals(cases: Vec<Case>, crosswalk: &Crosswalk) {
    let templates = Templates::builtin();
    let mut tally: BTreeMap<&str, (usize, Vec<String>)> = BTreeMap::new();
    for case in cases {
        let mut carried: BTreeMap<(&str, &str), Origins> = BTreeMap::new();
        for (target, profile, emission) in emissions(&case.detection, crosswalk, &templates) {
            for (_, origins) in emission.artifact.iter().flat_map(|artifact| &artifact.provenance) {
                carried.entry((target, profile)).or_default().extend(origins);
            }
        }
        for (what, removed, mutant) in mutants(&case.detection) {
            for (target, profile, emission) in emissions(&mutant, crosswalk, &templates) {
                // Only what a target emits can be lost by it.
                let emitted = carried.get(&(target, profile)).is_some_and(|carried| {
                    removed.spans().iter().any(|span| carried.spans().binary_search(span).is_ok())
                });
                if !emitted || emission.artifact.is_none() {
                    continue;
                }
                let (all, survivors) = tally.entry(target).or_default();
                *all += 1;
                if coverage::lost(&case.leaves, &mutant.query, &emission).is_empty() {
                    survivors.push(format!("{} {target}={profile}: {what}", case.name));
                }
            }
        }
    }
    for (target, (all, survivors)) in &tally {
        println!("{target}: {} of {all} removals are noticed", all - survivors.len());
        for survivor in survivors {
            println!("  not noticed: {survivor}");
        }
        assert!(survivors.len() * 100 <= *all, "{target}: {survivors:#?}");
    }
    assert!(!tally.is_empty(), "no target carried anything");
}
