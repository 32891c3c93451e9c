//! The forms of a pin for a terminal: each key with every form on lines of its own, whole, to be copied.

use std::io;

use pinflight_checks::pin::forms::{Entry, Key, Material, PinForms};

use super::{
    Style,
    text::{Sheet, Text, Tone},
};

const LABEL: usize = 9;

/// Writes the pins of every key.
pub fn pins(forms: &PinForms, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let mut sheet = Sheet { style, out };
    for (at, entry) in forms.keys.iter().enumerate() {
        if at > 0 {
            sheet.gap()?;
        }
        head(entry, forms.keys.len() > 1, &mut sheet)?;
        match (&entry.key, &entry.error) {
            (Some(key), _) => forms_of(key, &mut sheet)?,
            (None, error) => {
                let error = error.clone().unwrap_or_default();
                sheet.labelled(2, "no key", LABEL, &Text::default().and_sentence(Tone::Bad, error))?;
            }
        }
    }
    Ok(())
}

fn head(entry: &Entry, numbered: bool, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let what = match entry.what {
        Some(Material::Certificate) => "certificate",
        Some(Material::Request) => "signing request",
        Some(Material::PublicKey) => "public key",
        None => "",
    };
    let number = if numbered { format!("{} ", entry.number) } else { String::new() };
    let mut title = Text::of(Tone::Dim, number).and(Tone::Strong, entry.source.as_str()).and(Tone::Dim, what);
    if let Some(same) = entry.same_key_as {
        title = title.and(Tone::Good, format!("(the same key as {same})"));
    }
    sheet.prose(0, &title)?;
    match entry.subject.as_ref().filter(|subject| !subject.is_empty()) {
        Some(subject) => sheet.labelled(2, "subject", LABEL, &Text::sentence(subject.as_str())),
        None => Ok(()),
    }
}

fn forms_of(key: &Key, sheet: &mut Sheet<'_>) -> io::Result<()> {
    sheet.labelled(2, "key", LABEL, &Text::plain(key.words.as_str()))?;
    let whole = |form: &str| Text::default().and_whole(Tone::Plain, form);
    if let Some(pin) = &key.pkcs1_hex {
        sheet.labelled(2, "PKCS#1", LABEL, &Text::of(Tone::Dim, "what the known client compares"))?;
        sheet.labelled(2, "", LABEL, &whole(pin))?;
    } else {
        let unknown = "no PKCS#1 form; what the known client compares for a key that is not RSA is not established";
        sheet.labelled(2, "PKCS#1", LABEL, &Text::default().and_sentence(Tone::Warn, unknown))?;
    }
    sheet.labelled(2, "SPKI", LABEL, &Text::of(Tone::Dim, "as a pin it never matches"))?;
    sheet.labelled(2, "", LABEL, &whole(&key.spki_hex))?;
    sheet.labelled(2, "sha256", LABEL, &whole(&key.sha256))?;
    if let Some(thumbprints) = &key.thumbprints {
        sheet.labelled(2, "SHA-256", LABEL, &whole(&thumbprints.sha256).and(Tone::Dim, "of the certificate"))?;
        sheet.labelled(2, "SHA-1", LABEL, &whole(&thumbprints.sha1).and(Tone::Dim, "of the certificate"))?;
    }
    Ok(())
}
