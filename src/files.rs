//! The files that a server stands on: the season with all that it names, banks, the key file. Every fault with its place.

use crate::contest::clock::chance;
use crate::domain::fault::Fault;
use crate::domain::fault::Place;
use crate::domain::faults;
use crate::domain::question::Question;
use crate::domain::season::Asked;
use crate::domain::season::Season;
use crate::domain::season::check_blueprints;
use crate::formats;
use data_encoding::HEXLOWER;
use encoding_rs::GB18030;
use std::fmt;
use std::fs;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

/// The folder beside a bank's questions that holds their pictures.
pub const MEDIA_FOLDER: &str = "media";
pub const KEY_FILE: &str = "kejing.key";
/// Only its owner reads it.
const KEY_FILE_MODE: u32 = 0o600;

/// A season and what it names, read and checked whole.
#[derive(Debug)]
pub struct ReadSeason {
    pub season: Season,
    /// By their ids in the season file.
    pub banks: Vec<(String, Vec<Question>)>,
    /// Where the banks' pictures are; only folders that exist.
    pub media: Vec<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("读不到 {}：{}", .0.display(), told(.1))]
    Unreadable(PathBuf, io::Error),
    #[error("{}", lines(.0))]
    Faulty(Vec<Told>),
}

/// A fault as an editor or a terminal jumps to it: `seasons/demo.toml:12:5 round.daily.points：…`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub file: String,
    pub place: Option<Place>,
    /// Empty where the place says it all.
    pub key: String,
    pub message: String,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(place) = self.place {
            write!(f, ":{}:{}", place.line, place.column)?;
        }
        if !self.key.is_empty() {
            write!(f, " {}", self.key)?;
        }
        write!(f, "：{}", self.message)
    }
}

impl From<faults::Fault> for Told {
    fn from(fault: faults::Fault) -> Told {
        let place = Some(Place { line: fault.row, column: fault.column });
        Told { file: fault.file, place, key: String::new(), message: fault.message }
    }
}

/// Reads a season file, its region, organisations and banks, and checks that every paper can be drawn.
///
/// # Errors
/// The file cannot be read, or all faults of all files at once.
pub fn read_season(path: &Path) -> Result<ReadSeason, FileError> {
    let text = text_of(path).map_err(|cause| FileError::Unreadable(path.to_owned(), cause))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let beside = |named: &str| tidied(&folder.join(named));
    let tell = |fault: Fault| Told {
        file: fault.file.map_or_else(|| path.to_owned(), |named| beside(&named)).display().to_string(),
        place: fault.place,
        key: fault.key,
        message: fault.message,
    };
    let tell_all = |faults: Vec<Fault>| FileError::Faulty(faults.into_iter().map(tell).collect());

    let season =
        Season::read(&text, &|named| text_of(&beside(named)).map_err(|cause| told(&cause))).map_err(tell_all)?;
    let mut read = ReadSeason { season, banks: Vec::new(), media: Vec::new() };
    let mut faults = Vec::new();
    for source in &read.season.banks {
        let place = beside(&source.path);
        match read_bank(&place) {
            Ok(questions) => read.banks.push((source.id.clone(), questions)),
            Err(FileError::Faulty(more)) => faults.extend(more),
            Err(FileError::Unreadable(missing, cause)) => {
                let message = format!("读不到题库「{}」（{}）：{}", source.id, missing.display(), told(&cause));
                faults.push(tell(Fault::of_whole(format!("bank.{}.path", source.id), message)));
            }
        }
        read.media.extend(Some(media_of(&place)).filter(|media| media.is_dir()));
    }
    if !faults.is_empty() {
        return Err(FileError::Faulty(faults));
    }
    let asked: Vec<(String, Vec<Asked>)> =
        read.banks.iter().map(|(id, questions)| (id.clone(), questions.iter().map(asked_of).collect())).collect();
    match check_blueprints(&read.season, &asked) {
        faults if faults.is_empty() => Ok(read),
        faults => Err(tell_all(faults)),
    }
}

fn asked_of(question: &Question) -> Asked {
    (question.kind, question.topic.clone(), question.difficulty)
}

