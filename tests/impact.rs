//! Worked cases and laws of taking elements away.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::{
    compare::{Effect, evaluate},
    diag::Span,
    document::{Mapping, Node, Value},
    generate::{Format, Options, Shape, text},
    impact::{Consequence, How, Impact, elements, impact, impact_of_each},
    scenario::{load_file, load_paths, load_text},
    snapshot::Snapshot,
    verdict::Verdict,
};
use std::{path::Path, sync::LazyLock};

static FLAGSHIP: LazyLock<(Snapshot, Impact)> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/foundry-hub/foundry-hub.yaml");
    let snapshot = Snapshot::new(load_file(&path, None).scenarios.remove(0));
    let result = impact(&snapshot);
    (snapshot, result)
});

fn of<'i>(impact: &'i Impact, kind: &str, path: &str, gone: bool) -> &'i Consequence {
    let is = |c: &&Consequence| {
        c.element.kind == kind && c.element.path.join(".") == path && (c.element.how == How::Gone) == gone
    };
    impact.consequences.iter().find(is).unwrap_or_else(|| panic!("{kind} {path} was not looked at"))
}

/// The flagship's mutations take the same things away; what they lose is what the analysis says.
#[test]
fn the_flagships_elements_carry_what_its_mutations_lose() {
    let impact = &FLAGSHIP.1;
    let loses = |kind: &str, path: &str, gone: bool, from: &str, to: &str| {
        let found = of(impact, kind, path, gone);
        assert!(
            found.lost_flows(usize::MAX).iter().any(|q| q.from == from && q.to == to),
            "{kind} {path}: {:?}",
            found.outcome
        );
    };
    let rules = "machine_learning_workspaces.aih-contoso.managed_network.outbound_rules";
    loses("outbound rule", &format!("{rules}.pe-srch-manual"), true, "ci-alice", "srch-contoso.search.windows.net");
    loses("approval", &format!("{rules}.agw-onprem"), false, "ci-alice", "artifactory.corp.contoso.com");
    loses(
        "provisioning",
        "machine_learning_workspaces.aih-contoso.managed_network",
        false,
        "ci-alice",
        "kv-aih-contoso.vault.azure.net",
    );
    loses(
        "private endpoint",
        "private_endpoints.pe-aih-file",
        true,
        "onprem-user",
        "staihcontoso.file.core.windows.net",
    );
    loses(
        "approval",
        "private_endpoints.pe-srch.private_service_connection",
        false,
        "vm-app",
        "srch-contoso.search.windows.net",
    );
    let link = "private_dns_zones.privatelink.api.azureml.ms.virtual_network_links.vnet-spoke-app";
    loses("zone link", link, true, "vm-app", "moe-fraud.eastus2.inference.ml.azure.com");
    let forwarder = "on_premises_sites.onprem-dc1.dns_servers.dns-dc1.conditional_forwarders.search.windows.net";
    loses("conditional forwarder", forwarder, true, "onprem-user", "srch-contoso.search.windows.net");
    loses(
        "peering",
        "virtual_network_peerings.peer-hub-to-spoke-app",
        true,
        "vm-app",
        "srch-contoso.search.windows.net",
    );
    loses(
        "connection",
        "virtual_network_gateway_connections.ercon-dc1",
        true,
        "onprem-user",
        "srch-contoso.search.windows.net",
    );
    loses("application gateway", "application_gateways.agw-hub", true, "ci-alice", "orders.corp.contoso.com");
    // Without its own rule the platform cannot manage the gateway (AGW-17).
    let manager = "network_security_groups.nsg-agw.security_rules.allow-gateway-manager";
    loses("security rule", manager, true, "agw-hub", "192.168.30.20");
}

