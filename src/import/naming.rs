//! What an item tells of the names of its service.

use super::draft::{Item, Tree};
use crate::azure::known_services::NameValues;
use std::collections::BTreeMap;

/// What the names of a service are made from, as far as its item tells.
pub(super) struct Naming {
    name: String,
    region: Option<String>,
    replicas: Vec<String>,
    kind: Option<String>,
    /// Labels by what they stand for, and names by the suffix that they were found under.
    pub(super) values: BTreeMap<String, String>,
}

impl Naming {
    pub(super) fn of(item: &Item) -> Self {
        let text = |key: &str| item.get(key).and_then(|n| n.as_text()).map(str::to_owned);
        let mut values = BTreeMap::new();
        if let Some(Tree::Map(told)) = item.get("name_values").map(|n| &n.tree) {
            values.extend(told.iter().filter_map(|(k, n)| Some((k.clone(), n.as_text()?.to_owned()))));
        }
        values.extend(text("custom_subdomain_name").map(|s| ("customSubdomain".to_owned(), s)));
        let replicas = item.get("replica_locations").map_or(&[][..], |n| n.items());
        Self {
            name: item.name.clone(),
            region: text("location"),
            replicas: replicas.iter().filter_map(|n| n.as_text()).map(str::to_owned).collect(),
            kind: text("kind"),
            values,
        }
    }

    pub(super) fn known(&self) -> NameValues<'_> {
        NameValues {
            name: &self.name,
            region: self.region.as_deref(),
            replica_regions: &self.replicas,
            kind: self.kind.as_deref(),
            values: &self.values,
        }
    }
}
