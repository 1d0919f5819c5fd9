//! The application of a workspace that a package of its database serves: `apps/web` imports `packages/db`, and is what starts.

use std::collections::BTreeSet;

use crate::project::detect::{
    package::{Package, workspace_root},
    start::{Start, node},
    tree::{Tree, is_below, lies_aside},
};

/// The most packages of a workspace that are looked at.
const MOST_PACKAGES: usize = 200;

/// Folders of applications by their usual names, the likeliest first.
const USUAL: &[&str] = &["web", "app", "api", "server", "backend", "nextjs", "www"];

/// Packages that answer HTTP requests.
const SERVERS: &[&str] = &[
    "next",
    "nuxt",
    "@nestjs/core",
    "@remix-run/dev",
    "@react-router/dev",
    "@sveltejs/kit",
    "astro",
    "express",
    "fastify",
    "koa",
    "hono",
    "elysia",
    "@hapi/hapi",
];

/// The likeliest application that imports the package in a folder, itself or over other packages, with how it starts.
pub(super) fn application(tree: &Tree<'_>, dir: &str) -> Option<Start> {
    let root = workspace_root(tree, dir)?;
    let name = Package::read(tree, dir)?.name()?;
    let packages: Vec<(&str, Package)> = tree
        .manifest_folders()
        .into_iter()
        .filter(|folder| *folder != dir && is_below(folder, root) && !lies_aside(folder))
        .filter_map(|folder| Some((folder, Package::read(tree, folder)?)))
        .take(MOST_PACKAGES)
        .collect();
    let mut importing = BTreeSet::from([name.clone()]);
    // each round finds those that are one package further away
    loop {
        let before = importing.len();
        let further: Vec<String> = packages
            .iter()
            .filter(|(_, package)| imports(package, &importing))
            .filter_map(|(_, package)| package.name())
            .collect();
        importing.extend(further);
        if importing.len() == before {
            break;
        }
    }
    let mut found: Vec<(&str, &Package, Start)> = packages
        .iter()
        .filter(|(_, package)| package.has_any(SERVERS) && imports(package, &importing))
        .filter_map(|(folder, package)| {
            Some((*folder, package, node(&|path| tree.read(path), folder)?))
        })
        .collect();
    found.sort_by_key(|(folder, package, _)| {
        let last = folder.rsplit('/').next().unwrap_or(folder);
        let place = USUAL.iter().position(|usual| *usual == last);
        (
            !package.has_any(&[name.as_str()]),
            place.unwrap_or(USUAL.len()),
        )
    });
    found.into_iter().next().map(|(_, _, start)| start)
}

fn imports(package: &Package, names: &BTreeSet<String>) -> bool {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    package.has_any(&names)
}
