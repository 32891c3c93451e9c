//! The files that the admin supplies: certificates in PEM, DER or PKCS#7, signing requests, and the roots that count.

use std::{collections::BTreeMap, fmt, fs, io::Read, path::Path};

use data_encoding::{BASE64, HEXLOWER};
use pinflight_checks::{
    deployment::{Deployment, RootStore},
    recording::{BundledRoots, CertId, Der, FileContent, FileUse, Roots, SuppliedFile},
};

/// The longest file that is read.
pub(super) const LONGEST: u64 = 1024 * 1024;

/// All that was supplied, read and understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supplied {
    /// Each file, in the order of the configuration.
    pub files: Vec<SuppliedFile>,
    /// Each certificate of them and of the operating system's store, once.
    pub certificates: BTreeMap<CertId, Der>,
    /// The roots that count.
    pub roots: Roots,
}

/// A file that is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// As declared.
    pub path: String,
    /// What it was declared as.
    pub used_as: FileUse,
    /// What is wrong, and what to do.
    pub problem: String,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.problem)
    }
}

impl std::error::Error for FileError {}

/// Reads every file that the deployment names, and the roots; all errors at once.
pub fn load(deployment: &Deployment) -> Result<Supplied, Vec<FileError>> {
    let mut supplied = Supplied { files: Vec::new(), certificates: BTreeMap::new(), roots: no_roots() };
    let mut errors = Vec::new();
    for (used_as, path) in declared(deployment) {
        match supplied.add(used_as, path) {
            Ok(file) => supplied.files.push(file),
            Err(problem) => errors.push(FileError { path: path.to_owned(), used_as, problem }),
        }
    }
    match deployment.trust.roots {
        RootStore::Mozilla => supplied.roots.mozilla = Some(mozilla()),
        RootStore::System => {
            let (found, problems) = system_roots();
            if found.is_empty() {
                let problem = format!(
                    "no certificate in the operating system's root store{problems}; choose trust.roots = \"mozilla\", or \"none\" with trust.ca_files"
                );
                let path = "the operating system's root store".to_owned();
                errors.push(FileError { path, used_as: FileUse::CaFile, problem });
            }
            supplied.roots.system = found.into_iter().map(|der| supplied.keep(der)).collect();
        }
        RootStore::None => {}
    }
    if errors.is_empty() { Ok(supplied) } else { Err(errors) }
}

fn declared(deployment: &Deployment) -> impl Iterator<Item = (FileUse, &str)> {
    let (device_services, trust_service) = (&deployment.device_services, &deployment.trust_service);
    let many = [
        (FileUse::Uploaded, &device_services.certificates),
        (FileUse::Next, &device_services.next_certificates),
        (FileUse::CaFile, &deployment.trust.ca_files),
    ];
    let one = [
        (FileUse::TrustServiceCertificate, &trust_service.certificate),
        (FileUse::TrustServiceCsr, &trust_service.csr),
        (FileUse::SigningRoot, &trust_service.signing_root),
    ];
    let many = many.into_iter().flat_map(|(used_as, paths)| paths.iter().map(move |path| (used_as, path)));
    let one = one.into_iter().filter_map(|(used_as, path)| path.as_ref().map(|path| (used_as, path)));
    many.chain(one).map(|(used_as, path)| (used_as, path.as_str()))
}

impl Supplied {
    fn add(&mut self, used_as: FileUse, path: &str) -> Result<SuppliedFile, String> {
        let bytes = read(Path::new(path))?;
        let content = if used_as == FileUse::TrustServiceCsr {
            FileContent::Csr(Der(read_csr(&bytes)?))
        } else {
            let ids: Vec<_> = read_certificates(&bytes)?.into_iter().map(|der| self.keep(der)).collect();
            if used_as == FileUse::CaFile {
                self.roots.supplied.extend(ids.iter().cloned());
            }
            FileContent::Certificates(ids)
        };
        Ok(SuppliedFile { path: path.to_owned(), used_as, content })
    }

    fn keep(&mut self, der: Vec<u8>) -> CertId {
        let id = CertId::of(&der);
        self.certificates.insert(id.clone(), Der(der));
        id
    }
}

/// The certificates of one file as they stand in it, to be looked at rather than used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// DER, or what stands where DER should be: never empty.
    pub certificates: Vec<Vec<u8>>,
    /// Whether their order means anything; those of a PKCS#7 file are a set.
    pub ordered: bool,
}

/// What holds a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Material {
    /// A certificate.
    Certificate,
    /// A PKCS#10 request.
    Request,
    /// A SubjectPublicKeyInfo, or a PKCS#1 `RSAPublicKey`.
    PublicKey,
}

/// Everything in a file that holds a public key, in its order; never empty. The error says what the file holds instead.
pub fn read_materials(path: &Path) -> Result<Vec<(Material, Vec<u8>)>, String> {
    materials(&read(path)?)
}

