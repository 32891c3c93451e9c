//! Distinguished names as RFC 4514 writes them.

use data_encoding::HEXLOWER;

use super::der::{self, Element};

/// Attribute types with the short names registered for them (RFC 4519), and the e-mail address, which many names have.
const SHORT_NAMES: [(&[u8], &str); 16] = [
    (&[0x55, 0x04, 0x03], "CN"),
    (&[0x55, 0x04, 0x04], "SN"),
    (&[0x55, 0x04, 0x05], "serialNumber"),
    (&[0x55, 0x04, 0x06], "C"),
    (&[0x55, 0x04, 0x07], "L"),
    (&[0x55, 0x04, 0x08], "ST"),
    (&[0x55, 0x04, 0x09], "STREET"),
    (&[0x55, 0x04, 0x0a], "O"),
    (&[0x55, 0x04, 0x0b], "OU"),
    (&[0x55, 0x04, 0x0c], "title"),
    (&[0x55, 0x04, 0x0f], "businessCategory"),
    (&[0x55, 0x04, 0x11], "postalCode"),
    (&[0x55, 0x04, 0x2a], "GN"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x01], "UID"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19], "DC"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01], "emailAddress"),
];

/// A name's RDNs (the contents of its SEQUENCE), last first, as RFC 4514 has them.
pub(super) fn rfc4514(rdns: &[u8]) -> String {
    let mut parts: Vec<String> = der::elements(rdns).map(relative).collect();
    parts.reverse();
    parts.join(",")
}

/// The last CN of such a name, the most specific one.
pub(super) fn common_name(rdns: &[u8]) -> Option<String> {
    values(rdns, &[0x55, 0x04, 0x03]).last()
}

/// The e-mail addresses of such a name.
pub(super) fn emails(rdns: &[u8]) -> Vec<String> {
    values(rdns, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01]).collect()
}

/// Each attribute of such a name that has a short name and is text, in its order.
pub(super) fn attributes(rdns: &[u8]) -> Vec<(String, String)> {
    let attributes = der::elements(rdns).flat_map(|rdn| der::elements(rdn.contents));
    let known = attributes.filter_map(|attribute| {
        let (kind, value) = kind_and_value(attribute)?;
        let (_, short) = SHORT_NAMES.iter().find(|(oid, _)| *oid == kind)?;
        Some(((*short).to_owned(), text(value)?))
    });
    known.collect()
}

fn values(rdns: &[u8], wanted: &[u8]) -> impl Iterator<Item = String> {
    let attributes = der::elements(rdns).flat_map(|rdn| der::elements(rdn.contents));
    attributes.filter_map(move |attribute| {
        let (kind, value) = kind_and_value(attribute)?;
        (kind == wanted).then(|| text(value)).flatten()
    })
}

fn relative(rdn: Element<'_>) -> String {
    let attributes = der::elements(rdn.contents).filter_map(|attribute| {
        let (kind, value) = kind_and_value(attribute)?;
        let short = SHORT_NAMES.iter().find(|(oid, _)| *oid == kind).map(|(_, name)| *name);
        Some(match (short, text(value)) {
            (Some(name), Some(text)) => format!("{name}={}", escaped(&text)),
            (Some(name), None) => format!("{name}=#{}", HEXLOWER.encode(value.whole)),
            (None, _) => format!("{}=#{}", der::dotted(kind), HEXLOWER.encode(value.whole)),
        })
    });
    attributes.collect::<Vec<_>>().join("+")
}

fn kind_and_value(attribute: Element<'_>) -> Option<(&[u8], Element<'_>)> {
    let (kind, rest) = der::take(attribute.contents)?;
    let (value, _) = der::take(rest)?;
    (kind.tag == der::OID).then_some((kind.contents, value))
}

