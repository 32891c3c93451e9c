//! Certificates by openssl, for what has none of the deployment's.

use std::{fs, path::Path, process::Command};

use pinflight_fixtures::post::Issuer;

use super::world::World;

/// A root of the test's own.
pub fn root(world: &World) -> Issuer {
    let key = world.path("root.key");
    let certificate = made(&key, &["-subj", "/CN=Root of the test"]);
    Issuer { certificate, key: fs::read_to_string(key).unwrap() }
}

/// A chain for a name, as openssl writes subject alternative names, and its key.
pub fn certified(world: &World, issuer: &Issuer, name: &str) -> (String, String) {
    let (above, its_key) = (world.write("issuer.crt", &issuer.certificate), world.write("issuer.key", &issuer.key));
    let (above, its_key, name) = (above.to_str().unwrap(), its_key.to_str().unwrap(), format!("subjectAltName={name}"));
    let key = world.path("certified.key");
    let usage = ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth"];
    let leaf = ["-subj", "/O=Acme", "-addext", &name, "-CA", above, "-CAkey", its_key];
    let certificate = made(&key, &[leaf.as_slice(), &usage].concat());
    (certificate + &issuer.certificate, fs::read_to_string(key).unwrap())
}

fn made(key: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-keyout"]).arg(key).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
