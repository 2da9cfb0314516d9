//! Paging and sorting of lists, as the published API does it.

use std::cmp::Ordering;

use super::{ImageId, Invalid, Name, Tag, Timestamp, Version};

/// Page size when none is asked for.
pub const DEFAULT_SIZE: usize = 50;
/// Largest page.
pub const MAX_SIZE: usize = 200;

/// What a list can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortField {
    /// By name, then number.
    Name,
    /// By type, then number.
    Type,
    /// By version string, character by character.
    Version,
    /// By version number.
    VersionNumber,
    /// By time of registration.
    CreatedTimestamp,
    /// By time of the last change.
    UpdatedTimestamp,
}

impl SortField {
    const ALL: [(Self, &str); 6] = [
        (Self::Name, "name"),
        (Self::Type, "type"),
        (Self::Version, "version"),
        (Self::VersionNumber, "versionNumber"),
        (Self::CreatedTimestamp, "createdTimestamp"),
        (Self::UpdatedTimestamp, "updatedTimestamp"),
    ];

    /// The field as written on the wire.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(field, _)| *field == self).map_or("", |(_, name)| name)
    }
}

/// A sort order: a field and a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// The field.
    pub field: SortField,
    /// True for descending.
    pub descending: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Self { field: SortField::VersionNumber, descending: true }
    }
}

impl std::str::FromStr for Sort {
    type Err = Invalid;

    /// Reads `field`, `field,asc` or `field,desc`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (name, direction) = text.split_once(',').unwrap_or((text, "asc"));
        let field = SortField::ALL.iter().find(|(_, known)| *known == name).map(|(field, _)| *field).ok_or(
            Invalid::because(
                "must be one of name, type, version, versionNumber, createdTimestamp, updatedTimestamp",
            ),
        )?;
        match direction {
            "asc" => Ok(Self { field, descending: false }),
            "desc" => Ok(Self { field, descending: true }),
            _ => Err(Invalid::because("must end in ,asc or ,desc")),
        }
    }
}

/// Which page of a list, in which order, with which tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// Zero-based page number.
    pub number: usize,
    /// 1 to [`MAX_SIZE`].
    pub size: usize,
    /// The order.
    pub sort: Sort,
    /// Tags that must all be there.
    pub tags: Vec<Tag>,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { number: 0, size: DEFAULT_SIZE, sort: Sort::default(), tags: Vec::new() }
    }
}

/// One page of a list and how much there is in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What was asked for.
    pub request: PageRequest,
    /// How many there are on all pages.
    pub total: usize,
    /// The content of this page.
    pub content: Vec<T>,
}

/// What a row of a list is sorted and filtered by.
pub trait Listed {
    /// Type and number.
    fn id(&self) -> ImageId;
    /// The name.
    fn name(&self) -> &Name;
    /// The version for people.
    fn version(&self) -> &Version;
    /// When it was registered.
    fn created(&self) -> Timestamp;
    /// When it was last changed.
    fn updated(&self) -> Timestamp;
    /// Its tags.
    fn tags(&self) -> &[Tag];
}

/// Filters, sorts and cuts `rows`. Equal rows are ordered by number and type, so that pages never overlap.
pub fn page<T: Listed>(rows: Vec<T>, request: &PageRequest) -> Page<T> {
    let mut rows: Vec<T> =
        rows.into_iter().filter(|row| request.tags.iter().all(|tag| row.tags().contains(tag))).collect();
    let by_number = |a: &T, b: &T| (a.id().number, a.id().r#type).cmp(&(b.id().number, b.id().r#type));
    let compare = |a: &T, b: &T| -> Ordering {
        let order = match request.sort.field {
            SortField::Name => a.name().cmp(b.name()),
            SortField::Type => a.id().r#type.cmp(&b.id().r#type),
            SortField::Version => a.version().cmp(b.version()),
            SortField::VersionNumber => Ordering::Equal,
            SortField::CreatedTimestamp => a.created().cmp(&b.created()),
            SortField::UpdatedTimestamp => a.updated().cmp(&b.updated()),
        };
        let order = order.then_with(|| by_number(a, b));
        if request.sort.descending { order.reverse() } else { order }
    };
    rows.sort_unstable_by(compare);
    let total = rows.len();
    let start = request.number.saturating_mul(request.size).min(total);
    let content = rows.into_iter().skip(start).take(request.size).collect();
    Page { request: request.clone(), total, content }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sort_without_a_direction_rises() {
        assert_eq!("name".parse::<Sort>().unwrap(), Sort { field: SortField::Name, descending: false });
        assert!("name,down".parse::<Sort>().is_err());
        assert!("size".parse::<Sort>().is_err());
        for (field, name) in SortField::ALL {
            assert_eq!(field.as_str(), name);
        }
    }
}
