//! One phone's socket: frames in, messages out, in one task without channels. What is new is asked of the seat.

use crate::contest::meet::Presence;
use crate::contest::meet::Superseded;
use crate::contest::play::Answered;
use crate::contest::refusal::Refusal;
use crate::contest::seat::News;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use crate::domain::question::Choices;
use crate::domain::time::Timestamp;
use crate::transport::admission::Slot;
use crate::transport::board_view::BoardName;
use crate::transport::me;
use crate::transport::messages::PING_MS;
use crate::transport::messages::QuestionView;
use crate::transport::messages::Re;
use crate::transport::messages::ResultView;
use crate::transport::messages::ServerMessage;
use crate::transport::messages::VerdictView;
use crate::transport::messages::error_text;
use crate::transport::problem::Problem;
use crate::transport::problem::close;
use crate::transport::state::App;
use crate::transport::wire::BAD_MESSAGES_MAX;
use crate::transport::wire::ClientMessage;
use crate::transport::wire::Watched;
use axum::extract::ws::CloseFrame;
use axum::extract::ws::Message;
use axum::extract::ws::Utf8Bytes;
use axum::extract::ws::WebSocket;
use futures_util::SinkExt;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite;

/// The first message is `hello`, within so long; else the socket closes with 1008.
const HELLO_MS: i64 = 10_000;
/// Silence of so long closes with 4008.
const SILENCE_MS: i64 = 60_000;
/// A client that has not taken a message within so long is too slow: its socket goes, it resumes.
const SEND_MS: u64 = 20_000;
/// At most so many answers wait for the commit of one to the same question; one more is `busy`.
const LATER_MAX: usize = 8;
/// At most so many boards a socket; one more is refused.
const WATCHED_MAX: usize = 8;
/// When draining, clients are told to come back within so long, spread evenly.
const RECONNECT_JITTER_MS: u64 = 4_000;

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
}

struct Watching {
    beat: watch::Receiver<u64>,
    /// Each board with the revision that was last told.
    boards: Vec<(BoardName, u64)>,
}

struct Phone {
    app: Arc<App>,
    address: IpAddr,
    party: Party,
    watching: Option<Box<Watching>>,
    bad_messages: u8,
    later: Vec<Answer>,
    _slot: Slot,
}

/// Why the socket ends, with the close code where there is one to send.
enum Gone {
    Closed,
    Close(u16, &'static str),
}

#[derive(Clone, Copy)]
struct Answer {
    attempt: AttemptId,
    seq: u32,
    shown: Option<Choices>,
}

/// What one frame asks of the socket's task.
enum Reply {
    Nothing,
    Say(Utf8Bytes),
    /// Only the ledger knows.
    Past {
        participant: ParticipantId,
        answer: Answer,
    },
    /// An answer to the same question is being committed: it is asked again after that.
    Later(Answer),
    SayAndClose(Utf8Bytes, u16, &'static str),
}

/// Serves one socket until it is gone.
pub async fn run(app: Arc<App>, mut socket: WebSocket, address: IpAddr, slot: Slot) {
    app.meters.sockets.inc();
    let phone = Phone {
        app: Arc::clone(&app),
        address,
        party: Party::Stranger,
        watching: None,
        bad_messages: 0,
        later: Vec::new(),
        _slot: slot,
    };
    if let Gone::Close(code, reason) = phone.serve(&mut socket).await {
        let frame = CloseFrame { code, reason: reason.into() };
        // A client that no longer reads is left to the system.
        let _ = tokio::time::timeout(Duration::from_millis(SEND_MS), socket.send(Message::Close(Some(frame)))).await;
    }
    app.meters.sockets.dec();
}

impl Phone {
    async fn serve(mut self, socket: &mut WebSocket) -> Gone {
        let app = Arc::clone(&self.app);
        let clock = &app.contest.clock;
        let connected_at = clock.now();
        let mut heard_at = connected_at;
        // What is rare is boxed: tens of thousands of these futures are held at once.
        // Armed once and looked at when it goes off, not moved with every message.
        let mut quiet = pin!(clock.until(connected_at.plus_ms(HELLO_MS)));
        let mut stopping = pin!(app.stop.cancelled());
        loop {
            let event = tokio::select! {
                biased;
                () = &mut stopping => Event::Stopping,
                () = news(&self.party) => Event::News,
                frame = socket.recv() => Event::Frame(frame),
                () = beat(&mut self.watching) => Event::Beat,
                () = &mut quiet => Event::Quiet,
            };
            let done = match event {
                Event::Frame(frame) => {
                    heard_at = clock.now();
                    self.hear(socket, frame, heard_at).await
                }
                Event::News => match self.tell_news(socket).await {
                    Ok(()) if !self.later.is_empty() => Box::pin(self.answer_later(socket)).await,
                    told => told,
                },
                Event::Beat => Box::pin(self.tell_boards(socket)).await,
                Event::Stopping => return Box::pin(self.say_reconnect(socket)).await,
                Event::Quiet => {
                    let now = clock.now();
                    if matches!(self.party, Party::Stranger) && now.since(connected_at) >= HELLO_MS {
                        return Gone::Close(close::POLICY, "hello was not said in time");
                    }
                    if now.since(heard_at) >= SILENCE_MS {
                        return Gone::Close(close::SILENT, "silent for too long");
                    }
                    quiet.set(clock.until(heard_at.plus_ms(SILENCE_MS)));
                    Ok(())
                }
            };
            if let Err(gone) = done {
                return gone;
            }
        }
    }

