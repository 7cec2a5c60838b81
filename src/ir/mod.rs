//! What a rule means, in words that belong to no product.
//!
//! KQL's semantics, stricter than most, are its semantics: case rules, term rules and the answer on a missing
//! value are written out in every test. Nodes are built by constructors that hold the laws (`and` flattens,
//! `not(not(x))` is `x`, an empty `or` is false), so no back end checks them again.
//!
//! A query is an arena of [`Relation`]s: a tabular `let` used twice is one node with two users. Columns are
//! [`ColumnId`]s bound at lowering; a name is only what a column is called.

mod aggregate;
mod detection;
mod expr;
mod function;
mod json;
mod operator;
mod place;
mod predicate;
mod print;
mod relation;
mod stage;
mod value;

pub use aggregate::{Aggregate, AggregateFunction};
pub use detection::{
    AlertOverride, Alerts, Detection, EntityMapping, EventGrouping, Incident, IncidentGrouping, Kind, Meta, Period,
    Schedule, Severity, Suppression, Tactic, Technique, Trigger, TriggerOperator,
};
pub use expr::{ArithmeticOp, Expr, ExprKind, Path, Step};
pub use function::{Function, ResultType};
pub use operator::{Aggregation, Assignment, Operator, SortKey, UnionColumn};
pub use predicate::{Case, Network, Order, Predicate, PredicateKind, Quantifier, Test, TestOp, TextRelation, Truth};
pub use print::{print_expr, print_logic, print_predicate, print_query};
pub use relation::{Column, ColumnId, Identity, Lineage, Query, Relation, RelationId, Schema};
pub use stage::{
    Conflict, Evaluate, Expansion, External, GeoLookup, Join, JoinColumn, JoinKey, JoinKind, KeyTest, Parse, ParseKv,
    ParseMode, ParsePart, Pivot, Plugin, Rest, Scan, ScanOutput, ScanStep, Series, Side, Unpack, WindowColumn,
    WindowFunction,
};
pub use value::{Dynamic, TICKS_PER_DAY, TICKS_PER_SECOND, Type, Value};
