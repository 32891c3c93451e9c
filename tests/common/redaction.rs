//! What a redacted recording must not hold, and must still be judged by.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use pinflight_checks::{
    check::Case,
    judge,
    recording::{FileContent, Recording},
    redact::redact,
    time::Timestamp,
    x509,
};
use serde_json::Value;

/// What everybody knows: the vendor's hosts, and the name that does not exist.
const PUBLIC: [&str; 2] = ["awmdm.com", ".invalid"];

/// Redacts, writes, reads and judges, and tells what is not as it was live; `live` is the report of that run.
pub fn problems(recordings: &[Recording], live: &Value) -> Vec<String> {
    let redacted = match redact(recordings, "test") {
        Ok(redacted) => redacted,
        Err(error) => return vec![format!("redact: {error}")],
    };
    let text = serde_json::to_string(&redacted).unwrap();
    let redacted: Vec<Recording> = match serde_json::from_str(&text) {
        Ok(redacted) => redacted,
        Err(error) => return vec![format!("a redacted recording cannot be read: {error}")],
    };
    let now = Timestamp::parse(live["judged_at"].as_str().unwrap()).unwrap();
    let judged = judge::judge(&Case::new(&redacted, &redacted[0].policy, now).unwrap().judged_on(now));
    let judged = serde_json::to_value(&judged).unwrap();
    let mut found = leaks(recordings, &text);
    let (expected, got) = (outcomes(live), outcomes(&judged));
    for (id, expected) in &expected {
        if got.get(id) != Some(expected) {
            found.push(format!("redacted {id}: expected {expected:?}, got {:?}", got.get(id)));
        }
    }
    if live["verdict"] != judged["verdict"] {
        found.push(format!("redacted: expected {}, got {}", live["verdict"], judged["verdict"]));
    }
    found
}

/// Each check with its outcome, those of its targets, and the kinds of causes, whatever their order.
fn outcomes(report: &Value) -> BTreeMap<String, Vec<String>> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let of = |check: &Value| {
        let targets = check["targets"].as_array().unwrap();
        let mut said: Vec<String> =
            targets.iter().map(|target| format!("{} {}", text(&target["outcome"]), text(&target["because"]))).collect();
        let findings = check["findings"].as_array().unwrap();
        said.extend(
            findings.iter().map(|finding| format!("{} {}", text(&finding["outcome"]), text(&finding["cause"]["kind"]))),
        );
        said.sort();
        said.insert(0, text(&check["outcome"]));
        said
    };
    report["checks"].as_array().unwrap().iter().map(|check| (text(&check["id"]), of(check))).collect()
}

/// Every name, address, serial number, key, pin and run of DER of the recordings that the text still holds.
fn leaks(recordings: &[Recording], text: &str) -> Vec<String> {
    let mut names = BTreeSet::new();
    let mut addresses: BTreeSet<IpAddr> = BTreeSet::new();
    let mut runs: BTreeSet<Vec<u8>> = BTreeSet::new();
    for recording in recordings {
        let mut ders: Vec<&[u8]> = Vec::new();
        for der in recording.certificates.values() {
            ders.push(&der.0);
            let Ok(facts) = x509::read(&der.0) else { continue };
            names.extend([facts.id.0, facts.sha1, facts.serial, facts.key.spki_sha256, facts.key.spki_hex]);
            names.extend([facts.subject_key_id, facts.authority_key_id, facts.common_name].into_iter().flatten());
            names.extend(facts.dns_names);
            names.extend(facts.emails);
            addresses.extend(facts.ip_addresses.iter().filter_map(|ip| ip.parse::<IpAddr>().ok()));
        }
        for file in &recording.files {
            if let FileContent::Csr(der) = &file.content {
                ders.push(&der.0);
                let facts = x509::read_csr(&der.0);
                names.extend(facts.into_iter().flat_map(|facts| [facts.dns_names, facts.subject_emails].concat()));
            }
        }
        for der in ders {
            runs.extend(der.windows(RUN).map(<[u8]>::to_vec));
        }
        for fact in &recording.names {
            names.insert(fact.name.clone());
            let answer = fact.answer.iter();
            addresses.extend(answer.flat_map(|answer| answer.addresses.iter().copied()));
        }
        let deployment = &recording.deployment;
        names.extend(deployment.device_services.pins.iter().cloned());
        names.extend(deployment.trust_service.workspace_one_id_domain.iter().cloned());
        names.insert(deployment.device_services.url.as_str().to_owned());
        for fact in recording.connections.iter().chain(&recording.under_other_name) {
            names.insert(fact.endpoint.host.clone());
            addresses.extend(fact.address.map(|address| address.ip()));
        }
        for answer in recording.answers.iter().filter_map(|fact| fact.outcome.as_ref().ok()) {
            let body = String::from_utf8_lossy(&answer.body.bytes.0).into_owned();
            names.extend(words(&body).filter(|word| word.len() >= 40).map(str::to_owned));
        }
    }
    let telling = |name: &String| {
        let public = PUBLIC.iter().any(|known| name.to_ascii_lowercase().ends_with(known));
        name.len() >= 4 && !public && name.parse::<IpAddr>().is_err()
    };
    let lower = text.to_lowercase();
    // The fixtures' organisation, wherever it stands.
    names.insert("acme".to_owned());
    let mut found: Vec<String> = Vec::new();
    found.extend(
        names
            .iter()
            .filter(|name| telling(name) && lower.contains(&name.to_lowercase()))
            .map(|name| format!("leaks {name}")),
    );
    let says_nothing = |ip: &IpAddr| ip.is_unspecified() || ip.to_string() == "::1";
    let held: BTreeSet<IpAddr> =
        lower.split(|c: char| !(c.is_ascii_hexdigit() || ".:".contains(c))).flat_map(addresses_in).collect();
    found.extend(addresses.iter().filter(|ip| !says_nothing(ip) && held.contains(ip)).map(|ip| format!("leaks {ip}")));
    for word in words(text).filter(|word| word.len() >= 64) {
        let decoded = [HEXLOWER_PERMISSIVE.decode(word.as_bytes()).ok(), BASE64.decode(word.as_bytes()).ok()];
        if decoded.iter().flatten().any(|bytes| bytes.windows(RUN).any(|run| runs.contains(run))) {
            found.push(format!("leaks a run of DER: {word:.60}"));
        }
    }
    found
}

/// Longer than what all certificates have in common: the beginning of an RSA key and the bytes of a modulus that are kept.
const RUN: usize = 40;

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || "+/=".contains(c)))
}

/// `10.1.0.11`, `10.1.0.11:443`, `fd00::1`.
fn addresses_in(word: &str) -> Vec<IpAddr> {
    let word = word.trim_matches(['.', ':']);
    let bare = word.rsplit_once(':').map_or(word, |(bare, _)| bare);
    [word, bare].iter().filter_map(|text| text.parse().ok()).collect()
}
