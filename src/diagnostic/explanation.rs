//! What each code means: cause, example and cure, written as Markdown in one file for each family.
//!
//! A section has the code as its heading, paragraphs on the cause, one fenced example, and paragraphs on the cure. Behind
//! the example's language stands the command that provokes the code with it, without the example's path; no command
//! stands for `check`, and examples in `text` and `console` only show.

use super::{Code, Family};

/// What a code means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Explanation {
    /// How it comes about.
    pub cause: &'static str,
    /// Something that provokes it.
    pub example: Example,
    /// What to do.
    pub cure: &'static str,
}

/// Something that provokes a code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Example {
    /// `kql`, `yaml` or `json` where it can be run, else `text` or `console`.
    pub language: &'static str,
    /// The command that provokes the code with it: `check`, or `convert --target T` with its options.
    pub command: &'static str,
    /// The text, with a line break at its end.
    pub text: &'static str,
}

impl Example {
    /// Whether the program can be run on it.
    pub fn is_runnable(&self) -> bool {
        !matches!(self.language, "text" | "console")
    }
}

impl Code {
    /// What it means.
    pub fn explanation(self) -> Explanation {
        section(self.family().explanations(), self.name()).expect("a test reads the explanation of every code")
    }
}

impl Family {
    /// The explanations of its codes, as they are written.
    fn explanations(self) -> &'static str {
        match self {
            Family::Yml => include_str!("explanation/yml.md"),
            Family::Kql => include_str!("explanation/kql.md"),
            Family::Sem => include_str!("explanation/sem.md"),
            Family::Map => include_str!("explanation/map.md"),
            Family::Fid => include_str!("explanation/fid.md"),
            Family::Bld => include_str!("explanation/bld.md"),
            Family::Cfg => include_str!("explanation/cfg.md"),
            Family::Int => include_str!("explanation/int.md"),
        }
    }
}

fn section(text: &'static str, code: &str) -> Option<Explanation> {
    let section = text.split("## ").find_map(|section| section.strip_prefix(code)?.strip_prefix('\n'))?;
    let (cause, rest) = section.split_once("```")?;
    let (info, rest) = rest.split_once('\n')?;
    let (text, cure) = rest.split_once("```\n")?;
    let (language, command) = info.split_once(' ').unwrap_or((info, "check"));
    Some(Explanation { cause: cause.trim(), example: Example { language, command, text }, cure: cure.trim() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_in_its_place() {
        let headings = |family: Family| {
            family.explanations().lines().filter_map(|line| line.strip_prefix("## ")).collect::<Vec<_>>()
        };
        for code in Code::ALL {
            let Explanation { cause, example, cure } = code.explanation();
            assert!(cause.ends_with('.') && cure.ends_with('.'), "{}", code.name());
            assert!(!example.text.is_empty(), "{}", code.name());
            let family: Vec<&str> =
                Code::ALL.iter().filter(|other| other.family() == code.family()).map(|other| other.name()).collect();
            assert_eq!(headings(code.family()), family);
        }
    }
}
