//! Comments by which an author allows what would be said about a line.
//!
//! `// siemaphore: allow SEM0002 -- our own function` in the query, `# siemaphore: allow YML0105 -- …` in the YAML
//! around it: alone on its line it is for the line below, else for its own. Warnings and remarks of that code there
//! are taken back. Errors stay, and so do the notes behind a verdict, which are no diagnostics: nothing is lost in
//! silence. A comment without a reason, or that nothing is said without, is told.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, Place, Severity};
use crate::kql::{self, TokenKind};
use crate::span::{SourceMap, Span};
use crate::yaml::{self, Node, NodeKind};

/// What such a comment begins with.
const MARK: &str = "siemaphore:";

/// Takes back what the comments of a file allow, and adds what there is to say about the comments.
///
/// `query` is the query's text if the file has one, `is_yaml` whether the text around it is YAML. Of a broken rule
/// less is said than of others, so no comment in it is called useless.
pub fn apply(source: &SourceMap, query: Option<&str>, is_yaml: bool, diagnostics: &mut Vec<Diagnostic>) {
    if !source.text().contains(MARK) {
        return;
    }
    let query = Lines::of(query.unwrap_or_default());
    let mut comments = in_query(&query);
    if is_yaml {
        comments.extend(in_yaml(source.text()));
    }
    let is_broken = diagnostics.iter().any(Diagnostic::is_error);
    for comment in &comments {
        let (codes, mut remarks) = read(comment);
        for (code, span) in codes {
            let before = diagnostics.len();
            diagnostics.retain(|diagnostic| {
                diagnostic.severity == Severity::Error
                    || diagnostic.code != code
                    || !comment.is_for(diagnostic.place, &query, source)
            });
            if diagnostics.len() == before && !is_broken {
                let message = format!("nothing with the code {} is said about this line", code.name());
                let remark = Diagnostic::warning(Code::UnusedSuppression, comment.place(span), message);
                remarks.push(remark.with_help("remove it; errors and the notes behind a verdict cannot be allowed"));
            }
        }
        diagnostics.extend(remarks);
    }
}

/// A comment that begins with the mark.
struct Comment {
    /// What follows the mark.
    text: String,
    /// Where that stands: in the query, or in the file.
    start: usize,
    in_query: bool,
    /// The line it is for, from 0: of the query, or of the file.
    line: usize,
}

impl Comment {
    fn place(&self, span: Span) -> Place {
        if self.in_query { Place::Query(span) } else { Place::File(span) }
    }

    fn is_for(&self, place: Place, query: &Lines<'_>, source: &SourceMap) -> bool {
        match (self.in_query, place) {
            (true, Place::Query(span)) => query.line_of(span.start) == self.line,
            (true, _) => false,
            (false, place) => source.locate(place).line == self.line + 1,
        }
    }
}

/// A text and where its lines begin.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<u32>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Lines<'a> {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| Span::new(0, at + 1).end)).collect();
        Lines { text, starts }
    }

    /// The line, from 0, of a byte.
    fn line_of(&self, offset: u32) -> usize {
        self.starts.partition_point(|start| *start <= offset) - 1
    }
}

/// The comments of a query.
fn in_query(query: &Lines<'_>) -> Vec<Comment> {
    let mut comments: Vec<Comment> = Vec::new();
    // How many of the comments, from the end, wait for the line below them.
    let mut waiting = 0;
    let mut last_line_with_code = None;
    for token in kql::lex(query.text) {
        if !token.kind.is_trivia() {
            let line = query.line_of(token.span.start);
            for comment in comments.iter_mut().rev().take(waiting) {
                comment.line = line;
            }
            waiting = 0;
            last_line_with_code = Some(query.line_of(token.span.end - 1));
        }
        if token.kind != TokenKind::Comment {
            continue;
        }
        let text = token.span.of(query.text);
        let Some((offset, rest)) = after_mark(text.trim_start_matches('/'), text) else { continue };
        let line = query.line_of(token.span.start);
        if last_line_with_code != Some(line) {
            waiting += 1;
        }
        let start = token.span.start as usize + offset;
        comments.push(Comment { text: rest.to_owned(), start, in_query: true, line });
    }
    comments
}

