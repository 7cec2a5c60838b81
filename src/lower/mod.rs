//! Turns a parsed query into a relation over bound columns.
//!
//! Takes the syntax tree and the crosswalk's schemas. Afterwards every column is bound, every name is resolved, every
//! string test states its case rule, every `let` is put in place and every call of a function of the query's own is
//! specialised for its arguments. What has no meaning in the IR yet is `Opaque`, by name and span. Never guesses: what
//! cannot be resolved is a diagnostic.
#![deny(clippy::wildcard_enum_match_arm)]

mod constant;
mod function;
mod label;
mod meta;
mod name;
mod pattern;
mod predicate;
mod scalar;
mod search;
mod summary;
mod tabular;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::crosswalk::Crosswalk;
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::ir;
use crate::kql::ast;
use crate::rule::Rule;
use crate::span::{Elided, Origins, Span};

use name::Environment;

/// A lowered rule, and everything there is to say about its query.
#[derive(Clone, PartialEq, Debug)]
pub struct Lowered {
    /// The detection; none if there was an error.
    pub detection: Option<ir::Detection>,
    /// Errors, warnings and remarks, in order of source.
    pub diagnostics: Vec<Diagnostic>,
}

/// A lowered query, and everything there is to say about it.
#[derive(Clone, PartialEq, Debug)]
pub struct LoweredQuery {
    /// The query; none if there was an error.
    pub query: Option<ir::Query>,
    /// Errors, warnings and remarks, in order of source.
    pub diagnostics: Vec<Diagnostic>,
}

/// Expressions and relations that one query may expand to; functions called from functions grow exponentially.
const NODE_BUDGET: usize = 200_000;
/// Calls of the query's own functions inside one another. Recursion is impossible, so this is generous.
const CALL_DEPTH: usize = 64;

/// Gives a rule and its parsed query their meaning.
pub fn lower(rule: &Rule, query: &ast::Query, crosswalk: &Crosswalk) -> Lowered {
    let LoweredQuery { query, diagnostics } = lower_query(query, crosswalk);
    Lowered { detection: query.map(|query| meta::detection(rule, query)), diagnostics }
}

/// Binds a query's names and gives its operators their meaning.
pub fn lower_query(query: &ast::Query, crosswalk: &Crosswalk) -> LoweredQuery {
    let mut lowerer = Lowerer {
        crosswalk,
        query: ir::Query::default(),
        diagnostics: Vec::new(),
        leaves: crate::kql::leaves(query).into_iter().map(|leaf| leaf.span).collect(),
        specialised: HashMap::new(),
        hidden: HashMap::new(),
        inferred: Vec::new(),
        guessed: HashSet::new(),
        unknown_functions: Vec::new(),
        used: Vec::new(),
        options: HashMap::new(),
        windows: None,
        nodes: 0,
        calls: 0,
    };
    let root = lowerer.statements(query, &Rc::new(Environment::default()));
    if let Ok(Some(root)) = root {
        lowerer.query.root = root;
        lowerer.settle_types();
        lowerer.elide_unused(query);
    } else if root.is_ok() {
        let place = Place::Query(Span::default());
        lowerer.diagnostics.push(Diagnostic::error(Code::EmptyQuery, place, "the query has no tabular expression"));
    }
    let Lowerer { query, mut diagnostics, .. } = lowerer;
    diagnostics.sort_by_key(|diagnostic| (diagnostic.place, diagnostic.code));
    diagnostics.dedup();
    let broken = diagnostics.iter().any(Diagnostic::is_error);
    LoweredQuery { query: (!broken && root.is_ok_and(|root| root.is_some())).then_some(query), diagnostics }
}

/// An error that is already among the diagnostics.
struct Reported;

type Result<T> = std::result::Result<T, Reported>;

