//! Bytes to a rule.

use std::borrow::Cow;

use super::alerts::read_alerts;
use super::arm;
use super::fields::{Field, Fields, Item, Reader, excerpt, nearest};
use super::many::{self, Part};
use super::mitre;
use super::schedule::read_kind;
use super::{Alerts, Connector, Rule, RuleKind, Severity, Spanned};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::{Place, SourceMap, Span, TextMap};
use crate::yaml::{self, Document, Node, NodeKind};

/// What a file turned out to be.
#[derive(Clone, PartialEq, Debug)]
pub enum Loaded {
    /// A rule, perhaps with warnings.
    Rule {
        /// The rule.
        rule: Box<Rule>,
        /// Its file.
        source: SourceMap,
        /// Warnings and notes, in the order of the file.
        diagnostics: Vec<Diagnostic>,
    },
    /// YAML that is no rule of Sentinel's.
    NotARule {
        /// Why not, as a short sentence.
        reason: &'static str,
    },
    /// A rule that cannot be read, or a file that is not YAML: at least one of the diagnostics is an error.
    Broken {
        /// Its file.
        source: SourceMap,
        /// What is wrong, in the order of the file.
        diagnostics: Vec<Diagnostic>,
    },
}

/// The largest file that is read.
const MAX_BYTES: usize = 64 << 20;

/// Keys that only rules of Sentinel's have.
const TELLING_KEYS: &[&str] = &[
    "alertDetailsOverride",
    "customDetails",
    "entityMappings",
    "eventGroupingSettings",
    "incidentConfiguration",
    "queryFrequency",
    "queryPeriod",
    "relevantTechniques",
    "requiredDataConnectors",
    "sentinelEntitiesMappings",
    "tactics",
    "triggerOperator",
    "triggerThreshold",
];

const SEVERITIES: &[(&str, Severity)] = &[
    ("Informational", Severity::Informational),
    ("Low", Severity::Low),
    ("Medium", Severity::Medium),
    ("High", Severity::High),
];

/// Reads every rule of a file: one, or one for each document in it.
pub fn load_yaml(label: &str, bytes: &[u8]) -> Vec<Part> {
    let text = match decode(label, bytes) {
        Ok(text) => text,
        Err(broken) => return vec![Part { path: None, loaded: *broken }],
    };
    let documents = many::documents(&text);
    if documents.len() <= 1 {
        return vec![Part { path: None, loaded: load_text(label, &text) }];
    }
    let found = documents.iter().map(|document| load_text(label, &many::only(&text, document))).collect();
    many::parts(file_stem(label), found)
}

/// Reads a file of one rule.
pub fn load(label: &str, bytes: &[u8]) -> Loaded {
    match decode(label, bytes) {
        Ok(text) => load_text(label, &text),
        Err(broken) => *broken,
    }
}

fn load_text(label: &str, text: &str) -> Loaded {
    let source = SourceMap::new(label, text);
    let document = match read_document(source.text()) {
        Ok(document) => document,
        Err(diagnostic) => return Loaded::Broken { source, diagnostics: vec![*diagnostic] },
    };
    let entries = match &document.root.kind {
        NodeKind::Mapping(entries) => entries,
        NodeKind::Scalar(_) if document.root.is_null() => return Loaded::NotARule { reason: "the file is empty" },
        NodeKind::Scalar(_) | NodeKind::Sequence(_) => return Loaded::NotARule { reason: "the file is no mapping" },
    };
    if arm::is_template(&document.root) {
        return only_rule(source.clone(), arm::load_template(&source, &document.root));
    }
    let mut reader = Reader::default();
    let lifted = lift_query(&mut reader, entries);
    if let (None, Some(reason)) = (&lifted, reason_against(entries)) {
        return Loaded::NotARule { reason };
    }
    let entries = lifted.as_deref().unwrap_or(entries);
    report_repairs(&mut reader, &document, source.text());
    if let Some(second) = document.second {
        let help = "write each rule to a file of its own";
        reader.error(Code::NotYaml, Place::File(second), "a second document begins here".to_owned(), help);
    }
    let fields = Fields::of_mapping(String::new(), document.root.span, entries);
    let (rule, query) = read_rule(&mut reader, fields, source.text());
    finish(reader, rule, source.with_query(query))
}

