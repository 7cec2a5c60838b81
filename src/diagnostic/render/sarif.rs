//! Findings as SARIF 2.1.0, the form that code scanning services read.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>, and what GitHub makes of it:
//! <https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::diagnostic::{Code, Diagnostic, Explanation, Severity};
use crate::hash;
use crate::span::{Place, SourceMap};

/// An input, the rule in it, and what there is to say about it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The file.
    pub source: &'a SourceMap,
    /// The id of its rule.
    pub rule: Option<&'a str>,
    /// The findings.
    pub diagnostics: &'a [Diagnostic],
}

/// One run with all findings. The rules of the log are the codes that occur.
pub fn sarif(subjects: &[Subject<'_>]) -> Value {
    let findings = || subjects.iter().flat_map(|subject| subject.diagnostics);
    let mut codes: Vec<Code> = findings().map(|diagnostic| diagnostic.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let mut results = Vec::new();
    for subject in subjects {
        let mut seen = HashMap::new();
        for diagnostic in subject.diagnostics {
            let index = codes.binary_search(&diagnostic.code).expect("every code that occurs is a rule");
            let fragment = fingerprint(subject, diagnostic);
            let occurrence = seen.entry(fragment.clone()).and_modify(|count| *count += 1).or_insert(1);
            results.push(result(subject, diagnostic, index, &format!("{fragment}:{occurrence}")));
        }
    }
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "siemaphore",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": codes.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
                },
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    let Explanation { cause, cure, .. } = code.explanation();
    // A line break of ours means nothing.
    let [cause, cure] = [cause, cure].map(|text| text.replace('\n', " "));
    json!({
        "id": code.name(),
        "shortDescription": { "text": sentence(code.title()) },
        "fullDescription": { "text": cause },
        "help": { "text": format!("{cause}\n\n{cure}") },
    })
}

fn result(subject: &Subject<'_>, diagnostic: &Diagnostic, rule: usize, fingerprint: &str) -> Value {
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut message = sentence(&diagnostic.message);
    if let Some(help) = &diagnostic.help {
        write!(message, " Help: {help}.").expect("a String takes any text");
    }
    let at = subject.source.locate(diagnostic.place);
    let region = json!({
        "startLine": at.line,
        "startColumn": at.column,
        "endLine": at.end_line,
        "endColumn": at.end_column,
    });
    let artifact = artifact(subject.source.label());
    let mut result = json!({
        "ruleId": diagnostic.code.name(),
        "ruleIndex": rule,
        "level": level,
        "message": { "text": message },
        "locations": [{ "physicalLocation": { "artifactLocation": artifact, "region": region } }],
        // The one name of a fingerprint that GitHub looks at.
        "partialFingerprints": { "primaryLocationLineHash": fingerprint },
    });
    if let Some(fix) = &diagnostic.fix {
        result["fixes"] = json!([{
            "description": { "text": sentence(diagnostic.help.as_deref().unwrap_or("put this in its place")) },
            "artifactChanges": [{
                "artifactLocation": artifact,
                "replacements": [{ "deletedRegion": region, "insertedContent": { "text": fix } }],
            }],
        }]);
    }
    result
}

/// A capital letter and a full stop make a message one that services show well.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

/// What stays the same as long as the finding does: its code, its rule, and the text it is about without regard to
/// white space. Lines that move do not change it.
fn fingerprint(subject: &Subject<'_>, diagnostic: &Diagnostic) -> String {
    let fragment = match diagnostic.place {
        Place::Whole => String::new(),
        Place::File(_) | Place::Query(_) => {
            let text = subject.source.file_span(diagnostic.place).of(subject.source.text());
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        }
    };
    // A rule is known by its id, a file that could not be read that far by its path.
    let rule = subject.rule.unwrap_or(subject.source.label());
    let mut hash = hash::sha256_of_parts([diagnostic.code.name(), rule, fragment.as_str()]);
    hash.truncate(16);
    hash
}

/// A path as a URI: relative to the root of the repository, or of the `file` scheme.
fn artifact(label: &str) -> Value {
    let mut uri = String::new();
    let is_windows = matches!(label.as_bytes(), [drive, b':', ..] if drive.is_ascii_alphabetic());
    if label.starts_with('/') {
        uri.push_str("file://");
    } else if is_windows {
        uri.push_str("file:///");
    }
    let path = label.strip_prefix("./").unwrap_or(label);
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            b':' if is_windows => uri.push(':'),
            _ => write!(uri, "%{byte:02X}").expect("a String takes any text"),
        }
    }
    if uri.starts_with("file:") { json!({ "uri": uri }) } else { json!({ "uri": uri, "uriBaseId": "%SRCROOT%" }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;

    #[track_caller]
    fn print(text: &str, start: usize, end: usize, code: Code, rule: Option<&str>) -> String {
        let source = SourceMap::new("a.yaml", text);
        let diagnostic = Diagnostic::warning(code, Place::File(Span::new(start, end)), "m");
        fingerprint(&Subject { source: &source, rule, diagnostics: &[] }, &diagnostic)
    }

    #[test]
    fn a_fingerprint_depends_on_code_rule_and_fragment_alone() {
        let one = print("a  b", 0, 4, Code::UnknownKey, Some("r"));
        assert_eq!(one.len(), 16);
        assert_eq!(one, print("\n\n  a\n b  ", 4, 8, Code::UnknownKey, Some("r")));
        assert_ne!(one, print("a  c", 0, 4, Code::UnknownKey, Some("r")));
        assert_ne!(one, print("a  b", 0, 4, Code::BadValue, Some("r")));
        assert_ne!(one, print("a  b", 0, 4, Code::UnknownKey, Some("s")));
        assert_ne!(one, print("a  b", 0, 4, Code::UnknownKey, None));
    }

    #[test]
    fn equal_findings_of_a_file_are_told_apart_by_number() {
        let source = SourceMap::new("a.yaml", "x x");
        let at = |start| Place::File(Span::new(start, start + 1));
        let diagnostics =
            [0, 2].map(|start| Diagnostic::note(Code::InferredSchema, at(start), "not known").with_help("h"));
        let log = sarif(&[Subject { source: &source, rule: Some("r"), diagnostics: &diagnostics }]);
        let results = log["runs"][0]["results"].as_array().unwrap();
        let print = |index: usize| {
            results[index]["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap().to_owned()
        };
        assert_eq!(print(0).replace(":1", ":2"), print(1));
        assert_eq!(results[1]["message"]["text"], "Not known. Help: h.");
        assert_eq!(results[1]["locations"][0]["physicalLocation"]["region"]["startColumn"], 3);
        assert_eq!(results[1]["locations"][0]["physicalLocation"]["region"]["endColumn"], 4);
    }

    #[test]
    fn a_name_that_was_probably_meant_is_a_fix_of_the_same_place() {
        let source = SourceMap::new("a.yaml", "x Sha1");
        let place = Place::File(Span::new(2, 6));
        let diagnostics =
            [Diagnostic::error(Code::UnknownColumn, place, "no column `Sha1`").with_similar(Some("SHA1"))];
        let log = sarif(&[Subject { source: &source, rule: Some("r"), diagnostics: &diagnostics }]);
        let change = &log["runs"][0]["results"][0]["fixes"][0]["artifactChanges"][0];
        assert_eq!(change["artifactLocation"]["uri"], "a.yaml");
        assert_eq!(change["replacements"][0]["deletedRegion"]["startColumn"], 3);
        assert_eq!(change["replacements"][0]["insertedContent"]["text"], "SHA1");
    }

    #[test]
    fn paths_become_uris() {
        for (label, uri) in [
            ("rules/a b.yaml", "rules/a%20b.yaml"),
            ("./a:b.yaml", "a%3Ab.yaml"),
            ("<stdin>", "%3Cstdin%3E"),
            ("/tmp/é", "file:///tmp/%C3%A9"),
            ("C:/x/a.yaml", "file:///C:/x/a.yaml"),
        ] {
            assert_eq!(artifact(label)["uri"], uri);
        }
        assert_eq!(artifact("a")["uriBaseId"], "%SRCROOT%");
        assert!(artifact("/a").get("uriBaseId").is_none());
    }
}
