//! Every key that devices can meet at Device Services, against every source of pins.

use crate::{
    check::Case,
    deployment::Role,
    outcome::Target,
    pin::Book,
    reach::{self, Missed},
    recording::{CertId, ConversationFailure},
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
}

/// Every address of Device Services and of what stands in front of and behind it, once for each key met there.
pub fn met<'a>(case: &'a Case<'_>) -> Vec<Met<'a>> {
    let mut met: Vec<Met<'a>> = Vec::new();
    let roles = [Role::DeviceServices, Role::Balancer, Role::ReverseProxy, Role::Backend];
    for role in roles {
        for (vantage, fact) in case.connections(&[role]).filter(|(_, fact)| reach::is_asked_as_devices_do(fact)) {
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
            push(&mut met, Met { target, role, leaf });
        }
        let unasked = case.unasked_servers(role).map(|target| Met { target, role, leaf: None });
        met.extend(unasked.collect::<Vec<_>>());
    }
    if !met.iter().any(|met| met.role == Role::DeviceServices) {
        let target = Target::Endpoint(case.deployment.device_services_endpoint());
        met.insert(0, Met { target, role: Role::DeviceServices, leaf: None });
    }
    met
}

fn push<'a>(met: &mut Vec<Met<'a>>, new: Met<'a>) {
    let key = |met: &Met<'_>| met.leaf.map(|leaf| leaf.key.spki_sha256.clone());
    let same_place = |known: &Met<'_>| known.target == new.target;
    if new.leaf.is_none() && met.iter().any(same_place) {
        return;
    }
    if new.leaf.is_some() {
        met.retain(|known| !same_place(known) || known.leaf.is_some());
    }
    if !met.iter().any(|known| same_place(known) && key(known) == key(&new)) {
        met.push(new);
    }
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
    let rows = met(case)
        .into_iter()
        .map(|met| PinRow {
            cells: book
                .sources
                .iter()
                .map(|source| met.leaf.map_or(PinCell::NotObserved, |leaf| source.cell(&leaf.key)))
                .collect(),
            role: met.role.words(),
            spki_sha256: met.leaf.map(|leaf| leaf.key.spki_sha256.clone()),
            subject: met.leaf.map(CertificateFacts::display_subject),
            target: met.target,
        })
        .collect();
    PinMatrix { sources, rows }
}
