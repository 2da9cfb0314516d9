//! `GET /v1/ota/deviceTypes/{dt}/eligibility`, as a device sends it.

mod caching;
mod decision;
mod feeds;
mod following;
mod forms;
mod measured;
mod query;
mod restricted;
