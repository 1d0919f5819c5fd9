//! What the only account has: a user on Neon's free plan, its limits, its defaults, the regions.

use serde_json::{Value, json};

/// The e-mail of the only user.
pub(super) const EMAIL: &str = "developer@sandbox.localhost";

/// How many projects there may be, unless a fault sets another limit.
pub(super) const PROJECTS_LIMIT: usize = 20_000;

/// How many branches a project may have: each has a copy of its parent's data.
pub(super) const BRANCHES_LIMIT: usize = 100;
/// How many roles, and how many databases, a branch may have: Neon's own.
pub(super) const ROLES_LIMIT: usize = 500;
pub(super) const DATABASES_LIMIT: usize = 500;
/// How many API keys, and how many people a project is shared with.
pub(super) const KEYS_LIMIT: usize = 500;
pub(super) const PERMISSIONS_LIMIT: usize = 500;

/// Id, name, latitude and longitude of each region. Neon's default comes first.
pub(super) const REGIONS: [(&str, &str, &str, &str); 8] = [
    ("aws-us-east-2", "AWS US East 2 (Ohio)", "39.96", "-83"),
    (
        "aws-us-east-1",
        "AWS US East 1 (N. Virginia)",
        "38.13",
        "-78.45",
    ),
    (
        "aws-us-west-2",
        "AWS US West 2 (Oregon)",
        "46.15",
        "-123.88",
    ),
    (
        "aws-eu-central-1",
        "AWS Europe Central 1 (Frankfurt)",
        "50.11",
        "8.68",
    ),
    (
        "aws-eu-west-2",
        "AWS Europe West 2 (London)",
        "51.51",
        "-0.13",
    ),
    (
        "aws-ap-southeast-1",
        "AWS Asia Pacific 1 (Singapore)",
        "1.37",
        "103.8",
    ),
    (
        "aws-ap-southeast-2",
        "AWS Asia Pacific 2 (Sydney)",
        "-33.87",
        "151.21",
    ),
    (
        "aws-sa-east-1",
        "AWS South America East 1 (São Paulo)",
        "-23.55",
        "-46.63",
    ),
];

/// The region that is used when none is named.
pub(super) fn default_region() -> String {
    let [(id, ..), ..] = REGIONS;
    id.to_owned()
}

pub(super) fn is_region(id: &str) -> bool {
    REGIONS.iter().any(|(known, ..)| *known == id)
}

/// The default settings of a compute.
pub(super) fn compute_settings() -> Value {
    json!({"autoscaling_limit_min_cu": 0.25, "autoscaling_limit_max_cu": 2, "suspend_timeout_seconds": 0})
}

/// The default settings of a project.
pub(super) fn project_settings() -> Value {
    json!({
        "allowed_ips": {"ips": [], "protected_branches_only": false},
        "enable_logical_replication": false,
        "maintenance_window": {"weekdays": [5], "start_time": "07:00", "end_time": "08:00"},
        "block_public_connections": false,
        "block_vpc_connections": false,
        "hipaa": false,
    })
}
