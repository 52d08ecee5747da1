//! Repairs: every mutation of the flagship that has one, and the laws of their patches.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use assert_cmd::Command;
use privreach::{
    net::Transport,
    repair::{Proposal, Prover, Repairs, Value, repair, repair_file, to_yaml},
    scenario::{Expectation, load_file, load_paths, load_text},
    snapshot::Snapshot,
    trace::Question,
    verdict::Verdict,
};
use std::{collections::BTreeSet, path::Path};

const BASE: &str = "scenarios/foundry-hub/foundry-hub.yaml";
const MUTATIONS: &str = "scenarios/foundry-hub/mutations.yaml";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn question(expectation: &Expectation) -> Question {
    let fields = &expectation.fields;
    Question {
        from: fields.from.value.clone(),
        to: fields.to.value.clone(),
        port: fields.port.value,
        transport: fields.protocol.value,
    }
}

/// Mutations that lose no private flow, so that there is nothing to make private again. What they do instead: M03
/// (beside its missing rule) and M04, M24, M27 expose services; M05 and M22 lock out callers that come over the backbone; M06
/// is refused and changes no flow; M11 opens the way out; M20 loses public names; M29 gains flows.
const NOTHING_PRIVATE_LOST: &[&str] = &[
    "M04-services-public",
    "M05-bypass-off",
    "M06-managed-network-peering",
    "M11-internet-outbound",
    "M20-fqdn-rules-deleted",
    "M22-search-bypass-off",
    "M24-endpoint-public",
    "M27-hub-selected-ips",
    "M29-spark-provisioned",
];

/// Flows that a mutation changes, with the verdict that the design has for them: one of each kind.
fn damaged(mutation: &Snapshot) -> Vec<(String, Question, Verdict)> {
    let scenario = &mutation.scenario;
    let mut kinds = BTreeSet::new();
    let mut found = Vec::new();
    for designed in &scenario.designed {
        let now = scenario.expectations.iter().find(|e| e.id == designed.id).unwrap();
        let verdict = |e: &Expectation| e.fields.verdict.as_ref().filter(|_| !e.fields.selects()).map(|v| v.value);
        let (Some(was), Some(is)) = (verdict(designed), verdict(now)) else { continue };
        let reason = now.fields.reason.as_ref().map(|r| r.value);
        if was != is && kinds.insert((was, is, reason, designed.fields.via.as_ref().map(|v| v.value))) {
            found.push((designed.id.clone(), question(designed), was));
        }
    }
    found
}

/// Proves a proposal by itself, and that no part of its patch can be left out.
fn is_minimal_and_proved(snapshot: &Snapshot, question: &Question, goal: Verdict, patch: &Value) -> bool {
    let prover = Prover::new(snapshot, question, goal);
    prover.proves(patch) && !parts(patch).iter().any(|less| prover.proves(less))
}

/// The patch with one key left out, for every key.
fn parts(patch: &Value) -> Vec<Value> {
    let Value::Object(map) = patch else { return Vec::new() };
    let mut found = Vec::new();
    for (key, value) in map {
        let mut less = map.clone();
        less.remove(key);
        found.push(Value::Object(less));
        for inner in parts(value) {
            let mut less = map.clone();
            less.insert(key.clone(), inner);
            found.push(Value::Object(less));
        }
    }
    found
}

#[test]
fn every_mutation_that_lost_a_private_flow_is_repaired() {
    let mut repaired = 0;
    for scenario in load_paths(&[root().join(MUTATIONS)]).scenarios {
        let Some(name) = scenario.variant.clone() else { continue };
        let mutation = Snapshot::new(scenario);
        let lost: Vec<_> = damaged(&mutation).into_iter().filter(|(.., was)| *was == Verdict::Private).collect();
        assert_eq!(lost.is_empty(), NOTHING_PRIVATE_LOST.contains(&name.as_str()), "{name}");
        for (id, question, goal) in lost {
            let found: Repairs = repair(&mutation, &question, goal).unwrap();
            assert!(!found.proposals.is_empty(), "{name}: nothing repairs {id}; {:?}", found.refuted);
            for Proposal { patch, .. } in &found.proposals {
                assert!(is_minimal_and_proved(&mutation, &question, goal, patch), "{name} {id}: {patch}");
            }
            repaired += 1;
        }
    }
    assert!(repaired >= 22, "only {repaired} flows were looked at");
}