struct Lowerer<'a> {
    crosswalk: &'a Crosswalk,
    query: ir::Query,
    diagnostics: Vec<Diagnostic>,
    /// Every leaf of the syntax tree, ascending.
    leaves: Vec<Span>,
    /// Tabular function calls already lowered: the function and its printed arguments.
    specialised: HashMap<(Span, String), ir::RelationId>,
    /// Names that `project-away` took from an open schema.
    hidden: HashMap<ir::RelationId, Vec<String>>,
    /// Tables that the crosswalk does not know, each once.
    inferred: Vec<String>,
    /// Columns whose type their first use has fixed.
    guessed: HashSet<ir::ColumnId>,
    /// Functions that neither KQL nor the query defines, each once.
    unknown_functions: Vec<String>,
    /// Spans of the `let`s that something refers to.
    used: Vec<Span>,
    /// Options that `set` gives for `bin_auto`, with the statement.
    options: HashMap<String, (ir::Expr, Span)>,
    /// Window functions called in the expressions that are being lowered, where they may be.
    windows: Option<Vec<ir::WindowColumn>>,
    nodes: usize,
    calls: usize,
}

impl Lowerer<'_> {
    fn error<T>(&mut self, code: Code, span: Span, message: impl Into<String>) -> Result<T> {
        self.diagnostics.push(Diagnostic::error(code, Place::Query(span), message));
        Err(Reported)
    }

    fn error_with_help<T>(&mut self, code: Code, span: Span, message: String, help: Option<String>) -> Result<T> {
        let diagnostic = Diagnostic::error(code, Place::Query(span), message);
        self.diagnostics.push(Diagnostic { help, ..diagnostic });
        Err(Reported)
    }

    /// Counts a node against the budget.
    fn spend(&mut self, span: Span) -> Result<()> {
        self.spend_all(1, span)
    }

    /// Counts nodes against the budget. That it is used up is told once, where it ended.
    fn spend_all(&mut self, nodes: usize, span: Span) -> Result<()> {
        let was_used_up = self.nodes > NODE_BUDGET;
        self.nodes = self.nodes.saturating_add(nodes);
        if was_used_up {
            return Err(Reported);
        }
        if self.nodes > NODE_BUDGET {
            return self.error(Code::TooComplex, span, format!("the query expands to more than {NODE_BUDGET} nodes"));
        }
        Ok(())
    }

    /// The leaves inside a span.
    fn leaves_in(&self, span: Span) -> Origins {
        let first = self.leaves.partition_point(|leaf| leaf.start < span.start);
        self.leaves[first..].iter().copied().take_while(|leaf| leaf.start < span.end).collect()
    }

    /// Lowers statements in order; the last tabular one is the answer.
    fn statements(&mut self, query: &ast::Query, outer: &Rc<Environment>) -> Result<Option<ir::RelationId>> {
        let mut environment = Rc::clone(outer);
        let mut answer: Option<(ir::RelationId, Span)> = None;
        let mut failed = false;
        for statement in &query.statements {
            match statement {
                ast::Statement::Let(binding) => match self.bind(binding, &environment) {
                    Ok(extended) => environment = extended,
                    Err(Reported) => {
                        failed = true;
                        // Later uses of the name must not be reported once more.
                        environment = environment.with(&binding.name, name::Binding::Broken, binding.span);
                    }
                },
                ast::Statement::Expr(expr) => match self.relation(expr, &environment) {
                    Ok(relation) => {
                        if let Some((_, earlier)) = answer.replace((relation, expr.span)) {
                            let message = "this result is not looked at: the last one is the rule's";
                            let place = Place::Query(earlier);
                            self.diagnostics.push(Diagnostic::warning(Code::ManyAnswers, place, message));
                            let origins = self.leaves_in(earlier);
                            self.query.elided.push(Elided { origins, law: "result of an earlier statement" });
                        }
                    }
                    Err(Reported) => failed = true,
                },
                ast::Statement::Parameters { parameters, .. } => {
                    for parameter in parameters {
                        if let Some(default) = &parameter.default
                            && let Ok(value) = self.scalar(default, &scalar::Scope::constant(&environment))
                        {
                            let binding = name::Binding::Scalar(value);
                            environment = environment.with(&parameter.name, binding, parameter.name.span);
                        }
                    }
                }
                ast::Statement::Set { name, value: Some(value), span }
                    if matches!(name.text.as_str(), "query_bin_auto_size" | "query_bin_auto_at") =>
                {
                    if let Ok(value) = self.scalar(value, &scalar::Scope::constant(&environment)) {
                        self.options.insert(name.text.clone(), (value, *span));
                    }
                }
                ast::Statement::Set { .. }
                | ast::Statement::Alias { .. }
                | ast::Statement::Restrict { .. }
                | ast::Statement::Pattern(_) => {}
            }
        }
        if failed { Err(Reported) } else { Ok(answer.map(|(relation, _)| relation)) }
    }

    /// A column whose type no use has fixed is read as text, as a new column of a custom log would be.
    fn settle_types(&mut self) {
        let columns: Vec<ir::ColumnId> =
            self.query.relations().flat_map(|(_, relation)| relation.schema.columns.clone()).collect();
        for column in columns {
            let column = self.query.column_mut(column);
            if column.ty == ir::Type::Unknown {
                column.ty = ir::Type::String;
            }
        }
        for index in 0..self.query.len() {
            let id = ir::RelationId(u32::try_from(index).expect("the node budget is far below 2^32"));
            // The arena is left while its expressions learn the types of its columns.
            let nothing = ir::Operator::Literal { rows: Vec::new() };
            let mut op = std::mem::replace(&mut self.query.relation_mut(id).op, nothing);
            for predicate in op.predicates_mut() {
                settle_predicate(&self.query, predicate);
            }
            for expr in op.exprs_mut() {
                settle_expr(&self.query, expr);
            }
            self.query.relation_mut(id).op = op;
        }
    }

    /// Records the leaves of bindings that nothing refers to, and of relations that the answer does not depend on.
    fn elide_unused(&mut self, query: &ast::Query) {
        for statement in &query.statements {
            match statement {
                ast::Statement::Let(binding) if !self.used.contains(&binding.span) => {
                    let origins = self.leaves_in(binding.span);
                    self.query.elided.push(Elided { origins, law: "binding that nothing refers to" });
                }
                ast::Statement::Set { span, .. } if self.used.contains(span) => {}
                ast::Statement::Parameters { span, .. }
                | ast::Statement::Set { span, .. }
                | ast::Statement::Alias { span, .. }
                | ast::Statement::Restrict { span, .. }
                | ast::Statement::Pattern(ast::PatternDeclaration { span, .. }) => {
                    let origins = self.leaves_in(*span);
                    self.query.elided.push(Elided { origins, law: "statement without effect on the answer" });
                }
                ast::Statement::Let(_) | ast::Statement::Expr(_) => {}
            }
        }
    }
}

