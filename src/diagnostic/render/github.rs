//! Annotations of GitHub Actions.
//!
//! <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#setting-an-error-message>

use std::collections::BTreeMap;

use super::sarif::Subject;
use crate::diagnostic::{Diagnostic, Severity};

/// How many annotations of each kind a step shows; it drops the others without a word.
///
/// <https://github.com/orgs/community/discussions/26680>
const MAX_EACH: usize = 10;

/// The findings as workflow commands, one a line: errors first, of several with one code in a file the first alone.
/// Each subject comes with its path in the repository.
pub fn github<'a>(subjects: impl IntoIterator<Item = (&'a str, Subject<'a>)>) -> String {
    let mut by_severity: BTreeMap<Severity, Vec<Annotation>> = BTreeMap::new();
    for (path, subject) in subjects {
        for diagnostic in subject.diagnostics {
            let annotations = by_severity.entry(diagnostic.severity).or_default();
            let same = annotations.iter_mut().find(|one| one.path == path && one.diagnostic.code == diagnostic.code);
            match same {
                Some(same) => same.repeats += 1,
                None => annotations.push(Annotation { path, subject, diagnostic, repeats: 0 }),
            }
        }
    }
    let mut lines = String::new();
    for annotations in by_severity.values() {
        let hidden = annotations.len().saturating_sub(MAX_EACH);
        for (index, annotation) in annotations.iter().take(MAX_EACH).enumerate() {
            let is_last = index + 1 == MAX_EACH;
            lines.push_str(&annotation.line(if is_last { hidden } else { 0 }));
            lines.push('\n');
        }
    }
    lines
}

/// One finding, and how many more of its code there are in its file.
struct Annotation<'a> {
    path: &'a str,
    subject: Subject<'a>,
    diagnostic: &'a Diagnostic,
    repeats: usize,
}

impl Annotation<'_> {
    fn line(&self, hidden: usize) -> String {
        let command = match self.diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let at = self.subject.source.locate(self.diagnostic.place);
        let title = format!("{} {}", self.diagnostic.code.name(), self.diagnostic.code.title());
        let mut text = self.diagnostic.message.clone();
        if let Some(help) = &self.diagnostic.help {
            text.push_str(&format!("\nhelp: {help}"));
        }
        if self.repeats > 0 {
            text.push_str(&format!("\n{} more of this code in this file", self.repeats));
        }
        if hidden > 0 {
            text.push_str(&format!("\nand {hidden} more that are not shown here"));
        }
        format!(
            "::{command} file={},line={},endLine={},col={},endColumn={},title={}::{}",
            property(self.path),
            at.line,
            at.end_line,
            at.column,
            at.end_column,
            property(&title),
            data(&text),
        )
    }
}

/// The escapes of a command's text.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Those of its properties, which end at a colon or comma.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::span::{Place, SourceMap, Span};

    fn at(start: usize, end: usize) -> Place {
        Place::File(Span::new(start, end))
    }

    #[test]
    fn an_annotation_escapes_what_would_end_it() {
        let source = SourceMap::new("rules/x.yaml", "ab\ncd: 100%\n");
        let diagnostics = [
            Diagnostic::warning(Code::UnknownKey, at(0, 2), "one, two: 100%"),
            Diagnostic::error(Code::Expected, at(3, 5), "no\r\nend").with_help("close it"),
        ];
        let subject = Subject { source: &source, rule: None, diagnostics: &diagnostics };
        assert_eq!(
            github([("a,b:c%.yaml", subject)]),
            "::error file=a%2Cb%3Ac%25.yaml,line=2,endLine=2,col=1,endColumn=3,\
             title=KQL0002 something else was expected here::no%0D%0Aend%0Ahelp: close it\n\
             ::warning file=a%2Cb%3Ac%25.yaml,line=1,endLine=1,col=1,endColumn=3,\
             title=YML0105 the rule has a key that is not documented::one, two: 100%25\n"
        );
    }

    #[test]
    fn repeats_and_what_does_not_fit_are_counted() {
        let source = SourceMap::new("a", "x");
        let twice = vec![Diagnostic::note(Code::InferredSchema, Place::Whole, "m"); 2];
        let subject = Subject { source: &source, rule: None, diagnostics: &twice };
        let paths: Vec<String> = (0..12).map(|number| format!("f{number}")).collect();
        let text = github(paths.iter().map(|path| (path.as_str(), subject)));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 10);
        assert!(lines.iter().all(|line| line.contains("%0A1 more of this code in this file")), "{text}");
        assert!(lines[9].ends_with("%0Aand 2 more that are not shown here"), "{text}");
        assert!(!lines[8].contains("not shown"), "{text}");
    }
}
