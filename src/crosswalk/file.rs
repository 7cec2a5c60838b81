//! The form of a crosswalk file, as `crosswalk/README.md` documents it, and the step from it to a [`Table`].
//!
//! Everything is checked while it is read, so that an error carries its line.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use indexmap::IndexMap;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::map::{is_field_name, parse_steps};
use super::{Column, Field, FieldKind, Form, Route, Source, Table, Vocabulary};
use crate::fidelity::Confidence;
use crate::ir::{Step, Type};

/// One file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableFile {
    pub(super) table: String,
    about: Option<String>,
    clock: Option<Vec<String>>,
    open: Option<bool>,
    #[serde(default)]
    references: Vec<String>,
    #[serde(default)]
    usual: Vec<Vocabulary>,
    #[serde(default)]
    sources: SourcesFile,
    #[serde(default)]
    columns: IndexMap<String, ColumnFile>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct SourcesFile {
    #[serde(default)]
    sigma: Vec<SigmaFile>,
    #[serde(default)]
    splunk: Vec<SplunkFile>,
    #[serde(default)]
    cim: Vec<SplunkFile>,
    #[serde(default)]
    splunk_windows: Vec<SplunkFile>,
    #[serde(default)]
    elastic: Vec<ElasticFile>,
    #[serde(default)]
    ecs: Vec<ElasticFile>,
    #[serde(default)]
    elastic_windows: Vec<ElasticFile>,
}

/// The values that choose a route.
type Holds = IndexMap<String, Vec<String>>;

