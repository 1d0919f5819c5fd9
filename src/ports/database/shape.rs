//! What a database holds beside its rows: tables, and what else the statements of a schema make.

use serde::{Deserialize, Serialize};

/// A column as `pg_catalog` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ColumnFacts {
    pub name: String,
    /// The type, as `format_type` writes it.
    pub kind: String,
    pub nullable: bool,
    /// The default's expression; `identity`, or `generated …`, for a column that has no value of its own.
    pub default: Option<String>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TableFacts {
    /// With its schema, unless that is `public`.
    pub name: String,
    /// In the table's own order.
    pub columns: Vec<ColumnFacts>,
    /// Constraints, as `pg_get_constraintdef` writes them.
    pub constraints: Vec<String>,
    /// Indexes, as `pg_get_indexdef` writes them.
    pub indexes: Vec<String>,
}

/// Something beside the tables that statements of a schema make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ObjectFacts {
    /// In words: `view`, `enum`, `function`, `trigger`, `extension`.
    pub kind: String,
    /// With its schema, unless that is `public`.
    pub name: String,
    /// What it is made of, as its own server writes it; another version may write it in another way.
    pub definition: String,
}

/// Everything but the rows, outside of the system's own schemas.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct SchemaShape {
    /// The server's major version.
    pub major: u32,
    pub tables: Vec<TableFacts>,
    pub objects: Vec<ObjectFacts>,
}
