//! 备份与恢复: the ledger as of one moment and the key file, in a folder with a manifest; checked when it is made and when it is used.

use crate::contest::recovery::OpeningError;
use crate::contest::recovery::all_notes;
use crate::contest::replay::Replayed;
use crate::contest::replay::replay;
use crate::domain::ids::SeasonId;
use crate::domain::season::Season;
use crate::domain::time::Timestamp;
use crate::files;
use crate::files::KEY_FILE;
use crate::ledger::desk::DESK_FILE;
use crate::ledger::desk::DeskStore;
use crate::ledger::entry::Note;
use crate::ledger::sqlite::Sqlite;
use crate::ledger::store::LedgerError;
use crate::ledger::store::Store;
use crate::office::audit;
use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

const FORMAT: &str = "kejing-backup/1";
const LEDGER: &str = "ledger.db";
const MANIFEST: &str = "manifest.json";
/// Left by a replay; it is no part of a backup.
const LOCK: &str = "ledger.lock";
/// Within the data folder, while it is being filled.
const RESTORING: &str = ".restoring";
/// A backup holds the key file and everyone's names: its owner reads it, and nobody else.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
/// Files are compared and copied so many bytes at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    format: String,
    /// Which version of the program made it.
    program: String,
    pub taken_at: Timestamp,
    /// The last moment at which the server is known to have lived.
    pub alive_at: Option<Timestamp>,
    pub season: HeldSeason,
    /// SHA-256 of each bank version that the ledger holds, oldest first.
    pub banks: Vec<String>,
    pub ledger: Held,
    /// Of backups that were made before there was a desk: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<HeldAudit>,
    pub files: Vec<HeldFile>,
}

/// Where the audit log ended: a backup kept elsewhere shows later whether anything before that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldAudit {
    pub rows: i64,
    last: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldSeason {
    pub id: String,
    pub name: String,
    /// Of its canonical form in the ledger.
    sha256: String,
}

/// What `kejing replay` says of the copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub entries: i64,
    pub attempts: u64,
    pub participants: u64,
    pub boards: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldFile {
    pub name: String,
    pub bytes: u64,
    sha256: String,
}

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(
        "{} 里没有 ledger.db。如果这个赛季的账本在 PostgreSQL 里，请用 pg_dump 备份数据库，并把 {} 一起复制走（见 docs/operations.md）",
        .0.display(), .0.join(KEY_FILE).display()
    )]
    NoLedger(PathBuf),
    #[error("{} 里没有密钥文件 kejing.key：没有它，备份恢复不了选手的登录和抽题密钥", .0.display())]
    NoKey(PathBuf),
    #[error("{} 已经存在；备份不覆盖任何东西，请换一个名字", .0.display())]
    Exists(PathBuf),
    #[error("{} 不是空文件夹；为免盖掉现有的账本，请先把它移走，或者恢复到别处", .0.display())]
    NotEmpty(PathBuf),
    #[error("{} 不是科竞的备份：{why}", .folder.display())]
    NotABackup { folder: PathBuf, why: String },
    #[error("备份已损坏：{name} 的内容与备份时的校验和不符（现在 {found}，应当是 {expected}）")]
    Altered { name: String, expected: String, found: String },
    #[error("复制出来的账本没有通过核对，没有留下备份：\n{}", .0.join("\n"))]
    Unsound(Vec<String>),
    #[error("恢复出来的账本与备份时的核对结果不同：现在是 {found:?}，备份时是 {expected:?}")]
    Otherwise { found: Box<Held>, expected: Box<Held> },
    #[error("{}：{}", .0.display(), files::told(.1))]
    File(PathBuf, io::Error),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("无法核对账本：{0}")]
    Replay(#[from] OpeningError),
}

