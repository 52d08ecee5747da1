//! Security groups, application groups and firewall policies.

use super::{
    networks::{endpoint_group, has_group},
    plan::{Names, Place, Plan, Range, Shape, TIERS},
    random::{Random, Topic},
    sink::Out,
};

pub(super) fn emit(plan: &Plan, out: &mut Out<'_>) {
    if plan.options.shape != Shape::Flat {
        out.block("application_security_groups", |out| {
            for spoke in 0..plan.spokes.len() {
                for tier in TIERS.iter().take(plan.subnets) {
                    out.row(&format!("asg-{}-{tier}", plan.spoke_name(spoke)), |_| {});
                }
            }
        });
    }
    out.block("network_security_groups", |out| {
        for hub in 0..plan.hubs {
            let near = plan.spokes.iter().position(|s| s.hub == hub).unwrap_or(0);
            let place = Near { spoke: near, hub: Some(hub), own: plan.shared_subnet(hub) };
            group(plan, &format!("nsg-{}-shared", plan.hub_name(hub)), &place, [hub, 50], plan.rules, out);
            endpoints(plan, Place::Hub(hub), near, [hub, 51], out);
        }
        for spoke in 0..plan.spokes.len() {
            let name = plan.spoke_name(spoke);
            let near = |own| Near { spoke, hub: None, own };
            for (subnet, tier) in TIERS.iter().enumerate().take(plan.subnets) {
                if has_group(plan, spoke, subnet) {
                    let place = near(plan.subnet(spoke, subnet));
                    group(plan, &format!("nsg-{name}-{tier}"), &place, [spoke, subnet], plan.rules, out);
                }
            }
            endpoints(plan, Place::Spoke(spoke), spoke, [spoke, 52], out);
            match plan.options.shape {
                Shape::Flat => {}
                Shape::Typical | Shape::Hosts => {
                    for (number, kind) in INTERFACE_GROUPS.iter().enumerate() {
                        let place = near(plan.spoke_network(spoke));
                        let of = [spoke, 60 + number];
                        group(plan, &format!("nsg-{name}-nic-{kind}"), &place, of, plan.rules, out);
                    }
                }
                Shape::Worst => each_interface(plan, spoke, out),
            }
        }
    });
}

/// Groups that interfaces of a spoke share.
pub(super) const INTERFACE_GROUPS: [&str; 2] = ["admin", "strict"];

fn each_interface(plan: &Plan, spoke: usize, out: &mut Out<'_>) {
    for (subnet, tier) in TIERS.iter().enumerate().take(plan.subnets) {
        for machine in 0..plan.machines(spoke, subnet) {
            let name = format!("nsg-{}", super::machines::name(plan, spoke, tier, machine));
            let place = Near { spoke, hub: None, own: plan.subnet(spoke, subnet) };
            group(plan, &name, &place, [spoke, 1_000 + subnet * 1_000 + machine], plan.rules.div_ceil(3), out);
        }
    }
}

fn endpoints(plan: &Plan, place: Place, near: usize, of: [usize; 2], out: &mut Out<'_>) {
    if let Some(name) = endpoint_group(plan, place) {
        let hub = if let Place::Hub(hub) = place { Some(hub) } else { None };
        group(plan, &name, &Near { spoke: near, hub, own: plan.endpoint_subnet(place) }, of, plan.rules, out);
    }
}

/// Where a group acts.
struct Near {
    spoke: usize,
    /// The hub, if it acts there.
    hub: Option<usize>,
    own: Range,
}

fn group(plan: &Plan, name: &str, near: &Near, of: [usize; 2], rules: usize, out: &mut Out<'_>) {
    let mut random = plan.random(Topic::Group, of);
    let asked = plan.spokes.get(near.spoke).filter(|s| near.hub.is_none() && s.names == Names::Firewall);
    out.block(name, |out| {
        out.block("security_rules", |out| {
            for direction in [Direction::In, Direction::Out] {
                if let (Direction::Out, Some(spoke)) = (direction, asked) {
                    out.row("out-0100-allow-dns", |out| {
                        head(out, 100, direction, true, "*");
                        out.text("source_address_prefix", "*");
                        out.text("destination_address_prefix", plan.firewall(spoke.hub));
                        out.number("destination_port_range", 53);
                    });
                }
                for number in 0..rules {
                    rule(plan, direction, 110 + 10 * number, near, &mut random, out);
                }
                last(direction, &mut random, out);
            }
        });
    });
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    In,
    Out,
}

fn head(out: &mut Out<'_>, priority: usize, direction: Direction, allow: bool, protocol: &str) {
    out.number("priority", priority);
    out.text("direction", if direction == Direction::In { "Inbound" } else { "Outbound" });
    out.text("access", if allow { "Allow" } else { "Deny" });
    out.text("protocol", protocol);
}

