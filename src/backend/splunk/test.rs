//! Tests as SPL expressions.
//!
//! In an expression a missing field makes a comparison null, and what `NOT` does to null is documented nowhere: it is
//! never asked. Strings are made empty when missing wherever that decides the answer; other types are asked
//! `isnull` first. Every test of KQL then has the same answer on a missing, an empty and any other value.
//! <https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/ConditionalFunctions>

use crate::crosswalk::FieldKind;
use crate::diagnostic::Code;
use crate::fidelity::{AssumptionKind, Cause, Confidence, Findings, Match, Note, Refusal};
use crate::ir::{Case, Expr, Network, Order, Quantifier, TICKS_PER_SECOND, TestOp, TextRelation, Type, Value};
use crate::span::{Origins, Span};
use crate::template::Text;

use super::super::names::{Atom, Resolved, several};
use super::super::pipeline::{self, ASCII_TERMS, Leaf, Operand, Scope, folds};
use super::super::regex::{self, Dialect, Folding};
use super::super::{Answer, Literal};
use super::Spl;
use super::{quote, value};

/// A test on its way.
struct Asked<'t> {
    subject: Operand,
    op: &'t TestOp,
    negated: bool,
    on_missing: bool,
    origins: Origins,
    span: Span,
}

/// A test in words that hold or do not, and its complement where that is shorter than a `NOT` around it.
struct Core {
    text: Text,
    complement: Option<Text>,
}

impl Core {
    fn call(text: Text) -> Core {
        Core { text, complement: None }
    }
}

/// A literal as an expression that is safe beside `AND`, `OR` and `NOT`.
pub(super) fn test(scope: Scope, literal: &Literal) -> Result<Answer<Leaf>, Refusal> {
    let span = literal.all_origins().hull().unwrap_or_default();
    if scope.flows.is_none() && literal.test.subject.as_path().is_some() {
        return match scope.names.atom(literal)? {
            Resolved::Const(truth, findings) => Ok(Answer::Const(truth, findings)),
            Resolved::Atom(atom) => {
                let (leaf, findings) = atom_leaf(scope, &atom, span)?;
                Ok(Answer::Leaf(leaf, findings))
            }
            Resolved::Several(alternatives) => {
                let mut leaf = |atom: &Atom| {
                    let (leaf, findings) = atom_leaf(scope, atom, span)?;
                    Ok(Answer::Leaf(leaf.text, findings))
                };
                Ok(match several(&alternatives, literal.negated, &mut leaf, &join)? {
                    Answer::Leaf(text, findings) => Answer::Leaf(Leaf { text, prefilter: None }, findings),
                    Answer::Const(truth, findings) => Answer::Const(truth, findings),
                })
            }
        };
    }
    let mut findings = Findings::default();
    let subject = value::value(scope, &literal.test.subject, &mut findings)?;
    let asked = Asked {
        subject,
        op: &literal.test.op,
        negated: literal.negated,
        on_missing: literal.on_missing(),
        origins: literal.origins.clone(),
        span,
    };
    let leaf = asked.leaf(scope, &mut findings)?;
    Ok(Answer::Leaf(leaf, findings))
}

/// Fragments that must all hold, or any.
fn join(texts: Vec<Text>, all: bool) -> Text {
    Text::join(texts, &Text::glue(if all { " AND " } else { " OR " })).parenthesised()
}

fn atom_leaf(scope: Scope, atom: &Atom, span: Span) -> Result<(Leaf, Findings), Refusal> {
    let mut findings = atom.findings.clone();
    let Some(text) = quote::place(&atom.field.name, atom.field.inside) else {
        let message = format!("`{}` is no field name that is written here", atom.field.name);
        return Err(Refusal::new(Code::LiteralLimit, Cause::NotImplemented, span, message));
    };
    let subject = Operand {
        text: Text::piece(text, atom.origins.clone()),
        ty: atom.field.ty,
        kind: atom.field.kind,
        nullable: true,
        field: atom.field.inside.is_none().then(|| atom.field.name.clone()),
        clock: atom.field.clock,
    };
    let subject = value::instant(subject, &mut findings);
    let asked = Asked {
        subject,
        op: &atom.op,
        negated: atom.negated,
        on_missing: atom.on_missing,
        origins: atom.origins.clone(),
        span,
    };
    let leaf = asked.leaf(scope, &mut findings)?;
    Ok((leaf, findings))
}

