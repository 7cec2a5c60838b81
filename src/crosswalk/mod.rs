//! Tables, columns and paths of Sentinel in the words of each target.
//!
//! The data is one YAML file for each table under `crosswalk/` (its form: `crosswalk/README.md`); a site adds its own
//! with `--crosswalk` and `--map`. What is asked of it: which columns a table has ([`Crosswalk::table`]), where the
//! events of a condition live in a target ([`Table::route`]), which field holds a column there and in which form
//! ([`Routed::field`]), and how a test on the column reads on that field ([`Form::translate`]).
//!
//! It promises that a mapping is only given where somebody has seen it: what is known with low confidence is stored,
//! shown, and never used.

use std::borrow::Cow;
use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::fidelity::Confidence;
use crate::hash;
use crate::ir::{Step, Type};
use crate::yaml::{self, DataError};

mod builtin;
mod file;
mod form;
mod map;

pub use form::{Form, Side, Translated, Translation};
pub use map::MapError;

use builtin::Builtin;

/// The words of one target's data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vocabulary {
    /// Sigma's taxonomy.
    Sigma,
    /// The fields as Splunk's add-on for the connector extracts them.
    Splunk,
    /// Splunk's common information model.
    Cim,
    /// Windows event logs as Splunk renders them from XML, those of Sysmon among them.
    SplunkWindows,
    /// The fields as Elastic's integration for the connector stores them by default.
    Elastic,
    /// Elastic Common Schema, as Elastic's own agents fill it.
    Ecs,
    /// Windows event logs as Elastic's integrations store them, those of Sysmon among them.
    ElasticWindows,
}

impl Vocabulary {
    /// Every vocabulary.
    pub const ALL: [Vocabulary; 7] = [
        Vocabulary::Sigma,
        Vocabulary::Splunk,
        Vocabulary::Cim,
        Vocabulary::SplunkWindows,
        Vocabulary::Elastic,
        Vocabulary::Ecs,
        Vocabulary::ElasticWindows,
    ];

    /// The key in crosswalk files.
    pub fn word(self) -> &'static str {
        match self {
            Vocabulary::Sigma => "sigma",
            Vocabulary::Splunk => "splunk",
            Vocabulary::Cim => "cim",
            Vocabulary::SplunkWindows => "splunk_windows",
            Vocabulary::Elastic => "elastic",
            Vocabulary::Ecs => "ecs",
            Vocabulary::ElasticWindows => "elastic_windows",
        }
    }

    /// What it is called in messages.
    pub fn title(self) -> &'static str {
        match self {
            Vocabulary::Sigma => "Sigma",
            Vocabulary::Splunk => "Splunk",
            Vocabulary::Cim => "Splunk's common information model",
            Vocabulary::SplunkWindows => "the Windows events of Splunk",
            Vocabulary::Elastic => "Elastic",
            Vocabulary::Ecs => "the Elastic Common Schema",
            Vocabulary::ElasticWindows => "the Windows events of Elastic",
        }
    }

    /// The vocabulary in which the target ships the tables themselves. A table that a vocabulary does not have is read
    /// in this one.
    pub fn usual(self) -> Vocabulary {
        match self {
            Vocabulary::Sigma => Vocabulary::Sigma,
            Vocabulary::Splunk | Vocabulary::Cim | Vocabulary::SplunkWindows => Vocabulary::Splunk,
            Vocabulary::Elastic | Vocabulary::Ecs | Vocabulary::ElasticWindows => Vocabulary::Elastic,
        }
    }
}

/// All tables.
///
/// Those that come with the program are read when they are first asked for.
#[derive(Clone, Debug, Default)]
pub struct Crosswalk {
    builtin: BTreeMap<&'static str, &'static Builtin>,
    added: BTreeMap<String, Table>,
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
    /// Whether it may have columns that are not listed.
    pub open: bool,
    /// Its columns, in order.
    pub columns: IndexMap<String, Column>,
    /// The vocabularies besides the usual ones that have the usual words for it.
    pub usual: Vec<Vocabulary>,
    /// Where its events live, for each vocabulary: one route or more, the first for conditions that no other fits.
    pub sources: BTreeMap<Vocabulary, Vec<Route>>,
    /// Where the facts were read.
    pub references: Vec<String>,
}

/// One place of a target that holds events of a table.
///
/// Sigma divides by kind of event what Sentinel keeps in one table: `file_event` holds the creations of
/// DeviceFileEvents, `file_delete` its deletions. A route says which events of the table its source holds, and it
/// holds every one of them; so an artifact over it is true of the rule where the rule asks for no others.
#[derive(Clone, PartialEq, Debug)]
pub struct Route {
    /// The columns, with the values that the source's events have in them; empty if it holds the whole table.
    pub holds: Vec<(String, Vec<String>)>,
    /// The source.
    pub source: Source,
    /// Fields that hold columns of the table in this source otherwise than in the table's other sources.
    pub fields: BTreeMap<String, Field>,
    /// Which other events the source has that nothing in it tells from the table's: the artifact may find them too.
    pub besides: Option<String>,
    /// What the reader of an artifact should know about it.
    pub note: Option<String>,
    /// The columns of `holds` as constants.
    constants: BTreeMap<String, Field>,
}

