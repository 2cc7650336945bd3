//! Marked-up text to plain text: HTML as people's systems write it, or the elements of a document. What plain text cannot say is told.

use crate::domain::faults::Part;
use crate::formats::draft::tidy;
use crate::formats::import::found::Found;
use crate::formats::import::office::raised;
use std::collections::BTreeSet;

/// What is lost on the way to plain text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lost {
    /// With its description, or else its address.
    Picture(String),
    Sound,
    Table,
    Formula,
    Raised,
    Struck,
    Link,
    Numbers,
    Script,
    Reference,
    Markdown,
    File,
    Rubric,
}

impl Lost {
    /// Code for programs, and what a person is told.
    fn told(&self) -> (&'static str, String) {
        let (code, message) = match self {
            Lost::Picture(name) if name.is_empty() => ("picture_lost", "这里有图片，没有带过来"),
            Lost::Picture(name) => return ("picture_lost", format!("这里有图片「{name}」，没有带过来")),
            Lost::Sound => ("media_lost", "这里有音频、视频或嵌入的内容，没有带过来"),
            Lost::Table => ("table_lost", "这里有表格，只留下了文字"),
            Lost::Formula => ("formula_lost", "这里有公式，只留下了它的写法"),
            Lost::Raised => ("raised_lost", "这里有上标或下标，改写成了 ^( ) 或 _( )"),
            Lost::Struck => ("struck_lost", "这里有划掉的文字，删除线没有留下"),
            Lost::Link => ("link_lost", "这里有链接，只留下了文字"),
            Lost::Numbers => ("numbers_lost", "这里有自动编号，编号没有留下"),
            Lost::Script => ("script_dropped", "这里有脚本或样式，已经去掉"),
            Lost::Reference => ("unknown_reference", "这里有不认识的字符引用（& 开头、; 结尾），照原样留下"),
            Lost::Markdown => ("markdown", "这里是 Markdown，照原样留下"),
            Lost::File => ("file_lost", "这里嵌有文件，没有带过来"),
            Lost::Rubric => ("rubric_lost", "这里有给阅卷人或考生的说明，没有带过来"),
        };
        (code, message.to_owned())
    }
}

/// Says of a part what was lost.
pub(super) fn tell(found: &mut Found, part: Part, lost: &BTreeSet<Lost>) {
    for lost in lost {
        let (code, message) = lost.told();
        found.check(part, code, message);
    }
}

/// Whether a text is meant as HTML: it has a tag that HTML knows.
pub(super) fn is_marked_up(text: &str) -> bool {
    text.match_indices('<').any(|(at, _)| tag(&text[at..]).is_some())
}

pub(super) fn has_formula(text: &str) -> bool {
    ["\\(", "\\[", "$$"].iter().any(|opening| text.contains(opening))
}

/// HTML as plain text.
pub(super) fn of_html(html: &str) -> (String, BTreeSet<Lost>) {
    let mut plain = Plain::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        plain.html_text(&rest[..at]);
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let Some(found) = tag(rest) else {
            plain.html_text("<");
            rest = &rest[1..];
            continue;
        };
        rest = &rest[found.length..];
        if found.closes {
            plain.close(&found.name);
        } else {
            plain.open(&found.name, |wanted| attribute(found.attributes, wanted));
            if matches!(found.name.as_str(), "script" | "style") {
                // Its content is no text, whatever it looks like.
                let end =
                    rest.match_indices("</").find(|(at, _)| tag(&rest[*at..]).is_some_and(|t| t.name == found.name));
                rest = end.map_or("", |(at, _)| &rest[at..]);
            }
        }
    }
    plain.html_text(rest);
    plain.finish()
}

/// Likewise, where line breaks of the source are line breaks too.
pub(super) fn of_lines(text: &str) -> (String, BTreeSet<Lost>) {
    let text = tidy(text);
    if is_marked_up(&text) { of_html(&text.replace('\n', "<br>")) } else { unmarked(&text) }
}

/// Text that may be either: with tags it is HTML, without them its line breaks count.
pub(super) fn of_either(text: &str) -> (String, BTreeSet<Lost>) {
    if is_marked_up(text) { of_html(text) } else { unmarked(&tidy(text)) }
}

