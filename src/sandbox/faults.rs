//! The ways in which the sandbox can be told to misbehave; the presenter and the tests use the same switches.

use serde::{Deserialize, Serialize};

/// What goes wrong. The default is nothing.
///
/// Set with [`crate::sandbox::SandboxOptions::faults`] at the start, or with `POST /sandbox/faults` at any time; each POST
/// replaces all of it. Whatever has a `count` is used up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Faults {
    /// Each API request waits this long before anything else happens.
    pub latency_ms: u64,
    /// Each operation takes at least this long.
    pub operation_ms: u64,
    /// Error answers, first matching entry first.
    pub errors: Vec<ErrorBurst>,
    /// This many `POST /projects` make the project, and then the connection is cut instead of an answer.
    pub lost_creates: u32,
    /// Answers whose body is damaged.
    pub bodies: Vec<BodyFault>,
    /// This many operations fail.
    pub failed_operations: u32,
    /// What happens to connections to a database.
    pub database: DatabaseFault,
    /// What is wrong with the certificate of the computes.
    pub certificate: ComputeCertificate,
    /// No compute starts: operations run forever, connections wait.
    pub never_wakes: bool,
    /// A sleeping compute takes at least this long to wake up.
    pub wake_ms: u64,
    /// What the login page and the issuer behind it do.
    pub login: WebLoginFault,
    /// How many seconds an access token of a login is good for; 0 = an hour.
    pub login_seconds: u64,
    /// A personal key has to name the organization, as on all newer accounts.
    pub organization_required: bool,
    /// How many projects there may be.
    pub projects_limit: Option<usize>,
    /// Projects that the list reports as unavailable instead of showing them.
    pub unavailable_projects: Vec<String>,
}

/// Error answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ErrorBurst {
    pub status: u16,
    /// How many requests get it; 0 = all.
    pub count: u32,
    /// The value of the `Retry-After` header, if there is to be one.
    pub retry_after: Option<String>,
    /// The value of the `Location` header, for a redirect.
    pub location: Option<String>,
    /// A web page instead of JSON, as the login page of a network is.
    pub page: bool,
    /// Neon's error code, such as `PROJECTS_LIMIT_EXCEEDED`.
    pub code: String,
    /// The message; empty = Neon's own for the status.
    pub message: String,
    /// Only requests whose path contains this.
    pub path: Option<String>,
    /// Only requests of this method.
    pub method: Option<String>,
}

/// Successful answers whose body is damaged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BodyFault {
    pub kind: BodyDamage,
    /// How many answers; 0 = all.
    #[serde(default)]
    pub count: u32,
    /// Only requests whose path contains this.
    #[serde(default)]
    pub path: Option<String>,
    /// Only requests of this method.
    #[serde(default)]
    pub method: Option<String>,
}

/// How a body is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BodyDamage {
    /// Half of the JSON, in an otherwise proper answer.
    Truncated,
    /// Half of the announced bytes, then the connection is cut.
    Cut,
    /// A proxy's HTML page with status 200.
    Html,
    /// The request is done, and the connection is cut before the answer.
    Lost,
    /// Half of the announced bytes, and then nothing.
    Stall,
    /// So much blank space in the JSON that nobody should hold it in memory.
    Huge,
    /// A full page of a list, with a cursor to one more.
    EndlessCursor,
}

/// What happens to connections to a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DatabaseFault {
    #[default]
    Normal,
    /// The port is closed.
    Refuse,
    /// They are accepted, and nothing is ever answered.
    Stall,
    /// They log in, and are cut at the first query.
    Cut,
}

/// What is wrong with the certificate of the computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ComputeCertificate {
    #[default]
    Normal,
    Expired,
    NotYetValid,
    /// It is another host's.
    WrongName,
    /// Nobody knows who signed it.
    Untrusted,
}

/// What happens to logins in the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WebLoginFault {
    #[default]
    Normal,
    /// The person says no.
    Denied,
    /// The answer has another state.
    WrongState,
    /// The page does not come, until this is something else.
    Slow,
    /// No code is accepted.
    CodeRefused,
    /// There is no refresh token.
    NoRefreshToken,
}

/// The counter and the filter that several faults share.
struct Limits<'a> {
    count: &'a mut u32,
    path: Option<&'a str>,
    method: Option<&'a str>,
}

