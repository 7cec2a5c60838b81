//! Templates own the artifact: its keys stand in them, and not in the Rust of the back ends.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The keys that a template writes itself: `"key": ` of JSON, `key: ` of YAML.
fn keys(path: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let pattern = match name.trim_end_matches(".j2").rsplit('.').next() {
        Some("json") => r#""([A-Za-z$]+)": "#,
        Some("yml" | "yaml") => r"(?m)^ *(?:- )?([a-z_-]+):(?: |$)",
        _ => return BTreeSet::new(),
    };
    Regex::new(pattern).unwrap().captures_iter(&text).map(|found| found[1].to_owned()).collect()
}

#[test]
fn every_target_has_a_template_that_says_something() {
    let varying = Regex::new(r"(?s)\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|\s").unwrap();
    for backend in siemaphore::backend::ALL {
        let target = backend.target().name;
        let folder = root().join("templates").join(target);
        assert!(folder.is_dir(), "templates/{target} is missing");
        for path in files(&folder) {
            let text = fs::read_to_string(&path).unwrap();
            let own: String = varying.replace_all(&text, "").into();
            assert!(!own.is_empty(), "{} only passes through what it is given", path.display());
        }
    }
}

#[test]
fn the_rust_of_a_back_end_does_not_hold_its_envelopes_keys() {
    let mut broken = Vec::new();
    for backend in siemaphore::backend::ALL {
        let target = backend.target().name;
        let keys: BTreeSet<String> =
            files(&root().join("templates").join(target)).iter().flat_map(|path| keys(path)).collect();
        for path in files(&root().join("src/backend").join(target)) {
            if path.ends_with("tests.rs") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
            for key in keys.iter().filter(|key| code.contains(&format!("\"{key}\""))) {
                broken.push(format!("{} holds the key `{key}`", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
