//! Walks a query's legs and stages, asks the language for each part, and decides what a part left out does.

mod source;
mod summary;

use crate::crosswalk::Form;
use crate::diagnostic::Code;
use crate::fidelity::{Cause, Findings, Match, Note, Output, Polarity, Refusal};
use crate::ir::{Assignment, ColumnId, Detection, Expr, ExprKind, Query, SortKey, Trigger, Type};
use crate::shape::{Leg, Shape, Stage};
use crate::span::{Elided, Origins, Span};
use crate::template::Text;

use self::source::{needed, window};
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
            if let Form::Joined { before, .. } = field.form {
                fields.push(before.clone());
            }
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
        let relation = found.relation.join(source.findings.relation);
        if relation != Match::Exact && relation != Match::Narrower && !anchored {
            let message = "what is left of the condition holds no value that the rule looks for";
            found.notes.extend(source.findings.notes);
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
        reads_folded(&mut found, leg.condition.all_origins().hull().unwrap_or(span));
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
                        let place = predicate.all_origins().hull().unwrap_or_else(|| stage.span());
                        reads_folded(&mut carried.findings, place);
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
                Ok(keys) => {
                    let mut read = self.read_by_order(by, scope);
                    if reads_folded(&mut read, stage.span()) {
                        self.findings.output.insert(Output::Order);
                        if rest.iter().any(|later| matches!(later, Stage::Take { .. })) {
                            self.findings.join(read);
                        }
                    }
                    stages.push(Step::Sort(owned(keys, origins)));
                }
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
                    let mut read = self.read_by_order(by, scope);
                    if reads_folded(&mut read, stage.span()) {
                        self.findings.join(read);
                    }
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

    /// What is known of the values that an order compares.
    fn read_by_order(&self, by: &[SortKey], scope: Scope) -> Findings {
        let mut read = Findings::default();
        for path in by.iter().filter_map(|key| key.value.as_path()) {
            if let Some(Ok(flow)) = scope.flows.and_then(|flows| flows.get(&path.column)) {
                read.join(flow.findings.clone());
            }
        }
        read
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

/// Lowers what reads a value that the target holds in other letters: whether it answers alike is not known.
fn reads_folded(findings: &mut Findings, span: Span) -> bool {
    // A constant of the source is another form too, but nothing is read there, so it leaves the columns as they are.
    let folded = findings.output.contains(&Output::Columns)
        && findings.notes.iter().any(|note| note.code == Code::ValueChanged);
    if folded {
        let message = "a value is read that the target holds in lower case".to_owned();
        let cause = Some(Cause::NoMapping);
        findings.lower(Match::Approximate, Note { span, code: Code::ValueChanged, cause, message });
    }
    folded
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
