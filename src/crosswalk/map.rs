//! One mapping as the user writes it on the command line, and paths as crosswalk files write them.

use std::collections::BTreeMap;

use super::{Column, Field, FieldKind, Form, Table, Vocabulary};
use crate::fidelity::Confidence;
use crate::ir::{Step, Type};

/// Why a mapping is not valid.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MapError {
    /// It has another shape.
    #[error("expected `Table.Column=TARGET:field`, found `{0}`")]
    Shape(String),
    /// The target has no fields of its own, or does not exist.
    #[error("unknown target `{0}` in a mapping: expected `sigma`, `splunk`, `eql` or `esql`")]
    Target(String),
    /// The field's name is empty or holds a line break.
    #[error("`{0}` cannot be the name of a field")]
    Field(String),
    /// The way into the column cannot be read.
    #[error("{0}")]
    Path(String),
}

/// One mapping.
pub(super) struct Mapping {
    pub(super) table: String,
    column: String,
    steps: Vec<Step>,
    vocabularies: &'static [Vocabulary],
    field: String,
}

pub(super) fn parse(spec: &str) -> Result<Mapping, MapError> {
    let shape = || MapError::Shape(spec.to_owned());
    let (place, target) = spec.split_once('=').ok_or_else(shape)?;
    let (target, field) = target.split_once(':').ok_or_else(shape)?;
    let (table, column) = place.trim().split_once('.').ok_or_else(shape)?;
    let end = column.find(['.', '[']).unwrap_or(column.len());
    let (column, rest) = column.split_at(end);
    if table.is_empty() || column.is_empty() {
        return Err(shape());
    }
    let vocabularies: &[Vocabulary] = match target.trim() {
        "sigma" => &[Vocabulary::Sigma],
        "splunk" => &[Vocabulary::Splunk, Vocabulary::Cim, Vocabulary::SplunkWindows],
        "eql" | "esql" => &[Vocabulary::Elastic, Vocabulary::Ecs, Vocabulary::ElasticWindows],
        other => return Err(MapError::Target(other.to_owned())),
    };
    let field = field.trim();
    if !is_field_name(field) {
        return Err(MapError::Field(field.to_owned()));
    }
    let steps = parse_steps(rest.strip_prefix('.').unwrap_or(rest)).map_err(MapError::Path)?;
    Ok(Mapping { table: table.to_owned(), column: column.to_owned(), steps, vocabularies, field: field.to_owned() })
}

impl Mapping {
    /// Writes the mapping into the table; the user's word is as good as the connector's. The field is taken to hold
    /// the column as it is, in the kind that fits its type.
    pub(super) fn add_to(&self, table: &mut Table) {
        let column = table.columns.entry(self.column.clone()).or_insert_with(Column::unknown);
        let ty = if self.steps.is_empty() { column.ty } else { Type::Unknown };
        let fields = if self.steps.is_empty() { &mut column.fields } else { column.path(self.steps.clone()) };
        for vocabulary in self.vocabularies {
            let (kind, form) = usual(ty, *vocabulary);
            let field = Field {
                name: self.field.clone(),
                inside: None,
                kind,
                form,
                confidence: Confidence::High,
                note: None,
            };
            fields.insert(*vocabulary, field);
        }
        if self.steps.is_empty() {
            for vocabulary in self.vocabularies {
                table.forget_exceptions(*vocabulary, &self.column);
            }
        }
    }
}

/// How a target usually stores a column of this type. Sigma and Splunk know text and numbers only.
fn usual(ty: Type, vocabulary: Vocabulary) -> (FieldKind, Form) {
    let typed = vocabulary.usual() == Vocabulary::Elastic;
    match ty {
        Type::Int | Type::Long => (FieldKind::Long, Form::Same),
        Type::Real | Type::Decimal => (FieldKind::Double, Form::Same),
        Type::DateTime => (FieldKind::Date, Form::Same),
        Type::Bool if typed => (FieldKind::Boolean, Form::Same),
        Type::Bool | Type::Guid => (FieldKind::Keyword, Form::Text),
        Type::String | Type::Dynamic | Type::TimeSpan | Type::Unknown => (FieldKind::Keyword, Form::Same),
    }
}

impl Column {
    /// A column of which only the name is known.
    pub(super) fn unknown() -> Column {
        Column { ty: Type::Unknown, fields: BTreeMap::new(), paths: Vec::new(), note: None, source: None }
    }

    /// The fields of a place inside its value.
    pub(super) fn path(&mut self, steps: Vec<Step>) -> &mut BTreeMap<Vocabulary, Field> {
        let at = match self.paths.iter().position(|(known, _)| *known == steps) {
            Some(at) => at,
            None => {
                self.paths.push((steps, BTreeMap::new()));
                self.paths.len() - 1
            }
        };
        &mut self.paths[at].1
    }
}

/// Whether every target can quote this as a field's name.
///
/// Sigma has no way to write a `|` in one, Splunk none to write its own quotes, and none takes line breaks.
pub(super) fn is_field_name(name: &str) -> bool {
    !name.is_empty()
        && name.trim() == name
        && !name.contains(['|', '"', '\'', '`'])
        && !name.contains(char::is_control)
}

/// Reads `user.name`, `list[0].name`, `['key with.dot']`.
pub(super) fn parse_steps(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix("['") {
            let (key, behind) =
                quoted.split_once("']").ok_or_else(|| format!("expected `']` in the path `{text}`"))?;
            steps.push(Step::Key(key.to_owned()));
            rest = behind;
        } else if let Some(bracketed) = rest.strip_prefix('[') {
            let (index, behind) =
                bracketed.split_once(']').ok_or_else(|| format!("expected `]` in the path `{text}`"))?;
            let index = index.parse().map_err(|_| format!("expected a number in brackets in the path `{text}`"))?;
            steps.push(Step::Index(index));
            rest = behind;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (key, behind) = rest.split_at(end);
            if key.is_empty() {
                return Err(format!("expected a name in the path `{text}`"));
            }
            steps.push(Step::Key(key.to_owned()));
            rest = behind;
        }
        if let Some(behind) = rest.strip_prefix('.') {
            if behind.is_empty() {
                return Err(format!("expected a name in the path `{text}`"));
            }
            rest = behind;
        }
    }
    Ok(steps)
}