/// Damage beside private flows: exposures are closed, callers let in again, public ways restored.
#[test]
fn other_damage_is_repaired_with_its_own_goal() {
    let load = |variant: &str| Snapshot::new(load_file(&root().join(MUTATIONS), Some(variant)).scenarios.remove(0));
    for variant in [
        "M03-search-public",
        "M04-services-public",
        "M05-bypass-off",
        "M11-internet-outbound",
        "M12-internet-outbound-search-rule-missing",
        "M20-fqdn-rules-deleted",
        "M22-search-bypass-off",
        "M23-registry-standard",
        "M24-endpoint-public",
        "M27-hub-selected-ips",
    ] {
        let mutation = load(variant);
        for (id, question, goal) in damaged(&mutation).into_iter().filter(|(.., was)| *was != Verdict::Private) {
            let found = repair(&mutation, &question, goal).unwrap();
            assert!(!found.proposals.is_empty(), "{variant}: nothing makes {id} {goal}; {:?}", found.refuted);
            for Proposal { patch, .. } in &found.proposals {
                assert!(is_minimal_and_proved(&mutation, &question, goal, patch), "{variant} {id}: {patch}");
            }
        }
    }
}

/// The patch that is printed is the one that was proved: pasted into a variant, it does what it says.
#[test]
fn a_printed_patch_repairs_the_file_it_is_pasted_into() {
    let broken = "virtual_networks:\n  vnet-a: { address_space: [10.0.0.0/16], subnets: { snet-a: { address_prefixes: [10.0.1.0/24] }, snet-pe: { address_prefixes: [10.0.2.0/24] } } }\n\
        virtual_machines:\n  vm-a: { subnet: vnet-a/snet-a, private_ip_address: 10.0.1.4 }\nservices:\n  stone: { type: Microsoft.Storage/storageAccounts, public_network_access_enabled: false }\n";
    let snapshot = Snapshot::new(load_text("broken.yaml", broken).scenarios.remove(0));
    let to = "stone.blob.core.windows.net";
    let question = Question { from: "vm-a".into(), to: to.into(), port: 443, transport: Transport::Tcp };
    let found = repair(&snapshot, &question, Verdict::Private).unwrap();
    let patch = &found.proposals[0].patch;
    let text = format!(
        "{broken}variants:\n  repaired:\n    patch:\n{}expectations:\n  E1: {{ from: vm-a, to: {to}, verdict: private }}\n",
        to_yaml(patch, 6)
    );
    let loaded = load_text("repaired.yaml", &text);
    assert!(loaded.diagnostics.is_empty(), "{:?}\n{text}", loaded.diagnostics);
    let repaired = Snapshot::new(loaded.scenarios.into_iter().find(|s| s.variant.is_some()).unwrap());
    let verification = privreach::verify::verify(&repaired);
    assert!(verification.checked.iter().all(|c| c.outcome == privreach::verify::Outcome::Held), "{text}");
}

/// Nothing is proposed that costs something else: opening a network to one flow must not lose what the file expects.
#[test]
fn proposals_keep_every_expectation() {
    let text = "virtual_networks:\n  vnet-a: { address_space: [10.0.0.0/16], subnets: { snet-a: { address_prefixes: [10.0.1.0/24] }, snet-b: { address_prefixes: [10.0.2.0/24], network_security_group: nsg-b } } }\n\
        virtual_machines:\n  vm-a: { subnet: vnet-a/snet-a, private_ip_address: 10.0.1.4 }\n  vm-x: { subnet: vnet-a/snet-a, private_ip_address: 10.0.1.9 }\n  vm-b: { subnet: vnet-a/snet-b, private_ip_address: 10.0.2.4, listens: [tcp/443] }\n\
        network_security_groups:\n  nsg-b: { security_rules: { deny-all: { priority: 200, direction: Inbound, access: Deny, protocol: \"*\", source_address_prefix: \"*\", destination_address_prefix: \"*\", destination_port_range: \"*\" } } }\n\
        expectations:\n  kept-out: { from: vm-x, to: vm-b, verdict: blocked, reason: NSG }\n";
    let snapshot = Snapshot::new(load_text("nsg.yaml", text).scenarios.remove(0));
    let question = Question { from: "vm-a".into(), to: "vm-b".into(), port: 443, transport: Transport::Tcp };
    let found = repair(&snapshot, &question, Verdict::Private).unwrap();
    assert_eq!(found.proposals.len(), 1, "{:?}", found.proposals);
    let patch = &found.proposals[0].patch;
    assert_eq!(
        patch["network_security_groups"]["nsg-b"]["security_rules"]["allow-flow"]["source_address_prefix"],
        "10.0.1.4"
    );
    assert!(!found.refuted.is_empty(), "removing the rule lets vm-x in, which is refuted");
}

