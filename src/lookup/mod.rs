//! The DNS walk: what a name answers from a client's point of view, and who said so.
//!
//! A query to a server is an ordinary flow: [`forward`](crate::forward) decides whether it gets there and back.

use crate::{
    dataplane::{
        DnsServer, Endpoint, ForwardRule, Id, NameRule, Origin, Otherwise, Packet, Plane, Record, RecordData,
        RecordSet, Resolver, View,
    },
    forward::{Context, End, Stage, Step, is_open, platform_dns_denied, round_trip},
    net::{Fqdn, PLATFORM_ADDRESS, Transport},
    verdict::Reason,
};
use std::net::IpAddr;

/// What a name answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Addresses.
    Addresses(Vec<IpAddr>),
    /// The name does not exist here.
    NxDomain,
    /// No answer, or none that can be known.
    None(Reason),
}

/// A resolution and how it went.
#[derive(Debug, Clone)]
pub struct Resolution {
    /// Steps; a failed query to a server that has an alternative is explained inside a step.
    pub steps: Vec<Step>,
    /// The names of the alias chain, the queried name first.
    pub chain: Vec<Fqdn>,
    /// The end.
    pub answer: Answer,
}

/// Aliases and forwarders followed before a circle is assumed.
const MAX_DEPTH: usize = 16;

struct Walker<'a> {
    context: &'a Context<'a>,
    plane: &'a Plane,
    steps: Vec<Step>,
    chain: Vec<Fqdn>,
    depth: usize,
}

