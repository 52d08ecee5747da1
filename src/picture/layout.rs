//! Where boxes go: nested ones as high as there is room in their holder, the outermost in lanes from on-premises to services.

use super::{Drawing, Shape, look};
use crate::azure::topology::Kind;
use std::collections::BTreeMap;

/// A rectangle in points, from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rect {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Rect {
    pub(super) fn middle(&self) -> (f64, f64) {
        (self.x + self.w / 2.0, self.y + self.h / 2.0)
    }

    /// Its right edge.
    #[must_use]
    pub fn right(&self) -> f64 {
        self.x + self.w
    }

    /// Its lower edge.
    #[must_use]
    pub fn bottom(&self) -> f64 {
        self.y + self.h
    }
}

/// Height of a line of text.
pub(super) const LINE: f64 = 14.0;
/// Room around the text of a box.
pub(super) const PAD: f64 = 8.0;
/// Room between boxes in a holder.
const GAP: f64 = 10.0;
/// Room between lanes, for the lines.
const LANE_GAP: f64 = 96.0;
/// Room between boxes of a lane.
const STACK_GAP: f64 = 22.0;
/// Room around the picture.
pub(super) const MARGIN: f64 = 24.0;
/// Room for the caption.
pub(super) const CAPTION: f64 = 34.0;
/// Height that a lane may always take.
const SCREEN: f64 = 760.0;
const LANES: usize = 4;

/// Width of a text at the size of labels; Helvetica's average, wide rather than narrow.
pub(super) fn text_width(text: &str) -> f64 {
    text.chars().map(|c| if c.is_ascii_uppercase() || !c.is_ascii() { 7.6 } else { 6.1 }).sum()
}

/// The place of every box, and the size of the whole without a legend.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Places, by the index of the box.
    pub rects: Vec<Rect>,
    /// Width of the whole.
    pub width: f64,
    /// Height of the whole.
    pub height: f64,
}

/// Lays a drawing out.
#[must_use]
pub fn layout(drawing: &Drawing) -> Layout {
    let mut layout = Layout { rects: vec![Rect::default(); drawing.shapes.len()], width: 0.0, height: 0.0 };
    // Children come after their parents, so the last first has every size at hand.
    for at in (0..drawing.shapes.len()).rev() {
        layout.size(drawing, at);
    }
    let lanes = layout.lanes(drawing);
    layout.stack(&lanes);
    for root in drawing.roots() {
        layout.settle(drawing, root);
    }
    layout.width = layout.rects.iter().map(Rect::right).fold(0.0, f64::max) + MARGIN;
    layout.height = layout.rects.iter().map(Rect::bottom).fold(0.0, f64::max) + MARGIN;
    layout
}

/// The size of what is written on a box.
fn text_size(shape: &Shape) -> (f64, f64) {
    let lines: Vec<_> = shape.label.iter().map(|l| text_width(l)).collect();
    let lean = match look::look(shape.kind).outline {
        look::Outline::Box | look::Outline::Rounded | look::Outline::Note => 0.0,
        _ => 14.0,
    };
    let height = f64::from(u16::try_from(lines.len()).unwrap_or(u16::MAX)) * LINE;
    (lines.into_iter().fold(40.0, f64::max) + 2.0 * PAD + lean, height + 1.5 * PAD)
}

impl Layout {
    fn rect(&self, at: usize) -> Rect {
        self.rects.get(at).copied().unwrap_or_default()
    }

    fn set(&mut self, at: usize, change: impl FnOnce(&mut Rect)) {
        if let Some(rect) = self.rects.get_mut(at) {
            change(rect);
        }
    }

