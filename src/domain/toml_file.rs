//! Reading a TOML file that people wrote: typed keys with their places, and every fault at once.

use crate::domain::fault::Fault;
use crate::domain::fault::Place;
use crate::domain::fault::suggestion;
use std::cell::RefCell;
use std::ops::Range;
use std::ops::RangeInclusive;
use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

/// Where a key or value stands, so that later checks can still point at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) path: String,
    pub(crate) span: Range<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) key: Key,
}

/// One file and the faults found in it so far.
pub(crate) struct Page<'t> {
    text: &'t str,
    root: Spanned<DeTable<'t>>,
    broken: bool,
    faults: RefCell<Vec<Fault>>,
}

impl<'t> Page<'t> {
    pub(crate) fn read(text: &'t str) -> Page<'t> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (root, errors) = DeTable::parse_recoverable(text);
        let page = Page { text, root, broken: !errors.is_empty(), faults: RefCell::default() };
        for error in errors {
            let key = Key { path: String::new(), span: error.span().unwrap_or(0..0) };
            page.fault(&key, syntax(error.message()));
        }
        page
    }

    pub(crate) fn root(&self) -> Table<'_> {
        Table::new(self, self.root.get_ref(), Key { path: String::new(), span: 0..0 })
    }

    pub(crate) fn fault(&self, key: &Key, message: impl Into<String>) {
        let place = Some(Place::of(self.text, key.span.start));
        self.faults.borrow_mut().push(Fault { file: None, place, key: key.path.clone(), message: message.into() });
    }

    /// Faults of a file that this one names.
    pub(crate) fn faults_of(&self, file: &str, faults: Vec<Fault>) {
        self.faults.borrow_mut().extend(faults.into_iter().map(|fault| fault.in_file(file)));
    }

    /// In the order of the file; a line that is no TOML is named once.
    pub(crate) fn into_faults(self) -> Vec<Fault> {
        let mut faults = self.faults.into_inner();
        let line = |fault: &Fault| fault.place.map(|place| place.line);
        let broken: Vec<_> = faults.iter().filter(|f| f.file.is_none() && f.key.is_empty()).map(line).collect();
        faults.retain(|f| f.file.is_some() || f.key.is_empty() || !(self.broken && broken.contains(&line(f))));
        faults.sort_by_key(|fault| (fault.file.clone(), fault.place));
        faults.dedup();
        faults
    }
}

/// What the parser's commoner complaints are in Chinese.
fn syntax(message: &str) -> String {
    let chinese = match message {
        m if m.contains("duplicate key") => "同一个键写了两次，请去掉一个",
        m if m.contains("string values must be quoted") || m.contains("missing opening quote") => {
            "文字要用英文双引号括起来"
        }
        m if m.contains("missing value") || m.contains("missing assignment") => "「键 = 值」没有写完整",
        m if m.contains("unclosed") || m.contains("missing closing quote") || m.contains("invalid basic string") => {
            "引号或括号没有配对"
        }
        m if m.contains("day") || m.contains("month") || m.contains("hour") || m.contains("minute") => {
            "没有这样的日期或时刻；写法如 2026-08-01 或 2026-08-01T09:00:00，当天 24 点请用 last_day 或 \"2026-11-30T24:00\""
        }
        _ => "这里不合 TOML 的写法",
    };
    format!("{chinese}（{message}）")
}

/// A table of the file. Keys that were never asked for are unknown ones, and [`Table::finish`] says so.
pub(crate) struct Table<'p> {
    pub(crate) page: &'p Page<'p>,
    pub(crate) key: Key,
    table: &'p DeTable<'p>,
    known: RefCell<Vec<&'static str>>,
}

