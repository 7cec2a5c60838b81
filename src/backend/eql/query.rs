//! Conditions in EQL.
//!
//! Positive tests on a field without value are false everywhere; whether negated ones are depends on how
//! Elasticsearch runs them, so what a missing value answers is always written out: `(?f == null or not …)`.
//! <https://www.elastic.co/docs/reference/query-languages/eql/eql-syntax#eql-syntax-check-field-exists>

use crate::backend::events;
use crate::backend::names::{ASCII_TERMS, Atom, Names, Resolved, several};
use crate::backend::pipeline::ASCII_CLASSES;
use crate::backend::regex::{self, Dialect, Folding, Written};
use crate::backend::{Answer, Literal, Tree, network};
use crate::crosswalk::FieldKind;
use crate::diagnostic::Code;
use crate::fidelity::{AssumptionKind, Cause, Confidence, Findings, Match, Note, Refusal};
use crate::ir::{Case, Dynamic, Expr, ExprKind, Network, Order, Quantifier, TestOp, TextRelation, Type, Value};
use crate::span::{Origins, Span};
use crate::template::Text;

use super::quote;

/// The language's manual.
pub(super) const SYNTAX: &str = "https://www.elastic.co/docs/reference/query-languages/eql/eql-syntax";
/// What it cannot do.
const LIMITATIONS: &str =
    "https://www.elastic.co/docs/reference/query-languages/eql/eql-syntax#eql-syntax-limitations";
/// The limit on the length of a regular expression.
const REGEX_LENGTH: &str =
    "https://www.elastic.co/docs/reference/elasticsearch/index-settings/index-modules#index-max-regex-length";
/// Its default, in characters.
const MAX_REGEX: usize = 1000;

/// A condition over several lines: one conjunct on each, deeper levels on one line.
pub(super) fn lines(tree: &Tree<Text>) -> Vec<Text> {
    match tree {
        Tree::All(parts, origins) => parts
            .iter()
            .enumerate()
            .map(|(index, part)| {
                let line = inline(part, true);
                if index == 0 { line } else { Text::piece("and ", origins.clone()).then(line) }
            })
            .collect(),
        Tree::Any(..) | Tree::Leaf(_) | Tree::Const(_) => vec![inline(tree, false)],
    }
}

/// A condition on one line; `tight` puts it between parentheses where it is a disjunction or conjunction.
pub(super) fn inline(tree: &Tree<Text>, tight: bool) -> Text {
    let (parts, origins, word) = match tree {
        Tree::Leaf(text) => return text.clone(),
        Tree::Const(truth) => return Text::glue(if *truth { "true" } else { "false" }),
        Tree::All(parts, origins) => (parts, origins, " and "),
        Tree::Any(parts, origins) => (parts, origins, " or "),
    };
    let joined = Text::join(parts.iter().map(|part| inline(part, true)), &Text::piece(word, origins.clone()));
    if tight { joined.parenthesised() } else { joined }
}

/// A literal as a fragment that needs no parentheses around it.
pub(super) fn leaf(names: &Names, literal: &Literal) -> Result<Answer<Text>, Refusal> {
    match names.atom(literal)? {
        Resolved::Const(truth, findings) => Ok(Answer::Const(truth, findings)),
        Resolved::Atom(atom) => {
            let span = literal.all_origins().hull().unwrap_or_default();
            Leaf { findings: atom.findings.clone(), atom: &atom, span }.carry()
        }
        Resolved::Several(alternatives) => {
            let span = literal.all_origins().hull().unwrap_or_default();
            let mut leaf = |atom: &Atom| Leaf { findings: atom.findings.clone(), atom, span }.carry();
            several(&alternatives, literal.negated, &mut leaf, &join)
        }
    }
}

/// Fragments that must all hold, or any.
fn join(texts: Vec<Text>, all: bool) -> Text {
    Text::join(texts, &Text::glue(if all { " and " } else { " or " })).parenthesised()
}

