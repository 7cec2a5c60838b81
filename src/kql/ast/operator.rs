//! Tabular operators, with all their parts.

use super::{Expr, Name, Parameter, Query, RowType};
use crate::span::Span;

/// A tabular operator with its keyword.
#[derive(Clone, PartialEq, Debug)]
pub struct Operator {
    /// What it is.
    pub kind: OperatorKind,
    /// The keyword.
    pub keyword: Name,
    /// Hints for the engine: `hint.strategy=shuffle`. They change no result.
    pub hints: Vec<(Name, Expr)>,
    /// All of it, from the keyword on.
    pub span: Span,
}

/// Tabular operators.
#[derive(Clone, PartialEq, Debug)]
pub enum OperatorKind {
    /// `where predicate`, `filter predicate`; `where name = predicate`, which the grammar takes, too.
    Where(Column),
    /// `extend a = x, …`.
    Extend(Vec<Column>),
    /// `project a = x, …`.
    Project(Vec<Column>),
    /// `project-away a, b*`.
    ProjectAway(Vec<Pattern>),
    /// `project-keep a, b*`.
    ProjectKeep(Vec<Pattern>),
    /// `project-rename a = b, …`.
    ProjectRename(Vec<Column>),
    /// `project-reorder a, b* asc, …`.
    ProjectReorder(Vec<Pattern>),
    /// `distinct a, b` or `distinct *`.
    Distinct(Vec<Column>),
    /// `summarize a = f(x), … by k = y, …`.
    Summarize {
        /// The aggregates.
        aggregates: Vec<Column>,
        /// The `by` keyword, where there is one.
        by: Option<Span>,
        /// The keys.
        keys: Vec<Column>,
    },
    /// `sort by`, `order by`.
    Sort(Vec<SortKey>),
    /// `take n`, `limit n`.
    Take(Expr),
    /// `top n by key, …`.
    Top {
        /// How many.
        count: Expr,
        /// By what.
        by: Vec<SortKey>,
    },
    /// `count`.
    Count,
    /// `union hints tables`.
    Union {
        /// `kind=outer`, `withsource=Name`, `isfuzzy=true`.
        parameters: Vec<(Name, Expr)>,
        /// The tables: names (with `*` wildcards), pipes in parentheses, calls.
        tables: Vec<Expr>,
    },
    /// `as name`.
    As(Name),
    /// `assert-schema (column: type, …)`.
    AssertSchema(Vec<(Name, Name)>),
    /// `consume`.
    Consume,
    /// `count as name`.
    CountAs(Name),
    /// `datatable (column: type, …) [values]`.
    Datatable {
        /// The columns with their types.
        columns: Vec<(Name, Name)>,
        /// The values, row by row.
        values: Vec<Expr>,
    },
    /// `evaluate plugin(…) : (schema)`.
    Evaluate {
        /// The plugin and its arguments.
        call: Expr,
        /// The columns it is said to yield.
        schema: Option<RowType>,
    },
    /// `externaldata (column: type, …) [sources] with (properties)`.
    ExternalData {
        /// The columns with their types.
        columns: Vec<(Name, Name)>,
        /// Where the data lies.
        sources: Vec<Expr>,
        /// `format="csv"` and the like.
        properties: Vec<(Name, Expr)>,
    },
    /// `facet by columns with (pipeline)`.
    Facet {
        /// The columns.
        by: Vec<Expr>,
        /// What is done to the rows of each; headless.
        with: Option<Expr>,
    },
    /// `find in (tables) where predicate project columns`.
    Find {
        /// The tables, all of them where none is named.
        tables: Vec<Expr>,
        /// The predicate.
        predicate: Expr,
        /// `project columns`
        project: Vec<FindColumn>,
        /// `project-smart`
        project_smart: bool,
        /// `project-away columns`
        project_away: Vec<FindColumn>,
    },
    /// `fork name = (pipeline) …`; the pipelines are headless.
    Fork(Vec<(Option<Name>, Expr)>),
    /// `getschema`.
    GetSchema,
    /// `graph-mark-components`, its parameters among the hints.
    GraphMarkComponents,
    /// `graph-match`, `graph-shortest-paths`.
    GraphMatch {
        /// Whether it is `graph-shortest-paths`.
        shortest: bool,
        /// The patterns.
        patterns: Vec<Vec<GraphPart>>,
        /// `where predicate`
        predicate: Option<Expr>,
        /// `project columns`
        project: Vec<Column>,
    },
    /// `graph-to-table nodes as name, edges as name`.
    GraphToTable(Vec<GraphOutput>),
    /// `graph-where-nodes`, `graph-where-edges`.
    GraphWhere {
        /// Whether edges are filtered.
        edges: bool,
        /// The predicate.
        predicate: Expr,
    },
    /// `invoke function(…)`.
    Invoke(Expr),
    /// `join kind=… (right) on keys`.
    Join(Join),
    /// `lookup kind=… (right) on keys`.
    Lookup(Join),
    /// `macro-expand group as name (statements)`.
    MacroExpand {
        /// The group of databases.
        group: Expr,
        /// How the statements name the one in turn.
        scope: Option<Name>,
        /// The statements.
        body: Query,
    },
    /// `make-graph source --> target with nodes on key`.
    MakeGraph {
        /// The column of an edge's start.
        source: Name,
        /// Whether edges have a direction.
        directed: bool,
        /// The column of an edge's end.
        target: Name,
        /// Tables of nodes and their keys.
        nodes: Vec<(Expr, Name)>,
        /// `with_node_id=name`
        node_id: Option<Name>,
        /// `partitioned-by column (pipeline)`; headless.
        partition: Option<(Expr, Expr)>,
    },
    /// `make-series a = f(x) default=0 on t from … to … step … by keys`.
    MakeSeries {
        /// The aggregates, with what stands where there are no rows.
        aggregates: Vec<(Column, Option<Expr>)>,
        /// The axis.
        on: Column,
        /// Where the axis starts, ends, and its step.
        range: SeriesRange,
        /// The keys.
        keys: Vec<Column>,
    },
    /// `mv-apply columns on (pipeline)`.
    MvApply {
        /// What is expanded.
        columns: Vec<Expansion>,
        /// `limit n`
        limit: Option<Expr>,
        /// `id x`
        id: Option<Expr>,
        /// What is done to the rows of each; headless.
        body: Expr,
    },
    /// `mv-expand columns limit n`.
    MvExpand {
        /// What is expanded.
        columns: Vec<Expansion>,
        /// `limit n`
        limit: Option<Expr>,
    },
    /// `parse`, `parse-where`.
    Parse {
        /// Whether rows that do not fit are dropped.
        filters: bool,
        /// `kind=simple`, `kind=regex`, `kind=relaxed`
        kind: Option<Name>,
        /// What is parsed.
        subject: Expr,
        /// The pattern.
        parts: Vec<ParsePart>,
    },
    /// `parse-kv subject as (columns) with (properties)`.
    ParseKv {
        /// What is parsed.
        subject: Expr,
        /// The keys with their types.
        columns: Vec<(Name, Name)>,
        /// `pair_delimiter=','` and the like.
        properties: Vec<(Name, Expr)>,
    },
    /// `partition by column (pipeline)`.
    Partition {
        /// The column.
        by: Expr,
        /// `in (values)`
        scope: Option<Expr>,
        /// What is done to the rows of each value.
        body: Expr,
        /// Whether the body is a query of its own, in braces; else it is headless.
        braces: bool,
    },
    /// `print a = x, …`.
    Print(Vec<Column>),
    /// `project-by-names names`.
    ProjectByNames(Vec<Expr>),
    /// `range column from … to … step …`.
    Range {
        /// The column.
        column: Name,
        /// Its first value.
        from: Expr,
        /// Its last value at most.
        to: Expr,
        /// How far its values lie apart.
        step: Expr,
    },
    /// `reduce by column with properties`.
    Reduce {
        /// What is grouped.
        by: Column,
        /// `threshold=0.1` and the like.
        properties: Vec<(Name, Expr)>,
    },
    /// `render chart with (properties)`.
    Render {
        /// The kind of chart.
        chart: Name,
        /// `kind=stacked`, `by a, b`: an older form.
        options: Vec<(Name, Vec<Expr>)>,
        /// `title="…"`, `ycolumns=a, b` and the like.
        properties: Vec<(Name, Vec<Expr>)>,
    },
    /// `sample n`.
    Sample(Expr),
    /// `sample-distinct n of column`.
    SampleDistinct {
        /// How many.
        count: Expr,
        /// Of what.
        of: Column,
    },
    /// `scan declare (…) with (step …; …)`.
    Scan {
        /// `order by`
        order: Vec<SortKey>,
        /// `partition by`
        partition: Vec<Expr>,
        /// `declare`
        declared: Vec<Parameter>,
        /// The steps.
        steps: Vec<ScanStep>,
    },
    /// `search in (tables) predicate`.
    Search {
        /// The tables, all of them where none is named.
        tables: Vec<Expr>,
        /// The predicate; a string alone is looked for in every column.
        predicate: Expr,
    },
    /// `serialize a = x, …`.
    Serialize(Vec<Column>),
    /// `top-hitters n of column by value`.
    TopHitters {
        /// How many.
        count: Expr,
        /// Of what.
        of: Column,
        /// What is added up.
        by: Option<Column>,
    },
    /// `top-nested n of column by f(x), …`.
    TopNested(Vec<TopNested>),
    /// An operator recognised by its keyword and not read further.
    Other {
        /// What follows the keyword, as written.
        text: String,
    },
}

