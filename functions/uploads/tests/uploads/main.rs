//! Uploads against the embedded object store and database: what presigned requests are held to, what moving an upload
//! does, and what is left when it breaks off.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod breaking;
mod direct;
mod moving;
mod presigned;
mod reading;
mod world;
