//! What is done with hostile bytes, and what must hold whatever they are. One function a fuzz target; `tests/corpus.rs`
//! includes this file and gives the same functions the committed corpus.

use std::{collections::BTreeSet, io::Cursor, mem, net::IpAddr, path::Path, sync::LazyLock, time::Duration};

use data_encoding::BASE64;
use hickory_proto::rr::RecordType;
use pinflight::{
    observe::{
        dns, files, http,
        legacy::{self, End},
        proxy,
    },
    recordings,
    render::{self, Style},
    secrets::{out_of_body, out_of_url},
};
use pinflight_checks::{
    answers,
    check::Case,
    deployment::{Endpoint, ProxyScheme, Role},
    inspect::{Filed, Inspection},
    json::{Json, Unread},
    judge, pin,
    recording::{
        BodyEnd, CertId, ConversationFailure, Der, FileContent, HttpAnswer, HttpFailure, NameAnswer, ProxyFailure,
        Recording,
    },
    redact::redact,
    report::Report,
    time::Timestamp,
    x509::{self, CertificateFacts},
};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use url::Url;

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

/// The report of the template with the bytes put into it, where they go on to one.
fn report_with(bytes: &[u8], put: impl FnOnce(&mut Recording)) {
    if is_reported(bytes) {
        let mut recording = TEMPLATE.clone();
        put(&mut recording);
        report(&[recording]);
    }
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
    report_with(bytes, |recording| {
        recording.answers.clear();
        recording.connections.clear();
        for file in &mut recording.files {
            if let FileContent::Csr(request) = &mut file.content {
                *request = Der(bytes.to_vec());
            }
        }
    });
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
            let redacted = redacted(&recording);
            assert!(redacted.is_none_or(|redacted| redacted.unsound().is_none()), "it can be read again");
            report(&[recording]);
        }
        Err(refusal) => assert!(!refusal.to_string().is_empty() && !refusal.fix().is_empty()),
    }
    let Ok(recording) = serde_json::from_slice::<Recording>(bytes) else { return };
    let json = serde_json::to_vec(&recording).unwrap();
    assert_eq!(recording, serde_json::from_slice(&json).unwrap(), "a recording survives JSON");
    redacted(&recording);
    report(&[recording]);
}

/// Redacts a recording, where that can be done, and judges what is left.
fn redacted(recording: &Recording) -> Option<Recording> {
    let redact = || redact(std::slice::from_ref(recording), "set").ok().map(|mut redacted| redacted.swap_remove(0));
    let redacted = redact()?;
    assert_eq!(redact().as_ref(), Some(&redacted), "one recording, two redactions");
    assert!(redacted.certificates.is_empty());
    assert_eq!(redacted.facts.as_ref().map(|facts| facts.set.as_str()), Some("set"));
    let json = serde_json::to_vec(&redacted).unwrap();
    assert_eq!(redacted, serde_json::from_slice(&json).unwrap(), "a redacted recording survives JSON");
    let (old, new) = (addresses(recording), addresses(&redacted));
    assert_eq!(old.len(), new.len());
    let distinct = |addresses: &[IpAddr]| addresses.iter().collect::<BTreeSet<_>>().len();
    let pairs: BTreeSet<_> = old.iter().zip(&new).collect();
    assert_eq!((distinct(&old), distinct(&new)), (pairs.len(), pairs.len()), "one stand-in each");
    let says_nothing = |ip: &IpAddr| ip.is_unspecified() || ip.is_loopback() || ip.to_canonical() != *ip;
    assert!(old.iter().all(|ip| says_nothing(ip) || !new.contains(ip)), "what stands in for an address is another's");
    report(std::slice::from_ref(&redacted));
    Some(redacted)
}

/// Those that were looked up, and those that were connected to.
fn addresses(recording: &Recording) -> Vec<IpAddr> {
    let names =
        recording.names.iter().flat_map(|fact| fact.answer.iter().flat_map(|answer| &answer.addresses).copied());
    let connections = recording.connections.iter().filter_map(|fact| fact.address.map(|address| address.ip()));
    names.chain(connections).collect()
}

