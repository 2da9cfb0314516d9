//! Calling what is behind a door, as Lambda does: once begun it runs to its end, a panic is the gateway's error, and
//! there is a time limit.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response, StatusCode};
use shared::http::router::head_as_get;
use tower::ServiceExt as _;

use super::{answer, event};
use crate::lambda::{Fault, Function};

/// What API Gateway waits for a function.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Which door a call comes through: they put failures in other words, and treat headers differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// An HTTP API.
    Api,
    /// A function's own URL.
    Url,
}

impl Door {
    /// What this door says when a function has failed.
    pub(super) fn failed(self) -> Response<Body> {
        let status = match self {
            Self::Api => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Url => StatusCode::BAD_GATEWAY,
        };
        answer::bare(status, "Internal Server Error")
    }
}

/// What answers behind a door.
#[derive(Debug, Clone)]
pub(crate) enum Behind {
    /// A router in this process.
    Here(Router),
    /// A function that runs as Lambda runs it.
    Lambda(Arc<Function>),
}

impl Behind {
    /// The whole answer to an event, or the gateway's when there is none.
    ///
    /// The call is a task of its own: a client that hangs up does not break off what a function has begun.
    pub(super) async fn call(&self, event: String, door: Door) -> Response<Body> {
        let call = match self.clone() {
            Self::Here(router) => match event::request(&event) {
                Ok(request) => tokio::spawn(here(router, request)),
                Err(error) => {
                    tracing::error!(%error, "lambda_http does not take the event");
                    return door.failed();
                }
            },
            Self::Lambda(function) => tokio::spawn(lambda(function, event, door)),
        };
        match tokio::time::timeout(TIME_LIMIT, call).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                tracing::error!(%error, "a router broke down");
                door.failed()
            }
            Err(_) => answer::bare(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        }
    }
}

async fn here(router: Router, request: Request<lambda_http::Body>) -> Response<Body> {
    match router.oneshot(head_as_get(request.map(Body::new))).await {
        Ok(response) => answer::whole(response).await,
        Err(never) => match never {},
    }
}

async fn lambda(function: Arc<Function>, event: String, door: Door) -> Response<Body> {
    match function.invoke(event).await {
        Ok(payload) => answer::from_payload(&payload, door),
        Err(fault) => {
            tracing::error!(function = function.name(), %fault, "a function has no answer");
            match (fault, door) {
                (Fault::TimedOut, Door::Api) => {
                    answer::bare(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
                }
                _ => door.failed(),
            }
        }
    }
}
