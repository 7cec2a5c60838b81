//! What a user reads about a bad rule file: whole texts, carets included.

use siemaphore::crosswalk::Crosswalk;
use siemaphore::diagnostic::{Code, Diagnostic, render};
use siemaphore::rule::{Loaded, load};
use siemaphore::span::{Place, SourceMap, Span};
use siemaphore::{kql, lower};

fn diagnostics(bytes: &[u8]) -> (Vec<Diagnostic>, SourceMap) {
    match load("rules/a.yaml", bytes) {
        Loaded::Rule { source, diagnostics, .. } | Loaded::Broken { source, diagnostics } => (diagnostics, source),
        Loaded::NotARule { reason } => panic!("no rule: {reason}"),
    }
}

/// What is said about the query of a rule that is written well otherwise.
#[track_caller]
fn query_diagnostics(text: &str) -> (Vec<Diagnostic>, SourceMap) {
    let Loaded::Rule { rule, source, diagnostics } = load("rules/a.yaml", text.as_bytes()) else {
        panic!("no rule: {text}")
    };
    assert_eq!(diagnostics, []);
    let parsed = kql::parse(&rule.query.value);
    if parsed.errors.is_empty() {
        return (lower::lower(&rule, &parsed.query, &Crosswalk::builtin()).diagnostics, source);
    }
    (parsed.errors.into_iter().map(Diagnostic::from).collect(), source)
}

#[track_caller]
fn check_query(text: &str, expected: &str) {
    let (diagnostics, source) = query_diagnostics(text);
    let shown: Vec<String> = diagnostics.iter().map(|one| render::full(one, &source, false)).collect();
    let shown = shown.join("\n\n");
    assert!(shown == expected.trim_matches('\n'), "\n{shown}\n");
}

/// Compares all that is said about a file.
#[track_caller]
fn check(bytes: impl AsRef<[u8]>, expected: &str) {
    let (diagnostics, source) = diagnostics(bytes.as_ref());
    let shown: Vec<String> = diagnostics.iter().map(|one| render::full(one, &source, false)).collect();
    let shown = shown.join("\n\n");
    assert!(shown == expected.trim_matches('\n'), "\n{shown}\n");
}

/// A rule's first lines, and its query.
fn rule(lines: &str) -> String {
    format!("id: 5a2e1f6b-0c3d-4e58-9d21-7f6b8c9a0b1c\nname: A rule\n{lines}query: |\n  SigninLogs\n  | take 1\n")
}

const HEAD: &str = "id: 5a2e1f6b-0c3d-4e58-9d21-7f6b8c9a0b1c\nname: A rule\n";

#[test]
fn a_clean_rule_says_nothing() {
    check(rule("severity: High\ntactics:\n  - Execution\n"), "");
}

