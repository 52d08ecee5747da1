//! Which sources, and which columns, no rule can tell apart.
//!
//! The ends of every prefix that any rule, route or network names cut the line of addresses into atoms. Two plain
//! machines of one segment, in one atom, with the same filter, are treated alike by every rule; so are the columns of
//! two such machines. Whatever is special (a device, a member of a pool, an owner of several addresses) is alone in its
//! class.

use super::{
    Column, Landing, Sender, Source,
    model::{Fast, Model},
};
use crate::{
    dataplane::{
        ConnectionTarget, Endpoint, Filter, FilterRule, Id, Listens, Matcher, Member, NextHop, Role, Route, Segment,
        TranslationTarget,
    },
    net::{AddressSet, Prefix, Transport, is_public},
};
use rustc_hash::FxHashSet;
use std::{net::IpAddr, sync::Arc};

/// Cuts of the lines of addresses of both families.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    v4: Vec<u64>,
    v6: Vec<u128>,
    /// Prefixes that were added: most are named many times.
    known_v4: FxHashSet<u64>,
    known_v6: FxHashSet<Prefix>,
    /// The last long sets that were added: rules name the networks around them again and again.
    last: [Vec<Prefix>; 4],
}

impl Cuts {
    pub(super) fn add(&mut self, prefix: Prefix) {
        match (prefix.network(), prefix.last()) {
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                let first = u64::from(u32::from(first));
                if self.known_v4.insert(first << 8 | u64::from(prefix.length())) {
                    self.v4.extend([first, u64::from(u32::from(last)) + 1]);
                }
            }
            (IpAddr::V6(first), IpAddr::V6(last)) if self.known_v6.insert(prefix) => {
                self.v6.extend([u128::from(first), u128::from(last).saturating_add(1)]);
            }
            _ => {}
        }
    }

    fn add_set(&mut self, set: &AddressSet) {
        let prefixes = set.prefixes();
        if prefixes.len() > 2 {
            if self.last.iter().any(|known| known == prefixes) {
                return;
            }
            self.last.rotate_right(1);
            if let Some(first) = self.last.first_mut() {
                first.clear();
                first.extend(prefixes);
            }
        }
        prefixes.iter().for_each(|p| self.add(*p));
    }

    pub(super) fn settle(&mut self) {
        self.known_v4 = FxHashSet::default();
        self.known_v6 = FxHashSet::default();
        self.last = Default::default();
        self.v4.sort_unstable();
        self.v4.dedup();
        self.v6.sort_unstable();
        self.v6.dedup();
    }

    /// The atom of an address.
    pub(super) fn atom(&self, address: IpAddr) -> usize {
        match address {
            IpAddr::V4(v4) => {
                let at = u64::from(u32::from(v4));
                self.v4.partition_point(|c| *c <= at)
            }
            IpAddr::V6(v6) => {
                let at = u128::from(v6);
                self.v4.len() + 1 + self.v6.partition_point(|c| *c <= at)
            }
        }
    }
}

/// Everything of the plane that could tell two addresses apart.
pub(super) struct Marks<'p> {
    pub(super) cuts: Cuts,
    /// Endpoints that play a part of their own on paths.
    pub(super) special: FxHashSet<Id<Endpoint>>,
    filters: Filters<'p>,
}

/// Filters by content.
#[derive(Default)]
struct Filters<'p> {
    known: Fast<(&'p str, usize), Vec<(&'p Filter, u32)>>,
    /// The same by the place of the filter, which spares comparing it again.
    placed: Fast<usize, u32>,
    count: u32,
}

impl<'p> Filters<'p> {
    fn id(&mut self, filter: Option<&'p Filter>) -> u32 {
        let Some(filter) = filter else { return 0 };
        let place = std::ptr::from_ref(filter).addr();
        if let Some(id) = self.placed.get(&place) {
            return *id;
        }
        let id = self.by_content(filter);
        self.placed.insert(place, id);
        id
    }

    fn by_content(&mut self, filter: &'p Filter) -> u32 {
        let alike = self.known.entry((filter.origin.name.as_str(), filter.rules.len())).or_default();
        if let Some((_, id)) = alike.iter().find(|(known, _)| **known == *filter) {
            return *id;
        }
        self.count += 1;
        alike.push((filter, self.count));
        self.count
    }
}

impl<'p> Marks<'p> {
    /// The class of a filter, if it is known by its place.
    pub(super) fn filter(&self, filter: &Filter) -> Option<u32> {
        self.filters.placed.get(&std::ptr::from_ref(filter).addr()).copied()
    }

