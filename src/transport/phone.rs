//! What a phone asks over its socket, and what it is told: the messages, without the line that they go over.

use crate::contest::meet::Presence;
use crate::contest::meet::Superseded;
use crate::contest::play::Answered;
use crate::contest::refusal::Refusal;
use crate::contest::seat::News;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::question::Choices;
use crate::domain::time::Timestamp;
use crate::transport::audience::SeatAt;
use crate::transport::board_view::BoardName;
use crate::transport::line::Heard;
use crate::transport::line::Outgoing;
use crate::transport::line::Voice;
use crate::transport::me;
use crate::transport::messages::PING_MS;
use crate::transport::messages::Re;
use crate::transport::messages::ServerMessage;
use crate::transport::messages::VerdictView;
use crate::transport::problem::Problem;
use crate::transport::problem::close;
use crate::transport::state::App;
use crate::transport::wire::BAD_MESSAGES_MAX;
use crate::transport::wire::ClientMessage;
use crate::transport::wire::Watched;
use futures_util::future::BoxFuture;
use std::hash::DefaultHasher;
use std::hash::Hasher;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

/// At most so many answers wait for the commit of one to the same question; one more is `busy`.
const LATER_MAX: usize = 8;
/// At most so many boards a socket; one more is refused.
const WATCHED_MAX: usize = 8;

pub struct Phone {
    app: Arc<App>,
    address: IpAddr,
    party: Party,
    bad_messages: u8,
    watching: Option<Box<Watching>>,
    waiting: Option<Box<Waiting>>,
}

/// Why the socket ends, with the close code where there is one to send.
pub enum Gone {
    Closed,
    Close(u16, &'static str),
}

/// Who is at the other end.
enum Party {
    Stranger,
    Spectator,
    Participant(Box<Seated>),
}

struct Seated {
    presence: Presence,
    /// False while the hello waits for a commit that is under way.
    welcomed: bool,
    awaited: Option<Awaited>,
}

/// The answer whose verdict comes next on this socket.
struct Awaited {
    /// From 1, as in a question.
    seq: NonZeroU32,
    /// Of its text: the same once more is answered by the same verdict.
    mark: Option<NonZeroU64>,
    /// When it came, in microseconds of the clock.
    came_us: u64,
}

/// The boards that are watched. Their changes are told by the audience's sweeps.
struct Watching {
    boards: Vec<Watch>,
}

struct Watch {
    board: BoardName,
    /// The revision that was told when it was asked for.
    told: u64,
    /// `None` until that has been said: a sweep must not come before it.
    seat: Option<SeatAt>,
}

/// Answers that are judged later. Rare: an answer that was changed, or sent again from elsewhere.
#[derive(Default)]
struct Waiting {
    /// An answer to the same question is being committed: they are asked again after that.
    later: Vec<Answer>,
    /// Only the ledger knows.
    past: Vec<(ParticipantId, Answer)>,
    asking: Option<BoxFuture<'static, Vec<u8>>>,
}

#[derive(Clone, Copy)]
struct Answer {
    attempt: AttemptId,
    seq: u32,
    shown: Option<Choices>,
}

impl Phone {
    pub fn new(app: Arc<App>, address: IpAddr) -> Phone {
        Phone { app, address, party: Party::Stranger, bad_messages: 0, watching: None, waiting: None }
    }

    /// Nobody has said hello yet.
    pub fn is_stranger(&self) -> bool {
        matches!(self.party, Party::Stranger)
    }

    /// A `welcome` has been said.
    pub fn is_welcomed(&self) -> bool {
        match &self.party {
            Party::Stranger => false,
            Party::Spectator => true,
            Party::Participant(seated) => seated.welcomed,
        }
    }

    /// # Errors
    /// The socket has to close.
    pub fn hear(&mut self, heard: Heard<'_>, now: Timestamp, waker: &Waker, out: &mut Outgoing) -> Result<(), Gone> {
        match heard {
            Heard::Text(text) => self.take(text, now, waker, out),
            Heard::Pieced(text) => self.take(&text, now, waker, out),
            Heard::Binary => self.bad_message("请用文本帧", out),
            Heard::Control => match self.over_limit() {
                None => Ok(()),
                Some(problem) => {
                    out.text(|bytes| ServerMessage::error(&problem, None).write(bytes));
                    Err(Gone::Close(close::POLICY, "too many control frames"))
                }
            },
            Heard::Close => Err(Gone::Closed),
        }
    }

    /// `Some`: too many messages of this participant, or of a spectator's network.
    fn over_limit(&self) -> Option<Problem> {
        let admitted = match &self.party {
            Party::Participant(seated) => self.app.admission.participant(seated.presence.seat.participant),
            Party::Stranger | Party::Spectator => self.app.admission.network(self.address),
        };
        admitted.err()
    }

