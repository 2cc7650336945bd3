//! A number as a spreadsheet shows it: 20% and not 0.2, a date and not its serial number (ECMA-376 Part 1, 18.8.30 and 18.8.31).

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::civil::date;

/// Excel keeps 15 significant figures and shows ten of a fraction where no format says otherwise.
const KEPT: usize = 15;
const SHOWN: usize = 10;
const WEEKDAYS: [&str; 7] = ["一", "二", "三", "四", "五", "六", "日"];

/// The formats that files name by number alone, as a Chinese system shows them.
pub(super) fn built_in(id: u32) -> Option<&'static str> {
    Some(match id {
        0 => "General",
        1 => "0",
        2 => "0.00",
        3 | 37 | 38 | 41 => "#,##0",
        4 | 39 | 40 | 43 => "#,##0.00",
        9 => "0%",
        10 => "0.00%",
        11 => "0.00E+00",
        14 => "yyyy/m/d",
        15 => "d-mmm-yy",
        16 => "d-mmm",
        17 => "mmm-yy",
        18 => "h:mm AM/PM",
        19 => "h:mm:ss AM/PM",
        20 => "h:mm",
        21 => "h:mm:ss",
        22 => "yyyy/m/d h:mm",
        27 | 36 | 50 | 52 | 57 => "yyyy\"年\"m\"月\"",
        28 | 29 | 51 | 53 | 54 | 58 => "m\"月\"d\"日\"",
        30 => "m-d-yy",
        31 => "yyyy\"年\"m\"月\"d\"日\"",
        32 => "h\"时\"mm\"分\"",
        33 => "h\"时\"mm\"分\"ss\"秒\"",
        34 | 55 => "上午/下午h\"时\"mm\"分\"",
        35 | 56 => "上午/下午h\"时\"mm\"分\"ss\"秒\"",
        45 => "mm:ss",
        46 => "[h]:mm:ss",
        47 => "mm:ss.0",
        49 => "@",
        _ => return None,
    })
}

/// The text, and whether the format is one that is shown here as the spreadsheet does.
pub(super) fn shown(value: f64, format: &str, since_1904: bool) -> (String, bool) {
    let plain = || (general(value), false);
    if !value.is_finite() {
        return plain();
    }
    let sections = sections_of(&format.replace("G/通用格式", "General"));
    let (section, unsigned) = match sections.as_slice() {
        [] => return (general(value), true),
        [only] => (only, false),
        [_, below, ..] if value < 0.0 => (below, true),
        [_, _, zero, ..] if value == 0.0 => (zero, true),
        [above, ..] => (above, false),
    };
    let Some(parts) = parts_of(section) else { return plain() };
    if parts.iter().any(|part| matches!(part, Part::Time(_))) {
        return moment(value, &parts, since_1904).map_or_else(plain, |text| (text, true));
    }
    number(if unsigned { value.abs() } else { value }, &parts).map_or_else(plain, |text| (text, true))
}

/// As typed: 1 and not 1.0, 0.3 and not 0.30000000000000004.
pub(super) fn general(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let (digits, point) = decimal(value);
    let whole = point >= digits.len() as i64;
    if !(-4..=KEPT as i64).contains(&point) {
        // Six figures, rounded from what is written; the exponent is what comes of that.
        let written: f64 = format!("0.{digits}e{point}").parse().unwrap_or(value.abs());
        let rounded = format!("{written:.5e}");
        let (figures, exponent) = rounded.split_once('e').unwrap_or((&rounded, "0"));
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}{}E{:+03}", trimmed(figures.to_owned()), exponent.parse::<i64>().unwrap_or(point - 1));
    }
    if whole { fixed(value, 0) } else { trimmed(fixed(value, (SHOWN as i64 - point.max(0)).clamp(0, 14) as usize)) }
}

