//! The larger operators as S-expressions.

use super::{Printer, quote};
use crate::ir::{Evaluate, Expansion, Operator, ParsePart, Scan, Series};

impl Printer<'_> {
    /// An operator of [`crate::ir::Join`] and its like.
    pub(super) fn stage(&mut self, op: &Operator) -> String {
        let name = op.name();
        let inputs: Vec<String> = op.inputs().into_iter().map(|input| self.reference(input)).collect();
        let inputs = inputs.join(" ");
        let rest = match op {
            Operator::Join(join) => {
                let mut parts = vec![join.kind.name().to_owned()];
                for key in &join.keys {
                    parts.push(format!("({:?} {} {})", key.test, self.column(key.left), self.column(key.right)));
                }
                for column in &join.columns {
                    let sides = [column.left, column.right];
                    let sides = sides.map(|side| side.map_or_else(|| "-".to_owned(), |side| self.column(side)));
                    parts.push(format!("({} {})", self.column(column.column), sides.join(" ")));
                }
                parts.join(" ")
            }
            Operator::Expand { expansion, .. } => self.expansion(expansion),
            Operator::Apply { expansion, given, .. } => {
                format!("{} (given {})", self.expansion(expansion), self.reference(*given))
            }
            Operator::Partition { by, given, .. } => {
                format!("{} (given {})", self.expr(by), self.reference(*given))
            }
            Operator::Parse(parse) => {
                let mut parts = vec![self.expr(&parse.subject), format!("{:?}", parse.mode)];
                for part in &parse.parts {
                    parts.push(match part {
                        ParsePart::Star => "*".to_owned(),
                        ParsePart::Text(text) => quote(text),
                        ParsePart::Column(column) => self.typed(*column),
                    });
                }
                parts.join(" ")
            }
            Operator::ParseKv(parse) => {
                let mut parts = vec![self.expr(&parse.subject)];
                parts.extend(parse.columns.iter().map(|column| self.typed(*column)));
                parts.push(quote(&format!(
                    "{:?} {:?} {:?} {:?} {} {:?}",
                    parse.pair_delimiter, parse.kv_delimiter, parse.quotes, parse.escape, parse.greedy, parse.regex
                )));
                parts.join(" ")
            }
            Operator::Window { columns, .. } => {
                let mut parts = Vec::new();
                for column in columns {
                    let call = self.call(column.function.name(), &column.arguments);
                    parts.push(format!("({} {call})", self.column(column.column)));
                }
                parts.join(" ")
            }
            Operator::Scan(scan) => self.scan(scan),
            Operator::Series(series) => self.series(series),
            Operator::Unpack(unpack) => format!(
                "{} {} {:?} {:?}",
                self.column(unpack.bag),
                quote(&unpack.prefix),
                unpack.conflict,
                unpack.ignored
            ),
            Operator::Pivot(pivot) => {
                let keys: Vec<String> = pivot.keys.iter().map(|key| self.column(*key)).collect();
                let aggregate = self.aggregate(&pivot.aggregate);
                format!("{} {aggregate} (by {})", self.column(pivot.on), keys.join(" "))
            }
            Operator::Evaluate(evaluate) => self.evaluate(evaluate),
            _ => String::new(),
        };
        format!("({name} {inputs} {rest})")
    }

    fn evaluate(&mut self, evaluate: &Evaluate) -> String {
        let read: Vec<String> = evaluate.read.iter().map(|column| self.column(*column)).collect();
        let constants: Vec<String> = evaluate.constants.iter().map(|constant| self.expr(constant)).collect();
        let dimensions: Vec<String> = evaluate.dimensions.iter().map(|column| self.column(*column)).collect();
        let mut parts = vec![format!("({}) ({}) (by {})", read.join(" "), constants.join(" "), dimensions.join(" "))];
        if let Some(lookup) = evaluate.plugin.lookup() {
            parts.push(self.column(lookup.shape));
            parts.extend(lookup.keeps_unmatched.then(|| "unmatched".to_owned()));
            for column in &lookup.columns {
                let source = column.right.map_or_else(|| "-".to_owned(), |source| self.column(source));
                parts.push(format!("({} {source})", self.column(column.column)));
            }
        }
        parts.join(" ")
    }

    /// A column that is told by its name in the data, with its type.
    fn typed(&mut self, column: crate::ir::ColumnId) -> String {
        let known = self.query.column(column);
        let (name, ty) = (quote(&known.name), known.ty.name());
        format!("({} {name} {ty})", self.column(column))
    }

    fn expansion(&mut self, expansion: &Expansion) -> String {
        let mut parts = Vec::new();
        for column in &expansion.columns {
            let ty = self.query.column(column.column).ty.name();
            let value = self.expr(&column.value);
            parts.push(format!("({} {ty} {value})", self.column(column.column)));
        }
        if let Some(index) = expansion.index {
            parts.push(format!("(index {})", self.column(index)));
        }
        parts.extend(expansion.limit.map(|limit| format!("(limit {limit})")));
        parts.extend(expansion.pairs.then(|| "(pairs)".to_owned()));
        parts.join(" ")
    }

    fn scan(&mut self, scan: &Scan) -> String {
        let mut parts = vec![self.assignments(&scan.declared)];
        parts.extend(scan.match_id.map(|id| self.column(id)));
        for step in &scan.steps {
            let state: Vec<String> =
                step.state.iter().map(|(mirror, of)| self.column(*mirror) + &self.column(*of)).collect();
            let predicate = self.predicate(&step.predicate);
            let assigned = self.assignments(&step.assignments);
            parts.push(format!(
                "(step {:?} {} {predicate} ({assigned}) ({}))",
                step.output,
                step.optional,
                state.join(" ")
            ));
        }
        parts.join(" ")
    }

    fn series(&mut self, series: &Series) -> String {
        let mut parts = vec![format!("(by {})", self.assignments(&series.keys))];
        for (aggregation, default) in &series.aggregates {
            let default = default.as_ref().map_or_else(|| "-".to_owned(), |default| self.expr(default));
            parts.push(format!("({} {default})", self.aggregation(aggregation)));
        }
        parts.push(self.assignments(std::slice::from_ref(&series.axis)));
        for bound in [&series.from, &series.to] {
            parts.push(bound.as_ref().map_or_else(|| "-".to_owned(), |bound| self.expr(bound)));
        }
        parts.push(self.expr(&series.step));
        parts.extend(series.closed.then(|| "(closed)".to_owned()));
        parts.join(" ")
    }
}
