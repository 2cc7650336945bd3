//! The season by form: one draft, which is a season file underneath; what is wrong with it and what it means; and putting it in force.

use crate::contest::amend::AmendRefusal;
use crate::contest::banks::Bank;
use crate::contest::clock::chance;
use crate::contest::core::Contest;
use crate::contest::core::Life;
use crate::contest::publish::ActRefusal;
use crate::domain::bank::BankVersion;
use crate::domain::dry_draw::DryDraw;
use crate::domain::dry_draw::dry_draw;
use crate::domain::fairness::DrawList;
use crate::domain::fairness::Seed;
use crate::domain::fault::Fault;
use crate::domain::ids::RoundIndex;
use crate::domain::question::Question;
use crate::domain::season::Season;
use crate::domain::season::check_blueprints;
use crate::domain::season::differences;
use crate::domain::season::organisations_written;
use crate::domain::season::warnings;
use crate::domain::time::Timestamp;
use crate::formats;
use crate::ledger::desk::AskedRow;
use crate::ledger::desk::DeskStore;
use crate::ledger::desk::DraftRow;
use crate::ledger::desk::Link;
use crate::ledger::entry::Deed;
use crate::ledger::entry::EntryNumber;
use crate::ledger::store::LedgerError;
use crate::office::by::By;
use crate::office::by::because;
use crate::office::by::deed;
use crate::office::refusal::DeskRefusal;
use crate::office::refusal::REASON_MAX;
use crate::office::refusal::said;
use crate::office::sample;
use crate::office::shelf;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use tokio::sync::Semaphore;
use toml::Table;

/// A draft is at most so long, as a file; longer ones are refused.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// A list of organisations is at most so long; longer ones are refused before they are read.
pub const ORGANISATIONS_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bank versions that are kept read, for checks while somebody types. More: all are read again.
const VERSIONS_KEPT: usize = 8;
/// Papers of one dry draw; more are refused.
pub const PAPERS_MAX: u32 = 1_000;
/// How a draft names the running season's region and organisations, where they are no shipped ones.
const REGION_FILE: &str = "region.toml";
const ORGANISATIONS_FILE: &str = "organisations.csv";
/// Where the desk's own banks are "read from".
const BANK_PATH: &str = "工作台";

/// The season that is being written.
#[derive(Clone, Debug)]
pub struct Draft {
    /// 0: nobody has saved one, and it is the season that runs.
    pub revision: i64,
    pub saved: Option<(Timestamp, String)>,
    pub asked: Option<AskedRow>,
    /// As a season file has it.
    pub table: Table,
}

/// What a draft comes to.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    pub faults: Vec<Fault>,
    /// `None` while there are faults.
    pub season: Option<Season>,
    pub versions: Vec<Arc<BankVersion>>,
    pub warnings: Vec<Fault>,
    /// Against the season that runs.
    pub differences: Vec<String>,
    /// Why it could not be put in force although it is without fault.
    pub touches: Vec<String>,
}

/// A bank that rounds may draw from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Playable {
    pub id: String,
    pub name: String,
    pub questions: i64,
}

/// A season without a ledger yet.
#[derive(Clone, Debug)]
pub struct Rehearsed {
    pub season: Season,
    /// By bank id.
    pub banks: Vec<(String, Vec<Question>)>,
}

/// What came of asking for publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// It waits for a second person.
    Asked,
    /// It is the ledger's, under this entry, and in force from the next start on.
    InForce(EntryNumber),
}

/// Keeps what is needed from one check to the next.
pub struct Seasons {
    /// By digest.
    versions: Mutex<HashMap<String, Arc<BankVersion>>>,
    /// Dry draws at a time; others wait for their turn.
    drawing: Semaphore,
}

impl Default for Seasons {
    fn default() -> Seasons {
        Seasons { versions: Mutex::default(), drawing: Semaphore::new(1) }
    }
}

