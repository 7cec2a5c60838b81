//! The views of a query that back ends ask for.
//!
//! A query is seen as *legs* and *stages*. A leg is one source table with everything that is decided row by row: its
//! condition over the table's own columns (assigned columns put in place, negation normal form), its time window,
//! and the definition of every column that later stages read. Stages are what follows, in order: summaries, filters on
//! them, sorting. Several legs are a union.

use std::collections::BTreeMap;

use crate::diagnostic::Code;
use crate::fidelity::{Cause, Refusal};
use crate::ir::{
    Aggregation, Assignment, ColumnId, Expr, ExprKind, Lineage, Operator, Order, Period, Predicate, PredicateKind,
    Query, RelationId, SortKey, Test, TestOp, Truth, Value,
};
use crate::rewrite;
use crate::span::{Elided, Origins, Span};

/// The legs and stages of a query in normal form. `is_clock` tells whether a column of a table is its own clock.
///
/// # Errors
///
/// Where the query is not built like that: an operator without meaning here, a source that is no table.
pub fn shape<'a>(query: &'a Query, is_clock: &dyn Fn(&str, &str) -> bool) -> Result<Shape<'a>, Refusal> {
    let chain = chain(query, query.root)?;
    let mut head = source(query, chain[0])?;
    let mut stages = Vec::new();
    let mut sort = None;
    for id in &chain[1..] {
        let relation = query.relation(*id);
        let origins = &relation.origins;
        if stages.is_empty() {
            match &relation.op {
                Operator::Filter { .. } | Operator::Extend { .. } | Operator::Project { .. } => {
                    head.apply(query, *id);
                    continue;
                }
                // Sorting commutes with everything that is decided row by row.
                Operator::Sort { by, .. } => {
                    if let Some(Stage::Sort { origins, .. }) = sort.replace(Stage::Sort { by, origins }) {
                        head.elided.push(Elided { origins: origins.clone(), law: "order replaced by a later one" });
                    }
                    continue;
                }
                _ => {
                    stages.extend(sort.take());
                    head.columns = query.relation(inputs(query, *id)?).schema.columns.clone();
                }
            }
        }
        stages.push(match &relation.op {
            Operator::Summarize { keys, aggregates, .. } => Stage::Summarize { keys, aggregates, origins },
            Operator::Filter { predicate, .. } => Stage::Filter { predicate: predicate.clone(), origins },
            Operator::Extend { columns, .. } => Stage::Extend { columns, origins },
            Operator::Project { columns, .. } => Stage::Project { columns, origins },
            Operator::Sort { by, .. } => Stage::Sort { by, origins },
            Operator::Top { count, by, .. } => Stage::Top { count: *count, by, origins },
            Operator::Take { count, .. } => Stage::Take { count: *count, origins },
            _ => unreachable!("a chain's links have one input"),
        });
    }
    if stages.is_empty() {
        stages.extend(sort.take());
        head.columns = query.relation(query.root).schema.columns.clone();
    }
    let mut elided = head.elided;
    if !head.union.is_empty() {
        elided.push(Elided {
            origins: head.union.clone(),
            law: "the sources of an artifact are a union by themselves",
        });
    }
    let legs = head.legs.into_iter().map(|leg| leg.finish(query, is_clock, &mut elided)).collect();
    Ok(Shape { query, legs, union: head.union, columns: head.columns, projected: head.projected, stages, elided })
}

fn inputs(query: &Query, id: RelationId) -> Result<RelationId, Refusal> {
    match query.relation(id).op.inputs().as_slice() {
        [only] => Ok(*only),
        _ => Err(refuse(query, id)),
    }
}

/// The relations from the source to `root`, along single inputs.
fn chain(query: &Query, root: RelationId) -> Result<Vec<RelationId>, Refusal> {
    let mut chain = vec![root];
    let mut id = root;
    loop {
        match &query.relation(id).op {
            Operator::Filter { input, .. }
            | Operator::Extend { input, .. }
            | Operator::Project { input, .. }
            | Operator::Summarize { input, rest: None, .. }
            | Operator::Sort { input, .. }
            | Operator::Top { input, .. }
            | Operator::Take { input, .. } => id = *input,
            Operator::Table { .. } | Operator::Union { .. } => break,
            _ => return Err(refuse(query, id)),
        }
        chain.push(id);
    }
    chain.reverse();
    Ok(chain)
}