/// The YAML of a file, or what is wrong with it.
pub(crate) fn read_document(text: &str) -> Result<Document, Box<Diagnostic>> {
    yaml::read(text).map_err(|error| {
        let code = if error.is_limit { Code::TooLarge } else { Code::NotYaml };
        let diagnostic = Diagnostic::error(code, Place::File(error.span), error.message);
        Box::new(match block_help(text, error.span) {
            Some(help) => diagnostic.with_help(help),
            None => diagnostic,
        })
    })
}

/// Says what was read in spite of being misplaced.
pub(crate) fn report_repairs(reader: &mut Reader, document: &Document, text: &str) {
    for repair in &document.repairs {
        let key = repair.span.of(text);
        let message = format!("the key `{key}` stands too far left; it is read as a key of the list item above it");
        let help = format!("indent it by {} more columns", repair.columns);
        let fixed = format!("{}{key}", " ".repeat(repair.columns));
        let warning = Diagnostic::warning(Code::UnusualSpelling, Place::File(repair.span), message).with_help(help);
        reader.diagnostics.push(Diagnostic { fix: Some(fixed), ..warning });
    }
}

/// What was read, with what there is to say about it, in the order of the file.
pub(super) fn finish(reader: Reader, rule: Option<Rule>, source: SourceMap) -> Loaded {
    let mut diagnostics = reader.diagnostics;
    // Those of one place stay in the order in which they were found.
    diagnostics.sort_by_key(|diagnostic| source.file_span(diagnostic.place).start);
    match rule {
        Some(rule) if !diagnostics.iter().any(Diagnostic::is_error) => {
            Loaded::Rule { rule: Box::new(rule), source, diagnostics }
        }
        _ => Loaded::Broken { source, diagnostics },
    }
}

/// The rule of a template in YAML, which is no form that anybody exports: there is one, or none is taken.
fn only_rule(source: SourceMap, mut parts: Vec<Part>) -> Loaded {
    if parts.len() > 1 {
        let message = format!("the template holds {} rules", parts.len());
        let help = "write the template in JSON: there each rule is taken";
        let diagnostics = vec![Diagnostic::error(Code::NotYaml, Place::Whole, message).with_help(help)];
        return Loaded::Broken { source, diagnostics };
    }
    parts.pop().map_or(Loaded::NotARule { reason: "the template has no rule" }, |part| part.loaded)
}

/// Reads a bare query as a hunting rule named after its file.
pub fn load_kql(label: &str, bytes: &[u8]) -> Loaded {
    let text = match decode(label, bytes) {
        Ok(text) => text,
        Err(broken) => return *broken,
    };
    let source = SourceMap::new(label, text);
    if source.text().trim().is_empty() {
        let diagnostics = vec![Diagnostic::error(Code::EmptyQuery, Place::Whole, "the query is empty")];
        return Loaded::Broken { source, diagnostics };
    }
    // Line breaks as YAML would have them, so that one query has one text wherever it stands.
    let mut query = String::with_capacity(source.text().len());
    let mut map = TextMap::default();
    let mut at = 0;
    for line in source.text().split_inclusive('\n') {
        let kept = line.strip_suffix("\r\n").unwrap_or(line);
        query.push_str(kept);
        map.push(kept.len(), Span::new(at, at + kept.len()));
        if kept.len() < line.len() {
            query.push('\n');
            map.push(1, Span::new(at + kept.len(), at + line.len()));
        }
        at += line.len();
    }
    let query = normalise_end(&query);
    map.trim(&query);
    let stem = file_stem(label);
    let rule = Rule {
        id: Spanned::new(id_from_name(stem), Span::default()),
        name: Spanned::new(stem.to_owned(), Span::default()),
        query: Spanned::new(query, Span::new(0, source.text().len())),
        ..empty_rule()
    };
    Loaded::Rule { rule: Box::new(rule), source: source.with_query(map), diagnostics: Vec::new() }
}

