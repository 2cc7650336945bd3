//! Moments and spans, as the ledger stores them: whole milliseconds, never a clock.

use serde::{Deserialize, Serialize};

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// 2100-01-01T00:00:00Z, the latest moment that is told: the close of what never closes.
    pub const MAX: Timestamp = Timestamp(4_102_444_800_000);

    pub fn plus_ms(self, ms: i64) -> Timestamp {
        Timestamp(self.0 + ms)
    }

    /// Milliseconds from `earlier` to here; negative when `earlier` is later.
    pub fn since(self, earlier: Timestamp) -> i64 {
        self.0 - earlier.0
    }
}

/// A civil day in the season's time zone, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(pub i32);

impl Day {
    /// The week that the day lies in, counted from Monday 1969-12-29 as week 0.
    pub fn week(self) -> Week {
        // 1970-01-01 was a Thursday, three days after a Monday.
        Week((self.0 + 3).div_euclid(7))
    }

    /// As [`Day::date`] writes it; `None`: it is no date.
    pub fn read(text: &str) -> Option<Day> {
        let date: jiff::civil::Date = text.parse().ok()?;
        i32::try_from(date.duration_since(jiff::civil::date(1970, 1, 1)).as_hours() / 24).ok().map(Day)
    }

    /// `2026-09-01`, as it is written.
    pub fn date(self) -> jiff::civil::Date {
        jiff::civil::date(1970, 1, 1).saturating_add(jiff::Span::new().days(i64::from(self.0)))
    }
}

/// A civil week, from Monday.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Week(pub i32);

impl Week {
    /// Its Monday.
    pub fn monday(self) -> Day {
        Day(self.0 * 7 - 3)
    }
}

/// The season's time zone, by its IANA name; days and weeks end at its midnight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeZone {
    name: String,
    zone: jiff::tz::TimeZone,
}

impl TimeZone {
    /// # Errors
    /// The name is not one of the IANA time zone database.
    pub fn named(name: &str) -> Result<TimeZone, UnknownTimeZone> {
        match jiff::tz::TimeZone::get(name) {
            Ok(zone) => Ok(TimeZone { name: name.to_owned(), zone }),
            Err(_) => Err(UnknownTimeZone(name.to_owned())),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The civil day in which `at` lies.
    pub fn day(&self, at: Timestamp) -> Day {
        let date = self.civil(at).date();
        let epoch = jiff::civil::date(1970, 1, 1);
        Day((date.duration_since(epoch).as_hours() / 24) as i32)
    }

    /// The moment at which `day` begins.
    pub fn start_of(&self, day: Day) -> Timestamp {
        match day.date().to_zoned(self.zone.clone()) {
            Ok(zoned) => Timestamp(zoned.timestamp().as_millisecond()),
            Err(_) => Timestamp(i64::from(day.0) * 86_400_000),
        }
    }

    /// The moment of a civil time; a time skipped or repeated by a clock change is taken as jiff's "compatible" does.
    pub fn moment(&self, civil: jiff::civil::DateTime) -> Option<Timestamp> {
        civil.to_zoned(self.zone.clone()).ok().map(|z| Timestamp(z.timestamp().as_millisecond()))
    }

    pub fn civil(&self, at: Timestamp) -> jiff::civil::DateTime {
        let instant = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::MAX);
        self.zone.to_datetime(instant)
    }
}

/// [`TimeZone::day`] for very many moments near to each other: the time zone is asked once for each stretch without a clock change.
pub struct Days<'z> {
    zone: &'z TimeZone,
    from: Timestamp,
    until: Timestamp,
    offset_ms: i64,
}

impl Days<'_> {
    pub fn of(zone: &TimeZone) -> Days<'_> {
        Days { zone, from: Timestamp(0), until: Timestamp(0), offset_ms: 0 }
    }

    pub fn day(&mut self, at: Timestamp) -> Day {
        Day(self.civil_ms(at).div_euclid(86_400_000) as i32)
    }

    /// The hour of the day, from 0.
    pub fn hour(&mut self, at: Timestamp) -> u8 {
        (self.civil_ms(at).rem_euclid(86_400_000) / 3_600_000) as u8
    }

    fn civil_ms(&mut self, at: Timestamp) -> i64 {
        if !(self.from..self.until).contains(&at) {
            let instant = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::MAX);
            let change = self.zone.zone.following(instant).next();
            self.from = at;
            self.until = change.map_or(Timestamp(i64::MAX), |change| Timestamp(change.timestamp().as_millisecond()));
            self.offset_ms = i64::from(self.zone.zone.to_offset(instant).seconds()) * 1000;
        }
        at.0 + self.offset_ms
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("没有名为「{0}」的时区")]
pub struct UnknownTimeZone(pub String);

impl TryFrom<String> for TimeZone {
    type Error = UnknownTimeZone;

    fn try_from(name: String) -> Result<TimeZone, UnknownTimeZone> {
        TimeZone::named(&name)
    }
}

impl From<TimeZone> for String {
    fn from(zone: TimeZone) -> String {
        zone.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_in_the_seasons_time_zone() {
        let zone = TimeZone::named("Asia/Shanghai").unwrap();
        // 2026-08-01T00:00:00+08:00
        let midnight = Timestamp(1_785_513_600_000);
        let day = zone.day(midnight);
        assert_eq!(zone.day(midnight.plus_ms(-1)), Day(day.0 - 1));
        assert_eq!(zone.start_of(day), midnight);
    }

    #[test]
    fn the_days_of_many_moments_are_those_of_each() {
        // A clock that went back from a minute past midnight, one that goes by half an hour, one that never does.
        for name in ["America/St_Johns", "Australia/Lord_Howe", "Asia/Shanghai"] {
            let zone = TimeZone::named(name).unwrap();
            let mut days = Days::of(&zone);
            // From 2009 on, every 37 minutes for three years; then back again.
            let moments = (0..42_000).map(|i| Timestamp(1_230_768_000_000 + i * 37 * 60_000));
            for at in moments.clone().chain(moments.rev().step_by(7)) {
                assert_eq!(days.day(at), zone.day(at), "{name} {at:?}");
                assert_eq!(i32::from(days.hour(at)), i32::from(zone.civil(at).hour()), "{name} {at:?}");
            }
        }
    }

    #[test]
    fn a_week_begins_on_monday() {
        let zone = TimeZone::named("Asia/Shanghai").unwrap();
        // 2026-08-03 was a Monday.
        let monday = zone.day(Timestamp(1_785_686_400_000));
        assert_eq!(monday.week(), Day(monday.0 + 6).week());
        assert_eq!(Day(monday.0 - 1).week().0, monday.week().0 - 1);
        assert_eq!(Day(monday.0 + 6).week().monday(), monday);
        assert_eq!(monday.date().to_string(), "2026-08-03");
        assert_eq!((Day::read("2026-08-03"), Day::read("3. August")), (Some(monday), None));
    }

    #[test]
    fn an_unknown_time_zone_is_refused() {
        assert!(TimeZone::named("Asia/Nanning").is_err());
    }
}
