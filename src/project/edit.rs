//! Makes a `neonup.toml` that exists a draft, so that its values can be changed one by one.

use crate::project::{
    config::{Config, ConfigError},
    draft::{Draft, DraftTable, DraftValue},
    init,
};

/// Regions to choose from for a new project: those of Neon's free plan on AWS. Source: <https://neon.com/docs/introduction/regions>.
const REGIONS: [&str; 8] = [
    "aws-us-east-1",
    "aws-us-east-2",
    "aws-us-west-2",
    "aws-eu-central-1",
    "aws-eu-west-2",
    "aws-ap-southeast-1",
    "aws-ap-southeast-2",
    "aws-sa-east-1",
];

/// Versions of Postgres to choose from for a new project.
const VERSIONS: [&str; 5] = ["18", "17", "16", "15", "14"];

/// A branch for each developer.
const OWN_BRANCH: &str = "dev/{user}";

/// How many branches or databases are offered: more are quicker typed than passed through.
const OFFERED: usize = 50;

/// What Neon has in the project that is used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Present<'a> {
    pub branches: &'a [String],
    pub databases: &'a [String],
    pub roles: &'a [String],
}

/// The draft of a file's text. The values of `[project]` that it doesn't set are in it, too.
pub(crate) fn of_file(text: &str, present: &Present<'_>) -> Result<Draft, ConfigError> {
    let config = Config::parse(text)?;
    let mut tables = init::tables(&config, false);
    tables.insert(0, project_table(&config, present));
    Ok(Draft::of_file(tables, text))
}

fn project_table(config: &Config, present: &Present<'_>) -> DraftTable {
    let project = &config.project;
    let texts =
        |texts: &[String]| -> Vec<String> { texts.iter().take(OFFERED).map(init::text).collect() };
    let named = |names: &[&str]| names.iter().map(init::text).collect();
    let number = |number: Option<u16>| number.map(|number| number.to_string());
    let string = |value: &Option<String>| value.as_ref().map(init::text);
    let mut branches = texts(present.branches);
    branches.push(init::text(OWN_BRANCH));
    let versions = VERSIONS.map(str::to_owned).to_vec();
    let mut values = vec![DraftValue::optional(
        "name",
        string(&project.name),
        Vec::new(),
    )];
    // without an organization it is the only one there is
    if project.org.is_some() {
        values.push(DraftValue::optional(
            "org",
            string(&project.org),
            Vec::new(),
        ));
    }
    values.extend([
        DraftValue::optional("branch", string(&project.branch), branches),
        DraftValue::optional(
            "database",
            string(&project.database),
            texts(present.databases),
        ),
        DraftValue::optional("role", string(&project.role), texts(present.roles)),
        DraftValue::optional("region", string(&project.region), named(&REGIONS)),
        DraftValue::optional("postgres", number(project.postgres), versions),
    ]);
    let personal = project
        .branch
        .as_ref()
        .is_some_and(|branch| branch.contains('{'));
    if personal || project.branch_expires_days.is_some() {
        let days = number(project.branch_expires_days.map(u16::from));
        values.push(DraftValue::optional(
            "branch_expires_days",
            days,
            Vec::new(),
        ));
    }
    DraftTable {
        header: "[project]",
        is_guess: false,
        values,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{config::Config, sample};

    const FILE: &str = "# ours\n[project]\nname = \"shelf\"\nid = \"old-violet-1\"\n\n[[env]]\nfile = \".env\"\n\
                        keys.DATABASE_URL = { url = \"direct\" }  # read by db.py\n";

    fn draft(text: &str) -> Draft {
        of_file(text, &Present::default()).unwrap()
    }

    fn place(draft: &Draft, key: &str) -> usize {
        draft.values().position(|value| value.key == key).unwrap()
    }

    #[test]
    fn a_file_of_which_nothing_was_changed_is_the_same() {
        let (_, sample) = sample::FILES
            .iter()
            .find(|(name, _)| *name == "neonup.toml")
            .unwrap();
        for text in [FILE, sample, "", "# nothing yet\n"] {
            assert_eq!(draft(text).text(), text);
        }
    }

    #[test]
    fn every_value_of_the_sample_can_be_changed_and_changed_back() {
        let (_, sample) = sample::FILES
            .iter()
            .find(|(name, _)| *name == "neonup.toml")
            .unwrap();
        let count = draft(sample).values().count();
        for index in 0..count {
            let mut changed = draft(sample);
            let value = changed.value(index).unwrap().clone();
            let typed = match value.key.as_str() {
                "postgres" => "18".to_owned(),
                "timeout" => "7".to_owned(),
                "health" => "http://localhost:1/x".to_owned(),
                "expect" => "{ status = \"x\" }".to_owned(),
                key if key.starts_with("keys.") => "{ fill = \"by hand\" }".to_owned(),
                _ => "another".to_owned(),
            };
            init::set_value(&mut changed, index, &typed)
                .unwrap_or_else(|error| panic!("{}: {error}", value.key));
            let text = changed.text();
            let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
            let (before, after) = (lines(sample), lines(&text));
            let differing = after.iter().filter(|line| !before.contains(line)).count();
            assert_eq!(differing, 1, "{}: {text}", value.key);
            let back = value.editable();
            init::set_value(&mut changed, index, &back)
                .unwrap_or_else(|error| panic!("{}: {error}", value.key));
            assert_eq!(Config::parse(&changed.text()), Config::parse(sample));
        }
    }

    #[test]
    fn a_value_that_is_not_set_is_offered_and_can_be_taken_back() {
        let mut changed = draft(FILE);
        for (key, typed, line) in [
            ("branch", "dev/{user}", "branch = \"dev/{user}\"\n"),
            ("postgres", "18", "postgres = 18\n"),
        ] {
            let index = place(&changed, key);
            assert_eq!(changed.value(index).unwrap().plain(), "(not set)");
            init::set_value(&mut changed, index, typed).unwrap();
            assert!(changed.text().contains(line), "{}", changed.text());
            init::set_value(&mut changed, index, "").unwrap();
            assert_eq!(changed.text(), FILE);
        }
        let postgres = place(&changed, "postgres");
        assert!(init::set_value(&mut changed, postgres, "new").is_err());
        assert_eq!(changed.text(), FILE);
    }

    #[test]
    fn what_neon_has_is_offered_and_comes_round_to_nothing() {
        let present = Present {
            branches: &["main".to_owned(), "preview/12".to_owned()],
            databases: &[],
            roles: &[],
        };
        let mut changed = of_file(FILE, &present).unwrap();
        let index = place(&changed, "branch");
        let mut seen = Vec::new();
        for _ in 0..4 {
            assert!(init::take_next(&mut changed, index));
            seen.push(changed.value(index).unwrap().plain());
        }
        assert_eq!(seen, ["main", "preview/12", "dev/{user}", "(not set)"]);
        assert_eq!(changed.text(), FILE);
    }

    #[test]
    fn a_form_that_cannot_be_edited_in_place_is_refused_with_a_way_out() {
        let text = "[[env]]\nfile = \".env\"\n[env.keys.A]\nurl = \"direct\"\n";
        let mut changed = draft(text);
        let index = place(&changed, "keys.A");
        let error = init::set_value(&mut changed, index, "\"x\"").unwrap_err();
        assert!(error.contains("editor"), "{error}");
        assert_eq!(changed.text(), text);
    }
}