/// "This operator has no form here yet."
fn refuse(query: &Query, id: RelationId) -> Refusal {
    let relation = query.relation(id);
    let span = relation.origins.hull().unwrap_or_default();
    let name = relation.op.name();
    Refusal::new(Code::OperatorOpaque, Cause::NotImplemented, span, format!("`{name}` is not carried"))
}

/// Legs under construction: operators are applied to all of them alike.
struct Head<'a> {
    legs: Vec<Draft<'a>>,
    union: Origins,
    columns: Vec<ColumnId>,
    projected: bool,
    elided: Vec<Elided>,
}

struct Draft<'a> {
    source: RelationId,
    table: &'a str,
    table_origins: Origins,
    conditions: Vec<Predicate>,
    keywords: Origins,
    columns: BTreeMap<ColumnId, Expr>,
    assigned: Origins,
}

fn source(query: &Query, id: RelationId) -> Result<Head<'_>, Refusal> {
    let relation = query.relation(id);
    let (legs, union) = match &relation.op {
        Operator::Table { name } => {
            let columns = relation.schema.columns.iter();
            let draft = Draft {
                source: id,
                table: name,
                table_origins: relation.origins.clone(),
                conditions: Vec::new(),
                keywords: Origins::none(),
                columns: columns
                    .map(|column| (*column, Expr::column(*column, query.column(*column).ty, Origins::none())))
                    .collect(),
                assigned: Origins::none(),
            };
            (vec![draft], Origins::none())
        }
        Operator::Union { inputs, columns } => {
            let mut legs = Vec::new();
            let mut union = relation.origins.clone();
            let mut elided = Vec::new();
            for (position, input) in inputs.iter().enumerate() {
                let chain = chain(query, *input)?;
                let mut head = source(query, chain[0])?;
                for id in &chain[1..] {
                    match &query.relation(*id).op {
                        Operator::Filter { .. } | Operator::Extend { .. } | Operator::Project { .. } => {
                            head.apply(query, *id);
                        }
                        Operator::Sort { .. } => elided.push(Elided {
                            origins: query.relation(*id).origins.clone(),
                            law: "order inside a union, which has none",
                        }),
                        _ => return Err(refuse(query, *id)),
                    }
                }
                union.extend(&head.union);
                elided.extend(head.elided);
                for mut leg in head.legs {
                    let flows: Vec<(ColumnId, Expr)> = columns
                        .iter()
                        .map(|union| {
                            let value = union.sources[position]
                                .and_then(|source| leg.columns.get(&source).cloned())
                                .unwrap_or_else(|| {
                                    let ty = query.column(union.column).ty;
                                    Expr::literal(Value::missing(ty), Origins::none())
                                });
                            (union.column, value)
                        })
                        .collect();
                    leg.columns.extend(flows);
                    legs.push(leg);
                }
            }
            return Ok(Head { legs, union, columns: Vec::new(), projected: false, elided });
        }
        _ => return Err(refuse(query, id)),
    };
    Ok(Head { legs, union, columns: Vec::new(), projected: false, elided: Vec::new() })
}

impl Head<'_> {
    /// Applies an operator that is decided row by row.
    fn apply(&mut self, query: &Query, id: RelationId) {
        let relation = query.relation(id);
        if matches!(relation.op, Operator::Project { .. }) {
            self.projected = true;
        }
        for leg in &mut self.legs {
            match &relation.op {
                Operator::Filter { predicate, .. } => {
                    leg.keywords.extend(&relation.origins);
                    let placed = predicate.placed(&leg.columns);
                    leg.conditions.push(placed);
                }
                Operator::Extend { columns, .. } | Operator::Project { columns, .. } => {
                    leg.assigned.extend(&relation.origins);
                    let placed: Vec<(ColumnId, Expr)> = columns
                        .iter()
                        .map(|assignment| (assignment.column, assignment.value.placed(&leg.columns)))
                        .collect();
                    leg.columns.extend(placed);
                }
                _ => {}
            }
        }
    }
}

