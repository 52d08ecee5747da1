//! `privreach resolve`.

use super::{
    args::{Format, Global, Resolve, Transport},
    exit::{Exit, Failure},
    input, output,
};
use crate::{
    dataplane::{Client, ClientKind, Endpoint, Id},
    diag::SourceMap,
    live::{self, Asker, Over},
    lookup::{self, Answer},
    net::{Fqdn, FqdnError},
    report::{self, LiveReport, ResolveReport, ServerReport},
    snapshot::Snapshot,
};
use std::time::Duration;

pub(super) fn run(args: &Resolve, global: &Global) -> Result<Exit, Failure> {
    let (sources, mut snapshot) = input::snapshot(&args.file, args.variant.as_deref(), global)?;
    let name = args.name.as_ref().map(|n| n.parse()).transpose();
    let name = name.map_err(|e: FqdnError| input::mistake(&e.to_string()))?;
    snapshot.admit(&args.from, None);
    let client = crate::trace::client(&snapshot.plane, &args.from).map_err(|e| input::mistake(&e.to_string()))?;
    if let Some(mistaken) = name.as_ref().and_then(|name| mistaken(&snapshot, client, name)) {
        return Err(input::mistake(&mistaken));
    }
    match name {
        Some(name) if !args.live => modelled(args, global, &sources, &snapshot, client, &name),
        name => asked(args, global, &sources, &snapshot, client, name.as_ref()),
    }
}

/// What stands where a domain name should: an address, or what a resource of the design is called.
fn mistaken(snapshot: &Snapshot, client: &Client, name: &Fqdn) -> Option<String> {
    if name.as_str().parse::<std::net::IpAddr>().is_ok() {
        let text = format!(
            "{name} is an address, which needs no resolving; name a domain, or ask `privreach trace --to {name}`"
        );
        return Some(text);
    }
    // Nothing appends a suffix to a name of one label, and a server may hold it as it is.
    let plane = &snapshot.plane;
    let held = lookup::query(plane, &client.resolver, endpoint(client), name);
    let declared = matches!(held.answer, Answer::Addresses(_));
    let mut whole = plane.door_names.keys().chain(plane.machine_names.keys());
    let whole =
        whole.find(|known| !declared && known.labels().count() > 1 && known.labels().next() == Some(name.as_str()))?;
    Some(format!("{name} is no domain name of the design; did you mean `{whole}`?"))
}

/// What a client asks from; a service that calls from no network asks from nowhere.
fn endpoint(client: &Client) -> Option<Id<Endpoint>> {
    match client.kind {
        ClientKind::Endpoint(id) => Some(id),
        ClientKind::Identity(_) => None,
    }
}

fn modelled(
    args: &Resolve,
    global: &Global,
    sources: &SourceMap,
    snapshot: &Snapshot,
    client: &Client,
    name: &Fqdn,
) -> Result<Exit, Failure> {
    let resolution = lookup::query(&snapshot.plane, &client.resolver, endpoint(client), name);
    let report = ResolveReport::new(sources, &args.from, &resolution);
    let text = match args.format {
        Format::Text => report::resolve_text(&report, output::style(global)),
        Format::Json => report::to_json("resolve", &report),
    };
    output::write(global, &text)?;
    Ok(if report.decided { Exit::Holds } else { Exit::Undecided })
}

fn asked(
    args: &Resolve,
    global: &Global,
    sources: &SourceMap,
    snapshot: &Snapshot,
    client: &Client,
    name: Option<&Fqdn>,
) -> Result<Exit, Failure> {
    let expected = match name {
        Some(name) => vec![live::expected(&snapshot.plane, client, name)],
        None => live::private_names(&snapshot.plane, client),
    };
    if expected.is_empty() {
        return Err(input::mistake("the design implies no private name, so there is nothing to ask"));
    }
    let over = match args.transport {
        Transport::Auto => Over::UdpThenTcp,
        Transport::Udp => Over::Udp,
        Transport::Tcp => Over::Tcp,
    };
    let mut report = LiveReport { from: args.from.clone(), servers: Vec::new() };
    for server in &args.server {
        let asker = Asker { server: *server, over, timeout: Duration::from_secs(args.timeout) };
        let findings = live::compare(&expected, |names| live::ask(&asker, names))
            .map_err(|error| input::mistake(&format!("cannot ask {server}: {error}")))?;
        report.servers.push(ServerReport::new(sources, &server.to_string(), &findings));
    }
    let text = match args.format {
        Format::Text => report::live_text(&report, output::style(global)),
        Format::Json => report::to_json("resolve-live", &report),
    };
    output::write(global, &text)?;
    Ok(match () {
        () if report.has_drift() => Exit::Failed,
        () if report.agrees() => Exit::Holds,
        () => Exit::Undecided,
    })
}
