//! The wire to the database breaks at every call of every operation that writes, and the one to the bucket where it
//! is asked; what is left must be whole. What only reads says that it could not, and writes nothing.

mod approvals;
mod cases;
mod descriptions;
mod devices;
mod driver;
mod numbers;
mod packages;
mod reads;
mod rollouts;
mod stops;
mod tokens;
