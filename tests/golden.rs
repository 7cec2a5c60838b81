//! The golden files: `golden/` is, byte for byte, what `build rules --out golden` writes.
//!
//! One test for each rule and target, so that a run lists what has changed; a refused artifact must not be there. No
//! test writes: after a change on purpose, run the command and read the difference.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use siemaphore::bundle::{self, Bundle, Choice, Input, Language, Settings};
use siemaphore::rule;
use similar::TextDiff;

fn main() {
    let arguments = Arguments::from_args();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let bundle = bundle::build(&inputs(&root.join("rules")), &Settings::default()).expect("our templates render");
    libtest_mimic::run(&arguments, trials(&bundle, &root.join("golden"))).exit();
}

/// Every rule below the folder.
fn inputs(rules: &Path) -> Vec<Input> {
    let mut inputs = Vec::new();
    for relative in files(rules) {
        if rule::companion(&relative).is_some() {
            continue;
        }
        let language = match relative.rsplit_once('.') {
            Some((_, "yaml" | "yml")) => Language::Yaml,
            Some((_, "kql")) => Language::Kql,
            Some((_, "json")) => Language::Arm,
            _ => continue,
        };
        let bytes = fs::read(rules.join(&relative)).expect("a file that is listed can be read");
        inputs.push(Input { label: format!("rules/{relative}"), relative, language, bytes });
    }
    inputs
}

/// The relative paths of all files, with `/` between the parts, sorted.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut pending = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = pending.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.map(|entry| entry.expect("a folder can be read")) {
            let path = format!("{prefix}{}", entry.file_name().to_str().expect("our paths are ASCII"));
            if entry.path().is_dir() {
                pending.push((entry.path(), format!("{path}/")));
            } else {
                found.insert(path);
            }
        }
    }
    found
}

fn trials(bundle: &Bundle, golden: &Path) -> Vec<Trial> {
    let mut trials = Vec::new();
    let mut known = BTreeSet::new();
    let mut add = |path: &str, name: String| {
        known.insert(path.to_owned());
        let wanted = bundle.files.get(path).cloned();
        let (path, file) = (path.to_owned(), golden.join(path));
        trials.push(Trial::test(name, move || compare(&path, fs::read(file).ok(), wanted)));
    };
    for path in ["manifest.json", "report.md"] {
        add(path, path.to_owned());
    }
    for compiled in &bundle.compiled {
        for choice in Choice::defaults() {
            let target = choice.backend.target();
            add(&bundle::artifact_path(target, &compiled.relative), format!("{} {}", compiled.relative, target.name));
        }
    }
    let orphans: Vec<String> = files(golden).into_iter().filter(|path| !known.contains(path)).collect();
    trials.push(Trial::test("no file without a rule", move || {
        if orphans.is_empty() { Ok(()) } else { Err(Failed::from(format!("orphans: {}", orphans.join(", ")))) }
    }));
    trials
}

fn compare(path: &str, present: Option<Vec<u8>>, wanted: Option<Vec<u8>>) -> Result<(), Failed> {
    match (present, wanted) {
        (present, wanted) if present == wanted => Ok(()),
        (None, _) => Err(Failed::from(format!("golden/{path} is missing"))),
        (Some(_), None) => Err(Failed::from(format!("golden/{path} is there, but no such artifact is made"))),
        (Some(present), Some(wanted)) => {
            let (present, wanted) = (String::from_utf8_lossy(&present), String::from_utf8_lossy(&wanted));
            let diff = TextDiff::from_lines(present.as_ref(), wanted.as_ref());
            let header = (format!("golden/{path}"), "what is made now".to_owned());
            Err(Failed::from(diff.unified_diff().header(&header.0, &header.1).to_string()))
        }
    }
}
