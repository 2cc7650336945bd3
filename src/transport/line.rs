//! A phone's line: WebSocket messages over one stream, polled by the one task that owns it.
//!
//! Tens of thousands of lines are held at once, nearly all of them silent, and nearly all that is said is whole text frames.
//! So a line owns no buffers: such a frame is read and unmasked in a buffer that its thread lends, and what is said is framed
//! in another and written straight to the stream. Only the rest of a frame that has come in part, or of a write that the
//! stream did not take whole, is kept. Everything else (fragments, control frames, faults) is tungstenite's.
//!
//! What many are told alike is written by whoever tells it, through the line's [`Voice`]: its task is not even woken.

use crate::transport::wire::FRAME_BYTES_MAX;
use bytes::Bytes;
use std::io::Cursor;
use std::io::ErrorKind;
use std::io::Read;
use std::io::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::tcp::OwnedWriteHalf;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::protocol::WebSocketContext;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::Data;
use tokio_tungstenite::tungstenite::protocol::frame::coding::OpCode;

/// What a thread lends for reading: more than a frame with its head ever takes.
pub const ROOM_BYTES: usize = 2 * FRAME_BYTES_MAX;
/// What tungstenite reads at once, on the lines that need it.
const READ_BUFFER_BYTES: usize = 512;
/// Control frames that tungstenite has yet to write. Full: the client does not read; its socket goes, it resumes.
const CONTROL_BYTES_MAX: usize = 4 * FRAME_BYTES_MAX;

/// What waits to be written to a phone that is behind, told to many alike. Full: it is left out; the phone, if it does not catch up within
/// the time for a message, loses its socket and asks again.
const TOLD_BYTES_MAX: usize = 16 * 1024;

/// What a line runs over.
pub enum Stream {
    Plain(TcpStream),
    Other(Box<dyn Duplex>),
}

/// A stream both ways.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

pub struct Line {
    stream: Ends,
    /// What was read and not yet heard: a frame that has come in part, or those after the one that was heard.
    held: Vec<u8>,
    /// Once something has come that is not a whole text frame.
    codec: Option<Box<WebSocketContext>>,
    /// The stream has taken everything and not passed all of it on.
    unflushed: bool,
    voice: Arc<Voice>,
}

/// What the line's own task holds of its stream: the writing end of a plain one is the voice's.
enum Ends {
    Plain(OwnedReadHalf),
    Other(Box<dyn Duplex>),
}

/// The end of a line that is written to. Its task says there what is for this phone alone; what many are told alike is written by
/// whoever tells it, from any thread.
pub struct Voice {
    speech: Mutex<Speech>,
    /// Nothing is unsent; told without the lock.
    through: AtomicBool,
    /// A `welcome` has been said.
    greeted: AtomicBool,
}

struct Speech {
    /// `None` where the stream is not a plain one.
    write: Option<OwnedWriteHalf>,
    /// Others may write to the stream themselves: it is a plain one, and nothing but whole frames has been said on it.
    direct: bool,
    /// The close frame has been said, or is about to be.
    hushed: bool,
    /// Wakes the line's task.
    waker: Option<Waker>,
    /// What the stream has not taken yet, up to the end of a frame. Of the task's own never more than one turn says: nothing is
    /// said before it is empty.
    unsent: Box<[u8]>,
}

/// What becomes of something told to a phone that has not taken what was said before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// It is not said: there will be something newer.
    LeftOut,
    /// It comes after the rest, up to [`TOLD_BYTES_MAX`].
    Queued,
}

/// What was heard.
pub enum Heard<'a> {
    Text(&'a str),
    /// A text that came in fragments, or after them.
    Pieced(Utf8Bytes),
    Binary,
    Control,
    /// The other end closes; its close frame has been answered.
    Close,
}

impl Line {
    /// `rest`: what was read after the request that made it a line.
    pub fn new(stream: Stream, rest: &[u8]) -> Line {
        let (stream, write) = match stream {
            Stream::Plain(stream) => {
                let (read, write) = stream.into_split();
                (Ends::Plain(read), Some(write))
            }
            Stream::Other(stream) => (Ends::Other(stream), None),
        };
        let speech = Speech { direct: write.is_some(), write, hushed: false, waker: None, unsent: Box::default() };
        let voice =
            Voice { speech: Mutex::new(speech), through: AtomicBool::new(true), greeted: AtomicBool::new(false) };
        Line { stream, held: rest.to_vec(), codec: None, unflushed: false, voice: Arc::new(voice) }
    }

    pub fn voice(&self) -> &Arc<Voice> {
        &self.voice
    }

