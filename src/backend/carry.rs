//! What a refused test does to the condition around it.
//!
//! A condition in negation normal form is monotone in its literals, so leaving a conjunct out matches more and
//! leaving an alternative out matches fewer. [`carry`] does that, once for all targets, records a note for each, and
//! refuses the whole where nothing that would find an event is left.

use crate::diagnostic::Code;
use crate::fidelity::{Cause, Findings, Match, Note, Refusal};
use crate::ir::{Predicate, PredicateKind, Test, TestOp, Truth};
use crate::span::{Elided, Origins};

/// A test or its negation, with everything it comes from.
#[derive(Clone, Debug)]
pub struct Literal<'a> {
    /// The test.
    pub test: &'a Test,
    /// Whether it must be false (and not null).
    pub negated: bool,
    /// Leaves of the test's operator and of the negations around it; operands have their own.
    pub origins: Origins,
}

impl Literal<'_> {
    /// Whether the literal holds when the test's subject is missing.
    pub fn on_missing(&self) -> bool {
        self.test.missing == if self.negated { Truth::False } else { Truth::True }
    }

    /// Whether it finds events by a value that the author wrote.
    pub fn is_anchor(&self) -> bool {
        !self.negated
            && !self.on_missing()
            && match &self.test.op {
                TestOp::Equals { .. }
                | TestOp::Text { .. }
                | TestOp::Matches { .. }
                | TestOp::InNetwork { .. }
                | TestOp::HasIpv4 { .. }
                | TestOp::Among { .. }
                | TestOp::IsTrue
                | TestOp::Opaque { .. } => true,
                // Negation turns one order into another, so an order does not tell whether it is one.
                TestOp::IsEmpty | TestOp::IsNull | TestOp::Order { .. } => false,
            }
    }

    /// Everything the literal comes from, operands included.
    pub fn all_origins(&self) -> Origins {
        Predicate::test(self.test.clone(), self.origins.clone()).all_origins()
    }
}

/// What a back end makes of a literal.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer<L> {
    /// This fragment.
    Leaf(L, Findings),
    /// The same for every event of the source.
    Const(bool, Findings),
}

/// A condition whose literals are a target's fragments.
#[derive(Clone, PartialEq, Debug)]
pub enum Tree<L> {
    /// Every part; two or more.
    All(Vec<Tree<L>>, Origins),
    /// Any part; two or more.
    Any(Vec<Tree<L>>, Origins),
    /// A literal.
    Leaf(L),
    /// True or false for every event.
    Const(bool),
}

/// A condition as a target carries it.
#[derive(Clone, PartialEq, Debug)]
pub struct Carried<L> {
    /// What is left of it.
    pub tree: Tree<L>,
    /// Verdict, notes and assumptions of it.
    pub findings: Findings,
    /// What was left out without changing the meaning.
    pub elided: Vec<Elided>,
    /// Whether every disjunct holds a positive test on a value that the author wrote.
    pub anchored: bool,
}

/// Carries a condition in negation normal form; `leaf` carries one literal.
///
/// # Errors
///
/// The refusals, when nothing of the condition is left.
pub fn carry<L>(
    predicate: &Predicate,
    leaf: &mut dyn FnMut(&Literal) -> Result<Answer<L>, Refusal>,
) -> Result<Carried<L>, Vec<Note>> {
    match &predicate.kind {
        PredicateKind::And(parts) => Ok(conjunction(parts, &predicate.origins, leaf)),
        PredicateKind::Or(parts) => disjunction(parts, &predicate.origins, leaf),
        PredicateKind::Not(part) => match &part.kind {
            PredicateKind::Test(test) => {
                literal(Literal { test, negated: true, origins: part.origins.clone().and(&predicate.origins) }, leaf)
            }
            PredicateKind::Const(truth) => Ok(constant(truth.negate() == Truth::True, predicate)),
            PredicateKind::And(_) | PredicateKind::Or(_) | PredicateKind::Not(_) => {
                unreachable!("conditions reach back ends in negation normal form")
            }
        },
        PredicateKind::Test(test) => {
            literal(Literal { test, negated: false, origins: predicate.origins.clone() }, leaf)
        }
        PredicateKind::Const(truth) => Ok(constant(*truth == Truth::True, predicate)),
    }
}

fn constant<L>(truth: bool, predicate: &Predicate) -> Carried<L> {
    Carried {
        tree: Tree::Const(truth),
        findings: Findings::default(),
        elided: vec![Elided { origins: predicate.all_origins(), law: "condition with a constant answer" }],
        anchored: false,
    }
}

fn literal<L>(
    literal: Literal,
    leaf: &mut dyn FnMut(&Literal) -> Result<Answer<L>, Refusal>,
) -> Result<Carried<L>, Vec<Note>> {
    match leaf(&literal) {
        Ok(Answer::Leaf(fragment, findings)) => {
            Ok(Carried { tree: Tree::Leaf(fragment), findings, elided: Vec::new(), anchored: literal.is_anchor() })
        }
        Ok(Answer::Const(truth, findings)) => Ok(Carried {
            tree: Tree::Const(truth),
            findings,
            elided: vec![Elided { origins: literal.all_origins(), law: "every event of the source answers alike" }],
            anchored: false,
        }),
        Err(refusal) => Err(vec![refusal.note]),
    }
}

