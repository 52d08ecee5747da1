//! Azure Firewall and its policies, as a file declares them.

use super::super::defaults;
use super::Estate;
use super::network::{Access, RuleProtocol};
use crate::document::{Map, PortRanges, Reference, Setting, Spanned, choice, record};
use std::net::IpAddr;

record! {
    /// An Azure Firewall (`azurerm_firewall`).
    pub struct Firewall {
        /// Its subnet, as `vnet/AzureFirewallSubnet` (FW-01).
        subnet: Option<Reference>,
        /// The virtual hub it stands in, instead of a subnet (FW-01).
        virtual_hub: Option<Reference>,
        /// Whether it has a management interface, so that its data may be tunnelled (FW-15).
        management_ip_enabled: Setting<bool> = defaults::FIREWALL_MANAGEMENT_IP,
        /// Private address; the first usable of the subnet when absent.
        private_ip_address: Option<Spanned<IpAddr>>,
        /// Public addresses by name (see `public_ips`).
        public_ips: Vec<Reference>,
        /// Public address of its management interface by name; nothing of the estate meets it (FW-15).
        management_public_ip: Option<Reference>,
        /// Its policy; without one everything is denied (FW-02).
        firewall_policy: Option<Reference>,
    }
}

impl Estate {
    /// The policy of a firewall and its parents, the nearest first; a circle ends it.
    #[must_use]
    pub fn firewall_policies_of<'e>(&'e self, firewall: &'e Firewall) -> Vec<(&'e Reference, &'e FirewallPolicy)> {
        let mut chain: Vec<(&Reference, &FirewallPolicy)> = Vec::new();
        let mut next = firewall.firewall_policy.as_ref();
        while let Some(reference) = next.filter(|r| chain.iter().all(|(known, _)| known.value != r.value)) {
            let Some(policy) = self.firewall_policies.get(&reference.value) else { break };
            chain.push((reference, &policy.value));
            next = policy.value.base_policy.as_ref();
        }
        chain
    }

    /// The DNS settings that count for a firewall, and whether they are those of a parent of its policy: that they are
    /// inherited is not documented (AFW-01, AFW-02, A-23).
    #[must_use]
    pub fn firewall_dns<'e>(&'e self, firewall: &'e Firewall) -> Option<(&'e FirewallDns, bool)> {
        let inherits = self.assumptions.as_ref().is_none_or(|a| a.child_policy_inherits_dns.value);
        let chain = self.firewall_policies_of(firewall);
        let reach = if inherits { chain.len() } else { 1 };
        let found = chain.iter().take(reach).enumerate().find_map(|(at, (_, p))| Some((p.dns.as_ref()?, at > 0)))?;
        Some(found)
    }
}

record! {
    /// A firewall policy (`azurerm_firewall_policy` with its rule collection groups).
    pub struct FirewallPolicy {
        /// Parent policy; its rule groups come first (FW-04).
        base_policy: Option<Reference>,
        /// DNS proxy and servers; those of the nearest parent that has some when absent (AFW-01, AFW-02, A-23).
        dns: Option<FirewallDns>,
        /// Destinations that network rules do not source-translate, or `IANAPrivateRanges`; replaces the private ranges
        /// (SNAT-03).
        private_ip_ranges: Option<Vec<Spanned<String>>>,
        /// What threat intelligence does with a hit (FW-14).
        threat_intelligence_mode: Setting<ThreatIntelligenceMode> = defaults::THREAT_INTELLIGENCE,
        /// Destinations threat intelligence leaves alone: addresses, prefixes or names.
        threat_intelligence_allowlist: Vec<Spanned<String>>,
        /// Rule collection groups by name.
        rule_collection_groups: Map<RuleCollectionGroup>,
    }
}

record! {
    /// DNS settings of a firewall policy.
    pub struct FirewallDns {
        /// Whether the firewall answers DNS queries on port 53 (AFW-01).
        proxy_enabled: Setting<bool> = defaults::FIREWALL_DNS_PROXY,
        /// Servers the firewall asks; empty means Azure DNS in the firewall's VNet (AFW-02).
        servers: Vec<Spanned<IpAddr>>,
    }
}

