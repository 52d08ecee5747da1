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
    generate::{Format, Options, text},
    impact::{Consequence, How, Impact, elements, impact, impact_of_each},
    scenario::{load_file, load_text},
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
        assert!(found.lost().iter().any(|q| q.from == from && q.to == to), "{kind} {path}: {:?}", found.outcome);
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
        for question in consequence.lost() {
            let before = evaluate(&snapshot.plane, question).unwrap();
            assert!(through(before.verdict), "{question:?} was {} before", before.verdict);
        }
        let exposed = consequence.outcome.iter().flatten().filter(|(_, e)| *e == Effect::Exposed).count();
        assert_eq!(exposed, consequence.exposed().len());
    }
    let lost: Vec<usize> = impact.consequences.iter().map(|c| c.lost().len()).collect();
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
    assert_eq!(rule("let-m").lost().len(), 1);
    assert!(rule("shut").lost().is_empty() && !rule("shut").is_idle(), "without it, n reaches m");
    assert!(rule("never").is_idle(), "nothing ever comes so far");
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

/// Asking one flow for all that nothing tells apart comes to the same as asking every one.
#[test]
fn asking_by_class_comes_to_what_asking_each_does() {
    let shipped = [
        "hub-spoke-firewall/hub-spoke-firewall.yaml",
        "hybrid-dns-resolver/hybrid-dns-resolver.yaml",
        "private-link-service/private-link-service.yaml",
        "quickstart/quickstart.yaml",
        "virtual-wan-routing-intent/virtual-wan.yaml",
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let shipped = shipped.iter().map(|file| Snapshot::new(load_file(&root.join(file), None).scenarios.remove(0)));
    let options = Options { hubs: Some(1), spokes: Some(1), ..Options::new(4, 2, 3) };
    let made = load_text("made.yaml", &text(&options, Format::Yaml).unwrap()).scenarios.remove(0);
    for snapshot in shipped.chain([Snapshot::new(made)]) {
        let said = |i: &Impact| -> Vec<String> {
            let mut said: Vec<String> = i.consequences.iter().map(|c| format!("{c:?}")).collect();
            said.sort();
            said
        };
        let (by_class, each) = (impact(&snapshot), impact_of_each(&snapshot));
        assert_eq!((by_class.flows, by_class.through), (each.flows, each.through));
        assert!(!by_class.consequences.is_empty());
        assert_eq!(said(&by_class), said(&each), "{}", snapshot.scenario.title());
    }
}
