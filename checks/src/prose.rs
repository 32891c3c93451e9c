//! The one place where a cause becomes a sentence and a remedy.
//!
//! Sentences begin with a small letter where a target stands before them, name the fact that decides, and end without a
//! full stop. Text of a peer goes in as it came; renderers escape it.

mod clock;
mod csr;
mod family;
mod network;
mod pins;
mod platform;
mod recording;
mod resolvers;
mod service;
mod tls;
mod trust_service;
mod uploads;
mod versions;

use crate::{
    cause::Cause,
    recording::{ConnectFailure, TlsFailure},
    x509::LinkFault,
};

/// Why, in one sentence.
pub fn message(cause: &Cause) -> String {
    tell(cause).0
}

/// What to do about it.
pub fn remedy(cause: &Cause) -> String {
    tell(cause).1
}

/// What is wrong with one link of a path, as the end of a sentence that begins with the certificate.
pub fn link_fault(fault: &LinkFault) -> String {
    tls::link(fault)
}

/// Why TCP did not connect, as a clause.
pub fn connect_failure(failure: &ConnectFailure) -> String {
    network::connect(failure)
}

/// Why TLS failed, as a clause.
pub fn tls_failure(failure: &TlsFailure) -> String {
    network::tls_words(failure)
}

/// `a`, `a and b`, `a, b and c`
fn series(items: &[String]) -> String {
    match items {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => items.concat(),
    }
}

fn tell(cause: &Cause) -> (String, String) {
    match cause {
        Cause::NameUnresolved { name, resolver, failure } => network::name(name, resolver, failure),
        Cause::NameSinkholed { .. } | Cause::NameInvented { .. } | Cause::ResolversDisagree { .. } => {
            resolvers::tell(cause)
        }
        Cause::TcpFailed { address, failure } => network::tcp(*address, failure),
        Cause::TlsFailed { address, failure } => network::tls(*address, failure),
        Cause::ProxyCannotReach { proxy, answer } => network::proxy_cannot_reach(proxy, answer),
        Cause::ProxyWaits { proxy, after } => network::proxy_waits(proxy, *after),
        Cause::ProxyFailed { proxy, failure } => network::proxy(proxy, failure),
        Cause::TlsTooOld { .. }
        | Cause::TlsNoUsableSuite { .. }
        | Cause::TlsCurveTooSmall { .. }
        | Cause::TlsCbcOnly { .. }
        | Cause::NoExtendedMasterSecret { .. } => versions::tell(cause),
        Cause::FamilySilent { .. } | Cause::FamiliesDiffer { .. } => family::tell(cause),
        Cause::LocalClockWrong { .. } | Cause::PeerClockWrong { .. } | Cause::ClocksDiffer { .. } => clock::tell(cause),
        Cause::RecordingTooOld { .. }
        | Cause::RecordingFromTheFuture { .. }
        | Cause::ConfigurationDiffers { .. }
        | Cause::PinsContradict { .. }
        | Cause::KeysContradict { .. }
        | Cause::ClocksApart { .. }
        | Cause::MendedSince { .. } => recording::tell(cause),
        Cause::HttpStatus { .. }
        | Cause::HttpRedirected { .. }
        | Cause::HttpHtml { .. }
        | Cause::HttpNotJson { .. }
        | Cause::HttpWrongShape { .. }
        | Cause::HttpCutShort { .. }
        | Cause::HttpFailed { .. }
        | Cause::HostNotRegistered { .. }
        | Cause::TrustServiceUrlForm { .. }
        | Cause::TrustServiceUrlDiffers { .. } => service::tell(cause),
        Cause::PinMalformed { .. }
        | Cause::PinnedHostNotLowerCase { .. }
        | Cause::SeveralHosts { .. }
        | Cause::KeyNotPinned { .. }
        | Cause::KeyTypeUnknownToClient { .. }
        | Cause::SourcesDiffer { .. } => pins::tell(cause),
        Cause::CsrUnreadable { .. }
        | Cause::CsrSignatureInvalid { .. }
        | Cause::CsrKeyWeak { .. }
        | Cause::CsrKeyUnusual { .. }
        | Cause::CsrEmailMissing
        | Cause::CsrEmailElsewhere { .. }
        | Cause::CsrSeveralDnsNames { .. }
        | Cause::CsrNameMismatch { .. }
        | Cause::CsrNameInCommonNameOnly { .. }
        | Cause::CertificateNotFromCsr { .. }
        | Cause::CertificateNamesDiffer { .. } => csr::tell(cause),
        Cause::IssuedElsewhere { .. } | Cause::CertificateNotBound { .. } | Cause::PortShared { .. } => {
            trust_service::tell(cause)
        }
        Cause::ServedBySuffix { .. } | Cause::OtherHostPinned { .. } => pins::hosts(cause),
        Cause::KeyNotUploaded { .. } | Cause::UploadStale { .. } | Cause::UploadExpired { .. } => uploads::tell(cause),
        Cause::NextKeyNotPinned { .. } | Cause::NextKeyUnknownToClient { .. } | Cause::NextCertificateUnfit { .. } => {
            uploads::next(cause)
        }
        Cause::PlatformRule { certificate, rule } => platform::tell(certificate, rule),
        _ => tls::tell(cause),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_series_reads_as_one_is_spoken() {
        let series = |items: &[&str]| super::series(&items.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!([series(&[]), series(&["a"]), series(&["a", "b"])], ["", "a", "a and b"]);
        assert_eq!(series(&["a", "b", "c"]), "a, b and c");
    }
}
