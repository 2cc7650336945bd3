//! The floor plan of docs/architecture.md, and the few rules of the house that no compiler holds.

use sha2::Digest;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Every module in reading order: it imports only from those above it. A module's folder belongs to the module; a floor's
/// own `mod.rs` stands under the floor's name.
const PLAN: &[&str] = &[
    "domain/time",
    "domain/ids",
    "domain/fault",
    "domain/toml_file",
    "domain/region",
    "domain/question",
    "domain/faults",
    "domain/draft",
    "domain/twins",
    "domain/wording",
    "domain/review",
    "domain/compare",
    "domain/bank",
    "domain/rules",
    "domain/season",
    "domain/staff",
    "domain/fairness",
    "domain/paper",
    "domain/dry_draw",
    "domain/proof",
    "domain/correction",
    "domain/score",
    "domain/attempt",
    "domain/board",
    "domain/cities",
    "domain/statistics",
    "domain",
    "formats/draft",
    "formats/text",
    "formats/columns",
    "formats/toml",
    "formats/csv",
    "formats/aside",
    "formats/import",
    "formats/export",
    "formats",
    "formats/shipped",
    "ledger/entry",
    "ledger/rows",
    "ledger/runs",
    "ledger/store",
    "ledger/columns",
    "ledger/lane",
    "ledger/sqlite",
    "ledger/postgres",
    "ledger/desk",
    "ledger/place",
    "ledger/copy",
    "ledger",
    "contest/clock",
    "contest/keys",
    "contest/banks",
    "contest/round_clock",
    "contest/windows",
    "contest/acts_record",
    "contest/period",
    "contest/roster",
    "contest/refusal",
    "contest/seat",
    "contest/table",
    "contest/scoreboard",
    "contest/rescore",
    "contest/concerned",
    "contest/comings",
    "contest/deadlines",
    "contest/core",
    "contest/play",
    "contest/acted",
    "contest/apply",
    "contest/meet",
    "contest/past",
    "contest/pages",
    "contest/recovery",
    "contest/resume",
    "contest/upkeep",
    "contest/publish",
    "contest/amend",
    "contest/correct",
    "contest/preview",
    "contest/acts",
    "contest/acts_given",
    "contest/look",
    "contest/replay",
    "contest",
    "accounts/names",
    "accounts/tokens",
    "accounts/codes",
    "accounts/register",
    "accounts/roles",
    "accounts/passwords",
    "accounts/totp",
    "accounts/backoff",
    "accounts/staff",
    "accounts",
    "office/audit",
    "office/by",
    "office/refusal",
    "office/powers",
    "office/fresh",
    "office/pictures",
    "office/banks",
    "office/in_season",
    "office/questions",
    "office/bulk",
    "office/publishing",
    "office/sample",
    "office/shelf",
    "office/seasons",
    "office/twins",
    "office/importing",
    "office/statistics",
    "office/notices",
    "office/acts",
    "office/participants",
    "office/reports",
    "office/complaints",
    "office/corrections",
    "office/comings",
    "office/attempt_story",
    "office",
    "transport/problem",
    "transport/wire",
    "transport/line",
    "transport/messages",
    "transport/board_view",
    "transport/packed",
    "transport/season_view",
    "transport/peer",
    "transport/admission",
    "transport/tls",
    "transport/histogram",
    "transport/metrics",
    "transport/missed",
    "transport/notices",
    "transport/pulse",
    "transport/audience",
    "transport/state",
    "transport/requests",
    "transport/errata",
    "transport/me",
    "transport/my_reports",
    "transport/phone",
    "transport/socket",
    "transport/public",
    "transport/pages",
    "transport/door",
    "transport/upgrade",
    "transport/routes",
    "transport/service",
    "transport/rehearsals",
    "transport/desk",
    "transport/serve",
    "transport",
    "files",
    "backup",
    "config",
    "lib",
    "commands/outcome",
    "commands/greeting",
    "commands/serve",
    "commands/place",
    "commands/preview",
    "commands/convert",
    "commands/season",
    "commands/replay",
    "commands/backup",
    "commands/ledger",
    "commands/staff",
    "commands/audit",
    "commands/bank_export",
    "commands/bank",
    "commands/verify",
    "commands/cli",
    "commands/usage",
    "commands",
    "main",
];

/// A longer file is two.
const LINES_MAX: usize = 600;

