//! A reader that gives up after so many bytes, and remembers why reading ended.

use std::cell::Cell;
use std::io::{Error, ErrorKind, Read, Result};

/// Why a reader gave no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There is more than is read.
    Spent,
    /// What is compressed ends before its end.
    Cut,
    /// It is not what it should be.
    Damaged,
}

/// Reads at most `left` bytes of `inner`. Its user may hide an error; what it was stays in `trouble`.
pub(super) struct Bounded<'a, R> {
    inner: R,
    left: u64,
    trouble: &'a Cell<Option<Trouble>>,
}

impl<'a, R: Read> Bounded<'a, R> {
    pub(super) fn new(inner: R, most: u64, trouble: &'a Cell<Option<Trouble>>) -> Self {
        Self { inner, left: most, trouble }
    }

    fn fail(&self, trouble: Trouble) -> Error {
        self.trouble.set(self.trouble.get().or(Some(trouble)));
        Error::from(ErrorKind::InvalidData)
    }

    fn read_inner(&mut self, into: &mut [u8]) -> Result<usize> {
        self.inner.read(into).map_err(|error| {
            let cut = error.kind() == ErrorKind::UnexpectedEof;
            self.fail(if cut { Trouble::Cut } else { Trouble::Damaged })
        })
    }
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            return match self.read_inner(&mut [0])? {
                0 => Ok(0),
                _ => Err(self.fail(Trouble::Spent)),
            };
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
        let read = self.read_inner(&mut into[..most])?;
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
}
