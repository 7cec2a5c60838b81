//! Tree to text.
//!
//! The text parses to the same tree, spans apart: parentheses stand where precedence wants them, every name that is no
//! plain one has its brackets and quotes, and strings, numbers and times are written in one form each.

mod literal;
mod operator;

use super::ast::{
    Argument, BinaryOp, Column, Expr, ExprKind, Function, LetValue, Literal, Name, Operator, Parameter,
    ParameterType, Pattern, Query, RowType, SortKey, Statement,
};
use super::parser::{Level, is_operator_word};
use super::token::is_plain_name;

/// A query as text.
pub fn print(query: &Query) -> String {
    let mut printer = Printer { text: String::new() };
    printer.query(query, "\n");
    printer.text
}

/// An operator as text, from its keyword on.
pub fn print_operator(operator: &Operator) -> String {
    let mut printer = Printer { text: String::new() };
    printer.operator(operator);
    printer.text
}

/// An expression as text.
pub fn print_expr(expr: &Expr) -> String {
    let mut printer = Printer { text: String::new() };
    printer.expr(expr, Place::Tabular);
    printer.text
}

struct Printer {
    text: String,
}

/// What an expression's place admits without parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Anything: `|` included.
    Tabular,
    /// Operators that bind at least this tightly.
    Operand(Level),
    /// A sign and what follows it.
    Unary,
    /// What a property can be taken of.
    Path,
}

const SCALAR: Place = Place::Operand(Level::Or);