/// What is said to be lost got through before; the ranking is by what is lost; every kind of a design is looked at.
#[test]
fn laws_of_the_analysis() {
    let (snapshot, impact) = &*FLAGSHIP;
    let through = |v: Verdict| matches!(v, Verdict::Private | Verdict::Backbone | Verdict::Public);
    for consequence in &impact.consequences {
        for question in &consequence.lost_flows(usize::MAX) {
            let before = evaluate(&snapshot.plane, question).unwrap();
            assert!(through(before.verdict), "{question:?} was {} before", before.verdict);
        }
        let flows = consequence.flows();
        assert_eq!(flows.iter().filter(|(_, e)| *e == Effect::Exposed).count(), consequence.exposed());
        assert_eq!(flows.len(), consequence.changed());
        assert_eq!(consequence.lost_flows(usize::MAX).len(), consequence.lost());
    }
    let lost: Vec<usize> = impact.consequences.iter().map(Consequence::lost).collect();
    assert!(lost.is_sorted_by(|a, b| a >= b));
    assert!(lost[0] > 0 && impact.through > 0 && impact.through < impact.flows);
    let untried: Vec<_> = impact.consequences.iter().filter(|c| c.outcome.is_err()).collect();
    assert!(untried.is_empty(), "{untried:?}");
    // What a rule admits that the platform's own rules admit as well, it does not carry.
    assert!(of(impact, "security rule", "network_security_groups.nsg-agw.security_rules.allow-onprem", true).is_idle());
}

/// Two machines behind the same group: what a rule holds closed, and what another lets in.
#[test]
fn rules_hold_open_and_closed() {
    let text = "virtual_networks:\n  v: { address_space: [10.0.0.0/16], subnets: { a: { address_prefixes: [10.0.1.0/24], network_security_group: g } } }\n\
        virtual_machines:\n  m: { subnet: v/a, private_ip_address: 10.0.1.4, listens: [tcp/443] }\n  n: { subnet: v/a, private_ip_address: 10.0.1.5, listens: [tcp/443] }\n\
        network_security_groups:\n  g:\n    security_rules:\n      let-m: { priority: 100, direction: Inbound, access: Allow, protocol: Tcp, source_address_prefix: 10.0.1.4, destination_address_prefix: 10.0.1.5, destination_port_range: 443 }\n      \
        shut: { priority: 200, direction: Inbound, access: Deny, protocol: \"*\", source_address_prefix: \"*\", destination_address_prefix: \"*\", destination_port_range: \"*\" }\n\
        \x20     never: { priority: 300, direction: Inbound, access: Allow, protocol: Tcp, source_address_prefix: \"*\", destination_address_prefix: \"*\", destination_port_range: \"*\" }\n";
    let loaded = load_text("rules.yaml", text);
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    let impact = impact(&Snapshot::new(loaded.scenarios.into_iter().next().unwrap()));
    let rule =
        |name: &str| of(&impact, "security rule", &format!("network_security_groups.g.security_rules.{name}"), true);
    assert_eq!(rule("let-m").lost(), 1);
    assert!(rule("shut").lost() == 0 && !rule("shut").is_idle(), "without it, n reaches m");
    assert!(rule("never").is_idle(), "nothing ever comes so far");
}

