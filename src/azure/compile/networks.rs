//! Virtual networks, subnets and on-premises sites as networks and segments.

use super::Compiler;
use crate::{
    dataplane::{Breakout, Network, Origin, Realm, Segment},
    diag::{Diagnostic, code},
    net::{Prefix, is_public},
};

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
            let mut seen: Vec<(Prefix, String)> = Vec::new();
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
                    if let Some((other, at)) = seen.iter().find(|(p, _)| p.overlaps(prefix.value)) {
                        self.diagnostics.push(
                            Diagnostic::error(
                                code::OVERLAP,
                                prefix.span,
                                format!("{} overlaps {other} of subnet `{at}` (ADDR-02)", prefix.value),
                            )
                            .help("subnets of a virtual network are disjoint"),
                        );
                    }
                    seen.push((prefix.value, full.clone()));
                }
                let outbound = &subnet.value.default_outbound_access_enabled;
                let segment = self.plane.segments.push(Segment {
                    origin: Origin::new("subnet", &full, subnet.span),
                    network,
                    prefixes: subnet.value.address_prefixes.iter().map(|p| p.value).collect(),
                    filter: None,
                    routes: Vec::new(),
                    withdrawn: Vec::new(),
                    default_outbound: (outbound.value, outbound.span),
                    service_endpoints: subnet
                        .value
                        .service_endpoints
                        .iter()
                        .map(|s| (service_endpoint_tag(&s.value), Some(s.span)))
                        .collect(),
                });
                self.subnets.insert(full, segment);
            }
        }
        self.peered_overlaps();
        self.sites();
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
            let forbidden = ["224.0.0.0/4", "127.0.0.0/8", "169.254.0.0/16", "168.63.129.16/32"];
            let hit = forbidden.iter().filter_map(|f| f.parse::<Prefix>().ok()).find(|f| f.overlaps(prefix.value));
            if let Some(hit) = hit {
                self.error(
                    code::PLACEMENT,
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
            let segment = self.plane.segments.push(Segment {
                origin,
                network,
                prefixes,
                filter: None,
                routes: Vec::new(),
                withdrawn: Vec::new(),
                default_outbound: (false, None),
                service_endpoints: Vec::new(),
            });
            self.sites.insert(name.to_owned(), (network, segment));
        }
    }
}

/// The service tag whose addresses a service endpoint carries (ROUTE-08).
fn service_endpoint_tag(service: &str) -> String {
    let tag = match service.to_lowercase().as_str() {
        "microsoft.storage" | "microsoft.storage.global" => "Storage",
        "microsoft.keyvault" => "AzureKeyVault",
        "microsoft.containerregistry" => "AzureContainerRegistry",
        "microsoft.cognitiveservices" => "CognitiveServicesManagement",
        "microsoft.sql" => "Sql",
        "microsoft.azurecosmosdb" => "AzureCosmosDB",
        "microsoft.servicebus" => "ServiceBus",
        "microsoft.eventhub" => "EventHub",
        "microsoft.web" => "AppService",
        other => return other.to_owned(),
    };
    tag.to_owned()
}
