//! `privreach trace`.

use super::{
    args::{Format, Global, Trace},
    exit::{Exit, Failure},
    input, output,
};
use crate::{
    diag::SourceMap,
    net::Transport,
    report::{self, TraceReport},
    snapshot::Snapshot,
    trace::{Question, trace},
};

pub(super) fn run(args: &Trace, global: &Global) -> Result<Exit, Failure> {
    let (sources, snapshot) = input::snapshot(&args.file, args.variant.as_deref(), global)?;
    explain(&sources, &snapshot, (&args.from, &args.to, args.protocol), args.format, global)
}

/// The same on a snapshot: client, target and transport.
pub(super) fn explain(
    sources: &SourceMap,
    snapshot: &Snapshot,
    (from, to, transport): (&str, &str, Transport),
    format: Format,
    global: &Global,
) -> Result<Exit, Failure> {
    let (to, port) = target(to).map_err(|m| input::mistake(&m))?;
    let question = Question { from: from.to_owned(), to, port: transport.port(port), transport };
    let mut snapshot = snapshot.clone();
    snapshot.admit(&question.from, Some(&question.to));
    let trace = trace(&snapshot.plane, &question).map_err(|e| input::mistake(&e.to_string()))?;
    let report = TraceReport::new(sources, &trace);
    let text = match format {
        Format::Text => report::trace_text(&report, output::style(global)),
        Format::Json => report::to_json("trace", &report),
    };
    output::write(global, &text)?;
    // A trace asks and asserts nothing, so every answer but an unknown one is a success.
    Ok(if trace.judgement.verdict == crate::verdict::Verdict::Unknown { Exit::Undecided } else { Exit::Holds })
}

/// Splits `target:port`; a URL gives the port of its scheme.
pub(super) fn target(text: &str) -> Result<(String, u16), String> {
    let (default, rest) = match text.split_once("://") {
        None => (443, text),
        Some(("https", rest)) => (443, rest),
        Some(("http", rest)) => (80, rest),
        Some((scheme, _)) => {
            return Err(format!("the port of `{scheme}://` is not known here; write the target as host:port"));
        }
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    // What somebody logs in with is never needed and never repeated.
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    // `endpoint/deployment` is a name with a slash, not a path.
    let host = if rest.len() == text.len() { rest } else { host };
    if host.parse::<std::net::Ipv6Addr>().is_ok() {
        return Ok((host.to_owned(), default));
    }
    let bare = host.strip_prefix('[').and_then(|h| h.split_once(']'));
    let (name, port) = match bare {
        Some((address, rest)) => (address, rest.strip_prefix(':')),
        None => host.rsplit_once(':').map_or((host, None), |(n, p)| (n, Some(p))),
    };
    if name.is_empty() {
        return Err(format!("`{text}` names no target"));
    }
    match port {
        None => Ok((name.to_owned(), default)),
        Some(port) => match port.parse() {
            Ok(port) if port > 0 => Ok((name.to_owned(), port)),
            _ => Err(format!("`{port}` is not a port from 1 to 65535")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::target;

    #[test]
    fn targets_with_and_without_ports() {
        assert_eq!(target("srch:8443"), Ok(("srch".into(), 8443)));
        assert_eq!(target("http://a.b/c?d"), Ok(("a.b".into(), 80)));
        assert_eq!(target("https://a.b:444/c"), Ok(("a.b".into(), 444)));
        assert_eq!(target("moe/blue"), Ok(("moe/blue".into(), 443)));
        assert_eq!(target("[fd00::1]:53"), Ok(("fd00::1".into(), 53)));
        assert_eq!(target("fd00::1"), Ok(("fd00::1".into(), 443)));
        assert!(target("ftp://a.b").is_err());
        assert!(target("a:b").is_err());
        assert!(target("a:0").is_err());
    }
}
