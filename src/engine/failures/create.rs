//! A project that was not created: which value Neon refuses, and what to do about it.

use crate::{
    core::{code::Code, failure::Failure, invocation::Invocation},
    ports::neon::{
        NewProject,
        error::{NeonError, Refusal},
    },
};

/// The longest value that is shown, in characters.
const VALUE_SHOWN: usize = 40;

/// Words of Neon's messages, which say nothing where they are a value, too.
const MESSAGE_WORDS: [&str; 8] = [
    "project",
    "region",
    "organization",
    "postgres",
    "database",
    "branch",
    "request",
    "invalid",
];

/// What of a new project Neon may refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RefusedPart {
    Region,
    Organization,
    Postgres,
    Database,
    Role,
    Branch,
    Name,
}

/// A project that was not created. What Neon refuses for good is told with the value that it refuses; where it does not answer, the
/// project is what is not ready.
pub(in crate::engine) fn project_not_created(error: NeonError, new: &NewProject) -> Failure {
    let name = shortened(&new.name);
    match &error {
        NeonError::RegionRefused(refusal)
        | NeonError::NotFound(refusal)
        | NeonError::PasswordNotStored(refusal)
        | NeonError::Refused(refusal) => {
            let (what, hint) = refused(refusal, new);
            Failure {
                code: Code::ProjectRefused,
                what,
                hint,
                command: None,
                remedy: None,
                ..error.into()
            }
        }
        NeonError::LimitReached(_) => Failure {
            what: format!("Neon didn't create `{name}`: a plan limit is reached"),
            ..error.into()
        },
        NeonError::OrganizationNeeded(_) => Failure {
            what: format!("Neon didn't create `{name}`: it needs to know the organization"),
            ..error.into()
        },
        NeonError::Forbidden(_) | NeonError::KeyKindRefused { .. } => {
            let only = error.only_project().map(str::to_owned);
            let failure = Failure {
                what: format!(
                    "Neon didn't create `{name}`: this API key isn't allowed to create projects"
                ),
                ..Failure::from(error)
            };
            match only {
                Some(id) => failure
                    .hint(format!("this key is only for project {id}: join that one, or use a personal key"))
                    .command(Invocation::JoinProject(id)),
                None => failure.hint(
                    "use the key of someone who may create projects, such as an organization admin; or join a project with \
                    --project ID",
                ),
            }
        }
        NeonError::Unreachable(_)
        | NeonError::AnswerLost(_)
        | NeonError::UnreadableAnswer { .. }
        | NeonError::RateLimited(_)
        | NeonError::ServerError(_) => Failure {
            code: Code::ProjectNotReady,
            ..error.into()
        },
        NeonError::MalformedKey
        | NeonError::KeyRejected(_)
        | NeonError::EndlessList { .. }
        | NeonError::Locked(_) => error.into(),
    }
}

/// What Neon refused, and the way out.
fn refused(refusal: &Refusal, new: &NewProject) -> (String, String) {
    let Some((part, value)) = refused_part(refusal, new) else {
        let sent: Vec<_> = sent(new)
            .into_iter()
            .map(|(part, value)| format!("{} `{}`", part.word(), shortened(&value)))
            .collect();
        return (
            format!("Neon refused to create project `{}`", shortened(&new.name)),
            format!(
                "the request contained {}: correct what Neon reports in [project] of neonup.toml",
                sent.join(", ")
            ),
        );
    };
    let value = shortened(&value);
    let what = format!("Neon rejected {} `{value}`", part.word());
    let hint = match part {
        RefusedPart::Region => {
            "correct [project] region in neonup.toml, such as aws-us-east-2; or remove it to let Neon choose"
        }
        RefusedPart::Organization => {
            "correct [project] org in neonup.toml, or --org: its id starts with org-"
        }
        RefusedPart::Postgres => {
            "correct [project] postgres in neonup.toml; or remove it to let Neon choose"
        }
        RefusedPart::Database => "correct [project] database in neonup.toml",
        RefusedPart::Role => "correct [project] role in neonup.toml",
        RefusedPart::Branch => "correct [project] branch in neonup.toml",
        RefusedPart::Name => "choose a shorter or simpler [project] name in neonup.toml",
    };
    (what, hint.to_owned())
}

/// The part that the message names: by its value, else by its field.
fn refused_part(refusal: &Refusal, new: &NewProject) -> Option<(RefusedPart, String)> {
    let text = refusal.text().to_lowercase();
    let sent = sent(new);
    let words = text
        .split(|char: char| !(char.is_alphanumeric() || "_-".contains(char)))
        .collect::<Vec<_>>();
    // a word such as `main` or `region` or a number may stand there for another reason
    let telling = |value: &str| {
        let value = value.to_lowercase();
        value.len() > 4
            && !MESSAGE_WORDS.contains(&value.as_str())
            && words.contains(&value.as_str())
    };
    let by_value = sent.iter().find(|(_, value)| telling(value));
    let by_field = || {
        sent.iter()
            .find(|(part, _)| part.fields().iter().any(|field| text.contains(field)))
    };
    by_value.or_else(by_field).cloned()
}

