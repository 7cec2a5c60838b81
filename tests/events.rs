//! Events made for rules of a few lines: what has to be among them.

use siemaphore::crosswalk::Crosswalk;
use siemaphore::ir::{Detection, Kind, Meta};
use siemaphore::witness::{self, Failed, Witness};

/// 2026-01-01T00:00:00Z, in ticks.
const CLOCK: i64 = 639_028_224_000_000_000;

fn made(kql: &str, seed: u64) -> Result<Vec<Witness>, Failed> {
    let parsed = siemaphore::kql::parse(kql);
    assert!(parsed.errors.is_empty(), "{kql}: {:?}", parsed.errors);
    let lowered = siemaphore::lower::lower_query(&parsed.query, &Crosswalk::builtin());
    let query = lowered.query.unwrap_or_else(|| panic!("{kql}: {:?}", lowered.diagnostics));
    let detection = Detection { meta: Meta::default(), kind: Kind::Hunting, query, text: kql.to_owned() };
    witness::witnesses(&detection, CLOCK, seed, 100)
}

/// A set that fires comes first; the reasons of those that do not.
#[track_caller]
fn silent(kql: &str) -> Vec<String> {
    let found = made(kql, 0).unwrap_or_else(|failed| panic!("{kql}: {failed}"));
    assert!(found[0].expect, "{kql}: {found:?}");
    found.into_iter().filter(|witness| !witness.expect).map(|witness| witness.why).collect()
}

#[test]
fn a_term_is_missed_by_a_letter_on_either_side() {
    let reasons = silent(r#"DeviceProcessEvents | where ProcessCommandLine has "mimikatz""#);
    for wanted in ["a letter before", "a letter behind", "empty", "missing", "one letter short"] {
        assert!(reasons.iter().any(|reason| reason.contains(wanted)), "{wanted}: {reasons:?}");
    }
    assert!(!reasons.iter().any(|reason| reason.contains("letter case")), "{reasons:?}");
}

#[test]
fn a_threshold_is_missed_by_one_event() {
    let kql =
        "SigninLogs | where ResultType == \"50126\" | summarize n = count() by UserPrincipalName | where n >= 10";
    let found = made(kql, 0).expect("the rule can be fired");
    assert_eq!(found[0].data.tables["SigninLogs"].len(), 10);
    assert!(
        found.iter().any(|witness| !witness.expect && witness.why == "one event of SigninLogs fewer"),
        "{found:?}"
    );
}

#[test]
fn a_join_is_missed_by_either_side_alone() {
    let reasons = silent(
        "EmailEvents | where Subject has \"invoice\" | project NetworkMessageId \
         | join kind=inner (EmailUrlInfo | where Url endswith \".zip\") on NetworkMessageId",
    );
    for wanted in ["no events of EmailEvents", "no events of EmailUrlInfo"] {
        assert!(reasons.iter().any(|reason| reason == wanted), "{wanted}: {reasons:?}");
    }
}

#[test]
fn one_seed_makes_one_set_of_events() {
    let kql =
        r#"DeviceNetworkEvents | where RemotePort in (4444, 5555) or RemoteUrl has_any ("a.example", "b.example")"#;
    assert_eq!(made(kql, 7).ok(), made(kql, 7).ok());
}

#[test]
fn a_rule_that_nothing_fires_says_so() {
    assert_eq!(
        made("SigninLogs | where ResultType == \"1\" and ResultType == \"2\"", 0).err(),
        Some(Failed::NotFound)
    );
}