/// Whom a rule is about.
#[derive(Clone, Copy)]
enum Far {
    Subnet,
    Spoke,
    Region,
    Host,
    Application,
    Word(&'static str),
}

fn rule(plan: &Plan, direction: Direction, priority: usize, near: &Near, random: &mut Random, out: &mut Out<'_>) {
    let allow = !random.chance(20);
    let (ports, label) = ports(random);
    let protocol = random.weighted("Tcp", &[(10, "*"), (5, "Udp")]);
    let shape = plan.options.shape;
    let (hosts, groups) = match shape {
        Shape::Typical => (12, 10),
        Shape::Flat => (0, 0),
        Shape::Hosts => (40, 10),
        Shape::Worst => (60, 0),
    };
    let rest = 100 - hosts - groups;
    let far = random.weighted(
        Far::Subnet,
        &[
            (hosts, Far::Host),
            (groups, Far::Application),
            (rest * 16 / 100, Far::Word("VirtualNetwork")),
            (rest * 6 / 100, Far::Word("*")),
            (rest * 4 / 100, Far::Word("Internet")),
            (rest * 18 / 100, Far::Region),
            (rest * 26 / 100, Far::Spoke),
        ],
    );
    let own =
        random.weighted(None, &[(25, Some(Far::Subnet)), (if groups > 0 { 12 } else { 0 }, Some(Far::Application))]);
    let name = format!(
        "{}-{priority:04}-{}-{label}",
        if direction == Direction::In { "in" } else { "out" },
        if allow { "allow" } else { "deny" }
    );
    out.row(&name, |out| {
        head(out, priority, direction, allow, protocol);
        let (ours, theirs) =
            if direction == Direction::In { ("destination", "source") } else { ("source", "destination") };
        let mut side = |out: &mut Out<'_>, side: &str, which: Option<Far>, ours: bool| {
            let key = format!("{side}_address_prefix");
            let spoke = if ours { near.spoke } else { plan.some_spoke(near.spoke, random) };
            match which {
                None => out.text(&key, "*"),
                Some(Far::Word(word)) => out.text(&key, word),
                Some(Far::Subnet) if ours => out.text(&key, near.own),
                Some(Far::Subnet) => out.text(&key, some_subnet(plan, spoke, random)),
                Some(Far::Spoke) => out.text(&key, plan.spoke_network(spoke)),
                Some(Far::Region) => out.text(&key, plan.hub_range(plan.spokes.get(spoke).map_or(0, |s| s.hub))),
                Some(Far::Host) => out.text(&key, plan.some_machine(spoke, random)),
                // Groups of one rule have their members in one network, so they are the spoke's own.
                Some(Far::Application) if near.hub.is_none() => {
                    let tier = TIERS.get(random.below(plan.subnets)).copied().unwrap_or("web");
                    let group = format!("asg-{}-{tier}", plan.spoke_name(near.spoke));
                    out.list(&format!("{side}_application_security_groups"), [group]);
                }
                Some(Far::Application) => out.text(&key, "*"),
            }
        };
        side(out, theirs, Some(far), false);
        side(out, ours, own, true);
        ports(out);
    });
}

/// A subnet of a spoke: for machines, or for its private endpoints.
fn some_subnet(plan: &Plan, spoke: usize, random: &mut Random) -> Range {
    let number = random.below(plan.subnets + 1);
    if number < plan.subnets { plan.subnet(spoke, number) } else { plan.endpoint_subnet(Place::Spoke(spoke)) }
}

/// Six groups of ten close what their rules leave open inside the network, three of ten what leaves for the internet.
fn last(direction: Direction, random: &mut Random, out: &mut Out<'_>) {
    let (name, percent, source, destination) = match direction {
        Direction::In => ("in-4096-deny-rest", 60, "VirtualNetwork", "*"),
        Direction::Out => ("out-4096-deny-internet", 30, "*", "Internet"),
    };
    if random.chance(percent) {
        out.row(name, |out| {
            head(out, 4_096, direction, false, "*");
            out.text("source_address_prefix", source);
            out.text("destination_address_prefix", destination);
            out.text("destination_port_range", "*");
        });
    }
}

/// Ports of a rule, and a word for its name.
fn ports(random: &mut Random) -> (impl FnOnce(&mut Out<'_>) + use<>, &'static str) {
    const SEVERAL: &[&str] = &["443", "8443"];
    let (single, label) = random.weighted(
        (Some("443"), "https"),
        &[
            (8, (Some("1433"), "sql")),
            (6, (Some("5432"), "postgres")),
            (8, (Some("22"), "ssh")),
            (6, (Some("3389"), "rdp")),
            (8, (Some("80"), "http")),
            (6, (Some("8080-8443"), "proxies")),
            (5, (Some("9000-9999"), "metrics")),
            (8, (None, "tls")),
            (12, (Some("*"), "any")),
        ],
    );
    let write = move |out: &mut Out<'_>| match single.map(|s| (s, s.parse())) {
        None => out.list("destination_port_ranges", SEVERAL),
        Some((_, Ok(port))) => out.number("destination_port_range", port),
        Some((range, Err(_))) => out.text("destination_port_range", range),
    };
    (write, label)
}
