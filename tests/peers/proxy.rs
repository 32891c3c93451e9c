//! Squid and Dante as the proxies of the vantages.

use std::{fmt::Write as _, fs, net::SocketAddr, os::unix::fs::PermissionsExt, process::Command};

use pinflight_fixtures::{Kind, Service, post::Inspection};

use super::world::{World, with_files};

/// Who may use the proxy that asks.
pub const LOGIN: (&str, &str) = ("agent", "correct horse");

/// What a proxy is to do.
pub struct Rules {
    pub address: SocketAddr,
    /// The DNS server that it asks, on port 53.
    pub resolver: SocketAddr,
    /// Whom it does not lead to; none: it leads to everybody.
    pub denies: Option<Denied>,
    /// Whether it wants to know who asks.
    pub asks_who: bool,
    /// Whether it waits for its targets as long as it does of its own accord.
    pub is_patient: bool,
    /// Certificate and key, if it speaks TLS to its clients.
    pub tls: Option<(String, String)>,
    pub inspection: Option<Inspection>,
}

/// Whom a proxy does not lead to.
pub enum Denied {
    Everybody,
    Service(Service),
}

impl Rules {
    /// None: no rule makes a proxy do so.
    pub fn new(address: SocketAddr, resolver: SocketAddr, faults: &[Kind], by_address: bool) -> Option<Self> {
        let (denies, tls, inspection) = (None, None, None);
        let mut rules = Self { address, resolver, denies, asks_who: false, is_patient: false, tls, inspection };
        for kind in faults {
            match kind {
                Kind::ProxyStatus { code: 407, target: None } => rules.asks_who = true,
                Kind::Patient => rules.is_patient = true,
                Kind::ProxyStatus { code: 403, target } => {
                    rules.denies = Some(target.map_or(Denied::Everybody, Denied::Service));
                }
                // The resolver does not know the name.
                Kind::ProxyStatus { code: 500.., target: Some(_) } if !by_address => {}
                _ => return None,
            }
        }
        Some(rules)
    }
}

/// Starts Squid; returns when it takes connections.
pub fn squid(world: &mut World, name: &str, rules: &Rules) {
    let folder = world.path(name);
    fs::create_dir(&folder).unwrap();
    // It works as a user of its own.
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    let mut access = String::new();
    match &rules.denies {
        None => {}
        Some(Denied::Everybody) => access += "http_access deny all\n",
        Some(Denied::Service(service)) => {
            writeln!(access, "acl shut dstdomain {}\nhttp_access deny shut", service.host()).unwrap();
        }
    }
    if rules.asks_who {
        let (user, password) = LOGIN;
        let passwords = world.write(&format!("{name}/passwords"), format!("{user}:{}\n", hashed(password)));
        write!(
            access,
            "auth_param basic program /usr/lib/squid/basic_ncsa_auth {}\nauth_param basic children 2 startup=1\n\
             auth_param basic realm acme\nacl known proxy_auth REQUIRED\nhttp_access deny !known\n",
            passwords.display()
        )
        .unwrap();
    }
    let mut port = match &rules.tls {
        None => format!("http_port {}", rules.address),
        Some((certificate, key)) => {
            let both = world.write(&format!("{name}/tls.pem"), [certificate.as_str(), key].concat());
            format!("https_port {} tls-cert={}", rules.address, both.display())
        }
    };
    if let Some(inspection) = &rules.inspection {
        let Inspection { issuer, root, .. } = inspection;
        let signing = [&issuer.certificate, &issuer.key, &root.certificate].map(String::as_str).concat();
        let signing = world.write(&format!("{name}/signing.pem"), signing);
        let made = folder.join("made");
        let program = "/usr/lib/squid/security_file_certgen";
        let done = Command::new(program).args(["-c", "-s"]).arg(&made).args(["-M", "4MB"]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        for entry in [made.clone(), made.join("certs"), made.join("index.txt"), made.join("size")] {
            fs::set_permissions(entry, fs::Permissions::from_mode(0o777)).unwrap();
        }
        let untouched = inspection.spares.map_or(String::new(), |service| {
            format!("acl spared ssl::server_name {}\nssl_bump splice spared\n", service.host())
        });
        write!(port, " ssl-bump generate-host-certificates=on tls-cert={}", signing.display()).unwrap();
        write!(
            access,
            "sslcrtd_program {program} -s {} -M 4MB\nsslcrtd_children 8 startup=2\nsslproxy_cert_error allow all\n\
             tls_outgoing_options flags=DONT_VERIFY_PEER\nacl hello at_step SslBump1\nssl_bump peek hello\n\
             {untouched}ssl_bump bump all\n",
            made.display()
        )
        .unwrap();
    }
    let configuration = format!(
        "{port}\nvisible_hostname proxy.acme.test\npid_filename none\ncache_log {folder}/cache.log\naccess_log none\n\
         coredump_dir {folder}\ncache deny all\ncache_mem 4 MB\nnetdb_filename none\npinger_enable off\n\
         max_filedescriptors 1024\nhosts_file none\ndns_nameservers {}\ndns_timeout 2 seconds\n\
         {patience}shutdown_lifetime 0\n{access}http_access allow all\n",
        rules.resolver.ip(),
        folder = folder.display(),
        // Shorter than anybody waits for the proxy; what it inspects it waits for, too.
        patience = if rules.is_patient || rules.inspection.is_some() {
            ""
        } else {
            "connect_timeout 1 second\nforward_timeout 2 seconds\n"
        },
    );
    let file = world.write(&format!("{name}/squid.conf"), configuration);
    // Each shares memory with itself under names that are the same for all of them, and leaves it behind.
    let alone = "mount -t tmpfs shm /dev/shm && exec squid -N -d 1 -f \"$1\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", alone, "sh"]).arg(file);
    world.start(name, command);
    world.until_listening([rules.address]);
}

/// As htpasswd writes it.
fn hashed(password: &str) -> String {
    let output = Command::new("openssl").args(["passwd", "-apr1", password]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Starts Dante; returns when it takes connections.
pub fn dante(world: &mut World, name: &str, rules: &Rules) {
    let resolver = world.write(&format!("{name}.resolv.conf"), format!("nameserver {}\n", rules.resolver.ip()));
    let denied = match &rules.denies {
        None => String::new(),
        Some(Denied::Everybody) => "socks block { from: 0.0.0.0/0 to: 0.0.0.0/0 }\n".to_owned(),
        Some(Denied::Service(service)) => {
            format!("socks block {{ from: 0.0.0.0/0 to: {} }}\n", service.host())
        }
    };
    let method = if rules.asks_who { "username" } else { "none" };
    let configuration = format!(
        "logoutput: stderr\ninternal: {} port = {}\nexternal: 127.0.0.1\nclientmethod: none\nsocksmethod: {method}\n\
         user.privileged: root\nuser.unprivileged: nobody\n{patience}\
         client pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}\n{denied}socks pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}\n",
        rules.address.ip(),
        rules.address.port(),
        patience = if rules.is_patient { "" } else { "timeout.connect: 1\n" },
    );
    let file = world.write(&format!("{name}.conf"), configuration);
    let mut command = with_files(&[(&resolver, "/etc/resolv.conf")], "danted");
    command.arg("-f").arg(file).arg("-p").arg(world.path(&format!("{name}.pid")));
    world.start(name, command);
    world.until_listening([rules.address]);
}
