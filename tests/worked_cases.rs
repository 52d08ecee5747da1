//! Every worked case of the specification is shown by a scenario, a case file or a refusal. The list is data in
//! `rules/cases.yaml`; what is no flow says there what shows it instead.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::{dataplane::Role, scenario::load_paths, snapshot::Snapshot};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn yaml_files(directory: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(directory).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "yaml") {
            found.push(path);
        }
    }
}

/// The ids of all cases, and what shows those that are no flow.
fn listed() -> (Vec<String>, BTreeMap<String, String>) {
    let text = fs::read_to_string(root().join("tests/rules/cases.yaml")).unwrap();
    let (mut ids, mut elsewhere) = (Vec::new(), BTreeMap::new());
    for line in text.lines().filter(|l| l.starts_with("  ")) {
        let (key, rest) = line.trim().split_once(": ").unwrap();
        match rest.strip_prefix('[') {
            Some(numbers) => {
                ids.extend(numbers.trim_end_matches(']').split(", ").map(|n| format!("{key}{}", n.trim_matches('"'))))
            }
            None => drop(elsewhere.insert(key.to_owned(), rest.to_owned())),
        }
    }
    (ids, elsewhere)
}

/// The case a word names: `D13` or `C-31`, and in keys the same in small letters with a remark behind (`d13-standby`).
fn case_id(word: &str) -> Option<String> {
    let upper = word.to_uppercase();
    let (letter, rest) = (upper.get(..1)?, upper.get(1..)?);
    let dash = rest.starts_with('-');
    let number = rest.trim_start_matches('-').get(..2)?;
    let after = rest.trim_start_matches('-').get(2..)?;
    let fits = "ABCDEFHIJK".contains(letter)
        && (!dash || letter == "C")
        && number.chars().all(|c| c.is_ascii_digit())
        && (after.is_empty() || after.starts_with('-'));
    fits.then(|| format!("{letter}{}{number}", if dash { "-" } else { "" }))
}

/// The cases that the lines of a file show: keys, and ids in descriptions and in comments beside an expectation.
fn shown(text: &str, refusals: bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in text.lines() {
        let code = line.trim_start();
        let remark = if refusals { code.starts_with("# case: ") } else { code.starts_with('#') && code != line };
        if remark || code.starts_with("description: ") {
            let words = code.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
            found.extend(words.filter(|w| w.starts_with(|c: char| c.is_ascii_uppercase())).filter_map(case_id));
        } else if let Some((key, _)) = code.split_once(':')
            && code != line
        {
            found.extend(case_id(key.trim_matches('"')));
        }
    }
    found
}

#[test]
fn every_worked_case_is_shown() {
    let (ids, elsewhere) = listed();
    assert!(ids.len() > 200, "the list of cases is not read");
    let mut found = Vec::new();
    for directory in ["tests/cases/core", "tests/cases/private", "tests/diagnostics", "scenarios"] {
        yaml_files(&root().join(directory), &mut found);
    }
    let mut all: BTreeSet<String> = BTreeSet::new();
    // The flows of the hub's own page are numbered in letters, too.
    for path in found.iter().filter(|p| !p.starts_with(root().join("scenarios/foundry-hub"))) {
        let refusals = path.starts_with(root().join("tests/diagnostics"));
        all.extend(shown(&fs::read_to_string(path).unwrap(), refusals));
    }
    let missing: Vec<_> = ids.iter().filter(|id| !all.contains(*id) && !elsewhere.contains_key(*id)).collect();
    assert!(missing.is_empty(), "no file shows {missing:?}");
    let stale: Vec<_> = elsewhere.keys().filter(|id| all.contains(*id) || !ids.contains(id)).collect();
    assert!(stale.is_empty(), "shown by a file, or no case: {stale:?}");
    for (id, place) in elsewhere.iter().filter(|(_, p)| p.starts_with("tests/")) {
        assert!(fs::read_to_string(root().join(place)).unwrap().contains(id.as_str()), "{place} does not name {id}");
    }
}

