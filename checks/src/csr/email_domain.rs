//! `csr/email-domain`

use super::{READABLE, if_readable, judge_declared};
use crate::{
    cause::Cause,
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    outcome::{Evidence, Outcome, Unobserved},
    x509::CsrFacts,
};

/// Is there an e-mail address, its domain that of the Workspace ONE ID?
pub struct EmailDomain;

impl Check for EmailDomain {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("csr/email-domain"),
            title: "The request's e-mail address is in the Workspace ONE ID's domain",
            steps: &[GuideStep::S3],
            depends_on: READABLE,
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let domain = case.deployment.trust_service.workspace_one_id_domain.as_deref();
        let undeclared =
            "the domain of the Workspace ONE ID is not declared: set trust_service.workspace_one_id_domain";
        judge_declared(case, |request| if_readable(request, |facts| vec![judge(facts, domain, undeclared)]))
    }
}

/// `undeclared` says how to name the domain.
pub(super) fn judge(facts: &CsrFacts, domain: Option<&str>, undeclared: &str) -> Outcome {
    let emails: Vec<&str> = facts.emails().collect();
    if emails.is_empty() {
        return Outcome::fail(Cause::CsrEmailMissing, Evidence::of("subject", &facts.subject));
    }
    let Some(domain) = domain else {
        return Outcome::NotObserved(Unobserved::ByHand { reason: undeclared.to_owned() });
    };
    let evidence = Evidence::of("e-mail", emails.join(", ")).and("domain", domain);
    let texts = |emails: Vec<&str>| emails.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let (inside, outside) = emails.into_iter().partition::<Vec<_>, _>(|email| is_in(email, domain));
    if outside.is_empty() {
        return Outcome::Pass(evidence);
    }
    let works = !inside.is_empty();
    let cause = Cause::CsrEmailElsewhere { emails: texts(outside), domain: domain.to_owned(), inside: texts(inside) };
    if works { Outcome::warn(cause, evidence) } else { Outcome::fail(cause, evidence) }
}

/// Whether an address's domain is this one, in whatever case and in either form of an international name.
pub(super) fn is_in(email: &str, domain: &str) -> bool {
    let Some((local, of)) = email.rsplit_once('@') else { return false };
    !local.is_empty() && normal(of).is_some_and(|of| normal(domain) == Some(of))
}

fn normal(domain: &str) -> Option<String> {
    url::Host::parse(domain.strip_suffix('.').unwrap_or(domain)).ok().map(|host| host.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_exactly_its_domain() {
        for (email, domain, expected) in [
            ("admin@example.com", "example.com", true),
            ("Admin@EXAMPLE.com", "example.com", true),
            ("\"a@b\"@example.com", "example.com", true),
            ("admin@example.com.", "example.com", true),
            ("admin@bücher.example", "xn--bcher-kva.example", true),
            ("admin@mail.example.com", "example.com", false),
            ("admin@notexample.com", "example.com", false),
            ("admin@example.com.evil.test", "example.com", false),
            ("admin@example.com\0.evil.test", "example.com", false),
            ("@example.com", "example.com", false),
            ("example.com", "example.com", false),
            ("admin@", "example.com", false),
            ("", "example.com", false),
        ] {
            assert_eq!(is_in(email, domain), expected, "{email}");
        }
    }
}
