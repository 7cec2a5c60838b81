//! The reference interpreter of the IR: what a query answers over given events.
//!
//! It reads as a specification: one function for each operator, function and aggregate, with its page linked and
//! its oddities noted. It is exact before it is fast. A query with a part that is known by name only is refused
//! as a whole, by name and span: an answer without that part would be an answer to another question.
//!
//! [`scalar`] offers the pure part, the meaning of single operations on values, for folding constants.

mod aggregate;
mod arithmetic;
mod convert;
mod expression;
mod function;
mod pattern;
mod predicate;
mod relation;
pub mod render;
pub mod scalar;
mod time;
mod value;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use relation::list_name;
pub use time::parse_instant;

use crate::ir::{Expr, ExprKind, Operator, Predicate, PredicateKind, Query, TestOp, Type, Value};
use crate::span::{Origins, Span};

/// An event: a JSON object.
pub type Event = serde_json::Map<String, serde_json::Value>;

/// The member of an event that names its table, where events of several tables stand together.
pub const TABLE: &str = "$table";

/// The events of each table, by the name under which queries ask for it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Data {
    /// Events by table.
    pub tables: BTreeMap<String, Vec<Event>>,
    /// Watchlists and files, as text by file name: `alias.csv`, or the last part of a location.
    pub lists: BTreeMap<String, String>,
}

/// An answer.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Table {
    /// Names and types, in order.
    pub columns: Vec<(String, Type)>,
    /// A value for each column.
    pub rows: Vec<Vec<Value>>,
}

/// Why there is no answer, and where the reason stands.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Refused {
    /// The reason.
    pub reason: Reason,
    /// Where it stands.
    pub span: Span,
}

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Reason {
    /// A part of the query is known by name only.
    #[error("`{0}` is not interpreted")]
    NotInterpreted(String),
    /// A watchlist or file that the query reads is not there.
    #[error("the list `{0}` is not supplied")]
    NotSupplied(String),
    /// A watchlist or file cannot be read.
    #[error("the list `{0}` cannot be read: {1}")]
    Unreadable(String, String),
    /// An operator makes more rows than can be kept.
    #[error("more than {0} rows")]
    TooManyRows(usize),
    /// No page says what KQL answers on these data.
    #[error("{0} is not documented")]
    NotDocumented(String),
    /// The query fails on these data in KQL, too.
    #[error("{0}")]
    Fails(String),
}

/// The answer of `query` over `data` in a run at `clock`, in ticks.
///
/// A table without events is empty. Where KQL permits several answers this is one of them, always the same: rows
/// and groups keep the order in which they came.
pub fn run(query: &Query, data: &Data, clock: i64) -> Result<Table, Refused> {
    refuse_opaque(query)?;
    relation::run(query, data, clock)
}

/// Finds the first part, inputs first, that is known by name only.
fn refuse_opaque(query: &Query) -> Result<(), Refused> {
    for id in query.reachable() {
        let relation = query.relation(id);
        if let Operator::Opaque { name, .. } = &relation.op {
            return Err(refused(name, &relation.origins));
        }
        let mut found = None;
        for predicate in relation.op.predicates() {
            opaque_in_predicate(predicate, &mut found);
        }
        for expr in relation.op.exprs() {
            opaque_in_expr(expr, &mut found);
        }
        if let Some(refused) = found {
            return Err(refused);
        }
    }
    Ok(())
}

fn opaque_in_predicate(predicate: &Predicate, found: &mut Option<Refused>) {
    predicate.walk(&mut |part| {
        if let PredicateKind::Test(test) = &part.kind {
            if let TestOp::Opaque { name, .. } = &test.op {
                found.get_or_insert_with(|| refused(name, &part.origins));
            }
            opaque_in_expr(&test.subject, found);
            for operand in test.op.operands() {
                opaque_in_expr(operand, found);
            }
        }
    });
}

fn opaque_in_expr(expr: &Expr, found: &mut Option<Refused>) {
    match &expr.kind {
        ExprKind::Opaque { name, .. } => {
            found.get_or_insert_with(|| refused(name, &expr.origins));
        }
        ExprKind::Truth(predicate) => opaque_in_predicate(predicate, found),
        _ => {}
    }
    for operand in expr.operands() {
        opaque_in_expr(operand, found);
    }
}

fn refused(name: &str, origins: &Origins) -> Refused {
    Refused { reason: Reason::NotInterpreted(name.to_owned()), span: origins.hull().unwrap_or_default() }
}
