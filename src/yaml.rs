//! Reading and writing YAML: the only file that names a YAML library.
//!
//! [`from_data`] reads our own data files into types. [`read`] reads what users wrote, as a tree that knows where each
//! value stands and how it was spelled; [`read_json`] reads JSON into the same tree. [`quote`], [`quote_single`] and [`block`] write a text so
//! that every reader, of YAML 1.1 or 1.2, gets the same text back.

mod json;
mod node;
mod repair;
mod scalar;
mod write;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde_saphyr::granit_parser::{self as parser, Event, Parser, ScalarStyle};

use crate::span::{Span, TextMap};

pub use json::read_json;
pub use node::{Node, NodeKind, Scalar, Style};
pub use repair::Repair;
pub use write::{block, quote, quote_double, quote_single};

/// Why a data file cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct DataError {
    /// What is wrong, without the position.
    pub message: String,
    /// Line, from 1; 1 when the reader does not know it.
    pub line: usize,
    /// Column, from 1; 1 when the reader does not know it.
    pub column: usize,
}

/// Reads one of our own data files (crosswalk, profile).
///
/// # Errors
///
/// When the text is not YAML or does not fit the type.
pub fn from_data<T: DeserializeOwned>(text: &str) -> Result<T, DataError> {
    // The reader takes a byte order mark for indentation.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_yaml::from_str(text).map_err(|error| {
        let (line, column) = error.location().map_or((1, 1), |place| (place.line(), place.column()));
        // The reader repeats the position in its message.
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
        DataError { message, line, column }
    })
}

/// How deeply collections may be nested.
const MAX_DEPTH: usize = 64;
/// How many values a document may have, those of aliases counted each time.
const MAX_NODES: usize = 200_000;
/// Repairs are tried on files of sensible size only: each one reads the file again.
const MAX_REPAIRED_BYTES: usize = 1 << 20;
/// How many repairs a file may need.
const MAX_REPAIRS: usize = 64;

/// The first document of a file.
#[derive(Clone, PartialEq, Debug)]
pub struct Document {
    /// Its value; a file without any is null.
    pub root: Node,
    /// Where a second document begins, if there is one that is not empty.
    pub second: Option<Span>,
    /// What was read in spite of being misplaced.
    pub repairs: Vec<Repair>,
}

/// Why a text is not read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadError {
    /// Whether it is well-formed but too large or too deep.
    pub is_limit: bool,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub span: Span,
}

/// Reads a text as YAML.
///
/// A list item's second key that stands as far left as the item's dash is taken for a key of that item wherever nothing
/// else can be meant; [`Document::repairs`] says so.
///
/// # Errors
///
/// When it is not well-formed, gives a key twice, or is too deep or too large.
pub fn read(text: &str) -> Result<Document, ReadError> {
    let mut repairs = repair::Repairs::default();
    let mut current = std::borrow::Cow::Borrowed(text);
    loop {
        match Builder::default().build(&current) {
            Ok((mut root, mut second)) => {
                if !repairs.is_empty() {
                    repairs.place(&mut root);
                    second = second.map(|span| repairs.original(span));
                }
                return Ok(Document { root, second, repairs: repairs.into_list() });
            }
            Err(failure) => {
                let may_repair =
                    failure.is_misplaced_key && current.len() <= MAX_REPAIRED_BYTES && repairs.len() < MAX_REPAIRS;
                match may_repair.then(|| repairs.apply(&current, failure.error.span.start as usize)).flatten() {
                    Some(repaired) => current = std::borrow::Cow::Owned(repaired),
                    None => {
                        let span = repairs.original(failure.error.span);
                        return Err(ReadError { span, ..failure.error });
                    }
                }
            }
        }
    }
}

/// Where each byte of a scalar's text stands in the file; for a scalar that cannot be followed, its whole range.
pub fn map_scalar(file: &str, node: &Node) -> TextMap {
    let Some(scalar) = node.as_scalar() else { return TextMap::default() };
    scalar::map(file, node.span, scalar).unwrap_or_else(|| {
        let mut map = TextMap::default();
        map.push(scalar.text.len(), node.span);
        map
    })
}

