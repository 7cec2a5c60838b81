//! Summaries: their keys, their aggregates, and what it does when the target folds the values of either.

use crate::diagnostic::Code;
use crate::fidelity::{Cause, Findings, Match, Note, Refusal};
use crate::ir::{AggregateFunction, Aggregation, Assignment, Expr, Trigger};
use crate::shape::Stage;
use crate::span::Origins;
use crate::template::Text;

use super::super::{Flow, Flows, Scope, Step, polarity};
use super::{Driver, Item, operand_origins};

impl Driver<'_, '_> {
    #[allow(clippy::too_many_arguments, reason = "the parts of one stage")]
    pub(super) fn summary(
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
    pub(super) fn folded(
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
        // Fewer groups count less wherever groups are counted or chosen among.
        let only_filters = following[1..].iter().all(|stage| !counts(stage) || matches!(stage, Stage::Filter { .. }));
        let joined = if only_filters && trigger == Trigger::ANY_ROW { Match::Broader } else { Match::Approximate };
        let mut lower = |relation: Match, origins: &Origins, what: &str| {
            let span = origins.hull().unwrap_or_default();
            let message = format!("{what} that differ in letter case alone are one in the target");
            let note = Note { span, code: Code::ValueChanged, cause: Some(Cause::NoMapping), message };
            self.findings.lower(relation.under(polarity), note);
        };
        // A note over the whole stage would also cover what is lost of it.
        for key in keys.iter().filter(|key| is_folded(&key.value)) {
            lower(joined, &key.value.all_origins(), "groups");
        }
        for aggregation in aggregates.iter().filter(is_set) {
            lower(Match::Narrower, &aggregation.aggregate.all_origins(), "values");
        }
    }
}
