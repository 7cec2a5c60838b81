//! What becomes of each operator and function, found out by trying: tiny queries over a table that every target has
//! under the same names are taken through all stages, and the verdicts are read.
//!
//! Of a word with several probes the best answer counts: `yes` and `exact` mean that there is a use of it that is
//! carried so, not that every use is. Behind a verdict stands what differs besides: columns, multiplicity, order. Queries are written here, answers never are.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde_json::json;

use super::guard;
use crate::bundle::{self, Input, Language, Selection, Settings};
use crate::crosswalk::{Column, Crosswalk, Route, Source, Table, Vocabulary};
use crate::eval::{self, Data};
use crate::fidelity::{Output, Verdict};
use crate::ir::{self, AggregateFunction, ExprKind, Function, Operator, PredicateKind, ResultType, TestOp, Type};
use crate::kql::{self, ast};

/// The table of the probes, whose columns are of every type.
const TABLE: &str = "Probe";
const COLUMNS: [(&str, Type); 9] = [
    ("TimeGenerated", Type::DateTime),
    ("Text", Type::String),
    ("Number", Type::Long),
    ("Fraction", Type::Real),
    ("Flag", Type::Bool),
    ("Time", Type::DateTime),
    ("Span", Type::TimeSpan),
    ("Bag", Type::Dynamic),
    ("Id", Type::Guid),
];
/// 2024-01-01, in ticks.
const CLOCK: i64 = 638_396_640_000_000_000;

/// A word of the language.
pub(super) struct Subject {
    pub name: &'static str,
    /// What it is.
    pub kind: &'static str,
    /// Queries that use it.
    probes: Vec<String>,
}

/// What becomes of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Outcome {
    /// Whether some probe is a query at all.
    pub is_parsed: bool,
    /// Whether it has a meaning in the IR.
    pub is_lowered: bool,
    /// Whether the reference interpreter runs it.
    pub is_evaluated: bool,
    /// For each target the best verdict, with what differs besides.
    pub verdicts: Vec<(Verdict, BTreeSet<Output>)>,
}

/// Every operator: those behind a `|`, then those between values.
pub(super) fn operators() -> Vec<Subject> {
    let mut subjects: Vec<Subject> =
        kql::operators().map(|name| Subject { name, kind: "tabular", probes: vec![tabular_probe(name)] }).collect();
    let conditions = |name: &'static str, conditions: &[String]| {
        let probes = conditions.iter().map(|condition| format!("{TABLE} | where {condition}")).collect();
        Subject { name, kind: "scalar", probes }
    };
    for op in ast::BinaryOp::ALL {
        use ast::BinaryOp::{
            Add, And, Divide, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Modulo, Multiply, NotEqual, Or,
            Search, Subtract,
        };
        let symbol = op.symbol();
        let queries = match op {
            And | Or => vec![format!("Text =~ 'a' {symbol} Number == 1")],
            Add | Subtract | Multiply | Divide | Modulo => vec![format!("Number {symbol} 2 == 1")],
            Search => vec!["Text:'a'".to_owned()],
            Equal | NotEqual | Less | LessOrEqual | Greater | GreaterOrEqual => {
                vec![format!("Text {symbol} 'ab'"), format!("Number {symbol} 1")]
            }
            _ => vec![format!("Text {symbol} 'ab'")],
        };
        subjects.push(match op {
            Search => Subject {
                name: symbol,
                kind: "scalar",
                probes: vec![format!("{TABLE} | search Text:'a'"), format!("search in ({TABLE}) Text:'a'")],
            },
            _ => conditions(symbol, &queries),
        });
    }
    for op in ast::MembershipOp::ALL {
        subjects.push(conditions(op.symbol(), &[format!("Text {} ('ab', 'cd')", op.symbol())]));
    }
    for name in ["between", "!between"] {
        subjects.push(conditions(name, &[format!("Number {name} (1 .. 2)")]));
    }
    subjects.extend(PLUGINS.iter().map(|(name, arguments)| Subject {
        name,
        kind: "plugin",
        probes: vec![format!("{TABLE} | where Text =~ 'a' | evaluate {name}({arguments})")],
    }));
    subjects
}

