//! What is computed along the order of rows: window functions and `scan`.

use super::{Evaluator, Rows, Slot};
use crate::eval::predicate;
use crate::eval::value::{Key, Number, compare};
use crate::eval::{arithmetic, convert};
use crate::ir::{
    ArithmeticOp, ColumnId, RelationId, Scan, ScanOutput, ScanStep, Truth, Value, WindowColumn, WindowFunction,
};

impl Evaluator<'_> {
    /// <https://learn.microsoft.com/kusto/query/window-functions>
    pub(super) fn window(&mut self, input: RelationId, columns: &[WindowColumn]) -> Rows {
        let Rows { mut slots, mut rows } = self.take(input);
        for column in columns {
            let places = self.places(&slots);
            let value = |row: usize, argument: usize| {
                column
                    .arguments
                    .get(argument)
                    .map(|argument| self.scope(&places, &rows[row]).value(argument).into_owned())
            };
            let missing = Value::missing(self.query.column(column.column).ty);
            let is_true = |value: Option<Value>| value == Some(Value::Bool(true));
            let values: Vec<Value> = match column.function {
                WindowFunction::Prev | WindowFunction::Next => (0..rows.len())
                    .map(|row| {
                        let offset = value(row, 1).as_ref().and_then(whole).unwrap_or(1);
                        let offset = if column.function == WindowFunction::Prev { -offset } else { offset };
                        let place = i64::try_from(row).ok().and_then(|row| row.checked_add(offset));
                        let place = place.and_then(|place| usize::try_from(place).ok());
                        match place.filter(|place| *place < rows.len()) {
                            Some(place) => value(place, 0).unwrap_or_else(|| missing.clone()),
                            None => value(row, 2).unwrap_or_else(|| missing.clone()),
                        }
                    })
                    .collect(),
                WindowFunction::RowNumber => {
                    let mut number = 0;
                    (0..rows.len())
                        .map(|row| {
                            let start = value(row, 0).as_ref().and_then(whole).unwrap_or(1);
                            let restarts = row == 0 || is_true(value(row, 1));
                            number = if restarts { start } else { number + 1 };
                            Value::Long(number)
                        })
                        .collect()
                }
                WindowFunction::RowCumSum => {
                    let mut sum: Option<Value> = None;
                    (0..rows.len())
                        .map(|row| {
                            let term = value(row, 0).unwrap_or_else(|| missing.clone());
                            let before = sum.take().filter(|_| !is_true(value(row, 1)));
                            sum = match before {
                                Some(before) if term.is_null() => Some(before),
                                Some(before) => Some(arithmetic::arithmetic(ArithmeticOp::Add, &before, &term)),
                                None => Some(convert::convert(&term, missing.ty())),
                            };
                            sum.clone().unwrap_or_else(|| missing.clone())
                        })
                        .collect()
                }
                WindowFunction::RowRankDense | WindowFunction::RowRankMin => {
                    let (mut rank, mut number) = (0, 0);
                    let mut before: Option<Key> = None;
                    (0..rows.len())
                        .map(|row| {
                            let key = value(row, 0).as_ref().map(Key::of);
                            if row == 0 || is_true(value(row, 1)) {
                                (rank, number) = (0, 0);
                                before = None;
                            }
                            number += 1;
                            if before.is_none() || before != key {
                                rank = if column.function == WindowFunction::RowRankMin { number } else { rank + 1 };
                            }
                            before = key;
                            Value::Long(rank)
                        })
                        .collect()
                }
                WindowFunction::RowWindowSession => {
                    let mut first: Option<Value> = None;
                    let mut last: Option<Value> = None;
                    (0..rows.len())
                        .map(|row| {
                            let time = value(row, 0).unwrap_or_else(|| missing.clone());
                            let further = |from: &Option<Value>, most: Option<Value>| match (from, most) {
                                (Some(from), Some(most)) => {
                                    let distance = arithmetic::arithmetic(ArithmeticOp::Subtract, &time, from);
                                    compare(&distance, &most) == Some(std::cmp::Ordering::Greater)
                                }
                                _ => false,
                            };
                            let begins = first.is_none()
                                || is_true(value(row, 3))
                                || further(&first, value(row, 1))
                                || further(&last, value(row, 2));
                            if begins {
                                first = Some(time.clone());
                            }
                            last = Some(time);
                            first.clone().unwrap_or_else(|| missing.clone())
                        })
                        .collect()
                }
            };
            slots.push(self.slot(column.column));
            for (row, value) in rows.iter_mut().zip(values) {
                row.push(value);
            }
        }
        Rows { slots, rows }
    }

    /// `scan`: each row is offered to the steps from the last to the first. A step takes it to go on with a match
    /// whose last row the step before took, else to go on with its own; the first step begins matches.
    ///
    /// <https://learn.microsoft.com/kusto/query/scan-operator>
    pub(super) fn scan(&mut self, id: RelationId, scan: &Scan) -> Rows {
        let Rows { slots: input, rows } = self.take(scan.input);
        // The row and the declared columns, then for each step the columns that name its state.
        let mut slots: Vec<Slot> = input.clone();
        slots.extend(scan.declared.iter().map(|declared| self.slot(declared.column)));
        let width = slots.len();
        let states = scan.steps.iter().flat_map(|step| &step.state);
        slots.extend(states.map(|(mirror, _)| self.slot(*mirror)));
        let places = self.places(&slots);
        let mut matches: Vec<Option<Match>> = vec![None; scan.steps.len()];
        let mut found: Vec<Output> = Vec::new();
        let mut next_id = 0;
        for row in rows {
            for (at, step) in scan.steps.iter().enumerate().rev() {
                let mut candidates: Vec<usize> = Vec::new();
                for before in (0..at).rev() {
                    candidates.push(before);
                    if !scan.steps[before].optional {
                        break;
                    }
                }
                candidates.retain(|candidate| matches[*candidate].is_some());
                candidates.push(at);
                for candidate in candidates {
                    let known = matches[candidate].clone();
                    if known.is_none() && at > 0 && scan.steps[..at].iter().any(|step| !step.optional) {
                        continue;
                    }
                    let mut state =
                        known.unwrap_or_else(|| Match { id: next_id, rows: vec![None; scan.steps.len()] });
                    let Some(taken) = self.scan_step(scan, step, &state, &row, &places, (input.len(), width)) else {
                        continue;
                    };
                    if state.id == next_id {
                        next_id += 1;
                    }
                    if candidate != at {
                        matches[candidate] = None;
                    }
                    state.rows[at] = Some(taken.clone());
                    if step.output == ScanOutput::Last {
                        found.retain(|output| !(output.id == state.id && output.step == at));
                    }
                    if step.output != ScanOutput::None {
                        found.push(Output { id: state.id, step: at, row: taken });
                    }
                    matches[at] = Some(state);
                    break;
                }
            }
        }
        slots.truncate(width);
        slots.extend(scan.match_id.map(|id| self.slot(id)));
        let rows = found
            .into_iter()
            .map(|output| {
                let mut row = output.row;
                row.extend(scan.match_id.map(|_| Value::Long(output.id)));
                row
            })
            .collect();
        self.answer(id, Rows { slots, rows })
    }

    /// The row with its declared columns as a step assigns them, if the step takes it.
    fn scan_step(
        &self,
        scan: &Scan,
        step: &ScanStep,
        state: &Match,
        row: &[Value],
        places: &[Option<usize>],
        (input, width): (usize, usize),
    ) -> Option<Vec<Value>> {
        let mut whole: Vec<Value> = row.to_vec();
        let constant = self.scope(&[], &[]);
        whole.extend(scan.declared.iter().map(|declared| constant.value(&declared.value).into_owned()));
        for (at, step) in scan.steps.iter().enumerate() {
            for (mirror, of) in &step.state {
                let place = places.get(of.0 as usize).copied().flatten();
                let value = match (&state.rows[at], place) {
                    (Some(row), Some(place)) => row[place].clone(),
                    // Before a step has taken a row its declared columns are what they are declared as.
                    (None, _) => match scan.declared.iter().find(|declared| declared.column == *of) {
                        Some(declared) => constant.value(&declared.value).into_owned(),
                        None => Value::missing(self.query.column(*mirror).ty),
                    },
                    (Some(_), None) => Value::missing(self.query.column(*mirror).ty),
                };
                whole.push(value);
            }
        }
        let scope = self.scope(places, &whole);
        if predicate::truth(&step.predicate, &scope) != Truth::True {
            return None;
        }
        let assigned: Vec<(ColumnId, Value)> = step
            .assignments
            .iter()
            .map(|assignment| (assignment.column, scope.value(&assignment.value).into_owned()))
            .collect();
        whole.truncate(width);
        for (column, value) in assigned {
            if let Some(at) = scan.declared.iter().position(|declared| declared.column == column) {
                whole[input + at] = value;
            }
        }
        Some(whole)
    }
}

/// A match that a step holds: the last row that each step took.
#[derive(Clone)]
struct Match {
    id: i64,
    rows: Vec<Option<Vec<Value>>>,
}

/// A row that a step yields.
struct Output {
    id: i64,
    step: usize,
    row: Vec<Value>,
}

fn whole(value: &Value) -> Option<i64> {
    match Number::of(value) {
        Some(Number::Whole(number)) => Some(number),
        _ => None,
    }
}
