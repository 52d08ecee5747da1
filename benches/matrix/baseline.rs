//! What the solver is measured against: the step engine pair by pair, a graph library that knows wiring only, and memory.

use super::meter::{Cost, best_of};
use petgraph::{
    graph::{NodeIndex, UnGraph},
    visit::Bfs,
};
use privreach::{
    azure::model::Estate,
    dataplane::{Endpoint, Id, Packet, Plane},
    forward::{Context, round_trip},
    lookup,
    matrix::Problem,
    reach::{Column, NoNames, Source, solve},
    trace::{Question, trace},
};
use std::{collections::BTreeMap, hint::black_box};

/// The step engine on some pairs, names and explanations included; the cost of one pair.
pub(crate) fn traced(plane: &Plane, questions: &[Question]) -> Cost {
    let all = best_of(1, || questions.iter().filter(|q| trace(plane, q).is_ok()).count());
    all.times(1.0 / questions.len().max(1) as f64)
}

/// The same engine with what depends on the source alone done once: names are resolved before, and one context serves all
/// packets; the cost of one pair.
pub(crate) fn walked(plane: &Plane, flows: &[(Id<Endpoint>, Packet)]) -> Cost {
    let context = Context::new(plane, lookup::answers);
    let all = best_of(1, || {
        flows.iter().map(|(from, packet)| round_trip(&context, *from, packet).steps.len()).sum::<usize>()
    });
    all.times(1.0 / flows.len().max(1) as f64)
}

/// Every pair by itself without explanations: names are resolved, tables of routes are indexed and owners are looked up
/// before; the cost of one pair. What is prepared for any number of pairs is measured apart and taken off.
pub(crate) fn decided(plane: &Plane, problem: &Problem<'_>, sources: usize, columns: usize) -> Cost {
    let some = |count: usize, of: usize| (0..count).map(move |n| (n * 7_919 + n * of / count) % of.max(1));
    let senders: Vec<Source> =
        some(sources, problem.sources.len()).filter_map(|n| problem.sources.get(n)).cloned().collect();
    let places: Vec<Column> =
        some(columns, problem.columns.len()).filter_map(|n| problem.columns.get(n)).cloned().collect();
    let prepared = best_of(3, || solve(plane, &senders, &[], &NoNames).sources().len());
    let mut pairs = 1;
    let all = best_of(3, || {
        let solution = solve(plane, &senders, &places, &NoNames);
        pairs = (solution.sources().len() * solution.columns().len()).max(1);
        pairs
    });
    let each = |all: f64, prepared: f64| (all - prepared).max(0.0) / pairs as f64;
    Cost { wall: each(all.wall, prepared.wall), cpu: all.cpu.zip(prepared.cpu).map(|(a, p)| each(a, p)), memory: None }
}

/// Machines, subnets, networks, firewalls and private endpoints, joined where they are attached: reachability of this
/// graph is what a graph library can tell.
pub(crate) struct Wiring {
    graph: UnGraph<(), ()>,
    machines: Vec<NodeIndex>,
}

impl Wiring {
    /// The wiring of an estate.
    pub(crate) fn new(estate: &Estate) -> Self {
        let mut graph = UnGraph::new_undirected();
        let mut places: BTreeMap<String, NodeIndex> = BTreeMap::new();
        for (name, vnet) in estate.virtual_networks.iter() {
            let network = graph.add_node(());
            places.insert(name.to_owned(), network);
            for subnet in vnet.value.subnets.keys() {
                let node = graph.add_node(());
                graph.add_edge(network, node, ());
                places.insert(format!("{name}/{subnet}"), node);
            }
        }
        for (_, link) in estate.virtual_network_peerings.iter() {
            let ends = (&link.value.virtual_network.value, &link.value.remote_virtual_network.value);
            if let (Some(a), Some(b)) = (places.get(ends.0), places.get(ends.1))
                && a < b
            {
                graph.add_edge(*a, *b, ());
            }
        }
        for (_, firewall) in estate.firewalls.iter() {
            let node = graph.add_node(());
            if let Some(at) = firewall.value.subnet.as_ref().and_then(|s| places.get(&s.value)) {
                graph.add_edge(node, *at, ());
            }
        }
        let services: BTreeMap<&str, NodeIndex> = estate.services.keys().map(|s| (s, graph.add_node(()))).collect();
        for (_, endpoint) in estate.private_endpoints.iter() {
            let node = graph.add_node(());
            let target = &endpoint.value.private_service_connection.private_connection_resource.value;
            let ends = places.get(&endpoint.value.subnet.value).into_iter().chain(services.get(target.as_str()));
            for end in ends {
                graph.add_edge(node, *end, ());
            }
        }
        let mut machines = Vec::new();
        for (_, machine) in estate.virtual_machines.iter() {
            let node = graph.add_node(());
            if let Some(subnet) = places.get(&machine.value.subnet.value) {
                graph.add_edge(node, *subnet, ());
            }
            machines.push(node);
        }
        Self { graph, machines }
    }

    /// A breadth-first search from every machine, scaled up from some of them.
    pub(crate) fn searched(&self, sample: usize) -> Cost {
        let step = (self.machines.len() / sample).max(1);
        let some: Vec<NodeIndex> = self.machines.iter().copied().step_by(step).take(sample).collect();
        let cost = best_of(2, || {
            let mut reached = 0_usize;
            for source in &some {
                let mut search = Bfs::new(&self.graph, *source);
                while search.next(&self.graph).is_some() {
                    reached += 1;
                }
            }
            reached
        });
        cost.times(self.machines.len() as f64 / some.len().max(1) as f64)
    }
}

/// Writing two bits for each pair into memory that was touched before.
pub(crate) fn written(pairs: u64) -> Cost {
    const MOST: usize = 1 << 27;
    let words = usize::try_from(pairs.div_ceil(32)).unwrap_or(usize::MAX);
    let mut memory = vec![1_u64; words.min(MOST)];
    let mut run = || {
        let mut left = words;
        while left > 0 {
            let now = left.min(memory.len());
            memory.iter_mut().take(now).for_each(|w| *w = left as u64);
            black_box(&mut memory);
            left -= now;
        }
    };
    run();
    let mut cost = best_of(3, run);
    cost.memory = Some(words as u64 * 8);
    cost
}
