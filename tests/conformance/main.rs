//! Compares answers with those that others gave: predicates with their documented truth, and queries with what
//! Microsoft's own emulator answered.
//!
//! The cases are not part of this project. Where they are is said by `SIEMAPHORE_SHARED`; without it there is
//! nothing to compare, and that is said aloud. Arguments are parts of case names to run alone, with details.

mod kql_cases;
mod predicate_cases;

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::Value as Json;
use siemaphore::crosswalk::Crosswalk;
use siemaphore::eval::{self, Data, Table};
use siemaphore::{ir, kql, lower, rewrite};

/// 2026-01-01T00:00:00Z, in ticks: the time of runs.
const CLOCK: i64 = 639_028_224_000_000_000;

fn main() -> ExitCode {
    let Some(folder) = std::env::var_os("SIEMAPHORE_SHARED").map(PathBuf::from) else {
        eprintln!("conformance: SKIPPED, nothing was compared: SIEMAPHORE_SHARED names no folder of cases");
        return ExitCode::SUCCESS;
    };
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let predicates = predicate_cases::run(&cases(&folder.join("data/predicate-cases/cases.json")), &wanted);
    let queries = kql_cases::run(&cases(&folder.join("data/kql-cases/cases.json"))["cases"], &wanted);
    if predicates && queries { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn cases(path: &std::path::Path) -> Json {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The answer of a query, or why there is none. Its normal form has to answer the same.
fn answer(text: &str, crosswalk: &Crosswalk, data: &Data, clock: i64) -> Result<Table, String> {
    let parsed = kql::parse(text);
    if let Some(error) = parsed.errors.first() {
        return Err(format!("not parsed: {error:?}"));
    }
    let lowered = lower::lower_query(&parsed.query, crosswalk);
    let Some(query) = lowered.query else {
        let messages: Vec<&str> = lowered.diagnostics.iter().map(|one| one.message.as_str()).collect();
        return Err(format!("not lowered: {}", messages.join("; ")));
    };
    let table = eval::run(&query, data, clock).map_err(|refused| format!("refused: {refused}"))?;
    let mut normal = query.clone();
    rewrite::normalise(&mut normal);
    let again = eval::run(&normal, data, clock).map_err(|refused| format!("refused: {refused}"))?;
    let (plain, rewritten) = (eval::render::json(&table), eval::render::json(&again));
    assert!(
        plain["rows"] == rewritten["rows"],
        "{text}\nits normal form answers otherwise\n{plain}\n{rewritten}\n{}\n{}",
        ir::print_query(&query),
        ir::print_query(&normal)
    );
    Ok(table)
}
