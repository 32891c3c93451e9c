//! `certificate/platform-rules`

use std::collections::HashSet;

use super::{Presented, READABLE, judge_each, leaf_unreadable};
use crate::{
    cause::Cause,
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    outcome::{Evidence, Outcome},
    platform::{IOS_ANY_ROOT, PlatformRule},
    time::Timestamp,
    x509::{CertificateFacts, ChainFacts, KeyFacts, KeyKind, PathFacts, Place},
};

/// Which iOS and Android requirement is broken?
pub struct PlatformRules;

static META: Meta = Meta {
    id: CheckId("certificate/platform-rules"),
    title: "Every certificate of a path used keeps the rules of iOS and Android",
    steps: &[GuideStep::P2],
    depends_on: READABLE,
    since: "0.1.0",
};

/// Less is refused (Apple 103769).
const LEAST_RSA_BITS: u32 = 2048;
/// Since when serverAuth is asked for, and 825 days are the most: 2019-07-01 (Apple 103769).
const IOS_13: Timestamp = Timestamp(1_561_939_200);
/// Since when 398 days are the most below a public root: 2020-09-01 (Apple 102028).
const IOS_PUBLIC: (Timestamp, i64) = (Timestamp(1_598_918_400), 398);
/// What public CAs may issue from 2026-03-15, 2027-03-15 and 2029-03-15 on (SC-081v3), the latest first.
const SCHEDULE: [(Timestamp, i64); 3] =
    [(Timestamp(1_868_227_200), 47), (Timestamp(1_805_068_800), 100), (Timestamp(1_773_532_800), 200)];
/// Curves of less than 256 bits: P-192 and P-224, and those of SEC 2 by their OIDs.
const SMALL_CURVES: [&str; 11] = [
    "P-192",
    "P-224",
    "1.3.132.0.6",
    "1.3.132.0.7",
    "1.3.132.0.8",
    "1.3.132.0.9",
    "1.3.132.0.28",
    "1.3.132.0.29",
    "1.3.132.0.30",
    "1.3.132.0.31",
    "1.3.132.0.32",
];
/// Signatures over a hash of the SHA-2 family, and Ed25519, which has SHA-512 in it.
const SHA_2: [&str; 10] = [
    "sha224WithRSAEncryption",
    "sha256WithRSAEncryption",
    "sha384WithRSAEncryption",
    "sha512WithRSAEncryption",
    "rsassaPss",
    "ecdsa-with-SHA224",
    "ecdsa-with-SHA256",
    "ecdsa-with-SHA384",
    "ecdsa-with-SHA512",
    "Ed25519",
];

impl Check for PlatformRules {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        judge_each(case, |_| true, judge)
    }
}

/// One finding for each rule that each certificate of the path used breaks.
pub(super) fn judge(presented: &Presented<'_>, chain: &ChainFacts) -> Vec<Outcome> {
    let Some(leaf) = chain.leaf() else { return vec![leaf_unreadable(chain)] };
    let Some(path) = chain.used_path(presented.role) else {
        let reason = format!("no sound path from what {} presents", presented.target);
        return vec![Outcome::unanswered(reason)];
    };
    let outcomes = findings(chain, path);
    if outcomes.is_empty() {
        return vec![Outcome::Pass(evidence(leaf, path))];
    }
    let is_as_good = |other: &&PathFacts| other.is_valid(presented.role) || !path.is_valid(presented.role);
    let mut others = chain.paths.iter().filter(|other| other.is_sound(presented.role)).filter(is_as_good);
    let fails = |outcomes: &[Outcome]| outcomes.iter().any(|outcome| matches!(outcome, Outcome::Fail(_)));
    if fails(&outcomes) && others.any(|other| !fails(&findings(chain, other))) {
        return outcomes.into_iter().map(as_hazard).collect();
    }
    outcomes
}

/// Both platforms look for another path where a rule forbids the first; other clients take the first alone.
fn as_hazard(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Fail(mut finding) => {
            finding.evidence = finding.evidence.and("beside it", "another path, which breaks no rule that refuses it");
            Outcome::Warn(finding)
        }
        other => other,
    }
}