/// The comments of a YAML file: what stands in a value is none.
fn in_yaml(text: &str) -> Vec<Comment> {
    // A file that cannot be read has no comments that count.
    let Ok(document) = yaml::read(text) else { return Vec::new() };
    let mut values = Vec::new();
    collect_values(&document.root, &mut values);
    values.sort_unstable();
    let is_in_value = |offset: usize| {
        let after = values.partition_point(|value| value.start as usize <= offset);
        after > 0 && offset < values[after - 1].end as usize
    };
    let mut comments: Vec<Comment> = Vec::new();
    let mut waiting = 0;
    let mut start = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let begins = |(at, _): &(usize, &str)| {
            line[..*at].chars().next_back().is_none_or(char::is_whitespace) && !is_in_value(start + at)
        };
        let comment = line.match_indices('#').find(begins).map(|(at, _)| at);
        let is_alone = line[..comment.unwrap_or(line.len())].trim().is_empty();
        if !is_alone {
            for comment in comments.iter_mut().rev().take(waiting) {
                comment.line = number;
            }
            waiting = 0;
        }
        if let Some(at) = comment
            && let text = line[at..].trim_end()
            && let Some((offset, rest)) = after_mark(text.trim_start_matches('#'), text)
        {
            waiting += usize::from(is_alone);
            let start = start + at + offset;
            comments.push(Comment { text: rest.to_owned(), start, in_query: false, line: number });
        }
        start += line.len();
    }
    comments
}

fn collect_values(node: &Node, spans: &mut Vec<Span>) {
    match &node.kind {
        NodeKind::Scalar(_) => spans.push(node.span),
        NodeKind::Sequence(items) => items.iter().for_each(|item| collect_values(item, spans)),
        NodeKind::Mapping(entries) => {
            for (key, value) in entries {
                collect_values(key, spans);
                collect_values(value, spans);
            }
        }
    }
}

/// What follows the mark, if the comment begins with it, and how far into the comment that is.
fn after_mark<'a>(body: &'a str, comment: &str) -> Option<(usize, &'a str)> {
    let rest = body.trim_start().strip_prefix(MARK)?;
    Some((comment.len() - rest.len(), rest))
}

/// The codes that a comment allows, each with its place, and what is wrong with the comment.
fn read(comment: &Comment) -> (Vec<(Code, Span)>, Vec<Diagnostic>) {
    const FORM: &str = "write `siemaphore: allow CODE -- reason`";
    let whole = Span::new(comment.start, comment.start + comment.text.trim_end().len());
    let bad = |span: Span, message: String| {
        Diagnostic::warning(Code::BadSuppression, comment.place(span), message).with_help(FORM)
    };
    let trimmed = comment.text.trim_start();
    let Some(list) = trimmed.strip_prefix("allow").filter(|rest| !rest.starts_with(char::is_alphanumeric)) else {
        return (Vec::new(), vec![bad(whole, "expected `allow` after `siemaphore:`".to_owned())]);
    };
    let (names, reason) = match list.split_once("--") {
        Some((names, reason)) => (names, Some(reason.trim())),
        None => (list, None),
    };
    let mut remarks = Vec::new();
    let mut codes = Vec::new();
    let mut seen = BTreeSet::new();
    let first = comment.start + (comment.text.len() - list.len());
    let mut at = 0;
    for name in names.split([',', ' ', '\t']) {
        let span = Span::new(first + at, first + at + name.trim_end().len());
        at += name.len() + 1;
        let name = name.trim();
        if name.is_empty() {
            continue;
        }
        match Code::ALL.iter().find(|code| code.name() == name) {
            Some(code) if seen.insert(*code) => codes.push((*code, span)),
            Some(_) => {}
            None => remarks.push(bad(span, format!("there is no code `{name}`"))),
        }
    }
    if seen.is_empty() && remarks.is_empty() {
        remarks.push(bad(whole, "no code is named".to_owned()));
    }
    if reason.is_none_or(str::is_empty) {
        remarks.push(bad(whole, "no reason is given".to_owned()));
    }
    (codes, remarks)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::span::TextMap;

    const PIECES: &[&str] = &[
        "// ",
        "//",
        "# ",
        "siemaphore:",
        " allow",
        " SEM0002",
        "SEM0009",
        ",",
        " ",
        "--",
        " -- é",
        "\n",
        "\r\n",
        "'",
        "\"",
        "a: ",
        "- ",
        "|",
        "é",
        "😀",
        "KQL0001",
    ];

    proptest! {
        #[test]
        fn no_text_is_too_strange(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40)) {
            let text = pieces.concat();
            let source = SourceMap::new("a", text.as_str()).with_query(TextMap::identity(&text));
            let said = |code, at| Diagnostic::warning(code, Place::Query(Span::new(at, text.len())), "m");
            let mut diagnostics = vec![said(Code::UnknownFunction, 0), said(Code::InferredSchema, text.len() / 2)];
            apply(&source, Some(&text), true, &mut diagnostics);
            for diagnostic in &diagnostics {
                let span = source.file_span(diagnostic.place);
                prop_assert!(text.is_char_boundary(span.start as usize) && text.is_char_boundary(span.end as usize));
                if diagnostic.code == Code::UnusedSuppression {
                    prop_assert!(Code::ALL.iter().any(|code| code.name() == span.of(&text)), "{:?}", span.of(&text));
                }
            }
        }
    }
}
