//! The wire to the database breaks at every call of every operation that writes, and the one to the bucket where it
//! is asked; what is left must be whole.

mod approvals;
mod cases;
mod descriptions;
mod devices;
mod driver;
mod numbers;
mod packages;
mod rollouts;
mod stops;
mod tokens;
