//! The IR as one-line S-expressions, without spans and local names: for tests, and for the logic hash.

mod stage;

use std::fmt::Write;

use super::{
    Aggregate, Aggregation, Assignment, Case, ColumnId, Dynamic, Expr, ExprKind, Operator, Path, Predicate,
    PredicateKind, Quantifier, Query, RelationId, Step, Test, TestOp, TextRelation, Truth, Value,
};

/// The query's answer and all it depends on, one relation a line, inputs first. Source columns are named by table,
/// computed ones by number in order of appearance; two spellings of one logic print alike.
pub fn print_query(query: &Query) -> String {
    print(Printer { query, numbers: Vec::new(), relations: query.reachable(), sorted: false, by_id: false })
}

/// The same with conditions that are joined, and values that are alternatives, in an order of their own: what the logic
/// hash covers. The order in which an author wrote them does not change what a rule means.
pub fn print_logic(query: &Query) -> String {
    print(Printer { query, numbers: Vec::new(), relations: query.reachable(), sorted: true, by_id: false })
}

fn print(mut printer: Printer) -> String {
    let query = printer.query;
    let mut text = String::new();
    for (number, id) in printer.relations.clone().into_iter().enumerate() {
        let line = printer.relation(id);
        writeln!(text, "%{number} = {line}").expect("writing to a string cannot fail");
    }
    let names: Vec<String> = query
        .relation(query.root)
        .schema
        .columns
        .iter()
        .map(|column| format!("{}={}", quote(&query.column(*column).name), printer.column(*column)))
        .collect();
    writeln!(text, "(answer {})", names.join(" ")).expect("writing to a string cannot fail");
    text
}

/// One expression; computed columns by their ids in the query.
pub fn print_expr(query: &Query, expr: &Expr) -> String {
    Printer { query, numbers: Vec::new(), relations: Vec::new(), sorted: false, by_id: true }.expr(expr)
}

/// One predicate; computed columns by their ids in the query.
pub fn print_predicate(query: &Query, predicate: &Predicate) -> String {
    Printer { query, numbers: Vec::new(), relations: Vec::new(), sorted: false, by_id: true }.predicate(predicate)
}

struct Printer<'a> {
    query: &'a Query,
    numbers: Vec<ColumnId>,
    relations: Vec<RelationId>,
    sorted: bool,
    /// Whether computed columns are told apart by their ids: across several printed pieces of one query.
    by_id: bool,
}

