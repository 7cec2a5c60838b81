//! Tests on one end of the field's value: the part behind its last separator, or before its first.
//!
//! A text without separators that stands in the part is found by what stands round it: `cmd.exe` in the file name is
//! `cmd.exe` with no separator behind it. So every test on text has a regular expression that says the same, and some
//! a shorter form. Terms are guarded by ASCII classes, which all targets have.

use super::pattern;
use super::{CASE_LOST, Needle, Outcome, Translated, Translation, broader, exact, needles, never, not_empty, refuse};
use crate::fidelity::Match;
use crate::ir::{Case, Expr, Quantifier, TestOp, TextRelation, Value};
use crate::span::Origins;

/// Which end of the value the part is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// Behind the last separator.
    Last,
    /// Before the first.
    First,
}

/// A part of the field's value.
pub(super) struct Part {
    separators: Vec<char>,
    end: End,
    folded: bool,
}

impl Part {
    /// The part behind the last of these separators.
    pub(super) fn after(separators: &[char], folded: bool) -> Part {
        Part { separators: separators.to_vec(), end: End::Last, folded }
    }

    /// The part before the first of this separator.
    pub(super) fn before(separator: char, folded: bool) -> Part {
        Part { separators: vec![separator], end: End::First, folded }
    }

    /// The test to ask of the whole value.
    pub(super) fn translate(&self, op: &TestOp) -> Outcome {
        match op {
            TestOp::Equals { operands, case } => {
                let needles = needles(operands)?;
                let translation = self.equals(&needles, self.case(*case));
                Ok(self.fold(translation, *case, &needles))
            }
            TestOp::Text { relation, needles: operands, quantifier, case } => {
                let needles = needles(operands)?;
                not_empty(&needles)?;
                let translation = self.text(*relation, &needles, *quantifier, self.case(*case));
                Ok(self.fold(translation, *case, &needles))
            }
            TestOp::Matches { pattern } if self.end == End::Last && !self.folded => {
                let pattern = pattern::on_last_part(pattern, &self.separators)?;
                Ok(exact(TestOp::Matches { pattern }))
            }
            TestOp::IsEmpty => Ok(exact(TestOp::IsEmpty)),
            TestOp::IsNull
            | TestOp::Matches { .. }
            | TestOp::Order { .. }
            | TestOp::IsTrue
            | TestOp::InNetwork { .. }
            | TestOp::HasIpv4 { .. }
            | TestOp::Among { .. }
            | TestOp::Opaque { .. } => {
                refuse("the field holds the value as a part of a longer one, of which this cannot be asked")
            }
        }
    }

    /// The case rule to ask with.
    fn case(&self, case: Case) -> Case {
        if self.folded { Case::Insensitive } else { case }
    }

    /// What the translation is worth if letter case was not kept.
    fn fold(&self, translation: Translation, case: Case, needles: &[Needle]) -> Translation {
        let lost = self.folded && case == Case::Sensitive && needles.iter().any(Needle::has_letters);
        match translation.test {
            Translated::Op(op) if lost => broader(op, CASE_LOST),
            Translated::Every(ops) if lost => Translation {
                test: Translated::Every(ops),
                relation: Match::Broader,
                remark: Some(CASE_LOST.to_owned()),
                ..translation
            },
            _ => translation,
        }
    }

