//! Neon, in memory: projects, branches, operations that take a few polls, and answers that get lost.

use async_trait::async_trait;

use crate::{
    core::secret::Secret,
    domain::url::Connection,
    ports::neon::{
        ApiKey, Auth, Branch, BranchDatabase, CreatedProject, CreatedRole, Endpoint, Listing, Neon,
        NewApiKey, NewBranch, NewProject, Operation, Organization, PasswordReset, Project, User,
        error::NeonError,
    },
    testing::world::{Create, PASSWORD, World, lost_answer, project, refusal},
};

fn connection() -> Connection {
    let uri = format!(
        "postgresql://neondb_owner:{PASSWORD}@ep-a-b-12345678.us-east-2.aws.neon.tech/neondb?sslmode=require"
    );
    Connection::from_uris(&Secret::new(uri), None).unwrap()
}

#[async_trait]
impl Neon for World {
    async fn auth(&self, key: &Secret) -> Result<Auth, NeonError> {
        self.record("auth");
        let (panics, hangs, method) = self.with(|state| {
            (
                state.auth_panics,
                state.auth_hangs,
                state.auth_method.clone(),
            )
        });
        assert!(!panics, "a panic with {} in it", key.expose());
        if hangs {
            std::future::pending::<()>().await;
        }
        self.check(key)?;
        Ok(Auth {
            account_id: "ada".to_owned(),
            auth_method: method.unwrap_or_else(|| "api_key_user".to_owned()),
        })
    }

    async fn user(&self, key: &Secret) -> Result<User, NeonError> {
        self.check(key)?;
        Ok(User {
            email: "ada@example.org".to_owned(),
            projects_limit: self.with(|state| state.projects_limit),
        })
    }

    async fn organizations(&self, _key: &Secret) -> Result<Vec<Organization>, NeonError> {
        Ok(self.with(|state| state.organizations.clone()))
    }

    async fn projects(
        &self,
        key: &Secret,
        org: Option<&str>,
        page: &(dyn Fn(usize) + Send + Sync),
    ) -> Result<Listing, NeonError> {
        self.record("list");
        self.check(key)?;
        self.with(|state| {
            if let Some(id) = &state.scoped_to {
                let message = format!("…; subject_project_id:\"{id}\"");
                return Err(refusal(404, &message).into());
            }
            if state.org_needed && org.is_none() {
                return Err(refusal(400, "org_id is required").into());
            }
            page(state.projects.len());
            Ok(Listing {
                projects: state.projects.clone(),
                unavailable: state.unavailable.clone(),
                cut: state.cut,
            })
        })
    }

    async fn project(&self, _key: &Secret, id: &str) -> Result<Option<Project>, NeonError> {
        self.record("project");
        Ok(self.with(|state| {
            state
                .projects
                .iter()
                .find(|project| project.id == id)
                .cloned()
        }))
    }

    async fn create_project(
        &self,
        _key: &Secret,
        new: &NewProject,
    ) -> Result<CreatedProject, NeonError> {
        self.record("create");
        self.with(|state| {
            state.creates += 1;
            state.new_projects.push(new.clone());
            let made = project(&format!("made-{}", state.creates), &new.name);
            state
                .databases
                .extend(new.database.clone().map(|name| BranchDatabase {
                    name,
                    owner_name: "neondb_owner".to_owned(),
                }));
            state.branches.extend(new.branch.clone().map(|name| Branch {
                id: format!("br-{name}"),
                name,
                ..branch()
            }));
            let rival = state.rival.take();
            state.projects.extend(rival);
            match &state.create {
                Create::Answers => state.projects.push(made.clone()),
                Create::AnswerLost => {
                    state.projects.push(made);
                    return Err(lost_answer().into());
                }
                Create::Nothing => return Err(lost_answer().into()),
                Create::Refused(error) => return Err(error.clone()),
            }
            Ok(CreatedProject {
                project: made,
                branch: branch(),
                operations: if state.busy > 0 || state.operation_fails {
                    vec![Operation {
                        id: "op".to_owned(),
                        action: "start_compute".to_owned(),
                        status: "running".to_owned(),
                        error: None,
                    }]
                } else {
                    Vec::new()
                },
                connection: Some(connection()),
            })
        })
    }

