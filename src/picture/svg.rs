//! A drawing as SVG: complete in itself, without a script, a font or another file.

use super::{
    Drawing, Shape,
    layout::{CAPTION, LINE, Layout, MARGIN, PAD, Rect, layout, text_width},
    look::{self, Outline, Stroke},
};
use crate::diag::is_printable;
use std::{collections::BTreeMap, fmt::Write};

/// A drawing as SVG.
#[must_use]
pub fn svg(drawing: &Drawing) -> String {
    let layout = layout(drawing);
    let mut body = String::new();
    frames(&mut body, drawing, &layout, true);
    lines(&mut body, drawing, &layout);
    // Words last, each on its box's own colour, so that no line strikes them through.
    captions(&mut body, drawing, &layout, true);
    frames(&mut body, drawing, &layout, false);
    let trail = trail(&mut body, drawing, &layout);
    captions(&mut body, drawing, &layout, false);
    body.push_str(&trail);
    let (legend, legend_width, legend_height) = legend(drawing, layout.height);
    let caption_width = text_width(&drawing.title) * 1.4 + 2.0 * MARGIN;
    let width = layout.width.max(legend_width).max(caption_width);
    let height = layout.height + legend_height;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"11\">"
    );
    let title = escape(&drawing.title);
    let _ = writeln!(out, "<title>{title}</title>");
    let _ = writeln!(out, "<defs>{}</defs>", markers(drawing));
    let _ = writeln!(out, "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>");
    let _ = writeln!(
        out,
        "<text x=\"{MARGIN}\" y=\"{:.0}\" font-size=\"16\" font-weight=\"bold\">{title}</text>",
        MARGIN + CAPTION / 2.0
    );
    out.push_str(&body);
    out.push_str(&legend);
    out.push_str("</svg>\n");
    out
}

/// A text in which nothing is markup, and nothing is a control character.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if !is_printable(c) => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The outlines of all containers, or of all other boxes.
fn frames(out: &mut String, drawing: &Drawing, layout: &Layout, containers: bool) {
    for (at, shape) in drawing.shapes.iter().enumerate().filter(|(_, s)| s.container == containers) {
        let Some(rect) = layout.rects.get(at) else { continue };
        let look = look::look(shape.kind);
        let (edge, width) = if drawing.on_path(at) { ("#0b5394", 2.6) } else { ("#777777", 1.0) };
        let paint = format!("fill=\"{}\" stroke=\"{edge}\" stroke-width=\"{width}\"", look.fill);
        let _ = writeln!(out, "<g data-box=\"{at}\"><title>{}</title>", escape(&tip(shape)));
        // Things that stand for many look like a pile.
        if shape.names.len() > 1 && !shape.container && look.outline != Outline::Note {
            let back = Rect { x: rect.x + 3.0, y: rect.y - 3.0, ..*rect };
            outline(out, look.outline, &back, &paint);
        }
        outline(out, look.outline, rect, &paint);
        out.push_str("</g>\n");
    }
}

/// The words in all containers, or in all other boxes. They let the pointer through to their box.
fn captions(out: &mut String, drawing: &Drawing, layout: &Layout, containers: bool) {
    for (at, shape) in drawing.shapes.iter().enumerate().filter(|(_, s)| s.container == containers) {
        let Some(rect) = layout.rects.get(at) else { continue };
        let look = look::look(shape.kind);
        let start = shape.container || look.outline == Outline::Note;
        let (x, anchor) = if start { (rect.x + PAD, "start") } else { (rect.middle().0, "middle") };
        let _ = writeln!(
            out,
            "<g pointer-events=\"none\" text-anchor=\"{anchor}\" stroke=\"{}\" stroke-width=\"4\" \
             stroke-linejoin=\"round\" paint-order=\"stroke\">",
            look.fill
        );
        for (number, line) in shape.label.iter().enumerate() {
            let y = rect.y + LINE * f64::from(u32::try_from(number).unwrap_or(0)) + LINE;
            let style = match number {
                0 => " font-size=\"9\" fill=\"#555555\"",
                _ if look.outline == Outline::Note => "",
                1 => " font-weight=\"bold\"",
                _ => " fill=\"#333333\"",
            };
            let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\"{style}>{}</text>", escape(line));
        }
        out.push_str("</g>\n");
    }
}