impl Asked<'_> {
    fn refuse(&self, code: Code, message: impl Into<String>) -> Refusal {
        Refusal::new(code, Cause::NotImplemented, self.span, message)
    }

    /// Whether the test reads its subject as text.
    fn is_text(&self) -> bool {
        // A field may hold as text what the column holds as a number, or the other way round.
        if let TestOp::Equals { operands, .. } = self.op {
            return operands.iter().all(|operand| matches!(operand.ty, Type::String | Type::Guid));
        }
        match self.subject.ty {
            Type::String | Type::Guid => true,
            Type::Bool | Type::DateTime | Type::Decimal | Type::Int | Type::Long | Type::Real | Type::TimeSpan => {
                matches!(self.op, TestOp::Text { .. } | TestOp::Matches { .. })
            }
            Type::Dynamic | Type::Unknown => match self.op {
                TestOp::Text { .. }
                | TestOp::Matches { .. }
                | TestOp::IsEmpty
                | TestOp::InNetwork { .. }
                | TestOp::HasIpv4 { .. } => true,
                TestOp::Equals { .. }
                | TestOp::Order { .. }
                | TestOp::IsNull
                | TestOp::IsTrue
                | TestOp::Among { .. }
                | TestOp::Opaque { .. } => false,
            },
        }
    }

    fn leaf(mut self, scope: Scope, findings: &mut Findings) -> Result<Leaf, Refusal> {
        let prefilter = self.prefilter();
        if self.is_text() {
            // An address that does not parse has no answer, negated or not.
            if let TestOp::InNetwork { networks } = self.op {
                return Ok(Leaf { text: self.network(networks, findings), prefilter: None });
            }
            // A value of another type may be kept as text; where it is missing, KQL answers null both ways.
            let texts = matches!(self.subject.ty, Type::String | Type::Guid | Type::Dynamic | Type::Unknown);
            let guarded = self.negated && !self.on_missing && self.subject.nullable && !texts;
            let guard =
                guarded.then(|| Text::glue("isnotnull(").then(self.subject.text.clone()).then(Text::glue(") AND ")));
            if self.negated || self.on_missing {
                // Whatever the column is, the field is read as text.
                self.subject = value::present(Operand { ty: Type::String, ..self.subject });
            }
            let core = self.core(scope, findings)?;
            let text = match (self.negated, core.complement) {
                (false, _) => core.text,
                (true, Some(complement)) => complement,
                (true, None) => Text::glue("NOT ").then(core.text),
            };
            let text = match guard {
                Some(guard) => guard.then(text).parenthesised(),
                None => text,
            };
            return Ok(Leaf { text, prefilter });
        }
        let core = self.core(scope, findings)?;
        let subject = self.subject.text.clone();
        let ask = |function: &str| Text::glue(function).then(subject.clone()).then(Text::glue(")"));
        let missing_asked = matches!(self.op, TestOp::IsEmpty | TestOp::IsNull);
        let text = match (self.negated, core.complement) {
            (false, _) => core.text,
            (true, Some(complement)) => complement,
            (true, None) => Text::glue("NOT ").then(core.text),
        };
        let text = match (self.subject.nullable && !missing_asked, self.on_missing) {
            (false, _) => text,
            (true, true) => ask("isnull(").then(Text::glue(" OR ")).then(text).parenthesised(),
            (true, false) if self.negated => ask("isnotnull(").then(Text::glue(" AND ")).then(text).parenthesised(),
            (true, false) => text,
        };
        Ok(Leaf { text, prefilter })
    }

    fn core(&self, scope: Scope, findings: &mut Findings) -> Result<Core, Refusal> {
        let subject = self.subject.text.clone();
        match self.op {
            TestOp::Equals { operands, case } => self.equals(scope, operands, *case, findings),
            TestOp::Order { order, operand } => {
                if matches!(self.subject.ty, Type::String | Type::Guid | Type::Dynamic | Type::Bool) {
                    return Err(self.refuse(Code::NotComparable, "texts are put in order"));
                }
                let (order, operand) = whole_seconds(*order, operand);
                let right = value::value(scope, &operand, findings)?;
                let left = value::number(&self.subject);
                let right = value::number(&right);
                let say = |symbol: &str| {
                    let symbol = Text::piece(symbol, self.origins.clone());
                    left.clone().then(symbol).then(right.clone())
                };
                Ok(Core { text: say(order.symbol()), complement: Some(say(order.negate().symbol())) })
            }
            TestOp::Text { relation, needles, quantifier, case } => {
                self.text_test(*relation, needles, *quantifier, *case, findings)
            }
            TestOp::Matches { pattern } => {
                let Some(text) = pattern.as_text() else {
                    return Err(self.refuse(Code::RegexDialect, "the pattern is no constant"));
                };
                let written = regex::write(text, Dialect::Pcre, Folding::Operator)
                    .map_err(|lossy| self.refuse(Code::RegexDialect, format!("the pattern has {}", lossy.reason)))?;
                if written.ascii {
                    findings.assume(AssumptionKind::Ascii, Confidence::High, pipeline::ASCII_CLASSES);
                }
                let flag = if written.insensitive { "(?i)" } else { "" };
                let literal = quote::pattern(&format!("{flag}{}", written.text));
                Ok(Core::call(matching(subject, Text::piece(literal, pattern.origins.clone().and(&self.origins)))))
            }
            TestOp::IsEmpty if self.is_text() => {
                let subject = value::present(self.subject.clone()).text;
                let say = |symbol: &str| subject.clone().then(Text::piece(symbol, self.origins.clone()));
                Ok(Core { text: say("=\"\""), complement: Some(say("!=\"\"")) })
            }
            TestOp::IsEmpty | TestOp::IsNull => {
                let say = |name: &str| {
                    Text::piece(name, self.origins.clone())
                        .then(Text::glue("("))
                        .then(subject.clone())
                        .then(Text::glue(")"))
                };
                Ok(Core { text: say("isnull"), complement: Some(say("isnotnull")) })
            }
            TestOp::IsTrue => {
                let say = |word: &str| {
                    let word = Text::piece(format!("=\"{word}\""), self.origins.clone());
                    Text::glue("lower(").then(subject.clone()).then(Text::glue(")")).then(word)
                };
                Ok(Core { text: say("true"), complement: Some(say("false")) })
            }
            TestOp::InNetwork { .. } => Err(self.refuse(Code::NotComparable, "an address is no text")),
            TestOp::HasIpv4 { addresses, prefix } => self.addresses(addresses, *prefix, findings),
            TestOp::Among { .. } => Err(self.refuse(Code::OperatorOpaque, "values of another query are looked up")),
            TestOp::Opaque { name, .. } => Err(self.refuse(Code::FunctionOpaque, format!("`{name}` is not carried"))),
        }
    }

    fn equals(&self, scope: Scope, operands: &[Expr], case: Case, findings: &mut Findings) -> Result<Core, Refusal> {
        let insensitive = case == Case::Insensitive;
        let texts: Option<Vec<String>> = operands.iter().map(constant_text).collect();
        if let Some(texts) = &texts
            && self.is_text()
        {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let guid = self.subject.ty == Type::Guid;
            let fold = insensitive || guid;
            if fold {
                self.folds_beyond_ascii(&texts, findings);
            }
            if fold && texts.iter().any(|text| folds(text)) {
                findings.assume(AssumptionKind::Ascii, Confidence::High, ASCII_TERMS);
            }
            if !texts.iter().all(|text| quote::is_quotable(text)) {
                return Ok(Core::call(self.alternatives(TextEnds::Whole, operands, &texts, fold)));
            }
            let subject = self.subject.text.clone();
            let subject = if fold { Text::glue("lower(").then(subject).then(Text::glue(")")) } else { subject };
            let literal = |operand: &Expr, text: &str| {
                let text = if fold { text.to_lowercase() } else { text.to_owned() };
                Text::piece(quote::string(&text), operand.origins.clone())
            };
            return Ok(match (operands, texts.as_slice()) {
                ([operand], [text]) => {
                    let say = |symbol: &str| {
                        let symbol = Text::piece(symbol, self.origins.clone());
                        subject.clone().then(symbol).then(literal(operand, text))
                    };
                    Core { text: say("="), complement: Some(say("!=")) }
                }
                _ => {
                    let list = operands.iter().zip(&texts).map(|(operand, text)| literal(operand, text));
                    let list = Text::join(list, &Text::glue(","));
                    let open = Text::piece("in(", self.origins.clone());
                    Core::call(open.then(subject).then(Text::glue(",")).then(list).then(Text::glue(")")))
                }
            });
        }
        // Values of other types, or other fields: one comparison each.
        let mut positive = Vec::with_capacity(operands.len());
        let mut negative = Vec::with_capacity(operands.len());
        for operand in operands {
            let right = value::value(scope, operand, findings)?;
            let constant = operand.as_literal().is_some();
            if operand.as_literal().is_some_and(Value::is_null) {
                return Err(self.refuse(Code::NotComparable, "a value is compared with null"));
            }
            let (left, right) = if self.is_text() {
                let (mut left, mut right) = (value::present(self.subject.clone()).text, value::present(right).text);
                if insensitive {
                    findings.assume(AssumptionKind::Ascii, Confidence::High, ASCII_TERMS);
                    let lower = |text: Text| Text::glue("lower(").then(text).then(Text::glue(")"));
                    (left, right) = (lower(left), lower(right));
                }
                (left, right)
            } else {
                if !constant && self.negated {
                    return Err(self.refuse(Code::NotComparable, "two fields that may be missing are told apart"));
                }
                let left = self.subject.text.clone();
                // Words, in whatever case they are stored.
                let word = operand.ty == Type::Bool;
                let left = if word { Text::glue("lower(").then(left).then(Text::glue(")")) } else { left };
                (left, right.text)
            };
            let say = |symbol: &str| left.clone().then(Text::piece(symbol, self.origins.clone())).then(right.clone());
            positive.push(say("="));
            negative.push(say("!="));
        }
        if positive.len() == 1 {
            return Ok(Core { text: positive.remove(0), complement: negative.pop() });
        }
        Ok(Core {
            text: Text::join(positive, &Text::glue(" OR ")).parenthesised(),
            complement: Some(Text::join(negative, &Text::glue(" AND ")).parenthesised()),
        })
    }

    /// Says so where letter case beyond ASCII is looked over.
    fn folds_beyond_ascii(&self, texts: &[&str], findings: &mut Findings) {
        let cased = |letter: char| !letter.is_ascii() && (letter.is_lowercase() || letter.is_uppercase());
        if texts.iter().any(|text| text.chars().any(cased)) {
            let relation = if self.negated { Match::Narrower } else { Match::Broader };
            let message = "KQL folds the case of ASCII letters only, Splunk perhaps that of others, too".to_owned();
            let cause = Some(Cause::NotImplemented);
            findings.lower(relation, Note { span: self.span, code: Code::CaseFolded, cause, message });
        }
    }

    fn text_test(
        &self,
        relation: TextRelation,
        needles: &[Expr],
        quantifier: Quantifier,
        case: Case,
        findings: &mut Findings,
    ) -> Result<Core, Refusal> {
        let texts: Option<Vec<&str>> = needles.iter().map(Expr::as_text).collect();
        let Some(texts) = texts else {
            return Err(self.refuse(Code::NotComparable, "what is looked for is computed"));
        };
        let insensitive = case == Case::Insensitive;
        if insensitive {
            self.folds_beyond_ascii(&texts, findings);
        }
        if insensitive && texts.iter().any(|text| folds(text))
            || texts.iter().any(|text| regex::frame(text, relation, Dialect::Pcre).ascii)
        {
            findings.assume(AssumptionKind::Ascii, Confidence::High, ASCII_TERMS);
        }
        let ends = TextEnds::Relation(relation);
        match quantifier {
            Quantifier::Any => Ok(Core::call(self.alternatives(ends, needles, &texts, insensitive))),
            Quantifier::All => {
                let parts = needles.iter().zip(&texts).map(|(needle, text)| {
                    self.alternatives(ends, std::slice::from_ref(needle), &[text], insensitive)
                });
                let parts: Vec<Text> = parts.collect();
                let single = parts.len() == 1;
                let joined = Text::join(parts, &Text::glue(" AND "));
                Ok(Core::call(if single { joined } else { joined.parenthesised() }))
            }
        }
    }

    /// `match(subject, "…")` for any of the needles; those with like guards share one pattern.
    fn alternatives(&self, ends: TextEnds, needles: &[Expr], texts: &[&str], insensitive: bool) -> Text {
        let mut groups: Vec<(String, String, Vec<Text>)> = Vec::new();
        for (needle, text) in needles.iter().zip(texts) {
            let (open, close) = match ends {
                TextEnds::Relation(relation) => {
                    let frame = regex::frame(text, relation, Dialect::Pcre);
                    (frame.open, frame.close)
                }
                TextEnds::Whole => ("^".to_owned(), "\\z".to_owned()),
            };
            let escaped = Text::piece(regex::escape(text, Dialect::Pcre), needle.origins.clone());
            match groups.iter_mut().find(|group| group.0 == open && group.1 == close) {
                Some(group) => group.2.push(escaped),
                None => groups.push((open, close, vec![escaped])),
            }
        }
        let flag = if insensitive { "(?i)" } else { "" };
        let calls = groups.into_iter().map(|(open, close, mut bodies)| {
            let body = if bodies.len() == 1 {
                bodies.remove(0)
            } else {
                Text::glue("(?:").then(Text::join(bodies, &Text::glue("|"))).then(Text::glue(")"))
            };
            let open = Text::piece(format!("\"{flag}{open}"), self.origins.clone());
            matching(self.subject.text.clone(), open.then(body).then(Text::glue(&format!("{close}\""))))
        });
        let calls: Vec<Text> = calls.collect();
        let single = calls.len() == 1;
        let joined = Text::join(calls, &Text::glue(" OR "));
        if single { joined } else { joined.parenthesised() }
    }

    fn addresses(&self, addresses: &[Expr], prefix: bool, findings: &mut Findings) -> Result<Core, Refusal> {
        let mut calls = Vec::with_capacity(addresses.len());
        for address in addresses {
            let Some(text) = address.as_text() else {
                return Err(self.refuse(Code::NotComparable, "what is looked for is computed"));
            };
            calls.push(match regex::ipv4(text, prefix, Dialect::Pcre) {
                Some(written) => {
                    let pattern = quote::pattern(&written.text);
                    let pattern = Text::piece(pattern, address.origins.clone().and(&self.origins));
                    matching(self.subject.text.clone(), pattern)
                }
                // No text holds what is no address.
                None => Text::piece("1==0", address.origins.clone().and(&self.origins)),
            });
        }
        findings.assume(AssumptionKind::Ascii, Confidence::High, ASCII_TERMS);
        let single = calls.len() == 1;
        let joined = Text::join(calls, &Text::glue(" OR "));
        Ok(Core::call(if single { joined } else { joined.parenthesised() }))
    }

    /// `ipv4_is_in_range` and the like: what is no IPv4 address is neither inside nor outside. KQL reads a prefix length
    /// behind the address, which no field of addresses has.
    fn network(&self, networks: &[Network], findings: &mut Findings) -> Text {
        let plain = self.subject.text.clone();
        let text = format!("{} holds addresses without a prefix length", self.subject.text.plain());
        findings.assume(AssumptionKind::Field, Confidence::Medium, text);
        let call = |cidr: String, origins: &Origins| {
            Text::piece(format!("cidrmatch(\"{cidr}\","), origins.clone().and(&self.origins))
                .then(plain.clone())
                .then(Text::glue(")"))
        };
        let calls: Vec<Text> = networks.iter().map(|network| call(network.cidr(), &network.origins)).collect();
        let single = calls.len() == 1;
        let mut inside = Text::join(calls, &Text::glue(" OR "));
        if !single {
            inside = inside.parenthesised();
        }
        if !self.negated {
            return inside;
        }
        call("0.0.0.0/0".to_owned(), &Origins::none()).then(Text::glue(" AND NOT ")).then(inside).parenthesised()
    }

    /// Search terms for the same values, letter case apart: for whole values and needles of plain characters only,
    /// since `*` has no escape and the search of parts of words beside punctuation is unreliable.
    ///
    /// <https://docs.splunk.com/Documentation/Splunk/latest/Search/Wildcards>
    fn prefilter(&self) -> Option<Text> {
        const MOST: usize = 50;
        if self.negated || self.on_missing || self.subject.clock {
            return None;
        }
        // What begins with `_` is no extracted field.
        let field = quote::term_field(self.subject.field.as_ref().filter(|name| !name.starts_with('_'))?)?;
        let term = |origins: &Origins, value: String| {
            Text::piece(format!("{field}={value}"), origins.clone().and(&self.origins))
        };
        let (terms, all): (Option<Vec<Text>>, bool) = match self.op {
            TestOp::Equals { operands, .. } if operands.len() <= MOST => {
                let terms = operands.iter().map(|operand| match operand.as_literal()? {
                    Value::String(text) if is_simple(text, "._-") => {
                        Some(term(&operand.origins, format!("\"{text}\"")))
                    }
                    Value::Int(number) if self.subject.kind == FieldKind::Long => {
                        Some(term(&operand.origins, number.to_string()))
                    }
                    Value::Long(number) if self.subject.kind == FieldKind::Long => {
                        Some(term(&operand.origins, number.to_string()))
                    }
                    Value::Null(_)
                    | Value::Bool(_)
                    | Value::DateTime(_)
                    | Value::Decimal(_)
                    | Value::Dynamic(_)
                    | Value::Guid(_)
                    | Value::Int(_)
                    | Value::Long(_)
                    | Value::Real(_)
                    | Value::String(_)
                    | Value::TimeSpan(_) => None,
                });
                (terms.collect(), false)
            }
            TestOp::Text { needles, quantifier, .. } if needles.len() <= MOST => {
                let terms = needles.iter().map(|needle| {
                    let text = needle.as_text().filter(|text| is_simple(text, ""))?;
                    Some(term(&needle.origins, format!("\"*{text}*\"")))
                });
                (terms.collect(), *quantifier == Quantifier::All)
            }
            TestOp::Equals { .. }
            | TestOp::Text { .. }
            | TestOp::Order { .. }
            | TestOp::Matches { .. }
            | TestOp::IsEmpty
            | TestOp::IsNull
            | TestOp::IsTrue
            | TestOp::InNetwork { .. }
            | TestOp::HasIpv4 { .. }
            | TestOp::Among { .. }
            | TestOp::Opaque { .. } => return None,
        };
        let mut terms = terms?;
        Some(match terms.len() {
            1 => terms.remove(0),
            _ => Text::join(terms, &Text::glue(if all { " " } else { " OR " })).parenthesised(),
        })
    }
}

