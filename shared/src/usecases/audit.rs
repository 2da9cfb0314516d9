//! The audit as partners read it: in pages, and by what its items are about.
//!
//! Items are looked at one after the other, and a request looks at a bounded number of them: a page may hold fewer than were
//! asked for, or none, and say where to go on.

use super::{Context, Result};
use crate::domain::audited::Audited;
use crate::domain::{DeviceTypeId, FeedName, ImageId, PartnerId, Timestamp, TypeNumber};
use crate::store::audit::{AuditRow, Order, Place};

/// The most items that a request looks at.
const MOST_ITEMS: usize = 1000;
/// The most queries of a request: months in which nothing happened take one each.
const MOST_QUERIES: usize = 40;
/// How many items are read at once where only some are wanted.
const PAGE: u16 = 250;
/// How much of what was and is may be in an answer, in bytes, before it is cut short.
const MOST_BYTES: usize = 2 * 1024 * 1024;

/// Which items are wanted; what is none counts for nothing.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The action, as `rollout.paused`, or its first word.
    pub action: Option<String>,
    /// The id of a key, which stands for the bearers made from it as well, or the name of a chore.
    pub actor: Option<String>,
    /// The device type.
    pub device_type: Option<DeviceTypeId>,
    /// The feed; items about all feeds of a device type are about it too.
    pub feed: Option<FeedName>,
    /// The firmware type.
    pub r#type: Option<TypeNumber>,
    /// The image.
    pub image: Option<ImageId>,
}

