//! Thresholds as correlation rules.
//!
//! A correlation counts in a window that slides along the events, for each combination of the values of the group's
//! fields. KQL counts once in a run over the whole look-back, or in fixed bins: whatever passes there also passes in
//! a window of that length, so a correlation finds more. Events that lack a field of the group are in no group there,
//! and in one of their own in KQL.
//! <https://sigmahq.io/sigma-specification/specification/sigma-correlation-rules-specification.html>

use crate::backend::events::{self, Comparison, Counted, Threshold};
use crate::backend::names::Names;
use crate::crosswalk::Form;
use crate::diagnostic::Code;
use crate::fidelity::{Cause, Findings, Match, Note, Output, Polarity, Refusal};
use crate::ir::{
    Assignment, Detection, Expr, ExprKind, Function, Order, Path, Period, Predicate, PredicateKind, Truth, Type,
    Value,
};
use crate::shape::{Leg, Shape};
use crate::span::Origins;

use super::timespan;

/// The manual of correlations.
pub(super) const PAGE: &str =
    "https://sigmahq.io/sigma-specification/specification/sigma-correlation-rules-specification.html";

/// A correlation rule.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Correlation {
    /// The field whose values are counted; none for events.
    pub field: Option<(String, Origins)>,
    /// The fields of the group.
    pub group_by: Vec<(String, Origins)>,
    /// The length of the window.
    pub timespan: (String, Origins),
    /// `gt` and the like.
    pub comparison: (&'static str, Origins),
    /// What the count is compared with.
    pub bound: (u64, Origins),
    /// What a larger count does.
    pub polarity: Polarity,
    /// Verdict and assumptions of the correlation itself.
    pub findings: Findings,
}

/// The correlation that says a threshold.
pub(super) fn correlate(
    detection: &Detection,
    shape: &Shape,
    threshold: &Threshold,
    names: &Names,
) -> Result<Correlation, Refusal> {
    let refuse =
        |code: Code, message: String| Refusal::new(code, Cause::ProductLimit { page: PAGE }, threshold.span, message);
    let mut findings = Findings::default();
    let mut lookbacks: Vec<Option<Period>> = shape.legs.iter().map(|leg| events::lookback(detection, leg)).collect();
    lookbacks.dedup();
    let [Some(lookback)] = lookbacks.as_slice() else {
        return Err(refuse(
            Code::WindowSlides,
            "a correlation needs one time span, and the query has no look-back or several".to_owned(),
        ));
    };
    let mut window = *lookback;
    let mut window_origins: Origins = Origins::none();
    let mut group_by = Vec::new();
    let mut complete = true;
    for key in threshold.keys {
        if let Some((span, origins)) = bin_of_clock(key, shape, names) {
            window = span;
            window_origins = origins;
            continue;
        }
        let (name, present) = group_field(key, shape, names, &mut findings, threshold)?;
        complete &= present;
        if group_by.iter().all(|(other, _)| *other != name) {
            group_by.push((name, key.value.all_origins()));
        }
    }
    let field = match &threshold.counted {
        Counted::Events(_) => None,
        Counted::Values(value, _) => {
            let path = value.as_path().ok_or_else(|| {
                refuse(Code::AggregateDiffers, "a correlation counts the values of fields only".to_owned())
            })?;
            let (name, present) = field_of(path, value, shape, names, &mut findings, threshold)?;
            // Typed nulls count nowhere.
            if !present && value.ty == Type::String {
                // An empty value counts in KQL; an event without the field does not count here.
                let note = Note {
                    span: threshold.span,
                    code: Code::MissingDiffers,
                    cause: Some(Cause::ProductLimit { page: PAGE }),
                    message: "an empty value counts as one more in KQL, a missing field does not count".to_owned(),
                };
                findings.lower(Match::Narrower.under(threshold.comparison.polarity()), note);
            }
            Some((name, value.all_origins()))
        }
    };
    if let Counted::Events(Some(_)) | Counted::Values(_, Some(_)) = threshold.counted
        && threshold.comparison.polarity() != Polarity::Up
    {
        let note = Note {
            span: threshold.span,
            code: Code::AggregateDiffers,
            cause: Some(Cause::ProductLimit { page: PAGE }),
            message: "groups in which nothing is counted are no groups of a correlation".to_owned(),
        };
        findings.lower(Match::Narrower, note);
    }
    if !complete {
        let note = Note {
            span: threshold.span,
            code: Code::MissingDiffers,
            cause: Some(Cause::ProductLimit { page: PAGE }),
            message: "events that lack a field of the group are counted in no group".to_owned(),
        };
        findings.lower(Match::Narrower, note);
    }
    if threshold.silent {
        let note = Note {
            span: threshold.span,
            code: Code::MissingDiffers,
            cause: Some(Cause::ProductLimit { page: PAGE }),
            message: "the threshold is also met where there are no events at all, which no correlation notices"
                .to_owned(),
        };
        findings.lower(Match::Narrower, note);
    }
    findings.lower(
        Match::Broader,
        Note {
            span: threshold.span,
            code: Code::WindowSlides,
            cause: Some(Cause::ProductLimit { page: PAGE }),
            message: "a correlation counts in a window that slides; the rule counts once in a run or a bin"
                .to_owned(),
        },
    );
    findings.notes.insert(Note {
        span: threshold.span,
        code: Code::Converter,
        cause: None,
        message: "converters to Splunk and ES|QL count in fixed windows and may find fewer; EQL has no correlations"
            .to_owned(),
    });
    findings.output.extend([Output::Columns, Output::Multiplicity]);
    let Some(text) = timespan(window) else {
        return Err(refuse(Code::WindowSlides, "a correlation's time span lasts whole seconds".to_owned()));
    };
    let comparison = match threshold.comparison {
        Comparison::Order(Order::Less) => "lt",
        Comparison::Order(Order::LessOrEqual) => "lte",
        Comparison::Order(Order::Greater) => "gt",
        Comparison::Order(Order::GreaterOrEqual) => "gte",
        Comparison::Equal => "eq",
        Comparison::NotEqual => "neq",
    };
    Ok(Correlation {
        field,
        group_by,
        timespan: (text, window_origins),
        comparison: (comparison, threshold.origins.clone()),
        bound: (threshold.bound, threshold.bound_origins.clone()),
        polarity: threshold.comparison.polarity(),
        findings,
    })
}

