//! The real adapter: Neon's API over HTTPS.
//!
//! What is retried follows from what is safe: `423`, `429` and `503` mean that nothing was done, so they are retried for
//! every method; a lost connection or another 5xx leaves the outcome unknown, so only reads are repeated. Source: Neon's
//! published API document and its own SDK's policy (two retries, 250 ms · 2ⁿ with full jitter, `Retry-After` up to 10 s).

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use reqwest::{Method, StatusCode, header};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::ports::neon::{
    ApiKey, Auth, Branch, BranchDatabase, Created, Endpoint, Listing, Neon, NewApiKey, NewBranch,
    NewProject, Operation, Organization, Project, Reset, User,
};
use crate::{
    core::{
        code::Code,
        failure::{Failure, Result},
        secret::Secret,
    },
    domain::url::Connection,
    ports::{
        http::{Outlet, segment},
        notice,
    },
};

/// How many projects a page holds: the most that Neon allows.
const PAGE: usize = 400;
/// How often a refused or unanswered request is sent again.
const RETRIES: u32 = 2;
/// The longest that Neon may ask us to wait; beyond it, waiting is the user's decision.
const PATIENCE: Duration = Duration::from_secs(10);

/// Neon's API over HTTP.
pub(crate) struct HttpNeon {
    outlet: Outlet,
    /// The longest pause before the first repetition; each further one may take twice as long.
    pause: Duration,
}

