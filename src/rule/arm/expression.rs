//! Template expressions: what of them can be known without a deployment.
//!
//! A text that begins with `[` and ends with `]` is an expression, unless a second `[` says that it is none:
//! <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions>. Rules are texts, so what
//! matters is where a text stands: variables, defaults of parameters, and texts joined. Everything else is the
//! deployment's business, and is told with its place.

use std::cell::Cell;

use crate::span::Span;
use crate::yaml::{self, Node, NodeKind, Scalar, Style};

/// The variables and parameters of a template, and those of the templates around it.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The template's mapping.
    pub template: &'a Node,
    /// The template around it.
    pub outer: Option<&'a Scope<'a>>,
    /// What may still be made: expressions of expressions grow without bound.
    pub budget: &'a Cell<usize>,
}

/// Why an expression has no value here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Open {
    /// What only a deployment knows, as a short sentence.
    pub message: String,
    /// The expression's place.
    pub span: Span,
}

/// Stands for what is not known in a text of which only the rest matters; no name has it.
pub const UNKNOWN: char = '\u{fffc}';

/// What the values of a template may cost once they are computed: their texts' bytes, and [`NODE_COST`] for each.
pub fn budget(text: &str) -> usize {
    (32 << 20) + text.len().saturating_mul(8)
}

const NODE_COST: usize = 64;
/// How deeply expressions may be nested, in themselves and through variables.
const MAX_DEPTH: usize = 32;

/// The value of a key, whatever its letter case.
pub fn entry<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    let NodeKind::Mapping(entries) = &node.kind else { return None };
    let is_named = |key: &Node| key.as_scalar().is_some_and(|key| key.text.eq_ignore_ascii_case(name));
    entries.iter().find(|(key, _)| is_named(key)).map(|(_, value)| value)
}

/// A text that stands at a place.
pub fn text_node(text: impl Into<String>, span: Span) -> Node {
    Node { span, kind: NodeKind::Scalar(Scalar { text: text.into(), style: Style::Json, indent: 0 }) }
}

impl Scope<'_> {
    /// The value with all expressions in it computed.
    ///
    /// # Errors
    ///
    /// When one of them needs a deployment.
    pub fn resolve(&self, node: &Node) -> Result<Node, Open> {
        self.resolve_at(node, 0)
    }

    /// A text in which everything unknown is [`UNKNOWN`].
    pub fn resolve_partly(&self, node: &Node) -> Node {
        let Some(scalar) = node.as_scalar() else { return node.clone() };
        let Some(expression) = expression_of(&scalar.text) else { return self.resolve(node).unwrap_or(node.clone()) };
        let mut reader = Reader::new(expression, node.span, self, true);
        reader.whole(0).unwrap_or_else(|_| text_node(UNKNOWN, node.span))
    }

    fn resolve_at(&self, node: &Node, depth: usize) -> Result<Node, Open> {
        match &node.kind {
            NodeKind::Scalar(scalar) => {
                self.spend(NODE_COST + scalar.text.len(), node.span)?;
                if let Some(expression) = expression_of(&scalar.text) {
                    return Reader::new(expression, node.span, self, false).whole(depth);
                }
                let mut literal = node.clone();
                if let (Some(text), NodeKind::Scalar(scalar)) = (unescaped(&scalar.text), &mut literal.kind) {
                    scalar.text = text.to_owned();
                }
                Ok(literal)
            }
            NodeKind::Sequence(items) => {
                self.spend(NODE_COST, node.span)?;
                let items = items.iter().map(|item| self.resolve_at(item, depth)).collect::<Result<_, _>>()?;
                Ok(Node { span: node.span, kind: NodeKind::Sequence(items) })
            }
            NodeKind::Mapping(entries) => {
                self.spend(NODE_COST + entries.len() * NODE_COST, node.span)?;
                let resolved = entries.iter().map(|(key, value)| Ok((key.clone(), self.resolve_at(value, depth)?)));
                Ok(Node { span: node.span, kind: NodeKind::Mapping(resolved.collect::<Result<_, _>>()?) })
            }
        }
    }

    fn spend(&self, cost: usize, span: Span) -> Result<(), Open> {
        let left = self.budget.get().checked_sub(cost);
        self.budget.set(left.unwrap_or(0));
        match left {
            Some(_) => Ok(()),
            None => Err(Open { message: "the template's expressions make too much text".to_owned(), span }),
        }
    }

    /// The value of a variable, in this template or in one around it.
    fn variable(&self, name: &str, depth: usize) -> Option<Result<Node, Open>> {
        match entry(self.template, "variables").and_then(|variables| entry(variables, name)) {
            Some(value) => Some(self.resolve_at(value, depth)),
            None => self.outer?.variable(name, depth),
        }
    }

    /// The default value of a parameter; none if there is no such parameter, or it has none.
    fn parameter(&self, name: &str, depth: usize) -> Option<Result<Node, Open>> {
        match entry(self.template, "parameters").and_then(|parameters| entry(parameters, name)) {
            Some(parameter) => Some(self.resolve_at(entry(parameter, "defaultValue")?, depth)),
            None => self.outer?.parameter(name, depth),
        }
    }
}