/// The right side of a join, and how rows meet.
#[derive(Clone, PartialEq, Debug)]
pub struct Join {
    /// `kind=inner`
    pub kind: Option<Name>,
    /// The right side.
    pub right: Expr,
    /// `on keys`: columns of both sides, or `$left.a == $right.b`.
    pub on: Vec<Expr>,
    /// `where predicate`, in place of keys.
    pub predicate: Option<Expr>,
}

/// A column of `mv-expand`.
#[derive(Clone, PartialEq, Debug)]
pub struct Expansion {
    /// What is expanded; `None` for the row's one element in `mv-apply to typeof(…)`.
    pub column: Option<Column>,
    /// `to typeof(type)`
    pub ty: Option<RowType>,
}

/// A piece of `parse`'s pattern.
#[derive(Clone, PartialEq, Debug)]
pub enum ParsePart {
    /// `*`: whatever there is.
    Star(Span),
    /// Text, or a regular expression.
    Text {
        /// The text.
        text: String,
        /// Where it stands.
        span: Span,
    },
    /// A new column.
    Column {
        /// Its name.
        name: Name,
        /// Its type.
        ty: Option<Name>,
    },
}

/// The axis of `make-series`.
#[derive(Clone, PartialEq, Debug)]
pub enum SeriesRange {
    /// `from … to … step …`
    Steps {
        /// Where it starts.
        from: Option<Expr>,
        /// Where it ends.
        to: Option<Expr>,
        /// Its step.
        step: Expr,
    },
    /// `in range(start, stop, step)`
    In(Vec<Expr>),
}

