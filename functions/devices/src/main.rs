//! Devices, as partners see them, as a Lambda function.

use shared::http::lambda;
use shared::needs;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let (app, _) = lambda::start(&needs::DEVICES).await?;
    let routes = devices::routes(app.clone());
    lambda::serve(&app, routes).await
}
