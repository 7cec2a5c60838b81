//! What is evaluated, in which order, and what of it is read.

use std::collections::BTreeSet;

use crate::ir::{ColumnId, Operator, Query, RelationId};

/// What the users of a relation read of it.
#[derive(Clone, Debug, Default)]
pub struct Need {
    /// Columns of the query.
    pub columns: BTreeSet<ColumnId>,
    /// Whether the columns that only the events of an open table know are read.
    pub extra: bool,
}

/// An order of evaluation.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The relations that the answer depends on, each behind its inputs and subqueries.
    pub order: Vec<RelationId>,
    /// How often each relation is asked for, as an input, as a subquery or as the answer.
    pub uses: Vec<usize>,
    /// The tables whose only user is a filter, which can then leave most properties of most events alone.
    pub fused: Vec<bool>,
    /// What is read of each relation: what nobody reads is never taken from the events.
    pub needs: Vec<Need>,
}

impl Plan {
    /// The plan of a query.
    pub fn new(query: &Query) -> Plan {
        let order = order(query);
        let mut uses = vec![0; query.len()];
        uses[query.root.0 as usize] += 1;
        for id in &order {
            for input in dependencies(query, *id) {
                uses[input.0 as usize] += 1;
            }
        }
        let mut fused = vec![false; query.len()];
        for id in &order {
            if let Operator::Filter { input, .. } = &query.relation(*id).op {
                let is_table = matches!(query.relation(*input).op, Operator::Table { .. });
                fused[input.0 as usize] = is_table && uses[input.0 as usize] == 1;
            }
        }
        let needs = needs(query, &order);
        Plan { order, uses, fused, needs }
    }
}

/// The relations of a pipeline that depend on the rows given to it, inputs first.
pub fn inner(query: &Query, given: RelationId, body: RelationId) -> Vec<RelationId> {
    fn visit(query: &Query, id: RelationId, given: RelationId, known: &mut Vec<(RelationId, bool)>) -> bool {
        if id == given {
            return true;
        }
        if let Some((_, depends)) = known.iter().find(|(other, _)| *other == id) {
            return *depends;
        }
        let op = &query.relation(id).op;
        let mut depends = false;
        for input in op.inputs().into_iter().chain(op.subqueries()) {
            depends |= visit(query, input, given, known);
        }
        known.push((id, depends));
        depends
    }
    let mut known = Vec::new();
    visit(query, body, given, &mut known);
    known.into_iter().filter(|(_, depends)| *depends).map(|(id, _)| id).collect()
}

/// The relations that have to be there before this one is evaluated. The part of a pipeline that depends on the rows
/// given to it is evaluated by the operator around it.
pub fn dependencies(query: &Query, id: RelationId) -> Vec<RelationId> {
    let op = &query.relation(id).op;
    match op {
        Operator::Apply { input, given, body, .. } | Operator::Partition { input, given, body, .. } => {
            let inside = inner(query, *given, *body);
            let mut found = vec![*input];
            found.extend(op.subqueries());
            if *body != *given && !inside.contains(body) {
                found.push(*body);
            }
            for part in &inside {
                for outer in dependencies(query, *part) {
                    if outer != *given && !inside.contains(&outer) && !found.contains(&outer) {
                        found.push(outer);
                    }
                }
            }
            found
        }
        _ => op.inputs().into_iter().chain(op.subqueries()).collect(),
    }
}

fn order(query: &Query) -> Vec<RelationId> {
    let mut done = vec![false; query.len()];
    let mut order = Vec::new();
    let mut stack = vec![(query.root, false)];
    while let Some((id, ready)) = stack.pop() {
        if ready {
            order.push(id);
        } else if !std::mem::replace(&mut done[id.0 as usize], true) {
            stack.push((id, true));
            stack.extend(dependencies(query, id).into_iter().map(|input| (input, false)));
        }
    }
    order
}

fn needs(query: &Query, order: &[RelationId]) -> Vec<Need> {
    let everything =
        |id: RelationId| Need { columns: query.relation(id).schema.columns.iter().copied().collect(), extra: true };
    let mut needs = vec![Need::default(); query.len()];
    needs[query.root.0 as usize] = everything(query.root);
    for id in order.iter().rev() {
        let relation = query.relation(*id);
        let need = needs[id.0 as usize].clone();
        let mut read = BTreeSet::new();
        for expr in relation.op.exprs() {
            read.extend(expr.columns());
        }
        for predicate in relation.op.predicates() {
            predicate.walk_exprs(&mut |expr| read.extend(expr.as_path().map(|path| path.column)));
        }
        for subquery in relation.op.subqueries() {
            let first = query.relation(subquery).schema.columns.first().copied();
            needs[subquery.0 as usize].columns.extend(first);
        }
        let mut add = |id: RelationId, columns: &mut dyn Iterator<Item = ColumnId>, extra: bool| {
            needs[id.0 as usize].columns.extend(columns);
            needs[id.0 as usize].extra |= extra;
        };
        match &relation.op {
            Operator::Filter { input, .. }
            | Operator::Extend { input, .. }
            | Operator::Sort { input, .. }
            | Operator::Top { input, .. }
            | Operator::Take { input, .. }
            | Operator::Expand { input, .. }
            | Operator::Window { input, .. } => add(*input, &mut read.union(&need.columns).copied(), need.extra),
            Operator::Parse(parse) => add(parse.input, &mut read.union(&need.columns).copied(), need.extra),
            Operator::ParseKv(parse) => add(parse.input, &mut read.union(&need.columns).copied(), need.extra),
            Operator::Project { input, .. } => {
                add(*input, &mut read.into_iter(), need.extra && relation.schema.open);
            }
            Operator::Summarize { input, rest, .. } => add(*input, &mut read.into_iter(), rest.is_some()),
            Operator::Union { inputs, columns } => {
                for (at, input) in inputs.iter().enumerate() {
                    let mut wanted = columns
                        .iter()
                        .filter(|column| need.columns.contains(&column.column))
                        .filter_map(|column| column.sources.get(at).copied().flatten());
                    add(*input, &mut wanted, need.extra);
                }
            }
            Operator::Join(join) => {
                let keys = || join.keys.iter();
                let wanted = || join.columns.iter().filter(|column| need.columns.contains(&column.column));
                let own = || need.columns.iter().copied();
                let left = keys().map(|key| key.left).chain(wanted().filter_map(|column| column.left)).chain(own());
                add(join.left, &mut left.collect::<Vec<_>>().into_iter(), need.extra);
                let right =
                    keys().map(|key| key.right).chain(wanted().filter_map(|column| column.right)).chain(own());
                add(join.right, &mut right.collect::<Vec<_>>().into_iter(), need.extra);
            }
            Operator::Apply { given, body, .. } | Operator::Partition { given, body, .. } => {
                for part in dependencies(query, *id).into_iter().chain(inner(query, *given, *body)).chain([*given]) {
                    needs[part.0 as usize] = everything(part);
                }
            }
            Operator::Scan(_)
            | Operator::Series(_)
            | Operator::Unpack(_)
            | Operator::Pivot(_)
            | Operator::Evaluate(_)
            | Operator::Describe { .. }
            | Operator::Given { .. } => {
                for input in relation.op.inputs() {
                    needs[input.0 as usize] = everything(input);
                }
            }
            Operator::Table { .. }
            | Operator::Literal { .. }
            | Operator::Range { .. }
            | Operator::External(_)
            | Operator::Opaque { .. } => {}
        }
    }
    needs
}
