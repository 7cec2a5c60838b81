//! Takes the keys of a mapping one by one, checks their values, and reports what is left.

use super::{Duration, Spanned, UnknownKey, parse_duration};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::{Place, Span};
use crate::yaml::{Node, NodeKind, Style};

/// What was found while reading a rule.
#[derive(Default)]
pub struct Reader {
    /// In the order of reading.
    pub diagnostics: Vec<Diagnostic>,
    /// Keys nobody asked for.
    pub unknown: Vec<UnknownKey>,
}

/// The keys of a mapping that have not been taken yet.
pub struct Fields<'a> {
    /// The keys above it, with a dot at the end; empty at the top.
    path: String,
    /// The mapping's place.
    pub span: Span,
    /// Names that were asked for.
    asked: Vec<&'static str>,
    left: Vec<(String, Span, &'a Node)>,
}

/// A key with its value.
pub struct Field<'a> {
    /// The key with those above it.
    pub path: String,
    /// The key's place.
    pub key: Span,
    /// The value.
    pub node: &'a Node,
}

impl Field<'_> {
    /// Where to point when the value is wrong: at the value, or at the key where the value takes no room.
    pub fn place(&self) -> Place {
        let span = self.node.span;
        let is_block = matches!(self.node.kind, NodeKind::Sequence(_) | NodeKind::Mapping(_));
        Place::File(if is_block || span.start == span.end { self.key } else { span })
    }
}

impl<'a> Fields<'a> {
    /// The fields of a mapping.
    pub fn of_mapping(path: String, span: Span, entries: &'a [(Node, Node)]) -> Fields<'a> {
        let left = entries
            .iter()
            .map(|(key, value)| {
                let name = key.as_scalar().map_or_else(|| key.to_json().to_string(), |key| key.text.clone());
                (name, key.span, value)
            })
            .collect();
        Fields { path, span, asked: Vec::new(), left }
    }

    /// The value of a key, unless it is missing or null.
    pub fn take(&mut self, reader: &mut Reader, name: &'static str) -> Option<Field<'a>> {
        self.take_any(reader, &[name])
    }

    /// The value of the first of these names that is there; names after the first are misspellings.
    pub fn take_any(&mut self, reader: &mut Reader, names: &[&'static str]) -> Option<Field<'a>> {
        self.asked.push(names[0]);
        let exact = self.left.iter().position(|(key, ..)| key == names[0]);
        let index = exact.or_else(|| {
            names.iter().find_map(|name| self.left.iter().position(|(key, ..)| key.eq_ignore_ascii_case(name)))
        })?;
        let (spelled, key, node) = self.left.remove(index);
        let path = format!("{}{}", self.path, names[0]);
        if spelled != names[0] {
            let message = format!("the key `{spelled}` is read as `{}`", names[0]);
            let help = format!("write `{}`", names[0]);
            reader.warn(Code::UnusualSpelling, Place::File(key), message, help);
        }
        (!node.is_null()).then_some(Field { path, key, node })
    }

    /// The place of a key that is there at all, whatever its value and letter case.
    pub fn key_span(&self, name: &str) -> Option<Span> {
        self.left.iter().find(|(key, ..)| key.eq_ignore_ascii_case(name)).map(|(_, span, _)| *span)
    }

    /// Refuses the keys that nobody asked for.
    pub fn refuse_rest(self, reader: &mut Reader, code: Code) {
        let known: Vec<String> = self.asked.iter().map(|name| format!("`{name}`")).collect();
        for (name, span, _) in self.left {
            let message = format!("there is no key `{}{name}`", self.path);
            let found = nearest(&name, &self.asked);
            let help =
                found.map_or_else(|| format!("known are {}", known.join(", ")), |found| format!("write `{found}`"));
            let fix = found.map(str::to_owned);
            let error = Diagnostic::error(code, Place::File(span), message).with_help(help);
            reader.diagnostics.push(Diagnostic { fix, ..error });
        }
    }

    /// Reports and keeps the keys that nobody asked for.
    pub fn finish(self, reader: &mut Reader) {
        for (name, span, node) in self.left {
            let path = format!("{}{name}", self.path);
            let help = match nearest(&name, &self.asked) {
                Some(asked) => format!("a key `{asked}` exists"),
                None => "the value is kept, but no artifact shows it".to_owned(),
            };
            reader.warn(Code::UnknownKey, Place::File(span), format!("the key `{path}` is not documented"), help);
            reader.unknown.push(UnknownKey { path, value: node.to_json(), span });
        }
    }
}

impl Reader {
    /// Records an error.
    pub fn error(&mut self, code: Code, place: Place, message: String, help: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(code, place, message).with_help(help));
    }

    /// Records a warning.
    pub fn warn(&mut self, code: Code, place: Place, message: String, help: impl Into<String>) {
        self.diagnostics.push(Diagnostic::warning(code, place, message).with_help(help));
    }

    /// Records that a value is of another kind than it has to be.
    pub fn wrong_kind(&mut self, field: &Field<'_>, expected: &str) {
        let message = format!("`{}` has to be {expected}, found {}", field.path, field.node.kind_name());
        self.diagnostics.push(Diagnostic::error(Code::BadValue, field.place(), message));
    }

    /// A text; a bare number or boolean is the text it is spelled as. `{{Column}}` without quotes is a mapping to YAML.
    pub fn text(&mut self, field: &Field<'_>) -> Option<Spanned<String>> {
        match field.node.as_scalar() {
            Some(scalar) => Some(Spanned::new(scalar.text.clone(), field.node.span)),
            None => {
                if let Some(text) = placeholder(field.node) {
                    let message = format!("`{}` is a mapping; it is read as the text `{text}`", field.path);
                    self.warn(Code::UnusualSpelling, field.place(), message, format!("write `'{text}'`"));
                    return Some(Spanned::new(text, field.node.span));
                }
                self.wrong_kind(field, "a text");
                None
            }
        }
    }

    /// A list of texts. A text alone is taken for a list of one, at commas for several; empty entries are none.
    pub fn texts(&mut self, field: &Field<'_>, at_commas: bool) -> Vec<Spanned<String>> {
        self.items(field, at_commas)
            .into_iter()
            .filter_map(|item| match item {
                Item::Text(text) => Some(text),
                Item::Other(node) => {
                    let path = format!("{}[]", field.path);
                    self.wrong_kind(&Field { path, key: field.key, node }, "a text");
                    None
                }
            })
            .collect()
    }

    /// The entries of a list.
    pub fn items<'a>(&mut self, field: &Field<'a>, at_commas: bool) -> Vec<Item<'a>> {
        match &field.node.kind {
            NodeKind::Sequence(items) => items
                .iter()
                .filter(|item| !item.is_null())
                .map(|item| match item.as_scalar() {
                    Some(scalar) => Item::Text(Spanned::new(scalar.text.clone(), item.span)),
                    None => Item::Other(item),
                })
                .collect(),
            NodeKind::Scalar(scalar) => {
                let message = format!("`{}` should be a list, found {}", field.path, field.node.kind_name());
                self.warn(
                    Code::UnusualSpelling,
                    field.place(),
                    message,
                    "write each entry on a line of its own after `- `",
                );
                let parts = scalar.text.split(|letter| at_commas && letter == ',').map(str::trim);
                parts
                    .filter(|part| !part.is_empty())
                    .map(|part| Item::Text(Spanned::new(part.to_owned(), field.node.span)))
                    .collect()
            }
            NodeKind::Mapping(_) => {
                self.wrong_kind(field, "a list");
                Vec::new()
            }
        }
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, field: &Field<'_>) -> Option<Spanned<bool>> {
        let scalar = field.node.as_scalar();
        let truth = scalar.and_then(|scalar| match scalar.text.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        });
        let Some(truth) = truth else {
            self.wrong_kind(field, "`true` or `false`");
            return None;
        };
        if scalar.is_some_and(|scalar| !scalar.resolve().is_boolean()) {
            let message = format!("`{}` is a text; it is read as a boolean", field.path);
            self.warn(Code::UnusualSpelling, field.place(), message, format!("write `{truth}` without quotes"));
        }
        Some(Spanned::new(truth, field.node.span))
    }