    /// The part never holds a separator, so what holds one is never found.
    fn possible<'n, 'm>(&self, needles: &'n [Needle<'m>]) -> Vec<&'n Needle<'m>> {
        needles.iter().filter(|needle| !needle.text.contains(&self.separators[..])).collect()
    }

    fn equals(&self, needles: &[Needle], case: Case) -> Translation {
        let possible = self.possible(needles);
        let (empty, named): (Vec<&Needle>, Vec<&Needle>) =
            possible.into_iter().partition(|needle| needle.text.is_empty());
        if named.is_empty() {
            return if empty.is_empty() { never() } else { exact(TestOp::IsEmpty) };
        }
        if empty.is_empty() {
            let (relation, needles) = match self.end {
                End::Last => (TextRelation::EndsWith, self.joined(&named, |part, c| format!("{c}{part}"))),
                End::First => (TextRelation::StartsWith, self.joined(&named, |part, c| format!("{part}{c}"))),
            };
            return exact(TestOp::Text { relation, needles, quantifier: Quantifier::Any, case });
        }
        let origins = empty.iter().chain(&named).fold(Origins::none(), |all, needle| all.and(&needle.origins));
        let texts = alternatives(&named);
        let separator = self.class("");
        let pattern = match self.end {
            End::Last => format!("(?:^|{separator}{texts})$"),
            End::First => format!("^(?:$|{texts}{separator})"),
        };
        exact(matches(&pattern, case, origins))
    }

    fn joined(&self, needles: &[&Needle], join: impl Fn(&str, char) -> String) -> Vec<Expr> {
        needles.iter().flat_map(|needle| self.separators.iter().map(|c| needle.with(join(needle.text, *c)))).collect()
    }

    fn text(&self, relation: TextRelation, needles: &[Needle], quantifier: Quantifier, case: Case) -> Translation {
        let possible = self.possible(needles);
        if possible.is_empty() || (quantifier == Quantifier::All && possible.len() < needles.len()) {
            return never();
        }
        // The outer edge of the part is the outer edge of the value.
        let outer = match (self.end, relation) {
            (End::Last, TextRelation::EndsWith) => Some(TextRelation::EndsWith),
            (End::First, TextRelation::StartsWith) => Some(TextRelation::StartsWith),
            _ => None,
        };
        if let Some(relation) = outer {
            let needles = possible.iter().map(|needle| needle.with(needle.text.to_owned())).collect();
            return exact(TestOp::Text { relation, needles, quantifier, case });
        }
        let is_term = matches!(relation, TextRelation::Term | TextRelation::TermPrefix | TextRelation::TermSuffix);
        let one = |needle: &&Needle| matches(&self.pattern(relation, needle.text), case, needle.origins.clone());
        let test = match (quantifier, &possible[..]) {
            (_, [only]) => Translated::Op(one(only)),
            (Quantifier::All, several) => Translated::Every(several.iter().map(one).collect()),
            (Quantifier::Any, several) => {
                let origins = several.iter().fold(Origins::none(), |all, needle| all.and(&needle.origins));
                let patterns: Vec<String> =
                    several.iter().map(|needle| self.pattern(relation, needle.text)).collect();
                Translated::Op(matches(&patterns.join("|"), case, origins))
            }
        };
        Translation { test, relation: Match::Exact, remark: None, ascii: is_term }
    }

    /// A regular expression for the whole value that finds the text in the part.
    fn pattern(&self, relation: TextRelation, text: &str) -> String {
        let is_term = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let left = matches!(relation, TextRelation::Term | TextRelation::TermPrefix) && is_term(text.chars().next());
        let right =
            matches!(relation, TextRelation::Term | TextRelation::TermSuffix) && is_term(text.chars().next_back());
        let (text, more) = (regex_syntax::escape(text), self.class("^"));
        let (separator, other) = (self.class(""), self.class("^A-Za-z0-9"));
        match (self.end, relation) {
            // A separator is no letter or digit, so it bounds a term as the start of the part does.
            (End::Last, TextRelation::StartsWith) => format!("{separator}{text}{more}*$"),
            (End::Last, _) => {
                let before = if left { "(?:^|[^A-Za-z0-9])" } else { "" };
                let behind = if right { format!("(?:{other}{more}*)?") } else { format!("{more}*") };
                format!("{before}{text}{behind}$")
            }
            (End::First, TextRelation::EndsWith) => format!("^{more}*{text}{separator}"),
            (End::First, _) => {
                let before = if left { format!("(?:{more}*{other})?") } else { format!("{more}*") };
                let behind = if right { "(?:[^A-Za-z0-9]|$)" } else { "" };
                format!("^{before}{text}{behind}")
            }
        }
    }

    /// A class of the separators behind `head`.
    fn class(&self, head: &str) -> String {
        pattern::class(head, &self.separators)
    }
}

/// The texts as alternatives of a regular expression.
fn alternatives(needles: &[&Needle]) -> String {
    let texts: Vec<String> = needles.iter().map(|needle| regex_syntax::escape(needle.text)).collect();
    if texts.len() == 1 { texts.concat() } else { format!("(?:{})", texts.join("|")) }
}

fn matches(pattern: &str, case: Case, origins: Origins) -> TestOp {
    let flag = if case == Case::Insensitive { "(?i)" } else { "" };
    TestOp::Matches { pattern: Expr::literal(Value::String(format!("{flag}{pattern}")), origins) }
}
