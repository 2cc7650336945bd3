//! A server in the test's own process, on a free port, in a temporary folder, with a clock that the test moves;
//! and a client that knows the wire and nothing of the server's code.

pub(crate) mod desk;
pub(crate) mod ground;
pub(crate) mod postgres;
pub(crate) mod steps;

use crate::harness::ground::Ground;
use futures_util::SinkExt;
use futures_util::StreamExt;
use kejing::accounts::names::BlockedNames;
use kejing::contest::clock::Clock;
use kejing::contest::core::Contest;
use kejing::contest::keys::Keys;
use kejing::contest::recovery::Opening;
use kejing::domain::time::Timestamp;
use kejing::files;
use kejing::files::ReadSeason;
use kejing::ledger::entry::Deed;
use kejing::office::shelf;
use kejing::transport::serve::Ended as ServerEnded;
use kejing::transport::serve::ServeError;
use kejing::transport::serve::Serving;
use kejing::transport::serve::serve;
use kejing::transport::state::ServeSettings;
use serde_json::Value;
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_util::sync::CancellationToken;

/// For so long a test waits for what has to come; a failing test's patience, not a pace.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for as long as whoever has asked too often is told to.
pub(crate) async fn wait_as_told(refusal: &Value) {
    let ms = refusal["retry_after_ms"].as_u64().unwrap_or_else(|| panic!("not told for how long: {refusal}"));
    tokio::time::sleep(Duration::from_millis(ms)).await;
}
/// 2026-09-01T10:00:00+08:00, a Tuesday within every season that tests write.
pub(crate) const TUESDAY_10: i64 = 1_788_228_000_000;

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// In place of a season file: there is none.
pub(crate) const EMPTY_FOLDER: &str = "";

/// A season file for tests: Guangxi, always open, one round `daily` and whatever `rounds` adds.
pub(crate) fn season(rounds: &str) -> String {
    format!(
        r#"
id = "test"
name = "测试赛季"
time_zone = "Asia/Shanghai"
always_open = true
sign_in = "open"
region = "regions/guangxi.toml"
hosts = ["测试"]
groups = [{{ id = "youth", name = "青少年" }}, {{ id = "other", name = "其他" }}]

[[bank]]
id = "kexue"
path = "question-bank/kexue"

{rounds}
"#
    )
}

/// How a server is started.
pub(crate) struct Start {
    pub(crate) season: String,
    pub(crate) folder: Arc<Ground>,
    pub(crate) clock: Clock,
    pub(crate) accept_change: Option<String>,
    pub(crate) settings: ServeSettings,
}

impl Start {
    /// On a clock that stands at [`TUESDAY_10`].
    pub(crate) fn of(season: &str) -> Start {
        Start {
            season: season.to_owned(),
            folder: Arc::new(Ground::chosen()),
            clock: Clock::standing_at(Timestamp(TUESDAY_10)),
            accept_change: None,
            settings: ServeSettings { connections_max: 1_000, ..ServeSettings::default() },
        }
    }

    /// # Errors
    /// Why the server does not start.
    pub(crate) async fn start(self) -> Result<Server, ServeError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        self.start_on(listener).await
    }

    /// On a listener that strangers may have found before the server starts.
    ///
    /// # Errors
    /// Why the server does not start.
    pub(crate) async fn start_on(mut self, listener: TcpListener) -> Result<Server, ServeError> {
        let address = listener.local_addr().unwrap();
        let kept = listener.into_std().unwrap();
        let stop = CancellationToken::new();
        let (task, contest) = self.serve(&kept, &stop).await?;
        let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        let (clock, folder, season) = (self.clock.clone(), Arc::clone(&self.folder), self.season.clone());
        Ok(Server { address, http, contest, clock, folder, season, start: self, kept, stop, task })
    }

    /// On a copy of the listener, as the binary does; returns once everyone is let in.
    async fn serve(
        &mut self,
        kept: &std::net::TcpListener,
        stop: &CancellationToken,
    ) -> Result<(JoinHandle<Result<ServerEnded, ServeError>>, Arc<Contest>), ServeError> {
        let listener = TcpListener::from_std(kept.try_clone().unwrap()).unwrap();
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        let mut task = tokio::spawn(serve(self.serving(listener, ready, stop.clone()).await?));
        tokio::select! {
            ended = &mut task => Err(ended.unwrap().expect_err("a server that was not told to stop ended without an error")),
            Ok(contest) = is_ready => Ok((task, contest)),
        }
    }

    async fn serving(
        &mut self,
        listener: TcpListener,
        ready: tokio::sync::oneshot::Sender<Arc<Contest>>,
        stop: CancellationToken,
    ) -> Result<Serving, ServeError> {
        let (read, published) = self.read().await?;
        let store = self.folder.open(&read.season.id).await.map_err(ServeError::Ledger)?;
        let desk = self.folder.open_desk(&read.season.id).await.map_err(ServeError::Ledger)?;
        let somebody = desk.read().await.unwrap().somebody_is_there().await.unwrap();
        let opening = Opening {
            season: read.season,
            banks: read.banks,
            keys: Keys::of(&[7; 32]),
            clock: self.clock.clone(),
            store,
            accept_change: self.accept_change.take(),
            published,
        };
        Ok(Serving {
            opening,
            desk,
            setup: (!somebody).then(|| desk::FIRST_LINK.to_owned()),
            blocked: BlockedNames::read("管理员\n"),
            listener,
            metrics_listener: None,
            settings: ServeSettings {
                rehearsal_folder: Some(self.folder.path().join("rehearsal")),
                ..self.settings.clone()
            },
            ready: Some(ready),
            stop,
        })
    }

    /// The season file; where there is none, what an empty folder begins with.
    async fn read(&self) -> Result<(ReadSeason, Option<Deed>), ServeError> {
        if self.season != EMPTY_FOLDER {
            let season_file = self.folder.furnish(&self.season);
            return Ok((files::read_season(&season_file).unwrap_or_else(|fault| panic!("{fault}")), None));
        }
        let there = self.folder.season_there().await.map_err(ServeError::Ledger)?;
        let (season, banks) = shelf::starter(there.unwrap_or_else(shelf::fresh_season_id));
        Ok((ReadSeason { season, banks, media: Vec::new() }, Some(shelf::starter_deed())))
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) http: reqwest::Client,
    /// For acts of the desk, which have no front door of their own here.
    pub(crate) contest: Arc<Contest>,
    pub(crate) clock: Clock,
    pub(crate) folder: Arc<Ground>,
    pub(crate) season: String,
    start: Start,
    kept: std::net::TcpListener,
    stop: CancellationToken,
    task: JoinHandle<Result<ServerEnded, ServeError>>,
}

