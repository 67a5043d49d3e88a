//! Client-driven tests.
