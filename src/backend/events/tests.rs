//! What back ends that return events have in common: look-backs, stages, triggers. The helpers serve their own tests.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::plain;
use crate::backend::{self, Emission, Options};
use crate::crosswalk::{Column, Crosswalk, Field, FieldKind, Form, Route, Source, Table, Vocabulary};
use crate::fidelity::{Confidence, Verdict};
use crate::ir::{
    Detection, Dynamic, Kind, Meta, Period, Schedule, Severity, TICKS_PER_SECOND, Tactic, Technique, Trigger,
    TriggerOperator, Type, Value,
};
use crate::template::Templates;
use crate::{kql, lower, rewrite};

/// A table whose fields are called like its columns in every target, but for `Missing`, which has no field, and
/// `Action`, by which `Divided` chooses its logsource.
fn table(name: &str) -> Table {
    let columns = [
        ("F", Type::String, FieldKind::Keyword),
        ("G", Type::String, FieldKind::Wildcard),
        ("Ip", Type::String, FieldKind::Ip),
        ("Port", Type::Int, FieldKind::Long),
        ("R", Type::Real, FieldKind::Double),
        ("B", Type::Bool, FieldKind::Boolean),
        ("T", Type::DateTime, FieldKind::Date),
        ("Id", Type::Guid, FieldKind::Keyword),
        ("Action", Type::String, FieldKind::Keyword),
    ];
    let column = |ty, fields| Column { ty, fields, paths: Vec::new(), note: None, source: None };
    let mut table =
        Table { clock: vec!["TimeGenerated".to_owned()], open: false, columns: IndexMap::new(), ..Table::new(name) };
    for (name, ty, kind) in columns {
        let field = Field {
            name: name.to_owned(),
            inside: None,
            kind,
            form: Form::Same,
            confidence: Confidence::High,
            note: None,
        };
        let mut fields = BTreeMap::from([(Vocabulary::Elastic, field.clone())]);
        if name != "Action" {
            fields.insert(Vocabulary::Sigma, field);
        }
        table.columns.insert(name.to_owned(), column(ty, fields));
    }
    for (name, ty) in [("Missing", Type::String), ("TimeGenerated", Type::DateTime)] {
        table.columns.insert(name.to_owned(), column(ty, BTreeMap::new()));
    }
    let sigma = |category: &str| Source::Sigma {
        logsource: vec![("category", category.to_owned())],
        custom: false,
        conditions: Vec::new(),
    };
    let divided = vec![Route::new(vec![("Action".to_owned(), vec!["Made".to_owned()])], sigma("made"))];
    let whole = vec![Route::new(Vec::new(), sigma(&name.to_lowercase()))];
    table.sources.insert(Vocabulary::Sigma, if name == "Divided" { divided } else { whole });
    let elastic = Source::Elastic {
        index: vec!["logs-*".to_owned()],
        conditions: vec![("event.dataset".to_owned(), vec![name.to_lowercase()])],
        category: Some("process".to_owned()),
    };
    table.sources.insert(Vocabulary::Elastic, vec![Route::new(Vec::new(), elastic)]);
    table
}

/// A rule for tests.
pub(in crate::backend) struct Rule<'a> {
    query: &'a str,
    kind: Kind,
    meta: Meta,
}

impl<'a> Rule<'a> {
    /// A hunting query.
    pub(in crate::backend) fn new(query: &'a str) -> Rule<'a> {
        let meta = Meta {
            id: "0170143d-c5b9-49c2-ad03-be86564a7855".to_owned(),
            name: "A rule".to_owned(),
            severity: Some(Severity::High),
            tactics: vec![Tactic("CommandAndControl".to_owned())],
            techniques: vec![Technique("T1059.001".to_owned())],
            ..Meta::default()
        };
        Rule { query, kind: Kind::Hunting, meta }
    }

    /// The same with other words about it.
    pub(in crate::backend) fn meta(mut self, change: impl FnOnce(&mut Meta)) -> Rule<'a> {
        change(&mut self.meta);
        self
    }

