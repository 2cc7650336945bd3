//! Codes of eight characters that move a person to another phone: once, for a few minutes, in memory alone.

use crate::accounts::tokens;
use crate::domain::ids::ParticipantId;
use crate::domain::time::Timestamp;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;

/// A code is good for so long; a restart voids it, and the person asks for another.
pub const CODE_MS: i64 = 10 * 60 * 1000;
/// At most so many at a time. Full: the one that expires first makes room.
const CODES_MAX: usize = 100_000;

#[derive(Default)]
pub struct Codes(Mutex<HashMap<String, (ParticipantId, Timestamp)>>);

impl Codes {
    /// A new code for the participant; an older one of theirs is void. Returns the code and when it expires.
    pub fn issue(&self, participant: ParticipantId, chance: [u8; 8], now: Timestamp) -> (String, Timestamp) {
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|_, (owner, expires)| *owner != participant && *expires > now);
        if codes.len() >= CODES_MAX
            && let Some(first) = codes.iter().min_by_key(|(_, (_, expires))| *expires).map(|(code, _)| code.clone())
        {
            codes.remove(&first);
        }
        let code = tokens::code(chance);
        let expires = now.plus_ms(CODE_MS);
        codes.insert(code.clone(), (participant, expires));
        (code, expires)
    }

    /// Whose code it is; it is used up by this.
    pub fn redeem(&self, typed: &str, now: Timestamp) -> Option<ParticipantId> {
        let mut codes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (owner, expires) = codes.remove(&tokens::plain(typed))?;
        (expires > now).then_some(owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_good_once_and_for_ten_minutes() {
        let codes = Codes::default();
        let (code, expires) = codes.issue(ParticipantId(1), [9; 8], Timestamp(0));
        assert_eq!(codes.redeem(&code.to_lowercase(), expires.plus_ms(-1)), Some(ParticipantId(1)));
        assert_eq!(codes.redeem(&code, Timestamp(1)), None);
        let (code, expires) = codes.issue(ParticipantId(1), [9; 8], Timestamp(0));
        assert_eq!(codes.redeem(&code, expires), None);
    }

    #[test]
    fn a_new_code_voids_the_old_one() {
        let codes = Codes::default();
        let (old, _) = codes.issue(ParticipantId(1), [1; 8], Timestamp(0));
        let (new, _) = codes.issue(ParticipantId(1), [2; 8], Timestamp(0));
        assert_eq!(codes.redeem(&old, Timestamp(1)), None);
        assert_eq!(codes.redeem(&new, Timestamp(1)), Some(ParticipantId(1)));
    }
}