/// Where needles must stand.
#[derive(Clone, Copy)]
enum TextEnds {
    /// As an operator says.
    Relation(TextRelation),
    /// They are the whole value.
    Whole,
}

fn matching(subject: Text, pattern: Text) -> Text {
    Text::glue("match(").then(subject).then(Text::glue(",")).then(pattern).then(Text::glue(")"))
}

/// Whether a text is one that a search finds as it is.
fn is_simple(text: &str, others: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || others.contains(letter))
}

/// A constant as text; a guid in lower case.
fn constant_text(operand: &Expr) -> Option<String> {
    match operand.as_literal()? {
        Value::String(text) => Some(text.clone()),
        Value::Guid(guid) => Some(guid.to_string()),
        Value::Null(_)
        | Value::Bool(_)
        | Value::DateTime(_)
        | Value::Decimal(_)
        | Value::Dynamic(_)
        | Value::Int(_)
        | Value::Long(_)
        | Value::Real(_)
        | Value::TimeSpan(_) => None,
    }
}

/// A condition as an expression that is true or false and never null; every part of it must be carried exactly.
pub(super) fn strict(
    scope: Scope,
    predicate: &crate::ir::Predicate,
    findings: &mut Findings,
) -> Result<Text, Refusal> {
    pipeline::strict(&Spl, scope, predicate, findings)
}

/// "Up to the last tick of a second" as "before the next second": a double holds no seven digits behind a time in
/// seconds, so that `endofday(…)` would take in the first instant of the next day.
fn whole_seconds(order: Order, operand: &Expr) -> (Order, Expr) {
    let Some(Value::DateTime(ticks)) = operand.as_literal() else { return (order, operand.clone()) };
    let next = ticks.saturating_add(1);
    let order = match order {
        Order::LessOrEqual => Order::Less,
        Order::Greater => Order::GreaterOrEqual,
        Order::Less | Order::GreaterOrEqual => return (order, operand.clone()),
    };
    if next % TICKS_PER_SECOND != 0 {
        return (if order == Order::Less { Order::LessOrEqual } else { Order::Greater }, operand.clone());
    }
    (order, Expr::literal(Value::DateTime(next), operand.origins.clone()))
}
