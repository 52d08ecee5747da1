//! Name templates of a sub-resource and the names of a concrete service.

use super::template::{Fill, Member, NameTemplate, Piece, canonical_region, pieces};
use super::{Cloud, WorkspaceNames};
use crate::net::{Fqdn, FqdnError, PortSet};
use std::collections::BTreeMap;
use thiserror::Error;

/// One thing of a service that private endpoints can connect to (PE-02).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubResource {
    /// Group id, for example `blob`.
    pub name: String,
    /// TCP ports that its private endpoint accepts (DEF-05, PE-18).
    pub ports: PortSet,
    /// Zones to create, as templates.
    pub(super) zones: Vec<String>,
    /// Public suffixes, as templates.
    pub(super) public_zones: Vec<String>,
    /// Names, in member order.
    pub(super) names: Vec<NameTemplate>,
    /// Whether a service uses one of the names and zones only.
    pub(super) alternatives: bool,
    /// The cloud, if the names are those of a workspace.
    pub(super) workspace_in: Option<Cloud>,
}

/// What is known of a concrete service.
#[derive(Debug, Clone, Copy)]
pub struct NameValues<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its region.
    pub region: Option<&'a str>,
    /// Further regions it is replicated to, in declared order.
    pub replica_regions: &'a [String],
    /// The kind of an AI services account, where it is known: which of the names it has follows from it.
    pub kind: Option<&'a str>,
    /// Values by placeholder; they win over what the other fields imply. Where a public name cannot be told from the
    /// service's name, the key is the public suffix and the value the labels left of it.
    pub values: &'a BTreeMap<String, String>,
}

/// One name of a concrete service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceName {
    /// The name clients use.
    pub public: Fqdn,
    /// Its alias in the privatelink zone (DNS-07); the name itself where there is no alias, as for a private cluster.
    pub private: Fqdn,
    /// The private zone that holds the record.
    pub zone: Fqdn,
    /// Owner name of the record that answers for the alias: the alias itself, or the wildcard that covers it.
    pub record: Fqdn,
    /// Index of the endpoint address that serves it, in member order (PE-05).
    pub member: usize,
}

/// An address record that the zone group of a private endpoint writes (ZG-01).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ZoneRecord {
    /// Its full name; the leftmost label may be `*`.
    pub name: Fqdn,
    /// Its zone.
    pub zone: Fqdn,
    /// Index of the endpoint address it holds.
    pub member: usize,
}

/// The names of a concrete service's sub-resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instantiated {
    /// Its names, in member order.
    pub names: Vec<ServiceName>,
    /// Its records, in member order.
    pub records: Vec<ZoneRecord>,
    /// Private zones it needs (DEF-06).
    pub zones: Vec<Fqdn>,
    /// Public suffixes that conditional forwarders have to name (FWD-03, FWD-05).
    pub public_zones: Vec<Fqdn>,
    /// Addresses its private endpoint takes (PE-05).
    pub member_count: usize,
}

/// A value that the names need and nobody gave.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Error)]
#[error("{how}")]
pub struct MissingValue {
    /// The placeholder, or the public suffix whose left labels are unknown.
    pub placeholder: String,
    /// How to give it.
    pub how: String,
}

