//! `kejing serve`: settings, files, ledger, and then the server until it is told to stop.

use crate::commands::greeting::Greeting;
use crate::commands::greeting::for_phones;
use crate::commands::outcome::Failure;
use crate::commands::outcome::Outcome;
use crate::commands::outcome::say;
use anyhow::Context;
use anyhow::anyhow;
use clap::Args;
use kejing::accounts::names::BlockedNames;
use kejing::accounts::tokens::Token;
use kejing::config;
use kejing::config::LogFormat;
use kejing::config::Settings;
use kejing::config::Sources;
use kejing::contest::clock::Clock;
use kejing::contest::clock::chance;
use kejing::contest::core::Contest;
use kejing::contest::keys::Keys;
use kejing::contest::recovery::Opening;
use kejing::domain::ids::SeasonId;
use kejing::files;
use kejing::files::ReadSeason;
use kejing::ledger::desk::DeskStore;
use kejing::ledger::entry::Deed;
use kejing::ledger::place::LedgerPlace;
use kejing::ledger::store::Store;
use kejing::office::shelf;
use kejing::transport::serve::Ended;
use kejing::transport::serve::Serving;
use kejing::transport::serve::serve;
use kejing::transport::state::Patience;
use kejing::transport::state::ServeSettings;
use kejing::transport::tls::Tls;
use kejing::transport::tls::TlsFiles;
use rustix::process::Resource;
use rustix::process::Rlimit;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// In the data folder. It holds nothing that has to be kept: a rehearsal ends with the process.
const REHEARSAL_FOLDER: &str = "rehearsal";

#[derive(Args)]
pub(crate) struct ServeArgs {
    /// 设置文件（TOML）；里面的相对路径从它所在的文件夹算起 [环境变量 KEJING_CONFIG]
    #[arg(long, value_name = "文件")]
    config: Option<PathBuf>,
    /// 赛季文件 [默认 seasons/demo.toml；没有这个文件时，用工作台发布的赛季，或者先开放练习]
    #[arg(long, value_name = "文件")]
    season: Option<String>,
    /// 数据文件夹：账本（用 sqlite 时）和密钥文件都在里面，整个备份 [默认 ./data]
    #[arg(long, value_name = "文件夹")]
    data: Option<String>,
    /// 账本的数据库：sqlite（存在数据文件夹里）或 postgres://用户:密码@主机/数据库；密码最好写在环境变量里 [默认 sqlite]
    #[arg(long, value_name = "地址")]
    database: Option<String>,
    /// 监听的地址和端口；0.0.0.0 表示局域网也能访问 [默认 127.0.0.1:8080]
    #[arg(long, value_name = "地址:端口")]
    listen: Option<String>,
    /// 指标（/metrics）单独监听的地址和端口 [默认与网页在一起]
    #[arg(long, value_name = "地址:端口")]
    metrics_listen: Option<String>,
    /// 除本站以外还可以从哪些网页连接，如 https://kepu.example.cn；几个之间用逗号
    #[arg(long, value_name = "来源")]
    allowed_origins: Option<String>,
    /// 前面的反向代理的地址或网段，只有它们报来的访客地址才可信；几个之间用逗号
    #[arg(long, value_name = "网段")]
    trusted_proxies: Option<String>,
    /// 最多同时接受多少个连接，再多的请稍后再来 [默认由可打开的文件数得来，留出 256 个]
    #[arg(long, value_name = "个")]
    connections_max: Option<String>,
    /// 日志的写法：text 或 json [默认 text]；详细程度由环境变量 RUST_LOG 定
    #[arg(long, value_name = "写法")]
    log_format: Option<String>,
    /// 姓名里不能有的字词，一行一个 [默认用自带的 seasons/blocked-names.txt]
    #[arg(long, value_name = "文件")]
    blocked_names: Option<String>,
    /// 这个文件夹里的小文件（.txt、.html 等）放在网址的最上层：微信、备案要求的校验文件 [默认没有]
    #[arg(long, value_name = "文件夹")]
    root_files: Option<String>,
    /// 自带 HTTPS：证书文件（PEM，含中间证书）；换了文件几秒后自动生效 [默认没有，由前面的代理提供 HTTPS]
    #[arg(long, value_name = "文件")]
    tls_cert: Option<String>,
    /// 自带 HTTPS：证书的私钥文件（PEM，不带密码）
    #[arg(long, value_name = "文件")]
    tls_key: Option<String>,
    /// 赛季文件或题库与账本里的不同时，写明原因，照新的继续；已经答完的试卷不受影响
    #[arg(long, value_name = "原因")]
    accept_season_change: Option<String>,
    /// 不在终端里也打印二维码
    #[arg(long)]
    qr: bool,
}