/// Everything a box stands for.
fn tip(shape: &Shape) -> String {
    const SHOWN: usize = 60;
    let mut names = shape.names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if shape.names.len() > SHOWN {
        let _ = write!(names, " and {} more", shape.names.len() - SHOWN);
    }
    format!("{}: {names}", look::look(shape.kind).title)
}

fn outline(out: &mut String, outline: Outline, r: &Rect, paint: &str) {
    let (x, y, w, h) = (r.x, r.y, r.w, r.h);
    let polygon = |points: &[(f64, f64)]| {
        let points: Vec<_> = points.iter().map(|(px, py)| format!("{px:.1},{py:.1}")).collect();
        format!("<polygon points=\"{}\" {paint}/>", points.join(" "))
    };
    let cut = 8.0_f64.min(h / 3.0);
    let drawn = match outline {
        Outline::Box => format!("<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" {paint}/>"),
        Outline::Rounded => {
            format!("<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" rx=\"8\" {paint}/>")
        }
        Outline::Ellipse => {
            format!(
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" rx=\"{:.1}\" {paint}/>",
                h / 2.0
            )
        }
        Outline::Hexagon => {
            let (m, b) = (y + h / 2.0, y + h);
            polygon(&[(x, m), (x + cut, y), (x + w - cut, y), (x + w, m), (x + w - cut, b), (x + cut, b)])
        }
        Outline::Octagon => polygon(&[
            (x, y + cut),
            (x + cut, y),
            (x + w - cut, y),
            (x + w, y + cut),
            (x + w, y + h - cut),
            (x + w - cut, y + h),
            (x + cut, y + h),
            (x, y + h - cut),
        ]),
        Outline::Trapezium => polygon(&[(x + cut, y), (x + w - cut, y), (x + w, y + h), (x, y + h)]),
        Outline::House => {
            polygon(&[(x, y + cut), (x + w / 2.0, y - 3.0), (x + w, y + cut), (x + w, y + h), (x, y + h)])
        }
        Outline::Note => polygon(&[(x, y), (x + w - cut, y), (x + w, y + cut), (x + w, y + h), (x, y + h)]),
        Outline::Cylinder => {
            let (ry, b) = (5.0, y + h);
            format!(
                "<path d=\"M{x:.1},{t:.1} a{rx:.1},{ry} 0 0 1 {w:.1},0 V{b:.1} a{rx:.1},{ry} 0 0 1 -{w:.1},0 Z\" {paint}/>",
                t = y,
                rx = w / 2.0
            )
        }
    };
    out.push_str(&drawn);
    out.push('\n');
}

/// A line from box to box, with its label.
struct Wire {
    from: usize,
    to: usize,
    stroke: Stroke,
    label: String,
}

fn lines(out: &mut String, drawing: &Drawing, layout: &Layout) {
    let many = |count: usize| if count > 1 { format!("× {count}") } else { String::new() };
    let relations = drawing.lines.iter().filter_map(|l| {
        let stroke = look::stroke(l.relation)?;
        Some(Wire { from: l.from, to: l.to, stroke, label: many(l.count) })
    });
    let mut wires: Vec<_> = relations.collect();
    let below = wires.len();
    wires.extend(drawing.flows.iter().map(|f| {
        let stroke = look::verdict(f.verdict);
        // Many lines are told apart if each is fine.
        let width = if drawing.flows.len() > 40 { 1.4 } else { stroke.width };
        Wire { from: f.from, to: f.to, stroke: Stroke { width, ..stroke }, label: many(f.count) }
    }));
    // A traced path and flows stand out from the relations below.
    let dim = !drawing.path.is_empty() || !drawing.flows.is_empty();
    out.push_str(if dim { "<g opacity=\"0.35\">\n" } else { "<g>\n" });
    for (number, (wire, (from, to, side))) in wires.iter().zip(ends(&wires, layout)).enumerate() {
        if number == below {
            out.push_str("</g>\n<g>\n");
        }
        curve(out, wire, from, to, side);
    }
    out.push_str("</g>\n");
}

/// Start, end, and the sides of the boxes they lie on.
type Ends = ((f64, f64), (f64, f64), (Side, Side));

/// Where the other end is, the wire's number, and whether it leaves here.
type Touch = (i64, usize, bool);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Left,
    Right,
}

