//! Relations: one function for each tabular operator.
//!
//! Each node of the arena is evaluated once, inputs first, however many users it has; its rows are handed on
//! without a copy to the last of them.

mod describe;
mod expand;
mod join;
mod parse;
mod plan;
mod plugin;
mod source;
mod summary;
mod unpack;
mod window;

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::expression::Scope;
use super::value::{Members, sort_order};
use super::{Data, Event, Reason, Refused, Table, convert, predicate};
use crate::ir::{
    Assignment, ColumnId, Operator, Predicate, Query, RelationId, SortKey, Truth, Type, UnionColumn, Value,
};
use plan::{Need, Plan};
pub use source::file_name as list_name;

/// A column of rows: one of the query's, or one that only the events of an open table know.
#[derive(Clone, Debug)]
struct Slot {
    id: Option<ColumnId>,
    name: String,
    ty: Type,
}

/// Rows with their columns.
#[derive(Clone, Debug, Default)]
struct Rows {
    slots: Vec<Slot>,
    rows: Vec<Vec<Value>>,
}

/// The most rows that an operator may make of fewer.
const MOST_ROWS: usize = 5_000_000;

/// The answer of a query without opaque parts.
pub fn run(query: &Query, data: &Data, clock: i64) -> Result<Table, Refused> {
    if query.is_empty() {
        return Ok(Table::default());
    }
    let Plan { order, uses, fused, needs } = Plan::new(query);
    let outer = BTreeMap::new();
    let mut evaluator = Evaluator {
        query,
        data,
        clock,
        needs: &needs,
        fused: &fused,
        uses,
        outer: &outer,
        results: BTreeMap::new(),
        subqueries: BTreeMap::new(),
    };
    for id in order {
        evaluator.evaluate(id)?;
    }
    let rows = evaluator.take(query.root);
    let Rows { slots, rows } = evaluator.answer(query.root, rows);
    let columns = slots.iter().enumerate().map(|(at, slot)| (slot.name.clone(), column_type(slot.ty, at, &rows)));
    Ok(Table { columns: columns.collect(), rows })
}

/// The type of an answer's column: of unknown type is what all its values are, else `dynamic`.
fn column_type(declared: Type, at: usize, rows: &[Vec<Value>]) -> Type {
    if declared != Type::Unknown {
        return declared;
    }
    let mut types = rows.iter().map(|row| &row[at]).filter(|value| !value.is_null()).map(Value::ty);
    match types.next() {
        Some(first) if types.all(|ty| ty == first) => first,
        Some(_) => Type::Dynamic,
        None => Type::String,
    }
}

struct Evaluator<'a> {
    query: &'a Query,
    data: &'a Data,
    clock: i64,
    uses: Vec<usize>,
    needs: &'a [Need],
    /// Tables that their only user, a filter, reads event by event.
    fused: &'a [bool],
    /// What is there already when a pipeline inside an operator is evaluated.
    outer: &'a BTreeMap<RelationId, Rows>,
    results: BTreeMap<RelationId, Rows>,
    subqueries: BTreeMap<RelationId, Arc<Members>>,
}

