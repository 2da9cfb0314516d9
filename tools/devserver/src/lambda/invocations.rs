//! Lambda's Invoke API before the functions, for `cargo lambda invoke`: the emulator has one too, but starts no process.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use hyper_util::service::TowerToHyperService;
use serde_json::json;

use super::{Fault, Lambda};
use crate::listen::{self, Deadline, Listening};

/// The most that a function can be given, in bytes (Lambda's limit).
const MAX_EVENT_BYTES: usize = 6_291_456;

/// A port at which functions are called.
#[derive(Debug)]
pub(crate) struct Invocations {
    address: SocketAddr,
    listening: Listening,
}

impl Invocations {
    /// Listens at `port`; 0 takes any free one.
    pub(crate) async fn start(port: u16, lambda: Arc<Lambda>) -> anyhow::Result<Self> {
        let listener = listen::bind(port).await.context("the port for calls of functions")?;
        let address = listener.local_addr()?;
        let routes = Router::new()
            .route("/2015-03-31/functions/{function}/invocations", post(invoke))
            .layer(DefaultBodyLimit::max(MAX_EVENT_BYTES))
            .with_state(lambda);
        let listening = listen::serve(listener, move |_| TowerToHyperService::new(routes.clone()));
        Ok(Self { address, listening })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets calls end until `deadline`.
    pub(crate) async fn stop(self, deadline: Deadline) -> anyhow::Result<()> {
        self.listening.stop(deadline).await
    }
}

async fn invoke(State(lambda): State<Arc<Lambda>>, Path(function): Path<String>, event: String) -> Response {
    let Ok(function) = lambda.named(&function) else {
        return error(StatusCode::NOT_FOUND, "ResourceNotFoundException", "there is no such function");
    };
    match function.invoke(event).await {
        Ok(answer) => ([(header::CONTENT_TYPE, "application/json")], answer).into_response(),
        // In the function's own words.
        Err(Fault::Failed(said)) => (StatusCode::INTERNAL_SERVER_ERROR, said).into_response(),
        Err(fault) => error(StatusCode::INTERNAL_SERVER_ERROR, "Unhandled", &fault.to_string()),
    }
}

fn error(status: StatusCode, kind: &str, message: &str) -> Response {
    (status, axum::Json(json!({ "errorType": kind, "errorMessage": message }))).into_response()
}
