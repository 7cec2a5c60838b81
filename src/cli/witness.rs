//! `witness`: events that fire a rule, and near misses.

use anyhow::Result;

use super::args::Witness as Arguments;
use super::show::Screen;
use super::{Status, answer, eval, input, settings};
use crate::bundle::{self, Outcome, Selection};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::witness;

/// Runs the command.
pub(super) fn run(arguments: &Arguments, screen: &Screen) -> Result<Status> {
    let clock = arguments.now.as_deref().map_or(Ok(witness::CLOCK), |now| eval::clock(Some(now)))?;
    let crosswalk = settings::crosswalk(&arguments.crosswalk)?;
    let input = input::read_one(&arguments.path, arguments.input)?;
    let understood = bundle::understand(&input, &crosswalk, &Selection::default());
    let understood = input::only_rule(understood, |one| &one.compiled.outcome, &input.label)?;
    screen.diagnostics(&understood.compiled);
    let Some(detection) = understood.detection else {
        if let Outcome::NotARule(reason) = understood.compiled.outcome {
            screen.error(&format!("`{}` is no rule: {reason}", input.label));
        }
        return Ok(Status::Findings);
    };
    match witness::witnesses(&detection, clock, arguments.seed, arguments.max) {
        Ok(witnesses) => {
            answer(&witness::lines(&witnesses, clock))?;
            Ok(Status::Done)
        }
        Err(failed) => {
            let diagnostic = Diagnostic::error(Code::NotInterpreted, Place::Query(failed.span()), failed.to_string());
            screen.diagnostic(&diagnostic, &understood.compiled.source);
            Ok(Status::Findings)
        }
    }
}
