//! The rows of a group, so many and so different that its aggregates are as they are wanted.

use std::collections::BTreeMap;

use super::data::{MOST_ROWS, Maker, columns_of};
use super::event::Demand;
use crate::eval::scalar::{self, Row};
use crate::ir::{
    Aggregate, AggregateFunction, Aggregation, ColumnId, Dynamic, Expr, ExprKind, Function, Predicate, PredicateKind,
    Truth, Type, Value,
};
use crate::span::Origins;

impl Maker<'_> {
    /// The rows of one group, of which the aggregates are as the demand wants them.
    pub(super) fn group(&mut self, demand: &Demand, aggregates: &[Aggregation]) -> Option<Vec<Demand>> {
        let mut demand = demand.clone();
        // Of alternatives over aggregates one is aimed at.
        let aggregated: Vec<ColumnId> =
            aggregates.iter().flat_map(|aggregation| aggregation.columns.clone()).collect();
        demand.tests = demand
            .tests
            .into_iter()
            .flat_map(|test| match &test.kind {
                PredicateKind::Or(parts) if columns_of(&test).iter().any(|column| aggregated.contains(column)) => {
                    parts[self.attempt % parts.len()].conjuncts().to_vec()
                }
                _ => vec![test],
            })
            .collect();
        let demand = &demand;
        let mut placed: BTreeMap<ColumnId, Expr> = BTreeMap::new();
        let mut counts: Vec<(usize, &Aggregate)> = Vec::new();
        let mut distinct: Vec<(usize, Expr)> = Vec::new();
        let mut spread: Vec<Expr> = Vec::new();
        for aggregation in aggregates {
            let aggregate = &aggregation.aggregate;
            let [column, ..] = aggregation.columns.as_slice() else { continue };
            let tests: Vec<&Predicate> =
                demand.tests.iter().filter(|test| columns_of(test).contains(column)).collect();
            let argument = aggregate.arguments.first();
            match aggregate.function {
                AggregateFunction::Count => {
                    let least = usize::from(aggregate.filter.is_none());
                    let count = self.size(*column, &tests, least, |count| Value::Long(count as i64)).unwrap_or(1);
                    placed.insert(*column, Expr::literal(Value::Long(count as i64), Origins::none()));
                    counts.push((count, aggregate));
                }
                AggregateFunction::DCount | AggregateFunction::CountDistinct => {
                    let count = self.size(*column, &tests, 1, |count| Value::Long(count as i64)).unwrap_or(1);
                    placed.insert(*column, Expr::literal(Value::Long(count as i64), Origins::none()));
                    distinct.push((count, argument?.clone()));
                    counts.push((count, aggregate));
                }
                AggregateFunction::MakeSet | AggregateFunction::MakeList | AggregateFunction::MakeListWithNulls => {
                    let list = |count: usize| {
                        let element = |at| Dynamic::String(format!("element {at}"));
                        Value::Dynamic(Dynamic::Array((0..count).map(element).collect()))
                    };
                    match self.size(*column, &tests, 1, list).filter(|_| !tests.is_empty()) {
                        Some(count) => {
                            placed.insert(*column, Expr::literal(list(count), Origins::none()));
                            if aggregate.function == AggregateFunction::MakeSet {
                                distinct.push((count, argument?.clone()));
                            }
                            counts.push((count, aggregate));
                        }
                        None => {
                            let kind = ExprKind::Call(Function::PackArray, vec![argument?.clone()]);
                            let array = Expr { kind, ty: Type::Dynamic, origins: Origins::none() };
                            placed.insert(*column, array);
                            counts.push((1, aggregate));
                        }
                    }
                }
                AggregateFunction::StDev
                | AggregateFunction::StDevP
                | AggregateFunction::Variance
                | AggregateFunction::VarianceP => {
                    let zero = Expr::literal(Value::Real(0.0), Origins::none());
                    placed.insert(*column, zero);
                    if !tests.is_empty() {
                        spread.extend(argument.cloned());
                    }
                }
                // Of one row, or of rows that are alike, it is the row's own value.
                _ => {
                    for (column, argument) in aggregation.columns.iter().zip(&aggregate.arguments) {
                        placed.insert(*column, argument.clone());
                    }
                }
            }
        }
        // Conditional counts are of the same rows, or, in every other attempt, of rows of their own.
        let filtered: usize =
            counts.iter().filter(|(_, aggregate)| aggregate.filter.is_some()).map(|(count, _)| *count).sum();
        let apart = self.attempt % 2 == 1;
        let size = counts.iter().map(|(count, _)| *count).max().unwrap_or(1).max(1);
        let size = if apart { size.max(filtered) } else { size };
        let size = if self.attempt % 3 == 2 { size.max(2) } else { size };
        if size > MOST_ROWS {
            return None;
        }
        let base = demand.placed(&placed);
        let rows = (0..size)
            .map(|row| {
                let mut row_demand = base.clone();
                let mut start = 0;
                for (count, aggregate) in &counts {
                    let Some(filter) = &aggregate.filter else { continue };
                    let is_own = (start..start + count).contains(&row);
                    if is_own {
                        row_demand.tests.push(filter.clone());
                    } else if !apart {
                        row_demand.tests.push(Predicate::negate(filter.clone(), Origins::none()));
                    }
                    start += if apart { *count } else { 0 };
                }
                for (count, value) in &distinct {
                    row_demand.vary.push((value.clone(), row.min(count.saturating_sub(1))));
                }
                row_demand.vary.extend(spread.iter().map(|value| (value.clone(), row)));
                row_demand
            })
            .collect();
        Some(rows)
    }

    /// The least number for which the tests on a column hold.
    fn size(
        &self,
        column: ColumnId,
        tests: &[&Predicate],
        least: usize,
        value: impl Fn(usize) -> Value,
    ) -> Option<usize> {
        let own: Vec<&&Predicate> = tests.iter().filter(|test| columns_of(test) == [column]).collect();
        let mut sizes: Vec<usize> = (least..=12).collect();
        for test in &own {
            test.walk_exprs(&mut |expr| {
                if let Some(Value::Long(number)) = expr.as_literal().map(|value| scalar::convert(value, Type::Long))
                    && let Ok(number) = usize::try_from(number)
                    && number <= MOST_ROWS
                {
                    sizes.extend([number.saturating_sub(1), number, number + 1]);
                }
            });
        }
        sizes.retain(|size| *size >= least);
        sizes.sort_unstable();
        let mut row = Row::new(self.now);
        sizes.into_iter().find(|size| {
            row.set(column, value(*size));
            own.iter().all(|test| row.truth(test) == Truth::True)
        })
    }
}
