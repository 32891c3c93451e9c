//! Rows and columns without rules: two spaces between columns, cells wrapped, the widest column gives way first.

use std::io;

use super::text::{Sheet, Text, indent};

const GAP: usize = 2;
/// No column gets narrower while another is wider.
const FLOOR: usize = 4;
/// A word that may be cut rather than a short one.
const LONG: usize = 16;
/// The longest piece of a cell, in characters.
const CELL: usize = 120;
/// What the column that yields first keeps until the others yield too.
const MODEST: usize = 16;

/// A table; every row has as many cells as the first.
#[derive(Debug, Default)]
pub(super) struct Grid {
    rows: Vec<Vec<Text>>,
    yielding: Option<usize>,
}

impl Grid {
    /// A table whose column `at` wraps before any other does.
    pub fn yielding(at: usize) -> Self {
        Self { rows: Vec::new(), yielding: Some(at) }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl Into<Vec<Text>>) {
        self.rows.push(cells.into().into_iter().map(|cell| cell.capped(CELL)).collect());
    }

    /// Writes it.
    pub fn write(&self, by: usize, sheet: &mut Sheet<'_>) -> io::Result<()> {
        let unicode = sheet.style.unicode;
        let widths = self.widths(sheet.style.columns().saturating_sub(by), unicode);
        for row in &self.rows {
            let cells: Vec<_> =
                row.iter().zip(&widths).map(|(cell, width)| (*width, cell.wrap(*width, unicode))).collect();
            let height = cells.iter().map(|(_, lines)| lines.len()).max().unwrap_or(0);
            for number in 0..height {
                // Padding is owed until something follows it, so that no line ends in spaces.
                let mut owed = by;
                for (width, lines) in &cells {
                    let line = lines.get(number).filter(|line| line.width() > 0);
                    let used = line.map_or(0, super::text::Line::width);
                    if let Some(line) = line {
                        indent(sheet.out, owed)?;
                        line.write(sheet.style, sheet.out)?;
                        owed = 0;
                    }
                    owed += width.saturating_sub(used) + GAP;
                }
                sheet.out.write_all(b"\n")?;
            }
        }
        Ok(())
    }

    fn widths(&self, room: usize, unicode: bool) -> Vec<usize> {
        let count = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut widths = vec![0; count];
        let mut words = vec![0; count];
        for (at, cell) in self.rows.iter().flat_map(|row| row.iter().enumerate()) {
            let (line, word) = cell.measure(unicode);
            widen(&mut widths, at, line);
            widen(&mut words, at, word);
        }
        let room = room.saturating_sub(GAP * count.saturating_sub(1));
        if let Some(at) = self.yielding {
            let others: usize =
                widths.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, width)| width).sum();
            if let Some(width) = widths.get_mut(at) {
                *width = room.saturating_sub(others).max(MODEST).min(*width);
            }
        }
        // First between words, then through long ones, then through all.
        shrink(&mut widths, room, &words);
        shrink(&mut widths, room, &words.iter().map(|word| LONG.min(*word)).collect::<Vec<_>>());
        shrink(&mut widths, room, &vec![FLOOR; count]);
        widths
    }
}

fn widen(widths: &mut [usize], at: usize, to: usize) {
    if let Some(width) = widths.get_mut(at) {
        *width = to.max(*width);
    }
}

fn shrink(widths: &mut [usize], room: usize, floors: &[usize]) {
    let mut excess = widths.iter().sum::<usize>().saturating_sub(room);
    while excess > 0 {
        let open = widths.iter_mut().zip(floors).filter(|(width, floor)| **width > **floor);
        let Some((widest, _)) = open.max_by_key(|(width, _)| **width) else { return };
        *widest -= 1;
        excess -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_column_gives_way_and_words_break_last() {
        for (mut widths, words, room, expected) in [
            (vec![4, 40], vec![4, 10], 44, vec![4, 40]),
            (vec![4, 40], vec![4, 10], 24, vec![4, 20]),
            (vec![20, 40], vec![20, 10], 30, vec![20, 10]),
        ] {
            shrink(&mut widths, room, &words);
            assert_eq!(widths, expected);
        }
        let mut widths = vec![20, 40];
        shrink(&mut widths, 20, &[FLOOR, FLOOR]);
        assert_eq!(widths, [10, 10]);
    }
}