/// The route chosen for a condition.
#[derive(Clone, Copy, Debug)]
pub struct Routed<'a> {
    /// The table.
    pub table: &'a Table,
    /// The vocabulary.
    pub vocabulary: Vocabulary,
    /// The route.
    pub route: &'a Route,
    /// How much of what the condition allows it holds.
    pub covers: Covers<'a>,
}

/// How much of the events that a condition allows a source holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Covers<'a> {
    /// All of them.
    All,
    /// Only those with one of these values in this column: the artifact is narrower than the rule.
    Only {
        /// The column.
        column: &'a str,
        /// The values.
        values: &'a [String],
    },
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
    /// What is worth knowing about it.
    pub note: Option<String>,
    /// Where the facts were read, if not where the table's were.
    pub source: Option<String>,
}

/// A field of a target.
#[derive(Clone, PartialEq, Debug)]
pub struct Field {
    /// Its name, unquoted.
    pub name: String,
    /// The place inside of it, where it holds JSON as text: keys behind dots, positions from 0 in braces. Splunk alone
    /// looks there.
    pub inside: Option<String>,
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
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// Untokenised text.
    #[default]
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
        /// Fields, with the values of which the events have one: the artifact asks for them.
        conditions: Vec<(String, Vec<String>)>,
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
        /// Fields, with the values of which the events have one: the artifact asks for them.
        conditions: Vec<(String, Vec<String>)>,
        /// The EQL event category that all its events have, if there is one.
        category: Option<String>,
    },
}

impl Crosswalk {
    /// The tables that come with the program.
    pub fn builtin() -> Crosswalk {
        Crosswalk { builtin: builtin::tables(), added: BTreeMap::new() }
    }

    /// The table of this name; names are case-sensitive.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.added.get(name).or_else(|| self.builtin.get(name).map(|builtin| builtin.table()))
    }

    /// The names of all tables, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<&str> =
            self.builtin.keys().copied().chain(self.added.keys().map(String::as_str)).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter()
    }

    /// Every table, by name.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.names().filter_map(|name| self.table(name))
    }

    /// Adds a table, or replaces it.
    pub fn insert(&mut self, table: Table) {
        self.added.insert(table.name.clone(), table);
    }

    /// Adds what a crosswalk file says of its table: columns and fields that the file names replace those known,
    /// sources replace those of the same vocabulary, all others stay.
    pub fn extend_from(&mut self, text: &str) -> Result<(), DataError> {
        let file: file::TableFile = yaml::from_data(text)?;
        let table = self.editable(&file.table);
        file.add_to(table);
        Ok(())
    }

    /// Adds one mapping as the user writes it: `Table.Column=TARGET:field`, where TARGET is `sigma`, `splunk`, `eql`
    /// or `esql`, and `Column` may go on into its value, `Column.key[0]`. Table and column may be new. The last two
    /// targets read the same fields, so what is said of one holds for both.
    pub fn map(&mut self, spec: &str) -> Result<(), MapError> {
        let mapping = map::parse(spec)?;
        let table = self.editable(&mapping.table);
        mapping.add_to(table);
        Ok(())
    }

    /// SHA-256, in hexadecimal, of all that it says: the files of the program's tables, and what was added to them.
    pub fn sha256(&self) -> String {
        let parts: Vec<Cow<str>> = self
            .names()
            .flat_map(|name| {
                let text = match (self.added.get(name), self.builtin.get(name)) {
                    (Some(added), _) => Cow::Owned(format!("{added:?}")),
                    (None, Some(builtin)) => Cow::Borrowed(builtin.text()),
                    (None, None) => unreachable!("every name is that of a table"),
                };
                [Cow::Borrowed(name), text]
            })
            .collect();
        hash::sha256_of_parts(parts.iter().map(AsRef::as_ref))
    }

    /// The table of this name, ready to be changed: that of the program is copied, an unknown one is made.
    fn editable(&mut self, name: &str) -> &mut Table {
        let builtin = self.builtin.get(name);
        self.added.entry(name.to_owned()).or_insert_with(|| match builtin {
            Some(builtin) => builtin.table().clone(),
            None => Table::new(name),
        })
    }
}

impl Table {
    /// A table of which nothing is known: any column may be in it.
    pub fn new(name: &str) -> Table {
        Table {
            name: name.to_owned(),
            about: String::new(),
            clock: vec!["TimeGenerated".to_owned()],
            open: true,
            columns: IndexMap::new(),
            usual: Vec::new(),
            sources: BTreeMap::new(),
            references: Vec::new(),
        }
    }

