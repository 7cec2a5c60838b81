//! Sigma: a rule for each source, and a correlation rule where groups have to be counted.
//!
//! Profile `portable` writes what converters and readers expect and says where that finds more; profile `exact` says
//! what KQL says, with `cased` and `re`. Version 2.1.0 of the specification.
//! <https://sigmahq.io/sigma-specification/>

use uuid::Uuid;

use crate::crosswalk::{Source, Vocabulary};
use crate::diagnostic::Code;
use crate::fidelity::{Cause, Findings, Match, Note, Polarity, Refusal};
use crate::ir::{Detection, Kind, Period, Predicate, Severity};
use crate::shape::{Leg, Shape};
use crate::span::{Elided, Origins, Span};
use crate::template::TemplateError;

use super::events::{self, Counted, Speaker};
use super::names::Names;
use super::{Backend, Emission, Options, Profile, Target, Tree, carry};

mod correlation;
mod item;
mod layout;
mod quote;
#[cfg(test)]
mod tests;
mod view;

use item::{Item, Part, Scalar, Style};
use layout::Layout;
use view::{Meta, View};

/// The back end.
#[derive(Debug)]
pub struct Sigma;

static TARGET: Target = Target {
    name: "sigma",
    title: "Sigma",
    extension: "yml",
    profiles: &[
        Profile {
            name: "portable",
            about: "what converters understand: `contains` for terms, letter case ignored",
            vocabulary: Some(Vocabulary::Sigma),
        },
        Profile {
            name: "exact",
            about: "what the query says, with `cased` and regular expressions",
            vocabulary: Some(Vocabulary::Sigma),
        },
    ],
};

const SPEAKER: Speaker = Speaker { title: "Sigma", page: item::RULES };

/// One source and what is asked of its events.
struct Document<'a> {
    source: Option<&'a Source>,
    table: &'a str,
    table_origins: Origins,
    layout: Layout,
    anchored: bool,
}

/// Everything known so far.
#[derive(Default)]
struct Draft {
    findings: Findings,
    elided: Vec<Elided>,
}

impl Backend for Sigma {
    fn target(&self) -> &'static Target {
        &TARGET
    }

    fn emit(&self, detection: &Detection, options: &Options) -> Result<Emission, TemplateError> {
        let mut draft = Draft::default();
        let mut view = draft.view(detection, options, options.profile != "exact");
        // Widened tests may leave too little of the rule; what is written then is what the query says.
        if view.is_err() && options.profile != "exact" {
            let mut strict = Draft::default();
            if let Ok(other) = strict.view(detection, options, false) {
                (draft, view) = (strict, Ok(other));
            }
        }
        match view {
            Ok(view) => {
                let view = view.with_head(events::head(detection, &draft.findings));
                let artifact = options.templates.render("sigma/rule.yml.j2", &view)?;
                Ok(Emission { artifact: Some(artifact), findings: draft.findings, elided: draft.elided })
            }
            Err(notes) => {
                draft.findings.notes.extend(notes);
                Ok(Emission { artifact: None, findings: draft.findings, elided: draft.elided })
            }
        }
    }
}

impl Draft {
    fn view(&mut self, detection: &Detection, options: &Options, portable: bool) -> Result<View, Vec<Note>> {
        let one = |refusal: Refusal| vec![refusal.note];
        let shape = events::shape(detection, options).map_err(one)?;
        let names = Names::new(&detection.query, options, Vocabulary::Sigma);
        let mut stages = events::stages(detection, &shape, SPEAKER).map_err(one)?;

        // A threshold first as a correlation; where that cannot be said, without it.
        let mut rules = None;
        if let Some(threshold) = stages.threshold.clone() {
            match correlation::correlate(detection, &shape, &threshold, &names) {
                Ok(correlation) => {
                    let polarity = correlation.polarity;
                    let extra = match threshold.counted {
                        Counted::Events(filter) | Counted::Values(_, filter) => filter,
                    };
                    let mut attempt = Draft::default();
                    match attempt.documents(detection, &shape, &names, portable && polarity == Polarity::Up, extra) {
                        Ok(documents) => {
                            stages.findings.relation = stages.findings.relation.under(polarity);
                            attempt.findings.relation = attempt.findings.relation.under(polarity);
                            attempt.findings.join(correlation.findings.clone());
                            attempt.findings.join(std::mem::take(&mut stages.findings));
                            attempt.elided.append(&mut stages.elided);
                            *self = attempt;
                            rules = Some((documents, Some(correlation)));
                        }
                        Err(notes) => {
                            let note = notes.into_iter().next();
                            events::leave(&mut stages, SPEAKER, note).map_err(one)?;
                        }
                    }
                }
                Err(refusal) => events::leave(&mut stages, SPEAKER, Some(refusal.note)).map_err(one)?,
            }
        }
        let (documents, correlation) = match rules {
            Some(rules) => rules,
            None => {
                let documents = self.documents(detection, &shape, &names, portable, None)?;
                self.findings.join(stages.findings);
                self.elided.extend(stages.elided);
                events::unmapped_keys(&shape, &names, &mut self.findings);
                (documents, None)
            }
        };
        self.elided.extend(shape.elided.iter().cloned());
        if self.findings.relation != Match::Exact && documents.iter().any(|document| !document.anchored) {
            return Err(self.unanchored(detection));
        }
        let meta = self.meta(detection);
        Ok(View::new(&meta, documents, correlation, &shape.union))
    }

