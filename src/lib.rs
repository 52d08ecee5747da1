//! Simulates and proves network reachability in Azure private networking.
pub mod dataplane;
pub mod diag;
pub mod forward;
pub mod lookup;
pub mod net;
pub mod verdict;
