//! Promises of the bank that is shipped, `question-bank/kexue`.

use crate::domain::faults::Fault;
use crate::domain::question::Kind;
use crate::domain::question::Question;
use crate::domain::question::TOPICS;
use crate::formats::is_question_file;
use crate::formats::read_bank;
use std::collections::BTreeMap;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::LazyLock;

static SHIPPED: LazyLock<(Vec<Question>, Vec<Fault>)> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("question-bank/kexue");
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .filter(|(name, _)| is_question_file(name))
        .map(|(name, path)| (name, std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    read_bank(&files)
});

fn questions() -> &'static [Question] {
    &SHIPPED.0
}

fn of_kind(kind: Kind) -> impl Iterator<Item = &'static Question> {
    questions().iter().filter(move |q| q.kind == kind)
}

/// Fails with all that break the promise, so that they are mended in one go.
#[track_caller]
fn none<'a>(promise: &str, broken: impl Iterator<Item = &'a Question>) {
    let broken: Vec<String> = broken.map(|q| format!("{} {} {}", q.id, q.topic, q.stem)).collect();
    assert!(broken.is_empty(), "{promise}:\n{}", broken.join("\n"));
}

#[track_caller]
fn between(what: &str, part: usize, whole: usize, percent: std::ops::RangeInclusive<usize>) {
    let (low, high) = (percent.start() * whole, percent.end() * whole);
    assert!((low..=high).contains(&(part * 100)), "{what}: {part} of {whole}, not {percent:?} %");
}

#[test]
fn it_has_no_fault() {
    let told: Vec<String> = SHIPPED.1.iter().map(Fault::to_string).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn each_topic_has_forty_questions_of_three_kinds_and_three_difficulties() {
    let mut counts: BTreeMap<&str, [usize; 6]> = TOPICS.iter().map(|topic| (*topic, [0; 6])).collect();
    for q in questions() {
        let count = counts.get_mut(q.topic.as_str()).unwrap_or_else(|| panic!("{} is no topic", q.topic));
        count[q.kind as usize] += 1;
        count[2 + usize::from(q.difficulty)] += 1;
    }
    for (topic, count) in counts {
        assert_eq!(count[..3], [10, 20, 10], "{topic}: true/false, single, multiple");
        assert!(count[3..].iter().all(|&n| n >= 4), "{topic}: easy, medium, hard are {:?}", &count[3..]);
    }
}

#[test]
fn the_place_of_an_option_tells_nothing() {
    let singles = of_kind(Kind::Single).count();
    for place in 0..4 {
        let there = of_kind(Kind::Single).filter(|q| q.key.has(place)).count();
        between(&format!("singles with key {place}"), there, singles, 20..=30);
    }
    none("a single has four options", of_kind(Kind::Single).filter(|q| q.options.len() != 4));
    none("a multiple has four or five", of_kind(Kind::Multiple).filter(|q| !(4..=5).contains(&q.options.len())));
    let all = of_kind(Kind::Multiple).filter(|q| q.key.count() as usize == q.options.len()).count();
    between("multiples with every option right", all, of_kind(Kind::Multiple).count(), 0..=35);
}

#[test]
fn the_length_of_an_option_tells_nothing() {
    let length = |option: &String| option.chars().count();
    let longest_is_right = |q: &&Question| {
        let right = q.key.places().map(|p| length(&q.options[p])).max();
        let wrong = q.options.iter().enumerate().filter(|(p, _)| !q.key.has(*p)).map(|(_, o)| length(o)).max();
        right > wrong
    };
    let right = of_kind(Kind::Single).filter(longest_is_right).count();
    between("singles whose right option is the longest", right, of_kind(Kind::Single).count(), 0..=35);
}

#[test]
fn true_and_false_are_about_as_many() {
    for topic in TOPICS {
        let of_topic = || of_kind(Kind::TrueFalse).filter(|q| q.topic == topic);
        let truths = of_topic().filter(|q| q.key.has(0)).count();
        between(&format!("{topic}: truths"), truths, of_topic().count(), 40..=60);
    }
}

#[test]
fn no_option_points_at_the_others() {
    let points =
        |q: &&Question| q.options.iter().any(|o| o.contains("以上都") || o.contains("以上均") || o.contains("上述"));
    none("an option points at others", questions().iter().filter(points));
}

#[test]
fn no_stem_is_used_twice() {
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let mut seen = HashSet::new();
    none("the stem is another question's too", questions().iter().filter(|q| !seen.insert(letters(&q.stem))));
}

#[test]
fn each_is_explained_in_one_to_three_sentences_that_stand_without_letters() {
    let sentences = |text: &str| text.matches(['。', '！', '？']).count();
    none("one to three sentences", questions().iter().filter(|q| !(1..=3).contains(&sentences(&q.explanation))));
    // Letters are the bank's; a participant sees another order.
    let by_letter = |q: &&Question| {
        ["A", "B", "C", "D", "E"].iter().any(|letter| {
            [
                format!("选项{letter}"),
                format!("选项 {letter}"),
                format!("{letter}项"),
                format!("{letter} 项"),
                format!("选{letter}"),
            ]
            .iter()
            .any(|way| q.explanation.contains(way.as_str()))
        })
    };
    none("an explanation names an option by its letter", questions().iter().filter(by_letter));
    none("a source is missing", questions().iter().filter(|q| q.source.chars().count() < 2));
}
