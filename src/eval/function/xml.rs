//! `parse_xml`: elements, attributes and text of an XML document as a `dynamic`.
//!
//! Comments, processing instructions and the document type are skipped; entities are those of XML itself.

use indexmap::IndexMap;

use crate::eval::convert;
use crate::ir::{Dynamic, Type, Value};

/// Longer text answers null, as documented.
const MOST_BYTES: usize = 1_048_576;
/// Elements inside one another; deeper documents answer null.
const MOST_DEPTH: usize = 64;

/// Null when the text is no XML document.
///
/// <https://learn.microsoft.com/kusto/query/parse-xml-function>
pub fn parse_xml(source: &Value) -> Value {
    let source = convert::text(source);
    let parsed = || {
        let mut reader = Reader { rest: source.trim_start_matches('\u{feff}').trim() };
        reader.skip_miscellany()?;
        let (name, content) = reader.element(0)?;
        reader.skip_miscellany()?;
        reader.rest.is_empty().then(|| Dynamic::Bag(IndexMap::from([(name, content)])))
    };
    let fits = source.len() <= MOST_BYTES;
    fits.then(parsed).flatten().map_or(Value::Null(Type::Dynamic), Value::Dynamic)
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn accept(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn until(&mut self, end: &str) -> Option<&'a str> {
        let (before, after) = self.rest.split_once(end)?;
        self.rest = after;
        Some(before)
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Skips what is neither element nor text.
    fn skip_miscellany(&mut self) -> Option<()> {
        loop {
            self.skip_blanks();
            if self.accept("<?") {
                self.until("?>")?;
            } else if self.accept("<!--") {
                self.until("-->")?;
            } else if self.accept("<!DOCTYPE") {
                self.until(">")?;
            } else {
                return Some(());
            }
        }
    }

    fn name(&mut self) -> Option<String> {
        let end = self.rest.find(|letter: char| letter.is_whitespace() || "<>/=\"'&".contains(letter))?;
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// An element: null when it is empty, its text when it has nothing else, else a bag.
    fn element(&mut self, depth: usize) -> Option<(String, Dynamic)> {
        if depth >= MOST_DEPTH || !self.accept("<") {
            return None;
        }
        let name = self.name()?;
        let mut properties: IndexMap<String, Dynamic> = IndexMap::new();
        loop {
            self.skip_blanks();
            if self.accept("/>") {
                return Some((name, bag_or_null(properties)));
            }
            if self.accept(">") {
                break;
            }
            let attribute = self.name()?;
            self.skip_blanks();
            if !self.accept("=") {
                return None;
            }
            self.skip_blanks();
            let quote = if self.accept("\"") {
                "\""
            } else if self.accept("'") {
                "'"
            } else {
                return None;
            };
            let value = unescaped(self.until(quote)?)?;
            properties.insert(format!("@{attribute}"), Dynamic::String(value));
        }
        let mut text = String::new();
        loop {
            if self.accept("</") {
                if self.name()? != name {
                    return None;
                }
                self.skip_blanks();
                if !self.accept(">") {
                    return None;
                }
                break;
            } else if self.accept("<!--") {
                self.until("-->")?;
            } else if self.accept("<![CDATA[") {
                text.push_str(self.until("]]>")?);
            } else if self.accept("<?") {
                self.until("?>")?;
            } else if self.rest.starts_with('<') {
                let (child, content) = self.element(depth + 1)?;
                add(&mut properties, child, content);
            } else {
                let (part, _) = self.rest.split_once('<')?;
                self.rest = &self.rest[part.len()..];
                text.push_str(&unescaped(part)?);
            }
        }
        let text = text.trim();
        if !text.is_empty() && properties.is_empty() {
            return Some((name, Dynamic::String(text.to_owned())));
        }
        if !text.is_empty() {
            properties.insert("#text".to_owned(), Dynamic::String(text.to_owned()));
        }
        Some((name, bag_or_null(properties)))
    }
}

fn bag_or_null(properties: IndexMap<String, Dynamic>) -> Dynamic {
    if properties.is_empty() { Dynamic::Null } else { Dynamic::Bag(properties) }
}

/// Elements of one name become an array.
fn add(properties: &mut IndexMap<String, Dynamic>, name: String, content: Dynamic) {
    match properties.get_mut(&name) {
        // Content itself is never an array, so an array is one made here.
        Some(Dynamic::Array(elements)) => elements.push(content),
        Some(first) => *first = Dynamic::Array(vec![std::mem::replace(first, Dynamic::Null), content]),
        None => {
            properties.insert(name, content);
        }
    }
}

fn unescaped(text: &str) -> Option<String> {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let (entity, after) = after.split_once(';')?;
        plain.push(match entity {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            entity => {
                let number = entity.strip_prefix('#')?;
                let code = match number.strip_prefix('x') {
                    Some(digits) => u32::from_str_radix(digits, 16),
                    None => number.parse(),
                };
                char::from_u32(code.ok()?)?
            }
        });
        rest = after;
    }
    plain.push_str(rest);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn elements_become_properties_as_documented() {
        for (xml, expected) in [
            ("<e/>", json!({"e": null})),
            ("<e>text</e>", json!({"e": "text"})),
            ("<e name=\"value\" />", json!({"e": {"@name": "value"}})),
            ("<e name=\"value\">text</e>", json!({"e": {"@name": "value", "#text": "text"}})),
            ("<e> <a>text</a> <b>text</b> </e>", json!({"e": {"a": "text", "b": "text"}})),
            ("<e> <a>text</a> <a>text</a> </e>", json!({"e": {"a": ["text", "text"]}})),
            ("<e> text <a>text</a> </e>", json!({"e": {"a": "text", "#text": "text"}})),
            (
                "<?xml version='1.0'?><!-- c --><e a='&lt;&#65;'><![CDATA[<x>]]></e>",
                json!({"e": {"@a": "<A", "#text": "<x>"}}),
            ),
        ] {
            let parsed = parse_xml(&Value::String(xml.to_owned()));
            assert_eq!(crate::eval::render::value(&parsed), expected, "{xml}");
        }
        for broken in ["", "text", "<e>", "<e></f>", "<e>&nope;</e>", "<e a=1/>", "<e/><e/>"] {
            assert_eq!(parse_xml(&Value::String(broken.to_owned())), Value::Null(Type::Dynamic), "{broken}");
        }
        let deep = format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
        assert_eq!(parse_xml(&Value::String(deep)), Value::Null(Type::Dynamic));
    }
}
