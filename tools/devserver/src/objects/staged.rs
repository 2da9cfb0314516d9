//! Objects appear whole or not at all, as in S3.
//!
//! `s3s-fs` puts an object in place before it has compared the checksum, writes the checksums beside it later, and
//! copies over the destination in place. A refused or broken-off upload would stay visible, and block the next one
//! with 412. So every object is written into a bucket of its own first and moved from there, with its sidecar
//! files, in one step under a lock.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, DeleteObjectInput, DeleteObjectOutput, GetObjectInput,
    GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput,
    ListObjectsV2Input, ListObjectsV2Output, PutObjectInput, PutObjectOutput,
};
use s3s::{S3, S3Error, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;
use tokio::sync::Mutex;

/// The bucket in which objects wait until they are whole.
const INCOMING: &str = "incoming";
/// What `s3s-fs` (=0.14.1) keeps beside an object.
const SIDECARS: [&str; 2] = ["metadata.json", "internal.json"];

type Answer<'f, T> = Pin<Box<dyn Future<Output = S3Result<S3Response<T>>> + Send + 'f>>;

#[derive(Debug)]
pub(super) struct Staged {
    files: FileSystem,
    root: PathBuf,
    next: AtomicU64,
    publishing: Mutex<()>,
}

impl Staged {
    /// Opens the objects under `root`, and throws away what was half-written when the process last died.
    pub(super) fn open(root: &Path, bucket: &str) -> anyhow::Result<Self> {
        std::fs::create_dir_all(root.join(bucket))?;
        let root = root.canonicalize()?;
        let incoming = root.join(INCOMING);
        if incoming.exists() {
            std::fs::remove_dir_all(&incoming)?;
        }
        std::fs::create_dir(&incoming)?;
        let beside = format!(".bucket-{}.", encode(INCOMING));
        for entry in std::fs::read_dir(&root)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&beside) {
                std::fs::remove_file(entry.path())?;
            }
        }
        let files = FileSystem::new(&root).map_err(|error| anyhow::anyhow!("{error:?}"))?;
        Ok(Self { files, root, next: AtomicU64::new(0), publishing: Mutex::new(()) })
    }

    fn object(&self, bucket: &str, key: &str) -> S3Result<PathBuf> {
        let inside = |text: &str| {
            !text.is_empty()
                && !text.ends_with('/')
                && Path::new(text).components().all(|part| matches!(part, Component::Normal(_)))
        };
        if !inside(bucket) || !inside(key) {
            return Err(s3_error!(InvalidArgument, "this store takes no such bucket or key"));
        }
        Ok(self.root.join(bucket).join(key))
    }

    fn sidecar(&self, bucket: &str, key: &str, kind: &str) -> PathBuf {
        self.root.join(format!(".bucket-{}.object-{}.{kind}", encode(bucket), encode(key)))
    }

    /// Where an object on its way to `bucket` and `key` waits.
    fn waiting(&self, bucket: &str, key: &str) -> S3Result<String> {
        self.object(bucket, key)?;
        if !self.root.join(bucket).is_dir() {
            return Err(s3_error!(NoSuchBucket));
        }
        Ok(self.next.fetch_add(1, Ordering::Relaxed).to_string())
    }

    /// Moves a whole object to its place; refuses if `create` and there is one.
    async fn publish(&self, waiting: &str, bucket: &str, key: &str, create: bool) -> S3Result<()> {
        let place = self.object(bucket, key)?;
        let _alone = self.publishing.lock().await;
        if create && place.exists() {
            return Err(taken());
        }
        if let Some(folder) = place.parent() {
            std::fs::create_dir_all(folder).map_err(broken)?;
        }
        for kind in SIDECARS {
            let moved =
                std::fs::rename(self.sidecar(INCOMING, waiting, kind), self.sidecar(bucket, key, kind));
            moved.or_else(
                |error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(broken(error)) },
            )?;
        }
        std::fs::rename(self.object(INCOMING, waiting)?, place).map_err(broken)
    }

    /// Moves what was written, or throws it away if writing or moving failed.
    async fn settle<T>(
        &self,
        written: S3Result<S3Response<T>>,
        waiting: &str,
        (bucket, key): (&str, &str),
        create: bool,
    ) -> S3Result<S3Response<T>> {
        let settled = match written {
            Ok(answer) => self.publish(waiting, bucket, key, create).await.map(|()| answer),
            Err(error) => Err(error),
        };
        if settled.is_err() {
            let _ = std::fs::remove_file(self.root.join(INCOMING).join(waiting));
            self.forget(INCOMING, waiting);
        }
        settled
    }

    fn forget(&self, bucket: &str, key: &str) {
        for kind in SIDECARS {
            let _ = std::fs::remove_file(self.sidecar(bucket, key, kind));
        }
    }
}

fn encode(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn taken() -> S3Error {
    s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold")
}

fn broken(error: io::Error) -> S3Error {
    S3Error::internal_error(error)
}

/// Passes operations on as they are.
macro_rules! as_they_are {
    ($($operation:ident: $input:ty => $output:ty;)*) => {
        $(fn $operation<'s, 'f>(&'s self, request: S3Request<$input>) -> Answer<'f, $output>
        where
            's: 'f,
            Self: 'f,
        {
            self.files.$operation(request)
        })*
    };
}

impl S3 for Staged {
    as_they_are! {
        get_object: GetObjectInput => GetObjectOutput;
        head_bucket: HeadBucketInput => HeadBucketOutput;
        head_object: HeadObjectInput => HeadObjectOutput;
        list_objects_v2: ListObjectsV2Input => ListObjectsV2Output;
    }

    fn put_object<'s, 'f>(&'s self, mut request: S3Request<PutObjectInput>) -> Answer<'f, PutObjectOutput>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            let (bucket, key) = (request.input.bucket.clone(), request.input.key.clone());
            let waiting = self.waiting(&bucket, &key)?;
            let create = request.input.if_none_match.take().is_some_and(|condition| condition.is_any());
            if create && self.object(&bucket, &key)?.exists() {
                return Err(taken());
            }
            INCOMING.clone_into(&mut request.input.bucket);
            request.input.key.clone_from(&waiting);
            let written = self.files.put_object(request).await;
            self.settle(written, &waiting, (&bucket, &key), create).await
        })
    }

    fn copy_object<'s, 'f>(&'s self, mut request: S3Request<CopyObjectInput>) -> Answer<'f, CopyObjectOutput>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            let (bucket, key) = (request.input.bucket.clone(), request.input.key.clone());
            let waiting = self.waiting(&bucket, &key)?;
            // `s3s` does not know this header on a copy; S3 does.
            let create = request.headers.get("if-none-match").is_some_and(|value| value == "*");
            if create && self.object(&bucket, &key)?.exists() {
                return Err(taken());
            }
            INCOMING.clone_into(&mut request.input.bucket);
            request.input.key.clone_from(&waiting);
            let written = self.files.copy_object(request).await;
            self.settle(written, &waiting, (&bucket, &key), create).await
        })
    }

    fn delete_object<'s, 'f>(
        &'s self,
        request: S3Request<DeleteObjectInput>,
    ) -> Answer<'f, DeleteObjectOutput>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            let (bucket, key) = (request.input.bucket.clone(), request.input.key.clone());
            let _alone = self.publishing.lock().await;
            let answer = self.files.delete_object(request).await?;
            self.forget(&bucket, &key);
            Ok(answer)
        })
    }
}
