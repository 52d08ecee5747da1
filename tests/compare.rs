//! Laws and worked cases of comparing two designs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use assert_cmd::Command;
use privreach::{
    compare::{Answer, Comparison, Effect, FlowChange, apply, compare, compare_closely, compare_each, evaluate},
    diag::Severity,
    document::{Mapping, Node, Value},
    generate::{Format, Options, Shape},
    lint::{changes, lint},
    scenario::{load_file, load_paths, load_text},
    snapshot::Snapshot,
    verdict::Verdict,
};
use std::{collections::BTreeSet, path::Path, sync::LazyLock};

const BASE: &str = "scenarios/foundry-hub/foundry-hub.yaml";
const MUTATIONS: &str = "scenarios/foundry-hub/mutations.yaml";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn file(name: &str) -> Snapshot {
    Snapshot::new(load_file(&root().join(name), None).scenarios.remove(0))
}

fn mutations() -> Vec<Snapshot> {
    load_paths(&[root().join(MUTATIONS)])
        .scenarios
        .into_iter()
        .filter(|s| s.variant.is_some())
        .map(Snapshot::new)
        .collect()
}

/// The finished design, and what each of its mutations differs in.
static COMPARED: LazyLock<(Snapshot, Vec<(Snapshot, Comparison)>)> = LazyLock::new(|| {
    let base = file(BASE);
    let compared = mutations().into_iter().map(|m| (m.clone(), compare(&base, &m))).collect();
    (base, compared)
});

fn name(snapshot: &Snapshot) -> String {
    snapshot.scenario.variant.clone().unwrap_or_default()
}

/// Two estates as text, compared.
fn texts(before: &str, after: &str) -> Comparison {
    let load = |text: &str| {
        let mut loaded = load_text("case.yaml", text);
        assert!(loaded.diagnostics.iter().all(|d| d.severity == Severity::Warning), "{:?}", loaded.diagnostics);
        Snapshot::new(loaded.scenarios.remove(0))
    };
    compare(&load(before), &load(after))
}

/// The law: a design does not differ from itself, nor from the same file read again.
#[test]
fn nothing_differs_from_itself() {
    for scenario in load_paths(&[root().join("scenarios")]).scenarios {
        let title = scenario.title();
        let snapshot = Snapshot::new(scenario);
        let same = compare(&snapshot, &snapshot.clone());
        assert!(same.differences.is_empty() && same.changes.is_empty() && same.evaluated > 0, "{title}");
    }
    let text = std::fs::read_to_string(root().join(BASE)).unwrap();
    let moved = format!("# A line more, so that every place differs.\n{text}");
    let again = texts(&text, &moved);
    assert!(again.differences.is_empty() && again.changes.is_empty());
}

fn decision(
    answer: Option<&Answer>,
) -> Option<(Verdict, Option<privreach::verdict::Via>, Option<privreach::verdict::Reason>)> {
    answer.map(|a| (a.verdict, a.via, a.decides))
}

/// Every flow whose expectation a mutation writes anew is found, and nothing is found that both sides answer alike.
#[test]
fn the_mutations_flows_are_found() {
    for (mutation, comparison) in &COMPARED.1 {
        let found: BTreeSet<(&str, &str, u16)> = comparison
            .changes
            .iter()
            .map(|c| (c.question.from.as_str(), c.question.to.as_str(), c.question.port))
            .collect();
        // Flows that an expectation selects are asked for by themselves.
        for designed in mutation.scenario.designed.iter().filter(|e| !e.fields.selects()) {
            let now = mutation.scenario.expectations.iter().find(|e| e.id == designed.id).unwrap();
            let (was, is) = (&designed.fields, &now.fields);
            let differs = was.verdict.as_ref().map(|v| v.value) != is.verdict.as_ref().map(|v| v.value)
                || was.reason.as_ref().map(|r| r.value) != is.reason.as_ref().map(|r| r.value);
            let flow = (was.from.value.as_str(), was.to.value.as_str(), was.port.value);
            assert!(!differs || found.contains(&flow), "{}: {} is not found", name(mutation), designed.id);
        }
        for change in &comparison.changes {
            assert_ne!(change.before, change.after, "{}", name(mutation));
            let after = evaluate(&mutation.plane, &change.question);
            assert!(change.after == after || after.is_some_and(|a| a.is_undeclared()));
        }
    }
}

