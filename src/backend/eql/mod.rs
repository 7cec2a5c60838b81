//! Elastic's Event Query Language: a condition on events of one category or of any.
//!
//! EQL returns events and computes nothing of them, so a summary is left out, and a threshold makes the artifact
//! broader. <https://www.elastic.co/docs/reference/query-languages/eql>

use serde::Serialize;

use crate::crosswalk::{Source, Vocabulary};
use crate::diagnostic::Code;
use crate::fidelity::{Cause, Findings, Match, Note, Refusal};
use crate::ir::Detection;
use crate::shape::{Leg, Shape};
use crate::span::{Elided, Origins};
use crate::template::{TemplateError, Text};

use super::events::{self, Speaker};
use super::names::Names;
use super::{Backend, ELASTIC_PROFILES, Emission, Options, Target, Tree, carry};

mod query;
mod quote;
#[cfg(test)]
mod tests;

/// The back end.
#[derive(Debug)]
pub struct Eql;

static TARGET: Target = Target { name: "eql", title: "Elastic EQL", extension: "eql", profiles: ELASTIC_PROFILES };

const SPEAKER: Speaker = Speaker { title: "EQL", page: query::SYNTAX };

/// The artifact.
#[derive(Serialize)]
struct View {
    head: Vec<String>,
    category: Text,
    lines: Vec<Text>,
}

/// One source: what its events have in common, and what is asked of them.
struct Part<'a> {
    source: Option<&'a Source>,
    name: Origins,
    tree: Tree<Text>,
    anchored: bool,
}

/// Everything known so far.
#[derive(Default)]
struct Draft {
    findings: Findings,
    elided: Vec<Elided>,
}

impl Backend for Eql {
    fn target(&self) -> &'static Target {
        &TARGET
    }

    fn emit(&self, detection: &Detection, options: &Options) -> Result<Emission, TemplateError> {
        let mut draft = Draft::default();
        match draft.view(detection, options) {
            Ok(mut view) => {
                view.head = events::head(detection, &draft.findings);
                let artifact = options.templates.render("eql/query.eql.j2", &view)?;
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
    fn view(&mut self, detection: &Detection, options: &Options) -> Result<View, Vec<Note>> {
        let one = |refusal: Refusal| vec![refusal.note];
        let shape = events::shape(detection, options).map_err(one)?;
        self.elided.extend(shape.elided.iter().cloned());
        let vocabulary = TARGET.vocabulary(options.profile).unwrap_or(Vocabulary::Elastic);
        let names = Names::new(&detection.query, options, vocabulary);
        let mut parts = Vec::with_capacity(shape.legs.len());
        let mut refused = Vec::new();
        for leg in &shape.legs {
            match self.part(leg, &names) {
                Ok(part) => parts.push(part),
                Err(notes) => refused.push((leg, notes)),
            }
        }
        if parts.is_empty() {
            return Err(refused.into_iter().flat_map(|(_, notes)| notes).collect());
        }
        for (leg, notes) in refused {
            self.leave_leg(leg, notes);
        }
        self.windows(detection, &shape);
        let mut stages = events::stages(detection, &shape, SPEAKER).map_err(one)?;
        events::leave(&mut stages, SPEAKER, None).map_err(one)?;
        self.findings.join(stages.findings);
        self.elided.extend(stages.elided);
        events::unmapped_keys(&shape, &names, &mut self.findings);
        if self.findings.relation != Match::Exact && parts.iter().any(|part| !part.anchored) {
            let span = detection.query.relation(detection.query.root).origins.hull().unwrap_or_default();
            let cause = self.findings.notes.iter().find_map(|note| note.cause).unwrap_or(Cause::NotImplemented);
            let message = "what is left would match nearly every event of the source";
            let mut notes: Vec<Note> = std::mem::take(&mut self.findings.notes).into_iter().collect();
            notes.push(Refusal::new(Code::NoAnchor, cause, span, message).note);
            return Err(notes);
        }
        Ok(View { head: Vec::new(), category: category(&parts), lines: lines(parts, &shape.union) })
    }

    fn part<'a>(&mut self, leg: &Leg, names: &Names<'a>) -> Result<Part<'a>, Vec<Note>> {
        let names = &names.routed(leg);
        let span = leg.table_origins.hull().unwrap_or_default();
        let source = names.source(leg.source, span).map_err(|refusal| vec![refusal.note])?;
        let carried = carry(&leg.condition, &mut |literal| query::leaf(names, literal))?;
        self.findings.join(source.findings);
        self.findings.join(carried.findings);
        self.elided.extend(carried.elided);
        Ok(Part {
            source: source.source,
            name: leg.table_origins.clone(),
            tree: carried.tree,
            anchored: carried.anchored,
        })
    }

    fn leave_leg(&mut self, leg: &Leg, notes: Vec<Note>) {
        let cause = notes.iter().find_map(|note| note.cause).unwrap_or(Cause::NotImplemented);
        self.findings.notes.extend(notes);
        let span = leg.condition.all_origins().and(&leg.table_origins).hull().unwrap_or_default();
        self.elided.push(Elided { origins: leg.all_origins(), law: "source that a note leaves out" });
        let message = format!("the events of `{}` are left out", leg.table);
        self.findings.lower(Match::Narrower, Note { span, code: Code::Dropped, cause: Some(cause), message });
    }

    /// One query has one look-back: the longest of its sources.
    fn windows(&mut self, detection: &Detection, shape: &Shape) {
        let bounds = |leg: &Leg| (events::lookback(detection, leg), leg.window.to.filter(|to| to.offset < 0));
        let differ = shape.legs.windows(2).any(|legs| bounds(&legs[0]) != bounds(&legs[1]));
        for leg in &shape.legs {
            self.elided.extend(events::assume_window(detection, leg, &mut self.findings));
            if differ {
                let span = leg.window.origins.hull().unwrap_or_default();
                let message = "the sources have look-backs of their own; one query has the longest of them";
                self.findings.lower(
                    Match::Broader,
                    Note {
                        span,
                        code: Code::WindowSlides,
                        cause: Some(Cause::ProductLimit { page: query::SYNTAX }),
                        message: message.to_owned(),
                    },
                );
            }
        }
    }
}

