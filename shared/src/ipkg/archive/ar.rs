//! The `ar` form: headers are walked by ranges, and of the members' bodies only `control.tar.gz` is asked for.
//!
//! The 60 bytes of a header are read by our own code: the `ar` crate reads a stream, so it would have to be given the
//! data as well, and it allocates what a header claims.

use std::ops::Range;

use super::{FIRST, MAX_INFLATED, Members, Next, Part, inner};

pub(super) const MAGIC: &[u8] = b"!<arch>\n";

/// Bytes of a header.
const HEADER: u64 = 60;

/// How much is read at a header that lies further down: a small control.tar.gz behind it comes along.
const STEP: u64 = 4 << 10;

/// How many members are walked at most; a package has three.
const MAX_MEMBERS: u32 = 32;

/// Largest control.tar.gz that could inflate to no more than [`MAX_INFLATED`] bytes, and a little.
const MAX_CONTROL: u64 = MAX_INFLATED + FIRST;

#[derive(Debug)]
pub(super) struct Walk {
    size: u64,
    /// Where the next header begins.
    at: u64,
    walked: u32,
    members: Members,
    control: Option<Range<u64>>,
    /// The bytes at hand and where they lie.
    window: (u64, Vec<u8>),
}

struct Header<'a> {
    /// Without `./` and trailing slashes; none if the name stands elsewhere in the archive.
    name: Option<&'a [u8]>,
    /// Bytes of the member's body.
    size: u64,
}

impl<'a> Header<'a> {
    fn parse(header: &'a [u8]) -> Option<Self> {
        let (name, size) = (header.get(..16)?.trim_ascii_end(), header.get(48..58)?.trim_ascii_end());
        if header.get(58..60)? != b"`\n" || size.is_empty() || !size.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let size = std::str::from_utf8(size).ok()?.parse().ok()?;
        // `/` alone is a symbol table.
        if name.starts_with(b"#1/") || (name.starts_with(b"/") && name != b"/") {
            return Some(Self { name: None, size });
        }
        let end = name.iter().rposition(|&byte| byte != b'/').map_or(0, |last| last + 1);
        let name = &name[..end];
        Some(Self { name: Some(name.strip_prefix(b"./").unwrap_or(name)), size })
    }
}

impl Walk {
    pub(super) fn new(size: u64, beginning: &[u8]) -> Self {
        Self {
            size,
            at: MAGIC.len() as u64,
            walked: 0,
            members: Members::default(),
            control: None,
            window: (0, beginning.to_vec()),
        }
    }

    pub(super) fn supply(&mut self, at: u64, bytes: &[u8]) {
        self.window = (at, bytes.to_vec());
    }

    pub(super) fn next(&mut self) -> Next {
        while self.at < self.size {
            if self.walked == MAX_MEMBERS {
                return self.give_up("it has more than 32 members");
            }
            let end = self.at.saturating_add(HEADER);
            if end > self.size {
                return self.give_up("it is cut off: it ends within the header of a member");
            }
            let Some(bytes) = self.held(&(self.at..end)) else {
                return Next::Read(self.at..self.at.saturating_add(STEP).min(self.size));
            };
            let Some(header) = Header::parse(bytes) else {
                return self.give_up("a member's header is damaged");
            };
            let (part, size) = (header.name.map(Part::named), header.size);
            match part {
                Some(part) => self.members.note(part, self.control.is_some()),
                None => self.members.blame("a member has a long name, which not every device reads"),
            }
            let Some(body_end) = end.checked_add(size).filter(|body_end| *body_end <= self.size) else {
                return self.give_up("it is cut off: a member is larger than what follows");
            };
            if part == Some(Part::Control) && self.control.is_none() {
                self.control = Some(end..body_end);
            }
            self.walked += 1;
            // Members begin at even offsets; the last one's padding may be missing.
            self.at = body_end.saturating_add(body_end % 2);
        }
        self.end()
    }

    /// Every header is known.
    fn end(&self) -> Next {
        if !self.members.package {
            return Next::Binary;
        }
        let range = match (self.members.verdict(self.control.is_some()), &self.control) {
            (None, Some(range)) => range,
            (why, _) => return Next::Malformed(why.unwrap_or_default()),
        };
        if range.is_empty() {
            return Next::Malformed("its control.tar.gz is empty".to_owned());
        }
        if range.end - range.start > MAX_CONTROL {
            return Next::Malformed(inner::TOO_LARGE.to_owned());
        }
        match self.held(range) {
            None => Next::Read(range.clone()),
            Some(mut body) => inner::control(&mut body).map_or_else(Next::Malformed, Next::Control),
        }
    }

    /// The headers cannot be walked on.
    fn give_up(&self, why: &'static str) -> Next {
        if !self.members.package {
            return Next::Binary;
        }
        Next::Malformed(self.members.fault.unwrap_or(why).to_owned())
    }

    /// The bytes of a range, if they are at hand.
    fn held(&self, range: &Range<u64>) -> Option<&[u8]> {
        let (start, bytes) = &self.window;
        let from = usize::try_from(range.start.checked_sub(*start)?).ok()?;
        let to = usize::try_from(range.end.checked_sub(*start)?).ok()?;
        bytes.get(from..to)
    }
}
