//! What accounts of a kind or SKU do not have: sub-resources, and their names.

use super::{Compiler, Target, gates::DATABASES, trust::STORAGE};
use crate::{
    azure::{
        known_services::{KnownService, NameValues, SubResource},
        model::service::{AccountKind, Service},
    },
    diag::Span,
};
use std::collections::{BTreeMap, BTreeSet};

/// Why an account has no such sub-resource, and the setting that says so.
pub(super) struct Lack {
    why: String,
    span: Span,
}

impl Compiler<'_> {
    /// A sub-resource that the account does not have: its names do not exist, and nothing connects to it.
    pub(super) fn without(&mut self, name: &str, service: &Service, sub: &SubResource, lack: Lack) {
        let region = self.region(service.location.as_ref());
        let values = BTreeMap::new();
        let made = sub.instantiate(&NameValues {
            name,
            region: region.as_deref(),
            replica_regions: &replicas(service),
            kind: None,
            values: &values,
        });
        let names = made.map(|m| m.names).unwrap_or_default();
        // Addresses that stand in for those of others stay the same whatever an account lacks.
        let members: BTreeSet<usize> = names.iter().map(|n| n.member).collect();
        members.iter().for_each(|_| {
            self.undeclared_public();
        });
        self.plane.dns.absent.extend(names.into_iter().map(|n| (n.public, lack.span)));
        let target = Target { members: 1, refused: Some(lack.why), ..Target::default() };
        self.targets.insert((name.to_owned(), sub.name.to_lowercase()), target);
    }
}

/// Further regions of a service, spelled as in names.
pub(super) fn replicas(service: &Service) -> Vec<String> {
    service.replica_locations.iter().map(|l| l.value.to_lowercase().replace(' ', "")).collect()
}

pub(super) fn lacking(service: &Service, known: &KnownService, sub: &SubResource) -> Option<Lack> {
    match known.resource_type.to_lowercase().as_str() {
        STORAGE => of_storage(service, sub),
        DATABASES => of_database(service, sub),
        _ => None,
    }
}

/// Accounts of special kinds hold some kinds of data only \[background\], and those without a second region have no
/// secondary endpoints: what is read there is what was replicated (RA-GRS and RA-GZRS). Of other replicated accounts that
/// is left open.
fn of_storage(service: &Service, sub: &SubResource) -> Option<Lack> {
    let part = sub.name.strip_suffix("_secondary");
    if let (Some(sku), Some(_)) = (&service.sku_name, part) {
        let local = ["_lrs", "_zrs"].iter().any(|end| sku.value.to_lowercase().ends_with(end));
        let why = || format!("an account of SKU {} has no {} endpoint", sku.value, sub.name);
        if local {
            return Some(Lack { why: why(), span: sku.span });
        }
    }
    let kind = service.account_kind.as_ref()?;
    let own: &[&str] = match kind.value {
        AccountKind::StorageV2 | AccountKind::Storage => return None,
        AccountKind::BlobStorage => &["blob"],
        AccountKind::BlockBlobStorage => &["blob", "dfs", "web"],
        AccountKind::FileStorage => &["file"],
    };
    let why = || format!("an account of kind {} has no {} service", kind.value.as_str(), sub.name);
    (!own.contains(&part.unwrap_or(&sub.name))).then(|| Lack { why: why(), span: kind.span })
}

/// An account of a kind has the interfaces that its kind and capabilities say. Every account has the names of the first
/// interface, by which tools manage it.
fn of_database(service: &Service, sub: &SubResource) -> Option<Lack> {
    let kind = service.kind.as_ref()?;
    let mongo = kind.value.eq_ignore_ascii_case("MongoDB");
    let can = |word: &str| service.capabilities.iter().any(|c| c.value.eq_ignore_ascii_case(word));
    let others = ["EnableCassandra", "EnableGremlin", "EnableTable", "EnableMongo"];
    let has = match sub.name.to_lowercase().as_str() {
        "mongodb" => mongo || can("EnableMongo"),
        "cassandra" => !mongo && can("EnableCassandra"),
        "gremlin" => !mongo && can("EnableGremlin"),
        "table" => !mongo && can("EnableTable"),
        "sqldedicated" => !mongo && !others.into_iter().any(can),
        _ => true,
    };
    let why = || format!("an account of kind {} with these capabilities has no {} interface", kind.value, sub.name);
    (!has).then(|| Lack { why: why(), span: kind.span })
}