/// A literal on the way.
struct Leaf<'a> {
    atom: &'a Atom<'a>,
    findings: Findings,
    span: Span,
}

/// A positive test, but for its field.
enum Core {
    /// `field operator operand`, or `field complement operand` for its negation.
    Infix { operator: &'static str, complement: Option<&'static str>, operand: Text },
    /// `function(field, operand)`
    Call { function: &'static str, operand: Text },
    /// Several of them on one field.
    All(Vec<Core>),
}

impl Leaf<'_> {
    fn carry(mut self) -> Result<Answer<Text>, Refusal> {
        let Atom { negated, on_missing, .. } = *self.atom;
        if !quote::is_field(self.name()) {
            return Err(self.limit(SYNTAX, format!("EQL cannot name the field `{}`", self.name())));
        }
        match self.atom.field.kind {
            FieldKind::Keyword
            | FieldKind::Wildcard
            | FieldKind::Long
            | FieldKind::Double
            | FieldKind::Boolean
            | FieldKind::Date
            | FieldKind::Ip => {}
            FieldKind::Flattened | FieldKind::Text => {
                let message = format!("EQL cannot search `{}`: its mapping is analysed or flattened", self.name());
                return Err(self.limit(LIMITATIONS, message));
            }
        }
        match &self.atom.op {
            TestOp::IsEmpty | TestOp::IsNull => Ok(self.missing()),
            TestOp::IsTrue if negated && !on_missing => {
                let core = self.boolean(false);
                let text = self.spell(&core, false, false);
                Ok(self.finish(text))
            }
            TestOp::Order { order, operand } if negated && !on_missing => {
                let core = self.order(order.negate(), operand)?;
                let text = self.spell(&core, false, false);
                Ok(self.finish(text))
            }
            TestOp::InNetwork { networks } if negated && !on_missing => {
                let everything = Network { address: [0, 0, 0, 0].into(), prefix: 0, origins: Origins::none() };
                let any = self.networks(&[everything])?;
                let core = self.networks(networks)?;
                let guard = self.spell(&any, false, true);
                let test = self.spell(&core, true, true);
                Ok(self.finish(guard.then(Text::glue(" and ")).then(test).parenthesised()))
            }
            TestOp::Equals { .. }
            | TestOp::IsTrue
            | TestOp::Order { .. }
            | TestOp::InNetwork { .. }
            | TestOp::Text { .. }
            | TestOp::Matches { .. }
            | TestOp::HasIpv4 { .. }
            | TestOp::Among { .. }
            | TestOp::Opaque { .. } => match self.core()? {
                Ok(core) => {
                    let text = match (negated, on_missing) {
                        (false, false) => self.spell(&core, false, false),
                        (_, true) => self.guarded("== null", "or", self.spell(&core, negated, true)),
                        (true, false) => {
                            self.long_values();
                            self.guarded("!= null", "and", self.spell(&core, true, true))
                        }
                    };
                    Ok(self.finish(text))
                }
                Err(truth) if (truth != negated) == on_missing => Ok(Answer::Const(on_missing, self.findings)),
                // All values answer alike, and a missing one otherwise.
                Err(_) => {
                    let question = if on_missing { " == null" } else { " != null" };
                    let operands = self.atom.op.operands().into_iter();
                    let origins = operands.fold(Origins::none(), |all, operand| all.and(&operand.all_origins()));
                    let text = self.field(true).with_origins(&origins).then(Text::glue(question));
                    Ok(self.finish(text))
                }
            },
        }
    }

    fn finish(self, text: Text) -> Answer<Text> {
        Answer::Leaf(text, self.findings)
    }

    fn name(&self) -> &str {
        &self.atom.field.name
    }

    fn limit(&self, page: &'static str, message: impl Into<String>) -> Refusal {
        Refusal::new(Code::NotComparable, Cause::ProductLimit { page }, self.span, message)
    }

