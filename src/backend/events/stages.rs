//! Stages: what an artifact that returns events leaves of them, and the threshold that a target may be able to say.

use std::collections::BTreeMap;

use crate::diagnostic::Code;
use crate::fidelity::{Cause, Findings, Match, Note, Output, Polarity, Refusal};
use crate::ir::{
    Aggregate, AggregateFunction, Aggregation, Assignment, ColumnId, Detection, Expr, ExprKind, Function, Order,
    Predicate, PredicateKind, Test, TestOp, TriggerOperator, Value,
};
use crate::shape::{Leg, Shape, Stage};
use crate::span::{Elided, Origins, Span};

/// What a target that returns events is, for messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speaker {
    /// Its name in prose.
    pub title: &'static str,
    /// The page that shows that it returns events, and nothing computed of them.
    pub page: &'static str,
}

/// A filter on groups, or a trigger: how many events, or how many values of a field.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Threshold<'a> {
    /// The group keys.
    pub keys: &'a [Assignment],
    /// What is counted: events, or values of an expression over the columns of the legs.
    pub counted: Counted<'a>,
    /// The comparison.
    pub comparison: Comparison,
    /// What it is compared with.
    pub bound: u64,
    /// Leaves of the comparison, the aggregate and the keys' operator.
    pub origins: Origins,
    /// Leaves of the bound.
    pub bound_origins: Origins,
    /// Where to point.
    pub span: Span,
    /// Whether it is also met where there is no event at all.
    pub silent: bool,
}

/// What a threshold counts.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Counted<'a> {
    /// Events on which the condition of `countif` holds, if there is one.
    Events(Option<&'a Predicate>),
    /// Distinct values.
    Values(&'a Expr, Option<&'a Predicate>),
}

/// How a count compares with its bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Comparison {
    /// In this order.
    Order(Order),
    /// Equal.
    Equal,
    /// Not equal.
    NotEqual,
}

impl Comparison {
    /// What a larger count does.
    pub(crate) fn polarity(self) -> Polarity {
        match self {
            Comparison::Order(Order::Greater | Order::GreaterOrEqual) => Polarity::Up,
            Comparison::Order(Order::Less | Order::LessOrEqual) => Polarity::Down,
            Comparison::Equal | Comparison::NotEqual => Polarity::None,
        }
    }

    /// Whether it holds of this count.
    fn holds(self, count: u64, bound: u64) -> bool {
        match self {
            Comparison::Order(Order::Less) => count < bound,
            Comparison::Order(Order::LessOrEqual) => count <= bound,
            Comparison::Order(Order::Greater) => count > bound,
            Comparison::Order(Order::GreaterOrEqual) => count >= bound,
            Comparison::Equal => count == bound,
            Comparison::NotEqual => count != bound,
        }
    }

    /// Whether every group passes: a group has at least one event.
    fn is_trivial(self, bound: u64) -> bool {
        match self {
            Comparison::Order(Order::Greater) => bound == 0,
            Comparison::Order(Order::GreaterOrEqual) => bound <= 1,
            Comparison::NotEqual => bound == 0,
            Comparison::Order(Order::Less | Order::LessOrEqual) | Comparison::Equal => false,
        }
    }
}

