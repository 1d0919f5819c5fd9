//! When a request is sent again.
//!
//! `423`, `429` and `503` mean that nothing was done, so that any request may be sent again; a lost connection or another 5xx
//! leaves the outcome unknown, so that only reads are. Source: Neon's published API document and the policy of its own SDK (two
//! retries, 250 ms · 2ⁿ with full jitter, `Retry-After` up to 10 s).

use std::time::Duration;

use reqwest::Method;

use crate::ports::neon::error::NeonError;

/// How often a request is sent again.
pub(super) const RETRIES: u32 = 2;
/// The longest that Neon may ask us to wait; beyond it, waiting is the user's decision.
const LONGEST: Duration = Duration::from_secs(10);

/// How long to wait before a request is sent again; `None`: it is not. `first`: the longest pause before the first repetition.
pub(super) fn pause(
    error: &NeonError,
    method: &Method,
    attempt: u32,
    retry_after: Option<Duration>,
    first: Duration,
) -> Option<Duration> {
    let safe = error.is_temporary() || (error.may_be_answered_again() && method == Method::GET);
    let pause = retry_after
        .unwrap_or_default()
        .max(jittered(first, attempt));
    (safe && attempt < RETRIES && pause <= LONGEST).then_some(pause)
}

/// Full jitter: anything from nothing to `first` · 2ⁿ.
fn jittered(first: Duration, attempt: u32) -> Duration {
    let first = u64::try_from(first.as_millis()).unwrap_or(u64::MAX);
    let most = first.saturating_mul(1 << attempt.min(6)).min(60_000);
    let random = getrandom::u64().unwrap_or(most);
    Duration::from_millis(random % (most + 1))
}
