//! Diagnostics as text: drawn under the file's own lines, on one line, or as JSON.
//!
//! Whatever the file holds, the text shown is safe for a terminal: control characters, and characters that change the
//! direction of writing, are replaced; of a line that is too long only the part around the place is shown.

mod github;
mod sarif;

pub use github::github;
pub use sarif::{Subject, sarif};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde_json::{Value, json};

use super::{Diagnostic, Severity};
use crate::span::{Location, Place, SourceMap};

/// How many characters of a line are shown.
const WIDTH: usize = 120;
/// How many characters are shown before the place in a line that is cut.
const BEFORE: usize = 40;
/// How many lines of a place are shown; of a longer one only the first line is.
const MAX_LINES: usize = 6;

/// The diagnostic with the lines it is about, carets under the place, and its advice. No line break at the end.
pub fn full(diagnostic: &Diagnostic, source: &SourceMap, color: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(clean(&diagnostic.message)).id(diagnostic.code.name());
    let label = clean(source.label());
    let location = source.locate(diagnostic.place);
    let excerpt = match diagnostic.place {
        Place::Whole => None,
        Place::File(_) | Place::Query(_) => Some(Excerpt::of(source, location)),
    };
    let mut group: Group<'_> = match &excerpt {
        None => title.element(Origin::path(label)),
        Some(excerpt) => {
            let snippet = Snippet::source(excerpt.text.as_str())
                .line_start(location.line)
                .fold(false)
                .annotation(AnnotationKind::Primary.span(excerpt.start..excerpt.end));
            if excerpt.is_cut {
                // The column shown has to be the file's, not that of what is left of the line.
                let origin = Origin::path(label).line(location.line).char_column(location.column);
                title.element(origin).element(snippet)
            } else {
                title.element(snippet.path(label))
            }
        }
    };
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(clean(help)));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

/// The diagnostic on one line: `path:line:column: error[KQL0002]: message`.
pub fn concise(diagnostic: &Diagnostic, source: &SourceMap) -> String {
    let Location { line, column, .. } = source.locate(diagnostic.place);
    let (severity, code) = (diagnostic.severity.word(), diagnostic.code.name());
    format!("{}:{line}:{column}: {severity}[{code}]: {}", clean(source.label()), clean(&diagnostic.message))
}

/// The diagnostic as machines read it. What is about the input as a whole is at its first character.
pub fn json(diagnostic: &Diagnostic, source: &SourceMap) -> Value {
    let location = source.locate(diagnostic.place);
    json!({
        "code": diagnostic.code.name(),
        "severity": diagnostic.severity.word(),
        "message": diagnostic.message,
        "file": source.label(),
        "line": location.line,
        "column": location.column,
        "end_line": location.end_line,
        "end_column": location.end_column,
        "help": diagnostic.help,
        "fix": diagnostic.fix,
    })
}

/// The lines of a place, fit to be shown, and the place in them.
struct Excerpt {
    text: String,
    start: usize,
    end: usize,
    /// Whether the beginning of its first line is left out.
    is_cut: bool,
}

impl Excerpt {
    fn of(source: &SourceMap, location: Location) -> Excerpt {
        let line = |number: usize| source.line_span(number).of(source.text());
        // A place that ends with a line break ends on that line.
        let last = match location.end_column {
            1 if location.end_line > location.line => location.end_line - 1,
            _ => location.end_line,
        };
        let is_long = |number: usize| line(number).chars().nth(WIDTH).is_some();
        let first_only = last - location.line >= MAX_LINES || (location.line..=last).any(is_long);
        let last = if first_only { location.line } else { last };
        let length = |number: usize| line(number).chars().count();
        let end_column = if last == location.end_line { location.end_column } else { length(last) + 1 };
        if last == location.line {
            return Excerpt::of_line(line(last), location.column - 1, end_column.max(location.column) - 1);
        }
        let mut text = String::new();
        let (mut start, mut end) = (0, 0);
        for number in location.line..=last {
            let shown = clean(line(number));
            if number == location.line {
                start = byte_of(&shown, location.column - 1);
            }
            if number == last {
                end = text.len() + byte_of(&shown, end_column - 1);
            }
            text.push_str(&shown);
            text.push('\n');
        }
        Excerpt { text, start, end, is_cut: false }
    }

    /// One line, cut to what fits, with the place's columns, from 0.
    fn of_line(line: &str, start: usize, end: usize) -> Excerpt {
        if line.chars().nth(WIDTH).is_none() {
            let text = clean(line);
            let (start, end) = (byte_of(&text, start), byte_of(&text, end));
            return Excerpt { text, start, end, is_cut: false };
        }
        let skipped = if start > WIDTH - BEFORE { start - BEFORE } else { 0 };
        let mut text = String::from(if skipped > 0 { "…" } else { "" });
        let marks = usize::from(skipped > 0);
        let mut rest = line.chars().skip(skipped);
        text.extend(rest.by_ref().take(WIDTH).map(safe));
        let shown = text.chars().count();
        let (start, end) = (start - skipped + marks, (end - skipped + marks).min(shown));
        if rest.next().is_some() {
            text.push('…');
        }
        let (start, end) = (byte_of(&text, start), byte_of(&text, end));
        Excerpt { text, start, end: end.max(start), is_cut: skipped > 0 }
    }
}

/// The offset of a character, by its number.
fn byte_of(text: &str, column: usize) -> usize {
    text.char_indices().nth(column).map_or(text.len(), |(offset, _)| offset)
}

/// A text on one line, without anything that a terminal would act upon.
pub fn clean(text: &str) -> String {
    text.chars().map(safe).collect()
}

/// The character itself, or one that shows what stands here: a picture of a control character, or U+FFFD.
fn safe(letter: char) -> char {
    match letter {
        '\t' => letter,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(letter)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => char::REPLACEMENT_CHARACTER,
        _ => letter,
    }
}
