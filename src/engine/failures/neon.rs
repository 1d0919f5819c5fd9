//! What Neon refused, and answers that did not come.

use crate::{
    core::{code::Code, failure::Failure},
    engine::failures::http::{unanswered, unreadable},
    ports::neon::error::{NeonError, Refusal},
};

/// What sets the address of the API.
const SETTING: &str = "--api-host (NEON_API_HOST)";

impl From<NeonError> for Failure {
    fn from(error: NeonError) -> Self {
        let what = error.to_string();
        let request_id = error.request_id().map(str::to_owned);
        let why = error.refusal().map(Refusal::text);
        let failure = match error {
            NeonError::Unreachable(error) | NeonError::AnswerLost(error) => {
                return unanswered(error, SETTING);
            }
            NeonError::UnreadableAnswer { answer, .. } => unreadable(what, &answer)
                .hint("check --api-host, and whether a proxy or a login page stands in between"),
            NeonError::EndlessList { cut, .. } => Self::new(Code::ProjectListingIncomplete, what)
                .why(cut.to_string())
                .hint("check --api-host, and whether a proxy stands in between"),
            NeonError::MalformedKey => Self::new(Code::LoginKeyRejected, what)
                .hint("copy the key again, in one piece: it begins with napi_"),
            NeonError::KeyRejected(_) => Self::new(Code::LoginKeyRejected, what)
                .hint("make a new key at console.neon.tech › Account settings › API keys, then `neonup login`"),
            NeonError::OrganizationNeeded(_) => Self::new(Code::ProjectOrganizationNeeded, what)
                .hint("name it with --org ID, or as [project] org in neonup.toml"),
            NeonError::KeyKindRefused { .. } => Self::new(Code::LoginKeyScope, what)
                .hint("use a personal key, or name the project with --project ID"),
            NeonError::LimitReached(_) => Self::new(Code::ProjectLimitReached, what)
                .hint("delete a project that is not needed, join one with --project ID, or change the plan"),
            NeonError::RegionRefused(_) => Self::new(Code::ProjectNotReady, what)
                .hint("correct [project] region in neonup.toml, such as aws-us-east-2"),
            NeonError::Forbidden(_) => Self::new(Code::LoginKeyScope, what)
                .hint("ask for access to the project, or use another key"),
            NeonError::NotFound(_) => Self::new(Code::ProjectDeleted, what)
                .hint("check the project's id, and whose key this is"),
            NeonError::Locked(_) => {
                Self::new(Code::ProjectNotReady, what).hint("try again in a moment")
            }
            NeonError::RateLimited(_) => {
                Self::new(Code::LoginUnreachable, what).hint("try again in a minute")
            }
            NeonError::ServerError(_) => Self::new(Code::LoginUnreachable, what)
                .hint("try again; if it stays, give Neon's support the request id"),
            NeonError::Refused(_) => Self::new(Code::ProjectNotReady, what)
                .hint("if this is unexpected, give Neon's support the request id"),
        };
        let failure = failure.request_id(request_id);
        match why {
            Some(why) => failure.why(why),
            None => failure,
        }
    }
}

/// A project that was not created: where it is Neon that does not answer, the project is what is not ready.
pub(in crate::engine) fn project_not_created(error: NeonError) -> Failure {
    let silent = matches!(
        error,
        NeonError::Unreachable(_)
            | NeonError::AnswerLost(_)
            | NeonError::UnreadableAnswer { .. }
            | NeonError::RateLimited(_)
            | NeonError::ServerError(_)
    );
    let mut failure = Failure::from(error);
    if silent {
        failure.code = Code::ProjectNotReady;
    }
    failure
}

/// Neon has answered with a connection URI that can't be read.
pub(in crate::engine) fn connection_uri_unreadable() -> Failure {
    Failure::new(
        Code::ProjectNotReady,
        "Neon's connection URI is not of the form that it documents",
    )
    .hint("this version of neonup may be too old: update it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::world::{lost_answer, refusal};

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
            (412, "password storage is disabled", Code::ProjectNotReady),
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
    fn a_create_that_neon_does_not_answer_leaves_the_project_not_ready() {
        let silent = project_not_created(lost_answer().into());
        assert_eq!(silent.code, Code::ProjectNotReady);
        assert!(silent.hint.contains("NEON_API_HOST"), "{silent}");
        let refused = project_not_created(refusal(401, "no").into());
        assert_eq!(refused.code, Code::LoginKeyRejected);
    }
}