/// The text of a file, or the error that says why there is none.
pub(crate) fn decode<'a>(label: &str, bytes: &'a [u8]) -> Result<Cow<'a, str>, Box<Loaded>> {
    let broken = |text: Cow<'_, str>, diagnostic| {
        Err(Box::new(Loaded::Broken { source: SourceMap::new(label, text), diagnostics: vec![diagnostic] }))
    };
    if bytes.len() > MAX_BYTES {
        let message = format!("the file has {} MiB, more than {} MiB", bytes.len() >> 20, MAX_BYTES >> 20);
        return broken(Cow::Borrowed(""), Diagnostic::error(Code::TooLarge, Place::Whole, message));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(error) => {
            const MARK: usize = '\u{feff}'.len_utf8();
            let valid = error.valid_up_to();
            let byte = bytes.get(valid).copied().unwrap_or_default();
            // The text shown has a replacement character where the bad bytes are, and no byte order mark.
            let start = if bytes.starts_with("\u{feff}".as_bytes()) { valid - MARK } else { valid };
            let place = Place::File(Span::new(start, start + char::REPLACEMENT_CHARACTER.len_utf8()));
            let help = match bytes {
                [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "the file is UTF-16; save it as UTF-8",
                _ => "save the file as UTF-8",
            };
            let message = format!("the byte 0x{byte:02x} is not UTF-8");
            let diagnostic = Diagnostic::error(Code::NotUtf8, place, message).with_help(help);
            broken(String::from_utf8_lossy(bytes), diagnostic)
        }
    }
}

/// Why a file with a block in it may not be read: blocks end at the first line that is not indented enough.
fn block_help(text: &str, error: Span) -> Option<String> {
    let before = text.get(..error.start as usize)?;
    let lines: Vec<&str> = before.lines().collect();
    let is_header = |line: &str| {
        let line = line.trim_end().trim_end_matches(|letter: char| letter.is_ascii_digit() || "+-".contains(letter));
        line.strip_suffix(['|', '>']).is_some_and(|key| key.trim_end().ends_with(':'))
    };
    let is_key = |line: &str| {
        let name = line.find(|letter: char| !letter.is_ascii_alphanumeric());
        name.is_some_and(|at| at > 0 && line[at..].starts_with(':'))
    };
    // What stands between the block and the error belongs to the block, or was meant to.
    let last = lines.iter().rposition(|line| is_header(line) || is_key(line))?;
    is_header(lines[last]).then(|| {
        let line = last + 1;
        format!("indent all lines of the block that begins in line {line} as far as its first one, comments too")
    })
}

/// The mapping with the query at its top, where it has it in a selection of a detection: rules in a layout that borrows
/// from Sigma. A selection of Sigma's own has values to compare with, so only a pipeline of operators is taken.
fn lift_query(reader: &mut Reader, entries: &[(Node, Node)]) -> Option<Vec<(Node, Node)>> {
    let is_named = |key: &Node, name: &str| key.as_scalar().is_some_and(|key| key.text == name);
    if entries.iter().any(|(key, _)| key.as_scalar().is_some_and(|key| key.text.eq_ignore_ascii_case("query"))) {
        return None;
    }
    let index = entries.iter().position(|(key, _)| is_named(key, "detection"))?;
    let detection = &entries[index].1;
    let NodeKind::Mapping(parts) = &detection.kind else { return None };
    let NodeKind::Mapping(selection) = &entry(detection, "selection")?.kind else { return None };
    let [(key, query)] = selection.as_slice() else { return None };
    let is_alone = parts.iter().all(|(key, value)| {
        is_named(key, "selection")
            || (is_named(key, "condition") && value.as_scalar().is_some_and(|value| value.text.trim() == "selection"))
    });
    let is_pipeline =
        query.as_scalar().is_some_and(|text| text.text.lines().any(|line| line.trim_start().starts_with('|')));
    if !is_named(key, "query") || !is_alone || !is_pipeline {
        return None;
    }
    let message = "the query in `detection.selection` is read as the rule's `query`".to_owned();
    reader.warn(Code::UnusualSpelling, Place::File(key.span), message, "write `query` at the beginning of a line");
    let mut lifted = entries.to_vec();
    lifted[index] = (key.clone(), query.clone());
    Some(lifted)
}