impl Server {
    /// A server for a season of these rounds.
    pub(crate) async fn of(rounds: &str) -> Server {
        Start::of(&season(rounds)).start().await.unwrap()
    }

    /// In a folder in which there is nothing.
    pub(crate) async fn in_an_empty_folder() -> Server {
        Start::of(EMPTY_FOLDER).start().await.unwrap()
    }

    /// Waits until it has ended because a season was published, and starts it again as the binary does.
    pub(crate) async fn serves_again(&mut self) {
        let ended = tokio::time::timeout(PATIENCE, &mut self.task).await.expect("it did not end in time");
        assert_eq!(ended.unwrap().unwrap(), ServerEnded::Again);
        (self.task, self.contest) = self.start.serve(&self.kept, &self.stop).await.unwrap();
    }

    /// Tells it to stop and waits until it has.
    pub(crate) async fn stop(self) -> Result<(), ServeError> {
        self.stop.cancel();
        drop(self.contest);
        self.task.await.unwrap().map(|_| ())
    }

    /// Stops it and starts it again on the same ledger, `away_ms` later.
    pub(crate) async fn restart(self, away_ms: i64) -> Server {
        let again = Start {
            season: self.season.clone(),
            folder: Arc::clone(&self.folder),
            clock: self.clock.clone(),
            accept_change: None,
            settings: ServeSettings { connections_max: 1_000, ..ServeSettings::default() },
        };
        self.stop().await.unwrap();
        again.clock.advance(away_ms);
        again.start().await.unwrap()
    }

