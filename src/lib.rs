//! Simulates and proves network reachability in Azure private networking.
pub mod azure;
pub mod cli;
pub mod dataplane;
pub mod diag;
pub mod document;
pub mod effective;
pub mod forward;
pub mod lint;
pub mod live;
pub mod lookup;
pub mod net;
pub mod report;
pub mod scenario;
pub mod snapshot;
pub mod trace;
pub mod verdict;
pub mod verify;
