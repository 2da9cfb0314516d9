//! Repairs: effects that reach many device types, from their first change until the last is done.

use serde::{Deserialize, Serialize};

use super::read::Consistency;
use super::tx::{Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::{FeedName, ImageId, PartnerId, Timestamp, TypeNumber};

/// Whose manifests must be made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Those that hold an image, after an edit of its record.
    Image(ImageId),
    /// Those of a partner that hold images of a type, after the type was renamed.
    PartnerType(PartnerId, TypeNumber),
    /// Those of anyone that hold images of a platform type, after it was renamed.
    PlatformType(TypeNumber),
    /// Those of a partner's feed that was deleted, which go with it.
    DeletedFeed(PartnerId, FeedName),
    /// All that a partner has, after it was stopped or started.
    PartnerStop(PartnerId),
}

impl Subject {
    /// The subject in a word, as it stands in keys and the audit.
    pub fn text(&self) -> String {
        match self {
            Self::Image(id) => format!("IMAGE#{:03}#{}", id.r#type.get(), id.number),
            Self::PartnerType(partner, number) => format!("TYPE#{partner}#{number}"),
            Self::PlatformType(number) => format!("TYPE##{number}"),
            Self::DeletedFeed(partner, feed) => format!("FEED#{partner}#{feed}"),
            Self::PartnerStop(partner) => format!("STOP#{partner}"),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('#');
        if let Some(partner) = text.strip_prefix("STOP#") {
            return Some(Self::PartnerStop(partner.parse().ok()?));
        }
        match (parts.next()?, parts.next()?, parts.next()?, parts.next()) {
            ("IMAGE", kind, number, None) => Some(Self::Image(ImageId {
                r#type: kind.trim_start_matches('0').parse().ok()?,
                number: number.parse().ok()?,
            })),
            ("FEED", partner, feed, None) => {
                Some(Self::DeletedFeed(partner.parse().ok()?, feed.parse().ok()?))
            }
            ("TYPE", "", number, None) => Some(Self::PlatformType(number.parse().ok()?)),
            ("TYPE", partner, number, None) => {
                Some(Self::PartnerType(partner.parse().ok()?, number.parse().ok()?))
            }
            _ => None,
        }
    }
}

/// An effect that has been begun and must be finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// What it reaches.
    pub subject: Subject,
    /// Tells this beginning of it from a later one.
    pub revision: u64,
}

#[derive(Serialize, Deserialize)]
struct RepairRow {
    subject: String,
    revision: u64,
    at: Timestamp,
}

fn parsed(row: &RepairRow) -> Result<Repair, Error> {
    let subject = Subject::parse(&row.subject).ok_or_else(|| Error::Corrupt {
        key: keys::repair(&row.subject).to_string(),
        reason: "unknown subject".to_owned(),
    })?;
    Ok(Repair { subject, revision: row.revision })
}

impl Store {
    /// The unfinished repair of a subject.
    pub async fn repair(&self, subject: &Subject) -> Result<Option<Repair>, Error> {
        let row: Option<RepairRow> = self.read(&keys::repair(&subject.text()), Consistency::Strong).await?;
        row.as_ref().map(parsed).transpose()
    }

    /// All unfinished repairs.
    pub async fn repairs(&self) -> Result<Vec<Repair>, Error> {
        let rows: Vec<RepairRow> = self.read_range(keys::REPAIRS, "").await?;
        rows.iter().map(parsed).collect()
    }
}

impl Tx {
    /// Writes the intent of a repair together with the change that needs it.
    pub fn begin_repair(&mut self, repair: &Repair, at: Timestamp) {
        let subject = repair.subject.text();
        let key = keys::repair(&subject);
        let row = RepairRow { subject, revision: repair.revision, at };
        self.put(&key, &row, &When::Always, Guard::Changed);
    }

    /// Says that a repair is done, unless a later one of the same subject has begun ([`Guard::Changed`]).
    pub fn finish_repair(&mut self, repair: &Repair) {
        let key = keys::repair(&repair.subject.text());
        self.delete(&key, &When::Revision(repair.revision), Guard::Changed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_read_back() {
        let image = ImageId { r#type: 5_u16.try_into().unwrap(), number: 7_i64.try_into().unwrap() };
        for subject in [
            Subject::Image(image),
            Subject::PartnerType("acme".parse().unwrap(), image.r#type),
            Subject::PlatformType(image.r#type),
            Subject::DeletedFeed("acme".parse().unwrap(), "lab".parse().unwrap()),
            Subject::PartnerStop("acme".parse().unwrap()),
        ] {
            assert_eq!(Subject::parse(&subject.text()), Some(subject));
        }
        assert_eq!(Subject::parse("IMAGE#x#y"), None);
    }
}
