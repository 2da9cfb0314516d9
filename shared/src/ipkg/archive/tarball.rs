//! The form of a gzip'd tar: a stream, of which more and more of the beginning is read until the control file is in it.

use std::cell::Cell;
use std::io::{BufRead, Read, Result};

use flate2::bufread::MultiGzDecoder;

use super::bounded::{Bounded, Trouble};
use super::entries::{Stop, walk};
use super::inner::{control, only_zeros_follow};
use super::{FIRST, MAX_INFLATED, Members, Next, Part};

pub(super) const MAGIC: &[u8] = &[0x1F, 0x8B];

/// How much of the beginning is read, one after the other; what inflates to [`MAX_INFLATED`] is hardly larger.
const STEPS: [u64; 4] = [FIRST, 1 << 20, MAX_UNKNOWN, MAX_INFLATED + FIRST];

/// How much is read to find out whether it is a package at all.
const MAX_UNKNOWN: u64 = 4 << 20;

const TOO_FAR: &str = "its control.tar.gz lies behind more than 8 MiB, which is not read: put control.tar.gz before \
                       data.tar.gz, or build the package as an ar archive";

#[derive(Debug)]
pub(super) struct Walk {
    size: u64,
    prefix: Vec<u8>,
}

/// The beginning of a binary, and whether its reader has wanted more.
struct Prefix<'a> {
    left: &'a [u8],
    ran_dry: &'a Cell<bool>,
}

impl Read for Prefix<'_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        if self.left.is_empty() {
            self.ran_dry.set(true);
        }
        self.left.read(into)
    }
}

impl BufRead for Prefix<'_> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        if self.left.is_empty() {
            self.ran_dry.set(true);
        }
        Ok(self.left)
    }

    fn consume(&mut self, count: usize) {
        self.left.consume(count);
    }
}

/// What the beginning says.
enum Look {
    Known(Next),
    /// More is needed to say; whether it is a package may be known already.
    More {
        package: bool,
    },
}

impl Walk {
    pub(super) fn new(size: u64, beginning: &[u8]) -> Self {
        Self { size, prefix: beginning.to_vec() }
    }

    pub(super) fn supply(&mut self, at: u64, bytes: &[u8]) {
        if at == self.prefix.len() as u64 {
            self.prefix.reserve_exact(bytes.len());
            self.prefix.extend_from_slice(bytes);
        }
    }

    pub(super) fn next(&self) -> Next {
        let held = self.prefix.len() as u64;
        let package = match look(&self.prefix, held >= self.size) {
            Look::Known(next) => return next,
            Look::More { package } => package,
        };
        match STEPS.into_iter().map(|step| step.min(self.size)).find(|step| *step > held) {
            Some(step) if package || held < MAX_UNKNOWN => Next::Read(held..step),
            _ if package => Next::Malformed(TOO_FAR.to_owned()),
            _ => Next::Binary,
        }
    }
}

/// Looks into the beginning of a gzip'd tar; `whole` says that nothing follows.
///
/// Once the control file is known, what follows is looked at as far as it is at hand, and no more is asked for.
fn look(prefix: &[u8], whole: bool) -> Look {
    let (ran_dry, trouble) = (Cell::new(false), Cell::new(None));
    let lacking = || ran_dry.get() && !whole;
    let source = MultiGzDecoder::new(Prefix { left: prefix, ran_dry: &ran_dry });
    let mut members = Members::default();
    let mut found = None;
    let walked = walk(Bounded::new(source, MAX_INFLATED, &trouble), &mut |member, body| {
        let part = member.agreed(Part::named);
        match part {
            Some(part) => members.note(part, found.is_some()),
            None => members.blame("some devices would read another member as a part of it than others"),
        }
        if !member.file && !matches!(part, Some(Part::Unknown)) {
            members.blame("one of its parts is a directory");
        } else if part == Some(Part::Control) && found.is_none() {
            let read = control(body);
            // What ended for want of bytes says nothing.
            if read.is_err() && (lacking() || trouble.get() == Some(Trouble::Spent)) {
                return Err(Stop::Unreadable);
            }
            found = Some(read);
        }
        Ok(())
    });
    if !members.package {
        return if lacking() { Look::More { package: false } } else { Look::Known(Next::Binary) };
    }
    let ended = walked.and_then(only_zeros_follow);
    let beyond = lacking() || trouble.get() == Some(Trouble::Spent);
    let malformed = |why: &str| Look::Known(Next::Malformed(why.to_owned()));
    match (found, ended) {
        (Some(Err(why)), _) | (_, Err(Stop::Fault(why))) => malformed(&why),
        _ if members.fault.is_some() => malformed(members.fault.unwrap_or_default()),
        (Some(Ok(control)), _) if beyond => Look::Known(Next::Control(control)),
        (None, _) if lacking() => Look::More { package: true },
        (None, _) if beyond => malformed(TOO_FAR),
        (_, Err(Stop::Unreadable)) => malformed(match trouble.get() {
            Some(Trouble::Cut) => "it is cut off",
            Some(_) => "it is a damaged gzip file",
            None => "it is a damaged or cut off tar archive",
        }),
        (found, Ok(())) => match (members.verdict(found.is_some()), found) {
            (None, Some(Ok(control))) => Look::Known(Next::Control(control)),
            (why, _) => malformed(&why.unwrap_or_default()),
        },
    }
}