    fn unanchored(&mut self, detection: &Detection) -> Vec<Note> {
        let span = detection.query.relation(detection.query.root).origins.hull().unwrap_or_default();
        let cause = self.findings.notes.iter().find_map(|note| note.cause).unwrap_or(Cause::NotImplemented);
        let mut notes: Vec<Note> = std::mem::take(&mut self.findings.notes).into_iter().collect();
        let message = "what is left would match nearly every event of the source";
        notes.push(Refusal::new(Code::NoAnchor, cause, span, message).note);
        notes
    }

    /// The rules of all sources; `extra` is the condition of `countif`.
    fn documents<'a>(
        &mut self,
        detection: &Detection,
        shape: &Shape<'a>,
        names: &Names<'a>,
        widen: bool,
        extra: Option<&Predicate>,
    ) -> Result<Vec<Document<'a>>, Vec<Note>> {
        let mut documents = Vec::with_capacity(shape.legs.len());
        let mut refused = Vec::new();
        for leg in &shape.legs {
            match self.document(leg, names, Style { widen }, extra) {
                Ok(document) => {
                    self.elided.extend(events::assume_window(detection, leg, &mut self.findings));
                    documents.push(document);
                }
                Err(notes) => refused.push((leg, notes)),
            }
        }
        if documents.is_empty() {
            return Err(refused.into_iter().flat_map(|(_, notes)| notes).collect());
        }
        for (leg, notes) in refused {
            let cause = notes.iter().find_map(|note| note.cause).unwrap_or(Cause::NotImplemented);
            self.findings.notes.extend(notes);
            let span = leg.condition.all_origins().and(&leg.table_origins).hull().unwrap_or_default();
            self.elided.push(Elided { origins: leg.all_origins(), law: "source that a note leaves out" });
            let message = format!("the events of `{}` are left out", leg.table);
            self.findings.lower(Match::Narrower, Note { span, code: Code::Dropped, cause: Some(cause), message });
        }
        Ok(documents)
    }

    fn document<'a>(
        &mut self,
        leg: &Leg<'a>,
        names: &Names<'a>,
        style: Style,
        extra: Option<&Predicate>,
    ) -> Result<Document<'a>, Vec<Note>> {
        let names = &names.routed(leg);
        let span = leg.table_origins.hull().unwrap_or_default();
        let source = names.source(leg.source, span).map_err(|refusal| vec![refusal.note])?;
        let condition = match extra {
            Some(extra) => {
                let extra = events::in_place(extra, leg).ok_or_else(|| {
                    let message = "the condition of the aggregate is over computed values";
                    vec![Refusal::new(Code::AggregateDiffers, Cause::NotImplemented, span, message).note]
                })?;
                Predicate::and(vec![leg.condition.clone(), extra], Origins::none())
            }
            None => leg.condition.clone(),
        };
        let carried = carry(&condition, &mut |literal| item::leaf(names, literal, style))?;
        let routed = routing(source.source, leg);
        let layout = match parts(carried.tree) {
            Ok(part) => layout::layout(part, routed),
            Err(true) if !routed.is_empty() => layout::routing(routed),
            Err(truth) => 'constant: {
                if carried.findings.relation == Match::Exact
                    && let Some(item) = any_item(leg, names)
                {
                    break 'constant layout::constant(truth, item);
                }
                // Every reason why nothing is left, or that Sigma has no constant conditions.
                let span = condition.all_origins().hull().unwrap_or(span);
                let mut notes: Vec<Note> = carried.findings.notes.into_iter().collect();
                let code =
                    if carried.findings.relation == Match::Exact { Code::ConstantTest } else { Code::NoAnchor };
                let message = if truth {
                    "Sigma has no condition that every event of a source meets"
                } else {
                    "Sigma has no condition that no event meets"
                };
                notes.push(Refusal::new(code, Cause::ProductLimit { page: item::RULES }, span, message).note);
                return Err(notes);
            }
        };
        self.findings.join(source.findings);
        self.findings.join(carried.findings);
        self.elided.extend(carried.elided);
        Ok(Document {
            source: source.source,
            table: leg.table,
            table_origins: leg.table_origins.clone(),
            layout,
            anchored: carried.anchored,
        })
    }

    fn meta<'a>(&mut self, detection: &'a Detection) -> Meta<'a> {
        let meta = &detection.meta;
        let severity = meta.severity.unwrap_or_else(|| {
            self.findings.notes.insert(Note {
                span: Span::default(),
                code: Code::DefaultUsed,
                cause: None,
                message: "the rule states no severity; `Medium` is used".to_owned(),
            });
            Severity::Medium
        });
        Meta { meta, severity, hunting: detection.kind == Kind::Hunting }
    }
}

