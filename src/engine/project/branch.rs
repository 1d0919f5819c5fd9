//! The branch, its compute and its database: finds them, and creates what is missing.

use crate::{
    core::{
        code::{Code, Severity},
        event::Progress,
        facts::JoinedProject,
        failure::{Failure, Result},
        finding::Finding,
        invocation::Invocation,
        remedy::Remedy,
        secret::Secret,
        step::StepId,
    },
    domain::{
        credentials::is_placeholder,
        name,
        url::{Connection, Part, RecognizedUrl},
    },
    engine::{
        connection,
        context::{Cx, KnownProject},
        failures::neon::connection_uri_unreadable,
        neon_operations,
        project::ready::wait_until_ready,
        project_id,
    },
    ports::neon::{Branch, BranchDatabase, Endpoint, NewBranch, Project, error::NeonError},
};

/// The placeholder in `branch` of neonup.toml for each developer's name.
pub(super) const USER: &str = "{user}";

/// The name of the branch that is wanted, with the developer's name in it; `None` is the default branch.
pub(super) fn wanted(cx: &Cx) -> Result<Option<String>> {
    let Some(pattern) = &cx.settings.project.branch else {
        return Ok(None);
    };
    if !pattern.contains(USER) {
        return Ok(Some(pattern.clone()));
    }
    let environment = &cx.settings.environment;
    let login = || {
        let names = ["USER", "LOGNAME", "USERNAME"].into_iter();
        names
            .filter_map(|name| environment.get(name))
            .map(str::to_owned)
            .next()
    };
    let user = environment
        .get("NEONUP_USER")
        .map(str::to_owned)
        .or_else(|| cx.ports.repository.user_name())
        .or_else(login)
        .and_then(|name| name::slug(&name));
    let Some(user) = user else {
        return Err(Failure::new(
            Code::ProjectBranchMissing,
            format!("can't tell whose branch `{pattern}` is"),
        )
        .why("your name isn't in NEONUP_USER, git's user.name or the login name")
        .hint("set NEONUP_USER, or run `git config user.name`"));
    };
    Ok(Some(pattern.replace(USER, &user)))
}

/// Creates what is wanted and missing: the branch from the default one, its compute, its database. Joins what exists.
pub(super) async fn ensure(cx: &Cx, key: &Secret, project: &Project) -> Result<()> {
    let neon = &cx.ports.neon;
    let id = &project.id;
    let mut branches = neon.branches(key, id).await?;
    let wanted = wanted(cx)?;
    if let Some(name) = &wanted
        && !branches.iter().any(|branch| branch.name == *name)
        && let Some(parent) = pick_branch(&branches, None).ok()
    {
        cx.progress(Progress::label(format!(
            "creating branch {name} from {}",
            parent.name
        )));
        let new = NewBranch {
            name: name.clone(),
            parent: parent.id.clone(),
            expires_at: expiry(cx),
        };
        match neon.create_branch(key, id, &new).await {
            Ok(operations) => wait_until_ready(cx, key, id, operations).await?,
            // names are unique: whoever created it, it exists now
            Err(error) => {
                let now = neon.branches(key, id).await?;
                if !now.iter().any(|branch| branch.name == *name) {
                    return Err(error.into());
                }
                wait_until_ready(cx, key, id, neon_operations::open(cx, key, id).await?).await?;
            }
        }
        branches = neon.branches(key, id).await?;
    }
    let Ok(branch) = pick_branch(&branches, wanted.as_deref()) else {
        return Ok(());
    };
    let (endpoints, databases) = tokio::try_join!(
        neon.endpoints(key, id, &branch.id),
        neon.databases(key, id, &branch.id),
    )?;
    if !endpoints.iter().any(is_read_write) {
        cx.progress(Progress::label(format!(
            "adding a compute to branch {}",
            branch.name
        )));
        let operations = match neon.create_endpoint(key, id, &branch.id).await {
            Ok(operations) => operations,
            Err(error) => {
                let now = neon.endpoints(key, id, &branch.id).await?;
                if !now.iter().any(is_read_write) {
                    return Err(error.into());
                }
                neon_operations::open(cx, key, id).await?
            }
        };
        wait_until_ready(cx, key, id, operations).await?;
    }
    if let Some(role) = &cx.settings.project.role {
        ensure_role(cx, key, (id, &branch.id), role).await?;
    }
    if let Some(name) = &cx.settings.project.database
        && !databases.iter().any(|database| database.name == *name)
        && let Some(owner) = databases.first().map(|database| &database.owner_name)
    {
        let database = BranchDatabase {
            name: name.clone(),
            owner_name: owner.clone(),
        };
        create_database(cx, key, (id, &branch.id), &database).await?;
    }
    Ok(())
}

