//! What the templates see of a rule.

use serde::Serialize;

use super::resource_guid;
use crate::ir::{
    AlertOverride, Alerts, Detection, EntityMapping, EventGrouping, Incident, IncidentGrouping, Period, Schedule,
    Severity, Suppression, TICKS_PER_SECOND, Technique,
};
use crate::span::{Origins, Span};
use crate::template::Text;

/// A string that the deployment takes literally.
///
/// Resource Manager evaluates a string that starts with `[` and ends with `]`; another `[` in front prevents that.
/// <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions#escape-characters>
#[derive(Serialize)]
pub(super) struct Literal(String);

impl Literal {
    fn new(text: &str) -> Literal {
        Literal(if is_expression(text) { format!("[{text}") } else { text.to_owned() })
    }

    fn optional(text: Option<&str>) -> Option<Literal> {
        text.filter(|text| !text.is_empty()).map(Literal::new)
    }

    fn list(texts: &[String]) -> Vec<Literal> {
        texts.iter().map(|text| Literal::new(text)).collect()
    }
}

fn is_expression(text: &str) -> bool {
    text.starts_with('[') && text.ends_with(']')
}

/// The query as written. All of it stands for all of it: its leaves are in it, where they were.
fn query(detection: &Detection) -> Text {
    let text = &detection.text;
    let written = Text::piece(text.clone(), Origins::from(Span::new(0, text.len())));
    if is_expression(text) { Text::glue("[").then(written) } else { written }
}

/// A hunting query.
#[derive(Serialize)]
pub(super) struct Hunting {
    comments: Literal,
    guid: String,
    name: Literal,
    description: Option<Literal>,
    /// Separated by commas without spaces, as are the techniques.
    tactics: Literal,
    techniques: Literal,
    query: Text,
}

impl Hunting {
    pub(super) fn new(detection: &Detection) -> Hunting {
        let meta = &detection.meta;
        let tactics: Vec<&str> = meta.tactics.iter().map(|tactic| tactic.0.as_str()).collect();
        let techniques: Vec<&str> = meta.techniques.iter().map(|technique| technique.0.as_str()).collect();
        // Descriptions are often quoted inside a block scalar; the content hub's packages drop those quotes.
        let description = meta.description.trim();
        let description = description.strip_prefix('\'').unwrap_or(description);
        let description = description.strip_suffix('\'').unwrap_or(description);
        Hunting {
            comments: comments("hunting query", detection),
            guid: resource_guid(detection).to_string(),
            name: Literal::new(&meta.name),
            description: Literal::optional(Some(description)),
            tactics: Literal::new(&tactics.join(",")),
            techniques: Literal::new(&techniques.join(",")),
            query: query(detection),
        }
    }
}

/// An analytics rule.
#[derive(Serialize)]
pub(super) struct Analytics {
    comments: Literal,
    guid: String,
    name: Literal,
    description: Option<Literal>,
    severity: &'static str,
    tactics: Vec<Literal>,
    techniques: Vec<Literal>,
    sub_techniques: Vec<Literal>,
    query: Text,
    /// None for a near-real-time rule.
    schedule: Option<ScheduleView>,
    entities: Vec<EntityView>,
    sentinel_entities: Vec<Literal>,
    custom_details: Vec<DetailView>,
    alert_override: Option<OverrideView>,
    aggregation: Option<&'static str>,
    incident: Option<IncidentView>,
    suppression: SuppressionView,
}

#[derive(Serialize)]
struct ScheduleView {
    frequency: String,
    period: String,
    operator: &'static str,
    threshold: u64,
}

#[derive(Serialize)]
struct EntityView {
    entity_type: Literal,
    fields: Vec<FieldView>,
}

#[derive(Serialize)]
struct FieldView {
    identifier: Literal,
    column: Literal,
}

#[derive(Serialize)]
struct DetailView {
    /// A member's name, which is never evaluated.
    key: String,
    column: Literal,
}

#[derive(Serialize)]
struct OverrideView {
    display_name_format: Option<Literal>,
    description_format: Option<Literal>,
    severity_column: Option<Literal>,
    tactics_column: Option<Literal>,
    dynamic_properties: Vec<PropertyView>,
}

#[derive(Serialize)]
struct PropertyView {
    property: Literal,
    column: Literal,
}

#[derive(Serialize)]
struct IncidentView {
    create: bool,
    grouping: Option<GroupingView>,
}

#[derive(Serialize)]
struct GroupingView {
    enabled: bool,
    reopen_closed: bool,
    lookback: String,
    matching: Literal,
    by_entities: Vec<Literal>,
    by_alert_details: Vec<Literal>,
    by_custom_details: Vec<Literal>,
}

#[derive(Serialize)]
struct SuppressionView {
    duration: String,
    enabled: bool,
}