impl<'p> Table<'p> {
    fn new(page: &'p Page<'p>, table: &'p DeTable<'p>, key: Key) -> Table<'p> {
        Table { page, key, table, known: RefCell::default() }
    }

    /// From here on the table goes by its own id.
    pub(crate) fn named(mut self, list: &str, id: &str) -> Table<'p> {
        if !id.is_empty() {
            self.key.path = format!("{list}.{id}");
        }
        self
    }

    /// The place of a key of this table, or of the table where the key is not there.
    pub(crate) fn key_of(&self, name: &str) -> Key {
        let found = self.table.iter().find(|(key, _)| key.get_ref().as_ref() == name);
        Key { path: self.path_of(name), span: found.map_or(self.key.span.clone(), |(key, _)| key.span()) }
    }

    fn path_of(&self, name: &str) -> String {
        if self.key.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.key.path) }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.table.iter().any(|(key, _)| key.get_ref().as_ref() == name)
    }

    pub(crate) fn value(&self, name: &'static str) -> Option<At<&'p DeValue<'p>>> {
        self.known.borrow_mut().push(name);
        let (_, value) = self.table.iter().find(|(key, _)| key.get_ref().as_ref() == name)?;
        Some(At { value: value.get_ref(), key: Key { path: self.path_of(name), span: value.span() } })
    }

    pub(crate) fn missing(&self, name: &str, example: &str) {
        // In a file that is no TOML something may only seem to be missing.
        if !self.page.broken {
            let key = Key { path: self.path_of(name), span: self.key.span.clone() };
            self.page.fault(&key, format!("缺少「{name}」，例如：{example}"));
        }
    }

    fn wrong_type(&self, at: &At<&DeValue<'_>>, wanted: &str) {
        self.page.fault(&at.key, format!("应当是{wanted}，这里写的是{}", type_name(at.value)));
    }

    pub(crate) fn text(&self, name: &'static str) -> Option<At<String>> {
        let at = self.value(name)?;
        self.as_text(&at)
    }

    fn as_text(&self, at: &At<&DeValue<'_>>) -> Option<At<String>> {
        let Some(text) = at.value.as_str() else {
            self.wrong_type(at, "文字（用英文双引号括起来）");
            return None;
        };
        if text.trim().is_empty() {
            self.page.fault(&at.key, "不能是空的");
            return None;
        }
        Some(At { value: text.trim().to_owned(), key: at.key.clone() })
    }

    pub(crate) fn needed_text(&self, name: &'static str, example: &str) -> Option<At<String>> {
        if !self.has(name) {
            self.missing(name, example);
        }
        self.text(name)
    }

    pub(crate) fn texts(&self, name: &'static str) -> Vec<At<String>> {
        self.items(name).iter().filter_map(|at| self.as_text(at)).collect()
    }

    /// The items of a list; a single value may stand for a list of one.
    fn items(&self, name: &'static str) -> Vec<At<&'p DeValue<'p>>> {
        let Some(at) = self.value(name) else { return Vec::new() };
        let Some(list) = at.value.as_array() else { return vec![at] };
        let path = at.key.path;
        list.iter().map(|v| At { value: v.get_ref(), key: Key { path: path.clone(), span: v.span() } }).collect()
    }

    pub(crate) fn whole(&self, name: &'static str, range: RangeInclusive<u32>) -> Option<At<u32>> {
        let at = self.value(name)?;
        self.as_whole(&at, range)
    }

    pub(crate) fn wholes(&self, name: &'static str, range: RangeInclusive<u32>) -> Vec<At<u32>> {
        self.items(name).iter().filter_map(|at| self.as_whole(at, range.clone())).collect()
    }

    fn as_whole(&self, at: &At<&DeValue<'_>>, range: RangeInclusive<u32>) -> Option<At<u32>> {
        let (first, last) = (*range.start(), *range.end());
        let Some(number) = at.value.as_integer() else {
            self.wrong_type(at, &format!(" {first} 到 {last} 的整数"));
            return None;
        };
        let value = i64::from_str_radix(number.as_str(), number.radix()).ok().and_then(|n| u32::try_from(n).ok());
        let Some(value) = value.filter(|n| range.contains(n)) else {
            self.page.fault(&at.key, format!("应当是 {first} 到 {last} 的整数，这里写的是 {}", number.as_str()));
            return None;
        };
        Some(At { value, key: at.key.clone() })
    }

    pub(crate) fn big(&self, name: &'static str) -> Option<u64> {
        let at = self.value(name)?;
        let number = at.value.as_integer().and_then(|n| u64::from_str_radix(n.as_str(), n.radix()).ok());
        if number.is_none() {
            self.wrong_type(&at, "不小于 0 的整数");
        }
        number
    }

    pub(crate) fn yes(&self, name: &'static str) -> Option<At<bool>> {
        let at = self.value(name)?;
        let Some(value) = at.value.as_bool() else {
            self.wrong_type(&at, "true（是）或 false（否）");
            return None;
        };
        Some(At { value, key: at.key })
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(&self, name: &'static str, words: &[(&str, T)]) -> Option<At<T>> {
        let at = self.text(name)?;
        self.as_choice(&at, words)
    }

    pub(crate) fn choices<T: Copy>(&self, name: &'static str, words: &[(&str, T)]) -> Vec<At<T>> {
        self.texts(name).iter().filter_map(|at| self.as_choice(at, words)).collect()
    }

    fn as_choice<T: Copy>(&self, at: &At<String>, words: &[(&str, T)]) -> Option<At<T>> {
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == at.value) {
            return Some(At { value: *value, key: at.key.clone() });
        }
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let hint = suggestion(&at.value, all.iter().copied());
        let stop = if hint.is_empty() { "；" } else { "" };
        self.page.fault(&at.key, format!("不认识「{}」{hint}{stop}可以写：{}", at.value, all.join("、")));
        None
    }

    pub(crate) fn table(&self, name: &'static str) -> Option<Table<'p>> {
        let at = self.value(name)?;
        let Some(table) = at.value.as_table() else {
            self.wrong_type(&at, "一组键值");
            return None;
        };
        Some(Table::new(self.page, table, at.key))
    }

    /// The tables of a list, `[[name]]` or inline, by their number from 1.
    pub(crate) fn tables(&self, name: &'static str) -> Vec<Table<'p>> {
        let mut tables = Vec::new();
        for (place, at) in self.items(name).into_iter().enumerate() {
            let key = Key { path: format!("{}[{}]", at.key.path, place + 1), span: at.key.span.clone() };
            match at.value.as_table() {
                Some(table) => tables.push(Table::new(self.page, table, key)),
                None => self.wrong_type(&at, &format!("一组键值（[[{name}]]）")),
            }
        }
        tables
    }

    /// Keys and whole numbers of a table that may have any keys, in the file's order.
    pub(crate) fn entries(&self, range: RangeInclusive<u32>) -> Vec<At<(String, u32)>> {
        let value_of = |(key, value): (&Spanned<_>, &'p Spanned<DeValue<'p>>)| {
            let name: &std::borrow::Cow<'_, str> = key.get_ref();
            let at = At { value: value.get_ref(), key: Key { path: self.path_of(name), span: value.span() } };
            let number = self.as_whole(&at, range.clone())?;
            Some(At { value: (name.clone().into_owned(), number.value), key: number.key })
        };
        let mut entries: Vec<_> = self.table.iter().filter_map(value_of).collect();
        entries.sort_by_key(|entry| entry.key.span.start);
        entries
    }

    /// A key that a season file may not have, and why.
    pub(crate) fn refuse(&self, name: &str, why: &str) {
        if self.has(name) {
            self.page.fault(&self.key_of(name), why);
        }
    }

    /// Names every key that was not asked for; `refused` ones have had their say.
    pub(crate) fn finish(&self, refused: &[&str]) {
        let known = self.known.borrow();
        for (key, _) in self.table.iter() {
            let name = key.get_ref().as_ref();
            if known.contains(&name) || refused.contains(&name) {
                continue;
            }
            let key = Key { path: self.path_of(name), span: key.span() };
            let hint = suggestion(name, known.iter().copied());
            let hint = if hint.is_empty() { format!("；这里可以写：{}", known.join("、")) } else { hint };
            self.page.fault(&key, format!("不认识的键「{name}」{hint}"));
        }
    }
}

fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "文字",
        DeValue::Integer(_) => "整数",
        DeValue::Float(_) => "小数",
        DeValue::Boolean(_) => "true 或 false",
        DeValue::Datetime(_) => "日期时间",
        DeValue::Array(_) => "列表",
        DeValue::Table(_) => "一组键值",
    }
}
