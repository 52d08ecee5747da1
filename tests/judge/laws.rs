//! Laws that need no judge: what a change to an estate can never do.

use super::{
    ask,
    families::{self, Family, Flow},
};
use privreach::{
    azure::model::{Estate, network::Access},
    snapshot::Snapshot,
    trace::Judgement,
    verdict::Verdict,
};
use std::collections::{BTreeMap, BTreeSet};

/// A change, as a merge patch; `None` where an estate holds nothing to change.
struct Law {
    name: &'static str,
    patch: fn(&Estate, u64) -> Option<String>,
    holds: fn(&Judgement, &Judgement) -> bool,
}

fn reaches(judged: &Judgement) -> bool {
    matches!(judged.verdict, Verdict::Private | Verdict::Backbone | Verdict::Public | Verdict::Partial)
}

/// What was blocked stays so. (A member that leaves a balancer's pool may turn `partial` into something whole.)
fn never_opens(before: &Judgement, after: &Judgement) -> bool {
    before.verdict != Verdict::Blocked || !reaches(after)
}

fn never_privatises(before: &Judgement, after: &Judgement) -> bool {
    matches!(before.verdict, Verdict::Private | Verdict::Partial) || after.verdict != Verdict::Private
}

/// Nothing opens, and what is private stays exactly as it is.
fn leaves_private_alone(before: &Judgement, after: &Judgement) -> bool {
    never_opens(before, after) && (before.verdict != Verdict::Private || before == after)
}

fn nth<T>(items: impl IntoIterator<Item = T>, seed: u64) -> Option<T> {
    let mut all: Vec<T> = items.into_iter().collect();
    if all.is_empty() { None } else { Some(all.swap_remove(usize::try_from(seed).unwrap() % all.len())) }
}

const LAWS: &[Law] = &[
    // Only TCP 443 is denied: a DNS server that falls silent may hand the question to one that knows more (DNS-05).
    Law { name: "a further deny opens nothing", patch: further_deny, holds: never_opens },
    Law { name: "a further admin deny opens nothing", patch: admin_deny, holds: never_opens },
    Law { name: "an allow less opens nothing", patch: allow_less, holds: never_opens },
    Law { name: "a firewall's allow less opens nothing", patch: firewall_less, holds: never_opens },
    Law { name: "an admitted address less opens nothing", patch: address_less, holds: leaves_private_alone },
    Law { name: "closing a service opens nothing", patch: closed, holds: leaves_private_alone },
    Law { name: "an endpoint less makes nothing private", patch: endpoint_less, holds: never_privatises },
    Law { name: "a zone link less makes nothing private", patch: link_less, holds: never_privatises },
    Law { name: "a peering less makes nothing private", patch: peering_less, holds: never_privatises },
    Law { name: "an island changes nothing", patch: island, holds: |before, after| before == after },
];

fn further_deny(estate: &Estate, seed: u64) -> Option<String> {
    let group = nth(estate.network_security_groups.keys(), seed)?;
    let direction = if seed.is_multiple_of(3) { "Inbound" } else { "Outbound" };
    let to = ["\"*\"", "10.0.0.0/16", "VirtualNetwork"][usize::try_from(seed % 3).unwrap()];
    Some(format!(
        "network_security_groups: {{ {group}: {{ security_rules: {{ law: {{ priority: 101, direction: {direction}, access: Deny, protocol: Tcp, source_address_prefix: \"*\", destination_address_prefix: {to}, destination_port_range: 443 }} }} }} }}"
    ))
}

fn admin_deny(estate: &Estate, seed: u64) -> Option<String> {
    let network = nth(estate.virtual_networks.keys(), seed)?;
    if !estate.network_managers.is_empty() {
        return None;
    }
    let direction = if seed.is_multiple_of(2) { "Inbound" } else { "Outbound" };
    Some(format!(
        "network_managers: {{ law: {{ network_groups: {{ g: {{ virtual_networks: [{network}] }} }}, security_admin_configurations: {{ c: {{ rule_collections: {{ r: {{ network_groups: [g], rules: {{ deny: {{ priority: 1, direction: {direction}, action: Deny, protocol: Tcp, destination_port_ranges: [443] }} }} }} }} }} }} }} }}"
    ))
}

fn allow_less(estate: &Estate, seed: u64) -> Option<String> {
    let rules = estate.network_security_groups.iter().flat_map(|(group, g)| {
        let allows = g.value.security_rules.iter().filter(|(_, r)| r.value.access.value == Access::Allow);
        allows.map(move |(rule, _)| (group, rule))
    });
    let (group, rule) = nth(rules, seed)?;
    Some(format!("network_security_groups: {{ {group}: {{ security_rules: {{ {rule}: null }} }} }}"))
}

