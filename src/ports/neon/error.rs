//! Why Neon did not do what it was asked for.
//!
//! Neon's refusals carry a status, a message and mostly an empty code, and the same status means different things: status and
//! message are read together, here and nowhere else.

use reqwest::StatusCode;

use crate::ports::http::{HttpError, RetryAfter, UnreadableAnswer};

/// Why a list of pages was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ListingCut {
    #[error("it repeats a page endlessly")]
    RepeatedPage,
    #[error("it has more than {0} pages")]
    TooManyPages(usize),
    #[error("it has more than {0} entries")]
    TooMany(usize),
    #[error("its pages are larger than {} MB in total", .0 / (1024 * 1024))]
    TooLong(usize),
}

/// Why a request to Neon failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NeonError {
    #[error("the API key contains invalid characters")]
    MalformedKey,
    /// Nothing was sent.
    #[error(transparent)]
    Unreachable(HttpError),
    /// Sent, and no answer came.
    #[error(transparent)]
    AnswerLost(HttpError),
    #[error("{} answered with {} Neon's JSON", .answer.host, .answer.what())]
    UnreadableAnswer {
        answer: UnreadableAnswer,
        request_id: Option<String>,
    },
    /// A list of many pages that does not end.
    #[error("the list at {path} couldn't be read completely")]
    EndlessList { path: String, cut: ListingCut },
    #[error("Neon rejects the API key")]
    KeyRejected(Refusal),
    #[error("Neon needs to know the organization")]
    OrganizationNeeded(Refusal),
    /// Keys of an organization or of a project may do less. `project`: the only one that the key is for.
    #[error("this type of API key isn't allowed to do that")]
    KeyKindRefused {
        project: Option<String>,
        refusal: Refusal,
    },
    #[error("a limit of the Neon plan is reached")]
    LimitReached(Refusal),
    #[error("Neon rejects the region")]
    RegionRefused(Refusal),
    /// The project keeps no passwords, so that none can be shown.
    #[error("Neon doesn't store this project's passwords")]
    PasswordNotStored(Refusal),
    #[error("the API key isn't allowed to do that")]
    Forbidden(Refusal),
    /// Not there, or not visible to this key.
    #[error("Neon can't find it, or this key can't see it")]
    NotFound(Refusal),
    /// Other operations of the project run; nothing was done.
    #[error("Neon is still working on this project")]
    Locked(Refusal),
    #[error("Neon asks to slow down")]
    RateLimited(Refusal),
    #[error("Neon had an internal error ({})", .0.status)]
    ServerError(Refusal),
    #[error("Neon refused the request ({})", .0.status)]
    Refused(Refusal),
}

/// What Neon said when it refused a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub status: StatusCode,
    /// Such as `PROJECTS_LIMIT_EXCEEDED`; mostly empty.
    pub code: String,
    /// May be empty.
    pub message: String,
    /// For Neon's support.
    pub request_id: Option<String>,
    /// When Neon asks to be asked again.
    pub retry_after: Option<RetryAfter>,
}

impl Refusal {
    /// Neon's message, or the status where there is none.
    pub(crate) fn text(&self) -> String {
        if self.message.is_empty() {
            format!("HTTP {}", self.status)
        } else {
            self.message.clone()
        }
    }
}

impl NeonError {
    /// Neon's refusal, if it is one.
    pub(crate) const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::KeyRejected(refusal)
            | Self::OrganizationNeeded(refusal)
            | Self::KeyKindRefused { refusal, .. }
            | Self::LimitReached(refusal)
            | Self::RegionRefused(refusal)
            | Self::PasswordNotStored(refusal)
            | Self::Forbidden(refusal)
            | Self::NotFound(refusal)
            | Self::Locked(refusal)
            | Self::RateLimited(refusal)
            | Self::ServerError(refusal)
            | Self::Refused(refusal) => Some(refusal),
            Self::MalformedKey
            | Self::Unreachable(_)
            | Self::AnswerLost(_)
            | Self::EndlessList { .. }
            | Self::UnreadableAnswer { .. } => None,
        }
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        if let Self::UnreadableAnswer { request_id, .. } = self {
            request_id.as_deref()
        } else {
            self.refusal()?.request_id.as_deref()
        }
    }

    /// Whether Neon says that it did nothing now and may do it later: any request may be sent again.
    pub(crate) fn is_temporary(&self) -> bool {
        self.refusal()
            .is_some_and(|refusal| matches!(refusal.status.as_u16(), 423 | 429 | 503))
    }

    /// Whether Neon may have carried out the request: only a request that changes nothing may be sent again.
    pub(crate) fn outcome_unknown(&self) -> bool {
        matches!(self, Self::AnswerLost(_) | Self::UnreadableAnswer { .. })
            || self.refusal().is_some_and(|refusal| {
                refusal.status.is_server_error()
                    && refusal.status != StatusCode::SERVICE_UNAVAILABLE
            })
    }

    /// Whether another attempt may be answered, where the request changes nothing.
    pub(crate) fn may_be_answered_again(&self) -> bool {
        let answered = matches!(self, Self::AnswerLost(error) if error.problem.is_answer());
        self.outcome_unknown() && !answered
    }

    /// The only project that the key is for, where its refusal names it.
    pub(crate) fn only_project(&self) -> Option<&str> {
        if let Self::KeyKindRefused { project, .. } = self {
            project.as_deref()
        } else {
            None
        }
    }
}

