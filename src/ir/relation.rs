//! Relations: an arena of tabular nodes over bound columns.

use serde::Serialize;

use super::{Operator, Parse, ParseKv, Side, Step, Type, Unpack};
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

/// What tells one row of a relation from another: the subject of a verdict.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// The source event.
    Event,
    /// The group key.
    Keys(Vec<ColumnId>),
    /// The pair of a left and a right row.
    Pair,
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

    /// How many columns there are.
    pub fn columns(&self) -> usize {
        self.columns.len()
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
            for part in relation.op.part_origins() {
                origins.extend(part.spans());
            }
        }
        origins.into_iter().collect()
    }

    /// The verdict's subject for rows of this relation.
    pub fn identity(&self, id: RelationId) -> Identity {
        match &self.relation(id).op {
            Operator::Table { .. } | Operator::Literal { .. } | Operator::Range { .. } | Operator::External(_) => {
                Identity::Event
            }
            Operator::Filter { input, .. }
            | Operator::Extend { input, .. }
            | Operator::Project { input, .. }
            | Operator::Sort { input, .. }
            | Operator::Top { input, .. }
            | Operator::Take { input, .. }
            | Operator::Window { input, .. }
            | Operator::Given { input }
            | Operator::Parse(Parse { input, .. })
            | Operator::ParseKv(ParseKv { input, .. })
            | Operator::Unpack(Unpack { input, .. }) => self.identity(*input),
            Operator::Join(join) => match join.kind.side() {
                Some(Side::Left) => self.identity(join.left),
                Some(Side::Right) => self.identity(join.right),
                None => Identity::Pair,
            },
            Operator::Series(series) => Identity::Keys(series.keys.iter().map(|key| key.column).collect()),
            Operator::Pivot(pivot) => Identity::Keys(pivot.keys.clone()),
            Operator::Summarize { keys, .. } => Identity::Keys(keys.iter().map(|key| key.column).collect()),
            Operator::Union { inputs, .. } => {
                if inputs.iter().all(|input| self.identity(*input) == Identity::Event) {
                    Identity::Event
                } else {
                    Identity::Unknown
                }
            }
            Operator::Expand { .. }
            | Operator::Apply { .. }
            | Operator::Partition { .. }
            | Operator::Scan(_)
            | Operator::Evaluate(_)
            | Operator::Describe { .. }
            | Operator::Opaque { .. } => Identity::Unknown,
        }
    }
}
