//! What stands in for what: the same for the same, and with the relations that judgement rests on.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE, HEXUPPER};
use ring::digest::{SHA256, digest};
use x509_parser::{
    asn1_rs::Tag,
    prelude::{FromDer, SubjectPublicKeyInfo},
};

use crate::{
    matching::would_match,
    pin,
    recording::CertId,
    x509::{self, CertificateFacts, KeyFacts},
};

/// Words that everybody knows: the vendor's hosts, and the name that does not exist.
const PUBLIC_WORDS: [&str; 6] = ["discovery", "awtrustdiscovery", "awmdm", "com", "pinflight", "invalid"];

/// For each of the letters that a stand-in begins with, its bit: each way to spell them is for another spelling of the word.
const LETTERS: [usize; 4] = [1, 2, 4, 8];

/// What kind of bytes a stand-in is for: equal bytes of different kinds have nothing to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Digest,
    Modulus,
    Key,
    Serial,
    KeyId,
}

/// The stand-ins given so far.
///
/// Whatever is to be redacted is gone through twice: what is learned the first time (which hosts there are, which word is
/// the end of another, which key a digest is of) holds the second time from the beginning.
#[derive(Default)]
pub(super) struct StandIns {
    words: HashMap<String, String>,
    /// In the order met.
    met: Vec<String>,
    /// Words that a pinned name begins with: such a name is applied to hosts that merely end with it.
    first_of_pinned: BTreeSet<String>,
    hosts: BTreeSet<String>,
    spellings: HashMap<String, Vec<String>>,
    /// Patterns by the label that they are meant for.
    patterns: HashMap<String, Vec<String>>,
    addresses: HashMap<IpAddr, IpAddr>,
    bytes: HashMap<(Kind, Vec<u8>), Vec<u8>>,
    keys: HashMap<String, KeyFacts>,
    /// PKCS#1 in hex.
    rsa_keys: HashMap<String, String>,
    public: BTreeSet<CertId>,
    taken: BTreeSet<IpAddr>,
    /// Addresses tried as stand-ins.
    numbered: u32,
}

impl StandIns {
    /// After the first time through: words and addresses are given anew, now that all of them are known.
    pub(super) fn settle(&mut self) {
        self.taken = self.addresses.keys().copied().collect();
        self.addresses.clear();
        self.numbered = 0;
        self.words.clear();
        let mut met = std::mem::take(&mut self.met);
        // The ends first, so that what ends with them can end with their stand-ins.
        met.sort_by_key(String::len);
        for word in met {
            let ends = word.char_indices().skip(1).filter_map(|(at, _)| word.get(at..));
            let end = ends.into_iter().find(|end| self.first_of_pinned.contains(*end)).unwrap_or_default();
            let public = PUBLIC_WORDS.contains(&end).then(|| end.to_owned());
            let end = self.words.get(end).cloned().or(public);
            let stand_in = format!("name{}{}", self.words.len() + 1, end.unwrap_or_default());
            self.words.insert(word, stand_in);
        }
    }

    /// The hosts met so far.
    pub(super) fn hosts(&self) -> Vec<String> {
        self.hosts.iter().cloned().collect()
    }

    // ---- words

    /// Any text, word by word: a word is a run of letters and digits, and of whatever is not ASCII; other characters stay.
    pub(super) fn text(&mut self, text: &str) -> String {
        let mut redacted = String::new();
        let mut word = String::new();
        for c in text.chars() {
            if c.is_ascii_alphanumeric() || !c.is_ascii() {
                word.push(c);
                continue;
            }
            self.end_word(&mut word, &mut redacted);
            redacted.push(c);
        }
        self.end_word(&mut word, &mut redacted);
        redacted
    }

    fn end_word(&mut self, word: &mut String, redacted: &mut String) {
        if !word.is_empty() {
            redacted.push_str(&self.word(word));
            word.clear();
        }
    }