impl Evaluator<'_> {
    fn evaluate(&mut self, id: RelationId) -> Result<(), Refused> {
        let query = self.query;
        for subquery in query.relation(id).op.subqueries() {
            self.prepare_subquery(subquery);
        }
        let rows = match &query.relation(id).op {
            Operator::Table { .. } if self.fused[id.0 as usize] => return Ok(()),
            Operator::Table { .. } => self.table(id),
            Operator::Literal { rows } => self.literal(id, rows),
            Operator::Range { from, to, step } => self.range(id, from, to, step)?,
            Operator::External(external) => self.external(id, external)?,
            Operator::Filter { input, predicate } if self.fused[input.0 as usize] => {
                self.filter_table(*input, predicate)
            }
            Operator::Filter { input, predicate } => self.filter(*input, predicate),
            Operator::Extend { input, columns } => self.assign(id, *input, columns, true),
            Operator::Project { input, columns } => self.assign(id, *input, columns, false),
            Operator::Summarize { input, keys, aggregates, rest } => {
                self.summarize(id, *input, keys, aggregates, *rest)
            }
            Operator::Sort { input, by } => self.sort(*input, by),
            Operator::Top { input, count, by } => {
                let mut sorted = self.sort(*input, by);
                sorted.rows.truncate(usize::try_from(*count).unwrap_or(usize::MAX));
                sorted
            }
            Operator::Take { input, count } => {
                let mut rows = self.take(*input);
                rows.rows.truncate(usize::try_from(*count).unwrap_or(usize::MAX));
                rows
            }
            Operator::Union { inputs, columns } => self.union(id, inputs, columns),
            Operator::Join(join) => self.join(id, join)?,
            Operator::Expand { input, expansion } => self.expand(id, *input, expansion)?,
            Operator::Apply { input, expansion, given, body } => self.apply(id, *input, expansion, *given, *body)?,
            Operator::Partition { input, by, given, body } => self.partition(id, *input, by, *given, *body)?,
            Operator::Parse(parse) => self.parse(parse),
            Operator::ParseKv(parse) => self.parse_kv(parse),
            Operator::Window { input, columns } => self.window(*input, columns),
            Operator::Scan(scan) => self.scan(id, scan),
            Operator::Series(series) => self.series(id, series)?,
            Operator::Unpack(unpack) => self.unpack(id, unpack)?,
            Operator::Pivot(pivot) => self.pivot(id, pivot),
            Operator::Evaluate(evaluate) => self.plugin(id, evaluate)?,
            Operator::Describe { input } => self.describe(id, *input),
            // Given rows stand in `results` before their pipeline is evaluated; the other is refused before all.
            Operator::Given { .. } | Operator::Opaque { .. } => return Ok(()),
        };
        self.results.insert(id, rows);
        Ok(())
    }

    /// More rows than can be kept.
    fn too_many(&self, id: RelationId) -> Refused {
        let origins = &self.query.relation(id).origins;
        Refused { reason: Reason::TooManyRows(MOST_ROWS), span: origins.hull().unwrap_or_default() }
    }

    /// The rows of an input: moved to its last user, copied for the others.
    fn take(&mut self, id: RelationId) -> Rows {
        let left = &mut self.uses[id.0 as usize];
        *left = left.saturating_sub(1);
        let rows = if *left == 0 { self.results.remove(&id) } else { self.results.get(&id).cloned() };
        rows.or_else(|| self.outer.get(&id).cloned()).expect("relations are evaluated behind their inputs")
    }

    fn prepare_subquery(&mut self, id: RelationId) {
        let Rows { slots, rows } = self.take(id);
        let first = self.query.relation(id).schema.columns.first().copied();
        let place = slots.iter().position(|slot| slot.id == first).unwrap_or(0);
        self.subqueries
            .entry(id)
            .or_insert_with(|| Arc::new(Members::new(rows.into_iter().filter_map(|row| row.into_iter().nth(place)))));
    }

    /// The columns of a relation's schema that are read.
    fn needed(&self, id: RelationId) -> impl Iterator<Item = ColumnId> {
        let need = &self.needs[id.0 as usize];
        let columns = self.query.relation(id).schema.columns.iter().copied();
        columns.filter(|column| need.columns.contains(column))
    }

    fn slot(&self, id: ColumnId) -> Slot {
        let column = self.query.column(id);
        Slot { id: Some(id), name: column.name.clone(), ty: column.ty }
    }

    /// For each column of the query its place in these rows.
    fn places(&self, slots: &[Slot]) -> Vec<Option<usize>> {
        let mut places = Vec::new();
        for (place, slot) in slots.iter().enumerate() {
            if let Some(ColumnId(id)) = slot.id {
                let id = id as usize;
                if places.len() <= id {
                    places.resize(id + 1, None);
                }
                places[id] = Some(place);
            }
        }
        places
    }

    fn scope<'s>(&'s self, places: &'s [Option<usize>], row: &'s [Value]) -> Scope<'s> {
        Scope { slots: places, row, now: self.clock, subqueries: &self.subqueries }
    }

    fn events(&self, id: RelationId) -> &[Event] {
        match &self.query.relation(id).op {
            Operator::Table { name } => self.data.tables.get(name).map_or(&[], Vec::as_slice),
            _ => &[],
        }
    }

    /// The columns of a table that are read: those of its schema, and in an open one every other property of its
    /// events.
    fn table_slots(&self, id: RelationId) -> Vec<Slot> {
        let schema = &self.query.relation(id).schema;
        let need = &self.needs[id.0 as usize];
        let mut slots: Vec<Slot> = self.needed(id).map(|column| self.slot(column)).collect();
        if schema.open && need.extra {
            let names = schema.columns.iter().map(|column| self.query.column(*column).name.clone());
            let mut known: std::collections::HashSet<String> = names.collect();
            for name in self.events(id).iter().flat_map(Event::keys) {
                if !known.contains(name) {
                    known.insert(name.clone());
                    slots.push(Slot { id: None, name: name.clone(), ty: Type::Unknown });
                }
            }
        }
        slots
    }

    /// A table: the properties of its events as values of its columns.
    fn table(&self, id: RelationId) -> Rows {
        let slots = self.table_slots(id);
        let row = |event: &Event| {
            slots.iter().map(|slot| convert::event_value(event.get(&slot.name), slot.ty)).collect::<Vec<_>>()
        };
        Rows { rows: self.events(id).iter().map(row).collect(), slots }
    }

    /// `datatable`, `print`: <https://learn.microsoft.com/kusto/query/datatable-operator>
    fn literal(&self, id: RelationId, rows: &[Vec<Value>]) -> Rows {
        let slots = self.query.relation(id).schema.columns.iter().map(|column| self.slot(*column)).collect();
        Rows { slots, rows: rows.to_vec() }
    }

    /// `where`: <https://learn.microsoft.com/kusto/query/where-operator>
    fn filter(&mut self, input: RelationId, predicate: &Predicate) -> Rows {
        let Rows { slots, mut rows } = self.take(input);
        let places = self.places(&slots);
        rows.retain(|row| predicate::truth(predicate, &self.scope(&places, row)) == Truth::True);
        Rows { slots, rows }
    }

    /// As [`Self::filter`], right from the events: columns that the predicate does not read are converted only for
    /// the events that stay.
    fn filter_table(&self, table: RelationId, predicate: &Predicate) -> Rows {
        let slots = self.table_slots(table);
        let places = self.places(&slots);
        let mut read = vec![false; slots.len()];
        predicate.walk_exprs(&mut |expr| {
            if let Some(path) = expr.as_path()
                && let Some(place) = places.get(path.column.0 as usize).copied().flatten()
            {
                read[place] = true;
            }
        });
        let mut rows = Vec::new();
        let mut row: Vec<Value> = slots.iter().map(|slot| Value::missing(slot.ty)).collect();
        for event in self.events(table) {
            let fill = |row: &mut [Value], now: bool| {
                for (place, slot) in slots.iter().enumerate().filter(|(place, _)| read[*place] == now) {
                    row[place] = convert::event_value(event.get(&slot.name), slot.ty);
                }
            };
            fill(&mut row, true);
            if predicate::truth(predicate, &self.scope(&places, &row)) == Truth::True {
                let mut kept = row.clone();
                fill(&mut kept, false);
                rows.push(kept);
            }
        }
        Rows { slots, rows }
    }

    /// `extend` (`keep`) and `project`: every assignment sees the input's columns.
    ///
    /// <https://learn.microsoft.com/kusto/query/extend-operator>
    /// <https://learn.microsoft.com/kusto/query/project-operator>
    fn assign(&mut self, id: RelationId, input: RelationId, columns: &[Assignment], keep: bool) -> Rows {
        /// Where a column of the result comes from.
        enum Source<'e> {
            Computed(&'e crate::ir::Expr),
            Input(usize),
            Missing(Type),
        }
        let Rows { slots, rows } = self.take(input);
        let places = self.places(&slots);
        let schema = &self.query.relation(id).schema;
        let mut sources = Vec::new();
        let mut result = Vec::new();
        for column in self.needed(id) {
            let assigned = columns.iter().rev().find(|assignment| assignment.column == column);
            let slot = self.slot(column);
            sources.push(match assigned {
                Some(assignment) => Source::Computed(&assignment.value),
                None => match places.get(column.0 as usize).copied().flatten().filter(|_| keep) {
                    Some(place) => Source::Input(place),
                    None => Source::Missing(slot.ty),
                },
            });
            result.push(slot);
        }
        if keep || schema.open {
            // Columns that only the events know go on, unless a new column now has the name.
            for (place, slot) in slots.iter().enumerate().filter(|(_, slot)| slot.id.is_none()) {
                if result.iter().all(|known| known.name != slot.name) {
                    sources.push(Source::Input(place));
                    result.push(slot.clone());
                }
            }
        }
        let mut computed = Vec::with_capacity(rows.len());
        for mut row in rows {
            let mut values: Vec<Value> = {
                let scope = self.scope(&places, &row);
                let value = |source: &Source<'_>| match source {
                    Source::Computed(expr) => scope.value(expr).into_owned(),
                    Source::Input(_) => Value::Bool(false),
                    Source::Missing(ty) => Value::missing(*ty),
                };
                sources.iter().map(value).collect()
            };
            for (value, source) in values.iter_mut().zip(&sources) {
                if let Source::Input(place) = source {
                    *value = std::mem::replace(&mut row[*place], Value::Bool(false));
                }
            }
            computed.push(values);
        }
        Rows { slots: result, rows: computed }
    }

    /// The answer's columns in the order of its schema, and behind them those that only the events know.
    fn answer(&self, id: RelationId, rows: Rows) -> Rows {
        let extra: Vec<usize> =
            rows.slots.iter().enumerate().filter(|(_, slot)| slot.id.is_none()).map(|(at, _)| at).collect();
        if extra.is_empty() {
            return self.arrange(id, rows);
        }
        let kept: Vec<Slot> = extra.iter().map(|at| rows.slots[*at].clone()).collect();
        let values: Vec<Vec<Value>> =
            rows.rows.iter().map(|row| extra.iter().map(|at| row[*at].clone()).collect()).collect();
        let mut arranged = self.arrange(id, rows);
        arranged.slots.extend(kept);
        for (row, values) in arranged.rows.iter_mut().zip(values) {
            row.extend(values);
        }
        arranged
    }

    /// The columns in the order of the relation's schema.
    fn arrange(&self, id: RelationId, rows: Rows) -> Rows {
        let wanted = &self.query.relation(id).schema.columns;
        if rows.slots.iter().map(|slot| slot.id).eq(wanted.iter().copied().map(Some)) {
            return rows;
        }
        let places = self.places(&rows.slots);
        let slots: Vec<Slot> = wanted.iter().map(|column| self.slot(*column)).collect();
        let arranged = rows
            .rows
            .iter()
            .map(|row| {
                let value = |(column, slot): (&ColumnId, &Slot)| {
                    let place = places.get(column.0 as usize).copied().flatten();
                    place.map_or_else(|| Value::missing(slot.ty), |place| row[place].clone())
                };
                wanted.iter().zip(&slots).map(value).collect()
            })
            .collect();
        Rows { slots, rows: arranged }
    }

    /// `sort`: stable, so that equal rows keep their order.
    ///
    /// <https://learn.microsoft.com/kusto/query/sort-operator>
    fn sort(&mut self, input: RelationId, by: &[SortKey]) -> Rows {
        let Rows { slots, rows } = self.take(input);
        let places = self.places(&slots);
        let mut keyed: Vec<(Vec<Value>, Vec<Value>)> = rows
            .into_iter()
            .map(|row| {
                let scope = self.scope(&places, &row);
                (by.iter().map(|key| scope.value(&key.value).into_owned()).collect::<Vec<_>>(), row)
            })
            .collect();
        keyed.sort_by(|(left, _), (right, _)| {
            by.iter()
                .zip(left.iter().zip(right))
                .map(|(key, (left, right))| key_order(key, left, right))
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        });
        Rows { slots, rows: keyed.into_iter().map(|(_, row)| row).collect() }
    }

    /// `union`: <https://learn.microsoft.com/kusto/query/union-operator>
    fn union(&mut self, id: RelationId, inputs: &[RelationId], columns: &[UnionColumn]) -> Rows {
        let columns: Vec<&UnionColumn> = {
            let need = &self.needs[id.0 as usize].columns;
            columns.iter().filter(|column| need.contains(&column.column)).collect()
        };
        let mut slots: Vec<Slot> = columns.iter().map(|column| self.slot(column.column)).collect();
        let parts: Vec<Rows> = inputs.iter().map(|input| self.take(*input)).collect();
        // Columns that only the events of open tables know are joined by name.
        let mut extra: HashMap<String, usize> = HashMap::new();
        for slot in parts.iter().flat_map(|part| &part.slots).filter(|slot| slot.id.is_none()) {
            if !extra.contains_key(&slot.name) && slots.iter().all(|known| known.name != slot.name) {
                extra.insert(slot.name.clone(), slots.len());
                slots.push(slot.clone());
            }
        }
        let mut rows = Vec::with_capacity(parts.iter().map(|part| part.rows.len()).sum());
        for (at, part) in parts.into_iter().enumerate() {
            let places = self.places(&part.slots);
            let place = |column: ColumnId| places.get(column.0 as usize).copied().flatten();
            let mut sources: Vec<Option<usize>> =
                columns.iter().map(|column| column.sources.get(at).copied().flatten().and_then(place)).collect();
            sources.resize(slots.len(), None);
            for (from, slot) in part.slots.iter().enumerate().filter(|(_, slot)| slot.id.is_none()) {
                let to = extra.get(&slot.name).copied().or_else(|| slots.iter().position(|s| s.name == slot.name));
                if let Some(to) = to.filter(|to| sources[*to].is_none()) {
                    sources[to] = Some(from);
                }
            }
            for row in part.rows {
                // One column may feed several, so values are copied.
                let value = |(source, slot): (&Option<usize>, &Slot)| match source {
                    Some(place) => row[*place].clone(),
                    None => Value::missing(slot.ty),
                };
                rows.push(sources.iter().zip(&slots).map(value).collect());
            }
        }
        Rows { slots, rows }
    }
}

fn key_order(key: &SortKey, left: &Value, right: &Value) -> Ordering {
    let missing = |value: &Value| match value {
        Value::Null(_) => true,
        Value::Real(number) => number.is_nan(),
        _ => false,
    };
    match (missing(left), missing(right)) {
        (false, false) if key.descending => sort_order(right, left),
        (false, false) => sort_order(left, right),
        // Nulls and NaNs stand together, nulls at the outer end.
        _ if key.nulls_first => sort_order(left, right),
        _ => sort_order(right, left),
    }
}
