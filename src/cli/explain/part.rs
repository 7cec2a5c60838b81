//! How each part of a rule is carried: under its lines the text that stands for it in each target, or why there is none.

use std::fmt::Write as _;

use crate::bundle::Artifact;
use crate::coverage::{Account, Constructs};
use crate::diagnostic::render;
use crate::fidelity::Note;
use crate::ir::Detection;
use crate::kql;
use crate::span::{Place, SourceMap, Span};
use crate::template::Rendered;

use super::super::show;

/// Columns of the terminal that lines are folded for.
const WIDTH: usize = 100;
/// Where what is said of a part begins.
const INDENT: usize = 18;
/// How many lines of an artifact are shown for one part.
const MAX_LINES: usize = 8;

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

/// The explanation of a rule, for a terminal.
pub(super) fn text(source: &SourceMap, detection: &Detection, artifacts: &[Artifact]) -> String {
    let constructs = Constructs::of(&kql::leaves(&kql::parse(&detection.text).query));
    let (accounts, others): (Vec<_>, Vec<_>) =
        artifacts.iter().map(|artifact| constructs.accounts(&detection.query, &artifact.emission)).unzip();
    let mut page = Page { source, query: &detection.text, next_line: 0, text: String::new() };
    page.push(format_args!("{BOLD}{}{PLAIN} ({})\n", render::clean(&detection.meta.name), source.label()));
    page.push(format_args!("{}\n", artifacts.iter().map(show::verdict).collect::<Vec<_>>().join(", ")));
    let mut is_stage_shown = false;
    for (number, construct) in constructs.spans.iter().enumerate() {
        let is_stage = construct.span == construct.stage;
        let next = constructs.spans.get(number + 1).filter(|next| next.stage == construct.stage);
        let has_parts = next.is_some_and(|next| construct.span.contains(next.span));
        let is_filter = page.is_filter(construct.stage);
        let said = artifacts.iter().zip(&accounts).map(|(artifact, accounts)| {
            let account = &accounts[number];
            // Conditions tell where they are; what joins them stands for itself.
            let is_frame = has_parts && (is_filter || !is_stage);
            let rendered = artifact.emission.artifact.as_ref().filter(|_| !is_frame);
            let mut said = said(rendered, account);
            said.extend(account.notes.iter().filter(|note| counts(artifact, note)).map(|note| reason(note)));
            if said.is_empty() && !has_parts {
                let others = account.within.iter().map(|other| page.line_of(constructs.spans[*other].span));
                said.extend(within(others.collect()));
            }
            if said.is_empty() && account.within.is_empty() {
                said.extend(account.laws.iter().map(|law| Said::Words(format!("left out: {law}"))));
            }
            said
        });
        let entries = merged(artifacts, said.collect());
        let is_new = is_stage && page.lines(construct.stage);
        if is_stage {
            is_stage_shown = is_new;
        }
        let is_only = is_stage_shown
            && is_filter
            && next.is_none()
            && number > 0
            && constructs.spans[number - 1].span == construct.stage;
        if !is_new && !entries.is_empty() && (is_stage || !is_only) {
            page.part(construct.span);
        }
        page.entries(&entries);
    }
    let about_all = artifacts.iter().zip(&others).map(|(artifact, notes)| {
        notes.iter().filter(|note| counts(artifact, note)).map(|note| reason(note)).collect()
    });
    let entries = merged(artifacts, about_all.collect());
    if !entries.is_empty() {
        page.heading("the rule as a whole");
        page.entries(&entries);
    }
    let assumptions = artifacts.iter().map(|artifact| {
        let assumptions = artifact.emission.findings.assumptions.iter();
        let assumptions = assumptions.filter(|_| artifact.emission.artifact.is_some());
        assumptions.map(|one| Said::Words(format!("{}: {}", one.kind.word(), one.text))).collect()
    });
    let entries = merged(artifacts, assumptions.collect());
    if !entries.is_empty() {
        page.heading("assumed");
        page.entries(&entries);
    }
    page.text
}

/// One thing that is said of a part.
#[derive(Clone, PartialEq, Eq)]
enum Said {
    /// Text of the artifact.
    Output(String),
    /// Words of ours.
    Words(String),
}