/// A named cause is sufficient, and no part of it can be left out.
#[test]
fn causes_flip_their_flows_and_are_minimal() {
    let (base, compared) = &*COMPARED;
    let mut several = 0;
    for (mutation, comparison) in compared {
        let flips = |set: &[usize], change: &FlowChange| {
            let made = set.iter().map(|i| &comparison.differences[*i]);
            let Ok(scenario) = base.scenario.with_document(apply(&base.scenario.document, made)) else { return false };
            let hybrid = Snapshot::new(scenario);
            if hybrid.errors().any(|d| !d.refused) {
                return false;
            }
            let answer = evaluate(&hybrid.plane, &change.question);
            match change.effect {
                Effect::Rerouted | Effect::Otherwise => answer == change.after,
                _ => decision(answer.as_ref()) == decision(change.after.as_ref()),
            }
        };
        for class in comparison.classes() {
            let change = &class.example;
            let set = change.causes.as_ref().unwrap_or_else(|| panic!("{}: no cause for {change:?}", name(mutation)));
            assert!(!set.is_empty() && flips(set, change), "{}: {set:?} does not flip {change:?}", name(mutation));
            several += usize::from(set.len() > 1);
            for left_out in set.iter().filter(|_| set.len() > 1) {
                let rest: Vec<usize> = set.iter().filter(|i| *i != left_out).copied().collect();
                assert!(!flips(&rest, change), "{}: {left_out} is no part of the cause of {change:?}", name(mutation));
            }
        }
    }
    assert!(several > 0, "no mutation needs two differences at once, so the search for sets is not tried");
}

/// Both directions find the same flows.
#[test]
fn comparing_backwards_finds_the_same_flows() {
    let (base, compared) = &*COMPARED;
    for (mutation, comparison) in compared.iter().step_by(4) {
        let flows = |c: &Comparison| c.changes.iter().map(|c| c.question.clone()).collect::<BTreeSet<_>>();
        assert_eq!(flows(comparison), flows(&compare(mutation, base)), "{}", name(mutation));
    }
}

const ESTATE: &str = "
virtual_networks:
  vnet-a: { address_space: [10.0.0.0/16], subnets: { snet-a: { address_prefixes: [10.0.1.0/24] } } }
virtual_machines:
  vm-a: { subnet: vnet-a/snet-a, private_ip_address: 10.0.1.4 }
services:
  stone: { type: Microsoft.Storage/storageAccounts, public_network_access_enabled: false }
  sttwo: { type: Microsoft.Storage/storageAccounts, public_network_access_enabled: false }
internet_clients:
  visitor: { ip_address: 198.51.100.7 }
";

/// Two differences at once: each flow names its own, and only the one that matters.
#[test]
fn each_flow_names_its_own_cause() {
    let after = ESTATE
        .replace(
            "stone: { type: Microsoft.Storage/storageAccounts, public_network_access_enabled: false }",
            "stone: { type: Microsoft.Storage/storageAccounts, public_network_access_enabled: true }",
        )
        .replace("10.0.1.4", "10.0.1.9");
    let comparison = texts(ESTATE, &after);
    assert_eq!(comparison.differences.len(), 2);
    let exposed: Vec<_> = comparison.changes.iter().filter(|c| c.effect == Effect::Exposed).collect();
    assert!(!exposed.is_empty());
    for change in exposed {
        assert!(change.question.to.starts_with("stone"), "{change:?}");
        let cause = &comparison.differences[change.causes.as_ref().unwrap()[0]];
        assert_eq!(cause.path.join("."), "services.stone.public_network_access_enabled");
    }
}