/// Reads a bank: one file, or every question file of a folder, by name.
///
/// # Errors
/// It cannot be read, or all faults of all its files at once.
pub fn read_bank(place: &Path) -> Result<Vec<Question>, FileError> {
    let unreadable = |cause| FileError::Unreadable(place.to_owned(), cause);
    if !fs::metadata(place).map_err(unreadable)?.is_dir() {
        return read_bank_files(&[place.to_owned()]);
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(place).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // What begins with a dot or "~$" was left there by a system or an office suite.
        let left_behind = name.starts_with('.') || name.starts_with("~$");
        if formats::is_question_file(&name) && !left_behind && entry.path().is_file() {
            paths.push(entry.path());
        }
    }
    paths.sort();
    if paths.is_empty() {
        let message = "这个文件夹里没有题目文件（.toml、.csv）".to_owned();
        let file = place.display().to_string();
        return Err(FileError::Faulty(vec![Told { file, place: None, key: String::new(), message }]));
    }
    read_bank_files(&paths)
}

/// Reads files that together are one bank.
///
/// # Errors
/// One cannot be read, or all faults of all of them at once.
pub fn read_bank_files(paths: &[PathBuf]) -> Result<Vec<Question>, FileError> {
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let bytes = bounded(path).map_err(|cause| FileError::Unreadable(path.clone(), cause))?;
        files.push((path.display().to_string(), bytes));
    }
    let (questions, faults) = formats::read_bank(&files);
    let mut faults: Vec<Told> = faults.into_iter().map(Told::from).collect();
    for (path, (name, bytes)) in paths.iter().zip(&files) {
        faults.extend(missing_pictures(path, name, bytes, &questions));
    }
    if faults.is_empty() { Ok(questions) } else { Err(FileError::Faulty(faults)) }
}

/// The pictures that a file names and its bank's folder does not have, each once, where the file first names it.
fn missing_pictures(path: &Path, name: &str, bytes: &[u8], questions: &[Question]) -> Vec<Told> {
    let text = decoded(bytes.to_vec()).unwrap_or_default();
    let media = media_of(path);
    let mut pictures: Vec<&str> = questions.iter().filter_map(|q| q.media.as_ref()).map(|m| m.file.as_str()).collect();
    pictures.sort_unstable();
    pictures.dedup();
    let mut faults = Vec::new();
    for picture in pictures {
        if let Some(at) = text.find(picture).filter(|_| !media.join(picture).is_file()) {
            let message = format!("找不到图片 {}", media.join(picture).display());
            let place = Some(Place::of(&text, at));
            faults.push(Told { file: name.to_owned(), place, key: String::new(), message });
        }
    }
    faults
}

fn media_of(bank: &Path) -> PathBuf {
    let folder = if bank.is_dir() { bank } else { bank.parent().unwrap_or(Path::new("")) };
    folder.join(MEDIA_FOLDER)
}

/// The data folder's key, made with the folder on the first start and only then.
///
/// # Errors
/// It cannot be read or written, is no key, or is missing although there is a ledger.
pub fn key_file(folder: &Path) -> Result<[u8; 32], KeyFileError> {
    let path = folder.join(KEY_FILE);
    let failed = |cause| KeyFileError::Failed(path.clone(), cause);
    match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if folder.join("ledger.db").exists() {
                return Err(KeyFileError::Missing(path));
            }
            fs::create_dir_all(folder).map_err(failed)?;
            make_key_file(folder, &path).map_err(failed)?;
            key_of(&fs::read_to_string(&path).map_err(failed)?).ok_or(KeyFileError::NotAKey(path))
        }
        Err(error) => Err(failed(error)),
        Ok(text) => {
            close_to_others(&path).map_err(failed)?;
            key_of(&text).ok_or(KeyFileError::NotAKey(path))
        }
    }
}

/// For a ledger that is kept elsewhere: where there is one, its key has to be here.
///
/// # Errors
/// It is not.
pub fn key_is_there(folder: &Path) -> Result<(), KeyFileError> {
    let path = folder.join(KEY_FILE);
    if path.exists() { Ok(()) } else { Err(KeyFileError::Missing(path)) }
}

/// In the data folder of a season whose ledger a database holds.
const ELSEWHERE: &str = "ledger-is-in-postgres";

/// Remembers in the data folder that a database holds the ledger.
///
/// # Errors
/// The folder cannot be written.
pub fn note_ledger_elsewhere(folder: &Path) -> Result<(), KeyFileError> {
    let path = folder.join(ELSEWHERE);
    let told = "账本在 PostgreSQL 里，不在这个文件夹里\n";
    fs::write(&path, told).map_err(|error| KeyFileError::Failed(path, error))
}

