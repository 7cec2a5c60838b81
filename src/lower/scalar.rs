//! Scalar expressions.

use std::rc::Rc;

use crate::diagnostic::Code;
use crate::ir::{self, ArithmeticOp, Dynamic, Expr, ExprKind, Function, Path, RelationId, Step, Type, Value};
use crate::kql::{ast, builtin};
use crate::span::{Origins, Span};

use super::name::{Binding, Environment};
use super::{Lowerer, Result};

/// Where an expression stands: the names it may use, and the rows whose columns it may read.
#[derive(Clone)]
pub(super) struct Scope {
    pub(super) environment: Rc<Environment>,
    pub(super) row: Option<RelationId>,
}

impl Scope {
    /// No columns.
    pub(super) fn constant(environment: &Rc<Environment>) -> Scope {
        Scope { environment: Rc::clone(environment), row: None }
    }

    /// The columns of a relation.
    pub(super) fn row(environment: &Rc<Environment>, relation: RelationId) -> Scope {
        Scope { environment: Rc::clone(environment), row: Some(relation) }
    }
}

impl Lowerer<'_> {
    /// Lowers an expression of any type.
    pub(super) fn scalar(&mut self, expr: &ast::Expr, scope: &Scope) -> Result<Expr> {
        self.spend(expr.span)?;
        match &expr.kind {
            ast::ExprKind::Name(name) => self.name(expr, name, scope),
            ast::ExprKind::Literal(literal) => Ok(Expr::literal(value(literal), expr.span.into())),
            ast::ExprKind::Star => self.error(Code::UnknownName, expr.span, "`*` stands for no single value"),
            ast::ExprKind::Unary { op, op_span, operand } => self.unary(*op, *op_span, operand, scope),
            ast::ExprKind::Binary { op, op_span, left, right } => match arithmetic(*op) {
                Some(arithmetic) => self.arithmetic(arithmetic, *op_span, left, right, scope),
                None => Ok(Expr::truth(self.predicate(expr, scope)?)),
            },
            ast::ExprKind::Membership { .. } | ast::ExprKind::Between { .. } => {
                Ok(Expr::truth(self.predicate(expr, scope)?))
            }
            ast::ExprKind::Call { name, arguments } => self.call(expr, name, arguments, scope),
            ast::ExprKind::Member { object, name } => {
                if let ast::ExprKind::Name(step) = &object.kind
                    && let Some(Binding::State(columns)) = self.lookup(&scope.environment, &step.text)
                {
                    let Some(column) = columns.get(&name.text).copied() else {
                        let message = format!("no column `{}` in the rows of step `{}`", name.text, step.text);
                        return self.error(Code::UnknownColumn, name.span, message);
                    };
                    let origins = Origins::from(step.span).and(&name.span.into());
                    return Ok(Expr::column(column, self.query.column(column).ty, origins));
                }
                let object = self.scalar(object, scope)?;
                Ok(step(object, Step::Key(name.text.clone()), name.span.into()))
            }
            ast::ExprKind::Index { object, index } => {
                let object = self.scalar(object, scope)?;
                let index = self.scalar(index, scope)?;
                let constant = match index.as_literal() {
                    Some(Value::String(key)) => Some(Step::Key(key.clone())),
                    Some(Value::Long(position)) => Some(Step::Index(*position)),
                    _ => None,
                };
                match constant {
                    Some(constant) if is_path_like(&object) => Ok(step(object, constant, index.origins)),
                    _ => Ok(Expr {
                        kind: ExprKind::Index(Box::new(object), Box::new(index)),
                        ty: Type::Dynamic,
                        origins: Origins::none(),
                    }),
                }
            }
            ast::ExprKind::MethodCall { name, .. } | ast::ExprKind::Placeholder(name) => {
                let kind = ExprKind::Opaque { name: name.text.clone(), arguments: Vec::new() };
                Ok(Expr { kind, ty: Type::Unknown, origins: self.leaves_in(expr.span) })
            }
            ast::ExprKind::TypeOf(_) | ast::ExprKind::EntityGroup { .. } => {
                self.error(Code::WrongType, expr.span, "expected a value, found a type")
            }
            ast::ExprKind::Pipe { .. } | ast::ExprKind::Source(_) => {
                self.error(Code::WrongType, expr.span, "expected a single value, found a table")
            }
        }
    }

    fn name(&mut self, expr: &ast::Expr, name: &ast::Name, scope: &Scope) -> Result<Expr> {
        if let Some(row) = scope.row
            && let Some(column) = self.visible_column(row, scope, &name.text)
        {
            return Ok(Expr::column(column, self.query.column(column).ty, name.span.into()));
        }
        match self.lookup(&scope.environment, &name.text) {
            Some(Binding::Scalar(bound)) => {
                // A definition that uses its parameter twice doubles the argument at each call.
                let mut nodes = 0;
                bound.walk(&mut |_| nodes += 1);
                self.spend_all(nodes, name.span)?;
                let mut placed = bound.moved();
                placed.origins.extend(&name.span.into());
                Ok(placed)
            }
            Some(Binding::Relation(_)) => {
                self.error(Code::WrongType, name.span, format!("`{}` is a table, not a single value", name.text))
            }
            Some(Binding::State(_)) => {
                self.error(Code::WrongType, name.span, format!("`{}` is a step, not a single value", name.text))
            }
            // Without arguments the parentheses may be left out.
            Some(Binding::Function(function)) => self.call_scalar_function(expr, name, &function, &[], scope),
            Some(Binding::Broken) => Err(super::Reported),
            None => match scope.row {
                Some(row) => self.unknown_column(row, &scope.environment, name),
                None => self.error(Code::UnknownName, name.span, format!("no name `{}` is known here", name.text)),
            },
        }
    }

    /// The column of this name: one that is known, else a bound name has precedence over an open schema's guess.
    fn visible_column(&mut self, row: RelationId, scope: &Scope, name: &str) -> Option<ir::ColumnId> {
        let known =
            self.query.relation(row).schema.columns.iter().any(|column| self.query.column(*column).name == name);
        let bound = scope.environment.get(name);
        if !known && bound.is_some_and(|(binding, _)| !matches!(binding, Binding::Relation(_))) {
            return None;
        }
        self.find_column(row, name)
    }

    fn unary(&mut self, op: ast::UnaryOp, op_span: Span, operand: &ast::Expr, scope: &Scope) -> Result<Expr> {
        let operand = self.scalar(operand, scope)?;
        if op == ast::UnaryOp::Plus {
            return Ok(Expr { origins: operand.origins.clone().and(&op_span.into()), ..operand });
        }
        let negated = match operand.as_literal() {
            Some(Value::Long(number)) => number.checked_neg().map(Value::Long),
            Some(Value::Int(number)) => number.checked_neg().map(Value::Int),
            Some(Value::Real(number)) => Some(Value::Real(-number)),
            Some(Value::Decimal(number)) => Some(Value::Decimal(-number)),
            Some(Value::TimeSpan(ticks)) => ticks.checked_neg().map(Value::TimeSpan),
            _ => None,
        };
        if let Some(negated) = negated {
            return Ok(Expr::literal(negated, operand.origins.and(&op_span.into())));
        }
        if !(operand.ty.is_number() || matches!(operand.ty, Type::TimeSpan | Type::Dynamic | Type::Unknown)) {
            let message = format!("`-` cannot be applied to a value of type {}", operand.ty.name());
            return self.error(Code::WrongType, op_span, message);
        }
        let ty = operand.ty;
        Ok(Expr { kind: ExprKind::Call(Function::Negate, vec![operand]), ty, origins: op_span.into() })
    }

    fn arithmetic(
        &mut self,
        op: ArithmeticOp,
        op_span: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        scope: &Scope,
    ) -> Result<Expr> {
        let (left, right) = self.both(left, right, scope)?;
        if let (ArithmeticOp::Divide | ArithmeticOp::Modulo, Type::DateTime, Type::TimeSpan) = (op, left.ty, right.ty)
        {
            // KQL's parser takes it; what a point in time divided by a duration is stands nowhere.
            let ty = if op == ArithmeticOp::Divide { Type::Real } else { Type::TimeSpan };
            let name = format!("datetime {} timespan", op.symbol());
            let kind = ExprKind::Opaque { name, arguments: vec![left, right] };
            return Ok(Expr { kind, ty, origins: op_span.into() });
        }
        let Some(ty) = arithmetic_type(op, left.ty, right.ty) else {
            let message =
                format!("`{}` is not defined between {} and {}", op.symbol(), left.ty.name(), right.ty.name());
            return self.error(Code::WrongType, op_span, message);
        };
        Ok(Expr { kind: ExprKind::Arithmetic(op, Box::new(left), Box::new(right)), ty, origins: op_span.into() })
    }

    /// Lowers two operands; both are read even if the first is wrong.
    pub(super) fn both(&mut self, left: &ast::Expr, right: &ast::Expr, scope: &Scope) -> Result<(Expr, Expr)> {
        let left = self.scalar(left, scope);
        let right = self.scalar(right, scope);
        Ok((left?, right?))
    }

    /// Lowers a call's positional arguments; all are read even if one is wrong.
    pub(super) fn arguments(&mut self, arguments: &[ast::Argument], scope: &Scope) -> Result<Vec<Expr>> {
        let lowered: Vec<Result<Expr>> =
            arguments.iter().map(|argument| self.scalar(&argument.value, scope)).collect();
        lowered.into_iter().collect()
    }

    /// A call in a scalar place.
    fn call(
        &mut self,
        call: &ast::Expr,
        name: &ast::Name,
        arguments: &[ast::Argument],
        scope: &Scope,
    ) -> Result<Expr> {
        if let Some(Binding::Function(function)) = self.lookup(&scope.environment, &name.text) {
            return self.call_scalar_function(call, name, &function, arguments, scope);
        }
        match name.text.as_str() {
            "now" => self.now(name, arguments, scope, false),
            "ago" => self.now(name, arguments, scope, true),
            "column_ifexists" | "columnifexists" => self.column_if_exists(name, arguments, scope),
            "column_names_of" => self.column_names_of(name, arguments, scope),
            "bin_auto" if self.options.len() == 2 && arguments.len() == 1 => self.bin_auto(name, arguments, scope),
            "pack_all" => self.pack_all(call, name, arguments, scope),
            "toscalar" => {
                let [argument] = arguments else {
                    return self.wrong_arguments(name, "one argument", arguments.len());
                };
                if !self.is_tabular(&argument.value, &scope.environment) {
                    let value = self.scalar(&argument.value, scope)?;
                    return Ok(Expr { origins: value.origins.clone().and(&name.span.into()), ..value });
                }
                let relation = self.relation(&argument.value, &scope.environment)?;
                let first = self.query.relation(relation).schema.columns.first().copied();
                let ty = first.map_or(Type::Unknown, |column| self.query.column(column).ty);
                // Whoever leaves the value out leaves the table out as well.
                let origins = Origins::from(name.span).and(&self.query.all_origins(relation).moved());
                Ok(Expr { kind: ExprKind::Scalar(relation), ty, origins })
            }
            text if self.windows.is_some()
                && scope.row.is_some()
                && let Some(function) = ir::WindowFunction::from_name(text) =>
            {
                self.window_call(function, name, arguments, scope)
            }
            _ if super::predicate::is_test(&name.text) => Ok(Expr::truth(self.predicate(call, scope)?)),
            text => match Function::from_name(text) {
                Some(function) => self.builtin(function, name, arguments, scope),
                None => {
                    self.known_function(name, &scope.environment);
                    let arguments = arguments
                        .iter()
                        .filter(|argument| !matches!(argument.value.kind, ast::ExprKind::Star))
                        .map(|argument| self.scalar(&argument.value, scope))
                        .collect::<Vec<_>>();
                    let arguments = arguments.into_iter().collect::<Result<Vec<Expr>>>()?;
                    Ok(opaque(name, arguments))
                }
            },
        }
    }

    /// `bin_auto(value)`: `bin_at` with the size and the place that the query sets. Without either of them the engine
    /// takes what the client tells it.
    ///
    /// <https://learn.microsoft.com/kusto/query/bin-auto-function>
    fn bin_auto(&mut self, name: &ast::Name, arguments: &[ast::Argument], scope: &Scope) -> Result<Expr> {
        let mut arguments = self.arguments(arguments, scope)?;
        for option in ["query_bin_auto_size", "query_bin_auto_at"] {
            if let Some((value, statement)) = self.options.get(option) {
                arguments.push(value.clone().moved());
                self.used.push(*statement);
            }
        }
        let types: Vec<Type> = arguments.iter().map(|argument| argument.ty).collect();
        let ty = Function::BinAt.result_type(&types);
        Ok(Expr { kind: ExprKind::Call(Function::BinAt, arguments), ty, origins: name.span.into() })
    }

    /// `column_names_of(table)`: known where the table's columns are.
    fn column_names_of(&mut self, name: &ast::Name, arguments: &[ast::Argument], scope: &Scope) -> Result<Expr> {
        let [argument] = arguments else {
            return self.wrong_arguments(name, "one table", arguments.len());
        };
        let relation = self.relation(&argument.value, &scope.environment)?;
        let schema = self.query.relation(relation).schema.clone();
        if schema.open {
            return Ok(opaque(name, Vec::new()));
        }
        let names = schema.columns.iter().map(|column| Dynamic::String(self.query.column(*column).name.clone()));
        let names = Value::Dynamic(Dynamic::Array(names.collect()));
        Ok(Expr::literal(names, Origins::from(name.span).and(&self.query.all_origins(relation).moved())))
    }

    /// `pack_all()`: the columns of the row by name, where all of them are known.
    fn pack_all(
        &mut self,
        call: &ast::Expr,
        name: &ast::Name,
        arguments: &[ast::Argument],
        scope: &Scope,
    ) -> Result<Expr> {
        let ignore = match arguments {
            [] => Expr::literal(Value::Bool(false), Origins::none()),
            [ignore] => self.scalar(&ignore.value, scope)?,
            _ => return self.wrong_arguments(name, "at most one argument", arguments.len()),
        };
        let Some(schema) = scope.row.map(|row| self.query.relation(row).schema.clone()) else {
            let message = format!("`{}` stands where there is no row", name.text);
            return self.error(Code::WrongType, name.span, message);
        };
        let (_, most) = Function::PackAll.arity();
        if schema.open || schema.columns.len() > most / 2 {
            return Ok(opaque(name, vec![ignore]));
        }
        self.spend_all(2 * schema.columns.len(), call.span)?;
        let columns = schema.columns.iter().flat_map(|column| {
            let ir::Column { name, ty, .. } = self.query.column(*column);
            let name = Expr::literal(Value::String(name.clone()), Origins::none());
            [name, Expr::column(*column, *ty, Origins::none())]
        });
        let kind = ExprKind::Call(Function::PackAll, std::iter::once(ignore).chain(columns).collect());
        Ok(Expr { kind, ty: Type::Dynamic, origins: name.span.into() })
    }

    /// A call of a function of the registry.
    fn builtin(
        &mut self,
        function: Function,
        name: &ast::Name,
        arguments: &[ast::Argument],
        scope: &Scope,
    ) -> Result<Expr> {
        let (least, most) = function.arity();
        if !(least..=most).contains(&arguments.len()) {
            let expected = match (least, most) {
                (1, 1) => "one argument".to_owned(),
                (least, most) if least == most => format!("{least} arguments"),
                (least, most) => format!("{least} to {most} arguments"),
            };
            return self.wrong_arguments(name, &expected, arguments.len());
        }
        // `extract(…, typeof(long))`: the type is passed by its name.
        let mut arguments = arguments;
        let mut wanted = None;
        if let [values @ .., ast::Argument { value: last, .. }] = arguments
            && let ast::ExprKind::TypeOf(ast::RowType::Scalar(name)) = &last.kind
            && matches!(function, Function::Extract | Function::ExtractJson | Function::PercentileTdigest)
        {
            arguments = values;
            wanted = Some((Type::from_name(&name.text).unwrap_or(Type::Unknown), name.text.clone(), last.span));
        }
        let mut arguments = self.arguments(arguments, scope)?;
        if let Some((ty, type_name, span)) = wanted {
            arguments.push(Expr::literal(Value::String(type_name), self.leaves_in(span)));
            return Ok(Expr { kind: ExprKind::Call(function, arguments), ty, origins: name.span.into() });
        }
        if !is_defined(function, &arguments) {
            return Ok(opaque(name, arguments));
        }
        if let Some(expected) = text_argument(function) {
            self.infer(&mut arguments[expected], Type::String);
        }
        if function == Function::ParseJson && is_path_like(&arguments[0]) {
            // Reading JSON text is what a step into a string column means; without steps it is a dynamic value.
            let [path] = <[Expr; 1]>::try_from(arguments).expect("the arity is one");
            if path.ty == Type::Dynamic {
                return Ok(Expr { origins: path.origins.clone().and(&name.span.into()), ..path });
            }
            let kind = ExprKind::Call(function, vec![path]);
            return Ok(Expr { kind, ty: Type::Dynamic, origins: name.span.into() });
        }
        let types: Vec<Type> = arguments.iter().map(|argument| argument.ty).collect();
        let ty = function.result_type(&types);
        Ok(Expr { kind: ExprKind::Call(function, arguments), ty, origins: name.span.into() })
    }

    pub(super) fn wrong_arguments<T>(&mut self, name: &ast::Name, expected: &str, found: usize) -> Result<T> {
        let message = format!("`{}` takes {expected}, found {found}", name.text);
        self.error(Code::WrongArguments, name.span, message)
    }

    /// `now(offset)`, `ago(length)`.
    fn now(&mut self, name: &ast::Name, arguments: &[ast::Argument], scope: &Scope, back: bool) -> Result<Expr> {
        let now = Expr { kind: ExprKind::Now { offset: 0 }, ty: Type::DateTime, origins: name.span.into() };
        let argument = match arguments {
            [] if !back => return Ok(now),
            [argument] => self.scalar(&argument.value, scope)?,
            _ => return self.wrong_arguments(name, "one timespan", arguments.len()),
        };
        if !matches!(argument.ty, Type::TimeSpan | Type::Dynamic | Type::Unknown) {
            let message = format!("`{}` takes a timespan, found {}", name.text, argument.ty.name());
            return self.error(Code::WrongType, name.span, message);
        }
        let op = if back { ArithmeticOp::Subtract } else { ArithmeticOp::Add };
        Ok(match argument.as_literal() {
            Some(Value::TimeSpan(ticks)) => {
                let offset = if back { ticks.saturating_neg() } else { *ticks };
                Expr {
                    kind: ExprKind::Now { offset },
                    origins: now.origins.and(&argument.origins),
                    ty: Type::DateTime,
                }
            }
            _ => Expr {
                kind: ExprKind::Arithmetic(op, Box::new(now), Box::new(argument)),
                ty: Type::DateTime,
                origins: Origins::none(),
            },
        })
    }

    /// `column_ifexists("name", default)`: which of the two is known here.
    fn column_if_exists(&mut self, name: &ast::Name, arguments: &[ast::Argument], scope: &Scope) -> Result<Expr> {
        let [column, default] = arguments else {
            return self.wrong_arguments(name, "two arguments", arguments.len());
        };
        let column = self.scalar(&column.value, scope)?;
        let default = self.scalar(&default.value, scope)?;
        let Some(text) = column.as_text().map(str::to_owned) else {
            return self.error(Code::NotConstant, name.span, "the column's name must be a constant");
        };
        let origins = Origins::from(name.span).and(&column.origins);
        let found = scope.row.and_then(|row| self.find_column(row, &text));
        Ok(match found {
            Some(column) => {
                let mut found =
                    Expr::column(column, self.query.column(column).ty, origins.and(&default.all_origins()));
                self.infer(&mut found, default.ty);
                found
            }
            None => Expr { origins: default.origins.clone().and(&origins), ..default },
        })
    }
}

