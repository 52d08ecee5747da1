//! A drawing as Graphviz source.

use super::{Drawing, look, look::Outline};
use crate::diag::is_printable;
use std::fmt::Write;

/// A drawing as Graphviz source: clusters for holders, shapes by kind, a traced path and flows on top.
#[must_use]
pub fn dot(drawing: &Drawing) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "digraph privreach {{\n  label={};\n  labelloc=t;\n  rankdir=LR;\n  compound=true;\n  newrank=true;\n  \
         fontname=\"Helvetica\";\n  node [fontname=\"Helvetica\", fontsize=10, style=filled, fillcolor=white];\n  \
         edge [fontname=\"Helvetica\", fontsize=9, color=\"#555555\"];",
        quote(&drawing.title)
    );
    for root in drawing.roots() {
        place(&mut out, drawing, root, 1);
    }
    for line in &drawing.lines {
        let Some(stroke) = look::stroke(line.relation) else { continue };
        let label =
            if line.count > 1 { format!("{} × {}", stroke.title, line.count) } else { stroke.title.to_owned() };
        // Zones and name servers must not pull networks apart.
        let loose = matches!(stroke.title, "zone link" | "DNS forwarding" | "perimeter");
        edge(&mut out, drawing, (line.from, line.to), &stroke, &label, !loose);
    }
    for flow in &drawing.flows {
        let stroke = look::verdict(flow.verdict);
        let label =
            if flow.count > 1 { format!("{} × {}", stroke.title, flow.count) } else { stroke.title.to_owned() };
        edge(&mut out, drawing, (flow.from, flow.to), &stroke, &label, false);
    }
    if let Some(verdict) = drawing.verdict {
        let stroke = look::Stroke { width: 3.0, ..look::verdict(verdict) };
        for (number, pair) in drawing.path.windows(2).enumerate() {
            if let [from, to] = pair {
                edge(&mut out, drawing, (*from, *to), &stroke, &(number + 1).to_string(), false);
            }
        }
    }
    legend(&mut out, drawing);
    out.push_str("}\n");
    out
}

/// A text as a quoted DOT string: nothing in it can end the string or be markup.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            c if !is_printable(c) => quoted.push('\u{fffd}'),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn graphviz(outline: Outline) -> &'static str {
    match outline {
        Outline::Box | Outline::Rounded => "box",
        Outline::Hexagon => "hexagon",
        Outline::Octagon => "octagon",
        Outline::Trapezium => "trapezium",
        Outline::Cylinder => "cylinder",
        Outline::House => "house",
        Outline::Ellipse => "ellipse",
        Outline::Note => "note",
    }
}

fn place(out: &mut String, drawing: &Drawing, at: usize, depth: usize) {
    let Some(shape) = drawing.shapes.get(at) else { return };
    let pad = "  ".repeat(depth);
    let look = look::look(shape.kind);
    let label = quote(&shape.label.join("\n"));
    if !shape.container {
        let mark = if drawing.on_path(at) { ", penwidth=2.5, color=\"#0b5394\"" } else { "" };
        let form = graphviz(look.outline);
        let _ = writeln!(out, "{pad}n{at} [label={label}, shape={form}, fillcolor=\"{}\"{mark}];", look.fill);
        return;
    }
    let _ = writeln!(
        out,
        "{pad}subgraph cluster_n{at} {{\n{pad}  label={label};\n{pad}  style=\"filled,rounded\";\n{pad}  \
         fillcolor=\"{}\";\n{pad}  color=\"#888888\";",
        look.fill
    );
    // A cluster without a node is not drawn, and edges need a node to end at.
    let _ = writeln!(out, "{pad}  n{at} [shape=point, style=invis, width=0.01, label=\"\"];");
    for child in &shape.children {
        place(out, drawing, *child, depth + 1);
    }
    let _ = writeln!(out, "{pad}}}");
}

fn edge(
    out: &mut String,
    drawing: &Drawing,
    (from, to): (usize, usize),
    stroke: &look::Stroke,
    label: &str,
    constrains: bool,
) {
    let cluster = |at: usize, side: &str| match drawing.shapes.get(at) {
        Some(shape) if shape.container => format!(", {side}=\"cluster_n{at}\""),
        _ => String::new(),
    };
    let style = match stroke.dash {
        "" => "",
        dash if dash.starts_with('1') => ", style=dotted",
        _ => ", style=dashed",
    };
    let arrow = if stroke.arrow { "" } else { ", arrowhead=none" };
    let loose = if constrains { "" } else { ", constraint=false" };
    let _ = writeln!(
        out,
        "  n{from} -> n{to} [label={}, color=\"{c}\", fontcolor=\"{c}\", penwidth={}{style}{arrow}{loose}{}{}];",
        quote(label),
        stroke.width,
        cluster(from, "ltail"),
        cluster(to, "lhead"),
        c = stroke.colour,
    );
}

/// What the shapes mean; lines carry their meaning as labels.
fn legend(out: &mut String, drawing: &Drawing) {
    out.push_str("  subgraph cluster_legend {\n    label=\"legend\";\n    color=\"#bbbbbb\";\n");
    let (kinds, _, _) = drawing.vocabulary();
    for (number, kind) in kinds.iter().filter(|k| !look::holds(**k)).enumerate() {
        let look = look::look(*kind);
        let form = graphviz(look.outline);
        let label = quote(look.title);
        let _ = writeln!(out, "    legend{number} [label={label}, shape={form}, fillcolor=\"{}\"];", look.fill);
    }
    out.push_str("  }\n");
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
