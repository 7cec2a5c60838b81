//! Names: what `let` binds, which column a name means, and what may have been meant instead.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::ir::{self, ColumnId, Lineage, Operator, RelationId, Type};
use crate::kql::{ast, builtin};
use crate::span::{Origins, Span};

use super::constant::comparable;
use super::{Lowerer, Result};

/// What a name bound by `let` or by a parameter stands for.
#[derive(Clone)]
pub(super) enum Binding {
    /// A scalar, to be put in place.
    Scalar(ir::Expr),
    /// A relation.
    Relation(RelationId),
    /// A function, with the names visible where it was defined.
    Function(Rc<UserFunction>),
    /// A step of `scan`: the columns of the last row that it took.
    State(Rc<BTreeMap<String, ColumnId>>),
    /// A definition that was reported as wrong.
    Broken,
}

/// A function that the query defines.
pub(super) struct UserFunction {
    pub(super) declaration: ast::Function,
    pub(super) environment: Rc<Environment>,
}

/// The names visible at a place, innermost first.
#[derive(Default)]
pub(super) struct Environment {
    head: Option<(String, Binding, Span)>,
    outer: Option<Rc<Environment>>,
}

impl Environment {
    /// The same with one more name.
    pub(super) fn with(self: &Rc<Self>, name: &ast::Name, binding: Binding, definition: Span) -> Rc<Self> {
        Rc::new(Environment { head: Some((name.text.clone(), binding, definition)), outer: Some(Rc::clone(self)) })
    }

    /// What a name stands for, and where it is defined.
    pub(super) fn get(&self, name: &str) -> Option<(&Binding, Span)> {
        let mut scope = Some(self);
        while let Some(environment) = scope {
            if let Some((bound, binding, definition)) = &environment.head
                && bound == name
            {
                return Some((binding, *definition));
            }
            scope = environment.outer.as_deref();
        }
        None
    }

    /// What is bound, innermost first, each name once.
    pub(super) fn bindings(&self) -> Vec<(&str, &Binding)> {
        let mut bindings: Vec<(&str, &Binding)> = Vec::new();
        let mut scope = Some(self);
        while let Some(environment) = scope {
            if let Some((name, binding, _)) = &environment.head
                && bindings.iter().all(|(known, _)| known != name)
            {
                bindings.push((name, binding));
            }
            scope = environment.outer.as_deref();
        }
        bindings
    }

    fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        let mut scope = Some(self);
        while let Some(environment) = scope {
            names.extend(environment.head.as_ref().map(|(name, _, _)| name.as_str()));
            scope = environment.outer.as_deref();
        }
        names
    }
}

impl Drop for Environment {
    /// Thousands of bindings are dropped one after the other, not one inside the other.
    fn drop(&mut self) {
        let mut outer = self.outer.take();
        while let Some(environment) = outer {
            outer = match Rc::try_unwrap(environment) {
                Ok(mut environment) => environment.outer.take(),
                Err(_) => None,
            };
        }
    }
}

