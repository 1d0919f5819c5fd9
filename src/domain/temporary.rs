//! What a clone remembers of its temporary database.
//!
//! Nobody lists temporary databases: without its id one cannot be found again, and the next run would make another one. So the id
//! is written down when the database is made, and nothing else is but what tells a person when it went and what it was.

use serde::{Deserialize, Serialize};

use crate::core::secret::Secret;

/// How many hours a temporary database lives.
pub(crate) const HOURS: i64 = 72;
/// How many hours the offer to claim it holds for sure: Neon's transfer requests lapse after a day.
pub(crate) const CLAIM_HOURS: i64 = 24;

/// What is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// The id, which is a secret: it leads to the connection string and to the claim.
    pub id: Secret,
    /// The id of its Neon project, which is none; empty where it is not known.
    pub project: String,
    /// When it goes, RFC 3339.
    pub expires_at: String,
}

/// The record as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    id: String,
    #[serde(default)]
    project: String,
    #[serde(default)]
    expires_at: String,
}

impl Record {
    /// Reads what was kept; `None` where it is no record.
    pub(crate) fn parse(text: &Secret) -> Option<Self> {
        let kept: Kept = serde_json::from_str(text.expose()).ok()?;
        (!kept.id.is_empty()).then(|| Self {
            id: Secret::new(kept.id),
            project: kept.project,
            expires_at: kept.expires_at,
        })
    }

    /// The text to keep.
    pub(crate) fn text(&self) -> Secret {
        let kept = Kept {
            id: self.id.expose().to_owned(),
            project: self.project.clone(),
            expires_at: self.expires_at.clone(),
        };
        // plain strings always serialise
        Secret::new(serde_json::to_string(&kept).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back_and_anything_else_is_none() {
        let record = Record {
            id: Secret::new("0b0c"),
            project: "old-violet-32930710".to_owned(),
            expires_at: "2026-01-04T00:00:00Z".to_owned(),
        };
        assert_eq!(Record::parse(&record.text()), Some(record));
        for text in ["", "pending", "{}", r#"{"id":""}"#] {
            assert_eq!(Record::parse(&Secret::new(text)), None, "{text}");
        }
    }
}
