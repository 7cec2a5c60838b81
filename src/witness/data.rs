//! Data on which a query answers: its operators walked backwards, from a row that is wanted to the events behind it.

use std::collections::BTreeMap;

use super::chance::Chance;
use super::event::{self, Demand, Field};
use crate::eval::scalar::{self, Row};
use crate::eval::{self, Data, Table};
use crate::ir::{
    Case, ColumnId, Expansion, Expr, ExprKind, External, Function, Join, JoinKind, KeyTest, Network, Operator, Parse,
    ParseMode, ParsePart, Path, Predicate, PredicateKind, Query, RelationId, Side, Step, Test, TestOp, Truth, Type,
    UnionColumn, Value, WindowFunction,
};
use crate::span::Origins;

/// Most rows of a group.
pub(super) const MOST_ROWS: usize = 3_000;
/// Most expressions in what is asked of a row.
const MOST_NODES: usize = 4_000;
/// Operators behind one another, subqueries included.
const DEEPEST: usize = 400;

/// An event with the fields that matter in it.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Its table.
    pub table: String,
    /// Its place among the table's events.
    pub place: usize,
    /// The fields.
    pub fields: Vec<Field>,
}

/// Makes data.
pub struct Maker<'a> {
    query: &'a Query,
    pub(super) now: i64,
    chance: Chance,
    /// Which attempt this is: the first takes the first of all alternatives.
    pub(super) attempt: usize,
    /// The data so far.
    pub data: Data,
    /// What was made for what.
    pub placed: Vec<Placed>,
    subqueries: Vec<RelationId>,
    given: Vec<Frame>,
    depth: usize,
}

/// What the rows given to a pipeline are.
struct Frame {
    given: RelationId,
    /// The elements of one row; none for a part of the input's rows.
    expansion: Option<Expansion>,
    /// What else is asked of the row that is expanded.
    outer: Demand,
}

