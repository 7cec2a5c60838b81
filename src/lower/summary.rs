//! `summarize`: keys, aggregates, and the names that unnamed columns get.

use std::rc::Rc;

use crate::diagnostic::Code;
use crate::ir::{
    self, Aggregate, AggregateFunction, Aggregation, Assignment, Expr, ExprKind, RelationId, Type, Value,
};
use crate::kql::{ast, builtin};
use crate::span::Origins;

use super::name::{Environment, suggestion};
use super::scalar::Scope;
use super::{Lowerer, Result};

/// The aggregate of a name, and whether its last argument is a condition.
fn aggregate(name: &str) -> Option<(AggregateFunction, bool)> {
    Some(match name {
        "any" | "take_any" => (AggregateFunction::TakeAny, false),
        "anyif" | "take_anyif" => (AggregateFunction::TakeAny, true),
        "argmax" => (AggregateFunction::ArgMax, false),
        "argmin" => (AggregateFunction::ArgMin, false),
        "makelist" => (AggregateFunction::MakeList, false),
        "makeset" => (AggregateFunction::MakeSet, false),
        "make_bag_if" => (AggregateFunction::MakeBag, true),
        "make_list_if" => (AggregateFunction::MakeList, true),
        "make_set_if" => (AggregateFunction::MakeSet, true),
        "count_distinctif" => (AggregateFunction::CountDistinct, true),
        "countif" => (AggregateFunction::Count, true),
        "dcountif" => (AggregateFunction::DCount, true),
        "sumif" => (AggregateFunction::Sum, true),
        "avgif" => (AggregateFunction::Avg, true),
        "minif" => (AggregateFunction::Min, true),
        "maxif" => (AggregateFunction::Max, true),
        "stdevif" => (AggregateFunction::StDev, true),
        "stdevpif" => (AggregateFunction::StDevP, true),
        "varianceif" => (AggregateFunction::Variance, true),
        "variancepif" => (AggregateFunction::VarianceP, true),
        name => (*AggregateFunction::ALL.iter().find(|function| function.name() == name)?, false),
    })
}

/// The prefix of an unnamed aggregate's column.
fn prefix(name: &str) -> &str {
    match name {
        "make_bag" | "make_bag_if" => "bag",
        "make_list" | "makelist" | "make_list_if" | "make_list_with_nulls" => "list",
        "make_set" | "makeset" | "make_set_if" => "set",
        "argmax" => "max",
        "argmin" => "min",
        other => other,
    }
}

