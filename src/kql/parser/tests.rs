use super::{MAX_DEPTH, parse};
use crate::kql::ast::{Dynamic, Expr, ExprKind, LetValue, Literal, OperatorKind, Query, Statement};
use crate::kql::{leaves, print};

/// A tree as an S-expression, operators spelled as KQL spells them.
fn sketch(expr: &Expr) -> String {
    let all = |parts: Vec<String>| format!("({})", parts.join(" "));
    match &expr.kind {
        ExprKind::Name(name) => name.text.clone(),
        ExprKind::Literal(literal) => literal_text(literal),
        ExprKind::Star => "*".to_owned(),
        ExprKind::Unary { op, operand, .. } => {
            let sign = match op {
                crate::kql::ast::UnaryOp::Minus => "-",
                crate::kql::ast::UnaryOp::Plus => "+",
            };
            all(vec![sign.to_owned(), sketch(operand)])
        }
        ExprKind::Binary { op, left, right, .. } => all(vec![op.symbol().to_owned(), sketch(left), sketch(right)]),
        ExprKind::Membership { op, subject, list, .. } => {
            let mut parts = vec![op.symbol().to_owned(), sketch(subject)];
            parts.extend(list.iter().map(sketch));
            all(parts)
        }
        ExprKind::Between { negated, subject, low, high, .. } => {
            let op = if *negated { "!between" } else { "between" };
            all(vec![op.to_owned(), sketch(subject), sketch(low), sketch(high)])
        }
        ExprKind::Call { name, arguments } => {
            let mut parts = vec![format!("{}()", name.text)];
            parts.extend(arguments.iter().map(|argument| match &argument.name {
                Some(name) => format!("{}={}", name.text, sketch(&argument.value)),
                None => sketch(&argument.value),
            }));
            all(parts)
        }
        ExprKind::MethodCall { object, name, arguments } => {
            let mut parts = vec![format!(".{}()", name.text), sketch(object)];
            parts.extend(arguments.iter().map(|argument| sketch(&argument.value)));
            all(parts)
        }
        ExprKind::Member { object, name } => all(vec![format!(".{}", name.text), sketch(object)]),
        ExprKind::Index { object, index } => all(vec!["[]".to_owned(), sketch(object), sketch(index)]),
        ExprKind::Pipe { source, operators } => {
            let mut parts = vec!["|".to_owned(), sketch(source)];
            parts.extend(operators.iter().map(|operator| operator.keyword.text.clone()));
            all(parts)
        }
        ExprKind::Source(operator) => all(vec![operator.keyword.text.clone()]),
        ExprKind::EntityGroup { .. } => "entity_group".to_owned(),
        ExprKind::TypeOf(_) => "typeof".to_owned(),
        ExprKind::Placeholder(name) => name.text.clone(),
    }
}

fn literal_text(literal: &Literal) -> String {
    match literal {
        Literal::String(value) => format!("{value:?}"),
        Literal::TimeSpan(Some(ticks)) => format!("{ticks}t"),
        Literal::DateTime(Some(ticks)) => format!("@{ticks}"),
        Literal::Bool(value) => value.to_string(),
        Literal::Long(Some(value)) => value.to_string(),
        Literal::Real(Some(value)) => format!("{value:?}"),
        other => format!("{other:?}"),
    }
}

/// The query of a text without errors.
#[track_caller]
fn query(text: &str) -> Query {
    let parsed = parse(text);
    assert_eq!(messages(text), Vec::<String>::new(), "in {text}");
    parsed.query
}

/// The one expression of a text.
#[track_caller]
fn expression(text: &str) -> Expr {
    match query(text).statements.pop() {
        Some(Statement::Expr(expr)) => expr,
        other => panic!("expected an expression, found {other:?}"),
    }
}

/// The operator behind `T |`.
#[track_caller]
fn operator(text: &str) -> OperatorKind {
    match expression(&format!("T | {text}")).kind {
        ExprKind::Pipe { mut operators, .. } => operators.pop().expect("there is an operator").kind,
        other => panic!("expected a pipe, found {other:?}"),
    }
}

