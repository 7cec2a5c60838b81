//! The command line: arguments to files, standard output and an exit code.
//!
//! The only part that touches disk, clock, threads and terminal. Standard output carries the artifact or the
//! machine-readable answer; everything said to people goes to standard error.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

mod args;
mod build;
mod check;
mod convert;
mod eval;
mod explain;
mod guard;
mod input;
mod list;
mod output;
mod probe;
mod settings;
mod show;
mod summary;
mod test;
mod witness;

use args::{Arguments, Color, Command};
use show::Screen;

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Status {
    /// Nothing below the gate.
    Done,
    /// A broken rule, a verdict below the gate, a stale bundle.
    Findings,
    /// Usage, a missing path, a folder that cannot be written.
    Failed,
    /// A bug of ours.
    Internal,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(match status {
            Status::Done => 0,
            Status::Findings => 1,
            Status::Failed => 2,
            Status::Internal => 3,
        })
    }
}

/// Runs a command line, program name included.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are answers, all else is a mistake in usage; whoever closed the pipe has read enough.
            let _ = error.print();
            return if error.use_stderr() { Status::Failed.into() } else { Status::Done.into() };
        }
    };
    match arguments.global.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    let screen = Screen::new(arguments.global.quiet, arguments.global.verbose);
    let ended = guard::watch(|| execute(arguments.command, &screen));
    let status = match ended {
        Ok(Ok(status)) => status,
        Ok(Err(error)) if is_broken_pipe(&error) => Status::Done,
        Ok(Err(error)) => {
            screen.failure(&error);
            Status::Failed
        }
        Err(bug) => {
            screen.bug(&bug, None);
            Status::Internal
        }
    };
    status.into()
}

fn execute(command: Command, screen: &Screen) -> Result<Status> {
    match command {
        Command::Build(arguments) => build::run(&arguments, screen),
        Command::Convert(arguments) => convert::run(&arguments, screen),
        Command::Check(arguments) => check::run(&arguments, screen),
        Command::Explain(arguments) => explain::run(&arguments, screen),
        Command::Eval(arguments) => eval::run(&arguments, screen),
        Command::Witness(arguments) => witness::run(&arguments, screen),
        Command::Test(arguments) => test::run(&arguments, screen),
        Command::List(arguments) => list::run(&arguments),
    }
}

/// Writes an answer to standard output.
fn answer(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(())
}

/// Writes an answer for people to standard output, with its colours where they are wanted.
fn answer_styled(text: &str) -> Result<()> {
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(())
}

/// Writes a JSON answer to standard output.
fn answer_json(value: &impl serde::Serialize) -> Result<()> {
    answer(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe))
}
