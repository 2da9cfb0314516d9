//! Reads the control file out of a package (`.ipk`) of which only ranges are fetched, and tells what is no package.
//!
//! A package is an `ar` archive or a gzip'd tar with the members `debian-binary`, `control.tar.gz` and `data.tar.gz`,
//! in any order, their names with or without `./` (and, in an `ar` archive, a trailing `/`). Where the programs that
//! read packages on devices may differ about one, it is refused: what this service shows of a package must be what a
//! device finds in it. Nothing here knows where the bytes come from; the caller fetches what [`Next::Read`] asks for.

mod ar;
mod bounded;
mod entries;
mod inner;
mod tarball;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::ops::Range;

/// How many bytes are inflated in `control.tar.gz`, and in the beginning of a gzip'd tar, at most.
pub const MAX_INFLATED: u64 = 8 << 20;

/// How many bytes are read first, which is the whole of most packages and of every other the part that matters.
const FIRST: u64 = 64 << 10;

/// What is to be done next, or what has been found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// These bytes are needed: hand them to [`Opening::supply`]. Never empty, and never past the end.
    Read(Range<u64>),
    /// It has no `debian-binary` member, or keeps it further down than this service looks: it is no package.
    Binary,
    /// It is a package; the bytes of its control file, at most [`super::control::MAX_BYTES`].
    Control(Vec<u8>),
    /// It is a package, but not one that devices could be trusted with: why, in words for the one who built it.
    Malformed(String),
}

/// A binary that is being looked into.
///
/// What is held is never more than was supplied and a few buffers, whatever sizes the binary claims: of an `ar`
/// archive the last range, of a gzip'd tar its beginning, at most [`MAX_INFLATED`] and a little.
#[derive(Debug)]
pub struct Opening {
    size: u64,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Unknown,
    Ar(ar::Walk),
    Tar(tarball::Walk),
    Known(Next),
}

impl Opening {
    /// Begins to look into a binary of `size` bytes.
    pub fn new(size: u64) -> Self {
        let form = if size == 0 { Form::Known(Next::Binary) } else { Form::Unknown };
        Self { size, form }
    }

    /// What is to be done next; the same again until it has been done.
    #[expect(clippy::should_implement_trait, reason = "it has no end, and waits for what it asked for")]
    pub fn next(&mut self) -> Next {
        let next = match &mut self.form {
            Form::Unknown => Next::Read(0..FIRST.min(self.size)),
            Form::Ar(walk) => walk.next(),
            Form::Tar(walk) => walk.next(),
            Form::Known(next) => return next.clone(),
        };
        if !matches!(next, Next::Read(_)) {
            self.form = Form::Known(next.clone());
        }
        next
    }

    /// Takes the bytes that were asked for, all of them, which lie at offset `at`.
    pub fn supply(&mut self, at: u64, bytes: &[u8]) {
        match &mut self.form {
            Form::Unknown => {
                self.form = if bytes.starts_with(ar::MAGIC) {
                    Form::Ar(ar::Walk::new(self.size, bytes))
                } else if bytes.starts_with(tarball::MAGIC) {
                    Form::Tar(tarball::Walk::new(self.size, bytes))
                } else {
                    Form::Known(Next::Binary)
                };
            }
            Form::Ar(walk) => walk.supply(at, bytes),
            Form::Tar(walk) => walk.supply(at, bytes),
            Form::Known(_) => {}
        }
    }
}

/// What a member is to a package, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Package,
    Control,
    OtherControl,
    Data,
    Unknown,
}

impl Part {
    /// `name` is without `./` and trailing slashes.
    fn named(name: &[u8]) -> Self {
        match name {
            b"debian-binary" => Self::Package,
            b"control.tar.gz" => Self::Control,
            _ if name.starts_with(b"control.tar") => Self::OtherControl,
            _ if name.starts_with(b"data.tar") => Self::Data,
            _ => Self::Unknown,
        }
    }
}

/// Which of a package's members were met, and the first thing that is wrong with them.
#[derive(Debug, Default)]
struct Members {
    package: bool,
    data: bool,
    /// A control archive in a form that not every device reads.
    other_control: bool,
    fault: Option<&'static str>,
}

impl Members {
    /// Notes a member; `again` says that a `control.tar.gz` was met before.
    fn note(&mut self, part: Part, again: bool) {
        match part {
            Part::Package => self.package = true,
            Part::Control if again => self.blame("it has two control.tar.gz, and devices may read either"),
            Part::Data if self.data => self.blame("it has two data archives, and devices may read either"),
            Part::Data => self.data = true,
            Part::OtherControl => self.other_control = true,
            Part::Control | Part::Unknown => {}
        }
    }

    fn blame(&mut self, why: &'static str) {
        self.fault = self.fault.or(Some(why));
    }

    /// What is wrong once every member is known; `control` says that there is a `control.tar.gz`.
    fn verdict(&self, control: bool) -> Option<String> {
        let wrong = match (control, self.other_control) {
            _ if self.fault.is_some() => self.fault?,
            (false, true) => {
                "its control archive is not control.tar.gz, and many devices read no other: build it with gzip"
            }
            (false, false) => "it has no control.tar.gz",
            (true, true) => "it has two control archives, and devices may read either",
            (true, false) if !self.data => "it has no data.tar.gz",
            (true, false) => return None,
        };
        Some(wrong.to_owned())
    }
}
