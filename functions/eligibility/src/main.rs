//! The device check as a Lambda function.

use shared::http::lambda;
use shared::metrics::Metrics;
use shared::needs;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let (app, _) = lambda::start(&needs::ELIGIBILITY).await?;
    let routes = eligibility::measured(app.clone(), Metrics::stdout(app.config.metrics()?));
    lambda::serve(&app, routes).await
}