/// The same of an open stream: standard input.
pub fn read_materials_from(stream: impl Read) -> Result<Vec<(Material, Vec<u8>)>, String> {
    materials(&bounded(stream).map_err(|error| format!("it cannot be read ({error})"))??)
}

fn materials(bytes: &[u8]) -> Result<Vec<(Material, Vec<u8>)>, String> {
    let mut found = Vec::new();
    for object in labelled_objects(bytes)? {
        match shape(&object.der) {
            Shape::Certificate => found.push((Material::Certificate, object.der)),
            Shape::Pkcs7(set) => found.extend(set.into_iter().map(|der| (Material::Certificate, der))),
            Shape::Csr => found.push((Material::Request, object.der)),
            Shape::PublicKey => found.push((Material::PublicKey, object.der)),
            _ if object.is_named_certificate => found.push((Material::Certificate, object.der)),
            _ => {}
        }
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let instead = "no certificate, request or public key in it; name a file in PEM, DER or PKCS#7";
    let certificates = read_certificates(bytes)
        .map_err(|problem| if problem.starts_with("no certificate") { instead.to_owned() } else { problem })?;
    Ok(certificates.into_iter().map(|der| (Material::Certificate, der)).collect())
}

/// Reads a file of certificates to be looked at. Unlike [`read_certificates`], it keeps what a PEM block calls a certificate
/// and is none. The error says what the file holds instead, and the fix.
pub fn read_bundle(path: &Path) -> Result<Bundle, String> {
    bundle(&read(path)?)
}

/// The same of an open stream: standard input.
pub fn read_bundle_from(stream: impl Read) -> Result<Bundle, String> {
    bundle(&bounded(stream).map_err(|error| format!("it cannot be read ({error})"))??)
}

/// The bytes of a file that is to be looked at whatever it holds, or why it holds too much. The outer error says why there is
/// nothing to be read.
pub fn read_any(path: &Path) -> Result<Result<Vec<u8>, String>, String> {
    open(path)
}

/// The same of an open stream: standard input.
pub fn read_any_from(stream: impl Read) -> Result<Result<Vec<u8>, String>, String> {
    bounded(stream).map_err(|error| format!("it cannot be read ({error})"))
}

fn bundle(bytes: &[u8]) -> Result<Bundle, String> {
    let objects = labelled_objects(bytes)?;
    let is_set = |object: &Object| matches!(shape(&object.der), Shape::Pkcs7(certificates) if !certificates.is_empty());
    let ordered = !objects.iter().any(is_set);
    let mut certificates = Vec::new();
    for object in objects {
        match shape(&object.der) {
            Shape::Pkcs7(set) => certificates.extend(set),
            Shape::Certificate => certificates.push(object.der),
            _ if object.is_named_certificate => certificates.push(object.der),
            _ => {}
        }
    }
    if certificates.is_empty() {
        return read_certificates(bytes).map(|certificates| Bundle { certificates, ordered });
    }
    Ok(Bundle { certificates, ordered })
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    open(path)?
}

fn open(path: &Path) -> Result<Result<Vec<u8>, String>, String> {
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file; correct the path".to_owned(),
        std::io::ErrorKind::PermissionDenied => "it may not be read; give this user the right to read it".to_owned(),
        _ => format!("it cannot be read ({error}); correct the path or the file"),
    };
    let kind = fs::metadata(path).map_err(unreadable)?;
    if kind.is_dir() {
        return Err("this is a directory; name the file in it".to_owned());
    }
    // Opening a pipe would wait for somebody to write to it.
    if !kind.is_file() {
        return Err("this is not a file; name a file".to_owned());
    }
    bounded(fs::File::open(path).map_err(unreadable)?).map_err(unreadable)
}

/// All of a stream, unless it is too long.
fn bounded(stream: impl Read) -> std::io::Result<Result<Vec<u8>, String>> {
    let mut bytes = Vec::new();
    stream.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LONGEST {
        let problem = "it is longer than 1 MiB; name a file that holds certificates or a request alone";
        return Ok(Err(problem.to_owned()));
    }
    Ok(Ok(bytes))
}

