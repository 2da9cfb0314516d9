//! After each operation: what every URL stands for, since when, and what clients of it are told.

use std::collections::BTreeSet;

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use serde_json::Value;
use tests::api::Answer;

use super::{ASKED, DEVICE_TYPES, FEEDS, PACKAGES, Place, Play, VERSIONS};
use crate::packages::model::{Pack, index_of, latest, merged, merged_list};

/// A client of one URL: what it has, and the time that came with it.
#[derive(Debug, Clone, Default)]
struct Client {
    has: Option<(String, String)>,
}

/// What is known of one URL.
#[derive(Debug, Clone, Default)]
pub(super) struct Url {
    /// What it stands for; none for nothing.
    text: Option<String>,
    /// When that changed; none if it is not known.
    stored: Option<i64>,
    /// The text that was last given, and its tag.
    given: Option<(String, String)>,
    sent: i64,
    /// One that asks after every change, and one that asks now and then.
    clients: [Client; 2],
}

fn seconds(answer: &Answer) -> i64 {
    DateTime::from_str(answer.header("last-modified"), DateTimeFormat::HttpDate).unwrap().secs()
}

impl Play {
    /// Every URL of a place with what it stands for now.
    fn texts(&self, place: &Place) -> Vec<(String, Option<String>)> {
        let root = format!("/{}/{}", place.1, place.0);
        let (exists, all) = (self.exists(place), self.packs_in(place));
        let newest = latest(all.iter().copied());
        let mut texts = vec![(root.clone(), exists.then(|| index_of(&newest)))];
        for package in PACKAGES {
            let lines: Vec<&Pack> = newest.iter().copied().filter(|pack| pack.package == package).collect();
            let there = !lines.is_empty();
            texts.push((format!("{root}/{package}"), there.then(|| index_of(&lines))));
            for name in ASKED {
                let field = || lines.iter().map(|pack| pack.field(name)).collect();
                texts.push((format!("{root}/{package}/latest/{name}"), there.then(field)));
            }
            for version in VERSIONS {
                let same = |pack: &&Pack| (pack.package, pack.version) == (package, version);
                let mut lines: Vec<&Pack> = all.iter().copied().filter(same).collect();
                lines.sort_by_key(|pack| pack.architecture);
                let there = !lines.is_empty();
                texts.push((format!("{root}/{package}/{version}"), there.then(|| index_of(&lines))));
            }
        }
        texts
    }

    fn pointer(&self, (device_type, feed): &Place) -> &Value {
        self.dump.row(&format!("DT#{device_type}"), &format!("INDEX#{feed}"))
    }

    /// Asks for what has changed, and for some of what has not.
    pub(super) async fn observe(&mut self, all: bool) {
        for device_type in DEVICE_TYPES {
            for feed in FEEDS {
                let place = (device_type.to_owned(), feed.to_owned());
                let pointer = self.pointer(&place).clone();
                for (path, text) in self.texts(&place) {
                    let mut url = self.urls.remove(&path).unwrap_or_default();
                    let changed = url.text != text;
                    let whole = path.split('/').count() == 3;
                    self.settle(&path, &mut url, text, &pointer, whole);
                    if changed || all || self.dice.roll(if whole { 4 } else { 40 }) == 0 {
                        self.ask(&path, &mut url).await;
                    }
                    self.urls.insert(path, url);
                }
            }
        }
        for feed in FEEDS {
            self.list(feed).await;
        }
    }

    /// Notes what a URL stands for now, and since when.
    fn settle(&self, path: &str, url: &mut Url, text: Option<String>, pointer: &Value, whole: bool) {
        let time = |name: &str| pointer[name].as_i64();
        let (was, before) = (url.text.clone(), url.stored);
        if was != text {
            url.stored = match (&was, &text) {
                (_, None) => None,
                (None, Some(_)) if whole => time("modified"),
                _ => time("changed"),
            };
            if let (Some(_), Some(before), Some(after)) = (&was, before, url.stored) {
                assert!(after > before, "{path}: {after} after {before}: {:#?}", self.log);
            }
        } else if whole && text.is_some() {
            match (before, time("modified")) {
                (Some(before), now) => assert_eq!(Some(before), now, "{path}: {:#?}", self.log),
                (None, now) => url.stored = now,
            }
        }
        url.text = text;
    }

    /// Asks for a URL outright, and as each of its clients.
    async fn ask(&mut self, path: &str, url: &mut Url) {
        let earliest = self.api.server.clock().now().seconds();
        let answer = self.api.get(path, "").await;
        let latest = self.api.server.clock().now().seconds();
        let Some(text) = url.text.clone() else {
            return self.expect(&answer, 404, "not_found");
        };
        assert_eq!(answer.status, 200, "{path}: {:#?}", self.log);
        assert_eq!(String::from_utf8_lossy(&answer.bytes), text, "{path}: {:#?}", self.log);
        let etag = answer.header("etag").to_owned();
        assert_eq!(etag.len(), 42, "{etag}");
        if let Some((old, tag)) = &url.given {
            assert_eq!(*old == text, *tag == etag, "{path}: {:#?}", self.log);
        }
        let sent = seconds(&answer);
        assert!(sent >= url.sent && sent <= latest, "{path}: {sent}, {} before: {:#?}", url.sent, self.log);
        if let Some(stored) = url.stored {
            let fine = if stored <= earliest { sent == stored } else { sent >= earliest };
            assert!(fine, "{path}: {sent} for {stored} at {earliest}: {:#?}", self.log);
        }
        (url.sent, url.given) = (sent, Some((text, etag)));
        for index in 0..url.clients.len() {
            if index == 0 || self.dice.roll(5) == 0 {
                let client = url.clients[index].clone();
                url.clients[index] = self.poll(path, client, url).await;
            }
        }
    }

