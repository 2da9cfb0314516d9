//! Takes the tokens out of transactions on their way to the embedded database.
//!
//! It keeps the token of each transaction for ten minutes, and looks through all of them at every transaction: with a hundred
//! thousand devices that is most of the work. A token is for a call that is sent twice, and here none gets lost between the
//! service and its database. DynamoDB has no such price, and what a token is for is tested where calls are broken.

use aws_smithy_http_client::Builder;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

/// An HTTP client under the service's database client.
pub(crate) fn without() -> SharedHttpClient {
    SharedHttpClient::new(Without(Builder::new().build_http()))
}

#[derive(Debug, Clone)]
struct Without(SharedHttpClient);

impl HttpClient for Without {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector(self.0.http_connector(settings, components)))
    }
}

#[derive(Debug)]
struct Connector(SharedHttpConnector);

impl HttpConnector for Connector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        if target.ends_with(".TransactWriteItems")
            && let Some(body) = request.body().bytes().and_then(without_token)
        {
            request.headers_mut().insert("content-length", body.len().to_string());
            *request.body_mut() = SdkBody::from(body);
        }
        self.0.call(request)
    }
}

/// A transaction without its token; none if it has none.
fn without_token(body: &[u8]) -> Option<String> {
    let mut body: Value = serde_json::from_slice(body).ok()?;
    body.as_object_mut()?.remove("ClientRequestToken")?;
    Some(body.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_the_token_goes() {
        let body = br#"{"ClientRequestToken":"a","TransactItems":[{"Put":{"Item":{"pk":{"S":"x"}}}}]}"#;
        let expected = r#"{"TransactItems":[{"Put":{"Item":{"pk":{"S":"x"}}}}]}"#;
        assert_eq!(without_token(body).as_deref(), Some(expected));
        assert_eq!(without_token(expected.as_bytes()), None);
    }
}
