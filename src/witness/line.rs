//! Witnesses as text.

use serde_json::{Map, Value, json};

use super::Witness;
use crate::eval::{TABLE, render};
use crate::ir;

/// One line for each: `{"expect","why","now","events":[{"$table",…}],"lists":{…}}`.
pub fn lines(witnesses: &[Witness], clock: i64) -> String {
    witnesses.iter().map(|witness| format!("{}\n", line(witness, clock))).collect()
}

fn line(witness: &Witness, clock: i64) -> Value {
    let events: Vec<Value> = witness
        .data
        .tables
        .iter()
        .flat_map(|(table, events)| {
            events.iter().map(move |event| {
                let mut whole = Map::from_iter([(TABLE.to_owned(), Value::String(table.clone()))]);
                whole.extend(event.clone());
                Value::Object(whole)
            })
        })
        .collect();
    let mut line = json!({
        "expect": witness.expect,
        "why": witness.why,
        "now": render::value(&ir::Value::DateTime(clock)),
        "events": events,
    });
    if !witness.data.lists.is_empty() {
        line["lists"] = json!(witness.data.lists);
    }
    line
}
