//! Civil times of a season file: windows that open and close in the season's time zone.

use crate::domain::season::Season;
use crate::domain::time::TimeZone;
use crate::domain::time::Timestamp;
use crate::domain::toml_file::At;
use crate::domain::toml_file::Key;
use crate::domain::toml_file::Table;
use jiff::civil::Date;
use jiff::civil::DateTime;
use toml::de::DeValue;
use toml::value::Datetime;

pub(super) const DEFAULT_ZONE: &str = "Asia/Shanghai";

#[derive(Clone, Debug)]
pub(super) struct Window {
    pub(super) opens: At<Timestamp>,
    /// Exclusive; [`Timestamp::MAX`]: always open.
    pub(super) closes: At<Timestamp>,
}

pub(super) fn zone(root: &Table<'_>) -> TimeZone {
    let named = root.text("time_zone");
    let name = named.as_ref().map_or(DEFAULT_ZONE, |at| at.value.as_str());
    match TimeZone::named(name) {
        Ok(zone) => zone,
        Err(error) => {
            if let Some(at) = named {
                root.page.fault(&at.key, format!("{error}，例如写 \"{DEFAULT_ZONE}\""));
            }
            utc()
        }
    }
}

/// Stands in for a zone that was already found at fault.
fn utc() -> TimeZone {
    TimeZone::named("UTC").unwrap_or_else(|_| unreachable!("the bundled time zone database has UTC"))
}

/// The window of the season itself.
pub(super) fn of_season(root: &Table<'_>, zone: &TimeZone) -> Window {
    let always = root.yes("always_open").is_some_and(|at| at.value);
    let opens = opening(root, zone);
    let closes = closing(root, zone, always);
    if !always {
        if opens.is_none() && !root.has("opens") {
            root.missing("opens", "opens = 2026-08-01（一直开放的写 always_open = true）");
        }
        if closes.is_none() && !root.has("closes") && !root.has("last_day") {
            root.missing("last_day", "last_day = 2026-11-30（一直开放的写 always_open = true）");
        }
    }
    let at = |value| At { value, key: root.key.clone() };
    let window = Window { opens: opens.unwrap_or(at(Timestamp(0))), closes: closes.unwrap_or(at(Timestamp::MAX)) };
    refuse_backwards(root, &window);
    window
}

/// A round's window: the season's, where it says nothing else, and within it.
pub(super) fn of_round(table: &Table<'_>, zone: &TimeZone, season: &Window) -> Window {
    let always = table.yes("always_open").is_some_and(|at| at.value);
    let inherit = |at: &At<Timestamp>| At { value: at.value, key: table.key.clone() };
    let window = Window {
        opens: opening(table, zone).unwrap_or_else(|| inherit(&season.opens)),
        closes: closing(table, zone, always).unwrap_or_else(|| inherit(&season.closes)),
    };
    let season_backwards = season.closes.value <= season.opens.value;
    if season_backwards || refuse_backwards(table, &window) {
        return window;
    }
    let within = |at: Timestamp| season.opens.value <= at && at <= season.closes.value;
    for at in [&window.opens, &window.closes] {
        if !within(at.value) {
            let told = format!("场次要在赛季之内，赛季是 {}", span(zone, season));
            table.page.fault(&at.key, told);
        }
    }
    window
}

fn refuse_backwards(table: &Table<'_>, window: &Window) -> bool {
    let backwards = window.closes.value <= window.opens.value;
    if backwards {
        table.page.fault(&window.closes.key, "结束要晚于开始，请检查 opens 和 closes（或 last_day）");
    }
    backwards
}

fn opening(table: &Table<'_>, zone: &TimeZone) -> Option<At<Timestamp>> {
    let at = table.value("opens")?;
    let civil = civil(table, &at)?;
    place(table, zone, &at.key, civil.when)
}

