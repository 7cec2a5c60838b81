//! Translations by example, and against every short value and needle over a small alphabet.

use super::*;
use crate::ir::{Order, Value};

fn literal(text: &str) -> Expr {
    Expr::literal(Value::String(text.to_owned()), Origins::none())
}

fn literals(texts: &[&str]) -> Vec<Expr> {
    texts.iter().map(|text| literal(text)).collect()
}

fn is(texts: &[&str], case: Case) -> TestOp {
    TestOp::Equals { operands: literals(texts), case }
}

fn text_op(relation: TextRelation, texts: &[&str], quantifier: Quantifier, case: Case) -> TestOp {
    TestOp::Text { relation, needles: literals(texts), quantifier, case }
}

fn matches(pattern: &str) -> TestOp {
    TestOp::Matches { pattern: literal(pattern) }
}

/// The translation as one line: relation, then the test.
fn show(outcome: Outcome) -> String {
    let Translation { test, relation, ascii, .. } = match outcome {
        Ok(translation) => translation,
        Err(reason) => return format!("refused: {reason}"),
    };
    let test = match test {
        Translated::Op(op) => show_op(&op),
        Translated::Every(ops) => ops.iter().map(show_op).collect::<Vec<_>>().join(" and "),
        Translated::Alternatives(alternatives) => {
            let all = |all: Vec<(Side, TestOp)>| {
                let tests = all.into_iter().map(|(side, op)| format!("{side:?} {}", show_op(&op)));
                tests.collect::<Vec<_>>().join(" and ")
            };
            alternatives.into_iter().map(all).collect::<Vec<_>>().join(" or ")
        }
        Translated::Const(truth) => format!("{truth:?}"),
    };
    format!("{}: {test}{}", relation.word(), if ascii { " (ascii)" } else { "" })
}

fn show_op(op: &TestOp) -> String {
    let operands: Vec<String> = op
        .operands()
        .iter()
        .map(|operand| match operand.as_literal().unwrap() {
            Value::String(text) => text.clone(),
            other => format!("{other:?}"),
        })
        .collect();
    let (word, case) = match op {
        TestOp::Equals { case, .. } => ("is".to_owned(), *case),
        TestOp::Text { relation, case, .. } => (format!("{relation:?}"), *case),
        TestOp::Matches { .. } => ("matches".to_owned(), Case::Sensitive),
        other => (format!("{other:?}"), Case::Sensitive),
    };
    let fold = if case == Case::Insensitive { "~" } else { "" };
    format!("{word}{fold} {}", operands.join(" , ")).trim_end().to_owned()
}

#[track_caller]
fn check(form: &Form, op: TestOp, expected: &str) {
    check_typed(form, op, Type::String, expected);
}

#[track_caller]
fn check_typed(form: &Form, op: TestOp, ty: Type, expected: &str) {
    assert_eq!(show(form.translate(&op, ty)), expected);
}

fn file_name() -> Form {
    Form::After { separators: vec!['\\'], folded: false }
}

fn user_name() -> Form {
    Form::After { separators: vec!['\\'], folded: true }
}

fn domain() -> Form {
    Form::Before { separator: '\\', folded: true }
}

#[test]
fn a_file_name_is_the_end_of_a_path() {
    let has = |text| text_op(TextRelation::Term, &[text], Quantifier::Any, Case::Insensitive);
    let starts = |text| text_op(TextRelation::StartsWith, &[text], Quantifier::Any, Case::Insensitive);
    let ends = |text| text_op(TextRelation::EndsWith, &[text], Quantifier::Any, Case::Insensitive);
    check(&file_name(), is(&["cmd.exe"], Case::Insensitive), r"exact: EndsWith~ \cmd.exe");
    check(&file_name(), is(&["a", "b"], Case::Sensitive), r"exact: EndsWith \a , \b");
    check(&file_name(), is(&[r"x\a"], Case::Sensitive), "exact: False");
    check(&file_name(), is(&[""], Case::Sensitive), "exact: IsEmpty");
    check(&file_name(), is(&["", "a"], Case::Sensitive), r"exact: matches (?:^|[\\]a)$");
    check(&file_name(), ends(".exe"), "exact: EndsWith~ .exe");
    check(&file_name(), starts("cmd"), r"exact: matches (?i)[\\]cmd[^\\]*$");
    check(&file_name(), has("cmd"), r"exact: matches (?i)(?:^|[^A-Za-z0-9])cmd(?:[^A-Za-z0-9\\][^\\]*)?$ (ascii)");
    check(&file_name(), TestOp::IsEmpty, "exact: IsEmpty");
}

