//! Tests as ES|QL conditions.
//!
//! A comparison with a missing field is null, `NOT` of null is null, and `WHERE` keeps what is true: that is KQL's own
//! logic for values that are no strings. Where KQL's answer on a missing value is true, `IS NULL OR` says so.
//! <https://www.elastic.co/docs/reference/query-languages/esql/esql-syntax>

use crate::crosswalk::FieldKind;
use crate::diagnostic::Code;
use crate::fidelity::{AssumptionKind, Cause, Confidence, Findings, Refusal};
use crate::ir::{Case, Expr, Network, Quantifier, TestOp, TextRelation, Type, Value};
use crate::span::{Origins, Span};
use crate::template::Text;

use super::super::names::{Atom, Resolved, several};
use super::super::pipeline::{self, ASCII_TERMS, Leaf, Operand, Scope, folds};
use super::super::regex::{self, Dialect, Folding};
use super::super::{Answer, Literal};
use super::Esql;
use super::{quote, value};

/// Longest regular expression that needles are gathered into; Elasticsearch refuses a thousand characters.
const GATHERED: usize = 800;

/// What keyword fields leave out of the index.
///
/// <https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/ignore-above>
const IGNORE_ABOVE: &str = "no value of a searched keyword field is longer than the `ignore_above` of its mapping";

/// A test on its way.
struct Asked<'t> {
    subject: Operand,
    op: &'t TestOp,
    negated: bool,
    on_missing: bool,
    origins: Origins,
    span: Span,
}

/// A condition and its complement.
struct Core {
    text: Text,
    complement: Text,
}

impl Core {
    /// A function, or a conjunction or disjunction in parentheses.
    fn closed(text: Text) -> Core {
        Core { complement: Text::glue("NOT ").then(text.clone()), text }
    }
}

