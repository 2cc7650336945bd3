//! The measures themselves, as Moodle's quiz statistics define them (docs/statistics.md names the source): exact sums first, a fraction last.

use crate::domain::statistics::Item;
use crate::domain::statistics::Level;
use crate::domain::statistics::Tally;
use crate::domain::statistics::WHOLE;

/// 27%: the groups of the best and of the weakest (Kelley 1939).
const GROUP_PERCENT: u64 = 27;
/// With fewer papers the two groups are nobody to speak of.
const GROUPS_MIN: u64 = 10;

/// What is told of a question. Fractions are of 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measures {
    pub tally: Tally,
    /// 难度: the mean mark, of the full one. 1: everybody is right.
    pub facility: Option<f64>,
    /// Of the marks, of the full one; of a sample (n − 1).
    pub sd: Option<f64>,
    /// 区分度: the correlation of the question's mark with what the rest of the paper came to.
    pub discrimination_index: Option<f64>,
    /// 区分效率: their covariance, of the greatest that these marks and these rests could have.
    pub discriminative_efficiency: Option<f64>,
    /// By the bank's order of options, eight.
    pub options: Vec<Share>,
    /// How many papers are in each of the two groups; 0: too few for groups.
    pub group: u64,
    pub mean_ms: Option<u64>,
}

/// Of those to whom a question was shown, how many chose an option: of all, of the best 27% and of the weakest 27% by the rest of their paper.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Share {
    pub all: Option<f64>,
    pub top: Option<f64>,
    pub bottom: Option<f64>,
}

impl Measures {
    /// Of all that was added up.
    pub fn of(item: &Item) -> Measures {
        let mut measures = Measures::of_tally(item.total());
        let pairs = Pairs::of(item);
        measures.discrimination_index = pairs.correlation();
        measures.discriminative_efficiency = pairs.efficiency(item);
        let (group, top) = group_of(item.levels().iter().rev(), pairs.n);
        let (_, bottom) = group_of(item.levels().iter(), pairs.n);
        measures.group = group;
        if group > 0 {
            for (place, share) in measures.options.iter_mut().enumerate() {
                (share.top, share.bottom) = (Some(top[place]), Some(bottom[place]));
            }
        }
        measures
    }

    /// What needs no rest of the paper.
    pub fn of_tally(tally: Tally) -> Measures {
        let n = u64::from(tally.shown);
        let share = |count: u32| Share { all: ratio(u64::from(count), n), ..Share::default() };
        Measures {
            facility: ratio(tally.marks, n * u64::from(WHOLE)),
            sd: deviation(n, tally.marks, tally.squares),
            options: tally.options.iter().map(|count| share(*count)).collect(),
            // Rounded half up.
            mean_ms: (tally.answered > 0)
                .then(|| (2 * tally.answered_ms + u64::from(tally.answered)) / (2 * u64::from(tally.answered))),
            tally,
            ..Measures::default()
        }
    }
}

/// Sums over marks x and rests y of the same papers. Products of n and a sum are far within 128 bits.
#[derive(Clone, Copy, Debug, Default)]
struct Pairs {
    n: u64,
    x: i128,
    xx: i128,
    y: i128,
    yy: i128,
    xy: i128,
}

impl Pairs {
    fn of(item: &Item) -> Pairs {
        let mut pairs = Pairs::default();
        for (mark, times) in item.marks() {
            let (mark, times) = (i128::from(*mark), i128::from(*times));
            pairs.x += mark * times;
            pairs.xx += mark * mark * times;
        }
        for level in item.levels() {
            let (rest, shown) = (i128::from(level.rest), i128::from(level.shown));
            pairs.n += u64::from(level.shown);
            pairs.y += rest * shown;
            pairs.yy += rest * rest * shown;
            pairs.xy += rest * i128::from(level.marks);
        }
        pairs
    }

    /// n² times the covariance of the population; that of the sample is in the same proportion to everything it is divided by.
    fn covariance(&self) -> i128 {
        i128::from(self.n) * self.xy - self.x * self.y
    }

    fn correlation(&self) -> Option<f64> {
        let n = i128::from(self.n);
        let (of_x, of_y) = (n * self.xx - self.x * self.x, n * self.yy - self.y * self.y);
        (self.n > 1 && of_x > 0 && of_y > 0)
            .then(|| self.covariance() as f64 / ((of_x as f64).sqrt() * (of_y as f64).sqrt()))
    }

    fn efficiency(&self, item: &Item) -> Option<f64> {
        let greatest = i128::from(self.n) * greatest_product(item) - self.x * self.y;
        (self.n > 1 && greatest > 0).then(|| self.covariance() as f64 / greatest as f64)
    }
}

/// Σxy were the best marks those of the best rests: both in ascending order, one by one.
fn greatest_product(item: &Item) -> i128 {
    let mut marks = item.marks().iter().copied();
    let (mut mark, mut times) = marks.next().unwrap_or_default();
    let mut sum = 0;
    for level in item.levels() {
        let mut shown = level.shown;
        while shown > 0 {
            if times == 0 {
                // As many marks as rests: the sums are of the same papers.
                let Some(next) = marks.next() else { return sum };
                (mark, times) = next;
            }
            let together = shown.min(times);
            sum += i128::from(mark) * i128::from(level.rest) * i128::from(together);
            shown -= together;
            times -= together;
        }
    }
    sum
}

/// How many are in a group, and the share of them that chose each option. Where the last place falls among equals, all of these count in part.
fn group_of<'a>(levels: impl Iterator<Item = &'a Level>, n: u64) -> (u64, Vec<f64>) {
    let mut shares = vec![0.0; 8];
    if n < GROUPS_MIN {
        return (0, shares);
    }
    let group = (2 * n * GROUP_PERCENT + 100) / 200;
    let mut left = group;
    for level in levels {
        let shown = u64::from(level.shown);
        let taken = left.min(shown);
        left -= taken;
        for (share, count) in shares.iter_mut().zip(level.options) {
            *share += f64::from(count) * taken as f64 / shown as f64;
        }
        if left == 0 {
            break;
        }
    }
    shares.iter_mut().for_each(|share| *share /= group as f64);
    (group, shares)
}

fn deviation(n: u64, sum: u64, squares: u64) -> Option<f64> {
    if n < 2 {
        return None;
    }
    let spread = u128::from(n) * u128::from(squares) - u128::from(sum) * u128::from(sum);
    Some((spread as f64 / (n as f64 * (n - 1) as f64)).sqrt() / f64::from(WHOLE))
}

fn ratio(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}
