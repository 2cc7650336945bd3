//! `kill -9` at random moments under load: what was acknowledged is there, nothing is there twice, no open question lost time.

use super::crowd::Chance;
use super::crowd::Scene;
use super::process::plain;

const PLAYERS: usize = 24;
/// `make soak` has more of them.
const KILLS: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_at_random_moments_lose_nothing_repeat_nothing_and_cost_nobody_time() {
    let mut scene = Scene::of(PLAYERS, tempfile::tempdir().unwrap(), plain).await;
    let mut chance = Chance(20_260_801);
    for _ in 0..KILLS {
        scene.until_more(40 + chance.below(120)).await;
        scene.kill().await;
        scene.serve_again(plain).await;
    }
    assert!(scene.end().await > 0, "no question was open at any kill");
}