/// A fault as a form shows it: the field's path, and what is wrong. One of a file that the draft names is shown where it is named.
pub fn told(fault: Fault) -> (String, String) {
    let Fault { file, place, key, message } = fault;
    let message = in_a_form(&message);
    let Some(file) = file else { return (key, message) };
    let path = if file == ORGANISATIONS_FILE { "organisations" } else { "region" };
    let place = place.map(|at| format!("第 {} 行第 {} 列：", at.line, at.column)).unwrap_or_default();
    (path.to_owned(), format!("{place}{message}"))
}

/// Without the words that are for whoever writes a file: 「，例如：name = "…"」.
fn in_a_form(message: &str) -> String {
    if message.starts_with("缺少「") {
        return "这里要填".to_owned();
    }
    match message.split_once("，例如") {
        Some((sentence, example)) if example.contains(" = ") => sentence.to_owned(),
        _ => message.to_owned(),
    }
}

/// A form's values as a season file has them; what is null is not there.
///
/// # Errors
/// It is too much.
pub fn table_of(draft: &serde_json::Map<String, Value>) -> Result<Table, DeskRefusal> {
    let table: Table = draft.iter().filter_map(|(key, value)| Some((key.clone(), toml_of(value)?))).collect();
    if table.to_string().len() > BODY_BYTES_MAX {
        return Err(DeskRefusal::Bad(format!("赛季设置太长，最多 {} KB", BODY_BYTES_MAX / 1024)));
    }
    Ok(table)
}

fn toml_of(value: &Value) -> Option<toml::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(yes) => toml::Value::Boolean(*yes),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => toml::Value::Integer(whole),
            None => toml::Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => toml::Value::String(text.clone()),
        Value::Array(list) => toml::Value::Array(list.iter().filter_map(toml_of).collect()),
        Value::Object(table) => {
            let pairs = table.iter().filter_map(|(key, value)| Some((key.clone(), toml_of(value)?)));
            toml::Value::Table(pairs.collect())
        }
    })
}

/// A season file's values as a form has them: days and times are texts.
pub fn json_of(table: &Table) -> Value {
    Value::Object(table.iter().map(|(key, value)| (key.clone(), json_of_value(value))).collect())
}

fn json_of_value(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text.clone()),
        toml::Value::Integer(whole) => json!(whole),
        toml::Value::Float(number) => json!(number),
        toml::Value::Boolean(yes) => Value::Bool(*yes),
        toml::Value::Datetime(at) => Value::String(at.to_string()),
        toml::Value::Array(list) => Value::Array(list.iter().map(json_of_value).collect()),
        toml::Value::Table(table) => json_of(table),
    }
}

/// The draft as it stands; where there is none, the season that runs.
///
/// # Errors
/// The database refuses.
pub async fn draft(link: &mut Link, contest: &Contest) -> Result<Draft, LedgerError> {
    match link.season_draft().await? {
        Some(DraftRow { revision, at, by_name, body, asked, .. }) => {
            let table = body
                .parse()
                .map_err(|error: toml::de::Error| LedgerError::Unreadable { n: revision, what: error.to_string() })?;
            Ok(Draft { revision, saved: Some((at, by_name)), asked, table })
        }
        None => {
            let region = shelf::file_of(&contest.season.region).unwrap_or(REGION_FILE);
            let mut table = contest.season.written(region, ORGANISATIONS_FILE);
            if contest.season_versions.last().is_some_and(|version| version.by.as_deref() == Some(shelf::STARTER_BY)) {
                // What practice says of itself is not what a season would say.
                table.remove("not_played");
                table.get_mut("about").and_then(toml::Value::as_table_mut).and_then(|about| about.remove("contact"));
            }
            Ok(Draft { revision: 0, saved: None, asked: None, table })
        }
    }
}

