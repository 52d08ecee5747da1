//! Azure: its resources as files declare them, its services and names, and how they compile to the data plane.

pub mod compile;
pub mod defaults;
pub mod kinds;
pub mod known_services;
pub mod model;
pub mod not_modelled;
mod region_pairs;
mod regions;
mod resource_names;
pub mod rulebook;
pub mod service_tags;
pub mod topology;
