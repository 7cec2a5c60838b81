//! Tests as Sigma's detection items: a field, modifiers and values.
//!
//! An item on a field that an event lacks is false, and `not` is its complement: so a negated test finds events
//! without the field, and what must not find them is given a guard. `f: null` is true of a missing field only,
//! `f: ''` of an empty one only. <https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html>

use crate::backend::events;
use crate::backend::names::{ASCII_TERMS, Atom, Names, Resolved, several};
use crate::backend::pipeline::ASCII_CLASSES;
use crate::backend::regex::{self, Dialect, Folding, Written};
use crate::backend::{Answer, Literal, network};
use crate::crosswalk::FieldKind;
use crate::diagnostic::Code;
use crate::fidelity::{AssumptionKind, Cause, Confidence, Findings, Match, Note, Refusal};
use crate::ir::{Case, Dynamic, Expr, ExprKind, Network, Order, Path, Quantifier, TestOp, TextRelation, Type, Value};
use crate::span::{Origins, Span};

use super::quote;

/// What modifiers there are.
pub(super) const MODIFIERS: &str =
    "https://sigmahq.io/sigma-specification/specification/sigma-appendix-modifiers.html";
/// What a rule can say.
pub(super) const RULES: &str = "https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html";

/// A condition of items.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Part {
    /// One item.
    Item(Item),
    /// Its complement.
    Not(Box<Part>),
    /// All of them.
    All(Vec<Part>, Origins),
    /// Any of them.
    Any(Vec<Part>, Origins),
}

/// A field, modifiers and values; with several values one suffices, unless `all` is a modifier.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Item {
    /// The field.
    pub field: String,
    /// The modifiers, in order.
    pub modifiers: Vec<&'static str>,
    /// The values; one or more.
    pub values: Vec<(Scalar, Origins)>,
    /// Leaves of the field, the operator and the negations around it.
    pub origins: Origins,
}

/// A value of an item.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Scalar {
    /// Text, with Sigma's own escapes.
    Text(String),
    /// A number or truth value, as YAML has it.
    Plain(String),
    /// No value.
    Null,
}

impl Item {
    /// `Image|endswith`
    pub(super) fn key(&self) -> String {
        let mut key = self.field.clone();
        for modifier in &self.modifiers {
            key.push('|');
            key.push_str(modifier);
        }
        key
    }
}

/// How tests are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Style {
    /// Whether a test that must hold may become a wider one that converters understand.
    pub widen: bool,
}

/// Values are compared without letter case, by the readers' own idea of it.
const FOLDING: &str = "https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html";

/// A literal as a condition of items.
pub(super) fn leaf(names: &Names, literal: &Literal, style: Style) -> Result<Answer<Part>, Refusal> {
    match names.atom(literal)? {
        Resolved::Const(truth, findings) => Ok(Answer::Const(truth, findings)),
        Resolved::Atom(atom) => test(names, &atom, literal, style),
        Resolved::Several(alternatives) => {
            several(&alternatives, literal.negated, &mut |atom| test(names, atom, literal, style), &join)
        }
    }
}

fn test(names: &Names, atom: &Atom, literal: &Literal, style: Style) -> Result<Answer<Part>, Refusal> {
    let span = literal.all_origins().hull().unwrap_or_default();
    if atom.field.name.contains('|') {
        let message = format!("Sigma cannot name the field `{}`", atom.field.name);
        return Err(Refusal::new(Code::NotComparable, Cause::ProductLimit { page: RULES }, span, message));
    }
    // A negated test that is widened would find fewer: it keeps its exact form.
    let widen = style.widen && !atom.negated;
    Leaf { findings: atom.findings.clone(), names, atom, widen, span }.carry()
}

/// Fragments that must all hold, or any.
fn join(parts: Vec<Part>, all: bool) -> Part {
    if all { Part::All(parts, Origins::none()) } else { any(parts) }
}

struct Leaf<'a> {
    names: &'a Names<'a>,
    atom: &'a Atom<'a>,
    findings: Findings,
    widen: bool,
    span: Span,
}

/// A positive test, or its answer where that is the same for every value.
type Core = Result<Part, bool>;

