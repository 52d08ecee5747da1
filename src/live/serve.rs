//! A server that answers as a client's resolver would in the model.

use super::{ask::spelled, extended};
use crate::{
    dataplane::{Client, ClientKind, Endpoint, Id, Plane, Resolver},
    lookup::{self, Answer, Resolution},
    net::Fqdn,
};
use async_trait::async_trait;
use hickory_server::{
    net::{NetError, runtime::Time},
    proto::{
        op::{Edns, MessageType, Metadata, OpCode, ResponseCode},
        rr::{
            DNSClass, Name, RData, Record, RecordType,
            rdata::{A, AAAA, CNAME, SOA},
        },
    },
    server::{Request, RequestHandler, ResponseHandler, ResponseInfo},
    zone_handler::MessageResponseBuilder,
};
use std::{
    future::Future,
    net::{IpAddr, SocketAddr, TcpListener, UdpSocket},
    sync::Arc,
    time::Duration,
};

/// Seconds an answer may be kept: short, because the design changes while one tries it.
const TTL: u32 = 10;

/// The largest UDP answer, as resolvers agreed on to avoid fragments (RFC 9715); the rest is truncated.
const MAX_UDP: u16 = 1232;

/// How long a TCP connection may be idle, and how long an end may take.
const IDLE: Duration = Duration::from_secs(10);
const ENDING: Duration = Duration::from_secs(1);

/// What Azure writes into the SOA record of a private zone, which nobody can edit in the host and few do in the rest.
const AZURE: (&str, &str) = ("azureprivatedns.net.", "azureprivatedns-host.microsoft.com.");

/// Types of which the model knows whether a name has them; what clients ask beside addresses, and never have of a private name,
/// is among them.
const MODELLED: [RecordType; 7] = [
    RecordType::A,
    RecordType::AAAA,
    RecordType::ANY,
    RecordType::CNAME,
    RecordType::HTTPS,
    RecordType::SVCB,
    RecordType::SOA,
];

/// What stands there of any other zone: the model does not hold it.
const INVENTED: (&str, &str) = ("dns-serve.invalid.", "hostmaster.dns-serve.invalid.");

/// Whose resolver is played.
#[derive(Debug, Clone)]
pub struct Vantage {
    plane: Arc<Plane>,
    resolver: Resolver,
    from: Option<Id<Endpoint>>,
}

impl Vantage {
    /// The resolver of a client.
    #[must_use]
    pub fn new(plane: Plane, client: &Client) -> Self {
        let from = match client.kind {
            ClientKind::Endpoint(id) => Some(id),
            ClientKind::Identity(_) => None,
        };
        Self { plane: Arc::new(plane), resolver: client.resolver.clone(), from }
    }

    fn resolve(&self, name: &Fqdn) -> Resolution {
        lookup::query(&self.plane, &self.resolver, self.from, name)
    }
}

/// A question that was answered, for who watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handled {
    /// Type asked for, as DNS spells it.
    pub kind: String,
    /// Name asked for.
    pub name: String,
    /// Response code, as DNS spells it.
    pub code: String,
    /// The answer's data in order: names of the alias chain, addresses.
    pub data: Vec<String>,
    /// Why there is no answer.
    pub why: Option<String>,
}

type Watcher = Box<dyn Fn(&Handled) + Send + Sync>;

/// A bound server.
pub struct Server {
    udp: UdpSocket,
    tcp: TcpListener,
    address: SocketAddr,
    handler: Handler,
}

