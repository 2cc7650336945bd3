//! Who hears what many are told alike: a board's watchers, and everyone. It is framed once; a sweep over the sockets writes the
//! same bytes to each, without waking a task that has nothing else to do.

use crate::contest::core::Contest;
use crate::transport::board_view::BoardName;
use crate::transport::board_view::BoardView;
use crate::transport::board_view::BoardViews;
use crate::transport::line::Behind;
use crate::transport::line::Voice;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// So many locks share the sockets: who comes or goes during a sweep waits for a part of it, some milliseconds.
const CIRCLES: usize = 64;

/// All sockets, and which of them watch which boards.
pub struct Audience {
    circles: [Mutex<Circle>; CIRCLES],
    came: AtomicUsize,
}

#[derive(Default)]
struct Circle {
    everyone: Seats<Arc<Voice>>,
    boards: HashMap<BoardName, Watchers>,
}

#[derive(Default)]
struct Watchers {
    seats: Seats<Watcher>,
    /// The revision that was told last.
    told: u64,
    /// Somebody may not have heard that revision.
    late: bool,
}

struct Watcher {
    voice: Arc<Voice>,
    /// The revision that this one was told last.
    told: u64,
}

/// Where somebody sits, to be given back.
#[derive(Clone, Copy, Debug)]
pub struct SeatAt {
    circle: u16,
    place: u32,
}

/// Numbered places; one that was left is taken by the next who comes.
struct Seats<T> {
    taken: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Seats<T> {
    fn default() -> Seats<T> {
        Seats { taken: Vec::new(), free: Vec::new() }
    }
}

impl<T> Seats<T> {
    fn take(&mut self, who: T) -> u32 {
        if let Some(place) = self.free.pop() {
            self.taken[place as usize] = Some(who);
            return place;
        }
        self.taken.push(Some(who));
        self.taken.len() as u32 - 1
    }

    fn leave(&mut self, place: u32) {
        if self.taken[place as usize].take().is_some() {
            self.free.push(place);
        }
    }

    fn is_empty(&self) -> bool {
        self.free.len() == self.taken.len()
    }
}

impl Default for Audience {
    fn default() -> Audience {
        Audience { circles: std::array::from_fn(|_| Mutex::default()), came: AtomicUsize::new(0) }
    }
}

impl Audience {
    fn circle(&self, circle: u16) -> MutexGuard<'_, Circle> {
        self.circles[usize::from(circle)].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another socket. It has to leave when it goes.
    pub fn join(&self, voice: &Arc<Voice>) -> SeatAt {
        let circle = (self.came.fetch_add(1, Ordering::Relaxed) % CIRCLES) as u16;
        SeatAt { circle, place: self.circle(circle).everyone.take(Arc::clone(voice)) }
    }

    pub fn leave(&self, seat: SeatAt) {
        self.circle(seat.circle).everyone.leave(seat.place);
    }

    /// A socket that has joined, and has been told revision `told` of a board, hears of its changes.
    pub fn watch(&self, joined: SeatAt, voice: &Arc<Voice>, board: BoardName, told: u64) -> SeatAt {
        let mut circle = self.circle(joined.circle);
        let watchers = circle.boards.entry(board).or_default();
        // A sweep may have come between its being told and its coming here.
        watchers.late |= watchers.told != told;
        SeatAt { place: watchers.seats.take(Watcher { voice: Arc::clone(voice), told }), ..joined }
    }

    pub fn unwatch(&self, seat: SeatAt, board: BoardName) {
        let mut circle = self.circle(seat.circle);
        if let Some(watchers) = circle.boards.get_mut(&board) {
            watchers.seats.leave(seat.place);
            if watchers.seats.is_empty() {
                circle.boards.remove(&board);
            }
        }
    }

    /// Tells each board that has changed to those who watch it. Blocks for as long as the system takes the bytes: some
    /// microseconds a socket. Who has not taken what came before is told the board as it is then, the next time.
    pub fn tell_boards(&self, contest: &Contest, views: &BoardViews) {
        let mut revisions = HashMap::new();
        let mut made: HashMap<BoardName, Arc<BoardView>> = HashMap::new();
        for circle in 0..CIRCLES as u16 {
            for (name, watchers) in &mut self.circle(circle).boards {
                // A change is cheaper to ask for than a board is to make.
                let revision = *revisions.entry(*name).or_insert_with(|| name.revision(contest));
                if revision != watchers.told || watchers.late {
                    let view = made.entry(*name).or_insert_with(|| views.view(contest, *name));
                    watchers.hear(view);
                }
            }
        }
    }

    /// Tells everyone who has said hello one whole frame, for example a notice. Blocks as [`Audience::tell_boards`] does. Returns how many
    /// were not told: they have been behind for so long that they are about to lose their sockets.
    pub fn tell_everyone(&self, frame: &[u8]) -> usize {
        let told = |voice: &&Arc<Voice>| !voice.is_greeted() || voice.tell(frame, Behind::Queued);
        (0..CIRCLES as u16)
            .map(|circle| self.circle(circle).everyone.taken.iter().flatten().filter(|voice| !told(voice)).count())
            .sum()
    }