/// The messages of a DNS server, each the answer to the question that those before it left, cut as [`records`] are; what comes with
/// the first says whether A or AAAA was asked for.
pub fn names(bytes: &[u8]) {
    const NAME: &str = "ds.example.com";
    // docs/reference/limits.md: CNAME records in a row.
    const HOPS: usize = 8;
    let messages = records(bytes);
    let Some((place, _)) = messages.first() else { return };
    let (kind, size) = if place & 1 == 0 { (RecordType::A, 4) } else { (RecordType::AAAA, 16) };
    let read = || {
        let mut asked = 0;
        let messages = messages.iter().map(|(_, message)| message.as_slice()).inspect(|_| asked += 1);
        (dns::read_answers(NAME, kind, messages), asked)
    };
    let (answer, asked) = read();
    assert_eq!((answer.clone(), asked), read(), "the same messages, two answers");
    assert!(asked <= HOPS + 1, "each question is for the end of another record");
    let Some(answer) = answer else { return };
    if let Ok(NameAnswer { addresses, canonical_names }) = &answer {
        let (_, last) = &messages[asked - 1];
        assert!(!addresses.is_empty());
        assert_eq!(addresses.iter().collect::<BTreeSet<_>>().len(), addresses.len());
        for ip in addresses {
            let octets = match ip {
                IpAddr::V4(ip) => ip.octets().to_vec(),
                IpAddr::V6(ip) => ip.octets().to_vec(),
            };
            assert!(octets.len() == size && last.windows(size).any(|part| part == octets), "{ip} was not said");
        }
        // A record is a name, ten bytes and the address.
        assert!(addresses.len() * (11 + size) <= last.len());
        assert!(canonical_names.len() <= HOPS);
        let distinct: BTreeSet<&str> = canonical_names.iter().map(String::as_str).chain([NAME]).collect();
        assert_eq!(distinct.len(), canonical_names.len() + 1, "a circle");
        assert!(canonical_names.iter().all(|name| name.is_ascii() && *name == name.to_ascii_lowercase()));
    }
    report_with(bytes, |recording| {
        for fact in &mut recording.names {
            fact.answer.clone_from(&answer);
        }
    });
}

/// The first byte says whose answer the rest is: a server's to GET, and in which parts it comes; a proxy's to CONNECT, or to SOCKS with
/// and without a login; or the date of an answer.
pub fn head(bytes: &[u8]) {
    let Some((how, answer)) = bytes.split_first().filter(|(_, answer)| answer.len() <= LONGEST) else { return };
    match how % 5 {
        0 => {
            let outcome = http_answer(answer, usize::from(how / 5) + 1);
            report_with(bytes, |recording| {
                for fact in &mut recording.answers {
                    fact.outcome.clone_from(&outcome);
                }
            });
        }
        4 => String::from_utf8(answer.to_vec()).map_or((), |text| date(&text)),
        proxy => {
            let Some(failure) = proxy_answer(answer, proxy) else { return };
            report_with(bytes, |recording| {
                for fact in &mut recording.connections {
                    fact.outcome = Err(ConversationFailure::Proxy { failure: failure.clone() });
                }
            });
        }
    }
}

/// Longer than what waits for nobody can take.
const STEP: Duration = Duration::from_secs(20);

fn now<T>(answer: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(answer)
}

fn http_answer(answer: &[u8], part: usize) -> Result<HttpAnswer, HttpFailure> {
    let no_head = http::no_head(answer);
    let mut headers = [httparse::EMPTY_HEADER; 100];
    let mut parsed = httparse::Response::new(&mut headers);
    if parsed.parse(answer).is_ok_and(|parsed| parsed.is_complete()) && parsed.code.is_some_and(|code| code >= 200) {
        assert_eq!(no_head, None, "it is a head");
    }
    for eighth in 0..8 {
        let begun = http::no_head(&answer[..answer.len() * eighth / 8]);
        assert!(begun.is_none() || no_head.is_some(), "whatever follows");
    }
    let outcome = now(exchange(answer, 1 << 20));
    // A byte at a time takes too long for what is long.
    let part = part.max(answer.len() / 512);
    match (&outcome, &now(exchange(answer, part))) {
        (Ok(whole), Ok(cut)) => assert_eq!(whole, cut, "however it is cut"),
        (Err(whole), Err(cut)) => assert_eq!(mem::discriminant(whole), mem::discriminant(cut), "however it is cut"),
        (whole, cut) => panic!("whole: {whole:?}\nby {part}: {cut:?}"),
    }
    match &outcome {
        Ok(said) => {
            assert_eq!(no_head, None, "it was one to hyper");
            assert!((100..=999).contains(&said.status));
            assert!(said.body.bytes.0.len() <= 4 * answer.len());
            assert_eq!(said.date, said.header("date").and_then(http::http_date));
        }
        Err(HttpFailure::Malformed { .. } | HttpFailure::HeadersTooLong) => {}
        Err(HttpFailure::Closed) => assert_eq!(no_head, None, "what is wrong is told"),
        Err(failure) => panic!("{failure:?}"),
    }
    outcome
}

