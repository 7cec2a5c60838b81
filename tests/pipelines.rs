//! SPL and ES|QL, from KQL to text: what a predicate becomes, argued from what each product does with missing values,
//! letter case, terms and patterns.

use siemaphore::backend::{self, Emission, Options};
use siemaphore::crosswalk::Crosswalk;
use siemaphore::fidelity::{AssumptionKind, Match, Names, Output, Verdict};
use siemaphore::ir::{Alerts, Detection, Kind, Meta, Period, Schedule, TICKS_PER_DAY, Trigger, TriggerOperator};
use siemaphore::template::Templates;

/// Two tables with a column of each kind, stored under their own names.
const TABLE: &str = "
table: T
about: A table for tests.
clock: [TimeGenerated]
sources:
  splunk: [{search: 'source=t'}]
  elastic: [{index: [t]}]
columns:
  TimeGenerated: datetime
  F: {type: string, confidence: high, splunk: F, elastic: F}
  G: {type: string, confidence: high, splunk: G, elastic: G}
  H: {type: string}
  Port: {type: int, confidence: high, splunk: {field: Port, kind: long}, elastic: {field: Port, kind: long}}
  X: {type: long, confidence: high, splunk: {field: X, kind: long}, elastic: {field: X, kind: long}}
  T: {type: datetime, confidence: high, splunk: {field: T, kind: date}, elastic: {field: T, kind: date}}
  U: {type: datetime, confidence: high, splunk: {field: U, kind: date}, elastic: {field: U, kind: date}}
  D: {type: dynamic, confidence: high, splunk: D, elastic: D}
";
const OTHER: &str = "
table: O
about: Another table for tests.
clock: [TimeGenerated]
sources:
  splunk: [{search: 'source=o'}]
  elastic: [{index: [o], conditions: {event.dataset: o}}]
columns:
  TimeGenerated: datetime
  F: {type: string, confidence: high, splunk: properties.F, elastic: {field: user.name, form: lowercase}}
  A: {type: string, confidence: high, splunk: properties.A, elastic: {field: source.ip, kind: ip}}
  E: {type: int, confidence: high, splunk: {field: EventCode, kind: long}, elastic: {field: event.code, form: text}}
";

fn emit_with(target: &str, kql: &str, kind: Kind, native_names: bool) -> Emission {
    emit_over(&[TABLE, OTHER], target, kql, kind, native_names)
}

fn emit_over(tables: &[&str], target: &str, kql: &str, kind: Kind, native_names: bool) -> Emission {
    let mut crosswalk = Crosswalk::default();
    for table in tables {
        crosswalk.extend_from(table).expect("the table is well-formed");
    }
    let parsed = siemaphore::kql::parse(kql);
    assert!(parsed.errors.is_empty(), "{kql}: {:?}", parsed.errors);
    let lowered = siemaphore::lower::lower_query(&parsed.query, &crosswalk);
    let mut query = lowered.query.unwrap_or_else(|| panic!("{kql}: {:?}", lowered.diagnostics));
    siemaphore::rewrite::normalise(&mut query);
    let name = "a ``` | delete\n| outputlookup x\r| DROP y {{ z }}".to_owned();
    let meta = Meta { id: "id".to_owned(), name, ..Meta::default() };
    let detection = Detection { meta, kind, query, text: kql.to_owned() };
    let templates = Templates::builtin();
    let backend = backend::find(target).expect("a target");
    let options = Options {
        crosswalk: &crosswalk,
        profile: backend.target().profiles[0].name,
        native_names,
        index: None,
        templates: &templates,
    };
    backend.emit(&detection, &options).expect("the templates are ours")
}

fn emit(target: &str, kql: &str) -> Emission {
    emit_with(target, kql, Kind::Hunting, false)
}

fn scheduled(trigger: Trigger) -> Kind {
    let period = Period(TICKS_PER_DAY);
    Kind::Scheduled { schedule: Schedule { frequency: period, period, trigger }, alerts: Box::new(Alerts::default()) }
}

/// The query without its comment head.
fn query(emission: &Emission) -> String {
    let text = &emission.artifact.as_ref().unwrap_or_else(|| panic!("refused: {:?}", emission.findings.notes)).text;
    let lines = text.lines().filter(|line| !line.starts_with("//") && !line.starts_with("```"));
    lines.collect::<Vec<_>>().join("\n")
}