    /// The field; an optional one counts as null where no index maps it.
    fn field(&self, optional: bool) -> Text {
        let name = quote::field(self.name());
        Text::piece(if optional { format!("?{name}") } else { name }, self.atom.origins.clone())
    }

    /// `(?f == null or test)`
    fn guarded(&self, question: &str, word: &str, test: Text) -> Text {
        self.field(true).then(Text::glue(&format!(" {question} {word} "))).then(test).parenthesised()
    }

    fn spell(&self, core: &Core, negated: bool, optional: bool) -> Text {
        match core {
            Core::Infix { operator, complement, operand } => {
                let (not, operator) = match (negated, complement) {
                    (false, _) => ("", operator),
                    (true, Some(complement)) => ("", complement),
                    (true, None) => ("not ", operator),
                };
                Text::glue(not)
                    .then(self.field(optional))
                    .then(Text::glue(&format!(" {operator} ")))
                    .then(operand.clone())
            }
            Core::Call { function, operand } => Text::glue(if negated { "not " } else { "" })
                .then(Text::glue(&format!("{function}(")))
                .then(self.field(optional))
                .then(Text::glue(", "))
                .then(operand.clone())
                .then(Text::glue(")")),
            Core::All(cores) => {
                let parts = cores.iter().map(|core| self.spell(core, false, optional));
                let all = Text::join(parts, &Text::glue(" and ")).parenthesised();
                if negated { Text::glue("not ").then(all) } else { all }
            }
        }
    }

    /// `isempty` and `isnull`. A string may be stored as missing or as empty; other types have no empty value.
    fn missing(mut self) -> Answer<Text> {
        self.long_values();
        let negated = self.atom.negated;
        let operator = if negated { "!=" } else { "==" };
        let may_be_empty = matches!(self.atom.op, TestOp::IsEmpty)
            && matches!(self.atom.field.kind, FieldKind::Keyword | FieldKind::Wildcard)
            && matches!(self.atom.field.ty, Type::String | Type::Dynamic | Type::Unknown);
        let test = |operand: &str| self.field(true).then(Text::glue(&format!(" {operator} {operand}")));
        let null = test("null");
        if !may_be_empty {
            return self.finish(null);
        }
        let word = if negated { " and " } else { " or " };
        let text = null.then(Text::glue(word)).then(test("\"\"")).parenthesised();
        self.finish(text)
    }

    /// The positive test, or its answer where that is the same for every value.
    fn core(&mut self) -> Result<Result<Core, bool>, Refusal> {
        Ok(Ok(match &self.atom.op {
            TestOp::Equals { operands, case } => return self.equals(operands, *case),
            TestOp::Order { order, operand } => self.order(*order, operand)?,
            TestOp::Text { relation, needles, quantifier, case } => {
                return self.text(*relation, needles, *quantifier, *case);
            }
            TestOp::Matches { pattern } => self.matches(pattern)?,
            TestOp::IsTrue => self.boolean(true),
            TestOp::InNetwork { networks } => self.networks(networks)?,
            TestOp::HasIpv4 { addresses, prefix } => return self.addresses(addresses, *prefix),
            TestOp::Among { .. } => return Err(self.limit(LIMITATIONS, "EQL has no subqueries")),
            TestOp::Opaque { name, .. } => {
                return Err(Refusal::new(
                    Code::FunctionOpaque,
                    Cause::NotImplemented,
                    self.span,
                    format!("`{name}` is not carried to EQL"),
                ));
            }
            TestOp::IsEmpty | TestOp::IsNull => unreachable!("asked for a missing value before"),
        }))
    }

    fn boolean(&self, truth: bool) -> Core {
        let text = if self.atom.field.kind == FieldKind::Boolean {
            truth.to_string()
        } else {
            quote::string(&truth.to_string())
        };
        Core::Infix { operator: "==", complement: Some("!="), operand: Text::glue(&text) }
    }

