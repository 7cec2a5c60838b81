//! Damaged rules through the whole compiler: nothing panics, the same input gives the same bytes, and no leaf of a
//! query that still lowers is lost in silence.
//!
//! `cargo test` tries a few; `SIEMAPHORE_FUZZ_TRIES` says how many. The seed is printed, and `SIEMAPHORE_FUZZ_SEED`
//! sets it: the same seed and number give the same run on any machine.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use siemaphore::backend::{self, Options};
use siemaphore::crosswalk::Crosswalk;
use siemaphore::rule::{self, Loaded};
use siemaphore::template::Templates;
use siemaphore::{coverage, kql, lower, rewrite};

/// Xorshift: enough to choose by, and the same everywhere.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).expect("it is below a usize")
    }
}

/// Pieces that mean something somewhere: quotes and brackets of every language we read or write.
const PIECES: &[&str] = &[
    "\"",
    "'",
    "`",
    "```",
    "\"\"\"",
    "\\",
    "|",
    ";",
    "(",
    ")",
    "[",
    "]",
    "{{",
    "}}",
    "{%",
    "*",
    "%",
    "$",
    "//",
    "#",
    "\n",
    "\u{0}",
    "\u{a0}",
    "\u{2028}",
    "é",
    " and ",
    " or ",
    " not(",
    " has ",
    " in (",
    "dynamic([",
    "ago(1d)",
    "-9223372036854775808",
    "1e999",
    "let x = ",
    "union ",
    "summarize count() by ",
    "matches regex @\"(\"",
    "between (1 .. 2)",
    ": ",
    "- ",
    "&a *a",
];

fn damaged(text: &str, chance: &mut Chance) -> Vec<u8> {
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..=chance.below(4) {
        let place = chance.below(letters.len() + 1);
        match chance.below(4) {
            0 if place < letters.len() => {
                letters.remove(place);
            }
            1 => {
                let length = chance.below(40).min(letters.len() - place);
                let copied: Vec<char> = letters[place..place + length].to_vec();
                let target = chance.below(letters.len() + 1);
                letters.splice(target..target, copied);
            }
            2 => {
                let length = chance.below(60).min(letters.len() - place);
                letters.drain(place..place + length);
            }
            _ => {
                let piece = PIECES[chance.below(PIECES.len())];
                letters.splice(place..place, piece.chars());
            }
        }
    }
    let mut bytes = letters.into_iter().collect::<String>().into_bytes();
    if chance.below(50) == 0 && !bytes.is_empty() {
        let place = chance.below(bytes.len());
        bytes[place] = 0xff;
    }
    bytes
}

/// All artifacts of a rule, and the leaves that they lose.
fn compile(bytes: &[u8], crosswalk: &Crosswalk, templates: &Templates) -> (Vec<String>, Vec<String>) {
    let Loaded::Rule { rule, .. } = rule::load("fuzz", bytes) else { return Default::default() };
    let parsed = kql::parse(&rule.query.value);
    let lowered = lower::lower(&rule, &parsed.query, crosswalk);
    let (true, Some(mut detection)) = (parsed.errors.is_empty(), lowered.detection) else {
        return Default::default();
    };
    rewrite::normalise(&mut detection.query);
    let (mut texts, mut lost) = (Vec::new(), Vec::new());
    for back_end in backend::ALL {
        let target = back_end.target();
        for profile in target.profiles {
            let options = Options { crosswalk, profile: profile.name, native_names: false, index: None, templates };
            let emission = back_end.emit(&detection, &options).expect("built-in templates render");
            if let (Some(artifact), true) = (&emission.artifact, target.name != "sentinel") {
                for leaf in coverage::lost(&kql::leaves(&parsed.query), &detection.query, &emission) {
                    lost.push(format!("{}: `{}`", target.name, leaf.span.of(&detection.text)));
                }
                texts.push(artifact.text.clone());
            }
        }
    }
    (texts, lost)
}

fn rule_files(folder: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).expect("rules/ can be read").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            rule_files(&entry, into);
        } else if rule::companion(&entry.to_string_lossy()).is_none() {
            into.push(entry);
        }
    }
}

#[test]
fn damaged_rules_neither_panic_nor_differ() {
    let variable = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seed = variable("SIEMAPHORE_FUZZ_SEED").unwrap_or(0x005E_ED0F_51E3);
    let tries = variable("SIEMAPHORE_FUZZ_TRIES").unwrap_or(300);
    let mut files = Vec::new();
    rule_files(Path::new("rules"), &mut files);
    let rules: Vec<String> = files.iter().map(|file| fs::read_to_string(file).expect("a rule can be read")).collect();
    let (crosswalk, templates) = (Crosswalk::builtin(), Templates::builtin());
    let mut chance = Chance(seed);
    let (mut emitted, mut losing) = (0, Vec::new());
    for tried in 0..tries {
        let place = chance.below(rules.len());
        let bytes = damaged(&rules[place], &mut chance);
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let once = catch_unwind(AssertUnwindSafe(|| compile(&bytes, &crosswalk, &templates)));
        let Ok((texts, lost)) = once else { panic!("seed {seed}, try {tried}: a panic on\n{shown}") };
        assert_eq!(
            texts,
            compile(&bytes, &crosswalk, &templates).0,
            "seed {seed}, try {tried}: two answers for\n{shown}"
        );
        emitted += usize::from(!texts.is_empty());
        if !lost.is_empty() {
            losing.push(format!("{}: {} in\n{shown}", files[place].display(), lost.join(", ")));
        }
    }
    println!("seed {seed}: {tries} damaged rules, {emitted} still emitted, {} with a leaf lost", losing.len());
    assert!(losing.is_empty(), "seed {seed}: leaves are lost in silence:\n{}", losing.join("\n"));
}