/// Where each line leaves and arrives: on the facing sides, spread so that several do not start at one point.
fn ends(wires: &[Wire], layout: &Layout) -> Vec<Ends> {
    let rect = |at: usize| layout.rects.get(at).copied().unwrap_or_default();
    let sides: Vec<(Side, Side)> = wires
        .iter()
        .map(|w| {
            let (a, b) = (rect(w.from), rect(w.to));
            if a.x + a.w <= b.x {
                (Side::Right, Side::Left)
            } else if b.x + b.w <= a.x {
                (Side::Left, Side::Right)
            } else {
                (Side::Right, Side::Right)
            }
        })
        .collect();
    // For each side of each box, the wires that touch it in order of their other end.
    let mut touching: BTreeMap<(usize, Side), Vec<Touch>> = BTreeMap::new();
    for (number, (wire, (out, into))) in wires.iter().zip(&sides).enumerate() {
        #[allow(clippy::cast_possible_truncation, reason = "an order is all that matters")]
        let order = |at: usize| (rect(at).middle().1 * 8.0) as i64;
        touching.entry((wire.from, *out)).or_default().push((order(wire.to), number, true));
        touching.entry((wire.to, *into)).or_default().push((order(wire.from), number, false));
    }
    let mut points: BTreeMap<(usize, bool), (f64, f64)> = BTreeMap::new();
    for ((at, side), mut list) in touching {
        list.sort_unstable();
        let r = rect(at);
        let count = f64::from(u32::try_from(list.len()).unwrap_or(1));
        for (place, (_, number, leaving)) in list.into_iter().enumerate() {
            let share = (f64::from(u32::try_from(place).unwrap_or(0)) + 1.0) / (count + 1.0);
            // Near the middle of tall boxes, so that a line is seen to belong to the whole.
            let spread = r.h.min(18.0 * (count + 1.0));
            let y = r.y + (r.h - spread) / 2.0 + spread * share;
            let x = if side == Side::Left { r.x } else { r.x + r.w };
            points.insert((number, leaving), (x, y));
        }
    }
    let end = |number: usize, leaving: bool| points.get(&(number, leaving)).copied().unwrap_or_default();
    sides.iter().enumerate().map(|(n, side)| (end(n, true), end(n, false), *side)).collect()
}

fn curve(out: &mut String, wire: &Wire, from: (f64, f64), to: (f64, f64), sides: (Side, Side)) {
    let reach = ((to.0 - from.0).abs() / 2.0).clamp(30.0, 140.0);
    let lean = |side: Side| if side == Side::Left { -reach } else { reach };
    let (a, b) = ((from.0 + lean(sides.0), from.1), (to.0 + lean(sides.1), to.1));
    let Stroke { colour, dash, width, arrow, title } = wire.stroke;
    let dashes = if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
    let head = if arrow { format!(" marker-end=\"url(#{})\"", marker(colour)) } else { String::new() };
    let _ = writeln!(
        out,
        "<path data-from=\"{}\" data-to=\"{}\" d=\"M{:.1},{:.1} C{:.1},{:.1} {:.1},{:.1} {:.1},{:.1}\" fill=\"none\" \
         stroke=\"{colour}\" stroke-width=\"{width}\"{dashes}{head}><title>{title} {}</title></path>",
        wire.from, wire.to, from.0, from.1, a.0, a.1, b.0, b.1, to.0, to.1, wire.label
    );
    if !wire.label.is_empty() {
        let at = ((from.0 + 3.0 * a.0 + 3.0 * b.0 + to.0) / 8.0, (from.1 + 3.0 * a.1 + 3.0 * b.1 + to.1) / 8.0 - 3.0);
        label(out, at, &wire.label, colour);
    }
}