/// What a column is called in one route only.
type RouteFields = IndexMap<String, Short<FieldFile>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SigmaFile {
    product: Option<String>,
    category: Option<String>,
    service: Option<String>,
    #[serde(default)]
    custom: bool,
    #[serde(default)]
    conditions: IndexMap<String, OneOf>,
    #[serde(default)]
    holds: Holds,
    #[serde(default)]
    fields: RouteFields,
    besides: Option<String>,
    note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SplunkFile {
    search: String,
    #[serde(default)]
    holds: Holds,
    #[serde(default)]
    fields: RouteFields,
    besides: Option<String>,
    note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ElasticFile {
    index: Vec<String>,
    #[serde(default)]
    conditions: IndexMap<String, OneOf>,
    category: Option<String>,
    #[serde(default)]
    holds: Holds,
    #[serde(default)]
    fields: RouteFields,
    besides: Option<String>,
    note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnKeys {
    #[serde(rename = "type")]
    ty: Option<TypeName>,
    #[serde(default = "medium")]
    confidence: Confidence,
    sigma: Option<Short<FieldFile>>,
    splunk: Option<Short<FieldFile>>,
    cim: Option<Short<FieldFile>>,
    splunk_windows: Option<Short<FieldFile>>,
    elastic: Option<Short<FieldFile>>,
    ecs: Option<Short<FieldFile>>,
    elastic_windows: Option<Short<FieldFile>>,
    note: Option<String>,
    source: Option<String>,
    #[serde(default)]
    paths: IndexMap<PathName, PathFile>,
}

/// A column: its keys, or its type alone.
type ColumnFile = Short<ColumnKeys>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PathFile {
    #[serde(default = "medium")]
    confidence: Confidence,
    sigma: Option<Short<FieldFile>>,
    splunk: Option<Short<FieldFile>>,
    cim: Option<Short<FieldFile>>,
    splunk_windows: Option<Short<FieldFile>>,
    elastic: Option<Short<FieldFile>>,
    ecs: Option<Short<FieldFile>>,
    elastic_windows: Option<Short<FieldFile>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldFile {
    field: FieldName,
    inside: Option<InsideName>,
    #[serde(default)]
    kind: FieldKind,
    #[serde(default)]
    form: FormFile,
    confidence: Option<Confidence>,
    note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FormKeys {
    after: Option<Vec<char>>,
    before: Option<char>,
    #[serde(default)]
    folded: bool,
    tagged: Option<String>,
    length: Option<usize>,
    renamed: Option<BTreeMap<String, String>>,
    #[serde(default)]
    complete: bool,
    #[serde(default)]
    lowered: bool,
    sometimes: Option<BTreeMap<String, String>>,
    within: Option<Vec<(String, String)>>,
    always: Option<Vec<String>>,
    joined: Option<FieldName>,
    separator: Option<char>,
    lost: Option<String>,
    placeholder: Option<String>,
}

/// A value, or several of which one is enough.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOf {
    One(String),
    Several(Vec<String>),
}

impl OneOf {
    fn list(self) -> Vec<String> {
        match self {
            OneOf::One(value) => vec![value],
            OneOf::Several(values) => values,
        }
    }
}

fn medium() -> Confidence {
    Confidence::Medium
}

/// A value that has a short form, a plain string, and a long one, a mapping.
struct Short<T>(T);

/// What the short form says.
trait FromText: Sized {
    const EXPECTED: &'static str;
    fn from_text(text: &str) -> Result<Self, String>;
}

impl<'de, T: FromText + DeserializeOwned> Deserialize<'de> for Short<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Short<T>, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: FromText + DeserializeOwned> Visitor<'de> for Either<T> {
            type Value = T;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str(T::EXPECTED)
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
                T::from_text(text).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_any(Either(PhantomData)).map(Short)
    }
}

impl FromText for ColumnKeys {
    const EXPECTED: &'static str = "a type, or the keys of a column";

    fn from_text(text: &str) -> Result<ColumnKeys, String> {
        Ok(ColumnKeys {
            ty: Some(TypeName::try_from(text.to_owned())?),
            confidence: Confidence::Medium,
            sigma: None,
            splunk: None,
            cim: None,
            splunk_windows: None,
            elastic: None,
            ecs: None,
            elastic_windows: None,
            note: None,
            source: None,
            paths: IndexMap::new(),
        })
    }
}

impl FromText for FieldFile {
    const EXPECTED: &'static str = "the name of a field, or its keys";

    fn from_text(text: &str) -> Result<FieldFile, String> {
        Ok(FieldFile {
            field: FieldName::try_from(text.to_owned())?,
            inside: None,
            kind: FieldKind::Keyword,
            form: FormFile::default(),
            confidence: None,
            note: None,
        })
    }
}

/// The name of a KQL type.
#[derive(Deserialize, Clone, Copy)]
#[serde(try_from = "String")]
struct TypeName(Type);

impl TryFrom<String> for TypeName {
    type Error = String;

    fn try_from(name: String) -> Result<TypeName, String> {
        Type::from_name(&name).map(TypeName).ok_or_else(|| format!("`{name}` is not a type"))
    }
}

/// The name of a field.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct FieldName(String);

impl TryFrom<String> for FieldName {
    type Error = String;

    fn try_from(name: String) -> Result<FieldName, String> {
        if is_field_name(&name) {
            Ok(FieldName(name))
        } else {
            Err(format!("`{name}` cannot be the name of a field"))
        }
    }
}

/// A place inside JSON text: `a.b`, `list{0}.c`.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct InsideName(String);

impl TryFrom<String> for InsideName {
    type Error = String;

    fn try_from(text: String) -> Result<InsideName, String> {
        let is_step = |step: &str| {
            let (key, index) = step.split_once('{').map_or((step, None), |(key, rest)| (key, Some(rest)));
            let is_index = |rest: &str| rest.strip_suffix('}').is_some_and(|digits| digits.parse::<usize>().is_ok());
            !key.is_empty()
                && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
                && index.is_none_or(is_index)
        };
        if text.split('.').all(is_step) { Ok(InsideName(text)) } else { Err(format!("`{text}` is no place in JSON")) }
    }
}

/// The way to a place inside a column's value.
#[derive(Deserialize, PartialEq, Eq, Hash)]
#[serde(try_from = "String")]
struct PathName(Vec<Step>);

impl TryFrom<String> for PathName {
    type Error = String;

    fn try_from(text: String) -> Result<PathName, String> {
        let steps = parse_steps(&text)?;
        if steps.is_empty() { Err("expected a path".to_owned()) } else { Ok(PathName(steps)) }
    }
}

/// A form: a word, or a mapping.
struct FormFile(Form);

impl Default for FormFile {
    fn default() -> FormFile {
        FormFile(Form::Same)
    }
}

impl<'de> Deserialize<'de> for FormFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FormFile, D::Error> {
        let Short(keys) = Short::<FormWord>::deserialize(deserializer)?;
        match keys {
            FormWord::Word(form) => Ok(FormFile(form)),
            FormWord::Keys(keys) => keys.form().map(FormFile).map_err(D::Error::custom),
        }
    }
}

/// A form as written.
enum FormWord {
    Word(Form),
    Keys(Box<FormKeys>),
}

impl<'de> Deserialize<'de> for FormWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FormWord, D::Error> {
        FormKeys::deserialize(deserializer).map(|keys| FormWord::Keys(Box::new(keys)))
    }
}

