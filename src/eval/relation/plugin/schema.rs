//! `schema_merge`.

use super::{Evaluator, Rows};
use crate::eval::Refused;
use crate::eval::value::Key;
use crate::ir::{Evaluate, RelationId, Value};

/// What stands for the type of a column whose places differ.
const OUT_OF_ORDER: &str = "ERROR(columns are out of order)";

impl Evaluator<'_> {
    /// A column of several schemas is one column if it has one place in all of them, else an error in words.
    ///
    /// Which types are reduced to one the page does not say, nor where columns go that share a place.
    ///
    /// <https://learn.microsoft.com/kusto/query/schema-merge-plugin>
    pub(super) fn schema_merge(&self, id: RelationId, evaluate: &Evaluate, input: &Rows) -> Result<Rows, Refused> {
        let places = self.read(id, input, &evaluate.read)?;
        let mut merged: Vec<Vec<Value>> = Vec::new();
        for row in &input.rows {
            let row: Vec<Value> = places.iter().map(|place| row[*place].clone()).collect();
            let Some(known) = merged.iter_mut().find(|known| known[0] == row[0]) else {
                merged.push(row);
                continue;
            };
            let is_broken = known[3] == Value::String(OUT_OF_ORDER.to_owned());
            if known[2..] != row[2..] && !is_broken {
                return Err(self.not_documented(id, "a column of several types"));
            }
            if known[1] != row[1] {
                known[1] = Value::Long(-1);
                known[2] = Value::String(format!("ERROR(unknown CSL type:{OUT_OF_ORDER})"));
                known[3] = Value::String(OUT_OF_ORDER.to_owned());
            }
        }
        merged.sort_by_key(|row| Key::of(&row[1]));
        let in_order = merged.iter().filter(|row| row[1] != Value::Long(-1));
        if in_order.clone().zip(in_order.skip(1)).any(|(row, next)| row[1] == next[1]) {
            return Err(self.not_documented(id, "columns that share a place"));
        }
        Ok(self.found(id, merged))
    }
}
