//! `join`, `lookup`, `ipv4_lookup`.

use std::collections::{HashMap, HashSet};

use super::{Evaluator, MOST_ROWS, Rows, Slot};
use crate::eval::function::network;
use crate::eval::value::Key;
use crate::eval::{Refused, convert};
use crate::ir::{ColumnId, Join, JoinKind, KeyTest, RelationId, Side, Value};

/// Where a column of the answer comes from.
#[derive(Clone, Copy)]
enum Source {
    Left(usize),
    Right(usize),
    Nowhere,
}

impl Evaluator<'_> {
    /// <https://learn.microsoft.com/kusto/query/join-operator>
    ///
    /// Keys are equal with letter case, empty texts to one another; nulls meet nothing. Of left rows with one key
    /// `innerunique` takes any: here the first.
    pub(super) fn join(&mut self, id: RelationId, join: &Join) -> Result<Rows, Refused> {
        let mut left = self.take(join.left);
        let right = self.take(join.right);
        let left_keys = self.join_keys(&left, join, Side::Left);
        let right_keys = self.join_keys(&right, join, Side::Right);
        if join.kind == JoinKind::InnerUnique {
            let mut seen: HashSet<Vec<Key>> = HashSet::new();
            let fresh: Vec<bool> = left_keys
                .iter()
                .map(|values| values.iter().all(|values| seen.insert(values.iter().map(Key::of).collect())))
                .collect();
            let mut kept = fresh.iter().copied();
            left.rows.retain(|_| kept.next().unwrap_or(false));
            let kept = left_keys.into_iter().zip(fresh).filter(|(_, fresh)| *fresh).map(|(key, _)| key).collect();
            return self.meet(id, join, (left, kept), (right, right_keys));
        }
        self.meet(id, join, (left, left_keys), (right, right_keys))
    }

    /// The values of a side's keys, row by row; none for a row that can meet nothing.
    fn join_keys(&self, rows: &Rows, join: &Join, side: Side) -> Vec<Option<Vec<Value>>> {
        let places = self.places(&rows.slots);
        let columns: Vec<Option<usize>> = join
            .keys
            .iter()
            .map(|key| if side == Side::Left { key.left } else { key.right })
            .map(|column: ColumnId| places.get(column.0 as usize).copied().flatten())
            .collect();
        let values = |row: &Vec<Value>| -> Option<Vec<Value>> {
            columns
                .iter()
                .map(|place| place.map(|place| row[place].clone()).filter(|value| !value.is_null()))
                .collect()
        };
        rows.rows.iter().map(values).collect()
    }

    fn meet(
        &self,
        id: RelationId,
        join: &Join,
        (left, left_keys): (Rows, Vec<Option<Vec<Value>>>),
        (right, right_keys): (Rows, Vec<Option<Vec<Value>>>),
    ) -> Result<Rows, Refused> {
        let equal: Vec<usize> = (0..join.keys.len()).filter(|at| join.keys[*at].test == KeyTest::Equal).collect();
        let inside: Vec<usize> = (0..join.keys.len()).filter(|at| join.keys[*at].test != KeyTest::Equal).collect();
        let key = |values: &[Value]| equal.iter().map(|at| Key::of(&values[*at])).collect::<Vec<_>>();
        let mut index: HashMap<Vec<Key>, Vec<usize>> = HashMap::new();
        for (row, values) in right_keys.iter().enumerate() {
            if let Some(values) = values {
                index.entry(key(values)).or_default().push(row);
            }
        }
        let partners = |values: &Option<Vec<Value>>| -> Vec<usize> {
            let Some(values) = values else { return Vec::new() };
            let candidates = index.get(&key(values)).map_or(&[] as &[usize], Vec::as_slice);
            let is_inside = |row: &usize| {
                inside.iter().all(|at| {
                    let network = right_keys[*row].as_ref().map(|values| &values[*at]);
                    network.is_some_and(|network| is_in_network(&values[*at], network, join.keys[*at].test))
                })
            };
            candidates.iter().copied().filter(is_inside).collect()
        };
        if let Some(side) = join.kind.side() {
            let wants_partner = matches!(join.kind, JoinKind::LeftSemi | JoinKind::RightSemi);
            let mut met = vec![false; right.rows.len()];
            let mut left_met = Vec::with_capacity(left_keys.len());
            for values in &left_keys {
                let partners = partners(values);
                left_met.push(!partners.is_empty());
                for partner in partners {
                    met[partner] = true;
                }
            }
            let (mut rows, met) = if side == Side::Left { (left, left_met) } else { (right, met) };
            let mut met = met.into_iter();
            rows.rows.retain(|_| met.next() == Some(wants_partner));
            return Ok(rows);
        }
        let (slots, sources) = self.join_slots(id, join, &left, &right);
        let row = |left: Option<&Vec<Value>>, right: Option<&Vec<Value>>| -> Vec<Value> {
            let value = |(source, slot): (&Source, &Slot)| {
                match source {
                    Source::Left(place) => left.map(|row| row[*place].clone()),
                    Source::Right(place) => right.map(|row| row[*place].clone()),
                    Source::Nowhere => None,
                }
                .unwrap_or_else(|| Value::missing(slot.ty))
            };
            sources.iter().zip(&slots).map(value).collect()
        };
        let keeps_left = matches!(join.kind, JoinKind::LeftOuter | JoinKind::FullOuter);
        let keeps_right = matches!(join.kind, JoinKind::RightOuter | JoinKind::FullOuter);
        let mut rows = Vec::new();
        let mut met = vec![false; right.rows.len()];
        for (left_row, values) in left.rows.iter().zip(&left_keys) {
            let partners = partners(values);
            if partners.is_empty() && keeps_left {
                rows.push(row(Some(left_row), None));
            }
            for partner in partners {
                met[partner] = true;
                rows.push(row(Some(left_row), Some(&right.rows[partner])));
            }
            if rows.len() > MOST_ROWS {
                return Err(self.too_many(id));
            }
        }
        if keeps_right {
            for (right_row, _) in right.rows.iter().zip(&met).filter(|(_, met)| !**met) {
                rows.push(row(None, Some(right_row)));
            }
        }
        Ok(Rows { slots, rows })
    }

    /// The columns of pairs, and where each comes from.
    fn join_slots(&self, id: RelationId, join: &Join, left: &Rows, right: &Rows) -> (Vec<Slot>, Vec<Source>) {
        let left_places = self.places(&left.slots);
        let right_places = self.places(&right.slots);
        let find = |places: &[Option<usize>], column: ColumnId| places.get(column.0 as usize).copied().flatten();
        let holds = |rows: &Rows, place: usize| {
            rows.rows.iter().any(|row| !row[place].is_null() && row[place].as_str() != Some(""))
        };
        let mut slots = Vec::new();
        let mut sources = Vec::new();
        for column in self.needed(id) {
            let renamed = join.columns.iter().find(|known| known.column == column);
            let (from_left, from_right) = match renamed {
                Some(known) => (
                    known.left.and_then(|column| find(&left_places, column)),
                    known.right.and_then(|column| find(&right_places, column)),
                ),
                None => (find(&left_places, column), None),
            };
            sources.push(match (from_left, from_right) {
                (Some(place), Some(_)) if holds(left, place) => Source::Left(place),
                (_, Some(place)) => Source::Right(place),
                (Some(place), None) => Source::Left(place),
                (None, None) => Source::Nowhere,
            });
            slots.push(self.slot(column));
        }
        // Columns that only the events know: a name that is taken gets a number, as a known one does.
        for (place, slot) in left.slots.iter().enumerate().filter(|(_, slot)| slot.id.is_none()) {
            sources.push(Source::Left(place));
            slots.push(slot.clone());
        }
        for (place, slot) in right.slots.iter().enumerate().filter(|(_, slot)| slot.id.is_none()) {
            let taken = |name: &str| slots.iter().any(|slot| slot.name == name);
            let name = std::iter::once(slot.name.clone())
                .chain((1..).map(|number: usize| format!("{}{number}", slot.name)))
                .find(|name| !taken(name))
                .expect("numbers do not run out");
            sources.push(Source::Right(place));
            slots.push(Slot { name, ..slot.clone() });
        }
        (slots, sources)
    }
}

/// Whether an address lies in a network.
///
/// <https://learn.microsoft.com/kusto/query/ipv4-lookup-plugin>
fn is_in_network(address: &Value, network: &Value, test: KeyTest) -> bool {
    if convert::text(address).is_empty() {
        return false;
    }
    let answer = match test {
        KeyTest::InIpv4Network => network::ipv4_is_match(address, network, None),
        KeyTest::InIpv6Network => network::ipv6_is_match(address, network, None),
        KeyTest::Equal => return false,
    };
    answer == Value::Bool(true)
}
