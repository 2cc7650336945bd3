//! The flags, parsed once into structs that nothing changes afterwards.

mod measuring;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{bail, ensure};
use clap::{Args, Parser, Subcommand};

use crate::scoring::{Scoring, TallyRule};

pub(crate) use measuring::{BurstArgs, DriveArgs, FillArgs, OverloadArgs, RestartArgs, SeatArgs, TellArgs};

/// A process here may open 20,000 files; the rest are HTTP connections, spectators, second devices and logs.
pub(crate) const CONNECTIONS_MAX: usize = 19_000;

#[derive(Parser)]
#[command(version, about = "Plays, checks and measures a Kejing server over its wire, kejing.v1")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Play whole papers, check everything the server says, measure. Exit 1 on any disagreement
    Play(Box<PlayArgs>),
    /// Seat participants in mid-attempt, in steps, and print the server's memory for each
    Sit(SitArgs),
    /// A tuned axum echo server: the reference for what an answer may cost
    Echo(EchoArgs),
    /// Play papers with next to no work a message, against a contest or an echo, and report what it costs
    Drive(DriveArgs),
    /// Twice the load that the server bears, and the time after
    Overload(OverloadArgs),
    /// So many phones say hello and start within so many seconds
    Burst(BurstArgs),
    /// One message to everyone who is seated
    Tell(TellArgs),
    /// kill -9 under load on a large ledger; how long until it serves again, and whether all is there
    Restart(RestartArgs),
    /// Make a large ledger, and keep it
    Fill(FillArgs),
}

#[derive(Args)]
pub(crate) struct PlayArgs {
    /// Where the server is; left out when --server starts one
    #[arg(long)]
    pub url: Option<String>,
    #[arg(long, default_value_t = 100)]
    pub participants: usize,
    /// Answers a second in all; without it, each answers as soon as it is asked
    #[arg(long)]
    pub rate: Option<f64>,
    /// Mean time to think about a question, ms
    #[arg(long, default_value_t = 0)]
    pub think: u64,
    /// Papers each participant plays in each round, where the round allows so many
    #[arg(long)]
    pub papers: Option<u32>,
    /// A round's id, again for several, or `all` (default: the first open round)
    #[arg(long)]
    pub round: Vec<String>,
    /// The bank's files; without it answers are guesses and the keys are taken from what the server reveals
    #[arg(long)]
    pub bank: Option<PathBuf>,
    /// The probability of a right answer
    #[arg(long, default_value_t = 0.7)]
    pub skill: f64,
    /// Start no new paper after so many seconds
    #[arg(long)]
    pub duration: Option<u64>,
    /// kill -9 the server every so many seconds and start it again (with --server)
    #[arg(long)]
    pub kill_every: Option<f64>,
    #[command(flatten)]
    pub server: ServerArgs,
    /// The process to account, where this run did not start it
    #[arg(long)]
    pub server_pid: Option<u32>,
    /// Write the report here, as JSON
    #[arg(long)]
    pub report: Option<PathBuf>,
    #[arg(long)]
    pub seed: Option<u64>,
    /// How many client addresses in 127.0.0.0/8
    #[arg(long, default_value_t = 4096)]
    pub sources: u32,
    /// This run's participants are the only ones: whole boards and city indices are checked too
    #[arg(long)]
    pub exclusive: bool,
    #[command(flatten)]
    pub mischief: Mischief,
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Reviews read at the end, in all
    #[arg(long, default_value_t = 20_000)]
    pub reviews: usize,
    /// Sockets that only watch the boards
    #[arg(long, default_value_t = 2)]
    pub spectators: usize,
}

