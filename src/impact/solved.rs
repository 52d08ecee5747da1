//! A solved design, and what another one makes of the same flows.

use super::asked::{Asked, By, Changes, Sort};
use crate::{
    compare::{Effect, Standing, evaluate},
    dataplane::Plane,
    matrix::Matrix,
    trace::trace,
    verdict::Verdict,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, OnceLock, PoisonError},
};

/// All flows of a list, as one plane answers them.
pub(super) struct Solved<'p> {
    pub(super) matrix: Matrix<'p>,
    /// The matrix's number of each client and service; none where the plane has none of the name.
    clients: Vec<Option<u32>>,
    services: Vec<Option<u32>>,
    /// The other way round.
    client_at: Vec<u32>,
    service_at: Vec<u32>,
    /// Classes of the matrix's clients and services.
    classes: OnceLock<[HashMap<usize, usize>; 2]>,
    /// How flows come out that only expectations ask for.
    extra: Vec<Option<Standing>>,
    /// Whether one of several equal ways is public, by classes.
    ways: Mutex<HashMap<(usize, usize), bool>>,
}

/// Those that are there, and the number that each one has among them.
fn settle<T>(all: Vec<Option<T>>) -> (Vec<T>, Vec<Option<u32>>, Vec<u32>) {
    let (mut there, mut numbers, mut back) = (Vec::new(), Vec::new(), Vec::new());
    for (at, one) in (0_u32..).zip(all) {
        numbers.push(one.is_some().then_some(back.len() as u32));
        if let Some(one) = one {
            there.push(one);
            back.push(at);
        }
    }
    (there, numbers, back)
}

impl<'p> Solved<'p> {
    pub(super) fn new(plane: &'p Plane, asked: &Asked) -> Self {
        let extra = extra_in(plane, asked);
        let (askers, clients, client_at) = settle(asked.clients_in(plane));
        let (asked, services, service_at) = settle(asked.services_in(plane));
        let matrix = Matrix::new(plane, askers, asked);
        let (classes, ways) = (OnceLock::new(), Mutex::default());
        Self { matrix, clients, services, client_at, service_at, classes, extra, ways }
    }

    fn row(&self, client: u32) -> Option<usize> {
        self.matrix.groups.row_of(self.clients.get(client as usize).copied()?? as usize)
    }

    fn column(&self, service: u32) -> Option<usize> {
        self.matrix.groups.column_of(self.services.get(service as usize).copied()?? as usize)
    }

    /// Pairs that differ from their groups.
    fn apart(&self) -> impl Iterator<Item = (u32, u32)> {
        let own = self.matrix.own().iter().chain(self.matrix.namesakes());
        own.filter_map(|(c, s)| self.client_at.get(*c).copied().zip(self.service_at.get(*s).copied()))
    }

    /// The verdict of two groups; none where the flow cannot be asked for.
    fn of_groups(&self, row: Option<usize>, column: Option<usize>) -> Option<Verdict> {
        Some(self.matrix.groups.cell(row?, column?).outcome()?.verdict)
    }

    /// How flows come out that only expectations ask for.
    pub(super) fn extra(&self) -> &[Option<Standing>] {
        &self.extra
    }

    /// How one flow comes out; none if it cannot be asked for.
    pub(super) fn standing(&self, (client, service): (u32, u32)) -> Option<Standing> {
        let client = self.clients.get(client as usize).copied()?? as usize;
        let service = self.services.get(service as usize).copied()?? as usize;
        let verdict = self.matrix.answer(client, service).outcome()?.verdict;
        let exposed = match verdict {
            Verdict::Public => true,
            Verdict::Partial => self.any_public(client, service),
            _ => false,
        };
        Some(Standing { verdict, exposed })
    }