/// The text of a string type; none: another type.
fn text(value: Element<'_>) -> Option<String> {
    let bytes = value.contents;
    match value.tag {
        // UTF8String, NumericString, PrintableString, IA5String, VisibleString.
        0x0c | 0x12 | 0x13 | 0x16 | 0x1a => Some(String::from_utf8_lossy(bytes).into_owned()),
        // TeletexString, which everybody fills with Latin-1 or UTF-8.
        0x14 => Some(match str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().copied().map(char::from).collect(),
        }),
        // BMPString.
        0x1e => {
            let (units, _) = bytes.as_chunks::<2>();
            Some(String::from_utf16_lossy(&units.iter().map(|unit| u16::from_be_bytes(*unit)).collect::<Vec<_>>()))
        }
        // UniversalString.
        0x1c => {
            let (units, _) = bytes.as_chunks::<4>();
            let character =
                |unit: &[u8; 4]| char::from_u32(u32::from_be_bytes(*unit)).unwrap_or(char::REPLACEMENT_CHARACTER);
            Some(units.iter().map(character).collect())
        }
        _ => None,
    }
}

/// RFC 4514, 2.4. Control characters are left to whoever shows the name.
fn escaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        let last = at + character.len_utf8() == text.len();
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => result.extend(['\\', character]),
            '#' if at == 0 => result.push_str("\\#"),
            ' ' if at == 0 || last => result.push_str("\\ "),
            '\0' => result.push_str("\\00"),
            _ => result.push(character),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// OID, tag, value.
    type Attribute<'a> = (&'a [u8], u8, &'a [u8]);

    /// The contents of a name of these RDNs.
    fn name(rdns: &[&[Attribute<'_>]]) -> Vec<u8> {
        let tlv = |tag: u8, contents: &[u8]| {
            let mut whole = vec![tag, u8::try_from(contents.len()).unwrap()];
            whole.extend(contents);
            whole
        };
        let attribute = |(kind, tag, value): &Attribute<'_>| tlv(0x30, &[tlv(0x06, kind), tlv(*tag, value)].concat());
        rdns.iter().flat_map(|rdn| tlv(0x31, &rdn.iter().flat_map(attribute).collect::<Vec<_>>())).collect()
    }

    const CN: &[u8] = &[0x55, 0x04, 0x03];
    const O: &[u8] = &[0x55, 0x04, 0x0a];

    #[test]
    fn names_are_written_as_rfc_4514_says() {
        for (rdns, expected) in [
            (
                name(&[&[(O, 0x0c, b"Example, Inc.")], &[(CN, 0x13, b"ds.example.com")]]),
                r"CN=ds.example.com,O=Example\, Inc.",
            ),
            (name(&[&[(CN, 0x0c, b"a"), (O, 0x0c, b"b")]]), "CN=a+O=b"),
            (name(&[&[(CN, 0x0c, b" #x\0y ")]]), r"CN=\ #x\00y\ "),
            (name(&[&[(CN, 0x0c, b"#x")]]), r"CN=\#x"),
            (name(&[&[(CN, 0x0c, b"a\xffb")]]), "CN=a\u{fffd}b"),
            (name(&[&[(CN, 0x14, b"caf\xe9")]]), "CN=café"),
            (name(&[&[(CN, 0x1e, &[0x00, 0x41, 0x26, 0x3a])]]), "CN=A☺"),
            (name(&[&[(CN, 0x1c, &[0x00, 0x01, 0xf6, 0x00])]]), "CN=😀"),
            (name(&[&[(CN, 0x02, &[5])]]), "CN=#020105"),
            (name(&[&[(&[0x2a, 0x03], 0x0c, b"x")]]), "1.2.3=#0c0178"),
            (name(&[]), ""),
        ] {
            assert_eq!(rfc4514(&rdns), expected);
        }
    }

    #[test]
    fn the_last_common_name_counts() {
        let two = name(&[&[(CN, 0x0c, b"first")], &[(O, 0x0c, b"o")], &[(CN, 0x0c, b"second")]]);
        assert_eq!(common_name(&two).as_deref(), Some("second"));
        assert_eq!(common_name(&name(&[&[(O, 0x0c, b"o")]])), None);
    }
}
