//! The corpus of published rules and queries: the parser against the reference parser's verdicts, and every rule
//! through the whole compiler: no panic, and the law that nothing is lost in silence is measured.
//!
//! The corpus is not part of this project. Where it is is said by `SIEMAPHORE_SHARED`; without it there is nothing to
//! read, and that is said aloud.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use siemaphore::backend::{self, Options};
use siemaphore::crosswalk::Crosswalk;
use siemaphore::rule::{self, Loaded};
use siemaphore::template::Templates;
use siemaphore::{coverage, ir, kql, lower, rewrite};

fn main() -> ExitCode {
    let Some(folder) = std::env::var_os("SIEMAPHORE_SHARED").map(PathBuf::from) else {
        eprintln!("corpus: SKIPPED, nothing was read: SIEMAPHORE_SHARED names no folder of rules");
        return ExitCode::SUCCESS;
    };
    let corpus = folder.join("data/corpus");
    let parsed = parser_agrees(&corpus);
    let compiled = every_rule_compiles(&corpus.join("yaml"));
    let passed = usize::from(parsed) + usize::from(compiled);
    println!("\n{passed} passed, {} failed\n", 2 - passed);
    if parsed && compiled { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The query of a corpus file: its whole text, or the rule's.
fn query(path: &Path) -> Option<String> {
    let bytes = fs::read(path).expect("a corpus file can be read");
    if path.extension().is_some_and(|extension| extension == "kql") {
        return match rule::load_kql("corpus", &bytes) {
            Loaded::Rule { rule, .. } => Some(rule.query.value.clone()),
            Loaded::NotARule { .. } | Loaded::Broken { .. } => None,
        };
    }
    match rule::load("corpus", &bytes) {
        Loaded::Rule { rule, .. } => Some(rule.query.value.clone()),
        Loaded::NotARule { .. } | Loaded::Broken { .. } => None,
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

/// No query that the reference accepts is refused; nearly all others are, on the reference's line.
fn parser_agrees(corpus: &Path) -> bool {
    let table = fs::read_to_string(corpus.join("reference-parse.tsv")).expect("the table of verdicts can be read");
    let (mut accepted, mut rejected, mut unread) = (0, 0, 0);
    let (mut all, mut tiled, mut whole, mut round_trips) = (0, 0, 0, 0);
    let mut differences = Vec::new();
    for row in table.lines().skip(1) {
        let mut cells = row.split('\t');
        let (file, verdict, diagnostics) =
            (cells.next().unwrap_or_default(), cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
        let Some(text) = query(&corpus.join(file)) else {
            unread += 1;
            differences.push(format!("{file}: not read as a rule; its query is {verdict} by the reference"));
            continue;
        };
        let tokens: usize = kql::lex(&text).iter().map(|token| (token.span.end - token.span.start) as usize).sum();
        let parsed = kql::parse(&text);
        if parsed.errors.is_empty() {
            // Printing may not change what is printed again.
            let printed = kql::print(&parsed.query);
            let again = kql::parse(&printed);
            round_trips += usize::from(again.errors.is_empty() && kql::print(&again.query) == printed);
            whole += 1;
        }
        tiled += usize::from(tokens == text.len());
        all += 1;
        let first = parsed.errors.first().map(|error| line_of(&text, error.span.start as usize));
        // `message @offset`: the first number behind an `@`.
        let offset: Option<usize> = diagnostics
            .split('@')
            .nth(1)
            .and_then(|rest| rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok());
        let expected = offset.map(|offset| {
            let bytes = text.char_indices().nth(offset).map_or(text.len(), |(byte, _)| byte);
            line_of(&text, bytes)
        });
        match (verdict, first) {
            ("ok", None) => accepted += 1,
            ("ok", Some(line)) => {
                differences.push(format!("{file}: refused at line {line}, the reference accepts it"))
            }
            (_, Some(line)) if Some(line) == expected => rejected += 1,
            (_, found) => {
                differences.push(format!("{file}: error at line {found:?}, the reference says {expected:?}"))
            }
        }
    }
    println!("parser: {accepted} accepted alike, {rejected} refused on the same line, {unread} files are no rules");
    for difference in &differences {
        println!("  {difference}");
    }
    println!("lexer: the tokens of {tiled} of {all} queries tile the text");
    println!("printer: {round_trips} of {whole} accepted queries are printed, parsed and printed alike");
    let falsely = differences.iter().filter(|difference| difference.contains("the reference accepts")).count();
    falsely == 0 && rejected >= 105 && tiled == all && round_trips == whole
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the corpus can be read")
        .map(|entry| entry.expect("an entry of the corpus").path())
        .collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() { files(&entry, into) } else { into.push(entry) }
    }
}

/// What a query has that is known by name only, each once.
fn opaque_parts(query: &ir::Query) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let expr = |expr: &ir::Expr, found: &mut BTreeSet<String>| {
        expr.walk(&mut |part| {
            if let ir::ExprKind::Opaque { name, .. } = &part.kind {
                found.insert(format!("function {name}"));
            }
        });
    };
    for id in query.reachable() {
        let op = &query.relation(id).op;
        if let ir::Operator::Opaque { name, text, inputs, .. } = op {
            let plugin = text.strip_prefix("evaluate ").and_then(|call| call.split('(').next());
            found.insert(match plugin {
                Some(plugin) => format!("plugin {plugin}"),
                None if inputs.is_empty() => format!("source {name}"),
                None => format!("operator {name}"),
            });
        }
        for predicate in op.predicates() {
            predicate.walk(&mut |part| {
                if let ir::PredicateKind::Test(test) = &part.kind
                    && let ir::TestOp::Opaque { name, .. } = &test.op
                {
                    found.insert(format!("test {name}"));
                }
            });
            predicate.walk_exprs(&mut |part| expr(part, &mut found));
        }
        for part in op.exprs() {
            expr(part, &mut found);
        }
    }
    found
}

/// Every rule goes through every back end, with mapped and with native names; none loses a leaf in silence.
fn every_rule_compiles(folder: &Path) -> bool {
    let (crosswalk, templates) = (Crosswalk::builtin(), Templates::builtin());
    let mut paths = Vec::new();
    files(folder, &mut paths);
    let mut status: BTreeMap<&str, usize> = BTreeMap::new();
    let mut verdicts: BTreeMap<(&str, bool, &str), usize> = BTreeMap::new();
    let mut breaches = Vec::new();
    let mut opaque: BTreeMap<String, usize> = BTreeMap::new();
    for path in &paths {
        let name = path.strip_prefix(folder).expect("it is inside").display().to_string();
        let rule = match rule::load(&name, &fs::read(path).expect("a corpus file can be read")) {
            Loaded::Rule { rule, .. } => rule,
            Loaded::NotARule { .. } => {
                *status.entry("skipped").or_default() += 1;
                continue;
            }
            Loaded::Broken { .. } => {
                *status.entry("broken file").or_default() += 1;
                continue;
            }
        };
        let parsed = kql::parse(&rule.query.value);
        if !parsed.errors.is_empty() {
            *status.entry("broken query").or_default() += 1;
            continue;
        }
        let lowered = lower::lower(&rule, &parsed.query, &crosswalk);
        let Some(mut detection) = lowered.detection else {
            *status.entry("names or types").or_default() += 1;
            if std::env::var_os("SIEMAPHORE_SHOW").is_some() {
                let first = lowered.diagnostics.iter().find(|diagnostic| diagnostic.is_error());
                println!("  {name}: {}", first.map_or("", |first| first.message.as_str()));
            }
            continue;
        };
        *status.entry("ok").or_default() += 1;
        for part in opaque_parts(&detection.query) {
            *opaque.entry(part).or_default() += 1;
        }
        rewrite::normalise(&mut detection.query);
        let leaves = kql::leaves(&parsed.query);
        for native_names in [false, true] {
            for back_end in backend::ALL {
                let target = back_end.target();
                let options = Options {
                    crosswalk: &crosswalk,
                    profile: target.profiles[0].name,
                    native_names,
                    index: None,
                    templates: &templates,
                };
                let emission = back_end.emit(&detection, &options).expect("built-in templates render");
                *verdicts.entry((target.name, native_names, emission.verdict().word())).or_default() += 1;
                if target.name == "sentinel" || emission.artifact.is_none() {
                    continue;
                }
                for leaf in coverage::lost(&leaves, &detection.query, &emission) {
                    let text = leaf.span.of(&detection.text);
                    breaches.push(format!("{name} {}: `{text}` at {}", target.name, leaf.span.start));
                }
            }
        }
    }
    println!("rules: {} files: {status:?}", paths.len());
    for ((target, native, verdict), count) in &verdicts {
        println!("  {target} {}: {count} {verdict}", if *native { "native" } else { "mapped" });
    }
    let mut opaque: Vec<(String, usize)> = opaque.into_iter().collect();
    opaque.sort_by_key(|(_, rules)| std::cmp::Reverse(*rules));
    println!("known by name only: {} operators, functions and tests", opaque.len());
    for (part, rules) in &opaque {
        println!("  {part}: {rules} rules");
    }
    println!("law of coverage: {} leaves are lost in silence", breaches.len());
    for breach in &breaches {
        println!("  {breach}");
    }
    breaches.is_empty() && status.get("ok").is_some_and(|ok| *ok > 0)
}
