//! Tabular operators as text.

use super::{Place, Printer, SCALAR};
use crate::kql::ast::{
    Column, Expansion, Expr, ExprKind, FindColumn, GraphDirection, GraphOutput, GraphPart, Join, Name, Operator,
    OperatorKind, ParsePart, RowType, ScanStep, SeriesRange, TopNested,
};

impl Printer {
    pub(super) fn operator(&mut self, operator: &Operator) {
        self.word(&operator.keyword.text);
        if let Some(kind) = own_kind(&operator.kind) {
            self.word(" kind=");
            self.hint_name(kind);
        }
        for (name, value) in &operator.hints {
            self.word(" ");
            self.hint(name, value);
        }
        self.operator_kind(&operator.kind);
    }

    fn operator_kind(&mut self, kind: &OperatorKind) {
        match kind {
            OperatorKind::Where(predicate) => self.columns(std::slice::from_ref(predicate)),
            OperatorKind::GraphWhere { predicate, .. } => self.spaced(predicate),
            OperatorKind::Extend(columns)
            | OperatorKind::Project(columns)
            | OperatorKind::ProjectRename(columns)
            | OperatorKind::Distinct(columns)
            | OperatorKind::Print(columns)
            | OperatorKind::Serialize(columns) => self.columns(columns),
            OperatorKind::ProjectAway(patterns)
            | OperatorKind::ProjectKeep(patterns)
            | OperatorKind::ProjectReorder(patterns) => {
                self.word(if patterns.is_empty() { "" } else { " " });
                self.list(patterns, Self::pattern);
            }
            OperatorKind::Summarize { aggregates, keys, .. } => {
                self.columns(aggregates);
                self.keys(keys);
            }
            OperatorKind::Sort(keys) => {
                self.word(" by ");
                self.list(keys, Self::sort_key);
            }
            OperatorKind::Take(count) | OperatorKind::Sample(count) => self.spaced(count),
            OperatorKind::Top { count, by } => {
                self.spaced(count);
                self.word(" by ");
                self.list(by, Self::sort_key);
            }
            OperatorKind::Count
            | OperatorKind::Consume
            | OperatorKind::GetSchema
            | OperatorKind::GraphMarkComponents => {}
            OperatorKind::CountAs(name) => {
                self.word(" as ");
                self.name(name);
            }
            OperatorKind::Union { parameters, tables } => {
                for (name, value) in parameters {
                    self.word(" ");
                    self.hint(name, value);
                }
                self.word(" ");
                self.list(tables, Self::table);
            }
            OperatorKind::As(name) => {
                self.word(" ");
                self.name(name);
            }
            OperatorKind::AssertSchema(columns) => self.schema(columns),
            OperatorKind::Datatable { columns, values } => {
                self.schema(columns);
                self.word(" [");
                self.list(values, |this, value| this.expr(value, Place::Unary));
                self.word("]");
            }
            OperatorKind::Evaluate { call, schema } => {
                self.spaced(call);
                match schema {
                    Some(RowType::Row { star, columns }) => {
                        self.word(" : (");
                        self.row(*star, columns);
                        self.word(")");
                    }
                    Some(RowType::Scalar(_)) | None => {}
                }
            }
            OperatorKind::ExternalData { columns, sources, properties } => {
                self.schema(columns);
                self.word(" [");
                self.list(sources, |this, source| this.expr(source, SCALAR));
                self.word("]");
                self.properties(properties);
            }
            OperatorKind::Facet { by, with } => {
                self.word(" by ");
                self.list(by, |this, column| this.expr(column, Place::Path));
                if let Some(with) = with {
                    self.word(" with (");
                    self.expr(with, Place::Tabular);
                    self.word(")");
                }
            }
            OperatorKind::Find { tables, predicate, project, project_smart, project_away } => {
                self.in_tables(tables);
                self.word(" where ");
                self.expr(predicate, SCALAR);
                if *project_smart {
                    self.word(" project-smart");
                }
                for (keyword, columns) in [(" project ", project), (" project-away ", project_away)] {
                    if !columns.is_empty() {
                        self.word(keyword);
                        self.list(columns, Self::find_column);
                    }
                }
            }
            OperatorKind::Fork(branches) => {
                for (name, pipeline) in branches {
                    self.word(" ");
                    if let Some(name) = name {
                        self.name(name);
                        self.word(" = ");
                    }
                    self.word("(");
                    self.expr(pipeline, Place::Tabular);
                    self.word(")");
                }
            }
            OperatorKind::GraphMatch { patterns, predicate, project, .. } => {
                self.word(" ");
                self.list(patterns, |this, parts| this.separated(parts, "", Self::graph_part));
                if let Some(predicate) = predicate {
                    self.word(" where ");
                    self.expr(predicate, SCALAR);
                }
                if !project.is_empty() {
                    self.word(" project");
                    self.columns(project);
                }
            }
            OperatorKind::GraphToTable(outputs) => {
                self.word(" ");
                self.list(outputs, Self::graph_output);
            }
            OperatorKind::Invoke(call) => self.spaced(call),
            OperatorKind::Join(join) | OperatorKind::Lookup(join) => self.join(join),
            OperatorKind::MacroExpand { group, scope, body } => {
                self.word(" ");
                self.expr(group, Place::Unary);
                if let Some(scope) = scope {
                    self.word(" as ");
                    self.name(scope);
                }
                self.word(" ( ");
                self.query(body, " ");
                self.word(" )");
            }
            OperatorKind::MakeGraph { source, directed, target, nodes, node_id, partition } => {
                self.word(" ");
                self.name(source);
                self.word(if *directed { " --> " } else { " -- " });
                self.name(target);
                if let Some(id) = node_id {
                    self.word(" with_node_id=");
                    self.name(id);
                }
                if !nodes.is_empty() {
                    self.word(" with ");
                    self.list(nodes, |this, (table, key)| {
                        this.expr(table, Place::Unary);
                        this.word(" on ");
                        this.name(key);
                    });
                }
                if let Some((by, body)) = partition {
                    self.word(" partitioned-by ");
                    self.expr(by, Place::Path);
                    self.word(" (");
                    self.expr(body, Place::Tabular);
                    self.word(")");
                }
            }
            OperatorKind::MakeSeries { aggregates, on, range, keys } => self.make_series(aggregates, on, range, keys),
            OperatorKind::MvApply { columns, limit, id, body } => {
                self.expansions(columns, limit.as_ref());
                if let Some(id) = id {
                    self.word(" id ");
                    self.expr(id, SCALAR);
                }
                self.word(" on (");
                self.expr(body, Place::Tabular);
                self.word(")");
            }
            OperatorKind::MvExpand { columns, limit } => self.expansions(columns, limit.as_ref()),
            OperatorKind::Parse { subject, parts, .. } => {
                self.spaced(subject);
                self.word(" with");
                for part in parts {
                    self.parse_part(part);
                }
            }
            OperatorKind::ParseKv { subject, columns, properties } => {
                self.spaced(subject);
                self.word(" as");
                self.schema(columns);
                self.properties(properties);
            }
            OperatorKind::Partition { by, scope, body, braces } => {
                self.word(" by ");
                self.expr(by, Place::Path);
                if let Some(scope) = scope {
                    self.word(" in ");
                    self.expr(scope, Place::Unary);
                }
                self.word(if *braces { " {" } else { " (" });
                self.expr(body, Place::Tabular);
                self.word(if *braces { "}" } else { ")" });
            }
            OperatorKind::ProjectByNames(names) => {
                self.word(if names.is_empty() { "" } else { " " });
                self.list(names, |this, name| this.expr(name, SCALAR));
            }
            OperatorKind::Range { column, from, to, step } => {
                self.word(" ");
                self.name(column);
                for (keyword, value) in [(" from", from), (" to", to), (" step", step)] {
                    self.word(keyword);
                    self.spaced(value);
                }
            }
            OperatorKind::Reduce { by, properties } => {
                self.word(" by ");
                self.column(by);
                if !properties.is_empty() {
                    self.word(" with ");
                    self.list(properties, |this, (name, value)| this.hint(name, value));
                }
            }
            OperatorKind::Render { chart, options, properties } => self.render(chart, options, properties),
            OperatorKind::SampleDistinct { count, of } => {
                self.spaced(count);
                self.word(" of ");
                self.column(of);
            }
            OperatorKind::Scan { order, partition, declared, steps } => {
                if !order.is_empty() {
                    self.word(" order by ");
                    self.list(order, Self::sort_key);
                }
                if !partition.is_empty() {
                    self.word(" partition by ");
                    self.list(partition, |this, key| this.expr(key, SCALAR));
                }
                if !declared.is_empty() {
                    self.word(" declare ");
                    self.parameters(declared);
                }
                self.word(" with (");
                self.separated(steps, " ", Self::scan_step);
                self.word(")");
            }
            OperatorKind::Search { tables, predicate } => {
                self.in_tables(tables);
                self.spaced(predicate);
            }
            OperatorKind::TopHitters { count, of, by } => {
                self.spaced(count);
                self.word(" of ");
                self.column(of);
                if let Some(by) = by {
                    self.word(" by ");
                    self.column(by);
                }
            }
            OperatorKind::TopNested(levels) => self.separated(levels, ", top-nested", Self::top_nested),
            OperatorKind::Other { text } => {
                self.word(if text.is_empty() { "" } else { " " });
                self.word(text);
            }
        }
    }