impl<'a> Draft<'a> {
    fn finish(self, query: &Query, is_clock: &dyn Fn(&str, &str) -> bool, elided: &mut Vec<Elided>) -> Leg<'a> {
        let whole = Predicate::and(self.conditions, self.keywords);
        let condition = rewrite::condition(query, whole, elided);
        let origins = condition.origins.clone();
        let mut window = Window::default();
        let mut rest = Vec::new();
        for part in condition.conjuncts() {
            match bound(query, part, &|column| is_clock(self.table, column)) {
                Some((order, offset)) => window.narrow(order, offset, &part.all_origins()),
                None => rest.push(part.clone()),
            }
        }
        let keeps = rest.len();
        let condition = match &condition.kind {
            PredicateKind::And(_) => Predicate::and(rest, if keeps > 0 { origins.clone() } else { Origins::none() }),
            _ if keeps == 1 => condition,
            _ => Predicate::constant(Truth::True, Origins::none()),
        };
        if keeps == 0 {
            window.origins.extend(&origins);
        }
        let columns = self
            .columns
            .into_iter()
            .map(|(column, value)| (column, rewrite::expression(query, value, &mut Vec::new())))
            .collect();
        Leg {
            source: self.source,
            table: self.table,
            table_origins: self.table_origins,
            condition,
            window,
            columns,
            assigned: self.assigned,
        }
    }
}

/// The comparison of a clock with a time of the run, if a condition is one.
fn bound(query: &Query, part: &Predicate, is_clock: &dyn Fn(&str) -> bool) -> Option<(Order, i64)> {
    let PredicateKind::Test(Test { subject, op: TestOp::Order { order, operand }, .. }) = &part.kind else {
        return None;
    };
    let path = subject.as_path().filter(|path| path.steps.is_empty())?;
    let Lineage { column, path, .. } = query.column(path.column).lineage.as_ref()?;
    let ExprKind::Now { offset } = operand.kind else { return None };
    (path.is_empty() && is_clock(column)).then_some((*order, offset))
}

impl Leg<'_> {
    /// Every leaf of the leg: its table, condition, window and the definitions of its columns.
    pub fn all_origins(&self) -> Origins {
        let own = self.table_origins.clone().and(&self.window.origins).and(&self.assigned);
        let definitions = self.columns.values().fold(own, |all, value| all.and(&value.all_origins()));
        definitions.and(&self.condition.all_origins())
    }
}

impl Window {
    fn narrow(&mut self, order: Order, offset: i64, origins: &Origins) {
        self.origins.extend(origins);
        let bound = Bound { offset, inclusive: matches!(order, Order::LessOrEqual | Order::GreaterOrEqual) };
        match order {
            Order::Greater | Order::GreaterOrEqual => {
                let tighter =
                    self.from.is_none_or(|from| (bound.offset, !bound.inclusive) > (from.offset, !from.inclusive));
                if tighter {
                    self.from = Some(bound);
                }
            }
            Order::Less | Order::LessOrEqual => {
                let tighter = self.to.is_none_or(|to| (bound.offset, bound.inclusive) < (to.offset, to.inclusive));
                if tighter {
                    self.to = Some(bound);
                }
            }
        }
    }

