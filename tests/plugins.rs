//! Plugins of `evaluate`: what their pages show, and what is refused because no page says it.

use siemaphore::crosswalk::Crosswalk;
use siemaphore::eval::{self, Data, render};
use siemaphore::{kql, lower};

/// The rows of the answer as JSON, or why there is none.
fn run(text: &str) -> Result<String, String> {
    let parsed = kql::parse(text);
    assert!(parsed.errors.is_empty(), "{text}: {:?}", parsed.errors);
    let lowered = lower::lower_query(&parsed.query, &Crosswalk::default());
    let query = lowered.query.unwrap_or_else(|| panic!("{text}: {:?}", lowered.diagnostics));
    let table = eval::run(&query, &Data::default(), 0).map_err(|refused| refused.to_string())?;
    Ok(render::json(&table)["rows"].to_string())
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(run(text).as_deref(), Ok(expected), "{text}");
}

#[track_caller]
fn refused(text: &str, reason: &str) {
    assert_eq!(run(text), Err(reason.to_owned()), "{text}");
}

/// A few days of users; the second day is what a test says.
fn users(second: &str, pipeline: &str) -> String {
    format!(
        "datatable(User: string, Day: datetime) ['A', datetime(2017-08-01), 'B', datetime(2017-08-01), \
         'A', datetime({second}), 'C', datetime(2017-08-03)] | {pipeline}"
    )
}

const COUNTS: &str = "evaluate activity_counts_metrics(User, Day, datetime(2017-08-01), datetime(2017-08-03), 1d)";

#[test]
fn counts_are_told_of_windows_that_all_have_rows() {
    refused(
        &users("2017-08-01", COUNTS),
        "what `activity_counts_metrics` answers for a window without rows is not documented",
    );
    let named = COUNTS.replace("1d", "'week'");
    refused(&users("2017-08-02", &named), "`evaluate` is not interpreted");
}

/// <https://learn.microsoft.com/kusto/query/sliding-window-counts-plugin>: the page's example.
#[test]
fn a_sliding_window_goes_on_behind_the_last_row() {
    let table = "datatable(UserId: string, Timestamp: datetime) ['Bob', datetime(2017-08-01), \
        'David', datetime(2017-08-01), 'David', datetime(2017-08-01), 'John', datetime(2017-08-01), \
        'Bob', datetime(2017-08-01), 'Ananda', datetime(2017-08-02), 'Atul', datetime(2017-08-02), \
        'John', datetime(2017-08-02), 'Ananda', datetime(2017-08-03), 'Atul', datetime(2017-08-03), \
        'Atul', datetime(2017-08-03), 'John', datetime(2017-08-03), 'Bob', datetime(2017-08-03), \
        'Betsy', datetime(2017-08-04), 'Bob', datetime(2017-08-05)]";
    let counts =
        "evaluate sliding_window_counts(UserId, Timestamp, datetime(2017-08-01), datetime(2017-08-07), 3d, 1d)";
    check(&format!("{table} | {counts} | project Count, Dcount"), "[[5,3],[8,5],[13,5],[9,5],[7,5],[2,2],[1,1]]");
    let later = counts.replacen("08-01", "08-02", 1);
    refused(
        &format!("{table} | {later}"),
        "what `sliding_window_counts` answers for rows before its start is not documented",
    );
    let endless = counts.replacen("08-07), 3d, 1d", "08-07), 3d, 1tick", 1);
    refused(&format!("{table} | {endless}"), "more than 5000000 rows");
}

#[test]
fn a_rolling_percentile_needs_all_its_bins() {
    let rolling = "evaluate rolling_percentile(x, 50, x, 10, 2)";
    check(&format!("range x from 0 to 29 step 1 | {rolling}"), "[[0,4],[10,9],[20,19]]");
    refused(
        &format!("range x from 0 to 29 step 1 | where x !between (10 .. 19) | {rolling}"),
        "what `rolling_percentile` answers for a bin without rows is not documented",
    );
}

#[test]
fn periods_that_do_not_begin_with_the_start_matter() {
    let active = |start: &str| {
        format!(
            "datatable(User: string, Day: datetime) ['A', datetime(2018-07-02 23:00), 'A', datetime(2018-07-03 01:00)] \
             | evaluate active_users_count(User, Day, datetime({start}), datetime(2018-07-31), 8d, 1d, 2, 7d) \
             | project dcount"
        )
    };
    check(&active("2018-07-01"), "[[1]]");
    refused(
        &active("2018-07-01 12:00"),
        "what `active_users_count` answers for periods that do not begin with the start is not documented",
    );
}

#[test]
fn schemas_of_several_types_are_not_merged() {
    let merge = |other: &str| {
        format!(
            "let a = datatable(x: int, y: int) [] | getschema; let b = datatable({other}) [] | getschema; \
             union a, b | evaluate schema_merge() | project ColumnName, ColumnOrdinal"
        )
    };
    check(&merge("x: int, y: int, z: string"), r#"[["x",0],["y",1],["z",2]]"#);
    let reason = |what: &str| format!("what `schema_merge` answers for {what} is not documented");
    refused(&merge("x: int, y: string"), &reason("a column of several types"));
    refused(&merge("x: int, z: string"), &reason("columns that share a place"));
}

#[test]
fn sets_are_intersected_in_order() {
    check(
        "print a = 1 | summarize s = hll(a) | extend t = s | evaluate dcount_intersect(s, t) | project s0, s1",
        "[[1,1]]",
    );
    refused(
        "print s = dynamic(1), t = dynamic(2) | evaluate dcount_intersect(s, t)",
        "what `dcount_intersect` answers for what is no state of `hll` is not documented",
    );
}

#[test]
fn a_place_is_looked_up_in_the_table_alone() {
    let lookup = |options: &str| {
        format!(
            "let t = datatable(name: string, line: dynamic) ['l', dynamic({{\"type\":\"LineString\",\
             \"coordinates\":[[0,0],[0,1]]}})]; print x = 0.0, y = 0.5 \
             | evaluate geo_line_lookup(t, line, x, y{options})"
        )
    };
    check(&lookup(", 10"), r#"[[0.0,0.5,"l"]]"#);
    // The radius is required; the page's order of the columns is not the engine's.
    refused(&lookup(""), "`evaluate` is not interpreted");
    refused(&lookup(", 10").replace("line, x, y", "x, y, line"), "`evaluate` is not interpreted");
}
