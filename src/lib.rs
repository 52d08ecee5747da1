//! Simulates and proves network reachability in Azure private networking.
pub mod dataplane;
pub mod diag;
pub mod net;
pub mod verdict;