/// Creates a role on a branch of a project, unless it exists.
async fn ensure_role(
    cx: &Cx,
    key: &Secret,
    (project, branch): (&str, &str),
    role: &str,
) -> Result<()> {
    let neon = &cx.ports.neon;
    let exists = |roles: &[String]| roles.iter().any(|known| known == role);
    if exists(&neon.roles(key, project, branch).await?) {
        return Ok(());
    }
    cx.progress(Progress::label(format!("creating role {role}")));
    let (password, operations) = match neon.create_role(key, project, branch, role).await {
        Ok(created) => (created.password, created.operations),
        Err(error) => {
            if !exists(&neon.roles(key, project, branch).await?) {
                return Err(error.into());
            }
            (None, neon_operations::open(cx, key, project).await?)
        }
    };
    wait_until_ready(cx, key, project, operations).await?;
    let endpoints = neon.endpoints(key, project, branch).await?;
    if let Some(password) = password
        && let Some(endpoint) = endpoints.iter().find(|endpoint| is_read_write(endpoint))
    {
        // a project that stores no passwords never tells it again
        cx.remember_passwordless(Some(KnownProject {
            id: project.to_owned(),
            branch: branch.to_owned(),
            connection: Connection {
                password,
                ..Connection::without_password(&endpoint.host, "", role)
            },
        }));
    }
    Ok(())
}

async fn create_database(
    cx: &Cx,
    key: &Secret,
    (project, branch): (&str, &str),
    database: &BranchDatabase,
) -> Result<()> {
    let neon = &cx.ports.neon;
    let name = &database.name;
    cx.progress(Progress::label(format!("creating database {name}")));
    let operations = match neon.create_database(key, project, branch, database).await {
        Ok(operations) => operations,
        Err(error) => {
            let now = neon.databases(key, project, branch).await?;
            if !now.iter().any(|known| known.name == *name) {
                return Err(error.into());
            }
            neon_operations::open(cx, key, project).await?
        }
    };
    wait_until_ready(cx, key, project, operations).await
}

fn is_read_write(endpoint: &Endpoint) -> bool {
    endpoint.kind == "read_write"
}

/// When a developer's branch that is created now expires; branches with a fixed name belong to the team, and stay.
fn expiry(cx: &Cx) -> Option<String> {
    let project = &cx.settings.project;
    let personal = project
        .branch
        .as_ref()
        .is_some_and(|branch| branch.contains(USER));
    let days = project.branch_expires_days.filter(|_| personal)?;
    let at = time::OffsetDateTime::from(cx.settings.now) + time::Duration::days(i64::from(days));
    at.replace_nanosecond(0)
        .ok()?
        .format(&time::format_description::well_known::Rfc3339)
        .ok()
}

/// Finds how to connect to the project, and whether `neonup.toml` records it.
pub(super) async fn join(
    cx: &Cx,
    key: &Secret,
    project: &Project,
) -> Result<(Option<JoinedProject>, Vec<Finding>)> {
    let (joined, mut findings) = connect(cx, key, project).await?;
    if joined.is_none() {
        // nothing may be written for, or to, a database that was not asked for
        cx.remember_project(None);
    }
    let named = cx.settings.flags.project.as_deref() == Some(&project.id);
    if named && project_id::recorded(cx).as_ref() != Some(&project.id) {
        findings.push(
            Finding::new(
                Code::ProjectDuplicate,
                format!("{} isn't recorded in neonup.toml yet", project.id),
            )
            .command(Invocation::JoinProject(project.id.clone()))
            .fixable(),
        );
    }
    Ok((joined, findings))
}

