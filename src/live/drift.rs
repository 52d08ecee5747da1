//! How a server's replies differ from the design.

use super::{Expected, Reply, Said};
use crate::{
    lookup::Answer,
    net::{Fqdn, is_public, is_undeclared_public},
    verdict::{Reason, Word},
};
use std::{fmt, net::IpAddr, str::FromStr};

crate::verdict::words! {
    /// How a reply compares with the design.
    pub enum Drift ("live DNS") {
        Agrees = "agrees", "The server answers as the design says.";
        PublicAnswer = "public-answer", "The design expects a private address and the server answers a public one: it does not see the private zone. Link the zone to the server's network, or forward the suffix to a resolver that sees it.";
        Nxdomain = "nxdomain", "The design expects an address and the server says that the name does not exist. Add the record, or link the zone that holds it.";
        MissingRecord = "missing-record", "The server knows the name and lacks an address that the design expects. Add the address to its records; where it answers an alias that leads nowhere, let it see the zone that holds the alias.";
        StaleRecord = "stale-record", "The server answers another address than the design expects, often that of an endpoint that was replaced. Correct the record, or the design.";
        UnexpectedAnswer = "unexpected-answer", "The server answers where the design says that the client gets no address, or answers privately where the design says public. Remove the record, or declare it in the scenario.";
        Refused = "refused", "The server refuses this name while it answers others, so its clients get no address. Let it answer the name.";
        ServerFailure = "server-failure", "The server fails on this name (SERVFAIL or a broken response), so its clients get no address. Look at what it forwards the name to.";
        Truncated = "truncated", "The server cut its answer off and gave none by TCP: undecided. Let TCP to its port pass, or ask by TCP.";
        TimeOut = "time-out", "The server did not answer this name in time: undecided. Let UDP and TCP to its port pass, ask from where the client is, or wait longer.";
        Unreachable = "unreachable", "No DNS server listens at the address, or no route leads there: undecided. Check the address and the port, or ask from where the client is.";
        RefusedAsker = "refused-asker", "The server refuses everything that was asked, so it probably does not serve this machine: undecided. Ask from where the client is.";
        Undeclared = "undeclared", "The scenario does not say what the name answers, so it was not compared: undecided. Declare it.";
    }
}

impl Drift {
    /// Whether the server answers otherwise than the design.
    #[must_use]
    pub fn is_drift(self) -> bool {
        !matches!(self, Self::Agrees) && !self.is_undecided()
    }

    /// Whether it cannot be said.
    #[must_use]
    pub fn is_undecided(self) -> bool {
        matches!(self, Self::Truncated | Self::TimeOut | Self::Unreachable | Self::RefusedAsker | Self::Undeclared)
    }
}

/// A name with what was expected, what came, and how the two compare.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The design's answer.
    pub expected: Expected,
    /// The server's; none where the name was not asked.
    pub reply: Option<Reply>,
    /// The comparison.
    pub drift: Drift,
}

/// Whether the design says what a name answers; only such names are worth asking.
fn is_declared(expected: &Expected) -> bool {
    expected.answer != Answer::None(Reason::DnsUndeclared)
}

/// Compares the design with a server, which is asked through `ask` for the names whose answer the design knows.
///
/// # Errors
/// Whatever `ask` fails with.
pub fn compare<E>(
    expected: &[Expected],
    ask: impl FnOnce(&[Fqdn]) -> Result<Vec<Reply>, E>,
) -> Result<Vec<Finding>, E> {
    let names: Vec<Fqdn> = expected.iter().filter(|e| is_declared(e)).map(|e| e.name.clone()).collect();
    let replies = ask(&names)?;
    let refuses_all = !replies.is_empty() && replies.iter().all(|r| r.said == Said::Refused || !r.was_heard());
    let mut replies = replies.into_iter();
    Ok(expected
        .iter()
        .map(|e| {
            let reply = if is_declared(e) { replies.next() } else { None };
            let drift = reply.as_ref().map_or(Drift::Undeclared, |r| judge(&e.answer, &r.said, refuses_all));
            Finding { expected: e.clone(), reply, drift }
        })
        .collect())
}

fn judge(design: &Answer, said: &Said, refuses_all: bool) -> Drift {
    match (design, said) {
        (_, Said::Cut(_)) => Drift::Truncated,
        (_, Said::Silent) => Drift::TimeOut,
        (_, Said::Unreachable(_)) => Drift::Unreachable,
        (_, Said::Refused) if refuses_all => Drift::RefusedAsker,
        (Answer::Addresses(design), Said::Addresses(found)) => addresses(design, found),
        (Answer::Addresses(_), Said::NxDomain) => Drift::Nxdomain,
        (Answer::Addresses(_), Said::NoData) => Drift::MissingRecord,
        (Answer::Addresses(_), Said::Refused) => Drift::Refused,
        (Answer::Addresses(_), Said::Failure(_)) => Drift::ServerFailure,
        (Answer::NxDomain | Answer::None(_), Said::Addresses(_)) => Drift::UnexpectedAnswer,
        // No address either way: the client meets the same end.
        (Answer::NxDomain | Answer::None(_), _) => Drift::Agrees,
    }
}

fn addresses(design: &[IpAddr], found: &[IpAddr]) -> Drift {
    let undeclared = design.iter().any(|a| is_undeclared_public(*a));
    let expected = |a: &IpAddr| design.contains(a) || undeclared && is_public(*a);
    let private = design.iter().all(|a| !is_public(*a));
    if found.iter().any(|a| private && is_public(*a)) {
        return Drift::PublicAnswer;
    }
    if found.iter().any(|a| !expected(a)) {
        let public = design.iter().all(|a| is_public(*a));
        return if public && found.iter().any(|a| !is_public(*a)) {
            Drift::UnexpectedAnswer
        } else {
            Drift::StaleRecord
        };
    }
    let missing = |a: &&IpAddr| !is_undeclared_public(**a) && !found.contains(a);
    if design.iter().any(|a| missing(&a)) { Drift::MissingRecord } else { Drift::Agrees }
}