impl Printer<'_> {
    fn reference(&self, id: RelationId) -> String {
        match self.relations.iter().position(|other| *other == id) {
            Some(number) => format!("%{number}"),
            None => "%?".to_owned(),
        }
    }

    fn column(&mut self, id: ColumnId) -> String {
        if let Some(lineage) = &self.query.column(id).lineage
            && let Operator::Table { name } = &self.query.relation(lineage.source).op
        {
            return format!("{name}.{}{}", lineage.column, steps(&lineage.path));
        }
        if self.by_id {
            return format!("#{}", id.0);
        }
        let number = self.numbers.iter().position(|other| *other == id).unwrap_or_else(|| {
            self.numbers.push(id);
            self.numbers.len() - 1
        });
        format!("#{number}")
    }

    fn relation(&mut self, id: RelationId) -> String {
        let relation = self.query.relation(id);
        match &relation.op {
            Operator::Table { name } => format!("(table {})", quote(name)),
            Operator::Literal { rows } => {
                let rows: Vec<String> = rows.iter().map(|row| list(row.iter().map(print_value))).collect();
                format!("(literal {})", rows.join(" "))
            }
            Operator::Filter { input, predicate } => {
                format!("(filter {} {})", self.reference(*input), self.predicate(predicate))
            }
            Operator::Extend { input, columns } => {
                format!("(extend {} {})", self.reference(*input), self.assignments(columns))
            }
            Operator::Project { input, columns } => {
                format!("(project {} {})", self.reference(*input), self.assignments(columns))
            }
            Operator::Summarize { input, keys, aggregates, rest } => {
                let aggregates: Vec<String> = aggregates.iter().map(|each| self.aggregation(each)).collect();
                let rest = rest.map_or_else(String::new, |rest| format!(" (rest {rest:?})"));
                format!(
                    "(summarize {} (by {}) {}{rest})",
                    self.reference(*input),
                    self.assignments(keys),
                    aggregates.join(" ")
                )
            }
            Operator::Sort { input, by } => format!("(sort {} {})", self.reference(*input), self.sort_keys(by)),
            Operator::Top { input, count, by } => {
                format!("(top {} {count} {})", self.reference(*input), self.sort_keys(by))
            }
            Operator::Take { input, count } => format!("(take {} {count})", self.reference(*input)),
            Operator::Union { inputs, columns } => {
                let inputs: Vec<String> = inputs.iter().map(|input| self.reference(*input)).collect();
                let columns: Vec<String> = columns
                    .iter()
                    .map(|union| {
                        let sources: Vec<String> = union
                            .sources
                            .iter()
                            .map(|source| source.map_or_else(|| "-".to_owned(), |column| self.column(column)))
                            .collect();
                        format!("({} {})", self.column(union.column), sources.join(" "))
                    })
                    .collect();
                format!("(union {} {})", inputs.join(" "), columns.join(" "))
            }
            Operator::Given { input } => format!("(given {})", self.reference(*input)),
            Operator::Range { from, to, step } => {
                format!("(range {} {} {})", self.expr(from), self.expr(to), self.expr(step))
            }
            Operator::Describe { input } => format!("(getschema {})", self.reference(*input)),
            Operator::External(external) => format!("(external {})", quote(&format!("{external:?}"))),
            Operator::Join(_)
            | Operator::Expand { .. }
            | Operator::Apply { .. }
            | Operator::Partition { .. }
            | Operator::Parse(_)
            | Operator::ParseKv(_)
            | Operator::Window { .. }
            | Operator::Scan(_)
            | Operator::Series(_)
            | Operator::Unpack(_)
            | Operator::Pivot(_)
            | Operator::Evaluate(_) => self.stage(&relation.op),
            Operator::Opaque { name, text, inputs, arguments } => {
                let inputs: Vec<String> = inputs.iter().map(|input| self.reference(*input)).collect();
                let arguments: Vec<String> = arguments.iter().map(|argument| self.expr(argument)).collect();
                let parts = [quote(name), quote(text), inputs.join(" "), arguments.join(" ")];
                format!("(opaque {})", parts.join(" "))
            }
        }
    }

    fn assignments(&mut self, assignments: &[Assignment]) -> String {
        let printed: Vec<String> = assignments
            .iter()
            .map(|assignment| {
                let value = self.expr(&assignment.value);
                format!("({} {value})", self.column(assignment.column))
            })
            .collect();
        printed.join(" ")
    }

    fn aggregation(&mut self, aggregation: &Aggregation) -> String {
        let aggregate = self.aggregate(&aggregation.aggregate);
        let columns: Vec<String> = aggregation.columns.iter().map(|column| self.column(*column)).collect();
        format!("({} {aggregate})", columns.join(" "))
    }

    fn aggregate(&mut self, aggregate: &Aggregate) -> String {
        let arguments: Vec<String> = aggregate.arguments.iter().map(|argument| self.expr(argument)).collect();
        let filter = match &aggregate.filter {
            Some(filter) => format!(" (where {})", self.predicate(filter)),
            None => String::new(),
        };
        format!("({} {}{filter})", aggregate.function.name(), arguments.join(" "))
    }

    fn sort_keys(&mut self, keys: &[super::SortKey]) -> String {
        let keys: Vec<String> = keys
            .iter()
            .map(|key| {
                let direction = if key.descending { "desc" } else { "asc" };
                let nulls = if key.nulls_first { "first" } else { "last" };
                format!("({} {direction} {nulls})", self.expr(&key.value))
            })
            .collect();
        keys.join(" ")
    }

    fn path(&mut self, path: &Path) -> String {
        format!("{}{}", self.column(path.column), steps(&path.steps))
    }

    fn expr(&mut self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Literal(value) => print_value(value),
            ExprKind::Path(path) => self.path(path),
            ExprKind::Now { offset } => format!("(now {offset})"),
            ExprKind::Arithmetic(op, left, right) => {
                format!("({} {} {})", op.symbol(), self.expr(left), self.expr(right))
            }
            ExprKind::Call(function, arguments) => self.call(function.name(), arguments),
            ExprKind::Truth(predicate) => self.predicate(predicate),
            ExprKind::Index(value, index) => format!("(at {} {})", self.expr(value), self.expr(index)),
            ExprKind::Scalar(relation) => format!("(toscalar {})", self.reference(*relation)),
            ExprKind::Opaque { name, arguments } => self.call(&format!("opaque {}", quote(name)), arguments),
        }
    }

    fn call(&mut self, name: &str, arguments: &[Expr]) -> String {
        let mut text = format!("({name}");
        for argument in arguments {
            text.push(' ');
            text.push_str(&self.expr(argument));
        }
        text.push(')');
        text
    }

    fn predicate(&mut self, predicate: &Predicate) -> String {
        match &predicate.kind {
            PredicateKind::And(parts) => self.logical("and", parts),
            PredicateKind::Or(parts) => self.logical("or", parts),
            PredicateKind::Not(part) => format!("(not {})", self.predicate(part)),
            PredicateKind::Test(test) => self.test(test),
            PredicateKind::Const(Truth::True) => "true".to_owned(),
            PredicateKind::Const(Truth::False) => "false".to_owned(),
            PredicateKind::Const(Truth::Null) => "null".to_owned(),
        }
    }

    fn logical(&mut self, name: &str, parts: &[Predicate]) -> String {
        let mut parts: Vec<String> = parts.iter().map(|part| self.predicate(part)).collect();
        if self.sorted {
            parts.sort_unstable();
        }
        format!("({name} {})", parts.join(" "))
    }

    fn test(&mut self, test: &Test) -> String {
        let name = match &test.op {
            TestOp::Equals { case: Case::Sensitive, .. } => "=".to_owned(),
            TestOp::Equals { case: Case::Insensitive, .. } => "=~".to_owned(),
            TestOp::Order { order, .. } => order.symbol().to_owned(),
            TestOp::Text { relation, quantifier, case, needles } => {
                let name = match relation {
                    TextRelation::Contains => "contains",
                    TextRelation::StartsWith => "startswith",
                    TextRelation::EndsWith => "endswith",
                    TextRelation::Term => "has",
                    TextRelation::TermPrefix => "hasprefix",
                    TextRelation::TermSuffix => "hassuffix",
                };
                let case = if *case == Case::Sensitive { "_cs" } else { "" };
                let quantifier = match quantifier {
                    _ if needles.len() == 1 => "",
                    Quantifier::Any => "-any",
                    Quantifier::All => "-all",
                };
                format!("{name}{case}{quantifier}")
            }
            TestOp::Matches { .. } => "matches".to_owned(),
            TestOp::IsEmpty => "empty".to_owned(),
            TestOp::IsNull => "null".to_owned(),
            TestOp::IsTrue => "true".to_owned(),
            TestOp::InNetwork { networks } => {
                let networks: Vec<String> = networks.iter().map(super::Network::cidr).collect();
                return format!("(in-network {} {})", self.expr(&test.subject), networks.join(" "));
            }
            TestOp::HasIpv4 { prefix: false, .. } => "has_ipv4".to_owned(),
            TestOp::HasIpv4 { prefix: true, .. } => "has_ipv4_prefix".to_owned(),
            TestOp::Among { relation, case } => {
                let case = if *case == Case::Sensitive { "" } else { "~" };
                return format!("(among{case} {} {})", self.expr(&test.subject), self.reference(*relation));
            }
            TestOp::Opaque { name, .. } => format!("opaque {}", quote(name)),
        };
        let subject = self.expr(&test.subject);
        let mut operands: Vec<String> = test.op.operands().into_iter().map(|operand| self.expr(operand)).collect();
        if self.sorted && matches!(test.op, TestOp::Equals { .. } | TestOp::Text { .. } | TestOp::HasIpv4 { .. }) {
            operands.sort_unstable();
        }
        operands.insert(0, subject);
        format!("({name} {})", operands.join(" "))
    }
}