    pub(super) fn new(model: &Model<'p>) -> Self {
        let plane = model.plane;
        let mut cuts = Cuts::default();
        let mut special = FxHashSet::default();
        let mut notable: Vec<IpAddr> = model.shared_addresses().collect();
        for (_, network) in plane.networks.iter() {
            network.prefixes.iter().for_each(|p| cuts.add(*p));
            network.border.iter().for_each(|f| filter(&mut cuts, f));
        }
        // Tables that segments share are looked at once.
        let mut tables: FxHashSet<usize> = FxHashSet::default();
        for (_, segment) in plane.segments.iter() {
            segment.prefixes.iter().for_each(|p| cuts.add(*p));
            segment.filter.iter().chain(&segment.admin).for_each(|f| filter(&mut cuts, f));
            for routes in [&segment.routes, &segment.absent_routes, &segment.replaced_routes] {
                if tables.insert(Arc::as_ptr(routes).addr()) {
                    routes.iter().for_each(|r| route(&mut cuts, &mut notable, r));
                }
            }
        }
        for (id, endpoint) in plane.endpoints.iter() {
            endpoint.filter.iter().for_each(|f| filter(&mut cuts, f));
            match &endpoint.role {
                Role::Host(host) => host.forwarding.filter.iter().for_each(|f| filter(&mut cuts, f)),
                Role::Firewall(firewall) => {
                    filter(&mut cuts, &firewall.filter);
                    firewall.threats.iter().for_each(|f| filter(&mut cuts, f));
                    firewall.keeps_source.prefixes().iter().for_each(|p| cuts.add(*p));
                    for rule in &firewall.translations {
                        matcher(&mut cuts, &rule.from);
                        rule.to.prefixes().iter().for_each(|p| cuts.add(*p));
                        if let TranslationTarget::Address(address) = rule.target {
                            notable.push(address);
                        }
                    }
                }
                Role::Balancer(balancer) => {
                    special.extend(balancer.rules.iter().flat_map(|r| r.members.iter().copied()))
                }
                Role::Gateway(gateway) => gateway.tunnels.iter().for_each(|r| route(&mut cuts, &mut notable, r)),
                Role::PrivateEndpoint(private) => match &private.target {
                    ConnectionTarget::Service { nat, frontend, .. } => {
                        special.extend(nat.iter().copied());
                        notable.push(*frontend);
                    }
                    ConnectionTarget::Proxy { sources, .. } => special.extend(sources.iter().copied()),
                    ConnectionTarget::Doors(_) | ConnectionTarget::Nothing => {}
                },
                _ => {}
            }
            let plain = matches!(&endpoint.role, Role::Host(h) if h.interfaces.is_empty() && !h.isolated)
                && endpoint.addresses.len() == 1
                && endpoint.public_addresses.is_empty()
                && endpoint.public_source.is_none()
                && endpoint.balanced_source.is_none()
                && endpoint.internal_pool.is_none()
                && endpoint.unsupported.is_empty()
                && endpoint.absence.is_none()
                && endpoint.dns.is_none()
                && endpoint.segment.is_some();
            if !plain {
                special.insert(id);
            }
        }
        for (_, proxy) in plane.proxies.iter() {
            special.extend(proxy.instance);
            let members = proxy.rules.iter().flat_map(|r| &r.backend.members);
            notable.extend(members.filter_map(|m| match m {
                Member::Address(address) => Some(*address),
                Member::Name(_) => None,
            }));
        }
        for (_, door) in plane.doors.iter() {
            door.gate.addresses.iter().for_each(|(p, _)| cuts.add(*p));
            door.gate.matchers().for_each(|m| matcher(&mut cuts, m));
            let perimeter = door.gate.perimeter.iter().flat_map(|p| p.addresses.prefixes());
            perimeter.for_each(|p| cuts.add(*p));
        }
        special.extend(notable.iter().flat_map(|a| model.owners(*a)).map(|(_, id)| *id));
        // What has an address of the model's choice that rules tell from others.
        special.extend(plane.allocations.iter().map(|(_, id)| id));
        cuts.settle();
        Self { cuts, special, filters: Filters::default() }
    }
}

fn filter(cuts: &mut Cuts, filter: &Filter) {
    for rule in &filter.rules {
        let FilterRule { from, to, .. } = rule;
        matcher(cuts, from);
        matcher(cuts, to);
    }
}

fn matcher(cuts: &mut Cuts, matcher: &Matcher) {
    let Matcher { addresses, tags: _, known_tags, internet: _, inside, assumed, written: _, literal, members: _ } =
        matcher;
    let sets = [addresses, inside, literal]
        .into_iter()
        .chain(known_tags.iter().map(|(_, s)| s))
        .chain(assumed.iter().map(|(s, _)| s));
    sets.for_each(|set| cuts.add_set(set));
}

fn route(cuts: &mut Cuts, notable: &mut Vec<IpAddr>, route: &Route) {
    cuts.add(route.prefix);
    hop(cuts, notable, &route.hop);
}

fn hop(cuts: &mut Cuts, notable: &mut Vec<IpAddr>, next: &NextHop) {
    match next {
        NextHop::Appliance(address) => notable.push(*address),
        NextHop::OneOf(routes) => routes.iter().for_each(|r| route(cuts, notable, r)),
        NextHop::Network { link: Some(link), .. } => {
            link.only.iter().flat_map(|o| &o.prefixes).for_each(|p| cuts.add(*p));
        }
        _ => {}
    }
}

/// What rules can know of a plain machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Plain<'p> {
    segment: Id<Segment>,
    filter: u32,
    atom: usize,
    serves: Option<Serves<'p>>,
}

