//! Rewrites of the IR that change nothing: normal form, and what makes a query expressible in more targets.
//!
//! Each rewrite is a law with a name. Afterwards constants are folded, every condition is in negation normal form
//! (`not` stands around single tests only), alternatives over one field are one set, and nothing is said twice; two
//! spellings of one logic are one IR. What a rewrite removes is recorded as [`Elided`].
//!
//! A condition is *observed* by whether it is true: `where` does not tell false from null. Rewrites of conditions use
//! that; rewrites of predicates as values do not.

mod fold;
mod test;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use crate::ir::{
    Expr, ExprKind, Operator, Predicate, PredicateKind, Quantifier, Query, Relation, RelationId, Test, TestOp, Truth,
    print_expr, print_predicate,
};
use crate::span::{Elided, Origins};

/// Brings a query into normal form.
pub fn normalise(query: &mut Query) {
    let mut elided = Vec::new();
    for index in 0..query.len() {
        let id = RelationId(u32::try_from(index).expect("the node budget is far below 2^32"));
        let mut op = query.relation(id).op.clone();
        for predicate in op.predicates_mut() {
            *predicate = condition(query, predicate.clone(), &mut elided);
        }
        for expr in op.exprs_mut() {
            *expr = expression(query, expr.clone(), &mut elided);
        }
        query.relation_mut(id).op = op;
        let merged = first_rows(query, id).or_else(|| one_filter(query, id, &mut elided));
        if let Some((op, origins)) = merged {
            let relation = query.relation_mut(id);
            relation.op = op;
            relation.origins.extend(&origins);
        }
    }
    query.elided.extend(elided);
}

/// `sort by k | take n` keeps the first rows: `top n by k`.
fn first_rows(query: &Query, id: RelationId) -> Option<(Operator, Origins)> {
    let Relation { op: Operator::Take { input, count }, .. } = query.relation(id) else { return None };
    let Relation { op: Operator::Sort { input, by }, origins, .. } = query.relation(*input) else { return None };
    let by = by.iter().cloned().map(|mut key| {
        key.value = key.value.moved();
        key.origins = key.origins.moved();
        key
    });
    Some((Operator::Top { input: *input, count: *count, by: by.collect() }, origins.clone().moved()))
}

/// `where a | where b` is `where a and b`.
fn one_filter(query: &Query, id: RelationId, elided: &mut Vec<Elided>) -> Option<(Operator, Origins)> {
    let Relation { op: Operator::Filter { input, predicate }, .. } = query.relation(id) else { return None };
    let Relation { op: Operator::Filter { input, predicate: first }, origins, .. } = query.relation(*input) else {
        return None;
    };
    let both = Predicate::and(vec![first.clone(), predicate.clone()], Origins::none());
    Some((Operator::Filter { input: *input, predicate: condition(query, both, elided) }, origins.clone().moved()))
}

/// An expression with its constants folded.
pub fn expression(query: &Query, expr: Expr, elided: &mut Vec<Elided>) -> Expr {
    let mut expr = expr;
    if let ExprKind::Truth(predicate) = &mut expr.kind {
        **predicate = simplify(query, (**predicate).clone(), elided);
    }
    for operand in expr.operands_mut() {
        *operand = expression(query, operand.clone(), elided);
    }
    fold::fold(expr, elided)
}

/// A condition in negation normal form, with nothing said twice; true on the same rows as before.
pub fn condition(query: &Query, predicate: Predicate, elided: &mut Vec<Elided>) -> Predicate {
    let simple = simplify(query, predicate, elided);
    let normal = when_true(simple);
    gather(query, normal, elided)
}

/// A predicate with its expressions folded and its tests in their plainest form; the same value as before.
fn simplify(query: &Query, predicate: Predicate, elided: &mut Vec<Elided>) -> Predicate {
    let origins = predicate.origins;
    match predicate.kind {
        PredicateKind::And(parts) => {
            Predicate::and(parts.into_iter().map(|part| simplify(query, part, elided)).collect(), origins)
        }
        PredicateKind::Or(parts) => {
            Predicate::or(parts.into_iter().map(|part| simplify(query, part, elided)).collect(), origins)
        }
        PredicateKind::Not(part) => Predicate::negate(simplify(query, *part, elided), origins),
        PredicateKind::Test(mut test) => {
            test.subject = expression(query, test.subject, elided);
            for operand in test.op.operands_mut() {
                *operand = expression(query, operand.clone(), elided);
            }
            test::simplify(Test::new(test.subject, test.op), origins, elided)
        }
        PredicateKind::Const(truth) => Predicate::constant(truth, origins),
    }
}

