use std::collections::BTreeMap;

use super::*;
use crate::crosswalk::{Column, Table};
use crate::ir::{Type, print_query};

/// A table `T` with a column of each kind, and `U` with a clashing one.
fn crosswalk() -> Crosswalk {
    let table = |name: &str, columns: &[(&str, Type)]| {
        let mut table = Table::new(name);
        table.open = false;
        for (name, ty) in columns {
            let column = Column { ty: *ty, fields: BTreeMap::new(), paths: Vec::new(), note: None, source: None };
            table.columns.insert((*name).to_owned(), column);
        }
        table
    };
    let mut crosswalk = Crosswalk::default();
    crosswalk.insert(table(
        "T",
        &[
            ("TimeGenerated", Type::DateTime),
            ("F", Type::String),
            ("G", Type::String),
            ("N", Type::Long),
            ("B", Type::Bool),
            ("D", Type::Dynamic),
        ],
    ));
    crosswalk.insert(table("U", &[("TimeGenerated", Type::DateTime), ("F", Type::Long), ("H", Type::String)]));
    crosswalk
}

fn lowered(text: &str) -> LoweredQuery {
    let parsed = crate::kql::parse(text);
    assert!(parsed.errors.is_empty(), "{text}: {:?}", parsed.errors);
    lower_query(&parsed.query, &crosswalk())
}

/// The last relation of a query.
#[track_caller]
fn check(text: &str, expected: &str) {
    let lowered = lowered(text);
    let query = lowered.query.unwrap_or_else(|| panic!("{text}: {:?}", lowered.diagnostics));
    let printed = print_query(&query);
    let lines: Vec<&str> = printed.lines().collect();
    let line = lines[lines.len() - 2];
    let (_, line) = line.split_once(" = ").expect("every line names its relation");
    assert_eq!(line, expected, "{text}\n{printed}");
}

/// The condition of `T | where …`.
#[track_caller]
fn check_where(condition: &str, expected: &str) {
    check(&format!("T | where {condition}"), &format!("(filter %0 {expected})"));
}

/// The names of the answer's columns.
#[track_caller]
fn check_columns(text: &str, expected: &[&str]) {
    let lowered = lowered(text);
    let query = lowered.query.unwrap_or_else(|| panic!("{text}: {:?}", lowered.diagnostics));
    let columns = &query.relation(query.root).schema.columns;
    let names: Vec<&str> = columns.iter().map(|column| query.column(*column).name.as_str()).collect();
    assert_eq!(names, expected, "{text}");
}

/// The first diagnostic: its code, the text it points at, its message.
#[track_caller]
fn check_error(text: &str, code: Code, place: &str, message: &str) {
    let lowered = lowered(text);
    let first = lowered.diagnostics.iter().find(|diagnostic| diagnostic.is_error());
    let Some(Diagnostic { code: found, place: Place::Query(span), message: said, .. }) = first else {
        panic!("{text}: {:?}", lowered.diagnostics)
    };
    assert_eq!((*found, span.of(text), said.as_str()), (code, place, message), "{text}");
    assert_eq!(lowered.query, None);
}