impl Leaf<'_> {
    fn carry(mut self) -> Result<Answer<Part>, Refusal> {
        let Atom { negated, on_missing, .. } = *self.atom;
        let part = match &self.atom.op {
            TestOp::IsEmpty | TestOp::IsNull => {
                let missing = self.missing(matches!(self.atom.op, TestOp::IsEmpty));
                if negated { not(missing) } else { missing }
            }
            TestOp::IsTrue if negated && !on_missing => self.item(&[], vec![plain("false")]),
            TestOp::Order { order, operand } if negated && !on_missing => self.order(order.negate(), operand)?,
            TestOp::InNetwork { networks } if negated && !on_missing => {
                let everything = Network { address: [0, 0, 0, 0].into(), prefix: 0, origins: Origins::none() };
                let any = self.networks(&[everything])?;
                let core = self.networks(networks)?;
                Part::All(vec![any, not(core)], Origins::none())
            }
            TestOp::Equals { .. }
            | TestOp::IsTrue
            | TestOp::Order { .. }
            | TestOp::InNetwork { .. }
            | TestOp::Text { .. }
            | TestOp::Matches { .. }
            | TestOp::HasIpv4 { .. }
            | TestOp::Among { .. }
            | TestOp::Opaque { .. } => {
                let core = match self.core()? {
                    Ok(core) => core,
                    Err(truth) if (truth != negated) == on_missing => {
                        return Ok(Answer::Const(on_missing, self.findings));
                    }
                    // All values answer alike, and a missing one otherwise.
                    Err(_) => {
                        let missing = self.missing(true);
                        let part = if on_missing { missing } else { not(missing) };
                        return Ok(Answer::Leaf(part, self.findings));
                    }
                };
                // The core is false on a missing field.
                let positive = if on_missing == negated {
                    core
                } else {
                    any(vec![core, self.item(&[], vec![(Scalar::Null, Origins::none())])])
                };
                if negated { not(positive) } else { positive }
            }
        };
        Ok(Answer::Leaf(part, self.findings))
    }

    fn core(&mut self) -> Result<Core, Refusal> {
        match &self.atom.op {
            TestOp::Equals { operands, case } => self.equals(operands, *case),
            TestOp::Order { order, operand } => self.order(*order, operand).map(Ok),
            TestOp::Text { relation, needles, quantifier, case } => self.text(*relation, needles, *quantifier, *case),
            TestOp::Matches { pattern } => self.matches(pattern).map(Ok),
            TestOp::IsTrue => Ok(Ok(self.item(&[], vec![plain("true")]))),
            TestOp::InNetwork { networks } => self.networks(networks).map(Ok),
            TestOp::HasIpv4 { addresses, prefix } => self.addresses(addresses, *prefix),
            TestOp::Among { .. } => Err(self.limit("Sigma has no subqueries")),
            TestOp::Opaque { name, .. } => Err(Refusal::new(
                Code::FunctionOpaque,
                Cause::NotImplemented,
                self.span,
                format!("`{name}` is not carried to Sigma"),
            )),
            TestOp::IsEmpty | TestOp::IsNull => unreachable!("asked for a missing value before"),
        }
    }

    fn limit(&self, message: impl Into<String>) -> Refusal {
        Refusal::new(Code::NotComparable, Cause::ProductLimit { page: MODIFIERS }, self.span, message)
    }

    fn item(&self, modifiers: &[&'static str], values: Vec<(Scalar, Origins)>) -> Part {
        Part::Item(Item {
            field: self.atom.field.name.clone(),
            modifiers: modifiers.to_vec(),
            values,
            origins: self.atom.origins.clone(),
        })
    }

    /// Records that converters do something else with what is written.
    fn converter(&mut self, message: &str) {
        let note = Note { span: self.span, code: Code::Converter, cause: None, message: message.to_owned() };
        self.findings.notes.insert(note);
    }

    /// Says so where letter case beyond ASCII is looked over.
    fn folds_beyond_ascii(&mut self, values: &[(Scalar, Origins)]) {
        let cased = |letter: char| !letter.is_ascii() && (letter.is_lowercase() || letter.is_uppercase());
        let beyond =
            |(scalar, _): &(Scalar, Origins)| matches!(scalar, Scalar::Text(text) if text.chars().any(cased));
        if values.iter().any(beyond) {
            let message = "KQL folds the case of ASCII letters only, readers of Sigma that of others, too";
            self.lower(Code::CaseFolded, Cause::ProductLimit { page: FOLDING }, message);
        }
    }

    fn lower(&mut self, code: Code, cause: Cause, message: &str) {
        let relation = if self.atom.negated { Match::Narrower } else { Match::Broader };
        let note = Note { span: self.span, code, cause: Some(cause), message: message.to_owned() };
        self.findings.lower(relation, note);
    }

    /// Whether the column is text, which may be stored as missing or as empty.
    fn is_text(&self) -> bool {
        matches!(self.atom.field.ty, Type::String | Type::Dynamic | Type::Unknown)
            && matches!(
                self.atom.field.kind,
                FieldKind::Keyword | FieldKind::Wildcard | FieldKind::Text | FieldKind::Ip
            )
    }

    /// The test for no value.
    fn missing(&self, or_empty: bool) -> Part {
        let null = self.item(&[], vec![(Scalar::Null, Origins::none())]);
        if !(or_empty && self.is_text()) {
            return null;
        }
        any(vec![self.item(&[], vec![(Scalar::Text(String::new()), Origins::none())]), null])
    }

    fn equals(&mut self, operands: &[Expr], case: Case) -> Result<Core, Refusal> {
        if let [only] = operands
            && let Some(path) = only.as_path()
        {
            return self.same_as(path, only).map(Ok);
        }
        let mut values = Vec::with_capacity(operands.len());
        let mut lettered = false;
        let mut folding = false;
        for operand in operands {
            let value = self.constant(operand)?;
            if let Value::String(text) | Value::Dynamic(Dynamic::String(text)) = value {
                lettered |= text.chars().any(|letter| letter.is_alphabetic());
                folding |= folds(text);
            }
            values.push((self.scalar(value)?, operand.origins.clone()));
        }
        Ok(Ok(self.cased(&[], values, case, lettered, folding)))
    }

    /// Values under modifiers, with letter case as the test has it, as far as the style allows.
    fn cased(
        &mut self,
        modifiers: &[&'static str],
        values: Vec<(Scalar, Origins)>,
        case: Case,
        lettered: bool,
        folding: bool,
    ) -> Part {
        let mut modifiers = modifiers.to_vec();
        if case == Case::Sensitive && lettered {
            if self.widen {
                self.lower(Code::CaseFolded, Cause::Profile, "letter case is not told apart: profile `exact` does");
            } else {
                modifiers.push("cased");
                self.converter(
                    "converters to Splunk and ES|QL refuse `cased`, the one to EQL loses wildcards beside it",
                );
            }
        } else if lettered {
            if case == Case::Insensitive {
                self.folds_beyond_ascii(&values);
            }
            if folding {
                self.findings.assume(
                    AssumptionKind::Ascii,
                    Confidence::Medium,
                    "no U+017F, U+212A or U+0130 stands for an `s`, `k` or `i` that is searched for",
                );
            }
            self.converter("the converter to ES|QL tells letter case apart in plain values, and then finds fewer");
        }
        self.item(&modifiers, values)
    }

    /// Another field of the same event. Whether letter case counts is not specified.
    fn same_as(&mut self, path: &Path, operand: &Expr) -> Result<Part, Refusal> {
        let other = self.names.field(path, operand.origins.hull().unwrap_or(self.span))?;
        let both_text = self.is_text() && self.atom.field.ty == Type::String && other.ty == Type::String;
        if !both_text || *other.form != *self.atom.field.form || self.atom.negated {
            return Err(self.limit("Sigma does not say how it compares these two fields"));
        }
        self.findings.join(other.findings.clone());
        self.lower(
            Code::CaseFolded,
            Cause::ProductLimit { page: MODIFIERS },
            "whether a comparison of two fields tells letter case apart is not specified",
        );
        let value = (Scalar::Text(quote::literal(&other.name)), operand.origins.clone());
        let same = self.item(&["fieldref"], vec![value]);
        let none = |field: &str, scalar: Scalar| {
            Part::Item(Item {
                field: field.to_owned(),
                modifiers: Vec::new(),
                values: vec![(scalar, Origins::none())],
                origins: self.atom.origins.clone(),
            })
        };
        let without = |field: &str| any(vec![none(field, Scalar::Text(String::new())), none(field, Scalar::Null)]);
        let neither = Part::All(vec![without(&self.atom.field.name), without(&other.name)], Origins::none());
        Ok(any(vec![same, neither]))
    }

    fn order(&self, order: Order, operand: &Expr) -> Result<Part, Refusal> {
        let value = self.constant(operand)?;
        let numeric = matches!(self.atom.field.kind, FieldKind::Long | FieldKind::Double) && value.ty().is_number();
        if !numeric {
            return Err(self.limit("Sigma orders numbers only"));
        }
        let modifier = match order {
            Order::Less => "lt",
            Order::LessOrEqual => "lte",
            Order::Greater => "gt",
            Order::GreaterOrEqual => "gte",
        };
        Ok(self.item(&[modifier], vec![(self.scalar(value)?, operand.origins.clone())]))
    }

    fn text(
        &mut self,
        relation: TextRelation,
        needles: &[Expr],
        quantifier: Quantifier,
        case: Case,
    ) -> Result<Core, Refusal> {
        let mut texts: Vec<(&str, Origins)> = Vec::with_capacity(needles.len());
        for needle in needles {
            let Value::String(text) = self.constant(needle)? else {
                return Err(self.limit("what is looked for is no text"));
            };
            if !text.is_empty() {
                texts.push((text, needle.origins.clone()));
            } else if quantifier == Quantifier::Any {
                return Ok(Err(true));
            }
        }
        if texts.is_empty() {
            return Ok(Err(true));
        }
        let guarded = texts.iter().any(|(text, _)| regex::needle(text, relation, Dialect::Sigma).ascii);
        let all = quantifier == Quantifier::All && texts.len() > 1;
        let lettered = texts.iter().any(|(text, _)| text.chars().any(char::is_alphabetic));
        let folding = texts.iter().any(|(text, _)| folds(text));
        if guarded && !self.widen {
            let mut values = Vec::with_capacity(texts.len());
            for (text, origins) in texts {
                let written = regex::needle(text, relation, Dialect::Sigma);
                values.push((self.pattern(written), origins));
            }
            let insensitive = case == Case::Insensitive && lettered;
            return Ok(Ok(self.regex(insensitive, all, values)));
        }
        if guarded {
            self.lower(
                Code::TermWidened,
                Cause::Profile,
                "a term is searched for anywhere in the text: profile `exact` tells its ends",
            );
        }
        let mut modifiers = vec![match relation {
            TextRelation::StartsWith => "startswith",
            TextRelation::EndsWith => "endswith",
            TextRelation::Contains | TextRelation::Term | TextRelation::TermPrefix | TextRelation::TermSuffix => {
                "contains"
            }
        }];
        if all {
            modifiers.push("all");
        }
        let values: Vec<(Scalar, Origins)> =
            texts.into_iter().map(|(text, origins)| (Scalar::Text(quote::literal(text)), origins)).collect();
        if values.iter().any(|(value, _)| matches!(value, Scalar::Text(text) if text.contains("\\*"))) {
            self.converter("converters to Splunk, EQL and ES|QL cannot escape a `*`");
        }
        Ok(Ok(self.cased(&modifiers, values, case, lettered, folding)))
    }

    fn matches(&mut self, pattern: &Expr) -> Result<Part, Refusal> {
        let Value::String(text) = self.constant(pattern)? else {
            return Err(self.limit("the pattern is no text"));
        };
        let written = regex::write(text, Dialect::Sigma, Folding::Operator).map_err(|lossy| {
            let cause = Cause::ProductLimit { page: MODIFIERS };
            let message = format!("the pattern has no form in Sigma: {}", lossy.reason);
            Refusal::new(Code::RegexDialect, cause, self.span, message)
        })?;
        if written.end_anchor {
            self.end_anchor();
        }
        let insensitive = written.insensitive;
        let value = (self.pattern(written), pattern.origins.clone());
        Ok(self.regex(insensitive, false, vec![value]))
    }

    /// Perl's `$` also matches before a final newline, KQL's does not.
    fn end_anchor(&mut self) {
        let text = "`$` in a regular expression matches at the very end of the value only";
        self.findings.assume(AssumptionKind::Setting, Confidence::Medium, text);
    }

    /// A regular expression, with what it assumes.
    fn pattern(&mut self, written: Written) -> Scalar {
        if written.ascii {
            let classes = matches!(self.atom.op, TestOp::Matches { .. });
            let text = if classes { ASCII_CLASSES } else { ASCII_TERMS };
            self.findings.assume(AssumptionKind::Ascii, Confidence::Medium, text);
        }
        Scalar::Text(written.text)
    }

    fn regex(&mut self, insensitive: bool, all: bool, values: Vec<(Scalar, Origins)>) -> Part {
        self.converter("converters to EQL and ES|QL write `re` in another dialect, anchored at both ends");
        let mut modifiers = vec!["re"];
        if insensitive {
            self.folds_beyond_ascii(&values);
            modifiers.push("i");
        }
        if all {
            modifiers.push("all");
        }
        self.item(&modifiers, values)
    }

    /// A network, or its pattern where the field holds addresses as text: KQL's addresses may carry a mask.
    fn networks(&mut self, networks: &[Network]) -> Result<Part, Refusal> {
        if self.atom.field.kind == FieldKind::Ip {
            events::assume_addresses(&self.atom.field.name, &mut self.findings);
            let values =
                networks.iter().map(|network| (Scalar::Text(network.cidr()), network.origins.clone())).collect();
            return Ok(self.item(&["cidr"], values));
        }
        if !matches!(self.atom.field.kind, FieldKind::Keyword | FieldKind::Wildcard | FieldKind::Text) {
            return Err(self.limit(format!("`{}` does not hold addresses", self.atom.field.name)));
        }
        self.end_anchor();
        let values = networks
            .iter()
            .map(|network| (Scalar::Text(format!("^({})$", network::pattern(network))), network.origins.clone()))
            .collect();
        Ok(self.regex(false, false, values))
    }

    fn addresses(&mut self, addresses: &[Expr], prefix: bool) -> Result<Core, Refusal> {
        let mut values = Vec::with_capacity(addresses.len());
        for address in addresses {
            let Value::String(text) = self.constant(address)? else {
                return Err(self.limit("the address is no text"));
            };
            if let Some(written) = regex::ipv4(text, prefix, Dialect::Sigma) {
                values.push((self.pattern(written), address.origins.clone()));
            }
        }
        if values.is_empty() {
            return Ok(Err(false));
        }
        Ok(Ok(self.regex(false, false, values)))
    }

    fn constant<'e>(&self, operand: &'e Expr) -> Result<&'e Value, Refusal> {
        let message = match &operand.kind {
            ExprKind::Literal(value) => return Ok(value),
            ExprKind::Path(_) => "Sigma compares two fields for equality only",
            ExprKind::Now { .. } => "Sigma has no clock: the time of the run cannot be compared",
            ExprKind::Arithmetic(..)
            | ExprKind::Call(..)
            | ExprKind::Truth(_)
            | ExprKind::Index(..)
            | ExprKind::Scalar(_)
            | ExprKind::Opaque { .. } => "Sigma cannot compare a field with a computed value",
        };
        Err(self.limit(message))
    }

    fn scalar(&self, value: &Value) -> Result<Scalar, Refusal> {
        let refused = || self.limit(format!("Sigma has no values of type `{}`", value.ty().name()));
        let text = events::plain(value).ok_or_else(refused)?;
        match value {
            Value::String(_) | Value::Guid(_) | Value::Dynamic(Dynamic::String(_)) => {
                Ok(Scalar::Text(quote::literal(&text)))
            }
            Value::Bool(_) | Value::Int(_) | Value::Long(_) | Value::Real(_) | Value::Decimal(_) => {
                Ok(Scalar::Plain(text))
            }
            Value::Dynamic(Dynamic::Bool(_) | Dynamic::Long(_) | Dynamic::Real(_)) => Ok(Scalar::Plain(text)),
            // An instant is text in no fixed form.
            Value::DateTime(_) | Value::TimeSpan(_) | Value::Null(_) => Err(refused()),
            Value::Dynamic(
                Dynamic::Null
                | Dynamic::DateTime(_)
                | Dynamic::TimeSpan(_)
                | Dynamic::Guid(_)
                | Dynamic::Array(_)
                | Dynamic::Bag(_),
            ) => Err(refused()),
        }
    }
}

/// Whether another letter beyond ASCII is the same as one of these without regard to case.
fn folds(text: &str) -> bool {
    text.contains(['k', 'K', 's', 'S']) || !text.is_ascii()
}

fn plain(text: &str) -> (Scalar, Origins) {
    (Scalar::Plain(text.to_owned()), Origins::none())
}

/// The complement.
pub(super) fn not(part: Part) -> Part {
    match part {
        Part::Not(inner) => *inner,
        Part::Item(_) | Part::All(..) | Part::Any(..) => Part::Not(Box::new(part)),
    }
}

fn any(parts: Vec<Part>) -> Part {
    Part::Any(parts, Origins::none())
}