    fn word(&mut self, word: &str) -> String {
        // Names are compared without regard to case in ASCII alone.
        let plain = word.to_ascii_lowercase();
        if PUBLIC_WORDS.contains(&plain.as_str()) {
            return word.to_owned();
        }
        if word == plain {
            return self.plain(&plain);
        }
        let spellings = self.spellings.entry(plain.clone()).or_default();
        let number = spellings.iter().position(|known| known == word).unwrap_or_else(|| {
            spellings.push(word.to_owned());
            spellings.len() - 1
        });
        let stand_in = self.plain(&plain);
        if number + 1 >= 1 << LETTERS.len() {
            // Nobody spells a name in so many ways: another word, in capitals.
            return self.plain(word).to_ascii_uppercase();
        }
        let is_capital = |at: usize| LETTERS.get(at).is_some_and(|bit| (number + 1) & bit != 0);
        let spelled = |(at, c): (usize, char)| if is_capital(at) { c.to_ascii_uppercase() } else { c };
        stand_in.chars().enumerate().map(spelled).collect()
    }

    fn plain(&mut self, word: &str) -> String {
        if let Some(known) = self.words.get(word) {
            return known.clone();
        }
        self.met.push(word.to_owned());
        let new = format!("name{}", self.met.len());
        self.words.insert(word.to_owned(), new.clone());
        new
    }

    /// A host, a DNS name with its wildcards, or an address.
    pub(super) fn host(&mut self, host: &str) -> String {
        self.hosts.insert(host.to_ascii_lowercase());
        self.named(host)
    }

    /// A DNS name. A wildcard that no platform accepts stays one, meant for the same hosts.
    pub(super) fn name(&mut self, name: &str) -> String {
        if !name.contains('*') {
            return self.text(name);
        }
        let meant = self.hosts.iter().find(|host| would_match(host, name)).cloned().unwrap_or_default();
        let mut labels_meant = meant.split('.');
        let mut labels = Vec::new();
        for pattern in name.split('.') {
            let label = labels_meant.next().unwrap_or_default();
            labels.push(if pattern == "*" || !pattern.contains('*') {
                self.text(pattern)
            } else {
                self.pattern(pattern, label)
            });
        }
        labels.join(".")
    }

    /// A label with a wildcard among other characters, meant for this label of a host; empty: for none.
    fn pattern(&mut self, pattern: &str, label: &str) -> String {
        let patterns = self.patterns.entry(label.to_owned()).or_default();
        let number = patterns.iter().position(|known| known == pattern).unwrap_or_else(|| {
            patterns.push(pattern.to_owned());
            patterns.len() - 1
        });
        if label.is_empty() {
            // No stand-in begins so.
            return format!("x{number}*");
        }
        // Each pattern another beginning of the label, and then of its end.
        let label = self.text(label);
        let length = label.chars().count().max(1);
        let begin: String = label.chars().take(number % length + 1).collect();
        let end: String = label.chars().skip(length.saturating_sub(number / length)).collect();
        format!("{begin}*{end}")
    }

    /// A name that pins are given for.
    pub(super) fn pinned_name(&mut self, name: &str) -> String {
        let first: String = name.chars().take_while(|c| c.is_alphanumeric()).collect();
        if !first.is_empty() {
            self.first_of_pinned.insert(first.to_lowercase());
            self.text(&first);
        }
        self.named(name)
    }

    /// A distinguished name (RFC 4514), the types of its attributes kept; that of a public root as it is.
    pub(super) fn distinguished_name(&mut self, name: &str) -> String {
        if x509::is_public_name(name) {
            return name.to_owned();
        }
        let mut redacted = String::new();
        let mut rest = name;
        while !rest.is_empty() {
            let end = unescaped(rest, &[',', '+']).unwrap_or(rest.len());
            let (part, behind) = rest.split_at(end);
            match part.split_once('=') {
                Some((attribute, value)) if attribute.chars().all(|c| c.is_ascii_alphanumeric() || c == '.') => {
                    redacted.push_str(attribute);
                    redacted.push('=');
                    redacted.push_str(&self.text(value));
                }
                _ => redacted.push_str(&self.text(part)),
            }
            let mut behind = behind.chars();
            redacted.extend(behind.next());
            rest = behind.as_str();
        }
        redacted
    }

    /// An e-mail address, its domain as hosts have theirs.
    pub(super) fn email(&mut self, email: &str) -> String {
        let Some((local, domain)) = email.rsplit_once('@') else { return self.text(email) };
        format!("{}@{}", self.text(local), self.domain(domain))
    }

    /// A domain, in A-labels where it is given in others.
    pub(super) fn domain(&mut self, domain: &str) -> String {
        match (domain.is_ascii(), url::Host::parse(domain)) {
            (false, Ok(host)) => self.text(&host.to_string()),
            _ => self.text(domain),
        }
    }

