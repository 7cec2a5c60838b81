//! What the sources of a query must yield, and how far they look back.

use crate::diagnostic::Code;
use crate::fidelity::{AssumptionKind, Confidence, Findings, Note};
use crate::ir::{ColumnId, Detection, Kind, Period, TICKS_PER_DAY};
use crate::shape::{Leg, Shape, Stage, Window};

/// The columns that must flow out of the sources: those that stages read, and those of the answer.
pub(super) fn needed(shape: &Shape) -> Vec<ColumnId> {
    let mut needed: Vec<ColumnId> = Vec::new();
    let mut add = |columns: Vec<ColumnId>| {
        for column in columns {
            if !needed.contains(&column) {
                needed.push(column);
            }
        }
    };
    let mut ends = false;
    for stage in &shape.stages {
        match stage {
            Stage::Summarize { keys, aggregates, .. } => {
                keys.iter().for_each(|key| add(key.value.columns()));
                for aggregation in *aggregates {
                    aggregation.aggregate.arguments.iter().for_each(|argument| add(argument.columns()));
                    if let Some(filter) = &aggregation.aggregate.filter {
                        filter.walk_exprs(&mut |expr| add(expr.columns()));
                    }
                }
                ends = true;
            }
            Stage::Filter { predicate, .. } => predicate.walk_exprs(&mut |expr| add(expr.columns())),
            Stage::Extend { columns, .. } => columns.iter().for_each(|assignment| add(assignment.value.columns())),
            Stage::Project { columns, .. } => {
                columns.iter().for_each(|assignment| add(assignment.value.columns()));
                ends = true;
            }
            Stage::Sort { by, .. } | Stage::Top { by, .. } => by.iter().for_each(|key| add(key.value.columns())),
            Stage::Take { .. } => {}
        }
        if ends {
            return needed;
        }
    }
    if shape.projected {
        add(shape.columns.clone());
    } else {
        // Whole events are shown; only what the query added to them is assigned.
        let computed = |column: &&ColumnId| {
            shape.legs.iter().any(|leg| {
                leg.columns.get(column).is_some_and(|value| !value.origins.is_empty() || value.as_path().is_none())
            })
        };
        add(shape.columns.iter().filter(computed).copied().collect());
    }
    needed
}

/// The look-back of a rule that states none: the portal's for hunting, the schedule's for analytics, the minute
/// between two runs for near-real-time rules.
fn look_back(detection: &Detection) -> (Period, &'static str) {
    match &detection.kind {
        Kind::Scheduled { schedule, .. } => (schedule.period, "the rule's `queryPeriod`"),
        Kind::NearRealTime { .. } => (Period(TICKS_PER_DAY / 1440), "the minute between two runs"),
        Kind::Hunting => (Period(TICKS_PER_DAY), "the default of the portal"),
    }
}

/// The window of a leg, and what it assumes.
pub(super) fn window(detection: &Detection, leg: &Leg, findings: &mut Findings) -> Window {
    let (period, whose) = look_back(detection);
    let clipped = match &detection.kind {
        Kind::Hunting if leg.window.from.is_some() => leg.window.clone(),
        Kind::Scheduled { .. } | Kind::Hunting | Kind::NearRealTime { .. } => leg.window.clipped(period),
    };
    let span = leg.window.origins.hull().unwrap_or_else(|| leg.table_origins.hull().unwrap_or_default());
    if leg.window.from.is_none() {
        let message = format!("the query has no time filter: it looks back {}, {whose}", period.short());
        findings.notes.insert(Note { span, code: Code::DefaultUsed, cause: None, message });
    }
    if let (Some(own), Some(seen)) = (leg.window.from, clipped.from)
        && own.offset < seen.offset
    {
        let asked = Period(own.offset.saturating_neg());
        let message = format!("the query looks back {}, {whose} lets it see {}", asked.short(), period.short());
        findings.notes.insert(Note { span, code: Code::WindowAssumed, cause: None, message });
    }
    let ago = clipped.from.map_or(period, |from| Period(from.offset.saturating_neg()));
    let text = format!("the run looks back {} over `{}`", ago.short(), leg.table);
    findings.assume(AssumptionKind::Window, Confidence::High, text);
    clipped
}
