//! The output folder: written whole beside its place, then put there; or compared with what it should be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use similar::TextDiff;

use crate::diagnostic::Code;

/// The files of a bundle: path in it and content.
type Files = BTreeMap<String, Vec<u8>>;

/// A file that says how and by what a bundle was made, and so is no part of the comparison.
const BUILD_INFO: &str = "build-info.json";

/// Puts the bundle at `folder`, in place of the one that is there.
///
/// The new folder is complete before the old one is touched. Between the two renames the old one stands beside its
/// place, under a name from which the next run puts it back. An error leaves everything as it was.
pub(super) fn write(folder: &Path, files: &Files, is_forced: bool) -> Result<()> {
    // A link is followed, so that the folder it leads to is replaced and not the link.
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let place = Place::of(&folder)?;
    if std::env::current_dir().is_ok_and(|current| current.starts_with(&folder)) {
        bail!("the output folder `{}` holds the current folder", folder.display());
    }
    if fs::metadata(&folder).is_ok_and(|metadata| metadata.permissions().readonly()) {
        bail!("the folder `{}` is read-only", folder.display());
    }
    fs::create_dir_all(&place.parent)
        .with_context(|| format!("cannot create the folder `{}`", place.parent.display()))?;
    place.recover()?;
    if !is_forced {
        refuse_foreign(&folder)?;
    } else if folder.exists() && !folder.is_dir() {
        bail!("{}: `{}` is no folder", Code::ForeignFolder.name(), folder.display());
    }
    let staging = tempfile::Builder::new()
        .prefix(".siemaphore-")
        .tempdir_in(&place.parent)
        .with_context(|| format!("cannot write to the folder `{}`", place.parent.display()))?;
    // The folder of the crate is private to the user; ours gets the usual permissions.
    let fresh = staging.path().join("bundle");
    for (path, bytes) in files {
        let path = fresh.join(path);
        let parent = path.parent().expect("a joined path has a parent");
        fs::create_dir_all(parent).with_context(|| format!("cannot create the folder `{}`", parent.display()))?;
        fs::write(&path, bytes).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    place.exchange(&fresh)
}

/// The output folder and the places beside it.
struct Place {
    folder: PathBuf,
    parent: PathBuf,
    /// Where the old folder stands during the exchange.
    aside: PathBuf,
}

impl Place {
    fn of(folder: &Path) -> Result<Place> {
        let Some(name) = folder.file_name() else { bail!("`{}` names no folder", folder.display()) };
        let parent = match folder.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let mut aside = std::ffi::OsString::from(".");
        aside.push(name);
        aside.push(".siemaphore-old");
        Ok(Place { folder: folder.to_owned(), aside: parent.join(aside), parent })
    }

    /// Undoes or completes what a run left that was ended during the exchange.
    fn recover(&self) -> Result<()> {
        if !self.aside.exists() {
            return Ok(());
        }
        let done = if self.folder.exists() {
            fs::remove_dir_all(&self.aside)
        } else {
            fs::rename(&self.aside, &self.folder)
        };
        done.with_context(|| format!("cannot clear away `{}`", self.aside.display()))
    }

    fn exchange(&self, fresh: &Path) -> Result<()> {
        let exists = self.folder.exists();
        if exists {
            fs::rename(&self.folder, &self.aside)
                .with_context(|| format!("cannot replace the folder `{}`", self.folder.display()))?;
        }
        if let Err(error) = fs::rename(fresh, &self.folder) {
            if exists {
                fs::rename(&self.aside, &self.folder)
                    .with_context(|| format!("cannot put back the folder `{}`", self.folder.display()))?;
            }
            return Err(error).with_context(|| format!("cannot put the bundle at `{}`", self.folder.display()));
        }
        if exists {
            fs::remove_dir_all(&self.aside)
                .with_context(|| format!("cannot remove the old bundle at `{}`", self.aside.display()))?;
        }
        Ok(())
    }
}

/// Refuses a folder that holds something and is not ours by its manifest.
fn refuse_foreign(folder: &Path) -> Result<()> {
    let mut entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("cannot read the folder `{}`", folder.display())),
    };
    if entries.next().is_none() || is_ours(folder) {
        return Ok(());
    }
    bail!(
        "{}: the folder `{}` holds files and no manifest of ours; `--force` replaces it with all that is in it",
        Code::ForeignFolder.name(),
        folder.display()
    )
}

fn is_ours(folder: &Path) -> bool {
    let Ok(text) = fs::read(folder.join("manifest.json")) else { return false };
    let manifest: Option<serde_json::Value> = serde_json::from_slice(&text).ok();
    manifest.is_some_and(|manifest| {
        manifest["format"] == 1 && manifest["rules"].is_array() && manifest["templates_sha256"].is_string()
    })
}

/// A file of the folder that is not as it should be.
pub(super) struct Difference {
    /// Its path in the bundle.
    pub path: String,
    /// What is wrong with it.
    pub kind: DifferenceKind,
}

pub(super) enum DifferenceKind {
    /// It should be there.
    Missing,
    /// It should not be there.
    Extra,
    /// It has another content.
    Different {
        /// From what is there to what should be.
        diff: String,
    },
}

impl DifferenceKind {
    /// The word in answers.
    pub fn word(&self) -> &'static str {
        match self {
            DifferenceKind::Missing => "missing",
            DifferenceKind::Extra => "extra",
            DifferenceKind::Different { .. } => "different",
        }
    }
}

/// How `folder` differs from the bundle, by path. A folder that is not there lacks every file.
pub(super) fn compare(folder: &Path, files: &Files) -> Result<Vec<Difference>> {
    let mut present = Files::new();
    if folder.exists() {
        read_all(folder, "", &mut present)?;
    }
    present.remove(BUILD_INFO);
    let paths: BTreeSet<&String> = files.keys().chain(present.keys()).collect();
    let differences = paths.into_iter().filter_map(|path| {
        let kind = match (present.get(path), files.get(path)) {
            (Some(present), Some(wanted)) if present == wanted => return None,
            (Some(present), Some(wanted)) => DifferenceKind::Different { diff: unified(path, present, wanted) },
            (Some(_), None) => DifferenceKind::Extra,
            (None, _) => DifferenceKind::Missing,
        };
        Some(Difference { path: path.clone(), kind })
    });
    Ok(differences.collect())
}

fn read_all(folder: &Path, prefix: &str, files: &mut Files) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read the folder `{}`", folder.display()))? {
        let entry = entry.with_context(|| format!("cannot read the folder `{}`", folder.display()))?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            read_all(&entry.path(), &format!("{path}/"), files)?;
        } else {
            let bytes =
                fs::read(entry.path()).with_context(|| format!("cannot read `{}`", entry.path().display()))?;
            files.insert(path, bytes);
        }
    }
    Ok(())
}

fn unified(path: &str, present: &[u8], wanted: &[u8]) -> String {
    let (present, wanted) = (String::from_utf8_lossy(present), String::from_utf8_lossy(wanted));
    let diff = TextDiff::from_lines(present.as_ref(), wanted.as_ref());
    diff.unified_diff().header(&format!("a/{path}"), &format!("b/{path}")).to_string()
}
