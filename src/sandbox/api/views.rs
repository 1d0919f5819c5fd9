//! What things look like in JSON, with the fields of Neon's OpenAPI document.

use serde_json::{Value, json};

use crate::sandbox::{
    api::free_plan::EMAIL,
    ids,
    operations::ScheduledOperation,
    records::{
        BranchRecord, DatabaseRecord, EndpointRecord, OperationRecord, OperationStatus,
        ProjectRecord, RoleRecord, SandboxState,
    },
};

/// The host with its port, since each endpoint has a port of its own.
pub(super) fn host(endpoint: &EndpointRecord) -> String {
    format!("localhost:{}", endpoint.port)
}

/// Leaves out what is null, as Neon does.
fn compact(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    value
}

/// Adds the fields of one object to another.
pub(super) fn merge(into: &mut Value, more: Value) {
    if let (Some(fields), Value::Object(more)) = (into.as_object_mut(), more) {
        fields.extend(more);
    }
}

/// A project in a list, or on its own.
pub(super) fn project(project: &ProjectRecord, state: &SandboxState, listed: bool) -> Value {
    let last_active = project
        .endpoints
        .iter()
        .filter_map(|endpoint| endpoint.last_active.as_ref())
        .max();
    let org = state.account.organization(&project.org_id);
    let mut value = json!({
        "id": project.id,
        "platform_id": "aws",
        "region_id": project.region_id,
        "name": project.name,
        "provisioner": "k8s-neonvm",
        "default_endpoint_settings": project.default_endpoint_settings,
        "settings": project.settings,
        "pg_version": project.pg_version,
        "proxy_host": "localhost",
        "branch_logical_size_limit": 512,
        "branch_logical_size_limit_bytes": 536_870_912,
        "store_passwords": project.store_passwords,
        "cpu_used_sec": 0,
        "creation_source": "console",
        "history_retention_seconds": project.history_retention_seconds,
        "created_at": project.created_at,
        "updated_at": project.updated_at,
        "synthetic_storage_size": 0,
        "owner_id": project.org_id,
        "compute_last_active_at": last_active,
        "org_id": project.org_id,
    });
    let more = if listed {
        json!({"active_time": 0, "org_name": org.map(|org| &org.name), "effective_project_permission": "CAN_MANAGE"})
    } else {
        json!({
            "data_storage_bytes_hour": 0,
            "data_transfer_bytes": 0,
            "written_data_bytes": 0,
            "compute_time_seconds": 0,
            "active_time_seconds": 0,
            "consumption_period_start": project.created_at,
            "consumption_period_end": ids::ZERO_TIME,
            "owner": {"email": EMAIL, "name": "Sandbox", "branches_limit": 5000, "subscription_type": "free_v3"},
        })
    };
    merge(&mut value, more);
    compact(value)
}

/// A branch. Only reads show who created it.
pub(super) fn branch(branch: &BranchRecord, project: &str, read: bool) -> Value {
    compact(json!({
        "id": branch.id,
        "project_id": project,
        "parent_id": branch.parent_id,
        "parent_lsn": branch.parent_lsn,
        "parent_timestamp": branch.parent_timestamp,
        "name": branch.name,
        "current_state": if branch.ready { "ready" } else { "init" },
        "pending_state": (!branch.ready).then_some("ready"),
        "state_changed_at": branch.state_changed_at,
        "logical_size": branch.ready.then_some(30_842_880),
        "creation_source": "console",
        "primary": branch.default,
        "default": branch.default,
        "protected": branch.protected,
        "cpu_used_sec": 0,
        "compute_time_seconds": 0,
        "active_time_seconds": 0,
        "written_data_bytes": 0,
        "data_transfer_bytes": 0,
        "created_at": branch.created_at,
        "updated_at": branch.updated_at,
        "expires_at": branch.expires_at,
        "last_reset_at": branch.last_reset_at,
        "created_by": read.then(|| json!({"name": "Sandbox", "image": ""})),
        "init_source": branch.init_source,
    }))
}

