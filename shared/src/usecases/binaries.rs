//! Binaries: announced, uploaded, moved to the repository, and downloaded again by their owner.

use bytes::Bytes;
use serde_json::json;

use super::context::Change;
use super::{Context, Error, Result};
use crate::blobs::{self, Blobs, Copied, Presigned, Stored, Upload};
use crate::domain::{Binary, BinaryKind, Md5, PartnerId, Refusal, Sha256, Timestamp, download as paths};
use crate::ipkg::archive::{Next, Opening};
use crate::ipkg::control::{self, ControlFault};
use crate::store::binaries::Package;
use crate::store::{self, Guard};

/// Largest binary that may be posted directly, in bytes.
pub const MAX_DIRECT: usize = 4 << 20;

/// How long the owner's download URL works, in seconds.
const DOWNLOAD_SECONDS: i64 = 15 * 60;

/// What to do about an announced upload.
#[derive(Debug)]
pub enum Announced {
    /// Nothing: the bytes are there.
    Known,
    /// Send them.
    Upload(Presigned),
}

/// A binary that was posted directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posted {
    /// Its digest.
    pub sha256: Sha256,
    /// False if the partner had uploaded it before.
    pub new: bool,
}

/// A binary and where its owner gets it for a while.
#[derive(Debug)]
pub struct Download {
    /// The binary.
    pub binary: Binary,
    /// Opens for whoever holds it.
    pub url: String,
    /// Until when.
    pub expires: Timestamp,
}

/// Answers where to upload what a partner announces, unless its bytes are there already.
///
/// What other partners have uploaded does not count: having the bytes is proved by sending them.
pub async fn announce(
    cx: &Context<'_>,
    blobs: &Blobs,
    partner: &PartnerId,
    upload: &Upload,
) -> Result<Announced> {
    if upload.size == 0 {
        return Err(Error::field("/size", "must be at least 1"));
    }
    check_size(cx, upload.size)?;
    if let Some(owned) = cx.store.binary(partner, &upload.sha256).await? {
        agree(upload, owned.size, Some(owned.md5))?;
        return Ok(Announced::Known);
    }
    if let Some(staged) = intact(blobs, partner, &upload.sha256).await? {
        agree(upload, staged.size, staged.md5)?;
        return Ok(Announced::Known);
    }
    Ok(Announced::Upload(blobs.presign(partner, upload, cx.now).await?))
}

/// Puts a binary of at most [`MAX_DIRECT`] bytes into the partner's staging, unless the partner has uploaded it before.
pub async fn store_small(
    cx: &Context<'_>,
    blobs: &Blobs,
    partner: &PartnerId,
    bytes: Bytes,
) -> Result<Posted> {
    if bytes.is_empty() {
        return Err(Error::field("", "the file must not be empty"));
    }
    if bytes.len() > MAX_DIRECT {
        return Err(Refusal::UsePresignedUpload(MAX_DIRECT as u64).into());
    }
    check_size(cx, bytes.len() as u64)?;
    let sha256 = Sha256::of(&bytes);
    if cx.store.binary(partner, &sha256).await?.is_some() {
        return Ok(Posted { sha256, new: false });
    }
    let mut new = blobs.stage(partner, &sha256, bytes.clone()).await?;
    if !new && intact(blobs, partner, &sha256).await?.is_none() {
        new = blobs.stage(partner, &sha256, bytes).await?;
    }
    Ok(Posted { sha256, new })
}

