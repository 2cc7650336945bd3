//! Promises of season files, on the shipped ones and on small ones made wrong in one place.

use crate::domain::season::Season;
use std::path::Path;

/// Reads what a season file in `folder` names.
fn from(folder: &Path) -> impl Fn(&str) -> Result<String, String> {
    let folder = folder.to_owned();
    move |path| std::fs::read_to_string(folder.join(path)).map_err(|error| error.to_string())
}

/// A shipped season file, by its path below `seasons/`.
pub(crate) fn shipped(path: &str) -> Season {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("seasons").join(path);
    let text = std::fs::read_to_string(&file).unwrap();
    Season::read(&text, &from(file.parent().unwrap())).unwrap_or_else(|faults| {
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        panic!("{path}:\n{}", told.join("\n"))
    })
}

/// A small season without fault.
pub(super) const SMALL: &str = r#"id = "small"
name = "小赛季"
opens = 2026-08-01
last_day = 2026-08-31
region = "region"
groups = [{ id = "youth", name = "青少年" }, { id = "other", name = "其他" }]

[[bank]]
id = "kexue"
path = "bank"

[[round]]
id = "warm-up"
name = "热身"
counts = false
[[round.section]]
count = 5
points = 1

[[round]]
id = "daily"
name = "每日竞赛"
question_seconds = 30
attempts_per_day = 3
gate = { round = "warm-up", right = 3 }
groups = ["youth"]
[[round.section]]
kind = "single"
count = 10
points = 10
"#;

pub(super) fn files(path: &str) -> Result<String, String> {
    match path {
        "region" => Ok(include_str!("../../../seasons/regions/guangxi.toml").to_owned()),
        "list.csv" => Ok("名称,市\n甲校,南宁\n".to_owned()),
        _ => Err("没有这个文件".to_owned()),
    }
}

/// [`SMALL`] with `from` changed to `to`, read.
pub(super) fn changed(from: &str, to: &str) -> Result<Season, Vec<String>> {
    assert!(SMALL.contains(from), "{from}");
    Season::read(&SMALL.replacen(from, to, 1), &files)
        .map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

#[test]
fn all_shipped_seasons_and_presets_read_without_fault() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("seasons");
    for folder in ["", "presets/"] {
        let mut names: Vec<String> = std::fs::read_dir(root.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".toml"))
            .collect();
        names.sort();
        assert_eq!(names.len(), if folder.is_empty() { 7 } else { 14 });
        for name in names {
            let season = shipped(&format!("{folder}{name}"));
            assert!(!season.sentences(None).is_empty());
            assert!(folder.is_empty() || !season.not_played.is_empty(), "{name} says what it does not play");
        }
    }
}

#[test]
fn a_season_is_the_same_after_the_ledger() {
    let season = shipped("guangxi-2026.toml");
    let kept = serde_json::to_string(&season).unwrap();
    let back: Season = serde_json::from_str(&kept).unwrap();
    assert_eq!(back, season);
    assert_eq!(serde_json::to_string(&back).unwrap(), kept);
}

