//! Everything outside, behind small traits.