    async fn hear(
        &mut self,
        socket: &mut WebSocket,
        frame: Option<Result<Message, axum::Error>>,
        now: Timestamp,
    ) -> Result<(), Gone> {
        // The frame's buffer is let go before anything is awaited.
        let reply = match frame {
            None => return Err(Gone::Closed),
            Some(Ok(Message::Close(_))) => {
                // Its answer waits to be written.
                within(socket.flush()).await?;
                return Err(Gone::Closed);
            }
            Some(Err(error)) => return Err(fault(error)),
            Some(Ok(Message::Text(text))) => self.take(&text, now),
            Some(Ok(Message::Binary(_))) => self.bad_message("请用文本帧"),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => self.over_limit().map_or(Reply::Nothing, |problem| {
                let text = error_text(&problem, None).into();
                Reply::SayAndClose(text, close::POLICY, "too many control frames")
            }),
        };
        match reply {
            Reply::Nothing => {}
            Reply::Say(text) => say(socket, text).await?,
            Reply::SayAndClose(text, code, reason) => {
                say(socket, text).await?;
                return Err(Gone::Close(code, reason));
            }
            Reply::Past { participant, answer } => {
                let text = Box::pin(self.answer_to_past(participant, answer)).await;
                say(socket, text).await?;
            }
            Reply::Later(answer) => self.later.push(answer),
        }
        if let Party::Participant(seated) = &self.party
            && !seated.welcomed
        {
            return self.tell_news(socket).await;
        }
        Ok(())
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
    fn take(&mut self, text: &str, now: Timestamp) -> Reply {
        let message = match ClientMessage::read(text) {
            Ok(message) => message,
            Err(why) => return self.bad_message(&why),
        };
        let seq = if let ClientMessage::Answer { seq, .. } = &message { Some(*seq) } else { None };
        let re = Re { r#type: message.kind(), seq };
        let done = match self.over_limit() {
            Some(problem) => Err(problem),
            None => self.act(message, now),
        };
        done.unwrap_or_else(|problem| self.refuse(&problem.over_the_socket(), Some(re)))
    }

    fn refuse(&self, problem: &Problem, re: Option<Re<'_>>) -> Reply {
        self.app.meters.refused(problem.code);
        Reply::Say(error_text(problem, re).into())
    }

    fn bad_message(&mut self, why: &str) -> Reply {
        self.bad_messages += 1;
        let problem = Problem::bad_message(why);
        self.app.meters.refused(problem.code);
        let text = error_text(&problem, None).into();
        if self.bad_messages >= BAD_MESSAGES_MAX {
            return Reply::SayAndClose(text, close::POLICY, "too many bad messages");
        }
        Reply::Say(text)
    }

    fn act(&mut self, message: ClientMessage<'_>, now: Timestamp) -> Result<Reply, Problem> {
        match message {
            ClientMessage::Hello { token } => self.hello(token.as_deref(), now),
            _ if matches!(self.party, Party::Stranger) => Err(Problem::hello_first()),
            ClientMessage::Ping { n } => Ok(Reply::Say(ServerMessage::Pong { n, now: now.0 }.text().into())),
            ClientMessage::Watch(watched) => self.watch(&watched),
            ClientMessage::Unwatch(watched) => self.unwatch(&watched),
            ClientMessage::Start { round } => {
                self.play(|app, presence| app.contest.start(&presence.seat, &round, now).map(|()| Reply::Nothing))
            }
            ClientMessage::Next { attempt } => self.play_attempt(&attempt, |app, presence, attempt| {
                app.contest.next(&presence.seat, attempt, now).map(|()| Reply::Nothing)
            }),
            ClientMessage::Finish { attempt } => self.play_attempt(&attempt, |app, presence, attempt| {
                app.contest.finish(&presence.seat, attempt, now).map(|()| Reply::Nothing)
            }),
            ClientMessage::Answer { attempt, seq, choices } => {
                let full = self.later.len() >= LATER_MAX;
                self.play_attempt(&attempt, |app, presence, attempt| {
                    if full {
                        return Err(Refusal::Busy);
                    }
                    app.answer(presence, Answer { attempt, seq, shown: choices.0 }, now)
                })
            }
        }
    }

    fn play(&self, act: impl FnOnce(&App, &Presence) -> Result<Reply, Refusal>) -> Result<Reply, Problem> {
        let Party::Participant(seated) = &self.party else { return Err(Problem::participants_only()) };
        act(&self.app, &seated.presence).map_err(|refusal| Problem::of(&refusal, &self.app.contest.season.time_zone))
    }

    fn play_attempt(
        &self,
        attempt: &str,
        act: impl FnOnce(&App, &Presence, AttemptId) -> Result<Reply, Refusal>,
    ) -> Result<Reply, Problem> {
        self.play(|app, presence| {
            let attempt = app.contest.keys.attempt_of(attempt);
            act(app, presence, attempt.ok_or(Refusal::UnknownAttempt)?)
        })
    }

    fn hello(&mut self, token: Option<&str>, now: Timestamp) -> Result<Reply, Problem> {
        let contest = &self.app.contest;
        let Some(token) = token else {
            self.party = Party::Spectator;
            return Ok(Reply::Say(self.welcome(None, None, None, now)));
        };
        let Some(participant) = self.app.accounts.of_token(token) else {
            self.app.admission.wrong_secret(self.address)?;
            return Err(Problem::unknown_token());
        };
        // The seat is left before it is taken anew, where this socket said hello before.
        self.party = Party::Stranger;
        let presence = contest.hello(participant);
        self.party = Party::Participant(Box::new(Seated { presence, welcomed: false }));
        Ok(Reply::Nothing)
    }

    fn welcome(
        &self,
        participant: Option<ParticipantId>,
        attempt: Option<AttemptId>,
        ended: Option<AttemptId>,
        now: Timestamp,
    ) -> Utf8Bytes {
        let contest = &self.app.contest;
        let welcome = ServerMessage::Welcome {
            participant: participant.and_then(|participant| me::participant_view(contest, participant)),
            season: contest.season.id.as_str(),
            now: now.0,
            ping_ms: PING_MS,
            attempt: attempt.map(|attempt| contest.keys.attempt(attempt)),
            ended: ended.map(|attempt| contest.keys.attempt(attempt)),
        };
        welcome.text().into()
    }

    /// Tells what the seat has that this socket has not heard.
    async fn tell_news(&mut self, socket: &mut WebSocket) -> Result<(), Gone> {
        let now = self.app.contest.now();
        let texts = match self.news_texts(now) {
            Ok(texts) => texts,
            Err(Superseded) => {
                say(socket, ServerMessage::Superseded.text().into()).await?;
                return Err(Gone::Close(close::SUPERSEDED, "hello was said elsewhere"));
            }
        };
        say_all(socket, texts).await
    }

    fn news_texts(&mut self, now: Timestamp) -> Result<Vec<Utf8Bytes>, Superseded> {
        let Party::Participant(seated) = &mut self.party else { return Ok(Vec::new()) };
        let mut texts = Vec::with_capacity(2);
        if !seated.welcomed {
            let Some(resumed) = seated.presence.resume(now)? else { return Ok(texts) };
            seated.welcomed = true;
            let participant = seated.presence.seat.participant;
            texts.push(self.welcome(Some(participant), resumed.live, resumed.ended, now));
        }
        let Party::Participant(seated) = &mut self.party else { return Ok(texts) };
        for news in seated.presence.take_news(now)? {
            texts.push(self.app.news_text(&news));
        }
        Ok(texts)
    }

    /// Answers that came while one to the same question was being committed are asked again.
    async fn answer_later(&mut self, socket: &mut WebSocket) -> Result<(), Gone> {
        let now = self.app.contest.now();
        for answer in std::mem::take(&mut self.later) {
            let re = Re { r#type: "answer", seq: Some(answer.seq) };
            let reply = self.play(|app, presence| app.answer(presence, answer, now));
            match reply.unwrap_or_else(|problem| self.refuse(&problem, Some(re))) {
                Reply::Say(text) => say(socket, text).await?,
                Reply::Past { participant, answer } => {
                    let text = self.answer_to_past(participant, answer).await;
                    say(socket, text).await?;
                }
                Reply::Later(answer) => self.later.push(answer),
                Reply::Nothing | Reply::SayAndClose(..) => {}
            }
        }
        Ok(())
    }

    async fn answer_to_past(&self, participant: ParticipantId, answer: Answer) -> Utf8Bytes {
        let Answer { attempt, seq, shown } = answer;
        let contest = &self.app.contest;
        let re = Re { r#type: "answer", seq: Some(seq) };
        let problem = match contest.answer_to_past(participant, attempt, seq, shown).await {
            Ok(Ok(Answered::Again(verdict))) => {
                return ServerMessage::Verdict(VerdictView::of(&verdict, &contest.keys)).text().into();
            }
            Ok(Ok(_)) => Problem::of(&Refusal::UnknownAttempt, &contest.season.time_zone),
            Ok(Err(refusal)) => Problem::of(&refusal, &contest.season.time_zone),
            Err(error) => Problem::from(error),
        };
        self.app.meters.refused(problem.code);
        error_text(&problem, Some(re)).into()
    }

    fn watch(&mut self, watched: &Watched<'_>) -> Result<Reply, Problem> {
        let name = self.board(watched)?;
        let app = Arc::clone(&self.app);
        let watching = self
            .watching
            .get_or_insert_with(|| Box::new(Watching { beat: app.beat.subscribe(), boards: Vec::with_capacity(1) }));
        let known = watching.boards.iter().position(|(board, _)| *board == name);
        if known.is_none() && watching.boards.len() >= WATCHED_MAX {
            return Err(Problem::bad_request("同时最多关注 8 个排行榜"));
        }
        let view = app.boards.view(&app.contest, name);
        match known {
            Some(place) => watching.boards[place].1 = view.revision,
            None => watching.boards.push((name, view.revision)),
        }
        Ok(Reply::Say(view.frame()))
    }

    fn unwatch(&mut self, watched: &Watched<'_>) -> Result<Reply, Problem> {
        let name = self.board(watched)?;
        if let Some(watching) = &mut self.watching {
            watching.boards.retain(|(board, _)| *board != name);
            if watching.boards.is_empty() {
                self.watching = None;
            }
        }
        Ok(Reply::Nothing)
    }

    fn board(&self, watched: &Watched<'_>) -> Result<BoardName, Problem> {
        BoardName::read(&self.app.contest.season, &watched.board, watched.round.as_deref(), watched.by.as_deref())
    }

    /// Sends each watched board that has changed.
    async fn tell_boards(&mut self, socket: &mut WebSocket) -> Result<(), Gone> {
        let Some(watching) = &mut self.watching else { return Ok(()) };
        let mut frames = Vec::new();
        for (name, told) in &mut watching.boards {
            // A change is cheaper to ask for than a board is to make.
            if name.revision(&self.app.contest) == *told {
                continue;
            }
            let view = self.app.boards.view(&self.app.contest, *name);
            if view.revision != *told {
                *told = view.revision;
                frames.push(view.frame());
            }
        }
        say_all(socket, frames).await
    }

    async fn say_reconnect(&mut self, socket: &mut WebSocket) -> Gone {
        let after_ms = 500 + crate::contest::clock::jitter_ms(RECONNECT_JITTER_MS);
        match say(socket, ServerMessage::Reconnect { after_ms }.text().into()).await {
            Ok(()) => Gone::Close(close::DRAINING, "the server restarts"),
            Err(gone) => gone,
        }
    }
}

impl App {
    fn answer(&self, presence: &Presence, answer: Answer, now: Timestamp) -> Result<Reply, Refusal> {
        let Answer { attempt, seq, shown } = answer;
        Ok(match self.contest.answer(&presence.seat, attempt, seq, shown, now)? {
            Answered::Settling => {
                self.meters.answers.inc();
                Reply::Nothing
            }
            Answered::Waiting => Reply::Later(answer),
            Answered::Again(verdict) => {
                Reply::Say(ServerMessage::Verdict(VerdictView::of(&verdict, &self.contest.keys)).text().into())
            }
            Answered::Past => Reply::Past { participant: presence.seat.participant, answer },
        })
    }

    fn news_text(&self, news: &News) -> Utf8Bytes {
        let keys = &self.contest.keys;
        let text = match news {
            News::Question(facts) => ServerMessage::Question(QuestionView::of(facts, keys)).text(),
            News::Verdict(facts) => ServerMessage::Verdict(VerdictView::of(facts, keys)).text(),
            News::Result(facts) => {
                let receipt = self.contest.receipt(&facts.receipt_facts());
                ServerMessage::Result(ResultView::of(facts, &self.contest.season, keys, receipt)).text()
            }
            News::StartRefused(refusal) => {
                let problem = Problem::of(refusal, &self.contest.season.time_zone);
                self.meters.refused(problem.code);
                error_text(&problem, Some(Re { r#type: "start", seq: None }))
            }
        };
        text.into()
    }
}

enum Event {
    Frame(Option<Result<Message, axum::Error>>),
    News,
    Beat,
    Quiet,
    Stopping,
}

async fn news(party: &Party) {
    match party {
        Party::Participant(seated) => seated.presence.news.notified().await,
        Party::Stranger | Party::Spectator => std::future::pending().await,
    }
}

async fn beat(watching: &mut Option<Box<Watching>>) {
    let lost = match watching {
        Some(watching) => watching.beat.changed().await.is_err(),
        None => true,
    };
    if lost {
        std::future::pending::<()>().await;
    }
}

/// Says one message, or finds the client too slow.
async fn say(socket: &mut WebSocket, text: Utf8Bytes) -> Result<(), Gone> {
    within(socket.send(Message::Text(text))).await
}

/// Says several messages in one write.
async fn say_all(socket: &mut WebSocket, texts: Vec<Utf8Bytes>) -> Result<(), Gone> {
    if texts.is_empty() {
        return Ok(());
    }
    within(async {
        for text in texts {
            socket.feed(Message::Text(text)).await?;
        }
        socket.flush().await
    })
    .await
}

async fn within(sent: impl Future<Output = Result<(), axum::Error>>) -> Result<(), Gone> {
    match tokio::time::timeout(Duration::from_millis(SEND_MS), sent).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Gone::Closed),
    }
}

/// The close code that a fault of the other end calls for.
fn fault(error: axum::Error) -> Gone {
    use tungstenite::Error;
    match error.into_inner().downcast::<Error>().map(|error| *error) {
        Ok(Error::Capacity(_)) => Gone::Close(1009, "message too large"),
        Ok(Error::Utf8(_)) => Gone::Close(1007, "not UTF-8"),
        Ok(Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)) => Gone::Closed,
        Ok(Error::Protocol(_)) => Gone::Close(close::PROTOCOL, "protocol fault"),
        _ => Gone::Closed,
    }
}
