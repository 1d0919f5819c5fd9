//! The findings as SARIF 2.1.0, which code scanners and pull requests read.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::core::{
    code::{Code, Severity},
    finding::Finding,
    plan::Plan,
    step::StepId,
};

/// What a relative URI does not escape.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Makes the document of these steps. Like the findings, it holds no secret.
pub(crate) fn document(plan: &Plan, steps: &[StepId]) -> Value {
    let findings: Vec<&Finding> = steps
        .iter()
        .flat_map(|id| &plan.step(*id).findings)
        .collect();
    let mut rules: BTreeMap<Code, usize> = BTreeMap::new();
    for finding in &findings {
        rules.entry(finding.code).or_default();
    }
    for (position, index) in rules.values_mut().enumerate() {
        *index = position;
    }
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "neonup",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.keys().map(|code| rule(*code)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": findings.iter().map(|finding| result(finding, &rules)).collect::<Vec<_>>(),
        }],
    })
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "shortDescription": { "text": code.about() },
        "defaultConfiguration": { "level": level(code.severity()) },
        "properties": { "tags": ["security", code.step().name()] },
    })
}

fn result(finding: &Finding, rules: &BTreeMap<Code, usize>) -> Value {
    let mut text = finding.title.clone();
    for part in [&finding.detail, &finding.hint] {
        if !part.is_empty() {
            text.push_str(". ");
            text.push_str(part);
        }
    }
    let mut result = json!({
        "ruleId": finding.code.as_str(),
        "ruleIndex": rules.get(&finding.code),
        "level": level(finding.severity),
        "message": { "text": text },
    });
    if let Some(path) = &finding.path {
        // a viewer cannot show the member of an archive
        let file = path.split('!').next().unwrap_or(path);
        let mut location = json!({
            "artifactLocation": { "uri": utf8_percent_encode(file, PATH).to_string(), "uriBaseId": "%SRCROOT%" },
        });
        if let (Some(line), Some(location)) = (finding.line, location.as_object_mut()) {
            location.insert("region".to_owned(), json!({ "startLine": line }));
        }
        if let Some(result) = result.as_object_mut() {
            result.insert(
                "locations".to_owned(),
                json!([{ "physicalLocation": location }]),
            );
        }
    }
    result
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Gap => "error",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::core::{
        event::{Event, EventKind, Outcome, Phase, Report},
        proof::Basis,
    };

    #[test]
    fn findings_become_results_with_rules_and_locations() {
        let findings = vec![
            Finding::new(
                Code::SecretsLiveSecretInTree,
                "the password in `docs/a b.md`",
            )
            .path("docs/a b.md")
            .line(3)
            .hint("rotate it"),
            Finding::new(
                Code::SecretsPathInHistory,
                "`.env` was committed in the past",
            )
            .path(".env"),
            Finding::new(Code::SecretsCredentialInTree, "a URL")
                .severity(Severity::Note)
                .path("x.zip!y"),
            Finding::new(Code::SecretsUnknown, "no place"),
        ];
        let mut plan = Plan::new();
        let event = |kind| Event {
            run: 1,
            step: StepId::Secrets,
            kind,
        };
        plan.fold(&event(EventKind::Started(Phase::Probe)));
        plan.fold(&event(EventKind::Finished(Outcome {
            phase: Phase::Probe,
            elapsed: Duration::ZERO,
            result: Ok(Report::judged("", Basis::Seen, findings)),
        })));
        let document = document(&plan, &[StepId::Secrets]);
        let run = &document["runs"][0];
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), 4);
        let place = &results[0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "docs/a%20b.md");
        assert_eq!(place["region"]["startLine"], 3);
        assert_eq!(results[0]["level"], "error");
        assert_eq!(
            results[2]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            "x.zip"
        );
        assert!(results[3].get("locations").is_none());
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(
                run["tool"]["driver"]["rules"][index]["id"],
                result["ruleId"]
            );
        }
    }
}
