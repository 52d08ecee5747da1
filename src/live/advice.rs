//! What to do about a name that a server answers otherwise, or not at all.

use super::{Drift, Finding, Said};
use crate::lookup::Answer;

/// What to do; none where the server answers as designed.
#[must_use]
pub fn advice(finding: &Finding) -> Option<String> {
    let zone = finding.expected.zone.as_ref();
    let records = zone.map_or_else(|| "the records that the server sees".to_owned(), |zone| format!("zone {zone}"));
    let see = zone.map_or_else(
        || "let the server see the zone that holds them, or forward the names to a resolver that does".to_owned(),
        |zone| format!("link zone {zone} to the server's network, or forward its names to a resolver that sees it"),
    );
    let said = finding.reply.as_ref().map(|r| &r.said);
    let end = finding.reply.as_ref().and_then(|r| r.aliases.last());
    Some(match (finding.drift, said, end) {
        (Drift::Agrees, ..) => return None,
        (Drift::PublicAnswer, ..) => see,
        (Drift::Nxdomain, ..) => format!("add the record to {records}; or {see}"),
        (Drift::MissingRecord, Some(Said::NoData), Some(end)) => {
            format!("add the record of {end}, where the aliases end; or {see}")
        }
        (Drift::MissingRecord, ..) => format!("add what is missing to {records}, or correct the design"),
        (Drift::StaleRecord, ..) => "correct the record where the server has it from, or the design".to_owned(),
        (Drift::UnexpectedAnswer, ..) if matches!(finding.expected.answer, Answer::Addresses(_)) => {
            "the server sees a private zone that this client does not in the design: name the client that it serves with \
             `--from`, or declare the link or forwarder"
                .to_owned()
        }
        (Drift::UnexpectedAnswer, ..) => "remove the record where the server has it from, or declare it".to_owned(),
        (Drift::Refused, ..) => "let the server answer: a policy or an access list of it refuses the name".to_owned(),
        (Drift::ServerFailure, ..) => "look at the server, and at what it forwards the name to".to_owned(),
        (Drift::Truncated, Some(Said::Cut(Some(_))), _) => {
            "make the server answer by TCP: answers that do not fit a datagram need it".to_owned()
        }
        (Drift::Truncated, ..) => "ask with `--transport auto`, which asks again by TCP".to_owned(),
        (Drift::TimeOut, ..) => {
            "let UDP and TCP to the server's port pass, ask from where the client is, or wait longer with `--timeout`"
                .to_owned()
        }
        (Drift::Unreachable, ..) => {
            "check the server's address and port, start it, or ask from where the client is".to_owned()
        }
        (Drift::RefusedAsker, ..) => "ask from where the client is, or let the server serve this machine".to_owned(),
        (Drift::Undeclared, ..) => {
            "declare the name under `public_hosts`, or its suffix under `public_dns.absent`".to_owned()
        }
    })
}
