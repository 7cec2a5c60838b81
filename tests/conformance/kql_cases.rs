//! Queries of Microsoft's documentation, with the answers that Microsoft's emulator gave.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use siemaphore::crosswalk::Crosswalk;
use siemaphore::eval::{Data, render};

/// Cases whose answers differ for a reason, with the reason.
const EXCUSED: &[(&str, &str)] = &[
    ("geo-h3cell-neighbors-function-00", "the order of neighbours, of which nothing is said"),
    ("geo-s2cell-neighbors-function-00", "the order of neighbours, of which nothing is said"),
    ("geo-s2cell-neighbors-function-02", "the order of neighbours, of which nothing is said"),
    ("join-innerunique-03", "any one of the left rows with a key is permitted; the engine filtered first"),
    ("named-expressions-00", "a random sample"),
    ("sample-operator-00", "a random sample"),
];

/// Cases that are not run, with the reason.
const NOT_RUN: &[(&str, &str)] = &[
    ("activity-engagement-plugin-00", "random values"),
    ("activity-engagement-plugin-01", "random values"),
    ("activity-metrics-plugin-00", "random values"),
    ("activity-metrics-plugin-01", "random values"),
    ("convert-energy-function-00", "factors of the engine's own library of units"),
    ("convert-volume-function-00", "factors of the engine's own library of units"),
    ("current-cluster-endpoint-function-00", "the environment: what the service knows of itself"),
    ("current-database-function-00", "the environment: what the service knows of itself"),
    ("current-principal-function-00", "the environment: what the service knows of itself"),
    ("geo-distance-2points-function-01", "random values"),
    ("geo-geohash-neighbors-function-03", "operations on polygons: S2's own snapping of corners"),
    ("geo-h3cell-neighbors-function-03", "operations on polygons: S2's own snapping of corners"),
    ("geo-info-from-ip-address-function-00", "the environment: a data base of addresses"),
    ("geo-info-from-ip-address-function-01", "the environment: a data base of addresses"),
    ("geo-intersection-2polygons-function-00", "operations on polygons: S2's own snapping of corners"),
    ("geo-intersection-2polygons-function-01", "operations on polygons: S2's own snapping of corners"),
    ("geo-intersection-2polygons-function-03", "operations on polygons: S2's own snapping of corners"),
    ("geo-line-buffer-function-02", "operations on polygons: S2's own snapping of corners"),
    ("geo-line-densify-function-02", "where edges are cut is not documented"),
    ("geo-line-densify-function-03", "where edges are cut is not documented"),
    ("geo-line-simplify-function-04", "operations on polygons: S2's own snapping of corners"),
    ("geo-line-simplify-function-05", "operations on polygons: S2's own snapping of corners"),
    ("geo-line-to-s2cells-function-00", "random values"),
    ("geo-line-to-s2cells-function-01", "coverings by cells of S2 are not interpreted"),
    ("geo-point-buffer-function-00", "operations on polygons: S2's own snapping of corners"),
    ("geo-point-buffer-function-01", "operations on polygons: S2's own snapping of corners"),
    ("geo-point-buffer-function-02", "operations on polygons: S2's own snapping of corners"),
    ("geo-point-in-polygon-function-03", "the key of `partition` as a table inside it is not documented"),
    ("geo-polygon-buffer-function-00", "operations on polygons: S2's own snapping of corners"),
    ("geo-polygon-buffer-function-02", "operations on polygons: S2's own snapping of corners"),
    ("geo-polygon-buffer-function-03", "operations on polygons: S2's own snapping of corners"),
    ("geo-polygon-densify-function-00", "where edges are cut is not documented"),
    ("geo-polygon-densify-function-03", "where edges are cut is not documented"),
    ("geo-polygon-simplify-function-04", "operations on polygons: S2's own snapping of corners"),
    ("geo-polygon-to-h3cells-function-00", "coverings by cells of H3 are not interpreted"),
    ("geo-polygon-to-s2cells-function-05", "coverings by cells of S2 are not interpreted"),
    ("geo-polygon-to-s2cells-function-06", "coverings by cells of S2 are not interpreted"),
    ("geo-s2cell-neighbors-function-03", "operations on polygons: S2's own snapping of corners"),
    ("geo-simplify-polygons-array-function-01", "operations on polygons: S2's own snapping of corners"),
    ("geo-simplify-polygons-array-function-02", "operations on polygons: S2's own snapping of corners"),
    ("geo-union-lines-array-function-01", "operations on polygons: S2's own snapping of corners"),
    ("geo-union-polygons-array-function-00", "operations on polygons: S2's own snapping of corners"),
    ("geo-union-polygons-array-function-02", "operations on polygons: S2's own snapping of corners"),
    ("geospatial-joins-02", "operations on polygons: S2's own snapping of corners"),
    ("hash-combine-function-00", "how hashes are combined is not documented"),
    ("hash-many-function-00", "how hashes are combined is not documented"),
    ("new-activity-metrics-plugin-04", "random values"),
    ("new-guid-function-00", "random values"),
    ("parse-user-agent-function-00", "the expressions of uap-core, in a version that is not told"),
    ("parse-user-agent-function-01", "the expressions of uap-core, in a version that is not told"),
    ("pattern-statement-01", "random values"),
    ("reduce-operator-00", "random values"),
    ("reduce-operator-01", "random values"),
    ("reduce-operator-02", "which patterns are found is not documented"),
    ("series-decompose-anomalies-function-01", "random values"),
    ("series-decompose-anomalies-function-03", "random values"),
    ("series-decompose-forecast-function-00", "random values"),
    ("series-decompose-function-00", "random values"),
    ("series-decompose-function-01", "random values"),
    ("series-decompose-function-02", "random values"),
    ("series-fit-poly-function-00", "random values"),
    ("series-outliers-function-00", "random values"),
    ("series-periods-validate-function-01", "several columns of one call in `project` over several periods"),
    ("series-seasonal-function-00", "how the period is found is not documented"),
];

