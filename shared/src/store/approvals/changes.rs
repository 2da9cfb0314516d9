//! Changes that wait, as they lie in a proposal. They are read by the version that carries them out, which may be a later
//! one: nothing here is ever taken away, and what is added may be missing.

use serde::{Deserialize, Serialize};

use crate::domain::approval::{NewDescription, Proposed};
use crate::domain::image::Words;
use crate::domain::plan::{Hours, Limit, Wanted};
use crate::domain::rollout::{Allow, Share, Step};
use crate::domain::{
    Description, DeviceId, DeviceProfileId, DeviceTypeId, FeedName, ImageId, Invalid, Name, Sha256, Tag,
    Timestamp, TypeNumber, Version, VersionNumber,
};
use crate::store::plans::{RequirementRow, StepRow, bundle, bundle_types, requirement_rows, requirements};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum ChangeRow {
    Associate {
        device_type: DeviceTypeId,
        image: ImageRow,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wanted: Option<WantedRow>,
    },
    Describe {
        device_type: DeviceTypeId,
        new: Box<DescriptionRow>,
    },
    Promote {
        device_type: DeviceTypeId,
        image: ImageRow,
        from: FeedName,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wanted: Option<WantedRow>,
    },
    SetRollout {
        device_type: DeviceTypeId,
        image: ImageRow,
        wanted: WantedRow,
    },
    Resume {
        device_type: DeviceTypeId,
        image: ImageRow,
    },
    Push {
        device_type: DeviceTypeId,
        image: ImageRow,
        device: DeviceId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    Start {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device_type: Option<DeviceTypeId>,
    },
    EndApprovals {},
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ImageRow {
    number: TypeNumber,
    version_number: VersionNumber,
}

impl From<ImageId> for ImageRow {
    fn from(id: ImageId) -> Self {
        Self { number: id.r#type, version_number: id.number }
    }
}

impl From<ImageRow> for ImageId {
    fn from(row: ImageRow) -> Self {
        Self { r#type: row.number, number: row.version_number }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescriptionRow {
    name: Name,
    version: Version,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<Description>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Tag>,
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url2: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    profile: Option<DeviceProfileId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Sha256>,
}

impl From<&NewDescription> for DescriptionRow {
    fn from(this: &NewDescription) -> Self {
        Self {
            name: this.words.name.clone(),
            version: this.words.version.clone(),
            description: this.words.description.clone(),
            tags: this.words.tags.clone(),
            url: this.url.clone(),
            url2: this.url2.clone(),
            profile: this.profile.clone(),
            idempotency_key: this.repeatable.as_ref().map(|(key, _)| key.clone()),
            body: this.repeatable.as_ref().map(|(_, body)| *body),
        }
    }
}

impl From<DescriptionRow> for NewDescription {
    fn from(row: DescriptionRow) -> Self {
        Self {
            words: Words {
                name: row.name,
                version: row.version,
                description: row.description,
                tags: row.tags,
            },
            url: row.url,
            url2: row.url2,
            profile: row.profile,
            repeatable: row.idempotency_key.zip(row.body),
        }
    }
}

/// A rollout as it is asked for. What is not there was not said, or is named in `cleared`, if it was said that there is none.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WantedRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<Share>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<StepRow>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<HoursRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_per_hour: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow: Option<AllowRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auto_pause: Option<LimitRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requires: Option<Vec<RequirementRow>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<Name>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bundle_types: Vec<TypeNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    floor: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cleared: Vec<Cleared>,
}

/// What was said to be none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Cleared {
    Start,
    Window,
    RatePerHour,
    AutoPause,
    Bundle,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct HoursRow {
    from: u16,
    to: u16,
    zone: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct AllowRow {
    devices: Vec<DeviceId>,
    tags: Vec<Tag>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LimitRow {
    failure_percent: u8,
    min_reports: u32,
}

impl From<&Wanted> for WantedRow {
    fn from(this: &Wanted) -> Self {
        let hours = |it: &Hours| HoursRow { from: it.from, to: it.to, zone: it.zone.clone() };
        let limit = |it: Limit| LimitRow { failure_percent: it.failure_percent, min_reports: it.min_reports };
        let steps =
            |steps: &Vec<Step>| steps.iter().map(|step| StepRow { at: step.at, share: step.share }).collect();
        let allow = |it: &Allow| AllowRow {
            devices: it.devices.iter().cloned().collect(),
            tags: it.tags.iter().cloned().collect(),
        };
        let cleared = [
            (Cleared::Start, this.start == Some(None)),
            (Cleared::Window, this.window == Some(None)),
            (Cleared::RatePerHour, this.rate_per_hour == Some(None)),
            (Cleared::AutoPause, this.auto_pause == Some(None)),
            (Cleared::Bundle, this.bundle == Some(None)),
        ];
        let bundle = this.bundle.as_ref().and_then(Option::as_ref);
        Self {
            share: this.share,
            steps: this.steps.as_ref().map(steps),
            start: this.start.flatten(),
            window: this.window.as_ref().and_then(Option::as_ref).map(hours),
            rate_per_hour: this.rate_per_hour.flatten(),
            allow: this.allow.as_ref().map(allow),
            auto_pause: this.auto_pause.flatten().map(limit),
            requires: this.requires.as_deref().map(requirement_rows),
            bundle: bundle.map(|bundle| bundle.name().clone()),
            bundle_types: bundle_types(bundle),
            floor: this.floor,
            cleared: cleared.into_iter().filter_map(|(what, is)| is.then_some(what)).collect(),
        }
    }
}

impl TryFrom<WantedRow> for Wanted {
    type Error = Invalid;

    fn try_from(row: WantedRow) -> Result<Self, Invalid> {
        let limit = |it: LimitRow| Limit { failure_percent: it.failure_percent, min_reports: it.min_reports };
        let steps = |steps: Vec<StepRow>| {
            steps.into_iter().map(|step| Step { at: step.at, share: step.share }).collect()
        };
        let allow = |it: AllowRow| Allow {
            devices: it.devices.into_iter().collect(),
            tags: it.tags.into_iter().collect(),
        };
        let none = |what| row.cleared.contains(&what);
        Ok(Self {
            share: row.share,
            steps: row.steps.map(steps),
            start: row.start.map(Some).or_else(|| none(Cleared::Start).then_some(None)),
            window: row
                .window
                .map(|it| Some(Hours { from: it.from, to: it.to, zone: it.zone }))
                .or_else(|| none(Cleared::Window).then_some(None)),
            rate_per_hour: row.rate_per_hour.map(Some).or_else(|| none(Cleared::RatePerHour).then_some(None)),
            allow: row.allow.map(allow),
            auto_pause: row
                .auto_pause
                .map(|it| Some(limit(it)))
                .or_else(|| none(Cleared::AutoPause).then_some(None)),
            requires: row.requires.map(requirements),
            bundle: bundle(row.bundle, row.bundle_types)?
                .map(Some)
                .or_else(|| none(Cleared::Bundle).then_some(None)),
            floor: row.floor,
        })
    }
}

impl From<&Proposed> for ChangeRow {
    fn from(this: &Proposed) -> Self {
        let rollout = |wanted: &Option<Wanted>| wanted.as_ref().map(WantedRow::from);
        match this {
            Proposed::Associate { device_type, image, wanted } => Self::Associate {
                device_type: device_type.clone(),
                image: (*image).into(),
                wanted: rollout(wanted),
            },
            Proposed::Describe { device_type, new } => {
                Self::Describe { device_type: device_type.clone(), new: Box::new((&**new).into()) }
            }
            Proposed::Promote { device_type, image, from, wanted } => Self::Promote {
                device_type: device_type.clone(),
                image: (*image).into(),
                from: from.clone(),
                wanted: rollout(wanted),
            },
            Proposed::SetRollout { device_type, image, wanted } => Self::SetRollout {
                device_type: device_type.clone(),
                image: (*image).into(),
                wanted: wanted.into(),
            },
            Proposed::Resume { device_type, image } => {
                Self::Resume { device_type: device_type.clone(), image: (*image).into() }
            }
            Proposed::Push { device_type, image, device, until } => Self::Push {
                device_type: device_type.clone(),
                image: (*image).into(),
                device: device.clone(),
                until: *until,
            },
            Proposed::Start { device_type } => Self::Start { device_type: device_type.clone() },
            Proposed::EndApprovals => Self::EndApprovals {},
        }
    }
}

impl TryFrom<ChangeRow> for Proposed {
    type Error = Invalid;

    fn try_from(row: ChangeRow) -> Result<Self, Invalid> {
        Ok(match row {
            ChangeRow::Associate { device_type, image, wanted } => {
                let wanted = wanted.map(Wanted::try_from).transpose()?;
                Self::Associate { device_type, image: image.into(), wanted }
            }
            ChangeRow::Describe { device_type, new } => {
                Self::Describe { device_type, new: Box::new((*new).into()) }
            }
            ChangeRow::Promote { device_type, image, from, wanted } => {
                let wanted = wanted.map(Wanted::try_from).transpose()?;
                Self::Promote { device_type, image: image.into(), from, wanted }
            }
            ChangeRow::SetRollout { device_type, image, wanted } => {
                Self::SetRollout { device_type, image: image.into(), wanted: wanted.try_into()? }
            }
            ChangeRow::Resume { device_type, image } => Self::Resume { device_type, image: image.into() },
            ChangeRow::Push { device_type, image, device, until } => {
                Self::Push { device_type, image: image.into(), device, until }
            }
            ChangeRow::Start { device_type } => Self::Start { device_type },
            ChangeRow::EndApprovals {} => Self::EndApprovals,
        })
    }
}