#[test]
fn ids_are_told_from_other_words() {
    let text = "# header A01\nname: x\n  d13-standby: { from: a }\n  # ROUTE-14, H19: x\n    description: Off (UDR-08; I10)\n  \"c-31\": 1\n  a-01: x\n  a1: y\n";
    assert_eq!(shown(text, false).into_iter().collect::<Vec<_>>(), ["C-31", "D13", "H19", "I10"]);
    assert_eq!(shown("# case: C07\n# C08\n", true).into_iter().collect::<Vec<_>>(), ["C07"]);
}

/// F03: the passes of Azure Firewall over a policy and its parent, in the documented order (FW-04).
#[test]
fn firewall_rules_run_in_the_documented_order() {
    let collection = |name: &str, priority: u32, rule: &str| {
        format!("{name}: {{ priority: {priority}, action: Allow, rules: {{ {name}: {{ {rule} }} }} }}")
    };
    let network = |name, priority| {
        collection(
            name,
            priority,
            "protocols: [TCP], source_addresses: ['*'], destination_addresses: ['*'], destination_ports: [1]",
        )
    };
    let application = |name, priority| {
        collection(
            name,
            priority,
            "source_addresses: ['*'], destination_fqdns: [a.example], protocols: [{ type: Https, port: 443 }]",
        )
    };
    let translation = |name: &str, priority: u32, port: u32| {
        format!(
            "{name}: {{ priority: {priority}, rules: {{ {name}: {{ protocols: [TCP], source_addresses: ['*'], \
             destination_address: 203.0.113.1, destination_ports: [{port}], translated_address: 10.0.0.70, translated_port: 80 }} }} }}"
        )
    };
    let text = format!(
        "virtual_networks: {{ v: {{ address_space: [10.0.0.0/16], subnets: {{ AzureFirewallSubnet: {{ address_prefixes: [10.0.0.0/26] }} }} }} }}\n\
         public_ips: {{ pip: {{ ip_address: 203.0.113.1 }} }}\n\
         firewalls: {{ fw: {{ subnet: v/AzureFirewallSubnet, private_ip_address: 10.0.0.4, public_ips: [pip], firewall_policy: child }} }}\n\
         firewall_policies:\n\
         \x20 parent:\n\
         \x20   rule_collection_groups:\n\
         \x20     BaseRCG1: {{ priority: 200, nat_rule_collections: {{ {}, {} }}, network_rule_collections: {{ {} }} }}\n\
         \x20     BaseRCG2: {{ priority: 300, application_rule_collections: {{ {} }}, network_rule_collections: {{ {} }} }}\n\
         \x20 child:\n\
         \x20   base_policy: parent\n\
         \x20   rule_collection_groups:\n\
         \x20     ChildRCG1: {{ priority: 300, network_rule_collections: {{ {} }}, application_rule_collections: {{ {} }} }}\n\
         \x20     ChildRCG2: {{ priority: 650, network_rule_collections: {{ {} }}, application_rule_collections: {{ {} }}, nat_rule_collections: {{ {} }} }}\n\
         expectations: {{ none: {{ from: fw, to: 10.0.0.70, verdict: blocked }} }}\n",
        translation("DNATRC1", 600, 81),
        translation("DNATRC3", 610, 82),
        network("NetworkRC1", 800),
        application("AppRC2", 1200),
        network("NetworkRC2", 1300),
        network("ChNetRC1", 700),
        application("ChAppRC1", 900),
        network("ChNetRC2", 1100),
        application("ChAppRC2", 2000),
        translation("ChDNATRC3", 3000, 83),
    );
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("f03.yaml");
    fs::write(&path, text).unwrap();
    let loaded = load_paths(&[path]);
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    let snapshot = Snapshot::new(loaded.scenarios.into_iter().next().unwrap());
    let firewall = snapshot
        .plane
        .endpoints
        .iter()
        .find_map(|(_, e)| match &e.role {
            Role::Firewall(firewall) => Some(firewall),
            _ => None,
        })
        .unwrap();
    let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let order: Vec<String> = firewall
        .translations
        .iter()
        .map(|t| last(&t.origin.name))
        .chain(firewall.filter.rules.iter().map(|r| last(&r.origin.name)))
        .collect();
    let documented = [
        "DNATRC1",
        "DNATRC3",
        "ChDNATRC3",
        "NetworkRC1",
        "NetworkRC2",
        "ChNetRC1",
        "ChNetRC2",
        "AppRC2",
        "ChAppRC1",
        "ChAppRC2",
    ];
    assert_eq!(order, documented);
}