fn findings(chain: &ChainFacts, path: &PathFacts) -> Vec<Outcome> {
    let members = chain.members(path).into_iter().enumerate();
    let findings = members.flat_map(|(position, (place, facts))| {
        let broken = broken(place, facts, path, path.is_anchor(position)).into_iter();
        broken.map(move |rule| finding(place, facts, rule))
    });
    findings.collect()
}

/// The rules that one member breaks. Of a public root nothing is asked, for the platforms brought it themselves; of any
/// root's own signature nothing, for nobody verifies it.
fn broken(place: Place, facts: &CertificateFacts, path: &PathFacts, is_anchor: bool) -> Vec<PlatformRule> {
    let mut rules = Vec::new();
    if !(is_anchor && path.end.is_public()) {
        rules.extend(of_key(&facts.key));
    }
    if !is_anchor {
        rules.extend(of_signature(&facts.signature_algorithm));
    }
    match place {
        Place::Leaf => rules.extend(of_leaf(facts, path.end.is_public())),
        Place::Intermediate => rules.extend(of_intermediate(facts)),
        Place::Root => {}
    }
    rules
}

fn of_key(key: &KeyFacts) -> Vec<PlatformRule> {
    let unlisted = || vec![PlatformRule::UnlistedKey { key: key.words.clone() }];
    let unusual = |words: String| PlatformRule::UnusualKey { key: words };
    match &key.kind {
        KeyKind::Rsa { bits: 0, .. } | KeyKind::RsaPss { bits: 0, .. } | KeyKind::Other { .. } => unlisted(),
        KeyKind::Rsa { bits, exponent } | KeyKind::RsaPss { bits, exponent } => {
            let short = (*bits < LEAST_RSA_BITS).then_some(PlatformRule::KeyTooShort { bits: *bits });
            let is_pss = matches!(key.kind, KeyKind::RsaPss { .. });
            let kind = is_pss.then(|| unusual(key.words.clone()));
            let exponent = (exponent == "3").then(|| unusual(format!("{} with exponent 3", key.words)));
            short.into_iter().chain(exponent.or(kind)).collect()
        }
        KeyKind::Ec { curve } => match curve.as_str() {
            "P-256" | "P-384" => Vec::new(),
            "P-521" => vec![unusual(key.words.clone())],
            small if SMALL_CURVES.contains(&small) => vec![PlatformRule::SmallCurve { curve: curve.clone() }],
            _ => unlisted(),
        },
        KeyKind::Ed25519 => vec![unusual(key.words.clone())],
    }
}

fn of_signature(algorithm: &str) -> Option<PlatformRule> {
    if !SHA_2.contains(&algorithm) {
        return Some(PlatformRule::WeakSignature { algorithm: algorithm.to_owned() });
    }
    (algorithm == "rsassaPss").then(|| PlatformRule::UnusualKey { key: "RSA-PSS signature".to_owned() })
}

fn of_leaf(leaf: &CertificateFacts, is_public: bool) -> Vec<PlatformRule> {
    let mut rules = Vec::new();
    let usages = &leaf.extended_key_usage;
    if leaf.not_before >= IOS_13 && !usages.as_ref().is_some_and(|usages| names(usages, &["serverAuth"])) {
        rules.push(PlatformRule::NoServerAuth { usages: usages.clone() });
    }
    rules.extend(of_validity(leaf, is_public));
    if leaf.is_ca == Some(true) {
        rules.push(PlatformRule::LeafIsCa);
    }
    if leaf.key_usage.as_ref().is_some_and(|usages| !names(usages, &["digitalSignature"])) {
        rules.push(PlatformRule::NoDigitalSignature);
    }
    // An address that stands as a dNSName too, as old clients wanted it, is another name.
    let again: Vec<&String> = twice(&leaf.dns_names).chain(twice(&leaf.ip_addresses)).collect();
    if let Some((name, others)) = again.split_first() {
        rules.push(PlatformRule::NameTwice { name: (*name).clone(), more: others.len() });
    }
    rules
}

