//! TCP: one connection, and precisely why there is none.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use pinflight_checks::recording::ConnectFailure;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpSocket, TcpStream, UdpSocket},
    time::Instant,
};

/// ENFILE, EMFILE; WSAEMFILE.
const OUT_OF_DESCRIPTORS: [i32; 3] = [23, 24, 10024];

/// How long to wait for a descriptor before it is tried again.
const ROOM: Duration = Duration::from_millis(20);

/// A connected byte stream: TCP, a tunnel through a proxy, or TLS to one.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Any of them.
pub(super) type Stream = Box<dyn Io>;

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
    code.is_some_and(|code| OUT_OF_DESCRIPTORS.contains(&code))
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
    match classify(error.kind(), error.raw_os_error(), blame) {
        Kind::TimedOut => ConnectFailure::TimedOut { after },
        Kind::Refused => ConnectFailure::Refused,
        Kind::NetworkUnreachable => ConnectFailure::NetworkUnreachable,
        Kind::HostUnreachable => ConnectFailure::HostUnreachable,
        Kind::Prohibited => ConnectFailure::Prohibited { by: blame.and_then(|blame| blame.by) },
        Kind::Other => ConnectFailure::Other { code: error.raw_os_error(), detail: error.to_string() },
    }
}

/// What an ICMP message said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Blame {
    prohibited: bool,
    by: Option<IpAddr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    TimedOut,
    Refused,
    NetworkUnreachable,
    HostUnreachable,
    Prohibited,
    Other,
}

/// The one place that knows what operating systems mean. `code` serves for Windows' WSA numbers, which never meet those of a
/// Unix, and for what `ErrorKind` has no word.
fn classify(kind: io::ErrorKind, code: Option<i32>, blame: Option<Blame>) -> Kind {
    if blame.is_some_and(|blame| blame.prohibited) {
        return Kind::Prohibited;
    }
    match code {
        Some(10060) => return Kind::TimedOut,
        Some(10061) => return Kind::Refused,
        // WSAENETDOWN, WSAENETUNREACH; WSAEADDRNOTAVAIL and WSAEAFNOSUPPORT: no such family here.
        Some(10050 | 10051 | 10049 | 10047) => return Kind::NetworkUnreachable,
        Some(10064 | 10065) => return Kind::HostUnreachable,
        // WSAEACCES: the Windows firewall forbids it.
        Some(10013) => return Kind::Prohibited,
        _ => {}
    }
    match kind {
        io::ErrorKind::TimedOut => Kind::TimedOut,
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Kind::Refused,
        // EADDRNOTAVAIL: this machine has no source address of that family.
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown | io::ErrorKind::AddrNotAvailable => {
            Kind::NetworkUnreachable
        }
        io::ErrorKind::HostUnreachable => Kind::HostUnreachable,
        io::ErrorKind::PermissionDenied => Kind::Prohibited,
        _ => Kind::Other,
    }
}

/// Which router refused, and why: Linux keeps the ICMP message in the socket's error queue, where it is asked to.
#[cfg(target_os = "linux")]
mod icmp {
    use std::{
        io::IoSliceMut,
        net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
        os::fd::AsRawFd,
    };

    use nix::{
        libc,
        sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt},
    };
    use socket2::Socket;
    use tokio::net::TcpStream;

    use super::Blame;

    /// Asks for the messages to be kept, and keeps a second handle to read them by: connecting consumes the first.
    pub(super) fn watch(socket: &Socket, address: SocketAddr) -> Option<Socket> {
        let asked = match address {
            SocketAddr::V4(_) => setsockopt(socket, sockopt::Ipv4RecvErr, &true),
            SocketAddr::V6(_) => setsockopt(socket, sockopt::Ipv6RecvErr, &true),
        };
        asked.ok().and_then(|()| socket.try_clone().ok())
    }

    /// A connection that stands is not to be ended by a stray ICMP message.
    pub(super) fn unwatch(stream: &TcpStream, address: SocketAddr) {
        let _ = match address {
            SocketAddr::V4(_) => setsockopt(stream, sockopt::Ipv4RecvErr, &false),
            SocketAddr::V6(_) => setsockopt(stream, sockopt::Ipv6RecvErr, &false),
        };
    }

    pub(super) fn blame(errors: Option<&Socket>) -> Option<Blame> {
        let mut payload = [0_u8; 256];
        let mut slices = [IoSliceMut::new(&mut payload)];
        let mut space = nix::cmsg_space!([u8; 256]);
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let message = recvmsg::<SockaddrStorage>(errors?.as_raw_fd(), &mut slices, Some(&mut space), flags).ok()?;
        message.cmsgs().ok()?.find_map(|control| match control {
            ControlMessageOwned::Ipv4RecvErr(error, offender) => {
                let by = offender.map(|at| IpAddr::V4(Ipv4Addr::from(u32::from_be(at.sin_addr.s_addr))));
                by_icmp(&error, libc::SO_EE_ORIGIN_ICMP, by)
            }
            ControlMessageOwned::Ipv6RecvErr(error, offender) => {
                let by = offender.map(|at| IpAddr::V6(Ipv6Addr::from(at.sin6_addr.s6_addr)));
                by_icmp(&error, libc::SO_EE_ORIGIN_ICMP6, by)
            }
            _ => None,
        })
    }

    /// RFC 1122 and 1812: destination unreachable (3) with code 9, 10 or 13; RFC 4443: (1) with code 1, and 5 and 6, which
    /// are refinements of it.
    pub(super) fn by_icmp(error: &libc::sock_extended_err, wanted: u8, by: Option<IpAddr>) -> Option<Blame> {
        if error.ee_origin != wanted {
            return None;
        }
        let prohibited = match wanted {
            libc::SO_EE_ORIGIN_ICMP => error.ee_type == 3 && matches!(error.ee_code, 9 | 10 | 13),
            _ => error.ee_type == 1 && matches!(error.ee_code, 1 | 5 | 6),
        };
        Some(Blame { prohibited, by })
    }
}

