//! The drill of a withdrawal: how long it takes from the service's word that an image is withdrawn to the last answer that
//! still offers it, with a cache before the device door.
//!
//! nginx stands in for the CDN, and is sent no purges: what a CDN does beside keeping to what answers say only shortens
//! this. Here time is real.
#![allow(clippy::disallowed_methods, reason = "a drill measures, so it reads the clock")]

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use devserver::{Beside, Options, Server};
use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::fleet::ATTRIBUTE;
use crate::line::{Ask, Line, Reply};
use crate::package;
use crate::partner::Partner;

const DEVICE_TYPE: &str = "withdrawn-device";
/// How long before a withdrawal those ask who ask rarely.
const BEFORE: Duration = Duration::from_millis(200);
/// How long it is asked behind a withdrawal: behind what is fresh, and behind what may be stale while it is renewed.
const WATCHED: Duration = Duration::from_secs(95);
/// The same while the service is down.
const WATCHED_DOWN: Duration = Duration::from_mins(11);

/// How long those wait who ask steadily.
const OFTEN: Duration = Duration::from_millis(100);
/// How often it is looked whether it has been withdrawn.
const GLANCE: Duration = Duration::from_millis(5);

/// What drill to hold.
#[derive(Debug, Clone)]
pub struct Drill {
    /// The program nginx.
    pub nginx: PathBuf,
    /// How often an image and a package are withdrawn.
    pub rounds: u32,
    /// Whether at last one is withdrawn and the service then goes down.
    pub outage: bool,
}

/// When who was offered what was withdrawn for the last time.
#[derive(Debug, Clone)]
pub struct Withdrawn {
    rows: Vec<(String, Option<Duration>)>,
}

/// One who asks.
struct Asker {
    name: String,
    authority: String,
    ask: Ask,
    /// How long after the withdrawal it asks, once; one that asks steadily has none.
    moment: Option<Duration>,
    /// What stands in an answer that offers.
    sign: String,
}

impl Drill {
    /// Holds it. `say` is told how it goes.
    pub async fn hold(&self, say: &(dyn Fn(&str) + Sync)) -> anyhow::Result<Withdrawn> {
        let folder = tempfile::tempdir()?;
        let server = Server::start(Options::default()).await?;
        let cache = Beside::nginx(&self.nginx, folder.path(), server.base_url()).await?;
        let mut drill = Held::begin(&server, cache.url()).await?;
        let mut rows: Vec<(String, Option<Duration>)> = Vec::new();
        for round in 1..=self.rounds {
            let these = drill.round(round, WATCHED, || async { Ok(()) }).await?;
            say(&format!("round {round} of {}", self.rounds));
            merge(&mut rows, these);
        }
        let round = self.rounds + 1;
        if self.outage {
            let these = drill.round(round, WATCHED_DOWN, || server.stop()).await?;
            let down = these.into_iter().filter(|(name, _)| !name.starts_with(DIRECT));
            rows.extend(down.map(|(name, last)| (format!("service down: {name}"), last)));
        } else {
            server.stop().await?;
        }
        cache.stop()?;
        Ok(Withdrawn { rows })
    }
}

/// What the names begin with of those who ask past the cache.
const DIRECT: &str = "POST";

/// The latest of each name.
fn merge(all: &mut Vec<(String, Option<Duration>)>, these: Vec<(String, Option<Duration>)>) {
    for (name, last) in these {
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = (*known).max(last),
            None => all.push((name, last)),
        }
    }
}

struct Held {
    partner: Partner,
    device: Ask,
    service: String,
    cache: String,
}

impl Held {
    async fn begin(server: &Server, cache: &str) -> anyhow::Result<Self> {
        let mut partner = Partner::begin(server, DEVICE_TYPE).await?;
        let token = partner.factory().await?.token("SN-1")?;
        let device = Ask {
            method: Method::POST,
            path: format!("/v1/ota/deviceTypes/{DEVICE_TYPE}/devices/SN-1/attributes"),
            bearer: Some(token),
            body: json!({"attributes": {ATTRIBUTE: "0"}}),
        };
        let authority = |url: &str| url.trim_start_matches("http://").to_owned();
        Ok(Self { partner, device, service: authority(server.base_url()), cache: authority(cache) })
    }

    /// Releases an image and a package, has them asked for, withdraws them, does `then`, and watches.
    async fn round<F: Future<Output = anyhow::Result<()>>>(
        &mut self,
        round: u32,
        watched: Duration,
        then: impl FnOnce() -> F,
    ) -> anyhow::Result<Vec<(String, Option<Duration>)>> {
        let version = format!("{round}.0");
        let image = self.partner.image(&version).await?;
        self.partner.release(image, Value::Null).await?;
        let package = self.partner.package(&version, &package::build("drilled", &version)?).await?;
        self.partner.release(package, Value::Null).await?;

        let withdrawn = Arc::new(std::sync::OnceLock::new());
        let over = Arc::new(AtomicBool::new(false));
        let mut asking = JoinSet::new();
        for asker in self.askers(round, image.number, &version, watched) {
            asking.spawn(asker.run(Arc::clone(&withdrawn), Arc::clone(&over)));
        }
        tokio::time::sleep(BEFORE).await;
        self.partner.withdraw(package).await?;
        self.partner.withdraw(image).await?;
        let _ = withdrawn.set(Instant::now());
        then().await?;
        tokio::time::sleep(watched).await;
        over.store(true, Ordering::Relaxed);
        let mut rows = Vec::new();
        while let Some(row) = asking.join_next().await {
            rows.push(row??);
        }
        rows.sort();
        Ok(rows)
    }

