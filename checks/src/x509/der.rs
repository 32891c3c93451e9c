//! Just enough DER to walk the parts that are read leniently: definite lengths, one-byte tags.

/// One element.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    /// Its tag.
    pub tag: u8,
    /// With tag and length.
    pub whole: &'a [u8],
    /// Without them.
    pub contents: &'a [u8],
}

/// The first element of `input`, and what follows it.
pub(crate) fn take(input: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = input.split_first()?;
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        // Indefinite, or longer than anything that is read here.
        _ => return None,
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    let whole = input.get(..input.len() - rest.len())?;
    Some((Element { tag, whole, contents }, rest))
}

/// The elements of `input` up to its end or to the first that is malformed.
pub(super) fn elements(input: &[u8]) -> impl Iterator<Item = Element<'_>> {
    let mut rest = input;
    std::iter::from_fn(move || {
        let (element, after) = take(rest)?;
        rest = after;
        Some(element)
    })
}

/// The contents of `input` if it is one element of this tag.
pub(crate) fn inside(input: &[u8], tag: u8) -> Option<&[u8]> {
    let (element, rest) = take(input)?;
    (element.tag == tag && rest.is_empty()).then_some(element.contents)
}

pub(super) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const UTC_TIME: u8 = 0x17;
pub(crate) const SEQUENCE: u8 = 0x30;
/// `[0]`, as which a TBSCertificate's version stands.
pub(super) const VERSION: u8 = 0xa0;

/// An object identifier's contents as dotted numbers; as hex where an arc is beyond all that is in use.
pub(super) fn dotted(oid: &[u8]) -> String {
    let mut arcs: Vec<u128> = Vec::new();
    let mut arc: u128 = 0;
    for byte in oid {
        if arc > u128::MAX >> 7 {
            return hex(oid);
        }
        arc = arc << 7 | u128::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if arcs.is_empty() {
                let first = (arc / 40).min(2);
                arcs.push(first);
                arc -= first * 40;
            }
            arcs.push(arc);
            arc = 0;
        }
    }
    if oid.last().is_none_or(|last| last & 0x80 != 0) {
        return hex(oid);
    }
    arcs.iter().map(u128::to_string).collect::<Vec<_>>().join(".")
}

fn hex(bytes: &[u8]) -> String {
    format!("#{}", data_encoding::HEXLOWER.encode(bytes))
}

/// Upper-case hex with colons.
pub(super) fn colons(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(3 * bytes.len());
    for byte in bytes {
        if !text.is_empty() {
            text.push(':');
        }
        data_encoding::HEXUPPER.encode_append(&[*byte], &mut text);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_identifiers_are_dotted() {
        for (bytes, expected) in [
            (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01][..], "1.2.840.113549.1.1.1"),
            (&[0x55, 0x1d, 0x11], "2.5.29.17"),
            (&[0x88, 0x37], "2.999"),
            (&[], "#"),
            (&[0x2a, 0x86], "#2a86"),
            (&[0xff; 30], "#ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
        ] {
            assert_eq!(dotted(bytes), expected);
        }
    }

    #[test]
    fn elements_end_where_they_are_malformed() {
        let tags = |input: &[u8]| elements(input).map(|element| element.tag).collect::<Vec<_>>();
        assert_eq!(tags(&[0x02, 0x01, 0x05, 0x05, 0x00]), [0x02, 0x05]);
        assert_eq!(tags(&[0x02, 0x01, 0x05, 0x04, 0x05, 0x00]), [0x02], "longer than there is");
        assert_eq!(tags(&[0x30, 0x80, 0x00, 0x00]), [0u8; 0], "indefinite length");
        assert_eq!(tags(&[0x1f, 0x81, 0x01, 0x00]), [0u8; 0], "a tag of several bytes");
        assert_eq!(inside(&[0x04, 0x81, 0x01, 0x07], OCTET_STRING), Some(&[0x07][..]));
        assert_eq!(inside(&[0x04, 0x01, 0x07, 0x00], OCTET_STRING), None, "something follows");
    }
}
