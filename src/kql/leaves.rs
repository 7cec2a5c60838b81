//! What in a query a compiler has to account for.

use super::ast::{
    BinaryOp, Column, Expansion, Expr, ExprKind, FindColumn, GraphPart, Join, LetValue, Name, Operator, OperatorKind,
    Parameter, ParsePart, Query, SeriesRange, SortKey, Statement,
};
use crate::span::Span;

/// An operator, a literal, or a reference to a column, a variable, a table or a function.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Leaf {
    /// Where it stands.
    pub span: Span,
    /// The smallest predicate or pipeline stage around it.
    pub scope: Span,
    /// The pipeline stage, source or statement around it.
    pub stage: Span,
}

/// The leaves of a query, in the order of the text, each once.
///
/// Names that are declared are no leaves: those of `let`s, parameters and assigned columns. Neither are hints.
pub fn leaves(query: &Query) -> Vec<Leaf> {
    let mut collector = Collector::default();
    collector.query(query);
    collector.leaves.sort_unstable();
    collector.leaves.dedup_by_key(|leaf| leaf.span);
    collector.leaves
}

/// The names in an operator that stand for something, in the order of the text; a name may come several times.
pub fn names(operator: &Operator) -> Vec<Name> {
    let mut collector = Collector::default();
    collector.operator(operator);
    collector.names
}

#[derive(Default)]
struct Collector {
    leaves: Vec<Leaf>,
    names: Vec<Name>,
    scope: Span,
    stage: Span,
}

impl Collector {
    fn leaf(&mut self, span: Span) {
        self.leaves.push(Leaf { span, scope: self.scope, stage: self.stage });
    }

    fn name(&mut self, name: &Name) {
        self.leaf(name.span);
        self.names.push(name.clone());
    }