/// A start that was not told of the database would begin an empty season here, and nobody would be found in it.
///
/// # Errors
/// A database held the ledger the last time, and no ledger has come here since.
pub fn ledger_belongs_here(folder: &Path) -> Result<(), KeyFileError> {
    let elsewhere = folder.join(ELSEWHERE);
    if elsewhere.exists() && !folder.join("ledger.db").exists() {
        return Err(KeyFileError::Elsewhere(elsewhere));
    }
    Ok(())
}

#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error(
        "这个数据文件夹的账本上次在 PostgreSQL 里，这次启动却没有写数据库的地址。请用 --database 或 KEJING_DATABASE 写明；\
         真的要改用 SQLite、从头开始，请先删去 {}",
        .0.display()
    )]
    Elsewhere(PathBuf),
    #[error(
        "已经有账本，却没有密钥文件 {}。没有它，抽题密钥解不开，选手的登录也全部失效；请从备份里把它恢复到原处",
        .0.display()
    )]
    Missing(PathBuf),
    #[error("密钥文件 {} 的内容不是 64 位十六进制数字，请从备份恢复", .0.display())]
    NotAKey(PathBuf),
    #[error("密钥文件 {}：{}", .0.display(), told(.1))]
    Failed(PathBuf, io::Error),
}

fn key_of(text: &str) -> Option<[u8; 32]> {
    HEXLOWER.decode(text.trim().as_bytes()).ok()?.try_into().ok()
}

/// Whole or not at all, and never over another: a link fails where the name is taken.
fn make_key_file(folder: &Path, path: &Path) -> io::Result<()> {
    let draft = folder.join(format!("{KEY_FILE}.{}", std::process::id()));
    let mut file = fs::File::options().write(true).create(true).truncate(true).mode(KEY_FILE_MODE).open(&draft)?;
    writeln!(file, "{}", HEXLOWER.encode(&chance::<32>()))?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        // Another process that starts at the same moment was faster: its key is the one.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    fs::File::open(folder)?.sync_all()
}

/// A key file that was copied back from a backup is often readable by all.
fn close_to_others(path: &Path) -> io::Result<()> {
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(KEY_FILE_MODE))?;
    }
    Ok(())
}

/// A text that people wrote: UTF-8, or GB18030, in which spreadsheets in China save.
///
/// # Errors
/// It cannot be read, is too large or is no text.
pub fn text_of(path: &Path) -> io::Result<String> {
    decoded(bounded(path)?).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "文件的内容不是文字"))
}

fn decoded(bytes: Vec<u8>) -> Option<String> {
    match String::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            let text = GB18030.decode_without_bom_handling_and_without_replacement(error.as_bytes())?;
            Some(text.into_owned())
        }
    }
}

