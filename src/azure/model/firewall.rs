//! Azure Firewall and its policies, as a file declares them.

use super::super::defaults;
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
        /// Its policy; without one everything is denied (FW-02).
        firewall_policy: Option<Reference>,
    }
}

record! {
    /// A firewall policy (`azurerm_firewall_policy` with its rule collection groups).
    pub struct FirewallPolicy {
        /// Parent policy; its rule groups come first (FW-04).
        base_policy: Option<Reference>,
        /// DNS proxy and servers (AFW-01, AFW-02).
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
        destination_address: Spanned<IpAddr> = required,
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