struct Failure {
    error: ReadError,
    /// Whether a list was expected to go on where something else stands.
    is_misplaced_key: bool,
}

impl Failure {
    fn new(is_limit: bool, message: impl Into<String>, span: Span) -> Failure {
        Failure { error: ReadError { is_limit, message: message.into(), span }, is_misplaced_key: false }
    }
}

/// A collection whose end has not come yet.
struct Open {
    start: usize,
    anchor: usize,
    /// Height of the highest child so far.
    height: usize,
    kind: OpenKind,
}

enum OpenKind {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<(Node, Node)>, key: Option<Node>, seen: HashMap<String, Span> },
}

/// Builds the tree from the reader's events.
#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    /// Finished nodes that have a name, each with its height and number of nodes.
    anchors: HashMap<usize, (Node, usize, usize)>,
    nodes: usize,
    root: Option<Node>,
}

impl Builder {
    fn build(mut self, text: &str) -> Result<(Node, Option<Span>), Failure> {
        let mut options = parser::Options::default();
        options.set_emit_comments(false);
        options.flow_nesting_limit = MAX_DEPTH;
        options.block_nesting_limit = MAX_DEPTH;
        let mut n_documents = 0;
        let mut second = None;
        for event in Parser::new_from_str_with_options(text, options) {
            let (event, span) = event.map_err(|error| scan_failure(text, &error))?;
            let range = span.byte_range().unwrap_or(0..0);
            let place = Span::new(range.start, range.end);
            if matches!(event, Event::DocumentStart(..)) {
                n_documents += 1;
                continue;
            }
            if n_documents > 1 {
                let is_empty = matches!(&event, Event::Scalar(value, ScalarStyle::Plain, ..) if value.is_empty());
                if event.is_node() && !is_empty {
                    second = Some(place);
                    break;
                }
                continue;
            }
            self.event(event, place, span.indent.unwrap_or(0))?;
        }
        let null = Scalar { text: String::new(), style: Style::Plain, indent: 0 };
        let root = self.root.unwrap_or(Node { span: Span::default(), kind: NodeKind::Scalar(null) });
        Ok((root, second))
    }

    fn event(&mut self, event: Event<'_>, place: Span, indent: usize) -> Result<(), Failure> {
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let is_text = tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
                let style = match style {
                    _ if is_text => Style::Tagged,
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::SingleQuoted,
                    ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                };
                let scalar = Scalar { text: value.into_owned(), style, indent };
                self.finish(Node { span: place, kind: NodeKind::Scalar(scalar) }, anchor, 0, 1)
            }
            Event::SequenceStart(_, anchor, _) => self.start(place, anchor, OpenKind::Sequence(Vec::new())),
            Event::MappingStart(_, anchor, _) => {
                let kind = OpenKind::Mapping { entries: Vec::new(), key: None, seen: HashMap::new() };
                self.start(place, anchor, kind)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(place),
            Event::Alias(anchor) => {
                let Some((node, height, size)) = self.anchors.get(&anchor) else {
                    return Err(Failure::new(false, "an alias stands inside the value that it names", place));
                };
                if self.open.len() + height > MAX_DEPTH {
                    return Err(too_deep(place));
                }
                // Counted before it is copied: aliases of aliases grow without bound.
                if self.nodes + size > MAX_NODES {
                    return Err(too_many(place));
                }
                let (node, height, size) = (node.clone(), *height, *size);
                self.finish(node, 0, height, size)
            }
            _ => Ok(()),
        }
    }

    fn start(&mut self, place: Span, anchor: usize, kind: OpenKind) -> Result<(), Failure> {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(place));
        }
        self.open.push(Open { start: place.start as usize, anchor, height: 0, kind });
        Ok(())
    }

    fn end(&mut self, place: Span) -> Result<(), Failure> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let span = Span::new(open.start, (place.end as usize).max(open.start));
        let kind = match open.kind {
            OpenKind::Sequence(items) => NodeKind::Sequence(items),
            OpenKind::Mapping { entries, .. } => NodeKind::Mapping(merge(entries)),
        };
        let node = Node { span, kind };
        let size = if open.anchor == 0 { 1 } else { count(&node) };
        self.finish(node, open.anchor, open.height + 1, size)
    }

    /// Puts a finished node where it belongs.
    fn finish(&mut self, node: Node, anchor: usize, height: usize, size: usize) -> Result<(), Failure> {
        self.nodes += size;
        if self.nodes > MAX_NODES {
            return Err(too_many(node.span));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), height, size));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.height = open.height.max(height);
        match &mut open.kind {
            OpenKind::Sequence(items) => items.push(node),
            OpenKind::Mapping { entries, key, seen } => match key.take() {
                Some(key) => entries.push((key, node)),
                None => {
                    let name = match node.as_scalar() {
                        Some(scalar) => scalar.text.clone(),
                        None => node.to_json().to_string(),
                    };
                    if name != "<<" && seen.contains_key(&name) {
                        return Err(Failure::new(false, format!("the key `{name}` is given twice"), node.span));
                    }
                    seen.insert(name, node.span);
                    *key = Some(node);
                }
            },
        }
        Ok(())
    }
}