    fn spaced(&mut self, expr: &Expr) {
        self.word(" ");
        self.expr(expr, SCALAR);
    }

    fn columns(&mut self, columns: &[Column]) {
        self.word(if columns.is_empty() { "" } else { " " });
        self.list(columns, Self::column);
    }

    fn keys(&mut self, keys: &[Column]) {
        if !keys.is_empty() {
            self.word(" by");
            self.columns(keys);
        }
    }

    fn schema(&mut self, columns: &[(Name, Name)]) {
        self.word(" (");
        self.list(columns, Self::typed_name);
        self.word(")");
    }

    pub(super) fn properties(&mut self, properties: &[(Name, Expr)]) {
        if !properties.is_empty() {
            self.word(" with (");
            self.list(properties, |this, (name, value)| this.hint(name, value));
            self.word(")");
        }
    }

    fn hint(&mut self, name: &Name, value: &Expr) {
        self.word(&name.text);
        self.word("=");
        self.hint_value(value);
    }

    fn hint_value(&mut self, value: &Expr) {
        match &value.kind {
            ExprKind::Name(name) => self.hint_name(name),
            _ => self.expr(value, Place::Unary),
        }
    }

    /// A word in place of a value: keywords are not told apart there.
    fn hint_name(&mut self, name: &Name) {
        let is_word = name
            .text
            .bytes()
            .enumerate()
            .all(|(at, byte)| byte.is_ascii_alphabetic() || byte == b'_' || at > 0 && byte.is_ascii_digit());
        let is_bool = name.text.eq_ignore_ascii_case("true") || name.text.eq_ignore_ascii_case("false");
        if is_word && !is_bool && !name.text.is_empty() {
            self.word(&name.text);
        } else {
            self.name(name);
        }
    }

