//! What is done with hostile bytes, and what must hold whatever they are. One function a fuzz target; `tests/corpus.rs`
//! includes this file and gives the same functions the committed corpus.

use std::{path::Path, sync::LazyLock};

use pinflight::{
    observe::{
        files,
        legacy::{self, End},
    },
    recordings,
    render::{self, Style},
};
use pinflight_checks::{
    answers,
    check::Case,
    deployment::Role,
    inspect::{Filed, Inspection},
    json::{Json, Unread},
    judge, pin,
    recording::{BodyEnd, CertId, Der, FileContent, Recording},
    report::Report,
    x509::{self, CertificateFacts},
};

/// A sound deployment seen from a Device Services server, into which the bytes are put.
static TEMPLATE: LazyLock<Recording> =
    LazyLock::new(|| serde_json::from_slice(include_bytes!("../recording.json")).unwrap());

/// Longer inputs only make the fuzzer slower: each parser has its own bound, which unit tests hold.
const LONGEST: usize = 128 * 1024;

/// The bytes as one certificate.
pub fn certificate(bytes: &[u8]) {
    let read = x509::read(bytes);
    assert_eq!(read, x509::read(bytes), "one certificate, two readings");
    let id = CertId::of(bytes);
    match &read {
        Ok(facts) => {
            assert_eq!(facts.id, id);
            let json = serde_json::to_vec(facts).unwrap();
            assert_eq!(*facts, serde_json::from_slice::<CertificateFacts>(&json).unwrap(), "facts survive JSON");
        }
        Err(unreadable) => assert_eq!(unreadable.id, id),
    }
    inspect(&[bytes.to_vec()]);
}

/// The bytes as certificates, each with what becomes of it: sent, sent twice, a trusted root, a file that was uploaded. Of some,
/// the whole report is judged and shown; of the others paths are looked for alone.
pub fn chain(bytes: &[u8]) {
    let mut recording = TEMPLATE.clone();
    let (mut sent, mut all) = (Vec::new(), Vec::new());
    for (place, der) in records(bytes) {
        let id = CertId::of(&der);
        match place % 4 {
            0 => sent.push(id.clone()),
            1 => sent.extend([id.clone(), id.clone()]),
            2 => recording.roots.supplied.push(id.clone()),
            _ => recording.roots.system.push(id.clone()),
        }
        all.push(der.clone());
        recording.certificates.insert(id, Der(der));
    }
    // What the rest of the deployment says is the same each time.
    recording.answers.clear();
    recording.connections.retain(|fact| fact.role == Role::DeviceServices);
    if !sent.is_empty() {
        for fact in &mut recording.connections {
            if let Ok(handshake) = &mut fact.outcome {
                handshake.chain.clone_from(&sent);
            }
        }
    }
    if is_reported(bytes) {
        report(&[recording]);
    } else {
        x509::chains(std::slice::from_ref(&recording), recording.taken_at);
    }
    if !all.is_empty() {
        inspect(&all);
    }
}

/// Whether this input goes on to a report: each of the corpus, and one of eight that the fuzzer tries, since that takes much longer
/// than to read it.
fn is_reported(bytes: &[u8]) -> bool {
    cfg!(test) || bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)) < 0x20
}

/// A byte that says what comes, two of length, that many of DER; a record that is cut short is what is left.
fn records(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut records = Vec::new();
    while let [place, high, low, rest @ ..] = bytes {
        let (der, after) = rest.split_at(usize::from(u16::from_be_bytes([*high, *low])).min(rest.len()));
        records.push((*place, der.to_vec()));
        bytes = after;
        if records.len() == 128 {
            break;
        }
    }
    records
}

/// The first byte says how the answer ends and which header it has, the rest is the body of every answer.
pub fn answers(bytes: &[u8]) {
    let Some((how, body)) = bytes.split_first().filter(|(_, body)| body.len() <= LONGEST) else { return };
    if let Ok(text) = std::str::from_utf8(body) {
        let _ = pin::form(text);
    }
    let parsed = Json::parse(body);
    let is_json = serde_json::from_slice::<serde_json::Value>(body).is_ok();
    assert!(parsed.is_ok() == is_json || (is_json && parsed == Err(Unread::TooManyValues)));
    let mut recording = TEMPLATE.clone();
    for fact in &mut recording.answers {
        if let Ok(answer) = &mut fact.outcome {
            answer.body.bytes = Der(body.to_vec());
            if how & 1 != 0 {
                answer.body.end = BodyEnd::Truncated;
            }
            if how & 2 != 0 {
                answer.headers = vec![("content-type".to_owned(), "text/html".to_owned())];
            }
            if how & 4 != 0 {
                answer.status = 302;
                answer.headers = vec![("location".to_owned(), String::from_utf8_lossy(body).into_owned())];
            }
        }
        let _ = (answers::host_pins(fact), answers::trust_service_uri(fact));
    }
    if is_reported(bytes) {
        report(&[recording]);
    }
}