/// Why a mapping is no rule; `None` if it is one, perhaps a broken one.
fn reason_against(entries: &[(Node, Node)]) -> Option<&'static str> {
    let value = |name: &str| {
        let is_named = |key: &Node| key.as_scalar().is_some_and(|key| key.text.eq_ignore_ascii_case(name));
        entries.iter().find(|(key, _)| is_named(key)).map(|(_, value)| value)
    };
    let is_analytics = value("kind")
        .and_then(Node::as_scalar)
        .is_some_and(|kind| kind.text.eq_ignore_ascii_case("scheduled") || kind.text.eq_ignore_ascii_case("nrt"));
    if is_analytics || TELLING_KEYS.iter().any(|key| value(key).is_some()) {
        return None;
    }
    if value("id").is_some() && value("name").is_some() {
        return None;
    }
    match value("query") {
        Some(query) if query.as_scalar().is_some() => None,
        Some(_) => Some("its `query` is no text, and no other key is one of a rule"),
        None => Some("no key is one of a rule"),
    }
}

pub(super) fn read_rule(reader: &mut Reader, mut fields: Fields<'_>, text: &str) -> (Option<Rule>, TextMap) {
    let top = Place::File(first_line(text, fields.span));
    // Sigma's words, where the rule borrows its layout.
    let severity_names: &[&'static str] =
        if fields.key_span("title").is_some() { &["severity", "level"] } else { &["severity"] };
    let name = fields.take_any(reader, &["name", "displayName", "title"]).and_then(|field| reader.text(&field));
    let name = name.filter(|name| !name.value.trim().is_empty());
    let at_name = name.as_ref().map_or(top, |name| Place::File(name.span));
    if name.is_none() {
        reader.error(Code::MissingKey, top, "the rule has no `name`".to_owned(), "give it a name: `name: …`");
    }
    let id = read_id(reader, &mut fields, name.as_ref(), at_name);
    let (query, map) = read_query(reader, &mut fields, text, at_name);
    let kind = read_kind(reader, &mut fields, at_name);
    let mut take_text = |reader: &mut Reader, names: &[&'static str]| {
        fields.take_any(reader, names).and_then(|field| reader.text(&field))
    };
    let description = take_text(reader, &["description"]);
    let description_detailed = take_text(reader, &["description-detailed", "description_detailed"]);
    let status = take_text(reader, &["status"]);
    let version = take_text(reader, &["version"]);
    let severity = fields.take_any(reader, severity_names).and_then(|field| reader.choice(&field, SEVERITIES));
    let has_metadata = fields.key_span("metadata").is_some();
    let metadata = fields.take(reader, "metadata");
    let author = read_author(reader, &mut fields, metadata.as_ref());
    let metadata = match metadata {
        Some(field) => Some(Spanned::new(field.node.to_json(), field.node.span)),
        None if has_metadata => read_scattered_metadata(reader, &mut fields),
        None => None,
    };
    let required_data_connectors = read_connectors(reader, &mut fields);
    let tactics = read_tactics(reader, &mut fields);
    let techniques = read_techniques(reader, &mut fields);
    let (tags, structured_tags) = read_tags(reader, &mut fields);
    let mut take_texts = |reader: &mut Reader, names: &[&'static str]| {
        fields.take_any(reader, names).map(|field| reader.texts(&field, false)).unwrap_or_default()
    };
    let references = take_texts(reader, &["references", "reference"]);
    let false_positives = take_texts(reader, &["falsePositives", "false_positives"]);
    let enabled = fields.take(reader, "enabled").and_then(|field| reader.boolean(&field));
    let alerts = read_alerts(reader, &mut fields);
    fields.finish(reader);
    let (Some(name), Some(query), Some(kind)) = (name, query, kind) else { return (None, map) };
    let unknown = std::mem::take(&mut reader.unknown);
    let rule = Rule {
        id: id.unwrap_or_else(|| Spanned::new(id_from_name(&name.value), Span::default())),
        name,
        description,
        description_detailed,
        kind,
        query,
        severity,
        status,
        version,
        author,
        required_data_connectors,
        tactics,
        techniques,
        tags,
        structured_tags,
        references,
        false_positives,
        enabled,
        alerts,
        metadata,
        unknown,
    };
    (Some(rule), map)
}

fn read_id(
    reader: &mut Reader,
    fields: &mut Fields<'_>,
    name: Option<&Spanned<String>>,
    place: Place,
) -> Option<Spanned<String>> {
    let id = fields.take(reader, "id").and_then(|field| reader.text(&field));
    let id = id.filter(|id| !id.value.trim().is_empty());
    if id.is_none()
        && let Some(name) = name
    {
        let help = format!("write `id: {}`", id_from_name(&name.value));
        reader.warn(Code::MissingKey, place, "the rule has no `id`; one is made of its name".to_owned(), help);
    }
    id.map(|id| Spanned::new(id.value.trim().to_owned(), id.span))
}

fn read_query(
    reader: &mut Reader,
    fields: &mut Fields<'_>,
    text: &str,
    place: Place,
) -> (Option<Spanned<String>>, TextMap) {
    const HELP: &str = "write the query in KQL after `query: |`, indented";
    let key = fields.key_span("query");
    let Some(field) = fields.take(reader, "query") else {
        match key {
            Some(key) => {
                reader.error(Code::EmptyQuery, Place::File(key), "the rule's `query` is empty".to_owned(), HELP)
            }
            None => reader.error(Code::MissingQuery, place, "the rule has no `query`".to_owned(), HELP),
        }
        return (None, TextMap::default());
    };
    let Some(scalar) = field.node.as_scalar().filter(|scalar| scalar.resolve().is_string()) else {
        let message = format!("`query` has to be a text, found {}", field.node.kind_name());
        reader.error(Code::BadValue, field.place(), message, HELP);
        return (None, TextMap::default());
    };
    if scalar.text.trim().is_empty() {
        let place = Place::File(field.key);
        reader.error(Code::EmptyQuery, place, "the rule's `query` is empty".to_owned(), HELP);
        return (None, TextMap::default());
    }
    let mut map = yaml::map_scalar(text, field.node);
    // Escapes can spell the line breaks of other systems: one query has one text wherever it stands.
    let returns: Vec<usize> = scalar.text.match_indices("\r\n").map(|(at, _)| at).collect();
    if !returns.is_empty() {
        map = map.without(&returns);
    }
    let query = normalise_end(&scalar.text.replace("\r\n", "\n"));
    map.trim(&query);
    (Some(Spanned::new(query, field.node.span)), map)
}

/// The query with exactly one line break at its end: readers disagree on the last line of a file without one, and what a
/// query means does not depend on it.
fn normalise_end(query: &str) -> String {
    let mut query = query.trim_end_matches('\n').to_owned();
    query.push('\n');
    query
}

/// The author: a text, or the `name` in an `author` block, at the top or in `metadata`.
fn read_author(
    reader: &mut Reader,
    fields: &mut Fields<'_>,
    metadata: Option<&Field<'_>>,
) -> Option<Spanned<String>> {
    if let Some(field) = fields.take(reader, "author") {
        return match name_of(field.node) {
            Some(name) => {
                let message = "`author` should be a text, or stand in `metadata`".to_owned();
                reader.warn(Code::UnusualSpelling, Place::File(field.key), message, "indent it below `metadata:`");
                Some(name)
            }
            None => reader.text(&field),
        };
    }
    entry(metadata?.node, "author").and_then(|author| {
        name_of(author).or_else(|| author.as_scalar().map(|name| Spanned::new(name.text.clone(), author.span)))
    })
}

/// What should stand below an empty `metadata:` and stands beside it.
fn read_scattered_metadata(reader: &mut Reader, fields: &mut Fields<'_>) -> Option<Spanned<serde_json::Value>> {
    let mut metadata = serde_json::Map::new();
    let mut span = None;
    for name in ["source", "support", "categories"] {
        let Some(field) = fields.take(reader, name) else { continue };
        let message = format!("`{name}` should stand in `metadata`; it is read as if it did");
        reader.warn(Code::UnusualSpelling, Place::File(field.key), message, "indent it below `metadata:`");
        span = span.or(Some(field.node.span));
        metadata.insert(name.to_owned(), field.node.to_json());
    }
    span.map(|span| Spanned::new(serde_json::Value::Object(metadata), span))
}

fn name_of(node: &Node) -> Option<Spanned<String>> {
    let name = entry(node, "name")?;
    name.as_scalar().filter(|name| !name.text.is_empty()).map(|text| Spanned::new(text.text.clone(), name.span))
}

fn entry<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    let NodeKind::Mapping(entries) = &node.kind else { return None };
    entries.iter().find(|(key, _)| key.as_scalar().is_some_and(|key| key.text == name)).map(|(_, value)| value)
}