/// What it comes to that a server says all this, so many bytes at a time, and closes.
async fn exchange(answer: &[u8], part: usize) -> Result<HttpAnswer, HttpFailure> {
    let (ours, theirs) = tokio::io::duplex(part);
    let (mut request, mut response) = tokio::io::split(theirs);
    let serve = async {
        // What is said before the request is another matter.
        let _ = request.read_u8().await;
        let respond = async {
            let _ = response.write_all(answer).await;
            let _ = response.shutdown().await;
        };
        let mut sink = tokio::io::sink();
        let _ = tokio::join!(respond, tokio::io::copy(&mut request, &mut sink));
        std::future::pending().await
    };
    let url = Url::parse("https://ds.example.com/").unwrap();
    tokio::select! {
        outcome = http::ask(Box::new(ours), &url, STEP) => outcome,
        outcome = serve => outcome,
    }
}

/// Why a proxy that says all this and hangs up gives no tunnel.
fn proxy_answer(answer: &[u8], asked: u8) -> Option<ProxyFailure> {
    const LOGIN: (&str, &str) = ("agent", "hunter2");
    let scheme = if asked == 1 { ProxyScheme::Http } else { ProxyScheme::Socks5 };
    let login = (asked != 2).then_some(LOGIN);
    let stream = tokio::io::join(Cursor::new(answer.to_vec()), tokio::io::sink());
    let tunnel = now(async {
        let mut tunnel =
            proxy::ask(Box::new(stream), scheme, &Endpoint::new("ds.example.com", 443), login, STEP).await?;
        let mut rest = Vec::new();
        tunnel.read_to_end(&mut rest).await.unwrap();
        Ok(rest)
    });
    match tunnel {
        Ok(rest) => {
            assert!(answer.ends_with(&rest));
            let head = &answer[..answer.len() - rest.len()];
            if asked == 1 {
                let words: Vec<&[u8]> = head.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
                assert!(words[0].starts_with(b"HTTP/1."));
                assert!(matches!(words[1], [b'2', tens, ones] if tens.is_ascii_digit() && ones.is_ascii_digit()));
                let is_end = |end: &usize| head[..*end].ends_with(b"\n\n") || head[..*end].ends_with(b"\r\n\r\n");
                assert_eq!((1..=head.len()).find(is_end), Some(head.len()), "what follows is the tunnel's");
            } else {
                assert!(matches!(head, [5, 0, ..]) || (login.is_some() && matches!(head, [5, 2, _, 0, ..])));
                let reply = &head[if head[1] == 0 { 2 } else { 4 }..];
                assert!(matches!(reply, [5, 0, _, 1 | 3 | 4, ..]));
                let address = match reply[3] {
                    1 => 4,
                    3 => usize::from(reply[4]) + 1,
                    _ => 16,
                };
                assert_eq!(reply.len(), 4 + address + 2, "what follows is the tunnel's");
            }
            None
        }
        Err(failure) => {
            let said = match &failure {
                ProxyFailure::Denied { answer } | ProxyFailure::TargetUnreachable { answer } => answer,
                ProxyFailure::NotAProxy { begins } => begins,
                ProxyFailure::Closed | ProxyFailure::AuthenticationRequired { .. } => "",
                failure => panic!("{failure:?}"),
            };
            assert!(said.chars().count() <= 200);
            let token = BASE64.encode(format!("{}:{}", LOGIN.0, LOGIN.1).as_bytes());
            assert!(
                login.is_none() || ![LOGIN.0, LOGIN.1, &token].iter().any(|secret| said.contains(secret)),
                "{said}"
            );
            Some(failure)
        }
    }
}

fn date(text: &str) {
    let Some(at) = http::http_date(text) else { return };
    let spelled = at.to_string();
    assert_eq!(Timestamp::parse(&spelled), Some(at), "{spelled}");
    let (day, time) = spelled.split_once('T').unwrap();
    let [year, _, day]: [&str; 3] = day.split('-').collect::<Vec<_>>().try_into().unwrap();
    let said = [year, day, time.trim_end_matches('Z')].iter().all(|part| text.contains(part));
    assert!(said, "{text} became {spelled}");
}

