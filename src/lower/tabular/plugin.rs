//! `evaluate`: plugins.

use std::rc::Rc;

use crate::diagnostic::Code;
use crate::ir::{
    self, Aggregate, AggregateFunction, Conflict, Dynamic, Join, JoinKey, JoinKind, KeyTest, Operator, Pivot,
    RelationId, Schema, Type, Unpack, Value,
};
use crate::kql::ast;
use crate::lower::label::Names;
use crate::lower::name::Environment;
use crate::lower::scalar::Scope;
use crate::lower::{Lowerer, Result};
use crate::span::Origins;

impl Lowerer<'_> {
    /// `evaluate`: what a plugin yields, as far as its documentation or the query itself says.
    ///
    /// <https://learn.microsoft.com/kusto/query/evaluate-operator>
    pub(super) fn evaluate(
        &mut self,
        input: Option<RelationId>,
        operator: &ast::Operator,
        call: &ast::Expr,
        declared: Option<&ast::RowType>,
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let ast::ExprKind::Call { name, arguments } = &call.kind else {
            return Ok(self.unresolved(input, operator, environment));
        };
        let first = arguments.first().map(|argument| &argument.value);
        let found = match (name.text.as_str(), first, input) {
            ("bag_unpack", Some(bag), Some(input)) => self.bag_unpack(input, bag, &arguments[1..], environment)?,
            ("pivot", Some(on), Some(input)) => self.pivot(input, on, &arguments[1..], environment)?,
            ("ipv4_lookup" | "ipv6_lookup", Some(table), Some(input)) if self.is_tabular(table, environment) => {
                let right = self.relation(table, environment)?;
                let op = self.address_lookup(input, right, name, &arguments[1..], environment)?;
                let relation = self.stage_around(&[table.span], operator, op.0, op.1);
                return Ok(relation);
            }
            _ => None,
        };
        if let Some((op, mut schema)) = found {
            if let Some(ast::RowType::Row { star, columns }) = declared {
                let columns = self.declared(columns)?;
                let kept = if *star { Schema { open: false, ..schema } } else { Schema::default() };
                schema = self.extended(kept, columns);
            }
            return Ok(self.stage(operator, op, schema));
        }
        let rows = input.map(|input| self.query.relation(input).schema.clone()).unwrap_or_default();
        let rest = match (name.text.as_str(), input) {
            ("autocluster" | "basket", Some(_)) => {
                let found = self.closed(&[("SegmentId", Type::Long), ("Count", Type::Long), ("Percent", Type::Real)]);
                self.extended(found, rows.columns.clone())
            }
            ("pivot" | "narrow" | "diffpatterns" | "diffpatterns_text" | "python" | "r", _) => {
                Schema { columns: Vec::new(), open: true }
            }
            _ => Schema { open: true, ..rows },
        };
        let schema = match declared {
            Some(ast::RowType::Row { star, columns }) => {
                let columns = self.declared(columns)?;
                let kept = if *star { Schema { open: false, ..rest } } else { Schema::default() };
                self.extended(kept, columns)
            }
            Some(ast::RowType::Scalar(_)) | None => rest,
        };
        Ok(self.unresolved_as(input, operator, schema, environment))
    }

    /// `bag_unpack(column, prefix, columnsConflict, ignoredProperties)`; none where the bag is no column.
    ///
    /// <https://learn.microsoft.com/kusto/query/bag-unpack-plugin>
    fn bag_unpack(
        &mut self,
        input: RelationId,
        bag: &ast::Expr,
        options: &[ast::Argument],
        environment: &Rc<Environment>,
    ) -> Result<Option<(Operator, Schema)>> {
        let unpacked = self.scalar(bag, &Scope::row(environment, input))?;
        let Some(path) = unpacked.as_path().filter(|path| path.steps.is_empty()) else { return Ok(None) };
        let bag = path.column;
        let mut unpack = Unpack { input, bag, prefix: String::new(), conflict: Conflict::Error, ignored: Vec::new() };
        for (place, option) in options.iter().enumerate() {
            let value = self.scalar(&option.value, &Scope::constant(environment))?;
            let name = option.name.as_ref().map(|name| name.text.as_str());
            match (name, place, value.as_literal()) {
                (Some("OutputColumnPrefix"), _, Some(Value::String(prefix)))
                | (None, 0, Some(Value::String(prefix))) => unpack.prefix.clone_from(prefix),
                (Some("columnsConflict"), _, Some(Value::String(conflict)))
                | (None, 1, Some(Value::String(conflict))) => {
                    unpack.conflict = match conflict.as_str() {
                        "replace_source" => Conflict::ReplaceSource,
                        "keep_source" => Conflict::KeepSource,
                        _ => Conflict::Error,
                    };
                }
                (Some("ignoredProperties"), _, Some(Value::Dynamic(Dynamic::Array(names))))
                | (None, 2, Some(Value::Dynamic(Dynamic::Array(names)))) => {
                    for name in names {
                        if let Dynamic::String(name) = name {
                            unpack.ignored.push(name.clone());
                        }
                    }
                }
                _ => return Ok(None),
            }
        }
        let rows = self.query.relation(input).schema.clone();
        let columns = rows.columns.into_iter().filter(|column| *column != bag).collect();
        Ok(Some((Operator::Unpack(unpack), Schema { columns, open: true })))
    }

    /// `pivot(column, aggregate, columns…)`; none where something else is passed.
    ///
    /// <https://learn.microsoft.com/kusto/query/pivot-plugin>
    fn pivot(
        &mut self,
        input: RelationId,
        on: &ast::Expr,
        rest: &[ast::Argument],
        environment: &Rc<Environment>,
    ) -> Result<Option<(Operator, Schema)>> {
        let scope = Scope::row(environment, input);
        let rows = self.query.relation(input).schema.clone();
        let on = self.scalar(on, &scope)?;
        let Some(on) = on.as_path().filter(|path| path.steps.is_empty()).map(|path| path.column) else {
            return Ok(None);
        };
        if rows.open {
            return Ok(None);
        }
        let mut keys = Vec::new();
        let mut rest = rest;
        let mut aggregate = Aggregate {
            function: AggregateFunction::Count,
            arguments: Vec::new(),
            filter: None,
            origins: Origins::none(),
        };
        if let [ast::Argument { value, .. }, others @ ..] = rest
            && matches!(value.kind, ast::ExprKind::Call { .. })
        {
            let column = ast::Column { names: Vec::new(), value: value.clone() };
            let found = self.series_aggregate(&column, input, &scope, &mut Names::default())?;
            let Some(aggregation) = found.aggregation else { return Ok(None) };
            aggregate = aggregation.aggregate;
            rest = others;
        }
        for key in rest {
            let key = self.scalar(&key.value, &scope)?;
            let Some(path) = key.as_path().filter(|path| path.steps.is_empty()) else { return Ok(None) };
            keys.push(path.column);
        }
        if rest.is_empty() {
            let mut read = vec![on];
            read.extend(aggregate.arguments.iter().flat_map(ir::Expr::columns));
            keys.extend(rows.columns.iter().copied().filter(|column| !read.contains(column)));
        }
        let schema = Schema { columns: keys.clone(), open: true };
        Ok(Some((Operator::Pivot(Pivot { input, on, aggregate, keys }), schema)))
    }

    /// `ipv4_lookup(table, address, network, keys…, return_unmatched)`: rows beside the networks that hold their address.
    ///
    /// <https://learn.microsoft.com/kusto/query/ipv4-lookup-plugin>,
    /// <https://learn.microsoft.com/kusto/query/ipv6-lookup-plugin>
    fn address_lookup(
        &mut self,
        left: RelationId,
        right: RelationId,
        name: &ast::Name,
        arguments: &[ast::Argument],
        environment: &Rc<Environment>,
    ) -> Result<(Operator, Schema)> {
        let mut columns = Vec::new();
        let mut kind = JoinKind::Inner;
        for argument in arguments {
            if argument.name.as_ref().is_some_and(|name| name.text == "return_unmatched")
                || matches!(argument.value.kind, ast::ExprKind::Literal(ast::Literal::Bool(_)))
            {
                let unmatched = self.scalar(&argument.value, &Scope::constant(environment))?;
                if unmatched.as_literal() == Some(&Value::Bool(true)) {
                    kind = JoinKind::LeftOuter;
                }
                continue;
            }
            let ast::ExprKind::Name(name) = &argument.value.kind else {
                return self.error(Code::WrongArguments, argument.value.span, "expected the name of a column");
            };
            columns.push(name);
        }
        let [address, network, others @ ..] = columns.as_slice() else {
            return self.wrong_arguments(name, "a table, an address and a network", arguments.len() + 1);
        };
        let test = if name.text == "ipv4_lookup" { KeyTest::InIpv4Network } else { KeyTest::InIpv6Network };
        let mut keys = Vec::new();
        let pairs = std::iter::once((*address, *network, test))
            .chain(others.iter().map(|name| (*name, *name, KeyTest::Equal)));
        for (left_name, right_name, test) in pairs {
            let Some(left) = self.find_column(left, &left_name.text) else {
                return self.unknown_column(left, environment, left_name);
            };
            let Some(right) = self.find_column(right, &right_name.text) else {
                return self.unknown_column(right, environment, right_name);
            };
            keys.push(JoinKey { left, right, test });
        }
        let left_out: Vec<ir::ColumnId> =
            keys.iter().filter(|key| key.test == KeyTest::Equal).map(|key| key.right).collect();
        let (mut schema, columns) = self.pairs(left, right, &left_out);
        if test == KeyTest::InIpv6Network {
            // Its answer begins with the table that is looked up, as the emulator shows.
            let own = schema.columns.len() - columns.len();
            schema.columns.rotate_left(own);
        }
        Ok((Operator::Join(Join { kind, left, right, keys, columns }), schema))
    }
}
