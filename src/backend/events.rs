//! What an artifact that returns whole events makes of a query: its look-back, and what it leaves of the stages.
//!
//! An event tells its group keys, so a summary that only shows things leaves the match as it is: the subjects are the
//! keys of the events found. A filter on groups that is left out finds more groups, a choice of rows that is left out
//! more rows. A filter on the keys alone is one on the events.

use std::collections::BTreeMap;

use crate::diagnostic::Code;
use crate::fidelity::{AssumptionKind, Cause, Confidence, Findings, Match, Names as Naming, Note, Refusal};
use crate::ir::{
    ColumnId, Detection, Dynamic, Expr, ExprKind, Kind, Path, Period, Predicate, PredicateKind, Truth, Value,
};
use crate::shape::{self, Leg, Shape, Stage};
use crate::span::{Elided, Origins};

use super::Options;
use super::names::{Names, USUAL_CLOCKS};

mod stages;
#[cfg(test)]
pub(super) mod tests;

pub(crate) use stages::{Comparison, Counted, Speaker, Threshold, leave, stages};

/// Elasticsearch's regular expressions.
pub(crate) const LUCENE_REGEX: &str = "https://www.elastic.co/docs/reference/query-languages/query-dsl/regexp-syntax";

/// The legs and stages of a detection's query.
///
/// # Errors
///
/// Where the query is not built like that.
pub(crate) fn shape<'a>(detection: &'a Detection, options: &Options) -> Result<Shape<'a>, Refusal> {
    let mut shape = shape::shape(&detection.query, &|table, column| match options.crosswalk.table(table) {
        Some(table) => table.is_clock(column),
        None => USUAL_CLOCKS.contains(&column),
    })?;
    keep_seen(detection, &mut shape)?;
    push_key_filters(&mut shape);
    Ok(shape)
}

/// Drops the sources whose time filter lies outside the time that the rule's schedule lets it see.
///
/// <https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview#query-scheduling>
fn keep_seen(detection: &Detection, shape: &mut Shape) -> Result<(), Refusal> {
    let is_seen = |leg: &Leg| {
        let window = match &detection.kind {
            Kind::Scheduled { schedule, .. } => leg.window.clipped(schedule.period),
            Kind::Hunting | Kind::NearRealTime { .. } => leg.window.clone(),
        };
        window.from.zip(window.to).is_none_or(|(from, to)| from.offset <= to.offset)
    };
    if let [unseen, ..] = shape.legs.as_slice()
        && !shape.legs.iter().any(is_seen)
    {
        let span = unseen.window.origins.hull().unwrap_or_default();
        let page = "https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview#query-scheduling";
        let message = "the time filter asks for no event that the rule's `queryPeriod` lets it see: it finds nothing";
        return Err(Refusal::new(Code::WindowAssumed, Cause::ProductLimit { page }, span, message));
    }
    for leg in shape.legs.iter().filter(|leg| !is_seen(leg)) {
        let law = "source of which the rule's schedule lets nothing be seen";
        shape.elided.push(Elided { origins: leg.all_origins(), law });
    }
    shape.legs.retain(is_seen);
    Ok(())
}

/// A filter on the keys of the first summary is a filter on the events: it moves into the legs.
fn push_key_filters(shape: &mut Shape) {
    let Some(Stage::Summarize { keys, .. }) = shape.stages.first() else { return };
    let keys: BTreeMap<ColumnId, &Expr> = keys.iter().map(|key| (key.column, &key.value)).collect();
    for index in 1..shape.stages.len() {
        let (predicate, keyword) = match &shape.stages[index] {
            Stage::Filter { predicate, origins } => (predicate.clone(), (*origins).clone()),
            Stage::Sort { .. } => continue,
            // Columns may be renamed from here on, or rows chosen.
            Stage::Summarize { .. }
            | Stage::Extend { .. }
            | Stage::Project { .. }
            | Stage::Top { .. }
            | Stage::Take { .. } => break,
        };
        let mut rest = Vec::new();
        for conjunct in predicate.conjuncts() {
            let on_keys = substitute(conjunct, &|column| keys.get(&column).map(|value| (*value).clone()));
            let pushed: Option<Vec<Predicate>> =
                on_keys.map(|on_keys| shape.legs.iter().map(|leg| in_place(&on_keys, leg)).collect()).unwrap_or(None);
            match pushed {
                Some(pushed) => {
                    for (leg, pushed) in shape.legs.iter_mut().zip(pushed) {
                        let condition =
                            std::mem::replace(&mut leg.condition, Predicate::constant(Truth::True, Origins::none()));
                        let always = matches!(condition.kind, PredicateKind::Const(Truth::True));
                        let all = if always { vec![pushed] } else { vec![condition, pushed] };
                        leg.condition = Predicate::and(all, keyword.clone().and(&predicate.origins));
                    }
                }
                None => rest.push(conjunct.clone()),
            }
        }
        if let Stage::Filter { predicate, .. } = &mut shape.stages[index] {
            let origins = predicate.origins.clone();
            *predicate = Predicate::and(rest, origins);
        }
    }
    shape.stages.retain(|stage| {
        !matches!(stage, Stage::Filter { predicate, .. } if matches!(predicate.kind, PredicateKind::Const(Truth::True)))
    });
}

