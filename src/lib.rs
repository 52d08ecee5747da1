//! Simulates and proves network reachability in Azure private networking.
pub mod azure;
pub mod diag;
pub mod net;
pub mod verdict;
