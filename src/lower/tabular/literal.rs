//! Operators that make rows of their own: `datatable`, `print`, `range`, `externaldata`.

use std::rc::Rc;

use crate::diagnostic::Code;
use crate::ir::{self, Operator, RelationId, Schema, Type, Value};
use crate::kql::ast;
use crate::lower::name::Environment;
use crate::lower::scalar::Scope;
use crate::lower::{Lowerer, Result};
use crate::span::Origins;

impl Lowerer<'_> {
    /// `datatable`: constant rows of declared columns.
    ///
    /// <https://learn.microsoft.com/kusto/query/datatable-operator>
    pub(super) fn datatable(
        &mut self,
        operator: &ast::Operator,
        columns: &[(ast::Name, ast::Name)],
        values: &[ast::Expr],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let schema = Schema { columns: self.declared(columns)?, open: false };
        let types: Vec<Type> = schema.columns.iter().map(|column| self.query.column(*column).ty).collect();
        if types.is_empty() || !values.len().is_multiple_of(types.len()) {
            let message = format!("the values do not fill rows of {} columns", types.len());
            return self.error(Code::WrongArguments, operator.keyword.span, message);
        }
        let scope = Scope::constant(environment);
        let mut rows = Vec::with_capacity(values.len() / types.len());
        let mut row = Vec::with_capacity(types.len());
        for (position, value) in values.iter().enumerate() {
            let ty = types[position % types.len()];
            let lowered = self.scalar(value, &scope)?;
            let constant = lowered.as_literal().and_then(|constant| crate::lower::constant::as_type(constant, ty));
            let Some(constant) = constant else {
                let message = format!("expected a constant of type {}", ty.name());
                return self.error(Code::WrongType, value.span, message);
            };
            row.push(constant);
            if row.len() == types.len() {
                rows.push(std::mem::take(&mut row));
            }
        }
        let origins = self.leaves_in(operator.span);
        Ok(self.query.add(ir::Relation { op: Operator::Literal { rows }, schema, origins }))
    }

    /// `print`: one row of computed columns, called `print_0`, `print_1`, … where they have no name.
    ///
    /// <https://learn.microsoft.com/kusto/query/print-operator>
    pub(super) fn print(
        &mut self,
        operator: &ast::Operator,
        columns: &[ast::Column],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let op = Operator::Literal { rows: vec![Vec::new()] };
        let row = self.query.add(ir::Relation { op, schema: Schema::default(), origins: Origins::none() });
        let named: Vec<ast::Column> = columns
            .iter()
            .enumerate()
            .map(|(position, column)| {
                let mut column = column.clone();
                if column.names.is_empty() && !super::project::yields_several(&column) {
                    let text = format!("print_{position}");
                    column.names.push(ast::Name { text, span: column.value.span });
                }
                column
            })
            .collect();
        self.project(row, operator, &named, environment)
    }

    /// `range`: one column that runs from one value to another.
    ///
    /// <https://learn.microsoft.com/kusto/query/range-operator>
    pub(super) fn range(
        &mut self,
        operator: &ast::Operator,
        column: &ast::Name,
        bounds: [&ast::Expr; 3],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let scope = Scope::constant(environment);
        let bounds = bounds.map(|bound| self.scalar(bound, &scope));
        let arguments = bounds.into_iter().collect::<Result<Vec<ir::Expr>>>()?;
        let [from, to, step] = <[ir::Expr; 3]>::try_from(arguments).expect("there are three bounds");
        let ty = match (from.ty, step.ty) {
            // The widest number, as in arithmetic.
            (from, step) if from.is_number() && step.is_number() => from.max(step),
            (from, _) => from,
        };
        let schema = self.closed(&[(&column.text, ty)]);
        Ok(self.stage(operator, Operator::Range { from, to, step }, schema))
    }

    /// `externaldata`: the declared columns of a file that lies elsewhere.
    ///
    /// <https://learn.microsoft.com/kusto/query/externaldata-operator>
    pub(super) fn external_data(
        &mut self,
        operator: &ast::Operator,
        columns: &[(ast::Name, ast::Name)],
        sources: &[ast::Expr],
        properties: &[(ast::Name, ast::Expr)],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let schema = Schema { columns: self.declared(columns)?, open: false };
        let scope = Scope::constant(environment);
        let mut locations = Vec::new();
        for source in sources {
            let source = self.scalar(source, &scope)?;
            match source.as_text() {
                Some(location) => locations.push(location.to_owned()),
                None => return Ok(self.opaque(operator, Vec::new(), vec![source], schema)),
            }
        }
        let mut property = |name: &str| -> Result<Option<Value>> {
            let Some((_, value)) = properties.iter().find(|(other, _)| other.text.eq_ignore_ascii_case(name)) else {
                return Ok(None);
            };
            #[expect(clippy::wildcard_enum_match_arm, reason = "a bare word is a name")]
            match &value.kind {
                ast::ExprKind::Name(word) => Ok(Some(Value::String(word.text.clone()))),
                _ => Ok(self.scalar(value, &scope)?.as_literal().cloned()),
            }
        };
        let format = property("format")?.as_ref().and_then(Value::as_str).map(str::to_ascii_lowercase);
        let skip_first = match property("ignoreFirstRecord")? {
            Some(Value::Bool(skip)) => skip,
            Some(Value::String(skip)) => skip.eq_ignore_ascii_case("true"),
            _ => false,
        };
        let op = Operator::External(ir::External::Files { locations, format, skip_first });
        Ok(self.stage(operator, op, schema))
    }

    /// `_GetWatchlist(alias)`: text columns that the list alone knows, beside those that every watchlist has.
    ///
    /// <https://learn.microsoft.com/azure/sentinel/watchlists-queries>
    pub(super) fn watchlist(&mut self, alias: String, call: &ast::Expr) -> RelationId {
        let columns = [
            ("_DTItemId", Type::String),
            ("LastUpdatedTimeUTC", Type::DateTime),
            ("SearchKey", Type::String),
            ("WatchlistItem", Type::Dynamic),
        ];
        let schema = Schema { open: true, ..self.closed(&columns) };
        let op = Operator::External(ir::External::Watchlist { alias });
        self.query.add(ir::Relation { op, schema, origins: self.leaves_in(call.span) })
    }
}
