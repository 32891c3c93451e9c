//! Whether something between us and a server re-signs its certificate: read once, for the check that says so and for those
//! that have nothing to say of what is presented there.
//!
//! One chain alone never shows it: a private authority may be the customer's own. It takes one issuer on hosts that have
//! nothing to do with each other, or a root that is not there where the same name is met from elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    cause::InterceptionProof,
    deployment::{DISCOVERY_HOST, Endpoint, Role, Vantage},
    reach,
    recording::{CertId, ConnectionFact, ConversationFailure, FileContent, FileUse, Recording},
    x509::{CertificateFacts, CertificateName, ChainFacts, PathEnd, PathFacts, Place},
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
    end: End<'a>,
    /// Whether its key is among those that the admin supplied as the servers' own.
    is_own: bool,
}

/// Where a chain leads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End<'a> {
    /// To a root of Mozilla's: nobody re-signs under one.
    Public,
    /// To a private root that counts for this role.
    Declared,
    /// To a root that does not.
    Unknown(&'a CertId),
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

/// Every leaf that was re-signed on the way. Such a leaf is made for the purpose: wherever it is met, it is not the
/// server's own.
pub(crate) fn read(
    recordings: &[Recording],
    chains: &BTreeMap<Vec<CertId>, ChainFacts>,
    certificates: &BTreeMap<CertId, CertificateFacts>,
) -> BTreeMap<CertId, Interception> {
    let own = own_keys(recordings, certificates);
    let seen: Vec<Seen<'_>> = recordings
        .iter()
        .flat_map(|recording| recording.connections.iter().map(move |fact| (recording, fact)))
        .filter_map(|(recording, fact)| seen(recording, fact, chains.get(presented(fact)?)?, &own))
        .collect();
    let mut proofs: BTreeMap<IssuerId<'_>, InterceptionProof> = BTreeMap::new();
    let vantages: BTreeSet<Vantage> = seen.iter().map(|one| one.vantage).collect();
    for vantage in vantages {
        let here: Vec<&Seen<'_>> = seen.iter().filter(|one| one.vantage == vantage && one.is_by_name()).collect();
        for (issuer, proof) in signs_discovery_too(vantage, &here)
            .chain(unrelated_elsewhere(vantage, &here, &seen))
            .chain(trusted_elsewhere(vantage, &here, &seen))
            .chain(signs_for_the_vendor(vantage, &here))
        {
            proofs.entry(issuer).or_insert(proof);
        }
    }
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
fn own_keys<'a>(recordings: &[Recording], certificates: &'a BTreeMap<CertId, CertificateFacts>) -> BTreeSet<&'a str> {
    let own = [FileUse::Uploaded, FileUse::Next, FileUse::TrustServiceCertificate];
    let files = recordings.iter().flat_map(|recording| &recording.files).filter(|file| own.contains(&file.used_as));
    let leaves = files.filter_map(|file| match &file.content {
        FileContent::Certificates(ids) => ids.first(),
        FileContent::Csr(_) => None,
    });
    leaves.filter_map(|id| certificates.get(id)).map(|facts| facts.key.spki_sha256.as_str()).collect()
}

fn presented(fact: &ConnectionFact) -> Option<&[CertId]> {
    match &fact.outcome {
        Ok(handshake) => Some(&handshake.chain),
        Err(ConversationFailure::Tls { chain, .. }) => Some(chain),
        Err(_) => None,
    }
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
    let is_public = |path: &PathFacts| path.faults.is_empty() && path.end.is_public();
    let end = match &path.end {
        _ if chain.paths.iter().any(is_public) => End::Public,
        end if end.is_trusted(fact.role) => End::Declared,
        PathEnd::IssuerMissing { .. } => End::Open,
        PathEnd::Untrusted { id } | PathEnd::SigningRoot { id } => End::Unknown(id),
        PathEnd::Mozilla { .. } | PathEnd::System { .. } | PathEnd::Supplied { .. } => End::Declared,
    };
    let roots = &recording.roots;
    let public_roots_count = roots.mozilla.is_some() || !roots.system.is_empty();
    let leaf = chain.leaf()?;
    let is_own = own.contains(leaf.key.spki_sha256.as_str());
    Some(Seen { vantage: recording.vantage, public_roots_count, fact, leaf, issuer, end, is_own })
}

type Proofs<'a> = std::vec::IntoIter<(IssuerId<'a>, InterceptionProof)>;

