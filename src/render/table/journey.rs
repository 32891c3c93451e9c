//! What each device does: a line for journeys that end alike; in detail, each step.

use std::io;

use pinflight_checks::{
    client::{Ending, Journey, Kind, PlaceEnding, Step, Story},
    outcome::Target,
    report::Report,
};

use super::{
    super::{
        Style,
        grid::Grid,
        reading::provided,
        text::{Sheet, Text, Tone},
    },
    findings::evidence,
    listed, place,
    sections::{BY_NAME, few, role_words},
};

/// Columns of a label in detail: of the widest in a step's evidence, with the gap behind it.
const LABEL: usize = 13;

/// The journeys of a report.
pub(super) fn journey(report: &Report, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let Some(journey) = &report.journey else { return Ok(()) };
    let hint = if sheet.style.detailed() { "" } else { " (-v shows each step)" };
    sheet.heading(format!("Devices, by the known client's rules{hint}"))?;
    lines(journey, sheet)?;
    if sheet.style.detailed() {
        journey.stories.iter().try_for_each(|story| in_detail(story, sheet))?;
    }
    Ok(())
}

/// A line for journeys that end alike.
pub(in crate::render) fn lines(journey: &Journey, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let mut told: Vec<(Vec<Kind>, &Story)> = Vec::new();
    for story in &journey.stories {
        match told.iter_mut().find(|(_, known)| end_alike(known, story)) {
            Some((kinds, _)) => kinds.push(story.kind),
            None => told.push((vec![story.kind], story)),
        }
    }
    let mut grid = Grid::yielding(1);
    for (kinds, story) in &told {
        grid.row([Text::default().and_unbroken(Tone::Strong, title(kinds)), ending(story, sheet.style)]);
    }
    grid.write(2, sheet)?;
    let provided = provided(journey);
    if provided.is_empty() {
        return Ok(());
    }
    sheet.prose(2, &Text::of(Tone::Dim, "provided that").and_sentence(Tone::Dim, provided.join("; ")))
}

fn end_alike(one: &Story, other: &Story) -> bool {
    let places = |story: &Story| {
        let of = |place: &PlaceEnding| (place.target.clone(), place.ending.rank());
        story.places.iter().map(of).collect::<Vec<_>>()
    };
    one.ending == other.ending && places(one) == places(other) && one.because == other.because
}

/// `iOS Hub and after enrollment`
fn title(kinds: &[Kind]) -> String {
    let words = |kind: &Kind| match kind {
        Kind::IosHub => "Hub",
        Kind::IosWeb => "web",
        Kind::IosDep => "DEP",
        Kind::IosEnrolled => "after",
        Kind::Android => "Android",
    };
    match kinds {
        [one] => one.title().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(words).collect();
            format!("iOS {} and {} enrollment", first.join(", "), words(last))
        }
        [] => String::new(),
    }
}

fn ending(story: &Story, style: &Style) -> Text {
    let mut text = Text::of(tone(&story.ending), story.ending.words());
    if let Some((mut places, elsewhere)) = parted(story, style) {
        if let Some(last) = places.last_mut() {
            last.push(';');
        }
        text = text.and(Tone::Plain, "at").and_list(Tone::Plain, places).and(Tone::Plain, "elsewhere");
        text = text.and(Tone::Plain, elsewhere);
    }
    let dash = if style.unicode { "–" } else { "-" };
    match story.ending.why() {
        _ if !story.because.is_empty() => {
            text.and(Tone::Dim, dash).and_list(Tone::Dim, story.because.iter().map(|id| id.0))
        }
        Some(why) => text.and_sentence(Tone::Dim, format!("{dash} {why}")),
        None => text,
    }
}

/// Where it ends as it does, and how elsewhere, where that is not the same: `at server 10.1.0.12; elsewhere connects, pinned`.
pub(in crate::render) fn parted_words(story: &Story) -> Option<String> {
    let (places, elsewhere) = parted(story, &Style::default())?;
    Some(format!("at {}; elsewhere {elsewhere}", places.join(", ")))
}

fn parted(story: &Story, style: &Style) -> Option<(Vec<String>, &'static str)> {
    let (worst, better): (Vec<&PlaceEnding>, Vec<&PlaceEnding>) =
        story.places.iter().partition(|place| place.ending.rank() == story.ending.rank());
    Some((places(&worst, style), better.first()?.ending.words()))
}