/// Keeps a draft in place of the one that its writer began with.
///
/// # Errors
/// Somebody else has saved meanwhile.
pub async fn save(
    desk: &DeskStore,
    contest: &Contest,
    by: &By,
    revision: i64,
    mut table: Table,
) -> Result<Draft, DeskRefusal> {
    with_id(&mut table, contest);
    let mut act = desk.begin().await?;
    let now = draft(&mut act, contest).await?;
    if now.revision != revision {
        return Err(overtaken(now));
    }
    let changed: Vec<&String> =
        table.iter().filter(|(key, is)| now.table.get(*key) != Some(*is)).map(|(key, _)| key).collect();
    let next = act.keep_season_draft(&table.to_string(), &by.staff, by.at).await?;
    let after = json!({"revision": next, "changed": changed});
    act.commit(by.change("season.draft_saved", SUBJECT.to_owned(), json!({"revision": revision}), after)).await?;
    Ok(draft(&mut desk.read().await?, contest).await?)
}

/// Keeps a list of organisations (CSV) for the draft, which then names it. What is wrong in the list is told by the next check.
///
/// # Errors
/// It is no text, or somebody else has saved meanwhile.
pub async fn save_organisations(
    desk: &DeskStore,
    contest: &Contest,
    by: &By,
    revision: i64,
    bytes: Vec<u8>,
) -> Result<Draft, DeskRefusal> {
    let list = formats::text_of(&bytes).filter(|text| !text.contains('\0'));
    let list = list.ok_or_else(|| DeskRefusal::Bad("这不是文字文件；请在表格软件里另存为 CSV".to_owned()))?;
    let mut act = desk.begin().await?;
    let now = draft(&mut act, contest).await?;
    if now.revision != revision {
        return Err(overtaken(now));
    }
    let mut table = now.table;
    table.insert("organisations".to_owned(), toml::Value::String(ORGANISATIONS_FILE.to_owned()));
    act.keep_season_draft_file(ORGANISATIONS_FILE, &list, by.at).await?;
    let next = act.keep_season_draft(&table.to_string(), &by.staff, by.at).await?;
    let after = json!({"revision": next, "lines": list.lines().count()});
    act.commit(by.change("season.organisations_saved", SUBJECT.to_owned(), json!({"revision": revision}), after))
        .await?;
    Ok(draft(&mut desk.read().await?, contest).await?)
}

/// The list of organisations that the draft stands on.
///
/// # Errors
/// The database refuses.
pub async fn organisations(link: &mut Link, contest: &Contest) -> Result<String, LedgerError> {
    let running = || organisations_written(&contest.season.organisations, &contest.season.region);
    Ok(link.season_draft_file(ORGANISATIONS_FILE).await?.unwrap_or_else(running))
}

fn overtaken(now: Draft) -> DeskRefusal {
    DeskRefusal::Conflict(now.saved.map_or_else(
        || "草稿已经不在了，请刷新".to_owned(),
        |(_, by)| format!("您编辑的时候，{by}也保存了，请先看看新的内容"),
    ))
}

/// Throws the draft away: what runs is what is begun with.
///
/// # Errors
/// The database refuses.
pub async fn discard(desk: &DeskStore, by: &By) -> Result<(), DeskRefusal> {
    let mut act = desk.begin().await?;
    act.drop_season_draft().await?;
    Ok(act.commit(by.record("season.draft_discarded", SUBJECT.to_owned())).await?)
}

const SUBJECT: &str = "season";

/// A ledger is one season's, so that a draft never has another id.
fn with_id(table: &mut Table, contest: &Contest) {
    table.insert("id".to_owned(), toml::Value::String(contest.season.id.to_string()));
}

/// The banks of which papers can be drawn: those that the desk has published, and those that the season has from files.
///
/// # Errors
/// The database refuses.
pub async fn playable(link: &mut Link, contest: &Contest) -> Result<Vec<Playable>, LedgerError> {
    let mut found = Vec::new();
    for bank in link.banks().await? {
        if let Some(version) = link.versions(&bank.id, 1).await?.into_iter().next() {
            found.push(Playable { id: bank.id, name: bank.name, questions: version.questions });
        }
    }
    for bank in contest.banks().iter() {
        if !found.iter().any(|known| known.id == bank.id) {
            let questions = bank.version.questions.len() as i64;
            // The starter season plays the sample bank before anybody has it at the desk.
            let name = if bank.id == sample::ID { sample::NAME.to_owned() } else { bank.id.clone() };
            found.push(Playable { id: bank.id.clone(), name, questions });
        }
    }
    Ok(found)
}

