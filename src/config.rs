//! 设置: typed, from sources of rising precedence: defaults, a TOML file, `KEJING_*` variables, flags.
//! A wrong one is named with its place, and all of them at once.

use crate::domain::fault::Place;
use crate::domain::fault::suggestion;
use crate::domain::toml_file::At;
use crate::domain::toml_file::Page;
use crate::files;
use crate::ledger::place::LedgerPlace;
use crate::ledger::postgres::PostgresUrl;
use crate::transport::tls::TlsFiles;
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;

/// What `serve` runs by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub season: PathBuf,
    /// Somebody named it. Otherwise it need not be there: then the season is the ledger's own, or the one of an empty folder.
    pub season_named: bool,
    pub data: PathBuf,
    pub database: Database,
    pub listen: SocketAddr,
    /// `/metrics` has a listener of its own; without it, it stands beside the pages.
    pub metrics_listen: Option<SocketAddr>,
    pub allowed_origins: Vec<String>,
    pub trusted_proxies: Vec<IpNet>,
    pub connections_max: usize,
    pub log_format: LogFormat,
    /// `None`: [`BLOCKED_NAMES`].
    pub blocked_names: Option<PathBuf>,
    /// Files of this folder's top level are served beside the pages.
    pub root_files: Option<PathBuf>,
    /// `None`: plain HTTP, behind a proxy that speaks TLS.
    pub tls: Option<TlsFiles>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// `ledger.db` in the data folder.
    Sqlite,
    Postgres(PostgresUrl),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// Words that no name may contain, where the settings name no file.
pub const BLOCKED_NAMES: &str = include_str!("../seasons/blocked-names.txt");

pub const SEASON: &str = "seasons/demo.toml";
pub const DATA: &str = "data";
pub const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// Files that the process opens besides its connections: databases, logs, pages.
pub const OPEN_FILES_RESERVE: u64 = 256;
/// More connections than one process can serve.
const CONNECTIONS_MAX: u32 = 10_000_000;

/// Every setting by its name in the file; `KEJING_LISTEN` and `--listen` follow from it.
const NAMES: [(&str, Form); 13] = [
    ("season", Form::Path),
    ("data", Form::Path),
    ("database", Form::Text),
    ("listen", Form::Text),
    ("metrics_listen", Form::Text),
    ("allowed_origins", Form::List),
    ("trusted_proxies", Form::List),
    ("connections_max", Form::Number),
    ("log_format", Form::Text),
    ("blocked_names", Form::Path),
    ("root_files", Form::Path),
    ("tls_cert", Form::Path),
    ("tls_key", Form::Path),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    /// In the file: from the file's own folder; elsewhere from where the process was started.
    Path,
    /// In variables and flags: separated by commas.
    List,
    Number,
}

/// Where settings come from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// `--config FILE`, else `KEJING_CONFIG`.
    pub file: Option<PathBuf>,
    /// The process's environment; what does not begin with `KEJING_` is passed over.
    pub variables: Vec<(String, String)>,
    /// By the setting's name.
    pub flags: Vec<(&'static str, String)>,
    /// How many files the process may open.
    pub open_files: u64,
}

/// A wrong setting and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub place: String,
    pub message: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}：{}", self.place, self.message)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(Wrong::to_string).collect::<Vec<_>>().join("\n"))]
pub struct WrongSettings(pub Vec<Wrong>);

