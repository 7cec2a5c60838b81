//! How a column's value appears in a target's field, and how a test on the column reads there.

use std::collections::BTreeMap;

use crate::fidelity::Match;
use crate::ir::{TestOp, Truth};

/// How a column's value appears in a field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Form {
    /// As it is.
    Same,
    /// In lower case.
    Lowercase,
    /// Under another name; values not listed are not stored in this field.
    Renamed {
        /// KQL value to field value.
        values: BTreeMap<String, String>,
    },
    /// As the part behind the last of these separators: a file name in a path, a user in `DOMAIN\user`.
    After {
        /// The separators.
        separators: Vec<char>,
    },
    /// As the part before the first separator: a domain in `DOMAIN\user`.
    Before {
        /// The separator.
        separator: char,
    },
    /// Among others, behind a tag: `SHA1=…` in `MD5=…,SHA1=…`. Letter case is not kept.
    Tagged {
        /// The tag.
        tag: String,
    },
    /// As text: `true`, `false`, digits.
    Text,
    /// Not at all: every event of the source has this value.
    Always {
        /// The value.
        value: String,
    },
}

/// A test on a column, as it reads on the field.
#[derive(Clone, PartialEq, Debug)]
pub struct Translation {
    /// The test, or its constant answer.
    pub test: Translated,
    /// What it matches, compared with the test on the column, when it is not negated.
    pub relation: Match,
    /// Why it is not exact, or what the reader should know.
    pub remark: Option<String>,
}

/// A translated test.
#[derive(Clone, PartialEq, Debug)]
pub enum Translated {
    /// This test on the field.
    Op(TestOp),
    /// The same answer for every event.
    Const(Truth),
}
