//! Issuers compared: what shows that one re-signs, and what does not.

use rcgen::{DistinguishedName, DnType, SanType};

use crate::{
    cause::{Cause, InterceptionProof},
    certificate::Path,
    check::{Case, Check, Judgement},
    deployment::{Endpoint, Policy, Role, Vantage},
    outcome::{Outcome, State},
    pins::CoverEveryServer,
    recording::{FileUse, Recording},
    testing::NOW,
    tls::Interception,
    x509::forge::{HOST, Made, Supplied, ca, leaf, met, presents, root, self_signed},
};

const DISCOVERY: (Role, &str) = (Role::Discovery, "discovery.awmdm.com");
const DS: (Role, &str) = (Role::DeviceServices, HOST);
const TS: (Role, &str) = (Role::TrustService, "ts.example.com");

/// What one vantage met, and what counts there.
fn seen(vantage: Vantage, supplied: &Supplied<'_>, met_at: &[((Role, &str), &[&Made])]) -> Recording {
    let all: Vec<&Made> = met_at.iter().flat_map(|(_, chain)| chain.iter().copied()).collect();
    let mut recording = presents(&all, supplied);
    recording.vantage = vantage;
    recording.connections = met_at
        .iter()
        .zip(11..)
        .map(|(((role, host), chain), last)| {
            let mut fact = met([10, 1, 0, last], chain.iter().map(|made| made.id()).collect());
            (fact.role, fact.endpoint, fact.sni) = (*role, Endpoint::new(*host, 443), Some((*host).to_owned()));
            fact
        })
        .collect();
    recording
}

/// The same, where these roots count.
fn from(roots: &[&Made], vantage: Vantage, met_at: &[((Role, &str), &[&Made])]) -> Recording {
    seen(vantage, &trusting(roots), met_at)
}

fn trusting<'a>(roots: &'a [&'a Made]) -> Supplied<'a> {
    Supplied { ca_files: roots, ..Supplied::default() }
}

/// An authority with an intermediate, and the leaf that it issues for a host.
struct Authority {
    root: Made,
    issuing: Made,
}

impl Authority {
    fn new(name: &str) -> Self {
        let root = root(name);
        let issuing = root.intermediate(&format!("{name} issuing"));
        Self { root, issuing }
    }

    fn leaf(&self, host: &str) -> Made {
        let mut params = leaf();
        params.subject_alt_names = vec![SanType::DnsName(host.try_into().unwrap())];
        self.issuing.issue(params)
    }
}

fn judged(check: &dyn Check, recordings: &[Recording]) -> Judgement {
    let policy = Policy::default();
    check.judge(&Case::new(recordings, &policy, NOW).unwrap())
}

/// Host and proof of each target that fails; none: nothing fails.
fn found(recordings: &[Recording]) -> Vec<(String, &'static str)> {
    let judgement = judged(&Interception, recordings);
    let failing = judgement.iter().filter_map(|(target, outcome)| match outcome {
        Outcome::Fail(finding) => match &finding.cause {
            Cause::Intercepted { proof, .. } => Some((target.host().unwrap().to_owned(), kind(proof))),
            other => panic!("{other:?}"),
        },
        _ => None,
    });
    failing.collect()
}

fn kind(proof: &InterceptionProof) -> &'static str {
    match proof {
        InterceptionProof::SignsDiscoveryToo { .. } => "signs-discovery-too",
        InterceptionProof::UnrelatedElsewhere { .. } => "unrelated-elsewhere",
        InterceptionProof::TrustedElsewhere { .. } => "trusted-elsewhere",
        InterceptionProof::SignsForTheVendor { .. } => "signs-for-the-vendor",
    }
}

fn all(hosts: &[(Role, &str)], proof: &'static str) -> Vec<(String, &'static str)> {
    hosts.iter().map(|(_, host)| ((*host).to_owned(), proof)).collect()
}

fn state(judgement: &Judgement, host: &str) -> State {
    judgement.iter().find(|(target, _)| target.host() == Some(host)).unwrap().1.state()
}

#[test]
fn one_issuer_for_discovery_and_the_customer_whatever_becomes_of_its_root() {
    let inspection = Authority::new("inspection");
    let (of_discovery, of_ds) = (inspection.leaf(DISCOVERY.1), inspection.leaf(HOST));
    let (issuing, root) = (&inspection.issuing, &inspection.root);
    let in_store = Supplied { system: &[root], mozilla: true, ..Supplied::default() };
    for (supplied, root_sent) in
        [(Supplied::default(), true), (Supplied::default(), false), (trusting(&[root]), false), (in_store, false)]
    {
        let above: &[&Made] = if root_sent { &[issuing, root] } else { &[issuing] };
        let recording = seen(
            Vantage::Console,
            &supplied,
            &[(DISCOVERY, &[&[&of_discovery], above].concat()), (DS, &[&[&of_ds], above].concat())],
        );
        let recordings = [recording];
        assert_eq!(found(&recordings), all(&[DISCOVERY, DS], "signs-discovery-too"));
        let path = judged(&Path, &recordings);
        assert!(path.iter().all(|(_, outcome)| outcome.state() == State::NotObserved), "{path:?}");
    }
}

