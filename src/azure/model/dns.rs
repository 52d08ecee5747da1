//! Private DNS zones, resolvers, rulesets, DNS servers and the public names a design relies on.

use super::super::defaults;
use crate::document::{ListenPort, Map, Reference, Setting, Spanned, choice, record};
use std::net::IpAddr;

record! {
    /// A private DNS zone (`azurerm_private_dns_zone`).
    pub struct PrivateDnsZone {
        /// Zone name when it differs from the key (same-named zones in several subscriptions, ZONE-15).
        zone_name: Option<Spanned<String>>,
        /// Links by name; the key is the virtual network's name unless `virtual_network` says otherwise.
        virtual_network_links: Map<VirtualNetworkLink>,
        /// Address records written by hand: relative name (`@` for the apex) to addresses (ZG-03).
        a_records: Map<AddressRecord>,
        /// Alias records written by hand: relative name to target.
        cname_records: Map<CnameRecord>,
    }
}

record! {
    /// A link that makes a zone visible in a virtual network (ZONE-02).
    pub struct VirtualNetworkLink {
        /// The virtual network; the link's key when absent.
        virtual_network: Option<Reference>,
        /// Whether machines of the network register themselves (ZONE-21).
        registration_enabled: Setting<bool> = defaults::LINK_REGISTRATION,
        /// What happens to a name that the zone does not hold (ZONE-08, ZONE-09).
        resolution_policy: Setting<ResolutionPolicy> = defaults::LINK_RESOLUTION_POLICY,
    }
}

choice! {
    /// What a linked zone does with a name it does not hold.
    pub enum ResolutionPolicy {
        Default = "Default",
        NxDomainRedirect = "NxDomainRedirect",
    }
}

record! {
    /// An address record set.
    pub struct AddressRecord {
        /// Addresses.
        records: Vec<Spanned<IpAddr>> = required,
    }
}

record! {
    /// An alias record.
    pub struct CnameRecord {
        /// Target name.
        record: Spanned<String> = required,
    }
}

record! {
    /// A DNS private resolver (`azurerm_private_dns_resolver`).
    pub struct PrivateDnsResolver {
        /// Its virtual network (RESOLVER-03).
        virtual_network: Reference = required,
        /// Inbound endpoints by name (RESOLVER-01).
        inbound_endpoints: Map<InboundEndpoint>,
        /// Outbound endpoints by name (RESOLVER-02).
        outbound_endpoints: Map<OutboundEndpoint>,
    }
}

record! {
    /// An inbound endpoint: an address that answers as Azure DNS of the resolver's network.
    pub struct InboundEndpoint {
        /// Its subnet, as `vnet/subnet`.
        subnet: Reference = required,
        /// Its address.
        private_ip_address: Spanned<IpAddr> = required,
    }
}

record! {
    /// An outbound endpoint: the place forwarded queries are sent from.
    pub struct OutboundEndpoint {
        /// Its subnet, as `vnet/subnet`.
        subnet: Reference = required,
    }
}

record! {
    /// A forwarding ruleset (`azurerm_private_dns_resolver_dns_forwarding_ruleset`).
    pub struct ForwardingRuleset {
        /// Outbound endpoints, as `resolver/endpoint`.
        outbound_endpoints: Vec<Reference> = required,
        /// Links by name; the key is the virtual network's name unless `virtual_network` says otherwise.
        virtual_network_links: Map<RulesetLink>,
        /// Rules by name (RESOLVER-07).
        rules: Map<ForwardingRule>,
    }
}

record! {
    /// A link of a ruleset to a virtual network.
    pub struct RulesetLink {
        /// The virtual network; the link's key when absent.
        virtual_network: Option<Reference>,
    }
}

record! {
    /// A forwarding rule: the longest matching domain wins.
    pub struct ForwardingRule {
        /// Domain, with or without the final dot; `.` matches everything (RESOLVER-10).
        domain_name: Spanned<String> = required,
        /// Servers to ask, in order (RESOLVER-09).
        target_dns_servers: Vec<Spanned<IpAddr>> = required,
        /// Whether the rule is in force.
        enabled: Setting<bool> = defaults::FORWARDING_RULE_ENABLED,
    }
}

record! {
    /// A DNS security policy: it acts on every query of its networks to Azure DNS (DNSPOL-01).
    pub struct DnsSecurityPolicy {
        /// Virtual networks it is linked to.
        virtual_networks: Vec<Reference> = required,
        /// Rules by name.
        rules: Map<DnsSecurityRule>,
    }
}

record! {
    /// A DNS security rule: the lowest priority that matches decides (DNSPOL-02).
    pub struct DnsSecurityRule {
        /// 100 to 65000, lowest first.
        priority: Spanned<u16> = required,
        /// `Allow`, `Block` or `Alert`; an alert permits.
        action: Spanned<DnsSecurityAction> = required,
        /// Domains with everything below them; `.` matches everything.
        domains: Vec<Spanned<String>> = required,
    }
}

choice! {
    /// What a DNS security rule does with a match.
    pub enum DnsSecurityAction {
        Allow = "Allow",
        Block = "Block",
        Alert = "Alert",
    }
}

record! {
    /// A DNS server of the customer's: on premises, or on a virtual machine.
    pub struct DnsServer {
        /// Its address; on a virtual machine the machine's address when absent.
        ip_address: Option<Spanned<IpAddr>>,
        /// Zones it is authoritative for.
        zones: Map<AuthoritativeZone>,
        /// Suffix to servers, in order; the longest suffix wins (FWD-07).
        conditional_forwarders: Map<Vec<Spanned<IpAddr>>>,
        /// Servers for every other name; empty means it resolves public names itself.
        forwarders: Vec<Spanned<IpAddr>>,
        /// Whether it resolves public names itself when nothing else applies (FWD-11).
        recursion_enabled: Setting<bool> = defaults::DNS_RECURSION,
        /// `forward` takes the upstream's whole answer, `iterative` follows aliases itself (FWD-04).
        mode: Setting<ForwardMode> = defaults::DNS_FORWARD_MODE,
    }
}

choice! {
    /// How a DNS server treats an alias in a forwarded answer (FWD-04).
    pub enum ForwardMode {
        Forward = "forward",
        Iterative = "iterative",
    }
}

record! {
    /// A zone held by a customer's DNS server.
    pub struct AuthoritativeZone {
        /// Relative name to addresses.
        a_records: Map<AddressRecord>,
        /// Relative name to target.
        cname_records: Map<CnameRecord>,
    }
}

record! {
    /// A public host the design talks to, keyed by its name. As a DNS server, one that serves udp/53 answers what public DNS
    /// holds (DNS-10).
    pub struct PublicHost {
        /// Its address, where rules or routes by address matter.
        ip_address: Option<Spanned<IpAddr>>,
        /// Service tags that contain it; derived for names of known Azure services.
        service_tags: Vec<Spanned<String>>,
        /// Region, for regional service tags.
        location: Option<Spanned<String>>,
        /// Ports it serves; every port is taken as served when absent, and the trace says so.
        listens: Option<Vec<Spanned<ListenPort>>>,
    }
}

record! {
    /// What is known of public DNS.
    pub struct PublicDns {
        /// Suffixes that do not exist in public DNS, for example an internal corporate zone.
        absent: Vec<Spanned<String>>,
    }
}