fn steps(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        match step {
            Step::Key(key) => write!(text, "[{}]", quote(key)),
            Step::Index(index) => write!(text, "[{index}]"),
        }
        .expect("writing to a string cannot fail");
    }
    text
}

fn quote(text: &str) -> String {
    format!("{text:?}")
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(" "))
}

/// A value with its type where that is not plain from its form.
fn print_value(value: &Value) -> String {
    match value {
        Value::Null(ty) => format!("{}(null)", ty.name()),
        Value::Bool(value) => format!("bool({value})"),
        Value::DateTime(ticks) => format!("datetime({ticks})"),
        Value::Decimal(value) => format!("decimal({value})"),
        Value::Dynamic(value) => format!("dynamic({})", print_dynamic(value)),
        Value::Guid(value) => format!("guid({value})"),
        Value::Int(value) => format!("int({value})"),
        Value::Long(value) => value.to_string(),
        Value::Real(value) => format!("real({value:?})"),
        Value::String(text) => quote(text),
        Value::TimeSpan(ticks) => format!("timespan({ticks})"),
    }
}

fn print_dynamic(value: &Dynamic) -> String {
    match value {
        Dynamic::Null => "null".to_owned(),
        Dynamic::Bool(value) => value.to_string(),
        Dynamic::Long(value) => value.to_string(),
        Dynamic::Real(value) => format!("{value:?}"),
        Dynamic::String(text) => quote(text),
        Dynamic::DateTime(ticks) => format!("datetime({ticks})"),
        Dynamic::TimeSpan(ticks) => format!("timespan({ticks})"),
        Dynamic::Guid(value) => format!("guid({value})"),
        Dynamic::Array(items) => list(items.iter().map(print_dynamic)),
        Dynamic::Bag(properties) => {
            let printed: Vec<String> =
                properties.iter().map(|(key, value)| format!("{}:{}", quote(key), print_dynamic(value))).collect();
            format!("{{{}}}", printed.join(" "))
        }
    }
}