    /// The next message. Pending: `cx` is woken when there is more.
    ///
    /// # Errors
    /// The line is gone, or the other end has broken the protocol.
    pub fn poll_hear<'a>(&mut self, cx: &mut Context<'_>, room: &'a mut [u8]) -> Poll<Result<Heard<'a>, Error>> {
        if self.codec.is_some() {
            return self.poll_codec(cx);
        }
        let mut read = self.held.len();
        room[..read].copy_from_slice(&self.held);
        loop {
            match plain_text(&mut room[..read]) {
                Plain::Whole { start, end } => {
                    self.held = room[end..read].to_vec();
                    let text = std::str::from_utf8(&room[start..end]);
                    return Poll::Ready(text.map(Heard::Text).map_err(|error| Error::Utf8(error.to_string())));
                }
                Plain::Other => {
                    self.held = Vec::new();
                    // From here on tungstenite may have a part of a frame under way.
                    self.voice.speech().direct = false;
                    let config = WebSocketConfig::default()
                        .read_buffer_size(READ_BUFFER_BYTES)
                        .write_buffer_size(0)
                        .max_write_buffer_size(CONTROL_BYTES_MAX)
                        .max_message_size(Some(FRAME_BYTES_MAX))
                        .max_frame_size(Some(FRAME_BYTES_MAX));
                    let codec =
                        WebSocketContext::from_partially_read(room[..read].to_vec(), Role::Server, Some(config));
                    self.codec = Some(Box::new(codec));
                    return self.poll_codec(cx);
                }
                Plain::Partial => {}
            }
            let mut more = ReadBuf::new(&mut room[read..]);
            match self.stream.poll_read(cx, &mut more) {
                Poll::Ready(Ok(())) if more.filled().is_empty() => return Poll::Ready(Err(Error::ConnectionClosed)),
                Poll::Ready(Ok(())) => read += more.filled().len(),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
                Poll::Pending => {
                    if self.held.len() != read {
                        self.held = room[..read].to_vec();
                    }
                    return Poll::Pending;
                }
            }
        }
    }

