//! Which rules of an ordered filter decide what another rule matches: the classic analyses of shadowed and redundant
//! rules, and of what a filter does to a whole class of traffic.
//!
//! A rule matches a product of sets. Each set is cut where a rule before it begins or ends; on the pieces no rule before
//! it changes its mind, so that one point stands for each. Service tags are points of their own: only a rule for the
//! same tag, or for everything, is known to match them.

use crate::{
    dataplane::{Action, FilterRule, Matcher, Names},
    net::{AddressSet, FqdnPattern, NOT_PUBLIC, PLATFORM_ADDRESS, PortSet, Prefix, Protocol, Transport, is_public},
};
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    ops::ControlFlow,
};

/// Pieces of one rule beyond which it is not analysed.
const MAX_PIECES: usize = 60_000;

/// A piece of a set of addresses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Address(IpAddr),
    Tag(String),
    Internet,
}

/// A rule cut into pieces: each is a combination of one element of every list.
struct Cut<'r> {
    from: Vec<Piece>,
    to: Vec<Piece>,
    ports: Vec<u16>,
    sources: Vec<u16>,
    protocols: Vec<Option<Protocol>>,
    names: Vec<Option<&'r FqdnPattern>>,
}

impl<'r> Cut<'r> {
    /// Cut where a rule before it begins or ends. Nothing if it matches nothing, or has too many pieces.
    fn new(rule: &'r FilterRule, before: &[&FilterRule]) -> Option<Self> {
        let cut = Self {
            from: pieces(&rule.from, before.iter().map(|b| &b.from)),
            to: pieces(&rule.to, before.iter().map(|b| &b.to)),
            ports: port_pieces(&rule.ports, before.iter().map(|b| &b.ports)),
            sources: port_pieces(&rule.source_ports, before.iter().map(|b| &b.source_ports)),
            protocols: match rule.protocol {
                // What is neither TCP, UDP nor ICMP is matched by rules for everything.
                Protocol::Any => {
                    let known = [Transport::Tcp, Transport::Udp, Transport::Icmp].map(|t| Some(Protocol::Only(t)));
                    known.into_iter().chain([None]).collect()
                }
                one => vec![Some(one)],
            },
            names: match &rule.names {
                Names::Ignored => vec![None],
                Names::Application(patterns) => patterns.iter().map(Some).collect(),
                Names::Resolved(_) => return None,
            },
        };
        let lists = [cut.from.len(), cut.to.len(), cut.ports.len(), cut.sources.len(), cut.protocols.len()];
        let total = lists.iter().try_fold(cut.names.len(), |total, n| total.checked_mul(*n))?;
        (1..=MAX_PIECES).contains(&total).then_some(cut)
    }

    /// A few of the pieces there are, whatever comes before: most rules are told to be covered by nothing by them.
    fn corners(rule: &'r FilterRule) -> Option<Self> {
        let mut cut = Self::new(rule, &[])?;
        cut.from = ends(cut.from);
        cut.to = ends(cut.to);
        cut.ports.truncate(1);
        cut.sources.truncate(1);
        cut.names.truncate(1);
        Some(cut)
    }