impl Settings {
    /// # Errors
    /// Every wrong setting.
    pub fn gather(sources: &Sources) -> Result<Settings, WrongSettings> {
        let mut given = Given::default();
        let named = sources.variables.iter().find(|(name, text)| name == CONFIG && !text.is_empty());
        let file = sources.file.clone().or_else(|| named.map(|(_, path)| PathBuf::from(path)));
        if let Some(file) = file {
            given.read_file(&file);
        }
        given.read_variables(&sources.variables);
        for (name, text) in &sources.flags {
            given.put(name, text, flag(name));
        }
        let settings = Settings {
            season_named: given.names("season"),
            season: given.one("season", path).unwrap_or_else(|| SEASON.into()),
            data: given.one("data", path).unwrap_or_else(|| DATA.into()),
            database: given.one("database", Database::named).unwrap_or(Database::Sqlite),
            listen: given.one("listen", address).unwrap_or(LISTEN),
            metrics_listen: given.one("metrics_listen", address),
            allowed_origins: given.all("allowed_origins", origin),
            trusted_proxies: given.all("trusted_proxies", network),
            connections_max: given.connections_max(sources.open_files),
            log_format: given.one("log_format", LogFormat::named).unwrap_or(LogFormat::Text),
            blocked_names: given.one("blocked_names", path),
            root_files: given.one("root_files", folder),
            tls: given.tls(),
        };
        if given.wrong.is_empty() { Ok(settings) } else { Err(WrongSettings(given.wrong)) }
    }
}

const CONFIG: &str = "KEJING_CONFIG";

fn variable(name: &str) -> String {
    format!("KEJING_{}", name.to_uppercase())
}

fn flag(name: &str) -> String {
    format!("参数 --{}", name.replace('_', "-"))
}

/// Variables that look like settings and are none, with what they were probably meant to be: for a warning, not for a
/// refusal, since systems that run containers set variables of their own.
pub fn strange_variables(variables: &[(String, String)]) -> Vec<String> {
    let mut known: Vec<String> = NAMES.iter().map(|(name, _)| variable(name)).collect();
    known.push(CONFIG.to_owned());
    let strange = variables.iter().filter(|(name, _)| name.starts_with("KEJING_") && !known.contains(name));
    strange
        .map(|(name, _)| format!("不认识环境变量 {name}{}", suggestion(name, known.iter().map(String::as_str))))
        .collect()
}

/// What the sources gave so far, each later one in place of an earlier.
#[derive(Default)]
struct Given {
    /// Each text with its place.
    texts: BTreeMap<&'static str, Vec<(String, String)>>,
    wrong: Vec<Wrong>,
}

impl Given {
    fn refuse(&mut self, place: impl Into<String>, message: impl Into<String>) {
        self.wrong.push(Wrong { place: place.into(), message: message.into() });
    }

    fn names(&self, name: &str) -> bool {
        self.texts.contains_key(name)
    }

