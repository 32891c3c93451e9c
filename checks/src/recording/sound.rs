//! Whether a recording refers only to what it holds, and holds only what it says it does: whoever edits one, or cuts a part
//! of it out, must not get a verdict for it.

use std::collections::BTreeSet;

use super::{CertId, ConnectionFact, ConversationFailure, Facts, FileContent, HttpFailure, Recording};
use crate::x509::ChainFacts;

/// What is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// A certificate does not fit its id.
    #[error("it holds another certificate under the id {0}")]
    Exchanged(CertId),
    /// An id that nothing holds.
    #[error("{place} refers to certificate {id}, which it does not hold")]
    Missing {
        /// `connections[3]`
        place: String,
        /// The id.
        id: CertId,
    },
    /// A redacted recording lacks what was read from a chain.
    #[error("{0} presented a chain of which it holds no facts")]
    NoFacts(String),
    /// What was read from a chain does not fit the chain.
    #[error("facts.chains[{0}] speaks of certificates that the chain does not have")]
    Outside(usize),
    /// A list that observing never leaves empty.
    #[error("{place} is empty")]
    Empty {
        /// `names[0].answer.Ok.addresses`
        place: String,
    },
}

impl Recording {
    /// The first thing that is wrong with it, if anything is.
    pub fn unsound(&self) -> Option<Unsound> {
        let exchanged = self.certificates.iter().find(|(id, der)| CertId::of(&der.0) != **id);
        let exchanged = exchanged.map(|(id, _)| Unsound::Exchanged(id.clone()));
        let missing = || match &self.facts {
            Some(facts) => self.without_facts(facts),
            None => self.missing(),
        };
        exchanged.or_else(missing).or_else(|| self.empty())
    }

    fn without_facts(&self, facts: &Facts) -> Option<Unsound> {
        let ids_of = |chain: &ChainFacts| -> Vec<CertId> {
            chain.sent.iter().map(|one| one.as_ref().map_or_else(|one| one.id.clone(), |one| one.id.clone())).collect()
        };
        let held: BTreeSet<Vec<CertId>> = facts.chains.iter().map(ids_of).collect();
        let is_held = |fact: &ConnectionFact| fact.presented().is_none_or(|chain| held.contains(chain));
        let without = self.presentations().find(|fact| !is_held(fact));
        let outside = facts.chains.iter().position(|chain| {
            let in_paths = chain.paths.iter().flat_map(|path| path.sent.iter().flatten());
            let mut places = chain.strangers.iter().chain(&chain.doubles).chain(chain.should_be.iter().flatten());
            places.any(|place| *place >= chain.sent.len()) || in_paths.clone().any(|place| *place >= chain.sent.len())
        });
        without.map(|fact| Unsound::NoFacts(fact.endpoint.to_string())).or_else(|| outside.map(Unsound::Outside))
    }

    fn missing(&self) -> Option<Unsound> {
        let held: BTreeSet<&CertId> = self.certificates.keys().collect();
        let (place, id) = self.references().into_iter().find(|(_, id)| !held.contains(id))?;
        Some(Unsound::Missing { place: place.to_string(), id: id.clone() })
    }

    /// Every id of a certificate that it refers to, with the place.
    fn references(&self) -> Vec<(Place, &CertId)> {
        let mut found: Vec<(Place, &CertId)> = Vec::new();
        found.extend(self.roots.system.iter().map(|id| (Place("roots.system", None), id)));
        found.extend(self.roots.supplied.iter().map(|id| (Place("roots.supplied", None), id)));
        for (file, at) in self.files.iter().zip(0..) {
            if let FileContent::Certificates(ids) = &file.content {
                found.extend(ids.iter().map(|id| (Place("files", Some(at)), id)));
            }
        }
        let tls12 = self.tls12.iter().map(|fact| &fact.connection);
        let connections = self.connections.iter().zip(0..).map(|(fact, at)| (Place("connections", Some(at)), fact));
        let other = self.under_other_name.iter().zip(0..).map(|(fact, at)| (Place("under_other_name", Some(at)), fact));
        let tls12 = tls12.zip(0..).map(|(fact, at)| (Place("tls12", Some(at)), fact));
        for (place, fact) in connections.chain(other).chain(tls12) {
            found.extend(fact.presented().unwrap_or_default().iter().map(|id| (place, id)));
        }
        for (fact, at) in self.answers.iter().zip(0..) {
            let place = Place("answers", Some(at));
            found.extend(fact.leaf.iter().map(|id| (place, id)));
            if let Err(HttpFailure::NotConnected { failure: ConversationFailure::Tls { chain, .. } }) = &fact.outcome {
                found.extend(chain.iter().map(|id| (place, id)));
            }
        }
        found
    }

    fn empty(&self) -> Option<Unsound> {
        let is_empty_file = |content: &FileContent| matches!(content, FileContent::Certificates(ids) if ids.is_empty());
        let file = self.files.iter().position(|file| is_empty_file(&file.content));
        let name =
            self.names.iter().position(|fact| fact.answer.as_ref().is_ok_and(|found| found.addresses.is_empty()));
        let mut shaken = [&self.connections, &self.under_other_name].into_iter().flatten();
        let mut shaken12 = self.tls12.iter().map(|fact| &fact.connection);
        let is_empty =
            |outcome: &Result<super::Handshake, _>| outcome.as_ref().is_ok_and(|shake| shake.chain.is_empty());
        let chain = shaken.any(|fact| is_empty(&fact.outcome)) || shaken12.any(|fact| is_empty(&fact.outcome));
        let place = file
            .map(|at| format!("files[{at}].content"))
            .or_else(|| name.map(|at| format!("names[{at}].answer")))
            .or_else(|| chain.then(|| "the chain of a handshake".to_owned()))?;
        Some(Unsound::Empty { place })
    }
}