/// The category that all sources share, or any.
fn category(parts: &[Part]) -> Text {
    let of = |part: &Part| match part.source {
        Some(Source::Elastic { category, .. }) => category.clone(),
        Some(Source::Sigma { .. } | Source::Splunk { .. }) | None => None,
    };
    let first = parts.first().and_then(of);
    let origins = parts.iter().fold(Origins::none(), |all, part| all.and(&part.name));
    match first {
        Some(category) if parts.iter().all(|part| of(part).as_ref() == Some(&category)) => {
            Text::piece(quote::category(&category), origins)
        }
        _ => Text::piece("any", origins),
    }
}

/// The condition, a conjunct on each line.
fn lines(mut parts: Vec<Part>, union: &Origins) -> Vec<Text> {
    if parts.len() == 1 {
        return query::lines(&whole(parts.remove(0)));
    }
    let last = parts.len() - 1;
    parts
        .into_iter()
        .enumerate()
        .map(|(index, part)| {
            let text = query::inline(&whole(part), true);
            if index == last { text } else { text.then(Text::piece(" or", union.clone())) }
        })
        .collect()
}

/// A source's condition with what its events have in common before it.
fn whole(part: Part) -> Tree<Text> {
    let mut conjuncts: Vec<Tree<Text>> = match part.source {
        Some(Source::Elastic { conditions, .. }) => conditions
            .iter()
            .map(|(field, values)| {
                let values: Vec<String> = values.iter().map(|value| quote::string(value)).collect();
                let text = match values.as_slice() {
                    [value] => format!("{} == {value}", quote::field(field)),
                    several => format!("{} in ({})", quote::field(field), several.join(", ")),
                };
                Tree::Leaf(Text::piece(text, part.name.clone()))
            })
            .collect(),
        Some(Source::Sigma { .. } | Source::Splunk { .. }) | None => Vec::new(),
    };
    let mut connective = Origins::none();
    match part.tree {
        Tree::All(inner, origins) => {
            conjuncts.extend(inner);
            connective = origins;
        }
        Tree::Const(true) if !conjuncts.is_empty() => {}
        tree @ (Tree::Any(..) | Tree::Leaf(_) | Tree::Const(_)) => conjuncts.push(tree),
    }
    match conjuncts.len() {
        1 => conjuncts.remove(0),
        _ => Tree::All(conjuncts, connective),
    }
}
