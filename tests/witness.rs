//! Events made for published rules: how many rules can be fired by them, and how many kept silent.
//!
//! The rules are not part of this project. Where they are is said by `SIEMAPHORE_SHARED`; without it nothing is made,
//! and that is said aloud. Arguments are parts of file names to run alone, with what was made.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use rayon::prelude::*;
use siemaphore::crosswalk::Crosswalk;
use siemaphore::rule::{self, Loaded};
use siemaphore::witness::{self, Failed};
use siemaphore::{kql, lower, rewrite};

/// 2026-01-01T00:00:00Z, in ticks: the time of every run.
const CLOCK: i64 = 639_028_224_000_000_000;
/// The share of rules, in per cent, that has to have an event set that fires and one that does not; it does not sink.
const WANTED: f64 = 90.0;

/// What came of a rule.
enum Outcome {
    /// Not a rule, or not one that can be run.
    Left,
    /// Both kinds of events were found.
    Both,
    /// What is missing.
    Missing(String),
}

fn main() -> ExitCode {
    let Some(folder) = std::env::var_os("SIEMAPHORE_SHARED").map(PathBuf::from) else {
        eprintln!("witness: SKIPPED, nothing was made: SIEMAPHORE_SHARED names no folder of rules");
        return ExitCode::SUCCESS;
    };
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let mut files = Vec::new();
    collect(&folder.join("data/corpus/yaml"), &mut files);
    files.sort();
    files
        .retain(|file| wanted.is_empty() || wanted.iter().any(|part| file.to_string_lossy().contains(part.as_str())));
    let crosswalk = Crosswalk::builtin();
    let outcomes: Vec<Outcome> = files.par_iter().map(|file| outcome(file, &crosswalk, !wanted.is_empty())).collect();
    let (mut both, mut missing) = (0, 0);
    for (file, outcome) in files.iter().zip(&outcomes) {
        match outcome {
            Outcome::Left => {}
            Outcome::Both => both += 1,
            Outcome::Missing(what) => {
                missing += 1;
                println!("  {}: {what}", file.file_name().unwrap_or_default().to_string_lossy());
            }
        }
    }
    let share = f64::from(both) * 100.0 / f64::from((both + missing).max(1));
    println!(
        "witness: {both} of {} rules that can be run have events that fire them and events that do not, {share:.1} %",
        both + missing
    );
    if share >= WANTED || !wanted.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the corpus can be read") {
        let path = entry.expect("the corpus can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            files.push(path);
        }
    }
}

fn outcome(file: &Path, crosswalk: &Crosswalk, shows: bool) -> Outcome {
    let bytes = std::fs::read(file).expect("a corpus file can be read");
    let Loaded::Rule { rule, .. } = rule::load("corpus", &bytes) else { return Outcome::Left };
    let parsed = kql::parse(&rule.query.value);
    if !parsed.errors.is_empty() {
        return Outcome::Left;
    }
    let Some(mut detection) = lower::lower(&rule, &parsed.query, crosswalk).detection else { return Outcome::Left };
    rewrite::normalise(&mut detection.query);
    let start = Instant::now();
    let made = witness::witnesses(&detection, CLOCK, 0, 40);
    let taken = start.elapsed().as_secs();
    if taken > 20 {
        println!("  {} took {taken} s", file.display());
    }
    match made {
        Err(Failed::Refused(_)) => Outcome::Left,
        Err(Failed::NotFound) => Outcome::Missing("no events fire it".to_owned()),
        Ok(witnesses) => {
            if shows {
                for witness in &witnesses {
                    println!("{} {}\n  {:?}", witness.expect, witness.why, witness.data);
                }
            }
            let fires = witnesses.iter().any(|witness| witness.expect);
            match (fires, witnesses.iter().any(|witness| !witness.expect)) {
                (true, true) => Outcome::Both,
                (true, false) => Outcome::Missing("no events keep it silent".to_owned()),
                (false, _) => Outcome::Missing("no events fire it".to_owned()),
            }
        }
    }
}