/// Each name that stands more than once, in whatever case.
fn twice(names: &[String]) -> impl Iterator<Item = &String> {
    let (mut seen, mut told) = (HashSet::new(), HashSet::new());
    names.iter().filter(move |name| {
        let normal = name.to_ascii_lowercase();
        !seen.insert(normal.clone()) && told.insert(normal)
    })
}

/// Of a CA between, serverAuth is asked only where it limits what is issued below it.
fn of_intermediate(facts: &CertificateFacts) -> Option<PlatformRule> {
    let usages = facts.extended_key_usage.as_ref()?;
    let allowed = names(usages, &["serverAuth", "anyExtendedKeyUsage"]);
    (!allowed).then(|| PlatformRule::NoServerAuth { usages: Some(usages.clone()) })
}

/// The strictest limit that is exceeded alone: what iOS refuses needs no second finding for being issued wrongly.
fn of_validity(leaf: &CertificateFacts, is_public: bool) -> Option<PlatformRule> {
    let days = days(leaf);
    let from = |since: Timestamp| leaf.not_before >= since;
    let limit = match IOS_PUBLIC {
        (since, limit) if is_public && from(since) => limit,
        _ if from(IOS_13) => IOS_ANY_ROOT,
        _ => return None,
    };
    if days > limit {
        return Some(PlatformRule::ValidityTooLong { days, limit });
    }
    let (_, limit) = SCHEDULE.into_iter().find(|(since, _)| is_public && from(*since))?;
    (days > limit).then_some(PlatformRule::ValidityBeyondSchedule { days, limit })
}

/// Days from beginning to end, a part of one counted as one: more than N exactly if it is more than N × 86,400 seconds.
fn days(leaf: &CertificateFacts) -> i64 {
    (leaf.not_after.0 - leaf.not_before.0 + 86_399).div_euclid(86_400)
}

fn names(usages: &[String], wanted: &[&str]) -> bool {
    usages.iter().any(|usage| wanted.contains(&usage.as_str()))
}

fn finding(place: Place, facts: &CertificateFacts, rule: PlatformRule) -> Outcome {
    let evidence = Evidence::of("certificate", facts.display_subject())
        .and("platform", rule.platform())
        .and("source", rule.source());
    let is_hazard = match &rule {
        PlatformRule::KeyTooShort { .. }
        | PlatformRule::WeakSignature { .. }
        | PlatformRule::NoServerAuth { .. }
        | PlatformRule::ValidityTooLong { .. }
        | PlatformRule::SmallCurve { .. }
        | PlatformRule::UnlistedKey { .. } => false,
        PlatformRule::ValidityBeyondSchedule { .. }
        | PlatformRule::UnusualKey { .. }
        | PlatformRule::LeafIsCa
        | PlatformRule::NoDigitalSignature
        | PlatformRule::NameTwice { .. } => true,
    };
    let cause = Cause::PlatformRule { certificate: facts.name(place), rule };
    if is_hazard { Outcome::warn(cause, evidence) } else { Outcome::fail(cause, evidence) }
}

/// What was held against the rules; of a private root also what a public one would not be granted.
fn evidence(leaf: &CertificateFacts, path: &PathFacts) -> Evidence {
    let days = days(leaf);
    let evidence = Evidence::of("key", &leaf.key.words)
        .and("signed with", &leaf.signature_algorithm)
        .and("valid for days", days)
        .and("root", if path.end.is_public() { "public" } else { "private" });
    let public = SCHEDULE.into_iter().chain([IOS_PUBLIC]).find(|(since, _)| leaf.not_before >= *since);
    match public {
        Some((_, limit)) if !path.end.is_public() && days > limit => {
            evidence.and("below a public root", format!("{limit} days at most; a private one may grant {IOS_ANY_ROOT}"))
        }
        _ => evidence,
    }
}