fn trimmed(text: String) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Significant figures without zeros at their end, and how many of them stand before the point.
fn decimal(value: f64) -> (String, i64) {
    let written = format!("{:.*e}", KEPT - 1, value.abs());
    let (figures, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let digits: String = figures.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_end_matches('0').to_owned();
    match digits.is_empty() {
        true => ("0".to_owned(), 1),
        false => (digits, exponent.parse::<i64>().unwrap_or(0) + 1),
    }
}

/// With so many decimals, halves rounded away from zero by what is written and not by what is stored.
fn fixed(value: f64, decimals: usize) -> String {
    let (digits, point) = decimal(value);
    let keep = point + decimals as i64;
    let mut figures: Vec<u8> = digits.bytes().map(|b| b - b'0').collect();
    let mut point = point;
    if keep < 0 {
        figures.clear();
    } else if (keep as usize) < figures.len() {
        let up = figures[keep as usize] >= 5;
        figures.truncate(keep as usize);
        if up {
            let mut at = figures.len();
            loop {
                if at == 0 {
                    figures.insert(0, 1);
                    point += 1;
                    break;
                }
                at -= 1;
                if figures[at] == 9 {
                    figures[at] = 0;
                } else {
                    figures[at] += 1;
                    break;
                }
            }
        }
    }
    let figure = |place: i64| {
        usize::try_from(place)
            .ok()
            .and_then(|place| figures.get(place))
            .map_or('0', |&figure| char::from(b'0' + figure))
    };
    let mut out: String = (0..point.max(0)).map(figure).collect();
    if out.is_empty() {
        out.push('0');
    }
    if decimals > 0 {
        out.push('.');
        out.extend((point..point + decimals as i64).map(figure));
    }
    let is_zero = out.chars().all(|c| matches!(c, '0' | '.'));
    if value < 0.0 && !is_zero { format!("-{out}") } else { out }
}

/// A format's sections for more than zero, less, zero and text.
fn sections_of(format: &str) -> Vec<String> {
    let mut sections = vec![String::new()];
    let mut chars = format.chars();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match c {
            ';' if !quoted => {
                sections.push(String::new());
                continue;
            }
            '"' => quoted = !quoted,
            '\\' if !quoted => {
                push(&mut sections, c);
                if let Some(next) = chars.next() {
                    push(&mut sections, next);
                }
                continue;
            }
            _ => {}
        }
        push(&mut sections, c);
    }
    if sections.len() == 1 && (sections[0].is_empty() || sections[0].eq_ignore_ascii_case("general")) {
        sections.clear();
    }
    sections
}