    /// Every socket's task gets a turn.
    pub fn wake_everyone(&self) {
        for circle in 0..CIRCLES as u16 {
            self.circle(circle).everyone.taken.iter().flatten().for_each(|voice| voice.wake());
        }
    }
}

impl Watchers {
    fn hear(&mut self, view: &BoardView) {
        let frame = view.frame();
        self.late = false;
        for watcher in self.seats.taken.iter_mut().flatten().filter(|watcher| watcher.told != view.revision) {
            if watcher.voice.tell(&frame, Behind::LeftOut) {
                watcher.told = view.revision;
            } else {
                self.late = true;
            }
        }
        self.told = view.revision;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::line::Line;
    use crate::transport::line::Stream;
    use crate::transport::line::framed;
    use std::future::poll_fn;
    use std::task::Waker;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;
    use tokio::net::TcpStream;

    /// A line and its other end.
    async fn line() -> (Line, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (there, here) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
        let line = Line::new(Stream::Plain(here.unwrap().0), b"");
        line.voice().is_of(Waker::noop());
        (line, there.unwrap())
    }

    async fn heard(there: &mut TcpStream, bytes: usize) -> Vec<u8> {
        let mut heard = vec![0; bytes];
        there.read_exact(&mut heard).await.unwrap();
        heard
    }

    #[tokio::test]
    async fn everyone_who_was_greeted_and_has_not_left_is_told() {
        let audience = Audience::default();
        let (one, mut one_hears) = line().await;
        let (stranger, stranger_hears) = line().await;
        let (gone, gone_hears) = line().await;
        let (silenced, silenced_hears) = line().await;
        audience.join(one.voice());
        audience.join(stranger.voice());
        let seat = audience.join(gone.voice());
        audience.join(silenced.voice());
        [&one, &gone, &silenced].into_iter().for_each(|line| line.voice().greeted());
        audience.leave(seat);
        silenced.voice().hush();
        let frame = framed(|bytes| bytes.extend(b"a notice"));
        assert_eq!(audience.tell_everyone(&frame), 0);
        assert_eq!(heard(&mut one_hears, frame.len()).await, frame);
        // Whoever sits in the audience holds the line open.
        drop((stranger, gone, silenced, audience));
        for mut other in [stranger_hears, gone_hears, silenced_hears] {
            assert_eq!(other.read_u8().await.unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
        }
    }

    #[tokio::test]
    async fn who_does_not_take_what_came_before_misses_a_board_and_gets_so_many_notices_whole() {
        let (mut line, mut there) = line().await;
        let board = framed(|bytes| bytes.extend([b'b'; 60_000]));
        let notice = framed(|bytes| bytes.extend([b'n'; 1_000]));
        let mut boards = 0;
        while line.voice().tell(&board, Behind::LeftOut) {
            boards += 1;
        }
        // A board of which the system took a part is said to its end; behind it there is room for some.
        let mut notices = 0;
        while line.voice().tell(&notice, Behind::Queued) {
            notices += 1;
        }
        assert!(boards > 0 && notices < 64, "{boards} boards, {notices} notices");
        assert!(!line.voice().tell(&board, Behind::LeftOut));
        let all = [board.repeat(boards), notice.repeat(notices)].concat();
        let flushed = poll_fn(|cx| line.poll_flush(cx));
        let (flushed, taken) = tokio::join!(flushed, heard(&mut there, all.len()));
        flushed.unwrap();
        assert!(taken == all, "frames were torn or came in another order");
        assert!(line.is_through() && line.voice().tell(&notice, Behind::LeftOut), "it has caught up");
    }

    #[tokio::test]
    async fn what_a_stream_of_another_kind_is_told_its_own_task_writes() {
        let (here, mut there) = tokio::io::duplex(4_096);
        let mut line = Line::new(Stream::Other(Box::new(here)), b"");
        let frame = framed(|bytes| bytes.extend(b"to everyone"));
        assert!(line.voice().tell(&frame, Behind::LeftOut));
        assert!(!line.is_through());
        poll_fn(|cx| line.poll_flush(cx)).await.unwrap();
        let mut heard = vec![0; frame.len()];
        there.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, frame);
    }

    #[test]
    fn a_place_that_was_left_is_taken_again() {
        let mut seats = Seats::default();
        let places: Vec<u32> = (0..3).map(|n| seats.take(n)).collect();
        seats.leave(places[1]);
        seats.leave(places[1]);
        assert_eq!((seats.take(9), seats.take(10)), (places[1], 3));
        [0, 1, 2, 3].into_iter().for_each(|place| seats.leave(place));
        assert!(seats.is_empty());
    }
}
