//! How an artifact relates to its rule: verdicts, the reasons behind them, and what they assume.
//!
//! The words are those of the product: an artifact matches the same events (`exact`), more (`broader`), fewer
//! (`narrower`) or possibly both (`approximate`) on every data set that satisfies its assumptions.

use std::collections::BTreeSet;

use crate::diagnostic::Code;
use crate::span::Span;

/// What an artifact matches, compared with its rule, on the verdict's subject.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Match {
    /// A permitted answer of the rule, on all data.
    Exact,
    /// Contains a permitted answer.
    Broader,
    /// Is contained in a permitted answer.
    Narrower,
    /// Neither is shown.
    Approximate,
}

impl Match {
    /// The least upper bound: what can be said of two parts together.
    pub fn join(self, other: Match) -> Match {
        match (self, other) {
            (Match::Exact, other) | (other, Match::Exact) => other,
            (one, other) if one == other => one,
            _ => Match::Approximate,
        }
    }

    /// The verdict of a part as seen from outside a context of this polarity.
    pub fn under(self, polarity: Polarity) -> Match {
        match (polarity, self) {
            (_, Match::Exact) => Match::Exact,
            (Polarity::Up, part) => part,
            (Polarity::Down, Match::Broader) => Match::Narrower,
            (Polarity::Down, Match::Narrower) => Match::Broader,
            (Polarity::Down, Match::Approximate) | (Polarity::None, _) => Match::Approximate,
        }
    }

    /// The word in manifests and reports.
    pub fn word(self) -> &'static str {
        match self {
            Match::Exact => "exact",
            Match::Broader => "broader",
            Match::Narrower => "narrower",
            Match::Approximate => "approximate",
        }
    }
}

/// What a larger result of a part does to the whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Polarity {
    /// The whole grows with the part.
    Up,
    /// The whole shrinks as the part grows: under `not`, an anti-join, `count() < N`.
    Down,
    /// Neither: under `count() == N`, averages, percentiles.
    None,
}

/// Whether an artifact was written, and what it matches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Verdict {
    /// Written, with this relation to the rule.
    Carried(Match),
    /// Refused as a whole; no artifact is written.
    Unsupported,
}

impl Verdict {
    /// The word in manifests and reports.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Carried(part) => part.word(),
            Verdict::Unsupported => "unsupported",
        }
    }

    /// All words, best first.
    pub const ALL: [Verdict; 5] = [
        Verdict::Carried(Match::Exact),
        Verdict::Carried(Match::Broader),
        Verdict::Carried(Match::Narrower),
        Verdict::Carried(Match::Approximate),
        Verdict::Unsupported,
    ];
}

/// What differs besides the match.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Output {
    /// Names, rendering or presence of output columns.
    Columns,
    /// How many rows stand for one subject.
    Multiplicity,
    /// The order of rows.
    Order,
}

impl Output {
    /// The word in manifests.
    pub fn word(self) -> &'static str {
        match self {
            Output::Columns => "columns",
            Output::Multiplicity => "multiplicity",
            Output::Order => "order",
        }
    }
}

/// Whether names come from the crosswalk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Names {
    /// Every table, column and path has a crosswalk entry.
    Mapped,
    /// Some keep their KQL name.
    Native,
}

impl Names {
    /// The word in manifests.
    pub fn word(self) -> &'static str {
        match self {
            Names::Mapped => "mapped",
            Names::Native => "native",
        }
    }
}

/// Whose limit a verdict below `exact` comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Cause {
    /// The target cannot say it; the manual's page shows that.
    ProductLimit {
        /// Address of the manual's page.
        page: &'static str,
    },
    /// No crosswalk entry, or none that the target stores by default.
    NoMapping,
    /// The target could say it; we do not yet.
    NotImplemented,
    /// Another profile of the target would be closer.
    Profile,
}

