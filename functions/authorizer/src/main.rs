//! The authorizer as a Lambda function.

use lambda_http::aws_lambda_events::apigw::{
    ApiGatewayV2CustomAuthorizerSimpleResponse, ApiGatewayV2CustomAuthorizerV2Request,
};
use lambda_http::lambda_runtime::{self, LambdaEvent, service_fn};
use shared::http::lambda;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let (app, _) = lambda::start().await?;
    let app = &app;
    lambda_runtime::run(service_fn(|event: LambdaEvent<ApiGatewayV2CustomAuthorizerV2Request>| async move {
        let context = authorizer::authorize(&app.store, &event.payload.headers, app.clock.now()).await;
        let mut answer = ApiGatewayV2CustomAuthorizerSimpleResponse::default();
        answer.is_authorized = true;
        answer.context = context;
        Ok::<_, lambda_http::Error>(answer)
    }))
    .await
}