/// The bytes as a URL of somebody else's, as a body, and around a URL with secrets. The first byte says where that stands.
pub fn secrets(bytes: &[u8]) {
    const SECRET: &[u8] = b"hunter2";
    const URL: &[u8] = b"https://ann:hunter2@ts.example.com/a;s=hunter2?token=hunter2&hunter2#hunter2";
    let Some((place, bytes)) = bytes.split_first().filter(|(_, bytes)| bytes.len() <= LONGEST) else { return };
    if let Ok(text) = std::str::from_utf8(bytes) {
        url_without(text);
    }
    let without = body_without(bytes);
    if let Ok(before) = serde_json::from_slice::<Value>(bytes) {
        assert_eq!(body_without(&without), without, "nothing is left to take out");
        keeps_its_sense(&before, &serde_json::from_slice(&without).unwrap(), Some(false));
    }
    // Of a page the beginning is kept, wherever that cuts it.
    let is_page = bytes.trim_ascii_start().starts_with(b"<");
    let holds = |bytes: &[u8]| bytes.windows(SECRET.len()).any(|part| part == SECRET);
    if !is_page && !holds(bytes) {
        let (before, after) = bytes.split_at(usize::from(*place).min(bytes.len()));
        let around = body_without(&[before, URL, after].concat());
        assert!(!holds(&around), "{}", String::from_utf8_lossy(&around));
    }
}

/// Where the URL leads as a browser reads it, by itself and as the place to go to from a page.
fn url_without(url: &str) {
    let without = out_of_url(url, |_| false);
    assert_eq!(out_of_url(&without, |_| false), without, "nothing is left to take out");
    assert!(without.len() <= 4 * url.len());
    let page = Url::parse("https://ds.example.com/x/").unwrap();
    for url in [Url::parse(&without), page.join(&without)].into_iter().flatten() {
        if !matches!(url.scheme(), "http" | "https") {
            continue;
        }
        let removed = |text: &str| text.is_empty() || text == "***";
        assert!(removed(url.username()) && url.password().is_none(), "{without}");
        assert!(removed(url.fragment().unwrap_or_default()), "{without}");
        let mut values = url.query().into_iter().flat_map(|query| query.split('&')).chain(parameters(&url));
        assert!(values.all(|part| removed(part.split_once('=').map_or(part, |(_, value)| value))), "{without}");
    }
}

fn parameters(url: &Url) -> impl Iterator<Item = &str> {
    url.path().split('/').flat_map(|segment| segment.split(';').skip(1))
}

fn body_without(bytes: &[u8]) -> Vec<u8> {
    let without = out_of_body(bytes, |_| false);
    assert_eq!(out_of_body(bytes, |_| false), without, "one body, two readings");
    assert!(without.len() <= 4 * bytes.len());
    without
}

/// JSON is what it was, but for the texts that are secret, or by none may be, and the URLs within texts.
fn keeps_its_sense(before: &Value, after: &Value, is_secret: Option<bool>) {
    let has_url = |text: &str| text.contains("://") || text.contains(r":\/\/");
    match (before, after) {
        (Value::String(_), Value::String(after)) if is_secret == Some(true) => assert_eq!(after, "***"),
        (Value::String(_), Value::String(after)) if is_secret.is_none() && after == "***" => {}
        (Value::String(before), Value::String(after)) if has_url(before) => {
            // An authority ends where one of these stands, or the URL does.
            let ends = |c: char| c.is_whitespace() || c.is_control() || "/\\?#\"<>".contains(c);
            for rest in after.split("://").skip(1) {
                let (user, _) = rest.split(ends).next().unwrap_or_default().rsplit_once('@').unwrap_or(("***", ""));
                assert_eq!(user, "***", "{after}");
            }
        }
        (Value::Object(before), Value::Object(after)) => {
            // Keys may hold URLs, too.
            if before.keys().any(|key| has_url(key)) {
                return;
            }
            assert!(before.keys().eq(after.keys()));
            for ((key, before), after) in before.iter().zip(after.values()) {
                let word: String = key.to_ascii_lowercase().chars().filter(|c| !"-_".contains(*c)).collect();
                let is_secret = ["token", "password", "secret", "apikey"].iter().any(|end| word.ends_with(end));
                // What is longer than a key need not be understood.
                keeps_its_sense(before, after, (is_secret && key.len() < 40).then_some(true));
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            assert_eq!(before.len(), after.len());
            before.iter().zip(after).for_each(|(before, after)| keeps_its_sense(before, after, Some(false)));
        }
        (before, after) => assert_eq!(before, after),
    }
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
