//! A file of cases to cases.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Case, Cases, Expectation, Expected};
use crate::diagnostic::{Code, Diagnostic};
use crate::eval::{self, Data, TABLE};
use crate::rule::{Field, Fields, Loaded, Reader, Spanned, decode, read_document, report_repairs};
use crate::span::{Place, SourceMap, Span};
use crate::yaml::{Document, Node, NodeKind};

/// The time of a run where a file says nothing: cases have to go the same every day.
const CLOCK: &str = "2026-01-01T00:00:00Z";

/// Lists by name.
type Lists = BTreeMap<String, String>;

/// Reads a file of cases.
pub fn load(label: &str, bytes: &[u8]) -> Cases {
    let text = match decode(label, bytes) {
        Ok(text) => text,
        Err(broken) => {
            let (source, diagnostics) = match *broken {
                Loaded::Broken { source, diagnostics } | Loaded::Rule { source, diagnostics, .. } => {
                    (source, diagnostics)
                }
                Loaded::NotARule { .. } => (SourceMap::new(label, ""), Vec::new()),
            };
            return Cases { source, diagnostics, cases: Vec::new() };
        }
    };
    let source = SourceMap::new(label, text);
    let mut reader = Reader::default();
    let mut cases = match read_document(source.text()) {
        Ok(document) => {
            report_repairs(&mut reader, &document, source.text());
            read_cases(&mut reader, &document)
        }
        Err(diagnostic) => {
            reader.diagnostics.push(*diagnostic);
            Vec::new()
        }
    };
    let mut diagnostics = reader.diagnostics;
    diagnostics.sort_by_key(|diagnostic| source.file_span(diagnostic.place).start);
    if diagnostics.iter().any(Diagnostic::is_error) {
        cases.clear();
    }
    Cases { source, diagnostics, cases }
}

fn read_cases(reader: &mut Reader, document: &Document) -> Vec<Case> {
    if let Some(second) = document.second {
        let message = "a second document begins here".to_owned();
        reader.error(Code::NotYaml, Place::File(second), message, "put all cases below one `cases:`");
    }
    let NodeKind::Mapping(entries) = &document.root.kind else {
        let message = format!("a file of cases has to be a mapping, found {}", document.root.kind_name());
        reader.error(Code::BadValue, Place::Whole, message, "begin it with `cases:`");
        return Vec::new();
    };
    let mut fields = Fields::of_mapping(String::new(), document.root.span, entries);
    let clock = read_clock(reader, &mut fields).or_else(|| eval::parse_instant(CLOCK)).unwrap_or_default();
    let lists = read_lists(reader, &mut fields);
    let list = reader.need(&mut fields, "cases", Place::Whole);
    fields.refuse_rest(reader, Code::CasesKey);
    let entries = list.map(|list| reader.list_of_fields(&list)).unwrap_or_default();
    entries.into_iter().filter_map(|(entry, fields)| read_case(reader, &entry, fields, clock, &lists)).collect()
}

/// One case; none if it cannot be read, which is reported.
fn read_case(
    reader: &mut Reader,
    entry: &Field<'_>,
    mut fields: Fields<'_>,
    clock: i64,
    lists: &Lists,
) -> Option<Case> {
    let place = Place::File(entry.key);
    let name = reader.need(&mut fields, "name", place).and_then(|field| reader.text(&field));
    let clock = read_clock(reader, &mut fields).unwrap_or(clock);
    let events = reader.need(&mut fields, "events", place);
    let own = read_lists(reader, &mut fields);
    let expect = reader.need(&mut fields, "expect", place).and_then(|field| read_expectation(reader, &field));
    fields.refuse_rest(reader, Code::CasesKey);
    let mut data = Data { lists: lists.clone(), ..Data::default() };
    data.lists.extend(own);
    for (event, _) in events.map(|events| reader.list_of_fields(&events)).unwrap_or_default() {
        read_event(reader, &event, &mut data);
    }
    Some(Case { name: name?, clock, data, expect: expect? })
}

fn read_clock(reader: &mut Reader, fields: &mut Fields<'_>) -> Option<i64> {
    let field = fields.take(reader, "now")?;
    let text = reader.text(&field)?;
    let clock = eval::parse_instant(&text.value);
    if clock.is_none() {
        let message = format!("`{}` has to be a time, found `{}`", field.path, text.value.trim());
        reader.error(Code::BadValue, field.place(), message, format!("write it like `{CLOCK}`"));
    }
    clock
}

fn read_lists(reader: &mut Reader, fields: &mut Fields<'_>) -> Lists {
    let mut lists = Lists::new();
    let Some(field) = fields.take(reader, "lists") else { return lists };
    let NodeKind::Mapping(entries) = &field.node.kind else {
        reader.wrong_kind(&field, "a mapping of file names to texts");
        return lists;
    };
    for (key, node) in entries {
        let name = key_of(key);
        let entry = Field { path: format!("{}.{}", field.path, name.value), key: key.span, node };
        if let Some(text) = reader.text(&entry) {
            lists.insert(name.value, text.value);
        }
    }
    lists
}

fn read_event(reader: &mut Reader, event: &Field<'_>, data: &mut Data) {
    let Json::Object(mut members) = event.node.to_json() else { return };
    match members.shift_remove(TABLE) {
        Some(Json::String(table)) if !table.is_empty() => data.tables.entry(table).or_default().push(members),
        Some(_) => {
            let place = Place::File(key_span(event.node, TABLE).unwrap_or(event.key));
            let message = format!("`{}.{TABLE}` has to be the name of a table", event.path);
            reader.diagnostics.push(Diagnostic::error(Code::BadValue, place, message));
        }
        None => {
            let message = format!("the key `{}.{TABLE}` is missing", event.path);
            let help = format!("name the event's table: `{TABLE}: …`");
            reader.error(Code::MissingKey, Place::File(event.key), message, help);
        }
    }
}

fn read_expectation(reader: &mut Reader, field: &Field<'_>) -> Option<Expectation> {
    const FORMS: &str = "write `fires`, `silent`, or a list of rows, each with columns and their values";
    match &field.node.kind {
        NodeKind::Scalar(scalar) => match scalar.text.as_str() {
            "fires" => Some(Expectation::Fires),
            "silent" => Some(Expectation::Silent),
            other => {
                let message = format!("`{}` cannot be `{other}`", field.path);
                reader.error(Code::BadValue, field.place(), message, FORMS);
                None
            }
        },
        NodeKind::Mapping(_) => {
            let message = format!("`{}` has to be a word or a list, found a mapping", field.path);
            reader.error(Code::BadValue, field.place(), message, FORMS);
            None
        }
        NodeKind::Sequence(_) => {
            let rows = reader.list_of_fields(field);
            Some(Expectation::Rows(rows.iter().map(|(row, _)| columns_of(row.node)).collect()))
        }
    }
}

fn columns_of(node: &Node) -> Expected {
    let NodeKind::Mapping(entries) = &node.kind else { return Expected::new() };
    entries.iter().map(|(key, value)| (key_of(key), value.to_json())).collect()
}

fn key_of(key: &Node) -> Spanned<String> {
    let name = key.as_scalar().map_or_else(|| key.to_json().to_string(), |key| key.text.clone());
    Spanned::new(name, key.span)
}

fn key_span(node: &Node, name: &str) -> Option<Span> {
    let NodeKind::Mapping(entries) = &node.kind else { return None };
    entries.iter().map(|(key, _)| key_of(key)).find(|key| key.value == name).map(|key| key.span)
}
