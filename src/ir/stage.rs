//! What the larger tabular operators are made of.

use serde::Serialize;

use super::{Aggregate, Aggregation, Assignment, ColumnId, Expr, Predicate, RelationId};
use crate::span::Origins;

/// What takes the columns of an open schema that no name in the query mentions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// They are keys.
    Keys,
    /// They are further columns of the aggregate at this place.
    Aggregate(usize),
}

/// Two relations brought together.
///
/// <https://learn.microsoft.com/kusto/query/join-operator>, <https://learn.microsoft.com/kusto/query/lookup-operator>
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Join {
    /// Which rows stay.
    pub kind: JoinKind,
    /// The rows on the left.
    pub left: RelationId,
    /// The rows on the right.
    pub right: RelationId,
    /// When two rows meet: all of these hold. Without keys all rows meet.
    pub keys: Vec<JoinKey>,
    /// How columns of the sides are called in the answer; the left side's own keep their ids.
    pub columns: Vec<JoinColumn>,
}

/// Which rows of a join stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinKind {
    /// Pairs, of the left rows with one key any one.
    InnerUnique,
    /// Pairs.
    Inner,
    /// Pairs, and left rows without a partner.
    LeftOuter,
    /// Pairs, and right rows without a partner.
    RightOuter,
    /// Pairs, and rows of both sides without a partner.
    FullOuter,
    /// Left rows with a partner.
    LeftSemi,
    /// Right rows with a partner.
    RightSemi,
    /// Left rows without a partner.
    LeftAnti,
    /// Right rows without a partner.
    RightAnti,
}

/// The side whose rows alone a join yields.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The left.
    Left,
    /// The right.
    Right,
}

impl JoinKind {
    /// The kind of this name; `anti` and the forms with `semi` behind `anti` are older spellings.
    pub fn from_name(name: &str) -> Option<JoinKind> {
        Some(match name {
            "innerunique" => JoinKind::InnerUnique,
            "inner" => JoinKind::Inner,
            "leftouter" => JoinKind::LeftOuter,
            "rightouter" => JoinKind::RightOuter,
            "fullouter" => JoinKind::FullOuter,
            "leftsemi" => JoinKind::LeftSemi,
            "rightsemi" => JoinKind::RightSemi,
            "anti" | "leftanti" | "leftantisemi" => JoinKind::LeftAnti,
            "rightanti" | "rightantisemi" => JoinKind::RightAnti,
            _ => return None,
        })
    }

    /// KQL's name.
    pub fn name(self) -> &'static str {
        match self {
            JoinKind::InnerUnique => "innerunique",
            JoinKind::Inner => "inner",
            JoinKind::LeftOuter => "leftouter",
            JoinKind::RightOuter => "rightouter",
            JoinKind::FullOuter => "fullouter",
            JoinKind::LeftSemi => "leftsemi",
            JoinKind::RightSemi => "rightsemi",
            JoinKind::LeftAnti => "leftanti",
            JoinKind::RightAnti => "rightanti",
        }
    }

    /// The side whose rows it yields; none where it yields pairs.
    pub fn side(self) -> Option<Side> {
        match self {
            JoinKind::LeftSemi | JoinKind::LeftAnti => Some(Side::Left),
            JoinKind::RightSemi | JoinKind::RightAnti => Some(Side::Right),
            JoinKind::InnerUnique
            | JoinKind::Inner
            | JoinKind::LeftOuter
            | JoinKind::RightOuter
            | JoinKind::FullOuter => None,
        }
    }
}

/// A condition under which two rows meet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct JoinKey {
    /// The left side's column.
    pub left: ColumnId,
    /// The right side's column.
    pub right: ColumnId,
    /// How they are compared.
    pub test: KeyTest,
}

/// How the columns of a key are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyTest {
    /// They are equal, letter case included; nulls equal nothing.
    Equal,
    /// The left is an IPv4 address inside the network that the right is.
    InIpv4Network,
    /// The left is an IPv6 or IPv4 address inside the network that the right is.
    InIpv6Network,
}