/// What a machine does with flows for itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Serves<'p> {
    listens: Option<Vec<(Transport, &'p crate::net::PortSet)>>,
    running: bool,
    replies_unknown: bool,
    status: u16,
    authority: Option<&'p str>,
    transport: Transport,
    port: u16,
    named: bool,
}

/// A partition of numbered things into classes, each with its members in order.
#[derive(Debug, Clone, Default)]
pub struct Partition {
    of: Vec<u32>,
    starts: Vec<u32>,
    members: Vec<u32>,
}

impl Partition {
    /// Numbers classes in order of their first member.
    pub(super) fn new(of: Vec<u32>, classes: usize) -> Self {
        let mut starts = vec![0_u32; classes + 1];
        for class in &of {
            if let Some(count) = starts.get_mut(*class as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let mut members = vec![0_u32; of.len()];
        for (i, class) in of.iter().enumerate() {
            if let Some(at) = next.get_mut(*class as usize) {
                if let Some(slot) = members.get_mut(*at as usize) {
                    *slot = u32::try_from(i).unwrap_or(u32::MAX);
                }
                *at += 1;
            }
        }
        Self { of, starts, members }
    }

    /// Number of classes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The class of a thing.
    #[must_use]
    pub fn class(&self, thing: usize) -> Option<usize> {
        self.of.get(thing).map(|c| *c as usize)
    }

    /// The members of a class, in order.
    #[must_use]
    pub fn members(&self, class: usize) -> &[u32] {
        let bounds = self.starts.get(class).zip(self.starts.get(class + 1));
        bounds.and_then(|(a, b)| self.members.get(*a as usize..*b as usize)).unwrap_or(&[])
    }
}

/// Gives out class numbers in order of first appearance.
pub(super) struct Numbering<K> {
    known: Fast<K, u32>,
    of: Vec<u32>,
    next: u32,
}

impl<K: Eq + std::hash::Hash> Numbering<K> {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { known: Fast::default(), of: Vec::with_capacity(capacity), next: 0 }
    }

    pub(super) fn add(&mut self, key: Option<K>) {
        let Self { known, of, next } = self;
        let fresh = || {
            *next += 1;
            *next - 1
        };
        of.push(match key {
            Some(key) => *known.entry(key).or_insert_with(fresh),
            None => {
                let mut fresh = fresh;
                fresh()
            }
        });
    }

    pub(super) fn finish(self) -> Partition {
        Partition::new(self.of, self.next as usize)
    }
}

/// Classes of sources.
pub(super) fn of_sources<'p>(model: &Model<'p>, marks: &mut Marks<'p>, sources: &[Source]) -> Partition {
    let mut numbers = Numbering::with_capacity(sources.len());
    for source in sources {
        let Source { sender, outside, limited, absent, unsupported } = source;
        let simple = outside.is_none() && !limited && absent.is_none() && *unsupported == super::Findings::default();
        numbers.add(match sender {
            Sender::Endpoint(endpoint) if simple => plain(model, marks, *endpoint),
            _ => None,
        });
    }
    numbers.finish()
}

/// Classes of columns. A column that was asked for by name, or of a public address, is alone.
pub(super) fn of_columns<'p>(model: &Model<'p>, marks: &mut Marks<'p>, columns: &[Column]) -> Partition {
    let mut numbers = Numbering::with_capacity(columns.len());
    for column in columns {
        let Column { landing, transport, port, name, meant, before } = column;
        let Landing::At(address) = landing else {
            numbers.add(None);
            continue;
        };
        let owner = match model.owners(*address) {
            [(_, only)] => Some(*only),
            _ => None,
        };
        let simple = name.is_none() && *before == super::Findings::default() && !is_public(*address);
        let key = owner.filter(|o| simple && (meant.is_empty() || *meant == [*o])).and_then(|o| {
            let mut key = plain(model, marks, o)?;
            let Role::Host(host) = &model.endpoint(o).role else { return None };
            let listens = match &host.listens {
                Listens::Undeclared => None,
                Listens::Only(list) => Some(list.iter().map(|(t, p)| (*t, p)).collect()),
            };
            key.serves = Some(Serves {
                listens,
                running: host.running,
                replies_unknown: host.replies_unknown,
                status: host.http_status,
                authority: host.private_ca.as_deref(),
                transport: *transport,
                port: *port,
                named: !meant.is_empty(),
            });
            Some(key)
        });
        numbers.add(key);
    }
    numbers.finish()
}

fn plain<'p>(model: &Model<'p>, marks: &mut Marks<'p>, id: Id<Endpoint>) -> Option<Plain<'p>> {
    if marks.special.contains(&id) {
        return None;
    }
    let endpoint = model.endpoint(id);
    let address = endpoint.addresses.first().filter(|a| !is_public(**a))?;
    Some(Plain {
        segment: endpoint.segment?,
        filter: marks.filters.id(endpoint.filter.as_ref()),
        atom: marks.cuts.atom(*address),
        serves: None,
    })
}