    fn within(&mut self, scope: Span, visit: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.scope, scope);
        visit(self);
        self.scope = outer;
    }

    fn within_stage(&mut self, stage: Span, visit: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.stage, stage);
        self.within(stage, visit);
        self.stage = outer;
    }

    fn query(&mut self, query: &Query) {
        for statement in &query.statements {
            match statement {
                Statement::Let(binding) => self.within_stage(binding.span, |this| match &binding.value {
                    LetValue::Expr(value) => this.expr(value),
                    LetValue::Function(function) => {
                        this.parameters(&function.parameters);
                        this.query(&function.body);
                    }
                }),
                Statement::Expr(expr) => self.within_stage(expr.span, |this| this.expr(expr)),
                Statement::Parameters { parameters, span } => {
                    self.within_stage(*span, |this| this.parameters(parameters));
                }
                Statement::Set { value, span, .. } => {
                    self.within_stage(*span, |this| value.iter().for_each(|value| this.expr(value)));
                }
                Statement::Alias { value, span, .. } => self.within_stage(*span, |this| this.expr(value)),
                Statement::Restrict { tables, span, .. } => self.within_stage(*span, |this| this.exprs(tables)),
                Statement::Pattern(pattern) => self.within_stage(pattern.span, |this| {
                    for case in pattern.matches.iter().flatten() {
                        this.exprs(&case.values);
                        this.exprs(&case.path);
                        this.query(&case.body);
                    }
                }),
            }
        }
    }

    fn parameters(&mut self, parameters: &[Parameter]) {
        for parameter in parameters {
            self.exprs(&parameter.default);
        }
    }

    fn exprs<'a>(&mut self, exprs: impl IntoIterator<Item = &'a Expr>) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Name(name) | ExprKind::Placeholder(name) => self.name(name),
            ExprKind::Literal(_) | ExprKind::Star => self.leaf(expr.span),
            ExprKind::Unary { op_span, operand, .. } => {
                self.leaf(*op_span);
                self.expr(operand);
            }
            ExprKind::Binary { op, op_span, left, right } => {
                let scope = if is_predicate(*op) { expr.span } else { self.scope };
                self.within(scope, |this| {
                    this.leaf(*op_span);
                    this.expr(left);
                    this.expr(right);
                });
            }
            ExprKind::Membership { op_span, subject, list, .. } => self.within(expr.span, |this| {
                this.leaf(*op_span);
                this.expr(subject);
                this.exprs(list);
            }),
            ExprKind::Between { op_span, subject, low, high, .. } => self.within(expr.span, |this| {
                this.leaf(*op_span);
                this.expr(subject);
                this.expr(low);
                this.expr(high);
            }),
            ExprKind::Call { name, arguments } => {
                let scope = if is_test(&name.text) { expr.span } else { self.scope };
                self.within(scope, |this| {
                    this.name(name);
                    this.exprs(arguments.iter().map(|argument| &argument.value));
                });
            }
            ExprKind::MethodCall { object, name, arguments } => {
                self.expr(object);
                self.name(name);
                self.exprs(arguments.iter().map(|argument| &argument.value));
            }
            ExprKind::EntityGroup { name, members } => {
                self.name(name);
                self.exprs(members);
            }
            ExprKind::TypeOf(_) => {}
            ExprKind::Member { object, name } => {
                self.expr(object);
                self.name(name);
            }
            ExprKind::Index { object, index } => {
                self.expr(object);
                self.expr(index);
            }
            ExprKind::Pipe { source, operators } => {
                self.within_stage(source.span, |this| this.expr(source));
                for operator in operators {
                    self.operator(operator);
                }
            }
            ExprKind::Source(operator) => self.operator(operator),
        }
    }

    fn columns(&mut self, columns: &[Column]) {
        self.exprs(columns.iter().map(|column| &column.value));
    }

    fn sort_keys(&mut self, keys: &[SortKey]) {
        self.exprs(keys.iter().map(|key| &key.value));
    }

    fn join(&mut self, join: &Join) {
        join.kind.iter().for_each(|kind| self.name(kind));
        self.expr(&join.right);
        self.exprs(&join.on);
        self.exprs(&join.predicate);
    }

    fn expansions(&mut self, columns: &[Expansion]) {
        self.exprs(columns.iter().filter_map(|expansion| expansion.column.as_ref()).map(|column| &column.value));
    }

    fn operator(&mut self, operator: &Operator) {
        self.within_stage(operator.span, |this| {
            this.name(&operator.keyword);
            this.operator_kind(&operator.kind);
        });
    }

    fn operator_kind(&mut self, kind: &OperatorKind) {
        match kind {
            OperatorKind::Where(predicate) => self.expr(&predicate.value),
            OperatorKind::Extend(columns)
            | OperatorKind::Project(columns)
            | OperatorKind::ProjectRename(columns)
            | OperatorKind::Distinct(columns)
            | OperatorKind::Print(columns)
            | OperatorKind::Serialize(columns) => self.columns(columns),
            OperatorKind::ProjectAway(patterns)
            | OperatorKind::ProjectKeep(patterns)
            | OperatorKind::ProjectReorder(patterns) => {
                patterns.iter().for_each(|pattern| self.name(&pattern.name));
            }
            OperatorKind::Summarize { aggregates, keys, .. } => {
                self.columns(aggregates);
                self.columns(keys);
            }
            OperatorKind::Sort(keys) => self.sort_keys(keys),
            OperatorKind::Take(count) | OperatorKind::Sample(count) | OperatorKind::Invoke(count) => self.expr(count),
            OperatorKind::Top { count, by } => {
                self.expr(count);
                self.sort_keys(by);
            }
            OperatorKind::Count
            | OperatorKind::As(_)
            | OperatorKind::AssertSchema(_)
            | OperatorKind::Consume
            | OperatorKind::CountAs(_)
            | OperatorKind::GetSchema
            | OperatorKind::GraphMarkComponents
            | OperatorKind::GraphToTable(_)
            | OperatorKind::Render { .. }
            | OperatorKind::Other { .. } => {}
            OperatorKind::Union { parameters, tables } => {
                for (name, value) in parameters {
                    if name.text == "kind" {
                        self.expr(value);
                    }
                }
                self.exprs(tables);
            }
            OperatorKind::Datatable { values, .. } => self.exprs(values),
            OperatorKind::Evaluate { call, .. } => self.expr(call),
            OperatorKind::ExternalData { sources, properties, .. } => {
                self.exprs(sources);
                self.exprs(properties.iter().map(|property| &property.1));
            }
            OperatorKind::Facet { by, with } => {
                self.exprs(by);
                self.exprs(with);
            }
            OperatorKind::Find { tables, predicate, project, project_away, .. } => {
                self.exprs(tables);
                self.expr(predicate);
                for column in project.iter().chain(project_away) {
                    match column {
                        FindColumn::Star(span) | FindColumn::Pack(span) => self.leaf(*span),
                        FindColumn::Column { name, .. } => self.name(name),
                    }
                }
            }
            OperatorKind::Fork(branches) => self.exprs(branches.iter().map(|branch| &branch.1)),
            OperatorKind::GraphMatch { patterns, predicate, project, .. } => {
                for part in patterns.iter().flatten() {
                    if let GraphPart::Edge { range: Some((low, high)), .. } = part {
                        self.expr(low);
                        self.expr(high);
                    }
                }
                self.exprs(predicate);
                self.columns(project);
            }
            OperatorKind::GraphWhere { predicate, .. } => self.expr(predicate),
            OperatorKind::Join(join) | OperatorKind::Lookup(join) => self.join(join),
            OperatorKind::MacroExpand { group, body, .. } => {
                self.expr(group);
                self.query(body);
            }
            OperatorKind::MakeGraph { source, target, nodes, partition, .. } => {
                self.name(source);
                self.name(target);
                for (table, key) in nodes {
                    self.expr(table);
                    self.name(key);
                }
                if let Some((by, body)) = partition {
                    self.expr(by);
                    self.expr(body);
                }
            }
            OperatorKind::MakeSeries { aggregates, on, range, keys } => {
                for (column, default) in aggregates {
                    self.expr(&column.value);
                    self.exprs(default);
                }
                self.expr(&on.value);
                match range {
                    SeriesRange::Steps { from, to, step } => {
                        self.exprs(from);
                        self.exprs(to);
                        self.expr(step);
                    }
                    SeriesRange::In(values) => self.exprs(values),
                }
                self.columns(keys);
            }
            OperatorKind::MvApply { columns, limit, id, body } => {
                self.expansions(columns);
                self.exprs(limit);
                self.exprs(id);
                self.expr(body);
            }
            OperatorKind::MvExpand { columns, limit } => {
                self.expansions(columns);
                self.exprs(limit);
            }
            OperatorKind::Parse { kind, subject, parts, .. } => {
                kind.iter().for_each(|kind| self.name(kind));
                self.expr(subject);
                for part in parts {
                    match part {
                        ParsePart::Star(span) | ParsePart::Text { span, .. } => self.leaf(*span),
                        ParsePart::Column { .. } => {}
                    }
                }
            }
            OperatorKind::ParseKv { subject, properties, .. } => {
                self.expr(subject);
                self.exprs(properties.iter().map(|property| &property.1));
            }
            OperatorKind::Partition { by, scope, body, .. } => {
                self.expr(by);
                self.exprs(scope);
                self.expr(body);
            }
            OperatorKind::ProjectByNames(names) => self.exprs(names),
            OperatorKind::Range { from, to, step, .. } => {
                self.expr(from);
                self.expr(to);
                self.expr(step);
            }
            OperatorKind::Reduce { by, properties } => {
                self.expr(&by.value);
                self.exprs(properties.iter().map(|property| &property.1));
            }
            OperatorKind::SampleDistinct { count, of } => {
                self.expr(count);
                self.expr(&of.value);
            }
            OperatorKind::Scan { order, partition, declared, steps } => {
                self.sort_keys(order);
                self.exprs(partition);
                self.parameters(declared);
                for step in steps {
                    self.expr(&step.predicate);
                    self.columns(&step.assignments);
                }
            }
            OperatorKind::Search { tables, predicate } => {
                self.exprs(tables);
                self.expr(predicate);
            }
            OperatorKind::TopHitters { count, of, by } => {
                self.expr(count);
                self.expr(&of.value);
                self.exprs(by.iter().map(|by| &by.value));
            }
            OperatorKind::TopNested(levels) => {
                for level in levels {
                    self.exprs(&level.count);
                    self.expr(&level.of.value);
                    self.exprs(&level.others);
                    self.expr(&level.by.value);
                }
            }
        }
    }
}

