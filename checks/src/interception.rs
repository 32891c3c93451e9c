//! Whether something between us and a server re-signs its certificate: read once, for the check that says so and for those
//! that have nothing to say of what is presented there.
//!
//! One chain alone never shows it: a private authority may be the customer's own. It takes one issuer on hosts that have
//! nothing to do with each other, or a root that is not there where the same name is met from elsewhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    cause::InterceptionProof,
    deployment::{DISCOVERY_HOST, Endpoint, Role, Vantage},
    reach,
    recording::{CertId, ConnectionFact, FileContent, FileUse, Recording},
    x509::{self, CertificateFacts, CertificateName, ChainFacts, PathEnd, PathFacts, Place},
};

/// A leaf that is not the server's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interception {
    /// Who issued it.
    pub issuer: CertificateName,
    /// What shows that this issuer re-signs.
    pub proof: InterceptionProof,
    /// Whether the root above it counts here, because it was declared or the operating system has it.
    pub declared: bool,
}

/// Name and key of whoever issued a leaf.
type IssuerId<'a> = (&'a str, &'a str);

/// One chain as it was met.
struct Seen<'a> {
    vantage: Vantage,
    /// Whether Mozilla's or the operating system's roots counted there.
    public_roots_count: bool,
    fact: &'a ConnectionFact,
    leaf: &'a CertificateFacts,
    issuer: &'a CertificateFacts,
    end: End,
    /// Whether its key is among those that the admin supplied as the servers' own.
    is_own: bool,
}

/// Where a chain leads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// To a root of Mozilla's: nobody re-signs under one.
    Public,
    /// To a private root that counts for this role.
    Declared,
    /// To a root that does not.
    Unknown,
    /// Its root is neither sent nor known.
    Open,
}

impl<'a> Seen<'a> {
    fn issuer_id(&self) -> IssuerId<'a> {
        (&self.issuer.subject, &self.issuer.key.spki_sha256)
    }

    fn is_trusted(&self) -> bool {
        matches!(self.end, End::Public | End::Declared)
    }

    /// Whether it may have been re-signed at all.
    fn is_suspect(&self) -> bool {
        self.end != End::Public && !self.is_own
    }

    /// Asked as devices ask, under the service's own name.
    fn is_by_name(&self) -> bool {
        let named = [Role::Discovery, Role::DeviceServices, Role::TrustService, Role::RedirectTarget];
        named.contains(&self.fact.role) && reach::is_asked_as_devices_do(self.fact)
    }
}

/// What a service showed to one vantage under its own name.
struct Service<'a> {
    vantage: Vantage,
    endpoint: &'a Endpoint,
    is_discovery: bool,
    /// Everybody who issued one of its leaves.
    issuers: BTreeSet<IssuerId<'a>>,
    /// Those of them who may re-sign.
    suspects: BTreeSet<IssuerId<'a>>,
    /// Those of them whose root is not known, though public roots count.
    unknown: BTreeSet<IssuerId<'a>>,
    /// Whether all of its chains are trusted.
    is_trusted: bool,
    /// Whether all of its chains lead to roots that are not known.
    is_unknown: bool,
}

/// More services than the protocol knows are not compared with each other.
const MAX_SERVICES: usize = 16;

/// What all vantages met, each issuer of each service once.
struct Met<'a> {
    services: Vec<Service<'a>>,
    /// Everybody who issued anything that a vantage met.
    at: BTreeMap<Vantage, BTreeSet<IssuerId<'a>>>,
    /// Everybody who issued what servers asked by their own address present.
    by_address: BTreeSet<IssuerId<'a>>,
}

impl<'a> Met<'a> {
    fn of(seen: &[Seen<'a>]) -> Self {
        let mut services: BTreeMap<(Vantage, &Endpoint), Service<'a>> = BTreeMap::new();
        let mut met = Met { services: Vec::new(), at: BTreeMap::new(), by_address: BTreeSet::new() };
        for one in seen {
            let issuer = one.issuer_id();
            met.at.entry(one.vantage).or_default().insert(issuer);
            if !one.is_by_name() {
                if one.fact.sni.is_some() {
                    met.by_address.insert(issuer);
                }
                continue;
            }
            let endpoint = &one.fact.endpoint;
            let service = services.entry((one.vantage, endpoint)).or_insert_with(|| Service {
                vantage: one.vantage,
                endpoint,
                is_discovery: one.fact.role == Role::Discovery,
                issuers: BTreeSet::new(),
                suspects: BTreeSet::new(),
                unknown: BTreeSet::new(),
                is_trusted: true,
                is_unknown: true,
            });
            service.issuers.insert(issuer);
            service.is_trusted &= one.is_trusted();
            service.is_unknown &= one.end == End::Unknown && one.is_suspect();
            if one.is_suspect() {
                service.suspects.insert(issuer);
                if one.end == End::Unknown && one.public_roots_count {
                    service.unknown.insert(issuer);
                }
            }
        }
        met.services = services.into_values().collect();
        met
    }

    /// The services that one vantage met.
    fn here(&self, vantage: Vantage) -> impl Iterator<Item = &Service<'a>> {
        self.services.iter().filter(move |service| service.vantage == vantage).take(MAX_SERVICES)
    }

