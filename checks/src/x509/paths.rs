//! Every candidate path from a leaf, within bounds.

use std::collections::{HashMap, HashSet};

use super::{
    PathEnd,
    pool::{Index, Issuer, MozillaRoot, Pool, Surroundings, computed_key_id},
    signature::Verdict,
};

/// As many candidates as are kept.
pub(super) const MOST_PATHS: usize = 64;
/// Above so many certificates only one issuer of each is followed: no path validation admits such a path anyway.
const DEEPEST_FORK: usize = 8;
/// As many signatures as are looked at for one chain. A sound chain needs one each; a chain of a hundred certificates of
/// one name could ask for ten thousand.
pub(super) const MOST_SIGNATURES: usize = 400;

/// A path, not judged yet.
pub(super) struct Candidate {
    /// From the leaf upwards; the last one is the root, unless the end is Mozilla's or nobody.
    pub certificates: Vec<Index>,
    /// What came of verifying each with the key of the next (or of the Mozilla root).
    pub signatures: Vec<Verdict>,
    /// Where it ends.
    pub end: PathEnd,
    /// The bundled root, if that is the end.
    pub anchor: Option<&'static MozillaRoot>,
}

/// Looks for paths among what was sent and what surrounds it.
pub(super) struct Builder<'p, 'a> {
    pool: &'p mut Pool<'a>,
    around: &'p Surroundings<'a>,
    sent: &'p [Index],
    issuers: HashMap<Index, Vec<(Issuer, Verdict)>>,
    signatures_left: usize,
    found: Vec<Candidate>,
}

impl<'p, 'a> Builder<'p, 'a> {
    /// Over the readable certificates sent.
    pub fn new(pool: &'p mut Pool<'a>, around: &'p Surroundings<'a>, sent: &'p [Index]) -> Self {
        Self { pool, around, sent, issuers: HashMap::new(), signatures_left: MOST_SIGNATURES, found: Vec::new() }
    }

    /// Every candidate path from the leaf.
    pub fn paths(&mut self, leaf: Index) -> Vec<Candidate> {
        self.extend(&mut vec![leaf], &mut Vec::new());
        std::mem::take(&mut self.found)
    }

    /// Every certificate on some way up from the leaf.
    pub fn reachable(&mut self, leaf: Index) -> HashSet<Index> {
        let mut reached = HashSet::from([leaf]);
        let mut todo = vec![leaf];
        while let Some(one) = todo.pop() {
            for issuer in self.issuing_certificates(one) {
                if reached.insert(issuer) {
                    todo.push(issuer);
                }
            }
        }
        reached
    }

    /// The certificates that issued this one.
    pub fn issuing_certificates(&mut self, subject: Index) -> Vec<Index> {
        let issuers = self.issuers_of(subject).into_iter();
        let certificate = |(issuer, _)| match issuer {
            Issuer::Certificate(index) => Some(index),
            Issuer::Mozilla(_) => None,
        };
        issuers.filter_map(certificate).collect()
    }

    fn extend(&mut self, path: &mut Vec<Index>, signatures: &mut Vec<Verdict>) {
        let Some(&top) = path.last() else { return };
        let ends = self.around.ends(top, self.pool);
        if !ends.is_empty() {
            for end in ends {
                self.keep(path, signatures, end, None);
            }
            return;
        }
        let mut issuers = self.issuers_of(top);
        let facts = self.pool.facts(top);
        let id = facts.id.clone();
        let end = if facts.self_issued { PathEnd::Untrusted { id } } else { PathEnd::IssuerMissing { id } };
        if facts.self_signed == Some(true) {
            // Nobody but another copy of it that counts leads further.
            issuers.retain(|(issuer, _)| match issuer {
                Issuer::Certificate(index) => self.around.is_root(*index),
                Issuer::Mozilla(_) => true,
            });
        }
        issuers.retain(|(issuer, _)| self.leads_on(issuer, path));
        if path.len() > DEEPEST_FORK {
            issuers.truncate(1);
        }
        if issuers.is_empty() {
            self.keep(path, signatures, end, None);
        }
        for (issuer, signature) in issuers {
            if self.found.len() >= MOST_PATHS {
                return;
            }
            signatures.push(signature);
            match issuer {
                Issuer::Mozilla(root) => {
                    self.keep(path, signatures, PathEnd::Mozilla { subject: root.subject() }, Some(root));
                }
                Issuer::Certificate(index) => {
                    path.push(index);
                    self.extend(path, signatures);
                    path.pop();
                }
            }
            signatures.pop();
        }
    }

