//! A rule as written: every documented key of Sentinel's hunting queries and analytics rules, typed, with its place.
//!
//! [`load`] reads a rule file, [`load_kql`] a bare query, [`load_arm`] every rule of a deployment template. Real files are untidy; what is read in spite of its spelling
//! is reported, what cannot be read for certain is refused with its place, and keys that nobody documents are kept.
//! The keys: <https://learn.microsoft.com/azure/sentinel/sentinel-analytic-rules-creation> and the templates in
//! <https://github.com/Azure/Azure-Sentinel/wiki/Query-Style-Guide>.

mod alerts;
mod arm;
mod companion;
mod duration;
mod fields;
mod load;
mod many;
mod mitre;
mod schedule;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod wild;

pub use arm::load_arm;
pub use companion::{Companion, companion};
pub use duration::{Duration, parse_duration};
pub use fields::nearest;
pub(crate) use fields::{Field, Fields, Reader};
pub use load::{Loaded, load, load_kql, load_yaml};
pub(crate) use load::{decode, read_document, report_repairs};
pub use many::Part;
pub use mitre::TACTICS;

use serde_json::Value;

use crate::span::Span;

/// A value and where the rule file gives it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place in the file; empty where the file does not give it.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// A value with its place.
    pub fn new(value: T, span: Span) -> Spanned<T> {
        Spanned { value, span }
    }
}

/// A rule as written.
#[derive(Clone, PartialEq, Debug)]
pub struct Rule {
    /// Its id as written; made of the name where the file gives none.
    pub id: Spanned<String>,
    /// Its name.
    pub name: Spanned<String>,
    /// What it is for, trailing line breaks included.
    pub description: Option<Spanned<String>>,
    /// The longer description that some files carry besides.
    pub description_detailed: Option<Spanned<String>>,
    /// When it runs.
    pub kind: RuleKind,
    /// The query: its own line breaks as `\n`, exactly one at its end.
    pub query: Spanned<String>,
    /// How serious a match is.
    pub severity: Option<Spanned<Severity>>,
    /// `Available`, ….
    pub status: Option<Spanned<String>>,
    /// Its version as spelled.
    pub version: Option<Spanned<String>>,
    /// Who wrote it.
    pub author: Option<Spanned<String>>,
    /// What has to be connected.
    pub required_data_connectors: Vec<Connector>,
    /// Known tactics in Sentinel's spelling, each once.
    pub tactics: Vec<Spanned<String>>,
    /// Techniques and sub-techniques (`T1059.001`), each once.
    pub techniques: Vec<Spanned<String>>,
    /// Tags that are texts.
    pub tags: Vec<Spanned<String>>,
    /// Tags that are anything else, such as `Schema: ASimDns`.
    pub structured_tags: Vec<Spanned<Value>>,
    /// Links.
    pub references: Vec<Spanned<String>>,
    /// Known benign causes.
    pub false_positives: Vec<Spanned<String>>,
    /// Whether the rule is switched on, where the file says so.
    pub enabled: Option<Spanned<bool>>,
    /// What its alerts look like.
    pub alerts: Alerts,
    /// The `metadata` block as it is.
    pub metadata: Option<Spanned<Value>>,
    /// Keys that are not documented.
    pub unknown: Vec<UnknownKey>,
}

/// When a rule runs.
#[derive(Clone, PartialEq, Debug)]
pub enum RuleKind {
    /// By hand.
    Hunting,
    /// On a schedule.
    Scheduled(Schedule),
    /// About every minute.
    NearRealTime,
}

/// The schedule of an analytics rule.
#[derive(Clone, PartialEq, Debug)]
pub struct Schedule {
    /// Time between two runs.
    pub frequency: Spanned<Duration>,
    /// Look-back of a run.
    pub period: Spanned<Duration>,
    /// How the number of rows is compared.
    pub operator: Spanned<TriggerOperator>,
    /// With what it is compared.
    pub threshold: Spanned<u64>,
}

/// How the number of rows is compared with the threshold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TriggerOperator {
    /// `gt`
    GreaterThan,
    /// `lt`
    LessThan,
    /// `eq`
    Equal,
    /// `ne`
    NotEqual,
}