#[test]
fn text_that_is_no_yaml_is_located() {
    check(
        format!("{}tactics: [Execution\n", rule("")),
        "
error[YML0001]: unclosed bracket '['
 --> rules/a.yaml:6:10
  |
6 | tactics: [Execution
  |          ^",
    );
    check(
        rule("severity: High: 2\n"),
        "
error[YML0001]: a value with `: ` in it has to stand in quotes
 --> rules/a.yaml:3:15
  |
3 | severity: High: 2
  |               ^",
    );
    check(
        rule("name: Another\n"),
        "
error[YML0001]: the key `name` is given twice
 --> rules/a.yaml:3:1
  |
3 | name: Another
  | ^^^^",
    );
}

#[test]
fn bytes_that_are_no_utf8_are_located() {
    check(
        b"id: a\nname: caf\xe9\nquery: T\n",
        "
error[YML0002]: the byte 0xe9 is not UTF-8
 --> rules/a.yaml:2:10
  |
2 | name: caf\u{fffd}
  |          ^
  |
  = help: save the file as UTF-8",
    );
    check(
        b"\xff\xfei\0d\0",
        "
error[YML0002]: the byte 0xff is not UTF-8
 --> rules/a.yaml:1:1
  |
1 | \u{fffd}\u{fffd}i\u{2400}d\u{2400}
  | ^
  |
  = help: the file is UTF-16; save it as UTF-8",
    );
}

#[test]
fn a_rule_without_query_is_refused() {
    check(
        HEAD,
        "
error[YML0101]: the rule has no `query`
 --> rules/a.yaml:2:7
  |
2 | name: A rule
  |       ^^^^^^
  |
  = help: write the query in KQL after `query: |`, indented",
    );
    for empty in ["query:", "query: ''", "query: ~", "query: |"] {
        let carets = "
error[YML0102]: the rule's `query` is empty
 --> rules/a.yaml:3:1
  |
3 | QUERY
  | ^^^^^
  |
  = help: write the query in KQL after `query: |`, indented";
        check(format!("{HEAD}{empty}\n"), &carets.replace("QUERY", empty));
    }
    check(
        format!("{HEAD}query:\n  - SigninLogs\n"),
        "
error[YML0104]: `query` has to be a text, found a list
 --> rules/a.yaml:3:1
  |
3 | query:
  | ^^^^^
  |
  = help: write the query in KQL after `query: |`, indented",
    );
    check(
        format!("{HEAD}query: 7\n"),
        "
error[YML0104]: `query` has to be a text, found a number
 --> rules/a.yaml:3:8
  |
3 | query: 7
  |        ^
  |
  = help: write the query in KQL after `query: |`, indented",
    );
}

#[test]
fn a_rule_needs_a_name_and_should_have_an_id() {
    check(
        "query: SigninLogs\n",
        "
error[YML0103]: the rule has no `name`
 --> rules/a.yaml:1:1
  |
1 | query: SigninLogs
  | ^^^^^^^^^^^^^^^^^
  |
  = help: give it a name: `name: …`",
    );
    check(
        "name: A rule\nquery: SigninLogs\n",
        "
warning[YML0103]: the rule has no `id`; one is made of its name
 --> rules/a.yaml:1:7
  |
1 | name: A rule
  |       ^^^^^^
  |
  = help: write `id: 3d4cbb8b-73eb-51e0-9bca-415d241f603b`",
    );
}

#[test]
fn values_of_the_wrong_kind_are_all_reported() {
    check(
        rule(
            "severity: Mediumasdf
kind: Schedulled
queryFrequency: often
queryPeriod: 0d
triggerOperator: more
triggerThreshold: -1
enabled: perhaps
",
        ),
        "
error[YML0104]: `severity` has a value that is not known: `Mediumasdf`
 --> rules/a.yaml:3:11
  |
3 | severity: Mediumasdf
  |           ^^^^^^^^^^
  |
  = help: known are `Informational`, `Low`, `Medium`, `High`

error[YML0104]: `kind` has a value that is not known: `Schedulled`
 --> rules/a.yaml:4:7
  |
4 | kind: Schedulled
  |       ^^^^^^^^^^
  |
  = help: known are `Scheduled`, `NRT`, `Hunting`

error[YML0104]: `queryFrequency` has to be a length of time, found `often`
 --> rules/a.yaml:5:17
  |
5 | queryFrequency: often
  |                 ^^^^^
  |
  = help: write `1h`, `5m`, `1d`, or ISO 8601 like `PT1H`

error[YML0104]: `queryPeriod` has to be longer than nothing
 --> rules/a.yaml:6:14
  |
6 | queryPeriod: 0d
  |              ^^

error[YML0104]: `triggerOperator` has a value that is not known: `more`
 --> rules/a.yaml:7:18
  |
7 | triggerOperator: more
  |                  ^^^^
  |
  = help: known are `gt`, `lt`, `eq`, `ne`, `GreaterThan`, `LessThan`, `Equal`, `NotEqual`

error[YML0104]: `triggerThreshold` has to be a whole number from 0 on, found `-1`
 --> rules/a.yaml:8:19
  |
8 | triggerThreshold: -1
  |                   ^^

error[YML0104]: `enabled` has to be `true` or `false`, found a text
 --> rules/a.yaml:9:10
  |
9 | enabled: perhaps
  |          ^^^^^^^",
    );
}

#[test]
fn unusual_spellings_are_read_with_a_warning() {
    check(
        rule(
            "severity: high
kind: scheduled
queryFrequency: 5H
queryPeriod: P1D
triggerOperator: GT
triggerThreshold: '1'
Tags: CVE
",
        ),
        "
warning[YML0106]: `high` is read as `High`
 --> rules/a.yaml:3:11
  |
3 | severity: high
  |           ^^^^
  |
  = help: write `High`

warning[YML0106]: `scheduled` is read as `Scheduled`
 --> rules/a.yaml:4:7
  |
4 | kind: scheduled
  |       ^^^^^^^^^
  |
  = help: write `Scheduled`

warning[YML0106]: `5H` is an unusual spelling of a length of time
 --> rules/a.yaml:5:17
  |
5 | queryFrequency: 5H
  |                 ^^
  |
  = help: write `1h`, `5m`, `1d`, or ISO 8601 like `PT1H`

warning[YML0106]: `GT` is read as `gt`
 --> rules/a.yaml:7:18
  |
7 | triggerOperator: GT
  |                  ^^
  |
  = help: write `gt`

warning[YML0106]: `triggerThreshold` is a text; it is read as a number
 --> rules/a.yaml:8:19
  |
8 | triggerThreshold: '1'
  |                   ^^^
  |
  = help: write `1` without quotes

warning[YML0106]: the key `Tags` is read as `tags`
 --> rules/a.yaml:9:1
  |
9 | Tags: CVE
  | ^^^^
  |
  = help: write `tags`

warning[YML0106]: `tags` should be a list, found a text
 --> rules/a.yaml:9:7
  |
9 | Tags: CVE
  |       ^^^
  |
  = help: write each entry on a line of its own after `- `",
    );
}

#[test]
fn a_schedule_is_not_guessed_but_its_trigger_is() {
    check(
        rule("kind: Scheduled\n"),
        "
error[YML0103]: the key `queryFrequency` is missing
 --> rules/a.yaml:2:7
  |
2 | name: A rule
  |       ^^^^^^

error[YML0103]: the key `queryPeriod` is missing
 --> rules/a.yaml:2:7
  |
2 | name: A rule
  |       ^^^^^^

warning[YML0103]: the key `triggerOperator` is missing; it is read as `gt`, as nearly all rules have it
 --> rules/a.yaml:2:7
  |
2 | name: A rule
  |       ^^^^^^
  |
  = help: write `triggerOperator: gt`

warning[YML0103]: the key `triggerThreshold` is missing; it is read as `0`, as nearly all rules have it
 --> rules/a.yaml:2:7
  |
2 | name: A rule
  |       ^^^^^^
  |
  = help: write `triggerThreshold: 0`",
    );
    check(
        rule("queryFrequency: 1h\nqueryPeriod: 1h\ntriggerOperator: gt\ntriggerThreshold: 0\n"),
        "
note[YML0103]: the rule has a schedule but no `kind`; it is read as `Scheduled`
 --> rules/a.yaml:2:7
  |
2 | name: A rule
  |       ^^^^^^
  |
  = help: write `kind: Scheduled`",
    );
    check(
        rule("kind: NRT\nqueryPeriod: 1h\n"),
        "
note[YML0105]: `queryPeriod` has no effect in a near-real-time rule
 --> rules/a.yaml:4:1
  |
4 | queryPeriod: 1h
  | ^^^^^^^^^^^",
    );
}

#[test]
fn tactics_and_techniques_that_are_none_are_left_out_aloud() {
    check(
        rule("tactics: Credential Access, CommanAndControl\nrelevantTechniques: [T1, t1059]\n"),
        "
warning[YML0106]: `tactics` should be a list, found a text
 --> rules/a.yaml:3:10
  |
3 | tactics: Credential Access, CommanAndControl
  |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: write each entry on a line of its own after `- `

warning[YML0106]: `Credential Access` is read as `CredentialAccess`
 --> rules/a.yaml:3:10
  |
3 | tactics: Credential Access, CommanAndControl
  |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: write `CredentialAccess`

warning[YML0104]: `CommanAndControl` is no tactic that Sentinel knows; it is left out
 --> rules/a.yaml:3:10
  |
3 | tactics: Credential Access, CommanAndControl
  |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: a tactic `CommandAndControl` exists

warning[YML0104]: `T1` is no technique id; it is left out
 --> rules/a.yaml:4:22
  |
4 | relevantTechniques: [T1, t1059]
  |                      ^^
  |
  = help: ids look like `T1059` or `T1059.001`

warning[YML0106]: `t1059` is read as `T1059`
 --> rules/a.yaml:4:26
  |
4 | relevantTechniques: [T1, t1059]
  |                          ^^^^^
  |
  = help: write `T1059`",
    );
}

#[test]
fn keys_nobody_documents_are_reported_once_each() {
    check(
        rule("severitty: High\ncolour: red\n"),
        "
warning[YML0105]: the key `severitty` is not documented
 --> rules/a.yaml:3:1
  |
3 | severitty: High
  | ^^^^^^^^^
  |
  = help: a key `severity` exists

warning[YML0105]: the key `colour` is not documented
 --> rules/a.yaml:4:1
  |
4 | colour: red
  | ^^^^^^
  |
  = help: the value is kept, but no artifact shows it",
    );
}

#[test]
fn entity_mappings_are_checked() {
    check(
        rule(
            "entityMappings:
  - entityType: Account
    fieldMappings:
      - identifies: Name
        columnName: A
      - columnName: B
        colour: red
",
        ),
        "
warning[YML0106]: the key `identifies` is read as `identifier`
 --> rules/a.yaml:6:9
  |
6 |       - identifies: Name
  |         ^^^^^^^^^^
  |
  = help: write `identifier`

error[YML0103]: the key `entityMappings[0].fieldMappings[1].identifier` is missing
 --> rules/a.yaml:8:9
  |
8 |       - columnName: B
  |         ^^^^^^^^^^

warning[YML0105]: the key `entityMappings[0].fieldMappings[1].colour` is not documented
 --> rules/a.yaml:9:9
  |
9 |         colour: red
  |         ^^^^^^
  |
  = help: the value is kept, but no artifact shows it",
    );
}

#[test]
fn a_key_one_step_too_far_left_is_read_where_nothing_else_can_be_meant() {
    check(
        rule("requiredDataConnectors:\n    - connectorId: X\n    dataTypes:\n        - SigninLogs\n"),
        "
warning[YML0106]: the key `dataTypes` stands too far left; it is read as a key of the list item above it
 --> rules/a.yaml:5:5
  |
5 |     dataTypes:
  |     ^^^^^^^^^
  |
  = help: indent it by 2 more columns",
    );
    // The list could be the key's own or go on with the connectors.
    check(
        rule("requiredDataConnectors:\n    - connectorId: X\n    dataTypes:\n    - SigninLogs\n"),
        "
error[YML0001]: expected the list's next `-`, found `dataTypes:`
 --> rules/a.yaml:5:5
  |
5 |     dataTypes:
  |     ^",
    );
}

#[test]
fn files_that_grow_without_bound_are_refused() {
    check(
        rule(&format!("x: {}{}\n", "[".repeat(1000), "]".repeat(1000))),
        "
error[YML0003]: values are nested more than 64 levels deep
 --> rules/a.yaml:3:68
  |
3 | x: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[…
  |                                                                    ^",
    );
    let nine = |name: &str| [format!("*{name}").as_str(); 9].join(",");
    let bomb = format!(
        "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [{}]\nc: &c [{}]\nd: &d [{}]\ne: &e [{}]\nf: &f [{}]\n",
        nine("a"),
        nine("b"),
        nine("c"),
        nine("d"),
        nine("e"),
    );
    check(
        rule(&bomb),
        "
error[YML0003]: the document has more than 200000 values
 --> rules/a.yaml:8:8
  |
8 | f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]
  |        ^^",
    );
}

#[test]
fn control_characters_of_the_file_do_not_reach_the_terminal() {
    check(
        "name: \u{1b}[31m\nquery: T\n",
        "
error[YML0001]: the character U+001B is not allowed here
 --> rules/a.yaml:1:7
  |
1 | name: \u{241b}[31m
  |       ^",
    );
    check(
        rule("severity: \"\\e[31m\"\n"),
        "
error[YML0104]: `severity` has a value that is not known: `\u{241b}[31m`
 --> rules/a.yaml:3:11
  |
3 | severity: \"\\e[31m\"
  |           ^^^^^^^^
  |
  = help: known are `Informational`, `Low`, `Medium`, `High`",
    );
}

#[test]
fn of_a_long_line_only_the_part_around_the_place_is_shown() {
    let source = format!("{HEAD}query: \"{} needle {}\"\n", "a".repeat(5_000_000), "b".repeat(5_000_000));
    let Loaded::Rule { rule, source, .. } = load("a.yaml", source.as_bytes()) else { panic!("a rule") };
    let at = rule.query.value.find("needle").expect("it is there");
    let place = Place::Query(Span::new(at, at + "needle".len()));
    let diagnostic = Diagnostic::error(Code::UnknownName, place, "no table `needle`");
    let shown = render::full(&diagnostic, &source, false);
    let before = "a".repeat(39);
    let expected = format!(
        "error[SEM0011]: no table `needle`
 --> a.yaml:3:5000010
  |
 ::: 
3 | …{before} needle {}…
  |  {}^^^^^^",
        "b".repeat(73),
        " ".repeat(40),
    );
    assert!(shown == expected, "\n{shown}\n{expected}");
}

#[test]
fn what_is_wrong_with_the_query_is_shown_in_the_rule_file() {
    let text = "name: A rule\nid: x\nquery: |2-\r\n    SigninLogs\r\n  | where Ünknown == 1\r\n  | summarize\r\n      count()\r\n";
    let Loaded::Rule { rule, source, .. } = load("a.yaml", text.as_bytes()) else { panic!("a rule") };
    let query = &rule.query.value;
    assert_eq!(query, "  SigninLogs\n| where Ünknown == 1\n| summarize\n    count()\n");
    let show = |part: &str| {
        let at = query.find(part).expect("it is there");
        let place = Place::Query(Span::new(at, at + part.len()));
        let diagnostic = Diagnostic::error(Code::UnknownColumn, place, "no column `Ünknown`");
        (
            render::full(&diagnostic, &source, false),
            render::concise(&diagnostic, &source),
            render::json(&diagnostic, &source),
        )
    };
    let (full, concise, json) = show("Ünknown");
    assert_eq!(
        full,
        "error[SEM0001]: no column `Ünknown`
 --> a.yaml:5:11
  |
5 |   | where Ünknown == 1
  |           ^^^^^^^"
    );
    assert_eq!(concise, "a.yaml:5:11: error[SEM0001]: no column `Ünknown`");
    assert_eq!(
        json.to_string(),
        "{\"code\":\"SEM0001\",\"severity\":\"error\",\"message\":\"no column `Ünknown`\",\"file\":\"a.yaml\",\
         \"line\":5,\"column\":11,\"end_line\":5,\"end_column\":18,\"help\":null,\"fix\":null}"
    );
    let (full, ..) = show("summarize\n    count()");
    assert_eq!(
        full,
        "error[SEM0001]: no column `Ünknown`
 --> a.yaml:6:5
  |
6 |     | summarize
  |  _____^
7 | |       count()
  | |_____________^"
    );
}

#[test]
fn broken_kql_is_shown_in_every_style_of_scalar() {
    for (query, line, column) in [
        ("query: |\n  SecurityEvent\n  | where EventID === 4625\n", 5, 21),
        ("query: |\r\n  SecurityEvent\r\n  | where EventID === 4625\r\n", 5, 21),
        ("query: |-\n\n\n  SecurityEvent\n  | where EventID === 4625", 7, 21),
        ("query: |4\n    SecurityEvent\n    | where EventID === 4625\n", 5, 23),
        ("query: >\n  SecurityEvent\n  | where EventID\n  === 4625\n", 6, 5),
        ("query: 'SecurityEvent\n  | where EventID === 4625'\n", 4, 21),
        ("query: \"SecurityEvent\\n| where EventID \\x3d== 4625\"\n", 3, 45),
        ("query: SecurityEvent\n  | where EventID === 4625\n", 4, 21),
    ] {
        for mark in ["", "\u{feff}"] {
            let (diagnostics, source) = query_diagnostics(&format!("{mark}{HEAD}{query}"));
            let shown: Vec<String> = diagnostics.iter().map(|one| render::concise(one, &source)).collect();
            let expected = format!("rules/a.yaml:{line}:{column}: error[KQL0002]: expected an expression, found `=`");
            assert_eq!(shown, [expected], "{query:?}");
        }
    }
    check_query(
        &format!("{HEAD}query: >-\n  SecurityEvent\n\n  | where EventID === 4625\n"),
        "
error[KQL0002]: expected an expression, found `=`
 --> rules/a.yaml:6:21
  |
6 |   | where EventID === 4625
  |                     ^",
    );
}

#[test]
fn names_and_types_of_the_query_are_shown_in_the_file() {
    check_query(
        &format!("{HEAD}query: \"SecurityEvent\\n| where Nope == \\\"x\\\" and \\\n   EventID has '5'\"\n"),
        r#"
error[SEM0001]: no column `Nope` in table `SecurityEvent`
 --> rules/a.yaml:3:32
  |
3 | query: "SecurityEvent\n| where Nope == \"x\" and \
  |                                ^^^^

error[SEM0003]: a text test is not defined on a value of type int
 --> rules/a.yaml:4:12
  |
4 |    EventID has '5'"
  |            ^^^
  |
  = help: convert it with `tostring(…)`"#,
    );
}

#[test]
fn ten_thousand_parentheses_are_refused_where_they_become_too_many() {
    let query = format!("SecurityEvent | where {}true{}", "(".repeat(10_000), ")".repeat(10_000));
    let (diagnostics, source) = query_diagnostics(&format!("{HEAD}query: {query}\n"));
    assert_eq!(diagnostics.iter().map(|one| one.code).collect::<Vec<_>>(), [Code::TooDeep]);
    assert_eq!(source.locate(diagnostics[0].place).line, 3);
    assert!(render::full(&diagnostics[0], &source, false).len() < 1000);
}

#[test]
fn what_is_about_the_whole_input_shows_no_line() {
    let source = SourceMap::new("rules/a\u{1b}.yaml", "a: 1\n");
    let diagnostic = Diagnostic::note(Code::TooLarge, Place::Whole, "too\nlarge").with_help("split\u{7f}it");
    assert_eq!(
        render::full(&diagnostic, &source, false),
        "note[YML0003]: too\u{240a}large\n--> rules/a\u{241b}.yaml\n = help: split\u{2421}it"
    );
    assert_eq!(render::concise(&diagnostic, &source), "rules/a\u{241b}.yaml:1:1: note[YML0003]: too\u{240a}large");
    assert!(render::full(&diagnostic, &source, true).contains("\u{1b}["));
}
