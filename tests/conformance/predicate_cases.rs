//! Predicates over one event, with the truth that the documentation states.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::Value as Json;
use siemaphore::crosswalk::{Column, Crosswalk, Table};
use siemaphore::eval::{Data, Event};
use siemaphore::ir::Type;

/// Runs all cases; says which differ.
pub fn run(cases: &Json, wanted: &[String]) -> bool {
    let mut same = 0;
    let mut different = 0;
    for case in cases.as_array().expect("an array of cases") {
        let name = format!("predicate {}", case["id"]);
        if !wanted.is_empty() && !wanted.contains(&name) {
            continue;
        }
        let text = case["kql"].as_str().expect("a predicate");
        let event: Event = case["event"].as_object().expect("an event").clone();
        let data = Data { tables: BTreeMap::from([("T".to_owned(), vec![event])]), ..Data::default() };
        // Comments at the end of a predicate swallow what follows them.
        let query = format!("TestTable\n| where {text}\n");
        let data = Data {
            tables: data.tables.into_values().map(|events| ("TestTable".to_owned(), events)).collect(),
            ..Data::default()
        };
        let whole = if case["id"] == 56 { Type::Int } else { Type::Long };
        let found = super::answer(&query, &crosswalk(whole), &data, super::CLOCK).map(|table| table.rows.len() == 1);
        if found == Ok(case["expected"] == true) {
            same += 1;
        } else {
            different += 1;
            println!("{name}: `{text}` on {} is {found:?}, expected {}", case["event"], case["expected"]);
        }
    }
    println!("predicates: {same} as documented, {different} different");
    different == 0
}

fn crosswalk(whole: Type) -> Crosswalk {
    let columns = [
        ("F", Type::String),
        ("G", Type::String),
        ("Port", Type::Int),
        ("X", whole),
        ("T", Type::DateTime),
        ("U", Type::DateTime),
        ("D", Type::Dynamic),
    ];
    let column = |ty| Column { ty, fields: BTreeMap::new(), paths: Vec::new(), note: None, source: None };
    let mut crosswalk = Crosswalk::default();
    crosswalk.insert(Table {
        name: "TestTable".to_owned(),
        about: String::new(),
        clock: Vec::new(),
        open: false,
        columns: columns.map(|(name, ty)| (name.to_owned(), column(ty))).into_iter().collect::<IndexMap<_, _>>(),
        sources: BTreeMap::new(),
        usual: Vec::new(),
        references: Vec::new(),
    });
    crosswalk
}
