//! Events made from what a rule means: some that fire it, and near misses that differ in one thing.
//!
//! The query's operators are walked backwards, from a row of the answer to the events behind it. Nothing is believed:
//! what every set of events does is asked of the interpreter. The same seed gives the same events.

mod chance;
mod data;
mod event;
mod field;
mod group;
mod line;
mod miss;
mod plain;
mod text;
mod variant;

use crate::eval::{self, Data, Refused, Table};
use crate::ir::{Detection, Query, TICKS_PER_DAY, Trigger, TriggerOperator};
use crate::span::Span;

pub use line::lines;

use data::Maker;
use event::Demand;

/// How often data for a rule are sought, each time with other alternatives.
const ATTEMPTS: usize = 32;

/// The time of the run where none is asked for, 2026-01-01T00:00:00Z: events have to be the same every day.
pub const CLOCK: i64 = 739_616 * TICKS_PER_DAY;
/// How many witnesses there are at most, unless another number is asked for.
pub const MAX: usize = 100;

/// Events with what they do to a rule.
#[derive(Clone, PartialEq, Debug)]
pub struct Witness {
    /// Whether the rule fires.
    pub expect: bool,
    /// What they show.
    pub why: String,
    /// The events, and the lists beside them.
    pub data: Data,
}

/// Why there are no witnesses.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Failed {
    /// The rule cannot be run.
    #[error("{0}")]
    Refused(#[from] Refused),
    /// No events were found that fire it.
    #[error("no events were found that fire the rule")]
    NotFound,
}

impl Failed {
    /// Where the reason stands; empty where it is the query as a whole.
    pub fn span(&self) -> Span {
        match self {
            Failed::Refused(refused) => refused.span,
            Failed::NotFound => Span::default(),
        }
    }
}

/// Events that fire a rule and near misses, at most `max` of them; `clock` is the time of the run, in ticks.
///
/// # Errors
///
/// Where a part of the rule is not interpreted, or nothing is found that fires it.
pub fn witnesses(detection: &Detection, clock: i64, seed: u64, max: usize) -> Result<Vec<Witness>, Failed> {
    let trigger = detection.trigger();
    let query = &detection.query;
    eval::run(query, &Data::default(), clock).or_else(without_lists)?;
    let mut found = Vec::new();
    for attempt in 0..ATTEMPTS {
        let mut maker = Maker::new(query, clock, seed, attempt);
        let rows = usize::try_from(wanted_rows(trigger)).unwrap_or(1).clamp(1, 200);
        if maker.rows(query.root, vec![Demand::default(); rows]).is_none() {
            continue;
        }
        if fires(query, trigger, &maker.data, clock) == Some(true) {
            let why = "fires: every condition holds".to_owned();
            found.push(Witness { expect: true, why, data: maker.data.clone() });
            found.extend(miss::near(&maker, query, trigger, clock, max));
            break;
        }
    }
    let nothing = Data::default();
    if found.is_empty() {
        return match fires(query, trigger, &nothing, clock) {
            Some(true) => {
                Ok(vec![Witness { expect: true, why: "fires: no events at all".to_owned(), data: nothing }])
            }
            _ => Err(Failed::NotFound),
        };
    }
    if found.iter().all(|witness| witness.expect)
        && let Some(expect) = fires(query, trigger, &nothing, clock)
    {
        found.push(Witness { expect, why: "no events at all".to_owned(), data: nothing });
    }
    found.truncate(max.max(1));
    Ok(found)
}

/// A rule whose lists are not there can be run when they are.
fn without_lists(refused: Refused) -> Result<Table, Refused> {
    match refused.reason {
        eval::Reason::NotSupplied(_) => Ok(Table::default()),
        _ => Err(refused),
    }
}

/// How many rows make the trigger fire.
fn wanted_rows(trigger: Trigger) -> u64 {
    match trigger.operator {
        TriggerOperator::GreaterThan => trigger.threshold + 1,
        TriggerOperator::Equal => trigger.threshold,
        TriggerOperator::LessThan => 0,
        TriggerOperator::NotEqual => u64::from(trigger.threshold == 0),
    }
}

/// Whether a rule fires on data; none where it cannot be run on them.
pub fn fires(query: &Query, trigger: Trigger, data: &Data, clock: i64) -> Option<bool> {
    eval::run(query, data, clock).ok().map(|answer| trigger.holds(answer.rows.len()))
}
