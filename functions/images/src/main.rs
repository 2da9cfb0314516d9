//! The firmware pool as a Lambda function.

use shared::http::lambda;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let (app, _) = lambda::start().await?;
    let routes = images::routes(app.clone());
    lambda::serve(&app, routes).await
}
