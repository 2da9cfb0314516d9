//! The reconciler as a Lambda function.

use lambda_http::Error;
use lambda_http::lambda_runtime::{self, service_fn};
use reconciler::{Cdn, Reconciler};
use shared::blobs::Blobs;
use shared::http::lambda;
use shared::metrics::Metrics;
use shared::needs;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let (app, aws) = lambda::start(&needs::RECONCILER).await?;
    let blobs = Blobs::connect(&aws, app.config.bucket()?);
    let cdn = Cdn::connect(&aws, app.config.distribution_id()?, app.clock.clone())?;
    let metrics = Metrics::stdout(app.config.metrics()?);
    let reconciler = &Reconciler { app, blobs, cdn, metrics };
    lambda_runtime::run(service_fn(|event| Box::pin(reconciler.handle(event)))).await
}
