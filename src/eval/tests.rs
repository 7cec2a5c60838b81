//! Queries built by hand, and values through single operations.

use serde_json::json;

use super::*;
use crate::ir::{
    Aggregate, AggregateFunction, Aggregation, ArithmeticOp, Assignment, Case, Column, ColumnId, Dynamic, Function,
    Order, Path, Relation, RelationId, Schema, SortKey, Step, Test, TextRelation, Truth, UnionColumn,
};

/// Builds a query node by node.
#[derive(Default)]
struct Build {
    query: Query,
}

impl Build {
    fn column(&mut self, name: &str, ty: Type) -> ColumnId {
        self.query.add_column(Column { name: name.to_owned(), ty, lineage: None })
    }

    fn add(&mut self, op: Operator, columns: &[ColumnId]) -> RelationId {
        let schema = Schema { columns: columns.to_vec(), open: false };
        let id = self.query.add(Relation { op, schema, origins: Origins::none() });
        self.query.root = id;
        id
    }

    fn table(&mut self, name: &str, columns: &[ColumnId]) -> RelationId {
        self.add(Operator::Table { name: name.to_owned() }, columns)
    }

    fn read(&self, column: ColumnId) -> Expr {
        Expr::column(column, self.query.column(column).ty, Origins::none())
    }

    fn assign(&self, column: ColumnId, value: Expr) -> Assignment {
        Assignment { column, value }
    }

    #[track_caller]
    fn answers(&self, data: &Data, expected: serde_json::Value) {
        let table = run(&self.query, data, 0).expect("nothing is opaque");
        assert_eq!(render::json(&table)["rows"], expected);
    }
}

fn data(name: &str, events: serde_json::Value) -> Data {
    let events = events.as_array().unwrap().iter().map(|event| event.as_object().unwrap().clone()).collect();
    Data { tables: BTreeMap::from([(name.to_owned(), events)]), ..Data::default() }
}

