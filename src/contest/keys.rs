//! What one key file makes: opaque ids, receipts, sealed secrets. The file is part of every backup.

use crate::domain::fairness::PeriodSecret;
use crate::domain::ids::AttemptId;
use crate::domain::ids::ParticipantId;
use aes::Aes128;
use aes::cipher::BlockCipherDecrypt;
use aes::cipher::BlockCipherEncrypt;
use aes::cipher::KeyInit;
use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::Aead;
use data_encoding::BASE64URL_NOPAD;
use data_encoding::HEXLOWER;
use hmac::Hmac;
use hmac::Mac;
use sha2::Sha256;

/// Keys derived from the data folder's key file.
pub struct Keys {
    ids: Aes128,
    receipts: [u8; 32],
    tokens: [u8; 32],
    seal: ChaCha20Poly1305,
    desk: [u8; 32],
    desk_seal: ChaCha20Poly1305,
}

const PARTICIPANT: u8 = 1;
const ATTEMPT: u8 = 2;
const NONCE_BYTES: usize = 12;

impl Keys {
    pub fn of(master: &[u8; 32]) -> Keys {
        let ids = derived(master, "kejing/v1/ids");
        let mut half = [0; 16];
        half.copy_from_slice(&ids[..16]);
        Keys {
            ids: Aes128::new(&half.into()),
            receipts: derived(master, "kejing/v1/receipts"),
            tokens: derived(master, "kejing/v1/tokens"),
            seal: ChaCha20Poly1305::new(&derived(master, "kejing/v1/seal").into()),
            desk: derived(master, "kejing/v1/desk"),
            desk_seal: ChaCha20Poly1305::new(&derived(master, "kejing/v1/desk/seal").into()),
        }
    }

    pub fn participant(&self, id: ParticipantId) -> String {
        self.opaque(PARTICIPANT, id.0)
    }

    pub fn attempt(&self, id: AttemptId) -> String {
        self.opaque(ATTEMPT, id.0)
    }

    pub fn participant_of(&self, opaque: &str) -> Option<ParticipantId> {
        self.number(PARTICIPANT, opaque).map(ParticipantId)
    }

    pub fn attempt_of(&self, opaque: &str) -> Option<AttemptId> {
        self.number(ATTEMPT, opaque).map(AttemptId)
    }

    /// One encrypted block: the number, its kind and zeros, so that a guessed id is told from a real one.
    fn opaque(&self, kind: u8, number: i64) -> String {
        let mut block = [0; 16];
        block[..8].copy_from_slice(&number.to_be_bytes());
        block[15] = kind;
        let mut block = block.into();
        self.ids.encrypt_block(&mut block);
        BASE64URL_NOPAD.encode(&block)
    }

    fn number(&self, kind: u8, opaque: &str) -> Option<i64> {
        let bytes: [u8; 16] = BASE64URL_NOPAD.decode(opaque.as_bytes()).ok()?.try_into().ok()?;
        let mut block = bytes.into();
        self.ids.decrypt_block(&mut block);
        let (number, rest) = block.split_at(8);
        let genuine = rest[..7] == [0; 7] && rest[7] == kind;
        genuine.then(|| i64::from_be_bytes(number.try_into().unwrap_or_default()))
    }

    pub fn receipts(&self) -> &[u8; 32] {
        &self.receipts
    }

    /// Bytes that follow from a registration's request and cannot be had without the key file: its token, its recovery code.
    pub fn of_request(&self, tag: &str, request: &[u8; 16]) -> [u8; 32] {
        mac(&self.tokens, &[tag.as_bytes(), &[0], request].concat())
    }

    /// Seals a draw period's secret for the ledger; `nonce` is fresh.
    pub fn seal(&self, secret: &PeriodSecret, nonce: [u8; NONCE_BYTES]) -> String {
        sealed(&self.seal, &secret.0, nonce)
    }

    /// `None`: not sealed with this key file.
    pub fn unseal(&self, sealed: &str) -> Option<PeriodSecret> {
        Some(PeriodSecret(unsealed(&self.seal, sealed)?.try_into().ok()?))
    }

    /// Bytes that follow from something of the desk's and cannot be had without the key file.
    pub fn of_desk(&self, tag: &str, bytes: &[u8]) -> [u8; 32] {
        mac(&self.desk, &[tag.as_bytes(), &[0], bytes].concat())
    }

    /// Seals what the desk keeps of somebody's secrets; `nonce` is fresh.
    pub fn seal_for_desk(&self, secret: &[u8], nonce: [u8; NONCE_BYTES]) -> String {
        sealed(&self.desk_seal, secret, nonce)
    }

    /// `None`: not sealed with this key file.
    pub fn unseal_for_desk(&self, sealed: &str) -> Option<Vec<u8>> {
        unsealed(&self.desk_seal, sealed)
    }
}

fn sealed(seal: &ChaCha20Poly1305, secret: &[u8], nonce: [u8; NONCE_BYTES]) -> String {
    // A few bytes are far below what the cipher can refuse.
    let sealed = seal.encrypt(&nonce.into(), secret).unwrap_or_default();
    HEXLOWER.encode(&[&nonce[..], &sealed].concat())
}

fn unsealed(seal: &ChaCha20Poly1305, sealed: &str) -> Option<Vec<u8>> {
    let bytes = HEXLOWER.decode(sealed.as_bytes()).ok()?;
    let (nonce, sealed) = bytes.split_at_checked(NONCE_BYTES)?;
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
    seal.decrypt(&nonce.into(), sealed).ok()
}

fn derived(master: &[u8; 32], tag: &str) -> [u8; 32] {
    mac(master, tag.as_bytes())
}

fn mac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    // HMAC pads a key of half a block with zeros.
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_apart_and_guesses_refused() {
        let keys = Keys::of(&[7; 32]);
        let opaque = keys.attempt(AttemptId(42));
        assert_eq!(keys.attempt_of(&opaque), Some(AttemptId(42)));
        assert_eq!(keys.participant_of(&opaque), None);
        assert_eq!(keys.attempt_of("AAAAAAAAAAAAAAAAAAAAAA"), None);
        assert_eq!(keys.attempt_of("不是"), None);
        assert_eq!(Keys::of(&[8; 32]).attempt_of(&opaque), None);
    }

    #[test]
    fn a_sealed_secret_opens_with_its_own_key_only() {
        let secret = PeriodSecret([9; 32]);
        let sealed = Keys::of(&[7; 32]).seal(&secret, [1; 12]);
        assert_eq!(Keys::of(&[7; 32]).unseal(&sealed), Some(secret));
        assert_eq!(Keys::of(&[8; 32]).unseal(&sealed), None);
    }
}
