//! Device types, associations and feeds as a Lambda function.

use shared::blobs::Blobs;
use shared::http::lambda;
use shared::needs;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let (app, aws) = lambda::start(&needs::ASSOCIATIONS).await?;
    let blobs = Blobs::connect(&aws, app.config.bucket()?);
    blobs.warm().await;
    let routes = associations::routes(app.clone(), blobs);
    lambda::serve(&app, routes).await
}
