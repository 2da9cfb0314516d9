//! Request bodies: bounded, JSON where JSON is meant, and all faults of a body told at once.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::{Map, Value};

use super::code::Code;
use super::problem::Problem;
use crate::domain::number::ReportedVersion;
use crate::domain::poll::PollSeconds;
use crate::domain::text::Email;
use crate::domain::{
    Architecture, Description, DeviceId, DeviceProfileId, DeviceTypeId, Fault, FeedName, Invalid, Label, Md5,
    Name, PartnerId, Refusal, Right, Sha256, Tag, TypeNumber, Version, VersionNumber,
};

/// Largest JSON body, in bytes; a record with everything in it is far smaller.
pub const MAX_JSON: usize = 256 << 10;

/// A request's body, at most `limit` bytes of it; none if there is more.
pub async fn read_body(request: Request, limit: usize) -> Result<Option<Bytes>, Problem> {
    match Limited::new(request.into_body(), limit).collect().await {
        Ok(body) => Ok(Some(body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Ok(None),
        Err(error) => Err(Problem::new(Code::MalformedJson, format!("the body could not be read: {error}"))),
    }
}

/// True if the body says that it is JSON, or says nothing.
pub fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return true };
    let essence =
        value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// A JSON object, with the bytes it came in.
#[derive(Debug)]
pub struct JsonBody {
    /// The body as sent.
    pub bytes: Bytes,
    /// Its fields.
    pub fields: Fields,
}

impl JsonBody {
    /// Reads a JSON object out of a body.
    pub fn parse(bytes: Bytes) -> Result<Self, Problem> {
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(map)) => Ok(Self { bytes, fields: Fields::of(map) }),
            Ok(_) => Err(Problem::new(Code::MalformedJson, "the body must be a JSON object")),
            Err(error) => {
                let place = format!("line {}, column {}", error.line(), error.column());
                Err(Problem::new(Code::MalformedJson, format!("the body is not JSON: error at {place}")))
            }
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(Code::UnsupportedMediaType, "the body must be application/json"));
        }
        let bytes = read_body(request, MAX_JSON).await?;
        let bytes = bytes.ok_or_else(|| {
            Problem::new(Code::BodyTooLarge, format!("a JSON body may be at most {MAX_JSON} bytes"))
        })?;
        Self::parse(bytes)
    }
}

/// A value that can stand in a field of a JSON body.
pub trait FromJson: Sized {
    /// Reads the value, or says what it must be.
    fn from_json(value: &Value) -> Result<Self, Invalid>;
}

/// The fields of a JSON object. Unknown fields are ignored, `null` is the same as nothing, and faults are collected
/// until [`Fields::finish`].
#[derive(Debug)]
pub struct Fields {
    map: Map<String, Value>,
    faults: Vec<Fault>,
}

impl Fields {
    /// Fields without a fault so far.
    pub const fn of(map: Map<String, Value>) -> Self {
        Self { map, faults: Vec::new() }
    }

    /// True if the field is there and not `null`, whatever it holds.
    pub fn has(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(|value| !value.is_null())
    }

