//! What is left in place of a result where the input is unusable.

use super::{
    args::{self, Cli, Command, MatrixFormat},
    exit::Failure,
    output,
};
use crate::diag::{Diagnostic, SourceMap, code};
use crate::report::{self, DiagnosticReport, Format, UnusableReport};

/// Leaves a report of unusable input where the result would have been, so that nobody reads an old one or none.
pub(super) fn leave(cli: &Cli, problems: &[DiagnosticReport]) -> Result<(), Failure> {
    reported(&cli.command).map_or(Ok(()), |of| write(cli, of, problems))
}

/// The same for a mistake on the command line, which comes before any result.
pub(super) fn refuse(cli: &Cli, mistake: &str) -> Result<(), Failure> {
    let evaluating = match &cli.command {
        Command::Check(args) => Some(("check", args.format)),
        Command::Lint(args) => Some(("lint", args.format)),
        _ => None,
    };
    let problem = DiagnosticReport::new(&SourceMap::default(), &Diagnostic::error(code::USAGE, None, mistake));
    evaluating.or_else(|| reported(&cli.command)).map_or(Ok(()), |of| write(cli, of, &[problem]))
}

fn write(cli: &Cli, (command, format): (&'static str, Format), problems: &[DiagnosticReport]) -> Result<(), Failure> {
    // Without a file to write, people have read it on standard error.
    if format == Format::Text && cli.global.output.is_none() {
        return Ok(());
    }
    let report = UnusableReport { of: command, diagnostics: problems.to_vec() };
    output::write(&cli.global, &report::render(&report, format, output::style(&cli.global)))
}

/// The name and form of the report that stands for the result where the input is unusable. `check` and `lint` report
/// that beside what they could evaluate; pictures, pages and tables for scripts have no place for it.
fn reported(command: &Command) -> Option<(&'static str, Format)> {
    let plain = |format| match format {
        args::Format::Text => Format::Text,
        args::Format::Json => Format::Json,
    };
    match command {
        Command::Trace(args) => Some(("trace", plain(args.format))),
        Command::Resolve(args) => Some(("resolve", plain(args.format))),
        Command::Routes(args) => Some(("routes", plain(args.format))),
        Command::Rules(args) => Some(("rules", plain(args.format))),
        Command::Diff(args) => Some(("diff", args.format)),
        Command::Fix(args) => Some(("fix", args.format)),
        Command::Impact(args) => Some(("impact", args.format)),
        Command::Matrix(args) => match args.format {
            MatrixFormat::Text => Some(("matrix", Format::Text)),
            MatrixFormat::Json => Some(("matrix", Format::Json)),
            MatrixFormat::Markdown => Some(("matrix", Format::Markdown)),
            MatrixFormat::Csv | MatrixFormat::Html => None,
        },
        _ => None,
    }
}