/// Sentinel's severities.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// `Informational`
    Informational,
    /// `Low`
    Low,
    /// `Medium`
    Medium,
    /// `High`
    High,
}

/// A data connector and the tables a rule needs of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Connector {
    /// Its id; empty where the file gives none.
    pub id: Spanned<String>,
    /// Tables.
    pub data_types: Vec<Spanned<String>>,
}

/// What the alerts of a rule look like.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Alerts {
    /// Columns that name entities.
    pub entity_mappings: Vec<EntityMapping>,
    /// Columns that hold entities as JSON.
    pub sentinel_entities_mappings: Vec<Spanned<String>>,
    /// Keys and the columns copied to them.
    pub custom_details: Vec<(Spanned<String>, Spanned<String>)>,
    /// Alert texts made of columns.
    pub details_override: Option<AlertDetailsOverride>,
    /// One alert for a run or one for each row.
    pub event_grouping: Option<Spanned<EventGrouping>>,
    /// How alerts become incidents.
    pub incident: Option<IncidentConfiguration>,
    /// How long the rule is silent after an alert.
    pub suppression_duration: Option<Spanned<Duration>>,
    /// Whether it is.
    pub suppression_enabled: Option<Spanned<bool>>,
}

/// An entity and the columns that identify it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EntityMapping {
    /// `Account`, `Host`, ….
    pub entity_type: Spanned<String>,
    /// Identifier and column.
    pub field_mappings: Vec<(Spanned<String>, Spanned<String>)>,
    /// The whole mapping's place.
    pub span: Span,
}

/// Alert texts made of columns.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AlertDetailsOverride {
    /// Format of the alert's name.
    pub display_name_format: Option<Spanned<String>>,
    /// Format of its description.
    pub description_format: Option<Spanned<String>>,
    /// Column with its severity.
    pub severity_column: Option<Spanned<String>>,
    /// Column with its tactics.
    pub tactics_column: Option<Spanned<String>>,
    /// Other properties and their columns.
    pub dynamic_properties: Vec<(Spanned<String>, Spanned<String>)>,
}

/// One alert for a run or one for each row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventGrouping {
    /// `SingleAlert`
    SingleAlert,
    /// `AlertPerResult`
    AlertPerResult,
}

/// How alerts become incidents.
#[derive(Clone, PartialEq, Debug)]
pub struct IncidentConfiguration {
    /// Whether incidents are made; Sentinel's default is yes.
    pub create: bool,
    /// How alerts are grouped.
    pub grouping: Option<IncidentGrouping>,
}

/// How alerts are grouped into incidents.
#[derive(Clone, PartialEq, Debug)]
pub struct IncidentGrouping {
    /// Whether they are.
    pub enabled: bool,
    /// Whether closed incidents are opened again.
    pub reopen_closed_incident: bool,
    /// How far back alerts are grouped.
    pub lookback: Spanned<Duration>,
    /// Which entities have to agree.
    pub matching_method: Spanned<MatchingMethod>,
    /// Entity types that have to agree.
    pub by_entities: Vec<Spanned<String>>,
    /// Alert details that have to agree.
    pub by_alert_details: Vec<Spanned<String>>,
    /// Custom details that have to agree.
    pub by_custom_details: Vec<Spanned<String>>,
}

/// Which entities of two alerts have to agree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MatchingMethod {
    /// `AllEntities`
    AllEntities,
    /// `AnyAlert`
    AnyAlert,
    /// `Selected`
    Selected,
}

impl MatchingMethod {
    /// Sentinel's spelling.
    pub fn name(self) -> &'static str {
        match self {
            MatchingMethod::AllEntities => "AllEntities",
            MatchingMethod::AnyAlert => "AnyAlert",
            MatchingMethod::Selected => "Selected",
        }
    }
}

/// A key that is not documented.
#[derive(Clone, PartialEq, Debug)]
pub struct UnknownKey {
    /// The key with those above it: `entityMappings[0].identifies`.
    pub path: String,
    /// Its value.
    pub value: Value,
    /// The key's place.
    pub span: Span,
}
