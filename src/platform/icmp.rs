//! Which router refused, and why: Linux keeps the ICMP message in the socket's error queue, where it is asked to. Elsewhere
//! there is no such queue.

use std::net::IpAddr;

pub use queue::{blame, unwatch, watch};

/// What an ICMP message said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blame {
    /// Whether it forbids.
    pub prohibited: bool,
    /// Who sent it.
    pub by: Option<IpAddr>,
}

#[cfg(target_os = "linux")]
mod queue {
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
    pub fn watch(socket: &Socket, address: SocketAddr) -> Option<Socket> {
        let asked = match address {
            SocketAddr::V4(_) => setsockopt(socket, sockopt::Ipv4RecvErr, &true),
            SocketAddr::V6(_) => setsockopt(socket, sockopt::Ipv6RecvErr, &true),
        };
        asked.ok().and_then(|()| socket.try_clone().ok())
    }

    /// A connection that stands is not to be ended by a stray ICMP message.
    pub fn unwatch(stream: &TcpStream, address: SocketAddr) {
        let _ = match address {
            SocketAddr::V4(_) => setsockopt(stream, sockopt::Ipv4RecvErr, &false),
            SocketAddr::V6(_) => setsockopt(stream, sockopt::Ipv6RecvErr, &false),
        };
    }

    /// What was said, if anything was.
    pub fn blame(errors: Option<&Socket>) -> Option<Blame> {
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

#[cfg(not(target_os = "linux"))]
mod queue {
    use std::net::SocketAddr;

    use socket2::Socket;
    use tokio::net::TcpStream;

    use super::Blame;

    /// Asks for nothing.
    pub fn watch(_: &Socket, _: SocketAddr) -> Option<Socket> {
        None
    }

    /// Nothing was asked for.
    pub fn unwatch(_: &TcpStream, _: SocketAddr) {}

    /// Nobody says.
    pub fn blame(_: Option<&Socket>) -> Option<Blame> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

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
            assert_eq!(queue::by_icmp(&error, origin, by), Some(Blame { prohibited, by }), "{origin} {kind} {code}");
            assert_eq!(queue::by_icmp(&error, 1, by), None);
        }
    }
}