/// What is known of a query's stages.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Stages<'a> {
    /// Verdict, notes and assumptions on what is left of them, the threshold excepted.
    pub findings: Findings,
    /// What was left out without changing the meaning.
    pub elided: Vec<Elided>,
    /// A threshold that a target may be able to say; otherwise [`leave`] says what leaving it means.
    pub threshold: Option<Threshold<'a>>,
}
/// Reads the stages of a query and the trigger of its rule.
///
/// # Errors
///
/// What is left would neither hold nor be held by the answer.
pub(crate) fn stages<'a>(detection: &Detection, shape: &Shape<'a>, speaker: Speaker) -> Result<Stages<'a>, Refusal> {
    let mut reader = Reader {
        speaker,
        stages: Stages::default(),
        defined: BTreeMap::new(),
        aggregations: BTreeMap::new(),
        summary: None,
        keyless: false,
    };
    for stage in &shape.stages {
        reader.stage(stage)?;
    }
    reader.trigger(detection)?;
    if reader.keyless {
        let span = reader.summary.map_or(Span::default(), |summary| summary.span);
        if reader.stages.threshold.is_none() {
            reader.stages.findings.lower(
                Match::Narrower,
                Note {
                    span,
                    code: Code::SummaryLeft,
                    cause: Some(Cause::ProductLimit { page: speaker.page }),
                    message: format!(
                        "without keys the summary has a row even for no events; {} finds events only",
                        speaker.title
                    ),
                },
            );
        }
    }
    // Events have the target's fields, under the target's names.
    reader.stages.findings.output.insert(Output::Columns);
    for leg in &shape.legs {
        reader.columns(leg, &shape.columns);
    }
    Ok(reader.stages)
}

/// What leaving a threshold out means: every group that passes it has an event, so more is found.
///
/// # Errors
///
/// The threshold also holds where there is no event at all: then neither answer holds the other.
pub(crate) fn leave(stages: &mut Stages, speaker: Speaker, why: Option<Note>) -> Result<(), Refusal> {
    let Some(threshold) = stages.threshold.take() else { return Ok(()) };
    let cause = why.as_ref().and_then(|note| note.cause).unwrap_or(Cause::ProductLimit { page: speaker.page });
    if threshold.silent {
        return Err(Refusal::new(
            Code::ThresholdLeft,
            cause,
            threshold.span,
            format!("the threshold is also met where there are no events at all; {} finds events", speaker.title),
        ));
    }
    stages.findings.notes.extend(why);
    stages.findings.lower(
        Match::Broader,
        Note {
            span: threshold.span,
            code: Code::ThresholdLeft,
            cause: Some(cause),
            message: format!("the threshold is left out: {} returns every event that could count", speaker.title),
        },
    );
    Ok(())
}

/// A summary, as far as later stages need it.
#[derive(Clone, Copy)]
struct Summary<'a> {
    keys: &'a [Assignment],
    origins: &'a Origins,
    span: Span,
}

struct Reader<'a> {
    speaker: Speaker,
    stages: Stages<'a>,
    /// Columns that later stages computed or renamed.
    defined: BTreeMap<ColumnId, &'a Expr>,
    aggregations: BTreeMap<ColumnId, &'a Aggregation>,
    summary: Option<Summary<'a>>,
    /// Whether the last summary has no keys, and nothing after it drops its row for no events.
    keyless: bool,
}

impl<'a> Reader<'a> {
    fn note(&mut self, code: Code, span: Span, message: String) {
        self.stages.findings.notes.insert(Note { span, code, cause: None, message });
    }

    fn broader(&mut self, code: Code, span: Span, message: String) {
        let cause = Some(Cause::ProductLimit { page: self.speaker.page });
        self.stages.findings.lower(Match::Broader, Note { span, code, cause, message });
    }