impl Server {
    /// Binds UDP and TCP on one port; port 0 takes a free one.
    ///
    /// # Errors
    /// If the address cannot be bound.
    pub fn bind(
        vantage: Vantage,
        listen: SocketAddr,
        watch: impl Fn(&Handled) + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        // A free TCP port may be taken for UDP.
        let mut tries = 0;
        let (udp, tcp) = loop {
            let tcp = TcpListener::bind(listen)?;
            match UdpSocket::bind(tcp.local_addr()?) {
                Ok(udp) => break (udp, tcp),
                Err(error) if listen.port() != 0 || tries == 20 => return Err(error),
                Err(_) => tries += 1,
            }
        };
        udp.set_nonblocking(true)?;
        tcp.set_nonblocking(true)?;
        let address = tcp.local_addr()?;
        Ok(Self { udp, tcp, address, handler: Handler { vantage, watch: Box::new(watch) } })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the future is ready or the user interrupts.
    ///
    /// # Errors
    /// If the runtime cannot be had or a socket breaks.
    pub fn run(self, until: impl Future<Output = ()>) -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut server = hickory_server::Server::new(self.handler);
            server.register_socket(tokio::net::UdpSocket::from_std(self.udp)?);
            server.register_listener(tokio::net::TcpListener::from_std(self.tcp)?, IDLE, 64);
            let ended: Result<(), NetError> = tokio::select! {
                broken = server.block_until_done() => broken,
                () = until => Ok(()),
                interrupted = tokio::signal::ctrl_c() => interrupted.map_err(NetError::from),
            };
            ended.map_err(std::io::Error::other)?;
            // Connections that clients keep open must not keep the program.
            let _ = tokio::time::timeout(ENDING, server.shutdown_gracefully()).await;
            Ok(())
        })
    }
}

struct Handler {
    vantage: Vantage,
    watch: Watcher,
}

/// A response before it is written.
struct Response {
    code: ResponseCode,
    records: Vec<Record>,
    /// The zone that a no comes from, as its SOA record, which says how long the no holds (RFC 2308).
    authority: Option<Record>,
    why: Option<String>,
}

impl Response {
    fn refusal(code: ResponseCode, why: impl Into<String>) -> Self {
        Self { code, records: Vec::new(), authority: None, why: Some(why.into()) }
    }
}

#[async_trait]
impl RequestHandler for Handler {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, mut handle: R) -> ResponseInfo {
        let response = self.respond(request);
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.recursion_available = true;
        metadata.response_code = response.code;
        let mut edns = Edns::new();
        edns.set_max_payload(request.max_payload().clamp(512, MAX_UDP)).set_version(0);
        if let Some(why) = &response.why {
            extended::put(&mut edns, why);
        }
        let mut builder = MessageResponseBuilder::from_message_request(request);
        if request.edns.is_some() {
            builder.edns(&edns);
        }
        let written =
            handle.send_response(builder.build(metadata, &response.records, [], &response.authority, [])).await;
        // The client is gone, or its address takes no answer: nothing is left to tell it.
        written.unwrap_or_else(|_| {
            ResponseInfo::from(hickory_server::proto::op::Header { metadata, counts: Default::default() })
        })
    }
}

impl Handler {
    fn respond(&self, request: &Request) -> Response {
        let Ok(info) = request.request_info() else {
            return Response::refusal(ResponseCode::FormErr, "one question at a time");
        };
        if request.metadata.message_type != MessageType::Query || request.metadata.op_code != OpCode::Query {
            return Response::refusal(ResponseCode::NotImp, "only queries are answered");
        }
        let query = info.query.original();
        if query.query_class() != DNSClass::IN {
            return Response::refusal(ResponseCode::NotImp, "only class IN is answered");
        }
        let response = match query.name().to_ascii().parse::<Fqdn>() {
            Ok(name) => answer(&self.vantage.resolve(&name), query.query_type()),
            // The model holds names of hosts only: of the root and of others it says nothing.
            Err(error) => Response::refusal(ResponseCode::ServFail, error.to_string()),
        };
        (self.watch)(&Handled {
            kind: query.query_type().to_string(),
            name: query.name().to_ascii(),
            code: spelled(response.code),
            data: response.records.iter().map(|r| r.data.to_string()).collect(),
            why: response.why.clone(),
        });
        response
    }
}

