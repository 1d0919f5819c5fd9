//! The names of Neon's computes and of their poolers: `ep-cool-name-12345678` and `ep-cool-name-12345678-pooler`.

/// The end of the first label of a pooler's host.
const POOLER: &str = "-pooler";

/// Whether a host is a pooler's.
pub(super) fn is_pooled(host: &str) -> bool {
    let first = host.split('.').next();
    first.is_some_and(|first| first.ends_with(POOLER))
}

/// Whether a host is one of Neon's.
pub(super) fn is_neon(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    [".neon.tech", ".neon.build"]
        .iter()
        .any(|domain| host.ends_with(domain))
}

/// The compute's own host for a pooler's.
pub(super) fn direct_host(host: &str) -> String {
    match host.split_once('.') {
        Some((first, rest)) => {
            let first = first.strip_suffix(POOLER).unwrap_or(first);
            format!("{first}.{rest}")
        }
        None => host.to_owned(),
    }
}

/// The pooler's host for a compute's; the host itself where it isn't one of Neon's.
pub(super) fn pooled_host(host: &str) -> String {
    match host.split_once('.') {
        Some((first, rest)) if first.starts_with("ep-") && !first.ends_with(POOLER) => {
            format!("{first}{POOLER}.{rest}")
        }
        _ => host.to_owned(),
    }
}
