//! Logs in the cloud: one JSON object a line.

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The filter when none is set: our own lines, and only warnings of libraries.
const DEFAULT: &str = "warn,shared=info";

/// Starts logging as JSON; `filter` is the value of `OTA_LOG`, if set. Call once.
pub fn init_json(filter: Option<&str>) {
    let _ = subscriber(filter, std::io::stdout).try_init();
}

fn subscriber<W>(filter: Option<&str>, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::new(filter.unwrap_or(DEFAULT));
    // The runtime adds the time of each line.
    let lines = tracing_subscriber::fmt().json().without_time().with_env_filter(filter).with_writer(writer);
    lines.finish().with(filter_fn(|line| !shows_messages(line)))
}

/// True for a line in which a library may show a whole message, whatever filter is set: Lambda's runtime an event, in
/// whose headers stand keys and credentials, and the AWS SDK a request, which can be sent again as it is for as long as
/// its signature is good.
fn shows_messages(line: &Metadata<'_>) -> bool {
    let shows = ["lambda_", "aws_", "h2"].iter().any(|library| line.target().starts_with(library));
    shows && *line.level() > Level::INFO
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(filter: Option<&str>) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        tracing::subscriber::with_default(subscriber(filter, move || writer.clone()), || {
            tracing::trace!(target: "lambda_runtime::layers::api_response", body = "secret", "raw JSON event");
            tracing::debug!(target: "lambda_runtime", body = "secret", "an event");
            tracing::trace!(target: "aws_smithy_runtime::client::orchestrator", request = "secret", "transmitting");
            tracing::trace!(target: "aws_sigv4::http_request::sign", request = "secret", "signing request");
            tracing::debug!(target: "h2::codec::framed_write", frame = "secret", "send");
            tracing::warn!(target: "lambda_runtime::runtime", "a warning of the runtime");
            tracing::trace!(target: "hyper", "a detail");
            tracing::info!(target: "shared::http", "our line");
        });
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn no_filter_lets_whole_messages_into_the_log() {
        for filter in [
            "trace",
            "aws_smithy_runtime=trace,aws_sigv4=trace,warn",
            "h2=trace,warn",
            "lambda_runtime=trace",
            "lambda_runtime::layers=trace,warn",
            "debug",
        ] {
            let log = logged(Some(filter));
            assert!(!log.contains("secret"), "{filter}: {log}");
            assert!(log.contains("a warning of the runtime"), "{filter}: {log}");
        }
        assert!(logged(Some("trace")).contains("a detail"));
    }

    #[test]
    fn our_own_lines_and_warnings_are_logged_unless_told_otherwise() {
        let log = logged(None);
        assert!(log.contains("our line") && log.contains("a warning of the runtime"), "{log}");
        assert!(!log.contains("a detail"), "{log}");
        assert!(log.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{log}");
    }
}
