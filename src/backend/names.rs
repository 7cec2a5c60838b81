//! Columns of a query in the words of a target: which field holds them, and how a test on them reads there.
//!
//! Every answer carries its own [`Findings`], so that what is known of a part that is left out later goes with it.
//! A name that the crosswalk does not know is a refusal, unless the run keeps KQL names; it is never guessed.

use crate::crosswalk::{
    Covers, Crosswalk, Field, FieldKind, Form, Routed, Side, Source, Table, Translated, Vocabulary,
};
use crate::diagnostic::Code;
use crate::fidelity::{AssumptionKind, Cause, Confidence, Findings, Match, Names as Naming, Note, Polarity, Refusal};
use crate::ir::{
    ColumnId, Expr, ExprKind, Function, Lineage, Operator, Path, Predicate, PredicateKind, Query, RelationId, Step,
    TestOp, Truth, Type, Value,
};
use crate::shape::Leg;
use crate::span::{Origins, Span};

use super::{Answer, Literal, Options};

/// The names of one query in one vocabulary.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    query: &'a Query,
    crosswalk: &'a Crosswalk,
    native_names: bool,
    vocabulary: Vocabulary,
    /// The source that was chosen for one of the tables; none if none of its sources holds what is asked for.
    routed: Option<(RelationId, Option<Routed<'a>>)>,
}

/// Where a table's events live in the target.
#[derive(Clone, PartialEq, Debug)]
pub struct SourceRef<'a> {
    /// The table's name in the query.
    pub table: &'a str,
    /// Its place; none when only the KQL name is left of it.
    pub source: Option<&'a Source>,
    /// That it feeds the target is assumed.
    pub findings: Findings,
}

/// A field of the target.
#[derive(Clone, PartialEq, Debug)]
pub struct FieldRef<'a> {
    /// Its name, unquoted.
    pub name: String,
    /// The place in the JSON text that it holds.
    pub inside: Option<&'a str>,
    /// How the target stores it.
    pub kind: FieldKind,
    /// How the column's value appears in it.
    pub form: &'a Form,
    /// The type of the column.
    pub ty: Type,
    /// Whether it is the event time of the target.
    pub clock: bool,
    /// Whether its name is KQL's.
    pub native: bool,
    /// What the mapping assumes.
    pub findings: Findings,
}

/// A test on a field of the target, or its negation.
#[derive(Clone, PartialEq, Debug)]
pub struct Atom<'a> {
    /// The field.
    pub field: FieldRef<'a>,
    /// The question, as it reads on the field.
    pub op: TestOp,
    /// Whether it must be false.
    pub negated: bool,
    /// Whether an event without the field is to be found. Where it is not, a negated test needs a guard.
    pub on_missing: bool,
    /// Leaves of the subject, of the operator and of the negations around it; operands have their own.
    pub origins: Origins,
    /// What the mapping assumes and changes.
    pub findings: Findings,
}

