//! Kubernetes clusters: the API server of a public, a private and an integrated one, its names, and the nodes (AKS-01 to
//! AKS-07).

use super::{
    Compiler, CustomerEndpoint,
    machines::{endpoint, host},
};
use crate::{
    azure::{
        known_services::KnownTags,
        model::{cluster::KubernetesCluster, network::PrivateEndpointNetworkPolicies},
    },
    dataplane::{
        Connection, ConnectionTarget, Door, DoorName, Gate, Id, Listens, Origin, PrivateEndpoint, Recognises, Record,
        RecordData, RecordSet, Resource, Role, Segment, Setting, Target, Zone, ZoneLink,
    },
    diag::{Diagnostic, Span, code},
    document::{Entry, Reference},
    net::{Fqdn, PortRange, PortSet, Transport, UNDECLARED_SOURCE},
};
use std::net::IpAddr;

/// What later stages need of a cluster.
pub(super) struct Cluster {
    name: String,
    nodes: Id<crate::dataplane::Endpoint>,
    resource: Id<Resource>,
    /// The name in the private zone with its address, for a private cluster with a zone.
    private: Option<(Fqdn, IpAddr)>,
}

impl Compiler<'_> {
    /// The API servers and nodes of all clusters, among the owners of addresses.
    pub(super) fn clusters(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.kubernetes_clusters.iter() {
            if let Some(cluster) = self.cluster(name, entry) {
                self.clusters.push(cluster);
            }
        }
    }

    /// The subnet of the API server: its own with integration, the first pool's otherwise (AKS-01, AKS-07).
    fn server_subnet(&mut self, cluster: &KubernetesCluster) -> Option<Id<Segment>> {
        let access = cluster.api_server_access_profile.as_ref();
        let own = access.filter(|a| a.virtual_network_integration_enabled.value).and_then(|a| a.subnet.as_ref());
        self.subnet(own.unwrap_or(&cluster.default_node_pool.subnet))
    }

    fn cluster(&mut self, name: &str, entry: &Entry<KubernetesCluster>) -> Option<Cluster> {
        let cluster = &entry.value;
        let origin = Origin::new("kubernetes_cluster", name, entry.span);
        let segment = self.server_subnet(cluster)?;
        let pool = self.subnet(&cluster.default_node_pool.subnet)?;
        let Some(region) = self.region(cluster.location.as_ref()) else {
            let text = format!("the region of cluster `{name}` is unknown, so its names are");
            self.error(code::MISSING_KEY, entry.span, text, "set `location`");
            return None;
        };
        let access = cluster.api_server_access_profile.as_ref();
        let integrated = access.is_some_and(|a| a.virtual_network_integration_enabled.value);
        if let Some(missing) = access.filter(|a| integrated && a.subnet.is_none()) {
            let span = missing.virtual_network_integration_enabled.span;
            let text = format!("cluster `{name}` integrates its API server without a subnet for it (AKS-07)");
            self.error(code::MISSING_KEY, span, text, "add `subnet` to api_server_access_profile");
        }
        let prefix = cluster.dns_prefix.as_ref().map_or(name, |p| p.value.as_str()).to_lowercase();
        let public_name = self.name::<Fqdn>(&format!("{prefix}.hcp.{region}.azmk8s.io"), entry.span)?;
        let private = cluster.private_cluster_enabled.value;
        let zone = cluster.private_dns_zone.as_ref().map(|z| z.value.as_str());
        let without_zone = zone.is_some_and(|z| z.eq_ignore_ascii_case("None"));
        let public_fqdn = !private || cluster.private_cluster_public_fqdn_enabled.value;
        if private && without_zone && !public_fqdn {
            let span = cluster.private_cluster_public_fqdn_enabled.span;
            let text = format!("cluster `{name}` has neither a private zone nor a public name (AKS-02)");
            let error = Diagnostic::error(code::CONFLICT, span, text);
            self.diagnostics.push(error.help("keep private_cluster_public_fqdn_enabled, or use a zone").refused());
        }
        let resource = self.plane.resources.push(Resource {
            origin: origin.clone(),
            kind: "Microsoft.ContainerService/managedClusters".to_owned(),
            names: Vec::new(),
            gate: None,
            has_identity: false,
            own_identity: false,
            shared_links: Vec::new(),
            outbound: None,
        });
        let door = self.server_door(name, cluster, &origin, resource, &region);
        let server =
            if private || integrated { Some(self.server(name, cluster, segment, door, integrated)?) } else { None };
        let own = access.and_then(|a| a.subnet.as_ref()).filter(|_| integrated);
        if let (Some(subnet), Some((id, _))) = (own, server) {
            let delegations = ["Microsoft.ContainerService/managedClusters"];
            let mut refused = self.delegated_to_other(subnet, "an API server", &delegations);
            let network = |subnet: &Reference| subnet.value.split_once('/').map(|(v, _)| v.to_owned());
            if network(subnet) != network(&cluster.default_node_pool.subnet) {
                let text = format!("the API server of cluster `{name}` is in another network than its nodes (AKS-07)");
                let error = Diagnostic::error(code::PLACEMENT, subnet.span, text);
                self.diagnostics.push(error.help("use a subnet of the nodes' network").refused());
                refused = true;
            }
            if refused {
                self.refuse(id);
            }
        }
        let mut names = Vec::new();
        let mut answered = None;
        if private && !without_zone {
            // With integration there is no endpoint, and the zone has another name (AKS-07).
            let link = if integrated { "private" } else { "privatelink" };
            let suffix = self.name::<Fqdn>(&format!("{link}.{region}.azmk8s.io"), entry.span)?;
            let zone_name = self.cluster_zone_name(name, cluster, &suffix)?;
            let full = zone_name.prepend(&prefix).ok()?;
            if let Some((_, address)) = server {
                answered = Some((full.clone(), address));
            }
            if integrated {
                self.plane.machine_names.entry(full.clone()).or_default().extend(server.map(|(id, _)| id));
            } else {
                self.plane.door_names.insert(full.clone(), DoorName { door, requires: None, zone: None });
            }
            // Nobody else answers for it.
            self.plane.dns.absent.push((full.clone(), entry.span));
            names.push(full);
        }
        if public_fqdn {
            self.public_name(&public_name, private, integrated, door, server, &origin);
            names.push(public_name);
        }
        if let Some(first) = names.first().cloned() {
            self.plane.resources.get_mut(resource).names = vec![("API server".to_owned(), vec![first])];
        }
        let nodes = self.free_address(pool);
        let role = Role::Host(host(Listens::Only(Vec::new())));
        let nodes = self.plane.add_endpoint(endpoint(origin, Some(pool), nodes.into_iter().collect(), role));
        if self.undelegated(&cluster.default_node_pool.subnet, "a node pool") {
            self.refuse(nodes);
        }
        // The platform makes a balancer for what leaves, unless a table or a NAT gateway takes it (NAT-01; background).
        self.plane.endpoints.get_mut(nodes).balanced_source = Some(UNDECLARED_SOURCE);
        self.anywhere(nodes);
        Some(Cluster { name: name.to_owned(), nodes, resource, private: answered })
    }

    /// The public name leads to the public address; that of a private cluster answers with the private one, everywhere
    /// (AKS-03).
    fn public_name(
        &mut self,
        name: &Fqdn,
        private: bool,
        integrated: bool,
        door: Id<Door>,
        server: Option<(Id<crate::dataplane::Endpoint>, IpAddr)>,
        origin: &Origin,
    ) {
        let address = match server {
            Some((_, address)) if private => address,
            _ => self.plane.doors.get(door).public_address,
        };
        let record = Record { data: RecordData::Addresses(vec![address]), origin: origin.clone() };
        self.plane.dns.public.insert(name.clone(), record);
        match server {
            Some((id, _)) if private && integrated => {
                self.plane.machine_names.entry(name.clone()).or_default().push(id)
            }
            _ => drop(self.plane.door_names.insert(name.clone(), DoorName { door, requires: None, zone: None })),
        }
    }

    /// The public way to the API server, for everybody or for authorised ranges; closed for a private cluster (AKS-06).
    fn server_door(
        &mut self,
        name: &str,
        cluster: &KubernetesCluster,
        origin: &Origin,
        resource: Id<Resource>,
        region: &str,
    ) -> Id<Door> {
        let ranges = cluster.api_server_access_profile.as_ref().map(|a| a.authorized_ip_ranges.as_slice());
        let ranges = ranges.unwrap_or_default();
        let private = cluster.private_cluster_enabled.value;
        if let Some(first) = ranges.first().filter(|_| private) {
            let text = format!("authorised ranges do not act on the private API server of `{name}` (AKS-06)");
            self.diagnostics.push(
                Diagnostic::warning(code::IGNORED, first.span, text).help("filter at the subnet of its endpoint"),
            );
        }
        let gate = Gate {
            origin: origin.clone(),
            enabled: Setting { value: !private, span: cluster.private_cluster_enabled.span },
            default_allow: Setting { value: ranges.is_empty(), span: ranges.first().map(|r| r.span) },
            ordered: None,
            addresses: ranges.iter().map(|r| (r.value, Some(r.span))).collect(),
            recognises: Recognises::Everyone,
            segments: Vec::new(),
            instances: Vec::new(),
            bypass: None,
            trusted: std::sync::Arc::default(),
            bypass_rule: None,
            cloud: None,
            trust_unmodelled: false,
            closed_by: None,
            perimeter: None,
            perimeter_only: false,
            service_tag: None,
            unsupported: None,
            rules: &["AKS-06"],
        };
        self.plane.resources.get_mut(resource).gate = Some(gate.clone());
        let declared = cluster.public_ip_address.as_ref().map(|a| a.value);
        let address = declared.unwrap_or_else(|| self.undeclared_public());
        let ports = PortSet::one(443);
        let label = "API server".to_owned();
        self.public_door(
            Some(resource),
            origin,
            label,
            ports,
            gate,
            address,
            &KnownTags::default(),
            Some(region.to_owned()),
        )
    }

    /// The private address of the API server: an endpoint to it, or its own with integration (AKS-01, AKS-07).
    fn server(
        &mut self,
        name: &str,
        cluster: &KubernetesCluster,
        segment: Id<Segment>,
        door: Id<Door>,
        integrated: bool,
    ) -> Option<(Id<crate::dataplane::Endpoint>, IpAddr)> {
        let address = match &cluster.private_ip_address {
            Some(address) => address.value,
            None => self.allocate(segment)?,
        };
        let span: Option<Span> = cluster.private_cluster_enabled.span;
        let origin = Origin::new("api_server", name, span);
        let role = if integrated {
            let https = PortSet::of([PortRange { first: 443, last: 443 }]);
            Role::Host(host(Listens::Only(vec![(Transport::Tcp, https)])))
        } else {
            let filtered = matches!(
                self.policies(&self.plane.segments.get(segment).origin.name),
                PrivateEndpointNetworkPolicies::NetworkSecurityGroupEnabled | PrivateEndpointNetworkPolicies::Enabled
            );
            Role::PrivateEndpoint(PrivateEndpoint {
                managed: false,
                filtered,
                filtering_undeclared: false,
                connection: Connection { closed: None, span },
                target: ConnectionTarget::Doors(vec![(address, vec![door])]),
                limited_clients: Setting { value: true, span: None },
            })
        };
        let id = self.plane.add_endpoint(endpoint(origin, Some(segment), vec![address], role));
        if !integrated {
            self.add_customer_endpoint(CustomerEndpoint {
                name: format!("api_server.{name}"),
                endpoint: id,
                segment,
                addresses: vec![address],
                target: (name.to_owned(), "management".to_owned()),
            });
        }
        Some((id, address))
    }

    /// The zone of a private cluster: the platform's, or one of the file, which is the platform's name or below it
    /// (AKS-02).
    fn cluster_zone_name(&mut self, name: &str, cluster: &KubernetesCluster, suffix: &Fqdn) -> Option<Fqdn> {
        let Some(reference) = cluster.private_dns_zone.as_ref().filter(|z| !z.value.eq_ignore_ascii_case("System"))
        else {
            return Some(suffix.clone());
        };
        let zone = self.declared("private_dns_zone", reference, &self.estate.private_dns_zones)?;
        let text = zone.zone_name.as_ref().map_or(reference.value.as_str(), |n| n.value.as_str()).to_owned();
        let zone = self.name::<Fqdn>(&text, reference.span)?;
        if !zone.is_under(suffix) {
            let text = format!("zone {zone} cannot serve cluster `{name}`, whose names end in {suffix} (AKS-02)");
            let error = Diagnostic::error(code::VALUE, reference.span, text);
            self.diagnostics.push(error.help(format!("use {suffix}, or a zone below it")).refused());
        }
        Some(zone)
    }

    /// Records and links of clusters: the platform links the nodes' network, and only it (AKS-01, AKS-04).
    pub(super) fn cluster_zones(&mut self) {
        for cluster in std::mem::take(&mut self.clusters) {
            let declared = self.estate.kubernetes_clusters.get(&cluster.name);
            if let (Some((full, address)), Some(entry)) = (&cluster.private, declared) {
                self.cluster_zone(full, *address, &cluster.name, entry);
            }
            self.clusters.push(cluster);
        }
    }

    fn cluster_zone(&mut self, full: &Fqdn, address: IpAddr, name: &str, entry: &Entry<KubernetesCluster>) {
        let origin = Origin::new("kubernetes_cluster", name, entry.span);
        let record = Record { data: RecordData::Addresses(vec![address]), origin: origin.clone() };
        let own = entry.value.private_dns_zone.as_ref().filter(|z| !z.value.eq_ignore_ascii_case("System"));
        let declared = own.and_then(|own| {
            let zones = &self.plane.dns.zones;
            zones
                .iter()
                .find(|(_, z)| z.origin.kind == "private_dns_zone" && z.origin.name == own.value)
                .map(|(id, _)| id)
        });
        let zone = match (declared, full.parent()) {
            (Some(zone), _) => {
                self.plane.dns.zones.get_mut(zone).records.insert(full.clone(), record);
                zone
            }
            (None, Some(parent)) if own.is_none() => {
                let mut records = RecordSet::default();
                records.insert(full.clone(), record);
                self.plane.dns.zones.push(Zone { origin: origin.clone(), name: parent, records })
            }
            _ => return,
        };
        let subnet = &entry.value.default_node_pool.subnet;
        let vnet = subnet.value.split_once('/').map_or("", |(v, _)| v);
        let view = self.vnets.get(vnet).and_then(|n| self.plane.networks.get(*n).view);
        let Some(view) = view else { return };
        let links = &self.plane.dns.views.get(view).links;
        if links.iter().any(|l| l.zone == zone) {
            return;
        }
        let zone_name = self.plane.dns.zones.get(zone).name.clone();
        if let Some(other) = links.iter().find(|l| self.plane.dns.zones.get(l.zone).name == zone_name) {
            let at = other.origin.span;
            let text = format!("`{vnet}` would be linked to two zones named {zone_name} (ZONE-05, AKS-04)");
            let mut error = Diagnostic::error(code::CONFLICT, entry.span, text);
            if let Some(at) = at {
                error = error.related(at, "the other link");
            }
            self.diagnostics
                .push(error.help("give the cluster the zone that is there, under private_dns_zone").refused());
            return;
        }
        self.plane.dns.views.get_mut(view).links.push(ZoneLink { zone, origin, fallback: false });
    }

    /// Nodes and their pods as clients, API servers as targets (AKS-05).
    pub(super) fn cluster_clients(&mut self) {
        for cluster in std::mem::take(&mut self.clusters) {
            let Some(entry) = self.estate.kubernetes_clusters.get(&cluster.name) else { continue };
            let subnet = &entry.value.default_node_pool.subnet;
            let vnet = subnet.value.split_once('/').map_or("", |(v, _)| v);
            let resolver = self.network_resolver(vnet, &[]);
            self.client("kubernetes_cluster", &cluster.name, entry.span, cluster.nodes, resolver);
            self.target("kubernetes_cluster", &cluster.name, entry.span, Target::Resource(cluster.resource));
        }
    }
}
