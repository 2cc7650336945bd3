//! What must be true whatever fails, reckoned from committed entries and from what was told; shares no judgement with the server.

use super::memory::Memory;
use super::season::Genesis;
use kejing::contest::core::Contest;
use kejing::contest::scoreboard::Scope;
use kejing::contest::seat::ClockFacts;
use kejing::contest::seat::QuestionFacts;
use kejing::contest::seat::ResultFacts;
use kejing::contest::seat::VerdictFacts;
use kejing::domain::attempt::Ending;
use kejing::domain::attempt::Fate;
use kejing::domain::attempt::Given;
use kejing::domain::correction::Remedy;
use kejing::domain::ids::AttemptId;
use kejing::domain::ids::GroupIndex;
use kejing::domain::ids::ParticipantId;
use kejing::domain::ids::QuestionIndex;
use kejing::domain::ids::RoundIndex;
use kejing::domain::paper::Paper;
use kejing::domain::question::Choices;
use kejing::domain::rules::Feedback;
use kejing::domain::rules::Round;
use kejing::domain::rules::TallyRule;
use kejing::domain::score::Standing;
use kejing::domain::time::Day;
use kejing::domain::time::Timestamp;
use kejing::ledger::entry::Act;
use kejing::ledger::entry::Ended;
use kejing::ledger::entry::Entry;
use kejing::ledger::entry::EntryNumber;
use kejing::ledger::entry::Note;
use kejing::ledger::entry::Settled;
use kejing::ledger::entry::Started;
use kejing::ledger::entry::Who;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// For how long a question's clock ran, in the server's lives so far and since the last start.
#[derive(Clone, Copy)]
struct Run {
    before_ms: i64,
    since: Timestamp,
}

impl Run {
    fn from(since: Timestamp) -> Run {
        Run { before_ms: 0, since }
    }

    fn until(self, moment: Timestamp) -> i64 {
        self.before_ms + moment.since(self.since).max(0)
    }
}

/// Of a clock that stands still.
const NEVER: Timestamp = Timestamp(i64::MAX / 4);

/// The question that is open: its clock ran for at most and at least so long.
struct Open {
    seq: u32,
    most: Run,
    least: Run,
}

impl Open {
    fn since(seq: u32, moment: Timestamp) -> Open {
        Open { seq, most: Run::from(moment), least: Run::from(moment) }
    }

    /// In a round that stands still, or not.
    fn begun(seq: u32, moment: Timestamp, stands: bool) -> Open {
        Open::since(seq, if stands { NEVER } else { moment })
    }
}

impl Open {
    fn check_left(&self, limits: [(Option<i64>, Option<u32>); 2], now: Timestamp) {
        for (limit, left) in limits {
            let Some(limit) = limit else { continue };
            let left = i64::from(left.expect("a limit that is not told"));
            let (most, least) = (self.most.until(now), self.least.until(now));
            assert!(left >= (limit - most).max(0), "{left} ms of {limit} are left after at most {most}: time was lost");
            assert!(left <= limit - least.min(limit), "{left} ms of {limit} are left after at least {least}");
        }
    }
}

struct Known {
    started: Started,
    round: usize,
    paper: Paper,
    day: Day,
    fates: Vec<Fate>,
    /// The entry that settled each.
    settled_by: Vec<EntryNumber>,
    open: Option<Open>,
    /// Of a question that was opened by `next` or by time.
    opened: Option<u32>,
    ended: Option<Ended>,
    ended_by: EntryNumber,
    /// To the question that is open or comes next, and to the paper.
    given_ms: i64,
    paper_given_ms: i64,
}

/// A correction: its entry, the question, what was decided.
struct Decided {
    n: EntryNumber,
    question: QuestionIndex,
    remedy: Remedy,
}

/// How one question is judged: the answers that are right (none: every one is), and whether it is taken out of the paper.
struct Judged {
    right: Vec<Choices>,
    annulled: bool,
}

/// What questions come to: points, right answers, time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Came {
    score: u32,
    correct: u32,
    elapsed_ms: u64,
}

