//! Text that remembers its source, and the one template environment.
//!
//! A back end hands a serialisable view to [`Templates::render`]. Each [`Text`] in it keeps its pieces apart on the
//! way through the template and its filters, and [`Rendered::provenance`] says where in the artifact they have come
//! to stand. Templates see strings, numbers, lists and objects; they can print strings and numbers only, and names
//! that a view lacks are errors. What they cannot do is look at a text: markers are in it until it is printed, so
//! tests on its content belong in the view.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;
use serde::ser::SerializeMap;

use crate::hash;
use crate::span::Origins;

mod filter;
mod marker;
#[cfg(test)]
mod tests;

/// The templates built in: name and text, by name.
const BUILT_IN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// A run of output text and the source leaves it stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// Where it comes from; empty for glue such as parentheses.
    pub origins: Origins,
}

/// Output text in pieces.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Text {
    pieces: Vec<Piece>,
}

impl Text {
    /// No text.
    pub fn new() -> Text {
        Text::default()
    }

    /// One piece.
    pub fn piece(text: impl Into<String>, origins: Origins) -> Text {
        Text { pieces: vec![Piece { text: text.into(), origins }] }
    }

    /// Text that stands for no source: parentheses, commas.
    pub fn glue(text: &str) -> Text {
        Text::piece(text, Origins::none())
    }

    /// Appends.
    pub fn push(&mut self, other: Text) {
        self.pieces.extend(other.pieces);
    }

    /// This, then `other`.
    pub fn then(mut self, other: Text) -> Text {
        self.push(other);
        self
    }

    /// The parts with `separator` between them.
    pub fn join(parts: impl IntoIterator<Item = Text>, separator: &Text) -> Text {
        let mut joined = Text::new();
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 {
                joined.push(separator.clone());
            }
            joined.push(part);
        }
        joined
    }

    /// The same between `(` and `)`.
    pub fn parenthesised(self) -> Text {
        Text::glue("(").then(self).then(Text::glue(")"))
    }

    /// The same pieces, each also standing for `origins`.
    pub fn with_origins(mut self, origins: &Origins) -> Text {
        for piece in &mut self.pieces {
            piece.origins.extend(origins);
        }
        self
    }

    /// The pieces in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.pieces.iter().all(|piece| piece.text.is_empty())
    }

    /// The plain text.
    pub fn plain(&self) -> Cow<'_, str> {
        match self.pieces.as_slice() {
            [only] => Cow::Borrowed(&only.text),
            pieces => Cow::Owned(pieces.iter().map(|piece| piece.text.as_str()).collect()),
        }
    }
}

/// The one member of a text in a view that is being rendered.
const PIECES: &str = "$pieces";

thread_local! {
    /// The origins of the pieces that the view in the making has so far; none while nothing is rendered.
    static TABLE: RefCell<Option<Vec<Origins>>> = const { RefCell::new(None) };
}

/// In a view a `Text` keeps its pieces, each with its place in the table of origins; elsewhere it is plain text.
impl Serialize for Text {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pieces = TABLE.with_borrow_mut(|table| {
            let table = table.as_mut()?;
            let mut pieces: Vec<(&str, Option<usize>)> = Vec::with_capacity(self.pieces.len());
            for piece in &self.pieces {
                let place = (!piece.origins.is_empty()).then_some(table.len());
                table.extend(place.map(|_| piece.origins.clone()));
                pieces.push((&piece.text, place));
            }
            Some(pieces)
        });
        let Some(pieces) = pieces else { return serializer.serialize_str(&self.plain()) };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(PIECES, &pieces)?;
        map.end()
    }
}

/// An artifact's text, and which part of it comes from where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rendered {
    /// All of it.
    pub text: String,
    /// Byte ranges of the text with the source leaves behind them, ascending, not overlapping.
    pub provenance: Vec<(Range<usize>, Origins)>,
}

/// A template that cannot be rendered.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("template `{name}`: {message}")]
pub struct TemplateError {
    /// The template's name: `sigma/rule.yml.j2`.
    pub name: String,
    /// What is wrong, and where in it.
    pub message: String,
}

/// The templates: those built in, or the user's own in their place.
#[derive(Clone, Debug)]
pub struct Templates {
    environment: Environment<'static>,
    sha256: String,
}

impl Default for Templates {
    fn default() -> Templates {
        Templates::builtin()
    }
}

