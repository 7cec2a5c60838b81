//! Walks a query's legs and stages, asks the language for each part, and decides what a part left out does.

use crate::diagnostic::Code;
use crate::fidelity::{AssumptionKind, Cause, Confidence, Findings, Match, Note, Output, Polarity, Refusal};
use crate::ir::{
    AggregateFunction, Aggregation, Assignment, ColumnId, Detection, Expr, ExprKind, Kind, Period, Query, SortKey,
    TICKS_PER_DAY, Trigger, Type,
};
use crate::shape::{Leg, Shape, Stage, Window};
use crate::span::{Elided, Origins, Span};
use crate::template::Text;

use super::super::names::Names;
use super::super::{Carried, Tree, carry};
use super::{Flow, Flows, Language, LegProgram, Ordering, Program, Refused, Scope, Step, condition, polarity};

/// A query in a language's words.
///
/// # Errors
///
/// The findings and elisions so far, when nothing sound is left to emit.
pub fn program<'a>(
    language: &dyn Language,
    detection: &'a Detection,
    shape: &'a Shape<'a>,
    names: Names<'a>,
) -> Result<Program<'a>, Refused> {
    let mut driver = Driver {
        language,
        query: &detection.query,
        names,
        findings: Findings::default(),
        elided: shape.elided.clone(),
        polarity: polarity::of_sources(&shape.stages, detection.trigger()),
    };
    match driver.run(detection, shape) {
        Some(program) => Ok(program),
        None => Err(Box::new((driver.findings, driver.elided))),
    }
}

/// The fields of the source that an expression reads.
fn fields(names: &Names, value: &Expr) -> Vec<String> {
    let mut fields = Vec::new();
    value.walk(&mut |expr| {
        if let ExprKind::Path(path) = &expr.kind
            && let Ok(field) = names.field(path, Span::default())
        {
            fields.push(field.name);
        }
    });
    fields
}

/// An assignment, and the names it reads.
struct Item {
    column: ColumnId,
    name: String,
    text: Text,
    reads: Vec<String>,
}

struct Driver<'d, 'a> {
    language: &'d dyn Language,
    query: &'a Query,
    names: Names<'a>,
    findings: Findings,
    elided: Vec<Elided>,
    /// What more events do to the answer.
    polarity: Polarity,
}