    /// Whether one of the equal ways of a partial flow is public: asked once for two classes.
    fn any_public(&self, client: usize, service: usize) -> bool {
        let ask = || {
            let question = self.matrix.question(client, service);
            let found = question.and_then(|q| trace(self.matrix.plane(), &q).ok());
            found.is_some_and(|t| t.alternative_verdicts().contains(&Verdict::Public))
        };
        if self.matrix.is_apart(client, service) {
            return ask();
        }
        let [clients, services] = self.classes.get_or_init(|| {
            let classes = self.matrix.classes(&BTreeSet::new());
            [classes.clients, classes.services].map(|lists| {
                let of = |(class, list): (usize, Vec<usize>)| list.into_iter().map(move |member| (member, class));
                lists.into_iter().enumerate().flat_map(of).collect()
            })
        });
        let Some(key) = clients.get(&client).copied().zip(services.get(&service).copied()) else { return ask() };
        if let Some(known) = self.ways.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return *known;
        }
        let found = ask();
        self.ways.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found);
        found
    }

    /// Whether an edit of the plane is told by verdicts of the solver alone: nothing is left to the step engine, and no
    /// flow has several ways.
    pub(super) fn is_plain(&self) -> bool {
        self.matrix.delegated == 0 && self.matrix.totals.of(Verdict::Partial) == 0
    }

    /// Number of flows, and of those that get through.
    pub(super) fn count(&self, asked: &Asked) -> (usize, usize) {
        let (rows, columns) = (rows(asked, |c| (self.row(c), None)), columns(asked, |s| (self.column(s), None)));
        let apart: BTreeSet<(u32, u32)> = self.apart().chain(asked.itself.iter().copied()).collect();
        let (mut all, mut through) = (0, 0);
        let is_through =
            |v: Option<Verdict>| v.is_some_and(|verdict| Standing { verdict, exposed: false }.is_through());
        for ((sort, row, _), clients) in &rows {
            for ((by, column, _), services) in columns.iter().filter(|((by, ..), _)| by.has(*sort)) {
                debug_assert!(by.has(*sort));
                let Some(verdict) = self.of_groups(*row, *column) else { continue };
                let own = |c: &u32| {
                    let own = apart.range((*c, 0)..=(*c, u32::MAX));
                    own.filter(|(_, s)| services.binary_search(s).is_ok()).count()
                };
                let flows = clients.len() * services.len() - clients.iter().map(own).sum::<usize>();
                all += flows;
                through += if is_through(Some(verdict)) { flows } else { 0 };
            }
        }
        let single = apart.iter().filter(|p| asked.asks(**p)).map(|p| self.standing(*p));
        for standing in single.chain(self.extra.iter().copied()).flatten() {
            all += 1;
            through += usize::from(standing.is_through());
        }
        (all, through)
    }
}

/// Members of the same key, in order.
type Lists<K> = BTreeMap<K, Vec<u32>>;
/// Groups before and after.
type Two = (Option<usize>, Option<usize>);

fn rows(asked: &Asked, of: impl Fn(u32) -> Two) -> Lists<(Sort, Option<usize>, Option<usize>)> {
    let mut found: Lists<_> = BTreeMap::new();
    for (client, sort) in (0_u32..).zip(&asked.sorts) {
        let (before, after) = of(client);
        found.entry((*sort, before, after)).or_default().push(client);
    }
    found
}

fn columns(asked: &Asked, of: impl Fn(u32) -> Two) -> Lists<(By, Option<usize>, Option<usize>)> {
    let mut found: Lists<_> = BTreeMap::new();
    for (service, by) in (0_u32..).zip(&asked.by) {
        let (before, after) = of(service);
        found.entry((*by, before, after)).or_default().push(service);
    }
    found
}

/// The effect on a flow, if it matters: what did not get through loses nothing with its end, or with the knowledge of it.
pub(super) fn effect(before: Option<Standing>, after: Option<Standing>) -> Option<Effect> {
    let effect = Effect::of_standings(Some(before?), after)?;
    let matters = before?.is_through() || !matches!(effect, Effect::Removed | Effect::Undecided);
    matters.then_some(effect)
}

/// What comes out otherwise after than before.
pub(super) fn between(asked: &Asked, before: &Solved<'_>, after: &Solved<'_>) -> Changes {
    let rows = rows(asked, |c| (before.row(c), after.row(c)));
    let columns = columns(asked, |s| (before.column(s), after.column(s)));
    let own = before.apart().chain(after.apart());
    let apart: BTreeSet<(u32, u32)> = own.chain(asked.itself.iter().copied()).collect();
    let mut changes = Changes::new(apart);
    let plain = |verdict| Standing { verdict, exposed: verdict == Verdict::Public };
    for ((sort, was, is), clients) in &rows {
        let mut found: Lists<Effect> = BTreeMap::new();
        for ((_, old, new), services) in columns.iter().filter(|((by, ..), _)| by.has(*sort)) {
            let (before_all, after_all) = (before.of_groups(*was, *old), after.of_groups(*is, *new));
            if [before_all, after_all].contains(&Some(Verdict::Partial)) {
                for pair in clients.iter().flat_map(|c| services.iter().map(move |s| (*c, *s))) {
                    if !changes.leaves_out(pair)
                        && let Some(effect) = effect(before.standing(pair), after.standing(pair))
                    {
                        changes.add_one(pair, effect);
                    }
                }
            } else if let Some(effect) = effect(before_all.map(plain), after_all.map(plain)) {
                found.entry(effect).or_default().extend(services);
            }
        }
        for (effect, mut services) in found {
            services.sort_unstable();
            changes.add(effect, clients.clone(), services);
        }
    }
    let apart: Vec<(u32, u32)> = changes.left_out().filter(|p| asked.asks(*p)).collect();
    for pair in apart {
        if let Some(effect) = effect(before.standing(pair), after.standing(pair)) {
            changes.add_one(pair, effect);
        }
    }
    changes.expect(asked, &before.extra, &after.extra);
    changes
}

/// How flows come out that only expectations ask for.
pub(super) fn extra_in(plane: &Plane, asked: &Asked) -> Vec<Option<Standing>> {
    asked.extra().map(|(_, question)| evaluate(plane, question).map(|a| a.standing())).collect()
}
