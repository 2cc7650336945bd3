//! A small season with every kind of limit, and the ledger that it begins with: fixed secrets, so that one seed is one run.

use kejing::contest::keys::Keys;
use kejing::contest::period::Draft;
use kejing::domain::bank::BankVersion;
use kejing::domain::fairness::DrawList;
use kejing::domain::fairness::PeriodSecret;
use kejing::domain::fairness::Seed;
use kejing::domain::ids::ParticipantId;
use kejing::domain::ids::QuestionId;
use kejing::domain::paper::Paper;
use kejing::domain::question::Choices;
use kejing::domain::question::Kind;
use kejing::domain::question::Question;
use kejing::domain::rules::Round;
use kejing::domain::season::Season;
use kejing::domain::time::Timestamp;
use kejing::ledger::entry::Entry;
use kejing::ledger::entry::Note;
use kejing::ledger::entry::Registered;
use kejing::ledger::entry::TokenHash;
use kejing::ledger::entry::Who;
use std::collections::BTreeSet;
use std::sync::Arc;

pub(crate) const CITIES: [&str; 2] = ["450100", "450200"];

pub(crate) const REGION: &str = r#"
[region]
code = "450000"
name = "广西壮族自治区"
short = "广西"
levels = ["自治区", "设区市", "县"]

[[city]]
code = "450100"
name = "南宁市"

[[city]]
code = "450200"
name = "柳州市"
"#;

const SEASON: &str = r#"
id = "simulation"
name = "模拟"
time_zone = "Asia/Shanghai"
always_open = true
sign_in = "open"
region = "region.toml"
hosts = ["测试"]
groups = [{ id = "youth", name = "青少年" }, { id = "other", name = "其他" }]
tally = "sum_of_rounds"

[[bank]]
id = "kexue"
path = "kexue"

[[round]]
id = "daily"
name = "每日"
bank = "kexue"
draw_period = "round"
question_seconds = 30
attempts_per_day = 3
hand_back = true
tally = "best"
feedback = "after_paper"
[[round.section]]
count = 4
points = 10

[[round]]
id = "each"
name = "逐题"
bank = "kexue"
draw_period = "round"
question_seconds = 20
reading_seconds = 10
attempts_in_all = 4
tally = "sum"
feedback = "after_each"
[[round.section]]
count = 3
points = 5

[[round]]
id = "paper"
name = "整卷限时"
bank = "kexue"
draw_period = "round"
paper_seconds = 400
tally = "last"
feedback = "after_paper"
[[round.section]]
count = 4
points = 7

[[round]]
id = "gauntlet"
name = "闯关"
bank = "kexue"
draw_period = "round"
question_seconds = 15
ends_at_first_wrong = true
tally = "best"
feedback = "never"
opens = 2026-09-01T09:00:00
closes = 2026-09-01T10:20:00
[[round.section]]
count = 4
points = 3

[[round]]
id = "free"
name = "不限时"
bank = "kexue"
draw_period = "round"
tally = "best"
feedback = "after_paper"
[[round.section]]
count = 3
points = 2

[[round]]
id = "practice"
name = "练习"
bank = "kexue"
draw_period = "round"
question_seconds = 60
reading_seconds = 30
counts = false
feedback = "after_each"
[[round.section]]
count = 3
points = 1
"#;

/// What every run begins with.
pub(crate) struct Genesis {
    pub(crate) season: Season,
    pub(crate) questions: Vec<Question>,
    pub(crate) bank: Arc<BankVersion>,
    list: DrawList,
    pub(crate) entries: Vec<Entry>,
}

pub(crate) fn keys() -> Keys {
    Keys::of(&[7; 32])
}

pub(crate) fn questions() -> Vec<Question> {
    let question = |place: usize| {
        let kind = [Kind::TrueFalse, Kind::Single, Kind::Single, Kind::Multiple][place % 4];
        let options = match kind {
            Kind::TrueFalse => vec![Question::TRUE.to_owned(), Question::FALSE.to_owned()],
            _ => ["甲", "乙", "丙", "丁"].map(String::from).to_vec(),
        };
        let key = match kind {
            Kind::TrueFalse => 1 << (place / 4 % 2),
            Kind::Single => 1 << (place / 4 % 4),
            Kind::Multiple => [0b0011, 0b0110, 0b1101][place / 4 % 3],
        };
        Question {
            id: QuestionId(format!("q{place:02}")),
            kind,
            topic: "科学".into(),
            difficulty: 1,
            stem: format!("第 {place} 题？"),
            options,
            key: Choices(key),
            fixed_order: false,
            explanation: "。".into(),
            source: "。".into(),
            contributor: None,
            link: None,
            media: None,
        }
    };
    (0..12).map(question).collect()
}

impl Genesis {
    pub(crate) fn at(now: Timestamp) -> Genesis {
        let season = Season::read(SEASON, &|_| Ok(REGION.to_owned())).unwrap_or_else(|faults| panic!("{faults:?}"));
        let bank = Arc::new(BankVersion::new("kexue", [5; 16], questions()));
        let digest = bank.digest().to_string();
        let note = |note| Entry::Noted { at: now, note: Box::new(note) };
        let mut entries = vec![
            note(Note::Bank { canonical: bank.to_canonical(), digest: digest.clone(), published: None }),
            note(Note::Season { canonical: serde_json::to_string(&season).unwrap(), reason: None, published: None }),
        ];
        for (place, round) in season.rounds.iter().enumerate() {
            let draft = Draft {
                season: &season.id,
                round,
                number: 1,
                from: now,
                to: None,
                season_entry: 2,
                bank: &bank,
                bank_digest: &digest,
                rested: BTreeSet::new(),
            };
            let secret = PeriodSecret([place as u8 + 1; 32]);
            entries.push(note(Note::Period(draft.entry(&keys(), &secret, [place as u8; 12]))));
        }
        let list = DrawList::of(&bank, &BTreeSet::new());
        Genesis { season, questions: questions(), bank, list, entries }
    }

    /// The ledger in which so many have registered.
    pub(crate) fn with_participants(&self, participants: usize, now: Timestamp) -> Vec<Entry> {
        let mut entries = self.entries.clone();
        for number in 1..=participants {
            let mut request = [0; 16];
            request[0] = number as u8;
            entries.push(Entry::Registered(Box::new(Registered {
                participant: ParticipantId(number as i64),
                request,
                who: who(number, CITIES[number % 2]),
                token: TokenHash(request),
                recovery: TokenHash(request),
                consented: true,
                at: now,
            })));
        }
        entries
    }

    /// The paper that a seed draws in a round.
    pub(crate) fn paper(&self, round: &Round, seed: &Seed) -> Paper {
        Paper::draw(&self.list, &round.blueprint, seed)
    }
}

pub(crate) fn who(number: usize, city: &str) -> Who {
    let group = ["youth", "other"][number / 2 % 2];
    Who {
        name: format!("选手{number}"),
        city: city.to_owned(),
        county: None,
        organisation: None,
        group: Some(group.to_owned()),
    }
}