/// The worked table of Azure's page on user-defined routes, printed by the command on its scenario: state, source, prefix,
/// next hop type and address, row by row (A01 to A13).
#[test]
fn the_worked_route_table_is_printed_as_documented() {
    let routes = |at: &str| -> Vec<Vec<String>> {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_privreach"))
            .args(["routes", "tests/cases/core/a-user-defined-routes.yaml", "--at", at])
            .current_dir(root())
            .env("COLUMNS", "300")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let head = text.lines().next().unwrap();
        let columns = ["State", "Source", "Address Prefix", "Next Hop Type", "Next Hop IP"];
        let starts: Vec<usize> = columns.iter().map(|c| head.find(c).unwrap()).collect();
        let mut ends: Vec<usize> = starts.iter().copied().chain([head.find("Origin").unwrap()]).collect();
        ends.sort_unstable();
        let cell = |line: &str, start: usize| {
            let end = ends.iter().copied().find(|e| *e > start).unwrap();
            line.get(start..end).unwrap_or_default().trim().to_owned()
        };
        text.lines().skip(1).map(|l| starts.iter().map(|s| cell(l, *s)).collect()).collect()
    };
    let row = |cells: [&str; 5]| cells.map(str::to_owned).to_vec();
    let one = routes("Virtual-network-1/Subnet1");
    let documented = [
        ["Invalid", "Default", "10.0.0.0/16", "VnetLocal", ""],
        ["Active", "User", "10.0.0.0/16", "VirtualAppliance", "10.0.100.4"],
        ["Active", "User", "10.0.0.0/24", "VnetLocal", ""],
        ["Invalid", "Default", "10.1.0.0/16", "VNetPeering", ""],
        ["Invalid", "Default", "10.2.0.0/16", "VNetPeering", ""],
        ["Active", "User", "10.1.0.0/16", "None", ""],
        ["Active", "User", "10.2.0.0/16", "None", ""],
        ["Invalid", "VirtualNetworkGateway", "10.10.0.0/16", "VirtualNetworkGateway", ""],
        ["Active", "User", "10.10.0.0/16", "VirtualAppliance", "10.0.100.4"],
        ["Active", "Default", "Storage", "VirtualNetworkServiceEndpoint", ""],
        ["Invalid", "Default", "0.0.0.0/0", "Internet", ""],
        ["Active", "User", "0.0.0.0/0", "VirtualAppliance", "10.0.100.4"],
    ];
    for wanted in documented.map(row) {
        assert!(one.contains(&wanted), "{wanted:?} is missing in {one:#?}");
    }
    assert_eq!(one.len(), documented.len(), "{one:#?}");
    let two = routes("Virtual-network-1/Subnet2");
    // The page leaves 172.16.0.0/12 out.
    let documented = [
        ["Active", "Default", "10.0.0.0/16", "VnetLocal", ""],
        ["Active", "Default", "10.1.0.0/16", "VNetPeering", ""],
        ["Active", "Default", "10.2.0.0/16", "VNetPeering", ""],
        ["Active", "VirtualNetworkGateway", "10.10.0.0/16", "VirtualNetworkGateway", ""],
        ["Active", "Default", "0.0.0.0/0", "Internet", ""],
        ["Active", "Default", "10.0.0.0/8", "None", ""],
        ["Active", "Default", "100.64.0.0/10", "None", ""],
        ["Active", "Default", "172.16.0.0/12", "None", ""],
        ["Active", "Default", "192.168.0.0/16", "None", ""],
    ];
    for wanted in documented.map(row) {
        assert!(two.contains(&wanted), "{wanted:?} is missing in {two:#?}");
    }
    assert_eq!(two.len(), documented.len(), "{two:#?}");
}