/// Why a service's names cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// A value is missing.
    #[error(transparent)]
    Missing(#[from] MissingValue),
    /// A value makes a name that is none.
    #[error(transparent)]
    Invalid(#[from] FqdnError),
}

impl MissingValue {
    pub(super) fn of(placeholder: &str) -> Self {
        let how = match placeholder {
            "regionName" => "the region is unknown: set `location`".to_owned(),
            "workspaceGuid" => "the workspace's identifier is unknown: set `workspace_id`".to_owned(),
            other => format!("the value of `{other}` in its names is unknown: add `{other}` under `name_values`"),
        };
        Self { placeholder: placeholder.to_owned(), how }
    }

    pub(super) fn host(suffix: &Fqdn) -> Self {
        let how = format!(
            "its name under `{suffix}` does not follow from the service's name: add `{suffix}` under `name_values`, \
             with the labels left of that suffix"
        );
        Self { placeholder: suffix.to_string(), how }
    }

    pub(super) fn alias(suffix: &str) -> Self {
        let how = format!("the private alias of names under `{suffix}` is not published; declare the records by hand");
        Self { placeholder: suffix.to_owned(), how }
    }
}

impl ServiceName {
    pub(super) fn zone_record(&self) -> ZoneRecord {
        ZoneRecord { name: self.record.clone(), zone: self.zone.clone(), member: self.member }
    }
}

impl NameValues<'_> {
    /// The regions of a service, its own first, spelled as in names.
    pub(super) fn regions(&self) -> Vec<String> {
        let own = self.values.get("regionName").map(String::as_str).or(self.region);
        let mut regions = Vec::new();
        for region in own.into_iter().chain(self.replica_regions.iter().map(String::as_str)) {
            let region = canonical_region(region);
            if !regions.contains(&region) {
                regions.push(region);
            }
        }
        regions
    }
}

impl SubResource {
    /// Private zones whose names depend on nothing.
    pub fn fixed_zones(&self) -> impl Iterator<Item = &str> {
        self.zones.iter().map(String::as_str).filter(|z| !z.contains('{'))
    }

    /// The names of a service, their aliases, records and zones (DNS-07, PE-05, DEF-06, ACR-02, COSMOS-03).
    ///
    /// A sub-resource may have several names of which some cannot be told from the service's name; these are left out
    /// until their values are given, as long as one name is known.
    ///
    /// # Errors
    /// If a value is missing, or a value makes a name that is none.
    pub fn instantiate(&self, values: &NameValues<'_>) -> Result<Instantiated, Vec<NameError>> {
        if let Some(cloud) = self.workspace_in {
            let names = WorkspaceNames::of_values(cloud, values)?;
            return Ok(Instantiated {
                names: vec![names.api.clone(), names.cert.clone(), names.notebooks.clone()],
                records: names.records(),
                zones: self.zones(values)?,
                public_zones: self.public_zones(values),
                member_count: WorkspaceNames::MEMBER_COUNT,
            });
        }
        if let Some(own) = values.kind.and_then(|kind| self.of_kind(kind)) {
            return own.instantiate(&NameValues { kind: None, ..*values });
        }
        let mut zones = self.zones(values)?;
        let regions = values.regions();
        let (mut names, mut unknown, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        let mut member_count = 0;
        for template in &self.names {
            let (first, of_regions) = match template.member {
                Member::One(member) => (member, vec![regions.first().map(String::as_str)]),
                Member::PerRegion(first) if regions.is_empty() => (first, vec![None]),
                Member::PerRegion(first) => (first, regions.iter().map(|r| Some(r.as_str())).collect()),
            };
            for (offset, region) in of_regions.into_iter().enumerate() {
                member_count = member_count.max(first + offset + 1);
                match template.fill(&Fill::new(values, region), &zones, first + offset) {
                    Ok(name) if self.alternatives => names = vec![name],
                    Ok(name) => names.push(name),
                    Err(NameError::Missing(missing)) if self.alternatives || template.host_of.is_some() => {
                        unknown.push(NameError::Missing(missing));
                    }
                    Err(error) => errors.push(error),
                }
            }
        }
        if names.is_empty() {
            errors.extend(unknown);
            if errors.is_empty() {
                errors.extend(self.public_zones.iter().map(|suffix| MissingValue::alias(suffix).into()));
            }
        }
        if !errors.is_empty() {
            errors.dedup();
            return Err(errors);
        }
        let records: Vec<_> = names.iter().map(ServiceName::zone_record).collect();
        if self.alternatives {
            zones.retain(|zone| records.iter().any(|r| r.zone == *zone));
        }
        Ok(Instantiated { names, records, zones, public_zones: self.public_zones(values), member_count })
    }

    /// Public suffixes under which names do not follow from the service's own: their labels are given by
    /// [`NameValues::values`].
    pub fn open_suffixes(&self) -> impl Iterator<Item = &str> {
        self.names.iter().filter_map(|n| n.host_of.as_deref()).filter(|suffix| !suffix.contains('{'))
    }

    /// Whether a value of that key fills something in the names of this: a placeholder, or the labels left of a suffix.
    #[must_use]
    pub fn takes_value(&self, key: &str) -> bool {
        let open = |suffix: &str| match suffix.rsplit_once('}') {
            Some((_, fixed)) => !fixed.is_empty() && key.ends_with(fixed),
            None => suffix == key,
        };
        self.placeholders().any(|p| p == key) || self.names.iter().filter_map(|n| n.host_of.as_deref()).any(open)
    }

    /// Placeholders in its names, zones and suffixes, repetitions included.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        let names = self.names.iter().flat_map(|n| [Some(&n.public), Some(&n.private), n.host_of.as_ref()]).flatten();
        let templates = names.chain(&self.zones).chain(&self.public_zones);
        let found = templates.flat_map(|t| pieces(t)).filter_map(|piece| match piece {
            // Given under the suffix that it stands left of.
            Piece::Placeholder("host") | Piece::Text(_) => None,
            Piece::Placeholder(name) => Some(name),
        });
        let of_workspace: &[&str] = if self.workspace_in.is_some() { &["workspaceGuid", "regionName"] } else { &[] };
        found.chain(of_workspace.iter().copied())
    }