impl FromText for FormWord {
    const EXPECTED: &'static str = "`same`, `lowercase`, `text`, `number`, `element`, or the keys of a form";

    fn from_text(text: &str) -> Result<FormWord, String> {
        match text {
            "same" => Ok(FormWord::Word(Form::Same)),
            "lowercase" => Ok(FormWord::Word(Form::Lowercase)),
            "text" => Ok(FormWord::Word(Form::Text)),
            "number" => Ok(FormWord::Word(Form::Number)),
            "element" => Ok(FormWord::Word(Form::Element)),
            _ => Err(format!("`{text}` is not a form")),
        }
    }
}

impl FormKeys {
    fn form(self) -> Result<Form, &'static str> {
        let FormKeys { folded, length, complete, lowered, separator, .. } = self;
        let forms = [
            self.after.map(|separators| Form::After { separators, folded }),
            self.before.map(|separator| Form::Before { separator, folded }),
            self.tagged.map(|tag| Form::Tagged { tag, length: length.unwrap_or(0) }),
            self.renamed.map(|values| Form::Renamed { values, complete, lowered }),
            self.sometimes.map(|values| Form::Sometimes { values }),
            self.within.map(|rewrites| Form::Within { rewrites }),
            self.always.map(|values| Form::Always { values }),
            self.placeholder.map(|text| Form::Placeholder { text }),
            self.joined.map(|FieldName(before)| Form::Joined {
                before,
                separator: separator.unwrap_or('\\'),
                lost: self.lost,
            }),
        ];
        let mut forms = forms.into_iter().flatten();
        let (Some(form), None) = (forms.next(), forms.next()) else {
            return Err(
                "a form has one of `after`, `before`, `tagged`, `renamed`, `sometimes`, `within`, `always`, \
                 `placeholder`, `joined`",
            );
        };
        match &form {
            Form::Tagged { length: 0, .. } => Err("a tagged form needs the length of its values"),
            Form::Tagged { tag: text, .. } | Form::Placeholder { text } if text.is_empty() => {
                Err("a tag or placeholder cannot be empty")
            }
            Form::After { separators: list, .. } if list.is_empty() => Err("a form needs at least one separator"),
            Form::Always { values } if values.is_empty() => Err("a form needs at least one value"),
            Form::Renamed { values, .. } | Form::Sometimes { values } if is_ambiguous(values) => {
                Err("two values are renamed to the same one")
            }
            _ => Ok(form),
        }
    }
}

/// Whether two values have the same name, or none has any.
fn is_ambiguous(values: &BTreeMap<String, String>) -> bool {
    let mut stored: Vec<String> = values.values().map(|value| value.to_ascii_lowercase()).collect();
    stored.sort_unstable();
    values.is_empty() || stored.windows(2).any(|pair| pair[0] == pair[1])
}

impl TableFile {
    /// The table, if nothing was known of it before.
    pub(super) fn table(self) -> Table {
        let mut table = Table { open: false, clock: Vec::new(), ..Table::new(&self.table) };
        self.add_to(&mut table);
        table
    }

    /// Adds to the table what the file says.
    pub(super) fn add_to(self, table: &mut Table) {
        if let Some(about) = self.about {
            table.about = about;
        }
        if let Some(clock) = self.clock {
            table.clock = clock;
        }
        if let Some(open) = self.open {
            table.open = open;
        }
        table.usual.extend(self.usual);
        for reference in self.references {
            if !table.references.contains(&reference) {
                table.references.push(reference);
            }
        }
        for (name, Short(keys)) in &self.columns {
            for vocabulary in keys.vocabularies() {
                table.forget_exceptions(vocabulary, name);
            }
        }
        table.sources.extend(self.sources.routes());
        for (name, Short(keys)) in self.columns {
            keys.add_to(table.columns.entry(name).or_insert_with(Column::unknown));
        }
    }
}