#[test]
fn every_string_operator_states_its_case_and_term_rule() {
    for (condition, expected) in [
        (r#"F == "x""#, r#"(= T.F "x")"#),
        (r#"F != "x""#, r#"(not (= T.F "x"))"#),
        (r#"F =~ "x""#, r#"(=~ T.F "x")"#),
        (r#"F !~ "x""#, r#"(not (=~ T.F "x"))"#),
        (r#"F has "x""#, r#"(has T.F "x")"#),
        (r#"F !has_cs "x""#, r#"(not (has_cs T.F "x"))"#),
        (r#"F hasprefix "x""#, r#"(hasprefix T.F "x")"#),
        (r#"F !hassuffix_cs "x""#, r#"(not (hassuffix_cs T.F "x"))"#),
        (r#"F contains "x""#, r#"(contains T.F "x")"#),
        (r#"F !startswith "x""#, r#"(not (startswith T.F "x"))"#),
        (r#"F endswith_cs "x""#, r#"(endswith_cs T.F "x")"#),
        (r#"F in ("x", "y")"#, r#"(= T.F "x" "y")"#),
        (r#"F !in~ ("x", "y")"#, r#"(not (=~ T.F "x" "y"))"#),
        (r#"F has_any ("x", "y")"#, r#"(has-any T.F "x" "y")"#),
        (r#"F has_all ("x", "y")"#, r#"(has-all T.F "x" "y")"#),
        (r#"F matches regex "x+""#, r#"(matches T.F "x+")"#),
    ] {
        check_where(condition, expected);
    }
}

#[test]
fn constants_go_to_the_right() {
    check_where(r#""x" == F"#, r#"(= T.F "x")"#);
    check_where("5 < N", "(> T.N 5)");
}

#[test]
fn between_is_two_comparisons() {
    check_where("N between (1 .. 5)", "(and (>= T.N 1) (<= T.N 5))");
    check_where("N !between (1 .. 5)", "(or (< T.N 1) (> T.N 5))");
}

#[test]
fn nested_arrays_of_a_list_are_flattened() {
    check_where("N in (dynamic([1,[2,3]]))", "(= T.N 1 2 3)");
}

#[test]
fn paths_lead_into_dynamic_values_and_json_text() {
    check_where(r#"D.a.b == "x""#, r#"(= T.D["a"]["b"] "x")"#);
    check_where(r#"D["a b"][0] == "x""#, r#"(= T.D["a b"][0] "x")"#);
    check_where(r#"parse_json(F).a == "x""#, r#"(= T.F["a"] "x")"#);
}

#[test]
fn times_of_the_run_are_kept() {
    check_where("TimeGenerated > ago(1d)", "(> T.TimeGenerated (now -864000000000))");
    check("let back = 2h; T | where TimeGenerated > ago(back)", "(filter %0 (> T.TimeGenerated (now -72000000000)))");
}

#[test]
fn lets_are_put_in_place() {
    check(r#"let v = "x"; T | where F == v"#, r#"(filter %0 (= T.F "x"))"#);
    check(r#"let v = dynamic(["x","y"]); T | where F in (v)"#, r#"(filter %0 (= T.F "x" "y"))"#);
    check(r#"let f = (a:string) { a == "x" }; T | where f(F)"#, r#"(filter %0 (= T.F "x"))"#);
    check(r#"let f = (t:(F:string), v:string="x") { t | where F == v }; f(T)"#, r#"(filter %0 (= T.F "x"))"#);
    check(r#"let t = T | where F == "x"; t | count"#, "(summarize %1 (by ) (#0 (count )))");
}

#[test]
fn columns_are_bound_through_renames() {
    check(r#"T | project-rename Z = F | where Z == "x""#, r#"(filter %1 (= T.F "x"))"#);
    check(r#"T | extend Z = F | where Z == "x""#, r#"(filter %1 (= T.F "x"))"#);
    check(r#"T | extend F = strcat(F, "!") | where F == "x""#, r#"(filter %1 (= #0 "x"))"#);
}

#[test]
fn unnamed_columns_are_called_as_kql_calls_them() {
    // Each list is what Microsoft's own parser answers for the same query.
    check_columns(
        "T | project tostring(F), tolower(F), D.b, D['c'], D[0], strlen(F), N+1, bin(N,5), toint(F)",
        &["F", "Column1", "D_b", "D_c", "D_0", "strlen_F", "Column2", "N", "F1"],
    );
    check_columns(
        "T | summarize count(), dcount(F), min(N), max(TimeGenerated), make_set(F), arg_max(TimeGenerated, F) by bin(N,5), tostring(D.x)",
        &["N", "D_x", "count_", "dcount_F", "min_N", "max_TimeGenerated", "set_F", "TimeGenerated", "F"],
    );
    check_columns(
        "T | summarize countif(F=='x'), percentile(N,95), sum(N+1), make_list(D.b), dcountif(F, N>5), count(), count()",
        &["countif_", "percentile_N_95", "sum_", "list_D_b", "dcountif_F", "count_", "count_1"],
    );
}

#[test]
fn a_union_renames_columns_whose_types_clash() {
    check_columns("union T, U", &["TimeGenerated", "F_string", "F_long", "G", "N", "B", "D", "H"]);
}

#[test]
fn every_operator_yields_the_columns_that_kql_says() {
    // Each list is what Microsoft's own analyser answers for the same query and tables.
    for (text, expected) in [
        (
            r#"T | join kind=inner U on TimeGenerated"#,
            "TimeGenerated:datetime F:string G:string N:long B:bool D:dynamic TimeGenerated1:datetime F1:long H:string",
        ),
        (
            r#"T | join kind=leftanti U on TimeGenerated"#,
            "TimeGenerated:datetime F:string G:string N:long B:bool D:dynamic",
        ),
        (r#"T | join kind=rightsemi (U) on $left.N == $right.F"#, "TimeGenerated:datetime F:long H:string"),
        (
            r#"T | join (T | project G, N) on G | join (T | project G) on G"#,
            "TimeGenerated:datetime F:string G:string N:long B:bool D:dynamic G1:string N1:long G2:string",
        ),
        (
            r#"T | lookup U on $left.N == $right.F"#,
            "TimeGenerated:datetime F:string G:string N:long B:bool D:dynamic TimeGenerated1:datetime H:string",
        ),
        (
            r#"T | mv-expand with_itemindex=I D, E = D.x to typeof(long)"#,
            "TimeGenerated:datetime F:string G:string N:long B:bool D:dynamic E:long I:long",
        ),
        (
            r#"T | mv-expand parse_json(F) to typeof(string) limit 3"#,
            "TimeGenerated:datetime F:string G:string N:long B:bool D:dynamic",
        ),
        (
            r#"T | mv-apply E = D to typeof(long) on (summarize S = sum(E))"#,
            "TimeGenerated:datetime F:string G:string N:long B:bool D:dynamic S:long",
        ),
        (
            r#"T | mv-apply D on (where D == 1 | project D, X = 1)"#,
            "TimeGenerated:datetime F:string G:string N:long B:bool D:dynamic X:long",
        ),
        (
            r#"T | parse F with * "a" X:long "b" Y"#,
            "TimeGenerated:datetime F:string G:string N:long B:bool D:dynamic X:long Y:string",
        ),
        (
            r#"T | parse-kv F as (u: string, v: long) with (pair_delimiter=',')"#,
            "TimeGenerated:datetime F:string G:string N:long B:bool D:dynamic u:string v:long",
        ),
        (
            r#"T | make-series c = count() default = 0, avg(N) on TimeGenerated from ago(1d) to now() step 1h by F"#,
            "F:string c:dynamic avg_N:dynamic TimeGenerated:dynamic",
        ),
        (
            r#"T | extend series_decompose_anomalies(D)"#,
            "TimeGenerated:datetime F:string G:string N:long B:bool D:dynamic series_decompose_anomalies_D_ad_flag:dynamic series_decompose_anomalies_D_ad_score:dynamic series_decompose_anomalies_D_baseline:dynamic",
        ),
        (
            r#"T | project (a, b) = series_fit_line(D), N"#,
            "a:real b:real series_fit_line_D_variance:real series_fit_line_D_rvariance:real series_fit_line_D_interception:real series_fit_line_D_line_fit:dynamic N:long",
        ),
        (
            r#"T | serialize R = row_number(), P = prev(F)"#,
            "TimeGenerated:datetime F:string G:string N:long B:bool D:dynamic R:long P:string",
        ),
        (
            r#"T | top-nested 2 of F by M = max(N), top-nested 1 of G by count()"#,
            "F:string M:long G:string aggregated_G:long",
        ),
        (r#"T | top-hitters 3 of F by N"#, "F:string approximate_sum_N:long"),
        (r#"T | sample-distinct 3 of F"#, "F:string"),
        (r#"T | getschema"#, "ColumnName:string ColumnOrdinal:long DataType:string ColumnType:string"),
        (r#"T | reduce by F"#, "Pattern:string Count:long Representative:string"),
        (r#"T | partition by F (top 1 by N | project N)"#, "N:long"),
        (
            r#"T | evaluate bag_unpack(D) : (*, Q: string)"#,
            "TimeGenerated:datetime F:string G:string N:long B:bool Q:string",
        ),
        (
            r#"T | evaluate ipv4_lookup(U, F, H)"#,
            "TimeGenerated:datetime F:string G:string N:long B:bool D:dynamic TimeGenerated1:datetime F1:long H:string",
        ),
        (
            r#"T | union withsource = S (U | project H)"#,
            "S:string TimeGenerated:datetime F:string G:string N:long B:bool D:dynamic H:string",
        ),
        (r#"T | search "x""#, "$table:string TimeGenerated:datetime F:string G:string N:long B:bool D:dynamic"),
        (r#"find in (T, U) where F == "x" project G, H"#, "source_:string G:string H:string"),
        (r#"range I from 1 to 3 step 1"#, "I:long"),
        (r#"let f = (t: (N: long)) { t | extend M = N + 1 }; T | invoke f() | project M"#, "M:long"),
        (r#"let w = "U"; table(w) | project F"#, "F:long"),
        (
            r#"T | summarize R = round(avg(N), 2), max(N) - min(N), tostring(make_set(F)) by G, startofweek(TimeGenerated)"#,
            "G:string Column1:datetime R:real Column2:long set_F:string",
        ),
        (
            r#"T | summarize arg_max(TimeGenerated, *), F = make_set(F) by G"#,
            "G:string TimeGenerated:datetime F:string N:long B:bool D:dynamic F1:dynamic",
        ),
        (r#"T | summarize hll(F), buildschema(D), 1 by G"#, "G:string hll_F:dynamic schema_D:dynamic Column1:long"),
        (r#"T | project bin(Day = TimeGenerated, 1d), strcat(F, G)"#, "Day:datetime Column1:string"),
    ] {
        let lowered = lowered(text);
        let query = lowered.query.unwrap_or_else(|| panic!("{text}: {:?}", lowered.diagnostics));
        let schema = &query.relation(query.root).schema;
        let columns = schema.columns.iter().map(|column| query.column(*column));
        let found: Vec<String> = columns.map(|column| format!("{}:{}", column.name, column.ty.name())).collect();
        assert_eq!(found.join(" "), expected, "{text}");
        assert!(!schema.open, "{text}");
    }
}

#[test]
fn an_expression_over_aggregates_is_computed_from_their_columns() {
    check("T | summarize M = max(N) - min(N), count() by G", "(project %1 (T.G T.G) (#3 (- #0 #1)) (#2 #2))");
}

#[test]
fn uses_of_a_column_that_do_not_agree_make_it_dynamic() {
    check(
        r#"Mystery_CL | where Status == 1 or Status =~ "failure""#,
        r#"(filter %0 (or (= Mystery_CL.Status 1) (=~ Mystery_CL.Status "failure")))"#,
    );
}

#[test]
fn a_function_without_arguments_needs_no_parentheses() {
    check(r#"let f = () { dynamic(["a", "b"]) }; T | where F in (f)"#, r#"(filter %0 (= T.F "a" "b"))"#);
    check_columns("let f = () { T | project F }; f | where F in ((f))", &["F"]);
}

#[test]
fn a_conditional_aggregate_is_the_aggregate_with_a_filter() {
    check(
        "T | summarize c = countif(N > 5), d = dcountif(F, N > 5) by G",
        "(summarize %0 (by (T.G T.G)) (#0 (count  (where (> T.N 5)))) (#1 (dcount T.F (where (> T.N 5)))))",
    );
}

#[test]
fn a_table_that_nobody_knows_is_open_and_its_types_come_from_use() {
    let lowered = lowered(r#"Mystery_CL | where Name_s has "x" and Size_d > 5 | project Name_s, Size_d, Other_s"#);
    let query = lowered.query.expect("an open table takes any column");
    let types: Vec<(&str, Type)> = query
        .relation(query.root)
        .schema
        .columns
        .iter()
        .map(|column| (query.column(*column).name.as_str(), query.column(*column).ty))
        .collect();
    assert_eq!(types, [("Name_s", Type::String), ("Size_d", Type::Long), ("Other_s", Type::String)]);
    assert_eq!(lowered.diagnostics.iter().map(|note| note.code).collect::<Vec<_>>(), [Code::InferredSchema]);
}

#[test]
fn names_and_types_that_do_not_fit_are_errors_at_their_place() {
    for (text, code, place, message) in [
        ("T | where Fx == 1", Code::UnknownColumn, "Fx", "no column `Fx` in table `T`"),
        ("T | project F | where N > 1", Code::UnknownColumn, "N", "no column `N`"),
        (r#"T | where N has "x""#, Code::WrongType, "has", "a text test is not defined on a value of type long"),
        (r#"T | where N =~ "x""#, Code::WrongType, "=~", "values of types long and string cannot be compared"),
        ("T | join U on F", Code::WrongType, "F", "the join keys are of types string and long"),
        (
            "T | join U on $left.D == $right.H",
            Code::WrongType,
            "$left.D == $right.H",
            "a join key cannot be of type dynamic",
        ),
        ("T | join U on G", Code::UnknownColumn, "G", "no column `G` in table `U`"),
        ("T | join U on tostring(F)", Code::WrongType, "tostring(F)", "this is no join key"),
        ("T | mv-expand F", Code::WrongType, "F", "expected a dynamic value to expand, found string"),
        ("T | project-away Z", Code::UnknownColumn, "Z", "no column `Z` in table `T`"),
        ("T | summarize N by F", Code::WrongType, "N", "expected an aggregate such as `count()`"),
        (r#"T | where F > "x""#, Code::WrongType, ">", "`>` is not defined between string and string"),
        ("T | where F", Code::WrongType, "F", "expected a condition, found a value of type string"),
        ("T | where strlen(F, G) > 1", Code::WrongArguments, "strlen", "`strlen` takes one argument, found 2"),
        (r#"T | where F matches regex "(""#, Code::BadPattern, r#""(""#, "not a regular expression: unclosed group"),
        (r#"T | where ipv4_is_in_range(F, "x")"#, Code::BadNetwork, r#""x""#, "`x` is no IPv4 range"),
        ("T | where F = 'x'", Code::WrongType, "F", "`F =` names the condition instead of comparing"),
        ("T | take F", Code::UnknownName, "F", "no name `F` is known here"),
        ("T | extend A = 1, A = 2", Code::DuplicateName, "A", "a column `A` is assigned already"),
    ] {
        check_error(text, code, place, message);
    }
}

#[test]
fn text_compared_with_a_number_is_read_as_one_and_said_to_be() {
    check_where(r#"N == "5""#, "(= T.N 5)");
    let warning = &lowered(r#"T | where N == "5""#).diagnostics[0];
    assert_eq!((warning.code, warning.is_error()), (Code::WrongType, false));
}

#[test]
fn what_is_not_understood_is_opaque_by_name() {
    check("T | mv-expand D | where F == 'x'", r#"(filter %1 (= T.F "x"))"#);
    check(
        "T | extend z = geo_point_buffer(1.0, 2.0, 3.0)",
        r#"(extend %0 (#0 (opaque "geo_point_buffer" real(1.0) real(2.0) real(3.0))))"#,
    );
}

#[test]
fn only_the_last_answer_is_the_rules_and_the_others_are_said_to_be_left() {
    let lowered = lowered("U | where H == 'x'; T | where F == 'y'");
    assert_eq!(lowered.diagnostics.iter().map(|found| found.code).collect::<Vec<_>>(), [Code::ManyAnswers]);
    let query = lowered.query.expect("it is a warning");
    assert_eq!(query.elided.iter().map(|elided| elided.law).collect::<Vec<_>>(), ["result of an earlier statement"]);
}

#[test]
fn ten_thousand_alternatives_are_no_problem() {
    let alternatives: Vec<String> = (0..10_000).map(|number| format!("N == {number}")).collect();
    let lowered = lowered(&format!("T | where {}", alternatives.join(" or ")));
    assert!(lowered.query.is_some());
}

#[test]
fn arguments_that_multiply_run_out_of_budget() {
    let text = "let a = (x:long) { x + x }; let b = (x:long) { a(a(a(a(x)))) }; let c = (x:long) { b(b(b(b(x)))) };
        let d = (x:long) { c(c(c(c(x)))) }; T | where d(N) > 1";
    assert_eq!(lowered(text).diagnostics.first().map(|error| error.code), Some(Code::TooComplex));
}

#[test]
fn functions_that_multiply_run_out_of_budget() {
    let mut text = String::from("let f0 = (a:long) { a + a };");
    for level in 1..40 {
        text.push_str(&format!("let f{level} = (a:long) {{ f{}(a) + f{}(a + 1) }};", level - 1, level - 1));
    }
    text.push_str("T | where f39(N) > 1");
    let lowered = lowered(&text);
    assert_eq!(lowered.diagnostics.first().map(|error| error.code), Some(Code::TooComplex));
}
