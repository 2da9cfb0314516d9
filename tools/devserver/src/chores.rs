//! What a schedule does in the cloud every minute: finishing what broke off, and completing rollouts.

use std::time::Duration;

use serde_json::json;
use shared::domain::Right;
use shared::needs;
use shared::usecases::{Context, Standing, repairs, rollouts};

use crate::Server;

/// How often: as often as the templates' schedule.
const EVERY: Duration = Duration::from_mins(1);

/// Does the chores every minute, for ever. What fails is logged and tried again by the next turn, as in the cloud.
pub async fn every_minute(server: &Server) {
    loop {
        tokio::time::sleep(EVERY).await;
        if let Err(cause) = once(server).await {
            tracing::error!(cause = format!("{cause:#}"), "the chores of this minute failed");
        }
    }
}

/// Does the chores of one minute. An error if one of them fails, which the next turn tries again.
pub async fn once(server: &Server) -> anyhow::Result<()> {
    if server.runs_lambda() {
        server.invoke("reconciler", &json!({"chore": "repairs"})).await?;
        return Ok(());
    }
    let app = server.app().only(&needs::RECONCILER);
    let cx = Context {
        store: &app.store,
        config: &app.config,
        secrets: &app.secrets,
        actor: "reconcile",
        right: Right::Operator,
        request_id: "chores",
        now: app.clock.now(),
        standing: Standing::default(),
    };
    repairs::finish_all(&cx, &|| false).await?;
    rollouts::complete_due(&cx, server.blobs(), &|| false).await?;
    Ok(())
}
