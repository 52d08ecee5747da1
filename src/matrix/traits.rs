//! Traits of clients and services, and what several of them have in common.

use super::{Aim, Asker, Service};
use crate::{
    dataplane::{ClientKind, Endpoint, Id, Plane},
    select::Traits,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// Tags by kind and name of what carries them.
pub type Labels = BTreeMap<(&'static str, String), BTreeMap<String, String>>;

impl Traits {
    /// Traits of a client.
    #[must_use]
    pub fn of_client(plane: &Plane, asker: &Asker<'_>, labels: &Labels) -> Self {
        let mut traits = Self::named(asker.origin.kind, &asker.origin.name, labels);
        traits.asked = Some(asker.name.clone());
        match asker.client.kind {
            ClientKind::Endpoint(id) => traits.place(plane, id),
            ClientKind::Identity(id) => traits.resource_type = Some(plane.resources.get(id).kind.clone()),
        }
        traits
    }

    /// Traits of a service.
    #[must_use]
    pub fn of_service(plane: &Plane, service: &Service, labels: &Labels) -> Self {
        let mut traits = Self::named(service.origin.kind, &service.origin.name, labels);
        traits.asked = Some(service.to.clone());
        traits.also = service.also.iter().map(|o| Self::named(o.kind, &o.name, labels)).collect();
        match &service.aim {
            Aim::Address(_, Some(owner)) => {
                traits.place(plane, *owner);
                traits.also.iter_mut().for_each(|t| t.place(plane, *owner));
            }
            Aim::Address(_, None) => {}
            Aim::Name(_, resource) => {
                traits.resource_type = resource.map(|id| plane.resources.get(id).kind.clone());
            }
        }
        traits.also.extend(service.behind.iter().map(|(origin, id)| {
            let mut behind = Self::named(origin.kind, &origin.name, labels);
            id.iter().for_each(|id| behind.place(plane, *id));
            behind
        }));
        traits
    }

    fn named(kind: &'static str, name: &str, labels: &Labels) -> Self {
        let tags = labels.get(&(kind, name.to_owned())).cloned().unwrap_or_default();
        Self { kind: kind.to_owned(), name: name.to_owned(), tags, ..Self::default() }
    }

    fn place(&mut self, plane: &Plane, id: Id<Endpoint>) {
        let Some(segment) = plane.endpoints.get(id).segment.map(|s| plane.segments.get(s)) else { return };
        self.subnet = Some(segment.origin.name.clone());
        self.network = Some(plane.networks.get(segment.network).origin.name.clone());
    }
}

/// How many names a group shows.
const SHOWN: usize = 3;

/// What the members of a group have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Common {
    /// Number of members.
    pub count: usize,
    /// Kind, if all share it.
    pub kind: Option<String>,
    /// Type of services, if all share it.
    pub resource_type: Option<String>,
    /// Network, if all share it.
    pub network: Option<String>,
    /// Subnet, if all share it.
    pub subnet: Option<String>,
    /// Tags that all carry.
    pub tags: BTreeMap<String, String>,
    /// The first names.
    pub first: Vec<String>,
}

impl Common {
    /// What some have in common; `names` are what people call them.
    #[must_use]
    pub fn of<'t>(members: impl Iterator<Item = (&'t Traits, String)>) -> Self {
        let mut found: Option<Self> = None;
        let mut names: Vec<String> = Vec::new();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for (traits, name) in members {
            if names.len() < SHOWN && seen.insert(name.clone()) {
                names.push(name);
            }
            let Some(common) = &mut found else {
                found = Some(Self {
                    count: 1,
                    kind: Some(traits.kind.clone()),
                    resource_type: traits.resource_type.clone(),
                    network: traits.network.clone(),
                    subnet: traits.subnet.clone(),
                    tags: traits.tags.clone(),
                    first: Vec::new(),
                });
                continue;
            };
            common.count += 1;
            common.kind.take_if(|k| *k != traits.kind);
            common.resource_type.take_if(|t| Some(&*t) != traits.resource_type.as_ref());
            common.network.take_if(|n| Some(&*n) != traits.network.as_ref());
            common.subnet.take_if(|s| Some(&*s) != traits.subnet.as_ref());
            common.tags.retain(|k, v| traits.tags.get(k) == Some(v));
        }
        let mut common = found.unwrap_or_default();
        common.first = names;
        common
    }
}

impl fmt::Display for Common {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.first.join(", ");
        if self.count <= self.first.len() {
            return f.write_str(&names);
        }
        let kind = self.resource_type.as_deref().or(self.kind.as_deref()).unwrap_or("of several kinds");
        write!(f, "{} × {kind}", self.count)?;
        if let Some(place) = self.subnet.as_ref().or(self.network.as_ref()) {
            write!(f, " in {place}")?;
        }
        for (key, value) in &self.tags {
            write!(f, " {key}={value}")?;
        }
        write!(f, " ({names}, …)")
    }
}
