//! Our own local Neon.
