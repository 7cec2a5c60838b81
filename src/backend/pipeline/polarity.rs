//! What more rows do to an answer, seen through the stages that follow them.

use std::collections::BTreeMap;

use crate::fidelity::Polarity;
use crate::ir::{
    AggregateFunction, Aggregation, ColumnId, Order, Predicate, PredicateKind, Test, TestOp, Trigger, TriggerOperator,
};
use crate::shape::Stage;

/// How a column's value moves as more events are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moves {
    /// Not at all: it is a property of the row.
    Not,
    /// It can only grow.
    Up,
    /// It can only shrink.
    Down,
    /// Either way.
    Anyhow,
}

/// What more events of a source do to the answer.
pub(super) fn of_sources(stages: &[Stage], trigger: Trigger) -> Polarity {
    through(stages, trigger)
}

/// What more rows at this point do to the answer.
pub(super) fn of_rows(rest: &[Stage], trigger: Trigger) -> Polarity {
    through(rest, trigger)
}

fn through(stages: &[Stage], trigger: Trigger) -> Polarity {
    let mut columns: BTreeMap<ColumnId, Moves> = BTreeMap::new();
    let mut polarity = Polarity::Up;
    for stage in stages {
        match stage {
            Stage::Summarize { keys, aggregates, .. } => {
                let mut after: BTreeMap<ColumnId, Moves> = BTreeMap::new();
                for key in *keys {
                    let moves = key.value.columns().iter().map(|column| of(&columns, *column)).fold(Moves::Not, join);
                    if moves != Moves::Not {
                        // Rows move from one group to another.
                        polarity = both(polarity, Polarity::None);
                    }
                    after.insert(key.column, Moves::Not);
                }
                for Aggregation { columns: results, aggregate } in *aggregates {
                    let steady = aggregate
                        .arguments
                        .iter()
                        .flat_map(|argument| argument.columns())
                        .all(|column| of(&columns, column) == Moves::Not)
                        && aggregate.filter.as_ref().is_none_or(|filter| {
                            let mut steady = true;
                            filter.walk_exprs(&mut |expr| {
                                steady &= expr.columns().iter().all(|column| of(&columns, *column) == Moves::Not);
                            });
                            steady
                        });
                    let moves = match aggregate.function {
                        _ if !steady => Moves::Anyhow,
                        AggregateFunction::Count
                        | AggregateFunction::CountDistinct
                        | AggregateFunction::DCount
                        | AggregateFunction::Max => Moves::Up,
                        AggregateFunction::Min => Moves::Down,
                        AggregateFunction::ArgMax
                        | AggregateFunction::ArgMin
                        | AggregateFunction::Avg
                        | AggregateFunction::BinaryAllAnd
                        | AggregateFunction::BinaryAllOr
                        | AggregateFunction::BinaryAllXor
                        | AggregateFunction::MakeBag
                        | AggregateFunction::MakeListWithNulls
                        | AggregateFunction::BuildSchema
                        | AggregateFunction::Covariance
                        | AggregateFunction::CovarianceP
                        | AggregateFunction::Hll
                        | AggregateFunction::HllMerge
                        | AggregateFunction::PercentileWeighted
                        | AggregateFunction::PercentilesArray
                        | AggregateFunction::PercentilesWeightedArray
                        | AggregateFunction::Tdigest
                        | AggregateFunction::TdigestMerge
                        | AggregateFunction::StDevP
                        | AggregateFunction::VarianceP
                        | AggregateFunction::MakeList
                        | AggregateFunction::MakeSet
                        | AggregateFunction::Percentile
                        | AggregateFunction::StDev
                        | AggregateFunction::Sum
                        | AggregateFunction::TakeAny
                        | AggregateFunction::Variance => Moves::Anyhow,
                    };
                    results.iter().for_each(|column| {
                        after.insert(*column, moves);
                    });
                }
                columns = after;
            }
            Stage::Filter { predicate, .. } => polarity = both(polarity, of_predicate(predicate, &columns)),
            Stage::Extend { columns: assigned, .. } | Stage::Project { columns: assigned, .. } => {
                let moved: Vec<(ColumnId, Moves)> = assigned
                    .iter()
                    .map(|assignment| {
                        let column = assignment.value.as_path().filter(|path| path.steps.is_empty());
                        let moves = match column {
                            Some(path) => of(&columns, path.column),
                            None => {
                                let inputs = assignment.value.columns();
                                let inputs = inputs.iter().map(|column| of(&columns, *column));
                                if inputs.fold(Moves::Not, join) == Moves::Not { Moves::Not } else { Moves::Anyhow }
                            }
                        };
                        (assignment.column, moves)
                    })
                    .collect();
                columns.extend(moved);
            }
            Stage::Sort { .. } => {}
            // Which rows are the first ones depends on all of them.
            Stage::Top { .. } | Stage::Take { .. } => polarity = both(polarity, Polarity::None),
        }
    }
    let fires = match trigger.operator {
        TriggerOperator::GreaterThan => Polarity::Up,
        TriggerOperator::LessThan => Polarity::Down,
        TriggerOperator::Equal | TriggerOperator::NotEqual => Polarity::None,
    };
    match (polarity, fires) {
        (Polarity::None, _) | (_, Polarity::None) => Polarity::None,
        (one, other) if one == other => Polarity::Up,
        _ => Polarity::Down,
    }
}