    async fn delete_project(&self, key: &Secret, id: &str) -> Result<(), NeonError> {
        self.check(key)?;
        self.changing("delete project").await;
        self.with(|state| state.projects.retain(|project| project.id != id));
        Ok(())
    }

    async fn operations(&self, _key: &Secret, _project: &str) -> Result<Vec<Operation>, NeonError> {
        Ok(self.with(|state| {
            if state.operation_fails {
                state.never_applied.clone_from(&state.password);
            }
            if state.busy == 0 && state.never_applied != state.password {
                state.accepted.clone_from(&state.password);
            }
            let status = if state.operation_fails {
                "failed"
            } else if state.busy > 0 {
                state.busy -= 1;
                "running"
            } else {
                "finished"
            };
            vec![Operation {
                id: "op".to_owned(),
                action: "start_compute".to_owned(),
                status: status.to_owned(),
                error: None,
            }]
        }))
    }

    async fn operation(
        &self,
        key: &Secret,
        project: &str,
        _id: &str,
    ) -> Result<Operation, NeonError> {
        Ok(self.operations(key, project).await?.remove(0))
    }

    async fn branches(&self, _key: &Secret, _project: &str) -> Result<Vec<Branch>, NeonError> {
        Ok(self.with(|state| {
            let made = state.branches.clone();
            [branch()].into_iter().chain(made).collect()
        }))
    }

    async fn endpoints(
        &self,
        _key: &Secret,
        _project: &str,
        branch: &str,
    ) -> Result<Vec<Endpoint>, NeonError> {
        if self.with(|state| state.no_compute) {
            return Ok(Vec::new());
        }
        Ok(vec![Endpoint {
            id: "ep-a-b-12345678".to_owned(),
            host: "ep-a-b-12345678.us-east-2.aws.neon.tech".to_owned(),
            branch_id: branch.to_owned(),
            kind: "read_write".to_owned(),
            current_state: "active".to_owned(),
        }])
    }

    async fn project_endpoints(
        &self,
        key: &Secret,
        project: &str,
    ) -> Result<Vec<Endpoint>, NeonError> {
        self.record("project endpoints");
        let branch = branch().id;
        let mut endpoints = self.endpoints(key, project, &branch).await?;
        if let Some(host) = self.with(|state| state.hosts.get(project).cloned()) {
            endpoints[0].host = host;
        }
        Ok(endpoints)
    }

    async fn create_branch(
        &self,
        _key: &Secret,
        _project: &str,
        new: &NewBranch,
    ) -> Result<Vec<Operation>, NeonError> {
        self.changing("create branch").await;
        let made = Branch {
            id: format!("br-made-{}", new.name),
            name: new.name.clone(),
            default: false,
            current_state: "ready".to_owned(),
        };
        self.with(|state| {
            state.branches.push(made);
            state.new_branches.push(new.clone());
            if state.lost_branches > 0 {
                state.lost_branches -= 1;
                return Err(lost_answer().into());
            }
            Ok(Vec::new())
        })
    }

    async fn create_endpoint(
        &self,
        _key: &Secret,
        _project: &str,
        _branch: &str,
    ) -> Result<Vec<Operation>, NeonError> {
        self.changing("create endpoint").await;
        self.with(|state| state.no_compute = false);
        Ok(Vec::new())
    }

    async fn create_database(
        &self,
        _key: &Secret,
        _project: &str,
        _branch: &str,
        database: &BranchDatabase,
    ) -> Result<Vec<Operation>, NeonError> {
        self.changing("create database").await;
        self.with(|state| state.databases.push(database.clone()));
        Ok(Vec::new())
    }

    async fn databases(
        &self,
        _key: &Secret,
        _project: &str,
        _branch: &str,
    ) -> Result<Vec<BranchDatabase>, NeonError> {
        let usual = BranchDatabase {
            name: "neondb".to_owned(),
            owner_name: "neondb_owner".to_owned(),
        };
        let made = self.with(|state| state.databases.clone());
        Ok([usual].into_iter().chain(made).collect())
    }