/// A literal as a condition that is safe beside `AND`, `OR` and `NOT`.
pub(super) fn test(scope: Scope, literal: &Literal) -> Result<Answer<Leaf>, Refusal> {
    let span = literal.all_origins().hull().unwrap_or_default();
    if scope.flows.is_none() && literal.test.subject.as_path().is_some() {
        return match scope.names.atom(literal)? {
            Resolved::Const(truth, findings) => Ok(Answer::Const(truth, findings)),
            Resolved::Atom(atom) => {
                let (text, findings) = atom_text(scope, &atom, span)?;
                Ok(Answer::Leaf(Leaf { text, prefilter: None }, findings))
            }
            Resolved::Several(alternatives) => {
                let mut leaf = |atom: &Atom| {
                    let (text, findings) = atom_text(scope, atom, span)?;
                    Ok(Answer::Leaf(text, findings))
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
    let text = asked.condition(scope, &mut findings)?;
    Ok(Answer::Leaf(Leaf { text, prefilter: None }, findings))
}

/// Fragments that must all hold, or any.
fn join(texts: Vec<Text>, all: bool) -> Text {
    Text::join(texts, &Text::glue(if all { " AND " } else { " OR " })).parenthesised()
}

fn atom_text(scope: Scope, atom: &Atom, span: Span) -> Result<(Text, Findings), Refusal> {
    let mut findings = atom.findings.clone();
    let name = value::field(&atom.field.name, atom.field.kind).map_err(|cause| {
        let message = format!("`{}` cannot be asked here", atom.field.name);
        Refusal::new(Code::NotComparable, cause, span, message)
    })?;
    let subject = Operand {
        text: Text::piece(name, atom.origins.clone()),
        ty: atom.field.ty,
        kind: atom.field.kind,
        nullable: true,
        field: Some(atom.field.name.clone()),
        clock: atom.field.clock,
    };
    let asked = Asked {
        subject,
        op: &atom.op,
        negated: atom.negated,
        on_missing: atom.on_missing,
        origins: atom.origins.clone(),
        span,
    };
    let text = asked.condition(scope, &mut findings)?;
    Ok((text, findings))
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

    fn condition(&self, scope: Scope, findings: &mut Findings) -> Result<Text, Refusal> {
        if let TestOp::InNetwork { networks } = self.op {
            return self.network(networks, findings);
        }
        let core = self.core(scope, findings)?;
        let text = if self.negated { core.complement } else { core.text };
        let decided = matches!(self.op, TestOp::IsNull) || (self.op == &TestOp::IsEmpty && !self.is_string_like());
        // Two fields that are compared as texts are empty where they are missing, so the answer stands already.
        let two_fields = matches!(self.op, TestOp::Equals { operands, .. }
            if self.is_text() && operands.iter().any(|operand| operand.as_literal().is_none()));
        if !self.on_missing || !self.subject.nullable || decided || two_fields {
            return Ok(text);
        }
        let missing = self.subject.text.clone().then(Text::glue(" IS NULL OR "));
        Ok(missing.then(text).parenthesised())
    }

    /// Whether an empty string can stand for a missing value.
    fn is_string_like(&self) -> bool {
        matches!(self.subject.ty, Type::String | Type::Dynamic | Type::Unknown)
            && matches!(self.subject.kind, FieldKind::Keyword | FieldKind::Wildcard | FieldKind::Text)
    }

    fn core(&self, scope: Scope, findings: &mut Findings) -> Result<Core, Refusal> {
        if self.subject.kind == FieldKind::Keyword && self.subject.field.is_some() {
            findings.assume(AssumptionKind::Setting, Confidence::High, IGNORE_ABOVE);
        }
        match self.op {
            TestOp::Equals { operands, case } => self.equals(scope, operands, *case, findings),
            TestOp::Order { order, operand } => {
                if matches!(self.subject.ty, Type::String | Type::Guid | Type::Bool) {
                    return Err(self.refuse(Code::NotComparable, "texts are put in order"));
                }
                let right = value::value(scope, operand, findings)?;
                let left = self.typed(right.ty)?;
                let say = |symbol: &str| {
                    let symbol = Text::piece(format!(" {symbol} "), self.origins.clone());
                    left.clone().then(symbol).then(right.text.clone())
                };
                Ok(Core { text: say(order.symbol()), complement: say(order.negate().symbol()) })
            }
            TestOp::Text { relation, needles, quantifier, case } => {
                self.text_test(*relation, needles, *quantifier, *case, findings)
            }
            TestOp::Matches { pattern } => self.matches(pattern, findings),
            TestOp::IsEmpty if self.is_string_like() => {
                let say = |symbol: &str| {
                    let symbol = Text::piece(format!(" {symbol} \"\""), self.origins.clone());
                    self.subject.text.clone().then(symbol)
                };
                Ok(Core { text: say("=="), complement: say("!=") })
            }
            TestOp::IsEmpty | TestOp::IsNull => {
                let say = |words: &str| self.subject.text.clone().then(Text::piece(words, self.origins.clone()));
                Ok(Core { text: say(" IS NULL"), complement: say(" IS NOT NULL") })
            }
            TestOp::IsTrue => {
                let left = value::boolean(&self.subject)
                    .ok_or_else(|| self.refuse(Code::NotComparable, "the field is no boolean"))?;
                let say = |word: &str| left.clone().then(Text::piece(format!(" == {word}"), self.origins.clone()));
                Ok(Core { text: say("true"), complement: say("false") })
            }
            TestOp::InNetwork { .. } => Err(self.refuse(Code::NotComparable, "an address is asked elsewhere")),
            TestOp::HasIpv4 { addresses, prefix } => self.addresses(addresses, *prefix, findings),
            TestOp::Among { .. } => Err(self.refuse(Code::OperatorOpaque, "values of another query are looked up")),
            TestOp::Opaque { name, .. } => Err(self.refuse(Code::FunctionOpaque, format!("`{name}` is not carried"))),
        }
    }

    /// The subject as text.
    fn text(&self) -> Result<Text, Refusal> {
        value::text(&self.subject).ok_or_else(|| {
            self.refuse(Code::NotComparable, "the field holds a value that is written in another form")
        })
    }

    /// The subject as a value that can be compared with one of type `other`.
    fn typed(&self, other: Type) -> Result<Text, Refusal> {
        // A text may be held as a number: then the constant is one, too.
        let open = matches!(self.subject.ty, Type::Dynamic | Type::Unknown)
            || self.subject.ty == Type::String && other.is_number();
        let wanted = if open { other } else { self.subject.ty };
        value::typed(&self.subject, wanted)
            .ok_or_else(|| self.refuse(Code::NotComparable, format!("the field holds no `{}`", wanted.name())))
    }

    fn equals(&self, scope: Scope, operands: &[Expr], case: Case, findings: &mut Findings) -> Result<Core, Refusal> {
        let insensitive = case == Case::Insensitive;
        let texts: Option<Vec<String>> = operands.iter().map(constant_text).collect();
        if let Some(texts) = &texts
            && self.is_text()
        {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let fold = insensitive || self.subject.ty == Type::Guid;
            if fold && texts.iter().any(|text| !text.is_ascii()) {
                let subject = self.text()?;
                let pattern = |(operand, text): (&Expr, &&str)| {
                    let pattern = Text::piece(quote::raw(&escaped(text, true)), operand.origins.clone());
                    self.rlike(&subject, pattern)
                };
                return Ok(joined(operands.iter().zip(&texts).map(pattern).collect(), Quantifier::Any));
            }
            if fold && texts.iter().any(|text| folds(text)) {
                findings.assume(AssumptionKind::Ascii, Confidence::High, ASCII_TERMS);
            }
            let left = if fold { lower(self.text()?) } else { self.text()? };
            let right = operands.iter().zip(&texts).map(|(operand, text)| {
                let text = if fold { text.to_lowercase() } else { (*text).to_owned() };
                Text::piece(quote::raw(&text), operand.origins.clone())
            });
            return Ok(self.one_of(&left, right.collect()));
        }
        let mut right = Vec::with_capacity(operands.len());
        let mut left = None;
        for operand in operands {
            let other = value::value(scope, operand, findings)?;
            let constant = operand.as_literal().is_some();
            if operand.as_literal().is_some_and(Value::is_null) {
                return Err(self.refuse(Code::NotComparable, "a value is compared with null"));
            }
            if self.is_text() {
                let subject = value::present(&self.subject).ok_or_else(|| {
                    self.refuse(Code::NotComparable, "the field holds a value that is written in another form")
                })?;
                let other = value::present(&other).ok_or_else(|| {
                    self.refuse(Code::NotComparable, "the field holds a value that is written in another form")
                })?;
                if insensitive {
                    findings.assume(AssumptionKind::Ascii, Confidence::High, ASCII_TERMS);
                }
                left = Some(if insensitive { lower(subject) } else { subject });
                right.push(if insensitive { lower(other) } else { other });
            } else {
                if !constant && self.negated {
                    return Err(self.refuse(Code::NotComparable, "two fields that may be missing are told apart"));
                }
                left = Some(self.typed(other.ty)?);
                right.push(other.text);
            }
        }
        let left = left.ok_or_else(|| self.refuse(Code::NotComparable, "an empty list"))?;
        Ok(self.one_of(&left, right))
    }

    fn one_of(&self, left: &Text, mut right: Vec<Text>) -> Core {
        let word = |word: &str| Text::piece(word, self.origins.clone());
        if right.len() == 1 {
            let right = right.remove(0);
            let say = |symbol: &str| left.clone().then(word(symbol)).then(right.clone());
            return Core { text: say(" == "), complement: say(" != ") };
        }
        let list = Text::join(right, &Text::glue(", ")).parenthesised();
        let say = |symbol: &str| left.clone().then(word(symbol)).then(list.clone());
        Core { text: say(" IN "), complement: say(" NOT IN ") }
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
        if insensitive && texts.iter().any(|text| folds(text))
            || texts.iter().any(|text| regex::frame(text, relation, Dialect::Lucene).ascii)
        {
            findings.assume(AssumptionKind::Ascii, Confidence::High, ASCII_TERMS);
        }
        let subject = self.text()?;
        let mut parts: Vec<Core> = Vec::new();
        match relation {
            TextRelation::Contains | TextRelation::StartsWith | TextRelation::EndsWith => {
                for (needle, text) in needles.iter().zip(&texts) {
                    parts.push(self.substring(&subject, relation, text, insensitive, &needle.origins));
                }
            }
            TextRelation::Term | TextRelation::TermPrefix | TextRelation::TermSuffix => {
                let mut groups: Vec<(String, String, Vec<Text>, usize)> = Vec::new();
                for (needle, text) in needles.iter().zip(&texts) {
                    let frame = regex::frame(text, relation, Dialect::Lucene);
                    let escaped = escaped(text, insensitive);
                    let length = escaped.chars().count();
                    let piece = Text::piece(escaped, needle.origins.clone());
                    let fits = |group: &&mut (String, String, Vec<Text>, usize)| {
                        group.0 == frame.open
                            && group.1 == frame.close
                            && group.3 + length < GATHERED
                            && quantifier == Quantifier::Any
                    };
                    match groups.iter_mut().find(fits) {
                        Some(group) => {
                            group.2.push(piece);
                            group.3 += length + 1;
                        }
                        None => groups.push((frame.open, frame.close, vec![piece], length)),
                    }
                }
                for (open, close, bodies, _) in groups {
                    parts.push(self.framed(&subject, &open, bodies, &close));
                }
            }
        }
        Ok(joined(parts, quantifier))
    }

    fn substring(
        &self,
        subject: &Text,
        relation: TextRelation,
        text: &str,
        insensitive: bool,
        origins: &Origins,
    ) -> Core {
        let (subject, text) = match insensitive {
            // KQL folds ASCII letters, `TO_LOWER` all.
            true if !text.is_ascii() => {
                let before = if relation == TextRelation::StartsWith { "" } else { ".*" };
                let behind = if relation == TextRelation::EndsWith { "" } else { ".*" };
                let pattern = format!("{before}{}{behind}", escaped(text, true));
                return self.rlike(subject, Text::piece(quote::raw(&pattern), origins.clone()));
            }
            true => (&lower(subject.clone()), &*text.to_lowercase()),
            false => (subject, text),
        };
        let own = |word: &str| Text::piece(word, self.origins.clone());
        let call = |name: &str| {
            let call = own(name).then(Text::glue("(")).then(subject.clone()).then(Text::glue(", "));
            Core::closed(call.then(Text::piece(quote::raw(text), origins.clone())).then(Text::glue(")")))
        };
        match relation {
            TextRelation::StartsWith => call("STARTS_WITH"),
            TextRelation::EndsWith => call("ENDS_WITH"),
            TextRelation::Contains | TextRelation::Term | TextRelation::TermPrefix | TextRelation::TermSuffix => {
                let pattern = quote::raw(&format!("*{}*", quote::like(text)));
                let say =
                    |word: &str| subject.clone().then(own(word)).then(Text::piece(pattern.clone(), origins.clone()));
                Core { text: say(" LIKE "), complement: say(" NOT LIKE ") }
            }
        }
    }

    /// `RLIKE` of any of the bodies between their guards. The quotation is chosen by the whole pattern, so that its
    /// pieces can keep their origins.
    fn framed(&self, subject: &Text, open: &str, bodies: Vec<Text>, close: &str) -> Core {
        let several = bodies.len() > 1;
        let mut pattern = Text::glue(open);
        if several {
            pattern.push(Text::glue("("));
        }
        pattern.push(Text::join(bodies, &Text::glue("|")));
        if several {
            pattern.push(Text::glue(")"));
        }
        pattern.push(Text::glue(close));
        self.rlike(subject, requoted(&pattern))
    }

    fn rlike(&self, subject: &Text, pattern: Text) -> Core {
        let subject = value::searched(subject.clone());
        let say = |word: &str| subject.clone().then(Text::piece(word, self.origins.clone())).then(pattern.clone());
        Core { text: say(" RLIKE "), complement: say(" NOT RLIKE ") }
    }

    fn matches(&self, pattern: &Expr, findings: &mut Findings) -> Result<Core, Refusal> {
        let Some(text) = pattern.as_text() else {
            return Err(self.refuse(Code::RegexDialect, "the pattern is no constant"));
        };
        let write = |folding| {
            regex::write(text, Dialect::Lucene, folding).map_err(|lossy| {
                let cause = Cause::ProductLimit { page: super::RLIKE };
                let message = format!("the pattern has {}, for which there is no form", lossy.reason);
                Refusal::new(Code::RegexDialect, cause, self.span, message)
            })
        };
        let written = write(Folding::Spelled)?;
        let subject = self.text()?;
        if written.ascii {
            findings.assume(AssumptionKind::Ascii, Confidence::High, pipeline::ASCII_CLASSES);
        }
        Ok(self.rlike(&subject, Text::piece(quote::raw(&written.text), pattern.origins.clone())))
    }

    fn addresses(&self, addresses: &[Expr], prefix: bool, findings: &mut Findings) -> Result<Core, Refusal> {
        let subject = self.text()?;
        let mut parts = Vec::with_capacity(addresses.len());
        for address in addresses {
            let Some(text) = address.as_text() else {
                return Err(self.refuse(Code::NotComparable, "what is looked for is computed"));
            };
            parts.push(match regex::ipv4(text, prefix, Dialect::Lucene) {
                Some(written) => {
                    self.rlike(&subject, Text::piece(quote::raw(&written.text), address.origins.clone()))
                }
                None => Core::closed(Text::piece("false", address.origins.clone().and(&self.origins))),
            });
        }
        findings.assume(AssumptionKind::Ascii, Confidence::High, ASCII_TERMS);
        Ok(joined(parts, Quantifier::Any))
    }

    /// `ipv4_is_in_range` and the like: a mask of the address itself is tolerated, and what is no IPv4 address is
    /// neither inside nor outside.
    fn network(&self, networks: &[Network], findings: &mut Findings) -> Result<Text, Refusal> {
        let address = match self.subject.kind {
            FieldKind::Ip => self.subject.text.clone(),
            FieldKind::Keyword | FieldKind::Wildcard | FieldKind::Text => {
                let text = format!("{} holds addresses without a prefix length", self.subject.text.plain());
                findings.assume(AssumptionKind::Field, Confidence::Medium, text);
                Text::glue("TO_IP(").then(self.subject.text.clone()).then(Text::glue(")"))
            }
            FieldKind::Long | FieldKind::Double | FieldKind::Boolean | FieldKind::Date | FieldKind::Flattened => {
                return Err(self.refuse(Code::NotComparable, "the field holds no address"));
            }
        };
        let list = networks
            .iter()
            .map(|network| Text::piece(quote::string(&network.cidr()), network.origins.clone().and(&self.origins)));
        let call = |list: Text| {
            Text::piece("CIDR_MATCH(", self.origins.clone())
                .then(address.clone())
                .then(Text::glue(", "))
                .then(list)
                .then(Text::glue(")"))
        };
        let inside = call(Text::join(list, &Text::glue(", ")));
        if !self.negated {
            return Ok(inside);
        }
        Ok(call(Text::glue("\"0.0.0.0/0\"")).then(Text::glue(" AND NOT ")).then(inside).parenthesised())
    }
}

/// A text as a pattern.
///
/// Letter case is spelled out. A pattern is never put to `TO_LOWER(…)`: the engine makes that a search in any case,
/// which finds nothing where the pattern has a capital letter, be it in `[A-Z]`, and does not fold ranges.
/// <https://github.com/elastic/elasticsearch/pull/128393>
fn escaped(text: &str, insensitive: bool) -> String {
    if insensitive {
        regex::escape_in_both_cases(text, Dialect::Lucene)
    } else {
        regex::escape(text, Dialect::Lucene)
    }
}

fn lower(text: Text) -> Text {
    Text::glue("TO_LOWER(").then(text).then(Text::glue(")"))
}

/// All or any of the conditions.
fn joined(mut parts: Vec<Core>, quantifier: Quantifier) -> Core {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    let (word, other) = match quantifier {
        Quantifier::Any => (" OR ", " AND "),
        Quantifier::All => (" AND ", " OR "),
    };
    let (texts, complements): (Vec<Text>, Vec<Text>) =
        parts.into_iter().map(|core| (core.text, core.complement)).unzip();
    Core {
        text: Text::join(texts, &Text::glue(word)).parenthesised(),
        complement: Text::join(complements, &Text::glue(other)).parenthesised(),
    }
}

/// A pattern in pieces as a string in pieces.
fn requoted(pattern: &Text) -> Text {
    let whole = pattern.plain().into_owned();
    let quoted = quote::raw(&whole);
    let escaped = !quoted.starts_with("\"\"\"");
    let marks = if escaped { "\"" } else { "\"\"\"" };
    let mut text = Text::glue(marks);
    for piece in pattern.pieces() {
        let inner = if escaped {
            let string = quote::string(&piece.text);
            string[1..string.len() - 1].to_owned()
        } else {
            piece.text.clone()
        };
        text.push(Text::piece(inner, piece.origins.clone()));
    }
    text.then(Text::glue(marks))
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

/// A condition inside an expression.
pub(super) fn strict(
    scope: Scope,
    predicate: &crate::ir::Predicate,
    findings: &mut Findings,
) -> Result<Text, Refusal> {
    pipeline::strict(&Esql, scope, predicate, findings)
}
