//! The two laws by which nothing is lost in silence, and what accounts for each part of a query.
//!
//! 1. Every fragment of an artifact that is not the template's has origins in the query.
//! 2. Every leaf of the query is in the origins of an output fragment, or in something that was elided by a named law,
//!    or under a note that points at no more than the predicate or pipeline stage around it.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Range;

use crate::backend::Emission;
use crate::fidelity::Note;
use crate::ir::Query;
use crate::kql::Leaf;
use crate::span::{Origins, Span};

/// The leaves of a query that an emission neither carries nor accounts for: breaches of the second law.
///
/// `query` is the lowered and rewritten query that was emitted; what was removed on the way is recorded in it.
pub fn lost(leaves: &[Leaf], query: &Query, emission: &Emission) -> Vec<Leaf> {
    let mut accounted = Origins::none();
    let carried =
        emission.artifact.iter().flat_map(|artifact| artifact.provenance.iter().map(|(_, origins)| origins));
    let elided = emission.elided.iter().chain(&query.elided).map(|elided| &elided.origins);
    for origins in carried.chain(elided) {
        accounted.extend(origins);
    }
    let notes: Vec<Span> = emission.findings.notes.iter().map(|note| note.span).collect();
    leaves
        .iter()
        .filter(|leaf| accounted.spans().binary_search(&leaf.span).is_err())
        .filter(|leaf| {
            !notes
                .iter()
                .any(|note| note.contains(leaf.span) && (leaf.scope.contains(*note) || leaf.stage.contains(*note)))
        })
        .copied()
        .collect()
}

/// The parts that an account is given of: pipeline stages, sources, statements, and the predicates in them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Constructs {
    /// Where each stands, with the stage around it: its own for a stage. A stage comes before its predicates.
    pub spans: Vec<Construct>,
    leaves: Vec<(Span, usize)>,
}

/// A part of a query.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Construct {
    /// The pipeline stage, source or statement.
    pub stage: Span,
    /// The part itself: the stage, or a predicate in it.
    pub span: Span,
}

/// What became of a part of a query in one artifact.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Account<'a> {
    /// The text that stands for it, as byte ranges of the artifact.
    pub output: Vec<Range<usize>>,
    /// Other parts, by number, whose text stands for some of it as well.
    pub within: BTreeSet<usize>,
    /// What there is to say about it.
    pub notes: Vec<&'a Note>,
    /// The laws by which some of it was left out.
    pub laws: BTreeSet<&'static str>,
}

impl Constructs {
    /// The parts of a query, in its order.
    pub fn of(leaves: &[Leaf]) -> Constructs {
        let construct = |leaf: &Leaf| Construct { stage: leaf.stage, span: leaf.scope };
        let spans: BTreeSet<Construct> = leaves
            .iter()
            .flat_map(|leaf| [construct(leaf), Construct { stage: leaf.stage, span: leaf.stage }])
            .collect();
        let mut spans: Vec<Construct> = spans.into_iter().collect();
        // What is around something comes before it.
        let order = |span: Span| (span.start, Reverse(span.end));
        spans.sort_by_key(|one| (order(one.stage), one.span != one.stage, order(one.span)));
        let number = |one: Construct| spans.iter().position(|other| *other == one);
        let leaves = leaves.iter().filter_map(|leaf| Some((leaf.span, number(construct(leaf))?))).collect();
        Constructs { spans, leaves }
    }

    /// What became of each part, in their order, and the notes that are about none of them.
    ///
    /// A fragment stands for the part that most of its leaves are in.
    pub fn accounts<'a>(&self, query: &Query, emission: &'a Emission) -> (Vec<Account<'a>>, Vec<&'a Note>) {
        let mut accounts = vec![Account::default(); self.spans.len()];
        for (range, origins) in emission.artifact.iter().flat_map(|artifact| &artifact.provenance) {
            let shares = self.shares(origins);
            let Some(main) = main(&shares) else { continue };
            accounts[main].output.push(range.clone());
            for (other, _) in shares.into_iter().filter(|(other, _)| *other != main) {
                accounts[other].within.insert(main);
            }
        }
        for elided in emission.elided.iter().chain(&query.elided) {
            if let Some(main) = main(&self.shares(&elided.origins)) {
                accounts[main].laws.insert(elided.law);
            }
        }
        let mut others = Vec::new();
        for note in &emission.findings.notes {
            match self.around(note.span) {
                Some(construct) => accounts[construct].notes.push(note),
                None => others.push(note),
            }
        }
        (accounts, others)
    }

    /// How many of the leaves each part has.
    fn shares(&self, origins: &Origins) -> Vec<(usize, usize)> {
        let mut shares: Vec<(usize, usize)> = Vec::new();
        for span in origins.spans() {
            let Ok(found) = self.leaves.binary_search_by_key(span, |(leaf, _)| *leaf) else { continue };
            let construct = self.leaves[found].1;
            match shares.iter_mut().find(|(other, _)| *other == construct) {
                Some((_, share)) => *share += 1,
                None => shares.push((construct, 1)),
            }
        }
        shares
    }

    /// The smallest part around a place, or else the first that the place begins in or covers.
    fn around(&self, span: Span) -> Option<usize> {
        if span.start == span.end {
            return None;
        }
        let length = |construct: &Construct| construct.span.end - construct.span.start;
        let numbered = || self.spans.iter().enumerate();
        let around = numbered().filter(|(_, one)| one.span.contains(span)).min_by_key(|(_, one)| length(one));
        let inside = || numbered().find(|(_, one)| span.contains(one.span));
        around.or_else(inside).map(|(number, _)| number)
    }
}

/// The part with the most leaves, of equals the last.
fn main(shares: &[(usize, usize)]) -> Option<usize> {
    shares.iter().max_by_key(|(construct, share)| (*share, *construct)).map(|(construct, _)| *construct)
}
