//! Many players with next to no work a message, for measuring: each answers option 0 as soon as it is asked, or when its turn
//! in an open loop has come. `drive`, `overload` and `restart` play on it; against an echo it does the same with nothing asked.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::tcp::OwnedWriteHalf;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::clock::{Micros, now_us};
use crate::crowd::Crowd;
use crate::meter::{Latency, Meter};
use crate::net::{SUBPROTOCOL, Target};
use crate::raw::{RawReader, answer_text, field, frame_text, hello, number, open, put, start};

/// A start or an answer that was refused for a time is sent again after so long at most.
const RETRY_MAX_MS: u64 = 5_000;
/// Turns that a player may be behind; further ones are left out.
const OWED_MAX: usize = 1_000;
/// Faults told in full; all are counted.
const TOLD_MAX: usize = 20;

/// Who decides when an answer leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Loop {
    /// The question before it: as fast as it goes.
    Closed,
    /// A schedule; a turn that comes while the verdict is outstanding is owed, and counts from when it was due.
    Open,
    /// A schedule that waits for nothing: what is outstanding is sent again, as an impatient phone would.
    Impatient,
    /// Nothing new leaves.
    Stopped,
}

/// What is at the other end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Peer {
    Contest,
    /// Answers each message with so many frames.
    Echo {
        send: usize,
        replies: usize,
    },
}

#[derive(Default)]
pub(crate) struct Tally {
    /// Answers that left for the first time, and those whose verdict came.
    pub sent: AtomicU64,
    pub acked: AtomicU64,
    pub repeated: AtomicU64,
    pub timed_out: AtomicU64,
    pub papers: AtomicU64,
    pub lost: AtomicU64,
    pub refused: AtomicU64,
    pub faults: AtomicU64,
    pub verdict_bytes: AtomicU64,
    pub question_bytes: AtomicU64,
    pub questions: AtomicU64,
}

pub(crate) struct Stage {
    target: Target,
    peer: Peer,
    start: Vec<u8>,
    pub meter: Meter,
    /// From an answer's sending to its refusal.
    pub refusals: Meter,
    pub tally: Tally,
    measuring: AtomicBool,
    pace: AtomicU8,
    told: Mutex<Vec<String>>,
}

/// One player's writing end and what it holds.
pub(crate) struct Slot {
    pub number: usize,
    write: OwnedWriteHalf,
    hand: Mutex<Hand>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Nothing is asked.
    Idle,
    Ready,
    Sent,
}

struct Hand {
    frame: Vec<u8>,
    attempt: Vec<u8>,
    seq: u64,
    turn: Turn,
    due: Micros,
    sent: Micros,
    owed: VecDeque<Micros>,
    /// The last answer whose verdict came.
    acked: Option<(Vec<u8>, u64)>,
}

