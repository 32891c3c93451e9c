//! TCP: one connection, and precisely why there is none.

use std::{io, net::SocketAddr, time::Duration};

use pinflight_checks::recording::ConnectFailure;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpSocket, TcpStream, UdpSocket},
    time::Instant,
};

use crate::platform::{
    self, Trouble,
    icmp::{self, Blame},
};

/// How long to wait for a descriptor before it is tried again.
const ROOM: Duration = Duration::from_millis(20);

/// A connected byte stream: TCP, a tunnel through a proxy, or TLS to one.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Any of them.
pub type Stream = Box<dyn Io>;

/// When a question must be over, whichever step it is at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Instant);

impl Deadline {
    /// So long from now.
    pub(super) fn after(question: Duration) -> Self {
        Self(Instant::now() + question)
    }

    /// What a step may take: its own time, or what the question has left.
    pub(super) fn step(self, step: Duration) -> Duration {
        step.min(self.0.saturating_duration_since(Instant::now()))
    }

    /// A moment in which a descriptor may be given back; false: there is no time for it.
    pub(super) async fn wait_for_room(self) -> bool {
        tokio::time::sleep(self.step(ROOM)).await;
        !self.step(ROOM).is_zero()
    }
}

/// Runs a step for so long at most; the error says how long was waited.
pub(super) async fn within<T>(limit: Duration, step: impl Future<Output = T>) -> Result<T, Duration> {
    tokio::time::timeout(limit, step).await.map_err(|_| limit)
}

/// Connects, and tries again up to `retry` times where nobody answered.
pub(super) async fn connect(
    address: SocketAddr,
    timeout: Duration,
    retry: u32,
    deadline: Deadline,
) -> Result<TcpStream, ConnectFailure> {
    let mut waited = Duration::ZERO;
    for _ in 0..=retry {
        match connect_once_there_is_room(address, timeout, deadline).await {
            Err(ConnectFailure::TimedOut { after }) => waited += after,
            other => return other,
        }
        if deadline.step(timeout).is_zero() {
            break;
        }
    }
    Err(ConnectFailure::TimedOut { after: waited })
}

/// A descriptor that is not to be had is this machine's want, and may be had in a moment.
async fn connect_once_there_is_room(
    address: SocketAddr,
    timeout: Duration,
    deadline: Deadline,
) -> Result<TcpStream, ConnectFailure> {
    loop {
        match connect_once(address, deadline.step(timeout)).await {
            Err(ConnectFailure::Other { code, .. }) if lacks_descriptors(code) && deadline.wait_for_room().await => {}
            other => return other,
        }
    }
}

/// Whether the error of this number means that no descriptor was to be had.
pub(super) fn lacks_descriptors(code: Option<i32>) -> bool {
    platform::trouble(platform::HERE, io::ErrorKind::Other, code) == Trouble::NoDescriptors
}

async fn connect_once(address: SocketAddr, limit: Duration) -> Result<TcpStream, ConnectFailure> {
    let began = Instant::now();
    let failed = |error: io::Error, blame: Option<Blame>| failure(&error, blame, began.elapsed());
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP));
    let socket = match socket.and_then(|socket| socket.set_nonblocking(true).map(|()| socket)) {
        Ok(socket) => socket,
        // No IPv6 in this kernel at all: nothing of that family can be reached.
        Err(_) if address.is_ipv6() => return Err(ConnectFailure::NetworkUnreachable),
        Err(error) => return Err(failed(error, None)),
    };
    let errors = icmp::watch(&socket, address);
    let connecting = TcpSocket::from_std_stream(socket.into()).connect(address);
    match within(limit, connecting).await {
        Ok(Ok(stream)) => {
            icmp::unwatch(&stream, address);
            // Handshakes and GETs are small writes that wait for an answer.
            let _ = stream.set_nodelay(true);
            Ok(stream)
        }
        Ok(Err(error)) => Err(failed(error, icmp::blame(errors.as_ref()))),
        Err(after) => Err(ConnectFailure::TimedOut { after }),
    }
}

/// A connected UDP socket, so that a closed port is told at once and no other peer is heard; its port is the system's choice.
/// And a second handle, to read by what ICMP says of it.
pub(super) fn udp(address: SocketAddr) -> io::Result<(UdpSocket, Option<Socket>)> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    let errors = icmp::watch(&socket, address);
    socket.connect(&address.into())?;
    Ok((UdpSocket::from_std(socket.into())?, errors))
}

/// Why it is of no use: the errors of TCP, told at sending or receiving.
pub(super) fn refused(error: &io::Error, errors: Option<&Socket>) -> ConnectFailure {
    failure(error, icmp::blame(errors), Duration::ZERO)
}

fn failure(error: &io::Error, blame: Option<Blame>, after: Duration) -> ConnectFailure {
    if let Some(blame) = blame.filter(|blame| blame.prohibited) {
        return ConnectFailure::Prohibited { by: blame.by };
    }
    match platform::trouble(platform::HERE, error.kind(), error.raw_os_error()) {
        Trouble::TimedOut => ConnectFailure::TimedOut { after },
        Trouble::Refused => ConnectFailure::Refused,
        Trouble::NetworkUnreachable => ConnectFailure::NetworkUnreachable,
        Trouble::HostUnreachable => ConnectFailure::HostUnreachable,
        Trouble::Prohibited => ConnectFailure::Prohibited { by: blame.and_then(|blame| blame.by) },
        Trouble::NoDescriptors | Trouble::Other => {
            ConnectFailure::Other { code: error.raw_os_error(), detail: error.to_string() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_forbids_counts_for_more_than_the_error() {
        let unreachable = io::Error::from(io::ErrorKind::HostUnreachable);
        let failed = |blame| failure(&unreachable, blame, Duration::ZERO);
        let router = Some("192.0.2.1".parse().unwrap());
        let blame = |prohibited| Some(Blame { prohibited, by: router });
        assert_eq!(failed(blame(true)), ConnectFailure::Prohibited { by: router });
        assert_eq!(failed(blame(false)), ConnectFailure::HostUnreachable);
        assert_eq!(failed(None), ConnectFailure::HostUnreachable);
    }

    #[tokio::test]
    async fn a_closed_port_is_refused() {
        let (_bound, closed) = crate::observe::tests::closed();
        let limit = Duration::from_secs(5);
        let refused = connect(closed, limit, 3, Deadline::after(limit)).await;
        assert_eq!(refused.unwrap_err(), ConnectFailure::Refused);
    }

    #[tokio::test]
    async fn a_full_backlog_times_out_once_for_each_try() {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
        socket.listen(0).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        let limit = Duration::from_millis(100);
        let mut fill = Vec::new();
        // A backlog of 0 takes one connection; further SYNs are dropped.
        loop {
            match connect(address, limit, 0, Deadline::after(limit)).await {
                Ok(stream) => fill.push(stream),
                Err(failure) => {
                    assert!(matches!(failure, ConnectFailure::TimedOut { .. }));
                    break;
                }
            }
        }
        let short = Duration::from_millis(20);
        let failure = connect(address, short, 2, Deadline::after(Duration::from_secs(5))).await.unwrap_err();
        assert_eq!(failure, ConnectFailure::TimedOut { after: Duration::from_millis(60) });
        drop(fill);
    }
}