    /// Where its events live in the words of `vocabulary`, when nothing is known of the condition.
    pub fn source(&self, vocabulary: Vocabulary) -> Option<&Source> {
        self.sources.get(&vocabulary)?.first().map(|route| &route.source)
    }

    /// Where the events of a condition live in the words of `vocabulary`.
    ///
    /// `allowed` answers, for a column, with the closed set of values that the condition lets through, or `None` if
    /// it lets through others than it names (no test on the column, a test that is not an equality, an `or` beside
    /// it). A set of more values than the condition really allows is right too, an empty one says nothing. Letter
    /// case does not count: a set cut from two that differ in it would be too small.
    ///
    /// The answer is a source that holds all these events if there is one; else one that holds some of them, and
    /// [`Routed::covers`] says which; `None` if no source holds any.
    pub fn route(&self, vocabulary: Vocabulary, allowed: &dyn Fn(&str) -> Option<Vec<String>>) -> Option<Routed<'_>> {
        let routes = self.sources.get(&vocabulary)?;
        let routed = |route, covers| Routed { table: self, vocabulary, route, covers };
        let allowed = |column: &str| allowed(column).filter(|values| !values.is_empty());
        let holds_all = |column: &str, held: &[String]| {
            allowed(column).is_some_and(|values| values.iter().all(|value| is_among(value, held)))
        };
        let may_hold = |column: &str, held: &[String]| {
            allowed(column).is_none_or(|values| values.iter().any(|value| is_among(value, held)))
        };
        // A route made for these values goes before one for more values, and that before the one for everything.
        let breadth = |route: &&Route| match route.holds.iter().map(|(_, held)| held.len()).sum() {
            0 => usize::MAX,
            values => values,
        };
        let holding = |route: &&Route| route.holds.iter().all(|(column, held)| holds_all(column, held));
        let whole = routes.iter().filter(holding).min_by_key(breadth);
        if let Some(route) = whole {
            return Some(routed(route, Covers::All));
        }
        routes.iter().find_map(|route| {
            let (column, values) = route.holds.iter().find(|(column, held)| !holds_all(column, held))?;
            let possible = route.holds.iter().all(|(column, held)| may_hold(column, held));
            possible.then(|| routed(route, Covers::Only { column, values }))
        })
    }

    /// The field that holds a column, or a place in it. Mappings of low confidence are not given.
    pub fn field(&self, vocabulary: Vocabulary, column: &str, steps: &[Step]) -> Option<&Field> {
        let column = self.columns.get(column)?;
        let fields =
            if steps.is_empty() { &column.fields } else { &column.paths.iter().find(|(path, _)| path == steps)?.1 };
        fields.get(&vocabulary).filter(|field| field.confidence > Confidence::Low)
    }

    /// Forgets that some source holds the column otherwise, because the user says where it is.
    fn forget_exceptions(&mut self, vocabulary: Vocabulary, column: &str) {
        for route in self.sources.get_mut(&vocabulary).into_iter().flatten() {
            route.fields.remove(column);
        }
    }

    /// Whether this column is the event time of every target.
    pub fn is_clock(&self, column: &str) -> bool {
        self.clock.iter().any(|clock| clock == column)
    }
}

/// Columns that choose a route hold words and numbers, which connectors write in one letter case.
fn is_among(value: &str, values: &[String]) -> bool {
    values.iter().any(|one| one.eq_ignore_ascii_case(value))
}

impl Route {
    /// A source that holds the events with these values.
    pub fn new(holds: Vec<(String, Vec<String>)>, source: Source) -> Route {
        let constants = holds
            .iter()
            .map(|(column, values)| {
                let field = Field {
                    name: column.clone(),
                    inside: None,
                    kind: FieldKind::Keyword,
                    form: Form::Always { values: values.clone() },
                    confidence: Confidence::High,
                    note: None,
                };
                (column.clone(), field)
            })
            .collect();
        Route { holds, source, fields: BTreeMap::new(), besides: None, note: None, constants }
    }
}

impl<'a> Routed<'a> {
    /// The source.
    pub fn source(&self) -> &'a Source {
        &self.route.source
    }

    /// The field that holds a column, or a place in it, in this source. A column by which the source is chosen needs
    /// no field there: it is what the route says ([`Form::Always`]).
    pub fn field(&self, column: &str, steps: &[Step]) -> Option<&'a Field> {
        let known = || self.table.field(self.vocabulary, column, steps);
        if !steps.is_empty() {
            return known();
        }
        let own = self.route.fields.get(column).filter(|field| field.confidence > Confidence::Low);
        own.or_else(known).or_else(|| self.route.constants.get(column))
    }
}

#[cfg(test)]
mod tests;