/// Every certificate of a file in its order: PEM with any text around, DER (several in a row too), or PKCS#7 in either.
/// The error says what the file holds instead, and the fix.
pub fn read_certificates(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut found = Vec::new();
    let mut other = None;
    for der in objects(bytes)? {
        match shape(&der) {
            Shape::Certificate => found.push(der),
            Shape::Pkcs7(certificates) if !certificates.is_empty() => found.extend(certificates),
            shape => other = other.or(Some(shape)),
        }
    }
    match other {
        _ if !found.is_empty() => Ok(found),
        Some(Shape::Csr) => {
            Err("it holds a certificate signing request; name the certificate that was issued for it".to_owned())
        }
        Some(Shape::PrivateKey) => {
            Err("it holds a private key; name the certificate, and keep the key where it is".to_owned())
        }
        Some(Shape::Pfx) => {
            Err("it is a PKCS#12 file (.pfx, .p12), which holds the private key; export the certificate \
                                 alone, as .cer or .p7b"
                .to_owned())
        }
        Some(Shape::Pkcs7(_)) => {
            Err("its PKCS#7 holds no certificate; export it again, with the certificates".to_owned())
        }
        _ => Err("no certificate in it; name a file in PEM, DER or PKCS#7 (.pem, .cer, .crt, .p7b)".to_owned()),
    }
}

/// The one PKCS#10 request of a file: PEM, bare base64 or DER, in UTF-16 too, as certreq may write it. The error says what the file holds
/// instead, and the fix.
pub fn read_csr(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut requests = Vec::new();
    let mut other = None;
    for der in objects(bytes)? {
        match shape(&der) {
            Shape::Csr => requests.push(der),
            shape => other = other.or(Some(shape)),
        }
    }
    let several = requests.len() > 1;
    match (requests.pop(), other) {
        (Some(_), _) if several => Err("it holds several requests; name a file that holds one".to_owned()),
        (Some(request), _) => Ok(request),
        (None, Some(Shape::Certificate | Shape::Pkcs7(_))) => {
            Err("it holds a certificate; name the request (.csr, .req) that it was issued for".to_owned())
        }
        (None, Some(Shape::PrivateKey)) => {
            Err("it holds a private key; name the request (.csr, .req), and keep the key where it is".to_owned())
        }
        _ => Err("no certificate signing request in it; name a PKCS#10 file in PEM or DER (.csr, .req)".to_owned()),
    }
}

/// A DER object, and whether its PEM block says that it is a certificate.
struct Object {
    der: Vec<u8>,
    is_named_certificate: bool,
}

/// The DER objects of a file.
fn objects(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    Ok(labelled_objects(bytes)?.into_iter().map(|object| object.der).collect())
}

fn labelled_objects(bytes: &[u8]) -> Result<Vec<Object>, String> {
    let text = utf16(bytes);
    let bytes = text.as_deref().map_or(bytes, str::as_bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err("the file is empty; export it again".to_owned());
    }
    if bytes.starts_with(&[0x30]) {
        return Ok(der_objects(bytes));
    }
    let text = String::from_utf8_lossy(bytes);
    if !text.contains("-----BEGIN ") {
        return Ok(base64_alone(&text).map(|der| der_objects(&der)).unwrap_or_default());
    }
    pem_objects(&text)
}

/// Base64 without the lines around it, as Windows writes it on request; none: it is something else.
fn base64_alone(text: &str) -> Option<Vec<u8>> {
    let text: String = text.trim_start_matches('\u{feff}').chars().filter(|c| !c.is_ascii_whitespace()).collect();
    BASE64.decode(text.as_bytes()).ok()
}

/// The text of a file in UTF-16, with its byte order mark or known by its first character, which is ASCII in every file of
/// this kind.
fn utf16(bytes: &[u8]) -> Option<String> {
    let (mark, rest) = bytes.split_at_checked(2)?;
    let unit: fn([u8; 2]) -> u16 = match mark {
        [0xff, 0xfe] | [1..0x80, 0] => u16::from_le_bytes,
        [0xfe, 0xff] | [0, 1..0x80] => u16::from_be_bytes,
        _ => return None,
    };
    let text = if matches!(mark, [0xff, 0xfe] | [0xfe, 0xff]) { rest } else { bytes };
    let (pairs, _) = text.as_chunks::<2>();
    Some(char::decode_utf16(pairs.iter().copied().map(unit)).map(|c| c.unwrap_or('\u{fffd}')).collect())
}

fn der_objects(mut bytes: &[u8]) -> Vec<Object> {
    let mut found = Vec::new();
    while let Some(value) = Value::read(bytes) {
        found.push(Object { der: value.whole.to_vec(), is_named_certificate: false });
        bytes = value.rest;
    }
    found
}

/// Whatever stands between `-----BEGIN X-----` and `-----END X-----`.
fn pem_objects(text: &str) -> Result<Vec<Object>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let Some((label, after)) = after.split_once("-----") else { break };
        let Some((block, after)) = after.split_once(&format!("-----END {label}-----")) else {
            return Err(format!("its PEM block {label:?} has no end; copy the whole of it, from BEGIN to END"));
        };
        rest = after;
        // Keys may be encrypted, with headers before the base64; what they hold is nobody's business here.
        if label.contains("PRIVATE KEY") {
            found.push(Object { der: PRIVATE_KEY.to_vec(), is_named_certificate: false });
            continue;
        }
        let base64: String = block.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        match BASE64.decode(base64.as_bytes()) {
            // OpenSSL's TRUSTED CERTIFICATE has its own data behind the certificate.
            Ok(der) => found.push(Object {
                der: Value::read(&der).map(|value| value.whole.to_vec()).unwrap_or(der),
                is_named_certificate: label.ends_with("CERTIFICATE"),
            }),
            Err(error) => {
                return Err(format!(
                    "the base64 of its PEM block {label:?} is damaged ({error}); export the file again"
                ));
            }
        }
    }
    Ok(found)
}