/// The bytes as a file of certificates, and as one with a request.
pub fn files(bytes: &[u8]) {
    let found = files::read_certificates(bytes);
    if let Ok(found) = &found {
        assert!(!found.is_empty());
        // DER is never longer than what it was wrapped in.
        assert!(found.iter().map(Vec::len).sum::<usize>() <= bytes.len());
    }
    if let Ok(request) = files::read_csr(bytes) {
        assert_eq!(files::read_csr(&request), Ok(request.clone()), "a request read from itself is itself");
    }
    let bundle = files::read_bundle_from(bytes);
    assert!(found.is_err() || bundle.is_ok(), "what is of use can be looked at");
    if let Ok(bundle) = bundle {
        assert!(!bundle.certificates.is_empty());
        inspect(&bundle.certificates);
    }
}

/// The bytes as what an old server says, from ServerHello on.
pub fn flight(bytes: &[u8]) {
    let flight = legacy::read_flight(bytes);
    // A certificate is never longer than the message that it came in.
    assert!(flight.chain.iter().map(Vec::len).sum::<usize>() <= bytes.len());
    if matches!(flight.end, Some(End::Done | End::Alert(_) | End::Malformed)) {
        let more = [bytes, &[22, 3, 3, 0, 1, 14]].concat();
        assert_eq!(legacy::read_flight(&more), flight, "what follows the end says nothing");
    }
    if !flight.chain.is_empty() {
        inspect(&flight.chain);
    }
}

/// The bytes as the signing request of the Trust Service.
pub fn request(bytes: &[u8]) {
    assert_eq!(x509::read_csr(bytes), x509::read_csr(bytes), "one request, two readings");
    let mut recording = TEMPLATE.clone();
    recording.answers.clear();
    recording.connections.clear();
    for file in &mut recording.files {
        if let FileContent::Csr(request) = &mut file.content {
            *request = Der(bytes.to_vec());
        }
    }
    if is_reported(bytes) {
        report(&[recording]);
    }
}

/// The bytes as a recording that came by mail: as its JSON, whatever it refers to, and as a file, packed or not.
pub fn recording(bytes: &[u8]) {
    if bytes.len() > LONGEST {
        return;
    }
    match recordings::from_bytes(bytes) {
        Ok(recording) => {
            for name in ["r.json", "r.gz", "r.zst"] {
                let mut written = Vec::new();
                recordings::write(&recording, Path::new(name), &mut written).unwrap();
                assert_eq!(recordings::from_bytes(&written).as_ref(), Ok(&recording), "{name} survives its file");
            }
            report(&[recording]);
        }
        Err(refusal) => assert!(!refusal.to_string().is_empty() && !refusal.fix().is_empty()),
    }
    let Ok(recording) = serde_json::from_slice::<Recording>(bytes) else { return };
    let json = serde_json::to_vec(&recording).unwrap();
    assert_eq!(recording, serde_json::from_slice(&json).unwrap(), "a recording survives JSON");
    report(&[recording]);
}

/// Judges and shows recordings.
fn report(recordings: &[Recording]) {
    let now = recordings[0].taken_at;
    let judged = || judge::judge(&Case::new(recordings, &recordings[0].policy, now).unwrap());
    let report: Report = judged();
    for format in render::formats() {
        let mut shown = Vec::new();
        format.render(&report, &Style { verbose: 1, ..Style::default() }, &mut shown).unwrap();
        is_harmless(&shown);
    }
    assert_eq!(
        serde_json::to_vec(&report).unwrap(),
        serde_json::to_vec(&judged()).unwrap(),
        "one recording, two reports"
    );
}

/// Judges and shows certificates as one chain in a file.
fn inspect(certificates: &[Vec<u8>]) {
    let mut recording = TEMPLATE.clone();
    let ids: Vec<CertId> = certificates.iter().map(|der| CertId::of(der)).collect();
    for (id, der) in ids.iter().zip(certificates) {
        recording.certificates.insert(id.clone(), Der(der.clone()));
    }
    let filed = Filed { paths: vec!["chain.pem".to_owned()], certificates: ids, ordered: true };
    let inspection = Inspection::of_files(&recording, &filed, recording.taken_at);
    let mut shown = Vec::new();
    render::inspection(&inspection, &Style { verbose: 1, ..Style::default() }, &mut shown).unwrap();
    is_harmless(&shown);
    shown.clear();
    render::write_json(&inspection, &mut shown).unwrap();
    is_harmless(&shown);
}

/// Nothing that a terminal obeys, and nothing that reorders what is read.
fn is_harmless(shown: &[u8]) {
    let shown = std::str::from_utf8(shown).unwrap();
    let is_bidi = |c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let harmful = shown.chars().find(|c| (c.is_control() && *c != '\n') || is_bidi(*c));
    assert_eq!(harmful, None);
}