/// Moves an upload to the repository and records that the partner owns it; doing it again changes nothing.
///
/// `as_binary` says that it is to be delivered as it is, even if it looks like a package. The kind is fixed by the
/// first move. The bytes are in the repository before the partner owns them, and in staging until then: whatever
/// breaks off is taken up by the next call.
pub async fn move_to_repository(
    cx: &Context<'_>,
    blobs: &Blobs,
    partner: &PartnerId,
    sha256: &Sha256,
    as_binary: bool,
) -> Result<Binary> {
    let binary = match cx.store.binary(partner, sha256).await? {
        Some(owned) => owned,
        None => match bring_in(cx, blobs, partner, sha256, as_binary).await? {
            Some(moved) => moved,
            // Not in staging, but a request beside this one may just have moved it.
            None => cx.store.binary(partner, sha256).await?.ok_or(Refusal::UploadMissing)?,
        },
    };
    if as_binary && binary.kind == BinaryKind::Package {
        return Err(Refusal::BinaryKindFixed(binary.kind.as_str()).into());
    }
    blobs.discard(partner, sha256).await;
    Ok(binary)
}

/// A download URL of a binary that the partner owns, good for 15 minutes.
pub async fn download(cx: &Context<'_>, partner: &PartnerId, sha256: &Sha256) -> Result<Download> {
    let binary = cx.store.binary(partner, sha256).await?.ok_or(Refusal::NotFound)?;
    let expires = Timestamp::from_millis(cx.now.seconds() * 1000).plus_seconds(DOWNLOAD_SECONDS);
    let name = format!("{}.bin", &sha256.to_string()[..12]);
    let secret = cx.secrets.download()?;
    let path = paths::path(secret, secret.current().0, sha256, Some(expires), &name);
    Ok(Download { binary, url: format!("{}{path}", cx.config.base_url()?), expires })
}

fn check_size(cx: &Context<'_>, size: u64) -> Result<()> {
    let most = cx.config.max_binary_bytes;
    if size > most { Err(Refusal::BinaryTooLarge(most).into()) } else { Ok(()) }
}

/// Refuses a claim that differs from what is there under the same digest.
fn agree(claim: &Upload, size: u64, md5: Option<Md5>) -> Result<()> {
    let why = if claim.size != size {
        format!("the binary with this SHA-256 has {size} bytes")
    } else if claim.md5.zip(md5).is_some_and(|(claimed, stored)| claimed != stored) {
        "the binary with this SHA-256 has another MD5".to_owned()
    } else {
        return Ok(());
    };
    Err(Refusal::UploadMismatch(why).into())
}

/// The partner's upload, if it is good. Another would stand in the way of the next upload and is discarded.
async fn intact(blobs: &Blobs, partner: &PartnerId, sha256: &Sha256) -> Result<Option<Stored>> {
    match blobs.staged(partner, sha256).await? {
        Some(staged) if !staged.is(sha256) => {
            blobs.discard(partner, sha256).await;
            Ok(None)
        }
        staged => Ok(staged),
    }
}

/// Checks, recognises, copies and records an upload; none if there is none.
async fn bring_in(
    cx: &Context<'_>,
    blobs: &Blobs,
    partner: &PartnerId,
    sha256: &Sha256,
    as_binary: bool,
) -> Result<Option<Binary>> {
    let Some(staged) = blobs.staged(partner, sha256).await? else { return Ok(None) };
    if !staged.is(sha256) {
        blobs.discard(partner, sha256).await;
        return Err(Refusal::UploadMismatch(
            "what was uploaded does not have this SHA-256; upload it again".into(),
        )
        .into());
    }
    check_size(cx, staged.size)?;
    let opened = if as_binary {
        Opened::Binary
    } else {
        open(blobs, Place::Staging(partner), sha256, staged.size).await?
    };
    let package = match opened {
        Opened::Gone => return Ok(None),
        Opened::Binary => None,
        Opened::Package(package) => Some(package),
    };
    let md5 = staged.md5.ok_or_else(|| blobs::Error::Corrupt {
        key: blobs::keys::staging(partner, sha256),
        reason: "its entity tag is no MD5".to_owned(),
    })?;
    match blobs.copy_to_repository(partner, sha256).await? {
        Copied::There => {}
        Copied::SourceGone => return Ok(None),
    }
    let kind = if package.is_some() { BinaryKind::Package } else { BinaryKind::Binary };
    let binary = Binary { sha256: *sha256, md5, size: staged.size, kind };
    own(cx, partner, binary, package.as_ref()).await.map(Some)
}

