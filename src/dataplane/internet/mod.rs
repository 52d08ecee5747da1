//! Who asks from the internet where nobody is declared to: one address for each kind of public addresses that rules tell
//! apart.
//!
//! Every set of prefixes that something reads addresses by cuts the public addresses; those that are in the same sets are
//! treated alike by everything, so one of them stands for all. A rule that opens something to a range, or to two halves
//! that are everybody together, is so met by somebody whom it lets in.

mod kinds;

pub use kinds::kinds_of_internet;

use super::{
    Client, ClientKind, Direction, Directory, Endpoint, Filter, Id, Matcher, NotFound, Origin, Plane, RecordData,
    RecordSet, Resolver, Role, Tags, spread,
};
use crate::net::{Prefix, is_public};
use kinds::{Range, Reading, range};
use std::{collections::BTreeSet, net::IpAddr};

/// The kind of what is declared to be on the internet, and of what stands for others there.
const KIND: &str = "internet_client";

/// The name of whoever no rule names.
const ANYBODY: &str = "internet";

/// A region that no tag has: whoever is in a tag, and in none of its regional forms that rules name.
const ELSEWHERE: &str = "elsewhere";

/// The tag of the addresses of all of Azure, which holds most others (TAG-05).
const WHOLE: &str = "AzureCloud";

/// Tags of somebody in a service tag. Whether one is in the tag of all of Azure, too, nobody says.
fn tags_in(tag: &str) -> Tags {
    let (name, region) = tag.split_once('.').unwrap_or((tag, ELSEWHERE));
    let perhaps = if name.eq_ignore_ascii_case(WHOLE) { Vec::new() } else { vec![WHOLE.to_owned()] };
    // A tag may have dots of its own, as AzureFrontDoor.Backend.
    let names = if region == ELSEWHERE { vec![name.to_owned()] } else { vec![name.to_owned(), tag.to_owned()] };
    Tags { names, perhaps, region: Some(region.to_owned()), complete: true }
}

/// Kinds of addresses that are asked as; how many there are beyond is told ([`Internet::left_out`]).
const MOST: usize = 512;

/// All IPv4 addresses.
const EVERYBODY: &str = "0.0.0.0/0";

/// IPv6 addresses of the internet.
const GLOBAL: &str = "2000::/3";

/// Public addresses that nothing tells apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// What stands for them is called so: `internet`, `internet:PREFIX`, `internet:TAG`, or `internet:TAG:PREFIX`.
    pub name: String,
    /// One of them.
    pub address: IpAddr,
    /// The service tag that holds them, of those that rules name.
    pub tag: Option<String>,
    /// Who asks first where there are too many: 0 for everybody whom no rule names, 1 for service tags, 2 for ranges, 3 for
    /// what of service tags lies in ranges.
    pub rank: u8,
    /// Declared clients on the internet that are of this kind, by name and address.
    pub declared: BTreeSet<(String, IpAddr)>,
}

/// Clients that stand for the internet.
#[derive(Debug, Clone, Default)]
pub struct Internet {
    clients: Directory<Client>,
    /// Names of those who ask without being told to: no declared client is of their kind.
    asking: BTreeSet<String>,
    /// The kinds of public addresses that are told apart.
    pub kinds: Vec<Kind>,
    /// Number of kinds that nobody stands for, because there are too many.
    pub left_out: usize,
}

impl Internet {
    /// The client of a name, if it stands for somebody.
    ///
    /// # Errors
    /// If there is none.
    pub fn get(&self, name: &str) -> Result<&Client, NotFound> {
        self.clients.get(name)
    }

    /// Whoever asks beside declared clients, in order of name.
    pub fn asking(&self) -> impl Iterator<Item = &Client> {
        self.clients.iter().filter(|(o, _)| self.asking.contains(&o.name)).map(|(_, c)| c)
    }
}

