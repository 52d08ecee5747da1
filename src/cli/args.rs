//! Arguments.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Simulates and proves network reachability in Azure private networking, before anything is deployed.
///
/// Exit codes: 0 everything asked holds; 1 an expectation failed, or lint found something at the failing level; 2 the
/// input or the command line is unusable; 3 something asserted came out unknown; 70 internal error.
#[derive(Debug, Parser)]
#[command(name = "privreach", version, term_width = 80)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) global: Global,
}

#[derive(Debug, Clone, Args)]
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

/// Every format of reports, for commands whose findings CI systems read.
impl ValueEnum for crate::report::Format {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.as_str()).help(self.meaning()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Picture {
    /// Graphviz source.
    Dot,
    /// A picture, complete in itself.
    Svg,
    /// A Mermaid flow chart, for Markdown.
    Mermaid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Engine {
    /// privreach itself.
    Builtin,
    /// Graphviz's `dot`, which must be on the path.
    Graphviz,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Evaluate the expectations of every scenario under the paths.
    Check(Check),
    /// Explain one flow: name, path, filters, service, way back, all blockers up to where the way ends, what to
    /// change.
    Trace(Trace),
    /// Explain what a name answers from a client's point of view.
    Resolve(Resolve),
    /// Answer DNS queries as a client's resolver would in the model, on a loopback port, so that `dig` and applications
    /// can try the design.
    DnsServe(DnsServe),
    /// Print the effective routes of a subnet or interface, in the columns of Azure's own tools.
    Routes(Table),
    /// Print the effective security rules of an interface or subnet.
    Rules(Table),
    /// Look for mistakes in the design of every scenario under the paths.
    Lint(Lint),
    /// Compare two scenarios: which flows come out otherwise, which declared difference is why, and which findings are new.
    Diff(Diff),
    /// Propose the smallest sets of changes that make a flow private, or a file hold; each is applied and proved.
    Fix(Fix),
    /// Take each element away in turn: which flows are lost or exposed, ranked.
    Impact(Impact),
    /// Answer every client against every service, by groups that behave alike.
    Matrix(Matrix),
    /// Draw the estate.
    Graph(Graph),
    /// Turn a real design into a scenario: a Terraform plan, an ARM template or an export of a live estate.
    Import(Import),
    /// Explain a verdict, path, reason, diagnostic code, lint rule, rule of Azure or assumption; without one, list them
    /// all.
    Explain(Explain),
    /// Print the JSON Schema of scenario files, or of JSON output.
    Schema(Schema),
    /// Write a synthetic estate of a given size: the same numbers and seed give the same estate.
    Generate(Generate),
    /// Print the completions of a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page of privreach or of one of its commands, in the format of `man`.
    Man {
        /// A command, and one of its own commands; the overview without one.
        #[arg(value_name = "COMMAND")]
        command: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Scenario files or directories; `-` reads standard input.
    #[arg(default_value = "scenarios", value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Evaluate only the variants of this name.
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Option<String>,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = crate::report::Format::Text)]
    pub(super) format: crate::report::Format,
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
    /// Domain name; with `--live`, every private name that the design implies unless one is given.
    #[arg(required_unless_present_any = ["live", "server", "transport", "timeout"])]
    pub(super) name: Option<String>,
    /// Ask real servers and report where they answer otherwise than the design: exit code 1 with drift, 3 where that
    /// cannot be said, because a server is silent, out of reach, cuts its answers off or refuses everything.
    #[arg(long, requires = "server")]
    pub(super) live: bool,
    /// A server to ask, port 53 unless given; may be repeated.
    #[arg(long, value_name = "ADDR[:PORT]", requires = "live", value_parser = server)]
    pub(super) server: Vec<std::net::SocketAddr>,
    /// Transport of the questions.
    #[arg(long, value_enum, default_value_t = Transport::Auto, requires = "live")]
    pub(super) transport: Transport,
    /// Seconds to wait for an answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 3, requires = "live",
        value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(super) timeout: u64,
    /// Use a variant of the scenario.
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Option<String>,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Transport {
    /// UDP, and TCP where the answer is truncated.
    Auto,
    /// UDP only.
    Udp,
    /// TCP only.
    Tcp,
}

/// An address with an optional port; a bare or bracketed IPv6 address has none.
fn server(text: &str) -> Result<std::net::SocketAddr, String> {
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<std::net::IpAddr>().map(|a| (a, 53).into());
    let address: Result<std::net::SocketAddr, _> = address.or_else(|_| text.parse());
    address
        .ok()
        .filter(|a| a.port() != 0)
        .ok_or(())
        .map_err(|_| "an address, or an address and a port: 10.0.0.4, 10.0.0.4:53, [fd00::4]:53".to_owned())
}

#[derive(Debug, Args)]
pub(super) struct DnsServe {
    /// Scenario file; `-` reads standard input.
    pub(super) file: PathBuf,
    /// Client whose resolver is played.
    #[arg(long = "as", value_name = "NAME")]
    pub(super) client: String,
    /// Where to listen, UDP and TCP; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:5300")]
    pub(super) listen: std::net::SocketAddr,
    /// Listen on an address that other machines can reach.
    #[arg(long)]
    pub(super) allow_remote: bool,
    /// Use a variant of the scenario.
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Table {
    /// Scenario file; `-` reads standard input.
    pub(super) file: PathBuf,
    /// A subnet as `vnet/subnet`, a hub's route table as `hub/table`, or the name of something with an address.
    #[arg(long, value_name = "PLACE")]
    pub(super) at: String,
    /// Compare with what Azure's own tool printed for that place: `az network nic show-effective-route-table` or
    /// `az network nic list-effective-nsg`, as JSON.
    #[arg(long, value_name = "EVIDENCE.json")]
    pub(super) compare: Option<PathBuf>,
    /// Use a variant of the scenario.
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Option<String>,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum MatrixFormat {
    /// For people.
    Text,
    /// For programs, versioned.
    Json,
    /// One line for each pair of groups, or for each pair.
    Csv,
    /// A table for pages and comments.
    Markdown,
    /// One page with the map, the matrix, every explanation and the findings; it loads nothing.
    Html,
}

#[derive(Debug, Args)]
pub(super) struct Matrix {
    /// Scenario file; `-` reads standard input.
    pub(super) file: PathBuf,
    /// Clients: a name with `*`, or `kind:`, `network:`, `subnet:`, `tag:key=value`, joined by commas; may be repeated.
    #[arg(long, value_name = "SELECTOR", value_parser = crate::scenario::selector)]
    pub(super) from: Vec<crate::select::Selector>,
    /// Services, in the same way; `kind:` also takes a resource type.
    #[arg(long, value_name = "SELECTOR", value_parser = crate::scenario::selector)]
    pub(super) to: Vec<crate::select::Selector>,
    /// Show only these verdicts, joined by commas.
    #[arg(long, value_name = "VERDICT", value_delimiter = ',', value_parser = clap::value_parser!(crate::verdict::Verdict))]
    pub(super) only: Vec<crate::verdict::Verdict>,
    /// Show single pairs.
    #[arg(long)]
    pub(super) expand: bool,
    /// Ask every way to every service: all names, public addresses of machines, ports that only rules know.
    #[arg(long)]
    pub(super) every_way: bool,
    /// Show only how many pairs come to each verdict: for estates of any size.
    #[arg(long, conflicts_with_all = ["only", "expand", "shard"])]
    pub(super) totals: bool,
    /// Solve one of several parts, as `1/4`; the CSV of all parts together is that of the whole.
    #[arg(long, value_name = "PART", value_parser = clap::value_parser!(crate::matrix::Shard))]
    pub(super) shard: Option<crate::matrix::Shard>,
    /// Use a variant of the scenario.
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Option<String>,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = MatrixFormat::Text)]
    pub(super) format: MatrixFormat,
}

#[derive(Debug, Args)]
pub(super) struct Graph {
    /// Scenario file; `-` reads standard input.
    pub(super) file: PathBuf,
    /// Draw the path of a flow on top.
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"])]
    pub(super) trace: Option<Vec<String>>,
    /// Draw all flows of these verdicts on top, as the matrix has them; separated by commas.
    #[arg(long, value_name = "VERDICTS", value_delimiter = ',', conflicts_with = "trace")]
    pub(super) flows: Vec<crate::verdict::Verdict>,
    /// Draw only what is near this resource; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub(super) focus: Vec<String>,
    /// How many relations away from the focus the picture reaches.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "focus")]
    pub(super) depth: usize,
    /// More than so many alike things in one place share a box; by default 6, or 1 where flows would cover the picture.
    #[arg(long, value_name = "N")]
    pub(super) collapse: Option<usize>,
    /// Who lays out an SVG.
    #[arg(long, value_enum, default_value_t = Engine::Builtin)]
    pub(super) engine: Engine,
    /// Use a variant of the scenario.
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Option<String>,
    /// Form of the picture; by default what the ending of the output file says (.dot, .gv, .svg, .mmd), or else dot.
    #[arg(long, value_enum)]
    pub(super) format: Option<Picture>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    Error,
    Warning,
    Info,
    Never,
}

#[derive(Debug, Args)]
pub(super) struct Lint {
    /// Scenario files or directories; `-` reads standard input.
    #[arg(default_value = "scenarios", value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Look at variants, too; they are often broken on purpose.
    #[arg(long, conflicts_with = "variant")]
    pub(super) variants: bool,
    /// Look only at the variants of this name.
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Option<String>,
    /// The least level of a finding that makes the run fail.
    #[arg(long, value_enum, default_value_t = FailOn::Error)]
    pub(super) fail_on: FailOn,
    /// Report only these rules, by code or name.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(super) only: Vec<String>,
    /// Do not report these rules, by code or name.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(super) ignore: Vec<String>,
    /// The day that suppressions expire against; the system's when absent.
    #[arg(long, value_name = "DATE", value_parser = clap::value_parser!(crate::document::Date))]
    pub(super) today: Option<crate::document::Date>,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = crate::report::Format::Text)]
    pub(super) format: crate::report::Format,
}

