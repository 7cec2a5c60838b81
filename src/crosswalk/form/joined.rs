//! Tests on a text that a separator joins from two fields: `DOMAIN\user`.
//!
//! The parts hold no separator, so a text without one stands in one of them, and a text with one ends the first and
//! begins the second.

use super::{Outcome, Side, Translated, Translation, needles, never, not_empty, refuse};
use crate::fidelity::Match;
use crate::ir::{Case, Expr, Quantifier, TestOp, TextRelation};

/// Tests that must all hold, each on a side.
type All = Vec<(Side, TestOp)>;

/// More alternatives than this make no condition that anybody reads.
const MOST: usize = 64;

/// The tests to ask of the two fields, which do not have a part that is `lost`.
pub(super) fn translate(separator: char, lost: Option<&str>, op: &TestOp) -> Outcome {
    let is_lost = |text: &str| text.is_empty() || Some(text) == lost;
    // A part that is there no more is found as an empty one.
    let is = |text: Expr, case: Case| match text.as_text() {
        Some(text) if is_lost(text) => TestOp::IsEmpty,
        _ => TestOp::Equals { operands: vec![text], case },
    };
    match op {
        TestOp::Equals { operands, case } => {
            let mut alternatives: Vec<All> = Vec::new();
            let mut empty = false;
            for needle in needles(operands)? {
                let texts: Vec<&str> = needle.text.split(separator).collect();
                match texts[..] {
                    [""] => {
                        empty = true;
                        alternatives.push(vec![(Side::Before, TestOp::IsEmpty), (Side::Behind, TestOp::IsEmpty)]);
                    }
                    [before, behind] => {
                        // With nothing lost, only two empty parts look like no value at all.
                        empty |= is_lost(before) && (lost.is_some() || is_lost(behind));
                        empty |= is_lost(behind) && lost.is_some();
                        alternatives.push(vec![
                            (Side::Before, is(needle.with(before.to_owned()), *case)),
                            (Side::Behind, is(needle.with(behind.to_owned()), *case)),
                        ]);
                    }
                    _ => {}
                }
            }
            if alternatives.is_empty() { Ok(never()) } else { answer(alternatives, empty.then_some(EMPTY)) }
        }
        TestOp::Text { relation, needles: operands, quantifier, case } => {
            let needles = needles(operands)?;
            not_empty(&needles)?;
            let ask = |relation, operands: Vec<Expr>| TestOp::Text {
                relation,
                needles: operands,
                quantifier: Quantifier::Any,
                case: *case,
            };
            let mut every: Vec<Vec<All>> = Vec::new();
            let mut widened = None;
            for needle in &needles {
                let texts: Vec<&str> = needle.text.split(separator).collect();
                if lost.is_some_and(|lost| texts.iter().any(|text| !text.is_empty() && lost.contains(text))) {
                    return refuse("the two fields do not have a part that the test may find");
                }
                let one = |text: &str| needle.with(text.to_owned());
                let alternatives: Vec<All> = match (texts.as_slice(), relation) {
                    ([text], TextRelation::StartsWith) => {
                        vec![vec![(Side::Before, ask(TextRelation::StartsWith, vec![one(text)]))]]
                    }
                    ([text], TextRelation::EndsWith) => {
                        vec![vec![(Side::Behind, ask(TextRelation::EndsWith, vec![one(text)]))]]
                    }
                    // The separator is no letter or digit, so it bounds a term as the ends of the parts do.
                    ([text], _) => [Side::Before, Side::Behind]
                        .map(|side| vec![(side, ask(*relation, vec![one(text)]))])
                        .to_vec(),
                    (["", ""], _) => return refuse("the separator alone is looked for, which is in every value"),
                    ([before, behind], _) => {
                        if matches!(
                            relation,
                            TextRelation::Term | TextRelation::TermPrefix | TextRelation::TermSuffix
                        ) {
                            widened = Some(ENDS);
                        }
                        let mut all = Vec::new();
                        match relation {
                            TextRelation::StartsWith => all.push((Side::Before, is(one(before), *case))),
                            _ if before.is_empty() => {}
                            _ => all.push((Side::Before, ask(TextRelation::EndsWith, vec![one(before)]))),
                        }
                        if lost.is_some() && (before.is_empty() || behind.is_empty()) {
                            return refuse("the two fields do not have a part that the test may find");
                        }
                        match relation {
                            TextRelation::EndsWith => all.push((Side::Behind, is(one(behind), *case))),
                            _ if behind.is_empty() => {}
                            _ => all.push((Side::Behind, ask(TextRelation::StartsWith, vec![one(behind)]))),
                        }
                        vec![all]
                    }
                    _ => Vec::new(),
                };
                every.push(alternatives);
            }
            let alternatives = match quantifier {
                Quantifier::Any => every.into_iter().flatten().collect(),
                Quantifier::All => every.into_iter().fold(vec![Vec::new()], |known: Vec<All>, more| {
                    let both = |one: &All| -> Vec<All> {
                        more.iter().map(|other| one.iter().chain(other).cloned().collect()).collect()
                    };
                    known.iter().flat_map(both).take(MOST + 1).collect()
                }),
            };
            if alternatives.is_empty() { Ok(never()) } else { answer(alternatives, widened) }
        }
        TestOp::IsEmpty => {
            answer(vec![vec![(Side::Before, TestOp::IsEmpty), (Side::Behind, TestOp::IsEmpty)]], Some(EMPTY))
        }
        TestOp::IsNull
        | TestOp::Matches { .. }
        | TestOp::Order { .. }
        | TestOp::IsTrue
        | TestOp::InNetwork { .. }
        | TestOp::HasIpv4 { .. }
        | TestOp::Among { .. }
        | TestOp::Opaque { .. } => refuse("two fields hold the value, of which together this cannot be asked"),
    }
}

/// Why a search for an empty value finds more.
const EMPTY: &str = "a value of two empty parts and no value at all are the same in the two fields";

/// Why a term that reaches over the separator finds more.
const ENDS: &str = "the two fields do not say where a term begins and ends that reaches from one into the other";

fn answer(alternatives: Vec<All>, widened: Option<&str>) -> Outcome {
    if alternatives.len() > MOST {
        return refuse("two fields hold the value, and the test has too many alternatives for both");
    }
    let translation = Translation {
        test: Translated::Alternatives(alternatives),
        relation: Match::Exact,
        remark: None,
        ascii: false,
    };
    Ok(match widened {
        Some(remark) => Translation { relation: Match::Broader, remark: Some(remark.to_owned()), ..translation },
        None => translation,
    })
}