pub(crate) struct Oracle {
    genesis: &'static Genesis,
    attempts: BTreeMap<AttemptId, Known>,
    people: BTreeMap<ParticipantId, Who>,
    /// Attempts in the order of their ends.
    over: Vec<AttemptId>,
    verdicts: BTreeMap<(AttemptId, u32), String>,
    results: BTreeMap<AttemptId, String>,
    corrections: Vec<Decided>,
    /// By round: since when it stands still.
    paused: Vec<Option<Timestamp>>,
    excluded: BTreeSet<ParticipantId>,
    taken: EntryNumber,
    pub(crate) told: u64,
}

impl Oracle {
    pub(crate) fn new(genesis: &'static Genesis, memory: &Memory, now: Timestamp) -> Oracle {
        let mut oracle = Oracle {
            genesis,
            attempts: BTreeMap::new(),
            people: BTreeMap::new(),
            over: Vec::new(),
            verdicts: BTreeMap::new(),
            results: BTreeMap::new(),
            corrections: Vec::new(),
            paused: vec![None; genesis.season.rounds.len()],
            excluded: BTreeSet::new(),
            taken: 0,
            told: 0,
        };
        oracle.take_new(memory, now);
        oracle
    }

    /// The lane tells its projection of a commit.
    pub(crate) fn committed(&mut self, memory: &Memory, first: EntryNumber, entries: &[Entry], now: Timestamp) {
        assert_eq!(first, self.taken + 1, "a commit was told twice, or not at all");
        for (n, entry) in (first..).zip(entries) {
            let kept = memory.disk().entries.get(n as usize - 1).cloned();
            assert_eq!(kept.as_ref(), Some(entry), "entry {n} was applied and is not in the ledger");
            self.take(n, entry, now);
        }
    }

    fn take_new(&mut self, memory: &Memory, now: Timestamp) {
        let new: Vec<_> = memory.disk().entries[self.taken as usize..].to_vec();
        for (n, entry) in (self.taken + 1..).zip(&new) {
            self.take(n, entry, now);
        }
    }

    /// The server is there again after it was gone at `gone`: nothing open has lost time, nor gained more than the doubt.
    pub(crate) fn reopened(&mut self, memory: &Memory, gone: Timestamp, now: Timestamp) {
        let before = self.taken as usize;
        self.take_new(memory, gone);
        let disk = memory.disk();
        let outages: Vec<(Timestamp, Timestamp)> = disk.entries[before..]
            .iter()
            .filter_map(|entry| match entry {
                Entry::Noted { note, .. } => match **note {
                    Note::Outage { from, to } => Some((from, to)),
                    _ => None,
                },
                _ => None,
            })
            .collect();
        assert!(!outages.is_empty(), "a start noted no outage");
        for known in self.attempts.values_mut().filter(|known| known.ended.is_none()) {
            let after_each = self.genesis.season.rounds[known.round].feedback == Feedback::AfterEach;
            let Some(open) = &mut known.open else { continue };
            if after_each && open.seq > 1 && known.opened != Some(open.seq) {
                // That it was opened was not kept; its verdict is read again, and then the whole time runs.
                known.open = None;
                continue;
            }
            if let Some(stands) = self.paused[known.round] {
                // It stood still from the beginning of the first outage at the latest, which may be in doubt.
                let earlier = outages.iter().map(|(from, _)| stands.since(*from).max(0)).max().unwrap_or(0);
                open.least.before_ms = (open.least.before_ms - earlier).max(0);
                continue;
            }
            open.most = Run { before_ms: open.most.until(gone), since: now };
            for (from, to) in &outages {
                let ran = open.least.before_ms + from.since(open.least.since);
                open.least = Run { before_ms: ran.max(0), since: *to };
            }
            open.least.since = now;
        }
    }

