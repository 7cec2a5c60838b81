//! The rule file: its text, its lines, and where in it the query's bytes stand.

use std::sync::Arc;

use super::{Place, Span};

/// Where the bytes of a text stand in the file that it was decoded from.
///
/// A query in a YAML block is the file's lines without their indentation, in double quotes also without escapes; so the
/// map is a list of runs. Built in order by [`TextMap::push`], afterwards each byte of the text lies in one run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TextMap {
    runs: Vec<Run>,
    length: u32,
    /// Length of the text without the line breaks at its end.
    trimmed: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Run {
    text: Span,
    file: Span,
}

impl Run {
    /// Whether its bytes are copied one by one; otherwise the run stands for its whole range of the file.
    fn is_copied(self) -> bool {
        self.text.end - self.text.start == self.file.end - self.file.start
    }
}

impl TextMap {
    /// The map of a text that is the whole file.
    pub fn identity(text: &str) -> TextMap {
        let mut map = TextMap::default();
        map.push(text.len(), Span::new(0, text.len()));
        map.trim(text);
        map
    }

    /// Adds a run: the next `length` bytes of the text come from this range of the file.
    ///
    /// Bytes that are copied one by one are a run whose range has that length; an escape is a run of its own.
    pub fn push(&mut self, length: usize, file: Span) {
        if length == 0 {
            return;
        }
        let start = self.length as usize;
        let run = Run { text: Span::new(start, start + length), file };
        self.length = run.text.end;
        match self.runs.last_mut() {
            Some(last) if last.is_copied() && run.is_copied() && last.file.end == run.file.start => {
                last.text.end = run.text.end;
                last.file.end = run.file.end;
            }
            _ => self.runs.push(run),
        }
    }

    /// Fits the map to the text in the form it is used in: with another number of line breaks at its end.
    pub fn trim(&mut self, text: &str) {
        self.trimmed = Span::new(0, text.trim_end_matches(['\r', '\n']).len()).end;
        let length = Span::new(0, text.len()).end;
        while let Some(last) = self.runs.last_mut()
            && last.text.end > length
        {
            let excess = last.text.end - length;
            if last.text.start >= length {
                self.runs.pop();
            } else {
                last.file.end = if last.is_copied() { last.file.end - excess } else { last.file.end };
                last.text.end = length;
            }
        }
        let end = self.runs.last().map_or(0, |run| run.file.end);
        self.length = self.runs.last().map_or(0, |run| run.text.end);
        self.push((length - self.length) as usize, Span { start: end, end });
    }

    /// The map of the text without the bytes at these offsets, which ascend.
    pub fn without(&self, offsets: &[usize]) -> TextMap {
        let mut map = TextMap::default();
        let mut offsets = offsets.iter().map(|offset| Span::new(0, *offset).end).peekable();
        for run in &self.runs {
            let mut at = run.text.start;
            let mut removed = 0;
            let mut keep = |from: u32, to: u32| {
                let file = |offset: u32| (run.file.start + (offset - run.text.start)) as usize;
                map.push((to - from) as usize, Span::new(file(from), file(to)));
            };
            while let Some(offset) = offsets.next_if(|offset| *offset < run.text.end) {
                if run.is_copied() {
                    keep(at, offset);
                }
                at = offset + 1;
                removed += 1;
            }
            if run.is_copied() {
                keep(at, run.text.end);
            } else {
                map.push((run.text.end - run.text.start) as usize - removed, run.file);
            }
        }
        map
    }

    /// Length of the text, in bytes.
    pub fn length(&self) -> usize {
        self.length as usize
    }

    /// The range of the file in which this range of the text stands.
    ///
    /// A place behind the text's last line is shown at the end of that line: what follows in the file is no query.
    pub fn file_span(&self, span: Span) -> Span {
        let start = span.start.min(self.length);
        let end = span.end.clamp(start, self.length);
        if start == end {
            let at = if start >= self.trimmed { self.end_of(self.trimmed) } else { self.start_of(start) };
            return Span { start: at, end: at };
        }
        let (start, end) = (self.start_of(start), self.end_of(end));
        Span { start, end: end.max(start) }
    }

    /// Where in the file the byte at this offset begins.
    fn start_of(&self, offset: u32) -> u32 {
        match self.runs.get(self.runs.partition_point(|run| run.text.end <= offset)) {
            Some(run) if run.is_copied() => run.file.start + (offset - run.text.start),
            Some(run) => run.file.start,
            None => self.runs.last().map_or(0, |run| run.file.end),
        }
    }

    /// Where in the file the byte before this offset ends.
    fn end_of(&self, offset: u32) -> u32 {
        match self.runs.get(self.runs.partition_point(|run| run.text.end < offset)) {
            Some(run) if offset <= run.text.start => run.file.start,
            Some(run) if run.is_copied() => run.file.start + (offset - run.text.start),
            Some(run) => run.file.end,
            None => self.runs.last().map_or(0, |run| run.file.end),
        }
    }
}

/// A range of the file as people count: lines and columns from 1, columns in characters, the end exclusive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Location {
    /// Line of the first character.
    pub line: usize,
    /// Its column.
    pub column: usize,
    /// Line in which the range ends.
    pub end_line: usize,
    /// Column behind the last character.
    pub end_column: usize,
}

/// A rule file and the place of the query in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceMap {
    label: String,
    // Shared: one file may hold many rules.
    text: Arc<str>,
    line_starts: Arc<[u32]>,
    query: TextMap,
}

