//! `privreach graph`.

use super::{
    args::{Global, Graph, Picture},
    exit::{Exit, Failure},
    input, output,
    trace::target,
};
use crate::{
    azure::topology::Topology,
    report::dot,
    trace::{Question, trace},
};
use std::{
    io::Write,
    process::{Command, Stdio},
};

pub(super) fn run(args: &Graph, global: &Global) -> Result<Exit, Failure> {
    let (_, snapshot) = input::snapshot(&args.file, args.variant.as_deref(), global)?;
    let traced = match args.trace.as_deref() {
        Some([from, to]) => {
            let (to, port) = target(to).map_err(|m| input::mistake(&m))?;
            let question = Question { from: from.clone(), to, port, transport: crate::net::Transport::Tcp };
            Some(trace(&snapshot.plane, &question).map_err(|e| input::mistake(&e.to_string()))?)
        }
        _ => None,
    };
    let topology = Topology::new(&snapshot.scenario.estate);
    let dot = dot::render(&snapshot.scenario.name, &topology, traced.as_ref());
    let text = match args.format {
        Picture::Dot => dot,
        Picture::Svg => svg(&dot)?,
    };
    output::write(global, &text)?;
    Ok(Exit::Holds)
}

/// Lays the picture out with Graphviz, where it is installed.
fn svg(dot: &str) -> Result<String, Failure> {
    let missing = |error: std::io::Error| {
        input::mistake(&format!(
            "SVG needs Graphviz, and its program `dot` could not be run ({error}); install Graphviz, or use --format dot and lay the picture out elsewhere"
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