    /// Hands the first rule that decides each piece to `found`, until it breaks.
    fn decide<'b>(
        &self,
        before: &[&'b FilterRule],
        found: &mut dyn FnMut(Option<&'b FilterRule>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for protocol in &self.protocols {
            let icmp = *protocol == Some(Protocol::Only(Transport::Icmp));
            let carriers = only(before, |b| b.protocol == Protocol::Any || Some(b.protocol) == *protocol);
            for a in &self.from {
                let senders = only(&carriers, |b| holds(&b.from, a));
                for b in &self.to {
                    let both = only(&senders, |r| holds(&r.to, b));
                    for name in &self.names {
                        let named = only(&both, |r| names_match(&r.names, *name));
                        for port in &self.ports {
                            for source in &self.sources {
                                // ICMP has no ports.
                                found(
                                    named
                                        .iter()
                                        .copied()
                                        .find(|r| icmp || r.ports.contains(*port) && r.source_ports.contains(*source)),
                                )?;
                            }
                        }
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }
}

fn only<'b>(rules: &[&'b FilterRule], wanted: impl Fn(&FilterRule) -> bool) -> Vec<&'b FilterRule> {
    rules.iter().copied().filter(|r| wanted(r)).collect()
}

/// The first and the last.
fn ends(mut pieces: Vec<Piece>) -> Vec<Piece> {
    let last = pieces.pop();
    pieces.truncate(1);
    pieces.extend(last);
    pieces
}

/// Rules before it that see the same direction.
fn relevant<'b>(rule: &FilterRule, before: &[&'b FilterRule]) -> Vec<&'b FilterRule> {
    only(before, |b| b.direction.is_none() || rule.direction.is_none() || b.direction == rule.direction)
}

/// The first rule that decides each piece of what `rule` matches; `None` for pieces that no rule decides. Nothing at all
/// if the rule matches nothing, or has too many pieces.
pub(super) fn deciders<'r>(rule: &FilterRule, before: &[&'r FilterRule]) -> Option<Vec<Option<&'r FilterRule>>> {
    let before = relevant(rule, before);
    let mut found = Vec::new();
    let _ = Cut::new(rule, &before)?.decide(&before, &mut |decider| {
        found.push(decider);
        ControlFlow::Continue(())
    });
    Some(found)
}

/// Rules that together decide everything `rule` matches, in order, if they do.
pub(super) fn cover<'r>(rule: &FilterRule, before: &[&'r FilterRule]) -> Option<Vec<&'r FilterRule>> {
    let before = relevant(rule, before);
    let undecided = |decider: Option<&FilterRule>| match decider {
        Some(_) => ControlFlow::Continue(()),
        None => ControlFlow::Break(()),
    };
    if Cut::corners(rule)?.decide(&before, &mut |d| undecided(d)).is_break() {
        return None;
    }
    let mut found: BTreeSet<*const FilterRule> = BTreeSet::new();
    let all = Cut::new(rule, &before)?.decide(&before, &mut |decider| {
        found.extend(decider.map(std::ptr::from_ref));
        undecided(decider)
    });
    all.is_continue().then(|| only(&before, |b| found.contains(&std::ptr::from_ref(b))))
}

/// Whether a filter lets through all of what `rule` matches, none of it, or some (nothing matched means denied).
pub(super) fn fate(rule: &FilterRule, filter: &[&FilterRule]) -> Option<Fate> {
    let filter = relevant(rule, filter);
    let (mut passed, mut denied) = (false, false);
    let _ = Cut::new(rule, &filter)?.decide(&filter, &mut |decider| {
        let passes = decider.is_some_and(|r| r.action != Action::Deny);
        (passed, denied) = (passed || passes, denied || !passes);
        if passed && denied { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    Some(match (passed, denied) {
        (true, true) => Fate::Mixed,
        (true, false) => Fate::Allowed,
        (false, _) => Fate::Denied,
    })
}

/// What a filter does to a class of traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// All of it passes.
    Allowed,
    /// None of it passes.
    Denied,
    /// Some of it passes.
    Mixed,
}

fn names_match(names: &Names, wanted: Option<&FqdnPattern>) -> bool {
    match (names, wanted) {
        (Names::Ignored, _) => true,
        (Names::Application(patterns), Some(wanted)) => patterns.iter().any(|p| match (p, wanted) {
            (FqdnPattern::Any, _) => true,
            (p, FqdnPattern::Exact(name)) => p.matches(name),
            (FqdnPattern::Below(outer), FqdnPattern::Below(inner)) => inner.is_under(outer),
            _ => false,
        }),
        (Names::Application(_) | Names::Resolved(_), _) => false,
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(a) => u32::from(a).into(),
        IpAddr::V6(a) => a.into(),
    }
}

fn address(like: IpAddr, number: u128) -> IpAddr {
    match like {
        IpAddr::V4(_) => Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX)).into(),
        IpAddr::V6(_) => Ipv6Addr::from(number).into(),
    }
}

