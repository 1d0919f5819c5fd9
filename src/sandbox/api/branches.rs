//! Branches: copies of the parent's data at the moment of the call.

use std::collections::BTreeMap;

use axum::{Json, body::Bytes};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sandbox::{
    api::{
        call::Call,
        endpoints::EndpointOptions,
        free_plan::BRANCHES_LIMIT,
        provisioning::{check_length, open_port},
        reply::{self, ApiError, CreatedReply, OrNotFound as _, Reply},
        request::{self, Query},
        views,
    },
    branch_data, ids,
    operations::{self, OperationAction, ScheduledOperation},
    records::{BranchRecord, BranchRef, EndpointRecord, ProjectRecord},
};

pub(super) async fn list(call: Call, query: Query) -> Reply {
    let limit = query.limit(10_000, 10_000)?;
    let by = query.get("sort_by").unwrap_or("updated_at");
    let order = query.get("sort_order").unwrap_or("desc");
    let ascending = order.eq_ignore_ascii_case("asc");
    if !ascending && !order.eq_ignore_ascii_case("desc") {
        return Err(ApiError::bad_request(
            "invalid request: query: \"sort_order\": unknown value",
        ));
    }
    if !matches!(by, "name" | "created_at" | "updated_at") {
        return Err(ApiError::bad_request(
            "invalid request: query: \"sort_by\": unknown value",
        ));
    }
    let skip = query.get("cursor").map_or(Ok(0), offset)?;
    let mut found: Vec<BranchRecord> = call.read(|project| {
        let wanted = |branch: &&BranchRecord| {
            query
                .get("search")
                .is_none_or(|part| branch.name.contains(part) || branch.id.contains(part))
        };
        Ok(project.branches.iter().filter(wanted).cloned().collect())
    })?;
    found.sort_by(|a, b| {
        let key = |branch: &BranchRecord| match by {
            "name" => branch.name.clone(),
            "created_at" => branch.created_at.clone(),
            _ => branch.updated_at.clone(),
        };
        let order = key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id));
        if ascending { order } else { order.reverse() }
    });
    let page: Vec<_> = found.iter().skip(skip).take(limit).collect();
    let annotations: serde_json::Map<_, _> = page
        .iter()
        .filter(|branch| {
            branch
                .annotations
                .as_object()
                .is_some_and(|values| !values.is_empty())
        })
        .map(|branch| (branch.id.clone(), views::annotation(branch)))
        .collect();
    let mut pagination =
        json!({"sort_by": by, "sort_order": if ascending { "asc" } else { "desc" }});
    // `next` is there even when all branches fit; the page after the last one is empty and has none.
    if !page.is_empty() {
        let next = format!("{{\"offset\":{}}}", skip + page.len());
        views::merge(&mut pagination, json!({"next": BASE64.encode(next)}));
    }
    let branches: Vec<_> = page
        .iter()
        .map(|branch| views::branch(branch, &call.project, true))
        .collect();
    Ok(Json(
        json!({"branches": branches, "annotations": annotations, "pagination": pagination}),
    ))
}

/// Reads a cursor, which is opaque to clients.
fn offset(cursor: &str) -> Result<usize, ApiError> {
    let read = || {
        let json: Value = serde_json::from_slice(&BASE64.decode(cursor).ok()?).ok()?;
        usize::try_from(json.get("offset")?.as_u64()?).ok()
    };
    read().ok_or_else(|| ApiError::bad_request("invalid request: query: \"cursor\": malformed"))
}

#[derive(Deserialize, Default)]
struct BranchesRequest {
    #[serde(default)]
    branch: BranchRequest,
    #[serde(default)]
    endpoints: Vec<EndpointOptions>,
    annotation_value: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize, Default)]
struct BranchRequest {
    parent_id: Option<String>,
    name: Option<String>,
    parent_lsn: Option<String>,
    parent_timestamp: Option<String>,
    protected: Option<bool>,
    archived: Option<bool>,
    init_source: Option<String>,
    expires_at: Option<String>,
}

impl BranchesRequest {
    fn check(&self) -> Result<(), ApiError> {
        if self.branch.parent_lsn.is_some() || self.branch.parent_timestamp.is_some() {
            return Err(ApiError::unprocessable(
                "",
                "the sandbox keeps no history: a branch starts from its parent's current state",
            ));
        }
        if self
            .branch
            .init_source
            .as_deref()
            .is_some_and(|source| source != "parent-data")
        {
            return Err(ApiError::unprocessable(
                "",
                "the sandbox creates branches only with their parent's data",
            ));
        }
        if self.branch.archived == Some(true) {
            return Err(ApiError::not_available("archived branches are"));
        }
        if let Some(name) = &self.branch.name {
            check_length("branch.name", name)?;
        }
        check_expiry(self.branch.expires_at.as_deref())
    }
}

fn check_expiry(at: Option<&str>) -> Result<(), ApiError> {
    use time::{OffsetDateTime, format_description::well_known::Rfc3339};
    let Some(text) = at else { return Ok(()) };
    let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|error| {
        ApiError::bad_request(format!("invalid request: branch.expires_at: {error}"))
    })?;
    if moment > OffsetDateTime::now_utc() {
        return Ok(());
    }
    Err(ApiError::bad_request(
        "branch expiration must be in the future",
    ))
}