/// The predicate that is true exactly when this one is true, with `not` around single tests only.
fn when_true(predicate: Predicate) -> Predicate {
    let origins = predicate.origins;
    match predicate.kind {
        PredicateKind::And(parts) => Predicate::and(parts.into_iter().map(when_true).collect(), origins),
        PredicateKind::Or(parts) => Predicate::or(parts.into_iter().map(when_true).collect(), origins),
        PredicateKind::Not(part) => when_false(Predicate { origins: part.origins.clone().and(&origins), ..*part }),
        PredicateKind::Const(truth) => Predicate::constant(Truth::from(truth == Truth::True), origins),
        PredicateKind::Test(test) => match test::compared_with_bool(&test) {
            Some((inner, true, literal)) => {
                let inner = Predicate { origins: inner.origins.clone().and(&origins).and(&literal), ..inner };
                when_true(inner)
            }
            Some((inner, false, literal)) => {
                let inner = Predicate { origins: inner.origins.clone().and(&origins).and(&literal), ..inner };
                when_false(inner)
            }
            None => Predicate::test(test, origins),
        },
    }
}

/// The predicate that is true exactly when this one is false (and not null).
fn when_false(predicate: Predicate) -> Predicate {
    let origins = predicate.origins;
    match predicate.kind {
        PredicateKind::And(parts) => Predicate::or(parts.into_iter().map(when_false).collect(), origins),
        PredicateKind::Or(parts) => Predicate::and(parts.into_iter().map(when_false).collect(), origins),
        PredicateKind::Not(part) => when_true(Predicate { origins: part.origins.clone().and(&origins), ..*part }),
        PredicateKind::Const(truth) => Predicate::constant(Truth::from(truth == Truth::False), origins),
        PredicateKind::Test(test) => match test.op {
            // `not (a < b)` is `a >= b`, also when one of them is null: both are null then.
            TestOp::Order { order, operand } => {
                Predicate::test(Test::new(test.subject, TestOp::Order { order: order.negate(), operand }), origins)
            }
            _ => match test::compared_with_bool(&test) {
                // Comparison with a constant is false on null, so only a predicate that cannot be null is its own.
                Some((inner, truth, literal)) if !is_nullable(&inner) => {
                    let inner = Predicate { origins: inner.origins.clone().and(&origins).and(&literal), ..inner };
                    if truth { when_false(inner) } else { when_true(inner) }
                }
                _ => Predicate::negate(Predicate::test(test, Origins::none()), origins),
            },
        },
    }
}

/// Whether a predicate can be null.
fn is_nullable(predicate: &Predicate) -> bool {
    match &predicate.kind {
        PredicateKind::And(parts) | PredicateKind::Or(parts) => parts.iter().any(is_nullable),
        PredicateKind::Not(part) => is_nullable(part),
        PredicateKind::Const(truth) => *truth == Truth::Null,
        PredicateKind::Test(test) => match &test.op {
            TestOp::Order { .. } | TestOp::IsTrue | TestOp::InNetwork { .. } | TestOp::Opaque { .. } => true,
            TestOp::Equals { operands, .. } => operands.iter().any(|operand| operand.as_literal().is_none()),
            TestOp::Among { .. } => true,
            TestOp::Text { .. }
            | TestOp::Matches { .. }
            | TestOp::IsEmpty
            | TestOp::IsNull
            | TestOp::HasIpv4 { .. } => false,
        },
    }
}