#[test]
fn every_fault_has_its_place_and_says_what_would_be_right() {
    let cases = [
        (
            "attempts_per_day",
            "attempts_a_day",
            "第 24 行第 1 列 round.daily.attempts_a_day：不认识的键「attempts_a_day」，是不是想写「attempts_per_day」？",
        ),
        (
            "question_seconds = 30",
            "question_seconds = \"30\"",
            "第 23 行第 20 列 round.daily.question_seconds：应当是 3 到 3600 的整数，这里写的是文字",
        ),
        (
            "question_seconds = 30",
            "question_seconds = 0",
            "第 23 行第 20 列 round.daily.question_seconds：应当是 3 到 3600 的整数，这里写的是 0",
        ),
        ("name = \"小赛季\"", "", "第 1 行第 1 列 name：缺少「name」，例如：name = \"广西公民科学素质网络学习竞赛\""),
        ("name = \"小赛季\"", "name = \" \"", "第 2 行第 8 列 name：不能是空的"),
        (
            "id = \"small\"",
            "id = \"Small Season\"",
            "第 1 行第 6 列 id：id 只能用小写英文字母、数字和短横线，最多 40 个字符，例如 daily",
        ),
        (
            "opens = 2026-08-01",
            "opens = \"2026-02-30\"",
            "第 3 行第 9 列 opens：没有这样的日期或时刻；写法如 2026-08-01、2026-08-01T09:00:00 或 \"2026-11-30T24:00\"",
        ),
        (
            "opens = 2026-08-01",
            "opens = 2026-08-01T00:00:00Z",
            "第 3 行第 9 列 opens：时间按赛季所在时区写，不带时差，例如 2026-08-01T09:00:00",
        ),
        (
            "last_day = 2026-08-31",
            "last_day = 2026-07-31",
            "第 4 行第 12 列 last_day：结束要晚于开始，请检查 opens 和 closes（或 last_day）",
        ),
        (
            "last_day = 2026-08-31",
            "closes = 2026-08-31",
            "第 4 行第 10 列 closes：截止要写到时刻；若当天还能答，写 last_day = 2026-08-31",
        ),
        (
            "last_day = 2026-08-31",
            "closes = 2026-08-31T12:00:00\nlast_day = 2026-08-31",
            "第 5 行第 12 列 last_day：always_open、closes、last_day 三者只能写一个",
        ),
        (
            "attempts_per_day = 3",
            "last_day = 2026-09-01",
            "第 24 行第 12 列 round.daily.last_day：场次要在赛季之内，赛季是 2026年8月1日 0:00 到 2026年8月31日 24:00",
        ),
        (
            "groups = [\"youth\"]",
            "groups = [\"yuoth\"]",
            "第 26 行第 11 列 round.daily.groups：没有 id 是「yuoth」的组别，是不是想写「youth」？",
        ),
        (
            "round = \"warm-up\"",
            "round = \"warmup\"",
            "第 25 行第 18 列 round.daily.gate.round：没有 id 是「warmup」的场次，是不是想写「warm-up」？",
        ),
        (
            "round = \"warm-up\"",
            "round = \"daily\"",
            "第 25 行第 18 列 round.daily.gate.round：热身场要写在前面，不能是自己或后面的场次",
        ),
        (
            "right = 3",
            "right = 6",
            "第 25 行第 37 列 round.daily.gate.right：热身场「warm-up」每份只有 5 题，答对题数不能超过它",
        ),
        ("id = \"daily\"", "id = \"warm-up\"", "第 21 行第 1 列 round.warm-up.id：id「warm-up」前面已经用过，请换一个"),
        ("id = \"other\"", "id = \"youth\"", "第 6 行第 50 列 groups[2].id：id「youth」前面已经用过，请换一个"),
        (
            "question_seconds = 30",
            "bank = \"kexeu\"",
            "第 23 行第 8 列 round.daily.bank：没有 id 是「kexeu」的题库，是不是想写「kexue」？",
        ),
        (
            "kind = \"single\"",
            "kind = \"singel\"",
            "第 28 行第 8 列 round.daily.section[1].kind：不认识「singel」，是不是想写「single」？可以写：true_false、single、multiple",
        ),
        ("points = 10", "", "第 27 行第 1 列 round.daily.section[1].points：缺少「points」，例如：points = 10"),
        (
            "points = 10",
            "points = 10001",
            "第 30 行第 10 列 round.daily.section[1].points：应当是 1 到 10000 的整数，这里写的是 10001",
        ),
        (
            "count = 10",
            "count = 201",
            "第 29 行第 9 列 round.daily.section[1].count：应当是 1 到 200 的整数，这里写的是 201",
        ),
        (
            "points = 10",
            "points = 10\ntopics = [3]",
            "第 31 行第 11 列 round.daily.section[1].topics：应当是文字（用英文双引号括起来），这里写的是整数",
        ),
        ("region = \"region\"", "region = \"nowhere\"", "第 5 行第 10 列 region：读不到文件「nowhere」：没有这个文件"),
        (
            "region = \"region\"",
            "region = \"region\"\norganisations = \"list.csv\"",
            "list.csv 第 2 行第 2 列 市：广西没有「南宁」，是不是想写「南宁市」？",
        ),
        (
            "region = \"region\"",
            "region = \"region\"\ntime_zone = \"Asia/Nanning\"",
            "第 6 行第 13 列 time_zone：没有名为「Asia/Nanning」的时区，例如写 \"Asia/Shanghai\"",
        ),
        (
            "region = \"region\"",
            "region = \"region\"\nshare_attempts = 2",
            "第 6 行第 1 列 share_attempts：微信禁止奖励分享，分享不能换次数或分数，请删去；原赛事有的，写进 not_played",
        ),
        (
            "[[bank]]",
            "[attendance]\nsign_in_points = 1\n[[bank]]",
            "第 9 行第 1 列 attendance.sign_in_points：签到积分和参与率排行须经批准：请写明批准文件 approved_by = \"…\"，没有批准的请删去",
        ),
        (
            "[[bank]]",
            "[cities]\ncomposite = { mean_best = 60 }\n[[bank]]",
            "第 9 行第 13 列 cities.composite：综合指数的权重之和应当是 100（百分比），这里是 60",
        ),
        (
            "[[bank]]",
            "[cities]\ncomposite = { mean_bset = 100 }\n[[bank]]",
            "第 9 行第 27 列 cities.composite.mean_bset：没有名为「mean_bset」的指数，是不是想写「mean_best」？（有：participants、attempts、capped_attempts、per_10k、mean_best、full_marks）",
        ),
        (
            "attempts_per_day = 3",
            "elapsed_floor_ms = 30000",
            "第 24 行第 1 列 round.daily.elapsed_floor_ms：每题最少计的用时要小于每题（或整卷）的时限",
        ),
        (
            "counts = false",
            "threshold = { right = 6, points = 1 }",
            "第 18 行第 1 列 round.warm-up.section[1].points：本场次按答对题数计分（threshold），各题没有分值，请删去 points",
        ),
        (
            "name = \"小赛季\"",
            "name = 小赛季",
            "第 2 行第 8 列：文字要用英文双引号括起来（string values must be quoted, expected literal string）",
        ),
    ];
    let mut wrong = Vec::new();
    for (from, to, told) in cases {
        let faults = changed(from, to).unwrap_err();
        if faults.len() > 2 || !faults.iter().any(|fault| fault == told) {
            wrong.push(format!("{to}\nwanted {told}\nfound {faults:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_the_file() {
    let text = SMALL.replace("opens = 2026-08-01", "opens = \"2026-13-01\"").replace("count = 5", "cuont = 5");
    let text = text.replace("points = 10\n", "points = true\n");
    let faults = Season::read(&text, &files).unwrap_err();
    let keys: Vec<&str> = faults.iter().map(|fault| fault.key.as_str()).collect();
    assert!(keys.contains(&"opens") && keys.contains(&"round.daily.section[1].points"), "{keys:?}");
    let places: Vec<_> = faults.iter().map(|fault| fault.place).collect();
    assert!(places.is_sorted());
}

#[test]
fn faults_that_only_the_whole_shows_are_told_too() {
    let endless = SMALL.replace("opens = 2026-08-01\nlast_day = 2026-08-31", "always_open = true");
    let weekly = SMALL.replace("counts = false", "counts = false\nrepeat = \"week\"");
    let section = "[[round.section]]\nkind = \"single\"\ncount = 10\npoints = 10\n";
    let cases = [
        (
            endless.replace("attempts_per_day = 3", "feedback = \"after_round\""),
            "round.daily.feedback：一直开放的场次没有结束的时候，请改用 after_paper 或 after_each",
        ),
        (weekly, "round.daily.gate.round：每周重来的热身场，只能用于同样每周重来、起止相同的场次"),
        (
            SMALL
                .replace("last_day = 2026-08-31", "last_day = 2036-08-31")
                .replace("groups = [\"youth\"]", "repeat = \"week\""),
            "round：场次太多，最多 300 场（每周重来的，一周算一场）",
        ),
        (SMALL.replace("count = 10", "count = 195"), ""),
        (SMALL.replace("count = 10", "count = 195") + section, "round.daily.section：一份试卷有 205 题，最多 200 题"),
        (
            SMALL.replace("counts = false", "always_open = true"),
            "round.warm-up.always_open：场次要在赛季之内，赛季是 2026年8月1日 0:00 到 2026年8月31日 24:00",
        ),
        (
            SMALL.replace("[[bank]]", "[attendance]\nboards = true\napproved_by = \"某文件\"\n[[bank]]"),
            "attendance.boards：批准文件已注明，但本版本还不计签到积分，也没有参与率排行；请删去，并写进 not_played",
        ),
        (
            SMALL.replace("gate = { round = \"warm-up\", right = 3 }", "gate = 3"),
            "round.daily.gate：应当是一组键值，这里写的是整数",
        ),
        (SMALL[..SMALL.find("[[bank]]").unwrap_or(0)].to_owned(), "round：缺少「round」，例如：[[round]]"),
        (SMALL.replace("path = \"bank\"", ""), "bank[1].path：缺少「path」，例如：path = \"../question-bank/kexue\""),
        (
            SMALL.replace("name = \"热身\"", "name = \"热身\"\nname = \"热\""),
            "：同一个键写了两次，请去掉一个（duplicate key）",
        ),
    ];
    for (text, told) in cases {
        let faults: Vec<String> =
            Season::read(&text, &files).err().into_iter().flatten().map(|fault| fault.to_string()).collect();
        match told {
            "" => assert!(faults.is_empty(), "{faults:#?}"),
            told => assert!(faults.iter().any(|fault| fault.ends_with(told)), "wanted {told}\nfound {faults:#?}"),
        }
    }
}

#[test]
fn a_weekly_gate_leads_to_the_round_of_its_own_week() {
    let text = SMALL.replace("counts = false", "counts = false\nrepeat = \"week\"");
    let season = Season::read(&text.replace("attempts_per_day = 3", "repeat = \"week\""), &files).unwrap();
    let gated = season.rounds.iter().filter_map(|round| Some((round, season.round(round.gate?.round))));
    assert_eq!(gated.clone().count(), 6);
    for (round, gate) in gated {
        assert_eq!((round.opens, round.closes), (gate.opens, gate.closes));
    }
}
