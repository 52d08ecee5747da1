//! One question to one server, and the response as it came.

use super::{Asker, Over};
use async_trait::async_trait;
use hickory_resolver::{
    net::{
        NetError,
        runtime::{DnsUdpSocket, RuntimeProvider, TokioHandle, TokioRuntimeProvider, TokioTime},
        tcp::TcpClientStream,
        udp::UdpClientStream,
        xfer::{DnsExchange, DnsHandle, FirstAnswer},
    },
    proto::{
        op::{DnsRequestOptions, DnsResponse, Query},
        rr::{Name, RecordType},
    },
};
use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{Interest, ReadBuf},
    net::UdpSocket,
    sync::Mutex,
};

/// A UDP socket that hears one server only, and what its host says of a closed port.
pub(super) struct Connected(UdpSocket, SocketAddr);

#[async_trait]
impl DnsUdpSocket for Connected {
    type Time = TokioTime;

    fn poll_recv_from(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        let mut read = ReadBuf::new(buffer);
        self.0.poll_recv(cx, &mut read).map_ok(|()| (read.filled().len(), self.1))
    }

    /// Waits for errors, too: what the host says of a closed port does not make the socket readable.
    async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        loop {
            let ready = self.0.ready(Interest::READABLE | Interest::ERROR).await?;
            let error = || match self.0.take_error()? {
                Some(error) => Err(error),
                None => Err(io::ErrorKind::WouldBlock.into()),
            };
            let tried = match ready.is_error() {
                true => self.0.try_io(Interest::ERROR, error),
                false => self.0.try_recv(buffer),
            };
            match tried {
                Ok(length) => return Ok((length, self.1)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn poll_send_to(&self, cx: &mut Context<'_>, bytes: &[u8], _: SocketAddr) -> Poll<io::Result<usize>> {
        self.0.poll_send(cx, bytes)
    }
}

/// Tokio with connected UDP sockets.
#[derive(Clone, Default)]
pub(super) struct Runtime(TokioRuntimeProvider);

impl RuntimeProvider for Runtime {
    type Handle = TokioHandle;
    type Timer = TokioTime;
    type Udp = Connected;
    type Tcp = <TokioRuntimeProvider as RuntimeProvider>::Tcp;

    fn create_handle(&self) -> Self::Handle {
        self.0.create_handle()
    }

    fn connect_tcp(
        &self,
        server: SocketAddr,
        from: Option<SocketAddr>,
        limit: Option<Duration>,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<Self::Tcp>>>> {
        self.0.connect_tcp(server, from, limit)
    }

    fn bind_udp(
        &self,
        from: SocketAddr,
        server: SocketAddr,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<Self::Udp>>>> {
        Box::pin(async move {
            let socket = UdpSocket::bind(from).await?;
            socket.connect(server).await?;
            Ok(Connected(socket, server))
        })
    }
}

/// What came of a question.
pub(super) enum Heard {
    /// A whole response.
    Response(DnsResponse),
    /// A response that was cut off, and what came of asking again by TCP where that was done.
    Cut(Option<NetError>),
    /// None.
    Nothing(NetError),
}

/// A server with the connections to it.
pub(super) struct Wire {
    asker: Asker,
    udp: DnsExchange<Runtime>,
    /// Opened when it is first needed; questions share it.
    tcp: Mutex<Option<DnsExchange<Runtime>>>,
    runtime: Runtime,
}

impl Wire {
    /// Opens nothing yet; needs a running runtime.
    pub(super) fn new(asker: &Asker) -> Self {
        let runtime = Runtime::default();
        let udp = UdpClientStream::builder(asker.server, runtime.clone()).with_timeout(Some(asker.timeout));
        Self { asker: asker.clone(), udp: udp.exchange(), tcp: Mutex::new(None), runtime }
    }

    pub(super) async fn ask(&self, name: Name, kind: RecordType) -> Heard {
        let mut options = DnsRequestOptions::default();
        options.use_edns = true;
        let query = Query::query(name, kind);
        if self.asker.over != Over::Tcp {
            match self.within(self.udp.lookup(query.clone(), options).first_answer()).await {
                Ok(response) if response.truncation && self.asker.over == Over::Udp => return Heard::Cut(None),
                Ok(response) if response.truncation => {}
                Ok(response) => return Heard::Response(response),
                Err(error) => return Heard::Nothing(error),
            }
        }
        match self.within(self.by_tcp(query, options)).await {
            Ok(response) if response.truncation => Heard::Cut(Some("truncated again".into())),
            Ok(response) => Heard::Response(response),
            Err(error) if self.asker.over == Over::Tcp => Heard::Nothing(error),
            Err(error) => Heard::Cut(Some(error)),
        }
    }

    async fn within(
        &self,
        answer: impl Future<Output = Result<DnsResponse, NetError>>,
    ) -> Result<DnsResponse, NetError> {
        tokio::time::timeout(self.asker.timeout, answer).await.unwrap_or(Err(NetError::Timeout))
    }

    /// Asks by the connection that questions share, and once more by one of its own if the server closes that: some close
    /// after every answer.
    async fn by_tcp(&self, query: Query, options: DnsRequestOptions) -> Result<DnsResponse, NetError> {
        let shared = {
            let mut slot = self.tcp.lock().await;
            match &*slot {
                Some(open) => open.clone(),
                None => slot.insert(self.connected().await?).clone(),
            }
        };
        match shared.lookup(query.clone(), options).first_answer().await {
            Err(error) if is_closed(&error) => {
                *self.tcp.lock().await = None;
                self.connected().await?.lookup(query, options).first_answer().await
            }
            answer => answer,
        }
    }

    async fn connected(&self) -> Result<DnsExchange<Runtime>, NetError> {
        TcpClientStream::exchange(self.asker.server, None, self.asker.timeout, None, self.runtime.clone()).await
    }
}

/// Whether an error says that the connection is gone; one that is going counts as busy.
pub(super) fn is_closed(error: &NetError) -> bool {
    match error {
        NetError::Busy | NetError::Message(_) | NetError::Msg(_) => true,
        NetError::Io(error) => error.kind() != io::ErrorKind::ConnectionRefused,
        _ => false,
    }
}