/// A text without tags: only its references are resolved.
fn unmarked(text: &str) -> (String, BTreeSet<Lost>) {
    let mut plain = Plain { kept: 1, ..Plain::default() };
    plain.html_text(text);
    plain.finish()
}

/// Builds plain text from tags and texts, and gathers what is lost.
#[derive(Default)]
pub(super) struct Plain {
    out: String,
    lost: BTreeSet<Lost>,
    /// Blanks came that count as one space if a text follows.
    blank: bool,
    /// Where a raised or lowered text begins.
    raised: Vec<usize>,
    /// How deep in `pre`.
    kept: usize,
}

const BLOCKS: [&str; 29] = [
    "p",
    "div",
    "li",
    "ul",
    "ol",
    "tr",
    "table",
    "thead",
    "tbody",
    "tfoot",
    "caption",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "pre",
    "blockquote",
    "section",
    "article",
    "header",
    "footer",
    "dl",
    "dt",
    "dd",
    "figure",
    "figcaption",
    "hr",
];
const INLINES: [&str; 45] = [
    "a", "abbr", "acronym", "audio", "b", "big", "br", "body", "center", "cite", "code", "col", "colgroup", "del",
    "dfn", "em", "embed", "font", "head", "html", "i", "iframe", "img", "ins", "kbd", "mark", "math", "o:p", "object",
    "q", "s", "samp", "script", "small", "span", "strike", "strong", "style", "sub", "sup", "td", "th", "tt", "u",
    "video",
];

impl Plain {
    pub(super) fn open<'a>(&mut self, name: &str, attribute: impl Fn(&str) -> Option<&'a str>) {
        match name {
            "br" => self.end_line(true),
            "img" => {
                let named = |wanted| attribute(wanted).map(str::trim).filter(|text| !text.is_empty());
                let name = named("alt").or(named("src")).unwrap_or_default();
                // An address may hold the whole picture.
                self.lost.insert(Lost::Picture(name.chars().take(60).collect()));
            }
            "audio" | "video" | "iframe" | "object" | "embed" | "svg" | "canvas" => drop(self.lost.insert(Lost::Sound)),
            "table" => drop(self.lost.insert(Lost::Table)),
            "math" => drop(self.lost.insert(Lost::Formula)),
            "s" | "strike" | "del" => drop(self.lost.insert(Lost::Struck)),
            "a" if attribute("href").is_some() => drop(self.lost.insert(Lost::Link)),
            "ol" => drop(self.lost.insert(Lost::Numbers)),
            "script" | "style" => drop(self.lost.insert(Lost::Script)),
            "td" | "th" => self.blank = true,
            "sup" | "sub" => {
                self.settle_blank();
                self.raised.push(self.out.len());
            }
            _ => {}
        }
        self.kept += usize::from(name == "pre");
        if BLOCKS.contains(&name) {
            self.end_line(false);
        }
    }

    pub(super) fn close(&mut self, name: &str) {
        if matches!(name, "sup" | "sub")
            && let Some(from) = self.raised.pop()
        {
            let text = self.out.split_off(from.min(self.out.len()));
            match raised(&text, name == "sup") {
                Some(moved) => self.out.push_str(&moved),
                None => {
                    self.lost.insert(Lost::Raised);
                    self.out.push_str(if name == "sup" { "^(" } else { "_(" });
                    self.out.push_str(&text);
                    self.out.push(')');
                }
            }
        }
        self.kept -= usize::from(name == "pre" && self.kept > 0);
        if BLOCKS.contains(&name) {
            self.end_line(false);
        }
    }

    /// A text in which references have been resolved.
    pub(super) fn text(&mut self, text: &str) {
        if has_formula(text) {
            self.lost.insert(Lost::Formula);
        }
        text.chars().for_each(|c| self.push(c));
    }

    fn push(&mut self, c: char) {
        match c {
            '\n' if self.kept > 0 => self.end_line(true),
            ' ' | '\t' | '\n' | '\r' | '\u{c}' if self.kept == 0 => self.blank = true,
            c => {
                self.settle_blank();
                self.out.push(if c == '\u{A0}' { ' ' } else { c });
            }
        }
    }

    fn html_text(&mut self, text: &str) {
        if has_formula(text) {
            self.lost.insert(Lost::Formula);
        }
        let mut rest = text;
        while let Some(at) = rest.find('&') {
            rest[..at].chars().for_each(|c| self.push(c));
            rest = &rest[at..];
            match reference(rest) {
                Some((Some(c), length)) => {
                    // What was written as a reference is no blank of the layout.
                    self.settle_blank();
                    self.out.push(if c == '\u{A0}' { ' ' } else { c });
                    rest = &rest[length..];
                }
                unknown => {
                    if unknown.is_some() {
                        self.lost.insert(Lost::Reference);
                    }
                    self.push('&');
                    rest = &rest[1..];
                }
            }
        }
        rest.chars().for_each(|c| self.push(c));
    }

    fn settle_blank(&mut self) {
        if std::mem::take(&mut self.blank) && !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push(' ');
        }
    }

    /// Blocks end a line that has begun, `br` ends any.
    fn end_line(&mut self, always: bool) {
        self.blank = false;
        if always || !(self.out.is_empty() || self.out.ends_with('\n')) {
            self.out.push('\n');
        }
    }

    pub(super) fn lose(&mut self, lost: Lost) {
        self.lost.insert(lost);
    }

    pub(super) fn finish(self) -> (String, BTreeSet<Lost>) {
        (self.out.trim().to_owned(), self.lost)
    }
}