impl Lowerer<'_> {
    /// What a bound name stands for; marks it used.
    pub(super) fn lookup(&mut self, environment: &Environment, name: &str) -> Option<Binding> {
        let (binding, definition) = environment.get(name)?;
        if !self.used.contains(&definition) {
            self.used.push(definition);
        }
        Some(binding.clone())
    }

    /// Adds the binding of a `let`.
    pub(super) fn bind(&mut self, binding: &ast::Let, environment: &Rc<Environment>) -> Result<Rc<Environment>> {
        let bound = match &binding.value {
            ast::LetValue::Function(declaration) => Binding::Function(Rc::new(UserFunction {
                declaration: declaration.clone(),
                environment: Rc::clone(environment),
            })),
            ast::LetValue::Expr(expr) if self.is_tabular(expr, environment) => {
                Binding::Relation(self.relation(expr, environment)?)
            }
            ast::LetValue::Expr(expr) => {
                Binding::Scalar(self.scalar(expr, &super::scalar::Scope::constant(environment))?)
            }
        };
        Ok(environment.with(&binding.name, bound, binding.span))
    }

    /// The column that a name means in a relation's rows.
    pub(super) fn find_column(&mut self, relation: RelationId, name: &str) -> Option<ColumnId> {
        let schema = &self.query.relation(relation).schema;
        if let Some(found) = schema.columns.iter().rev().find(|column| self.query.column(**column).name == name) {
            return Some(*found);
        }
        if !schema.open || self.hidden.get(&relation).is_some_and(|hidden| hidden.iter().any(|other| other == name)) {
            return None;
        }
        self.open_column(relation, name)
    }

    /// Adds a column to an open schema, all the way from the source that must hold it.
    fn open_column(&mut self, relation: RelationId, name: &str) -> Option<ColumnId> {
        let unknown = |lineage| ir::Column { name: name.to_owned(), ty: Type::Unknown, lineage };
        let column = match self.query.relation(relation).op.clone() {
            Operator::Table { .. } => {
                let lineage = Lineage { source: relation, column: name.to_owned(), path: Vec::new() };
                self.query.add_column(unknown(Some(lineage)))
            }
            Operator::Filter { input, .. }
            | Operator::Extend { input, .. }
            | Operator::Project { input, .. }
            | Operator::Sort { input, .. }
            | Operator::Top { input, .. }
            | Operator::Take { input, .. }
            | Operator::Expand { input, .. }
            | Operator::Apply { input, .. }
            | Operator::Window { input, .. }
            | Operator::Given { input }
            | Operator::Scan(ir::Scan { input, .. })
            | Operator::Parse(ir::Parse { input, .. })
            | Operator::ParseKv(ir::ParseKv { input, .. }) => self.find_column(input, name)?,
            Operator::Partition { body, .. } => self.find_column(body, name)?,
            Operator::Summarize { input, mut keys, mut aggregates, rest } => {
                let source = self.find_column(input, name)?;
                let value = ir::Expr::column(source, self.query.column(source).ty, Origins::none());
                let column = match rest? {
                    ir::Rest::Keys => {
                        keys.push(ir::Assignment { column: source, value });
                        source
                    }
                    ir::Rest::Aggregate(place) => {
                        let column = self.query.add_column(unknown(None));
                        aggregates[place].aggregate.arguments.push(value);
                        aggregates[place].columns.push(column);
                        column
                    }
                };
                self.query.relation_mut(relation).op = Operator::Summarize { input, keys, aggregates, rest };
                column
            }
            Operator::Join(mut join) => match join.kind.side() {
                Some(ir::Side::Left) => self.find_column(join.left, name)?,
                Some(ir::Side::Right) => self.find_column(join.right, name)?,
                None => {
                    // Only the data tell which side knows the name. A name that both know has a number on the right.
                    let base = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
                    let numbered = base != name
                        && self
                            .query
                            .relation(join.left)
                            .schema
                            .columns
                            .iter()
                            .any(|column| self.query.column(*column).name == base);
                    let left = if numbered { None } else { self.find_column(join.left, name) };
                    let right = self.find_column(join.right, if numbered { base } else { name });
                    let ty = self.query.column(left.or(right)?).ty;
                    let column = self.query.add_column(ir::Column { ty, ..unknown(None) });
                    join.columns.push(ir::JoinColumn { column, left, right });
                    self.query.relation_mut(relation).op = Operator::Join(join);
                    column
                }
            },
            Operator::Union { inputs, mut columns } => {
                let sources: Vec<Option<ColumnId>> =
                    inputs.iter().map(|input| self.find_column(*input, name)).collect();
                let first = sources.iter().flatten().next()?;
                let (ty, lineage) = match sources.as_slice() {
                    [Some(only)] => (self.query.column(*only).ty, self.query.column(*only).lineage.clone()),
                    _ => (self.query.column(*first).ty, None),
                };
                let column = self.query.add_column(ir::Column { name: name.to_owned(), ty, lineage });
                columns.push(ir::UnionColumn { column, sources });
                self.query.relation_mut(relation).op = Operator::Union { inputs, columns };
                column
            }
            // What the data hold is known when they are there.
            Operator::Unpack(_) | Operator::Pivot(_) => {
                self.query.add_column(ir::Column { ty: Type::Dynamic, ..unknown(None) })
            }
            Operator::External(_) | Operator::Opaque { .. } => self.query.add_column(unknown(None)),
            Operator::Evaluate(evaluate) => match evaluate.plugin {
                ir::Plugin::DcountIntersect | ir::Plugin::GeoLineLookup(_) | ir::Plugin::GeoPolygonLookup(_) => {
                    self.find_column(evaluate.input, name)?
                }
                ir::Plugin::ActiveUsersCount
                | ir::Plugin::ActivityCountsMetrics
                | ir::Plugin::RollingPercentile
                | ir::Plugin::SchemaMerge
                | ir::Plugin::SlidingWindowCounts => return None,
            },
            Operator::Literal { .. } | Operator::Range { .. } | Operator::Series(_) | Operator::Describe { .. } => {
                return None;
            }
        };
        self.query.relation_mut(relation).schema.columns.push(column);
        Some(column)
    }

    /// Reports a name that is no column of the relation.
    pub(super) fn unknown_column<T>(
        &mut self,
        relation: RelationId,
        environment: &Environment,
        name: &ast::Name,
    ) -> Result<T> {
        let columns: Vec<String> = self
            .query
            .relation(relation)
            .schema
            .columns
            .iter()
            .map(|column| self.query.column(*column).name.clone())
            .collect();
        let candidates = columns.iter().map(String::as_str).chain(environment.names());
        let found = suggestion(&name.text, candidates);
        let of = if let Operator::Table { name } = &self.query.relation(relation).op {
            format!(" in table `{name}`")
        } else {
            String::new()
        };
        let message = format!("no column `{}`{of}", name.text);
        let error = Diagnostic::error(Code::UnknownColumn, Place::Query(name.span), message).with_similar(found);
        self.diagnostics.push(error);
        Err(super::Reported)
    }

    /// Warns of a function that neither KQL, nor the query, nor Sentinel defines. It is no error: a workspace has
    /// functions of its own.
    pub(super) fn known_function(&mut self, name: &ast::Name, environment: &Environment) {
        if builtin::is_function(&name.text)
            || builtin::is_aggregate(&name.text)
            || is_service_function(&name.text)
            || self.unknown_functions.contains(&name.text)
        {
            return;
        }
        self.unknown_functions.push(name.text.clone());
        let candidates = builtin::functions().iter().copied().chain(environment.names());
        let found = suggestion(&name.text, candidates);
        let message = format!("`{}` is no function of KQL or of the query", name.text);
        let warning = Diagnostic::warning(Code::UnknownFunction, Place::Query(name.span), message);
        let warning = warning.with_help("what the workspace defines under this name is not known here");
        self.diagnostics.push(warning.with_similar(found));
    }

    /// The table that was probably meant, if one of a very similar name is known: most unknown tables are a site's own.
    pub(super) fn similar_table<'n>(&'n self, name: &str, environment: &'n Environment) -> Option<&'n str> {
        let limit = (name.chars().count() / 4).min(2);
        nearest(name, limit, self.crosswalk.names().chain(environment.names()))
    }

    /// A new column that is computed.
    pub(super) fn computed(&mut self, name: String, value: &ir::Expr) -> ColumnId {
        let lineage = value.as_path().and_then(|path| {
            let lineage = self.query.column(path.column).lineage.as_ref()?;
            let mut lineage = lineage.clone();
            lineage.path.extend(path.steps.iter().cloned());
            Some(lineage)
        });
        self.query.add_column(ir::Column { name, ty: value.ty, lineage })
    }

    /// Fixes the type of a column of an open schema by its first use; uses that do not agree make it dynamic.
    pub(super) fn infer(&mut self, expr: &mut ir::Expr, ty: Type) {
        let ir::ExprKind::Path(path) = &expr.kind else { return };
        if !path.steps.is_empty() || ty == Type::Unknown {
            return;
        }
        let column = self.query.column_mut(path.column);
        if column.ty == Type::Unknown {
            column.ty = ty;
            self.guessed.insert(path.column);
        } else if self.guessed.contains(&path.column) && !comparable(column.ty, ty) {
            column.ty = Type::Dynamic;
        }
        expr.ty = column.ty;
    }

    /// Adds a relation that leaves its input's columns as they are.
    pub(super) fn like_input(&mut self, input: RelationId, op: Operator, origins: Origins) -> RelationId {
        let schema = self.query.relation(input).schema.clone();
        let id = self.query.add(ir::Relation { op, schema, origins });
        if let Some(hidden) = self.hidden.get(&input).cloned() {
            self.hidden.insert(id, hidden);
        }
        id
    }
}

