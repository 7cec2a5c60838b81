//! A detection: the query with everything else a target needs of the rule, as typed values.

use serde::Serialize;

use super::{Query, TICKS_PER_DAY, TICKS_PER_SECOND};
use crate::span::Span;

/// What a rule means, complete: back ends need nothing else of it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Detection {
    /// What it is called and classified as.
    pub meta: Meta,
    /// When it runs, and what for.
    pub kind: Kind,
    /// What it finds.
    pub query: Query,
    /// The query as written, for the target whose language it is.
    pub text: String,
}

/// Name, ids and classification.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Meta {
    /// The rule's id as written.
    pub id: String,
    /// The rule's name.
    pub name: String,
    /// Its description; empty when there is none.
    pub description: String,
    /// Its version as written.
    pub version: Option<String>,
    /// Its severity; `None` when the rule states none (targets then use Medium, with a note).
    pub severity: Option<Severity>,
    /// Tactics, in order, each once.
    pub tactics: Vec<Tactic>,
    /// Techniques and sub-techniques, in order, each once.
    pub techniques: Vec<Technique>,
    /// Links to more about it.
    pub references: Vec<String>,
    /// Who wrote it, where the rule says so.
    pub author: Option<String>,
    /// Known benign causes, as text.
    pub false_positives: Vec<String>,
}

/// Sentinel's severities.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
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

impl Severity {
    /// Sentinel's spelling.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Informational => "Informational",
            Severity::Low => "Low",
            Severity::Medium => "Medium",
            Severity::High => "High",
        }
    }
}

/// A MITRE ATT&CK tactic as Sentinel spells it: `CommandAndControl`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub struct Tactic(pub String);

impl Tactic {
    /// ATT&CK's short name: `command-and-control`.
    pub fn kebab(&self) -> String {
        let mut kebab = String::new();
        for letter in self.0.chars() {
            if letter.is_ascii_uppercase() && !kebab.is_empty() {
                kebab.push('-');
            }
            kebab.push(letter.to_ascii_lowercase());
        }
        kebab
    }
}

/// A MITRE ATT&CK technique id: `T1219`, `T1059.001`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub struct Technique(pub String);

impl Technique {
    /// The technique a sub-technique belongs to, or itself.
    pub fn parent(&self) -> &str {
        self.0.split('.').next().unwrap_or(&self.0)
    }

    /// Whether it names a sub-technique.
    pub fn is_sub(&self) -> bool {
        self.0.contains('.')
    }
}

/// When a rule runs, and what for.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A hunting query: run by hand, no schedule, no alert.
    Hunting,
    /// A scheduled analytics rule.
    Scheduled {
        /// When it runs and fires.
        schedule: Schedule,
        /// What its alerts look like.
        alerts: Box<Alerts>,
    },
    /// A near-real-time analytics rule: about every minute, over events as they arrive.
    NearRealTime {
        /// What its alerts look like.
        alerts: Box<Alerts>,
    },
}

/// When a scheduled rule runs and fires.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Schedule {
    /// Time between runs.
    pub frequency: Period,
    /// Look-back of a run; it clips every time filter of the query.
    pub period: Period,
    /// When a run fires.
    pub trigger: Trigger,
}

/// A run fires when its number of rows stands in this relation to the threshold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Trigger {
    /// The relation.
    pub operator: TriggerOperator,
    /// The threshold.
    pub threshold: u64,
}

impl Trigger {
    /// The trigger of nearly all rules: any row at all.
    pub const ANY_ROW: Trigger = Trigger { operator: TriggerOperator::GreaterThan, threshold: 0 };

    /// Whether a run with so many rows fires.
    pub fn holds(self, rows: usize) -> bool {
        let rows = u64::try_from(rows).unwrap_or(u64::MAX);
        match self.operator {
            TriggerOperator::GreaterThan => rows > self.threshold,
            TriggerOperator::LessThan => rows < self.threshold,
            TriggerOperator::Equal => rows == self.threshold,
            TriggerOperator::NotEqual => rows != self.threshold,
        }
    }
}

/// Relations of a trigger.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerOperator {
    /// More rows than the threshold.
    GreaterThan,
    /// Fewer rows than the threshold.
    LessThan,
    /// Exactly as many.
    Equal,
    /// Any other number.
    NotEqual,
}

impl TriggerOperator {
    /// The resource schema's spelling.
    pub fn name(self) -> &'static str {
        match self {
            TriggerOperator::GreaterThan => "GreaterThan",
            TriggerOperator::LessThan => "LessThan",
            TriggerOperator::Equal => "Equal",
            TriggerOperator::NotEqual => "NotEqual",
        }
    }
}

