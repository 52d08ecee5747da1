//! Graphviz source: nested clusters for networks, shapes and colours by kind, a traced path on top.

use crate::{
    azure::topology::{Kind, Node, Relation, Topology},
    trace::Trace,
    verdict::Verdict,
};
use petgraph::{graph::NodeIndex, visit::EdgeRef};
use std::fmt::Write;

/// The estate as a Graphviz graph.
#[must_use]
pub fn render(title: &str, topology: &Topology, trace: Option<&Trace>) -> String {
    let mut out = String::new();
    let caption = trace.map_or_else(
        || title.to_owned(),
        |t| format!("{title}: {} → {}: {}", t.question.from, t.question.to, t.judgement.verdict),
    );
    let _ = writeln!(
        out,
        "digraph privreach {{\n  label={};\n  labelloc=t;\n  rankdir=LR;\n  compound=true;\n  newrank=true;\n  fontname=\"Helvetica\";\n  \
         node [fontname=\"Helvetica\", fontsize=10, style=filled, fillcolor=white];\n  edge [fontname=\"Helvetica\", fontsize=9, color=\"#555555\"];",
        quote(&caption)
    );
    let on_path = trace.map(path).unwrap_or_default();
    // Zones say where names resolve; bundled into one box they do not cross every other edge.
    let (zones, rest): (Vec<_>, Vec<_>) =
        topology.roots().into_iter().partition(|n| kind(topology, *n) == Some(Kind::Zone));
    for root in rest {
        place(&mut out, topology, root, 1, &on_path);
    }
    zone_boxes(&mut out, topology, &zones);
    edges(&mut out, topology);
    if let Some(trace) = trace {
        overlay(&mut out, topology, trace, &on_path);
    }
    out.push_str("}\n");
    out
}

fn kind(topology: &Topology, id: NodeIndex) -> Option<Kind> {
    topology.graph().node_weight(id).map(|n| n.kind)
}

/// A text as a quoted DOT string: nothing in it can end the string or be markup.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => quoted.push('\u{fffd}'),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Shape, fill and title of a kind. Fills are told apart without colour vision, too, by shape.
fn look(kind: Kind) -> (&'static str, &'static str, &'static str) {
    match kind {
        Kind::Site => ("box3d", "#f3f3f3", "on-premises"),
        Kind::Host => ("box", "#ffffff", "host"),
        Kind::VirtualNetwork => ("box", "#eaf3fb", "virtual network"),
        Kind::Subnet => ("box", "#ffffff", "subnet"),
        Kind::ManagedNetwork => ("box", "#fdf3e1", "managed network"),
        Kind::Compute => ("box", "#ffffff", "compute"),
        Kind::ManagedEndpoint => ("cds", "#f9d7a0", "managed private endpoint"),
        Kind::Machine => ("box", "#ffffff", "virtual machine"),
        Kind::Gateway => ("trapezium", "#c9dff2", "gateway"),
        Kind::Firewall => ("octagon", "#f2c6c6", "firewall"),
        Kind::ApplicationGateway => ("house", "#d9cdec", "application gateway"),
        Kind::Resolver => ("ellipse", "#dcdcdc", "dns"),
        Kind::PrivateEndpoint => ("cds", "#a6d3f5", "private endpoint"),
        Kind::Service => ("cylinder", "#cfe8cf", "service"),
        Kind::Workspace => ("component", "#cfe8cf", "workspace"),
        Kind::Zone => ("note", "#ffffff", "zone"),
        Kind::Internet => ("egg", "#ffffff", "internet"),
    }
}

fn is_cluster(kind: Kind) -> bool {
    matches!(kind, Kind::Site | Kind::VirtualNetwork | Kind::Subnet | Kind::ManagedNetwork)
}

fn id(node: NodeIndex) -> String {
    format!("n{}", node.index())
}

fn place(out: &mut String, topology: &Topology, node: NodeIndex, depth: usize, on_path: &[String]) {
    let Some(weight) = topology.graph().node_weight(node) else {
        return;
    };
    let pad = "  ".repeat(depth);
    let (shape, fill, title) = look(weight.kind);
    let short = weight.name.rsplit('/').next().filter(|_| weight.kind == Kind::Subnet).unwrap_or(&weight.name);
    let mut lines = vec![short.to_owned()];
    lines.extend((!weight.detail.is_empty()).then(|| weight.detail.clone()));
    if is_cluster(weight.kind) {
        let label = format!("{title} {}", lines.join("\n"));
        let _ = writeln!(
            out,
            "{pad}subgraph cluster_{} {{\n{pad}  label={};\n{pad}  style=\"filled,rounded\";\n{pad}  fillcolor=\"{fill}\";\n{pad}  color=\"#888888\";",
            id(node),
            quote(&label)
        );
        // A cluster without a node is not drawn, and edges need a node to end at.
        let _ = writeln!(out, "{pad}  {} [shape=point, style=invis, width=0.01, label=\"\"];", id(node));
        for child in topology.children(node) {
            place(out, topology, child, depth + 1, on_path);
        }
        let _ = writeln!(out, "{pad}}}");
    } else {
        let mark = if met(weight, on_path) { ", penwidth=2.5, color=\"#0b5394\"" } else { "" };
        let _ = writeln!(
            out,
            "{pad}{} [label={}, shape={shape}, fillcolor=\"{fill}\"{mark}];",
            id(node),
            quote(&lines.join("\n"))
        );
    }
}

