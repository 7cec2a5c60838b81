//! Tabular operators.

use serde::Serialize;

use super::{
    Aggregate, ColumnId, Evaluate, Expansion, Expr, ExprKind, External, Join, Parse, ParseKv, Pivot, Predicate,
    PredicateKind, RelationId, Rest, Scan, Series, Test, TestOp, Unpack, Value, WindowColumn,
};
use crate::span::Origins;

/// Tabular operators.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "a query has a few dozen relations")]
pub enum Operator {
    /// A table, by name.
    Table {
        /// The name as the query spells it.
        name: String,
    },
    /// Constant rows: `datatable`, `print`.
    Literal {
        /// One value for each column of the schema.
        rows: Vec<Vec<Value>>,
    },
    /// The rows on which the predicate is true.
    Filter {
        /// The rows looked at.
        input: RelationId,
        /// What must be true.
        predicate: Predicate,
    },
    /// The rows with columns added or replaced; later assignments see earlier ones' inputs only.
    Extend {
        /// The rows extended.
        input: RelationId,
        /// The new columns.
        columns: Vec<Assignment>,
    },
    /// The rows with exactly these columns (and, in an open schema, those not named).
    Project {
        /// The rows projected.
        input: RelationId,
        /// The columns kept or computed.
        columns: Vec<Assignment>,
    },
    /// One row for each distinct combination of keys; without keys one row even for no input, unless there are no
    /// aggregates either. `distinct` is a summary without aggregates, `count` one without keys.
    Summarize {
        /// The rows grouped.
        input: RelationId,
        /// The group keys.
        keys: Vec<Assignment>,
        /// The aggregates.
        aggregates: Vec<Aggregation>,
        /// What takes the columns that only the events of an open schema know: `distinct *`, `arg_max(Time, *)`.
        rest: Option<Rest>,
    },
    /// The rows in this order.
    Sort {
        /// The rows sorted.
        input: RelationId,
        /// The order.
        by: Vec<SortKey>,
    },
    /// The first `count` rows in this order.
    Top {
        /// The rows sorted.
        input: RelationId,
        /// How many are kept.
        count: u64,
        /// The order.
        by: Vec<SortKey>,
    },
    /// Any `count` rows.
    Take {
        /// The rows taken from.
        input: RelationId,
        /// How many are kept.
        count: u64,
    },
    /// The rows of all inputs, as a bag.
    Union {
        /// The inputs; one or more.
        inputs: Vec<RelationId>,
        /// How the inputs' columns become those of the union.
        columns: Vec<UnionColumn>,
    },
    /// The rows of two relations brought together: `join`, `lookup`, `ipv4_lookup`.
    Join(Join),
    /// A row for each element of dynamic values: `mv-expand`.
    Expand {
        /// The rows expanded.
        input: RelationId,
        /// What is expanded, and how.
        expansion: Expansion,
    },
    /// A pipeline over the elements of each row, whose answer stands beside the row's own columns: `mv-apply`.
    Apply {
        /// The rows expanded.
        input: RelationId,
        /// What is expanded, and how.
        expansion: Expansion,
        /// The [`Operator::Given`] node that stands for the rows of one expansion.
        given: RelationId,
        /// The pipeline's answer.
        body: RelationId,
    },
    /// A pipeline over the rows of each value of `by`; the answers as one bag: `partition`.
    Partition {
        /// The rows partitioned.
        input: RelationId,
        /// What tells the parts apart.
        by: Expr,
        /// The [`Operator::Given`] node that stands for the rows of one part.
        given: RelationId,
        /// The pipeline's answer.
        body: RelationId,
    },
    /// The rows that an [`Operator::Apply`] or [`Operator::Partition`] gives to its pipeline: some rows of its input,
    /// for elements with further columns.
    Given {
        /// The input of the operator around.
        input: RelationId,
    },
    /// Columns cut out of a text: `parse`, `parse-where`.
    Parse(Parse),
    /// Columns cut out of a text of keys and values: `parse-kv`.
    ParseKv(ParseKv),
    /// Columns computed along the order of the rows: `prev`, `row_number` and the like.
    Window {
        /// The rows, in order.
        input: RelationId,
        /// The new columns; later ones may read earlier ones.
        columns: Vec<WindowColumn>,
    },
    /// Rows that run through a pattern of steps: `scan`.
    Scan(Scan),
    /// Arrays of aggregates along an axis, one row for each combination of keys: `make-series`.
    Series(Series),
    /// Rows of one column that run from one value to another: `range`.
    Range {
        /// The first value.
        from: Expr,
        /// The last value at most.
        to: Expr,
        /// How far the values lie apart.
        step: Expr,
    },
    /// The properties of bags as columns: `evaluate bag_unpack(…)`. What is in no schema is known to the data alone.
    Unpack(Unpack),
    /// A column for each value of a column: `evaluate pivot(…)`. The new columns are known to the data alone.
    Pivot(Pivot),
    /// What a plugin makes of rows: `evaluate`.
    Evaluate(Evaluate),
    /// Name, type and place of each column: `getschema`.
    Describe {
        /// The relation described; its rows are not read.
        input: RelationId,
    },
    /// Rows that lie outside the tables: a watchlist, a file.
    External(External),
    /// An operator known by name only. Only the Sentinel back end carries it.
    Opaque {
        /// The operator's name.
        name: String,
        /// What it is told, as KQL: the logic hash tells two of them apart by it.
        text: String,
        /// Its tabular inputs.
        inputs: Vec<RelationId>,
        /// What it computes from their columns; conditions included.
        arguments: Vec<Expr>,
    },
}