    fn stage(&mut self, stage: &Stage<'a>) -> Result<(), Refusal> {
        let (span, title) = (stage.span(), self.speaker.title);
        let definitions = stage.all_origins().elsewhere();
        self.stages
            .elided
            .push(Elided { origins: definitions, law: "definition used by a stage that a note is about" });
        match stage {
            Stage::Summarize { keys, aggregates, origins } => {
                let computed = keys.iter().any(|key| {
                    key.value
                        .columns()
                        .iter()
                        .any(|column| self.aggregations.contains_key(column) || self.defined.contains_key(column))
                });
                if computed && self.summary.is_some() {
                    return Err(Refusal::new(
                        Code::SummaryLeft,
                        Cause::ProductLimit { page: self.speaker.page },
                        span,
                        format!("the groups are made of computed values, which no event of {title} tells"),
                    ));
                }
                self.keyless = keys.is_empty() && !aggregates.is_empty();
                self.summary = Some(Summary { keys, origins, span });
                self.aggregations = aggregates
                    .iter()
                    .flat_map(|aggregation| aggregation.columns.iter().map(move |column| (*column, aggregation)))
                    .collect();
                self.stages.findings.output.extend([Output::Columns, Output::Multiplicity]);
                let message = format!("{title} returns the events of a group, not the summary");
                // A note over the whole stage would also cover an aggregate that a threshold lost.
                for aggregation in *aggregates {
                    self.note(Code::SummaryLeft, aggregated(&aggregation.aggregate), message.clone());
                }
                if aggregates.is_empty() {
                    self.note(Code::SummaryLeft, span, message);
                } else {
                    let keys = keys.iter().fold((*origins).clone(), |all, key| all.and(&key.value.all_origins()));
                    let law = "the keys of a group are properties of its events";
                    self.stages.elided.push(Elided { origins: keys, law });
                }
            }
            Stage::Filter { predicate, origins } => {
                for conjunct in predicate.conjuncts() {
                    self.filter(conjunct, origins);
                }
                let law = "keyword of filters that are carried, or that notes are about";
                let mut words = (*origins).clone();
                if matches!(predicate.kind, PredicateKind::And(_)) {
                    words.extend(&predicate.origins);
                }
                self.stages.elided.push(Elided { origins: words, law });
            }
            Stage::Extend { columns, .. } | Stage::Project { columns, .. } => {
                for assignment in *columns {
                    self.defined.insert(assignment.column, &assignment.value);
                }
                self.stages.findings.output.insert(Output::Columns);
                self.note(Code::ColumnLeft, span, format!("{title} returns events with the columns they have"));
            }
            Stage::Sort { .. } => {
                self.stages.findings.output.insert(Output::Order);
                self.note(Code::OrderLeft, span, format!("{title} does not order what it finds"));
            }
            Stage::Top { .. } | Stage::Take { .. } => {
                self.stages.findings.output.insert(Output::Order);
                self.broader(Code::OrderLeft, span, format!("{title} returns all events, not a number of rows"));
            }
        }
        Ok(())
    }

    /// A filter on groups or chosen rows: a threshold, or left out.
    fn filter(&mut self, conjunct: &Predicate, origins: &Origins) {
        // Filters that follow each other are one: the conjunct's place is its own.
        let span = conjunct.all_origins().hull().unwrap_or_default();
        if let Some(mut threshold) = self.threshold(conjunct) {
            threshold.span = span;
            threshold.silent = threshold.keys.is_empty() && threshold.comparison.holds(0, threshold.bound);
            let counts_all = matches!(threshold.counted, Counted::Events(None));
            if threshold.comparison.is_trivial(threshold.bound) && counts_all {
                self.keyless = false;
                self.stages.elided.push(Elided {
                    origins: conjunct.all_origins().and(origins),
                    law: "a group has at least one event",
                });
                return;
            }
            if self.stages.threshold.is_none() {
                self.keyless = false;
                threshold.origins.extend(origins);
                self.stages.threshold = Some(threshold);
                return;
            }
        }
        let title = self.speaker.title;
        self.broader(Code::ThresholdLeft, span, format!("a filter on what {title} does not compute is left out"));
    }

