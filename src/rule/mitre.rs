//! Names of MITRE ATT&CK tactics and techniques as rule files spell them.

/// The tactics Sentinel knows, in its spelling:
/// <https://learn.microsoft.com/rest/api/securityinsights/alert-rules/create-or-update#attacktactic>.
pub const TACTICS: &[&str] = &[
    "Reconnaissance",
    "ResourceDevelopment",
    "InitialAccess",
    "Execution",
    "Persistence",
    "PrivilegeEscalation",
    "DefenseEvasion",
    "CredentialAccess",
    "Discovery",
    "LateralMovement",
    "Collection",
    "Exfiltration",
    "CommandAndControl",
    "Impact",
    "PreAttack",
    "ImpairProcessControl",
    "InhibitResponseFunction",
];

/// The tactic in Sentinel's spelling, whatever its letter case, blanks, dashes and underscores.
pub fn tactic(text: &str) -> Option<&'static str> {
    let name: String =
        text.chars().filter(|letter| !letter.is_whitespace() && !matches!(letter, '-' | '_')).collect();
    TACTICS.iter().copied().find(|tactic| tactic.eq_ignore_ascii_case(&name))
}

/// The technique's id (`T1219`, `T1059.001`) in capitals, if the text has that shape.
pub fn technique(text: &str) -> Option<String> {
    let id = text.trim().to_ascii_uppercase();
    let (parent, sub) = match id.split_once('.') {
        Some((parent, sub)) => (parent, Some(sub)),
        None => (id.as_str(), None),
    };
    let are_digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let has_shape = parent.strip_prefix('T').is_some_and(|digits| are_digits(digits, 4))
        && sub.is_none_or(|digits| are_digits(digits, 3));
    has_shape.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tactics_are_known_in_any_spelling() {
        for text in ["CommandAndControl", "CommandandControl", "Command and control", "command-and-control"] {
            assert_eq!(tactic(text), Some("CommandAndControl"), "{text}");
        }
        assert_eq!(tactic("Defense evasion"), Some("DefenseEvasion"));
        assert_eq!(tactic("SneakySquirrel"), None);
        assert_eq!(tactic(""), None);
    }

    #[test]
    fn techniques_are_known_by_their_shape() {
        assert_eq!(technique("T1219").as_deref(), Some("T1219"));
        assert_eq!(technique("t1059.001").as_deref(), Some("T1059.001"));
        for text in ["", "1219", "T121", "T12190", "T1059.1", "T1059.", "T1059.001.2", "TA0011", "T١٢١٩"] {
            assert_eq!(technique(text), None, "{text}");
        }
    }
}