/// A flow may need two differences at once, and a new client or service brings flows of its own.
#[test]
fn joint_causes_and_new_ends() {
    let after = ESTATE.replace(
        "  sttwo:",
        "  stnew: { type: Microsoft.Storage/storageAccounts, public_network_access_enabled: false }\n  sttwo:",
    );
    let comparison = texts(ESTATE, &after);
    for change in &comparison.changes {
        assert!(change.effect == Effect::Added && change.question.to.starts_with("stnew"), "{change:?}");
    }
    assert!(!comparison.changes.is_empty());
    let endpoint = "
private_endpoints:
  pe-one: { subnet: vnet-a/snet-a, private_service_connection: { private_connection_resource: stone, subresource_names: [blob] }, private_dns_zone_group: { private_dns_zones: [privatelink.blob.core.windows.net] } }
private_dns_zones:
  privatelink.blob.core.windows.net: { virtual_network_links: { vnet-a: {} } }
";
    let comparison = texts(ESTATE, &format!("{ESTATE}{endpoint}"));
    let gained: Vec<_> = comparison.changes.iter().filter(|c| c.effect == Effect::Gained).collect();
    assert!(!gained.is_empty());
    for change in &gained {
        assert_eq!(change.question.from, "vm-a");
        let causes = change.causes.as_ref().unwrap();
        let paths: Vec<_> = causes.iter().map(|i| comparison.differences[*i].path.join(".")).collect();
        assert_eq!(paths, ["private_endpoints", "private_dns_zones"]);
    }
}

