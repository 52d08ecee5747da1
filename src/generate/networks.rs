//! Virtual networks, peerings, route tables, public addresses and NAT gateways.

use super::{
    plan::{Names, Place, Plan, Routes, Spoke, TIERS, at},
    random::{Random, Topic},
    sink::Out,
};
use std::net::Ipv4Addr;

pub(super) fn emit(plan: &Plan, out: &mut Out<'_>) {
    out.block("virtual_networks", |out| {
        (0..plan.hubs).for_each(|hub| hub_network(plan, hub, out));
        plan.spokes.iter().enumerate().for_each(|(number, spoke)| spoke_network(plan, number, spoke, out));
    });
    out.block("virtual_network_peerings", |out| peerings(plan, out));
    out.block("route_tables", |out| {
        (0..plan.hubs).for_each(|hub| hub_routes(plan, hub, out));
        for (number, spoke) in plan.spokes.iter().enumerate() {
            spoke_routes(plan, number, spoke, out);
        }
    });
    out.block("public_ips", |out| {
        for hub in 0..plan.hubs {
            let name = format!("pip-afw-{}", plan.hub_name(hub));
            out.row(&name, |out| out.text("ip_address", Plan::firewall_public(hub)));
        }
        for (name, nat) in gateways(plan) {
            let address = at(Ipv4Addr::new(198, 51, 100, 1), nat);
            out.row(&format!("pip-nat-{name}"), |out| out.text("ip_address", address));
        }
    });
    out.block("nat_gateways", |out| {
        for (name, _) in gateways(plan) {
            out.row(&format!("nat-{name}"), |out| out.list("public_ips", [format!("pip-nat-{name}")]));
        }
    });
}

fn gateways(plan: &Plan) -> impl Iterator<Item = (String, usize)> {
    plan.spokes.iter().enumerate().filter_map(|(number, s)| Some((plan.spoke_name(number), s.nat?)))
}

fn hub_network(plan: &Plan, hub: usize, out: &mut Out<'_>) {
    let name = plan.hub_name(hub);
    out.block(&format!("vnet-{name}"), |out| {
        out.text("location", Plan::region(hub));
        out.list("address_space", [plan.hub_network(hub)]);
        out.block("subnets", |out| {
            out.row("AzureFirewallSubnet", |out| {
                out.list("address_prefixes", [format!("{}/26", plan.hub_range(hub).0)]);
                out.text("route_table", format!("rt-afw-{name}"));
            });
            out.row("snet-shared", |out| {
                out.list("address_prefixes", [plan.shared_subnet(hub)]);
                out.text("network_security_group", format!("nsg-{name}-shared"));
                out.text("route_table", format!("rt-{name}-shared"));
            });
            out.row("snet-endpoints", |out| endpoint_subnet(plan, Place::Hub(hub), None, out));
        });
    });
}

fn spoke_network(plan: &Plan, number: usize, spoke: &Spoke, out: &mut Out<'_>) {
    let name = plan.spoke_name(number);
    out.block(&format!("vnet-{name}"), |out| {
        out.text("location", Plan::region(spoke.hub));
        out.list("address_space", [plan.spoke_network(number)]);
        if spoke.names == Names::Firewall {
            out.list("dns_servers", [plan.firewall(spoke.hub)]);
        }
        out.block("subnets", |out| {
            for (subnet, tier) in TIERS.iter().enumerate().take(plan.subnets) {
                out.row(&format!("snet-{tier}"), |out| {
                    out.list("address_prefixes", [plan.subnet(number, subnet)]);
                    if has_group(plan, number, subnet) {
                        out.text("network_security_group", format!("nsg-{name}-{tier}"));
                    }
                    if spoke.routes != Routes::None {
                        out.text("route_table", format!("rt-{name}"));
                    }
                    if spoke.nat.is_some() {
                        out.text("nat_gateway", format!("nat-{name}"));
                    }
                    if plan.service_subnets.binary_search(&(number, subnet)).is_ok() {
                        out.list("service_endpoints", ["Microsoft.Storage", "Microsoft.KeyVault", "Microsoft.Sql"]);
                    }
                });
            }
            let routes = (spoke.routes != Routes::None).then(|| format!("rt-{name}"));
            out.row("snet-endpoints", |out| endpoint_subnet(plan, Place::Spoke(number), routes, out));
        });
    });
}

/// A subnet for private endpoints: with or without policies, a group and routes.
fn endpoint_subnet(plan: &Plan, place: Place, routes: Option<String>, out: &mut Out<'_>) {
    out.list("address_prefixes", [plan.endpoint_subnet(place)]);
    let policies = endpoint_stream(plan, place).weighted(
        None,
        &[(20, Some("NetworkSecurityGroupEnabled")), (15, Some("RouteTableEnabled")), (15, Some("Enabled"))],
    );
    if let Some(group) = endpoint_group(plan, place) {
        out.text("network_security_group", group);
    }
    if let Some(routes) = routes {
        out.text("route_table", routes);
    }
    if let Some(policies) = policies {
        out.text("private_endpoint_network_policies", policies);
    }
}

