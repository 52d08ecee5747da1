//! Diagrams of an estate: what belongs together in nested boxes, what is alike in one, relations bundled between them.
//!
//! [`draw`] turns the topology into a [`Drawing`], which knows no format; `dot`, `svg` and `mermaid` write it down. The
//! SVG is laid out here, so that a picture needs no other program.

mod dot;
mod group;
mod layout;
mod look;
mod mermaid;
mod svg;

pub use dot::dot;
pub use layout::{Layout, Rect, layout};
pub use mermaid::mermaid;
pub use svg::{escape, svg};

use crate::{
    azure::topology::{Kind, Relation, Topology},
    diag::nearest,
    trace::Trace,
    verdict::Verdict,
};
use petgraph::graph::NodeIndex;
use std::collections::BTreeMap;
use thiserror::Error;

/// What to draw of an estate.
#[derive(Debug, Clone)]
pub struct Options {
    /// Caption.
    pub title: String,
    /// Names around which to draw; everything when empty.
    pub focus: Vec<String>,
    /// How many relations away from the focus the picture reaches.
    pub depth: usize,
    /// More than so many alike things in one place share a box.
    pub collapse: usize,
}

impl Options {
    /// Alike things beyond this number share a box, unless another number is asked for.
    pub const COLLAPSE: usize = 6;

    /// Everything, with a caption.
    #[must_use]
    pub fn titled(title: &str) -> Self {
        Self { title: title.to_owned(), focus: Vec::new(), depth: 1, collapse: Self::COLLAPSE }
    }
}

/// What is drawn on top of an estate.
#[derive(Debug, Clone, Default)]
pub struct Overlay {
    /// The elements of a traced path in order, with its verdict.
    pub path: Option<(Vec<String>, Verdict)>,
    /// Flows between named things.
    pub flows: Vec<Flow>,
}

/// One flow, or several alike, of an overlay.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Who asks.
    pub from: String,
    /// Who is asked for.
    pub to: String,
    /// The answer.
    pub verdict: Verdict,
}

impl Overlay {
    /// The path of a trace: the client first, in order and without repetitions.
    #[must_use]
    pub fn of_trace(trace: &Trace) -> Self {
        let mut names = vec![trace.question.from.clone()];
        for element in trace.elements() {
            if !names.iter().any(|n| n == element) {
                names.push(element.to_owned());
            }
        }
        Self { path: Some((names, trace.judgement.verdict)), flows: Vec::new() }
    }
}

/// Why a picture cannot be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PictureError {
    /// A name of the focus is not in the estate.
    #[error("nothing in this estate is called `{name}`{}", near.as_ref().map_or(String::new(), |n| format!("; did you mean `{n}`?")))]
    Unknown {
        /// The name.
        name: String,
        /// What was probably meant.
        near: Option<String>,
    },
}

/// A diagram, apart from any format.
#[derive(Debug, Clone, Default)]
pub struct Drawing {
    /// Caption.
    pub title: String,
    /// Boxes; parents come before their children.
    pub shapes: Vec<Shape>,
    /// Bundled relations.
    pub lines: Vec<Line>,
    /// The traced path, as indices of shapes.
    pub path: Vec<usize>,
    /// The verdict of the traced path.
    pub verdict: Option<Verdict>,
    /// Bundled flows.
    pub flows: Vec<FlowLine>,
}

/// A box.
#[derive(Debug, Clone)]
pub struct Shape {
    /// Kind of everything in it.
    pub kind: Kind,
    /// What is written on it.
    pub label: Vec<String>,
    /// The names it stands for.
    pub names: Vec<String>,
    /// The box around it.
    pub parent: Option<usize>,
    /// Boxes in it.
    pub children: Vec<usize>,
    /// Whether it can hold others.
    pub container: bool,
}

/// Relations of one kind between two boxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Box it starts at.
    pub from: usize,
    /// Box it ends at.
    pub to: usize,
    /// Kind.
    pub relation: Relation,
    /// How many relations it stands for.
    pub count: usize,
}