fn read_connectors(reader: &mut Reader, fields: &mut Fields<'_>) -> Vec<Connector> {
    let Some(field) = fields.take(reader, "requiredDataConnectors") else { return Vec::new() };
    let mut connectors = Vec::new();
    for (_, mut fields) in reader.list_of_fields(&field) {
        let id = fields.take(reader, "connectorId").and_then(|field| reader.text(&field));
        let data_types = fields.take(reader, "dataTypes").map(|field| reader.texts(&field, true));
        fields.finish(reader);
        connectors.push(Connector { id: id.unwrap_or_default(), data_types: data_types.unwrap_or_default() });
    }
    connectors
}

fn read_tactics(reader: &mut Reader, fields: &mut Fields<'_>) -> Vec<Spanned<String>> {
    let Some(field) = fields.take(reader, "tactics") else { return Vec::new() };
    let mut tactics: Vec<Spanned<String>> = Vec::new();
    for text in reader.texts(&field, true) {
        let Some(tactic) = mitre::tactic(&text.value) else {
            let message = format!("{} is no tactic that Sentinel knows; it is left out", excerpt(&text.value));
            let help = match nearest(&text.value, mitre::TACTICS) {
                Some(tactic) => format!("a tactic `{tactic}` exists"),
                None => "tactics are named as in `CredentialAccess`".to_owned(),
            };
            reader.warn(Code::BadValue, Place::File(text.span), message, help);
            continue;
        };
        if tactic != text.value {
            let message = format!("{} is read as `{tactic}`", excerpt(&text.value));
            reader.warn(Code::UnusualSpelling, Place::File(text.span), message, format!("write `{tactic}`"));
        }
        if !tactics.iter().any(|known| known.value == tactic) {
            tactics.push(Spanned::new(tactic.to_owned(), text.span));
        }
    }
    tactics
}

