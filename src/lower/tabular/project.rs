//! Operators that choose and compute columns: `extend`, the `project` family, `distinct`.

use std::rc::Rc;

use crate::diagnostic::Code;
use crate::ir::{self, Assignment, Expr, Operator, RelationId, Schema, Type};
use crate::kql::{ast, builtin};
use crate::lower::label::Names;
use crate::lower::name::Environment;
use crate::lower::scalar::Scope;
use crate::lower::{Lowerer, Reported, Result};
use crate::span::{Origins, Span};

impl Lowerer<'_> {
    /// The assignments of `extend` and `project`; all are read even if one is wrong.
    pub(super) fn assignments(
        &mut self,
        input: RelationId,
        columns: &[ast::Column],
        environment: &Rc<Environment>,
        names: &mut Names,
    ) -> Result<Vec<Assignment>> {
        let scope = Scope::row(environment, input);
        let mut lowered = Vec::with_capacity(columns.len());
        let mut failed = false;
        for column in columns {
            let Ok(value) = self.scalar(&column.value, &scope) else {
                failed = true;
                continue;
            };
            if let Some(name) = column.names.first()
                && names.is_taken(&name.text)
            {
                failed = true;
                let message = format!("a column `{}` is assigned already", name.text);
                let _ = self.error::<()>(Code::DuplicateName, name.span, message);
                continue;
            }
            let name = self.label(column, &value, names);
            let column = match value.as_path() {
                // A column under its own name is that column.
                Some(path) if path.steps.is_empty() && self.query.column(path.column).name == name => path.column,
                _ => self.computed(name, &value),
            };
            lowered.push(Assignment { column, value });
        }
        if failed { Err(Reported) } else { Ok(lowered) }
    }

    pub(super) fn extend(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        columns: &[ast::Column],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        if columns.iter().any(yields_several) {
            return self.several_at_once(input, operator, columns, true, environment);
        }
        let mut names = self.names_over(input);
        let (columns, windows) = self.windowed(|this| this.assignments(input, columns, environment, &mut names));
        let columns = columns?;
        let schema = self.query.relation(input).schema.clone();
        let input = self.window(input, windows);
        let schema = self.extended(schema, columns.iter().map(|assignment| assignment.column));
        let op = Operator::Extend { input, columns };
        let relation = self.query.add(ir::Relation { op, schema, origins: operator.keyword.span.into() });
        self.inherit_hidden(input, relation);
        Ok(relation)
    }

    pub(super) fn inherit_hidden(&mut self, input: RelationId, relation: RelationId) {
        if let Some(hidden) = self.hidden.get(&input).cloned() {
            self.hidden.insert(relation, hidden);
        }
    }

    pub(super) fn project(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        columns: &[ast::Column],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        if columns.iter().any(yields_several) {
            return self.several_at_once(input, operator, columns, false, environment);
        }
        let mut names = self.names_over(input);
        let (columns, windows) = self.windowed(|this| this.assignments(input, columns, environment, &mut names));
        let columns = columns?;
        let input = self.window(input, windows);
        Ok(self.projection(input, columns, operator.keyword.span.into(), false))
    }

    pub(super) fn projection(
        &mut self,
        input: RelationId,
        columns: Vec<Assignment>,
        origins: Origins,
        open: bool,
    ) -> RelationId {
        let schema = Schema { columns: columns.iter().map(|assignment| assignment.column).collect(), open };
        let op = Operator::Project { input, columns };
        self.query.add(ir::Relation { op, schema, origins })
    }

    /// A column of the input as itself.
    pub(super) fn kept(&self, column: ir::ColumnId, origins: Origins) -> Assignment {
        Assignment { column, value: Expr::column(column, self.query.column(column).ty, origins) }
    }

    pub(super) fn project_away(
        &mut self,
        input: RelationId,
        patterns: &[ast::Pattern],
        origins: Origins,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let schema = self.query.relation(input).schema.clone();
        let mut origins = origins;
        let mut columns = Vec::new();
        for column in &schema.columns {
            if !patterns.iter().any(|pattern| matches(pattern, &self.query.column(*column).name)) {
                columns.push(self.kept(*column, Origins::none()));
            }
        }
        for pattern in patterns {
            let name = &pattern.name;
            if !schema.open && !schema.columns.iter().any(|column| matches(pattern, &self.query.column(*column).name))
            {
                return self.unknown_column(input, environment, name);
            }
            origins.extend(&name.span.into());
        }
        let relation = self.projection(input, columns, origins, schema.open);
        self.inherit_hidden(input, relation);
        if schema.open {
            let names = patterns.iter().map(|pattern| pattern.name.text.clone());
            self.hidden.entry(relation).or_default().extend(names);
        }
        Ok(relation)
    }

    pub(super) fn project_keep(
        &mut self,
        input: RelationId,
        patterns: &[ast::Pattern],
        origins: Origins,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let mut kept: Vec<Assignment> = Vec::new();
        for (column, span) in self.matching(input, patterns, environment)? {
            if !kept.iter().any(|assignment| assignment.column == column) {
                kept.push(self.kept(column, span.into()));
            }
        }
        Ok(self.projection(input, kept, origins, false))
    }

    pub(super) fn project_reorder(
        &mut self,
        input: RelationId,
        patterns: &[ast::Pattern],
        origins: Origins,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let mut columns: Vec<Assignment> = Vec::new();
        for pattern in patterns {
            let mut found = self.matching(input, std::slice::from_ref(pattern), environment)?;
            if let Some(order) = &pattern.order {
                // `granny-asc` takes digits inside names as numbers.
                let granny = order.text.starts_with("granny");
                found.sort_by_cached_key(|(column, _)| name_order(&self.query.column(*column).name, granny));
                if order.text.ends_with("desc") {
                    found.reverse();
                }
            }
            for (column, span) in found {
                if !columns.iter().any(|assignment| assignment.column == column) {
                    columns.push(self.kept(column, span.into()));
                }
            }
        }
        let schema = self.query.relation(input).schema.clone();
        for column in &schema.columns {
            if !columns.iter().any(|assignment| assignment.column == *column) {
                columns.push(self.kept(*column, Origins::none()));
            }
        }
        let relation = self.projection(input, columns, origins, schema.open);
        self.inherit_hidden(input, relation);
        Ok(relation)
    }

    pub(super) fn project_rename(
        &mut self,
        input: RelationId,
        columns: &[ast::Column],
        origins: Origins,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let scope = Scope::row(environment, input);
        let mut origins = origins;
        let mut renamed = Vec::new();
        for column in columns {
            let value = self.scalar(&column.value, &scope)?;
            let Some(path) = value.as_path().filter(|path| path.steps.is_empty()).cloned() else {
                return self.error(Code::WrongType, column.value.span, "expected the name of a column");
            };
            origins.extend(&value.origins);
            let Some(name) = column.names.first() else {
                return self.error(Code::WrongType, column.value.span, "expected `new = old`");
            };
            renamed.push((path.column, self.computed(name.text.clone(), &value), value));
        }
        let schema = self.query.relation(input).schema.clone();
        let columns = schema
            .columns
            .iter()
            .map(|column| match renamed.iter().find(|(old, _, _)| old == column) {
                Some((_, new, value)) => Assignment { column: *new, value: value.clone() },
                None => self.kept(*column, Origins::none()),
            })
            .collect();
        let relation = self.projection(input, columns, origins, schema.open);
        self.inherit_hidden(input, relation);
        Ok(relation)
    }

    /// The columns that patterns name, in the patterns' order, with the pattern's place.
    pub(super) fn matching(
        &mut self,
        input: RelationId,
        patterns: &[ast::Pattern],
        environment: &Rc<Environment>,
    ) -> Result<Vec<(ir::ColumnId, Span)>> {
        let mut found = Vec::new();
        for pattern in patterns {
            if pattern.wildcard {
                let columns = self.query.relation(input).schema.columns.clone();
                for column in columns {
                    if matches(pattern, &self.query.column(column).name) {
                        found.push((column, pattern.name.span));
                    }
                }
            } else {
                match self.find_column(input, &pattern.name.text) {
                    Some(column) => found.push((column, pattern.name.span)),
                    None => return self.unknown_column(input, environment, &pattern.name),
                }
            }
        }
        Ok(found)
    }

    /// `distinct` is a summary without aggregates.
    pub(super) fn distinct(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        columns: &[ast::Column],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let mut keys = Vec::new();
        let mut names = Names::default();
        let mut open = false;
        for column in columns {
            if matches!(column.value.kind, ast::ExprKind::Star) {
                let schema = self.query.relation(input).schema.clone();
                open |= schema.open;
                for column in schema.columns {
                    keys.push(self.kept(column, Origins::none()));
                }
            } else {
                keys.extend(self.assignments(input, std::slice::from_ref(column), environment, &mut names)?);
            }
        }
        let schema = Schema { columns: keys.iter().map(|key| key.column).collect(), open };
        let rest = open.then_some(ir::Rest::Keys);
        let op = Operator::Summarize { input, keys, aggregates: Vec::new(), rest };
        Ok(self.query.add(ir::Relation { op, schema, origins: operator.keyword.span.into() }))
    }

    /// What the columns of several sorted arrays are called.
    fn sorted_names(&self, call: &ast::Expr, value: &Expr) -> Vec<Option<String>> {
        let ast::ExprKind::Call { arguments, .. } = &call.kind else { return Vec::new() };
        if !sorts_several(call) {
            return Vec::new();
        }
        let arrays = arguments.iter().filter(|argument| !is_flag(argument)).zip(value.operands());
        arrays
            .map(|(argument, operand)| Some(format!("{}_sorted", self.default_name(operand, &argument.value)?)))
            .collect()
    }

    /// `(a, b) = f(x)`: the function yields a bag of the columns; what sorts arrays, an array of them.
    fn several_at_once(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        columns: &[ast::Column],
        keep: bool,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let scope = Scope::row(environment, input);
        let mut arrays = Vec::new();
        let mut added = Vec::new();
        let mut is_known = true;
        let mut names = self.names_over(input);
        for column in columns {
            let value = self.scalar(&column.value, &scope)?;
            if !yields_several(column) {
                let name = self.label(column, &value, &mut names);
                added.push(Assignment { column: self.computed(name, &value), value });
                continue;
            }
            is_known &= matches!(value.kind, ir::ExprKind::Call(..));
            let (function, subject) = match (&column.value.kind, value.operands().first()) {
                (ast::ExprKind::Call { name, arguments }, Some(operand)) => {
                    (name.text.as_str(), arguments.first().and_then(|first| self.default_name(operand, &first.value)))
                }
                _ => ("", None),
            };
            let sorted = self.sorted_names(&column.value, &value);
            let results = builtin::result_columns(function).unwrap_or_default();
            let prefix = format!("{function}_{}", subject.unwrap_or_default());
            // No name in a query is empty.
            let array = self.query.add_column(ir::Column { name: String::new(), ty: Type::Dynamic, lineage: None });
            arrays.push(Assignment { column: array, value });
            for place in 0..results.len().max(sorted.len()).max(column.names.len()) {
                let result = results.get(place);
                let name = match (column.names.get(place), result) {
                    (Some(name), _) => names.claim(&name.text),
                    (None, Some((end, _))) => names.fresh(Some(format!("{prefix}_{end}"))),
                    (None, None) => names.fresh(sorted.get(place).cloned().flatten()),
                };
                let ty = result.and_then(|(_, ty)| Type::from_name(ty)).unwrap_or(Type::Dynamic);
                let step = match result {
                    Some((end, _)) => ir::Step::Key((*end).to_owned()),
                    None => ir::Step::Index(place as i64),
                };
                let element = ir::Path { column: array, steps: vec![step] };
                let element = Expr { kind: ir::ExprKind::Path(element), ty: Type::Dynamic, origins: Origins::none() };
                let value = if ty == Type::Real {
                    converted(ir::Function::ToReal, element, ty)
                } else if ty == Type::Long {
                    converted(ir::Function::ToLong, element, ty)
                } else {
                    element
                };
                added.push(Assignment { column: self.new_column(&name, ty), value });
            }
        }
        let rows = self.query.relation(input).schema.clone();
        let schema = if keep { rows.clone() } else { Schema::default() };
        let schema = self.extended(schema, added.iter().map(|assignment| assignment.column));
        if !is_known {
            let arguments = arrays.into_iter().map(|array| array.value).collect();
            return Ok(self.opaque(operator, vec![input], arguments, schema));
        }
        let mut inner = rows;
        inner.columns.extend(arrays.iter().map(|array| array.column));
        let op = Operator::Extend { input, columns: arrays };
        let computed = self.query.add(ir::Relation { op, schema: inner, origins: operator.keyword.span.into() });
        self.inherit_hidden(input, computed);
        let op = if keep {
            Operator::Extend { input: computed, columns: added }
        } else {
            Operator::Project { input: computed, columns: added }
        };
        let relation = self.stage(operator, op, schema);
        self.inherit_hidden(input, relation);
        Ok(relation)
    }
}