    /// Does what a text frame asks for.
    fn take(&mut self, text: &str, now: Timestamp, waker: &Waker, out: &mut Outgoing) -> Result<(), Gone> {
        let over_limit = self.over_limit();
        if over_limit.is_none() && self.awaited().is_some_and(|awaited| awaited.mark == Some(mark(text))) {
            // The verdict that is under way answers it too: it has not been told yet, and is the same.
            return Ok(());
        }
        let message = match ClientMessage::read(text) {
            Ok(message) => message,
            Err(why) => return self.bad_message(&why, out),
        };
        let seq = if let ClientMessage::Answer { seq, .. } = &message { Some(*seq) } else { None };
        let re = Re { r#type: message.kind(), seq };
        let awaited_before = self.awaits_verdict();
        let done = match over_limit {
            Some(problem) => Err(problem),
            None => self.act(message, now, waker, out),
        };
        if let Party::Participant(seated) = &mut self.party
            && let Some(awaited) = seated.awaited.as_mut().filter(|_| !awaited_before)
        {
            awaited.mark = Some(mark(text));
        }
        if let Err(problem) = done {
            self.refuse(&problem.over_the_socket(), re, out);
        }
        Ok(())
    }

    fn refuse(&self, problem: &Problem, re: Re<'_>, out: &mut Outgoing) {
        self.app.meters.refused(problem.code);
        out.text(|bytes| ServerMessage::error(problem, Some(re)).write(bytes));
    }

    fn bad_message(&mut self, why: &str, out: &mut Outgoing) -> Result<(), Gone> {
        self.bad_messages += 1;
        let problem = Problem::bad_message(why);
        self.app.meters.refused(problem.code);
        out.text(|bytes| ServerMessage::error(&problem, None).write(bytes));
        if self.bad_messages >= BAD_MESSAGES_MAX {
            return Err(Gone::Close(close::POLICY, "too many bad messages"));
        }
        Ok(())
    }

    fn act(
        &mut self,
        message: ClientMessage<'_>,
        now: Timestamp,
        waker: &Waker,
        out: &mut Outgoing,
    ) -> Result<(), Problem> {
        match message {
            ClientMessage::Hello { token } => self.hello(token.as_deref(), now, waker, out),
            _ if self.is_stranger() => Err(Problem::hello_first()),
            ClientMessage::Ping { n } => {
                out.text(|bytes| ServerMessage::Pong { n, now: now.0 }.write(bytes));
                Ok(())
            }
            ClientMessage::Watch(watched) => self.watch(&watched, out),
            ClientMessage::Unwatch(watched) => self.unwatch(&watched),
            ClientMessage::Start { round } => self.play(|app, presence| app.contest.start(&presence.seat, &round, now)),
            ClientMessage::Next { attempt } => {
                let attempt = self.app.contest.keys.attempt_of(&attempt);
                self.play(|app, presence| {
                    app.contest.next(&presence.seat, attempt.ok_or(Refusal::UnknownAttempt)?, now)
                })
            }
            ClientMessage::Finish { attempt } => {
                let attempt = self.app.contest.keys.attempt_of(&attempt);
                self.play(|app, presence| {
                    app.contest.finish(&presence.seat, attempt.ok_or(Refusal::UnknownAttempt)?, now)
                })
            }
            ClientMessage::Answer { attempt, seq, choices } => {
                let Some(attempt) = self.app.contest.keys.attempt_of(&attempt) else {
                    return self.play(|_, _| Err(Refusal::UnknownAttempt));
                };
                self.answer(Answer { attempt, seq, shown: choices.0 }, now, out)
            }
        }
    }

    fn play(&self, act: impl FnOnce(&App, &Presence) -> Result<(), Refusal>) -> Result<(), Problem> {
        let Party::Participant(seated) = &self.party else { return Err(Problem::participants_only()) };
        act(&self.app, &seated.presence).map_err(|refusal| Problem::of(&refusal, &self.app.contest.season.time_zone))
    }

    fn answer(&mut self, answer: Answer, now: Timestamp, out: &mut Outgoing) -> Result<(), Problem> {
        let Party::Participant(seated) = &mut self.party else { return Err(Problem::participants_only()) };
        let (app, seat) = (&self.app, &seated.presence.seat);
        let Answer { attempt, seq, shown } = answer;
        let awaited = seated.awaited.as_ref().is_some_and(|awaited| awaited.seq.get() == seq);
        let full = self.waiting.as_ref().is_some_and(|waiting| waiting.later.len() >= LATER_MAX);
        let answered = match (full, awaited) {
            (true, _) => Err(Refusal::Busy),
            // To the same question, in other words: judged once the verdict has been told.
            (false, true) => Ok(Answered::Waiting),
            (false, false) => app.contest.answer(seat, attempt, seq, shown, now),
        };
        match answered {
            Ok(Answered::Settling) => {
                app.meters.answers.inc();
                let came_us = app.contest.clock.ticks_us();
                seated.awaited = NonZeroU32::new(seq).map(|seq| Awaited { seq, mark: None, came_us });
            }
            Ok(Answered::Again(verdict)) => {
                let view = VerdictView::of(&verdict, &app.contest.keys);
                out.text(|bytes| ServerMessage::Verdict(view).write(bytes));
            }
            Ok(Answered::Waiting) => self.waiting.get_or_insert_default().later.push(answer),
            Ok(Answered::Past) => {
                self.waiting.get_or_insert_default().past.push((seat.participant, answer));
            }
            Err(refusal) => return Err(Problem::of(&refusal, &app.contest.season.time_zone)),
        }
        Ok(())
    }

    fn hello(&mut self, token: Option<&str>, now: Timestamp, waker: &Waker, out: &mut Outgoing) -> Result<(), Problem> {
        let contest = &self.app.contest;
        let Some(token) = token else {
            self.party = Party::Spectator;
            self.welcome(None, None, None, now, out);
            return Ok(());
        };
        let Some(participant) = self.app.accounts.of_token(token) else {
            self.app.admission.wrong_secret(self.address)?;
            return Err(Problem::unknown_token());
        };
        // The seat is left before it is taken anew, where this socket said hello before.
        self.party = Party::Stranger;
        let presence = contest.hello(participant, waker);
        self.party = Party::Participant(Box::new(Seated { presence, welcomed: false, awaited: None }));
        tracing::debug!(participant = contest.keys.participant(participant), "a phone says hello");
        Ok(())
    }

    /// Who has said hello.
    pub(crate) fn participant(&self) -> Option<ParticipantId> {
        match &self.party {
            Party::Participant(seated) => Some(seated.presence.seat.participant),
            Party::Stranger | Party::Spectator => None,
        }
    }

    fn welcome(
        &self,
        participant: Option<ParticipantId>,
        attempt: Option<AttemptId>,
        ended: Option<AttemptId>,
        now: Timestamp,
        out: &mut Outgoing,
    ) {
        let contest = &self.app.contest;
        let welcome = ServerMessage::Welcome {
            participant: participant.and_then(|participant| me::participant_view(contest, participant)),
            season: contest.season.id.as_str(),
            now: now.0,
            ping_ms: PING_MS,
            attempt: attempt.map(|attempt| contest.keys.attempt(attempt)),
            ended: ended.map(|attempt| contest.keys.attempt(attempt)),
        };
        out.text(|bytes| welcome.write(bytes));
    }

    /// Whether the seat may have something that this socket has not heard.
    pub fn has_news(&self) -> bool {
        match &self.party {
            Party::Participant(seated) => seated.presence.has_news(),
            Party::Stranger | Party::Spectator => false,
        }
    }

    fn awaited(&self) -> Option<&Awaited> {
        match &self.party {
            Party::Participant(seated) => seated.awaited.as_ref(),
            Party::Stranger | Party::Spectator => None,
        }
    }

    /// An answer of this socket is being committed.
    pub fn awaits_verdict(&self) -> bool {
        self.awaited().is_some()
    }

    /// Tells what the seat has that this socket has not heard.
    ///
    /// # Errors
    /// The same participant said hello elsewhere.
    pub fn tell_news(&mut self, now: Timestamp, out: &mut Outgoing) -> Result<(), Gone> {
        if let Party::Participant(seated) = &mut self.party {
            seated.presence.hear_bell();
        }
        if let Err(Superseded) = self.say_news(now, out) {
            out.text(|bytes| ServerMessage::Superseded.write(bytes));
            return Err(Gone::Close(close::SUPERSEDED, "hello was said elsewhere"));
        }
        // Answers that came while one to the same question was being committed are asked again.
        let later = self.waiting.as_mut().map(|waiting| std::mem::take(&mut waiting.later));
        for answer in later.into_iter().flatten() {
            if let Err(problem) = self.answer(answer, now, out) {
                self.refuse(&problem, Re { r#type: "answer", seq: Some(answer.seq) }, out);
            }
        }
        Ok(())
    }

    fn say_news(&mut self, now: Timestamp, out: &mut Outgoing) -> Result<(), Superseded> {
        let Party::Participant(seated) = &mut self.party else { return Ok(()) };
        if !seated.welcomed {
            let Some(resumed) = seated.presence.resume(now)? else { return Ok(()) };
            seated.welcomed = true;
            let participant = seated.presence.seat.participant;
            self.welcome(Some(participant), resumed.live, resumed.ended, now, out);
        }
        let Party::Participant(seated) = &mut self.party else { return Ok(()) };
        for news in seated.presence.take_news(now)? {
            self.app.say_news(&news, out);
            if let News::Verdict(facts) = &news
                && let Some(awaited) = seated.awaited.take_if(|awaited| awaited.seq.get() == facts.seq)
            {
                self.app.meters.verdict_told(awaited.came_us);
            }
        }
        Ok(())
    }

    /// Asks the ledger for the verdicts of answers to attempts that are long over, one by one. Ready with the text of one,
    /// or with `None` where there is nothing to ask.
    pub fn poll_past(&mut self, cx: &mut Context<'_>) -> Poll<Option<Vec<u8>>> {
        let Some(waiting) = &mut self.waiting else { return Poll::Ready(None) };
        if waiting.asking.is_none() && !waiting.past.is_empty() {
            let (participant, answer) = waiting.past.remove(0);
            waiting.asking = Some(Box::pin(answer_to_past(Arc::clone(&self.app), participant, answer)));
        }
        let Some(asking) = &mut waiting.asking else {
            if waiting.later.is_empty() {
                self.waiting = None;
            }
            return Poll::Ready(None);
        };
        asking.as_mut().poll(cx).map(|text| {
            waiting.asking = None;
            Some(text)
        })
    }

    fn watch(&mut self, watched: &Watched<'_>, out: &mut Outgoing) -> Result<(), Problem> {
        let board = self.board(watched)?;
        let known = self.watching.as_ref().map_or(0, |watching| watching.boards.len());
        if known >= WATCHED_MAX && !self.watches(board) {
            return Err(Problem::bad_request("同时最多关注 8 个排行榜"));
        }
        self.leave_boards(|watched| watched == board);
        let view = self.app.boards.view(&self.app.contest, board);
        let watching = self.watching.get_or_insert_with(|| Box::new(Watching { boards: Vec::with_capacity(1) }));
        watching.boards.push(Watch { board, told: view.revision, seat: None });
        out.frame(&view.frame());
        Ok(())
    }

    fn watches(&self, board: BoardName) -> bool {
        self.watching.iter().flat_map(|watching| &watching.boards).any(|watch| watch.board == board)
    }

    fn unwatch(&mut self, watched: &Watched<'_>) -> Result<(), Problem> {
        let board = self.board(watched)?;
        self.leave_boards(|watched| watched == board);
        Ok(())
    }

    /// What was told of boards is on its way: from here on their changes are heard.
    pub fn hear_boards(&mut self, joined: SeatAt, voice: &Arc<Voice>) {
        let Some(watching) = &mut self.watching else { return };
        for watch in watching.boards.iter_mut().filter(|watch| watch.seat.is_none()) {
            watch.seat = Some(self.app.audience.watch(joined, voice, watch.board, watch.told));
        }
    }

    /// No longer hears of those boards.
    pub fn leave_boards(&mut self, which: impl Fn(BoardName) -> bool) {
        let Some(watching) = &mut self.watching else { return };
        for watch in watching.boards.extract_if(.., |watch| which(watch.board)) {
            if let Some(seat) = watch.seat {
                self.app.audience.unwatch(seat, watch.board);
            }
        }
        if watching.boards.is_empty() {
            self.watching = None;
        }
    }

    fn board(&self, watched: &Watched<'_>) -> Result<BoardName, Problem> {
        BoardName::read(&self.app.contest.season, &watched.board, watched.round.as_deref(), watched.by.as_deref())
    }
}

/// A number for a text: two that differ have the same one by accident, at best, and only where one sender meant both.
fn mark(text: &str) -> NonZeroU64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(text.as_bytes());
    NonZeroU64::MIN | hasher.finish()
}

async fn answer_to_past(app: Arc<App>, participant: ParticipantId, answer: Answer) -> Vec<u8> {
    let Answer { attempt, seq, shown } = answer;
    let contest = &app.contest;
    let mut text = Vec::new();
    let problem = match contest.answer_to_past(participant, attempt, seq, shown).await {
        Ok(Ok(Answered::Again(verdict))) => {
            ServerMessage::Verdict(VerdictView::of(&verdict, &contest.keys)).write(&mut text);
            return text;
        }
        Ok(Ok(_)) => Problem::of(&Refusal::UnknownAttempt, &contest.season.time_zone),
        Ok(Err(refusal)) => Problem::of(&refusal, &contest.season.time_zone),
        Err(error) => Problem::from(error),
    };
    app.meters.refused(problem.code);
    ServerMessage::error(&problem, Some(Re { r#type: "answer", seq: Some(seq) })).write(&mut text);
    text
}