fn firewall_less(estate: &Estate, seed: u64) -> Option<String> {
    let groups = || {
        estate.firewall_policies.iter().flat_map(|(policy, p)| {
            p.value.rule_collection_groups.iter().map(move |(group, g)| (policy, group, &g.value))
        })
    };
    // What no network rule lets pass an application rule may (FW-03).
    if groups().any(|(.., g)| !g.application_rule_collections.is_empty()) {
        return None;
    }
    let collections = groups().flat_map(|(policy, group, g)| {
        let allows = g.network_rule_collections.iter().filter(|(_, c)| c.value.action.value == Access::Allow);
        allows.map(move |(name, _)| (policy, group, name))
    });
    let (policy, group, name) = nth(collections, seed)?;
    Some(format!(
        "firewall_policies: {{ {policy}: {{ rule_collection_groups: {{ {group}: {{ network_rule_collections: {{ {name}: null }} }} }} }} }}"
    ))
}

fn address_less(estate: &Estate, seed: u64) -> Option<String> {
    let listed =
        estate.services.iter().filter(|(_, s)| s.value.network_rules.as_ref().is_some_and(|r| !r.ip_rules.is_empty()));
    let (service, _) = nth(listed, seed)?;
    Some(format!("services: {{ {service}: {{ network_rules: {{ ip_rules: null }} }} }}"))
}

fn closed(estate: &Estate, seed: u64) -> Option<String> {
    let open = estate.services.iter().filter(|(_, s)| s.value.public_network_access.is_none());
    let (service, _) = nth(open, seed)?;
    Some(format!("services: {{ {service}: {{ public_network_access_enabled: false }} }}"))
}

fn endpoint_less(estate: &Estate, seed: u64) -> Option<String> {
    let name = nth(estate.private_endpoints.keys(), seed)?;
    Some(format!("private_endpoints: {{ {name}: null }}"))
}

fn link_less(estate: &Estate, seed: u64) -> Option<String> {
    let zones = estate.private_dns_zones.iter().filter(|(zone, _)| zone.starts_with("privatelink."));
    let links = zones.flat_map(|(zone, z)| z.value.virtual_network_links.keys().map(move |link| (zone, link)));
    let (zone, link) = nth(links, seed)?;
    Some(format!("private_dns_zones: {{ {zone}: {{ virtual_network_links: {{ {link}: null }} }} }}"))
}

fn peering_less(estate: &Estate, seed: u64) -> Option<String> {
    // A mesh joins what a closed peering kept apart, as a peering goes before it (AVNM-09). And where the first of several
    // DNS servers is out of reach the next is asked, which may know more (DNS-05).
    let meshed = estate.network_managers.iter().any(|(_, m)| !m.value.connectivity_configurations.is_empty());
    let asks_another = estate.virtual_networks.iter().any(|(_, v)| v.value.dns_servers.len() > 1);
    if meshed || asks_another {
        return None;
    }
    let name = nth(estate.virtual_network_peerings.keys(), seed)?;
    Some(format!("virtual_network_peerings: {{ {name}: null }}"))
}

fn island(_: &Estate, _: u64) -> Option<String> {
    Some("{ virtual_networks: { island: { address_space: [172.29.0.0/16], subnets: { shore: { address_prefixes: [172.29.1.0/24] } } } }, virtual_machines: { castaway: { subnet: island/shore, private_ip_address: 172.29.1.4 } } }".to_owned())
}

fn judgements(snapshot: &Snapshot, flows: &[Flow]) -> Vec<Judgement> {
    flows.iter().map(|flow| ask::ask(snapshot, *flow).judgement).collect()
}