/// A column of a join, taken from a column of one side.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct JoinColumn {
    /// The column that results.
    pub column: ColumnId,
    /// The left side's column, where it may come from there.
    pub left: Option<ColumnId>,
    /// The right side's column. Where both sides may know a name, the side that has it is known to the data alone; the
    /// left goes first.
    pub right: Option<ColumnId>,
}

/// How values are taken apart.
///
/// <https://learn.microsoft.com/kusto/query/mv-expand-operator>
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Expansion {
    /// What is expanded and the column of its elements; several are expanded side by side, short ones padded with null.
    pub columns: Vec<Assignment>,
    /// The column of the element's place, from 0.
    pub index: Option<ColumnId>,
    /// At most this many elements of each row.
    pub limit: Option<u64>,
    /// A property becomes an array of its name and its value, not a bag of one property.
    pub pairs: bool,
}

/// A text with a pattern laid over it.
///
/// <https://learn.microsoft.com/kusto/query/parse-operator>
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Parse {
    /// The rows parsed.
    pub input: RelationId,
    /// The text.
    pub subject: Expr,
    /// How the pattern is read.
    pub mode: ParseMode,
    /// The pattern.
    pub parts: Vec<ParsePart>,
    /// Rows that do not fit are dropped: `parse-where`.
    pub filters: bool,
}

/// How the pattern of `parse` is read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ParseMode {
    /// Texts as they are; a value that is not of its column's type undoes the whole match.
    Simple,
    /// Texts as they are; a value that is not of its column's type is null.
    Relaxed,
    /// Texts are regular expressions.
    Regex {
        /// `U` (not greedy), `m`, `s`, `i`.
        flags: String,
    },
}

/// A piece of a pattern.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ParsePart {
    /// Whatever there is.
    Star,
    /// This text, or this regular expression.
    Text(String),
    /// The value of a column.
    Column(ColumnId),
}

/// A text of keys and values.
///
/// <https://learn.microsoft.com/kusto/query/parse-kv-operator>
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ParseKv {
    /// The rows parsed.
    pub input: RelationId,
    /// The text.
    pub subject: Expr,
    /// The keys looked for: a column of the key's name each.
    pub columns: Vec<ColumnId>,
    /// What stands between pairs, any of these characters; spaces and punctuation where none is told.
    pub pair_delimiter: Option<String>,
    /// What stands between key and value.
    pub kv_delimiter: Option<String>,
    /// Opening and closing quotes, in pairs.
    pub quotes: Vec<(char, char)>,
    /// What takes the meaning off the next character inside quotes.
    pub escape: Option<char>,
    /// Values go on to the next pair's key, not to the next delimiter.
    pub greedy: bool,
    /// The pattern, in `regex` mode, with groups for key and value.
    pub regex: Option<String>,
}

/// A column computed along the order of the rows.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct WindowColumn {
    /// The column that results.
    pub column: ColumnId,
    /// The function.
    pub function: WindowFunction,
    /// Its arguments, each over the row that it is computed for.
    pub arguments: Vec<Expr>,
    /// Leaves of its own: the function's name.
    pub origins: Origins,
}

/// Functions along the order of rows.
///
/// <https://learn.microsoft.com/kusto/query/window-functions>
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowFunction {
    /// `next(value, offset = 1, default = null)`: a later row's value.
    Next,
    /// `prev(value, offset = 1, default = null)`: an earlier row's value.
    Prev,
    /// `row_cumsum(value, restart = false)`: the sum so far.
    RowCumSum,
    /// `row_number(start = 1, restart = false)`: the row's number.
    RowNumber,
    /// `row_rank_dense(value, restart = false)`: how many different values there were.
    RowRankDense,
    /// `row_rank_min(value, restart = false)`: the number of the first row with this value.
    RowRankMin,
    /// `row_window_session(time, most since the first, most since the last, restart = false)`: the session's start.
    RowWindowSession,
}

