//! Elastic's ES|QL: one pipeline over indices, with the time range in its text.
//!
//! A union reads all its indices at once and asks of each event which source it is from, so an event that two parts
//! of a union over one table keep is there once. The answer is cut at 10,000 rows, the product's own limit.
//! <https://www.elastic.co/docs/reference/query-languages/esql>

use serde::Serialize;

use crate::crosswalk::{Source, Vocabulary};
use crate::diagnostic::Code;
use crate::fidelity::{AssumptionKind, Cause, Confidence, Findings, Match, Note, Output, Refusal};
use crate::ir::{Aggregation, Detection, Expr, Trigger, TriggerOperator};
use crate::shape::Window;
use crate::span::Origins;
use crate::template::{TemplateError, Text};

use super::names::{FieldRef, Names};
use super::pipeline::{self, Aggregated, Language, Leaf, LegProgram, Operand, Program, Scope, Step};
use super::{Answer, Backend, ELASTIC_PROFILES, Emission, Literal, Options, Target, Tree, events};

mod aggregate;
mod quote;
mod test;
mod value;

/// Field types that cannot be asked.
const LIMITATIONS: &str = "https://www.elastic.co/docs/reference/query-languages/esql/limitations";
/// A field that no index has ever held is an error of the whole query.
const MAPPED: &str = "every field that the query names is mapped in an index that it reads";
/// Regular expressions.
const RLIKE: &str =
    "https://www.elastic.co/docs/reference/query-languages/esql/functions-operators/operators#esql-rlike";
/// Aggregates.
const AGGREGATES: &str =
    "https://www.elastic.co/docs/reference/query-languages/esql/functions-operators/aggregation-functions";
/// Rows that an answer can have at most.
const MOST_ROWS: u64 = 10_000;
/// What tells one event from another.
const METADATA: &str = "_id, _index, _version";

/// The back end.
#[derive(Debug)]
pub struct EsqlBackend;

static TARGET: Target =
    Target { name: "esql", title: "Elastic ES|QL", extension: "esql", profiles: ELASTIC_PROFILES };

/// Elastic's language.
struct Esql;

impl Language for Esql {
    fn column(&self, name: &str) -> Option<String> {
        quote::name(name)
    }

    fn field(&self, field: &FieldRef) -> Result<String, Cause> {
        value::field(&field.name, field.kind)
    }

    fn joined(&self, before: &str, separator: char, behind: &str) -> Option<String> {
        let (before, behind) = (quote::name(before)?, quote::name(behind)?);
        let separator = quote::raw(&separator.to_string());
        Some(format!(
            "CASE({before} IS NULL AND {behind} IS NULL, \"\", CONCAT(COALESCE({before}, \"\"), {separator}, \
             COALESCE({behind}, \"\")))"
        ))
    }

    fn value(&self, scope: Scope, expr: &Expr, findings: &mut Findings) -> Result<Operand, Refusal> {
        value::value(scope, expr, findings)
    }

    fn stored(&self, operand: Operand) -> Result<Operand, Refusal> {
        let origins = operand.text.pieces().iter().fold(Origins::none(), |all, piece| all.and(&piece.origins));
        value::stored(operand).ok_or_else(|| {
            let span = origins.hull().unwrap_or_default();
            Refusal::new(Code::ValueChanged, Cause::NoMapping, span, "the field holds the value in another form")
        })
    }

    fn test(&self, scope: Scope, literal: &Literal) -> Result<Answer<Leaf>, Refusal> {
        test::test(scope, literal)
    }

    fn aggregate(&self, scope: Scope, aggregation: &Aggregation) -> Vec<Result<Aggregated, Refusal>> {
        aggregate::aggregate(scope, aggregation)
    }

    fn dates_are_numbers(&self) -> bool {
        false
    }

    fn groups_missing(&self) -> bool {
        true
    }
}

/// The artifact.
#[derive(Serialize)]
struct View {
    head: Vec<String>,
    indices: Text,
    metadata: Option<&'static str>,
    condition: Text,
    assign: Option<Text>,
    stages: Vec<StageView>,
    limit: Option<u64>,
}

/// A stage: one of these.
#[derive(Serialize, Default)]
struct StageView {
    #[serde(rename = "where")]
    condition: Option<Text>,
    assign: Option<Text>,
    aggregates: Option<Text>,
    keys: Option<Text>,
    sort: Option<Text>,
    limit: Option<Text>,
    keep: Option<Text>,
    rows: Option<Rows>,
}

