//! Every stack that is known.

use crate::project::detect::{
    django, drizzle, fastapi, flask,
    manifests::Language,
    node_postgres, other_languages, prisma, python,
    stack::{StackFamily, stack},
};

/// What the stack is called where it is none that is known.
pub(super) const NO_STACK: &str = "no known stack";

const BACKENDS: &[&str] = &["backend", "server", "api", "app", ""];
const NODE: &[&str] = &[
    "backend", "server", "api", "app", "", "frontend", "web", "client",
];

/// Every stack, in the order of preference.
pub(super) const STACKS: &[StackFamily] = &[
    StackFamily {
        folders: BACKENDS,
        language: Some(Language::Python),
        stacks: &[
            stack("Django", django::propose),
            stack("FastAPI with SQLModel", fastapi::with_sqlmodel),
            stack("FastAPI with SQLAlchemy", fastapi::with_sqlalchemy),
            stack("Flask", flask::propose),
            stack("Python", python::propose),
        ],
    },
    StackFamily {
        folders: BACKENDS,
        language: None,
        stacks: other_languages::STACKS,
    },
    StackFamily {
        folders: NODE,
        language: Some(Language::JavaScript),
        stacks: &[
            stack("Node with Prisma", prisma::propose),
            stack("Node with Drizzle", drizzle::propose),
            stack("Node with node-postgres", node_postgres::propose),
        ],
    },
];