    /// Gives a box its size, and its children their places relative to it, so that the holder comes out about square.
    fn size(&mut self, drawing: &Drawing, at: usize) {
        let Some(shape) = drawing.shapes.get(at) else { return };
        let (text_w, text_h) = text_size(shape);
        if shape.children.is_empty() {
            self.set(at, |r| (r.w, r.h) = (text_w, text_h));
            return;
        }
        let area: f64 = shape.children.iter().map(|c| self.rect(*c)).map(|r| (r.w + GAP) * (r.h + GAP)).sum();
        let widest = shape.children.iter().map(|c| self.rect(*c).w).fold(0.0, f64::max);
        let room = (area * 1.35).sqrt().max(widest + GAP).max(text_w - 2.0 * PAD);
        let mut skyline = Skyline { steps: vec![(0.0, room + GAP, 0.0)] };
        let (mut used, mut deep) = (0.0_f64, 0.0_f64);
        for child in &shape.children {
            let size = self.rect(*child);
            let (x, y) = skyline.place(size.w + GAP, size.h + GAP);
            self.set(*child, |r| (r.x, r.y) = (x + PAD, y + text_h));
            used = used.max(x + size.w);
            deep = deep.max(y + size.h);
        }
        self.set(at, |r| (r.w, r.h) = ((used + 2.0 * PAD).max(text_w), deep + text_h + PAD));
    }

    /// Which lane each outermost box goes to, in an order in which lines cross little.
    fn lanes(&self, drawing: &Drawing) -> Vec<Vec<usize>> {
        let mut lanes: Vec<Vec<usize>> = vec![Vec::new(); LANES];
        for root in drawing.roots() {
            if let Some(lane) = lanes.get_mut(lane(drawing, root)) {
                lane.push(root);
            }
        }
        // Outermost box of every box, for lines between inner ones.
        let mut outer: Vec<usize> = (0..drawing.shapes.len()).collect();
        for (at, shape) in drawing.shapes.iter().enumerate() {
            let above = shape.parent.and_then(|p| outer.get(p)).copied().unwrap_or(at);
            if let Some(slot) = outer.get_mut(at) {
                *slot = above;
            }
        }
        let mut beside: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let lines = drawing.lines.iter().map(|l| (l.from, l.to)).chain(drawing.flows.iter().map(|f| (f.from, f.to)));
        for (from, to) in lines {
            if let Some((from, to)) = outer.get(from).zip(outer.get(to)).filter(|(a, b)| a != b) {
                beside.entry(*from).or_default().push(*to);
                beside.entry(*to).or_default().push(*from);
            }
        }
        for round in 0..4 {
            let order: BTreeMap<usize, f64> = lanes
                .iter()
                .flat_map(|lane| {
                    let mut y = 0.0;
                    let places: Vec<_> = lane
                        .iter()
                        .map(|at| {
                            y += self.rect(*at).h + STACK_GAP;
                            (*at, y - self.rect(*at).h / 2.0)
                        })
                        .collect();
                    places
                })
                .collect();
            for (number, lane) in lanes.iter_mut().enumerate() {
                // Left to right, then right to left.
                if (number + round) % 2 == 0 {
                    continue;
                }
                let weight = |at: &usize| {
                    let near: Vec<f64> =
                        beside.get(at).into_iter().flatten().filter_map(|n| order.get(n)).copied().collect();
                    let count = f64::from(u32::try_from(near.len()).unwrap_or(u32::MAX));
                    if near.is_empty() {
                        order.get(at).copied().unwrap_or_default()
                    } else {
                        near.iter().sum::<f64>() / count
                    }
                };
                lane.sort_by(|a, b| weight(a).total_cmp(&weight(b)).then(a.cmp(b)));
            }
        }
        lanes
    }