#[test]
fn a_pattern_on_a_file_name_may_not_leave_it() {
    check(&file_name(), matches(r"^a.b\.exe$"), r"exact: matches [\\]a[^\n\\]b\.exe$");
    check(&file_name(), matches("(?i)cmd|^power"), r"exact: matches (?i)cmd[^\\]*$|[\\]power[^\\]*$");
    check(&file_name(), matches(r"[^x]+\S*?"), r"exact: matches [^x\\]+[^\s\\]*?[^\\]*$");
    check(&file_name(), matches(r"[a-z]{2}(x|y.)"), r"exact: matches [a-z]{2}(?:x|y[^\n\\])[^\\]*$");
    check(&file_name(), matches(r"a\\b"), "refused: the pattern asks for separators, which the value does not hold");
    check(
        &file_name(),
        matches(r"(^a|b)"),
        "refused: the pattern has an anchor inside, which has no form in a longer value",
    );
}

#[test]
fn every_needle_of_has_all_is_asked_of_a_file_name() {
    let op = text_op(TextRelation::Contains, &["a", "b"], Quantifier::All, Case::Sensitive);
    check(&file_name(), op, r"exact: matches a[^\\]*$ and matches b[^\\]*$");
}

#[test]
fn user_and_domain_lose_their_letter_case() {
    check(&user_name(), is(&["root"], Case::Insensitive), r"exact: EndsWith~ \root");
    check(&user_name(), is(&["root"], Case::Sensitive), r"broader: EndsWith~ \root");
    check(&user_name(), is(&["42"], Case::Sensitive), r"exact: EndsWith~ \42");
    check(&domain(), is(&["corp"], Case::Insensitive), r"exact: StartsWith~ corp\");
    let starts = text_op(TextRelation::StartsWith, &["co"], Quantifier::Any, Case::Insensitive);
    check(&domain(), starts, "exact: StartsWith~ co");
    let ends = text_op(TextRelation::EndsWith, &["rp"], Quantifier::Any, Case::Insensitive);
    check(&domain(), ends, r"exact: matches (?i)^[^\\]*rp[\\]");
}

#[test]
fn a_field_in_lower_case_answers_where_case_does_not_count() {
    let form = Form::Lowercase;
    check(&form, is(&["Web-01"], Case::Insensitive), "exact: is~ web-01");
    check(&form, is(&["Web-01"], Case::Sensitive), "broader: is~ web-01");
    check(&form, is(&["web-01"], Case::Sensitive), "broader: is~ web-01");
    check(&form, is(&["10.0.0.1"], Case::Sensitive), "exact: is~ 10.0.0.1");
    check(&form, matches("(?i)^Web"), "exact: matches (?i)^Web");
    check(&form, matches("^Web"), "broader: matches (?i)^Web");
    check(&form, matches(r"^\d+$"), r"exact: matches ^\d+$");
    check(
        &form,
        matches("[^a]"),
        "refused: the pattern excludes letters of one case, and the field is in lower case",
    );
}

#[test]
fn a_renamed_value_is_asked_for_by_its_name() {
    let values = |complete| Form::Renamed {
        values: [("FileCreated", "creation"), ("FileDeleted", "deletion")]
            .map(|(one, other)| (one.to_owned(), other.to_owned()))
            .into(),
        complete,
        lowered: false,
    };
    let starts = || text_op(TextRelation::StartsWith, &["File"], Quantifier::Any, Case::Sensitive);
    check(&values(false), is(&["FileCreated"], Case::Sensitive), "exact: is creation");
    check(&values(false), is(&["filedeleted"], Case::Insensitive), "exact: is~ deletion");
    check(
        &values(false),
        is(&["Other"], Case::Sensitive),
        "refused: it is not known how the field holds the value `Other`",
    );
    check(&values(true), is(&["Other"], Case::Sensitive), "exact: False");
    check(&values(true), starts(), "exact: is creation , deletion");
    check(
        &values(false),
        starts(),
        "refused: the field holds other names for the values, and not all of them are known",
    );
}

#[test]
fn a_value_that_is_sometimes_renamed_is_asked_for_by_both_names() {
    let form = Form::Sometimes { values: [("MemberAdded".to_owned(), "added-users-to-group".to_owned())].into() };
    check(&form, is(&["MemberAdded"], Case::Sensitive), "exact: is MemberAdded , added-users-to-group");
    check(&form, is(&["memberadded"], Case::Insensitive), "exact: is~ memberadded , added-users-to-group");
    check(&form, is(&["MemberRemoved"], Case::Sensitive), "exact: is MemberRemoved");
    let contains = |text| text_op(TextRelation::Contains, &[text], Quantifier::Any, Case::Insensitive);
    check(&form, contains("inbox"), "exact: Contains~ inbox");
    check(
        &form,
        contains("member"),
        "refused: the field may hold `added-users-to-group` for the value `MemberAdded`",
    );
}

#[test]
fn a_hash_is_found_behind_its_tag() {
    let form = Form::Tagged { tag: "MD5=".to_owned(), length: 4 };
    check(&form, is(&["ab12"], Case::Insensitive), "exact: Contains~ MD5=ab12");
    check(&form, is(&["ab12"], Case::Sensitive), "broader: Contains~ MD5=ab12");
    check(&form, is(&["ab1"], Case::Insensitive), "exact: False");
    check(
        &form,
        TestOp::IsEmpty,
        "refused: the field holds several values, and only a whole one can be looked for among them",
    );
}

#[test]
fn a_registry_key_is_found_inside_the_path_of_a_value() {
    let form = Form::Within { rewrites: vec![(r"HKEY_LOCAL_MACHINE\".to_owned(), r"HKLM\".to_owned())] };
    let contains = |text| text_op(TextRelation::Contains, &[text], Quantifier::Any, Case::Insensitive);
    check(&form, contains(r"\Run"), r"broader: Contains~ \Run");
    check(&form, is(&[r"HKEY_LOCAL_MACHINE\SOFTWARE\X"], Case::Sensitive), r"broader: Contains~ HKLM\SOFTWARE\X");
    check(
        &form,
        contains(r"MACHINE\SOFTWARE"),
        r"refused: the field writes `HKEY_LOCAL_MACHINE\` as `HKLM\`, and `MACHINE\SOFTWARE` may be a part of it",
    );
    check(
        &form,
        contains("machine"),
        r"refused: the field writes `HKEY_LOCAL_MACHINE\` as `HKLM\`, and `machine` may be a part of it",
    );
}

#[test]
fn a_placeholder_stands_for_the_empty_text() {
    let form = Form::Placeholder { text: "-".to_owned() };
    let contains = |text| text_op(TextRelation::Contains, &[text], Quantifier::Any, Case::Insensitive);
    check(&form, TestOp::IsEmpty, "exact: is  , -");
    check(&form, is(&["", "a"], Case::Sensitive), "exact: is  , a , -");
    check(&form, is(&["a"], Case::Sensitive), "exact: is a");
    check(&form, is(&["-"], Case::Sensitive), "broader: is -");
    check(&form, contains("a"), "exact: Contains~ a");
    check(&form, contains("-"), "broader: Contains~ -");
    check(&form, matches(".*"), "exact: matches .*");
    check(&form, matches("^$"), "refused: the test finds the empty text, for which the field has another one");
}

#[test]
fn tests_on_a_field_with_a_placeholder_hold_for_every_short_value() {
    let form = Form::Placeholder { text: "-".to_owned() };
    let mut ops = questions(&texts(&['a', 'B', '-', '.'], 2), &PATTERNS);
    ops.push(TestOp::IsEmpty);
    let mut values: Vec<String> = texts(&['a', 'B', '-', '.'], 3).into_iter().filter(|value| value != "-").collect();
    values.push(String::new());
    let fields = |value: &str| vec![if value.is_empty() { "-".to_owned() } else { value.to_owned() }];
    assert!(search(&form, &ops, &values, &fields) > ops.len() * 9 / 10);
}

#[test]
fn numbers_and_booleans_are_asked_for_as_text() {
    let long =
        TestOp::Equals { operands: vec![Expr::literal(Value::Long(4688), Origins::none())], case: Case::Sensitive };
    check_typed(&Form::Text, long, Type::Long, "exact: is 4688");
    check_typed(&Form::Text, TestOp::IsTrue, Type::Bool, "exact: is~ true");
    check_typed(&Form::Text, TestOp::IsNull, Type::Long, "exact: IsEmpty");
    let order = TestOp::Order { order: Order::Less, operand: Expr::literal(Value::Long(5), Origins::none()) };
    let reason = "refused: the field holds numbers as text, which has another order";
    check_typed(&Form::Text, order, Type::Long, reason);
}

#[test]
fn text_of_digits_is_asked_for_as_a_number() {
    check(&Form::Number, is(&["50126", "0"], Case::Sensitive), "exact: is Long(50126) , Long(0)");
    check(&Form::Number, is(&["007"], Case::Sensitive), "exact: False");
    check(&Form::Number, TestOp::IsEmpty, "exact: IsNull");
}

fn account() -> Form {
    Form::Joined { before: "Domain".to_owned(), separator: '\\', lost: None }
}

#[test]
fn a_joined_value_is_asked_for_in_its_parts() {
    let form = account();
    let ask = |relation, text| text_op(relation, &[text], Quantifier::Any, Case::Insensitive);
    check(&form, is(&[r"CORP\eve"], Case::Insensitive), "exact: Before is~ CORP and Behind is~ eve");
    check(&form, is(&[r"\eve"], Case::Sensitive), "exact: Before IsEmpty and Behind is eve");
    check(&form, is(&["eve"], Case::Sensitive), "exact: False");
    check(&form, is(&[r"-\-", "x"], Case::Sensitive), "exact: Before is - and Behind is -");
    check(&form, ask(TextRelation::EndsWith, "$"), "exact: Behind EndsWith~ $");
    check(&form, ask(TextRelation::EndsWith, r"\eve"), "exact: Behind is~ eve");
    check(&form, ask(TextRelation::EndsWith, r"RP\eve"), "exact: Before EndsWith~ RP and Behind is~ eve");
    check(&form, ask(TextRelation::StartsWith, r"CORP\"), "exact: Before is~ CORP");
    check(&form, ask(TextRelation::StartsWith, "NT"), "exact: Before StartsWith~ NT");
    check(&form, ask(TextRelation::Contains, "admin"), "exact: Before Contains~ admin or Behind Contains~ admin");
    check(&form, ask(TextRelation::Term, "admin"), "exact: Before Term~ admin or Behind Term~ admin");
    check(&form, ask(TextRelation::Term, r"corp\eve"), "broader: Before EndsWith~ corp and Behind StartsWith~ eve");
    check(&form, TestOp::IsEmpty, "broader: Before IsEmpty and Behind IsEmpty");
    check(&form, matches("^a"), "refused: two fields hold the value, of which together this cannot be asked");
}

#[test]
fn tests_on_joined_values_hold_for_every_pair_of_parts() {
    joined_values_hold(&account(), |part| part);
}

/// Elastic drops parts that are `-`.
#[test]
fn tests_on_joined_values_with_a_part_that_is_lost_hold_for_every_pair_of_parts() {
    let form = Form::Joined { before: "Domain".to_owned(), separator: '\\', lost: Some(".".to_owned()) };
    let ask = |relation, text| text_op(relation, &[text], Quantifier::Any, Case::Insensitive);
    check(&form, is(&[r".\."], Case::Sensitive), "broader: Before IsEmpty and Behind IsEmpty");
    check(&form, is(&[r"a\b"], Case::Sensitive), "exact: Before is a and Behind is b");
    let reason = "refused: the two fields do not have a part that the test may find";
    check(&form, ask(TextRelation::EndsWith, "."), reason);
    check(&form, ask(TextRelation::EndsWith, r"\a"), reason);
    joined_values_hold(&form, |part| if part == "." { "" } else { part });
}

/// Asks every question of every pair of parts, which the two fields hold as `held` says.
fn joined_values_hold(form: &Form, held: fn(&str) -> &str) {
    let mut needles = texts(&['a', 'B', '.', '\\'], 3);
    needles.push(String::new());
    let mut ops = questions(&needles, &[]);
    ops.push(TestOp::IsEmpty);
    let parts = || [String::new()].into_iter().chain(texts(&['a', 'B', '.'], 2));
    let mut translated = 0;
    for op in &ops {
        let Ok(translation) = form.translate(op, Type::String) else { continue };
        translated += 1;
        let column = Asked::new(vec![op.clone()]);
        let alternatives: Vec<Vec<(Side, Asked)>> = match translation.test {
            Translated::Alternatives(alternatives) => alternatives
                .into_iter()
                .map(|all| all.into_iter().map(|(side, op)| (side, Asked::new(vec![op]))).collect())
                .collect(),
            Translated::Const(Truth::False) => Vec::new(),
            other => panic!("{other:?}"),
        };
        for before in parts() {
            for behind in parts() {
                let value = format!("{before}\\{behind}");
                let side = |side: &Side| held(if *side == Side::Before { &before } else { &behind });
                let found = alternatives.iter().any(|all| all.iter().all(|(one, asked)| asked.of(side(one))));
                let wanted = column.of(&value);
                let holds = if translation.relation == Match::Exact { wanted == found } else { !wanted || found };
                assert!(holds, "{} on `{value}` is {wanted}, but {found} in its parts", show_op(op));
            }
        }
    }
    assert!(translated > ops.len() / 3, "{translated} of {}", ops.len());
}

#[test]
fn any_element_of_a_list_may_meet_the_test() {
    check(&Form::Element, is(&["a"], Case::Sensitive), "broader: is a");
    check(&Form::Element, matches("^a"), "broader: matches ^a");
    // The list may be there without this element.
    check(&Form::Element, TestOp::IsEmpty, "narrower: IsEmpty");
}

#[test]
fn a_constant_is_answered_at_once() {
    let form = |values: &[&str]| Form::Always { values: values.iter().map(|value| (*value).to_owned()).collect() };
    let starts = || text_op(TextRelation::StartsWith, &["Process"], Quantifier::Any, Case::Sensitive);
    check(&form(&["ProcessCreated"]), is(&["ProcessCreated"], Case::Sensitive), "exact: True");
    check(&form(&["ProcessCreated"]), is(&["processcreated"], Case::Sensitive), "exact: False");
    check(&form(&["ProcessCreated"]), starts(), "exact: True");
    check(&form(&["ProcessCreated"]), TestOp::IsEmpty, "exact: False");
    check(&form(&["ProcessCreated", "ProcessEnded"]), starts(), "exact: True");
    check(
        &form(&["ProcessCreated", "ProcessEnded"]),
        is(&["ProcessCreated"], Case::Sensitive),
        "refused: the source holds events with several values and no field that tells them apart",
    );
}

#[test]
fn a_comparison_of_two_columns_is_refused_in_any_form_but_the_same() {
    let op = TestOp::Equals {
        operands: vec![Expr { kind: ExprKind::Now { offset: 0 }, ty: Type::String, origins: Origins::none() }],
        case: Case::Sensitive,
    };
    assert!(Form::Same.translate(&op, Type::String).is_ok());
    for form in [Form::Lowercase, file_name(), domain(), Form::Number] {
        assert!(form.translate(&op, Type::String).is_err(), "{form:?}");
    }
}

/// Rows from KQL's documentation of terms and from the rule measured on Microsoft's emulator: terms are runs of
/// letters and digits of any script, `_` separates, and a needle's edge that is no letter or digit needs no boundary.
#[test]
fn the_evaluator_knows_what_a_term_is() {
    let rows = [
        ("my_realvnc_build", "realvnc", true),
        ("RealVNC Ltd", "realvnc", true),
        ("éRealVNC", "realvnc", false),
        ("RealVNCé", "realvnc", false),
        ("foobar", "foo", false),
        ("foobar foo", "foo", true),
        ("a/resourcegroups/x", "/resourcegroups/x", true),
        ("a/resourcegroups/xy", "/resourcegroups/x", false),
    ];
    for (text, needle, expected) in rows {
        let op = text_op(TextRelation::Term, &[needle], Quantifier::Any, Case::Insensitive);
        assert_eq!(constant::answer(&op, text), Ok(Truth::from(expected)), "{text} has {needle}");
    }
}

/// A test on text, ready to be asked many times.
struct Asked {
    ops: Vec<(TestOp, Option<regex::Regex>)>,
}

impl Asked {
    fn new(ops: Vec<TestOp>) -> Asked {
        let read = |op: &TestOp| match op {
            TestOp::Matches { pattern } => Some(regex::Regex::new(pattern.as_text().unwrap()).unwrap()),
            _ => None,
        };
        Asked { ops: ops.into_iter().map(|op| (read(&op), op)).map(|(regex, op)| (op, regex)).collect() }
    }

    fn of(&self, value: &str) -> bool {
        self.ops.iter().all(|(op, regex)| match regex {
            Some(regex) => regex.is_match(value),
            None => constant::answer(op, value).unwrap() == Truth::True,
        })
    }
}

/// Every text over `alphabet` of up to `length` characters, the empty one left out.
fn texts(alphabet: &[char], length: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..length {
        last = last.iter().flat_map(|text| alphabet.iter().map(move |c| format!("{text}{c}"))).collect();
        all.extend(last.clone());
    }
    all.remove(0);
    all
}

/// Questions that hold these needles, alone and by twos.
fn questions(needles: &[String], patterns: &[&str]) -> Vec<TestOp> {
    let mut ops: Vec<TestOp> = patterns.iter().map(|pattern| matches(pattern)).collect();
    for (index, needle) in needles.iter().enumerate() {
        let other = &needles[(index * 7 + 3) % needles.len()];
        for case in [Case::Sensitive, Case::Insensitive] {
            ops.push(is(&[needle], case));
            ops.push(is(&[needle, other], case));
            ops.push(is(&[needle, ""], case));
            for relation in [
                TextRelation::Contains,
                TextRelation::StartsWith,
                TextRelation::EndsWith,
                TextRelation::Term,
                TextRelation::TermPrefix,
                TextRelation::TermSuffix,
            ] {
                ops.push(text_op(relation, &[needle], Quantifier::Any, case));
                ops.push(text_op(relation, &[needle, other], Quantifier::Any, case));
                ops.push(text_op(relation, &[needle, other], Quantifier::All, case));
            }
        }
    }
    ops
}

/// Asks every question of every column value, and of each field value that may hold it, and compares the answers with
/// what the translation claims. Says how many questions were translated.
fn search(form: &Form, ops: &[TestOp], values: &[String], fields: &dyn Fn(&str) -> Vec<String>) -> usize {
    let mut translated = 0;
    let held: Vec<(&String, Vec<String>)> = values.iter().map(|value| (value, fields(value))).collect();
    for op in ops {
        let Ok(translation) = form.translate(op, Type::String) else { continue };
        translated += 1;
        let column = Asked::new(vec![op.clone()]);
        let field = match translation.test {
            Translated::Op(op) => Some(Asked::new(vec![op])),
            Translated::Every(ops) => Some(Asked::new(ops)),
            Translated::Alternatives(alternatives) => panic!("{alternatives:?} are asked of two fields"),
            Translated::Const(truth) => {
                assert_eq!(truth, Truth::False);
                None
            }
        };
        for (value, fields) in &held {
            let wanted = column.of(value);
            for stored in fields {
                let found = field.as_ref().is_some_and(|field| field.of(stored));
                let holds = match translation.relation {
                    Match::Exact => wanted == found,
                    Match::Broader => !wanted || found,
                    Match::Narrower => wanted || !found,
                    Match::Approximate => true,
                };
                assert!(
                    holds,
                    "{} on `{value}` is {wanted}, but {} on `{stored}` is {found}",
                    show_op(op),
                    show(form.translate(op, Type::String))
                );
            }
        }
    }
    translated
}

fn swap_case(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect()
}

const ALPHABET: [char; 5] = ['a', 'B', '1', '.', '\\'];
const PATTERNS: [&str; 30] = [
    "a",
    "^a",
    "a$",
    "^a.$",
    "(?i)b|^1",
    ".1",
    "[^a]$",
    r"\D+$",
    r"\w\W",
    r"\ba",
    "a|B$",
    "(a|1)+?",
    "^$",
    r"[a-b]*\.",
    "a|^",
    "|a",
    "^(a|b)$",
    "^a|b$",
    r"\S{2}",
    r"^\W",
    r"[^\w]",
    r"(?i)[^b]$",
    r"\.?$",
    "(?i)^ab?",
    "^[^.]+$",
    ".*a.*",
    "^.{2}$",
    r"1\b",
    "(a(1|B))",
    "B{1,2}",
];

#[test]
fn tests_on_the_last_part_hold_for_every_short_value() {
    let ops = questions(&texts(&ALPHABET, 2), &PATTERNS);
    let values = texts(&ALPHABET[..4], 3);
    let fields = |value: &str| ["", "a", r"B\a", "1.", r"\\"].map(|path| format!("{path}\\{value}")).to_vec();
    assert!(search(&file_name(), &ops, &values, &fields) > ops.len() * 9 / 10);
    let folded = |value: &str| fields(value).iter().flat_map(|field| [swap_case(field), field.clone()]).collect();
    search(&user_name(), &ops, &values, &folded);
    let several = Form::After { separators: vec!['\\', '/'], folded: false };
    let fields = |value: &str| [r"a\", "B/", r"a/B\", r"1\a/"].map(|path| format!("{path}{value}")).to_vec();
    search(&several, &ops, &values, &fields);
}

#[test]
fn tests_on_the_first_part_hold_for_every_short_value() {
    let ops = questions(&texts(&ALPHABET, 2), &PATTERNS);
    let values = texts(&ALPHABET[..4], 3);
    let fields = |value: &str| ["", "a", r"B\a", "1."].map(|user| format!("{value}\\{user}")).to_vec();
    let form = Form::Before { separator: '\\', folded: false };
    assert!(search(&form, &ops, &values, &fields) > ops.len() * 8 / 10);
    let folded = |value: &str| fields(value).iter().flat_map(|field| [swap_case(field), field.clone()]).collect();
    search(&domain(), &ops, &values, &folded);
}

#[test]
fn tests_on_a_field_without_letter_case_hold_for_every_short_value() {
    let ops = questions(&texts(&ALPHABET, 2), &PATTERNS);
    let values = texts(&ALPHABET, 3);
    let fields = |value: &str| vec![value.to_ascii_lowercase(), swap_case(value)];
    assert!(search(&Form::Lowercase, &ops, &values, &fields) > ops.len() * 8 / 10);
}

#[test]
fn tests_on_a_tagged_value_hold_for_every_short_value() {
    let alphabet = ['a', 'B', '1'];
    let ops = questions(&texts(&alphabet, 3), &[]);
    let values: Vec<String> = texts(&alphabet, 2).into_iter().filter(|text| text.len() == 2).collect();
    let fields = |value: &str| {
        [format!("X={value}"), format!("Y=1a,X={value},Z=b1"), swap_case(&format!("Y=aB,X={value}"))].to_vec()
    };
    let form = Form::Tagged { tag: "X=".to_owned(), length: 2 };
    assert!(search(&form, &ops, &values, &fields) > 0);
}

#[test]
fn tests_on_a_value_inside_a_longer_one_hold_for_every_short_value() {
    let ops = questions(&texts(&['A', 'b', 'c', '\\'], 4), &[]);
    let rewrites = [(r"AbA\c\", r"b\"), (r"AbA\", r"bb\")];
    let rewrites: Vec<_> = rewrites.iter().map(|(from, to)| (from.to_string(), to.to_string())).collect();
    let tails = texts(&['A', 'b', '\\', 'c'], 3);
    let values: Vec<String> = tails
        .iter()
        .filter(|tail| !tail.starts_with("AbA"))
        .flat_map(|tail| [tail.clone(), format!("AbA\\{tail}")])
        .collect();
    let fields = |value: &str| {
        let written = match (value.strip_prefix(r"AbA\c\"), value.strip_prefix(r"AbA\")) {
            (Some(tail), _) => format!(r"b\{tail}"),
            (None, Some(tail)) => format!(r"bb\{tail}"),
            (None, None) => value.to_owned(),
        };
        vec![written.clone(), swap_case(&written), format!(r"{written}\name")]
    };
    assert!(search(&Form::Within { rewrites }, &ops, &values, &fields) > 0);
}

/// The actions of Defender, which Elastic puts in lower case but for a few.
#[test]
fn a_known_value_in_lower_case_is_told_from_its_other_spellings() {
    let form = Form::Renamed {
        values: [("DnsQuery", "dnsquery"), ("DriverLoad", "load")]
            .map(|(one, other)| (one.to_owned(), other.to_owned()))
            .into(),
        complete: false,
        lowered: true,
    };
    let starts = |text| text_op(TextRelation::StartsWith, &[text], Quantifier::Any, Case::Insensitive);
    check(&form, is(&["DnsQuery"], Case::Sensitive), "exact: is dnsquery");
    check(&form, is(&["dnsQuery"], Case::Sensitive), "exact: False");
    check(&form, is(&["dnsQuery"], Case::Insensitive), "exact: is dnsquery");
    check(&form, is(&["DriverLoad", "DnsQuery"], Case::Sensitive), "exact: is load , dnsquery");
    // Whether the column has this one, and in which letters, is not known.
    check(&form, is(&["Other"], Case::Sensitive), "broader: is other");
    check(&form, is(&["Other"], Case::Insensitive), "exact: is other");
    check(&form, is(&["Load"], Case::Sensitive), "refused: the field has the same text for another value");
    check(&form, starts("Dns"), "exact: StartsWith~ dns");
    check(&form, starts("Driver"), "refused: the field holds `load` for the value `DriverLoad`");
}

#[test]
fn tests_on_known_values_in_lower_case_hold_for_every_value() {
    let values = vec!["aB".to_owned(), "B1".to_owned(), "1.a".to_owned(), "BBa".to_owned()];
    let known = [("aB", "ab"), ("1.a", "1")].map(|(one, other)| (one.to_owned(), other.to_owned()));
    let form = Form::Renamed { values: known.clone().into(), complete: false, lowered: true };
    let fields = |value: &str| {
        let known = known.iter().find(|(one, _)| one == value);
        vec![known.map_or_else(|| value.to_ascii_lowercase(), |(_, held)| held.clone())]
    };
    let ops = questions(&texts(&ALPHABET, 2), &PATTERNS);
    assert!(search(&form, &ops, &values, &fields) > ops.len() / 2);
}

#[test]
fn tests_on_renamed_values_hold_for_every_value() {
    let values = vec!["aB".to_owned(), "B1".to_owned(), "1.a".to_owned()];
    let renamed = values.iter().zip(["x", "aB", "yy"]).map(|(one, other)| (one.clone(), other.to_owned())).collect();
    let form = Form::Renamed { values: renamed, complete: true, lowered: false };
    let names = form.clone();
    let fields = |value: &str| match &names {
        Form::Renamed { values, .. } => vec![values[value].clone()],
        other => panic!("{other:?}"),
    };
    let ops = questions(&texts(&ALPHABET, 2), &PATTERNS);
    assert_eq!(search(&form, &ops, &values, &fields), ops.len());
}