/// Flows of one verdict between two boxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowLine {
    /// Box of the clients.
    pub from: usize,
    /// Box of the services.
    pub to: usize,
    /// Verdict.
    pub verdict: Verdict,
    /// How many flows it stands for.
    pub count: usize,
}

/// Draws an estate.
///
/// # Errors
/// If the focus names something that is not there.
pub fn draw(topology: &Topology, options: &Options, overlay: &Overlay) -> Result<Drawing, PictureError> {
    let visible = group::visible(topology, options)?;
    let mut grouped = group::group(topology, &visible, options);
    let at = |name: &str| shape_of(topology, &grouped.place, name);
    let mut path: Vec<usize> = Vec::new();
    if let Some((names, _)) = &overlay.path {
        for shape in names.iter().filter_map(|n| at(n)) {
            let container = grouped.shapes.get(shape).is_some_and(|s| s.container && s.kind != Kind::VirtualHub);
            if path.last() != Some(&shape) && !container {
                path.push(shape);
            }
        }
    }
    let mut bundled: BTreeMap<(usize, usize, Verdict), usize> = BTreeMap::new();
    for flow in &overlay.flows {
        if let (Some(from), Some(to)) = (at(&flow.from), at(&flow.to)) {
            *bundled.entry((from, to, flow.verdict)).or_default() += 1;
        }
    }
    let flows = bundled.into_iter().map(|((from, to, verdict), count)| FlowLine { from, to, verdict, count }).collect();
    grouped.shapes.iter_mut().for_each(Shape::fit);
    Ok(Drawing {
        title: options.title.clone(),
        shapes: grouped.shapes,
        lines: grouped.lines,
        path,
        verdict: overlay.path.as_ref().map(|(_, v)| *v),
        flows,
    })
}

/// The box of a name: a leaf rather than a container, whatever kind carries the name.
fn shape_of(topology: &Topology, place: &BTreeMap<NodeIndex, usize>, name: &str) -> Option<usize> {
    let named = topology.named(name);
    let leaf = |n: &&NodeIndex| topology.graph().node_weight(**n).is_some_and(|w| !look::holds(w.kind));
    named.iter().find(leaf).or(named.first()).and_then(|n| place.get(n)).copied()
}

impl Shape {
    /// Shortens lines that would make a box wider than everything around it.
    fn fit(&mut self) {
        const MOST: usize = 44;
        for line in &mut self.label {
            if line.chars().count() > MOST {
                let kept: String = line.chars().take(MOST - 1).collect();
                *line = format!("{kept}…");
            }
        }
    }
}

impl Drawing {
    /// Boxes that no other holds.
    pub fn roots(&self) -> impl Iterator<Item = usize> + '_ {
        self.shapes.iter().enumerate().filter(|(_, s)| s.parent.is_none()).map(|(i, _)| i)
    }

    /// Whether the traced path passes a box.
    #[must_use]
    pub fn on_path(&self, shape: usize) -> bool {
        self.path.contains(&shape)
    }

    /// Kinds of boxes and of relations in the picture, for its legend.
    #[must_use]
    pub fn vocabulary(&self) -> (Vec<Kind>, Vec<Relation>, Vec<Verdict>) {
        let mut kinds: Vec<_> = self.shapes.iter().map(|s| s.kind).collect();
        let mut relations: Vec<_> = self.lines.iter().map(|l| l.relation).collect();
        let mut verdicts: Vec<_> = self.flows.iter().map(|f| f.verdict).chain(self.verdict).collect();
        kinds.sort_unstable();
        kinds.dedup();
        relations.sort_unstable();
        relations.dedup();
        verdicts.sort_unstable();
        verdicts.dedup();
        (kinds, relations, verdicts)
    }
}

/// The nearest name of the estate to a misspelt one.
fn suggest(topology: &Topology, name: &str) -> PictureError {
    let known = topology.graph().node_weights().map(|n| n.name.as_str());
    PictureError::Unknown { name: name.to_owned(), near: nearest(name, known).map(str::to_owned) }
}
