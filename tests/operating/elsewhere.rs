//! A database on another machine, as docs/operations.md sets it up: over TCP and TLS, known by a certification authority of the house's
//! own, with a password, for a user who owns this one database and may do nothing else.

use crate::faults::crowd::Scene;
use crate::faults::process::serve;
use crate::harness::postgres::Cluster;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CertifiedIssuer;
use rcgen::IsCa;
use rcgen::KeyPair;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::process::Command;

const PLAYERS: usize = 12;
const PASSWORD: &str = "p@ss/w%rd";
/// As an address writes it.
const CODED: &str = "p%40ss%2Fw%25rd";
const NO_TLS: &str = "不能建立加密连接";

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Authority {
        let mut wanted = CertificateParams::new(vec![]).unwrap();
        wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(wanted, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate for a server of this name, and its key.
    fn signs(&self, host: &str) -> [String; 2] {
        let key = KeyPair::generate().unwrap();
        let wanted = CertificateParams::new(vec![host.to_owned()]).unwrap();
        [wanted.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem()]
    }
}

/// The other machine.
struct Elsewhere {
    cluster: Cluster,
    address: SocketAddr,
    house: Authority,
    folder: tempfile::TempDir,
}

impl Elsewhere {
    /// Whose database shows no certificate yet.
    fn bare() -> Elsewhere {
        let (cluster, address) = Cluster::over_tcp();
        cluster.sql("postgres", &format!("create role contest login password '{PASSWORD}'"));
        cluster.sql("postgres", "create database season owner contest encoding 'UTF8' template template0");
        Elsewhere { cluster, address, house: Authority::new(), folder: tempfile::tempdir().unwrap() }
    }

    fn new() -> Elsewhere {
        let elsewhere = Elsewhere::bare();
        elsewhere.shows_itself();
        elsewhere
    }

    fn shows_itself(&self) {
        let [certificate, key] = self.house.signs(&self.address.ip().to_string());
        self.cluster.shows(&certificate, &key);
    }

    /// What an operator trusts, in a file.
    fn trusting(&self, authority: &Authority, name: &str) -> PathBuf {
        let file = self.folder.path().join(name);
        fs::write(&file, authority.0.as_ref().pem()).unwrap();
        file
    }

    fn url(&self, password: &str, rest: &str) -> String {
        format!("postgres://contest:{password}@{}/season?{rest}", self.address)
    }

    /// As the operator is told to write it.
    fn full(&self) -> String {
        let trusted = self.trusting(&self.house, "ca.pem");
        self.url(CODED, &format!("sslmode=verify-full&sslrootcert={}", trusted.display()))
    }

    async fn is_refused(&self, url: &str, words: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        Scene::furnish(folder.path());
        let there = |mut command: Command| {
            command.env("KEJING_DATABASE", url);
            command
        };
        let Err(ended) = serve(folder.path(), there).await else { panic!("it serves from {url}") };
        ended.plainly(words);
        assert!(!ended.said.contains(PASSWORD) && !ended.said.contains(CODED), "{}", ended.said);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_elsewhere_is_reached_over_tls_with_a_password_by_a_user_who_owns_it_and_no_more() {
    let there = Elsewhere::new();
    let scene = Scene::on(PLAYERS, &there.full()).await;
    scene.until_more(60).await;
    let connections = "select count(*) filter (where ssl), count(*) filter (where not ssl)
                       from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'contest'";
    let connections = there.cluster.sql("postgres", connections);
    let (encrypted, open) = connections.split_once('|').unwrap();
    assert!(encrypted.parse::<usize>().unwrap() > 0 && open == "0", "{connections}");
    // It comes back over TLS too, to a certificate that was renewed meanwhile, and may end what it left behind there.
    there.shows_itself();
    scene.until_more(60).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_elsewhere_that_is_not_the_one_that_is_meant_is_not_waited_for_but_refused() {
    let there = Elsewhere::bare();
    let url = there.full();
    there.is_refused(&url, &[NO_TLS, "server does not support TLS"]).await;
    there.shows_itself();
    let stranger = there.trusting(&Authority::new(), "stranger.pem");
    let unknown = format!("sslmode=verify-full&sslrootcert={}", stranger.display());
    there.is_refused(&there.url(CODED, &unknown), &[NO_TLS, "sslrootcert"]).await;
    there.is_refused(&url.replace("ca.pem", "no.pem"), &["sslrootcert", "No such file"]).await;
    there.is_refused(&url.replace(CODED, "guessed"), &["服务器不接受这个用户或密码"]).await;
    there.is_refused(&there.url(CODED, "sslmode=disable"), &["pg_hba.conf"]).await;
    let [certificate, key] = there.house.signs("another.example.cn");
    there.cluster.shows(&certificate, &key);
    there.is_refused(&url, &[NO_TLS, "主机名"]).await;
}