    fn in_tables(&mut self, tables: &[Expr]) {
        if !tables.is_empty() {
            self.word(" in (");
            self.list(tables, Self::table);
            self.word(")");
        }
    }

    fn find_column(&mut self, column: &FindColumn) {
        match column {
            FindColumn::Star(_) => self.word("*"),
            FindColumn::Pack(_) => self.word("pack(*)"),
            FindColumn::Column { name, ty } => {
                self.name(name);
                if let Some(ty) = ty {
                    self.word(": ");
                    self.word(&ty.text);
                }
            }
        }
    }

    fn graph_part(&mut self, part: &GraphPart) {
        match part {
            GraphPart::Node { name, .. } => {
                self.word("(");
                if let Some(name) = name {
                    self.name(name);
                }
                self.word(")");
            }
            GraphPart::Edge { direction, brackets, name, range, .. } => {
                self.word(if *direction == GraphDirection::Left { "<-" } else { "-" });
                if *brackets {
                    self.word("[");
                    if let Some(name) = name {
                        self.name(name);
                    }
                    if let Some((low, high)) = range {
                        self.word("*");
                        self.expr(low, Place::Unary);
                        self.word(" .. ");
                        self.expr(high, Place::Unary);
                    }
                    self.word("]");
                }
                self.word(if *direction == GraphDirection::Right { "->" } else { "-" });
            }
        }
    }