impl Seasons {
    /// What a draft comes to, with every fault at its field.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn check(
        &self,
        link: &mut Link,
        contest: &Arc<Contest>,
        mut table: Table,
    ) -> Result<Checked, DeskRefusal> {
        with_id(&mut table, contest);
        let known = playable(link, contest).await?;
        let used = with_banks(&mut table, &known, contest);
        // Thousands of lines are only read where they are named.
        let list = match table.get("organisations").and_then(toml::Value::as_str) {
            Some(ORGANISATIONS_FILE) => organisations(link, contest).await?,
            _ => String::new(),
        };
        let mut versions = Vec::new();
        for bank in &used {
            versions.extend(self.version(link, contest, bank).await?);
        }
        let contest = Arc::clone(contest);
        let checked = tokio::task::spawn_blocking(move || checked(&contest, &table, &list, versions));
        Ok(checked.await.map_err(|_| LedgerError::Stopped)?)
    }

    /// The version of a bank that would be played: the desk's newest, where it has one.
    async fn version(
        &self,
        link: &mut Link,
        contest: &Contest,
        bank: &str,
    ) -> Result<Option<Arc<BankVersion>>, LedgerError> {
        let playing = contest.banks().of_id(bank).map(|bank| (bank.digest.clone(), Arc::clone(&bank.version)));
        let Some(newest) = link.versions(bank, 1).await?.into_iter().next() else {
            return Ok(playing.map(|(_, version)| version));
        };
        if let Some((_, version)) = playing.filter(|(digest, _)| *digest == newest.digest) {
            return Ok(Some(version));
        }
        if let Some(kept) = self.kept().get(&newest.digest) {
            return Ok(Some(Arc::clone(kept)));
        }
        let Some(canonical) = link.version_canonical(bank, newest.n).await? else { return Ok(None) };
        let read = tokio::task::spawn_blocking(move || BankVersion::from_canonical(&canonical)).await;
        let read = read.map_err(|_| LedgerError::Stopped)?;
        let version = Arc::new(read.map_err(|error| LedgerError::Unreadable { n: newest.n, what: error.to_string() })?);
        let mut kept = self.kept();
        if kept.len() >= VERSIONS_KEPT {
            kept.clear();
        }
        kept.insert(newest.digest, Arc::clone(&version));
        Ok(Some(version))
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<BankVersion>>> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a rehearsal plays: the draft as it was saved, or the season that runs; without the questions that rest.
    ///
    /// # Errors
    /// The draft is no season yet.
    pub async fn rehearsed(&self, desk: &DeskStore, contest: &Arc<Contest>) -> Result<Rehearsed, DeskRefusal> {
        let mut link = desk.read().await?;
        let draft = draft(&mut link, contest).await?;
        let checked = self.check(&mut link, contest, draft.table).await?;
        let Some(season) = checked.season else { return Err(DeskRefusal::SeasonFaulty(checked.faults)) };
        let playable = |version: Arc<BankVersion>| {
            let rested = contest.banks().of_id(&version.bank).map(Bank::resting).unwrap_or_default();
            let awake = version.questions.iter().filter(|question| !rested.contains(&question.id));
            (version.bank.clone(), awake.cloned().collect())
        };
        Ok(Rehearsed { season, banks: checked.versions.into_iter().map(playable).collect() })
    }

    /// 试抽: papers of one round of a draft, as they would be drawn. Bounded in number, and few at a time.
    ///
    /// # Errors
    /// The draft is no season yet, or has no such round.
    pub async fn dry_draw(
        &self,
        desk: &DeskStore,
        contest: &Arc<Contest>,
        table: Table,
        round: &str,
        papers: u32,
    ) -> Result<(DryDraw, Arc<BankVersion>), DeskRefusal> {
        if !(1..=PAPERS_MAX).contains(&papers) {
            return Err(DeskRefusal::Bad(format!("一次试抽 1 到 {PAPERS_MAX} 份")));
        }
        // The connection is given back before the turn is waited for.
        let checked = self.check(&mut desk.read().await?, contest, table).await?;
        let Some(season) = checked.season else { return Err(DeskRefusal::SeasonFaulty(checked.faults)) };
        let weekly = format!("{round}-1");
        let index = season.round_of_id(round).or_else(|| season.round_of_id(&weekly));
        let round = season.round(index.ok_or(DeskRefusal::NotFound("这个场次"))?).clone();
        let version = checked.versions.into_iter().find(|version| version.bank == round.bank);
        let version = version.ok_or(DeskRefusal::NotFound("这个题库"))?;
        let rested = contest.banks().of_id(&round.bank).map(Bank::resting).unwrap_or_default();
        let _turn = self.drawing.acquire().await.map_err(|_| LedgerError::Stopped)?;
        let drawn = tokio::task::spawn_blocking(move || {
            let list = DrawList::of(&version, &rested);
            (dry_draw(&list, &round, (0..papers).map(|_| Seed(chance()))), version)
        });
        Ok(drawn.await.map_err(|_| LedgerError::Stopped)?)
    }

    /// Puts the draft in force. While a counted round is open, somebody asks and somebody else does it.
    ///
    /// # Errors
    /// The draft is another one by now, has faults, or would touch what was played.
    pub async fn publish(
        &self,
        desk: &DeskStore,
        contest: &Arc<Contest>,
        by: &By,
        revision: i64,
        why: &str,
    ) -> Result<Published, DeskRefusal> {
        let why = &*said(why, "请写明原因，选手会在规则页上看到", REASON_MAX)?;
        let mut act = desk.begin().await?;
        let draft = draft(&mut act, contest).await?;
        if draft.revision != revision || revision == 0 {
            return Err(DeskRefusal::Conflict("赛季设置已经有了新的改动，请刷新以后再看一遍".to_owned()));
        }
        let checked = self.check(&mut act, contest, draft.table).await?;
        let Some(season) = checked.season.filter(|_| checked.faults.is_empty()) else {
            return Err(DeskRefusal::SeasonFaulty(checked.faults));
        };
        if !checked.touches.is_empty() {
            return Err(refused(AmendRefusal::Touches(checked.touches)));
        }
        let asked = draft.asked.filter(|asked| asked.by != by.staff);
        if needs_two(contest) && asked.is_none() {
            act.season_publication_asked(Some((&by.staff, by.at, why))).await?;
            let after = json!({"revision": revision, "differences": checked.differences});
            let record = by.change("season.publication_asked", SUBJECT.to_owned(), Value::Null, after);
            act.commit(because(record, why)).await?;
            return Ok(Published::Asked);
        }
        let deed = match asked {
            Some(asked) => Deed { by: format!("{}、{}", asked.by_name, by.name), reason: asked.why },
            None => deed(by, why),
        };
        // The ledger is asked first, since it may refuse. If the process ended before the desk's own commit, the season is in force all the same,
        // and its entry says by whom.
        let n = contest.amend_season(&season, &checked.versions, deed).await.map_err(refused)?;
        act.season_publication_asked(None).await?;
        let after = json!({"entry": n, "revision": revision, "differences": checked.differences});
        act.commit(because(by.change("season.published", SUBJECT.to_owned(), Value::Null, after), why)).await?;
        Ok(Published::InForce(n))
    }
}