impl Printer {
    fn word(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Items with a separator between them.
    fn separated<T>(&mut self, items: &[T], separator: &str, mut item: impl FnMut(&mut Self, &T)) {
        for (at, one) in items.iter().enumerate() {
            if at > 0 {
                self.word(separator);
            }
            item(self, one);
        }
    }

    fn list<T>(&mut self, items: &[T], item: impl FnMut(&mut Self, &T)) {
        self.separated(items, ", ", item);
    }

    fn query(&mut self, query: &Query, line_break: &str) {
        for (at, statement) in query.statements.iter().enumerate() {
            if at > 0 {
                self.word(";");
                self.word(line_break);
            }
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Let(binding) => {
                self.word("let ");
                self.name(&binding.name);
                self.word(" = ");
                match &binding.value {
                    LetValue::Expr(value) => self.let_value(value),
                    LetValue::Function(function) => self.function(function),
                }
            }
            Statement::Expr(expr) => self.expr(expr, Place::Tabular),
            Statement::Parameters { parameters, .. } => {
                self.word("declare query_parameters");
                self.parameters(parameters);
            }
            Statement::Set { name, value, .. } => {
                self.word("set ");
                self.name(name);
                if let Some(value) = value {
                    self.word(" = ");
                    self.expr(value, SCALAR);
                }
            }
            Statement::Alias { name, value, .. } => {
                self.word("alias database ");
                self.name(name);
                self.word(" = ");
                self.expr(value, SCALAR);
            }
            Statement::Restrict { tables, properties, .. } => {
                self.word("restrict access to (");
                self.list(tables, Self::table);
                self.word(")");
                self.properties(properties);
            }
            Statement::Pattern(pattern) => {
                self.word("declare pattern ");
                self.name(&pattern.name);
                let Some(matches) = &pattern.matches else { return };
                self.word(" = (");
                self.list(&pattern.arguments, Self::typed_name);
                self.word(")");
                if let Some(path) = &pattern.path {
                    self.word("[");
                    self.typed_name(path);
                    self.word("]");
                }
                self.word(" {");
                for case in matches {
                    self.word(" (");
                    self.list(&case.values, |this, value| this.expr(value, SCALAR));
                    self.word(")");
                    if let Some(path) = &case.path {
                        self.word(".[");
                        self.expr(path, Place::Unary);
                        self.word("]");
                    }
                    self.word(" = { ");
                    self.query(&case.body, " ");
                    self.word(" };");
                }
                self.word(" }");
            }
        }
    }

    fn let_value(&mut self, value: &Expr) {
        match &value.kind {
            // Here alone the word needs no brackets.
            ExprKind::Call { name, arguments } if name.text == "materialize" && is_subquery(arguments) => {
                self.word("materialize(");
                self.expr(&arguments[0].value, Place::Tabular);
                self.word(")");
            }
            _ => self.expr(value, Place::Tabular),
        }
    }

    fn function(&mut self, function: &Function) {
        if function.view {
            self.word("view ");
        }
        self.parameters(&function.parameters);
        self.word(" { ");
        self.query(&function.body, " ");
        self.word(" }");
    }

    fn parameters(&mut self, parameters: &[Parameter]) {
        self.word("(");
        self.list(parameters, |this, parameter| {
            this.name(&parameter.name);
            this.word(": ");
            match &parameter.ty {
                ParameterType::Scalar(ty) => this.word(&ty.text),
                ParameterType::Table(columns) if columns.is_empty() => this.word("(*)"),
                ParameterType::Table(columns) => {
                    this.word("(");
                    this.list(columns, Self::typed_name);
                    this.word(")");
                }
            }
            if let Some(default) = &parameter.default {
                this.word(" = ");
                this.expr(default, Place::Unary);
            }
        });
        self.word(")");
    }

    fn typed_name(&mut self, (name, ty): &(Name, Name)) {
        self.name(name);
        self.word(": ");
        self.word(&ty.text);
    }

    fn name(&mut self, name: &Name) {
        // These two start something else where they stand before a bracket.
        if is_plain_name(&name.text) && !matches!(name.text.as_str(), "view" | "entity_group") {
            self.word(&name.text);
        } else {
            self.word("[");
            self.string(&name.text, false);
            self.word("]");
        }
    }

    /// A name with `*` in it, where those may stand.
    fn wildcard(&mut self, name: &Name) {
        let bytes = name.text.bytes();
        if name.text.contains('*') && bytes.clone().all(|byte| byte.is_ascii_alphanumeric() || b"_$*".contains(&byte))
        {
            self.word(&name.text);
        } else {
            self.name(name);
        }
    }

    /// An operand of `union`.
    fn table(&mut self, table: &Expr) {
        match &table.kind {
            ExprKind::Name(name) => self.wildcard(name),
            ExprKind::Member { object, name } => {
                self.expr(object, Place::Path);
                self.word(".");
                self.wildcard(name);
            }
            _ => self.expr(table, Place::Unary),
        }
    }

    fn expr(&mut self, expr: &Expr, place: Place) {
        let own = place_of(expr);
        if own < place {
            self.word("(");
            self.expr(expr, Place::Tabular);
            self.word(")");
            return;
        }
        match &expr.kind {
            // A table whose name is also an operator's.
            ExprKind::Name(name) if place == Place::Tabular && is_operator_word(&name.text) => {
                self.word("[");
                self.string(&name.text, false);
                self.word("]");
            }
            ExprKind::Name(name) => self.name(name),
            ExprKind::Literal(literal) => self.literal(literal),
            ExprKind::Star => self.word("*"),
            ExprKind::Unary { op, operand, .. } => {
                self.word(match op {
                    super::ast::UnaryOp::Minus => "-",
                    super::ast::UnaryOp::Plus => "+",
                });
                match &operand.kind {
                    ExprKind::Literal(literal) => self.literal(literal),
                    _ => self.expr(operand, Place::Path),
                }
            }
            ExprKind::Binary { op, left, right, .. } => self.binary(*op, left, right),
            ExprKind::Membership { op, subject, list, .. } => {
                self.expr(subject, Place::Operand(Level::Relation));
                self.word(" ");
                self.word(op.symbol());
                self.word(" (");
                self.list(list, |this, item| this.expr(item, SCALAR));
                self.word(")");
            }
            ExprKind::Between { negated, subject, low, high, .. } => {
                self.expr(subject, Place::Operand(Level::Relation));
                self.word(if *negated { " !between (" } else { " between (" });
                self.expr(low, SCALAR);
                self.word(" .. ");
                self.expr(high, SCALAR);
                self.word(")");
            }
            ExprKind::Call { name, arguments } => {
                if matches!(name.text.as_str(), "toscalar" | "totable") && is_subquery(arguments) {
                    self.word(&name.text);
                    self.word("(");
                    self.expr(&arguments[0].value, Place::Tabular);
                    self.word(")");
                } else {
                    self.call(name, arguments);
                }
            }
            ExprKind::MethodCall { object, name, arguments } => {
                self.expr(object, Place::Path);
                self.word(".");
                self.call(name, arguments);
            }
            ExprKind::EntityGroup { members, .. } => {
                self.word("entity_group [");
                self.list(members, |this, member| this.expr(member, SCALAR));
                self.word("]");
            }
            ExprKind::TypeOf(ty) => self.type_of(ty),
            ExprKind::Placeholder(name) => self.word(&name.text),
            ExprKind::Member { object, name } => {
                self.expr(object, Place::Path);
                self.word(".");
                self.name(name);
            }
            ExprKind::Index { object, index } => {
                self.expr(object, Place::Path);
                self.word("[");
                self.expr(index, SCALAR);
                self.word("]");
            }
            ExprKind::Pipe { source, operators } => {
                match &source.kind {
                    ExprKind::Pipe { .. } => {
                        self.word("(");
                        self.expr(source, Place::Tabular);
                        self.word(")");
                    }
                    _ => self.expr(source, Place::Tabular),
                }
                for operator in operators {
                    self.word("\n| ");
                    self.operator(operator);
                }
            }
            ExprKind::Source(operator) => self.operator(operator),
        }
    }

    fn binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr) {
        let level = Level::of(op);
        let tighter = level.above().map_or(Place::Unary, Place::Operand);
        if matches!(op, BinaryOp::And | BinaryOp::Or) {
            // However the tree hangs together, it is one chain.
            for (at, side) in [left, right].into_iter().enumerate() {
                if at > 0 {
                    self.word(" ");
                    self.word(op.symbol());
                    self.word(" ");
                }
                match &side.kind {
                    ExprKind::Binary { op: inner, left, right, .. } if *inner == op => self.binary(op, left, right),
                    _ => self.expr(side, tighter),
                }
            }
            return;
        }
        match left.kind {
            ExprKind::Star => self.word("*"),
            _ => self.expr(left, if level.chains() { Place::Operand(level) } else { tighter }),
        }
        self.word(" ");
        self.word(op.symbol());
        self.word(" ");
        self.expr(right, tighter);
    }

