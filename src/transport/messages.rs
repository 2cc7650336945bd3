//! What the server says over the socket. Separate types, filled by hand: nothing that holds a key is serialised before it may be.

use crate::contest::keys::Keys;
use crate::contest::seat::FeedbackFacts;
use crate::contest::seat::QuestionFacts;
use crate::contest::seat::Ranks;
use crate::contest::seat::ResultFacts;
use crate::contest::seat::VerdictFacts;
use crate::domain::question::Choices;
use crate::domain::question::Kind;
use crate::domain::question::Media;
use crate::domain::question::Question;
use crate::domain::score::Standing;
use crate::domain::season::Season;
use crate::transport::problem::Problem;
use serde::Serialize;
use serde_json::value::RawValue;

/// A client sends a ping so often.
pub const PING_MS: u32 = 25_000;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage<'a> {
    Welcome {
        participant: Option<ParticipantView>,
        season: &'a str,
        now: i64,
        ping_ms: u32,
        attempt: Option<String>,
        ended: Option<String>,
    },
    Question(QuestionView<'a>),
    Verdict(VerdictView<'a>),
    Result(ResultView<'a>),
    Corrected {
        attempts: Vec<String>,
        text: &'a str,
    },
    Clock {
        attempt: String,
        paused: bool,
        remaining_ms: Option<u32>,
        paper_remaining_ms: Option<u32>,
    },
    Notice {
        level: &'a str,
        text: &'a str,
    },
    Superseded,
    Reconnect {
        after_ms: u64,
    },
    Pong {
        n: i64,
        now: i64,
    },
    Error {
        code: &'a str,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        re: Option<Re<'a>>,
    },
}

impl ServerMessage<'_> {
    pub fn write(&self, bytes: &mut Vec<u8>) {
        // Strings, numbers and lists only, into memory: nothing can fail.
        let _ = serde_json::to_writer(bytes, self);
    }
}

/// What an error answers.
#[derive(Clone, Debug, Serialize)]
pub struct Re<'a> {
    pub r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u32>,
}

impl<'a> ServerMessage<'a> {
    pub fn error(problem: &'a Problem, re: Option<Re<'a>>) -> ServerMessage<'a> {
        let Problem { code, message, retry_after_ms, .. } = problem;
        ServerMessage::Error { code, message, retry_after_ms: *retry_after_ms, re }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct ParticipantView {
    pub id: String,
    pub name: String,
    pub city: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub county: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

#[derive(Serialize)]
pub struct QuestionView<'a> {
    attempt: String,
    seq: u32,
    of: u32,
    kind: Kind,
    stem: &'a RawValue,
    options: Vec<&'a RawValue>,
    media: Option<MediaView<'a>>,
    points: u32,
    limit_ms: Option<u32>,
    remaining_ms: Option<u32>,
    paper_remaining_ms: Option<u32>,
    /// The next question's picture, by a name that tells nothing, so that it is there when its question opens.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    prefetch: Vec<String>,
}

#[derive(Serialize)]
pub struct MediaView<'a> {
    url: String,
    width: u32,
    height: u32,
    alt: &'a str,
}

impl<'a> MediaView<'a> {
    pub fn of(media: &'a Media) -> MediaView<'a> {
        MediaView { url: format!("/media/{}", media.file), width: media.width, height: media.height, alt: &media.alt }
    }
}

impl<'a> QuestionView<'a> {
    pub fn of(facts: &'a QuestionFacts, keys: &Keys) -> QuestionView<'a> {
        let question: &'a Question = facts.period.bank.question(facts.index);
        let texts = facts.period.texts(facts.index);
        let next = facts.next.and_then(|index| facts.period.bank.question(index).media.as_ref());
        QuestionView {
            attempt: keys.attempt(facts.attempt),
            seq: facts.seq,
            of: facts.of,
            kind: question.kind,
            stem: &texts.stem,
            options: facts.order.places().map(|place| texts.options[place].as_ref()).collect(),
            media: question.media.as_ref().map(MediaView::of),
            points: facts.points,
            limit_ms: facts.period.round.limits.question_ms,
            remaining_ms: facts.remaining_ms,
            paper_remaining_ms: facts.paper_remaining_ms,
            prefetch: next.map(|media| MediaView::of(media).url).into_iter().collect(),
        }
    }
}

#[derive(Serialize)]
pub struct VerdictView<'a> {
    attempt: String,
    seq: u32,
    received: bool,
    timed_out: bool,
    answered: u32,
    last: bool,
    #[serde(flatten)]
    feedback: Option<FeedbackView<'a>>,
}

#[derive(Serialize)]
struct FeedbackView<'a> {
    correct: bool,
    points: u32,
    score: u32,
    key: Vec<usize>,
    /// Each answer that is right, where a correction accepts several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    accepted: Vec<Vec<usize>>,
    explanation: &'a str,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
}

impl<'a> VerdictView<'a> {
    pub fn of(facts: &'a VerdictFacts, keys: &Keys) -> VerdictView<'a> {
        VerdictView {
            attempt: keys.attempt(facts.attempt),
            seq: facts.seq,
            received: !facts.timed_out,
            timed_out: facts.timed_out,
            answered: facts.seq,
            last: facts.last,
            feedback: facts.feedback.as_ref().map(FeedbackView::of),
        }
    }
}

impl<'a> FeedbackView<'a> {
    fn of(facts: &'a FeedbackFacts) -> FeedbackView<'a> {
        let question = facts.period.bank.question(facts.index);
        FeedbackView {
            correct: facts.correct,
            points: facts.points,
            score: facts.score,
            key: places(facts.order.to_shown(facts.key)),
            accepted: facts.accepted.iter().map(|answer| places(facts.order.to_shown(*answer))).collect(),
            explanation: &question.explanation,
            source: &question.source,
            link: question.link.as_deref(),
        }
    }
}

pub fn places(choices: Choices) -> Vec<usize> {
    choices.places().collect()
}

#[derive(Serialize)]
pub struct ResultView<'a> {
    attempt: String,
    round: &'a str,
    score: u32,
    correct: u32,
    of: u32,
    elapsed_ms: u64,
    counted: bool,
    best: Option<BestView>,
    ranks: Option<BothRanks>,
    receipt: String,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct BestView {
    pub score: u32,
    pub elapsed_ms: u64,
}

impl BestView {
    pub fn of(standing: Standing) -> BestView {
        BestView { score: standing.score, elapsed_ms: standing.elapsed_ms }
    }
}

#[derive(Serialize)]
struct BothRanks {
    round: RanksView,
    season: RanksView,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct RanksView {
    region: u64,
    city: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    county: Option<u64>,
}

impl RanksView {
    pub fn of(ranks: Ranks) -> RanksView {
        RanksView { region: ranks.region, city: ranks.city, county: ranks.county }
    }
}

impl<'a> ResultView<'a> {
    pub fn of(facts: &ResultFacts, season: &'a Season, keys: &Keys, receipt: String) -> ResultView<'a> {
        let ranks =
            facts.ranks.map(|(round, season)| BothRanks { round: RanksView::of(round), season: RanksView::of(season) });
        ResultView {
            attempt: keys.attempt(facts.attempt),
            round: season.round(facts.round).id.as_str(),
            score: facts.score,
            correct: facts.correct,
            of: facts.of,
            elapsed_ms: facts.elapsed_ms,
            counted: facts.counted,
            best: facts.best.map(BestView::of),
            ranks,
            receipt,
        }
    }
}