    fn round(&self, known: &Known) -> &'static Round {
        &self.genesis.season.rounds[known.round]
    }

    fn take(&mut self, n: EntryNumber, entry: &Entry, now: Timestamp) {
        self.taken = n;
        match entry {
            Entry::Registered(registered) => {
                let before = self.people.insert(registered.participant, registered.who.clone());
                assert!(before.is_none(), "registered twice");
            }
            Entry::Started(started) => self.started(started, now),
            Entry::Opened { attempt, seq, at } => {
                let known = self.attempts.get_mut(attempt).expect("opened before it started");
                known.opened = Some(*seq);
                if known.open.is_none() && known.fates.len() as u32 + 1 == *seq {
                    let mut open = Open::since(*seq, *at);
                    if let Some(stands) = self.paused[known.round] {
                        let ran = |until: Timestamp| Run { before_ms: until.since(*at).max(0), since: NEVER };
                        (open.most, open.least) = (ran(now), Run { before_ms: 0, ..ran(stands) });
                    }
                    known.open = Some(open);
                }
            }
            Entry::Settled(settled) => self.settled(n, settled, now),
            Entry::Noted { at, note } => match &**note {
                Note::Act { act, .. } => self.acted(act, *at, now),
                Note::Changed { participant, who } => {
                    self.people.insert(*participant, who.clone());
                }
                Note::Correction(correction) => {
                    let question = self.genesis.bank.index_of(&correction.question).expect("a question of the bank");
                    self.corrections.push(Decided { n, question, remedy: correction.remedy.clone() });
                }
                _ => {}
            },
        }
    }

    /// `now`: when it was applied, which is later than its own moment by its commit.
    fn acted(&mut self, act: &Act, at: Timestamp, now: Timestamp) {
        let season = &self.genesis.season;
        let meant = |round: &Option<String>| -> Vec<usize> {
            let is_meant = |place: &usize| round.as_ref().is_none_or(|id| season.rounds[*place].id.0 == *id);
            (0..season.rounds.len()).filter(is_meant).collect()
        };
        match act {
            Act::Paused { round, told_after_ms } => {
                for place in meant(round).into_iter().filter(|place| self.paused[*place].is_none()).collect::<Vec<_>>()
                {
                    self.paused[place] = Some(at);
                    for open in self.open_of(place) {
                        open.most = Run { before_ms: open.most.until(now), since: NEVER };
                        // A start knows no better than that it was told so much later than its entry says.
                        let least = (open.least.until(at) - told_after_ms).max(0);
                        open.least = Run { before_ms: least, since: NEVER };
                    }
                }
            }
            Act::Resumed { round } => {
                for place in meant(round) {
                    if self.paused[place].take().is_some() {
                        for open in self.open_of(place) {
                            (open.most.since, open.least.since) = (at, now);
                        }
                    }
                }
            }
            Act::TimeGiven { round, ms } => {
                let place = meant(&Some(round.clone()))[0];
                let playing = |known: &&mut Known| known.round == place && known.ended.is_none();
                for known in self.attempts.values_mut().filter(playing) {
                    known.given_ms += i64::from(*ms);
                    known.paper_given_ms += i64::from(*ms);
                }
            }
            Act::Excluded { participant } => assert!(self.excluded.insert(*participant), "excluded twice"),
            Act::Reinstated { participant } => assert!(self.excluded.remove(participant), "reinstated for nothing"),
            _ => {}
        }
    }

    fn open_of(&mut self, round: usize) -> impl Iterator<Item = &mut Open> {
        let known = self.attempts.values_mut().filter(move |known| known.round == round && known.ended.is_none());
        known.filter_map(|known| known.open.as_mut())
    }

    fn started(&mut self, started: &Started, now: Timestamp) {
        // The first two entries are the bank and the season, then come the rounds' draw periods.
        let place = started.period as usize - 3;
        let round = self.genesis.season.rounds.get(place).expect("a draw period that no round asked for");
        let day = self.genesis.season.time_zone.day(started.at);
        let mine = || self.attempts.values().filter(|known| known.started.participant == started.participant);
        assert!(mine().all(|known| known.ended.is_some()), "two attempts at once");
        let here = || mine().filter(|known| known.round == place);
        assert_eq!(here().count() as u32 + 1, started.number, "an attempt's number was skipped or given twice");
        let used = || here().filter(|known| known.ended.as_ref().unwrap().ending != Ending::HandedBack);
        let allowed = |most: Option<u32>, used: usize| most.is_none_or(|most| used < most as usize);
        assert!(allowed(round.attempts.in_all, used().count()), "more attempts than allowed in all");
        let today = used().filter(|known| known.day == day).count();
        assert!(allowed(round.attempts.per_day, today), "more attempts than allowed a day");
        let newest_before = mine().map(|known| known.started.attempt).max();
        assert_eq!(started.previous, newest_before, "a history that leaves something out");
        let known = Known {
            paper: self.genesis.paper(round, &started.seed),
            started: started.clone(),
            round: place,
            day,
            fates: Vec::new(),
            settled_by: Vec::new(),
            open: Some(Open::begun(1, now, self.paused[place].is_some())),
            opened: Some(1),
            ended: None,
            ended_by: 0,
            given_ms: 0,
            paper_given_ms: 0,
        };
        assert!(self.attempts.insert(started.attempt, known).is_none(), "an attempt's id was given twice");
    }

    fn settled(&mut self, n: EntryNumber, settled: &Settled, now: Timestamp) {
        let known = self.attempts.get_mut(&settled.attempt).expect("settled before it started");
        let round = &self.genesis.season.rounds[known.round];
        assert_eq!(known.started.participant, settled.participant);
        assert!(known.ended.is_none(), "settled after the attempt's end");
        if let Some(fate) = settled.fate {
            assert_eq!(fate.seq as usize, known.fates.len() + 1, "a question was settled twice, or skipped");
            known.check_time(round, fate, settled.at);
            known.given_ms = 0;
            known.fates.push(fate);
            known.settled_by.push(n);
        }
        let open = known.open.take();
        if let Some(ended) = &settled.ended {
            assert_eq!(ended.fates, known.fates, "the end's answers are not those that were settled");
            let decided = self.corrections.get(..usize::from(ended.edition)).expect("a correction that was not made");
            let came = known.came_to(self.genesis, decided, known.fates.len());
            assert_eq!((ended.score, ended.correct), (came.score, came.correct), "scored otherwise");
            if round.limits.elapsed_floor_ms == 0 {
                assert_eq!(ended.elapsed_ms, came.elapsed_ms, "timed otherwise");
            }
            if ended.ending == Ending::HandedBack {
                assert!(round.attempts.hand_back && known.fates.is_empty());
                let limit = known.limits(round).0.unwrap();
                assert!(open.is_none_or(|open| open.most.until(settled.at) > limit), "handed back before its time");
                let twice = self.over.iter().any(|id| {
                    let other = &self.attempts[id];
                    let same = (other.started.participant, other.round, other.day);
                    let known = &self.attempts[&settled.attempt];
                    same == (known.started.participant, known.round, known.day)
                        && other.ended.as_ref().unwrap().ending == Ending::HandedBack
                });
                assert!(!twice, "handed back twice a day");
            }
            let known = self.attempts.get_mut(&settled.attempt).unwrap();
            (known.ended, known.ended_by) = (Some((**ended).clone()), n);
            self.over.push(settled.attempt);
        } else if round.feedback != Feedback::AfterEach {
            known.open = Some(Open::begun(known.fates.len() as u32 + 1, now, self.paused[known.round].is_some()));
        }
    }

    pub(crate) fn told_question(&mut self, told: &QuestionFacts, now: Timestamp) {
        self.told += 1;
        let known = self.attempts.get_mut(&told.attempt).expect("a question of a start that is not in the ledger");
        let round = &self.genesis.season.rounds[known.round];
        assert!(known.ended.is_none(), "a question of an attempt that is over");
        assert_eq!(told.seq as usize, known.fates.len() + 1, "a question before the verdict ahead of it was kept");
        assert_eq!(Some(told.index), known.paper.question(told.seq), "another paper");
        let (question, paper) = known.limits(round);
        let stands = self.paused[known.round].is_some();
        let open = known.open.get_or_insert_with(|| {
            let ran = question.map_or(0, |limit| limit - i64::from(told.remaining_ms.unwrap()));
            // Within the grace nothing is left, and how much of it has passed is not told.
            let grace = if told.remaining_ms == Some(0) { i64::from(round.limits.grace_ms) } else { 0 };
            let run = |ran: i64| match stands {
                true => Run { before_ms: ran, since: NEVER },
                false => Run::from(now.plus_ms(-ran)),
            };
            Open { seq: told.seq, most: run(ran + grace), least: run(ran) }
        });
        assert_eq!(open.seq, told.seq);
        open.check_left([(question, told.remaining_ms), (paper, told.paper_remaining_ms)], now);
    }

    pub(crate) fn told_clock(&mut self, told: &ClockFacts, now: Timestamp) {
        self.told += 1;
        let known = self.attempts.get(&told.attempt).expect("a clock of a start that is not in the ledger");
        assert_eq!(told.paused, self.paused[known.round].is_some(), "a clock that runs is told to stand, or stands");
        let (question, paper) = known.limits(self.round(known));
        if let Some(open) = &known.open {
            open.check_left([(question, told.remaining_ms), (paper, told.paper_remaining_ms)], now);
        }
    }

    pub(crate) fn told_verdict(&mut self, told: &VerdictFacts) {
        self.told += 1;
        let known = self.attempts.get(&told.attempt).expect("a verdict of a start that is not in the ledger");
        let fate = known.fates.get(told.seq as usize - 1).expect("a verdict that is not in the ledger");
        assert_eq!(told.timed_out, fate.given == Given::TimedOut);
        let through = |ended: &Ended| {
            let by_itself = matches!(ended.ending, Ending::Complete | Ending::FirstWrong | Ending::PaperTimeUp);
            by_itself && known.fates.len() == told.seq as usize
        };
        assert_eq!(told.last, known.ended.as_ref().is_some_and(through), "the last question is told as another");
        let feedback = told.feedback.as_ref().map(|feedback| (feedback.correct, feedback.points, feedback.score));
        if self.round(known).feedback == Feedback::AfterEach {
            // As it stood when it was kept, whatever was decided since; an end says by itself when it was judged.
            let kept_by = known.settled_by[told.seq as usize - 1];
            let made = match &known.ended {
                Some(ended) if known.ended_by == kept_by => usize::from(ended.edition),
                _ => self.corrections.iter().take_while(|decided| decided.n < kept_by).count(),
            };
            let decided = &self.corrections[..made];
            let right = known.judged(self.genesis, decided, *fate).is_right(*fate);
            let points = if right { self.round(known).blueprint.sections[0].points } else { 0 };
            let score = known.came_to(self.genesis, decided, told.seq as usize).score;
            assert_eq!(feedback, Some((right, points, score)), "told another mark");
        } else {
            assert_eq!(feedback, None, "a mark was told that this round keeps to itself");
        }
        let text = format!("{} {} {feedback:?}", told.timed_out, told.last);
        let first = self.verdicts.entry((told.attempt, told.seq)).or_insert_with(|| text.clone());
        assert_eq!(*first, text, "a verdict is told otherwise than at first");
    }

    pub(crate) fn told_result(&mut self, told: &ResultFacts) {
        self.told += 1;
        let known = self.attempts.get(&told.attempt).expect("a result of a start that is not in the ledger");
        let ended = known.ended.as_ref().expect("a result that is not in the ledger");
        assert_eq!(
            (told.score, told.correct, told.elapsed_ms, told.finished_at),
            (ended.score, ended.correct, ended.elapsed_ms, ended.at),
            "another result was told than was kept"
        );
        let text = format!("{} {} {}", told.score, told.correct, told.elapsed_ms);
        let first = self.results.entry(told.attempt).or_insert_with(|| text.clone());
        assert_eq!(*first, text);
    }

    /// The number of the last entry that is known.
    pub(crate) fn taken(&self) -> EntryNumber {
        self.taken
    }

    /// What became of a question, if it is settled.
    pub(crate) fn fate(&self, attempt: AttemptId, seq: u32) -> Option<Fate> {
        self.attempts.get(&attempt)?.fates.get(seq as usize - 1).copied()
    }

    pub(crate) fn live(&self) -> usize {
        self.attempts.values().filter(|known| known.ended.is_none()).count()
    }

    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.attempts.len(), self.attempts.values().map(|known| known.fates.len()).sum())
    }

    /// Every board against a plain recomputation.
    pub(crate) fn check_boards(&self, contest: &Contest) {
        let season = &self.genesis.season;
        let mut rounds: Vec<BTreeMap<ParticipantId, Standing>> = vec![BTreeMap::new(); season.rounds.len()];
        for id in &self.over {
            let known = &self.attempts[id];
            let round = self.round(known);
            let ended = known.ended.as_ref().unwrap();
            let out = self.excluded.contains(&known.started.participant);
            if out || !round.counts || ended.ending == Ending::HandedBack {
                continue;
            }
            let came = known.came_to(self.genesis, &self.corrections, known.fates.len());
            let standing =
                Standing { score: came.score, elapsed_ms: came.elapsed_ms, finished_at: ended.at, attempt: *id };
            let tallies = &mut rounds[known.round];
            let so_far = tallies.get(&known.started.participant).copied();
            tallies.insert(known.started.participant, so_far.map_or(standing, |s| tally(round.tally, s, standing)));
        }
        let mut in_season: BTreeMap<ParticipantId, Standing> = BTreeMap::new();
        for participant in self.people.keys() {
            let tallies: Vec<Standing> = rounds.iter().filter_map(|t| t.get(participant).copied()).collect();
            in_season.extend(sum_of_rounds(&tallies).map(|standing| (*participant, standing)));
        }
        let tables = rounds.iter().enumerate().map(|(place, table)| (Some(RoundIndex(place as u16)), table));
        for (of, table) in tables.chain([(None, &in_season)]) {
            for (scope, is_in) in self.scopes() {
                let mut expected: Vec<(ParticipantId, Standing)> =
                    table.iter().filter(|(who, _)| is_in(&self.people[who])).map(|(who, s)| (*who, *s)).collect();
                expected.sort_by_key(|(_, s)| (Reverse(s.score), s.elapsed_ms, s.finished_at, s.attempt));
                let expected: Vec<(u64, ParticipantId, Standing)> =
                    (1..).zip(expected).map(|(rank, (who, standing))| (rank, who, standing)).collect();
                let kept = contest.scoreboard().top(of, scope, usize::MAX).rows;
                assert_eq!(kept, expected, "the board of {of:?} in {scope:?}");
            }
        }
    }

    #[allow(clippy::type_complexity, reason = "a list of scopes with who is in each")]
    fn scopes(&self) -> Vec<(Scope, Box<dyn Fn(&Who) -> bool>)> {
        let mut scopes: Vec<(Scope, Box<dyn Fn(&Who) -> bool>)> = vec![(Scope::Region, Box::new(|_| true))];
        for code in super::season::CITIES {
            let city = self.genesis.season.region.city_of_code(code).unwrap();
            scopes.push((Scope::City(city), Box::new(move |who| who.city == code)));
            for (place, group) in ["youth", "other"].into_iter().enumerate() {
                let group_index = GroupIndex(place as u16);
                let is_of = move |who: &Who| who.group.as_deref() == Some(group);
                scopes.push((Scope::CityGroup(city, group_index), Box::new(move |who| who.city == code && is_of(who))));
                scopes.push((Scope::Group(group_index), Box::new(is_of)));
            }
        }
        scopes
    }
}