#[test]
fn what_two_hosts_of_the_customer_share_shows_nothing() {
    let (vendor, customer) = (Authority::new("vendor"), Authority::new("customer"));
    let (of_discovery, of_ds, of_ts) = (vendor.leaf(DISCOVERY.1), customer.leaf(HOST), customer.leaf(TS.1));
    let met_at: &[((Role, &str), &[&Made])] = &[
        (DISCOVERY, &[&of_discovery, &vendor.issuing]),
        (DS, &[&of_ds, &customer.issuing]),
        (TS, &[&of_ts, &customer.issuing]),
    ];
    let roots = [&vendor.root, &customer.root];
    let sound = [seen(Vantage::Console, &trusting(&roots), met_at)];
    assert_eq!(found(&sound), []);
    let judgement = judged(&Interception, &sound);
    assert!(judgement.iter().all(|(_, outcome)| outcome.state() == State::Pass), "{judgement:?}");

    // Undeclared it is certificate/path's, as long as nothing else is seen.
    let undeclared = [seen(Vantage::Console, &trusting(&[&vendor.root]), met_at)];
    assert_eq!(found(&undeclared), []);
    assert_eq!(state(&judged(&Interception, &undeclared), HOST), State::Skipped);

    // Without discovery there is nothing to compare a private issuer with.
    let alone = [seen(Vantage::Device, &trusting(&roots), &met_at[1..])];
    let judgement = judged(&Interception, &alone);
    assert_eq!((state(&judgement, HOST), state(&judgement, TS.1)), (State::Skipped, State::Skipped));
}

#[test]
fn a_root_of_the_customer_above_both_is_not_the_issuer_of_both() {
    let customer = Authority::new("customer");
    let inspection = customer.root.intermediate("inspection");
    let mut params = leaf();
    params.subject_alt_names = vec![SanType::DnsName(DISCOVERY.1.try_into().unwrap())];
    let (of_discovery, of_ds) = (inspection.issue(params), customer.leaf(HOST));
    let met_at: &[((Role, &str), &[&Made])] =
        &[(DISCOVERY, &[&of_discovery, &inspection]), (DS, &[&of_ds, &customer.issuing])];
    assert_eq!(found(&[seen(Vantage::Console, &trusting(&[&customer.root]), met_at)]), []);
}

#[test]
fn an_own_key_is_own_whoever_signed_it() {
    let inspection = Authority::new("both");
    let (of_discovery, of_ds) = (inspection.leaf(DISCOVERY.1), inspection.leaf(HOST));
    let met_at: &[((Role, &str), &[&Made])] =
        &[(DISCOVERY, &[&of_discovery, &inspection.issuing]), (DS, &[&of_ds, &inspection.issuing])];
    let roots = [&inspection.root];
    let files = [(FileUse::Uploaded, &of_ds)];
    let supplied = Supplied { ca_files: &roots, files: &files, ..Supplied::default() };
    assert_eq!(found(&[seen(Vantage::Console, &supplied, met_at)]), []);
    let other = inspection.leaf(HOST);
    let files = [(FileUse::Uploaded, &other)];
    let supplied = Supplied { ca_files: &roots, files: &files, ..Supplied::default() };
    let recordings = [seen(Vantage::Console, &supplied, met_at)];
    assert_eq!(found(&recordings), all(&[DISCOVERY, DS], "signs-discovery-too"));
}

#[test]
fn two_vantages_tell_a_root_in_between_from_one_at_the_server() {
    let (customer, inspection) = (Authority::new("customer"), Authority::new("inspection"));
    let (own, forged) = (customer.leaf(HOST), inspection.leaf(HOST));
    let own: &[&Made] = &[&own, &customer.issuing];
    let forged: &[&Made] = &[&forged, &inspection.issuing, &inspection.root];
    let roots = [&customer.root];
    let proof = all(&[DS], "trusted-elsewhere");
    assert_eq!(
        found(&[from(&roots, Vantage::Console, &[(DS, own)]), from(&roots, Vantage::Device, &[(DS, forged)])]),
        proof
    );
    // From one vantage, from both alike, or beside its own: that is a server set up wrongly.
    for recordings in [
        vec![from(&roots, Vantage::Device, &[(DS, forged)])],
        vec![from(&roots, Vantage::Console, &[(DS, forged)]), from(&roots, Vantage::Device, &[(DS, forged)])],
        vec![from(&roots, Vantage::Console, &[(DS, own)]), from(&roots, Vantage::Device, &[(DS, forged), (DS, own)])],
        vec![
            from(&roots, Vantage::Console, &[(DS, own), (DS, forged)]),
            from(&roots, Vantage::Device, &[(DS, forged)]),
        ],
        vec![
            from(&roots, Vantage::Console, &[(DS, own), ((Role::Backend, HOST), forged)]),
            from(&roots, Vantage::Device, &[(DS, forged)]),
        ],
    ] {
        assert_eq!(found(&recordings), []);
        assert!(judged(&Path, &recordings).iter().any(|(_, outcome)| outcome.state() == State::Fail));
    }
}

