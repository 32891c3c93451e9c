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
        text::{Sheet, Text, Tone},
    },
    findings::evidence,
    place,
    sections::{BY_NAME, few, role_words},
};

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
    let mut provided: Vec<&str> = Vec::new();
    for one in journey.stories.iter().flat_map(|story| &story.provided) {
        if !provided.contains(&one.as_str()) {
            provided.push(one);
        }
    }
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
    let text = Text::of(tone(&story.ending), story.ending.words());
    let (worst, better): (Vec<&PlaceEnding>, Vec<&PlaceEnding>) =
        story.places.iter().partition(|place| place.ending.rank() == story.ending.rank());
    let text = match better.first() {
        None => text,
        Some(other) => {
            let places = places(&worst, style).join(", ");
            text.and(Tone::Plain, format!("at {places}; elsewhere {}", other.ending.words()))
        }
    };
    let dash = if style.unicode { "–" } else { "-" };
    match story.ending.why() {
        _ if !story.because.is_empty() => {
            text.and(Tone::Dim, dash).and_list(Tone::Dim, story.because.iter().map(|id| id.0))
        }
        Some(why) => text.and_sentence(Tone::Dim, format!("{dash} {why}")),
        None => text,
    }
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
    let told = roles.into_iter().map(|(role, names)| match (role_words(role), few(names, style).join(", ")) {
        (BY_NAME, names) if names == BY_NAME => "its name".to_owned(),
        (BY_NAME, names) => format!("its name's {names}"),
        ("", names) => names,
        (role, names) => format!("{role} {names}"),
    });
    told.collect()
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
    sheet.labelled(4, "ends in", 9, &ending.and_sentence(Tone::Plain, why))?;
    for place in story.places.iter().filter(|place| place.ending != story.ending) {
        let role = if matches!(place.target, Target::File(_)) { "" } else { place.role };
        let text = Text::plain("at").and(Tone::Plain, role).and(Tone::Plain, format!("{}:", place.target));
        let text = text.and(tone(&place.ending), place.ending.words());
        sheet.labelled(4, "", 9, &text)?;
    }
    for one in &story.provided {
        sheet.labelled(4, "provided", 9, &Text::sentence(one.as_str()))?;
    }
    Ok(())
}

fn step(number: usize, step: &Step, sheet: &mut Sheet<'_>) -> io::Result<()> {
    sheet.prose(4, &Text::of(Tone::Dim, format!("{number}")).and_sentence(Tone::Plain, step.request.as_str()))?;
    let from: Vec<&str> = step.seen_from.iter().map(|vantage| vantage.id()).collect();
    let from = if from.is_empty() { String::new() } else { format!("(seen from {})", from.join(", ")) };
    sheet.labelled(6, "answer", 9, &Text::sentence(step.answer.as_str()).and(Tone::Dim, from))?;
    sheet.labelled(6, "decision", 9, &Text::sentence(step.decision.as_str()))?;
    if !step.checks.is_empty() {
        sheet.labelled(6, "checks", 9, &Text::default().and_list(Tone::Dim, step.checks.iter().map(|id| id.0)))?;
    }
    evidence(&step.evidence, 6, sheet)
}