fn refuse_existing(project: &ProjectRecord, name: &str) -> Result<(), ApiError> {
    if project.branches.iter().any(|branch| branch.name == name) {
        let text = format!("branch already exists; branch_name:\"{name}\"");
        return Err(ApiError::conflict("BRANCH_ALREADY_EXISTS", text));
    }
    Ok(())
}

pub(super) async fn create(call: Call, bytes: Bytes) -> CreatedReply {
    let new: BranchesRequest = request::strict_optional_body(&bytes)?;
    new.check()?;
    let mut opened: Vec<EndpointRecord> = Vec::new();
    let mut branch = BranchRecord::new(String::new());
    branch.name = new.branch.name.unwrap_or_else(|| branch.id.clone());
    branch.protected = new.branch.protected.unwrap_or(false);
    branch.expires_at = new.branch.expires_at;
    branch.annotations = new
        .annotation_value
        .map_or_else(|| json!({}), |value| json!(value));
    for options in &new.endpoints {
        let mut endpoint = EndpointRecord::new(&branch.id);
        options.require_type()?;
        options.apply(&mut endpoint)?;
        opened.push(endpoint);
    }
    if opened.iter().filter(|endpoint| !endpoint.read_only).count() > 1 {
        return Err(ApiError::unprocessable(
            "",
            "a branch can have only one read-write endpoint",
        ));
    }
    let branch_ref = BranchRef::new(&call.project, &branch.id);
    let scheduled = call.schedule(|project| {
        if project.branches.len() >= BRANCHES_LIMIT {
            return Err(ApiError::limit(
                "BRANCHES_LIMIT_EXCEEDED",
                "branches",
                BRANCHES_LIMIT,
            ));
        }
        let parent = match new.branch.parent_id.as_deref().filter(|id| !id.is_empty()) {
            Some(id) => project.branch(id),
            None => project.default_branch(),
        };
        let parent = parent.or_not_found("parent branch")?;
        refuse_existing(project, &branch.name)?;
        branch.parent_id = Some(parent.id.clone());
        branch.parent_timestamp = Some(ids::now());
        branch.roles.clone_from(&parent.roles);
        branch.databases.clone_from(&parent.databases);
        // The ports before the change: it must not fail half-way.
        for endpoint in &mut opened {
            open_port(&call.plane, &branch_ref, endpoint)?;
        }
        project.branches.push(branch.clone());
        project.endpoints.extend(opened.iter().cloned());
        let mut actions = vec![OperationAction::CreateTimeline];
        if !opened.is_empty() {
            actions.push(OperationAction::StartCompute);
        }
        let endpoint = opened.first().map(|endpoint| endpoint.id.as_str());
        Ok(operations::schedule(project, &branch.id, endpoint, actions))
    })?;
    // Copied before the answer, so that the branch holds what the parent held at this moment, not what it gets while the
    // operation waits. If it cannot be, the operation says why.
    if let Err(error) = branch_data::create(&call.plane, &branch_ref).await {
        tracing::warn!(%error, branch = branch.id, "couldn't copy a branch's data yet");
    }
    let answer = call.plane.store.project(&call.project, |project| {
        let branch = project.branch(&branch.id)?;
        Some(receipt(project, branch, &scheduled))
    });
    operations::run(&call.plane, &call.project, scheduled);
    answer.flatten().map(reply::created).or_not_found("branch")
}

fn receipt(
    project: &ProjectRecord,
    branch: &BranchRecord,
    scheduled: &[ScheduledOperation],
) -> Value {
    let endpoints = project.endpoints_of(&branch.id);
    let mut answer = json!({
        "branch": views::branch(branch, &project.id, false),
        "endpoints": endpoints.iter().map(|endpoint| views::endpoint(endpoint, project)).collect::<Vec<_>>(),
        "operations": views::operations(scheduled, &project.id),
        "roles": branch.roles.iter().map(|role| views::role(role, &branch.id, true)).collect::<Vec<_>>(),
        "databases": branch.databases.iter().map(|database| views::database(database, &branch.id)).collect::<Vec<_>>(),
    });
    // Neon leaves it out when the parent has more than one role or database.
    if let ([role], [database], Some(endpoint)) = (
        branch.roles.as_slice(),
        branch.databases.as_slice(),
        endpoints.first(),
    ) {
        let connection = views::connection(role, endpoint, &database.name);
        views::merge(&mut answer, json!({"connection_uris": [connection]}));
    }
    answer
}

pub(super) async fn get(call: Call) -> Reply {
    call.read_branch(|branch, project| {
        let view = views::branch(branch, &project.id, true);
        let annotation = views::annotation(branch);
        Ok(Json(json!({"branch": view, "annotation": annotation})))
    })
}

#[derive(Deserialize)]
struct BranchPatch {
    name: Option<String>,
    protected: Option<bool>,
    /// `null` removes it.
    #[serde(default, deserialize_with = "given")]
    expires_at: Option<Value>,
}