/// The plugins of `evaluate` with arguments that each takes.
///
/// <https://learn.microsoft.com/kusto/query/evaluate-operator>
const PLUGINS: &[(&str, &str)] = &[
    ("active_users_count", "Text, Time, datetime(2024-01-01), datetime(2024-01-02), 2h, 1h, 1, 1h"),
    ("activity_counts_metrics", "Text, Time, datetime(2024-01-01), datetime(2024-01-01), 1d"),
    ("activity_engagement", "Text, Time, datetime(2024-01-01), datetime(2024-01-02), 1h, 2h"),
    ("activity_metrics", "Text, Time, datetime(2024-01-01), datetime(2024-01-02), 1h"),
    ("autocluster", ""),
    ("bag_unpack", "Bag"),
    ("basket", ""),
    ("dcount_intersect", "Bag, Bag"),
    ("diffpatterns", "Text, 'a', 'b'"),
    ("funnel_sequence", "Text, Time, datetime(2024-01-01), datetime(2024-01-02), 1h, 1h, Number, dynamic([1])"),
    (
        "funnel_sequence_completion",
        "Text, Time, datetime(2024-01-01), datetime(2024-01-02), 1h, Number, dynamic([1]), dynamic([1h])",
    ),
    ("geo_line_lookup", "(Probe | project Bag), Bag, Fraction, Fraction, 1"),
    ("geo_polygon_lookup", "(Probe | project Bag), Bag, Fraction, Fraction"),
    ("ipv4_lookup", "Probe, Text, Text"),
    ("ipv6_lookup", "Probe, Text, Text"),
    ("narrow", ""),
    ("new_activity_metrics", "Text, Time, datetime(2024-01-01), datetime(2024-01-02), 1h"),
    ("pivot", "Text"),
    ("rolling_percentile", "Number, 50, Time, 1h, 2"),
    ("schema_merge", ""),
    ("sequence_detect", "Time, 1h, 1h, a = Number == 1, b = Number == 2, Text"),
    ("session_count", "Text, Time, datetime(2024-01-01), datetime(2024-01-02), 1h, 1h"),
    ("sliding_window_counts", "Text, Time, datetime(2024-01-01), datetime(2024-01-02), 1h, 1h"),
];

/// Every function that KQL has or we know, then every aggregate.
pub(super) fn functions() -> Vec<Subject> {
    let synonyms = Function::ALL.iter().map(|function| function.name()).filter(|name| *name != "-");
    let mut scalars: Vec<&'static str> = kql::builtin::functions().iter().copied().chain(synonyms).collect();
    scalars.sort_unstable();
    scalars.dedup();
    let known = AggregateFunction::ALL.iter().map(|function| function.name());
    let mut aggregates: Vec<&'static str> = kql::builtin::aggregates().iter().copied().chain(known).collect();
    aggregates.sort_unstable();
    aggregates.dedup();
    let scalar = |name| Subject { name, kind: "scalar", probes: scalar_probes(name) };
    let aggregate = |name| Subject { name, kind: "aggregate", probes: aggregate_probes(name) };
    scalars.into_iter().map(scalar).chain(aggregates.into_iter().map(aggregate)).collect()
}

/// Runs the probes; the outcomes in the order of the subjects.
pub(super) fn run(subjects: &[Subject]) -> Result<Vec<Outcome>> {
    let settings = Settings { crosswalk: crosswalk(), ..Settings::default() };
    let data = data();
    let results = guard::watch_all(subjects, 0, |subject| {
        let mut best = Outcome {
            is_parsed: false,
            is_lowered: false,
            is_evaluated: false,
            verdicts: vec![(Verdict::Unsupported, BTreeSet::new()); settings.targets.len()],
        };
        for probe in &subject.probes {
            best.improve(&outcome(probe, &settings, &data)?);
        }
        anyhow::Ok(best)
    })?;
    let bug = |bug: guard::Bug| anyhow::anyhow!("a bug in siemaphore: {} ({})", bug.message, bug.place);
    results.into_iter().map(|result| result.map_err(bug)?).collect()
}