impl Known {
    /// The limits of the open question: its own, and what is left of the paper's.
    fn limits(&self, round: &Round) -> (Option<i64>, Option<i64>) {
        let used: i64 = self.fates.iter().map(|fate| i64::from(fate.elapsed_ms)).sum();
        let paper = round.limits.paper_ms.map(|limit| (i64::from(limit) + self.paper_given_ms - used).max(0));
        (round.limits.question_ms.map(|limit| i64::from(limit) + self.given_ms), paper)
    }

    /// What of each question's time ranks: within the round's own limits.
    fn ranked_ms(&self, round: &Round) -> Vec<u64> {
        let mut left = round.limits.paper_ms.map(u64::from);
        let ranked = |fate: &Fate| {
            let limit = round.limits.question_ms.map(u64::from).into_iter().chain(left).min();
            let ranked = u64::from(fate.elapsed_ms).min(limit.unwrap_or(u64::MAX));
            left = left.map(|left| left - ranked);
            ranked
        };
        self.fates.iter().map(ranked).collect()
    }

    fn check_time(&self, round: &Round, fate: Fate, at: Timestamp) {
        let (question, paper) = self.limits(round);
        let limit = question.into_iter().chain(paper).min();
        let grace = i64::from(round.limits.grace_ms);
        let elapsed = i64::from(fate.elapsed_ms);
        assert!(elapsed <= limit.unwrap_or(i64::MAX), "longer than the limit");
        let Some(open) = &self.open else { return };
        assert_eq!(open.seq, fate.seq);
        let (most, least) = (open.most.until(at), open.least.until(at));
        match fate.given {
            Given::TimedOut => {
                let limit = limit.expect("timed out without a limit");
                assert_eq!(elapsed, limit);
                assert!(most > limit + grace, "timed out after at most {most} ms of {limit}");
            }
            Given::Chosen(_) | Given::Left => {
                assert!(elapsed <= most, "{elapsed} ms were counted, and the clock ran for {most} at most");
                let least_counted = least.min(limit.unwrap_or(i64::MAX));
                assert!(elapsed >= least_counted, "{elapsed} ms were counted, and the clock ran for {least} at least");
                if let (Given::Chosen(_), Some(limit)) = (fate.given, limit) {
                    assert!(least <= limit + grace, "taken {least} ms into a limit of {limit}");
                }
            }
        }
    }