pub(crate) fn run(args: ServeArgs) -> Result<Outcome, Failure> {
    let variables = variables();
    let settings = Settings::gather(&args.sources(&variables)).map_err(|wrong| Failure::Misused(anyhow!(wrong)))?;
    start_log(settings.log_format);
    config::strange_variables(&variables).iter().for_each(|warning| tracing::warn!("{warning}"));
    let runtime = tokio::runtime::Runtime::new().context("无法启动")?;
    let read = runtime.block_on(season_of(&settings))?;
    let blocked = blocked_names(&settings).map_err(Failure::Misused)?;
    runtime.block_on(run_season(args, settings, read, blocked))?;
    Ok(Outcome::Fine)
}

/// What a start is given: a season file with all that it names, or what an empty folder begins with.
struct Given {
    read: ReadSeason,
    published: Option<Deed>,
}

/// The season of the file; where nobody named one and none lies at the usual place, the ledger's own, or practice for a new ledger.
async fn season_of(settings: &Settings) -> anyhow::Result<Given> {
    if settings.season_named || settings.season.exists() {
        let read = files::read_season(&settings.season)
            .with_context(|| format!("赛季文件 {} 不能用，问题如下\n", settings.season.display()))?;
        return Ok(Given { read, published: None });
    }
    let there = settings.database.place(&settings.data).season_there().await?;
    let (season, banks) = shelf::starter(there.unwrap_or_else(shelf::fresh_season_id));
    Ok(Given { read: ReadSeason { season, banks, media: Vec::new() }, published: Some(shelf::starter_deed()) })
}

async fn run_season(args: ServeArgs, settings: Settings, given: Given, blocked: BlockedNames) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    stop_on_signals(&stop).context("无法接收停止信号")?;
    let tls = settings.tls.clone().map(open_tls).transpose()?;
    let listener = Listener::bind(settings.listen).await?;
    let metrics_listener = match settings.metrics_listen {
        Some(address) => Some(Listener::bind(address).await?),
        None => None,
    };
    let clock = Clock::of_the_machine();
    let with_code = args.qr || std::io::stdout().is_terminal();
    let metrics = metrics_listener.as_ref().map(|listener| listener.address);
    let mut accept_change = args.accept_season_change;
    let mut first = true;
    loop {
        let (key, store) = key_and_ledger(&settings, &given.read.season.id).await?;
        let desk = settings.database.place(&settings.data).open_desk(&given.read.season.id).await?;
        let setup = first_link(&desk).await?;
        let (address, link, with_tls) = (listener.address, setup.clone(), tls.is_some());
        let (ready, is_ready) = oneshot::channel::<Arc<Contest>>();
        tokio::spawn(async move {
            // Otherwise the start was refused, and why is said instead.
            let Ok(contest) = is_ready.await else { return };
            let season = contest.season.name.as_str();
            if first {
                say(Greeting { season, metrics, tls: with_tls, with_code, setup: link.as_deref() }.text(address));
            } else {
                say(format_args!("「{season}」已经启用。"));
            }
        });
        let ended = serve(Serving {
            opening: Opening {
                season: given.read.season.clone(),
                banks: given.read.banks.clone(),
                keys: Keys::of(&key),
                clock: clock.clone(),
                store,
                accept_change: accept_change.take(),
                published: given.published.clone(),
            },
            desk,
            setup,
            blocked: blocked.clone(),
            listener: listener.another()?,
            metrics_listener: metrics_listener.as_ref().map(Listener::another).transpose()?,
            settings: ServeSettings {
                allowed_origins: settings.allowed_origins.clone(),
                trusted_proxies: settings.trusted_proxies.clone(),
                connections_max: settings.connections_max,
                media: given.read.media.clone(),
                patience: Patience::default(),
                rehearsal_folder: Some(settings.data.join(REHEARSAL_FOLDER)),
                root_files: settings.root_files.clone(),
                for_phones: for_phones(listener.address, tls.is_some()),
                tls: tls.clone(),
            },
            ready: Some(ready),
            stop: stop.clone(),
        })
        .await?;
        if ended == Ended::Stopped {
            say("已经停止。");
            return Ok(());
        }
        say("工作台发布了新的赛季，正在启用。");
        first = false;
    }
}

