//! Who presents a chain: `openssl s_server`, and rustls for the few things that it refuses to present.

use std::{path::Path, process::Command};

use rustls::pki_types::{PrivateKeyDer, pem::PemObject};

use crate::{
    pki::{self, Made},
    tls::{OpenSsl, Rustls},
};

/// A server on a port that the system gave, until it is dropped.
pub enum Server {
    OpenSsl(OpenSsl),
    Rustls(Rustls),
}

impl Server {
    /// `openssl s_server` presents exactly this, in this order; it builds nothing of its own.
    pub fn openssl(chain: &[Made], flags: &[&str], folder: &Path) -> Self {
        let (leaf, rest) = chain.split_first().unwrap();
        let file = |name: &str, content: &str| {
            let path = folder.join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let mut command = Command::new("openssl");
        // At its usual level it presents no weak keys and hashes.
        command.args(["s_server", "-accept", "127.0.0.1:0", "-www", "-no_ticket", "-cipher", "ALL@SECLEVEL=0"]);
        command.arg("-key").arg(&pki::key(leaf.key).path).arg("-cert").arg(file("leaf.pem", &leaf.pem()));
        if !rest.is_empty() {
            let rest: String = rest.iter().map(Made::pem).collect();
            command.arg("-cert_chain").arg(file("rest.pem", &rest));
        }
        command.args(["-no-CAfile", "-no-CApath", "-no-CAstore"]).args(flags);
        Self::OpenSsl(OpenSsl::start(command, folder))
    }

    /// rustls presents whatever it is given, with any key: bytes that are no certificate, a key that is not the leaf's.
    pub fn rustls(chain: &[Made], key: &str) -> Self {
        let key = PrivateKeyDer::from_pem_file(&pki::key(key).path).unwrap();
        Self::Rustls(Rustls::presents(chain.iter().map(|made| made.der.clone()).collect(), key))
    }

    pub fn port(&self) -> u16 {
        match self {
            Self::OpenSsl(server) => server.port.unwrap(),
            Self::Rustls(server) => server.address.port(),
        }
    }
}
