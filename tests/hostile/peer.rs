//! Peers: what is sound until somebody goes wrong, and the ways to go wrong.

use std::{
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures_util::future::BoxFuture;
use socket2::{Domain, SockRef, Socket, Type};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::server::TlsStream;

/// The ways to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Says nothing more.
    Stall,
    /// Says what it should, a byte now and then.
    Trickle,
    /// RST.
    Reset,
    /// FIN.
    Close,
    /// Says something else.
    Garbage,
    /// Never stops saying it.
    Flood,
}

/// The columns of the table.
pub const DEEDS: [Deed; 6] = [Deed::Stall, Deed::Trickle, Deed::Reset, Deed::Close, Deed::Garbage, Deed::Flood];

/// Between two bytes of a trickle: several of them in each deadline, so that waiting for each byte alone would never end.
const TICK: Duration = Duration::from_millis(100);

/// What could be said next.
#[derive(Clone, Debug)]
pub struct Next {
    /// What should be.
    pub rest: Vec<u8>,
    /// What comes instead, once.
    pub garbage: Vec<u8>,
    /// What comes instead, without end.
    pub flood: Vec<u8>,
}

/// Bytes that belong to no protocol of these, with what a terminal would obey among them.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let random = std::iter::repeat_with(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    });
    b"\xa7\x1b[2J\x9b31m\x00".iter().copied().chain(random).take(length).collect()
}

/// A stream whose TCP can be reset.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {
    fn tcp(&self) -> &TcpStream;
}

impl Wire for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Wire for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// Goes wrong, and stays until the other side has gone.
pub async fn go_wrong(mut wire: impl Wire, deed: Deed, next: &Next) -> io::Result<()> {
    match deed {
        Deed::Stall => {}
        Deed::Trickle => {
            for byte in &next.rest {
                say(&mut wire, &[*byte]).await?;
                sleep(TICK).await;
            }
        }
        Deed::Reset => return reset(&wire),
        Deed::Close => wire.shutdown().await?,
        Deed::Garbage => say(&mut wire, &next.garbage).await?,
        Deed::Flood => flood(&mut wire, &next.flood).await?,
    }
    drain(wire).await
}

pub async fn say(wire: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    wire.write_all(bytes).await?;
    wire.flush().await
}

/// Without end; the error is the other side's going.
pub async fn flood(wire: &mut impl Wire, bytes: &[u8]) -> io::Result<()> {
    let many = bytes.repeat(16 * 1024 / bytes.len().max(1) + 1);
    loop {
        say(wire, &many).await?;
    }
}

/// Something has come, unread. Whoever is reset before they said anything may not even have connected.
pub async fn heard(tcp: &TcpStream) -> io::Result<()> {
    tcp.peek(&mut [0]).await.map(drop)
}

pub fn reset(wire: &impl Wire) -> io::Result<()> {
    SockRef::from(wire.tcp()).set_linger(Some(Duration::ZERO))
}

pub async fn drain(mut wire: impl AsyncRead + Unpin) -> io::Result<()> {
    let mut buffer = [0; 4096];
    while wire.read(&mut buffer).await? > 0 {}
    Ok(())
}

/// Reads to the empty line.
pub async fn read_head(wire: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(wire.read_u8().await?);
    }
    Ok(head)
}

/// What is done with each connection.
pub type Handler = Arc<dyn Fn(TcpStream) -> BoxFuture<'static, io::Result<()>> + Send + Sync>;

/// What is done with a socket.
pub type UdpHandler = Arc<dyn Fn(UdpSocket) -> BoxFuture<'static, io::Result<()>> + Send + Sync>;

pub fn handler<F: Future<Output = io::Result<()>> + Send + 'static>(
    handle: impl Fn(TcpStream) -> F + Send + Sync + 'static,
) -> Handler {
    Arc::new(move |stream| Box::pin(handle(stream)))
}

