//! The command line's words.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::backend;
use crate::fidelity::{Match, Verdict};
use crate::witness;

/// Compiles Microsoft Sentinel rules into Sigma, Splunk SPL, Elastic EQL, Elastic ES|QL and Sentinel ARM JSON.
///
/// Says of every artifact whether it matches the same events as its rule, more, fewer or both.
#[derive(Parser, Debug)]
#[command(name = "siemaphore", version, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Args, Debug)]
pub(super) struct Global {
    /// Say errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Compile rules to every target, with a manifest and a report
    Build(Build),
    /// Compile one rule to one target, on standard output
    Convert(Convert),
    /// Say what is wrong with rules; write nothing
    Check(Check),
    /// Say what a code means, or how each part of a rule is carried
    Explain(Explain),
    /// Run a rule over events, by KQL's own semantics
    Eval(Eval),
    /// Make events that fire a rule, and near misses that differ in one thing
    Witness(Witness),
    /// Run the cases that rules carry
    Test(Test),
    /// Show what is covered
    List(List),
}

#[derive(Args, Debug)]
pub(super) struct Build {
    /// Rule files, folders of them, or `-`
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Folder for the bundle; all that is in it is ours
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Targets [default: all]
    #[arg(long, value_name = "TARGET,…", value_delimiter = ',', value_parser = target_names())]
    pub target: Vec<String>,
    #[command(flatten)]
    pub carrying: Carrying,
    /// Only these rules: id:…, tag:…, tactic:…, severity:… or path:GLOB
    ///
    /// May be given several times. Of each kind that is given, one has to hold.
    #[arg(long, value_name = "KIND:VALUE")]
    pub select: Vec<String>,
    /// Fail if an artifact's verdict is not at least this
    #[arg(long, value_name = "VERDICT")]
    pub min_fidelity: Option<Gate>,
    /// Add events that fire each rule and near misses, as `witness` makes them, under `witness/`
    #[arg(long)]
    pub witness: bool,
    /// Write nothing; fail and show the difference if DIR is not what would be written
    #[arg(long)]
    pub check: bool,
    /// Replace DIR even if it is not one of ours
    #[arg(long)]
    pub force: bool,
    /// Rules compiled at a time [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Say what is carried, what stands in the way, and what to onboard; in JSON under `summary`
    #[arg(long)]
    pub summary: bool,
    /// What bare input is
    #[arg(long, value_name = "LANGUAGE")]
    pub input: Option<InputFormat>,
    /// Form of the answer; JSON is the manifest
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

#[derive(Args, Debug)]
pub(super) struct Convert {
    /// Rule file, or `-`
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// Target
    #[arg(long, value_parser = target_names())]
    pub target: String,
    #[command(flatten)]
    pub carrying: Carrying,
    /// What the input is
    #[arg(long, value_name = "LANGUAGE")]
    pub input: Option<InputFormat>,
    /// Fail if the verdict is not at least this
    #[arg(long, value_name = "VERDICT")]
    pub min_fidelity: Option<Gate>,
    /// Form of the answer
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

/// How rules are carried.
#[derive(Args, Debug)]
pub(super) struct Carrying {
    /// Profile of a target
    #[arg(long, value_name = "TARGET=NAME")]
    pub profile: Vec<String>,
    /// Keep KQL names that the crosswalk does not know, instead of refusing
    #[arg(long)]
    pub native_names: bool,
    /// Crosswalk file with more tables, columns and fields
    #[arg(long, value_name = "FILE")]
    pub crosswalk: Vec<PathBuf>,
    /// One more field: Table.Column=TARGET:field
    #[arg(long, value_name = "MAPPING")]
    pub map: Vec<String>,
    /// Index that Splunk searches name
    #[arg(long, value_name = "NAME")]
    pub index: Option<String>,
    /// Folder with templates to use in place of those built in
    #[arg(long, value_name = "DIR")]
    pub templates: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct Check {
    /// Rule files, folders of them, or `-`
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Form of what is said
    #[arg(long, value_name = "FORMAT", default_value = "full")]
    pub format: CheckFormat,
    /// File for what is said [default: standard output for machines, standard error for people]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// What bare input is
    #[arg(long, value_name = "LANGUAGE")]
    pub input: Option<InputFormat>,
    /// Crosswalk file with more tables and columns
    #[arg(long, value_name = "FILE")]
    pub crosswalk: Vec<PathBuf>,
}

/// How `check` says what it has to say.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CheckFormat {
    /// With the lines it is about
    Full,
    /// One line each
    Concise,
    /// For programs
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

#[derive(Args, Debug)]
pub(super) struct Explain {
    /// Diagnostic code, in any letter case; or rule file, or `-`
    #[arg(value_name = "CODE|PATH")]
    pub subject: PathBuf,
    /// Targets [default: all]
    #[arg(long, value_name = "TARGET,…", value_delimiter = ',', value_parser = target_names())]
    pub target: Vec<String>,
    /// Show what the rule means, as JSON, instead
    #[arg(long)]
    pub ir: bool,
    #[command(flatten)]
    pub carrying: Carrying,
    /// What the input is
    #[arg(long, value_name = "LANGUAGE")]
    pub input: Option<InputFormat>,
}

#[derive(Args, Debug)]
pub(super) struct Eval {
    /// Rule file, or `-`
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// Events, one JSON object a line, `$table` in it naming its table; or `-`
    #[arg(long, value_name = "FILE")]
    pub events: PathBuf,
    /// Table of the events that name none
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
    /// Folder of watchlists (`ALIAS.csv` or `.json`) and of the files that `externaldata` reads, under their names
    #[arg(long, value_name = "DIR")]
    pub lists: Option<PathBuf>,
    /// Time of the run, as RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// What the input is
    #[arg(long, value_name = "LANGUAGE")]
    pub input: Option<InputFormat>,
    /// Crosswalk file with more tables and columns
    #[arg(long, value_name = "FILE")]
    pub crosswalk: Vec<PathBuf>,
    /// Form of the answer
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

#[derive(Args, Debug)]
pub(super) struct Witness {
    /// Rule file, or `-`
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// What the choices are made by: the same number gives the same events
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub seed: u64,
    /// At most so many sets of events, those that fire first
    #[arg(long, value_name = "COUNT", default_value_t = witness::MAX)]
    pub max: usize,
    /// Time of the run, as RFC 3339 [default: 2026-01-01T00:00:00Z]
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// What the input is
    #[arg(long, value_name = "LANGUAGE")]
    pub input: Option<InputFormat>,
    /// Crosswalk file with more tables and columns
    #[arg(long, value_name = "FILE")]
    pub crosswalk: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct Test {
    /// Rule files, folders of them, or files of cases (`RULE.tests.yaml` beside the rule)
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Crosswalk file with more tables and columns
    #[arg(long, value_name = "FILE")]
    pub crosswalk: Vec<PathBuf>,
    /// Form of the answer
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

#[derive(Args, Debug)]
pub(super) struct List {
    #[command(subcommand)]
    pub what: Listing,
    /// Form of the answer
    #[arg(long, value_name = "FORMAT", default_value = "table", global = true)]
    pub format: ListFormat,
    /// Crosswalk file with more tables and columns
    #[arg(long, value_name = "FILE", global = true)]
    pub crosswalk: Vec<PathBuf>,
}

#[derive(Subcommand, Clone, PartialEq, Eq, Debug)]
pub(super) enum Listing {
    /// What rules are compiled to
    Targets,
    /// Vocabularies and styles of the targets
    Profiles,
    /// Tables that the crosswalk knows
    Tables,
    /// Columns of a table, and the fields that hold them
    Columns {
        /// The table
        table: String,
    },
    /// Operators, and what becomes of each
    Operators,
    /// Functions, and what becomes of each
    Functions,
    /// Diagnostic codes
    Codes,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ListFormat {
    Table,
    Json,
    Markdown,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    Text,
    Json,
}

/// What an input is, where its name does not say so.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum InputFormat {
    /// A rule
    Yaml,
    /// A bare query
    Kql,
    /// A deployment template
    Arm,
}

/// The least that a verdict has to be.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Gate {
    /// The same events
    Exact,
    /// The same or more
    Broader,
    /// The same or fewer
    Narrower,
    /// Any artifact at all
    Approximate,
}

impl Gate {
    /// Whether a verdict is at least this: the join of the two is no worse than the gate.
    pub fn admits(self, verdict: Verdict) -> bool {
        let gate = match self {
            Gate::Exact => Match::Exact,
            Gate::Broader => Match::Broader,
            Gate::Narrower => Match::Narrower,
            Gate::Approximate => Match::Approximate,
        };
        match verdict {
            Verdict::Carried(relation) => relation.join(gate) == gate,
            Verdict::Unsupported => false,
        }
    }
}

fn target_names() -> PossibleValuesParser {
    PossibleValuesParser::new(backend::ALL.iter().map(|backend| backend.target().name))
}
