//! What the desk tells and is told of staff: types of the wire, converted by hand.

use crate::accounts::staff::Invitation;
use crate::accounts::staff::Signed;
use crate::domain::season::Season;
use crate::domain::staff::Grant;
use crate::domain::staff::Place;
use crate::ledger::desk::PersonRow;
use crate::ledger::desk::SessionRow;
use crate::transport::problem::PartFault;
use crate::transport::problem::Problem;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

/// A refusal as programs read it.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[allow(dead_code, reason = "described, never made: `Problem` is")]
pub(super) struct ProblemView {
    r#type: String,
    title: String,
    status: u16,
    /// bad_request, unauthorised, second_factor, second_factor_setup, confirm_first, forbidden, not_found, conflict, too_large,
    /// rate_limited, busy, unavailable
    code: String,
    /// For people, in Chinese.
    detail: String,
    retry_after_ms: Option<u64>,
    faults: Option<Vec<PartFaultView>>,
}

#[derive(ToSchema)]
#[schema(as = PartFault)]
#[allow(dead_code, reason = "described, never made: `PartFault` is")]
struct PartFaultView {
    part: String,
    code: String,
    message: String,
}

/// A role, and what it is bound to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "role", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = Grant)]
pub(super) enum GrantView {
    Administrator {},
    /// Without a bank: of every bank.
    Editor {
        #[serde(default)]
        bank: Option<String>,
    },
    Reviewer {
        #[serde(default)]
        bank: Option<String>,
    },
    /// `region`, `city:450200`, `county:450226` or `organisation:ID`
    Association {
        place: String,
        /// Told, not asked for.
        #[serde(default)]
        place_name: Option<String>,
    },
    Auditor {},
}

impl GrantView {
    pub(super) fn of(grant: &Grant, season: &Season) -> GrantView {
        match grant {
            Grant::Administrator => GrantView::Administrator {},
            Grant::Editor { bank } => GrantView::Editor { bank: bank.clone() },
            Grant::Reviewer { bank } => GrantView::Reviewer { bank: bank.clone() },
            Grant::Association { place } => {
                GrantView::Association { place: place.code(season), place_name: Some(place.name(season).to_owned()) }
            }
            Grant::Auditor => GrantView::Auditor {},
        }
    }

    pub(super) fn all(grants: &[Grant], season: &Season) -> Vec<GrantView> {
        grants.iter().map(|grant| GrantView::of(grant, season)).collect()
    }

    fn read(self, season: &Season) -> Result<Grant, Problem> {
        Ok(match self {
            GrantView::Administrator {} => Grant::Administrator,
            GrantView::Editor { bank } => Grant::Editor { bank: bank_of(bank)? },
            GrantView::Reviewer { bank } => Grant::Reviewer { bank: bank_of(bank)? },
            GrantView::Association { place, .. } => {
                let place = Place::read(&place, season);
                Grant::Association { place: place.ok_or_else(|| role_fault("unknown_place", "没有这个地方"))? }
            }
            GrantView::Auditor {} => Grant::Auditor,
        })
    }

    pub(super) fn read_all(views: Vec<GrantView>, season: &Season) -> Result<Vec<Grant>, Problem> {
        views.into_iter().map(|view| view.read(season)).collect()
    }
}

/// A bank's id: as a file's name could be. An empty one means none.
fn bank_of(bank: Option<String>) -> Result<Option<String>, Problem> {
    let plain =
        |bank: &String| bank.len() <= 40 && bank.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_".contains(&c));
    match bank.filter(|bank| !bank.is_empty()) {
        Some(bank) if !plain(&bank) => Err(role_fault("bad_bank", "题库编号只能用字母、数字和 - _，最多 40 位")),
        bank => Ok(bank),
    }
}

fn role_fault(code: &str, message: &str) -> Problem {
    Problem::form(vec![PartFault { part: "roles".into(), code: code.into(), message: message.into() }])
}

#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionView {
    /// Null: nobody is signed in.
    pub(super) staff: Option<MeView>,
    /// To be shown in `X-Kejing-Csrf` with every call but GET.
    pub(super) csrf: String,
    /// `second_factor_setup`: nothing else is allowed before.
    pub(super) needs: Option<&'static str>,
    /// Nobody is there yet: the first administrator comes in by the link that the server printed.
    pub(super) setup: bool,
    /// Until then dangerous acts don't ask for the password again.
    pub(super) confirmed_until: Option<i64>,
    pub(super) season: SeasonName,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Me)]
pub(super) struct MeView {
    id: String,
    login: String,
    name: String,
    roles: Vec<GrantView>,
    second_factor: bool,
}

impl MeView {
    pub(super) fn of(signed: &Signed, season: &Season) -> MeView {
        MeView {
            id: signed.id.0.clone(),
            login: signed.login.clone(),
            name: signed.name.clone(),
            roles: GrantView::all(&signed.grants, season),
            second_factor: signed.second_factor,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct SeasonName {
    pub(super) id: String,
    pub(super) name: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Staff)]
pub(super) struct StaffView {
    id: String,
    login: String,
    name: String,
    roles: Vec<GrantView>,
    /// `invited`, `active` or `disabled`
    state: String,
    second_factor: bool,
    last_seen: Option<i64>,
}

impl StaffView {
    pub(super) fn of(person: &PersonRow, grants: &[Grant], season: &Season) -> StaffView {
        StaffView {
            id: person.id.0.clone(),
            login: person.login.clone(),
            name: person.name.clone(),
            roles: GrantView::all(grants, season),
            state: person.state.clone(),
            second_factor: person.second_factor.is_some(),
            last_seen: person.seen_at.map(|at| at.0),
        }
    }
}

/// A one-time link; it is told this once.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(super) struct InvitationView {
    /// A path of this host: `/desk#/invitation/…`
    link: String,
    expires: i64,
}

impl InvitationView {
    pub(super) fn of(invitation: &Invitation) -> InvitationView {
        InvitationView { link: format!("/desk#/invitation/{}", invitation.secret), expires: invitation.expires.0 }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct SignedIn {
    id: String,
    since: i64,
    seen: i64,
    /// The network, without its last part.
    from: String,
    agent: String,
    /// The one that asks.
    current: bool,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Sessions {
    items: Vec<SignedIn>,
}

impl Sessions {
    pub(super) fn of(sessions: Vec<SessionRow>, current: &str) -> Sessions {
        let item = |session: SessionRow| SignedIn {
            current: session.id == current,
            id: session.id,
            since: session.since.0,
            seen: session.seen_at.0,
            from: session.network,
            agent: session.agent,
        };
        Sessions { items: sessions.into_iter().map(item).collect() }
    }
}
