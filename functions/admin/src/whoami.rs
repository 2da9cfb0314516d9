//! `/v1/ota/whoami`: what the caller's key is.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use shared::http::{App, Call, Problem, ok};

use crate::keys::rights;

/// Loads nothing: the authorizer's verdict is the answer.
pub(crate) async fn get_whoami(State(_): State<App>, call: Call) -> Result<Response, Problem> {
    let actor = &call.actor;
    let mut body = json!({"keyId": actor.key, "rights": rights(actor.right), "bearer": actor.bearer});
    if let Some(partner) = &actor.partner {
        body["partnerId"] = partner.as_str().into();
    }
    if let Some(expires) = actor.expires {
        body["expiresTimestamp"] = expires.millis().into();
    }
    ok(&body)
}
