//! Splunk's search processing language: a base search, and exact conditions behind `where`.
//!
//! Search terms find events fast but ignore letter case and know `*`; everything that decides is asked again in an
//! expression, which tells letter case apart and says what a missing field means. Unions run their parts side by
//! side (`multisearch`), which no subsearch limit cuts short.
//! <https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Multisearch>

use serde::Serialize;

use crate::crosswalk::{Source, Vocabulary};
use crate::diagnostic::Code;
use crate::fidelity::{AssumptionKind, Cause, Confidence, Findings, Note, Refusal};
use crate::ir::{
    Aggregation, Detection, Expr, Period, TICKS_PER_DAY, TICKS_PER_SECOND, Trigger, TriggerOperator, Type,
};
use crate::shape::Window;
use crate::span::Origins;
use crate::template::{TemplateError, Text};

use super::names::{FieldRef, Names};
use super::pipeline::{self, Aggregated, Language, Leaf, LegProgram, Operand, Program, Scope, Step};
use super::{Answer, Backend, Emission, Literal, Options, Profile, Target, Tree, events};

mod aggregate;
mod quote;
mod test;
mod value;

/// The back end.
#[derive(Debug)]
pub struct Splunk;

static TARGET: Target = Target {
    name: "splunk",
    title: "Splunk SPL",
    extension: "spl",
    profiles: &[
        Profile {
            name: "raw",
            about: "the fields as the add-on for the connector extracts them",
            vocabulary: Some(Vocabulary::Splunk),
        },
        Profile {
            name: "cim",
            about: "the common information model, over the events of every add-on that fills it",
            vocabulary: Some(Vocabulary::Cim),
        },
        Profile {
            name: "windows",
            about: "Windows event logs, Sysmon among them",
            vocabulary: Some(Vocabulary::SplunkWindows),
        },
    ],
};

/// Splunk's language.
struct Spl;

impl Language for Spl {
    fn column(&self, name: &str) -> Option<String> {
        quote::name(name).and(quote::field(name))
    }

    fn field(&self, field: &FieldRef) -> Result<String, Cause> {
        quote::place(&field.name, field.inside).ok_or(Cause::NotImplemented)
    }

    fn joined(&self, before: &str, separator: char, behind: &str) -> Option<String> {
        let (before, behind) = (quote::field(before)?, quote::field(behind)?);
        let separator = quote::string(&separator.to_string());
        Some(format!(
            "if(isnull({before}) AND isnull({behind}),\"\",coalesce({before},\"\").{separator}.coalesce({behind},\"\"))"
        ))
    }

    fn value(&self, scope: Scope, expr: &Expr, findings: &mut Findings) -> Result<Operand, Refusal> {
        value::value(scope, expr, findings)
    }

    fn stored(&self, operand: Operand) -> Result<Operand, Refusal> {
        Ok(value::present(operand))
    }

    fn test(&self, scope: Scope, literal: &Literal) -> Result<Answer<Leaf>, Refusal> {
        test::test(scope, literal)
    }

    fn aggregate(&self, scope: Scope, aggregation: &Aggregation) -> Vec<Result<Aggregated, Refusal>> {
        aggregate::aggregate(scope, aggregation)
    }

    fn dates_are_numbers(&self) -> bool {
        true
    }

    fn groups_missing(&self) -> bool {
        false
    }
}

/// The artifact.
#[derive(Serialize)]
struct View {
    head: Vec<String>,
    search: Option<Search>,
    searches: Option<Vec<Search>>,
    stages: Vec<StageView>,
}

/// A base search with what is decided for each event.
#[derive(Serialize)]
struct Search {
    terms: Text,
    #[serde(rename = "where")]
    condition: Option<Text>,
    assign: Option<Text>,
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
    head: Option<Text>,
    drop: Option<Text>,
    table: Option<Text>,
    rows: Option<Rows>,
    count: Option<Rows>,
}

/// A comparison with the number of rows.
#[derive(Serialize)]
struct Rows {
    name: &'static str,
    condition: String,
}

impl Backend for Splunk {
    fn target(&self) -> &'static Target {
        &TARGET
    }

    fn emit(&self, detection: &Detection, options: &Options) -> Result<Emission, TemplateError> {
        let refused = |findings, elided| Ok(Emission { artifact: None, findings, elided });
        let shape = match events::shape(detection, options) {
            Ok(shape) => shape,
            Err(refusal) => {
                let mut findings = Findings::default();
                findings.notes.insert(refusal.note);
                return refused(findings, Vec::new());
            }
        };
        let vocabulary = TARGET.vocabulary(options.profile).unwrap_or(Vocabulary::Splunk);
        let names = Names::new(&detection.query, options, vocabulary);
        let Program { legs, union, stages, mut findings, elided, .. } =
            match pipeline::program(&Spl, detection, &shape, names) {
                Ok(program) => program,
                Err(known) => return refused(known.0, known.1),
            };
        let mut searches: Vec<Search> = Vec::with_capacity(legs.len());
        for leg in &legs {
            match search(leg, options, &mut findings) {
                Ok(part) => searches.push(part),
                Err(note) => {
                    findings.notes.insert(note);
                    return refused(findings, elided);
                }
            }
        }
        if let [first, ..] = searches.as_mut_slice() {
            first.terms = std::mem::take(&mut first.terms).with_origins(&union);
        }
        let single = (searches.len() == 1).then(|| searches.remove(0));
        let view = View {
            head: events::head(detection, &findings),
            search: single,
            searches: (!searches.is_empty()).then_some(searches),
            stages: stages.into_iter().flat_map(stage).collect(),
        };
        let artifact = options.templates.render("splunk/search.spl.j2", &view)?;
        Ok(Emission { artifact: Some(artifact), findings, elided })
    }
}

