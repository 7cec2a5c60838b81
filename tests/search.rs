//! Tests on every column: `search` and `* has`, as their pages show and where their columns are not all known.

use siemaphore::crosswalk::Crosswalk;
use siemaphore::eval::{self, Data, render};
use siemaphore::{kql, lower};

fn run(text: &str) -> Result<String, String> {
    let parsed = kql::parse(text);
    assert!(parsed.errors.is_empty(), "{text}: {:?}", parsed.errors);
    let lowered = lower::lower_query(&parsed.query, &Crosswalk::default());
    let query = lowered.query.unwrap_or_else(|| panic!("{text}: {:?}", lowered.diagnostics));
    let table = eval::run(&query, &Data::default(), 0).map_err(|refused| refused.to_string())?;
    Ok(render::json(&table)["rows"].to_string())
}

/// Rows of two tables that a search finds, by their names.
#[track_caller]
fn finds(predicate: &str, expected: &str) {
    let text = format!(
        "let t = datatable(n: string, s: string, x: long) ['a', 'an err here', 1, 'b', 'errand', 15, 'c', '', 5]; \
         let u = datatable(n: string, d: dynamic) ['d', dynamic({{'k': 'err'}})]; \
         search in (t, u) {predicate} | project n"
    );
    assert_eq!(run(&text).as_deref(), Ok(expected), "{predicate}");
}

/// <https://learn.microsoft.com/kusto/query/search-operator#search-predicate-syntax-examples>
#[test]
fn terms_are_looked_for_in_every_column() {
    finds("'err'", r#"[["a"],["d"]]"#);
    finds("'err*'", r#"[["a"],["b"],["d"]]"#);
    finds("'*and'", r#"[["b"]]"#);
    finds("'*rra*'", r#"[["b"]]"#);
    finds("s:'err'", r#"[["a"]]"#);
    finds("'err' and (x == 1 or 'nothing')", r#"[["a"]]"#);
    finds("'15'", r#"[["b"]]"#);
    finds("*", r#"[["a"],["b"],["c"],["d"]]"#);
}

#[test]
fn what_has_columns_unknown_or_a_form_of_its_own_is_not_run() {
    for text in [
        "search 'x'",
        "search in (SomeTable) 'x'",
        "let v = view () { SomeTable | project A }; search 'x'",
        "datatable(s: string) ['ab'] | as t | search 'a*b'",
    ] {
        assert_eq!(run(text), Err("`search` is not interpreted".to_owned()), "{text}");
    }
    assert_eq!(run("SomeTable | where * has 'x'"), Err("`* has` is not interpreted".to_owned()));
}

#[test]
fn some_column_passes() {
    let table = "datatable(s: string, x: long) ['a b', 1, 'c', 2]";
    assert_eq!(run(&format!("{table} | where * has 'b' | project x")).as_deref(), Ok("[[1]]"));
    assert_eq!(run(&format!("{table} | where * == 'c' | project x")).as_deref(), Ok("[[2]]"));
    assert_eq!(run(&format!("{table} | where * !has 'b'")), Err("`* !has` is not interpreted".to_owned()));
}

/// <https://learn.microsoft.com/kusto/query/bin-auto-function>
#[test]
fn bins_are_as_the_query_sets_them() {
    let binned = "range x from 1 to 4 step 1 | summarize count() by bin_auto(x)";
    let set = "set query_bin_auto_size=2; set query_bin_auto_at=1;";
    assert_eq!(run(&format!("{set} {binned}")).as_deref(), Ok("[[1,2],[3,2]]"));
    assert_eq!(run(binned), Err("`bin_auto` is not interpreted".to_owned()));
}