    fn equals(&mut self, operands: &[Expr], case: Case) -> Result<Result<Core, bool>, Refusal> {
        let mut values = Vec::with_capacity(operands.len());
        let mut insensitive = case == Case::Insensitive;
        let mut wild = false;
        let mut empty = Origins::none();
        for operand in operands {
            let value = self.constant(operand)?;
            insensitive |= matches!(value, Value::Guid(_));
            if let Value::String(text) = value {
                wild |= text.is_empty() || !quote::is_tame(text);
                // An address field holds addresses only: the empty text is a missing one there, any other is lost.
                if self.atom.field.kind == FieldKind::Ip && text.parse::<std::net::IpAddr>().is_err() {
                    if text.is_empty() {
                        empty.extend(&operand.origins);
                    } else {
                        self.lose(operand);
                    }
                    continue;
                }
            }
            values.push(Text::piece(self.scalar(value, operand)?, operand.origins.clone()));
        }
        insensitive &= matches!(self.atom.field.kind, FieldKind::Keyword | FieldKind::Wildcard);
        if let Some(first) = values.first_mut() {
            *first = first.clone().with_origins(&empty);
        }
        Ok(match values.len() {
            0 => Err(false),
            1 if insensitive && !wild => {
                Ok(Core::Infix { operator: ":", complement: None, operand: values.remove(0) })
            }
            1 if !insensitive => {
                Ok(Core::Infix { operator: "==", complement: Some("!="), operand: values.remove(0) })
            }
            _ if insensitive => {
                Ok(Core::Infix { operator: "in~", complement: Some("not in~"), operand: listed(values) })
            }
            _ => Ok(Core::Infix { operator: "in", complement: Some("not in"), operand: listed(values) }),
        })
    }

    /// Records that the field never holds a value that the test asks for.
    fn lose(&mut self, operand: &Expr) {
        let note = Note {
            span: operand.origins.hull().unwrap_or(self.span),
            code: Code::ValueLost,
            cause: Some(Cause::NoMapping),
            message: format!("`{}` holds addresses only, and this is none", self.name()),
        };
        self.findings.lower(if self.atom.negated { Match::Broader } else { Match::Narrower }, note);
    }

    fn order(&mut self, order: Order, operand: &Expr) -> Result<Core, Refusal> {
        let value = self.constant(operand)?;
        let comparable = match self.atom.field.kind {
            FieldKind::Long | FieldKind::Double => value.ty().is_number(),
            FieldKind::Date => value.ty() == Type::DateTime,
            FieldKind::Keyword
            | FieldKind::Wildcard
            | FieldKind::Boolean
            | FieldKind::Ip
            | FieldKind::Flattened
            | FieldKind::Text => false,
        };
        if !comparable {
            let message = format!("EQL cannot compare the order of `{}` with this", self.name());
            return Err(self.limit(SYNTAX, message));
        }
        if value.ty() == Type::DateTime {
            let text = "no instant that is compared has digits below the millisecond, which `date` does not store";
            self.findings.assume(AssumptionKind::Setting, Confidence::High, text);
        }
        let operand = Text::piece(self.scalar(value, operand)?, operand.origins.clone());
        Ok(Core::Infix { operator: order.symbol(), complement: None, operand })
    }