/// Where connections wait while a season takes another one's place: it is never closed in between.
struct Listener {
    kept: std::net::TcpListener,
    address: SocketAddr,
}

impl Listener {
    async fn bind(address: SocketAddr) -> anyhow::Result<Listener> {
        let kept = bind(address).await?.into_std().context("无法监听")?;
        Ok(Listener { address: kept.local_addr()?, kept })
    }

    /// For a server of its own.
    fn another(&self) -> std::io::Result<TcpListener> {
        TcpListener::from_std(self.kept.try_clone()?)
    }
}

/// The secret of the first administrator's link: a new one with each start, while nobody is there.
async fn first_link(desk: &DeskStore) -> anyhow::Result<Option<String>> {
    let somebody = desk.read().await?.somebody_is_there().await?;
    Ok((!somebody).then(|| Token::of(chance()).hand_over().to_owned()))
}

/// A new key beside an old ledger would lose every sign-in: whether there is one is found out first, by the file of a data
/// folder or by what the database holds.
async fn key_and_ledger(settings: &Settings, season: &SeasonId) -> anyhow::Result<([u8; 32], Arc<dyn Store>)> {
    let place = settings.database.place(&settings.data);
    if let LedgerPlace::Folder(_) = &place {
        files::ledger_belongs_here(&settings.data)?;
        return Ok((files::key_file(&settings.data)?, place.open(season).await?));
    }
    let store = place.open(season).await?;
    if store.lane().await?.last_n != 0 {
        files::key_is_there(&settings.data)?;
    }
    let key = files::key_file(&settings.data)?;
    files::note_ledger_elsewhere(&settings.data)?;
    Ok((key, store))
}

impl ServeArgs {
    fn sources(&self, variables: &[(String, String)]) -> Sources {
        let flags = [
            ("season", &self.season),
            ("data", &self.data),
            ("database", &self.database),
            ("listen", &self.listen),
            ("metrics_listen", &self.metrics_listen),
            ("allowed_origins", &self.allowed_origins),
            ("trusted_proxies", &self.trusted_proxies),
            ("connections_max", &self.connections_max),
            ("log_format", &self.log_format),
            ("blocked_names", &self.blocked_names),
            ("root_files", &self.root_files),
            ("tls_cert", &self.tls_cert),
            ("tls_key", &self.tls_key),
        ];
        Sources {
            file: self.config.clone(),
            variables: variables.to_vec(),
            flags: flags.into_iter().filter_map(|(name, text)| text.clone().map(|text| (name, text))).collect(),
            open_files: open_files(),
        }
    }
}

/// A variable that is no text is no setting of ours.
pub(crate) fn variables() -> Vec<(String, String)> {
    std::env::vars_os().filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?))).collect()
}

/// Raises the process's limit as far as it may: every connection is an open file.
pub(crate) fn open_files() -> u64 {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let raised = rustix::process::setrlimit(Resource::Nofile, raised).is_ok();
    let holds = if raised { limit.maximum } else { limit.current };
    holds.unwrap_or(u64::MAX)
}

fn start_log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().init(),
    }
}

fn blocked_names(settings: &Settings) -> anyhow::Result<BlockedNames> {
    let Some(path) = &settings.blocked_names else { return Ok(BlockedNames::read(config::BLOCKED_NAMES)) };
    let text = files::text_of(path).with_context(|| format!("读不到 blocked_names 指定的文件 {}", path.display()))?;
    Ok(BlockedNames::read(&text))
}

fn open_tls(files: TlsFiles) -> anyhow::Result<Arc<Tls>> {
    let tls = Tls::open(files).context("不能提供 HTTPS")?;
    if tls.expires().is_some_and(|expires| expires <= Clock::of_the_machine().now()) {
        tracing::warn!(
            "the TLS certificate has expired 证书已过期，浏览器和微信会拒绝打开；换上新文件后几秒内自动生效"
        );
    }
    Ok(Arc::new(tls))
}

/// Bound before the ledger is opened: a port that is taken is told at once, and nothing has happened yet.
async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| match address.port() {
        0 => format!("无法监听 {address}"),
        port => format!("无法监听 {address}（端口 {port} 可能已被别的程序占用，可以用 --listen 换一个）"),
    })
}

fn stop_on_signals(stop: &CancellationToken) -> std::io::Result<()> {
    let (mut interrupted, mut terminated) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stop = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
        stop.cancel();
    });
    Ok(())
}
