//! Live progress on stderr, on a terminal only; never on stdout.

use std::{
    fmt,
    io::IsTerminal,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{live, observe::Event, render};

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

/// What to do with the observer's events: a line that tells what is under way and vanishes, or nothing where stderr is no
/// terminal that can take a line back, or `quiet` is asked for.
pub fn on_terminal(quiet: bool) -> impl Fn(Event) + Send + Sync + 'static {
    let shown = !quiet && std::io::stderr().is_terminal() && anstyle_query::term_supports_color();
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
    let under_way = Mutex::new(UnderWay::default());
    move |event| {
        let mut under_way = under_way.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Planned { questions } => return bar.set_length(u64::try_from(questions).unwrap_or(u64::MAX)),
            Event::Asked(question) => under_way.0.push(question),
            Event::Answered { question, .. } => {
                under_way.ended(&question);
                bar.inc(1);
            }
            Event::Finished => return bar.finish_and_clear(),
        }
        bar.set_message(under_way.to_string());
    }
}

/// The questions that are under way, the oldest first.
#[derive(Default)]
struct UnderWay(Vec<String>);

impl UnderWay {
    fn ended(&mut self, question: &str) {
        if let Some(at) = self.0.iter().position(|one| one == question) {
            self.0.remove(at);
        }
    }
}

/// What the run waits for: how many, and which has been waited for the longest. A name in it may come from a server.
impl fmt::Display for UnderWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0[..] {
            [] => Ok(()),
            [one] => f.write_str(&render::for_terminal(one)),
            [oldest, ..] => write!(f, "{} under way: {}", self.0.len(), render::for_terminal(oldest)),
        }
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

    #[test]
    fn what_has_been_waited_for_the_longest_is_told() {
        let mut under_way = UnderWay::default();
        assert_eq!(under_way.to_string(), "");
        under_way.0 = ["GET a", "TLS b", "GET a"].map(str::to_owned).to_vec();
        assert_eq!(under_way.to_string(), "3 under way: GET a");
        under_way.ended("GET a");
        under_way.ended("never asked");
        assert_eq!(under_way.to_string(), "2 under way: TLS b");
        under_way.ended("GET a");
        assert_eq!(under_way.to_string(), "TLS b");
    }

    #[test]
    fn a_name_gives_the_terminal_no_orders() {
        let under_way = UnderWay(vec!["look up evil\u{1b}[2J\n\u{202e}".to_owned()]);
        assert!(!under_way.to_string().chars().any(char::is_control), "{under_way}");
    }
}
