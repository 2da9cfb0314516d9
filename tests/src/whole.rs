//! Whether a table is whole: every row that belongs to another agrees with it, and every count with what it counts.

mod catalogues;
mod packages;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::domain::firmware_type::built_in;

use crate::table::Dump;

/// The type of device descriptions.
const DESCRIPTION: u8 = 4;
/// The feeds that need no row.
const STANDARD: [&str; 4] = ["dev", "alpha", "beta", "release"];

/// Everything that is wrong with a table; empty if it is whole.
///
/// Words in manifests may be behind their records while a repair is open; nothing else may.
pub fn faults(dump: &Dump) -> Vec<String> {
    let mut check = Check { dump, faults: Vec::new() };
    check.images();
    check.descriptions();
    check.quotas();
    check.device_types();
    check.placements();
    check.manifests();
    check.packages();
    check.access();
    check.keys();
    check.faults
}

/// Fails the test unless the table is whole.
#[track_caller]
pub fn expect_whole(dump: &Dump, when: &str) {
    let faults = faults(dump);
    assert!(faults.is_empty(), "{when}: {faults:#?}");
}

struct Check<'a> {
    dump: &'a Dump,
    faults: Vec<String>,
}

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_default()
}

/// `105#0000000000000000007`.
fn padded(row: &Value) -> String {
    format!("{:03}#{:019}", row["number"].as_i64().unwrap(), row["versionNumber"].as_i64().unwrap())
}

