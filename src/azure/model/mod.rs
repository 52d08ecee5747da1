//! What a scenario file may declare: one record per kind, names resolved by nobody yet.
//!
//! These types are the format. Their documentation is the reference page (`docs/format.md`) and the JSON Schema.

pub mod app;
pub mod application_gateway;
pub mod cluster;
pub mod dns;
pub mod firewall;
pub mod gateway;
pub mod load_balancer;
pub mod network;
pub mod network_manager;
pub mod private_link;
pub mod service;
pub mod unmodelled;
pub mod virtual_wan;
pub mod workspace;

use crate::document::{Map, Setting, Spanned, choice, record};
use std::collections::BTreeSet;

record! {
    /// The resources of an estate. Collections are maps keyed by name.
    pub struct Estate {
        /// Cloud whose names and zones apply.
        cloud: Setting<Cloud> = Cloud::Public,
        /// Choices where Azure's documentation leaves open what happens.
        assumptions: Option<Assumptions>,
        /// Region of every resource that does not name one.
        location: Option<Spanned<String>>,
        /// Virtual networks.
        virtual_networks: Map<network::VirtualNetwork>,
        /// Peering links, one per side.
        virtual_network_peerings: Map<network::VirtualNetworkPeering>,
        /// Network security groups.
        network_security_groups: Map<network::NetworkSecurityGroup>,
        /// Application security groups.
        application_security_groups: Map<network::ApplicationSecurityGroup>,
        /// Network managers.
        network_managers: Map<network_manager::NetworkManager>,
        /// Prefixes of service tags by tag, beside or instead of Microsoft's published list (TAG-04).
        service_tag_prefixes: Map<Vec<Spanned<crate::net::Prefix>>>,
        /// Microsoft's published list of service tags (`ServiceTags_Public_….json`), relative to this file.
        service_tags_file: Option<Spanned<String>>,
        /// Addresses and names that the feed of threat intelligence holds (FW-14).
        known_threats: Vec<Spanned<String>>,
        /// Names of the platform's infrastructure that Azure Firewall lets through unless a rule denies them; a leftmost `*`
        /// stands for any labels (FW-17, A-21).
        known_infrastructure_names: Vec<Spanned<String>>,
        /// Service endpoint policies (SE-11).
        service_endpoint_policies: Map<network::ServiceEndpointPolicy>,
        /// Route tables.
        route_tables: Map<network::RouteTable>,
        /// Public addresses.
        public_ips: Map<network::PublicIp>,
        /// NAT gateways.
        nat_gateways: Map<network::NatGateway>,
        /// Load balancers.
        load_balancers: Map<load_balancer::LoadBalancer>,
        /// Azure Firewalls.
        firewalls: Map<firewall::Firewall>,
        /// Firewall policies.
        firewall_policies: Map<firewall::FirewallPolicy>,
        /// VPN and ExpressRoute gateways.
        virtual_network_gateways: Map<gateway::VirtualNetworkGateway>,
        /// Connections of gateways to sites.
        virtual_network_gateway_connections: Map<gateway::VirtualNetworkGatewayConnection>,
        /// Route Servers.
        route_servers: Map<gateway::RouteServer>,
        /// Point-to-site clients.
        vpn_clients: Map<gateway::VpnClient>,
        /// Virtual WANs.
        virtual_wans: Map<virtual_wan::VirtualWan>,
        /// Virtual hubs.
        virtual_hubs: Map<virtual_wan::VirtualHub>,
        /// Virtual networks on hubs.
        virtual_hub_connections: Map<virtual_wan::VirtualHubConnection>,
        /// Sites on hubs.
        virtual_hub_branches: Map<virtual_wan::VirtualHubBranch>,
        /// On-premises sites.
        on_premises_sites: Map<gateway::OnPremisesSite>,
        /// Virtual machines.
        virtual_machines: Map<service::VirtualMachine>,
        /// PaaS services.
        services: Map<service::Service>,
        /// Kubernetes clusters.
        kubernetes_clusters: Map<cluster::KubernetesCluster>,
        /// AI Foundry hubs, projects and machine learning workspaces.
        machine_learning_workspaces: Map<workspace::MachineLearningWorkspace>,
        /// Private endpoints.
        private_endpoints: Map<service::PrivateEndpoint>,
        /// Private DNS zones.
        private_dns_zones: Map<dns::PrivateDnsZone>,
        /// DNS private resolvers.
        private_dns_resolvers: Map<dns::PrivateDnsResolver>,
        /// DNS forwarding rulesets.
        private_dns_resolver_dns_forwarding_rulesets: Map<dns::ForwardingRuleset>,
        /// DNS security policies.
        dns_security_policies: Map<dns::DnsSecurityPolicy>,
        /// Private link services.
        private_link_services: Map<private_link::PrivateLinkService>,
        /// Network security perimeters.
        network_security_perimeters: Map<private_link::NetworkSecurityPerimeter>,
        /// Services of the platform that call others and are no targets (TRUST-01).
        platform_callers: Map<service::PlatformCaller>,
        /// Application gateways.
        application_gateways: Map<application_gateway::ApplicationGateway>,
        /// Clients on the public internet.
        internet_clients: Map<service::InternetClient>,
        /// Public hosts, keyed by name.
        public_hosts: Map<dns::PublicHost>,
        /// What is known of public DNS.
        public_dns: Option<dns::PublicDns>,
        /// What exists and is not modelled: verdicts that it could change come out `unknown`.
        unmodelled: Map<unmodelled::Unmodelled>,
    }
}