/// Joins alternatives over one field, removes what is said twice, and lets constants decide.
fn gather(query: &Query, predicate: Predicate, elided: &mut Vec<Elided>) -> Predicate {
    let (parts, conjunction) = match predicate.kind {
        PredicateKind::And(parts) => (parts, true),
        PredicateKind::Or(parts) => (parts, false),
        PredicateKind::Not(_) | PredicateKind::Test(_) | PredicateKind::Const(_) => return predicate,
    };
    let origins = predicate.origins;
    let decisive = Truth::from(!conjunction);
    let mut kept: Vec<Predicate> = Vec::new();
    let mut sets: HashMap<String, usize> = HashMap::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut joined: BTreeMap<usize, Vec<Predicate>> = BTreeMap::new();
    let mut decided = None;
    for part in parts {
        if decided.is_some() {
            // Nothing behind it counts any more, but it is not forgotten either.
            kept.push(part);
            continue;
        }
        let part = gather(query, part, elided);
        if let PredicateKind::Const(truth) = part.kind {
            if truth == decisive {
                decided = Some(part);
                continue;
            }
            let law = if conjunction { "condition always true" } else { "alternative never true" };
            elided.push(Elided { origins: part.all_origins(), law });
            continue;
        }
        let key = print_predicate(query, &part);
        if let Some(place) = seen.get(&key) {
            // The first of equals stands for all of them.
            let origins = part.all_origins();
            absorb(&mut kept[*place], &origins);
            continue;
        }
        if let Some(key) = set_key(query, &part, conjunction) {
            if let Some(place) = sets.get(&key) {
                joined.entry(*place).or_default().push(part);
                continue;
            }
            sets.insert(key, kept.len());
        }
        seen.insert(key, kept.len());
        kept.push(part);
    }
    for (place, parts) in joined {
        join_set(query, &mut kept[place], parts);
    }
    if let Some(part) = decided {
        let rest = kept.iter().fold(origins, |all, part| all.and(&part.all_origins()));
        elided.push(Elided { origins: rest, law: "decided by a constant condition" });
        return Predicate { kind: PredicateKind::Const(decisive), ..part };
    }
    if kept.len() < 2 && !origins.is_empty() && kept.first().is_none_or(|only| only.origins.is_empty()) {
        elided.push(Elided { origins: origins.clone(), law: "connective of one condition" });
    }
    if conjunction { Predicate::and(kept, origins) } else { Predicate::or(kept, origins) }
}

/// Adds leaves to a predicate that stands for another one, too.
fn absorb(predicate: &mut Predicate, origins: &Origins) {
    let origins = &origins.clone().joined();
    match &mut predicate.kind {
        PredicateKind::Not(part) => part.origins.extend(origins),
        PredicateKind::And(_) | PredicateKind::Or(_) | PredicateKind::Test(_) | PredicateKind::Const(_) => {
            predicate.origins.extend(origins);
        }
    }
}

/// What must agree for two parts to be one set: `x == a or x == b`, `x != a and x != b`, and the same for text tests.
fn set_key(query: &Query, part: &Predicate, conjunction: bool) -> Option<String> {
    let test = match &part.kind {
        PredicateKind::Test(test) if !conjunction => test,
        PredicateKind::Not(inner) if conjunction => match &inner.kind {
            PredicateKind::Test(test) => test,
            _ => return None,
        },
        _ => return None,
    };
    let subject = print_expr(query, &test.subject);
    match &test.op {
        TestOp::Equals { operands, case } if operands.iter().all(|operand| operand.as_literal().is_some()) => {
            Some(format!("= {case:?} {subject}"))
        }
        TestOp::Text { relation, needles, quantifier, case }
            if (*quantifier == Quantifier::Any || needles.len() == 1)
                && needles.iter().all(|needle| needle.as_text().is_some()) =>
        {
            Some(format!("{relation:?} {case:?} {subject}"))
        }
        _ => None,
    }
}

/// Adds the parts' operands to the set that already stands.
fn join_set(query: &Query, set: &mut Predicate, parts: Vec<Predicate>) {
    let own = match &mut set.kind {
        PredicateKind::Not(inner) => inner.as_mut(),
        PredicateKind::Test(_) | PredicateKind::And(_) | PredicateKind::Or(_) | PredicateKind::Const(_) => set,
    };
    let PredicateKind::Test(target) = &mut own.kind else { return };
    let (TestOp::Equals { operands, .. } | TestOp::Text { needles: operands, .. }) = &mut target.op else { return };
    let mut places: HashMap<String, usize> = HashMap::new();
    for (place, operand) in operands.iter().enumerate() {
        places.entry(print_expr(query, operand)).or_insert(place);
    }
    for part in parts {
        own.origins.extend(&part.all_origins().joined());
        let (origins, test) = match part.kind {
            PredicateKind::Test(test) => (part.origins, test),
            PredicateKind::Not(inner) => match inner.kind {
                PredicateKind::Test(test) => (part.origins.and(&inner.origins), test),
                _ => continue,
            },
            _ => continue,
        };
        // A note about the set points at its first part; the others may stand in other stages.
        own.origins.extend(&origins.moved());
        target.subject.origins.extend(&test.subject.all_origins().moved());
        for operand in test.op.operands() {
            match places.entry(print_expr(query, operand)) {
                Entry::Occupied(place) => {
                    let origins = operand.all_origins().moved();
                    operands[*place.get()].origins.extend(&origins);
                }
                Entry::Vacant(place) => {
                    place.insert(operands.len());
                    operands.push(operand.clone().moved());
                }
            }
        }
    }
    if let TestOp::Text { quantifier, .. } = &mut target.op {
        *quantifier = Quantifier::Any;
    }
    *target = Test::new(target.subject.clone(), target.op.clone());
}

#[cfg(test)]
mod tests;
