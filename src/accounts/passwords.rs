//! Passwords of staff: what may be one, and how it is kept (argon2id, RFC 9106).

use crate::contest::clock::chance;
use argon2::Argon2;
use argon2::PasswordHasher;
use argon2::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use std::sync::LazyLock;
use tokio::sync::Semaphore;

/// In characters. Nothing is asked of which ones: length is what guessing costs.
pub const PASSWORD_CHARACTERS: std::ops::RangeInclusive<usize> = 10..=200;
/// So many passwords are hashed at a time, each in 19 MiB; more wait their turn, in the order in which they came.
const HASHING_MAX: usize = 2;
/// So many wait. Full: busy, and nothing was checked.
const WAITING_MAX: usize = 64;

/// What everybody tries first, ten characters or longer; short ones are refused anyway.
static COMMON: LazyLock<Vec<String>> =
    LazyLock::new(|| include_str!("common-passwords.txt").lines().map(plain).filter(|line| !line.is_empty()).collect());

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    #[error("密码至少要有 10 个字符；可以用几个不相干的词连起来")]
    Short,
    #[error("密码最多 200 个字符")]
    Long,
    #[error("这个密码太常见，别人很容易猜到，请换一个")]
    Common,
    #[error("密码不能就是登录名或姓名")]
    Own,
}

impl PasswordFault {
    /// For programs.
    pub fn code(self) -> &'static str {
        match self {
            PasswordFault::Short => "too_short",
            PasswordFault::Long => "too_long",
            PasswordFault::Common => "too_common",
            PasswordFault::Own => "own_name",
        }
    }
}

/// Whether this may become the password of somebody with this sign-in name and name.
///
/// # Errors
/// Why not.
pub fn check(password: &str, login: &str, name: &str) -> Result<(), PasswordFault> {
    let characters = password.chars().count();
    if characters < *PASSWORD_CHARACTERS.start() {
        return Err(PasswordFault::Short);
    }
    if characters > *PASSWORD_CHARACTERS.end() {
        return Err(PasswordFault::Long);
    }
    let plain = plain(password);
    let repeats = |length: usize| {
        let letters: Vec<char> = plain.chars().collect();
        letters.iter().enumerate().all(|(place, letter)| *letter == letters[place % length])
    };
    if (1..=3).any(repeats) || is_row(&plain) || COMMON.contains(&plain) {
        return Err(PasswordFault::Common);
    }
    let own = [login, name].iter().any(|own| plain.trim_matches(|c: char| c.is_ascii_digit()) == self::plain(own));
    if own { Err(PasswordFault::Own) } else { Ok(()) }
}

fn plain(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Each character follows the one before it: `0123456789`, `abcdefghij`, and backwards.
fn is_row(text: &str) -> bool {
    let letters: Vec<i64> = text.chars().map(|c| i64::from(u32::from(c))).collect();
    let steps: Vec<i64> = letters.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // 9 is followed by 0 on every keyboard.
    let follows = |step: i64| steps.iter().all(|found| *found == step || *found == -9 * step);
    follows(1) || follows(-1)
}

/// Where passwords are hashed: few at a time, on threads that may be busy for long.
pub struct Hashing {
    turns: Semaphore,
    waiting: Semaphore,
}

/// Too many wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

impl Default for Hashing {
    fn default() -> Hashing {
        Hashing { turns: Semaphore::new(HASHING_MAX), waiting: Semaphore::new(WAITING_MAX) }
    }
}

impl Hashing {
    /// As it is kept.
    ///
    /// # Errors
    /// Too many wait.
    pub async fn hash(&self, password: &str) -> Result<String, Busy> {
        let password = password.to_owned();
        let hashed = move || {
            let hashed: Result<PasswordHash, _> =
                Argon2::default().hash_password_with_salt(password.as_bytes(), &chance::<16>());
            hashed.map(|hashed| hashed.to_string()).unwrap_or_default()
        };
        self.in_turn(hashed).await
    }

    /// Whether it is the password that is kept so. Where nothing is kept the same time passes, so that nobody learns who is there.
    ///
    /// # Errors
    /// Too many wait.
    pub async fn verify(&self, password: &str, kept: Option<&str>) -> Result<bool, Busy> {
        let (password, kept) = (password.to_owned(), kept.map(str::to_owned));
        self.in_turn(move || {
            let there = kept.is_some();
            let kept = kept.unwrap_or_else(|| NOBODYS.clone());
            let parsed = PasswordHash::new(&kept);
            there & parsed.is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let _place = self.waiting.try_acquire().map_err(|_| Busy)?;
        let _turn = self.turns.acquire().await.map_err(|_| Busy)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| Busy)
    }
}

/// A password that nobody has.
static NOBODYS: LazyLock<String> = LazyLock::new(|| {
    let hashed: Result<PasswordHash, _> = Argon2::default().hash_password_with_salt(&chance::<32>(), &chance::<16>());
    hashed.map(|hashed| hashed.to_string()).unwrap_or_default()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(password: &str, expected: PasswordFault) {
        assert_eq!(check(password, "weixiaolan", "韦小兰"), Err(expected), "{password}");
    }

    #[test]
    fn only_what_everybody_would_try_is_refused() {
        refused("Kx7!fQ2#z", PasswordFault::Short);
        refused(&"长".repeat(201), PasswordFault::Long);
        refused("1234567890", PasswordFault::Common);
        refused("0987654321", PasswordFault::Common);
        refused("aaaaaaaaaaaa", PasswordFault::Common);
        refused("abababababab", PasswordFault::Common);
        refused("Password123", PasswordFault::Common);
        refused("WeiXiaoLan2026", PasswordFault::Own);
        for fine in ["correct horse battery staple", "柳州螺蛳粉加两个蛋真好吃", "nanning1985-qingxiu", "7Jv0Wm2QpZ"]
        {
            assert_eq!(check(fine, "weixiaolan", "韦小兰"), Ok(()), "{fine}");
        }
    }

    #[tokio::test]
    async fn a_password_is_recognised_and_kept_as_argon2id_alone() {
        let hashing = Hashing::default();
        let kept = hashing.hash("三江程阳风雨桥头等你来").await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert_ne!(kept, hashing.hash("三江程阳风雨桥头等你来").await.unwrap(), "each has its own salt");
        assert_eq!(hashing.verify("三江程阳风雨桥头等你来", Some(&kept)).await, Ok(true));
        assert_eq!(hashing.verify("三江程阳风雨桥头等你", Some(&kept)).await, Ok(false));
        assert_eq!(hashing.verify("", None).await, Ok(false));
        assert_eq!(hashing.verify("三江程阳风雨桥头等你来", Some("不是")).await, Ok(false));
    }
}
