//! `list`: what is covered, from the code's own tables.

use anyhow::{Result, bail};
use serde_json::{Map, Value};

use super::args::{List, ListFormat, Listing};
use super::{Status, answer, answer_json, explain, probe, settings};
use crate::backend;
use crate::crosswalk::{Crosswalk, Vocabulary};
use crate::diagnostic::Code;

/// Rows under named columns.
struct Sheet {
    /// What the rows are, as a JSON key.
    name: &'static str,
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// Runs the command.
pub(super) fn run(arguments: &List) -> Result<Status> {
    let crosswalk = settings::crosswalk(&arguments.crosswalk)?;
    let sheet = match &arguments.what {
        Listing::Targets => targets(),
        Listing::Profiles => profiles(),
        Listing::Tables => tables(&crosswalk),
        Listing::Columns { table } => columns(&crosswalk, table)?,
        Listing::Operators => probed("operators", &probe::operators())?,
        Listing::Functions => probed("functions", &probe::functions())?,
        Listing::Codes => codes(),
    };
    match arguments.format {
        // A code needs more than a line of a table.
        ListFormat::Markdown if arguments.what == Listing::Codes => {
            answer(&explain::reference(&as_markdown(&sheet))?)?;
        }
        ListFormat::Table => answer(&as_table(&sheet))?,
        ListFormat::Json => answer_json(&as_json(&sheet))?,
        ListFormat::Markdown => answer(&as_markdown(&sheet))?,
    }
    Ok(Status::Done)
}

fn targets() -> Sheet {
    let row = |backend: &&dyn backend::Backend| {
        let target = backend.target();
        let profiles: Vec<&str> = target.profiles.iter().map(|profile| profile.name).collect();
        vec![target.name.to_owned(), target.title.to_owned(), target.extension.to_owned(), profiles.join(", ")]
    };
    let columns = vec!["target", "title", "extension", "profiles"];
    Sheet { name: "targets", columns, rows: backend::ALL.iter().map(row).collect() }
}

fn profiles() -> Sheet {
    let rows = backend::ALL.iter().flat_map(|backend| {
        let target = backend.target();
        target.profiles.iter().enumerate().map(|(index, profile)| {
            let is_default = if index == 0 { "yes" } else { "no" };
            [target.name, profile.name, is_default, profile.about].map(str::to_owned).to_vec()
        })
    });
    Sheet { name: "profiles", columns: vec!["target", "profile", "default", "about"], rows: rows.collect() }
}

fn tables(crosswalk: &Crosswalk) -> Sheet {
    let row = |table: &crate::crosswalk::Table| {
        let mut row = vec![table.name.clone(), table.columns.len().to_string()];
        row.extend(Vocabulary::ALL.iter().map(|vocabulary| {
            let count = table.columns.keys().filter(|column| table.field(*vocabulary, column, &[]).is_some()).count();
            if table.source(*vocabulary).is_some() { count.to_string() } else { "-".to_owned() }
        }));
        row.push(table.about.clone());
        row
    };
    let mut columns = vec!["table", "columns"];
    columns.extend(Vocabulary::ALL.iter().map(|vocabulary| vocabulary.word()));
    columns.push("about");
    Sheet { name: "tables", columns, rows: crosswalk.tables().map(row).collect() }
}

fn columns(crosswalk: &Crosswalk, name: &str) -> Result<Sheet> {
    let Some(table) = crosswalk.table(name) else {
        bail!("the crosswalk knows no table `{name}`; `siemaphore list tables` shows those it knows");
    };
    let row = |(name, column): (&String, &crate::crosswalk::Column)| {
        let mut row = vec![name.clone(), column.ty.name().to_owned()];
        row.extend(Vocabulary::ALL.iter().map(|vocabulary| {
            let field = table.field(*vocabulary, name, &[]);
            field.map_or_else(|| "-".to_owned(), |field| field.name.clone())
        }));
        row
    };
    let mut columns = vec!["column", "type"];
    columns.extend(Vocabulary::ALL.iter().map(|vocabulary| vocabulary.word()));
    Ok(Sheet { name: "columns", columns, rows: table.columns.iter().map(row).collect() })
}

/// What becomes of each word of the language, as its probes show.
fn probed(name: &'static str, subjects: &[probe::Subject]) -> Result<Sheet> {
    let row = |(subject, found): (&probe::Subject, probe::Outcome)| {
        let mut row = vec![subject.name.to_owned(), subject.kind.to_owned()];
        let steps = [found.is_parsed, found.is_lowered, found.is_evaluated];
        row.extend(steps.map(|is| if is { "yes" } else { "no" }.to_owned()));
        row.extend(found.verdicts.iter().map(|(verdict, output)| {
            let besides: Vec<&str> = output.iter().map(|output| output.word()).collect();
            if besides.is_empty() {
                verdict.word().to_owned()
            } else {
                format!("{} ({})", verdict.word(), besides.join(", "))
            }
        }));
        row
    };
    let rows = subjects.iter().zip(probe::run(subjects)?).map(row).collect();
    let mut columns = vec!["name", "kind", "parsed", "lowered", "evaluated"];
    columns.extend(backend::ALL.iter().map(|backend| backend.target().name));
    Ok(Sheet { name, columns, rows })
}

fn codes() -> Sheet {
    let row = |code: &Code| vec![code.name().to_owned(), code.title().to_owned()];
    Sheet { name: "codes", columns: vec!["code", "title"], rows: Code::ALL.iter().map(row).collect() }
}

fn as_table(sheet: &Sheet) -> String {
    let mut widths: Vec<usize> = sheet.columns.iter().map(|column| column.chars().count()).collect();
    for row in &sheet.rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for (cell, width) in cells.zip(&widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        format!("{}\n", line.trim_end())
    };
    let mut table = line(&mut sheet.columns.iter().copied());
    for row in &sheet.rows {
        table.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    table
}

fn as_markdown(sheet: &Sheet) -> String {
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>().join(" | "))
    };
    let mut table = line(&mut sheet.columns.iter().copied());
    table.push_str(&format!("|{}\n", "---|".repeat(sheet.columns.len())));
    for row in &sheet.rows {
        table.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    table
}

/// Every cell is a text, but for "-", which is null.
fn as_json(sheet: &Sheet) -> Value {
    let rows = sheet.rows.iter().map(|row| {
        let cell = |text: &String| if text == "-" { Value::Null } else { Value::from(text.as_str()) };
        Value::Object(
            sheet.columns.iter().zip(row).map(|(column, text)| ((*column).to_owned(), cell(text))).collect(),
        )
    });
    let mut answer = Map::new();
    answer.insert("format".to_owned(), Value::from(1));
    answer.insert(sheet.name.to_owned(), rows.collect());
    Value::Object(answer)
}
