//! The summary of a build, for people: what is carried, what stands in the way, what to onboard.

use std::fmt::Write as _;

use super::show::counted;
use crate::bundle::{Bundle, Survey};
use crate::diagnostic::{Code, render};
use crate::fidelity::AssumptionKind;

/// How many entries of a list are shown for a target.
const MAX_SHOWN: usize = 8;
/// How wide the words of an entry are, and how many lines of them are shown.
const WIDTH: usize = 72;
const MAX_LINES: usize = 3;

/// The summary.
pub(super) fn text(bundle: &Bundle, survey: &Survey) -> String {
    let mut text = String::from("\nrules carried, artifacts with native names apart\n");
    for (target, counts) in &bundle.manifest.summary.targets {
        let shown = |counts: &indexmap::IndexMap<&str, usize>| {
            let some = counts.iter().filter(|(_, count)| **count > 0);
            some.map(|(verdict, count)| format!("{count} {verdict}")).collect::<Vec<_>>().join(", ")
        };
        line(&mut text, target, &shown(&counts.mapped));
        let native = shown(&counts.native);
        if !native.is_empty() {
            line(&mut text, "", &format!("native: {native}"));
        }
    }
    let causes = survey.causes.iter().map(|entry| {
        let title = Code::from_name(entry.code).map_or("", Code::title);
        let words = format!("{} ({}) {title}", entry.code, entry.cause.replace('_', " "));
        (entry.target, words, rules(entry.rules.len()))
    });
    section(&mut text, "why artifacts are not exact", causes);
    let missing = survey.missing.iter().map(|entry| {
        let name = match &entry.gap.column {
            Some(column) => format!("{}.{column}", entry.gap.table),
            None => format!("table {}", entry.gap.table),
        };
        let words = match entry.unblocks.len() {
            0 => name,
            count => format!("{name}, unblocks {count}"),
        };
        (entry.target, words, rules(entry.rules.len()))
    });
    section(&mut text, "missing in the crosswalk", missing);
    for (kind, title) in [
        (AssumptionKind::Coverage, "sources to onboard"),
        (AssumptionKind::Field, "fields to onboard"),
        (AssumptionKind::Supplied, "lists to supply"),
    ] {
        let entries = survey.onboarding.iter().filter(|entry| entry.kind == kind.word());
        section(&mut text, title, entries.map(|entry| (entry.target, entry.text.clone(), rules(entry.rules.len()))));
    }
    text.push_str("\n`--format json` has the whole lists, with the rules\n");
    text
}

fn rules(count: usize) -> String {
    counted(count, "rule")
}

/// Entries of target, words and count, of each target the first.
fn section(text: &mut String, title: &str, entries: impl Iterator<Item = (&'static str, String, String)>) {
    let mut target = "";
    let mut shown = 0;
    for (index, (of, words, count)) in entries.enumerate() {
        if index == 0 {
            writeln!(text, "\n{title}").expect("a String takes any text");
        }
        if of != target {
            more(text, shown);
            shown = 0;
        }
        shown += 1;
        if shown <= MAX_SHOWN {
            let label = if of == target { "" } else { of };
            for (number, part) in folded(&render::clean(&words)).iter().enumerate() {
                let (label, count) = if number == 0 { (label, count.as_str()) } else { ("", "") };
                line(text, label, &format!("{count:<9} {part}"));
            }
        }
        target = of;
    }
    more(text, shown);
}

/// The words in lines that fit; what is beyond the last of them is cut.
fn folded(words: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    if lines.len() > MAX_LINES {
        lines.truncate(MAX_LINES);
        lines[MAX_LINES - 1].push_str(" …");
    }
    lines
}

/// How many entries were not shown.
fn more(text: &mut String, shown: usize) {
    if shown > MAX_SHOWN {
        line(text, "", &format!("… and {} more", shown - MAX_SHOWN));
    }
}

fn line(text: &mut String, label: &str, words: &str) {
    writeln!(text, "  {label:<9} {words}").expect("a String takes any text");
}