    /// True if the field is there, even if it is `null`.
    pub fn is_said(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// A field that may be missing, and whose `null` says something else than nothing.
    pub fn nullable<T: FromJson>(&mut self, name: &str) -> Option<Option<T>> {
        if self.map.get(name).is_some_and(Value::is_null) {
            return Some(None);
        }
        self.optional(name).map(Some)
    }

    /// A field that may be missing.
    pub fn optional<T: FromJson>(&mut self, name: &str) -> Option<T> {
        let value = self.map.get(name).filter(|value| !value.is_null())?;
        match T::from_json(value) {
            Ok(value) => Some(value),
            Err(why) => {
                self.faults.push(Fault::at(format!("/{name}"), why));
                None
            }
        }
    }

    /// The fields of an object inside this one, if it is there, as `read` takes them; faults have its name before theirs.
    pub fn inside<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        match self.map.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::Object(map)) => {
                let mut inner = Self { map: map.clone(), faults: Vec::new() };
                let value = read(&mut inner);
                let outer = |fault: Fault| Fault::at(format!("/{name}{}", fault.pointer), fault.message);
                self.faults.extend(inner.faults.into_iter().map(outer));
                Some(value)
            }
            Some(_) => {
                self.faults.push(Fault::at(format!("/{name}"), "must be an object"));
                None
            }
        }
    }

    /// A field that must be there.
    pub fn required<T: FromJson>(&mut self, name: &str) -> Option<T> {
        if !self.has(name) {
            self.faults.push(Fault::at(format!("/{name}"), "is required"));
            return None;
        }
        self.optional(name)
    }

    /// A field that holds a list of at most `most`; each of its faults is told. Missing is empty, repeats are dropped.
    pub fn list<T: FromJson + PartialEq>(&mut self, name: &str, most: usize) -> Vec<T> {
        let mut list = Vec::new();
        let values = match self.map.get(name) {
            None | Some(Value::Null) => return list,
            Some(Value::Array(values)) => values.clone(),
            Some(_) => {
                self.faults.push(Fault::at(format!("/{name}"), "must be an array"));
                return list;
            }
        };
        if values.len() > most {
            self.faults.push(Fault::at(format!("/{name}"), format!("must hold at most {most}")));
            return list;
        }
        for (index, value) in values.iter().enumerate() {
            match T::from_json(value) {
                Ok(value) if list.contains(&value) => {}
                Ok(value) => list.push(value),
                Err(why) => self.faults.push(Fault::at(format!("/{name}/{index}"), why)),
            }
        }
        list
    }

    /// A field that holds an object of lists, as `associations` does; repeats within a list are dropped.
    pub fn lists<K: std::str::FromStr<Err = Invalid>, T: FromJson + PartialEq>(
        &mut self,
        name: &str,
    ) -> Vec<(K, Vec<T>)> {
        let mut lists = Vec::new();
        let object = match self.map.get(name) {
            None | Some(Value::Null) => return lists,
            Some(Value::Object(object)) => object.clone(),
            Some(_) => {
                self.faults.push(Fault::at(format!("/{name}"), "must be an object of arrays"));
                return lists;
            }
        };
        for (key, values) in &object {
            let at = format!("/{name}/{}", key.replace('~', "~0").replace('/', "~1"));
            let key = match key.parse() {
                Ok(key) => key,
                Err(why) => {
                    self.faults.push(Fault::at(at, why));
                    continue;
                }
            };
            let Value::Array(values) = values else {
                self.faults.push(Fault::at(at, "must be an array"));
                continue;
            };
            let mut list = Vec::new();
            for (index, value) in values.iter().enumerate() {
                match T::from_json(value) {
                    Ok(value) if list.contains(&value) => {}
                    Ok(value) => list.push(value),
                    Err(why) => self.faults.push(Fault::at(format!("{at}/{index}"), why)),
                }
            }
            lists.push((key, list));
        }
        lists
    }

    /// A field that must be there and holds an object of at most `most` members; a member that is `null` has no value.
    pub fn object<K: std::str::FromStr<Err = Invalid>, T: FromJson>(
        &mut self,
        name: &str,
        most: usize,
    ) -> Option<Vec<(K, Option<T>)>> {
        let object = match self.map.get(name) {
            None | Some(Value::Null) => {
                self.faults.push(Fault::at(format!("/{name}"), "is required"));
                return None;
            }
            Some(Value::Object(object)) if object.len() <= most => object.clone(),
            Some(Value::Object(_)) => {
                self.faults.push(Fault::at(format!("/{name}"), format!("must hold at most {most}")));
                return None;
            }
            Some(_) => {
                self.faults.push(Fault::at(format!("/{name}"), "must be an object"));
                return None;
            }
        };
        let mut members = Vec::with_capacity(object.len());
        for (key, value) in &object {
            let given = Some(value).filter(|value| !value.is_null());
            let read = key.parse().and_then(|key| Ok((key, given.map(T::from_json).transpose()?)));
            match read {
                Ok(member) => members.push(member),
                Err(why) => {
                    let at = format!("/{name}/{}", key.replace('~', "~0").replace('/', "~1"));
                    self.faults.push(Fault::at(at, why));
                }
            }
        }
        Some(members)
    }

    /// Adds a fault that the types alone cannot see.
    pub fn fault(&mut self, name: &str, why: impl Into<String>) {
        self.faults.push(Fault::at(format!("/{name}"), why));
    }

    /// All values, if no field had a fault; otherwise every fault at once.
    pub fn finish<T: AllThere>(self, values: T) -> Result<T::Whole, Refusal> {
        match values.whole() {
            Some(whole) if self.faults.is_empty() => Ok(whole),
            _ => Err(Refusal::InvalidFields(self.faults)),
        }
    }
}

