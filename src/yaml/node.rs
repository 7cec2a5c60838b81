//! A YAML document as a tree that knows where each value stands and how it was spelled.

use serde_json::Value;

use crate::span::Span;

/// A value and its place in the file.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// Where it stands. A block scalar begins at its first character, behind the indentation.
    pub span: Span,
    /// What it is.
    pub kind: NodeKind,
}

/// What a node is.
#[derive(Clone, PartialEq, Debug)]
pub enum NodeKind {
    /// A text, number, boolean or null, not yet told apart.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys with values, in written order, each key once.
    Mapping(Vec<(Node, Node)>),
}

/// A scalar as spelled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scalar {
    /// The decoded text.
    pub text: String,
    /// How it was written.
    pub style: Style,
    /// Number of blanks before each line of a block scalar.
    pub indent: usize,
}

/// How a scalar was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Bare.
    Plain,
    /// In single quotes.
    SingleQuoted,
    /// In double quotes.
    DoubleQuoted,
    /// A block that keeps its lines: `|`.
    Literal,
    /// A block that joins its lines: `>`.
    Folded,
    /// Of any spelling, with the tag `!!str`.
    Tagged,
    /// In double quotes, by the rules of JSON.
    Json,
}

impl Node {
    /// The scalar, if it is one.
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            NodeKind::Scalar(scalar) => Some(scalar),
            NodeKind::Sequence(_) | NodeKind::Mapping(_) => None,
        }
    }

    /// Whether there is no value: `null`, `~` or nothing at all.
    pub fn is_null(&self) -> bool {
        self.as_scalar().is_some_and(|scalar| scalar.resolve() == Value::Null)
    }

    /// What it is, for messages: `a list`.
    pub fn kind_name(&self) -> &'static str {
        match &self.kind {
            NodeKind::Scalar(scalar) => match scalar.resolve() {
                Value::Null => "nothing",
                Value::Bool(_) => "a boolean",
                Value::Number(_) => "a number",
                Value::String(_) | Value::Array(_) | Value::Object(_) => "a text",
            },
            NodeKind::Sequence(_) => "a list",
            NodeKind::Mapping(_) => "a mapping",
        }
    }

    /// The value as JSON, scalars told apart by the rules of YAML 1.2.
    pub fn to_json(&self) -> Value {
        match &self.kind {
            NodeKind::Scalar(scalar) => scalar.resolve(),
            NodeKind::Sequence(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            NodeKind::Mapping(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, value)| {
                        let name = key.as_scalar().map_or_else(|| key.to_json().to_string(), |key| key.text.clone());
                        (name, value.to_json())
                    })
                    .collect(),
            ),
        }
    }
}

impl Scalar {
    /// The value by the core schema of YAML 1.2, <https://yaml.org/spec/1.2.2/#103-core-schema>: only bare scalars are
    /// anything but texts. Numbers that JSON cannot hold stay texts.
    pub fn resolve(&self) -> Value {
        let text = self.text.as_str();
        if self.style != Style::Plain {
            return Value::String(text.to_owned());
        }
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
            "true" | "True" | "TRUE" => return Value::Bool(true),
            "false" | "False" | "FALSE" => return Value::Bool(false),
            _ => {}
        }
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            if let Ok(number) = text.strip_prefix('+').unwrap_or(text).parse::<i64>() {
                return Value::from(number);
            }
        } else if digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
            && digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte))
            && let Ok(number) = text.parse::<f64>()
            && let Some(number) = serde_json::Number::from_f64(number)
        {
            return Value::Number(number);
        }
        Value::String(text.to_owned())
    }
}