/// Takes back that a publication was asked for.
///
/// # Errors
/// Nobody has.
pub async fn withdraw(desk: &DeskStore, by: &By) -> Result<(), DeskRefusal> {
    let mut act = desk.begin().await?;
    let asked = act.season_draft().await?.and_then(|draft| draft.asked);
    asked.ok_or_else(|| DeskRefusal::Conflict("没有等待第二个人确认的发布".to_owned()))?;
    act.season_publication_asked(None).await?;
    Ok(act.commit(by.record("season.publication_withdrawn", SUBJECT.to_owned())).await?)
}

/// While people play for ranks, no one changes the rules alone.
pub fn needs_two(contest: &Contest) -> bool {
    let now = contest.now();
    let open = |(place, round): (usize, &crate::domain::rules::Round)| {
        round.counts && contest.round_life(RoundIndex(place as u16), now) == Life::Open
    };
    contest.season.rounds.iter().enumerate().any(open)
}

fn refused(refusal: AmendRefusal) -> DeskRefusal {
    match refusal {
        AmendRefusal::Act(ActRefusal::Ledger(error)) => error.into(),
        AmendRefusal::Act(ActRefusal::NoReason) => DeskRefusal::Bad(refusal.to_string()),
        other => DeskRefusal::Conflict(other.to_string()),
    }
}