/// A call that is known by name only.
fn opaque(name: &ast::Name, arguments: Vec<Expr>) -> Expr {
    let ty = match arguments.first() {
        Some(first) if builtin::yields_its_argument(&name.text) => first.ty,
        _ => builtin::result_type(&name.text).and_then(Type::from_name).unwrap_or(Type::Unknown),
    };
    Expr { kind: ExprKind::Opaque { name: name.text.clone(), arguments }, ty, origins: name.span.into() }
}

/// Whether anything says what a function answers to such arguments. What nothing says is known by name only.
#[expect(clippy::wildcard_enum_match_arm, reason = "most functions are documented for all arguments")]
fn is_defined(function: Function, arguments: &[Expr]) -> bool {
    let literal = |at: usize| arguments.get(at).and_then(Expr::as_literal);
    match function {
        // What is hashed of other types is not documented.
        Function::Hash => matches!(arguments[0].ty, Type::String | Type::DateTime),
        // Nor is the weight of percentiles other than the default ones.
        Function::SeriesOutliers => {
            arguments.len() == 1 || arguments.len() == 2 && literal(1).and_then(Value::as_str) == Some("ctukey")
        }
        // Nor how a period is found when it is not given.
        Function::SeriesSeasonal => {
            arguments.len() == 2 && matches!(literal(1), Some(Value::Long(period)) if *period > 0)
        }
        _ => true,
    }
}

