//! One axis of time for several certificates.

use pinflight_checks::time::Timestamp;

const YEAR: i64 = 365 * 86_400;
/// How far the axis reaches before and after the moment judged for, unless a certificate ends or begins further away.
const BEFORE: i64 = 2 * YEAR;
const AFTER: i64 = 4 * YEAR;
/// How far it reaches at all: a certificate may claim to last for eight thousand years.
const FARTHEST: i64 = 40 * YEAR;

/// From one moment to another, in so many columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    from: i64,
    to: i64,
    now: i64,
    width: usize,
}

impl Axis {
    /// Long enough that each span shows where it begins or ends, if that is near.
    pub(super) fn of(
        spans: impl Iterator<Item = (Timestamp, Timestamp)> + Clone,
        now: Timestamp,
        width: usize,
    ) -> Self {
        let now = now.0;
        let near = |moment: i64| moment.clamp(now.saturating_sub(FARTHEST), now.saturating_add(FARTHEST));
        let first = spans.clone().map(|(from, _)| from.0).min().unwrap_or(now);
        let last = spans.clone().map(|(_, to)| to.0).max().unwrap_or(now);
        // Whatever ended long ago, or begins far ahead, is still on the axis.
        let earliest_end = spans.clone().map(|(_, to)| to.0).min().unwrap_or(now);
        let latest_begin = spans.map(|(from, _)| from.0).max().unwrap_or(now);
        let from = first.max(now.saturating_sub(BEFORE)).min(earliest_end.saturating_sub(YEAR / 2)).min(now);
        let to = last.min(now.saturating_add(AFTER)).max(latest_begin.saturating_add(YEAR / 2)).max(now);
        let (from, to) = (near(from.max(first.min(now))), near(to.min(last.max(now))));
        Self { from, to: to.max(from.saturating_add(1)), now, width: width.max(1) }
    }

    /// The column of a moment; moments beyond the axis stand at its ends.
    fn column(&self, moment: i64) -> usize {
        let offset = i128::from(moment.clamp(self.from, self.to) - self.from);
        let width = i128::try_from(self.width).unwrap_or(1);
        let column = offset * width / i128::from((self.to - self.from).max(1));
        usize::try_from(column).unwrap_or(0).min(self.width - 1)
    }

    /// A span as filled columns, never less than one; `<` and `>` where it goes on; a line at the moment judged for.
    pub(super) fn bar(&self, from: Timestamp, to: Timestamp, unicode: bool) -> String {
        let (filled, empty, now) = if unicode { ('█', '·', '┃') } else { ('#', '.', '|') };
        let (first, last) = (self.column(from.0), self.column(to.0));
        let judged = self.column(self.now);
        let cell = |at: usize| match at {
            at if at == judged => now,
            0 if from.0 < self.from && last > 0 => '<',
            at if at + 1 == self.width && to.0 > self.to && first < at => '>',
            at if (first..=last).contains(&at) => filled,
            _ => empty,
        };
        (0..self.width).map(cell).collect()
    }

    /// The days at both ends, and a word where the moment judged for is, if there is room between them.
    pub(super) fn labels(&self, word: &str) -> String {
        let end = |at: i64| if at == self.now { word.to_owned() } else { Timestamp(at).day() };
        let (from, to) = (end(self.from), end(self.to));
        let mut line = vec![' '; self.width];
        let mut put = |at: usize, text: &str| {
            let end = at + text.chars().count();
            let around = line.get(at.saturating_sub(1)..(end + 1).min(self.width)).unwrap_or_default();
            if end <= self.width && !around.is_empty() && around.iter().all(|c| *c == ' ') {
                line.iter_mut().skip(at).zip(text.chars()).for_each(|(cell, c)| *cell = c);
            }
        };
        let length = word.chars().count();
        put(0, &from);
        put(self.width.saturating_sub(to.chars().count()), &to);
        put(self.column(self.now).saturating_sub(length / 2).min(self.width.saturating_sub(length)), word);
        line.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(from: i64, to: i64) -> (Timestamp, Timestamp) {
        (Timestamp(from * 86_400), Timestamp(to * 86_400))
    }

    #[test]
    fn a_span_is_drawn_where_it_is() {
        let spans = [days(-100, 100), days(-50, 50)];
        let axis = Axis::of(spans.into_iter(), Timestamp(0), 20);
        assert_eq!(axis.bar(spans[0].0, spans[0].1, false), "##########|#########");
        assert_eq!(axis.bar(spans[1].0, spans[1].1, false), ".....#####|#####....");
        assert_eq!(axis.bar(spans[1].0, spans[1].1, true), "·····█████┃█████····");
        assert_eq!(axis.labels("now"), "1969-09-23          ");
    }

    #[test]
    fn what_goes_on_says_so_and_what_is_short_is_still_there() {
        let spans = [days(-10_000, 10_000), days(-3, 3), days(-5_000, -4_990)];
        let axis = Axis::of(spans.into_iter(), Timestamp(0), 40);
        assert_eq!(axis.bar(spans[0].0, spans[0].1, false), "<##############################|#######>");
        assert!(axis.bar(spans[2].0, spans[2].1, false).contains('#'));
        assert_eq!(axis.labels("now").trim_end().len(), 40);
    }

    #[test]
    fn times_out_of_all_reason_are_drawn_too() {
        for spans in [
            [(Timestamp(i64::MIN), Timestamp(i64::MAX))],
            [(Timestamp(i64::MAX), Timestamp(i64::MIN))],
            [(Timestamp(0), Timestamp(0))],
            [(Timestamp(i64::MAX), Timestamp(i64::MAX))],
        ] {
            for now in [Timestamp(0), Timestamp(1_795_000_000), Timestamp(253_402_300_799), Timestamp(i64::MAX)] {
                for width in [1, 10, 100] {
                    let axis = Axis::of(spans.into_iter(), now, width);
                    assert_eq!(axis.bar(spans[0].0, spans[0].1, true).chars().count(), width);
                    assert_eq!(axis.labels("now").chars().count(), width);
                }
            }
        }
    }
}