    /// A comparison of a count with a whole number.
    fn threshold(&self, conjunct: &Predicate) -> Option<Threshold<'a>> {
        let summary = self.summary?;
        let (test, negated, mut origins) = match &conjunct.kind {
            PredicateKind::Test(test) => (test, false, conjunct.origins.clone()),
            PredicateKind::Not(part) => match &part.kind {
                PredicateKind::Test(test) => (test, true, conjunct.origins.clone().and(&part.origins)),
                PredicateKind::And(_) | PredicateKind::Or(_) | PredicateKind::Not(_) | PredicateKind::Const(_) => {
                    return None;
                }
            },
            PredicateKind::And(_) | PredicateKind::Or(_) | PredicateKind::Const(_) => return None,
        };
        let (comparison, operand) = comparison(test, negated)?;
        let bound = whole(operand)?;
        origins.extend(&test.subject.all_origins());
        let (counted, aggregate) = self.counted(&test.subject)?;
        origins.extend(&aggregate.origins);
        origins.extend(summary.origins);
        let (comparison, bound) = normal(comparison, bound)?;
        Some(Threshold {
            keys: summary.keys,
            counted,
            comparison,
            bound,
            origins,
            bound_origins: operand.all_origins(),
            span: Span::default(),
            silent: false,
        })
    }

    /// What a column of a summary counts.
    fn counted(&self, subject: &Expr) -> Option<(Counted<'a>, &'a Aggregate)> {
        let (subject, mut sized) = match length_of(subject) {
            Some(inner) => (inner, true),
            None => (subject, false),
        };
        let path = subject.as_path().filter(|path| path.steps.is_empty())?;
        let mut column = path.column;
        // Renamed and computed columns, each once: definitions never form a circle.
        for _ in 0..=self.defined.len() {
            if let Some(aggregation) = self.aggregations.get(&column) {
                let aggregate = &aggregation.aggregate;
                let filter = aggregate.filter.as_ref();
                let counted = match (aggregate.function, sized) {
                    (AggregateFunction::Count, false) => Counted::Events(filter),
                    (AggregateFunction::DCount | AggregateFunction::CountDistinct, false) => {
                        Counted::Values(aggregate.arguments.first()?, filter)
                    }
                    // A set with a limit on its size cannot be counted by it.
                    (AggregateFunction::MakeSet, true) if aggregate.arguments.len() == 1 => {
                        Counted::Values(aggregate.arguments.first()?, filter)
                    }
                    _ => return None,
                };
                return Some((counted, aggregate));
            }
            let definition = self.defined.get(&column)?;
            let inner = match length_of(definition).filter(|_| !sized) {
                Some(inner) => {
                    sized = true;
                    inner
                }
                None => definition,
            };
            column = inner.as_path().filter(|path| path.steps.is_empty())?.column;
        }
        None
    }

    /// The trigger, where it is another one than any row at all.
    fn trigger(&mut self, detection: &Detection) -> Result<(), Refusal> {
        let trigger = detection.trigger();
        let comparison = match trigger.operator {
            TriggerOperator::GreaterThan => Comparison::Order(Order::Greater),
            TriggerOperator::LessThan => Comparison::Order(Order::Less),
            TriggerOperator::Equal => Comparison::Equal,
            TriggerOperator::NotEqual => Comparison::NotEqual,
        };
        if comparison.is_trivial(trigger.threshold) {
            return Ok(());
        }
        let title = self.speaker.title;
        if comparison.holds(0, trigger.threshold) {
            return Err(Refusal::new(
                Code::ThresholdLeft,
                Cause::ProductLimit { page: self.speaker.page },
                Span::default(),
                format!("the rule also fires where its query finds nothing; {title} finds events"),
            ));
        }
        // Rows are events only where nothing was grouped or chosen before.
        if self.summary.is_none() && self.stages.findings.relation == Match::Exact {
            self.stages.threshold = Some(Threshold {
                keys: &[],
                counted: Counted::Events(None),
                comparison,
                bound: trigger.threshold,
                origins: Origins::none(),
                bound_origins: Origins::none(),
                span: Span::default(),
                silent: false,
            });
            return Ok(());
        }
        self.broader(
            Code::ThresholdLeft,
            Span::default(),
            format!("the rule's trigger threshold counts rows, which {title} does not return"),
        );
        Ok(())
    }

    /// Columns that the legs compute and that no condition needs.
    fn columns(&mut self, leg: &Leg, shown: &[ColumnId]) {
        let title = self.speaker.title;
        if !leg.assigned.is_empty() {
            self.stages.findings.output.insert(Output::Columns);
            self.stages.elided.push(Elided {
                origins: leg.assigned.clone(),
                law: "an artifact that returns whole events chooses no columns",
            });
        }
        for (column, value) in &leg.columns {
            let origins = value.all_origins();
            if !shown.contains(column) {
                self.stages.elided.push(Elided { origins, law: "column that nothing later reads" });
                continue;
            }
            match &value.kind {
                ExprKind::Path(_) => {
                    if !origins.is_empty() {
                        let law = "an artifact that returns whole events chooses no columns";
                        self.stages.elided.push(Elided { origins, law });
                    }
                }
                ExprKind::Literal(_)
                | ExprKind::Now { .. }
                | ExprKind::Arithmetic(..)
                | ExprKind::Call(..)
                | ExprKind::Truth(_)
                | ExprKind::Index(..)
                | ExprKind::Scalar(_)
                | ExprKind::Opaque { .. } => {
                    self.stages.findings.output.insert(Output::Columns);
                    let span = origins.hull().unwrap_or_default();
                    let law = "definition of a column that a note is about";
                    self.stages.elided.push(Elided { origins: origins.elsewhere(), law });
                    self.note(Code::ColumnLeft, span, format!("{title} does not compute this column"));
                }
            }
        }
    }
}

