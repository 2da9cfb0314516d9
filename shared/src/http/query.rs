//! Query parameters: read by name, each at most once.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::problem::Problem;
use crate::domain::page::{MAX_SIZE, PageRequest};
use crate::domain::{Invalid, Tag};

/// The parameters of a query, percent-decoded, in their order.
#[derive(Debug, Clone)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a raw query string.
    pub fn parse(raw: &str) -> Self {
        Self(form_urlencoded::parse(raw.as_bytes()).into_owned().collect())
    }

    /// All parameters.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The parameter `name`; given twice it is a fault.
    pub fn one(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut found = self.iter().filter(|(given, _)| *given == name).map(|(_, value)| value);
        let first = found.next();
        if found.next().is_some() {
            return Err(Problem::parameter(name, &Invalid::because("is given more than once")));
        }
        Ok(first)
    }

    /// The parameter `name`, through its type's constructor.
    pub fn parsed<T: FromStr<Err = Invalid>>(&self, name: &str) -> Result<Option<T>, Problem> {
        self.one(name)?.map(|text| text.parse().map_err(|why| Problem::parameter(name, &why))).transpose()
    }

    /// `page`, `size`, `sort` and `tags`.
    pub fn page(&self) -> Result<PageRequest, Problem> {
        let mut request = PageRequest::default();
        if let Some(text) = self.one("page")? {
            let why = Invalid::because("must be a page number, 0 or more");
            request.number = digits(text).ok_or_else(|| Problem::parameter("page", &why))?;
        }
        if let Some(text) = self.one("size")? {
            let why = Invalid::because("must be 1 to 200");
            let size = digits(text).filter(|size| (1..=MAX_SIZE).contains(size));
            request.size = size.ok_or_else(|| Problem::parameter("size", &why))?;
        }
        if let Some(sort) = self.parsed("sort")? {
            request.sort = sort;
        }
        if let Some(tags) = self.one("tags")? {
            let parsed: Result<Vec<Tag>, Invalid> =
                tags.split(',').filter(|tag| !tag.is_empty()).map(str::parse).collect();
            request.tags = parsed.map_err(|why| Problem::parameter("tags", &why))?;
        }
        Ok(request)
    }
}

fn digits(text: &str) -> Option<usize> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}
