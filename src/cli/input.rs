//! Paths to inputs.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ignore::WalkBuilder;

use super::args::InputFormat;
use crate::bundle::{Input, Language, Outcome};
use crate::rule::{self, Companion};

/// Extensions of files that a folder's walk takes, and what they are.
const EXTENSIONS: [(&str, Language); 4] =
    [("yaml", Language::Yaml), ("yml", Language::Yaml), ("kql", Language::Kql), ("json", Language::Arm)];

/// The inputs below the paths, in their order; folders are walked by name.
///
/// What a user's own Git settings ignore is not ignored: two users get the same inputs. Files that stand beside a rule
/// and bear its name are none.
/// The output folder, if there is one, is no input, even where it lies among them; and it cannot hold them, for all
/// of it is replaced.
pub(super) fn gather(paths: &[PathBuf], format: Option<InputFormat>, out: Option<&Path>) -> Result<Vec<Input>> {
    let inputs = gather_all(paths, format, out)?.rules;
    if inputs.is_empty() {
        bail!("no rule file (`.yaml`, `.yml`, `.kql` or `.json`) below the paths given");
    }
    Ok(inputs)
}

/// What lies below the paths.
#[derive(Default)]
pub(super) struct Gathered {
    /// Whatever may be a rule.
    pub rules: Vec<Input>,
    /// Files of cases that were walked past.
    pub cases: Vec<Input>,
}

/// The inputs below the paths, with the cases beside them.
pub(super) fn gather_all(paths: &[PathBuf], format: Option<InputFormat>, out: Option<&Path>) -> Result<Gathered> {
    let out = out.and_then(|out| fs::canonicalize(out).ok());
    let mut gathered = Gathered::default();
    for path in paths {
        if let (Ok(path), Some(out)) = (fs::canonicalize(path), &out)
            && path.starts_with(out)
        {
            bail!("the output folder `{}` holds the input `{}`", out.display(), path.display());
        }
        if path.is_dir() {
            let mut walk = WalkBuilder::new(path);
            walk.ignore(false).git_global(false).git_exclude(false).require_git(false);
            walk.sort_by_file_name(Ord::cmp);
            let out = out.clone();
            walk.filter_entry(move |entry| out.is_none() || fs::canonicalize(entry.path()).ok() != out);
            for entry in walk.build() {
                let entry = entry.with_context(|| format!("cannot walk `{}`", path.display()))?;
                let is_file = entry.file_type().is_some_and(|kind| !kind.is_dir());
                if is_file && let Some(language) = language_of(entry.path()) {
                    let relative = slashed(entry.path().strip_prefix(path).expect("a walk stays below its root"))?;
                    match rule::companion(&relative) {
                        None => gathered.rules.push(read_file(entry.path(), &relative, language)?),
                        Some((Companion::Cases, _)) => {
                            gathered.cases.push(read_file(entry.path(), &relative, language)?);
                        }
                        Some((Companion::Tuning, _)) => {}
                    }
                }
            }
        } else {
            gathered.rules.push(read_one(path, format)?);
        }
    }
    Ok(gathered)
}

/// A single input: a file, or standard input for `-`.
pub(super) fn read_one(path: &Path, format: Option<InputFormat>) -> Result<Input> {
    let given = format.map(|format| match format {
        InputFormat::Yaml => Language::Yaml,
        InputFormat::Kql => Language::Kql,
        InputFormat::Arm => Language::Arm,
    });
    if path == Path::new("-") {
        let language = given.unwrap_or(Language::Yaml);
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).context("cannot read standard input")?;
        return Ok(Input { label: "<stdin>".to_owned(), relative: "stdin".to_owned(), language, bytes });
    }
    let language = given.or_else(|| language_of(path)).unwrap_or(Language::Yaml);
    let name = path.file_name().with_context(|| format!("`{}` names no file", path.display()))?;
    read_file(path, &slashed(Path::new(name))?, language)
}

/// The only rule of an input; where it holds none, what it holds instead.
pub(super) fn only_rule<T>(all: Vec<T>, outcome: impl Fn(&T) -> &Outcome, label: &str) -> Result<T> {
    let is_rule = |one: &T| !matches!(outcome(one), Outcome::NotARule(_));
    let n_rules = all.iter().filter(|one| is_rule(one)).count();
    if n_rules > 1 {
        bail!("`{label}` holds {n_rules} rules; `build` takes them all");
    }
    let mut all = all.into_iter();
    let first = all.next().context("an input has at least one part")?;
    Ok(if is_rule(&first) { first } else { all.find(is_rule).unwrap_or(first) })
}

fn read_file(path: &Path, relative: &str, language: Language) -> Result<Input> {
    let bytes = fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(Input { label: slashed(path)?, relative: relative.to_owned(), language, bytes })
}

fn language_of(path: &Path) -> Option<Language> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    EXTENSIONS.iter().find(|(known, _)| *known == extension).map(|(_, language)| *language)
}

/// The path as text, the same on every system.
fn slashed(path: &Path) -> Result<String> {
    let Some(text) = path.to_str() else { bail!("the path `{}` is not UTF-8", path.display()) };
    Ok(if std::path::MAIN_SEPARATOR == '/' { text.to_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") })
}