impl Templates {
    /// The templates built in.
    pub fn builtin() -> Templates {
        let sources = BUILT_IN.iter().map(|(name, text)| (*name, Cow::Borrowed(*text))).collect();
        Templates::compile(&sources).expect("a test compiles every built-in template")
    }

    /// The templates built in, with the user's own in place of those of the same name.
    ///
    /// # Errors
    ///
    /// When a name is not that of a built-in template, or a text is no template.
    pub fn with_overrides(overrides: impl IntoIterator<Item = (String, String)>) -> Result<Templates, TemplateError> {
        let mut sources: BTreeMap<&str, Cow<str>> =
            BUILT_IN.iter().map(|(name, text)| (*name, Cow::Borrowed(*text))).collect();
        for (name, text) in overrides {
            match sources.get_mut(name.as_str()) {
                Some(source) => *source = Cow::Owned(text),
                None => {
                    let message = format!("there is no such template; there are {}", list(sources.keys()));
                    return Err(TemplateError { name, message });
                }
            }
        }
        Templates::compile(&sources)
    }

    fn compile(sources: &BTreeMap<&str, Cow<str>>) -> Result<Templates, TemplateError> {
        let mut environment = environment();
        for (name, text) in sources {
            let added = environment.add_template_owned((*name).to_owned(), marker::encode(text));
            added.map_err(|error| described(name, &error))?;
        }
        let sha256 = hash::sha256_of_parts(sources.iter().flat_map(|(name, text)| [*name, text.as_ref()]));
        Ok(Templates { environment, sha256 })
    }

    /// Hash over the names and texts of the templates in use, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The names of all templates, in order.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// Renders a template with a view: a structure of strings, [`Text`]s, numbers, flags, optionals and lists.
    ///
    /// # Errors
    ///
    /// When the template asks for what the view does not hold, or prints what is neither string nor number.
    pub fn render(&self, name: &str, view: &impl Serialize) -> Result<Rendered, TemplateError> {
        let outer = TABLE.replace(Some(Vec::new()));
        let data = serde_json::to_value(view);
        let table = TABLE.replace(outer).unwrap_or_default();
        let data = data.map_err(|error| TemplateError { name: name.to_owned(), message: error.to_string() })?;
        let view = marked(data);
        let template = self.environment.get_template(name).map_err(|error| described(name, &error))?;
        let rendered = template.render(view).map_err(|error| described(name, &error))?;
        let (text, provenance) = marker::unmark(&rendered, &table);
        Ok(Rendered { text, provenance })
    }
}

/// The environment: strict, without escaping of its own, and with our filters only besides the engine's.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    environment.set_syntax(syntax.expect("the default delimiters do not clash"));
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_formatter(filter::print);
    environment.add_filter("json", filter::json);
    environment.add_filter("yaml", filter::yaml);
    environment.add_filter("yaml_block", filter::yaml_block);
    environment.add_filter("comment", filter::comment);
    environment.add_filter("indent", filter::indent);
    environment
}

/// The view as templates see it: texts with markers, plain strings with the marker characters escaped.
fn marked(data: serde_json::Value) -> Value {
    match data {
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(flag) => Value::from(flag),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(whole), _, _) => Value::from(whole),
            (None, Some(whole), _) => Value::from(whole),
            (None, None, fraction) => Value::from(fraction.expect("a JSON number is one of the three")),
        },
        serde_json::Value::String(text) => Value::from(marker::encode(&text)),
        serde_json::Value::Array(items) => items.into_iter().map(marked).collect(),
        serde_json::Value::Object(members) => match pieces(&members) {
            Some(pieces) => {
                let mut text = String::new();
                for (piece, place) in pieces {
                    marker::mark(&piece, place, &mut text);
                }
                Value::from(text)
            }
            None => Value::from_pairs(members.into_iter().map(|(name, data)| (marker::encode(&name), marked(data)))),
        },
    }
}

/// The pieces of a serialised [`Text`], if it is one: texts, and places in the table of origins.
fn pieces(members: &serde_json::Map<String, serde_json::Value>) -> Option<Vec<(String, Option<usize>)>> {
    let only = members.get(PIECES).filter(|_| members.len() == 1)?;
    serde_json::from_value(only.clone()).ok()
}

/// An engine's error with its line and causes, in one line.
fn described(name: &str, error: &minijinja::Error) -> TemplateError {
    let mut message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    if let Some(line) = error.line() {
        message.push_str(&format!(" (line {line})"));
    }
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        message.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    TemplateError { name: error.name().unwrap_or(name).to_owned(), message }
}

fn list<'a>(names: impl Iterator<Item = &'a &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
