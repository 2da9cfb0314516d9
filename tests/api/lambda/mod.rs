//! What only functions that run as Lambda runs them can show. Many of the other tests are run against them too: which,
//! `cargo xtask test` says.

mod real;
mod strange;
mod unwell;

use std::os::unix::fs::symlink;

use devserver::{LambdaOptions, Options};
use tempfile::TempDir;
use templates::{Infra, Settings};
use tests::api::Api;
use tests::lambda;

fn options() -> LambdaOptions {
    lambda::options().expect("OTA_TEST_LAMBDA is set")
}

/// A service every function of which does strange things on command (`src/bin/strange.rs`), but for those that are
/// another program.
struct Strange {
    api: Api,
    // Holds the programs.
    _programs: TempDir,
}

impl Strange {
    async fn start() -> Self {
        Self::with(&[]).await
    }

    async fn with(others: &[(&str, &str)]) -> Self {
        let mut lambda = options();
        let programs = tempfile::tempdir().unwrap();
        for function in Infra::read(&lambda.template, Settings::default()).unwrap().functions().unwrap() {
            let other = others.iter().find(|(name, _)| *name == function.name);
            let program = other.map_or(env!("CARGO_BIN_EXE_strange"), |(_, program)| program);
            symlink(program, programs.path().join(&function.name)).unwrap();
        }
        lambda.binaries = programs.path().to_owned();
        let options = Options { lambda: Some(lambda), ..Options::default() };
        Self { api: Api::start_with(options).await, _programs: programs }
    }
}

/// A path of the API at which a function does this.
fn api(command: &str) -> String {
    format!("/v1/ota/partners/do-{command}/types")
}

/// A path of the device door at which a function does this.
fn url(command: &str) -> String {
    format!("/release/do-{command}")
}