    /// A whole number that is not negative.
    pub fn count(&mut self, field: &Field<'_>) -> Option<Spanned<u64>> {
        let scalar = field.node.as_scalar();
        let Some(count) = scalar.and_then(|scalar| scalar.text.parse::<u64>().ok()) else {
            let found = scalar.map_or_else(|| field.node.kind_name().to_owned(), |scalar| excerpt(&scalar.text));
            let message = format!("`{}` has to be a whole number from 0 on, found {found}", field.path);
            self.diagnostics.push(Diagnostic::error(Code::BadValue, field.place(), message));
            return None;
        };
        if scalar.is_some_and(|scalar| scalar.style != Style::Plain) {
            let message = format!("`{}` is a text; it is read as a number", field.path);
            self.warn(Code::UnusualSpelling, field.place(), message, format!("write `{count}` without quotes"));
        }
        Some(Spanned::new(count, field.node.span))
    }

    /// A length of time.
    pub fn duration(&mut self, field: &Field<'_>) -> Option<Spanned<Duration>> {
        const HELP: &str = "write `1h`, `5m`, `1d`, or ISO 8601 like `PT1H`";
        let Some(text) = field.node.as_scalar().map(|scalar| scalar.text.as_str()) else {
            self.wrong_kind(field, "a length of time");
            return None;
        };
        let Some((duration, is_usual)) = parse_duration(text) else {
            let message = format!("`{}` has to be a length of time, found {}", field.path, excerpt(text));
            self.error(Code::BadValue, field.place(), message, HELP);
            return None;
        };
        if !is_usual {
            let message = format!("{} is an unusual spelling of a length of time", excerpt(text));
            self.warn(Code::UnusualSpelling, field.place(), message, HELP);
        }
        Some(Spanned::new(duration, field.node.span))
    }

