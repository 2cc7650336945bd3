use super::*;
use proptest::prelude::*;

fn options(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn shelf(questions: &[(&str, &[&str])]) -> Shelf {
    Shelf::of(questions.iter().map(|(stem, texts)| text_of(stem, &options(texts))).collect())
}

fn of(shelf: &Shelf, place: usize) -> Vec<Twin> {
    shelf.twins_of(&[place]).remove(0)
}

#[test]
fn the_same_but_for_punctuation_and_order_is_the_same() {
    let shelf = shelf(&[("水的化学式是（　）。", &["H2O", "CO2"]), ("水的化学式是", &["CO2", "H2O"])]);
    assert_eq!(of(&shelf, 1), [Twin { other: 0, similarity: 1000, same: true }]);
}

#[test]
fn a_few_other_words_are_near_and_another_question_is_not() {
    let shelf = shelf(&[
        ("成年人正常的体温大约是多少摄氏度？", &["36.5", "33.5", "39.5"]),
        ("下列哪种行星离太阳最近？", &["水星", "金星", "地球"]),
        ("成年人的正常体温约是多少摄氏度？", &["36.5", "33.5", "39.5"]),
    ]);
    let twins = of(&shelf, 2);
    assert_eq!(twins.iter().map(|twin| (twin.other, twin.same)).collect::<Vec<_>>(), [(0, false)]);
    assert!((NEAR..1000).contains(&twins[0].similarity), "{twins:?}");
}

#[test]
fn the_same_stem_with_other_options_is_another_question() {
    let shelf = shelf(&[
        ("下列说法正确的是？", &["地球是行星", "太阳是行星", "月球是行星"]),
        ("下列说法正确的是？", &["冰比水重", "铁能浮在水上", "油比水轻"]),
    ]);
    assert_eq!(of(&shelf, 1), []);
}

#[test]
fn a_question_is_no_twin_of_its_own() {
    let stems: Vec<String> = (0..3).map(|n| format!("第一批第{n}题：什么是光合作用的产物？")).collect();
    let shelf = Shelf::of(stems.iter().map(|stem| text_of(stem, &[])).collect());
    assert_eq!(of(&shelf, 1).iter().map(|twin| twin.other).collect::<Vec<_>>(), [0, 2]);
}

#[test]
fn short_stems_are_compared_too() {
    let shelf = shelf(&[("光？", &[]), ("光", &[]), ("", &[]), ("", &[])]);
    assert!(of(&shelf, 1)[0].same);
    assert_eq!((of(&shelf, 1).len(), of(&shelf, 2)), (1, Vec::new()));
}

#[test]
fn a_character_may_come_more_often_than_a_byte_counts() {
    let long = |more: &str| text_of(&("一".repeat(700) + more), &[]);
    let shelf = Shelf::of(vec![long("二"), long("三"), long(&"四".repeat(400))]);
    assert_eq!(of(&shelf, 0), [Twin { other: 1, similarity: 998, same: false }]);
}

/// By the definition: it is compared with all others, in full.
fn plain(texts: &[Text], place: usize) -> Vec<Twin> {
    let own = &texts[place];
    let compared = texts.iter().enumerate().filter(|(other, _)| *other != place).map(|(other, theirs)| {
        let thousandths = 2000 * common(own, theirs) / (own.len() + theirs.len()).max(1);
        let same = own == theirs;
        Twin { other, similarity: if same { 1000 } else { thousandths.min(999) as u16 }, same }
    });
    let mut twins: Vec<Twin> = compared.filter(|twin| twin.similarity >= NEAR && !own.is_empty()).collect();
    twins.sort_by_key(|twin| (std::cmp::Reverse(twin.similarity), twin.other));
    twins.truncate(TWINS_MAX);
    twins
}

fn plain_of_all(texts: &[Text]) -> Vec<Vec<Twin>> {
    (0..texts.len()).map(|place| plain(texts, place)).collect()
}

/// Characters that both have in the same order, by the textbook.
fn common(one: &[char], other: &[char]) -> usize {
    let mut row = vec![0; other.len() + 1];
    for a in one {
        let mut left_above = 0;
        for (at, b) in other.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if a == b { left_above + 1 } else { above.max(row[at]) };
            left_above = above;
        }
    }
    row[other.len()]
}

