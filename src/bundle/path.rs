//! Where an input's artifacts go, and which inputs get in each other's way.

use std::collections::BTreeMap;

use crate::backend::Target;

/// Names at the top of a target's folder that the bundle needs for all rules together.
const RESERVED_STEMS: [&str; 2] = ["azuredeploy", "rules"];
/// A folder that the bundle needs.
const RESERVED_FOLDER: &str = "app";

/// The input's path without the extension that says what kind of input it is.
pub(super) fn stem(relative: &str) -> &str {
    match relative.rsplit_once('.') {
        Some((stem, extension)) if !extension.contains('/') && !stem.is_empty() && !stem.ends_with('/') => stem,
        _ => relative,
    }
}

/// A folder of the bundle that mirrors the input tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Mirror {
    /// Its name.
    pub folder: &'static str,
    /// The extension of the files in it.
    pub extension: &'static str,
}

/// The folder of witnesses. No target has this name, so no artifact stands in it.
pub(super) const WITNESS: Mirror = Mirror { folder: "witness", extension: "jsonl" };

impl Mirror {
    /// That of a target's artifacts.
    pub fn of(target: &Target) -> Mirror {
        Mirror { folder: target.name, extension: target.extension }
    }

    /// What stands in it for an input.
    pub fn path(self, relative: &str) -> String {
        format!("{}/{}.{}", self.folder, stem(relative), self.extension)
    }
}

/// The artifact of a target: its folder mirrors the input tree.
pub fn artifact(target: &Target, relative: &str) -> String {
    Mirror::of(target).path(relative)
}

/// The name that the bundle needs itself, if the input's artifacts would take it.
pub(super) fn reserved(relative: &str) -> Option<&'static str> {
    let stem = stem(relative).to_lowercase();
    match stem.split_once('/') {
        Some((RESERVED_FOLDER, _)) => Some("app/"),
        Some(_) => None,
        None => RESERVED_STEMS.into_iter().find(|name| *name == stem),
    }
}

/// Pairs of inputs, by index, whose files cannot stand beside each other: one is the other but for letter case and
/// extension, or would be a folder of the other's.
///
/// Letter case does not count since it does not in the file systems of many readers.
pub(super) fn collisions(relatives: &[&str], mirrors: &[Mirror]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for mirror in mirrors {
        let mut taken: BTreeMap<String, usize> = BTreeMap::new();
        let paths: Vec<String> = relatives.iter().map(|relative| mirror.path(relative).to_lowercase()).collect();
        for (index, path) in paths.iter().enumerate() {
            match taken.get(path) {
                Some(first) => pairs.push((*first, index)),
                None => {
                    taken.insert(path.clone(), index);
                }
            }
        }
        for (index, path) in paths.iter().enumerate() {
            let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
            pairs.extend(folders.filter_map(|folder| taken.get(folder)).map(|file| (*file, index)));
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Target = Target { name: "sigma", title: "Sigma", extension: "yml", profiles: &[] };

    #[test]
    fn artifacts_mirror_the_input_tree() {
        for (relative, expected) in [
            ("a.yaml", "sigma/a.yml"),
            ("x/y.z/a.b.kql", "sigma/x/y.z/a.b.yml"),
            ("x.y/a", "sigma/x.y/a.yml"),
            (".yaml", "sigma/.yaml.yml"),
            ("x/.yaml", "sigma/x/.yaml.yml"),
        ] {
            assert_eq!(artifact(&TARGET, relative), expected);
        }
    }

    #[test]
    fn names_of_the_bundle_are_reserved() {
        for (relative, expected) in [
            ("azuredeploy.yaml", Some("azuredeploy")),
            ("AzureDeploy.yml", Some("azuredeploy")),
            ("rules.kql", Some("rules")),
            ("app/x.yaml", Some("app/")),
            ("App/y/x.yaml", Some("app/")),
            ("app.yaml", None),
            ("x/app/y.yaml", None),
            ("x/rules.yaml", None),
        ] {
            assert_eq!(reserved(relative), expected, "{relative}");
        }
    }

    #[test]
    fn paths_collide_without_extension_and_letter_case() {
        #[track_caller]
        fn check(relatives: &[&str], expected: &[(usize, usize)]) {
            assert_eq!(collisions(relatives, &[Mirror::of(&TARGET)]), expected);
        }
        check(&["a.yaml", "b.yaml"], &[]);
        check(&["a.yaml", "a.yml"], &[(0, 1)]);
        check(&["x/a.yaml", "b.yaml", "X/A.kql"], &[(0, 2)]);
        check(&["a.yaml", "a.yaml", "a.yaml"], &[(0, 1), (0, 2)]);
        check(&["a.yml/b.yaml", "a.yaml"], &[(1, 0)]);
        check(&["a/b.yaml", "a.yaml"], &[]);
        assert_eq!(collisions(&["a.jsonl/b.yaml", "a.yaml"], &[WITNESS]), [(1, 0)]);
    }

    #[test]
    fn no_target_writes_where_witnesses_stand() {
        assert!(crate::backend::ALL.iter().all(|backend| backend.target().name != WITNESS.folder));
        assert_eq!(WITNESS.path("witness/a.yaml"), "witness/witness/a.jsonl");
    }
}
