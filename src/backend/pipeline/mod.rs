//! What the pipeline languages share: a query as sources, conditions, columns and stages in a target's own words.
//!
//! The order of things, what is left out and what that does to the verdict are decided here, once for SPL and ES|QL;
//! how a test, a value or an aggregate reads is the [`Language`]'s.

use std::collections::BTreeMap;

use crate::crosswalk::{FieldKind, Form};
use crate::diagnostic::Code;
use crate::fidelity::{Cause, Findings, Match, Note, Output, Refusal};
use crate::ir::{Aggregation, ColumnId, Expr, Path, Predicate, PredicateKind, Query, Trigger, Type};
use crate::shape::Window;
use crate::span::{Elided, Origins};
use crate::template::Text;

use super::names::{FieldRef, Names, SourceRef};
use super::{Answer, Literal, Tree, carry};

mod driver;
mod polarity;

pub use driver::program;

/// A value in a target's words.
#[derive(Clone, PartialEq, Debug)]
pub struct Operand {
    /// Its text, which binds tighter than any comparison.
    pub text: Text,
    /// Its type in KQL.
    pub ty: Type,
    /// How the target holds it.
    pub kind: FieldKind,
    /// Whether the target's value can be missing where KQL has an empty string or null.
    pub nullable: bool,
    /// The field's name, if it is one of the source's own, unchanged.
    pub field: Option<String>,
    /// Whether it is the event time.
    pub clock: bool,
}

/// A column that flows between stages.
#[derive(Clone, PartialEq, Debug)]
pub struct Flow {
    /// Its name.
    pub name: String,
    /// Its type in KQL.
    pub ty: Type,
    /// How the target holds it.
    pub kind: FieldKind,
    /// Whether the target's value can be missing.
    pub nullable: bool,
    /// Whether it is the event time of its source, unchanged.
    pub clock: bool,
    /// What is known of its value; matters where the value decides which rows are found.
    pub findings: Findings,
}

/// The columns at a point of the pipeline, with the reason where one could not be carried.
pub type Flows = BTreeMap<ColumnId, Result<Flow, Refusal>>;

/// What names mean at a point of the pipeline.
#[derive(Clone, Copy)]
pub struct Scope<'s, 'a> {
    /// The query.
    pub query: &'a Query,
    /// The fields of a source, before any stage.
    pub names: Names<'a>,
    /// The columns that flow, behind the sources.
    pub flows: Option<&'s Flows>,
}

/// A test in a target's words.
#[derive(Clone, PartialEq, Debug)]
pub struct Leaf {
    /// Its text, safe beside `AND`, `OR` and `NOT`.
    pub text: Text,
    /// A cheaper test that holds whenever this one does, for languages that look events up first.
    pub prefilter: Option<Text>,
}

/// A pipeline language.
pub trait Language {
    /// A column of this name in an expression; none when the language cannot write it.
    fn column(&self, name: &str) -> Option<String>;

    /// A field of a source in an expression; none when the language cannot write it.
    fn field(&self, field: &FieldRef) -> Result<String, Cause>;

    /// The values of two fields with a separator between them, empty where both are missing; none when the language
    /// cannot write one.
    fn joined(&self, before: &str, separator: char, behind: &str) -> Option<String>;

    /// A value. What it assumes goes to `findings`.
    fn value(&self, scope: Scope, expr: &Expr, findings: &mut Findings) -> Result<Operand, Refusal>;

    /// A value as a column holds it: an empty string instead of a missing one.
    fn stored(&self, operand: Operand) -> Result<Operand, Refusal>;

    /// A test.
    fn test(&self, scope: Scope, literal: &Literal) -> Result<Answer<Leaf>, Refusal>;

    /// An aggregate as assignments, one for each of its columns; `None` for what is left of the others.
    fn aggregate(&self, scope: Scope, aggregation: &Aggregation) -> Vec<Result<Aggregated, Refusal>>;

    /// Whether columns hold times as numbers.
    fn dates_are_numbers(&self) -> bool;

    /// Whether a group key may stay missing; if not it is made an empty string whatever its type.
    fn groups_missing(&self) -> bool;
}

/// A column of an aggregate.
#[derive(Clone, PartialEq, Debug)]
pub struct Aggregated {
    /// The aggregate's text, without name.
    pub text: Text,
    /// How the target holds it.
    pub kind: FieldKind,
    /// What is known of its value.
    pub findings: Findings,
}

/// A query in a target's words, but for keywords.
#[derive(Clone, PartialEq, Debug)]
pub struct Program<'a> {
    /// The sources.
    pub legs: Vec<LegProgram<'a>>,
    /// Leaves of the union.
    pub union: Origins,
    /// What follows.
    pub stages: Vec<Step>,
    /// Whether rows are still events of a source.
    pub events: bool,
    /// Verdict, notes and assumptions.
    pub findings: Findings,
    /// What was left out without changing the meaning.
    pub elided: Vec<Elided>,
}