    // ---- addresses

    /// An address of the same family and kind: private, loopback, link-local, or none of these.
    pub(super) fn ip(&mut self, ip: IpAddr) -> IpAddr {
        let says_nothing = ip.is_unspecified() || ip == IpAddr::V6(Ipv6Addr::LOCALHOST);
        if says_nothing {
            return ip;
        }
        if let IpAddr::V6(v6) = ip
            && let Some(v4) = v6.to_ipv4_mapped()
        {
            let IpAddr::V4(v4) = self.ip(v4.into()) else { return ip };
            return v4.to_ipv6_mapped().into();
        }
        if let Some(known) = self.addresses.get(&ip) {
            return *known;
        }
        let free = loop {
            self.numbered = self.numbered.wrapping_add(1);
            let new = of_kind(ip, self.numbered);
            if !self.taken.contains(&new) || self.numbered == u32::MAX {
                break new;
            }
        };
        self.addresses.insert(ip, free);
        self.taken.insert(free);
        free
    }

    // ---- bytes

    fn of(&mut self, kind: Kind, real: &[u8]) -> Vec<u8> {
        let number = self.bytes.len();
        let key = (kind, real.to_vec());
        self.bytes.entry(key).or_insert_with(|| noise(kind, number, real.len())).clone()
    }

    /// SHA-256 or SHA-1 of a certificate or a key.
    fn digest(&mut self, real: &[u8]) -> Vec<u8> {
        self.of(Kind::Digest, real)
    }

    /// A certificate's id; of a public root, and of one that cannot be a digest, itself.
    pub(super) fn cert_id(&mut self, id: &CertId) -> CertId {
        if self.public.contains(id) || x509::is_known_signing_root(id) {
            return id.clone();
        }
        CertId(HEXLOWER.encode(&self.digest(&decoded(&id.0))))
    }

    /// A thumbprint in hex.
    pub(super) fn thumbprint(&mut self, hex: &str) -> String {
        HEXLOWER.encode(&self.digest(&decoded(hex)))
    }

    /// Hex with colons: a serial number keeps its sign.
    pub(super) fn serial(&mut self, serial: &str) -> String {
        self.colons(Kind::Serial, serial)
    }

    /// A key identifier.
    pub(super) fn key_id(&mut self, id: &str) -> String {
        self.colons(Kind::KeyId, id)
    }

    fn colons(&mut self, kind: Kind, text: &str) -> String {
        let real = decoded(&text.replace(':', ""));
        let mut new = self.of(kind, &real);
        if let (Kind::Serial, Some(new), Some(real)) = (kind, new.first_mut(), real.first()) {
            // Neither the sign nor a superfluous zero is lost or won.
            let signed = if *real < 0x80 { *new & 0x7f } else { *new | 0x80 };
            *new = signed | 1;
        }
        let bytes: Vec<String> = new.iter().map(|byte| format!("{byte:02X}")).collect();
        bytes.join(":")
    }

    // ---- keys and pins

    /// A key of the same kind and length.
    pub(super) fn key(&mut self, key: &KeyFacts) -> KeyFacts {
        if let Some(known) = self.keys.get(&key.spki_hex) {
            return known.clone();
        }
        let spki = self.spki(&decoded(&key.spki_hex));
        let rsa = key.rsa_public_key_hex.as_ref().map(|hex| HEXLOWER.encode(&self.rsa_public_key(&decoded(hex))));
        let (real, new) = (BASE64.decode(key.spki_sha256.as_bytes()), digest(&SHA256, &spki).as_ref().to_vec());
        let spki_sha256 = BASE64.encode(&new);
        self.bytes.insert((Kind::Digest, real.unwrap_or_default()), new);
        let KeyFacts { words, kind, spki_sha256: _, spki_hex: _, rsa_public_key_hex: _ } = key;
        let new = KeyFacts {
            words: words.clone(),
            kind: kind.clone(),
            spki_sha256,
            spki_hex: HEXLOWER.encode(&spki),
            rsa_public_key_hex: rsa,
        };
        if let (Some(real), Some(new)) = (&key.rsa_public_key_hex, &new.rsa_public_key_hex) {
            self.rsa_keys.insert(real.clone(), new.clone());
        }
        self.keys.insert(key.spki_hex.clone(), new.clone());
        new
    }