impl SourceMap {
    /// A file whose query is not known; what is said about the query is then shown at the file's beginning.
    ///
    /// A byte order mark is no part of the text: no column counts it.
    pub fn new(label: impl Into<String>, text: impl Into<String>) -> SourceMap {
        let mut text: String = text.into();
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0).chain(breaks.map(|(at, _)| Span::new(0, at + 1).end)).collect();
        SourceMap { label: label.into(), text: text.into(), line_starts, query: TextMap::default() }
    }

    /// The same file, its query standing where the map says.
    pub fn with_query(mut self, query: TextMap) -> SourceMap {
        self.query = query;
        self
    }

    /// What the file is called.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The file's text, without byte order mark.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The range of the file that a place means. [`Place::Whole`] is the empty range at its beginning.
    pub fn file_span(&self, place: Place) -> Span {
        let span = match place {
            Place::Whole => Span::default(),
            Place::File(span) => span,
            Place::Query(span) => self.query.file_span(span),
        };
        let start = self.floor(span.start);
        Span { start, end: self.floor(span.end).max(start) }
    }

    /// The lines and columns of the file that a place means. [`Place::Whole`] is its first character.
    pub fn locate(&self, place: Place) -> Location {
        let span = self.file_span(place);
        let (line, column) = self.line_and_column(span.start);
        let (end_line, end_column) = self.line_and_column(span.end);
        Location { line, column, end_line, end_column }
    }

    /// The byte range of a line, from 1, without its line break. A line that is not there is empty.
    pub fn line_span(&self, line: usize) -> Span {
        let end_of_text = Span::new(0, self.text.len()).end;
        let start = line.checked_sub(1).and_then(|index| self.line_starts.get(index)).copied().unwrap_or(end_of_text);
        let end = self.line_starts.get(line).copied().unwrap_or(end_of_text);
        let span = Span { start, end };
        let kept = span.of(&self.text).trim_end_matches(['\r', '\n']).len();
        Span::new(start as usize, start as usize + kept)
    }

    fn line_and_column(&self, offset: u32) -> (usize, usize) {
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = self.line_starts[line - 1];
        (line, Span { start, end: offset }.of(&self.text).chars().count() + 1)
    }

    /// The last character boundary at or before an offset.
    fn floor(&self, offset: u32) -> u32 {
        let mut offset = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        Span::new(0, offset).end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_copied_or_stand_for_all_of_their_range() {
        // The file `ab\\ncd`, an escape in the middle, decoded to `ab`, a line break and `cd`.
        let mut map = TextMap::default();
        map.push(2, Span::new(10, 12));
        map.push(1, Span::new(12, 14));
        map.push(2, Span::new(14, 16));
        map.trim("ab\ncd");
        let file = |start, end| map.file_span(Span::new(start, end)).range();
        assert_eq!(file(0, 1), 10..11);
        assert_eq!(file(1, 2), 11..12);
        assert_eq!(file(2, 3), 12..14);
        assert_eq!(file(1, 4), 11..15);
        assert_eq!(file(3, 5), 14..16);
        assert_eq!(file(2, 2), 12..12);
        assert_eq!(file(5, 5), 16..16);
        assert_eq!(file(4, 99), 15..16);
    }

    #[test]
    fn bytes_of_the_text_may_be_left_out() {
        // The file `a` CR LF `b\\r\\nc`, its escapes decoded, then without carriage returns.
        let mut map = TextMap::default();
        map.push(4, Span::new(10, 14));
        map.push(1, Span::new(14, 16));
        map.push(1, Span::new(16, 18));
        map.push(1, Span::new(18, 19));
        let map = map.without(&[1, 4]);
        let file = |start, end| map.file_span(Span::new(start, end)).range();
        assert_eq!(map.length(), 5);
        assert_eq!((file(0, 1), file(1, 2), file(2, 3)), (10..11, 12..13, 13..14));
        assert_eq!((file(3, 4), file(4, 5)), (16..18, 18..19));
    }

    #[test]
    fn a_text_may_end_with_more_or_fewer_line_breaks_than_its_file() {
        let mut map = TextMap::identity("ab");
        map.trim("ab\n");
        assert_eq!((map.length(), map.file_span(Span::new(3, 3)).range()), (3, 2..2));
        assert_eq!(map.file_span(Span::new(2, 3)).range(), 2..2);
        let mut map = TextMap::identity("ab\n\n\n");
        map.trim("ab\n");
        assert_eq!((map.length(), map.file_span(Span::new(3, 3)).range()), (3, 2..2));
        assert_eq!(map.file_span(Span::new(1, 3)).range(), 1..3);
        let mut map = TextMap::default();
        map.trim("");
        assert_eq!(map.file_span(Span::new(0, 9)).range(), 0..0);
    }

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let source = SourceMap::new("a", "\u{feff}é😀x\r\n\nlast");
        let located = |start, end| {
            let at = source.locate(Place::File(Span::new(start, end)));
            (at.line, at.column, at.end_line, at.end_column)
        };
        assert_eq!(located(0, 2), (1, 1, 1, 2));
        assert_eq!(located(6, 7), (1, 3, 1, 4));
        assert_eq!(located(9, 9), (2, 1, 2, 1));
        assert_eq!(located(10, 14), (3, 1, 3, 5));
        assert_eq!(located(99, 999), (3, 5, 3, 5));
        // Inside a character: its beginning.
        assert_eq!(located(3, 4), (1, 2, 1, 2));
        assert_eq!(source.line_span(1).of(source.text()), "é😀x");
        assert_eq!(source.line_span(9).of(source.text()), "");
        assert_eq!(source.locate(Place::Whole).line, 1);
    }
}
