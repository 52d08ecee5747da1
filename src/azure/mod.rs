//! Azure: its services, networks and names.

pub mod known_services;
