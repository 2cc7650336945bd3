//! A crowd that plays through every fault of the real binary, knows the wire alone, and keeps what it was told.

use super::process::Ended;
use super::process::PATIENCE;
use super::process::Served;
use super::process::arranged;
use super::process::kejing;
use super::process::serve;
use super::process::stop;
use crate::harness::Phone;
use crate::harness::season;
use crate::harness::wait_as_told;
use futures_util::SinkExt;
use futures_util::StreamExt;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;
use tokio::process::Child;
use tokio::process::Command;
use tokio::sync::Notify;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

const SEED: u64 = 20_260_801;
/// Between the end of the outage in the ledger and the moment when this side sees the server ready; on a busy machine long.
const READY_SEEN: Duration = Duration::from_millis(1_000);
const LIMIT_MS: u64 = 60_000;

const ROUNDS: &str = r#"
[[round]]
id = "told-later"
name = "交卷后反馈"
bank = "kexue"
question_seconds = 60
tally = "best"
feedback = "after_paper"

[[round.section]]
count = 5
points = 10

[[round]]
id = "told-each"
name = "逐题反馈"
bank = "kexue"
question_seconds = 60
tally = "best"
feedback = "after_each"

[[round.section]]
count = 4
points = 10
"#;

/// A seeded generator of our own, so that a run can be had again.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// A crowd at a server in a folder of its own, from the first start to the last comparison.
pub(crate) struct Scene {
    pub(crate) folder: tempfile::TempDir,
    world: Arc<World>,
    players: JoinSet<Player>,
    server: Option<Child>,
    size: usize,
    lives: usize,
    gone: Option<Instant>,
    /// Where the ledger is, if not in the folder.
    database: Option<String>,
}

impl Scene {
    /// So many players at a server whose command `arrange` may change.
    pub(crate) async fn of(size: usize, folder: tempfile::TempDir, arrange: impl FnOnce(Command) -> Command) -> Scene {
        Scene::furnish(folder.path());
        let Served { process, address } = arranged(serve(folder.path(), arrange).await);
        let world = Arc::new(World {
            http: reqwest::Client::builder().timeout(PATIENCE).build().unwrap(),
            life: watch::Sender::new(Some((0, address))),
            away: Mutex::default(),
            acknowledged: AtomicUsize::new(0),
            more: Notify::new(),
            ending: AtomicBool::new(false),
        });
        let mut players = JoinSet::new();
        for number in 0..size {
            let player = Player::join(&world, number).await;
            players.spawn(player.play(Arc::clone(&world)));
        }
        Scene { folder, world, players, server: Some(process), size, lives: 0, gone: None, database: None }
    }

