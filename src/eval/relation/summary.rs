//! Operators that group rows: `summarize`, `make-series`, `pivot`.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::{Evaluator, MOST_ROWS, Rows, Slot};
use crate::eval::aggregate::{self, State};
use crate::eval::value::{Key, Number, compare};
use crate::eval::{Refused, arithmetic, convert, function};
use crate::ir::{
    Aggregation, ArithmeticOp, Assignment, ColumnId, Dynamic, Expr, Function, Pivot, RelationId, Rest, Series, Type,
    Value,
};
use crate::span::Origins;

/// Places on the axis of one series.
const MOST_PLACES: usize = 1_048_576;

/// The keys of a series, and its aggregates at the places where it has rows.
type SeriesGroup = (Vec<Value>, BTreeMap<usize, Vec<State>>);

impl Evaluator<'_> {
    /// `summarize`, `distinct`, `count`: <https://learn.microsoft.com/kusto/query/summarize-operator>
    ///
    /// Nulls of a key are a group of their own. Without keys there is one group, even of no rows.
    pub(super) fn summarize(
        &mut self,
        id: RelationId,
        input: RelationId,
        keys: &[Assignment],
        aggregates: &[Aggregation],
        rest: Option<Rest>,
    ) -> Rows {
        let Rows { slots, rows } = self.take(input);
        let mut places = self.places(&slots);
        // Columns that only the events know get ids behind the query's own.
        let known: Vec<&str> = self
            .query
            .relation(id)
            .schema
            .columns
            .iter()
            .map(|column| self.query.column(*column).name.as_str())
            .collect();
        let mut extra: Vec<(Slot, Expr)> = Vec::new();
        if rest.is_some() {
            let first = self.query.columns().max(places.len());
            for (place, slot) in slots.iter().enumerate() {
                if slot.id.is_none() && !known.contains(&slot.name.as_str()) {
                    let fresh = first + extra.len();
                    places.resize(fresh + 1, None);
                    places[fresh] = Some(place);
                    let column = ColumnId(u32::try_from(fresh).expect("columns are counted in 32 bits"));
                    extra.push((slot.clone(), Expr::column(column, slot.ty, Origins::none())));
                }
            }
        }
        let mut key_values: Vec<&Expr> = keys.iter().map(|key| &key.value).collect();
        let mut aggregates: Vec<Aggregation> = aggregates.to_vec();
        match rest {
            Some(Rest::Keys) => key_values.extend(extra.iter().map(|(_, value)| value)),
            Some(Rest::Aggregate(place)) => {
                aggregates[place].aggregate.arguments.extend(extra.iter().map(|(_, value)| value.clone()));
            }
            None => {}
        }
        let width = |at: usize, aggregation: &Aggregation| {
            aggregation.columns.len() + if rest == Some(Rest::Aggregate(at)) { extra.len() } else { 0 }
        };
        let fresh = || aggregates.iter().map(|aggregation| State::new(&aggregation.aggregate)).collect::<Vec<_>>();
        let mut groups: HashMap<Vec<Key>, usize> = HashMap::new();
        let mut found: Vec<(Vec<Value>, Vec<State>)> = Vec::new();
        if key_values.is_empty() && !aggregates.is_empty() {
            groups.insert(Vec::new(), 0);
            found.push((Vec::new(), fresh()));
        }
        for row in &rows {
            let scope = self.scope(&places, row);
            let values: Vec<_> = key_values.iter().map(|key| scope.value(key)).collect();
            let key: Vec<Key> = values.iter().map(|value| Key::of(value)).collect();
            let group = *groups.entry(key).or_insert_with(|| {
                found.push((values.into_iter().map(Cow::into_owned).collect(), fresh()));
                found.len() - 1
            });
            for (state, aggregation) in found[group].1.iter_mut().zip(&aggregates) {
                aggregate::feed(state, &aggregation.aggregate, &scope);
            }
        }
        let mut result: Vec<Slot> = keys.iter().map(|key| self.slot(key.column)).collect();
        let further = || extra.iter().map(|(slot, _)| slot.clone());
        if rest == Some(Rest::Keys) {
            result.extend(further());
        }
        for (at, aggregation) in aggregates.iter().enumerate() {
            result.extend(aggregation.columns.iter().map(|column| self.slot(*column)));
            if rest == Some(Rest::Aggregate(at)) {
                result.extend(further());
            }
        }
        let rows = found
            .into_iter()
            .map(|(mut row, states)| {
                for (at, (state, aggregation)) in states.into_iter().zip(&aggregates).enumerate() {
                    row.extend(state.finish(width(at, aggregation)));
                }
                row
            })
            .collect();
        self.answer(id, Rows { slots: result, rows })
    }

    /// `make-series`: <https://learn.microsoft.com/kusto/query/make-series-operator>
    ///
    /// Rows outside the axis do not count. A group without a row on the axis is there, with the defaults.
    pub(super) fn series(&mut self, id: RelationId, series: &Series) -> Result<Rows, Refused> {
        let Rows { slots, rows } = self.take(series.input);
        let places = self.places(&slots);
        let constant = self.scope(&[], &[]);
        let bound = |bound: &Option<Expr>| bound.as_ref().map(|bound| constant.value(bound).into_owned());
        let step = constant.value(&series.step).into_owned();
        let axis: Vec<Value> =
            rows.iter().map(|row| self.scope(&places, row).value(&series.axis.value).into_owned()).collect();
        let binned = |value: &Value| function::call(Function::Bin, &[value, &step], self.clock);
        let known = || axis.iter().filter(|value| !value.is_null());
        let least = known().min_by(|left, right| compare(left, right).unwrap_or(std::cmp::Ordering::Equal));
        let greatest = known().max_by(|left, right| compare(left, right).unwrap_or(std::cmp::Ordering::Equal));
        let from = bound(&series.from).or_else(|| least.map(&binned));
        let mut to = bound(&series.to);
        let mut closed = series.closed;
        if to.is_none() {
            to = greatest.cloned();
            closed = true;
        }
        let (Some(from), Some(to)) = (from, to) else { return Ok(self.arrange(id, Rows::default())) };
        let mut ticks: Vec<Value> = Vec::new();
        let mut tick = from.clone();
        loop {
            let is_inside = match compare(&tick, &to) {
                Some(std::cmp::Ordering::Less) => true,
                Some(std::cmp::Ordering::Equal) => closed,
                Some(std::cmp::Ordering::Greater) | None => false,
            };
            let next = arithmetic::arithmetic(ArithmeticOp::Add, &tick, &step);
            if !is_inside {
                break;
            }
            let advances = compare(&next, &tick) == Some(std::cmp::Ordering::Greater);
            ticks.push(tick);
            if !advances {
                break;
            }
            if ticks.len() > MOST_PLACES {
                return Err(self.too_many(id));
            }
            tick = next;
        }
        let place = |value: &Value| -> Option<usize> {
            if value.is_null() || compare(value, &from)? == std::cmp::Ordering::Less {
                return None;
            }
            let place = ticks.partition_point(|tick| compare(tick, value) != Some(std::cmp::Ordering::Greater));
            // Behind the last place: one step further is outside.
            let last = place.checked_sub(1)?;
            let next = arithmetic::arithmetic(ArithmeticOp::Add, &ticks[last], &step);
            let behind = compare(value, &next) != Some(std::cmp::Ordering::Less);
            let outside = !closed && compare(value, &to) != Some(std::cmp::Ordering::Less);
            (!behind && !outside).then_some(last)
        };
        let fresh = || {
            series.aggregates.iter().map(|(aggregation, _)| State::new(&aggregation.aggregate)).collect::<Vec<_>>()
        };
        let mut groups: HashMap<Vec<Key>, usize> = HashMap::new();
        let mut found: Vec<SeriesGroup> = Vec::new();
        for (row, value) in rows.iter().zip(&axis) {
            let scope = self.scope(&places, row);
            let values: Vec<_> = series.keys.iter().map(|key| scope.value(&key.value)).collect();
            let key: Vec<Key> = values.iter().map(|value| Key::of(value)).collect();
            let group = *groups.entry(key).or_insert_with(|| {
                found.push((values.into_iter().map(Cow::into_owned).collect(), BTreeMap::new()));
                found.len() - 1
            });
            if let Some(place) = place(value) {
                for (state, (aggregation, _)) in
                    found[group].1.entry(place).or_insert_with(fresh).iter_mut().zip(&series.aggregates)
                {
                    aggregate::feed(state, &aggregation.aggregate, &scope);
                }
            }
        }
        if found.len().saturating_mul(ticks.len()) > MOST_ROWS {
            return Err(self.too_many(id));
        }
        let mut columns: Vec<ColumnId> = series.keys.iter().map(|key| key.column).collect();
        columns.extend(series.aggregates.iter().map(|(aggregation, _)| aggregation.columns[0]));
        columns.push(series.axis.column);
        let array: Vec<Dynamic> = ticks.iter().map(convert::to_dynamic).collect();
        let rows = found
            .into_iter()
            .map(|(mut row, states)| {
                let mut arrays: Vec<Vec<Dynamic>> = Vec::with_capacity(series.aggregates.len());
                for (aggregation, default) in &series.aggregates {
                    let default = match default {
                        Some(default) => convert::to_dynamic(&constant.value(default)),
                        None => nothing(aggregation),
                    };
                    arrays.push(vec![default; ticks.len()]);
                }
                for (place, states) in states {
                    for (array, state) in arrays.iter_mut().zip(states) {
                        let value = state.finish(1).into_iter().next();
                        array[place] = value.as_ref().map_or(Dynamic::Null, convert::to_dynamic);
                    }
                }
                row.extend(arrays.into_iter().map(|array| Value::Dynamic(Dynamic::Array(array))));
                row.push(Value::Dynamic(Dynamic::Array(array.clone())));
                row
            })
            .collect();
        let slots = columns.into_iter().map(|column| self.slot(column)).collect();
        Ok(self.arrange(id, Rows { slots, rows }))
    }

    /// `pivot`: <https://learn.microsoft.com/kusto/query/pivot-plugin>
    ///
    /// The new columns are in order of their names; where a group has no row, they hold what the aggregate says of none.
    pub(super) fn pivot(&mut self, id: RelationId, pivot: &Pivot) -> Rows {
        let Rows { slots, rows } = self.take(pivot.input);
        let places = self.places(&slots);
        let place = |column: ColumnId| places.get(column.0 as usize).copied().flatten();
        let mut groups: HashMap<Vec<Key>, usize> = HashMap::new();
        let mut found: Vec<(Vec<Value>, BTreeMap<String, State>)> = Vec::new();
        let mut names: Vec<String> = Vec::new();
        for row in &rows {
            let values: Vec<Value> = pivot
                .keys
                .iter()
                .map(|key| place(*key).map_or(Value::Null(Type::Dynamic), |place| row[place].clone()))
                .collect();
            let key: Vec<Key> = values.iter().map(Key::of).collect();
            let group = *groups.entry(key).or_insert_with(|| {
                found.push((values, BTreeMap::new()));
                found.len() - 1
            });
            let name = place(pivot.on).map_or_else(String::new, |place| convert::text(&row[place]).into_owned());
            if !names.contains(&name) {
                names.push(name.clone());
            }
            let state = found[group].1.entry(name).or_insert_with(|| State::new(&pivot.aggregate));
            aggregate::feed(state, &pivot.aggregate, &self.scope(&places, row));
        }
        names.sort_unstable();
        let mut result: Vec<Slot> = pivot.keys.iter().map(|key| self.slot(*key)).collect();
        result.extend(names.iter().map(|name| Slot { id: None, name: name.clone(), ty: Type::Unknown }));
        let mut cells = Vec::with_capacity(found.len());
        for (mut row, mut states) in found {
            for name in &names {
                let state = states.remove(name).unwrap_or_else(|| State::new(&pivot.aggregate));
                row.extend(state.finish(1));
            }
            cells.push(row);
        }
        self.named(id, Rows { slots: result, rows: cells })
    }
}

/// What stands on the axis where there are no rows: zero, or nothing where the aggregate yields no number.
fn nothing(aggregation: &Aggregation) -> Dynamic {
    let aggregate = &aggregation.aggregate;
    let argument = aggregate.arguments.first().map_or(Type::Long, |argument| argument.ty);
    match aggregate.function.result_type(argument) {
        Type::Real | Type::Decimal => Dynamic::Real(0.0),
        Type::Int | Type::Long => Dynamic::Long(0),
        Type::TimeSpan => Dynamic::TimeSpan(0),
        _ => match Number::of(&Value::missing(argument)) {
            Some(_) => Dynamic::Long(0),
            None => Dynamic::Null,
        },
    }
}