record! {
    /// A rule collection group.
    pub struct RuleCollectionGroup {
        /// 100 to 65000; lowest first (FW-04).
        priority: Spanned<u16> = required,
        /// NAT rule collections by name (FW-10).
        nat_rule_collections: Map<NatRuleCollection>,
        /// Network rule collections by name.
        network_rule_collections: Map<NetworkRuleCollection>,
        /// Application rule collections by name.
        application_rule_collections: Map<ApplicationRuleCollection>,
    }
}

choice! {
    /// What threat intelligence does with a hit (FW-14).
    pub enum ThreatIntelligenceMode {
        Off = "Off",
        Alert = "Alert",
        Deny = "Deny",
    }
}

record! {
    /// A NAT rule collection.
    pub struct NatRuleCollection {
        /// 100 to 65000; lowest first.
        priority: Spanned<u16> = required,
        /// Rules by name.
        rules: Map<NatRule>,
    }
}

record! {
    /// A NAT rule: one of the firewall's own addresses and ports to another place (FW-10).
    pub struct NatRule {
        /// Protocols.
        protocols: Vec<Spanned<RuleProtocol>> = required,
        /// Sources: prefixes, addresses or `*`.
        source_addresses: Vec<Spanned<String>> = required,
        /// The firewall's address: public or private.
        destination_address: Option<Spanned<IpAddr>>,
        /// The firewall's public IP instead (see `public_ips`), whose address need not be known.
        destination_public_ip: Option<Reference>,
        /// Destination ports.
        destination_ports: Vec<Spanned<PortRanges>> = required,
        /// The new destination, by address.
        translated_address: Option<Spanned<IpAddr>>,
        /// The new destination, by name: its first address.
        translated_fqdn: Option<Spanned<String>>,
        /// The new port.
        translated_port: Spanned<u16> = required,
    }
}

record! {
    /// A network rule collection.
    pub struct NetworkRuleCollection {
        /// 100 to 65000; lowest first.
        priority: Spanned<u16> = required,
        /// What a match does.
        action: Spanned<Access> = required,
        /// Rules by name.
        rules: Map<NetworkRule>,
    }
}

record! {
    /// A network rule (FW-05).
    pub struct NetworkRule {
        /// Protocols.
        protocols: Vec<Spanned<RuleProtocol>> = required,
        /// Sources: prefixes, addresses or `*`.
        source_addresses: Vec<Spanned<String>> = required,
        /// Destinations: prefixes, addresses, service tags or `*`.
        destination_addresses: Vec<Spanned<String>>,
        /// Destination names, as the firewall resolves them; needs its DNS proxy (FW-08).
        destination_fqdns: Vec<Spanned<String>>,
        /// Destination ports.
        destination_ports: Vec<Spanned<PortRanges>> = required,
    }
}

record! {
    /// An application rule collection.
    pub struct ApplicationRuleCollection {
        /// 100 to 65000; lowest first.
        priority: Spanned<u16> = required,
        /// What a match does.
        action: Spanned<Access> = required,
        /// Rules by name.
        rules: Map<ApplicationRule>,
    }
}

record! {
    /// An application rule (FW-06).
    pub struct ApplicationRule {
        /// Application protocols and their ports.
        protocols: Vec<ApplicationProtocol> = required,
        /// Sources: prefixes, addresses or `*`.
        source_addresses: Vec<Spanned<String>> = required,
        /// Target names; a wildcard only at the left (FW-07).
        destination_fqdns: Vec<Spanned<String>> = required,
    }
}

record! {
    /// Protocol and port of an application rule.
    pub struct ApplicationProtocol {
        /// `Http`, `Https` or `Mssql`.
        type_: Spanned<ApplicationProtocolType> = required,
        /// TCP port.
        port: Spanned<u16> = required,
    }
}

choice! {
    /// Protocols an application rule can inspect (FW-03).
    pub enum ApplicationProtocolType {
        Http = "Http",
        Https = "Https",
        Mssql = "Mssql",
    }
}