    /// As [`Scene::of`], with the ledger in this database.
    pub(crate) async fn on(size: usize, url: &str) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let scene = Scene::of(size, folder, |mut command| {
            command.args(["--database", url]);
            command
        });
        Scene { database: Some(url.to_owned()), ..scene.await }
    }

    /// Puts the season and what it names into a folder.
    pub(crate) fn furnish(folder: &Path) {
        std::fs::write(folder.join("season.toml"), season(ROUNDS)).unwrap();
        for (shipped, name) in [("seasons/regions", "regions"), ("question-bank", "question-bank")] {
            std::os::unix::fs::symlink(crate::harness::root().join(shipped), folder.join(name)).unwrap();
        }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where the server listens in this life.
    pub(crate) async fn address(&self) -> SocketAddr {
        self.world.life().await.1
    }

    /// A participant's token: of one who is no player.
    pub(crate) async fn stranger(&self) -> String {
        Player::join(&self.world, 10_000).await.token
    }

    /// Waits until so many more verdicts have been told.
    pub(crate) async fn until_more(&self, verdicts: usize) {
        self.world.until_more(verdicts).await;
    }

    /// `kill -9`, and nobody is there any more.
    pub(crate) async fn kill(&mut self) {
        self.gone = Some(Instant::now());
        self.world.life.send_replace(None);
        self.server.take().unwrap().kill().await.unwrap();
    }

    /// From here on the server may be lost: something is about to be done to it.
    pub(crate) fn expect_the_end(&self) {
        self.world.life.send_replace(None);
    }

    /// Waits until the server has ended by itself; how, and what it said.
    pub(crate) async fn ends(&mut self) -> Ended {
        let ended = Ended::of(self.server.take().unwrap(), self.folder.path()).await;
        self.gone = Some(Instant::now());
        ended
    }

    /// Tells the server to stop, as an operator does.
    pub(crate) async fn terminate(&mut self) {
        self.expect_the_end();
        let ended = stop(self.server.take().unwrap(), self.folder.path()).await;
        assert_eq!(ended.code, Some(0), "{}", ended.said);
        self.gone = Some(Instant::now());
    }

    /// A start that has to be refused; nobody comes back.
    pub(crate) async fn is_refused(&self, arrange: impl FnOnce(Command) -> Command) -> Ended {
        match serve(self.folder.path(), arrange).await {
            Ok(_) => panic!("a server that cannot serve started"),
            Err(ended) => ended,
        }
    }

    pub(crate) async fn serve_again(&mut self, arrange: impl FnOnce(Command) -> Command) {
        let Served { process, address } = arranged(serve(self.folder.path(), arrange).await);
        self.server = Some(process);
        self.lives += 1;
        self.world.away.lock().unwrap().push((self.gone.take().unwrap(), Instant::now()));
        self.world.life.send_replace(Some((self.lives, address)));
    }

    /// Every player ends between two papers and is told again what they were ever told; then the ledger is replayed.
    /// Returns how many open questions were come back to.
    pub(crate) async fn end(mut self) -> usize {
        self.world.until_more(self.size).await;
        self.world.ending.store(true, Ordering::SeqCst);
        let players = self.players.join_all().await;
        for player in &players {
            player.check(&self.world).await;
        }
        let ended = stop(self.server.take().unwrap(), self.folder.path()).await;
        assert_eq!(ended.code, Some(0), "{}", ended.said);
        let replayed = kejing(&["replay", "--data", self.folder.path().join("data").to_str().unwrap()]);
        let database = self.database.iter().flat_map(|url| ["--database", url]);
        let replayed = { replayed }.args(database).output().await.unwrap();
        let told = String::from_utf8_lossy(&replayed.stdout);
        assert!(replayed.status.success(), "{told}{}", String::from_utf8_lossy(&replayed.stderr));
        let attempts: usize = players.iter().map(|player| player.attempts.len()).sum();
        assert!(told.contains(&format!("attempts {attempts}\n")), "{told}");
        players.iter().map(|player| player.resumed).sum()
    }
}

/// What the players and the one who kills share.
struct World {
    http: reqwest::Client,
    /// Which life of the server runs, and where; `None` from just before a kill until it serves again.
    life: watch::Sender<Option<(usize, SocketAddr)>>,
    /// From just before each kill to the moment when it was seen to serve again.
    away: Mutex<Vec<(Instant, Instant)>>,
    acknowledged: AtomicUsize,
    more: Notify,
    ending: AtomicBool,
}

impl World {
    async fn life(&self) -> (usize, SocketAddr) {
        let mut life = self.life.subscribe();
        let known =
            tokio::time::timeout(PATIENCE, life.wait_for(Option::is_some)).await.expect("the server stayed away");
        known.unwrap().unwrap()
    }

    fn acknowledge(&self) {
        self.acknowledged.fetch_add(1, Ordering::SeqCst);
        self.more.notify_one();
    }

    /// Waits until so many more verdicts have been acknowledged.
    async fn until_more(&self, verdicts: usize) {
        let wanted = self.acknowledged.load(Ordering::SeqCst) + verdicts;
        while self.acknowledged.load(Ordering::SeqCst) < wanted {
            tokio::time::timeout(PATIENCE, self.more.notified()).await.expect("the players stand still");
        }
    }

    /// For how long, at most, a clock may have run in between.
    fn ran_at_most(&self, from: Instant, to: Instant) -> Duration {
        let away = self.away.lock().unwrap();
        let stood = away.iter().map(|&(killed, ready)| {
            to.min(ready - READY_SEEN.min(ready - killed)).saturating_duration_since(from.max(killed))
        });
        (to - from).saturating_sub(stood.sum())
    }
}