/// Every prefix of a matcher.
fn prefixes(matcher: &Matcher) -> impl Iterator<Item = &Prefix> {
    let sets = matcher.known_tags.iter().map(|(_, s)| s).chain(matcher.assumed.iter().map(|(s, _)| s));
    matcher.addresses.prefixes().iter().chain(sets.flat_map(AddressSet::prefixes))
}

fn pieces<'m>(own: &Matcher, others: impl Iterator<Item = &'m Matcher>) -> Vec<Piece> {
    let mut cuts: BTreeSet<(bool, u128)> = BTreeSet::new();
    let mut public = false;
    for other in others {
        public |= other.internet;
        for prefix in prefixes(other) {
            let v4 = prefix.network().is_ipv4();
            cuts.insert((v4, number(prefix.network())));
            cuts.extend(number(prefix.last()).checked_add(1).map(|n| (v4, n)));
        }
    }
    // Rules for the internet match by what is public, so the borders of private space are cuts, too.
    if public {
        let private = NOT_PUBLIC.iter().filter_map(|p| p.parse::<Prefix>().ok());
        for prefix in private.chain([Prefix::host(PLATFORM_ADDRESS)]) {
            let v4 = prefix.network().is_ipv4();
            cuts.insert((v4, number(prefix.network())));
            cuts.extend(number(prefix.last()).checked_add(1).map(|n| (v4, n)));
        }
    }
    let mut found: BTreeSet<Piece> = BTreeSet::new();
    for prefix in prefixes(own) {
        let (first, last) = (number(prefix.network()), number(prefix.last()));
        let v4 = prefix.network().is_ipv4();
        found.insert(Piece::Address(prefix.network()));
        let inside = cuts.range((v4, first)..=(v4, last));
        found.extend(inside.map(|(_, n)| Piece::Address(address(prefix.network(), *n))));
    }
    found.extend(own.tags.iter().chain(own.known_tags.iter().map(|(t, _)| t)).map(|t| Piece::Tag(t.to_lowercase())));
    if own.internet {
        found.insert(Piece::Internet);
    }
    found.into_iter().collect()
}

/// Whether a matcher is known to hold a piece.
fn holds(matcher: &Matcher, piece: &Piece) -> bool {
    let everything = || matcher.addresses.prefixes().iter().any(|p| p.is_default() && p.network().is_ipv4());
    match piece {
        Piece::Address(at) => {
            let known = matcher.known_tags.iter().any(|(_, set)| set.contains(*at));
            let public = matcher.internet && is_public(*at) && *at != PLATFORM_ADDRESS && !matcher.inside.contains(*at);
            matcher.addresses.contains(*at) || known || public
        }
        Piece::Tag(tag) => {
            let base = tag.split('.').next().unwrap_or(tag);
            let named = |t: &String| t.eq_ignore_ascii_case(tag) || t.eq_ignore_ascii_case(base);
            let tags = matcher.tags.iter().chain(matcher.known_tags.iter().map(|(t, _)| t));
            everything() || matcher.internet || tags.into_iter().any(named)
        }
        Piece::Internet => everything() || matcher.internet,
    }
}

fn port_pieces<'p>(own: &PortSet, others: impl Iterator<Item = &'p PortSet>) -> Vec<u16> {
    let mut cuts: BTreeSet<u16> = BTreeSet::new();
    for range in others.flat_map(PortSet::ranges) {
        cuts.insert(range.first);
        cuts.extend(range.last.checked_add(1));
    }
    let mut found = BTreeSet::new();
    for range in own.ranges() {
        found.insert(range.first);
        found.extend(cuts.range(range.first..=range.last));
    }
    found.into_iter().collect()
}

