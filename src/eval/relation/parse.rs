//! `parse`, `parse-where`, `parse-kv`.

use super::{Evaluator, Rows, Slot};
use crate::eval::{convert, pattern};
use crate::ir::{ColumnId, Parse, ParseKv, ParseMode, ParsePart, Type, Value};

impl Evaluator<'_> {
    /// <https://learn.microsoft.com/kusto/query/parse-operator>
    ///
    /// The pattern is laid over the whole text. Where it does not fit, every column is null, a text empty.
    pub(super) fn parse(&mut self, parse: &Parse) -> Rows {
        let Rows { slots, rows } = self.take(parse.input);
        let places = self.places(&slots);
        let columns: Vec<ColumnId> = parse
            .parts
            .iter()
            .filter_map(|part| match part {
                ParsePart::Column(column) => Some(*column),
                ParsePart::Star | ParsePart::Text(_) => None,
            })
            .collect();
        let types: Vec<Type> = columns.iter().map(|column| self.query.column(*column).ty).collect();
        let regex = pattern::compile(&parse_regex(parse, &types));
        let strict = parse.mode == ParseMode::Simple || parse.filters && parse.mode != ParseMode::Relaxed;
        let mut cells: Vec<(Vec<Value>, Option<Vec<Value>>)> = Vec::with_capacity(rows.len());
        for row in rows {
            let found = {
                let subject = self.scope(&places, &row);
                let subject = subject.value(&parse.subject);
                let text = convert::text(&subject);
                regex.as_ref().and_then(|regex| regex.captures(&text)).map(|captures| {
                    let value = |(at, ty): (usize, &Type)| {
                        let found = captures.name(&format!("column{at}")).map_or("", |found| found.as_str());
                        convert::convert(&Value::String(found.to_owned()), *ty)
                    };
                    types.iter().enumerate().map(value).collect::<Vec<Value>>()
                })
            };
            let found = found.filter(|values| !strict || values.iter().all(|value| !value.is_null()));
            if found.is_some() || !parse.filters {
                cells.push((row, found));
            }
        }
        let nothing: Vec<Value> = types.iter().map(|ty| Value::missing(*ty)).collect();
        self.beside(slots, &columns, cells.into_iter().map(|(row, found)| (row, found.unwrap_or(nothing.clone()))))
    }

    /// <https://learn.microsoft.com/kusto/query/parse-kv-operator>
    ///
    /// Of a key that comes twice the first value counts.
    pub(super) fn parse_kv(&mut self, parse: &ParseKv) -> Rows {
        let Rows { slots, rows } = self.take(parse.input);
        let places = self.places(&slots);
        let names: Vec<&str> = parse.columns.iter().map(|column| self.query.column(*column).name.as_str()).collect();
        let types: Vec<Type> = parse.columns.iter().map(|column| self.query.column(*column).ty).collect();
        let cells: Vec<(Vec<Value>, Vec<Value>)> = rows
            .into_iter()
            .map(|row| {
                let pairs = {
                    let scope = self.scope(&places, &row);
                    let subject = scope.value(&parse.subject);
                    pairs(&convert::text(&subject), parse, &names)
                };
                let value = |(name, ty): (&&str, &Type)| {
                    let found = pairs.iter().find(|(key, _)| key == name);
                    let text = found.map_or("", |(_, value)| value.as_str());
                    convert::convert(&Value::String(text.to_owned()), *ty)
                };
                let values = names.iter().zip(&types).map(value).collect();
                (row, values)
            })
            .collect();
        self.beside(slots, &parse.columns, cells.into_iter())
    }

    /// Rows with new columns beside their own; a column of a name that is new takes the older one's place.
    fn beside(
        &self,
        slots: Vec<Slot>,
        columns: &[ColumnId],
        cells: impl Iterator<Item = (Vec<Value>, Vec<Value>)>,
    ) -> Rows {
        let new: Vec<Slot> = columns.iter().map(|column| self.slot(*column)).collect();
        let kept: Vec<usize> =
            (0..slots.len()).filter(|place| new.iter().all(|slot| slot.name != slots[*place].name)).collect();
        let rows = cells
            .map(|(mut row, values)| {
                let mut beside: Vec<Value> =
                    kept.iter().map(|place| std::mem::replace(&mut row[*place], Value::Bool(false))).collect();
                beside.extend(values);
                beside
            })
            .collect();
        let mut result: Vec<Slot> = kept.iter().map(|place| slots[*place].clone()).collect();
        result.extend(new);
        Rows { slots: result, rows }
    }
}