fn of(columns: &BTreeMap<ColumnId, Moves>, column: ColumnId) -> Moves {
    columns.get(&column).copied().unwrap_or(Moves::Not)
}

fn join(one: Moves, other: Moves) -> Moves {
    match (one, other) {
        (Moves::Not, other) | (other, Moves::Not) => other,
        (one, other) if one == other => one,
        _ => Moves::Anyhow,
    }
}

/// Rows pass both filters.
fn both(one: Polarity, other: Polarity) -> Polarity {
    if one == other { one } else { Polarity::None }
}

/// What growing values do to a condition in negation normal form.
fn of_predicate(predicate: &Predicate, columns: &BTreeMap<ColumnId, Moves>) -> Polarity {
    match &predicate.kind {
        PredicateKind::And(parts) | PredicateKind::Or(parts) => {
            parts.iter().map(|part| of_predicate(part, columns)).reduce(both).unwrap_or(Polarity::Up)
        }
        PredicateKind::Not(part) => match &part.kind {
            PredicateKind::Test(test) => of_test(test, columns, true),
            PredicateKind::And(_) | PredicateKind::Or(_) | PredicateKind::Not(_) | PredicateKind::Const(_) => {
                Polarity::None
            }
        },
        PredicateKind::Test(test) => of_test(test, columns, false),
        PredicateKind::Const(_) => Polarity::Up,
    }
}

fn of_test(test: &Test, columns: &BTreeMap<ColumnId, Moves>, negated: bool) -> Polarity {
    let subject = test.subject.columns().iter().map(|column| of(columns, *column)).fold(Moves::Not, join);
    let operands = test
        .op
        .operands()
        .iter()
        .flat_map(|operand| operand.columns())
        .map(|column| of(columns, column))
        .fold(Moves::Not, join);
    if join(subject, operands) == Moves::Not {
        return Polarity::Up;
    }
    let grows = match subject {
        Moves::Up if operands == Moves::Not && test.subject.as_path().is_some() => true,
        Moves::Down if operands == Moves::Not && test.subject.as_path().is_some() => false,
        Moves::Not | Moves::Up | Moves::Down | Moves::Anyhow => return Polarity::None,
    };
    match &test.op {
        TestOp::Order { order, .. } => {
            let wants_more = matches!(order, Order::Greater | Order::GreaterOrEqual);
            if (wants_more == grows) != negated { Polarity::Up } else { Polarity::None }
        }
        TestOp::Equals { .. }
        | TestOp::Text { .. }
        | TestOp::Matches { .. }
        | TestOp::IsEmpty
        | TestOp::IsNull
        | TestOp::IsTrue
        | TestOp::InNetwork { .. }
        | TestOp::HasIpv4 { .. }
        | TestOp::Among { .. }
        | TestOp::Opaque { .. } => Polarity::None,
    }
}