/// What is to be imported; `-` is what comes in by the standard input.
///
/// # Errors
/// It cannot be read.
pub fn read_import(path: &Path) -> Result<Vec<u8>, FileError> {
    let read = || {
        if path != Path::new("-") {
            return bounded(path);
        }
        let mut bytes = Vec::new();
        io::stdin().lock().take(formats::FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|cause| FileError::Unreadable(path.to_owned(), cause))
}

fn bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than may be: then the reader of questions says that it is too large.
    fs::File::open(path)?.take(formats::FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// `seasons/../question-bank` as people write it.
fn tidied(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for component in path.components() {
        let climbs =
            component == Component::ParentDir && matches!(tidy.components().next_back(), Some(Component::Normal(_)));
        if climbs {
            tidy.pop();
        } else if component != Component::CurDir {
            tidy.push(component);
        }
    }
    if tidy.as_os_str().is_empty() { PathBuf::from(".") } else { tidy }
}

/// The commoner causes in Chinese.
pub(crate) fn told(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "没有这个文件或文件夹".to_owned(),
        io::ErrorKind::PermissionDenied => "没有权限".to_owned(),
        io::ErrorKind::IsADirectory => "这是一个文件夹，不是文件".to_owned(),
        io::ErrorKind::StorageFull => "磁盘满了".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "磁盘是只读的".to_owned(),
        _ => error.to_string(),
    }
}

fn lines(faults: &[Told]) -> String {
    let lines: Vec<String> = faults.iter().map(Told::to_string).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(read: Result<impl fmt::Debug, FileError>, folder: &Path) -> Vec<String> {
        let told = read.unwrap_err().to_string();
        told.lines().map(|line| line.replace(&format!("{}/", folder.display()), "")).collect()
    }

    #[test]
    fn every_shipped_season_is_read_with_all_that_it_names() {
        for folder in ["seasons", "seasons/presets"] {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|ending| ending == "toml") {
                    let read = read_season(&path);
                    assert!(read.is_ok(), "{}", read.unwrap_err());
                }
            }
        }
    }

    #[test]
    fn faults_are_told_with_the_file_that_has_them() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let season = fs::read_to_string("seasons/bench.toml").unwrap();
        let season =
            season.replace("../question-bank/kexue", "../bank").replace("regions/guangxi.toml", "../region.toml");
        write("s/season.toml", &season);
        let path = folder.path().join("s/season.toml");
        assert!(faults(read_season(&path), folder.path())[0].starts_with("s/season.toml:"));

        write("region.toml", "[region]\ncode = \"45 00\"\n");
        let told = faults(read_season(&path), folder.path());
        assert!(told.iter().any(|line| line.starts_with("region.toml:2:8 region.code：")), "{told:?}");

        fs::copy("seasons/regions/guangxi.toml", folder.path().join("region.toml")).unwrap();
        let told = faults(read_season(&path), folder.path());
        assert_eq!(told, ["s/season.toml bank.kexue.path：读不到题库「kexue」（bank）：没有这个文件或文件夹"]);

        write("bank/1.toml", "topic = \"x\"\n[[question]]\nid = \"a\"\n");
        assert!(faults(read_season(&path), folder.path()).iter().all(|line| line.starts_with("bank/1.toml:")));
    }

    #[test]
    fn a_picture_that_is_not_there_is_told_where_it_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let text = "topic = \"主题\"\n[[question]]\nid = \"x\"\nkind = \"true_false\"\ndifficulty = 1\nstem = \"题干\"\n\
            key = \"正确\"\nexplanation = \"解析。\"\nsource = \"来源\"\n\
            media = { file = \"a.png\", width = 1, height = 1, alt = \"图\" }\n";
        fs::write(folder.path().join("1.toml"), text).unwrap();
        assert_eq!(faults(read_bank(folder.path()), folder.path()), ["1.toml:10:19：找不到图片 media/a.png"]);
        fs::create_dir(folder.path().join("media")).unwrap();
        fs::write(folder.path().join("media/a.png"), "").unwrap();
        assert_eq!(read_bank(folder.path()).unwrap().len(), 1);
    }

    #[test]
    fn what_office_suites_leave_behind_is_no_question_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("~$题.csv"), "?").unwrap();
        fs::write(folder.path().join(".题.toml"), "?").unwrap();
        assert!(
            faults(read_bank(folder.path()), folder.path())[0].ends_with("这个文件夹里没有题目文件（.toml、.csv）")
        );
    }

    #[test]
    fn the_key_file_is_made_once_and_read_by_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let key = key_file(&data).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&data.join(KEY_FILE)), KEY_FILE_MODE);
        assert_eq!(fs::read_dir(&data).unwrap().count(), 1);

        fs::write(data.join("ledger.db"), "").unwrap();
        fs::set_permissions(data.join(KEY_FILE), fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(key_file(&data).unwrap(), key);
        assert_eq!(mode(&data.join(KEY_FILE)), KEY_FILE_MODE);

        fs::write(data.join(KEY_FILE), "short").unwrap();
        assert!(matches!(key_file(&data), Err(KeyFileError::NotAKey(_))));
        fs::remove_file(data.join(KEY_FILE)).unwrap();
        assert!(matches!(key_file(&data), Err(KeyFileError::Missing(_))));
        assert!(!data.join(KEY_FILE).exists());
    }

    #[test]
    fn paths_are_told_as_people_write_them() {
        for (path, told) in [("a/../b/c", "b/c"), ("./a", "a"), ("../a", "../a"), ("a/..", "."), ("/a/./b", "/a/b")] {
            assert_eq!(tidied(Path::new(path)), Path::new(told));
        }
    }

    #[test]
    fn a_list_that_a_spreadsheet_saved_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("单位.csv");
        fs::write(&path, GB18030.encode("名称,市\n甲小学,南宁市\n").0).unwrap();
        assert_eq!(text_of(&path).unwrap(), "名称,市\n甲小学,南宁市\n");
    }
}
