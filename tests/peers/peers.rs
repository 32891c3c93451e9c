//! Which server of which make stands where, so that a scenario is what it is with the fixtures' own.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use pinflight_fixtures::{
    Kind, Scenario, Service, Variant,
    post::{Conversation, Post, Raw, Server, StandIn, Stands},
};

use super::{
    dns::{Bind, Knows, Unbound},
    haproxy::HaProxy,
    nginx::Nginx,
    proxy::{self, Rules},
    ssh,
    world::World,
};

/// Who is asked for names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Names {
    /// The authority.
    Bind,
    /// A resolver, which asks it.
    Unbound,
}

/// How the servers are set up where the scenario does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// One certificate for whoever comes, nothing asked of him.
    Usual,
    /// Whoever names no server is sent away.
    WantsSni,
    /// Whoever has no certificate is told so by HTTP, where the scenario has it in the handshake.
    TellsByHttp,
    /// Balancers go by TCP alone, and keep a server that does not answer TLS.
    LooksAway,
    /// No server of Device Services is there.
    Dead,
    /// The second server of Device Services has nothing of what it is asked for.
    OneMoved,
}

/// The second server of Device Services.
const SECOND: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 20, 2, 12));

/// Everybody who stands somewhere in place of the fixtures.
pub struct Peers {
    names: Names,
    habit: Habit,
    variant: Variant,
    is_slow: bool,
    nginx: Nginx,
    haproxy: HaProxy,
    bind: Bind,
    unbound: Vec<Unbound>,
    proxies: Vec<Rules>,
    ssh: Vec<SocketAddr>,
    /// Where every way to a service ends.
    leads_to: BTreeMap<Service, IpAddr>,
    /// The last of the addresses that are given away.
    last: u8,
    /// Where a server of the fixtures' own stands, because no other is as wrong as that.
    left: Vec<SocketAddr>,
}

/// Whether the fixtures alone can do this: turn clocks, change while they are recorded, show a sign-in page.
pub fn is_of_fixtures_alone(scenario: &Scenario) -> bool {
    scenario.faults.iter().any(|fault| {
        matches!(
            fault.kind,
            Kind::MachineClock { .. }
                | Kind::DateShifted { .. }
                | Kind::Cached { .. }
                | Kind::OpenedSince
                | Kind::RenewedSince
                | Kind::PinnedSince
                | Kind::Intercepted { portal: true, .. }
        )
    })
}

impl Peers {
    pub fn new(scenario: &Scenario, names: Names, habit: Habit) -> Self {
        Self {
            names,
            habit,
            variant: scenario.variant,
            is_slow: scenario.faults.iter().any(|fault| matches!(fault.kind, Kind::Delay { .. })),
            nginx: Nginx::default(),
            haproxy: HaProxy::new(habit == Habit::LooksAway),
            bind: Bind::default(),
            unbound: Vec::new(),
            proxies: Vec::new(),
            ssh: Vec::new(),
            leads_to: BTreeMap::new(),
            last: 0,
            left: Vec::new(),
        }
    }

    fn is_socks(&self) -> bool {
        self.variant.proxy().is_some_and(|scheme| scheme.starts_with("socks"))
    }

    /// Where servers of the fixtures' own stayed.
    pub fn left(&self) -> &[SocketAddr] {
        &self.left
    }

