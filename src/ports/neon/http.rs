//! The real adapter: Neon's API over HTTPS.

mod bodies;
#[cfg(any(test, feature = "testing"))]
mod fuzz;
mod pages;
mod retry;

use std::{path::PathBuf, time::Duration};

use async_trait::async_trait;
use reqwest::{Method, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

#[cfg(any(test, feature = "testing"))]
pub(crate) use self::fuzz::fuzz;
use self::{
    bodies::{
        BranchesPage, ChangeBody, CreatedProjectBody, CreatedRoleBody, DatabasesBody,
        EndpointsBody, ErrorBody, NewApiKeyBody, OperationBody, OperationsBody, OrganizationsBody,
        ProjectBody, ProjectsPage, ResetPasswordBody, RolesBody, SandboxBody, UriBody,
    },
    pages::Pages,
};
use crate::{
    core::{event::ActivityKind, secret::Secret},
    domain::{duration, url::Connection},
    ports::{
        http::{self, ClientFactory, RetryAfter, header_text, segment},
        neon::{
            ApiKey, Auth, Branch, BranchDatabase, CreatedProject, CreatedRole, Endpoint, Listing,
            Neon, NewApiKey, NewBranch, NewProject, Operation, Organization, PasswordReset,
            Project, User,
            error::{NeonError, Refusal},
        },
        progress,
    },
};

/// How many projects a page holds: the most that Neon allows.
const PAGE: usize = 400;
/// How many branches a page holds.
const BRANCHES_PAGE: usize = 1000;
/// The most of a refusal's message that is passed on, in characters. Neon's longest known one has 250.
const MESSAGE_LIMIT: usize = 1000;

/// Neon's API over HTTP.
pub(crate) struct HttpNeon {
    clients: ClientFactory,
    /// The longest pause before the first repetition; each further one may take twice as long.
    pause: Duration,
}

/// An attempt that did not succeed.
struct FailedAttempt {
    error: NeonError,
    /// How long Neon asks to wait.
    retry_after: Option<Duration>,
}

impl From<NeonError> for FailedAttempt {
    fn from(error: NeonError) -> Self {
        let asked = error
            .refusal()
            .and_then(|refusal| refusal.retry_after.as_ref());
        Self {
            retry_after: asked.and_then(RetryAfter::delay),
            error,
        }
    }
}

impl HttpNeon {
    /// An adapter for the API at `base`. Nothing is opened or read before the first call.
    pub(crate) fn new(
        base: impl Into<String>,
        ca_file: Option<PathBuf>,
        timeout: Duration,
    ) -> Self {
        Self {
            clients: ClientFactory::new(base.into(), ca_file, timeout),
            pause: Duration::from_millis(250),
        }
    }

    /// Sets the longest pause before the first repetition.
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
    ) -> Result<T, NeonError> {
        Ok(self.sized(key, path, query).await?.0)
    }

    /// Gets an answer, with the bytes that it has.
    async fn sized<T: DeserializeOwned>(
        &self,
        key: &Secret,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<(T, usize), NeonError> {
        self.sized_request(Method::GET, key, path, query, None)
            .await
    }

    /// Sends a POST whose answer matters for its operations only.
    async fn change(
        &self,
        key: &Secret,
        path: &str,
        body: &Value,
    ) -> Result<Vec<Operation>, NeonError> {
        let answer: ChangeBody = self.post(key, path, Some(body)).await?;
        Ok(answer.operations)
    }

    async fn post<T: DeserializeOwned>(
        &self,
        key: &Secret,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, NeonError> {
        let answer = self
            .sized_request(Method::POST, key, path, &[], body)
            .await?;
        Ok(answer.0)
    }

    /// Deletes something; what is gone already isn't a failure.
    async fn delete(&self, key: &Secret, path: &str) -> Result<(), NeonError> {
        match self
            .sized_request::<serde::de::IgnoredAny>(Method::DELETE, key, path, &[], None)
            .await
        {
            Ok(_) | Err(NeonError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn sized_request<T: DeserializeOwned>(
        &self,
        method: Method,
        key: &Secret,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<(T, usize), NeonError> {
        let mut attempt = 0;
        loop {
            let FailedAttempt { error, retry_after } =
                match self.once(method.clone(), key, path, query, body).await {
                    Ok(answer) => return Ok(answer),
                    Err(failed) => failed,
                };
            let Some(pause) = retry::pause(&error, &method, attempt, retry_after, self.pause)
            else {
                return Err(error);
            };
            tracing::info!(%path, attempt, ?pause, why = %error, "trying again");
            progress::report(&format!(
                "{error}: {method} {path} again in {:.1} s, attempt {} of {}",
                pause.as_secs_f64(),
                attempt + 2,
                retry::RETRIES + 1
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
    ) -> Result<(T, usize), FailedAttempt> {
        let mut bearer = header::HeaderValue::try_from(format!("Bearer {}", key.expose()))
            .map_err(|_invalid| NeonError::MalformedKey)?;
        bearer.set_sensitive(true);
        let client = self.clients.client().map_err(NeonError::from)?;
        let mut request = client
            .request(method.clone(), format!("{}{path}", self.clients.base))
            .query(query)
            .header(header::AUTHORIZATION, bearer)
            .header(header::ACCEPT, "application/json");
        if let Some(body) = body {
            request = request.json(body);
        }
        let unanswered = |error: reqwest::Error| NeonError::from(self.clients.unanswered(&error));
        let started = std::time::Instant::now();
        let response = request.send().await.map_err(unanswered)?;
        let status = response.status();
        let request_id = header_text(&response, "x-neon-ret-request-id");
        let retry_after = http::retry_after(&response);
        // it was sent, whatever became of the rest of the answer
        let bytes = self.clients.body(response).await.map_err(|error| {
            if error.problem.is_refused_on_the_way() {
                NeonError::Unreachable(error)
            } else {
                NeonError::AnswerLost(error)
            }
        })?;
        tracing::debug!(%method, %path, status = status.as_u16(), elapsed = ?started.elapsed(), "neon");
        progress::activity(ActivityKind::Request, || {
            let took = duration::format(started.elapsed());
            format!("{method} {path} {}, {took}", status.as_u16())
        });
        if status.is_success() {
            let read = serde_json::from_slice(&bytes).map_err(|error| {
                let answer = self
                    .clients
                    .unreadable(format!("{method} {path}"), &bytes, &error);
                NeonError::UnreadableAnswer { answer, request_id }
            })?;
            return Ok((read, bytes.len()));
        }
        let body: ErrorBody = serde_json::from_slice(&bytes).unwrap_or_default();
        let refusal = Refusal {
            status,
            code: body.code,
            message: body.message.chars().take(MESSAGE_LIMIT).collect(),
            request_id: request_id.or(Some(body.request_id).filter(|id| !id.is_empty())),
            retry_after,
        };
        Err(NeonError::from(refusal).into())
    }

    async fn pages(
        &self,
        key: &Secret,
        path: &str,
        org: Option<&str>,
        page: &(dyn Fn(usize) + Send + Sync),
    ) -> Result<Listing, NeonError> {
        let limit = PAGE.to_string();
        let mut listing = Listing::default();
        let mut cursor: Option<String> = None;
        let mut pages = Pages::default();
        loop {
            let mut query = vec![("limit", limit.as_str())];
            query.extend(org.map(|org| ("org_id", org)));
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let (answer, size): (ProjectsPage, usize) = self.sized(key, path, &query).await?;
            let count = answer.projects.len();
            listing.projects.extend(answer.projects);
            listing.unavailable.extend(answer.unavailable_project_ids);
            page(listing.projects.len());
            let next = answer.pagination.and_then(|pagination| pagination.cursor);
            match pages.next(count, PAGE, size, next) {
                Ok(Some(next)) => cursor = Some(next),
                Ok(None) => return Ok(listing),
                Err(cut) => {
                    listing.cut = Some(cut);
                    return Ok(listing);
                }
            }
        }
    }
}

/// What a create asks for. Neon chooses the rest, such as the version of Postgres.
fn create_body(new: &NewProject) -> Value {
    let mut project = json!({ "name": new.name });
    if let Some(fields) = project.as_object_mut() {
        if let Some(version) = new.postgres {
            fields.insert("pg_version".to_owned(), json!(version));
        }
        if let Some(region) = &new.region {
            fields.insert("region_id".to_owned(), json!(region));
        }
        if let Some(org) = &new.org {
            fields.insert("org_id".to_owned(), json!(org));
        }
    }
    let parts = [
        ("name", &new.branch),
        ("database_name", &new.database),
        ("role_name", &new.role),
    ];
    let named =
        |(field, value): (&str, &Option<String>)| Some((field.to_owned(), json!(value.as_ref()?)));
    let branch: serde_json::Map<_, _> = parts.into_iter().filter_map(named).collect();
    if let (false, Some(fields)) = (branch.is_empty(), project.as_object_mut()) {
        fields.insert("branch".to_owned(), Value::Object(branch));
    }
    json!({ "project": project })
}

#[async_trait]
impl Neon for HttpNeon {
    async fn auth(&self, key: &Secret) -> Result<Auth, NeonError> {
        self.get(key, "/auth", &[]).await
    }

    async fn user(&self, key: &Secret) -> Result<User, NeonError> {
        self.get(key, "/users/me", &[]).await
    }

    async fn organizations(&self, key: &Secret) -> Result<Vec<Organization>, NeonError> {
        Ok(self
            .get::<OrganizationsBody>(key, "/users/me/organizations", &[])
            .await?
            .organizations)
    }

    async fn projects(
        &self,
        key: &Secret,
        org: Option<&str>,
        page: &(dyn Fn(usize) + Send + Sync),
    ) -> Result<Listing, NeonError> {
        let accessible = self.pages(key, "/projects", org, page);
        let shared = self.pages(key, "/projects/shared", None, &|_| {});
        let (accessible, shared) = tokio::join!(accessible, shared);
        let mut listing = accessible?;
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
                listing.cut = listing.cut.or(shared.cut);
            }
            // keys of an organization have no shared projects, and Neon refuses to list them
            Err(
                NeonError::KeyKindRefused { .. } | NeonError::Forbidden(_) | NeonError::NotFound(_),
            ) => {}
            Err(error) => return Err(error),
        }
        Ok(listing)
    }

    async fn project(&self, key: &Secret, id: &str) -> Result<Option<Project>, NeonError> {
        match self
            .get::<ProjectBody>(key, &format!("/projects/{}", segment(id)), &[])
            .await
        {
            Ok(answer) => Ok(Some(answer.project)),
            Err(NeonError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn create_project(
        &self,
        key: &Secret,
        new: &NewProject,
    ) -> Result<CreatedProject, NeonError> {
        let body = create_body(new);
        let answer: CreatedProjectBody = self.post(key, "/projects", Some(&body)).await?;
        let connection = answer.connection_uris.into_iter().next().and_then(|uri| {
            let mut connection = Connection::from_uris(&Secret::new(uri.connection_uri), None)?;
            // a sandbox's host carries its port
            let pooler = uri.connection_parameters.pooler_host;
            if let Some(host) = pooler.split(':').next().filter(|host| !host.is_empty()) {
                host.clone_into(&mut connection.pooled_host);
            }
            Some(connection)
        });
        Ok(CreatedProject {
            project: answer.project,
            branch: answer.branch,
            operations: answer.operations,
            connection,
        })
    }

    async fn delete_project(&self, key: &Secret, id: &str) -> Result<(), NeonError> {
        self.delete(key, &format!("/projects/{}", segment(id)))
            .await
    }

    async fn operations(&self, key: &Secret, project: &str) -> Result<Vec<Operation>, NeonError> {
        let path = format!("/projects/{}/operations", segment(project));
        Ok(self
            .get::<OperationsBody>(key, &path, &[("limit", "20")])
            .await?
            .operations)
    }

    async fn operation(
        &self,
        key: &Secret,
        project: &str,
        id: &str,
    ) -> Result<Operation, NeonError> {
        let path = format!("/projects/{}/operations/{}", segment(project), segment(id));
        Ok(self.get::<OperationBody>(key, &path, &[]).await?.operation)
    }

    async fn branches(&self, key: &Secret, project: &str) -> Result<Vec<Branch>, NeonError> {
        let path = format!("/projects/{}/branches", segment(project));
        let mut branches: Vec<Branch> = Vec::new();
        let mut cursor: Option<String> = None;
        let mut pages = Pages::default();
        let limit = BRANCHES_PAGE.to_string();
        loop {
            let mut query = vec![("limit", limit.as_str())];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let (answer, size): (BranchesPage, usize) = self.sized(key, &path, &query).await?;
            let count = answer.branches.len();
            branches.extend(answer.branches);
            let next = answer.pagination.and_then(|pagination| pagination.next);
            match pages.next(count, BRANCHES_PAGE, size, next) {
                Ok(Some(next)) => cursor = Some(next),
                Ok(None) => return Ok(branches),
                Err(cut) => return Err(NeonError::EndlessList { path, cut }),
            }
        }
    }

    async fn endpoints(
        &self,
        key: &Secret,
        project: &str,
        branch: &str,
    ) -> Result<Vec<Endpoint>, NeonError> {
        let path = format!(
            "/projects/{}/branches/{}/endpoints",
            segment(project),
            segment(branch)
        );
        Ok(self.get::<EndpointsBody>(key, &path, &[]).await?.endpoints)
    }

    async fn project_endpoints(
        &self,
        key: &Secret,
        project: &str,
    ) -> Result<Vec<Endpoint>, NeonError> {
        let path = format!("/projects/{}/endpoints", segment(project));
        Ok(self.get::<EndpointsBody>(key, &path, &[]).await?.endpoints)
    }

    async fn create_branch(
        &self,
        key: &Secret,
        project: &str,
        new: &NewBranch,
    ) -> Result<Vec<Operation>, NeonError> {
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
    ) -> Result<Vec<Operation>, NeonError> {
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
    ) -> Result<Vec<Operation>, NeonError> {
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
    ) -> Result<Vec<BranchDatabase>, NeonError> {
        let path = format!(
            "/projects/{}/branches/{}/databases",
            segment(project),
            segment(branch)
        );
        Ok(self.get::<DatabasesBody>(key, &path, &[]).await?.databases)
    }

    async fn create_role(
        &self,
        key: &Secret,
        project: &str,
        branch: &str,
        role: &str,
    ) -> Result<CreatedRole, NeonError> {
        let path = roles_path(project, branch);
        let body = json!({ "role": { "name": role } });
        let answer: CreatedRoleBody = self.post(key, &path, Some(&body)).await?;
        Ok(CreatedRole {
            password: answer.role.password.map(Secret::new),
            operations: answer.operations,
        })
    }

    async fn roles(
        &self,
        key: &Secret,
        project: &str,
        branch: &str,
    ) -> Result<Vec<String>, NeonError> {
        let path = roles_path(project, branch);
        let body = self.get::<RolesBody>(key, &path, &[]).await?;
        Ok(body.roles.into_iter().map(|role| role.name).collect())
    }

    async fn connection_uri(
        &self,
        key: &Secret,
        project: &str,
        branch: &str,
        database: &str,
        role: &str,
        pooled: bool,
    ) -> Result<Secret, NeonError> {
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
            self.get::<UriBody>(key, &path, &query).await?.uri,
        ))
    }

    async fn reset_password(
        &self,
        key: &Secret,
        project: &str,
        branch: &str,
        role: &str,
    ) -> Result<PasswordReset, NeonError> {
        let path = format!(
            "{}/{}/reset_password",
            roles_path(project, branch),
            segment(role)
        );
        let answer: ResetPasswordBody = self.post(key, &path, None).await?;
        Ok(PasswordReset {
            password: Secret::new(answer.role.password),
            operations: answer.operations,
        })
    }

    async fn api_keys(&self, key: &Secret) -> Result<Vec<ApiKey>, NeonError> {
        self.get(key, "/api_keys", &[]).await
    }

    async fn create_api_key(&self, key: &Secret, name: &str) -> Result<NewApiKey, NeonError> {
        let body = json!({ "key_name": name });
        let answer: NewApiKeyBody = self.post(key, "/api_keys", Some(&body)).await?;
        Ok(NewApiKey {
            id: answer.id,
            key: Secret::new(answer.key),
        })
    }

    async fn revoke_api_key(&self, key: &Secret, id: i64) -> Result<(), NeonError> {
        self.delete(key, &format!("/api_keys/{id}")).await
    }

    async fn sandbox_authority(&self) -> Option<String> {
        let mut url = url::Url::parse(&self.clients.base).ok()?;
        url.set_path("/sandbox");
        let request = self
            .clients
            .client()
            .ok()?
            .get(url)
            .timeout(Duration::from_secs(2));
        let answer = request.send().await.ok()?.error_for_status().ok()?;
        let body = self.clients.body(answer).await.ok()?;
        let answer: SandboxBody = serde_json::from_slice(&body).ok()?;
        Some(answer.ca_pem)
    }
}

/// The path of a branch's roles.
fn roles_path(project: &str, branch: &str) -> String {
    let (project, branch) = (segment(project), segment(branch));
    format!("/projects/{project}/branches/{branch}/roles")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_create_asks_only_for_what_is_wanted() {
        let mut new = NewProject {
            name: "todo".to_owned(),
            org: None,
            region: None,
            postgres: None,
            branch: None,
            database: None,
            role: None,
        };
        assert_eq!(create_body(&new), json!({"project": {"name": "todo"}}));
        new.postgres = Some(16);
        new.database = Some("shop".to_owned());
        new.role = Some("app".to_owned());
        let branch = json!({"database_name": "shop", "role_name": "app"});
        let wanted = json!({"name": "todo", "pg_version": 16, "branch": branch});
        assert_eq!(create_body(&new), json!({"project": wanted}));
    }
}
