//! The layers: which module may name which, read from the source itself.
//!
//! Text goes one way through the crate, and each stage knows only what is below it. A line that breaks this compiles,
//! so a test has to say so.

use std::fs;
use std::path::{Path, PathBuf};

/// What each module may name, besides itself.
const LAYERS: &[(&str, &[&str])] = &[
    ("span", &[]),
    ("hash", &[]),
    ("diagnostic", &["hash", "span"]),
    ("ir", &["span"]),
    ("fidelity", &["ir", "diagnostic", "span"]),
    ("yaml", &["span", "diagnostic"]),
    ("kql", &["span", "diagnostic"]),
    ("rule", &["yaml", "span", "diagnostic"]),
    ("crosswalk", &["yaml", "ir", "fidelity", "hash", "span", "diagnostic"]),
    ("lower", &["rule", "kql", "crosswalk", "ir", "diagnostic", "span"]),
    ("eval", &["ir", "span"]),
    ("witness", &["eval", "ir", "span"]),
    ("cases", &["eval", "rule", "yaml", "ir", "span", "diagnostic"]),
    ("rewrite", &["ir", "eval", "span"]),
    ("shape", &["rewrite", "fidelity", "ir", "diagnostic", "span"]),
    ("template", &["yaml", "hash", "span", "diagnostic"]),
    ("coverage", &["backend", "kql", "fidelity", "ir", "span"]),
    ("backend", &["ir", "shape", "fidelity", "crosswalk", "template", "diagnostic", "span"]),
    ("suppression", &["yaml", "kql", "diagnostic", "span"]),
    (
        "bundle",
        &[
            "witness",
            "eval",
            "suppression",
            "backend",
            "template",
            "shape",
            "rewrite",
            "lower",
            "crosswalk",
            "rule",
            "kql",
            "fidelity",
            "ir",
            "hash",
            "diagnostic",
            "span",
        ],
    ),
    (
        "cli",
        &[
            "bundle",
            "cases",
            "coverage",
            "witness",
            "eval",
            "backend",
            "template",
            "lower",
            "crosswalk",
            "rule",
            "kql",
            "fidelity",
            "ir",
            "hash",
            "diagnostic",
            "span",
        ],
    ),
];

/// What only `cli` may use: the disk, the clock, threads, the environment.
const OUTSIDE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::time",
    "std::thread",
    "std::process",
    "std::net::Tcp",
    "std::net::Udp",
    "std::io",
    "rayon",
    "tempfile",
    "ignore::",
    "anstream",
    "anyhow",
];

/// The libraries that only `yaml` may use.
const YAML_LIBRARIES: &[&str] = &["serde_yaml", "serde_saphyr", "yaml_serde"];

/// A source file: its path below `src`, its module, and its code without comments and tests.
struct Source {
    path: String,
    module: String,
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    let mut pending = vec![root.clone()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.extend(source(&root, &path));
            }
        }
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    sources
}

/// None for files of tests, which may use whatever they need.
fn source(root: &Path, path: &PathBuf) -> Option<Source> {
    let relative = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
    let is_test = relative.split('/').any(|part| part == "tests.rs" || part == "tests");
    let module = relative.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
    let text = fs::read_to_string(path).unwrap();
    // Unit tests stand at the end of a file.
    let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
    let code = code.lines().map(without_comment).collect::<Vec<_>>().join("\n");
    (!is_test && module != "lib" && module != "main").then_some(Source { path: relative, module, code })
}

/// The line without its comment. A `//` inside a string is taken for one too, which hides nothing that names a module.
fn without_comment(line: &str) -> &str {
    line.split("//").next().unwrap_or("")
}

/// The names that the code takes from the crate's root: `crate::a::…` and `use crate::{a, b::…}`.
fn crate_names(code: &str) -> Vec<&str> {
    let mut names: Vec<&str> = words_after(code, "crate::").filter(|word| !word.is_empty()).collect();
    for (at, _) in code.match_indices("crate::{") {
        let mut depth = 1;
        let list = &code[at + "crate::{".len()..];
        let end = list.find(|letter: char| {
            depth += i32::from(letter == '{') - i32::from(letter == '}');
            depth == 0
        });
        let mut inside = 0;
        let parts = list[..end.unwrap_or(0)].split(|letter: char| {
            inside += i32::from(letter == '{') - i32::from(letter == '}');
            letter == ',' && inside == 0
        });
        names.extend(parts.map(|part| part.trim().split("::").next().unwrap_or("")).filter(|name| !name.is_empty()));
    }
    names
}

/// The words that follow `prefix` in the code.
fn words_after<'a>(code: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(prefix).map(move |(at, _)| {
        let rest = &code[at + prefix.len()..];
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}

#[test]
fn modules_name_only_what_is_below_them() {
    let mut broken = Vec::new();
    for source in sources() {
        let Some((_, allowed)) = LAYERS.iter().find(|(module, _)| *module == source.module) else {
            broken.push(format!("src/{}: `{}` is in no layer", source.path, source.module));
            continue;
        };
        for word in crate_names(&source.code) {
            if word != source.module && !allowed.contains(&word) {
                broken.push(format!("src/{}: `{}` may not name `{word}`", source.path, source.module));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn back_ends_do_not_name_each_other() {
    let targets: Vec<&str> = siemaphore::backend::ALL.iter().map(|backend| backend.target().name).collect();
    let mut broken = Vec::new();
    for source in sources().iter().filter(|source| source.module == "backend") {
        let own = source.path.split('/').nth(1).unwrap().trim_end_matches(".rs");
        if !targets.contains(&own) {
            continue;
        }
        for prefix in ["backend::", "super::"] {
            for word in words_after(&source.code, prefix).filter(|word| *word != own && targets.contains(word)) {
                broken.push(format!("src/{}: names the back end `{word}`", source.path));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn only_the_command_line_touches_the_world() {
    let mut broken = Vec::new();
    for source in sources().iter().filter(|source| source.module != "cli") {
        for name in OUTSIDE.iter().filter(|name| source.code.contains(**name)) {
            broken.push(format!("src/{}: uses `{name}`", source.path));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn only_one_module_names_a_yaml_library() {
    let mut broken = Vec::new();
    for source in sources().iter().filter(|source| source.module != "yaml") {
        for name in YAML_LIBRARIES.iter().filter(|name| source.code.contains(**name)) {
            broken.push(format!("src/{}: uses `{name}`", source.path));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