    fn graph_output(&mut self, output: &GraphOutput) {
        self.word(if output.edges { "edges" } else { "nodes" });
        if let Some(name) = &output.name {
            self.word(" as ");
            self.name(name);
        }
        for (name, value) in &output.parameters {
            self.word(" ");
            self.hint(name, value);
        }
    }

    fn join(&mut self, join: &Join) {
        self.word(" ");
        // A table stands alone, what is more stands in parentheses.
        self.expr(&join.right, Place::Path);
        if !join.on.is_empty() {
            self.word(" on ");
            self.list(&join.on, |this, key| this.expr(key, SCALAR));
        }
        if let Some(predicate) = &join.predicate {
            self.word(" where ");
            self.expr(predicate, SCALAR);
        }
    }

    fn make_series(
        &mut self,
        aggregates: &[(Column, Option<Expr>)],
        on: &Column,
        range: &SeriesRange,
        keys: &[Column],
    ) {
        self.word(" ");
        self.list(aggregates, |this, (column, default)| {
            this.column(column);
            if let Some(default) = default {
                this.word(" default=");
                this.expr(default, SCALAR);
            }
        });
        self.word(" on ");
        self.column(on);
        match range {
            SeriesRange::Steps { from, to, step } => {
                for (keyword, value) in [(" from", from.as_ref()), (" to", to.as_ref()), (" step", Some(step))] {
                    if let Some(value) = value {
                        self.word(keyword);
                        self.spaced(value);
                    }
                }
            }
            SeriesRange::In(values) => {
                self.word(" in range(");
                self.list(values, |this, value| this.expr(value, SCALAR));
                self.word(")");
            }
        }
        self.keys(keys);
    }

    fn expansions(&mut self, columns: &[Expansion], limit: Option<&Expr>) {
        self.word(" ");
        self.list(columns, |this, expansion| {
            if let Some(column) = &expansion.column {
                this.column(column);
            }
            if let Some(ty) = &expansion.ty {
                this.word(if expansion.column.is_some() { " to " } else { "to " });
                this.type_of(ty);
            }
        });
        if let Some(limit) = limit {
            self.word(" limit");
            self.spaced(limit);
        }
    }

    fn parse_part(&mut self, part: &ParsePart) {
        self.word(" ");
        match part {
            ParsePart::Star(_) => self.word("*"),
            ParsePart::Text { text, .. } => self.string(text, true),
            ParsePart::Column { name, ty } => {
                self.name(name);
                if let Some(ty) = ty {
                    self.word(": ");
                    self.word(&ty.text);
                }
            }
        }
    }

    fn render(&mut self, chart: &Name, options: &[(Name, Vec<Expr>)], properties: &[(Name, Vec<Expr>)]) {
        self.word(" ");
        self.word(&chart.text);
        for (name, values) in options {
            self.word(" ");
            self.word(&name.text);
            self.word(if name.text == "by" { " " } else { "=" });
            self.list(values, Self::hint_value);
        }
        if !properties.is_empty() {
            self.word(" with (");
            self.list(properties, |this, (name, values)| {
                this.word(&name.text);
                this.word("=");
                this.list(values, Self::hint_value);
            });
            self.word(")");
        }
    }

    fn scan_step(&mut self, step: &ScanStep) {
        self.word("step ");
        self.name(&step.name);
        if step.optional {
            self.word(" optional");
        }
        if let Some(output) = &step.output {
            self.word(" output=");
            self.word(&output.text);
        }
        self.word(": ");
        self.expr(&step.predicate, SCALAR);
        if !step.assignments.is_empty() {
            self.word(" =>");
            self.columns(&step.assignments);
        }
        self.word(";");
    }

    fn top_nested(&mut self, level: &TopNested) {
        if let Some(count) = &level.count {
            self.spaced(count);
        }
        self.word(" of ");
        self.column(&level.of);
        if let Some(others) = &level.others {
            self.word(" with others=");
            self.expr(others, SCALAR);
        }
        self.word(" by ");
        self.sort_key(&level.by);
    }
}

/// The parameter `kind` that a node keeps apart from the hints.
fn own_kind(kind: &OperatorKind) -> Option<&Name> {
    match kind {
        OperatorKind::Join(join) | OperatorKind::Lookup(join) => join.kind.as_ref(),
        OperatorKind::Parse { kind, .. } => kind.as_ref(),
        _ => None,
    }
}
