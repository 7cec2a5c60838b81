//! `build`: rules to a bundle.

use anyhow::{Result, anyhow, bail};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde_json::{Value, json};

use super::args::{Build, Format};
use super::output::{Difference, DifferenceKind};
use super::show::{Screen, counted};
use super::{Status, answer, answer_json, guard, input, output, settings, summary};
use crate::bundle::{self, Bundle, Compiled, Input, Selection, Settings, Survey};
use crate::diagnostic::{Code, Diagnostic, Place};

/// Runs the command.
pub(super) fn run(arguments: &Build, screen: &Screen) -> Result<Status> {
    let (selection, paths) = selection(&arguments.select)?;
    let mut settings = settings::settings(&arguments.target, &arguments.carrying, selection)?;
    settings.witnesses = arguments.witness;
    let mut inputs = input::gather(&arguments.paths, arguments.input, Some(&arguments.out))?;
    if let Some(paths) = paths {
        inputs.retain(|input| paths.is_match(&input.relative));
    }
    let (compiled, has_bug) = compile_all(&inputs, &settings, usize::from(arguments.jobs.unwrap_or(0)), screen)?;
    let bundle = bundle::assemble(compiled, &settings);
    for compiled in &bundle.compiled {
        screen.diagnostics(compiled);
    }
    let survey = arguments.summary.then(|| bundle.survey(&settings));
    let mut status = if bundle.manifest.summary.error > 0 { Status::Findings } else { Status::Done };
    if let Some(gate) = arguments.min_fidelity {
        for compiled in &bundle.compiled {
            if !screen.gate(compiled, gate) {
                status = Status::Findings;
            }
        }
    }
    if arguments.check {
        let differences = output::compare(&arguments.out, &bundle.files)?;
        if !differences.is_empty() {
            status = Status::Findings;
        }
        show_differences(&differences, arguments, screen)?;
    } else {
        output::write(&arguments.out, &bundle.files, arguments.force)?;
        if arguments.format == Format::Json {
            answer_json(&manifest(&bundle, survey.as_ref())?)?;
        }
    }
    screen.summary(&bundle);
    if arguments.witness {
        screen.say(&witnesses(&bundle));
    }
    if let Some(survey) = &survey {
        screen.say(summary::text(&bundle, survey).trim_end());
    }
    Ok(if has_bug { Status::Internal } else { status })
}

/// For how many rules there are witnesses.
fn witnesses(bundle: &Bundle) -> String {
    let with = |entry: &&bundle::RuleEntry| matches!(entry.witness, Some(Some(_)));
    let count = bundle.manifest.rules.iter().filter(with).count();
    let without = bundle.compiled.iter().flat_map(|one| &one.diagnostics).filter(|one| one.code == Code::NoWitness);
    match without.count() {
        0 => format!("witnesses for {}", counted(count, "rule")),
        none => format!("witnesses for {}, none for {none}; `--verbose` says why", counted(count, "rule")),
    }
}

/// The manifest, with the survey in its summary. That in the bundle does not depend on what is asked for on the screen.
fn manifest(bundle: &Bundle, survey: Option<&Survey>) -> Result<Value> {
    let mut manifest = serde_json::to_value(&bundle.manifest)?;
    if let (Some(survey), Some(summary)) = (survey, manifest["summary"].as_object_mut())
        && let Value::Object(lists) = serde_json::to_value(survey)?
    {
        summary.extend(lists);
    }
    Ok(manifest)
}

/// Every input through [`bundle::compile`], several at a time, in their order. A bug breaks its own rule only.
fn compile_all(inputs: &[Input], settings: &Settings, jobs: usize, screen: &Screen) -> Result<(Vec<Compiled>, bool)> {
    let results = guard::watch_all(inputs, jobs, |input| bundle::compile(input, settings))?;
    let mut has_bug = false;
    let mut all = Vec::new();
    for (input, result) in inputs.iter().zip(results) {
        match result {
            Ok(compiled) => all.extend(compiled?),
            Err(bug) => {
                has_bug = true;
                screen.bug(&bug, Some(&input.label));
                let diagnostic = Diagnostic::error(Code::Internal, Place::Whole, "a bug in siemaphore");
                all.push(Compiled::broken(input, diagnostic));
            }
        }
    }
    Ok((all, has_bug))
}

/// What `--select` asks for: conditions on rules, and on paths.
fn selection(asked: &[String]) -> Result<(Selection, Option<GlobSet>)> {
    let mut selection = Selection::default();
    let mut globs = GlobSetBuilder::new();
    let mut has_globs = false;
    for one in asked {
        let (kind, value) = one.split_once(':').unwrap_or((one, ""));
        if value.is_empty() {
            bail!("`--select {one}` is not of the form KIND:VALUE");
        }
        match kind {
            "id" => selection.ids.push(value.to_owned()),
            "tag" => selection.tags.push(value.to_owned()),
            "tactic" => selection.tactics.push(value.to_owned()),
            "severity" => selection.severities.push(value.to_owned()),
            "path" => {
                let glob = GlobBuilder::new(value).literal_separator(true).build();
                globs.add(glob.map_err(|error| anyhow!("in `--select {one}`: {error}"))?);
                has_globs = true;
            }
            _ => bail!("unknown kind `{kind}` in `--select {one}`; there are id, tag, tactic, severity, path"),
        }
    }
    Ok((selection, if has_globs { Some(globs.build()?) } else { None }))
}

fn show_differences(differences: &[Difference], arguments: &Build, screen: &Screen) -> Result<()> {
    for difference in differences {
        let path = arguments.out.join(&difference.path);
        screen.stale(&path, difference.kind.word());
    }
    match arguments.format {
        Format::Json => {
            let stale: Vec<_> = differences
                .iter()
                .map(|difference| json!({ "path": difference.path, "change": difference.kind.word() }))
                .collect();
            answer_json(&json!({ "format": 1, "stale": stale }))
        }
        Format::Text => {
            let diffs = differences.iter().filter_map(|difference| match &difference.kind {
                DifferenceKind::Different { diff } => Some(diff.as_str()),
                DifferenceKind::Missing | DifferenceKind::Extra => None,
            });
            answer(&diffs.collect::<String>())
        }
    }
}

impl Screen {
    /// One line on a bundle.
    fn summary(&self, bundle: &Bundle) {
        self.say(&super::show::summary(bundle));
    }
}
