//! What a rotation reports.

use crate::core::{code::Code, event::Report, finding::Finding};

/// The outcome of a rotation.
pub(in crate::engine) struct Rotated {
    /// One sentence without a full stop.
    pub(super) evidence: String,
    /// Copies of the old secret that a person has to deal with.
    pub(super) findings: Vec<Finding>,
}

impl Rotated {
    /// Merges into the report of the step that ran afterwards; the rotation's findings come first.
    pub(in crate::engine) fn into_report(self, mut probed: Report) -> Report {
        probed.evidence = format!("{}; {}", self.evidence, probed.evidence);
        let mut findings = self.findings;
        findings.retain(|copy| {
            let same = probed.findings.iter_mut().find(|finding| {
                finding.code == Code::SecretsCredentialInTree
                    && finding.path.is_some()
                    && (&finding.path, finding.line) == (&copy.path, copy.line)
            });
            // one place is one finding: the probe's, which cannot know that the password in it is dead
            if let Some(finding) = same {
                finding.detail.clone_from(&copy.detail);
                finding.hint.clone_from(&copy.hint);
                return false;
            }
            true
        });
        probed.findings.splice(0..0, findings);
        probed
    }
}
