//! Services, the doors into them, and private endpoints.

use super::{Id, Origin, Proxy, Segment, network::Absence};
use crate::{
    diag::Span,
    net::{AddressSet, Fqdn, FqdnPattern, PortSet, Prefix, is_undeclared_public},
    verdict::Reason,
};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// A value with the place that set it; no place means that the platform's default applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it was set.
    pub span: Option<Span>,
}

/// A service.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Declaration.
    pub origin: Origin,
    /// Type, in the provider's spelling.
    pub kind: String,
    /// Names by which it can be asked for, grouped by sub-resource; the first of a group is its usual one.
    pub names: Vec<(String, Vec<Fqdn>)>,
    /// The gate that calls from other services meet.
    pub gate: Option<Gate>,
    /// Whether it calls others with an identity of its own.
    pub has_identity: bool,
    /// Whether that identity is the service's own, rather than one it was given.
    pub own_identity: bool,
    /// Private links of its own to other services (SPL-01).
    pub shared_links: Vec<SharedLink>,
    /// What it may call, if a perimeter or its own setting says so (NSP-02).
    pub outbound: Option<Outbound>,
}

/// What a service in a perimeter may call (NSP-02, NSP-07).
#[derive(Debug, Clone)]
pub struct Outbound {
    /// Declaration.
    pub origin: Origin,
    /// Names outside; none where nothing outside may be called.
    pub names: Vec<FqdnPattern>,
    /// Services inside.
    pub members: BTreeSet<Id<Resource>>,
}

/// A private link that one service alone uses to another (SPL-01).
#[derive(Debug, Clone)]
pub struct SharedLink {
    /// Declaration.
    pub origin: Origin,
    /// The other service.
    pub target: Id<Resource>,
    /// The names of it that it carries, those of one sub-resource (PE-02).
    pub names: Vec<Fqdn>,
    /// State of its connection.
    pub connection: Connection,
    /// Whether calls run where the link can be used (SPL-02).
    pub usable: bool,
}

/// A perimeter around services (NSP-01).
#[derive(Debug, Clone)]
pub struct Perimeter {
    /// Declaration of the association.
    pub origin: Origin,
    /// Whether nothing but the perimeter decides (NSP-03).
    pub enforced: bool,
    /// Admitted addresses.
    pub addresses: AddressSet,
    /// Services inside, which reach each other (NSP-04).
    pub members: BTreeSet<Id<Resource>>,
}

/// A way into a service: one address of one sub-resource.
#[derive(Debug, Clone)]
pub struct Door {
    /// Declaration of the service.
    pub origin: Origin,
    /// The service.
    pub resource: Id<Resource>,
    /// Sub-resource, for people: `blob`, `amlworkspace (API)`.
    pub label: String,
    /// Ports it serves.
    pub ports: PortSet,
    /// Whether names of the customer can be bound to it (PE-17).
    pub binds: bool,
    /// Ports that a connection goes on to, beside the one it asks for (SQL-02).
    pub redirects: Option<PortSet>,
    /// Names that it answers to beside its own, where a record that somebody wrote leads to one of its private endpoints.
    pub further: Vec<FurtherName>,
    /// Who is admitted at the public address.
    pub gate: Gate,
    /// Public address.
    pub public_address: IpAddr,
}

/// Names that lead to a door by a record of the customer's only.
#[derive(Debug, Clone)]
pub struct FurtherName {
    /// The names.
    pub pattern: FqdnPattern,
    /// What they need to exist behind the door.
    pub requires: Option<Absence>,
    /// Rules that say so.
    pub rules: &'static [&'static str],
}

/// A name that leads to a door.
#[derive(Debug, Clone)]
pub struct DoorName {
    /// The door.
    pub door: Id<Door>,
    /// What the name needs to exist behind the door.
    pub requires: Option<Absence>,
    /// The private zone that answers it, where there is one.
    pub zone: Option<Fqdn>,
}

/// Who is admitted at a service's public address.
#[derive(Debug, Clone)]
pub struct Gate {
    /// Declaration.
    pub origin: Origin,
    /// Whether the public address takes traffic at all.
    pub enabled: Setting<bool>,
    /// The rule by which a private endpoint closes the public address, if one does (APP-05, COSMOS-01).
    pub closed_by: Option<&'static str>,
    /// Whether callers that no rule names are admitted.
    pub default_allow: Setting<bool>,
    /// Rules in order; where there are some, they decide in place of addresses and segments (APP-06).
    pub ordered: Option<OrderedRules>,
    /// Admitted addresses.
    pub addresses: Vec<(Prefix, Option<Span>)>,
    /// The rule that admits every address of the cloud, whoever has it, if there is one (PAAS-04).
    pub cloud: Option<CloudRule>,
    /// From where callers are recognised by their public address.
    pub recognises: Recognises,
    /// Admitted segments (service endpoints).
    pub segments: Vec<(Id<Segment>, Span)>,
    /// Admitted services by name.
    pub instances: Vec<(Id<Resource>, Span)>,
    /// Whether trusted services are excepted; none where the service knows no such exception.
    pub bypass: Option<Setting<bool>>,
    /// The rule or assumption that the exception rests on, or its absence, where there is one of its own.
    pub bypass_rule: Option<&'static str>,
    /// Whether it trusts services that nobody models, so that no caller is refused for certain.
    pub trust_unmodelled: bool,
    /// The services it would trust.
    pub trusted: Arc<BTreeSet<Id<Resource>>>,
    /// The perimeter it is in.
    pub perimeter: Option<Perimeter>,
    /// Whether only a perimeter may admit (NSP-02).
    pub perimeter_only: bool,
    /// Service tag by which service endpoints name it.
    pub service_tag: Option<String>,
    /// The answer when the gate is open, if the platform does not support using it.
    pub unsupported: Option<(Reason, &'static str, &'static [&'static str])>,
    /// Rule ids.
    pub rules: &'static [&'static str],
}

/// A rule that admits every address of the cloud.
#[derive(Debug, Clone)]
pub struct CloudRule {
    /// Declaration.
    pub span: Span,
    /// Addresses outside of the model that are the cloud's.
    pub addresses: super::Matcher,
}

/// Rules of a gate, the first that matches decides.
#[derive(Debug, Clone)]
pub struct OrderedRules {
    /// The rules in order.
    pub rules: Vec<GateRule>,
    /// Whether callers that none matches are admitted.
    pub default_allow: bool,
}

/// One rule of a gate.
#[derive(Debug, Clone)]
pub struct GateRule {
    /// Declaration.
    pub origin: Origin,
    /// Whether it admits.
    pub allow: bool,
    /// Callers by address.
    pub from: super::Matcher,
    /// Callers by segment.
    pub segment: Option<Id<Segment>>,
}

/// From where a gate sees the public address of its callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recognises {
    /// From everywhere.
    Everyone,
    /// Not from the cloud's networks in this region, which reach it by addresses of the platform (STG-01); the region
    /// is absent where it is not declared.
    Outside(Option<String>),
}

