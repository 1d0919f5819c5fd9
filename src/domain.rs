//! What the project knows, without any IO.
