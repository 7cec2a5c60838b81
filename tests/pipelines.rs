//! SPL and ES|QL, from KQL to text: what a predicate becomes, argued from what each product does with missing values,
//! letter case, terms and patterns.

use std::collections::BTreeMap;

use siemaphore::backend::{self, Emission, Options};
use siemaphore::crosswalk::Crosswalk;
use siemaphore::fidelity::{Match, Verdict};
use siemaphore::ir::{Detection, Kind, Meta};
use siemaphore::template::Templates;

/// A table with a column of each kind, stored under its own names.
const TABLE: &str = "
table: T
about: A table for tests.
clock: [TimeGenerated]
sources:
  splunk: [{search: 'source=t'}]
  elastic: [{index: [t]}]
columns:
  TimeGenerated: datetime
  F: {type: string, confidence: high, splunk: F, elastic: F}
  G: {type: string, confidence: high, splunk: G, elastic: G}
  Port: {type: int, confidence: high, splunk: {field: Port, kind: long}, elastic: {field: Port, kind: long}}
  X: {type: long, confidence: high, splunk: {field: X, kind: long}, elastic: {field: X, kind: long}}
  T: {type: datetime, confidence: high, splunk: {field: T, kind: date}, elastic: {field: T, kind: date}}
  U: {type: datetime, confidence: high, splunk: {field: U, kind: date}, elastic: {field: U, kind: date}}
  D: {type: dynamic, confidence: high, splunk: D, elastic: D}
";

fn emit(target: &str, kql: &str) -> Emission {
    let mut crosswalk = Crosswalk::default();
    crosswalk.extend_from(TABLE).expect("the table is well-formed");
    let parsed = siemaphore::kql::parse(kql);
    assert!(parsed.errors.is_empty(), "{kql}: {:?}", parsed.errors);
    let lowered = siemaphore::lower::lower_query(&parsed.query, &crosswalk);
    let mut query = lowered.query.unwrap_or_else(|| panic!("{kql}: {:?}", lowered.diagnostics));
    siemaphore::rewrite::normalise(&mut query);
    let meta = Meta { id: "id".to_owned(), name: "name".to_owned(), ..Meta::default() };
    let detection = Detection { meta, kind: Kind::Hunting, query, text: kql.to_owned() };
    let templates = Templates::builtin();
    let backend = backend::find(target).expect("a target");
    let options = Options {
        crosswalk: &crosswalk,
        profile: backend.target().profiles[0].name,
        native_names: true,
        index: None,
        templates: &templates,
    };
    backend.emit(&detection, &options).expect("the templates are ours")
}

#[test]
fn dump() {
    let Ok(path) = std::env::var("CASES") else { return };
    let target = std::env::var("TARGET").unwrap_or("splunk".into());
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let Some((id, kql)) = line.split_once('\t') else { continue };
        let kql = kql.replace("\\n", "\n");
        let emission = std::panic::catch_unwind(|| emit(&target, &kql));
        let Ok(emission) = emission else {
            println!("{id}\tPANIC\t{kql}");
            continue;
        };
        let text = emission.artifact.as_ref().map_or(String::new(), |a| a.text.clone());
        println!("==== {id}\t{}\t{kql}\n{text}", emission.verdict().word());
        if emission.artifact.is_none() || emission.findings.relation != Match::Exact {
            for note in &emission.findings.notes {
                println!("   NOTE {} {}", note.code.name(), note.message);
            }
        }
    }
    let _ = BTreeMap::<u8, u8>::new();
    let _ = Verdict::Unsupported;
}