    fn read_file(&mut self, path: &Path) {
        let shown = path.display();
        let text = match files::text_of(path) {
            Ok(text) => text,
            Err(error) => return self.refuse(format!("设置文件 {shown}"), files::told(&error)),
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let folder = path.parent().unwrap_or(Path::new(""));
        let place_of = |at: &At<String>| {
            let place = Place::of(text, at.key.span.start);
            format!("{shown}:{}:{} {}", place.line, place.column, at.key.path)
        };
        let page = Page::read(text);
        let root = page.root();
        for (name, form) in NAMES {
            let found: Vec<At<String>> = match form {
                Form::Text => root.text(name).into_iter().collect(),
                Form::Path => root.text(name).map(|at| from_folder(folder, at)).into_iter().collect(),
                Form::List => root.texts(name),
                Form::Number => {
                    let number = root.whole(name, 1..=CONNECTIONS_MAX);
                    number.map(|at| At { value: at.value.to_string(), key: at.key }).into_iter().collect()
                }
            };
            if root.has(name) {
                self.texts.insert(name, found.iter().map(|at| (at.value.clone(), place_of(at))).collect());
            }
        }
        root.finish(&[]);
        for fault in page.into_faults() {
            let at = fault.place.map_or(String::new(), |place| format!(":{}:{}", place.line, place.column));
            let key = if fault.key.is_empty() { String::new() } else { format!(" {}", fault.key) };
            self.refuse(format!("{shown}{at}{key}"), fault.message);
        }
    }

    fn read_variables(&mut self, variables: &[(String, String)]) {
        for (name, _) in NAMES {
            let wanted = variable(name);
            // An empty one counts as not set: compose files pass variables on that nobody set.
            if let Some((_, text)) = variables.iter().find(|(key, text)| *key == wanted && !text.is_empty()) {
                self.put(name, text, format!("环境变量 {wanted}"));
            }
        }
    }

    /// A text of a variable or a flag.
    fn put(&mut self, name: &str, text: &str, place: String) {
        let Some((name, form)) = NAMES.iter().find(|(known, _)| *known == name) else { return };
        let texts = match form {
            Form::List => text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect(),
            _ => vec![text.trim()],
        };
        self.texts.insert(name, texts.into_iter().map(|text| (text.to_owned(), place.clone())).collect());
    }

    fn all<T>(&mut self, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let mut values = Vec::new();
        for (text, place) in self.texts.get(name).cloned().unwrap_or_default() {
            match read(&text) {
                Ok(value) => values.push(value),
                Err(message) => self.refuse(place, message),
            }
        }
        values
    }

    fn one<T>(&mut self, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        self.all(name, read).pop()
    }

    /// One of the two alone is a mistake: without it the server would speak plain HTTP.
    fn tls(&mut self) -> Option<TlsFiles> {
        match (self.one("tls_cert", path), self.one("tls_key", path)) {
            (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
            (None, None) => None,
            (Some(_), None) => self.alone("tls_cert", "tls_key"),
            (None, Some(_)) => self.alone("tls_key", "tls_cert"),
        }
    }

    fn alone(&mut self, given: &str, other: &str) -> Option<TlsFiles> {
        let place = self.texts.get(given).and_then(|texts| texts.first()).map(|(_, place)| place.clone());
        self.refuse(place.unwrap_or_default(), format!("证书和私钥要一起写，还缺 {other}"));
        None
    }

    fn connections_max(&mut self, open_files: u64) -> usize {
        let most = open_files.saturating_sub(OPEN_FILES_RESERVE).max(1);
        let read = |text: &str| match text.parse::<u32>() {
            Ok(number) if number == 0 || number > CONNECTIONS_MAX => {
                Err(format!("应当是 1 到 {CONNECTIONS_MAX} 的整数"))
            }
            Ok(number) if u64::from(number) > most => Err(format!(
                "本进程最多能打开 {open_files} 个文件，留出 {OPEN_FILES_RESERVE} 个之后只够 {most} 个连接，不够 {number} 个；\
                 请先调高限制（ulimit -n，systemd 用 LimitNOFILE）"
            )),
            Ok(number) => Ok(number as usize),
            Err(_) => Err(format!("应当是整数，这里写的是「{text}」")),
        };
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(CONNECTIONS_MAX as usize);
        self.one("connections_max", read).unwrap_or(most)
    }
}

fn from_folder(folder: &Path, at: At<String>) -> At<String> {
    At { value: folder.join(&at.value).display().to_string(), key: at.key }
}

fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("不能是空的".to_owned()) } else { Ok(PathBuf::from(text)) }
}

fn folder(text: &str) -> Result<PathBuf, String> {
    let path = path(text)?;
    if path.is_dir() { Ok(path) } else { Err(format!("没有「{text}」这个文件夹")) }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric = text.replacen("localhost:", "127.0.0.1:", 1);
    SocketAddr::from_str(&numeric).map_err(|_| {
        format!("「{text}」不是「地址:端口」，例如 127.0.0.1:8080（只有本机能访问）或 0.0.0.0:8080（局域网也能访问）")
    })
}

/// As browsers write it: scheme, host and, where it is not the scheme's own, port.
fn origin(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:[]".contains(c);
    if host.is_empty() || !host.chars().all(plain) {
        return Err(format!("「{text}」不是网页来源，应当像 https://kepu.example.cn 这样，小写，后面不带路径和斜杠"));
    }
    Ok(text.to_owned())
}