/// The SOA record of the zone that an answer comes from; of a public one, whose apex the model does not hold, that of the
/// name above.
fn soa(resolution: &Resolution) -> Option<Record> {
    let last = resolution.chain.last()?;
    let (zone, azure) = match &resolution.authority {
        Some(authority) => (authority.zone.clone(), authority.azure),
        None => (last.parent().unwrap_or_else(|| last.clone()), false),
    };
    let (host, mail) = if azure { AZURE } else { INVENTED };
    let name = |text: &str| Name::from_ascii(text).ok();
    // Azure's defaults: the last is how long a no may be kept.
    let data = SOA::new(name(host)?, name(mail)?, 1, 3600, 300, 2_419_200, TTL);
    Some(Record::from_rdata(absolute(&zone), TTL, RData::SOA(data)))
}

fn absolute(name: &Fqdn) -> Name {
    Name::from_ascii(format!("{name}.")).unwrap_or_else(|_| Name::root())
}

/// A resolution as a response to a question of one type.
fn answer(resolution: &Resolution, kind: RecordType) -> Response {
    let mut records: Vec<Record> = resolution
        .chain
        .iter()
        .zip(resolution.chain.iter().skip(1))
        .map(|(from, to)| Record::from_rdata(absolute(from), TTL, RData::CNAME(CNAME(absolute(to)))))
        .collect();
    if !MODELLED.contains(&kind) {
        return Response::refusal(ResponseCode::NotImp, format!("the model holds no {kind} records"));
    }
    if kind == RecordType::CNAME && !records.is_empty() {
        // The alias itself was asked for, and where it leads does not matter.
        records.truncate(1);
        return Response { code: ResponseCode::NoError, records, authority: None, why: None };
    }
    let why = || {
        let stopped = resolution.steps.iter().rev().find(|s| s.is_blocker());
        stopped.or(resolution.steps.last()).map(|s| s.text.clone())
    };
    let exists = resolution.authority.as_ref().is_some_and(|a| a.exists);
    if kind == RecordType::SOA
        && let Some(authority) = resolution.authority.as_ref().filter(|_| !matches!(resolution.answer, Answer::None(_)))
    {
        let apex = resolution.chain.last() == Some(&authority.zone);
        records.extend(soa(resolution).filter(|_| apex));
        let code = if exists { ResponseCode::NoError } else { ResponseCode::NXDomain };
        return Response { code, records, authority: soa(resolution).filter(|_| !apex), why: None };
    }
    match &resolution.answer {
        // A name that exists without an address, such as the apex of a zone, is not denied.
        Answer::NxDomain => {
            let code = if exists { ResponseCode::NoError } else { ResponseCode::NXDomain };
            Response { code, records, authority: soa(resolution), why: why().filter(|_| !exists) }
        }
        // A real resolver that reaches a dead end says so; what it saw on the way is of no use to the client.
        Answer::None(reason) => {
            let text = why().map_or_else(|| reason.to_string(), |text| format!("{reason}: {text}"));
            Response::refusal(ResponseCode::ServFail, text)
        }
        Answer::Addresses(addresses) => {
            let end = resolution.chain.last().map_or_else(Name::root, absolute);
            let wanted = |a: &IpAddr| match kind {
                RecordType::A => a.is_ipv4(),
                RecordType::AAAA => a.is_ipv6(),
                RecordType::ANY => true,
                _ => false,
            };
            let links = records.len();
            records.extend(addresses.iter().filter(|a| wanted(a)).map(|a| {
                let data = match a {
                    IpAddr::V4(v4) => RData::A(A(*v4)),
                    IpAddr::V6(v6) => RData::AAAA(AAAA(*v6)),
                };
                Record::from_rdata(end.clone(), TTL, data)
            }));
            let authority = soa(resolution).filter(|_| records.len() == links);
            match kind {
                // Of a public zone.
                RecordType::SOA => {
                    Response::refusal(ResponseCode::NotImp, "the model holds no SOA records of public zones")
                }
                _ => Response { code: ResponseCode::NoError, records, authority, why: None },
            }
        }
    }
}