/// A column and the expression it is computed from.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Assignment {
    /// The column that results.
    pub column: ColumnId,
    /// Its value, over the input's columns.
    pub value: Expr,
}

/// An aggregate and the columns it yields: one, but for `arg_max` and `arg_min`.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Aggregation {
    /// The columns that result.
    pub columns: Vec<ColumnId>,
    /// The aggregate.
    pub aggregate: Aggregate,
}

/// One key of an order.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SortKey {
    /// What is compared.
    pub value: Expr,
    /// Greatest first.
    pub descending: bool,
    /// Nulls before all others.
    pub nulls_first: bool,
    /// Leaves of its own: `asc`, `desc`, `nulls first`.
    pub origins: Origins,
}

/// A column of a union, and the column of each input that feeds it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct UnionColumn {
    /// The column that results.
    pub column: ColumnId,
    /// For each input the column it is taken from; none where that input lacks it.
    pub sources: Vec<Option<ColumnId>>,
}

impl Operator {
    /// KQL's name for it.
    pub fn name(&self) -> &str {
        match self {
            Operator::Table { .. } => "table",
            Operator::Literal { .. } => "datatable",
            Operator::Filter { .. } => "where",
            Operator::Extend { .. } => "extend",
            Operator::Project { .. } => "project",
            Operator::Summarize { .. } => "summarize",
            Operator::Sort { .. } => "sort",
            Operator::Top { .. } => "top",
            Operator::Take { .. } => "take",
            Operator::Union { .. } => "union",
            Operator::Join(_) => "join",
            Operator::Expand { .. } => "mv-expand",
            Operator::Apply { .. } => "mv-apply",
            Operator::Partition { .. } | Operator::Given { .. } => "partition",
            Operator::Parse(parse) if parse.filters => "parse-where",
            Operator::Parse(_) => "parse",
            Operator::ParseKv(_) => "parse-kv",
            Operator::Window { columns, .. } => columns.first().map_or("serialize", |column| column.function.name()),
            Operator::Scan(_) => "scan",
            Operator::Series(_) => "make-series",
            Operator::Range { .. } => "range",
            Operator::Unpack(_) => "bag_unpack",
            Operator::Pivot(_) => "pivot",
            Operator::Evaluate(evaluate) => evaluate.plugin.name(),
            Operator::Describe { .. } => "getschema",
            Operator::External(External::Watchlist { .. }) => "_GetWatchlist",
            Operator::External(External::Files { .. }) => "externaldata",
            Operator::Opaque { name, .. } => name,
        }
    }