fn read_techniques(reader: &mut Reader, fields: &mut Fields<'_>) -> Vec<Spanned<String>> {
    let Some(field) = fields.take_any(reader, &["relevantTechniques", "techniques"]) else { return Vec::new() };
    let mut techniques: Vec<Spanned<String>> = Vec::new();
    for text in reader.texts(&field, true) {
        let Some(technique) = mitre::technique(&text.value) else {
            let message = format!("{} is no technique id; it is left out", excerpt(&text.value));
            reader.warn(Code::BadValue, Place::File(text.span), message, "ids look like `T1059` or `T1059.001`");
            continue;
        };
        if technique != text.value {
            let message = format!("{} is read as `{technique}`", excerpt(&text.value));
            reader.warn(Code::UnusualSpelling, Place::File(text.span), message, format!("write `{technique}`"));
        }
        if !techniques.iter().any(|known| known.value == technique) {
            techniques.push(Spanned::new(technique, text.span));
        }
    }
    techniques
}

fn read_tags(
    reader: &mut Reader,
    fields: &mut Fields<'_>,
) -> (Vec<Spanned<String>>, Vec<Spanned<serde_json::Value>>) {
    let Some(field) = fields.take_any(reader, &["tags", "tag"]) else { return (Vec::new(), Vec::new()) };
    let mut tags = (Vec::new(), Vec::new());
    for item in reader.items(&field, true) {
        match item {
            Item::Text(text) => tags.0.push(text),
            Item::Other(node) => tags.1.push(Spanned::new(node.to_json(), node.span)),
        }
    }
    tags
}

/// An id that depends on the name alone.
fn id_from_name(name: &str) -> String {
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
}

/// The file's name without folders and extension.
pub(super) fn file_stem(label: &str) -> &str {
    let name = label.rsplit(['/', '\\']).next().unwrap_or(label);
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
}

/// The first line of a range, to point at what has no better place.
fn first_line(text: &str, span: Span) -> Span {
    let line = span.of(text).lines().next().unwrap_or("");
    Span::new(span.start as usize, span.start as usize + line.trim_end().len())
}

fn empty_rule() -> Rule {
    Rule {
        id: Spanned::default(),
        name: Spanned::default(),
        description: None,
        description_detailed: None,
        kind: RuleKind::Hunting,
        query: Spanned::default(),
        severity: None,
        status: None,
        version: None,
        author: None,
        required_data_connectors: Vec::new(),
        tactics: Vec::new(),
        techniques: Vec::new(),
        tags: Vec::new(),
        structured_tags: Vec::new(),
        references: Vec::new(),
        false_positives: Vec::new(),
        enabled: None,
        alerts: Alerts::default(),
        metadata: None,
        unknown: Vec::new(),
    }
}
