//! Machines, clients on the internet and public hosts.

use super::{
    filters::INTERFACE_GROUPS,
    plan::{Plan, Shape, TIERS, machine_address},
    random::Topic,
    sink::Out,
};

pub(super) fn name(plan: &Plan, spoke: usize, tier: &str, machine: usize) -> String {
    format!("vm-{}-{tier}-{:02}", plan.spoke_name(spoke), machine + 1)
}

pub(super) fn emit(plan: &Plan, out: &mut Out<'_>) {
    out.block("virtual_machines", |out| {
        for hub in 0..plan.hubs {
            for number in 0..plan.shared {
                let owner = plan.hub_name(hub);
                out.row(&format!("vm-{owner}-shared-{:02}", number + 1), |out| {
                    out.text("subnet", format!("vnet-{owner}/snet-shared"));
                    out.text("private_ip_address", machine_address(plan.shared_subnet(hub), number));
                    out.list("listens", ["tcp/443"]);
                    labels(out, "hub", "shared");
                });
            }
        }
        for spoke in 0..plan.spokes.len() {
            for (subnet, tier) in TIERS.iter().enumerate().take(plan.subnets) {
                (0..plan.machines(spoke, subnet)).for_each(|number| machine(plan, (spoke, subnet, number), tier, out));
            }
        }
    });
    out.block("internet_clients", |out| {
        out.row("customer", |out| out.text("ip_address", "192.0.2.77"));
        out.row("partner", |out| out.text("ip_address", "192.0.2.99"));
    });
    out.block("public_hosts", |out| {
        out.row("linux.updates.example.com", |out| {
            out.text("ip_address", "192.0.2.10");
            out.list("listens", ["tcp/443"]);
        });
        out.row("www.example.org", |out| {
            out.text("ip_address", "192.0.2.30");
            out.list("listens", ["tcp/443"]);
        });
    });
}

fn machine(plan: &Plan, (spoke, subnet, number): (usize, usize, usize), tier: &str, out: &mut Out<'_>) {
    let mut random = plan.random(Topic::Machine, [spoke, subnet * 1_000 + number]);
    let owner = plan.spoke_name(spoke);
    let name = name(plan, spoke, tier, number);
    let usual = match tier {
        "web" | "edge" => "tcp/443",
        "app" => "tcp/8443",
        "data" => "tcp/1433",
        _ => "tcp/22",
    };
    out.row(&name, |out| {
        out.text("subnet", format!("vnet-{owner}/snet-{tier}"));
        out.text("private_ip_address", machine_address(plan.subnet(spoke, subnet), number));
        out.list("listens", [random.weighted(usual, &[(12, "tcp/443"), (4, "tcp/5432"), (3, "udp/514")])]);
        match plan.options.shape {
            Shape::Flat => {}
            Shape::Worst => out.text("network_security_group", format!("nsg-{name}")),
            Shape::Typical | Shape::Hosts => {
                if random.chance(10) {
                    let kind = INTERFACE_GROUPS.get(random.below(2)).copied().unwrap_or("admin");
                    out.text("network_security_group", format!("nsg-{owner}-nic-{kind}"));
                }
            }
        }
        if plan.options.shape != Shape::Flat && random.chance(25) {
            out.list("application_security_groups", [format!("asg-{owner}-{tier}")]);
        }
        let stage = plan.random(Topic::Spoke, [spoke, 1]).weighted("prod", &[(30, "dev"), (20, "test")]);
        labels(out, stage, tier);
    });
}

fn labels(out: &mut Out<'_>, stage: &str, tier: &str) {
    out.row("tags", |out| {
        out.text("env", stage);
        out.text("tier", tier);
    });
}
