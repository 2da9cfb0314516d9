//! `/v1/ota/partners/{partnerId}/binaries`: announced and presigned uploads, direct ones, the move to the repository.

mod body;
mod envelope;
mod wire;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::json;
use shared::blobs::Blobs;
use shared::domain::Sha256;
use shared::http::{App, JsonBody, Partner, Path, Problem, Read, Service, Write, finish, ok};
use shared::usecases::binaries;

use body::Incoming;
use wire::AsBinary;

/// Operations 11 and 12, and the owner's download.
pub fn routes(app: App, blobs: Blobs) -> Router {
    let clock = app.clock.clone();
    let router = Router::new()
        .route("/v1/ota/partners/{partnerId}/binaries", post(create_binary))
        .route("/v1/ota/partners/{partnerId}/binaries/moveToRepository", post(move_binary))
        .route("/v1/ota/partners/{partnerId}/binaries/{sha256}", get(get_binary))
        .with_state(Service { app, blobs });
    finish(router, clock)
}

async fn create_binary(
    State(Service { app, blobs }): State<Service>,
    caller: Partner<Write>,
    incoming: Incoming,
) -> Result<Response, Problem> {
    let cx = caller.call.context(&app);
    match incoming {
        Incoming::Announced(upload) => {
            let announced = binaries::announce(&cx, &blobs, &caller.partner, &upload).await?;
            wire::announced(&upload, announced)
        }
        Incoming::Direct(bytes) => {
            wire::posted(&binaries::store_small(&cx, &blobs, &caller.partner, bytes).await?)
        }
    }
}

async fn move_binary(
    State(Service { app, blobs }): State<Service>,
    caller: Partner<Write>,
    JsonBody { mut fields, .. }: JsonBody,
) -> Result<Response, Problem> {
    let as_binary = fields.optional::<AsBinary>("as").is_some();
    let value = fields.required::<Sha256>("value");
    let (sha256,) = fields.finish((value,))?;
    let cx = caller.call.context(&app);
    binaries::move_to_repository(&cx, &blobs, &caller.partner, &sha256, as_binary).await?;
    ok(&json!({"value": app.config.base_url()?.repository_url(&sha256)}))
}

async fn get_binary(
    State(app): State<App>,
    caller: Partner<Read>,
    Path((sha256,)): Path<(Sha256,)>,
) -> Result<Response, Problem> {
    let download = binaries::download(&caller.call.context(&app), &caller.partner, &sha256).await?;
    ok(&wire::download(&download))
}
