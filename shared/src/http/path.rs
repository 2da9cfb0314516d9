//! Path segments, parsed; the partner's segment is [`super::caller::Partner`]'s business.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;

use super::problem::Problem;
use crate::domain::Invalid;

/// The path's segments but `partnerId`, in their order, each through its type's constructor.
#[derive(Debug)]
pub struct Path<T>(pub T);

/// What [`Path`] can be made of: a tuple of parsed segments.
pub trait Segments: Sized {
    /// Parses `(name, value)` pairs in the order of the path.
    fn parse(segments: &[(String, String)]) -> Result<Self, Problem>;
}

fn one<T: FromStr<Err = Invalid>>(segments: &[(String, String)], at: usize) -> Result<T, Problem> {
    let (name, value) = segments.get(at).ok_or_else(|| Problem::internal("a route has too few segments"))?;
    value.parse().map_err(|why| Problem::parameter(name, &why))
}

macro_rules! segments {
    ($($name:ident $at:tt),*) => {
        impl<$($name: FromStr<Err = Invalid>),*> Segments for ($($name,)*) {
            fn parse(segments: &[(String, String)]) -> Result<Self, Problem> {
                Ok(($(one::<$name>(segments, $at)?,)*))
            }
        }
    };
}

segments!(A 0);
segments!(A 0, B 1);
segments!(A 0, B 1, C 2);

impl<S: Send + Sync, T: Segments> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|error| Problem::parameter("path", &Invalid(error.to_string().into())))?;
        let segments: Vec<(String, String)> = params
            .iter()
            .filter(|(name, _)| *name != "partnerId")
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        T::parse(&segments).map(Self)
    }
}