#[derive(Debug, Args)]
pub(super) struct Fix {
    /// Scenario file; `-` reads standard input.
    pub(super) file: PathBuf,
    /// Client; without client and target, every expectation of the file that fails is repaired.
    #[arg(long, value_name = "NAME", requires = "to")]
    pub(super) from: Option<String>,
    /// Target: a resource name, domain name, URL or address, optionally with `:port`.
    #[arg(long, value_name = "TARGET", requires = "from")]
    pub(super) to: Option<String>,
    /// Destination port, in place of the target's.
    #[arg(long, value_name = "PORT", requires = "to", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) port: Option<u16>,
    /// Transport.
    #[arg(long, requires = "to", default_value = "tcp", value_parser = clap::value_parser!(crate::net::Transport))]
    pub(super) protocol: crate::net::Transport,
    /// What the flow should come out as.
    #[arg(long, value_name = "VERDICT", requires = "to", default_value = "private", value_parser = clap::value_parser!(crate::verdict::Verdict))]
    pub(super) verdict: crate::verdict::Verdict,
    /// Use a variant of the scenario.
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Option<String>,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = crate::report::Format::Text)]
    pub(super) format: crate::report::Format,
}

#[derive(Debug, Args)]
pub(super) struct Impact {
    /// Scenario file; `-` reads standard input.
    pub(super) file: PathBuf,
    /// Use a variant of the scenario.
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Option<String>,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = crate::report::Format::Text)]
    pub(super) format: crate::report::Format,
}

