//! What a code means. What the program says about its example is found out by running it.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use clap::Parser;

use super::super::args::{Arguments, Command};
use super::super::{settings, show};
use crate::bundle::{self, Input, Language, Selection};
use crate::crosswalk::Crosswalk;
use crate::diagnostic::{Code, Example, Explanation, render};

/// The explanation of a code, for a terminal.
pub(super) fn text(code: Code) -> Result<String> {
    let Explanation { cause, example, cure } = code.explanation();
    let (name, title) = (code.name(), code.title());
    let mut text = format!("\x1b[1m{name}: {title}\x1b[0m\n\n{cause}\n\n");
    for line in example.text.lines() {
        writeln!(text, "    {line}")?;
    }
    if let Some(said) = said(code, &example, true)? {
        write!(text, "\n{said}")?;
    }
    writeln!(text, "\n{cure}")?;
    Ok(text)
}

/// The explanations of all codes below a table of them, as Markdown.
pub(in super::super) fn reference(table: &str) -> Result<String> {
    let mut text = String::from("# Codes\n\n<!-- Written by `siemaphore list codes --format markdown`. -->\n\n");
    text.push_str("`siemaphore explain CODE` shows the part about one code.\n\n");
    text.push_str(table);
    for code in Code::ALL {
        let Explanation { cause, example, cure } = code.explanation();
        let (name, title) = (code.name(), code.title());
        write!(text, "\n## {name}: {title}\n\n{cause}\n\n```{}\n{}```\n\n", example.language, example.text)?;
        if let Some(said) = said(*code, &example, false)? {
            write!(text, "```console\n{said}```\n\n")?;
        }
        writeln!(text, "{cure}")?;
    }
    Ok(text)
}

/// The command on the example, and what the program says with this code: the first of it, and the verdict.
fn said(code: Code, example: &Example, color: bool) -> Result<Option<String>> {
    if !example.is_runnable() {
        return Ok(None);
    }
    let file = format!("example.{}", example.language);
    let mut words = vec!["siemaphore"];
    words.extend(example.command.split(' '));
    words.insert(2, &file);
    let language = match example.language {
        "kql" => Language::Kql,
        "json" => Language::Arm,
        _ => Language::Yaml,
    };
    let bytes = example.text.as_bytes().to_vec();
    let input = Input { label: file.clone(), relative: file.clone(), language, bytes };
    let mut diagnostics = Vec::new();
    let mut verdicts = String::new();
    let compiled = match Arguments::try_parse_from(&words)?.command {
        Command::Convert(arguments) => {
            let targets = std::slice::from_ref(&arguments.target);
            let settings = settings::settings(targets, &arguments.carrying, Selection::default())?;
            bundle::compile(&input, &settings)?
        }
        _ => {
            let understood = bundle::understand(&input, &Crosswalk::builtin(), &Selection::default());
            understood.into_iter().map(|one| one.compiled).collect()
        }
    };
    for compiled in &compiled {
        diagnostics.extend(compiled.diagnostics.iter().map(|diagnostic| (diagnostic.clone(), &compiled.source)));
        for artifact in compiled.rule().into_iter().flat_map(|rule| &rule.artifacts) {
            let notes = artifact.emission.findings.notes.iter();
            diagnostics.extend(notes.map(|note| (show::as_diagnostic(note), &compiled.source)));
            writeln!(verdicts, "{}", show::verdict(artifact))?;
        }
    }
    let (diagnostic, source) =
        diagnostics.iter().find(|(one, _)| one.code == code).context("a test runs every example")?;
    let drawn = render::full(diagnostic, source, color);
    Ok(Some(format!("$ {}\n{drawn}\n{verdicts}", words.join(" "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_provokes_its_code() {
        let missing: Vec<&str> = Code::ALL
            .iter()
            .filter(|code| said(**code, &code.explanation().example, false).is_err())
            .map(|code| code.name())
            .collect();
        assert_eq!(missing, [""; 0]);
    }

    #[test]
    fn only_what_no_rule_alone_provokes_is_not_run() {
        let shown: Vec<&str> = Code::ALL
            .iter()
            .filter(|code| !code.explanation().example.is_runnable())
            .map(|code| code.name())
            .collect();
        // Bytes that a text cannot show; cases beside a rule; options of the command line.
        let mut expected = vec!["YML0002", "YML0201", "YML0202", "YML0203", "MAP0006"];
        // What nothing says yet; what `eval` says.
        expected.extend(["FID0020", "FID0022"]);
        // Paths and folders; a bug.
        expected.extend(["BLD0001", "BLD0002", "BLD0003", "BLD0004", "BLD0005", "INT0001"]);
        assert_eq!(shown, expected);
    }
}
