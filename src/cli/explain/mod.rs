//! `explain`: what a diagnostic code means, or how each part of a rule is carried to each target.

use std::path::Path;

use anyhow::{Result, bail};
use serde::Serialize;

use super::args::Explain;
use super::show::Screen;
use super::{Status, answer_json, answer_styled, input, settings};
use crate::bundle::{self, Outcome, Selection};
use crate::diagnostic::Code;
use crate::ir::Detection;
use crate::rule;

mod code;
mod part;

pub(super) use code::reference;

/// The JSON answer: what a rule means, as targets are given it.
#[derive(Serialize)]
struct Meaning<'a> {
    format: u32,
    #[serde(flatten)]
    detection: &'a Detection,
}

/// Runs the command.
pub(super) fn run(arguments: &Explain, screen: &Screen) -> Result<Status> {
    if let Some(code) = code_meant(&arguments.subject)? {
        answer_styled(&code::text(code)?)?;
        return Ok(Status::Done);
    }
    let settings = settings::settings(&arguments.target, &arguments.carrying, Selection::default())?;
    let input = input::read_one(&arguments.subject, arguments.input)?;
    let understood = bundle::understand(&input, &settings.crosswalk, &settings.selection);
    let understood = input::only_rule(understood, |one| &one.compiled.outcome, &input.label)?;
    let understood = bundle::emit(understood, &settings)?;
    screen.diagnostics(&understood.compiled);
    match (&understood.detection, &understood.compiled.outcome) {
        (Some(detection), _) if arguments.ir => answer_json(&Meaning { format: 1, detection })?,
        (Some(detection), Outcome::Rule(rule)) => {
            answer_styled(&part::text(&understood.compiled.source, detection, &rule.artifacts))?;
        }
        (_, Outcome::NotARule(reason)) => {
            screen.error(&format!("`{}` is no rule: {reason}", input.label));
            return Ok(Status::Findings);
        }
        (None, _) | (_, Outcome::NotSelected) => return Ok(Status::Findings),
    }
    Ok(Status::Done)
}

/// The code that is asked for; none if a file is. What looks like a code and is no file is meant to be one.
fn code_meant(subject: &Path) -> Result<Option<Code>> {
    let Some(word) = subject.to_str().filter(|_| !subject.exists()) else { return Ok(None) };
    let looks_like_code = word.starts_with(|first: char| first.is_ascii_alphabetic())
        && word.ends_with(|last: char| last.is_ascii_digit())
        && word.chars().all(|letter| letter.is_ascii_alphanumeric());
    if !looks_like_code {
        return Ok(None);
    }
    let Some(code) = Code::from_name(word) else {
        let names: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
        let nearest = rule::nearest(word, &names).map(|name| format!("did you mean `{name}`?"));
        let advice = nearest.unwrap_or_else(|| "`siemaphore list codes` shows all".to_owned());
        bail!("there is no code and no file `{word}`; {advice}");
    };
    Ok(Some(code))
}
