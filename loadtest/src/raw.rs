//! A WebSocket with next to no work a message: frames are read where they lie and written from one buffer. For measuring,
//! where the client shares the processors with the server; what a server sends wrongly is judged by the checking player.

use anyhow::{bail, ensure};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::net::Target;

/// As much as a verdict and the question behind it; it grows where a frame is longer, up to [`FRAME_MAX`].
const BUFFER: usize = 2048;
const FRAME_MAX: usize = 256 * 1024;

/// Any four bytes: a server unmasks by them whatever they are.
const MASK: [u8; 4] = [0x5a, 0xc3, 0x96, 0x3c];

pub(crate) struct RawReader {
    stream: OwnedReadHalf,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

/// Connects and upgrades.
pub(crate) async fn open(
    target: &Target,
    source: usize,
    subprotocol: Option<&'static str>,
) -> anyhow::Result<(RawReader, OwnedWriteHalf)> {
    // A server says nothing before it is spoken to, so no frame is lost between the handshake's reader and this one.
    let stream: TcpStream = target.socket(source, subprotocol).await?.into_inner();
    let (read, write) = stream.into_split();
    Ok((RawReader { stream: read, buffer: vec![0; BUFFER], start: 0, end: 0 }, write))
}

impl RawReader {
    /// The text of the next text frame. The error is a connection that was closed or lost, and says how.
    pub(crate) async fn next(&mut self) -> anyhow::Result<&[u8]> {
        loop {
            if let Some(frame) = Frame::read(&self.buffer[self.start..self.end])? {
                let from = self.start + frame.header;
                self.start = from + frame.payload;
                match frame.opcode {
                    1 => return Ok(&self.buffer[from..from + frame.payload]),
                    8 => {
                        let code = self.buffer.get(from..from + 2).filter(|_| frame.payload >= 2);
                        bail!("closed by the server, {:?}", code.map(|c| u16::from_be_bytes([c[0], c[1]])));
                    }
                    9 | 10 => continue,
                    other => bail!("a frame with opcode {other}"),
                }
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.buffer.len() {
            ensure!(self.end < FRAME_MAX, "a frame of more than {FRAME_MAX} bytes");
            self.buffer.resize(2 * self.end, 0);
        }
        let read = self.stream.read(&mut self.buffer[self.end..]).await?;
        ensure!(read > 0, "closed without a word");
        self.end += read;
        Ok(())
    }
}

struct Frame {
    opcode: u8,
    header: usize,
    payload: usize,
}

impl Frame {
    /// The frame at the beginning of `bytes`; `None` while it is not all there.
    fn read(bytes: &[u8]) -> anyhow::Result<Option<Frame>> {
        let [first, second, rest @ ..] = bytes else { return Ok(None) };
        ensure!(first & 0xf0 == 0x80, "a fragment, or an extension that nobody asked for");
        ensure!(second & 0x80 == 0, "a masked frame from the server");
        let (header, payload) = match (second & 0x7f, rest) {
            (126, [a, b, ..]) => (4, usize::from(u16::from_be_bytes([*a, *b]))),
            (127, [a, b, c, d, e, f, g, h, ..]) => (10, u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]) as usize),
            (126 | 127, _) => return Ok(None),
            (short, _) => (2, usize::from(short)),
        };
        ensure!(payload <= FRAME_MAX, "a frame of {payload} bytes");
        let whole = bytes.len() >= header + payload;
        Ok(whole.then_some(Frame { opcode: first & 0x0f, header, payload }))
    }
}

/// Makes `frame` one masked text frame.
pub(crate) fn frame_text(text: &[u8], frame: &mut Vec<u8>) {
    frame.clear();
    frame.push(0x81);
    match text.len() {
        short @ 0..126 => frame.push(0x80 | short as u8),
        long => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(long as u16).to_be_bytes());
        }
    }
    frame.extend_from_slice(&MASK);
    frame.extend(text.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

/// Writes a frame whole, without waiting: a client that has a few hundred bytes under way always has room for one more.
pub(crate) fn put(write: &OwnedWriteHalf, frame: &[u8]) -> anyhow::Result<()> {
    let written = write.try_write(frame)?;
    ensure!(written == frame.len(), "the server takes no more: {written} of {} bytes written", frame.len());
    Ok(())
}

/// The bytes behind `key` up to `end`: enough to read one field of a message without reading the message.
pub(crate) fn field<'a>(text: &'a [u8], key: &[u8], end: u8) -> Option<&'a [u8]> {
    let from = text.windows(key.len()).position(|at| at == key)? + key.len();
    let length = text[from..].iter().position(|&byte| byte == end)?;
    Some(&text[from..from + length])
}

pub(crate) fn number(text: &[u8], key: &[u8]) -> Option<u64> {
    let from = text.windows(key.len()).position(|at| at == key)? + key.len();
    let digits = text[from..].iter().take_while(|byte| byte.is_ascii_digit());
    let mut digits = digits.map(|byte| u64::from(byte - b'0')).peekable();
    digits.peek()?;
    Some(digits.fold(0, |sum, digit| 10 * sum + digit))
}

pub(crate) fn hello(token: &str) -> Vec<u8> {
    text_frame(&format!(r#"{{"type":"hello","token":"{token}"}}"#))
}

pub(crate) fn start(round: &str) -> Vec<u8> {
    text_frame(&format!(r#"{{"type":"start","round":"{round}"}}"#))
}

pub(crate) fn text_frame(text: &str) -> Vec<u8> {
    let mut frame = Vec::new();
    frame_text(text.as_bytes(), &mut frame);
    frame
}

pub(crate) fn answer_text(attempt: &[u8], seq: u64) -> String {
    let attempt = String::from_utf8_lossy(attempt);
    format!(r#"{{"type":"answer","attempt":"{attempt}","seq":{seq},"choices":[0]}}"#)
}

/// The frame that answers a question with its first option.
pub(crate) fn answer(question: &[u8]) -> Option<Vec<u8>> {
    let (attempt, seq) = (field(question, br#""attempt":""#, b'"')?, number(question, br#""seq":"#)?);
    Some(text_frame(&answer_text(attempt, seq)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_once_it_is_all_there() {
        let mut frame = vec![0x81, 126, 1, 0];
        frame.extend([b'x'; 256]);
        for short in 0..frame.len() {
            assert!(Frame::read(&frame[..short]).unwrap().is_none(), "{short}");
        }
        let read = Frame::read(&frame).unwrap().unwrap();
        assert_eq!((read.opcode, read.header, read.payload), (1, 4, 256));
        assert!(Frame::read(&[0x01, 2, b'a', b'b']).is_err());
    }

    #[test]
    fn fields_are_found_without_reading_the_rest() {
        let text = br#"{"type":"question","attempt":"Ab-9_x","seq":12,"of":20}"#;
        assert_eq!(field(text, br#""attempt":""#, b'"'), Some(&b"Ab-9_x"[..]));
        assert_eq!(number(text, br#""seq":"#), Some(12));
        assert_eq!(number(text, br#""none":"#), None);
    }

    #[test]
    fn a_masked_frame_is_the_text_again() {
        let mut frame = Vec::new();
        frame_text(b"hello", &mut frame);
        assert_eq!(frame[..2], [0x81, 0x85]);
        let plain: Vec<u8> = frame[6..].iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        assert_eq!(plain, b"hello");
    }
}
