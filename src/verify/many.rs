//! Expectations of many flows: every selected client to every selected service.
//!
//! The matrix answers all pairs at once; what it does not say (all reasons, elements of the path, answers of names, what
//! the alternatives of a flow come to) is read off the trace of one pair for each two classes that no rule tells apart.
//! Something is not asked to reach itself.

use super::{
    Checked, Outcome,
    claims::{self, Claim},
};
use crate::{
    dataplane::{ClientKind, Plane},
    matrix::{Aim, Asker, Common, Matrix, Service, askers, is_implied, service, ways},
    net::Transport,
    scenario::{End, Expectation, ExpectationFields},
    select::Traits,
    snapshot::Snapshot,
    trace::{Question, QuestionError, client, trace},
    verdict::{Reason, Verdict, Via},
};
use rayon::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

/// Counterexamples that are traced to tell all their reasons; beyond, the deciding reason stands for all.
const TRACED: usize = 10_000;

/// Groups of the matrix that are compared with the step engine before their answers are used.
const VERIFIED: usize = 100;

/// What the flows of an expectation came to.
#[derive(Debug, Clone, Default)]
pub struct Pairs {
    /// Selected clients.
    pub clients: usize,
    /// Selected services, each on one port.
    pub services: usize,
    /// Flows that were asked for: every pair, but nothing with itself.
    pub pairs: u64,
    /// Flows by verdict.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// Flows that the step engine decided, because the solver left them over or something unmodelled could change them.
    pub delegated: u64,
    /// Flows that come out otherwise or are undecided, by what is alike: certain ones first, then larger ones.
    pub counterexamples: Vec<Counterexample>,
}

impl Pairs {
    /// Adds what further flows of the same clients came to.
    fn add(&mut self, more: Self) {
        self.pairs += more.pairs;
        self.delegated += more.delegated;
        for (verdict, count) in more.verdicts {
            *self.verdicts.entry(verdict).or_default() += count;
        }
        self.counterexamples.extend(more.counterexamples);
        self.counterexamples.sort_by(|a, b| (a.outcome, b.pairs, &a.witness).cmp(&(b.outcome, a.pairs, &b.witness)));
    }
}

/// Flows that differ from an expectation alike: clients and services that no rule tells apart, the same verdict, path and
/// reasons.
#[derive(Debug, Clone)]
pub struct Counterexample {
    /// Number of flows.
    pub pairs: u64,
    /// Whether they differ or are undecided.
    pub outcome: Outcome,
    /// The verdict.
    pub verdict: Verdict,
    /// How they get through.
    pub via: Option<Via>,
    /// Reasons against them, the deciding one first.
    pub reasons: Vec<Reason>,
    /// What differs, one sentence each.
    pub differences: Vec<String>,
    /// The clients.
    pub clients: Members,
    /// The services.
    pub services: Members,
    /// One of the flows.
    pub witness: Question,
}

/// Members of a group.
#[derive(Debug, Clone)]
pub struct Members {
    /// What they have in common, in words.
    pub label: String,
    /// All of them, as questions name them.
    pub names: Vec<String>,
}

/// All clients and services of a snapshot with their traits, found once.
#[derive(Default)]
pub(super) struct Choice {
    traits: OnceLock<(Vec<Traits>, Vec<Traits>)>,
}

impl Choice {
    fn traits(&self, snapshot: &Snapshot) -> &(Vec<Traits>, Vec<Traits>) {
        self.traits.get_or_init(|| {
            let (plane, labels) = (&snapshot.plane, snapshot.labels());
            let clients = askers(plane).iter().map(|c| Traits::of_client(plane, c, &labels)).collect();
            (clients, ways(plane).iter().map(|s| Traits::of_service(plane, s, &labels)).collect())
        })
    }
}