fn run(args: &[&str]) -> (i32, String) {
    let output =
        Command::cargo_bin("privreach").unwrap().current_dir(root()).env("COLUMNS", "80").args(args).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn exit_codes_of_diff() {
    let diff = |variant: &str, more: &[&str]| {
        let after = format!("{MUTATIONS}#{variant}");
        run(&[&["diff", BASE, &after][..], more].concat()).0
    };
    assert_eq!(diff("M03-search-public", &[]), 0);
    assert_eq!(diff("M03-search-public", &["--fail-on", "public"]), 1);
    assert_eq!(diff("M02-search-rule-missing", &["--fail-on", "public"]), 0);
    assert_eq!(diff("M02-search-rule-missing", &["--fail-on", "regression"]), 1);
    assert_eq!(diff("M06-managed-network-peering", &["--fail-on", "regression"]), 0);
    assert_eq!(run(&["diff", BASE, BASE, "--fail-on", "regression"]).0, 0);
    // No flow is worse, and lint finds what nothing uses: a warning fails, a remark does not.
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (bare, group) = (
        write("bare.yaml", ESTATE),
        write("group.yaml", &format!("{ESTATE}application_security_groups: {{ asg: {{}} }}\n")),
    );
    let open = "network_security_groups: { nsg: { security_rules: { ssh: { priority: 100, direction: Inbound, access: Allow, protocol: Tcp, source_address_prefix: '*', destination_address_prefix: '*', destination_port_range: 22 } } } }\n";
    let open = write(
        "open.yaml",
        &ESTATE
            .replace("address_prefixes: [10.0.1.0/24]", "address_prefixes: [10.0.1.0/24], network_security_group: nsg")
            .replace("services:", &format!("{open}services:")),
    );
    assert_eq!(run(&["diff", &bare, &group, "--fail-on", "finding"]).0, 0);
    assert_eq!(run(&["diff", &bare, &open, "--fail-on", "regression"]).0, 0);
    assert_eq!(run(&["diff", &bare, &open, "--fail-on", "finding"]).0, 1);
    assert_eq!(diff("M02-search-rule-missing", &["--fail-on", "finding"]), 1);
    assert_eq!(run(&["diff", BASE, BASE, "--fail-on", "finding"]).0, 0);
    assert_eq!(diff("M99", &[]), 2);
    assert_eq!(run(&["diff", BASE, "missing.yaml"]).0, 2);
}

/// A mutation's findings are new, gone on the way back, and the same wherever their lines stand.
#[test]
fn findings_that_come_and_go() {
    let today = "2026-01-01".parse().unwrap();
    let found = |s: &Snapshot| lint(std::slice::from_ref(s), today);
    let base = found(&file(BASE));
    let codes = |list: &[privreach::lint::Finding]| list.iter().map(|f| f.rule.name).collect::<Vec<_>>();
    let mut some = 0;
    for mutation in mutations() {
        let mutated = found(&mutation);
        let (there, back) = (changes(&base, &mutated), changes(&mutated, &base));
        assert_eq!(codes(&there.added), codes(&back.removed), "{}", name(&mutation));
        assert_eq!(codes(&there.removed), codes(&back.added), "{}", name(&mutation));
        let kept = |of: &privreach::lint::Outcome, list: &[privreach::lint::Finding]| {
            of.findings.iter().filter(|f| f.rule.name != "stale-suppression").count() - list.len()
        };
        assert_eq!(kept(&base, &there.removed), kept(&mutated, &there.added), "{}", name(&mutation));
        some += there.added.len();
    }
    assert!(some > 20, "{some}");
    let unused = "application_security_groups: { one: {}, two: {} }\n";
    let load = |text: &str| found(&Snapshot::new(load_text("case.yaml", text).scenarios.remove(0)));
    let moved = changes(&load(unused), &load(&format!("# moved\n\n{unused}")));
    assert!(moved.added.is_empty() && moved.removed.is_empty());
    let fewer = changes(&load(unused), &load("application_security_groups: { one: {} }\n"));
    assert_eq!((codes(&fewer.added), codes(&fewer.removed)), (vec![], vec!["unused-application-security-group"]));
}

/// A repair is no regression: what closes to the internet is what one wants.
#[test]
fn closing_to_the_internet_is_no_regression() {
    let open = file(MUTATIONS);
    let exposed = mutations().into_iter().find(|m| name(m).starts_with("M24")).unwrap();
    let closing = compare(&exposed, &open);
    assert!(closing.changes.iter().any(|c| c.effect == Effect::Lost && c.from_internet));
    assert!(closing.changes.iter().all(|c| !c.is_regression()), "{:?}", closing.changes);
}

#[test]
fn diff_as_markdown_numbers_its_causes() {
    let (_, out) = run(&["diff", BASE, &format!("{MUTATIONS}#M03-search-public"), "--format", "markdown"]);
    for part in
        ["### To look at", "exposed", "### Declared differences", "mutations.yaml:", "<details>", "### New findings"]
    {
        assert!(out.contains(part), "{part} is not in\n{out}");
    }
}

/// Exposure shows wherever something can be asked for: on ports that only rules name, through balancers, and on one of
/// several equal ways (EVAL-05).
#[test]
fn exposure_shows_on_every_way_in() {
    let before = "
virtual_networks:
  v: { address_space: [10.0.0.0/16], subnets: { s: { address_prefixes: [10.0.1.0/24], network_security_group: n } } }
public_ips: { p: { ip_address: 20.1.1.1 }, q: { ip_address: 20.1.1.2 } }
network_security_groups:
  n: { security_rules: { r: { priority: 200, direction: Inbound, access: Allow, protocol: Tcp, source_address_prefix: FROM, destination_address_prefix: TO, destination_port_range: PORT } } }
virtual_machines:
  web: { subnet: v/s, private_ip_address: 10.0.1.4, public_ip: p }
  two: { subnet: v/s, private_ip_address: 10.0.1.5 }
  three: { subnet: v/s, private_ip_address: 10.0.1.6 }
load_balancers:
  plb:
    frontend_ip_configurations: { f: { public_ip_address: q } }
    backend_address_pools: { b: { virtual_machines: [two, three] } }
    rules: { r: { protocol: Tcp, frontend_port: 80, backend_port: 80, frontend_ip_configuration: f, backend_address_pool: b } }
internet_clients: { i: { ip_address: 198.51.100.7 } }
";
    let with = |from: &str, to: &str, port: &str| before.replace("FROM", from).replace("TO", to).replace("PORT", port);
    let closed = with("10.9.9.9", "\"*\"", "22");
    for (port, to, asked, alternatives) in
        [("22", "\"*\"", ("p", 22), false), ("80", "\"*\"", ("plb", 80), false), ("80", "10.0.1.5", ("plb", 80), true)]
    {
        let found = texts(&closed, &with("Internet", to, port));
        let hit = |c: &&FlowChange| {
            (c.question.from.as_str(), c.question.to.as_str(), c.question.port) == ("i", asked.0, asked.1)
        };
        let change = found.changes.iter().find(hit).unwrap_or_else(|| panic!("{asked:?} is not found"));
        assert_eq!(change.effect, Effect::Exposed, "{asked:?}");
        assert_eq!(change.after.as_ref().unwrap().verdict == Verdict::Public, !alternatives, "{asked:?}");
    }
}

/// Where one of several equal ways was public and now all are, another one has been opened.
#[test]
fn partly_public_to_public_is_exposure() {
    let design = |second: &str| {
        format!(
            "virtual_networks:\n  v: {{ address_space: [10.0.0.0/16], subnets: {{ a: {{ address_prefixes: [10.0.1.0/24], network_security_group: na }}, b: {{ address_prefixes: [10.0.2.0/24], network_security_group: nb }} }} }}\n\
             network_security_groups:\n  na: {{ security_rules: {{ x: {{ priority: 100, direction: Inbound, access: Allow, protocol: Tcp, source_address_prefix: Internet, destination_address_prefix: \"*\", destination_port_range: 22 }} }} }}\n  \
             nb: {{ security_rules: {{ x: {{ priority: 100, direction: Inbound, access: {second}, protocol: Tcp, source_address_prefix: Internet, destination_address_prefix: \"*\", destination_port_range: 22 }} }} }}\n\
             virtual_machines:\n  one: {{ subnet: v/a, private_ip_address: 10.0.1.4, listens: [tcp/22] }}\n  two: {{ subnet: v/b, private_ip_address: 10.0.2.4, listens: [tcp/22] }}\n\
             public_ips: {{ pip: {{ ip_address: 20.1.1.1, sku: Standard }} }}\n\
             load_balancers:\n  lb: {{ sku: Standard, frontend_ip_configurations: {{ f: {{ public_ip_address: pip }} }}, backend_address_pools: {{ p: {{ virtual_machines: [one, two] }} }}, rules: {{ r: {{ frontend_ip_configuration: f, backend_address_pool: p, protocol: Tcp, frontend_port: 22, backend_port: 22 }} }} }}\n\
             internet_clients: {{ visitor: {{ ip_address: 198.51.100.7 }} }}\n"
        )
    };
    let comparison = texts(&design("Deny"), &design("Allow"));
    let effect =
        |to: &str| comparison.changes.iter().find(|c| c.question.to == to && c.from_internet).map(|c| c.effect);
    assert_eq!(effect("pip"), Some(Effect::Exposed), "{:?}", comparison.changes);
}

/// What opens to a part of the internet that no declared client is of shows, too: somebody stands for each kind of public
/// addresses that rules of either side tell apart, and `trace` can ask as whoever is named.
#[test]
fn exposure_to_a_range_shows() {
    let vault = |client: &str, rules: &str| {
        format!("location: westeurope\n{client}services: {{ kv: {{ type: Microsoft.KeyVault/vaults, {rules} }} }}\n")
    };
    let closed = "network_rules: { default_action: Deny }";
    let of = |ranges: &str| format!("network_rules: {{ default_action: Deny, ip_rules: [{ranges}] }}");
    let visitor = "internet_clients: { visitor: { ip_address: 198.51.100.7 } }\n";
    let anybody = "network_rules: { default_action: Allow }";
    for (client, before, after, exposed) in [
        // Nobody is declared.
        ("", closed.to_owned(), anybody.to_owned(), vec!["internet"]),
        ("", closed.to_owned(), of("203.0.113.0/24"), vec!["internet:203.0.113.0/24"]),
        // Others than who is declared.
        (visitor, closed.to_owned(), of("203.0.113.0/24"), vec!["internet:203.0.113.0/24"]),
        (visitor, closed.to_owned(), of("8.0.0.0/8, 20.0.0.0/8"), vec!["internet:8.0.0.0/8"]),
        (visitor, closed.to_owned(), of("203.0.113.9/32"), vec!["internet:203.0.113.9/32"]),
        // From a range to everybody, although the one who is declared was in the range.
        (visitor, of("198.51.100.0/24"), anybody.to_owned(), vec!["internet"]),
        // To a wider range.
        (visitor, of("198.51.100.0/24"), of("198.51.0.0/16"), vec!["internet:198.51.0.0/16"]),
        // To fewer, or to the same in other words.
        (visitor, anybody.to_owned(), of("198.51.100.0/24"), vec![]),
        (visitor, of("20.0.0.0/9, 20.128.0.0/9"), of("20.0.0.0/8"), vec![]),
    ] {
        let (before, after) = (vault(client, &before), vault(client, &after));
        let comparison = texts(&before, &after);
        let changes = comparison.changes.iter().filter(|c| c.effect == Effect::Exposed);
        let found: BTreeSet<&str> = changes.clone().map(|c| c.question.from.as_str()).collect();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), exposed, "{before}{after}");
        assert!(changes.clone().all(|c| c.from_internet && c.causes.is_some()), "{after}");
        for change in changes {
            let mut alone = Snapshot::new(load_text("case.yaml", &after).scenarios.remove(0));
            alone.admit(&change.question.from, Some(&change.question.to));
            assert_eq!(evaluate(&alone.plane, &change.question), change.after, "{}", change.question.from);
        }
    }
}