struct Tag<'a> {
    name: String,
    closes: bool,
    attributes: &'a str,
    /// In bytes, with both brackets.
    length: usize,
}

/// The tag at the start of a text; `a<b` is none unless HTML knows its name and it ends.
fn tag(text: &str) -> Option<Tag<'_>> {
    let inner = text.strip_prefix('<')?;
    let (closes, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
    let letters = inner.bytes().take(12).take_while(|b| b.is_ascii_alphanumeric() || *b == b':').count();
    let name = inner[..letters].to_ascii_lowercase();
    if !BLOCKS.contains(&name.as_str()) && !INLINES.contains(&name.as_str()) {
        return None;
    }
    let attributes = &inner[letters..];
    if !attributes.starts_with(['>', '/', ' ', '\t', '\n', '\r']) {
        return None;
    }
    let end = end_of_tag(attributes)?;
    // In "a<b and c>d" nothing is marked up.
    let blank = attributes[..end].bytes().all(|b| b.is_ascii_whitespace() || b == b'/');
    if name.len() == 1 && !blank && !attributes[..end].contains('=') {
        return None;
    }
    let length = text.len() - inner.len() + letters + end + 1;
    Some(Tag { name, closes, attributes: &attributes[..end], length })
}

/// A longer tag is text. It bounds the search where many tags begin and none ends.
const TAG_BYTES_MAX: usize = 4 << 20;

/// Where the bracket is that ends the tag. Quotes that are never closed do not count as such.
fn end_of_tag(attributes: &str) -> Option<usize> {
    let mut quote = None;
    let mut first = None;
    for (at, b) in attributes.bytes().enumerate().take(TAG_BYTES_MAX) {
        match (quote, b) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(b),
            (None, b'<') => return None,
            (Some(open), b) if open == b => quote = None,
            (Some(_), b'>') => first = first.or(Some(at)),
            _ => {}
        }
    }
    first
}

fn attribute<'a>(attributes: &'a str, wanted: &str) -> Option<&'a str> {
    let mut rest = attributes;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        let name_end = rest.find(|c: char| c.is_ascii_whitespace() || c == '=' || c == '/').unwrap_or(rest.len());
        let name = &rest[..name_end];
        if name.is_empty() && !rest.starts_with('=') {
            return None;
        }
        rest = rest[name_end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| ['"', '\''].contains(c));
            let inner = &after[usize::from(quote.is_some())..];
            let end = match quote {
                Some(quote) => inner.find(quote),
                None => inner.find(|c: char| c.is_ascii_whitespace()),
            };
            let end = end.unwrap_or(inner.len());
            value = &inner[..end];
            rest = inner[end..].strip_prefix(['"', '\'']).unwrap_or(&inner[end..]);
        }
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
    }
}

/// The character that a reference at the start stands for, with its length; `Some((None, _))`: it looks like one and is not known.
fn reference(text: &str) -> Option<(Option<char>, usize)> {
    const LENGTH_MAX: usize = 12;
    let end = text.bytes().take(LENGTH_MAX).position(|b| b == b';')?;
    let name = text.get(1..end)?;
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return Some((code.ok().and_then(char::from_u32).filter(|&c| c != '\0'), end + 1));
    }
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    Some((NAMED.iter().find(|(known, _)| *known == name).map(|(_, c)| *c), end + 1))
}

