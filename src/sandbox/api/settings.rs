//! What may be set for projects and computes. A setting that would do nothing here is refused.

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::sandbox::api::reply::ApiError;

/// The settings of a project.
#[derive(Deserialize)]
struct ProjectSettingsBody {
    quota: Option<BTreeMap<String, i64>>,
    allowed_ips: Option<AllowedIps>,
    enable_logical_replication: Option<bool>,
    maintenance_window: Option<MaintenanceWindow>,
    block_public_connections: Option<bool>,
    block_vpc_connections: Option<bool>,
    hipaa: Option<bool>,
    preload_libraries: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
struct AllowedIps {
    #[serde(default)]
    ips: Vec<String>,
    #[serde(rename = "protected_branches_only")]
    _protected_branches_only: Option<bool>,
}

#[derive(Deserialize)]
struct MaintenanceWindow {
    weekdays: Vec<u8>,
    start_time: String,
    end_time: String,
}

/// The settings of a compute, and those that a project has for its new ones.
#[derive(Deserialize)]
struct ComputeSettingsBody {
    pg_settings: Option<BTreeMap<String, String>>,
    pgbouncer_settings: Option<BTreeMap<String, String>>,
    preload_libraries: Option<BTreeMap<String, Value>>,
    autoscaling_limit_min_cu: Option<f64>,
    autoscaling_limit_max_cu: Option<f64>,
    suspend_timeout_seconds: Option<i64>,
}

fn read<T: DeserializeOwned>(field: &str, value: &Value) -> Result<T, ApiError> {
    T::deserialize(value).map_err(|error| {
        ApiError::bad_request(format!(
            "invalid request: decode application/json: {field}: {error}"
        ))
    })
}

fn invalid(text: &str) -> ApiError {
    ApiError::bad_request(format!("invalid request: {text}"))
}

fn refuse_if(set: bool, what: &str) -> Result<(), ApiError> {
    if set {
        return Err(ApiError::not_available(what));
    }
    Ok(())
}

/// Whether a map sets something.
fn filled<T>(map: Option<&BTreeMap<String, T>>) -> bool {
    map.is_some_and(|map| !map.is_empty())
}

/// Checks the settings of a project.
pub(super) fn check_project(settings: Option<&Value>) -> Result<(), ApiError> {
    let Some(value) = settings else { return Ok(()) };
    let settings: ProjectSettingsBody = read("project.settings", value)?;
    if let Some(window) = &settings.maintenance_window {
        check_window(window)?;
    }
    let allowed = settings.allowed_ips;
    refuse_if(
        allowed.is_some_and(|allowed| !allowed.ips.is_empty()),
        "IP Allow is",
    )?;
    refuse_if(
        settings.enable_logical_replication == Some(true),
        "logical replication is",
    )?;
    refuse_if(
        settings.block_public_connections == Some(true)
            || settings.block_vpc_connections == Some(true),
        "private networking is",
    )?;
    refuse_if(settings.hipaa == Some(true), "HIPAA compliance is")?;
    refuse_if(filled(settings.quota.as_ref()), "quotas are")?;
    refuse_if(
        filled(settings.preload_libraries.as_ref()),
        "preloaded libraries are",
    )
}

fn check_window(window: &MaintenanceWindow) -> Result<(), ApiError> {
    let is_time = |text: &str| {
        let parts = text.split_once(':');
        let part = |text: &str, below: u8| {
            text.len() == 2 && text.parse().is_ok_and(|number: u8| number < below)
        };
        parts.is_some_and(|(hour, minute)| part(hour, 24) && part(minute, 60))
    };
    let days = window.weekdays.iter().all(|day| (1..=7).contains(day));
    if days && is_time(&window.start_time) && is_time(&window.end_time) {
        return Ok(());
    }
    Err(invalid(
        "project.settings.maintenance_window: must have weekdays from 1 to 7, and times as HH:MM",
    ))
}

/// Checks the settings of a compute, named by `field`.
pub(super) fn check_compute(field: &str, settings: Option<&Value>) -> Result<(), ApiError> {
    let Some(value) = settings else { return Ok(()) };
    let settings: ComputeSettingsBody = read(field, value)?;
    let most = settings.autoscaling_limit_max_cu;
    check_scaling(field, settings.autoscaling_limit_min_cu, most)?;
    check_suspend(field, settings.suspend_timeout_seconds)?;
    refuse_if(
        filled(settings.pg_settings.as_ref()),
        "custom Postgres settings are",
    )?;
    refuse_if(filled(settings.pgbouncer_settings.as_ref()), "PgBouncer is")?;
    refuse_if(
        filled(settings.preload_libraries.as_ref()),
        "preloaded libraries are",
    )
}

/// Checks the bounds between which a compute may scale.
pub(super) fn check_scaling(
    field: &str,
    least: Option<f64>,
    most: Option<f64>,
) -> Result<(), ApiError> {
    let fits = |bound: f64| bound >= 0.25;
    if least.is_none_or(fits)
        && most.is_none_or(fits)
        && least.is_none_or(|least| most.is_none_or(|most| least <= most))
    {
        return Ok(());
    }
    Err(invalid(&format!(
        "{field}.autoscaling_limit_min_cu: must be 0.25 or more, and not above the maximum"
    )))
}

/// Checks how long a compute may be idle.
pub(super) fn check_suspend(field: &str, seconds: Option<i64>) -> Result<(), ApiError> {
    if seconds.is_none_or(|seconds| (-1..=604_800).contains(&seconds)) {
        return Ok(());
    }
    Err(invalid(&format!(
        "{field}.suspend_timeout_seconds: must be between -1 and 604800"
    )))
}