/// Where a binary is read.
#[derive(Clone, Copy)]
enum Place<'a> {
    Staging(&'a PartnerId),
    Repository,
}

/// What bytes turn out to be.
enum Opened {
    Gone,
    Binary,
    Package(Package),
}

/// Looks into a binary as far as is needed, by ranges; a damaged package is refused.
async fn open(blobs: &Blobs, place: Place<'_>, sha256: &Sha256, size: u64) -> Result<Opened> {
    let mut opening = Opening::new(size);
    loop {
        let range = match opening.next() {
            Next::Read(range) => range,
            Next::Binary => return Ok(Opened::Binary),
            Next::Control(control) => return Ok(Opened::Package(read(&control)?)),
            Next::Malformed(why) => return Err(Refusal::PackageMalformed(why).into()),
        };
        let at = range.start;
        let bytes = match place {
            Place::Staging(partner) => blobs.read_staged(partner, sha256, range).await?,
            Place::Repository => blobs.read_repository(sha256, range).await?,
        };
        let Some(bytes) = bytes else { return Ok(Opened::Gone) };
        opening.supply(at, &bytes);
    }
}

/// What a control file says.
fn read(control: &[u8]) -> Result<Package> {
    match control::read(control) {
        Ok(read) => Ok(Package { stanza: read.stanza, warnings: read.warnings }),
        Err(ControlFault::Malformed(why)) => Err(Refusal::PackageMalformed(why).into()),
        Err(ControlFault::Reserved(name)) => Err(Refusal::ReservedName(name).into()),
    }
}

/// What a package of `owner` says of itself.
///
/// One that was moved before control files were read is read in the repository, and the result kept; refused if it
/// is damaged, or was moved as a plain binary.
pub async fn package(cx: &Context<'_>, blobs: &Blobs, owner: &PartnerId, sha256: &Sha256) -> Result<Package> {
    if let Some(package) = cx.store.package(owner, sha256).await? {
        return Ok(package);
    }
    let binary = cx.store.binary(owner, sha256).await?.ok_or(Refusal::NotFound)?;
    let opened = match binary.kind {
        BinaryKind::Binary => Opened::Binary,
        BinaryKind::Package => open(blobs, Place::Repository, sha256, binary.size).await?,
    };
    let package = match opened {
        Opened::Package(package) => package,
        Opened::Binary => {
            return Err(Refusal::PackageMalformed("it is no package, or was moved as a binary".into()).into());
        }
        Opened::Gone => {
            let (key, reason) = (blobs::keys::repository(sha256), "it is gone".to_owned());
            return Err(blobs::Error::Corrupt { key, reason }.into());
        }
    };
    let field = |name: &str| package.stanza.get(name).map(|field| field.value.clone());
    let shown = json!({"package": field("Package"), "version": field("Version")});
    let subject = format!("binary/{sha256}");
    let mut tx = cx.tx(Some(owner), "binary.read", subject, Change::made(shown));
    tx.keep_package(owner, sha256, &package);
    tx.commit(cx.store).await?;
    Ok(package)
}

/// Records ownership; if a request beside this one was first, what it recorded stands.
async fn own(
    cx: &Context<'_>,
    partner: &PartnerId,
    binary: Binary,
    package: Option<&Package>,
) -> Result<Binary> {
    let shown = json!({
        "sha256": binary.sha256,
        "md5": binary.md5,
        "size": binary.size,
        "kind": binary.kind.as_str(),
    });
    let subject = format!("binary/{}", binary.sha256);
    let mut tx = cx.tx(Some(partner), "binary.moved", subject, Change::made(shown));
    tx.own_binary(partner, &binary, package);
    match tx.commit(cx.store).await {
        Err(store::Error::Guard(Guard::AlreadyThere)) => {
            Ok(cx.store.binary(partner, &binary.sha256).await?.ok_or(store::Error::Busy)?)
        }
        other => Ok(other.map(|()| binary)?),
    }
}