/// What was asked for; the name last, since the names of other fields hold that word.
fn sent(new: &NewProject) -> Vec<(RefusedPart, String)> {
    [
        (RefusedPart::Region, new.region.clone()),
        (RefusedPart::Organization, new.org.clone()),
        (
            RefusedPart::Postgres,
            new.postgres.map(|version| version.to_string()),
        ),
        (RefusedPart::Database, new.database.clone()),
        (RefusedPart::Role, new.role.clone()),
        (RefusedPart::Branch, new.branch.clone()),
        (RefusedPart::Name, Some(new.name.clone())),
    ]
    .into_iter()
    .filter_map(|(part, value)| Some((part, value?)))
    .collect()
}

impl RefusedPart {
    const fn word(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Organization => "organization",
            Self::Postgres => "Postgres version",
            Self::Database => "database name",
            Self::Role => "role name",
            Self::Branch => "branch name",
            Self::Name => "project name",
        }
    }

    /// What Neon's messages call it, in lower case.
    const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Region => &["region"],
            Self::Organization => &["org"],
            Self::Postgres => &["pg_version", "postgres version", "pg version"],
            Self::Database => &["database"],
            Self::Role => &["role"],
            Self::Branch => &["branch"],
            Self::Name => &["name"],
        }
    }
}

fn shortened(value: &str) -> String {
    if value.chars().count() <= VALUE_SHOWN {
        return value.to_owned();
    }
    let start: String = value.chars().take(VALUE_SHOWN).collect();
    format!("{start}…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::world::{lost_answer, refusal};

    fn wanted() -> NewProject {
        NewProject {
            name: "todo".to_owned(),
            org: Some("org-odd-moon-1".to_owned()),
            region: Some("aws-nowhere-9".to_owned()),
            postgres: Some(99),
            branch: Some("main".to_owned()),
            database: Some("shop".to_owned()),
            role: None,
        }
    }

    fn failure(status: u16, message: &str) -> Failure {
        project_not_created(refusal(status, message).into(), &wanted())
    }

    #[test]
    fn the_refused_value_is_named_with_its_fix() {
        for (status, message, what, hint) in [
            (404, "region not found", "region `aws-nowhere-9`", "region"),
            (
                400,
                "unknown: aws-nowhere-9",
                "region `aws-nowhere-9`",
                "region",
            ),
            (
                400,
                "invalid request: project.pg_version: must be between 14 and 18",
                "Postgres version `99`",
                "postgres",
            ),
            (
                404,
                "organization not found",
                "organization `org-odd-moon-1`",
                "--org",
            ),
            (
                400,
                "invalid request: project.name: length must be at most 64",
                "project name `todo`",
                "name",
            ),
            (
                400,
                "project.branch.database_name is reserved",
                "database name `shop`",
                "database",
            ),
            (406, "no", "create project `todo`", "Postgres version `99`"),
            (409, "", "create project `todo`", "aws-nowhere-9"),
        ] {
            let failure = failure(status, message);
            assert_eq!(failure.code, Code::ProjectRefused, "{failure}");
            assert!(failure.what.contains(what), "{failure}");
            assert!(failure.hint.contains(hint), "{failure}");
            assert!(failure.why.contains(message), "{failure}");
        }
    }

    #[test]
    fn a_value_that_is_a_word_of_the_message_is_not_blamed() {
        for name in ["region", "Project", "database"] {
            let new = NewProject {
                name: name.to_owned(),
                ..wanted()
            };
            for message in ["region not found", "invalid request: project.region_id"] {
                let failure = project_not_created(refusal(404, message).into(), &new);
                assert!(failure.what.contains("`aws-nowhere-9`"), "{failure}");
            }
        }
    }

    #[test]
    fn a_refusal_of_another_kind_keeps_its_code_and_names_the_project() {
        for (status, message, code) in [
            (
                422,
                "user projects limit of 1 exceeded",
                Code::ProjectLimitReached,
            ),
            (400, "org_id is required", Code::ProjectOrganizationNeeded),
            (403, "no permission", Code::LoginKeyScope),
            (
                404,
                "outside the project; subject_project_id:\"damp-dream-1\"",
                Code::LoginKeyScope,
            ),
        ] {
            let failure = failure(status, message);
            assert_eq!(failure.code, code, "{failure}");
            assert!(failure.what.contains("`todo`"), "{failure}");
            assert!(failure.why.contains(message), "{failure}");
        }
    }

    #[test]
    fn a_long_name_is_cut() {
        let new = NewProject {
            name: "é".repeat(500),
            ..wanted()
        };
        let refused = refusal(400, "project.name: too long");
        let failure = project_not_created(refused.into(), &new);
        assert!(failure.what.chars().count() < 100, "{failure}");
    }

    #[test]
    fn a_create_that_neon_does_not_answer_leaves_the_project_not_ready() {
        let silent = project_not_created(lost_answer().into(), &wanted());
        assert_eq!(silent.code, Code::ProjectNotReady);
        assert!(silent.hint.contains("NEON_API_HOST"), "{silent}");
        let refused = failure(401, "no");
        assert_eq!(refused.code, Code::LoginKeyRejected);
    }
}
