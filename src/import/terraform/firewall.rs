//! Azure Firewall and its policies.

use super::fields::{HUB, NAME, PRIVATE_ADDRESS, PUBLIC_ADDRESS, SUBNET_OF};
use super::{
    kinds::{
        Field,
        How::{Copy, Each, First, Id, Listed},
        Kind,
    },
    resolve::Resolver,
    shape::{Shaper, is_unknown, list, put},
};
use crate::import::json::Json;
use std::net::IpAddr;

const COLLECTION: &[Field] = &[NAME, ("priority", "priority", Copy), ("action", "action.type", Copy)];

pub(super) const KINDS: &[Kind] = &[
    Kind::group(
        "azurerm_firewall",
        "Microsoft.Network/azureFirewalls",
        &[
            ("sku_name", "properties.sku.name", Copy),
            ("sku_tier", "properties.sku.tier", Copy),
            ("firewall_policy_id", "properties.firewallPolicy", Id),
            (
                "ip_configuration",
                "properties.ipConfigurations",
                Each(&[NAME, SUBNET_OF, PUBLIC_ADDRESS, PRIVATE_ADDRESS]),
            ),
            (
                "virtual_hub",
                "properties",
                First(&[HUB, ("private_ip_address", "properties.hubIPAddresses.privateIPAddress", Copy)]),
            ),
            ("private_ip_ranges", "properties.additionalProperties.privateRanges", Copy),
            ("threat_intel_mode", "properties.threatIntelMode", Copy),
            ("dns_servers", "properties.additionalProperties.dnsServers", Copy),
        ],
    )
    .with(management),
    Kind::group(
        "azurerm_firewall_policy",
        "Microsoft.Network/firewallPolicies",
        &[
            ("sku", "properties.sku.tier", Copy),
            ("base_policy_id", "properties.basePolicy", Id),
            ("dns.proxy_enabled", "properties.dnsSettings.enableProxy", Copy),
            ("dns.servers", "properties.dnsSettings.servers", Copy),
            ("private_ip_ranges", "properties.snat.privateRanges", Copy),
            ("threat_intelligence_mode", "properties.threatIntelMode", Copy),
            ("threat_intelligence_allowlist.ip_addresses", "properties.threatIntelWhitelist.ipAddresses", Copy),
            ("threat_intelligence_allowlist.fqdns", "properties.threatIntelWhitelist.fqdns", Copy),
        ],
    ),
    Kind::under(
        "azurerm_firewall_policy_rule_collection_group",
        "Microsoft.Network/firewallPolicies/ruleCollectionGroups",
        "firewall_policy_id",
        &[("priority", "properties.priority", Copy)],
    )
    .with(group),
    Kind::group("azurerm_ip_group", "Microsoft.Network/ipGroups", &[("cidrs", "properties.ipAddresses", Copy)]),
    Kind::patch("azurerm_ip_group_cidr", "ip_group_id", None, &[("cidr", "properties.ipAddresses[]", Copy)]),
    Kind::group("azurerm_firewall_network_rule_collection", "", &[]).classic(),
    Kind::group("azurerm_firewall_application_rule_collection", "", &[]).classic(),
    Kind::group("azurerm_firewall_nat_rule_collection", "", &[]).classic(),
];

impl Kind {
    /// A collection of rules on a firewall without a policy, found by the firewall's name.
    const fn classic(mut self) -> Self {
        self.arm = "Microsoft.Network/azureFirewalls";
        self.identity = super::kinds::Identity::None;
        self.head = &[];
        self.place = super::kinds::Place::Patch("azure_firewall_name", None);
        self.with(classic)
    }
}

/// The address that a firewall takes in its subnet: the first that the platform does not keep (FW-01).
pub(super) fn private_address(resolver: &Resolver<'_>, number: usize) -> Option<String> {
    let subnet = resolver.full(number).items_at("ip_configuration").first()?.str_at("subnet_id")?.to_owned();
    let subnet = resolver.subnet(&subnet)?;
    let prefixes = resolver.attribute(subnet, "address_prefixes")?;
    let prefix: ipnet::IpNet = prefixes.items().first()?.as_str()?.parse().ok()?;
    match prefix.network() {
        IpAddr::V4(v4) => Some(std::net::Ipv4Addr::from(u32::from(v4).checked_add(4)?).to_string()),
        IpAddr::V6(_) => None,
    }
}

fn management(shaper: &mut Shaper<'_, '_>) {
    let Some(block) = shaper.get("management_ip_configuration") else { return };
    let Some(first) = block.items().first() else { return };
    let mut configuration = super::shape::object(Vec::new(), first.span);
    super::shape::shape(first, &[NAME, SUBNET_OF, PUBLIC_ADDRESS], &mut configuration);
    shaper.put("properties.managementIpConfiguration", configuration);
}

const NETWORK: &[Field] = &[
    NAME,
    ("protocols", "ipProtocols", Copy),
    ("source_addresses", "sourceAddresses", Copy),
    ("source_ip_groups", "sourceIpGroups", Copy),
    ("destination_addresses", "destinationAddresses", Copy),
    ("destination_ip_groups", "destinationIpGroups", Copy),
    ("destination_fqdns", "destinationFqdns", Copy),
    ("destination_ports", "destinationPorts", Copy),
];

