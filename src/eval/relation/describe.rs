//! `getschema`: <https://learn.microsoft.com/kusto/query/getschema-operator>

use super::{Evaluator, Rows, column_type};
use crate::ir::{RelationId, Type, Value};

impl Evaluator<'_> {
    pub(super) fn describe(&mut self, id: RelationId, input: RelationId) -> Rows {
        let taken = self.take(input);
        let rows = self.answer(input, taken);
        let described = rows
            .slots
            .iter()
            .enumerate()
            .map(|(place, slot)| {
                let ty = column_type(slot.ty, place, &rows.rows);
                vec![
                    Value::String(slot.name.clone()),
                    Value::Long(i64::try_from(place).unwrap_or(i64::MAX)),
                    Value::String(clr_name(ty).to_owned()),
                    Value::String(ty.name().to_owned()),
                ]
            })
            .collect();
        let slots = self.query.relation(id).schema.columns.iter().map(|column| self.slot(*column)).collect();
        Rows { slots, rows: described }
    }
}

/// The engine's name of a type.
fn clr_name(ty: Type) -> &'static str {
    match ty {
        Type::Bool => "System.SByte",
        Type::DateTime => "System.DateTime",
        Type::Decimal => "System.Data.SqlTypes.SqlDecimal",
        Type::Dynamic | Type::Unknown => "System.Object",
        Type::Guid => "System.Guid",
        Type::Int => "System.Int32",
        Type::Long => "System.Int64",
        Type::Real => "System.Double",
        Type::String => "System.String",
        Type::TimeSpan => "System.TimeSpan",
    }
}
