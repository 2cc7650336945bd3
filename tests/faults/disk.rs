//! A disk that is full, that fails, that may only be read: the server ends plainly, has told nothing that is not kept, and
//! comes back whole once the disk is well.

use super::crowd::Scene;
use super::process::plain;
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command as Sync;
use tokio::process::Command;

const PLAYERS: usize = 12;
/// What a server says whose commit failed.
const FAILED: &str = "账本写入失败，服务已停止；没有把任何未写入的结果告诉选手";

/// Stands between the server and its disk; see shim.c.
pub(crate) struct Disk {
    shim: PathBuf,
    wish: PathBuf,
}

impl Disk {
    pub(crate) fn within(folder: &Path) -> Disk {
        let (shim, wish) = (folder.join("shim.so"), folder.join("wish"));
        let source = crate::harness::root().join("tests/faults/shim.c");
        let made = Sync::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&shim).arg(source).status().unwrap();
        assert!(made.success());
        Disk { shim, wish }
    }

    /// A command that runs on this disk.
    pub(crate) fn under(&self) -> impl FnOnce(Command) -> Command + use<> {
        let (shim, wish) = (self.shim.clone(), self.wish.clone());
        move |mut command| {
            command.env("LD_PRELOAD", shim).env("FAULTY_DISK", wish);
            command
        }
    }

    /// From now on this goes wrong: `CALL WHAT SKIP PART`, as shim.c reads it.
    pub(crate) fn is_to(&self, wish: &str) {
        let new = self.wish.with_extension("new");
        std::fs::write(&new, wish).unwrap();
        std::fs::rename(new, &self.wish).unwrap();
    }

    pub(crate) fn is_well(&self) {
        std::fs::remove_file(&self.wish).unwrap();
    }
}

/// Under load the disk begins to do what is wished; the server ends, is refused while the disk is ill, and comes back.
async fn breaks(wish: &str) {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::within(folder.path());
    let mut scene = Scene::of(PLAYERS, folder, disk.under()).await;
    scene.until_more(60).await;
    scene.expect_the_end();
    disk.is_to(wish);
    scene.ends().await.plainly(&[FAILED]);
    scene.is_refused(disk.under()).await.plainly(&["账本"]);
    disk.is_well();
    scene.serve_again(plain).await;
    scene.until_more(60).await;
    scene.end().await;
}

#[tokio::test]
async fn a_disk_that_is_full_in_mid_commit_ends_the_server_and_loses_nothing() {
    breaks("write half 0 /data/ledger.db").await;
}

#[tokio::test]
async fn a_write_that_fails_ends_the_server_and_loses_nothing() {
    breaks("write EIO 3 /data/ledger.db").await;
}

#[tokio::test]
async fn a_failed_flush_ends_the_server_and_the_next_start_finds_out_what_the_disk_holds() {
    breaks("sync EIO 0 /data/ledger.db").await;
}

#[tokio::test]
async fn a_disk_that_turns_read_only_ends_the_server_and_loses_nothing() {
    breaks("write EROFS 0 /data/ledger.db").await;
}

#[tokio::test]
async fn a_folder_that_may_only_be_read_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::within(folder.path());
    let mut scene = Scene::of(PLAYERS, folder, plain).await;
    scene.until_more(60).await;
    scene.kill().await;
    disk.is_to("open EROFS 0 /data/");
    scene.is_refused(disk.under()).await.plainly(&["数据文件夹"]);
    disk.is_to("open EROFS 0 /data/ledger.db");
    scene.is_refused(disk.under()).await.plainly(&["账本"]);
    scene.serve_again(plain).await;
    scene.end().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_not_made_up() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::within(folder.path());
    let mut scene = Scene::of(PLAYERS, folder, plain).await;
    scene.until_more(60).await;
    scene.kill().await;
    disk.is_to("read EIO 0 /data/ledger.db");
    scene.is_refused(disk.under()).await.plainly(&["账本"]);
    disk.is_well();
    scene.serve_again(disk.under()).await;
    let token = scene.stranger().await;
    let history = format!("http://{}/api/v1/me/attempts", scene.address().await);
    let ask = || async {
        let told = reqwest::Client::new().get(&history).bearer_auth(&token).send().await.unwrap();
        (told.status().as_u16(), told.json::<Value>().await.unwrap())
    };
    assert_eq!(ask().await.0, 200);
    scene.until_more(60).await;
    scene.end().await;
}

/// A small file system in memory, for as long as this lives. Only root may make one; the tests around it need nobody's leave.
pub(crate) struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    pub(crate) fn mounted(size: &str) -> Option<SmallDisk> {
        let folder = tempfile::tempdir().unwrap();
        let mount = Sync::new("mount").args(["-t", "tmpfs", "-o", size, "kejing"]).arg(folder.path()).output();
        mount.is_ok_and(|made| made.status.success()).then_some(SmallDisk(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Something else takes the room, all but so much.
    pub(crate) fn is_filled_but_for(&self, bytes: u64) {
        let mut other = std::fs::File::create(self.0.path().join("other")).unwrap();
        while other.write_all(&[0; 4096]).is_ok() {}
        let taken = other.metadata().unwrap().len();
        other.set_len(taken.saturating_sub(bytes)).unwrap();
    }

    /// What took the room is deleted.
    pub(crate) fn is_freed(&self) {
        std::fs::remove_file(self.0.path().join("other")).unwrap();
    }

    fn grows(&self, size: &str) {
        let options = format!("remount,{size}");
        assert!(Sync::new("mount").args(["-o", &options]).arg(self.0.path()).status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Sync::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_file_system_that_fills_up_ends_the_server_and_loses_nothing() {
    // Elsewhere the kernel's limit and the shim say the same.
    let Some(small) = SmallDisk::mounted("size=16m") else { return };
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(small.0.path(), folder.path().join("data")).unwrap();
    let mut scene = Scene::of(PLAYERS, folder, plain).await;
    scene.until_more(PLAYERS).await;
    scene.expect_the_end();
    small.is_filled_but_for(16 * 1024);
    scene.ends().await.plainly(&[FAILED]);
    small.grows("size=256m");
    scene.serve_again(plain).await;
    scene.until_more(60).await;
    scene.end().await;
    drop(small);
}

/// The kernel's own limit, which needs no shim: a file may not grow beyond it.
#[tokio::test]
async fn a_file_that_may_not_grow_ends_the_server_and_loses_nothing() {
    let mut scene = Scene::of(PLAYERS, tempfile::tempdir().unwrap(), plain).await;
    scene.until_more(60).await;
    scene.terminate().await;
    // Room for some thousand answers.
    let kilobytes = std::fs::metadata(scene.data().join("ledger.db")).unwrap().len() / 1024 + 32;
    scene.serve_again(|command| limited(command, kilobytes)).await;
    scene.until_more(PLAYERS).await;
    scene.expect_the_end();
    scene.ends().await.plainly(&[FAILED]);
    scene.serve_again(plain).await;
    scene.until_more(60).await;
    scene.end().await;
}

/// The same command under `ulimit -f`; the signal is passed over, so that the write fails instead.
fn limited(command: Command, kilobytes: u64) -> Command {
    let given = command.as_std();
    let mut shell = Command::new("bash");
    shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$@\""), "bash"]);
    shell.arg(given.get_program()).args(given.get_args()).kill_on_drop(true);
    for (name, value) in given.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.stdin(std::process::Stdio::null());
    shell
}
