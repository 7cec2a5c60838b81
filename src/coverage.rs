//! The two laws by which nothing is lost in silence.
//!
//! 1. Every fragment of an artifact that is not the template's has origins in the query.
//! 2. Every leaf of the query is in the origins of an output fragment, or in something that was elided by a named law,
//!    or under a note that points at no more than the predicate or pipeline stage around it.

use crate::backend::Emission;
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