/// Who calls at a public address.
#[derive(Debug, Clone, Copy)]
pub enum Caller<'a> {
    /// Something with an address.
    Network {
        /// Its public address.
        source: IpAddr,
        /// The segment whose identity it carries (SE-02).
        segment: Option<Id<Segment>>,
        /// The network it called from, if that is one of the cloud's.
        cloud: Option<&'a super::Network>,
    },
    /// A service with its identity.
    Identity(Id<Resource>),
}

impl Gate {
    /// Which of the rules about addresses match a source; two that come out alike are treated alike.
    pub(super) fn treats(&self, source: super::Party<'_>) -> Vec<super::Match> {
        let mut found = vec![is_undeclared_public(source.address).into()];
        if let Some(perimeter) = &self.perimeter {
            found.push(perimeter.addresses.contains(source.address).into());
        }
        found.extend(self.cloud.iter().map(|rule| rule.addresses.matches(source)));
        match &self.ordered {
            Some(rules) => found.extend(rules.rules.iter().map(|r| r.from.matches(source))),
            None if self.enabled.value && !self.default_allow.value => {
                found.extend(self.addresses.iter().map(|(p, _)| super::Match::from(p.contains(source.address))));
            }
            None => {}
        }
        found
    }

    /// The matchers by which it looks at who sends: those of ordered rules, and of the rule for the cloud.
    pub(crate) fn matchers(&self) -> impl Iterator<Item = &super::Matcher> {
        let ordered = self.ordered.iter().flat_map(|o| &o.rules).map(|r| &r.from);
        ordered.chain(self.cloud.iter().map(|rule| &rule.addresses))
    }

    /// Whether the rule for the cloud admits a caller that shows its public address, from one of the cloud's networks or
    /// from outside, where an address may be the cloud's all the same.
    pub(crate) fn admits_cloud(&self, source: super::Party<'_>, from_cloud: bool) -> super::Match {
        match &self.cloud {
            Some(_) if from_cloud => super::Match::Yes,
            Some(rule) => rule.addresses.matches(source),
            None => super::Match::No,
        }
    }

    /// The admitted addresses as a set.
    #[must_use]
    pub fn address_set(&self) -> AddressSet {
        self.addresses.iter().map(|(p, _)| *p).collect()
    }
}

/// A private endpoint.
#[derive(Debug, Clone)]
pub struct PrivateEndpoint {
    /// Whether it belongs to a managed network.
    pub managed: bool,
    /// Whether filters of its segment act on it (PE-27).
    pub filtered: bool,
    /// Whether that is the default of a setting that nobody made.
    pub filtering_undeclared: bool,
    /// State of its connection.
    pub connection: Connection,
    /// Where it leads.
    pub target: ConnectionTarget,
    /// Whether limited clients may use it (MVNET-08).
    pub limited_clients: Setting<bool>,
}

/// State of a private endpoint's connection.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Why it carries no traffic, if it does not.
    pub closed: Option<(Reason, String)>,
    /// Where the state was set.
    pub span: Option<Span>,
}

/// Where a private endpoint leads.
#[derive(Debug, Clone)]
pub enum ConnectionTarget {
    /// To doors of a service: each address with the doors it serves.
    Doors(Vec<(IpAddr, Vec<Id<Door>>)>),
    /// To a frontend of a proxy, entering from this address.
    Proxy {
        /// The proxy.
        proxy: Id<Proxy>,
        /// Index of the frontend.
        frontend: usize,
        /// What sends there what comes through; any of them (HUB-A10).
        sources: Vec<Id<super::Endpoint>>,
        /// Declaration of the private-link configuration.
        origin: Origin,
    },
    /// To a balancer's frontend through a private link service, from an address of the provider's (PLS-03).
    Service {
        /// What sends at the provider; any of them.
        nat: Vec<Id<super::Endpoint>>,
        /// The frontend.
        frontend: IpAddr,
        /// Declaration of the private link service.
        origin: Origin,
        /// Why every connection fails, if it does (PLS-07).
        broken: Option<String>,
    },
    /// To something declared that cannot be reached this way, which the state explains.
    Nothing,
}
