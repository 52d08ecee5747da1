//! Questions to a real server.

use super::{
    extended,
    wire::{Heard, Wire},
};
use crate::net::Fqdn;
use hickory_resolver::{
    net::NetError,
    proto::{
        op::{DnsResponse, ResponseCode},
        rr::{Name, RData, RecordType},
    },
};
use std::{
    collections::BTreeSet,
    io::ErrorKind,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

/// By which transport a server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// By UDP, and again by TCP where the answer is truncated, as stub resolvers do.
    UdpThenTcp,
    /// By UDP only; a truncated answer is none.
    Udp,
    /// By TCP only.
    Tcp,
}

/// A server and how it is asked.
#[derive(Debug, Clone)]
pub struct Asker {
    /// Address and port.
    pub server: SocketAddr,
    /// Transport.
    pub over: Over,
    /// How long one question may take.
    pub timeout: Duration,
}

/// What a server said of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The answer.
    pub said: Said,
    /// Names that the asked one is an alias of, in order, as far as the server leads.
    pub aliases: Vec<String>,
    /// What the server says of the answer itself, by extended DNS errors (RFC 8914).
    pub remarks: Vec<String>,
}

/// A server's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Addresses of both families, in order.
    Addresses(Vec<IpAddr>),
    /// The name exists and has no address.
    NoData,
    /// The name does not exist.
    NxDomain,
    /// The server refuses to answer.
    Refused,
    /// The server cannot answer; its response code, or what is wrong with the response.
    Failure(String),
    /// The answer did not fit a datagram; why none came by TCP, where that was tried.
    Cut(Option<String>),
    /// No answer in time.
    Silent,
    /// Nothing listens there, or no route leads there.
    Unreachable(String),
}

impl From<Said> for Reply {
    fn from(said: Said) -> Self {
        Self { said, aliases: Vec::new(), remarks: Vec::new() }
    }
}

impl Reply {
    /// Whether a DNS server was heard at all.
    #[must_use]
    pub fn was_heard(&self) -> bool {
        !matches!(self.said, Said::Silent | Said::Unreachable(_))
    }
}

/// Questions in flight at once; a resolver in production must not mistake a check for an attack.
const IN_FLIGHT: usize = 16;

/// Asks a server for the addresses of names, both families, and gives the replies in the same order. A server that leaves
/// the whole first batch unheard is not asked the rest.
///
/// # Errors
/// If no runtime or socket can be had.
pub fn ask(asker: &Asker, names: &[Fqdn]) -> std::io::Result<Vec<Reply>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let wire = Arc::new(Wire::new(asker));
        let mut replies: Vec<Reply> = Vec::with_capacity(names.len());
        for batch in names.chunks(IN_FLIGHT) {
            let mut tasks = tokio::task::JoinSet::new();
            for (i, name) in batch.iter().enumerate() {
                let (wire, name) = (wire.clone(), name.clone());
                tasks.spawn(async move { (i, both_families(&wire, &name).await) });
            }
            let mut answered = Vec::new();
            while let Some(done) = tasks.join_next().await {
                answered.push(done.map_err(std::io::Error::other)?);
            }
            answered.sort_by_key(|(i, _)| *i);
            replies.extend(answered.into_iter().map(|(_, reply)| reply));
            if replies.iter().all(|r| !r.was_heard()) {
                let last = replies.last().cloned().unwrap_or(Said::Silent.into());
                replies.resize(names.len(), last);
                break;
            }
        }
        Ok(replies)
    })
}

/// The addresses of both families. The first family decides what is wrong: forwarders that choke on AAAA are common, and
/// their clients reach the name all the same.
async fn both_families(wire: &Wire, name: &Fqdn) -> Reply {
    let first = one(wire, name, RecordType::A).await;
    if matches!(first.said, Said::NxDomain | Said::Cut(_) | Said::Silent | Said::Unreachable(_)) {
        return first;
    }
    let second = one(wire, name, RecordType::AAAA).await;
    match (&first.said, &second.said) {
        (Said::Addresses(some), Said::Addresses(more)) => {
            let all: BTreeSet<IpAddr> = some.iter().chain(more).copied().collect();
            Reply { said: Said::Addresses(all.into_iter().collect()), ..first }
        }
        (Said::NoData, Said::Addresses(_)) => second,
        _ => first,
    }
}

