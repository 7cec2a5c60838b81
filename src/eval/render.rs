//! Answers as JSON and as a table of text.

use serde_json::{Value as Json, json};

use super::{Table, convert, time};
use crate::ir::{Type, Value};

/// `{"columns":[{"name","type"}],"rows":[[…]]}`: instants as RFC 3339 in UTC with as many decimals as they need,
/// durations as `[-][d.]hh:mm:ss[.fffffff]`, `dynamic` as JSON, null as null.
pub fn json(table: &Table) -> Json {
    let columns: Vec<Json> =
        table.columns.iter().map(|(name, ty)| json!({"name": name, "type": type_name(*ty)})).collect();
    let rows: Vec<Json> = table.rows.iter().map(|row| row.iter().map(value).collect()).collect();
    json!({"columns": columns, "rows": rows})
}

fn type_name(ty: Type) -> &'static str {
    match ty {
        // A column that nothing says anything about holds whatever the events hold.
        Type::Unknown => Type::Dynamic.name(),
        known => known.name(),
    }
}

/// A value as JSON. Numbers that JSON lacks are their names as text, decimals their digits.
pub fn value(value: &Value) -> Json {
    match value {
        Value::Null(_) => Json::Null,
        Value::Bool(truth) => Json::Bool(*truth),
        Value::DateTime(ticks) => Json::String(time::short_instant_text(*ticks)),
        Value::Int(number) => Json::from(*number),
        Value::Long(number) => Json::from(*number),
        Value::Dynamic(inner) => convert::to_json(inner),
        Value::Real(number) => {
            serde_json::Number::from_f64(*number).map_or_else(|| convert::real_text(*number).into(), Json::Number)
        }
        Value::Decimal(_) | Value::Guid(_) | Value::String(_) | Value::TimeSpan(_) => {
            Json::String(convert::text(value).into_owned())
        }
    }
}

/// A table of text: names, a rule, a line for each row; line ends inside values are escaped.
pub fn text(table: &Table) -> String {
    let names: Vec<String> = table.columns.iter().map(|(name, _)| name.clone()).collect();
    let rows: Vec<Vec<String>> = table.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    let width = |at: usize| {
        let cells = rows.iter().map(|row| row[at].chars().count());
        cells.chain([names[at].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..names.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    std::iter::once(line(&names)).chain([line(&rule)]).chain(rows.iter().map(|row| line(row))).collect()
}

fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null(_) => "null".to_owned(),
        Value::DateTime(ticks) => time::short_instant_text(*ticks),
        Value::Bool(truth) => truth.to_string(),
        other => convert::text(other).into_owned(),
    };
    text.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t")
}
