//! One phone's socket: a task of its own without channels, polled by hand. What is new is asked of the seat.
//!
//! Tens of thousands of these are held at once: its state is one small value, and what is rare is boxed.

use crate::contest::clock::Alarm;
use crate::contest::seat::ClockFacts;
use crate::contest::seat::News;
use crate::domain::time::Timestamp;
use crate::transport::admission::Slot;
use crate::transport::audience::SeatAt;
use crate::transport::line::Line;
use crate::transport::line::Outgoing;
use crate::transport::line::ROOM_BYTES;
use crate::transport::messages::QuestionView;
use crate::transport::messages::Re;
use crate::transport::messages::ResultView;
use crate::transport::messages::ServerMessage;
use crate::transport::messages::VerdictView;
use crate::transport::phone::Gone;
use crate::transport::phone::Phone;
use crate::transport::problem::Problem;
use crate::transport::problem::close;
use crate::transport::state::App;
use std::cell::RefCell;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::task::ready;
use tokio_tungstenite::tungstenite;

/// The first message is `hello`, within so long; else the socket closes with 1008.
const HELLO_MS: i64 = 10_000;
/// Silence of so long closes with 4008.
const SILENCE_MS: i64 = 60_000;
/// A client that has not taken a message within so long is too slow: its socket goes, it resumes.
const SEND_MS: i64 = 20_000;
/// So much of what came while a verdict was under way is heard before that is told; the rest comes after it, and what is a repeat among
/// it gets the verdict again.
const HEARD_FIRST_MAX: u8 = 64;
/// When draining, clients are told to come back within so long, spread evenly.
const RECONNECT_JITTER_MS: u64 = 4_000;

/// A socket until it is gone.
pub struct Socket {
    app: Arc<App>,
    line: Line,
    phone: Phone,
    connected_at: Timestamp,
    heard_at: Timestamp,
    /// Since when the client has not taken what was said. Nothing else happens until it has.
    stalled_at: Option<Timestamp>,
    /// Armed once and looked at when it goes off, not moved with every message.
    alarm: Alarm,
    /// Among the audience, since its first turn.
    seat: Option<SeatAt>,
    /// Messages heard since there was a verdict to tell.
    heard_first: u8,
    /// The close frame has been said; the socket is gone once it is on its way.
    closing: bool,
    _slot: Slot,
}

/// What a thread lends the socket whose turn it is.
struct Lent {
    room: Box<[u8]>,
    out: Outgoing,
}

thread_local! {
    static LENT: RefCell<Lent> = RefCell::new(Lent { room: vec![0; ROOM_BYTES].into(), out: Outgoing::default() });
}

impl Socket {
    pub fn new(app: Arc<App>, line: Line, address: IpAddr, slot: Slot) -> Socket {
        let now = app.contest.now();
        app.meters.sockets.inc();
        Socket {
            line,
            phone: Phone::new(Arc::clone(&app), address),
            connected_at: now,
            heard_at: now,
            stalled_at: None,
            alarm: app.contest.clock.alarm(now.plus_ms(HELLO_MS)),
            seat: None,
            heard_first: 0,
            closing: false,
            _slot: slot,
            app,
        }
    }

    fn turn(&mut self, cx: &mut Context<'_>, lent: &mut Lent) -> Poll<()> {
        lent.out.clear();
        loop {
            if !lent.out.is_empty() && self.line.say(cx, &mut lent.out).is_err() {
                return Poll::Ready(());
            }
            if !self.line.is_through() && ready!(self.poll_stalled(cx)).is_err() {
                return Poll::Ready(());
            }
            if self.closing {
                return Poll::Ready(());
            }
            match ready!(self.event(cx, lent)) {
                Ok(()) => {}
                Err(Gone::Closed) => return Poll::Ready(()),
                Err(Gone::Close(code, reason)) => {
                    lent.out.close(code, reason);
                    self.line.voice().hush();
                    self.closing = true;
                }
            }
        }
    }

    /// Waits for a client that has not taken what was said.
    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Gone>> {
        if let Poll::Ready(flushed) = self.line.poll_flush(cx) {
            self.stalled_at = None;
            return Poll::Ready(flushed.map_err(|_| Gone::Closed));
        }
        let clock = &self.app.contest.clock;
        let stalled_at = *self.stalled_at.get_or_insert_with(|| {
            let now = clock.now();
            clock.set(&mut self.alarm, now.plus_ms(SEND_MS));
            now
        });
        while self.alarm.poll(cx).is_ready() {
            if clock.now().since(stalled_at) >= SEND_MS {
                return Poll::Ready(Err(Gone::Closed));
            }
            clock.set(&mut self.alarm, stalled_at.plus_ms(SEND_MS));
        }
        Poll::Pending
    }