impl Outcome {
    fn improve(&mut self, other: &Outcome) {
        self.is_parsed |= other.is_parsed;
        self.is_lowered |= other.is_lowered;
        self.is_evaluated |= other.is_evaluated;
        for (own, other) in self.verdicts.iter_mut().zip(&other.verdicts) {
            if (other.0, other.1.len()) < (own.0, own.1.len()) {
                own.clone_from(other);
            }
        }
    }
}

fn outcome(probe: &str, settings: &Settings, data: &Data) -> Result<Outcome> {
    let label = "probe.kql".to_owned();
    let bytes = probe.as_bytes().to_vec();
    let input = Input { relative: label.clone(), label, language: Language::Kql, bytes };
    let understood = bundle::understand(&input, &settings.crosswalk, &Selection::default());
    let query = understood.iter().find_map(|one| one.detection.as_ref()).map(|detection| &detection.query);
    let compiled = bundle::compile(&input, settings)?;
    let artifacts = compiled.iter().filter_map(|one| one.rule()).flat_map(|rule| &rule.artifacts);
    let found = artifacts.map(|artifact| match artifact.emission.verdict() {
        Verdict::Unsupported => (Verdict::Unsupported, BTreeSet::new()),
        verdict => (verdict, artifact.emission.findings.output.clone()),
    });
    let mut verdicts: Vec<_> = found.collect();
    verdicts.resize(settings.targets.len(), (Verdict::Unsupported, BTreeSet::new()));
    Ok(Outcome {
        is_parsed: kql::parse(probe).errors.is_empty(),
        is_lowered: query.is_some_and(|query| !has_opaque(query)),
        is_evaluated: query.is_some_and(|query| eval::run(query, data, CLOCK).is_ok()),
        verdicts,
    })
}

/// Whether some part of a query is known by name only.
fn has_opaque(query: &ir::Query) -> bool {
    query.reachable().into_iter().any(|id| {
        let op = &query.relation(id).op;
        matches!(op, Operator::Opaque { .. })
            || op.predicates().into_iter().any(is_opaque_predicate)
            || op.exprs().into_iter().any(is_opaque_expr)
    })
}

fn is_opaque_predicate(predicate: &ir::Predicate) -> bool {
    let mut found = false;
    predicate.walk(&mut |part| {
        if let PredicateKind::Test(test) = &part.kind {
            found |= matches!(test.op, TestOp::Opaque { .. })
                || is_opaque_expr(&test.subject)
                || test.op.operands().into_iter().any(is_opaque_expr);
        }
    });
    found
}

fn is_opaque_expr(expr: &ir::Expr) -> bool {
    match &expr.kind {
        ExprKind::Opaque { .. } => true,
        ExprKind::Truth(predicate) => is_opaque_predicate(predicate),
        _ => expr.operands().into_iter().any(is_opaque_expr),
    }
}

/// The crosswalk of the probes: one table, whose columns every target has under their own names.
fn crosswalk() -> Crosswalk {
    let mut table = Table::new(TABLE);
    table.clock = vec![COLUMNS[0].0.to_owned()];
    for (name, ty) in COLUMNS {
        let column = Column { ty, fields: BTreeMap::new(), paths: Vec::new(), note: None, source: None };
        table.columns.insert(name.to_owned(), column);
    }
    for vocabulary in Vocabulary::ALL {
        let source = match vocabulary {
            Vocabulary::Sigma => {
                let logsource = vec![("product", TABLE.to_lowercase())];
                Source::Sigma { logsource, custom: false, conditions: Vec::new() }
            }
            Vocabulary::Splunk | Vocabulary::Cim | Vocabulary::SplunkWindows => {
                Source::Splunk { search: "sourcetype=probe".to_owned() }
            }
            Vocabulary::Elastic | Vocabulary::Ecs | Vocabulary::ElasticWindows => {
                Source::Elastic { index: vec!["probe".to_owned()], conditions: Vec::new(), category: None }
            }
        };
        table.sources.insert(vocabulary, vec![Route::new(Vec::new(), source)]);
    }
    let mut crosswalk = Crosswalk::default();
    crosswalk.insert(table);
    for (name, _) in COLUMNS {
        for target in ["sigma", "splunk", "eql"] {
            crosswalk.map(&format!("{TABLE}.{name}={target}:{name}")).expect("the mapping is well-formed");
        }
    }
    crosswalk
}