    /// The member that the service calls by a word, as addresses of private endpoints name it (PE-05). The first of an
    /// account's is called as the account.
    #[must_use]
    pub fn member_of(&self, word: &str, values: &NameValues<'_>) -> Option<usize> {
        let regions = values.regions();
        let label = |template: &NameTemplate, region: &str| {
            let own = template.label.replace("{regionName}", region);
            let own = own.replace("{account}", values.name);
            own.eq_ignore_ascii_case(word) || own == "global" && values.name.eq_ignore_ascii_case(word)
        };
        self.names.iter().find_map(|template| match template.member {
            Member::One(member) => label(template, "").then_some(member),
            Member::PerRegion(first) => regions.iter().position(|r| label(template, r)).map(|n| first + n),
        })
    }

    /// The slot of a web app: `<app>-<slot>` in place of `<app>` (APP-07).
    pub(super) fn of_slot(&self, slot: &str) -> Self {
        let of_slot = |text: &str| text.replace("{app}", &format!("{{app}}-{}", slot.to_ascii_lowercase()));
        let mut copy = self.clone();
        copy.name = format!("sites-{slot}");
        for name in &mut copy.names {
            (name.public, name.private) = (of_slot(&name.public), of_slot(&name.private));
        }
        copy
    }

    /// The same for an account of a kind (COG-02), if that has some of the names only.
    fn of_kind(&self, kind: &str) -> Option<Self> {
        let family = super::account_family(kind)?;
        let holds = |name: &str| name.split('.').any(|label| label == family);
        let mut copy = self.clone();
        copy.zones.retain(|zone| holds(zone));
        copy.public_zones.retain(|zone| holds(zone));
        copy.names.retain(|name| holds(&name.public));
        for (number, name) in copy.names.iter_mut().enumerate() {
            name.member = Member::One(number);
        }
        (!copy.names.is_empty()).then_some(copy)
    }

    fn zones(&self, values: &NameValues<'_>) -> Result<Vec<Fqdn>, Vec<NameError>> {
        let regions = values.regions();
        let fill = Fill::new(values, regions.first().map(String::as_str));
        let (mut zones, mut errors) = (Vec::new(), Vec::new());
        for zone in &self.zones {
            match fill.apply(zone) {
                Ok(zone) => zones.push(zone),
                Err(NameError::Missing(_)) if self.alternatives => {}
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(zones) } else { Err(errors) }
    }

    fn public_zones(&self, values: &NameValues<'_>) -> Vec<Fqdn> {
        let regions = values.regions();
        let fill = Fill::new(values, regions.first().map(String::as_str));
        self.public_zones.iter().filter_map(|zone| fill.apply(zone).ok()).collect()
    }
}
