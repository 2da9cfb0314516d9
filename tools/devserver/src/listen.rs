//! Listening: one accept loop for the front and the object store, with a stop that lets open requests finish.

use std::error::Error;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context as _;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

type BoxError = Box<dyn Error + Send + Sync>;

/// Binds a port on 127.0.0.1; 0 takes any free one.
pub(crate) async fn bind(port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            anyhow::anyhow!("port {port} is in use: stop what listens there, or choose another with --port")
        }
        _ => anyhow::Error::new(error).context(format!("cannot listen on 127.0.0.1:{port}")),
    })
}

/// Ends for everyone at the same time: what is still open by then is cut off.
#[derive(Debug, Clone)]
pub(crate) struct Deadline(watch::Receiver<()>);

impl Deadline {
    /// A deadline `wait` from now.
    pub(crate) fn after(wait: Duration) -> Self {
        let (ends, deadline) = watch::channel(());
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            drop(ends);
        });
        Self(deadline)
    }

    async fn passed(mut self) {
        while self.0.changed().await.is_ok() {}
    }
}

/// Something that listens until it is stopped.
#[derive(Debug)]
pub(crate) struct Listening {
    stop: oneshot::Sender<Deadline>,
    task: JoinHandle<()>,
}

impl Listening {
    /// Stops accepting, lets open requests finish until `deadline`, and cuts off what is left.
    pub(crate) async fn stop(self, deadline: Deadline) -> anyhow::Result<()> {
        let _ = self.stop.send(deadline);
        self.task.await.context("a listener ended badly")
    }
}

/// Serves each connection with what `service` makes for its peer.
pub(crate) fn serve<S, B>(
    listener: TcpListener,
    service: impl Fn(SocketAddr) -> S + Send + 'static,
) -> Listening
where
    S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let (stop, mut stopped) = oneshot::channel::<Deadline>();
    let task = tokio::spawn(async move {
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        let deadline = loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        // Answers are small and whole; waiting for more to send only delays them.
                        let _ = stream.set_nodelay(true);
                        let connection =
                            http1::Builder::new().serve_connection(TokioIo::new(stream), service(peer));
                        let watched = graceful.watch(connection);
                        connections.spawn(async move {
                            if let Err(error) = watched.await {
                                tracing::debug!(%error, "a connection broke off");
                            }
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
                Some(_) = connections.join_next() => {}
                deadline = &mut stopped => break deadline,
            }
        };
        drop(listener);
        // Whoever lets go of a listener without stopping it wants no waiting.
        if let Ok(deadline) = deadline {
            tokio::select! {
                () = graceful.shutdown() => {}
                () = deadline.passed() => tracing::warn!("requests that were still open were cut off"),
            }
        }
        connections.shutdown().await;
    });
    Listening { stop, task }
}
