//! What a run asks, as lines of JSON on standard output while it asks: `check -o jsonl`.

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use serde::Serialize;

use crate::{observe::Event, render};

/// What to do with the observer's events: each is a line at once.
pub fn on_stdout() -> impl Fn(Event) + Send + Sync + 'static {
    let began = Instant::now();
    move |event| {
        // A reader that has gone away is no error; any other is told when the report cannot be written either.
        let _ = write(event, began.elapsed(), &mut io::stdout().lock());
    }
}

fn write(event: Event, elapsed: Duration, out: &mut dyn Write) -> io::Result<()> {
    let elapsed_ms = millis(elapsed);
    match event {
        Event::Planned { questions } => render::write_event("planned", &Planned { elapsed_ms, questions }, out)?,
        Event::Asked(question) => render::write_event("asked", &Asked { elapsed_ms, question }, out)?,
        Event::Answered { question, ok, took } => {
            let answered = Answered { elapsed_ms, question, ok, took_ms: millis(took) };
            render::write_event("answered", &answered, out)?;
        }
        Event::Finished => render::write_event("finished", &Finished { elapsed_ms }, out)?,
    }
    out.flush()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[derive(Serialize)]
struct Planned {
    elapsed_ms: u64,
    questions: usize,
}

#[derive(Serialize)]
struct Asked {
    elapsed_ms: u64,
    question: String,
}

#[derive(Serialize)]
struct Answered {
    elapsed_ms: u64,
    question: String,
    ok: bool,
    took_ms: u64,
}

#[derive(Serialize)]
struct Finished {
    elapsed_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_is_a_line_of_its_own() {
        let question = || "GET https://ds.example.com/\u{1b}[2J\n::error::x".to_owned();
        let mut out = Vec::new();
        for event in [
            Event::Planned { questions: 2 },
            Event::Asked(question()),
            Event::Answered { question: question(), ok: false, took: Duration::from_millis(1500) },
            Event::Finished,
        ] {
            write(event, Duration::from_millis(7), &mut out).unwrap();
        }
        let asked = r#""question":"GET https://ds.example.com/\u001b[2J\n::error::x""#;
        let expected = [
            r#"{"schema":"pinflight.events/1","event":"planned","elapsed_ms":7,"questions":2}"#.to_owned(),
            format!(r#"{{"schema":"pinflight.events/1","event":"asked","elapsed_ms":7,{asked}}}"#),
            format!(
                r#"{{"schema":"pinflight.events/1","event":"answered","elapsed_ms":7,{asked},"ok":false,"took_ms":1500}}"#
            ),
            r#"{"schema":"pinflight.events/1","event":"finished","elapsed_ms":7}"#.to_owned(),
        ];
        assert_eq!(String::from_utf8(out).unwrap(), expected.map(|line| line + "\n").concat());
    }
}
