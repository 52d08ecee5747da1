//! Arguments.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Simulates and proves network reachability in Azure private networking, before anything is deployed.
///
/// Exit codes: 0 everything asked holds; 1 an expectation failed; 2 the input or the command line is unusable;
/// 3 something asserted came out unknown; 70 internal error.
#[derive(Debug, Parser)]
#[command(name = "privreach", version, max_term_width = 100)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) global: Global,
}

#[derive(Debug, Args)]
pub(super) struct Global {
    /// Write the result to a file.
    #[arg(long, short, global = true, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Colour the text.
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto)]
    pub(super) color: Colour,
    /// Say less.
    #[arg(long, short, global = true)]
    pub(super) quiet: bool,
    /// Say more: every step's rules, inner journeys, expectations that hold.
    #[arg(long, short, global = true, conflicts_with = "quiet")]
    pub(super) verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Colour {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// For programs, versioned.
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Picture {
    /// Graphviz source.
    Dot,
    /// A picture; needs Graphviz's `dot` on the path.
    Svg,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Evaluate the expectations of every scenario under the paths.
    Check(Check),
    /// Explain one flow: name, path, filters, service, way back, all blockers, what to change.
    Trace(Trace),
    /// Explain what a name answers from a client's point of view.
    Resolve(Resolve),
    /// Print the effective routes of a subnet or interface, in the columns of Azure's own tools.
    Routes(Table),
    /// Print the effective security rules of an interface or subnet.
    Rules(Table),
    /// Draw the estate.
    Graph(Graph),
    /// Explain a verdict, path, reason or diagnostic code; without one, list them all.
    Explain(Explain),
    /// Print the JSON Schema of scenario files.
    Schema,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Scenario files or directories; `-` reads standard input.
    #[arg(default_value = "scenarios", value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct Trace {
    /// Scenario file; `-` reads standard input.
    pub(super) file: PathBuf,
    /// Client: a machine, host, compute, `endpoint/deployment`, identity, gateway or internet client.
    #[arg(long, value_name = "NAME")]
    pub(super) from: String,
    /// Target: a resource name, domain name, URL or address, optionally with `:port`.
    #[arg(long, value_name = "TARGET")]
    pub(super) to: String,
    /// Transport.
    #[arg(long, default_value = "tcp", value_parser = clap::value_parser!(crate::net::Transport))]
    pub(super) protocol: crate::net::Transport,
    /// Use a variant of the scenario.
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Option<String>,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct Resolve {
    /// Scenario file; `-` reads standard input.
    pub(super) file: PathBuf,
    /// Client whose point of view is taken.
    #[arg(long, value_name = "NAME")]
    pub(super) from: String,
    /// Domain name.
    pub(super) name: String,
    /// Use a variant of the scenario.
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Option<String>,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct Table {
    /// Scenario file; `-` reads standard input.
    pub(super) file: PathBuf,
    /// A subnet as `vnet/subnet`, a hub's route table as `hub/table`, or the name of something with an address.
    #[arg(long, value_name = "PLACE")]
    pub(super) at: String,
    /// Use a variant of the scenario.
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Option<String>,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct Graph {
    /// Scenario file; `-` reads standard input.
    pub(super) file: PathBuf,
    /// Draw the path of a flow on top.
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"])]
    pub(super) trace: Option<Vec<String>>,
    /// Use a variant of the scenario.
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Option<String>,
    /// Form of the picture.
    #[arg(long, value_enum, default_value_t = Picture::Dot)]
    pub(super) format: Picture,
}

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A verdict, path, reason or diagnostic code, for example PNA.
    pub(super) code: Option<String>,
}