/// Elsewhere there is no such queue.
#[cfg(not(target_os = "linux"))]
mod icmp {
    use std::net::SocketAddr;

    use socket2::Socket;
    use tokio::net::TcpStream;

    use super::Blame;

    pub(super) fn watch(_: &Socket, _: SocketAddr) -> Option<Socket> {
        None
    }

    pub(super) fn unwatch(_: &TcpStream, _: SocketAddr) {}

    pub(super) fn blame(_: Option<&Socket>) -> Option<Blame> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_every_system_are_understood() {
        use io::ErrorKind as E;
        for (kind, code, expected) in [
            (E::ConnectionRefused, Some(111), Kind::Refused),
            (E::ConnectionRefused, Some(61), Kind::Refused),
            (E::TimedOut, Some(110), Kind::TimedOut),
            (E::NetworkUnreachable, Some(101), Kind::NetworkUnreachable),
            (E::NetworkDown, Some(100), Kind::NetworkUnreachable),
            (E::AddrNotAvailable, Some(99), Kind::NetworkUnreachable),
            (E::HostUnreachable, Some(113), Kind::HostUnreachable),
            (E::PermissionDenied, Some(1), Kind::Prohibited),
            (E::PermissionDenied, Some(13), Kind::Prohibited),
            (E::Other, Some(10060), Kind::TimedOut),
            (E::Other, Some(10061), Kind::Refused),
            (E::Other, Some(10051), Kind::NetworkUnreachable),
            (E::Other, Some(10065), Kind::HostUnreachable),
            (E::Other, Some(10013), Kind::Prohibited),
            (E::InvalidInput, Some(22), Kind::Other),
            (E::Other, None, Kind::Other),
        ] {
            assert_eq!(classify(kind, code, None), expected, "{kind:?} {code:?}");
        }
        let router = Blame { prohibited: true, by: None };
        assert_eq!(classify(E::HostUnreachable, Some(113), Some(router)), Kind::Prohibited);
        let router = Blame { prohibited: false, by: None };
        assert_eq!(classify(E::HostUnreachable, Some(113), Some(router)), Kind::HostUnreachable);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn icmp_codes_that_forbid_are_told_from_others() {
        use nix::libc::{SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6, sock_extended_err};
        let by = Some("192.0.2.1".parse().unwrap());
        for (origin, kind, code, prohibited) in [
            (SO_EE_ORIGIN_ICMP, 3, 13, true),
            (SO_EE_ORIGIN_ICMP, 3, 9, true),
            (SO_EE_ORIGIN_ICMP, 3, 10, true),
            (SO_EE_ORIGIN_ICMP, 3, 1, false),
            (SO_EE_ORIGIN_ICMP, 11, 0, false),
            (SO_EE_ORIGIN_ICMP6, 1, 1, true),
            (SO_EE_ORIGIN_ICMP6, 1, 0, false),
        ] {
            let error = sock_extended_err {
                ee_errno: 113,
                ee_origin: origin,
                ee_type: kind,
                ee_code: code,
                ee_pad: 0,
                ee_info: 0,
                ee_data: 0,
            };
            assert_eq!(icmp::by_icmp(&error, origin, by), Some(Blame { prohibited, by }), "{origin} {kind} {code}");
            assert_eq!(icmp::by_icmp(&error, 1, by), None);
        }
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
