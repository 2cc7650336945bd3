//! The second factor: codes by time (RFC 6238) over HMAC-SHA-1 (RFC 4226), as every authenticator app makes them.

use crate::domain::time::Timestamp;
use data_encoding::BASE32_NOPAD;
use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use sha1::Sha1;

pub const SECRET_BYTES: usize = 20;
const STEP_MS: i64 = 30_000;
const DIGITS: u32 = 6;
/// Steps before and after the present one whose codes are taken: phones' clocks go wrong, and people type slowly.
const STEPS_OFF: i64 = 1;

/// What phone and server share.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret(pub [u8; SECRET_BYTES]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl Secret {
    /// For typing into an app.
    pub fn typed(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// `None`: it is no such secret.
    pub fn read(typed: &str) -> Option<Secret> {
        BASE32_NOPAD.decode(typed.as_bytes()).ok()?.try_into().ok().map(Secret)
    }

    /// What the code in the picture says: `otpauth://totp/…`, the Key Uri Format that apps read.
    pub fn uri(&self, issuer: &str, login: &str) -> String {
        let (issuer, login) = (encoded(issuer), encoded(login));
        format!(
            "otpauth://totp/{issuer}:{login}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period=30",
            self.typed()
        )
    }

    /// The step whose code this is, if it is one of about now and later than `used`, the last one that was used: so a code is
    /// good once, however often somebody who looked over a shoulder types it.
    pub fn step_of(&self, code: &str, now: Timestamp, used: i64) -> Option<i64> {
        let typed: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if typed.len() != DIGITS as usize || !typed.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let typed: u32 = typed.parse().ok()?;
        let present = now.0.div_euclid(STEP_MS);
        (present - STEPS_OFF..=present + STEPS_OFF).find(|step| *step > used && self.code(*step, DIGITS) == typed)
    }

    /// RFC 4226, 5.3, of a step's number.
    fn code(&self, step: i64, digits: u32) -> u32 {
        let mut block = [0; 64];
        block[..SECRET_BYTES].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha1>::new(&block.into());
        mac.update(&step.to_be_bytes());
        let digest: [u8; 20] = mac.finalize().into_bytes().into();
        let from = usize::from(digest[19] & 0x0f);
        let cut = u32::from_be_bytes([digest[from], digest[from + 1], digest[from + 2], digest[from + 3]]);
        (cut & 0x7fff_ffff) % 10_u32.pow(digits)
    }

    /// The code of a moment, as an app shows it.
    pub fn shown(&self, at: Timestamp) -> String {
        format!("{:06}", self.code(at.0.div_euclid(STEP_MS), DIGITS))
    }
}

/// Everything but letters, digits and `-._~` as `%XX` (RFC 3986).
fn encoded(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RFC: Secret = Secret(*b"12345678901234567890");

    /// RFC 6238, Appendix B, of SHA-1: seconds and eight digits.
    #[test]
    fn the_vectors_of_rfc_6238() {
        for (seconds, code) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            assert_eq!(RFC.code(seconds / 30, 8), code, "{seconds}");
        }
    }

    /// RFC 4226, Appendix D.
    #[test]
    fn the_vectors_of_rfc_4226() {
        let codes = [755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489];
        for (count, code) in (0..).zip(codes) {
            assert_eq!(RFC.code(count, 6), code, "{count}");
        }
    }

    #[test]
    fn a_code_is_good_for_its_step_and_one_before_and_after() {
        let at = |seconds: i64| Timestamp(seconds * 1000);
        let code = RFC.shown(at(60));
        assert_eq!(code, "359152");
        let check = |seconds, expected| assert_eq!(RFC.step_of(&code, at(seconds), 0), expected, "{seconds}");
        check(29, None);
        check(30, Some(2));
        check(60, Some(2));
        check(119, Some(2));
        check(120, None);
        assert_eq!(RFC.step_of("359 152", at(60), 0), Some(2), "as apps show it");
        for wrong in ["", "35915", "3591520", "+35915", "３５９１５２", "35915x"] {
            assert_eq!(RFC.step_of(wrong, at(60), 0), None, "{wrong}");
        }
    }

    #[test]
    fn a_code_is_good_once() {
        let at = Timestamp(60_000);
        assert_eq!(RFC.step_of(&RFC.shown(at), at, 1), Some(2));
        assert_eq!(RFC.step_of(&RFC.shown(at), at, 2), None);
        assert_eq!(RFC.step_of(&RFC.shown(at), at.plus_ms(29_999), 2), None);
    }

    #[test]
    fn an_app_can_read_the_address() {
        assert_eq!(
            RFC.uri("科竞", "wei.lan"),
            "otpauth://totp/%E7%A7%91%E7%AB%9E:wei.lan?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=%E7%A7%91%E7%AB%9E\
             &algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(Secret::read(&RFC.typed()), Some(RFC));
    }
}