/// Errors as `line:column message`, both counted from 1.
fn messages(text: &str) -> Vec<String> {
    parse(text)
        .errors
        .iter()
        .map(|error| {
            let before = &text[..error.span.start as usize];
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|character| *character != '\n').count() + 1;
            format!("{line}:{column} {}", error.kind)
        })
        .collect()
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(sketch(&expression(text)), expected, "for {text}");
}

#[track_caller]
fn check_errors(text: &str, expected: &[&str]) {
    assert_eq!(messages(text), expected, "for {text}");
}

#[test]
fn and_binds_tighter_than_or() {
    check("a or b and c or d", "(or (or a (and b c)) d)");
    check("(a or b) and c", "(and (or a b) c)");
    check("not(a) and b", "(and (not() a) b)");
}

#[test]
fn text_operators_bind_tighter_than_arithmetic() {
    check("a has \"x\" + b", "(+ (has a \"x\") b)");
    check("a + b has \"x\"", "(+ a (has b \"x\"))");
    check("a =~ \"x\" and b !contains_cs \"y\"", "(and (=~ a \"x\") (!contains_cs b \"y\"))");
}

#[test]
fn comparisons_take_sums_as_operands() {
    check("a + b * c < d - e % f", "(< (+ a (* b c)) (- d (% e f)))");
    check("a < b == c", "(== (< a b) c)");
    check("a - b - c", "(- (- a b) c)");
    check("-a.b == +c", "(== (- (.b a)) (+ c))");
}

#[test]
fn comparisons_do_not_chain() {
    check_errors("T | where a == b == c", &["1:18 expected `;` or `|`, found `==`"]);
    check_errors("T | where a has \"x\" has \"y\"", &["1:21 expected `;` or `|`, found `has`"]);
    check_errors("T | where - -a == 1", &["1:13 expected an expression, found `-`"]);
}

#[test]
fn membership_takes_lists_names_and_queries() {
    check("a in (1, b)", "(in a 1 b)");
    check("a !in~ (\"x\")", "(!in~ a \"x\")");
    check("a has_any (dynamic([\"x\"]))", "(has_any a Dynamic(Array([Scalar(String(\"x\"))])))");
    check("a in (T | project b)", "(in a (| T project))");
    check("a has_all ((T | project b), \"x\")", "(has_all a (| T project) \"x\")");
    check("a in~ (union A, B)", "(in~ a (union))");
}

#[test]
fn between_takes_two_bounds() {
    check("a between (1 .. 2)", "(between a 1 2)");
    check("a !between (1..b+1)", "(!between a 1 (+ b 1))");
    check("a between (ago(1d)..now())", "(between a (ago() 864000000000t) (now()))");
}

#[test]
fn properties_and_elements_are_paths() {
    check("a.b.['c d'][0][\"e\"].f[-1]", "([] (.f ([] ([] (.c d (.b a)) 0) \"e\")) (- 1))");
    check("f(a).b", "(.b (f() a))");
    check("$left.a == $right.['b']", "(== (.a $left) (.b $right))");
    check("x.kind", "(.kind x)");
    check("cluster('c').database('d').T", "(.T (.database() (cluster() \"c\") \"d\"))");
}

#[test]
fn arguments_may_have_names() {
    check("f(x=1, *, where=2)", "(f() x=1 * where=2)");
    check("toscalar(T | count)", "(toscalar() (| T count))");
}

#[test]
fn a_star_stands_for_every_column() {
    check("* has \"x\"", "(has * \"x\")");
    check("* == \"x\" and b", "(and (== * \"x\") b)");
}