fn said(rendered: Option<&Rendered>, account: &Account) -> Vec<Said> {
    rendered.map(|rendered| runs(rendered, account)).unwrap_or_default().into_iter().map(Said::Output).collect()
}

/// Whether a note says something: remarks on what was not written do not.
fn counts(artifact: &Artifact, note: &Note) -> bool {
    artifact.emission.artifact.is_some() || note.cause.is_some()
}

fn within(mut lines: Vec<usize>) -> Option<Said> {
    lines.sort_unstable();
    lines.dedup();
    let lines: Vec<String> = lines.iter().map(usize::to_string).collect();
    (!lines.is_empty()).then(|| Said::Words(format!("with line {}", lines.join(", "))))
}

fn reason(note: &Note) -> Said {
    let cause = note.cause.map(|cause| format!(" ({})", cause.word().replace('_', " "))).unwrap_or_default();
    Said::Words(format!("{}{cause}: {}", note.code.name(), note.message))
}

/// The stretches of an artifact that stand for a part: pieces that follow one another, with what the target's own words
/// around them add, up to the pieces of other parts and to the ends of lines.
fn runs(rendered: &Rendered, account: &Account) -> Vec<String> {
    let pieces: Vec<_> = rendered.provenance.iter().map(|(range, _)| range.clone()).collect();
    let text = rendered.text.as_str();
    let mut runs: Vec<String> = Vec::new();
    let mut index = 0;
    while index < pieces.len() {
        if !account.output.contains(&pieces[index]) {
            index += 1;
            continue;
        }
        let first = index;
        while index < pieces.len() && account.output.contains(&pieces[index]) {
            index += 1;
        }
        let before = if first == 0 { 0 } else { pieces[first - 1].end };
        let start = pieces[first].start;
        let gap = &text[before..start];
        // What follows the other piece without a space is its own end: a quote, a bracket.
        let own = gap.find(char::is_whitespace).filter(|_| first > 0).unwrap_or(0);
        let own = gap.rfind('\n').map_or(own, |line| own.max(line + 1));
        let end = pieces[index - 1].end;
        let after = pieces.get(index).map_or(text.len(), |next| next.start);
        let gap = &text[end..after];
        let is_last_of_line = gap.contains('\n') || index == pieces.len();
        let stop = if is_last_of_line { gap.find('\n') } else { gap.find(char::is_whitespace) };
        let begin = before + own;
        let run = text[begin..end + stop.unwrap_or(gap.len())].trim_matches('\n').trim_end();
        // Indentation means something where a line begins.
        let begins_line = begin == 0 || text[..=begin].trim_end_matches(' ').ends_with('\n');
        let run = if begins_line || text[begin..].starts_with('\n') { run } else { run.trim_start() };
        if !runs.iter().any(|other| other == run) {
            runs.push(run.to_owned());
        }
    }
    runs
}

/// What is said, with the targets of which the same is said.
fn merged(artifacts: &[Artifact], said: Vec<Vec<Said>>) -> Vec<(String, Vec<Said>)> {
    let mut entries: Vec<(Vec<&str>, Said)> = Vec::new();
    for (artifact, all) in artifacts.iter().zip(said) {
        let target = artifact.choice.backend.target().name;
        for one in all {
            match entries.iter_mut().find(|(_, other)| *other == one) {
                Some((targets, _)) if !targets.contains(&target) => targets.push(target),
                Some(_) => {}
                None => entries.push((vec![target], one)),
            }
        }
    }
    let mut merged: Vec<(String, Vec<Said>)> = Vec::new();
    for (targets, said) in entries {
        let is_all = targets.len() == artifacts.len() && targets.len() > 1;
        let label = if is_all { "all".to_owned() } else { targets.join(" ") };
        match merged.iter_mut().find(|(other, _)| *other == label) {
            Some((_, all)) => all.push(said),
            None => merged.push((label, vec![said])),
        }
    }
    merged
}

/// The text in the making.
struct Page<'a> {
    source: &'a SourceMap,
    query: &'a str,
    /// Offset of the first line of the query that is not shown yet.
    next_line: usize,
    text: String,
}