/// Whether steps can be added to it as to a field: a field, or one read as JSON.
fn is_path_like(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Path(_))
        || matches!(&expr.kind, ExprKind::Call(Function::ParseJson, arguments)
            if matches!(arguments[0].kind, ExprKind::Path(_)))
}

/// One step further into a dynamic value.
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever is no field is indexed as a value")]
fn step(object: Expr, step: Step, origins: Origins) -> Expr {
    match object.kind {
        ExprKind::Path(path) => {
            let mut steps = path.steps;
            steps.push(step);
            let kind = ExprKind::Path(Path { column: path.column, steps });
            Expr { kind, ty: Type::Dynamic, origins: object.origins.and(&origins) }
        }
        ExprKind::Call(Function::ParseJson, mut arguments) if matches!(arguments[0].kind, ExprKind::Path(_)) => {
            let mut inner = arguments.remove(0);
            inner.origins.extend(&object.origins);
            self::step(inner, step, origins)
        }
        kind => {
            let object = Expr { kind, ..object };
            let index = match step {
                Step::Key(key) => Value::String(key),
                Step::Index(position) => Value::Long(position),
            };
            Expr {
                kind: ExprKind::Index(Box::new(object), Box::new(Expr::literal(index, origins))),
                ty: Type::Dynamic,
                origins: Origins::none(),
            }
        }
    }
}