/// A class of traffic to ask a filter about.
pub(super) fn class(
    direction: crate::dataplane::Direction,
    protocol: Protocol,
    from: Matcher,
    to: Matcher,
    ports: PortSet,
) -> FilterRule {
    FilterRule {
        origin: crate::dataplane::Origin::new("class", "", None),
        priority: None,
        direction: Some(direction),
        action: Action::Allow,
        protocol,
        from,
        // A client's own port is any of the ephemeral ones; one stands for all.
        source_ports: PortSet::one(50_000),
        to,
        ports,
        names: Names::Ignored,
    }
}

/// A matcher for these addresses.
pub(super) fn addresses(prefixes: impl IntoIterator<Item = Prefix>) -> Matcher {
    Matcher { addresses: prefixes.into_iter().collect(), ..Matcher::default() }
}

/// A matcher for a service tag.
pub(super) fn tag(name: &str) -> Matcher {
    if name == "Internet" {
        return Matcher { internet: true, ..Matcher::default() };
    }
    Matcher { tags: vec![name.to_owned()], ..Matcher::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataplane::Direction;

    fn set(prefixes: &[&str]) -> Matcher {
        addresses(prefixes.iter().map(|p| p.parse::<Prefix>().unwrap()))
    }

    fn rule(from: Matcher, ports: &str, action: Action) -> FilterRule {
        let made =
            class(Direction::Inbound, Protocol::Only(Transport::Tcp), from, Matcher::any(), ports.parse().unwrap());
        FilterRule { source_ports: PortSet::all(), action, ..made }
    }

    #[test]
    fn two_halves_cover_a_whole_and_one_does_not() {
        let whole = rule(set(&["10.0.0.0/8"]), "80-90", Action::Allow);
        let low = rule(set(&["10.0.0.0/9"]), "1-100", Action::Deny);
        let high = rule(set(&["10.128.0.0/9"]), "80,81-90", Action::Deny);
        assert_eq!(cover(&whole, &[&low]).map(|c| c.len()), None);
        assert_eq!(cover(&whole, &[&low, &high]).map(|c| c.len()), Some(2));
        let short = rule(set(&["10.128.0.0/9"]), "80-89", Action::Deny);
        assert!(cover(&whole, &[&low, &short]).is_none());
    }

    #[test]
    fn a_tag_is_covered_by_itself_its_region_by_it_and_both_by_everything() {
        let (all, some) =
            (rule(tag("Storage"), "443", Action::Allow), rule(tag("Storage.WestEurope"), "443", Action::Allow));
        let any = rule(Matcher::any(), "*", Action::Deny);
        let internet = rule(tag("Internet"), "*", Action::Deny);
        assert!(cover(&some, &[&all]).is_some() && cover(&all, &[&some]).is_none());
        assert!(cover(&all, &[&any]).is_some() && cover(&all, &[&internet]).is_some());
        assert!(cover(&rule(set(&["10.0.0.0/8"]), "443", Action::Allow), &[&internet]).is_none());
        assert!(cover(&rule(set(&["20.0.0.0/16"]), "443", Action::Allow), &[&internet]).is_some());
        assert!(
            cover(&rule(set(&["8.0.0.0/6"]), "443", Action::Allow), &[&internet]).is_none(),
            "10.0.0.0/8 is inside"
        );
    }

    #[test]
    fn fate_is_read_in_order() {
        let deny = rule(set(&["10.0.0.0/9"]), "*", Action::Deny);
        let allow = rule(set(&["10.0.0.0/8"]), "443", Action::Allow);
        let asked = |p: &[&str]| {
            class(Direction::Inbound, Protocol::Only(Transport::Tcp), set(p), set(&["10.1.0.4/32"]), PortSet::one(443))
        };
        assert_eq!(fate(&asked(&["10.200.0.0/16"]), &[&deny, &allow]), Some(Fate::Allowed));
        assert_eq!(fate(&asked(&["10.1.0.0/16"]), &[&deny, &allow]), Some(Fate::Denied));
        assert_eq!(fate(&asked(&["10.0.0.0/8"]), &[&deny, &allow]), Some(Fate::Mixed));
    }
}
