//! The commands that make a right request: what is right in the given one is kept, what is wrong is replaced. Text of the
//! file is hostile: only characters that mean nothing to a shell, to openssl and to an INF file go into a command.

use std::fmt::Write;

use anyhow::bail;
use pinflight_checks::x509::{CsrFacts, KeyKind, Strength};

use crate::settings;

/// Attributes of a subject that are kept, with the most characters that X.520 and PKCS#9 give them.
const KEPT: [(&str, usize); 5] = [("C", 2), ("ST", 128), ("L", 128), ("O", 64), ("OU", 64)];
/// The most characters of a CN.
const COMMON_NAME: usize = 64;

/// What was said on the command line.
pub(super) struct Wanted {
    /// Host of the Trust Service.
    pub host: Option<String>,
    /// Domain of the Workspace ONE ID.
    pub domain: Option<String>,
    /// The e-mail address to use.
    pub email: Option<String>,
}

/// A right request.
struct Plan {
    host: String,
    email: String,
    subject: Vec<(&'static str, String)>,
    key: Key,
    notes: Vec<String>,
}

#[derive(Clone, Copy)]
enum Key {
    Rsa(u32),
    P256,
    P384,
}

/// The text to be printed.
pub(super) fn commands(request: Option<&CsrFacts>, wanted: Wanted) -> anyhow::Result<String> {
    let plan = plan(request, wanted)?;
    let mut text = String::new();
    let _ = writeln!(
        text,
        "# A right request: for {}, with the e-mail address {} and a new key, {}.",
        plan.host,
        plan.email,
        plan.key.words()
    );
    for note in &plan.notes {
        let _ = writeln!(text, "# {note}");
    }
    let _ = write!(
        text,
        "\n# With openssl, in a POSIX shell; a key that is there is not overwritten:\n{}\n",
        openssl(&plan)?
    );
    let unicode = if plan.subject.iter().all(|(_, value)| value.is_ascii()) { "" } else { " as Unicode" };
    let _ = write!(
        text,
        "\n# With certreq: save the lines below as trust-service.inf{unicode} and run, as administrator:\n\
         #     certreq -new trust-service.inf trust-service.req\n{}",
        inf(&plan)
    );
    Ok(text)
}

fn plan(request: Option<&CsrFacts>, wanted: Wanted) -> anyhow::Result<Plan> {
    let mut notes = Vec::new();
    if request.is_none() {
        notes.push("The file holds no request that can be read, so nothing of it is kept.".to_owned());
    }
    let host = host(request, wanted.host)?;
    let email = email(request, wanted.email, wanted.domain.as_deref(), &mut notes)?;
    let subject = subject(request, &host, &email, &mut notes);
    let key = Key::like(request, &mut notes);
    Ok(Plan { host, email, subject, key, notes })
}

/// The one that was said, else the request's one name.
fn host(request: Option<&CsrFacts>, said: Option<String>) -> anyhow::Result<String> {
    if let Some(host) = said {
        return Ok(host);
    }
    let of_request = request.and_then(|request| match request.dns_names.as_slice() {
        [one] => settings::host(one).ok(),
        [] => settings::host(request.common_name.as_deref()?).ok(),
        _ => None,
    });
    match of_request {
        Some(host) => Ok(host),
        None => bail!(
            "which host the Trust Service has cannot be told from the file\n  fix: give --host ts.example.com, or \
             --trust-service URL"
        ),
    }
}

/// The one that was said, else the request's that is in the domain, else one made up from what is known.
fn email(
    request: Option<&CsrFacts>,
    said: Option<String>,
    domain: Option<&str>,
    notes: &mut Vec<String>,
) -> anyhow::Result<String> {
    if let Some(email) = said {
        match parts(&email) {
            Some((_, of)) if domain.is_none_or(|domain| of == domain) => return Ok(email),
            Some(_) => bail!("--email: its domain is not that of --workspace-one-id-domain"),
            None => bail!("--email: this is no plain mail address\n  fix: write admin@example.com"),
        }
    }
    let known: Vec<(&str, String)> = request.into_iter().flat_map(CsrFacts::emails).filter_map(parts).collect();
    let right = known.iter().find(|(_, of)| domain.is_none_or(|domain| of == domain));
    if let Some((local, of)) = right {
        if domain.is_none() {
            notes.push(format!("Whether {of} is the Workspace ONE ID's domain is for you to say."));
        }
        return Ok(format!("{local}@{of}"));
    }
    let Some(domain) = domain else {
        bail!(
            "the file has no plain e-mail address\n  fix: give --email admin@example.com, in the domain of the Workspace \
             ONE ID"
        )
    };
    let email = format!("{}@{domain}", known.first().map_or("admin", |(local, _)| local));
    notes.push(format!("No e-mail address of the file is in {domain}; {email} is a proposal, --email gives another."));
    Ok(email)
}

/// Local part and domain of a plain address; none: another could be misread somewhere.
fn parts(email: &str) -> Option<(&str, String)> {
    let (local, domain) = email.rsplit_once('@')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let fits = (1..=64).contains(&local.len()) && local.chars().all(plain) && !local.starts_with('-');
    Some((local, settings::domain(domain).ok().filter(|_| fits && email.len() <= 128)?))
}

fn subject(
    request: Option<&CsrFacts>,
    host: &str,
    email: &str,
    notes: &mut Vec<String>,
) -> Vec<(&'static str, String)> {
    let mut subject = Vec::new();
    let mut left_out: Vec<&str> = Vec::new();
    for (kind, value) in request.map(|request| request.attributes.as_slice()).unwrap_or_default() {
        if matches!(kind.as_str(), "CN" | "emailAddress") {
            continue;
        }
        match KEPT.iter().find(|(known, _)| known == kind) {
            Some((known, most)) if is_plain(value) && fits(kind, value, *most) => subject.push((*known, value.clone())),
            _ if left_out.contains(&kind.as_str()) => {}
            _ => left_out.push(kind),
        }
    }
    if !left_out.is_empty() {
        notes.push(format!("Left out of the subject, for its kind, length or characters: {}.", left_out.join(", ")));
    }
    if host.len() <= COMMON_NAME {
        subject.push(("CN", host.to_owned()));
    }
    subject.push(("emailAddress", email.to_owned()));
    subject
}

/// Letters, digits, and marks that mean nothing in any of the three languages once the value is quoted.
fn is_plain(value: &str) -> bool {
    let is_edge = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let plain = |c: char| c.is_alphanumeric() || " .,-_'()&:/@".contains(c);
    is_edge(value.chars().next()) && value.chars().all(plain) && !value.ends_with(' ')
}

fn fits(kind: &str, value: &str, most: usize) -> bool {
    match kind {
        "C" => value.len() == 2 && value.chars().all(|c| c.is_ascii_alphabetic()),
        _ => value.chars().count() <= most,
    }
}

impl Key {
    /// As strong as the request's, if that is strong.
    fn like(request: Option<&CsrFacts>, notes: &mut Vec<String>) -> Self {
        let Some(key) = request.map(|request| &request.key) else { return Self::Rsa(2048) };
        match (key.strength(), &key.kind) {
            (Strength::Strong, KeyKind::Rsa { bits, .. }) => Self::Rsa(match bits {
                ..=2048 => 2048,
                2049..=3072 => 3072,
                _ => 4096,
            }),
            (Strength::Strong, KeyKind::Ec { curve }) if curve == "P-256" => Self::P256,
            (Strength::Strong, KeyKind::Ec { curve }) if curve == "P-384" => Self::P384,
            _ => {
                notes.push("The file's key is not one that every device takes; RSA 2048 is.".to_owned());
                Self::Rsa(2048)
            }
        }
    }

