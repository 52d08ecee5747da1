//! Keys that the provider knows and privreach does not model. A file that has one is refused, with the reason and with
//! what to declare in its place; none is ever read over.

use crate::document::Gap;

/// Record, key and the gap. `Estate` stands for the top level of a scenario.
pub static GAPS: &[(&str, &str, Gap)] = &[
    (
        "Estate",
        "bastion_hosts",
        Gap {
            rule: "SUB-05",
            why: "sessions through Bastion are no flows of the network",
            instead: "declare a machine in AzureBastionSubnet and ask from there",
        },
    ),
    (
        "Estate",
        "express_route_circuits",
        Gap {
            rule: "ER-01",
            why: "circuits stand behind their connections",
            instead: "name `express_route_circuit` on the connections that share one",
        },
    ),
    (
        "Estate",
        "virtual_network_gateway_nat_rules",
        Gap {
            rule: "GW-02",
            why: "translation on VPN gateways changes addresses of both directions",
            instead: "declare the site with the prefixes that Azure sees",
        },
    ),
    (
        "Estate",
        "container_app_environments",
        Gap {
            rule: "APP-02",
            why: "inside routing of environments has no documented rules here",
            instead: "declare its static address as a machine, and its zone",
        },
    ),
    (
        "Estate",
        "api_management_services",
        Gap {
            rule: "PE-01",
            why: "a gateway in a network proxies requests by its own policies",
            instead: "declare its address as a machine, or its private endpoint as one of a service",
        },
    ),
    (
        "Estate",
        "front_doors",
        Gap {
            rule: "SPL-06",
            why: "requests enter at the edge of the internet",
            instead: "declare a public host for its name; its private links to origins are no flows of yours",
        },
    ),
    (
        "Estate",
        "virtual_machine_scale_sets",
        Gap {
            rule: "LB-09",
            why: "instances are machines here",
            instead: "declare one machine that stands for all, in the same subnet and pool",
        },
    ),
    (
        "VirtualNetwork",
        "subscription_id",
        Gap { rule: "PEER-04", why: "networks of any subscriptions are peered alike", instead: "leave it out" },
    ),
    (
        "VirtualNetwork",
        "tenant_id",
        Gap { rule: "PEER-04", why: "networks of any tenants are peered alike", instead: "leave it out" },
    ),
    (
        "VirtualNetwork",
        "encryption",
        Gap {
            rule: "PEER-04",
            why: "what encryption drops between networks is not part of the rules",
            instead: "leave it out once both sides allow unencrypted traffic",
        },
    ),
    (
        "VirtualNetworkPeering",
        "only_ipv6_peering_enabled",
        Gap {
            rule: "PEER-14",
            why: "peerings of one address family are not part of the rules",
            instead: "declare networks of one family",
        },
    ),
    (
        "Subnet",
        "service_endpoint_network_identifier",
        Gap {
            rule: "SE-10",
            why: "network identifiers are a preview",
            instead: "use a service endpoint with a subnet rule, or a private endpoint",
        },
    ),
    (
        "FirewallPolicy",
        "auto_learn_private_ranges_enabled",
        Gap {
            rule: "SNAT-05",
            why: "learned ranges are a preview that needs a Route Server",
            instead: "list the ranges under `private_ip_ranges`",
        },
    ),
    (
        "FirewallPolicy",
        "explicit_proxy",
        Gap {
            rule: "FW-06",
            why: "clients that address the firewall as a proxy choose another path",
            instead: "route through the firewall",
        },
    ),
    (
        "FirewallPolicy",
        "intrusion_detection",
        Gap {
            rule: "FW-03",
            why: "signatures look into the payload, which no flow here has",
            instead: "leave it out; it never admits what the rules deny",
        },
    ),
    (
        "LoadBalancerFrontend",
        "gateway_load_balancer_frontend_ip_configuration_id",
        Gap {
            rule: "LB-05",
            why: "appliances behind a gateway load balancer are chained by the platform",
            instead: "route through the appliances by user routes",
        },
    ),
    (
        "LoadBalancer",
        "sku_tier",
        Gap {
            rule: "LB-09",
            why: "cross-region balancers have backends in other balancers",
            instead: "declare the regional balancers",
        },
    ),
    (
        "PrivateServiceConnection",
        "private_connection_resource_alias",
        Gap {
            rule: "PLS-06",
            why: "aliases hold an identifier that the platform chooses",
            instead: "name the private link service under `private_connection_resource`, with `is_manual_connection: true`",
        },
    ),
    (
        "PrivateEndpoint",
        "subscription_id",
        Gap { rule: "PE-07", why: "endpoints reach targets of any subscription", instead: "leave it out" },
    ),
    (
        "Service",
        "tenant_id",
        Gap {
            rule: "TRUST-13",
            why: "everything declared is taken as of one tenant",
            instead: "leave the other tenant's callers out of `platform_callers`; a network of theirs is an ordinary client",
        },
    ),
    (
        "Service",
        "sas_policy",
        Gap {
            rule: "STG-03",
            why: "a signature narrows access and never widens it",
            instead: "leave it out; an answer is about the network, not about the signature",
        },
    ),
    (
        "Service",
        "agent_pools",
        Gap {
            rule: "ACR-03",
            why: "agents of a registry run in a network of their own",
            instead: "declare a machine in the pool's subnet and ask from there",
        },
    ),
    (
        "MachineLearningWorkspace",
        "batch_endpoints",
        Gap {
            rule: "MOE-06",
            why: "batch endpoints have no switch and no names of their own here",
            instead: "ask for the API name of the hub, whose access they follow",
        },
    ),
    (
        "VirtualNetworkIntegration",
        "gateway_required",
        Gap {
            rule: "APP-11",
            why: "integration through a point-to-site gateway has no documented routes",
            instead: "use regional integration",
        },
    ),
    (
        "VirtualMachine",
        "hosts_file",
        Gap {
            rule: "DNS-16",
            why: "names in hosts files bypass every server of the scenario",
            instead: "ask for the address itself, or give the name in a zone",
        },
    ),
    (
        "VirtualNetworkGatewayConnection",
        "traffic_selector_policy",
        Gap {
            rule: "GW-02",
            why: "custom traffic selectors narrow a tunnel by source and destination",
            instead: "give the prefixes that pass as `learned_prefixes` and `advertised_prefixes`",
        },
    ),
    (
        "VirtualNetworkGatewayConnection",
        "ingress_nat_rule_ids",
        Gap {
            rule: "GW-02",
            why: "translation on VPN gateways changes addresses of both directions",
            instead: "declare the site with the prefixes that Azure sees",
        },
    ),
    (
        "VirtualNetworkGatewayConnection",
        "egress_nat_rule_ids",
        Gap {
            rule: "GW-02",
            why: "translation on VPN gateways changes addresses of both directions",
            instead: "declare the site with the prefixes that Azure sees",
        },
    ),
];

/// The gap that a key falls into, if privreach knows of it.
#[must_use]
pub fn gap(record: &str, key: &str) -> Option<&'static Gap> {
    GAPS.iter().find(|(r, k, _)| *r == record && *k == key).map(|(.., gap)| gap)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        azure::model::Estate,
        document::{Decode, Shape},
    };
    use std::collections::BTreeMap;

    fn records(shape: Shape, found: &mut BTreeMap<&'static str, Vec<&'static str>>) {
        match shape {
            Shape::List(inner) | Shape::Map(inner) => records(inner(), found),
            Shape::Record(info) => {
                let info = info();
                if found.contains_key(info.name) {
                    return;
                }
                let fields = (info.fields)();
                found.insert(info.name, fields.iter().map(|f| f.key).collect());
                fields.iter().for_each(|f| records(f.shape, found));
            }
            _ => {}
        }
    }

    #[test]
    fn every_gap_is_at_a_record_and_is_none_of_its_keys() {
        let mut found = BTreeMap::new();
        records(Estate::shape(), &mut found);
        for (record, key, _) in GAPS {
            let keys = found.get(record).unwrap_or_else(|| panic!("no record {record}"));
            assert!(!keys.contains(key), "{record}.{key} is modelled");
        }
    }
}