    /// The same, run every hour over the last hour.
    pub(in crate::backend) fn hourly(self) -> Rule<'a> {
        self.triggered(TriggerOperator::GreaterThan, 0)
    }

    /// The same with this trigger.
    pub(in crate::backend) fn triggered(mut self, operator: TriggerOperator, threshold: u64) -> Rule<'a> {
        let hour = Period(3600 * TICKS_PER_SECOND);
        self.kind = Kind::Scheduled {
            schedule: Schedule { frequency: hour, period: hour, trigger: Trigger { operator, threshold } },
            alerts: Box::default(),
        };
        self
    }

    /// What a target makes of it.
    #[track_caller]
    pub(in crate::backend) fn emit(self, target: &str, profile: &str) -> Emission {
        let mut crosswalk = Crosswalk::default();
        for name in ["T", "U", "Divided"] {
            crosswalk.insert(table(name));
        }
        let parsed = kql::parse(self.query);
        assert!(parsed.errors.is_empty(), "{}: {:?}", self.query, parsed.errors);
        let lowered = lower::lower_query(&parsed.query, &crosswalk);
        let mut query = lowered.query.unwrap_or_else(|| panic!("{}: {:?}", self.query, lowered.diagnostics));
        rewrite::normalise(&mut query);
        let detection = Detection { meta: self.meta, kind: self.kind, query, text: self.query.to_owned() };
        let templates = Templates::builtin();
        let options =
            Options { crosswalk: &crosswalk, profile, native_names: false, index: None, templates: &templates };
        backend::find(target).expect("a target").emit(&detection, &options).expect("our own templates render")
    }
}

/// Verdict, output and the codes of the notes with a cause, in a few words: `broader columns FID0011`.
fn summary(emission: &Emission) -> String {
    let mut words = vec![emission.verdict().word()];
    if emission.verdict() != Verdict::Unsupported {
        words.extend(emission.findings.output.iter().map(|output| output.word()));
    }
    let mut codes: Vec<&str> =
        emission.findings.notes.iter().filter(|note| note.cause.is_some()).map(|note| note.code.name()).collect();
    codes.sort_unstable();
    codes.dedup();
    words.extend(codes);
    words.join(" ")
}

#[test]
fn what_stages_leave_is_said() {
    #[track_caller]
    fn check(query: &str, expected: &str) {
        assert_eq!(summary(&Rule::new(query).hourly().emit("eql", "integration")), expected, "{query}");
    }
    check("T | where F == 'a'", "exact columns");
    // The keys of a group are properties of its events.
    check("T | where F == 'a' | summarize Count = count() by G", "exact columns multiplicity");
    check("T | where F == 'a' | distinct G", "exact columns multiplicity");
    check("T | where F == 'a' | summarize count() by bin(TimeGenerated, 5m)", "exact columns multiplicity");
    check("T | where F == 'a' | project G | sort by G", "exact columns order");
    check("T | where F == 'a' | extend H = strcat(F, G)", "exact columns");
    // A choice of rows.
    check("T | where F == 'a' | take 5", "broader columns order FID0014");
    check("T | where F == 'a' | top 5 by Port", "broader columns order FID0014");
    // A group has at least one event.
    check("T | where F == 'a' | summarize c = count() by G | where c > 0", "exact columns multiplicity");
    check("T | where F == 'a' | summarize c = count() by G | where c >= 1", "exact columns multiplicity");
    check("T | where F == 'a' | summarize c = count() | where c > 0", "exact columns multiplicity");
    // Every group that passes has events.
    check("T | where F == 'a' | summarize c = count() by G | where c > 5", "broader columns multiplicity FID0011");
    check("T | where F == 'a' | summarize c = count() by G | where c < 5", "broader columns multiplicity FID0011");
    check("T | where F == 'a' | summarize c = avg(R) by G | where c > 5", "broader columns multiplicity FID0011");
    // Without keys there is a row even for no events.
    check("T | where F == 'a' | summarize c = count()", "narrower columns multiplicity FID0010");
    check("T | where F == 'a' | summarize c = count() | where c > 5", "broader columns multiplicity FID0011");
    check("T | where F == 'a' | summarize c = count() | where c < 5", "unsupported FID0011");
    // A filter on keys is one on events.
    check("T | where F == 'a' | summarize count() by G | where G != 'x'", "exact columns multiplicity");
    // No event tells a count that groups are made of.
    check("T | where F == 'a' | summarize c = count() by G | summarize d = count() by c", "unsupported FID0010");
}