fn all_of(shelf: &Shelf) -> Vec<Vec<Twin>> {
    let places = shelf.in_order(0..shelf.texts.len());
    let mut found: Vec<(usize, Vec<Twin>)> = places.iter().copied().zip(shelf.twins_of(&places)).collect();
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, twins)| twins).collect()
}

/// Some texts, and many that were made of them by a few changes.
fn any_texts(most: usize) -> impl Strategy<Value = Vec<Text>> {
    let letters =
        prop_oneof![Just("的一是在有"), Just("水火土木金石山川草树鱼鸟虫兽人天地日月星风雨雷电云"), Just("a1")];
    let change = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..3u8);
    let changes = prop::collection::vec(change, 0..8);
    let made = prop::collection::vec((any::<prop::sample::Index>(), changes), 0..most);
    let bases = prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..90), 1..6);
    (letters, bases, made).prop_map(|(letters, bases, made)| {
        let letters: Vec<char> = letters.chars().collect();
        let of_base = |base: &Vec<prop::sample::Index>| base.iter().map(|at| *at.get(&letters)).collect();
        let bases: Vec<Vec<char>> = bases.iter().map(of_base).collect();
        let change = |text: &mut Vec<char>, (at, letter, how): (prop::sample::Index, prop::sample::Index, u8)| {
            let (at, letter) = (at.index(text.len().max(1)), *letter.get(&letters));
            match how {
                _ if text.is_empty() => text.push(letter),
                0 => text.insert(at, letter),
                1 => text[at] = letter,
                _ => drop(text.remove(at)),
            }
        };
        let made = made.into_iter().map(|(base, changes)| {
            let mut text = base.get(&bases).clone();
            changes.into_iter().for_each(|one| change(&mut text, one));
            text.into_boxed_slice()
        });
        made.collect()
    })
}

proptest! {
    #[test]
    fn what_is_found_is_what_comparing_all_with_all_finds(texts in any_texts(60)) {
        prop_assert_eq!(all_of(&Shelf::of(texts.clone())), plain_of_all(&texts));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, max_shrink_iters: 20, ..ProptestConfig::default() })]

    /// More than are kept of one question's maybes, if few of them are near.
    #[test]
    fn and_so_it_is_among_many(some in prop::collection::vec(any_texts(30), 20)) {
        let marked = some.into_iter().zip('甲'..).map(|(texts, mark)| {
            // Each batch has words of its own, so that it is near to itself alone.
            texts.into_iter().map(move |text| text.iter().flat_map(|c| [*c, mark]).collect::<Text>())
        });
        let texts: Vec<Text> = marked.flatten().collect();
        let found = all_of(&Shelf::of(texts.clone()));
        for place in (0..texts.len()).step_by(20) {
            prop_assert_eq!(&found[place], &plain(&texts, place));
        }
    }
}

#[test]
fn where_all_are_alike_the_nearest_are_told_all_the_same() {
    let texts: Vec<Text> =
        (1000..1700).map(|n| text_of(&format!("第{n}题：下列哪一项是光合作用的产物？"), &[])).collect();
    let found = all_of(&Shelf::of(texts.clone()));
    let similarities = |twins: &[Twin]| twins.iter().map(|twin| twin.similarity).collect::<Vec<_>>();
    for place in (0..texts.len()).step_by(50) {
        assert_eq!(similarities(&found[place]), similarities(&plain(&texts, place)));
    }
    let equal: Vec<Text> = vec![texts[0].clone(); 1_000];
    assert_eq!(of(&Shelf::of(equal.clone()), 999), plain(&equal[..7], 6));
}
