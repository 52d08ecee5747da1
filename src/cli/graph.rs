//! `privreach graph`.

use super::{
    args::{Engine, Global, Graph, Picture},
    exit::{Exit, Failure},
    input, output,
    trace::target,
};
use crate::{
    azure::topology::Topology,
    dataplane::Plane,
    matrix::{Matrix, clients, services},
    picture::{self, Flow, Options, Overlay},
    scenario::Scenario,
    trace::{Question, Trace, trace},
    verdict::Verdict,
};
use std::{
    io::Write,
    process::{Command, Stdio},
};

pub(super) fn run(args: &Graph, global: &Global) -> Result<Exit, Failure> {
    let (_, mut snapshot) = input::snapshot(&args.file, args.variant.as_deref(), global)?;
    let traced = match args.trace.as_deref() {
        Some([from, to]) => {
            let (to, port) = target(to).map_err(|m| input::mistake(&m))?;
            let question = Question { from: from.clone(), to, port, transport: crate::net::Transport::Tcp };
            snapshot.admit(&question.from, Some(&question.to));
            Some(trace(&snapshot.plane, &question).map_err(|e| input::mistake(&e.to_string()))?)
        }
        _ => None,
    };
    let format = args.format.or_else(|| named(global)).unwrap_or(match args.engine {
        Engine::Builtin => Picture::Dot,
        Engine::Graphviz => Picture::Svg,
    });
    if args.engine == Engine::Graphviz && format != Picture::Svg {
        return Err(input::mistake("--engine graphviz goes with --format svg; other formats are not laid out"));
    }
    let topology = Topology::new(&snapshot.scenario.estate);
    let mut options = Options {
        title: title(&snapshot.scenario, traced.as_ref()),
        focus: args.focus.clone(),
        depth: args.depth,
        collapse: args.collapse.unwrap_or(Options::COLLAPSE).max(1),
    };
    let mut overlay = traced.as_ref().map(Overlay::of_trace).unwrap_or_default();
    if !args.flows.is_empty() {
        overlay.flows = flows(&snapshot.plane, &args.flows)?;
    }
    let draw =
        |options: &Options| picture::draw(&topology, options, &overlay).map_err(|e| input::mistake(&e.to_string()));
    let mut drawing = draw(&options)?;
    if drawing.flows.len() > READABLE && args.collapse.is_none() {
        options.collapse = 1;
        drawing = draw(&options)?;
    }
    let text = match (format, args.engine) {
        (Picture::Dot, _) => picture::dot(&drawing),
        (Picture::Mermaid, _) => picture::mermaid(&drawing),
        (Picture::Svg, Engine::Builtin) => picture::svg(&drawing),
        (Picture::Svg, Engine::Graphviz) => graphviz(&picture::dot(&drawing))?,
    };
    output::write(global, &text)?;
    Ok(Exit::Holds)
}

/// The form that the ending of the output file names.
fn named(global: &Global) -> Option<Picture> {
    match global.output.as_ref()?.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "dot" | "gv" => Some(Picture::Dot),
        "svg" => Some(Picture::Svg),
        "mmd" | "mermaid" => Some(Picture::Mermaid),
        _ => None,
    }
}

/// Bundles of flows that can be told apart in a picture.
const READABLE: usize = 60;

/// Pairs that a picture can take; beyond, nobody could read it.
const DRAWN: usize = 2_000_000;

/// All flows of some verdicts, from the matrix.
fn flows(plane: &Plane, verdicts: &[Verdict]) -> Result<Vec<Flow>, Failure> {
    let (asking, asked) = (clients(plane), services(plane));
    let pairs = asking.len().saturating_mul(asked.len());
    if pairs > DRAWN {
        let text = format!("{pairs} flows are too many for a picture; `privreach matrix` groups them");
        return Err(input::mistake(&text));
    }
    let matrix = Matrix::new(plane, asking, asked);
    let mut flows = Vec::new();
    for (c, client) in matrix.clients.iter().enumerate() {
        for (s, service) in matrix.services.iter().enumerate() {
            let verdict = matrix.answer(c, s).outcome().map_or(Verdict::Unknown, |o| o.verdict);
            if verdicts.contains(&verdict) {
                let (from, to) = (client.origin.name.clone(), service.origin.name.clone());
                flows.push(Flow { from, to, verdict });
            }
        }
    }
    Ok(flows)
}

/// What the picture shows, in a line.
fn title(scenario: &Scenario, traced: Option<&Trace>) -> String {
    let name = match &scenario.variant {
        Some(variant) => format!("{} [{variant}]", scenario.name),
        None => scenario.name.clone(),
    };
    match traced {
        Some(t) => format!("{name}: {} → {}: {}", t.question.from, t.question.to, t.judgement.verdict),
        None => name,
    }
}

/// Lays the picture out with Graphviz, where it is installed.
fn graphviz(dot: &str) -> Result<String, Failure> {
    let missing = |error: std::io::Error| {
        input::mistake(&format!(
            "Graphviz's program `dot` could not be run ({error}); install Graphviz, or leave --engine away"
        ))
    };
    let mut child =
        Command::new("dot").arg("-Tsvg").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(missing)?;
    let input = child.stdin.take();
    let dot = dot.to_owned();
    // Written from another thread, so that neither side waits for the other with a full pipe.
    let writer = std::thread::spawn(move || input.map(|mut pipe| pipe.write_all(dot.as_bytes())));
    let output = child.wait_with_output().map_err(missing)?;
    let _ = writer.join();
    if !output.status.success() {
        return Err(input::mistake("`dot` failed to lay out the picture"));
    }
    String::from_utf8(output.stdout).map_err(|_| input::mistake("`dot` did not write UTF-8"))
}
