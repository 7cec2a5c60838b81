//! What columns are called: as written, or as KQL calls those that have no name.

use crate::ir::{self, Expr, ExprKind, RelationId};
use crate::kql::ast;

use super::Lowerer;

impl Lowerer<'_> {
    /// The name of a column: the one written, else a default.
    pub(super) fn label(&self, column: &ast::Column, value: &Expr, names: &mut Names) -> String {
        match column.names.first() {
            Some(name) => names.claim(&name.text),
            None => names.fresh(self.default_name(value, &column.value)),
        }
    }

    /// Names in an operator over the rows of a relation.
    pub(super) fn names_over(&self, input: RelationId) -> Names {
        let columns = &self.query.relation(input).schema.columns;
        Names::over(columns.iter().map(|column| self.query.column(*column).name.clone()).collect())
    }

    /// The name that KQL gives an unnamed column, if it gives one.
    ///
    /// A field keeps its name, with `_` between steps; conversions and `bin` keep that of their first argument.
    #[expect(clippy::wildcard_enum_match_arm, reason = "expressions of any other kind get no name")]
    pub(super) fn default_name(&self, value: &Expr, source: &ast::Expr) -> Option<String> {
        match &source.kind {
            ast::ExprKind::Call { name, arguments } => {
                // `bin(Day = TimeGenerated, 1d)`
                if let Some(ast::Argument { name: Some(given), .. }) = arguments.first() {
                    return Some(given.text.clone());
                }
                let first = &arguments.first()?.value;
                let inner = match (&value.kind, first_operand(value)) {
                    // What a window function yields has no name.
                    (ExprKind::Path(path), _) => return Some(self.path_name(path)).filter(|name| !name.is_empty()),
                    (_, Some(operand)) => self.default_name(operand, first),
                    (_, None) => None,
                };
                if keeps_argument_name(&name.text) {
                    inner
                } else if matches!(name.text.as_str(), "dcount_hll" | "percentile_tdigest" | "string_size" | "strlen")
                {
                    inner.map(|inner| format!("{}_{inner}", name.text))
                } else {
                    None
                }
            }
            ast::ExprKind::Name(name) => {
                Some(value.as_path().map_or_else(|| name.text.clone(), |path| self.path_name(path)))
            }
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

    pub(super) fn path_name(&self, path: &ir::Path) -> String {
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
            | "bin_auto"
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

/// Names given so far in one operator: a default name that is taken gets a number.
#[derive(Default)]
pub(super) struct Names {
    taken: Vec<String>,
    /// Names of the input's columns, which no `Column1` repeats.
    input: Vec<String>,
    numbered: usize,
}

impl Names {
    /// Names in an operator over rows with these columns.
    pub(super) fn over(input: Vec<String>) -> Names {
        Names { input, ..Names::default() }
    }

    /// Takes a name as written; it gives way to one that `*` has brought.
    pub(super) fn claim(&mut self, name: &str) -> String {
        self.fresh(Some(name.to_owned()))
    }

    /// Takes a default name: `name`, `name1`, …; without a base `Column1`, `Column2`, ….
    pub(super) fn fresh(&mut self, base: Option<String>) -> String {
        let name = match base {
            Some(base) => std::iter::once(base.clone())
                .chain((1..).map(|number: usize| format!("{base}{number}")))
                .find(|name| !self.taken.contains(name))
                .expect("numbers do not run out"),
            None => loop {
                self.numbered += 1;
                let name = format!("Column{}", self.numbered);
                if !self.taken.contains(&name) && !self.input.contains(&name) {
                    break name;
                }
            },
        };
        self.taken.push(name.clone());
        name
    }

    /// Whether a name is taken already.
    pub(super) fn is_taken(&self, name: &str) -> bool {
        self.taken.iter().any(|taken| taken == name)
    }
}