/// What stands between the brackets, if the text is an expression.
pub fn expression_of(text: &str) -> Option<&str> {
    text.strip_prefix('[')?.strip_suffix(']').filter(|inner| !inner.starts_with('['))
}

/// The text that an escaped text stands for.
fn unescaped(text: &str) -> Option<&str> {
    (text.starts_with("[[") && text.ends_with(']')).then(|| &text[1..])
}

/// Reads an expression and computes it at once.
struct Reader<'a> {
    rest: &'a str,
    /// The place of the whole expression.
    span: Span,
    scope: &'a Scope<'a>,
    /// Whether what is unknown becomes [`UNKNOWN`].
    partly: bool,
}

impl<'a> Reader<'a> {
    fn new(expression: &'a str, span: Span, scope: &'a Scope<'a>, partly: bool) -> Reader<'a> {
        Reader { rest: expression, span, scope, partly }
    }

    fn open(&self, message: impl Into<String>) -> Open {
        Open { message: message.into(), span: self.span }
    }

    fn malformed(&self) -> Open {
        self.open("the expression is not well-formed")
    }

    fn whole(&mut self, depth: usize) -> Result<Node, Open> {
        let value = self.value(depth + 1)?;
        self.skip_blank();
        if self.rest.is_empty() { Ok(value) } else { Err(self.malformed()) }
    }

    fn skip_blank(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn accept(&mut self, letter: char) -> bool {
        self.skip_blank();
        match self.rest.strip_prefix(letter) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Open> {
        if depth > MAX_DEPTH {
            return Err(self.open(format!("expressions are nested more than {MAX_DEPTH} levels deep")));
        }
        self.skip_blank();
        let mut value = if self.rest.starts_with('\'') {
            text_node(self.literal()?, self.span)
        } else if self.rest.starts_with(|letter: char| letter.is_ascii_digit() || letter == '-') {
            let length = self.rest.find(|letter: char| !letter.is_ascii_digit() && letter != '-');
            let (digits, rest) = self.rest.split_at(length.unwrap_or(self.rest.len()));
            self.rest = rest;
            let scalar = Scalar { text: digits.to_owned(), style: Style::Plain, indent: 0 };
            Node { span: self.span, kind: NodeKind::Scalar(scalar) }
        } else {
            self.call(depth)?
        };
        loop {
            if self.accept('.') {
                let name = self.name()?;
                value = match entry(&value, name) {
                    Some(member) => member.clone(),
                    None => return self.unknown(format!("there is no member `{name}`")),
                };
            } else if self.accept('[') {
                let index = self.value(depth + 1)?;
                if !self.accept(']') {
                    return Err(self.malformed());
                }
                let member = match (&value.kind, index.as_scalar()) {
                    (NodeKind::Sequence(items), Some(index)) => {
                        index.text.parse::<usize>().ok().and_then(|index| items.get(index)).cloned()
                    }
                    (NodeKind::Mapping(_), Some(name)) => entry(&value, &name.text).cloned(),
                    _ => None,
                };
                value = match member {
                    Some(member) => member,
                    None => return self.unknown("there is no such member".to_owned()),
                };
            } else {
                return Ok(value);
            }
        }
    }

    fn unknown(&self, message: String) -> Result<Node, Open> {
        if self.partly { Ok(text_node(UNKNOWN, self.span)) } else { Err(self.open(message)) }
    }

    /// A text in single quotes; doubled they stand for one.
    fn literal(&mut self) -> Result<String, Open> {
        let mut text = String::new();
        self.rest = &self.rest[1..];
        loop {
            let Some(end) = self.rest.find('\'') else { return Err(self.malformed()) };
            text.push_str(&self.rest[..end]);
            self.rest = &self.rest[end + 1..];
            match self.rest.strip_prefix('\'') {
                Some(rest) => {
                    text.push('\'');
                    self.rest = rest;
                }
                None => return Ok(text),
            }
        }
    }

    fn name(&mut self) -> Result<&'a str, Open> {
        self.skip_blank();
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
        let length = self.rest.find(|letter| !is_part(letter)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(length);
        self.rest = rest;
        if name.is_empty() { Err(self.malformed()) } else { Ok(name) }
    }

    fn call(&mut self, depth: usize) -> Result<Node, Open> {
        let name = self.name()?;
        if !self.accept('(') {
            return Err(self.malformed());
        }
        let mut arguments = Vec::new();
        if !self.accept(')') {
            loop {
                arguments.push(self.value(depth + 1)?);
                if self.accept(')') {
                    break;
                }
                if !self.accept(',') {
                    return Err(self.malformed());
                }
            }
        }
        let texts: Option<Vec<&str>> =
            arguments.iter().map(|argument| argument.as_scalar().map(|scalar| scalar.text.as_str())).collect();
        let size = texts.iter().flatten().map(|text| text.len()).sum::<usize>();
        self.scope.spend(NODE_COST + size, self.span)?;
        let name = name.to_ascii_lowercase();
        match (name.as_str(), texts.as_deref()) {
            ("variables", Some([variable])) => match self.scope.variable(variable, depth) {
                Some(Ok(value)) => Ok(value),
                Some(Err(open)) if !self.partly => Err(open),
                _ => self.unknown(format!("there is no variable `{variable}`")),
            },
            ("parameters", Some([parameter])) => match self.scope.parameter(parameter, depth) {
                Some(Ok(value)) => Ok(value),
                Some(Err(open)) if !self.partly => Err(open),
                _ => self.unknown(format!("the parameter `{parameter}` has no value before a deployment")),
            },
            ("concat", Some([only])) => Ok(text_node(*only, arguments[0].span)),
            ("concat", Some(texts)) => Ok(text_node(texts.concat(), self.span)),
            ("concat", None) => {
                let mut all = Vec::new();
                for argument in arguments {
                    match argument.kind {
                        NodeKind::Sequence(items) => all.extend(items),
                        NodeKind::Scalar(_) | NodeKind::Mapping(_) => return Err(self.malformed()),
                    }
                }
                Ok(Node { span: self.span, kind: NodeKind::Sequence(all) })
            }
            ("createarray", _) => Ok(Node { span: self.span, kind: NodeKind::Sequence(arguments) }),
            // An empty text to find: nothing is replaced.
            ("replace", Some([text, from, to])) if !from.is_empty() => {
                let count = text.matches(from).count();
                self.scope.spend(count.saturating_mul(to.len()), self.span)?;
                Ok(text_node(text.replace(from, to), self.span))
            }
            ("tolower", Some([text])) => Ok(text_node(text.to_lowercase(), self.span)),
            ("toupper", Some([text])) => Ok(text_node(text.to_uppercase(), self.span)),
            ("trim", Some([text])) => Ok(text_node(text.trim(), self.span)),
            ("json", Some([text])) => match yaml::read_json(text) {
                Ok(mut node) => {
                    place(&mut node, self.span);
                    Ok(node)
                }
                Err(_) => Err(self.malformed()),
            },
            _ => self.unknown(format!("`{name}` is left to the deployment")),
        }
    }
}

/// Puts all of a value at one place.
fn place(node: &mut Node, span: Span) {
    node.span = span;
    match &mut node.kind {
        NodeKind::Scalar(_) => {}
        NodeKind::Sequence(items) => items.iter_mut().for_each(|item| place(item, span)),
        NodeKind::Mapping(entries) => entries.iter_mut().for_each(|(key, value)| {
            place(key, span);
            place(value, span);
        }),
    }
}