const APPLICATION: &[Field] = &[
    NAME,
    ("protocols", "protocols", Each(&[("type", "protocolType", Copy), ("port", "port", Copy)])),
    ("source_addresses", "sourceAddresses", Copy),
    ("source_ip_groups", "sourceIpGroups", Copy),
    ("destination_fqdns", "targetFqdns", Copy),
    ("destination_addresses", "destinationAddresses", Copy),
    ("destination_fqdn_tags", "fqdnTags", Copy),
    ("destination_urls", "targetUrls", Copy),
    ("web_categories", "webCategories", Copy),
    ("terminate_tls", "terminateTLS", Copy),
];

const NAT: &[Field] = &[
    NAME,
    ("protocols", "ipProtocols", Copy),
    ("source_addresses", "sourceAddresses", Copy),
    ("source_ip_groups", "sourceIpGroups", Copy),
    ("destination_address", "destinationAddresses", Listed),
    ("destination_ports", "destinationPorts", Copy),
    ("translated_address", "translatedAddress", Copy),
    ("translated_fqdn", "translatedFqdn", Copy),
    ("translated_port", "translatedPort", Copy),
];

/// The rules of a collection; what is not known of them stays so.
fn rules(collection: &Json, fields: &[Field], kind: Option<&str>) -> Json {
    let Some(blocks) = collection.at("rule").filter(|b| !is_unknown(b)) else {
        return collection.at("rule").cloned().unwrap_or_else(|| list(Vec::new(), collection.span));
    };
    let rules = blocks.items().iter().map(|rule| {
        if is_unknown(rule) {
            return rule.clone();
        }
        let mut out = super::shape::object(Vec::new(), rule.span);
        if let Some(kind) = kind {
            put(&mut out, "ruleType", Json::text(kind, rule.span));
        }
        super::shape::shape(rule, fields, &mut out);
        out
    });
    list(rules.collect(), collection.span)
}

/// Collections of three sorts stand in three blocks; Azure's model has one list, told apart by types.
fn group(shaper: &mut Shaper<'_, '_>) {
    let sorts: [(&str, &str, &str, &[Field]); 3] = [
        ("nat_rule_collection", "FirewallPolicyNatRuleCollection", "NatRule", NAT),
        ("network_rule_collection", "FirewallPolicyFilterRuleCollection", "NetworkRule", NETWORK),
        ("application_rule_collection", "FirewallPolicyFilterRuleCollection", "ApplicationRule", APPLICATION),
    ];
    for (block, kind, rule_kind, fields) in sorts {
        let Some(collections) = shaper.get(block) else { continue };
        if collections.items().is_empty()
            && collections.fields().is_empty()
            && !matches!(collections.value, crate::import::json::Value::List(_))
        {
            shaper.put("properties.ruleCollections", collections);
            continue;
        }
        for collection in collections.items() {
            if is_unknown(collection) {
                shaper.put("properties.ruleCollections[]", collection.clone());
                continue;
            }
            let mut item = super::shape::object(Vec::new(), collection.span);
            super::shape::shape(collection, COLLECTION, &mut item);
            put(&mut item, "ruleCollectionType", Json::text(kind, collection.span));
            put(&mut item, "rules", rules(collection, fields, Some(rule_kind)));
            shaper.put("properties.ruleCollections[]", item);
        }
    }
}

/// Rules on the firewall itself. Azure's model keeps them in the firewall's properties.
fn classic(shaper: &mut Shaper<'_, '_>) {
    let kind = shaper.resolver.plan.instances.get(shaper.number).map(|i| i.kind.clone()).unwrap_or_default();
    let (key, fields): (&str, &[Field]) = match kind.as_str() {
        "azurerm_firewall_network_rule_collection" => (
            "properties.networkRuleCollections",
            &[
                NAME,
                ("protocols", "protocols", Copy),
                ("source_addresses", "sourceAddresses", Copy),
                ("source_ip_groups", "sourceIpGroups", Copy),
                ("destination_addresses", "destinationAddresses", Copy),
                ("destination_ip_groups", "destinationIpGroups", Copy),
                ("destination_fqdns", "destinationFqdns", Copy),
                ("destination_ports", "destinationPorts", Copy),
            ],
        ),
        "azurerm_firewall_application_rule_collection" => (
            "properties.applicationRuleCollections",
            &[
                NAME,
                ("protocol", "protocols", Each(&[("type", "protocolType", Copy), ("port", "port", Copy)])),
                ("source_addresses", "sourceAddresses", Copy),
                ("source_ip_groups", "sourceIpGroups", Copy),
                ("target_fqdns", "targetFqdns", Copy),
                ("fqdn_tags", "fqdnTags", Copy),
            ],
        ),
        _ => (
            "properties.natRuleCollections",
            &[
                NAME,
                ("protocols", "protocols", Copy),
                ("source_addresses", "sourceAddresses", Copy),
                ("source_ip_groups", "sourceIpGroups", Copy),
                ("destination_addresses", "destinationAddresses", Copy),
                ("destination_ports", "destinationPorts", Copy),
                ("translated_address", "translatedAddress", Copy),
                ("translated_port", "translatedPort", Copy),
            ],
        ),
    };
    let span = shaper.values.span;
    let mut item = super::shape::object(Vec::new(), span);
    let outer: &[Field] =
        &[NAME, ("priority", "properties.priority", Copy), ("action", "properties.action.type", Copy)];
    super::shape::shape(&shaper.values, outer, &mut item);
    put(&mut item, "properties.rules", rules(&shaper.values, fields, None));
    shaper.put(key, list(vec![item], span));
}