impl Plane {
    /// Lets one client of each of these kinds stand for the internet, in place of whoever did before. Those of whose kind
    /// a client is declared can be asked as, and do not ask by themselves.
    pub fn ask_from_internet(&mut self, kinds: &[Kind]) {
        let all = self.public_owners.iter().filter(|(_, id)| self.stands_in(**id));
        let stood: Vec<IpAddr> = all.map(|(address, _)| *address).collect();
        for address in stood {
            self.public_owners.remove(&address);
        }
        self.internet = Internet { kinds: kinds.to_vec(), ..Internet::default() };
        let mut asking: Vec<&Kind> = kinds.iter().filter(|k| k.declared.is_empty()).collect();
        // The widest first, so that the limit cuts off the narrowest.
        asking.sort_by_key(|k| (k.rank, &k.name));
        self.internet.left_out = asking.len().saturating_sub(MOST);
        asking.truncate(MOST);
        self.internet.asking = asking.into_iter().map(|k| k.name.clone()).collect();
        for kind in kinds {
            if !kind.declared.is_empty() || self.internet.asking.contains(&kind.name) {
                self.add_stand_in(&kind.name, kind.address, kind.tag.as_deref());
            }
        }
    }

    /// Makes an address or range of the internet a client if it is written as one and is not yet: `203.0.113.9`,
    /// `internet:203.0.113.0/24`. Tells whether a client has that name now.
    pub fn admit(&mut self, name: &str) -> bool {
        if self.clients.get(name).is_ok() || self.internet.get(name).is_ok() {
            return true;
        }
        let rest = name.strip_prefix(ANYBODY).map(|rest| rest.strip_prefix(':').unwrap_or(rest));
        let written = match rest {
            Some("") => EVERYBODY,
            Some("ipv6") => GLOBAL,
            Some(range) => range,
            None => name,
        };
        let found = match (written.parse::<IpAddr>(), written.parse::<Prefix>()) {
            (Ok(address), _) => Some(address).filter(|a| is_public(*a)),
            (_, Ok(prefix)) => self.somebody_in(prefix),
            _ => None,
        };
        let Some(address) = found else { return false };
        match self.public_owner(address) {
            None => self.add_stand_in(name, address, None),
            Some(owner) if self.is_on_internet(owner) => {
                let same = |c: &&Client| c.kind == ClientKind::Endpoint(owner);
                let declared = self.clients.iter().map(|(_, c)| c).find(same);
                let known = declared.or_else(|| self.internet.clients.iter().map(|(_, c)| c).find(same)).cloned();
                let Some(client) = known else { return false };
                self.internet.clients.insert(&Origin { name: name.to_owned(), ..client.origin.clone() }, client);
            }
            Some(_) => return false,
        }
        true
    }

    /// An address of a range that is as widely meant as the range is: not of a smaller one that something names.
    fn somebody_in(&self, prefix: Prefix) -> Option<IpAddr> {
        let planes = [self];
        let reading = Reading::new(&planes, []);
        let v6 = prefix.network().is_ipv6();
        let (first, last) = range(prefix);
        let within = |kind: Vec<Range>| -> Vec<Range> {
            let cut = kind.into_iter().map(|(f, l)| (f.max(first), l.min(last)));
            cut.filter(|(f, l)| f <= l).collect()
        };
        let parts = reading.kinds(v6).into_iter().map(within).filter(|k| !k.is_empty());
        let found = parts.filter_map(|kind| reading.one_of(&kind, v6));
        found.min_by_key(|a| reading.innermost(*a).map_or(0, Prefix::length))
    }

    /// Takes away whoever stands for the internet at an address, which somebody asks for.
    pub fn vacate(&mut self, address: IpAddr) {
        if self.public_owner(address).is_some_and(|id| self.stands_in(id)) {
            self.public_owners.remove(&address);
        }
    }

    /// Whether something is declared to have a public address; who stands for others on the internet is not.
    #[must_use]
    pub fn is_declared(&self, address: IpAddr) -> bool {
        self.public_owner(address).is_some_and(|id| !self.stands_in(id))
    }

    /// Whether something stands for others on the internet.
    fn stands_in(&self, id: Id<Endpoint>) -> bool {
        let end = self.endpoints.get(id);
        end.origin.kind == KIND && end.origin.span.is_none()
    }

    /// Whether something is a client on the internet.
    pub(crate) fn is_on_internet(&self, id: Id<Endpoint>) -> bool {
        self.endpoints.get(id).origin.kind == KIND
    }

