//! Lists `templates/**` for embedding, so that a new back end only adds its files.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo")).join("templates");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut names = Vec::new();
    collect(&root, "", &mut names)?;
    names.sort();
    let mut table = String::from("&[\n");
    for name in names {
        let path = root.join(&name);
        table.push_str(&format!("    ({name:?}, include_str!({path:?})),\n"));
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    fs::write(out.join("templates.rs"), table)
}

/// The names of all templates below `folder`, relative to the root, with `/` between their parts.
fn collect(folder: &Path, prefix: &str, names: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let file = entry.file_name().into_string().expect("our template names are ASCII");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{prefix}{file}/"), names)?;
        } else if file.ends_with(".j2") {
            names.push(format!("{prefix}{file}"));
        }
    }
    Ok(())
}
