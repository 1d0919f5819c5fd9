//! What the service of temporary databases refused, and answers that did not come.

use crate::{
    core::{code::Code, failure::Failure},
    engine::failures::{
        http::{unanswered, unreadable},
        neon::again,
    },
    ports::claimable::ClaimableError,
};

/// What sets the address of the service.
const SETTING: &str = "NEONUP_CLAIM_HOST";

impl From<ClaimableError> for Failure {
    fn from(error: ClaimableError) -> Self {
        let what = error.to_string();
        let (code, message, hint) = match error {
            ClaimableError::Unreachable(error) | ClaimableError::AnswerLost(error) => {
                return unanswered(error, SETTING);
            }
            ClaimableError::UnreadableAnswer(answer) => {
                return unreadable(what, &answer)
                    .hint("check for a proxy or a login page in between");
            }
            ClaimableError::RateLimited {
                message,
                retry_after,
                ..
            } => {
                let hint = again(retry_after, "in a minute");
                return Self::new(Code::LoginUnreachable, what)
                    .why(message)
                    .hint(hint);
            }
            ClaimableError::ServerError { message, .. } => (
                Code::ProjectNotReady,
                message,
                "try again in a minute; anything half-created is deleted after 72 hours",
            ),
            ClaimableError::Refused { message, .. } => (
                Code::ProjectNotReady,
                message,
                "this version of neonup may be too old: update it",
            ),
        };
        Self::new(code, what).why(message).hint(hint)
    }
}

/// A temporary database that was not created, or of which nobody knows.
pub(in crate::engine) fn database_not_created(error: ClaimableError) -> Failure {
    if !error.outcome_unknown() {
        return error.into();
    }
    Failure::new(
        Code::ProjectNotReady,
        "the answer was lost, so it's unknown whether a temporary database was created",
    )
    .why(format!("{error}; the service has no list to check"))
    .hint("run the same command again: if one was created, you get a second one, and the first is deleted after 72 hours")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ports::http::RetryAfter, testing::world::lost_answer};

    #[test]
    fn each_refusal_of_the_service_says_what_and_what_next() {
        let host = || "https://neon.test".to_owned();
        let message = || "its message".to_owned();
        for (error, code, what, hint) in [
            (
                ClaimableError::RateLimited {
                    host: host(),
                    message: message(),
                    retry_after: Some(RetryAfter::Seconds(600)),
                },
                Code::LoginUnreachable,
                "slow down",
                "in 600 s (10 min)",
            ),
            (
                ClaimableError::ServerError {
                    host: host(),
                    status: reqwest::StatusCode::BAD_GATEWAY,
                    message: message(),
                },
                Code::ProjectNotReady,
                "couldn't do it",
                "half-created",
            ),
            (
                ClaimableError::Refused {
                    host: host(),
                    status: reqwest::StatusCode::FORBIDDEN,
                    message: message(),
                },
                Code::ProjectNotReady,
                "refused the request",
                "too old",
            ),
        ] {
            let failure = database_not_created(error);
            assert_eq!(failure.code, code, "{failure}");
            assert!(failure.what.contains(what), "{failure}");
            assert_eq!(failure.why, "its message");
            assert!(failure.hint.contains(hint), "{failure}");
        }
    }

    #[test]
    fn only_a_lost_create_leaves_it_unknown_whether_there_is_a_database() {
        let failure = database_not_created(lost_answer().into());
        assert_eq!(failure.code, Code::ProjectNotReady);
        assert!(failure.what.contains("the answer was lost"), "{failure}");
        assert!(failure.hint.contains("a second one"), "{failure}");
        let failure = Failure::from(ClaimableError::from(lost_answer()));
        assert_eq!(failure.code, Code::LoginUnreachable);
        assert!(failure.hint.contains("NEONUP_CLAIM_HOST"), "{failure}");
    }
}