fn push(sections: &mut [String], c: char) {
    if let Some(last) = sections.last_mut() {
        last.push(c);
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    /// `0`, `#` or `?`
    Figure(char),
    Point,
    Comma,
    Percent,
    Exponent,
    General,
    /// The same letter so often: y, m, d, h, s, a (星期), H M S for elapsed ones, `p` for 上午 and 下午, `P` for AM and PM, `0` for parts of a second.
    Time((char, usize)),
}

/// `None`: it says something that is not known here.
fn parts_of(section: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let chars: Vec<char> = section.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        let run = chars[at..].iter().take_while(|other| other.eq_ignore_ascii_case(&c)).count();
        let rest: String = chars[at..].iter().take(7).collect();
        let mut step = 1;
        match c {
            '"' => {
                let end = chars[at + 1..].iter().position(|&c| c == '"')? + at + 1;
                parts.push(Part::Text(chars[at + 1..end].iter().collect()));
                step = end + 1 - at;
            }
            '\\' => {
                parts.push(Part::Text(chars.get(at + 1)?.to_string()));
                step = 2;
            }
            '_' | '*' => step = 2,
            '[' => {
                let end = chars[at..].iter().position(|&c| c == ']')? + at;
                let inner: String = chars[at + 1..end].iter().collect::<String>().to_lowercase();
                let count = inner.chars().count();
                match inner.chars().next()? {
                    first @ ('h' | 'm' | 's') if inner.chars().all(|c| c == first) => {
                        parts.push(Part::Time((first.to_ascii_uppercase(), count)));
                    }
                    '$' => {
                        let sign: String = inner[1..].chars().take_while(|&c| c != '-').collect();
                        parts.push(Part::Text(sign));
                    }
                    '<' | '>' | '=' => return None,
                    _ if inner.starts_with("dbnum") => return None,
                    // A colour.
                    _ => {}
                }
                step = end + 1 - at;
            }
            'G' | 'g' if rest.eq_ignore_ascii_case("general") => {
                parts.push(Part::General);
                step = 7;
            }
            '上' if rest.starts_with("上午/下午") => {
                parts.push(Part::Time(('p', 1)));
                step = 5;
            }
            'A' | 'a' if rest.to_ascii_uppercase().starts_with("AM/PM") => {
                parts.push(Part::Time(('P', 1)));
                step = 5;
            }
            'a' | 'A' if run >= 3 => {
                parts.push(Part::Time(('a', run)));
                step = run;
            }
            'y' | 'Y' | 'm' | 'M' | 'd' | 'D' | 'h' | 'H' | 's' | 'S' => {
                parts.push(Part::Time((c.to_ascii_lowercase(), run)));
                step = run;
            }
            '0' if matches!(parts.as_slice(), [.., Part::Time(('s', _)), Part::Point]) => {
                parts.pop();
                parts.push(Part::Time(('0', run)));
                step = run;
            }
            '0' | '#' | '?' => parts.push(Part::Figure(c)),
            '.' => parts.push(Part::Point),
            ',' => parts.push(Part::Comma),
            '%' => parts.push(Part::Percent),
            'E' | 'e' if matches!(chars.get(at + 1), Some('+' | '-')) => {
                parts.push(Part::Exponent);
                step = 2;
            }
            '/' if parts.iter().any(|part| matches!(part, Part::Figure(_))) => return None,
            '@' => parts.push(Part::General),
            c if c.is_ascii_alphabetic() => return None,
            c => parts.push(Part::Text(c.to_string())),
        }
        at += step;
    }
    Some(parts)
}

fn number(value: f64, parts: &[Part]) -> Option<String> {
    let is_figure = |part: &Part| matches!(part, Part::Figure(_));
    let Some(last) = parts.iter().rposition(is_figure) else {
        let mut out = String::new();
        for part in parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::General => out.push_str(&general(value)),
                Part::Percent => out.push('%'),
                _ => return None,
            }
        }
        return Some(out);
    };
    let first = parts.iter().position(is_figure)?;
    let exponent = parts.iter().position(|part| *part == Part::Exponent);
    let point = parts.iter().position(|part| *part == Part::Point);
    let end = exponent.unwrap_or(last + 1);
    let percents = parts.iter().filter(|part| **part == Part::Percent).count() as i32;
    let thousands = parts[last + 1..].iter().take_while(|part| **part == Part::Comma).count() as i32;
    let grouped = parts[first..end].contains(&Part::Comma);
    let decimals_of = |from: usize| parts[from..end].iter().filter(|part| is_figure(part)).count();
    let decimals = point.filter(|&point| point < end).map_or(0, decimals_of);
    let sure = point
        .filter(|&point| point < end)
        .map_or(0, |from| parts[from..end].iter().filter(|part| **part == Part::Figure('0')).count());
    let before =
        parts[first..point.unwrap_or(end).clamp(first, end)].iter().filter(|part| **part == Part::Figure('0')).count();

    let mut value = value * 100f64.powi(percents) / 1000f64.powi(thousands);
    let mut power = 0i32;
    if exponent.is_some() {
        if value != 0.0 {
            power = i32::try_from(decimal(value).1).ok()? - 1;
            value /= 10f64.powi(power);
        }
        if before > 1 {
            return None;
        }
    }
    let text = fixed(value.abs(), decimals);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut fraction = fraction.to_owned();
    while fraction.len() > sure && fraction.ends_with('0') {
        fraction.pop();
    }
    let mut whole = if before == 0 && whole == "0" { String::new() } else { whole.to_owned() };
    while whole.len() < before {
        whole.insert(0, '0');
    }
    if grouped {
        let mut at = whole.len() as i64 - 3;
        while at > 0 {
            whole.insert(at as usize, ',');
            at -= 3;
        }
    }
    let mut out = String::new();
    if value < 0.0 && text.chars().any(|c| c.is_ascii_digit() && c != '0') {
        out.push('-');
    }
    for part in &parts[..first.min(point.unwrap_or(first))] {
        if let Part::Text(text) = part {
            out.push_str(text);
        }
    }
    out.push_str(&whole);
    if point.is_some_and(|point| point < end) && !(fraction.is_empty() && sure == 0 && decimals > 0) {
        out.push('.');
    }
    out.push_str(&fraction);
    if exponent.is_some() {
        out.push_str(&format!("E{power:+03}"));
    }
    for part in &parts[last + 1..] {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Percent => out.push('%'),
            Part::Comma => {}
            _ => return None,
        }
    }
    Some(out)
}

