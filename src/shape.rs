//! The views of a query that back ends ask for.
//!
//! A query is seen as *legs* and *stages*. A leg is one source table with everything that is decided row by row: its
//! condition over the table's own columns (assigned columns put in place, negation normal form), its time window,
//! and the definition of every column that later stages read. Stages are what follows, in order: summaries, filters on
//! them, sorting. Several legs are a union.

use std::collections::BTreeMap;

use crate::ir::{Aggregation, Assignment, ColumnId, Expr, Predicate, Query, RelationId, SortKey};
use crate::span::{Elided, Origins, Span};

/// A query as legs and stages.
#[derive(Clone, PartialEq, Debug)]
pub struct Shape<'a> {
    /// The query.
    pub query: &'a Query,
    /// The sources; one or more.
    pub legs: Vec<Leg<'a>>,
    /// Leaves of the union itself, when there are several legs.
    pub union: Origins,
    /// The columns that flow out of the legs, in order.
    pub columns: Vec<ColumnId>,
    /// Whether the query itself chose those columns (`project` and the like, not the whole event).
    pub projected: bool,
    /// What follows.
    pub stages: Vec<Stage<'a>>,
    /// What was left out without changing the meaning.
    pub elided: Vec<Elided>,
}

/// One source with all that is decided row by row.
#[derive(Clone, PartialEq, Debug)]
pub struct Leg<'a> {
    /// The table's node.
    pub source: RelationId,
    /// The table's name.
    pub table: &'a str,
    /// The leaf that names it.
    pub table_origins: Origins,
    /// What must be true of a row, over the table's columns, time window excluded, in negation normal form.
    pub condition: Predicate,
    /// When.
    pub window: Window,
    /// What each column that flows out is, over the table's columns; none where this leg lacks it.
    pub columns: BTreeMap<ColumnId, Expr>,
    /// Leaves of `extend` and `project` themselves: keywords and assigned names.
    pub assigned: Origins,
}

/// Bounds of a source's clock, relative to the time of the run.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Window {
    /// Not before this, in ticks added to now; negative is the past.
    pub from: Option<Bound>,
    /// Not after this.
    pub to: Option<Bound>,
    /// The leaves of the conditions that say so.
    pub origins: Origins,
}

/// One end of a window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bound {
    /// Ticks added to the time of the run.
    pub offset: i64,
    /// Whether the instant itself belongs to the window.
    pub inclusive: bool,
}

/// What follows the legs.
#[derive(Clone, PartialEq, Debug)]
#[allow(clippy::large_enum_variant, reason = "a query has a handful of stages")]
pub enum Stage<'a> {
    /// Groups rows.
    Summarize {
        /// The group keys, over the columns that flow in.
        keys: &'a [Assignment],
        /// The aggregates.
        aggregates: &'a [Aggregation],
        /// Leaves of the operator.
        origins: &'a Origins,
    },
    /// Keeps rows; in negation normal form.
    Filter {
        /// What must be true.
        predicate: Predicate,
        /// Leaves of the operator.
        origins: &'a Origins,
    },
    /// Adds columns.
    Extend {
        /// The new columns.
        columns: &'a [Assignment],
        /// Leaves of the operator.
        origins: &'a Origins,
    },
    /// Chooses columns.
    Project {
        /// The columns kept or computed.
        columns: &'a [Assignment],
        /// Leaves of the operator.
        origins: &'a Origins,
    },
    /// Orders rows.
    Sort {
        /// The order.
        by: &'a [SortKey],
        /// Leaves of the operator.
        origins: &'a Origins,
    },
    /// Keeps the first rows in an order.
    Top {
        /// How many.
        count: u64,
        /// The order.
        by: &'a [SortKey],
        /// Leaves of the operator.
        origins: &'a Origins,
    },
    /// Keeps any rows.
    Take {
        /// How many.
        count: u64,
        /// Leaves of the operator.
        origins: &'a Origins,
    },
}

impl Stage<'_> {
    /// Every leaf of the stage, expressions included.
    pub fn all_origins(&self) -> Origins {
        let values = |origins: &Origins, exprs: &mut dyn Iterator<Item = &Expr>| {
            exprs.fold(origins.clone(), |all, expr| all.and(&expr.all_origins()))
        };
        match self {
            Stage::Summarize { keys, aggregates, origins } => {
                let mut all = values(origins, &mut keys.iter().map(|key| &key.value));
                for aggregation in *aggregates {
                    all.extend(&aggregation.aggregate.origins);
                    for argument in &aggregation.aggregate.arguments {
                        all.extend(&argument.all_origins());
                    }
                    if let Some(filter) = &aggregation.aggregate.filter {
                        all.extend(&filter.all_origins());
                    }
                }
                all
            }
            Stage::Filter { predicate, origins } => predicate.all_origins().and(origins),
            Stage::Extend { columns, origins } | Stage::Project { columns, origins } => {
                values(origins, &mut columns.iter().map(|assignment| &assignment.value))
            }
            Stage::Sort { by, origins } | Stage::Top { by, origins, .. } => {
                let keys = by.iter().fold((*origins).clone(), |all, key| all.and(&key.origins));
                values(&keys, &mut by.iter().map(|key| &key.value))
            }
            Stage::Take { origins, .. } => (*origins).clone(),
        }
    }

    /// The smallest span that holds the stage.
    pub fn span(&self) -> Span {
        self.all_origins().hull().unwrap_or_default()
    }
}