/// A source's search.
fn search(leg: &LegProgram, options: &Options, findings: &mut Findings) -> Result<Search, Note> {
    let place = match leg.source.source {
        Some(Source::Splunk { search }) => search.clone(),
        Some(Source::Sigma { .. } | Source::Elastic { .. }) | None => match quote::is_quotable(leg.source.table) {
            true => format!("sourcetype={}", quote::string(leg.source.table)),
            false => {
                let span = leg.origins.hull().unwrap_or_default();
                let message = format!("`{}` is no name that a search can hold", leg.source.table);
                return Err(Note { span, code: Code::LiteralLimit, cause: Some(Cause::NotImplemented), message });
            }
        },
    };
    let mut terms = Vec::new();
    match options.index {
        Some(index) => terms.push(Text::glue(&format!("index={}", quote::string(index)))),
        None => findings.assume(
            AssumptionKind::Setting,
            Confidence::High,
            "the events are in an index that the user's role searches by default; `--index` names another",
        ),
    }
    terms.push(Text::piece(place, leg.origins.clone()));
    terms.push(bounds(&leg.window));
    if let Some(text) = prefilter(&leg.tree, false) {
        terms.push(text);
    }
    let condition = match &leg.tree {
        Tree::Const(false) => Some(Text::glue("1==0")),
        tree @ (Tree::All(..) | Tree::Any(..) | Tree::Leaf(_) | Tree::Const(true)) => lines(tree),
    };
    Ok(Search { terms: Text::join(terms, &Text::glue(" ")), condition, assign: assignments(&leg.columns) })
}

/// The conjuncts of a condition, each on its own line.
fn lines(tree: &Tree<Leaf>) -> Option<Text> {
    match tree {
        Tree::All(parts, origins) => {
            let parts = parts.iter().filter_map(|part| pipeline::condition(part, true));
            Some(Text::join(parts, &Text::piece("\n    AND ", origins.clone())))
        }
        Tree::Any(..) | Tree::Leaf(_) | Tree::Const(_) => pipeline::condition(tree, false),
    }
}

/// Search terms that hold whenever the condition does.
fn prefilter(tree: &Tree<Leaf>, inner: bool) -> Option<Text> {
    match tree {
        Tree::Leaf(leaf) => leaf.prefilter.clone(),
        Tree::All(parts, _) => {
            let texts: Vec<Text> = parts.iter().filter_map(|part| prefilter(part, true)).collect();
            (!texts.is_empty()).then(|| {
                let joined = Text::join(texts, &Text::glue(" "));
                if inner { joined.parenthesised() } else { joined }
            })
        }
        Tree::Any(parts, _) => {
            let texts: Option<Vec<Text>> = parts.iter().map(|part| prefilter(part, true)).collect();
            texts.map(|texts| Text::join(texts, &Text::glue(" OR ")).parenthesised())
        }
        Tree::Const(_) => None,
    }
}

/// The time range, as search terms: the start belongs to it, the end does not.
fn bounds(window: &Window) -> Text {
    let relative = |offset: i64| {
        // Splunk's days are those of the calendar, KQL's have 24 hours.
        // <https://docs.splunk.com/Documentation/Splunk/latest/Search/Specifytimemodifiersinyoursearch>
        let short = |ticks: i64| match ticks % TICKS_PER_DAY {
            0 => format!("{}h", ticks / TICKS_PER_DAY * 24),
            _ => Period(ticks).short(),
        };
        match offset {
            0 => "now".to_owned(),
            past if past < 0 => format!("-{}", short(past.saturating_neg())),
            // An end in the future is moved out, never in, by rounding to seconds.
            future => format!("+{}", short(future)),
        }
    };
    let from = window.from.map_or_else(|| "0".to_owned(), |from| relative(from.offset));
    let to = window.to.map_or_else(|| "now".to_owned(), |to| relative(floored(to.offset)));
    Text::piece(format!("earliest={from} latest={to}"), window.origins.clone())
}

/// Whole seconds: a latest time in the past must not move further into it.
fn floored(offset: i64) -> i64 {
    if offset < 0 { offset / TICKS_PER_SECOND * TICKS_PER_SECOND } else { offset }
}

