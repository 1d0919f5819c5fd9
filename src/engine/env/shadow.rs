//! Env files beside a target that its framework reads first, and which hide the target's values.

use crate::{
    core::{
        code::{Code, Severity},
        finding::Finding,
    },
    domain::dotenv::{Document, beyond_limit},
    engine::context::Cx,
    project::settings::{EnvTarget, KeySpec},
};

/// A tool that reads several env files of one folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EnvTool {
    /// The file of the mode comes behind `.env.local`.
    Next,
    /// The file of the mode comes before `.env.local`.
    Vite,
}

/// The packages by which a tool is known in `package.json`.
const TOOLS: &[(&str, EnvTool)] = &[
    ("next", EnvTool::Next),
    ("vite", EnvTool::Vite),
    ("astro", EnvTool::Vite),
];

impl EnvTool {
    /// The files in the order in which they win, in development.
    const fn order(self) -> [&'static str; 4] {
        match self {
            Self::Next => [
                ".env.development.local",
                ".env.local",
                ".env.development",
                ".env",
            ],
            Self::Vite => [
                ".env.development.local",
                ".env.development",
                ".env.local",
                ".env",
            ],
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Next => "Next.js",
            Self::Vite => "Vite",
        }
    }

    /// The tool that a `package.json` depends on.
    fn of(package: &[u8]) -> Option<Self> {
        let package: serde_json::Value = serde_json::from_slice(package).ok()?;
        let depends = |name: &str| {
            ["dependencies", "devDependencies"].iter().any(|group| {
                package
                    .get(group)
                    .is_some_and(|group| group.get(name).is_some())
            })
        };
        TOOLS
            .iter()
            .find(|(name, _)| depends(name))
            .map(|(_, tool)| *tool)
    }

    /// The files that win over `name`, the first one first; none where it reads no such file.
    fn read_before(self, name: &str) -> Vec<&'static str> {
        let order = self.order();
        let at = order.iter().position(|known| *known == name).unwrap_or(0);
        order.into_iter().take(at).collect()
    }
}

/// Finds the keys of a target that another file hides: the application sees that file's value, whatever stands in the target.
/// `wanted` is the target as it is to be.
pub(super) fn find(cx: &Cx, wanted: &Document, spec: &EnvTarget) -> Vec<Finding> {
    let (dir, name) = spec.file.rsplit_once('/').unwrap_or(("", &spec.file));
    let beside = |name: &str| {
        if dir.is_empty() {
            name.to_owned()
        } else {
            format!("{dir}/{name}")
        }
    };
    let read = |file: &str| cx.ports.files.read(&cx.settings.path(file)).ok().flatten();
    let Some(tool) = read(&beside("package.json")).and_then(|package| EnvTool::of(&package)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut hidden: Vec<String> = Vec::new();
    for file in tool.read_before(name).into_iter().map(beside) {
        let Some(bytes) = read(&file).filter(|bytes| beyond_limit(bytes).is_none()) else {
            continue;
        };
        let document = Document::parse(&bytes);
        for (key, key_spec) in &spec.keys {
            let entry = document.all(key).next_back();
            let Some(entry) = entry.filter(|_| !hidden.contains(key)) else {
                continue;
            };
            // what wins once wins over all that follow
            hidden.push(key.clone());
            let managed =
                cx.settings.env.iter().any(|other| {
                    other.file == file && other.keys.iter().any(|(name, _)| name == key)
                });
            let same = wanted.get(key) == Some(&entry.value);
            let connects = matches!(key_spec, KeySpec::Url { .. } | KeySpec::Part { .. });
            if managed || same || *key_spec == KeySpec::ByHand {
                continue;
            }
            let finding = Finding::new(
                Code::EnvShadowed,
                format!("`{file}` overrides `{key}` from `{}`", spec.file),
            )
            .path(&file)
            .line(entry.line)
            .detail(format!(
                "{} reads `{file}` first, and it sets a different value",
                tool.name()
            ))
            .hint(format!(
                "delete line {} of {file}, or set {file} as the env file in neonup.toml",
                entry.line
            ));
            found.push(if connects {
                finding
            } else {
                finding.severity(Severity::Warning)
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tool_has_its_order() {
        let next = EnvTool::of(br#"{"dependencies":{"next":"15"}}"#).unwrap();
        assert_eq!(next.read_before(".env.local"), [".env.development.local"]);
        assert_eq!(
            next.read_before(".env"),
            [".env.development.local", ".env.local", ".env.development"]
        );
        let vite = EnvTool::of(br#"{"devDependencies":{"vite":"6"}}"#).unwrap();
        assert_eq!(
            vite.read_before(".env.local"),
            [".env.development.local", ".env.development"]
        );
        for file in ["app.env", ".env.production", ".env.development.local"] {
            assert_eq!(next.read_before(file), [""; 0], "{file}");
        }
        for package in [
            "",
            "[]",
            r#"{"name":"next"}"#,
            r#"{"dependencies":["next"]}"#,
        ] {
            assert_eq!(EnvTool::of(package.as_bytes()), None, "{package}");
        }
    }
}
