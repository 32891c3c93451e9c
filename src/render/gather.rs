//! What was gathered, for a terminal: first what is missing, then each file.

use std::io;

use pinflight_checks::{
    deployment::Role,
    gather::{Certificate, Gathered, Met},
};

use super::{
    Style, table,
    text::{Sheet, Text, Tone},
};

/// Writes what was gathered; `folder`: where it was written, none: nowhere.
pub fn gathered(gathered: &Gathered, folder: Option<&str>, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let mut sheet = Sheet { style, out };
    let sheet = &mut sheet;
    let count = table::counted(gathered.certificates.len(), "certificate");
    let (tone, word) = match (gathered.complete, gathered.certificates.is_empty()) {
        (true, _) => (Tone::Good, "COMPLETE"),
        (false, false) => (Tone::Bad, "INCOMPLETE"),
        (false, true) => (Tone::Bad, "NOTHING GATHERED"),
    };
    let seen = format!(" {count} of {}, seen from {}", gathered.host, gathered.vantage);
    sheet.prose(0, &Text::of(tone, word).and_sentence(Tone::Strong, seen))?;
    if !gathered.missing.is_empty() {
        sheet.heading("Missing")?;
        for missing in &gathered.missing {
            let text = Text::of(Tone::Strong, missing.target.to_string())
                .and(Tone::Dim, format!("({})", missing.role.words()))
                .and_sentence(Tone::Plain, missing.reason.as_str());
            let mark = if style.unicode { "✗" } else { "-" };
            sheet.listed(2, mark, &text)?;
        }
        let warning = "Do not upload these as the whole set: devices that meet a certificate which is not uploaded are refused. \
                       Mend the above and gather again.";
        sheet.prose(2, &Text::default().and_sentence(Tone::Bad, warning))?;
    }
    if !gathered.certificates.is_empty() {
        sheet.heading("Certificates")?;
    }
    for one in &gathered.certificates {
        certificate(one, sheet)?;
    }
    sheet.gap()?;
    match folder {
        Some(folder) => {
            let text = Text::plain("Written to").and(Tone::Strong, folder).and(Tone::Dim, "with manifest.json");
            sheet.prose(0, &text)?;
        }
        None => sheet.prose(0, &Text::plain("Nothing was written"))?,
    }
    if !names_servers(gathered) {
        let servers = "No server behind a balancer is declared. Where there are any, one address stands for all of them, and \
                       those that did not happen to answer are not here: declare each (--backend), and gather again.";
        sheet.prose(0, &Text::default().and_sentence(Tone::Warn, servers))?;
    }
    let elsewhere = "Other places may meet other servers under the same name: gather from outside too (--from discovery), and \
                     from a network that devices use (--from device).";
    sheet.prose(0, &Text::default().and_sentence(Tone::Dim, elsewhere))
}

/// Whether a server behind a balancer is declared: each is met or missing.
fn names_servers(gathered: &Gathered) -> bool {
    let met = gathered.certificates.iter().flat_map(|one| &one.met_at).map(|met| met.role);
    met.chain(gathered.missing.iter().map(|missing| missing.role)).any(|role| role == Role::Backend)
}

fn certificate(one: &Certificate, sheet: &mut Sheet<'_>) -> io::Result<()> {
    sheet.prose(2, &Text::of(Tone::Strong, one.file.as_str()))?;
    sheet.labelled(4, "subject", 9, &Text::sentence(one.subject.as_str()))?;
    sheet.labelled(4, "until", 9, &Text::plain(one.not_after.to_string()).and(Tone::Dim, one.key.words.as_str()))?;
    sheet.labelled(4, "pin", 9, &Text::plain(one.key.sha256.as_str()))?;
    let place = |met: &Met| {
        let sni = if met.sni { "" } else { " without SNI" };
        format!("{}{sni}", met.target)
    };
    sheet.labelled(4, "met at", 9, &Text::default().and_list(Tone::Plain, one.met_at.iter().map(place)))
}

#[cfg(test)]
mod tests {
    use pinflight_checks::{deployment::Vantage, gather::Missing, outcome::Target, time::Timestamp};

    use super::*;

    #[test]
    fn undeclared_servers_behind_a_balancer_are_thought_of() {
        let style = Style { width: 200, ..Style::default() };
        let shown = |role| {
            let missing = Missing { target: Target::Thing("ds".into()), role, reason: "refused".into() };
            let gathered = Gathered {
                schema: pinflight_checks::gather::SCHEMA,
                version: String::new(),
                taken_at: Timestamp(0),
                vantage: Vantage::Console,
                host: "ds.example.com".into(),
                complete: false,
                certificates: vec![],
                missing: vec![missing],
            };
            let mut out = Vec::new();
            super::gathered(&gathered, None, &style, &mut out).unwrap();
            String::from_utf8(out).unwrap().contains("No server behind a balancer is declared.")
        };
        assert_eq!([Role::DeviceServices, Role::Balancer, Role::Backend].map(shown), [true, true, false]);
    }
}