/// A condition over the columns of a leg as one over its table's columns; none where a column is computed.
pub(crate) fn in_place(condition: &Predicate, leg: &Leg) -> Option<Predicate> {
    substitute(condition, &|column| leg.columns.get(&column).cloned())
}

/// A condition with the subjects of its tests replaced by the fields that they are; none where one is computed, where
/// an operand is not constant, or where a negation is around more than a test.
fn substitute(condition: &Predicate, meaning: &dyn Fn(ColumnId) -> Option<Expr>) -> Option<Predicate> {
    let origins = condition.origins.clone();
    let inner = |parts: &[Predicate]| parts.iter().map(|part| substitute(part, meaning)).collect::<Option<Vec<_>>>();
    Some(match &condition.kind {
        PredicateKind::And(parts) => Predicate::and(inner(parts)?, origins),
        PredicateKind::Or(parts) => Predicate::or(inner(parts)?, origins),
        PredicateKind::Not(part) => {
            if !matches!(part.kind, PredicateKind::Test(_)) {
                return None;
            }
            Predicate::negate(substitute(part, meaning)?, origins)
        }
        PredicateKind::Const(truth) => Predicate::constant(*truth, origins),
        PredicateKind::Test(test) => {
            let mut test = test.clone();
            let path = test.subject.as_path()?;
            let value = meaning(path.column)?;
            let mut inner = value.as_path()?.clone();
            inner.steps.extend(path.steps.iter().cloned());
            test.subject.kind = ExprKind::Path(inner);
            test.subject.origins.extend(&value.origins);
            if test.op.operands().iter().any(|operand| operand.as_literal().is_none()) {
                return None;
            }
            Predicate::test(test, origins)
        }
    })
}
/// The look-back of a leg: its own time filter, clipped by the rule's period. None when neither is there.
pub(crate) fn lookback(detection: &Detection, leg: &Leg) -> Option<Period> {
    let own = leg.window.from.map(|bound| Period(bound.offset.saturating_neg())).filter(|period| period.0 > 0);
    let period = match &detection.kind {
        Kind::Scheduled { schedule, .. } => Some(schedule.period),
        Kind::Hunting | Kind::NearRealTime { .. } => None,
    };
    own.into_iter().chain(period).min()
}

/// Records the look-back of a leg as an assumption.
pub(crate) fn assume_window(detection: &Detection, leg: &Leg, findings: &mut Findings) -> Vec<Elided> {
    let whose = format!("over `{}`", leg.table);
    if let Some(period) = lookback(detection, leg) {
        let mut text = format!("the artifact runs {whose} with a look-back of {}", period.short());
        if let Some(to) = leg.window.to.filter(|to| to.offset < 0) {
            text.push_str(&format!(" that ends {} ago", Period(to.offset.saturating_neg()).short()));
        }
        findings.assume(AssumptionKind::Window, Confidence::High, text);
    } else if let Some(to) = leg.window.to.filter(|to| to.offset < 0) {
        let text = format!("the artifact runs {whose} up to {} ago", Period(to.offset.saturating_neg()).short());
        findings.assume(AssumptionKind::Window, Confidence::High, text);
    }
    let Some(span) = leg.window.origins.hull() else { return Vec::new() };
    let message = "the time filter is the look-back that the artifact runs with".to_owned();
    findings.notes.insert(Note { span, code: Code::WindowAssumed, cause: None, message });
    vec![Elided { origins: leg.window.origins.clone(), law: "the time filter is the artifact's look-back" }]
}

/// Records what it takes for a test on networks to be one on the column: KQL's addresses may carry a mask, and are no
/// addresses in the form of IPv6.
/// <https://learn.microsoft.com/kusto/query/ipv4-is-in-range-function>
pub(crate) fn assume_addresses(field: &str, findings: &mut Findings) {
    let text = format!("`{field}` holds single addresses, those of IPv4 in their own form");
    findings.assume(AssumptionKind::Field, Confidence::Medium, text);
}