/// The annotation of a branch, which always exists and is mostly empty.
pub(super) fn annotation(branch: &BranchRecord) -> Value {
    let value = if branch.annotations.is_object() {
        branch.annotations.clone()
    } else {
        json!({})
    };
    json!({
        "object": {"type": "console/branch", "id": branch.id},
        "value": value,
        "created_at": branch.created_at,
        "updated_at": branch.updated_at,
    })
}

pub(super) fn endpoint(endpoint: &EndpointRecord, project: &ProjectRecord) -> Value {
    compact(json!({
        "host": host(endpoint),
        "id": endpoint.id,
        "name": endpoint.name,
        "project_id": project.id,
        "branch_id": endpoint.branch_id,
        "autoscaling_limit_min_cu": endpoint.autoscaling_limit_min_cu,
        "autoscaling_limit_max_cu": endpoint.autoscaling_limit_max_cu,
        "region_id": project.region_id,
        "type": if endpoint.read_only { "read_only" } else { "read_write" },
        "current_state": endpoint.state,
        "pending_state": endpoint.pending_state,
        "settings": endpoint.settings,
        "pooler_enabled": false,
        "pooler_mode": "transaction",
        "disabled": endpoint.disabled,
        "passwordless_access": true,
        "last_active": endpoint.last_active,
        "creation_source": "console",
        "created_at": endpoint.created_at,
        "updated_at": endpoint.updated_at,
        "started_at": endpoint.started_at,
        "suspended_at": endpoint.suspended_at,
        "proxy_host": "localhost",
        "suspend_timeout_seconds": endpoint.suspend_timeout_seconds,
        "provisioner": "k8s-neonvm",
    }))
}

/// A role. Neon shows its password only when it was just created or reset.
pub(super) fn role(role: &RoleRecord, branch: &str, with_password: bool) -> Value {
    compact(json!({
        "branch_id": branch,
        "name": role.name,
        "password": role.password.as_ref().filter(|_| with_password),
        "protected": false,
        "authentication_method": if role.no_login { "no_login" } else { "password" },
        "created_at": role.created_at,
        "updated_at": role.updated_at,
    }))
}

pub(super) fn database(database: &DatabaseRecord, branch: &str) -> Value {
    json!({
        "id": database.id,
        "branch_id": branch,
        "name": database.name,
        "owner_name": database.owner_name,
        "created_at": database.created_at,
        "updated_at": database.updated_at,
    })
}

pub(super) fn operation(operation: &OperationRecord, project: &str) -> Value {
    compact(json!({
        "id": operation.id,
        "project_id": project,
        "branch_id": operation.branch_id,
        "endpoint_id": operation.endpoint_id,
        "action": operation.action,
        "status": operation.status,
        "error": operation.error,
        "failures_count": i32::from(operation.status == OperationStatus::Failed),
        "created_at": operation.created_at,
        "updated_at": operation.updated_at,
        "total_duration_ms": operation.total_duration_ms,
    }))
}

/// The operations that a call has scheduled.
pub(super) fn operations(scheduled: &[ScheduledOperation], project: &str) -> Value {
    let operations = scheduled
        .iter()
        .map(|one| operation(&one.operation, project));
    operations.collect()
}

/// The URI in the form that Neon's own tools build.
pub(super) fn uri(role: &str, password: &str, endpoint: &EndpointRecord, database: &str) -> String {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    const PLAIN: &percent_encoding::AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~');
    let encode = |text| utf8_percent_encode(text, PLAIN);
    format!(
        "postgresql://{}:{}@{}/{}?sslmode=require&channel_binding=require",
        encode(role),
        encode(password),
        host(endpoint),
        encode(database)
    )
}

/// One entry of `connection_uris`.
pub(super) fn connection(role: &RoleRecord, endpoint: &EndpointRecord, database: &str) -> Value {
    let password = role.password.as_deref().unwrap_or_default();
    json!({
        "connection_uri": uri(&role.name, password, endpoint, database),
        "connection_parameters": {
            "database": database,
            "password": password,
            "role": role.name,
            "host": host(endpoint),
            "pooler_host": host(endpoint),
        },
    })
}
