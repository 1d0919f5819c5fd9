//! Resolves the settings: flags over environment over `neonup.toml` over what is detected over defaults.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::{
    core::environment::Environment,
    domain::{gate::Gate, host::is_loopback, url::Part, web_login::NEON_ISSUER},
    project::{
        config::Config,
        settings::{EnvBasis, EnvTarget, Flags, KeySpec, ProjectSettings, Settings},
    },
};

/// Neon's own API: the default of `--api-host`.
pub(crate) const NEON_API: &str = "https://console.neon.tech/api/v2";

/// Neon's service of temporary databases: the default of `NEONUP_CLAIM_HOST`.
pub(crate) const NEON_CLAIM: &str = "https://neon.new";

/// The layers below the command line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layers {
    /// The configuration, where the file exists.
    pub config: Option<Config>,
    /// The configuration that was detected in the repository.
    pub detected: Config,
    /// What the detected env files are known from.
    pub detected_env: EnvBasis,
    pub environment: Environment,
}

/// The sandbox's databases are on a port of their own. An application that takes the port of its connection from nowhere finds it in
/// `PGPORT`, as libpq, asyncpg, node-postgres and postgres.js do; Neon's is the port that they take anyway.
fn name_port(target: &mut EnvTarget) {
    let host = target.keys.iter().find_map(|(_, spec)| {
        if let KeySpec::Part { part, kind } = spec {
            (*part == Part::Host).then_some(*kind)
        } else {
            None
        }
    });
    let named = target.keys.iter().any(|(key, _)| key == "PGPORT");
    if let (Some(kind), false) = (host, named) {
        let part = Part::Port;
        target
            .keys
            .push(("PGPORT".to_owned(), KeySpec::Part { kind, part }));
    }
}

impl Settings {
    /// Resolves each setting from the highest layer that has it.
    pub(crate) fn resolve(
        root: &Path,
        config_file: &Path,
        layers: Layers,
        flags: Flags,
        now: SystemTime,
    ) -> Self {
        let Layers {
            config,
            detected,
            detected_env,
            environment,
        } = layers;
        let config_exists = config.is_some();
        let config = config.unwrap_or_default();
        let backend_declared = config.backend.is_some();
        let name = config
            .project
            .name
            .or(detected.project.name)
            .or_else(|| {
                root.file_name()
                    .map(|name| name.to_string_lossy().into_owned())
            })
            .unwrap_or_else(|| "neonup".to_owned());
        let api_host = flags
            .api_host
            .clone()
            .or_else(|| environment.get("NEON_API_HOST").map(str::to_owned))
            .unwrap_or_else(|| NEON_API.to_owned());
        let api_host = api_host.trim_end_matches('/').to_owned();
        // a sandbox speaks the service too: who works against one is never sent to the real one
        let claim_host = environment
            .get("NEONUP_CLAIM_HOST")
            .map(str::to_owned)
            .or_else(|| {
                let sandbox = url::Url::parse(&api_host)
                    .ok()
                    .filter(|_| is_loopback(&api_host));
                sandbox.map(|url| url.origin().ascii_serialization())
            })
            .unwrap_or_else(|| NEON_CLAIM.to_owned());
        // a login of Neon's is never sent to the API of somebody else
        let oauth_host = environment
            .get("NEON_OAUTH_HOST")
            .map(str::to_owned)
            .or_else(|| {
                if api_host == NEON_API {
                    return Some(NEON_ISSUER.to_owned());
                }
                let sandbox = url::Url::parse(&api_host).ok()?;
                is_loopback(&api_host).then(|| sandbox.origin().ascii_serialization())
            })
            .map(|host| host.trim_end_matches('/').to_owned());
        let mut env = if config.env.is_empty() {
            detected.env.clone()
        } else {
            config.env.clone()
        };
        if is_loopback(&api_host) {
            env.iter_mut().for_each(name_port);
        }
        let ca_file = flags
            .ca_file
            .clone()
            .or_else(|| environment.get("NEONUP_CA_FILE").map(PathBuf::from));
        Self {
            root: root.to_owned(),
            config_file: config_file.to_owned(),
            config_exists,
            found: None,
            api_host,
            claim_host: claim_host.trim_end_matches('/').to_owned(),
            oauth_host,
            ca_file,
            timeout: flags.timeout.unwrap_or(Duration::from_secs(15)),
            project: ProjectSettings {
                name,
                id: flags.project.clone().or(config.project.id),
                org: flags.org.clone().or(config.project.org),
                region: config.project.region.or(detected.project.region),
                postgres: config.project.postgres.or(detected.project.postgres),
                branch: config.project.branch.or(detected.project.branch),
                branch_expires_days: config.project.branch_expires_days,
                database: config.project.database.or(detected.project.database),
                role: config.project.role.or(detected.project.role),
            },
            env_basis: if config.env.is_empty() {
                detected_env
            } else {
                EnvBasis::Known
            },
            env,
            schema: config.schema.or(detected.schema).unwrap_or_default(),
            backend: config.backend.or(detected.backend),
            backend_declared,
            apps: Vec::new(),
            accepted: config.accepted,
            // what was chosen for this run comes first
            skips: [flags.skips.clone(), config.skips].concat(),
            now,
            environment,
            flags,
            gate: Gate::default(),
        }
    }
}
