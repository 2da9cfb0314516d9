//! Partners, which only an operator makes.

use serde_json::json;

use super::context::Change;
use super::{Context, Result};
use crate::domain::text::Email;
use crate::domain::{Name, PartnerId, Refusal};
use crate::store::partners::Partner;
use crate::store::{self, Guard};

/// Creates a partner.
pub async fn create(cx: &Context<'_>, id: PartnerId, name: Name, email: Option<Email>) -> Result<Partner> {
    let partner = Partner { id, name, email, created: cx.now };
    let after = json!({"name": partner.name.as_str(), "email": partner.email});
    let mut tx =
        cx.tx(Some(&partner.id), "partner.created", format!("partner/{}", partner.id), Change::made(after));
    tx.create_partner(&partner);
    match tx.commit(cx.store).await {
        Err(store::Error::Guard(Guard::AlreadyThere)) => Err(Refusal::PartnerExists.into()),
        other => Ok(other.map(|()| partner)?),
    }
}

/// All partners.
pub async fn list(cx: &Context<'_>) -> Result<Vec<Partner>> {
    Ok(cx.store.partners().await?)
}

/// A partner that must exist.
pub async fn expect(cx: &Context<'_>, id: &PartnerId) -> Result<Partner> {
    Ok(cx.store.partner(id).await?.ok_or(Refusal::NotFound)?)
}
