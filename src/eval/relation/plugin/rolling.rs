//! `rolling_percentile`.

use std::collections::BTreeMap;

use super::{Evaluator, Rows, placed, whole};
use crate::eval::Refused;
use crate::eval::function::{real, sketch};
use crate::eval::relation::MOST_ROWS;
use crate::ir::{Evaluate, RelationId, Value};

impl Evaluator<'_> {
    /// For each bin the percentile of its values and those of the bins before it that a window holds.
    ///
    /// Whether a bin without rows has a row, and counts as one of a window's, the page does not say.
    ///
    /// <https://learn.microsoft.com/kusto/query/rolling-percentile-plugin>
    pub(super) fn rolling_percentile(
        &self,
        id: RelationId,
        evaluate: &Evaluate,
        input: &Rows,
    ) -> Result<Rows, Refused> {
        let constants = self.constants(&evaluate.constants);
        let numbers = (real(&constants[0]), whole(&constants[1]), whole(&constants[2]));
        let (Some(share), Some(size @ 1..), Some(bins @ 1..)) = numbers else {
            return Err(self.not_documented(id, "bins without size"));
        };
        let places = self.read(id, input, &evaluate.read)?;
        let ty = self.query.column(evaluate.read[1]).ty;
        let mut rows = Vec::new();
        let mut work = 0_usize;
        for group in self.groups(id, input, &evaluate.dimensions)? {
            let mut found: BTreeMap<i64, Vec<(Value, f64)>> = BTreeMap::new();
            for row in group.rows.iter().map(|at| &input.rows[*at]) {
                let Some(place) = whole(&row[places[1]]) else { continue };
                let bin = found.entry(place.div_euclid(size)).or_default();
                bin.extend(Some(&row[places[0]]).filter(|value| !value.is_null()).map(|value| (value.clone(), 1.0)));
            }
            let (Some((first, _)), Some((last, _))) = (found.first_key_value(), found.last_key_value()) else {
                continue;
            };
            if usize::try_from(last.saturating_sub(*first)) != Ok(found.len() - 1) {
                return Err(self.not_documented(id, "a bin without rows"));
            }
            for bin in found.keys() {
                let window = found.range(bin.saturating_sub(bins - 1)..=*bin);
                let values: Vec<(Value, f64)> = window.flat_map(|(_, values)| values).cloned().collect();
                work += values.len();
                if work > MOST_ROWS {
                    return Err(self.too_many(id));
                }
                let mut row = vec![placed(bin.saturating_mul(size), ty)];
                row.extend(group.dimensions.iter().cloned());
                let null = Value::Null(self.query.column(evaluate.read[0]).ty);
                row.push(sketch::percentile(values, share).unwrap_or(null));
                rows.push(row);
            }
        }
        Ok(self.found(id, rows))
    }
}