/// Finds how to connect: branch, compute, database, role, password. Remembers it for the other steps.
async fn connect(
    cx: &Cx,
    key: &Secret,
    project: &Project,
) -> Result<(Option<JoinedProject>, Vec<Finding>)> {
    cx.progress(Progress::label("getting the connection from Neon"));
    let neon = &cx.ports.neon;
    let branches = neon.branches(key, &project.id).await?;
    let wanted = wanted(cx)?;
    let branch = match pick_branch(&branches, wanted.as_deref()) {
        Ok(branch) => branch,
        Err(finding) => return Ok((None, vec![*finding])),
    };
    let (endpoints, databases, roles) = tokio::try_join!(
        neon.endpoints(key, &project.id, &branch.id),
        neon.databases(key, &project.id, &branch.id),
        roles(cx, key, &project.id, &branch.id),
    )?;
    let Some(endpoint) = endpoints
        .iter()
        .find(|endpoint| endpoint.kind == "read_write")
    else {
        let finding = Finding::new(
            Code::ProjectNoCompute,
            format!("branch `{}` has no compute", branch.name),
        )
        .command(Invocation::SetupStep(StepId::Project))
        .fixable();
        return Ok((None, vec![finding]));
    };
    let wanted = cx.settings.project.database.as_deref();
    let database = match pick_database(&databases, wanted, &branch.name) {
        Ok(database) => database,
        Err(_) if is_initial(branch, &endpoint.current_state) => {
            return Ok((None, vec![not_ready(&project.name)]));
        }
        Err(finding) => return Ok((None, vec![*finding])),
    };
    let wanted = cx.settings.project.role.as_deref();
    if let Some(role) = wanted.filter(|role| !roles.iter().any(|known| known == role)) {
        return Ok((None, vec![role_missing(role, &roles, &branch.name)]));
    }
    let role = wanted.unwrap_or(&database.owner_name);
    let uri = |pooled| {
        let (project, branch) = (&project.id, &branch.id);
        neon.connection_uri(key, project, branch, &database.name, role, pooled)
    };
    let connection = match tokio::try_join!(uri(false), uri(true)) {
        Ok((direct, pooled)) => {
            cx.remember_passwordless(None);
            cx.remember_unstored(None);
            Connection::from_uris(&direct, Some(&pooled)).ok_or_else(connection_uri_unreadable)?
        }
        Err(NeonError::PasswordNotStored(_)) => {
            Connection::without_password(&endpoint.host, &database.name, role)
        }
        Err(error) => return Err(error.into()),
    };
    let known = KnownProject {
        id: project.id.clone(),
        branch: branch.id.clone(),
        connection,
    };
    let mut findings = Vec::new();
    let connection = if known.connection.password.is_empty() {
        let Connection {
            host, pooled_host, ..
        } = &known.connection;
        cx.remember_unstored(Some([host.clone(), pooled_host.clone()]));
        let (password, finding) = unstored_password(cx, &project.name, &known);
        findings.push(finding);
        let Some(password) = password else {
            cx.remember_passwordless(Some(known));
            return Ok((None, findings));
        };
        Connection {
            password,
            ..known.connection
        }
    } else {
        known.connection
    };
    let joined = JoinedProject {
        branches: branches.iter().map(|branch| branch.name.clone()).collect(),
        databases: databases
            .iter()
            .map(|database| database.name.clone())
            .collect(),
        roles,
        ..remember(cx, project, branch, &connection, &endpoint.current_state)
    };
    if is_initial(branch, &endpoint.current_state) {
        findings.push(not_ready(&project.name));
    }
    Ok((Some(joined), findings))
}

/// The password that Neon does not store: one that was reset in this run, or the env file's. And what to say of it.
fn unstored_password(cx: &Cx, name: &str, known: &KnownProject) -> (Option<Secret>, Finding) {
    let fits = |url: &RecognizedUrl| {
        let differences = known.connection.differences(url);
        differences.iter().all(|part| *part == Part::Password)
            && !url.password.is_empty()
            && !is_placeholder(url.password.expose())
    };
    let reset = cx.passwordless().filter(|reset| {
        let (reset, wanted) = (&reset.connection, &known.connection);
        !reset.password.is_empty()
            && (&reset.host, reset.port, &reset.role) == (&wanted.host, wanted.port, &wanted.role)
    });
    let password = reset
        .map(|reset| reset.connection.password)
        .or_else(|| Some(connection::written(cx).filter(fits)?.password));
    let role = &known.connection.role;
    let finding = match &password {
        Some(_) => Finding::new(
            Code::ProjectPasswordNotStored,
            format!("Neon doesn't store the passwords of `{name}`, so the one in the env file is used"),
        )
        .severity(Severity::Note)
        .hint(format!(
            "if the database rejects it, `neonup rotate` sets a new one for {role}"
        )),
        None => Finding::new(
            Code::ProjectPasswordNotStored,
            format!("Neon doesn't store the passwords of `{name}`, so it can't provide its connection URL"),
        )
        .detail(format!("only someone who has the password of {role} knows it"))
        .remedy(Some(Remedy::RotatePassword))
        .command(Invocation::RotatePassword)
        .hint(format!(
            "put the URL you have in the env file; or run `neonup rotate` to set a new password for {role}, which locks out \
            everyone using the old one"
        )),
    };
    (password, finding)
}

