//! The service's clock, turned by hand.

use devserver::Server;

/// Moments of a run, in milliseconds from its beginning.
pub(crate) type Moment = i64;

/// A second, in the unit of [`Moment`].
pub(crate) const SECOND: Moment = 1000;
/// A minute.
pub(crate) const MINUTE: Moment = 60 * SECOND;
/// An hour.
pub(crate) const HOUR: Moment = 60 * MINUTE;

/// Turns a server's clock forward.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hand {
    /// When the run began, by the server's clock, in milliseconds since the epoch.
    began: i64,
}

impl Hand {
    /// A run that begins now.
    pub(crate) fn begin(server: &Server) -> Self {
        Self { began: server.clock().now().millis() }
    }

    /// What the server's clock shows.
    pub(crate) fn now(self, server: &Server) -> Moment {
        server.clock().now().millis() - self.began
    }

    /// A moment as milliseconds since the epoch.
    pub(crate) fn timestamp(self, moment: Moment) -> i64 {
        self.began + moment
    }

    /// Turns the clock to `moment`, unless it shows a later one: the time that the work takes goes by as well, and no clock
    /// of a service goes back.
    pub(crate) fn turn(self, server: &Server, moment: Moment) {
        let ahead = moment - self.now(server);
        if ahead > 0 {
            server.clock().shift(ahead);
        }
    }
}
