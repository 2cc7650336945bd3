//! What is added up of a question. Counts and sums alone: the order in which they come makes no difference, and two parts are put together
//! by adding them.

use crate::domain::attempt::Given;
use crate::domain::question::OPTIONS_MAX;
use crate::domain::statistics::Sitting;
use crate::domain::statistics::WHOLE;
use crate::domain::time::Day;

/// Days kept apart, of one question in one round. More: the oldest are put together under the earlier's date.
const DAYS_MAX: usize = 400;

/// Counts and sums of a question, over a day or any other time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Papers on which it was settled.
    pub shown: u32,
    /// With the whole mark.
    pub right: u32,
    /// Of those shown: with any option chosen, with none, when time was up, when the paper was handed in.
    pub answered: u32,
    pub passed: u32,
    pub timed_out: u32,
    pub left: u32,
    /// By the bank's order of options.
    pub options: [u32; OPTIONS_MAX],
    /// Of those answered.
    pub answered_ms: u64,
    /// Of all shown: the sum of marks, and of their squares.
    pub marks: u64,
    pub squares: u64,
}

impl Tally {
    fn add(&mut self, sitting: &Sitting) {
        self.shown += 1;
        self.right += u32::from(sitting.mark == WHOLE);
        match sitting.given {
            Given::Chosen(choices) if choices.is_empty() => self.passed += 1,
            Given::Chosen(_) => {
                self.answered += 1;
                self.answered_ms += u64::from(sitting.elapsed_ms);
            }
            Given::TimedOut => self.timed_out += 1,
            Given::Left => self.left += 1,
        }
        count_options(&mut self.options, sitting);
        self.marks += u64::from(sitting.mark);
        self.squares += u64::from(sitting.mark) * u64::from(sitting.mark);
    }

    pub fn merge(&mut self, more: &Tally) {
        self.shown += more.shown;
        self.right += more.right;
        self.answered += more.answered;
        self.passed += more.passed;
        self.timed_out += more.timed_out;
        self.left += more.left;
        merge_options(&mut self.options, &more.options);
        self.answered_ms += more.answered_ms;
        self.marks += more.marks;
        self.squares += more.squares;
    }
}

/// Of those whose rest of the paper came to the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Of [`crate::domain::statistics::REST_WHOLE`].
    pub rest: u8,
    pub shown: u32,
    pub options: [u32; OPTIONS_MAX],
    pub marks: u64,
}

impl Level {
    fn merge(&mut self, more: &Level) {
        self.shown += more.shown;
        merge_options(&mut self.options, &more.options);
        self.marks += more.marks;
    }
}

/// All that is kept of a question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// In order.
    days: Vec<(Day, Tally)>,
    /// By what the rest came to, ascending; at most 101. Of those that have a rest.
    levels: Vec<Level>,
    /// How often each mark was given to one of these, ascending: a question's marks are few.
    marks: Vec<(u16, u32)>,
}

impl Item {
    pub fn add(&mut self, sitting: &Sitting) {
        at(&mut self.days, sitting.day).add(sitting);
        self.bound();
        let Some(rest) = sitting.rest else { return };
        let level = self.level(rest);
        level.shown += 1;
        level.marks += u64::from(sitting.mark);
        count_options(&mut level.options, sitting);
        *at(&mut self.marks, sitting.mark) += 1;
    }

    pub fn merge(&mut self, more: &Item) {
        for (day, tally) in &more.days {
            at(&mut self.days, *day).merge(tally);
        }
        self.bound();
        for level in &more.levels {
            self.level(level.rest).merge(level);
        }
        for (mark, times) in &more.marks {
            *at(&mut self.marks, *mark) += times;
        }
    }

    pub fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    pub fn days(&self) -> &[(Day, Tally)] {
        &self.days
    }

    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    pub fn marks(&self) -> &[(u16, u32)] {
        &self.marks
    }

    /// Of the days in this span, both ends within.
    pub fn tally(&self, from: Day, to: Day) -> Tally {
        let mut all = Tally::default();
        self.days.iter().filter(|(day, _)| (from..=to).contains(day)).for_each(|(_, tally)| all.merge(tally));
        all
    }

    pub fn total(&self) -> Tally {
        self.tally(Day(i32::MIN), Day(i32::MAX))
    }

    fn level(&mut self, rest: u8) -> &mut Level {
        let place = self.levels.binary_search_by_key(&rest, |level| level.rest).unwrap_or_else(|place| {
            self.levels.insert(place, Level { rest, ..Level::default() });
            place
        });
        &mut self.levels[place]
    }

    fn bound(&mut self) {
        while self.days.len() > DAYS_MAX {
            let (_, second) = self.days.remove(1);
            self.days[0].1.merge(&second);
        }
    }
}

/// The value of this key in a list that is in order.
fn at<K: Ord + Copy, V: Default>(list: &mut Vec<(K, V)>, key: K) -> &mut V {
    // Nearly always the last: days come one after another.
    let last = list.last().is_some_and(|(last, _)| *last == key).then(|| list.len() - 1);
    let place = last.unwrap_or_else(|| {
        list.binary_search_by_key(&key, |(known, _)| *known).unwrap_or_else(|place| {
            list.insert(place, (key, V::default()));
            place
        })
    });
    &mut list[place].1
}

fn count_options(options: &mut [u32; OPTIONS_MAX], sitting: &Sitting) {
    for place in sitting.given.choices().places().take_while(|place| *place < OPTIONS_MAX) {
        options[place] += 1;
    }
}

fn merge_options(options: &mut [u32; OPTIONS_MAX], more: &[u32; OPTIONS_MAX]) {
    options.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}