impl WindowFunction {
    /// The function of this name.
    pub fn from_name(name: &str) -> Option<WindowFunction> {
        Some(match name {
            "next" => WindowFunction::Next,
            "prev" => WindowFunction::Prev,
            "row_cumsum" => WindowFunction::RowCumSum,
            "row_number" => WindowFunction::RowNumber,
            "row_rank_dense" => WindowFunction::RowRankDense,
            "row_rank_min" => WindowFunction::RowRankMin,
            "row_window_session" => WindowFunction::RowWindowSession,
            _ => return None,
        })
    }

    /// KQL's name.
    pub fn name(self) -> &'static str {
        match self {
            WindowFunction::Next => "next",
            WindowFunction::Prev => "prev",
            WindowFunction::RowCumSum => "row_cumsum",
            WindowFunction::RowNumber => "row_number",
            WindowFunction::RowRankDense => "row_rank_dense",
            WindowFunction::RowRankMin => "row_rank_min",
            WindowFunction::RowWindowSession => "row_window_session",
        }
    }

    /// How many arguments it takes at least and at most.
    pub fn arity(self) -> (usize, usize) {
        match self {
            WindowFunction::Next | WindowFunction::Prev => (1, 3),
            WindowFunction::RowNumber => (0, 2),
            WindowFunction::RowCumSum | WindowFunction::RowRankDense | WindowFunction::RowRankMin => (1, 2),
            WindowFunction::RowWindowSession => (3, 4),
        }
    }
}

/// Rows that run through a pattern of steps.
///
/// <https://learn.microsoft.com/kusto/query/scan-operator>
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Scan {
    /// The rows, in order.
    pub input: RelationId,
    /// Columns that the steps assign, with what they are before.
    pub declared: Vec<Assignment>,
    /// The column that numbers the matches.
    pub match_id: Option<ColumnId>,
    /// The steps.
    pub steps: Vec<ScanStep>,
}

/// A step of a scan.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ScanStep {
    /// Which of its rows are yielded.
    pub output: ScanOutput,
    /// Whether it may be passed over.
    pub optional: bool,
    /// What rows it takes.
    pub predicate: Predicate,
    /// Values of declared columns.
    pub assignments: Vec<Assignment>,
    /// The columns by which expressions name the state of this step, with the column of the row that each mirrors.
    pub state: Vec<(ColumnId, ColumnId)>,
}

/// Which rows of a step are yielded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScanOutput {
    /// Every row that it takes.
    All,
    /// The last one, once the next step is reached or the scan ends.
    Last,
    /// None.
    None,
}

/// Arrays of aggregates along an axis.
///
/// <https://learn.microsoft.com/kusto/query/make-series-operator>
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Series {
    /// The rows grouped.
    pub input: RelationId,
    /// The group keys.
    pub keys: Vec<Assignment>,
    /// The aggregates of each place on the axis, and what stands where there are no rows.
    pub aggregates: Vec<(Aggregation, Option<Expr>)>,
    /// Where a row stands on the axis, and the column of the axis.
    pub axis: Assignment,
    /// Where the axis starts; at the first row where absent.
    pub from: Option<Expr>,
    /// Where it ends, exclusive; behind the last row where absent.
    pub to: Option<Expr>,
    /// Its step.
    pub step: Expr,
    /// Whether the end itself is on the axis: the older `in range(…)`.
    pub closed: bool,
}

/// The properties of bags as columns.
///
/// <https://learn.microsoft.com/kusto/query/bag-unpack-plugin>
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Unpack {
    /// The rows unpacked.
    pub input: RelationId,
    /// The column of the bags, which is gone afterwards.
    pub bag: ColumnId,
    /// What stands before the properties' names.
    pub prefix: String,
    /// What becomes of a property whose name a column has.
    pub conflict: Conflict,
    /// Properties left out.
    pub ignored: Vec<String>,
}

/// What becomes of a property whose name a column has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conflict {
    /// The query fails.
    Error,
    /// The property takes the column's place.
    ReplaceSource,
    /// The property is left out.
    KeepSource,
}