/// Those that editors of questions write.
const NAMED: [(&str, char); 48] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{A0}'),
    ("ensp", ' '),
    ("emsp", '\u{3000}'),
    ("times", '×'),
    ("divide", '÷'),
    ("plusmn", '±'),
    ("minus", '−'),
    ("deg", '°'),
    ("micro", 'µ'),
    ("middot", '·'),
    ("bull", '•'),
    ("hellip", '…'),
    ("mdash", '—'),
    ("ndash", '–'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("laquo", '«'),
    ("raquo", '»'),
    ("le", '≤'),
    ("ge", '≥'),
    ("ne", '≠'),
    ("asymp", '≈'),
    ("infin", '∞'),
    ("radic", '√'),
    ("sup2", '²'),
    ("sup3", '³'),
    ("frac12", '½'),
    ("frac14", '¼'),
    ("alpha", 'α'),
    ("beta", 'β'),
    ("gamma", 'γ'),
    ("delta", 'δ'),
    ("lambda", 'λ'),
    ("mu", 'μ'),
    ("omega", 'ω'),
    ("Omega", 'Ω'),
    ("pi", 'π'),
    ("permil", '‰'),
    ("copy", '©'),
    ("reg", '®'),
    ("rarr", '→'),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(html: &str, text: &str, lost: &[&str]) {
        let (found, losses) = of_html(html);
        let codes: Vec<&str> = losses.iter().map(|lost| lost.told().0).collect();
        assert_eq!((found.as_str(), codes.as_slice()), (text, lost), "{html}");
    }

    #[test]
    fn mere_markup_leaves_its_text() {
        check("<p>水的<b>化学式</b>是？</p>\n", "水的化学式是？", &[]);
        check("<p>一</p>\r\n  <p>二<br/>三</p>", "一\n二\n三", &[]);
        check("a&nbsp;&nbsp;b &lt;p&gt; &amp; &#20320;&#x597d;", "a  b <p> & 你好", &[]);
        check("H<sub>2</sub>O、10<sup>-3</sup>", "H₂O、10⁻³", &[]);
        check("<ul><li>甲</li><li>乙</li></ul>", "甲\n乙", &[]);
        check("<SPAN STYLE='color:red>'>红</SPAN>", "红", &[]);
        check("一<!-- <b> -->二", "一二", &[]);
    }

    #[test]
    fn what_is_lost_is_told() {
        check("<img src='a.png' alt=\"温度计\">读数是", "读数是", &["picture_lost"]);
        check("<table><tr><td>1</td><td>2</td></tr></table>", "1 2", &["table_lost"]);
        check("x<sup>ab</sup>", "x^(ab)", &["raised_lost"]);
        check("<script>if (a<b) alert('</p>')</script>题", "题", &["script_dropped"]);
        check("\\(x^2\\)", "\\(x^2\\)", &["formula_lost"]);
        check(
            "<a href='//x'>见</a><s>删</s>&nosuch;",
            "见删&nosuch;",
            &["struck_lost", "link_lost", "unknown_reference"],
        );
    }

    #[test]
    fn what_only_looks_like_markup_stays() {
        check("若 a<b 且 c>d, a<b and c>d", "若 a<b 且 c>d, a<b and c>d", &[]);
        check("1<2, x<y", "1<2, x<y", &[]);
        check("A&B; AT&T", "A&B; AT&T", &["unknown_reference"]);
        assert!(is_marked_up("一<br>二") && !is_marked_up("a<b, 1 < 2, <温度>"));
    }

    #[test]
    fn many_openings_take_no_longer_than_their_length() {
        check(&"<a ".repeat(200_000), "<a ".repeat(200_000).trim(), &[]);
        let quotes = "<a \"".repeat(20_000);
        assert_eq!(of_html(&quotes).0, quotes.trim());
        let sups = "<sup>".repeat(100_000);
        assert_eq!(of_html(&sups).0, "");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "([<>&;/\"'= a-z0-9科]|<sup>|</sup>|<pre>|</pre>|<br>|&#x){0,60}") {
            let _ = of_html(&text);
            let _ = is_marked_up(&text);
        }
    }
}