/// Remembers how to connect for the other steps, and returns it for the screen. `compute`: the state of the compute.
pub(super) fn remember(
    cx: &Cx,
    project: &Project,
    branch: &Branch,
    connection: &Connection,
    compute: &str,
) -> JoinedProject {
    cx.remember_asleep(compute == "idle");
    cx.remember_project(Some(KnownProject {
        id: project.id.clone(),
        branch: branch.id.clone(),
        connection: connection.clone(),
    }));
    JoinedProject {
        id: project.id.clone(),
        name: project.name.clone(),
        region: project.region_id.clone(),
        postgres: project.pg_version,
        branch: branch.name.clone(),
        host: connection.address(),
        database: connection.database.clone(),
        role: connection.role.clone(),
        compute: compute.to_owned(),
        branches: Vec::new(),
        databases: Vec::new(),
        roles: Vec::new(),
    }
}

/// Whether a new project's branch and database are the ones to work on.
pub(super) fn is_wanted(cx: &Cx, branch: &Branch, connection: &Connection) -> Result<bool> {
    let database = &cx.settings.project.database;
    let database = database
        .as_ref()
        .is_none_or(|name| *name == connection.database);
    let branches = wanted(cx)?.is_none_or(|name| name == branch.name);
    Ok(branches && database)
}

/// The wanted branch, else the default one.
fn pick_branch<'a>(
    branches: &'a [Branch],
    wanted: Option<&str>,
) -> Result<&'a Branch, Box<Finding>> {
    let found = match wanted {
        Some(name) => branches.iter().find(|branch| branch.name == name),
        None => branches
            .iter()
            .find(|branch| branch.default)
            .or_else(|| branches.first()),
    };
    found.ok_or_else(|| {
        let names: Vec<_> = branches.iter().map(|branch| branch.name.as_str()).collect();
        let finding = Finding::new(
            Code::ProjectBranchMissing,
            format!("branch `{}` doesn't exist", wanted.unwrap_or("main")),
        );
        Box::new(
            finding
                .detail(format!("the branches are {}", names.join(", ")))
                .command(Invocation::SetupStep(StepId::Project))
                .hint("run neonup setup project to create it from the default branch; or set [project] branch in neonup.toml")
                .fixable(),
        )
    })
}

/// The wanted database, else Neon's usual one, else the first.
fn pick_database<'a>(
    databases: &'a [BranchDatabase],
    wanted: Option<&str>,
    branch: &str,
) -> Result<&'a BranchDatabase, Box<Finding>> {
    let named = |name: &str| databases.iter().find(|database| database.name == name);
    let found = match wanted {
        Some(name) => named(name),
        None => named("neondb").or_else(|| databases.first()),
    };
    found.ok_or_else(|| {
        let known: Vec<_> = databases
            .iter()
            .map(|database| database.name.as_str())
            .collect();
        let finding = Finding::new(
            Code::ProjectBranchMissing,
            format!(
                "branch `{branch}` has no database `{}`",
                wanted.unwrap_or("neondb")
            ),
        );
        Box::new(
            finding
                .detail(format!("its databases are {}", known.join(", ")))
                .command(Invocation::SetupStep(StepId::Project))
                .hint("run neonup setup project to create it; or set [project] database in neonup.toml")
                .fixable(),
        )
    })
}

/// The roles of a branch. Where none is wanted they are only offered, so that a failure to list them stops nothing.
async fn roles(
    cx: &Cx,
    key: &Secret,
    project: &str,
    branch: &str,
) -> Result<Vec<String>, NeonError> {
    match cx.ports.neon.roles(key, project, branch).await {
        Err(_) if cx.settings.project.role.is_none() => Ok(Vec::new()),
        roles => roles,
    }
}

fn role_missing(role: &str, known: &[String], branch: &str) -> Finding {
    Finding::new(
        Code::ProjectBranchMissing,
        format!("branch `{branch}` has no role `{role}`"),
    )
    .detail(format!("its roles are {}", known.join(", ")))
    .command(Invocation::SetupStep(StepId::Project))
    .hint("run neonup setup project to create it; or set [project] role in neonup.toml")
    .fixable()
}

fn is_initial(branch: &Branch, compute: &str) -> bool {
    branch.current_state == "init" || compute == "init"
}

fn not_ready(name: &str) -> Finding {
    Finding::new(
        Code::ProjectNotReady,
        format!("Neon is still creating `{name}`"),
    )
    .command(Invocation::SetupStep(StepId::Project))
    .fixable()
}