    /// A substring test is a wildcard comparison; a term test, or a needle with `*` or `?`, which a wildcard
    /// comparison cannot escape, is a regular expression.
    fn text(
        &mut self,
        relation: TextRelation,
        needles: &[Expr],
        quantifier: Quantifier,
        case: Case,
    ) -> Result<Result<Core, bool>, Refusal> {
        self.must_be_text()?;
        self.long_values();
        let mut patterns: Vec<(Written, String, Origins)> = Vec::with_capacity(needles.len());
        let mut wildcards = true;
        for needle in needles {
            let Value::String(text) = self.constant(needle)? else {
                return Err(self.limit(SYNTAX, "what is looked for is no text"));
            };
            if text.is_empty() {
                if quantifier == Quantifier::Any {
                    return Ok(Err(true));
                }
                continue;
            }
            let written = regex::needle(text, relation, Dialect::Lucene);
            let star = match relation {
                TextRelation::Contains | TextRelation::Term | TextRelation::TermPrefix | TextRelation::TermSuffix => {
                    format!("*{text}*")
                }
                TextRelation::StartsWith => format!("{text}*"),
                TextRelation::EndsWith => format!("*{text}"),
            };
            // Without a term boundary at either edge a term test is a substring test.
            wildcards &= !written.ascii && quote::is_tame(text);
            patterns.push((written, star, needle.origins.clone()));
        }
        if patterns.is_empty() {
            return Ok(Err(true));
        }
        let operator = match (wildcards, case) {
            (true, Case::Insensitive) => ":",
            (true, Case::Sensitive) => "like",
            (false, Case::Insensitive) => "regex~",
            (false, Case::Sensitive) => "regex",
        };
        let mut operands = Vec::with_capacity(patterns.len());
        for (written, star, origins) in patterns {
            let pattern = if wildcards { star } else { self.pattern(written)? };
            operands.push(Text::piece(quote::string(&pattern), origins));
        }
        let core = |operand| Core::Infix { operator, complement: None, operand };
        Ok(Ok(match quantifier {
            Quantifier::All if operands.len() > 1 => Core::All(operands.into_iter().map(core).collect()),
            Quantifier::All | Quantifier::Any => core(one_or_listed(operands)),
        }))
    }

    fn matches(&mut self, pattern: &Expr) -> Result<Core, Refusal> {
        self.must_be_text()?;
        self.long_values();
        let Value::String(text) = self.constant(pattern)? else {
            return Err(self.limit(SYNTAX, "the pattern is no text"));
        };
        let written = regex::write(text, Dialect::Lucene, Folding::Operator).map_err(|lossy| {
            let cause = Cause::ProductLimit { page: events::LUCENE_REGEX };
            Refusal::new(
                Code::RegexDialect,
                cause,
                self.span,
                format!("the pattern has no form in EQL: {}", lossy.reason),
            )
        })?;
        let operator = if written.insensitive { "regex~" } else { "regex" };
        let operand = Text::piece(quote::string(&self.pattern(written)?), pattern.origins.clone());
        Ok(Core::Infix { operator, complement: None, operand })
    }

    fn networks(&mut self, networks: &[Network]) -> Result<Core, Refusal> {
        let spell = |text: String, network: &Network| Text::piece(quote::string(&text), network.origins.clone());
        if self.atom.field.kind == FieldKind::Ip {
            events::assume_addresses(&self.atom.field.name, &mut self.findings);
            let operands = networks.iter().map(|network| spell(network.cidr(), network));
            return Ok(Core::Call { function: "cidrMatch", operand: Text::join(operands, &Text::glue(", ")) });
        }
        self.must_be_text()?;
        let operands = networks.iter().map(|network| spell(network::pattern(network), network)).collect();
        Ok(Core::Infix { operator: "regex", complement: None, operand: one_or_listed(operands) })
    }

    fn addresses(&mut self, addresses: &[Expr], prefix: bool) -> Result<Result<Core, bool>, Refusal> {
        self.must_be_text()?;
        self.long_values();
        let mut operands = Vec::with_capacity(addresses.len());
        for address in addresses {
            let Value::String(text) = self.constant(address)? else {
                return Err(self.limit(SYNTAX, "the address is no text"));
            };
            if let Some(written) = regex::ipv4(text, prefix, Dialect::Lucene) {
                operands.push(Text::piece(quote::string(&self.pattern(written)?), address.origins.clone()));
            }
        }
        if operands.is_empty() {
            return Ok(Err(false));
        }
        Ok(Ok(Core::Infix { operator: "regex", complement: None, operand: one_or_listed(operands) }))
    }

