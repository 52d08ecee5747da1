//! Which resources share a box: those in one place that are of one kind and related alike, when there are many.

use super::{Line, Options, PictureError, Shape, look, suggest};
use crate::azure::topology::{Kind, Relation, Topology};
use petgraph::{Direction, graph::NodeIndex, visit::EdgeRef};
use std::collections::{BTreeMap, BTreeSet};

/// What a picture shows.
pub(super) struct Visible {
    /// Every node in it.
    pub(super) nodes: BTreeSet<NodeIndex>,
    /// Nodes of the focus, which share a box with nothing else.
    pub(super) focus: BTreeSet<NodeIndex>,
}

/// Nodes within some relations of the focus, and what holds them; all nodes without a focus.
pub(super) fn visible(topology: &Topology, options: &Options) -> Result<Visible, PictureError> {
    let graph = topology.graph();
    if options.focus.is_empty() {
        return Ok(Visible { nodes: graph.node_indices().collect(), focus: BTreeSet::new() });
    }
    let mut found: BTreeSet<NodeIndex> = BTreeSet::new();
    for name in &options.focus {
        let named = topology.named(name);
        if named.is_empty() {
            return Err(suggest(topology, name));
        }
        found.extend(named);
    }
    let focus = found.clone();
    let mut frontier: Vec<_> = found.iter().copied().collect();
    // What a focused thing holds belongs to it, at no distance.
    while let Some(node) = frontier.pop() {
        frontier.extend(topology.children(node).into_iter().filter(|c| found.insert(*c)));
    }
    let mut frontier = found.clone();
    for _ in 0..options.depth {
        let mut next = BTreeSet::new();
        for node in frontier.iter().flat_map(|n| [Some(*n), topology.parent(*n)]).flatten() {
            for direction in [Direction::Outgoing, Direction::Incoming] {
                let beside = graph.edges_directed(node, direction).filter(|e| *e.weight() != Relation::Contains);
                next.extend(beside.map(|e| if e.source() == node { e.target() } else { e.source() }));
            }
        }
        next.retain(|n| !found.contains(n));
        found.extend(&next);
        // A zone is seen from everywhere; what else sees it is not near.
        next.retain(|n| graph.node_weight(*n).is_none_or(|w| w.kind != Kind::Zone));
        frontier = next;
    }
    let mut holders = BTreeSet::new();
    for node in &found {
        let mut above = topology.parent(*node);
        while let Some(holder) = above {
            holders.insert(holder);
            above = topology.parent(holder);
        }
    }
    found.extend(holders);
    Ok(Visible { nodes: found, focus })
}

/// Boxes, lines, and the box of every visible node.
pub(super) struct Grouped {
    pub(super) shapes: Vec<Shape>,
    pub(super) lines: Vec<Line>,
    pub(super) place: BTreeMap<NodeIndex, usize>,
}

/// Puts visible nodes into boxes and bundles their relations.
pub(super) fn group(topology: &Topology, shown: &Visible, options: &Options) -> Grouped {
    let visible = &shown.nodes;
    let mut classes = classes(topology, visible, options.collapse);
    let fresh = classes.len();
    classes.extend(shown.focus.iter().enumerate().map(|(n, node)| (*node, fresh + n)));
    let mut grouper = Grouper { topology, visible, options, classes, shapes: Vec::new(), place: BTreeMap::new() };
    let roots: Vec<_> = visible.iter().copied().filter(|n| topology.parent(*n).is_none()).collect();
    let (zones, rest): (Vec<_>, Vec<_>) = roots.into_iter().partition(|n| grouper.kind(*n) == Some(Kind::Zone));
    grouper.boxes(&rest, None);
    grouper.zones(&zones);
    let lines = grouper.lines();
    Grouped { shapes: grouper.shapes, lines, place: grouper.place }
}

