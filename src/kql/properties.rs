//! What holds for every text and every tree.

use proptest::prelude::*;

use super::ast::{
    Argument, BinaryOp, Column, Dynamic, Expr, ExprKind, Join, Let, LetValue, Literal, MembershipOp, Name, Operator,
    OperatorKind, Pattern, Query, SortKey, Statement, UnaryOp,
};
use super::parser::tests::shape;
use super::{leaves, lex, parse, print};
use crate::span::Span;

/// Pieces that make texts look like queries.
const WORDS: &[&str] = &[
    "T",
    "|",
    "where",
    "extend",
    "summarize",
    "by",
    "join",
    "kind=inner",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "a",
    "b.c",
    "==",
    "=",
    "and",
    "or",
    "not(",
    "'x'",
    "\"y",
    "@\"z\"",
    "1d",
    "datetime(2020",
    "datetime(2020-01-01)",
    ",",
    ";",
    "let",
    "f",
    "..",
    "between",
    "in",
    "!in~",
    "has_any",
    "dynamic(",
    "union",
    "*",
    "-",
    "mv-expand",
    "parse",
    "with",
    "on",
    "to",
    "typeof(long)",
    "make-series",
    "from",
    "step",
    "range",
    "count",
    "//",
    "\n",
    "```",
    "é",
    "{x}",
    "$left",
    "evaluate",
    "scan",
    "graph-match",
    "-[",
    "]->",
    "print",
    "declare",
    "pattern",
    "set",
    "as",
    "top-nested",
    "of",
    ":",
    "!contains",
    "matches regex",
    "1.5",
    "0x",
    "\\",
    "#",
    "h'",
    "toscalar(",
    "materialize(",
    "view",
    "fork",
    "render",
    "search",
    "find",
    "externaldata",
    "datatable",
    "partition",
    "facet",
    "macro-expand",
    "restrict",
    "access",
];

fn name() -> impl Strategy<Value = Name> {
    prop_oneof![
        4 => "[a-zA-Z_][a-zA-Z0-9_]{0,5}",
        1 => prop::sample::select(vec!["x y", "where", "kind", "title", "a-b", "3d", "", "é'\"", "a\\b", "true", "view"])
            .prop_map(str::to_owned),
    ]
    .prop_map(|text| Name { text, span: Span::default() })
}

fn expr(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<bool>().prop_map(Literal::Bool),
        any::<Option<i32>>().prop_map(Literal::Int),
        any::<Option<i64>>().prop_map(Literal::Long),
        any::<f64>().prop_map(|value| Literal::Real(Some(value))),
        Just(Literal::Real(None)),
        any::<String>().prop_map(Literal::String),
        "[\\\\\"'\n a]{0,6}".prop_map(Literal::String),
        (-i64::MAX..i64::MAX).prop_map(|ticks| Literal::TimeSpan(Some(ticks))),
        (-40_i64..40).prop_map(|hours| Literal::TimeSpan(Some(hours * 36_000_000_000))),
        (0..3_652_059 * 864_000_000_000_i64).prop_map(|ticks| Literal::DateTime(Some(ticks))),
        (0..3_652_059_i64).prop_map(|days| Literal::DateTime(Some(days * 864_000_000_000))),
        Just(Literal::NullBool),
        any::<u128>().prop_map(|bits| Literal::Guid(Some(uuid::Uuid::from_u128(bits)))),
        (any::<i64>(), 0..20_u32)
            .prop_map(|(digits, scale)| Literal::Decimal(Some(rust_decimal::Decimal::new(digits, scale)))),
        json().prop_map(|value| Literal::Dynamic(Box::new(value))),
    ]
}

