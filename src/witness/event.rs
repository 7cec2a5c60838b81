//! An event on which a conjunction holds: fields are given values one by one, and mended where they do not agree.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::chance::Chance;
use super::field;
pub use super::field::Atom;
use super::plain::{plain, plain_predicate};
use super::text;
use super::variant::{pool, variants};
use crate::eval::Event;
use crate::eval::render;
use crate::eval::scalar::{self, Row};
use crate::ir::{
    ColumnId, Expr, ExprKind, Function, Path, Predicate, PredicateKind, Query, RelationId, Step, Test, TestOp, Truth,
    Type, Value,
};
use crate::span::Origins;

/// What one row has to be.
#[derive(Clone, Debug, Default)]
pub struct Demand {
    /// What is true of it.
    pub tests: Vec<Predicate>,
    /// Expressions in which rows must differ, each with the number of the variant.
    pub vary: Vec<(Expr, usize)>,
}

impl Demand {
    /// The same with columns replaced by what they stand for.
    pub fn placed(&self, columns: &BTreeMap<ColumnId, Expr>) -> Demand {
        Demand {
            tests: self.tests.iter().map(|test| test.placed(columns)).collect(),
            vary: self.vary.iter().map(|(expr, number)| (expr.placed(columns), *number)).collect(),
        }
    }
}

/// A field that tests ask about.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its column's name.
    pub name: String,
    /// The way inside it.
    pub steps: Vec<Step>,
    /// What asks about it.
    pub tests: Vec<Predicate>,
}

/// An event that was made, and the fields that matter in it.
#[derive(Clone, Debug)]
pub struct Made {
    /// The event.
    pub event: Event,
    /// The fields.
    pub fields: Vec<Field>,
}

/// Makes an event of a relation's columns for each demand; none if no attempt of this chance finds one. Demands that
/// differ only in variants are met by variants of one event.
pub fn make(
    query: &Query,
    source: RelationId,
    demands: &[Demand],
    now: i64,
    chance: &mut Chance,
    choice: usize,
) -> Option<Vec<Made>> {
    let mut all: Vec<Made> = Vec::with_capacity(demands.len());
    let mut known: Option<(&[Predicate], Solved)> = None;
    for demand in demands {
        if known.as_ref().is_none_or(|(tests, _)| *tests != demand.tests.as_slice()) {
            known = Some((&demand.tests, solve(query, source, demand, now, chance, choice)?));
        }
        let (_, solved) = known.as_ref()?;
        let mut solver = Solver { query, now, chance, choice, trees: solved.trees.clone(), row: solved.row.clone() };
        for (expr, number) in &demand.vary {
            solver.vary(&plain(expr), *number, &solved.checks)?;
        }
        all.push(Made { event: solver.event(), fields: solved.fields.clone() });
    }
    Some(all)
}

/// An event before its variants.
struct Solved {
    trees: BTreeMap<ColumnId, Json>,
    row: Row,
    checks: Vec<Predicate>,
    fields: Vec<Field>,
}

fn solve(
    query: &Query,
    source: RelationId,
    demand: &Demand,
    now: i64,
    chance: &mut Chance,
    choice: usize,
) -> Option<Solved> {
    let mut checks = Vec::new();
    let mut solver = Solver { query, now, chance, choice, trees: BTreeMap::new(), row: Row::new(now) };
    for test in &demand.tests {
        solver.flatten(&plain_predicate(test), true, &mut checks)?;
    }
    let mut fields: Vec<(Path, Vec<Atom>)> = Vec::new();
    let columns = &query.relation(source).schema.columns;
    for check in &checks {
        check.walk_exprs(&mut |expr| {
            if let ExprKind::Path(path) = &expr.kind
                && columns.contains(&path.column)
                && fields.iter().all(|(known, _)| known != path)
            {
                fields.push((path.clone(), Vec::new()));
            }
        });
    }
    for check in &checks {
        let (test, negated) = match &check.kind {
            PredicateKind::Test(test) => (test, false),
            PredicateKind::Not(inner) => match &inner.kind {
                PredicateKind::Test(test) => (test, true),
                _ => continue,
            },
            _ => continue,
        };
        for (path, atom) in solver.hints(test, negated) {
            if let Some((_, atoms)) = fields.iter_mut().find(|(known, _)| *known == path) {
                atoms.push(atom);
            }
        }
    }
    // Whole columns before places inside them: a text that holds JSON is made of its places.
    fields.sort_by_key(|(path, _)| path.steps.len());
    solver.clocks(columns);
    for (path, atoms) in &fields {
        let ty = if path.steps.is_empty() { query.column(path.column).ty } else { Type::Dynamic };
        let values = field::candidates(atoms, ty, &solver.row, now, choice);
        solver.choose(path, &values, &checks);
    }
    solver.mend(&fields, &checks);
    if checks.iter().any(|check| solver.row.truth(check) != Truth::True) {
        return None;
    }
    let fields = fields
        .into_iter()
        .map(|(path, _)| {
            let tests = checks.iter().filter(|check| reads(check, &path)).cloned().collect();
            Field { name: solver.name(path.column), steps: path.steps, tests }
        })
        .collect();
    let Solver { trees, row, .. } = solver;
    Some(Solved { trees, row, checks, fields })
}