/// A text on a line, readable over whatever lies below.
fn label(out: &mut String, (x, y): (f64, f64), text: &str, colour: &str) {
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\" font-size=\"10\" fill=\"{colour}\" stroke=\"#ffffff\" \
         stroke-width=\"3\" paint-order=\"stroke\">{}</text>",
        escape(text)
    );
}

/// The traced path on top of everything; gives the numbers of its hops, which lie above all lines.
fn trail(out: &mut String, drawing: &Drawing, layout: &Layout) -> String {
    let Some(verdict) = drawing.verdict else { return String::new() };
    let stroke = look::verdict(verdict);
    let wires: Vec<_> = drawing
        .path
        .windows(2)
        .filter_map(|pair| match pair {
            [from, to] => {
                Some(Wire { from: *from, to: *to, stroke: Stroke { width: 3.2, ..stroke }, label: String::new() })
            }
            _ => None,
        })
        .collect();
    let mut numbers = String::new();
    for (number, (wire, (from, to, side))) in wires.iter().zip(ends(&wires, layout)).enumerate() {
        curve(out, wire, from, to, side);
        let bulge = if side == (Side::Right, Side::Right) { 23.0 } else { 0.0 };
        let (x, y) = ((from.0 + to.0) / 2.0 + bulge, (from.1 + to.1) / 2.0);
        let _ = writeln!(
            numbers,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"8\" fill=\"{c}\"/><text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" \
             font-size=\"10\" font-weight=\"bold\" fill=\"#ffffff\">{}</text>",
            y + 3.5,
            number + 1,
            c = stroke.colour
        );
    }
    numbers
}

fn marker(colour: &str) -> String {
    format!("arrow-{}", colour.trim_start_matches('#'))
}

/// An arrow head for every colour in use.
fn markers(drawing: &Drawing) -> String {
    let (_, relations, verdicts) = drawing.vocabulary();
    let strokes = relations.into_iter().filter_map(look::stroke).chain(verdicts.into_iter().map(look::verdict));
    let mut colours: Vec<_> = strokes.filter(|s| s.arrow).map(|s| s.colour).collect();
    colours.sort_unstable();
    colours.dedup();
    colours
        .into_iter()
        .map(|colour| {
            format!(
                "<marker id=\"{}\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"8\" markerHeight=\"8\" \
                 markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0,0 L10,5 L0,10 z\" fill=\"{colour}\"/></marker>",
                marker(colour)
            )
        })
        .collect()
}

/// What the shapes and lines in the picture mean, with the width and height it takes.
fn legend(drawing: &Drawing, top: f64) -> (String, f64, f64) {
    const ROW: f64 = 24.0;
    const MOST: f64 = 1180.0;
    let (kinds, relations, verdicts) = drawing.vocabulary();
    let mut out = String::new();
    let (mut x, mut y, mut width) = (MARGIN, top + 6.0, 0.0_f64);
    let mut place = |needed: f64| {
        if x > MARGIN && x + needed > MOST {
            x = MARGIN;
            y += ROW;
        }
        let at = (x, y);
        x += needed;
        width = width.max(x);
        at
    };
    for kind in kinds {
        let look = look::look(kind);
        let (x, y) = place(40.0 + text_width(look.title));
        let paint = format!("fill=\"{}\" stroke=\"#777777\"", look.fill);
        outline(&mut out, look.outline, &Rect { x, y, w: 22.0, h: 14.0 }, &paint);
        let _ = writeln!(out, "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", x + 28.0, y + 11.0, look.title);
    }
    let strokes = relations.into_iter().filter_map(look::stroke).chain(verdicts.into_iter().map(look::verdict));
    for stroke in strokes {
        let (x, y) = place(48.0 + text_width(stroke.title));
        let dashes =
            if stroke.dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{}\"", stroke.dash) };
        let _ = writeln!(
            out,
            "<path d=\"M{x:.1},{m:.1} h30\" stroke=\"{}\" stroke-width=\"{}\"{dashes}/><text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            stroke.colour,
            stroke.width,
            x + 36.0,
            y + 11.0,
            stroke.title,
            m = y + 7.0
        );
    }
    (out, width + MARGIN, y + ROW + MARGIN - top)
}
