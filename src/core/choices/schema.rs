//! Schema: run the SQL.

use crate::core::{
    answer::{Answer, CommandAnswer},
    choices::{choice::Choice, context::StepContext},
    facts::{Facts, SchemaFacts},
};

pub(super) fn choices(context: &StepContext<'_>) -> Vec<Choice> {
    let has_source = |schema: &&SchemaFacts| !schema.source.is_empty();
    let schema = match &context.state.facts {
        Some(Facts::Schema(schema)) => Some(schema),
        _ => None,
    };
    let choice = if let Some(schema) = schema.filter(has_source) {
        let run = context.apply(
            format!("Run {}", schema.source),
            "run",
            Answer::Schema(CommandAnswer::Default),
        );
        run.note(if schema.sql.is_empty() {
            ""
        } else if schema.several_transactions {
            "not in one transaction"
        } else {
            "in one transaction"
        })
    } else if context.is_fixable() {
        context.apply(
            "Create the tables",
            "run",
            Answer::Schema(CommandAnswer::Default),
        )
    } else {
        context.probe_again()
    };
    vec![choice]
}