impl Page<'_> {
    fn push(&mut self, text: std::fmt::Arguments) {
        self.text.write_fmt(text).expect("a String takes any text");
    }

    fn heading(&mut self, words: &str) {
        self.push(format_args!("\n{BOLD}{words}{PLAIN}\n"));
    }

    /// The line of the file that a place in the query begins on.
    fn line_of(&self, span: Span) -> usize {
        self.source.locate(Place::Query(span)).line
    }

    /// Whether a stage is a filter.
    fn is_filter(&self, stage: Span) -> bool {
        let words = stage.of(self.query).trim_start_matches(['|', ' ']);
        words.starts_with("where") || words.starts_with("filter")
    }

    /// The lines of a stage that are not shown yet; whether there are any.
    fn lines(&mut self, stage: Span) -> bool {
        let start = self.query[..stage.start as usize].rfind('\n').map_or(0, |line| line + 1);
        let mut at = start.max(self.next_line);
        let is_new = at < stage.end as usize;
        if is_new {
            self.text.push('\n');
        }
        while at < stage.end as usize {
            let line = self.query[at..].split('\n').next().unwrap_or_default();
            if !line.trim().is_empty() {
                let number = self.line_of(Span::new(at, at));
                let shown: String = render::clean(line.trim_end());
                let cut: String = shown.chars().take(WIDTH - 7).collect();
                let more = if cut.len() < shown.len() { "…" } else { "" };
                self.push(format_args!("{DIM}{number:>4}{PLAIN} {BOLD}{cut}{more}{PLAIN}\n"));
            }
            at += line.len() + 1;
        }
        self.next_line = self.next_line.max(at);
        is_new
    }

    /// A part of a line.
    fn part(&mut self, span: Span) {
        let words: Vec<&str> = span.of(self.query).split_whitespace().collect();
        let words = render::clean(&words.join(" "));
        let cut: String = words.chars().take(WIDTH - 12).collect();
        let more = if cut.len() < words.len() { "…" } else { "" };
        self.push(format_args!("     {DIM}»{PLAIN} {cut}{more}\n"));
    }

    fn entries(&mut self, entries: &[(String, Vec<Said>)]) {
        for (label, all) in entries {
            // A long list of targets stands on a line of its own.
            let mut label = format!("       {label}");
            if label.chars().count() >= INDENT {
                self.push(format_args!("{DIM}{label}{PLAIN}\n"));
                label.clear();
            }
            for one in all {
                for line in folded(one) {
                    self.push(format_args!("{DIM}{label:<INDENT$}{PLAIN}{line}\n"));
                    label.clear();
                }
            }
        }
    }
}

/// The lines of something said, none longer than fits.
fn folded(said: &Said) -> Vec<String> {
    let width = WIDTH - INDENT;
    match said {
        Said::Words(words) => {
            let mut lines: Vec<String> = Vec::new();
            for word in render::clean(words).split(' ') {
                match lines.last_mut() {
                    Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                        line.push(' ');
                        line.push_str(word);
                    }
                    _ => lines.push(word.to_owned()),
                }
            }
            lines
        }
        Said::Output(text) => {
            let indent = |line: &str| line.len() - line.trim_start().len();
            let common = text.lines().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
            let mut lines: Vec<String> = Vec::new();
            for line in text.lines() {
                let line = render::clean(line.get(common..).unwrap_or_default());
                lines.extend(broken(&line, width));
            }
            if lines.len() > MAX_LINES {
                let more = lines.len() - MAX_LINES + 1;
                lines.truncate(MAX_LINES - 1);
                lines.push(format!("… {} more", show::counted(more, "line")));
            }
            lines
        }
    }
}

/// The line in parts that fit, at spaces where there are any.
fn broken(line: &str, width: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest: Vec<char> = line.chars().collect();
    while rest.len() > width {
        let space = rest[..width].iter().rposition(|letter| *letter == ' ').filter(|at| *at > width / 2);
        let tail = rest.split_off(space.map_or(width, |at| at + 1));
        parts.push(rest.into_iter().collect::<String>().trim_end().to_owned());
        rest = "    ".chars().chain(tail).collect();
    }
    parts.push(rest.into_iter().collect());
    parts
}
