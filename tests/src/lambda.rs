//! Functions as Lambda runs them, for the tests that are run so: `OTA_TEST_LAMBDA` names the folder of their binaries,
//! `OTA_TEST_CARGO_LAMBDA` the program `cargo-lambda`, `OTA_TEST_MOTO` the address of a `moto_server`.
//!
//! Such functions have clocks of their own, and wires that nothing is injected into.

use std::path::PathBuf;

use devserver::LambdaOptions;

/// How to run functions as Lambda runs them; none where this test run is not for that.
pub fn options() -> Option<LambdaOptions> {
    let binaries = std::env::var_os("OTA_TEST_LAMBDA")?;
    let set = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("OTA_TEST_LAMBDA needs {name}"));
    Some(LambdaOptions {
        binaries: binaries.into(),
        cargo_lambda: set("OTA_TEST_CARGO_LAMBDA").into(),
        aws_endpoint: set("OTA_TEST_MOTO"),
        template: PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../infra/template.yaml"),
        invoke_port: 0,
    })
}