async fn one(wire: &Wire, name: &Fqdn, kind: RecordType) -> Reply {
    let Ok(absolute) = Name::from_ascii(format!("{name}.")) else {
        return Said::Failure("not a name that DNS can carry".to_owned()).into();
    };
    match wire.ask(absolute.clone(), kind).await {
        Heard::Response(response) => read(&response, &absolute),
        Heard::Cut(None) => Said::Cut(None).into(),
        Heard::Cut(Some(error)) => Said::Cut(Some(match failed(&error) {
            Said::Unreachable(why) | Said::Failure(why) => why,
            _ => "no answer in time".to_owned(),
        }))
        .into(),
        Heard::Nothing(error) => failed(&error).into(),
    }
}

/// A response code as DNS spells it.
pub(super) fn spelled(code: ResponseCode) -> String {
    match code {
        ResponseCode::Unknown(number) => format!("response code {number}"),
        known => format!("{known:?}").to_uppercase(),
    }
}

/// Addresses of the name that was asked for, or of one that its aliases lead to; whatever else an answer holds is not
/// believed.
fn read(response: &DnsResponse, asked: &Name) -> Reply {
    if response.queries.iter().any(|q| q.name() != asked) {
        return Said::Failure("a response to another question".to_owned()).into();
    }
    let mut names = vec![asked];
    let mut circle = false;
    while let Some(next) = response.answers.iter().find_map(|r| match &r.data {
        RData::CNAME(alias) if names.last() == Some(&&r.name) => Some(&alias.0),
        _ => None,
    }) {
        if names.contains(&next) {
            circle = true;
            break;
        }
        names.push(next);
    }
    let text = |name: &Name| name.to_ascii().trim_end_matches('.').to_ascii_lowercase();
    let said = match response.response_code {
        ResponseCode::NoError if circle => Said::Failure("aliases that lead in a circle".to_owned()),
        ResponseCode::NoError => addresses(response, &names),
        ResponseCode::NXDomain => Said::NxDomain,
        ResponseCode::Refused => Said::Refused,
        code => Said::Failure(spelled(code)),
    };
    let aliases = names.iter().skip(1).map(|n| text(n)).collect();
    Reply { said, aliases, remarks: extended::all(response.edns.as_ref()) }
}

fn addresses(response: &DnsResponse, names: &[&Name]) -> Said {
    let all = response.answers.iter().filter_map(|r| match &r.data {
        RData::A(a) => Some((&r.name, IpAddr::V4(a.0))),
        RData::AAAA(a) => Some((&r.name, IpAddr::V6(a.0))),
        _ => None,
    });
    let (asked, others): (Vec<_>, Vec<_>) = all.partition(|(owner, _)| names.contains(owner));
    let found: BTreeSet<IpAddr> = asked.into_iter().map(|(_, address)| address).collect();
    match (found.is_empty(), others.is_empty()) {
        (false, _) => Said::Addresses(found.into_iter().collect()),
        (true, true) => Said::NoData,
        (true, false) => Said::Failure("an answer for names that were not asked for".to_owned()),
    }
}

fn failed(error: &NetError) -> Said {
    match error {
        NetError::Timeout => Said::Silent,
        NetError::NoConnections => Said::Unreachable("no connection is accepted".to_owned()),
        NetError::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
            Said::Unreachable("nothing listens on the port (connection refused)".to_owned())
        }
        NetError::Io(error) if !CLOSED.contains(&error.kind()) => Said::Unreachable(error.to_string()),
        NetError::Io(_) | NetError::Busy => Said::Unreachable("the connection was closed without an answer".to_owned()),
        NetError::Proto(error) => Said::Failure(format!("a response that cannot be read: {error}")),
        other => Said::Failure(other.to_string()),
    }
}

/// Errors of a connection that was accepted, and ended.
const CLOSED: [ErrorKind; 4] =
    [ErrorKind::ConnectionReset, ErrorKind::ConnectionAborted, ErrorKind::UnexpectedEof, ErrorKind::BrokenPipe];