    /// Moves the clock; what it brings comes by itself.
    pub(crate) fn advance(&self, ms: i64) {
        self.clock.advance(ms);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// GET, with a token where there is one. The status and the JSON body.
    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> (u16, Value) {
        let mut request = self.http.get(self.url(&format!("/api/v1{path}")));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        answer(request).await
    }

    pub(crate) async fn post(&self, path: &str, token: Option<&str>, body: Value) -> (u16, Value) {
        let mut request = self.http.post(self.url(&format!("/api/v1{path}"))).json(&body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        answer(request).await
    }

    pub(crate) async fn patch(&self, path: &str, token: &str, body: Value) -> (u16, Value) {
        answer(self.http.patch(self.url(&format!("/api/v1{path}"))).bearer_auth(token).json(&body)).await
    }

    /// Registers somebody in Liuzhou's 柳南区, in no group; returns the token.
    pub(crate) async fn join(&self, name: &str) -> String {
        self.join_as(json!({"name": name, "city": "450200", "county": "450204"})).await
    }

    /// Registers somebody with these fields and a fresh request.
    pub(crate) async fn join_as(&self, mut fields: Value) -> String {
        fields["request"] = json!(uuid::Uuid::from_bytes(kejing::contest::clock::chance()).to_string());
        let (status, body) = self.post("/participants", None, fields).await;
        assert_eq!(status, 201, "{body}");
        body["token"].as_str().unwrap().to_owned()
    }

    /// A socket that has said hello and been welcomed, with the welcome.
    pub(crate) async fn hello(&self, token: &str) -> (Phone, Value) {
        let mut phone = Phone::connect(self.address).await;
        phone.say(json!({"type": "hello", "token": token})).await;
        let welcome = phone.hear("welcome").await;
        (phone, welcome)
    }

    /// Joins, says hello.
    pub(crate) async fn phone(&self, name: &str) -> Phone {
        let token = self.join(name).await;
        self.hello(&token).await.0
    }
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// A client of the wire.
pub(crate) struct Phone {
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// How a socket ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Code(u16),
    WithoutClose,
}

impl Phone {
    pub(crate) async fn connect(address: SocketAddr) -> Phone {
        Phone::connect_below(address, "/").await
    }

    /// Where the server's calls lie under this path, as those of a rehearsal do.
    pub(crate) async fn connect_below(address: SocketAddr, path: &str) -> Phone {
        let mut request = format!("ws://{address}{path}ws").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "kejing.v1".parse().unwrap());
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        Phone { socket }
    }

    pub(crate) async fn say(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    /// Says what may be no message.
    pub(crate) async fn socket_says(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next message, which has to be of this type.
    pub(crate) async fn hear(&mut self, expected: &str) -> Value {
        let message = self.hear_any().await;
        assert_eq!(message["type"], expected, "{message}");
        message
    }

    /// The next message.
    pub(crate) async fn hear_any(&mut self) -> Value {
        loop {
            let frame = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("nothing came in time");
            match frame {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("a message was expected, and this came: {other:?}"),
            }
        }
    }

    /// Waits for the socket's end; messages before it are passed over.
    pub(crate) async fn ended(&mut self) -> Ended {
        loop {
            let frame =
                tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("the socket did not end in time");
            match frame {
                Some(Ok(Message::Close(Some(frame)))) => return Ended::Code(frame.code.into()),
                Some(Ok(Message::Close(None))) | None | Some(Err(_)) => return Ended::WithoutClose,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The error that answers, which has to have this code.
    pub(crate) async fn refused(&mut self, code: &str) -> Value {
        let error = self.hear("error").await;
        assert_eq!(error["code"], code, "{error}");
        error
    }

    /// Asks for nothing and hears nothing but the answer to it: what came before would be heard first.
    pub(crate) async fn hears_nothing(&mut self) {
        self.say(json!({"type": "ping", "n": 4711})).await;
        let pong = self.hear("pong").await;
        assert_eq!(pong["n"], 4711);
    }

    /// Starts an attempt and hears its first question.
    pub(crate) async fn start(&mut self, round: &str) -> Value {
        self.say(json!({"type": "start", "round": round})).await;
        self.hear("question").await
    }

    pub(crate) async fn answer(&mut self, question: &Value, choices: &[usize]) {
        let (attempt, seq) = (&question["attempt"], &question["seq"]);
        self.say(json!({"type": "answer", "attempt": attempt, "seq": seq, "choices": choices})).await;
    }

    /// Answers every question from `question` on with `choose`, in a round without feedback after each; returns the result.
    pub(crate) async fn play_on(&mut self, mut question: Value, mut choose: impl FnMut(&Value) -> Vec<usize>) -> Value {
        loop {
            let choices = choose(&question);
            self.answer(&question, &choices).await;
            let verdict = self.hear("verdict").await;
            assert_eq!(verdict["seq"], question["seq"]);
            let next = self.hear_any().await;
            if next["type"] == "result" {
                assert_eq!(verdict["last"], true);
                return next;
            }
            question = next;
        }
    }
}

/// The shipped bank's keys, by stem: what a client that knows the bank would answer.
pub(crate) struct Key {
    questions: std::collections::HashMap<String, Vec<String>>,
}

impl Key {
    pub(crate) fn of_the_shipped_bank() -> Key {
        let folder = root().join("question-bank/kexue");
        let mut questions = std::collections::HashMap::new();
        for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if file.extension().is_some_and(|extension| extension == "toml") {
                questions.extend(Key::of_file(&file));
            }
        }
        Key { questions }
    }

    fn of_file(file: &Path) -> Vec<(String, Vec<String>)> {
        let table: toml::Table = std::fs::read_to_string(file).unwrap().parse().unwrap();
        let question = |question: &toml::Value| {
            let key = question["key"].as_str().unwrap();
            let right = match question.get("options").and_then(toml::Value::as_array) {
                None => vec![key.to_owned()],
                Some(options) => {
                    key.bytes().map(|letter| options[usize::from(letter - b'A')].as_str().unwrap().to_owned()).collect()
                }
            };
            (question["stem"].as_str().unwrap().to_owned(), right)
        };
        table["question"].as_array().unwrap().iter().map(question).collect()
    }

    /// The right places of a question as it is shown.
    pub(crate) fn right(&self, question: &Value) -> Vec<usize> {
        let right = &self.questions[question["stem"].as_str().unwrap()];
        let options = question["options"].as_array().unwrap();
        (0..options.len()).filter(|&place| right.iter().any(|text| options[place] == text.as_str())).collect()
    }

    /// An answer that is wrong and fits the question's kind.
    pub(crate) fn wrong(&self, question: &Value) -> Vec<usize> {
        let right = self.right(question);
        let options = question["options"].as_array().unwrap().len();
        vec![(0..options).find(|place| !right.contains(place)).unwrap_or(0)]
    }
}
