//! Out of a network, and in from the internet.

use super::{
    Probe,
    walk::{End, LetOut, Passage},
};
use crate::{
    dataplane::{
        Egress, EgressMatch, EgressRule, Endpoint, Id, Match, Matcher, Network, NextHop, Reach, Role, Segment,
    },
    net::{Transport, UNDECLARED_SOURCE, is_public},
    verdict::Reason,
};
use std::net::IpAddr;

impl<'p> Probe<'_, 'p> {
    /// Out to the internet by a segment's route (NAT-01, OUT-02).
    pub(super) fn leave(&self, way: &mut Passage<'_>, here: &'p Endpoint, segment: &'p Segment) -> Option<End> {
        if !is_public(way.destination) {
            return way.lost(Reason::NoRoute);
        }
        let network = self.model.network(segment.network);
        self.border(way, network.border.as_ref());
        if let Some(egress) = &network.egress {
            self.let_out(way, network, egress);
        }
        match self.outside_address(way, here, segment, network) {
            Some(address) => way.source = address,
            None => way.notes().block(Reason::NoEgress),
        }
        self.arrive_over_internet(way)
    }

    /// The address a packet has outside, by the first method there is (NAT-01, NAT-05, A-11).
    fn outside_address(
        &self,
        way: &Passage<'_>,
        here: &Endpoint,
        segment: &Segment,
        network: &Network,
    ) -> Option<IpAddr> {
        if let Some(site) = &network.breakout {
            return Some(site.address);
        }
        if !here.addresses.contains(&way.source) {
            return None;
        }
        if way.source.is_ipv6() {
            return [here.public_source, here.balanced_source].into_iter().flatten().find(IpAddr::is_ipv6);
        }
        let portless = way.transport == Transport::Icmp;
        if let Some(nat) = &segment.nat {
            return if portless { None } else { self.any_of(way, &nat.addresses) };
        }
        if matches!(here.role, Role::Firewall(_)) && !here.public_addresses.is_empty() {
            return self.any_of(way, &here.public_addresses);
        }
        let own = here.public_source.or(here.balanced_source);
        let own = own.or(matches!(here.role, Role::Firewall(_)).then_some(UNDECLARED_SOURCE));
        if own.is_some() {
            return own;
        }
        if segment.default_outbound.0 && here.internal_pool.is_some() {
            return None;
        }
        if segment.default_outbound.0 {
            return (!portless).then_some(UNDECLARED_SOURCE);
        }
        let to = self.model.plane.public_owner(way.destination).map(|id| &self.model.endpoint(id).tags);
        let neighbour = to.is_some_and(|t| {
            t.names.iter().any(|n| n == "Storage") && t.region.is_some() && t.region == network.region
        });
        neighbour.then_some(UNDECLARED_SOURCE)
    }

    /// Any of the addresses that a device sends from, once for each group that the destination treats alike (PAAS-06).
    fn any_of(&self, way: &Passage<'_>, addresses: &[IpAddr]) -> Option<IpAddr> {
        let kept = self.model.plane.told_apart(way.destination, addresses);
        kept.get(self.choices.take(kept.len())).copied()
    }

    /// Forced tunnelling: out by a site's own way (ROUTE-20, ER-03).
    pub(super) fn out_by_site(&self, way: &mut Passage<'_>, site: Id<Network>) -> Option<End> {
        let Some(breakout) = &self.model.network(site).breakout else {
            // What somebody outside has, the site has no way to.
            let outside = self.model.plane.public_owner(way.destination).is_some();
            return if outside { way.lost(Reason::NoEgress) } else { self.hand_over(way, site) };
        };
        let inside = self.model.plane.segments.iter().map(|(_, s)| s).find(|s| s.network == site);
        let back = inside.and_then(|s| self.model.best(&s.routes, way.source)).map(|r| &r.hop);
        let own = self.model.plane.network_of(way.sender) == Some(site);
        let returns = match back {
            None | Some(NextHop::Internet | NextHop::Drop(_)) => false,
            Some(NextHop::Network { network, .. }) => own && *network == site,
            Some(_) => true,
        };
        if !returns {
            way.is_late = true;
            way.notes().block(Reason::NoRoute);
        }
        // Devices before the site see the replies, too.
        let plane = self.model.plane;
        match plane.endpoints.iter().find(|(id, _)| plane.network_of(*id) == Some(site)) {
            Some((id, _)) => way.end_leg(id),
            None => way.devices.clear(),
        }
        way.source = breakout.address;
        way.left_by_site = true;
        self.arrive_over_internet(way)
    }

    /// Whether a segment reaches a public service with its own identity (SE-01, SE-02, SE-06); undecided where nothing
    /// says which region is paired with its own.
    pub(super) fn served_by_endpoint(&self, segment: &Segment, to: IpAddr) -> Match {
        if segment.service_endpoints.is_empty() || !is_public(to) {
            return Match::No;
        }
        let party = self.model.party(to);
        let there = party.tags.and_then(|t| t.region.as_ref());
        let here = self.model.network(segment.network).region.as_ref();
        let other_region = matches!((there, here), (Some(a), Some(b)) if a != b);
        let answers = segment.service_endpoints.iter().map(|service| {
            let tag = Matcher { tags: vec![service.tag.clone()], ..Matcher::default() };
            if tag.matches(party) != Match::Yes {
                return Match::No;
            }
            match service.reach {
                Reach::Own => (!other_region).into(),
                Reach::Paired(pair) => (!other_region || there.is_some_and(|t| t == pair)).into(),
                Reach::PairUnknown if other_region => Match::Undecided,
                Reach::PairUnknown | Reach::Any => Match::Yes,
            }
        });
        answers.into_iter().find(|m| *m != Match::No).unwrap_or(Match::No)
    }

    /// To whoever owns a public address; the platform translates to the private one behind it (NSG-06).
    pub(super) fn arrive_over_internet(&self, way: &mut Passage<'_>) -> Option<End> {
        way.over_internet = true;
        let Some(id) = self.model.plane.public_owner(way.destination) else {
            if !is_public(way.destination) {
                return way.lost(Reason::NoRoute);
            }
            way.notes().unknown(Reason::NoHost);
            return Some(End::Lost);
        };
        let owner = self.model.endpoint(id);
        let behind = owner.segment.and_then(|_| owner.addresses.first().copied());
        match (&owner.role, behind) {
            (Role::Frontend { proxy, frontend }, behind) => {
                let front = self.model.plane.proxies.get(*proxy).frontends.get(*frontend);
                if let Some(private) = behind {
                    way.destination = front.map_or(private, |f| f.address);
                }
                Some(End::Reached(id))
            }
            (Role::Firewall(_), _) | (_, None) => self.deliver(way, id),
            (role, Some(private)) => {
                way.destination = private;
                if matches!(role, Role::Host(_)) && !owner.open_public {
                    self.closed_unless_grouped(way, id);
                }
                self.deliver(way, id)
            }
        }
    }

    /// Outbound rules of a managed network: denies in force, then allows in force (OUT-02, ISO-02, ISO-03).
    fn let_out(&self, way: &mut Passage<'_>, network: &Network, egress: &Egress) {
        way.let_out = Some(LetOut::Freely);
        if egress.open {
            return;
        }
        let verdict = |rule: &EgressRule| self.covers(way, rule);
        let in_force = |allow: bool| egress.rules.iter().filter(move |r| r.allow == allow && r.inactive.is_none());
        let lost = |rule: &EgressRule| rule.void_for(way.name);
        let mut unsure = false;
        let mut void = None;
        for rule in in_force(false) {
            match verdict(rule) {
                Match::No => {}
                Match::Undecided => unsure = true,
                Match::Yes if lost(rule).is_some() => void = void.or(lost(rule)),
                Match::Yes => return way.notes().block(Reason::Egress),
            }
        }
        let mut passed = None;
        let denied_perhaps = unsure;
        for rule in in_force(true) {
            match verdict(rule) {
                Match::No => {}
                Match::Undecided => unsure = true,
                Match::Yes if lost(rule).is_some() => void = void.or(lost(rule)),
                Match::Yes => {
                    passed = Some(rule);
                    break;
                }
            }
        }
        if let Some(rule) = passed.filter(|_| !denied_perhaps) {
            way.let_out = Some(match rule.matches {
                EgressMatch::Name(..) => LetOut::ByName,
                EgressMatch::Address { .. } => LetOut::ByAddress,
            });
            return;
        }
        if unsure {
            return way.notes().unknown(Reason::Tag);
        }
        let view = network.view.map(|v| self.model.plane.dns.views.get(v));
        let dormant = way.name.zip(view).and_then(|(n, v)| v.dormant.get(n)).map(|(reason, _)| *reason);
        let reason = void.or(dormant).unwrap_or(Reason::Egress);
        way.notes().block(reason);
    }

    /// Denies of a managed network that hold its own addresses close its private endpoints (OUT-02, HUB-TAG-06).
    pub(super) fn kept_in(&self, way: &mut Passage<'_>, network: &Network) {
        let rules = network.egress.iter().flat_map(|e| &e.rules).filter(|r| !r.allow && r.inactive.is_none());
        if rules.into_iter().any(|rule| self.covers(way, rule) == Match::Yes) {
            way.notes().block(Reason::Egress);
        }
    }

    fn covers(&self, way: &Passage<'_>, rule: &EgressRule) -> Match {
        match &rule.matches {
            EgressMatch::Address { to, protocol, ports } => {
                if protocol.matches(way.transport) && ports.contains(way.port) {
                    to.matches(self.model.party(way.destination))
                } else {
                    Match::No
                }
            }
            EgressMatch::Name(pattern, ports) => {
                let web = way.transport == Transport::Tcp && ports.contains(way.port);
                (web && way.name.is_some_and(|n| pattern.matches(n))).into()
            }
        }
    }
}
