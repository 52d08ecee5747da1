//! Live DNS: ask real resolvers whether they answer as the design says, and answer in the place of a modelled one.
//!
//! The only room that opens sockets. What is asked and what is answered both come from [`lookup`](crate::lookup).

mod advice;
mod ask;
mod drift;
mod expect;
mod extended;
mod serve;
mod wire;

pub use advice::advice;
pub use ask::{Asker, Over, Reply, Said, ask};
pub use drift::{Drift, Finding, compare};
pub use expect::{Expected, expected, private_names};
pub use serve::{Handled, Server, Vantage};
