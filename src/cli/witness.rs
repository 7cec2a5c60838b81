//! `witness`: events that fire a rule, and near misses.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::args::Witness as Arguments;
use super::show::Screen;
use super::{Status, answer, eval, input, settings};
use crate::bundle::{self, Outcome, Selection};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::eval::render;
use crate::ir;
use crate::witness::{self, Failed, Witness};

/// The time of the run where none is asked for: events have to be the same every day.
const CLOCK: &str = "2026-01-01T00:00:00Z";

/// Runs the command.
pub(super) fn run(arguments: &Arguments, screen: &Screen) -> Result<Status> {
    let clock = eval::clock(Some(arguments.now.as_deref().unwrap_or(CLOCK)))?;
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
            for one in &witnesses {
                answer(&format!("{}\n", line(one, clock)))?;
            }
            Ok(Status::Done)
        }
        Err(failed) => {
            let span = match &failed {
                Failed::Refused(refused) => refused.span,
                Failed::NotFound => crate::span::Span::default(),
            };
            let diagnostic = Diagnostic::error(Code::NotInterpreted, Place::Query(span), failed.to_string());
            screen.diagnostic(&diagnostic, &understood.compiled.source);
            Ok(Status::Findings)
        }
    }
}

/// A witness as a line: `{"expect","why","now","events":[{"$table",…}],"lists":{…}}`.
fn line(witness: &Witness, clock: i64) -> Value {
    let events: Vec<Value> = witness
        .data
        .tables
        .iter()
        .flat_map(|(table, events)| {
            events.iter().map(move |event| {
                let mut whole = Map::from_iter([(eval::TABLE.to_owned(), Value::String(table.clone()))]);
                whole.extend(event.clone());
                Value::Object(whole)
            })
        })
        .collect();
    let mut line = json!({
        "expect": witness.expect,
        "why": witness.why,
        "now": render::value(&ir::Value::DateTime(clock)),
        "events": events,
    });
    if !witness.data.lists.is_empty() {
        line["lists"] = json!(witness.data.lists);
    }
    line
}