    /// How a question of the paper is judged after these decisions.
    fn judged(&self, genesis: &Genesis, decided: &[Decided], fate: Fate) -> Judged {
        let question = self.paper.question(fate.seq).unwrap();
        let mut judged = Judged { right: vec![genesis.bank.question(question).key], annulled: false };
        for decision in decided.iter().filter(|decision| decision.question == question) {
            let right = match &decision.remedy {
                Remedy::NewKey { key } => vec![*key],
                Remedy::Accept { accepted } => accepted.clone(),
                Remedy::AllPoints => Vec::new(),
                Remedy::AsPublished => vec![genesis.bank.question(question).key],
                Remedy::Annul => {
                    judged.annulled = true;
                    continue;
                }
            };
            judged = Judged { right, annulled: false };
        }
        judged
    }

    /// What the first so many questions come to after these decisions.
    fn came_to(&self, genesis: &Genesis, decided: &[Decided], questions: usize) -> Came {
        let each = u64::from(genesis.season.rounds[self.round].blueprint.sections[0].points);
        let settled = &self.fates[..questions];
        let judged: Vec<(Fate, Judged)> =
            settled.iter().map(|fate| (*fate, self.judged(genesis, decided, *fate))).collect();
        let count = |of: &dyn Fn(&(Fate, Judged)) -> bool| judged.iter().filter(|one| of(one)).count() as u64;
        let right = count(&|(fate, judged)| judged.is_right(*fate));
        let ranked = self.ranked_ms(&genesis.season.rounds[self.round]);
        let time = |of: &dyn Fn(&Judged) -> bool| {
            let timed = judged.iter().zip(&ranked).filter(|((_, judged), _)| of(judged));
            timed.map(|(_, ranked)| *ranked).sum::<u64>()
        };
        let (whole, out) = (self.paper.questions().len() as u64, count(&|(_, judged)| judged.annulled));
        let (mut correct, mut score, mut elapsed_ms) = (right, right * each, time(&|_| true));
        if out > 0 {
            let rest = count(&|(fate, judged)| !judged.annulled && judged.is_right(*fate));
            let half_up = |above: u64, below: u64| (above * 2 + below).checked_div(below * 2).unwrap_or(0);
            score = score.max(half_up(rest * each * whole, whole - out));
            correct = correct.max(half_up(rest * whole, whole - out));
            let (all, left) = (questions as u64, questions as u64 - out);
            if left > 0 {
                elapsed_ms = elapsed_ms.min(half_up(time(&|judged| !judged.annulled) * all, left));
            }
        }
        Came { score: score as u32, correct: correct as u32, elapsed_ms }
    }
}

