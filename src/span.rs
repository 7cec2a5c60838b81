//! Byte ranges of source text, the sets of them that a node was built from, and where they stand in the rule file.
//!
//! A [`Span`] counts bytes of the text it belongs to: the KQL query for everything from `kql` on, the rule
//! file for `yaml` and `rule`. A [`Place`] says which of the two is meant, and a [`SourceMap`] turns either into
//! lines and columns of the file.

mod source;

pub use source::{Location, SourceMap, TextMap};

use std::ops::Range;

use serde::{Serialize, Serializer};

/// What a finding points at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Place {
    /// The input as a whole.
    Whole,
    /// A range of the file.
    File(Span),
    /// A range of the query's text.
    Query(Span),
}

/// A half-open byte range.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

/// As `[start, end]`.
impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.start, self.end).serialize(serializer)
    }
}

/// As the list of all spans.
impl Serialize for Origins {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.spans.serialize(serializer)
    }
}

impl Span {
    /// The range `start..end`. Texts are limited to 4 GiB long before a span is made.
    pub fn new(start: usize, end: usize) -> Span {
        let offset = |value: usize| u32::try_from(value).expect("source texts are limited to less than 4 GiB");
        Span { start: offset(start), end: offset(end) }
    }

    /// The smallest span that holds both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Whether every byte of `other` is in this span.
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The range as slices want it.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The text of this span. An out-of-range span yields the empty text.
    pub fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or("")
    }
}

/// The source leaves (operator tokens, literals, column references) that a node was built from.
///
/// A node holds its own leaves, not those of its children: when a child is lost, so are its origins, and the
/// law that every leaf is accounted for notices. Leaves of a definition that was put in place (the value of a `let`,
/// an argument) stand *elsewhere*: they belong to the node, but not to the place that a note about it points at. Nor do
/// those of a condition that was joined with another one; where it stood, a note about both is *due as well*.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Origins {
    spans: Vec<Span>,
    elsewhere: Vec<Span>,
    due: Vec<Span>,
}

impl Origins {
    /// No source at all: made by the compiler.
    pub fn none() -> Origins {
        Origins::default()
    }

    /// The spans, ascending, each once.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Whether there are no spans.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The same leaves, all standing elsewhere.
    pub fn moved(self) -> Origins {
        Origins { elsewhere: self.spans.clone(), ..self }
    }

    /// The same leaves as those of a condition that is joined with another one.
    pub fn joined(self) -> Origins {
        let place = self.hull();
        let mut joined = self.moved();
        joined.due.extend(place);
        joined.due.sort_unstable();
        joined.due.dedup();
        joined
    }

    /// Where conditions stood that were joined with this one: what is said about it is to be said there, too.
    pub fn due(&self) -> &[Span] {
        &self.due
    }

    /// Those that stand elsewhere.
    pub fn elsewhere(&self) -> Origins {
        Origins { spans: self.elsewhere.clone(), elsewhere: self.elsewhere.clone(), due: Vec::new() }
    }

    /// Adds the spans of `other`.
    pub fn extend(&mut self, other: &Origins) {
        let sets =
            [(&mut self.spans, &other.spans), (&mut self.elsewhere, &other.elsewhere), (&mut self.due, &other.due)];
        for (own, added) in sets {
            // Mostly what stands later is added later: then there is nothing to sort.
            let is_sorted = own.last() < added.first();
            own.extend_from_slice(added);
            if !is_sorted && !added.is_empty() {
                own.sort_unstable();
                own.dedup();
            }
        }
    }

    /// Both sets together.
    pub fn and(mut self, other: &Origins) -> Origins {
        self.extend(other);
        self
    }

    /// The smallest span that holds all those that do not stand elsewhere; if all do, the smallest that holds them.
    pub fn hull(&self) -> Option<Span> {
        let here = self.spans.iter().filter(|span| self.elsewhere.binary_search(span).is_err());
        here.copied().reduce(Span::to).or_else(|| self.spans.iter().copied().reduce(Span::to))
    }
}

impl From<Span> for Origins {
    fn from(span: Span) -> Origins {
        Origins { spans: vec![span], ..Origins::none() }
    }
}

impl FromIterator<Span> for Origins {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Origins {
        let mut spans: Vec<Span> = spans.into_iter().collect();
        spans.sort_unstable();
        spans.dedup();
        Origins { spans, ..Origins::none() }
    }
}

impl<'a> FromIterator<&'a Origins> for Origins {
    /// All sets together, sorted once.
    fn from_iter<I: IntoIterator<Item = &'a Origins>>(sets: I) -> Origins {
        let mut all = Origins::none();
        for set in sets {
            all.spans.extend_from_slice(&set.spans);
            all.elsewhere.extend_from_slice(&set.elsewhere);
            all.due.extend_from_slice(&set.due);
        }
        for spans in [&mut all.spans, &mut all.elsewhere, &mut all.due] {
            spans.sort_unstable();
            spans.dedup();
        }
        all
    }
}

/// A source leaf that was removed, and the law by which removing it changes nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Elided {
    /// What was removed.
    pub origins: Origins,
    /// Why that is right, as a short sentence without full stop: `unused let`, `condition always true`.
    pub law: &'static str,
}
