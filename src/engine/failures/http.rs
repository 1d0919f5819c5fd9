//! Requests that were not answered.

use crate::{
    core::{code::Code, failure::Failure},
    ports::http::{HttpError, HttpProblem, UnreadableAnswer},
};

/// A request that was not answered. `setting`: what sets the address.
pub(super) fn unanswered(error: HttpError, setting: &str) -> Failure {
    let hint = match &error.problem {
        HttpProblem::CertificateFile(_) => "give a readable PEM file with --ca-file".to_owned(),
        HttpProblem::Setup => String::new(),
        HttpProblem::TimedOut => "try again, or raise --timeout".to_owned(),
        HttpProblem::Proxy => "check HTTPS_PROXY and NO_PROXY".to_owned(),
        HttpProblem::ProxyLogin => {
            "put the proxy's user name and password in HTTPS_PROXY, before its host and an @; or add the host to NO_PROXY".to_owned()
        }
        HttpProblem::PlainHttp => {
            format!("check {setting}: does it need http:// instead of https://, or another port?")
        }
        HttpProblem::NotResolved | HttpProblem::Lost => format!("check the network and {setting}"),
        HttpProblem::Untrusted(fault) => fault.hint(),
        HttpProblem::AnswerTooLong | HttpProblem::HeadersTooLong => {
            format!(
                "check {setting}, and for a proxy in between: Neon's answers are shorter"
            )
        }
        HttpProblem::WebPage(_) | HttpProblem::Redirected(_) => login_page(setting),
        HttpProblem::Refused => {
            format!("check {setting}, or start the sandbox if that's what you want to use")
        }
    };
    Failure::new(Code::LoginUnreachable, error.to_string())
        .why(error.cause)
        .hint(hint)
}

/// What to do where somebody else answers in the service's place.
pub(super) fn login_page(setting: &str) -> String {
    format!(
        "this network may require a login first: open any site in a browser, then try again; otherwise check {setting} and \
        any proxy in between"
    )
}

/// An answer that is not what the service documents. `what`: which service that is.
pub(super) fn unreadable(what: String, answer: &UnreadableAnswer) -> Failure {
    Failure::new(Code::LoginUnreachable, what).why(answer.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::certificate::CertificateFault;

    #[test]
    fn each_reason_says_what_to_check() {
        for (problem, what, hint) in [
            (
                HttpProblem::CertificateFile("/nowhere.pem".into()),
                "/nowhere.pem",
                "--ca-file",
            ),
            (HttpProblem::TimedOut, "didn't answer in time", "--timeout"),
            (
                HttpProblem::Proxy,
                "the proxy didn't forward",
                "HTTPS_PROXY",
            ),
            (HttpProblem::PlainHttp, "doesn't support TLS", "THE_HOST"),
            (HttpProblem::NotResolved, "doesn't resolve", "THE_HOST"),
            (
                HttpProblem::ProxyLogin,
                "requires a login",
                "user name and password",
            ),
            (
                HttpProblem::Untrusted(CertificateFault::Unknown),
                "no certificate that this machine trusts",
                "--ca-file",
            ),
            (HttpProblem::WebPage(200), "a web page", "in a browser"),
            (HttpProblem::Refused, "nothing is listening", "THE_HOST"),
            (HttpProblem::AnswerTooLong, "longer than 8 MB", "THE_HOST"),
            (HttpProblem::HeadersTooLong, "too long headers", "THE_HOST"),
            (
                HttpProblem::Redirected(Some("https://other.test".to_owned())),
                "redirects to https://other.test",
                "THE_HOST",
            ),
            (HttpProblem::Lost, "no answer", "THE_HOST"),
        ] {
            let error = HttpError {
                host: "https://neon.test".to_owned(),
                problem,
                cause: "the cause".to_owned(),
            };
            let failure = unanswered(error, "THE_HOST");
            assert_eq!(failure.code, Code::LoginUnreachable);
            assert_eq!(failure.why, "the cause");
            assert!(failure.what.contains(what), "{failure}");
            assert!(failure.hint.contains(hint), "{failure}");
        }
    }
}