/// One event, so that every condition is computed.
fn data() -> Data {
    let event = json!({
        "TimeGenerated": "2024-01-01T00:00:00Z", "Text": "a", "Number": 1, "Fraction": 1.5, "Flag": true,
        "Time": "2024-01-01T00:00:00Z", "Span": "01:00:00", "Bag": {"a": ["b"]},
        "Id": "0170143d-c5b9-49c2-ad03-be86564a7855",
    });
    let mut data = Data::default();
    data.tables.insert(TABLE.to_owned(), event.as_object().cloned().into_iter().collect());
    data
}

/// A query with an operator behind a condition that every target can carry.
fn tabular_probe(name: &str) -> String {
    let rest = match name {
        "datatable" => return "datatable (A: string) ['a'] | where A =~ 'a'".to_owned(),
        "external_data" | "externaldata" => {
            return format!("{name} (A: string) ['https://example.org/a.csv'] | where A =~ 'a'");
        }
        "find" => return format!("find in ({TABLE}) where Text =~ 'a'"),
        "macro-expand" => {
            return format!("macro-expand entity_group [database('a')] as X (X.{TABLE} | where Text =~ 'a')");
        }
        "print" => return "print A = 'a'".to_owned(),
        "range" => return "range A from 1 to 2 step 1".to_owned(),
        "search" => return format!("search in ({TABLE}) Text =~ 'a'"),
        "union" => return format!("union {TABLE}, ({TABLE} | where Number == 1) | where Text =~ 'a'"),
        "as" => "as X",
        "assert-schema" => "project Text | assert-schema (Text: string)",
        "distinct" => "distinct Text",
        "evaluate" => "evaluate bag_unpack(Bag)",
        "extend" => "extend A = Text",
        "facet" => "facet by Text",
        "filter" => "filter Number == 1",
        "fork" => "fork (take 1) (take 2)",
        "graph-mark-components" => "make-graph Text --> Text | graph-mark-components",
        "graph-match" => "make-graph Text --> Text | graph-match (a)-[b]->(c) where a.Text =~ 'a' project b.Text",
        "graph-shortest-paths" => "make-graph Text --> Text | graph-shortest-paths (a)-[b*1..3]->(c) project a.Text",
        "graph-to-table" => "make-graph Text --> Text | graph-to-table nodes",
        "graph-where-edges" => "make-graph Text --> Text | graph-where-edges Number == 1",
        "graph-where-nodes" => "make-graph Text --> Text | graph-where-nodes Number == 1",
        "invoke" => "invoke f()",
        "join" => "join kind=inner (Probe | where Number == 1) on Text",
        "limit" | "take" | "sample" => return format!("{TABLE} | where Text =~ 'a' | {name} 5"),
        "lookup" => "lookup kind=leftouter (Probe | where Number == 1) on Text",
        "make-graph" => "make-graph Text --> Text",
        "make-series" => "make-series count() on Time step 1h by Text",
        "mv-apply" | "mvapply" => return format!("{TABLE} | where Text =~ 'a' | {name} Bag on (take 1)"),
        "mv-expand" | "mvexpand" => return format!("{TABLE} | where Text =~ 'a' | {name} Bag"),
        "order" | "sort" => return format!("{TABLE} | where Text =~ 'a' | {name} by Number"),
        "parse" | "parse-where" => return format!("{TABLE} | where Text =~ 'a' | {name} Text with 'a=' A ',' *"),
        "parse-kv" => "parse-kv Text as (A: string) with (pair_delimiter=',', kv_delimiter='=')",
        "partition" => "partition by Text (take 1)",
        "project" => "project Text",
        "project-away" => "project-away Number",
        "project-by-names" => "project-by-names 'Text'",
        "project-keep" => "project-keep Text",
        "project-rename" => "project-rename A = Text",
        "project-reorder" => "project-reorder Text",
        "reduce" => "reduce by Text",
        "render" => "render table",
        "sample-distinct" => "sample-distinct 5 of Text",
        "scan" => "sort by Time asc | scan with (step s: Number == 1;)",
        "serialize" => "serialize",
        "summarize" => "summarize count() by Text",
        "top" => "top 5 by Number",
        "top-hitters" => "top-hitters 5 of Text",
        "top-nested" => "top-nested 5 of Text by count()",
        "where" => "where Number == 1",
        // Words alone: `count`, `consume`, `getschema`, and those that are not read further.
        _ => name,
    };
    format!("{TABLE} | where Text =~ 'a' | {rest}")
}

