//! Services by name: members, aliases, endpoints, and who is admitted at the public door (PAAS-01 to PAAS-06, SE-01 to
//! SE-06, NSP-01 to NSP-03, STG-01, APP-05, COSMOS-01).

use super::{
    Answer, At, Open, Owner, Reading, Stop, To, blocked,
    devices::is_under,
    leave::Left,
    names::{Named, zone_name},
    walk::{End, Journey},
};
use privreach::azure::model::{
    network::Access,
    private_link::PerimeterMode,
    service::{ConnectionStatus, PrivateEndpoint, PublicAlias, PublicNetworkAccess, Service},
};
use std::net::IpAddr;

/// One public name of a service with its alias in the zone of private link.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member<'e> {
    pub(crate) service: &'e str,
    pub(crate) group: &'static str,
    pub(crate) public: String,
    pub(crate) alias: String,
}

impl Member<'_> {
    pub(crate) fn registers(&self, name: &str) -> bool {
        self.alias == name
    }
}

/// Resource type, sub-resource, public suffix, zone, service tag, service endpoint.
const KINDS: [(&str, &str, &str, &str, &str, &str); 9] = [
    (
        "Microsoft.Storage/storageAccounts",
        "blob",
        "blob.core.windows.net",
        "privatelink.blob.core.windows.net",
        "Storage",
        "Microsoft.Storage",
    ),
    (
        "Microsoft.Storage/storageAccounts",
        "file",
        "file.core.windows.net",
        "privatelink.file.core.windows.net",
        "Storage",
        "Microsoft.Storage",
    ),
    (
        "Microsoft.KeyVault/vaults",
        "vault",
        "vault.azure.net",
        "privatelink.vaultcore.azure.net",
        "AzureKeyVault",
        "Microsoft.KeyVault",
    ),
    (
        "Microsoft.ContainerRegistry/registries",
        "registry",
        "azurecr.io",
        "privatelink.azurecr.io",
        "AzureContainerRegistry",
        "Microsoft.ContainerRegistry",
    ),
    (
        "Microsoft.Search/searchServices",
        "searchService",
        "search.windows.net",
        "privatelink.search.windows.net",
        "",
        "",
    ),
    (
        "Microsoft.CognitiveServices/accounts",
        "account",
        "openai.azure.com",
        "privatelink.openai.azure.com",
        "CognitiveServicesManagement",
        "Microsoft.CognitiveServices",
    ),
    (
        "Microsoft.DocumentDB/databaseAccounts",
        "Sql",
        "documents.azure.com",
        "privatelink.documents.azure.com",
        "AzureCosmosDB",
        "Microsoft.AzureCosmosDB",
    ),
    (
        "Microsoft.Web/sites",
        "sites",
        "azurewebsites.net",
        "privatelink.azurewebsites.net",
        "AppService",
        "Microsoft.Web",
    ),
    (
        "Microsoft.Sql/servers",
        "sqlServer",
        "database.windows.net",
        "privatelink.database.windows.net",
        "Sql",
        "Microsoft.Sql",
    ),
];

