//! The command line: global options and the list of subcommands. Each subcommand describes its own in its file.

use crate::{
    commands, exit,
    exit::Outcome,
    ui::{Color, Ui},
};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Checks, plans and runs systems written in Flow.
#[derive(Debug, Parser)]
#[command(name = "flowc", version, after_help = exit::TABLE, propagate_version = true, max_term_width = 100)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How a command that reports shows what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

/// Options of every subcommand.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The project: its folder, or a single .flow file [default: the nearest folder above with a flow.toml]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) project: Option<PathBuf>,
    /// The profile of flow.toml whose values are used
    #[arg(long, global = true, value_name = "NAME", env = "FLOW_PROFILE")]
    pub(crate) profile: Option<String>,
    /// Gives a `var` a value; may be repeated
    #[arg(long = "set", global = true, value_name = "NAME=VALUE", value_parser = assignment)]
    pub(crate) set: Vec<(String, String)>,
    /// The year whose calendar, and the next one's, promises are proved over [default: this year]
    #[arg(long, global = true, value_name = "YEAR", env = "FLOW_YEAR", value_parser = clap::value_parser!(i16).range(1970..9000))]
    pub(crate) year: Option<i16>,
    /// The service that `start`, `status` and `cancel` ask, such as http://host:4650; its token is in FLOW_TOKEN
    #[arg(long, global = true, value_name = "URL", env = "FLOW_SERVER")]
    pub(crate) server: Option<String>,
    /// What is taken to be so, by commands that only look: see [`Supposed`].
    #[arg(skip)]
    pub(crate) assume: Vec<String>,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
    /// Only data and failures
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Details too
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
}

/// The option of commands that answer what if.
#[derive(Clone, Debug, Args)]
pub(crate) struct Supposed {
    /// Answers as if this were so: 'orders late 2h', 'aggregate takes 3x', 'writer down 1h'; may be repeated
    #[arg(long, value_name = "WHAT")]
    assume: Vec<String>,
}

impl Supposed {
    /// The global options under what is assumed.
    pub(crate) fn with(&self, global: &Global) -> Global {
        Global { assume: self.assume.clone(), ..global.clone() }
    }
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    New(commands::new::New),
    Check(commands::check::Check),
    Fmt(commands::fmt::Fmt),
    Plan(commands::plan::Plan),
    Bounds(commands::bounds::Bounds),
    Forecast(commands::forecast::Forecast),
    Impact(commands::impact::Impact),
    WhatIf(commands::impact::WhatIf),
    Audit(commands::audit::Audit),
    Run(commands::run::Run),
    Serve(commands::serve::Serve),
    Start(commands::start::Start),
    Status(commands::status::Status),
    Resume(commands::resume::Resume),
    Resolve(commands::resolve::Resolve),
    Cancel(commands::cancel::Cancel),
    Retry(commands::retry::Retry),
    Test(commands::test::Test),
    Repl(commands::repl::Repl),
    Graph(commands::graph::Graph),
    Diff(commands::diff::Diff),
    History(commands::history::History),
    Show(commands::show::Show),
    Logs(commands::logs::Logs),
    Why(commands::why::Why),
    Approvals(commands::approvals::Approvals),
    Approve(commands::approve::Approve),
    Reject(commands::approve::Reject),
    Cost(commands::cost::Cost),
    Gc(commands::gc::Gc),
    Export(commands::export::Export),
    Explain(commands::explain::Explain),
    Lsp(commands::lsp::Lsp),
    Completions(commands::completions::Completions),
    Man(commands::man::Man),
}

impl Command {
    /// Does what was asked.
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        match self {
            Self::New(command) => command.run(ui),
            Self::Check(command) => command.run(global, ui),
            Self::Fmt(command) => command.run(global, ui),
            Self::Plan(command) => command.run(global, ui),
            Self::Bounds(command) => command.run(global, ui),
            Self::Forecast(command) => command.run(global, ui),
            Self::Impact(command) => command.run(global, ui),
            Self::WhatIf(command) => command.run(global, ui),
            Self::Audit(command) => command.run(global, ui),
            Self::Run(command) => command.run(global, ui),
            Self::Serve(command) => command.run(global, ui),
            Self::Start(command) => command.run(global, ui),
            Self::Status(command) => command.run(global, ui),
            Self::Resume(command) => command.run(global, ui),
            Self::Resolve(command) => command.run(global, ui),
            Self::Cancel(command) => command.run(global, ui),
            Self::Retry(command) => command.run(global, ui),
            Self::Test(command) => command.run(global, ui),
            Self::Repl(command) => command.run(global, ui),
            Self::Graph(command) => command.run(global, ui),
            Self::Diff(command) => command.run(global, ui),
            Self::History(command) => command.run(global, ui),
            Self::Show(command) => command.run(global, ui),
            Self::Logs(command) => command.run(global, ui),
            Self::Why(command) => command.run(global, ui),
            Self::Approvals(command) => command.run(global, ui),
            Self::Approve(command) => command.run(global, ui),
            Self::Reject(command) => command.run(global, ui),
            Self::Cost(command) => command.run(global, ui),
            Self::Gc(command) => command.run(global, ui),
            Self::Export(command) => command.run(global, ui),
            Self::Explain(command) => command.run(global, ui),
            Self::Lsp(command) => command.run(global),
            Self::Completions(command) => command.run(ui),
            Self::Man(command) => command.run(ui),
        }
    }
}

/// `name=value`, as `--set` and parameters of flows are given.
pub(crate) fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().into(), value.into())),
        _ => Err("expected NAME=VALUE".into()),
    }
}