#[test]
fn no_change_breaks_a_law() {
    let mut applied: BTreeMap<&str, usize> = BTreeMap::new();
    let mut broken: BTreeMap<(&str, &str), (usize, String)> = BTreeMap::new();
    for family in families::ALL {
        let flows = (family.flows)();
        for seed in ask::seeds(12) {
            let (text, base) = ask::estate(family, seed);
            let before = judgements(&base, &flows);
            // Each seed tries a third of the laws.
            for (_, law) in LAWS.iter().enumerate().filter(|(i, _)| (*i as u64 + seed).is_multiple_of(3)) {
                let Some(patch) = (law.patch)(&base.scenario.estate, seed / 3) else { continue };
                let patch = if patch.starts_with('{') { patch } else { format!("{{ {patch} }}") };
                // A change that the platform refuses is none.
                let Some(changed) = ask::load(&format!("{text}variants:\n  law:\n    patch: {patch}\n")).pop() else {
                    continue;
                };
                *applied.entry(law.name).or_default() += 1;
                for (flow, old) in flows.iter().zip(&before) {
                    let new = ask::ask(&changed, *flow);
                    if (law.holds)(old, &new.judgement) {
                        continue;
                    }
                    let place = || {
                        let (before, after) = (ask::told(&ask::ask(&base, *flow)), ask::told(&new));
                        format!("{seed}, {flow:?} with {patch}\nbefore\n{before}after\n{after}{text}")
                    };
                    broken.entry((law.name, family.name)).or_insert_with(|| (0, place())).0 += 1;
                }
            }
        }
    }
    for ((law, family), (count, example)) in &broken {
        eprintln!("{count} times in {family}: {law}, as at {example}");
    }
    assert!(broken.is_empty(), "broken: {:#?}", broken.keys());
    for law in LAWS {
        assert!(applied.get(law.name).is_some_and(|n| *n >= 4), "{} was hardly tried: {applied:?}", law.name);
    }
}

/// The blocks of a text by indentation, each level in the opposite order.
fn backwards(text: &str) -> String {
    fn level(lines: &[&str]) -> Vec<String> {
        let depth = |line: &str| line.len() - line.trim_start().len();
        let Some(top) = lines.first().map(|l| depth(l)) else { return Vec::new() };
        let starts: Vec<usize> = (0..lines.len()).filter(|i| depth(lines[*i]) == top).collect();
        let ends = starts.iter().skip(1).copied().chain([lines.len()]);
        let mut blocks: Vec<Vec<String>> = starts
            .iter()
            .zip(ends)
            .map(|(start, end)| {
                let mut block = vec![lines[*start].to_owned()];
                block.extend(level(&lines[start + 1..end]));
                block
            })
            .collect();
        blocks.reverse();
        blocks.into_iter().flatten().collect()
    }
    level(&text.lines().collect::<Vec<_>>()).join("\n") + "\n"
}

/// The same text with other names for whatever no flow names: networks, groups, tables, policies, endpoints.
fn renamed(text: &str, estate: &Estate, family: &Family) -> String {
    let kept: BTreeSet<&str> = (family.flows)().iter().flat_map(|(from, to, _)| [*from, *to]).collect();
    let names = estate
        .virtual_networks
        .keys()
        .chain(estate.network_security_groups.keys())
        .chain(estate.route_tables.keys())
        .chain(estate.public_ips.keys())
        .chain(estate.firewall_policies.keys())
        .chain(estate.virtual_network_peerings.keys())
        .chain(estate.private_endpoints.keys())
        .chain(estate.load_balancers.keys())
        .chain(estate.virtual_hubs.keys());
    let names: BTreeSet<&str> = names.filter(|name| !kept.contains(name)).collect();
    let mut out = String::new();
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let (gap, tail) = rest.split_at(start);
        let (word, after) = tail.split_at(tail.find(|c| !is_word(c)).unwrap_or(tail.len()));
        out += gap;
        // Later names sort first.
        match names.iter().position(|n| *n == word) {
            Some(at) => out += &format!("x{}-{word}", names.len() - at + 100),
            None => out += word,
        }
        rest = after;
    }
    out + rest
}

fn same(a: &Judgement, b: &Judgement) -> bool {
    let reasons = |j: &Judgement| j.reasons.iter().copied().collect::<BTreeSet<_>>();
    (a.verdict, a.via, reasons(a)) == (b.verdict, b.via, reasons(b))
        && (a.verdict == Verdict::Partial || a.reason() == b.reason())
}

#[test]
fn order_and_names_change_nothing() {
    for family in families::ALL {
        let flows = (family.flows)();
        for seed in ask::seeds(6) {
            let (text, base) = ask::estate(family, seed);
            let before = judgements(&base, &flows);
            for (how, other) in
                [("backwards", backwards(&text)), ("renamed", renamed(&text, &base.scenario.estate, family))]
            {
                assert!(how == "backwards" || other != text, "{} {seed}: nothing was renamed", family.name);
                let changed = ask::load(&other).pop().unwrap_or_else(|| panic!("{how} is refused\n{other}"));
                for (flow, old) in flows.iter().zip(&before) {
                    let new = ask::ask(&changed, *flow);
                    assert!(
                        same(old, &new.judgement),
                        "{} {seed} {how}: {flow:?}\nbefore {old:?}\nafter {:?}\n{}{other}",
                        family.name,
                        new.judgement,
                        ask::told(&new)
                    );
                }
            }
        }
    }
}