/// A source with what is decided row by row.
#[derive(Clone, PartialEq, Debug)]
pub struct LegProgram<'a> {
    /// Where its events live.
    pub source: SourceRef<'a>,
    /// The leaves that name it.
    pub origins: Origins,
    /// When, clipped to the schedule.
    pub window: Window,
    /// The condition.
    pub tree: Tree<Leaf>,
    /// Columns and their values.
    pub columns: Vec<(String, Text)>,
}

/// A stage.
#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    /// Keeps rows.
    Where(Text),
    /// Assigns columns.
    Assign(Vec<(String, Text)>),
    /// Groups rows: keys, then aggregates by name. The last flag says whether there is a row without input.
    Group {
        /// The keys; columns already.
        keys: Vec<(String, Text)>,
        /// Names and aggregates.
        aggregates: Vec<(String, Text)>,
    },
    /// Orders rows.
    Sort(Vec<Ordering>),
    /// Keeps the first rows.
    Head(Text),
    /// Keeps columns.
    Keep(Vec<String>),
    /// Counts rows and compares with the rule's threshold.
    Trigger(Trigger),
}

/// A key of an order.
#[derive(Clone, PartialEq, Debug)]
pub struct Ordering {
    /// The column.
    pub column: Text,
    /// Its type.
    pub ty: Type,
    /// Whether it may be missing.
    pub nullable: bool,
    /// Greatest first.
    pub descending: bool,
    /// Nulls before all others.
    pub nulls_first: bool,
}

/// What is known when a detection is refused.
pub type Refused = Box<(Findings, Vec<Elided>)>;

impl<'s, 'a> Scope<'s, 'a> {
    /// A column, or a place in it, as an operand.
    ///
    /// # Errors
    ///
    /// It has no field, or was not carried this far.
    pub fn path(
        &self,
        language: &dyn Language,
        path: &Path,
        expr: &Expr,
        findings: &mut Findings,
    ) -> Result<Operand, Refusal> {
        let span = expr.origins.hull().unwrap_or_default();
        let limit = |name: &str, cause| {
            Refusal::new(Code::LiteralLimit, cause, span, format!("`{name}` is no name the target can write"))
        };
        let Some(flows) = self.flows else {
            let field = self.names.field(path, span)?;
            let text = language.field(&field).map_err(|cause| limit(&field.name, cause))?;
            findings.join(field.findings.clone());
            let changed = match field.form {
                form if form.is_lower_case() => Some("in lower case"),
                Form::Same | Form::Text | Form::Number => None,
                Form::Lowercase => Some("in lower case"),
                Form::Renamed { .. } | Form::Sometimes { .. } | Form::Placeholder { .. } => {
                    Some("under other values")
                }
                Form::After { .. } | Form::Before { .. } | Form::Tagged { .. } | Form::Within { .. } => {
                    Some("as part of a longer value")
                }
                Form::Joined { lost: Some(lost), .. } => {
                    let message = format!("`{}` has nothing where the column has `{lost}`", field.name);
                    return Err(Refusal::new(Code::ValueChanged, Cause::NoMapping, span, message));
                }
                Form::Joined { before, separator, lost: None } => {
                    return match language.joined(before, *separator, &field.name) {
                        Some(text) => Ok(Operand {
                            text: Text::piece(text, expr.origins.clone()),
                            ty: expr.ty,
                            kind: field.kind,
                            nullable: false,
                            clock: false,
                            field: None,
                        }),
                        None => Err(limit(&field.name, Cause::NotImplemented)),
                    };
                }
                Form::Element => Some("among those of other elements"),
                Form::Always { .. } => Some("not at all"),
            };
            match (field.form, changed) {
                // Rows are compared after that change, so which are found is the same.
                (form, _) if form.is_lower_case() => {
                    findings.output.insert(Output::Columns);
                    let message = format!("`{}` holds the value in lower case", field.name);
                    findings.notes.insert(Note { span, code: Code::ValueChanged, cause: None, message });
                }
                (_, Some(how)) => {
                    let message = format!("`{}` holds the value {how}", field.name);
                    return Err(Refusal::new(Code::ValueChanged, Cause::NoMapping, span, message));
                }
                (_, None) => {}
            }
            return Ok(Operand {
                text: Text::piece(text, expr.origins.clone()),
                ty: expr.ty,
                kind: field.kind,
                nullable: !field.clock,
                clock: field.clock,
                field: field.inside.is_none().then_some(field.name),
            });
        };
        let name = &self.query.column(path.column).name;
        if !path.steps.is_empty() {
            let message = format!("a place inside `{name}` is read behind a stage");
            return Err(Refusal::new(Code::NoField, Cause::NotImplemented, span, message));
        }
        match flows.get(&path.column) {
            Some(Ok(flow)) => {
                findings.join(flow.findings.clone());
                let text = language.column(&flow.name).ok_or_else(|| limit(&flow.name, Cause::NotImplemented))?;
                Ok(Operand {
                    text: Text::piece(text, expr.origins.clone()),
                    ty: flow.ty,
                    kind: flow.kind,
                    nullable: flow.nullable,
                    field: None,
                    clock: flow.clock,
                })
            }
            // The reason is the source's, the place is where it is missed.
            Some(Err(refusal)) => Err(Refusal { note: Note { span, ..refusal.note.clone() } }),
            None => {
                let message = format!("`{name}` does not flow to this stage");
                Err(Refusal::new(Code::NoField, Cause::NotImplemented, span, message))
            }
        }
    }