fn json() -> impl Strategy<Value = Dynamic> {
    let scalar = prop_oneof![
        Just(Dynamic::Null),
        any::<i64>().prop_map(|value| Dynamic::Scalar(Literal::Long(Some(value)))),
        any::<f64>()
            .prop_filter("JSON has no such number", |value| value.is_finite())
            .prop_map(|value| Dynamic::Scalar(Literal::Real(Some(value)))),
        any::<String>().prop_map(|value| Dynamic::Scalar(Literal::String(value))),
        any::<bool>().prop_map(|value| Dynamic::Scalar(Literal::Bool(value))),
    ];
    scalar.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Dynamic::Array),
            prop::collection::vec((any::<String>(), inner), 0..4).prop_map(Dynamic::Bag),
        ]
    })
}

fn scalar() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        name().prop_map(|name| expr(ExprKind::Name(name))),
        literal().prop_map(|literal| expr(ExprKind::Literal(literal))),
    ];
    leaf.prop_recursive(4, 32, 3, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let ops: Vec<BinaryOp> =
            BinaryOp::ALL.iter().copied().filter(|op| !matches!(op, BinaryOp::And | BinaryOp::Or)).collect();
        let chain = |op: BinaryOp| {
            prop::collection::vec(inner.clone(), 2..12)
                .prop_map(move |operands| Expr::chain(op, operands, Vec::new()).0)
        };
        prop_oneof![
            (prop::sample::select(ops), boxed(), boxed()).prop_map(|(op, left, right)| {
                expr(ExprKind::Binary { op, op_span: Span::default(), left, right })
            }),
            chain(BinaryOp::And),
            chain(BinaryOp::Or),
            (any::<bool>(), boxed()).prop_map(|(minus, operand)| {
                // A number with a sign is one number where it is the smallest.
                let op = if minus { UnaryOp::Minus } else { UnaryOp::Plus };
                expr(ExprKind::Unary { op, op_span: Span::default(), operand })
            }),
            (prop::sample::select(MembershipOp::ALL.to_vec()), boxed(), prop::collection::vec(inner.clone(), 1..4))
                .prop_map(|(op, subject, list)| {
                    expr(ExprKind::Membership { op, op_span: Span::default(), subject, list })
                }),
            (any::<bool>(), boxed(), boxed(), boxed()).prop_map(|(negated, subject, low, high)| {
                expr(ExprKind::Between { negated, op_span: Span::default(), subject, low, high })
            }),
            (name(), prop::collection::vec((prop::option::of(name()), inner.clone()), 0..3)).prop_map(
                |(name, arguments)| {
                    let arguments = arguments.into_iter().map(|(name, value)| Argument { name, value }).collect();
                    expr(ExprKind::Call { name, arguments })
                }
            ),
            (boxed(), name()).prop_map(|(object, name)| expr(ExprKind::Member { object, name })),
            (boxed(), boxed()).prop_map(|(object, index)| expr(ExprKind::Index { object, index })),
            (boxed(), prop::collection::vec(operator(inner.clone()), 1..3))
                .prop_map(|(source, operators)| { expr(ExprKind::Pipe { source, operators }) }),
        ]
    })
}

fn column(value: impl Strategy<Value = Expr>) -> impl Strategy<Value = Column> {
    (prop::collection::vec(name(), 0..3), value).prop_map(|(names, value)| Column { names, value })
}