fn closing(table: &Table<'_>, zone: &TimeZone, always: bool) -> Option<At<Timestamp>> {
    let (closes, last_day) = (table.value("closes"), table.value("last_day"));
    if let (Some(_), Some(at)) | (None, Some(at)) | (Some(at), None) = (&closes, &last_day)
        && (always || (closes.is_some() && last_day.is_some()))
    {
        table.page.fault(&at.key, "always_open、closes、last_day 三者只能写一个");
        return None;
    }
    if always {
        return Some(At { value: Timestamp::MAX, key: table.key_of("always_open") });
    }
    if let Some(at) = closes {
        let civil = civil(table, &at)?;
        if civil.date_only {
            let day = civil.when.date();
            table.page.fault(&at.key, format!("截止要写到时刻；若当天还能答，写 last_day = {day}"));
            return None;
        }
        return place(table, zone, &at.key, civil.when);
    }
    let at = last_day?;
    let civil = civil(table, &at)?;
    if !civil.date_only {
        table.page.fault(&at.key, "last_day 只写日期，例如 last_day = 2026-11-30；写到时刻请用 closes");
        return None;
    }
    place(table, zone, &at.key, after_midnight(civil.when.date())?)
}

struct Civil {
    when: DateTime,
    date_only: bool,
}

/// A TOML date or time, or a text such as `2026-11-30T24:00`, which TOML has no way to say.
fn civil(table: &Table<'_>, at: &At<&DeValue<'_>>) -> Option<Civil> {
    let found = match at.value {
        DeValue::Datetime(datetime) if datetime.offset.is_some() => {
            table.page.fault(&at.key, "时间按赛季所在时区写，不带时差，例如 2026-08-01T09:00:00");
            return None;
        }
        DeValue::Datetime(datetime) => of_toml(datetime),
        DeValue::String(text) => of_text(text),
        _ => None,
    };
    if found.is_none() {
        table
            .page
            .fault(&at.key, "没有这样的日期或时刻；写法如 2026-08-01、2026-08-01T09:00:00 或 \"2026-11-30T24:00\"");
    }
    found
}

fn of_toml(datetime: &Datetime) -> Option<Civil> {
    let date = datetime.date?;
    let date = Date::new(i16::try_from(date.year).ok()?, date.month as i8, date.day as i8).ok()?;
    let Some(time) = datetime.time else {
        return Some(Civil { when: date.at(0, 0, 0, 0), date_only: true });
    };
    let time = jiff::civil::Time::new(time.hour as i8, time.minute as i8, time.second.unwrap_or(0) as i8, 0).ok()?;
    Some(Civil { when: date.to_datetime(time), date_only: false })
}

fn of_text(text: &str) -> Option<Civil> {
    let text = text.trim();
    let (day, time) = match text.split_once(['T', ' ']) {
        Some((day, time)) => (day, Some(time.trim())),
        None => (text, None),
    };
    let date: Date = day.parse().ok()?;
    let when = match time {
        None => date.at(0, 0, 0, 0),
        Some("24:00" | "24:00:00") => after_midnight(date)?,
        Some(time) => date.to_datetime(time.parse().ok()?),
    };
    Some(Civil { when, date_only: time.is_none() })
}

fn after_midnight(date: Date) -> Option<DateTime> {
    Some(date.tomorrow().ok()?.at(0, 0, 0, 0))
}

/// The moment of a civil time; one that a clock change skips does not exist.
fn place(table: &Table<'_>, zone: &TimeZone, key: &Key, civil: DateTime) -> Option<At<Timestamp>> {
    match zone.moment(civil).filter(|&moment| zone.civil(moment) == civil) {
        Some(value) if (Timestamp(0)..Timestamp::MAX).contains(&value) => Some(At { value, key: key.clone() }),
        Some(_) => {
            table.page.fault(key, "年份要在 1970 到 2099 之间；不结束的写 always_open = true");
            None
        }
        None => {
            table
                .page
                .fault(key, format!("时区 {} 没有这个时刻（当时钟表拨快，跳过了它），请改成前后的时刻", zone.name()));
            None
        }
    }
}