fn met(node: &Node, on_path: &[String]) -> bool {
    on_path.contains(&node.name)
}

/// Zones with the same links share a box.
fn zone_boxes(out: &mut String, topology: &Topology, zones: &[NodeIndex]) {
    let links = |zone: NodeIndex| {
        let mut to: Vec<_> =
            topology.graph().edges(zone).filter(|e| *e.weight() == Relation::Links).map(|e| e.target()).collect();
        to.sort_unstable();
        to
    };
    let mut groups: Vec<(Vec<NodeIndex>, Vec<NodeIndex>)> = Vec::new();
    for zone in zones {
        let to = links(*zone);
        match groups.iter_mut().find(|(t, _)| *t == to) {
            Some((_, members)) => members.push(*zone),
            None => groups.push((to, vec![*zone])),
        }
    }
    for (number, (to, members)) in groups.iter().enumerate() {
        let names: Vec<_> =
            members.iter().filter_map(|m| topology.graph().node_weight(*m)).map(|n| n.name.clone()).collect();
        let label = format!("private DNS zones\n{}", names.join("\n"));
        let _ = writeln!(out, "  zones{number} [label={}, shape=note, fillcolor=\"#fffbe6\"];", quote(&label));
        for vnet in to {
            let _ = writeln!(
                out,
                "  zones{number} -> {} [style=dotted, arrowhead=none, lhead=\"cluster_{}\", constraint=false];",
                id(*vnet),
                id(*vnet)
            );
        }
    }
}

fn edges(out: &mut String, topology: &Topology) {
    let graph = topology.graph();
    for edge in graph.edge_references() {
        let attributes = match edge.weight() {
            Relation::Contains | Relation::Links => continue,
            Relation::Peers => "label=\"peering\", dir=both, penwidth=1.5",
            Relation::Connects => "label=\"connection\", dir=both, penwidth=2",
            Relation::Targets => "arrowhead=vee, color=\"#2a7d2a\"",
            Relation::RoutesVia => "label=\"route\", style=dashed, color=\"#a33a3a\"",
            Relation::Bridges => "label=\"backend\", color=\"#6a4fa3\"",
            Relation::Forwards => "label=\"forwards\", style=dotted",
            Relation::Uses => "style=dotted, arrowhead=vee",
        };
        let cluster = |node: NodeIndex, side: &str| {
            kind(topology, node)
                .filter(|k| is_cluster(*k))
                .map_or(String::new(), |_| format!(", {side}=\"cluster_{}\"", id(node)))
        };
        let (from, to) = (edge.source(), edge.target());
        let _ = writeln!(
            out,
            "  {} -> {} [{attributes}{}{}];",
            id(from),
            id(to),
            cluster(from, "ltail"),
            cluster(to, "lhead")
        );
    }
}

/// Names on a traced path, the client first, in order and without repetitions.
fn path(trace: &Trace) -> Vec<String> {
    let mut names = vec![trace.question.from.clone()];
    for element in trace.elements() {
        if names.last().is_none_or(|last| last != element) && !names.iter().any(|n| n == element) {
            names.push(element.to_owned());
        }
    }
    names
}

/// The traced path as heavy edges between the resources it meets.
fn overlay(out: &mut String, topology: &Topology, trace: &Trace, on_path: &[String]) {
    let colour = match trace.judgement.verdict {
        Verdict::Private => "#0b5394",
        Verdict::Blocked => "#b00020",
        _ => "#b26a00",
    };
    let graph = topology.graph();
    let nodes: Vec<NodeIndex> = on_path
        .iter()
        .filter_map(|name| {
            graph.node_indices().find(|n| {
                graph.node_weight(*n).is_some_and(|w| w.name == *name && !is_cluster(w.kind) && w.kind != Kind::Zone)
            })
        })
        .collect();
    for (number, pair) in nodes.windows(2).enumerate() {
        if let [from, to] = pair {
            let _ = writeln!(
                out,
                "  {} -> {} [label=\"{}\", color=\"{colour}\", fontcolor=\"{colour}\", penwidth=3, constraint=false];",
                id(*from),
                id(*to),
                number + 1
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn hostile_names_stay_inside_the_string() {
        assert_eq!(quote("a\"];\n<b>\\"), "\"a\\\"];\\n<b>\\\\\"");
        assert_eq!(quote("\u{1b}[31m"), "\"\u{fffd}[31m\"");
    }
}