/// One issuer, not public, signs for discovery, which is the vendor's, and for a host of the customer's.
fn signs_discovery_too<'a>(vantage: Vantage, here: &[&Seen<'a>]) -> Proofs<'a> {
    let private = || here.iter().filter(|one| one.is_suspect());
    let mut found: BTreeMap<IssuerId<'a>, InterceptionProof> = BTreeMap::new();
    for discovery in private().filter(|one| one.fact.role == Role::Discovery) {
        let issuer = discovery.issuer_id();
        let host = &discovery.fact.endpoint.host;
        let customers: BTreeSet<&str> = private()
            .filter(|one| one.fact.role != Role::Discovery && one.issuer_id() == issuer)
            .map(|one| one.fact.endpoint.host.as_str())
            .filter(|customers| customers != host)
            .collect();
        if !customers.is_empty() {
            let hosts = [host.as_str()].into_iter().chain(customers).map(str::to_owned).collect();
            found.insert(issuer, InterceptionProof::SignsDiscoveryToo { vantage, hosts });
        }
    }
    found.into_iter().collect::<Vec<_>>().into_iter()
}

/// One issuer signs for hosts that, seen from elsewhere, have issuers that have nothing to do with each other.
fn unrelated_elsewhere<'a>(vantage: Vantage, here: &[&Seen<'a>], all: &[Seen<'a>]) -> Proofs<'a> {
    let mut found = Vec::new();
    for one in here.iter().filter(|one| one.is_suspect()) {
        let issuer = one.issuer_id();
        let others =
            here.iter().filter(|other| other.is_suspect() && other.fact.endpoint.host != one.fact.endpoint.host);
        for other in others.filter(|other| other.issuer_id() == issuer) {
            let unrelated = |elsewhere: &Vantage| {
                let issuers = |host: &str| -> BTreeSet<IssuerId<'a>> {
                    let there = all.iter().filter(|seen| seen.vantage == *elsewhere && seen.is_by_name());
                    there.filter(|seen| seen.fact.endpoint.host == host).map(Seen::issuer_id).collect()
                };
                let (first, second) = (issuers(&one.fact.endpoint.host), issuers(&other.fact.endpoint.host));
                let known = !first.is_empty() && !second.is_empty();
                known && first.is_disjoint(&second) && !first.contains(&issuer) && !second.contains(&issuer)
            };
            let Some(elsewhere) = Vantage::ALL.into_iter().find(unrelated) else { continue };
            let hosts: BTreeSet<String> =
                [one, other].into_iter().map(|seen| seen.fact.endpoint.host.clone()).collect();
            let hosts = hosts.into_iter().collect();
            found.push((issuer, InterceptionProof::UnrelatedElsewhere { vantage, hosts, elsewhere }));
        }
    }
    found.into_iter()
}

/// Under its name a service shows nothing but a root that is not known, and from elsewhere nothing but chains that are
/// trusted and this issuer nowhere. A vantage that meets both met two servers, one of which is set up wrongly.
fn trusted_elsewhere<'a>(vantage: Vantage, here: &[&Seen<'a>], all: &[Seen<'a>]) -> Proofs<'a> {
    let mut found = Vec::new();
    let endpoints: BTreeSet<&Endpoint> = here.iter().map(|one| &one.fact.endpoint).collect();
    for endpoint in endpoints {
        let met: Vec<&&Seen<'_>> = here.iter().filter(|one| one.fact.endpoint == *endpoint).collect();
        if !met.iter().all(|one| matches!(one.end, End::Unknown(_)) && one.is_suspect()) {
            continue;
        }
        for one in met {
            let issuer = one.issuer_id();
            let trusted = |elsewhere: &Vantage| {
                let there = || all.iter().filter(|seen| seen.vantage == *elsewhere);
                let mut by_name =
                    there().filter(|seen| seen.is_by_name() && seen.fact.endpoint == *endpoint).peekable();
                by_name.peek().is_some()
                    && by_name.all(Seen::is_trusted)
                    && there().all(|seen| seen.issuer_id() != issuer)
            };
            // A server behind the name that shows it too, asked by its own address, is the one that presents it.
            let by_address =
                all.iter().any(|seen| !seen.is_by_name() && seen.fact.sni.is_some() && seen.issuer_id() == issuer);
            if let (Some(elsewhere), false) = (Vantage::ALL.into_iter().find(trusted), by_address) {
                let host = endpoint.host.clone();
                found.push((issuer, InterceptionProof::TrustedElsewhere { vantage, host, elsewhere }));
            }
        }
    }
    found.into_iter()
}

/// The vendor's own host, which everybody's devices trust as they come, under a root that nobody declared.
fn signs_for_the_vendor<'a>(vantage: Vantage, here: &[&Seen<'a>]) -> Proofs<'a> {
    let vendors = here.iter().filter(|one| {
        let is_vendors = one.fact.role == Role::Discovery && one.fact.endpoint.host == DISCOVERY_HOST;
        is_vendors && one.public_roots_count && one.is_suspect() && matches!(one.end, End::Unknown(_))
    });
    let proof = |one: &&Seen<'a>| {
        let host = one.fact.endpoint.host.clone();
        (one.issuer_id(), InterceptionProof::SignsForTheVendor { vantage, host })
    };
    vendors.map(proof).collect::<Vec<_>>().into_iter()
}