/// What becomes of a literal whose subject is a field.
#[derive(Clone, PartialEq, Debug)]
#[allow(clippy::large_enum_variant, reason = "short-lived")]
pub enum Resolved<'a> {
    /// A test on a field.
    Atom(Atom<'a>),
    /// Any of these alternatives, of which each is several tests that must all hold; where they are negated, one
    /// negated test of each.
    Several(Vec<Vec<Atom<'a>>>),
    /// The same answer for every event of the source.
    Const(bool, Findings),
}

/// The form of fields that no crosswalk file describes.
const SAME: &Form = &Form::Same;

/// What term guards assume of the events.
pub(crate) const ASCII_TERMS: &str = "no letter or digit beyond ASCII stands directly beside a term that is searched \
     for, and no U+017F, U+212A or U+0130 in it";

/// The columns that are the event time of tables that no crosswalk file describes.
pub(crate) const USUAL_CLOCKS: [&str; 2] = ["TimeGenerated", "Timestamp"];

impl<'a> Names<'a> {
    /// The names of `query` in the words of `vocabulary`.
    pub fn new(query: &'a Query, options: &Options<'a>, vocabulary: Vocabulary) -> Names<'a> {
        Names { query, crosswalk: options.crosswalk, native_names: options.native_names, vocabulary, routed: None }
    }

    /// The same for the source that fits what a leg asks for: targets may divide by kind of event what Sentinel keeps
    /// in one table.
    pub fn routed(self, leg: &Leg) -> Names<'a> {
        let allowed = |column: &str| self.allowed(&leg.condition, leg.source, column);
        let route = self.table(leg.source).and_then(|table| {
            let route = table.route(self.vocabulary, &allowed);
            route.or_else(|| table.route(self.vocabulary.usual(), &allowed))
        });
        Names { routed: Some((leg.source, route)), ..self }
    }

    /// The vocabulary in which the events of a table are read: that of the profile, or the usual one where the profile
    /// has no source for them.
    fn vocabulary(&self, source: RelationId) -> Vocabulary {
        if let Some((routed, Some(route))) = self.routed
            && routed == source
        {
            return route.vocabulary;
        }
        let has = |vocabulary| self.table(source).is_some_and(|table| table.source(vocabulary).is_some());
        let usual = self.vocabulary.usual();
        if !has(self.vocabulary) && has(usual) { usual } else { self.vocabulary }
    }

    /// Whose limit it is that a field is not there, or does not hold what is asked for: the profile's, if the target's
    /// usual vocabulary has a field.
    fn lack(&self, lineage: &Lineage) -> Cause {
        let used = self.vocabulary(lineage.source);
        let field = |table: &'a Table| table.field(used.usual(), &lineage.column, &lineage.path);
        let usual = used != used.usual() && self.table(lineage.source).and_then(field).is_some();
        if usual { Cause::Profile } else { Cause::NoMapping }
    }

    /// The values that a condition lets through in a column, if it names them.
    fn allowed(&self, condition: &Predicate, source: RelationId, column: &str) -> Option<Vec<String>> {
        match &condition.kind {
            // Each conjunct lets through no more than this.
            PredicateKind::And(parts) => parts
                .iter()
                .filter_map(|part| self.allowed(part, source, column))
                // Letter case may not count in one of them, so it must not make the set smaller.
                .reduce(|one, other| {
                    let among = |value: &String| other.iter().any(|other| other.eq_ignore_ascii_case(value));
                    one.into_iter().filter(among).collect()
                }),
            PredicateKind::Or(parts) => {
                let parts: Option<Vec<Vec<String>>> =
                    parts.iter().map(|part| self.allowed(part, source, column)).collect();
                parts.map(|parts| parts.concat())
            }
            PredicateKind::Test(test) => {
                let TestOp::Equals { operands, .. } = &test.op else { return None };
                let lineage = self.lineage(test.subject.as_path()?)?;
                if lineage.source != source || lineage.column != column || !lineage.path.is_empty() {
                    return None;
                }
                operands
                    .iter()
                    .map(|operand| match operand.as_literal()? {
                        Value::String(text) => Some(text.clone()),
                        Value::Int(number) => Some(number.to_string()),
                        Value::Long(number) => Some(number.to_string()),
                        Value::Null(_)
                        | Value::Bool(_)
                        | Value::DateTime(_)
                        | Value::Decimal(_)
                        | Value::Dynamic(_)
                        | Value::Guid(_)
                        | Value::Real(_)
                        | Value::TimeSpan(_) => None,
                    })
                    .collect()
            }
            PredicateKind::Not(_) | PredicateKind::Const(_) => None,
        }
    }

    /// The crosswalk's file on the table behind this node.
    pub fn table(&self, source: RelationId) -> Option<&'a Table> {
        self.crosswalk.table(self.table_name(source)?)
    }

    fn table_name(&self, source: RelationId) -> Option<&'a str> {
        if let Operator::Table { name } = &self.query.relation(source).op { Some(name) } else { None }
    }

    /// Where the events of the table behind this node live.
    ///
    /// # Errors
    ///
    /// The target has no source for the table, and KQL names are not kept.
    pub fn source(&self, source: RelationId, span: Span) -> Result<SourceRef<'a>, Refusal> {
        let Some(name) = self.table_name(source) else {
            return Err(Refusal::new(Code::NoSource, Cause::NotImplemented, span, "the source is no table"));
        };
        let mut findings = Findings::default();
        let used = self.vocabulary(source);
        let cause = if used == used.usual() { Cause::NoMapping } else { Cause::Profile };
        let sources = self.table(source).and_then(|table| table.source(used));
        let routed = match self.routed {
            Some((routed, route)) if routed == source => {
                if route.is_none() && sources.is_some() {
                    let message =
                        format!("no source in {} holds the events of `{name}` that are asked for", self.title());
                    return Err(Refusal::new(Code::NoSource, Cause::NoMapping, span, message));
                }
                route
            }
            Some(_) | None => None,
        };
        if let Some(routed) = routed
            && let Covers::Only { column, values } = routed.covers
        {
            let kind = values.join("` or `");
            let message = format!("{} holds only events whose `{column}` is `{kind}`", describe(routed.source()));
            findings.lower(Match::Narrower, Note { span, code: Code::NoSource, cause: Some(cause), message });
        }
        if let Some(routed) = routed
            && let Some(besides) = &routed.route.besides
        {
            let message = format!("{} has other events too: {besides}", describe(routed.source()));
            findings.lower(Match::Broader, Note { span, code: Code::NoSource, cause: Some(cause), message });
        }
        let place = match routed {
            Some(routed) => Some(routed.source()),
            None => sources,
        };
        if let Some(place) = place {
            let mut text = format!("events of `{name}` arrive in {} from {}", used.usual().title(), describe(place));
            if let Some(note) = routed.and_then(|routed| routed.route.note.as_ref()) {
                text.push_str("; ");
                text.push_str(note);
            }
            findings.assume(AssumptionKind::Coverage, Confidence::High, text);
            if used != self.vocabulary
                && !self.table(source).is_some_and(|table| table.usual.contains(&self.vocabulary))
            {
                let message = format!(
                    "no source in {} holds the events of `{name}`: they are read as {} ships them",
                    self.title(),
                    used.title()
                );
                findings.notes.insert(Note { span, code: Code::NoSource, cause: None, message });
            }
            return Ok(SourceRef { table: name, source: Some(place), findings });
        }
        if !self.native_names {
            return Err(Refusal::new(
                Code::NoSource,
                Cause::NoMapping,
                span,
                format!("table `{name}` has no source in {}; `--native-names` keeps its KQL name", self.title()),
            ));
        }
        findings.assume(
            AssumptionKind::Coverage,
            Confidence::Low,
            format!("events of `{name}` arrive in {} under the table's own name", self.title()),
        );
        kept(&mut findings, span, &format!("table `{name}`"));
        Ok(SourceRef { table: name, source: None, findings })
    }

    /// The table, the column and the way inside it that a path leads to; none when its value is computed.
    pub fn lineage(&self, path: &Path) -> Option<Lineage> {
        let mut lineage = self.query.column(path.column).lineage.clone()?;
        lineage.path.extend(path.steps.iter().cloned());
        Some(lineage)
    }

    /// Whether the column is the event time of its table.
    pub fn is_clock(&self, column: ColumnId) -> bool {
        self.lineage(&Path { column, steps: Vec::new() }).is_some_and(|lineage| self.is_clock_of(&lineage))
    }

    fn is_clock_of(&self, lineage: &Lineage) -> bool {
        lineage.path.is_empty()
            && match self.table(lineage.source) {
                Some(table) => table.is_clock(&lineage.column),
                None => USUAL_CLOCKS.contains(&lineage.column.as_str()),
            }
    }

    /// The field that a path leads to.
    ///
    /// # Errors
    ///
    /// The path's value is computed, or the target has no field for it and KQL names are not kept.
    pub fn field(&self, path: &Path, span: Span) -> Result<FieldRef<'a>, Refusal> {
        let column = self.query.column(path.column);
        let Some(lineage) = self.lineage(path) else {
            return Err(Refusal::new(
                Code::NoField,
                Cause::NotImplemented,
                span,
                format!("`{}` is computed: no field of {} holds it", column.name, self.title()),
            ));
        };
        let shown = spelled(&lineage.column, &lineage.path);
        let ty = if lineage.path.is_empty() { column.ty } else { Type::Dynamic };
        if self.is_clock_of(&lineage) {
            let name = match self.vocabulary {
                Vocabulary::Splunk | Vocabulary::Cim | Vocabulary::SplunkWindows => "_time",
                Vocabulary::Elastic | Vocabulary::Ecs | Vocabulary::ElasticWindows => "@timestamp",
                Vocabulary::Sigma => {
                    return Err(Refusal::new(
                        Code::NoField,
                        Cause::ProductLimit { page: "https://sigmahq.io/sigma-specification/" },
                        span,
                        format!("`{shown}` is the event time, which no field of Sigma names"),
                    ));
                }
            };
            return Ok(FieldRef {
                name: name.to_owned(),
                inside: None,
                kind: FieldKind::Date,
                form: SAME,
                ty,
                clock: true,
                native: false,
                findings: Findings::default(),
            });
        }
        let mut findings = Findings::default();
        let used = self.vocabulary(lineage.source);
        let table = self.table(lineage.source);
        let routed = self.routed.filter(|(source, _)| *source == lineage.source).and_then(|(_, routed)| routed);
        let field = match routed {
            Some(routed) => routed.field(&lineage.column, &lineage.path),
            None => table.and_then(|table| table.field(used, &lineage.column, &lineage.path)),
        };
        let source = match routed {
            Some(routed) => Some(routed.source()),
            None => table.and_then(|table| table.source(used)),
        };
        let custom = source.is_some_and(|source| matches!(source, Source::Sigma { custom: true, .. }));
        // A logsource of our own carries KQL names; only columns that the file is sure of count as mapped.
        let reads_json = used.usual() == Vocabulary::Splunk;
        if let Some(field) = field.filter(|field| field.inside.is_none() || reads_json)
            && (!custom || field.confidence == Confidence::High || field.name != lineage.column)
        {
            let place = match (&field.inside, &field.form) {
                (Some(inside), _) => format!("`{inside}` in `{}`", field.name),
                (None, Form::Joined { before, separator, .. }) => {
                    format!("`{before}` with `{separator}` and `{}` behind", field.name)
                }
                (None, _) => format!("`{}`", field.name),
            };
            let mut text = format!("{place} holds `{shown}` of `{}`", self.table_of(&lineage));
            if field.kind == FieldKind::Ip && ty == Type::String {
                text.push_str(", which has addresses only, each in its usual spelling");
            }
            if let Some(note) = &field.note {
                text.push_str("; ");
                text.push_str(note);
            }
            findings.assume(AssumptionKind::Field, field.confidence, text);
            return Ok(FieldRef {
                name: field.name.clone(),
                inside: field.inside.as_deref(),
                kind: self.kind(table, &lineage, field),
                form: &field.form,
                ty,
                clock: false,
                native: false,
                findings,
            });
        }
        let native = native_name(&lineage.column, &lineage.path);
        match native {
            Some(name) if self.native_names => {
                kept(&mut findings, span, &format!("`{shown}`"));
                let kind = match ty {
                    Type::Bool => FieldKind::Boolean,
                    Type::DateTime => FieldKind::Date,
                    Type::Decimal | Type::Real => FieldKind::Double,
                    Type::Int | Type::Long | Type::TimeSpan => FieldKind::Long,
                    Type::Dynamic | Type::Guid | Type::String | Type::Unknown => FieldKind::Keyword,
                };
                Ok(FieldRef { name, inside: None, kind, form: SAME, ty, clock: false, native: true, findings })
            }
            Some(_) | None => {
                let mut message = format!("`{shown}` has no field in {}", used.title());
                let cause = self.lack(&lineage);
                if cause == Cause::Profile {
                    message.push_str(": the default profile has one");
                }
                if native.is_some() && !self.native_names {
                    message.push_str("; `--native-names` keeps its KQL name");
                }
                Err(Refusal::new(Code::NoField, cause, span, message))
            }
        }
    }

    /// How the target stores a field. Sigma's taxonomy has no kinds: a column that connectors store as an address
    /// elsewhere holds addresses there too.
    fn kind(&self, table: Option<&Table>, lineage: &Lineage, field: &Field) -> FieldKind {
        let elsewhere = || {
            let column =
                table.and_then(|table| table.columns.get(&lineage.column)).filter(|_| lineage.path.is_empty());
            column.is_some_and(|column| {
                let mut fields = column.fields.values();
                fields.any(|other| other.kind == FieldKind::Ip && other.confidence > Confidence::Low)
            })
        };
        if self.vocabulary == Vocabulary::Sigma && field.kind == FieldKind::Keyword && elsewhere() {
            FieldKind::Ip
        } else {
            field.kind
        }
    }

    fn table_of(&self, lineage: &Lineage) -> &'a str {
        self.table_name(lineage.source).unwrap_or_default()
    }

    /// A literal whose subject is a field, as it reads on that field.
    ///
    /// # Errors
    ///
    /// The subject is computed or has no field, or the field does not hold what the test asks for.
    pub fn atom(&self, literal: &Literal) -> Result<Resolved<'a>, Refusal> {
        let subject = &literal.test.subject;
        let span = literal.all_origins().hull().unwrap_or_default();
        let Some(path) = text_of_path(subject).or_else(|| subject.as_path()) else {
            return Err(Refusal::new(
                Code::NotComparable,
                Cause::NotImplemented,
                span,
                "a computed value is compared; only fields are carried here",
            ));
        };
        let field = self.field(path, subject.all_origins().hull().unwrap_or(span))?;
        if subject.as_path().is_none() && !matches!(field.kind, FieldKind::Keyword | FieldKind::Wildcard) {
            let message = format!("`{}` is not stored as text, which the test asks for", field.name);
            return Err(Refusal::new(Code::NotComparable, Cause::NotImplemented, span, message));
        }
        let mut findings = field.findings.clone();
        let on_missing = literal.on_missing();
        let mut ops = vec![literal.test.op.clone()];
        if *field.form != Form::Same {
            let cause = self.lineage(path).map_or(Cause::NoMapping, |lineage| self.lack(&lineage));
            let translation = field.form.translate(&literal.test.op, field.ty).map_err(|reason| {
                let message = format!("`{}`: {reason}", field.name);
                Refusal::new(Code::ValueLost, cause, span, message)
            })?;
            let polarity = if literal.negated { Polarity::Down } else { Polarity::Up };
            let mut relation = translation.relation.under(polarity);
            // The list may be there without the element, and then the element's test has another answer than the
            // list's, whichever way it is asked.
            let asks_value = !matches!(literal.test.op, TestOp::IsEmpty | TestOp::IsNull);
            if *field.form == Form::Element && asks_value && on_missing != literal.negated {
                relation = Match::Approximate;
            }
            if translation.ascii {
                findings.assume(AssumptionKind::Ascii, Confidence::High, ASCII_TERMS);
            }
            let remark = match translation.remark {
                Some(remark) => Some(format!("`{}`: {remark}", field.name)),
                None if relation != Match::Exact => Some(format!("`{}` is not the column itself", field.name)),
                None => None,
            };
            if let Some(message) = remark {
                let exact = relation == Match::Exact;
                let code = if exact { Code::ValueChanged } else { Code::ValueLost };
                findings.lower(relation, Note { span, code, cause: (!exact).then_some(cause), message });
            }
            match translation.test {
                Translated::Op(op) => ops = vec![op],
                Translated::Every(every) => ops = every,
                Translated::Alternatives(alternatives) => {
                    let origins = subject.all_origins().and(&literal.origins);
                    let atom = |(side, op): (Side, TestOp)| {
                        let mut field = field.clone();
                        if let (Form::Joined { before, .. }, Side::Before) = (field.form, side) {
                            field.name.clone_from(before);
                        }
                        // The column is a text, and a missing part of it an empty one.
                        let on_missing = matches!(op, TestOp::IsEmpty) != literal.negated;
                        let (origins, findings) = (origins.clone(), findings.clone());
                        Atom { field, op, negated: literal.negated, on_missing, origins, findings }
                    };
                    let all = |all: Vec<(Side, TestOp)>| all.into_iter().map(atom).collect();
                    return Ok(Resolved::Several(alternatives.into_iter().map(all).collect()));
                }
                Translated::Const(truth) => {
                    let truth = if literal.negated { truth.negate() } else { truth } == Truth::True;
                    // The answer is that of the values that are there; where every event has one, that is all.
                    if truth == on_missing || matches!(field.form, Form::Always { .. }) {
                        return Ok(Resolved::Const(truth, findings));
                    }
                    let origins = literal.all_origins();
                    let op = TestOp::IsEmpty;
                    return Ok(Resolved::Atom(Atom { field, op, negated: truth, on_missing, origins, findings }));
                }
            }
        }
        let origins = subject.all_origins().and(&literal.origins);
        let atom = |op| Atom {
            field: field.clone(),
            op,
            negated: literal.negated,
            on_missing,
            origins: origins.clone(),
            findings: findings.clone(),
        };
        Ok(match <[TestOp; 1]>::try_from(ops) {
            Ok([only]) => Resolved::Atom(atom(only)),
            Err(every) => Resolved::Several(vec![every.into_iter().map(atom).collect()]),
        })
    }

    /// What the vocabulary is called in messages.
    pub fn title(&self) -> &'static str {
        self.vocabulary.title()
    }
}