/// As the pin matrix names them: by what they are, then where.
fn places(worst: &[&PlaceEnding], style: &Style) -> Vec<String> {
    let mut roles: Vec<(&str, Vec<String>)> = Vec::new();
    for one in worst {
        let name = place(&one.target);
        // A file is what it is, whatever would present it.
        let role = if matches!(one.target, Target::File(_)) { "" } else { one.role };
        match roles.iter_mut().find(|(known, _)| *known == role) {
            Some((_, names)) if names.contains(&name) => {}
            Some((_, names)) => names.push(name),
            None => roles.push((role, vec![name])),
        }
    }
    roles.into_iter().flat_map(|(role, names)| named(role, few(names, style))).collect()
}

/// Names with their role: `balancer 10.1.0.7`, `10.1.0.8`.
fn named(role: &str, mut names: Vec<String>) -> Vec<String> {
    match (role_words(role), names.as_mut_slice()) {
        (BY_NAME, [name]) if name == BY_NAME => "its name".clone_into(name),
        (BY_NAME, [.., last]) => last.push_str(" (by name)"),
        (role, [first, ..]) if !role.is_empty() => first.insert_str(0, &format!("{role} ")),
        _ => {}
    }
    names
}

fn tone(ending: &Ending) -> Tone {
    match ending {
        Ending::ConnectsPinned => Tone::Good,
        Ending::ConnectsNotPinned { .. } => Tone::Plain,
        Ending::Unknown { observable: false, .. } => Tone::Dim,
        Ending::Unknown { .. } => Tone::Warn,
        Ending::Refused { .. } => Tone::Bad,
    }
}

/// Every step with what was seen, and the ending.
pub(in crate::render) fn in_detail(story: &Story, sheet: &mut Sheet<'_>) -> io::Result<()> {
    sheet.gap()?;
    sheet.prose(2, &Text::of(Tone::Strong, story.title))?;
    for (at, step) in story.steps.iter().enumerate() {
        self::step(at + 1, step, sheet)?;
    }
    let ending = Text::of(tone(&story.ending), story.ending.words());
    let why = story.ending.why().map(|why| format!("– {why}")).unwrap_or_default();
    sheet.labelled(4, "ends in", LABEL, &ending.and_sentence(Tone::Plain, why))?;
    for (ending, role, targets) in by_ending(story) {
        let text = Text::of(tone(ending), ending.words()).and(Tone::Plain, "at").and(Tone::Plain, role);
        sheet.labelled(4, "", LABEL, &text.and_list(Tone::Plain, listed(&targets)))?;
    }
    for one in &story.provided {
        sheet.labelled(4, "provided", LABEL, &Text::sentence(one.as_str()))?;
    }
    Ok(())
}

/// The places by how it ends there and what they are; none where it ends alike everywhere.
fn by_ending(story: &Story) -> Vec<(&Ending, &'static str, Vec<&Target>)> {
    let mut told: Vec<(&Ending, &'static str, Vec<&Target>)> = Vec::new();
    if story.places.iter().all(|place| place.ending == story.ending) {
        return told;
    }
    for PlaceEnding { target, role, ending } in story.places.iter() {
        // A file is what it is, whatever would present it.
        let role = if matches!(target, Target::File(_)) { "" } else { *role };
        match told.iter_mut().find(|(known, of, _)| *known == ending && *of == role) {
            Some((.., targets)) => targets.push(target),
            None => told.push((ending, role, vec![target])),
        }
    }
    told.sort_by_key(|(ending, ..)| *ending != &story.ending);
    told
}

fn step(number: usize, step: &Step, sheet: &mut Sheet<'_>) -> io::Result<()> {
    sheet.listed(4, &number.to_string(), &Text::sentence(step.request.as_str()))?;
    let from: Vec<&str> = step.seen_from.iter().map(|vantage| vantage.id()).collect();
    let from = if from.is_empty() { String::new() } else { format!("(seen from {})", from.join(", ")) };
    sheet.labelled(6, "answer", LABEL, &Text::sentence(step.answer.as_str()).and(Tone::Dim, from))?;
    sheet.labelled(6, "decision", LABEL, &Text::sentence(step.decision.as_str()))?;
    if !step.checks.is_empty() {
        sheet.labelled(6, "checks", LABEL, &Text::default().and_list(Tone::Dim, step.checks.iter().map(|id| id.0)))?;
    }
    evidence(&step.evidence, 6, sheet)
}
