//! `privreach dns-serve`.

use super::{
    args::{DnsServe, Global},
    exit::{Exit, Failure},
    input, output,
};
use crate::{
    diag::is_printable,
    live::{Handled, Server, Vantage},
};
use std::io::Write;

pub(super) fn run(args: &DnsServe, global: &Global) -> Result<Exit, Failure> {
    if !args.listen.ip().is_loopback() && !args.allow_remote {
        let text = format!(
            "{} can be reached from other machines, and a modelled resolver must not serve them by mistake; listen on 127.0.0.1, or add --allow-remote",
            args.listen.ip()
        );
        return Err(input::mistake(&text));
    }
    let (_, snapshot) = input::snapshot(&args.file, args.variant.as_deref(), global)?;
    let client = crate::trace::client(&snapshot.plane, &args.client).map_err(|e| input::mistake(&e.to_string()))?;
    let vantage = Vantage::new(snapshot.plane.clone(), client);
    let verbose = global.verbose;
    let server = Server::bind(vantage, args.listen, move |handled| {
        if verbose {
            let _ = writeln!(anstream::stderr(), "{}", line(handled));
        }
    });
    let server = server.map_err(|error| input::mistake(&format!("cannot listen on {}: {error}", args.listen)))?;
    if !global.quiet {
        let text = format!("answering as {} on {}, udp and tcp; Ctrl-C ends\n", args.client, server.address());
        output::write(global, &text)?;
    }
    let address = server.address();
    server
        .run(std::future::pending())
        .map_err(|error| input::mistake(&format!("cannot answer on {address}: {error}")))?;
    Ok(Exit::Holds)
}

fn line(handled: &Handled) -> String {
    let mut text = format!("{} {} {}", handled.kind, handled.name, handled.code);
    if handled.data.is_empty() && handled.why.is_none() {
        text.push_str("  no data");
    }
    for part in handled.data.iter().chain(&handled.why) {
        text.push_str("  ");
        text.push_str(part);
    }
    text.chars().map(|c| if is_printable(c) { c } else { '\u{fffd}' }).collect()
}
