//! Calling a router as Lambda does: once begun it runs to its end, a panic is a 500, and there is a time limit.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response, StatusCode};
use shared::http::router::head_as_get;
use tower::ServiceExt as _;

use super::answer;

/// What API Gateway waits for a function.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The router's whole answer to `request`, or the gateway's when there is none.
///
/// The call is a task of its own: a client that hangs up does not break off what a function has begun.
pub(super) async fn call(router: &Router, request: Request<lambda_http::Body>) -> Response<Body> {
    let request = head_as_get(request.map(Body::new));
    let router = router.clone();
    let call = tokio::spawn(async move {
        match router.oneshot(request).await {
            Ok(response) => answer::whole(response).await,
            Err(never) => match never {},
        }
    });
    match tokio::time::timeout(TIME_LIMIT, call).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            tracing::error!(%error, "a router broke down");
            answer::bare(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
        }
        Err(_) => answer::bare(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
    }
}
