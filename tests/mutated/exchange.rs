//! Files of other systems, mutated: what was read ready comes back the same from every exchange format, whatever it holds.

use super::seeds;
use super::try_out;
use crate::import::zipped;
use kejing::domain::draft::Draft;
use kejing::domain::ids::QuestionId;
use kejing::domain::question::Question;
use kejing::formats::export;
use kejing::formats::import;
use kejing::formats::import::Format;
use kejing::formats::import::Gravity;
use kejing::formats::import::Item;
use kejing::formats::import::Source;
use kejing::formats::import::Standing;
use kejing::formats::read_bank;

const GIFT: &str = "// [id:a] [tag:易]\n$CATEGORY: $course$/top/水\n\n::题一:: 水的\\=化学式？{\n=H2O#对\n~%-50%CO2\n}\n\n\
    哪些？{~%50%甲 ~%50%乙 ~丙####因为。}\n\n[html]<p>水 {T#错#对} 低处流</p>\n\n连线{=甲->1 =乙->2}\n\n几？{#3:1}\n";
const AIKEN: &str = "水的化学式？\nA. H2O\nB) CO2\nANSWER: A\n\n哪个更重？\nA. 铁\nB. 铝\nANSWER: B\n";
const MOODLE: &str = "<?xml version='1.0'?>\n<quiz><question type='category'><category><text>$course$/水</text></category></question>\
    <question type='multichoice'><questiontext format='html'><text><![CDATA[<p>H<sub>2</sub>O &amp; <b>x</b></p>]]></text></questiontext>\
    <single>false</single><shuffleanswers>0</shuffleanswers><answer fraction='50'><text>甲</text></answer>\
    <answer fraction='50' format='plain_text'><text>乙</text></answer><answer fraction='-100'><text>丙</text></answer>\
    <tags><tag><text>难</text></tag></tags></question></quiz>";
const QTI: &str = "<assessmentItem identifier='i'><responseDeclaration identifier='RESPONSE' cardinality='multiple' baseType='identifier'>\
    <correctResponse><value>A</value><value>C</value></correctResponse><mapping defaultValue='-1'><mapEntry mapKey='A' mappedValue='1'/>\
    </mapping></responseDeclaration><itemBody><p>题</p><choiceInteraction responseIdentifier='RESPONSE' shuffle='true' maxChoices='0'>\
    <prompt>哪些？<br/>x</prompt><simpleChoice identifier='A'>甲</simpleChoice><simpleChoice identifier='B' fixed='true'>乙</simpleChoice>\
    <simpleChoice identifier='C'>丙</simpleChoice></choiceInteraction></itemBody>\
    <responseProcessing template='x/match_correct'/><modalFeedback><p>因为。</p></modalFeedback></assessmentItem>";
const JSON: &str = "[{\"题型\": \"单选题\", \"题目\": \"水？\", \"选项A\": \"1\", \"选项B\": \"2\", \"答案\": \"B\", \"难度\": \"易\"},\
    {\"type\": \"multi\", \"question\": \"<p>甲</p>\", \"options\": [{\"label\": \"A\", \"text\": \"1\", \"correct\": true}, \"2\", \"3\"], \"answer\": [\"A\", 1]},\
    {\"type\": \"boolean\", \"question\": \"甲\", \"correct_answer\": \"True\", \"incorrect_answers\": [\"False\"]}]";

fn read(format: Format, bytes: &[u8]) -> Vec<Item> {
    let source = Source { file: "", bytes, format: Some(format), ..Source::default() };
    let Ok(preview) = import::read(&source, &mut |_, _| true) else { panic!("nobody stopped it") };
    let refused = preview.import.remarks.iter().any(|remark| remark.gravity == Gravity::Refused);
    assert!(refused || !preview.import.items.is_empty(), "nothing, and no reason");
    preview.import.items
}

/// What needs no second look, as questions; what is only missing is made up.
fn ready(items: Vec<Item>) -> Vec<Question> {
    let mut questions = Vec::new();
    for item in items {
        for remark in &item.remarks {
            assert!(!remark.message.is_empty() && remark.message.chars().count() < 400, "{}", remark.message);
        }
        if item.standing() != Standing::Ready {
            continue;
        }
        let mut draft = item.draft;
        draft.difficulty = draft.difficulty.or(Some(2));
        for text in [&mut draft.topic, &mut draft.explanation, &mut draft.source] {
            if text.is_empty() {
                *text = "水".to_owned();
            }
        }
        let id = QuestionId(format!("q{}", questions.len()));
        questions.push(draft.finish(id).unwrap_or_else(|faults| panic!("ready, but {faults:?}")));
    }
    questions
}

/// Whether there was a question in it; what is ready has to come back from each format.
fn comes_back(format: Format, bytes: &[u8]) -> bool {
    let items = read(format, bytes);
    let any = !items.is_empty();
    let questions = ready(items);
    if questions.is_empty() {
        return any;
    }
    let drafts: Vec<Draft> = questions.iter().cloned().map(Draft::of).collect();
    for to in export::Format::ALL {
        if matches!(to, export::Format::Xlsx | export::Format::Csv) {
            // Tables are read with more latitude: numbers in front of stems go.
            let _ = export::write(to, &questions).unwrap();
            continue;
        }
        let written = export::write(to, &questions).unwrap();
        let again: Vec<Draft> = read(to.imported(), &written).into_iter().map(|item| item.draft).collect();
        assert_eq!(again, drafts, "{to:?}: {}", String::from_utf8_lossy(&written));
    }
    true
}

/// What is written of the shipped seeds, beside files of others.
fn seeds_of(format: export::Format, foreign: &[&str]) -> Vec<Vec<u8>> {
    let files = [("three.toml".to_owned(), seeds("tests/mutated", ".toml").remove(0))];
    let (questions, faults) = read_bank(&files);
    assert!(faults.is_empty() && !questions.is_empty());
    let written = export::write(format, &questions).unwrap();
    foreign.iter().map(|text| text.as_bytes().to_vec()).chain([written]).collect()
}

#[test]
fn mutated_gift_comes_back_or_is_refused() {
    try_out("gift", seeds_of(export::Format::Gift, &[GIFT]), |bytes| comes_back(Format::Gift, bytes));
}

#[test]
fn mutated_aiken_comes_back_or_is_refused() {
    try_out("aiken", vec![AIKEN.into()], |bytes| comes_back(Format::Aiken, bytes));
}

#[test]
fn mutated_moodle_xml_comes_back_or_is_refused() {
    try_out("moodle_xml", seeds_of(export::Format::MoodleXml, &[MOODLE]), |bytes| comes_back(Format::MoodleXml, bytes));
}

#[test]
fn mutated_json_comes_back_or_is_refused() {
    try_out("json", seeds_of(export::Format::Json, &[JSON]), |bytes| comes_back(Format::Json, bytes));
}

#[test]
fn mutated_qti_comes_back_or_is_refused() {
    let manifest =
        "<manifest><resources><resource type='imsqti_item_xmlv2p1' href='a%20b.xml'/></resources></manifest>";
    let packages = seeds_of(export::Format::Qti, &[]);
    try_out("qti", vec![QTI.into(), manifest.into(), packages[0].clone()], |bytes| {
        let item = zipped(&[("imsmanifest.xml", manifest.as_bytes()), ("a b.xml", bytes)]);
        let listed = zipped(&[("imsmanifest.xml", bytes), ("a b.xml", QTI.as_bytes())]);
        let mut any = false;
        for bytes in [bytes, &item, &listed] {
            any |= comes_back(Format::Qti, bytes);
        }
        any
    });
}