/// A comparison with the number of rows.
#[derive(Serialize)]
struct Rows {
    name: &'static str,
    condition: String,
}

impl Backend for EsqlBackend {
    fn target(&self) -> &'static Target {
        &TARGET
    }

    fn emit(&self, detection: &Detection, options: &Options) -> Result<Emission, TemplateError> {
        let shape = match events::shape(detection, options) {
            Ok(shape) => shape,
            Err(refusal) => {
                let mut findings = Findings::default();
                findings.notes.insert(refusal.note);
                return Ok(Emission { artifact: None, findings, elided: Vec::new() });
            }
        };
        let vocabulary = TARGET.vocabulary(options.profile).unwrap_or(Vocabulary::Elastic);
        let names = Names::new(&detection.query, options, vocabulary);
        let mut program = match pipeline::program(&Esql, detection, &shape, names) {
            Ok(program) => program,
            Err(known) => return Ok(Emission { artifact: None, findings: known.0, elided: known.1 }),
        };
        match view(&mut program, options) {
            Ok(mut view) => {
                program.findings.assume(AssumptionKind::Setting, Confidence::High, MAPPED);
                view.head = events::head(detection, &program.findings);
                let artifact = options.templates.render("esql/query.esql.j2", &view)?;
                Ok(Emission { artifact: Some(artifact), findings: program.findings, elided: program.elided })
            }
            Err(note) => {
                program.findings.notes.insert(note);
                Ok(Emission { artifact: None, findings: program.findings, elided: program.elided })
            }
        }
    }
}

fn view(program: &mut Program, options: &Options) -> Result<View, Note> {
    let several = program.legs.len() > 1;
    if several {
        repeated(program);
    }
    let mut indices: Vec<(String, Origins)> = Vec::new();
    let mut conditions = Vec::with_capacity(program.legs.len());
    for leg in &program.legs {
        let patterns = patterns(leg, options);
        for pattern in &patterns {
            let pattern = quote::index(pattern);
            match indices.iter_mut().find(|known| known.0 == pattern) {
                Some(known) => known.1.extend(&leg.origins),
                None => indices.push((pattern, leg.origins.clone())),
            }
        }
        conditions.push(leg_condition(leg, &patterns, several));
    }
    let by_index = conditions.iter().any(|text| text.plain().contains("_index LIKE "));
    let union = Text::piece(if several { "\n   OR " } else { " " }, program.union.clone());
    let condition = Text::join(conditions, &union);
    let assign = columns(program)?;
    let ends_limited = match program.stages.as_slice() {
        [.., Step::Head(_)] | [.., Step::Head(_), Step::Keep(_)] | [.., Step::Trigger(_)] => true,
        [.., Step::Group { keys, .. }] => keys.is_empty(),
        _ => false,
    };
    let trigger = matches!(program.stages.last(), Some(Step::Trigger(_)));
    if trigger {
        // The answer is the number of rows.
        program.findings.output.extend([Output::Columns, Output::Multiplicity]);
    }
    let events = program.events;
    if events && program.stages.iter().any(|step| matches!(step, Step::Keep(_))) {
        // What tells events apart is kept besides.
        program.findings.output.insert(Output::Columns);
    }
    let stages = std::mem::take(&mut program.stages);
    Ok(View {
        head: Vec::new(),
        indices: Text::join(
            indices.into_iter().map(|(pattern, origins)| Text::piece(pattern, origins)),
            &Text::glue(", "),
        ),
        metadata: if events { Some(METADATA) } else { by_index.then_some("_index") },
        condition,
        assign,
        stages: stages.into_iter().map(|step| stage(step, events)).collect(),
        limit: (!ends_limited).then_some(MOST_ROWS),
    })
}

/// Parts of a union over one table may keep the same event, which counts twice in KQL and once here.
fn repeated(program: &mut Program) {
    let tables: Vec<&str> = program.legs.iter().map(|leg| leg.source.table).collect();
    let twice = tables.iter().enumerate().any(|(index, table)| tables[..index].contains(table));
    if !twice {
        return;
    }
    program.findings.output.insert(Output::Multiplicity);
    let decided = program.stages.iter().any(|step| matches!(step, Step::Where(_) | Step::Head(_) | Step::Trigger(_)));
    let span = program.union.hull().unwrap_or_default();
    let message = "an event that two parts of the union keep is counted once".to_owned();
    let cause = decided.then_some(Cause::NotImplemented);
    let relation = if decided { Match::Approximate } else { Match::Exact };
    program.findings.lower(relation, Note { span, code: Code::AggregateDiffers, cause, message });
}

