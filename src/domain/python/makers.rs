//! The functions of packages that make connections to a database.

/// What makes connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EngineKind {
    /// An engine of SQLAlchemy.
    Engine,
    AsyncEngine,
    /// A driver's own connection or pool.
    Psycopg,
    Psycopg2,
    Asyncpg,
    Pg8000,
    /// Another library, whose arguments are not judged.
    Other,
}

/// The library's function and what it makes; the first whose name is the end of the path.
pub(crate) const MAKERS: &[(&str, &str, EngineKind)] = &[
    ("sqlalchemy", "create_async_engine", EngineKind::AsyncEngine),
    ("sqlmodel", "create_async_engine", EngineKind::AsyncEngine),
    ("sqlalchemy", "create_engine", EngineKind::Engine),
    ("sqlmodel", "create_engine", EngineKind::Engine),
    ("sqlalchemy", "engine_from_config", EngineKind::Other),
    ("sqlalchemy", "async_engine_from_config", EngineKind::Other),
    ("psycopg", "connect", EngineKind::Psycopg),
    ("psycopg_pool", "ConnectionPool", EngineKind::Other),
    ("psycopg_pool", "AsyncConnectionPool", EngineKind::Other),
    ("psycopg2", "connect", EngineKind::Psycopg2),
    ("psycopg2", "SimpleConnectionPool", EngineKind::Other),
    ("psycopg2", "ThreadedConnectionPool", EngineKind::Other),
    ("asyncpg", "connect", EngineKind::Asyncpg),
    ("asyncpg", "create_pool", EngineKind::Other),
    ("pg8000", "connect", EngineKind::Pg8000),
    ("aiopg", "create_pool", EngineKind::Other),
    ("databases", "Database", EngineKind::Other),
    ("tortoise", "init", EngineKind::Other),
    ("tortoise", "register_tortoise", EngineKind::Other),
    ("tortoise", "RegisterTortoise", EngineKind::Other),
    (
        "fastapi_sqlalchemy",
        "DBSessionMiddleware",
        EngineKind::Other,
    ),
    (
        "fastapi_async_sqlalchemy",
        "SQLAlchemyMiddleware",
        EngineKind::Other,
    ),
    ("flask_sqlalchemy", "SQLAlchemy", EngineKind::Other),
    ("peewee", "PostgresqlDatabase", EngineKind::Other),
    ("playhouse", "connect", EngineKind::Other),
    ("piccolo", "PostgresEngine", EngineKind::Other),
    ("prisma", "Prisma", EngineKind::Other),
    (
        "advanced_alchemy",
        "SQLAlchemyAsyncConfig",
        EngineKind::Other,
    ),
    (
        "advanced_alchemy",
        "SQLAlchemySyncConfig",
        EngineKind::Other,
    ),
];