/// What one authority said of one name.
enum Said<'a> {
    Record(&'a Record, String, &'a [&'static str]),
    Nothing(Answer, Step),
}

/// Resolves a name as something at `from` would; `from` is none for what has no address of its own.
#[must_use]
pub fn resolve(context: &Context<'_>, resolver: &Resolver, from: Option<Id<Endpoint>>, name: &Fqdn) -> Resolution {
    let mut walker = Walker { context, plane: context.plane, steps: Vec::new(), chain: vec![name.clone()], depth: 0 };
    let answer = walker.ask(resolver, from, name);
    Resolution { steps: walker.steps, chain: walker.chain, answer }
}

/// Resolves a name apart from a flow.
#[must_use]
pub fn query(plane: &Plane, resolver: &Resolver, from: Option<Id<Endpoint>>, name: &Fqdn) -> Resolution {
    resolve(&Context::new(plane, answers), resolver, from, name)
}

/// The addresses a name answers to a device, for the context of an evaluation (FW-08).
#[must_use]
pub fn answers(context: &Context<'_>, resolver: &Resolver, at: Id<Endpoint>, name: &Fqdn) -> Option<Vec<IpAddr>> {
    match resolve(context, resolver, Some(at), name).answer {
        Answer::Addresses(addresses) => Some(addresses),
        Answer::NxDomain => Some(Vec::new()),
        Answer::None(_) => None,
    }
}

impl<'a> Walker<'a> {
    fn ask(&mut self, resolver: &'a Resolver, from: Option<Id<Endpoint>>, name: &Fqdn) -> Answer {
        match resolver {
            Resolver::Public => self.public(name),
            Resolver::Platform(view) => match self.platform_closed(from) {
                Some(step) => {
                    self.steps.push(step);
                    Answer::None(Reason::DnsFail)
                }
                None => self.platform(*view, name),
            },
            Resolver::Servers { servers, origin, platform } => self.servers(servers, origin, *platform, from, name),
        }
    }

    /// Servers in order; the next is asked only if the earlier does not answer (DNS-05, DNS-06). What counts is where the
    /// query ends, not the zones and rulesets of the network it began in (DNS-04, RESOLVER-05, RESOLVER-14).
    fn servers(
        &mut self,
        servers: &[IpAddr],
        origin: &Origin,
        platform: Option<Id<View>>,
        from: Option<Id<Endpoint>>,
        name: &Fqdn,
    ) -> Answer {
        if self.too_deep(origin) {
            return Answer::None(Reason::DnsLoop);
        }
        let mut failures = Vec::new();
        for address in servers {
            match self.reach(*address, platform, from) {
                Ok(Reached::Platform(view)) => return self.platform(view, name),
                Ok(Reached::Server(server, at)) => {
                    let text = format!("{name} asked of {} ({address})", server.origin);
                    self.steps.push(Step::pass(Stage::Name, text).at(&server.origin).rules(&["DNS-01", "FWD-06"]));
                    return self.server(server, at, name);
                }
                Err(step) => failures.push(*step),
            }
        }
        let list = servers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        self.steps.push(
            Step::block(Stage::Name, Reason::DnsFail, format!("no DNS server of {origin} answers ({list})"))
                .at(origin)
                .rules(&["DNS-05"])
                .fix("make one of the servers reachable on port 53, or correct the list")
                .inner(failures),
        );
        Answer::None(Reason::DnsFail)
    }

    /// An outbound rule that names the platform's DNS is the one filter that its address meets (ADDR-06, DNS-03).
    fn platform_closed(&self, from: Option<Id<Endpoint>>) -> Option<Step> {
        let (filter, rule) = platform_dns_denied(self.plane, from?)?;
        Some(
            Step::block(Stage::Name, Reason::DnsFail, format!("{filter} denies AzurePlatformDNS by {}", rule.name))
                .at(filter)
                .span(rule.span)
                .rules(&["DNS-03", "ADDR-06"])
                .fix(format!("remove {} from {filter}", rule.name)),
        )
    }

    fn too_deep(&mut self, origin: &Origin) -> bool {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.steps.push(
                Step::block(Stage::Name, Reason::DnsLoop, format!("the query runs in a circle through {origin}"))
                    .at(origin)
                    .rules(&["DNS-05"])
                    .fix("break the circle of forwarders or aliases"),
            );
        }
        self.depth > MAX_DEPTH
    }

    /// Whether a server answers a query from here. The platform's address works only inside a virtual network
    /// (DNS-02, FWD-01) and is neither routed nor filtered (DNS-03).
    fn reach(
        &self,
        address: IpAddr,
        platform: Option<Id<View>>,
        from: Option<Id<Endpoint>>,
    ) -> Result<Reached<'a>, Box<Step>> {
        if address == PLATFORM_ADDRESS {
            if let Some(step) = self.platform_closed(from) {
                return Err(Box::new(step));
            }
            return platform.map(Reached::Platform).ok_or_else(|| {
                Box::new(
                    Step::block(
                        Stage::Name,
                        Reason::DnsFail,
                        format!("{PLATFORM_ADDRESS} answers only inside a virtual network"),
                    )
                    .rules(&["DNS-02", "FWD-01"])
                    .fix("forward to the inbound endpoint of a resolver in a linked network"),
                )
            });
        }
        let fail = |text: String, inner: Vec<Step>| {
            Box::new(Step::block(Stage::Name, Reason::DnsFail, text).rules(&["FWD-06"]).inner(inner))
        };
        let Some((from, source)) = from.and_then(|f| Some((f, self.plane.endpoints.get(f).source_for(address)?)))
        else {
            return Err(fail(format!("nothing here can ask {address}"), Vec::new()));
        };
        let packet = Packet { source, destination: address, transport: Transport::Udp, port: 53, name: None };
        // A server that forwards to its own address asks itself; no packet leaves.
        let journey = round_trip(self.context, from, &packet);
        let arrived = match &journey.end {
            End::Delivered(arrival) if is_open(&journey.steps) => arrival.endpoint,
            _ => return Err(fail(format!("{address} cannot be reached on udp/53"), journey.steps)),
        };
        match self.plane.endpoints.get(arrived).dns {
            Some(server) => Ok(Reached::Server(self.plane.dns.servers.get(server), arrived)),
            None => {
                let who = &self.plane.endpoints.get(arrived).origin;
                let mut step = fail(format!("{who} ({address}) does not answer DNS queries"), Vec::new());
                step.rules.push("AFW-01");
                Err(step)
            }
        }
    }

    /// A server of the customer's: its own zones, the longest forwarder, then what it does with the rest (FWD-07). It has
    /// the view of the network it sits in, and takes every name of a suffix there (FWD-02, FWD-03, FWD-08, RESOLVER-16).
    fn server(&mut self, server: &'a DnsServer, at: Id<Endpoint>, name: &Fqdn) -> Answer {
        if self.too_deep(&server.origin) {
            return Answer::None(Reason::DnsLoop);
        }
        let zone = server.zones.iter().filter(|(z, _)| name.is_under(z)).max_by_key(|(z, _)| z.labels().count());
        if let Some((zone, records)) = zone {
            let who = format!("zone {zone} on {}", server.origin);
            return match records.find(name) {
                Some(record) => {
                    let record = record.clone();
                    self.record(name, &record, &who, &["FWD-10"], |w, next| w.server(server, at, next))
                }
                None => self.nxdomain(name, &who, &server.origin, &["FWD-10"]),
            };
        }
        let rule = server.forwarders.iter().filter_map(|r| Some((r.covers(name)?, r))).max_by_key(|(n, _)| *n);
        if let Some((_, rule)) = rule {
            let before = self.chain.len();
            let answer = self.forward_to(rule, server.platform, at, name);
            self.taken_whole(server, before);
            // An iterative server believes only the first link of the upstream's chain and follows it itself.
            let next = self.chain.get(before).cloned();
            return match next {
                Some(next) if server.iterative => {
                    self.chain.truncate(before + 1);
                    let text = format!("{} follows the alias {next} itself", server.origin);
                    self.steps.retain(|s| !s.is_blocker());
                    self.steps.push(Step::pass(Stage::Name, text).at(&server.origin).rules(&["FWD-04"]));
                    self.server(server, at, &next)
                }
                _ => answer,
            };
        }
        match (&server.otherwise, server.platform) {
            (Otherwise::Platform, Some(view)) => self.platform(view, name),
            (Otherwise::Recurse, _) if server.iterative => self.public_link(name, |w, next| w.server(server, at, next)),
            (Otherwise::Recurse, _) => {
                let before = self.chain.len();
                let answer = self.public(name);
                self.taken_whole(server, before);
                answer
            }
            _ => {
                self.steps.push(
                    Step::block(Stage::Name, Reason::DnsFail, format!("{} does not resolve {name}", server.origin))
                        .at(&server.origin)
                        .rules(&["FWD-11"])
                        .fix(format!("add a forwarder for {name} to {}", server.origin)),
                );
                Answer::None(Reason::DnsFail)
            }
        }
    }

    /// That a server takes an alias along that it has a rule of its own for, if nobody said how it forwards.
    fn taken_whole(&mut self, server: &DnsServer, before: usize) {
        let of_its_own = |n: &&Fqdn| server.forwarders.iter().any(|r| r.suffix.is_some() && r.covers(n).is_some());
        let alias = self.chain.get(before..).unwrap_or_default().iter().find(of_its_own);
        if let Some(next) = alias.filter(|_| server.mode_undeclared) {
            let text = format!("{} takes the whole answer, alias {next} included, by assumption A-5", server.origin);
            self.steps.push(Step::assume(Stage::Name, text).at(&server.origin).rules(&["FWD-04", "A-5"]));
        }
    }

    fn forward_to(
        &mut self,
        rule: &'a ForwardRule,
        platform: Option<Id<View>>,
        from: Id<Endpoint>,
        name: &Fqdn,
    ) -> Answer {
        let suffix = rule.suffix.as_ref().map_or(".".to_owned(), ToString::to_string);
        self.steps.push(
            Step::pass(Stage::Name, format!("{suffix} is forwarded by {}", rule.origin))
                .at(&rule.origin)
                .rules(&["FWD-07"]),
        );
        self.servers(&rule.servers, &rule.origin, platform, Some(from), name)
    }

    /// The platform's resolver of a network: managed overrides, linked zones by longest suffix, rulesets, public
    /// (DNS-17, ZONE-06 to ZONE-09, MPE-10), at every link of an alias chain (DNS-09). A zone of another name is never
    /// reached, and one that holds other resources' records answers no (ZONE-14, ZONE-15, ZONE-16). A zone beats a rule,
    /// rules match whole labels and may lead in a circle (RESOLVER-06, RESOLVER-08, RESOLVER-11, RESOLVER-12,
    /// RESOLVER-15).
    fn platform(&mut self, id: Id<View>, name: &Fqdn) -> Answer {
        let view = self.plane.dns.views.get(id);
        if self.too_deep(&view.origin) {
            return Answer::None(Reason::DnsLoop);
        }
        // Policies look at the name that was asked for, not at its aliases (DNSPOL-04, A-2).
        let covers = |rule: &&NameRule| rule.suffixes.iter().any(|s| s.as_ref().is_none_or(|s| name.is_under(s)));
        let asked = self.chain.first() == Some(name);
        let assumptions = self.plane.assumptions;
        if !asked
            && !assumptions.policies_see_aliases
            && let Some(rule) = view.policy.iter().find(covers).filter(|r| r.blocks)
        {
            let text = format!("{} is not asked of the alias {name}, by assumption A-2", rule.origin);
            self.steps.push(Step::assume(Stage::Name, text).at(&rule.origin).rules(&["DNSPOL-04", "A-2"]));
        }
        if (asked || assumptions.policies_see_aliases)
            && let Some(rule) = view.policy.iter().find(covers).filter(|r| r.blocks)
        {
            self.steps.push(
                Step::block(Stage::Name, Reason::DnsFail, format!("{} blocks {name}", rule.origin))
                    .at(&rule.origin)
                    .rules(&["DNSPOL-02", "DNSPOL-03"])
                    .fix(format!("allow {name} in a rule before {}", rule.origin)),
            );
            return Answer::None(Reason::DnsFail);
        }
        if let Some(record) = view.overrides.find(name) {
            let record = record.clone();
            let who = format!("DNS of {}", view.origin);
            return self.record(name, &record, &who, &["MPE-10"], |w, next| w.platform(id, next));
        }
        let plane = self.plane;
        let mut links: Vec<_> =
            view.links.iter().filter(|l| name.is_under(&plane.dns.zones.get(l.zone).name)).collect();
        links.sort_by_key(|l| std::cmp::Reverse(plane.dns.zones.get(l.zone).name.labels().count()));
        let nearest = links.first().copied();
        let holding = links.iter().find(|l| plane.dns.zones.get(l.zone).records.find(name).is_some()).copied();
        // Nothing falls through to the zone above, unless the file reads it otherwise (ZONE-06, A-4).
        let link = if plane.dns.falls_through { holding.or(nearest) } else { nearest };
        if let (Some(near), Some(holds)) = (nearest, holding.filter(|h| nearest.is_some_and(|n| n.zone != h.zone))) {
            let (near, holds) = (&plane.dns.zones.get(near.zone).name, &plane.dns.zones.get(holds.zone).name);
            let text = format!("whether zone {near} hides what {holds} holds is assumption A-4");
            self.steps.push(Step::assume(Stage::Name, text).rules(&["ZONE-06", "A-4"]));
        }
        if let Some(link) = link {
            let zone = plane.dns.zones.get(link.zone);
            if let Some(record) = zone.records.find(name) {
                let record = record.clone();
                let who = format!("zone {}, linked to {}", zone.name, view.origin.name);
                return self.record(name, &record, &who, &["ZONE-07"], |w, next| w.platform(id, next));
            }
            if !link.fallback {
                let who = format!("zone {}, linked to {},", zone.name, view.origin.name);
                return self.nxdomain(name, &who, &link.origin, &["ZONE-08", "DEF-04"]);
            }
            let text = format!("zone {} does not hold {name}; its link falls back to public DNS", zone.name);
            self.steps.push(Step::pass(Stage::Name, text).at(&link.origin).rules(&["ZONE-09"]));
            return self.public_link(name, |w, next| w.platform(id, next));
        }
        let seen = asked || assumptions.rulesets_see_aliases;
        let rule = view
            .forwarding
            .iter()
            .filter(|_| seen)
            .flat_map(|f| f.rules.iter().map(move |r| (f, r)))
            .filter_map(|(f, r)| Some((r.covers(name)?, f, r)))
            .max_by_key(|(n, ..)| *n);
        if let Some((_, forwarding, rule)) = rule
            && let Some(from) = forwarding.from.first()
        {
            if !asked {
                let text = format!("{} is taken to act on the alias {name}, too", rule.origin);
                self.steps.push(Step::assume(Stage::Name, text).at(&rule.origin).rules(&["DNS-17", "A-1"]));
            }
            return self.forward_to(rule, Some(id), *from, name);
        }
        if let Some((reason, origin)) = view.dormant.get(name)
            && plane.dns.public.find(name).is_none()
        {
            self.steps.push(
                Step::block(Stage::Name, *reason, format!("{origin} would answer {name}, and is not active"))
                    .at(origin)
                    .rules(&["AGW-10", "OUT-03"])
                    .fix(format!("bring {origin} to status Active")),
            );
            return Answer::None(*reason);
        }
        self.public_link(name, |w, next| w.platform(id, next))
    }

    fn public(&mut self, name: &Fqdn) -> Answer {
        if self.too_deep(&Origin::new("public DNS", "", None)) {
            return Answer::None(Reason::DnsLoop);
        }
        self.public_link(name, |w, next| w.public(next))
    }

    /// One name in public DNS; an alias is followed by whoever asks.
    fn public_link(&mut self, name: &Fqdn, follow: impl FnOnce(&mut Self, &Fqdn) -> Answer) -> Answer {
        if self.plane.dns.pending.contains(name) {
            let text = format!("whether {name} is an alias while its connections await approval is assumption A-3");
            self.steps.push(Step::assume(Stage::Name, text).rules(&["DNS-08", "A-3"]));
        }
        match said_in_public(self.plane, name) {
            Said::Record(record, who, rules) => {
                let record = record.clone();
                self.record(name, &record, &who, rules, follow)
            }
            Said::Nothing(answer, step) => {
                self.steps.push(step);
                answer
            }
        }
    }

    fn record(
        &mut self,
        name: &Fqdn,
        record: &Record,
        who: &str,
        rules: &[&'static str],
        follow: impl FnOnce(&mut Self, &Fqdn) -> Answer,
    ) -> Answer {
        match &record.data {
            RecordData::Addresses(addresses) => {
                let mut shown: Vec<_> =
                    addresses
                        .iter()
                        .map(|a| {
                            if crate::net::is_undeclared_public(*a) {
                                "public address".to_owned()
                            } else {
                                a.to_string()
                            }
                        })
                        .collect();
                shown.dedup();
                let text = format!("{name} → {} ({who})", shown.join(", "));
                self.steps.push(Step::pass(Stage::Name, text).span(record.origin.span).rules(rules));
                Answer::Addresses(addresses.clone())
            }
            RecordData::Alias(next) => {
                let text = format!("{name} → {next} ({who})");
                self.steps.push(Step::pass(Stage::Name, text).span(record.origin.span).rules(&["DNS-07"]));
                if self.chain.contains(next) {
                    self.too_deep(&record.origin);
                    self.depth = MAX_DEPTH;
                    self.too_deep(&record.origin);
                    return Answer::None(Reason::DnsLoop);
                }
                self.chain.push(next.clone());
                follow(self, next)
            }
        }
    }

    fn nxdomain(&mut self, name: &Fqdn, who: &str, origin: &Origin, rules: &[&'static str]) -> Answer {
        self.steps.push(
            Step::block(Stage::Name, Reason::DnsNxdomain, format!("{who} does not hold {name}"))
                .at(origin)
                .rules(rules)
                .fix(format!("add the record of {name}, for example by the zone group of its private endpoint; or let the link fall back to public DNS")),
        );
        Answer::NxDomain
    }
}

enum Reached<'a> {
    Platform(Id<View>),
    Server(&'a DnsServer, Id<Endpoint>),
}

/// What public DNS says of a name; a name nobody declared is unknown, never absent. It holds an alias only for what has an
/// endpoint, says nothing of access, and is what everyone without the zone sees (DNS-10, DNS-11, ZONE-11, ZONE-17,
/// PAAS-07).
fn said_in_public<'a>(plane: &'a Plane, name: &Fqdn) -> Said<'a> {
    let public: &RecordSet = &plane.dns.public;
    if let Some(record) = public.find(name) {
        return Said::Record(record, "public DNS".to_owned(), &["DNS-07"]);
    }
    if let Some((suffix, span)) = plane.dns.absent.iter().find(|(s, _)| name.is_under(s)) {
        let step = Step::block(Stage::Name, Reason::DnsNxdomain, format!("public DNS holds nothing under {suffix}"))
            .span(*span)
            .rules(&["MVNET-09", "AGW-10"])
            .fix(format!(
                "make {name} resolvable here: a private zone, a forwarder, or an alias of the application gateway rule"
            ));
        return Said::Nothing(Answer::NxDomain, step);
    }
    let step = Step::unknown(
        Stage::Name,
        Reason::DnsUndeclared,
        format!("the scenario declares nothing about the public name {name}"),
    )
    .fix(format!("declare {name} under public_hosts, or its suffix under public_dns.absent"));
    Said::Nothing(Answer::None(Reason::DnsUndeclared), step)
}
