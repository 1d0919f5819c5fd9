//! What Neon refused, and answers that did not come.

use crate::{
    core::{code::Code, failure::Failure, invocation::Invocation, remedy::Remedy},
    engine::failures::http::{login_page, unanswered, unreadable},
    ports::{
        http::RetryAfter,
        neon::error::{NeonError, Refusal},
    },
};

/// What sets the address of the API.
const SETTING: &str = "--api-host (NEON_API_HOST)";

impl From<NeonError> for Failure {
    fn from(error: NeonError) -> Self {
        let what = error.to_string();
        let request_id = error.request_id().map(str::to_owned);
        let why = error.refusal().map(Refusal::text);
        let asked = error
            .refusal()
            .and_then(|refusal| refusal.retry_after.clone());
        let failure = match error {
            NeonError::Unreachable(error) | NeonError::AnswerLost(error) => {
                return unanswered(error, SETTING);
            }
            NeonError::UnreadableAnswer { answer, .. } if answer.is_page => {
                unreadable(what, &answer).hint(login_page(SETTING))
            }
            NeonError::UnreadableAnswer { answer, .. } => unreadable(what, &answer)
                .hint("check --api-host, and for a proxy or a login page in between"),
            NeonError::EndlessList { cut, .. } => Self::new(Code::ProjectListingIncomplete, what)
                .why(cut.to_string())
                .hint("check --api-host, and for a proxy in between"),
            NeonError::MalformedKey => Self::new(Code::LoginKeyRejected, what)
                .hint("copy the whole key again: it starts with napi_"),
            NeonError::KeyRejected(_) => Self::new(Code::LoginKeyRejected, what)
                .hint("create a new key at console.neon.tech › Account settings › API keys, then run `neonup login`"),
            NeonError::OrganizationNeeded(_) => Self::new(Code::ProjectOrganizationNeeded, what)
                .hint("set it with --org ID, or as [project] org in neonup.toml"),
            NeonError::KeyKindRefused { .. } => Self::new(Code::LoginKeyScope, what)
                .hint("use a personal key, or choose the project with --project ID"),
            NeonError::LimitReached(_) => Self::new(Code::ProjectLimitReached, what)
                .hint("delete a project you don't need, join one with --project ID, or upgrade the plan"),
            NeonError::RegionRefused(_) => Self::new(Code::ProjectNotReady, what)
                .hint("correct [project] region in neonup.toml, such as aws-us-east-2"),
            NeonError::Forbidden(_) => Self::new(Code::LoginKeyScope, what)
                .hint("ask for access to the project, or use another key"),
            NeonError::NotFound(_) => Self::new(Code::ProjectDeleted, what)
                .hint("check the project's id, and that this is the right account's key"),
            NeonError::PasswordNotStored(_) => Self::new(Code::ProjectPasswordNotStored, what)
                .remedy(Some(Remedy::RotatePassword))
                .command(Invocation::RotatePassword),
            NeonError::Locked(_) => Self::new(Code::ProjectNotReady, what)
                .hint(again(asked, "in a moment")),
            NeonError::RateLimited(_) => Self::new(Code::LoginUnreachable, what)
                .hint(again(asked, "in a minute")),
            NeonError::ServerError(refusal) if asked.is_some() => {
                Self::new(Code::LoginUnreachable, format!("Neon can't answer right now ({})", refusal.status))
                    .hint(again(asked, ""))
            }
            NeonError::ServerError(_) => Self::new(Code::LoginUnreachable, what)
                .hint("try again; if it keeps failing, give Neon support the request id"),
            NeonError::Refused(_) => Self::new(Code::ProjectNotReady, what)
                .hint("if you didn't expect this, give Neon support the request id"),
        };
        let failure = failure.request_id(request_id);
        match why {
            Some(why) => failure.why(why),
            None => failure,
        }
    }
}

/// When to try again: when Neon asks for it, else this.
pub(super) fn again(asked: Option<RetryAfter>, else_: &str) -> String {
    asked.map_or_else(
        || format!("try again {else_}"),
        |asked| format!("Neon asks to try again {asked}"),
    )
}

/// Neon has answered with a connection URI that can't be read.
pub(in crate::engine) fn connection_uri_unreadable() -> Failure {
    Failure::new(
        Code::ProjectNotReady,
        "Neon's connection URI isn't in its documented form",
    )
    .hint("this version of neonup may be too old: update it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::world::refusal;

    #[test]
    fn each_refusal_has_a_code_a_reason_and_a_hint() {
        for (status, message, code) in [
            (401, "supplied credentials", Code::LoginKeyRejected),
            (400, "org_id is required", Code::ProjectOrganizationNeeded),
            (
                404,
                "not allowed for organization API keys",
                Code::LoginKeyScope,
            ),
            (422, "projects limit of 1", Code::ProjectLimitReached),
            (400, "unknown region", Code::ProjectNotReady),
            (403, "", Code::LoginKeyScope),
            (404, "", Code::ProjectDeleted),
            (409, "branch already exists", Code::ProjectNotReady),
            (
                412,
                "password storage is disabled",
                Code::ProjectPasswordNotStored,
            ),
            (423, "running operations", Code::ProjectNotReady),
            (429, "", Code::LoginUnreachable),
            (500, "", Code::LoginUnreachable),
        ] {
            let mut refusal = refusal(status, message);
            refusal.request_id = Some("req-42".to_owned());
            let failure = Failure::from(NeonError::from(refusal));
            assert_eq!(failure.code, code, "{status} {message}");
            assert_eq!(failure.request_id.as_deref(), Some("req-42"));
            assert!(failure.why.contains(message), "{failure}");
            assert!(
                !failure.why.is_empty() && !failure.hint.is_empty(),
                "{failure}"
            );
        }
    }

    #[test]
    fn who_asks_to_wait_is_told_in_their_own_terms() {
        for status in [423, 429, 503] {
            let mut refusal = refusal(status, "busy");
            refusal.retry_after = Some(RetryAfter::Seconds(600));
            let failure = Failure::from(NeonError::from(refusal));
            assert_eq!(failure.hint, "Neon asks to try again in 600 s (10 min)");
        }
    }
}