/// Entries of a service's firewall, and its switches turned around.
/// Groups that share their rules by an alias of the document lose them one by one.
#[test]
fn rules_behind_an_alias_are_their_groups_own() {
    let group = "{ ok: { priority: 100, direction: Inbound, access: Allow, protocol: Tcp, source_address_prefix: \"*\", \
                 destination_address_prefix: \"*\", destination_port_range: 443 }, no: { priority: 200, direction: Inbound, \
                 access: Deny, protocol: \"*\", source_address_prefix: \"*\", destination_address_prefix: \"*\", \
                 destination_port_range: \"*\" } }";
    let lost = |first: &str, second: &str| {
        let text = format!(
            "location: westeurope\nvirtual_networks:\n  v: {{ address_space: [10.0.0.0/16], subnets: {{ a: {{ \
             address_prefixes: [10.0.1.0/24] }}, b: {{ address_prefixes: [10.0.2.0/24], network_security_group: g1 }}, c: {{ \
             address_prefixes: [10.0.3.0/24], network_security_group: g2 }} }} }}\nnetwork_security_groups:\n  g1: {{ \
             security_rules: {first} }}\n  g2: {{ security_rules: {second} }}\nvirtual_machines:\n  m1: {{ subnet: v/a, \
             private_ip_address: 10.0.1.4 }}\n  m2: {{ subnet: v/b, private_ip_address: 10.0.2.4, listens: [tcp/443] }}\n  \
             m3: {{ subnet: v/c, private_ip_address: 10.0.3.4, listens: [tcp/443] }}\n"
        );
        let loaded = load_text("alias.yaml", &text);
        assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
        let result = impact(&Snapshot::new(loaded.scenarios.into_iter().next().unwrap()));
        ["g1", "g2"].map(|g| {
            of(&result, "security rule", &format!("network_security_groups.{g}.security_rules.ok"), true).lost()
        })
    };
    let written = lost(group, group);
    assert!(written.iter().all(|n| *n > 0));
    assert_eq!(lost(&format!("&r {group}"), "*r"), written);
}

#[test]
fn rules_and_switches_of_services_are_tried() {
    let text = "virtual_networks:\n  v: { address_space: [10.0.0.0/16], subnets: { s: { address_prefixes: [10.0.1.0/24], service_endpoints: [Microsoft.KeyVault] } } }\n\
        virtual_machines: { m: { subnet: v/s, private_ip_address: 10.0.1.4 } }\ninternet_clients: { home: { ip_address: 203.0.113.7 } }\n\
        services:\n  kv: { type: Microsoft.KeyVault/vaults, network_rules: { default_action: Deny, ip_rules: [198.51.100.0/24, 203.0.113.0/24], virtual_network_subnets: [v/s] } }\n\
        \x20 shut: { type: Microsoft.KeyVault/vaults, public_network_access_enabled: false }\n";
    let loaded = load_text("rules.yaml", text);
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    let snapshot = Snapshot::new(loaded.scenarios.into_iter().next().unwrap());
    agree(&snapshot, 1);
    let impact = impact(&snapshot);
    let find = |kind: &str, how: How| {
        impact.consequences.iter().find(|c| c.element.kind == kind && c.element.how == how).unwrap()
    };
    assert!(find("IP rule", How::Entry(1)).lost_flows(9).iter().any(|q| q.from == "home"));
    assert!(find("IP rule", How::Entry(0)).lost_flows(9).iter().all(|q| q.from != "home"));
    assert!(find("network rule", How::Entry(0)).lost_flows(9).iter().any(|q| q.from == "m"));
    assert!(find("default action", How::Set("default_action", "Allow")).exposed() > 0);
    assert!(find("public network access", How::Set("public_network_access_enabled", "true")).exposed() > 0);
}

/// A firewall under routing intent that is gone takes the intent along; one that fails stops what is sent to it.
#[test]
fn a_failed_firewall_of_a_hub_loses_what_it_inspects() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/virtual-wan-routing-intent/virtual-wan.yaml");
    let impact = impact(&Snapshot::new(load_file(&path, None).scenarios.remove(0)));
    let failed = |c: &&Consequence| c.element.path == ["firewalls", "afw-eu"] && c.element.how != How::Gone;
    let failed = impact.consequences.iter().find(failed).unwrap();
    let gone = of(&impact, "firewall", "firewalls.afw-eu", true);
    assert!(failed.lost() > gone.lost(), "{} {}", failed.lost(), gone.lost());
}