/// Queries with a function in a condition.
fn scalar_probes(name: &str) -> Vec<String> {
    let wholes: &[&str] = match name {
        "ago" => &["Probe | where Text =~ 'a' and Time > ago(1h)"],
        "now" => &["Probe | where Text =~ 'a' and Time < now()"],
        "column_ifexists" | "columnifexists" => {
            return vec![format!("{TABLE} | where {name}('Text', '') =~ 'a'")];
        }
        "materialize" => &["materialize(Probe) | where Text =~ 'a'"],
        "table" => &["table('Probe') | where Text =~ 'a'"],
        "toscalar" => &["Probe | where Text =~ 'a' and Number > toscalar(Probe | summarize max(Number))"],
        "cluster" => &["cluster('c').database('d').Probe | where Text =~ 'a'"],
        "database" => &["database('d').Probe | where Text =~ 'a'"],
        "pack_all" => &["Probe | project Text, Number | where tostring(pack_all()) has 'a'"],
        "column_names_of" => &["Probe | where Text in (column_names_of((Probe | project Text, Number)))"],
        "not" => &["Probe | where not(Text =~ 'a') and Number == 1"],
        _ => &[],
    };
    if !wholes.is_empty() {
        return wholes.iter().map(|probe| (*probe).to_owned()).collect();
    }
    let calls = calls(name);
    let suffixes = match Function::from_name(name).map(Function::result) {
        Some(ResultType::Is(ty)) => tests_of(ty),
        Some(ResultType::Like(_) | ResultType::Widened(_) | ResultType::Common(_)) => {
            &[" == 'ab'", " > 1", " > datetime(2024-01-01)"]
        }
        None => &["", " == 'ab'"],
    };
    let mut probes = Vec::new();
    for call in &calls {
        for suffix in suffixes {
            probes.push(match suffix.strip_prefix("tostring") {
                Some(step) => format!("{TABLE} | where tostring({call}{step}) == 'ab'"),
                None => format!("{TABLE} | where {call}{suffix}"),
            });
        }
    }
    probes
}

/// What may be asked of an answer of this type.
fn tests_of(ty: Type) -> &'static [&'static str] {
    match ty {
        Type::String => &[" == 'ab'", " has 'ab'"],
        Type::Bool => &["", " == true"],
        Type::Int | Type::Long => &[" == 1", " > 1"],
        Type::Real => &[" > 1.5"],
        Type::Decimal => &[" > decimal(1.5)"],
        Type::DateTime => &[" > datetime(2024-01-01)"],
        Type::TimeSpan => &[" > 1h"],
        Type::Guid => &[" == guid(0170143d-c5b9-49c2-ad03-be86564a7855)"],
        Type::Dynamic => &["tostring[0]", "tostring.a", "tostring"],
        Type::Unknown => &[" == 'ab'"],
    }
}

/// Calls with arguments that suit the function.
fn calls(name: &str) -> Vec<String> {
    if let Some(arguments) = arguments(name) {
        return arguments.iter().map(|arguments| format!("{name}({arguments})")).collect();
    }
    let least = Function::from_name(name).map_or(1, |function| function.arity().0);
    if least == 0 {
        return vec![format!("{name}()")];
    }
    let columns = COLUMNS[1..].iter().map(|(column, _)| *column);
    columns.map(|column| format!("{name}({})", vec![column; least].join(", "))).collect()
}