    /// One of a closed list of words. The first word for a value is the usual one; all are known in any letter case.
    pub fn choice<T: Copy>(&mut self, field: &Field<'_>, words: &[(&str, T)]) -> Option<Spanned<T>> {
        self.choice_or_older(field, words, &[])
    }

    /// The same with words that older files have: the older word and today's.
    pub fn choice_or_older<T: Copy>(
        &mut self,
        field: &Field<'_>,
        words: &[(&str, T)],
        older: &[(&str, &str)],
    ) -> Option<Spanned<T>> {
        let Some(text) = field.node.as_scalar().map(|scalar| scalar.text.as_str()) else {
            self.wrong_kind(field, "a text");
            return None;
        };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(Spanned::new(*value, field.node.span));
        }
        let word =
            older.iter().find(|(word, _)| word.eq_ignore_ascii_case(text.trim())).map_or(text.trim(), |pair| pair.1);
        if let Some((word, value)) = words.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)) {
            let message = format!("{} is read as `{word}`", excerpt(text));
            self.warn(Code::UnusualSpelling, field.place(), message, format!("write `{word}`"));
            return Some(Spanned::new(*value, field.node.span));
        }
        let list: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        let message = format!("`{}` has a value that is not known: {}", field.path, excerpt(text));
        self.error(Code::BadValue, field.place(), message, format!("known are {}", list.join(", ")));
        None
    }

    /// The fields of a mapping.
    pub fn fields<'a>(&mut self, field: &Field<'a>) -> Option<Fields<'a>> {
        match &field.node.kind {
            NodeKind::Mapping(entries) => {
                Some(Fields::of_mapping(format!("{}.", field.path), field.node.span, entries))
            }
            NodeKind::Scalar(_) | NodeKind::Sequence(_) => {
                self.wrong_kind(field, "a mapping");
                None
            }
        }
    }

    /// The fields of each entry of a list of mappings. A mapping alone is taken for a list of one.
    pub fn list_of_fields<'a>(&mut self, field: &Field<'a>) -> Vec<(Field<'a>, Fields<'a>)> {
        let items: Vec<&'a Node> = match &field.node.kind {
            NodeKind::Sequence(items) => items.iter().filter(|item| !item.is_null()).collect(),
            NodeKind::Mapping(_) => {
                let message = format!("`{}` should be a list, found a mapping", field.path);
                self.warn(Code::UnusualSpelling, field.place(), message, "begin the entry with `- `");
                vec![field.node]
            }
            NodeKind::Scalar(_) => {
                self.wrong_kind(field, "a list of mappings");
                Vec::new()
            }
        };
        let mut found = Vec::new();
        for (index, node) in items.into_iter().enumerate() {
            let key = match &node.kind {
                NodeKind::Mapping(entries) => entries.first().map_or(field.key, |(key, _)| key.span),
                NodeKind::Scalar(_) | NodeKind::Sequence(_) => field.key,
            };
            let item = Field { path: format!("{}[{index}]", field.path), key, node };
            if let Some(fields) = self.fields(&item) {
                found.push((item, fields));
            }
        }
        found
    }

    /// The value of a key that has to be there.
    pub fn need<'a>(&mut self, fields: &mut Fields<'a>, name: &'static str, place: Place) -> Option<Field<'a>> {
        let found = fields.take(self, name);
        if found.is_none() {
            let message = format!("the key `{}{name}` is missing", fields.path);
            self.diagnostics.push(Diagnostic::error(Code::MissingKey, place, message));
        }
        found
    }
}

/// The placeholder that a mapping of a mapping to nothing was meant to be.
fn placeholder(node: &Node) -> Option<String> {
    let only = |node: &Node| match &node.kind {
        NodeKind::Mapping(entries) => match entries.as_slice() {
            [(key, value)] if value.is_null() => Some(key.clone()),
            _ => None,
        },
        NodeKind::Scalar(_) | NodeKind::Sequence(_) => None,
    };
    let name = only(&only(node)?)?;
    name.as_scalar().map(|name| format!("{{{{{}}}}}", name.text))
}

/// An entry of a list.
pub enum Item<'a> {
    /// A text, number or boolean.
    Text(Spanned<String>),
    /// A list or mapping.
    Other(&'a Node),
}

/// The beginning of a value, in backticks, for messages.
pub fn excerpt(text: &str) -> String {
    const LENGTH: usize = 40;
    let text = text.trim();
    let first = text.lines().next().unwrap_or("");
    let mut shown: String = first.chars().take(LENGTH).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// The known word that is at most two letters away.
pub fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let nearest = known.iter().map(|known| (distance(known, word), *known)).min();
    nearest.filter(|(distance, _)| *distance <= 2).map(|(_, known)| known)
}

/// How many letters have to be changed, added or removed to make one word of the other, letter case aside.
fn distance(left: &str, right: &str) -> usize {
    let (left, right) = (left.to_ascii_lowercase(), right.to_ascii_lowercase());
    let right: Vec<char> = right.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, letter) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, other) in right.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}
