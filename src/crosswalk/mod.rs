//! Tables, columns and paths of Sentinel in the words of each target.
//!
//! The data is one YAML file for each table under `crosswalk/`; a site adds its own with `--crosswalk` and `--map`.
//! What is asked of it: which columns a table has ([`Crosswalk::table`]), where its events live in a target
//! ([`Table::source`]), which field holds a column there and in which form ([`Table::field`]), and how a test on the
//! column reads on that field ([`Form::translate`]).

use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::fidelity::Confidence;
use crate::ir::{Step, Type};

mod form;

pub use form::{Form, Translated, Translation};

/// The words of one target's data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Vocabulary {
    /// Sigma's taxonomy.
    Sigma,
    /// The fields as Splunk's add-on for the connector extracts them.
    Splunk,
    /// Splunk's common information model.
    Cim,
    /// The fields as Elastic's integration for the connector stores them by default.
    Elastic,
    /// Elastic Common Schema, as Elastic's own agents fill it.
    Ecs,
}

/// All tables.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Crosswalk {
    tables: BTreeMap<String, Table>,
}

/// One table of Sentinel.
#[derive(Clone, PartialEq, Debug)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// What it holds, in a few words.
    pub about: String,
    /// Its own clock: the columns that are the target's event time.
    pub clock: Vec<String>,
    /// Its columns, in order.
    pub columns: IndexMap<String, Column>,
    /// Where its events live.
    pub sources: BTreeMap<Vocabulary, Source>,
}

/// A column of a table.
#[derive(Clone, PartialEq, Debug)]
pub struct Column {
    /// Its type.
    pub ty: Type,
    /// The field of each target that holds it.
    pub fields: BTreeMap<Vocabulary, Field>,
    /// Fields that hold places inside its value, with the way to them.
    pub paths: Vec<(Vec<Step>, BTreeMap<Vocabulary, Field>)>,
}

/// A field of a target.
#[derive(Clone, PartialEq, Debug)]
pub struct Field {
    /// Its name, unquoted.
    pub name: String,
    /// How the target stores it.
    pub kind: FieldKind,
    /// How the column's value appears in it.
    pub form: Form,
    /// How sure that is.
    pub confidence: Confidence,
    /// What the reader of an artifact should know about it.
    pub note: Option<String>,
}

/// How a target stores a field.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FieldKind {
    /// Untokenised text.
    Keyword,
    /// Untokenised text made for wildcards, without a length limit.
    Wildcard,
    /// A whole number.
    Long,
    /// A fraction.
    Double,
    /// A boolean.
    Boolean,
    /// An instant.
    Date,
    /// An IP address.
    Ip,
    /// An object whose leaves are keywords; not searchable in every language.
    Flattened,
    /// Analysed text.
    Text,
}

/// Where a table's events live in a target.
#[derive(Clone, PartialEq, Debug)]
pub enum Source {
    /// A Sigma logsource.
    Sigma {
        /// `product`, `category`, `service`: those that are set, in that order.
        logsource: Vec<(&'static str, String)>,
        /// Whether it is our own, with KQL names, and not in Sigma's taxonomy.
        custom: bool,
        /// Values that the events must have besides.
        conditions: Vec<(String, String)>,
    },
    /// A Splunk base search.
    Splunk {
        /// Its text, without index.
        search: String,
    },
    /// Elastic indices.
    Elastic {
        /// Index patterns.
        index: Vec<String>,
        /// Field values that the events have.
        conditions: Vec<(String, String)>,
        /// The EQL event category that all its events have, if there is one.
        category: Option<String>,
    },
}

impl Crosswalk {
    /// The table of this name; names are case-sensitive.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(name)
    }

    /// Every table, by name.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values()
    }

    /// Adds a table, or replaces it.
    pub fn insert(&mut self, table: Table) {
        self.tables.insert(table.name.clone(), table);
    }
}

impl Table {
    /// Where its events live in the words of `vocabulary`.
    pub fn source(&self, vocabulary: Vocabulary) -> Option<&Source> {
        self.sources.get(&vocabulary)
    }

    /// The field that holds a column, or a place in it. Mappings of low confidence are not given.
    pub fn field(&self, vocabulary: Vocabulary, column: &str, steps: &[Step]) -> Option<&Field> {
        let column = self.columns.get(column)?;
        let fields =
            if steps.is_empty() { &column.fields } else { &column.paths.iter().find(|(path, _)| path == steps)?.1 };
        fields.get(&vocabulary).filter(|field| field.confidence > Confidence::Low)
    }

    /// Whether this column is the event time of every target.
    pub fn is_clock(&self, column: &str) -> bool {
        self.clock.iter().any(|clock| clock == column)
    }
}
