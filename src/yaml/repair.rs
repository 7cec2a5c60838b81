//! One slip that is common in published rules, read as it was meant.
//!
//! The second key of a list item stands below the item's dash instead of below its first key:
//!
//! ```yaml
//!     - connectorId: MicrosoftThreatProtection
//!     dataTypes:
//!         - DeviceProcessEvents
//! ```
//!
//! A list cannot go on with a key, so nothing else can be meant, unless the next line begins another item in the same
//! column: that could be the key's own list. Blanks are put before the key, and all positions are told in the text as it
//! was.

use super::node::{Node, NodeKind};
use crate::span::Span;

/// A key that was read as one of the list item above it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repair {
    /// The key's place.
    pub span: Span,
    /// How many columns it stands too far left.
    pub columns: usize,
}

/// The repairs of a text so far, in the order of the text.
#[derive(Default)]
pub struct Repairs {
    list: Vec<Repair>,
}

impl Repairs {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// All of them.
    pub fn into_list(self) -> Vec<Repair> {
        self.list
    }

    /// The text with the key at this offset moved to the right, if that is what was meant.
    pub fn apply(&mut self, text: &str, offset: usize) -> Option<String> {
        let line_start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
        let indent = offset - line_start;
        let line = text[offset..].lines().next()?;
        let (key, value) = line.split_once(':')?;
        let is_key = !key.is_empty()
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
            && (value.is_empty() || value.starts_with([' ', '\t', '\r']));
        if !is_key || text[line_start..offset].bytes().any(|byte| byte != b' ') {
            return None;
        }
        let item =
            text[..line_start].lines().rev().find(|line| !line.trim().is_empty() && indent_of(line) <= indent)?;
        let first_key = item.get(indent..)?.strip_prefix('-')?;
        if indent_of(item) != indent || !first_key.starts_with(' ') || !first_key.contains(':') {
            return None;
        }
        let columns = 1 + indent_of(first_key);
        let next = text[offset..].lines().skip(1).find(|line| !line.trim().is_empty()).unwrap_or("");
        let (next_indent, next_is_item) = (indent_of(next), next.trim_start().starts_with("- "));
        let value_follows = value.trim().is_empty();
        let is_plain = if next_indent > indent {
            next_indent >= indent + columns
        } else {
            !(value_follows && next_is_item && next_indent == indent)
        };
        if !is_plain {
            return None;
        }
        let original = self.original(Span::new(offset, offset + key.len()));
        self.list.push(Repair { span: original, columns });
        self.list.sort_by_key(|repair| repair.span);
        Some(format!("{}{}{}", &text[..offset], " ".repeat(columns), &text[offset..]))
    }

    /// A span of the repaired text in the text as it was.
    pub fn original(&self, span: Span) -> Span {
        Span { start: self.original_offset(span.start), end: self.original_offset(span.end) }
    }

    fn original_offset(&self, offset: u32) -> u32 {
        let mut offset = offset;
        // Repairs are in order, and each is told in the text as it was: blanks before it have been taken off already.
        for repair in &self.list {
            if offset > repair.span.start {
                let columns = Span::new(0, repair.columns).end;
                offset = offset.saturating_sub(columns).max(repair.span.start);
            }
        }
        offset
    }

    /// Puts every span of a tree where it stands in the text as it was.
    pub fn place(&self, node: &mut Node) {
        node.span = self.original(node.span);
        match &mut node.kind {
            NodeKind::Scalar(_) => {}
            NodeKind::Sequence(items) => items.iter_mut().for_each(|item| self.place(item)),
            NodeKind::Mapping(entries) => entries.iter_mut().for_each(|(key, value)| {
                self.place(key);
                self.place(value);
            }),
        }
    }
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}