    /// Does what is to be done next; what is to be said is in `lent.out` afterwards.
    fn event(&mut self, cx: &mut Context<'_>, lent: &mut Lent) -> Poll<Result<(), Gone>> {
        let out = &mut lent.out;
        let seat = self.seat(cx);
        let voice = self.line.voice();
        if !voice.is_greeted() && self.phone.is_welcomed() {
            voice.greeted();
        }
        self.phone.hear_boards(seat, voice);
        if let Some(text) = ready!(self.phone.poll_past(cx)) {
            out.text(|bytes| bytes.extend(text));
            return Poll::Ready(Ok(()));
        }
        if self.is_stopping() {
            let after_ms = 500 + crate::contest::clock::jitter_ms(RECONNECT_JITTER_MS);
            out.text(|bytes| ServerMessage::Reconnect { after_ms }.write(bytes));
            return Poll::Ready(Err(Gone::Close(close::DRAINING, "the server restarts")));
        }
        // While a verdict is awaited nothing is heard: what an impatient phone sends again lies with the system meanwhile, and wakes
        // nobody. Then it is heard first, since the verdict answers the repeats among it.
        let (awaits, has_news) = (self.phone.awaits_verdict(), self.phone.has_news());
        let hears = if has_news { awaits && self.heard_first < HEARD_FIRST_MAX } else { !awaits };
        if hears && let Poll::Ready(heard) = self.line.poll_hear(cx, &mut lent.room) {
            self.heard_first += u8::from(has_news);
            self.heard_at = self.app.contest.now();
            return Poll::Ready(match heard {
                Ok(heard) => self.phone.hear(heard, self.heard_at, cx.waker(), out),
                Err(error) => Err(fault(&error)),
            });
        }
        if has_news {
            self.heard_first = 0;
            return Poll::Ready(self.phone.tell_news(self.app.contest.now(), out));
        }
        ready!(self.alarm.poll(cx));
        Poll::Ready(self.look_at_the_clock())
    }

    /// Among the audience, which it joins with its first turn.
    fn seat(&mut self, cx: &Context<'_>) -> SeatAt {
        let (voice, app) = (self.line.voice(), &self.app);
        *self.seat.get_or_insert_with(|| {
            voice.is_of(cx.waker());
            app.audience.join(voice)
        })
    }

    /// Whoever has joined the audience is woken when the server stops, so that nothing has to be asked that all sockets share.
    fn is_stopping(&self) -> bool {
        !self.app.ready.load(Ordering::Relaxed) && self.app.stop.is_cancelled()
    }

    /// The alarm has gone off.
    fn look_at_the_clock(&mut self) -> Result<(), Gone> {
        let clock = &self.app.contest.clock;
        let now = clock.now();
        if self.phone.is_stranger() && now.since(self.connected_at) >= HELLO_MS {
            return Err(Gone::Close(close::POLICY, "hello was not said in time"));
        }
        if now.since(self.heard_at) >= SILENCE_MS {
            return Err(Gone::Close(close::SILENT, "silent for too long"));
        }
        let hello = self.phone.is_stranger().then_some(self.connected_at.plus_ms(HELLO_MS));
        let silence = self.heard_at.plus_ms(SILENCE_MS);
        clock.set(&mut self.alarm, hello.map_or(silence, |hello| hello.min(silence)));
        Ok(())
    }
}

impl Future for Socket {
    type Output = ();

    fn poll(self: Pin<&mut Socket>, cx: &mut Context<'_>) -> Poll<()> {
        let socket = self.get_mut();
        LENT.with_borrow_mut(|lent| socket.turn(cx, lent))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.phone.leave_boards(|_| true);
        if let Some(seat) = self.seat {
            self.app.audience.leave(seat);
        }
        self.app.meters.sockets.dec();
        let opaque = |participant| self.app.contest.keys.participant(participant);
        tracing::debug!(participant = self.phone.participant().map(opaque), "a socket has gone");
    }
}

impl App {
    pub(crate) fn say_news(&self, news: &News, out: &mut Outgoing) {
        let keys = &self.contest.keys;
        out.text(|bytes| match news {
            News::Question(facts) => ServerMessage::Question(QuestionView::of(facts, keys)).write(bytes),
            News::Verdict(facts) => ServerMessage::Verdict(VerdictView::of(facts, keys)).write(bytes),
            News::Result(facts) => {
                let receipt = self.contest.receipt(&facts.receipt_facts());
                ServerMessage::Result(ResultView::of(facts, &self.contest.season, keys, receipt)).write(bytes);
            }
            News::Corrected(facts) => {
                let attempts = facts.attempts.iter().map(|attempt| keys.attempt(*attempt)).collect();
                ServerMessage::Corrected { attempts, text: &facts.text }.write(bytes);
            }
            News::Clock(facts) => {
                let ClockFacts { attempt, paused, remaining_ms, paper_remaining_ms } = *facts;
                let attempt = keys.attempt(attempt);
                ServerMessage::Clock { attempt, paused, remaining_ms, paper_remaining_ms }.write(bytes);
            }
            News::Told(refusal) => {
                let problem = Problem::of(refusal, &self.contest.season.time_zone);
                ServerMessage::error(&problem, None).write(bytes);
            }
            News::StartRefused(refusal) => {
                let problem = Problem::of(refusal, &self.contest.season.time_zone);
                self.meters.refused(problem.code);
                ServerMessage::error(&problem, Some(Re { r#type: "start", seq: None })).write(bytes);
            }
        });
    }
}

/// The close code that a fault of the other end calls for.
fn fault(error: &tungstenite::Error) -> Gone {
    use tungstenite::Error;
    use tungstenite::error::ProtocolError;
    match error {
        Error::Capacity(_) => Gone::Close(1009, "message too large"),
        Error::Utf8(_) => Gone::Close(1007, "not UTF-8"),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Gone::Closed,
        Error::Protocol(_) => Gone::Close(close::PROTOCOL, "protocol fault"),
        _ => Gone::Closed,
    }
}