/// A predicate on `T`: the condition that each language is left with, exactly.
#[track_caller]
fn check(predicate: &str, spl: &str, esql: &str) {
    let kql = format!("T | where {predicate}");
    for (target, expected) in [("splunk", spl), ("esql", esql)] {
        let emission = emit(target, &kql);
        assert_eq!(emission.findings.relation, Match::Exact, "{predicate}: {:?}", emission.findings.notes);
        let text = query(&emission);
        let condition = match target {
            "splunk" => text.split_once("| where ").map(|(_, rest)| rest),
            _ => {
                text.split_once("\n    AND ").and_then(|(_, rest)| rest.split_once("\n| LIMIT")).map(|(rest, _)| rest)
            }
        };
        assert_eq!(condition, Some(expected), "{predicate}\n{text}");
    }
}

/// The whole query of each language.
#[track_caller]
fn check_query(kql: &str, spl: &str, esql: &str) {
    for (target, expected) in [("splunk", spl), ("esql", esql)] {
        let emission = emit(target, kql);
        assert_eq!(query(&emission), expected, "{target}: {kql}");
    }
}

#[track_caller]
fn check_verdict(target: &str, kql: &str, expected: Verdict) -> Emission {
    let emission = emit(target, kql);
    assert_eq!(emission.verdict(), expected, "{target}: {kql}: {:?}", emission.findings.notes);
    emission
}