/// The indices of a source: those that the user names, or those of the crosswalk, or one called like the table.
fn patterns(leg: &LegProgram, options: &Options) -> Vec<String> {
    match (options.index, leg.source.source) {
        (Some(index), _) => vec![index.to_owned()],
        (None, Some(Source::Elastic { index, .. })) => index.clone(),
        // Index names are in lower case.
        (None, Some(Source::Sigma { .. } | Source::Splunk { .. }) | None) => vec![leg.source.table.to_lowercase()],
    }
}

/// What tells the events of a source from those of the others.
fn routing(leg: &LegProgram, patterns: &[String], several: bool) -> Vec<Text> {
    let mut parts = Vec::new();
    if let Some(Source::Elastic { conditions, .. }) = leg.source.source {
        for (field, values) in conditions {
            if let Some(name) = quote::name(field) {
                parts.push(Text::piece(condition(field, &name, values), leg.origins.clone()));
            }
        }
    }
    if parts.is_empty() && several {
        // Backing indices of data streams have a prefix of their own.
        let names = patterns.iter().map(|pattern| {
            let pattern = quote::raw(&format!("*{pattern}"));
            Text::piece(format!("_index LIKE {pattern}"), leg.origins.clone())
        });
        let text = Text::join(names, &Text::glue(" OR "));
        parts.push(if patterns.len() > 1 { text.parenthesised() } else { text });
    }
    parts
}

/// That a field has one of these values.
fn condition(field: &str, name: &str, values: &[String]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| quote::raw(value)).collect();
    if LISTS.contains(&field) {
        let words: Vec<String> = values.iter().map(|value| quote::raw(&format!("*{value}*"))).collect();
        let tests: Vec<String> = words.iter().map(|word| format!("MV_CONCAT({name}, \" \") LIKE {word}")).collect();
        return if tests.len() > 1 { format!("({})", tests.join(" OR ")) } else { tests.concat() };
    }
    match quoted.as_slice() {
        [value] => format!("{name} == {value}"),
        several => format!("{name} IN ({})", several.join(", ")),
    }
}

/// Fields of the Elastic Common Schema that hold lists. A comparison with a list has no answer, so its values are
/// joined to a text; no value that the schema allows is a part of another.
/// <https://www.elastic.co/docs/reference/ecs/ecs-allowed-values-event-type>
/// <https://www.elastic.co/docs/reference/query-languages/esql/esql-multivalued-fields>
const LISTS: [&str; 2] = ["event.category", "event.type"];

fn leg_condition(leg: &LegProgram, patterns: &[String], several: bool) -> Text {
    let mut parts = bounds(&leg.window);
    parts.extend(routing(leg, patterns, several));
    let mut and = Origins::none();
    match &leg.tree {
        Tree::All(conjuncts, origins) => {
            and = origins.clone();
            parts.extend(conjuncts.iter().filter_map(|part| pipeline::condition(part, true)));
        }
        Tree::Const(false) => parts.push(Text::glue("false")),
        tree @ (Tree::Any(..) | Tree::Leaf(_) | Tree::Const(true)) => {
            let inner = !parts.is_empty();
            parts.extend(pipeline::condition(tree, inner));
        }
    }
    let separator = if several { " AND " } else { "\n    AND " };
    let text = Text::join(parts, &Text::piece(separator, and));
    if several { text.parenthesised() } else { text }
}

/// The time range.
fn bounds(window: &Window) -> Vec<Text> {
    let bound = |symbol: &str, offset: i64| {
        // Lengths below a millisecond do not tell events apart.
        let moment = value::moment(offset).or_else(|| value::moment(offset / 10_000 * 10_000))?;
        Some(Text::piece(format!("@timestamp {symbol} {moment}"), window.origins.clone()))
    };
    let from = window.from.and_then(|from| bound(if from.inclusive { ">=" } else { ">" }, from.offset));
    let to = window.to.and_then(|to| bound(if to.inclusive { "<=" } else { "<" }, to.offset));
    from.into_iter().chain(to).collect()
}