/// A column of `find … project`.
#[derive(Clone, PartialEq, Debug)]
pub enum FindColumn {
    /// `*`
    Star(Span),
    /// `pack(*)`
    Pack(Span),
    /// A column, with the type it is to have.
    Column {
        /// Its name.
        name: Name,
        /// Its type.
        ty: Option<Name>,
    },
}

/// A step of `scan`.
#[derive(Clone, PartialEq, Debug)]
pub struct ScanStep {
    /// Its name.
    pub name: Name,
    /// Whether it may be passed over.
    pub optional: bool,
    /// `output=all`
    pub output: Option<Name>,
    /// What rows it takes.
    pub predicate: Expr,
    /// What it assigns.
    pub assignments: Vec<Column>,
}

/// A level of `top-nested`.
#[derive(Clone, PartialEq, Debug)]
pub struct TopNested {
    /// How many; all where absent.
    pub count: Option<Expr>,
    /// Of what.
    pub of: Column,
    /// `with others = "…"`
    pub others: Option<Expr>,
    /// By what they are ordered.
    pub by: SortKey,
}

/// A part of a graph pattern.
#[derive(Clone, PartialEq, Debug)]
pub enum GraphPart {
    /// `(name)`
    Node {
        /// Its name.
        name: Option<Name>,
        /// All of it.
        span: Span,
    },
    /// `-[name]->`, `-->`, `<-[name*1..3]-`
    Edge {
        /// Its direction.
        direction: GraphDirection,
        /// Whether it is written with brackets.
        brackets: bool,
        /// Its name.
        name: Option<Name>,
        /// How many edges in a row.
        range: Option<(Expr, Expr)>,
        /// All of it.
        span: Span,
    },
}

/// Where an edge of a graph pattern points.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GraphDirection {
    /// `-->`
    Right,
    /// `<--`
    Left,
    /// `--`
    Any,
}

/// `nodes as name` or `edges as name`.
#[derive(Clone, PartialEq, Debug)]
pub struct GraphOutput {
    /// Whether edges are meant.
    pub edges: bool,
    /// The table's name.
    pub name: Option<Name>,
    /// `with_node_id=name` and the like.
    pub parameters: Vec<(Name, Expr)>,
}

/// `value`, `name = value` or `(a, b) = value`.
#[derive(Clone, PartialEq, Debug)]
pub struct Column {
    /// The names, none where the value names itself.
    pub names: Vec<Name>,
    /// The value.
    pub value: Expr,
}

/// A column name or a pattern of names with `*`.
#[derive(Clone, PartialEq, Debug)]
pub struct Pattern {
    /// As written, without brackets and quotes.
    pub name: Name,
    /// Whether `*` in it is a wildcard.
    pub wildcard: bool,
    /// `asc`, `desc`, `granny-asc`, `granny-desc` in `project-reorder`.
    pub order: Option<Name>,
}

/// A key of `sort`, `top`.
#[derive(Clone, PartialEq, Debug)]
pub struct SortKey {
    /// `name =`
    pub name: Option<Name>,
    /// What is compared.
    pub value: Expr,
    /// `asc` or `desc`; descending where absent.
    pub direction: Option<(bool, Span)>,
    /// `nulls first` (true) or `nulls last`.
    pub nulls: Option<(bool, Span)>,
}