    async fn create_role(
        &self,
        _key: &Secret,
        _project: &str,
        _branch: &str,
        role: &str,
    ) -> Result<CreatedRole, NeonError> {
        self.changing("create role").await;
        self.with(|state| state.roles.push(role.to_owned()));
        Ok(CreatedRole {
            password: Some(Secret::new("npg_ofTheNewRole1")),
            operations: Vec::new(),
        })
    }

    async fn roles(
        &self,
        _key: &Secret,
        _project: &str,
        _branch: &str,
    ) -> Result<Vec<String>, NeonError> {
        let made = self.with(|state| state.roles.clone());
        Ok(std::iter::once("neondb_owner".to_owned())
            .chain(made)
            .collect())
    }

    async fn connection_uri(
        &self,
        _key: &Secret,
        _project: &str,
        _branch: &str,
        database: &str,
        role: &str,
        pooled: bool,
    ) -> Result<Secret, NeonError> {
        if self.with(|state| state.stores_no_passwords) {
            return Err(refusal(412, "password storage is disabled for the project").into());
        }
        let suffix = if pooled { "-pooler" } else { "" };
        let password = self.with(|state| state.password());
        Ok(Secret::new(format!(
            "postgresql://{role}:{password}@ep-a-b-12345678{suffix}.us-east-2.aws.neon.tech/{database}?sslmode=require&channel_binding=require"
        )))
    }

    async fn reset_password(
        &self,
        key: &Secret,
        _project: &str,
        _branch: &str,
        _role: &str,
    ) -> Result<PasswordReset, NeonError> {
        self.check(key)?;
        self.changing("reset").await;
        self.with(|state| {
            state.resets += 1;
            state.busy = 2;
            let password = format!("npg_rotated{}Password42", state.resets);
            state.password = Some(password.clone());
            if state.lost_resets > 0 {
                state.lost_resets -= 1;
                return Err(lost_answer().into());
            }
            Ok(PasswordReset {
                password: Secret::new(password),
                operations: vec![Operation {
                    id: "op".to_owned(),
                    action: "apply_config".to_owned(),
                    status: "running".to_owned(),
                    error: None,
                }],
            })
        })
    }

    async fn api_keys(&self, key: &Secret) -> Result<Vec<ApiKey>, NeonError> {
        self.check(key)?;
        Ok(self.with(|state| {
            let own = (!state.revoked).then(|| (1, "mine".to_owned()));
            let others = state.keys.iter().map(|(id, name, _)| (*id, name.clone()));
            own.into_iter()
                .chain(others)
                .map(|(id, name)| ApiKey {
                    id,
                    name,
                    last_used_at: state
                        .uses
                        .get(&id)
                        .filter(|_| state.lists_last_use)
                        .map(|count| format!("2026-01-01T00:00:{count:02}Z")),
                })
                .collect()
        }))
    }

    async fn create_api_key(&self, key: &Secret, name: &str) -> Result<NewApiKey, NeonError> {
        self.check(key)?;
        self.changing("create key").await;
        self.with(|state| {
            state.keys_made += 1;
            let id = 100 + state.keys_made;
            let secret = format!("napi_another{id}0123456789another");
            state.keys.push((id, name.to_owned(), secret.clone()));
            if state.lost_keys > 0 {
                state.lost_keys -= 1;
                return Err(lost_answer().into());
            }
            Ok(NewApiKey {
                id,
                key: Secret::new(secret),
            })
        })
    }

    async fn revoke_api_key(&self, key: &Secret, id: i64) -> Result<(), NeonError> {
        self.check(key)?;
        self.changing("revoke key").await;
        self.with(|state| {
            if id == 1 {
                state.revoked = true;
            }
            state.keys.retain(|(known, ..)| *known != id);
        });
        Ok(())
    }

    async fn sandbox_authority(&self) -> Option<String> {
        None
    }
}

fn branch() -> Branch {
    Branch {
        id: "br-a-b-12345678".to_owned(),
        name: "main".to_owned(),
        default: true,
        current_state: "ready".to_owned(),
    }
}
