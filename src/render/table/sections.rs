//! The guide's list, the firewall table, the pin matrix, the certificates.

use std::io;

use pinflight_checks::{
    check::GuideStep,
    outcome::{State, Target},
    report::{CertificateView, ChainView, PinCell, PinMatrix, PinRow, PinSource, Report, Verdict},
    time::Timestamp,
};

use super::{
    super::{
        Style,
        grid::Grid,
        text::{Sheet, Text, Tone},
    },
    counted, listed, marker, place,
};

/// The guide's own list.
pub(super) fn guide(report: &Report, sheet: &mut Sheet<'_>) -> io::Result<()> {
    // Nothing of it was selected.
    if report.guide.iter().all(|row| row.outcome == State::Skipped) {
        return Ok(());
    }
    sheet.heading("The guide")?;
    let mut grid = Grid::yielding(2);
    for row in &report.guide {
        let title = Text::plain(row.title).and(Tone::Dim, noted(row.note.as_deref()));
        grid.row([Text::of(Tone::Strong, step(row.step)), marker(row.outcome, sheet.style), title]);
    }
    grid.write(2, sheet)
}

fn noted(note: Option<&str>) -> String {
    note.map(|note| format!("– {note}")).unwrap_or_default()
}

/// As the guide numbers it.
pub(in crate::render) fn step(step: GuideStep) -> &'static str {
    match step {
        GuideStep::P1 => "P1",
        GuideStep::P2 => "P2",
        GuideStep::P3 => "P3",
        GuideStep::P4 => "P4",
        GuideStep::S1 => "1",
        GuideStep::S2 => "2",
        GuideStep::S3 => "3",
        GuideStep::S4 => "4",
        GuideStep::S5 => "5",
        GuideStep::S6 => "6",
        GuideStep::N => "N",
    }
}

/// The guide's firewall table.
pub(super) fn firewall(report: &Report, sheet: &mut Sheet<'_>) -> io::Result<()> {
    if report.firewall.iter().all(|row| row.outcome == State::Skipped) {
        return Ok(());
    }
    sheet.heading("Firewall")?;
    let mut grid = Grid::yielding(2);
    for row in &report.firewall {
        let to = format!("{}:{}", row.destination, row.port);
        let way = Text::plain(row.source).and(Tone::Plain, "→").and(Tone::Plain, to);
        grid.row([marker(row.outcome, sheet.style), way, Text::of(Tone::Dim, row.note.as_deref().unwrap_or_default())]);
    }
    grid.write(2, sheet)
}

/// The pin matrix.
pub(super) fn pins(report: &Report, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let PinMatrix { sources, rows } = &report.pin_matrix;
    if sources.is_empty() && rows.is_empty() {
        return Ok(());
    }
    let host = common_endpoint(rows);
    let of =
        host.as_deref().map(|host| format!(": the keys of {host} against each source of pins")).unwrap_or_default();
    sheet.heading(format!("Pins{of}"))?;
    let mut grid = Grid::yielding(1 + sources.len());
    let mut titles = vec![Text::default(), Text::of(Tone::Dim, "key")];
    let mut sizes = vec![Text::default(); 2];
    for source in sources {
        let mark = if source.used { "*" } else { "" };
        // Columns are narrow, and the places beside them are not: `cloud`, `uploaded`.
        let title = source.title.strip_suffix(" certificates").or(source.title.strip_suffix(" registry"));
        let title = title.unwrap_or(&source.title);
        titles.push(Text::of(Tone::Strong, format!("{title}{mark}")));
        sizes.push(Text::of(Tone::Dim, source.pins.map_or("not seen".to_owned(), |pins| counted(pins, "pin"))));
    }
    grid.row(titles);
    grid.row(sizes);
    for rows in alike(rows, sheet.style) {
        let Some(row) = rows.first() else { continue };
        let name = |row: &&PinRow| match &row.target {
            Target::Endpoint(_) | Target::At(..) if host.is_some() => place(&row.target),
            Target::File(path) => file_name(path).to_owned(),
            target => target.to_string(),
        };
        let places = rows.iter().map(name).filter(|place| place != BY_NAME).collect();
        let mut cells = vec![
            // The heading says whose keys they are.
            Text::of(Tone::Dim, role_words(row.role)).and_list(Tone::Plain, few(places, sheet.style)),
            Text::default().and_unbroken(Tone::Plain, short_key(row.spki_sha256.as_deref(), sheet.style)),
        ];
        let cell_of = |(source, cell): (&PinSource, &PinCell)| match cell {
            // By nature: what devices do not use may be empty.
            PinCell::NoMatch if source.pins == Some(0) && !source.used => {
                Text::default().and_unbroken(Tone::Dim, dash(sheet.style, "no pins"))
            }
            cell => pin_cell(*cell, sheet.style),
        };
        cells.extend(sources.iter().zip(&row.cells).map(cell_of));
        grid.row(cells);
    }
    grid.write(2, sheet)?;
    if sources.iter().any(|source| source.used) {
        sheet.prose(2, &Text::of(Tone::Dim, "* devices take their pins from here"))?;
    }
    Ok(())
}

