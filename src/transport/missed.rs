//! `GET /missed`: the week's ten most missed questions, of weeks that are over and as far as the rounds' feedback lets everybody know the answers.

use crate::domain::season::Season;
use crate::domain::time::Day;
use crate::domain::time::Timestamp;
use crate::office::statistics::Missed;
use crate::office::statistics::MissedQuestion;
use crate::office::statistics::Statistics;
use crate::transport::messages::MediaView;
use crate::transport::packed::Packed;
use serde::Serialize;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

/// The answers, made when what was counted has changed: anybody may ask, and each is sent as it is.
#[derive(Default)]
pub struct MissedViews(Mutex<Option<Kept>>);

struct Kept {
    of: Arc<Vec<Missed>>,
    /// By Monday, the newest first.
    weeks: Vec<(String, Arc<Packed>)>,
    none: Arc<Packed>,
}

impl MissedViews {
    /// The week that begins on this Monday, or the newest; `None`: nothing is told of it.
    pub fn view(&self, statistics: &Statistics, season: &Season, monday: Option<&str>) -> Option<Arc<Packed>> {
        let of = statistics.missed();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let current = kept.take().filter(|kept| Arc::ptr_eq(&kept.of, &of)).unwrap_or_else(|| Kept::of(of, season));
        let view = match monday {
            Some(monday) => current.weeks.iter().find(|(known, _)| known == monday).map(|(_, view)| Arc::clone(view)),
            None => Some(current.weeks.first().map_or_else(|| Arc::clone(&current.none), |(_, view)| Arc::clone(view))),
        };
        *kept = Some(current);
        view
    }
}

impl Kept {
    fn of(of: Arc<Vec<Missed>>, season: &Season) -> Kept {
        let mondays: Vec<String> = of.iter().map(|missed| missed.week.monday().date().to_string()).collect();
        let weeks = of.iter().map(|missed| packed(&mondays, Some(WeekView::of(missed, season)))).collect::<Vec<_>>();
        let none = packed(&mondays, None);
        Kept { weeks: mondays.into_iter().zip(weeks).collect(), none, of }
    }
}

fn packed(weeks: &[String], week: Option<WeekView<'_>>) -> Arc<Packed> {
    let body = serde_json::to_vec(&MissedView { weeks, week }).unwrap_or_default();
    Arc::new(Packed::of(body.into(), "application/json"))
}

#[derive(Serialize)]
struct MissedView<'a> {
    /// The Mondays of the weeks of which something is told, the newest first.
    weeks: &'a [String],
    /// Null while nothing is told of any.
    week: Option<WeekView<'a>>,
}

#[derive(Serialize)]
struct WeekView<'a> {
    /// Its Monday.
    id: String,
    from: i64,
    /// Exclusive.
    to: i64,
    /// The most missed first.
    questions: Vec<MissedQuestionView<'a>>,
}

impl<'a> WeekView<'a> {
    fn of(missed: &'a Missed, season: &Season) -> WeekView<'a> {
        let monday = missed.week.monday();
        let start = |day: Day| -> Timestamp { season.time_zone.start_of(day) };
        WeekView {
            id: monday.date().to_string(),
            from: start(monday).0,
            to: start(Day(monday.0 + 7)).0,
            questions: missed.questions.iter().map(MissedQuestionView::of).collect(),
        }
    }
}

/// With its key: made of nothing but what [`Statistics::missed`] lets be told.
#[derive(Serialize)]
struct MissedQuestionView<'a> {
    question: &'a str,
    kind: &'static str,
    topic: &'a str,
    stem: &'a str,
    /// In the bank's order.
    options: &'a [String],
    media: Option<MediaView<'a>>,
    key: Vec<usize>,
    shown: u32,
    /// How many did not answer it wholly right.
    missed: u32,
    explanation: &'a str,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
}

impl<'a> MissedQuestionView<'a> {
    fn of(missed: &'a MissedQuestion) -> MissedQuestionView<'a> {
        let question = missed.row.question();
        MissedQuestionView {
            question: question.id.as_str(),
            kind: question.kind.code(),
            topic: &question.topic,
            stem: &question.stem,
            options: &question.options,
            media: question.media.as_ref().map(MediaView::of),
            key: missed.row.right.places().collect(),
            shown: missed.tally.shown,
            missed: missed.tally.shown - missed.tally.right,
            explanation: &question.explanation,
            source: &question.source,
            link: question.link.as_deref(),
        }
    }
}