#[test]
fn filters_on_keys_move_into_the_events() {
    let emission =
        Rule::new("T | where F == 'a' | summarize c = count() by H = G | where H startswith 'b' and c > 0")
            .hourly()
            .emit("eql", "integration");
    let text = emission.artifact.expect("carried").text;
    assert!(text.contains("G : \"b*\""), "{text}");
}

#[test]
fn triggers_are_thresholds_on_rows() {
    use TriggerOperator::{Equal, GreaterThan, LessThan, NotEqual};
    for (operator, threshold, expected) in [
        (GreaterThan, 0, "exact columns"),
        (NotEqual, 0, "exact columns"),
        (GreaterThan, 5, "broader columns FID0011"),
        (Equal, 5, "broader columns FID0011"),
        // These also fire where the query finds nothing.
        (Equal, 0, "unsupported FID0011"),
        (LessThan, 5, "unsupported FID0011"),
        (NotEqual, 5, "unsupported FID0011"),
    ] {
        let emission = Rule::new("T | where F == 'a'").triggered(operator, threshold).emit("eql", "integration");
        assert_eq!(summary(&emission), expected, "{operator:?} {threshold}");
    }
}

#[test]
fn look_backs_are_assumed() {
    #[track_caller]
    fn check(rule: Rule, expected: &str) {
        let emission = rule.emit("eql", "integration");
        let windows: Vec<&str> = emission
            .findings
            .assumptions
            .iter()
            .filter(|assumption| assumption.kind.word() == "window")
            .map(|assumption| assumption.text.as_str())
            .collect();
        assert_eq!(windows.join("; "), expected);
    }
    check(Rule::new("T | where F == 'a'"), "");
    check(
        Rule::new("T | where F == 'a' and TimeGenerated > ago(5d)"),
        "the artifact runs over `T` with a look-back of 5d",
    );
    // The schedule clips the query's own time filter.
    check(
        Rule::new("T | where F == 'a' and TimeGenerated > ago(5d)").hourly(),
        "the artifact runs over `T` with a look-back of 1h",
    );
    check(
        Rule::new("T | where F == 'a' and TimeGenerated between (ago(7d) .. ago(1d))"),
        "the artifact runs over `T` with a look-back of 7d that ends 1d ago",
    );
}

#[test]
fn constants_have_one_plain_form() {
    for (value, expected) in [
        (Value::String("a\"b".to_owned()), Some("a\"b")),
        (Value::Long(-5), Some("-5")),
        (Value::Real(1.5), Some("1.5")),
        (Value::Real(f64::NAN), None),
        (Value::Bool(true), Some("true")),
        // 2007-07-30, in ticks.
        (Value::DateTime(633_213_504_000_000_000), Some("2007-07-30T00:00:00Z")),
        (Value::DateTime(633_213_504_000_000_001), Some("2007-07-30T00:00:00.0000001Z")),
        (Value::DateTime(i64::MIN), None),
        (Value::TimeSpan(1), None),
        (Value::Null(Type::Int), None),
        (Value::Dynamic(Dynamic::Array(Vec::new())), None),
    ] {
        assert_eq!(plain(&value).as_deref(), expected, "{value:?}");
    }
}