/// ICMP is a flow of its own where rules single it out, and is written without a port.
#[test]
fn an_opened_echo_shows() {
    let design = |rules: &str| {
        format!(
            "virtual_networks:\n  v: {{ address_space: [10.0.0.0/16], subnets: {{ s: {{ address_prefixes: [10.0.1.0/24], network_security_group: n }} }} }}\n\
             public_ips: {{ p: {{ ip_address: 20.1.1.1, sku: Standard }} }}\n\
             network_security_groups: {{ n: {{ security_rules: {{ {rules} }} }} }}\n\
             virtual_machines: {{ web: {{ subnet: v/s, private_ip_address: 10.0.1.4, public_ip: p, listens: [tcp/443] }} }}\n"
        )
    };
    let icmp = "x: { priority: 100, direction: Inbound, access: Allow, protocol: Icmp, source_address_prefix: Internet, destination_address_prefix: \"*\", destination_port_range: \"*\" }";
    let comparison = texts(&design(""), &design(icmp));
    let exposed: Vec<_> = comparison.changes.iter().filter(|c| c.effect == Effect::Exposed).collect();
    assert_eq!(exposed.len(), 1, "{:?}", comparison.changes);
    let asked = &exposed[0].question;
    assert_eq!((asked.from.as_str(), asked.to.as_str(), asked.port), ("internet", "p", 0));
    let targets: Vec<String> = comparison.classes().into_iter().flat_map(|c| c.targets).collect();
    assert!(targets.contains(&"p  icmp".to_owned()), "{targets:?}");
}

