//! `--root-files`: what WeChat and the filing office ask for stands at the top of the site, and nothing else does.

use super::ROUNDS;
use crate::harness::Server;
use crate::harness::Start;
use crate::harness::season;
use std::fs;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

async fn server(folder: &std::path::Path) -> Server {
    let mut start = Start::of(&season(ROUNDS));
    start.settings.root_files = Some(folder.to_owned());
    start.start().await.unwrap()
}

/// The status of a path as it is written: a client library would tidy it.
async fn raw(server: &Server, path: &str) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", server.address);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn verification_files_are_served_as_they_are_put_there() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let get = async |name: &str| server.http.get(server.url(name)).send().await.unwrap();
    assert_eq!(get("/MP_verify_a1B2.txt").await.status(), 404);
    fs::write(folder.path().join("MP_verify_a1B2.txt"), "a1B2").unwrap();
    fs::write(folder.path().join("beian.html"), "<p>x</p>").unwrap();
    let found = get("/MP_verify_a1B2.txt").await;
    assert_eq!(found.status(), 200);
    assert_eq!(found.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(found.headers()["x-content-type-options"], "nosniff");
    assert_eq!(found.text().await.unwrap(), "a1B2");
    assert_eq!(get("/beian.html").await.headers()["content-type"], "text/html; charset=utf-8");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn nothing_else_of_the_disk_is_served_and_nothing_of_the_server_is_shadowed() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.txt"), "SECRET").unwrap();
    let folder = outside.path().join("root");
    fs::create_dir_all(folder.join("deep")).unwrap();
    for name in
        ["deep/x.txt", ".hidden.txt", "script.js", "kejing.key", "index.html", "boards.html", "metrics", "healthz"]
    {
        fs::write(folder.join(name), "SECRET").unwrap();
    }
    fs::write(folder.join("large.txt"), "SECRET".repeat(20_000)).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret.txt"), folder.join("link.txt")).unwrap();
    let server = server(&folder).await;
    for path in [
        "/deep/x.txt",
        "/.hidden.txt",
        "/script.js",
        "/kejing.key",
        "/large.txt",
        "/link.txt",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/deep/../../secret.txt",
        "//secret.txt",
        "/deep%2fx.txt",
    ] {
        let told = raw(&server, path).await;
        assert!(told.starts_with("HTTP/1.1 4"), "{path}: {told}");
        assert!(!told.contains("SECRET"), "{path}");
    }
    for path in ["/", "/index.html", "/boards.html", "/metrics", "/healthz"] {
        let told = raw(&server, path).await;
        assert!(!told.contains("SECRET"), "{path}: {told}");
    }
    server.stop().await.unwrap();
}