/// The one place that may ask the machine for time and chance, and what asking looks like.
const CLOCK: &str = "src/contest/clock.rs";
const ASKING: [&str; 6] =
    ["Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now", "rand::rng", "thread_rng"];

/// The floors of rules: nothing in them waits, reads or writes.
const PURE: [&str; 2] = ["src/domain/", "src/formats/"];
const IMPURE: [&str; 6] = ["std::fs", "std::net", "std::env", "tokio", "async fn", ".await"];

/// Migrations that have landed, with the SHA-256 of each: they are never edited, a change is a new one.
const MIGRATIONS: &[(&str, &str)] = &[
    ("migrations/desk/0001_staff.sql", "d798e68d92c47e69fcf98df7c151f42c995a7adecb768471c86420862e177206"),
    ("migrations/desk/0002_banks.sql", "788fc1f5a594c112d949c6af56a38a2cd81a89ec51c6aca1991b0c8df1feaa6e"),
    ("migrations/desk/0004_running.sql", "6fde536aad039237f8e5b62e3c24911fc4dc0ea91f37f06b45b111cc52915f22"),
    ("migrations/desk/0003_seasons.sql", "7c1399a5f2b3449236b3d669abad727a6b880cea9c4871898596f2eb95202481"),
    ("migrations/desk/0005_complaints.sql", "60c456383a48b9480f83b87aa20b518e50d94181b9a4bc948eeeefe9cabfdc8f"),
    ("migrations/postgres/0001_ledger.sql", "eea4d5d5ca3bb4584d234b5fbbb8064baf7691d3d055f2c79454260a74474777"),
    (
        "migrations/postgres/0002_runs_and_chains.sql",
        "90d891ae47c7b73ed01a84e3de804ef1c45b44f766005045aaefb83077c100eb",
    ),
    ("migrations/sqlite/0001_ledger.sql", "4b405f64efa3f6a06a0cb8da558a46f3155a99395e15022144fbe5a70bb8054e"),
    ("migrations/sqlite/0002_runs_and_chains.sql", "8c8388ce44b01e1cb6c7309626a06092e48d4d487ff682267fa5555e2e9b1afc"),
];

#[test]
fn a_module_imports_only_from_those_above_it() {
    let mut found = Vec::new();
    for (path, text) in sources() {
        let Some(own) = place_of_file(&path) else { continue };
        for (line, imported) in imports(&path, &text) {
            match place_of_import(&imported) {
                Some(other) if other <= own => {}
                _ => found.push(format!("{path}:{line} {} imports crate::{imported}", PLAN[own])),
            }
        }
    }
    none(&found);
}

#[test]
fn every_file_is_on_the_floor_plan() {
    let files: Vec<String> = sources().into_iter().map(|(path, _)| path).collect();
    let mut found: Vec<String> = files.iter().filter(|path| place_of_file(path).is_none()).cloned().collect();
    let is_there =
        |module: &str| files.iter().any(|path| place_of_file(path).is_some_and(|place| PLAN[place] == module));
    found.extend(
        PLAN.iter().filter(|module| !is_there(module)).map(|module| format!("{module} is planned and not there")),
    );
    none(&found);
}

#[test]
fn imports_are_one_a_line() {
    none(&lines_with(|_, line| line.trim_start().starts_with("use crate::") && line.contains('{')));
}

#[test]
fn only_the_clock_asks_for_time_and_chance() {
    none(&lines_with(|path, line| path != CLOCK && ASKING.iter().any(|asking| line.contains(asking))));
}

#[test]
fn the_rules_neither_wait_nor_read_nor_write() {
    let is_pure = |path: &str| PURE.iter().any(|floor| path.starts_with(floor));
    none(&lines_with(|path, line| is_pure(path) && IMPURE.iter().any(|impure| line.contains(impure))));
}

#[test]
fn nothing_is_unwrapped_outside_tests() {
    none(&lines_with(|_, line| line.contains(".unwrap()")));
}

#[test]
fn files_are_short_and_say_first_what_they_are_for() {
    let mut found = Vec::new();
    for (path, text) in sources() {
        let lines = text.lines().count();
        if lines > LINES_MAX {
            found.push(format!("{path} has {lines} lines"));
        }
        if !text.starts_with("//!") && !is_test_file(&path) {
            found.push(format!("{path} does not say what it is for"));
        }
    }
    none(&found);
}

