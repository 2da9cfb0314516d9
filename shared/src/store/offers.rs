//! Offers: an image that another partner may read and associate.

use serde::{Deserialize, Serialize};

use super::read::Consistency;
use super::tx::{Tx, When};
use super::{Error, Guard, Store, keys};
use crate::domain::{ImageId, ImageRef, PartnerId, Timestamp, TypeNumber, VersionNumber};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReceivedRow {
    owner: PartnerId,
    number: TypeNumber,
    version_number: VersionNumber,
}

/// An offer, as its giver lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    /// Who may read and associate the image.
    pub receiver: PartnerId,
    /// When it was made.
    pub created: Timestamp,
}

impl Store {
    /// The images offered to a partner; of one type, or of all.
    pub async fn offers_received(
        &self,
        receiver: &PartnerId,
        number: Option<TypeNumber>,
    ) -> Result<Vec<ImageRef>, Error> {
        let rows: Vec<ReceivedRow> =
            self.read_range(&keys::pool_partition(receiver), &keys::offer_prefix(number)).await?;
        Ok(rows.into_iter().map(ImageRef::from).collect())
    }

    /// The image of this type and number that was offered to a partner.
    pub async fn offer_received(&self, receiver: &PartnerId, id: ImageId) -> Result<Option<ImageRef>, Error> {
        let row: Option<ReceivedRow> =
            self.read(&keys::offer_received(receiver, id), Consistency::Strong).await?;
        Ok(row.map(ImageRef::from))
    }

    /// To whom an image is offered.
    pub async fn offers_made(&self, id: ImageId) -> Result<Vec<Offer>, Error> {
        self.read_range(&keys::image_partition(id), keys::OFFER_MADE).await
    }
}

impl From<ReceivedRow> for ImageRef {
    fn from(row: ReceivedRow) -> Self {
        Self::pooled(row.owner, ImageId { r#type: row.number, number: row.version_number })
    }
}

impl Tx {
    /// Offers an image to `receiver`, who must exist ([`Guard::Gone`]). Doing it twice changes nothing.
    pub fn offer_image(&mut self, image: &ImageRef, receiver: &PartnerId, at: Timestamp) {
        let row = ReceivedRow {
            owner: image.owner.clone(),
            number: image.id.r#type,
            version_number: image.id.number,
        };
        self.check(&keys::partner(receiver), &When::Present, Guard::Gone);
        self.put(&keys::offer_received(receiver, image.id), &row, &When::Always, Guard::Changed);
        let made = Offer { receiver: receiver.clone(), created: at };
        self.put(&keys::offer_made(image.id, receiver), &made, &When::Always, Guard::Changed);
    }

    /// Takes an offer back; [`Guard::Gone`] if there is none.
    pub fn withdraw_offer(&mut self, id: ImageId, receiver: &PartnerId) {
        self.delete(&keys::offer_received(receiver, id), &When::Present, Guard::Gone);
        self.delete(&keys::offer_made(id, receiver), &When::Present, Guard::Gone);
    }

    /// Expects that an image is still offered to `receiver`.
    pub fn expect_offer(&mut self, id: ImageId, receiver: &PartnerId) {
        self.check(&keys::offer_received(receiver, id), &When::Present, Guard::Gone);
    }
}
