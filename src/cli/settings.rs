//! Options to what a run asks of the library.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use super::args::Carrying;
use crate::backend;
use crate::bundle::{Choice, Selection, Settings};
use crate::crosswalk::Crosswalk;
use crate::template::Templates;

/// The settings for these targets; none means all.
pub(super) fn settings(targets: &[String], carrying: &Carrying, selection: Selection) -> Result<Settings> {
    let mut crosswalk = crosswalk(&carrying.crosswalk)?;
    for mapping in &carrying.map {
        crosswalk.map(mapping).map_err(|error| anyhow!("in `--map {mapping}`: {error}"))?;
    }
    Ok(Settings {
        crosswalk,
        templates: templates(carrying.templates.as_deref())?,
        targets: choices(targets, &carrying.profile)?,
        native_names: carrying.native_names,
        index: carrying.index.clone(),
        selection,
        witnesses: false,
    })
}

/// The crosswalk with the user's own files.
pub(super) fn crosswalk(files: &[PathBuf]) -> Result<Crosswalk> {
    let mut crosswalk = Crosswalk::builtin();
    for path in files {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        crosswalk
            .extend_from(&text)
            .map_err(|error| anyhow!("{}:{}:{}: {error}", path.display(), error.line, error.column))?;
    }
    Ok(crosswalk)
}

fn templates(folder: Option<&Path>) -> Result<Templates> {
    let Some(folder) = folder else { return Ok(Templates::builtin()) };
    if !folder.is_dir() {
        bail!("there is no folder `{}`", folder.display());
    }
    let mut overrides = Vec::new();
    for name in Templates::names() {
        let path = folder.join(name);
        if path.exists() {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            overrides.push((name.to_owned(), text));
        }
    }
    if overrides.is_empty() {
        let names: Vec<&str> = Templates::names().collect();
        bail!("`{}` holds no template; there are {}", folder.display(), names.join(", "));
    }
    Ok(Templates::with_overrides(overrides)?)
}

/// The targets in the order of all targets, each once, with the profile asked for or the default.
fn choices(targets: &[String], profiles: &[String]) -> Result<Vec<Choice>> {
    let mut choices = Choice::defaults();
    choices
        .retain(|choice| targets.is_empty() || targets.iter().any(|target| target == choice.backend.target().name));
    for asked in profiles {
        let (target, name) =
            asked.split_once('=').ok_or_else(|| anyhow!("`--profile {asked}` is not of the form TARGET=NAME"))?;
        let Some(backend) = backend::find(target) else {
            let names: Vec<&str> = backend::ALL.iter().map(|backend| backend.target().name).collect();
            bail!("unknown target `{target}` in `--profile {asked}`; there are {}", names.join(", "));
        };
        let Some(profile) = backend.target().profiles.iter().find(|profile| profile.name == name) else {
            let names: Vec<&str> = backend.target().profiles.iter().map(|profile| profile.name).collect();
            bail!("unknown profile `{name}` of `{target}`; there are {}", names.join(", "));
        };
        for choice in choices.iter_mut().filter(|choice| choice.backend.target().name == target) {
            choice.profile = profile.name;
        }
    }
    Ok(choices)
}