impl<'a> Driver<'_, 'a> {
    fn run(&mut self, detection: &Detection, shape: &'a Shape<'a>) -> Option<Program<'a>> {
        let grouped = shape.stages.iter().any(|stage| matches!(stage, Stage::Summarize { .. }));
        let chosen = shape.projected
            || shape.stages.iter().any(|stage| matches!(stage, Stage::Project { .. } | Stage::Summarize { .. }));
        let needed = needed(shape);
        let mut legs = Vec::new();
        let mut flows = Flows::new();
        let mut refused = Vec::new();
        for leg in &shape.legs {
            match self.leg(detection, leg, shape, &needed, &mut flows) {
                Ok(Some(program)) => legs.push(program),
                Ok(None) => {}
                Err(notes) => refused.push((leg, notes)),
            }
        }
        let nothing_left = legs.is_empty();
        for (leg, notes) in refused {
            let span = leg.table_origins.hull().unwrap_or_default();
            let cause = notes.iter().find_map(|note| note.cause).unwrap_or(Cause::NotImplemented);
            self.findings.notes.extend(notes);
            if !nothing_left {
                self.elided.push(Elided { origins: leg.all_origins(), law: "source that a note leaves out" });
                let message = format!("the source `{}` is left out", leg.table);
                let note = Note { span, code: Code::Dropped, cause: Some(cause), message };
                self.findings.lower(Match::Narrower.under(self.polarity), note);
            }
        }
        if nothing_left {
            return None;
        }
        let mut stages = Vec::new();
        let mut columns: Vec<ColumnId> = shape.columns.clone();
        if !chosen {
            columns.retain(|column| needed.contains(column));
        }
        for (position, stage) in shape.stages.iter().enumerate() {
            let before = flows.clone();
            let rest = &shape.stages[position + 1..];
            self.stage(stage, rest, detection, &mut flows, &mut columns, &mut stages)?;
            if let Stage::Summarize { keys, aggregates, .. } = stage {
                let following = &shape.stages[position..];
                self.folded(keys, aggregates, following, detection.trigger(), &before);
            }
        }
        let names = self.output(&columns, &flows, shape);
        // A summary leaves just its own columns.
        let after = stages.iter().rposition(|step| matches!(step, Step::Group { .. }));
        let added = stages[after.unwrap_or(0)..].iter().any(|step| matches!(step, Step::Assign(_)));
        let projected = matches!(shape.stages.last(), Some(Stage::Project { .. }));
        if chosen && !names.is_empty() && (after.is_none() || added || projected) {
            stages.push(Step::Keep(names.clone()));
        }
        if !chosen {
            self.findings.output.insert(Output::Columns);
        }
        let trigger = detection.trigger();
        if trigger != Trigger::ANY_ROW {
            stages.push(Step::Trigger(trigger));
        }
        Some(Program {
            legs,
            union: shape.union.clone(),
            stages,
            events: !grouped,
            findings: std::mem::take(&mut self.findings),
            elided: std::mem::take(&mut self.elided),
        })
    }

    /// A source; `Ok(None)` when it yields nothing by its own condition and is not needed.
    fn leg(
        &mut self,
        detection: &Detection,
        leg: &'a Leg<'a>,
        shape: &Shape,
        needed: &[ColumnId],
        flows: &mut Flows,
    ) -> Result<Option<LegProgram<'a>>, Vec<Note>> {
        let span = leg.table_origins.hull().unwrap_or_default();
        let names = self.names.routed(leg);
        let source = names.source(leg.source, span).map_err(|refusal| vec![refusal.note])?;
        let scope = Scope { query: self.query, names, flows: None };
        let carried = carry(&leg.condition, &mut |literal| self.language.test(scope, literal))?;
        let Carried { tree, findings: mut found, elided, anchored } = carried;
        if found.relation != Match::Exact && found.relation != Match::Narrower && !anchored {
            let message = "what is left of the condition holds no value that the rule looks for";
            let cause = found.notes.iter().find_map(|note| note.cause).unwrap_or(Cause::NotImplemented);
            let span = leg.condition.all_origins().hull().unwrap_or(span);
            let note = Note { span, code: Code::NoAnchor, cause: Some(cause), message: message.to_owned() };
            return Err(found.notes.into_iter().chain([note]).collect());
        }
        self.elided.extend(elided);
        if tree == Tree::Const(false) && shape.legs.len() > 1 {
            self.elided
                .push(Elided { origins: leg.all_origins(), law: "source of which the condition keeps nothing" });
            return Ok(None);
        }
        found.join(source.findings.clone());
        found.relation = found.relation.under(self.polarity);
        let window = window(detection, leg, &mut found);
        self.findings.join(found);
        let mut items = Vec::new();
        let mut unused = leg.assigned.clone();
        for (column, value) in &leg.columns {
            if !needed.contains(column) {
                unused.extend(&value.all_origins());
                continue;
            }
            let name = &self.query.column(*column).name;
            let mut findings = Findings::default();
            let carried = self
                .language
                .value(scope, value, &mut findings)
                .and_then(|operand| self.language.stored(operand))
                .and_then(|operand| self.writable(name, value).map(|()| operand));
            let flow = carried.map(|operand| {
                let flow = Flow {
                    name: name.clone(),
                    ty: self.query.column(*column).ty,
                    kind: operand.kind,
                    nullable: operand.nullable,
                    clock: operand.clock,
                    findings,
                };
                let text = operand.text.with_origins(&leg.assigned);
                items.push(Item { column: *column, name: name.clone(), text, reads: fields(&names, value) });
                flow
            });
            if flow.is_err() {
                self.undefined(value.all_origins().and(&leg.assigned));
            }
            match flows.get_mut(column) {
                None => {
                    flows.insert(*column, flow);
                }
                Some(Ok(known)) => match flow {
                    Ok(flow) => known.findings.join(flow.findings),
                    Err(refusal) => *known_slot(flows, column) = Err(refusal),
                },
                Some(Err(_)) => {}
            }
        }
        let columns = self.arrange(items, flows);
        if !unused.is_empty() {
            self.elided.push(Elided { origins: unused, law: "column that nothing later reads" });
        }
        Ok(Some(LegProgram { source, origins: leg.table_origins.clone(), window, tree, columns }))
    }

    /// Assignments in an order in which none overwrites what a later one reads; a circle of them is refused.
    fn arrange(&mut self, mut items: Vec<Item>, flows: &mut Flows) -> Vec<(String, Text)> {
        let mut arranged = Vec::with_capacity(items.len());
        while !items.is_empty() {
            let free = items.iter().enumerate().position(|(index, item)| {
                items.iter().enumerate().all(|(other, reader)| other == index || !reader.reads.contains(&item.name))
            });
            let Some(free) = free else {
                for item in items {
                    let origins = operand_origins(&item.text);
                    let message = format!("`{}` is exchanged with another column", item.name);
                    let span = origins.hull().unwrap_or_default();
                    self.undefined(origins);
                    let refusal = Refusal::new(Code::OperatorOpaque, Cause::NotImplemented, span, message);
                    flows.insert(item.column, Err(refusal));
                }
                break;
            };
            let item = items.remove(free);
            // A column that is called like its field is there already.
            if self.language.column(&item.name).is_none_or(|name| item.text.plain() != name) {
                arranged.push((item.name, item.text));
            }
        }
        arranged
    }

    /// Records that a column is not computed: whatever reads it later says so.
    fn undefined(&mut self, origins: Origins) {
        self.elided.push(Elided { origins, law: "definition of a column that is not carried" });
    }

    fn writable(&self, name: &str, value: &Expr) -> Result<(), Refusal> {
        match self.language.column(name) {
            Some(_) => Ok(()),
            None => {
                let span = value.all_origins().hull().unwrap_or_default();
                let message = format!("`{name}` is no column name that is written here");
                Err(Refusal::new(Code::LiteralLimit, Cause::NotImplemented, span, message))
            }
        }
    }

    /// One stage; `None` when nothing sound is left.
    fn stage(
        &mut self,
        stage: &'a Stage<'a>,
        rest: &[Stage],
        detection: &Detection,
        flows: &mut Flows,
        columns: &mut Vec<ColumnId>,
        stages: &mut Vec<Step>,
    ) -> Option<()> {
        let scope = Scope { query: self.query, names: self.names, flows: Some(&flows.clone()) };
        match stage {
            Stage::Summarize { keys, aggregates, origins } => {
                self.summary(stage, keys, aggregates, origins, scope, flows, stages)?;
                *columns = keys
                    .iter()
                    .map(|key| key.column)
                    .chain(aggregates.iter().flat_map(|aggregation| aggregation.columns.iter().copied()))
                    .collect();
            }
            Stage::Filter { predicate, origins } => {
                match carry(predicate, &mut |literal| self.language.test(scope, literal)) {
                    Ok(mut carried) => {
                        let polarity = polarity::of_rows(rest, detection.trigger());
                        carried.findings.relation = carried.findings.relation.under(polarity);
                        self.findings.join(carried.findings);
                        self.elided.extend(carried.elided);
                        match (condition(&carried.tree, false), carried.tree) {
                            (Some(text), _) => stages.push(Step::Where(text.with_origins(origins))),
                            (None, Tree::Const(false)) => {
                                stages.push(Step::Where(Text::piece("1 == 0", predicate.all_origins())));
                            }
                            (None, _) => self
                                .elided
                                .push(Elided { origins: (*origins).clone(), law: "filter of which nothing is left" }),
                        }
                    }
                    Err(notes) => {
                        let polarity = polarity::of_rows(rest, detection.trigger());
                        self.left(stage, notes, Code::ThresholdLeft, "this filter is left out", polarity);
                    }
                }
            }
            Stage::Extend { columns: assigned, origins } => {
                let texts = self.assign(assigned, scope, flows, false);
                columns.retain(|column| !assigned.iter().any(|assignment| assignment.column == *column));
                columns.extend(assigned.iter().map(|assignment| assignment.column));
                self.push_assigned(texts, origins, stages);
            }
            Stage::Project { columns: assigned, origins } => {
                let texts = self.assign(assigned, scope, flows, true);
                *columns = assigned.iter().map(|assignment| assignment.column).collect();
                self.push_assigned(texts, origins, stages);
            }
            Stage::Sort { by, origins } => match self.order(by, scope) {
                Ok(keys) => stages.push(Step::Sort(owned(keys, origins))),
                Err(refusal) => {
                    self.findings.output.insert(Output::Order);
                    let span = stage.span();
                    self.findings.notes.insert(refusal.note);
                    let message = "the order is left out".to_owned();
                    self.findings.notes.insert(Note { span, code: Code::OrderLeft, cause: None, message });
                }
            },
            Stage::Top { count, by, origins } => match self.order(by, scope) {
                Ok(keys) => {
                    stages.push(Step::Sort(owned(keys, origins)));
                    stages.push(Step::Head(Text::piece(count.to_string(), (*origins).clone())));
                }
                Err(refusal) => {
                    let polarity = polarity::of_rows(rest, detection.trigger());
                    self.left(stage, vec![refusal.note], Code::OrderLeft, "the choice of rows is left out", polarity);
                }
            },
            Stage::Take { count, origins } => {
                stages.push(Step::Head(Text::piece(count.to_string(), (*origins).clone())));
            }
        }
        Some(())
    }

    /// Records that a stage that keeps only some rows is left out: more are found.
    fn left(&mut self, stage: &Stage, notes: Vec<Note>, code: Code, message: &str, polarity: Polarity) {
        let cause = notes.iter().find_map(|note| note.cause).unwrap_or(Cause::NotImplemented);
        self.findings.notes.extend(notes);
        let law = "definition used by a stage that a note is about";
        self.elided.push(Elided { origins: stage.all_origins().elsewhere(), law });
        let note = Note { span: stage.span(), code, cause: Some(cause), message: message.to_owned() };
        self.findings.lower(Match::Broader.under(polarity), note);
    }

    fn push_assigned(&mut self, texts: Vec<(String, Text)>, origins: &Origins, stages: &mut Vec<Step>) {
        if texts.is_empty() {
            self.elided.push(Elided { origins: origins.clone(), law: "choice of columns, made at the end" });
        } else {
            stages.push(Step::Assign(
                texts.into_iter().map(|(name, text)| (name, text.with_origins(origins))).collect(),
            ));
        }
    }

    /// Assignments behind the sources; renamed columns only flow on unless `renames` must be written.
    fn assign(
        &mut self,
        assigned: &[Assignment],
        scope: Scope,
        flows: &mut Flows,
        project: bool,
    ) -> Vec<(String, Text)> {
        let mut items = Vec::new();
        for Assignment { column, value } in assigned {
            let target = self.query.column(*column);
            if let ExprKind::Path(path) = &value.kind
                && path.steps.is_empty()
                && self.query.column(path.column).name == target.name
            {
                let same = scope.flows.and_then(|flows| flows.get(&path.column)).cloned();
                if project && !value.origins.is_empty() {
                    let law = "column kept under its name";
                    self.elided.push(Elided { origins: value.origins.clone(), law });
                }
                if let Some(same) = same {
                    flows.insert(*column, same);
                }
                continue;
            }
            let mut findings = Findings::default();
            let carried = self
                .language
                .value(scope, value, &mut findings)
                .and_then(|operand| self.language.stored(operand))
                .and_then(|operand| self.writable(&target.name, value).map(|()| operand));
            let flow = carried.map(|operand| {
                let flow = Flow {
                    name: target.name.clone(),
                    ty: target.ty,
                    kind: operand.kind,
                    nullable: operand.nullable,
                    clock: operand.clock,
                    findings,
                };
                let reads = value.columns().iter().map(|column| self.query.column(*column).name.clone()).collect();
                items.push(Item { column: *column, name: target.name.clone(), text: operand.text, reads });
                flow
            });
            if flow.is_err() {
                self.undefined(value.all_origins());
            }
            flows.insert(*column, flow);
        }
        self.arrange(items, flows)
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one stage")]
    fn summary(
        &mut self,
        stage: &Stage,
        keys: &[Assignment],
        aggregates: &[Aggregation],
        origins: &Origins,
        scope: Scope,
        flows: &mut Flows,
        stages: &mut Vec<Step>,
    ) -> Option<()> {
        let mut after = Flows::new();
        let mut grouped = Vec::new();
        let mut assigned = Vec::new();
        for Assignment { column, value } in keys {
            let target = self.query.column(*column);
            let mut findings = Findings::default();
            let carried = self
                .language
                .value(scope, value, &mut findings)
                .and_then(|operand| self.language.stored(operand))
                .and_then(|operand| self.writable(&target.name, value).map(|()| operand));
            let operand = match carried {
                Ok(operand) => operand,
                Err(refusal) => {
                    self.findings.notes.insert(refusal.note.clone());
                    let message = format!("the group key `{}` is not carried", target.name);
                    let span = stage.span();
                    let note = Note { span, code: Code::SummaryLeft, cause: refusal.note.cause, message };
                    self.findings.notes.insert(note);
                    return None;
                }
            };
            self.findings.join(findings);
            let name = self.language.column(&target.name).expect("checked by `writable`");
            let plain = operand.text.plain() == name;
            let mut nullable = operand.nullable;
            if !plain || (nullable && !self.language.groups_missing()) {
                let text = if nullable && !self.language.groups_missing() {
                    nullable = false;
                    Text::glue("coalesce(").then(operand.text.clone()).then(Text::glue(",\"\")"))
                } else {
                    operand.text.clone()
                };
                let reads = value.columns().iter().map(|column| self.query.column(*column).name.clone()).collect();
                let text = text.with_origins(origins);
                assigned.push(Item { column: *column, name: target.name.clone(), text, reads });
            }
            grouped.push((target.name.clone(), Text::piece(name, operand_origins(&operand.text))));
            let flow = Flow {
                name: target.name.clone(),
                ty: target.ty,
                kind: operand.kind,
                nullable,
                clock: false,
                findings: Findings::default(),
            };
            after.insert(*column, Ok(flow));
        }
        // An aggregate reads a column that a key of its name is about to overwrite: a copy of it.
        let mut copies = Vec::new();
        let mut inputs = scope.flows.cloned().unwrap_or_default();
        for flow in inputs.values_mut().filter_map(|flow| flow.as_mut().ok()) {
            if assigned.iter().any(|item| item.name == flow.name) {
                let name = self.language.column(&flow.name).expect("it was assigned under this name");
                let copy = format!("siemaphore_{}", flow.name);
                copies.push((flow.name.clone(), copy.clone(), Text::glue(&name)));
                flow.name = copy;
            }
        }
        let scope = Scope { flows: Some(&inputs), ..scope };
        let mut computed: Vec<(String, Text)> = Vec::new();
        for aggregation in aggregates {
            let counts = matches!(
                aggregation.aggregate.function,
                AggregateFunction::Count | AggregateFunction::CountDistinct | AggregateFunction::DCount
            );
            let answers = self.language.aggregate(scope, aggregation);
            for (column, answer) in aggregation.columns.iter().zip(answers) {
                let target = self.query.column(*column);
                let taken = keys.iter().any(|key| self.query.column(key.column).name == target.name);
                let whole = aggregation.aggregate.all_origins();
                let span = whole.hull().unwrap_or_default();
                let answer = answer.map_err(|refusal| Refusal { note: Note { span, ..refusal.note } });
                let answer = answer.and_then(|aggregated| {
                    if self.language.column(&target.name).is_none() || taken {
                        let message = format!("`{}` is no column name that is written here", target.name);
                        return Err(Refusal::new(Code::LiteralLimit, Cause::NotImplemented, span, message));
                    }
                    Ok(aggregated)
                });
                let flow = answer.map(|aggregated| {
                    computed.push((target.name.clone(), aggregated.text.with_origins(origins)));
                    Flow {
                        name: target.name.clone(),
                        ty: target.ty,
                        kind: aggregated.kind,
                        nullable: !counts,
                        clock: false,
                        findings: aggregated.findings,
                    }
                });
                if flow.is_err() {
                    self.undefined(whole);
                }
                after.insert(*column, flow);
            }
        }
        copies.retain(|(_, copy, _)| computed.iter().any(|(_, text)| text.plain().contains(copy.as_str())));
        let mut first: Vec<(String, Text)> = copies.into_iter().map(|(_, copy, text)| (copy, text)).collect();
        let wanted = assigned.len();
        let arranged = self.arrange(assigned, &mut after);
        if arranged.len() < wanted {
            let message = "the group keys overwrite each other".to_owned();
            let cause = Some(Cause::NotImplemented);
            self.findings.notes.insert(Note { span: stage.span(), code: Code::SummaryLeft, cause, message });
            return None;
        }
        first.extend(arranged);
        if !first.is_empty() {
            stages.push(Step::Assign(first));
        }
        for (_, text) in &mut grouped {
            *text = std::mem::take(text).with_origins(origins);
        }
        stages.push(Step::Group { keys: grouped, aggregates: computed });
        *flows = after;
        Some(())
    }

    /// What it means for a summary that the target holds some of its columns in lower case: groups, or values counted,
    /// that differ in letter case alone are one there. That matters where a later stage or the trigger counts.
    fn folded(
        &mut self,
        keys: &[Assignment],
        aggregates: &[Aggregation],
        following: &[Stage],
        trigger: Trigger,
        flows: &Flows,
    ) {
        let counts = |stage: &Stage| {
            matches!(stage, Stage::Filter { .. } | Stage::Top { .. } | Stage::Take { .. } | Stage::Summarize { .. })
        };
        if !following[1..].iter().any(counts) && trigger == Trigger::ANY_ROW {
            return;
        }
        let is_folded = |value: &Expr| {
            value.columns().iter().any(|column| {
                flows.get(column).is_some_and(|flow| {
                    flow.as_ref()
                        .is_ok_and(|flow| flow.findings.notes.iter().any(|note| note.code == Code::ValueChanged))
                })
            })
        };
        let is_set = |aggregation: &&Aggregation| {
            matches!(
                aggregation.aggregate.function,
                AggregateFunction::CountDistinct | AggregateFunction::DCount | AggregateFunction::MakeSet
            ) && aggregation.aggregate.arguments.iter().any(is_folded)
        };
        let polarity = polarity::of_sources(following, trigger);
        let mut lower = |relation: Match, origins: &Origins, what: &str| {
            let span = origins.hull().unwrap_or_default();
            let message = format!("{what} that differ in letter case alone are one in the target");
            let note = Note { span, code: Code::ValueChanged, cause: Some(Cause::NoMapping), message };
            self.findings.lower(relation.under(polarity), note);
        };
        // A note over the whole stage would also cover what is lost of it.
        for key in keys.iter().filter(|key| is_folded(&key.value)) {
            lower(Match::Broader, &key.value.all_origins(), "groups");
        }
        for aggregation in aggregates.iter().filter(is_set) {
            lower(Match::Narrower, &aggregation.aggregate.all_origins(), "values");
        }
    }

    fn order(&self, by: &[SortKey], scope: Scope) -> Result<Vec<Ordering>, Refusal> {
        by.iter()
            .map(|key| {
                let span = key.value.all_origins().hull().unwrap_or_default();
                let ExprKind::Path(path) = &key.value.kind else {
                    let message = "rows are ordered by a computed value";
                    return Err(Refusal::new(Code::OrderLeft, Cause::NotImplemented, span, message));
                };
                let operand = scope.path(self.language, path, &key.value, &mut Findings::default())?;
                Ok(Ordering {
                    column: operand.text.with_origins(&key.origins),
                    ty: operand.ty,
                    nullable: operand.nullable,
                    descending: key.descending,
                    nulls_first: key.nulls_first,
                })
            })
            .collect()
    }

    /// The names of the answer's columns; those that were not carried are noted.
    fn output(&mut self, columns: &[ColumnId], flows: &Flows, shape: &Shape) -> Vec<String> {
        let mut names = Vec::new();
        for column in columns {
            let name = &self.query.column(*column).name;
            match flows.get(column) {
                Some(Ok(flow)) => {
                    let mut findings = flow.findings.clone();
                    if findings.relation != Match::Exact {
                        findings.relation = Match::Exact;
                        findings.output.insert(Output::Columns);
                    }
                    if flow.ty == Type::TimeSpan || (flow.ty == Type::DateTime && self.language.dates_are_numbers()) {
                        findings.output.insert(Output::Columns);
                    }
                    self.findings.join(findings);
                    names.push(flow.name.clone());
                }
                Some(Err(refusal)) => {
                    self.left_column(name, &refusal.note);
                }
                None => {
                    let span = Span::default();
                    let message = "no source carries it".to_owned();
                    let note = Note { span, code: Code::NoField, cause: Some(Cause::NoMapping), message };
                    if shape.projected {
                        self.left_column(name, &note);
                    }
                }
            }
        }
        names
    }

    fn left_column(&mut self, name: &str, reason: &Note) {
        self.findings.output.insert(Output::Columns);
        self.findings.notes.insert(Note {
            span: reason.span,
            code: Code::ColumnLeft,
            cause: reason.cause,
            message: format!("output column `{name}` is left out: {}", reason.message),
        });
    }
}

fn known_slot<'f>(flows: &'f mut Flows, column: &ColumnId) -> &'f mut Result<Flow, Refusal> {
    flows.get_mut(column).expect("the caller has just found it")
}

fn operand_origins(text: &Text) -> Origins {
    text.pieces().iter().fold(Origins::none(), |all, piece| all.and(&piece.origins))
}

fn owned(mut keys: Vec<Ordering>, origins: &Origins) -> Vec<Ordering> {
    for key in &mut keys {
        key.column = std::mem::take(&mut key.column).with_origins(origins);
    }
    keys
}

/// The columns that must flow out of the sources: those that stages read, and those of the answer.
fn needed(shape: &Shape) -> Vec<ColumnId> {
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
fn window(detection: &Detection, leg: &Leg, findings: &mut Findings) -> Window {
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
    let ago = clipped.from.map_or(period, |from| Period(from.offset.saturating_neg()));
    let text = format!("the run looks back {} over `{}`", ago.short(), leg.table);
    findings.assume(AssumptionKind::Window, Confidence::High, text);
    clipped
}
