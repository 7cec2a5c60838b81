//! Back ends: a detection to an artifact of one target, or a refusal.
//!
//! A fragment is text *or* a [`Refusal`]; [`carry`] decides what a refusal does to its surroundings, the same way for
//! every target. Match on IR enums with every variant named: a new variant must stop each back end from compiling
//! until someone decides.
#![deny(clippy::wildcard_enum_match_arm)]

use crate::crosswalk::{Crosswalk, Vocabulary};
use crate::fidelity::{Findings, Verdict};
use crate::ir::Detection;
use crate::span::Elided;
use crate::template::{TemplateError, Templates};

mod carry;
mod eql;
mod esql;
mod events;
pub mod names;
mod network;
pub mod pipeline;
pub mod regex;
mod sentinel;
mod sigma;
mod splunk;

pub use crate::template::Rendered;
pub use carry::{Answer, Carried, Literal, Tree, carry};

/// Every back end, in the order that lists and reports show them.
pub const ALL: &[&dyn Backend] =
    &[&sigma::Sigma, &splunk::Splunk, &eql::Eql, &esql::EsqlBackend, &sentinel::Sentinel];

/// A target, as users see it.
#[derive(Debug)]
pub struct Target {
    /// Its name on the command line and as a folder.
    pub name: &'static str,
    /// Its name in prose.
    pub title: &'static str,
    /// Extension of its artifacts.
    pub extension: &'static str,
    /// Its profiles; the first is the default.
    pub profiles: &'static [Profile],
}

/// A vocabulary or style of a target.
#[derive(Debug)]
pub struct Profile {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// The words that its artifacts are in; none where they keep those of KQL.
    pub vocabulary: Option<Vocabulary>,
}

/// The profiles of Elastic's languages.
const ELASTIC_PROFILES: &[Profile] = &[
    Profile {
        name: "integration",
        about: "the fields of the Elastic integration that ships the table",
        vocabulary: Some(Vocabulary::Elastic),
    },
    Profile {
        name: "ecs",
        about: "the Elastic Common Schema, as Elastic Defend fills it",
        vocabulary: Some(Vocabulary::Ecs),
    },
    Profile {
        name: "windows",
        about: "Windows event logs, Sysmon among them",
        vocabulary: Some(Vocabulary::ElasticWindows),
    },
];

impl Target {
    /// The words that artifacts of this profile are in; those of KQL if there are none.
    pub fn vocabulary(&self, profile: &str) -> Option<Vocabulary> {
        self.profiles.iter().find(|known| known.name == profile)?.vocabulary
    }
}

/// What a run asks of a back end.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Names.
    pub crosswalk: &'a Crosswalk,
    /// The target's profile; one of its own.
    pub profile: &'a str,
    /// Whether names without a mapping are kept.
    pub native_names: bool,
    /// The index that searches name, if the user gave one.
    pub index: Option<&'a str>,
    /// The templates.
    pub templates: &'a Templates,
}

/// What a back end makes of a detection.
#[derive(Clone, PartialEq, Debug)]
pub struct Emission {
    /// The artifact; none when the detection is refused.
    pub artifact: Option<Rendered>,
    /// Verdict, notes and assumptions.
    pub findings: Findings,
    /// What was left out without changing the meaning.
    pub elided: Vec<Elided>,
}

impl Emission {
    /// The verdict on the artifact.
    pub fn verdict(&self) -> Verdict {
        match self.artifact {
            Some(_) => Verdict::Carried(self.findings.relation),
            None => Verdict::Unsupported,
        }
    }
}

/// A target's code.
pub trait Backend: Sync {
    /// What it is called.
    fn target(&self) -> &'static Target;

    /// The artifact of a detection, or why there is none.
    ///
    /// # Errors
    ///
    /// Only when a template (possibly the user's own) cannot be rendered.
    fn emit(&self, detection: &Detection, options: &Options) -> Result<Emission, TemplateError>;
}

/// The back end of this name.
pub fn find(name: &str) -> Option<&'static dyn Backend> {
    ALL.iter().copied().find(|backend| backend.target().name == name)
}