/// The columns that flow out of the sources; where the sources compute them in different ways, by source.
fn columns(program: &Program) -> Result<Option<Text>, Note> {
    let Some((first, rest)) = program.legs.split_first() else { return Ok(None) };
    if first.columns.is_empty() {
        return Ok(None);
    }
    let alike = |name: &str, text: &Text| {
        rest.iter().all(|leg| leg.columns.iter().any(|(other, value)| other == name && value.plain() == text.plain()))
    };
    let mut assigned = Vec::with_capacity(first.columns.len());
    for (name, text) in &first.columns {
        let quoted = quote::name(name).expect("the pipeline asks `column` first");
        if text.plain() == quoted {
            continue;
        }
        let value = if alike(name, text) { text.clone() } else { by_source(program, name)? };
        assigned.push((name.clone(), value));
    }
    Ok(assignments(assigned))
}

fn by_source(program: &Program, name: &str) -> Result<Text, Note> {
    let span = program.union.hull().unwrap_or_default();
    let refuse = || {
        let message = format!("the parts of the union compute `{name}` in different ways");
        Note { span, code: Code::OperatorOpaque, cause: Some(Cause::NotImplemented), message }
    };
    let mut text = Text::glue("CASE(");
    let mut seen: Vec<String> = Vec::new();
    for (position, leg) in program.legs.iter().enumerate() {
        let value = leg.columns.iter().find(|(other, _)| other == name).map(|(_, value)| value).ok_or_else(refuse)?;
        let Some(Source::Elastic { index, .. }) = leg.source.source else { return Err(refuse()) };
        let parts = routing(leg, index, true);
        let test = Text::join(parts, &Text::glue(" AND "));
        if seen.contains(&test.plain().into_owned()) {
            return Err(refuse());
        }
        seen.push(test.plain().into_owned());
        if position > 0 {
            text.push(Text::glue(", "));
        }
        text = text.then(test).then(Text::glue(", ")).then(value.clone());
    }
    Ok(text.then(Text::glue(")")))
}

fn assignments(columns: Vec<(String, Text)>) -> Option<Text> {
    if columns.is_empty() {
        return None;
    }
    let texts = columns.into_iter().map(|(name, text)| {
        let name = quote::name(&name).expect("the pipeline asks `column` first");
        Text::glue(&format!("{name} = ")).then(text)
    });
    let separator = if texts.len() > 3 { ",\n    " } else { ", " };
    Some(Text::join(texts, &Text::glue(separator)))
}

/// A stage as the template shows it.
fn stage(step: Step, events: bool) -> StageView {
    let mut view = StageView::default();
    match step {
        Step::Where(text) => view.condition = Some(text),
        Step::Assign(columns) => view.assign = assignments(columns),
        Step::Group { keys, aggregates } => {
            view.aggregates = assignments(aggregates);
            let keys: Vec<Text> = keys.into_iter().map(|(_, text)| text).collect();
            view.keys = (!keys.is_empty()).then(|| Text::join(keys, &Text::glue(", ")));
        }
        Step::Sort(keys) => {
            let keys = keys.into_iter().map(|key| {
                let order = if key.descending { " DESC" } else { " ASC" };
                let nulls = if key.nulls_first { " NULLS FIRST" } else { " NULLS LAST" };
                key.column.then(Text::glue(order)).then(Text::glue(nulls))
            });
            view.sort = Some(Text::join(keys, &Text::glue(", ")));
        }
        Step::Head(text) => view.limit = Some(text),
        Step::Keep(columns) => {
            let mut names: Vec<String> =
                columns.iter().map(|name| quote::name(name).expect("the pipeline asks `column` first")).collect();
            if events {
                names.push(METADATA.to_owned());
            }
            view.keep = Some(Text::glue(&names.join(", ")));
        }
        Step::Trigger(Trigger { operator, threshold }) => {
            let symbol = match operator {
                TriggerOperator::GreaterThan => ">",
                TriggerOperator::LessThan => "<",
                TriggerOperator::Equal => "==",
                TriggerOperator::NotEqual => "!=",
            };
            view.rows = Some(Rows { name: "siemaphore_rows", condition: format!("{symbol} {threshold}") });
        }
    }
    view
}
