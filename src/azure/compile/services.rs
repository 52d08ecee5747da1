//! PaaS services: names, doors, gates, and what public DNS says of them.

use super::{
    Compiler, NamedDoor, Target,
    app_access::SiteGates,
    machines::endpoint,
    service_parts::{lacking, replicas},
};
use crate::{
    azure::{
        known_services::{KnownService, KnownTags, NameError, NameValues, SubResource},
        model::service::{AccountKind, ConnectionPolicy, IdentityType, PublicAlias, Service},
    },
    dataplane::{Door, DoorName, Gate, Origin, Record, RecordData, Resource, Role, Tags},
    diag::{Diagnostic, code, nearest},
    net::{Fqdn, PortRange, PortSet},
};
use std::collections::BTreeMap;

/// Database servers that may have a pool of connections in front of them.
pub(super) const POSTGRES: &str = "microsoft.dbforpostgresql/flexibleservers";

impl Compiler<'_> {
    pub(super) fn resources(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.services.iter() {
            let service = &entry.value;
            let Some(known) = self.known.service(self.cloud, &service.type_.value) else {
                let near = nearest(&service.type_.value, self.known.resource_types(self.cloud)).map(str::to_owned);
                let help = near.map_or("see `privreach explain services` for the known types".to_owned(), |n| {
                    format!("did you mean `{n}`?")
                });
                self.error(
                    code::VALUE,
                    service.type_.span,
                    format!("`{}` is not a known service type", service.type_.value),
                    help,
                );
                continue;
            };
            let origin = Origin::new("service", name, entry.span);
            let has_identity = service.identity.as_ref().is_some_and(|i| i.type_.value != IdentityType::None);
            let resource = self.plane.resources.push(Resource {
                origin: origin.clone(),
                kind: known.resource_type.clone(),
                names: Vec::new(),
                gate: None,
                has_identity,
                own_identity: service.identity.as_ref().is_some_and(|i| i.type_.value.is_own()),
                shared_links: Vec::new(),
                outbound: None,
            });
            self.resources.insert(name.to_owned(), resource);
        }
        // Gates refer to other services, so they follow once all exist; workspaces are added before they are made.
    }

    /// Doors of all services, once workspaces exist as possible callers.
    pub(super) fn service_doors(&mut self) {
        let estate = self.estate;
        for (name, entry) in estate.services.iter() {
            let service = &entry.value;
            let (Some(known), Some(resource)) =
                (self.known.service(self.cloud, &service.type_.value), self.resources.get(name).copied())
            else {
                continue;
            };
            let origin = Origin::new("service", name, entry.span);
            self.foreign_keys(name, service, known);
            let gate = self.gate(name, &origin, service, known);
            let gates = self.site_gates(name, service, &gate);
            self.plane.resources.get_mut(resource).gate = Some(gates.main.clone());
            self.slot_doors(name, service, known, &gate);
            let mut unnamed = None;
            for sub in &known.sub_resources {
                if let Some(why) = lacking(service, known, sub) {
                    self.without(name, service, sub, why);
                    continue;
                }
                let target = self.sub_resource(name, service, known, sub, &gates, &origin);
                let Some(target) = target else { continue };
                unnamed = unnamed.or_else(|| target.refused.clone());
                let names: Vec<Fqdn> = target.names.iter().map(|n| n.public.clone()).collect();
                // Secondary endpoints and further sub-resources are asked for by name, never by the service alone.
                if !sub.name.ends_with("_secondary") && !names.is_empty() {
                    self.plane.resources.get_mut(resource).names.push((sub.name.clone(), names));
                }
                self.targets.insert((name.to_owned(), sub.name.to_lowercase()), target);
            }
            // What has no name is on no list of flows, and nobody would miss it there.
            if let Some(why) = unnamed.filter(|_| self.plane.resources.get(resource).names.is_empty()) {
                self.diagnostics.push(
                    Diagnostic::warning(
                        code::MISSING_KEY,
                        entry.span,
                        format!("nothing asks for service `{name}`: {why}"),
                    )
                    .help("add its `name_values`, or ask for what it serves by another name"),
                );
            }
        }
    }

    /// Slots of an app are asked for by their own names, and have endpoints of their own (APP-07).
    fn slot_doors(&mut self, name: &str, service: &Service, known: &KnownService, gate: &Gate) {
        for (slot, entry) in service.slots.iter() {
            let group = format!("sites-{slot}");
            let gates = self.slot_gates(name, slot, entry, gate);
            let origin = gates.main.origin.clone();
            let Some(sub) = known.sub_resource(&group) else { continue };
            if let Some(target) = self.sub_resource(name, service, known, &sub, &gates, &origin) {
                self.targets.insert((name.to_owned(), group.to_lowercase()), target);
            }
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one sub-resource")]
    fn sub_resource(
        &mut self,
        name: &str,
        service: &Service,
        known: &KnownService,
        sub: &SubResource,
        gates: &SiteGates,
        origin: &Origin,
    ) -> Option<Target> {
        let mut values: BTreeMap<String, String> =
            service.name_values.iter().map(|(k, v)| (k.to_owned(), v.value.value.clone())).collect();
        if let Some(subdomain) = &service.custom_subdomain_name {
            values.insert("customSubdomain".to_owned(), subdomain.value.clone());
        }
        let region = self.region(service.location.as_ref());
        let replicas = replicas(service);
        let made = sub.instantiate(&NameValues {
            name,
            region: region.as_deref(),
            replica_regions: &replicas,
            kind: service.kind.as_ref().map(|k| k.value.as_str()),
            values: &values,
        });
        let made = match made {
            Ok(made) => made,
            Err(errors) => {
                // A name that cannot be built matters only where a private endpoint needs it (see private_endpoints).
                let invalid = errors.iter().find_map(|e| match e {
                    NameError::Invalid(invalid) => Some(invalid),
                    NameError::Missing(_) => None,
                });
                // Its other names are wrong in the same way.
                let told = |d: &Diagnostic| d.code == code::VALUE && d.span == origin.span;
                if let Some(invalid) = invalid.filter(|_| !self.diagnostics.as_slice().iter().any(told)) {
                    self.diagnostics.push(
                        Diagnostic::error(
                            code::VALUE,
                            origin.span,
                            format!("service `{name}` makes an invalid name: {invalid}"),
                        )
                        .help("rename the service: its name is part of its domain names"),
                    );
                }
                let refused = errors.first().map(|e| format!("its names cannot be told: {e}"));
                return Some(Target { refused, untold: true, ..Target::default() });
            }
        };
        if made.names.first().is_some_and(|n| self.taken(origin, &known.resource_type, &n.public)) {
            return Some(Target { refused: Some("its name is taken".to_owned()), ..Target::default() });
        }
        let mut doors = BTreeMap::new();
        let mut target =
            Target { members: made.member_count, refused: refused_sku(service, known), ..Target::default() };
        target.alias_declared = service.public_alias.as_ref().map(|a| a.value == PublicAlias::Present);
        target.records = made.records.iter().map(|r| (r.name.clone(), r.member)).collect();
        for named in made.names {
            let mut tags = self.known.tags_of_name(self.cloud, &named.public);
            // The type says more than a suffix that several share.
            if tags.certain.is_none() && known.tags.certain.is_some() {
                tags = known.tags.clone();
            }
            let further = known.tags.perhaps.iter().filter(|t| !tags.perhaps.contains(t)).copied();
            tags.perhaps.extend(further.collect::<Vec<_>>());
            // The list means the Premium tier.
            let premium = |sku: &str| sku.eq_ignore_ascii_case("Premium");
            if tags.certain == Some("ServiceBus") && service.sku_name.as_ref().is_some_and(|s| !premium(&s.value)) {
                tags.perhaps.extend(tags.certain.take());
            }
            // The deployment site of an app shares the endpoint's address, and has rules of its own (APP-06, APP-08).
            let deployment = sub.name.starts_with("sites") && named.public.labels().nth(1) == Some("scm");
            let door = match doors.get(&(named.member, deployment)) {
                Some(door) => *door,
                None => {
                    let label = if made.member_count > 1 {
                        format!("{} ({})", sub.name, named.public)
                    } else {
                        sub.name.clone()
                    };
                    let (label, gate) = if deployment {
                        (format!("{label} (deployment)"), &gates.deployment)
                    } else {
                        (label, &gates.main)
                    };
                    let mut gate = gate.clone();
                    gate.trusted = self.trusted_by(&known.resource_type.to_lowercase(), Some(&sub.name));
                    let ports = ports_of(service, known, &sub.ports);
                    let door = self.door(name, origin, label, ports, gate, service, &tags, region.clone());
                    doors.insert((named.member, deployment), door);
                    door
                }
            };
            self.plane
                .door_names
                .insert(named.public.clone(), DoorName { door, requires: None, zone: Some(named.zone.clone()) });
            target.names.push(NamedDoor {
                public: named.public,
                private: named.private,
                record: named.record,
                member: named.member,
                door,
            });
        }
        Some(target)
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one door")]
    fn door(
        &mut self,
        name: &str,
        origin: &Origin,
        label: String,
        ports: PortSet,
        gate: Gate,
        service: &Service,
        tags: &KnownTags,
        region: Option<String>,
    ) -> crate::dataplane::Id<Door> {
        let resource = self.resources.get(name).copied();
        let declared = service.public_ip_address.as_ref().map(|a| a.value);
        let address = declared.unwrap_or_else(|| self.undeclared_public());
        let door = self.public_door(resource, origin, label, ports, gate, address, tags, region);
        self.plane.doors.get_mut(door).binds = service.type_.value.eq_ignore_ascii_case("Microsoft.Web/sites");
        // A redirected connection goes on to other ports of the same address (SQL-02, PE-18).
        let databases = service.type_.value.to_lowercase().starts_with("microsoft.sql/");
        if databases && service.connection_policy.value == ConnectionPolicy::Redirect {
            let range = PortRange { first: 1433, last: u16::MAX };
            self.plane.doors.get_mut(door).redirects = Some(PortSet::of([range]));
        }
        door
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one door")]
    pub(super) fn public_door(
        &mut self,
        resource: Option<crate::dataplane::Id<Resource>>,
        origin: &Origin,
        label: String,
        ports: PortSet,
        gate: Gate,
        address: std::net::IpAddr,
        tags: &KnownTags,
        region: Option<String>,
    ) -> crate::dataplane::Id<Door> {
        // Every door belongs to a resource; a missing one was reported where it is declared.
        let resource = resource.unwrap_or_else(|| {
            self.plane.resources.push(Resource {
                origin: origin.clone(),
                kind: String::new(),
                names: Vec::new(),
                gate: None,
                has_identity: false,
                own_identity: false,
                shared_links: Vec::new(),
                outbound: None,
            })
        });
        let door = self.plane.doors.push(Door {
            origin: origin.clone(),
            resource,
            label,
            ports,
            binds: false,
            redirects: None,
            further: Vec::new(),
            gate,
            public_address: address,
        });
        let mut owner = endpoint(origin.clone(), None, vec![address], Role::Door(door));
        owner.tags = Tags {
            names: tags.certain.into_iter().chain(["AzureCloud"]).map(str::to_owned).collect(),
            perhaps: tags.perhaps.iter().map(|t| (*t).to_owned()).collect(),
            region,
            complete: true,
        };
        self.plane.add_endpoint(owner);
        door
    }

    /// Names of services are unique: the platform refuses a second of a type that would have the name of another.
    fn taken(&mut self, origin: &Origin, kind: &str, name: &Fqdn) -> bool {
        let Some(door) = self.plane.door_names.get(name) else { return false };
        let other = self.plane.resources.get(self.plane.doors.get(door.door).resource);
        if other.kind != kind || other.origin == *origin {
            return false;
        }
        let text = format!("{origin} has the name {name}, which {} has already", other.origin);
        let mut error = Diagnostic::error(code::CONFLICT, origin.span, text);
        if let Some(span) = other.origin.span {
            error = error.related(span, "the other one");
        }
        self.diagnostics.push(error.help("give each a name of its own").refused());
        true
    }

    /// What public DNS holds of every service: an alias into the privatelink zone once an endpoint is approved
    /// (DNS-07, DNS-08, DEF-04), and the public address at the end.
    pub(super) fn public_names(&mut self) {
        let targets = std::mem::take(&mut self.targets);
        for target in targets.values() {
            let early = self.estate.assumptions.as_ref().is_some_and(|a| a.pending_connection_makes_alias.value);
            let aliased = target.alias_declared.unwrap_or(target.active || early && target.requested);
            let assumed = target.alias_declared.is_none() && target.requested && !target.active;
            for named in &target.names {
                if assumed && named.private != named.public {
                    self.plane.dns.pending.insert(named.public.clone());
                }
                let door = self.plane.doors.get(named.door);
                let origin = door.origin.clone();
                let address = Record { data: RecordData::Addresses(vec![door.public_address]), origin: origin.clone() };
                if aliased && named.private != named.public {
                    self.plane.dns.public.insert(
                        named.public.clone(),
                        Record { data: RecordData::Alias(named.private.clone()), origin },
                    );
                    // Several names may end at one alias; which door opens depends on the name that was asked for.
                    self.plane.dns.public.insert_new(named.private.clone(), address);
                } else {
                    self.plane.dns.public.insert(named.public.clone(), address);
                }
            }
        }
        self.targets = targets;
        let estate = self.estate;
        for suffix in estate.public_dns.iter().flat_map(|d| &d.absent) {
            if let Some(name) = self.name(&suffix.value, suffix.span) {
                self.plane.dns.absent.push((name, suffix.span));
            }
        }
    }
}

/// The ports of a service: a cache has those without TLS, and a database server that of its pool of connections, only
/// where they are turned on; the lowest tier of Event Hubs has no Kafka.
fn ports_of(service: &Service, known: &KnownService, ports: &PortSet) -> PortSet {
    let sku = |name: &str| service.sku_name.as_ref().is_some_and(|s| s.value.eq_ignore_ascii_case(name));
    let fewer = match known.resource_type.to_lowercase().as_str() {
        "microsoft.cache/redis" if !service.non_ssl_port_enabled.value => "6380,15000-15999",
        POSTGRES if !service.pgbouncer_enabled.value => "5432",
        "microsoft.eventhub/namespaces" if sku("Basic") => "443,5671-5672",
        _ => return ports.clone(),
    };
    fewer.parse().unwrap_or_else(|_| ports.clone())
}

/// Why a SKU or kind has no private endpoints (HUB-06, STG-05).
fn refused_sku(service: &Service, known: &KnownService) -> Option<String> {
    if known.resource_type.eq_ignore_ascii_case("Microsoft.Storage/storageAccounts")
        && service.account_kind.as_ref().is_some_and(|k| k.value == AccountKind::Storage)
    {
        return Some("a general-purpose v1 account has no private endpoints (STG-05)".to_owned());
    }
    let sku = service.sku_name.as_ref()?.value.to_lowercase();
    match known.resource_type.to_lowercase().as_str() {
        "microsoft.containerregistry/registries" if sku != "premium" => {
            Some("a registry needs the Premium SKU (HUB-06)".to_owned())
        }
        "microsoft.servicebus/namespaces" if sku != "premium" => {
            Some("a Service Bus namespace needs the Premium SKU".to_owned())
        }
        "microsoft.eventhub/namespaces" if sku == "basic" => {
            Some("an Event Hubs namespace needs the Standard SKU or higher".to_owned())
        }
        "microsoft.appconfiguration/configurationstores" if sku == "free" => {
            Some("a configuration store needs another SKU than Free".to_owned())
        }
        "microsoft.search/searchservices" if sku == "free" => {
            Some("a search service needs the Basic SKU or higher (HUB-06)".to_owned())
        }
        _ => None,
    }
}
