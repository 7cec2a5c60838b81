//! `bag_unpack`.

use std::collections::BTreeMap;

use super::{Evaluator, Rows, Slot};
use crate::eval::{Reason, Refused, convert};
use crate::ir::{Conflict, Dynamic, RelationId, Type, Unpack, Value};

impl Evaluator<'_> {
    /// <https://learn.microsoft.com/kusto/query/bag-unpack-plugin>
    ///
    /// The new columns stand behind the input's, in order of their names.
    pub(super) fn unpack(&mut self, id: RelationId, unpack: &Unpack) -> Result<Rows, Refused> {
        let Rows { slots, rows } = self.take(unpack.input);
        let bag = slots.iter().position(|slot| slot.id == Some(unpack.bag));
        let bags: Vec<BTreeMap<String, Value>> = rows
            .iter()
            .map(|row| match bag.map(|place| &row[place]) {
                Some(Value::Dynamic(Dynamic::Bag(properties))) => properties
                    .iter()
                    .filter(|(name, _)| !unpack.ignored.contains(name))
                    .map(|(name, value)| {
                        let value = crate::eval::value::unwrap(&convert::from_dynamic(value.clone()));
                        (format!("{}{name}", unpack.prefix), value)
                    })
                    .collect(),
                _ => BTreeMap::new(),
            })
            .collect();
        let mut names: Vec<String> = Vec::new();
        for name in bags.iter().flat_map(BTreeMap::keys) {
            if let Err(place) = names.binary_search(name) {
                names.insert(place, name.clone());
            }
        }
        let mut kept: Vec<usize> = (0..slots.len()).filter(|place| Some(*place) != bag).collect();
        let clash = |name: &String| kept.iter().any(|place| slots[*place].name == *name);
        match unpack.conflict {
            Conflict::Error => {
                if let Some(name) = names.iter().find(|name| clash(name)) {
                    let origins = &self.query.relation(id).origins;
                    let reason = Reason::Fails(format!("`bag_unpack` meets a column `{name}` that is there already"));
                    return Err(Refused { reason, span: origins.hull().unwrap_or_default() });
                }
            }
            Conflict::KeepSource => names.retain(|name| !clash(name)),
            Conflict::ReplaceSource => kept.retain(|place| !names.contains(&slots[*place].name)),
        }
        let mut result: Vec<Slot> = kept.iter().map(|place| slots[*place].clone()).collect();
        result.extend(names.iter().map(|name| Slot { id: None, name: name.clone(), ty: Type::Unknown }));
        let mut cells = Vec::with_capacity(rows.len());
        for (row, mut bag) in rows.into_iter().zip(bags) {
            let mut values: Vec<Value> = kept.iter().map(|place| row[*place].clone()).collect();
            values.extend(names.iter().map(|name| bag.remove(name).unwrap_or(Value::Null(Type::Unknown))));
            cells.push(values);
        }
        Ok(self.named(id, Rows { slots: result, rows: cells }))
    }

    /// Columns that only the data know, under the ids that the query has given to some of their names.
    pub(super) fn named(&self, id: RelationId, mut rows: Rows) -> Rows {
        for column in &self.query.relation(id).schema.columns {
            let known = self.query.column(*column);
            if rows.slots.iter().any(|slot| slot.id == Some(*column)) {
                continue;
            }
            if let Some(place) = rows.slots.iter().position(|slot| slot.id.is_none() && slot.name == known.name) {
                rows.slots[place].id = Some(*column);
                if known.ty != Type::Dynamic {
                    rows.slots[place].ty = known.ty;
                    for row in &mut rows.rows {
                        row[place] = convert::convert(&row[place], known.ty);
                    }
                } else {
                    // Whatever the data hold; the type is told when the answer is shown.
                    rows.slots[place].ty = Type::Unknown;
                }
            }
        }
        rows
    }
}