/// What players do besides playing well, as shares of their answers.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Mischief {
    /// Connections dropped, and taken over by a second device
    #[arg(long, default_value_t = 0.02)]
    pub drop: f64,
    /// Settled answers sent again, the same and changed
    #[arg(long, default_value_t = 0.02)]
    pub resend: f64,
    /// Messages that must be refused: wrong question, wrong options, a second start
    #[arg(long, default_value_t = 0.01)]
    pub stray: f64,
    /// Papers handed in early
    #[arg(long, default_value_t = 0.002)]
    pub finish: f64,
    /// Questions passed with []
    #[arg(long, default_value_t = 0.01)]
    pub pass: f64,
    /// Questions left to time out, where they have a limit
    #[arg(long, default_value_t = 0.0)]
    pub late: f64,
    /// None of these: for benchmarks
    #[arg(long)]
    pub plain: bool,
}

impl Mischief {
    /// With --plain, nobody does any of it.
    fn settled(self) -> Mischief {
        if self.plain { Mischief::NONE } else { self }
    }

    pub(crate) const NONE: Mischief =
        Mischief { drop: 0.0, resend: 0.0, stray: 0.0, finish: 0.0, pass: 0.0, late: 0.0, plain: true };
}

/// What `GET /season` does not say in a form that a machine reads.
#[derive(Args, Clone, Debug)]
pub(crate) struct RuleArgs {
    /// all | half | by-option | threshold:RIGHT:POINTS
    #[arg(long, default_value = "all")]
    pub scoring: Scoring,
    /// How a round's attempts come to a standing: best | sum | day-best | last
    #[arg(long, default_value = "best")]
    pub tally: TallyRule,
    /// A question counts for at least so long, ms
    #[arg(long, default_value_t = 0)]
    pub elapsed_floor: i64,
    /// After a limit, for answers on their way, ms
    #[arg(long, default_value_t = 1000)]
    pub grace: i64,
    /// No index of a city with fewer participants is expected
    #[arg(long, default_value_t = 20)]
    pub cities_min: u64,
}

impl Default for RuleArgs {
    fn default() -> RuleArgs {
        let (scoring, tally) = (Scoring::AllOrNothing, TallyRule::Best);
        RuleArgs { scoring, tally, elapsed_floor: 0, grace: 1000, cities_min: 20 }
    }
}

#[derive(Args, Clone, Debug)]
pub(crate) struct ServerArgs {
    /// Start this server binary on a free port and stop it at the end
    #[arg(long = "server", requires = "season", requires = "data")]
    pub path: Option<PathBuf>,
    #[arg(long, requires = "path")]
    pub season: Option<PathBuf>,
    #[arg(long, requires = "path")]
    pub data: Option<PathBuf>,
    /// Passed on to `serve`, once each
    #[arg(long = "server-arg", requires = "path", allow_hyphen_values = true)]
    pub more: Vec<String>,
    /// What the server prints (default: beside the data folder)
    #[arg(long = "server-log", requires = "path")]
    pub log: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct SitArgs {
    #[arg(long)]
    pub url: String,
    #[arg(long, default_value_t = CONNECTIONS_MAX)]
    pub participants: usize,
    #[arg(long)]
    pub server_pid: u32,
    /// The numbers of seated participants to measure at
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 5_000, 10_000, CONNECTIONS_MAX])]
    pub steps: Vec<usize>,
    #[arg(long)]
    pub round: Option<String>,
    #[arg(long)]
    pub bank: Option<PathBuf>,
    #[arg(long, default_value_t = 4096)]
    pub sources: u32,
    #[arg(long)]
    pub seed: Option<u64>,
    #[arg(long)]
    pub report: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct EchoArgs {
    #[arg(long)]
    pub listen: SocketAddr,
    /// Answer each message with frames of these sizes in one write, instead of itself
    #[arg(long, value_delimiter = ',')]
    pub replies: Vec<usize>,
}