impl Faults {
    /// Parses the values of `--fault`: each is `NAME=VALUE` with a name and a value of this struct's JSON, such as
    /// `latency_ms=100` or `errors=[{"status":429,"count":2}]`, or a whole JSON object. A later word wins.
    pub(crate) fn from_words(words: &[String]) -> Result<Self, String> {
        let mut all = serde_json::Map::new();
        for word in words {
            if word.trim_start().starts_with('{') {
                let object: serde_json::Map<_, _> =
                    serde_json::from_str(word).map_err(|error| error.to_string())?;
                all.extend(object);
                continue;
            }
            let (name, value) = word
                .split_once('=')
                .ok_or_else(|| format!("`{word}` isn't NAME=VALUE"))?;
            // what is not JSON is a text: database=stall
            let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
            all.insert(name.trim().to_owned(), value);
        }
        serde_json::from_value(all.into()).map_err(|error| error.to_string())
    }

    /// Takes the error that this request gets, if any.
    pub(crate) fn take_error(&mut self, method: &str, path: &str) -> Option<ErrorBurst> {
        take(&mut self.errors, method, path, |error| Limits {
            count: &mut error.count,
            path: error.path.as_deref(),
            method: error.method.as_deref(),
        })
    }

    /// Takes the damage to this request's answer, if any.
    pub(crate) fn take_body(&mut self, method: &str, path: &str) -> Option<BodyDamage> {
        let body = take(&mut self.bodies, method, path, |body| Limits {
            count: &mut body.count,
            path: body.path.as_deref(),
            method: body.method.as_deref(),
        });
        body.map(|body| body.kind)
    }

    /// Whether this create's answer is lost.
    pub(crate) fn take_lost_create(&mut self) -> bool {
        take_one(&mut self.lost_creates)
    }

    /// Whether this operation fails.
    pub(crate) fn take_failed_operation(&mut self) -> bool {
        take_one(&mut self.failed_operations)
    }
}

fn take_one(count: &mut u32) -> bool {
    let some = *count > 0;
    *count = count.saturating_sub(1);
    some
}

/// Takes the first entry that fits, and removes it when its count is used up.
fn take<T: Clone>(
    entries: &mut Vec<T>,
    method: &str,
    path: &str,
    limits: fn(&mut T) -> Limits<'_>,
) -> Option<T> {
    let at = entries.iter_mut().position(|entry| {
        let limits = limits(entry);
        limits.path.is_none_or(|part| path.contains(part))
            && limits
                .method
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
    })?;
    let entry = entries.get_mut(at)?;
    let taken = entry.clone();
    match limits(entry).count {
        0 => {}
        1 => drop(entries.remove(at)),
        count => *count -= 1,
    }
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_burst_matches_its_filter_until_it_is_used_up() {
        let mut faults: Faults = serde_json::from_str(
            r#"{"errors": [{"status": 503, "count": 2, "path": "/projects", "method": "get"}, {"status": 500}]}"#,
        )
        .unwrap();
        let status = |faults: &mut Faults, method, path| {
            faults.take_error(method, path).map(|error| error.status)
        };
        assert_eq!(status(&mut faults, "POST", "/projects"), Some(500));
        assert_eq!(status(&mut faults, "GET", "/projects"), Some(503));
        assert_eq!(status(&mut faults, "GET", "/projects/a"), Some(503));
        assert_eq!(status(&mut faults, "GET", "/projects"), Some(500));
        assert_eq!(status(&mut faults, "GET", "/projects"), Some(500));
    }

    #[test]
    fn each_fault_is_documented() {
        let page = include_str!("../../docs/sandbox.md");
        let fields = |value: serde_json::Value| -> Vec<String> {
            value.as_object().unwrap().keys().cloned().collect()
        };
        let mut names = fields(serde_json::to_value(Faults::default()).unwrap());
        names.extend(fields(serde_json::to_value(ErrorBurst::default()).unwrap()));
        for kind in [
            BodyDamage::Truncated,
            BodyDamage::Cut,
            BodyDamage::Html,
            BodyDamage::Lost,
            BodyDamage::Stall,
            BodyDamage::Huge,
            BodyDamage::EndlessCursor,
        ] {
            names.push(serde_json::from_value(serde_json::to_value(kind).unwrap()).unwrap());
        }
        for name in names {
            assert!(page.contains(&format!("`{name}`")), "{name}");
        }
    }

    #[test]
    fn misspelled_fault_is_an_error() {
        assert!(serde_json::from_str::<Faults>(r#"{"latency": 5}"#).is_err());
    }
}