/// Evaluates an expectation of many flows.
///
/// # Errors
/// If a question of a name that stands at one of its ends cannot be asked.
pub(super) fn check(snapshot: &Snapshot, expectation: &Expectation, choice: &Choice) -> Result<Checked, QuestionError> {
    let (plane, fields) = (&snapshot.plane, &expectation.fields);
    let (of_clients, of_services) = choice.traits(snapshot);
    let mut complaints = Vec::new();
    let asking = chosen(askers(plane), of_clients, &fields.from, "from", "client", &mut complaints, |a| {
        let named = client(plane, &fields.from.value)?;
        let known: Vec<_> = a.into_iter().filter(|(asker, _)| std::ptr::eq(asker.client, named)).collect();
        // An address or range of the internet that nobody stands for unless it is written.
        let admitted = || {
            let asker = Asker { origin: &named.origin, client: named, name: fields.from.value.clone() };
            let traits = Traits::of_client(plane, &asker, &Default::default());
            vec![(asker, traits)]
        };
        Ok(if known.is_empty() { admitted() } else { known })
    })?;
    let asked = chosen(ways(plane), of_services, &fields.to, "to", "service", &mut complaints, |_| {
        let service = named_service(plane, &asking, fields)?;
        let traits = Traits { name: service.to.clone(), ..Traits::of_service(plane, &service, &Default::default()) };
        Ok(vec![(service, traits)])
    })?;
    let asked = if fields.to.selects() { on_ports(asked, fields, &mut complaints) } else { asked };
    let mut checked = Checked {
        id: expectation.id.clone(),
        span: expectation.span,
        from: fields.from.value.clone(),
        to: fields.to.value.clone(),
        outcome: Outcome::Failed,
        differences: complaints,
        trace: None,
        pairs: Some(Pairs { clients: asking.len(), services: asked.len(), ..Pairs::default() }),
    };
    if !checked.differences.is_empty() {
        return Ok(checked);
    }
    let meant = |(s, t): &(Service, Traits)| {
        let usual = s.usual_name && (s.usual_port || fields.port.span.is_some());
        usual && (!fields.to.selects() || fields.to.selectors.iter().any(|s| s.means(t)))
    };
    let (mut usual, mut further): (Vec<_>, Vec<_>) = asked.into_iter().partition(meant);
    if usual.is_empty() {
        // What is selected by nothing else is meant itself.
        std::mem::swap(&mut usual, &mut further);
    }
    let exposing = exposing(fields);
    if exposing.is_some() && !fields.to.selects() {
        further.extend(further_ways(plane, of_services, &fields.to.value, &usual));
    }
    // Who stands for the rest of the internet asks for what must not be open; for anything if nobody else is selected.
    let implied = |(a, _): &(Asker<'_>, Traits)| is_implied(a.client) && fields.from.selects();
    let (mut implied, mut asking): (Vec<_>, Vec<_>) = asking.into_iter().partition(implied);
    let alone = asking.is_empty();
    let implied_ask = !implied.is_empty() && (alone || exposing.is_some());
    match exposing {
        _ if alone => std::mem::swap(&mut implied, &mut asking),
        None => implied.clear(),
        Some(_) => {}
    }
    let all: Vec<_> = usual.iter().cloned().chain(further.iter().cloned()).collect();
    let services = if exposing.is_some() { all.len() } else { usual.len() };
    let mut rounds = vec![(fields, &asking, usual)];
    if let Some(exposing) = &exposing {
        rounds.push((exposing, &asking, further));
        rounds.push((exposing, &implied, all));
    }
    rounds.retain(|(_, asking, asked)| !asking.is_empty() && !asked.is_empty());
    let mut pairs = Pairs { clients: asking.len() + implied.len(), ..Pairs::default() };
    let mut first = None;
    for (fields, asking, asked) in rounds {
        let (asking, client_traits): (Vec<_>, Vec<_>) = asking.iter().cloned().unzip();
        let (asked, service_traits): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
        let matrix = &Matrix::new(plane, asking, asked);
        let round = Round { fields, matrix, clients: &client_traits, services: &service_traits };
        pairs.add(round.evaluate());
        first = first.or_else(|| round.first());
    }
    pairs.services = services;
    if pairs.pairs == 0 {
        checked.differences.push("only pairs of something with itself are selected".to_owned());
    } else {
        let worst = pairs.counterexamples.first();
        checked.outcome = worst.map_or(Outcome::Held, |c| c.outcome);
        checked.differences = summary(&pairs);
        let unasked = plane.internet.left_out;
        if unasked > 0 && implied_ask {
            checked.outcome = checked.outcome.min(Outcome::Undecided);
            checked.differences.push(format!(
                "{unasked} further ranges of the internet that rules tell apart were not asked from: there are too many"
            ));
        }
        let witness = worst.map(|c| c.witness.clone()).or(first);
        checked.trace = witness.and_then(|q| trace(plane, &q).ok());
    }
    checked.pairs = Some(pairs);
    Ok(checked)
}

/// What an expectation says of further ways: those that are not meant to be used must not be open where it forbids that.
/// None if it forbids nothing that is open. Of one target by its name, without a port or protocol, that is to be public only: what else it is may well be
/// open otherwise.
#[must_use]
pub fn exposing(fields: &ExpectationFields) -> Option<ExpectationFields> {
    let mut reduced = fields.clone();
    let open = |v: Verdict| {
        matches!(v, Verdict::Private | Verdict::Backbone | Verdict::Public | Verdict::Partial | Verdict::Unsupported)
    };
    let whole = fields.to.selects();
    if !whole && (fields.port.span.is_some() || fields.protocol.span.is_some()) {
        return None;
    }
    let never = reduced.never.as_mut()?;
    never.0.retain(|v| if whole { open(v.value) } else { v.value == Verdict::Public });
    (!never.0.is_empty()).then_some(reduced)
}

/// Every other way to what a name means: further names, slots and sites of a service, public addresses of a machine.
fn further_ways(plane: &Plane, traits: &[Traits], name: &str, usual: &[(Service, Traits)]) -> Vec<(Service, Traits)> {
    let host = crate::trace::host_of(name);
    let meant = |kind: &str, called: &str| called == host || host == format!("{kind}.{called}");
    let known = |s: &Service| usual.iter().any(|(u, _)| (&u.aim, u.transport, u.port) == (&s.aim, s.transport, s.port));
    let all = ways(plane).into_iter().zip(traits.iter().cloned());
    all.filter(|(s, t)| std::iter::once(t).chain(&t.also).any(|t| meant(&t.kind, &t.name)) && !known(s)).collect()
}

/// What an end selects, each with its traits; complains about what selects nothing.
fn chosen<T>(
    all: Vec<T>,
    traits: &[Traits],
    end: &End,
    side: &str,
    what: &str,
    complaints: &mut Vec<String>,
    named: impl FnOnce(Vec<(T, Traits)>) -> Result<Vec<(T, Traits)>, QuestionError>,
) -> Result<Vec<(T, Traits)>, QuestionError> {
    let all = all.into_iter().zip(traits.iter().cloned());
    if !end.selects() {
        return named(all.collect());
    }
    for selector in &end.selectors {
        let nothing = !traits.iter().any(|t| selector.matches(t));
        let lead = if nothing { format!("{side} selects nothing") } else { side.to_owned() };
        complaints.extend(selector.complaints(traits, what).into_iter().map(|c| format!("{lead}: {c}")));
    }
    Ok(all.filter(|(_, t)| end.selectors.iter().any(|s| s.matches(t))).collect())
}

/// The service that a name means, once it is known that it can be asked for.
fn named_service(
    plane: &Plane,
    asking: &[(Asker<'_>, Traits)],
    fields: &ExpectationFields,
) -> Result<Service, QuestionError> {
    let (to, transport) = (&fields.to.value, fields.protocol.value);
    let port = transport.port(fields.port.value);
    let called =
        |identity: bool| asking.iter().find(|(a, _)| matches!(a.client.kind, ClientKind::Identity(_)) == identity);
    for (asker, _) in [called(false), called(true)].into_iter().flatten() {
        trace(plane, &Question { from: asker.name.clone(), to: to.clone(), port, transport })?;
    }
    let missing = || {
        let why = crate::dataplane::NotFound::Missing(None);
        QuestionError::Target(to.clone(), plane.targets.suggest(to, why))
    };
    service(plane, to, port, transport).ok_or_else(missing)
}

/// Services on the port that is asked for, or on those they serve.
fn on_ports(
    asked: Vec<(Service, Traits)>,
    fields: &ExpectationFields,
    complaints: &mut Vec<String>,
) -> Vec<(Service, Traits)> {
    let (port, transport) = (fields.port.value, fields.protocol.value);
    if fields.port.span.is_some() {
        let mut known = BTreeSet::new();
        let fresh =
            asked.into_iter().filter(|(s, _)| known.insert((s.origin.kind, s.origin.name.clone(), s.to.clone())));
        return fresh.map(|(s, t)| (Service { port, transport, ..s }, t)).collect();
    }
    if fields.protocol.span.is_none() {
        return asked;
    }
    if transport == Transport::Icmp {
        // What has an address of its own may be sent an echo, whatever else it serves.
        let mut known = BTreeSet::new();
        let some = !asked.is_empty();
        let echo: Vec<_> = asked
            .into_iter()
            .filter(|(s, _)| matches!(s.aim, Aim::Address(..)) && known.insert(s.to.clone()))
            .collect();
        if some && echo.is_empty() {
            complaints
                .push("to selects nothing: no selected service has an address that icmp could be sent to".to_owned());
        }
        return echo.into_iter().map(|(s, t)| (Service { port: 0, transport, ..s }, t)).collect();
    }
    let some = !asked.is_empty();
    let served: Vec<_> = asked.into_iter().filter(|(s, _)| s.transport == transport).collect();
    if some && served.is_empty() {
        complaints.push(format!("to selects nothing: no selected service serves {transport}; write the `port`, too"));
    }
    served
}

/// One evaluation.
struct Round<'r, 'p> {
    fields: &'r ExpectationFields,
    matrix: &'r Matrix<'p>,
    clients: &'r [Traits],
    services: &'r [Traits],
}

/// Pairs that are judged together.
struct Unit<'u> {
    clients: &'u [usize],
    services: &'u [usize],
    /// Whether the trace of one is needed to judge.
    traced: bool,
    /// Whether it is one pair that is answered by itself, because both have one address.
    namesakes: bool,
}

impl<'u> Unit<'u> {
    /// Pairs that are judged by the trace of one of them.
    fn traced(clients: &'u [usize], services: &'u [usize]) -> Self {
        Self { clients, services, traced: true, namesakes: false }
    }
}

/// What differs alike, before it is told who.
type Kind = (Claim, Verdict, Option<Via>, Vec<Reason>);

impl Round<'_, '_> {
    fn evaluate(&self) -> Pairs {
        let matrix = self.matrix;
        let mut pairs = Pairs {
            clients: matrix.clients.len(),
            services: matrix.services.len(),
            delegated: matrix.delegated,
            verdicts: matrix.totals.iter().collect(),
            ..Pairs::default()
        };
        for (client, service) in matrix.own() {
            let verdict = matrix.answer(*client, *service).outcome().map_or(Verdict::Unknown, |o| o.verdict);
            pairs.verdicts.entry(verdict).and_modify(|n| *n = n.saturating_sub(1));
        }
        pairs.verdicts.retain(|_, n| *n > 0);
        pairs.pairs = (matrix.clients.len() * matrix.services.len() - matrix.own().len()) as u64;
        let apart: BTreeSet<&str> =
            self.fields.through.iter().chain(&self.fields.not_through).map(|e| e.value.as_str()).collect();
        let classes = matrix.classes(&apart);
        let agreed = matrix.disagreements(VERIFIED).is_empty();
        let namesakes: Vec<([usize; 1], [usize; 1])> =
            matrix.namesakes().iter().map(|(client, service)| ([*client], [*service])).collect();
        let alone = namesakes.iter().map(|(c, s)| Unit { namesakes: true, ..Unit::traced(c, s) });
        let mut units = if agreed { self.units(&classes) } else { Vec::new() };
        units.extend(alone);
        if let Some(violating) = self.violating(&units).filter(|_| agreed) {
            pairs.counterexamples = self.grouped(&units, violating);
            return pairs;
        }
        // One of the two engines is wrong, so every flow is asked for by itself.
        let numbers = |count: usize| (0..count).collect::<Vec<usize>>();
        let (clients, services) = (numbers(matrix.clients.len()), numbers(matrix.services.len()));
        let each = clients.chunks(1).flat_map(|c| services.chunks(1).map(move |s| (c, s)));
        let namesakes = |unit: &Unit<'_>| {
            let pair = unit.clients.first().zip(unit.services.first());
            pair.is_some_and(|(c, s)| matrix.namesakes().binary_search(&(*c, *s)).is_ok())
        };
        let units: Vec<_> = each
            .map(|(clients, services)| Unit::traced(clients, services))
            .map(|unit| Unit { namesakes: namesakes(&unit), ..unit })
            .collect();
        pairs.delegated = pairs.pairs;
        pairs.counterexamples = self.grouped(&units, self.violating(&units).unwrap_or_default());
        pairs
    }

    /// Units that differ; none at all if the matrix and the step engine contradict each other.
    fn violating(&self, units: &[Unit<'_>]) -> Option<Vec<(usize, Kind)>> {
        let judged = |(number, unit): (usize, &Unit<'_>)| Some((number, self.judged(unit)?));
        let mut found: Vec<(usize, Kind)> = units.par_iter().enumerate().filter_map(judged).collect();
        let told: Option<Vec<Kind>> = found
            .par_iter()
            .take(TRACED)
            .map(|(number, kind)| {
                let unit = units.get(*number)?;
                let told = if unit.traced { Some(kind.clone()) } else { self.traced_kind(unit) }?;
                let same = (&told.0, told.1, told.2, told.3.first()) == (&kind.0, kind.1, kind.2, kind.3.first());
                same.then_some(told)
            })
            .collect();
        found.iter_mut().zip(told?).for_each(|((_, kind), told)| *kind = told);
        Some(found)
    }

    /// Groups of the matrix; classes where more must be known than a group has in common.
    fn units<'u>(&'u self, classes: &'u crate::matrix::Classes) -> Vec<Unit<'u>> {
        let groups = &self.matrix.groups;
        let all = claims::needs_trace(self.fields);
        let mut units = Vec::new();
        let inside = |lists: &'u [Vec<usize>], of: &dyn Fn(usize) -> Option<usize>, group: usize| -> Vec<&'u [usize]> {
            let here = lists.iter().filter(|l| l.first().and_then(|m| of(*m)) == Some(group));
            here.map(Vec::as_slice).collect()
        };
        let rows: Vec<_> =
            (0..groups.clients.len()).map(|g| inside(&classes.clients, &|c| groups.row_of(c), g)).collect();
        let columns: Vec<_> =
            (0..groups.services.len()).map(|g| inside(&classes.services, &|s| groups.column_of(s), g)).collect();
        for (row, clients) in groups.clients.iter().enumerate() {
            for (column, services) in groups.services.iter().enumerate() {
                let verdict = groups.cell(row, column).outcome().map_or(Verdict::Unknown, |o| o.verdict);
                let several = self.fields.never.is_some() && matches!(verdict, Verdict::Partial | Verdict::Unknown);
                if !all && !several {
                    units.push(Unit { traced: false, ..Unit::traced(&clients.members, &services.members) });
                    continue;
                }
                for clients in rows.get(row).into_iter().flatten().copied() {
                    let here = columns.get(column).into_iter().flatten().copied();
                    units.extend(here.map(|services| Unit::traced(clients, services)));
                }
            }
        }
        units
    }

    /// A pair that stands for a unit; none if all are answered by themselves, and elsewhere.
    fn standing(&self, unit: &Unit<'_>) -> Option<(usize, usize)> {
        let mut all = unit.clients.iter().flat_map(|c| unit.services.iter().map(move |s| (*c, *s)));
        all.find(|(c, s)| unit.namesakes || !self.matrix.is_apart(*c, *s))
    }

    /// What differs about the pairs of a unit; none if it is as expected.
    fn judged(&self, unit: &Unit<'_>) -> Option<Kind> {
        if unit.traced {
            return self.traced_kind(unit);
        }
        let (client, service) = self.standing(unit)?;
        let found = self.matrix.groups.of_pair(client, service).outcome();
        let verdict = found.map_or(Verdict::Unknown, |o| o.verdict);
        let (via, reason) = (found.and_then(|o| o.via), found.and_then(|o| o.reason));
        let claim = claims::of_verdict(self.fields, verdict, via, reason, &[verdict]);
        (claim.outcome != Outcome::Held).then(|| (claim, verdict, via, reason.into_iter().collect()))
    }

    /// The same by the trace of a pair.
    fn traced_kind(&self, unit: &Unit<'_>) -> Option<Kind> {
        let (client, service) = self.standing(unit)?;
        let trace = trace(self.matrix.plane(), &self.matrix.question(client, service)?).ok()?;
        let claim = claims::of_trace(self.fields, self.matrix.plane(), &trace);
        let judged = trace.judgement;
        (claim.outcome != Outcome::Held).then_some((claim, judged.verdict, judged.via, judged.reasons))
    }

    /// Puts together what differs alike: services that the same clients meet, then clients that meet the same services.
    fn grouped(&self, units: &[Unit<'_>], violating: Vec<(usize, Kind)>) -> Vec<Counterexample> {
        let mut by_clients: BTreeMap<(&[usize], bool, Kind), Vec<usize>> = BTreeMap::new();
        for (number, kind) in violating {
            let Some(unit) = units.get(number) else { continue };
            by_clients.entry((unit.clients, unit.namesakes, kind)).or_default().extend(unit.services);
        }
        let mut alike: BTreeMap<(Kind, bool, Vec<usize>), Vec<usize>> = BTreeMap::new();
        for ((clients, namesakes, kind), mut services) in by_clients {
            services.sort_unstable();
            alike.entry((kind, namesakes, services)).or_default().extend(clients);
        }
        let found: Vec<Counterexample> = alike
            .into_iter()
            .filter_map(|(((claim, verdict, via, reasons), namesakes, services), mut clients)| {
                clients.sort_unstable();
                let unit = Unit { namesakes, ..Unit::traced(&clients, &services) };
                let (client, service) = self.standing(&unit)?;
                Some(Counterexample {
                    pairs: self.count(&unit),
                    outcome: claim.outcome,
                    verdict,
                    via,
                    reasons,
                    differences: claim.differences,
                    clients: self.client_members(&clients),
                    services: self.service_members(&services),
                    witness: self.matrix.question(client, service)?,
                })
            })
            .collect();
        found
    }

    /// Pairs of a unit, without those that are answered by themselves.
    fn count(&self, unit: &Unit<'_>) -> u64 {
        let Unit { clients, services, .. } = unit;
        let both = |(c, s): &&(usize, usize)| clients.binary_search(c).is_ok() && services.binary_search(s).is_ok();
        let other = if unit.namesakes { &[] } else { self.matrix.namesakes() };
        let apart = self.matrix.own().iter().chain(other).filter(both).count();
        (clients.len() * services.len() - apart) as u64
    }

    fn client_members(&self, members: &[usize]) -> Members {
        let named =
            members.iter().filter_map(|m| Some((self.clients.get(*m)?, self.matrix.clients.get(*m)?.name.clone())));
        Members { label: Common::of(named.clone()).to_string(), names: named.map(|(_, name)| name).collect() }
    }

    fn service_members(&self, members: &[usize]) -> Members {
        let named =
            members.iter().filter_map(|m| Some((self.services.get(*m)?, self.matrix.services.get(*m)?.to_string())));
        Members { label: Common::of(named.clone()).to_string(), names: named.map(|(_, name)| name).collect() }
    }

    /// The first flow.
    fn first(&self) -> Option<Question> {
        let all = (0..self.matrix.clients.len()).flat_map(|c| (0..self.matrix.services.len()).map(move |s| (c, s)));
        all.into_iter().find(|(c, s)| !self.matrix.is_own(*c, *s)).and_then(|(c, s)| self.matrix.question(c, s))
    }
}

/// What differs, in a sentence for each outcome.
fn summary(pairs: &Pairs) -> Vec<String> {
    let sentence = |outcome: Outcome, what: &str| {
        let groups: Vec<_> = pairs.counterexamples.iter().filter(|c| c.outcome == outcome).collect();
        let count: u64 = groups.iter().map(|c| c.pairs).sum();
        let kinds = if groups.len() == 1 { "one group".to_owned() } else { format!("{} groups", groups.len()) };
        (count > 0).then(|| format!("{count} of {} flows {what}, in {kinds}", pairs.pairs))
    };
    [sentence(Outcome::Failed, "come out otherwise"), sentence(Outcome::Undecided, "are undecided")]
        .into_iter()
        .flatten()
        .collect()
}