/// The tests of a column, with those that are negated.
pub fn atoms_of(tests: &[Predicate], column: ColumnId) -> Vec<Atom> {
    let mut atoms = Vec::new();
    for predicate in tests {
        predicate.walk(&mut |part| {
            let (test, negated) = match &part.kind {
                PredicateKind::Test(test) => (test, false),
                PredicateKind::Not(inner) => match &inner.kind {
                    PredicateKind::Test(test) => (test, true),
                    _ => return,
                },
                _ => return,
            };
            if test.subject.columns() == [column] {
                atoms.push(Atom { test: test.clone(), negated });
            }
        });
    }
    atoms
}

/// Whether a predicate reads a field.
fn reads(check: &Predicate, field: &Path) -> bool {
    let mut found = false;
    check.walk_exprs(&mut |expr| found |= expr.as_path() == Some(field));
    found
}

struct Solver<'a> {
    query: &'a Query,
    now: i64,
    chance: &'a mut Chance,
    choice: usize,
    /// The properties of the event, by column.
    trees: BTreeMap<ColumnId, Json>,
    row: Row,
}

impl Solver<'_> {
    fn name(&self, column: ColumnId) -> String {
        let known = self.query.column(column);
        known.lineage.as_ref().map_or_else(|| known.name.clone(), |lineage| lineage.column.clone())
    }

    /// The tests of a conjunction; of alternatives one is chosen. None where a constant decides against it.
    fn flatten(&mut self, predicate: &Predicate, positive: bool, checks: &mut Vec<Predicate>) -> Option<()> {
        match &predicate.kind {
            PredicateKind::And(parts) if positive => {
                for part in parts {
                    self.flatten(part, positive, checks)?;
                }
            }
            PredicateKind::Or(parts) if !positive => {
                for part in parts {
                    self.flatten(part, positive, checks)?;
                }
            }
            PredicateKind::And(parts) | PredicateKind::Or(parts) => {
                let first = if self.choice == 0 { 0 } else { self.chance.below(parts.len()) };
                let order = (0..parts.len()).map(|at| (first + at) % parts.len());
                for at in order {
                    let before = checks.len();
                    if self.flatten(&parts[at], positive, checks).is_some() {
                        return Some(());
                    }
                    checks.truncate(before);
                }
                return None;
            }
            PredicateKind::Not(part) => self.flatten(part, !positive, checks)?,
            PredicateKind::Const(truth) => {
                let holds = *truth == if positive { Truth::True } else { Truth::False };
                return holds.then_some(());
            }
            PredicateKind::Test(test) => return self.flatten_test(test, positive, checks),
        }
        Some(())
    }

    fn flatten_test(&mut self, test: &Test, positive: bool, checks: &mut Vec<Predicate>) -> Option<()> {
        if let (TestOp::IsTrue, ExprKind::Truth(inner)) = (&test.op, &test.subject.kind) {
            return self.flatten(inner, positive, checks);
        }
        if let ExprKind::Call(function @ (Function::Iff | Function::Case), arguments) = &test.subject.kind {
            // One of the branches, with its condition; the tests of the others are false.
            let mut branches: Vec<(Vec<Predicate>, &Expr)> = Vec::new();
            let mut before: Vec<Predicate> = Vec::new();
            let pairs = if *function == Function::Iff { 1 } else { arguments.len() / 2 };
            for pair in 0..pairs {
                let condition = condition_of(&arguments[pair * 2]);
                let mut conditions = before.clone();
                conditions.push(condition.clone());
                branches.push((conditions, &arguments[pair * 2 + 1]));
                before.push(Predicate::negate(condition, Origins::none()));
            }
            branches.push((before, arguments.last()?));
            let first = if self.choice == 0 { 0 } else { self.chance.below(branches.len()) };
            for at in 0..branches.len() {
                let (conditions, value) = &branches[(first + at) % branches.len()];
                let inner = Predicate::test(Test::new((*value).clone(), test.op.clone()), Origins::none());
                let is_constant =
                    value.columns().is_empty() && test.op.operands().iter().all(|o| o.columns().is_empty());
                let wanted = if positive { Truth::True } else { Truth::False };
                if is_constant && self.row.truth(&inner) != wanted {
                    continue;
                }
                let length = checks.len();
                let mut holds = conditions.iter().all(|condition| self.flatten(condition, true, checks).is_some());
                if holds && !is_constant {
                    holds = self.flatten(&inner, positive, checks).is_some();
                }
                if holds {
                    return Some(());
                }
                checks.truncate(length);
            }
            return None;
        }
        let whole = Predicate::test(test.clone(), Origins::none());
        checks.push(if positive { whole } else { Predicate::negate(whole, Origins::none()) });
        Some(())
    }

    /// What a test says about the fields in it, as tests of the fields themselves: where the field's value goes through
    /// functions first, a guess that is checked later.
    fn hints(&self, test: &Test, negated: bool) -> Vec<(Path, Atom)> {
        let mut hints = self.unwrap(&test.subject, &test.op, negated);
        // The other side of a comparison of two fields.
        for operand in test.op.operands() {
            if !operand.columns().is_empty() {
                let flipped = match &test.op {
                    TestOp::Order { order, .. } => {
                        TestOp::Order { order: order.flip(), operand: test.subject.clone() }
                    }
                    _ => TestOp::Equals { operands: vec![test.subject.clone()], case: crate::ir::Case::Sensitive },
                };
                hints.extend(self.unwrap(operand, &flipped, negated));
            }
        }
        hints
    }

    fn unwrap(&self, subject: &Expr, op: &TestOp, negated: bool) -> Vec<(Path, Atom)> {
        match &subject.kind {
            ExprKind::Path(path) => {
                vec![(path.clone(), Atom { test: Test::new(subject.clone(), op.clone()), negated })]
            }
            ExprKind::Index(base, index) => {
                if let (ExprKind::Call(Function::Split, parts), Some(Value::Long(place))) =
                    (&base.kind, index.as_literal())
                    && *place >= 0
                    && let [value, separator, ..] = parts.as_slice()
                    && let Some(separator) = separator.as_text()
                {
                    let found = self.text_for(op, negated);
                    let place = usize::try_from(*place).unwrap_or(0).min(50);
                    let joined = "x".to_owned() + separator;
                    return self.unwrap(value, &equals(format!("{}{found}", joined.repeat(place))), false);
                }
                if let ExprKind::Call(Function::Split, parts) = &base.kind
                    && let [value, separator, ..] = parts.as_slice()
                    && let Some(separator) = separator.as_text()
                {
                    // Counted from the end, or computed: the last part in most cases.
                    let found = self.text_for(op, negated);
                    return self.unwrap(value, &equals(format!("x{separator}x{separator}{found}")), false);
                }
                self.unwrap(base, op, negated)
            }
            ExprKind::Call(Function::Extract, arguments) => {
                let [pattern, group, value, ..] = arguments.as_slice() else { return Vec::new() };
                let Some(pattern) = pattern.as_text() else { return Vec::new() };
                let group = match group.as_literal() {
                    Some(Value::Long(group)) => u32::try_from(*group).unwrap_or(0),
                    _ => 0,
                };
                let is_plain = matches!(op, TestOp::IsEmpty | TestOp::IsNull);
                let inner = self.text_for(op, negated);
                let text = match is_plain {
                    true => text::sample(pattern, "", self.choice + 1),
                    false => text::sample_with(pattern, "", self.choice, Some((group, &inner))),
                };
                text.map_or_else(Vec::new, |text| self.unwrap(value, &contains(text), false))
            }
            ExprKind::Arithmetic(_, left, right) => {
                let mut hints = self.unwrap(left, op, negated);
                hints.extend(self.unwrap(right, op, negated));
                hints
            }
            ExprKind::Call(_, arguments) => arguments
                .iter()
                .map(|argument| self.unwrap(argument, op, negated))
                .find(|hints| !hints.is_empty())
                .unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// A text on which a test holds.
    fn text_for(&self, op: &TestOp, negated: bool) -> String {
        let subject = Expr::literal(Value::String(String::new()), Origins::none());
        let atoms = [Atom { test: Test::new(subject, op.clone()), negated }];
        let values = field::candidates(&atoms, Type::String, &self.row, self.now, self.choice);
        let wanted = if negated { Truth::False } else { Truth::True };
        let holds = |value: &&Value| scalar::test(value, op).unwrap_or(wanted) == wanted;
        values.iter().find(holds).or(values.first()).map_or_else(String::new, scalar::text)
    }

    /// Gives the table's own clocks a time in the recent past.
    fn clocks(&mut self, columns: &[ColumnId]) {
        for column in columns {
            let known = self.query.column(*column);
            if known.ty == Type::DateTime && matches!(known.name.as_str(), "TimeGenerated" | "Timestamp") {
                let time = Value::DateTime(self.now - 600 * crate::ir::TICKS_PER_SECOND);
                self.set(&Path { column: *column, steps: Vec::new() }, &time);
            }
        }
    }

    fn set(&mut self, path: &Path, value: &Value) {
        let json = render::value(value);
        let tree = self.trees.entry(path.column).or_insert(Json::Null);
        place(tree, &path.steps, json);
        self.refresh(path.column);
    }

    fn refresh(&mut self, column: ColumnId) {
        let ty = self.query.column(column).ty;
        let json = self.property(column);
        self.row.set(column, scalar::event_value(json.as_ref(), ty));
    }

    /// The column as it stands in the event; a text made of places inside it is their JSON.
    fn property(&self, column: ColumnId) -> Option<Json> {
        let tree = self.trees.get(&column)?;
        let is_text = self.query.column(column).ty == Type::String;
        Some(match tree {
            Json::Object(_) | Json::Array(_) if is_text => Json::String(tree.to_string()),
            _ => tree.clone(),
        })
    }

    fn holding(&self, checks: &[Predicate]) -> usize {
        checks.iter().filter(|check| self.row.truth(check) == Truth::True).count()
    }

    /// The first candidate on which most checks hold.
    fn choose(&mut self, path: &Path, values: &[Value], checks: &[Predicate]) {
        let relevant: Vec<Predicate> = checks.iter().filter(|check| reads(check, path)).cloned().collect();
        let before = self.trees.get(&path.column).cloned();
        let mut best: Option<(usize, Value)> = None;
        for value in values {
            self.set(path, value);
            let holding = self.holding(&relevant);
            if best.as_ref().is_none_or(|(most, _)| holding > *most) {
                best = Some((holding, value.clone()));
            }
            if holding == relevant.len() {
                break;
            }
        }
        match best {
            Some((_, value)) => self.set(path, &value),
            None => {
                if let Some(before) = before {
                    self.trees.insert(path.column, before);
                }
                self.refresh(path.column);
            }
        }
    }

    /// Tries other values for the fields of checks that do not hold.
    fn mend(&mut self, fields: &[(Path, Vec<Atom>)], checks: &[Predicate]) {
        for round in 0..3 {
            let failing: Vec<Predicate> =
                checks.iter().filter(|check| self.row.truth(check) != Truth::True).cloned().collect();
            if failing.is_empty() {
                return;
            }
            for check in &failing {
                for (path, atoms) in fields.iter().filter(|(path, _)| reads(check, path)) {
                    if self.row.truth(check) == Truth::True {
                        break;
                    }
                    let ty = if path.steps.is_empty() { self.query.column(path.column).ty } else { Type::Dynamic };
                    let mut values = field::candidates(atoms, ty, &self.row, self.now, self.choice + round);
                    values.extend(pool(check, ty, self.now));
                    let before = (self.holding(checks), self.trees.get(&path.column).cloned());
                    let mut best = before.0;
                    let mut chosen = None;
                    for value in values {
                        self.set(path, &value);
                        let holding = self.holding(checks);
                        if holding > best {
                            best = holding;
                            chosen = Some(value);
                        }
                    }
                    match (chosen, before.1) {
                        (Some(value), _) => self.set(path, &value),
                        (None, Some(tree)) => {
                            self.trees.insert(path.column, tree);
                            self.refresh(path.column);
                        }
                        (None, None) => {
                            self.trees.remove(&path.column);
                            self.refresh(path.column);
                        }
                    }
                }
            }
        }
    }

    /// The `number`-th value of an expression that the checks leave free.
    fn vary(&mut self, expr: &Expr, number: usize, checks: &[Predicate]) -> Option<()> {
        if number == 0 {
            return Some(());
        }
        let mut paths = Vec::new();
        expr.walk(&mut |expr| paths.extend(expr.as_path().cloned()));
        for path in &paths {
            let ty = if path.steps.is_empty() { self.query.column(path.column).ty } else { Type::Dynamic };
            let base = scalar::text(&self.row.value(&Expr {
                kind: ExprKind::Path(path.clone()),
                ty,
                origins: Origins::none(),
            }));
            let before = self.trees.get(&path.column).cloned();
            let first = self.row.value(expr);
            // A value that goes through functions is varied behind them first.
            if expr.as_path().is_none() {
                for text in [
                    format!("value{number}"),
                    format!("10.0.{}.{}", number / 256 % 256, number % 256),
                    number.to_string(),
                ] {
                    for (path, atom) in self.unwrap(expr, &equals(text.clone()), false) {
                        let ty =
                            if path.steps.is_empty() { self.query.column(path.column).ty } else { Type::Dynamic };
                        let values =
                            field::candidates(std::slice::from_ref(&atom), ty, &self.row, self.now, self.choice);
                        for value in values.into_iter().take(6) {
                            self.set(&path, &value);
                            let found = self.row.value(expr);
                            if !found.is_null() && found != first && self.holding(checks) == checks.len() {
                                return Some(());
                            }
                        }
                        if let Some(before) = before.clone() {
                            self.trees.insert(path.column, before);
                        }
                        self.refresh(path.column);
                    }
                }
            }
            // Numbers far enough apart that no variant is that of another row.
            for step in (0..8).map(|more| number + more * 10_000) {
                for value in variants(&base, ty, step, self.now) {
                    self.set(path, &value);
                    let found = self.row.value(expr);
                    if !found.is_null() && found != first && self.holding(checks) == checks.len() {
                        return Some(());
                    }
                }
            }
            if let Some(before) = before {
                self.trees.insert(path.column, before);
            }
            self.refresh(path.column);
        }
        None
    }

    fn event(&self) -> Event {
        self.trees
            .keys()
            .filter_map(|column| Some((self.name(*column), self.property(*column)?)))
            .filter(|(_, json)| !json.is_null())
            .collect()
    }
}

/// The condition that a `bool` expression is.
fn condition_of(expr: &Expr) -> Predicate {
    match &expr.kind {
        ExprKind::Truth(predicate) => (**predicate).clone(),
        _ => Predicate::test(Test::new(expr.clone(), TestOp::IsTrue), Origins::none()),
    }
}

fn equals(text: String) -> TestOp {
    let operand = Expr::literal(Value::String(text), Origins::none());
    TestOp::Equals { operands: vec![operand], case: crate::ir::Case::Sensitive }
}

fn contains(text: String) -> TestOp {
    TestOp::Text {
        relation: crate::ir::TextRelation::Contains,
        needles: vec![Expr::literal(Value::String(text), Origins::none())],
        quantifier: crate::ir::Quantifier::Any,
        case: crate::ir::Case::Sensitive,
    }
}

/// Puts a value at a place inside a tree.
pub fn place(tree: &mut Json, steps: &[Step], value: Json) {
    let Some((step, rest)) = steps.split_first() else {
        *tree = value;
        return;
    };
    match step {
        Step::Key(key) => {
            if !tree.is_object() {
                *tree = Json::Object(serde_json::Map::new());
            }
            if let Json::Object(properties) = tree {
                place(properties.entry(key.clone()).or_insert(Json::Null), rest, value);
            }
        }
        Step::Index(index) => {
            // From the end: the only element is the last one, too.
            let at = usize::try_from(*index).unwrap_or(0).min(100);
            if !tree.is_array() {
                *tree = Json::Array(Vec::new());
            }
            if let Json::Array(elements) = tree {
                while elements.len() <= at {
                    elements.push(Json::Null);
                }
                place(&mut elements[at], rest, value);
            }
        }
    }
}
