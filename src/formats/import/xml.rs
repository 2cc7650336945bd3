//! XML as a tree, one child of the root at a time: no DOCTYPE, bounded depth, elements and attributes.

use crate::formats::import::At;
use crate::formats::text::Lines;
use ::quick_xml::Reader;
use ::quick_xml::XmlVersion;
use ::quick_xml::errors::Error;
use ::quick_xml::errors::IllFormedError;
use ::quick_xml::errors::SyntaxError;
use ::quick_xml::events::BytesStart;
use ::quick_xml::events::Event;

/// Elements inside each other; deeper is refused.
const DEPTH_MAX: usize = 100;
/// Elements below one child of the root; a question with more is refused.
const ELEMENTS_MAX: usize = 20_000;
/// Attributes of one element; more are refused.
const ATTRIBUTES_MAX: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct XmlFault {
    pub(super) at: At,
    pub(super) code: &'static str,
    pub(super) message: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Node {
    Element(Element),
    Text(String),
    Comment(String),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Element {
    /// Without its prefix.
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Node>,
    pub(super) at: At,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            _ => None,
        })
    }

    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.elements().find(|element| element.name == name)
    }

    pub(super) fn comments(&self) -> impl Iterator<Item = &str> {
        self.children.iter().filter_map(|child| match child {
            Node::Comment(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// All text in it and below it.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        self.gather(&mut out);
        out
    }

    fn gather(&self, out: &mut String) {
        for child in &self.children {
            match child {
                Node::Text(text) => out.push_str(text),
                Node::Element(element) => element.gather(out),
                Node::Comment(_) => {}
            }
        }
    }
}

/// A document whose root is open.
pub(super) struct Document<'t> {
    reader: Reader<&'t [u8]>,
    text: &'t str,
    lines: Lines<'t>,
    root_is_empty: bool,
    ended: bool,
    pub(super) root: Element,
}

impl<'t> Document<'t> {
    /// Reads up to the root's start.
    pub(super) fn open(text: &'t str) -> Result<Document<'t>, XmlFault> {
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_comments = true;
        let root =
            Element { name: String::new(), attributes: Vec::new(), children: Vec::new(), at: At { row: 1, column: 1 } };
        let mut document = Document { reader, text, lines: Lines::of(text), root_is_empty: false, ended: false, root };
        loop {
            let from = document.position();
            match document.event()? {
                Event::Start(start) => document.root = document.element(&start, from)?,
                Event::Empty(start) => {
                    document.root = document.element(&start, from)?;
                    document.root_is_empty = true;
                }
                Event::Text(text) if !text.xml10_content().trim().is_empty() => {
                    return Err(document.fault(from, "syntax", "这里应是 XML 的标签"));
                }
                Event::Eof => return Err(document.fault(from, "syntax", "文件里没有 XML 的内容")),
                Event::CData(_) | Event::GeneralRef(_) | Event::End(_) => {
                    return Err(document.fault(from, "syntax", "这里应是 XML 的标签"));
                }
                _ => continue,
            }
            return Ok(document);
        }
    }

    /// The root's next child, whole; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<Node>, XmlFault> {
        if self.ended || self.root_is_empty {
            return self.end().map(|()| None);
        }
        let mut open: Vec<Element> = Vec::new();
        let mut elements = 0;
        loop {
            let from = self.position();
            let node = match self.event()? {
                Event::Start(start) => {
                    elements += 1;
                    let element = self.element(&start, from)?;
                    open.push(element);
                    if open.len() >= DEPTH_MAX {
                        return Err(self.fault(from, "too_deep", format!("标签一层套一层，超过了 {DEPTH_MAX} 层")));
                    }
                    continue;
                }
                Event::Empty(start) => {
                    elements += 1;
                    Node::Element(self.element(&start, from)?)
                }
                Event::End(_) => match open.pop() {
                    Some(element) => Node::Element(element),
                    None => return self.end().map(|()| None),
                },
                Event::Text(text) => Node::Text(text.xml10_content().into_owned()),
                Event::CData(text) => Node::Text(text.xml10_content().into_owned()),
                Event::GeneralRef(reference) => {
                    let name = reference.xml10_content();
                    let named = |name: &str| ::quick_xml::escape::resolve_xml_entity(name).map(str::to_owned);
                    let resolved = match reference.resolve_char_ref() {
                        Ok(Some(c)) => Some(c.to_string()),
                        Ok(None) => named(&name),
                        Err(_) => None,
                    };
                    match resolved {
                        Some(text) => Node::Text(text),
                        None => {
                            let message = format!("不认识的字符引用 &{};", shortened(&name));
                            return Err(self.fault(from, "unknown_entity", message));
                        }
                    }
                }
                Event::Comment(text) => Node::Comment(text.xml10_content().into_owned()),
                Event::Decl(_) | Event::PI(_) | Event::DocType(_) => continue,
                Event::Eof => return Err(self.fault(from, "truncated", "文件不完整：标签还没有结束，文件就完了")),
            };
            if elements > ELEMENTS_MAX {
                return Err(self.fault(from, "too_many_elements", format!("一道题里的标签超过了 {ELEMENTS_MAX} 个")));
            }
            match open.last_mut() {
                Some(parent) => add(&mut parent.children, node),
                None => return Ok(Some(node)),
            }
        }
    }

    /// All that follows the root is blank.
    fn end(&mut self) -> Result<(), XmlFault> {
        self.ended = true;
        loop {
            let from = self.position();
            match self.event()? {
                Event::Eof => return Ok(()),
                Event::Comment(_) | Event::PI(_) => {}
                Event::Text(text) if text.xml10_content().trim().is_empty() => {}
                _ => return Err(self.fault(from, "syntax", "XML 结束以后还有内容")),
            }
        }
    }

    fn event(&mut self) -> Result<Event<'t>, XmlFault> {
        let from = self.position();
        match self.reader.read_event() {
            Ok(Event::DocType(_)) => {
                let message = "文件里有 DOCTYPE：为了安全，不读这样的 XML，请去掉这一段";
                Err(self.fault(from, "doctype", message))
            }
            Ok(event) => Ok(event),
            Err(error) => {
                let at = usize::try_from(self.reader.error_position()).unwrap_or(usize::MAX).min(self.text.len());
                let (code, message) = in_chinese(&error);
                Err(self.fault(at, code, message))
            }
        }
    }

    fn element(&self, start: &BytesStart<'_>, from: usize) -> Result<Element, XmlFault> {
        let mut attributes: Vec<(String, String)> = Vec::new();
        for attribute in start.attributes().with_checks(false) {
            let Ok(attribute) = attribute else {
                return Err(self.fault(from, "syntax", "标签里的属性写法有误"));
            };
            if attributes.len() >= ATTRIBUTES_MAX {
                let message = format!("一个标签的属性超过了 {ATTRIBUTES_MAX} 个");
                return Err(self.fault(from, "too_many_attributes", message));
            }
            let whole = attribute.key.into_inner();
            let Ok(value) = attribute.normalized_value(XmlVersion::Explicit1_0) else {
                return Err(self.fault(from, "syntax", format!("属性 {} 的值写法有误", shortened(whole))));
            };
            // Declarations of namespaces say nothing here.
            if whole == "xmlns" || whole.starts_with("xmlns:") {
                continue;
            }
            let name = attribute.key.local_name().into_inner().to_owned();
            if attributes.iter().any(|(known, _)| *known == name) && whole == name {
                return Err(self.fault(from, "syntax", format!("属性 {} 写了两次", shortened(&name))));
            }
            attributes.push((name, value.into_owned()));
        }
        let name = start.local_name().into_inner().to_owned();
        Ok(Element { name, attributes, children: Vec::new(), at: self.lines.place(from).into() })
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    fn fault(&self, at: usize, code: &'static str, message: impl Into<String>) -> XmlFault {
        XmlFault { at: self.lines.place(at).into(), code, message: message.into() }
    }

    /// The last byte that was read: where a node began may be told from one to the next.
    pub(super) fn read_so_far(&self) -> usize {
        self.position().min(self.text.len())
    }

    pub(super) fn source(&self, from: usize, to: usize) -> &'t str {
        self.text.get(from..to).unwrap_or_default()
    }
}