/// Arguments for functions that want a constant, or different types, at some place.
fn arguments(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "array_iff" | "array_iif" => &["dynamic([true]), Bag, Bag"],
        "array_index_of" | "bag_has_key" | "set_has_element" => &["Bag, 'a'"],
        "array_rotate_left" | "array_rotate_right" | "array_shift_left" | "array_shift_right" => &["Bag, 1"],
        "array_slice" => &["Bag, 0, 1"],
        "bag_pack" | "pack" | "pack_dictionary" => &["'a', Text"],
        "bag_remove_keys" => &["Bag, dynamic(['a'])"],
        "bin" | "floor" => &["Number, 10", "Time, 1h", "Span, 1h"],
        "bin_at" => &["Time, 1h, datetime(2024-01-01)", "Number, 10, 0"],
        "binary_and" | "binary_or" | "binary_xor" | "binary_shift_left" | "binary_shift_right" => &["Number, 1"],
        "case" | "iff" | "iif" => &["Number > 1, 'ab', 'cd'", "Number > 1, Text, 'cd'"],
        "coalesce" => &["Text, 'ab'", "Number, 1"],
        "countof" => &["Text, 'a'"],
        "datetime_add" => &["'day', 1, Time"],
        "datetime_diff" => &["'day', Time, datetime(2024-01-01)"],
        "datetime_part" | "datepart" => &["'hour', Time"],
        "extract" => &["'a(b)', 1, Text"],
        "extract_all" | "extractall" => &["'a(b)', Text"],
        "extract_json" | "extractjson" => &["'$.a', Text"],
        "format_datetime" => &["Time, 'yyyy-MM-dd'"],
        "format_ipv4" | "format_ipv4_mask" | "parse_ipv4_mask" => &["Text, 24"],
        "format_timespan" => &["Span, 'hh'"],
        "hash" | "hash_xxhash64" => &["Text", "Text, 100"],
        "has_any_ipv4" => &["Text, dynamic(['10.0.0.1', '10.0.0.2'])"],
        "has_any_ipv4_prefix" => &["Text, dynamic(['10.0.', '10.1.'])"],
        "has_ipv4" => &["Text, '10.0.0.1'"],
        "has_ipv4_prefix" => &["Text, '10.0.'"],
        "indexof" => &["Text, 'a'"],
        "ipv4_compare" | "ipv4_is_match" => &["Text, '10.0.0.1'", "Text, '10.0.0.0/8'"],
        "ipv4_is_in_any_range" => &["Text, dynamic(['10.0.0.0/8', '192.168.0.0/16'])"],
        "ipv4_is_in_range" => &["Text, '10.0.0.0/8'"],
        "ipv6_compare" | "ipv6_is_match" => &["Text, 'fe80::1'"],
        "make_datetime" | "datetime_make" => &["Number, 1, 1"],
        "make_timespan" => &["Number, 1"],
        "max_of" | "min_of" => &["Number, 1"],
        "pack_array" => &["Text, 'a'"],
        "parse_command_line" => &["Text, 'windows'"],
        "pow" => &["Number, 2"],
        "range" => &["1, Number"],
        "replace" | "translate" => &["'a', 'b', Text"],
        "replace_regex" | "replace_string" => &["Text, 'a', 'b'"],
        "replace_strings" => &["Text, dynamic(['a']), dynamic(['b'])"],
        "round" => &["Fraction, 1", "Fraction"],
        "series_outliers" => &["Bag"],
        "series_seasonal" => &["Bag, 7"],
        "set_difference" | "set_intersect" | "set_union" => &["Bag, dynamic(['a'])"],
        "split" => &["Text, '/'"],
        "strcat" => &["Text, 'a'", "Text, Text"],
        "strcat_array" => &["Bag, ','"],
        "strcat_delim" => &["'-', Text, Text"],
        "strcmp" => &["Text, 'a'"],
        "strrep" => &["Text, 2"],
        "substring" => &["Text, 1", "Text, 0, 2"],
        "trim" | "trim_end" | "trim_start" => &["'a', Text"],
        _ => return None,
    })
}