/// Shipped scenarios broken in three places at once, mended with what `fix` proposes and nothing else: the proposals are
/// applied in turn, and then every expectation of the scenario holds again.
#[test]
fn shipped_scenarios_broken_in_three_places_are_repaired() {
    let mut repaired = 0;
    for scenario in load_paths(&[root().join("tests/repairs")]).scenarios {
        let Some(name) = scenario.variant.clone() else { continue };
        let broken = Snapshot::new(scenario);
        assert!(broken.is_usable(), "{name}: {:?}", broken.diagnostics);
        let found = repair_file(&broken);
        let steps: Vec<_> =
            found.mended.iter().map(|m| (&m.id, m.repairs.proposals.first().map(|p| &p.changes))).collect();
        assert!(found.failing > 0 && found.left.is_empty(), "{name}: {:?} are left of {steps:?}", found.left);
        // Each in turn, as a user would paste them.
        let mut now = broken.clone();
        for mended in &found.mended {
            let repairs = &mended.repairs;
            let prover = Prover::new(&now, &repairs.trace.question, repairs.goal);
            let next = prover.apply(&repairs.proposals[0].patch);
            now = next.unwrap_or_else(|| panic!("{name}: {} cannot be applied", repairs.proposals[0].patch));
        }
        let checked = privreach::verify::verify(&now).checked;
        let failed: Vec<_> = checked.iter().filter(|c| c.outcome != privreach::verify::Outcome::Held).collect();
        assert!(failed.is_empty(), "{name}: {failed:?}");
        repaired += 1;
    }
    assert!(repaired >= 22, "only {repaired} were looked at");
}

/// A wrong address where queries are sent on to, and in a record; and an expectation that stands against what is wanted.
#[test]
fn wrong_addresses_are_corrected_and_expectations_against_it_are_named() {
    let load = |variant: &str| {
        let path = root().join("tests/repairs/hybrid-dns.yaml");
        Snapshot::new(load_file(&path, Some(variant)).scenarios.remove(0))
    };
    let ask =
        |from: &str, to: &str| Question { from: from.into(), to: to.into(), port: 443, transport: Transport::Tcp };
    let broken = load("wrong-target-lost-link-waiting-endpoint");
    let found = repair(&broken, &ask("vm-app", "erp.corp.contoso.com"), Verdict::Private).unwrap();
    let target = "/private_dns_resolver_dns_forwarding_rulesets/rs-corporate/rules/corp/target_dns_servers/0";
    assert_eq!(found.proposals[0].patch.pointer(target), Some(&"192.168.0.53".into()), "{:?}", found.proposals);
    let broken = load("wrong-forwarder-wrong-target-stale-record");
    let found = repair(&broken, &ask("desk", "api.cloud.contoso.com"), Verdict::Private);
    assert!(found.unwrap().trace.judgement.verdict != Verdict::Private);
    let (code, out) = run(&[
        "fix",
        "scenarios/quickstart/quickstart.yaml",
        "--from",
        "vm-web",
        "--to",
        "stquickstart.blob.core.windows.net",
        "--verdict",
        "blocked",
    ]);
    assert_eq!(code, 0, "{out}");
    for part in ["remove private endpoint pe-blob", "the expectation `vm-to-blob` of the file says private"] {
        assert!(out.contains(part), "{part} is not in\n{out}");
    }
}

