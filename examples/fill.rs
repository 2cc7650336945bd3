//! Makes a large ledger for benchmarks: participants who have registered, and papers that they have played, exactly as a season would
//! have written them (`kejing replay` agrees). Deterministic but for what a new season draws by chance. `kejing-loadtest fill` starts it.

use anyhow::Context;
use anyhow::ensure;
use clap::Parser;
use kejing::accounts::tokens::Token;
use kejing::accounts::tokens::recovery_code;
use kejing::accounts::tokens::recovery_hash;
use kejing::contest::clock::Clock;
use kejing::contest::core::Contest;
use kejing::contest::keys::Keys;
use kejing::contest::period::Period;
use kejing::contest::recovery::Follower;
use kejing::contest::recovery::Opening;
use kejing::domain::attempt::Attempt;
use kejing::domain::attempt::Judged;
use kejing::domain::correction::PUBLISHED;
use kejing::domain::ids::AttemptId;
use kejing::domain::ids::CityIndex;
use kejing::domain::ids::ParticipantId;
use kejing::domain::ids::RoundIndex;
use kejing::domain::question::Choices;
use kejing::domain::time::Timestamp;
use kejing::files;
use kejing::ledger::entry::Ended;
use kejing::ledger::entry::Entry;
use kejing::ledger::entry::EntryNumber;
use kejing::ledger::entry::Note;
use kejing::ledger::entry::Registered;
use kejing::ledger::entry::Settled;
use kejing::ledger::entry::Started;
use kejing::ledger::entry::Who;
use kejing::ledger::sqlite::Sqlite;
use kejing::ledger::store::Batch;
use kejing::ledger::store::Store;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

/// The season began so long ago, and its papers are spread over that time.
const SEASON_MS: i64 = 60 * 24 * 3_600_000;
/// Participants a commit, and papers that are played side by side.
const REGISTRATIONS: u64 = 20_000;
const SIDE_BY_SIDE: u64 = 2_000;
/// As many as one process can seat.
const TOKENS_MAX: u64 = 20_000;

#[derive(Parser)]
struct Args {
    /// An empty folder, or one that holds this very ledger already
    #[arg(long)]
    data: PathBuf,
    #[arg(long, default_value = "seasons/bench.toml")]
    season: PathBuf,
    #[arg(long)]
    participants: u64,
    /// Rounded down to whole papers
    #[arg(long)]
    answers: u64,
}

/// Nobody listens: the accounts are a server's part.
struct Nobody;

impl Follower for Nobody {
    fn registered(&self, _: &Registered) {}
    fn noted(&self, _: EntryNumber, _: Timestamp, _: &Note) {}
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let marker = args.data.join("filled.txt");
    let wanted = format!("{} participants, {} answers\n", args.participants, args.answers);
    if fs::read_to_string(&marker).is_ok_and(|found| found == wanted) {
        println!("{} is there: {wanted}", args.data.display());
        return Ok(());
    }
    ensure!(!args.data.join("ledger.db").exists(), "{} holds another ledger", args.data.display());
    fs::create_dir_all(&args.data)?;
    fill(&args).await?;
    fs::write(marker, wanted)?;
    Ok(())
}

async fn fill(args: &Args) -> anyhow::Result<()> {
    let read = files::read_season(&args.season)?;
    let key = files::key_file(&args.data)?;
    let began = Timestamp(Clock::of_the_machine().now().0 - SEASON_MS);
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(&args.data, &read.season.id).await?);
    let opening = Opening {
        season: read.season,
        banks: read.banks,
        keys: Keys::of(&key),
        clock: Clock::standing_at(began),
        store: Arc::clone(&store),
        accept_change: None,
        published: None,
    };
    let contest = opening.open(Arc::new(Nobody)).await?.contest;
    let mut writer = Writer::new(Arc::clone(&store)).await?;
    register(&contest, &mut writer, args.participants, began).await?;
    write_tokens(&args.data.join("tokens.txt"), &contest.keys, args.participants.min(TOKENS_MAX))?;
    play(&contest, &mut writer, args, began).await?;
    store.close().await;
    let bytes = fs::metadata(args.data.join("ledger.db"))?.len();
    println!("{} participants, {} answers, {bytes} bytes", args.participants, args.answers);
    Ok(())
}

/// Goes on where the opened season stopped.
struct Writer {
    store: Arc<dyn Store>,
    epoch: i64,
    last_n: EntryNumber,
}

impl Writer {
    async fn new(store: Arc<dyn Store>) -> anyhow::Result<Writer> {
        let state = store.lane().await?;
        Ok(Writer { store, epoch: state.epoch, last_n: state.last_n })
    }

    async fn commit(&mut self, entries: &[Entry]) -> anyhow::Result<()> {
        let alive_at = entries.last().map(Entry::at).unwrap_or_default();
        let batch = Batch { epoch: self.epoch, first: self.last_n + 1, entries, alive_at };
        self.store.commit(batch).await?;
        self.last_n += entries.len() as i64;
        Ok(())
    }
}

/// SplitMix64: the same choices in every run.
fn chosen(from: u64) -> u64 {
    let z = from.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678_9abc_def1);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn request(participant: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&chosen(2 * participant).to_be_bytes());
    bytes[8..].copy_from_slice(&chosen(2 * participant + 1).to_be_bytes());
    bytes
}

fn token(keys: &Keys, participant: u64) -> Token {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&keys.of_request("token", &request(participant))[..16]);
    Token::of(bytes)
}

