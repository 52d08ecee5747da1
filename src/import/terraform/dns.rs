//! Private DNS: zones, links, records, resolvers, rulesets.

use super::fields::{NETWORK, SUBNET_OF};
use super::kinds::{
    How::{Copy, Each, Id, Ids, Keyed},
    Kind,
};
use super::shape::Shaper;

pub(super) const KINDS: &[Kind] = &[
    Kind::group("azurerm_private_dns_zone", "Microsoft.Network/privateDnsZones", &[]),
    Kind::either(
        "azurerm_private_dns_zone_virtual_network_link",
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        "private_dns_zone_id",
        &["private_dns_zone_name"],
        &[
            NETWORK,
            ("registration_enabled", "properties.registrationEnabled", Copy),
            ("resolution_policy", "properties.resolutionPolicy", Copy),
        ],
    ),
    Kind::either(
        "azurerm_private_dns_a_record",
        "Microsoft.Network/privateDnsZones/A",
        "private_dns_zone_id",
        &["zone_name"],
        &[("records", "properties.aRecords", Keyed("ipv4Address"))],
    ),
    Kind::either(
        "azurerm_private_dns_aaaa_record",
        "Microsoft.Network/privateDnsZones/AAAA",
        "private_dns_zone_id",
        &["zone_name"],
        &[("records", "properties.aaaaRecords", Keyed("ipv6Address"))],
    ),
    Kind::either(
        "azurerm_private_dns_cname_record",
        "Microsoft.Network/privateDnsZones/CNAME",
        "private_dns_zone_id",
        &["zone_name"],
        &[("record", "properties.cnameRecord.cname", Copy)],
    ),
    Kind::group("azurerm_private_dns_resolver", "Microsoft.Network/dnsResolvers", &[NETWORK]),
    Kind::under(
        "azurerm_private_dns_resolver_inbound_endpoint",
        "Microsoft.Network/dnsResolvers/inboundEndpoints",
        "private_dns_resolver_id",
        &[(
            "ip_configurations",
            "properties.ipConfigurations",
            Each(&[
                ("subnet_id", "subnet", Id),
                ("private_ip_address", "privateIpAddress", Copy),
                ("private_ip_allocation_method", "privateIpAllocationMethod", Copy),
            ]),
        )],
    ),
    Kind::under(
        "azurerm_private_dns_resolver_outbound_endpoint",
        "Microsoft.Network/dnsResolvers/outboundEndpoints",
        "private_dns_resolver_id",
        &[SUBNET_OF],
    ),
    Kind::group(
        "azurerm_private_dns_resolver_dns_forwarding_ruleset",
        "Microsoft.Network/dnsForwardingRulesets",
        &[("private_dns_resolver_outbound_endpoint_ids", "properties.dnsResolverOutboundEndpoints", Ids)],
    ),
    Kind::under(
        "azurerm_private_dns_resolver_forwarding_rule",
        "Microsoft.Network/dnsForwardingRulesets/forwardingRules",
        "dns_forwarding_ruleset_id",
        &[
            ("domain_name", "properties.domainName", Copy),
            (
                "target_dns_servers",
                "properties.targetDnsServers",
                Each(&[("ip_address", "ipAddress", Copy), ("port", "port", Copy)]),
            ),
        ],
    )
    .with(rule_state),
    Kind::under(
        "azurerm_private_dns_resolver_virtual_network_link",
        "Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks",
        "dns_forwarding_ruleset_id",
        &[NETWORK],
    ),
];

fn rule_state(shaper: &mut Shaper<'_, '_>) {
    if let Some(enabled) = shaper.get("enabled").and_then(|e| e.as_bool()) {
        shaper.put_text("properties.forwardingRuleState", if enabled { "Enabled" } else { "Disabled" });
    }
}