    fn poll_codec<'a>(&mut self, cx: &mut Context<'_>) -> Poll<Result<Heard<'a>, Error>> {
        let Some(codec) = &mut self.codec else { return Poll::Ready(Err(Error::ConnectionClosed)) };
        let mut through = Through { stream: &mut self.stream, voice: &self.voice, cx };
        let heard = match codec.read(&mut through) {
            Ok(Message::Text(text)) => Heard::Pieced(text),
            Ok(Message::Binary(_)) => Heard::Binary,
            Ok(Message::Close(_)) => {
                // Best effort: who closes and does not read is not waited for.
                let _ = codec.flush(&mut through);
                Heard::Close
            }
            Ok(_) => Heard::Control,
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => return Poll::Pending,
            Err(error) => return Poll::Ready(Err(error)),
        };
        Poll::Ready(Ok(heard))
    }

    /// Whether all that was said is on its way.
    pub fn is_through(&self) -> bool {
        !self.unflushed && self.voice.through.load(Ordering::Acquire)
    }

    /// Says what is framed in `out`, and empties it. What the stream does not take at once is kept for [`Line::poll_flush`].
    ///
    /// # Errors
    /// The line is gone.
    pub fn say(&mut self, cx: &mut Context<'_>, out: &mut Outgoing) -> Result<(), Error> {
        let codec_is_through = self.flush_codec(cx)?;
        let mut speech = self.voice.speech();
        let mut said = std::mem::take(&mut speech.unsent).into_vec();
        let mut rest = out.0.as_slice();
        if !said.is_empty() {
            said.extend_from_slice(rest);
            rest = &said;
        }
        while codec_is_through && !rest.is_empty() {
            match self.stream.poll_write(&mut speech, cx, rest) {
                Poll::Ready(Ok(0)) => return Err(Error::ConnectionClosed),
                Poll::Ready(Ok(taken)) => rest = &rest[taken..],
                Poll::Ready(Err(error)) => return Err(error.into()),
                Poll::Pending => break,
            }
        }
        speech.unsent = rest.into();
        self.voice.through.store(speech.unsent.is_empty(), Ordering::Release);
        drop(speech);
        out.0.clear();
        self.unflushed = match self.stream.poll_flush(cx) {
            Poll::Ready(flushed) => flushed.map(|()| false)?,
            Poll::Pending => true,
        };
        Ok(())
    }

    /// Writes on what the stream did not take.
    ///
    /// # Errors
    /// The line is gone.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.say(cx, &mut Outgoing::default())?;
        if self.is_through() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// `false`: control frames before it are still on their way.
    fn flush_codec(&mut self, cx: &mut Context<'_>) -> Result<bool, Error> {
        let Some(codec) = &mut self.codec else { return Ok(true) };
        match codec.flush(&mut Through { stream: &mut self.stream, voice: &self.voice, cx }) {
            Ok(()) => Ok(true),
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Voice {
    fn speech(&self) -> MutexGuard<'_, Speech> {
        // A panic under the lock is a bug that has been logged; what is written next decides whether the line lives.
        self.speech.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whom to wake when the stream does not take whole what others have told. The task of a socket stays the same.
    pub fn is_of(&self, waker: &Waker) {
        self.speech().waker = Some(waker.clone());
    }

    pub fn wake(&self) {
        if let Some(waker) = &self.speech().waker {
            waker.wake_by_ref();
        }
    }

    /// From now on it hears what everyone is told.
    pub fn greeted(&self) {
        self.greeted.store(true, Ordering::Relaxed);
    }

    pub fn is_greeted(&self) -> bool {
        self.greeted.load(Ordering::Relaxed)
    }

    /// Nothing more is told over it: the close frame comes next.
    pub fn hush(&self) {
        self.speech().hushed = true;
    }

    /// Writes a whole frame. `false`: it was left out. Where the line is gone, its own task finds that out.
    pub fn tell(&self, frame: &[u8], behind: Behind) -> bool {
        let mut speech = self.speech();
        if speech.hushed {
            return true;
        }
        if !speech.unsent.is_empty() {
            let fits = behind == Behind::Queued && speech.unsent.len() + frame.len() <= TOLD_BYTES_MAX;
            if fits {
                speech.unsent = [&speech.unsent, frame].concat().into();
            }
            return fits;
        }
        let taken = match &speech.write {
            Some(write) if speech.direct => match write.try_write(frame) {
                Ok(taken) => taken,
                Err(error) if error.kind() == ErrorKind::WouldBlock && behind == Behind::LeftOut => return false,
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                Err(_) => return true,
            },
            _ => 0,
        };
        if taken < frame.len() {
            speech.unsent = frame[taken..].into();
            self.through.store(false, Ordering::Release);
            drop(speech);
            self.wake();
        }
        true
    }
}

impl Ends {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        match self {
            Ends::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Ends::Other(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }

    fn poll_write(&mut self, speech: &mut Speech, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        match (self, &mut speech.write) {
            (Ends::Other(stream), _) => Pin::new(stream).poll_write(cx, bytes),
            (Ends::Plain(_), Some(write)) => Pin::new(write).poll_write(cx, bytes),
            (Ends::Plain(_), None) => Poll::Ready(Ok(0)),
        }
    }

    /// A stream that encrypts holds back what it has taken until it is told to pass it on.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self {
            Ends::Plain(_) => Poll::Ready(Ok(())),
            Ends::Other(stream) => Pin::new(stream).poll_flush(cx),
        }
    }
}

/// The stream as tungstenite wants it: not ready is `WouldBlock`, and the task is woken.
struct Through<'a, 'b> {
    stream: &'a mut Ends,
    voice: &'a Voice,
    cx: &'a mut Context<'b>,
}

impl Read for Through<'_, '_> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let mut buffer = ReadBuf::new(bytes);
        match self.stream.poll_read(self.cx, &mut buffer) {
            Poll::Ready(read) => read.map(|()| buffer.filled().len()),
            Poll::Pending => Err(ErrorKind::WouldBlock.into()),
        }
    }
}

impl Write for Through<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self.stream.poll_write(&mut self.voice.speech(), self.cx, bytes) {
            Poll::Ready(written) => written,
            Poll::Pending => Err(ErrorKind::WouldBlock.into()),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self.stream.poll_flush(self.cx) {
            Poll::Ready(flushed) => flushed,
            Poll::Pending => Err(ErrorKind::WouldBlock.into()),
        }
    }
}

enum Plain {
    /// A whole text frame with its text, unmasked, at these places.
    Whole {
        start: usize,
        end: usize,
    },
    Partial,
    Other,
}

/// Whether `bytes` begin with a whole, final, masked text frame of the allowed size.
fn plain_text(bytes: &mut [u8]) -> Plain {
    let mut head = Cursor::new(&*bytes);
    let (header, length) = match FrameHeader::parse(&mut head) {
        Ok(None) => return Plain::Partial,
        Ok(Some(parsed)) => parsed,
        Err(_) => return Plain::Other,
    };
    let start = head.position() as usize;
    let FrameHeader { is_final: true, rsv1: false, rsv2: false, rsv3: false, opcode, mask: Some(mask) } = header else {
        return Plain::Other;
    };
    if opcode != OpCode::Data(Data::Text) || length > FRAME_BYTES_MAX as u64 {
        return Plain::Other;
    }
    let end = start + length as usize;
    if bytes.len() < end {
        return Plain::Partial;
    }
    for (byte, mask) in bytes[start..end].iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    Plain::Whole { start, end }
}