    /// Who stands somewhere.
    pub fn present(&self) -> BTreeSet<&'static str> {
        let proxy = if self.is_socks() { "Dante" } else { "Squid" };
        let all = [
            ("nginx", self.nginx.is_there()),
            ("HAProxy", self.haproxy.is_there()),
            ("BIND", self.bind.is_there()),
            ("Unbound", !self.unbound.is_empty()),
            (proxy, !self.proxies.is_empty()),
            ("OpenSSH", !self.ssh.is_empty()),
        ];
        all.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name).collect()
    }

    /// The proxies, to be set up otherwise before they start.
    pub fn proxies(&mut self) -> &mut [Rules] {
        &mut self.proxies
    }

    /// A resolver besides those of the scenario, that leads every name where the ways end; where it answers.
    pub fn resolves(&mut self, tls: Option<(String, String)>) -> SocketAddr {
        let (address, authority) = (self.address(53), self.address(53));
        let knows = Knows { names: self.leads_to.clone(), ..Knows::default() };
        self.unbound.push(Unbound { tls, ..Unbound::new(address, authority, &knows) });
        self.bind.answers(authority, knows);
        address
    }

    /// An address that nobody has.
    fn address(&mut self, port: u16) -> SocketAddr {
        self.last += 1;
        SocketAddr::from((Ipv4Addr::new(127, 30, 0, self.last), port))
    }

    /// Who is to stand at a post.
    pub fn stand_in(&mut self, post: &Post) -> StandIn {
        let Post { address, what, fault } = post;
        let address = *address;
        let stand_in = match (what, fault) {
            // The kernel's work, and nobody's.
            (_, Some(Conversation::Refused | Conversation::TimedOut | Conversation::Unreachable)) => {
                return StandIn::Nobody;
            }
            (
                Stands::Server(server)
                | Stands::Balancer { server, .. }
                | Stands::ReverseProxy { server, .. }
                | Stands::Way { server, .. },
                Some(fault),
            ) => self.is_struck(address, server, *fault),
            (Stands::Server(server), None) => self.serves(address, server),
            (Stands::Balancer { servers, server }, None) => {
                self.haproxy.passes_on(address, servers, server.service);
                StandIn::Instead
            }
            (Stands::ReverseProxy { leads_to, server }, None) if Nginx::presents(server) => {
                self.nginx.is_in_front(address, server, *leads_to);
                StandIn::Instead
            }
            (Stands::Way { leads_to, inspection: Some(inspection), .. }, None) if self.variant.proxy().is_none() => {
                self.haproxy.inspects(address, *leads_to, inspection);
                StandIn::Instead
            }
            // Behind a proxy that inspects, as everywhere else: a way is nothing but a way.
            (Stands::Way { leads_to, server, .. }, None) => {
                self.leads_to.insert(server.service, leads_to.ip());
                self.haproxy.leads_on(address, *leads_to);
                StandIn::Instead
            }
            (Stands::Dns { names, ipv6, faults, .. }, None) => {
                let names = names.iter().map(|(service, address)| (*service, (*address).into())).collect();
                self.answers(address, Knows { names, ipv6: ipv6.clone(), faults: faults.clone() })
            }
            (Stands::Proxy { names, inspection, faults, .. }, None) => {
                let resolver = self.address(53);
                match Rules::new(address, resolver, faults, self.variant == Variant::BehindSocksProxyLocalNames) {
                    Some(rules) => {
                        let known = Service::ALL.into_iter().filter(|service| !is_unknown(*service, faults));
                        let names = known.filter_map(|service| Some((service, *names.get(service.host())?))).collect();
                        self.bind.answers(resolver, Knows { names, ..Knows::default() });
                        self.proxies.push(Rules { inspection: inspection.clone(), ..rules });
                        StandIn::Instead
                    }
                    None => StandIn::Nobody,
                }
            }
            (Stands::ReverseProxy { .. } | Stands::Dns { .. } | Stands::Proxy { .. }, _) => StandIn::Nobody,
        };
        if stand_in == StandIn::Nobody {
            self.left.push(address);
        }
        stand_in
    }

    fn serves(&mut self, address: SocketAddr, server: &Server) -> StandIn {
        if !Nginx::presents(server) {
            return StandIn::Nobody;
        }
        if let Some(old) = &server.on_tls12 {
            let (of_today, of_old) = (self.address(address.port()), self.address(address.port()));
            self.haproxy.tells_versions_apart(address, of_today, of_old);
            let server = Server { on_tls12: None, ..server.clone() };
            self.serves(of_today, &server);
            return self.serves(of_old, &Server { presents: old.clone(), ..server });
        }
        if !server.behind.is_empty() {
            self.haproxy.ends_tls(address, server);
        } else if self.habit == Habit::Dead && server.service == Service::DeviceServices {
        } else if self.habit == Habit::OneMoved && address.ip() == SECOND {
            self.nginx.has_moved(address, server);
        } else if self.habit == Habit::WantsSni {
            self.nginx.wants_sni(address, server);
        } else if Nginx::answers(server) && !self.is_slow {
            self.nginx.serves(address, server);
        } else {
            let behind = self.address(address.port());
            self.nginx.passes_on(address, server, behind);
            return StandIn::Before(behind);
        }
        StandIn::Instead
    }

    /// What a fault makes of a server.
    fn is_struck(&mut self, address: SocketAddr, server: &Server, fault: Conversation) -> StandIn {
        if !Nginx::presents(server) {
            return StandIn::Nobody;
        }
        match fault {
            Conversation::Raw(Raw::Close) => self.haproxy.hangs_up(address),
            Conversation::Raw(Raw::Silence) => self.haproxy.falls_silent(address),
            Conversation::Raw(Raw::Http) => self.nginx.speaks_http(address),
            Conversation::Raw(Raw::Ssh) => self.ssh.push(address),
            Conversation::Old(old) => self.nginx.serves_as_of_old(address, server, old),
            Conversation::ChainTooLong => self.nginx.sends_too_much(address, server),
            Conversation::ClientCertificate(_) if self.habit == Habit::TellsByHttp => {
                self.nginx.wants_certificates(address, server);
            }
            Conversation::ClientCertificate(tls) => {
                let behind = self.address(address.port());
                self.nginx.serves(behind, server);
                self.haproxy.demands_certificates(address, server, tls, behind);
            }
            _ => return StandIn::Nobody,
        }
        StandIn::Instead
    }

    fn answers(&mut self, address: SocketAddr, knows: Knows) -> StandIn {
        match self.names {
            Names::Unbound if self.is_slow => {
                let authority = self.address(53);
                self.unbound.push(Unbound::new(address, authority, &knows));
                return StandIn::Before(authority);
            }
            Names::Unbound if knows.is_unbound() => {
                let authority = self.address(53);
                self.unbound.push(Unbound::new(address, authority, &knows));
                self.bind.answers(authority, knows);
            }
            Names::Bind if knows.is_bind() && !self.is_slow => self.bind.answers(address, knows),
            _ => return StandIn::Nobody,
        }
        StandIn::Instead
    }

    /// Starts everybody, those behind before those in front.
    pub fn start(self, world: &mut World) {
        let is_socks = self.is_socks();
        self.nginx.start(world);
        ssh::start(world, &self.ssh);
        self.bind.start(world);
        for (number, unbound) in self.unbound.iter().enumerate() {
            unbound.start(world, &format!("unbound-{number}"));
        }
        for (number, rules) in self.proxies.iter().enumerate() {
            let start = if is_socks { proxy::dante } else { proxy::squid };
            start(world, &format!("proxy-{number}"), rules);
        }
        // Last, so that every server behind it is there to be found well.
        self.haproxy.start(world);
    }
}

/// Whether the resolver of a proxy is not to know a service's name.
fn is_unknown(service: Service, faults: &[Kind]) -> bool {
    let unknown = |kind: &Kind| matches!(kind, Kind::ProxyStatus { code: 500.., target } if *target == Some(service));
    faults.iter().any(unknown)
}