#[derive(Debug, Args)]
pub(super) struct Diff {
    /// Scenario before: a file, or `FILE#VARIANT`.
    #[arg(value_name = "BEFORE")]
    pub(super) before: String,
    /// Scenario after: a file, or `FILE#VARIANT`.
    #[arg(value_name = "AFTER")]
    pub(super) after: String,
    /// Use a variant of AFTER, as `AFTER#NAME` does.
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Option<String>,
    /// Fail if the difference does this.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(super) fail_on: Option<FailOnChange>,
    /// The day that suppressions expire against; the system's when absent.
    #[arg(long, value_name = "DATE", value_parser = clap::value_parser!(crate::document::Date))]
    pub(super) today: Option<crate::document::Date>,
    /// Form of the result.
    #[arg(long, value_enum, default_value_t = crate::report::Format::Text)]
    pub(super) format: crate::report::Format,
}

/// What makes a difference fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOnChange {
    /// A flow is public and was not.
    Public,
    /// That, or a flow no longer gets through (but for clients on the internet), is no longer private, or is undecided.
    Regression,
    /// Either, or `lint` finds an error or a warning that it did not find before.
    Finding,
}

#[derive(Debug, Args)]
pub(super) struct Schema {
    /// What to describe.
    #[arg(value_enum, default_value_t = Described::Scenario)]
    pub(super) of: Described,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Described {
    /// Scenario files.
    Scenario,
    /// What `--format json` writes.
    Output,
}

#[derive(Debug, Args)]
pub(super) struct Import {
    #[command(subcommand)]
    pub(super) source: ImportFormat,
    /// Write today's verdicts as expectations, one for each client and service: a regression baseline.
    #[arg(long, global = true)]
    pub(super) expect: bool,
    /// Run a command on the result instead of writing it.
    #[arg(long, global = true, value_enum, value_name = "COMMAND")]
    pub(super) run: Option<Run>,
    /// Client of `--run trace`; selector of clients of `--run matrix`.
    #[arg(long, global = true, value_name = "NAME", requires = "run")]
    pub(super) from: Option<String>,
    /// Target of `--run trace`; selector of services of `--run matrix`.
    #[arg(long, global = true, value_name = "TARGET", requires = "run")]
    pub(super) to: Option<String>,
    /// Transport of `--run trace`.
    #[arg(long, global = true, default_value = "tcp", requires = "run",
        value_parser = clap::value_parser!(crate::net::Transport))]
    pub(super) protocol: crate::net::Transport,
    /// Form of what `--run` prints; what is written without it is YAML.
    #[arg(long, global = true, value_enum, default_value_t = crate::report::Format::Text, requires = "run")]
    pub(super) format: crate::report::Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Run {
    /// Evaluate the expectations: those of `--expect`, and what the platform refuses.
    Check,
    /// Look for mistakes of the design.
    Lint,
    /// Answer every client against every service.
    Matrix,
    /// Explain one flow.
    Trace,
}