/// The connection was lost; a kill is the only excuse.
#[derive(Debug)]
pub(crate) struct Lost;

pub(crate) async fn connect(address: SocketAddr) -> Result<Phone, Lost> {
    let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "kejing.v1".parse().unwrap());
    let (socket, _) = tokio_tungstenite::connect_async(request).await.map_err(|_| Lost)?;
    Ok(Phone { socket })
}

pub(crate) async fn say(phone: &mut Phone, message: Value) -> Result<(), Lost> {
    phone.socket.send(Message::text(message.to_string())).await.map_err(|_| Lost)
}

pub(crate) async fn hear(phone: &mut Phone) -> Result<Value, Lost> {
    loop {
        match tokio::time::timeout(PATIENCE, phone.socket.next()).await.expect("nothing came in time") {
            Some(Ok(Message::Text(text))) => {
                let message: Value = serde_json::from_str(&text).unwrap();
                // A server that ends says so, or takes nothing any more.
                let ending = ["busy", "unavailable"].iter().any(|code| message["code"] == *code);
                return if ending || message["type"] == "reconnect" { Err(Lost) } else { Ok(message) };
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            _ => return Err(Lost),
        }
    }
}

/// The question that is open, as far as this player knows.
struct Open {
    question: Value,
    /// When we sent what made the server ask it: its clock cannot have run longer.
    asked: Instant,
    sent: Option<Vec<usize>>,
}

struct Player {
    token: String,
    round: &'static str,
    chance: Chance,
    attempt: Option<String>,
    open: Option<Open>,
    asked: Instant,
    /// Every verdict that was told, by attempt and question, with what was chosen.
    verdicts: BTreeMap<(String, u64), (Vec<usize>, Value)>,
    results: BTreeMap<String, Value>,
    attempts: BTreeSet<String>,
    /// Questions found open again after a kill.
    resumed: usize,
}

fn id(message: &Value) -> String {
    message["attempt"].as_str().unwrap().to_owned()
}

impl Player {
    async fn join(world: &World, number: usize) -> Player {
        let (_, address) = world.life().await;
        let request = format!("00000000-0000-4000-8000-{number:012}");
        let name = format!("选手{}", char::from_u32('一' as u32 + number as u32).unwrap());
        let body = json!({"request": request, "name": name, "city": "450200", "county": "450204"});
        let sent = world.http.post(format!("http://{address}/api/v1/participants")).json(&body).send().await.unwrap();
        assert_eq!(sent.status(), 201);
        let told: Value = sent.json().await.unwrap();
        Player {
            token: told["token"].as_str().unwrap().to_owned(),
            round: ["told-later", "told-each"][number % 2],
            chance: Chance(SEED + number as u64),
            attempt: None,
            open: None,
            asked: Instant::now(),
            verdicts: BTreeMap::new(),
            results: BTreeMap::new(),
            attempts: BTreeSet::new(),
            resumed: 0,
        }
    }

    /// Plays paper after paper, through every kill, and ends between two papers.
    async fn play(mut self, world: Arc<World>) -> Player {
        loop {
            let life = world.life().await;
            match self.session(&world, life.1).await {
                Ok(()) => return self,
                Err(Lost) => assert_ne!(*world.life.borrow(), Some(life), "lost a connection while the server lived"),
            }
        }
    }

    async fn session(&mut self, world: &World, address: SocketAddr) -> Result<(), Lost> {
        let mut phone = connect(address).await?;
        say(&mut phone, json!({"type": "hello", "token": self.token})).await?;
        let welcome = hear(&mut phone).await?;
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        match (welcome["attempt"].as_str(), self.attempt.clone()) {
            (None, None) => {}
            (None, Some(mine)) => {
                assert_eq!(welcome["ended"], mine.as_str(), "an attempt was lost");
                self.settled_while_away(world, &mut phone).await?;
                self.fetch_result(world, address, &mine).await?;
            }
            (Some(told), mine) => {
                // A start may have been committed and never told.
                assert!(mine.is_none_or(|mine| mine == told), "another attempt is open");
                self.attempt = Some(told.to_owned());
                self.attempts.insert(told.to_owned());
                let message = hear(&mut phone).await?;
                self.resume(world, &mut phone, message).await?;
            }
        }
        loop {
            match &self.attempt {
                None if world.ending.load(Ordering::SeqCst) => return Ok(()),
                None => {
                    let start = json!({"type": "start", "round": self.round});
                    let question = self.ask(&mut phone, start).await?;
                    self.take(question);
                }
                Some(_) => self.answer(world, &mut phone).await?,
            }
        }
    }

    /// The first message after a `welcome` in mid-attempt.
    async fn resume(&mut self, world: &World, phone: &mut Phone, message: Value) -> Result<(), Lost> {
        if message["type"] == "verdict" {
            self.told(world, message);
            return self.next(phone).await;
        }
        assert_eq!(message["type"], "question", "{message}");
        let seq = message["seq"].as_u64().unwrap();
        let acknowledged = self.verdicts.contains_key(&(id(&message), seq));
        assert!(!acknowledged, "a question whose verdict was told is open again: {message}");
        match &self.open {
            Some(open) if open.question["seq"] == message["seq"] => {
                for field in ["stem", "options", "kind", "points"] {
                    assert_eq!(open.question[field], message[field], "another paper");
                }
                let left = Duration::from_millis(message["remaining_ms"].as_u64().unwrap());
                let ran = world.ran_at_most(open.asked, Instant::now()) + Duration::from_millis(5);
                assert!(
                    left + ran >= Duration::from_millis(LIMIT_MS),
                    "{left:?} left after at most {ran:?}: {message}"
                );
                self.resumed += 1;
            }
            _ => {
                self.settled_while_away(world, phone).await?;
                self.take(message);
            }
        }
        Ok(())
    }

    /// An answer whose verdict a kill cut off was settled: sent again it tells its verdict.
    async fn settled_while_away(&mut self, world: &World, phone: &mut Phone) -> Result<(), Lost> {
        let Some(Open { question, sent: Some(choices), .. }) = &self.open else { return Ok(()) };
        let verdict = asked(phone, answer(&id(question), &question["seq"], choices)).await?;
        self.told(world, verdict);
        Ok(())
    }

    /// What is told to this; the clock of a question that comes of it runs no longer than from the last sending on.
    async fn ask(&mut self, phone: &mut Phone, message: Value) -> Result<Value, Lost> {
        let (told, sent) = asked_when(phone, message).await?;
        self.asked = sent;
        Ok(told)
    }

    fn take(&mut self, question: Value) {
        assert_eq!(question["type"], "question", "{question}");
        let attempt = id(&question);
        assert!(self.attempt.as_ref().is_none_or(|mine| *mine == attempt));
        self.attempts.insert(attempt.clone());
        self.attempt = Some(attempt);
        self.open = Some(Open { question, asked: self.asked, sent: None });
    }

    /// Notes the verdict of the open question as acknowledged.
    fn told(&mut self, world: &World, verdict: Value) {
        assert_eq!(verdict["type"], "verdict", "{verdict}");
        assert_eq!(verdict["timed_out"], false, "{verdict}");
        let place = (id(&verdict), verdict["seq"].as_u64().unwrap());
        match (self.open.take(), self.verdicts.get(&place)) {
            (_, Some((_, first))) => assert_eq!(*first, verdict, "told otherwise"),
            (Some(Open { question, sent: Some(choices), .. }), None) => {
                assert_eq!(question["seq"], verdict["seq"]);
                self.verdicts.insert(place, (choices, verdict));
                world.acknowledge();
            }
            (_, None) => panic!("a verdict on nothing: {verdict}"),
        }
    }

    async fn answer(&mut self, world: &World, phone: &mut Phone) -> Result<(), Lost> {
        let chance = self.chance.below(1 << 20);
        let open = self.open.as_mut().unwrap();
        let options = open.question["options"].as_array().unwrap().len();
        let choices = open.sent.get_or_insert_with(|| vec![chance % options]).clone();
        let message = answer(&id(&open.question), &open.question["seq"], &choices);
        let verdict = self.ask(phone, message).await?;
        let last = verdict["last"] == true;
        self.told(world, verdict);
        if last {
            let result = hear(phone).await?;
            assert_eq!(result["type"], "result", "{result}");
            self.ended(result);
            return Ok(());
        }
        self.next(phone).await
    }

    /// The question after a verdict: it comes by itself, or when it is asked for.
    async fn next(&mut self, phone: &mut Phone) -> Result<(), Lost> {
        let question = match self.round {
            "told-each" => self.ask(phone, json!({"type": "next", "attempt": self.attempt})).await?,
            _ => hear(phone).await?,
        };
        self.take(question);
        Ok(())
    }

    fn ended(&mut self, result: Value) {
        let attempt = self.attempt.take().unwrap();
        self.open = None;
        let before = self.results.insert(attempt, result);
        assert!(before.is_none(), "a result was told twice");
    }

    async fn fetch_result(&mut self, world: &World, address: SocketAddr, attempt: &str) -> Result<(), Lost> {
        let path = format!("http://{address}/api/v1/me/attempts/{attempt}");
        let told = world.http.get(path).bearer_auth(&self.token).send().await.map_err(|_| Lost)?;
        if told.status() == 503 {
            return Err(Lost);
        }
        let told: Value = told.json().await.map_err(|_| Lost)?;
        assert_eq!(told["state"], "ended", "{told}");
        self.ended(told);
        Ok(())
    }

    /// Everything that was ever told is told again, the same, and there is nothing more.
    async fn check(&self, world: &World) {
        let (_, address) = world.life().await;
        let mut phone = connect(address).await.unwrap();
        say(&mut phone, json!({"type": "hello", "token": self.token})).await.unwrap();
        hear(&mut phone).await.unwrap();
        for ((attempt, seq), (choices, first)) in &self.verdicts {
            let told = asked(&mut phone, answer(attempt, &json!(seq), choices)).await.unwrap();
            assert_eq!(told, *first, "a verdict is told otherwise");
            let another = if choices == &[0] { vec![1] } else { vec![0] };
            let told = asked(&mut phone, answer(attempt, &json!(seq), &another)).await.unwrap();
            assert_eq!(told["code"], "already_answered");
        }
        let mut listed = BTreeMap::new();
        let mut before = String::new();
        loop {
            let path = format!("http://{address}/api/v1/me/attempts{before}");
            let told = world.http.get(path).bearer_auth(&self.token).send().await.unwrap();
            if told.status() == 429 {
                wait_as_told(&told.json().await.unwrap()).await;
                continue;
            }
            let page: Value = told.json().await.unwrap();
            let page = page["attempts"].as_array().unwrap().clone();
            let Some(last) = page.last() else { break };
            before = format!("?before={}", last["id"].as_str().unwrap());
            for attempt in page {
                let id = attempt["id"].as_str().unwrap().to_owned();
                assert!(listed.insert(id, attempt).is_none(), "an attempt is listed twice");
            }
        }
        assert_eq!(listed.keys().cloned().collect::<BTreeSet<_>>(), self.attempts);
        assert_eq!(self.results.len(), self.attempts.len());
        for (attempt, result) in &self.results {
            for field in ["score", "correct", "of", "elapsed_ms", "receipt"] {
                assert_eq!(listed[attempt][field], result[field], "{field} of {attempt}");
            }
        }
    }
}

/// What is told to this; sent once more, as told, where it was sent too soon.
async fn asked(phone: &mut Phone, message: Value) -> Result<Value, Lost> {
    Ok(asked_when(phone, message).await?.0)
}

/// As [`asked`], and when it was last sent, or a moment before.
async fn asked_when(phone: &mut Phone, message: Value) -> Result<(Value, Instant), Lost> {
    loop {
        let sent = Instant::now();
        say(phone, message.clone()).await?;
        let told = hear(phone).await?;
        if told["code"] != "rate_limited" {
            return Ok((told, sent));
        }
        wait_as_told(&told).await;
    }
}

pub(crate) fn answer(attempt: &str, seq: &Value, choices: &[usize]) -> Value {
    json!({"type": "answer", "attempt": attempt, "seq": seq, "choices": choices})
}