impl Filter {
    fn is_empty(&self) -> bool {
        let Self { action, actor, device_type, feed, r#type, image } = self;
        action.is_none()
            && actor.is_none()
            && device_type.is_none()
            && feed.is_none()
            && r#type.is_none()
            && image.is_none()
    }

    /// Whether an item is wanted.
    fn holds(&self, row: &AuditRow) -> bool {
        let begins = |text: &str, word: &str| {
            text.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if self.action.as_ref().is_some_and(|action| !begins(&row.action, action))
            || self.actor.as_ref().is_some_and(|actor| !begins(&row.actor, actor))
        {
            return false;
        }
        let about = Audited::of(&row.action, &row.subject);
        let places = Places::of(row, &about);
        self.device_type.as_ref().is_none_or(|wanted| places.device_types.contains(wanted))
            && self.feed.as_ref().is_none_or(|wanted| places.feeds.contains(wanted))
            && self.r#type.is_none_or(|wanted| about.r#type == Some(wanted))
            && self.image.is_none_or(|wanted| about.image == Some(wanted) || bundled(row, wanted))
    }
}

/// The device types and feeds that an item is about, whether its subject names them or what was or is does.
struct Places {
    device_types: Vec<DeviceTypeId>,
    feeds: Vec<FeedName>,
}

impl Places {
    fn of(row: &AuditRow, about: &Audited) -> Self {
        let list = |value: Option<&serde_json::Value>, name: &str| -> Vec<String> {
            let all = value.and_then(|value| value[name].as_array()).into_iter().flatten();
            all.filter_map(|each| Some(each.as_str()?.to_owned())).collect()
        };
        let mut device_types: Vec<DeviceTypeId> = about.device_type.iter().cloned().collect();
        let mut feeds: Vec<FeedName> = about.feed.iter().cloned().collect();
        let placed = list(row.after.as_ref(), "associated");
        if !placed.is_empty() {
            feeds.push(FeedName::release());
        }
        device_types.extend(placed.into_iter().filter_map(|id| id.parse().ok()));
        feeds.extend(list(row.before.as_ref(), "feeds").into_iter().filter_map(|feed| feed.parse().ok()));
        Self { device_types, feeds }
    }
}

/// Whether an item about a bundle is about this image of it.
fn bundled(row: &AuditRow, wanted: ImageId) -> bool {
    let name = format!("{}/{}", wanted.r#type, wanted.number);
    let after = row.after.as_ref().and_then(serde_json::Value::as_object);
    row.action.starts_with("rollout.") && after.is_some_and(|plans| plans.contains_key(&name))
}

/// What is asked of an audit.
#[derive(Debug, Clone)]
pub struct Question {
    /// From when on; none for the beginning.
    pub from: Option<Timestamp>,
    /// Before when; none for now.
    pub until: Option<Timestamp>,
    /// In which order.
    pub order: Order,
    /// Which items.
    pub filter: Filter,
    /// Where the page before ended.
    pub after: Option<Place>,
    /// How many items at most.
    pub most: u16,
}

/// A page of an audit.
#[derive(Debug)]
pub struct Listed {
    /// The items, in the order asked for.
    pub rows: Vec<AuditRow>,
    /// After which place the next page begins; none if there is nothing more.
    pub next: Option<Place>,
}

/// A page of a partner's audit.
pub async fn list(cx: &Context<'_>, partner: &PartnerId, question: &Question) -> Result<Listed> {
    // Nothing of a partner is older than it is, but for what other clocks say.
    let made = cx.store.partner(partner).await?.map_or(cx.now, |partner| partner.created.plus_seconds(-60));
    let from = question.from.unwrap_or(made).max(made);
    let soon = cx.now.plus_seconds(60);
    let until = question.until.unwrap_or(soon).min(soon);
    let mut walk = Walk { rows: Vec::new(), looked_at: 0, queries: 0, bytes: 0 };
    let (mut after, newest) = (question.after.clone(), question.order == Order::NewestFirst);
    let mut month = match (&after, newest) {
        (Some(place), _) => place.at(),
        // Nothing lies at the very end, which may be the first moment of a month.
        (None, true) => Timestamp::from_millis(until.millis() - 1),
        (None, false) => from,
    };
    if from >= until {
        return Ok(Listed { rows: Vec::new(), next: None });
    }
    loop {
        let most = if question.filter.is_empty() { question.most } else { PAGE };
        let page =
            cx.store.audit_page(partner, month, (from, until), after.as_ref(), question.order, most).await?;
        walk.queries += 1;
        for (place, row) in page.rows {
            walk.take(row, &question.filter);
            after = Some(place);
            if walk.is_full(question.most) {
                return Ok(Listed { rows: walk.rows, next: after });
            }
        }
        if page.more {
            if walk.queries >= MOST_QUERIES {
                return Ok(Listed { rows: walk.rows, next: after });
            }
            continue;
        }
        let next = if newest { month.month_start() } else { month.next_month() };
        let ends = if newest { next <= from } else { next >= until };
        if ends {
            return Ok(Listed { rows: walk.rows, next: None });
        }
        after = Some(Place::before(next));
        month = if newest { Timestamp::from_millis(next.millis() - 1) } else { next };
        if walk.queries >= MOST_QUERIES {
            return Ok(Listed { rows: walk.rows, next: after });
        }
    }
}

/// What has been read so far.
struct Walk {
    rows: Vec<AuditRow>,
    looked_at: usize,
    queries: usize,
    bytes: usize,
}

impl Walk {
    fn take(&mut self, row: AuditRow, filter: &Filter) {
        self.looked_at += 1;
        if filter.holds(&row) {
            let size =
                |value: &Option<serde_json::Value>| value.as_ref().map_or(0, |it| it.to_string().len());
            self.bytes += size(&row.before) + size(&row.after);
            self.rows.push(row);
        }
    }

    fn is_full(&self, most: u16) -> bool {
        self.rows.len() >= usize::from(most) || self.looked_at >= MOST_ITEMS || self.bytes >= MOST_BYTES
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(action: &str, subject: &str) -> AuditRow {
        AuditRow {
            at: Timestamp::from_millis(7),
            actor: "0123456789abcdef.89ab".into(),
            request_id: "r".into(),
            action: action.into(),
            subject: subject.into(),
            before: None,
            after: None,
            approval: None,
        }
    }

    #[test]
    fn a_filter_holds_what_the_item_is_about() {
        let paused = AuditRow {
            after: Some(json!({"105/7": {}, "106/9": {}})),
            ..row("rollout.paused", "kettle/beta/105/7")
        };
        let removed = AuditRow {
            before: Some(json!({"feeds": ["alpha", "beta"]})),
            ..row("association.removed", "kettle/*/105/7")
        };
        let placed =
            AuditRow { after: Some(json!({"associated": ["kettle"]})), ..row("image.updated", "105/7") };
        let none = Filter::default;
        let image = |text: &str| Some(text.parse().unwrap());
        for (filter, expected) in [
            (none(), [true, true, true]),
            (Filter { action: Some("rollout".into()), ..none() }, [true, false, false]),
            (Filter { action: Some("rollout.pause".into()), ..none() }, [false, false, false]),
            (Filter { action: Some("association.removed".into()), ..none() }, [false, true, false]),
            (Filter { actor: Some("0123456789abcdef".into()), ..none() }, [true, true, true]),
            (Filter { actor: Some("0123456789abcde".into()), ..none() }, [false, false, false]),
            (Filter { device_type: Some("kettle".parse().unwrap()), ..none() }, [true, true, true]),
            (Filter { device_type: Some("spare".parse().unwrap()), ..none() }, [false, false, false]),
            (Filter { feed: Some("beta".parse().unwrap()), ..none() }, [true, true, false]),
            (Filter { feed: Some(FeedName::release()), ..none() }, [false, false, true]),
            (Filter { r#type: Some(105.try_into().unwrap()), ..none() }, [true, true, true]),
            (Filter { image: image("7105"), ..none() }, [true, true, true]),
            (Filter { image: image("9106"), ..none() }, [true, false, false]),
            (Filter { image: image("8105"), ..none() }, [false, false, false]),
        ] {
            let held = [&paused, &removed, &placed].map(|row| filter.holds(row));
            assert_eq!(held, expected, "{filter:?}");
        }
    }
}
