//! A solved estate that is edited: what each edit changes, without solving everything again where that can be avoided.

use super::{
    Asker, Problem, Service, clients, services,
    views::{Known, Lookups, Views, ask, queries, sight, tells},
};
use crate::{
    dataplane::{Client, ClientKind, Endpoint, Id, Plane, Resolver, Segment},
    net::PLATFORM_ADDRESS,
    reach::{Cell, Column, Edit, EditError, Flip, Followed, NoNames, Source, Totals, Whole},
    verdict::Verdict,
};
use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

/// All clients against all services of a plane, solved and kept up to date with edits.
///
/// ```
/// use privreach::{
///     generate::{Options, scenario},
///     matrix::Live,
///     reach::{Edit, Place},
///     snapshot::Snapshot,
/// };
///
/// let plane = Snapshot::new(scenario(&Options::new(40, 12, 1))?).plane;
/// // A subnet with a security group: what if the group were taken away?
/// let guarded = plane.segments.iter().find(|(_, s)| s.filter.is_some()).map(|(id, _)| id);
/// let subnet = guarded.ok_or("no subnet has a group")?;
///
/// let mut live = Live::new(plane);
/// let before = live.totals().clone();
/// let change = live.apply(&[Edit::Filter { at: Place::Segment(subnet), filter: None }])?;
/// for flip in &change.flips {
///     println!("{:?} to {:?}: {} pairs", flip.was, flip.is, flip.pairs());
/// }
///
/// // Undone, everything is as it was.
/// live.apply(&change.undo)?;
/// assert_eq!(*live.totals(), before);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Live {
    plane: Plane,
    sources: Vec<Source>,
    columns: Vec<Column>,
    views: Views,
    clients: Vec<Client>,
    /// Clients by the segment they are in.
    members: BTreeMap<Id<Segment>, Vec<usize>>,
    followed: Followed,
    /// What sends from any address of its segment.
    anywhere: Vec<Id<Endpoint>>,
    /// Who asks for what, by name; otherwise all clients for all services.
    asked: Option<Arc<Chosen>>,
    /// What servers make of queries, as far as it was met.
    known: Known,
}

/// Clients by the name that a question finds them by, and what they ask for.
type Chosen = (Vec<(String, Client)>, Vec<Service>);

/// What edits changed.
#[derive(Debug, Clone)]
pub struct Change {
    /// Pairs of sources and columns that changed, in blocks that changed alike; no pair is in two of them.
    pub flips: Vec<Flip>,
    /// Why everything was solved again; none if the edits were followed in place.
    pub whole: Option<Whole>,
    /// Whether names are answered otherwise than before, so that services land elsewhere. Columns are others then, and
    /// `flips` is empty: nothing can be said pair by pair.
    pub renamed: bool,
    /// Edits that undo these.
    pub undo: Vec<Edit>,
}

impl Live {
    /// Solves a plane.
    #[must_use]
    pub fn new(plane: Plane) -> Self {
        Self::of(plane, None)
    }

    /// Solves chosen clients against chosen services of a plane, which are numbered in this order.
    #[must_use]
    pub fn asking(plane: Plane, clients: Vec<(String, Client)>, services: Vec<Service>) -> Self {
        Self::of(plane, Some(Arc::new((clients, services))))
    }

    fn of(plane: Plane, chosen: Option<Arc<Chosen>>) -> Self {
        let (sources, columns, views) = asked(&plane, chosen.as_deref());
        let followed = Followed::new(&plane, &sources, &columns, &Lookups::new(&plane));
        let clients: Vec<Client> = match &chosen {
            Some(chosen) => chosen.0.iter().map(|(_, c)| c.clone()).collect(),
            None => clients(&plane).into_iter().map(|a| a.client.clone()).collect(),
        };
        let mut members: BTreeMap<Id<Segment>, Vec<usize>> = BTreeMap::new();
        for (number, client) in clients.iter().enumerate() {
            if let ClientKind::Endpoint(id) = client.kind
                && let Some(segment) = plane.endpoints.get(id).segment
            {
                members.entry(segment).or_default().push(number);
            }
        }
        let anywhere = plane.anywhere();
        let known = Known::default();
        Self { plane, sources, columns, views, clients, members, followed, anywhere, asked: chosen, known }
    }

    /// The plane as it is now.
    #[must_use]
    pub fn plane(&self) -> &Plane {
        &self.plane
    }

    /// Sources, one for each client in order of name, and columns, to which flips refer by number.
    #[must_use]
    pub fn problem(&self) -> (&[Source], &[Column]) {
        (&self.sources, &self.columns)
    }

    /// The column in which a service lands for a client, both by their number in order of name.
    #[must_use]
    pub fn column(&self, client: usize, service: usize) -> Option<usize> {
        self.views.column(client, service)
    }

    /// Where names lead, by view.
    pub(crate) fn views(&self) -> &Views {
        &self.views
    }

    /// The verdict of a source and a column; none if it is left to the step engine.
    #[must_use]
    pub fn verdict(&self, source: usize, column: usize) -> Option<Verdict> {
        self.followed.verdict(source, column)
    }

    /// Exact totals over all sources and columns.
    #[must_use]
    pub fn totals(&self) -> &Totals {
        self.followed.totals()
    }

    /// Whether edits that could be made would be followed in place, as far as is known beforehand.
    #[must_use]
    pub fn follows(&self, edits: &[Edit]) -> bool {
        self.followed.follows(&self.plane, edits, &Lookups::new(&self.plane))
    }

