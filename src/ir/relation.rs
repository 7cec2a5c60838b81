//! Relations: an arena of tabular nodes over bound columns.

use serde::Serialize;

use super::{Aggregate, Expr, Predicate, Step, Type, Value};
use crate::span::{Elided, Origins, Span};

/// A node of a [`Query`]'s arena.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub struct RelationId(pub u32);

/// A column of a [`Query`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub struct ColumnId(pub u32);

/// What a column is.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Column {
    /// What it is called.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Where its value comes from unchanged, if it does.
    pub lineage: Option<Lineage>,
}

/// The place in a source that a column's value is taken from.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct Lineage {
    /// The [`Operator::Table`] node.
    pub source: RelationId,
    /// The column's name in that table.
    pub column: String,
    /// Steps inside its value.
    pub path: Vec<Step>,
}

/// The columns of a relation, in order.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Schema {
    /// The known ones.
    pub columns: Vec<ColumnId>,
    /// Whether there may be others: an unknown table, an opaque operator.
    pub open: bool,
}

/// A tabular node.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Relation {
    /// What it does to its inputs.
    pub op: Operator,
    /// What it yields.
    pub schema: Schema,
    /// Leaves of its own: the table's name, the operator's keyword, names of assigned columns.
    pub origins: Origins,
}

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

/// What tells one row of a relation from another: the subject of a verdict.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// The source event.
    Event,
    /// The group key.
    Keys(Vec<ColumnId>),
    /// Not known.
    Unknown,
}

/// A query: an arena of relations, with inputs before their users.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Query {
    relations: Vec<Relation>,
    columns: Vec<Column>,
    /// The relation that is the query's answer.
    pub root: RelationId,
    /// What lowering and rewriting removed, and by which law.
    pub elided: Vec<Elided>,
}

impl Default for Query {
    fn default() -> Query {
        Query { relations: Vec::new(), columns: Vec::new(), root: RelationId(0), elided: Vec::new() }
    }
}

impl Query {
    /// Adds a relation; its inputs are already there.
    pub fn add(&mut self, relation: Relation) -> RelationId {
        debug_assert!(relation.op.inputs().iter().all(|input| (input.0 as usize) < self.relations.len()));
        self.relations.push(relation);
        RelationId(u32::try_from(self.relations.len() - 1).expect("the node budget is far below 2^32"))
    }

    /// Adds a column.
    pub fn add_column(&mut self, column: Column) -> ColumnId {
        self.columns.push(column);
        ColumnId(u32::try_from(self.columns.len() - 1).expect("the node budget is far below 2^32"))
    }

    /// The relation of this id.
    pub fn relation(&self, id: RelationId) -> &Relation {
        &self.relations[id.0 as usize]
    }

    /// The relation of this id, to change it.
    pub fn relation_mut(&mut self, id: RelationId) -> &mut Relation {
        &mut self.relations[id.0 as usize]
    }

    /// The column of this id.
    pub fn column(&self, id: ColumnId) -> &Column {
        &self.columns[id.0 as usize]
    }

    /// The column of this id, to change it.
    pub fn column_mut(&mut self, id: ColumnId) -> &mut Column {
        &mut self.columns[id.0 as usize]
    }

    /// Every relation, inputs before their users.
    pub fn relations(&self) -> impl DoubleEndedIterator<Item = (RelationId, &Relation)> {
        (0..).map(RelationId).zip(&self.relations).collect::<Vec<_>>().into_iter()
    }

    /// How many relations there are.
    pub fn len(&self) -> usize {
        self.relations.len()
    }

    /// Whether there are no relations yet.
    pub fn is_empty(&self) -> bool {
        self.relations.is_empty()
    }

    /// The relations that the answer depends on, inputs first, subqueries included.
    pub fn reachable(&self) -> Vec<RelationId> {
        let mut seen = vec![false; self.relations.len()];
        let mut stack = vec![self.root];
        while let Some(id) = stack.pop() {
            if !std::mem::replace(&mut seen[id.0 as usize], true) {
                stack.extend(self.relation(id).op.inputs());
                stack.extend(self.relation(id).op.subqueries());
            }
        }
        (0..).map(RelationId).zip(seen).filter(|(_, seen)| *seen).map(|(id, _)| id).collect()
    }

    /// Every leaf of a relation and of all that it depends on.
    pub fn all_origins(&self, id: RelationId) -> Origins {
        let mut origins: Vec<Span> = Vec::new();
        let mut seen = vec![false; self.relations.len()];
        let mut stack = vec![id];
        while let Some(id) = stack.pop() {
            if std::mem::replace(&mut seen[id.0 as usize], true) {
                continue;
            }
            let relation = self.relation(id);
            stack.extend(relation.op.inputs());
            stack.extend(relation.op.subqueries());
            origins.extend(relation.origins.spans());
            for predicate in relation.op.predicates() {
                origins.extend(predicate.all_origins().spans());
            }
            for expr in relation.op.exprs() {
                origins.extend(expr.all_origins().spans());
            }
            match &relation.op {
                Operator::Summarize { aggregates, .. } => {
                    for aggregation in aggregates {
                        origins.extend(aggregation.aggregate.origins.spans());
                    }
                }
                Operator::Sort { by, .. } | Operator::Top { by, .. } => {
                    for key in by {
                        origins.extend(key.origins.spans());
                    }
                }
                _ => {}
            }
        }
        origins.into_iter().collect()
    }

