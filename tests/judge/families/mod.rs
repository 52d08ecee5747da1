//! Families of seeded random estates, as scenario text. Each mixes the features of one area with whatever filters and
//! routes bear on them. A family always declares the clients and targets of its flows; only their circumstances vary.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod balance;
pub(crate) mod doors;
pub(crate) mod dual;
pub(crate) mod estate;
pub(crate) mod filters;
pub(crate) mod foundry;
pub(crate) mod guard;
pub(crate) mod hybrid;
pub(crate) mod links;
pub(crate) mod names;
pub(crate) mod sites;
pub(crate) mod wan;

use estate::Random;
use std::{collections::BTreeMap, fmt::Write};

/// A flow to ask for: client, target, port; TCP.
pub(crate) type Flow = (&'static str, &'static str, u16);

/// A family of estates.
pub(crate) struct Family {
    pub(crate) name: &'static str,
    /// The scenario text of a seed.
    pub(crate) text: fn(u64) -> String,
    /// Flows that every estate of the family can be asked for.
    pub(crate) flows: fn() -> Vec<Flow>,
}

/// Every family.
pub(crate) const ALL: &[Family] = &[
    Family { name: "store", text: store, flows: store_flows },
    Family { name: "hybrid", text: |seed| hybrid::text(seed, None), flows: hybrid_flows },
    Family { name: "filters", text: filters::text, flows: filters::flows },
    Family { name: "balance", text: balance::text, flows: balance::flows },
    Family { name: "guard", text: guard::text, flows: guard::flows },
    Family { name: "sites", text: sites::text, flows: sites::flows },
    Family { name: "wan", text: wan::text, flows: wan::flows },
    Family { name: "names", text: names::text, flows: names::flows },
    Family { name: "doors", text: doors::text, flows: doors::flows },
    Family { name: "foundry", text: foundry::text, flows: foundry::flows },
    Family { name: "links", text: links::text, flows: links::flows },
    Family { name: "dual", text: dual::text, flows: dual::flows },
];

fn store(seed: u64) -> String {
    estate::text(&estate::estate(seed), false)
}

fn store_flows() -> Vec<Flow> {
    let targets = [
        "store0.blob.core.windows.net",
        "store1.blob.core.windows.net",
        "store2.blob.core.windows.net",
        "store3.blob.core.windows.net",
        "vm-0",
        "vm-1",
        "vm-2",
    ];
    product(&["vm-0", "vm-1", "vm-2", "visitor", "stranger"], &targets, &[443])
}

fn hybrid_flows() -> Vec<Flow> {
    product(&hybrid::CLIENTS, &hybrid::TARGETS, &[443])
}

/// Every client with every target on every port.
pub(crate) fn product(clients: &[&'static str], targets: &[&'static str], ports: &[u16]) -> Vec<Flow> {
    let mut flows = Vec::new();
    for client in clients {
        for target in targets.iter().filter(|t| *t != client) {
            flows.extend(ports.iter().map(|port| (*client, *target, *port)));
        }
    }
    flows
}

/// A scenario under construction: lines by collection, in any order.
pub(crate) struct Draft {
    pub(crate) r: Random,
    head: Vec<String>,
    sections: BTreeMap<&'static str, Vec<String>>,
}

impl Draft {
    pub(crate) fn new(seed: u64, salt: u64) -> Self {
        Self { r: Random(seed.wrapping_mul(0x1_0001) ^ salt), head: Vec::new(), sections: BTreeMap::new() }
    }

    /// A line at the top of the file.
    pub(crate) fn top(&mut self, line: impl Into<String>) {
        self.head.push(line.into());
    }

    /// An element of a collection, as `name: { … }`.
    pub(crate) fn add(&mut self, section: &'static str, line: impl Into<String>) {
        self.sections.entry(section).or_default().push(line.into());
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.r.below(of.len() as u64)).unwrap()]
    }

    /// True once in `n` times.
    pub(crate) fn rare(&mut self, n: u64) -> bool {
        self.r.one_in(n)
    }

    /// The text once in `n` times, else nothing.
    pub(crate) fn maybe(&mut self, n: u64, text: &str) -> String {
        if self.r.one_in(n) { text.to_owned() } else { String::new() }
    }

    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        for line in &self.head {
            let _ = writeln!(out, "{line}");
        }
        for (section, lines) in &self.sections {
            let _ = writeln!(out, "{section}:");
            for line in lines {
                let _ = writeln!(out, "  {line}");
            }
        }
        out
    }

    /// A group of a few random rules named `name`: sources and destinations from `places`.
    pub(crate) fn group(&mut self, name: &str, places: &[&str], ports: &[&str]) {
        let mut rules = Vec::new();
        for i in 0..self.r.below(4) {
            let direction = self.pick(&["Inbound", "Outbound"]);
            let access = self.pick(&["Allow", "Deny"]);
            let (from, to) = if direction == "Inbound" { (self.pick(places), "*") } else { ("*", self.pick(places)) };
            let port = self.pick(ports);
            rules.push(format!(
                "r{i}: {{ priority: {}, direction: {direction}, access: {access}, protocol: \"*\", source_address_prefix: \"{from}\", destination_address_prefix: \"{to}\", destination_port_range: \"{port}\" }}",
                200 + 10 * i
            ));
        }
        self.add("network_security_groups", format!("{name}: {{ security_rules: {{ {} }} }}", rules.join(", ")));
    }
}
