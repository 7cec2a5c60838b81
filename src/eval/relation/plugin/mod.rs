//! `evaluate`: one function for each plugin.
//!
//! The pages show what plugins answer on the data of their examples. Where they leave open what other data give, the
//! plugin refuses those data.

mod activity;
mod geo;
mod rolling;
mod schema;

use std::collections::HashMap;

use super::{Evaluator, Rows};
use crate::eval::function::sketch;
use crate::eval::value::Key;
use crate::eval::{Reason, Refused};
use crate::ir::{ColumnId, Evaluate, Expr, Plugin, RelationId, Type, Value};

/// The rows with the same values of the dimensions.
struct Group {
    dimensions: Vec<Value>,
    rows: Vec<usize>,
}

impl Evaluator<'_> {
    /// <https://learn.microsoft.com/kusto/query/evaluate-operator>
    pub(super) fn plugin(&mut self, id: RelationId, evaluate: &Evaluate) -> Result<Rows, Refused> {
        let input = self.take(evaluate.input);
        match &evaluate.plugin {
            Plugin::ActiveUsersCount => self.active_users_count(id, evaluate, &input),
            Plugin::ActivityCountsMetrics => self.activity_counts_metrics(id, evaluate, &input),
            Plugin::DcountIntersect => self.dcount_intersect(id, evaluate, input),
            Plugin::GeoLineLookup(lookup) | Plugin::GeoPolygonLookup(lookup) => {
                let table = self.take(lookup.table);
                self.geo_lookup(id, evaluate, lookup, &input, &table)
            }
            Plugin::RollingPercentile => self.rolling_percentile(id, evaluate, &input),
            Plugin::SchemaMerge => self.schema_merge(id, evaluate, &input),
            Plugin::SlidingWindowCounts => self.sliding_window_counts(id, evaluate, &input),
        }
    }

    /// Data on which the plugin's page does not say what it answers.
    fn not_documented(&self, id: RelationId, what: &str) -> Refused {
        let origins = &self.query.relation(id).origins;
        let plugin = self.query.relation(id).op.name();
        let reason = Reason::NotDocumented(format!("what `{plugin}` answers for {what}"));
        Refused { reason, span: origins.hull().unwrap_or_default() }
    }

    /// The values of a plugin's constants.
    fn constants(&self, constants: &[Expr]) -> Vec<Value> {
        let scope = self.scope(&[], &[]);
        constants.iter().map(|constant| scope.value(constant).into_owned()).collect()
    }

    /// Where the columns that a plugin reads stand in its rows.
    fn read(&self, id: RelationId, rows: &Rows, columns: &[ColumnId]) -> Result<Vec<usize>, Refused> {
        let place = |column: &ColumnId| rows.slots.iter().position(|slot| slot.id == Some(*column));
        let places: Option<Vec<usize>> = columns.iter().map(place).collect();
        places.ok_or_else(|| self.not_documented(id, "a column that is not there"))
    }

    /// The rows of each combination of the dimensions, in order of appearance.
    fn groups(&self, id: RelationId, rows: &Rows, dimensions: &[ColumnId]) -> Result<Vec<Group>, Refused> {
        let places = self.read(id, rows, dimensions)?;
        let mut known: HashMap<Vec<Key>, usize> = HashMap::new();
        let mut groups: Vec<Group> = Vec::new();
        for (at, row) in rows.rows.iter().enumerate() {
            let key = places.iter().map(|place| Key::of(&row[*place])).collect();
            let group = *known.entry(key).or_insert_with(|| {
                let dimensions = places.iter().map(|place| row[*place].clone()).collect();
                groups.push(Group { dimensions, rows: Vec::new() });
                groups.len() - 1
            });
            groups[group].rows.push(at);
        }
        Ok(groups)
    }

    /// Rows that have a value for each column of the plugin's schema.
    fn found(&self, id: RelationId, rows: Vec<Vec<Value>>) -> Rows {
        let slots = self.query.relation(id).schema.columns.iter().map(|column| self.slot(*column)).collect();
        Rows { slots, rows }
    }

    /// States that hold nothing are null, and then nothing is said of their intersection.
    ///
    /// <https://learn.microsoft.com/kusto/query/dcount-intersect-plugin>
    fn dcount_intersect(&self, id: RelationId, evaluate: &Evaluate, input: Rows) -> Result<Rows, Refused> {
        let places = self.read(id, &input, &evaluate.read)?;
        let schema = &self.query.relation(id).schema.columns;
        let Rows { mut slots, mut rows } = input;
        let counts = schema.len().saturating_sub(places.len());
        slots.extend(schema[counts..].iter().map(|column| self.slot(*column)));
        for row in &mut rows {
            let states: Vec<&Value> = places.iter().map(|place| &row[*place]).collect();
            let counts =
                sketch::intersections(&states).ok_or_else(|| self.not_documented(id, "what is no state of `hll`"))?;
            row.extend(counts.into_iter().map(Value::Long));
        }
        Ok(self.answer(id, Rows { slots, rows }))
    }
}

/// A place on a timeline.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::DateTime(ticks) | Value::TimeSpan(ticks) => Some(*ticks),
        Value::Long(number) => Some(*number),
        Value::Int(number) => Some(i64::from(*number)),
        _ => None,
    }
}

/// A place on a timeline as a value of the timeline's type.
fn placed(place: i64, ty: Type) -> Value {
    match ty {
        Type::DateTime => Value::DateTime(place),
        Type::TimeSpan => Value::TimeSpan(place),
        Type::Int => i32::try_from(place).map_or(Value::Null(Type::Int), Value::Int),
        _ => Value::Long(place),
    }
}