    fn service(&self, vantage: Vantage, endpoint: &Endpoint) -> Option<&Service<'a>> {
        self.here(vantage).find(|service| service.endpoint == endpoint)
    }

    /// Each issuer that is shown to re-sign, by the first proof of it.
    fn proofs(&self) -> BTreeMap<IssuerId<'a>, InterceptionProof> {
        let mut proofs = BTreeMap::new();
        for vantage in Vantage::ALL {
            let suspects: BTreeSet<IssuerId<'a>> =
                self.here(vantage).flat_map(|service| service.suspects.iter().copied()).collect();
            for issuer in suspects {
                let proof = self
                    .signs_discovery_too(vantage, issuer)
                    .or_else(|| self.unrelated_elsewhere(vantage, issuer))
                    .or_else(|| self.trusted_elsewhere(vantage, issuer))
                    .or_else(|| self.signs_for_the_vendor(vantage, issuer));
                if let Some(proof) = proof {
                    proofs.entry(issuer).or_insert(proof);
                }
            }
        }
        proofs
    }

    /// The issuer, which is not public, signs for discovery, which is the vendor's, and for a host of the customer's.
    fn signs_discovery_too(&self, vantage: Vantage, issuer: IssuerId<'a>) -> Option<InterceptionProof> {
        let signed = || self.here(vantage).filter(|service| service.suspects.contains(&issuer));
        let discovery = signed().find(|service| service.is_discovery)?;
        let customers = signed().filter(|service| !service.is_discovery).map(|service| &service.endpoint.host);
        let customers: BTreeSet<&String> = customers.filter(|host| **host != discovery.endpoint.host).collect();
        if customers.is_empty() {
            return None;
        }
        let hosts = [&discovery.endpoint.host].into_iter().chain(customers).cloned().collect();
        Some(InterceptionProof::SignsDiscoveryToo { vantage, hosts })
    }

    /// The issuer signs for hosts that, seen from elsewhere, have issuers that have nothing to do with each other.
    fn unrelated_elsewhere(&self, vantage: Vantage, issuer: IssuerId<'a>) -> Option<InterceptionProof> {
        let signed: Vec<&Service<'a>> =
            self.here(vantage).filter(|service| service.suspects.contains(&issuer)).collect();
        let pairs = signed.iter().flat_map(|one| signed.iter().map(move |other| (one, other)));
        for (one, other) in pairs.filter(|(one, other)| one.endpoint.host < other.endpoint.host) {
            let unrelated = |elsewhere: &Vantage| {
                let issuers = |of: &Service<'a>| self.service(*elsewhere, of.endpoint).map(|there| &there.issuers);
                let (Some(first), Some(second)) = (issuers(one), issuers(other)) else { return false };
                first.is_disjoint(second) && !first.contains(&issuer) && !second.contains(&issuer)
            };
            if let Some(elsewhere) = Vantage::ALL.into_iter().find(unrelated) {
                let hosts = vec![one.endpoint.host.clone(), other.endpoint.host.clone()];
                return Some(InterceptionProof::UnrelatedElsewhere { vantage, hosts, elsewhere });
            }
        }
        None
    }

    /// Under its name a service shows nothing but roots that are not known, and from elsewhere nothing but chains that are
    /// trusted, and this issuer nowhere. A vantage that meets both met two servers, one of which is set up wrongly; and a
    /// server that shows it when asked by its own address presents it itself.
    fn trusted_elsewhere(&self, vantage: Vantage, issuer: IssuerId<'a>) -> Option<InterceptionProof> {
        if self.by_address.contains(&issuer) {
            return None;
        }
        let signed = self.here(vantage).filter(|service| service.is_unknown && service.suspects.contains(&issuer));
        signed.into_iter().find_map(|service| {
            let trusted = |elsewhere: &Vantage| {
                let there = self.service(*elsewhere, service.endpoint).is_some_and(|there| there.is_trusted);
                there && self.at.get(elsewhere).is_some_and(|issuers| !issuers.contains(&issuer))
            };
            let elsewhere = Vantage::ALL.into_iter().find(trusted)?;
            Some(InterceptionProof::TrustedElsewhere { vantage, host: service.endpoint.host.clone(), elsewhere })
        })
    }

    /// The issuer signs for the vendor's own host, which every device trusts as it comes, under a root that nobody declared.
    fn signs_for_the_vendor(&self, vantage: Vantage, issuer: IssuerId<'a>) -> Option<InterceptionProof> {
        let is_vendors = |service: &&Service<'a>| service.is_discovery && service.endpoint.host == DISCOVERY_HOST;
        let vendors = self.here(vantage).find(is_vendors).filter(|service| service.unknown.contains(&issuer))?;
        Some(InterceptionProof::SignsForTheVendor { vantage, host: vendors.endpoint.host.clone() })
    }
}

