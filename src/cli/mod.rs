//! The command line: arguments, one file per command, exit codes.

mod args;
mod check;
mod diff;
mod dns_serve;
mod exit;
mod explain;
mod fix;
mod generate;
mod graph;
mod impact;
mod import;
mod input;
mod lint;
mod manual;
mod matrix;
mod output;
mod progress;
mod resolve;
mod tables;
mod trace;
mod unusable;

pub use exit::Exit;

use args::{Cli, Command};
use clap::{CommandFactory, Parser};
use exit::Failure;

/// Runs the command line and gives the exit code.
#[must_use]
pub fn run() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Unusable } else { Exit::Holds };
        }
    };
    if let Some(output) = &cli.global.output {
        let arguments: Vec<String> = std::env::args_os().skip(1).map(|a| a.to_string_lossy().into_owned()).collect();
        if output::is_input(output, &arguments) {
            let text = format!("{} is an input; write the result to another file", output.display());
            let _ = std::io::Write::write_all(&mut anstream::stderr(), input::mistake(&text).to_string().as_bytes());
            return Exit::Unusable;
        }
    }
    let result = match &cli.command {
        Command::Check(args) => check::run(args, &cli.global),
        Command::Trace(args) => trace::run(args, &cli.global),
        Command::Resolve(args) => resolve::run(args, &cli.global),
        Command::DnsServe(args) => dns_serve::run(args, &cli.global),
        Command::Routes(args) => tables::routes(args, &cli.global),
        Command::Rules(args) => tables::rules(args, &cli.global),
        Command::Lint(args) => lint::run(args, &cli.global),
        Command::Impact(args) => impact::run(args, &cli.global),
        Command::Fix(args) => fix::run(args, &cli.global),
        Command::Diff(args) => diff::run(args, &cli.global),
        Command::Matrix(args) => matrix::run(args, &cli.global),
        Command::Graph(args) => graph::run(args, &cli.global),
        Command::Import(args) => import::run(args, &cli.global),
        Command::Explain(args) => explain::run(args, &cli.global),
        Command::Completions { shell } => manual::completions(*shell, &cli.global),
        Command::Man { command } => manual::page(command, &cli.global),
        Command::Generate(args) => generate::run(args, &cli.global),
        Command::Schema(args) => {
            let schema = match args.of {
                args::Described::Scenario => crate::scenario::json_schema(),
                args::Described::Output => crate::report::json_schema(),
            };
            output::write(&cli.global, &format!("{schema:#}\n")).map(|()| Exit::Holds)
        }
    };
    result.unwrap_or_else(|failure| {
        use std::io::Write;
        let failure = match &failure {
            Failure::Problems(_, problems) => unusable::leave(&cli, problems).err().unwrap_or(failure),
            Failure::Input(message) => unusable::refuse(&cli, message).err().unwrap_or(failure),
            _ => failure,
        };
        let exit = failure.exit();
        if exit != Exit::Holds {
            let _ = write!(anstream::stderr(), "{failure}");
        }
        exit
    })
}

/// The help text of a command, for the documents' test.
#[must_use]
pub fn help() -> String {
    Cli::command().render_long_help().to_string()
}

/// Whether a command line can be understood, for the documents' test.
///
/// # Errors
/// What is wrong with it.
pub fn understand(words: &[&str]) -> Result<(), String> {
    match Cli::try_parse_from(words) {
        Ok(_) => Ok(()),
        Err(error) if !error.use_stderr() => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}