/// Whether a call sorts several arrays by the first, which yields a column for each.
///
/// <https://learn.microsoft.com/kusto/query/array-sort-asc-function>
fn sorts_several(expr: &ast::Expr) -> bool {
    matches!(&expr.kind, ast::ExprKind::Call { name, arguments }
        if matches!(name.text.as_str(), "array_sort_asc" | "array_sort_desc") && arguments.iter().filter(|argument| !is_flag(argument)).count() > 1)
}

/// Whether an argument is `true` or `false`: where nulls go.
fn is_flag(argument: &ast::Argument) -> bool {
    matches!(argument.value.kind, ast::ExprKind::Literal(ast::Literal::Bool(_)))
}

fn converted(function: ir::Function, value: Expr, ty: Type) -> Expr {
    Expr { kind: ir::ExprKind::Call(function, vec![value]), ty, origins: Origins::none() }
}

/// Whether a column is several: by its list of names, or for a function that yields more than one value.
pub(super) fn yields_several(column: &ast::Column) -> bool {
    column.names.len() > 1
        || sorts_several(&column.value)
        || matches!(&column.value.kind, ast::ExprKind::Call { name, .. } if builtin::result_columns(&name.text).is_some())
}

/// Whether a pattern of `project-away` and the like names a column.
fn matches(pattern: &ast::Pattern, name: &str) -> bool {
    if !pattern.wildcard {
        return pattern.name.text == name;
    }
    let mut parts = pattern.name.text.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(place) => rest = &rest[place + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// What orders names of columns: their characters, or their text and numbers in turn.
fn name_order(name: &str, by_number: bool) -> Vec<(u64, String)> {
    if !by_number {
        return vec![(0, name.to_owned())];
    }
    let mut parts = vec![(0u64, String::new())];
    for letter in name.chars() {
        let last = parts.last_mut().expect("there is a first part");
        match letter.to_digit(10) {
            Some(digit) if last.1.is_empty() => last.0 = last.0.saturating_mul(10).saturating_add(u64::from(digit)),
            Some(digit) => parts.push((u64::from(digit), String::new())),
            None => last.1.push(letter),
        }
    }
    parts
}
