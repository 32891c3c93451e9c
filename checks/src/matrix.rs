//! Every key that devices can meet at Device Services, against every source of pins.

use std::collections::HashMap;

use crate::{
    check::Case,
    deployment::Role,
    outcome::Target,
    pin::Book,
    reach::{self, Missed},
    recording::{CertId, ConversationFailure, FileUse},
    report::{PinCell, PinMatrix, PinRow, PinSource},
    x509::CertificateFacts,
};

/// A place where devices can meet a key.
pub struct Met<'a> {
    /// Where.
    pub target: Target,
    /// What it is.
    pub role: Role,
    /// What was presented there; none: nothing was seen.
    pub leaf: Option<&'a CertificateFacts>,
    /// Whether only a client that speaks nothing newer than TLS 1.2 was shown it.
    pub only_tls12: bool,
}

/// Every address of Device Services and of what stands in front of and behind it, once for each key met there.
pub fn met<'a>(case: &'a Case<'_>) -> Vec<Met<'a>> {
    let mut met = Places::default();
    let roles = [Role::DeviceServices, Role::Balancer, Role::ReverseProxy, Role::Backend];
    for role in roles {
        for (vantage, fact) in case.presentations(&[role]).filter(|(_, fact)| reach::is_asked_as_devices_do(fact)) {
            let target = Target::of(&fact.endpoint, fact.address);
            let sent: &[CertId] = match &fact.outcome {
                Ok(handshake) => &handshake.chain,
                Err(ConversationFailure::Tls { chain, .. }) => chain,
                Err(failure) => {
                    let missed = Missed { vantage, role, endpoint: &fact.endpoint, address: fact.address, failure };
                    if missed.spared(case).is_some() {
                        continue;
                    }
                    &[]
                }
            };
            let leaf = sent.first().and_then(|id| case.certificate(id));
            met.push(Met { target, role, leaf, only_tls12: fact.only_tls12 });
        }
        for target in case.unasked_servers(role) {
            met.all.push(Some(Met { target, role, leaf: None, only_tls12: false }));
        }
    }
    let mut met: Vec<Met<'a>> = met.all.into_iter().flatten().collect();
    if !met.iter().any(|met| met.role == Role::DeviceServices) {
        let target = Target::Endpoint(case.deployment.device_services_endpoint());
        met.insert(0, Met { target, role: Role::DeviceServices, leaf: None, only_tls12: false });
    }
    met
}

/// What was met, and where in the list each place stands.
#[derive(Default)]
struct Places<'a> {
    all: Vec<Option<Met<'a>>>,
    by_target: HashMap<Target, Vec<usize>>,
}

impl<'a> Places<'a> {
    /// Each key of a place once; that nothing was seen there only as long as nothing was.
    fn push(&mut self, new: Met<'a>) {
        let known = self.by_target.entry(new.target.clone()).or_default();
        let leaf = |place: &usize| self.all.get(*place).and_then(Option::as_ref).map(|met| met.leaf);
        let Some(key) = new.leaf.map(|leaf| &leaf.key.spki_sha256) else {
            if known.is_empty() {
                known.push(self.all.len());
                self.all.push(Some(new));
            }
            return;
        };
        if known.iter().filter_map(leaf).flatten().any(|leaf| leaf.key.spki_sha256 == *key) {
            return;
        }
        if let [only] = known.as_slice()
            && leaf(only) == Some(None)
            && let Some(place) = self.all.get_mut(*only)
        {
            *place = None;
            known.clear();
        }
        known.push(self.all.len());
        self.all.push(Some(new));
    }
}

/// The role of a certificate to come.
const NEXT: &str = "next certificate";

/// Declared servers that none of the vantages taken asks.
fn not_asked_from_here(case: &Case<'_>) -> impl Iterator<Item = (Target, Role)> {
    let service = case.deployment.device_services_endpoint();
    let servers = case.deployment.device_services.servers().filter(|(role, _)| !case.asks(*role));
    servers.map(move |(role, server)| {
        let place = server.endpoint(service.port);
        let address = place.ip().map(|ip| (ip, place.port).into());
        (address.map_or(Target::Endpoint(place), |address| Target::At(service.clone(), address)), role)
    })
}

/// The pin matrix.
pub fn build(case: &Case<'_>) -> PinMatrix {
    let book = Book::new(case);
    let sources = book
        .sources
        .iter()
        .map(|source| PinSource {
            id: source.id.id(),
            title: source.id.words().to_owned(),
            pins: source.pins(),
            used: book.used == Ok(source.id),
        })
        .collect();
    let row = |target: Target, role, leaf: Option<&CertificateFacts>| PinRow {
        cells: book
            .sources
            .iter()
            .map(|source| leaf.map_or(PinCell::NotObserved, |leaf| source.cell(&leaf.key)))
            .collect(),
        role,
        spki_sha256: leaf.map(|leaf| leaf.key.spki_sha256.clone()),
        subject: leaf.map(CertificateFacts::display_subject),
        target,
    };
    let met = met(case).into_iter().map(|met| row(met.target, met.role.words(), met.leaf));
    let unasked = not_asked_from_here(case).map(|(target, role)| row(target, role.words(), None));
    let next = case.files(FileUse::Next).into_iter().map(|file| {
        let target = Target::File(file.path.clone());
        row(target, NEXT, case.first_certificate(file))
    });
    let rows = met.chain(unasked).chain(next).collect();
    PinMatrix { sources, rows }
}