fn conjunction<L>(
    parts: &[Predicate],
    origins: &Origins,
    leaf: &mut dyn FnMut(&Literal) -> Result<Answer<L>, Refusal>,
) -> Carried<L> {
    let mut whole =
        Carried { tree: Tree::Const(true), findings: Findings::default(), elided: Vec::new(), anchored: false };
    let mut kept = Vec::new();
    let mut falsified = false;
    for part in parts {
        match carry(part, leaf) {
            Ok(carried) => {
                whole.anchored |= carried.anchored;
                whole.findings.join(carried.findings);
                whole.elided.extend(carried.elided);
                match carried.tree {
                    Tree::Const(true) => {}
                    Tree::Const(false) => falsified = true,
                    tree @ (Tree::All(..) | Tree::Any(..) | Tree::Leaf(_)) => kept.push(tree),
                }
            }
            Err(notes) => dropped(&mut whole, notes, part, Match::Broader, "this condition is left out"),
        }
    }
    whole.tree = match kept.len() {
        _ if falsified => Tree::Const(false),
        0 => Tree::Const(true),
        1 => kept.remove(0),
        _ => Tree::All(kept, origins.clone()),
    };
    if falsified {
        let every = parts.iter().fold(Origins::none(), |all, part| all.and(&part.all_origins()));
        whole.elided.push(Elided { origins: every, law: "beside a condition that no event meets" });
    }
    if !matches!(whole.tree, Tree::All(..)) && !origins.is_empty() {
        whole.elided.push(Elided { origins: origins.clone(), law: "connective of conditions that were left out" });
    }
    whole
}

fn disjunction<L>(
    parts: &[Predicate],
    origins: &Origins,
    leaf: &mut dyn FnMut(&Literal) -> Result<Answer<L>, Refusal>,
) -> Result<Carried<L>, Vec<Note>> {
    let mut whole =
        Carried { tree: Tree::Const(false), findings: Findings::default(), elided: Vec::new(), anchored: true };
    let mut kept = Vec::new();
    let mut refused = Vec::new();
    let mut verified = false;
    for part in parts {
        match carry(part, leaf) {
            // A conjunction of which nothing is left is no alternative: it would match every event.
            Ok(carried) if matches!(carried.tree, Tree::Const(true)) && carried.findings.relation != Match::Exact => {
                refused.push((carried.findings.notes.into_iter().collect(), part));
            }
            Ok(carried) => {
                whole.findings.join(carried.findings);
                whole.elided.extend(carried.elided);
                match carried.tree {
                    Tree::Const(false) => {}
                    Tree::Const(true) => verified = true,
                    tree @ (Tree::All(..) | Tree::Any(..) | Tree::Leaf(_)) => {
                        whole.anchored &= carried.anchored;
                        kept.push(tree);
                    }
                }
            }
            Err(notes) => refused.push((notes, part)),
        }
    }
    if kept.is_empty() && !verified && !refused.is_empty() {
        return Err(refused.into_iter().flat_map(|(notes, _)| notes).collect());
    }
    for (notes, part) in refused {
        dropped(&mut whole, notes, part, Match::Narrower, "this alternative is left out");
    }
    whole.anchored &= !kept.is_empty();
    whole.tree = match kept.len() {
        _ if verified => Tree::Const(true),
        0 => Tree::Const(false),
        1 => kept.remove(0),
        _ => Tree::Any(kept, origins.clone()),
    };
    if verified {
        let every = parts.iter().fold(Origins::none(), |all, part| all.and(&part.all_origins()));
        whole.elided.push(Elided { origins: every, law: "beside a condition that every event meets" });
    }
    if !matches!(whole.tree, Tree::Any(..)) && !origins.is_empty() {
        whole.elided.push(Elided { origins: origins.clone(), law: "connective of conditions that were left out" });
    }
    Ok(whole)
}

/// Records why a part is left out, and a note over the whole part.
fn dropped<L>(whole: &mut Carried<L>, notes: Vec<Note>, part: &Predicate, relation: Match, message: &str) {
    let findings = &mut whole.findings;
    let cause = notes.iter().find_map(|note| note.cause).unwrap_or(Cause::NotImplemented);
    for note in notes {
        findings.notes.insert(note);
    }
    let origins = part.all_origins();
    let span = origins.hull().unwrap_or_default();
    whole
        .elided
        .push(Elided { origins: origins.elsewhere(), law: "definition used by a condition that is left out" });
    for span in std::iter::once(&span).chain(origins.due()) {
        let note = Note { span: *span, code: Code::Dropped, cause: Some(cause), message: message.to_owned() };
        findings.lower(relation, note);
    }
}
