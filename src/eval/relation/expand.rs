//! `mv-expand`, `mv-apply`, `partition`.

use std::collections::{BTreeMap, HashMap};

use super::plan::{dependencies, inner};
use super::{Evaluator, MOST_ROWS, Rows, Slot};
use crate::eval::value::Key;
use crate::eval::{Refused, convert};
use crate::ir::{ColumnId, Dynamic, Expansion, Expr, RelationId, Type, Value};

impl Evaluator<'_> {
    /// `mv-expand`: <https://learn.microsoft.com/kusto/query/mv-expand-operator>
    pub(super) fn expand(
        &mut self,
        id: RelationId,
        input: RelationId,
        expansion: &Expansion,
    ) -> Result<Rows, Refused> {
        let Rows { slots, rows } = self.take(input);
        let places = self.places(&slots);
        let result = self.expanded_slots(&slots, expansion);
        let mut expanded = Vec::new();
        for row in &rows {
            expanded.extend(self.elements_of(&places, &slots, row, expansion));
            if expanded.len() > MOST_ROWS {
                return Err(self.too_many(id));
            }
        }
        Ok(Rows { slots: result, rows: expanded })
    }

    /// The input's columns, and behind them those of the elements; one that is expanded under its own name is gone.
    fn expanded_slots(&self, slots: &[Slot], expansion: &Expansion) -> Vec<Slot> {
        let mut result = self.kept(slots, expansion).map(|(_, slot)| slot.clone()).collect::<Vec<_>>();
        result.extend(self.new_columns(expansion).map(|column| self.slot(column)));
        result
    }

    fn new_columns(&self, expansion: &Expansion) -> impl Iterator<Item = ColumnId> {
        expansion.columns.iter().map(|assignment| assignment.column).chain(expansion.index)
    }

    fn kept<'s>(&self, slots: &'s [Slot], expansion: &Expansion) -> impl Iterator<Item = (usize, &'s Slot)> {
        let replaced: Vec<&str> =
            self.new_columns(expansion).map(|column| self.query.column(column).name.as_str()).collect();
        let kept: Vec<usize> =
            (0..slots.len()).filter(|place| !replaced.contains(&slots[*place].name.as_str())).collect();
        kept.into_iter().map(move |place| (place, &slots[place]))
    }

    /// The rows that one row expands to: as many as the longest of its arrays has elements, the others padded with null.
    fn elements_of(
        &self,
        places: &[Option<usize>],
        slots: &[Slot],
        row: &[Value],
        expansion: &Expansion,
    ) -> Vec<Vec<Value>> {
        let scope = self.scope(places, row);
        let arrays: Vec<Vec<Dynamic>> = expansion
            .columns
            .iter()
            .map(|assignment| elements(&scope.value(&assignment.value), expansion.pairs))
            .collect();
        let longest = arrays.iter().map(Vec::len).max().unwrap_or(0);
        let most = expansion.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let kept: Vec<usize> = self.kept(slots, expansion).map(|(place, _)| place).collect();
        (0..longest.min(most))
            .map(|at| {
                let mut expanded: Vec<Value> = kept.iter().map(|place| row[*place].clone()).collect();
                for (array, assignment) in arrays.iter().zip(&expansion.columns) {
                    let element = array.get(at).cloned().unwrap_or(Dynamic::Null);
                    expanded.push(cast(element, self.query.column(assignment.column).ty));
                }
                if expansion.index.is_some() {
                    expanded.push(Value::Long(i64::try_from(at).unwrap_or(i64::MAX)));
                }
                expanded
            })
            .collect()
    }

    /// `mv-apply`: the pipeline's rows beside the row that was expanded.
    ///
    /// <https://learn.microsoft.com/kusto/query/mv-apply-operator>
    pub(super) fn apply(
        &mut self,
        id: RelationId,
        input: RelationId,
        expansion: &Expansion,
        given: RelationId,
        body: RelationId,
    ) -> Result<Rows, Refused> {
        let Rows { slots, rows } = self.take(input);
        let places = self.places(&slots);
        let element_slots = self.expanded_slots(&slots, expansion);
        let pipeline = self.pipeline(id, given, body);
        let mut result: Option<(Vec<Slot>, Vec<Source>)> = None;
        let mut applied = Vec::new();
        for row in &rows {
            let elements = self.elements_of(&places, &slots, row, expansion);
            if elements.is_empty() {
                continue;
            }
            let answer = self.run_pipeline(&pipeline, Rows { slots: element_slots.clone(), rows: elements })?;
            let (_, sources) = result.get_or_insert_with(|| self.applied_slots(id, &slots, &answer.slots, expansion));
            for answered in &answer.rows {
                let value = |source: &Source| match source {
                    Source::Outer(place) => row[*place].clone(),
                    Source::Answer(place) => answered[*place].clone(),
                    Source::Nowhere(ty) => Value::missing(*ty),
                };
                applied.push(sources.iter().map(value).collect());
            }
            if applied.len() > MOST_ROWS {
                return Err(self.too_many(id));
            }
        }
        let slots = match result {
            Some((slots, _)) => slots,
            None => self.applied_slots(id, &slots, &[], expansion).0,
        };
        Ok(Rows { slots, rows: applied })
    }

    /// The columns of `mv-apply` and where each comes from: the pipeline's answer goes first.
    fn applied_slots(
        &self,
        id: RelationId,
        outer: &[Slot],
        answer: &[Slot],
        expansion: &Expansion,
    ) -> (Vec<Slot>, Vec<Source>) {
        let of = |slots: &[Slot], column: ColumnId| slots.iter().position(|slot| slot.id == Some(column));
        let mut slots = Vec::new();
        let mut sources = Vec::new();
        for column in &self.query.relation(id).schema.columns {
            let slot = self.slot(*column);
            sources.push(match (of(answer, *column), of(outer, *column)) {
                (Some(place), _) => Source::Answer(place),
                (None, Some(place)) => Source::Outer(place),
                (None, None) => Source::Nowhere(slot.ty),
            });
            slots.push(slot);
        }
        for (place, slot) in self.kept(outer, expansion).filter(|(_, slot)| slot.id.is_none()) {
            if slots.iter().all(|known| known.name != slot.name) {
                sources.push(Source::Outer(place));
                slots.push(slot.clone());
            }
        }
        (slots, sources)
    }

    /// `partition`: <https://learn.microsoft.com/kusto/query/partition-operator>
    pub(super) fn partition(
        &mut self,
        id: RelationId,
        input: RelationId,
        by: &Expr,
        given: RelationId,
        body: RelationId,
    ) -> Result<Rows, Refused> {
        let Rows { slots, rows } = self.take(input);
        let places = self.places(&slots);
        let mut index: HashMap<Key, usize> = HashMap::new();
        let mut parts: Vec<Vec<Vec<Value>>> = Vec::new();
        for row in rows {
            let key = Key::of(&self.scope(&places, &row).value(by));
            let part = *index.entry(key).or_insert_with(|| {
                parts.push(Vec::new());
                parts.len() - 1
            });
            parts[part].push(row);
        }
        let pipeline = self.pipeline(id, given, body);
        let mut partitioned = Vec::new();
        for part in parts {
            let answer = self.run_pipeline(&pipeline, Rows { slots: slots.clone(), rows: part })?;
            partitioned.extend(self.arrange(id, answer).rows);
            if partitioned.len() > MOST_ROWS {
                return Err(self.too_many(id));
            }
        }
        let slots = self.query.relation(id).schema.columns.iter().map(|column| self.slot(*column)).collect();
        Ok(Rows { slots, rows: partitioned })
    }

    /// What is evaluated for each of the row sets that an operator gives to its pipeline.
    fn pipeline(&mut self, id: RelationId, given: RelationId, body: RelationId) -> Pipeline {
        let order = inner(self.query, given, body);
        let outside: Vec<RelationId> = dependencies(self.query, id).into_iter().skip(1).collect();
        for part in &order {
            for subquery in self.query.relation(*part).op.subqueries() {
                if !order.contains(&subquery) && !self.subqueries.contains_key(&subquery) {
                    self.prepare_subquery(subquery);
                }
            }
        }
        let mut outer = BTreeMap::new();
        for part in outside {
            // A subquery's rows were taken when its values were.
            if self.results.contains_key(&part) || self.outer.contains_key(&part) {
                outer.insert(part, self.take(part));
            }
        }
        let mut uses = vec![0; self.query.len()];
        uses[body.0 as usize] += 1;
        for part in &order {
            for input in dependencies(self.query, *part) {
                uses[input.0 as usize] += 1;
            }
        }
        Pipeline { given, body, order, uses, outer }
    }

    fn run_pipeline(&self, pipeline: &Pipeline, rows: Rows) -> Result<Rows, Refused> {
        let mut evaluator = Evaluator {
            query: self.query,
            data: self.data,
            clock: self.clock,
            uses: pipeline.uses.clone(),
            needs: self.needs,
            fused: self.fused,
            outer: &pipeline.outer,
            results: BTreeMap::from([(pipeline.given, rows)]),
            subqueries: self.subqueries.clone(),
        };
        for id in &pipeline.order {
            evaluator.evaluate(*id)?;
        }
        Ok(evaluator.take(pipeline.body))
    }
}