/// Collections whose members do not fail by themselves: clients and targets, what only holds other elements, and names.
const ARGUED: &[&str] = &[
    "application_security_groups",
    "dns_security_policies",
    "expectations",
    "firewall_policies",
    "internet_clients",
    "kubernetes_clusters",
    "machine_learning_workspaces",
    "network_managers",
    "network_security_groups",
    "network_security_perimeters",
    "on_premises_sites",
    "platform_callers",
    "private_dns_resolver_dns_forwarding_rulesets",
    "private_dns_resolvers",
    "public_hosts",
    "public_ips",
    "route_tables",
    "services",
    "unmodelled",
    "variants",
    "virtual_hubs",
    "virtual_machines",
    "virtual_networks",
    "virtual_wans",
    "vpn_clients",
];

#[test]
fn every_collection_of_the_format_is_tried_or_argued() {
    let schema = privreach::scenario::json_schema();
    let properties = schema.pointer("/properties").and_then(|p| p.as_object()).unwrap();
    let collections = properties.iter().filter(|(_, v)| v.pointer("/additionalProperties/$ref").is_some());
    let names: Vec<&str> = collections.map(|(k, _)| k.as_str()).collect();
    assert!(names.len() > 30, "{names:?}");
    for name in names {
        let span = Span::default();
        let one = Node {
            value: Value::Mapping(Mapping(vec![("one".to_owned(), span, Node { value: Value::Null, span })])),
            span,
        };
        let found = elements(&Mapping(vec![(name.to_owned(), span, one)]));
        let tried = found.iter().any(|e| e.path == [name, "one"]);
        assert!(tried != ARGUED.contains(&name), "{name} is neither tried nor argued, or both");
    }
}

/// Asking the solver comes to the same as tracing every flow with and without each element, or every `step`th.
#[track_caller]
fn agree(snapshot: &Snapshot, step: usize) {
    let title = snapshot.scenario.title();
    let kept: Vec<String> =
        elements(&snapshot.scenario.document).iter().step_by(step).map(|e| format!("{e:?}")).collect();
    let said = |i: &Impact| -> Vec<String> {
        let of = |c: &Consequence| {
            let flows = c.outcome.as_ref().map(|_| c.flows());
            format!("{:?} {:?} {:?} {} {} {flows:?}", c.element, c.along, c.is_idle(), c.lost(), c.exposed())
        };
        let chosen = i.consequences.iter().filter(|c| kept.contains(&format!("{:?}", c.element)));
        let mut said: Vec<String> = chosen.map(of).collect();
        said.sort();
        said
    };
    let (solved, each) = (impact(snapshot), impact_of_each(snapshot, step));
    assert_eq!((solved.flows, solved.through), (each.flows, each.through), "{title}");
    let (solved, each) = (said(&solved), said(&each));
    for (one, other) in solved.iter().zip(&each) {
        assert_eq!(one, other, "{title}");
    }
    assert_eq!((solved.len(), each.len()), (kept.len(), kept.len()), "{title}");
}

#[test]
fn the_solver_comes_to_what_tracing_does_on_shipped_scenarios() {
    for scenario in load_paths(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")]).scenarios {
        // Variants share most of their elements with what they extend.
        if scenario.variant.is_none() {
            let large = elements(&scenario.document).len() > 100;
            agree(&Snapshot::new(scenario), if large { 5 } else { 1 });
        }
    }
}

#[test]
fn the_solver_comes_to_what_tracing_does_on_made_estates() {
    let made = [(5, 2, 3, Shape::Typical), (4, 2, 4, Shape::Worst), (4, 1, 5, Shape::Hosts), (6, 2, 6, Shape::Flat)];
    for (endpoints, services, seed, shape) in made {
        let size =
            Options { hubs: Some(1), spokes: Some(2), subnets: Some(1), rules: Some(3), ..Options::new(0, 0, 0) };
        let options = Options { endpoints, services, seed, shape, ..size };
        let made = load_text("made.yaml", &text(&options, Format::Yaml).unwrap()).scenarios.remove(0);
        agree(&Snapshot::new(made), 1);
    }
}
