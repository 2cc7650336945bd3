//! What a process has used, from /proc: CPU time and memory.

use std::fs;

use anyhow::Context;
use serde::Serialize;

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Usage {
    pub cpu_us: u64,
    pub rss_bytes: u64,
    pub rss_anon_bytes: u64,
}

pub(crate) fn usage(pid: u32) -> anyhow::Result<Usage> {
    let read = |file: &str| {
        let path = format!("/proc/{pid}/{file}");
        fs::read_to_string(&path).with_context(|| format!("reading {path}"))
    };
    let cpu_us = cpu_us(&read("stat")?, rustix::param::clock_ticks_per_second()).context("reading the CPU time")?;
    let status = read("status")?;
    Ok(Usage { cpu_us, rss_bytes: kib(&status, "VmRSS:") * 1024, rss_anon_bytes: kib(&status, "RssAnon:") * 1024 })
}

/// The command's name may hold spaces and brackets, so fields are counted from its end: utime and stime are the 14th and 15th.
fn cpu_us(stat: &str, ticks_per_second: u64) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) * 1_000_000 / ticks_per_second.max(1))
}

fn kib(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|l| l.strip_prefix(name));
    line.and_then(|l| l.split_whitespace().next()).and_then(|n| n.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_any_name() {
        let stat = "12 (a) b) c) S 1 1 1 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 3 0 100 1 1 1";
        assert_eq!(cpu_us(stat, 100), Some(2_000_000));
    }

    #[test]
    fn this_process_has_memory() {
        let mine = usage(std::process::id()).unwrap();
        assert!(mine.rss_bytes > 100_000 && mine.rss_anon_bytes < mine.rss_bytes);
    }
}
