//! Choosing clients and services by name, kind, place and tags, and telling what chosen ones have in common.

use super::{Aim, Asker, Service};
use crate::dataplane::{ClientKind, Endpoint, Id, Plane};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

/// Tags by kind and name of what carries them.
pub type Labels = BTreeMap<(&'static str, String), BTreeMap<String, String>>;

/// What is known of a client or service apart from answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traits {
    /// What kind of thing, in the words of the file format.
    pub kind: String,
    /// Type of a service, in the provider's spelling.
    pub resource_type: Option<String>,
    /// Its name.
    pub name: String,
    /// The network it sits in.
    pub network: Option<String>,
    /// The subnet, as `network/subnet`.
    pub subnet: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Traits {
    /// Traits of a client.
    #[must_use]
    pub fn of_client(plane: &Plane, asker: &Asker<'_>, labels: &Labels) -> Self {
        let mut traits = Self::named(asker.origin.kind, &asker.origin.name, labels);
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
        match &service.aim {
            Aim::Address(_, Some(owner)) => traits.place(plane, *owner),
            Aim::Address(_, None) => {}
            Aim::Name(_, resource) => {
                traits.resource_type = resource.map(|id| plane.resources.get(id).kind.clone());
            }
        }
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

/// A pattern with `*` for any text and `?` for one character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(String);

impl Glob {
    /// A pattern as written.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Whether the whole text matches, without regard to case.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let pattern: Vec<char> = self.0.to_lowercase().chars().collect();
        let text: Vec<char> = text.to_lowercase().chars().collect();
        // The last star met, and how much of the text it has taken.
        let (mut p, mut t, mut star) = (0, 0, None);
        while t < text.len() {
            match pattern.get(p) {
                Some('*') => {
                    star = Some((p, t));
                    p += 1;
                }
                Some(c) if *c == '?' || Some(c) == text.get(t) => {
                    p += 1;
                    t += 1;
                }
                _ => {
                    let Some((at, taken)) = star else { return false };
                    p = at + 1;
                    t = taken + 1;
                    star = Some((at, taken + 1));
                }
            }
        }
        pattern.iter().skip(p).all(|c| *c == '*')
    }
}

/// Which clients or services are meant: those that match one pattern of every list that has any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// Names.
    pub names: Vec<Glob>,
    /// Kinds, or types of services.
    pub kinds: Vec<Glob>,
    /// Networks.
    pub networks: Vec<Glob>,
    /// Subnets, as `network/subnet`.
    pub subnets: Vec<Glob>,
    /// Tags; each must be there with a value that matches.
    pub tags: Vec<(String, Glob)>,
}

impl Selector {
    /// Whether something is meant.
    #[must_use]
    pub fn matches(&self, traits: &Traits) -> bool {
        let Self { names, kinds, networks, subnets, tags } = self;
        let any = |globs: &[Glob], text: Option<&str>| {
            globs.is_empty() || text.is_some_and(|t| globs.iter().any(|g| g.matches(t)))
        };
        let qualified = format!("{}.{}", traits.kind, traits.name);
        let tag = |(key, value): &(String, Glob)| traits.tags.get(key).is_some_and(|v| value.matches(v));
        (any(names, Some(&traits.name)) || any(names, Some(&qualified)))
            && (any(kinds, Some(&traits.kind)) || any(kinds, traits.resource_type.as_deref()))
            && any(networks, traits.network.as_deref())
            && any(subnets, traits.subnet.as_deref())
            && tags.iter().all(tag)
    }
}

impl FromStr for Selector {
    type Err = String;

    /// Reads `vm-*`, `kind:virtual_machine,tag:env=prod`, `subnet:vnet/app`, `network:vnet`, `name:a,name:b`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut selector = Self::default();
        for part in text.split(',').map(str::trim) {
            if part.is_empty() {
                return Err(format!("`{text}` has an empty part"));
            }
            match part.split_once(':') {
                None => selector.names.push(Glob::new(part)),
                Some(("name", rest)) => selector.names.push(Glob::new(rest)),
                Some(("kind", rest)) => selector.kinds.push(Glob::new(rest)),
                Some(("network", rest)) => selector.networks.push(Glob::new(rest)),
                Some(("subnet", rest)) => selector.subnets.push(Glob::new(rest)),
                Some(("tag", rest)) => {
                    let (key, value) = rest.split_once('=').unwrap_or((rest, "*"));
                    selector.tags.push((key.to_owned(), Glob::new(value)));
                }
                Some((other, _)) => {
                    return Err(format!("`{other}:` is not a selector; use name, kind, network, subnet or tag"));
                }
            }
        }
        Ok(selector)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_texts_without_regard_to_case() {
        for (pattern, text, expected) in [
            ("vm-*", "VM-1", true),
            ("vm-?", "vm-12", false),
            ("*-prod-*", "a-prod-b-prod-c", true),
            ("*", "", true),
            ("a*b", "ab", true),
            ("a*b", "abc", false),
            ("", "", true),
            ("vm", "vm-1", false),
        ] {
            assert_eq!(Glob::new(pattern).matches(text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn selectors_need_one_of_every_list() {
        let tags = [("env".to_owned(), "prod".to_owned())].into();
        let traits = Traits { kind: "virtual_machine".into(), name: "vm-1".into(), tags, ..Traits::default() };
        let matches = |text: &str| text.parse::<Selector>().unwrap().matches(&traits);
        assert!(
            matches("vm-*")
                && matches("kind:virtual_*,tag:env=prod")
                && matches("name:x,name:vm-1")
                && matches("tag:env")
        );
        assert!(matches("virtual_machine.vm-1"));
        assert!(!matches("kind:host") && !matches("tag:env=test") && !matches("network:*"));
        assert!("color:red".parse::<Selector>().unwrap_err().contains("name, kind"));
        assert!("a,,b".parse::<Selector>().is_err());
    }
}
