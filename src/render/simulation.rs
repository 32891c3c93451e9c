//! A simulation for a terminal: the answer, the journeys, and each step where something is wrong or all is asked for.

use std::io;

use pinflight_checks::simulate::{Outcome, Simulation};

use super::{
    Style, table,
    text::{Sheet, Text, Tone},
};

/// Writes a simulation as a table.
pub fn simulation(simulation: &Simulation, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let mut sheet = Sheet { style, out };
    let sheet = &mut sheet;
    let (tone, words) = match simulation.outcome {
        Outcome::NobodyBreaks => (Tone::Good, "NOBODY BREAKS"),
        Outcome::Refused => (Tone::Bad, "SOMEBODY IS REFUSED"),
        Outcome::Unknown => (Tone::Warn, "UNKNOWN"),
    };
    sheet.prose(0, &Text::of(tone, words).and(Tone::Strong, format!(" {}", simulation.host)))?;
    for (label, files) in [("published", &simulation.published), ("presented", &simulation.presented)] {
        let text = match files {
            Some(files) => Text::default().and_list(Tone::Plain, files.iter().map(String::as_str)),
            None => Text::of(Tone::Dim, "as observed"),
        };
        sheet.labelled(0, label, 11, &text)?;
    }
    sheet.heading("Devices, by the known client's rules (-v shows each step)")?;
    table::lines(&simulation.journey, sheet)?;
    if style.detailed() {
        simulation.journey.stories.iter().try_for_each(|story| table::in_detail(story, sheet))?;
    }
    sheet.gap()?;
    let line = format!("pinflight {}: no question asked, judged for {}", simulation.version, simulation.judged_at);
    sheet.prose(0, &Text::of(Tone::Dim, line))
}