/// Queries with an aggregate, and with a condition on it.
fn aggregate_probes(name: &str) -> Vec<String> {
    let head = format!("{TABLE} | where Text =~ 'a' | summarize A = {name}");
    let calls: &[&str] = match name {
        "count" | "cnt" => &["()"],
        "countif" => &["(Number == 1)"],
        "arg_max" | "arg_min" | "argmax" | "argmin" => {
            let head = format!("{TABLE} | where Text =~ 'a' | summarize {name}");
            return vec![format!("{head}(Time, Text) by Number"), format!("{head}(Time, *) by Number")];
        }
        "percentile" => &["(Number, 95)"],
        "percentiles" | "percentiles_array" => &["(Number, 50, 95)"],
        "percentilew" => &["(Number, Number, 95)"],
        "percentilesw" | "percentilesw_array" => &["(Number, Number, 50, 95)"],
        "covariance" | "covariancep" => &["(Number, Number)"],
        "covarianceif" | "covariancepif" => &["(Number, Number, Flag)"],
        name if name.ends_with("if") || name.ends_with("_if") => {
            &["(Number, Flag)", "(Text, Number == 1)", "(Bag, Flag)"]
        }
        _ => &["(Number)", "(Text)", "(Bag)", "(Time)"],
    };
    // What is a list or a row is mostly shown, a number mostly compared: then its value has to be right.
    let is_shown = AggregateFunction::ALL
        .iter()
        .find(|function| name.starts_with(function.name()))
        .is_none_or(|function| matches!(function.result_type(Type::Long), Type::Dynamic))
        || name.starts_with("take_any")
        || name.starts_with("any");
    let tail = if is_shown { " by Text" } else { " by Text | where A > 5" };
    calls.iter().map(|call| format!("{head}{call}{tail}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(subjects: Vec<Subject>, name: &str) -> Outcome {
        let subjects: Vec<Subject> = subjects.into_iter().filter(|subject| subject.name == name).collect();
        assert!(!subjects.is_empty(), "{name}");
        run(&subjects).unwrap().remove(0)
    }

    #[test]
    fn every_probe_is_a_query() {
        for subject in operators().iter().chain(&functions()) {
            let is_read = subject.probes.iter().any(|probe| kql::parse(probe).errors.is_empty());
            // Two operators that only the engine itself writes take no argument that is known.
            assert!(is_read || subject.name.starts_with("__"), "{}: {:?}", subject.name, subject.probes);
        }
    }

    #[test]
    fn every_function_of_the_ir_is_lowered_and_evaluated() {
        let known: Vec<Subject> = functions()
            .into_iter()
            .filter(|subject| {
                Function::from_name(subject.name).is_some()
                    || AggregateFunction::ALL.iter().any(|function| function.name() == subject.name)
            })
            .collect();
        for (subject, outcome) in known.iter().zip(run(&known).unwrap()) {
            assert!(outcome.is_lowered && outcome.is_evaluated, "{}: {outcome:?}", subject.name);
        }
    }

    #[test]
    fn the_answers_are_those_of_the_compiler() {
        let equal = of(operators(), "==");
        assert!(equal.verdicts.iter().all(|(verdict, _)| verdict.word() == "exact"), "{equal:?}");
        let scan = of(operators(), "scan");
        assert_eq!((scan.is_parsed, scan.is_lowered, scan.is_evaluated), (true, true, true));
        assert_eq!(scan.verdicts.iter().filter(|(verdict, _)| verdict.word() == "exact").count(), 1);
        let fork = of(operators(), "fork");
        assert_eq!((fork.is_parsed, fork.is_lowered, fork.is_evaluated), (true, false, false));
        // A query for events leaves the sum out, and the condition on it.
        let sum = of(functions(), "sum");
        let of_target = |name: &str| {
            let index = crate::backend::ALL.iter().position(|backend| backend.target().name == name);
            sum.verdicts[index.unwrap()].0.word()
        };
        assert_eq!((of_target("eql"), of_target("splunk"), of_target("esql")), ("broader", "exact", "exact"));
        let geo = of(functions(), "geo_point_buffer");
        assert_eq!((geo.is_parsed, geo.is_lowered), (true, false));
    }
}