impl Lowerer<'_> {
    /// `summarize aggregates by keys`; none where an aggregate has no meaning here yet.
    pub(super) fn summarize(
        &mut self,
        input: RelationId,
        aggregates: &[ast::Column],
        keys: &[ast::Column],
        origins: Origins,
        environment: &Rc<Environment>,
    ) -> Result<Option<RelationId>> {
        let scope = Scope::row(environment, input);
        let mut names = Names::default();
        let mut columns = Vec::new();
        let mut lowered_keys = Vec::new();
        for key in keys {
            let value = self.scalar(&key.value, &scope)?;
            let name = match key.names.first() {
                Some(name) => names.claim(&name.text),
                None => names.fresh(self.default_name(&value, &key.value)),
            };
            let column = self.computed(name, &value);
            columns.push(column);
            lowered_keys.push(Assignment { column, value });
        }
        let mut lowered = Vec::new();
        for aggregate in aggregates.iter().flat_map(one_percentile_each) {
            let aggregate = &aggregate;
            match self.aggregation(aggregate, input, &lowered_keys, &scope, &mut names)? {
                Some(aggregation) => {
                    columns.extend(&aggregation.columns);
                    lowered.push(aggregation);
                }
                None => return Ok(None),
            }
        }
        let op = ir::Operator::Summarize { input, keys: lowered_keys, aggregates: lowered };
        Ok(Some(self.query.add(ir::Relation { op, schema: ir::Schema { columns, open: false }, origins })))
    }

    /// One aggregate with the columns it yields.
    fn aggregation(
        &mut self,
        column: &ast::Column,
        input: RelationId,
        keys: &[Assignment],
        scope: &Scope,
        names: &mut Names,
    ) -> Result<Option<Aggregation>> {
        let ast::ExprKind::Call { name, arguments } = &column.value.kind else {
            if contains_aggregate(&column.value) {
                // An expression over aggregates, such as `max(x) - min(x)`.
                return Ok(None);
            }
            let message = "expected an aggregate such as `count()`";
            return self.error(Code::WrongType, column.value.span, message);
        };
        let Some((function, conditional)) = aggregate(&name.text) else {
            if builtin::is_aggregate(&name.text) || contains_aggregate(&column.value) {
                return Ok(None);
            }
            let help = suggestion(&name.text, builtin::aggregates().iter().copied());
            let help = help.map(|found| format!("a similar aggregate exists: `{found}`"));
            let message = format!("no aggregate `{}`", name.text);
            return self.error_with_help(Code::UnknownFunction, name.span, message, help);
        };
        // `countif(p)`; all others have the condition second: `dcountif(x, p, accuracy)`.
        let position = usize::from(function != AggregateFunction::Count);
        let (condition, arguments) = if conditional {
            let Some(condition) = arguments.get(position) else {
                return self.wrong_arguments(name, "a condition", arguments.len());
            };
            let condition = self.predicate(&condition.value, scope)?;
            let rest: Vec<ast::Argument> = [&arguments[..position], &arguments[position + 1..]].concat();
            (Some(condition), rest)
        } else {
            (None, arguments.clone())
        };
        let arguments = arguments.as_slice();
        let mut values = Vec::new();
        let mut all_columns = false;
        for argument in arguments {
            if matches!(argument.value.kind, ast::ExprKind::Star) {
                if self.query.relation(input).schema.open {
                    // Which columns there are is not known.
                    return Ok(None);
                }
                all_columns = true;
                // Columns that the rows are grouped by are in the answer already.
                let grouped = |column: ir::ColumnId| {
                    keys.iter().any(|key| {
                        key.value.as_path().is_some_and(|path| path.column == column && path.steps.is_empty())
                    })
                };
                for column in self.query.relation(input).schema.columns.clone() {
                    if grouped(column) {
                        continue;
                    }
                    let ty = self.query.column(column).ty;
                    values.push(Expr::column(column, ty, argument.value.span.into()));
                }
            } else {
                values.push(self.scalar(&argument.value, scope)?);
            }
        }
        // The grammar takes `count(x)`; what it counts is documented nowhere.
        if function == AggregateFunction::Count && !values.is_empty() {
            return Ok(None);
        }
        let least = usize::from(function != AggregateFunction::Count);
        if values.len() < least {
            return self.wrong_arguments(name, "at least one argument", values.len());
        }
        let makes_row = matches!(function, AggregateFunction::ArgMax | AggregateFunction::ArgMin);
        let many = makes_row || function == AggregateFunction::TakeAny && (all_columns || values.len() > 1);
        let columns = if many {
            self.row_columns(column, &mut values, makes_row && all_columns, arguments, names)
        } else {
            let argument = values.first();
            let ty = function.result_type(argument.map_or(Type::Unknown, |value| value.ty));
            let label = match column.names.first() {
                Some(name) => names.claim(&name.text),
                None => {
                    let base = self.aggregate_name(&name.text, &values, arguments);
                    names.fresh(base)
                }
            };
            vec![self.query.add_column(ir::Column { name: label, ty, lineage: None })]
        };
        let aggregate = Aggregate { function, arguments: values, filter: condition, origins: name.span.into() };
        Ok(Some(Aggregation { columns, aggregate }))
    }

    /// The columns of `arg_max(by, …)` or `take_any(a, b)`: one for each argument; with `*` the value compared comes
    /// first and is not repeated.
    fn row_columns(
        &mut self,
        column: &ast::Column,
        values: &mut Vec<Expr>,
        star: bool,
        arguments: &[ast::Argument],
        names: &mut Names,
    ) -> Vec<ir::ColumnId> {
        if star && let Some(by) = values.first().and_then(Expr::as_path).cloned() {
            let mut first = true;
            values.retain(|value| std::mem::take(&mut first) || value.as_path() != Some(&by));
        }
        let mut columns = Vec::with_capacity(values.len());
        for (position, value) in values.iter().enumerate() {
            let label = match column.names.get(position) {
                Some(name) => names.claim(&name.text),
                None => {
                    let source = arguments.get(position).map(|argument| &argument.value);
                    let base = match value.as_path() {
                        Some(path) => Some(self.path_name(path)),
                        None => source.and_then(|source| self.default_name(value, source)),
                    };
                    names.fresh(base)
                }
            };
            columns.push(self.query.add_column(ir::Column { name: label, ty: value.ty, lineage: None }));
        }
        columns
    }

    /// `count_`, `dcount_Account`, `percentile_Size_95`.
    fn aggregate_name(&self, function: &str, values: &[Expr], arguments: &[ast::Argument]) -> Option<String> {
        let argument = values
            .first()
            .zip(arguments.first())
            .and_then(|(value, source)| self.default_name(value, &source.value))
            .unwrap_or_default();
        // Any one value of a column is called what the column is called.
        if matches!(function, "take_any" | "take_anyif") && !argument.is_empty() {
            return Some(argument);
        }
        let name = format!("{}_{argument}", prefix(function));
        let share = match values.get(1).and_then(Expr::as_literal) {
            Some(Value::Long(share)) if function == "percentile" => format!("_{share}"),
            Some(Value::Real(share)) if function == "percentile" => format!("_{share}").replace('.', "_"),
            _ => String::new(),
        };
        Some(name + &share)
    }

    /// The name that KQL gives an unnamed column, if it gives one.
    ///
    /// A field keeps its name, with `_` between steps; conversions and `bin` keep that of their first argument.
    #[expect(clippy::wildcard_enum_match_arm, reason = "expressions of any other kind get no name")]
    pub(super) fn default_name(&self, value: &Expr, source: &ast::Expr) -> Option<String> {
        match &source.kind {
            ast::ExprKind::Call { name, arguments } => {
                let first = &arguments.first()?.value;
                let inner = match (&value.kind, first_operand(value)) {
                    (ExprKind::Path(path), _) => return Some(self.path_name(path)),
                    (_, Some(operand)) => self.default_name(operand, first),
                    (_, None) => None,
                };
                if keeps_argument_name(&name.text) {
                    inner
                } else if matches!(name.text.as_str(), "strlen" | "string_size") {
                    inner.map(|inner| format!("{}_{inner}", name.text))
                } else {
                    None
                }
            }
            ast::ExprKind::Name(name) => Some(name.text.clone()),
            ast::ExprKind::Member { object, name } => {
                let inner = match value.as_path() {
                    Some(path) => return Some(self.path_name(path)),
                    None => self.default_name(first_operand(value)?, object)?,
                };
                Some(format!("{inner}_{}", name.text))
            }
            ast::ExprKind::Index { object, index } => {
                if let Some(path) = value.as_path() {
                    return Some(self.path_name(path));
                }
                let inner = self.default_name(first_operand(value)?, object)?;
                match &index.kind {
                    ast::ExprKind::Literal(ast::Literal::Long(Some(position))) => Some(format!("{inner}_{position}")),
                    ast::ExprKind::Literal(ast::Literal::String(key)) => Some(format!("{inner}_{key}")),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn path_name(&self, path: &ir::Path) -> String {
        let mut name = self.query.column(path.column).name.clone();
        for step in &path.steps {
            match step {
                ir::Step::Key(key) => name.push_str(&format!("_{key}")),
                ir::Step::Index(position) => name.push_str(&format!("_{position}")),
            }
        }
        name
    }
}

fn first_operand(value: &Expr) -> Option<&Expr> {
    value.operands().first().copied()
}

/// Functions whose unnamed result is called as their first argument.
fn keeps_argument_name(function: &str) -> bool {
    matches!(
        function,
        "abs"
            | "bin"
            | "bin_at"
            | "ceiling"
            | "exp"
            | "floor"
            | "format_datetime"
            | "format_timespan"
            | "log"
            | "log10"
            | "log2"
            | "parse_csv"
            | "parse_json"
            | "parse_xml"
            | "parsejson"
            | "pow"
            | "round"
            | "split"
            | "sqrt"
            | "startofday"
            | "tobool"
            | "toboolean"
            | "todatetime"
            | "todecimal"
            | "todouble"
            | "todynamic"
            | "toguid"
            | "tohex"
            | "toint"
            | "tolong"
            | "toobject"
            | "toreal"
            | "tostring"
            | "totime"
            | "totimespan"
    )
}

/// `percentiles(x, 50, 95)` as the two columns it yields; any other aggregate as itself.
fn one_percentile_each(column: &ast::Column) -> Vec<ast::Column> {
    let ast::ExprKind::Call { name, arguments } = &column.value.kind else { return vec![column.clone()] };
    let [value, shares @ ..] = arguments.as_slice() else { return vec![column.clone()] };
    if name.text != "percentiles" || shares.is_empty() {
        return vec![column.clone()];
    }
    let single = |(position, share): (usize, &ast::Argument)| {
        let name = ast::Name { text: "percentile".to_owned(), span: name.span };
        let kind = ast::ExprKind::Call { name, arguments: vec![value.clone(), share.clone()] };
        ast::Column {
            names: column.names.get(position).cloned().into_iter().collect(),
            value: ast::Expr { kind, span: column.value.span },
        }
    };
    shares.iter().enumerate().map(single).collect()
}

/// Whether some call in an expression is an aggregate.
fn contains_aggregate(expr: &ast::Expr) -> bool {
    match &expr.kind {
        ast::ExprKind::Call { name, arguments } => {
            aggregate(&name.text).is_some()
                || builtin::is_aggregate(&name.text)
                || arguments.iter().any(|argument| contains_aggregate(&argument.value))
        }
        ast::ExprKind::Unary { operand, .. } => contains_aggregate(operand),
        ast::ExprKind::Binary { left, right, .. } => contains_aggregate(left) || contains_aggregate(right),
        ast::ExprKind::Member { object, .. } => contains_aggregate(object),
        ast::ExprKind::Index { object, index } => contains_aggregate(object) || contains_aggregate(index),
        ast::ExprKind::Membership { subject, list, .. } => {
            contains_aggregate(subject) || list.iter().any(contains_aggregate)
        }
        ast::ExprKind::Between { subject, low, high, .. } => {
            [subject, low, high].into_iter().any(|part| contains_aggregate(part))
        }
        ast::ExprKind::Name(_)
        | ast::ExprKind::MethodCall { .. }
        | ast::ExprKind::TypeOf(_)
        | ast::ExprKind::EntityGroup { .. }
        | ast::ExprKind::Placeholder(_)
        | ast::ExprKind::Literal(_)
        | ast::ExprKind::Star
        | ast::ExprKind::Pipe { .. }
        | ast::ExprKind::Source(_) => false,
    }
}

/// Names given so far in one operator: a default name that is taken gets a number.
#[derive(Default)]
pub(super) struct Names {
    taken: Vec<String>,
    numbered: usize,
}

impl Names {
    /// Takes a name as written.
    pub(super) fn claim(&mut self, name: &str) -> String {
        self.taken.push(name.to_owned());
        name.to_owned()
    }

    /// Takes a default name: `name`, `name1`, …; without a base `Column1`, `Column2`, ….
    pub(super) fn fresh(&mut self, base: Option<String>) -> String {
        let name = match base {
            Some(base) => std::iter::once(base.clone())
                .chain((1..).map(|number: usize| format!("{base}{number}")))
                .find(|name| !self.taken.contains(name))
                .expect("numbers do not run out"),
            None => {
                self.numbered += 1;
                format!("Column{}", self.numbered)
            }
        };
        self.taken.push(name.clone());
        name
    }

    /// Whether a name is taken already.
    pub(super) fn is_taken(&self, name: &str) -> bool {
        self.taken.iter().any(|taken| taken == name)
    }
}
