//! What a clone remembers of its temporary database.
//!
//! Neon has no list of temporary databases: without its id one can't be found again, and the next run would make another. So the
//! id is stored when the database is made, with what a person may want to know after it has gone.

use serde::{Deserialize, Serialize};

use crate::core::secret::Secret;

/// How many hours a temporary database lives.
pub(crate) const HOURS: i64 = 72;
/// How many hours it can be claimed for certain: Neon's transfer requests lapse after a day.
pub(crate) const CLAIM_HOURS: i64 = 24;

/// What is remembered of a temporary database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordedDatabase {
    /// A secret: it leads to the connection string and to the claim.
    pub id: Secret,
    /// The id of its Neon project, which is not a secret; empty where it is not known.
    pub project: String,
    /// RFC 3339.
    pub expires_at: String,
}

/// The same, as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredDatabase {
    id: String,
    #[serde(default)]
    project: String,
    #[serde(default)]
    expires_at: String,
}

impl RecordedDatabase {
    /// Reads what was stored; `None` where it is something else.
    pub(crate) fn parse(text: &Secret) -> Option<Self> {
        let stored: StoredDatabase = serde_json::from_str(text.expose()).ok()?;
        (!stored.id.is_empty()).then(|| Self {
            id: Secret::new(stored.id),
            project: stored.project,
            expires_at: stored.expires_at,
        })
    }

    /// The text to store.
    pub(crate) fn text(&self) -> Secret {
        let stored = StoredDatabase {
            id: self.id.expose().to_owned(),
            project: self.project.clone(),
            expires_at: self.expires_at.clone(),
        };
        // plain strings always serialize
        Secret::new(serde_json::to_string(&stored).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_and_anything_else_is_refused() {
        let record = RecordedDatabase {
            id: Secret::new("0b0c"),
            project: "old-violet-32930710".to_owned(),
            expires_at: "2026-01-04T00:00:00Z".to_owned(),
        };
        assert_eq!(RecordedDatabase::parse(&record.text()), Some(record));
        for text in ["", "pending", "{}", r#"{"id":""}"#] {
            assert_eq!(RecordedDatabase::parse(&Secret::new(text)), None, "{text}");
        }
    }
}
