//! A drawing as a Mermaid flow chart, for Markdown pages that render it.

use super::{Drawing, look, look::Outline};
use crate::diag::is_printable;
use std::fmt::Write;

/// A drawing as a Mermaid flow chart.
#[must_use]
pub fn mermaid(drawing: &Drawing) -> String {
    let mut out = String::from("flowchart LR\n");
    let _ = writeln!(out, "  %% {}", escape(&drawing.title));
    for root in drawing.roots() {
        place(&mut out, drawing, root, 1);
    }
    let mut styles = Vec::new();
    let mut connect = |out: &mut String, from: usize, to: usize, stroke: &look::Stroke, label: &str| {
        let arrow = if stroke.arrow { "-->" } else { "---" };
        let _ = writeln!(out, "  n{from} {arrow}|\"{}\"| n{to}", escape(label));
        let dash = if stroke.dash.is_empty() { String::new() } else { format!(",stroke-dasharray:{}", stroke.dash) };
        styles.push(format!("stroke:{},stroke-width:{}px{dash}", stroke.colour, stroke.width));
    };
    let many = |title: &str, count: usize| if count > 1 { format!("{title} × {count}") } else { title.to_owned() };
    for line in &drawing.lines {
        if let Some(stroke) = look::stroke(line.relation) {
            connect(&mut out, line.from, line.to, &stroke, &many(stroke.title, line.count));
        }
    }
    for flow in &drawing.flows {
        let stroke = look::verdict(flow.verdict);
        connect(&mut out, flow.from, flow.to, &stroke, &many(stroke.title, flow.count));
    }
    if let Some(verdict) = drawing.verdict {
        let stroke = look::Stroke { width: 3.0, ..look::verdict(verdict) };
        for (number, pair) in drawing.path.windows(2).enumerate() {
            if let [from, to] = pair {
                connect(&mut out, *from, *to, &stroke, &(number + 1).to_string());
            }
        }
    }
    for (number, style) in styles.iter().enumerate() {
        let _ = writeln!(out, "  linkStyle {number} {style}");
    }
    for (at, shape) in drawing.shapes.iter().enumerate() {
        let width = if drawing.on_path(at) { 3 } else { 1 };
        let fill = look::look(shape.kind).fill;
        let _ = writeln!(out, "  style n{at} fill:{fill},stroke:#777777,stroke-width:{width}px,color:#222222");
    }
    out
}

/// A text in which nothing is syntax: characters that could be are written as entities, as Mermaid reads them.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            c if c.is_alphanumeric() || " .,/-_×…→:".contains(c) => escaped.push(c),
            c if !is_printable(c) => escaped.push('\u{fffd}'),
            c => {
                let _ = write!(escaped, "#{};", u32::from(c));
            }
        }
    }
    escaped
}

fn place(out: &mut String, drawing: &Drawing, at: usize, depth: usize) {
    let Some(shape) = drawing.shapes.get(at) else { return };
    let pad = "  ".repeat(depth);
    let label = shape.label.iter().map(|l| escape(l)).collect::<Vec<_>>().join("<br/>");
    if shape.container {
        let _ = writeln!(out, "{pad}subgraph n{at} [\"{label}\"]");
        for child in &shape.children {
            place(out, drawing, *child, depth + 1);
        }
        let _ = writeln!(out, "{pad}end");
        return;
    }
    let (open, close) = match look::look(shape.kind).outline {
        Outline::Box | Outline::Note => ("[", "]"),
        Outline::Rounded | Outline::Ellipse => ("([", "])"),
        Outline::Hexagon | Outline::Octagon => ("{{", "}}"),
        Outline::Trapezium | Outline::House => ("[/", "\\]"),
        Outline::Cylinder => ("[(", ")]"),
    };
    let _ = writeln!(out, "{pad}n{at}{open}\"{label}\"{close}");
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_in_a_name_is_syntax() {
        assert_eq!(escape("a\"]<b>;\n"), "a#34;#93;#60;b#62;#59;\u{fffd}");
    }
}