fn settle_predicate(query: &ir::Query, predicate: &mut ir::Predicate) {
    match &mut predicate.kind {
        ir::PredicateKind::And(parts) | ir::PredicateKind::Or(parts) => {
            for part in parts {
                settle_predicate(query, part);
            }
        }
        ir::PredicateKind::Not(part) => settle_predicate(query, part),
        ir::PredicateKind::Test(test) => {
            settle_expr(query, &mut test.subject);
            for operand in test.op.operands_mut() {
                settle_expr(query, operand);
            }
            *test = ir::Test::new(test.subject.clone(), test.op.clone());
        }
        ir::PredicateKind::Const(_) => {}
    }
}

fn settle_expr(query: &ir::Query, expr: &mut ir::Expr) {
    if let ir::ExprKind::Truth(predicate) = &mut expr.kind {
        settle_predicate(query, predicate);
    }
    for operand in expr.operands_mut() {
        settle_expr(query, operand);
    }
    match &expr.kind {
        ir::ExprKind::Path(path) if path.steps.is_empty() => expr.ty = query.column(path.column).ty,
        ir::ExprKind::Call(function, arguments) if expr.ty == ir::Type::Unknown => {
            let types: Vec<ir::Type> = arguments.iter().map(|argument| argument.ty).collect();
            expr.ty = function.result_type(&types);
        }
        ir::ExprKind::Arithmetic(op, left, right) if expr.ty == ir::Type::Unknown => {
            expr.ty = scalar::arithmetic_type(*op, left.ty, right.ty).unwrap_or(ir::Type::Real);
        }
        ir::ExprKind::Literal(_)
        | ir::ExprKind::Path(_)
        | ir::ExprKind::Now { .. }
        | ir::ExprKind::Arithmetic(..)
        | ir::ExprKind::Call(..)
        | ir::ExprKind::Truth(_)
        | ir::ExprKind::Index(..)
        | ir::ExprKind::Scalar(_)
        | ir::ExprKind::Opaque { .. } => {}
    }
}

#[cfg(test)]
mod tests;