/// Where an aggregate stands.
fn aggregated(aggregate: &Aggregate) -> Span {
    let arguments = aggregate.arguments.iter().map(Expr::all_origins);
    let filter = aggregate.filter.iter().map(Predicate::all_origins);
    let all = arguments.chain(filter).fold(aggregate.origins.clone(), |all, origins| all.and(&origins));
    all.hull().unwrap_or_default()
}

/// What `array_length` is asked of.
fn length_of(expr: &Expr) -> Option<&Expr> {
    if let ExprKind::Call(Function::ArrayLength, arguments) = &expr.kind { arguments.first() } else { None }
}

/// The comparison that a literal on a whole number makes.
fn comparison(test: &Test, negated: bool) -> Option<(Comparison, &Expr)> {
    match &test.op {
        TestOp::Order { order, operand } => {
            let order = if negated { order.negate() } else { *order };
            Some((Comparison::Order(order), operand))
        }
        TestOp::Equals { operands, .. } => {
            let [only] = operands.as_slice() else { return None };
            Some((if negated { Comparison::NotEqual } else { Comparison::Equal }, only))
        }
        TestOp::Text { .. }
        | TestOp::Matches { .. }
        | TestOp::IsEmpty
        | TestOp::IsNull
        | TestOp::IsTrue
        | TestOp::InNetwork { .. }
        | TestOp::HasIpv4 { .. }
        | TestOp::Among { .. }
        | TestOp::Opaque { .. } => None,
    }
}

/// A whole number.
fn whole(operand: &Expr) -> Option<i64> {
    match operand.as_literal()? {
        Value::Int(number) => Some(i64::from(*number)),
        Value::Long(number) => Some(*number),
        Value::Real(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            // Exact: a whole number far inside the range.
            #[allow(clippy::cast_possible_truncation, reason = "checked above")]
            Some(*number as i64)
        }
        Value::Null(_)
        | Value::Bool(_)
        | Value::DateTime(_)
        | Value::Decimal(_)
        | Value::Dynamic(_)
        | Value::Guid(_)
        | Value::Real(_)
        | Value::String(_)
        | Value::TimeSpan(_) => None,
    }
}

/// The same comparison with a bound that is no negative number; none where the answer is a constant.
fn normal(comparison: Comparison, bound: i64) -> Option<(Comparison, u64)> {
    match u64::try_from(bound) {
        Ok(bound) => Some((comparison, bound)),
        // Counts are never negative.
        Err(_) => match comparison {
            Comparison::Order(Order::Greater | Order::GreaterOrEqual) | Comparison::NotEqual => {
                Some((Comparison::Order(Order::GreaterOrEqual), 0))
            }
            Comparison::Order(Order::Less | Order::LessOrEqual) | Comparison::Equal => None,
        },
    }
}