/// What tells things apart that are of one kind: devices inside a network, type of a service, role of a subnet.
fn word(topology: &Topology, node: NodeIndex) -> String {
    let Some(weight) = topology.graph().node_weight(node) else { return String::new() };
    let short = weight.name.rsplit('/').next().unwrap_or_default();
    match weight.kind {
        Kind::VirtualNetwork => {
            let devices: BTreeSet<_> = topology
                .children(node)
                .into_iter()
                .flat_map(|s| topology.children(s))
                .filter_map(|c| topology.graph().node_weight(c))
                .map(|w| w.kind)
                .filter(|k| !matches!(k, Kind::Machine | Kind::PrivateEndpoint))
                .map(|k| look::look(k).title)
                .collect();
            devices.into_iter().collect::<Vec<_>>().join(" ")
        }
        Kind::Subnet if short.starts_with("Azure") || short == "GatewaySubnet" || short == "RouteServerSubnet" => {
            short.to_owned()
        }
        Kind::Service | Kind::Workspace | Kind::Gateway => weight.detail.clone(),
        _ => String::new(),
    }
}

/// Classes of nodes that are alike: of one kind and word, in holders that are alike, with alike relations. Things of a
/// small class count as themselves, so what hangs on one hub is not mixed with what hangs on another.
fn classes(topology: &Topology, visible: &BTreeSet<NodeIndex>, collapse: usize) -> BTreeMap<NodeIndex, usize> {
    /// Enough for relations of relations to tell things apart; each round only splits classes.
    const ROUNDS: usize = 4;
    let graph = topology.graph();
    let mut class: BTreeMap<NodeIndex, usize> = BTreeMap::new();
    let mut first: BTreeMap<(Kind, String), usize> = BTreeMap::new();
    for node in visible {
        let Some(weight) = graph.node_weight(*node) else { continue };
        let number = first.len();
        class.insert(*node, *first.entry((weight.kind, word(topology, *node))).or_insert(number));
    }
    for _ in 0..ROUNDS {
        let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
        for number in class.values() {
            *sizes.entry(*number).or_default() += 1;
        }
        let identity = |node: NodeIndex| match class.get(&node) {
            Some(number) if sizes.get(number).is_some_and(|s| *s > collapse) => (*number, 0),
            Some(number) => (*number, node.index() + 1),
            None => (usize::MAX, 0),
        };
        let mut keys: BTreeMap<_, usize> = BTreeMap::new();
        let mut next = BTreeMap::new();
        for node in visible {
            // One relation or several of a kind tells a hub from a spoke; how many does not matter.
            let mut seen: BTreeMap<(bool, Relation, (usize, usize)), bool> = BTreeMap::new();
            for direction in [Direction::Outgoing, Direction::Incoming] {
                for edge in graph.edges_directed(*node, direction) {
                    let other = if edge.source() == *node { edge.target() } else { edge.source() };
                    let holder = *edge.weight() == Relation::Contains;
                    // Contents may differ in number; zones are bundled apart.
                    if holder && direction == Direction::Outgoing || *edge.weight() == Relation::Links {
                        continue;
                    }
                    let undirected = *edge.weight() == Relation::Peers;
                    let key = (undirected || direction == Direction::Outgoing, *edge.weight(), identity(other));
                    seen.entry(key).and_modify(|many| *many = !holder).or_insert(false);
                }
            }
            let number = keys.len();
            next.insert(*node, *keys.entry((class.get(node).copied(), seen)).or_insert(number));
        }
        class = next;
    }
    class
}

struct Grouper<'a> {
    topology: &'a Topology,
    visible: &'a BTreeSet<NodeIndex>,
    options: &'a Options,
    classes: BTreeMap<NodeIndex, usize>,
    shapes: Vec<Shape>,
    place: BTreeMap<NodeIndex, usize>,
}

