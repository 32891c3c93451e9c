//! Questions to a person, a line each: asked again until the answer is sound.

use std::io::{self, BufRead, Read as _, Write};

use crate::render::{self, Style};

/// The longest line that is read.
const LINE: u64 = 64 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    /// Ctrl-D, or whatever fed it is gone.
    #[error(
        "the input ended at this question, and nothing was written\n  fix: answer it, or say it by flags: pinflight init --help"
    )]
    Ended,
    /// No person types that much.
    #[error("the answer is longer than {LINE} bytes, and nothing was written")]
    TooLong,
    /// The terminal is gone.
    #[error("cannot ask: {0}")]
    Broken(#[from] io::Error),
}

/// Whoever asks, and whoever answers.
pub(super) struct Dialogue<'a> {
    pub(super) input: &'a mut dyn BufRead,
    /// Standard error, on a terminal.
    pub(super) out: &'a mut dyn Write,
    pub(super) style: Style,
}

impl Dialogue<'_> {
    /// Says something, a line or more.
    pub(super) fn say(&mut self, indent: usize, text: &str) -> io::Result<()> {
        render::paragraphs(text, indent, &self.style, self.out)
    }

    /// Asks `what`, says what is wrong with an answer that is refused, and asks again. `enter` is what an empty line stands
    /// for, in words.
    pub(super) fn ask<T>(
        &mut self,
        what: &str,
        enter: Option<&str>,
        mut accept: impl FnMut(&str) -> Result<T, String>,
    ) -> Result<T, Unanswered> {
        loop {
            let enter = enter.map(|enter| format!(" [{}]", render::for_terminal(enter))).unwrap_or_default();
            write!(self.out, "{what}{enter}: ")?;
            self.out.flush()?;
            let refused = match self.line()? {
                Ok(line) => match accept(bare(line.trim())) {
                    Ok(answer) => return Ok(answer),
                    Err(refused) => refused,
                },
                Err(refused) => refused.to_owned(),
            };
            self.say(2, &refused)?;
        }
    }

    /// Asks a question that Enter says yes to.
    pub(super) fn confirm(&mut self, what: &str) -> Result<bool, Unanswered> {
        self.ask(what, Some("yes"), |line| match line.to_ascii_lowercase().as_str() {
            "" | "y" | "yes" => Ok(true),
            "n" | "no" => Ok(false),
            _ => Err("neither yes nor no\nfix: write y or n".to_owned()),
        })
    }

    /// One line, or why it is none.
    fn line(&mut self) -> Result<Result<String, &'static str>, Unanswered> {
        let mut bytes = Vec::new();
        self.input.take(LINE).read_until(b'\n', &mut bytes)?;
        if bytes.is_empty() {
            // The cursor stands behind the question.
            self.out.write_all(b"\n")?;
            return Err(Unanswered::Ended);
        }
        if !bytes.ends_with(b"\n") && u64::try_from(bytes.len()).is_ok_and(|length| length == LINE) {
            return Err(Unanswered::TooLong);
        }
        Ok(String::from_utf8(bytes).map_err(|_| "not UTF-8 text\nfix: write it again"))
    }
}

/// Without the quotes that stand in a fix, or that a terminal puts round a path.
fn bare(line: &str) -> &str {
    let within = |quote| line.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(input: &[u8]) -> (Result<String, String>, String) {
        let (mut input, mut out) = (input, Vec::new());
        let mut dialogue = Dialogue { input: &mut input, out: &mut out, style: Style::default() };
        let accept = |line: &str| match line {
            "" => Ok("by default".to_owned()),
            "bad" => Err("not good\nfix: write something else".to_owned()),
            line => Ok(line.to_owned()),
        };
        let answer = dialogue.ask("What", Some("\u{1b}[2J"), accept).map_err(|error| error.to_string());
        (answer, String::from_utf8(out).unwrap())
    }

    const ASKED: &str = "What [\\u{1b}[2J]: ";

    #[test]
    fn it_asks_until_the_answer_is_sound() {
        assert_eq!(asked(b"  good \r\n"), (Ok("good".to_owned()), ASKED.to_owned()));
        assert_eq!(asked(b" \"it's\"\n"), (Ok("it's".to_owned()), ASKED.to_owned()));
        assert_eq!(asked(b"'\n"), (Ok("'".to_owned()), ASKED.to_owned()));
        assert_eq!(asked(b"\n"), (Ok("by default".to_owned()), ASKED.to_owned()));
        let again = format!("{ASKED}  not good\n  fix: write something else\n{ASKED}");
        assert_eq!(asked(b"bad\ngood\n"), (Ok("good".to_owned()), again));
        let again = format!("{ASKED}  not UTF-8 text\n  fix: write it again\n{ASKED}");
        assert_eq!(asked(b"\xff\xfe\ngood\n"), (Ok("good".to_owned()), again));
    }

    #[test]
    fn an_end_of_the_input_is_no_answer() {
        let ended = "the input ended at this question, and nothing was written\n  fix: answer it, or say it by flags: pinflight init --help";
        assert_eq!(asked(b""), (Err(ended.to_owned()), format!("{ASKED}\n")));
        let told = format!("{ASKED}  not good\n  fix: write something else\n{ASKED}\n");
        assert_eq!(asked(b"bad\n"), (Err(ended.to_owned()), told));
        // What was typed before Ctrl-D was pressed twice counts.
        assert_eq!(asked(b"good"), (Ok("good".to_owned()), ASKED.to_owned()));
    }

    #[test]
    fn a_line_without_end_is_not_read_to_its_end() {
        let long = vec![b'x'; 1 << 20];
        let (answer, _) = asked(&long);
        assert!(answer.unwrap_err().starts_with("the answer is longer than 65536 bytes"));
    }

    #[test]
    fn yes_and_no_are_told_from_anything_else() {
        for (input, expected) in [(&b"\n"[..], true), (b"YES\n", true), (b"perhaps\nn\n", false)] {
            let (mut input, mut out) = (input, Vec::new());
            let mut dialogue = Dialogue { input: &mut input, out: &mut out, style: Style::default() };
            assert_eq!(dialogue.confirm("Now").unwrap(), expected);
        }
    }
}
