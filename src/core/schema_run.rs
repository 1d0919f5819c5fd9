//! What the last run of the migration command stood on and has left: kept for the clone, for a command that nobody can ask whether
//! something is pending.

use serde::{Deserialize, Serialize};

use crate::core::app_proof::{ProofInput, ProofInputs};

/// The last run that ended well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SchemaRun {
    /// When, in seconds since 1970.
    pub at: u64,
    /// The command, the repository's files and the tables that were there afterwards.
    pub inputs: ProofInputs,
}

impl SchemaRun {
    /// What has changed since. A table that came later is another program's, such as the application's own, and changes nothing.
    pub(crate) fn outdated_by(&self, now: &ProofInputs) -> Vec<ProofInput> {
        let mut changed = now.changed_since(&self.inputs);
        changed.retain(|input| {
            !matches!(
                input,
                ProofInput::Table(_) | ProofInput::DatabaseObject { .. }
            ) || self.inputs.get(input).is_some()
        });
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(pairs: &[(ProofInput, &str)]) -> ProofInputs {
        let mut inputs = ProofInputs::default();
        for (input, hash) in pairs {
            inputs.insert(input.clone(), (*hash).to_owned());
        }
        inputs
    }

    #[test]
    fn a_changed_or_lost_table_counts_and_a_new_one_does_not() {
        let table = |name: &str| ProofInput::Table(name.to_owned());
        let view = || ProofInput::DatabaseObject {
            kind: "view".to_owned(),
            name: "v".to_owned(),
        };
        let file = || ProofInput::File("schema.ts".to_owned());
        let run = SchemaRun {
            at: 0,
            inputs: inputs(&[
                (table("a"), "1"),
                (table("b"), "1"),
                (view(), "1"),
                (file(), "1"),
            ]),
        };
        let same = inputs(&[
            (table("a"), "1"),
            (table("b"), "1"),
            (table("sessions"), "1"),
            (view(), "1"),
            (file(), "1"),
        ]);
        assert!(run.outdated_by(&same).is_empty());
        let now = inputs(&[(table("a"), "2"), (file(), "2")]);
        let words: Vec<_> = run
            .outdated_by(&now)
            .iter()
            .map(ProofInput::words)
            .collect();
        assert_eq!(
            words,
            [
                "`schema.ts`",
                "the table `a`",
                "the table `b`",
                "the view `v`"
            ]
        );
    }
}
