//! The second factor of somebody who is signed in: offered, proved with a code, given up.

use super::By;
use super::Signed;
use super::StaffRefusal;
use super::StaffRegister;
use super::Visitor;
use super::subject;
use crate::accounts::tokens;
use crate::accounts::totp::SECRET_BYTES;
use crate::accounts::totp::Secret;
use crate::contest::clock::chance;
use crate::domain::staff::Grant;

/// So many codes for a phone that is lost, each good once.
const RECOVERY_CODES: usize = 10;

/// For the app on the person's phone.
pub struct Offered {
    pub secret: String,
    pub uri: String,
}

impl StaffRegister {
    pub(super) fn unsealed(&self, sealed: &str) -> Option<Secret> {
        let bytes: [u8; SECRET_BYTES] = self.keys.unseal_for_desk(sealed)?.try_into().ok()?;
        Some(Secret(bytes))
    }

    /// Offers a new secret, which counts once a code of it was shown.
    ///
    /// # Errors
    /// There is one already, and the person has not shown again who they are.
    pub async fn offer_factor(&self, signed: &Signed, visitor: &Visitor) -> Result<Offered, StaffRefusal> {
        let mut act = self.store.begin().await?;
        let mut person = act.person(&signed.id).await?.ok_or(StaffRefusal::SignInFirst)?;
        if person.second_factor.is_some() && !signed.is_confirmed(visitor.now) {
            return Err(StaffRefusal::ConfirmFirst);
        }
        let secret = Secret(chance());
        person.offered_factor = Some(self.keys.seal_for_desk(&secret.0, chance()));
        act.update_person(&person).await?;
        act.commit(By::signed(signed, visitor).did("second_factor.offered", subject(&signed.id))).await?;
        let issuer = format!("科竞 {}", self.season.name);
        Ok(Offered { secret: secret.typed(), uri: secret.uri(&issuer, &signed.login) })
    }

    /// Takes the offered secret, since this is a code of it; returns codes for when the phone is lost.
    ///
    /// # Errors
    /// It is no code of it, or nothing was offered.
    pub async fn take_factor(
        &self,
        signed: &Signed,
        visitor: &Visitor,
        code: &str,
    ) -> Result<Vec<String>, StaffRefusal> {
        let origin = self.origin(&signed.login, visitor);
        if let Some(ms) = self.backoff.left_ms(&signed.login, &origin, visitor.now) {
            return Err(StaffRefusal::Wait { ms });
        }
        let mut act = self.store.begin().await?;
        let mut person = act.person(&signed.id).await?.ok_or(StaffRefusal::SignInFirst)?;
        if person.second_factor.is_some() && !signed.is_confirmed(visitor.now) {
            return Err(StaffRefusal::ConfirmFirst);
        }
        let offered = person.offered_factor.take();
        let nothing = || StaffRefusal::Conflict("请先获取新的密钥，用身份验证器扫码".to_owned());
        let secret = offered.as_deref().and_then(|sealed| self.unsealed(sealed)).ok_or_else(nothing)?;
        let Some(step) = secret.step_of(code, visitor.now, 0) else {
            self.backoff.mistaken(&signed.login, &origin, visitor.now);
            return Err(StaffRefusal::WrongCode);
        };
        person.second_factor = offered;
        person.second_factor_step = step;
        act.update_person(&person).await?;
        let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| tokens::recovery_code(&chance())).collect();
        let hashes: Vec<[u8; 16]> = codes.iter().map(|code| tokens::recovery_hash(code).0).collect();
        act.set_recovery_codes(&signed.id, &hashes).await?;
        act.commit(By::signed(signed, visitor).did("second_factor.taken", subject(&signed.id))).await?;
        Ok(codes)
    }

    /// # Errors
    /// The person's role needs one, or they have not shown again who they are.
    pub async fn drop_factor(&self, signed: &Signed, visitor: &Visitor) -> Result<(), StaffRefusal> {
        if signed.grants.iter().any(Grant::needs_second_factor) {
            let message = "管理员和审题人必须有第二重验证，不能关闭；换手机时请重新设置".to_owned();
            return Err(StaffRefusal::Conflict(message));
        }
        if !signed.is_confirmed(visitor.now) {
            return Err(StaffRefusal::ConfirmFirst);
        }
        let mut act = self.store.begin().await?;
        let mut person = act.person(&signed.id).await?.ok_or(StaffRefusal::SignInFirst)?;
        (person.second_factor, person.offered_factor) = (None, None);
        act.update_person(&person).await?;
        act.set_recovery_codes(&signed.id, &[]).await?;
        Ok(act.commit(By::signed(signed, visitor).did("second_factor.dropped", subject(&signed.id))).await?)
    }
}