/// An item on some field of the source, for conditions that do not depend on it.
fn any_item(leg: &Leg, names: &Names) -> Option<Item> {
    let mut fields = leg.columns.values().filter_map(|value| names.field(value.as_path()?, Span::default()).ok());
    let name = fields.find(|field| !field.name.contains('|'))?.name;
    let values = vec![(Scalar::Null, Origins::none())];
    Some(Item { field: name, modifiers: Vec::new(), values, origins: Origins::none() })
}

/// What the events of a source have in common besides its logsource. It stands for the table's name, and for the values
/// of the query by which the source was chosen.
fn routing(source: Option<&Source>, leg: &Leg) -> Vec<Item> {
    let Some(Source::Sigma { conditions, .. }) = source else { return Vec::new() };
    let scalar = |value: &String| {
        let mut origins = leg.table_origins.clone();
        leg.condition.walk_exprs(&mut |expr| {
            let same = expr.as_literal().and_then(events::plain).is_some_and(|text| text.eq_ignore_ascii_case(value));
            if same {
                origins.extend(&expr.origins);
            }
        });
        let scalar = match value.parse::<i64>() {
            Ok(_) => Scalar::Plain(value.clone()),
            Err(_) => Scalar::Text(quote::literal(value)),
        };
        (scalar, origins)
    };
    let items = conditions.iter().map(|(field, values)| Item {
        field: field.clone(),
        modifiers: Vec::new(),
        values: values.iter().map(scalar).collect(),
        origins: leg.table_origins.clone(),
    });
    items.collect()
}

/// A carried condition as parts, or as a constant.
fn parts(tree: Tree<Part>) -> Result<Part, bool> {
    match tree {
        Tree::Leaf(part) => Ok(part),
        Tree::Const(truth) => Err(truth),
        Tree::All(inner, origins) => Ok(Part::All(inner.into_iter().map(parts).collect::<Result<_, _>>()?, origins)),
        Tree::Any(inner, origins) => Ok(Part::Any(inner.into_iter().map(parts).collect::<Result<_, _>>()?, origins)),
    }
}

/// A time span as Sigma has it; none where it does not last whole seconds.
fn timespan(period: Period) -> Option<String> {
    (period.0 > 0 && period.0 % crate::ir::TICKS_PER_SECOND == 0).then(|| period.short())
}

/// An id of one document of a rule: the same rule always gives the same id.
fn id(rule: &str, name: &str, part: &str) -> String {
    let own = Uuid::parse_str(rule.trim()).unwrap_or_else(|_| {
        let id = if rule.is_empty() { name } else { rule };
        Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes())
    });
    Uuid::new_v5(&own, part.as_bytes()).hyphenated().to_string()
}
