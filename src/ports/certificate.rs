//! Why a server's certificate is not accepted: each fault has a sentence and a way out of its own.

use rustls::{CertificateError, Error as Tls};
use time::OffsetDateTime;

/// Seconds since 1970 that are past wherever this program runs: 2025-06-01. An earlier clock is wrong.
const PAST: u64 = 1_748_736_000;
/// How many of a certificate's names are shown.
const NAMES_SHOWN: usize = 3;
/// The longest name that is shown, in characters; DNS allows 253.
const NAME_LIMIT: usize = 253;

/// Why a certificate is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CertificateFault {
    /// It is over.
    Expired(Option<Times>),
    /// It has not begun.
    NotYetValid(Option<Times>),
    /// It is for these names.
    WrongName(Vec<String>),
    /// Nobody whom this machine trusts has signed it, or it is broken.
    Unknown,
}

/// Two moments, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    /// What this machine's clock says.
    clock: u64,
    /// Where the certificate begins or ends.
    bound: u64,
}

impl CertificateFault {
    /// What is wrong, in one sentence.
    pub(crate) fn sentence(&self, host: &str) -> String {
        if let Some(clock) = self.wrong_clock() {
            return format!("this machine's clock is wrong: it shows {}", minute(clock));
        }
        match self {
            Self::Expired(Some(times)) => {
                format!("the certificate of {host} expired on {}", day(times.bound))
            }
            Self::Expired(None) => format!("the certificate of {host} has expired"),
            Self::NotYetValid(Some(times)) => format!(
                "the certificate of {host} isn't valid before {}",
                day(times.bound)
            ),
            Self::NotYetValid(None) => format!("the certificate of {host} isn't valid yet"),
            Self::WrongName(names) if names.is_empty() => {
                format!("the certificate of {host} is for a different name")
            }
            Self::WrongName(names) => format!(
                "the certificate of {host} is for a different name: {}",
                names.join(", ")
            ),
            Self::Unknown => format!("{host} has no certificate that this machine trusts"),
        }
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> String {
        if self.wrong_clock().is_some() {
            return "set this machine's clock, then try again".to_owned();
        }
        let clock = |times: &Option<Times>| {
            times.map_or_else(String::new, |times| {
                format!(", which shows {}", minute(times.clock))
            })
        };
        match self {
            Self::Expired(times) => format!(
                "check this machine's clock{}; if it is right, the server's certificate has to be renewed",
                clock(times)
            ),
            Self::NotYetValid(times) => {
                format!("set this machine's clock{}; then try again", clock(times))
            }
            Self::WrongName(_) => {
                "check the address; a proxy or a login page may be answering instead".to_owned()
            }
            Self::Unknown => {
                "behind a company proxy, or with a private certificate authority, add its certificate with --ca-file"
                    .to_owned()
            }
        }
    }

    /// What the clock says, where that cannot be.
    fn wrong_clock(&self) -> Option<u64> {
        match self {
            Self::Expired(times) | Self::NotYetValid(times) => {
                times.map(|times| times.clock).filter(|clock| *clock < PAST)
            }
            Self::WrongName(_) | Self::Unknown => None,
        }
    }
}

/// What is wrong with the certificate, if that is why there is no TLS.
pub(super) fn fault(error: &Tls) -> Option<CertificateFault> {
    if let Tls::InvalidCertificate(error) = error {
        return Some(of_certificate(error));
    }
    // the system's verifiers report their own troubles as general ones
    let unknown = matches!(error, Tls::NoCertificatesPresented | Tls::General(_));
    unknown.then_some(CertificateFault::Unknown)
}

fn of_certificate(error: &CertificateError) -> CertificateFault {
    if let CertificateError::ExpiredContext { time, not_after } = error {
        return CertificateFault::Expired(Some(Times {
            clock: time.as_secs(),
            bound: not_after.as_secs(),
        }));
    }
    if let CertificateError::NotValidYetContext { time, not_before } = error {
        return CertificateFault::NotYetValid(Some(Times {
            clock: time.as_secs(),
            bound: not_before.as_secs(),
        }));
    }
    if let CertificateError::NotValidForNameContext { presented, .. } = error {
        let names = presented.iter().take(NAMES_SHOWN);
        return CertificateFault::WrongName(names.map(|name| plain(name)).collect());
    }
    if matches!(error, CertificateError::Expired) {
        CertificateFault::Expired(None)
    } else if matches!(error, CertificateError::NotValidYet) {
        CertificateFault::NotYetValid(None)
    } else if matches!(error, CertificateError::NotValidForName) {
        CertificateFault::WrongName(Vec::new())
    } else {
        CertificateFault::Unknown
    }
}

/// The name without the kind that rustls puts around it, as in `DnsName("neon.tech")`.
fn plain(name: &str) -> String {
    let inner = name
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    let inner = inner.unwrap_or(name).trim_matches('"');
    inner.chars().take(NAME_LIMIT).collect()
}

fn moment(seconds: u64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).ok()?).ok()
}

fn day(seconds: u64) -> String {
    moment(seconds).map_or_else(
        || "an unknown day".to_owned(),
        |moment| moment.date().to_string(),
    )
}

fn minute(seconds: u64) -> String {
    moment(seconds).map_or_else(
        || "no time at all".to_owned(),
        |moment| {
            format!(
                "{} {:02}:{:02} UTC",
                moment.date(),
                moment.hour(),
                moment.minute()
            )
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    #[test]
    fn each_fault_has_a_sentence_and_a_way_out() {
        let times = |clock, bound| Some(Times { clock, bound });
        for (fault, sentence, hint) in [
            (
                CertificateFault::Expired(times(NOW, NOW - 86_400 * 40)),
                "the certificate of db.test expired on 2026-12-06",
                "2027-01-15 08:00 UTC",
            ),
            (
                CertificateFault::NotYetValid(times(NOW, NOW + 86_400)),
                "the certificate of db.test isn't valid before 2027-01-16",
                "set this machine's clock, which shows 2027-01-15 08:00 UTC",
            ),
            (
                CertificateFault::NotYetValid(times(1_000_000_000, NOW)),
                "this machine's clock is wrong: it shows 2001-09-09 01:46 UTC",
                "set this machine's clock",
            ),
            (
                CertificateFault::WrongName(vec!["other.test".to_owned()]),
                "the certificate of db.test is for a different name: other.test",
                "check the address",
            ),
            (
                CertificateFault::Unknown,
                "db.test has no certificate that this machine trusts",
                "--ca-file",
            ),
        ] {
            assert_eq!(fault.sentence("db.test"), sentence);
            assert!(fault.hint().contains(hint), "{}", fault.hint());
        }
    }

    #[test]
    fn a_name_is_shown_as_it_is_written() {
        assert_eq!(plain("DnsName(\"neon.tech\")"), "neon.tech");
        assert_eq!(plain("neon.tech"), "neon.tech");
    }
}
