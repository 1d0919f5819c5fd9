//! Logins in the browser that came to nothing.

use std::{fmt::Display, time::Duration};

use crate::{
    core::{code::Code, failure::Failure, invocation::Invocation},
    domain::web_login::callback::CallbackFault,
    engine::failures::{
        http::{login_page, unanswered, unreadable},
        neon::again,
    },
    ports::web_login::IssuerError,
};

/// What sets the address of the issuer.
const SETTING: &str = "NEON_OAUTH_HOST";

const AGAIN: &str = "run `neonup login --web` again, or paste an API key";

fn failed(what: impl Into<String>) -> Failure {
    Failure::new(Code::LoginBrowserFailed, what).command(Invocation::LoginWithBrowser)
}

fn expired(what: impl Into<String>) -> Failure {
    Failure::new(Code::LoginExpired, what)
        .command(Invocation::LoginWithBrowser)
        .hint("run `neonup login --web`")
}

impl From<CallbackFault> for Failure {
    fn from(fault: CallbackFault) -> Self {
        let what = fault.to_string();
        match fault {
            CallbackFault::Denied | CallbackFault::Issuer(_) | CallbackFault::NoCode => {
                failed(what).hint(AGAIN)
            }
            CallbackFault::OtherState => failed(what)
                .why("its `state` isn't the one that was sent")
                .hint("close older login pages, then run `neonup login --web` again"),
            CallbackFault::OtherIssuer => failed(what)
                .why("its `iss` isn't the address that neonup asked")
                .hint(format!(
                    "check {SETTING}, then run `neonup login --web` again"
                )),
        }
    }
}

impl From<IssuerError> for Failure {
    fn from(error: IssuerError) -> Self {
        let what = error.to_string();
        match error {
            IssuerError::Unanswered(error) => unanswered(error, SETTING),
            IssuerError::Unreadable(answer) if answer.is_page => {
                unreadable(what, &answer).hint(login_page(SETTING))
            }
            IssuerError::Unreadable(answer) => unreadable(what, &answer)
                .hint(format!("check {SETTING}, and for a proxy in between")),
            IssuerError::Unusable { .. } => {
                failed(what).hint(format!("check {SETTING}, or paste an API key"))
            }
            IssuerError::Refused { .. } => failed(what).hint(AGAIN),
            IssuerError::Busy { retry_after, .. } => Self::new(Code::LoginUnreachable, what).hint(
                format!("{}, or paste an API key", again(retry_after, "in a minute")),
            ),
            IssuerError::ExpiredAtOnce { .. } => failed(what)
                .why("this machine's clock and the issuer's differ")
                .hint("set this machine's clock, then run `neonup login --web` again"),
        }
    }
}

/// No issuer belongs to the API.
pub(in crate::engine) fn no_issuer() -> Failure {
    failed("no login page is known for this API")
        .why("a login at Neon's own page would be sent to another API")
        .hint(format!("set {SETTING} to its issuer, or paste an API key"))
}

/// Nothing can listen for the browser.
pub(in crate::engine) fn no_listener(error: &dyn Display) -> Failure {
    failed("can't wait for the browser on this machine")
        .why(error.to_string())
        .hint("paste an API key instead")
}

pub(in crate::engine) fn no_random(error: &dyn Display) -> Failure {
    failed("this machine gives no random numbers")
        .why(error.to_string())
        .hint("paste an API key instead")
}

/// Nobody came in time.
pub(in crate::engine) fn timed_out(limit: Duration, opened: bool) -> Failure {
    let what = format!(
        "the login wasn't finished in the browser within {} s",
        limit.as_secs()
    );
    failed(what).hint(if opened {
        "if no page opened, run `neonup login --web` again and open the address it shows; or paste an API key"
    } else {
        AGAIN
    })
}

/// The issuer refuses the code.
pub(in crate::engine) fn code_refused(error: IssuerError) -> Failure {
    if !matches!(error, IssuerError::Refused { .. }) {
        return error.into();
    }
    let why = error.to_string();
    failed("the login's code wasn't accepted").why(why).hint(
        "a code works once and not for long: run `neonup login --web` again, or paste an API key",
    )
}

/// The issuer refuses the refresh token.
pub(in crate::engine) fn not_renewed(error: IssuerError) -> Failure {
    if !error.is_final() {
        return error.into();
    }
    let why = error.to_string();
    expired("the browser login has expired or was revoked").why(why)
}

pub(in crate::engine) fn no_refresh() -> Failure {
    expired("the browser login has expired").why("it can't be renewed: Neon gave no refresh token")
}

/// Another process has logged out.
pub(in crate::engine) fn logged_out() -> Failure {
    expired("the browser login was removed meanwhile")
}

/// The login is of an issuer that is not the one that is set.
pub(in crate::engine) fn other_issuer(issuer: &str) -> Failure {
    expired(format!("the stored browser login is from {issuer}"))
        .why("only its own issuer can renew it")
        .hint(format!("check {SETTING}, or run `neonup login --web`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::web_login::EndpointFault, ports::http::RetryAfter};

    #[test]
    fn each_failure_has_a_sentence_and_a_way_out_of_its_own() {
        let issuer = || "https://oauth2.neon.tech".to_owned();
        let refused = || IssuerError::Refused {
            issuer: issuer(),
            error: "invalid_grant".to_owned(),
            status: 400,
        };
        let failures = [
            Failure::from(CallbackFault::Denied),
            CallbackFault::Issuer("server_error".to_owned()).into(),
            CallbackFault::OtherState.into(),
            CallbackFault::OtherIssuer.into(),
            CallbackFault::NoCode.into(),
            IssuerError::Unusable {
                issuer: issuer(),
                fault: EndpointFault::NoPkce,
            }
            .into(),
            IssuerError::Busy {
                issuer: issuer(),
                status: 503,
                retry_after: None,
            }
            .into(),
            IssuerError::ExpiredAtOnce { issuer: issuer() }.into(),
            no_issuer(),
            no_listener(&"address in use"),
            no_random(&"none"),
            timed_out(Duration::from_mins(1), true),
            code_refused(refused()),
            not_renewed(refused()),
            no_refresh(),
            logged_out(),
            other_issuer("https://other.test"),
        ];
        let mut seen = std::collections::BTreeSet::new();
        for failure in failures {
            assert!(!failure.hint.is_empty(), "{failure}");
            assert!(seen.insert(failure.what.clone()), "{failure} twice");
        }
    }

    #[test]
    fn an_issuer_says_itself_when_to_try_again() {
        let failure = Failure::from(IssuerError::Busy {
            issuer: "https://oauth2.test".to_owned(),
            status: 429,
            retry_after: Some(RetryAfter::Seconds(600)),
        });
        let hint = "Neon asks to try again in 600 s (10 min), or paste an API key";
        assert_eq!(failure.hint, hint);
    }
}