#[test]
fn strings_have_many_forms() {
    let cases: &[(&str, &str)] = &[
        (r#""a""#, "a"),
        ("'a\"b'", "a\"b"),
        (r#""\\ \" \' \a\b\f\n\r\t\v""#, "\\ \" ' \u{7}\u{8}\u{c}\n\r\t\u{b}"),
        (r#""\x41\u00e9\U0001F600\101\0\777""#, "Aé😀A\0?7"),
        (r#"@"C:\Windows\""x""""#, "C:\\Windows\\\"x\""),
        ("@'it''s'", "it's"),
        ("h'secret'", "secret"),
        ("H@\"a\\b\"", "a\\b"),
        ("```a\n\"\\b\"```", "a\n\"\\b\""),
        ("~~~a`b~~~", "a`b"),
        ("h```a```", "a"),
        ("\"a\" 'b' // more\n @'\\c'", "ab\\c"),
        (r#""\uD83D\uDE00""#, "😀"),
        ("\"\"", ""),
    ];
    for (text, expected) in cases {
        match expression(text).kind {
            ExprKind::Literal(Literal::String(value)) => assert_eq!(value, *expected, "for {text}"),
            other => panic!("{text} is {other:?}"),
        }
    }
}

#[test]
fn an_unknown_escape_is_an_error_at_its_place() {
    check_errors(r#"T | where a == "\\x\d""#, &[r"1:20 `\d` is not an escape"]);
    check_errors("T | where a == \"\\é\"", &["1:17 `\\é` is not an escape"]);
    check_errors(r#"T | where a == "\uD800""#, &[r#"1:16 `"\uD800"` is not a string"#]);
    check_errors("T | where a == \"abc\n| where b", &["1:16 the string is not closed on its line"]);
    check_errors("T | where ['abc == 1", &["1:12 the string is not closed on its line"]);
    check_errors("T | where a == ```abc", &["1:16 the string is not closed on its line"]);
}

#[test]
fn timespans_are_counted_in_ticks() {
    let cases: &[(&str, i64)] = &[
        ("1d", 864_000_000_000),
        ("1.5h", 54_000_000_000),
        ("30m", 18_000_000_000),
        ("10s", 100_000_000),
        ("100ms", 1_000_000),
        ("3microseconds", 30),
        ("2tick", 2),
        ("2ticks", 2),
        ("250nanoseconds", 2),
        ("time(1.02:03:04)", 937_840_000_000),
        ("time(\"1d\")", 864_000_000_000),
        ("timespan(2)", 1_728_000_000_000),
        ("timespan(0.12:34:56.7)", 452_967_000_000),
        ("timespan(-1h)", -36_000_000_000),
        ("time(00:05)", 3_000_000_000),
        ("time(1.5)", 1_296_000_000_000),
    ];
    for (text, ticks) in cases {
        assert_eq!(expression(text).kind, ExprKind::Literal(Literal::TimeSpan(Some(*ticks))), "for {text}");
    }
}

#[test]
fn datetimes_are_ticks_since_the_year_one() {
    const DAY: i64 = 864_000_000_000;
    // 2020-01-01 is day 737,424.
    let cases: &[(&str, i64)] = &[
        ("datetime(0001-01-01)", 0),
        ("datetime(2020-01-01)", 737_424 * DAY),
        ("date(2020-01-01)", 737_424 * DAY),
        ("datetime(2020)", 737_424 * DAY),
        ("datetime(2020-02)", 737_455 * DAY),
        ("datetime( \"2020-01-01T00:00:00Z\" )", 737_424 * DAY),
        ("datetime(2020-01-01 12:00)", 737_424 * DAY + DAY / 2),
        ("datetime(2020-01-01T12:00:00+02:00)", 737_424 * DAY + DAY * 10 / 24),
        ("datetime(2020-01-01 00:00:00.1234567)", 737_424 * DAY + 1_234_567),
        ("datetime(12/31/2019)", 737_423 * DAY),
        ("datetime(9999-12-31T23:59:59.9999999Z)", 3_652_059 * DAY - 1),
    ];
    for (text, ticks) in cases {
        assert_eq!(expression(text).kind, ExprKind::Literal(Literal::DateTime(Some(*ticks))), "for {text}");
    }
    assert_eq!(expression("datetime(null)").kind, ExprKind::Literal(Literal::DateTime(None)));
}

#[test]
fn numbers_have_types() {
    let cases: &[(&str, Literal)] = &[
        ("12", Literal::Long(Some(12))),
        ("0x1F", Literal::Long(Some(31))),
        ("0xFFFFFFFFFFFFFFFF", Literal::Long(Some(-1))),
        ("-9223372036854775808", Literal::Long(Some(i64::MIN))),
        ("long(-5)", Literal::Long(Some(-5))),
        ("long(null)", Literal::Long(None)),
        ("int(7)", Literal::Int(Some(7))),
        ("int(null)", Literal::Int(None)),
        ("1.5", Literal::Real(Some(1.5))),
        ("1.", Literal::Real(Some(1.0))),
        ("1e3", Literal::Real(Some(1000.0))),
        ("real(+inf)", Literal::Real(Some(f64::INFINITY))),
        ("real(null)", Literal::Real(None)),
        ("decimal(1.5)", Literal::Decimal(Some(rust_decimal::Decimal::new(15, 1)))),
        ("bool(null)", Literal::NullBool),
        ("True", Literal::Bool(true)),
        (
            "guid(74be27de-1e4e-49d9-b579-fe0b331d3642)",
            Literal::Guid(Some(uuid::uuid!("74be27de-1e4e-49d9-b579-fe0b331d3642"))),
        ),
        (
            "74be27de-1e4e-49d9-b579-fe0b331d3642",
            Literal::Guid(Some(uuid::uuid!("74be27de-1e4e-49d9-b579-fe0b331d3642"))),
        ),
    ];
    for (text, literal) in cases {
        assert_eq!(expression(text).kind, ExprKind::Literal(literal.clone()), "for {text}");
    }
}

#[test]
fn a_literal_that_does_not_fit_its_type_is_an_error() {
    check_errors("print datetime(2020-13-01)", &["1:7 `datetime(2020-13-01)` is not a datetime"]);
    check_errors("print 9223372036854775808", &["1:7 `9223372036854775808` is not a long"]);
    check_errors("print int(3000000000)", &["1:7 `int(3000000000)` is not an int"]);
    check_errors("print time(x)", &["1:7 `time(x)` is not a timespan"]);
    check_errors("print datetime(éé-é)", &["1:7 `datetime(éé-é)` is not a literal of its type"]);
    check_errors("print datetime(2020\n)", &["1:20 expected `)`, found the end of the line"]);
}

#[test]
fn dynamic_holds_json_and_literals() {
    let ExprKind::Literal(Literal::Dynamic(value)) =
        expression("dynamic({\"a\": [1, -2.5, null, true], 'b': datetime(0001-01-01)})").kind
    else {
        panic!("not a dynamic")
    };
    let scalar = Dynamic::Scalar;
    let items = vec![
        scalar(Literal::Long(Some(1))),
        scalar(Literal::Real(Some(-2.5))),
        Dynamic::Null,
        scalar(Literal::Bool(true)),
    ];
    let pairs = vec![("a".to_owned(), Dynamic::Array(items)), ("b".to_owned(), scalar(Literal::DateTime(Some(0))))];
    assert_eq!(*value, Dynamic::Bag(pairs));
    check_errors("print dynamic([1,])", &["1:18 expected a JSON value, found `]`"]);
}

#[test]
fn keywords_name_columns_where_the_language_lets_them() {
    query("T | extend title = 1, where = 2, count = 3 | project ['title'], count, range, view, id");
    query("T | where limit == 1 and parse == 2 and kind == 3");
    check_errors("T | where title == 1", &["1:11 `title` is a keyword, not a name"]);
    check_errors("T | extend a-b = 1", &["1:12 `a-b` is not a name: it has a dash"]);
    check_errors("T | extend date = 1", &["1:12 `date` is a keyword, not a name"]);
}

#[test]
fn assignments_may_be_to_several_names() {
    let OperatorKind::Extend(columns) = operator("extend (a, ['b c']) = f(), d, e = 1") else {
        panic!("not an extend")
    };
    let names: Vec<Vec<&str>> =
        columns.iter().map(|column| column.names.iter().map(|name| name.text.as_str()).collect()).collect();
    assert_eq!(names, [vec!["a", "b c"], vec![], vec!["e"]]);
}

#[test]
fn joins_keep_their_kind_apart_from_hints() {
    let text = "join hint.strategy=shuffle kind=leftouter (U | where x) on a, $left.b == $right.c";
    let OperatorKind::Join(join) = operator(text) else { panic!("not a join") };
    assert_eq!(join.kind.map(|kind| kind.text).as_deref(), Some("leftouter"));
    assert_eq!(sketch(&join.right), "(| U where)");
    let keys: Vec<String> = join.on.iter().map(sketch).collect();
    assert_eq!(keys, ["a", "(== (.b $left) (.c $right))"]);
}

#[test]
fn wildcards_name_tables_and_columns() {
    let OperatorKind::Union { parameters, tables } =
        operator("union isfuzzy=true U*, *V, (W | where a.b*c == 1), database('x').Y*")
    else {
        panic!("not a union")
    };
    assert_eq!(parameters[0].0.text, "isfuzzy");
    let tables: Vec<String> = tables.iter().map(sketch).collect();
    assert_eq!(tables, ["U*", "*V", "(| W where)", "(.Y* (database() \"x\"))"]);
    let OperatorKind::ProjectAway(patterns) = operator("project-away a, b*, ['c*']") else {
        panic!("not project-away")
    };
    let patterns: Vec<(&str, bool)> =
        patterns.iter().map(|pattern| (pattern.name.text.as_str(), pattern.wildcard)).collect();
    assert_eq!(patterns, [("a", false), ("b*", true), ("c*", false)]);
}

#[test]
fn functions_are_told_from_expressions_in_parentheses() {
    let text = "let f = (a: string, b: long = 5, t: (x: int), u: (*)) { let c = a; t | where y == c };\n\
                let v = view () { T };\nlet e = (T | where x);\nlet m = materialize(T | where y);\nT";
    let kinds: Vec<&str> = query(text)
        .statements
        .iter()
        .map(|statement| match statement {
            Statement::Let(binding) => match &binding.value {
                LetValue::Function(function) if function.view => "view",
                LetValue::Function(_) => "function",
                LetValue::Expr(_) => "value",
            },
            _ => "expression",
        })
        .collect();
    assert_eq!(kinds, ["function", "view", "value", "value", "expression"]);
}

#[test]
fn every_operator_has_a_node() {
    let operators = [
        "as x",
        "as hint.materialized=true x",
        "consume decodeblocks=true",
        "count",
        "count as n",
        "distinct *",
        "distinct a, b",
        "evaluate bag_unpack(a) : (*, b: string)",
        "evaluate hint.distribution=per_node pivot(a)",
        "facet by a, b with (where x | take 5)",
        "filter a == 1",
        "find in (T, U*) where a has 'x' project a, b: string, pack(*)",
        "fork (where x | count) b = (take 5)",
        "getschema kind=csl",
        "graph-match (x)-[e*1..3]->(y)--(z)<-[f]-(w) where x.a == 1 project x.a, y",
        "graph-to-table nodes as n with_node_id=i, edges as e",
        "invoke f(1).g()",
        "join U on a",
        "join kind=inner (U) on $left.a == $right.b",
        "limit 5 + 3",
        "lookup kind=leftouter U on a",
        "make-graph a --> b with U on c, V on d",
        "make-graph a -- b with_node_id=n",
        "make-series count() default=0, s = sum(a) on t from ago(1d) to now() step 1h by b",
        "make-series count() on t in range(ago(1d), now(), 1h)",
        "mv-apply x = a to typeof(string) limit 3 on (where x == 1 | summarize count())",
        "mv-apply to typeof(long) on (take 1)",
        "mv-expand bagexpansion=array a to typeof(string), b limit 5",
        "mvexpand a",
        "order by a asc nulls first, b",
        "parse a with * 'x' b: long 'y' c *",
        "parse kind=regex flags=Ui a with 'x' b",
        "parse-kv a as (b: string, c: long) with (pair_delimiter=',', kv_delimiter='=')",
        "parse-where a with 'x' b",
        "partition hint.strategy=native by a (top 5 by b)",
        "partition by a { U | where b == a }",
        "project",
        "project-keep a*",
        "project-rename a = b",
        "project-reorder a asc, b* granny-desc",
        "reduce by a with threshold=0.1",
        "render timechart with (title='x', ycolumns=a, b, xcolumn=c)",
        "render barchart kind=stacked title='x' by a, b",
        "sample 5",
        "sample-distinct 5 of a",
        "scan with_match_id=m declare (x: long = 0) with (step s1: a == 1 => x = 1; step s2 output=all: true;)",
        "search kind=case_sensitive in (T, U*) 'x' and a: 'y'",
        "search *",
        "serialize",
        "serialize a = row_number()",
        "summarize",
        "summarize hint.shufflekey=a count(), (x, y) = arg_max(b, c) by d, bin(e, 1h)",
        "top 5 by a desc nulls last",
        "top-hitters 5 of a by b",
        "top-nested 3 of a with others='x' by count() desc, top-nested of b by x = max(c)",
        "union withsource=t U, V",
    ];
    for text in operators {
        assert!(!matches!(operator(text), OperatorKind::Other { .. }), "for {text}");
        check_round_trip(&format!("T | {text}"));
    }
    for text in [
        "datatable (a: string, b: long) ['x', 1, 'y', -2, ]",
        "externaldata (a: string) [h@'http://x' 'y', z] with (format='csv', ignoreFirstRecord=true)",
        "print a = 1, 2",
        "range x from 1 to 10 step 1 | where x",
        "search in (T) 'x'",
        "find where a == 1",
        "union T, U",
        "evaluate f()",
        "declare query_parameters (a: string = 'x', b: long); T",
        "set notruncation; set x = 1; T",
        "alias database d = cluster('x').database('y'); T",
        "restrict access to (T, U*, database('x').*); T",
        "declare pattern p; T",
        "declare pattern p = (a: string)[b: string] { ('x').['y'] = { T }; ('z') = { U }; }; T",
        "macro-expand entity_group [cluster('a').database('b')] as x ( x.T )",
        "#connect x\nT",
    ] {
        check_round_trip(text);
    }
}

#[test]
fn old_forms_that_could_be_misread_are_kept_as_text() {
    for text in ["summarize count() by a bin=1h", "sort by a granny-asc"] {
        let OperatorKind::Other { text: kept } = operator(text) else { panic!("{text} is read") };
        assert!(text.ends_with(&kept));
        check_round_trip(&format!("T | {text}"));
    }
}

#[track_caller]
fn check_round_trip(text: &str) {
    let tree = query(text);
    let printed = print(&tree);
    let again = parse(&printed);
    assert!(again.errors.is_empty(), "{printed}\n{:?}", again.errors);
    assert_eq!(shape(&again.query), shape(&tree), "{printed}");
}

/// A tree without its spans.
pub(in crate::kql) fn shape(query: &Query) -> String {
    let tree = format!("{query:?}");
    let mut shape = String::with_capacity(tree.len());
    let mut rest = tree.as_str();
    while let Some(at) = rest.find("Span { start: ") {
        shape.push_str(&rest[..at]);
        let end = rest[at..].find('}').expect("a span's braces close");
        rest = &rest[at + end + 1..];
    }
    shape.push_str(rest);
    shape
}

#[test]
fn errors_name_what_was_expected() {
    check_errors("T | where (a == 1", &["1:18 expected `)`, found the end of the query"]);
}

#[test]
fn parsing_goes_on_behind_an_error() {
    check_errors(
        "let x = ;\nlet y = 1;\nT | wher a | where b == | extend c = (1 | take d,",
        &[
            "1:9 expected an expression, found `;`",
            "3:5 expected an operator, found `wher`",
            "3:25 expected an expression, found `|`",
            "3:49 expected `)`, found `,`",
        ],
    );
}

#[test]
fn a_missing_semicolon_is_missing_on_the_line_before() {
    check_errors("let x = 1\nlet y = 2;\nT", &["1:10 expected `;` or `|`, found `let`"]);
    check_errors("T | take 5\n\nU | take 5", &["1:11 expected `;` or `|`, found `U`"]);
}

#[test]
fn fixes_are_offered_where_they_are_plain() {
    let help = |text: &str| parse(text).errors[0].help.clone().unwrap_or_default();
    assert_eq!(help("T | sumarize count()"), "there is an operator `summarize`");
    assert_eq!(help("T | where a containz 'x'"), "there is an operator `contains`");
    assert_eq!(help("T | where (a startwith 'x')"), "there is an operator `startswith`");
    assert_eq!(help("T | where title == 1"), "a column of this name is written `['title']`");
    assert_eq!(help("T | where !a"), "negation is written `not(…)`");
    assert_eq!(help("T | where not a"), "negation is written `not(…)`");
    assert_eq!(help("T | where a && b"), "conditions are joined by `and`");
    assert_eq!(help("T | where a || b"), "conditions are joined by `or`");
    assert_eq!(help("T | where a == “x”"), "strings stand in straight quotes");
    assert_eq!(help("T where a == 1"), "an operator stands behind a pipe: `| where`");
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    for (open, close) in [
        ("(", ")"),
        ("f(", ")"),
        ("-f(", ")"),
        ("a in (", ")"),
        ("a has f(b, ", ")"),
        ("a or b and c == d + e * f(", ")"),
    ] {
        for depth in [10_000, 300] {
            let text = format!("T | where {}x{}", open.repeat(depth), close.repeat(depth));
            let errors = parse(&text).errors;
            assert_eq!(errors.len(), 1, "for {open}");
            assert_eq!(errors[0].kind, super::ErrorKind::TooDeep);
            assert!(errors[0].span.start > 10, "the place is inside the query");
        }
    }
    let arrays = format!("print dynamic({}", "[".repeat(10_000));
    assert_eq!(parse(&arrays).errors[0].kind, super::ErrorKind::TooDeep);
    let lets = format!("let f = {} 1", "() { let f = ".repeat(10_000));
    assert_eq!(parse(&lets).errors[0].kind, super::ErrorKind::TooDeep);
    let pipes = format!("{}T", "union (".repeat(10_000));
    assert_eq!(parse(&pipes).errors[0].kind, super::ErrorKind::TooDeep);
}

#[test]
fn a_text_that_is_no_query_has_an_end_of_errors() {
    assert_eq!(parse(&"| ".repeat(100_000)).errors.len(), 100);
}

#[test]
fn nesting_up_to_the_limit_is_read_printed_and_dropped() {
    let depth = MAX_DEPTH as usize - 4;
    let text = format!("T | where {}x{}", "a or b and c == d + e * f(".repeat(depth / 7), ")".repeat(depth / 7));
    check_round_trip(&text);
    let parens = format!("T | where {}x{}", "(".repeat(depth), ")".repeat(depth));
    check_round_trip(&parens);
    assert_eq!(leaves(&query(&parens)).len(), 3);
}

#[test]
fn long_chains_stay_flat() {
    let conditions: Vec<String> = (0..20_000).map(|number| format!("a == {number}")).collect();
    let text = format!("T | where {}", conditions.join(" or "));
    let tree = query(&text);
    assert_eq!(leaves(&tree).len(), 2 + 20_000 * 3 + 19_999);
    check_round_trip(&text);
    // Sums cannot be balanced: they are not the same in another order.
    let sum = format!("print {}", vec!["1"; 1000].join(" + "));
    assert_eq!(parse(&sum).errors[0].kind, super::ErrorKind::TooDeep);
}

#[test]
fn parentheses_around_a_part_of_a_chain_are_not_kept() {
    check("a and (b and c) and d", "(and (and (and a b) c) d)");
    check("a or (b and c)", "(or a (and b c))");
}