impl Cli {
    /// Parses and checks; the error is for the person.
    pub(crate) fn read() -> anyhow::Result<Cli> {
        let mut cli = Cli::parse();
        match &mut cli.command {
            Command::Play(play) => {
                play.mischief = play.mischief.settled();
                play.check()?;
            }
            Command::Sit(sit) => {
                fits(sit.participants)?;
                sit.steps.retain(|&n| n <= sit.participants);
                if sit.steps.last() != Some(&sit.participants) {
                    sit.steps.push(sit.participants);
                }
                sit.steps.sort_unstable();
                sit.steps.dedup();
            }
            Command::Drive(drive) => {
                fits(drive.connections)?;
                ensure!(drive.replies > 0, "--replies is at least 1");
                ensure!(drive.send >= 75, "--send is at least 75, as long as an answer");
            }
            Command::Overload(overload) => fits(overload.connections)?,
            Command::Burst(burst) => fits(burst.phones)?,
            Command::Tell(tell) => {
                fits(tell.seated)?;
                ensure!(tell.seated > 1, "somebody plays and somebody is told");
            }
            Command::Restart(restart) => {
                fits(restart.players)?;
                ensure!(
                    restart.server.path.is_some(),
                    "restart starts the server: --server PATH --season FILE --data DIR"
                );
            }
            Command::Echo(_) | Command::Fill(_) => {}
        }
        Ok(cli)
    }
}

impl PlayArgs {
    fn check(&self) -> anyhow::Result<()> {
        fits(self.participants + self.spectators)?;
        let shares = [
            ("skill", self.skill),
            ("drop", self.mischief.drop),
            ("resend", self.mischief.resend),
            ("stray", self.mischief.stray),
            ("finish", self.mischief.finish),
            ("pass", self.mischief.pass),
            ("late", self.mischief.late),
        ];
        for (name, share) in shares {
            ensure!((0.0..=1.0).contains(&share), "--{name} is a share from 0 to 1, not {share}");
        }
        if let Some(rate) = self.rate {
            ensure!(rate > 0.0, "--rate is more than 0");
        }
        match (&self.url, &self.server.path) {
            (Some(_), Some(_)) => bail!("give --url for a running server, or --server to start one, not both"),
            (None, None) => {
                bail!("give --url for a running server, or --server PATH --season FILE --data DIR to start one")
            }
            _ => {}
        }
        if let Some(seconds) = self.kill_every {
            ensure!(self.server.path.is_some(), "--kill-every goes with a server that this run starts: --server PATH");
            ensure!(seconds >= 0.5, "--kill-every is at least half a second");
        }
        Ok(())
    }

    /// How many papers in each round: with --duration as many as fit, else one.
    pub(crate) fn papers_each(&self) -> u32 {
        self.papers.unwrap_or(if self.duration.is_some() { u32::MAX } else { 1 })
    }
}

fn fits(connections: usize) -> anyhow::Result<()> {
    ensure!(connections > 0, "at least one connection is needed");
    ensure!(
        connections <= CONNECTIONS_MAX,
        "{connections} connections do not fit: a process here may open 20,000 files, so at most {CONNECTIONS_MAX}; run several processes"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(flags: &[&str]) -> anyhow::Result<()> {
        let all = ["kejing-loadtest", "play"].iter().chain(flags);
        match Cli::try_parse_from(all)?.command {
            Command::Play(play) => play.check(),
            _ => bail!("not play"),
        }
    }

    #[test]
    fn what_cannot_be_run_is_refused_with_its_reason() {
        for (flags, fault) in [
            (&["--participants", "1"][..], "give --url"),
            (&["--url", "http://h:1", "--participants", "19001"], "20,000 files"),
            (&["--url", "http://h:1", "--drop", "2"], "a share from 0 to 1"),
            (&["--url", "http://h:1", "--kill-every", "5"], "--server PATH"),
            (&["--server", "/bin/x"], "--season"),
            (&["--url", "http://h:1", "--scoring", "threshold:x"], "threshold:RIGHT:POINTS"),
        ] {
            let told = play(flags).unwrap_err().to_string();
            assert!(told.contains(fault), "{flags:?}: {told}");
        }
        play(&["--url", "http://h:1", "--kill-every", "5"]).unwrap_err();
        play(&["--server", "x", "--season", "s", "--data", "d", "--kill-every", "5"]).unwrap();
    }
}