impl<'e> Reading<'e> {
    /// Every public name of every service.
    pub(crate) fn members(&self) -> Vec<Member<'e>> {
        let mut all = Vec::new();
        for (service, declared) in self.e.services.iter() {
            for (kind, group, suffix, zone, ..) in KINDS {
                if declared.value.type_.value == kind {
                    all.push(Member {
                        service,
                        group,
                        public: format!("{service}.{suffix}"),
                        alias: format!("{service}.{zone}"),
                    });
                }
            }
        }
        all.extend(self.hub_members());
        all
    }

    /// The member that a name belongs to, by its public name or by its alias.
    pub(crate) fn member_named(&self, name: &str) -> Option<Member<'e>> {
        self.members().into_iter().find(|m| m.public == name || m.alias == name)
    }

    pub(crate) fn status(&self, endpoint: &str) -> ConnectionStatus {
        let connection = &self.endpoint(endpoint).private_service_connection;
        let asked =
            if *connection.is_manual_connection { ConnectionStatus::Pending } else { ConnectionStatus::Approved };
        connection.status.as_ref().map_or(asked, |s| s.value)
    }

    /// The members an endpoint serves, in the order of its addresses.
    pub(crate) fn members_of(&self, endpoint: &str) -> Vec<Member<'e>> {
        let connection = &self.endpoint(endpoint).private_service_connection;
        let wanted = |m: &Member| {
            m.service == connection.private_connection_resource.value
                && connection.subresource_names.iter().any(|s| s.value.eq_ignore_ascii_case(m.group))
        };
        self.members().into_iter().filter(wanted).collect()
    }

    pub(crate) fn endpoint_addresses(&self, name: &str) -> Vec<IpAddr> {
        let endpoint = self.endpoint(name);
        if !endpoint.ip_addresses.is_empty() {
            return endpoint.ip_addresses.iter().map(|a| a.value).collect();
        }
        self.allocated(name)
    }

    /// DNS-08: public DNS holds the alias once a connection of that sub-resource is approved.
    pub(crate) fn aliased(&self, member: &Member) -> bool {
        let service = self.e.services.get(member.service);
        if let Some(declared) = service.and_then(|s| s.value.public_alias.as_ref()) {
            return declared.value == PublicAlias::Present;
        }
        self.endpoints_of(member).into_iter().any(|e| self.status(e) == ConnectionStatus::Approved)
            || self.managed_endpoint(member.service, member.group)
            || self.linked(member.service, Some(member.group))
    }

    fn endpoints_of(&self, member: &Member) -> Vec<&'e str> {
        let serves = |e: &PrivateEndpoint| {
            e.private_service_connection.private_connection_resource.value == member.service
                && e.private_service_connection
                    .subresource_names
                    .iter()
                    .any(|s| s.value.eq_ignore_ascii_case(member.group))
        };
        self.e.private_endpoints.iter().filter(|(_, e)| serves(&e.value)).map(|(n, _)| n).collect()
    }

    pub(crate) fn tags(&self, service: &str) -> Vec<String> {
        let Some(declared) = self.e.services.get(service) else { return vec!["AzureMachineLearning".to_owned()] };
        let kind = &declared.value.type_.value;
        KINDS.iter().filter(|k| k.0 == kind && !k.4.is_empty()).map(|k| k.4.to_owned()).take(1).collect()
    }

    pub(crate) fn service_region(&self, service: &str) -> Option<&'e str> {
        let own = self.e.services.get(service).unwrap().value.location.as_ref();
        own.or(self.e.location.as_ref()).map(|l| l.value.as_str())
    }

    /// ROUTE-08, SE-01, SE-06.
    pub(crate) fn has_service_endpoint(&self, net: &'e str, subnet: &'e str, to: &To) -> bool {
        let Some(service) = &to.service else { return false };
        let Some(declared) = self.e.services.get(service) else { return false };
        let kind = &declared.value.type_.value;
        let endpoint = KINDS.iter().find(|k| k.0 == kind).map_or("", |k| k.5);
        if to.address.is_some_and(|a| !self.is_public(a)) || endpoint.is_empty() {
            return false;
        }
        let (here, there) = (self.region(net), self.service_region(service));
        let pair =
            |a: &str, b: &str| (a, b) == ("westeurope", "northeurope") || (a, b) == ("northeurope", "westeurope");
        let near = match (here, there) {
            (Some(a), Some(b)) => a == b || endpoint == "Microsoft.Storage" && pair(a, b),
            _ => true,
        };
        let regional = matches!(endpoint, "Microsoft.Storage" | "Microsoft.Sql");
        self.subnet(net, subnet).service_endpoints.iter().any(|e| e.value == endpoint) && (near || !regional)
    }

    /// A service or host by its name, from anywhere.
    pub(crate) fn ask_by_name(&self, at: At<'e>, source: IpAddr, name: &str, port: u16) -> Open<Answer> {
        let named = self.named_or(self.resolve(at, source, name))?;
        if let Named::Address(address) = named {
            if self.is_public(address) {
                return self.ask_public(at, source, address, port);
            }
            if at == At::Internet {
                return blocked("NOROUTE");
            }
            if let At::Nic(nic) = at
                && source == address
            {
                self.listens(Owner::Nic(nic), port)?;
                return Ok(Answer("private", "routed"));
            }
        }
        let to = self.meant_by(&named, name);
        if at == At::Internet {
            return self.at_door(&to, at, Left::By(Some(source)), name, port);
        }
        let mut journey = Journey::new(at, source, &to, port);
        let end = self.travel(&mut journey)?;
        let back = || self.return_to_legs(end, &journey);
        match end {
            End::Owner(owner) => {
                self.answered(owner, &journey)?;
                match owner {
                    Owner::Endpoint(endpoint) => self.served(endpoint, Some(name), port),
                    _ if self.member_named(name).is_some() => blocked("PE-TARGET"),
                    _ => Ok(Answer("private", "routed")),
                }
            }
            End::Out(sender) => {
                let seen = self.out(sender, &journey)?;
                there_and_back(self.at_door(&journey.to, sender, Left::By(seen), name, port), back)
            }
            End::ServiceEndpoint(net, subnet) => {
                let left = Left::ServiceEndpoint(net, subnet);
                there_and_back(self.at_door(&journey.to, at, left, name, port), back)
            }
        }
    }

    /// Where a name leads, for routes and rules.
    pub(crate) fn meant_by(&self, named: &Named<'e>, name: &str) -> To {
        let mut to = To { name: Some(name.to_owned()), ..To::default() };
        match named {
            Named::Address(address) => to.address = Some(*address),
            Named::Host(host) => {
                let declared = &self.e.public_hosts.get(host).unwrap().value;
                to.address = declared.ip_address.as_ref().map(|a| a.value);
                to.tags = declared.service_tags.iter().map(|t| t.value.clone()).collect();
            }
            Named::Service(member) => {
                let declared = self.e.services.get(member.service);
                to.address = declared.and_then(|d| d.value.public_ip_address.as_ref()).map(|a| a.value);
                to.tags = self.tags(member.service);
                to.service = Some(member.service.to_owned());
            }
            _ => {}
        }
        to
    }

    /// The public end of a name: a host, or a service with its rules.
    pub(crate) fn at_door(&self, to: &To, at: At<'e>, left: Left<'e>, name: &str, port: u16) -> Open<Answer> {
        let Some(service) = &to.service else { return Ok(Answer("public", "public-endpoint")) };
        let member = self.member_named(name).or_else(|| self.members().into_iter().find(|m| m.service == service));
        let member = member.unwrap();
        if name == member.alias {
            return blocked("HOST-NAME");
        }
        // PE-17: whether a service answers to a foreign name is not declared.
        if name != member.public {
            self.doubt("HOST-NAME");
        }
        let serves = match member.group {
            "file" => matches!(port, 443 | 445),
            "sites" => matches!(port, 80 | 443),
            _ => port == 443,
        };
        if !serves {
            return blocked("PORT");
        }
        self.admitted(&member, at, left)
    }

    /// PE-11: only an approved connection carries anything.
    pub(crate) fn active(&self, endpoint: &str) -> Open<()> {
        match self.status(endpoint) {
            ConnectionStatus::Approved => Ok(()),
            ConnectionStatus::Pending => blocked("PE-PENDING"),
            _ => blocked("PE-INACTIVE"),
        }
    }

    /// PLS-01 to PLS-07: through a private link service to its balancer, from one of its own addresses.
    pub(crate) fn through_link_service(&self, endpoint: &str, port: u16) -> Option<Open<Answer>> {
        let target = &self.endpoint(endpoint).private_service_connection.private_connection_resource.value;
        let (_, service) = self.e.private_link_services.iter().find(|(name, _)| name == target)?;
        let service = &service.value;
        if *service.enable_proxy_protocol != *service.backend_accepts_proxy_protocol {
            return Some(blocked("PROXY-PROTOCOL"));
        }
        let (balancer, front) = Self::split(&service.load_balancer_frontend.value);
        let (_, nat) = service.nat_ip_configurations.iter().next()?;
        let source = nat.value.private_ip_address.as_ref()?.value;
        let net = Self::split(&nat.value.subnet.value).0;
        let mut journey = Journey::new(At::Link(&nat.value.subnet.value), source, &To::default(), port);
        Some(self.at_front(At::Link(&nat.value.subnet.value), net, net, balancer, front, &mut journey).and_then(
            |owner| {
                self.listens(owner, journey.port)?;
                self.return_from(owner, &journey)?;
                Ok(Answer("private", "private-link-service"))
            },
        ))
    }

    /// The very resource that was asked for, by its own name, on its port (PE-01, PE-17, PE-18).
    pub(crate) fn served(&self, endpoint: &str, name: Option<&str>, port: u16) -> Open<Answer> {
        if let Some(answer) = self.through_link_service(endpoint, port) {
            return answer;
        }
        let members = self.members_of(endpoint);
        match name {
            Some(name) if members.iter().any(|m| m.public == name) => {}
            None if self.passes_port(endpoint, port) => return blocked("HOST-NAME"),
            None => return blocked("PORT"),
            // An app answers to names that are bound to it, which nothing declares.
            Some(name) if self.member_named(name).is_none() && members.iter().any(|m| m.group == "sites") => {
                self.doubt("HOST-NAME");
            }
            Some(name) if self.member_named(name).is_none_or(|m| m.alias == name) && self.in_some_zone(name) => {
                return blocked("HOST-NAME");
            }
            _ => return blocked("PE-TARGET"),
        }
        if self.passes_port(endpoint, port) { Ok(Answer("private", "private-endpoint")) } else { blocked("PORT") }
    }

    fn in_some_zone(&self, name: &str) -> bool {
        self.e.private_dns_zones.iter().any(|(key, z)| is_under(name, zone_name(key, &z.value)))
    }

    /// PE-18, DEF-05.
    pub(crate) fn passes_port(&self, endpoint: &str, port: u16) -> bool {
        self.members_of(endpoint).iter().any(|m| match m.group {
            "file" => matches!(port, 443 | 445),
            "sqlServer" => port == 1433,
            "Sql" => true,
            "sites" => matches!(port, 80 | 443),
            _ => port == 443,
        })
    }

    /// PAAS-01: the public door.
    pub(crate) fn admitted(&self, member: &Member<'e>, at: At<'e>, left: Left<'e>) -> Open<Answer> {
        let Some(service) = self.e.services.get(member.service) else { return self.hub_admits(member, left) };
        let service = &service.value;
        let seen = match left {
            Left::By(seen) => Some(seen),
            Left::ServiceEndpoint(..) => None,
        };
        let open = Answer("public", "public-endpoint");
        let (perimeter, enforced) = self.perimeter(member.service);
        if let Some(prefixes) = &perimeter {
            match seen {
                Some(Some(address)) if prefixes.iter().any(|p| p.contains(address)) => {
                    return Ok(Answer("public", "perimeter"));
                }
                Some(None) if !prefixes.is_empty() => return Err(Stop::Unknown("TAG")),
                _ if enforced => return blocked("PNA"),
                _ => {}
            }
        }
        if !self.public_access(member.service, service) {
            return blocked("PNA");
        }
        let Some(rules) = &service.network_rules else { return Ok(open) };
        if *rules.default_action == Access::Allow {
            return Ok(open);
        }
        if let Left::ServiceEndpoint(net, subnet) = left {
            let named = rules.virtual_network_subnets.iter().any(|s| Self::split_of(&s.value) == (net, subnet));
            return if named { Ok(Answer("backbone", "service-endpoint")) } else { blocked("PNA") };
        }
        if rules.ip_rules.is_empty() {
            return blocked("PNA");
        }
        let listed = |a: IpAddr| rules.ip_rules.iter().any(|p| p.value.contains(a));
        // STG-01.
        if service.type_.value.starts_with("Microsoft.Storage/")
            && !self.outside_network(at, member.service)
            && let Some((net, _)) = self.place(at)
        {
            let (here, there) = (self.region(net), self.service_region(member.service));
            if here.is_some() && here == there {
                return blocked("PNA");
            }
            if (here.is_none() || there.is_none()) && seen.flatten().is_none_or(listed) {
                return Err(Stop::Unknown("TAG"));
            }
        }
        match seen.flatten() {
            Some(address) if listed(address) => Ok(open),
            Some(_) => blocked("PNA"),
            None => Err(Stop::Unknown("TAG")),
        }
    }

    /// APP-03: an app's own addresses, which nobody knows.
    fn outside_network(&self, at: At<'e>, service: &str) -> bool {
        let At::App(app) = at else { return false };
        !self.enters_network(app, &To { service: Some(service.to_owned()), ..To::default() })
    }

    /// Whether the door is open at all (NSP-02, APP-05, COSMOS-01).
    pub(crate) fn public_access(&self, name: &str, service: &Service) -> bool {
        if let Some(access) = &service.public_network_access {
            return access.value == PublicNetworkAccess::Enabled;
        }
        let has_endpoint = self.e.private_endpoints.iter().any(|(e, p)| {
            p.value.private_service_connection.private_connection_resource.value == name
                && self.status(e) == ConnectionStatus::Approved
        }) || self.linked(name, None);
        let unset = service.public_network_access_enabled.span.is_none();
        let rules = service.network_rules.as_ref();
        let no_rules = rules.is_none_or(|r| r.ip_rules.is_empty() && r.virtual_network_subnets.is_empty());
        match service.type_.value.as_str() {
            "Microsoft.Web/sites" if unset && has_endpoint => false,
            "Microsoft.DocumentDB/databaseAccounts" if has_endpoint && no_rules => false,
            _ => *service.public_network_access_enabled,
        }
    }

    /// The perimeter a service is in: what it lets in, and whether it decides alone (NSP-03).
    pub(crate) fn perimeter(&self, service: &str) -> (Option<Vec<privreach::net::Prefix>>, bool) {
        for (_, perimeter) in self.e.network_security_perimeters.iter() {
            for (key, a) in perimeter.value.associations.iter() {
                if a.value.resource.as_ref().map_or(key, |r| r.value.as_str()) == service {
                    let profile = &perimeter.value.profiles.get(&a.value.profile.value).unwrap().value;
                    let prefixes = profile.inbound_address_prefixes.iter().map(|p| p.value).collect();
                    return (Some(prefixes), *a.value.access_mode == PerimeterMode::Enforced);
                }
            }
        }
        (None, false)
    }
}

/// A door that is closed for certain comes first, then what keeps the replies.
pub(crate) fn there_and_back(door: Open<Answer>, back: impl Fn() -> Open<()>) -> Open<Answer> {
    match door {
        Ok(_) | Err(Stop::Unknown(_)) => back().and(door),
        closed => closed,
    }
}