    /// Neither a loop (RFC 4158, 5.2) nor another copy of a root, which the root itself stands for.
    fn leads_on(&self, issuer: &Issuer, path: &[Index]) -> bool {
        match issuer {
            Issuer::Mozilla(_) => true,
            Issuer::Certificate(index) => {
                let looping = path.iter().any(|below| self.pool.same_authority(*below, *index));
                // A self-signed leaf may have its own key's root above it.
                let renewed = path.len() == 1 && self.around.is_root(*index);
                (!looping || renewed) && !self.around.is_copy_of_root(*index, self.pool)
            }
        }
    }

    fn keep(&mut self, path: &[Index], signatures: &[Verdict], end: PathEnd, anchor: Option<&'static MozillaRoot>) {
        if self.found.len() < MOST_PATHS {
            self.found.push(Candidate { certificates: path.to_vec(), signatures: signatures.to_vec(), end, anchor });
        }
    }

    /// Whoever signed this certificate, by its signature. If the signature is nobody's: those whose name and key
    /// identifier say that they should have signed it.
    fn issuers_of(&mut self, subject: Index) -> Vec<(Issuer, Verdict)> {
        if let Some(known) = self.issuers.get(&subject) {
            return known.clone();
        }
        let mut candidates = self.named_issuers(subject);
        // Those that the key identifier names first, and roots before others: they are the likely ones, should the
        // bounds be reached.
        candidates.sort_by_key(|issuer| (!self.named_by_key_id(subject, issuer), !self.is_anchor(issuer)));
        let mut verdicts: Vec<(Issuer, Verdict)> = Vec::new();
        for issuer in candidates {
            if self.signatures_left == 0 {
                break;
            }
            self.signatures_left -= 1;
            verdicts.push((issuer, self.pool.verify(subject, &issuer)));
        }
        let has = |wanted: Verdict| verdicts.iter().any(|(_, verdict)| *verdict == wanted);
        let wanted = [Verdict::Valid, Verdict::Unsupported, Verdict::Invalid].into_iter().find(|verdict| has(*verdict));
        verdicts.retain(|(issuer, verdict)| {
            Some(*verdict) == wanted && (*verdict == Verdict::Valid || self.named_by_key_id(subject, issuer))
        });
        self.issuers.insert(subject, verdicts.clone());
        verdicts
    }

    /// Everybody whose name is that of the issuer, each once.
    fn named_issuers(&self, subject: Index) -> Vec<Issuer> {
        let name = self.pool.issuer(subject);
        let mut seen = HashSet::from([subject]);
        let sent = self.sent.iter().filter(|index| self.pool.subject(**index) == name);
        let certificates = sent.chain(self.around.supplied(name)).copied().filter(|index| seen.insert(*index));
        let mut issuers: Vec<Issuer> = certificates.map(Issuer::Certificate).collect();
        issuers.extend(self.around.mozilla(name).iter().map(Issuer::Mozilla));
        issuers
    }

    fn is_anchor(&self, issuer: &Issuer) -> bool {
        match issuer {
            Issuer::Certificate(index) => self.around.is_root(*index),
            Issuer::Mozilla(_) => true,
        }
    }

    /// Whether the authority key identifier is the issuer's, or there is none.
    fn named_by_key_id(&self, subject: Index, issuer: &Issuer) -> bool {
        let Some(wanted) = &self.pool.facts(subject).authority_key_id else { return true };
        match issuer {
            Issuer::Mozilla(root) => root.key_id.as_ref() == Some(wanted),
            Issuer::Certificate(index) => match &self.pool.facts(*index).subject_key_id {
                Some(key_id) => key_id == wanted,
                None => computed_key_id(self.pool.at(*index).certificate.public_key()) == *wanted,
            },
        }
    }
}