#[test]
fn hosts_that_have_issuers_of_their_own_elsewhere_are_not_both_issued_by_one_here() {
    let (a, b, inspection) = (Authority::new("a"), Authority::new("b"), Authority::new("inspection"));
    let roots = [&a.root, &b.root, &inspection.root];
    let leaves = [a.leaf(HOST), b.leaf(TS.1), a.leaf(TS.1), inspection.leaf(HOST), inspection.leaf(TS.1)];
    let [a_ds, b_ts, a_ts, i_ds, i_ts] = &leaves;
    let inspected =
        || from(&roots, Vantage::Device, &[(DS, &[i_ds, &inspection.issuing]), (TS, &[i_ts, &inspection.issuing])]);
    let apart = from(&roots, Vantage::Console, &[(DS, &[a_ds, &a.issuing]), (TS, &[b_ts, &b.issuing])]);
    let recordings = [apart, inspected()];
    assert_eq!(found(&recordings), all(&[DS, TS], "unrelated-elsewhere"));
    let cover = judged(&CoverEveryServer, &recordings);
    assert!(cover.iter().all(|(_, outcome)| outcome.state() == State::NotObserved), "{cover:?}");

    // One authority for both outside and another for both inside: a split that the pins decide on.
    let together = from(&roots, Vantage::Console, &[(DS, &[a_ds, &a.issuing]), (TS, &[a_ts, &a.issuing])]);
    assert_eq!(found(&[together, inspected()]), []);
}

#[test]
fn the_vendor_s_host_is_public_where_public_roots_count() {
    let nobody = Authority::new("nobody");
    let forged = nobody.leaf(DISCOVERY.1);
    let chain: &[&Made] = &[&forged, &nobody.issuing, &nobody.root];
    let roots = [&nobody.root];
    let public = Supplied { mozilla: true, ..Supplied::default() };
    let declared = Supplied { mozilla: true, ca_files: &roots, ..Supplied::default() };
    let under = |supplied: &Supplied<'_>, host| [seen(Vantage::Console, supplied, &[((Role::Discovery, host), chain)])];
    assert_eq!(found(&under(&public, DISCOVERY.1)), all(&[DISCOVERY], "signs-for-the-vendor"));
    for recordings in [
        under(&Supplied::default(), DISCOVERY.1),
        under(&declared, DISCOVERY.1),
        under(&public, "discovery.example.com"),
    ] {
        assert_eq!(found(&recordings), []);
    }
}

#[test]
fn a_public_authority_is_public_whichever_roots_count() {
    let named = |names: [(DnType, &str); 3]| {
        let mut params = ca("unused");
        params.distinguished_name = DistinguishedName::new();
        for (kind, name) in names {
            params.distinguished_name.push(kind, name);
        }
        let root = self_signed(params);
        let issuing = root.intermediate("R13");
        Authority { root, issuing }
    };
    let isrg = |name| {
        named([
            (DnType::CountryName, "US"),
            (DnType::OrganizationName, "Internet Security Research Group"),
            (DnType::CommonName, name),
        ])
    };
    for (authority, expected) in
        [(isrg("ISRG Root X1"), vec![]), (isrg("Nobody's Root"), all(&[DISCOVERY, DS], "signs-discovery-too"))]
    {
        let (of_discovery, of_ds) = (authority.leaf(DISCOVERY.1), authority.leaf(HOST));
        let met_at: &[((Role, &str), &[&Made])] =
            &[(DISCOVERY, &[&of_discovery, &authority.issuing]), (DS, &[&of_ds, &authority.issuing])];
        // No public root counts there, and the root is not sent: its name is all that there is to know it by.
        assert_eq!(found(&[seen(Vantage::Console, &Supplied::default(), met_at)]), expected);
    }
    let keys = webpki_roots::TLS_SERVER_ROOTS.iter().map(|anchor| webpki::spki_for_anchor(anchor));
    for key in keys {
        let digest = ring::digest::digest(&ring::digest::SHA256, key.as_ref());
        assert!(crate::x509::is_public_key(&data_encoding::BASE64.encode(digest.as_ref())));
    }
}
