//! Every lint rule over estates of two sizes, a firewall with many rules, and a mesh of many networks: the time must grow as
//! the estate does.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use privreach::{
    document::Date,
    generate::{Options, scenario},
    lint::lint,
    scenario::load_text,
    snapshot::Snapshot,
};
use std::fmt::Write;

fn today() -> Option<Date> {
    "2026-01-01".parse().ok()
}

/// Networks that are all joined with each other, none of which overlaps.
fn mesh(networks: usize) -> String {
    let (mut declared, mut members) = (String::new(), Vec::new());
    for n in 0..networks {
        let _ = writeln!(declared, "  v{n}: {{ address_space: [10.{}.{}.0/24] }}", n / 256, n % 256);
        members.push(format!("v{n}"));
    }
    format!(
        "location: westeurope\nvirtual_networks:\n{declared}network_managers:\n  nm:\n    network_groups: {{ all: {{ \
         virtual_networks: [{}] }} }}\n    connectivity_configurations: {{ mesh: {{ connectivity_topology: Mesh, \
         applies_to_groups: {{ all: {{}} }} }} }}\n",
        members.join(", ")
    )
}

/// A firewall with rules of which none decides what another one matches, but for the last of each hundred.
fn firewall(rules: usize) -> String {
    let mut text = String::new();
    for n in 0..rules {
        let to = if n % 100 == 99 { n - 99 } else { n };
        let _ = writeln!(
            text,
            "              r{n}: {{ protocols: [TCP], source_addresses: [10.0.0.0/16], destination_addresses: \
             [10.{}.{}.{}], destination_ports: [443] }}",
            1 + to / 65_536,
            to / 256 % 256,
            to % 256
        );
    }
    format!(
        "location: westeurope\nvirtual_networks: {{ hub: {{ address_space: [10.0.0.0/16], subnets: {{ \
         AzureFirewallSubnet: {{ address_prefixes: [10.0.0.0/26] }} }} }} }}\npublic_ips: {{ p: {{ ip_address: 20.1.1.1 \
         }} }}\nfirewalls: {{ afw: {{ subnet: hub/AzureFirewallSubnet, public_ips: [p], firewall_policy: fp }} \
         }}\nfirewall_policies:\n  fp:\n    rule_collection_groups:\n      g:\n        priority: 100\n        \
         network_rule_collections:\n          c:\n            priority: 100\n            action: Allow\n            \
         rules:\n{text}"
    )
}

fn bench(c: &mut Criterion) {
    let Some(today) = today() else { return };
    let mut group = c.benchmark_group("lint");
    group.sample_size(10);
    for machines in [1_000, 10_000] {
        let Ok(snapshot) = scenario(&Options::new(machines, machines / 10, 1)).map(Snapshot::new) else { return };
        group.throughput(Throughput::Elements(machines as u64));
        group.bench_with_input(BenchmarkId::new("machines", machines), &[snapshot], |b, s| b.iter(|| lint(s, today)));
    }
    for (name, make, sizes) in [
        ("rules of a firewall", firewall as fn(usize) -> String, [1_000, 4_000]),
        ("networks in a mesh", mesh, [250, 1_000]),
    ] {
        for size in sizes {
            let scenario = load_text(name, &make(size)).scenarios.pop();
            let Some(snapshot) = scenario.map(Snapshot::new).filter(Snapshot::is_usable) else { return };
            group.throughput(Throughput::Elements(size as u64));
            group.bench_with_input(BenchmarkId::new(name, size), &[snapshot], |b, s| b.iter(|| lint(s, today)));
        }
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