/// A column for each value of a column.
///
/// <https://learn.microsoft.com/kusto/query/pivot-plugin>
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Pivot {
    /// The rows grouped.
    pub input: RelationId,
    /// The column whose values become columns.
    pub on: ColumnId,
    /// What stands in them.
    pub aggregate: Aggregate,
    /// What the rows are grouped by; every other column where the query names none.
    pub keys: Vec<ColumnId>,
}

/// A plugin over rows, each of whose arguments is a column or a constant.
///
/// <https://learn.microsoft.com/kusto/query/evaluate-operator>
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Evaluate {
    /// The rows it reads.
    pub input: RelationId,
    /// Which it is.
    pub plugin: Plugin,
    /// The columns that it reads, in the order of its parameters.
    pub read: Vec<ColumnId>,
    /// Its constants, in the order of its parameters.
    pub constants: Vec<Expr>,
    /// The columns by whose values it takes the rows apart.
    pub dimensions: Vec<ColumnId>,
}

/// What a plugin computes.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Plugin {
    /// Who was there in several periods before: `active_users_count`.
    ActiveUsersCount,
    /// Counts of windows beside those of all windows before: `activity_counts_metrics`.
    ActivityCountsMetrics,
    /// How many values several states of `hll` share: `dcount_intersect`.
    DcountIntersect,
    /// Lines near a place: `geo_line_lookup`.
    GeoLineLookup(GeoLookup),
    /// Polygons around a place, or near it: `geo_polygon_lookup`.
    GeoPolygonLookup(GeoLookup),
    /// A percentile of several bins together: `rolling_percentile`.
    RollingPercentile,
    /// Answers of `getschema` as one: `schema_merge`.
    SchemaMerge,
    /// Counts of several bins together: `sliding_window_counts`.
    SlidingWindowCounts,
}

/// A table of shapes in which a place is looked up.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct GeoLookup {
    /// The table.
    pub table: RelationId,
    /// Its column of shapes.
    pub shape: ColumnId,
    /// How its columns are called in the answer.
    pub columns: Vec<JoinColumn>,
    /// Whether rows without a shape stay.
    pub keeps_unmatched: bool,
}

impl Plugin {
    /// KQL's name.
    pub fn name(&self) -> &'static str {
        match self {
            Plugin::ActiveUsersCount => "active_users_count",
            Plugin::ActivityCountsMetrics => "activity_counts_metrics",
            Plugin::DcountIntersect => "dcount_intersect",
            Plugin::GeoLineLookup(_) => "geo_line_lookup",
            Plugin::GeoPolygonLookup(_) => "geo_polygon_lookup",
            Plugin::RollingPercentile => "rolling_percentile",
            Plugin::SchemaMerge => "schema_merge",
            Plugin::SlidingWindowCounts => "sliding_window_counts",
        }
    }

    /// The table that it looks places up in, if it does.
    pub fn lookup(&self) -> Option<&GeoLookup> {
        match self {
            Plugin::GeoLineLookup(lookup) | Plugin::GeoPolygonLookup(lookup) => Some(lookup),
            Plugin::ActiveUsersCount
            | Plugin::ActivityCountsMetrics
            | Plugin::DcountIntersect
            | Plugin::RollingPercentile
            | Plugin::SchemaMerge
            | Plugin::SlidingWindowCounts => None,
        }
    }
}

/// Rows that lie outside the tables, as text supplied with the events.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum External {
    /// `_GetWatchlist(alias)`: <https://learn.microsoft.com/azure/sentinel/watchlists-queries>
    Watchlist {
        /// The list's alias.
        alias: String,
    },
    /// `externaldata`: <https://learn.microsoft.com/kusto/query/externaldata-operator>
    Files {
        /// Where the data lies.
        locations: Vec<String>,
        /// `csv`, `json` and so on; told by the location's ending where absent.
        format: Option<String>,
        /// Whether the first line holds names.
        skip_first: bool,
    },
}
