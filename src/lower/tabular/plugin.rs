//! `evaluate`: plugins.

use std::rc::Rc;

use crate::diagnostic::Code;
use crate::ir::{
    self, Aggregate, AggregateFunction, ColumnId, Conflict, Dynamic, Evaluate, GeoLookup, Join, JoinKey, JoinKind,
    KeyTest, Operator, Pivot, Plugin, RelationId, Schema, Type, Unpack, Value,
};
use crate::kql::ast;
use crate::lower::label::Names;
use crate::lower::name::Environment;
use crate::lower::scalar::Scope;
use crate::lower::{Lowerer, Result};
use crate::span::Origins;

/// The columns that a plugin reads, its constants, and its dimensions.
type PluginArguments = (Vec<ColumnId>, Vec<ir::Expr>, Vec<ColumnId>);

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
            ("geo_line_lookup" | "geo_polygon_lookup", Some(table), Some(input))
                if self.is_tabular(table, environment) =>
            {
                let right = self.relation(table, environment)?;
                if let Some((op, schema)) = self.geo_lookup(input, right, &name.text, &arguments[1..], environment)? {
                    return Ok(self.stage_around(&[table.span], operator, op, schema));
                }
                None
            }
            ("dcount_intersect", Some(_), Some(input)) => self.dcount_intersect(input, arguments, environment)?,
            ("schema_merge", _, Some(input)) => self.schema_merge(input, arguments, environment)?,
            ("rolling_percentile", Some(_), Some(input)) => self.rolling_percentile(input, arguments, environment)?,
            (other, _, Some(input)) => match timeline_plugin(other) {
                Some((plugin, constants, columns)) => {
                    self.timeline_plugin(input, plugin, constants, columns, arguments, environment)?
                }
                None => None,
            },
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

    /// The columns and then the constants that a plugin is told, and behind them columns again, its dimensions; none
    /// where something else is passed. `pattern` has a letter for each: `c` a column, `k` a constant.
    fn plugin_arguments(
        &mut self,
        input: RelationId,
        pattern: &str,
        arguments: &[ast::Argument],
        environment: &Rc<Environment>,
    ) -> Result<Option<PluginArguments>> {
        if arguments.len() < pattern.len() || arguments.iter().any(|argument| argument.name.is_some()) {
            return Ok(None);
        }
        let (mut read, mut constants, mut dimensions) = (Vec::new(), Vec::new(), Vec::new());
        let kinds = pattern.chars().chain(std::iter::repeat('d'));
        for (argument, kind) in arguments.iter().zip(kinds) {
            if kind == 'k' {
                constants.push(self.scalar(&argument.value, &Scope::constant(environment))?);
                continue;
            }
            let column = self.scalar(&argument.value, &Scope::row(environment, input))?;
            let Some(path) = column.as_path().filter(|path| path.steps.is_empty()) else { return Ok(None) };
            if kind == 'c' { read.push(path.column) } else { dimensions.push(path.column) }
        }
        Ok(Some((read, constants, dimensions)))
    }

    /// A plugin along a timeline: the start of each window, the dimensions, and what is computed.
    ///
    /// Windows named by `week`, `month` or `year` are left to the engine.
    fn timeline_plugin(
        &mut self,
        input: RelationId,
        plugin: Plugin,
        constants: &str,
        columns: &[&str],
        arguments: &[ast::Argument],
        environment: &Rc<Environment>,
    ) -> Result<Option<(Operator, Schema)>> {
        let pattern = format!("cc{constants}");
        let Some((read, constants, dimensions)) = self.plugin_arguments(input, &pattern, arguments, environment)?
        else {
            return Ok(None);
        };
        let ty = self.query.column(read[1]).ty;
        if !is_timeline(ty) || !constants.iter().all(|constant| is_timeline(constant.ty)) {
            return Ok(None);
        }
        let name = self.query.column(read[1]).name.clone();
        let mut schema = vec![self.new_column(&name, ty)];
        schema.extend(&dimensions);
        schema.extend(columns.iter().map(|name| self.new_column(name, Type::Long)).collect::<Vec<_>>());
        let op = Operator::Evaluate(Evaluate { input, plugin, read, constants, dimensions });
        Ok(Some((op, Schema { columns: schema, open: false })))
    }

    /// `rolling_percentile(value, percentile, index, bin size, bins per window, dimensions…)`
    ///
    /// <https://learn.microsoft.com/kusto/query/rolling-percentile-plugin>
    fn rolling_percentile(
        &mut self,
        input: RelationId,
        arguments: &[ast::Argument],
        environment: &Rc<Environment>,
    ) -> Result<Option<(Operator, Schema)>> {
        let Some((read, constants, dimensions)) = self.plugin_arguments(input, "ckckk", arguments, environment)?
        else {
            return Ok(None);
        };
        let (value, index) = (self.query.column(read[0]).clone(), self.query.column(read[1]).clone());
        let share = match constants[0].as_literal() {
            Some(Value::Long(share)) => share.to_string(),
            Some(Value::Real(share)) => share.to_string(),
            _ => return Ok(None),
        };
        let Some(Value::Long(bins)) = constants[2].as_literal() else { return Ok(None) };
        if !is_timeline(index.ty) || !is_timeline(constants[1].ty) {
            return Ok(None);
        }
        let name = format!("rolling_{bins}_percentile_{}_{share}", value.name);
        let mut columns = vec![self.new_column(&index.name, index.ty)];
        columns.extend(&dimensions);
        columns.push(self.new_column(&name, value.ty));
        let op =
            Operator::Evaluate(Evaluate { input, plugin: Plugin::RollingPercentile, read, constants, dimensions });
        Ok(Some((op, Schema { columns, open: false })))
    }

    /// `dcount_intersect(state, …)`: `s0`, `s1` and so on behind the input's columns.
    ///
    /// <https://learn.microsoft.com/kusto/query/dcount-intersect-plugin>
    fn dcount_intersect(
        &mut self,
        input: RelationId,
        arguments: &[ast::Argument],
        environment: &Rc<Environment>,
    ) -> Result<Option<(Operator, Schema)>> {
        let pattern = "c".repeat(arguments.len());
        let Some((read, constants, dimensions)) = self.plugin_arguments(input, &pattern, arguments, environment)?
        else {
            return Ok(None);
        };
        let mut schema = self.query.relation(input).schema.clone();
        let names: Vec<String> = (0..read.len()).map(|place| format!("s{place}")).collect();
        if schema.columns.iter().any(|column| names.contains(&self.query.column(*column).name)) {
            return Ok(None);
        }
        schema.columns.extend(names.iter().map(|name| self.new_column(name, Type::Long)).collect::<Vec<_>>());
        let plugin = Plugin::DcountIntersect;
        Ok(Some((Operator::Evaluate(Evaluate { input, plugin, read, constants, dimensions }), schema)))
    }

    /// `schema_merge()`; where the order of columns need not be kept, what becomes of it is not documented.
    ///
    /// <https://learn.microsoft.com/kusto/query/schema-merge-plugin>
    fn schema_merge(
        &mut self,
        input: RelationId,
        arguments: &[ast::Argument],
        environment: &Rc<Environment>,
    ) -> Result<Option<(Operator, Schema)>> {
        for argument in arguments {
            let keeps_order = self.scalar(&argument.value, &Scope::constant(environment))?;
            if keeps_order.as_literal() != Some(&Value::Bool(true)) {
                return Ok(None);
            }
        }
        let columns = [
            ("ColumnName", Type::String),
            ("ColumnOrdinal", Type::Long),
            ("DataType", Type::String),
            ("ColumnType", Type::String),
        ];
        let mut read = Vec::new();
        for (name, ty) in columns {
            match self.find_column(input, name) {
                Some(column) if self.query.column(column).ty == ty => read.push(column),
                _ => return Ok(None),
            }
        }
        let schema = self.closed(&columns);
        let (plugin, constants, dimensions) = (Plugin::SchemaMerge, Vec::new(), Vec::new());
        Ok(Some((Operator::Evaluate(Evaluate { input, plugin, read, constants, dimensions }), schema)))
    }

    /// `geo_polygon_lookup(table, shape, longitude, latitude, radius = …, return_unmatched = …,
    /// return_lookup_key = …)`; the radius of lines is told by place. None where something else is passed.
    ///
    /// The page names the shape last, the engine takes it first.
    ///
    /// <https://learn.microsoft.com/kusto/query/geo-line-lookup-plugin>,
    /// <https://learn.microsoft.com/kusto/query/geo-polygon-lookup-plugin>
    fn geo_lookup(
        &mut self,
        input: RelationId,
        table: RelationId,
        name: &str,
        arguments: &[ast::Argument],
        environment: &Rc<Environment>,
    ) -> Result<Option<(Operator, Schema)>> {
        let [shape, longitude, latitude, options @ ..] = arguments else { return Ok(None) };
        let ast::ExprKind::Name(shape) = &shape.value.kind else { return Ok(None) };
        let places = [longitude.clone(), latitude.clone()];
        let schema = &self.query.relation(table).schema;
        let known = schema.columns.iter().any(|column| self.query.column(*column).name == shape.text);
        if schema.open || !known {
            return Ok(None);
        }
        let Some(shape) = self.find_column(table, &shape.text) else { return Ok(None) };
        let Some((read, _, dimensions)) = self.plugin_arguments(input, "cc", &places, environment)? else {
            return Ok(None);
        };
        let (mut keeps_unmatched, mut keeps_key, mut constants) = (false, false, Vec::new());
        for option in options {
            let value = self.scalar(&option.value, &Scope::constant(environment))?;
            let truth = value.as_literal() == Some(&Value::Bool(true));
            match option.name.as_ref().map(|name| name.text.as_str()) {
                Some("return_unmatched") => keeps_unmatched = truth,
                Some("return_lookup_key") => keeps_key = truth,
                // How the engine finds its matches.
                Some("join_hint") => {}
                Some("radius") if constants.is_empty() => constants.push(value),
                None if constants.is_empty() && name == "geo_line_lookup" => constants.push(value),
                Some(_) | None => return Ok(None),
            }
        }
        if name == "geo_line_lookup" && constants.is_empty() {
            return Ok(None);
        }
        let left_out: Vec<ColumnId> = if keeps_key { Vec::new() } else { vec![shape] };
        let (schema, columns) = self.pairs(input, table, &left_out);
        let lookup = GeoLookup { table, shape, columns, keeps_unmatched };
        let plugin =
            if name == "geo_line_lookup" { Plugin::GeoLineLookup(lookup) } else { Plugin::GeoPolygonLookup(lookup) };
        Ok(Some((Operator::Evaluate(Evaluate { input, plugin, read, constants, dimensions }), schema)))
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

/// The plugin of this name that takes an id, a timeline, constants and dimensions: with its constants, and the columns
/// that it computes.
///
/// <https://learn.microsoft.com/kusto/query/active-users-count-plugin>,
/// <https://learn.microsoft.com/kusto/query/activity-counts-metrics-plugin>,
/// <https://learn.microsoft.com/kusto/query/sliding-window-counts-plugin>
fn timeline_plugin(name: &str) -> Option<(Plugin, &'static str, &'static [&'static str])> {
    Some(match name {
        // The page calls its column `dcount_values`, the engine `dcount`.
        "active_users_count" => (Plugin::ActiveUsersCount, "kkkkkk", &["dcount"]),
        "activity_counts_metrics" => {
            (Plugin::ActivityCountsMetrics, "kkk", &["count", "dcount", "new_dcount", "aggregated_dcount"])
        }
        "sliding_window_counts" => (Plugin::SlidingWindowCounts, "kkkk", &["Count", "Dcount"]),
        _ => return None,
    })
}

/// Whether values of the type are places on a timeline, or distances between them, without fractions.
fn is_timeline(ty: Type) -> bool {
    matches!(ty, Type::DateTime | Type::TimeSpan | Type::Long | Type::Int)
}
