//! Rows of their own: `range`, watchlists, `externaldata`.

use super::{Evaluator, MOST_ROWS, Rows, Slot};
use crate::eval::value::compare;
use crate::eval::{Reason, Refused, arithmetic, convert};
use crate::ir::{ArithmeticOp, Expr, External, RelationId, Type, Value};

impl Evaluator<'_> {
    /// `range`: <https://learn.microsoft.com/kusto/query/range-operator>
    pub(super) fn range(&self, id: RelationId, from: &Expr, to: &Expr, step: &Expr) -> Result<Rows, Refused> {
        let slots: Vec<Slot> =
            self.query.relation(id).schema.columns.iter().map(|column| self.slot(*column)).collect();
        let ty = slots.first().map_or(Type::Long, |slot| slot.ty);
        let scope = self.scope(&[], &[]);
        let (from, to, step) = (scope.value(from), scope.value(to), scope.value(step));
        let mut value = convert::convert(&from, ty);
        let mut rows = Vec::new();
        let descending = {
            let next = arithmetic::arithmetic(ArithmeticOp::Add, &value, &step);
            match compare(&next, &value) {
                Some(std::cmp::Ordering::Less) => true,
                Some(std::cmp::Ordering::Greater) => false,
                Some(std::cmp::Ordering::Equal) | None => return Ok(Rows { slots, rows }),
            }
        };
        loop {
            let inside = match compare(&value, &to) {
                Some(std::cmp::Ordering::Less) => !descending,
                Some(std::cmp::Ordering::Greater) => descending,
                Some(std::cmp::Ordering::Equal) => true,
                None => false,
            };
            if !inside {
                return Ok(Rows { slots, rows });
            }
            if rows.len() == MOST_ROWS {
                return Err(self.too_many(id));
            }
            let next = convert::convert(&arithmetic::arithmetic(ArithmeticOp::Add, &value, &step), ty);
            // Beyond the type's last value there is nothing.
            let advances = compare(&next, &value).is_some_and(|order| order.is_lt() == descending && order.is_ne());
            rows.push(vec![value]);
            if !advances {
                return Ok(Rows { slots, rows });
            }
            value = next;
        }
    }

    /// The rows of a list that was supplied with the events.
    pub(super) fn external(&self, id: RelationId, external: &External) -> Result<Rows, Refused> {
        let span = self.query.relation(id).origins.hull().unwrap_or_default();
        let refused = |reason: Reason| Refused { reason, span };
        match external {
            // The first record of a watchlist names its columns.
            External::Watchlist { alias } => {
                let endings = ["csv", "tsv", "json", "jsonl"];
                let found = endings.iter().find_map(|ending| {
                    let (name, text) = self.data.lists.iter().find(|(name, _)| {
                        name.strip_suffix(ending)
                            .and_then(|stem| stem.strip_suffix('.'))
                            .is_some_and(|stem| stem.eq_ignore_ascii_case(alias))
                    })?;
                    Some((name, text, *ending))
                });
                let Some((name, text, format)) = found else {
                    return Err(refused(Reason::NotSupplied(alias.clone())));
                };
                let unreadable = |error: String| refused(Reason::Unreadable(name.clone(), error));
                Ok(self.named_columns(id, read(text, format).map_err(unreadable)?))
            }
            External::Files { locations, format, skip_first } => {
                let slots: Vec<Slot> =
                    self.query.relation(id).schema.columns.iter().map(|column| self.slot(*column)).collect();
                let mut rows = Vec::new();
                for location in locations {
                    let name = file_name(location);
                    let Some(text) = self.data.lists.get(name) else {
                        return Err(refused(Reason::NotSupplied(name.to_owned())));
                    };
                    let ending = name.rsplit_once('.').map_or("csv", |(_, ending)| ending).to_ascii_lowercase();
                    let format = format.as_deref().unwrap_or(&ending);
                    let records =
                        read(text, format).map_err(|error| refused(Reason::Unreadable(name.to_owned(), error)))?;
                    match records {
                        Records::Positional(records) => {
                            for record in records.into_iter().skip(usize::from(*skip_first)) {
                                let cell = |(place, slot): (usize, &Slot)| match record.get(place) {
                                    Some(text) => convert::convert(&Value::String(text.clone()), slot.ty),
                                    None => Value::missing(slot.ty),
                                };
                                rows.push(slots.iter().enumerate().map(cell).collect());
                            }
                        }
                        Records::Named(events) => {
                            for event in events {
                                let cell = |slot: &Slot| convert::event_value(event.get(&slot.name), slot.ty);
                                rows.push(slots.iter().map(cell).collect());
                            }
                        }
                    }
                }
                Ok(Rows { slots, rows })
            }
        }
    }

    /// Records with names for their cells, under the columns of the schema and further ones.
    fn named_columns(&self, id: RelationId, records: Records) -> Rows {
        let events: Vec<crate::eval::Event> = match records {
            Records::Named(events) => events,
            Records::Positional(mut records) => {
                let names = if records.is_empty() { Vec::new() } else { records.remove(0) };
                let cell = |(name, text): (&String, String)| (name.clone(), serde_json::Value::String(text));
                records.into_iter().map(|record| names.iter().zip(record).map(cell).collect()).collect()
            }
        };
        let mut slots: Vec<Slot> =
            self.query.relation(id).schema.columns.iter().map(|column| self.slot(*column)).collect();
        for name in events.iter().flat_map(crate::eval::Event::keys) {
            if slots.iter().all(|slot| slot.name != *name) {
                slots.push(Slot { id: None, name: name.clone(), ty: Type::String });
            }
        }
        let row = |event: &crate::eval::Event| -> Vec<Value> {
            slots.iter().map(|slot| convert::event_value(event.get(&slot.name), slot.ty)).collect()
        };
        Rows { rows: events.iter().map(row).collect(), slots }
    }
}

/// The last part of a location, without what a web address has behind its path.
pub fn file_name(location: &str) -> &str {
    let path = location.split(['?', '#', ';']).next().unwrap_or(location);
    path.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The records of a file.
enum Records {
    Positional(Vec<Vec<String>>),
    Named(Vec<crate::eval::Event>),
}

/// Reads a file.
///
/// <https://learn.microsoft.com/kusto/ingestion-supported-formats>
fn read(text: &str, format: &str) -> Result<Records, String> {
    let text = text.trim_start_matches('\u{feff}');
    let delimiter = match format {
        "csv" => b',',
        "tsv" => b'\t',
        "psv" => b'|',
        "scsv" => b';',
        "txt" | "raw" => {
            return Ok(Records::Positional(text.lines().map(|line| vec![line.to_owned()]).collect()));
        }
        "json" | "jsonl" | "multijson" => return read_json(text).map(Records::Named),
        other => return Err(format!("the format `{other}` is not read")),
    };
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let record = |record: csv::Result<csv::StringRecord>| -> Result<Vec<String>, String> {
        Ok(record.map_err(|error| error.to_string())?.iter().map(str::to_owned).collect())
    };
    reader.records().map(record).collect::<Result<_, _>>().map(Records::Positional)
}

/// Objects one after the other, or an array of them.
fn read_json(text: &str) -> Result<Vec<crate::eval::Event>, String> {
    let mut events = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>() {
        match value.map_err(|error| error.to_string())? {
            serde_json::Value::Object(event) => events.push(event),
            serde_json::Value::Array(elements) => {
                for element in elements {
                    let serde_json::Value::Object(event) = element else {
                        return Err("an element is no object".to_owned());
                    };
                    events.push(event);
                }
            }
            _ => return Err("a record is no object".to_owned()),
        }
    }
    Ok(events)
}