    /// A pattern's text, with what it assumes.
    fn pattern(&mut self, written: Written) -> Result<String, Refusal> {
        if written.ascii {
            let classes = matches!(self.atom.op, TestOp::Matches { .. });
            let text = if classes { ASCII_CLASSES } else { ASCII_TERMS };
            self.findings.assume(AssumptionKind::Ascii, Confidence::Medium, text);
        }
        if written.text.chars().count() > MAX_REGEX {
            return Err(Refusal::new(
                Code::LiteralLimit,
                Cause::ProductLimit { page: REGEX_LENGTH },
                self.span,
                format!("the regular expression would be longer than {MAX_REGEX} characters"),
            ));
        }
        Ok(written.text)
    }

    /// A keyword field does not index values above a length, and then counts as missing.
    fn long_values(&mut self) {
        if self.atom.field.kind == FieldKind::Keyword {
            self.findings.assume(
                AssumptionKind::Setting,
                Confidence::High,
                "no value of a searched keyword field is longer than the `ignore_above` of its mapping",
            );
        }
    }

    fn must_be_text(&self) -> Result<(), Refusal> {
        match self.atom.field.kind {
            FieldKind::Keyword | FieldKind::Wildcard => Ok(()),
            FieldKind::Long
            | FieldKind::Double
            | FieldKind::Boolean
            | FieldKind::Date
            | FieldKind::Ip
            | FieldKind::Flattened
            | FieldKind::Text => {
                Err(self
                    .limit(SYNTAX, format!("`{}` is not stored as text, so EQL cannot search in it", self.name())))
            }
        }
    }

    fn constant<'e>(&self, operand: &'e Expr) -> Result<&'e Value, Refusal> {
        let message = match &operand.kind {
            ExprKind::Literal(value) => return Ok(value),
            ExprKind::Path(_) => "EQL cannot compare a field with another field",
            ExprKind::Now { .. } => "EQL has no clock: the time of the run cannot be compared",
            ExprKind::Arithmetic(..)
            | ExprKind::Call(..)
            | ExprKind::Truth(_)
            | ExprKind::Index(..)
            | ExprKind::Scalar(_)
            | ExprKind::Opaque { .. } => "EQL cannot compare a field with a computed value",
        };
        Err(self.limit(LIMITATIONS, message))
    }

    /// A constant as the field's kind wants it.
    fn scalar(&self, value: &Value, operand: &Expr) -> Result<String, Refusal> {
        let refused = || {
            let what = operand.ty.name();
            self.limit(SYNTAX, format!("`{}` cannot be compared with a value of type `{what}`", self.name()))
        };
        let text = events::plain(value).ok_or_else(refused)?;
        let number = matches!(
            value,
            Value::Int(_)
                | Value::Long(_)
                | Value::Real(_)
                | Value::Decimal(_)
                | Value::Dynamic(Dynamic::Long(_) | Dynamic::Real(_))
        );
        let boolean = matches!(value, Value::Bool(_) | Value::Dynamic(Dynamic::Bool(_)));
        match self.atom.field.kind {
            FieldKind::Keyword | FieldKind::Wildcard => Ok(quote::string(&text)),
            FieldKind::Long | FieldKind::Double if number => Ok(text),
            FieldKind::Boolean if boolean => Ok(text),
            FieldKind::Date if value.ty() == Type::DateTime => Ok(quote::string(&text)),
            FieldKind::Ip if value.ty() == Type::String => Ok(quote::string(&text)),
            FieldKind::Long
            | FieldKind::Double
            | FieldKind::Boolean
            | FieldKind::Date
            | FieldKind::Ip
            | FieldKind::Flattened
            | FieldKind::Text => Err(refused()),
        }
    }
}

fn one_or_listed(mut operands: Vec<Text>) -> Text {
    if operands.len() == 1 { operands.remove(0) } else { listed(operands) }
}

fn listed(operands: Vec<Text>) -> Text {
    Text::join(operands, &Text::glue(", ")).parenthesised()
}