    /// The verdict's subject for rows of this relation.
    pub fn identity(&self, id: RelationId) -> Identity {
        match &self.relation(id).op {
            Operator::Table { .. } | Operator::Literal { .. } => Identity::Event,
            Operator::Filter { input, .. }
            | Operator::Extend { input, .. }
            | Operator::Project { input, .. }
            | Operator::Sort { input, .. }
            | Operator::Top { input, .. }
            | Operator::Take { input, .. } => self.identity(*input),
            Operator::Summarize { keys, .. } => Identity::Keys(keys.iter().map(|key| key.column).collect()),
            Operator::Union { inputs, .. } => {
                if inputs.iter().all(|input| self.identity(*input) == Identity::Event) {
                    Identity::Event
                } else {
                    Identity::Unknown
                }
            }
            Operator::Opaque { .. } => Identity::Unknown,
        }
    }
}

impl Operator {
    /// Its tabular inputs.
    pub fn inputs(&self) -> Vec<RelationId> {
        match self {
            Operator::Table { .. } | Operator::Literal { .. } => Vec::new(),
            Operator::Filter { input, .. }
            | Operator::Extend { input, .. }
            | Operator::Project { input, .. }
            | Operator::Summarize { input, .. }
            | Operator::Sort { input, .. }
            | Operator::Top { input, .. }
            | Operator::Take { input, .. } => vec![*input],
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
            Operator::Table { .. }
            | Operator::Literal { .. }
            | Operator::Extend { .. }
            | Operator::Project { .. }
            | Operator::Sort { .. }
            | Operator::Top { .. }
            | Operator::Take { .. }
            | Operator::Union { .. }
            | Operator::Opaque { .. } => Vec::new(),
        }
    }

    /// Its scalar expressions, those inside predicates not included.
    pub fn exprs(&self) -> Vec<&Expr> {
        match self {
            Operator::Extend { columns, .. } | Operator::Project { columns, .. } => {
                columns.iter().map(|assignment| &assignment.value).collect()
            }
            Operator::Summarize { keys, aggregates, .. } => keys
                .iter()
                .map(|key| &key.value)
                .chain(aggregates.iter().flat_map(|aggregation| &aggregation.aggregate.arguments))
                .collect(),
            Operator::Sort { by, .. } | Operator::Top { by, .. } => by.iter().map(|key| &key.value).collect(),
            Operator::Opaque { arguments, .. } => arguments.iter().collect(),
            Operator::Table { .. }
            | Operator::Literal { .. }
            | Operator::Filter { .. }
            | Operator::Take { .. }
            | Operator::Union { .. } => Vec::new(),
        }
    }

    /// Its predicates, to change them.
    pub fn predicates_mut(&mut self) -> Vec<&mut Predicate> {
        match self {
            Operator::Filter { predicate, .. } => vec![predicate],
            Operator::Summarize { aggregates, .. } => {
                aggregates.iter_mut().filter_map(|aggregation| aggregation.aggregate.filter.as_mut()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Its scalar expressions, to change them.
    pub fn exprs_mut(&mut self) -> Vec<&mut Expr> {
        match self {
            Operator::Extend { columns, .. } | Operator::Project { columns, .. } => {
                columns.iter_mut().map(|assignment| &mut assignment.value).collect()
            }
            Operator::Summarize { keys, aggregates, .. } => keys
                .iter_mut()
                .map(|key| &mut key.value)
                .chain(aggregates.iter_mut().flat_map(|aggregation| &mut aggregation.aggregate.arguments))
                .collect(),
            Operator::Sort { by, .. } | Operator::Top { by, .. } => by.iter_mut().map(|key| &mut key.value).collect(),
            Operator::Opaque { arguments, .. } => arguments.iter_mut().collect(),
            _ => Vec::new(),
        }
    }

    /// The relations that its predicates and expressions ask: `in (subquery)`, `toscalar`.
    pub fn subqueries(&self) -> Vec<RelationId> {
        let mut found = Vec::new();
        for predicate in self.predicates() {
            predicate.walk(&mut |part| {
                if let super::PredicateKind::Test(super::Test { op: super::TestOp::Among { relation, .. }, .. }) =
                    &part.kind
                {
                    found.push(*relation);
                }
            });
            predicate.walk_exprs(&mut |expr| {
                if let super::ExprKind::Scalar(relation) = expr.kind {
                    found.push(relation);
                }
            });
        }
        for expr in self.exprs() {
            expr.walk(&mut |expr| match &expr.kind {
                super::ExprKind::Scalar(relation) => found.push(*relation),
                super::ExprKind::Truth(predicate) => predicate.walk(&mut |part| {
                    if let super::PredicateKind::Test(super::Test {
                        op: super::TestOp::Among { relation, .. }, ..
                    }) = &part.kind
                    {
                        found.push(*relation);
                    }
                }),
                _ => {}
            });
        }
        found
    }
}
