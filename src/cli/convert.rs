//! `convert`: one rule to one target.

use anyhow::Result;
use serde::Serialize;

use super::args::{Convert, Format};
use super::show::Screen;
use super::{Status, answer, answer_json, input, settings};
use crate::bundle::{self, ArtifactEntry, Compiled, LocationEntry, Outcome, Selection};
use crate::diagnostic::Place;
use crate::span::SourceMap;
use crate::template::Rendered;

/// The JSON answer: the artifact as the manifest has it, its text, and where its parts come from.
#[derive(Serialize)]
struct Converted {
    format: u32,
    #[serde(flatten)]
    artifact: ArtifactEntry,
    text: Option<String>,
    provenance: Vec<Fragment>,
}

/// A part of the text.
#[derive(Serialize)]
struct Fragment {
    /// First byte, and the byte behind the last.
    output: [usize; 2],
    source: Vec<LocationEntry>,
}

/// Runs the command.
pub(super) fn run(arguments: &Convert, screen: &Screen) -> Result<Status> {
    let targets = std::slice::from_ref(&arguments.target);
    let settings = settings::settings(targets, &arguments.carrying, Selection::default())?;
    let input = input::read_one(&arguments.path, arguments.input)?;
    let compiled = input::only_rule(bundle::compile(&input, &settings)?, |one| &one.outcome, &input.label)?;
    screen.diagnostics(&compiled);
    let Some(artifact) = compiled.rule().and_then(|rule| rule.artifacts.first()) else {
        if let Outcome::NotARule(reason) = compiled.outcome {
            screen.error(&format!("`{}` is no rule: {reason}", compiled.source.label()));
        }
        return Ok(Status::Findings);
    };
    let rendered = artifact.emission.artifact.as_ref();
    match arguments.format {
        Format::Text => answer(rendered.map_or("", |rendered| &rendered.text))?,
        Format::Json => answer_json(&Converted {
            format: 1,
            artifact: bundle::artifact_entry(artifact, &compiled.source, Some(&compiled.relative)),
            text: rendered.map(|rendered| rendered.text.clone()),
            provenance: rendered.map(|rendered| fragments(rendered, &compiled.source)).unwrap_or_default(),
        })?,
    }
    screen.artifact(&compiled, artifact);
    Ok(gate(arguments, &compiled, screen))
}

/// A single refused artifact is a finding: what was asked for is not there.
fn gate(arguments: &Convert, compiled: &Compiled, screen: &Screen) -> Status {
    let is_refused =
        compiled.rule().is_some_and(|rule| rule.artifacts.iter().any(|one| one.emission.artifact.is_none()));
    let passes = arguments.min_fidelity.is_none_or(|gate| screen.gate(compiled, gate));
    if is_refused || !passes { Status::Findings } else { Status::Done }
}

fn fragments(rendered: &Rendered, source: &SourceMap) -> Vec<Fragment> {
    let fragment = |(range, origins): &(std::ops::Range<usize>, crate::span::Origins)| Fragment {
        output: [range.start, range.end],
        source: origins.spans().iter().map(|span| bundle::location_entry(source, Place::Query(*span))).collect(),
    };
    rendered.provenance.iter().map(fragment).collect()
}