/// The service itself goes by its name.
pub(super) const BY_NAME: &str = "by name";

pub(super) fn role_words(role: &str) -> &str {
    match role {
        "Device Services" => BY_NAME,
        "next certificate" => "next",
        role => role.strip_prefix("Device Services ").unwrap_or(role),
    }
}

/// Rows that differ by their place alone, together; in detail, each by itself.
fn alike<'a>(rows: &'a [PinRow], style: &Style) -> Vec<Vec<&'a PinRow>> {
    let mut groups: Vec<Vec<&PinRow>> = Vec::new();
    for row in rows {
        let is_alike = |group: &&mut Vec<&PinRow>| {
            let same = |known: &&PinRow| {
                known.role == row.role && known.spki_sha256 == row.spki_sha256 && known.cells == row.cells
            };
            !style.detailed() && group.first().is_some_and(same)
        };
        match groups.iter_mut().find(is_alike) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups
}

/// Places by name as long as they are few; in detail, all.
pub(super) fn few(places: Vec<String>, style: &Style) -> Vec<String> {
    const FEW: usize = 2;
    if places.len() <= FEW || style.detailed() {
        return places;
    }
    vec![format!("{} addresses", places.len())]
}

fn dash(style: &Style, word: &str) -> String {
    if style.unicode { format!("– {word}") } else { word.to_owned() }
}

fn pin_cell(cell: PinCell, style: &Style) -> Text {
    let (tone, sign, word) = match cell {
        PinCell::Match => (Tone::Good, "✓", "match"),
        PinCell::NoMatch => (Tone::Bad, "✗", "no match"),
        PinCell::Unknown => (Tone::Warn, "?", "unknown"),
        PinCell::NotObserved => (Tone::Dim, "–", "not seen"),
    };
    Text::default().and_unbroken(tone, if style.unicode { format!("{sign} {word}") } else { word.to_owned() })
}

/// Enough of a digest to see whether two are the same.
fn short_key(spki: Option<&str>, style: &Style) -> String {
    let dots = if style.unicode { "…" } else { "..." };
    let length = if style.columns() >= 100 { 12 } else { 5 };
    spki.map_or("not seen".to_owned(), |spki| spki.chars().take(length).collect::<String>() + dots)
}

/// The endpoint that all rows of servers share, so that it need not stand in each.
fn common_endpoint(rows: &[PinRow]) -> Option<String> {
    let mut endpoints = rows.iter().filter_map(|row| match &row.target {
        Target::Endpoint(endpoint) | Target::At(endpoint, _) => Some(endpoint),
        Target::Name(..) | Target::File(_) | Target::Thing(_) => None,
    });
    let first = endpoints.next()?;
    endpoints.all(|other| other == first).then(|| first.to_string())
}

/// What stands behind the last separator; the whole path is in JSON.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().filter(|name| !name.is_empty()).unwrap_or(path)
}