/// Merge keys, <https://yaml.org/type/merge.html>: what `<<` names is added where the mapping has no such key itself.
fn merge(entries: Vec<(Node, Node)>) -> Vec<(Node, Node)> {
    let is_merge = |key: &Node| key.as_scalar().is_some_and(|key| key.text == "<<" && key.style == Style::Plain);
    if !entries.iter().any(|(key, _)| is_merge(key)) {
        return entries;
    }
    let (merged, mut own): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(key, _)| is_merge(key));
    for (key, value) in merged {
        let sources = match value.kind {
            NodeKind::Sequence(items) => items,
            NodeKind::Mapping(_) => vec![value],
            // No mapping, so no merge: kept to be reported as the unknown key it then is.
            NodeKind::Scalar(_) => {
                own.push((key, value));
                continue;
            }
        };
        for source in sources {
            let NodeKind::Mapping(added) = source.kind else { continue };
            for (key, value) in added {
                if !own.iter().any(|(present, _)| present.to_json() == key.to_json()) {
                    own.push((key, value));
                }
            }
        }
    }
    own
}

fn count(node: &Node) -> usize {
    match &node.kind {
        NodeKind::Scalar(_) => 1,
        NodeKind::Sequence(items) => 1 + items.iter().map(count).sum::<usize>(),
        NodeKind::Mapping(entries) => 1 + entries.iter().map(|(key, value)| count(key) + count(value)).sum::<usize>(),
    }
}

fn too_deep(place: Span) -> Failure {
    Failure::new(true, format!("values are nested more than {MAX_DEPTH} levels deep"), place)
}

fn too_many(place: Span) -> Failure {
    Failure::new(true, format!("the document has more than {MAX_NODES} values"), place)
}

fn scan_failure(text: &str, error: &parser::ScanError) -> Failure {
    use parser::ErrorKind;
    let start = error.marker().byte_offset().unwrap_or(0).min(text.len());
    let length = text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    let at_break = text[start..].starts_with(['\n', '\r']);
    let span = Span::new(start, if at_break { start } else { start + length });
    let message = match error.kind() {
        ErrorKind::ExpectedBlockSequenceEntry => {
            format!("expected the list's next `-`, found {}", word_at(text, start))
        }
        ErrorKind::ExpectedBlockMappingKey => format!("expected a key, found {}", word_at(text, start)),
        ErrorKind::MappingValueNotAllowed => "a value with `: ` in it has to stand in quotes".to_owned(),
        ErrorKind::UnexpectedCharacter { character } => {
            format!("the character U+{:04X} is not allowed here", u32::from(*character))
        }
        _ => error.info(),
    };
    if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        return too_deep(span);
    }
    let is_misplaced_key = matches!(error.kind(), ErrorKind::ExpectedBlockSequenceEntry);
    Failure { error: ReadError { is_limit: false, message, span }, is_misplaced_key }
}

/// What stands at an offset, for messages.
fn word_at(text: &str, offset: usize) -> String {
    match text.get(offset..).and_then(|rest| rest.split_whitespace().next()) {
        Some(word) => format!("`{}`", word.chars().take(30).collect::<String>()),
        None => "the end of the file".to_owned(),
    }
}