/// Texts that follow each other are one: entities and sections of CDATA cut them.
fn add(children: &mut Vec<Node>, node: Node) {
    match (children.last_mut(), node) {
        (Some(Node::Text(before)), Node::Text(text)) => before.push_str(&text),
        (_, node) => children.push(node),
    }
}

/// The root with all below it.
pub(super) fn whole(text: &str) -> Result<Element, XmlFault> {
    let mut document = Document::open(text)?;
    let mut children = Vec::new();
    let mut nodes = 0;
    while let Some(node) = document.next()? {
        nodes += 1;
        if nodes > ELEMENTS_MAX * 10 {
            return Err(document.fault(document.position(), "too_many_elements", "标签太多"));
        }
        add(&mut children, node);
    }
    document.root.children = children;
    Ok(document.root)
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

fn in_chinese(error: &Error) -> (&'static str, String) {
    match error {
        Error::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
            ("syntax", format!("标签没有成对：应是 </{}>，这里是 </{}>", shortened(expected), shortened(found)))
        }
        Error::IllFormed(IllFormedError::UnmatchedEndTag(name)) => {
            ("syntax", format!("多了一个 </{}>", shortened(name)))
        }
        Error::IllFormed(IllFormedError::UnclosedReference) => {
            ("syntax", "& 后面缺少 ;：文字里的 & 要写作 &amp;".to_owned())
        }
        Error::IllFormed(IllFormedError::MissingEndTag(name)) => {
            ("truncated", format!("文件不完整：标签 {} 还没有结束，文件就完了", shortened(name)))
        }
        Error::Syntax(SyntaxError::InvalidBangMarkup) => ("syntax", "<! 开头的写法有误".to_owned()),
        Error::Syntax(_) => ("truncated", "文件不完整：标签或注释还没有结束，文件就完了".to_owned()),
        _ => ("syntax", "XML 写法有误".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, row: u32, column: u32, code: &str) {
        let fault = whole(text).unwrap_err();
        assert_eq!((fault.at.row, fault.at.column, fault.code), (row, column, code), "{}", fault.message);
    }

    #[test]
    fn a_document_is_read_with_its_places() {
        let root = whole(
            "\u{FEFF}<?xml version='1.0'?>\n<a x='1&amp;2'>\n <b>一&lt;<![CDATA[<二>]]>&#19977;</b><!--说--></a>\n",
        )
        .unwrap();
        assert_eq!(root.attribute("x"), Some("1&2"));
        assert_eq!(root.child("b").map(Element::text).as_deref(), Some("一<<二>三"));
        assert_eq!(root.child("b").map(|b| b.at), Some(At { row: 3, column: 2 }));
        assert_eq!(root.comments().collect::<Vec<_>>(), ["说"]);
    }

    #[test]
    fn what_hurts_is_refused_with_its_place() {
        let laughs = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]>\n<l>&b;</l>";
        check(laughs, 1, 1, "doctype");
        check("<l>\n&b;</l>", 2, 1, "unknown_entity");
        check("<l>&#0;</l>", 1, 4, "unknown_entity");
        check(&"<a>".repeat(200_000), 1, 1 + 3 * DEPTH_MAX as u32, "too_deep");
        let many: String = (0..1_000_000).map(|n| format!(" a{n}=''")).collect();
        check(&format!("<a>\n<b{many}/></a>"), 2, 1, "too_many_attributes");
        check(
            &format!("<a><b>{}</b></a>", "<c/>".repeat(ELEMENTS_MAX + 1)),
            1,
            7 + 4 * ELEMENTS_MAX as u32 - 4,
            "too_many_elements",
        );
        check("<a><b></a>", 1, 7, "syntax");
        check("<a><b>", 1, 7, "truncated");
        check("<a><b", 1, 4, "truncated");
        check("<a b='1' b='2'/>", 1, 1, "syntax");
        check("<a/>文", 1, 5, "syntax");
        check("题目", 1, 1, "syntax");
        check("", 1, 1, "syntax");
        check("<a>A&B</a>", 1, 5, "syntax");
    }
}
