//! What there is to say about an input: a code, a message, a place, and how it is drawn.
//!
//! Stages make diagnostics, `cli` renders them; nothing in between prints. A place is a span of the query or of the
//! rule file; [`crate::span::SourceMap`] turns the one into the other.

mod code;
mod explanation;
pub mod render;

pub use code::{Code, Family};
pub use explanation::{Example, Explanation};

pub use crate::span::Place;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// The rule is broken: no artifact is made of it.
    Error,
    /// The rule is read, but probably not as meant.
    Warning,
    /// A remark.
    Note,
}

impl Severity {
    /// The word in JSON answers and headings.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// One finding about an input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// Stable code.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence, lower case, no full stop, source text in backticks.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What to do, where that is plain.
    pub help: Option<String>,
    /// The text to put in its place, where that mends it.
    pub fix: Option<String>,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: Code, place: Place, message: impl Into<String>) -> Diagnostic {
        Diagnostic { code, severity: Severity::Error, message: message.into(), place, help: None, fix: None }
    }

    /// A warning.
    pub fn warning(code: Code, place: Place, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, place, message) }
    }

    /// A remark.
    pub fn note(code: Code, place: Place, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Note, ..Diagnostic::error(code, place, message) }
    }

    /// The same with a piece of advice.
    pub fn with_help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// The same with a name that was probably meant, in the place of the one that is there.
    pub fn with_similar(mut self, found: Option<&str>) -> Diagnostic {
        if let Some(found) = found {
            self.help = Some(format!("a similar name exists: `{found}`"));
            self.fix = Some(found.to_owned());
        }
        self
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