/// Functions that Sentinel and Defender define in every workspace, and the parsers of the information model, which
/// are deployed under these names.
///
/// <https://learn.microsoft.com/azure/sentinel/watchlists-queries>,
/// <https://learn.microsoft.com/azure/sentinel/normalization-about-parsers>,
/// <https://learn.microsoft.com/azure/azure-monitor/logs/cross-workspace-query>,
/// <https://learn.microsoft.com/defender-xdr/advanced-hunting-fileprofile-function>
fn is_service_function(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "AssignedIPAddresses",
        "DeviceFromIP",
        "FileProfile",
        "SeenBy",
        "_GetWatchlist",
        "_GetWatchlistAlias",
        "adx",
        "app",
        "arg",
        "resource",
        "workspace",
    ];
    const PREFIXES: &[&str] = &["ASim", "_ASim_", "_Im_", "im", "vim"];
    let is_parser = |prefix: &str| {
        name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_uppercase()))
    };
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| is_parser(prefix))
}

/// The candidate nearest to a misspelt name, if one is near.
pub(super) fn suggestion<'n>(name: &str, candidates: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    nearest(name, (name.chars().count() / 3).clamp(1, 3), candidates)
}

/// The candidate nearest to a name, if one is within so many changes; letter case does not count.
fn nearest<'n>(name: &str, limit: usize, candidates: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let name = name.to_lowercase();
    let length = name.chars().count();
    candidates
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= limit)
        .map(|candidate| (distance(&name, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters must be changed, added or removed.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], line + 1);
        for (column, candidate) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *candidate);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}
