//! QTI 2.1, 2.2 and 3.0 (1EdTech): one item, or a package of items with its imsmanifest.xml.

use crate::domain::faults::Part;
use crate::formats::draft::Place;
use crate::formats::import::At;
use crate::formats::import::Gravity;
use crate::formats::import::Item;
use crate::formats::import::Remark;
use crate::formats::import::found::Found;
use crate::formats::import::found::QUESTIONS_MAX;
use crate::formats::import::found::START;
use crate::formats::import::found::refusal;
use crate::formats::import::office::Package;
use crate::formats::import::package::leads_out;
use crate::formats::import::package::resolved;
use crate::formats::import::qti_item::is_item;
use crate::formats::import::qti_item::read_item;
use crate::formats::import::xml::Element;
use crate::formats::import::xml::XmlFault;
use crate::formats::import::xml::whole;
use crate::formats::text::decode;

const MANIFEST: &str = "imsmanifest.xml";
pub(super) fn read(bytes: &[u8]) -> (Vec<Item>, Vec<Remark>) {
    if bytes.starts_with(b"PK") {
        return match Package::open(bytes) {
            Ok(package) => read_package(package),
            Err(why) if why.code == "broken_file" => {
                (Vec::new(), vec![refusal(START, why.code, "压缩包不完整或已损坏，打不开")])
            }
            Err(why) => (Vec::new(), vec![refusal(START, why.code, why.message)]),
        };
    }
    match text_of(bytes).and_then(whole_item) {
        Ok((root, text)) => (vec![read_item(&root, &text, None)], Vec::new()),
        Err(fault) => (Vec::new(), vec![refusal(fault.at, fault.code, fault.message)]),
    }
}

fn text_of(bytes: &[u8]) -> Result<String, XmlFault> {
    decode(bytes).map_err(|Place { row, column }| {
        let message = "这里的文字不是 UTF-8 编码".to_owned();
        XmlFault { at: At { row, column }, code: "encoding", message }
    })
}

fn whole_item(text: String) -> Result<(Element, String), XmlFault> {
    let root = whole(&text)?;
    if is_item(&root.name) {
        return Ok((root, text));
    }
    let name: String = root.name.chars().take(40).collect();
    let message = match name.as_str() {
        "assessmentTest" | "qti-assessment-test" => "这是 QTI 试卷，不是题目：请导入带题目的压缩包".to_owned(),
        "questestinterop" => "这是 QTI 1.2，太旧了：请导出为 QTI 2.1 以上".to_owned(),
        _ => format!("这不是 QTI 题目：最外层是 <{name}>"),
    };
    Err(XmlFault { at: root.at, code: "unknown_format", message })
}

/// A file of a package as text, or why there is none.
fn entry(package: &mut Package<'_>, path: &str) -> Result<String, XmlFault> {
    let fault = |code, message| XmlFault { at: START, code, message };
    match package.text(path) {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(fault("missing_file", "包里没有这个文件".to_owned())),
        Err(why) if why.code == "broken_file" => Err(fault(why.code, "文件已损坏，或者不是 UTF-8 编码".to_owned())),
        Err(why) => Err(fault(why.code, why.message)),
    }
}

/// Some put all of it in one folder.
fn manifest_of(names: &[String]) -> Option<&String> {
    names.iter().filter(|name| name.rsplit('/').next() == Some(MANIFEST)).min_by_key(|name| name.len())
}

/// The n-th item stands in row n.
fn read_package(mut package: Package<'_>) -> (Vec<Item>, Vec<Remark>) {
    let mut remarks = Vec::new();
    let mut names = package.names();
    if let Some(name) = names.iter().find(|name| leads_out(name)) {
        let name: String = name.chars().take(60).collect();
        let message = format!("压缩包里有指向包外的文件名「{name}」：不读这样的包");
        return (Vec::new(), vec![refusal(START, "bad_path", message)]);
    }
    let paths = match manifest_of(&names) {
        Some(manifest) => listed(&mut package, manifest, &mut remarks),
        None => {
            names.retain(|name| name.ends_with(".xml"));
            names.sort();
            let message = format!("包里没有 {MANIFEST}：逐个读了里面的 XML 文件");
            remarks.push(Remark { gravity: Gravity::ToCheck, ..refusal(START, "no_manifest", message) });
            names
        }
    };
    let mut items = Vec::new();
    for (row, path) in (1..).zip(&paths) {
        let at = At { row, column: 1 };
        if items.len() >= QUESTIONS_MAX {
            let message = format!("超过了 {QUESTIONS_MAX} 道题，后面的没有读");
            remarks.push(refusal(at, "too_many_questions", message));
            break;
        }
        let read = entry(&mut package, path).and_then(whole_item);
        items.push(match read {
            Ok((root, text)) => read_item(&root, &text, Some(at)),
            Err(fault) => {
                let mut found = Found::at(at, path);
                let message = format!("{path} 第 {} 行第 {} 列：{}", fault.at.row, fault.at.column, fault.message);
                found.refuse(Part::Whole, fault.code, message);
                found.finish()
            }
        });
    }
    if items.is_empty() && !remarks.iter().any(|remark| remark.gravity == Gravity::Refused) {
        remarks.push(refusal(START, "no_questions", "包里没有题目"));
    }
    (items, remarks)
}

/// The paths of the items that a manifest lists, in its order.
fn listed(package: &mut Package<'_>, manifest: &str, remarks: &mut Vec<Remark>) -> Vec<String> {
    let root = match entry(package, manifest).and_then(|text| whole(&text)) {
        Ok(root) => root,
        Err(fault) => {
            let message = format!("{manifest} 第 {} 行第 {} 列：{}", fault.at.row, fault.at.column, fault.message);
            remarks.push(refusal(START, fault.code, message));
            return Vec::new();
        }
    };
    let folder = manifest.rsplit_once('/').map_or("", |(folder, _)| folder);
    let bases = [&root].into_iter().chain(root.child("resources"));
    let base = bases
        .filter_map(|element| element.attribute("base"))
        .fold(folder.to_owned(), |folder, base| resolved(&folder, base).unwrap_or(folder));
    let mut paths = Vec::new();
    let mut tests = 0;
    for resource in root.child("resources").into_iter().flat_map(Element::elements) {
        let kind = resource.attribute("type").unwrap_or_default().to_ascii_lowercase();
        tests += usize::from(kind.starts_with("imsqti_test"));
        if !kind.starts_with("imsqti_item") && !kind.starts_with("imsqti_apipitem") {
            continue;
        }
        let href =
            resource.attribute("href").or_else(|| resource.child("file").and_then(|file| file.attribute("href")));
        let folder = resource.attribute("base").and_then(|own| resolved(&base, own)).unwrap_or_else(|| base.clone());
        match href.map(|href| (href, resolved(&folder, href))) {
            Some((_, Some(path))) if package.has(&path) => paths.push(path),
            Some((href, path)) => {
                let href: String = href.chars().take(80).collect();
                let (code, message) = match path {
                    Some(_) => ("missing_file", format!("清单里的题目 {href} 不在包里")),
                    None => ("bad_path", format!("清单里的题目 {href} 在包的外面：没有读")),
                };
                remarks.push(refusal(resource.at, code, message));
            }
            None => remarks.push(refusal(resource.at, "missing_file", "清单里有一道题没有写明文件")),
        }
    }
    if tests > 0 {
        let message = "包里的试卷（组卷规则）没有带过来，只读了题目";
        remarks.push(Remark { gravity: Gravity::ToCheck, ..refusal(START, "test_passed_over", message) });
    }
    paths
}

#[cfg(test)]
mod tests;
