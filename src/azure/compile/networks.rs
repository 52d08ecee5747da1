//! Virtual networks, subnets and on-premises sites as networks and segments.

use super::{Compiler, routing::segment};
use crate::{
    azure::{
        model::{gateway::GatewayType, network::Subnet},
        region_pairs::{Pair, pair_of},
    },
    dataplane::{Breakout, Network, Origin, Reach, Realm, ServiceEndpoint},
    diag::{Diagnostic, code, nearest},
    document::{Entry, Spanned},
    net::{Prefix, is_public},
};
use std::{collections::BTreeMap, net::IpAddr};

/// The realm of every network of the customer's.
pub(super) const CUSTOMER: Realm = Realm(0);

impl Compiler<'_> {
    pub(super) fn networks(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.virtual_networks.iter() {
            let vnet = &entry.value;
            let prefixes: Vec<_> = vnet.address_space.iter().map(|p| p.value).collect();
            self.address_space(name, &vnet.address_space);
            let network = self.plane.networks.push(Network {
                origin: Origin::new("virtual_network", name, entry.span),
                realm: CUSTOMER,
                prefixes,
                border: None,
                breakout: None,
                egress: None,
                complete: true,
                beyond_gateway: false,
                region: self.region(vnet.location.as_ref()),
                members_connected: true,
                view: None,
            });
            self.vnets.insert(name.to_owned(), network);
            let region = self.region(vnet.location.as_ref());
            let mut seen: BTreeMap<IpAddr, (Prefix, String)> = BTreeMap::new();
            for (subnet_name, subnet) in vnet.subnets.iter() {
                let full = format!("{name}/{subnet_name}");
                for prefix in &subnet.value.address_prefixes {
                    if !vnet.address_space.iter().any(|p| p.value.covers(prefix.value)) {
                        let space =
                            vnet.address_space.iter().map(|p| p.value.to_string()).collect::<Vec<_>>().join(", ");
                        self.error(
                            code::PLACEMENT,
                            prefix.span,
                            format!("{} of subnet `{full}` lies outside its virtual network (ADDR-02)", prefix.value),
                            format!("use a prefix of {space}"),
                        );
                    }
                    let hit = overlapping(&seen, prefix.value).cloned();
                    if let Some((other, at)) = &hit {
                        self.diagnostics.push(
                            Diagnostic::error(
                                code::OVERLAP,
                                prefix.span,
                                format!("{} overlaps {other} of subnet `{at}` (ADDR-02)", prefix.value),
                            )
                            .help("subnets of a virtual network are disjoint"),
                        );
                    }
                    // Of two that overlap the larger one stays, so that those seen are disjoint.
                    if hit.is_none_or(|(other, _)| prefix.value.covers(other)) {
                        let inner = seen.range(prefix.value.network()..=prefix.value.last());
                        for at in inner.map(|(at, _)| *at).collect::<Vec<_>>() {
                            seen.remove(&at);
                        }
                        seen.insert(prefix.value.network(), (prefix.value, full.clone()));
                    }
                }
                let outbound = &subnet.value.default_outbound_access_enabled;
                self.subnet_shape(&full, subnet);
                let prefixes = subnet.value.address_prefixes.iter().map(|p| p.value).collect();
                let mut made = segment(Origin::new("subnet", &full, subnet.span), network, prefixes);
                // What the platform runs in delegated subnets leaves by its own means (NAT-09).
                made.default_outbound = (outbound.value || subnet.value.delegation.is_some(), outbound.span);
                made.service_endpoints =
                    subnet.value.service_endpoints.iter().map(|s| service_endpoint(s, region.as_deref())).collect();
                for declared in &subnet.value.service_endpoints {
                    let known = SERVICE_ENDPOINTS.iter().any(|(k, ..)| k.eq_ignore_ascii_case(&declared.value));
                    if !known {
                        let near = nearest(&declared.value, SERVICE_ENDPOINTS.iter().map(|(k, ..)| *k));
                        let help = near
                            .map_or("see the services of Azure's page".to_owned(), |n| format!("did you mean `{n}`?"));
                        self.error(
                            code::VALUE,
                            declared.span,
                            format!("no service endpoint is named `{}` (SE-01)", declared.value),
                            help,
                        );
                    }
                }
                let segment = self.plane.segments.push(made);
                self.subnets.insert(full, segment);
            }
        }
        self.peered_overlaps();
        self.virtual_hubs();
        self.sites();
        self.client_networks();
    }

    /// Prefixes of one network are disjoint and of a kind that networks may use (ADDR-01).
    fn address_space(&mut self, name: &str, space: &[crate::document::Spanned<Prefix>]) {
        for (i, prefix) in space.iter().enumerate() {
            if let Some(other) = space.iter().take(i).find(|p| p.value.overlaps(prefix.value)) {
                self.diagnostics.push(
                    Diagnostic::error(
                        code::OVERLAP,
                        prefix.span,
                        format!("{} overlaps {} of `{name}` (ADDR-01)", prefix.value, other.value),
                    )
                    .related(other.span, "the other prefix")
                    .help("prefixes of a network are disjoint"),
                );
            }
            let forbidden = ["224.0.0.0/4", "255.255.255.255/32", "127.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32"];
            let hit = forbidden.iter().filter_map(|f| f.parse::<Prefix>().ok()).find(|f| f.overlaps(prefix.value));
            if let Some(hit) = hit {
                self.error(
                    code::ADDR_FORBIDDEN,
                    prefix.span,
                    format!("{} overlaps {hit}, which no network may use (ADDR-01)", prefix.value),
                    "use private address space",
                );
            }
        }
    }

    /// Peered networks must be disjoint (PEER-03, ADDR-07).
    fn peered_overlaps(&mut self) {
        let estate = self.estate;
        for (_, entry) in estate.virtual_network_peerings.iter() {
            let link = &entry.value;
            let pair = (
                estate.virtual_networks.get(&link.virtual_network.value),
                estate.virtual_networks.get(&link.remote_virtual_network.value),
            );
            let (Some(local), Some(remote)) = pair else { continue };
            if link.virtual_network.value == link.remote_virtual_network.value {
                let text = format!("`{}` is peered with itself (PEER-03)", link.virtual_network.value);
                self.error(code::CONFLICT, link.remote_virtual_network.span, text, "name the other network");
                continue;
            }
            // A subnet peering has conditions of its own (PEER-14).
            if !link.peer_complete_virtual_networks_enabled.value {
                continue;
            }
            for a in &local.value.address_space {
                for b in remote.value.address_space.iter().filter(|b| b.value.overlaps(a.value)) {
                    self.diagnostics.push(
                        Diagnostic::error(
                            code::OVERLAP,
                            link.remote_virtual_network.span,
                            format!(
                                "`{}` ({}) and `{}` ({}) overlap and cannot be peered (PEER-03)",
                                link.virtual_network.value, a.value, link.remote_virtual_network.value, b.value
                            ),
                        )
                        .related(b.span, "overlapping prefix")
                        .help("give the networks disjoint address spaces"),
                    );
                }
            }
        }
    }

    /// Sizes, names and delegations that the platform refuses (ADDR-02, SUB-01, SUB-08, RESOLVER-03).
    fn subnet_shape(&mut self, full: &str, entry: &Entry<Subnet>) {
        let subnet = &entry.value;
        let name = full.split_once('/').map_or("", |(_, n)| n);
        let resolver =
            subnet.delegation.as_ref().is_some_and(|d| d.value.eq_ignore_ascii_case("Microsoft.Network/dnsResolvers"));
        let older = self.estate.assumptions.as_ref().is_some_and(|a| a.older_subnet_sizes.value);
        let (shortest, longest, rule) = match name {
            "AzureFirewallSubnet" | "AzureFirewallManagementSubnet" => (0, 26, "SUB-01, A-15"),
            "AzureBastionSubnet" | "RouteServerSubnet" => (0, if older { 27 } else { 26 }, "SUB-01, A-15"),
            "GatewaySubnet" if self.has_both_gateways(full) => (0, 27, "SUB-01, COEX-03"),
            _ if resolver => (24, 28, "RESOLVER-03"),
            _ => (0, 29, "ADDR-02"),
        };
        for prefix in &subnet.address_prefixes {
            let length = prefix.value.length();
            let fits = if prefix.value.network().is_ipv4() {
                (shortest..=longest).contains(&length)
            } else {
                length == 64 && !resolver
            };
            if fits {
                continue;
            }
            let wanted = match (prefix.value.network().is_ipv4(), resolver) {
                (_, true) => "an IPv4 prefix from /28 to /24".to_owned(),
                (true, false) => format!("/{longest} or larger"),
                (false, false) => "a /64".to_owned(),
            };
            let text = format!("{} of subnet `{full}` has a size the platform refuses ({rule})", prefix.value);
            self.refused_subnets.insert(full.to_owned());
            self.diagnostics
                .push(Diagnostic::error(code::SUBNET, prefix.span, text).help(format!("use {wanted}")).refused());
        }
        if name == "GatewaySubnet"
            && let Some(nat) = &subnet.nat_gateway
        {
            let text = "a NAT gateway cannot be associated with GatewaySubnet (NAT-04)";
            let error = Diagnostic::error(code::SUBNET, nat.span, text).help("remove the association");
            self.diagnostics.push(error.refused());
        }
    }

    /// Whether the network of a subnet has a VPN and an ExpressRoute gateway (COEX-03).
    fn has_both_gateways(&self, full: &str) -> bool {
        let network = full.split_once('/').map_or("", |(n, _)| n);
        let has = |wanted| {
            let gateways = &self.estate.virtual_network_gateways;
            gateways.iter().any(|(_, g)| g.value.virtual_network.value == network && g.value.type_.value == wanted)
        };
        has(GatewayType::Vpn) && has(GatewayType::ExpressRoute)
    }

    /// The addresses of point-to-site clients, a network behind each gateway that has some (GW-09).
    fn client_networks(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.virtual_network_gateways.iter() {
            let pools: Vec<_> = entry.value.vpn_client_address_space.iter().map(|p| p.value).collect();
            if pools.is_empty() {
                continue;
            }
            let span = entry.value.vpn_client_address_space.first().map(|p| p.span);
            let origin = Origin::new("vpn_clients", name, span);
            let address = self.undeclared_public();
            let network = self.plane.networks.push(Network {
                origin: origin.clone(),
                realm: CUSTOMER,
                prefixes: pools.clone(),
                border: None,
                // Clients split their traffic: what is not in Azure leaves by their own connection.
                breakout: Some(Breakout { origin: origin.clone(), address }),
                egress: None,
                complete: true,
                beyond_gateway: true,
                region: None,
                members_connected: true,
                view: None,
            });
            let segment = self.plane.segments.push(segment(origin, network, pools));
            self.client_pools.insert(name.to_owned(), (network, segment));
        }
    }

    fn sites(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.on_premises_sites.iter() {
            let site = &entry.value;
            self.address_space(name, &site.address_space);
            let prefixes: Vec<_> = site.address_space.iter().map(|p| p.value).collect();
            let origin = Origin::new("on_premises_site", name, entry.span);
            let breakout = site.internet.as_ref().map(|internet| {
                let at = &internet.public_ip_address;
                (Breakout { origin: Origin::new("internet", name, at.span), address: at.value }, at.span)
            });
            if let Some((breakout, span)) = breakout.as_ref().filter(|(b, _)| !is_public(b.address)) {
                self.error(
                    code::VALUE,
                    *span,
                    format!("{} is not a public address", breakout.address),
                    "give the address that the internet sees",
                );
            }
            let network = self.plane.networks.push(Network {
                origin: origin.clone(),
                realm: CUSTOMER,
                prefixes: prefixes.clone(),
                border: None,
                breakout: breakout.map(|(b, _)| b),
                egress: None,
                complete: false,
                beyond_gateway: true,
                region: None,
                members_connected: true,
                view: None,
            });
            let segment = self.plane.segments.push(segment(origin, network, prefixes));
            self.sites.insert(name.to_owned(), (network, segment));
        }
    }
}

