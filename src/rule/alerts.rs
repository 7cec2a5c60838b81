//! What the alerts of an analytics rule look like: entities, details, incidents.

use super::fields::{Field, Fields, Reader};
use super::{
    AlertDetailsOverride, Alerts, Duration, EntityMapping, EventGrouping, IncidentConfiguration, IncidentGrouping,
    MatchingMethod, Spanned,
};
use crate::span::Span;
use crate::yaml::NodeKind;

/// Reads every key about alerts.
pub fn read_alerts(reader: &mut Reader, fields: &mut Fields<'_>) -> Alerts {
    const GROUPINGS: &[(&str, EventGrouping)] =
        &[("SingleAlert", EventGrouping::SingleAlert), ("AlertPerResult", EventGrouping::AlertPerResult)];
    let entity_mappings = read_entity_mappings(reader, fields);
    let mut sentinel_entities_mappings = Vec::new();
    if let Some(field) = fields.take(reader, "sentinelEntitiesMappings") {
        for (item, mut fields) in reader.list_of_fields(&field) {
            let column = reader.need(&mut fields, "columnName", item.place());
            sentinel_entities_mappings.extend(column.and_then(|field| reader.text(&field)));
            fields.finish(reader);
        }
    }
    let mut event_grouping = None;
    if let Some(field) = fields.take_any(reader, &["eventGroupingSettings", "eventGroupSettings"])
        && let Some(mut fields) = reader.fields(&field)
    {
        event_grouping = fields.take(reader, "aggregationKind").and_then(|field| reader.choice(&field, GROUPINGS));
        fields.finish(reader);
    }
    Alerts {
        entity_mappings,
        sentinel_entities_mappings,
        custom_details: read_custom_details(reader, fields),
        details_override: read_details_override(reader, fields),
        event_grouping,
        incident: read_incident(reader, fields),
        suppression_duration: fields.take(reader, "suppressionDuration").and_then(|field| reader.duration(&field)),
        suppression_enabled: fields.take(reader, "suppressionEnabled").and_then(|field| reader.boolean(&field)),
    }
}

fn read_entity_mappings(reader: &mut Reader, fields: &mut Fields<'_>) -> Vec<EntityMapping> {
    let Some(field) = fields.take(reader, "entityMappings") else { return Vec::new() };
    let mut mappings = Vec::new();
    for (item, mut fields) in reader.list_of_fields(&field) {
        let span = item.node.span;
        let entity_type = reader.need(&mut fields, "entityType", item.place());
        let entity_type = entity_type.and_then(|field| reader.text(&field));
        let mut field_mappings = Vec::new();
        if let Some(field) = reader.need(&mut fields, "fieldMappings", item.place()) {
            for (item, mut fields) in reader.list_of_fields(&field) {
                let identifier = match fields.take_any(reader, &["identifier", "identifies"]) {
                    Some(field) => Some(field),
                    None => reader.need(&mut fields, "identifier", item.place()),
                };
                let identifier = identifier.and_then(|field| reader.text(&field));
                let column = reader.need(&mut fields, "columnName", item.place());
                let column = column.and_then(|field| reader.text(&field));
                fields.finish(reader);
                field_mappings.extend(identifier.zip(column));
            }
        }
        fields.finish(reader);
        if let Some(entity_type) = entity_type {
            mappings.push(EntityMapping { entity_type, field_mappings, span });
        }
    }
    mappings
}

fn read_custom_details(reader: &mut Reader, fields: &mut Fields<'_>) -> Vec<(Spanned<String>, Spanned<String>)> {
    let Some(field) = fields.take(reader, "customDetails") else { return Vec::new() };
    let NodeKind::Mapping(entries) = &field.node.kind else {
        // An empty list stands for an empty mapping in exported rules.
        if !matches!(&field.node.kind, NodeKind::Sequence(items) if items.is_empty()) {
            reader.fields(&field);
        }
        return Vec::new();
    };
    let mut details = Vec::new();
    for (key, value) in entries {
        let name = key.as_scalar().map(|key| key.text.clone()).unwrap_or_default();
        let column = Field { path: format!("{}.{name}", field.path), key: key.span, node: value };
        if !value.is_null()
            && let Some(column) = reader.text(&column)
        {
            details.push((Spanned::new(name, key.span), column));
        }
    }
    details
}