/// A constant as plain text: numbers, instants and identifiers in their usual form. None for what has no such form.
pub(crate) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Int(number) => Some(number.to_string()),
        Value::Long(number) => Some(number.to_string()),
        Value::Real(number) => real(*number),
        Value::Decimal(number) => Some(number.to_string()),
        Value::Guid(id) => Some(id.hyphenated().to_string()),
        Value::DateTime(ticks) => instant(*ticks),
        Value::Dynamic(inner) => match inner {
            Dynamic::Bool(truth) => Some(truth.to_string()),
            Dynamic::Long(number) => Some(number.to_string()),
            Dynamic::Real(number) => real(*number),
            Dynamic::String(text) => Some(text.clone()),
            Dynamic::Null
            | Dynamic::DateTime(_)
            | Dynamic::TimeSpan(_)
            | Dynamic::Guid(_)
            | Dynamic::Array(_)
            | Dynamic::Bag(_) => None,
        },
        Value::Null(_) | Value::TimeSpan(_) => None,
    }
}

fn real(number: f64) -> Option<String> {
    number.is_finite().then(|| format!("{number:?}"))
}

/// RFC 3339 in UTC, with as many decimals as it needs: none, milliseconds, or ticks.
fn instant(ticks: i64) -> Option<String> {
    // 0001-01-01 lies 719,162 days before the epoch of Unix time.
    let since_epoch = ticks.checked_sub(719_162 * crate::ir::TICKS_PER_DAY)?;
    let nanoseconds = i128::from(since_epoch) * 100;
    let moment = jiff::Timestamp::from_nanosecond(nanoseconds).ok()?;
    let decimals = match ticks {
        _ if ticks % crate::ir::TICKS_PER_SECOND == 0 => 0,
        _ if ticks % 10_000 == 0 => 3,
        _ => 7,
    };
    Some(format!("{moment:.decimals$}"))
}

/// Says so where a group key has no field: events of groups that differ in that key alone are not told apart, so an
/// artifact that returns events finds more groups than there are.
pub(crate) fn unmapped_keys(shape: &Shape, names: &Names, findings: &mut Findings) {
    let Some(Stage::Summarize { keys, .. }) =
        shape.stages.iter().find(|stage| matches!(stage, Stage::Summarize { .. }))
    else {
        return;
    };
    for key in *keys {
        let span = key.value.all_origins().hull().unwrap_or_default();
        for leg in &shape.legs {
            let names = names.routed(leg);
            let mut paths: Vec<Path> = Vec::new();
            for definition in key.value.columns().into_iter().filter_map(|column| leg.columns.get(&column)) {
                definition.walk(&mut |expr| paths.extend(expr.as_path().cloned()));
            }
            for path in paths {
                if names.is_clock(path.column) || names.field(&path, span).is_ok() {
                    continue;
                }
                let name = &shape.query.column(path.column).name;
                let message = format!(
                    "group key `{name}` has no field in {}: groups that differ in it alone are not told apart",
                    names.title()
                );
                let cause = Some(Cause::NoMapping);
                findings.lower(Match::Broader, Note { span, code: Code::NoField, cause, message });
            }
        }
    }
}

/// The head of an artifact: what it was made of, what it matches, why, and what it assumes.
pub(crate) fn head(detection: &Detection, findings: &Findings) -> Vec<String> {
    let mut lines = vec![format!("Sentinel rule: {} ({})", detection.meta.name, detection.meta.id)];
    let meaning = match findings.relation {
        Match::Exact => "exact: finds what the rule finds",
        Match::Broader => "broader: finds what the rule finds, and more",
        Match::Narrower => "narrower: finds part of what the rule finds",
        Match::Approximate => "approximate: may find more and may miss some",
    };
    lines.push(format!("Match: {meaning}"));
    if findings.names == Naming::Native {
        lines.push("Names: native: some are KQL's, without a mapping".to_owned());
    }
    if !findings.output.is_empty() {
        let words: Vec<&str> = findings.output.iter().map(|output| output.word()).collect();
        lines.push(format!("Output differs: {}", words.join(", ")));
    }
    let (reasons, remarks): (Vec<&Note>, Vec<&Note>) =
        findings.notes.iter().partition(|note| note.cause.is_some() && note.code != Code::ColumnLeft);
    for (title, notes) in [("Because", reasons), ("Note", remarks)] {
        let mut shown: Vec<String> = Vec::new();
        for note in notes {
            let line = format!("{title}: {} {}", note.code.name(), note.message);
            if !shown.contains(&line) {
                shown.push(line);
            }
        }
        lines.extend(shown);
    }
    for assumption in &findings.assumptions {
        lines.push(format!("Assumes: {}: {}", assumption.kind.word(), assumption.text));
    }
    lines
}