/// A player that has sat down: the reader, and the `welcome` it got.
pub(crate) struct Seat {
    pub reader: RawReader,
    pub slot: Arc<Slot>,
    pub welcome: Vec<u8>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn add(counter: &AtomicU64, number: u64) {
    counter.fetch_add(number, Ordering::Relaxed);
}

pub(crate) fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Stage {
    pub(crate) fn new(target: Target, peer: Peer, round: &str) -> anyhow::Result<Stage> {
        Ok(Stage {
            target,
            peer,
            start: start(round),
            meter: Meter::new()?,
            refusals: Meter::new()?,
            tally: Tally::default(),
            measuring: AtomicBool::new(false),
            pace: AtomicU8::new(Loop::Closed as u8),
            told: Mutex::default(),
        })
    }

    /// What is owed to the schedule so far is forgiven: a new one begins.
    pub(crate) fn forgive(slots: &[Arc<Slot>]) {
        slots.iter().for_each(|slot| locked(&slot.hand).owed.clear());
    }

    pub(crate) fn set(&self, pace: Loop) {
        self.pace.store(pace as u8, Ordering::Relaxed);
    }

    fn is(&self, pace: Loop) -> bool {
        self.pace.load(Ordering::Relaxed) == pace as u8
    }

    pub(crate) fn measure(&self, on: bool) {
        self.measuring.store(on, Ordering::Relaxed);
    }

    /// What must not happen happened.
    fn fault(&self, what: String) {
        add(&self.tally.faults, 1);
        let mut told = locked(&self.told);
        if told.len() < TOLD_MAX {
            told.push(what);
        }
    }

    pub(crate) fn told(&self) -> Vec<String> {
        locked(&self.told).clone()
    }

    /// Connects everyone and says hello; in the order of the tokens (without any for an echo: `number` connections).
    pub(crate) async fn seat(self: &Arc<Stage>, number: usize, tokens: &[String]) -> anyhow::Result<Vec<Seat>> {
        let turns = Arc::new(Crowd::handshakes());
        let mut tasks = JoinSet::new();
        for number in 0..number {
            let (stage, turns) = (Arc::clone(self), Arc::clone(&turns));
            let token = tokens.get(number).cloned();
            tasks.spawn(async move {
                let _turn = turns.acquire().await?;
                stage.seat_one(number, token.as_deref()).await
            });
        }
        let mut seats = Vec::with_capacity(number);
        while let Some(done) = tasks.join_next().await {
            seats.push(done??);
        }
        seats.sort_by_key(|seat| seat.slot.number);
        Ok(seats)
    }

    async fn seat_one(&self, number: usize, token: Option<&str>) -> anyhow::Result<Seat> {
        let subprotocol = token.map(|_| SUBPROTOCOL);
        let (mut reader, write) = open(&self.target, number, subprotocol).await?;
        let mut welcome = Vec::new();
        if let Some(token) = token {
            put(&write, &hello(token))?;
            welcome = reader.next().await?.to_vec();
            anyhow::ensure!(welcome.starts_with(br#"{"type":"welcome""#), "{}", String::from_utf8_lossy(&welcome));
        }
        let hand = Hand {
            frame: Vec::new(),
            attempt: Vec::new(),
            seq: 0,
            turn: Turn::Idle,
            due: 0,
            sent: 0,
            owed: VecDeque::new(),
            acked: None,
        };
        Ok(Seat { reader, slot: Arc::new(Slot { number, write, hand: Mutex::new(hand) }), welcome })
    }

    /// Plays until the connection ends.
    pub(crate) async fn play(self: Arc<Stage>, seat: Seat) {
        let Seat { mut reader, slot, welcome } = seat;
        let played = match self.peer {
            Peer::Contest => {
                // With an open attempt its question follows the welcome by itself.
                let resumed = field(&welcome, br#""attempt":"#, b',').is_some_and(|value| value != b"null");
                let begun = if resumed { Ok(()) } else { put(&slot.write, &self.start) };
                match begun {
                    Ok(()) => self.contest(&mut reader, &slot).await,
                    Err(error) => Err(error),
                }
            }
            Peer::Echo { send, replies } => self.echo(&mut reader, &slot, send, replies).await,
        };
        if let Err(error) = played {
            add(&self.tally.lost, 1);
            let mut told = locked(&self.told);
            if told.len() < TOLD_MAX {
                told.push(format!("player {}: {error:#}", slot.number));
            }
        }
    }

    async fn contest(&self, reader: &mut RawReader, slot: &Slot) -> anyhow::Result<()> {
        loop {
            let text = reader.next().await?;
            // The letter of the type behind `{"type":"`.
            match text.get(9..12).unwrap_or_default() {
                b"ver" => self.verdict(slot, text),
                b"que" => self.question(slot, text)?,
                b"res" => {
                    add(&self.tally.papers, 1);
                    if !self.is(Loop::Stopped) {
                        put(&slot.write, &self.start)?;
                    }
                }
                b"err" => {
                    let text = text.to_vec();
                    self.refused(slot, &text).await?;
                }
                b"sup" => self.fault(format!("player {}: superseded", slot.number)),
                // `pong`, `clock`, `notice`, `reconnect` ask for nothing here; whatever ends the connection is seen at its end.
                _ => {}
            }
        }
    }

    fn verdict(&self, slot: &Slot, text: &[u8]) {
        add(&self.tally.verdict_bytes, text.len() as u64);
        let now = now_us();
        let seq = number(text, br#""seq":"#);
        let mut hand = locked(&slot.hand);
        if seq == Some(hand.seq) && hand.turn != Turn::Idle {
            if text.windows(15).any(|at| at == br#""received":true"#) {
                self.took(slot, &hand, now);
            } else {
                add(&self.tally.timed_out, 1);
            }
            hand.turn = Turn::Idle;
            hand.acked = Some((hand.attempt.clone(), hand.seq));
        } else {
            add(&self.tally.repeated, 1);
        }
    }

    fn took(&self, slot: &Slot, hand: &Hand, now: Micros) {
        add(&self.tally.acked, 1);
        if self.measuring.load(Ordering::Relaxed) {
            self.meter.took(slot.number, Latency::Verdict, now.saturating_sub(hand.due));
            if hand.sent != hand.due {
                self.meter.took(slot.number, Latency::Welcome, hand.sent.saturating_sub(hand.due));
            }
        }
    }

    fn question(&self, slot: &Slot, text: &[u8]) -> anyhow::Result<()> {
        add(&self.tally.questions, 1);
        add(&self.tally.question_bytes, text.len() as u64);
        let (attempt, seq) = (field(text, br#""attempt":""#, b'"'), number(text, br#""seq":"#));
        let (Some(attempt), Some(seq)) = (attempt, seq) else {
            self.fault(format!("a question without attempt or seq: {}", String::from_utf8_lossy(text)));
            return Ok(());
        };
        let mut hand = locked(&slot.hand);
        let follows = if hand.attempt == attempt { seq == hand.seq + 1 } else { seq == 1 || hand.attempt.is_empty() };
        if !follows {
            self.fault(format!("player {}: question {seq} after {}", slot.number, hand.seq));
        }
        hand.attempt.clear();
        hand.attempt.extend_from_slice(attempt);
        hand.seq = seq;
        frame_text(answer_text(attempt, seq).as_bytes(), &mut hand.frame);
        self.offer(slot, &mut hand, now_us())
    }

    /// The answer may leave: now, or when its turn comes.
    fn offer(&self, slot: &Slot, hand: &mut Hand, now: Micros) -> anyhow::Result<()> {
        hand.turn = Turn::Ready;
        if self.is(Loop::Closed) {
            return self.send(slot, hand, now, now);
        }
        if self.is(Loop::Open)
            && let Some(due) = hand.owed.pop_front()
        {
            return self.send(slot, hand, due, now);
        }
        Ok(())
    }

    fn send(&self, slot: &Slot, hand: &mut Hand, due: Micros, now: Micros) -> anyhow::Result<()> {
        (hand.due, hand.sent, hand.turn) = (due, now, Turn::Sent);
        add(&self.tally.sent, 1);
        put(&slot.write, &hand.frame)
    }

    /// This player's turn of the schedule, which was due at `due`.
    pub(crate) fn turn(&self, slot: &Slot, due: Micros) -> anyhow::Result<()> {
        let mut hand = locked(&slot.hand);
        match hand.turn {
            Turn::Ready => self.send(slot, &mut hand, due, now_us()),
            Turn::Sent if self.is(Loop::Impatient) => put(&slot.write, &hand.frame),
            Turn::Idle | Turn::Sent if self.is(Loop::Open) => {
                // More than these no verdict will ever catch up with.
                if hand.owed.len() < OWED_MAX {
                    hand.owed.push_back(due);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn refused(&self, slot: &Slot, text: &[u8]) -> anyhow::Result<()> {
        let code = field(text, br#""code":""#, b'"').unwrap_or_default();
        let code = String::from_utf8_lossy(code).into_owned();
        self.meter.refused(&code);
        add(&self.tally.refused, 1);
        let is_answer = text.windows(15).any(|at| at == br#""type":"answer""#);
        let impatient = self.is(Loop::Impatient);
        if !matches!(code.as_str(), "busy" | "rate_limited") {
            if !(is_answer
                && matches!(code.as_str(), "too_late" | "unknown_attempt")
                && read(&self.tally.timed_out) > 0)
            {
                self.fault(format!("player {}: {}", slot.number, String::from_utf8_lossy(text)));
            }
            return Ok(());
        }
        let Some(retry_ms) = number(text, br#""retry_after_ms":"#) else {
            self.fault(format!("{code} without retry_after_ms"));
            return Ok(());
        };
        if is_answer {
            let mut hand = locked(&slot.hand);
            let refused_seq = number(&text[text.len().saturating_sub(40)..], br#""seq":"#);
            if hand.turn != Turn::Sent || refused_seq != Some(hand.seq) {
                return Ok(());
            }
            let now = now_us();
            self.refusals.took(slot.number, Latency::Verdict, now.saturating_sub(hand.sent));
            if impatient || self.is(Loop::Open) {
                hand.turn = Turn::Ready;
                return Ok(());
            }
        }
        sleep(Duration::from_millis(retry_ms.min(RETRY_MAX_MS))).await;
        if is_answer {
            let hand = locked(&slot.hand);
            return if hand.turn == Turn::Sent { put(&slot.write, &hand.frame) } else { Ok(()) };
        }
        if self.is(Loop::Stopped) { Ok(()) } else { put(&slot.write, &self.start) }
    }

    async fn echo(&self, reader: &mut RawReader, slot: &Slot, send: usize, replies: usize) -> anyhow::Result<()> {
        let mut seq = 0;
        self.echo_next(slot, send, seq)?;
        loop {
            for _ in 0..replies {
                let text = reader.next().await?;
                add(&self.tally.question_bytes, text.len() as u64);
            }
            let now = now_us();
            let mut hand = locked(&slot.hand);
            self.took(slot, &hand, now);
            hand.turn = Turn::Idle;
            drop(hand);
            seq += 1;
            self.echo_next(slot, send, seq % 10)?;
        }
    }

    /// Made anew each time, as an answer is.
    fn echo_next(&self, slot: &Slot, send: usize, seq: u64) -> anyhow::Result<()> {
        let mut hand = locked(&slot.hand);
        // As long as was asked for, whatever the number.
        let digits = send.saturating_sub(59);
        let text = format!(r#"{{"type":"answer","attempt":"AAAAAAAAAAAAAAAAAAAAAA","seq":{seq:0digits$}}}"#);
        frame_text(text.as_bytes(), &mut hand.frame);
        self.offer(slot, &mut hand, now_us())
    }

    /// How many answers have left and have no verdict yet.
    pub(crate) fn outstanding(slots: &[Arc<Slot>]) -> usize {
        slots.iter().filter(|slot| locked(&slot.hand).turn == Turn::Sent).count()
    }
}

impl Slot {
    pub(crate) fn writer(&self) -> &OwnedWriteHalf {
        &self.write
    }

    /// The last answer of this player whose verdict came: attempt and seq.
    pub(crate) fn last_acked(&self) -> Option<(String, u64)> {
        locked(&self.hand).acked.as_ref().map(|(attempt, seq)| (String::from_utf8_lossy(attempt).into_owned(), *seq))
    }
}
