//! Questions to a real server.

use crate::net::Fqdn;
use hickory_resolver::{
    NameServerPool, PoolContext, TlsConfig,
    config::{ConnectionConfig, NameServerConfig, ResolverOpts, ServerOrderingStrategy},
    net::{
        DnsError, NetError,
        runtime::TokioRuntimeProvider,
        xfer::{DnsHandle, FirstAnswer},
    },
    proto::{
        op::{DnsRequestOptions, DnsResponse, Query, ResponseCode},
        rr::{Name, RData, RecordType},
    },
};
use std::{
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
pub enum Reply {
    /// Its addresses of both families, in order.
    Addresses(Vec<IpAddr>),
    /// The name exists and has no address.
    NoData,
    /// The name does not exist.
    NxDomain,
    /// The server refuses to answer.
    Refused,
    /// The server cannot answer; its response code, or what is wrong with the response.
    Failure(String),
    /// The answer did not fit a datagram, and none came by TCP.
    Cut,
    /// No answer in time.
    Silent,
    /// Nothing listens there, or no route leads there.
    Unreachable(String),
}

impl Reply {
    /// Whether a DNS server was heard at all.
    #[must_use]
    pub fn was_heard(&self) -> bool {
        !matches!(self, Self::Silent | Self::Unreachable(_))
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
        let pool = pool(asker)?;
        let mut replies = Vec::with_capacity(names.len());
        for batch in names.chunks(IN_FLIGHT) {
            let mut tasks = tokio::task::JoinSet::new();
            for (i, name) in batch.iter().enumerate() {
                let (pool, name, limit) = (pool.clone(), name.clone(), asker.timeout);
                tasks.spawn(async move { (i, both_families(&pool, &name, limit).await) });
            }
            let mut answered = Vec::new();
            while let Some(done) = tasks.join_next().await {
                answered.push(done.map_err(std::io::Error::other)?);
            }
            answered.sort_by_key(|(i, _)| *i);
            replies.extend(answered.into_iter().map(|(_, reply)| reply));
            if replies.iter().all(|r| !r.was_heard()) {
                let last = replies.last().cloned().unwrap_or(Reply::Silent);
                replies.resize(names.len(), last);
                break;
            }
        }
        Ok(replies)
    })
}

fn pool(asker: &Asker) -> std::io::Result<NameServerPool<TokioRuntimeProvider>> {
    let mut options = ResolverOpts::default();
    options.timeout = asker.timeout;
    options.cache_size = 0;
    options.try_tcp_on_error = false;
    options.server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
    let at = |mut connection: ConnectionConfig| {
        connection.port = asker.server.port();
        connection
    };
    let connections = match asker.over {
        Over::UdpThenTcp => vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())],
        Over::Udp => vec![at(ConnectionConfig::udp())],
        Over::Tcp => vec![at(ConnectionConfig::tcp())],
    };
    let server = NameServerConfig::new(asker.server.ip(), true, connections);
    let context = PoolContext::new(options, TlsConfig::new().map_err(std::io::Error::other)?);
    Ok(NameServerPool::from_config([server], Arc::new(context), TokioRuntimeProvider::new()))
}

/// The addresses of both families. The first family decides what is wrong: forwarders that choke on AAAA are common, and
/// their clients reach the name all the same.
async fn both_families(pool: &NameServerPool<TokioRuntimeProvider>, name: &Fqdn, limit: Duration) -> Reply {
    let first = one(pool, name, RecordType::A, limit).await;
    if matches!(first, Reply::NxDomain | Reply::Cut | Reply::Silent | Reply::Unreachable(_)) {
        return first;
    }
    match (first, one(pool, name, RecordType::AAAA, limit).await) {
        (Reply::Addresses(mut all), Reply::Addresses(more)) => {
            all.extend(more);
            all.sort();
            all.dedup();
            Reply::Addresses(all)
        }
        (Reply::NoData, second @ (Reply::Addresses(_) | Reply::NoData)) => second,
        (first, _) => first,
    }
}

async fn one(pool: &NameServerPool<TokioRuntimeProvider>, name: &Fqdn, kind: RecordType, limit: Duration) -> Reply {
    let Ok(absolute) = Name::from_ascii(format!("{name}.")) else {
        return Reply::Failure("not a name that DNS can carry".to_owned());
    };
    let mut options = DnsRequestOptions::default();
    options.use_edns = true;
    let answer = pool.lookup(Query::query(absolute.clone(), kind), options).first_answer();
    // A truncated answer is asked for twice, each within the limit.
    match tokio::time::timeout(limit * 2, answer).await {
        Err(_) => Reply::Silent,
        Ok(Ok(response)) => read(&response, &absolute),
        Ok(Err(error)) => failed(&error),
    }
}

/// Addresses of the name that was asked for, or of one that its aliases lead to; whatever else an answer holds is not
/// believed.
fn read(response: &DnsResponse, asked: &Name) -> Reply {
    if response.metadata.response_code == ResponseCode::NXDomain {
        return Reply::NxDomain;
    }
    let mut names = vec![asked];
    for _ in &response.answers {
        let leads = response.answers.iter().filter_map(|r| match &r.data {
            RData::CNAME(alias) if names.contains(&&r.name) && !names.contains(&&alias.0) => Some(&alias.0),
            _ => None,
        });
        match leads.collect::<Vec<_>>() {
            none if none.is_empty() => break,
            more => names.extend(more),
        }
    }
    let all = response.answers.iter().filter_map(|r| match &r.data {
        RData::A(a) => Some((&r.name, IpAddr::V4(a.0))),
        RData::AAAA(a) => Some((&r.name, IpAddr::V6(a.0))),
        _ => None,
    });
    let (asked, others): (Vec<_>, Vec<_>) = all.partition(|(owner, _)| names.contains(owner));
    let mut addresses: Vec<IpAddr> = asked.into_iter().map(|(_, address)| address).collect();
    addresses.sort();
    addresses.dedup();
    match (addresses.is_empty(), others.is_empty()) {
        (false, _) => Reply::Addresses(addresses),
        (true, true) => Reply::NoData,
        (true, false) => Reply::Failure("an answer for names that were not asked for".to_owned()),
    }
}

fn failed(error: &NetError) -> Reply {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) if none.response_code == ResponseCode::NXDomain => {
            Reply::NxDomain
        }
        NetError::Dns(DnsError::NoRecordsFound(none)) if none.response_code == ResponseCode::NoError => Reply::NoData,
        NetError::Dns(DnsError::ResponseCode(ResponseCode::Refused)) => Reply::Refused,
        NetError::Dns(DnsError::ResponseCode(code)) => Reply::Failure(code.to_string()),
        NetError::Truncated => Reply::Cut,
        NetError::NoConnections => Reply::Unreachable("no connection is accepted".to_owned()),
        NetError::Timeout => Reply::Silent,
        NetError::Io(error) => Reply::Unreachable(error.to_string()),
        other => Reply::Failure(other.to_string()),
    }
}