/// A second frontend gives the first one another name, and changes no flow to it.
#[test]
fn a_second_frontend_renames_no_flow() {
    let design = |further: &str| {
        format!(
            "virtual_networks:\n  v: {{ address_space: [10.0.0.0/16], subnets: {{ s: {{ address_prefixes: [10.0.1.0/24] }} }} }}\n\
             virtual_machines: {{ one: {{ subnet: v/s, private_ip_address: 10.0.1.4 }}, two: {{ subnet: v/s, private_ip_address: 10.0.1.5 }} }}\n\
             load_balancers:\n  lb: {{ sku: Standard, frontend_ip_configurations: {{ f: {{ subnet: v/s, private_ip_address: 10.0.1.10 }}{further} }}, backend_address_pools: {{ p: {{ virtual_machines: [one] }} }}, rules: {{ r: {{ frontend_ip_configuration: f, backend_address_pool: p, protocol: Tcp, frontend_port: 80, backend_port: 80 }} }} }}\n"
        )
    };
    let (one, two) = (design(""), design(", g: { subnet: v/s, private_ip_address: 10.0.1.11 }"));
    for (before, after, effect) in [(&one, &two, Effect::Added), (&two, &one, Effect::Removed)] {
        let comparison = texts(before, after);
        let found: BTreeSet<_> = comparison.changes.iter().map(|c| (c.question.to.as_str(), c.effect)).collect();
        assert_eq!(found, BTreeSet::from([("lb/g", effect)]));
    }
}

