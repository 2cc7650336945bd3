use super::*;
use crate::domain::question::Choices;
use crate::domain::question::Kind;
use crate::formats::import::Standing;
use std::io::Cursor;
use std::io::Write;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const V2: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="i1" title="水" adaptive="false" timeDependent="false">
  <responseDeclaration identifier="RESPONSE" cardinality="single" baseType="identifier">
    <correctResponse><value>B</value></correctResponse>
  </responseDeclaration>
  <outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"/>
  <itemBody>
    <p>下面是一道题。</p>
    <choiceInteraction responseIdentifier="RESPONSE" shuffle="true" maxChoices="1">
      <prompt>水的化学式是？</prompt>
      <simpleChoice identifier="A">CO<sub>2</sub></simpleChoice>
      <simpleChoice identifier="B">H<sub>2</sub>O</simpleChoice>
      <simpleChoice identifier="C">O<sub>2</sub></simpleChoice>
    </choiceInteraction>
  </itemBody>
  <responseProcessing template="http://www.imsglobal.org/question/qti_v2p1/rptemplates/match_correct"/>
  <modalFeedback outcomeIdentifier="FB" identifier="f" showHide="show"><p>由氢和氧组成。</p></modalFeedback>
</assessmentItem>
"#;

fn v3() -> String {
    let names = [
        ("assessmentItem", "qti-assessment-item"),
        ("timeDependent", "time-dependent"),
        ("responseDeclaration", "qti-response-declaration"),
        ("baseType", "base-type"),
        ("correctResponse", "qti-correct-response"),
        ("value>", "qti-value>"),
        ("outcomeDeclaration", "qti-outcome-declaration"),
        ("itemBody", "qti-item-body"),
        ("choiceInteraction", "qti-choice-interaction"),
        ("responseIdentifier", "response-identifier"),
        ("maxChoices", "max-choices"),
        ("prompt>", "qti-prompt>"),
        ("simpleChoice", "qti-simple-choice"),
        ("responseProcessing", "qti-response-processing"),
        ("modalFeedback", "qti-modal-feedback"),
        ("outcomeIdentifier", "outcome-identifier"),
        ("showHide", "show-hide"),
        ("imsqti_v2p1\"", "imsqtiasi_v3p0\""),
        ("<p>由氢和氧组成。</p>", "<qti-content-body>由氢和氧组成。</qti-content-body>"),
    ];
    names.iter().fold(V2.to_owned(), |text, (old, new)| text.replace(old, new))
}

fn codes(items: &[Item], remarks: &[Remark]) -> Vec<(u32, &'static str)> {
    let all = items.iter().flat_map(|item| item.remarks.iter()).chain(remarks);
    all.filter(|remark| remark.gravity > Gravity::Note).map(|remark| (remark.at.row, remark.code)).collect()
}

