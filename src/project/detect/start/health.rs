//! The path at which an application says how it is.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    domain::{
        python::health_rank,
        reading::{Route, Spot},
        source::{Reader, join},
    },
    project::detect::start::{
        declared::{pattern, services},
        spot,
    },
};

/// A path that is asked, and what says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProposedPath {
    /// With its slash.
    pub path: String,
    pub seen: Spot,
}

/// Files that say to a host where the application is asked, with how they say it.
const SAID: &[(&[&str], &LazyLock<Regex>)] = &[
    (&["render.yaml", "render.yml"], &RENDER),
    (&["railway.json", "railway.toml"], &RAILWAY),
    (&["fly.toml"], &FLY),
    (&["Dockerfile"], &PROBE),
    (
        &[
            "k8s/deployment.yaml",
            "k8s/deployment.yml",
            "deploy/deployment.yaml",
            "kubernetes/deployment.yaml",
            "app.yaml",
        ],
        &KUBERNETES,
    ),
];

static RENDER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"healthCheckPath:\s*["']?(/[\w./-]*)"#));
static RAILWAY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"healthcheckPath"?\s*[:=]\s*["'](/[\w./-]*)"#));
static FLY: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^\s*path\s*=\s*["'](/[\w./-]*)"#));
static KUBERNETES: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"^\s*(?:path|check_path):\s*["']?(/[\w./-]*)"#));
/// A probe of an image or a service: `curl -f http://localhost:8000/health`.
static PROBE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:HEALTHCHECK|test:|CMD|curl|wget)[^\n]*https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::[\w${}:-]+)?(/[\w./-]*)",
    )
});

/// The path at which the application is asked: what the project says to whoever runs it, else one of its routes. `None` where there is no
/// such: then any answer at `/` shows no more than that it has started.
pub(crate) fn health(read: Reader<'_>, dir: &str, routes: &[Route]) -> Option<ProposedPath> {
    said(read, dir).or_else(|| {
        let best = routes
            .iter()
            .filter_map(|route| Some((rank(&route.path)?, route)))
            .min_by_key(|(rank, route)| (*rank, route.path.matches('/').count()))?;
        Some(ProposedPath {
            path: best.1.path.clone(),
            seen: best.1.at.clone(),
        })
    })
}

/// How likely a route is asked for the application's health; less is more. Rails calls its own `/up`.
fn rank(path: &str) -> Option<usize> {
    let parameters = path.contains([':', '*', '<', '[', '(']);
    let up = (path.trim_end_matches('/') == "/up").then_some(0);
    up.or_else(|| health_rank(path).filter(|_| !parameters))
}

fn said(read: Reader<'_>, dir: &str) -> Option<ProposedPath> {
    let folders: &[&str] = if dir.is_empty() { &[""] } else { &[dir, ""] };
    // the path `/` says no more than that something answers
    let telling = |path: &str| path.len() > 1;
    let in_lines =
        |file: &str, mut lines: &mut dyn Iterator<Item = (usize, &str)>, says: &Regex| {
            (&mut lines).find_map(|(line, text)| {
                let found = says.captures(text)?;
                let path = found.get(1)?.as_str();
                telling(path).then(|| ProposedPath {
                    path: path.to_owned(),
                    seen: spot(file, line),
                })
            })
        };
    for folder in folders {
        for (names, says) in SAID {
            for name in *names {
                let file = join(folder, name);
                let Some(text) = read(&file) else { continue };
                let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line));
                if let Some(found) = in_lines(&file, &mut lines, says) {
                    return Some(found);
                }
            }
        }
        for name in [
            "compose.yaml",
            "compose.yml",
            "docker-compose.yml",
            "docker-compose.yaml",
        ] {
            let file = join(folder, name);
            let Some(text) = read(&file) else { continue };
            let mut built = services(&text)
                .into_iter()
                .filter(|service| service.is_built)
                .flat_map(|service| service.lines);
            if let Some(found) = in_lines(&file, &mut built, &PROBE) {
                return Some(found);
            }
        }
    }
    None
}
