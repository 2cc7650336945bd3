//! The commands, as a shell runs them.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

/// What a command printed and how it ended.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    fn of(output: Output) -> Ran {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kejing"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).env("RUST_LOG", "off");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("KEJING_")) {
        command.env_remove(name);
    }
    command
}

fn run(arguments: &[&str]) -> Ran {
    Ran::of(command(arguments).output().unwrap())
}

/// A server in a process of its own, and what it said first.
struct Started {
    process: Child,
    said: String,
}

fn serve(data: &Path, more: &[&str]) -> Started {
    let base = ["serve", "--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    let mut process = command(&[&base, more].concat()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let said: Vec<String> = lines.map(Result::unwrap).take_while(|line| !line.contains("Ctrl+C")).collect();
    Started { process, said: said.join("\n") }
}

impl Started {
    fn terminate(mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.process.wait().unwrap().code()
    }
}

#[test]
fn help_explains_each_command_in_chinese() {
    let help = run(&["--help"]);
    assert_eq!(help.code, Some(0));
    for name in ["serve", "bank", "season", "replay", "ledger", "verify"] {
        assert!(help.out.contains(name), "{}", help.out);
        assert!(run(&[name, "--help"]).out.contains("用法："));
    }
    assert_eq!(run(&[]).code, Some(2));
}

#[test]
fn a_wrong_flag_or_command_is_named() {
    #[track_caller]
    fn check(arguments: &[&str], named: &str) {
        let ran = run(arguments);
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        assert!(ran.err.contains(named), "{}", ran.err);
    }
    check(&["srve"], "没有命令「srve」，是不是想写「serve」？");
    check(&["serve", "--lisen", "x"], "不认识参数「--lisen」，是不是想写「--listen」？");
    check(&["serve", "--listen", "8080"], "参数 --listen：「8080」不是「地址:端口」");
    check(&["serve", "--database", "postgres://h"], "参数 --database：PostgreSQL 的地址里缺少数据库名");
    check(&["serve", "--config", "nowhere.toml"], "设置文件 nowhere.toml：没有这个文件或文件夹");
    check(&["replay", "--config", "nowhere.toml"], "设置文件 nowhere.toml：没有这个文件或文件夹");
    check(&["replay", "--database", "postgres://h"], "参数 --database：PostgreSQL 的地址里缺少数据库名");
    check(&["ledger", "copy", "--from", "mysql://h/d", "--to", "data"], "参数 --from：应当是数据文件夹");
    check(&["bank", "check", "nowhere"], "读不到 nowhere");
}

#[test]
fn the_shipped_bank_is_sound_and_a_faulty_one_is_told_with_every_place() {
    let sound = run(&["bank", "check", "question-bank/kexue"]);
    assert_eq!((sound.code, sound.err.as_str()), (Some(0), ""));
    assert!(sound.out.contains("480 道题"), "{}", sound.out);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("题.csv");
    fs::write(&file, "编号,题型,题干,选项A,选项B,答案,解析,来源,难度,主题\na,单选题,题干,甲,甲,C,解析,来源,九,主题\n")
        .unwrap();
    let faulty = run(&["bank", "check", file.to_str().unwrap()]);
    assert_eq!(faulty.code, Some(1));
    for place in [":2:5：", ":2:6：", ":2:9："] {
        assert!(faulty.err.contains(&format!("题.csv{place}")), "{}", faulty.err);
    }
}

#[test]
fn a_bank_is_converted_there_and_back_and_what_cannot_be_written_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let bank = "tests/mutated/three.toml";
    for (to, name) in
        [("gift", "a.txt"), ("moodle_xml", "a.xml"), ("qti", "a.zip"), ("json", "a.json"), ("xlsx", "a.xlsx")]
    {
        let there = run(&["bank", "convert", bank, "--to", to, "--out", &place(name)]);
        assert_eq!((there.code, there.err.as_str()), (Some(0), ""), "{to}");
        let back = run(&["bank", "convert", &place(name), "--to", "toml", "--out", &place(&format!("{name}.toml"))]);
        assert_eq!((back.code, back.err.as_str()), (Some(0), ""), "{to}");
        let read = |path: &str| {
            let files = [(path.to_owned(), fs::read(path).unwrap())];
            let (questions, faults) = kejing::formats::read_bank(&files);
            assert_eq!(faults, []);
            questions.into_iter().map(kejing::domain::draft::Draft::of).collect::<Vec<_>>()
        };
        assert_eq!(read(&place(&format!("{name}.toml"))), read(bank), "{to}");
    }

    let again = run(&["bank", "convert", bank, "--to", "gift", "--out", &place("a.txt")]);
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("不会覆盖"), "{}", again.err);
    fs::write(place("b.txt"), "甲？{=1 ~2}\n\n几？{#3}\n").unwrap();
    let part =
        run(&["bank", "convert", &place("b.txt"), "--to", "json", "--out", &place("b.json"), "--difficulty", "1"]);
    assert_eq!(part.code, Some(1));
    assert!(part.err.contains("b.txt:3:4 这是「数字题」") && part.out.contains("1 道题"), "{}{}", part.err, part.out);
    let wrong = run(&["bank", "convert", bank, "--to", "pdf", "--out", &place("c")]);
    assert_eq!(wrong.code, Some(2));
    assert!(!folder.path().join("c").exists());
}

#[test]
fn a_season_is_told_in_sentences_and_a_public_one_owes_more() {
    let told = run(&["season", "check", "seasons/demo.toml"]);
    assert_eq!((told.code, told.err.as_str()), (Some(0), ""));
    assert!(told.out.contains("每日竞赛（daily）"), "{}", told.out);
    let public = run(&["season", "check", "--public", "seasons/demo.toml"]);
    assert_eq!(public.code, Some(1));
    assert!(public.err.contains("about.filings"), "{}", public.err);
}

