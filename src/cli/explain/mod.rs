//! `explain`: what a diagnostic code means.

use anyhow::{Result, bail};

use super::args::Explain;
use super::{Status, answer_styled};
use crate::diagnostic::Code;
use crate::rule;

mod code;

pub(super) use code::reference;

/// Runs the command.
pub(super) fn run(arguments: &Explain) -> Result<Status> {
    let Some(code) = Code::from_name(&arguments.subject) else {
        let names: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
        let nearest = rule::nearest(&arguments.subject, &names).map(|name| format!("; did you mean `{name}`?"));
        let nearest = nearest.unwrap_or_else(|| "; `siemaphore list codes` shows all".to_owned());
        bail!("there is no code `{}`{nearest}", arguments.subject);
    };
    answer_styled(&code::text(code)?)?;
    Ok(Status::Done)
}