fn day_of(serial: i64, since_1904: bool) -> Option<Date> {
    // The year 1900 of spreadsheets has a 29 February.
    let first = match (since_1904, serial) {
        (true, _) => date(1904, 1, 1),
        (false, 60) => return None,
        (false, ..60) => date(1899, 12, 31),
        (false, _) => date(1899, 12, 30),
    };
    first.checked_add(serial.days()).ok()
}

fn moment(value: f64, parts: &[Part], since_1904: bool) -> Option<String> {
    // Up to the end of the year 9999.
    if !(0.0..2_958_466.0).contains(&value) {
        return None;
    }
    let decimals = parts.iter().find_map(|part| if let Part::Time(('0', n)) = part { Some(*n) } else { None });
    let unit = 10i64.pow(decimals.unwrap_or(0).min(3) as u32);
    let ticks = (value * 86_400.0 * unit as f64).round() as i64;
    let (seconds, part_of_second) = (ticks / unit, ticks % unit);
    let names_a_day = parts.iter().enumerate().any(|(at, part)| match part {
        Part::Time(('y' | 'd' | 'a', _)) => true,
        Part::Time(('m', _)) => !is_minute(parts, at),
        _ => false,
    });
    let day = match day_of(seconds / 86_400, since_1904) {
        Some(day) => day,
        None if !names_a_day => date(1900, 1, 1),
        None => return None,
    };
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let halved = parts.iter().any(|part| matches!(part, Part::Time(('p' | 'P', _))));
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        let padded = |value: i64, width: usize| format!("{value:0width$}", width = width.min(2));
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Point => out.push('.'),
            Part::Comma => out.push(','),
            Part::Time((letter, count)) => out.push_str(&match letter {
                'y' if *count <= 2 => format!("{:02}", day.year() % 100),
                'y' => format!("{:04}", day.year()),
                'm' if is_minute(parts, at) => padded(minute, *count),
                'm' if *count >= 3 => day.strftime(if *count == 3 { "%b" } else { "%B" }).to_string(),
                'm' => padded(i64::from(day.month()), *count),
                'd' if *count >= 3 => day.strftime(if *count == 3 { "%a" } else { "%A" }).to_string(),
                'd' => padded(i64::from(day.day()), *count),
                'a' => {
                    let weekday = WEEKDAYS[day.weekday().to_monday_zero_offset() as usize];
                    if *count == 3 { weekday.to_owned() } else { format!("星期{weekday}") }
                }
                'h' if halved => padded((hour + 11) % 12 + 1, *count),
                'h' => padded(hour, *count),
                's' => padded(second, *count),
                '0' => format!(".{part_of_second:0width$}", width = (*count).min(3)),
                'H' => padded(seconds / 3600, *count),
                'M' => padded(seconds / 60, *count),
                'S' => padded(seconds, *count),
                'p' => if hour < 12 { "上午" } else { "下午" }.to_owned(),
                _ => if hour < 12 { "AM" } else { "PM" }.to_owned(),
            }),
            _ => return None,
        }
    }
    Some(out)
}

