//! Simulates and proves network reachability in Azure private networking.
//!
//! Data flows one way. A scenario is read, checked and compiled to a plane that knows nothing of Azure; two engines decide
//! flows on the plane and are held against each other; everything people read is rendered from their typed results.
//!
//! ```text
//! YAML ─► document ─► scenario ─► azure ─► dataplane ─┬─► forward ─► lookup ─► trace ─┬─► flows ─► verify, compare,
//! import ───────────────┘  (read)     (compile)       └─► reach ──► matrix ──────────┘    impact, repair, lint ─► report
//! ```
//!
//! | room | holds |
//! |---|---|
//! | [`net`] | prefixes, ports, names, sets of them |
//! | [`diag`] | source files, places, codes, diagnostics |
//! | [`verdict`] | verdicts, ways through, reasons |
//! | [`document`] | YAML and JSON as a tree in which every value knows its place; patches |
//! | [`select`] | selectors of clients and services |
//! | [`azure`] | resources as the format has them, rules and tables of the platform, the compiler to a plane |
//! | [`scenario`] | files: loading, variants, expectations |
//! | [`snapshot`] | a scenario with its compiled plane, and what is wrong with it |
//! | [`dataplane`] | networks, routes, filters, doors, names; nothing of Azure |
//! | [`forward`] | one packet there and back, step by step |
//! | [`lookup`] | the DNS walk |
//! | [`trace`] | one flow explained, from its name to its verdict |
//! | [`effective`] | routes and rules as the platform shows them at one interface, and evidence against them |
//! | [`flows`] | which flows a plane has: the one list for everything below |
//! | [`reach`] | the all-pairs solver, by classes of ends |
//! | [`matrix`] | clients against services, solved and grouped; edits |
//! | [`verify`] | expectations to outcomes; baselines |
//! | [`compare`] | two designs to changed flows with their causes |
//! | [`impact`] | each element taken away |
//! | [`repair`] | changes that are applied and proved |
//! | [`lint`] | findings about a design, one file for each rule |
//! | [`import`] | Terraform plans, ARM templates, exports to a scenario |
//! | [`generate`] | synthetic estates |
//! | [`picture`] | diagrams |
//! | [`live`] | real resolvers asked, modelled ones served |
//! | [`report`] | what commands say, in every format |
//! | [`cli`] | the command line |
//!
//! Who may import whom is data in `tests/layering.rs`.
pub mod azure;
pub mod cli;
pub mod compare;
pub mod dataplane;
pub mod diag;
pub mod document;
pub mod effective;
pub mod flows;
pub mod forward;
pub mod generate;
pub mod impact;
pub mod import;
pub mod lint;
pub mod live;
pub mod lookup;
pub mod matrix;
pub mod net;
pub mod picture;
pub mod reach;
pub mod repair;
pub mod report;
pub mod scenario;
pub mod select;
pub mod snapshot;
pub mod trace;
pub mod verdict;
pub mod verify;
