//! `report.md`: what became of every rule, for reviewers.

use std::fmt::Write as _;

use super::{Artifact, Compiled, CompiledRule, Settings};
use crate::backend::Emission;
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::fidelity::{Cause, Match, Names, Verdict};

/// The report on compiled rules, which are sorted already.
pub(super) fn report(compiled: &[Compiled], settings: &Settings) -> String {
    let rules: Vec<(&Compiled, &CompiledRule)> = compiled.iter().filter_map(|one| Some((one, one.rule()?))).collect();
    let mut report = String::from("# Detections\n\n");
    counts(&mut report, &rules, settings);
    matrix(&mut report, &rules, settings);
    broken(&mut report, &rules);
    without_witness(&mut report, &rules);
    notes(&mut report, &rules);
    report
}

fn push(report: &mut String, line: std::fmt::Arguments) {
    report.write_fmt(line).expect("a String takes any text");
}

/// One line for each target, one column for each verdict; artifacts with native names are not counted with the others.
fn counts(report: &mut String, rules: &[(&Compiled, &CompiledRule)], settings: &Settings) {
    report.push_str("| target |");
    for verdict in Verdict::ALL {
        push(report, format_args!(" {} |", verdict.word()));
    }
    push(report, format_args!(" native names |\n|---|{}---|\n", "---|".repeat(Verdict::ALL.len())));
    for choice in &settings.targets {
        let target = choice.backend.target();
        push(report, format_args!("| {} |", escape(target.title)));
        let emissions: Vec<&Emission> = rules
            .iter()
            .flat_map(|(_, rule)| &rule.artifacts)
            .filter(|artifact| artifact.choice.backend.target().name == target.name)
            .map(|artifact| &artifact.emission)
            .collect();
        let is_native = |emission: &Emission| emission.findings.names == Names::Native && emission.artifact.is_some();
        for verdict in Verdict::ALL {
            let count =
                emissions.iter().filter(|emission| emission.verdict() == verdict && !is_native(emission)).count();
            push(report, format_args!(" {count} |"));
        }
        push(report, format_args!(" {} |\n", emissions.iter().filter(|emission| is_native(emission)).count()));
    }
    report.push_str("\n## Rules\n\n");
}

/// One line for each rule, one column for each target.
fn matrix(report: &mut String, rules: &[(&Compiled, &CompiledRule)], settings: &Settings) {
    report.push_str("| rule | version |");
    for choice in &settings.targets {
        push(report, format_args!(" {} |", choice.backend.target().name));
    }
    report.push_str("\n|---|---|");
    report.push_str(&"---|".repeat(settings.targets.len()));
    report.push('\n');
    for (compiled, rule) in rules {
        let version = rule.version.as_deref().map(escape).unwrap_or_default();
        push(report, format_args!("| {} | {version} |", title(compiled, rule)));
        for choice in &settings.targets {
            let target = choice.backend.target().name;
            let artifact = rule.artifacts.iter().find(|artifact| artifact.choice.backend.target().name == target);
            let cell = artifact.map_or_else(|| "error".to_owned(), |artifact| cell(compiled, artifact));
            push(report, format_args!(" {cell} |"));
        }
        report.push('\n');
    }
}

fn cell(compiled: &Compiled, artifact: &Artifact) -> String {
    let verdict = artifact.emission.verdict();
    let Verdict::Carried(relation) = verdict else { return verdict.word().to_owned() };
    let names = match artifact.emission.findings.names {
        Names::Mapped => "",
        Names::Native => ", native names",
    };
    let path = super::path::artifact(artifact.choice.backend.target(), &compiled.relative);
    format!("[{}]({}){names}", relation.word(), link(&path))
}

/// The rule's name, or its path where it has none.
fn title(compiled: &Compiled, rule: &CompiledRule) -> String {
    escape(rule.name.as_deref().unwrap_or(&compiled.relative))
}

/// The rules for which no events were found, where they were sought.
fn without_witness(report: &mut String, rules: &[(&Compiled, &CompiledRule)]) {
    let mut lines = String::new();
    for (compiled, rule) in rules {
        for one in compiled.diagnostics.iter().filter(|one| one.code == Code::NoWitness) {
            let (title, at) = (title(compiled, rule), place_of(compiled, one.place));
            let path = escape(&compiled.relative);
            push(&mut lines, format_args!("- {title}, {path}, {at}: {}\n", prose(&one.message)));
        }
    }
    if !lines.is_empty() {
        push(report, format_args!("\n## Rules without witness\n\n{lines}"));
    }
}

fn broken(report: &mut String, rules: &[(&Compiled, &CompiledRule)]) {
    let broken: Vec<_> = rules.iter().filter(|(compiled, _)| compiled.is_broken()).collect();
    if broken.is_empty() {
        return;
    }
    report.push_str("\n## Broken rules\n");
    for (compiled, rule) in broken {
        push(report, format_args!("\n### {}\n\n{}\n\n", title(compiled, rule), escape(&compiled.relative)));
        for diagnostic in compiled.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()) {
            let Diagnostic { code, message, place, .. } = diagnostic;
            let at = place_of(compiled, *place);
            push(report, format_args!("- {at} {}: {}\n", code.name(), prose(message)));
        }
    }
}