    /// Public addresses from which the estate itself sends: nobody else on the internet has them.
    fn own_sources(&self) -> impl Iterator<Item = IpAddr> {
        let sites = self.networks.iter().filter_map(|(_, n)| n.breakout.as_ref()).map(|b| b.address);
        let nat = self.segments.iter().filter_map(|(_, s)| s.nat.as_ref()).flat_map(|n| n.addresses.iter().copied());
        let own = self.endpoints.iter().flat_map(|(_, e)| e.public_source.into_iter().chain(e.balanced_source));
        sites.chain(nat).chain(own)
    }

    /// Addresses that names lead to.
    fn addresses_of_names(&self) -> impl Iterator<Item = IpAddr> {
        let mut sets: Vec<&RecordSet> = vec![&self.dns.public];
        sets.extend(self.dns.views.iter().map(|(_, v)| &v.overrides));
        sets.extend(self.dns.servers.iter().flat_map(|(_, s)| s.zones.iter().map(|(_, r)| r)));
        sets.extend(self.dns.zones.iter().map(|(_, z)| &z.records));
        let all = sets.into_iter().flat_map(|set| set.iter());
        all.filter_map(|(_, record)| match &record.data {
            RecordData::Addresses(all) => Some(all),
            RecordData::Alias(_) => None,
        })
        .flatten()
        .copied()
    }

    /// Gives every set of prefixes by which something looks at who sends from the internet, or sends back there.
    fn looks_at_senders(&self, give: &mut dyn FnMut(&[Prefix])) {
        self.rules_on_senders(&mut |matcher| spread::matcher(matcher, give));
        for (_, segment) in self.segments.iter() {
            segment.routes.iter().for_each(|r| spread::route(r, give));
        }
        for (_, endpoint) in self.endpoints.iter() {
            match &endpoint.role {
                // What forgets connections looks at replies, too.
                Role::Host(host) => host.forwarding.filter.iter().for_each(|f| spread::filter(f, give)),
                Role::Gateway(gateway) => gateway.tunnels.iter().for_each(|r| spread::route(r, give)),
                Role::Firewall(firewall) => give(firewall.keeps_source.prefixes()),
                _ => {}
            }
        }
        for (_, door) in self.doors.iter() {
            // All that a service admits by address it treats alike.
            give(&door.gate.addresses.iter().map(|(p, _)| *p).collect::<Vec<_>>());
            door.gate.perimeter.iter().for_each(|p| give(p.addresses.prefixes()));
        }
    }

    /// Gives every matcher of a rule, in a list of rules, that looks at who sends from the internet.
    fn rules_on_senders(&self, give: &mut dyn FnMut(&Matcher)) {
        let mut inward = |filter: &Filter| {
            filter.rules.iter().filter(|r| r.direction != Some(Direction::Outbound)).for_each(|r| give(&r.from));
        };
        for (_, network) in self.networks.iter() {
            network.border.iter().for_each(&mut inward);
        }
        for (_, segment) in self.segments.iter() {
            segment.filter.iter().chain(&segment.admin).for_each(&mut inward);
        }
        for (_, endpoint) in self.endpoints.iter() {
            endpoint.filter.iter().for_each(&mut inward);
            match &endpoint.role {
                Role::Host(host) => host.forwarding.filter.iter().for_each(|f| inward(f)),
                Role::Firewall(firewall) => {
                    inward(&firewall.filter);
                    firewall.threats.iter().for_each(&mut inward);
                }
                _ => {}
            }
        }
        for (_, endpoint) in self.endpoints.iter() {
            if let Role::Firewall(firewall) = &endpoint.role {
                firewall.translations.iter().for_each(|t| give(&t.from));
            }
        }
        for (_, door) in self.doors.iter() {
            door.gate.matchers().for_each(&mut *give);
        }
    }

    fn add_stand_in(&mut self, name: &str, address: IpAddr, tag: Option<&str>) {
        let origin = Origin::new(KIND, name, None);
        let mut end = Endpoint::on_internet(origin.clone(), address);
        end.tags = tag.map_or(end.tags, tags_in);
        let id = self.add_endpoint(end);
        let client = Client {
            origin: origin.clone(),
            kind: ClientKind::Endpoint(id),
            resolver: Resolver::Public,
            absence: None,
            outside: None,
            limited: false,
            unsupported: Vec::new(),
        };
        self.internet.clients.insert(&origin, client);
    }
}