/// The argument of a text function that must be a string, by position.
#[expect(clippy::wildcard_enum_match_arm, reason = "most functions take more than strings")]
fn text_argument(function: Function) -> Option<usize> {
    match function {
        Function::ToLower
        | Function::ToUpper
        | Function::Strlen
        | Function::Split
        | Function::Substring
        | Function::IndexOf
        | Function::ReplaceString
        | Function::ReplaceRegex
        | Function::ParseUrl
        | Function::ParsePath
        | Function::ParseIpv4
        | Function::Base64DecodeToString
        | Function::CountOf
        | Function::Reverse => Some(0),
        Function::Trim | Function::TrimStart | Function::TrimEnd => Some(1),
        Function::Extract => Some(2),
        _ => None,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all other operators make conditions")]
fn arithmetic(op: ast::BinaryOp) -> Option<ArithmeticOp> {
    Some(match op {
        ast::BinaryOp::Add => ArithmeticOp::Add,
        ast::BinaryOp::Subtract => ArithmeticOp::Subtract,
        ast::BinaryOp::Multiply => ArithmeticOp::Multiply,
        ast::BinaryOp::Divide => ArithmeticOp::Divide,
        ast::BinaryOp::Modulo => ArithmeticOp::Modulo,
        _ => return None,
    })
}

/// The type of an arithmetic expression; none where the operands do not go together.
///
/// <https://learn.microsoft.com/kusto/query/numerical-operators>,
/// <https://learn.microsoft.com/kusto/query/datetime-timespan-arithmetic>
pub(super) fn arithmetic_type(op: ArithmeticOp, left: Type, right: Type) -> Option<Type> {
    use ArithmeticOp::{Add, Divide, Modulo, Multiply, Subtract};
    Some(match (op, left, right) {
        (_, Type::Unknown, Type::Unknown) => Type::Unknown,
        (_, Type::Dynamic, Type::Dynamic) => Type::Dynamic,
        (Subtract, Type::DateTime, Type::DateTime | Type::Unknown | Type::Dynamic) => Type::TimeSpan,
        (Subtract, Type::Unknown | Type::Dynamic, Type::DateTime) => Type::TimeSpan,
        (Add | Subtract, Type::DateTime, Type::TimeSpan) | (Add, Type::TimeSpan, Type::DateTime) => Type::DateTime,
        (Add, Type::DateTime, Type::Unknown | Type::Dynamic) => Type::DateTime,
        (Add | Subtract, Type::Unknown | Type::Dynamic, Type::TimeSpan) => Type::DateTime,
        (Add | Subtract | Modulo, Type::TimeSpan, Type::TimeSpan) => Type::TimeSpan,
        (Divide, Type::TimeSpan, Type::TimeSpan) => Type::Real,
        (Multiply | Divide, Type::TimeSpan, other) if other.is_number() || other == Type::Unknown => Type::TimeSpan,
        (Multiply, other, Type::TimeSpan) if other.is_number() || other == Type::Unknown => Type::TimeSpan,
        (_, number, Type::Unknown | Type::Dynamic) | (_, Type::Unknown | Type::Dynamic, number)
            if number.is_number() || number == Type::TimeSpan =>
        {
            if number == Type::TimeSpan {
                Type::TimeSpan
            } else {
                Type::common(&[number, Type::Long])
            }
        }
        (_, left, right) if left.is_number() && right.is_number() => Type::common(&[left, right]),
        _ => return None,
    })
}

/// A constant's value.
pub(super) fn value(literal: &ast::Literal) -> Value {
    let or_null = |value: Option<Value>, ty| value.unwrap_or(Value::Null(ty));
    match literal {
        ast::Literal::Bool(value) => Value::Bool(*value),
        ast::Literal::DateTime(ticks) => or_null(ticks.map(Value::DateTime), Type::DateTime),
        ast::Literal::Decimal(value) => or_null(value.map(Value::Decimal), Type::Decimal),
        ast::Literal::Dynamic(value) => {
            let value = dynamic(value);
            if value == Dynamic::Null { Value::Null(Type::Dynamic) } else { Value::Dynamic(value) }
        }
        ast::Literal::Guid(value) => or_null(value.map(Value::Guid), Type::Guid),
        ast::Literal::Int(value) => or_null(value.map(Value::Int), Type::Int),
        ast::Literal::Long(value) => or_null(value.map(Value::Long), Type::Long),
        ast::Literal::Real(value) => or_null(value.map(Value::Real), Type::Real),
        ast::Literal::String(text) => Value::String(text.clone()),
        ast::Literal::TimeSpan(ticks) => or_null(ticks.map(Value::TimeSpan), Type::TimeSpan),
        ast::Literal::NullBool => Value::Null(Type::Bool),
    }
}

fn dynamic(value: &ast::Dynamic) -> Dynamic {
    match value {
        ast::Dynamic::Null => Dynamic::Null,
        ast::Dynamic::Scalar(literal) => match self::value(literal) {
            Value::Null(_) => Dynamic::Null,
            Value::Bool(value) => Dynamic::Bool(value),
            Value::DateTime(ticks) => Dynamic::DateTime(ticks),
            Value::Decimal(value) => Dynamic::Real(value.try_into().unwrap_or(f64::NAN)),
            Value::Dynamic(value) => value,
            Value::Guid(value) => Dynamic::Guid(value),
            Value::Int(value) => Dynamic::Long(value.into()),
            Value::Long(value) => Dynamic::Long(value),
            Value::Real(value) => Dynamic::Real(value),
            Value::String(text) => Dynamic::String(text),
            Value::TimeSpan(ticks) => Dynamic::TimeSpan(ticks),
        },
        ast::Dynamic::Array(items) => Dynamic::Array(items.iter().map(dynamic).collect()),
        ast::Dynamic::Bag(properties) => {
            Dynamic::Bag(properties.iter().map(|(key, value)| (key.clone(), dynamic(value))).collect())
        }
    }
}