/// What would hurt most comes first: what may miss events, then what may find too many, then what says so itself.
fn risk(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Carried(Match::Approximate) => 0,
        Verdict::Carried(Match::Narrower) => 1,
        Verdict::Carried(Match::Broader) => 2,
        Verdict::Unsupported => 3,
        Verdict::Carried(Match::Exact) => 4,
    }
}

fn notes(report: &mut String, rules: &[(&Compiled, &CompiledRule)]) {
    let mut artifacts: Vec<(&Compiled, &CompiledRule, &Artifact)> = rules
        .iter()
        .flat_map(|(compiled, rule)| rule.artifacts.iter().map(move |artifact| (*compiled, *rule, artifact)))
        .filter(|(_, _, artifact)| {
            let findings = &artifact.emission.findings;
            !findings.notes.is_empty() || !findings.assumptions.is_empty() || !findings.output.is_empty()
        })
        .collect();
    // Stable: rules and targets keep their order among equals.
    artifacts.sort_by_key(|(_, _, artifact)| risk(artifact.emission.verdict()));
    if !artifacts.is_empty() {
        report.push_str("\n## Notes\n");
    }
    for (compiled, rule, artifact) in artifacts {
        let target = artifact.choice.backend.target();
        let word = artifact.emission.verdict().word();
        let path = escape(&compiled.relative);
        push(report, format_args!("\n### {}: {}, {word}\n\n{path}\n\n", title(compiled, rule), escape(target.title)));
        let findings = &artifact.emission.findings;
        for note in &findings.notes {
            let at = place_of(compiled, Place::Query(note.span));
            let cause = note.cause.map(|cause| format!(" ({})", cause_link(cause))).unwrap_or_default();
            push(report, format_args!("- {at} {}: {}{cause}\n", note.code.name(), prose(&note.message)));
        }
        if !findings.output.is_empty() {
            let words: Vec<&str> = findings.output.iter().map(|output| output.word()).collect();
            push(report, format_args!("- differs in {}\n", words.join(", ")));
        }
        for assumption in &findings.assumptions {
            let (kind, confidence) = (assumption.kind.word(), assumption.confidence.word());
            push(report, format_args!("- assumes: {} ({kind}, {confidence})\n", prose(&assumption.text)));
        }
    }
}

fn cause_link(cause: Cause) -> String {
    let word = cause.word().replace('_', " ");
    match cause {
        Cause::ProductLimit { page } => format!("[{word}]({page})"),
        Cause::NoMapping | Cause::NotImplemented | Cause::Profile => word,
    }
}

/// Line and column.
fn place_of(compiled: &Compiled, place: Place) -> String {
    let at = compiled.source.locate(place);
    format!("{}:{}", at.line, at.column)
}

/// Any text as Markdown that shows it: on one line, every character that could mean something escaped.
///
/// <https://spec.commonmark.org/0.31.2/#backslash-escapes>
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '!' | '&' | '~' | '$' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            letter => escaped.push(one_line(letter)),
        }
    }
    // A colon makes a bare address a link in many readers.
    escaped.trim().replace("://", ":\\//")
}

/// A message of ours: what it has in backticks is code, the rest is escaped.
fn prose(message: &str) -> String {
    let parts: Vec<&str> = message.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escape(message);
    }
    let mut written = String::new();
    for (index, part) in parts.iter().enumerate() {
        if index % 2 == 1 && !part.is_empty() {
            let code: String = part.chars().map(one_line).collect();
            push(&mut written, format_args!("`{code}`"));
        } else {
            let text = escape(part);
            // `escape` trims, which would glue words to code.
            let (before, after) = (part.starts_with(' ') && index > 0, part.ends_with(' ') && !text.is_empty());
            push(&mut written, format_args!("{}{text}{}", space(before), space(after)));
        }
    }
    written
}

fn space(is_there: bool) -> &'static str {
    if is_there { " " } else { "" }
}

fn one_line(letter: char) -> char {
    match letter {
        '\n' | '\r' | '\t' | '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
        letter if letter.is_control() => char::REPLACEMENT_CHARACTER,
        letter => letter,
    }
}

/// A path as the target of a link: all but unreserved ASCII and `/` percent-encoded.
fn link(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            push(&mut encoded, format_args!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_text_is_shown_and_means_nothing() {
        for (text, expected) in [
            ("a|b", "a\\|b"),
            ("<img src=x>", "\\<img src=x\\>"),
            ("[x](https://y)", "\\[x\\](https:\\//y)"),
            ("a\n# b", "a \\# b"),
            ("`x`", "\\`x\\`"),
            ("\u{1b}[0m", "\u{FFFD}\\[0m"),
        ] {
            assert_eq!(escape(text), expected);
        }
    }

    #[test]
    fn code_in_messages_stays_code() {
        for (message, expected) in [
            ("operator `mv-expand` is not carried", "operator `mv-expand` is not carried"),
            ("`a_b` and `*`", "`a_b` and `*`"),
            ("`a` `b`", "`a` `b`"),
            ("a_b", "a\\_b"),
            ("one ` only", "one \\` only"),
        ] {
            assert_eq!(prose(message), expected);
        }
    }

    #[test]
    fn links_are_encoded() {
        assert_eq!(link("sigma/a b(1).yml"), "sigma/a%20b%281%29.yml");
    }
}