/// Changes the sound item and expects the codes of all that is more than a note.
#[track_caller]
fn check(changes: &[(&str, &str)], expected: &[&str]) {
    let mut text = V2.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    let (items, remarks) = read(text.as_bytes());
    let found: Vec<&str> = codes(&items, &remarks).iter().map(|(_, code)| *code).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn an_item_of_any_version_is_read() {
    for text in [V2.to_owned(), V2.replace("v2p1", "v2p2"), v3()] {
        let (items, remarks) = read(text.as_bytes());
        assert_eq!(codes(&items, &remarks), [], "{text}");
        let draft = &items[0].draft;
        assert_eq!(draft.stem, "下面是一道题。\n水的化学式是？");
        assert_eq!(draft.options, ["CO₂", "H₂O", "O₂"]);
        assert_eq!((draft.kind, draft.key, draft.fixed_order), (Some(Kind::Single), Choices(0b10), false));
        assert_eq!(draft.explanation, "由氢和氧组成。");
        assert_eq!(items[0].standing(), Standing::Ready);
    }
}

#[test]
fn several_answers_and_their_points() {
    let several: &[(&str, &str)] = &[
        ("\"single\" baseType=\"identifier\"", "\"multiple\" baseType=\"identifier\""),
        ("maxChoices=\"1\"", "maxChoices=\"0\""),
    ];
    let with = |more: &[(&'static str, &'static str)]| [several, more].concat();
    let two = ("<value>B</value>", "<value>B</value><value>A</value>");
    check(&with(&[two]), &[]);
    check(several, &["one_right"]);
    let map = ("match_correct", "map_response");
    let mapping = |entries: &'static str| [two, map, ("</correctResponse>", entries)];
    check(
        &with(&mapping(
            "</correctResponse><mapping defaultValue=\"0\"><mapEntry mapKey=\"A\" mappedValue=\"1\"/><mapEntry mapKey=\"B\" mappedValue=\"1\"/></mapping>",
        )),
        &["partial_marks"],
    );
    check(
        &with(&mapping(
            "</correctResponse><mapping defaultValue=\"-1\"><mapEntry mapKey=\"A\" mappedValue=\"1\"/><mapEntry mapKey=\"B\" mappedValue=\"1\"/></mapping>",
        )),
        &["negative_marks"],
    );
    check(
        &with(&mapping(
            "</correctResponse><mapping defaultValue=\"0\"><mapEntry mapKey=\"A\" mappedValue=\"2\"/><mapEntry mapKey=\"B\" mappedValue=\"1\"/></mapping>",
        )),
        &["partial_weights"],
    );
    check(
        &with(&mapping(
            "</correctResponse><mapping defaultValue=\"0\"><mapEntry mapKey=\"C\" mappedValue=\"2\"/><mapEntry mapKey=\"B\" mappedValue=\"2\"/></mapping>",
        )),
        &["partial_weights"],
    );
    check(&with(&mapping("</correctResponse><mapping defaultValue=\"x\"></mapping>")), &["bad_weight"]);
    check(
        &[
            ("maxChoices=\"1\"", "maxChoices=\"2\""),
            ("\"single\" baseType=\"identifier\"", "\"ordered\" baseType=\"identifier\""),
        ],
        &["unsupported_type"],
    );
}

#[test]
fn what_a_question_here_cannot_say_is_refused_or_told() {
    check(&[("<prompt>水", "<prompt><img src=\"a.png\" alt=\"杯子\"/>水")], &["picture_lost"]);
    check(&[("<prompt>水", "<prompt><math xmlns=\"m\"><mi>x</mi></math>水")], &["formula_lost"]);
    check(&[("adaptive=\"false\"", "adaptive=\"true\"")], &["unsupported_type"]);
    check(&[("<itemBody>", "<templateDeclaration identifier=\"x\"/><itemBody>")], &["unsupported_type"]);
    check(&[("<p>下面是一道题。</p>", "<extendedTextInteraction responseIdentifier=\"R\"/>")], &["unsupported_type"]);
    check(
        &[("<choiceInteraction", "<orderInteraction"), ("</choiceInteraction", "</orderInteraction")],
        &["unsupported_type"],
    );
    check(&[("<value>B</value>", "<value>X</value>")], &["bad_key"]);
    check(&[("<value>B</value>", "")], &["no_right"]);
    check(&[("<value>B</value>", "<value>A</value><value>B</value>")], &["several_right"]);
    check(
        &[("responseDeclaration identifier=\"RESPONSE\"", "responseDeclaration identifier=\"OTHER\"")],
        &["missing_answer"],
    );
    check(&[("identifier=\"C\"", "identifier=\"A\"")], &["bad_identifier"]);
    check(&[("identifier=\"C\"", "identifier=\"C\" fixed=\"true\"")], &["partly_fixed"]);
    check(
        &[(
            "template=\"http://www.imsglobal.org/question/qti_v2p1/rptemplates/match_correct\"/>",
            "><lookupOutcomeValue/></responseProcessing>",
        )],
        &["custom_scoring"],
    );
    check(
        &[(
            "O<sub>2</sub></simpleChoice>\n    </ch",
            "<feedbackInline identifier=\"x\">好</feedbackInline>O</simpleChoice>\n    </ch",
        )],
        &["feedback_dropped"],
    );
    let fixed = V2.replace("shuffle=\"true\"", "shuffle=\"false\"");
    assert!(read(fixed.as_bytes()).0[0].draft.fixed_order);
}

#[test]
fn right_and_wrong_make_a_true_false_question() {
    let third = "      <simpleChoice identifier=\"C\">O<sub>2</sub></simpleChoice>\n";
    let text = V2.replace(third, "").replace("CO<sub>2</sub>", "对").replace("H<sub>2</sub>O", "错");
    let (items, remarks) = read(text.as_bytes());
    assert_eq!(codes(&items, &remarks), [(2, "true_false_assumed")]);
    assert_eq!((items[0].draft.kind, items[0].draft.key), (Some(Kind::TrueFalse), Choices(0b10)));
}

fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn manifest(hrefs: &[&str]) -> String {
    let resource = |href: &&str| format!("<resource identifier='r' type='imsqti_item_xmlv2p1' href='{href}'/>\n");
    let resources: String = hrefs.iter().map(resource).collect();
    format!(
        "<manifest><resources>\n{resources}<resource identifier='t' type='imsqti_test_xmlv2p1' href='t.xml'/></resources></manifest>"
    )
}

#[test]
fn a_package_is_read_in_its_manifests_order() {
    let manifest = manifest(&["items/%E9%A2%98.xml", "b.xml"]);
    let bytes = packed(&[
        ("b.xml", V2.as_bytes()),
        ("imsmanifest.xml", manifest.as_bytes()),
        ("items/题.xml", v3().as_bytes()),
        ("x.bin", b"\0"),
    ]);
    let (items, remarks) = read(&bytes);
    assert_eq!(codes(&items, &remarks), [(1, "test_passed_over")]);
    assert_eq!(items.iter().map(|item| item.at.row).collect::<Vec<_>>(), [1, 2]);
    let bare = packed(&[("b.xml", V2.as_bytes())]);
    assert_eq!(codes(&read(&bare).0, &read(&bare).1), [(1, "no_manifest")]);
}

#[test]
fn hostile_packages_and_items_are_refused() {
    let laughs = V2
        .replace("<assessmentItem ", "<!DOCTYPE a [<!ENTITY x \"ha\">]><assessmentItem ")
        .replace("<prompt>", "<prompt>&x;");
    let manifest = manifest(&["a.xml", "../b.xml", "http://a.cn/c.xml", "none.xml", "bomb.xml", "/etc/passwd"]);
    let zeros = vec![b' '; 16 << 20];
    let bytes = packed(&[("imsmanifest.xml", manifest.as_bytes()), ("a.xml", laughs.as_bytes()), ("bomb.xml", &zeros)]);
    let (items, remarks) = read(&bytes);
    let found: Vec<&str> = codes(&items, &remarks).iter().map(|(_, code)| *code).collect();
    assert_eq!(found, ["doctype", "zip_bomb", "bad_path", "bad_path", "missing_file", "bad_path", "test_passed_over"]);

    let slip = packed(&[("imsmanifest.xml", b"<manifest/>"), ("../../evil.xml", V2.as_bytes())]);
    assert_eq!(codes(&[], &read(&slip).1), [(1, "bad_path")]);
    assert_eq!(codes(&[], &read(&bytes[..bytes.len() / 2]).1), [(1, "broken_file")]);
    assert_eq!(codes(&[], &read(&packed(&[("imsmanifest.xml", b"<manifest><a>")])).1), [(1, "truncated")]);
    assert_eq!(codes(&[], &read(&packed(&[("imsmanifest.xml", b"<manifest/>")])).1), [(1, "no_questions")]);
    assert_eq!(codes(&[], &read(b"<assessmentTest/>").1), [(1, "unknown_format")]);
    assert_eq!(codes(&[], &read(&[0xFF, 0xFF]).1), [(1, "encoding")]);
    assert_eq!(codes(&read(b"<assessmentItem/>").0, &[]), [(1, "no_body")]);
    let deep = V2.replace("<prompt>", &"<div>".repeat(10_000));
    assert_eq!(codes(&[], &read(deep.as_bytes()).1), [(10, "too_deep")]);
}
