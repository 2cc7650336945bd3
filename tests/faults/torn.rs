//! What a power cut leaves of the log's tail: whatever stands before the torn commit is there, whole, and nothing of it half.

use super::crowd::Scene;
use super::process::plain;
use kejing::contest::replay::replay;
use kejing::ledger::sqlite::Sqlite;
use kejing::ledger::store::RawAnswer;
use kejing::ledger::store::Store;
use std::path::Path;
use std::path::PathBuf;

const PLAYERS: usize = 12;
/// SQLite's file format, "The Write-Ahead Log": a header, then frames, each a header and a page.
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// Where the log's valid frames end, and which of them end a commit.
struct Log {
    path: PathBuf,
    bytes: Vec<u8>,
    frame: usize,
    /// Where each commit ends, in bytes.
    commits: Vec<usize>,
}

impl Log {
    fn of(data: &Path) -> Log {
        let path = data.join("ledger.db-wal");
        let bytes = std::fs::read(&path).unwrap();
        let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        let frame = FRAME_HEADER + word(8) as usize;
        let salts = (word(16), word(20));
        let mut commits = Vec::new();
        let mut at = LOG_HEADER;
        while at + frame <= bytes.len() && (word(at + 8), word(at + 12)) == salts {
            at += frame;
            if word(at - frame + 4) != 0 {
                commits.push(at);
            }
        }
        Log { path, bytes, frame, commits }
    }

    fn leave(&self, bytes: &[u8]) {
        std::fs::write(&self.path, bytes).unwrap();
        // What is derived from the log; a power cut leaves nothing of it.
        let _ = std::fs::remove_file(self.path.with_file_name("ledger.db-shm"));
    }
}

/// Every raw answer of a stopped server's ledger, which has to agree with itself, and the number of its last entry.
async fn read(data: &Path) -> (i64, Vec<RawAnswer>) {
    let store = Sqlite::open_stopped(data).await.unwrap();
    let replayed = replay(&store).await.unwrap();
    assert_eq!(replayed.disagreements, Vec::<String>::new());
    let answers = store.answers(0).await.unwrap();
    store.close().await;
    (replayed.entries, answers)
}

pub(crate) fn copy(data: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(data).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    copy
}

#[tokio::test]
async fn a_torn_tail_takes_nothing_with_it_that_was_committed_before() {
    let mut scene = Scene::of(PLAYERS, tempfile::tempdir().unwrap(), plain).await;
    scene.until_more(120).await;
    scene.kill().await;
    let log = Log::of(&scene.data());
    assert!(log.commits.len() > 20);
    let (whole_until, last) = (*log.commits.last().unwrap(), log.commits[log.commits.len() - 2]);
    let (entries, answers) = read(copy(&scene.data()).path()).await;

    // The last commit is cut at its first byte, within its first page, and just before its end.
    for cut in [last, last + 1, last + log.frame / 2, whole_until - 1] {
        let copied = copy(&scene.data());
        Log::of(copied.path()).leave(&log.bytes[..cut]);
        let (fewer, kept) = read(copied.path()).await;
        assert!(fewer < entries, "cut at {cut}");
        let before: Vec<RawAnswer> = answers.iter().copied().filter(|answer| answer.n <= fewer).collect();
        assert_eq!(kept, before, "cut at {cut}");
    }
    // Its pages are there and one of them is not what was written: its checksum says so.
    let copied = copy(&scene.data());
    let mut garbled = log.bytes.clone();
    garbled[last + FRAME_HEADER + 100] ^= 1;
    Log::of(copied.path()).leave(&garbled);
    let (fewer, kept) = read(copied.path()).await;
    assert!(fewer < entries);
    assert_eq!(kept.len(), answers.iter().filter(|answer| answer.n <= fewer).count());

    // A commit that was under way when the power went: all that was acknowledged lies before it.
    let mut torn = log.bytes[..whole_until].to_vec();
    torn.extend_from_slice(&log.bytes[last..last + log.frame / 2]);
    log.leave(&torn);
    scene.serve_again(plain).await;
    scene.until_more(60).await;
    scene.end().await;
}
