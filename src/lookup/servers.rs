//! Servers: which of a list answers, and what one of the customer's does with a name.

use super::{Answer, Authority, MAX_DEPTH, Walker};
use crate::{
    dataplane::{DnsServer, Endpoint, ForwardRule, Id, Listens, Origin, Otherwise, Packet, ROOT_SERVER, Role, View},
    forward::{End, Outcome, Stage, Step, is_open, met},
    net::{Fqdn, PLATFORM_ADDRESS, Transport},
    verdict::Reason,
};
use std::{collections::BTreeSet, net::IpAddr};

/// Queries to servers in one resolution; only lists of servers that forward to each other come near it.
const MAX_QUERIES: usize = 64;

enum Reached<'a> {
    Platform(Id<View>),
    Server(&'a DnsServer, Id<Endpoint>),
    /// A resolver on the internet, and what it listens on.
    Public(&'a Origin, &'a Listens),
}

/// A query that arrives.
struct Way<'a> {
    reached: Reached<'a>,
    /// What stands on the way, there and back.
    met: BTreeSet<String>,
    /// What is assumed of it.
    assumed: Option<Step>,
}

impl<'a> Walker<'a> {
    /// Servers in order; the next is asked only if the earlier does not answer, be it out of reach or without an answer
    /// of its own, while a no is an answer (DNS-05, DNS-06, RESOLVER-09). Where it is not known whether a server answers,
    /// nothing after it is known. What counts is where the query ends, not the zones and rulesets of the network it began
    /// in (DNS-04, RESOLVER-05, RESOLVER-14).
    pub(super) fn servers(
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
        let mut silent: Vec<IpAddr> = Vec::new();
        let mut failures = Vec::new();
        // The last server that was reached and had no answer.
        let mut last: Option<(Vec<Step>, Vec<Fqdn>, Answer)> = None;
        for address in servers {
            let (begun, links, depth) = (self.steps.len(), self.chain.len(), self.depth);
            self.queries += 1;
            // Whoever led here, a server is asked for this name (DNSPOL-05).
            self.question = name.clone();
            if self.queries > MAX_QUERIES {
                let text = format!("servers forward to each other for more than {MAX_QUERIES} queries");
                let step = Step::unknown(Stage::Name, Reason::NotModelled, text).at(origin);
                self.steps.push(step.fix("shorten the lists of forwarders"));
                return Answer::None(Reason::NotModelled);
            }
            let heard = match self.reach(*address, platform, from) {
                Ok(Way { reached, met, assumed }) => {
                    self.steps.extend(assumed);
                    let asked = self.steps.len();
                    let answer = self.heard(reached, *address, name);
                    if let Some(step) = self.steps.get_mut(asked) {
                        step.rests_on.extend(met);
                        // If the way to it were closed, another server of the list would answer.
                        step.steers |= servers.len() > 1;
                    }
                    answer
                }
                Err(step) if matches!(step.outcome, Outcome::Unknown(_) | Outcome::Unsupported(_)) => {
                    let step = *step;
                    self.steps.push(if step.element.is_none() { step.at(origin) } else { step });
                    Answer::None(Reason::DnsFail)
                }
                Err(step) => {
                    silent.push(*address);
                    failures.push(*step);
                    continue;
                }
            };
            let lost = matches!(heard, Answer::None(Reason::DnsFail | Reason::DnsLoop)) && !self.refused;
            let certain = self.steps.last().is_some_and(|s| matches!(s.outcome, Outcome::Block(_)));
            if !lost || !certain {
                if !failures.is_empty() {
                    self.steps.insert(begun, passed_over(&silent, origin, failures));
                }
                return heard;
            }
            if let Some((steps, ..)) = last.take() {
                failures.extend(steps);
            }
            last = Some((self.steps.split_off(begun), self.chain.split_off(links), heard));
            self.depth = depth;
            silent.push(*address);
        }
        let list = servers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        if let Some((steps, links, answer)) = last {
            if !failures.is_empty() {
                self.steps.push(passed_over(&silent, origin, failures));
            }
            self.steps.extend(steps);
            self.chain.extend(links);
            return answer;
        }
        self.steps.push(
            Step::block(Stage::Name, Reason::DnsFail, format!("no DNS server of {origin} answers ({list})"))
                .at(origin)
                .rules(&["DNS-05"])
                .fix("make one of the servers reachable on port 53, or correct the list")
                .inner(failures),
        );
        Answer::None(Reason::DnsFail)
    }