fn literal(value: Value) -> Expr {
    Expr::literal(value, Origins::none())
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn dynamic(json: serde_json::Value) -> Value {
    convert::from_dynamic(convert::from_json(&json))
}

fn instant(text: &str) -> Value {
    Value::DateTime(time::parse_instant(text).unwrap())
}

fn test(subject: Expr, op: TestOp) -> Predicate {
    Predicate::test(Test { subject, op, missing: Truth::False }, Origins::none())
}

fn equals(operands: &[Value]) -> TestOp {
    TestOp::Equals { operands: operands.iter().cloned().map(literal).collect(), case: Case::Sensitive }
}

fn order(order: Order, operand: Value) -> TestOp {
    TestOp::Order { order, operand: literal(operand) }
}

fn call(function: Function, arguments: &[Expr], ty: Type) -> Expr {
    Expr { kind: ExprKind::Call(function, arguments.to_vec()), ty, origins: Origins::none() }
}

fn aggregate(function: AggregateFunction, arguments: Vec<Expr>) -> Aggregate {
    Aggregate { function, arguments, filter: None, origins: Origins::none() }
}

#[test]
fn a_filter_keeps_what_is_true_and_drops_null_and_false() {
    let events = json!([{"P": 5}, {"P": 443}, {}, {"P": null}]);
    let rows = |predicate: &dyn Fn(Expr) -> Predicate, expected: serde_json::Value| {
        let mut build = Build::default();
        let port = build.column("P", Type::Int);
        let table = build.table("T", &[port]);
        let predicate = predicate(build.read(port));
        build.add(Operator::Filter { input: table, predicate }, &[port]);
        build.answers(&data("T", events.clone()), expected);
    };
    let not = |part| Predicate::negate(part, Origins::none());
    rows(&|port| test(port, equals(&[Value::Int(443)])), json!([[443]]));
    rows(&|port| not(test(port, equals(&[Value::Int(443)]))), json!([[5], [null], [null]]));
    rows(&|port| test(port, order(Order::Greater, Value::Int(5))), json!([[443]]));
    rows(&|port| not(test(port, order(Order::Greater, Value::Int(5)))), json!([[5]]));
    rows(&|port| test(port, TestOp::IsNull), json!([[null], [null]]));
}

#[test]
fn and_or_and_not_follow_the_tables_of_three_valued_logic() {
    let truths = [Truth::True, Truth::False, Truth::Null];
    let constant = |truth| Predicate::constant(truth, Origins::none());
    let scope = expression::Scope::constant(0);
    for left in truths {
        for right in truths {
            let both = vec![constant(left), constant(right)];
            let conjunction = predicate::truth(&Predicate::and(both.clone(), Origins::none()), &scope);
            let disjunction = predicate::truth(&Predicate::or(both, Origins::none()), &scope);
            let expected = match (left, right) {
                (Truth::False, _) | (_, Truth::False) => Truth::False,
                (Truth::Null, _) | (_, Truth::Null) => Truth::Null,
                (Truth::True, Truth::True) => Truth::True,
            };
            assert_eq!(conjunction, expected, "{left:?} and {right:?}");
            let expected = match (left, right) {
                (Truth::True, _) | (_, Truth::True) => Truth::True,
                (Truth::Null, _) | (_, Truth::Null) => Truth::Null,
                (Truth::False, Truth::False) => Truth::False,
            };
            assert_eq!(disjunction, expected, "{left:?} or {right:?}");
        }
    }
}

#[test]
fn equality_with_null_follows_the_documented_table() {
    let null = Value::Null(Type::Long);
    assert_eq!(value::equal(&null, &Value::Long(5)), Truth::False);
    assert_eq!(value::equal(&null, &null), Truth::Null);
    assert_eq!(value::equal(&text(""), &text("")), Truth::True);
    assert_eq!(value::equal(&Value::Int(3), &Value::Real(3.0)), Truth::True);
    assert_eq!(value::equal(&dynamic(json!({"a": [1]})), &dynamic(json!({"a": [1]}))), Truth::True);
    assert_eq!(value::equal(&dynamic(json!("x")), &text("x")), Truth::True);
    assert_eq!(value::equal(&instant("2020-01-01"), &text("2020-01-01")), Truth::True);
    assert_eq!(value::equal(&instant("2020-01-01"), &text("never")), Truth::False);
}

#[test]
fn terms_are_runs_of_letters_and_digits_of_any_script() {
    let has =
        |text: &str, needle: &str| predicate::text_relation(text, needle, TextRelation::Term, Case::Insensitive);
    for (text, needle, expected) in [
        ("North America", "america", true),
        ("North America", "amer", false),
        ("foo_bar", "foo", true),
        ("foo_bar", "bar", true),
        ("error404", "404", false),
        ("error-404", "404", true),
        ("powershell.exe1", "powershell.exe", false),
        ("cmd /c whoami", "/c", true),
        ("RealVNCé Ltd", "realvnc", false),
        ("éRealVNC", "realvnc", false),
        ("REALVNC®", "realvnc", true),
        ("my_realvnc_build", "realvnc", true),
        // The first appearance is inside a term, the second is one.
        ("xfoo foo", "foo", true),
        ("", "", true),
        ("a", "", true),
        ("ab", " ", false),
        ("a b", " ", true),
        ("", "x", false),
    ] {
        assert_eq!(has(text, needle), expected, "{text:?} has {needle:?}");
    }
}

proptest::proptest! {
    #[test]
    fn a_term_is_what_the_documented_expression_finds(
        text in "[aAbé1_ .]{0,8}",
        needle in "[aAbé1_ .]{1,3}",
    ) {
        let letter = r"[\p{L}\p{N}]";
        let edge = |letters: Option<char>| letters.is_some_and(char::is_alphanumeric);
        let left = if edge(needle.chars().next()) { format!("(^|[^{}])", &letter[1..letter.len() - 1]) } else { String::new() };
        let right =
            if edge(needle.chars().next_back()) { format!("($|[^{}])", &letter[1..letter.len() - 1]) } else { String::new() };
        let pattern = format!("{left}{}{right}", regex::escape(&needle));
        let expected = regex::Regex::new(&pattern).unwrap().is_match(&text);
        let found = predicate::text_relation(&text, &needle, TextRelation::Term, Case::Sensitive);
        proptest::prop_assert_eq!(found, expected);
    }
}

#[test]
fn text_relations_say_where_the_needle_stands() {
    use TextRelation::{Contains, EndsWith, StartsWith, TermPrefix, TermSuffix};
    for (relation, text, needle, sensitive, insensitive) in [
        (Contains, "FabriKam", "BRik", false, true),
        (Contains, "FabriKam", "Kam", true, true),
        (StartsWith, "Fabrikam", "fab", false, true),
        (EndsWith, "Fabrikam", "kam", true, true),
        (EndsWith, "C:\\System32\\cmd.exe", "\\cmd.exe", true, true),
        (TermPrefix, "North America", "Ame", true, true),
        (TermPrefix, "CLAIR", "la", false, false),
        (TermSuffix, "North America", "ica", true, true),
        (TermSuffix, "North America", "americ", false, false),
        // Only ASCII letters fold.
        (Contains, "ÄRGER", "ä", false, false),
        (Contains, "", "", true, true),
    ] {
        let holds = |case| predicate::text_relation(text, needle, relation, case);
        assert_eq!(holds(Case::Sensitive), sensitive, "{relation:?} {text:?} {needle:?}");
        assert_eq!(holds(Case::Insensitive), insensitive, "{relation:?} {text:?} {needle:?}");
    }
}

#[test]
fn networks_are_null_of_what_is_no_address_and_take_the_shorter_prefix() {
    let private: Vec<crate::ir::Network> = [("10.0.0.0", 8), ("172.16.0.0", 12), ("192.168.0.0", 16)]
        .map(|(address, prefix)| crate::ir::Network {
            address: address.parse().unwrap(),
            prefix,
            origins: Origins::none(),
        })
        .to_vec();
    let op = TestOp::InNetwork { networks: private };
    for (address, expected) in [
        ("10.1.2.3", Truth::True),
        ("10.1.2.3/24", Truth::True),
        ("192.168.1.1/24", Truth::True),
        ("127.0.0.1", Truth::False),
        ("172.15.255.255", Truth::False),
        ("172.16.0.0", Truth::True),
        ("172.31.255.255", Truth::True),
        ("172.32.0.0", Truth::False),
        ("", Truth::Null),
        ("2001:db8::1", Truth::Null),
        ("not-an-ip", Truth::Null),
        ("10.1.2", Truth::Null),
        ("10.1.2.256", Truth::Null),
    ] {
        assert_eq!(scalar::test(&text(address), &op), Some(expected), "{address}");
    }
}

#[test]
fn addresses_inside_text_are_set_off_and_valid() {
    let has = |text, address| function::network::has_ipv4(text, address, false);
    let has_prefix = |text, prefix| function::network::has_ipv4(text, prefix, true);
    assert!(has("05:04:54 127.0.0.1 GET /favicon.ico 404", "127.0.0.1"));
    assert!(!has("05:04:54 127.0.0.256 GET /favicon.ico 404", "127.0.0.256"));
    assert!(!has("05:04:54127.0.0.1 GET /favicon.ico 404", "127.0.0.1"));
    assert!(has("Source address is 10.1.2.3:1234", "10.1.2.3"));
    assert!(has_prefix("05:04:54 127.0.0.1 GET", "127.0."));
    assert!(!has_prefix("05:04:54 127.0.0.1 GET", "127.0"));
    assert!(!has_prefix("05:04:54127.0.0.1 GET", "127.0."));
    assert!(!has("é10.1.2.3", "10.1.2.3"));
}

#[test]
fn extend_replaces_a_column_and_sees_only_the_input() {
    let mut build = Build::default();
    let x = build.column("x", Type::Long);
    let table = build.table("T", &[x]);
    let (twice, again) = (build.column("x", Type::Long), build.column("y", Type::Long));
    let sum = |build: &Build| Expr {
        kind: ExprKind::Arithmetic(ArithmeticOp::Add, Box::new(build.read(x)), Box::new(build.read(x))),
        ty: Type::Long,
        origins: Origins::none(),
    };
    let columns = vec![build.assign(twice, sum(&build)), build.assign(again, build.read(x))];
    build.add(Operator::Extend { input: table, columns }, &[twice, again]);
    build.answers(&data("T", json!([{"x": 2}, {"x": null}])), json!([[4, 2], [null, null]]));
}

#[test]
fn a_path_reads_dynamic_values_and_json_text() {
    let mut build = Build::default();
    let (bag, source) = (build.column("bag", Type::Dynamic), build.column("source", Type::String));
    let table = build.table("T", &[bag, source]);
    let path = |column, steps: &[Step]| Expr {
        kind: ExprKind::Path(Path { column, steps: steps.to_vec() }),
        ty: Type::Dynamic,
        origins: Origins::none(),
    };
    let key = |name: &str| Step::Key(name.to_owned());
    let columns: Vec<Assignment> = [
        path(bag, &[key("a"), Step::Index(-1)]),
        path(bag, &[key("a b")]),
        path(source, &[key("x")]),
        path(bag, &[key("none"), key("x")]),
    ]
    .into_iter()
    .map(|value| Assignment { column: build.column("c", Type::Dynamic), value })
    .collect();
    let ids: Vec<ColumnId> = columns.iter().map(|assignment| assignment.column).collect();
    build.add(Operator::Project { input: table, columns }, &ids);
    let events = json!([{"bag": {"a": [1, 2], "a b": "q"}, "source": "{\"x\":true}"}]);
    build.answers(&data("T", events), json!([[2, "q", true, null]]));
}

#[test]
fn branches_of_several_number_types_share_the_widest() {
    let condition = literal(Value::Bool(true));
    let branches = [condition, literal(Value::Long(1)), literal(Value::Real(2.5))];
    let chosen = call(Function::Iff, &branches, Type::Real);
    assert_eq!(*expression::Scope::constant(0).value(&chosen), Value::Real(1.0));
}

#[test]
fn a_table_that_two_read_is_whole_for_both() {
    let mut build = Build::default();
    let (x, y) = (build.column("x", Type::Long), build.column("y", Type::Long));
    let table = build.table("T", &[x, y]);
    let predicate = test(build.read(x), order(Order::Greater, Value::Long(1)));
    let filtered = build.add(Operator::Filter { input: table, predicate }, &[x, y]);
    let total = build.column("sum_y", Type::Long);
    let sum = aggregate(AggregateFunction::Sum, vec![build.read(y)]);
    let aggregates = vec![Aggregation { columns: vec![total], aggregate: sum }];
    let summary = build.add(Operator::Summarize { input: table, keys: Vec::new(), aggregates, rest: None }, &[total]);
    let out = build.column("out", Type::Long);
    let columns = vec![UnionColumn { column: out, sources: vec![Some(x), Some(total)] }];
    build.add(Operator::Union { inputs: vec![filtered, summary], columns }, &[out]);
    build.answers(&data("T", json!([{"x": 1, "y": 10}, {"x": 2, "y": 20}])), json!([[2], [30]]));
}

#[test]
fn groups_keep_nulls_and_no_rows_are_one_group_without_keys() {
    let summary = |keyed: bool, events: serde_json::Value, expected: serde_json::Value| {
        let mut build = Build::default();
        let (key, n) = (build.column("k", Type::Long), build.column("n", Type::Long));
        let table = build.table("T", &[key, n]);
        let (out, count, sum) =
            (build.column("k", Type::Long), build.column("count_", Type::Long), build.column("sum_n", Type::Long));
        let keys = if keyed { vec![build.assign(out, build.read(key))] } else { Vec::new() };
        let sum_of = aggregate(AggregateFunction::Sum, vec![build.read(n)]);
        let aggregates = vec![
            Aggregation { columns: vec![count], aggregate: aggregate(AggregateFunction::Count, Vec::new()) },
            Aggregation { columns: vec![sum], aggregate: sum_of },
        ];
        let columns = if keyed { vec![out, count, sum] } else { vec![count, sum] };
        build.add(Operator::Summarize { input: table, keys, aggregates, rest: None }, &columns);
        build.answers(&data("T", events), expected);
    };
    let events = json!([{"k": 1, "n": 5}, {"n": 1}, {"k": 1}, {"k": null, "n": 2}]);
    summary(true, events.clone(), json!([[1, 2, 5], [null, 2, 3]]));
    summary(false, events, json!([[4, 8]]));
    summary(true, json!([]), json!([]));
    summary(false, json!([]), json!([[0, 0]]));
}

/// One row for each aggregate over the given values of one column.
#[track_caller]
fn check_aggregate(function: AggregateFunction, ty: Type, values: &[serde_json::Value], expected: serde_json::Value) {
    let mut build = Build::default();
    let x = build.column("x", ty);
    let table = build.table("T", &[x]);
    let out = build.column("out", Type::Unknown);
    let mut arguments = vec![build.read(x)];
    if function == AggregateFunction::Percentile {
        arguments.push(literal(Value::Long(50)));
    }
    let aggregates = vec![Aggregation { columns: vec![out], aggregate: aggregate(function, arguments) }];
    build.add(Operator::Summarize { input: table, keys: Vec::new(), aggregates, rest: None }, &[out]);
    let events: Vec<serde_json::Value> = values.iter().map(|value| json!({"x": value})).collect();
    build.answers(&data("T", json!(events)), json!([[expected]]));
}

#[test]
fn aggregates_over_nothing_answer_as_the_emulator_does() {
    use AggregateFunction as F;
    for values in [&[][..], &[json!(null)][..]] {
        check_aggregate(F::Avg, Type::Long, values, json!("NaN"));
        check_aggregate(F::Sum, Type::Long, values, json!(0));
        check_aggregate(F::StDev, Type::Long, values, json!(0.0));
        check_aggregate(F::Variance, Type::Long, values, json!(0.0));
        check_aggregate(F::Max, Type::Long, values, json!(null));
        check_aggregate(F::Min, Type::Long, values, json!(null));
        check_aggregate(F::Percentile, Type::Long, values, json!(null));
        check_aggregate(F::TakeAny, Type::Long, values, json!(null));
        check_aggregate(F::DCount, Type::Long, values, json!(0));
        check_aggregate(F::MakeSet, Type::Long, values, json!([]));
        check_aggregate(F::MakeList, Type::Long, values, json!([]));
    }
}

#[test]
fn aggregates_over_values_answer_as_the_emulator_does() {
    use AggregateFunction as F;
    let five: Vec<serde_json::Value> = (1..=5).map(|number| json!(number)).collect();
    check_aggregate(F::MakeList, Type::Long, &five, json!([1, 2, 3, 4, 5]));
    check_aggregate(F::StDev, Type::Long, &five, json!(1.5811388300841898));
    check_aggregate(F::VarianceP, Type::Long, &five, json!(2.0));
    check_aggregate(F::Avg, Type::Long, &five, json!(3.0));
    check_aggregate(F::Percentile, Type::Long, &five, json!(3));
    let repeated = [json!("b"), json!("a"), json!(""), json!("b")];
    check_aggregate(F::MakeSet, Type::String, &repeated, json!(["b", "a", ""]));
    check_aggregate(F::DCount, Type::String, &repeated, json!(3));
    check_aggregate(F::Min, Type::String, &repeated, json!(""));
    check_aggregate(F::Max, Type::String, &repeated, json!("b"));
    check_aggregate(F::TakeAny, Type::String, &[json!(""), json!("x")], json!("x"));
    let arrays = [json!([1, 2]), json!([2, 3]), json!(4)];
    check_aggregate(F::MakeSet, Type::Dynamic, &arrays, json!([1, 2, 3, 4]));
    // As in the emulator's answers to geo-h3cell-rings-function-02 and geo-point-in-polygon-function-04.
    check_aggregate(F::MakeList, Type::Dynamic, &arrays, json!([1, 2, 2, 3, 4]));
    let bags = [json!({"a": 1}), json!({"b": 2})];
    check_aggregate(F::MakeBag, Type::Dynamic, &bags, json!({"a": 1, "b": 2}));
    let days = [json!("2020-01-01"), json!("2020-01-03")];
    check_aggregate(F::Avg, Type::DateTime, &days, json!("2020-01-02T00:00:00Z"));
    check_aggregate(F::Max, Type::DateTime, &days, json!("2020-01-03T00:00:00Z"));
    check_aggregate(F::Sum, Type::TimeSpan, &[json!("01:00:00"), json!("23:30:00")], json!("1.00:30:00"));
}

#[test]
fn arg_min_answers_the_row_of_the_least_value_and_any_row_of_nulls() {
    let mut build = Build::default();
    let (fruit, color, version) = (
        build.column("Fruit", Type::String),
        build.column("Color", Type::String),
        build.column("Version", Type::Int),
    );
    let table = build.table("T", &[fruit, color, version]);
    let outs = [
        build.column("Fruit", Type::String),
        build.column("Version", Type::Int),
        build.column("Color", Type::String),
    ];
    let keys = vec![build.assign(outs[0], build.read(fruit))];
    let least = aggregate(AggregateFunction::ArgMin, vec![build.read(version), build.read(color)]);
    let aggregates = vec![Aggregation { columns: vec![outs[1], outs[2]], aggregate: least }];
    build.add(Operator::Summarize { input: table, keys, aggregates, rest: None }, &outs);
    let events = json!([
        {"Fruit": "Apple", "Color": "Red", "Version": 1}, {"Fruit": "Apple", "Color": "Green"},
        {"Fruit": "Banana", "Color": "Yellow"}, {"Fruit": "Banana", "Color": "Green"},
        {"Fruit": "Pear", "Color": "Brown", "Version": 1}, {"Fruit": "Pear", "Color": "Green", "Version": 2},
    ]);
    let expected = json!([["Apple", 1, "Red"], ["Banana", null, "Yellow"], ["Pear", 1, "Brown"]]);
    build.answers(&data("T", events), expected);
}

#[test]
fn sort_puts_nulls_where_it_is_told_and_is_stable() {
    let sorted = |descending, nulls_first, expected: serde_json::Value| {
        let mut build = Build::default();
        let (x, id) = (build.column("x", Type::Real), build.column("id", Type::Long));
        let table = build.table("T", &[x, id]);
        let by = vec![SortKey { value: build.read(x), descending, nulls_first, origins: Origins::none() }];
        let sorted = build.add(Operator::Sort { input: table, by }, &[x, id]);
        let out = build.column("id", Type::Long);
        let columns = vec![build.assign(out, build.read(id))];
        build.add(Operator::Project { input: sorted, columns }, &[out]);
        let events = json!([
            {"id": 1, "x": 3}, {"id": 2}, {"id": 3, "x": 1}, {"id": 4, "x": "NaN"}, {"id": 5, "x": 1},
        ]);
        let expected: Vec<serde_json::Value> = expected.as_array().unwrap().iter().map(|id| json!([id])).collect();
        build.answers(&data("T", events), json!(expected));
    };
    sorted(false, true, json!([2, 4, 3, 5, 1]));
    sorted(true, false, json!([1, 3, 5, 4, 2]));
    sorted(false, false, json!([3, 5, 1, 4, 2]));
    sorted(true, true, json!([2, 4, 1, 3, 5]));
}

#[test]
fn a_union_fills_what_an_input_lacks() {
    let mut build = Build::default();
    let (left, right) = (build.column("x", Type::Long), build.column("y", Type::String));
    let one = build.add(Operator::Literal { rows: vec![vec![Value::Long(1)]] }, &[left]);
    let two = build.add(Operator::Literal { rows: vec![vec![text("b")]] }, &[right]);
    let outs = [build.column("x", Type::Long), build.column("y", Type::String)];
    let columns = vec![
        UnionColumn { column: outs[0], sources: vec![Some(left), None] },
        UnionColumn { column: outs[1], sources: vec![None, Some(right)] },
    ];
    build.add(Operator::Union { inputs: vec![one, two], columns }, &outs);
    build.answers(&Data::default(), json!([[1, ""], [null, "b"]]));
}

#[test]
fn a_subquery_is_evaluated_once_and_asked_by_in_and_toscalar() {
    let mut build = Build::default();
    let known = build.column("k", Type::String);
    let list = build.add(Operator::Literal { rows: vec![vec![text("A")], vec![text("b")]] }, &[known]);
    let f = build.column("F", Type::String);
    let table = build.table("T", &[f]);
    let among = |case| TestOp::Among { relation: list, case };
    let parts = vec![
        test(build.read(f), among(Case::Insensitive)),
        Predicate::negate(test(build.read(f), among(Case::Sensitive)), Origins::none()),
    ];
    let predicate = Predicate::and(parts, Origins::none());
    let filtered = build.add(Operator::Filter { input: table, predicate }, &[f]);
    let first = build.column("first", Type::String);
    let scalar = Expr { kind: ExprKind::Scalar(list), ty: Type::String, origins: Origins::none() };
    let columns = vec![build.assign(first, scalar)];
    build.add(Operator::Extend { input: filtered, columns }, &[f, first]);
    build.answers(&data("T", json!([{"F": "a"}, {"F": "A"}, {"F": "c"}, {}])), json!([["a", "A"]]));
}

#[test]
fn an_open_table_keeps_what_only_its_events_know() {
    let mut build = Build::default();
    let x = build.column("x", Type::Long);
    let table = build.table("T", &[x]);
    build.query.relation_mut(table).schema.open = true;
    let predicate = test(build.read(x), order(Order::Greater, Value::Long(1)));
    build.add(Operator::Filter { input: table, predicate }, &[x]);
    let answer = run(&build.query, &data("T", json!([{"x": 1}, {"x": 2, "y": "q", "z": 5}])), 0).unwrap();
    let expected = json!({
        "columns": [{"name": "x", "type": "long"}, {"name": "y", "type": "string"}, {"name": "z", "type": "long"}],
        "rows": [[2, "q", 5]],
    });
    assert_eq!(render::json(&answer), expected);
}

#[test]
fn what_is_known_by_name_only_is_refused_wherever_it_stands() {
    let opaque = Expr {
        kind: ExprKind::Opaque { name: "geo_angle".to_owned(), arguments: Vec::new() },
        ty: Type::Real,
        origins: Span::new(3, 12).into(),
    };
    let mut build = Build::default();
    let x = build.column("x", Type::Long);
    let table = build.table("T", &[x]);
    // Inside a predicate inside an expression inside a predicate.
    let inner = Expr::truth(test(call(Function::Abs, &[opaque], Type::Real), TestOp::IsNull));
    let predicate = test(inner, TestOp::IsTrue);
    build.add(Operator::Filter { input: table, predicate }, &[x]);
    let refused = run(&build.query, &Data::default(), 0).unwrap_err();
    assert_eq!(refused, Refused { reason: Reason::NotInterpreted("geo_angle".to_owned()), span: Span::new(3, 12) });
    assert_eq!(refused.to_string(), "`geo_angle` is not interpreted");
}

#[track_caller]
fn check_call(function: Function, arguments: &[Value], expected: Value) {
    let answer = scalar::call(function, arguments, 0);
    assert_eq!(answer, expected, "{}({arguments:?})", function.name());
}

#[test]
fn text_functions_answer_as_the_emulator_does() {
    use Function as F;
    let long = Value::Long;
    check_call(F::IndexOf, &[text("abcdefg"), text("cde")], long(2));
    check_call(F::IndexOf, &[text("abcdefg"), text("cde"), long(1), long(4)], long(2));
    check_call(F::IndexOf, &[text("abcdefg"), text("cde"), long(1), long(2)], long(2));
    check_call(F::IndexOf, &[text("abcdefg"), text("cde"), long(3), long(4)], long(-1));
    check_call(F::IndexOf, &[text("abcdefg"), text("cde"), long(-5)], long(2));
    check_call(F::IndexOf, &[long(1_234_567), long(5), long(1), long(4)], long(4));
    check_call(F::IndexOf, &[text("abcdefgabcdefg"), text("cde"), long(1), long(10), long(2)], long(9));
    check_call(F::IndexOf, &[text("abcdefgabcdefg"), text("cde"), long(1), long(-1), long(3)], long(-1));
    check_call(F::Substring, &[text("abcdefg"), long(1), long(3)], text("bcd"));
    check_call(F::Substring, &[text("abcdefg"), long(-3), long(2)], text("ef"));
    check_call(F::Substring, &[text("abc"), long(-10)], text(""));
    check_call(F::Substring, &[text("abcdefg"), long(1), long(-1)], text(""));
    check_call(F::Substring, &[text("abcdefg"), long(5), long(10)], text("fg"));
    check_call(F::Split, &[text("aaa_bbb_ccc"), text("_"), long(1)], dynamic(json!(["bbb"])));
    check_call(F::Split, &[text(""), text("_")], dynamic(json!([""])));
    check_call(F::Split, &[text("a__b"), text("_")], dynamic(json!(["a", "", "b"])));
    check_call(F::Strlen, &[text("⒦⒰⒮⒯⒪")], long(5));
    check_call(F::Strcat, &[text("a"), long(1), Value::Bool(true), dynamic(json!([1, 2]))], text("a1True[1,2]"));
    check_call(F::StrcatArray, &[dynamic(json!([1, 2, 3])), text("->")], text("1->2->3"));
    check_call(F::Strcmp, &[text("ABC"), text("abc")], long(-1));
    check_call(F::Reverse, &[Value::Real(123.45)], text("54.321"));
    check_call(F::Reverse, &[instant("2017-10-15 12:00")], text("Z0000000.00:00:21T51-01-7102"));
    check_call(F::ReplaceRegex, &[text("Number is 1"), text(r"is (\d+)"), text(r"was: \1")], text("Number was: 1"));
    check_call(F::Replace, &[text(r"is (\d+)"), text(r"was: \1"), text("Number is 1")], text("Number was: 1"));
    check_call(F::ReplaceString, &[text("a cat"), text("cat"), text("$1")], text("a $1"));
    check_call(F::Trim, &[text(r"[^\w]+"), text("-  Te st1// $")], text("Te st1"));
    check_call(F::TrimStart, &[text(r"[^\w]+"), text("-  Te st1// $")], text("Te st1// $"));
    check_call(F::TrimEnd, &[text(r"\s+"), text("  Hello  ")], text("  Hello"));
    check_call(F::Trim, &[text("a"), text("aaaa")], text("aa"));
    check_call(F::TrimStart, &[text("a|x"), text("bxa")], text("bxa"));
    check_call(F::CountOf, &[text("aaa"), text("aa")], long(2));
    check_call(F::CountOf, &[text("ababa"), text("aba"), text("regex")], long(1));
    check_call(F::Extract, &[text("-(\\d{2})-"), long(1), text("15-12-2024"), text("int")], Value::Int(12));
    check_call(F::Extract, &[text("x(y)"), long(1), text("none")], text(""));
    check_call(
        F::ExtractAll,
        &[text(r"(\d+)"), text("a set of numbers: 123, 567 and 789")],
        dynamic(json!(["123", "567", "789"])),
    );
    check_call(
        F::ExtractAll,
        &[text(r"(\w)(\w+)(\w)"), text("82b8-fa7x")],
        dynamic(json!([["8", "2b", "8"], ["f", "a7", "x"]])),
    );
    check_call(F::UrlDecode, &[text("https%3a%2f%2fwww.bing.com%2f")], text("https://www.bing.com/"));
    check_call(
        F::UrlEncodeComponent,
        &[text("https://www.bing.com/hello world/")],
        text("https%3a%2f%2fwww.bing.com%2fhello%20world%2f"),
    );
    check_call(F::Base64EncodeToString, &[text("Kusto")], text("S3VzdG8="));
    check_call(F::Base64DecodeToString, &[text("S3VzdG8=")], text("Kusto"));
    check_call(F::Base64DecodeToString, &[text("###")], text(""));
    check_call(F::ToHex, &[long(-256)], text("ffffffffffffff00"));
    check_call(F::ToHex, &[Value::Int(-256), long(8)], text("ffffff00"));
    check_call(F::ToHex, &[long(256), long(8)], text("00000100"));
    check_call(F::ToHex, &[long(256), long(2)], text("100"));
    check_call(F::RegexQuote, &[text("(so$me.Te^xt)")], text("\\(so\\$me\\.Te\\^xt\\)"));
    check_call(
        F::ParseCsv,
        &[text("aa,\"b,b,b\",cc,\"Escaping quotes: \"\"Title\"\"\",\"line1\nline2\"")],
        dynamic(json!(["aa", "b,b,b", "cc", "Escaping quotes: \"Title\"", "line1\nline2"])),
    );
}

#[test]
fn instants_go_through_functions_as_the_emulator_does() {
    use Function as F;
    let at = instant("2017-10-30 01:02:03.7654321");
    for (part, expected) in [
        ("year", 2017),
        ("quarter", 4),
        ("month", 10),
        ("week_of_year", 44),
        ("day", 30),
        ("dayOfYear", 303),
        ("hour", 1),
        ("minute", 2),
        ("second", 3),
        ("millisecond", 765),
        ("microsecond", 765_432),
        ("nanosecond", 765_432_100),
    ] {
        check_call(F::DateTimePart, &[text(part), at.clone()], Value::Long(expected));
    }
    for (unit, left, right, expected) in [
        ("year", "2017-01-01", "2000-12-31", 17),
        ("quarter", "2017-07-01", "2017-03-30", 2),
        ("month", "2017-01-01", "2015-12-30", 13),
        ("week", "2017-10-29 00:00", "2017-09-30 23:59", 5),
        ("day", "2017-10-29 00:00", "2017-09-30 23:59", 29),
        ("hour", "2017-10-31 01:00", "2017-10-30 23:59", 2),
        ("minute", "2017-10-30 23:05:01", "2017-10-30 23:00:59", 5),
        ("second", "2017-10-30 23:00:10.100", "2017-10-30 23:00:00.900", 10),
        ("millisecond", "2017-10-30 23:00:00.200100", "2017-10-30 23:00:00.100900", 100),
        ("microsecond", "2017-10-30 23:00:00.1009001", "2017-10-30 23:00:00.1008009", 100),
        ("nanosecond", "2017-10-30 23:00:00.0000000", "2017-10-30 23:00:00.0000007", -700),
    ] {
        check_call(F::DateTimeDiff, &[text(unit), instant(left), instant(right)], Value::Long(expected));
    }
    for (unit, amount, expected) in [
        ("year", -5, "2012-01-01"),
        ("quarter", 12, "2020-01-01"),
        ("month", -15, "2015-10-01"),
        ("week", 100, "2018-12-02"),
    ] {
        check_call(F::DateTimeAdd, &[text(unit), Value::Long(amount), instant("2017-01-01")], instant(expected));
    }
    let sunday = instant("2017-01-01 10:10:17");
    let offset = Value::Long(-1);
    check_call(F::EndOfDay, &[sunday.clone(), offset.clone()], instant("2016-12-31T23:59:59.9999999"));
    check_call(F::EndOfWeek, std::slice::from_ref(&sunday), instant("2017-01-07T23:59:59.9999999"));
    check_call(F::StartOfMonth, &[sunday.clone(), offset.clone()], instant("2016-12-01"));
    check_call(F::StartOfYear, &[sunday.clone(), Value::Long(1)], instant("2018-01-01"));
    check_call(F::StartOfWeek, &[instant("2025-06-14")], instant("2025-06-08"));
    check_call(F::DayOfWeek, &[instant("1970-05-11")], Value::TimeSpan(crate::ir::TICKS_PER_DAY));
    check_call(F::DayOfWeek, &[instant("1947-11-30 10:00:05")], Value::TimeSpan(0));
    check_call(
        F::FormatDateTime,
        &[instant("2017-01-29 09:00:05"), text("yy-MM-dd [HH:mm:ss]")],
        text("17-01-29 [09:00:05]"),
    );
    let clock = [2017, 10, 1, 12, 11].map(Value::Long);
    let seconds = [&clock[..], &[Value::Real(0.1234567)]].concat();
    check_call(F::MakeDateTime, &seconds, instant("2017-10-01T12:11:00.1234567"));
    let parts = [Value::Long(1), Value::Long(12), Value::Long(30), Value::Real(55.123)];
    let made = scalar::call(F::MakeTimeSpan, &parts, 0);
    assert_eq!(convert::text(&made), "1.12:30:55.1230000");
    check_call(F::UnixTimeSeconds, &[Value::Long(1_546_300_800)], instant("2019-01-01"));
    check_call(F::UnixTimeMilliseconds, &[Value::Long(1_546_300_800_000)], instant("2019-01-01"));
    check_call(F::UnixTimeMicroseconds, &[Value::Long(1_546_300_800_000_000)], instant("2019-01-01"));
    check_call(F::UnixTimeNanoseconds, &[Value::Long(1_546_300_800_000_000_000)], instant("2019-01-01"));
}

#[test]
fn numbers_go_through_operators_as_the_emulator_does() {
    let long = |op, left, right| scalar::arithmetic(op, &Value::Long(left), &Value::Long(right));
    use ArithmeticOp::{Add, Divide, Modulo, Subtract};
    assert_eq!(long(Modulo, -14, 12), Value::Long(10));
    assert_eq!(long(Modulo, 14, -12), Value::Long(2));
    assert_eq!(long(Modulo, -14, -12), Value::Long(10));
    assert_eq!(long(Divide, 1, 2), Value::Long(0));
    assert_eq!(long(Divide, -7, 2), Value::Long(-3));
    assert_eq!(long(Divide, 1, 0), Value::Null(Type::Long));
    assert_eq!(scalar::arithmetic(Add, &Value::Int(i32::MAX), &Value::Int(1)), Value::Long(2_147_483_648));
    assert_eq!(scalar::arithmetic(Divide, &Value::Real(1.0), &Value::Long(0)), Value::Real(f64::INFINITY));
    assert_eq!(scalar::arithmetic(Add, &Value::Null(Type::Long), &Value::Long(1)), Value::Null(Type::Long));
    let day = Value::TimeSpan(crate::ir::TICKS_PER_DAY);
    assert_eq!(scalar::arithmetic(Subtract, &instant("2020-01-02"), &instant("2020-01-01")), day);
    assert_eq!(scalar::arithmetic(Subtract, &instant("0001-01-01"), &day), Value::Null(Type::DateTime));
    assert_eq!(scalar::arithmetic(Divide, &day, &Value::TimeSpan(time::TICKS_PER_HOUR)), Value::Real(24.0));
    let bin = |value: Value, size: Value| scalar::call(Function::Bin, &[value, size], 0);
    assert_eq!(bin(Value::Real(4.5), Value::Long(1)), Value::Real(4.0));
    assert_eq!(bin(Value::Long(7), Value::Long(5)), Value::Long(5));
    assert_eq!(bin(Value::Long(-7), Value::Long(5)), Value::Long(-10));
    assert_eq!(bin(Value::Long(7), Value::Long(0)), Value::Null(Type::Long));
    assert_eq!(bin(instant("2020-01-02 03:04"), day.clone()), instant("2020-01-02"));
    let days = |days| Value::TimeSpan(days * crate::ir::TICKS_PER_DAY);
    assert_eq!(bin(days(16), days(7)), days(14));
    check_call(Function::BinAt, &[Value::Real(6.5), Value::Real(2.5), Value::Long(7)], Value::Real(4.5));
    check_call(
        Function::BinAt,
        &[instant("2017-05-15 10:20"), day, instant("1970-01-01 12:00")],
        instant("2017-05-14 12:00"),
    );
    check_call(Function::Abs, &[Value::Int(-5)], Value::Long(5));
    check_call(Function::Ceiling, &[Value::Long(0)], Value::Real(0.0));
    check_call(Function::Round, &[Value::Real(2.567), Value::Long(1)], Value::Real(2.6));
    check_call(Function::Round, &[Value::Real(1.005), Value::Long(2)], Value::Real(1.0));
    check_call(Function::Round, &[Value::Long(12_345), Value::Long(-2)], Value::Real(12_300.0));
    check_call(Function::MaxOf, &[Value::Null(Type::Int), Value::Int(2)], Value::Int(2));
    check_call(Function::MinOf, &[Value::Int(5), Value::Int(2)], Value::Int(2));
}

#[test]
fn arrays_and_bags_go_through_functions_as_the_emulator_does() {
    use Function as F;
    let words = dynamic(json!(["this", "is", "an", "example", "an", "example"]));
    for (arguments, expected) in [
        (vec![text("an")], 2),
        (vec![text("example"), Value::Long(1), Value::Long(3)], 3),
        (vec![text("example"), Value::Long(1), Value::Long(2)], -1),
        (vec![text("is"), Value::Long(2), Value::Long(4)], -1),
        (vec![text("an"), Value::Long(1), Value::Long(-1), Value::Long(2)], 4),
        (vec![text("an"), Value::Long(-3)], 4),
        (vec![text("is"), Value::Long(-4)], -1),
    ] {
        let arguments = [vec![words.clone()], arguments].concat();
        check_call(F::ArrayIndexOf, &arguments, Value::Long(expected));
    }
    let five = dynamic(json!([1, 2, 3, 4, 5]));
    check_call(F::ArraySlice, &[five.clone(), Value::Long(2), Value::Long(-1)], dynamic(json!([3, 4, 5])));
    check_call(F::ArrayRotateLeft, &[five.clone(), Value::Long(2)], dynamic(json!([3, 4, 5, 1, 2])));
    check_call(F::ArrayRotateRight, &[five, Value::Long(-2)], dynamic(json!([3, 4, 5, 1, 2])));
    let colors = dynamic(json!([null, "blue", "yellow", "green", null]));
    check_call(
        F::ArraySortAsc,
        std::slice::from_ref(&colors),
        dynamic(json!(["blue", "green", "yellow", null, null])),
    );
    check_call(
        F::ArraySortDesc,
        &[colors, Value::Bool(false)],
        dynamic(json!([null, null, "yellow", "green", "blue"])),
    );
    check_call(F::ArrayLength, &[dynamic(json!({"a": 1}))], Value::Null(Type::Long));
    check_call(F::BagKeys, &[dynamic(json!({"a": "b", "c": 123}))], dynamic(json!(["a", "c"])));
    check_call(F::BagKeys, &[dynamic(json!("a"))], Value::Null(Type::Dynamic));
    check_call(
        F::BagRemoveKeys,
        &[dynamic(json!({"k": 1, "q": {"a": 1, "b": 2}})), dynamic(json!(["$.q.a", "k"]))],
        dynamic(json!({"q": {"b": 2}})),
    );
    check_call(F::SetUnion, &[dynamic(json!([1, 2, 1])), dynamic(json!([8]))], dynamic(json!([1, 2, 8])));
    check_call(
        F::SetDifference,
        &[dynamic(json!([1, 2, 4])), dynamic(json!([1])), dynamic(json!([2]))],
        dynamic(json!([4])),
    );
    check_call(F::SetIntersect, &[dynamic(json!([1, 2, 4])), dynamic(json!([4, 1]))], dynamic(json!([1, 4])));
    check_call(F::Range, &[Value::Long(1), Value::Long(8), Value::Long(3)], dynamic(json!([1, 4, 7])));
    check_call(F::Range, &[Value::Long(1), Value::Long(3), Value::Long(0)], Value::Null(Type::Dynamic));
    check_call(F::Zip, &[dynamic(json!(["A", 1])), dynamic(json!(["B"]))], dynamic(json!([["A", "B"], [1, null]])));
    check_call(F::Coalesce, &[text(""), text("b")], text("b"));
    check_call(F::Iff, &[Value::Null(Type::Bool), text("y"), text("n")], text("n"));
    check_call(F::ParseJson, &[text("")], Value::Null(Type::Dynamic));
    check_call(F::ParseJson, &[text("[]")], dynamic(json!([])));
    check_call(F::ParseJson, &[text("{broken")], dynamic(json!("{broken")));
    check_call(F::ExtractJson, &[text("$.a[1]['b c']"), text(r#"{"a":[0,{"b c":"x"}]}"#)], text("x"));
    check_call(
        F::ParseUrl,
        &[text("scheme://username:password@host:1234/this/is/a/path?k1=v1&k2=v2#fragment")],
        dynamic(json!({
            "Scheme": "scheme", "Host": "host", "Port": "1234", "Path": "/this/is/a/path", "Username": "username",
            "Password": "password", "Query Parameters": {"k1": "v1", "k2": "v2"}, "Fragment": "fragment",
        })),
    );
    check_call(
        F::ParseCommandLine,
        &[text("echo \"hello world!\""), text("windows")],
        dynamic(json!(["echo", "hello world!"])),
    );
}

#[test]
fn addresses_go_through_functions_as_the_emulator_does() {
    use Function as F;
    check_call(F::ParseIpv4, &[text("192.168.1.1/24")], Value::Long(3_232_235_776));
    check_call(F::ParseIpv4, &[text("127.1")], Value::Null(Type::Long));
    check_call(F::ParseIpv4Mask, &[text("127.0.0.1"), Value::Long(24)], Value::Long(2_130_706_432));
    check_call(F::Ipv4IsMatch, &[text("192.168.1.1/30"), text("192.168.1.255/24")], Value::Bool(true));
    check_call(F::Ipv4IsMatch, &[text("x"), text("192.168.1.255/24")], Value::Null(Type::Bool));
    check_call(F::FormatIpv4, &[text("192.168.1.1/24"), Value::Long(32)], text("192.168.1.0"));
    check_call(F::FormatIpv4Mask, &[text("192.168.1.1"), Value::Long(24)], text("192.168.1.0/24"));
    check_call(F::FormatIpv4, &[text("192.168.1.1/24"), Value::Long(-1)], text(""));
    check_call(F::ParseIpv6, &[text("192.168.255.255/24")], text("0000:0000:0000:0000:0000:ffff:c0a8:ff00"));
    check_call(F::Ipv6Compare, &[text("192.168.1.1/24"), text("::ffff:c0a8:01ff")], Value::Long(0));
    check_call(
        F::Ipv6IsMatch,
        &[text("fe80::85d:e82c:9446:7994/127"), text("fe80::85d:e82c:9446:7998"), Value::Long(120)],
        Value::Bool(true),
    );
}

#[test]
fn every_function_takes_any_values_without_a_panic() {
    let values = [
        text(""),
        text("é%4\\("),
        text("2020-01-01"),
        Value::Null(Type::Long),
        Value::Null(Type::Dynamic),
        Value::Long(i64::MIN),
        Value::Long(i64::MAX),
        Value::Long(0),
        Value::Int(-1),
        Value::Real(f64::NAN),
        Value::Real(1e300),
        Value::Bool(true),
        Value::TimeSpan(i64::MIN),
        Value::DateTime(time::LAST_INSTANT),
        dynamic(json!([])),
        dynamic(json!([1, "a", null, {}])),
        dynamic(json!({"a": 1})),
        Value::Decimal(rust_decimal::Decimal::MAX),
    ];
    // A range between such ends fills its limit every time, which only takes long.
    for function in Function::ALL.iter().filter(|function| **function != Function::Range) {
        let (least, _) = function.arity();
        for count in least..=least + 1 {
            for (at, first) in values.iter().enumerate() {
                for second in &values {
                    let mut arguments = vec![first.clone(); count];
                    if let Some(last) = arguments.last_mut() {
                        *last = second.clone();
                    }
                    if let Some(middle) = arguments.get_mut(1) {
                        *middle = values[(at * 7 + 3) % values.len()].clone();
                    }
                    let _ = scalar::call(*function, &arguments, 0);
                }
            }
        }
    }
    for op in [
        ArithmeticOp::Add,
        ArithmeticOp::Subtract,
        ArithmeticOp::Multiply,
        ArithmeticOp::Divide,
        ArithmeticOp::Modulo,
    ] {
        for left in &values {
            for right in &values {
                let _ = scalar::arithmetic(op, left, right);
                let _ = scalar::compare(left, right);
            }
        }
    }
}

#[test]
fn answers_are_rendered_as_json_and_as_a_table() {
    let table = Table {
        columns: vec![
            ("t".to_owned(), Type::DateTime),
            ("d".to_owned(), Type::Dynamic),
            ("s".to_owned(), Type::String),
        ],
        rows: vec![
            vec![instant("2015-12-31 23:59:59.9"), Value::Dynamic(Dynamic::Long(1)), text("a\nb")],
            vec![Value::Null(Type::DateTime), Value::Null(Type::Dynamic), text("")],
        ],
    };
    let expected = json!({
        "columns": [{"name": "t", "type": "datetime"}, {"name": "d", "type": "dynamic"}, {"name": "s", "type": "string"}],
        "rows": [["2015-12-31T23:59:59.9Z", 1, "a\nb"], [null, null, ""]],
    });
    assert_eq!(render::json(&table), expected);
    let expected = "\
t                       d     s
----------------------  ----  ----
2015-12-31T23:59:59.9Z  1     a\\nb
null                    null
";
    assert_eq!(render::text(&table), expected);
}