/// `2026年8月1日 0:00`; as an end, midnight is told as 24:00 of the day before.
pub(super) fn told(zone: &TimeZone, at: Timestamp, as_end: bool) -> String {
    let civil = zone.civil(at);
    let midnight = civil.hour() == 0 && civil.minute() == 0 && civil.second() == 0;
    if as_end && midnight {
        let day = zone.civil(at.plus_ms(-1));
        return format!("{} 24:00", date(day.date()));
    }
    let seconds = if civil.second() == 0 { String::new() } else { format!(":{:02}", civil.second()) };
    format!("{} {}:{:02}{seconds}", date(civil.date()), civil.hour(), civil.minute())
}

pub(super) fn date(date: Date) -> String {
    format!("{}年{}月{}日", date.year(), date.month(), date.day())
}

fn span(zone: &TimeZone, window: &Window) -> String {
    if window.closes.value == Timestamp::MAX {
        return format!("{} 起一直开放", told(zone, window.opens.value, false));
    }
    format!("{} 到 {}", told(zone, window.opens.value, false), told(zone, window.closes.value, true))
}

impl Season {
    /// `2026年8月1日 0:00`, in the season's time zone.
    pub fn told_moment(&self, at: Timestamp) -> String {
        told(&self.time_zone, at, false)
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::season::Season;
    use crate::domain::season::tests::SMALL;
    use crate::domain::season::tests::changed;
    use crate::domain::season::tests::files;
    use crate::domain::time::Timestamp;

    /// 2026-08-31T24:00:00+08:00
    const END: Timestamp = Timestamp(1_788_192_000_000);

    #[test]
    fn the_last_day_is_inclusive_and_ends_at_midnight() {
        for closes in ["last_day = 2026-08-31", "closes = \"2026-08-31T24:00\"", "closes = 2026-09-01T00:00:00"] {
            assert_eq!(changed("last_day = 2026-08-31", closes).unwrap().closes, END, "{closes}");
        }
        assert_eq!(
            changed("2026-08-01", "\"2026-08-01 09:30\"").unwrap().opens,
            Timestamp(1_785_513_600_000 + 34_200_000)
        );
    }

    #[test]
    fn a_time_that_the_clocks_skip_does_not_exist() {
        let text = SMALL.replace("opens = 2026-08-01", "opens = 2026-03-08T02:30:00\ntime_zone = \"America/New_York\"");
        let faults = Season::read(&text, &files).unwrap_err();
        assert_eq!(
            faults[0].to_string(),
            "第 3 行第 9 列 opens：时区 America/New_York 没有这个时刻（当时钟表拨快，跳过了它），请改成前后的时刻"
        );
    }

    #[test]
    fn a_date_that_no_calendar_has_is_told_in_chinese() {
        let faults = changed("opens = 2026-08-01", "opens = 2026-02-30").unwrap_err();
        assert!(faults[0].starts_with("第 3 行第 9 列：没有这样的日期或时刻"), "{faults:#?}");
        assert_eq!(faults.len(), 1, "{faults:#?}");
    }

    #[test]
    fn a_year_beyond_the_ledgers_is_refused() {
        let faults = changed("last_day = 2026-08-31", "last_day = 2100-08-31").unwrap_err();
        assert_eq!(faults, ["第 4 行第 12 列 last_day：年份要在 1970 到 2099 之间；不结束的写 always_open = true"]);
    }

    #[test]
    fn an_always_open_season_never_closes() {
        let text = SMALL.replace("opens = 2026-08-01\nlast_day = 2026-08-31", "always_open = true");
        let season = Season::read(&text, &files).unwrap();
        assert_eq!((season.opens, season.closes), (Timestamp(0), Timestamp::MAX));
        assert!(season.rounds.iter().all(|round| round.closes == Timestamp::MAX));
    }
}
