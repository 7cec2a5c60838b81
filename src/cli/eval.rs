//! `eval`: a rule over events.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::args::{Eval, Format};
use super::show::Screen;
use super::{Status, answer, answer_json, input, settings};
use crate::bundle::{self, Outcome, Selection};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::eval::{self, Data, TABLE};

/// Ticks from KQL's first instant, the year 1, to the Unix epoch.
const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;

/// Runs the command.
pub(super) fn run(arguments: &Eval, screen: &Screen) -> Result<Status> {
    if arguments.path == Path::new("-") && arguments.events == Path::new("-") {
        bail!("rule and events cannot both be read from standard input");
    }
    let clock = clock(arguments.now.as_deref())?;
    let crosswalk = settings::crosswalk(&arguments.crosswalk)?;
    let input = input::read_one(&arguments.path, arguments.input)?;
    let understood = bundle::understand(&input, &crosswalk, &Selection::default());
    let understood = input::only_rule(understood, |one| &one.compiled.outcome, &input.label)?;
    screen.diagnostics(&understood.compiled);
    let Some(detection) = understood.detection else {
        if let Outcome::NotARule(reason) = understood.compiled.outcome {
            screen.error(&format!("`{}` is no rule: {reason}", input.label));
        }
        return Ok(Status::Findings);
    };
    let mut data = read_events(&arguments.events, arguments.table.as_deref())?;
    if let Some(folder) = &arguments.lists {
        data.lists = read_lists(folder)?;
    }
    match eval::run(&detection.query, &data, clock) {
        Ok(table) => {
            match arguments.format {
                Format::Text => answer(&eval::render::text(&table))?,
                Format::Json => {
                    let mut document = json!({ "format": 1 });
                    if let (Some(document), Value::Object(table)) =
                        (document.as_object_mut(), eval::render::json(&table))
                    {
                        document.extend(table);
                    }
                    answer_json(&document)?;
                }
            }
            Ok(Status::Done)
        }
        Err(refused) => {
            let place = Place::Query(refused.span);
            let diagnostic = Diagnostic::error(Code::NotInterpreted, place, refused.to_string());
            screen.diagnostic(&diagnostic, &understood.compiled.source);
            Ok(Status::Findings)
        }
    }
}

/// The time of the run, in ticks.
pub(super) fn clock(asked: Option<&str>) -> Result<i64> {
    let Some(asked) = asked else {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
        let ticks = i64::try_from(since.as_nanos() / 100).context("the clock is beyond KQL's last instant")?;
        return Ok(UNIX_EPOCH_TICKS + ticks);
    };
    let instant: jiff::Timestamp = asked.parse().with_context(|| format!("`--now {asked}` is no RFC 3339 time"))?;
    let ticks = i64::try_from(instant.as_nanosecond() / 100).context("`--now` is beyond KQL's last instant")?;
    Ok(UNIX_EPOCH_TICKS + ticks)
}

fn read_events(path: &Path, table: Option<&str>) -> Result<Data> {
    let reader: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(fs::File::open(path).with_context(|| format!("cannot read `{}`", path.display()))?)
    };
    let mut data = Data::default();
    for (index, line) in BufReader::new(reader).lines().enumerate() {
        let place = || format!("{}:{}", path.display(), index + 1);
        let line = line.with_context(|| format!("cannot read {}", place()))?;
        // Editors on Windows put a byte order mark in front.
        let line = line.trim_start_matches('\u{feff}').trim();
        if line.is_empty() {
            continue;
        }
        let event: Value = serde_json::from_str(line).with_context(|| format!("{}: not JSON", place()))?;
        let Value::Object(mut event) = event else { bail!("{}: not a JSON object", place()) };
        let table = match event.shift_remove(TABLE) {
            Some(Value::String(table)) => table,
            Some(_) => bail!("{}: `{TABLE}` is not a text", place()),
            None => match table {
                Some(table) => table.to_owned(),
                None => bail!("{}: no `{TABLE}` in the event and no `--table` for it", place()),
            },
        };
        data.tables.entry(table).or_default().push(event);
    }
    Ok(data)
}

/// The files of a folder as text, by name.
pub(super) fn read_lists(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut lists = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read `{}`", folder.display()))? {
        let path = entry.with_context(|| format!("cannot read `{}`", folder.display()))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
        if path.is_file() {
            let text = fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            lists.insert(name, String::from_utf8_lossy(&text).into_owned());
        }
    }
    Ok(lists)
}
