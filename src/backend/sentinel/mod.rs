//! Sentinel: the rule as a deployable ARM template, its query as written.
//!
//! Hunting queries become saved searches, analytics rules become alert rules. The artifact is the rule itself, so the
//! verdict is always exact and the names are always mapped. Resource names derive from the rule's id, so deploying
//! again updates the same resource.
//!
//! <https://learn.microsoft.com/azure/templates/microsoft.securityinsights/alertrules>

use uuid::Uuid;

use super::{Backend, Emission, Options, Profile, Target};
use crate::diagnostic::Code;
use crate::fidelity::{Findings, Note};
use crate::ir::{Detection, Kind, Severity};
use crate::span::Span;
use crate::template::{Rendered, TemplateError};

mod view;

use view::{Analytics, Hunting};

/// The back end.
#[derive(Debug)]
pub struct Sentinel;

static TARGET: Target = Target {
    name: "sentinel",
    title: "Sentinel ARM",
    extension: "json",
    profiles: &[Profile { name: "arm", about: "a deployable ARM template for one rule", vocabulary: None }],
};

impl Backend for Sentinel {
    fn target(&self) -> &'static Target {
        &TARGET
    }

    fn emit(&self, detection: &Detection, options: &Options) -> Result<Emission, TemplateError> {
        let mut findings = Findings::default();
        let artifact = render(detection, options, &mut findings)?;
        Ok(Emission { artifact: Some(artifact), findings, elided: Vec::new() })
    }
}

fn render(detection: &Detection, options: &Options, findings: &mut Findings) -> Result<Rendered, TemplateError> {
    let (schedule, alerts) = match &detection.kind {
        Kind::Hunting => {
            return options.templates.render("sentinel/hunting.json.j2", &Hunting::new(detection));
        }
        Kind::Scheduled { schedule, alerts } => (Some(schedule), alerts),
        Kind::NearRealTime { alerts } => (None, alerts),
    };
    let severity = detection.meta.severity.unwrap_or_else(|| {
        findings.notes.insert(Note {
            span: Span::default(),
            code: Code::DefaultUsed,
            cause: None,
            message: "the rule states no severity; `Medium` is used".to_owned(),
        });
        Severity::Medium
    });
    let view = Analytics::new(detection, severity, schedule, alerts);
    options.templates.render("sentinel/analytics.json.j2", &view)
}

/// The resource's name: the rule's id if it is a UUID, else a UUID derived from it.
fn resource_guid(detection: &Detection) -> Uuid {
    let meta = &detection.meta;
    Uuid::parse_str(meta.id.trim()).unwrap_or_else(|_| {
        let id = if meta.id.is_empty() { &meta.name } else { &meta.id };
        Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes())
    })
}

#[cfg(test)]
mod tests;