    fn spki(&mut self, real: &[u8]) -> Vec<u8> {
        let parsed = SubjectPublicKeyInfo::from_der(real).ok().filter(|(rest, _)| rest.is_empty());
        let Some((_, parsed)) = parsed else { return self.of(Kind::Key, real) };
        // Parameters of one's own are as telling as a key.
        let parameters = parsed.algorithm.parameters.as_ref().map(x509_parser::asn1_rs::Any::tag);
        if !matches!(parameters, None | Some(Tag::Null | Tag::Oid)) {
            return self.of(Kind::Key, real);
        }
        let bits = parsed.subject_public_key.data.as_ref();
        let (head, _) = real.split_at(real.len().saturating_sub(bits.len()));
        let new = if pin::modulus(bits).is_some() {
            self.rsa_public_key(bits)
        } else {
            let mut new = self.of(Kind::Key, bits);
            // The first byte says how a point is written.
            if let (Some(new), Some(real)) = (new.first_mut(), bits.first()) {
                *new = *real;
            }
            new
        };
        [head, &new].concat()
    }

    /// PKCS#1 RSAPublicKey, or what was taken for one.
    fn rsa_public_key(&mut self, real: &[u8]) -> Vec<u8> {
        let Some(place) = pin::modulus(real) else { return self.of(Kind::Key, real) };
        let modulus = real.get(place.clone()).unwrap_or_default();
        let mut new = self.of(Kind::Modulus, modulus);
        // As long as it was, and odd.
        let kept = modulus.iter().take_while(|byte| **byte == 0).count() + 1;
        new.iter_mut().zip(modulus).take(kept).for_each(|(new, real)| *new = *real);
        if let Some(last) = new.last_mut() {
            *last |= 1;
        }
        let (head, tail) = (real.get(..place.start), real.get(place.end..));
        [head.unwrap_or_default(), &new, tail.unwrap_or_default()].concat()
    }

    /// A pin, in the form in which it was given.
    pub(super) fn pin(&mut self, pin: &str) -> String {
        if let Some(real) = pin.strip_prefix("sha256//") {
            let real = BASE64.decode(real.as_bytes()).unwrap_or_else(|_| real.as_bytes().to_vec());
            return format!("sha256//{}", BASE64.encode(&self.digest(&real)));
        }
        if let Some(part) = self.part_of_key(pin) {
            return part;
        }
        let Ok(real) = HEXLOWER_PERMISSIVE.decode(pin.as_bytes()) else { return self.text(pin) };
        let new = match pin::form(pin) {
            pin::Form::Key { .. } => self.rsa_public_key(&real),
            pin::Form::Fault(crate::cause::PinFault::IsSpki) => self.spki(&real),
            pin::Form::Fault(crate::cause::PinFault::IsCertificate) => {
                pin::certificate_of(&self.digest(digest(&SHA256, &real).as_ref()))
            }
            pin::Form::Fault(crate::cause::PinFault::IsDigest) => self.digest(&real),
            pin::Form::Fault(_) => {
                let mut new = self.of(Kind::Key, &real);
                // No part of a key happens to be a whole one.
                new.iter_mut().take(1).for_each(|first| *first = 0x5a);
                new
            }
        };
        if pin.chars().any(|c| c.is_ascii_lowercase()) { HEXLOWER.encode(&new) } else { HEXUPPER.encode(&new) }
    }

    /// The same part of the stand-in, of a pin that is a part of a key that was met, or all of it: the known client takes it
    /// for one.
    fn part_of_key(&self, pin: &str) -> Option<String> {
        let lower = pin.to_ascii_lowercase();
        let real = self.rsa_keys.keys().filter(|real| real.contains(&lower)).min()?;
        let at = real.find(&lower)?;
        let part = self.rsa_keys.get(real)?.get(at..at + lower.len())?;
        Some(if lower == pin { part.to_owned() } else { part.to_ascii_uppercase() })
    }

    // ---- certificates