/// A pipeline inside an operator.
struct Pipeline {
    given: RelationId,
    body: RelationId,
    order: Vec<RelationId>,
    uses: Vec<usize>,
    outer: BTreeMap<RelationId, Rows>,
}

/// Where a column of `mv-apply` comes from.
enum Source {
    Outer(usize),
    Answer(usize),
    Nowhere(Type),
}

/// The elements of an array, the properties of a bag; null and scalars are themselves, once.
fn elements(value: &Value, pairs: bool) -> Vec<Dynamic> {
    match convert::to_dynamic(value) {
        Dynamic::Array(elements) => elements,
        Dynamic::Bag(properties) => properties
            .into_iter()
            .map(|(name, value)| match pairs {
                true => Dynamic::Array(vec![Dynamic::String(name), value]),
                false => Dynamic::Bag([(name, value)].into_iter().collect()),
            })
            .collect(),
        scalar => vec![scalar],
    }
}

/// An element as a value of the column's type: numbers and times are cast, but text is not parsed.
fn cast(element: Dynamic, ty: Type) -> Value {
    match (&element, ty) {
        (_, Type::Dynamic | Type::Unknown) => convert::from_dynamic(element),
        (Dynamic::Null, ty) => Value::missing(ty),
        (Dynamic::String(_), Type::Bool | Type::Int | Type::Long | Type::Real | Type::Decimal) => Value::Null(ty),
        _ => convert::convert(&Value::Dynamic(element), ty),
    }
}