/// Makes the folder `to`, which appears whole or not at all. The server may run meanwhile.
///
/// # Errors
/// There is nothing to back up, `to` exists, or the copy does not stand its checks.
pub async fn take(data: &Path, to: &Path, now: Timestamp) -> Result<Manifest, BackupError> {
    if !data.join(LEDGER).is_file() {
        return Err(BackupError::NoLedger(data.to_owned()));
    }
    if !data.join(KEY_FILE).is_file() {
        return Err(BackupError::NoKey(data.to_owned()));
    }
    if fs::symlink_metadata(to).is_ok() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let draft = draft_of(to);
    fs::DirBuilder::new().mode(FOLDER_MODE).create(&draft).map_err(|cause| BackupError::File(draft.clone(), cause))?;
    let taken = fill(data, &draft, now).await;
    let taken = taken.and_then(|manifest| {
        fs::rename(&draft, to).map_err(|cause| BackupError::File(to.to_owned(), cause))?;
        flush_folder(&parent_of(to))?;
        Ok(manifest)
    });
    if taken.is_err() {
        // What is half a backup helps nobody; why it failed is told.
        let _ = fs::remove_dir_all(&draft);
    }
    taken
}

async fn fill(data: &Path, draft: &Path, now: Timestamp) -> Result<Manifest, BackupError> {
    copy_file(&data.join(KEY_FILE), &draft.join(KEY_FILE))?;
    let ledger = draft.join(LEDGER);
    Sqlite::copy(data, &ledger).await?;
    fs::set_permissions(&ledger, fs::Permissions::from_mode(FILE_MODE)).map_err(|cause| file(&ledger, cause))?;
    let desk = draft.join(DESK_FILE);
    if DeskStore::copy_file(data, &desk).await? {
        fs::set_permissions(&desk, fs::Permissions::from_mode(FILE_MODE)).map_err(|cause| file(&desk, cause))?;
    }
    let checked = check(draft).await?;
    flush(&ledger)?;
    let names = [LEDGER, DESK_FILE, KEY_FILE].into_iter().filter(|name| draft.join(name).exists());
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        taken_at: now,
        alive_at: checked.alive_at,
        season: checked.season,
        banks: checked.banks,
        ledger: checked.held,
        audit: checked.audit,
        files: names.map(|name| held_file(draft, name)).collect::<Result<_, _>>()?,
    };
    let text = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
    write_new(&draft.join(MANIFEST), &text)?;
    flush_folder(draft)?;
    Ok(manifest)
}

/// Puts a backup into the data folder `data`, which is not there yet or empty, and checks it again there.
///
/// # Errors
/// The backup was altered, the folder is in use, or what was restored is not what was backed up.
pub async fn restore(from: &Path, data: &Path) -> Result<Manifest, BackupError> {
    let manifest = read_manifest(from)?;
    for expected in &manifest.files {
        let found = held_file(from, &expected.name)?;
        if found != *expected {
            let HeldFile { name, sha256, .. } = expected.clone();
            return Err(BackupError::Altered { name, expected: sha256, found: found.sha256 });
        }
    }
    fs::create_dir_all(data).map_err(|cause| file(data, cause))?;
    let draft = data.join(RESTORING);
    if draft.exists() {
        // A restore before this one was cut off.
        fs::remove_dir_all(&draft).map_err(|cause| file(&draft, cause))?;
    }
    if !is_free(data, &manifest)? {
        return Err(BackupError::NotEmpty(data.to_owned()));
    }
    fs::DirBuilder::new().mode(FOLDER_MODE).create(&draft).map_err(|cause| file(&draft, cause))?;
    let restored = put_back(from, &draft, data, &manifest).await;
    let cleared = fs::remove_dir_all(&draft).map_err(|cause| file(&draft, cause));
    restored.and(cleared).and_then(|()| flush_folder(data)).map(|()| manifest)
}