fn network(text: &str) -> Result<IpNet, String> {
    let address = || IpAddr::from_str(text).map(IpNet::from);
    IpNet::from_str(text)
        .or_else(|_| address())
        .map_err(|_| format!("「{text}」不是 IP 地址或网段，例如 127.0.0.1 或 10.0.0.0/8"))
}

impl Database {
    /// # Errors
    /// A Chinese sentence: which databases there are.
    pub fn named(text: &str) -> Result<Database, String> {
        match text {
            "sqlite" => Ok(Database::Sqlite),
            url if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                PostgresUrl::read(url).map(Database::Postgres)
            }
            // A URL may hold a password: it is not repeated.
            _ => Err("不认识这种数据库；可以写：sqlite（账本存在数据文件夹里）或 postgres://用户:密码@主机/数据库"
                .to_owned()),
        }
    }

    /// Where the ledger of this data folder is.
    pub fn place(&self, data: &Path) -> LedgerPlace {
        match self {
            Database::Sqlite => LedgerPlace::Folder(data.to_owned()),
            Database::Postgres(url) => LedgerPlace::Postgres(url.clone()),
        }
    }
}

impl LogFormat {
    fn named(text: &str) -> Result<LogFormat, String> {
        match text {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err(format!("不认识「{text}」；可以写：text（给人看）、json（给程序读）")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(file: &str, variables: &[(&str, &str)], flags: &[(&'static str, &str)]) -> (tempfile::TempDir, Sources) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kejing.toml");
        std::fs::write(&path, file).unwrap();
        let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        let sources = Sources {
            file: Some(path),
            variables: variables.iter().map(owned).collect(),
            flags: flags.iter().map(|(name, text)| (*name, (*text).to_owned())).collect(),
            open_files: 1024,
        };
        (folder, sources)
    }

    #[track_caller]
    fn check_wrong(file: &str, variables: &[(&str, &str)], flags: &[(&'static str, &str)], expected: &[&str]) {
        let (folder, sources) = sources(file, variables, flags);
        let told = Settings::gather(&sources).unwrap_err().to_string();
        let told = told.replace(&format!("{}/", folder.path().display()), "");
        for (line, expected) in told.lines().zip(expected) {
            assert!(line.starts_with(expected), "{line}\n{expected}");
        }
        assert_eq!(told.lines().count(), expected.len(), "{told}");
    }

    #[test]
    fn without_any_source_the_defaults_hold() {
        let settings = Settings::gather(&Sources { open_files: 20_000, ..Sources::default() }).unwrap();
        assert_eq!(settings.season, Path::new("seasons/demo.toml"));
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.connections_max, 20_000 - 256);
    }

    #[test]
    fn a_flag_beats_a_variable_and_a_variable_the_file() {
        let file =
            "listen = \"127.0.0.1:1\"\ndata = \"d\"\nconnections_max = 7\nallowed_origins = [\"https://a.cn\"]\n";
        let variables = [("KEJING_LISTEN", "127.0.0.1:2"), ("KEJING_DATA", "/v"), ("KEJING_LOG_FORMAT", "json")];
        let (folder, sources) =
            sources(file, &variables, &[("listen", "127.0.0.1:3"), ("trusted_proxies", "::1, 10.0.0.0/8")]);
        let settings = Settings::gather(&sources).unwrap();
        assert_eq!(settings.listen.port(), 3);
        assert_eq!(settings.data, Path::new("/v"));
        assert_eq!((settings.connections_max, settings.log_format), (7, LogFormat::Json));
        assert_eq!(settings.allowed_origins, ["https://a.cn"]);
        assert_eq!(settings.trusted_proxies.len(), 2);

        let mut sources = sources;
        sources.variables.clear();
        assert_eq!(Settings::gather(&sources).unwrap().data, folder.path().join("d"));
    }

    #[test]
    fn a_database_is_named_by_its_address_and_its_password_is_not_shown() {
        let (_folder, sources) = sources("", &[("KEJING_DATABASE", "postgres://u:geheim@h/d")], &[]);
        let settings = Settings::gather(&sources).unwrap();
        assert!(matches!(settings.database.place(Path::new("data")), LedgerPlace::Postgres(_)));
        assert!(!format!("{settings:?}").contains("geheim"));
    }

    #[test]
    fn an_empty_variable_is_none() {
        let (_folder, sources) = sources("", &[("KEJING_LISTEN", "")], &[]);
        assert_eq!(Settings::gather(&sources).unwrap().listen, LISTEN);
    }

    #[test]
    fn a_wrong_setting_is_named_with_its_place() {
        check_wrong("listen = 8080\n", &[], &[], &["kejing.toml:1:10 listen：应当是文字"]);
        check_wrong("\n listen = \"8080\"\n", &[], &[], &["kejing.toml:2:11 listen：「8080」不是「地址:端口」"]);
        check_wrong(
            "lisen = \"\"\n",
            &[],
            &[],
            &["kejing.toml:1:1 lisen：不认识的键「lisen」，是不是想写「listen」？"],
        );
        check_wrong("listen = \n", &[], &[], &["kejing.toml:1:"]);
        check_wrong("trusted_proxies = [\"10.0.0.0/8\", \"x\"]\n", &[], &[], &["kejing.toml:1:34 trusted_proxies："]);
        check_wrong("", &[("KEJING_LISTEN", "x")], &[], &["环境变量 KEJING_LISTEN：「x」不是"]);
        check_wrong("", &[], &[("metrics_listen", "x")], &["参数 --metrics-listen：「x」不是"]);
        check_wrong(
            "",
            &[],
            &[("allowed_origins", "https://a.cn/")],
            &["参数 --allowed-origins：「https://a.cn/」不是"],
        );
        check_wrong("", &[], &[("connections_max", "9999")], &["参数 --connections-max：本进程最多能打开 1024 个文件"]);
        check_wrong("", &[], &[("tls_cert", "c.pem")], &["参数 --tls-cert：证书和私钥要一起写，还缺 tls_key"]);
        check_wrong(
            "tls_key = \"k.pem\"\n",
            &[],
            &[],
            &["kejing.toml:1:11 tls_key：证书和私钥要一起写，还缺 tls_cert"],
        );
        check_wrong(
            "",
            &[("KEJING_ROOT_FILES", "nowhere")],
            &[],
            &["环境变量 KEJING_ROOT_FILES：没有「nowhere」这个文件夹"],
        );
        check_wrong("", &[], &[("log_format", "xml")], &["参数 --log-format：不认识「xml」"]);
    }

    #[test]
    fn all_wrong_settings_are_named_at_once() {
        let variables = [("KEJING_LISTEN", "x"), ("KEJING_CONNECTIONS_MAX", "viele")];
        check_wrong(
            "data = 1\n",
            &variables,
            &[("database", "postgres://u:secret@h")],
            &[
                "kejing.toml:1:8 data：",
                "参数 --database：PostgreSQL 的地址里缺少数据库名",
                "环境变量 KEJING_LISTEN：",
                "环境变量 KEJING_CONNECTIONS_MAX：应当是整数",
            ],
        );
    }

    #[test]
    fn a_misspelt_variable_is_worth_a_warning() {
        let variables = [("KEJING_LISTN", "x"), ("KEJING_PORT", "tcp://10.0.0.1"), ("HOME", "/")];
        let variables: Vec<_> = variables.iter().map(|(n, t)| ((*n).to_owned(), (*t).to_owned())).collect();
        let told = strange_variables(&variables);
        assert_eq!(told.len(), 2);
        assert_eq!(told[0], "不认识环境变量 KEJING_LISTN，是不是想写「KEJING_LISTEN」？");
    }

    #[test]
    fn a_settings_file_that_is_not_there_is_named() {
        let sources = Sources { file: Some("nowhere.toml".into()), open_files: 1024, ..Sources::default() };
        let told = Settings::gather(&sources).unwrap_err().to_string();
        assert_eq!(told, "设置文件 nowhere.toml：没有这个文件或文件夹");
    }
}