/// Where in the recording: a list, and the place in it.
#[derive(Clone, Copy)]
struct Place(&'static str, Option<usize>);

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self(list, Some(at)) => write!(f, "{list}[{at}]"),
            Self(list, None) => f.write_str(list),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        deployment::{Role, TrustServiceMode, Vantage},
        recording::{Der, FileUse, Handshake, HandshakeSignature, NameAnswer, SuppliedFile},
        testing::{name, recording, refused, registry},
        x509::Unreadable,
    };

    fn whole() -> (Recording, CertId) {
        let mut whole = recording(Vantage::Console, TrustServiceMode::Cloud);
        let id = CertId::of(b"one");
        whole.certificates.insert(id.clone(), Der(b"one".to_vec()));
        whole.names = vec![name("ds.example.com", Role::DeviceServices, Ok([10, 0, 0, 1]))];
        let mut shaken = refused(Role::DeviceServices, "ds.example.com", 443, [10, 0, 0, 1]);
        shaken.outcome = Ok(Handshake {
            version: "TLSv1.3".into(),
            suite: "TLS_AES_128_GCM_SHA256".into(),
            alpn: None,
            chain: vec![id.clone()],
            signature: HandshakeSignature::Valid,
        });
        whole.connections = vec![refused(Role::DeviceServices, "ds.example.com", 443, [10, 0, 0, 1]), shaken];
        whole.answers = vec![registry("{}")];
        whole.answers[0].leaf = Some(id.clone());
        whole.roots.supplied = vec![id.clone()];
        let content = FileContent::Certificates(vec![id.clone()]);
        whole.files = vec![SuppliedFile { path: "ds.cer".into(), used_as: FileUse::Uploaded, content }];
        (whole, id)
    }

    #[test]
    fn what_refers_only_to_what_it_holds_is_sound() {
        assert_eq!(whole().0.unsound(), None);
    }

    #[test]
    fn a_redacted_recording_holds_the_facts_of_every_chain() {
        let (mut redacted, id) = whole();
        let unreadable = Unreadable { id, detail: "it is one byte".into() };
        let chain = ChainFacts {
            sent: vec![Err(unreadable)],
            added: vec![],
            paths: vec![],
            strangers: vec![],
            doubles: vec![],
            should_be: None,
        };
        redacted.certificates.clear();
        redacted.facts = Some(Facts { set: "1".into(), chains: vec![chain.clone()], certificates: vec![] });
        assert_eq!(redacted.unsound(), None);
        let mut with = |chains| {
            redacted.facts = Some(Facts { set: "1".into(), chains, certificates: vec![] });
            redacted.unsound()
        };
        assert_eq!(with(vec![]), Some(Unsound::NoFacts("ds.example.com:443".into())));
        let outside = ChainFacts { strangers: vec![1], ..chain };
        assert_eq!(with(vec![outside]), Some(Unsound::Outside(0)));
    }

    #[test]
    fn what_was_exchanged_cut_out_or_emptied_is_named() {
        let (sound, id) = whole();
        let told = |edit: fn(&mut Recording)| {
            let mut edited = sound.clone();
            edit(&mut edited);
            edited.unsound().map(|unsound| unsound.to_string()).unwrap_or_default()
        };
        let exchanged = told(|edited| edited.certificates.values_mut().for_each(|der| der.0.push(0)));
        assert_eq!(exchanged, format!("it holds another certificate under the id {id}"));
        let missing = |place| format!("{place} refers to certificate {id}, which it does not hold");
        assert_eq!(told(|edited| edited.certificates.clear()), missing("roots.supplied"));
        let cut = |edit: fn(&mut Recording)| {
            let mut edited = sound.clone();
            edited.certificates.clear();
            edited.roots.supplied.clear();
            edit(&mut edited);
            edited.unsound().map(|unsound| unsound.to_string()).unwrap_or_default()
        };
        assert_eq!(cut(|_| {}), missing("files[0]"));
        assert_eq!(cut(|edited| edited.files.clear()), missing("connections[1]"));
        assert_eq!(
            cut(|edited| {
                edited.files.clear();
                edited.connections.clear();
            }),
            missing("answers[0]")
        );
        let emptied = told(|edited| {
            edited.names[0].answer = Ok(NameAnswer { addresses: vec![], canonical_names: vec![] });
        });
        assert_eq!(emptied, "names[0].answer is empty");
        assert_eq!(
            told(|edited| edited.files[0].content = FileContent::Certificates(vec![])),
            "files[0].content is empty"
        );
        let no_chain = told(|edited| {
            if let Ok(handshake) = &mut edited.connections[1].outcome {
                handshake.chain.clear();
            }
        });
        assert_eq!(no_chain, "the chain of a handshake is empty");
    }
}