    fn words(self) -> String {
        match self {
            Self::Rsa(bits) => format!("RSA {bits}"),
            Self::P256 => "P-256".to_owned(),
            Self::P384 => "P-384".to_owned(),
        }
    }

    fn hash(self) -> &'static str {
        if matches!(self, Self::P384) { "sha384" } else { "sha256" }
    }
}

fn openssl(plan: &Plan) -> anyhow::Result<String> {
    let mut words = vec!["openssl".to_owned(), "req".to_owned(), "-new".to_owned()];
    let mut add = |of: &[&str]| words.extend(of.iter().map(|word| (*word).to_owned()));
    match plan.key {
        Key::Rsa(bits) => add(&["-newkey", &format!("rsa:{bits}")]),
        Key::P256 => add(&["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        Key::P384 => add(&["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"]),
    }
    add(&["-nodes", &format!("-{}", plan.key.hash()), "-keyout", "trust-service.key", "-out", "trust-service.csr"]);
    let mut subject = String::new();
    for (kind, value) in &plan.subject {
        let _ = write!(subject, "/{kind}={}", value.replace('/', "\\/"));
    }
    if !subject.is_ascii() {
        add(&["-utf8"]);
    }
    let kind = if is_address(&plan.host) { "IP" } else { "DNS" };
    let names = format!("subjectAltName={kind}:{},email:{}", plan.host, plan.email);
    add(&["-subj", &subject, "-addext", &names]);
    let command = shlex::try_join(words.iter().map(String::as_str))?;
    Ok(format!("test ! -e trust-service.key && {command}"))
}

fn inf(plan: &Plan) -> String {
    let subject: Vec<String> = plan.subject.iter().map(|(kind, value)| attribute(kind, value)).collect();
    let kind = if is_address(&plan.host) { "ipaddress" } else { "dns" };
    let (algorithm, length) = match plan.key {
        Key::Rsa(bits) => ("RSA", bits),
        Key::P256 => ("ECDSA_P256", 256),
        Key::P384 => ("ECDSA_P384", 384),
    };
    format!(
        "[Version]\n\
         Signature = \"$Windows NT$\"\n\
         \n\
         [NewRequest]\n\
         Subject = \"{}\"\n\
         KeyAlgorithm = {algorithm}\n\
         KeyLength = {length}\n\
         HashAlgorithm = {}\n\
         ProviderName = \"Microsoft Software Key Storage Provider\"\n\
         MachineKeySet = TRUE\n\
         Exportable = TRUE\n\
         RequestType = PKCS10\n\
         \n\
         [Extensions]\n\
         2.5.29.17 = \"{{text}}\"\n\
         _continue_ = \"{kind}={}&\"\n\
         _continue_ = \"email={}\"\n",
        subject.join(","),
        plan.key.hash(),
        plan.host,
        plan.email
    )
}

/// One attribute of an X.500 name within a quoted INF value, in which a quotation mark is written twice.
fn attribute(kind: &str, value: &str) -> String {
    let kind = match kind {
        "ST" => "S",
        "emailAddress" => "E",
        other => other,
    };
    let bare = |c: char| c.is_alphanumeric() || " .-_@".contains(c);
    if value.chars().all(bare) { format!("{kind}={value}") } else { format!("{kind}=\"\"{value}\"\"") }
}

fn is_address(host: &str) -> bool {
    host.parse::<std::net::IpAddr>().is_ok()
}
