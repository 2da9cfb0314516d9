//! Firmware types as a Lambda function.

use shared::http::lambda;
use shared::needs;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let (app, _) = lambda::start(&needs::TYPES).await?;
    let routes = types::routes(app.clone());
    lambda::serve(&app, routes).await
}