/// Neon's error body.
#[derive(Debug, Default, Deserialize)]
struct ErrorBody {
    #[serde(default)]
    request_id: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct ProjectsPage {
    projects: Vec<Project>,
    #[serde(default)]
    pagination: Option<Cursor>,
    #[serde(default)]
    unavailable_project_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Cursor {
    #[serde(default)]
    cursor: Option<String>,
}

/// How one attempt ended when it did not succeed.
struct Refusal {
    failure: Failure,
    /// Nothing was done: safe to send again, whatever the method.
    untouched: bool,
    /// Nobody knows whether something was done.
    unknown: bool,
    wait: Option<Duration>,
}

impl HttpNeon {
    /// An adapter for the API at `base`. Nothing is opened or read before the first call.
    pub(crate) fn new(
        base: impl Into<String>,
        ca_file: Option<PathBuf>,
        timeout: Duration,
    ) -> Self {
        Self {
            outlet: Outlet::new(base.into(), "--api-host (NEON_API_HOST)", ca_file, timeout),
            pause: Duration::from_millis(250),
        }
    }

    /// The same with another longest pause before the first repetition, which is 250 ms as in Neon's own SDK.
    #[must_use]
    #[cfg(test)]
    pub(crate) const fn retrying_after(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    async fn get<T: DeserializeOwned>(
        &self,
        key: &Secret,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T> {
        self.request(Method::GET, key, path, query, None).await
    }

    /// A POST whose answer is of interest for its operations only.
    async fn change(&self, key: &Secret, path: &str, body: &Value) -> Result<Vec<Operation>> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            operations: Vec<Operation>,
        }
        let answer: Answer = self
            .request(Method::POST, key, path, &[], Some(body))
            .await?;
        Ok(answer.operations)
    }

    async fn request<T: DeserializeOwned>(
        &self,
        method: Method,
        key: &Secret,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<T> {
        let mut attempt = 0;
        loop {
            let refusal = match self.once(method.clone(), key, path, query, body).await {
                Ok(answer) => return Ok(answer),
                Err(refusal) => refusal,
            };
            let repeat = refusal.untouched || (refusal.unknown && method == Method::GET);
            let pause = refusal
                .wait
                .unwrap_or_default()
                .max(jittered(self.pause, attempt));
            if !repeat || attempt >= RETRIES || pause > PATIENCE {
                return Err(refusal.failure);
            }
            tracing::info!(%path, attempt, ?pause, why = %refusal.failure.what, "trying again");
            notice::tell(&format!(
                "{}: {method} {path} again in {:.1} s, attempt {} of {}",
                refusal.failure.what,
                pause.as_secs_f64(),
                attempt + 2,
                RETRIES + 1
            ));
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn once<T: DeserializeOwned>(
        &self,
        method: Method,
        key: &Secret,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<T, Refusal> {
        let fatal = |failure| Refusal {
            failure,
            untouched: false,
            unknown: false,
            wait: None,
        };
        let mut bearer = header::HeaderValue::try_from(format!("Bearer {}", key.expose()))
            .map_err(|_invalid| {
                // the error would quote nothing, but it says nothing either
                fatal(
                    Failure::new(
                        Code::LoginKeyRejected,
                        "the API key holds characters that no key has",
                    )
                    .hint("copy the key again, in one piece: it begins with napi_"),
                )
            })?;
        bearer.set_sensitive(true);
        let mut request = self
            .outlet
            .client()
            .map_err(fatal)?
            .request(method.clone(), format!("{}{path}", self.outlet.base))
            .query(query)
            .header(header::AUTHORIZATION, bearer)
            .header(header::ACCEPT, "application/json");
        if let Some(body) = body {
            request = request.json(body);
        }
        let started = std::time::Instant::now();
        let response = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let request_id = header_text(&response, "x-neon-ret-request-id");
        let wait = header_text(&response, "retry-after").and_then(|text| retry_after(&text));
        let bytes = response
            .bytes()
            .await
            .map_err(|error| self.unreachable(&error))?;
        tracing::debug!(%method, %path, status = status.as_u16(), elapsed = ?started.elapsed(), "neon");
        if status.is_success() {
            return serde_json::from_slice(&bytes).map_err(|error| Refusal {
                // serde's message may quote the body, which may hold a password: only its place is told
                failure: Failure::new(
                    Code::LoginUnreachable,
                    format!(
                        "{} answered with something else than Neon's JSON",
                        self.outlet.base
                    ),
                )
                .why(format!(
                    "{method} {path}: unexpected at line {} column {}",
                    error.line(),
                    error.column()
                ))
                .hint("check --api-host, and whether a proxy or a login page stands in between")
                .request_id(request_id),
                untouched: false,
                unknown: true,
                wait: None,
            });
        }
        let error: ErrorBody = serde_json::from_slice(&bytes).unwrap_or_default();
        let request_id =
            request_id.or_else(|| Some(error.request_id.clone()).filter(|id| !id.is_empty()));
        Err(Refusal {
            failure: judge(status, &error).request_id(request_id),
            untouched: matches!(status.as_u16(), 423 | 429 | 503),
            unknown: status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE,
            wait,
        })
    }

    fn unreachable(&self, error: &reqwest::Error) -> Refusal {
        let (failure, unknown) = self.outlet.unreachable(error);
        Refusal {
            failure,
            untouched: false,
            unknown,
            wait: None,
        }
    }

    async fn pages(
        &self,
        key: &Secret,
        path: &str,
        org: Option<&str>,
        page: &(dyn Fn(usize) + Send + Sync),
    ) -> Result<Listing> {
        let limit = PAGE.to_string();
        let mut listing = Listing::default();
        let mut cursor: Option<String> = None;
        loop {
            let mut query = vec![("limit", limit.as_str())];
            query.extend(org.map(|org| ("org_id", org)));
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let answer: ProjectsPage = self.get(key, path, &query).await?;
            let count = answer.projects.len();
            listing.projects.extend(answer.projects);
            listing.unavailable.extend(answer.unavailable_project_ids);
            page(listing.projects.len());
            let next = answer.pagination.and_then(|pagination| pagination.cursor);
            // the last page has a cursor too: only its length tells that it is the last
            if count < PAGE || next.is_none() || next == cursor {
                return Ok(listing);
            }
            cursor = next;
        }
    }
}

#[async_trait]
impl Neon for HttpNeon {
    async fn auth(&self, key: &Secret) -> Result<Auth> {
        self.get(key, "/auth", &[]).await
    }

    async fn user(&self, key: &Secret) -> Result<User> {
        self.get(key, "/users/me", &[]).await
    }

    async fn organizations(&self, key: &Secret) -> Result<Vec<Organization>> {
        #[derive(Deserialize)]
        struct Answer {
            organizations: Vec<Organization>,
        }
        Ok(self
            .get::<Answer>(key, "/users/me/organizations", &[])
            .await?
            .organizations)
    }

    async fn projects(
        &self,
        key: &Secret,
        org: Option<&str>,
        page: &(dyn Fn(usize) + Send + Sync),
    ) -> Result<Listing> {
        let own = self.pages(key, "/projects", org, page);
        // keys of an organization have no shared projects, and are told so by a refusal
        let shared = self.pages(key, "/projects/shared", None, &|_| {});
        let (own, shared) = tokio::join!(own, shared);
        let mut listing = own?;
        match shared {
            Ok(shared) => {
                let known: std::collections::HashSet<_> = listing
                    .projects
                    .iter()
                    .map(|project| project.id.clone())
                    .collect();
                listing.projects.extend(
                    shared
                        .projects
                        .into_iter()
                        .filter(|project| !known.contains(&project.id)),
                );
                listing.unavailable.extend(shared.unavailable);
            }
            Err(failure)
                if failure.code == Code::LoginKeyScope || failure.code == Code::ProjectDeleted => {}
            Err(failure) => return Err(failure),
        }
        Ok(listing)
    }

    async fn project(&self, key: &Secret, id: &str) -> Result<Option<Project>> {
        #[derive(Deserialize)]
        struct Answer {
            project: Project,
        }
        match self
            .get::<Answer>(key, &format!("/projects/{}", segment(id)), &[])
            .await
        {
            Ok(answer) => Ok(Some(answer.project)),
            Err(failure) if failure.code == Code::ProjectDeleted => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn create_project(&self, key: &Secret, new: &NewProject) -> Result<Created> {
        #[derive(Deserialize)]
        struct Uri {
            connection_uri: String,
            connection_parameters: Parameters,
        }
        #[derive(Deserialize)]
        struct Parameters {
            #[serde(default)]
            pooler_host: String,
        }
        #[derive(Deserialize)]
        struct Answer {
            project: Project,
            branch: Branch,
            #[serde(default)]
            operations: Vec<Operation>,
            #[serde(default)]
            connection_uris: Vec<Uri>,
        }
        let mut project = json!({ "name": new.name, "pg_version": new.postgres });
        if let Some(fields) = project.as_object_mut() {
            if let Some(region) = &new.region {
                fields.insert("region_id".to_owned(), json!(region));
            }
            if let Some(org) = &new.org {
                fields.insert("org_id".to_owned(), json!(org));
            }
        }
        let mut branch = serde_json::Map::new();
        branch.extend(
            new.branch
                .as_ref()
                .map(|name| ("name".to_owned(), json!(name))),
        );
        branch.extend(
            new.database
                .as_ref()
                .map(|name| ("database_name".to_owned(), json!(name))),
        );
        if let (false, Some(fields)) = (branch.is_empty(), project.as_object_mut()) {
            fields.insert("branch".to_owned(), Value::Object(branch));
        }
        let body = json!({ "project": project });
        let answer: Answer = match self
            .request(Method::POST, key, "/projects", &[], Some(&body))
            .await
        {
            Ok(answer) => answer,
            // whatever became of the answer, Neon may have made the project
            Err(failure) if failure.code == Code::LoginUnreachable => {
                return Err(Failure {
                    code: Code::ProjectNotReady,
                    ..failure
                });
            }
            Err(failure) => return Err(failure),
        };
        let connection = answer.connection_uris.into_iter().next().and_then(|uri| {
            let mut connection = Connection::from_uris(&Secret::new(uri.connection_uri), None)?;
            // a sandbox's host carries its port
            let pooler = uri.connection_parameters.pooler_host;
            if let Some(host) = pooler.split(':').next().filter(|host| !host.is_empty()) {
                host.clone_into(&mut connection.pooled_host);
            }
            Some(connection)
        });
        Ok(Created {
            project: answer.project,
            branch: answer.branch,
            operations: answer.operations,
            connection,
        })
    }

    async fn operations(&self, key: &Secret, project: &str) -> Result<Vec<Operation>> {
        #[derive(Deserialize)]
        struct Answer {
            operations: Vec<Operation>,
        }
        let path = format!("/projects/{}/operations", segment(project));
        Ok(self
            .get::<Answer>(key, &path, &[("limit", "20")])
            .await?
            .operations)
    }

    async fn operation(&self, key: &Secret, project: &str, id: &str) -> Result<Operation> {
        #[derive(Deserialize)]
        struct Answer {
            operation: Operation,
        }
        let path = format!("/projects/{}/operations/{}", segment(project), segment(id));
        Ok(self.get::<Answer>(key, &path, &[]).await?.operation)
    }

    async fn branches(&self, key: &Secret, project: &str) -> Result<Vec<Branch>> {
        #[derive(Deserialize)]
        struct Answer {
            branches: Vec<Branch>,
            #[serde(default)]
            pagination: Option<Next>,
        }
        #[derive(Deserialize)]
        struct Next {
            #[serde(default)]
            next: Option<String>,
        }
        let path = format!("/projects/{}/branches", segment(project));
        let mut branches: Vec<Branch> = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut query = vec![("limit", "1000")];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let answer: Answer = self.get(key, &path, &query).await?;
            let count = answer.branches.len();
            branches.extend(answer.branches);
            let next = answer.pagination.and_then(|pagination| pagination.next);
            if count < 1000 || next.is_none() || next == cursor {
                return Ok(branches);
            }
            cursor = next;
        }
    }

    async fn endpoints(&self, key: &Secret, project: &str, branch: &str) -> Result<Vec<Endpoint>> {
        #[derive(Deserialize)]
        struct Answer {
            endpoints: Vec<Endpoint>,
        }
        let path = format!(
            "/projects/{}/branches/{}/endpoints",
            segment(project),
            segment(branch)
        );
        Ok(self.get::<Answer>(key, &path, &[]).await?.endpoints)
    }

    async fn project_endpoints(&self, key: &Secret, project: &str) -> Result<Vec<Endpoint>> {
        #[derive(Deserialize)]
        struct Answer {
            endpoints: Vec<Endpoint>,
        }
        let path = format!("/projects/{}/endpoints", segment(project));
        Ok(self.get::<Answer>(key, &path, &[]).await?.endpoints)
    }

    async fn create_branch(
        &self,
        key: &Secret,
        project: &str,
        new: &NewBranch,
    ) -> Result<Vec<Operation>> {
        let mut branch = json!({ "name": new.name, "parent_id": new.parent });
        if let (Some(at), Some(fields)) = (&new.expires_at, branch.as_object_mut()) {
            fields.insert("expires_at".to_owned(), json!(at));
        }
        let path = format!("/projects/{}/branches", segment(project));
        // without an endpoint it would be a branch that nobody can connect to
        let body = json!({ "branch": branch, "endpoints": [{ "type": "read_write" }] });
        self.change(key, &path, &body).await
    }

    async fn create_endpoint(
        &self,
        key: &Secret,
        project: &str,
        branch: &str,
    ) -> Result<Vec<Operation>> {
        let path = format!("/projects/{}/endpoints", segment(project));
        let body = json!({ "endpoint": { "branch_id": branch, "type": "read_write" } });
        self.change(key, &path, &body).await
    }

    async fn create_database(
        &self,
        key: &Secret,
        project: &str,
        branch: &str,
        database: &BranchDatabase,
    ) -> Result<Vec<Operation>> {
        let path = format!(
            "/projects/{}/branches/{}/databases",
            segment(project),
            segment(branch)
        );
        let body =
            json!({ "database": { "name": database.name, "owner_name": database.owner_name } });
        self.change(key, &path, &body).await
    }

    async fn databases(
        &self,
        key: &Secret,
        project: &str,
        branch: &str,
    ) -> Result<Vec<BranchDatabase>> {
        #[derive(Deserialize)]
        struct Answer {
            databases: Vec<BranchDatabase>,
        }
        let path = format!(
            "/projects/{}/branches/{}/databases",
            segment(project),
            segment(branch)
        );
        Ok(self.get::<Answer>(key, &path, &[]).await?.databases)
    }

    async fn connection_uri(
        &self,
        key: &Secret,
        project: &str,
        branch: &str,
        database: &str,
        role: &str,
        pooled: bool,
    ) -> Result<Secret> {
        #[derive(Deserialize)]
        struct Answer {
            uri: String,
        }
        let path = format!("/projects/{}/connection_uri", segment(project));
        let mut query = vec![
            ("branch_id", branch),
            ("database_name", database),
            ("role_name", role),
        ];
        if pooled {
            query.push(("pooled", "true"));
        }
        Ok(Secret::new(
            self.get::<Answer>(key, &path, &query).await?.uri,
        ))
    }

    async fn reset_password(
        &self,
        key: &Secret,
        project: &str,
        branch: &str,
        role: &str,
    ) -> Result<Reset> {
        #[derive(Deserialize)]
        struct Answer {
            role: Role,
            #[serde(default)]
            operations: Vec<Operation>,
        }
        #[derive(Deserialize)]
        struct Role {
            password: String,
        }
        let path = format!(
            "/projects/{}/branches/{}/roles/{}/reset_password",
            segment(project),
            segment(branch),
            segment(role)
        );
        let answer: Answer = self.request(Method::POST, key, &path, &[], None).await?;
        Ok(Reset {
            password: Secret::new(answer.role.password),
            operations: answer.operations,
        })
    }

    async fn api_keys(&self, key: &Secret) -> Result<Vec<ApiKey>> {
        self.get(key, "/api_keys", &[]).await
    }

    async fn create_api_key(&self, key: &Secret, name: &str) -> Result<NewApiKey> {
        #[derive(Deserialize)]
        struct Answer {
            id: i64,
            key: String,
        }
        let body = json!({ "key_name": name });
        let answer: Answer = self
            .request(Method::POST, key, "/api_keys", &[], Some(&body))
            .await?;
        Ok(NewApiKey {
            id: answer.id,
            key: Secret::new(answer.key),
        })
    }

    async fn revoke_api_key(&self, key: &Secret, id: i64) -> Result<()> {
        let path = format!("/api_keys/{id}");
        match self
            .request::<Value>(Method::DELETE, key, &path, &[], None)
            .await
        {
            Err(failure) if failure.code != Code::ProjectDeleted => Err(failure),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn sandbox_authority(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Answer {
            ca_pem: String,
        }
        let mut url = url::Url::parse(&self.outlet.base).ok()?;
        url.set_path("/sandbox");
        let request = self
            .outlet
            .client()
            .ok()?
            .get(url)
            .timeout(Duration::from_secs(2));
        let answer = request.send().await.ok()?.error_for_status().ok()?;
        Some(answer.json::<Answer>().await.ok()?.ca_pem)
    }
}

/// What a refusal of Neon means. Status and text are read together, since the same status means different things.
fn judge(status: StatusCode, error: &ErrorBody) -> Failure {
    let text = if error.message.is_empty() {
        format!("HTTP {status}")
    } else {
        error.message.clone()
    };
    let lower = text.to_lowercase();
    let limit = error.code.ends_with("_LIMIT_EXCEEDED") || lower.contains("limit of ");
    let failure = match status.as_u16() {
        401 => Failure::new(Code::LoginKeyRejected, "Neon does not accept the API key")
            .hint("make a new key at console.neon.tech › Account settings › API keys, then `neonup login`"),
        _ if lower.contains("org_id is required") => {
            Failure::new(Code::ProjectOrganizationNeeded, "Neon asks which organization is meant")
                .hint("name it with --org ID, or as [project] org in neonup.toml")
        }
        _ if lower.contains("subject_project_id") || lower.contains("not allowed for organization api keys") => {
            Failure::new(Code::LoginKeyScope, "this kind of API key may not do that")
                .hint("use a personal key, or name the project with --project ID")
        }
        _ if limit => Failure::new(Code::ProjectLimitReached, "a limit of the Neon plan is reached")
            .hint("delete a project that is not needed, join one with --project ID, or change the plan"),
        _ if lower.contains("region") => Failure::new(Code::ProjectNotReady, "Neon does not accept the region")
            .hint("correct [project] region in neonup.toml, such as aws-us-east-2"),
        403 => Failure::new(Code::LoginKeyScope, "the API key may not do that")
            .hint("ask for access to the project, or use another key"),
        404 => Failure::new(Code::ProjectDeleted, "Neon does not know it, or this key may not see it")
            .hint("check the project's id, and whose key this is"),
        423 => Failure::new(Code::ProjectNotReady, "Neon is still busy with this project").hint("try again in a moment"),
        429 => Failure::new(Code::LoginUnreachable, "Neon asks to slow down").hint("try again in a minute"),
        500..=599 => Failure::new(Code::LoginUnreachable, format!("Neon had an internal error ({status})"))
            .hint("try again; if it stays, give Neon's support the request id"),
        _ => Failure::new(Code::ProjectNotReady, format!("Neon refused the request ({status})"))
            .hint("if this is unexpected, give Neon's support the request id"),
    };
    failure.why(text)
}

/// The project id that a refusal of a project-scoped key tells.
pub(crate) fn subject_project(failure: &Failure) -> Option<String> {
    let (_, rest) = failure.why.split_once("subject_project_id:")?;
    let id: String = rest
        .trim_start_matches(['"', '\\'])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    Some(id).filter(|id| !id.is_empty())
}

/// Full jitter: anything from nothing to `first` · 2ⁿ.
fn jittered(first: Duration, attempt: u32) -> Duration {
    let first = u64::try_from(first.as_millis()).unwrap_or(u64::MAX);
    let most = first.saturating_mul(1 << attempt.min(6)).min(60_000);
    let random = getrandom::u64().unwrap_or(most);
    Duration::from_millis(random % (most + 1))
}

fn header_text(response: &reqwest::Response, name: &str) -> Option<String> {
    response
        .headers()
        .get(name)?
        .to_str()
        .ok()
        .map(str::to_owned)
}

/// `Retry-After` as seconds or as an HTTP date.
fn retry_after(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let format = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let date = time::PrimitiveDateTime::parse(text.trim(), format)
        .ok()?
        .assume_utc();
    SystemTime::from(date)
        .duration_since(SystemTime::now())
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: &str, message: &str) -> Code {
        let body = ErrorBody {
            code: code.to_owned(),
            message: message.to_owned(),
            ..ErrorBody::default()
        };
        judge(StatusCode::from_u16(status).unwrap(), &body).code
    }

    #[test]
    fn refusals_are_told_apart_by_status_and_text() {
        assert_eq!(
            refused(401, "", "supplied credentials do not pass authentication"),
            Code::LoginKeyRejected
        );
        assert_eq!(
            refused(400, "", "org_id is required, you can find it on …"),
            Code::ProjectOrganizationNeeded
        );
        assert_eq!(
            refused(404, "", "not allowed for organization API keys"),
            Code::LoginKeyScope
        );
        assert_eq!(
            refused(403, "", "not allowed for organization API keys"),
            Code::LoginKeyScope
        );
        assert_eq!(
            refused(
                422,
                "PROJECTS_LIMIT_EXCEEDED",
                "user projects limit of 1 exceeded, got 1"
            ),
            Code::ProjectLimitReached
        );
        assert_eq!(refused(404, "", "project not found"), Code::ProjectDeleted);
        assert_eq!(
            refused(
                423,
                "",
                "project already has running conflicting operations"
            ),
            Code::ProjectNotReady
        );
        assert_eq!(refused(500, "", ""), Code::LoginUnreachable);
    }

    #[test]
    fn a_scoped_key_tells_its_project() {
        let failure = Failure::new(Code::LoginKeyScope, "no").why(
            "not allowed to perform actions outside the project this key is scoped to; subject_project_id:\"damp-dream-67070160\"",
        );
        assert_eq!(
            subject_project(&failure).as_deref(),
            Some("damp-dream-67070160")
        );
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(retry_after("7"), Some(Duration::from_secs(7)));
        assert!(retry_after("Fri, 31 Dec 2999 23:59:59 GMT").is_some());
        assert_eq!(retry_after("soon"), None);
    }
}
