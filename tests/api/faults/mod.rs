//! The wire to the database breaks at every call of every operation that writes; what is left must be whole.

mod cases;
mod descriptions;
mod driver;
mod numbers;
mod tokens;
