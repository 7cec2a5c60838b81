//! Files that stand beside a rule, bear its name and are none.

/// What a file beside a rule holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Companion {
    /// Events, and what the rule has to answer over them: `<rule>.tests.yaml`.
    Cases,
    /// What the rule is not to report: `<rule>.tuning.yaml`.
    Tuning,
}

const ENDINGS: [(&str, Companion); 4] = [
    (".tests.yaml", Companion::Cases),
    (".tests.yml", Companion::Cases),
    (".tuning.yaml", Companion::Tuning),
    (".tuning.yml", Companion::Tuning),
];

/// What the file of this path holds, if it stands beside a rule, and the rule's path without extension.
pub fn companion(path: &str) -> Option<(Companion, &str)> {
    ENDINGS.iter().find_map(|(ending, companion)| {
        let at = path.len().checked_sub(ending.len())?;
        let is_named = !matches!(path.get(..at)?.chars().next_back(), None | Some('/'));
        (is_named && path.get(at..)?.eq_ignore_ascii_case(ending)).then(|| (*companion, &path[..at]))
    })
}

#[cfg(test)]
mod tests {
    use super::{Companion, companion};

    #[test]
    fn companions_are_told_by_their_names() {
        for (path, expected) in [
            ("rules/a.tests.yaml", Some((Companion::Cases, "rules/a"))),
            ("a.b.Tests.YML", Some((Companion::Cases, "a.b"))),
            ("é.tuning.yaml", Some((Companion::Tuning, "é"))),
            ("rules/tests.yaml", None),
            (".tests.yaml", None),
            ("rules/.tests.yaml", None),
            ("rules/a.tests.kql", None),
            ("é", None),
        ] {
            assert_eq!(companion(path), expected, "{path}");
        }
    }
}
