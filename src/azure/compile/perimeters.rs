//! Network security perimeters (NSP-01 to NSP-08).

use super::Compiler;
use crate::{
    azure::model::{private_link::PerimeterMode, service::PublicNetworkAccess},
    dataplane::{Door, Id, Origin, Outbound, Perimeter, Resource},
    diag::{Diagnostic, Span, code},
    document::Spanned,
    net::is_public,
};
use std::collections::{BTreeMap, BTreeSet};

/// Types that can be associated with a perimeter (NSP-08).
const ONBOARDED: &[&str] = &[
    "microsoft.insights/datacollectionendpoints",
    "microsoft.insights/scheduledqueryrules",
    "microsoft.insights/actiongroups",
    "microsoft.operationalinsights/workspaces",
    "microsoft.search/searchservices",
    "microsoft.eventhub/namespaces",
    "microsoft.keyvault/vaults",
    "microsoft.storage/storageaccounts",
    "microsoft.cognitiveservices/accounts",
    "microsoft.servicebus/namespaces",
    "microsoft.documentdb/databaseaccounts",
    "microsoft.sql/servers",
];

impl Compiler<'_> {
    /// Perimeters act on the gates of the services in them (NSP-01, NSP-02, NSP-04, NSP-08). A service is in one at most.
    pub(super) fn perimeters(&mut self) {
        let estate = self.estate;
        let names = self.resources.clone();
        // Secured by a perimeter and in none, a service calls nobody (NSP-02).
        for (name, entry) in estate.services.iter() {
            let secured = entry.value.public_network_access.as_ref();
            let secured = secured.filter(|a| a.value == PublicNetworkAccess::SecuredByPerimeter);
            if let (Some(secured), Some(id)) = (secured, self.resources.get(name).copied()) {
                self.plane.resources.get_mut(id).outbound = Some(Outbound {
                    origin: Origin::new("service", name, secured.span),
                    names: Vec::new(),
                    members: BTreeSet::new(),
                });
            }
        }
        let mut doors: BTreeMap<Id<Resource>, Vec<Id<Door>>> = BTreeMap::new();
        self.plane.doors.iter().for_each(|(id, d)| doors.entry(d.resource).or_default().push(id));
        let mut associated: BTreeMap<Id<Resource>, Span> = BTreeMap::new();
        for (name, entry) in estate.network_security_perimeters.iter() {
            for prefix in entry.value.profiles.iter().flat_map(|(_, p)| &p.value.inbound_address_prefixes) {
                let range = prefix.value;
                if range.length() > 0 && !is_public(range.network()) && !is_public(range.last()) {
                    let text = format!("{range} admits nobody: no private address reaches a public endpoint (NSP-01)");
                    let warning = Diagnostic::warning(code::IGNORED, prefix.span, text);
                    self.diagnostics.push(warning.help("name public addresses, or use private endpoints"));
                }
            }
            let mut inside = Vec::new();
            for (key, association) in entry.value.associations.iter() {
                let own = Spanned { value: key.to_owned(), span: association.span };
                let reference = association.value.resource.as_ref().unwrap_or(&own);
                let profile = self.declared("profile", &association.value.profile, &entry.value.profiles);
                let (Some(resource), Some(profile)) = (self.find("service", reference, &names), profile) else {
                    continue;
                };
                if self.can_join(resource, association.span, &mut associated) {
                    inside.push((resource, profile, association));
                }
            }
            let members: BTreeSet<_> = inside.iter().map(|(r, ..)| *r).collect();
            for (resource, profile, association) in inside {
                let enforced = association.value.access_mode.value == PerimeterMode::Enforced;
                // Learning allows what the rules do not, unless the perimeter alone decides (NSP-02, NSP-07).
                if enforced || self.plane.resources.get(resource).outbound.is_some() {
                    let names = self.names(&profile.outbound_fqdns);
                    let origin = Origin::new("network_security_perimeter", name, association.span);
                    self.plane.resources.get_mut(resource).outbound =
                        Some(Outbound { origin, names, members: members.clone() });
                }
                let perimeter = Perimeter {
                    origin: Origin::new("network_security_perimeter", name, association.span),
                    enforced: association.value.access_mode.value == PerimeterMode::Enforced,
                    addresses: profile.inbound_address_prefixes.iter().map(|p| p.value).collect(),
                    members: members.clone(),
                };
                for door in doors.get(&resource).into_iter().flatten().copied() {
                    self.plane.doors.get_mut(door).gate.perimeter = Some(perimeter.clone());
                }
                if let Some(gate) = &mut self.plane.resources.get_mut(resource).gate {
                    gate.perimeter = Some(perimeter);
                }
            }
        }
    }
    /// Whether a service may be associated: of a type that can be, and in no other perimeter (NSP-08).
    fn can_join(&mut self, resource: Id<Resource>, span: Span, associated: &mut BTreeMap<Id<Resource>, Span>) -> bool {
        let service = self.plane.resources.get(resource);
        let (who, kind) = (service.origin.to_string(), service.kind.clone());
        if !ONBOARDED.contains(&kind.to_lowercase().as_str()) {
            let text = format!("{who} cannot be associated: perimeters do not take {kind} (NSP-08)");
            let error = Diagnostic::error(code::VALUE, span, text);
            self.diagnostics.push(error.help("remove the association").refused());
            return false;
        }
        if let Some(other) = associated.insert(resource, span) {
            let error = Diagnostic::error(code::CONFLICT, span, format!("{who} is associated twice (NSP-01)"));
            self.diagnostics
                .push(error.related(other, "the other association").help("remove one of the two").refused());
            associated.insert(resource, other);
            return false;
        }
        true
    }
}
