//! What the template sees.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::crosswalk::Source;
use crate::ir::Severity;
use crate::span::Origins;
use crate::template::Text;

use super::correlation::Correlation;
use super::item::{Item, Scalar};
use super::{Document, id, quote};

/// Longest title that the specification allows.
const MAX_TITLE: usize = 256;

/// What all documents share.
pub(super) struct Meta<'a> {
    /// The rule's own.
    pub meta: &'a crate::ir::Meta,
    /// Its severity, or the default.
    pub severity: Severity,
    /// Whether it is run by hand.
    pub hunting: bool,
}

/// The artifact.
#[derive(Serialize)]
pub(super) struct View {
    head: Vec<String>,
    /// Lines of the description where it can stand as a block; otherwise none, and the text is quoted.
    description_lines: Vec<String>,
    description: Option<String>,
    related: Option<String>,
    references: Vec<String>,
    author: Option<String>,
    tags: Vec<String>,
    falsepositives: Vec<String>,
    level: String,
    documents: Vec<DocumentView>,
}

/// A rule or a correlation.
#[derive(Serialize)]
struct DocumentView {
    title: String,
    id: String,
    /// Given where a correlation refers to it.
    name: Option<String>,
    rule: Option<RuleView>,
    correlation: Option<CorrelationView>,
}

#[derive(Serialize)]
struct RuleView {
    logsource: Vec<LogsourceView>,
    selections: Vec<SelectionView>,
    condition: Text,
}

#[derive(Serialize)]
struct LogsourceView {
    key: String,
    value: Text,
}

#[derive(Serialize)]
struct SelectionView {
    name: String,
    /// One mapping, or
    entries: Vec<ItemView>,
    /// several.
    alternatives: Vec<Vec<ItemView>>,
}

#[derive(Serialize)]
struct ItemView {
    key: ScalarView,
    /// One value, or
    value: Option<ScalarView>,
    /// several.
    list: Vec<ScalarView>,
}

/// A scalar: as it is, or for quotation.
#[derive(Serialize)]
struct ScalarView {
    plain: Option<Text>,
    quoted: Option<Text>,
}

#[derive(Serialize)]
struct CorrelationView {
    kind: String,
    rules: Vec<String>,
    group_by: Vec<Text>,
    timespan: Text,
    comparison: Text,
    bound: Text,
    field: Option<Text>,
}

impl View {
    pub(super) fn new(
        meta: &Meta,
        documents: Vec<Document>,
        correlation: Option<Correlation>,
        union: &Origins,
    ) -> View {
        let rule = meta.meta;
        let several = documents.len() > 1;
        let base = slug(&rule.name);
        let mut views: Vec<DocumentView> = documents
            .into_iter()
            .enumerate()
            .map(|(index, document)| {
                let part = if index == 0 { "sigma".to_owned() } else { format!("sigma/{}", index + 1) };
                let title = if several { format!("{} - {}", rule.name, document.table) } else { rule.name.clone() };
                let number = if several { format!("_{}", index + 1) } else { String::new() };
                DocumentView {
                    title: titled(&title),
                    id: id(&rule.id, &rule.name, &part),
                    name: correlation.is_some().then(|| format!("{base}{number}")),
                    rule: Some(RuleView::new(document, union)),
                    correlation: None,
                }
            })
            .collect();
        if let Some(correlation) = correlation {
            let names = views.iter().filter_map(|rule| rule.name.clone()).collect();
            views.push(DocumentView {
                title: titled(&format!("{} - Threshold", rule.name)),
                id: id(&rule.id, &rule.name, "sigma/correlation"),
                name: None,
                rule: None,
                correlation: Some(CorrelationView::new(correlation, names)),
            });
        }
        let block = is_block(&rule.description);
        let text = (!rule.description.is_empty()).then(|| rule.description.clone());
        View {
            head: Vec::new(),
            description_lines: if block {
                rule.description.trim_end().lines().map(|line| line.trim_end().to_owned()).collect()
            } else {
                Vec::new()
            },
            description: text.filter(|_| !block),
            related: uuid::Uuid::parse_str(rule.id.trim()).ok().map(|id| id.hyphenated().to_string()),
            references: once(&rule.references),
            author: rule.author.clone(),
            tags: tags(meta),
            falsepositives: if rule.false_positives.is_empty() {
                vec!["Unknown".to_owned()]
            } else {
                once(&rule.false_positives)
            },
            level: meta.severity.name().to_lowercase(),
            documents: views,
        }
    }

    pub(super) fn with_head(self, head: Vec<String>) -> View {
        View { head, ..self }
    }
}

