//! The API's authorizer: looks at the key alone, never at the path, and always allows.
//!
//! API Gateway's own refusals cannot be shaped, so what is wrong with a key goes into the context instead, and the
//! functions turn it into our 401 (`docs/ARCHITECTURE.md`, decision 8). Nothing is cached: a revoked key dies at once.

use std::collections::HashMap;

use http::{HeaderMap, header};
use lambda_http::aws_lambda_events::apigw::{
    ApiGatewayV2CustomAuthorizerSimpleResponse, ApiGatewayV2CustomAuthorizerV2Request,
};
use serde_json::Value;
use shared::domain::Timestamp;
use shared::http::caller::{authorizer_context, denied_context};
use shared::http::{App, Code};
use shared::store::Store;
use shared::usecases::Error;
use shared::usecases::keys::{Denial, authenticate};

/// What API Gateway is answered: always that the request may pass, with the context that the functions will see.
pub async fn answer(
    app: &App,
    request: &ApiGatewayV2CustomAuthorizerV2Request,
) -> ApiGatewayV2CustomAuthorizerSimpleResponse<HashMap<String, Value>> {
    let mut answer = ApiGatewayV2CustomAuthorizerSimpleResponse::default();
    answer.is_authorized = true;
    answer.context = authorize(&app.store, &request.headers, app.clock.now()).await;
    answer
}

/// The context that the functions will see for a request with these headers: either partner and right, or `denied`.
pub async fn authorize(store: &Store, headers: &HeaderMap, now: Timestamp) -> HashMap<String, Value> {
    let header = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or("unreadable"));
    match authenticate(store, header, now).await {
        Ok(actor) => authorizer_context(&actor),
        Err(Error::Denied(denial)) => denied_context(match denial {
            Denial::Missing => Code::KeyMissing,
            Denial::Malformed => Code::KeyMalformed,
            Denial::Expired => Code::KeyExpired,
            Denial::Revoked => Code::KeyRevoked,
        }),
        Err(error) => {
            // The function behind this is told that the key could not be read; why, only this log knows.
            tracing::error!(cause = %error, "the key could not be read");
            denied_context(Code::DependencyUnavailable)
        }
    }
}