#[test]
fn migrations_are_lowercase_open_with_their_reason_and_are_never_edited() {
    let mut found = Vec::new();
    for path in files_below("migrations", "sql") {
        let text = fs::read_to_string(&path).unwrap();
        let sql: String = text.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
        if !text.starts_with("-- ") {
            found.push(format!("{path} does not open with its reason"));
        }
        if sql.chars().any(|c| c.is_ascii_uppercase()) {
            found.push(format!("{path} is not lowercase"));
        }
        let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(&text));
        match MIGRATIONS.iter().find(|(landed, _)| *landed == path) {
            Some((_, landed)) if *landed != digest => found.push(format!("{path} has landed and was edited")),
            Some(_) => {}
            None => found.push(format!("{path} is not listed here with its digest {digest}")),
        }
    }
    none(&found);
}

#[track_caller]
fn none(found: &[String]) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// Lines of the program itself, without tests and comments, that a rule objects to.
fn lines_with(objects: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in sources() {
        for (number, line) in program_lines(&path, &text) {
            if objects(&path, line) {
                found.push(format!("{path}:{number} {}", line.trim()));
            }
        }
    }
    found
}

/// The sources by their path, as `src/domain/time.rs`.
fn sources() -> Vec<(String, String)> {
    files_below("src", "rs").into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

fn files_below(folder: &str, ending: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<PathBuf> = vec![root.join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                files.push(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    files.sort();
    files
}

/// Where a file's module stands in the plan.
fn place_of_file(path: &str) -> Option<usize> {
    let module = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let module = module.strip_suffix("/mod").unwrap_or(module);
    let parts: Vec<&str> = module.split('/').take(2).collect();
    PLAN.iter().position(|planned| *planned == parts.join("/"))
}

/// `domain::season::Season` stands where `domain/season` does, `formats::read_bank` where `formats` does.
fn place_of_import(imported: &str) -> Option<usize> {
    let parts: Vec<&str> = imported.split("::").collect();
    let of = |parts: &[&str]| PLAN.iter().position(|planned| *planned == parts.join("/"));
    parts.get(..2).and_then(of).or_else(|| of(&parts[..1]))
}

/// Every `crate::` path with its line.
fn imports(path: &str, text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in program_lines(path, text) {
        for (at, prefix) in line.match_indices("crate::") {
            // `pub(in crate::domain)` only says who may look.
            if line[..at].ends_with("pub(in ") {
                continue;
            }
            let is_path = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
            let path: String = line[at + prefix.len()..].chars().take_while(|c| is_path(*c)).collect();
            found.push((number, path));
        }
    }
    found
}

fn program_lines<'t>(path: &str, text: &'t str) -> impl Iterator<Item = (usize, &'t str)> {
    let program = if is_test_file(path) { "" } else { text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text) };
    (1..).zip(program.lines()).filter(|(_, line)| !is_comment(line))
}

/// Files that their parents declare under `#[cfg(test)]`.
fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path == "src/formats/shipped.rs"
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// Of two types of one name only one is described, and the calls of the other are described wrongly.
#[test]
fn every_type_that_the_desk_describes_has_a_name_of_its_own() {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, text) in sources().into_iter().filter(|(path, _)| path.starts_with("src/transport/")) {
        let lines: Vec<&str> = text.lines().collect();
        for at in (0..lines.len()).filter(|&at| lines[at].starts_with("#[derive(") && lines[at].contains("ToSchema")) {
            let below = &lines[at + 1..];
            let end = below.iter().position(|line| line.contains("struct ") || line.contains("enum ")).unwrap();
            let renamed = below[..end].iter().find_map(|line| line.split_once("schema(as = "));
            let own = || ["struct ", "enum "].iter().find_map(|word| below[end].split_once(word)).unwrap();
            let (_, name) = renamed.unwrap_or_else(own);
            let name = name.split(|c: char| !c.is_alphanumeric()).next().unwrap().to_owned();
            names.entry(name).or_default().push(path.clone());
        }
    }
    assert!(names.len() > 100, "{}", names.len());
    let twice = names.into_iter().filter(|(_, files)| files.len() > 1);
    none(&twice.map(|(name, files)| format!("{name}: {}", files.join(", "))).collect::<Vec<_>>());
}