pub fn udp_handler<F: Future<Output = io::Result<()>> + Send + 'static>(
    handle: impl Fn(UdpSocket) -> F + Send + Sync + 'static,
) -> UdpHandler {
    Arc::new(move |socket| Box::pin(handle(socket)))
}

/// What stands at a port.
#[derive(Clone)]
pub enum Peer {
    Tcp(Handler),
    Udp(UdpHandler),
    /// UDP and TCP at the same port.
    Both(UdpHandler, Handler),
    /// SYN is answered by RST.
    Refuses,
    /// SYN is not answered.
    Drops,
    /// A datagram is answered by ICMP.
    UdpRefuses,
}

impl From<Handler> for Peer {
    fn from(handler: Handler) -> Self {
        Self::Tcp(handler)
    }
}

/// Peers of one run; gone when dropped.
#[derive(Default)]
pub struct Raised {
    tasks: JoinSet<()>,
    held: Vec<Socket>,
    fillers: Vec<TcpStream>,
}

impl Raised {
    /// Raises a peer at a port of 127.0.0.1 that the system gives.
    pub async fn raise(&mut self, peer: &Peer) -> SocketAddr {
        match peer {
            Peer::Tcp(handler) => self.listen(TcpListener::bind("127.0.0.1:0").await.unwrap(), handler),
            Peer::Udp(handler) => self.datagrams(UdpSocket::bind("127.0.0.1:0").await.unwrap(), handler),
            Peer::Both(datagrams, streams) => {
                for _ in 0..64 {
                    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                    if let Ok(socket) = UdpSocket::bind(listener.local_addr().unwrap()).await {
                        self.datagrams(socket, datagrams);
                        return self.listen(listener, streams);
                    }
                }
                panic!("no port is free for UDP and TCP");
            }
            Peer::Refuses => self.hold(Type::STREAM, |_| {}),
            Peer::UdpRefuses => self.hold(Type::DGRAM, |socket| {
                // It hears this peer alone.
                socket.connect(&SocketAddr::from((Ipv4Addr::LOCALHOST, 9)).into()).unwrap();
            }),
            Peer::Drops => {
                let address = self.hold(Type::STREAM, |socket| socket.listen(0).unwrap());
                while let Ok(stream) = timeout(Duration::from_millis(60), TcpStream::connect(address)).await {
                    self.fillers.push(stream.unwrap());
                    assert!(self.fillers.len() < 16, "a full backlog still takes connections");
                }
                address
            }
        }
    }

    /// The same peer at this port of several addresses.
    pub async fn raise_at(&mut self, handler: &Handler, addresses: &[Ipv4Addr]) -> u16 {
        'port: for _ in 0..64 {
            let mut listeners = Vec::new();
            let mut port = 0;
            for address in addresses {
                let Ok(listener) = TcpListener::bind((*address, port)).await else { continue 'port };
                port = listener.local_addr().unwrap().port();
                listeners.push(listener);
            }
            for listener in listeners {
                self.listen(listener, handler);
            }
            return port;
        }
        panic!("no port is free at all of them");
    }

    fn listen(&mut self, listener: TcpListener, handler: &Handler) -> SocketAddr {
        let address = listener.local_addr().unwrap();
        let handler = handler.clone();
        self.tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                        let _ = stream.set_nodelay(true);
                        connections.spawn(handler(stream));
                    },
                    Some(_) = connections.join_next() => {}
                }
            }
        });
        address
    }

    fn datagrams(&mut self, socket: UdpSocket, handler: &UdpHandler) -> SocketAddr {
        let address = socket.local_addr().unwrap();
        let serving = handler(socket);
        self.tasks.spawn(async move {
            let _ = serving.await;
        });
        address
    }

    fn hold(&mut self, kind: Type, then: impl FnOnce(&Socket)) -> SocketAddr {
        let socket = Socket::new(Domain::IPV4, kind, None).unwrap();
        socket.bind(&SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0).into()).unwrap();
        then(&socket);
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        self.held.push(socket);
        address
    }
}