#[derive(Debug, Subcommand)]
pub(super) enum ImportFormat {
    /// Plans or states of Terraform, as `terraform show -json` prints them: resources of azurerm and azapi.
    Terraform {
        /// Files; `-` reads standard input.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// An ARM template, or what `bicep build` makes of a Bicep file.
    Arm {
        /// The template.
        #[arg(value_name = "TEMPLATE.json")]
        file: PathBuf,
        /// Parameter file; may be given several times.
        #[arg(long, value_name = "FILE")]
        parameters: Vec<PathBuf>,
        /// One parameter; wins over files. A value that is JSON is read as JSON.
        #[arg(long, value_name = "NAME=VALUE")]
        parameter: Vec<String>,
        /// What `subscription().subscriptionId` gives.
        #[arg(long, value_name = "ID")]
        subscription: Option<String>,
        /// What `resourceGroup().name` gives.
        #[arg(long, value_name = "NAME")]
        resource_group: Option<String>,
        /// What `resourceGroup().location` gives.
        #[arg(long, value_name = "REGION")]
        location: Option<String>,
        /// Exports of what exists already, for one estate with what the template adds. `existing` resources are looked for
        /// where `--subscription` and `--resource-group` say that it is deployed.
        #[arg(long, value_name = "EXPORT.json")]
        with: Vec<PathBuf>,
    },
    /// Exports of a live estate: Resource Graph query results, output of `az … list` and `az … show`.
    Azure {
        /// JSON files; together they make one estate. `-` reads standard input.
        #[arg(required = true, value_name = "EXPORT.json")]
        files: Vec<PathBuf>,
        /// Effective routes or rules that Azure's own tools printed, to be compared with what the design comes to:
        /// `FILE`, or `INTERFACE=FILE` for what does not say whose it is. Flows that rest on what is contradicted come
        /// out unknown.
        #[arg(long, value_name = "[NAME=]FILE")]
        evidence: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A verdict, path, reason, diagnostic code, lint rule, rule of Azure or assumption, for example PNA, PRL0413,
    /// PE-26 or A-05.
    pub(super) code: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Generate {
    /// Number of virtual machines.
    #[arg(long, value_name = "N")]
    pub(super) endpoints: usize,
    /// Number of PaaS services.
    #[arg(long, value_name = "M")]
    pub(super) services: usize,
    /// Seed of everything that looks random.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// What the estate is like.
    #[arg(long, value_enum, default_value_t = Estate::Typical)]
    pub(super) shape: Estate,
    /// Number of hubs; grows with the spokes when absent.
    #[arg(long, value_name = "N")]
    pub(super) hubs: Option<usize>,
    /// Number of spokes; one for a hundred machines when absent.
    #[arg(long, value_name = "N")]
    pub(super) spokes: Option<usize>,
    /// Subnets for machines in each spoke; four when absent.
    #[arg(long, value_name = "N")]
    pub(super) subnets: Option<usize>,
    /// Rules of a security group in each direction; fifteen when absent.
    #[arg(long, value_name = "N")]
    pub(super) rules: Option<usize>,
    /// Form of the file; YAML unless the output's name ends in `.json`.
    #[arg(long, value_enum)]
    pub(super) format: Option<Text>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Estate {
    /// A security group per subnet, shared ones on some interfaces, application groups, some rules for single machines.
    Typical,
    /// No groups on interfaces, no application groups, no rules for single machines.
    Flat,
    /// As typical, with four rules of ten for single machines.
    Hosts,
    /// Every interface has a group of its own with rules for single machines.
    Worst,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Text {
    /// For reading.
    Yaml,
    /// For large estates: it is read faster.
    Json,
}
