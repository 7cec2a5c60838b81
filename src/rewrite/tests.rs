use super::normalise;
use crate::crosswalk::{Column, Crosswalk, Table};
use crate::ir::{Query, Type, print_query};

fn lowered(condition: &str) -> Query {
    let mut crosswalk = Crosswalk::default();
    let mut table = Table::new("T");
    for (name, ty) in [
        ("TimeGenerated", Type::DateTime),
        ("F", Type::String),
        ("G", Type::String),
        ("N", Type::Long),
        ("B", Type::Bool),
    ] {
        let column = Column { ty, fields: Default::default(), paths: Vec::new(), note: None, source: None };
        table.columns.insert(name.to_owned(), column);
    }
    crosswalk.insert(table);
    let text = format!("T | where {condition}");
    let parsed = crate::kql::parse(&text);
    assert!(parsed.errors.is_empty(), "{text}: {:?}", parsed.errors);
    let lowered = crate::lower::lower_query(&parsed.query, &crosswalk);
    lowered.query.unwrap_or_else(|| panic!("{text}: {:?}", lowered.diagnostics))
}

/// The normal form of a condition.
#[track_caller]
fn check(condition: &str, expected: &str) {
    let mut query = lowered(condition);
    normalise(&mut query);
    let printed = print_query(&query);
    let line = printed.lines().nth(1).expect("a filter follows the table");
    assert_eq!(line, format!("%1 = (filter %0 {expected})"), "{condition}");
}

/// What was removed, as text.
#[track_caller]
fn check_elided(condition: &str, expected: &[&str]) {
    let text = format!("T | where {condition}");
    let mut query = lowered(condition);
    normalise(&mut query);
    let elided: Vec<&str> = query
        .elided
        .iter()
        .flat_map(|elided| elided.origins.spans().iter().map(|span| span.of(&text)).collect::<Vec<_>>())
        .collect();
    assert_eq!(elided, expected, "{condition}");
}

#[test]
fn not_moves_to_the_tests() {
    check(r#"not(F == "x" and G has "y")"#, r#"(or (not (= T.F "x")) (not (has T.G "y")))"#);
    check(r#"not(F == "x" or not(G has "y"))"#, r#"(and (not (= T.F "x")) (has T.G "y"))"#);
    check("not(not(N > 5))", "(> T.N 5)");
}

#[test]
fn a_negated_order_is_the_other_order() {
    // Both are null on a null value, so `where` drops the row either way.
    check("not(N > 5)", "(<= T.N 5)");
    check("not(N between (1 .. 5))", "(or (< T.N 1) (> T.N 5))");
}

#[test]
fn comparison_with_a_truth_value_is_the_condition_or_its_complement() {
    check("ipv4_is_private(F) == false", "(not (in-network T.F 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16))");
    check(r#"(F == "x") == true"#, r#"(= T.F "x")"#);
    // The comparison is false where the condition is null, so its complement is not the condition's.
    check("not((N > 5) == true)", "(not (= (> T.N 5) bool(true)))");
}

#[test]
fn lower_case_comparison_is_insensitive_comparison() {
    check(r#"tolower(F) == "cmd.exe""#, r#"(=~ T.F "cmd.exe")"#);
    check(r#"toupper(F) in ("A", "b")"#, r#"(=~ T.F "A")"#);
    check(r#"tolower(F) contains "X""#, r#"(contains T.F "X")"#);
    check(r#"tolower(F) == "CMD.EXE""#, "false");
    check(r#"tolower(F) == "ÄB""#, r#"(= (tolower T.F) "ÄB")"#);
}

#[test]
fn a_number_compared_as_text_is_compared_as_a_number() {
    check(r#"tostring(N) in ("5", "07", "x")"#, "(= T.N 5)");
    check(r#"tostring(N) == "x""#, "false");
    check("tolong(N) == 5", "(= T.N 5)");
}

#[test]
fn alternatives_over_one_field_are_one_set() {
    check(r#"F == "a" or F == "b" or F in ("c", "a")"#, r#"(= T.F "a" "b" "c")"#);
    check(r#"F != "a" and F != "b""#, r#"(not (= T.F "a" "b"))"#);
    check(r#"F has "a" or F has "b""#, r#"(has-any T.F "a" "b")"#);
    check(r#"F == "a" or F =~ "b""#, r#"(or (= T.F "a") (=~ T.F "b"))"#);
    check(r#"F has "a" and F has "b""#, r#"(and (has T.F "a") (has T.F "b"))"#);
}

#[test]
fn constants_decide() {
    check(r#"F == "x" and 1 == 1"#, r#"(= T.F "x")"#);
    check(r#"F == "x" or 1 == 1"#, "true");
    check(r#"F == "x" and isnull(F)"#, "false");
    check(r#"F contains """#, "true");
    check(r#"strcat("a", "b") == F"#, r#"(= T.F "ab")"#);
    check("TimeGenerated > now() - 2 * 1h", "(> T.TimeGenerated (now -72000000000))");
}

#[test]
fn nothing_is_said_twice() {
    check(r#"F has "a" and N > 5 and F has "a""#, r#"(and (has T.F "a") (> T.N 5))"#);
}

/// Whether two spellings have one logic.
#[track_caller]
fn check_alike(one: &str, other: &str) {
    let logic = |condition| {
        let mut query = lowered(condition);
        normalise(&mut query);
        crate::ir::print_logic(&query)
    };
    assert_eq!(logic(one), logic(other));
}

#[test]
fn two_spellings_of_one_logic_are_one() {
    check_alike(r#"F == "a" | where N > 5"#, r#"N > 5 and F == "a""#);
    check_alike(r#"F in ("b", "a")"#, r#"F == "a" or F == "b""#);
    check_alike(r#"not(F == "a" or N > 5)"#, r#"N <= 5 | where F != "a""#);
}

#[test]
fn tests_on_two_computed_columns_are_two_tests() {
    for condition in ["a == 1 and b == 1", "a == 1 or b == 1", "a > 1 and b > 1"] {
        let parsed = crate::kql::parse(&format!("T | extend a = strlen(F), b = strlen(G) | where {condition}"));
        let mut query = crate::lower::lower_query(&parsed.query, &Crosswalk::default()).query.expect("it lowers");
        normalise(&mut query);
        let crate::ir::Operator::Filter { predicate, .. } = &query.relation(query.root).op else {
            panic!("{condition}: no filter")
        };
        let parts = match &predicate.kind {
            crate::ir::PredicateKind::And(parts) | crate::ir::PredicateKind::Or(parts) => parts.len(),
            _ => 1,
        };
        assert_eq!(parts, 2, "{condition}");
    }
}

#[test]
fn what_is_removed_is_recorded() {
    check_elided(r#"F == "x" and 1 == 1"#, &["1", "==", "1"]);
    check_elided(r#"F == "x" or 1 == 1"#, &["F", "==", "\"x\"", "or"]);
    check_elided(r#"1 == 1 or F == "x""#, &["or", "F", "==", "\"x\""]);
}