/// Text frames to be said in one write.
#[derive(Default)]
pub struct Outgoing(Vec<u8>);

/// A text as one whole frame, to be told to many.
pub fn framed(write: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut out = Outgoing::default();
    out.text(write);
    out.0.into()
}

/// Final, text.
const TEXT: u8 = 0x81;
/// Final, close.
const CLOSE: u8 = 0x88;

impl Outgoing {
    /// Adds a frame with the text that `write` appends.
    pub fn text(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        // Most frames are long enough for a length of two bytes, so that much is left for the head.
        let start = self.0.len();
        self.0.extend([TEXT, 126, 0, 0]);
        write(&mut self.0);
        let length = self.0.len() - start - 4;
        match u16::try_from(length) {
            Ok(short) if length < 126 => {
                self.0[start + 1] = short as u8;
                self.0.drain(start + 2..start + 4);
            }
            Ok(middle) => self.0[start + 2..start + 4].copy_from_slice(&middle.to_be_bytes()),
            Err(_) => {
                self.0[start + 1] = 127;
                self.0.splice(start + 2..start + 4, (length as u64).to_be_bytes());
            }
        }
    }

    /// Adds a frame that was made before.
    pub fn frame(&mut self, frame: &[u8]) {
        self.0.extend_from_slice(frame);
    }

    /// Adds a close frame; `reason` is short and plain.
    pub fn close(&mut self, code: u16, reason: &'static str) {
        self.0.extend([CLOSE, 2 + reason.len() as u8]);
        self.0.extend(code.to_be_bytes());
        self.0.extend(reason.as_bytes());
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masked(text: &[u8], mask: [u8; 4]) -> Vec<u8> {
        let header =
            FrameHeader { is_final: true, opcode: OpCode::Data(Data::Text), mask: Some(mask), ..Default::default() };
        let mut frame = Vec::new();
        header.format(text.len() as u64, &mut frame).unwrap();
        frame.extend(text.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        frame
    }

    #[test]
    fn frames_of_every_length_are_read_as_they_were_said() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 70_000] {
            let text = "x".repeat(length);
            let mut out = Outgoing::default();
            out.text(|bytes| bytes.extend(b"before"));
            out.text(|bytes| bytes.extend(text.as_bytes()));
            let mut bytes = Cursor::new(&out.0);
            for said in ["before", &text] {
                let (header, length) = FrameHeader::parse(&mut bytes).unwrap().unwrap();
                assert!(header.is_final && header.opcode == OpCode::Data(Data::Text) && header.mask.is_none());
                let start = bytes.position() as usize;
                assert_eq!(&out.0[start..start + length as usize], said.as_bytes());
                bytes.set_position((start + length as usize) as u64);
            }
            assert_eq!(bytes.position() as usize, out.0.len());
        }
    }

    proptest! {
        #[test]
        fn a_whole_text_frame_is_unmasked_and_a_part_of_it_is_waited_for(
            text in prop::collection::vec(any::<u8>(), 0..600), mask: [u8; 4], rest in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let frame = masked(&text, mask);
            for part in 0..frame.len() {
                prop_assert!(matches!(plain_text(&mut frame[..part].to_vec()), Plain::Partial));
            }
            let mut bytes = [frame.clone(), rest].concat();
            let Plain::Whole { start, end } = plain_text(&mut bytes) else { panic!("not whole") };
            prop_assert_eq!(end, frame.len());
            prop_assert_eq!(&bytes[start..end], &text[..]);
        }
    }

    #[test]
    fn whatever_is_no_whole_text_frame_is_left_to_the_codec() {
        let unmasked = [0x81, 1, b'x'];
        let ping = [0x89, 0x80, 0, 0, 0, 0];
        let fragment = [0x01, 0x81, 0, 0, 0, 0, b'x'];
        let reserved = [0xC1, 0x81, 0, 0, 0, 0, b'x'];
        let too_large = [0x81, 0xFE, 0x10, 0x01, 0, 0, 0, 0];
        for bytes in [&unmasked[..], &ping, &fragment, &reserved, &too_large] {
            assert!(matches!(plain_text(&mut bytes.to_vec()), Plain::Other), "{bytes:?}");
        }
    }
}