/// Writes the banks that the draft's rounds name, and no others, into its table; returns their ids. Where no round names one, all that there are, so
/// that a round is at fault and not the season.
fn with_banks(table: &mut Table, known: &[Playable], contest: &Contest) -> Vec<String> {
    let rounds = table.get("round").and_then(toml::Value::as_array).into_iter().flatten();
    let named: BTreeSet<&str> = rounds.filter_map(|round| round.get("bank")?.as_str()).collect();
    let mut used: Vec<&Playable> = known.iter().filter(|bank| named.contains(bank.id.as_str())).collect();
    if used.is_empty() {
        used = known.iter().collect();
    }
    let source = |bank: &&Playable| {
        let running = contest.season.banks.iter().find(|source| source.id == bank.id);
        let path = running.map_or(BANK_PATH, |source| source.path.as_str());
        let pairs = [("id", bank.id.as_str()), ("path", path)];
        toml::Value::Table(pairs.into_iter().map(|(key, text)| (key.to_owned(), text.into())).collect())
    };
    let (sources, ids) = (used.iter().map(source).collect(), used.iter().map(|bank| bank.id.clone()).collect());
    table.insert("bank".to_owned(), toml::Value::Array(sources));
    ids
}

fn checked(contest: &Contest, table: &Table, organisations: &str, versions: Vec<Arc<BankVersion>>) -> Checked {
    let running = &*contest.season;
    let file = |named: &str| match named {
        REGION_FILE => Ok(running.region.written()),
        ORGANISATIONS_FILE => Ok(organisations.to_owned()),
        _ => shelf::named_by(named).ok_or_else(|| "没有这个地区".to_owned()),
    };
    let season = match Season::read(&table.to_string(), &file) {
        Ok(season) => season,
        Err(faults) => return Checked { faults, ..Checked::default() },
    };
    let asked = |version: &Arc<BankVersion>| {
        let questions = version.questions.iter().map(|one| (one.kind, one.topic.clone(), one.difficulty));
        (version.bank.clone(), questions.collect())
    };
    let faults = check_blueprints(&season, &versions.iter().map(asked).collect::<Vec<_>>());
    Checked {
        faults,
        warnings: warnings(&season),
        differences: differences(running, &season),
        touches: contest.touched_by(&season),
        season: Some(season),
        versions,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forms_values_are_a_season_files_and_back() {
        let form = json!({"name": "甲\"乙\n", "opens": "2026-08-01", "always_open": true, "round": [{"id": "a", "points": 3}], "gone": null});
        let table = table_of(form.as_object().unwrap()).unwrap();
        assert_eq!(table.to_string().parse::<Table>().unwrap(), table);
        let mut back = form.clone();
        back.as_object_mut().unwrap().remove("gone");
        assert_eq!(json_of(&table), back);
    }

    #[test]
    fn a_season_files_days_are_texts_in_a_form() {
        let table: Table = "opens = 2026-08-01\ncloses = 2026-08-31T12:00:00".parse().unwrap();
        assert_eq!(json_of(&table), json!({"opens": "2026-08-01", "closes": "2026-08-31T12:00:00"}));
    }

    #[test]
    fn more_than_a_season_needs_is_refused() {
        let form = json!({"name": "甲".repeat(BODY_BYTES_MAX)});
        assert!(matches!(table_of(form.as_object().unwrap()), Err(DeskRefusal::Bad(_))));
    }
}
