//! The DNS walk: what a name answers from a client's point of view, and who said so.
//!
//! A query to a server is an ordinary flow: [`forward`](crate::forward) decides whether it gets there and back.

mod servers;

use crate::{
    dataplane::{Endpoint, Id, NameRule, Origin, Plane, Record, RecordData, RecordSet, Resolver, View},
    forward::{Context, Outcome, Stage, Step, platform_dns_denied},
    net::Fqdn,
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
    /// The zone that the end is from; none where public DNS or a managed network answers, or nothing does.
    pub authority: Option<Authority>,
}

impl Resolution {
    /// The step that decides the answer: the last with a place, unless it only says what is assumed.
    #[must_use]
    pub fn decider(&self) -> Option<&Step> {
        self.steps.iter().rev().find(|s| !matches!(s.outcome, Outcome::Assume) && s.span.is_some())
    }
}

/// A zone of the customer's that answers for a name, with an address or with a no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// Its apex.
    pub zone: Fqdn,
    /// Whether it is a private zone of Azure; one of a DNS server otherwise.
    pub azure: bool,
    /// Whether the name exists there, if only as the apex or above another.
    pub exists: bool,
}

impl Authority {
    fn new(zone: &Fqdn, records: &RecordSet, azure: bool, name: &Fqdn) -> Self {
        Self { zone: zone.clone(), azure, exists: name == zone || records.exists(name) }
    }
}

/// Aliases and forwarders followed within each other before a circle is assumed. Circles are told by a server that is asked
/// the same again, so this only bounds the stack: some servers in a row, each following a chain of aliases, are no circle.
const MAX_DEPTH: usize = 48;

struct Walker<'a> {
    context: &'a Context<'a>,
    plane: &'a Plane,
    steps: Vec<Step>,
    chain: Vec<Fqdn>,
    /// The name in the query that is being answered; aliases found on the way are not asked for.
    question: Fqdn,
    depth: usize,
    queries: usize,
    /// What servers are being asked, the outermost first: a server that is asked the same again runs in a circle.
    asked: Vec<(Id<Endpoint>, Fqdn)>,
    /// Whether what failed was an answer all the same: a policy that blocks a name speaks for it (DNSPOL-03).
    refused: bool,
    /// The zone that answered last.
    authority: Option<Authority>,
}

/// What one authority said of one name.
enum Said<'a> {
    Record(&'a Record, String, &'a [&'static str]),
    Nothing(Answer, Step),
}

/// Resolves a name as something at `from` would; `from` is none for what has no address of its own.
#[must_use]
pub fn resolve(context: &Context<'_>, resolver: &Resolver, from: Option<Id<Endpoint>>, name: &Fqdn) -> Resolution {
    let mut walker = Walker {
        context,
        plane: context.plane,
        steps: Vec::new(),
        chain: vec![name.clone()],
        question: name.clone(),
        depth: 0,
        queries: 0,
        asked: Vec::new(),
        refused: false,
        authority: None,
    };
    let answer = walker.ask(resolver, from, name);
    Resolution { steps: walker.steps, chain: walker.chain, answer, authority: walker.authority }
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

    /// An outbound rule that names the platform's DNS is the one filter that its address meets (ADDR-06, DNS-03).
    fn platform_closed(&self, from: Option<Id<Endpoint>>) -> Option<Step> {
        let denied = platform_dns_denied(self.plane, from?)?;
        let (filter, rule) = (denied.filter, denied.rule);
        let step = if denied.certain {
            Step::block(Stage::Name, Reason::DnsFail, format!("{filter} denies AzurePlatformDNS by {}", rule.name))
        } else {
            let text = format!("whether {filter} denies AzurePlatformDNS by {} depends on the source port", rule.name);
            Step::unknown(Stage::Name, Reason::DnsFail, text)
        };
        let fix = format!("remove {} from {filter}", rule.name);
        Some(step.at(filter).span(rule.span).rules(&["DNS-03", "ADDR-06"]).fix(fix))
    }

    fn too_deep(&mut self, origin: &Origin) -> bool {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.circle(origin);
        }
        self.depth > MAX_DEPTH
    }

    fn circle(&mut self, origin: &Origin) {
        self.steps.push(
            Step::block(Stage::Name, Reason::DnsLoop, format!("the query runs in a circle through {origin}"))
                .at(origin)
                .rules(&["DNS-05"])
                .fix("break the circle of forwarders or aliases"),
        );
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
        let asked = self.question == *name;
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
            self.refused = true;
            return Answer::None(Reason::DnsFail);
        }
        self.authority = None;
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
            self.authority = Some(Authority::new(&zone.name, &zone.records, true, name));
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
            && let Some(from) = {
                // Any of the outbound endpoints may send the query (RESOLVER-02, EVAL-05).
                let label = |i: usize| {
                    forwarding.from.get(i).map_or(String::new(), |f| plane.endpoints.get(*f).origin.to_string())
                };
                forwarding.from.get(self.context.forks.pick(forwarding.from.len(), label))
            }
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
        self.authority = None;
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
                let mut shown: Vec<_> = addresses.iter().map(|a| crate::net::shown(*a)).collect();
                shown.dedup();
                let text = format!("{name} → {} ({who})", shown.join(", "));
                self.steps.push(Step::pass(Stage::Name, text).span(record.origin.span).rules(rules));
                Answer::Addresses(addresses.clone())
            }
            RecordData::Alias(next) => {
                let text = format!("{name} → {next} ({who})");
                self.steps.push(Step::pass(Stage::Name, text).span(record.origin.span).rules(&["DNS-07"]));
                if self.chain.contains(next) {
                    self.circle(&record.origin);
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