/// Tells `null` (remove it) from a field that is not there.
fn given<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

/// The branch after a change that needs no operation.
fn changed(call: &Call) -> Reply {
    call.read_branch(|branch, project| {
        let view = views::branch(branch, &project.id, true);
        Ok(Json(json!({"branch": view, "operations": []})))
    })
}

pub(super) async fn update(call: Call, bytes: Bytes) -> Reply {
    let patch: BranchPatch = request::field(&bytes, "branch")?;
    call.edit(|project| {
        if let Some(name) = &patch.name {
            check_length("branch.name", name)?;
            let branch = project.branch(&call.branch);
            if branch.is_none_or(|branch| branch.name != *name) {
                refuse_existing(project, name)?;
            }
        }
        if let Some(expiry) = &patch.expires_at {
            check_expiry(expiry.as_str())?;
        }
        let branch = project.branch_mut(&call.branch).or_not_found("branch")?;
        if let Some(name) = patch.name {
            branch.name = name;
        }
        if let Some(protected) = patch.protected {
            branch.protected = protected;
        }
        if let Some(expiry) = patch.expires_at {
            branch.expires_at = expiry.as_str().map(str::to_owned);
        }
        branch.updated_at = ids::now();
        Ok(())
    })?;
    changed(&call)
}

pub(super) async fn set_default(call: Call) -> Reply {
    call.edit(|project| {
        project.branch(&call.branch).or_not_found("branch")?;
        for branch in &mut project.branches {
            branch.default = branch.id == call.branch;
        }
        Ok(())
    })?;
    changed(&call)
}

#[derive(Deserialize)]
struct RestoreRequest {
    source_branch_id: String,
    source_lsn: Option<String>,
    source_timestamp: Option<String>,
    preserve_under_name: Option<String>,
}

/// Resets a branch to its parent. Neon restores to other branches and moments, too.
pub(super) async fn restore(call: Call, bytes: Bytes) -> Reply {
    let wanted: RestoreRequest = request::strict_body(&bytes)?;
    let refuse = |text: &str| ApiError::unprocessable("", text);
    if wanted.source_lsn.is_some()
        || wanted.source_timestamp.is_some()
        || wanted.preserve_under_name.is_some()
    {
        return Err(refuse(
            "the sandbox keeps no history: a branch is reset to its parent's current state",
        ));
    }
    let id = &call.branch;
    let answer = call.change(|project| {
        let branch = project.branch(id).or_not_found("branch")?;
        let source = project.branch(&wanted.source_branch_id);
        let source = source.or_not_found("source branch")?;
        if branch.parent_id.as_ref() != Some(&source.id) {
            return Err(refuse("the sandbox resets a branch only to its parent"));
        }
        if branch.protected {
            return Err(refuse("cannot reset a protected branch"));
        }
        let mut others = project.branches.iter();
        if others.any(|child| child.parent_id.as_ref() == Some(id)) {
            return Err(refuse("cannot reset branch that has children"));
        }
        let (roles, databases) = (source.roles.clone(), source.databases.clone());
        let now = ids::now();
        let branch = project.branch_mut(id).or_not_found("branch")?;
        branch.roles = roles;
        branch.databases = databases;
        branch.fresh = true; // the next start brings Postgres in line with them
        branch.parent_timestamp = Some(now.clone());
        branch.last_reset_at = Some(now.clone());
        branch.updated_at = now;
        let view = views::branch(branch, &call.project, true);
        let mut actions = vec![OperationAction::ResetTimeline];
        if project.main_endpoint(id).is_some() {
            actions.push(OperationAction::StartCompute);
        }
        let scheduled = operations::schedule_on_branch(project, id, actions);
        Ok((json!({"branch": view}), scheduled))
    })?;
    Ok(Json(answer))
}

pub(super) async fn delete(call: Call) -> Reply {
    let id = &call.branch;
    let answer = call.change(|project| {
        let branch = project.branch(id).or_not_found("branch")?;
        let view = views::branch(branch, &project.id, true);
        let refuse = |text: &str| Err(ApiError::unprocessable("", text));
        if branch.default {
            return refuse("cannot delete the default branch of the project");
        }
        if branch.protected {
            return refuse("cannot delete a protected branch");
        }
        let mut others = project.branches.iter();
        if others.any(|child| child.parent_id.as_ref() == Some(id)) {
            return refuse("cannot delete branch that has children");
        }
        let mut actions = vec![OperationAction::DeleteTimeline];
        if project.main_endpoint(id).is_some() {
            actions.insert(0, OperationAction::SuspendCompute);
        }
        let scheduled = operations::schedule_on_branch(project, id, actions);
        for endpoint in project.endpoints_of(id) {
            call.plane.close_front(&endpoint.id);
        }
        let endpoints = &mut project.endpoints;
        endpoints.retain(|endpoint| endpoint.branch_id != *id);
        project.branches.retain(|branch| branch.id != *id);
        Ok((json!({"branch": view}), scheduled))
    })?;
    Ok(Json(answer))
}