/// Carries several tests: `leaf` one of them, `join` the fragments of some, all of which must hold or any.
///
/// # Errors
///
/// The first test that cannot be carried.
pub fn several<'a, L>(
    alternatives: &[Vec<Atom<'a>>],
    negated: bool,
    leaf: &mut dyn FnMut(&Atom<'a>) -> Result<Answer<L>, Refusal>,
    join: &dyn Fn(Vec<L>, bool) -> L,
) -> Result<Answer<L>, Refusal> {
    let mut outer = Vec::with_capacity(alternatives.len());
    for atoms in alternatives {
        let inner: Result<Vec<Answer<L>>, Refusal> = atoms.iter().map(&mut *leaf).collect();
        outer.push(fold(inner?, !negated, join));
    }
    Ok(fold(outer, negated, join))
}

/// All of the answers, or any of them.
fn fold<L>(answers: Vec<Answer<L>>, all: bool, join: &dyn Fn(Vec<L>, bool) -> L) -> Answer<L> {
    let mut findings = Findings::default();
    let mut leaves = Vec::with_capacity(answers.len());
    for answer in answers {
        match answer {
            Answer::Leaf(leaf, more) => {
                findings.join(more);
                leaves.push(leaf);
            }
            // One that is false decides for all, one that is true for any.
            Answer::Const(truth, more) if truth != all => return Answer::Const(truth, more),
            Answer::Const(_, more) => findings.join(more),
        }
    }
    match leaves.len() {
        0 => Answer::Const(all, findings),
        1 => Answer::Leaf(leaves.remove(0), findings),
        _ => Answer::Leaf(join(leaves, all), findings),
    }
}

/// Records that a KQL name is kept.
fn kept(findings: &mut Findings, span: Span, what: &str) {
    findings.names = Naming::Native;
    let message = format!("{what} keeps its KQL name");
    findings.notes.insert(Note { span, code: Code::NativeName, cause: None, message });
}

/// A source in a few words.
fn describe(source: &Source) -> String {
    match source {
        Source::Sigma { logsource, conditions, .. } => {
            let parts: Vec<String> = logsource.iter().map(|(key, value)| format!("{key} `{value}`")).collect();
            let among = among(conditions.iter().map(|(field, values)| (field.as_str(), values.join("` or `"))));
            format!("the logsource {}{among}", parts.join(", "))
        }
        Source::Splunk { search } => format!("the source `{search}`"),
        Source::Elastic { index, conditions, category } => {
            let category = category.iter().map(|category| ("event.category", category.clone()));
            let conditions = conditions.iter().map(|(field, values)| (field.as_str(), values.join("` or `")));
            format!("the indices `{}`{}", index.join(","), among(conditions.chain(category)))
        }
    }
}

/// What tells a table's events apart in its source.
fn among<'f>(conditions: impl Iterator<Item = (&'f str, String)>) -> String {
    let conditions: Vec<String> = conditions.map(|(field, value)| format!("`{field}` is `{value}`")).collect();
    if conditions.is_empty() { String::new() } else { format!(", where {}", conditions.join(" and ")) }
}

/// A column and the way inside it, as messages show it: `TargetResources[0].displayName`.
pub fn spelled(column: &str, steps: &[Step]) -> String {
    let mut text = column.to_owned();
    for step in steps {
        match step {
            Step::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            Step::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

/// The KQL name as a field: properties behind dots. An array element has no such name in any target.
fn native_name(column: &str, steps: &[Step]) -> Option<String> {
    let mut name = column.to_owned();
    for step in steps {
        match step {
            Step::Key(key) => {
                name.push('.');
                name.push_str(key);
            }
            Step::Index(_) => return None,
        }
    }
    Some(name)
}

/// The path whose text an expression is: `tostring(x.y)`. A field that holds a place in a dynamic value holds its text.
fn text_of_path(subject: &Expr) -> Option<&Path> {
    let ExprKind::Call(Function::ToString, arguments) = &subject.kind else { return None };
    arguments.first().filter(|inner| inner.ty == Type::Dynamic)?.as_path()
}