impl From<HttpError> for NeonError {
    fn from(error: HttpError) -> Self {
        if error.problem.may_have_arrived() {
            Self::AnswerLost(error)
        } else {
            Self::Unreachable(error)
        }
    }
}

impl From<Refusal> for NeonError {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.text().to_lowercase();
        let limit = refusal.code.ends_with("_LIMIT_EXCEEDED") || text.contains("limit of ");
        match refusal.status.as_u16() {
            401 => Self::KeyRejected(refusal),
            _ if text.contains("org_id is required") => Self::OrganizationNeeded(refusal),
            _ if text.contains("subject_project_id")
                || text.contains("not allowed for organization api keys") =>
            {
                Self::KeyKindRefused {
                    project: subject_project(&refusal.message),
                    refusal,
                }
            }
            _ if limit => Self::LimitReached(refusal),
            _ if text.contains("region") => Self::RegionRefused(refusal),
            403 => Self::Forbidden(refusal),
            404 => Self::NotFound(refusal),
            412 if text.contains("password") => Self::PasswordNotStored(refusal),
            423 => Self::Locked(refusal),
            429 => Self::RateLimited(refusal),
            500..=599 => Self::ServerError(refusal),
            _ => Self::Refused(refusal),
        }
    }
}

/// The project id in the refusal of a project-scoped key.
fn subject_project(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("subject_project_id:")?;
    let id: String = rest
        .trim_start_matches(['"', '\\'])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    Some(id).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: &str, message: &str) -> NeonError {
        NeonError::from(Refusal {
            status: StatusCode::from_u16(status).unwrap(),
            code: code.to_owned(),
            message: message.to_owned(),
            request_id: None,
            retry_after: None,
        })
    }

    #[test]
    fn refusals_are_told_apart_by_status_and_message() {
        use NeonError as Error;
        assert!(matches!(
            refused(401, "", "supplied credentials do not pass authentication"),
            Error::KeyRejected(_)
        ));
        assert!(matches!(
            refused(400, "", "org_id is required, you can find it on …"),
            Error::OrganizationNeeded(_)
        ));
        for status in [403, 404] {
            assert!(matches!(
                refused(status, "", "not allowed for organization API keys"),
                Error::KeyKindRefused { project: None, .. }
            ));
        }
        assert!(matches!(
            refused(
                422,
                "PROJECTS_LIMIT_EXCEEDED",
                "user projects limit of 1 exceeded, got 1"
            ),
            Error::LimitReached(_)
        ));
        assert!(matches!(
            refused(404, "", "project not found"),
            Error::NotFound(_)
        ));
        assert!(matches!(
            refused(
                423,
                "",
                "project already has running conflicting operations"
            ),
            Error::Locked(_)
        ));
        assert!(matches!(refused(500, "", ""), Error::ServerError(_)));
        assert!(matches!(
            refused(409, "BRANCH_ALREADY_EXISTS", "branch already exists"),
            Error::Refused(_)
        ));
    }

    #[test]
    fn the_refusal_of_a_scoped_key_names_its_project() {
        for quote in ["\"", "\\\""] {
            let message = format!(
                "not allowed to perform actions outside the project this key is scoped to; subject_project_id:{quote}damp-dream-67070160{quote}"
            );
            assert_eq!(
                refused(404, "", &message).only_project(),
                Some("damp-dream-67070160")
            );
        }
    }

    #[test]
    fn only_what_was_certainly_not_done_counts_as_temporary() {
        for status in [423, 429, 503] {
            let error = refused(status, "", "busy");
            assert!(error.is_temporary() && !error.outcome_unknown(), "{status}");
        }
        for status in [500, 502, 504] {
            let error = refused(status, "", "");
            assert!(!error.is_temporary() && error.outcome_unknown(), "{status}");
        }
        for status in [400, 401, 403, 404, 409, 412, 422] {
            let error = refused(status, "", "no");
            assert!(
                !error.is_temporary() && !error.outcome_unknown(),
                "{status}"
            );
        }
    }
}
