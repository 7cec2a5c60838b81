//! Everything of a rule besides its query.

use crate::{ir, rule};

/// The detection of a rule whose query is this one.
pub(super) fn detection(rule: &rule::Rule, query: ir::Query) -> ir::Detection {
    let text = |value: &rule::Spanned<String>| value.value.clone();
    let texts = |values: &[rule::Spanned<String>]| values.iter().map(text).collect();
    let meta = ir::Meta {
        id: text(&rule.id),
        name: text(&rule.name),
        description: rule
            .description
            .as_ref()
            .map(|description| description.value.trim_end().to_owned())
            .unwrap_or_default(),
        version: rule.version.as_ref().map(text),
        severity: rule.severity.as_ref().map(|severity| match severity.value {
            rule::Severity::Informational => ir::Severity::Informational,
            rule::Severity::Low => ir::Severity::Low,
            rule::Severity::Medium => ir::Severity::Medium,
            rule::Severity::High => ir::Severity::High,
        }),
        tactics: rule.tactics.iter().map(|tactic| ir::Tactic(text(tactic))).collect(),
        techniques: rule.techniques.iter().map(|technique| ir::Technique(text(technique))).collect(),
        references: texts(&rule.references),
        author: rule.author.as_ref().map(text),
        false_positives: texts(&rule.false_positives),
    };
    let kind = match &rule.kind {
        rule::RuleKind::Hunting => ir::Kind::Hunting,
        rule::RuleKind::Scheduled(schedule) => ir::Kind::Scheduled {
            schedule: ir::Schedule {
                frequency: period(&schedule.frequency.value),
                period: period(&schedule.period.value),
                trigger: ir::Trigger {
                    operator: match schedule.operator.value {
                        rule::TriggerOperator::GreaterThan => ir::TriggerOperator::GreaterThan,
                        rule::TriggerOperator::LessThan => ir::TriggerOperator::LessThan,
                        rule::TriggerOperator::Equal => ir::TriggerOperator::Equal,
                        rule::TriggerOperator::NotEqual => ir::TriggerOperator::NotEqual,
                    },
                    threshold: schedule.threshold.value,
                },
            },
            alerts: Box::new(alerts(&rule.alerts)),
        },
        rule::RuleKind::NearRealTime => ir::Kind::NearRealTime { alerts: Box::new(alerts(&rule.alerts)) },
    };
    ir::Detection { meta, kind, query, text: text(&rule.query) }
}

fn period(duration: &rule::Duration) -> ir::Period {
    ir::Period(duration.ticks)
}

fn alerts(alerts: &rule::Alerts) -> ir::Alerts {
    let text = |value: &rule::Spanned<String>| value.value.clone();
    let pairs = |pairs: &[(rule::Spanned<String>, rule::Spanned<String>)]| {
        pairs.iter().map(|(key, value)| (text(key), text(value))).collect()
    };
    ir::Alerts {
        entities: alerts
            .entity_mappings
            .iter()
            .map(|mapping| ir::EntityMapping {
                entity_type: text(&mapping.entity_type),
                fields: pairs(&mapping.field_mappings),
                place: mapping.span,
            })
            .collect(),
        custom_details: pairs(&alerts.custom_details),
        alert_override: alerts.details_override.as_ref().map(|given| ir::AlertOverride {
            display_name_format: given.display_name_format.as_ref().map(text),
            description_format: given.description_format.as_ref().map(text),
            severity_column: given.severity_column.as_ref().map(text),
            tactics_column: given.tactics_column.as_ref().map(text),
            dynamic_properties: pairs(&given.dynamic_properties),
        }),
        grouping: alerts.event_grouping.as_ref().map(|grouping| match grouping.value {
            rule::EventGrouping::SingleAlert => ir::EventGrouping::SingleAlert,
            rule::EventGrouping::AlertPerResult => ir::EventGrouping::AlertPerResult,
        }),
        incident: alerts.incident.as_ref().map(|incident| ir::Incident {
            create: incident.create,
            grouping: incident.grouping.as_ref().map(|grouping| ir::IncidentGrouping {
                enabled: grouping.enabled,
                reopen_closed: grouping.reopen_closed_incident,
                lookback: period(&grouping.lookback.value),
                matching: grouping.matching_method.value.name().to_owned(),
                by_entities: grouping.by_entities.iter().map(text).collect(),
                by_alert_details: grouping.by_alert_details.iter().map(text).collect(),
                by_custom_details: grouping.by_custom_details.iter().map(text).collect(),
            }),
        }),
        suppression: suppression(alerts),
        sentinel_entities: alerts.sentinel_entities_mappings.iter().map(text).collect(),
    }
}

/// The two keys belong together; five hours off is what Sentinel fills in for the one that is missing.
fn suppression(alerts: &rule::Alerts) -> Option<ir::Suppression> {
    let (duration, enabled) = (&alerts.suppression_duration, &alerts.suppression_enabled);
    (duration.is_some() || enabled.is_some()).then(|| ir::Suppression {
        duration: duration
            .as_ref()
            .map_or(ir::Period(5 * ir::TICKS_PER_DAY / 24), |duration| period(&duration.value)),
        enabled: enabled.as_ref().is_some_and(|enabled| enabled.value),
    })
}