impl<'a> Maker<'a> {
    /// Nothing made yet.
    pub fn new(query: &'a Query, now: i64, seed: u64, attempt: usize) -> Maker<'a> {
        let mixed = seed.wrapping_mul(1_000_003).wrapping_add(u64::try_from(attempt).unwrap_or(0));
        Maker {
            query,
            now,
            chance: Chance::new(mixed),
            attempt,
            data: Data::default(),
            placed: Vec::new(),
            subqueries: Vec::new(),
            given: Vec::new(),
            depth: 0,
        }
    }

    /// Adds events on which a relation has these rows; none where no way is found.
    pub fn rows(&mut self, id: RelationId, demands: Vec<Demand>) -> Option<()> {
        self.depth += 1;
        if self.depth > DEEPEST || demands.len() > MOST_ROWS || is_too_large(&demands) {
            self.depth -= 1;
            return None;
        }
        let done = self.operator(id, demands);
        self.depth -= 1;
        done
    }

    fn operator(&mut self, id: RelationId, mut demands: Vec<Demand>) -> Option<()> {
        let query = self.query;
        for demand in &mut demands {
            demand.tests = demand.tests.iter().map(|test| self.without_subqueries(test)).collect();
        }
        match &query.relation(id).op {
            Operator::Table { name } => {
                for made in event::make(query, id, &demands, self.now, &mut self.chance, self.attempt)? {
                    let events = self.data.tables.entry(name.clone()).or_default();
                    events.push(made.event);
                    let place = events.len() - 1;
                    self.placed.push(Placed { table: name.clone(), place, fields: made.fields });
                }
                Some(())
            }
            Operator::Filter { input, predicate } => {
                let predicate = self.without_subqueries(predicate);
                for demand in &mut demands {
                    demand.tests.extend(predicate.conjuncts().iter().cloned());
                }
                self.rows(*input, demands)
            }
            Operator::Extend { input, columns } | Operator::Project { input, columns } => {
                let placed = columns.iter().map(|each| (each.column, self.settled(&each.value))).collect();
                self.rows(*input, demands.iter().map(|demand| demand.placed(&placed)).collect())
            }
            Operator::Summarize { input, keys, aggregates, .. } => {
                let keys: BTreeMap<ColumnId, Expr> =
                    keys.iter().map(|key| (key.column, self.settled(&key.value))).collect();
                let mut rows = Vec::new();
                let several = demands.len() > 1;
                for (number, demand) in demands.into_iter().enumerate() {
                    let mut demand = demand.placed(&keys);
                    if several && let Some(key) = keys.values().nth(self.attempt % keys.len().max(1)) {
                        // Groups are told apart by a key.
                        demand.vary.push((key.clone(), number));
                    }
                    rows.extend(self.group(&demand, aggregates)?);
                }
                self.rows(*input, rows)
            }
            Operator::Sort { input, .. } | Operator::Top { input, .. } | Operator::Take { input, .. } => {
                self.rows(*input, demands)
            }
            Operator::Union { inputs, columns } => self.union(inputs, columns, demands),
            Operator::Join(join) => demands.into_iter().try_for_each(|demand| self.join(join, demand)),
            Operator::Expand { input, expansion } => {
                let placed = elements(expansion, 0);
                self.rows(*input, demands.iter().map(|demand| demand.placed(&placed)).collect())
            }
            Operator::Apply { input: _, expansion, given, body } => {
                let answered = &query.relation(*body).schema.columns;
                for demand in demands {
                    let (inner, outer): (Vec<Predicate>, Vec<Predicate>) = demand
                        .tests
                        .into_iter()
                        .partition(|test| columns_of(test).iter().any(|column| answered.contains(column)));
                    self.given.push(Frame {
                        given: *given,
                        expansion: Some(expansion.clone()),
                        outer: Demand { tests: outer, vary: demand.vary.clone() },
                    });
                    let done = self.rows(*body, vec![Demand { tests: inner, vary: Vec::new() }]);
                    self.given.pop();
                    done?;
                }
                Some(())
            }
            Operator::Partition { given, body, .. } => {
                self.given.push(Frame { given: *given, expansion: None, outer: Demand::default() });
                let done = self.rows(*body, demands);
                self.given.pop();
                done
            }
            Operator::Given { input } => self.given_rows(id, *input, demands),
            Operator::Parse(parse) => {
                let rows: Option<Vec<Demand>> = demands.iter().map(|demand| self.parsed(parse, demand)).collect();
                self.rows(parse.input, rows?)
            }
            Operator::Window { input, columns } => {
                let mut placed = BTreeMap::new();
                for column in columns {
                    let value = match (column.function, column.arguments.first()) {
                        (
                            WindowFunction::Prev
                            | WindowFunction::Next
                            | WindowFunction::RowCumSum
                            | WindowFunction::RowWindowSession,
                            Some(value),
                        ) => value.placed(&placed),
                        _ => Expr::literal(Value::Long(1), Origins::none()),
                    };
                    placed.insert(column.column, value);
                }
                let mut rows: Vec<Demand> = demands.iter().map(|demand| demand.placed(&placed)).collect();
                // A row before and one behind, for what looks at its neighbours.
                rows.extend(rows.clone());
                rows.extend(demands.iter().map(|demand| demand.placed(&placed)));
                self.rows(*input, rows)
            }
            Operator::Unpack(unpack) => {
                let own = &query.relation(unpack.input).schema.columns;
                let bag = Path { column: unpack.bag, steps: Vec::new() };
                let placed = query
                    .relation(id)
                    .schema
                    .columns
                    .iter()
                    .filter(|column| !own.contains(column))
                    .filter_map(|column| {
                        let name = query.column(*column).name.strip_prefix(&unpack.prefix)?;
                        let path = Path { steps: vec![Step::Key(name.to_owned())], ..bag.clone() };
                        Some((*column, field(path)))
                    })
                    .collect();
                self.rows(unpack.input, demands.iter().map(|demand| demand.placed(&placed)).collect())
            }
            Operator::External(external) => self.external(id, external, &demands),
            Operator::Literal { rows } => {
                let columns = &query.relation(id).schema.columns;
                let has = |demand: &Demand| {
                    rows.iter().any(|row| {
                        let mut known = Row::new(self.now);
                        for (column, value) in columns.iter().zip(row) {
                            known.set(*column, value.clone());
                        }
                        demand.tests.iter().all(|test| known.truth(test) == Truth::True)
                    })
                };
                demands.iter().all(has).then_some(())
            }
            // Its rows are there whatever the data are.
            Operator::Range { .. } => Some(()),
            Operator::Series(series) => {
                // Its arrays are looked at as wholes: some rows in each place are a beginning.
                let keys: BTreeMap<ColumnId, Expr> =
                    series.keys.iter().map(|key| (key.column, key.value.clone())).collect();
                let own: Vec<ColumnId> = series.keys.iter().map(|key| key.column).collect();
                let mut rows = Vec::new();
                for demand in demands {
                    let mut demand = demand;
                    demand.tests.retain(|test| columns_of(test).iter().all(|column| own.contains(column)));
                    rows.push(demand.placed(&keys));
                }
                self.rows(series.input, rows)
            }
            Operator::ParseKv(_)
            | Operator::Scan(_)
            | Operator::Pivot(_)
            | Operator::Evaluate(_)
            | Operator::Describe { .. }
            | Operator::Opaque { .. } => None,
        }
    }

    /// A predicate with `in (subquery)` and `toscalar` replaced by what they answer on data made for them.
    fn without_subqueries(&mut self, predicate: &Predicate) -> Predicate {
        let mut settled = predicate.clone();
        match &mut settled.kind {
            PredicateKind::And(parts) | PredicateKind::Or(parts) => {
                for part in parts {
                    *part = self.without_subqueries(part);
                }
            }
            PredicateKind::Not(part) => **part = self.without_subqueries(part),
            PredicateKind::Test(test) => {
                if let TestOp::Among { relation, case } = test.op {
                    let values = self.subquery(relation);
                    if values.is_empty() {
                        return Predicate::constant(Truth::False, settled.origins);
                    }
                    let operands =
                        values.into_iter().take(50).map(|value| Expr::literal(value, Origins::none())).collect();
                    test.op = TestOp::Equals { operands, case };
                }
                let subject = self.settled(&test.subject);
                let mut op = test.op.clone();
                for operand in op.operands_mut() {
                    *operand = self.settled(operand);
                }
                *test = Test::new(subject, op);
            }
            PredicateKind::Const(_) => {}
        }
        settled
    }

    /// An expression without `toscalar`.
    fn settled(&mut self, expr: &Expr) -> Expr {
        let mut settled = expr.clone();
        match &mut settled.kind {
            ExprKind::Scalar(relation) => {
                let value = self.subquery(*relation).into_iter().next();
                return Expr::literal(value.unwrap_or(Value::missing(expr.ty)), Origins::none());
            }
            ExprKind::Truth(predicate) => **predicate = self.without_subqueries(predicate),
            _ => {}
        }
        for operand in settled.operands_mut() {
            *operand = self.settled(operand);
        }
        settled
    }

    /// The first column of a relation, on data made so that it has a row.
    fn subquery(&mut self, relation: RelationId) -> Vec<Value> {
        if !self.subqueries.contains(&relation) {
            self.subqueries.push(relation);
            // Without a row of its own the subquery is empty, which some rules want.
            let _ = self.rows(relation, vec![Demand::default()]);
        }
        let first = self.query.relation(relation).schema.columns.first().copied();
        let Some(table) = self.answer(relation) else { return Vec::new() };
        let place =
            first.and_then(|first| table.columns.iter().position(|(name, _)| *name == self.query.column(first).name));
        table.rows.into_iter().filter_map(|row| row.into_iter().nth(place.unwrap_or(0))).collect()
    }

    /// What a relation answers on the data so far.
    fn answer(&self, relation: RelationId) -> Option<Table> {
        let mut query = self.query.clone();
        query.root = relation;
        eval::run(&query, &self.data, self.now).ok()
    }

    fn union(&mut self, inputs: &[RelationId], columns: &[UnionColumn], demands: Vec<Demand>) -> Option<()> {
        for demand in demands {
            let first = if self.attempt == 0 { 0 } else { self.chance.below(inputs.len()) };
            let mut done = None;
            for at in 0..inputs.len() {
                let leg = (first + at) % inputs.len();
                let placed = columns
                    .iter()
                    .map(|column| {
                        let known = self.query.column(column.column);
                        let value = match column.sources[leg] {
                            Some(source) => Expr::column(source, self.query.column(source).ty, Origins::none()),
                            None => Expr::literal(Value::missing(known.ty), Origins::none()),
                        };
                        (column.column, value)
                    })
                    .collect();
                let before = (self.data.clone(), self.placed.clone());
                done = self.rows(inputs[leg], vec![demand.placed(&placed)]);
                if done.is_some() {
                    break;
                }
                (self.data, self.placed) = before;
            }
            done?;
        }
        Some(())
    }

    fn join(&mut self, join: &Join, demand: Demand) -> Option<()> {
        // What the answer's columns are on each side.
        let mut of_left: BTreeMap<ColumnId, Expr> = BTreeMap::new();
        let mut of_right: BTreeMap<ColumnId, Expr> = BTreeMap::new();
        for column in &join.columns {
            if let Some(left) = column.left {
                of_left.insert(column.column, Expr::column(left, self.query.column(left).ty, Origins::none()));
            } else if let Some(right) = column.right {
                of_right.insert(column.column, Expr::column(right, self.query.column(right).ty, Origins::none()));
            }
        }
        let reads_right = |test: &Predicate| columns_of(test).iter().any(|column| of_right.contains_key(column));
        let reads_left = |test: &Predicate| columns_of(test).iter().any(|column| !of_right.contains_key(column));
        match join.kind {
            JoinKind::LeftAnti => return self.rows(join.left, vec![demand]),
            JoinKind::RightAnti => return self.rows(join.right, vec![demand]),
            JoinKind::LeftOuter if !demand.tests.iter().any(&reads_right) && self.attempt.is_multiple_of(2) => {
                return self.rows(join.left, vec![demand]);
            }
            JoinKind::LeftOuter | JoinKind::FullOuter if self.attempt % 4 == 3 => {
                // A row without a partner.
                let missing = of_right
                    .keys()
                    .map(|column| {
                        (*column, Expr::literal(Value::missing(self.query.column(*column).ty), Origins::none()))
                    })
                    .collect();
                return self.rows(join.left, vec![demand.placed(&missing).placed(&of_left)]);
            }
            _ => {}
        }
        let one_side = join.kind.side();
        let left_first = match (self.is_rigid(join.left), self.is_rigid(join.right)) {
            (true, _) => true,
            (false, true) => false,
            // A computed key is hard to aim at: that side goes first, and in some attempts the other one.
            _ => {
                let computed = |column: ColumnId| self.query.column(column).lineage.is_none();
                let right = join.keys.iter().any(|key| computed(key.right));
                let left = join.keys.iter().any(|key| computed(key.left));
                (left || !right) != (self.attempt % 4 >= 2)
            }
        };
        let left_first = left_first && one_side != Some(Side::Right) || one_side == Some(Side::Left);
        let (first, second) = if left_first { (join.left, join.right) } else { (join.right, join.left) };
        let (of_first, of_second) = if left_first { (&of_left, &of_right) } else { (&of_right, &of_left) };
        let is_of_first = |test: &Predicate| match one_side {
            Some(_) => true,
            None if left_first => !reads_right(test),
            None => !reads_left(test),
        };
        let (own, shared): (Vec<Predicate>, Vec<Predicate>) = demand.tests.into_iter().partition(is_of_first);
        let mut own = Demand { tests: own, vary: demand.vary }.placed(of_first);
        for key in &join.keys {
            let column = if left_first { key.left } else { key.right };
            let subject = Expr::column(column, self.query.column(column).ty, Origins::none());
            // Empty texts meet, but they are not what a rule is about; nulls meet nothing.
            let is_there = match key.test {
                KeyTest::Equal => Predicate::negate(
                    Predicate::test(Test::new(subject, TestOp::IsEmpty), Origins::none()),
                    Origins::none(),
                ),
                KeyTest::InIpv4Network | KeyTest::InIpv6Network => {
                    let any = std::net::Ipv4Addr::new(8, 8, 4, 0);
                    let networks = vec![Network { address: any, prefix: 24, origins: Origins::none() }];
                    Predicate::test(Test::new(subject, TestOp::InNetwork { networks }), Origins::none())
                }
            };
            own.tests.push(is_there);
        }
        self.rows(first, vec![own.clone()])?;
        // The row that was made, as the values of its columns.
        let known = self.row_of(first, &own)?;
        let mut placed = of_first
            .iter()
            .map(|(column, value)| (*column, value.placed(&known)))
            .collect::<BTreeMap<ColumnId, Expr>>();
        placed.extend(known.iter().map(|(column, value)| (*column, value.clone())));
        placed.extend(of_second.iter().map(|(column, value)| (*column, value.clone())));
        let mut tests: Vec<Predicate> = shared.iter().map(|test| test.placed(&placed)).collect();
        for key in &join.keys {
            let (mine, other) = if left_first { (key.left, key.right) } else { (key.right, key.left) };
            let value = known.get(&mine)?.clone();
            if value.as_literal().is_some_and(Value::is_null) {
                return None;
            }
            let subject = Expr::column(other, self.query.column(other).ty, Origins::none());
            let op = TestOp::Equals { operands: vec![value], case: Case::Sensitive };
            tests.push(Predicate::test(Test::new(subject, op), Origins::none()));
        }
        self.rows(second, vec![Demand { tests, vary: Vec::new() }])
    }

    /// The values of a relation's columns in the last row on which a demand holds.
    fn row_of(&self, relation: RelationId, demand: &Demand) -> Option<BTreeMap<ColumnId, Expr>> {
        let table = self.answer(relation)?;
        let columns = &self.query.relation(relation).schema.columns;
        let found = table.rows.into_iter().rev().find(|values| {
            let mut row = Row::new(self.now);
            for (column, value) in columns.iter().zip(values) {
                row.set(*column, value.clone());
            }
            demand.tests.iter().all(|test| row.truth(test) == Truth::True)
        })?;
        Some(
            columns
                .iter()
                .copied()
                .zip(found.into_iter().map(|value| Expr::literal(value, Origins::none())))
                .collect(),
        )
    }

    /// Whether a relation's rows do not depend on events.
    fn is_rigid(&self, relation: RelationId) -> bool {
        let op = &self.query.relation(relation).op;
        match op {
            Operator::Literal { .. } | Operator::Range { .. } => true,
            Operator::Table { .. } | Operator::External(_) => false,
            _ => op.inputs().into_iter().any(|input| self.is_rigid(input)),
        }
    }

    fn given_rows(&mut self, id: RelationId, input: RelationId, demands: Vec<Demand>) -> Option<()> {
        let place = self.given.iter().rposition(|frame| frame.given == id)?;
        let frame = &self.given[place];
        let Some(expansion) = frame.expansion.clone() else { return self.rows(input, demands) };
        // All rows of a pipeline are elements of one row.
        let mut whole = frame.outer.clone();
        for (at, demand) in demands.iter().enumerate() {
            let demand = demand.placed(&elements(&expansion, at));
            whole.tests.extend(demand.tests);
            whole.vary.extend(demand.vary);
        }
        self.rows(input, vec![whole])
    }

    /// The text that `parse` takes apart into what is demanded, as a test of the text.
    fn parsed(&mut self, parse: &Parse, demand: &Demand) -> Option<Demand> {
        let columns: Vec<ColumnId> = parse
            .parts
            .iter()
            .filter_map(|part| match part {
                ParsePart::Column(column) => Some(*column),
                ParsePart::Star | ParsePart::Text(_) => None,
            })
            .collect();
        let (of_parts, mut rest): (Vec<Predicate>, Vec<Predicate>) = demand
            .tests
            .iter()
            .cloned()
            .partition(|test| columns_of(test).iter().any(|column| columns.contains(column)));
        let mut values: BTreeMap<ColumnId, Value> = BTreeMap::new();
        for (at, column) in columns.iter().enumerate() {
            let ty = self.query.column(*column).ty;
            let atoms: Vec<event::Atom> = event::atoms_of(&of_parts, *column);
            let mut row = Row::new(self.now);
            let candidates = super::field::candidates(&atoms, ty, &row, self.now, self.attempt);
            let own: Vec<&Predicate> = of_parts.iter().filter(|test| columns_of(test) == [*column]).collect();
            let chosen = candidates
                .into_iter()
                .filter(|value| !scalar::text(value).is_empty())
                .find(|value| {
                    row.set(*column, value.clone());
                    own.iter().all(|test| row.truth(test) == Truth::True)
                })
                .unwrap_or_else(|| scalar::convert(&Value::String(format!("{}", at + 1)), ty));
            let varied =
                demand.vary.iter().find(|(expr, _)| expr.columns().contains(column)).map(|(_, number)| *number);
            let chosen = match (varied, &chosen) {
                (Some(number), Value::String(text)) if number > 0 => Value::String(format!("{text}{number}")),
                _ => chosen,
            };
            values.insert(*column, chosen);
        }
        let literals: BTreeMap<ColumnId, Expr> =
            values.iter().map(|(column, value)| (*column, Expr::literal(value.clone(), Origins::none()))).collect();
        rest.extend(of_parts.iter().filter(|test| columns_of(test).len() > 1).map(|test| test.placed(&literals)));
        let is_regex = matches!(parse.mode, ParseMode::Regex { .. });
        let mut pattern = String::from("(?s)^");
        for part in &parse.parts {
            match part {
                ParsePart::Star => pattern.push_str(".*"),
                ParsePart::Text(text) if is_regex => pattern.push_str(text),
                ParsePart::Text(text) => pattern.push_str(&regex::escape(text)),
                ParsePart::Column(column) => {
                    pattern.push_str(&regex::escape(&values.get(column).map_or_else(String::new, scalar::text)));
                }
            }
        }
        pattern.push('$');
        let op = TestOp::Matches { pattern: Expr::literal(Value::String(pattern), Origins::none()) };
        rest.push(Predicate::test(Test::new(parse.subject.clone(), op), Origins::none()));
        let own = |expr: &Expr| expr.columns().iter().any(|column| columns.contains(column));
        let vary = demand.vary.iter().filter(|(expr, _)| !own(expr)).cloned().collect();
        Some(Demand { tests: rest, vary })
    }

    fn external(&mut self, id: RelationId, external: &External, demands: &[Demand]) -> Option<()> {
        let columns = &self.query.relation(id).schema.columns;
        for made in event::make(self.query, id, demands, self.now, &mut self.chance, self.attempt)? {
            match external {
                External::Watchlist { alias } => {
                    let lines = self.data.lists.entry(format!("{alias}.jsonl")).or_default();
                    lines.push_str(&serde_json::Value::Object(made.event).to_string());
                    lines.push('\n');
                }
                External::Files { locations, format, skip_first } => {
                    let name = eval::list_name(locations.first()?);
                    let ending = name.rsplit_once('.').map_or("csv", |(_, ending)| ending).to_ascii_lowercase();
                    let format = format.clone().unwrap_or(ending);
                    let cell = |column: &ColumnId| match made.event.get(&self.query.column(*column).name) {
                        Some(serde_json::Value::String(text)) => text.clone(),
                        Some(other) => other.to_string(),
                        None => String::new(),
                    };
                    let cells: Vec<String> = columns.iter().map(cell).collect();
                    let text = self.data.lists.entry(name.to_owned()).or_default();
                    if text.is_empty() && *skip_first {
                        text.push_str("header\n");
                    }
                    match format.as_str() {
                        "json" | "multijson" => {
                            text.push_str(&serde_json::Value::Object(made.event.clone()).to_string())
                        }
                        "txt" | "raw" => text.push_str(cells.first()?),
                        "tsv" => text.push_str(&cells.join("\t")),
                        _ => {
                            let quoted: Vec<String> =
                                cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
                            text.push_str(&quoted.join(","));
                        }
                    }
                    text.push('\n');
                    // The other files are there, and empty.
                    for location in &locations[1..] {
                        self.data.lists.entry(eval::list_name(location).to_owned()).or_default();
                    }
                }
            }
        }
        Some(())
    }
}

/// Whether what is asked of a row has grown beyond what can be solved: a definition that names another one twice doubles
/// it at each step.
fn is_too_large(demands: &[Demand]) -> bool {
    let Some(first) = demands.iter().max_by_key(|demand| demand.tests.len()) else { return false };
    let mut nodes = 0;
    for test in &first.tests {
        test.walk_exprs(&mut |_| nodes += 1);
    }
    for (expr, _) in &first.vary {
        expr.walk(&mut |_| nodes += 1);
    }
    nodes > MOST_NODES
}

/// The columns that a predicate reads.
pub(super) fn columns_of(test: &Predicate) -> Vec<ColumnId> {
    let mut columns = Vec::new();
    test.walk_exprs(&mut |expr| {
        if let Some(path) = expr.as_path()
            && !columns.contains(&path.column)
        {
            columns.push(path.column);
        }
    });
    columns
}

fn field(path: Path) -> Expr {
    Expr { kind: ExprKind::Path(path), ty: Type::Dynamic, origins: Origins::none() }
}

/// What the columns of an expansion are for the element at a place.
fn elements(expansion: &Expansion, at: usize) -> BTreeMap<ColumnId, Expr> {
    let place = i64::try_from(at).unwrap_or(0);
    let mut placed: BTreeMap<ColumnId, Expr> = expansion
        .columns
        .iter()
        .map(|column| {
            let element = match &column.value.kind {
                ExprKind::Path(path) => {
                    let mut path = path.clone();
                    path.steps.push(Step::Index(place));
                    field(path)
                }
                // Reading JSON is what a step into a text means.
                ExprKind::Call(Function::ParseJson, inner)
                    if inner.first().is_some_and(|e| e.as_path().is_some()) =>
                {
                    let mut path = inner[0].as_path().expect("the guard looked").clone();
                    path.steps.push(Step::Index(place));
                    field(path)
                }
                _ => {
                    let index = Expr::literal(Value::Long(place), Origins::none());
                    let kind = ExprKind::Index(Box::new(column.value.clone()), Box::new(index));
                    Expr { kind, ty: Type::Dynamic, origins: Origins::none() }
                }
            };
            (column.column, element)
        })
        .collect();
    if let Some(index) = expansion.index {
        placed.insert(index, Expr::literal(Value::Long(place), Origins::none()));
    }
    placed
}

/// An event's value as text, for reasons.
pub fn shown(value: Option<&serde_json::Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| value.to_string())
}
