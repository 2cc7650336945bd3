//! A package of QTI 3.0: a manifest and an item a question, in the order of elements that the schema wants. What it has no word for
//! stands in a comment of the item (formats/aside.rs).

use crate::domain::question::Kind;
use crate::domain::question::Question;
use crate::formats::aside::Aside;
use crate::formats::export::Unwritable;
use crate::formats::export::moodle::escaped;
use crate::formats::export::moodle::title_of;
use std::io::Cursor;
use std::io::Write;
use zip::CompressionMethod;
use zip::DateTime;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const ITEM_START: &str = concat!(
    "<qti-assessment-item xmlns=\"http://www.imsglobal.org/xsd/imsqtiasi_v3p0\"",
    " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"",
    " xsi:schemaLocation=\"http://www.imsglobal.org/xsd/imsqtiasi_v3p0",
    " https://purl.imsglobal.org/spec/qti/v3p0/schema/xsd/imsqti_asiv3p0_v1p0.xsd\""
);
const MANIFEST_START: &str = concat!(
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
    "<manifest xmlns=\"http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1\"",
    " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"",
    " xsi:schemaLocation=\"http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1",
    " https://purl.imsglobal.org/spec/qti/v3p0/schema/xsd/imsqtiv3p0_imscpv1p2_v1p0.xsd\"",
    " identifier=\"kejing\">\n",
    "  <metadata>\n    <schema>QTI Package</schema>\n    <schemaversion>3.0.0</schemaversion>\n  </metadata>\n",
    "  <organizations/>\n  <resources>\n"
);
const TEMPLATE: &str = "https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/match_correct.xml";

pub(super) fn write(questions: &[Question]) -> Result<Vec<u8>, Unwritable> {
    let mut package = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        // The same questions are the same bytes: no moment of writing.
        .last_modified_time(DateTime::default());
    let mut add = |name: &str, text: &str| -> Result<(), Unwritable> {
        package.start_file(name, options).map_err(Unwritable::because)?;
        package.write_all(text.as_bytes()).map_err(Unwritable::because)
    };
    let mut manifest = MANIFEST_START.to_owned();
    for number in 1..=questions.len() {
        manifest.push_str(&format!(
            "    <resource identifier=\"item_{number}\" type=\"imsqti_item_xmlv3p0\" href=\"items/{number:05}.xml\">\n      \
             <file href=\"items/{number:05}.xml\"/>\n    </resource>\n"
        ));
    }
    manifest.push_str("  </resources>\n</manifest>\n");
    add("imsmanifest.xml", &manifest)?;
    for (number, q) in (1..).zip(questions) {
        add(&format!("items/{number:05}.xml"), &item(q, number))?;
    }
    Ok(package.finish().map_err(Unwritable::because)?.into_inner())
}

fn item(q: &Question, number: usize) -> String {
    let several = q.kind == Kind::Multiple;
    let truth = q.kind == Kind::TrueFalse;
    let reads_as_truth = q.kind == Kind::Single && q.options.len() == 2;
    let aside = Aside { kind: Some(q.kind).filter(|_| reads_as_truth), topic: Some(q.topic.clone()), ..Aside::of(q) };
    let identifier = if q.id.as_str().is_empty() { format!("q_{number}") } else { format!("q_{}", q.id) };

    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.extend([ITEM_START, " identifier=\"", &escaped(&identifier), "\" title=\"", &escaped(&title_of(q))]);
    out.extend(["\" xml:lang=\"zh-CN\" time-dependent=\"false\">\n  <!-- ", &aside.written(), " -->\n"]);

    let cardinality = if several { "multiple" } else { "single" };
    out.push_str(&format!(
        "  <qti-response-declaration identifier=\"RESPONSE\" cardinality=\"{cardinality}\" base-type=\"identifier\">\n    \
         <qti-correct-response>\n"
    ));
    for place in q.key.places() {
        out.push_str(&format!("      <qti-value>choice_{}</qti-value>\n", place + 1));
    }
    out.push_str("    </qti-correct-response>\n  </qti-response-declaration>\n");
    out.push_str("  <qti-outcome-declaration identifier=\"SCORE\" cardinality=\"single\" base-type=\"float\">\n");
    out.push_str("    <qti-default-value><qti-value>0</qti-value></qti-default-value>\n  </qti-outcome-declaration>\n");
    if !q.explanation.is_empty() {
        // Whatever was answered, the explanation is shown.
        out.push_str(
            "  <qti-outcome-declaration identifier=\"FEEDBACK\" cardinality=\"single\" base-type=\"identifier\">\n",
        );
        out.push_str("    <qti-default-value><qti-value>explanation</qti-value></qti-default-value>\n");
        out.push_str("  </qti-outcome-declaration>\n");
    }

    let shuffle = q.may_shuffle();
    let max = if several { 0 } else { 1 };
    out.push_str(&format!(
        "  <qti-item-body>\n    <qti-choice-interaction response-identifier=\"RESPONSE\" shuffle=\"{shuffle}\" max-choices=\"{max}\">\n"
    ));
    out.extend(["      <qti-prompt>", &flowing(&q.stem), "</qti-prompt>\n"]);
    for (place, option) in q.options.iter().enumerate() {
        let fixed = if truth && q.fixed_order { " fixed=\"true\"" } else { "" };
        out.push_str(&format!("      <qti-simple-choice identifier=\"choice_{}\"{fixed}>", place + 1));
        out.extend([&flowing(option), "</qti-simple-choice>\n"]);
    }
    out.push_str("    </qti-choice-interaction>\n  </qti-item-body>\n");
    out.extend(["  <qti-response-processing template=\"", TEMPLATE, "\"/>\n"]);
    if !q.explanation.is_empty() {
        out.push_str(
            "  <qti-modal-feedback outcome-identifier=\"FEEDBACK\" show-hide=\"show\" identifier=\"explanation\">\n",
        );
        out.extend([
            "    <qti-content-body>",
            &flowing(&q.explanation),
            "</qti-content-body>\n  </qti-modal-feedback>\n",
        ]);
    }
    out.push_str("</qti-assessment-item>\n");
    out
}

/// A text whose line breaks and blanks stay: a blank beside another one or at an edge of a line is no layout.
fn flowing(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut at_edge = true;
    let escaped = escaped(text);
    let mut chars = escaped.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => out.push_str("<br/>"),
            ' ' if at_edge || chars.peek().is_none_or(|&next| next == '\n') => out.push('\u{A0}'),
            c => out.push(c),
        }
        at_edge = c == ' ' || c == '\n';
    }
    out
}