fn run(args: &[&str]) -> (i32, String) {
    let output =
        Command::cargo_bin("privreach").unwrap().current_dir(root()).env("COLUMNS", "200").args(args).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

/// What no change can do is said, with what the platform supports instead.
#[test]
fn a_managed_network_cannot_be_peered_and_the_bridge_is_offered() {
    let (code, out) = run(&["fix", BASE, "--from", "ci-alice", "--to", "sql01.corp.contoso.com:1433"]);
    assert_eq!(code, 1, "{out}");
    for part in ["cannot be peered", "application gateway", "ISO-06"] {
        assert!(out.contains(part), "{part} is not in\n{out}");
    }
    let (code, out) = run(&["fix", BASE, "--from", "internet-visitor", "--to", "srch-contoso.search.windows.net"]);
    assert!(code == 1 && out.contains("no private path"), "{out}");
    let (code, out) = run(&["fix", BASE, "--from", "ci-alice", "--to", "srch-contoso"]);
    assert!(code == 0 && out.contains("already"), "{out}");
    assert_eq!(run(&["fix", BASE, "--from", "nobody", "--to", "srch-contoso"]).0, 2);
}

/// A file that is broken in three places at once is repaired as a whole: the proposals fit together, and with all of them
/// applied every expectation holds.
#[test]
fn a_file_broken_in_three_places_is_repaired() {
    let text = "virtual_networks:
  vnet-a:
    address_space: [10.0.0.0/16]
    subnets:
      snet-a: { address_prefixes: [10.0.1.0/24] }
      snet-b: { address_prefixes: [10.0.2.0/24], network_security_group: nsg-b }
      snet-pe: { address_prefixes: [10.0.3.0/24] }
virtual_machines:
  vm-a: { subnet: vnet-a/snet-a, private_ip_address: 10.0.1.4 }
  vm-b: { subnet: vnet-a/snet-b, private_ip_address: 10.0.2.4, listens: [tcp/443] }
network_security_groups:
  nsg-b: { security_rules: { deny-a: { priority: 200, direction: Inbound, access: Deny, protocol: \"*\", source_address_prefix: 10.0.1.0/24, destination_address_prefix: \"*\", destination_port_range: \"*\" } } }
services:
  stone: { type: Microsoft.Storage/storageAccounts, public_network_access_enabled: false }
  vault: { type: Microsoft.KeyVault/vaults, public_network_access_enabled: false }
private_endpoints:
  pe-stone: { subnet: vnet-a/snet-pe, private_service_connection: { private_connection_resource: stone, subresource_names: [blob] }, private_dns_zone_group: { private_dns_zones: [privatelink.blob.core.windows.net] } }
  pe-vault: { subnet: vnet-a/snet-pe, private_service_connection: { private_connection_resource: vault, subresource_names: [vault], is_manual_connection: true, status: Pending }, private_dns_zone_group: { private_dns_zones: [privatelink.vaultcore.azure.net] } }
private_dns_zones:
  privatelink.blob.core.windows.net: {}
  privatelink.vaultcore.azure.net: { virtual_network_links: { vnet-a: {} } }
expectations:
  blob: { from: vm-a, to: stone.blob.core.windows.net, verdict: private }
  again: { from: vm-b, to: stone.blob.core.windows.net, verdict: private }
  web: { from: vm-a, to: vm-b, verdict: private }
  secrets: { from: vm-a, to: vault.vault.azure.net, verdict: private }
";
    let snapshot = Snapshot::new(load_text("three.yaml", text).scenarios.remove(0));
    let found = repair_file(&snapshot);
    assert_eq!(found.failing, 4);
    assert_eq!(found.left, Vec::<String>::new(), "{:?}", found.mended);
    assert_eq!(found.mended.len() + found.along.len(), 4);
    assert!(!found.along.is_empty(), "one link serves both machines");
    let patch = found.patch.clone().unwrap();
    let first = &found.mended[0].repairs.trace.question;
    let repaired = Prover::new(&snapshot, first, Verdict::Private).apply(&patch).unwrap();
    let checked = privreach::verify::verify(&repaired).checked;
    assert!(checked.iter().all(|c| c.outcome == privreach::verify::Outcome::Held), "{patch}");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("three.yaml");
    std::fs::write(&path, text).unwrap();
    let (code, out) = run(&["fix", path.to_str().unwrap()]);
    assert_eq!(code, 0, "{out}");
    for part in ["4 expectations do not hold", "the first proposals together", "repaired along with them", "Approved"] {
        assert!(out.contains(part), "{part} is not in\n{out}");
    }
    // Nothing to repair, and half a question.
    assert_eq!(run(&["fix", BASE]).0, 0);
    assert_eq!(run(&["fix", BASE, "--from", "ci-alice"]).0, 2);
}