/// When the emulator answered cases that ask for the time, in ticks; the hour matters in all but the first two.
const CLOCKS: &[(&str, i64)] = &[
    ("datetime-utc-to-local-function-00", 639_213_117_976_227_102),
    ("now-function-00", 639_213_118_044_514_557),
    ("range-operator-00", 639_213_118_070_176_928),
    ("range-operator-02", 639_213_118_070_176_928),
    ("series-fir-function-01", 639_213_118_000_000_000),
    ("series-fit-2lines-dynamic-function-00", 639_213_118_000_000_000),
];

/// Runs all cases that can be lowered and interpreted; says which differ, and counts what stands in the way of others.
pub fn run(cases: &Json, wanted: &[String]) -> bool {
    let crosswalk = Crosswalk::default();
    let mut obstacles: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let (mut same, mut excused, mut different) = (0, 0, Vec::new());
    let mut unlisted = Vec::new();
    let cases = cases.as_array().expect("an array of cases");
    for case in cases {
        let name = case["id"].as_str().expect("a name");
        if !wanted.is_empty() && !wanted.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        let text = case["kql"].as_str().expect("a query");
        let clock = CLOCKS.iter().find(|(known, _)| *known == name).map_or(super::CLOCK, |(_, clock)| *clock);
        match super::answer(text, &crosswalk, &Data::default(), clock) {
            Err(obstacle) => {
                let obstacle: String = obstacle.chars().take(90).collect();
                if NOT_RUN.iter().all(|(known, _)| *known != name) {
                    unlisted.push(format!("{name} is not run and not listed: {obstacle}"));
                }
                obstacles.entry(obstacle).or_default().push(name);
            }
            Ok(table) => {
                if NOT_RUN.iter().any(|(known, _)| *known == name) {
                    unlisted.push(format!("{name} is run, but listed as not run"));
                }
                let found = render::json(&table);
                let columns: Vec<&Json> =
                    found["columns"].as_array().expect("columns").iter().map(|c| &c["name"]).collect();
                let expected = &case["expected"];
                let expected_columns: Vec<&Json> = expected["columns"].as_array().expect("columns").iter().collect();
                if columns == expected_columns && same_rows(&found["rows"], &expected["rows"]) {
                    same += 1;
                } else if EXCUSED.iter().any(|(known, _)| *known == name) {
                    excused += 1;
                } else {
                    different.push(name);
                    println!("{name}:\n{text}\n  found    {found}\n  expected {expected}\n");
                }
            }
        }
    }
    let blocked: usize = obstacles.values().map(Vec::len).sum();
    let mut obstacles: Vec<(String, Vec<&str>)> = obstacles.into_iter().collect();
    obstacles.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    for (obstacle, names) in &obstacles {
        println!("{:4} {obstacle}: {}", names.len(), names[..names.len().min(4)].join(" "));
    }
    println!(
        "queries: {same} of {} as the emulator answered, {excused} excused, {} different, {blocked} not run",
        cases.len(),
        different.len()
    );
    for breach in &unlisted {
        println!("  {breach}");
    }
    different.is_empty() && unlisted.is_empty()
}

/// Whether the rows are the same, in any order.
fn same_rows(found: &Json, expected: &Json) -> bool {
    let (Some(found), Some(expected)) = (found.as_array(), expected.as_array()) else { return false };
    let mut left: Vec<&Json> = expected.iter().collect();
    found.len() == expected.len()
        && found.iter().all(|row| match left.iter().position(|other| same(row, other)) {
            Some(at) => {
                left.swap_remove(at);
                true
            }
            None => false,
        })
}

/// Whether two values are the same: numbers to nine digits, since sums are formed in another order.
fn same(found: &Json, expected: &Json) -> bool {
    match (found, expected) {
        (Json::Number(found), Json::Number(expected)) => {
            let (found, expected) = (found.as_f64().unwrap_or(f64::NAN), expected.as_f64().unwrap_or(f64::NAN));
            found == expected || (found - expected).abs() <= expected.abs() * 1e-9
        }
        (Json::Array(found), Json::Array(expected)) => {
            found.len() == expected.len() && found.iter().zip(expected).all(|(found, expected)| same(found, expected))
        }
        (Json::Object(found), Json::Object(expected)) => {
            found.len() == expected.len()
                && found.iter().all(|(name, found)| expected.get(name).is_some_and(|expected| same(found, expected)))
        }
        (found, expected) => found == expected,
    }
}