/// A tuple of fields that were all read.
pub trait AllThere {
    /// The tuple without its options.
    type Whole;
    /// The values, or none if one is missing.
    fn whole(self) -> Option<Self::Whole>;
}

macro_rules! all_there {
    ($($name:ident $at:tt),*) => {
        impl<$($name),*> AllThere for ($(Option<$name>,)*) {
            type Whole = ($($name,)*);
            fn whole(self) -> Option<Self::Whole> {
                Some(($(self.$at?,)*))
            }
        }
    };
}

all_there!(A 0);
all_there!(A 0, B 1);
all_there!(A 0, B 1, C 2);
all_there!(A 0, B 1, C 2, D 3);

macro_rules! from_text {
    ($($name:ty),*) => {
        $(impl FromJson for $name {
            fn from_json(value: &Value) -> Result<Self, Invalid> {
                value.as_str().ok_or(Invalid::because("must be a string"))?.parse()
            }
        })*
    };
}

from_text!(
    Name,
    Version,
    Description,
    Tag,
    Label,
    Email,
    Architecture,
    PartnerId,
    DeviceId,
    DeviceProfileId,
    DeviceTypeId,
    FeedName,
    Sha256,
    Md5,
    Right
);

macro_rules! from_number {
    ($($name:ty),*) => {
        $(impl FromJson for $name {
            /// Numbers are strings on output and may be either on input.
            fn from_json(value: &Value) -> Result<Self, Invalid> {
                match value {
                    Value::String(text) => text.parse(),
                    Value::Number(number) => number.to_string().parse(),
                    _ => Err(Invalid::because("must be a number")),
                }
            }
        })*
    };
}

from_number!(TypeNumber, VersionNumber, ReportedVersion, PollSeconds);

impl FromJson for String {
    fn from_json(value: &Value) -> Result<Self, Invalid> {
        value.as_str().map(str::to_owned).ok_or(Invalid::because("must be a string"))
    }
}

impl FromJson for Value {
    fn from_json(value: &Value) -> Result<Self, Invalid> {
        Ok(value.clone())
    }
}

impl FromJson for bool {
    fn from_json(value: &Value) -> Result<Self, Invalid> {
        value.as_bool().ok_or(Invalid::because("must be true or false"))
    }
}

impl FromJson for u64 {
    fn from_json(value: &Value) -> Result<Self, Invalid> {
        let number = match value {
            Value::String(text) if text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0') => {
                text.parse().ok()
            }
            other => other.as_u64(),
        };
        number.ok_or(Invalid::because("must be a whole number, 0 or more"))
    }
}

impl FromJson for crate::domain::Timestamp {
    fn from_json(value: &Value) -> Result<Self, Invalid> {
        let millis = value.as_i64().ok_or(Invalid::because("must be milliseconds since the epoch"))?;
        Ok(Self::from_millis(millis))
    }
}