    fn call(&mut self, name: &Name, arguments: &[Argument]) {
        self.name(name);
        self.word("(");
        self.list(arguments, |this, argument| {
            if let Some(name) = &argument.name {
                this.name(name);
                this.word("=");
            }
            this.expr(&argument.value, SCALAR);
        });
        self.word(")");
    }

    fn type_of(&mut self, ty: &RowType) {
        self.word("typeof(");
        match ty {
            RowType::Scalar(name) => self.word(&name.text),
            RowType::Row { star, columns } => self.row(*star, columns),
        }
        self.word(")");
    }

    fn row(&mut self, star: bool, columns: &[(Name, Name)]) {
        if star {
            self.word(if columns.is_empty() { "*" } else { "*, " });
        }
        self.list(columns, Self::typed_name);
    }

    fn column(&mut self, column: &Column) {
        match column.names.as_slice() {
            [] => {}
            [name] => {
                self.name(name);
                self.word(" = ");
            }
            names => {
                self.word("(");
                self.list(names, Self::name);
                self.word(") = ");
            }
        }
        self.expr(&column.value, SCALAR);
    }

    fn pattern(&mut self, pattern: &Pattern) {
        if pattern.wildcard {
            self.wildcard(&pattern.name);
        } else {
            self.name(&pattern.name);
        }
        if let Some(order) = &pattern.order {
            self.word(" ");
            self.word(&order.text);
        }
    }

    fn sort_key(&mut self, key: &SortKey) {
        if let Some(name) = &key.name {
            self.name(name);
            self.word(" = ");
        }
        self.expr(&key.value, SCALAR);
        match key.direction {
            Some((true, _)) => self.word(" asc"),
            Some((false, _)) => self.word(" desc"),
            None => {}
        }
        match key.nulls {
            Some((true, _)) => self.word(" nulls first"),
            Some((false, _)) => self.word(" nulls last"),
            None => {}
        }
    }
}

/// Whether a call's one argument may be a query without parentheses.
fn is_subquery(arguments: &[Argument]) -> bool {
    matches!(arguments, [Argument { name: None, value }] if !matches!(value.kind, ExprKind::Star))
}

/// The tightest place that admits an expression without parentheses.
fn place_of(expr: &Expr) -> Place {
    match &expr.kind {
        ExprKind::Pipe { .. } => Place::Tabular,
        ExprKind::Source(operator) => match operator.keyword.text.as_str() {
            "datatable" | "externaldata" | "external_data" => Place::Path,
            _ => Place::Tabular,
        },
        ExprKind::Binary { op, .. } => Place::Operand(Level::of(*op)),
        ExprKind::Membership { .. } | ExprKind::Between { .. } => Place::Operand(Level::Equality),
        ExprKind::Unary { .. } => Place::Unary,
        // `1.e5` is another number.
        ExprKind::Literal(Literal::Long(_) | Literal::Real(_) | Literal::TimeSpan(_)) => Place::Unary,
        ExprKind::Name(_)
        | ExprKind::Literal(_)
        | ExprKind::Star
        | ExprKind::Call { .. }
        | ExprKind::MethodCall { .. }
        | ExprKind::EntityGroup { .. }
        | ExprKind::TypeOf(_)
        | ExprKind::Placeholder(_)
        | ExprKind::Member { .. }
        | ExprKind::Index { .. } => Place::Path,
    }
}
