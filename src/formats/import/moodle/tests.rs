use super::*;
use crate::domain::question::Choices;
use crate::domain::question::Kind;
use crate::formats::import::Gravity;
use crate::formats::import::Standing;

/// As Moodle 4 exports it, with what it adds to every question.
const SOUND: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<quiz>
<!-- question: 0  -->
  <question type="category">
    <category>
      <text>$course$/top/科普/卫生健康</text>
    </category>
    <info format="html"><text></text></info>
    <idnumber></idnumber>
  </question>
<!-- question: 101  -->
  <question type="multichoice">
    <name><text>水</text></name>
    <questiontext format="html">
      <text><![CDATA[<p>水的<strong>化学式</strong>是？</p>]]></text>
    </questiontext>
    <generalfeedback format="html"><text><![CDATA[<p>由氢和氧组成。</p>]]></text></generalfeedback>
    <defaultgrade>1.0000000</defaultgrade>
    <penalty>0.3333333</penalty>
    <hidden>0</hidden>
    <idnumber></idnumber>
    <single>true</single>
    <shuffleanswers>true</shuffleanswers>
    <answernumbering>ABCD</answernumbering>
    <showstandardinstruction>0</showstandardinstruction>
    <correctfeedback format="html"><text>你的回答正确</text></correctfeedback>
    <partiallycorrectfeedback format="html"><text></text></partiallycorrectfeedback>
    <incorrectfeedback format="html"><text></text></incorrectfeedback>
    <answer fraction="0" format="html"><text>&lt;p&gt;CO&lt;sub&gt;2&lt;/sub&gt;&lt;/p&gt;</text><feedback format="html"><text></text></feedback></answer>
    <answer fraction="100" format="html"><text><![CDATA[H<sub>2</sub>O]]></text><feedback format="html"><text></text></feedback></answer>
    <tags><tag><text>中</text></tag></tags>
  </question>
  <question type="truefalse">
    <name><text>声音</text></name>
    <questiontext format="moodle_auto_format"><text>声音能在真空里传播。</text></questiontext>
    <generalfeedback format="html"><text></text></generalfeedback>
    <answer fraction="0" format="moodle_auto_format"><text>true</text><feedback><text></text></feedback></answer>
    <answer fraction="100" format="moodle_auto_format"><text>false</text><feedback format="html"><text>传播需要介质。</text></feedback></answer>
  </question>
</quiz>
"#;

fn told(items: &[Item]) -> Vec<(u32, &'static str)> {
    let grave = |remark: &&Remark| remark.gravity > Gravity::Note;
    items.iter().flat_map(|item| item.remarks.iter().filter(grave)).map(|remark| (remark.at.row, remark.code)).collect()
}

/// Changes the sound file; the second question's feedback is always told.
#[track_caller]
fn check(from: &str, to: &str, expected: &[(u32, &str)]) {
    assert!(SOUND.contains(from), "{from}");
    let (items, remarks) = read(SOUND.replacen(from, to, 1).as_bytes());
    let mut found: Vec<(u32, &str)> = remarks.iter().map(|remark| (remark.at.row, remark.code)).collect();
    found.extend(told(&items).into_iter().filter(|(_, code)| *code != "feedback_as_explanation"));
    assert_eq!(found, expected);
}

#[test]
fn what_moodle_exports_is_read() {
    let (items, remarks) = read(SOUND.as_bytes());
    assert_eq!((items.len(), remarks), (2, vec![]));
    let first = &items[0].draft;
    assert_eq!((first.stem.as_str(), first.explanation.as_str()), ("水的化学式是？", "由氢和氧组成。"));
    assert_eq!((first.kind, first.key, first.fixed_order), (Some(Kind::Single), Choices(0b10), false));
    assert_eq!(first.options, ["CO₂", "H₂O"]);
    assert_eq!((first.topic.as_str(), first.difficulty), ("卫生健康", Some(2)));
    assert_eq!(items[0].standing(), Standing::Ready);
    let second = &items[1].draft;
    assert_eq!((second.kind, second.key), (Some(Kind::TrueFalse), Choices(0b10)));
    assert_eq!(second.explanation, "传播需要介质。");
    assert_eq!(told(&items), [(33, "feedback_as_explanation")]);
}

#[test]
fn what_would_be_lost_or_flattened_is_told() {
    check("<p>水的", "<p><img src=\"@@PLUGINFILE@@/a.png\" alt=\"杯\">水的", &[(12, "picture_lost")]);
    check(
        "</text>\n    </questiontext>",
        "</text><file name=\"a.png\" encoding=\"base64\">iVBO</file></questiontext>",
        &[(12, "file_lost")],
    );
    check("<p>水的", "<p>\\(H_2O\\) 水的", &[(12, "formula_lost")]);
    check("<p>水的", "<table><tr><td>水的</td></tr></table><p>", &[(12, "table_lost")]);
    check("fraction=\"0\"", "fraction=\"50\"", &[(12, "partial_weights")]);
    check("fraction=\"0\"", "fraction=\"-25\"", &[(12, "negative_marks")]);
    check("fraction=\"0\"", "fraction=\"100\"", &[(12, "several_right")]);
    check("fraction=\"0\"", "fraction=\"x\"", &[(12, "bad_weight")]);
    check("fraction=\"100\"", "fraction=\"90\"", &[(12, "partial_weights")]);
    check("<single>true", "<single>false", &[(12, "one_right")]);
    check("<hidden>0", "<hidden>1", &[(12, "hidden")]);
    check("\"multichoice\"", "\"essay\"", &[(12, "unsupported_type")]);
    check("\"multichoice\"", "\"stack\"", &[(12, "unsupported_type")]);
    check("fraction=\"100\" format=\"moodle_auto_format\"", "fraction=\"50\"", &[(33, "bad_weight")]);
    check("<text>false", "<text>perhaps", &[(33, "bad_weight")]);
    check("shuffleanswers>true", "shuffleanswers>0", &[]);
    let (items, _) = read(SOUND.replace("shuffleanswers>true", "shuffleanswers>0").as_bytes());
    assert!(items[0].draft.fixed_order);
}

#[test]
fn hostile_and_broken_files_are_refused_with_their_place() {
    check("<quiz>", "<!DOCTYPE quiz [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><quiz>", &[(2, "doctype")]);
    check("水</text>", "&b;</text>", &[(13, "unknown_entity")]);
    check("<quiz>", "<test>", &[(2, "unknown_format")]);
    check("</quiz>", "", &[(41, "truncated")]);
    check("  <question type=\"truefalse\">", "  <question type=\"truefalse\"", &[(33, "syntax")]);
    let (items, remarks) = read(&SOUND.as_bytes()[..SOUND.len() - 300]);
    assert_eq!((items.len(), remarks[0].code), (1, "truncated"));
    let deep = format!("<quiz><question type='multichoice'>{}", "<b>".repeat(100_000));
    assert_eq!(read(deep.as_bytes()).1[0].code, "too_deep");
    assert_eq!(read(b"<quiz></quiz>").1[0].code, "no_questions");
    assert_eq!(read(b"<quiz/>").1[0].code, "no_questions");
    assert_eq!(read(&[b'<', 0xFF, 0xFF]).1[0].code, "encoding");
    let utf_16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(SOUND.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(read(&utf_16).0.len(), 2);
    for type_of in ["multichoice", "truefalse", "multichoiceset"] {
        let bare = format!("<quiz><question type='{type_of}'/></quiz>");
        assert_eq!(read(bare.as_bytes()).0[0].standing(), Standing::Refused);
    }
}
