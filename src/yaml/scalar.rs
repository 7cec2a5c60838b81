//! Where each byte of a decoded scalar stands in the file.
//!
//! The reader tells the scalar's value, its style and the range it was read from. Walking over both at once, this finds
//! for each character of the value the characters of the file it was made of: indentation is skipped, folded line breaks
//! become spaces, escapes become characters. Every copied character is compared, so a map that exists is right.

use super::node::{Scalar, Style};
use crate::span::{Span, TextMap};

/// The map of a scalar's value to the file. `None` when the two do not fit together.
///
/// `span` is the scalar's range as the reader gives it: quotes included, for a block from its first character on.
pub fn map(file: &str, span: Span, scalar: &Scalar) -> Option<TextMap> {
    if scalar.style == Style::Json {
        return super::json::map(file, span, scalar);
    }
    let raw = file.get(span.range())?;
    let mut walk =
        Walk { raw, base: span.start as usize, at: 0, value: &scalar.text, done: 0, map: TextMap::default() };
    match scalar.style {
        Style::Literal | Style::Folded => walk.block(file, span.start as usize, scalar.indent)?,
        Style::SingleQuoted => walk.quoted('\'')?,
        Style::DoubleQuoted => walk.quoted('"')?,
        Style::Plain | Style::Json => walk.flow(None)?,
        Style::Tagged => match raw.as_bytes().first() {
            Some(b'\'') => walk.quoted('\'')?,
            Some(b'"') => walk.quoted('"')?,
            _ if scalar.indent > 0 => walk.block(file, span.start as usize, scalar.indent)?,
            _ => walk.flow(None)?,
        },
    }
    (walk.done == scalar.text.len()).then_some(walk.map)
}

struct Walk<'a> {
    /// The scalar as spelled.
    raw: &'a str,
    /// Where it begins in the file.
    base: usize,
    /// How much of it is behind us.
    at: usize,
    /// The scalar decoded.
    value: &'a str,
    /// How much of it is behind us.
    done: usize,
    map: TextMap,
}