impl<'a> Check<'a> {
    fn expect(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.faults.push(what());
        }
    }

    fn rows(&self, pk: &'a str, sk: &'a str) -> Vec<(&'a str, &'a str, &'a Value)> {
        self.dump.under(pk).filter(|(_, at, _)| at.starts_with(sk)).collect()
    }

    /// The details of every image: those in pools, and descriptions under their device types.
    fn records(&self) -> Vec<(&'a str, &'a str, &'a Value)> {
        [self.rows("POOL#", "DETAIL#"), self.rows("DT#", "DETAIL#")].concat()
    }

    /// The record of an association that lies in partition `pk`.
    fn associated(&self, pk: &str, row: &Value) -> &'a Value {
        let pool = format!("POOL#{}", text(row, "owner"));
        let at = if row["number"] == DESCRIPTION { pk } else { &pool };
        self.dump.row(at, &format!("DETAIL#{}", padded(row)))
    }

    fn images(&mut self) {
        let mut numbers = BTreeSet::new();
        for (pk, sk, row) in self.records() {
            let at = format!("{pk} / {sk}");
            let list = self.dump.row(pk, &sk.replace("DETAIL#", "IMG#"));
            for (short, long) in [
                ("n", "name"),
                ("v", "version"),
                ("c", "created"),
                ("u", "updated"),
                ("o", "owner"),
                ("d", "deviceType"),
            ] {
                self.expect(list[short] == row[long], || format!("{at}: the list row has another {long}"));
            }
            let tags = |value: &Value| value.as_array().cloned().unwrap_or_default();
            self.expect(tags(&list["t"]) == tags(&row["tags"]), || {
                format!("{at}: the list row has other tags")
            });
            let name = format!(
                "NAME#{:03}#{}#{}",
                row["number"].as_i64().unwrap(),
                text(row, "name"),
                text(row, "version")
            );
            let guard = self.dump.row(pk, &name);
            self.expect(guard["number"] == row["versionNumber"], || format!("{at}: its name is not guarded"));
            self.expect(numbers.insert(padded(row)), || format!("{at}: its number is used twice"));
            let counter =
                self.dump.row(&format!("COUNTER#{:03}", row["number"].as_i64().unwrap()), "VERSION");
            let issued = counter["number"].as_i64() >= row["versionNumber"].as_i64();
            self.expect(issued, || format!("{at}: the counter has not come so far"));
        }
        for (pk, sk, _) in [self.rows("POOL#", "IMG#"), self.rows("DT#", "IMG#")].concat() {
            let there = !self.dump.row(pk, &sk.replace("IMG#", "DETAIL#")).is_null();
            self.expect(there, || format!("{pk} / {sk}: a list row without a record"));
        }
        let records = self.records().len();
        let names = self.rows("POOL#", "NAME#").len() + self.rows("DT#", "NAME#").len();
        self.expect(records == names, || format!("{records} records and {names} names"));
    }

    fn descriptions(&mut self) {
        for (pk, sk, row) in self.records() {
            let at = format!("{pk} / {sk}");
            if row["number"] != DESCRIPTION {
                let pooled = row["deviceType"].is_null() && row["deviceProfile"].is_null();
                self.expect(pooled && pk.starts_with("POOL#"), || format!("{at}: belongs into a pool"));
                continue;
            }
            let owner = text(self.dump.row(pk, "META"), "partner");
            let home = pk == format!("DT#{}", text(row, "deviceType")) && text(row, "owner") == owner;
            self.expect(home, || format!("{at}: lies under another device type, or another partner's"));
            self.expect(row["sealed"] == true && row["binary"]["kind"] == "binary", || {
                format!("{at}: is not sealed, or has no binary that a check can offer")
            });
        }
        for (pk, _, row) in self.dump.under("IDEM#") {
            let home = format!("DT#{}", text(row, "deviceType"));
            let made = self.dump.row(&home, &format!("DETAIL#{}", padded(row)));
            let holds = row["deviceType"].is_null() || !made.is_null();
            self.expect(holds, || format!("{pk}: says that it made a description that is not there"));
        }
    }

    fn quotas(&mut self) {
        let mut images = BTreeMap::<String, i64>::new();
        for (.., row) in self.records() {
            let shard = row["quotaShard"].as_i64().unwrap();
            let at = format!("PARTNER#{} / QUOTA#IMAGES#{shard:02}", text(row, "owner"));
            *images.entry(at).or_default() += 1;
        }
        for (pk, sk, row) in self.rows("PARTNER#", "QUOTA#IMAGES#") {
            let (used, real) =
                (row["used"].as_i64().unwrap(), images.remove(&format!("{pk} / {sk}")).unwrap_or_default());
            self.expect(used == real, || format!("{pk} / {sk}: counts {used} of {real}"));
        }
        self.expect(images.is_empty(), || format!("uncounted images: {images:?}"));
        for (pk, sk, row) in self.rows("PARTNER#", "QUOTA#FEEDS") {
            let real = self.rows(pk, "FEED#").into_iter().filter(|(at, ..)| *at == pk).count();
            self.expect(row["used"] == real, || format!("{pk} / {sk}: counts {} of {real}", row["used"]));
        }
        for (pk, sk, row) in self.rows("PARTNER#", "FEED#") {
            let (partner, feed) = (&pk[8..], &sk[5..]);
            let placed = self.rows("IMAGE#", "DT#");
            let placed = placed
                .iter()
                .filter(|(.., p)| text(p, "partner") == partner && text(p, "feed") == feed)
                .count();
            let prefix = format!("ACCESS#{feed}#");
            let granted =
                self.dump.under(pk).filter(|(at, sk, _)| *at == pk && sk.starts_with(&prefix)).count();
            self.expect(row["uses"] == placed + granted, || {
                format!("{pk} / {sk}: counts {} uses, has {placed} + {granted}", row["uses"])
            });
        }
    }

    fn feed_exists(&self, partner: &str, feed: &str) -> bool {
        STANDARD.contains(&feed)
            || !self.dump.row(&format!("PARTNER#{partner}"), &format!("FEED#{feed}")).is_null()
    }

    fn device_types(&mut self) {
        for (pk, _, row) in self.rows("DT#", "META") {
            let (id, partner) = (text(row, "id"), text(row, "partner"));
            let listed = !self.dump.row(&format!("PARTNER#{partner}"), &format!("DT#{id}")).is_null();
            let hang = |what: &'a str| {
                self.dump.under(pk).filter(|(at, sk, _)| *at == pk && sk.starts_with(what)).count()
            };
            let (associations, manifests, indexes) = (hang("ASSOC#"), hang("MANIFEST#"), hang("INDEX#"));
            self.expect(row["associations"] == associations, || {
                format!("{pk}: counts {} of {associations} associations", row["associations"])
            });
            if row["deleted"] == true {
                self.expect(!listed, || format!("{pk}: deleted and still listed"));
                self.expect(associations + manifests + indexes == 0, || {
                    format!("{pk}: deleted, and something hangs on it")
                });
                continue;
            }
            self.expect(listed, || format!("{pk}: not listed"));
            for feed in STANDARD {
                let there = !self.dump.row(pk, &format!("MANIFEST#{feed}")).is_null();
                self.expect(there, || format!("{pk}: no manifest of {feed}"));
            }
        }
        for (pk, sk, _) in self.rows("PARTNER#", "DT#") {
            let this = self.dump.row(sk, "META");
            let living = this["deleted"] == false && text(this, "partner") == &pk[8..];
            self.expect(living, || format!("{pk} / {sk}: listed, and not there"));
        }
    }

    fn placements(&mut self) {
        for (pk, sk, row) in self.rows("DT#", "ASSOC#") {
            let at = format!("{pk} / {sk}");
            let record = self.associated(pk, row);
            self.expect(record["sealed"] == true, || format!("{at}: its record is not sealed"));
            self.expect(record["binary"]["kind"] == row["kind"], || {
                format!("{at}: its record has another kind")
            });
            let owner = text(self.dump.row(pk, "META"), "partner");
            let image = format!("IMAGE#{:03}#{}", row["number"].as_i64().unwrap(), row["versionNumber"]);
            let placement = self.dump.row(&image, &format!("{pk}#{}", text(row, "feed")));
            self.expect(text(placement, "partner") == owner, || {
                format!("{at}: no placement, or another partner's")
            });
            self.expect(self.feed_exists(owner, text(row, "feed")), || {
                format!("{at}: in a feed that is not there")
            });
        }
        let (marks, placements): (Vec<_>, Vec<_>) = self
            .rows("IMAGE#", "DT#")
            .into_iter()
            .partition(|(.., row)| row["withdrawn"] == true || row["halted"] == true);
        let (associations, placements) = (self.rows("DT#", "ASSOC#").len(), placements.len());
        self.expect(associations == placements, || {
            format!("{associations} associations, {placements} placements")
        });
        for (pk, sk, row) in marks {
            let (kind, number) = pk["IMAGE#".len()..].split_once('#').unwrap();
            let at = format!("ASSOC#{}#{kind}#{number:0>19}", text(row, "feed"));
            let back = self.dump.row(&format!("DT#{}", text(row, "deviceType")), &at);
            self.expect(back.is_null(), || format!("{pk} / {sk}: came back, and is marked as gone"));
        }
        for (pk, sk, row) in self.rows("IMAGE#", "OFFER#") {
            let (_, id) = pk.split_once('#').unwrap();
            let (number, version) = id.split_once('#').unwrap();
            let id = format!("{number}#{version:0>19}");
            let received = self.dump.row(&format!("POOL#{}", text(row, "receiver")), &format!("OFFER#{id}"));
            let record = self.dump.row(&format!("POOL#{}", text(received, "owner")), &format!("DETAIL#{id}"));
            self.expect(!record.is_null(), || format!("{pk} / {sk}: an offer of nothing"));
        }
        let (made, received) = (self.rows("IMAGE#", "OFFER#").len(), self.rows("POOL#", "OFFER#").len());
        self.expect(made == received, || format!("{made} offers made, {received} received"));
    }

    fn manifests(&mut self) {
        let repairs = self.dump.under("REPAIR").count();
        for (pk, sk, row) in self.rows("DT#", "MANIFEST#") {
            let at = format!("{pk} / {sk}");
            let (partner, feed) = (text(row, "partner"), text(row, "feed"));
            let wanted = self.entries(pk, partner, feed);
            for name in ["nextPollSeconds", "rolloutPollSeconds"] {
                let meta = &self.dump.row(pk, "META")[name];
                self.expect(row[name] == *meta, || format!("{at}: {name} is not {meta}"));
            }
            let bare = |entries: &[Value]| -> Vec<Value> {
                entries
                    .iter()
                    .cloned()
                    .map(|mut each| {
                        for name in ["typeName", "name", "version"] {
                            each.as_object_mut().unwrap().remove(name);
                        }
                        each
                    })
                    .collect()
            };
            let entries = row["entries"].as_array().unwrap();
            self.expect(bare(entries) == bare(&wanted), || {
                format!("{at}: holds {entries:?}, not {wanted:?}")
            });
            if repairs == 0 {
                self.expect(*entries == wanted, || format!("{at}: says {entries:?}, not {wanted:?}"));
                self.expect(self.feed_exists(partner, feed), || format!("{at}: of a feed that is not there"));
            }
        }
    }

    /// What a manifest must hold, from associations, records and types alone; written anew here on purpose.
    fn entries(&self, pk: &str, partner: &str, feed: &str) -> Vec<Value> {
        let prefix = format!("ASSOC#{feed}#");
        let rows = self.dump.under(pk).filter(|(at, sk, row)| {
            *at == pk
                && sk.starts_with(&prefix)
                && row["kind"] == "binary"
                && (row["plan"]["stage"] != "withdrawn" || row["plan"]["floor"] == true)
        });
        let all: BTreeMap<(i64, i64), &Value> = rows
            .map(|(_, _, row)| {
                ((row["number"].as_i64().unwrap(), row["versionNumber"].as_i64().unwrap()), row)
            })
            .collect();
        // Whatever is everyone's hides what is below it, unless something else needs that.
        let released = |row: &Value| row["plan"]["stage"].is_null();
        let hidden = |(kind, number): (i64, i64)| {
            let above = all.range((kind, number + 1)..(kind + 1, 0)).any(|(_, row)| released(row));
            let plan = &all[&(kind, number)]["plan"];
            let floor = plan["floor"] == true;
            above && !floor && plan["bundle"].is_null() && !is_stone(&all, (kind, number))
        };
        let entry = |((number, _), row): (&(i64, i64), &&Value)| {
            let number = *number;
            let record = self.associated(pk, row);
            let mut entry = serde_json::json!({
                "number": number,
                "versionNumber": row["versionNumber"],
                "typeName": self.type_name(partner, number),
                "name": record["name"],
                "version": record["version"],
                "binary": record["binary"],
            });
            if !record["binary2"].is_null() {
                entry["second"] = record["binary2"].clone();
            }
            let mut plan = row["plan"].clone();
            if let Some(members) = plan.as_object_mut() {
                members.remove("autoPause");
                members.remove("ratePerHour");
                if members.contains_key("paused") {
                    members.insert("paused".to_owned(), true.into());
                }
                if !members.is_empty() {
                    entry["plan"] = plan;
                }
            }
            entry
        };
        all.iter().filter(|(id, _)| !hidden(**id)).map(entry).collect()
    }

    fn type_name(&self, partner: &str, number: i64) -> String {
        let pk = if number > 100 { format!("PARTNER#{partner}") } else { "PLATFORM".to_owned() };
        let stored = self.dump.row(&pk, &format!("TYPE#{number:03}"))["name"].as_str().map(str::to_owned);
        let known = || {
            built_in()
                .into_iter()
                .find(|each| i64::from(each.number.get()) == number)
                .map(|t| t.name.to_string())
        };
        stored.or_else(known).unwrap_or_default()
    }

    fn access(&mut self) {
        let mut granted = BTreeSet::new();
        for (pk, sk, row) in self.rows("PARTNER#", "ACCESS#") {
            let access = format!("ACCESS#{}#{}", text(row, "feed"), text(row, "pseudonym"));
            let opened = &self.dump.row(&access, "META")["partners"];
            let opens = opened.as_array().is_some_and(|all| all.contains(&Value::from(&pk[8..])));
            self.expect(opens, || format!("{pk} / {sk}: a grant that opens nothing"));
            granted.insert((access, pk[8..].to_owned()));
        }
        for (pk, _, row) in self.dump.under("ACCESS#") {
            for partner in row["partners"].as_array().into_iter().flatten() {
                let known = granted.contains(&(pk.to_owned(), partner.as_str().unwrap().to_owned()));
                self.expect(known, || format!("{pk}: opens {partner} without a grant"));
            }
        }
    }

    fn keys(&mut self) {
        let listed: Vec<_> = [self.rows("PARTNER#", "KEY#"), self.rows("OPERATOR", "KEY#")].concat();
        for (pk, sk, row) in &listed {
            let key = self.dump.row(&format!("KEY#{}", text(row, "digest")), "META");
            let owner =
                key["partner"].as_str().map_or("OPERATOR".to_owned(), |partner| format!("PARTNER#{partner}"));
            let same = owner == *pk && format!("KEY#{}", text(key, "id")) == *sk;
            self.expect(same, || format!("{pk} / {sk}: listed, and not there"));
        }
        let keys = self.dump.under("KEY#").filter(|(.., row)| row["parent"].is_null()).count();
        self.expect(keys == listed.len(), || format!("{keys} keys, {} listed", listed.len()));
    }
}

/// Whether another image of the same type needs this one before it: the highest that is everyone's and will do.
fn is_stone(all: &BTreeMap<(i64, i64), &Value>, (kind, number): (i64, i64)) -> bool {
    all.range((kind, number + 1)..(kind + 1, 0)).any(|((_, above), row)| {
        let requires = row["plan"]["requires"].as_array().into_iter().flatten();
        let own = requires.filter(|each| each["number"] == kind);
        let Some(min) = own.filter_map(|each| each["versionNumber"].as_i64()).max() else { return false };
        if min >= *above {
            return false;
        }
        let mut between = all.range((kind, min)..(kind, *above)).rev();
        between
            .find(|(_, row)| row["plan"]["stage"].is_null())
            .is_some_and(|((_, found), _)| *found == number)
    })
}