    /// The window of a run that looks back this far at most: the schedule's look-back clips the query's own.
    pub fn clipped(&self, period: Period) -> Window {
        let limit = Bound { offset: -period.0, inclusive: true };
        let is_tighter = |from: &Bound| (from.offset, !from.inclusive) > (limit.offset, !limit.inclusive);
        let from = self.from.filter(is_tighter).unwrap_or(limit);
        Window { from: Some(from), to: self.to, origins: self.origins.clone() }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crosswalk::{Column, Crosswalk, Table};
    use crate::ir::{TICKS_PER_DAY, Type, print_predicate};

    fn lowered(text: &str) -> Query {
        let mut crosswalk = Crosswalk::default();
        for name in ["T", "U"] {
            let mut table = Table::new(name);
            for (name, ty) in
                [("TimeGenerated", Type::DateTime), ("F", Type::String), ("N", Type::Long), ("D", Type::Dynamic)]
            {
                let column = Column { ty, fields: BTreeMap::new(), paths: Vec::new(), note: None, source: None };
                table.columns.insert(name.to_owned(), column);
            }
            crosswalk.insert(table);
        }
        let parsed = crate::kql::parse(text);
        assert!(parsed.errors.is_empty(), "{text}: {:?}", parsed.errors);
        let lowered = crate::lower::lower_query(&parsed.query, &crosswalk);
        let mut query = lowered.query.unwrap_or_else(|| panic!("{text}: {:?}", lowered.diagnostics));
        rewrite::normalise(&mut query);
        query
    }

    fn is_clock(_: &str, column: &str) -> bool {
        column == "TimeGenerated"
    }

    /// Table, condition and number of stages of each leg.
    #[track_caller]
    fn check(text: &str, legs: &[(&str, &str)], stages: usize) {
        let query = lowered(text);
        let shape = shape(&query, &is_clock).unwrap_or_else(|refusal| panic!("{text}: {refusal:?}"));
        let found: Vec<(&str, String)> =
            shape.legs.iter().map(|leg| (leg.table, print_predicate(&query, &leg.condition))).collect();
        let expected: Vec<(&str, String)> = legs.iter().map(|(table, text)| (*table, (*text).to_owned())).collect();
        assert_eq!((found, shape.stages.len()), (expected, stages), "{text}");
    }

    #[test]
    fn a_leg_gathers_every_condition_over_the_tables_own_columns() {
        check(
            r#"T | where F has "a" | extend Z = tolower(F) | project Z, N | where Z == "b" and N > 5"#,
            &[("T", r#"(and (has T.F "a") (=~ T.F "b") (> T.N 5))"#)],
            0,
        );
    }

    #[test]
    fn a_union_is_a_leg_for_each_source_and_what_follows_belongs_to_all() {
        check(
            r#"union (T | where F == "a" | extend Z = N), (U | extend Z = N + 1) | where Z > 5 | count"#,
            &[("T", r#"(and (= T.F "a") (> T.N 5))"#), ("U", "(> (+ U.N 1) 5)")],
            1,
        );
    }

    #[test]
    fn a_column_that_a_leg_lacks_is_missing_there() {
        check(
            r#"union (T | project A = F), (U | project B = F) | where A == "x""#,
            &[("T", r#"(= T.F "x")"#), ("U", "false")],
            0,
        );
    }

    #[test]
    fn bounds_of_the_clock_become_the_window_and_the_schedule_clips_it() {
        let query =
            lowered("T | where TimeGenerated between (ago(5d) .. now()) | where TimeGenerated > ago(2d) and N > 1");
        let shape = shape(&query, &is_clock).expect("a filter has a shape");
        let window = &shape.legs[0].window;
        assert_eq!(window.from, Some(Bound { offset: -2 * TICKS_PER_DAY, inclusive: false }));
        assert_eq!(window.to, Some(Bound { offset: 0, inclusive: true }));
        assert_eq!(print_predicate(&query, &shape.legs[0].condition), "(> T.N 1)");
        let clipped = window.clipped(Period(TICKS_PER_DAY));
        assert_eq!(clipped.from, Some(Bound { offset: -TICKS_PER_DAY, inclusive: true }));
    }

    #[test]
    fn what_follows_a_summary_is_a_stage() {
        check("T | where N > 1 | summarize c = count() by F | where c > 5 | sort by c", &[("T", "(> T.N 1)")], 3);
        check("T | sort by N | where N > 1 | take 5", &[("T", "(> T.N 1)")], 2);
        check("T | sort by N | take 5", &[("T", "true")], 1);
    }

    #[test]
    fn an_opaque_operator_is_refused_with_its_name() {
        let query = lowered("T | mv-expand D | where N > 1");
        let refusal = shape(&query, &is_clock).expect_err("the operator has no meaning here");
        assert_eq!(refusal.note.message, "`mv-expand` is not carried");
    }
}
