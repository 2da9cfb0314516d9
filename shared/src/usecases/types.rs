//! Firmware types: a partner's own (101 to 200), and the platform's (1 to 100), which the operator names.

use serde_json::json;

use super::context::{Change, deciding};
use super::{Context, Error, Result, repairs};
use crate::domain::firmware_type::LAST_BUILT_IN;
use crate::domain::{
    Description, FeedName, FirmwareType, Manifest, Name, PartnerId, Refusal, Right, TypeNumber,
};
use crate::store::repairs::{Repair, Subject};
use crate::store::{self, Guard};

/// How many release manifests a renaming without the `release` right can hold still: what fits into its transaction.
const MOST_GUARDED: usize = 90;

fn shown(this: &FirmwareType) -> serde_json::Value {
    let description = this.description.as_ref().map(Description::as_str);
    json!({"type": this.number.get(), "name": this.name.as_str(), "description": description})
}

fn subject(number: TypeNumber) -> String {
    format!("type/{number}")
}

/// Platform types, then the partner's own, each by number.
pub async fn list(cx: &Context<'_>, partner: &PartnerId) -> Result<Vec<FirmwareType>> {
    let mut types = cx.store.platform_types().await?;
    types.extend(cx.store.partner_types(partner).await?);
    Ok(types)
}

/// One type as the partner sees it.
pub async fn get(cx: &Context<'_>, partner: &PartnerId, number: TypeNumber) -> Result<FirmwareType> {
    Ok(cx.store.firmware_type(partner, number).await?.ok_or(Refusal::NotFound)?)
}

/// Creates an MCU type of a partner (101 to 200); `random` makes its published id.
pub async fn create(
    cx: &Context<'_>,
    partner: &PartnerId,
    number: TypeNumber,
    name: Name,
    description: Option<Description>,
    random: u64,
) -> Result<FirmwareType> {
    if number.is_platform() {
        return Err(Error::field("/type", "must be 101 to 200; 1 to 100 are platform types"));
    }
    let this = FirmwareType {
        id: (random >> 1).max(1),
        number,
        name,
        description,
        partner: Some(partner.clone()),
        created: cx.now,
        updated: cx.now,
        revision: 1,
    };
    save_new(cx, this).await
}

/// Creates a platform type, as the operator (9 to 100).
pub async fn create_platform(
    cx: &Context<'_>,
    number: TypeNumber,
    name: Name,
    description: Option<Description>,
) -> Result<FirmwareType> {
    if !number.is_platform() || number.get() <= LAST_BUILT_IN {
        return Err(Error::field("/type", "must be 9 to 100; 1 to 8 are built in"));
    }
    let this = FirmwareType {
        id: u64::from(number.get()),
        number,
        name,
        description,
        partner: None,
        created: cx.now,
        updated: cx.now,
        revision: 1,
    };
    save_new(cx, this).await
}

async fn save_new(cx: &Context<'_>, this: FirmwareType) -> Result<FirmwareType> {
    let mut tx =
        cx.tx(this.partner.as_ref(), "type.created", subject(this.number), Change::made(shown(&this)));
    tx.create_firmware_type(&this);
    match tx.commit(cx.store).await {
        Err(store::Error::Guard(Guard::AlreadyThere)) => Err(Refusal::TypeExists.into()),
        other => Ok(other.map(|()| this)?),
    }
}

/// Renames a partner's own type; its number is fixed for life. Manifests that show the name are made again, and if
/// one of them is of the release feed, the `release` right is needed.
pub async fn update(
    cx: &Context<'_>,
    partner: &PartnerId,
    number: TypeNumber,
    name: Name,
    description: Option<Description>,
) -> Result<()> {
    if number.is_platform() {
        return Err(Refusal::PlatformType.into());
    }
    replace(cx, Some(partner), number, name, description, Subject::PartnerType(partner.clone(), number)).await
}

/// Renames a platform type, as the operator. Manifests that show the name are made again.
pub async fn update_platform(
    cx: &Context<'_>,
    number: TypeNumber,
    name: Name,
    description: Option<Description>,
) -> Result<()> {
    if !number.is_platform() || number.get() <= LAST_BUILT_IN {
        return Err(Refusal::NotFound.into());
    }
    replace(cx, None, number, name, description, Subject::PlatformType(number)).await
}

async fn replace(
    cx: &Context<'_>,
    partner: Option<&PartnerId>,
    number: TypeNumber,
    name: Name,
    description: Option<Description>,
    reach: Subject,
) -> Result<()> {
    let attempt = || async {
        let before = match partner {
            Some(partner) => cx.store.firmware_type(partner, number).await?,
            None => cx.store.platform_types().await?.into_iter().find(|this| this.number == number),
        };
        let before = before.ok_or(Refusal::NotFound)?;
        let guarded = match partner {
            Some(partner) if before.name != name && !cx.right.allows(Right::Release) => {
                unreleased(cx, partner, number).await?
            }
            _ => Vec::new(),
        };
        if (&before.name, &before.description) == (&name, &description) {
            return Ok(cx.store.repair(&reach).await?);
        }
        let after = FirmwareType {
            name: name.clone(),
            description: description.clone(),
            updated: cx.now.max(before.updated),
            revision: before.revision + 1,
            ..before.clone()
        };
        let change = Change::from_to(shown(&before), shown(&after));
        let mut tx = cx.tx(partner, "type.updated", subject(number), change);
        tx.replace_firmware_type(&after, before.revision);
        let repair = Repair { subject: reach.clone(), revision: after.revision };
        tx.begin_repair(&repair, cx.now);
        for manifest in &guarded {
            tx.expect_manifest(manifest);
        }
        tx.commit(cx.store).await?;
        Ok(Some(repair))
    };
    match deciding(attempt).await? {
        Some(repair) => repairs::finish(cx, &repair).await,
        None => Ok(()),
    }
}

/// A new name needs `release` where the release feed shows the type: answers the manifests that do not, which must
/// stay as they are until the name is written.
async fn unreleased(cx: &Context<'_>, partner: &PartnerId, number: TypeNumber) -> Result<Vec<Manifest>> {
    let device_types = cx.store.device_type_ids(partner).await?;
    if device_types.len() > MOST_GUARDED {
        cx.require(Right::Release)?;
    }
    let mut manifests = Vec::new();
    for device_type in device_types {
        if let Some(manifest) = cx.store.manifest(&device_type, &FeedName::release()).await? {
            if manifest.entries.iter().any(|entry| entry.id().r#type == number) {
                cx.require(Right::Release)?;
            }
            manifests.push(manifest);
        }
    }
    Ok(manifests)
}
