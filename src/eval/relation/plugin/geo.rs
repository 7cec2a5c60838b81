//! `geo_line_lookup`, `geo_polygon_lookup`.

use super::{Evaluator, Rows};
use crate::eval::function;
use crate::eval::function::real;
use crate::eval::relation::MOST_ROWS;
use crate::eval::{Reason, Refused};
use crate::ir::{Evaluate, Function, GeoLookup, Plugin, RelationId, Value};

/// Most pairs of a row and a shape that are compared.
const MOST_PAIRS: usize = MOST_ROWS;

impl Evaluator<'_> {
    /// Pairs of a row and a shape that is near its place; without a radius, of a polygon around it.
    ///
    /// <https://learn.microsoft.com/kusto/query/geo-line-lookup-plugin>,
    /// <https://learn.microsoft.com/kusto/query/geo-polygon-lookup-plugin>
    pub(super) fn geo_lookup(
        &self,
        id: RelationId,
        evaluate: &Evaluate,
        lookup: &GeoLookup,
        input: &Rows,
        table: &Rows,
    ) -> Result<Rows, Refused> {
        let places = self.read(id, input, &evaluate.read)?;
        let shape = self.read(id, table, &[lookup.shape])?[0];
        let radius = match self.constants(&evaluate.constants).first() {
            Some(radius) => Some(real(radius).ok_or_else(|| self.not_documented(id, "a radius that is no number"))?),
            None => None,
        };
        let function = match (&evaluate.plugin, radius) {
            (Plugin::GeoLineLookup(_), _) => Function::GeoDistancePointToLine,
            (_, Some(_)) => Function::GeoDistancePointToPolygon,
            (_, None) => Function::GeoPointInPolygon,
        };
        if input.rows.len().saturating_mul(table.rows.len()) > MOST_PAIRS {
            let span = self.query.relation(id).origins.hull().unwrap_or_default();
            return Err(Refused { reason: Reason::TooManyRows(MOST_PAIRS), span });
        }
        let meets = |row: &[Value], other: &[Value]| {
            let arguments = [&row[places[0]], &row[places[1]], &other[shape]];
            match (function::call(function, &arguments, self.clock), radius) {
                (Value::Bool(inside), _) => inside,
                (Value::Real(distance), Some(radius)) => distance <= radius,
                _ => false,
            }
        };
        let columns = &self.query.relation(id).schema.columns;
        // From the table where the answer has a column of it, else from the input.
        let sources: Vec<(bool, Option<usize>)> = columns
            .iter()
            .map(|column| {
                let of_table = lookup.columns.iter().find(|known| known.column == *column);
                let (rows, source) = match of_table {
                    Some(known) => (table, known.right),
                    None => (input, Some(*column)),
                };
                let place = rows.slots.iter().position(|slot| slot.id == source && slot.id.is_some());
                (of_table.is_some(), place)
            })
            .collect();
        let further: Vec<usize> = (0..input.slots.len()).filter(|at| input.slots[*at].id.is_none()).collect();
        let mut slots: Vec<_> = columns.iter().map(|column| self.slot(*column)).collect();
        let pair = |row: &[Value], other: Option<&[Value]>| {
            let mut pair: Vec<Value> = sources
                .iter()
                .zip(&slots)
                .map(|((of_table, place), slot)| {
                    let side = if *of_table { other } else { Some(row) };
                    let value = side.zip(*place).map(|(side, place)| side[place].clone());
                    value.unwrap_or_else(|| Value::missing(slot.ty))
                })
                .collect();
            pair.extend(further.iter().map(|at| row[*at].clone()));
            pair
        };
        let mut rows = Vec::new();
        for row in &input.rows {
            let before = rows.len();
            rows.extend(table.rows.iter().filter(|other| meets(row, other)).map(|other| pair(row, Some(other))));
            if rows.len() == before && lookup.keeps_unmatched {
                rows.push(pair(row, None));
            }
        }
        slots.extend(further.iter().map(|at| input.slots[*at].clone()));
        Ok(Rows { slots, rows })
    }
}