#[test]
fn a_server_says_where_it_is_stops_cleanly_and_leaves_a_ledger_that_replays() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = serve(&data, &["--qr"]);
    assert!(server.said.contains("http://127.0.0.1:"), "{}", server.said);
    assert!(server.said.contains("--listen 0.0.0.0:"), "{}", server.said);

    let data_text = data.to_str().unwrap();
    let second = run(&["serve", "--data", data_text, "--listen", "127.0.0.1:0"]);
    assert_eq!(second.code, Some(1));
    assert!(second.err.contains("正被另一个科竞进程使用"), "{}", second.err);
    assert_eq!(server.terminate(), Some(0));

    let replayed = run(&["replay", "--data", data_text]);
    assert_eq!((replayed.code, replayed.err.as_str()), (Some(0), ""));
    let lines: Vec<&str> = replayed.out.lines().collect();
    assert!(lines[0].starts_with("entries "), "{}", replayed.out);
    assert_eq!(lines[1..3], ["attempts 0", "participants 0"]);
    assert!(lines[3].starts_with("boards sha256:"), "{}", replayed.out);

    fs::remove_file(data.join("kejing.key")).unwrap();
    let keyless = run(&["serve", "--data", data_text, "--listen", "127.0.0.1:0"]);
    assert_eq!(keyless.code, Some(1));
    assert!(keyless.err.contains("却没有密钥文件"), "{}", keyless.err);
}

#[test]
fn files_that_differ_from_the_ledger_are_refused_until_a_reason_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert_eq!(serve(&data, &[]).terminate(), Some(0));
    let project = env!("CARGO_MANIFEST_DIR");
    let season =
        fs::read_to_string("seasons/demo.toml").unwrap().replace("attempts_per_day = 3", "attempts_per_day = 4");
    let season = season.replace("\"regions/", &format!("\"{project}/seasons/regions/"));
    // The bank's path is part of the canonical season: it stays as it is, and leads to the same bank from the new place.
    std::os::unix::fs::symlink(Path::new(project).join("question-bank"), folder.path().join("question-bank")).unwrap();
    fs::create_dir(folder.path().join("seasons")).unwrap();
    let changed = folder.path().join("seasons/changed.toml");
    fs::write(&changed, season).unwrap();
    let changed = changed.to_str().unwrap();
    let refused = run(&["serve", "--season", changed, "--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("--accept-season-change"), "{}", refused.err);
    assert!(!refused.out.contains("已经开始服务"), "{}", refused.out);
    let accepted = serve(&data, &["--season", changed, "--accept-season-change", "加一次机会"]);
    assert!(accepted.said.contains("已经开始服务"), "{}", accepted.said);
    assert_eq!(accepted.terminate(), Some(0));
}

#[test]
fn anyone_draws_a_paper_again_from_a_published_secret() {
    let vectors: serde_json::Value =
        serde_json::from_str(&fs::read_to_string("tests/vectors/fairness.json").unwrap()).unwrap();
    let period = &vectors["periods"][0];
    let proof = serde_json::json!({
        "season": period["season"], "round": period["round"], "draw_list": period["draw_list"], "blueprint": period["blueprint"],
        "commitments": [{"period": period["period"], "commitment": period["commitment"], "algorithm": vectors["algorithm"]}],
        "secrets": [{"period": period["period"], "secret": period["secret"]}],
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("proof.json");
    fs::write(&file, proof.to_string()).unwrap();
    let (paper, number) = (&period["papers"][0], period["papers"][0]["attempt"].to_string());
    let participant = paper["participant"].as_str().unwrap();
    let asked = ["verify", "--proof", file.to_str().unwrap(), "--participant", participant, "--attempt", &number];
    let verified = run(&asked);
    assert_eq!((verified.code, verified.err.as_str()), (Some(0), ""));
    assert!(verified.out.contains(&format!("seed {}", paper["seed"].as_str().unwrap())), "{}", verified.out);
    for (place, question) in paper["paper"].as_array().unwrap().iter().enumerate() {
        assert!(verified.out.contains(&format!("\n{} {} ", place + 1, question.as_str().unwrap())), "{}", verified.out);
    }

    let mut forged = proof;
    forged["draw_list"][0]["difficulty"] = 4.into();
    fs::write(&file, forged.to_string()).unwrap();
    let refused = run(&asked);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("对不上"), "{}", refused.err);
}

#[test]
fn an_empty_folder_has_practice_keeps_its_season_and_does_not_take_anothers() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let start = || {
        let mut command = command(&["serve", "--data", "data", "--listen", "127.0.0.1:0"]);
        command.current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let served = || {
        let mut process = start().spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let said: Vec<String> = lines.map(Result::unwrap).take_while(|line| !line.contains("Ctrl+C")).collect();
        Started { process, said: said.join("\n") }
    };
    for _ in 0..2 {
        let server = served();
        assert!(server.said.contains("尚未设置赛季"), "{}", server.said);
        assert_eq!(server.terminate(), Some(0));
    }
    let named =
        run(&["serve", "--season", "seasons/demo.toml", "--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert_eq!(named.code, Some(1));
    assert!(named.err.contains("这个账本属于赛季「season-"), "{}", named.err);

    // What was held by a file is not taken for the folder's own.
    fs::remove_dir_all(&data).unwrap();
    assert_eq!(serve(&data, &["--season", "seasons/demo.toml"]).terminate(), Some(0));
    let refused = Ran::of(start().output().unwrap());
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("请用 --season 指定那个文件"), "{}", refused.err);
}