    /// Its tabular inputs.
    pub fn inputs(&self) -> Vec<RelationId> {
        match self {
            Operator::Table { .. } | Operator::Literal { .. } | Operator::Range { .. } | Operator::External(_) => {
                Vec::new()
            }
            Operator::Filter { input, .. }
            | Operator::Extend { input, .. }
            | Operator::Project { input, .. }
            | Operator::Summarize { input, .. }
            | Operator::Sort { input, .. }
            | Operator::Top { input, .. }
            | Operator::Take { input, .. }
            | Operator::Expand { input, .. }
            | Operator::Window { input, .. }
            | Operator::Describe { input }
            | Operator::Given { input }
            | Operator::Parse(Parse { input, .. })
            | Operator::ParseKv(ParseKv { input, .. })
            | Operator::Scan(Scan { input, .. })
            | Operator::Series(Series { input, .. })
            | Operator::Unpack(Unpack { input, .. })
            | Operator::Pivot(Pivot { input, .. }) => vec![*input],
            Operator::Join(Join { left, right, .. }) => vec![*left, *right],
            Operator::Evaluate(evaluate) => {
                let table = evaluate.plugin.lookup().map(|lookup| lookup.table);
                std::iter::once(evaluate.input).chain(table).collect()
            }
            Operator::Apply { input, body, .. } | Operator::Partition { input, body, .. } => vec![*input, *body],
            Operator::Union { inputs, .. } | Operator::Opaque { inputs, .. } => inputs.clone(),
        }
    }

    /// Its predicates.
    pub fn predicates(&self) -> Vec<&Predicate> {
        match self {
            Operator::Filter { predicate, .. } => vec![predicate],
            Operator::Summarize { aggregates, .. } => {
                aggregates.iter().filter_map(|aggregation| aggregation.aggregate.filter.as_ref()).collect()
            }
            Operator::Series(series) => series
                .aggregates
                .iter()
                .filter_map(|(aggregation, _)| aggregation.aggregate.filter.as_ref())
                .collect(),
            Operator::Pivot(pivot) => pivot.aggregate.filter.iter().collect(),
            Operator::Scan(scan) => scan.steps.iter().map(|step| &step.predicate).collect(),
            _ => Vec::new(),
        }
    }

    /// Its predicates, to change them.
    pub fn predicates_mut(&mut self) -> Vec<&mut Predicate> {
        match self {
            Operator::Filter { predicate, .. } => vec![predicate],
            Operator::Summarize { aggregates, .. } => {
                aggregates.iter_mut().filter_map(|aggregation| aggregation.aggregate.filter.as_mut()).collect()
            }
            Operator::Series(series) => series
                .aggregates
                .iter_mut()
                .filter_map(|(aggregation, _)| aggregation.aggregate.filter.as_mut())
                .collect(),
            Operator::Pivot(pivot) => pivot.aggregate.filter.iter_mut().collect(),
            Operator::Scan(scan) => scan.steps.iter_mut().map(|step| &mut step.predicate).collect(),
            _ => Vec::new(),
        }
    }

    /// Its scalar expressions, those inside predicates not included.
    pub fn exprs(&self) -> Vec<&Expr> {
        match self {
            Operator::Extend { columns, .. }
            | Operator::Project { columns, .. }
            | Operator::Expand { expansion: Expansion { columns, .. }, .. }
            | Operator::Apply { expansion: Expansion { columns, .. }, .. } => {
                columns.iter().map(|assignment| &assignment.value).collect()
            }
            Operator::Summarize { keys, aggregates, .. } => keys
                .iter()
                .map(|key| &key.value)
                .chain(aggregates.iter().flat_map(|aggregation| &aggregation.aggregate.arguments))
                .collect(),
            Operator::Sort { by, .. } | Operator::Top { by, .. } => by.iter().map(|key| &key.value).collect(),
            Operator::Partition { by, .. } => vec![by],
            Operator::Parse(Parse { subject, .. }) | Operator::ParseKv(ParseKv { subject, .. }) => vec![subject],
            Operator::Window { columns, .. } => columns.iter().flat_map(|column| &column.arguments).collect(),
            Operator::Scan(scan) => {
                let assigned = scan.steps.iter().flat_map(|step| &step.assignments);
                scan.declared.iter().chain(assigned).map(|assignment| &assignment.value).collect()
            }
            Operator::Series(series) => series
                .keys
                .iter()
                .map(|key| &key.value)
                .chain(
                    series
                        .aggregates
                        .iter()
                        .flat_map(|(aggregation, default)| aggregation.aggregate.arguments.iter().chain(default)),
                )
                .chain([&series.axis.value])
                .chain(&series.from)
                .chain(&series.to)
                .chain([&series.step])
                .collect(),
            Operator::Range { from, to, step } => vec![from, to, step],
            Operator::Pivot(pivot) => pivot.aggregate.arguments.iter().collect(),
            Operator::Evaluate(evaluate) => evaluate.constants.iter().collect(),
            Operator::Opaque { arguments, .. } => arguments.iter().collect(),
            Operator::Table { .. }
            | Operator::Literal { .. }
            | Operator::Filter { .. }
            | Operator::Take { .. }
            | Operator::Union { .. }
            | Operator::Join(_)
            | Operator::Given { .. }
            | Operator::Unpack(_)
            | Operator::Describe { .. }
            | Operator::External(_) => Vec::new(),
        }
    }