    /// Stacks lanes beside each other; a lane that would tower over the others gets several columns.
    fn stack(&mut self, lanes: &[Vec<usize>]) {
        let height = |s: &Self, lane: &[usize]| lane.iter().map(|at| s.rect(*at).h + STACK_GAP).sum::<f64>();
        let area: f64 =
            lanes.iter().flatten().map(|at| self.rect(*at)).map(|r| (r.w + LANE_GAP) * (r.h + STACK_GAP)).sum();
        let tallest = lanes.iter().flatten().map(|at| self.rect(*at).h).fold(0.0, f64::max);
        // A page is a little wider than high; what fits a screen stays in one column.
        let most = (area * 0.7).sqrt().max(tallest + STACK_GAP).max(SCREEN);
        let mut x = MARGIN;
        let whole = lanes.iter().map(|l| height(self, l).min(most)).fold(0.0, f64::max);
        for lane in lanes.iter().filter(|l| !l.is_empty()) {
            let mut columns: Vec<Vec<usize>> = vec![Vec::new()];
            let columns_needed = (height(self, lane) / most).ceil().max(1.0);
            let each = height(self, lane) / columns_needed + 1.0;
            let mut filled = 0.0;
            for at in lane {
                let own = self.rect(*at).h + STACK_GAP;
                if filled > 0.0 && filled + own / 2.0 > each {
                    columns.push(Vec::new());
                    filled = 0.0;
                }
                filled += own;
                if let Some(column) = columns.last_mut() {
                    column.push(*at);
                }
            }
            let last = columns.len() - 1;
            for (number, column) in columns.iter().enumerate() {
                let widest = column.iter().map(|at| self.rect(*at).w).fold(0.0, f64::max);
                let mut y = MARGIN + CAPTION + ((whole - height(self, column)) / 2.0).max(0.0);
                for at in column {
                    let own = self.rect(*at);
                    self.set(*at, |r| (r.x, r.y) = (x + (widest - own.w) / 2.0, y));
                    y += own.h + STACK_GAP;
                }
                x += widest + if number == last { LANE_GAP } else { LANE_GAP / 3.0 };
            }
        }
    }

    /// Turns places relative to the holder into places in the picture.
    fn settle(&mut self, drawing: &Drawing, at: usize) {
        let origin = self.rect(at);
        for child in drawing.shapes.get(at).map(|s| s.children.clone()).unwrap_or_default() {
            self.set(child, |r| (r.x, r.y) = (r.x + origin.x, r.y + origin.y));
            self.settle(drawing, child);
        }
    }
}

/// How deep a holder is filled, from left to right: start, width and depth of each step.
struct Skyline {
    steps: Vec<(f64, f64, f64)>,
}

impl Skyline {
    /// Takes the highest free place for something of this size, the leftmost of several, and gives its corner.
    fn place(&mut self, w: f64, h: f64) -> (f64, f64) {
        let end = self.steps.last().map_or(0.0, |(x, width, _)| x + width);
        let depth = |x: f64| {
            let under = self.steps.iter().filter(|(sx, sw, _)| *sx < x + w && sx + sw > x);
            under.map(|(_, _, depth)| *depth).fold(0.0, f64::max)
        };
        let places = self.steps.iter().map(|(x, _, _)| *x).filter(|x| *x == 0.0 || x + w <= end);
        let (x, y) = places
            .map(|x| (x, depth(x)))
            .min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.total_cmp(&b.0)))
            .unwrap_or_default();
        let mut steps = Vec::with_capacity(self.steps.len() + 2);
        for &(sx, sw, depth) in &self.steps {
            if sx < x {
                steps.push((sx, sw.min(x - sx), depth));
            }
        }
        steps.push((x, w, y + h));
        for &(sx, sw, depth) in &self.steps {
            let after = sx.max(x + w);
            if sx + sw > after {
                steps.push((after, sx + sw - after, depth));
            }
        }
        self.steps = steps;
        (x, y)
    }
}

/// The lane of an outermost box; a network with a firewall, gateway or several peers is a hub.
fn lane(drawing: &Drawing, root: usize) -> usize {
    let Some(shape) = drawing.shapes.get(root) else { return 0 };
    if shape.kind != Kind::VirtualNetwork {
        return look::look(shape.kind).lane;
    }
    let devices = [Kind::Firewall, Kind::Gateway, Kind::RouteServer, Kind::Resolver];
    let inner = shape.children.iter().filter_map(|c| drawing.shapes.get(*c)).flat_map(|s| &s.children);
    let holds = inner.filter_map(|c| drawing.shapes.get(*c)).any(|s| devices.contains(&s.kind));
    if holds { 1 } else { 2 }
}