/// A length of time in ticks of 100 ns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub struct Period(pub i64);

impl Period {
    /// ISO 8601: `P1D`, `PT5M`, `P1DT2H`.
    pub fn iso(self) -> String {
        let (days, rest) = (self.0 / TICKS_PER_DAY, self.0 % TICKS_PER_DAY / TICKS_PER_SECOND);
        let (hours, minutes, seconds) = (rest / 3600, rest / 60 % 60, rest % 60);
        let mut iso = String::from("P");
        if days > 0 {
            iso.push_str(&format!("{days}D"));
        }
        if rest > 0 || days == 0 {
            iso.push('T');
            for (count, unit) in [(hours, 'H'), (minutes, 'M'), (seconds, 'S')] {
                if count > 0 {
                    iso.push_str(&format!("{count}{unit}"));
                }
            }
            if rest == 0 {
                iso.push_str("0S");
            }
        }
        iso
    }

    /// The shortest `5d`, `12h`, `30m`, `90s` that says it exactly, rounded up to whole seconds.
    pub fn short(self) -> String {
        let seconds = (self.0 + TICKS_PER_SECOND - 1) / TICKS_PER_SECOND;
        for (unit, name) in [(86_400, 'd'), (3_600, 'h'), (60, 'm')] {
            if seconds != 0 && seconds % unit == 0 {
                return format!("{}{name}", seconds / unit);
            }
        }
        format!("{seconds}s")
    }
}

/// What the alerts of an analytics rule look like.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Alerts {
    /// Columns that name entities.
    pub entities: Vec<EntityMapping>,
    /// Columns copied into the alert: key and column.
    pub custom_details: Vec<(String, String)>,
    /// Alert texts built from columns.
    pub alert_override: Option<AlertOverride>,
    /// One alert for a run or one for each row.
    pub grouping: Option<EventGrouping>,
    /// How alerts become incidents.
    pub incident: Option<Incident>,
    /// How long the rule is silent after an alert.
    pub suppression: Option<Suppression>,
    /// Columns that hold Sentinel entities as JSON.
    pub sentinel_entities: Vec<String>,
}

/// An entity and the columns that identify it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct EntityMapping {
    /// `Account`, `Host`, ….
    pub entity_type: String,
    /// Identifier and column, in order.
    pub fields: Vec<(String, String)>,
    /// Where the rule file says so.
    pub place: Span,
}

/// Alert texts built from columns.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct AlertOverride {
    /// Format of the alert's name.
    pub display_name_format: Option<String>,
    /// Format of its description.
    pub description_format: Option<String>,
    /// Column that gives its severity.
    pub severity_column: Option<String>,
    /// Column that gives its tactics.
    pub tactics_column: Option<String>,
    /// Other alert properties and their columns.
    pub dynamic_properties: Vec<(String, String)>,
}

/// One alert for a run or one for each row.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventGrouping {
    /// `SingleAlert`
    SingleAlert,
    /// `AlertPerResult`
    AlertPerResult,
}

/// How alerts become incidents.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Incident {
    /// Whether an incident is made at all.
    pub create: bool,
    /// How alerts are grouped into one.
    pub grouping: Option<IncidentGrouping>,
}

/// How alerts are grouped into incidents.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct IncidentGrouping {
    /// Whether they are.
    pub enabled: bool,
    /// Whether a closed incident is opened again.
    pub reopen_closed: bool,
    /// How far back alerts are grouped.
    pub lookback: Period,
    /// `AllEntities`, `AnyAlert`, `Selected`.
    pub matching: String,
    /// Entity types that must agree.
    pub by_entities: Vec<String>,
    /// Alert details that must agree.
    pub by_alert_details: Vec<String>,
    /// Custom details that must agree.
    pub by_custom_details: Vec<String>,
}

/// Silence after an alert.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Suppression {
    /// For how long.
    pub duration: Period,
    /// Whether it is on.
    pub enabled: bool,
}

impl Detection {
    /// The trigger; hunting and near-real-time rules fire on any row.
    pub fn trigger(&self) -> Trigger {
        match &self.kind {
            Kind::Scheduled { schedule, .. } => schedule.trigger,
            Kind::Hunting | Kind::NearRealTime { .. } => Trigger::ANY_ROW,
        }
    }

    /// What alerts look like, if the rule makes any.
    pub fn alerts(&self) -> Option<&Alerts> {
        match &self.kind {
            Kind::Scheduled { alerts, .. } | Kind::NearRealTime { alerts } => Some(alerts),
            Kind::Hunting => None,
        }
    }
}
