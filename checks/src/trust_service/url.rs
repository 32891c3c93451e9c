//! `trust-service/url`

use crate::{
    cause::{Cause, UrlFault},
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    deployment::{ServiceUrl, TrustServiceMode},
    outcome::{Evidence, Outcome, Target},
};

/// The console's Trust Service URL is of the guide's form: `https://<host>:<port>/TrustService`.
pub struct Url;

impl Check for Url {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("trust-service/url"),
            title: "The Trust Service URL is of the form the guide asks for",
            steps: &[GuideStep::S5],
            depends_on: &[],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let target = Target::Thing("trust_service.url".to_owned());
        if let Some(skipped) = super::skipped(case) {
            return vec![(target, skipped)];
        }
        let Some(url) = &case.deployment.trust_service.url else { return vec![] };
        let faults = faults(url, case.deployment.trust_service.mode);
        if faults.is_empty() {
            return vec![(target, Outcome::Pass(Evidence::of("url", url.as_str())))];
        }
        let finding = |fault| {
            let cause = Cause::TrustServiceUrlForm { url: url.as_str().to_owned(), fault };
            (target.clone(), Outcome::fail(cause, Evidence::none()))
        };
        faults.into_iter().map(finding).collect()
    }
}

fn faults(url: &ServiceUrl, mode: TrustServiceMode) -> Vec<UrlFault> {
    // The path of the AWCM Trust Service is not in the guide.
    let parsed = url.url();
    let path = parsed.path();
    let mut faults = Vec::new();
    if parsed.scheme() != "https" {
        faults.push(UrlFault::NotHttps);
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        faults.push(UrlFault::QueryOrFragment);
    }
    if path.len() > 1 && path.ends_with('/') {
        faults.push(UrlFault::TrailingSlash);
    } else if mode == TrustServiceMode::OnPremises && !path.eq_ignore_ascii_case("/TrustService") {
        faults.push(UrlFault::Path(path.to_owned()));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_s_form_is_told_from_others() {
        for (url, expected) in [
            ("https://ts.example.com:9001/TrustService", vec![]),
            ("https://ts.example.com/trustservice", vec![]),
            ("http://ts.example.com:9001/TrustService", vec![UrlFault::NotHttps]),
            ("https://ts.example.com/TrustService/", vec![UrlFault::TrailingSlash]),
            ("https://ts.example.com", vec![UrlFault::Path("/".to_owned())]),
            ("https://ts.example.com/TrustService?x=1", vec![UrlFault::QueryOrFragment]),
        ] {
            assert_eq!(faults(&url.parse().unwrap(), TrustServiceMode::OnPremises), expected, "{url}");
        }
        let awcm = "https://awcm.example.com:2001/awcm".parse().unwrap();
        assert_eq!(faults(&awcm, TrustServiceMode::Awcm), vec![]);
    }
}