fn operator(value: impl Strategy<Value = Expr> + Clone + 'static) -> impl Strategy<Value = Operator> {
    let columns = || prop::collection::vec(column(value.clone()), 1..3);
    let key = || {
        (prop::option::of(name()), value.clone(), any::<Option<bool>>(), any::<Option<bool>>()).prop_map(
            |(name, value, direction, nulls)| SortKey {
                name,
                value,
                direction: direction.map(|ascending| (ascending, Span::default())),
                nulls: nulls.map(|first| (first, Span::default())),
            },
        )
    };
    let kind = prop_oneof![
        value.clone().prop_map(|value| ("where", OperatorKind::Where(Column { names: Vec::new(), value }))),
        columns().prop_map(|columns| ("extend", OperatorKind::Extend(columns))),
        columns().prop_map(|columns| ("project", OperatorKind::Project(columns))),
        prop::collection::vec(name(), 1..3).prop_map(|names| {
            let pattern = |name| Pattern { name, wildcard: false, order: None };
            ("project-away", OperatorKind::ProjectAway(names.into_iter().map(pattern).collect()))
        }),
        (columns(), prop::collection::vec(column(value.clone()), 0..2)).prop_map(|(aggregates, keys)| {
            let by = (!keys.is_empty()).then(Span::default);
            ("summarize", OperatorKind::Summarize { aggregates, by, keys })
        }),
        prop::collection::vec(key(), 1..3).prop_map(|keys| ("sort", OperatorKind::Sort(keys))),
        (value.clone(), key()).prop_map(|(count, by)| ("top", OperatorKind::Top { count, by: vec![by] })),
        value.clone().prop_map(|count| ("take", OperatorKind::Take(count))),
        prop::collection::vec(value.clone(), 1..3)
            .prop_map(|tables| ("union", OperatorKind::Union { parameters: Vec::new(), tables })),
        (value.clone(), prop::collection::vec(value.clone(), 0..3), prop::option::of(name())).prop_map(
            |(right, on, kind)| {
                let kind = kind.filter(|kind| !kind.text.eq_ignore_ascii_case("true"));
                ("join", OperatorKind::Join(Join { kind, right, on, predicate: None }))
            }
        ),
        Just(("count", OperatorKind::Count)),
    ];
    kind.prop_map(|(keyword, kind)| Operator {
        kind,
        keyword: Name { text: keyword.to_owned(), span: Span::default() },
        hints: Vec::new(),
        span: Span::default(),
    })
}

fn query() -> impl Strategy<Value = Query> {
    let statement = prop_oneof![
        (name(), scalar()).prop_map(|(name, value)| {
            Statement::Let(Let { name, value: LetValue::Expr(value), span: Span::default() })
        }),
        scalar().prop_map(Statement::Expr),
    ];
    prop::collection::vec(statement, 1..3).prop_map(|statements| Query { statements })
}

/// Whether a tree has a `:` between operands: behind a name in parentheses it would declare a parameter.
fn searches(query: &Query) -> bool {
    format!("{query:?}").contains("op: Search")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn tokens_tile_the_text(text in any::<String>(), words in prop::collection::vec(prop::sample::select(WORDS), 0..40)) {
        for text in [text, words.join(" "), words.concat()] {
            let mut end = 0;
            for token in lex(&text) {
                prop_assert_eq!(token.span.start, end);
                prop_assert!(token.span.end > end);
                prop_assert!(text.is_char_boundary(token.span.end as usize));
                end = token.span.end;
            }
            prop_assert_eq!(end as usize, text.len());
        }
    }

    #[test]
    fn no_text_panics_and_every_error_has_a_place(
        text in any::<String>(),
        words in prop::collection::vec(prop::sample::select(WORDS), 0..60),
    ) {
        for text in [text, words.join(" "), words.concat()] {
            let parsed = parse(&text);
            for error in &parsed.errors {
                prop_assert!(text.get(error.span.range()).is_some(), "{:?}", error);
                prop_assert!(!error.kind.to_string().contains("expected ,"), "{}", error.kind);
            }
            for leaf in leaves(&parsed.query) {
                prop_assert!(leaf.scope.contains(leaf.span), "{} outside of {}", leaf.span.of(&text), leaf.scope.of(&text));
            }
            if parsed.errors.is_empty() {
                let again = parse(&print(&parsed.query));
                prop_assert_eq!(&again.errors, &Vec::new());
                prop_assert_eq!(shape(&again.query), shape(&parsed.query));
            }
        }
    }

    #[test]
    fn printing_then_parsing_is_a_fixed_point(tree in query().prop_filter("no parameter lists", |tree| !searches(tree))) {
        let text = print(&tree);
        let again = parse(&text);
        prop_assert_eq!(&again.errors, &Vec::new(), "{}", text);
        prop_assert_eq!(shape(&again.query), shape(&tree), "{}", text);
    }
}