    /// Its scalar expressions, to change them.
    pub fn exprs_mut(&mut self) -> Vec<&mut Expr> {
        match self {
            Operator::Extend { columns, .. }
            | Operator::Project { columns, .. }
            | Operator::Expand { expansion: Expansion { columns, .. }, .. }
            | Operator::Apply { expansion: Expansion { columns, .. }, .. } => {
                columns.iter_mut().map(|assignment| &mut assignment.value).collect()
            }
            Operator::Summarize { keys, aggregates, .. } => keys
                .iter_mut()
                .map(|key| &mut key.value)
                .chain(aggregates.iter_mut().flat_map(|aggregation| &mut aggregation.aggregate.arguments))
                .collect(),
            Operator::Sort { by, .. } | Operator::Top { by, .. } => by.iter_mut().map(|key| &mut key.value).collect(),
            Operator::Partition { by, .. } => vec![by],
            Operator::Parse(Parse { subject, .. }) | Operator::ParseKv(ParseKv { subject, .. }) => vec![subject],
            Operator::Window { columns, .. } => columns.iter_mut().flat_map(|column| &mut column.arguments).collect(),
            Operator::Scan(scan) => {
                let assigned = scan.steps.iter_mut().flat_map(|step| &mut step.assignments);
                scan.declared.iter_mut().chain(assigned).map(|assignment| &mut assignment.value).collect()
            }
            Operator::Series(series) => series
                .keys
                .iter_mut()
                .map(|key| &mut key.value)
                .chain(
                    series
                        .aggregates
                        .iter_mut()
                        .flat_map(|(aggregation, default)| aggregation.aggregate.arguments.iter_mut().chain(default)),
                )
                .chain([&mut series.axis.value])
                .chain(&mut series.from)
                .chain(&mut series.to)
                .chain([&mut series.step])
                .collect(),
            Operator::Range { from, to, step } => vec![from, to, step],
            Operator::Pivot(pivot) => pivot.aggregate.arguments.iter_mut().collect(),
            Operator::Evaluate(evaluate) => evaluate.constants.iter_mut().collect(),
            Operator::Opaque { arguments, .. } => arguments.iter_mut().collect(),
            _ => Vec::new(),
        }
    }

    /// Leaves of parts that are no relation, predicate or expression: aggregates, sort keys, window functions.
    pub fn part_origins(&self) -> Vec<&Origins> {
        match self {
            Operator::Summarize { aggregates, .. } => {
                aggregates.iter().map(|aggregation| &aggregation.aggregate.origins).collect()
            }
            Operator::Series(series) => {
                series.aggregates.iter().map(|(aggregation, _)| &aggregation.aggregate.origins).collect()
            }
            Operator::Pivot(pivot) => vec![&pivot.aggregate.origins],
            Operator::Sort { by, .. } | Operator::Top { by, .. } => by.iter().map(|key| &key.origins).collect(),
            Operator::Window { columns, .. } => columns.iter().map(|column| &column.origins).collect(),
            _ => Vec::new(),
        }
    }

    /// The relations that its predicates and expressions ask: `in (subquery)`, `toscalar`.
    pub fn subqueries(&self) -> Vec<RelationId> {
        fn among(predicate: &Predicate, found: &mut Vec<RelationId>) {
            predicate.walk(&mut |part| {
                if let PredicateKind::Test(Test { op: TestOp::Among { relation, .. }, .. }) = &part.kind {
                    found.push(*relation);
                }
            });
        }
        fn scalars(expr: &Expr, found: &mut Vec<RelationId>) {
            match &expr.kind {
                ExprKind::Scalar(relation) => found.push(*relation),
                ExprKind::Truth(predicate) => among(predicate, found),
                _ => {}
            }
        }
        let mut found = Vec::new();
        for predicate in self.predicates() {
            among(predicate, &mut found);
            predicate.walk_exprs(&mut |expr| scalars(expr, &mut found));
        }
        for expr in self.exprs() {
            expr.walk(&mut |expr| scalars(expr, &mut found));
        }
        found
    }
}