    /// Makes edits, and says what they changed.
    ///
    /// # Errors
    /// If one of them cannot be made; none is made then.
    pub fn apply(&mut self, edits: &[Edit]) -> Result<Change, EditError> {
        let mut undo: Vec<Edit> = Vec::new();
        for edit in edits {
            match edit.apply(&mut self.plane) {
                Ok(back) => drop(undo.splice(0..0, back)),
                Err(error) => {
                    // What was just changed can be changed back.
                    for back in &undo {
                        back.apply(&mut self.plane)?;
                    }
                    return Err(error);
                }
            }
        }
        let spread = self.spread(edits);
        let lookups = Lookups::new(&self.plane);
        let change = match spread {
            true => self.followed.renew(&self.plane, &self.sources, &self.columns, &lookups),
            false => self.followed.follow(&self.plane, [edits, &undo], &self.sources, &self.columns, &lookups),
        };
        let renamed = match change.whole {
            None => edits.iter().chain(&undo).any(Edit::may_meet_queries) && self.renamed(edits),
            // Others' queries may pass where the edit was made.
            Some(_) => {
                let (sources, columns, views) = asked(&self.plane, self.asked.as_deref());
                (&sources, &columns, &views) != (&self.sources, &self.columns, &self.views)
            }
        };
        if renamed {
            let plane = std::mem::take(&mut self.plane);
            *self = Self::of(plane, self.asked.take());
            return Ok(Change { flips: Vec::new(), whole: Some(Whole::Names), renamed, undo });
        }
        Ok(Change { flips: change.flips, whole: change.whole, renamed, undo })
    }

    /// Whatever sends from any address of its segment gets one of each kind that rules tell apart now; tells whether it had
    /// none of some kind. Undoing an edit takes none away: two addresses of one kind are answered alike.
    fn spread(&mut self, edits: &[Edit]) -> bool {
        let plane = &mut self.plane;
        let parted = |id: &Id<Endpoint>| {
            let home = plane.endpoints.get(*id).segment.map(|s| plane.segments.get(s).prefixes.as_slice());
            home.is_some_and(|prefixes| edits.iter().any(|e| e.may_tell_apart(prefixes)))
        };
        let parted: Vec<Id<Endpoint>> = self.anywhere.iter().copied().filter(parted).collect();
        if parted.is_empty() {
            return false;
        }
        let taken = plane.allocations.clone();
        let mut found = false;
        for id in &parted {
            let before = plane.endpoints.get(*id).addresses.len();
            plane.spread(*id, |a| taken.at(a).is_empty());
            found |= plane.endpoints.get(*id).addresses.len() > before;
        }
        found
    }

    /// Whether names are answered otherwise for clients in the segments that edits touch; nobody else's queries pass
    /// there.
    fn renamed(&mut self, edits: &[Edit]) -> bool {
        let Self { plane, sources, views, clients, members, followed, known, .. } = self;
        let segments = edits.iter().flat_map(|e| e.segments(plane));
        let touched: Vec<usize> = segments.filter_map(|s| members.get(&s)).flatten().copied().collect();
        // What the solver says of their queries mostly tells, and many come to the same.
        let mut telling: BTreeMap<IpAddr, bool> = BTreeMap::new();
        let mut told = |server: &IpAddr| {
            *server != PLATFORM_ADDRESS && *telling.entry(*server).or_insert_with(|| tells(plane, *server))
        };
        let asked: Vec<(usize, IpAddr)> = touched
            .iter()
            .flat_map(|number| {
                let servers = match clients.get(*number).map(|c| &c.resolver) {
                    Some(Resolver::Servers { servers, .. }) => servers.as_slice(),
                    _ => &[],
                };
                servers.iter().copied().filter(&mut told).map(|server| (*number, server)).collect::<Vec<_>>()
            })
            .collect();
        let pairs: Vec<(Source, Column)> = asked
            .iter()
            .filter_map(|(number, server)| Some((Source::new(sources.get(*number)?.sender), *server)))
            .flat_map(|(source, server)| queries(server).map(|column| (source.clone(), column)))
            .collect();
        let cells = followed.decide(plane, &pairs, &NoNames);
        let cells: BTreeMap<(usize, IpAddr), [Cell; 2]> =
            asked.into_iter().zip(cells.chunks_exact(2).filter_map(|both| both.try_into().ok())).collect();
        touched.into_iter().any(|number| {
            let Some(client) = clients.get(number) else { return true };
            let now = sight(plane, views.alike(), client, number, |from, to| {
                let told = cells.get(&(number, to)).and_then(|both| known.of(plane, from, to, *both));
                told.unwrap_or_else(|| ask(plane, from, to))
            });
            views.sight(number) != Some(&now)
        })
    }
}

fn asked(plane: &Plane, chosen: Option<&Chosen>) -> (Vec<Source>, Vec<Column>, Views) {
    let Problem { sources, columns, views, .. } = match chosen {
        None => Problem::new(plane, &clients(plane), &services(plane)),
        Some((clients, services)) => {
            let clients: Vec<Asker<'_>> =
                clients.iter().map(|(n, c)| Asker { origin: &c.origin, client: c, name: n.clone() }).collect();
            Problem::new(plane, &clients, services)
        }
    };
    (sources, columns, views)
}