impl Grouper<'_> {
    fn kind(&self, node: NodeIndex) -> Option<Kind> {
        self.topology.graph().node_weight(node).map(|n| n.kind)
    }

    /// Boxes for things in one place, many alike ones in one box, in order of their first member.
    fn boxes(&mut self, nodes: &[NodeIndex], parent: Option<usize>) {
        let mut groups: Vec<(Option<usize>, Vec<NodeIndex>)> = Vec::new();
        for node in nodes {
            let class = self.classes.get(node).copied();
            match groups.iter_mut().find(|(c, _)| *c == class) {
                Some((_, members)) => members.push(*node),
                None => groups.push((class, vec![*node])),
            }
        }
        for (_, members) in groups {
            if members.len() > self.options.collapse {
                self.one_box(&members, parent);
            } else {
                for member in members {
                    self.one_box(&[member], parent);
                }
            }
        }
    }

    fn one_box(&mut self, members: &[NodeIndex], parent: Option<usize>) {
        let graph = self.topology.graph();
        let Some(first) = members.first().and_then(|m| graph.node_weight(*m)) else { return };
        let names: Vec<String> = members.iter().filter_map(|m| graph.node_weight(*m)).map(|n| n.name.clone()).collect();
        let shape = Shape {
            kind: first.kind,
            label: label(first.kind, &first.detail, &names),
            names,
            parent,
            children: Vec::new(),
            container: look::holds(first.kind),
        };
        let at = self.shapes.len();
        self.shapes.push(shape);
        if let Some(holder) = parent.and_then(|p| self.shapes.get_mut(p)) {
            holder.children.push(at);
        }
        self.place.extend(members.iter().map(|m| (*m, at)));
        let inside: Vec<_> =
            members.iter().flat_map(|m| self.topology.children(*m)).filter(|c| self.visible.contains(c)).collect();
        self.boxes(&inside, Some(at));
    }

    /// Zones say where names resolve; those with the same links share a note.
    fn zones(&mut self, zones: &[NodeIndex]) {
        let graph = self.topology.graph();
        let mut groups: BTreeMap<Vec<NodeIndex>, Vec<NodeIndex>> = BTreeMap::new();
        for zone in zones {
            let links = graph.edges(*zone).filter(|e| *e.weight() == Relation::Links).map(|e| e.target());
            let mut to: Vec<_> = links.filter(|n| self.visible.contains(n)).collect();
            to.sort_unstable();
            groups.entry(to).or_default().push(*zone);
        }
        for members in groups.into_values() {
            const SHOWN: usize = 10;
            let names: Vec<String> =
                members.iter().filter_map(|m| graph.node_weight(*m)).map(|n| n.name.clone()).collect();
            let mut label = vec!["private DNS zones".to_owned()];
            label.extend(names.iter().take(SHOWN).cloned());
            if names.len() > SHOWN {
                label.push(format!("… and {} more", names.len() - SHOWN));
            }
            let at = self.shapes.len();
            self.place.extend(members.iter().map(|m| (*m, at)));
            self.shapes.push(Shape {
                kind: Kind::Zone,
                label,
                names,
                parent: None,
                children: Vec::new(),
                container: false,
            });
        }
    }

    fn lines(&self) -> Vec<Line> {
        let mut bundled: BTreeMap<(usize, usize, Relation), usize> = BTreeMap::new();
        for edge in self.topology.graph().edge_references() {
            let ends = self.place.get(&edge.source()).zip(self.place.get(&edge.target()));
            let Some((from, to)) = ends.filter(|(from, to)| from != to) else { continue };
            if look::stroke(*edge.weight()).is_none() {
                continue;
            }
            *bundled.entry((*from, *to, *edge.weight())).or_default() += 1;
        }
        bundled.into_iter().map(|((from, to, relation), count)| Line { from, to, relation, count }).collect()
    }
}

/// What is written on a box: its kind, its name or names, and what else is known of a single thing.
fn label(kind: Kind, detail: &str, names: &[String]) -> Vec<String> {
    let title = look::look(kind).title;
    let short = |name: &String| match kind {
        Kind::Subnet => name.rsplit('/').next().unwrap_or(name).to_owned(),
        _ => name.clone(),
    };
    match names {
        [only] => {
            let mut lines = vec![title.to_owned(), short(only)];
            lines.extend((!detail.is_empty()).then(|| detail.to_owned()));
            lines
        }
        [first, .., last] => {
            let mut lines = vec![format!("{title} × {}", names.len())];
            let (first, last) = (short(first), short(last));
            if first == last {
                lines.push(first);
            } else {
                lines.push(format!("{first} … {last}"));
            }
            // What tells a service's box from another's is its type.
            lines.extend((kind == Kind::Service && !detail.is_empty()).then(|| detail.to_owned()));
            lines
        }
        [] => vec![title.to_owned()],
    }
}
