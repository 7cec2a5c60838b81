//! What is computed along the order of rows: window functions, `serialize`, `scan`.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::diagnostic::Code;
use crate::ir::{
    self, Assignment, ColumnId, Expr, Operator, RelationId, Scan, ScanOutput, ScanStep, Type, Value, WindowColumn,
    WindowFunction,
};
use crate::kql::ast;
use crate::lower::name::{Binding, Environment};
use crate::lower::scalar::Scope;
use crate::lower::{Lowerer, Result};
use crate::span::Origins;

impl Lowerer<'_> {
    /// Lowers expressions that may call window functions, which become columns of a relation of their own.
    pub(super) fn windowed<T>(&mut self, lower: impl FnOnce(&mut Self) -> T) -> (T, Vec<WindowColumn>) {
        let outer = self.windows.replace(Vec::new());
        let lowered = lower(self);
        let found = std::mem::replace(&mut self.windows, outer);
        (lowered, found.unwrap_or_default())
    }

    /// The input with the columns of window functions, if there are any.
    pub(super) fn window(&mut self, input: RelationId, columns: Vec<WindowColumn>) -> RelationId {
        if columns.is_empty() {
            return input;
        }
        let mut schema = self.query.relation(input).schema.clone();
        schema.columns.extend(columns.iter().map(|column| column.column));
        let op = Operator::Window { input, columns };
        let relation = self.query.add(ir::Relation { op, schema, origins: Origins::none() });
        self.inherit_hidden(input, relation);
        relation
    }

    /// A call of a window function: the column that will hold its value.
    pub(in crate::lower) fn window_call(
        &mut self,
        function: WindowFunction,
        name: &ast::Name,
        arguments: &[ast::Argument],
        scope: &Scope,
    ) -> Result<Expr> {
        let (least, most) = function.arity();
        if !(least..=most).contains(&arguments.len()) {
            return self.wrong_arguments(name, &format!("{least} to {most} arguments"), arguments.len());
        }
        let arguments = self.arguments(arguments, scope)?;
        let ty = match function {
            WindowFunction::Next | WindowFunction::Prev => arguments[0].ty,
            WindowFunction::RowCumSum if arguments[0].ty == Type::Int => Type::Long,
            WindowFunction::RowCumSum => arguments[0].ty,
            WindowFunction::RowNumber | WindowFunction::RowRankDense | WindowFunction::RowRankMin => Type::Long,
            WindowFunction::RowWindowSession => Type::DateTime,
        };
        // No name in a query is empty.
        let column = self.query.add_column(ir::Column { name: String::new(), ty, lineage: None });
        let window = WindowColumn { column, function, arguments, origins: name.span.into() };
        self.windows.as_mut().expect("the caller looked").push(window);
        Ok(Expr::column(column, ty, Origins::none()))
    }

    /// `serialize`: the rows in a fixed order, and columns computed along it.
    ///
    /// <https://learn.microsoft.com/kusto/query/serialize-operator>
    pub(super) fn serialize(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        columns: &[ast::Column],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        self.extend(input, operator, columns, environment)
    }

    /// `scan`: the declared columns beside the input's, and with `with_match_id` which match it is.
    ///
    /// <https://learn.microsoft.com/kusto/query/scan-operator>
    pub(super) fn scan(
        &mut self,
        input: RelationId,
        operator: &ast::Operator,
        scan: &ast::OperatorKind,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let ast::OperatorKind::Scan { order, partition, declared, steps } = scan else {
            unreachable!("the caller looked")
        };
        if !order.is_empty() || !partition.is_empty() {
            return Ok(self.unresolved(Some(input), operator, environment));
        }
        let mut assigned = Vec::new();
        for parameter in declared {
            let ty = match &parameter.ty {
                ast::ParameterType::Scalar(ty) => Type::from_name(&ty.text).unwrap_or(Type::Unknown),
                ast::ParameterType::Table(_) => Type::Unknown,
            };
            let value = match &parameter.default {
                Some(default) => self.scalar(default, &Scope::constant(environment))?,
                None => Expr::literal(Value::missing(ty), Origins::none()),
            };
            assigned.push(Assignment { column: self.new_column(&parameter.name.text, ty), value });
        }
        let schema = self.query.relation(input).schema.clone();
        let mut schema = self.extended(schema, assigned.iter().map(|assignment| assignment.column));
        let row = self.query.add(ir::Relation {
            op: Operator::Given { input },
            schema: schema.clone(),
            origins: Origins::none(),
        });
        let mut bound = Rc::clone(environment);
        let mut states = Vec::new();
        for step in steps {
            let mut state = Vec::new();
            let mut names = BTreeMap::new();
            for column in &schema.columns {
                let known = self.query.column(*column).clone();
                let mirror = self.query.add_column(ir::Column { lineage: None, ..known.clone() });
                names.insert(known.name, mirror);
                state.push((mirror, *column));
            }
            bound = bound.with(&step.name, Binding::State(Rc::new(names)), step.name.span);
            states.push(state);
        }
        let scope = Scope::row(&bound, row);
        let mut lowered = Vec::with_capacity(steps.len());
        for (step, state) in steps.iter().zip(states) {
            let predicate = self.predicate(&step.predicate, &scope)?;
            let mut assignments = Vec::with_capacity(step.assignments.len());
            for assignment in &step.assignments {
                let Some(name) = assignment.names.first() else { continue };
                let declared = assigned.iter().find(|known| self.query.column(known.column).name == name.text);
                let Some(column) = declared.map(|known| known.column) else {
                    let message = format!("`{}` is not declared", name.text);
                    return self.error(Code::UnknownColumn, name.span, message);
                };
                assignments.push(Assignment { column, value: self.scalar(&assignment.value, &scope)? });
            }
            let output = match step.output.as_ref().map_or("all", |output| output.text.as_str()) {
                "last" => ScanOutput::Last,
                "none" => ScanOutput::None,
                _ => ScanOutput::All,
            };
            lowered.push(ScanStep { output, optional: step.optional, predicate, assignments, state });
        }
        let id = operator.hints.iter().find(|(name, _)| name.text == "with_match_id");
        let match_id: Option<ColumnId> = match id {
            Some((_, ast::Expr { kind: ast::ExprKind::Name(name), .. })) => {
                Some(self.new_column(&name.text, Type::Long))
            }
            _ => None,
        };
        schema = self.extended(schema, match_id);
        let op = Operator::Scan(Scan { input, declared: assigned, match_id, steps: lowered });
        let relation = self.stage(operator, op, schema);
        self.inherit_hidden(input, relation);
        Ok(relation)
    }
}