impl SourcesFile {
    fn routes(self) -> BTreeMap<Vocabulary, Vec<Route>> {
        let routes = [
            (Vocabulary::Sigma, self.sigma.into_iter().map(SigmaFile::route).collect()),
            (Vocabulary::Splunk, self.splunk.into_iter().map(SplunkFile::route).collect()),
            (Vocabulary::Cim, self.cim.into_iter().map(SplunkFile::route).collect()),
            (Vocabulary::SplunkWindows, self.splunk_windows.into_iter().map(SplunkFile::route).collect()),
            (Vocabulary::Elastic, self.elastic.into_iter().map(ElasticFile::route).collect()),
            (Vocabulary::Ecs, self.ecs.into_iter().map(ElasticFile::route).collect()),
            (Vocabulary::ElasticWindows, self.elastic_windows.into_iter().map(ElasticFile::route).collect()),
        ];
        routes.into_iter().filter(|(_, routes): &(_, Vec<Route>)| !routes.is_empty()).collect()
    }
}

impl SigmaFile {
    fn route(self) -> Route {
        let logsource = [("product", self.product), ("category", self.category), ("service", self.service)]
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect();
        let conditions = self.conditions.into_iter().map(|(field, values)| (field, values.list())).collect();
        let source = Source::Sigma { logsource, custom: self.custom, conditions };
        Route { besides: self.besides, note: self.note, ..route(source, self.holds, self.fields) }
    }
}

impl SplunkFile {
    fn route(self) -> Route {
        let source = Source::Splunk { search: self.search };
        Route { besides: self.besides, note: self.note, ..route(source, self.holds, self.fields) }
    }
}

impl ElasticFile {
    fn route(self) -> Route {
        let conditions = self.conditions.into_iter().map(|(field, values)| (field, values.list())).collect();
        let source = Source::Elastic { index: self.index, conditions, category: self.category };
        Route { besides: self.besides, note: self.note, ..route(source, self.holds, self.fields) }
    }
}

fn route(source: Source, holds: Holds, fields: RouteFields) -> Route {
    let fields = fields.into_iter().map(|(column, Short(field))| (column, field.field(Confidence::Medium)));
    Route { fields: fields.collect(), ..Route::new(holds.into_iter().collect(), source) }
}

impl ColumnKeys {
    /// Those in which the column has a field.
    fn vocabularies(&self) -> impl Iterator<Item = Vocabulary> {
        let fields = [
            &self.sigma,
            &self.splunk,
            &self.cim,
            &self.splunk_windows,
            &self.elastic,
            &self.ecs,
            &self.elastic_windows,
        ];
        Vocabulary::ALL.into_iter().zip(fields).filter(|(_, field)| field.is_some()).map(|(vocabulary, _)| vocabulary)
    }

    fn add_to(self, column: &mut Column) {
        if let Some(TypeName(ty)) = self.ty {
            column.ty = ty;
        }
        if self.note.is_some() {
            column.note = self.note;
        }
        if self.source.is_some() {
            column.source = self.source;
        }
        let fields =
            [self.sigma, self.splunk, self.cim, self.splunk_windows, self.elastic, self.ecs, self.elastic_windows];
        add_fields(&mut column.fields, fields, self.confidence);
        for (PathName(steps), path) in self.paths {
            let fields = [
                path.sigma,
                path.splunk,
                path.cim,
                path.splunk_windows,
                path.elastic,
                path.ecs,
                path.elastic_windows,
            ];
            add_fields(column.path(steps), fields, path.confidence);
        }
    }
}

impl FieldFile {
    fn field(self, confidence: Confidence) -> Field {
        let FieldFile { field: FieldName(name), inside, kind, form: FormFile(form), confidence: own, note } = self;
        let inside = inside.map(|InsideName(inside)| inside);
        Field { name, inside, kind, form, confidence: own.unwrap_or(confidence), note }
    }
}

/// Adds fields given in the order of [`Vocabulary::ALL`].
fn add_fields(
    known: &mut BTreeMap<Vocabulary, Field>,
    fields: [Option<Short<FieldFile>>; 7],
    confidence: Confidence,
) {
    for (vocabulary, field) in Vocabulary::ALL.into_iter().zip(fields) {
        if let Some(Short(field)) = field {
            known.insert(vocabulary, field.field(confidence));
        }
    }
}