/// Stands for any private key: a SEQUENCE with an INTEGER and an OCTET STRING.
const PRIVATE_KEY: &[u8] = &[0x30, 0x05, 0x02, 0x01, 0x01, 0x04, 0x00];

/// What a DER object is, by its outermost shape: a certificate whose inside is odd is still one, and is judged as one.
#[derive(Debug, PartialEq, Eq)]
enum Shape {
    Certificate,
    Csr,
    Pkcs7(Vec<Vec<u8>>),
    PublicKey,
    PrivateKey,
    Pfx,
    Other,
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OID: u8 = 0x06;
const CONTEXT_0: u8 = 0xa0;

fn shape(der: &[u8]) -> Shape {
    let Some(outer) = Value::read(der).filter(|value| value.tag == SEQUENCE) else { return Shape::Other };
    let parts = outer.members();
    let tags: Vec<u8> = parts.iter().map(|part| part.tag).collect();
    match (tags.as_slice(), parts.as_slice()) {
        ([SEQUENCE, SEQUENCE, BIT_STRING], [signed, ..]) => {
            let inner: Vec<u8> = signed.members().iter().map(|part| part.tag).collect();
            match inner.as_slice() {
                [INTEGER, SEQUENCE, SEQUENCE] | [INTEGER, SEQUENCE, SEQUENCE, CONTEXT_0] => Shape::Csr,
                _ => Shape::Certificate,
            }
        }
        ([OID, CONTEXT_0], [_, content]) => Shape::Pkcs7(pkcs7_certificates(content)),
        ([SEQUENCE, BIT_STRING] | [INTEGER, INTEGER], _) => Shape::PublicKey,
        (
            [INTEGER, INTEGER | OCTET_STRING, ..] | [INTEGER, SEQUENCE, OCTET_STRING, ..] | [SEQUENCE, OCTET_STRING],
            _,
        ) => Shape::PrivateKey,
        ([INTEGER, SEQUENCE, ..], _) => Shape::Pfx,
        _ => Shape::Other,
    }
}

/// The certificates of a SignedData (RFC 5652, 5.1), byte for byte: reading and writing them again could change an odd one.
fn pkcs7_certificates(content: &Value<'_>) -> Vec<Vec<u8>> {
    let signed = content.members();
    let parts = signed.first().map(Value::members).unwrap_or_default();
    let sets = parts.iter().filter(|part| part.tag == CONTEXT_0);
    let all = sets.flat_map(Value::members).filter(|member| member.tag == SEQUENCE);
    all.map(|member| member.whole.to_vec()).collect()
}

/// One value of DER (X.690): definite lengths, tags of one byte.
#[derive(Debug)]
struct Value<'a> {
    tag: u8,
    whole: &'a [u8],
    content: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Value<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (tag, after) = bytes.split_first()?;
        let (first, after) = after.split_first()?;
        let (length, after) = match first {
            0..=0x7f => (usize::from(*first), after),
            0x81..=0x84 => {
                let (digits, after) = after.split_at_checked(usize::from(first & 0x7f))?;
                (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), after)
            }
            _ => return None,
        };
        let (content, rest) = after.split_at_checked(length)?;
        let whole = bytes.get(..bytes.len() - rest.len())?;
        Some(Self { tag: *tag, whole, content, rest })
    }

    fn members(&self) -> Vec<Value<'a>> {
        let mut members = Vec::new();
        let mut rest = self.content;
        while let Some(value) = Value::read(rest) {
            rest = value.rest;
            members.push(value);
        }
        members
    }
}

fn no_roots() -> Roots {
    Roots { mozilla: None, system: Vec::new(), supplied: Vec::new() }
}

/// The bundled roots, by number and digest: a replay with another set can say so.
fn mozilla() -> BundledRoots {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for anchor in webpki_roots::TLS_SERVER_ROOTS {
        context.update(anchor.subject.as_ref());
        context.update(anchor.subject_public_key_info.as_ref());
    }
    BundledRoots { count: webpki_roots::TLS_SERVER_ROOTS.len(), digest: HEXLOWER.encode(context.finish().as_ref()) }
}

fn system_roots() -> (Vec<Vec<u8>>, String) {
    let found = rustls_native_certs::load_native_certs();
    let problems = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
    (found.certs.into_iter().map(|der| der.to_vec()).collect(), problems)
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
