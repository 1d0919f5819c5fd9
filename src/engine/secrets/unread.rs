//! What could not be searched, as findings: one for each reason.

use crate::{
    core::{
        code::{Code, Severity},
        finding::Finding,
        proof::{Coverage, Unread},
    },
    domain::counted::grouped,
    engine::secrets::messages::accepted,
    project::settings::Accepted,
};

/// How many things of one reason are listed.
const LISTED: usize = 5;

/// Findings of what was not searched: those that leave the step open, and notes of those that the project accepts.
pub(super) fn findings(coverage: &Coverage, accepts: &[Accepted]) -> (Vec<Finding>, Vec<Finding>) {
    let mut open: Vec<Vec<&Unread>> = Vec::new();
    let mut notes = Vec::new();
    for unread in coverage.unread() {
        let alone = finding(&[unread]);
        if accepts.iter().any(|accepts| accepts.covers(&alone)) {
            notes.push(accepted(accepts, alone));
            continue;
        }
        let same = open.iter_mut().find(|group| {
            group
                .first()
                .is_some_and(|first| first.why == unread.why && first.hint == unread.hint)
        });
        match same {
            Some(group) => group.push(unread),
            None => open.push(vec![unread]),
        }
    }
    let mut findings: Vec<_> = open.iter().map(|group| finding(group)).collect();
    if coverage.more() > 0 {
        let count = grouped(coverage.more() as u64);
        let title = format!("{count} more couldn't be searched");
        findings.push(
            Finding::new(Code::SecretsUnknown, title)
                .severity(Severity::Gap)
                .hint("start with the ones listed"),
        );
    }
    (findings, notes)
}

fn finding(group: &[&Unread]) -> Finding {
    let names: Vec<_> = group.iter().map(|unread| unread.what.as_str()).collect();
    let (title, listed) = match names.as_slice() {
        [] => (String::new(), String::new()),
        [one] => (
            format!("{one} couldn't be searched completely"),
            String::new(),
        ),
        [first, rest @ ..] => {
            let more = match rest.len().saturating_sub(LISTED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let rest: Vec<_> = rest.iter().copied().take(LISTED).collect();
            (
                format!(
                    "{first} and {} more couldn't be searched completely",
                    names.len() - 1
                ),
                format!("; also {}{more}", rest.join(", ")),
            )
        }
    };
    let (why, hint) = group
        .first()
        .map_or(("", ""), |first| (&first.why, &first.hint));
    let mut finding = Finding::new(Code::SecretsUnknown, title)
        .severity(Severity::Gap)
        .detail(format!("{why}{listed}"))
        .hint(hint);
    if let [only] = group {
        finding.path = only.path().map(str::to_owned);
    }
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_finding_tells_all_that_has_the_same_reason() {
        let mut coverage = Coverage::complete();
        for number in 0..9 {
            coverage.leave_out(Unread::file(
                &format!("{number}.zip"),
                "it has a password",
                "unpack it",
            ));
        }
        coverage.leave_out(Unread {
            what: "the history".to_owned(),
            why: "the clone is shallow".to_owned(),
            hint: "git fetch --unshallow".to_owned(),
        });
        let (open, notes) = findings(&coverage, &[]);
        assert_eq!(notes, []);
        let titles: Vec<_> = open.iter().map(|finding| finding.title.as_str()).collect();
        assert_eq!(
            titles,
            [
                "`0.zip` and 8 more couldn't be searched completely",
                "the history couldn't be searched completely"
            ]
        );
        assert_eq!(
            open[0].detail,
            "it has a password; also `1.zip`, `2.zip`, `3.zip`, `4.zip`, `5.zip` and 3 more"
        );
        assert!(open.iter().all(|finding| finding.severity == Severity::Gap));
    }

    #[test]
    fn what_cannot_be_searched_is_accepted_by_its_code_alone() {
        let mut coverage = Coverage::complete();
        coverage.leave_out(Unread::file(
            "fixtures/a.zip",
            "it has a password",
            "unpack it",
        ));
        let accept = |code| Accepted {
            path: "fixtures/".to_owned(),
            code,
            reason: "fixtures".to_owned(),
        };
        for (code, left) in [
            (None, 1),
            (Some(Code::SecretsCredentialInTree), 1),
            (Some(Code::SecretsUnknown), 0),
        ] {
            let (open, notes) = findings(&coverage, &[accept(code)]);
            assert_eq!((open.len(), notes.len()), (left, 1 - left), "{code:?}");
        }
        // a member is part of its archive
        let mut coverage = Coverage::complete();
        for file in ["a.zip!b", "a.zipped"] {
            coverage.leave_out(Unread::file(file, "it has a password", "unpack it"));
        }
        let accepted = Accepted {
            path: "a.zip".to_owned(),
            ..accept(Some(Code::SecretsUnknown))
        };
        let (open, notes) = findings(&coverage, &[accepted]);
        assert_eq!((open.len(), notes.len()), (1, 1));
    }
}