    /// Whether a column that flows is the event time of its source.
    pub fn source_clock(&self, path: &Path) -> Option<bool> {
        let flow = self.flows?.get(&path.column)?.as_ref().ok()?;
        Some(flow.clock && path.steps.is_empty())
    }
}

/// A carried condition as text.
pub fn condition(tree: &Tree<Leaf>, inner: bool) -> Option<Text> {
    let join = |parts: &[Tree<Leaf>], word: &str, origins: &Origins| {
        let texts = parts.iter().filter_map(|part| condition(part, true));
        Text::join(texts, &Text::piece(word, origins.clone()))
    };
    match tree {
        Tree::All(parts, origins) => {
            let text = join(parts, " AND ", origins);
            Some(if inner { text.parenthesised() } else { text })
        }
        Tree::Any(parts, origins) => {
            let text = join(parts, " OR ", origins);
            Some(if inner { text.parenthesised() } else { text })
        }
        Tree::Leaf(leaf) => Some(leaf.text.clone()),
        Tree::Const(_) => None,
    }
}

/// What term guards and case folding assume of the events.
pub(crate) use super::names::ASCII_TERMS;

/// What classes of characters in patterns assume of the events.
pub(crate) const ASCII_CLASSES: &str = "the values that a pattern is asked of hold no letter, digit or space beyond \
     ASCII where it asks for one by class or boundary, and no U+017F, U+212A or U+0130";

/// Whether the text has letters that another character folds to, or whose folding is not KQL's.
pub fn folds(text: &str) -> bool {
    text.chars()
        .any(|letter| matches!(letter, 'k' | 'K' | 's' | 'S') || (!letter.is_ascii() && letter.is_alphabetic()))
}

/// A condition inside an expression: nothing of it may be left out, for what it is part of has no polarity.
///
/// # Errors
///
/// A part of it is not carried exactly.
pub fn strict(
    language: &dyn Language,
    scope: Scope,
    predicate: &Predicate,
    findings: &mut Findings,
) -> Result<Text, Refusal> {
    let span = predicate.all_origins().hull().unwrap_or_default();
    let refuse = |message: &str| Refusal::new(Code::FunctionOpaque, Cause::NotImplemented, span, message);
    let normal = inward(predicate, false);
    let carried = carry(&normal, &mut |literal| language.test(scope, literal)).map_err(|notes| {
        notes.into_iter().next().map_or_else(|| refuse("a condition is not carried"), |note| Refusal { note })
    })?;
    if carried.findings.relation != Match::Exact {
        let known = carried.findings.notes.into_iter().find(|note| note.cause.is_some());
        return Err(known.map_or_else(|| refuse("a condition is not carried exactly"), |note| Refusal { note }));
    }
    findings.join(carried.findings);
    match (condition(&carried.tree, false), carried.tree) {
        (Some(text), _) => Ok(text),
        (None, Tree::Const(true)) => Ok(Text::piece("1 == 1", predicate.all_origins())),
        (None, _) => Ok(Text::piece("1 == 0", predicate.all_origins())),
    }
}

/// The predicate, or its complement, with `not` around single tests only. De Morgan's laws hold for null too.
fn inward(predicate: &Predicate, negated: bool) -> Predicate {
    let origins = predicate.origins.clone();
    match &predicate.kind {
        PredicateKind::And(parts) | PredicateKind::Or(parts) => {
            let parts = parts.iter().map(|part| inward(part, negated)).collect();
            if matches!(predicate.kind, PredicateKind::And(_)) != negated {
                Predicate::and(parts, origins)
            } else {
                Predicate::or(parts, origins)
            }
        }
        PredicateKind::Not(part) => {
            let mut part = inward(part, !negated);
            part.origins.extend(&origins);
            part
        }
        PredicateKind::Test(_) | PredicateKind::Const(_) if negated => {
            Predicate::negate(predicate.clone(), Origins::none())
        }
        PredicateKind::Test(_) | PredicateKind::Const(_) => predicate.clone(),
    }
}