record! {
    /// What Azure's documentation leaves open. Each has a documented default; a verdict that rests on one names its id.
    pub struct Assumptions {
        /// The VirtualNetwork tag holds prefixes of user routes, default routes among them.
        virtual_network_tag_holds_user_routes: Setting<bool> = true,
        /// A learned default route carries unknown private addresses; not known when absent.
        learned_default_carries_private: Option<Spanned<bool>>,
        /// A peering without access stops traffic that no security group on the path mentions.
        peering_without_access_blocks: Setting<bool> = true,
        /// A security rule that names the source by address admits what a peering refuses as forwarded.
        rule_by_address_admits_forwarded: Setting<bool> = true,
        /// Point-to-site clients reach peered networks without the transit pair; not known when absent.
        clients_reach_peers_without_transit: Option<Spanned<bool>>,
        /// Rules of forwarding rulesets act on aliases, too.
        ruleset_matches_aliases: Setting<bool> = true,
        /// DNS security policies look at aliases, too.
        dns_policy_matches_aliases: Setting<bool> = false,
        /// A private endpoint behind a firewall that translates nothing is blocked, not only advised against.
        untranslated_endpoint_traffic_blocks: Setting<bool> = false,
        /// The VirtualNetwork tag holds what gateways learned where propagation is off, too.
        virtual_network_tag_holds_unrouted_sites: Setting<bool> = true,
        /// AI Search lets trusted services pass while its public access is off.
        search_bypass_while_closed: Setting<bool> = true,
        /// A public name is an alias once a connection is requested, before any is approved.
        pending_connection_makes_alias: Setting<bool> = false,
        /// Of linked zones with nested names only the nearest is asked, without falling through to the one above.
        nearest_zone_only: Setting<bool> = true,
        /// A firewall policy without DNS settings has those of its parent.
        child_policy_inherits_dns: Setting<bool> = true,
        /// A DNS server that UDP reaches and TCP does not answers all the same: its answers are short.
        dns_over_udp_suffices: Setting<bool> = false,
        /// Subnets of Bastion and of Route Servers may be a /27, as older deployments have them.
        older_subnet_sizes: Setting<bool> = false,
    }
}

/// Names of parts that several owners use for parts of their own. Such a part goes by `owner/name`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SharedNames {
    compute: BTreeSet<String>,
    identities: BTreeSet<String>,
}

impl SharedNames {
    /// Those of an estate.
    #[must_use]
    pub fn of(estate: &Estate) -> Self {
        let workspaces = || estate.machine_learning_workspaces.iter().map(|(_, w)| &w.value);
        let compute = workspaces().flat_map(|w| w.compute.keys().map(str::to_owned));
        let endpoints = workspaces().flat_map(|w| w.online_endpoints.iter());
        let deployments = endpoints.flat_map(|(e, d)| d.value.deployments.keys().map(move |n| format!("{e}/{n}")));
        let services = estate.services.iter().filter_map(|(_, s)| s.value.identity.as_ref());
        let identities = services.chain(workspaces().filter_map(|w| w.identity.as_ref()));
        Self {
            compute: twice(compute.chain(deployments)),
            identities: twice(identities.filter_map(|i| i.name.as_ref()).map(|n| n.value.clone())),
        }
    }

    /// The name of a compute, or of a deployment (`endpoint/deployment`), of a workspace.
    #[must_use]
    pub fn compute(&self, workspace: &str, name: &str) -> String {
        if self.compute.contains(name) { format!("{workspace}/{name}") } else { name.to_owned() }
    }

    /// The name of an identity of a service or workspace.
    #[must_use]
    pub fn identity(&self, owner: &str, name: &str) -> String {
        if self.identities.contains(name) { format!("{owner}/{name}") } else { name.to_owned() }
    }
}

/// What occurs more than once.
fn twice(names: impl Iterator<Item = String>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut again = BTreeSet::new();
    for name in names {
        if seen.contains(&name) {
            again.insert(name);
        } else {
            seen.insert(name);
        }
    }
    again
}

choice! {
    /// Azure cloud.
    pub enum Cloud {
        Public = "public" | "AzureCloud",
        UsGov = "usgov" | "AzureUSGovernment",
        China = "china" | "AzureChinaCloud",
    }
}
