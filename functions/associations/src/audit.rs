//! `/audit`: who changed what, and when.

use std::str::FromStr;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use shared::domain::{DeviceTypeId, FeedName, ImageId, Invalid, Right, TypeNumber, VersionNumber};
use shared::http::history_json::audit_item;
use shared::http::{App, DEFAULT_LIMIT, Limit, Moment, PageToken, Partner, Problem, Query, Read, ok};
use shared::store::audit::{Order, Place};
use shared::usecases::audit::{Filter, Question, list};

/// `order`: `desc`, newest first, or `asc`.
struct InOrder(Order);

impl FromStr for InOrder {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "desc" => Ok(Self(Order::NewestFirst)),
            "asc" => Ok(Self(Order::OldestFirst)),
            _ => Err(Invalid::because("must be desc or asc")),
        }
    }
}

/// An action, its first word, or who acted.
struct Word(String);

impl FromStr for Word {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        let fits = (1..=64).contains(&text.len()) && plain;
        fits.then(|| Self(text.to_owned()))
            .ok_or(Invalid::because("must be 1 to 64 letters, digits, dots, _ and -"))
    }
}

fn filter(query: &Query) -> Result<Filter, Problem> {
    let r#type = query.parsed::<TypeNumber>("type")?;
    let number = query.parsed::<VersionNumber>("versionNumber")?;
    if number.is_some() && r#type.is_none() {
        return Err(Problem::parameter("type", &Invalid::because("is needed beside versionNumber")));
    }
    Ok(Filter {
        action: query.parsed::<Word>("action")?.map(|word| word.0),
        actor: query.parsed::<Word>("actor")?.map(|word| word.0),
        device_type: query.parsed::<DeviceTypeId>("deviceType")?,
        feed: query.parsed::<FeedName>("feed")?,
        r#type,
        image: r#type.zip(number).map(|(r#type, number)| ImageId { r#type, number }),
    })
}

fn question(query: &Query) -> Result<Question, Problem> {
    Ok(Question {
        from: query.parsed::<Moment>("from")?.map(|moment| moment.0),
        until: query.parsed::<Moment>("to")?.map(|moment| moment.0),
        order: query.parsed::<InOrder>("order")?.map_or(Order::NewestFirst, |order| order.0),
        filter: filter(query)?,
        after: query.parsed::<PageToken<Place>>("pageToken")?.map(|token| token.0),
        most: query.parsed::<Limit>("limit")?.map_or(DEFAULT_LIMIT, |limit| limit.0),
    })
}

pub(crate) async fn list_audit(
    State(app): State<App>,
    caller: Partner<Read>,
    query: Query,
) -> Result<Response, Problem> {
    let found = list(&caller.call.context(&app), &caller.partner, &question(&query)?).await?;
    let keys = caller.call.actor.right.allows(Right::Release);
    let items: Vec<Value> = found.rows.iter().map(|row| audit_item(row, keys)).collect();
    let mut body = json!({"items": items});
    if let Some(place) = found.next {
        body["pageToken"] = PageToken::<Place>::write(place.as_str()).into();
    }
    ok(&body)
}