#[test]
fn equality_tells_letter_case_apart_as_kql_does() {
    for (predicate, spl, esql) in [
        (r#"F == "cmd.exe""#, r#"F="cmd.exe""#, r#"F == "cmd.exe""#),
        (r#"F =~ "Cmd.exe""#, r#"lower(F)="cmd.exe""#, r#"TO_LOWER(F) == "cmd.exe""#),
        (r#"F in ("A", "b")"#, r#"in(F,"A","b")"#, r#"F IN ("A", "b")"#),
        (r#"F in~ ("A", "b")"#, r#"in(lower(F),"a","b")"#, r#"TO_LOWER(F) IN ("a", "b")"#),
        // No wildcards in either.
        (r#"F == "a*""#, r#"F="a*""#, r#"F == "a*""#),
    ] {
        check(predicate, spl, esql);
    }
}

#[test]
fn a_missing_string_is_an_empty_one() {
    for (predicate, spl, esql) in [
        (r#"F != "x""#, r#"coalesce(F,"")!="x""#, r#"(F IS NULL OR F != "x")"#),
        (r#"F !~ "X""#, r#"lower(coalesce(F,""))!="x""#, r#"(F IS NULL OR TO_LOWER(F) != "x")"#),
        (r#"F !in ("a", "b")"#, r#"NOT in(coalesce(F,""),"a","b")"#, r#"(F IS NULL OR F NOT IN ("a", "b"))"#),
        // The empty string is listed: a missing value is not let through.
        (r#"F !in ("", "a")"#, r#"NOT in(coalesce(F,""),"","a")"#, r#"F NOT IN ("", "a")"#),
        (r#"F == """#, r#"coalesce(F,"")="""#, r#"(F IS NULL OR F == "")"#),
        (r#"isempty(F)"#, r#"coalesce(F,"")="""#, r#"(F IS NULL OR F == "")"#),
        (r#"isnotempty(F)"#, r#"coalesce(F,"")!="""#, r#"F != """#),
        (
            r#"F !contains "x""#,
            r#"NOT match(coalesce(F,""),"(?i)x")"#,
            r#"(F IS NULL OR TO_LOWER(F) NOT LIKE "*x*")"#,
        ),
        (r#"F matches regex ".*""#, r#"match(coalesce(F,""),".*")"#, r#"(F IS NULL OR F RLIKE ".*")"#),
        (r#"F == G"#, r#"coalesce(F,"")=coalesce(G,"")"#, r#"COALESCE(F, "") == COALESCE(G, "")"#),
    ] {
        check(predicate, spl, esql);
    }
}

#[test]
fn a_missing_number_is_neither_more_nor_less() {
    for (predicate, spl, esql) in [
        ("Port != 443", "(isnull(Port) OR Port!=443)", "(Port IS NULL OR Port != 443)"),
        ("not(Port > 1024)", "tonumber(Port)<=1024", "Port <= 1024"),
        (
            "Port !in (443, 80)",
            "(isnull(Port) OR (Port!=443 AND Port!=80))",
            "(Port IS NULL OR Port NOT IN (443, 80))",
        ),
        ("X !between (5 .. 9)", "tonumber(X)<5 OR tonumber(X)>9", "(X < 5 OR X > 9)"),
        ("isnull(Port)", "isnull(Port)", "Port IS NULL"),
        ("X % 12 == 10", "(((tonumber(X)%12)+12)%12)=10", "(((X % 12) + 12) % 12) == 10"),
    ] {
        check(predicate, spl, esql);
    }
}

#[test]
fn terms_have_guards_and_never_lose_them_under_not() {
    for (predicate, spl, esql) in [
        (
            r#"F has "a.B""#,
            r#"match(F,"(?i)(?<![A-Za-z0-9])a\.B(?![A-Za-z0-9])")"#,
            r#"F RLIKE """(.*[^A-Za-z0-9])?[Aa]\.[Bb]([^A-Za-z0-9].*)?""""#,
        ),
        (
            r#"F !has "x""#,
            r#"NOT match(coalesce(F,""),"(?i)(?<![A-Za-z0-9])x(?![A-Za-z0-9])")"#,
            r#"(F IS NULL OR F NOT RLIKE "(.*[^A-Za-z0-9])?[Xx]([^A-Za-z0-9].*)?")"#,
        ),
        // A boundary is asked for beside letters and digits only.
        (r#"F has_cs "/c""#, r#"match(F,"/c(?![A-Za-z0-9])")"#, r#"F RLIKE ".*/c([^A-Za-z0-9].*)?""#),
        (
            r#"F has_any ("sou", "nor")"#,
            r#"match(F,"(?i)(?<![A-Za-z0-9])(?:sou|nor)(?![A-Za-z0-9])")"#,
            r#"F RLIKE "(.*[^A-Za-z0-9])?([Ss][Oo][Uu]|[Nn][Oo][Rr])([^A-Za-z0-9].*)?""#,
        ),
    ] {
        check(predicate, spl, esql);
    }
    // A pattern is never put to a change of letter case, which the engine would take for a search in any case: with
    // a capital letter in the pattern it then finds nothing.
    let text = query(&emit("esql", r#"T | where toupper(F) matches regex "[^B]Y""#));
    assert!(text.contains(r#"COALESCE(TO_UPPER(COALESCE(F, "")), "") RLIKE ".*[^B]Y.*""#), "{text}");
    let text = query(&emit("esql", r#"T | where F contains "ü""#));
    assert!(text.contains(r#"F RLIKE ".*ü.*""#), "{text}");
    let emission = emit("splunk", r#"T | where F has "x""#);
    assert!(emission.findings.assumptions.iter().any(|assumption| assumption.kind == AssumptionKind::Ascii));
}

#[test]
fn texts_are_escaped_for_where_they_stand() {
    for (predicate, spl, esql) in [
        (
            r#"F endswith @"\cmd.exe""#,
            r#"match(F,"(?i)\x5ccmd\.exe\z")"#,
            r#"ENDS_WITH(TO_LOWER(F), """\cmd.exe""")"#,
        ),
        (r#"F contains "*?""#, r#"match(F,"(?i)\*\?")"#, r#"TO_LOWER(F) LIKE """*\*\?*""""#),
        (r#"F == @"C:\a""#, r#"F="C:\\a""#, r#"F == """C:\a""""#),
        // Three quotation marks would end a raw string.
        (r#"F == "a\"\"\"b\\""#, r#"F="a\"\"\"b\\""#, r#"F == "a\"\"\"b\\""#),
        // A line end has no escape in an SPL string, a backtick might be a macro.
        (r#"F == "a\nb`""#, r#"match(F,"^a\x0ab\x60\z")"#, "F == \"a\\nb`\""),
        (r#"F == "{{ x }}%|[y]""#, r#"F="{{ x }}%|[y]""#, r#"F == "{{ x }}%|[y]""#),
    ] {
        check(predicate, spl, esql);
    }
}

#[test]
fn patterns_keep_their_meaning() {
    for (predicate, spl, esql) in [
        (r#"F matches regex "abc$""#, r#"match(F,"abc\z")"#, r#"F RLIKE ".*abc""#),
        (r#"F matches regex "a.b""#, r#"match(F,"a.b")"#, r#"F RLIKE ".*a[^\n]b.*""#),
        (r#"F matches regex "^a+?b$""#, r#"match(F,"^a+?b\z")"#, r#"F RLIKE "a+b""#),
        (r#"F matches regex "(?i)k.*x""#, r#"match(F,"(?i)k.*x")"#, r#"F RLIKE ".*[Kk][^\n]*[Xx].*""#),
        (r#"F matches regex "a@z""#, r#"match(F,"a@z")"#, r#"F RLIKE """.*a\@z.*""""#),
    ] {
        check(predicate, spl, esql);
    }
}

#[test]
fn what_is_no_address_is_neither_inside_nor_outside() {
    check(
        r#"not(ipv4_is_in_range(F, "10.1.2.3/8"))"#,
        r#"(cidrmatch("0.0.0.0/0",F) AND NOT cidrmatch("10.0.0.0/8",F))"#,
        r#"(CIDR_MATCH(TO_IP(F), "0.0.0.0/0") AND NOT CIDR_MATCH(TO_IP(F), "10.0.0.0/8"))"#,
    );
    let emission = emit("esql", r#"O | where ipv4_is_private(A)"#);
    let text = query(&emission);
    assert!(text.contains(r#"AND CIDR_MATCH(source.ip, "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")"#), "{text}");
}

#[test]
fn constants_are_carried() {
    check("isnull(F)", "1==0", "false");
    check("has_ipv4(F, '127.0.0.256')", "1==0", "false");
}

#[test]
fn values_are_computed_as_kql_does() {
    for (predicate, spl, esql) in [
        (r#"tolower(F) == "cmd.exe""#, r#"lower(F)="cmd.exe""#, r#"TO_LOWER(F) == "cmd.exe""#),
        // `coalesce` skips empty strings too.
        (
            r#"coalesce(F, G) == "b""#,
            r#"case(coalesce(F,"")!="",coalesce(F,""),coalesce(G,"")!="",coalesce(G,""),true(),"")="b""#,
            r#"CASE(COALESCE(F, "") != "", COALESCE(F, ""), COALESCE(G, "") != "", COALESCE(G, ""), "") == "b""#,
        ),
        (
            r#"split(F, "_")[1] == "b""#,
            r#"coalesce(mvindex(split(coalesce(F,""),"_"),1),"")="b""#,
            r#"COALESCE(MV_SLICE(SPLIT(COALESCE(F, ""), "_"), 1), "") == "b""#,
        ),
        (
            r#"extract("u=([a-z]+)", 1, F) == "x""#,
            r#"if(match(coalesce(F,""),"u=([a-z]+)"),replace(coalesce(F,""),"^[\s\S]*?(?:u=([a-z]+))[\s\S]*\z","\1"),"")="x""#,
            r#"CASE(COALESCE(F, "") RLIKE ".*u=([a-z]+).*", REPLACE(COALESCE(F, ""), """(?d)^[\s\S]*?(?:u=([a-z]+))[\s\S]*\z""", "$1"), "") == "x""#,
        ),
    ] {
        check(predicate, spl, esql);
    }
}

#[test]
fn every_kind_of_predicate_is_exact_but_these() {
    for predicate in include_str!("data/predicates.txt").lines() {
        let kql = format!("T | where {}", predicate.replace("\\n", "\n"));
        let expected = match predicate {
            // What JSON text parses to is not asked yet.
            "isempty(parse_json(F))" | "isnull(parse_json(F))" => Verdict::Unsupported,
            _ => Verdict::Carried(Match::Exact),
        };
        for target in ["splunk", "esql"] {
            let emission = emit_with(target, &kql, Kind::Hunting, true);
            assert_eq!(emission.verdict(), expected, "{target}: {predicate}: {:?}", emission.findings.notes);
        }
    }
}

#[test]
fn summaries_count_missing_keys_as_empty_ones() {
    check_query(
        r#"T | where TimeGenerated > ago(1h) | where F == "x" | summarize Least=min(TimeGenerated), n=count(), P=dcount(Port) by G, Port"#,
        r#"source=t earliest=-1h latest=now F="x"
| where F="x"
| eval TimeGenerated=_time, G=coalesce(G,"")
| eval siemaphore_Port=Port, Port=coalesce(Port,"")
| stats min(TimeGenerated) as Least count as n dc(siemaphore_Port) as P by G Port"#,
        r#"FROM t
| WHERE @timestamp > NOW() - 1 hour
    AND F == "x"
| EVAL TimeGenerated = @timestamp, G = COALESCE(G, "")
| STATS Least = MIN(TimeGenerated), n = COUNT(*), P = COUNT_DISTINCT(Port, 40000) BY G, Port
| LIMIT 10000"#,
    );
}

#[test]
fn a_summary_without_keys_has_a_row_even_of_nothing() {
    let text = query(&emit("splunk", r#"T | where F == "x" | summarize m=max(X)"#));
    assert!(text.ends_with("| stats max(X) as m count as siemaphore_rows\n| table m"), "{text}");
    let text = query(&emit("splunk", r#"T | where F == "x" | summarize m=max(X), n=count()"#));
    assert!(text.ends_with("| stats max(X) as m count as n"), "{text}");
    let text = query(&emit("splunk", r#"T | where F == "x" | project ['odd name'] = F | sort by ['odd name'] asc"#));
    assert!(text.ends_with("| sort 0 +str(\"odd name\")\n| table \"odd name\""), "{text}");
}

#[test]
fn rows_without_the_value_come_last() {
    let text = query(&emit("splunk", r#"T | where F == "x" | top 10 by X desc"#));
    let expected = "| eval siemaphore_missing0=if(isnull(X),1,0)\n| sort 0 +num(siemaphore_missing0), -num(X)\n\
                    | fields - siemaphore_missing0\n| head 10";
    assert!(text.ends_with(expected), "{text}");
    let text = query(&emit("esql", r#"T | where F == "x" | top 10 by X desc"#));
    assert!(text.ends_with("| SORT X DESC NULLS LAST\n| LIMIT 10"), "{text}");
}

#[test]
fn thresholds_follow_their_summary() {
    check_query(
        r#"T | where TimeGenerated > ago(1d) and F == "x" | summarize n=count() by G | where n > 5 | sort by n desc"#,
        r#"source=t earliest=-24h latest=now F="x"
| where F="x"
| eval G=coalesce(G,"")
| stats count as n by G
| where n>5
| sort 0 -num(n)"#,
        r#"FROM t
| WHERE @timestamp > NOW() - 1 day
    AND F == "x"
| EVAL G = COALESCE(G, "")
| STATS n = COUNT(*) BY G
| WHERE n > 5
| SORT n DESC NULLS LAST
| LIMIT 10000"#,
    );
}

#[test]
fn bins_overwrite_no_column_that_an_aggregate_reads() {
    check_query(
        r#"T | where TimeGenerated > ago(1d) and F == "x" | summarize Least=min(TimeGenerated) by bin(TimeGenerated, 1h)"#,
        r#"source=t earliest=-24h latest=now F="x"
| where F="x"
| eval TimeGenerated=_time
| eval siemaphore_TimeGenerated=TimeGenerated, TimeGenerated=(floor(TimeGenerated/3600)*3600)
| stats min(siemaphore_TimeGenerated) as Least by TimeGenerated"#,
        r#"FROM t
| WHERE @timestamp > NOW() - 1 day
    AND F == "x"
| EVAL TimeGenerated = @timestamp
| EVAL siemaphore_TimeGenerated = TimeGenerated, TimeGenerated = DATE_TRUNC(1 hour, TimeGenerated)
| STATS Least = MIN(siemaphore_TimeGenerated) BY TimeGenerated
| LIMIT 10000"#,
    );
}

#[test]
fn assignments_read_what_was_there_before() {
    check_query(
        r#"T | where TimeGenerated > ago(1d) and F == "x" | extend F = tolower(F), Y = strcat(F, "-") | project F, Y"#,
        r#"source=t earliest=-24h latest=now F="x"
| where F="x"
| eval Y=(coalesce(F,"")."-"), F=lower(coalesce(F,""))
| table F Y"#,
        r#"FROM t METADATA _id, _index, _version
| WHERE @timestamp > NOW() - 1 day
    AND F == "x"
| EVAL Y = CONCAT(COALESCE(F, ""), "-"), F = TO_LOWER(COALESCE(F, ""))
| KEEP F, Y, _id, _index, _version
| LIMIT 10000"#,
    );
}

#[test]
fn unions_ask_each_source_its_own_question() {
    check_query(
        r#"union (T | where F == "x"), (O | where F =~ "y") | where TimeGenerated > ago(1d) | summarize n=count() by F"#,
        r#"| multisearch
    [ search source=t earliest=-24h latest=now F="x"
    | where F="x"
    | eval F=coalesce(F,"")
    ]
    [ search source=o earliest=-24h latest=now properties.F="y"
    | where lower('properties.F')="y"
    | eval F=coalesce('properties.F',"")
    ]
| stats count as n by F"#,
        r#"FROM t, o METADATA _index
| WHERE (@timestamp > NOW() - 1 day AND _index LIKE "*t" AND F == "x")
   OR (@timestamp > NOW() - 1 day AND event.dataset == "o" AND TO_LOWER(user.name) == "y")
| EVAL F = CASE(_index LIKE "*t", COALESCE(F, ""), event.dataset == "o", COALESCE(user.name, ""))
| STATS n = COUNT(*) BY F
| LIMIT 10000"#,
    );
}

#[test]
fn fields_of_another_type_are_compared_as_they_are_stored() {
    let text = query(&emit("esql", "O | where E != 4688"));
    assert!(text.contains(r#"AND (event.code IS NULL OR event.code != "4688")"#), "{text}");
    let text = query(&emit("splunk", "O | where E == 4688"));
    assert!(text.contains("EventCode=4688\n| where EventCode=4688"), "{text}");
}

#[test]
fn a_condition_left_out_makes_it_broader_and_an_alternative_narrower() {
    for target in ["splunk", "esql"] {
        check_verdict(target, r#"T | where F == "x" and H == "y""#, Verdict::Carried(Match::Broader));
        check_verdict(target, r#"T | where F == "x" or H == "y""#, Verdict::Carried(Match::Narrower));
        // What is left names nothing that the rule looks for.
        check_verdict(target, r#"T | where F != "x" and H == "y""#, Verdict::Unsupported);
        check_verdict(target, r#"T | where H == "y""#, Verdict::Unsupported);
    }
}

#[test]
fn a_threshold_from_below_makes_what_is_left_out_matter_both_ways() {
    for target in ["splunk", "esql"] {
        let rule = |threshold: &str| {
            format!(r#"T | where F == "x" and H == "y" | summarize n=count() by G | where n {threshold}"#)
        };
        check_verdict(target, &rule("> 5"), Verdict::Carried(Match::Broader));
        check_verdict(target, &rule("< 5"), Verdict::Carried(Match::Approximate));
        check_verdict(target, &rule("== 5"), Verdict::Carried(Match::Approximate));
    }
}

#[test]
fn an_output_column_is_left_out_and_a_group_key_is_not() {
    for target in ["splunk", "esql"] {
        let emission = check_verdict(target, r#"T | where F == "x" | project G, H"#, Verdict::Carried(Match::Exact));
        assert!(emission.findings.output.contains(&Output::Columns));
        let kql = r#"T | where F == "x" | summarize count() by H"#;
        check_verdict(target, kql, Verdict::Unsupported);
        let kept = emit_with(target, kql, Kind::Hunting, true);
        assert_eq!((kept.verdict(), kept.findings.names), (Verdict::Carried(Match::Exact), Names::Native));
    }
}

#[test]
fn a_key_that_only_changes_letter_case_is_carried_with_a_remark() {
    let kql = r#"O | where A == "x" | summarize count() by F"#;
    let emission = check_verdict("esql", kql, Verdict::Carried(Match::Exact));
    assert!(emission.findings.output.contains(&Output::Columns));
}

#[test]
fn a_trigger_on_the_number_of_rows_is_part_of_the_query() {
    let trigger = |operator| scheduled(Trigger { operator, threshold: 2 });
    let kql = r#"T | where F == "x" | project G"#;
    let more = query(&emit_with("splunk", kql, trigger(TriggerOperator::GreaterThan), false));
    assert!(
        more.ends_with(
            "| eventstats count as siemaphore_rows\n| where siemaphore_rows > 2\n| fields - siemaphore_rows"
        ),
        "{more}"
    );
    let fewer = query(&emit_with("splunk", kql, trigger(TriggerOperator::LessThan), false));
    assert!(fewer.ends_with("| stats count as siemaphore_rows\n| where siemaphore_rows < 2"), "{fewer}");
    let rows = emit_with("esql", kql, trigger(TriggerOperator::LessThan), false);
    assert!(query(&rows).ends_with("| STATS siemaphore_rows = COUNT(*)\n| WHERE siemaphore_rows < 2"));
    // A run fires when there are few rows: more rows mean fewer alerts.
    let broader =
        emit_with("splunk", r#"T | where F == "x" and H == "y""#, trigger(TriggerOperator::LessThan), false);
    assert_eq!(broader.findings.relation, Match::Narrower);
}

#[test]
fn the_look_back_is_the_querys_within_the_schedules() {
    let any = || scheduled(Trigger::ANY_ROW);
    for (kql, kind, spl) in [
        (r#"T | where F == "x""#, Kind::Hunting, "earliest=-24h latest=now"),
        (r#"T | where F == "x" and TimeGenerated > ago(5d)"#, Kind::Hunting, "earliest=-120h latest=now"),
        (r#"T | where F == "x" and TimeGenerated > ago(5d)"#, any(), "earliest=-24h latest=now"),
        (r#"T | where F == "x" and TimeGenerated between (ago(2h) .. ago(1h))"#, any(), "earliest=-2h latest=-1h"),
    ] {
        let text = query(&emit_with("splunk", kql, kind, false));
        assert!(text.contains(spl), "{kql}: {text}");
    }
}

#[test]
fn rule_text_cannot_become_syntax() {
    let kql = "T | where F == \"``` | delete\" or G == \"\\n| DROP x\" or F == \"\\\" | outputlookup x\"";
    // The name of every rule here tries to leave its comment; what is left without comment lines is the query alone.
    assert_eq!(
        query(&emit("splunk", kql)),
        r#"source=t earliest=-24h latest=now
| where match(F,"^(?:\x60\x60\x60 \| delete|\x22 \| outputlookup x)\z") OR match(G,"^\x0a\| DROP x\z")"#
    );
    assert_eq!(
        query(&emit("esql", kql)),
        r#"FROM t METADATA _id, _index, _version
| WHERE @timestamp >= NOW() - 1 day
    AND (F IN ("``` | delete", "\" | outputlookup x") OR G == "\n| DROP x")
| LIMIT 10000"#
    );
}

#[test]
fn a_source_that_holds_none_of_the_events_is_refused() {
    let table = "
table: R
about: A table of which the target has a part.
clock: [TimeGenerated]
sources:
  splunk: [{search: 'source=r', holds: {E: [a]}}]
  elastic: [{index: [r], holds: {E: [a]}}]
columns:
  TimeGenerated: datetime
  E: {type: string, confidence: high, splunk: E, elastic: E}
  F: {type: string, confidence: high, splunk: F, elastic: F}
";
    for target in ["splunk", "esql"] {
        for (condition, expected) in [
            (r#"E == "a" and F == "x""#, Verdict::Carried(Match::Exact)),
            (r#"F == "x""#, Verdict::Carried(Match::Narrower)),
            (r#"E == "b" and F == "x""#, Verdict::Unsupported),
        ] {
            let emission = emit_over(&[table], target, &format!("R | where {condition}"), Kind::Hunting, false);
            assert_eq!(emission.verdict(), expected, "{target}: {condition}: {:?}", emission.findings.notes);
        }
    }
}

#[test]
fn conditions_that_are_joined_are_each_noted_where_they_stand() {
    for target in ["splunk", "esql", "eql", "sigma"] {
        let kql = r#"T | where F == "x" | where H !has "aa" and H !has "bb" | where H !has "cc""#;
        let emission = emit(target, kql);
        if target == "sigma" {
            // The table has no source there.
            assert_eq!(emission.verdict(), Verdict::Unsupported);
            continue;
        }
        for needle in ["H !has \"aa\"", "H !has \"bb\"", "H !has \"cc\""] {
            let at = kql.find(needle).expect("it is there");
            let noted = emission.findings.notes.iter().any(|note| {
                note.code == siemaphore::diagnostic::Code::Dropped && note.span.range() == (at..at + needle.len())
            });
            assert!(noted, "{target}: {needle}: {:#?}", emission.findings.notes);
        }
    }
}

#[test]
fn a_source_that_the_schedule_never_sees_is_refused_or_left_out() {
    let outside = "T | where TimeGenerated between (ago(7d) .. ago(3d)) and F == 'x'";
    for target in ["splunk", "esql", "eql"] {
        let emission = emit_with(target, outside, scheduled(Trigger::ANY_ROW), false);
        assert_eq!(emission.verdict(), Verdict::Unsupported, "{target}");
        assert!(emission.findings.notes.iter().any(|note| note.message.contains("it finds nothing")), "{target}");
        let both = format!("union ({outside}), (O | where F =~ 'y')");
        let emission = emit_with(target, &both, scheduled(Trigger::ANY_ROW), false);
        assert_eq!(emission.findings.relation, Match::Exact, "{target}: {:?}", emission.findings.notes);
        assert!(!query(&emission).contains("\"x\""), "{target}");
        assert_eq!(emit(target, outside).findings.relation, Match::Exact, "a hunting query has no schedule");
    }
}

#[test]
fn an_open_bound_at_the_schedules_own_stays_open() {
    let kql = "T | where TimeGenerated > ago(1d) and F == 'x'";
    let text = query(&emit_with("esql", kql, scheduled(Trigger::ANY_ROW), false));
    assert!(text.contains("@timestamp > NOW() - 1 day"), "{text}");
}

#[test]
fn a_schedule_that_shortens_the_querys_own_look_back_is_said() {
    let said = |kql: &str| {
        let notes = emit_with("splunk", kql, scheduled(Trigger::ANY_ROW), false).findings.notes;
        notes.iter().any(|note| note.message == "the query looks back 14d, the rule's `queryPeriod` lets it see 1d")
    };
    assert!(said("T | where TimeGenerated > ago(14d) and F == 'x'"));
    assert!(!said("T | where TimeGenerated > ago(1d) and F == 'x'"));
}

#[test]
fn groups_that_letter_case_joins_matter_where_they_are_counted() {
    for (kql, expected) in [
        ("O | where A == '10.0.0.1' | summarize c = count() by F", Match::Exact),
        ("O | where A == '10.0.0.1' | summarize c = count() by F | where c > 5", Match::Broader),
        ("O | where A == '10.0.0.1' | summarize c = count() by F | where c < 5", Match::Approximate),
        ("O | where A == '10.0.0.1' | summarize c = count() by F | top 3 by c", Match::Approximate),
    ] {
        assert_eq!(emit("esql", kql).findings.relation, expected, "{kql}");
        assert_eq!(emit("splunk", kql).findings.relation, Match::Exact, "{kql}");
    }
}

#[test]
fn letters_beyond_ascii_have_one_case() {
    for (predicate, esql) in [
        (r#"F =~ "Bär""#, r#"F RLIKE "[Bb]ä[Rr]""#),
        (r#"F in~ ("Bär", "x")"#, r#"(F RLIKE "[Bb]ä[Rr]" OR F RLIKE "[Xx]")"#),
        (r#"F startswith "Bär""#, r#"F RLIKE "[Bb]ä[Rr].*""#),
        (r#"F has "Bär""#, r#"F RLIKE "(.*[^A-Za-z0-9])?[Bb]ä[Rr]([^A-Za-z0-9].*)?""#),
    ] {
        let text = query(&emit("esql", &format!("T | where {predicate}")));
        assert!(text.contains(esql), "{predicate}: {text}");
    }
}

#[test]
fn a_text_that_is_held_as_a_number_is_compared_with_numbers() {
    let table = "
table: N
about: A table for tests.
clock: [TimeGenerated]
sources:
  elastic: [{index: [n]}]
columns:
  TimeGenerated: datetime
  S: {type: string, confidence: high, elastic: {field: status, kind: long, form: number}}
";
    let emission = emit_over(&[table], "esql", r#"N | where S in ("401", "403") and S != "5""#, Kind::Hunting, false);
    let text = query(&emission);
    assert!(text.contains("status IN (401, 403)") && text.contains("status != 5"), "{text}");
    assert!(!text.contains("TO_STRING"), "{text}");
}

#[test]
fn whole_numbers_that_a_double_does_not_tell_apart_are_refused() {
    let emission = emit("splunk", "T | where F == 'x' and X == 9007199254740993");
    assert_eq!(emission.findings.relation, Match::Broader);
    check("X == 9007199254740992", "X=9007199254740992", "X == 9007199254740992");
}

#[test]
fn what_reads_a_value_in_other_letters_is_not_exact() {
    for kql in [
        r#"O | where A == '1.1.1.1' | summarize h = take_any(F) by A | where h == "WEB""#,
        r#"O | where A == '1.1.1.1' | summarize h = max(F) by A | where h startswith_cs "WEB""#,
        r#"O | where A == '1.1.1.1' | summarize n = countif(F == "WEB") by A | where n > 1"#,
        r#"O | where A == '1.1.1.1' | distinct F, A | summarize n = count() by A | where n > 5"#,
        "O | where A == '1.1.1.1' | project F | sort by F | take 5",
    ] {
        assert_eq!(emit("esql", kql).findings.relation, Match::Approximate, "{kql}");
    }
    let kept = "O | where A == '1.1.1.1' | summarize h = take_any(F) by A";
    assert_eq!(emit("esql", kept).findings.relation, Match::Exact, "an output column alone");
}

#[test]
fn splunk_may_fold_letters_beyond_ascii() {
    for (kql, relation) in
        [(r#"T | where F has "Bär""#, Match::Broader), (r#"T | where F == "x" and F !has "Bär""#, Match::Narrower)]
    {
        assert_eq!(emit("splunk", kql).findings.relation, relation, "{kql}");
    }
    assert_eq!(emit("splunk", r#"T | where F has_cs "Bär""#).findings.relation, Match::Exact);
}

#[test]
fn the_end_of_a_day_takes_in_no_instant_of_the_next() {
    // 1 565 049 599.9999999 and 1 565 049 600 are one double.
    let text = query(&emit("splunk", "T | where Port > 1 and T <= endofday(datetime(2019-08-05))"));
    assert!(text.contains("<1565049600") && !text.contains("1565049599"), "{text}");
}
