//! What the answers to the protocol's GETs say, or why they say nothing. No judgement of pins here: see `pin`.

use crate::{
    cause::Cause,
    inspect,
    json::{Json, Unread},
    recording::{BodyEnd, HttpAnswer, HttpFact, HttpFailure, Recording, Request},
};

/// Why an answer is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Useless {
    /// The conversation failed before HTTP: another check's matter.
    NotConnected,
    /// The answer itself is at fault.
    Fault(Box<Cause>),
}

/// The host registry and the settings request: hosts with their pins.
pub type HostPins = Vec<(String, Result<Vec<Json>, &'static str>)>;

/// Reads the answer to request 1 or 3.
pub fn host_pins(fact: &HttpFact) -> Result<HostPins, Useless> {
    let body = json(fact, HOST_PINS)?;
    let Json::Object(entries) = body else {
        return Err(wrong_shape(fact, HOST_PINS, format!("it is {}", body.type_name())));
    };
    let pins = |value| match value {
        Json::Array(pins) => Ok(pins),
        other => Err(other.type_name()),
    };
    Ok(entries.into_iter().map(|(host, value)| (host, pins(value))).collect())
}

/// Reads the answer to request 2: the Trust Service URL.
pub fn trust_service_uri(fact: &HttpFact) -> Result<String, Useless> {
    let body = json(fact, URI)?;
    let Json::Object(entries) = &body else {
        return Err(wrong_shape(fact, URI, format!("it is {}", body.type_name())));
    };
    let detail = match entries.as_slice() {
        [(key, Json::String(uri))] if key == "Uri" && url::Url::parse(uri).is_ok() => return Ok(uri.clone()),
        [(key, Json::String(uri))] if key == "Uri" => format!("Uri is no URL: {uri:?}"),
        [] => "it is empty".to_owned(),
        [(key, value)] if key == "Uri" => format!("Uri is {}", value.type_name()),
        [(key, _)] => format!("its key is {key:?}"),
        more => format!("it has {} members", more.len()),
    };
    Err(wrong_shape(fact, URI, detail))
}

/// What Device Services hand out as the Trust Service's URL, by the last answer of a recording that asked nothing else; or
/// everything that stood in the way.
pub fn handed_out(recording: &Recording) -> Result<String, Vec<Cause>> {
    let mut causes = Vec::new();
    for fact in recording.answers.iter().filter(|fact| fact.request == Request::TrustServiceSettings) {
        match (trust_service_uri(fact), &fact.outcome) {
            (Ok(uri), _) => return Ok(uri),
            (Err(Useless::Fault(cause)), _) => causes.push(*cause),
            (Err(Useless::NotConnected), Err(HttpFailure::NotConnected { failure })) => {
                causes.push(inspect::of_failure(recording, fact.address, failure.clone()).1);
            }
            (Err(Useless::NotConnected), _) => {}
        }
    }
    if causes.is_empty() {
        causes.extend(inspect::unresolved(recording));
    }
    Err(causes)
}

const HOST_PINS: &str = r#"{"<host>": ["<HEX>", …]}"#;
const URI: &str = r#"{"Uri": "https://<host>:<port>/TrustService"}"#;

fn wrong_shape(fact: &HttpFact, expected: &'static str, detail: String) -> Useless {
    fault(Cause::HttpWrongShape { url: fact.url.clone(), expected, detail })
}

fn json(fact: &HttpFact, expected: &'static str) -> Result<Json, Useless> {
    let url = || fact.url.clone();
    let answer = match &fact.outcome {
        Ok(answer) => answer,
        Err(HttpFailure::NotConnected { .. }) => return Err(Useless::NotConnected),
        Err(failure) => return Err(fault(Cause::HttpFailed { url: url(), failure: failure.clone() })),
    };
    let status = answer.status;
    if let (300..=399, Some(location)) = (status, answer.header("location")) {
        return Err(fault(Cause::HttpRedirected { url: url(), status, location: location.to_owned() }));
    }
    if status != 200 {
        return Err(fault(Cause::HttpStatus { url: url(), status }));
    }
    let bytes = &answer.body.bytes.0;
    // A page is one, however it ends.
    if is_html(answer) && (answer.body.end == BodyEnd::Complete || !bytes.is_empty()) {
        return Err(fault(Cause::HttpHtml { url: url(), begins: beginning(bytes) }));
    }
    if answer.body.end != BodyEnd::Complete {
        let cause = Cause::HttpCutShort { url: url(), end: answer.body.end, bytes: bytes.len() };
        return Err(fault(cause));
    }
    Json::parse(bytes).map_err(|unread| {
        let told = match unread {
            Unread::NotJson(told) => told,
            Unread::TooManyValues => return wrong_shape(fact, expected, unread.to_string()),
        };
        // Nothing was said that would let a server encode its answer.
        let encoding = answer.header("content-encoding").filter(|encoding| !encoding.eq_ignore_ascii_case("identity"));
        let detail = encoding.map_or(told, |encoding| format!("encoded as {encoding:?}, which was not asked for"));
        fault(Cause::HttpNotJson { url: url(), detail, begins: beginning(bytes) })
    })
}

fn is_html(answer: &HttpAnswer) -> bool {
    let first = answer.body.bytes.0.iter().find(|byte| !byte.is_ascii_whitespace());
    let declared = answer.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("html"));
    first == Some(&b'<') || (declared && first != Some(&b'{'))
}

fn fault(cause: Cause) -> Useless {
    Useless::Fault(Box::new(cause))
}

/// The first characters of a body, for evidence.
pub fn beginning(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..120).unwrap_or(bytes)).into_owned();
    text.trim().chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::registry;

    /// Why an answer with these changes is of no use.
    fn useless(body: &str, change: impl Fn(&mut HttpAnswer)) -> Cause {
        let mut fact = registry(body);
        change(fact.outcome.as_mut().unwrap());
        match host_pins(&fact) {
            Err(Useless::Fault(cause)) => *cause,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_was_encoded_unasked_is_told_so() {
        let encoded = |encoding: &str| {
            let header = ("content-encoding".to_owned(), encoding.to_owned());
            match useless("\u{1f}x", |answer| answer.headers.push(header.clone())) {
                Cause::HttpNotJson { detail, .. } => detail,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(encoded("gzip"), "encoded as \"gzip\", which was not asked for");
        assert!(encoded("identity").starts_with("expected value"), "{}", encoded("identity"));
    }

    #[test]
    fn a_page_is_one_however_it_ends() {
        let cut = |answer: &mut HttpAnswer| answer.body.end = BodyEnd::TooLong;
        assert_eq!(useless("<html>", cut).kind(), "http-html");
        assert_eq!(useless("{}", cut).kind(), "http-cut-short");
    }

    #[test]
    fn thousands_of_values_are_not_read() {
        let cause = useless(&format!("{{\"ds.example.com\":[{}\"\"]}}", "\"\",".repeat(300_000)), |_| {});
        let Cause::HttpWrongShape { detail, .. } = cause else { panic!("{cause:?}") };
        assert_eq!(detail, "it has more values than the 4096 that are read");
    }
}