/// Every leaf that was re-signed on the way. Such a leaf is made for the purpose: wherever it is met, it is not the
/// server's own.
pub(crate) fn read(
    recordings: &[Recording],
    chains: &BTreeMap<Vec<CertId>, ChainFacts>,
    certificates: &BTreeMap<CertId, Arc<CertificateFacts>>,
) -> BTreeMap<CertId, Interception> {
    let own = own_keys(recordings, certificates);
    let seen: Vec<Seen<'_>> = recordings
        .iter()
        .flat_map(|recording| recording.presentations().map(move |fact| (recording, fact)))
        .filter_map(|(recording, fact)| seen(recording, fact, chains.get(fact.presented()?)?, &own))
        .collect();
    let proofs = Met::of(&seen).proofs();
    let struck = seen.iter().filter(|one| one.is_suspect());
    struck
        .filter_map(|one| {
            let proof = proofs.get(&one.issuer_id())?.clone();
            let place = if one.issuer.self_issued { Place::Root } else { Place::Intermediate };
            let declared = one.end == End::Declared;
            Some((one.leaf.id.clone(), Interception { issuer: one.issuer.name(place), proof, declared }))
        })
        .collect()
}

/// The keys of the certificates that the admin supplied as the servers' own.
fn own_keys<'a>(
    recordings: &[Recording],
    certificates: &'a BTreeMap<CertId, Arc<CertificateFacts>>,
) -> BTreeSet<&'a str> {
    let own = [FileUse::Uploaded, FileUse::Next, FileUse::TrustServiceCertificate];
    let files = recordings.iter().flat_map(|recording| &recording.files).filter(|file| own.contains(&file.used_as));
    let leaves = files.filter_map(|file| match &file.content {
        FileContent::Certificates(ids) => ids.first(),
        FileContent::Csr(_) | FileContent::CsrFacts(_) => None,
    });
    leaves.filter_map(|id| certificates.get(id)).map(|facts| facts.key.spki_sha256.as_str()).collect()
}

/// Whether a path leads to one of Mozilla's roots, whichever roots count in the run: by the key of a member, which the one
/// below it verifies; or, where the root is not at hand, by the name of whoever is missing.
fn is_public(chain: &ChainFacts, path: &PathFacts) -> bool {
    let by_key = |id: &CertId| chain.certificate(id).is_some_and(|facts| x509::is_public_key(&facts.key.spki_sha256));
    let by_name = match &path.end {
        PathEnd::IssuerMissing { id } => chain.certificate(id).is_some_and(|facts| x509::is_public_name(&facts.issuer)),
        end => end.is_public(),
    };
    path.faults.is_empty() && (by_name || path.certificates.iter().skip(1).any(by_key))
}

/// None: the leaf or whoever issued it cannot be read, or nobody else issued it.
fn seen<'a>(
    recording: &Recording,
    fact: &'a ConnectionFact,
    chain: &'a ChainFacts,
    own: &BTreeSet<&str>,
) -> Option<Seen<'a>> {
    let path = chain.used_path(fact.role).or_else(|| chain.paths.iter().find(|path| path.faults.is_empty()))?;
    let issuer = chain.certificate(path.certificates.get(1)?)?;
    let end = match &path.end {
        _ if chain.paths.iter().any(|path| is_public(chain, path)) => End::Public,
        end if end.is_trusted(fact.role) => End::Declared,
        PathEnd::IssuerMissing { .. } => End::Open,
        PathEnd::Untrusted { .. } | PathEnd::SigningRoot { .. } => End::Unknown,
        PathEnd::Mozilla { .. } | PathEnd::System { .. } | PathEnd::Supplied { .. } => End::Declared,
    };
    let roots = &recording.roots;
    let public_roots_count = roots.mozilla.is_some() || !roots.system.is_empty();
    let leaf = chain.leaf()?;
    let is_own = own.contains(leaf.key.spki_sha256.as_str());
    Some(Seen { vantage: recording.vantage, public_roots_count, fact, leaf, issuer, end, is_own })
}