async fn register(contest: &Contest, writer: &mut Writer, number: u64, began: Timestamp) -> anyhow::Result<()> {
    let mut entries = Vec::with_capacity(REGISTRATIONS as usize);
    for participant in 1..=number {
        entries.push(Entry::Registered(Box::new(registered(contest, participant, began))));
        if participant % REGISTRATIONS == 0 || participant == number {
            writer.commit(&entries).await?;
            entries.clear();
        }
    }
    Ok(())
}

fn registered(contest: &Contest, participant: u64, at: Timestamp) -> Registered {
    let season = &contest.season;
    let pick = chosen(participant ^ 0x5eed) as usize;
    let city = CityIndex((pick % season.region.cities.len()) as u16);
    let counties: Vec<_> = season.region.counties_of(city).collect();
    let county = counties.get(pick / 64 % counties.len().max(1)).map(|(_, county)| county.code.clone());
    let request = request(participant);
    let recovery = recovery_code(&contest.keys.of_request("recovery", &request));
    let letters: String = participant.to_string().bytes().map(|digit| LETTERS[usize::from(digit - b'0')]).collect();
    Registered {
        participant: ParticipantId(participant as i64),
        request,
        who: Who {
            name: format!("韦{letters}"),
            city: season.region.city(city).code.clone(),
            county,
            organisation: None,
            group: season.groups.get(pick / 4096 % season.groups.len().max(1)).map(|group| group.id.clone()),
        },
        token: token(&contest.keys, participant).hash(),
        recovery: recovery_hash(&recovery),
        consented: true,
        at,
    }
}

const LETTERS: [char; 10] = ['林', '一', '明', '三', '思', '武', '柳', '琦', '安', '久'];

/// For the players of the load test, one a line.
fn write_tokens(path: &Path, keys: &Keys, number: u64) -> anyhow::Result<()> {
    let mut text = String::new();
    for participant in 1..=number {
        writeln!(text, "{}", token(keys, participant).hand_over())?;
    }
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

async fn play(contest: &Arc<Contest>, writer: &mut Writer, args: &Args, began: Timestamp) -> anyhow::Result<()> {
    let period = contest.periods_of(RoundIndex(0)).first().cloned().context("the season has no round")?;
    let papers = args.answers / u64::from(period.round.blueprint.count());
    let side_by_side = SIDE_BY_SIDE.min(args.participants).max(1);
    let blocks = papers.div_ceil(side_by_side);
    let block = |block: u64| {
        let (contest, period, participants) = (Arc::clone(contest), Arc::clone(&period), args.participants);
        let from = began.plus_ms(60_000 + (SEASON_MS - 4 * 3_600_000) / blocks.max(1) as i64 * block as i64);
        let papers = block * side_by_side..papers.min((block + 1) * side_by_side);
        tokio::task::spawn_blocking(move || played(&contest, &period, papers, participants, from))
    };
    let mut next = (blocks > 0).then(|| block(0));
    for number in 0..blocks {
        let Some(entries) = next.take() else { break };
        let entries = entries.await?;
        // The next is played while this one is written.
        next = (number + 1 < blocks).then(|| block(number + 1));
        writer.commit(&entries?).await?;
        if number % 500 == 499 {
            println!("{} of {papers} papers", (number + 1) * side_by_side);
        }
    }
    Ok(())
}

/// So many papers side by side: all start, then all answer question 1, and so on.
fn played(
    contest: &Contest,
    period: &Period,
    papers: std::ops::Range<u64>,
    participants: u64,
    from: Timestamp,
) -> anyhow::Result<Vec<Entry>> {
    let of = period.round.blueprint.count() as usize;
    let mut entries = Vec::with_capacity((papers.end - papers.start) as usize * (of + 1));
    let mut attempts = Vec::new();
    for paper in papers {
        let participant = ParticipantId((paper % participants) as i64 + 1);
        let number = (paper / participants) as u32 + 1;
        let seed = period.seed(&contest.keys.participant(participant), number).context("the period is sealed")?;
        let id = AttemptId(paper as i64 + 1);
        let mut attempt = Attempt::new(id, period.index, period.paper(&seed), from);
        attempt.start_committed(from);
        let previous = paper.checked_sub(participants).map(|before| AttemptId(before as i64 + 1));
        let started = Started { attempt: id, participant, previous, period: period.n, number, seed, at: from };
        entries.push(Entry::Started(Box::new(started)));
        attempts.push((participant, attempt, from));
    }
    for seq in 1..=of as u32 {
        for (participant, attempt, at) in &mut attempts {
            let luck = chosen(attempt.id.0 as u64 * 64 + u64::from(seq));
            *at = at.plus_ms(2_000 + (luck % 10_000) as i64);
            entries.push(answered(period, *participant, attempt, seq, luck, *at)?);
        }
    }
    Ok(entries)
}

fn answered(
    period: &Period,
    participant: ParticipantId,
    attempt: &mut Attempt,
    seq: u32,
    luck: u64,
    at: Timestamp,
) -> anyhow::Result<Entry> {
    let shown = Choices::of([(luck >> 32) as usize % 2]);
    let settlement = match attempt.judge(period.rules(&PUBLISHED), seq, shown, at) {
        Ok(Judged::Settling(settlement)) => settlement,
        other => anyhow::bail!("attempt {:?}, question {seq}: {other:?}", attempt.id),
    };
    attempt.settle(period.rules(&PUBLISHED), settlement, at);
    let ended = settlement.ending.map(|ending| {
        Box::new(Ended {
            attempt: attempt.id,
            score: attempt.score(),
            correct: attempt.correct(),
            elapsed_ms: attempt.elapsed_ms(),
            at,
            ending,
            fates: attempt.fates().collect(),
            edition: 0,
            receipt: None,
        })
    });
    Ok(Entry::Settled(Settled { participant, attempt: attempt.id, fate: settlement.question, at, ended }))
}