impl RuleView {
    fn new(document: Document, union: &Origins) -> RuleView {
        let origins = document.table_origins.and(union);
        let logsource = match document.source {
            Some(Source::Sigma { logsource, .. }) => logsource
                .iter()
                .map(|(key, value)| LogsourceView {
                    key: (*key).to_owned(),
                    value: Text::piece(value.clone(), origins.clone()),
                })
                .collect(),
            // The table's own name, where KQL names are kept.
            Some(Source::Splunk { .. } | Source::Elastic { .. }) | None => {
                let category = document.table.to_lowercase();
                vec![
                    LogsourceView { key: "product".to_owned(), value: Text::glue("sentinel") },
                    LogsourceView { key: "category".to_owned(), value: Text::piece(category, origins) },
                ]
            }
        };
        let selections = document
            .layout
            .selections
            .into_iter()
            .map(|selection| {
                let mut maps: Vec<Vec<ItemView>> =
                    selection.maps.iter().map(|map| map.iter().map(ItemView::new).collect()).collect();
                let entries = if maps.len() == 1 { maps.remove(0) } else { Vec::new() };
                SelectionView { name: selection.name, entries, alternatives: maps }
            })
            .collect();
        RuleView { logsource, selections, condition: document.layout.condition }
    }
}

impl ItemView {
    fn new(item: &Item) -> ItemView {
        let key = item.key();
        // An empty value is no text that could stand for its leaves: the key stands for them.
        let empty = item.values.iter().filter(|(scalar, _)| *scalar == Scalar::Text(String::new()));
        let origins = empty.fold(item.origins.clone(), |all, (_, origins)| all.and(origins));
        let text = Text::piece(key.clone(), origins);
        let key = ScalarView::new(text, quote::is_plain_key(&key));
        let mut values: Vec<ScalarView> = item
            .values
            .iter()
            .map(|(scalar, origins)| match scalar {
                Scalar::Text(text) => ScalarView::new(Text::piece(text.clone(), origins.clone()), false),
                Scalar::Plain(text) => ScalarView::new(Text::piece(text.clone(), origins.clone()), true),
                Scalar::Null => ScalarView::new(Text::glue("null"), true),
            })
            .collect();
        let value = (values.len() == 1).then(|| values.remove(0));
        ItemView { key, value, list: values }
    }
}

impl ScalarView {
    fn new(text: Text, plain: bool) -> ScalarView {
        if plain {
            ScalarView { plain: Some(text), quoted: None }
        } else {
            ScalarView { plain: None, quoted: Some(text) }
        }
    }
}

impl CorrelationView {
    fn new(correlation: Correlation, rules: Vec<String>) -> CorrelationView {
        let text = |(text, origins): (String, Origins)| Text::piece(text, origins);
        let kind = if correlation.field.is_some() { "value_count" } else { "event_count" };
        CorrelationView {
            kind: kind.to_owned(),
            rules,
            group_by: correlation.group_by.into_iter().map(text).collect(),
            timespan: text(correlation.timespan),
            comparison: Text::piece(correlation.comparison.0, correlation.comparison.1),
            bound: Text::piece(correlation.bound.0.to_string(), correlation.bound.1),
            field: correlation.field.map(text),
        }
    }
}

/// ATT&CK tags: a technique's tactics come before it.
fn tags(meta: &Meta) -> Vec<String> {
    let tactics = meta.meta.tactics.iter().map(|tactic| format!("attack.{}", tactic.kebab()));
    let techniques = meta.meta.techniques.iter().map(|technique| format!("attack.{}", technique.0.to_lowercase()));
    let hunting = meta.hunting.then(|| "detection.threat-hunting".to_owned());
    let mut tags: Vec<String> = Vec::new();
    for tag in tactics.chain(techniques).chain(hunting) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

/// Each text once, where it comes first: the specification's schema allows no text twice.
///
/// <https://github.com/SigmaHQ/sigma-specification/blob/main/json-schema/sigma-detection-rule-schema.json>
fn once(texts: &[String]) -> Vec<String> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    texts.iter().filter(|text| seen.insert(text)).cloned().collect()
}

/// A title of a length that is allowed.
fn titled(title: &str) -> String {
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    if title.chars().count() <= MAX_TITLE {
        return title;
    }
    let cut: String = title.chars().take(MAX_TITLE - 1).collect();
    format!("{}…", cut.trim_end())
}

/// A name that other documents refer to.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        } else if !slug.ends_with('_') && !slug.is_empty() {
            slug.push('_');
        }
    }
    let slug: String = slug.chars().take(80).collect();
    let slug = slug.trim_end_matches('_');
    if slug.len() < 2 { "sentinel_rule".to_owned() } else { slug.to_owned() }
}

/// Whether a text can stand as a literal block: several lines, all printable, the first not indented.
fn is_block(text: &str) -> bool {
    let printable = |letter: char| {
        letter == '\n'
            || letter == '\r'
            || !(letter.is_control()
                || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'))
    };
    text.trim_end().contains('\n')
        && text.starts_with(|letter: char| !letter.is_whitespace())
        && text.chars().all(printable)
        && !text.replace("\r\n", "\n").contains('\r')
}