/// Whether an operator makes a predicate of its operands.
fn is_predicate(op: BinaryOp) -> bool {
    !matches!(op, BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo)
}

/// Whether a function is a predicate wherever it stands.
fn is_test(function: &str) -> bool {
    function == "not"
        || function.starts_with("is")
        || function.starts_with("has_any_")
        || function.starts_with("has_ipv4")
}

impl OperatorKind {
    /// The tabular expressions that an operator reads besides its input.
    pub fn tables(&self) -> Vec<&Expr> {
        match self {
            OperatorKind::Union { tables, .. }
            | OperatorKind::Find { tables, .. }
            | OperatorKind::Search { tables, .. } => tables.iter().collect(),
            OperatorKind::Join(join) | OperatorKind::Lookup(join) => vec![&join.right],
            OperatorKind::MakeGraph { nodes, .. } => nodes.iter().map(|node| &node.0).collect(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::leaves;
    use crate::kql::parse;

    /// Leaves as `text @ scope`.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let parsed = parse(text);
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        let found: Vec<String> = leaves(&parsed.query)
            .iter()
            .map(|leaf| format!("{} @ {}", leaf.span.of(text), leaf.scope.of(text)))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_leaf_belongs_to_the_smallest_predicate() {
        check(
            "T | where a == 1 and not(b has 'x')",
            &[
                "T @ T",
                "where @ where a == 1 and not(b has 'x')",
                "a @ a == 1",
                "== @ a == 1",
                "1 @ a == 1",
                "and @ a == 1 and not(b has 'x')",
                "not @ not(b has 'x')",
                "b @ b has 'x'",
                "has @ b has 'x'",
                "'x' @ b has 'x'",
            ],
        );
    }

    #[test]
    fn a_leaf_outside_of_predicates_belongs_to_its_stage() {
        check(
            "T | extend x = f(a.b, -1) | summarize n = count() by bin(t, 1h), k | sort by n desc",
            &[
                "T @ T",
                "extend @ extend x = f(a.b, -1)",
                "f @ extend x = f(a.b, -1)",
                "a @ extend x = f(a.b, -1)",
                "b @ extend x = f(a.b, -1)",
                "- @ extend x = f(a.b, -1)",
                "1 @ extend x = f(a.b, -1)",
                "summarize @ summarize n = count() by bin(t, 1h), k",
                "count @ summarize n = count() by bin(t, 1h), k",
                "bin @ summarize n = count() by bin(t, 1h), k",
                "t @ summarize n = count() by bin(t, 1h), k",
                "1h @ summarize n = count() by bin(t, 1h), k",
                "k @ summarize n = count() by bin(t, 1h), k",
                "sort @ sort by n desc",
                "n @ sort by n desc",
            ],
        );
    }

    #[test]
    fn declared_names_and_hints_are_no_leaves() {
        check(
            "let x = 5; let f = (y: long = 1) { y }; T | join hint.strategy=shuffle kind=inner (U) on k",
            &[
                "5 @ let x = 5",
                "1 @ let f = (y: long = 1) { y }",
                "y @ y",
                "T @ T",
                "join @ join hint.strategy=shuffle kind=inner (U) on k",
                "inner @ join hint.strategy=shuffle kind=inner (U) on k",
                "U @ join hint.strategy=shuffle kind=inner (U) on k",
                "k @ join hint.strategy=shuffle kind=inner (U) on k",
            ],
        );
    }

    #[test]
    fn lists_and_ranges_are_predicates() {
        check(
            "T | where a in (1, b) or c between (1 .. 2)",
            &[
                "T @ T",
                "where @ where a in (1, b) or c between (1 .. 2)",
                "a @ a in (1, b)",
                "in @ a in (1, b)",
                "1 @ a in (1, b)",
                "b @ a in (1, b)",
                "or @ a in (1, b) or c between (1 .. 2)",
                "c @ c between (1 .. 2)",
                "between @ c between (1 .. 2)",
                "1 @ c between (1 .. 2)",
                "2 @ c between (1 .. 2)",
            ],
        );
    }
}