/// One of disjoint prefixes that overlaps another: it begins before its end, and no later one can contain it.
fn overlapping(disjoint: &BTreeMap<IpAddr, (Prefix, String)>, prefix: Prefix) -> Option<&(Prefix, String)> {
    disjoint.range(..=prefix.last()).next_back().map(|(_, found)| found).filter(|(p, _)| p.overlaps(prefix))
}

/// Services with service endpoints, the tag of their addresses, and the regions they serve (ROUTE-08, SE-06).
const SERVICE_ENDPOINTS: &[(&str, &str, Reach)] = &[
    ("Microsoft.Storage", "Storage", Reach::PairUnknown),
    ("Microsoft.Storage.Global", "Storage", Reach::Any),
    ("Microsoft.KeyVault", "AzureKeyVault", Reach::Any),
    ("Microsoft.ContainerRegistry", "AzureContainerRegistry", Reach::Any),
    ("Microsoft.CognitiveServices", "CognitiveServicesManagement", Reach::Any),
    ("Microsoft.Sql", "Sql", Reach::Own),
    ("Microsoft.AzureCosmosDB", "AzureCosmosDB", Reach::Any),
    ("Microsoft.ServiceBus", "ServiceBus", Reach::Any),
    ("Microsoft.EventHub", "EventHub", Reach::Any),
    ("Microsoft.Web", "AppService", Reach::Any),
    ("Microsoft.AzureActiveDirectory", "AzureActiveDirectory", Reach::Any),
];

/// A service endpoint of a subnet in a region (ROUTE-08, SE-06).
fn service_endpoint(declared: &Spanned<String>, region: Option<&str>) -> ServiceEndpoint {
    let known = SERVICE_ENDPOINTS.iter().find(|(k, ..)| k.eq_ignore_ascii_case(&declared.value));
    let (tag, reach) = known.map_or((declared.value.as_str(), Reach::Any), |(_, tag, reach)| (*tag, *reach));
    let reach = match (reach, region.map(pair_of)) {
        (Reach::PairUnknown, Some(Pair::With(pair))) => Reach::Paired(pair),
        (Reach::PairUnknown, Some(Pair::Alone)) => Reach::Own,
        (reach, _) => reach,
    };
    ServiceEndpoint { tag: tag.to_owned(), reach, span: Some(declared.span) }
}