/// Each distinct chain on a line; in detail, each of its certificates.
pub(super) fn certificates(report: &Report, sheet: &mut Sheet<'_>) -> io::Result<()> {
    if report.chains.is_empty() {
        return Ok(());
    }
    let in_order = |chain: &ChainView| {
        let lasts = chain.certificates.iter().all(|one| one.not_after.is_some_and(|end| end >= report.judged_at));
        lasts && chain.anchor.is_some()
    };
    if report.verdict == Verdict::Ready && !sheet.style.detailed() && report.chains.iter().all(in_order) {
        return in_short(report, sheet);
    }
    sheet.heading("Certificates")?;
    let chains = || report.chains.iter().filter_map(|chain| Some((chain, chain.certificates.first()?)));
    let mut grid = Grid::yielding(4);
    for (chain, leaf) in chains() {
        let anchor = match &chain.anchor {
            Some(anchor) => Text::plain(anchor.as_str()),
            None => Text::of(Tone::Bad, "no valid path"),
        };
        let key = leaf.spki_sha256.as_str();
        grid.row([
            Text::plain(subject(leaf)),
            Text::default().and_unbroken(Tone::Plain, leaf.key.as_str()),
            Text::default().and_unbroken(Tone::Dim, short_key(Some(key), sheet.style)),
            first_expiry(chain, report.judged_at),
            anchor,
        ]);
    }
    grid.write(2, sheet)?;
    if sheet.style.detailed() {
        for chain in &report.chains {
            in_detail(chain, sheet)?;
        }
    }
    Ok(())
}

/// Where nothing is wrong, the first certificate to expire is what matters.
fn in_short(report: &Report, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let end = |chain: &ChainView| chain.certificates.iter().filter_map(|one| one.not_after).min();
    let ending = report.chains.iter().filter_map(|chain| Some((end(chain)?, subject(chain.certificates.first()?))));
    let Some((end, name)) = ending.min() else { return Ok(()) };
    let days = counted(usize::try_from(report.judged_at.days_until(end)).unwrap_or(0), "day");
    let count = counted(report.chains.len(), "chain");
    let text = format!("{count}; {name} expires first, {}, {days}", end.day());
    sheet.gap()?;
    sheet.prose(0, &Text::of(Tone::Strong, "Certificates:").and(Tone::Plain, text))
}

/// The CN where there is one; the whole subject stands in the details.
pub(in super::super) fn subject(certificate: &CertificateView) -> &str {
    let name = certificate.subject.split(',').find_map(|part| part.trim().strip_prefix("CN="));
    let name = name.filter(|name| !name.is_empty()).or(certificate.names.first().map(String::as_str));
    name.unwrap_or(&certificate.subject)
}

fn first_expiry(chain: &ChainView, now: Timestamp) -> Text {
    let ends = chain.certificates.iter().enumerate().filter_map(|(at, one)| Some((one.not_after?, at)));
    let Some((end, at)) = ends.min() else {
        return Text::of(Tone::Warn, "end unreadable");
    };
    let whose = if at == 0 { "" } else { "(an issuer)" };
    let days = now.days_until(end);
    if end < now {
        return Text::of(Tone::Bad, format!("{}, expired", end.day())).and(Tone::Bad, whose);
    }
    let days = counted(usize::try_from(days).unwrap_or(0), "day");
    Text::default().and_unbroken(Tone::Plain, format!("{}, {days}", end.day())).and(Tone::Dim, whose)
}

fn in_detail(chain: &ChainView, sheet: &mut Sheet<'_>) -> io::Result<()> {
    sheet.gap()?;
    let targets: Vec<&Target> = chain.targets.iter().collect();
    sheet.prose(2, &Text::plain("Presented by").and_list(Tone::Strong, listed(&targets)))?;
    for (at, certificate) in chain.certificates.iter().enumerate() {
        let unreadable = || "unreadable".to_owned();
        let from = certificate.not_before.map_or_else(unreadable, |at| at.to_string());
        let to = certificate.not_after.map_or_else(unreadable, |at| at.to_string());
        sheet.prose(4, &Text::of(Tone::Dim, format!("{at}")).and(Tone::Plain, certificate.subject.as_str()))?;
        for (label, value) in [
            ("issuer", certificate.issuer.clone()),
            ("serial", certificate.serial.clone()),
            ("valid", format!("{from} to {to}")),
            ("names", certificate.names.join(", ")),
            ("key", certificate.key.clone()),
            ("SHA-256", certificate.sha256.clone()),
            ("SHA-1", certificate.sha1.clone()),
            ("SPKI", format!("sha256//{}", certificate.spki_sha256)),
        ] {
            if !value.is_empty() {
                sheet.labelled(6, label, 9, &Text::sentence(value))?;
            }
        }
    }
    Ok(())
}
