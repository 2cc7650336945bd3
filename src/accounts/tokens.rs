//! Tokens and recovery codes: opaque, 128 bits, kept as hashes only.

use crate::ledger::entry::TokenHash;
use dashmap::DashMap;
use data_encoding::BASE64URL_NOPAD;
use sha2::Digest;
use sha2::Sha256;
use std::hash::BuildHasherDefault;
use std::hash::Hasher;

/// Digits and capitals that are not misread or misheard.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const RECOVERY_CHARACTERS: usize = 16;

/// A token as its owner has it. It travels in `hello` and in headers, never in a URL or a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(***)")
    }
}

impl Token {
    pub fn of(bytes: [u8; 16]) -> Token {
        Token(BASE64URL_NOPAD.encode(&bytes))
    }

    /// For the one answer that hands it over.
    pub fn hand_over(&self) -> &str {
        &self.0
    }

    pub fn hash(&self) -> TokenHash {
        hash("token", &self.0)
    }
}

/// The hash under which a presented token is looked up.
pub fn presented(token: &str) -> TokenHash {
    hash("token", token)
}

/// Maps by such hashes need none of their own: each is a digest already, and nobody chooses what it comes to.
pub type ByHash<T> = DashMap<TokenHash, T, BuildHasherDefault<AsItIs>>;

/// The first bytes of a digest.
#[derive(Default)]
pub struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

fn hash(tag: &str, text: &str) -> TokenHash {
    let digest = Sha256::new().chain_update(tag).chain_update([0]).chain_update(text).finalize();
    let mut cut = [0; 16];
    cut.copy_from_slice(&digest[..16]);
    TokenHash(cut)
}

/// The hash of a one-time link's secret.
pub fn invitation_hash(secret: &str) -> TokenHash {
    hash("invitation", secret)
}

/// 恢复码: what a person screenshots or writes down, 80 bits in four groups of four.
pub fn recovery_code(bytes: &[u8; 32]) -> String {
    let letters: Vec<u8> = bytes[..RECOVERY_CHARACTERS].iter().map(|b| ALPHABET[usize::from(b % 32)]).collect();
    letters.chunks(4).map(|group| String::from_utf8_lossy(group)).collect::<Vec<_>>().join("-")
}

/// The hash of a recovery code however it was typed: lower case, spaces, dashes, O for 0, I or L for 1.
pub fn recovery_hash(typed: &str) -> TokenHash {
    hash("recovery", &plain(typed))
}

/// A code of look-alike-free characters as it was meant.
pub fn plain(typed: &str) -> String {
    typed
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .map(|c| match c {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect()
}

/// A code of `N` characters from as many random bytes.
pub fn code<const N: usize>(bytes: [u8; N]) -> String {
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_code_is_read_however_it_was_typed() {
        let code = recovery_code(&[31; 32]);
        assert_eq!(code, "ZZZZ-ZZZZ-ZZZZ-ZZZZ");
        assert_eq!(recovery_hash(&code), recovery_hash("zzzz zzzz zzzzzzzz"));
        assert_eq!(plain("o1-il"), "0111");
    }

    #[test]
    fn hashes_that_differ_are_found_apart() {
        let map = ByHash::default();
        (0..1_000).for_each(|n: u32| assert_eq!(map.insert(presented(&n.to_string()), n), None));
        (0..1_000).for_each(|n: u32| assert_eq!(map.get(&presented(&n.to_string())).map(|found| *found), Some(n)));
        let state = BuildHasherDefault::<AsItIs>::default();
        let spread: std::collections::HashSet<u64> =
            (0..1_000).map(|n: u32| std::hash::BuildHasher::hash_one(&state, presented(&n.to_string()))).collect();
        assert_eq!(spread.len(), 1_000);
    }

    #[test]
    fn a_token_is_not_shown_in_logs() {
        assert_eq!(format!("{:?}", Token::of([1; 16])), "Token(***)");
    }
}
