//! Private zones, their records, and what each network sees of them (DNS-01 to DNS-09, ZONE-*, ZG-*).

use super::Compiler;
use crate::{
    azure::model::dns::{AddressRecord, CnameRecord, ResolutionPolicy},
    azure::model::service::ConnectionStatus,
    dataplane::{Endpoint, Id, Network, Origin, Record, RecordData, RecordSet, View, Zone, ZoneLink},
    diag::{Diagnostic, Span, code},
    document::{Map, Reference, Spanned},
    net::Fqdn,
};
use std::{collections::BTreeMap, net::IpAddr};

impl Compiler<'_> {
    pub(super) fn dns(&mut self) {
        let zones = self.zones();
        self.views(&zones);
        self.managed_views();
        self.servers();
        self.rulesets();
        self.name_policies();
    }

    fn zones(&mut self) -> BTreeMap<String, Id<Zone>> {
        let estate = self.estate;
        let mut ids = BTreeMap::new();
        for (key, entry) in estate.private_dns_zones.iter() {
            let declared = entry.value.zone_name.as_ref();
            let Some(name) =
                self.name(declared.map_or(key, |n| n.value.as_str()), declared.map_or(entry.span, |n| n.span))
            else {
                continue;
            };
            let mut records = RecordSet::default();
            self.written(&name, &entry.value.a_records, &entry.value.cname_records, &mut records);
            let id = self.plane.dns.zones.push(Zone {
                origin: Origin::new("private_dns_zone", key, entry.span),
                name,
                records,
            });
            ids.insert(key.to_owned(), id);
        }
        self.zone_groups(&ids);
        ids
    }

    /// Records written by hand: relative name, `@` for the apex (ZG-03). They outlive their endpoints, and may hold public
    /// addresses (PE-37, ZONE-12).
    pub(super) fn written(
        &mut self,
        zone: &Fqdn,
        a: &Map<AddressRecord>,
        cname: &Map<CnameRecord>,
        records: &mut RecordSet,
    ) {
        for (relative, entry) in a.iter() {
            match zone.prepend(relative) {
                Ok(name) => {
                    let data = RecordData::Addresses(entry.value.records.iter().map(|r| r.value).collect());
                    let span = entry.value.records.first().map_or(entry.span, |r| r.span);
                    records.insert(name, Record { data, origin: Origin::new("a_record", relative, span) });
                }
                Err(error) => self.diagnostics.push(Diagnostic::error(code::VALUE, entry.span, error.to_string())),
            }
        }
        for (relative, entry) in cname.iter() {
            if a.get(relative).is_some() {
                self.error(
                    code::CONFLICT,
                    entry.span,
                    format!("`{relative}` has address records and an alias"),
                    "keep one of the two",
                );
            }
            let target = self.name(&entry.value.record.value, entry.value.record.span);
            if let (Some(target), Ok(name)) = (target, zone.prepend(relative)) {
                records.insert(
                    name,
                    Record {
                        data: RecordData::Alias(target),
                        origin: Origin::new("cname_record", relative, entry.span),
                    },
                );
            }
        }
    }

    /// A zone group registers the records of its endpoint in the zones it names, a manual connection's only once it is
    /// approved (ZG-01, ZG-02, ZG-04). Of two that register one name, the later one in order of name stays (ZG-05, A-8).
    fn zone_groups(&mut self, zones: &BTreeMap<String, Id<Zone>>) {
        let estate = self.estate;
        let endpoints = std::mem::take(&mut self.customer_endpoints);
        for private in &endpoints {
            let Some(entry) = estate.private_endpoints.get(&private.name) else {
                continue;
            };
            let Some(group) = &entry.value.private_dns_zone_group else {
                continue;
            };
            let connection = &entry.value.private_service_connection;
            let approved = connection.status.as_ref().is_some_and(|s| s.value == ConnectionStatus::Approved);
            if connection.is_manual_connection.value && !approved {
                continue;
            }
            let target = self.targets.get(&private.target).cloned().unwrap_or_default();
            for reference in &group.private_dns_zones {
                let Some(id) = self.find("private_dns_zone", reference, zones) else {
                    continue;
                };
                let zone = self.plane.dns.zones.get_mut(id);
                let records = target
                    .names
                    .iter()
                    .map(|n| (&n.record, n.member))
                    .chain(target.records.iter().map(|(n, m)| (n, *m)));
                let mut any = false;
                for (name, member) in records {
                    if let Some(address) = private.addresses.get(member).filter(|_| name.is_under(&zone.name)) {
                        any = true;
                        let origin = Origin::new("private_dns_zone_group", &private.name, reference.span);
                        let record = Record { data: RecordData::Addresses(vec![*address]), origin: origin.clone() };
                        let held = zone.records.find_exact(name);
                        // A name with an alias holds nothing else, so the platform refuses the group's record.
                        if let Some(alias) = held.filter(|r| matches!(r.data, RecordData::Alias(_))) {
                            let text = format!(
                                "{name} is an alias in `{}`, where `{}` registers its address",
                                reference.value, private.name
                            );
                            let mut error = Diagnostic::error(code::CONFLICT, reference.span, text);
                            if let Some(at) = alias.origin.span {
                                error = error.related(at, "the alias");
                            }
                            self.diagnostics.push(error.help("remove the cname record").refused());
                            continue;
                        }
                        let old = held.map(|r| r.origin.clone());
                        let old = old.filter(|o| o.kind == origin.kind && o.name != private.name);
                        // What was written by hand stays beside it.
                        match old {
                            Some(_) => zone.records.replace(name.clone(), record),
                            None => zone.records.insert(name.clone(), record),
                        }
                        if let Some(old) = old {
                            self.diagnostics.push(
                                Diagnostic::warning(
                                    code::IGNORED,
                                    old.span,
                                    format!(
                                        "`{}` replaces the record of {name} that {old} made (ZG-05, A-8)",
                                        private.name
                                    ),
                                )
                                .help("register one endpoint per resource and zone"),
                            );
                        }
                    }
                }
                if !any {
                    self.diagnostics.push(
                        Diagnostic::warning(
                            code::IGNORED,
                            reference.span,
                            format!(
                                "no name of `{}` lies in zone `{}`, so the zone group registers nothing there",
                                private.target.0, reference.value
                            ),
                        )
                        .help("name the zone of the sub-resource, for example privatelink.blob.core.windows.net"),
                    );
                }
            }
        }
        self.customer_endpoints = endpoints;
    }

    /// What each network sees: the zones linked to it, whatever it is peered with (ZONE-01, ZONE-02, ZONE-03,
    /// ZONE-18, DNS-14).
    fn views(&mut self, zones: &BTreeMap<String, Id<Zone>>) {
        let estate = self.estate;
        let mut links: BTreeMap<String, Vec<ZoneLink>> = BTreeMap::new();
        let mut members: BTreeMap<Option<Id<Network>>, Vec<Id<Endpoint>>> = BTreeMap::new();
        self.machines.values().for_each(|m| members.entry(self.plane.network_of(*m)).or_default().push(*m));
        for (key, entry) in estate.private_dns_zones.iter() {
            let Some(zone) = zones.get(key).copied() else { continue };
            for (link_name, link) in entry.value.virtual_network_links.iter() {
                let Some(reference) = self.linked_network(link.value.virtual_network.as_ref(), link_name, link.span)
                else {
                    continue;
                };
                let list = links.entry(reference.value.clone()).or_default();
                let same = |l: &&ZoneLink| self.plane.dns.zones.get(l.zone).name == self.plane.dns.zones.get(zone).name;
                if list.iter().find(same).is_some() {
                    self.diagnostics.push(
                        Diagnostic::error(
                            code::CONFLICT,
                            link.span,
                            format!("`{}` is linked to two zones of the same name (ZONE-05)", reference.value),
                        )
                        .help("keep one of the links")
                        .refused(),
                    );
                    continue;
                }
                if link.value.registration_enabled.value {
                    let network = self.vnets.get(&reference.value).copied();
                    self.register_machines(zone, members.get(&network).map_or(&[], Vec::as_slice));
                }
                list.push(ZoneLink {
                    zone,
                    origin: Origin::new("virtual_network_link", format!("{key}/{link_name}"), link.span),
                    // Only zones of Private Link fall back (ZONE-10, ZONE-13).
                    fallback: link.value.resolution_policy.value == ResolutionPolicy::NxDomainRedirect
                        && zone_is_private_link(&self.plane.dns.zones.get(zone).name),
                });
            }
        }
        for (vnet, id) in self.vnets.clone() {
            let network = self.plane.networks.get(id);
            let view = View {
                origin: network.origin.clone(),
                links: links.remove(&vnet).unwrap_or_default(),
                overrides: RecordSet::default(),
                dormant: BTreeMap::new(),
                forwarding: Vec::new(),
                policy: Vec::new(),
            };
            let view = self.plane.dns.views.push(view);
            self.plane.networks.get_mut(id).view = Some(view);
        }
    }

    /// The network of a link: the one it names, or the one its key names.
    pub(super) fn linked_network(&mut self, named: Option<&Reference>, key: &str, span: Span) -> Option<Reference> {
        let estate = self.estate;
        let reference = named.cloned().unwrap_or(Spanned { value: key.to_owned(), span });
        let usable = !self.refuse_managed(&reference)
            && self.declared("virtual_network", &reference, &estate.virtual_networks).is_some();
        usable.then_some(reference)
    }

    /// A managed network takes no customer settings (MVNET-09).
    fn refuse_managed(&mut self, reference: &Reference) -> bool {
        let managed = self.managed.contains_key(&reference.value) && !self.vnets.contains_key(&reference.value);
        if managed {
            self.diagnostics.push(
                Diagnostic::error(
                    code::MVNET_PEER,
                    reference.span,
                    format!(
                        "no zone or ruleset can be linked to the managed network of `{}` (MVNET-09)",
                        reference.value
                    ),
                )
                .help("remove the link")
                .refused(),
            );
        }
        managed
    }

    /// Machines of a registration network register an A record each; one whose interface has several IPv4 addresses sets
    /// them statically, and is left out (ZONE-21).
    fn register_machines(&mut self, zone: Id<Zone>, members: &[Id<Endpoint>]) {
        let members: Vec<_> = members.iter().map(|m| (*m, self.plane.endpoints.get(*m).clone())).collect();
        let estate = self.estate;
        let zone = self.plane.dns.zones.get_mut(zone);
        for (id, machine) in members {
            let [address] = *machine.addresses.iter().copied().filter(IpAddr::is_ipv4).collect::<Vec<_>>() else {
                continue;
            };
            let declared = estate.virtual_machines.get(&machine.origin.name);
            let host = declared.and_then(|m| m.value.computer_name.as_ref()).map(|n| n.value.as_str());
            if let Ok(name) = zone.name.prepend(host.unwrap_or(&machine.origin.name)) {
                self.plane.machine_names.entry(name.clone()).or_default().push(id);
                zone.records
                    .insert(name, Record { data: RecordData::Addresses(vec![address]), origin: machine.origin });
            }
        }
    }

    /// Names inside a managed network: public DNS, overridden by active private endpoint rules, and by no DNS of the
    /// customer's (MPE-10, DEF-03, FQDN-08).
    fn managed_views(&mut self) {
        let names = std::mem::take(&mut self.managed_names);
        for (workspace, managed) in &self.managed {
            let origin = self.plane.networks.get(managed.network).origin.clone();
            let mut view = View {
                origin,
                links: Vec::new(),
                overrides: RecordSet::default(),
                dormant: BTreeMap::new(),
                forwarding: Vec::new(),
                policy: Vec::new(),
            };
            for made in names.iter().filter(|m| m.workspace == *workspace) {
                let target = made.target.as_ref().and_then(|t| self.targets.get(t));
                let records = target.into_iter().flat_map(|t| {
                    t.names.iter().map(|n| (&n.record, n.member)).chain(t.records.iter().map(|(n, m)| (n, *m)))
                });
                let aliases = made.aliases.iter().map(|a| (a, 0));
                match made.closed {
                    None => {
                        for (name, member) in records.chain(aliases) {
                            if let Some(address) = made.addresses.get(member) {
                                view.overrides.insert(
                                    name.clone(),
                                    Record { data: RecordData::Addresses(vec![*address]), origin: made.origin.clone() },
                                );
                            }
                        }
                    }
                    Some(reason) => {
                        let public = target.into_iter().flat_map(|t| t.names.iter().map(|n| &n.public));
                        for name in public.chain(&made.aliases) {
                            view.dormant.insert(name.clone(), (reason, made.origin.clone()));
                        }
                    }
                }
            }
            let view = self.plane.dns.views.push(view);
            self.plane.networks.get_mut(managed.network).view = Some(view);
        }
        self.managed_names = names;
    }
}

/// Whether a zone is one of Private Link, to which alone a link's resolution policy applies (ZONE-10).
fn zone_is_private_link(zone: &Fqdn) -> bool {
    zone.labels().any(|l| l == "privatelink")
}