impl Judged {
    fn is_right(&self, fate: Fate) -> bool {
        self.right.is_empty() || matches!(fate.given, Given::Chosen(chosen) if self.right.contains(&chosen))
    }
}

fn tally(rule: TallyRule, so_far: Standing, new: Standing) -> Standing {
    match rule {
        TallyRule::Best => {
            let key = |s: &Standing| (Reverse(s.score), s.elapsed_ms, s.finished_at, s.attempt);
            [so_far, new].into_iter().min_by_key(key).unwrap()
        }
        TallyRule::Last => new,
        TallyRule::Sum => {
            let last = if new.score > 0 { new } else { so_far };
            Standing { score: so_far.score + new.score, elapsed_ms: so_far.elapsed_ms + new.elapsed_ms, ..last }
        }
        TallyRule::SumOfDailyBest => unreachable!("no round of this season's"),
    }
}

/// The latest round that earned something gives finish and id; where none did, the earliest.
fn sum_of_rounds(rounds: &[Standing]) -> Option<Standing> {
    let by_end = |s: &&Standing| (s.finished_at, s.attempt);
    let earned = rounds.iter().filter(|s| s.score > 0).max_by_key(by_end);
    let named = earned.or_else(|| rounds.iter().min_by_key(by_end))?;
    let score = rounds.iter().map(|s| s.score).sum();
    let elapsed_ms = rounds.iter().map(|s| s.elapsed_ms).sum();
    Some(Standing { score, elapsed_ms, ..*named })
}