fn endpoint_stream(plan: &Plan, place: Place) -> Random {
    let of = match place {
        Place::Hub(hub) => [hub, 100],
        Place::Spoke(spoke) => [spoke, 101],
    };
    plan.random(Topic::Subnet, of)
}

/// The security group of a subnet for private endpoints; half of them have one.
pub(super) fn endpoint_group(plan: &Plan, place: Place) -> Option<String> {
    let mut random = endpoint_stream(plan, place);
    random.next();
    let name = match place {
        Place::Hub(hub) => plan.hub_name(hub),
        Place::Spoke(spoke) => plan.spoke_name(spoke),
    };
    random.chance(50).then(|| format!("nsg-{name}-endpoints"))
}

/// Whether a subnet for machines has a security group: all but three of a hundred.
pub(super) fn has_group(plan: &Plan, spoke: usize, subnet: usize) -> bool {
    let mut random = plan.random(Topic::Subnet, [spoke, subnet]);
    random.next();
    !random.chance(3)
}

fn peerings(plan: &Plan, out: &mut Out<'_>) {
    let mut link = |from: &str, to: &str| {
        out.row(&format!("{from}-to-{to}"), |out| {
            out.text("virtual_network", format!("vnet-{from}"));
            out.text("remote_virtual_network", format!("vnet-{to}"));
            out.flag("allow_forwarded_traffic", true);
        });
    };
    for hub in 0..plan.hubs {
        for other in (0..plan.hubs).filter(|o| *o != hub) {
            link(&plan.hub_name(hub), &plan.hub_name(other));
        }
    }
    for (number, spoke) in plan.spokes.iter().enumerate().filter(|(_, s)| s.peered) {
        let (hub, name) = (plan.hub_name(spoke.hub), plan.spoke_name(number));
        link(&hub, &name);
        link(&name, &hub);
    }
}

fn via(out: &mut Out<'_>, name: &str, prefix: impl std::fmt::Display, firewall: Ipv4Addr) {
    out.row(name, |out| {
        out.text("address_prefix", prefix);
        out.text("next_hop_type", "VirtualAppliance");
        out.text("next_hop_in_ip_address", firewall);
    });
}

/// A hub's firewall hands on to the firewalls of other hubs; the peering to another hub is longer than its /13, so its
/// subnets are named, too. Shared machines answer other hubs by the same way.
fn hub_routes(plan: &Plan, hub: usize, out: &mut Out<'_>) {
    let name = plan.hub_name(hub);
    out.block(&format!("rt-afw-{name}"), |out| {
        out.flag("bgp_route_propagation_enabled", false);
        out.block("routes", |out| {
            out.row("internet", |out| {
                out.text("address_prefix", "0.0.0.0/0");
                out.text("next_hop_type", "Internet");
            });
            for other in (0..plan.hubs).filter(|o| *o != hub) {
                let (theirs, firewall) = (plan.hub_name(other), plan.firewall(other));
                via(out, &format!("to-{theirs}"), plan.hub_range(other), firewall);
                via(out, &format!("to-{theirs}-endpoints"), plan.endpoint_subnet(Place::Hub(other)), firewall);
                via(out, &format!("to-{theirs}-shared"), plan.shared_subnet(other), firewall);
            }
        });
    });
    out.block(&format!("rt-{name}-shared"), |out| {
        out.flag("bgp_route_propagation_enabled", false);
        out.block("routes", |out| via(out, "private", "10.0.0.0/8", plan.firewall(hub)));
    });
}

fn spoke_routes(plan: &Plan, number: usize, spoke: &Spoke, out: &mut Out<'_>) {
    if spoke.routes == Routes::None {
        return;
    }
    let firewall = plan.firewall(spoke.hub);
    out.block(&format!("rt-{}", plan.spoke_name(number)), |out| {
        out.flag("bgp_route_propagation_enabled", false);
        out.block("routes", |out| {
            if spoke.routes != Routes::Private {
                via(out, "all", "0.0.0.0/0", firewall);
            }
            if spoke.routes != Routes::Default {
                via(out, "private", "10.0.0.0/8", firewall);
            }
            if spoke.routes == Routes::AllAndOwn {
                via(out, "own", plan.spoke_network(number), firewall);
            }
            if spoke.routes == Routes::AllButPublic {
                out.row("partner", |out| {
                    out.text("address_prefix", "192.0.2.0/24");
                    out.text("next_hop_type", "Internet");
                });
            }
        });
    });
}