fn assignments(columns: &[(String, Text)]) -> Option<Text> {
    let texts = columns.iter().map(|(name, text)| {
        let name = quote::name(name).expect("the pipeline asks `column` first");
        Text::glue(&format!("{name}=")).then(text.clone())
    });
    let separator = if columns.len() > 3 { ",\n    " } else { ", " };
    (!columns.is_empty()).then(|| Text::join(texts, &Text::glue(separator)))
}

/// A stage as the template shows it.
fn stage(step: Step) -> Vec<StageView> {
    let mut view = StageView::default();
    match step {
        Step::Where(text) => view.condition = Some(text),
        Step::Assign(columns) => view.assign = assignments(&columns),
        Step::Group { keys, aggregates } => {
            // Over no events at all only a count yields a row, as KQL does for every summary without keys.
            let counted = aggregates.iter().any(|(_, text)| text.plain() == "count");
            let names: Vec<String> = aggregates.iter().map(|(name, _)| name.clone()).collect();
            let named = aggregates.into_iter().map(|(name, text)| {
                let name = quote::name(&name).expect("the pipeline asks `column` first");
                text.then(Text::glue(&format!(" as {name}")))
            });
            let named: Vec<Text> = named.collect();
            let none = named.is_empty();
            let keyed = |name: &str, text: &Text| {
                let origins = text.pieces().iter().fold(Origins::none(), |all, piece| all.and(&piece.origins));
                Text::piece(quote::name(name).expect("the pipeline asks `column` first"), origins)
            };
            let keys: Vec<Text> = keys.iter().map(|(name, text)| keyed(name, text)).collect();
            // `stats` wants an aggregate: of distinct keys it counts the rows, and the count goes again.
            view.aggregates = Some(if none { Text::glue("count") } else { Text::join(named, &Text::glue(" ")) });
            let table = none.then(|| Text::join(keys.clone(), &Text::glue(" ")));
            view.keys = (!keys.is_empty()).then(|| Text::join(keys, &Text::glue(" ")));
            if view.keys.is_none() && !counted && !none {
                view.aggregates = view.aggregates.map(|text| text.then(Text::glue(" count as siemaphore_rows")));
                return std::iter::once(view).chain(stage(Step::Keep(names))).collect();
            }
            if let Some(table) = table {
                return vec![view, StageView { table: Some(table), ..StageView::default() }];
            }
        }
        Step::Sort(keys) => {
            // Where `sort` puts rows without the field is not documented: a flag decides.
            let flags: Vec<(String, Text, bool)> = keys
                .iter()
                .enumerate()
                .filter(|(_, key)| key.nullable)
                .map(|(position, key)| {
                    let flag = Text::glue("if(isnull(").then(key.column.clone()).then(Text::glue("),1,0)"));
                    (format!("siemaphore_missing{position}"), flag, key.nulls_first)
                })
                .collect();
            let mut named = flags.iter();
            let keys = keys.into_iter().map(|key| {
                let sign = if key.descending { "-" } else { "+" };
                let number = key.ty != Type::String && key.ty != Type::Guid;
                let compare = if number { "num(" } else { "str(" };
                let origins = key.column.pieces().iter().fold(Origins::none(), |all, piece| all.and(&piece.origins));
                // Commands quote names as strings, expressions with single quotes.
                let name = key.column.plain().replace('\'', "\"");
                let flag = if key.nullable { named.next() } else { None };
                let flag = flag.map_or_else(String::new, |(flag, _, first)| {
                    format!("{}num({flag}), ", if *first { "-" } else { "+" })
                });
                Text::glue(&format!("{flag}{sign}{compare}")).then(Text::piece(name, origins)).then(Text::glue(")"))
            });
            view.sort = Some(Text::join(keys, &Text::glue(", ")));
            if !flags.is_empty() {
                let drop = flags.iter().map(|(name, _, _)| name.as_str()).collect::<Vec<_>>().join(" ");
                view.drop = Some(Text::glue(&drop));
                let assigned: Vec<(String, Text)> = flags.into_iter().map(|(name, text, _)| (name, text)).collect();
                view.assign = assignments(&assigned);
            }
        }
        Step::Head(text) => view.head = Some(text),
        Step::Keep(columns) => {
            let names = columns.iter().map(|name| quote::name(name).expect("the pipeline asks `column` first"));
            view.table = Some(Text::glue(&names.collect::<Vec<_>>().join(" ")));
        }
        Step::Trigger(Trigger { operator, threshold }) => {
            let name = "siemaphore_rows";
            let compare = |sign: &str| format!("{sign} {threshold}");
            match operator {
                TriggerOperator::GreaterThan => view.rows = Some(Rows { name, condition: compare(">") }),
                TriggerOperator::LessThan => view.count = Some(Rows { name, condition: compare("<") }),
                TriggerOperator::Equal => view.count = Some(Rows { name, condition: compare("==") }),
                TriggerOperator::NotEqual => view.count = Some(Rows { name, condition: compare("!=") }),
            }
        }
    }
    vec![view]
}