impl<'a> Walk<'a> {
    fn raw_rest(&self) -> &'a str {
        &self.raw[self.at..]
    }

    fn value_rest(&self) -> &'a str {
        &self.value[self.done..]
    }

    /// The next `length` bytes of the value come from the next `raw_length` bytes of the file.
    fn push(&mut self, length: usize, raw_length: usize) {
        let start = self.base + self.at;
        self.map.push(length, Span::new(start, start + raw_length));
        self.done += length;
        self.at += raw_length;
    }

    /// The next `length` bytes of the file are copied.
    fn copy(&mut self, length: usize) -> Option<()> {
        let text = self.raw_rest().get(..length)?;
        self.value_rest().starts_with(text).then(|| self.push(length, length))
    }

    /// A block: `file` and `start` are for the blank lines before its first character, which the range leaves out.
    fn block(&mut self, file: &str, start: usize, indent: usize) -> Option<()> {
        let leading = self.value.len() - self.value.trim_start_matches('\n').len();
        let before = &file[..start];
        // Of a block of blanks alone the reader does not tell the indentation.
        let column = start - before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let indent = if indent == 0 { column } else { indent };
        let blank = before.len() - before.trim_end_matches([' ', '\t', '\r', '\n']).len();
        let mut breaks: Vec<Span> = breaks(&before[before.len() - blank..])
            .map(|(at, length)| Span::new(start - blank + at, start - blank + at + length))
            .collect();
        // The last breaks before the first line are those of the blank lines; what is before them ends the header.
        let kept = breaks.len().checked_sub(leading);
        let breaks = match kept {
            Some(kept) => breaks.split_off(kept),
            None => breaks,
        };
        for line_break in &breaks {
            self.map.push(1, *line_break);
            self.done += 1;
        }
        // A block of nothing but blank lines may stand behind its own range.
        if self.value_rest().bytes().all(|byte| byte == b'\n') && self.raw.trim().is_empty() {
            let end = self.base;
            self.map.push(self.value_rest().len(), Span::new(end, end));
            self.done = self.value.len();
            return Some(());
        }
        loop {
            let line = self.raw_rest().find(['\n', '\r']).unwrap_or(self.raw_rest().len());
            self.copy(line)?;
            if self.raw_rest().is_empty() {
                break;
            }
            self.fold(indent)?;
        }
        // The line break that the last line of a file may lack.
        let rest = self.value_rest().len();
        if self.value_rest().bytes().all(|byte| byte == b'\n') {
            self.push(rest, 0);
        }
        Some(())
    }

    /// The line breaks at this place, with the indentation behind them: as many breaks as the value has, or one space.
    fn fold(&mut self, indent: usize) -> Option<()> {
        let start = self.at;
        let mut lines = Vec::new();
        while let Some(length) = break_length(self.raw_rest()) {
            lines.push(Span::new(self.base + self.at, self.base + self.at + length));
            self.at += length;
            let blanks = self.raw_rest().bytes().take(indent).take_while(|byte| *byte == b' ').count();
            self.at += blanks;
        }
        let behind = self.at;
        debug_assert!(behind > start);
        if lines.len() == 1 && self.value_rest().starts_with(' ') {
            self.map.push(1, lines[0]);
            self.done += 1;
            return Some(());
        }
        let kept = self.value_rest().bytes().take_while(|byte| *byte == b'\n').count().min(lines.len());
        // Folding drops the first break, chomping the last ones.
        let first = if self.raw_rest().is_empty() { 0 } else { lines.len() - kept };
        for line in &lines[first..first + kept] {
            self.map.push(1, *line);
            self.done += 1;
        }
        Some(())
    }

    fn quoted(&mut self, quote: char) -> Option<()> {
        self.at += self.raw.strip_prefix(quote).map(|_| quote.len_utf8())?;
        self.flow(Some(quote))
    }

    /// A scalar whose lines are folded wherever they break: bare, or inside quotes up to the closing one.
    fn flow(&mut self, quote: Option<char>) -> Option<()> {
        loop {
            let rest = self.raw_rest();
            let Some(letter) = rest.chars().next() else { return quote.is_none().then_some(()) };
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            if break_length(&rest[blanks..]).is_some() {
                self.at += blanks;
                self.fold_flow()?;
            } else if Some(letter) == quote {
                if letter == '\'' && rest[1..].starts_with('\'') {
                    self.value_rest().starts_with('\'').then(|| self.push(1, 2))?;
                } else {
                    return Some(());
                }
            } else if letter == '\\' && quote == Some('"') {
                self.escape()?;
            } else {
                self.copy(letter.len_utf8())?;
            }
        }
    }

    /// Line breaks in a flow scalar: one becomes a space, of several the first is dropped.
    fn fold_flow(&mut self) -> Option<()> {
        let mut lines = Vec::new();
        while let Some(length) = break_length(self.raw_rest()) {
            lines.push(Span::new(self.base + self.at, self.base + self.at + length));
            self.at += length;
            self.at += self.raw_rest().len() - self.raw_rest().trim_start_matches([' ', '\t']).len();
        }
        if let [line] = lines.as_slice() {
            self.value_rest().starts_with(' ').then_some(())?;
            self.map.push(1, *line);
            self.done += 1;
            return Some(());
        }
        for line in lines.get(1..)? {
            self.value_rest().starts_with('\n').then_some(())?;
            self.map.push(1, *line);
            self.done += 1;
        }
        Some(())
    }

    /// An escape of a double-quoted scalar, <https://yaml.org/spec/1.2.2/#57-escaped-characters>.
    fn escape(&mut self) -> Option<()> {
        let rest = &self.raw_rest()[1..];
        if let Some(length) = break_length(rest) {
            // The break is dropped with the indentation of the next line; blank lines in between are kept.
            self.at += 1 + length;
            loop {
                let rest = self.raw_rest();
                let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
                self.at += blanks;
                let Some(length) = break_length(self.raw_rest()) else { return Some(()) };
                self.value_rest().starts_with('\n').then(|| self.push(1, length))?;
            }
        }
        let length = match rest.chars().next()? {
            'x' => 4,
            'u' => 6,
            'U' => 10,
            letter => 1 + letter.len_utf8(),
        };
        // The reader joins two escaped surrogates to one character.
        let letter = self.value_rest().chars().next()?;
        let length = if letter.len_utf8() == 4 && length == 6 { 12 } else { length };
        (length <= self.raw_rest().len()).then(|| self.push(letter.len_utf8(), length))
    }
}

/// Length of the line break at the beginning of a text, if there is one.
fn break_length(text: &str) -> Option<usize> {
    match text.as_bytes() {
        [b'\r', b'\n', ..] => Some(2),
        [b'\n' | b'\r', ..] => Some(1),
        _ => None,
    }
}

/// The line breaks of a text: offset and length.
fn breaks(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        at += text[at..].find(['\n', '\r'])?;
        let length = break_length(&text[at..])?;
        at += length;
        Some((at - length, length))
    })
}