/// What rests on an assumption names what it is about, which the path does not pass for that.
#[test]
fn an_assumption_reroutes_nothing() {
    let hub = std::fs::read_to_string(root().join("scenarios/hub-spoke-firewall/hub-spoke-firewall.yaml")).unwrap();
    let line = hub.lines().find(|l| l.trim_start().starts_with("data-to-hub:")).unwrap();
    let refusing = line.replace(", allow_forwarded_traffic: true", "");
    assert_ne!(line, refusing);
    let comparison = texts(&hub, &hub.replace(line, &refusing));
    let rerouted: Vec<_> = comparison.changes.iter().filter(|c| c.effect == Effect::Rerouted).collect();
    assert!(rerouted.is_empty(), "{rerouted:?}");
}

/// What a comparison says, in words.
fn said(comparison: &Comparison) -> Vec<String> {
    let one = |c: &FlowChange| format!("{:?} {:?} {:?} {:?} {:?}", c.question, c.effect, c.before, c.after, c.causes);
    comparison.changes.iter().map(one).collect()
}

/// Asking by class comes to what tracing every flow does, on every change; where many flows stay closed, on every change but
/// those of what further blocks them.
#[track_caller]
fn agree(before: &Snapshot, after: &Snapshot, title: &str) {
    let each = compare_each(before, after);
    let solved = compare(before, after);
    assert_eq!((solved.evaluated, solved.by_decision), (each.evaluated, 0), "{title}");
    for (one, other) in said(&solved).iter().zip(&said(&each)) {
        assert_eq!(one, other, "{title}");
    }
    assert_eq!(solved.changes.len(), each.changes.len(), "{title}");
    let further =
        |c: &FlowChange| c.effect == Effect::Otherwise && decision(c.before.as_ref()) == decision(c.after.as_ref());
    let flows = |c: &Comparison| -> Vec<String> {
        let kept = c.changes.iter().filter(|c| !further(c));
        kept.map(|c| format!("{:?} {:?} {:?} {:?}", c.question, c.effect, c.before, c.after)).collect()
    };
    let coarse = compare_closely(before, after, 0);
    assert_eq!(coarse.evaluated, each.evaluated, "{title}");
    assert_eq!(flows(&coarse), flows(&each), "{title}");
}

#[test]
fn asking_by_class_comes_to_what_tracing_does_on_mutations() {
    let (base, compared) = &*COMPARED;
    for (mutation, _) in compared.iter().step_by(9) {
        agree(base, mutation, &name(mutation));
    }
    agree(&compared[0].0, &compared[1].0, "two mutations");
}

#[test]
fn asking_by_class_comes_to_what_tracing_does_on_made_estates() {
    let made = |options: &Options| {
        let text = privreach::generate::text(options, Format::Yaml).unwrap();
        Snapshot::new(load_text("made.yaml", &text).scenarios.remove(0))
    };
    for (seed, shape) in [(1, Shape::Typical), (2, Shape::Worst), (3, Shape::Hosts)] {
        let size =
            Options { hubs: Some(1), spokes: Some(2), subnets: Some(1), rules: Some(4), ..Options::new(8, 3, seed) };
        let options = Options { shape, ..size };
        let before = made(&options);
        // Some elements are taken away, one after the other, and one estate is held against another.
        let elements = privreach::impact::elements(&before.scenario.document);
        let mut tried = 0;
        for element in elements.iter().step_by(elements.len() / 4 + 1) {
            let mut document = (*before.scenario.document).clone();
            remove(&mut document, &element.path);
            let Ok(scenario) = before.scenario.with_document(document) else { continue };
            let after = Snapshot::new(scenario);
            if after.is_usable() {
                agree(&before, &after, &format!("{seed} without {:?}", element.path));
                tried += 1;
            }
        }
        assert!(tried > 1, "{seed}");
    }
    let size =
        |seed| Options { hubs: Some(1), spokes: Some(1), subnets: Some(1), rules: Some(2), ..Options::new(3, 1, seed) };
    agree(&made(&size(1)), &made(&size(2)), "two estates");
}

fn remove(mapping: &mut Mapping, path: &[String]) {
    match path {
        [] => {}
        [last] => mapping.0.retain(|(k, ..)| k != last),
        [first, rest @ ..] => {
            if let Some((_, _, Node { value: Value::Mapping(inner), .. })) =
                mapping.0.iter_mut().find(|(k, ..)| k == first)
            {
                remove(inner, rest);
            }
        }
    }
}