    /// A client asks for what has changed since it last asked, and has everything afterwards.
    async fn poll(&self, path: &str, client: Client, url: &Url) -> Client {
        let text = url.text.clone().unwrap();
        let Some((had, since)) = client.has else {
            let answer = self.api.get(path, "").await.expect(200);
            return Client { has: Some((text, answer.header("last-modified").to_owned())) };
        };
        let request = self.api.request("GET", path).header("if-modified-since", &since);
        let answer = self.api.send(request).await;
        let told = String::from_utf8_lossy(&answer.bytes).into_owned();
        let partial = answer.header("cache-control") == "no-store";
        let has = match (answer.status, partial) {
            (304, _) => had,
            (200, false) => told,
            (200, true) => {
                assert_eq!(answer.header("etag"), "", "a part has no tag");
                merged(&had, &told)
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(has, text, "{path} since {since}, {}: {:#?}", answer.status, self.log);
        Client { has: Some((has, answer.header("last-modified").to_owned())) }
    }

    /// The list of a feed.
    async fn list(&mut self, feed: &str) {
        let path = format!("/{feed}");
        let mut url = self.urls.remove(&path).unwrap_or_default();
        let answer = self.api.get(&path, "").await;
        if feed == "field" && !self.has_field {
            self.expect(&answer, 404, "not_found");
            self.urls.insert(path, url);
            return;
        }
        let listed: BTreeSet<&str> = self
            .associations
            .iter()
            .filter(|((_, at), _)| at == feed)
            .map(|((id, _), _)| id.as_str())
            .collect();
        let text: String = listed.into_iter().flat_map(|id| [id, "\n"]).collect();
        assert_eq!(String::from_utf8_lossy(&answer.bytes), text, "{path}: {:#?}", self.log);
        let sent = seconds(&answer);
        assert!(sent >= url.sent, "{path}: {sent} after {}: {:#?}", url.sent, self.log);
        (url.sent, url.text) = (sent, Some(text.clone()));
        let client = &mut url.clients[0];
        if let Some((had, since)) = client.has.clone()
            && !self.shares_a_second(feed, &since)
        {
            let request = self.api.request("GET", &path).header("if-modified-since", &since);
            let answer = self.api.send(request).await;
            let told = String::from_utf8_lossy(&answer.bytes).into_owned();
            let has = match (answer.status, answer.header("cache-control")) {
                (304, _) => had,
                (200, "no-store") => merged_list(&had, &told),
                (200, _) => told,
                other => panic!("{other:?}"),
            };
            assert_eq!(has, text, "{path} since {since}, {}: {:#?}", answer.status, self.log);
        }
        if client.has.is_none() || self.dice.roll(3) == 0 {
            *client = Client { has: Some((text, answer.header("last-modified").to_owned())) };
        }
        self.urls.insert(path, url);
    }

    /// Whether anything in a feed changed in the very second that a client has, or in a later one before it asked:
    /// times in a list are per device type, and nothing keeps two device types apart.
    fn shares_a_second(&self, feed: &str, since: &str) -> bool {
        let since = DateTime::from_str(since, DateTimeFormat::HttpDate).unwrap().secs();
        let mut rows = self.dump.under("FEED#").filter(|(pk, ..)| pk[5..] == *feed);
        rows.any(|(.., row)| row["modified"].as_i64() == Some(since))
    }

    /// Reconciling makes the pointers that a feed made after its device types never needed, and changes nothing else.
    pub(super) async fn reconcile(&mut self) {
        self.api.expect_whole("after the sequence").await;
        let places = DEVICE_TYPES.iter().flat_map(|id| FEEDS.map(|feed| ((*id).to_owned(), feed.to_owned())));
        let missing = places.filter(|place| self.exists(place) && self.pointer(place).is_null()).count();
        let report = self.api.reconcile().await.unwrap();
        let found = (report.repairs, report.drifted, report.indexes_drifted, report.failed);
        assert_eq!(found, (0, 0, missing, 0), "{:#?}", self.log);
        assert_eq!(report.catalogues_swept, 0);
        let dump = self.api.dump().await;
        let different = self.dump.difference(&dump);
        let more = different.iter().filter(|key| !key.starts_with("AUDIT#")).count();
        assert_eq!(more, 2 * missing, "a pointer, and the device type is touched: {different:#?}");
        self.dump = dump;
        let again = self.api.reconcile().await.unwrap();
        assert_eq!((again.indexes_drifted, again.failed), (0, 0));
        for url in self.urls.values_mut() {
            if url.text.as_deref() == Some("") {
                // A pointer that is made says when it was made.
                url.stored = None;
            }
        }
        self.observe(true).await;
        self.api.expect_whole("after reconciling").await;
    }
}