/// `m` is minutes after hours or before seconds, else months.
fn is_minute(parts: &[Part], at: usize) -> bool {
    let time = |part: &Part| if let Part::Time((letter, _)) = part { Some(*letter) } else { None };
    let before = parts[..at].iter().rev().find_map(time);
    let after = parts[at + 1..].iter().find_map(time);
    matches!(before, Some('h' | 'H')) || matches!(after, Some('s' | 'S'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: f64, format: &str, expected: &str) {
        assert_eq!(shown(value, format, false), (expected.to_owned(), true), "{format}");
    }

    #[test]
    fn numbers_are_shown_as_the_spreadsheet_shows_them() {
        check(1.0, "General", "1");
        check(0.1 + 0.2, "General", "0.3");
        check(-3.5, "", "-3.5");
        check(std::f64::consts::PI, "General", "3.141592654");
        check(123_456_789_012.0, "General", "123456789012");
        check(1e20, "General", "1E+20");
        // Rounded as a spreadsheet rounds them, and not cut.
        check(1.999999e20, "General", "2E+20");
        check(9_999_999_990_000_000.0, "General", "1E+16");
        check(12_345_678_901_234_567_890.0, "General", "1.23457E+19");
        check(-0.000001234567, "General", "-1.23457E-06");
        check(0.2, "0%", "20%");
        check(0.285, "0%", "29%");
        check(0.125, "0.0%", "12.5%");
        check(1.005, "0.00", "1.01");
        check(9.995, "0.00", "10.00");
        check(1_234_567.891, "#,##0.00", "1,234,567.89");
        check(-1_234.0, "#,##0;(#,##0)", "(1,234)");
        check(-0.4, "0", "0");
        check(5.0, "000", "005");
        check(0.5, "#.##", ".5");
        check(12_345.0, "0.00E+00", "1.23E+04");
        check(36.5, "0.0\"℃\"", "36.5℃");
        check(9.9, "¥0.00", "¥9.90");
        check(7.0, "[Red]0_);[$¥-804]0", "7");
        check(7.0, "G/通用格式", "7");
    }

    #[test]
    fn moments_are_shown_as_the_spreadsheet_shows_them() {
        check(45_292.0, "yyyy/m/d", "2024/1/1");
        check(45_292.0, "yyyy\"年\"m\"月\"d\"日\"", "2024年1月1日");
        check(45_292.0, "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", "Monday, January 01, 2024");
        check(45_292.5, "yyyy-mm-dd hh:mm:ss", "2024-01-01 12:00:00");
        check(45_292.75, "h:mm AM/PM", "6:00 PM");
        check(45_292.75, "上午/下午h\"时\"mm\"分\"", "下午6时00分");
        check(45_292.0, "aaaa", "星期一");
        check(1.5, "[h]:mm", "36:00");
        check(0.000_5, "mm:ss", "00:43");
        check(1.0, "yyyy/m/d", "1900/1/1");
        assert_eq!(shown(0.0, "yyyy/m/d", true).0, "1904/1/1");
    }

    #[test]
    fn a_format_that_is_not_known_leaves_the_number_and_says_so() {
        for format in ["# ?/?", "[DBNum1]0", "[>100]0;0", "[$-804]\"", "X0"] {
            assert_eq!(shown(0.5, format, false), ("0.5".to_owned(), false), "{format}");
        }
        assert_eq!(shown(-1.0, "yyyy/m/d", false), ("-1".to_owned(), false));
        assert_eq!(shown(60.0, "yyyy/m/d", false), ("60".to_owned(), false));
        assert!(!shown(f64::NAN, "0", false).1);
    }
}