    /// Its facts; those of the vendor's root and of public ones as they are.
    pub(super) fn certificate(&mut self, facts: &CertificateFacts) -> CertificateFacts {
        // Anybody can sign another certificate with a public root's name and key: what it says itself is public.
        let is_root = facts.self_signed == Some(true) && x509::is_public_name(&facts.subject);
        let is_public = is_root && x509::is_public_key(&facts.key.spki_sha256);
        if is_public || x509::is_known_signing_root(&facts.id) {
            self.public.insert(facts.id.clone());
            return facts.clone();
        }
        let CertificateFacts {
            id,
            sha1,
            subject,
            issuer,
            common_name,
            serial,
            version,
            not_before,
            not_after,
            dns_names,
            ip_addresses,
            emails,
            has_san,
            key,
            signature_algorithm,
            self_issued,
            self_signed,
            is_ca,
            path_len,
            key_usage,
            extended_key_usage,
            subject_key_id,
            authority_key_id,
            unknown_critical,
            has_name_constraints,
        } = facts;
        CertificateFacts {
            id: self.cert_id(id),
            sha1: self.thumbprint(sha1),
            subject: self.distinguished_name(subject),
            issuer: self.distinguished_name(issuer),
            common_name: common_name.as_ref().map(|name| self.named(name)),
            serial: self.serial(serial),
            version: *version,
            not_before: *not_before,
            not_after: *not_after,
            dns_names: dns_names.iter().map(|name| self.named(name)).collect(),
            ip_addresses: ip_addresses.iter().map(|name| self.named(name)).collect(),
            emails: emails.iter().map(|email| self.email(email)).collect(),
            has_san: *has_san,
            key: self.key(key),
            signature_algorithm: signature_algorithm.clone(),
            self_issued: *self_issued,
            self_signed: *self_signed,
            is_ca: *is_ca,
            path_len: *path_len,
            key_usage: key_usage.clone(),
            extended_key_usage: extended_key_usage.clone(),
            subject_key_id: subject_key_id.as_ref().map(|id| self.key_id(id)),
            authority_key_id: authority_key_id.as_ref().map(|id| self.key_id(id)),
            unknown_critical: unknown_critical.clone(),
            has_name_constraints: *has_name_constraints,
        }
    }

    /// A name in a certificate: as a host, but not one that anybody asks for.
    pub(super) fn named(&mut self, name: &str) -> String {
        match name.parse::<IpAddr>() {
            Ok(ip) => self.ip(ip).to_string(),
            Err(_) => self.name(name),
        }
    }
}

/// Where the first of these characters stands that no backslash escapes.
fn unescaped(text: &str, wanted: &[char]) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if wanted.contains(&c) => return Some(at),
            _ => {}
        }
    }
    None
}

/// What hex says; of what is none, its own bytes.
fn decoded(hex: &str) -> Vec<u8> {
    HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).unwrap_or_else(|_| hex.as_bytes().to_vec())
}

/// Bytes that tell nothing of what they stand for.
fn noise(kind: Kind, number: usize, length: usize) -> Vec<u8> {
    let block = |at: usize| digest(&SHA256, format!("stand-in {kind:?} {number} {at}").as_bytes());
    let blocks = (0..length.div_ceil(32)).flat_map(|at| block(at).as_ref().to_vec());
    blocks.take(length).collect()
}

/// The address of this number, of the kind of another.
fn of_kind(ip: IpAddr, number: u32) -> IpAddr {
    let [_, a, b, c] = number.to_be_bytes();
    let low = u16::try_from(number & 0xffff).unwrap_or_default();
    match ip {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            let new = match (first, second) {
                (127, _) => [127, a | 0x80, b, c],
                (169, 254) => [169, 254, b, c],
                (100, 64..128) => [100, 64 + a % 64, b, c],
                _ if v4.is_private() => [10, a | 0x80, b, c],
                // RFC 2544's, which nobody routes.
                _ => [198, 18 + a % 2, b, c],
            };
            Ipv4Addr::from(new).into()
        }
        IpAddr::V6(v6) if v6.is_unique_local() => Ipv6Addr::new(0xfd00, 0x5a, 0, 0, 0, 0, u16::from(a), low).into(),
        IpAddr::V6(v6) if v6.is_unicast_link_local() => {
            Ipv6Addr::new(0xfe80, 0, 0, 0, 0x5a, 0, u16::from(a), low).into()
        }
        // RFC 3849's.
        IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0x5a, 0, 0, 0, u16::from(a), low).into(),
    }
}