impl Analytics {
    pub(super) fn new(
        detection: &Detection,
        severity: Severity,
        schedule: Option<&Schedule>,
        alerts: &Alerts,
    ) -> Analytics {
        let meta = &detection.meta;
        let (techniques, sub_techniques) = split_techniques(&meta.techniques);
        Analytics {
            comments: comments("analytics rule", detection),
            guid: resource_guid(detection).to_string(),
            name: Literal::new(&meta.name),
            description: Literal::optional(Some(unquoted(&meta.description))),
            severity: severity.name(),
            tactics: meta.tactics.iter().map(|tactic| Literal::new(&tactic.0)).collect(),
            techniques,
            sub_techniques,
            query: query(detection),
            schedule: schedule.map(schedule_view),
            entities: alerts.entities.iter().filter(|entity| !entity.fields.is_empty()).map(entity_view).collect(),
            sentinel_entities: Literal::list(&alerts.sentinel_entities),
            custom_details: alerts.custom_details.iter().map(detail_view).collect(),
            alert_override: alerts.alert_override.as_ref().and_then(override_view),
            aggregation: alerts.grouping.map(|grouping| match grouping {
                EventGrouping::SingleAlert => "SingleAlert",
                EventGrouping::AlertPerResult => "AlertPerResult",
            }),
            incident: alerts.incident.as_ref().map(incident_view),
            suppression: suppression_view(alerts.suppression),
        }
    }
}

fn comments(kind: &str, detection: &Detection) -> Literal {
    let meta = &detection.meta;
    let version = meta.version.as_ref().map_or_else(String::new, |version| format!(", version {version}"));
    Literal::new(&format!("Sentinel {kind} {}{version}", meta.id))
}

/// Descriptions are often quoted inside a block scalar; the content hub's packages drop those quotes.
fn unquoted(description: &str) -> &str {
    let description = description.trim_end();
    let mut letters = description.chars();
    match letters.next() {
        Some('\'' | '"') => {
            letters.next_back();
            letters.as_str()
        }
        _ => description,
    }
}

/// Techniques, each once, and sub-techniques: the service takes `T1059.001` only among the latter.
fn split_techniques(techniques: &[Technique]) -> (Vec<Literal>, Vec<Literal>) {
    let mut parents: Vec<&str> = Vec::new();
    let mut subs = Vec::new();
    for technique in techniques {
        if !parents.contains(&technique.parent()) {
            parents.push(technique.parent());
        }
        if technique.is_sub() {
            subs.push(Literal::new(&technique.0));
        }
    }
    (parents.into_iter().map(Literal::new).collect(), subs)
}

fn schedule_view(schedule: &Schedule) -> ScheduleView {
    ScheduleView {
        frequency: schedule.frequency.iso(),
        period: schedule.period.iso(),
        operator: schedule.trigger.operator.name(),
        threshold: schedule.trigger.threshold,
    }
}

fn entity_view(entity: &EntityMapping) -> EntityView {
    let field = |(identifier, column): &(String, String)| FieldView {
        identifier: Literal::new(identifier),
        column: Literal::new(column),
    };
    EntityView { entity_type: Literal::new(&entity.entity_type), fields: entity.fields.iter().map(field).collect() }
}

fn detail_view((key, column): &(String, String)) -> DetailView {
    DetailView { key: key.clone(), column: Literal::new(column) }
}

/// None when nothing is overridden: the service takes no empty object.
fn override_view(alert: &AlertOverride) -> Option<OverrideView> {
    let AlertOverride {
        display_name_format,
        description_format,
        severity_column,
        tactics_column,
        dynamic_properties,
    } = alert;
    let property = |(property, column): &(String, String)| PropertyView {
        property: Literal::new(property),
        column: Literal::new(column),
    };
    let view = OverrideView {
        display_name_format: Literal::optional(display_name_format.as_deref()),
        description_format: Literal::optional(description_format.as_deref()),
        severity_column: Literal::optional(severity_column.as_deref()),
        tactics_column: Literal::optional(tactics_column.as_deref()),
        dynamic_properties: dynamic_properties.iter().map(property).collect(),
    };
    let OverrideView { display_name_format, description_format, severity_column, tactics_column, dynamic_properties } =
        &view;
    let texts = [display_name_format, description_format, severity_column, tactics_column];
    let is_empty = texts.iter().all(|text| text.is_none()) && dynamic_properties.is_empty();
    (!is_empty).then_some(view)
}

fn incident_view(incident: &Incident) -> IncidentView {
    let grouping = |grouping: &IncidentGrouping| GroupingView {
        enabled: grouping.enabled,
        reopen_closed: grouping.reopen_closed,
        lookback: grouping.lookback.iso(),
        matching: Literal::new(&grouping.matching),
        by_entities: Literal::list(&grouping.by_entities),
        by_alert_details: Literal::list(&grouping.by_alert_details),
        by_custom_details: Literal::list(&grouping.by_custom_details),
    };
    IncidentView { create: incident.create, grouping: incident.grouping.as_ref().map(grouping) }
}

/// Both properties are required; an hour and off are what Microsoft's own packages say.
fn suppression_view(suppression: Option<Suppression>) -> SuppressionView {
    let hour = Period(3600 * TICKS_PER_SECOND);
    let Suppression { duration, enabled } = suppression.unwrap_or(Suppression { duration: hour, enabled: false });
    SuppressionView { duration: duration.iso(), enabled }
}