    /// What a server says that a query reaches.
    fn heard(&mut self, reached: Reached<'a>, address: IpAddr, name: &Fqdn) -> Answer {
        match reached {
            Reached::Platform(view) => self.platform(view, name),
            Reached::Server(server, at) => {
                let text = format!("{name} asked of {} ({address})", server.origin);
                self.steps.push(Step::pass(Stage::Name, text).at(&server.origin).rules(&["DNS-01", "FWD-06"]));
                if server.inherited {
                    let text = format!("{} has the DNS settings of a parent policy, by assumption A-23", server.origin);
                    self.steps.push(Step::assume(Stage::Name, text).at(&server.origin).rules(&["AFW-01", "A-23"]));
                }
                self.server(server, at, name)
            }
            Reached::Public(who, listens) => {
                if *listens == Listens::Undeclared {
                    let text = format!("{who} declares no `listens`; udp/53 is taken as served");
                    self.steps.push(Step::assume(Stage::Name, text).at(who));
                }
                let text = format!("{name} asked of {who} ({address}), which answers what public DNS holds");
                self.steps.push(Step::pass(Stage::Name, text).at(who).rules(&["DNS-05", "DNS-10"]));
                self.public(name)
            }
        }
    }

    /// Whether a server answers a query from here, and what is assumed of that. The platform's address works only inside a
    /// virtual network (DNS-02, FWD-01) and is neither routed nor filtered (DNS-03).
    fn reach(
        &self,
        address: IpAddr,
        platform: Option<Id<View>>,
        from: Option<Id<Endpoint>>,
    ) -> Result<Way<'a>, Box<Step>> {
        let way = |reached, met, assumed| Way { reached, met, assumed };
        if address == PLATFORM_ADDRESS {
            if let Some(step) = self.platform_closed(from) {
                return Err(Box::new(step));
            }
            return platform.map(|view| way(Reached::Platform(view), BTreeSet::new(), None)).ok_or_else(|| {
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
        let doubt = |text: String, fix: String, inner: Vec<Step>| {
            let step = Step::unknown(Stage::Name, Reason::DnsFail, text).rules(&["DNS-05", "DNS-06"]);
            Box::new(step.fix(fix).inner(inner))
        };
        let Some((from, source)) = from.and_then(|f| Some((f, self.context.source(f, address)?))) else {
            return Err(fail(format!("nothing here can ask {address}"), Vec::new()));
        };
        let packet =
            Packet { source, destination: address, transport: Transport::Udp, port: 53, name: None, reply: false };
        // A server that forwards to its own address asks itself; no packet leaves.
        let journey = self.context.query(from, &packet);
        let steps = || journey.steps.clone();
        // The first of what stops it and what is not supported decides, as of any flow (DEF-01).
        let hard = |s: &&Step| matches!(s.outcome, Outcome::Block(_) | Outcome::Unsupported(_));
        let first = journey.steps.iter().find(hard);
        if let Some(Outcome::Unsupported(reason)) = first.map(|s| s.outcome) {
            let text = format!("whether {address} answers is not known: a device on the way is not supported");
            let mut step = Step::unsupported(Stage::Name, reason, text).rules(&["FWD-06", "DEF-01"]);
            step.fix = first.and_then(|s| s.fix.clone());
            return Err(Box::new(step.inner(steps())));
        }
        let stopped = first.is_some();
        let undecided = journey.steps.iter().find(|s| s.is_blocker());
        let arrived = match &journey.end {
            End::Delivered(arrival) if undecided.is_none() => arrival.endpoint,
            _ => match undecided.filter(|_| !stopped) {
                Some(step) => {
                    let fix = step.fix.clone().unwrap_or_else(|| format!("declare what answers at {address}"));
                    return Err(doubt(format!("whether {address} answers is not known"), fix, steps()));
                }
                None => return Err(fail(format!("{address} cannot be reached on udp/53"), steps())),
            },
        };
        let endpoint = self.plane.endpoints.get(arrived);
        let who = &endpoint.origin;
        let host = match &endpoint.role {
            Role::Host(host) => Some(host),
            _ => None,
        };
        if endpoint.absence.is_some() || host.is_some_and(|h| !h.running) {
            return Err(fail(format!("{who} ({address}) does not run"), Vec::new()));
        }
        match (endpoint.dns, host.filter(|h| h.listens.serves(Transport::Udp, 53))) {
            (Some(server), _) => {
                let (over_tcp, assumed) = self.over_tcp(from, &packet)?;
                let met = met(&journey.steps).into_iter().chain(over_tcp).collect();
                Ok(way(Reached::Server(self.plane.dns.servers.get(server), arrived), met, assumed))
            }
            (None, Some(host)) if endpoint.segment.is_none() => {
                Ok(way(Reached::Public(who, &host.listens), met(&journey.steps), None))
            }
            (None, Some(_)) => {
                let text = format!("what {who} ({address}) answers to DNS queries is not declared");
                Err(doubt(text, format!("declare the DNS server of {who}, or what it listens on"), Vec::new()))
            }
            (None, None) => {
                let mut step = fail(format!("{who} ({address}) does not answer DNS queries"), Vec::new());
                step.rules.push("AFW-01");
                Err(step)
            }
        }
    }

    /// Whether the same server is reached by TCP, too, which answers that do not fit into a datagram need (FWD-06, A-24):
    /// what stands on the way, and what is assumed where it is not.
    fn over_tcp(&self, from: Id<Endpoint>, query: &Packet) -> Result<(BTreeSet<String>, Option<Step>), Box<Step>> {
        let packet = Packet { transport: Transport::Tcp, ..query.clone() };
        let address = packet.destination;
        let journey = self.context.query(from, &packet);
        if matches!(journey.end, End::Delivered(_)) && is_open(&journey.steps) {
            return Ok((met(&journey.steps), None));
        }
        let text = format!("{address} is reached on udp/53 and not on tcp/53, which longer answers need");
        let steps = journey.steps.clone();
        if !self.plane.assumptions.dns_needs_tcp {
            let step = Step::assume(Stage::Name, text + ": short ones are assumed, by assumption A-24");
            return Ok((BTreeSet::new(), Some(step.rules(&["FWD-06", "A-24"]).inner(steps))));
        }
        let hard = |s: &Step| matches!(s.outcome, Outcome::Block(_) | Outcome::Unsupported(_));
        let certain = steps.iter().any(hard) || steps.iter().all(|s| !s.is_blocker());
        let step = if certain {
            Step::block(Stage::Name, Reason::DnsFail, text)
        } else {
            Step::unknown(Stage::Name, Reason::DnsFail, format!("whether {address} answers on tcp/53 is not known"))
        };
        let fix = format!("let tcp/53 pass to {address}, or set `dns_over_udp_suffices`");
        Err(Box::new(step.rules(&["FWD-06", "A-24"]).fix(fix).inner(steps)))
    }

    /// A server of the customer's: its own zones, the longest forwarder, then what it does with the rest (FWD-07). It has
    /// the view of the network it sits in, and takes every name of a suffix there (FWD-02, FWD-03, FWD-08, RESOLVER-16).
    fn server(&mut self, server: &'a DnsServer, at: Id<Endpoint>, name: &Fqdn) -> Answer {
        let query = (at, name.clone());
        if self.asked.contains(&query) || self.depth >= MAX_DEPTH {
            self.circle(&server.origin);
            return Answer::None(Reason::DnsLoop);
        }
        self.depth += 1;
        self.asked.push(query);
        let answer = self.served(server, at, name);
        self.asked.pop();
        answer
    }

    fn served(&mut self, server: &'a DnsServer, at: Id<Endpoint>, name: &Fqdn) -> Answer {
        let zone = server.zones.iter().filter(|(z, _)| name.is_under(z)).max_by_key(|(z, _)| z.labels().count());
        if let Some((zone, records)) = zone {
            let who = format!("zone {zone} on {}", server.origin);
            self.authority = Some(Authority::new(zone, records, false, name));
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
            let (before, begun) = (self.chain.len(), self.steps.len());
            let answer = self.forward_to(rule, server.platform, at, name);
            self.taken_whole(server, before);
            // An iterative server believes only the first link of the upstream's chain and follows it itself. An upstream
            // that fails says nothing of aliases.
            let failed = matches!(answer, Answer::None(Reason::DnsFail | Reason::DnsLoop)) && !self.refused;
            let next = self.chain.get(before).cloned().filter(|_| server.iterative && !failed);
            return match next {
                Some(next) => {
                    self.refused = false;
                    self.chain.truncate(before + 1);
                    let text = format!("{} follows the alias {next} itself", server.origin);
                    let upstream = self.steps.split_off(begun);
                    self.steps.extend(upstream.into_iter().filter(|s| !s.is_blocker()));
                    self.steps.push(Step::pass(Stage::Name, text).at(&server.origin).rules(&["FWD-04"]));
                    self.server(server, at, &next)
                }
                None => answer,
            };
        }
        match (&server.otherwise, server.platform) {
            (Otherwise::Platform, Some(view)) => {
                self.question = name.clone();
                self.platform(view, name)
            }
            (Otherwise::Public, _) => self.public(name),
            (Otherwise::Recurse, _) => match self.way_out(server, at) {
                Err(step) => {
                    self.steps.push(*step);
                    Answer::None(Reason::DnsFail)
                }
                Ok(met) => {
                    if let Some(asked) = self.steps.last_mut() {
                        asked.rests_on.extend(met);
                    }
                    self.recursed(server, at, name)
                }
            },
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

    /// A name that a server looks up in public DNS itself. It meets its own zones again at every alias, as it would with
    /// any question (FWD-10); its forwarders only if it is iterative (FWD-04).
    fn recursed(&mut self, server: &'a DnsServer, at: Id<Endpoint>, name: &Fqdn) -> Answer {
        let before = self.chain.len();
        self.public_link(name, |w, next| {
            if server.iterative || server.zones.iter().any(|(zone, _)| next.is_under(zone)) {
                return w.server(server, at, next);
            }
            w.taken_whole(server, before);
            w.recursed(server, at, next)
        })
    }

    /// What stands on the way of a server that resolves public names itself to public name servers, or why it cannot ask
    /// them: its queries to the root stand for all of them (FWD-11).
    fn way_out(&self, server: &DnsServer, at: Id<Endpoint>) -> Result<BTreeSet<String>, Box<Step>> {
        let Some(source) = self.context.source(at, ROOT_SERVER) else { return Ok(BTreeSet::new()) };
        let packet =
            Packet { source, destination: ROOT_SERVER, transport: Transport::Udp, port: 53, name: None, reply: false };
        let journey = self.context.query(at, &packet);
        if matches!(journey.end, End::Delivered(_)) && is_open(&journey.steps) {
            return Ok(met(&journey.steps));
        }
        let undecided = journey.steps.iter().any(Step::is_blocker)
            && !journey.steps.iter().any(|s| matches!(s.outcome, Outcome::Block(_)));
        let step = if undecided {
            let text = format!("whether {} reaches public name servers is not known", server.origin);
            Step::unknown(Stage::Name, Reason::DnsFail, text)
        } else {
            let text = format!("{} resolves public names itself and reaches no public name server", server.origin);
            Step::block(Stage::Name, Reason::DnsFail, text)
        };
        let fix = format!("give {} a way out on port 53, or forwarders that it reaches", server.origin);
        Err(Box::new(step.at(&server.origin).rules(&["FWD-11", "NAT-07"]).fix(fix).inner(journey.steps.clone())))
    }

    /// That a server takes an alias along that it has a rule or a zone of its own for, if nobody said how it forwards
    ///
    fn taken_whole(&mut self, server: &DnsServer, before: usize) {
        let of_its_own = |n: &&Fqdn| {
            server.forwarders.iter().any(|r| r.suffix.is_some() && r.covers(n).is_some())
                || server.zones.iter().any(|(zone, _)| n.is_under(zone))
        };
        let alias = self.chain.get(before..).unwrap_or_default().iter().find(of_its_own);
        if let Some(next) = alias.filter(|_| server.mode_undeclared) {
            let text = format!("{} takes the whole answer, alias {next} included, by assumption A-5", server.origin);
            self.steps.push(Step::assume(Stage::Name, text).at(&server.origin).rules(&["FWD-04", "A-5"]));
        }
    }

    pub(super) fn forward_to(
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
}

/// That the servers asked before did not answer, and why.
fn passed_over(silent: &[IpAddr], origin: &Origin, failures: Vec<Step>) -> Step {
    let list = silent.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    Step::pass(Stage::Name, format!("no answer from {list}; the next server of {origin} is asked"))
        .at(origin)
        .steers()
        .rules(&["DNS-05", "DNS-06"])
        .inner(failures)
}