    /// Those who ask steadily, and those who asked just before the withdrawal and then not for so long. Each round has
    /// addresses of its own, so that nothing is left in the cache of the round before.
    fn askers(&self, round: u32, image: u64, version: &str, watched: Duration) -> Vec<Asker> {
        let check =
            |own: u64| format!("/v1/ota/deviceTypes/{DEVICE_TYPE}/eligibility?{ATTRIBUTE}=0&2150={own}");
        let index = |own: u64, file: &str| format!("/release/{DEVICE_TYPE}{file}?{round}-{own}");
        let offer = format!("\"versionNumber\":\"{image}\"");
        let stanza = format!("Version: {version}\n");
        let get = |path: String| Ask { method: Method::GET, path, bearer: None, body: Value::Null };
        let own = u64::from(round) * 1000;
        let steady = |name: &str, authority: &str, ask: Ask, sign: &str| Asker {
            name: name.to_owned(),
            authority: authority.to_owned(),
            ask,
            moment: None,
            sign: sign.to_owned(),
        };
        let mut all = vec![
            steady("POST attributes, ten times a second", &self.service, self.device.clone(), &offer),
            steady("GET check, ten times a second", &self.cache, get(check(own)), &offer),
            steady("GET Packages, ten times a second", &self.cache, get(index(own, "/Packages")), &stanza),
            steady("GET index, ten times a second", &self.cache, get(index(own, "")), &stanza),
        ];
        let long = watched.as_secs();
        let seldom = [29, 45, 59, 61, 300, 598, 602];
        for (place, seconds) in (1..).zip(seldom).filter(|(_, seconds)| *seconds < long) {
            let moment = Some(Duration::from_secs(seconds));
            let name = |what: &str| format!("GET {what}, once before, next after {seconds:3} s");
            let mut rare = |what: &str, path: String, sign: &str| {
                let asker = steady(&name(what), &self.cache, get(path), sign);
                all.push(Asker { moment, ..asker });
            };
            rare("check", check(own + place), &offer);
            rare("index", index(own + place, ""), &stanza);
        }
        all
    }
}

impl Asker {
    /// Asks until it is over, and answers when it was offered what was withdrawn for the last time after that.
    async fn run(
        self,
        withdrawn: Arc<std::sync::OnceLock<Instant>>,
        over: Arc<AtomicBool>,
    ) -> anyhow::Result<(String, Option<Duration>)> {
        let mut line = Line::to(&self.authority);
        let mut last = None;
        let first = self.offered(&mut line).await?;
        anyhow::ensure!(first, "{}: not offered before it was withdrawn", self.name);
        while !over.load(Ordering::Relaxed) {
            match (self.moment, withdrawn.get()) {
                (None, _) => tokio::time::sleep(OFTEN).await,
                (Some(_), None) => {
                    tokio::time::sleep(GLANCE).await;
                    continue;
                }
                (Some(moment), Some(since)) => tokio::time::sleep_until(*since + moment).await,
            }
            // A cache that has nothing more to give is no offer either.
            let offered = self.offered(&mut line).await.unwrap_or(false);
            if let Some(since) = withdrawn.get().filter(|_| offered) {
                last = Some(since.elapsed());
            }
            if self.moment.is_some() {
                break;
            }
        }
        Ok((self.name, last))
    }

    async fn offered(&self, line: &mut Line) -> anyhow::Result<bool> {
        let Reply { status, body } = line.ask(&self.ask).await?;
        Ok(status == 200 && String::from_utf8_lossy(&body).contains(&self.sign))
    }
}

impl Withdrawn {
    /// The longest that anyone was offered it; none if nobody was.
    pub fn longest(&self) -> Option<Duration> {
        self.rows.iter().filter_map(|(_, last)| *last).max()
    }

    /// Whether nobody was offered it later than 90 seconds, or 10 minutes while the service was down.
    pub fn is_good(&self) -> bool {
        let most = |name: &str| Duration::from_secs(if name.starts_with("service down") { 600 } else { 90 });
        self.rows.iter().all(|(name, last)| last.is_none_or(|last| last <= most(name)))
    }
}

impl fmt::Display for Withdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        for (name, last) in &self.rows {
            let last = last.map_or_else(|| "none".to_owned(), |last| format!("{:6.1} s", last.as_secs_f64()));
            writeln!(f, "{name:width$}  {last}")?;
        }
        Ok(())
    }
}