/// Whether the folder is empty, but for what a restore of this very backup put there before it was cut off.
fn is_free(data: &Path, manifest: &Manifest) -> Result<bool, BackupError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(data).map_err(|cause| file(data, cause))? {
        names.push(entry.map_err(|cause| file(data, cause))?.file_name());
    }
    for name in names {
        let known = [KEY_FILE, DESK_FILE].into_iter().find(|known| name == *known);
        let Some(known) = known else { return Ok(false) };
        if !manifest.files.contains(&held_file(data, known)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn put_back(from: &Path, draft: &Path, data: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    for held in &manifest.files {
        copy_file(&from.join(&held.name), &draft.join(&held.name))?;
    }
    let checked = check(draft).await?;
    if checked.held != manifest.ledger {
        let (found, expected) = (Box::new(checked.held), Box::new(manifest.ledger.clone()));
        return Err(BackupError::Otherwise { found, expected });
    }
    if checked.audit != manifest.audit {
        return Err(BackupError::Unsound(vec!["操作记录与备份时的不同".to_owned()]));
    }
    // The folder says whose it is: a server does not run as the one who restores.
    let owner = fs::metadata(data).map_err(|cause| file(data, cause))?;
    // The key first: a ledger without its key is refused, a key without a ledger is not yet in use. A link fails where
    // something is, a rename would not.
    for name in [KEY_FILE, DESK_FILE, LEDGER].into_iter().filter(|name| manifest.holds(name)) {
        let (path, place) = (draft.join(name), data.join(name));
        give(&path, &owner).map_err(|cause| file(&path, cause))?;
        flush(&path)?;
        match fs::hard_link(&path, &place) {
            // Of a restore before this one.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && name != LEDGER => {}
            linked => linked.map_err(|cause| file(&place, cause))?,
        }
    }
    flush_folder(data)
}

fn give(path: &Path, like: &fs::Metadata) -> io::Result<()> {
    let own = fs::metadata(path)?;
    if (own.uid(), own.gid()) == (like.uid(), like.gid()) {
        return Ok(());
    }
    std::os::unix::fs::chown(path, Some(like.uid()), Some(like.gid()))
}

impl Manifest {
    fn holds(&self, name: &str) -> bool {
        self.files.iter().any(|held| held.name == name)
    }
}

struct Checked {
    held: Held,
    audit: Option<HeldAudit>,
    season: HeldSeason,
    banks: Vec<String>,
    alive_at: Option<Timestamp>,
}

/// The copy by itself: sound as a database, and every score and board recomputed from its raw answers.
async fn check(folder: &Path) -> Result<Checked, BackupError> {
    let faults = Sqlite::faults(&folder.join(LEDGER)).await?;
    if !faults.is_empty() {
        return Err(BackupError::Unsound(faults));
    }
    let store = Sqlite::open_stopped(folder).await?;
    let read = read(&store).await;
    store.close().await;
    drop(store);
    let lock = folder.join(LOCK);
    fs::remove_file(&lock).map_err(|cause| file(&lock, cause))?;
    let (replayed, season, banks, alive_at) = read?;
    let Replayed { entries, attempts, participants, boards, disagreements } = replayed;
    if !disagreements.is_empty() {
        return Err(BackupError::Unsound(disagreements));
    }
    let audit = check_desk(folder, &season.id).await?;
    Ok(Checked { held: Held { entries, attempts, participants, boards }, audit, season, banks, alive_at })
}

/// What staff edit, by itself: sound as a database, of this season, and its audit log holding together.
async fn check_desk(folder: &Path, season: &str) -> Result<Option<HeldAudit>, BackupError> {
    let path = folder.join(DESK_FILE);
    if !path.exists() {
        return Ok(None);
    }
    let faults = Sqlite::faults(&path).await?;
    if !faults.is_empty() {
        return Err(BackupError::Unsound(faults));
    }
    let store = DeskStore::in_folder(folder, &SeasonId(season.to_owned())).await?;
    let checked = audit::verify(&store).await;
    store.close().await;
    flush(&path)?;
    let audit::Checked { rows, last, fault } = checked?;
    match fault {
        Some(fault) => Err(BackupError::Unsound(vec![format!("操作记录：{fault}")])),
        None => Ok(Some(HeldAudit { rows, last })),
    }
}

async fn read(store: &Sqlite) -> Result<(Replayed, HeldSeason, Vec<String>, Option<Timestamp>), BackupError> {
    let replayed = replay(store).await?;
    let alive_at = store.lane().await?.alive_at;
    let (mut season, mut banks) = (String::new(), Vec::new());
    for noted in all_notes(store).await? {
        match noted.note {
            Note::Season { canonical, .. } => season = canonical,
            Note::Bank { digest, .. } => banks.push(digest),
            _ => {}
        }
    }
    let read: Season = serde_json::from_str(&season).map_err(|error| OpeningError::Unreadable(error.to_string()))?;
    let sha256 = HEXLOWER.encode(&Sha256::digest(&season));
    Ok((replayed, HeldSeason { id: read.id.to_string(), name: read.name, sha256 }, banks, alive_at))
}

fn read_manifest(folder: &Path) -> Result<Manifest, BackupError> {
    let not = |why: String| BackupError::NotABackup { folder: folder.to_owned(), why };
    let text =
        files::text_of(&folder.join(MANIFEST)).map_err(|cause| not(format!("{MANIFEST}：{}", files::told(&cause))))?;
    let manifest: Manifest =
        serde_json::from_str(&text).map_err(|error| not(format!("{MANIFEST} 读不懂（{error}）")))?;
    if manifest.format != FORMAT {
        return Err(not(format!("格式是「{}」，本版本只认 {FORMAT}", manifest.format)));
    }
    let mut names: Vec<&str> = manifest.files.iter().map(|held| held.name.as_str()).collect();
    names.sort_unstable();
    // Backups that were made before there was a desk have none.
    if names != [DESK_FILE, KEY_FILE, LEDGER] && names != [KEY_FILE, LEDGER] {
        return Err(not(format!("{MANIFEST} 里的文件不是 {LEDGER}、{DESK_FILE} 和 {KEY_FILE}")));
    }
    Ok(manifest)
}

/// The name under which a folder is made before it gets its own, on the same disk.
fn draft_of(folder: &Path) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    parent_of(folder).join(format!(".{name}.{}", std::process::id()))
}

fn parent_of(folder: &Path) -> PathBuf {
    match folder.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn file(path: &Path, cause: io::Error) -> BackupError {
    BackupError::File(path.to_owned(), cause)
}

fn held_file(folder: &Path, name: &str) -> Result<HeldFile, BackupError> {
    let path = folder.join(name);
    let mut digest = Sha256::new();
    let bytes = each_chunk(&path, |chunk| {
        digest.update(chunk);
        Ok(())
    });
    let bytes = bytes.map_err(|cause| file(&path, cause))?;
    Ok(HeldFile { name: name.to_owned(), bytes, sha256: HEXLOWER.encode(&digest.finalize()) })
}

fn copy_file(from: &Path, to: &Path) -> Result<(), BackupError> {
    let mut copy = new_file(to).map_err(|cause| file(to, cause))?;
    each_chunk(from, |chunk| copy.write_all(chunk)).map_err(|cause| file(from, cause))?;
    copy.sync_all().map_err(|cause| file(to, cause))
}

fn write_new(path: &Path, text: &[u8]) -> Result<(), BackupError> {
    let written = new_file(path).and_then(|mut new| new.write_all(text).and_then(|()| new.sync_all()));
    written.map_err(|cause| file(path, cause))
}

fn new_file(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).mode(FILE_MODE).open(path)
}

fn each_chunk(path: &Path, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<u64> {
    let mut opened = File::open(path)?;
    let (mut chunk, mut bytes) = (vec![0; CHUNK_BYTES], 0);
    loop {
        match opened.read(&mut chunk)? {
            0 => return Ok(bytes),
            read => {
                take(&chunk[..read])?;
                bytes += read as u64;
            }
        }
    }
}

fn flush(path: &Path) -> Result<(), BackupError> {
    File::open(path).and_then(|opened| opened.sync_all()).map_err(|cause| file(path, cause))
}

fn flush_folder(path: &Path) -> Result<(), BackupError> {
    flush(path)
}
