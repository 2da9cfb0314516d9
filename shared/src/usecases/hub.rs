//! Hubs: one request for many devices, each answered as if it had asked by itself.

use super::reports::{Answer, Asking, Caller, Pinned, Read, answer_upon, pseudonym};
use super::showing::{Shown, sent, shown};
use super::{Context, Error, Result};
use crate::domain::{DeviceTypeId, FeedName, Manifest, Refusal};
use crate::store::known::{Beside, Known, KnownToHub, Wanted};

/// The most devices that a hub asks for at once.
pub const MOST_DEVICES: usize = 50;

/// The most updates in an answer: whoever is asked for once there are more is to be asked for again, since what a function
/// answers must fit into 6 MB.
const MOST_UPDATES: usize = 2000;

/// Answers the devices that a hub asks for, in the order asked for: each as [`super::reports::answer`] does, one after the
/// other, so that what one is refused or fails for is its own matter.
///
/// All that is known of them is one read, another one before it for a hub without a token, and one for those that their
/// partner put on another feed; whoever has nothing new is no write. The whole is refused if the hub does not show who it is, and fails if nothing can be read. A
/// device type that is not there, or not of the hub's partner, is [`Refusal::NotFound`].
pub async fn answer_all(cx: &Context<'_>, hub: &Caller, askings: &[Asking]) -> Result<Vec<Result<Answer>>> {
    // Or anybody could have fifty manifests read for one request.
    let token = sent(cx.secrets, hub)?;
    if token.is_none() {
        let this = cx.store.device_type(&hub.device_type).await?.filter(|this| !this.deleted);
        shown(None, &this.ok_or(Refusal::DeviceTokenInvalid)?)?;
    }
    let release = FeedName::release();
    let pseudonyms = askings.iter().map(|asking| pseudonym(cx, asking)).collect::<Result<Vec<_>>>()?;
    let wanted = |(asking, pseudonym)| {
        let Asking { caller, feed, .. }: &Asking = asking;
        let pseudonym: &Option<String> = pseudonym;
        Wanted {
            device_type: &caller.device_type,
            device: &caller.device,
            feed: feed.as_ref().unwrap_or(&release),
            beside: Beside { manifest: true, pseudonym: pseudonym.as_deref(), image: None, fresh: false },
        }
    };
    let wanted: Vec<_> = askings.iter().zip(&pseudonyms).map(wanted).collect();
    let KnownToHub { hub: found, devices } = cx.store.known_to_hub(&hub.device_type, &wanted).await?;
    let this = found.filter(|this| !this.deleted).ok_or(Refusal::DeviceTokenInvalid)?;
    let vouched = shown(token.as_ref(), &this)? == Shown::Token;
    let mut pinned = pinned(cx, &wanted, &devices).await?.into_iter();
    let (mut answers, mut updates) = (Vec::with_capacity(askings.len()), 0);
    for ((asking, wanted), known) in askings.iter().zip(&wanted).zip(devices) {
        let elsewhere = is_elsewhere(wanted, &known).then(|| pinned.next()).flatten();
        let answer = async {
            let known = known?;
            let pinned = elsewhere.transpose()?.map_or(Pinned::Unread, Pinned::Read);
            let theirs = known.device_type.as_ref();
            if !theirs.is_some_and(|theirs| !theirs.deleted && theirs.partner == this.partner) {
                return Err(Refusal::NotFound.into());
            }
            // Or one request of anyone's would make up fifty devices.
            if !vouched && asking.caller.token.is_none() {
                return Err(Refusal::DeviceTokenInvalid.into());
            }
            if updates >= MOST_UPDATES {
                return Err(
                    Refusal::LimitReached("too many updates for one answer; ask for this one again").into()
                );
            }
            answer_upon(cx, asking, Some(Read { known, pinned })).await
        };
        let answer: Result<Answer> = Box::pin(answer).await;
        updates += answer.as_ref().map_or(0, |answer| answer.offers().count());
        answers.push(answer);
    }
    Ok(answers)
}

/// The manifests of those whom their partner put on another feed than they ask in, in order.
async fn pinned(
    cx: &Context<'_>,
    wanted: &[Wanted<'_>],
    devices: &[std::result::Result<Known, crate::store::Error>],
) -> Result<Vec<Result<Option<Manifest>>>> {
    let elsewhere: Vec<(&DeviceTypeId, &FeedName)> = wanted
        .iter()
        .zip(devices)
        .filter(|(wanted, known)| is_elsewhere(wanted, known))
        .filter_map(|(wanted, known)| Some((wanted.device_type, pinned_feed(known)?)))
        .collect();
    if elsewhere.is_empty() {
        return Ok(Vec::new());
    }
    let found = cx.store.manifests_for_hub(&elsewhere).await?;
    Ok(found.into_iter().map(|manifest| manifest.map_err(Error::from)).collect())
}

fn pinned_feed(known: &std::result::Result<Known, crate::store::Error>) -> Option<&FeedName> {
    known.as_ref().ok()?.device.as_ref()?.pinned.as_ref()
}

fn is_elsewhere(wanted: &Wanted<'_>, known: &std::result::Result<Known, crate::store::Error>) -> bool {
    pinned_feed(known).is_some_and(|feed| feed != wanted.feed)
}
