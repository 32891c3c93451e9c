//! Live progress on stderr, on a terminal only; never on stdout.

use std::{io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{live, observe::Event};

/// Who is told what a run asks while it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Nobody.
    Nobody,
    /// Whoever sits at the terminal.
    Terminal,
    /// Whoever reads standard output, a line an event.
    Stdout,
}

impl Audience {
    /// The terminal, unless `quiet` is asked for.
    pub fn of(quiet: bool) -> Self {
        if quiet { Self::Nobody } else { Self::Terminal }
    }

    /// What to do with the observer's events for them.
    pub fn listener(self) -> Box<dyn Fn(Event) + Send + Sync> {
        match self {
            Self::Nobody => Box::new(on_terminal(true)),
            Self::Terminal => Box::new(on_terminal(false)),
            Self::Stdout => Box::new(live::on_stdout()),
        }
    }
}

/// What to do with the observer's events: a line that grows and vanishes, or nothing where stderr is no terminal or
/// `quiet` is asked for.
pub fn on_terminal(quiet: bool) -> impl Fn(Event) + Send + Sync + 'static {
    let shown = !quiet && std::io::stderr().is_terminal();
    let bar = ProgressBar::with_draw_target(
        Some(0),
        if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() },
    );
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    if shown {
        bar.enable_steady_tick(Duration::from_millis(120));
    }
    move |event| match event {
        Event::Planned { questions } => bar.set_length(u64::try_from(questions).unwrap_or(u64::MAX)),
        Event::Asked(question) => bar.set_message(question),
        Event::Answered { .. } => bar.inc(1),
        Event::Finished => bar.finish_and_clear(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_run_takes_every_event() {
        let on_event = on_terminal(true);
        on_event(Event::Planned { questions: 1 });
        on_event(Event::Asked("x".to_owned()));
        on_event(Event::Answered { question: "x".to_owned(), ok: false, took: Duration::ZERO });
        on_event(Event::Finished);
    }
}
