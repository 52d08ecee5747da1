//! Firewalls and their policies: one policy that all share, and one below it for each hub.

use super::{
    plan::{Place, Plan, Range},
    random::{Random, Topic},
    sink::Out,
};

pub(super) fn emit(plan: &Plan, out: &mut Out<'_>) {
    out.block("firewalls", |out| {
        for hub in 0..plan.hubs {
            let name = plan.hub_name(hub);
            out.row(&format!("afw-{name}"), |out| {
                out.text("subnet", format!("vnet-{name}/AzureFirewallSubnet"));
                out.text("private_ip_address", plan.firewall(hub));
                out.list("public_ips", [format!("pip-afw-{name}")]);
                out.text("firewall_policy", format!("afwp-{name}"));
            });
        }
    });
    out.block("firewall_policies", |out| {
        out.block("afwp-global", |out| global(plan, out));
        (0..plan.hubs).for_each(|hub| regional(plan, hub, out));
    });
}

/// What every firewall does: traffic between regions passes two, and both must let it through.
fn global(plan: &Plan, out: &mut Out<'_>) {
    let mut random = plan.random(Topic::Firewall, [0, 0]);
    out.row("dns", |out| out.flag("proxy_enabled", true));
    out.block("rule_collection_groups", |out| {
        out.block("rcg-global", |out| {
            out.number("priority", 200);
            out.block("network_rule_collections", |out| {
                collection(out, "deny-management", 200, "Deny", |out| {
                    for hub in 0..plan.hubs {
                        let next = plan.hub_range((hub + 1) % plan.hubs);
                        rule(
                            out,
                            &format!("remote-desktop-from-{}", plan.hub_name(hub)),
                            "TCP",
                            plan.hub_range(hub),
                            next,
                            "3389",
                        );
                    }
                });
                collection(out, "allow-between-regions", 300, "Allow", |out| {
                    for hub in 0..plan.hubs {
                        for other in (0..plan.hubs).filter(|o| *o != hub) {
                            let kind =
                                random.weighted(None, &[(25, Some("443")), (8, Some("1433")), (5, Some("8443"))]);
                            if let Some(port) = kind {
                                let name = format!("{}-to-{}", plan.hub_name(hub), plan.hub_name(other));
                                rule(out, &name, "TCP", plan.hub_range(hub), plan.hub_range(other), port);
                            }
                        }
                    }
                    let few = (plan.spokes.len() / 4).clamp(1, 200);
                    for number in 0..few {
                        let from = random.below(plan.spokes.len());
                        some_rule(plan, out, &format!("spokes-{:03}", number + 1), from, &mut random);
                    }
                });
            });
            out.block("application_rule_collections", |out| {
                collection(out, "allow-updates", 500, "Allow", |out| {
                    name_rule(out, "updates", "10.0.0.0/8", "*.updates.example.com");
                });
            });
        });
    });
}

fn regional(plan: &Plan, hub: usize, out: &mut Out<'_>) {
    let own: Vec<usize> = plan.spokes.iter().enumerate().filter(|(_, s)| s.hub == hub).map(|(n, _)| n).collect();
    let mut random = plan.random(Topic::Firewall, [hub, 1]);
    let from = |random: &mut Random| own.get(random.below(own.len())).copied().unwrap_or(0);
    let rules = (8 * plan.spokes.len()).min(300) + 2 * own.len();
    let name = plan.hub_name(hub);
    out.block(&format!("afwp-{name}"), |out| {
        out.text("base_policy", "afwp-global");
        out.row("dns", |out| out.flag("proxy_enabled", true));
        out.block("rule_collection_groups", |out| {
            out.block(&format!("rcg-{name}"), |out| {
                out.number("priority", 400);
                out.block("network_rule_collections", |out| {
                    collection(out, "deny-exceptions", 200, "Deny", |out| {
                        for number in 0..rules / 8 {
                            let spoke = from(&mut random);
                            some_rule(plan, out, &format!("deny-{:03}", number + 1), spoke, &mut random);
                        }
                    });
                    collection(out, "allow-east-west", 300, "Allow", |out| {
                        rule(out, "shared", "TCP", plan.hub_range(hub), plan.shared_subnet(hub), "443");
                        // Redirected SQL traffic is no matter of names, so its public endpoints are opened by tag.
                        for spoke in own.iter().copied().filter(|_| random.chance(40)).collect::<Vec<_>>() {
                            let name = format!("{}-to-sql", plan.spoke_name(spoke));
                            rule(out, &name, "TCP", plan.spoke_network(spoke), "Sql", "1433");
                        }
                        for number in 0..rules - rules / 8 {
                            let spoke = from(&mut random);
                            some_rule(plan, out, &format!("allow-{:03}", number + 1), spoke, &mut random);
                        }
                    });
                });
                out.block("application_rule_collections", |out| {
                    collection(out, "allow-services", 600, "Allow", |out| {
                        for spoke in own.iter().copied() {
                            for kind in super::services::KINDS.iter().filter(|k| k.word != "sql") {
                                if random.chance(40) {
                                    let rule = format!("{}-to-{}", plan.spoke_name(spoke), kind.word);
                                    let names = format!("*.{}", kind.public_suffix);
                                    name_rule(out, &rule, plan.spoke_network(spoke), &names);
                                }
                            }
                        }
                    });
                });
            });
        });
    });
}

fn collection(out: &mut Out<'_>, name: &str, priority: usize, action: &str, rules: impl FnOnce(&mut Out<'_>)) {
    out.block(name, |out| {
        out.number("priority", priority);
        out.text("action", action);
        out.block("rules", rules);
    });
}

fn rule(
    out: &mut Out<'_>,
    name: &str,
    protocol: &str,
    from: impl std::fmt::Display,
    to: impl std::fmt::Display,
    ports: &str,
) {
    out.row(name, |out| {
        out.list("protocols", [protocol]);
        out.list("source_addresses", [from]);
        out.list("destination_addresses", [to]);
        out.list("destination_ports", [ports]);
    });
}

fn name_rule(out: &mut Out<'_>, name: &str, from: impl std::fmt::Display, to: &str) {
    out.row(name, |out| {
        out.list("source_addresses", [from]);
        out.list("destination_fqdns", [to]);
        out.records("protocols", |out| {
            out.row("", |out| {
                out.text("type", "Https");
                out.number("port", 443);
            });
        });
    });
}

/// A rule from some part of a spoke to some part of another.
fn some_rule(plan: &Plan, out: &mut Out<'_>, name: &str, spoke: usize, random: &mut Random) {
    let to = plan.some_spoke(spoke, random);
    let source = part(plan, spoke, random);
    let destination = part(plan, to, random);
    let protocol = random.weighted("TCP", &[(8, "Any")]);
    let ports = random.weighted("443", &[(12, "1433"), (10, "5432"), (10, "22"), (8, "8080-8443"), (12, "*")]);
    rule(out, name, protocol, source, destination, ports);
}

fn part(plan: &Plan, spoke: usize, random: &mut Random) -> Range {
    match random.weighted(0, &[(10, 1), (35, 2), (10, 3), (8, 4)]) {
        0 => plan.spoke_network(spoke),
        1 => plan.hub_range(plan.spokes.get(spoke).map_or(0, |s| s.hub)),
        2 => plan.subnet(spoke, random.below(plan.subnets)),
        3 => plan.endpoint_subnet(Place::Spoke(spoke)),
        _ => Range(plan.some_machine(spoke, random), 32),
    }
}
