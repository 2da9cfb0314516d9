//! The authorizer as a Lambda function.

use lambda_http::aws_lambda_events::apigw::ApiGatewayV2CustomAuthorizerV2Request;
use lambda_http::lambda_runtime::{self, LambdaEvent, service_fn};
use shared::http::lambda;
use shared::needs;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let (app, _) = lambda::start_without_parameters(&needs::AUTHORIZER).await?;
    let app = &app;
    lambda_runtime::run(service_fn(|event: LambdaEvent<ApiGatewayV2CustomAuthorizerV2Request>| async move {
        Ok::<_, lambda_http::Error>(authorizer::answer(app, &event.payload).await)
    }))
    .await
}