/// The pattern as one regular expression, with a group for each column.
fn parse_regex(parse: &Parse, types: &[Type]) -> String {
    let is_regex = matches!(parse.mode, ParseMode::Regex { .. });
    let flags = match &parse.mode {
        ParseMode::Regex { flags } => flags.chars().filter(|flag| "imsU".contains(*flag)).collect(),
        ParseMode::Simple | ParseMode::Relaxed => "s".to_owned(),
    };
    let mut regex = if flags.is_empty() { String::new() } else { format!("(?{flags})") };
    regex.push('^');
    let mut column = 0;
    for (at, part) in parse.parts.iter().enumerate() {
        let is_last = at + 1 == parse.parts.len();
        match part {
            ParsePart::Star if is_regex => regex.push_str(".*"),
            ParsePart::Star => regex.push_str(if is_last { ".*" } else { ".*?" }),
            ParsePart::Text(text) if is_regex => regex.push_str(text),
            ParsePart::Text(text) => regex.push_str(&regex::escape(text)),
            ParsePart::Column(_) => {
                let before_star = parse.parts.get(at + 1) == Some(&ParsePart::Star);
                let number = match types[column] {
                    Type::Int | Type::Long => Some(r"-?\d+"),
                    Type::Real | Type::Decimal => Some(r"-?\d+(?:\.\d+)?"),
                    _ => None,
                };
                let value = match number {
                    Some(number) if is_regex || before_star => number,
                    _ if is_regex || is_last => ".*",
                    _ => ".*?",
                };
                // A value that is not of its type may be missing, unless it undoes the match.
                let optional = if parse.mode == ParseMode::Relaxed && before_star { "?" } else { "" };
                regex.push_str(&format!("(?P<column{column}>{value}){optional}"));
                column += 1;
            }
        }
    }
    regex.push('$');
    regex
}

/// The keys and values in a text.
fn pairs(text: &str, parse: &ParseKv, names: &[&str]) -> Vec<(String, String)> {
    if let Some(regex) = &parse.regex {
        let Some(regex) = pattern::compile(regex) else { return Vec::new() };
        return regex
            .captures_iter(text)
            .filter_map(|captures| {
                let group = |at: usize| captures.get(at).map(|found| found.as_str().to_owned());
                Some((group(1)?, group(2)?))
            })
            .collect();
    }
    let Some(between) = parse.kv_delimiter.as_deref().filter(|between| !between.is_empty()) else {
        return Vec::new();
    };
    let pair_delimiter = parse.pair_delimiter.as_deref().unwrap_or(" ");
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(place) = rest.find(between) {
        let key = rest[..place].rsplit(|letter| pair_delimiter.contains(letter)).next().unwrap_or_default().trim();
        let behind = &rest[place + between.len()..];
        let (value, after) = match quoted(behind, parse) {
            Some(quoted) => quoted,
            None if parse.greedy => {
                // The value goes on until a known key and its delimiter stand behind a pair delimiter.
                let end = behind
                    .char_indices()
                    .filter(|(_, letter)| pair_delimiter.contains(*letter))
                    .find(|(at, letter)| {
                        let next = behind[at + letter.len_utf8()..].trim_start();
                        names.iter().any(|name| next.strip_prefix(name).is_some_and(|rest| rest.starts_with(between)))
                    })
                    .map_or(behind.len(), |(at, _)| at);
                (behind[..end].to_owned(), &behind[end..])
            }
            None => {
                let end = behind.find(|letter| pair_delimiter.contains(letter)).unwrap_or(behind.len());
                (behind[..end].to_owned(), &behind[end..])
            }
        };
        found.push((key.to_owned(), value));
        rest = after;
    }
    found
}

/// A value in quotes and what follows it.
fn quoted<'t>(text: &'t str, parse: &ParseKv) -> Option<(String, &'t str)> {
    let first = text.chars().next()?;
    let (_, close) = parse.quotes.iter().find(|(open, _)| *open == first)?;
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        if Some(letter) == parse.escape {
            value.extend(letters.next().map(|(_, letter)| letter));
        } else if letter == *close {
            return Some((value, &text[at + letter.len_utf8()..]));
        } else {
            value.push(letter);
        }
    }
    None
}