fn read_details_override(reader: &mut Reader, fields: &mut Fields<'_>) -> Option<AlertDetailsOverride> {
    let field = fields.take(reader, "alertDetailsOverride")?;
    let mut fields = reader.fields(&field)?;
    let mut take_text = |reader: &mut Reader, names: &[&'static str]| {
        fields.take_any(reader, names).and_then(|field| reader.text(&field))
    };
    let display_name_format = take_text(reader, &["alertDisplayNameFormat", "alertnameFormat"]);
    let description_format = take_text(reader, &["alertDescriptionFormat"]);
    let severity_column = take_text(reader, &["alertSeverityColumnName"]);
    let tactics_column = take_text(reader, &["alertTacticsColumnName"]);
    let mut dynamic_properties = Vec::new();
    if let Some(field) = fields.take(reader, "alertDynamicProperties") {
        for (item, mut fields) in reader.list_of_fields(&field) {
            let property = reader.need(&mut fields, "alertProperty", item.place());
            let property = property.and_then(|field| reader.text(&field));
            let column = reader.need(&mut fields, "value", item.place());
            let column = column.and_then(|field| reader.text(&field));
            fields.finish(reader);
            dynamic_properties.extend(property.zip(column));
        }
    }
    fields.finish(reader);
    Some(AlertDetailsOverride {
        display_name_format,
        description_format,
        severity_column,
        tactics_column,
        dynamic_properties,
    })
}

fn read_incident(reader: &mut Reader, fields: &mut Fields<'_>) -> Option<IncidentConfiguration> {
    let field = fields.take(reader, "incidentConfiguration")?;
    let mut fields = reader.fields(&field)?;
    let create = fields.take(reader, "createIncident").and_then(|field| reader.boolean(&field));
    let grouping = fields.take(reader, "groupingConfiguration").and_then(|field| read_grouping(reader, &field));
    fields.finish(reader);
    Some(IncidentConfiguration { create: create.is_none_or(|create| create.value), grouping })
}

/// The grouping; keys it leaves open have the values the portal begins with: off, five hours, all entities.
fn read_grouping(reader: &mut Reader, field: &Field<'_>) -> Option<IncidentGrouping> {
    const METHODS: &[(&str, MatchingMethod)] = &[
        ("AllEntities", MatchingMethod::AllEntities),
        ("AnyAlert", MatchingMethod::AnyAlert),
        ("Selected", MatchingMethod::Selected),
    ];
    // The first preview of the interface had these words under the name `entitiesMatchingMethod`.
    const OLDER: &[(&str, &str)] = &[("All", "AllEntities"), ("None", "AnyAlert"), ("Custom", "Selected")];
    const FIVE_HOURS: Duration = Duration { ticks: 5 * 3_600 * 10_000_000 };
    let mut fields = reader.fields(field)?;
    let enabled = fields.take(reader, "enabled").and_then(|field| reader.boolean(&field));
    let reopen = fields.take(reader, "reopenClosedIncident").and_then(|field| reader.boolean(&field));
    let lookback = fields.take(reader, "lookbackDuration").and_then(|field| reader.duration(&field));
    let method = fields.take_any(reader, &["matchingMethod", "entitiesMatchingMethod"]);
    let method = method.and_then(|field| reader.choice_or_older(&field, METHODS, OLDER));
    let mut take_texts = |reader: &mut Reader, name| {
        fields.take(reader, name).map(|field| reader.texts(&field, true)).unwrap_or_default()
    };
    let by_entities = take_texts(reader, "groupByEntities");
    let by_alert_details = take_texts(reader, "groupByAlertDetails");
    let by_custom_details = take_texts(reader, "groupByCustomDetails");
    fields.finish(reader);
    Some(IncidentGrouping {
        enabled: enabled.is_some_and(|enabled| enabled.value),
        reopen_closed_incident: reopen.is_some_and(|reopen| reopen.value),
        lookback: lookback.unwrap_or(Spanned::new(FIVE_HOURS, Span::default())),
        matching_method: method.unwrap_or(Spanned::new(MatchingMethod::AllEntities, Span::default())),
        by_entities,
        by_alert_details,
        by_custom_details,
    })
}