impl Cause {
    /// The word in manifests.
    pub fn word(self) -> &'static str {
        match self {
            Cause::ProductLimit { .. } => "product_limit",
            Cause::NoMapping => "no_mapping",
            Cause::NotImplemented => "not_implemented",
            Cause::Profile => "profile",
        }
    }
}

/// One reason behind a verdict, or a remark on delivery (then without cause).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Note {
    /// Where in the query.
    pub span: Span,
    /// Stable code, documented by `explain`.
    pub code: Code,
    /// Whose limit; `None` for a remark that does not lower the verdict.
    pub cause: Option<Cause>,
    /// One sentence, lower case, no full stop.
    pub message: String,
}

/// "Cannot" as a value: the fragment has no form in the target, and this is why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The reason; its cause is always given.
    pub note: Note,
}

impl Refusal {
    /// A refusal of the source at `span`.
    pub fn new(code: Code, cause: Cause, span: Span, message: impl Into<String>) -> Refusal {
        Refusal { note: Note { span, code, cause: Some(cause), message: message.into() } }
    }
}

/// How sure a mapping is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A guess by meaning; never enough for a mapping.
    Low,
    /// Read from one secondary source.
    Medium,
    /// Read from the connector's own definition.
    High,
}

impl Confidence {
    /// The word in manifests.
    pub fn word(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

/// The closed list of what a verdict may assume of the target's data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AssumptionKind {
    /// The source that holds the table's events feeds the target.
    Coverage,
    /// An invertible mapping of high or medium confidence.
    Field,
    /// The artifact runs over the stated look-back.
    Window,
    /// The contents of a list are supplied.
    Supplied,
    /// A product setting: UTC, version, limits of an index mapping.
    Setting,
    /// No non-ASCII letter or digit directly beside the term, and no U+017F, U+212A or U+0130 in it.
    Ascii,
}

impl AssumptionKind {
    /// The word in manifests.
    pub fn word(self) -> &'static str {
        match self {
            AssumptionKind::Coverage => "coverage",
            AssumptionKind::Field => "field",
            AssumptionKind::Window => "window",
            AssumptionKind::Supplied => "supplied",
            AssumptionKind::Setting => "setting",
            AssumptionKind::Ascii => "ascii",
        }
    }
}

/// Something that must hold in the target's data for the verdict to stand.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Assumption {
    /// Which kind.
    pub kind: AssumptionKind,
    /// What exactly, as a sentence without full stop.
    pub text: String,
    /// How sure we are of it.
    pub confidence: Confidence,
}

/// All that is known about one artifact besides its text; fragments are joined into it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Findings {
    /// What the fragment matches, seen from outside.
    pub relation: Match,
    /// Whether a KQL name was kept.
    pub names: Names,
    /// What differs besides.
    pub output: BTreeSet<Output>,
    /// The reasons, in order of source, each once.
    pub notes: BTreeSet<Note>,
    /// What must hold, each once.
    pub assumptions: BTreeSet<Assumption>,
}

impl Default for Findings {
    fn default() -> Findings {
        Findings {
            relation: Match::Exact,
            names: Names::Mapped,
            output: BTreeSet::new(),
            notes: BTreeSet::new(),
            assumptions: BTreeSet::new(),
        }
    }
}

impl Findings {
    /// Joins what is known of another part.
    pub fn join(&mut self, other: Findings) {
        self.relation = self.relation.join(other.relation);
        self.names = self.names.max(other.names);
        self.output.extend(other.output);
        self.notes.extend(other.notes);
        self.assumptions.extend(other.assumptions);
    }

    /// Records a reason that makes the part broader, narrower or approximate.
    pub fn lower(&mut self, relation: Match, note: Note) {
        debug_assert!(relation == Match::Exact || note.cause.is_some(), "a verdict below exact names its cause");
        self.relation = self.relation.join(relation);
        self.notes.insert(note);
    }

    /// Records an assumption.
    pub fn assume(&mut self, kind: AssumptionKind, confidence: Confidence, text: impl Into<String>) {
        self.assumptions.insert(Assumption { kind, text: text.into(), confidence });
    }
}