/// `bin(TimeGenerated, 1h)`: the bin's length.
fn bin_of_clock(key: &Assignment, shape: &Shape, names: &Names) -> Option<(Period, Origins)> {
    let ExprKind::Call(Function::Bin, arguments) = &key.value.kind else { return None };
    let [value, size] = arguments.as_slice() else { return None };
    let path = value.as_path().filter(|path| path.steps.is_empty())?;
    let Value::TimeSpan(ticks) = size.as_literal()? else { return None };
    let clock = shape
        .legs
        .iter()
        .all(|leg| source_path(path, leg).is_some_and(|path| path.steps.is_empty() && names.is_clock(path.column)));
    clock.then(|| (Period(*ticks), key.value.all_origins()))
}

/// The field of a group key, and whether every event counted has it.
fn group_field(
    key: &Assignment,
    shape: &Shape,
    names: &Names,
    findings: &mut Findings,
    threshold: &Threshold,
) -> Result<(String, bool), Refusal> {
    let Some(path) = key.value.as_path() else {
        return Err(Refusal::new(
            Code::SummaryLeft,
            Cause::ProductLimit { page: PAGE },
            key.value.all_origins().hull().unwrap_or(threshold.span),
            "a correlation groups by fields, not by computed values",
        ));
    };
    field_of(path, &key.value, shape, names, findings, threshold)
}

/// The one field that holds a column in every source, and whether no event lacks it.
fn field_of(
    path: &Path,
    value: &Expr,
    shape: &Shape,
    names: &Names,
    findings: &mut Findings,
    threshold: &Threshold,
) -> Result<(String, bool), Refusal> {
    let span = value.all_origins().hull().unwrap_or(threshold.span);
    let refuse =
        |message: &str| Refusal::new(Code::SummaryLeft, Cause::ProductLimit { page: PAGE }, span, message.to_owned());
    let mut name: Option<String> = None;
    let mut present = true;
    for leg in &shape.legs {
        let Some(source) = source_path(path, leg) else {
            return Err(refuse("a correlation groups by fields, not by computed values"));
        };
        let field = names.routed(leg).field(&source, span)?;
        match field.form {
            Form::Same | Form::Text | Form::Renamed { complete: true, .. } => {}
            Form::Lowercase | Form::Placeholder { .. } => {
                findings.output.insert(Output::Columns);
            }
            Form::Renamed { complete: false, .. }
            | Form::Sometimes { .. }
            | Form::After { .. }
            | Form::Before { .. }
            | Form::Tagged { .. }
            | Form::Within { .. }
            | Form::Number
            | Form::Joined { .. }
            | Form::Element
            | Form::Always { .. } => {
                return Err(Refusal::new(
                    Code::ValueChanged,
                    Cause::NoMapping,
                    span,
                    format!("`{}` does not tell the values of the column apart as they are", field.name),
                ));
            }
        }
        if name.as_ref().is_some_and(|other| *other != field.name) {
            return Err(refuse("the sources hold the column in fields of different names"));
        }
        findings.join(field.findings);
        name = Some(field.name);
        present &= excludes_missing(&leg.condition, &source, false);
    }
    name.map(|name| (name, present)).ok_or_else(|| refuse("there is no source"))
}

/// The path over the table's own columns that a column of a leg is.
fn source_path(path: &Path, leg: &Leg) -> Option<Path> {
    let mut inner = leg.columns.get(&path.column)?.as_path()?.clone();
    inner.steps.extend(path.steps.iter().cloned());
    Some(inner)
}

/// Whether the condition is false on every event that lacks a value there.
fn excludes_missing(condition: &Predicate, path: &Path, negated: bool) -> bool {
    match &condition.kind {
        PredicateKind::And(parts) => parts.iter().any(|part| excludes_missing(part, path, negated)),
        PredicateKind::Or(parts) => parts.iter().all(|part| excludes_missing(part, path, negated)),
        PredicateKind::Not(part) => excludes_missing(part, path, !negated),
        PredicateKind::Test(test) => {
            let kept = if negated { Truth::False } else { Truth::True };
            test.subject.as_path() == Some(path) && test.missing != kept
        }
        PredicateKind::Const(_) => false,
    }
}
