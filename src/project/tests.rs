//! The settings from all their sources, and the configuration file.

use std::path::Path;

use crate::{
    core::{skip::Skip, step::StepId},
    project::{
        config::Config,
        resolve::Layers,
        settings::{EnvBasis, Flags, KeySpec, Settings},
    },
    testing::world::{settings, variables},
};

fn resolve(config: Option<&str>, environment: &[(&str, &str)], flags: Flags) -> Settings {
    let layers = Layers {
        config: config.map(|text| Config::parse(text).unwrap()),
        detected: Config::parse("[project]\nname = \"detected\"\nregion = \"aws-eu-west-2\"\n")
            .unwrap(),
        detected_env: EnvBasis::Known,
        environment: variables(environment),
    };
    settings(Path::new("/r"), layers, flags)
}

#[test]
fn several_apps_have_a_folder_each_and_nothing_beside_them() {
    let read = |text: &str| Config::parse(&format!("[project]\nname = \"shop\"\n{text}"));
    let config = read(
        "[[app]]\ndir = \"api\"\nstart = [\"flask\", \"run\"]\n[[app.env]]\nfile = \"api/.env\"\n\
         [app.schema]\nfiles = [\"api/schema.sql\"]\n[[app]]\ndir = \"web\"\n",
    )
    .unwrap();
    let config = config.seen_from_root("shop");
    assert_eq!(config.app_folders(), ["shop/api", "shop/web"]);
    let api = config.of_app(&config.apps[0]);
    assert_eq!(api.project.name.as_deref(), Some("shop"));
    assert_eq!(api.env[0].file, "shop/api/.env");
    assert_eq!(api.schema.unwrap().files, ["shop/api/schema.sql"]);
    assert_eq!(api.backend.unwrap().dir, "shop/api");
    // a command runs in the app's folder, also where it isn't said how the app starts
    let migrated = read("[[app]]\ndir = \"api\"\n[app.schema]\ncommand = [\"migrate\"]\n").unwrap();
    let schema = migrated.of_app(&migrated.apps[0]).schema.unwrap();
    assert_eq!(schema.dir.as_deref(), Some("api"));
    // what it doesn't say is detected
    let web = config.of_app(&config.apps[1]);
    assert_eq!((web.env.len(), web.schema, web.backend), (0, None, None));

    for (text, why) in [
        (
            "[[app]]\nstart = [\"x\"]\n",
            "line 3: an `[[app]]` needs `dir`",
        ),
        (
            "[app]\ndir = \"api\"\n",
            "line 3: `app` is written as `[[app]]`",
        ),
        ("[[app]]\ndir = \"../api\"\n", "line 4: `dir`"),
        (
            "[[app]]\ndir = \"a\"\n[[app]]\ndir = \"a\"\n",
            "line 5: there are two apps in `a`",
        ),
        (
            "[[app]]\ndir = \"a\"\nhelth = \"x\"\n",
            "line 5: unknown key `helth`",
        ),
        (
            "[[app]]\ndir = \"a\"\n[backend]\nstart = [\"x\"]\n",
            "line 5: `backend` and `[[app]]` exclude each other",
        ),
        (
            "[[app]]\ndir = \"a\"\n[[env]]\nfile = \".env\"\n",
            "line 5: `env` and `[[app]]` exclude each other",
        ),
        (
            "[[app]]\ndir = \"a\"\n[schema]\nfiles = [\"a.sql\"]\n",
            "line 5: `schema` and `[[app]]` exclude each other",
        ),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.starts_with(why), "{text}: {error}");
    }
}

#[test]
fn the_start_command_can_be_typed_as_shown() {
    for (backend, line) in [
        (
            "dir = \"backend\"\nstart = [\"python\", \"-m\", \"uvicorn\"]",
            Some("cd backend && python -m uvicorn"),
        ),
        (
            "dir = \"my app\"\nstart = [\"npm\", \"start\"]",
            Some("cd 'my app' && npm start"),
        ),
        ("start = [\"sh\", \"-c\", \"a; b\"]", Some("sh -c 'a; b'")),
        ("dir = \"backend\"", None),
    ] {
        let file = format!("[project]\nname = \"todo\"\n[backend]\n{backend}\n");
        let settings = resolve(Some(&file), &[], Flags::default());
        let start = settings.backend.unwrap().start_line();
        assert_eq!(start.as_deref(), line, "{backend}");
    }
}

#[test]
fn an_app_without_a_port_of_its_own_finds_the_sandboxs_in_pgport() {
    let keys = |host: &str, keys: &str| {
        let file = format!("[project]\nname = \"todo\"\n[[env]]\nfile = \".env\"\n{keys}");
        let settings = resolve(Some(&file), &[("NEON_API_HOST", host)], Flags::default());
        let names = settings.env.iter().flat_map(|target| &target.keys);
        names.map(|(key, _)| key.clone()).collect::<Vec<_>>()
    };
    let (sandbox, neon) = ("http://127.0.0.1:4000/api/v2", "https://neon.example/api");
    let host = "keys.DB_HOST = { url = \"pooled\", part = \"host\" }\n";
    let with_port = format!("{host}keys.PGPORT = {{ url = \"direct\", part = \"port\" }}\n");
    let url = "keys.DATABASE_URL = { url = \"direct\", driver = \"libpq\" }\n";
    assert_eq!(keys(sandbox, host), ["DB_HOST", "PGPORT"]);
    assert_eq!(keys(neon, host), ["DB_HOST"]);
    assert_eq!(keys(sandbox, &with_port), ["DB_HOST", "PGPORT"]);
    assert_eq!(keys(sandbox, url), ["DATABASE_URL"]);
}

#[test]
fn flags_win_over_the_environment_over_the_file_over_what_is_detected() {
    let flags = Flags {
        api_host: Some("https://flag.example/api/".to_owned()),
        project: Some("flag-id".to_owned()),
        ..Flags::default()
    };
    let environment = [("NEON_API_HOST", "https://env.example/api")];
    let file = "[project]\nname = \"file\"\nid = \"file-id\"\n";
    let settings = resolve(Some(file), &environment, flags);
    assert_eq!(settings.api_host, "https://flag.example/api");
    assert_eq!(settings.project.id.as_deref(), Some("flag-id"));
    assert_eq!(settings.project.name, "file");
    assert_eq!(settings.project.region.as_deref(), Some("aws-eu-west-2"));
    assert_eq!(
        resolve(Some(file), &environment, Flags::default()).api_host,
        "https://env.example/api"
    );
    let plain = resolve(None, &[], Flags::default());
    assert_eq!(plain.api_host, "https://console.neon.tech/api/v2");
    assert_eq!(plain.project.name, "detected");
    assert_eq!(plain.project.postgres, None);
}

#[test]
fn a_configuration_error_names_the_line_and_the_nearest_name() {
    for (text, line, words) in [
        ("[project]\nnmae = \"x\"\n", 2, "did you mean `name`"),
        ("[project]\nname = 1\n", 2, "is a string"),
        ("\n[proyect]\n", 2, "did you mean `project`"),
        ("[[env]]\nexample = \"a\"\n", 1, "needs `file`"),
        (
            "[[env]]\nfile = \"/etc/passwd\"\n",
            2,
            "inside the repository",
        ),
        ("[[env]]\nfile = \"../x\"\n", 2, "inside the repository"),
        ("[[env]]\nfile = \".git/config\"\n", 2, "git's own folder"),
        ("[[env]]\nfile = \"a/.GIT/x\"\n", 2, "git's own folder"),
        (
            "[[env]]\nfile = \".env\"\nexample = \"../x\"\n",
            3,
            "`example` is a path inside the repository",
        ),
        (
            "[[env]]\nfile = \".env\"\nexample = \".git/hooks/pre-commit\"\n",
            3,
            "git's own folder",
        ),
        (
            "[schema]\nfiles = [\"a.sql\", \"/etc/passwd\"]\n",
            2,
            "`files` is a path inside the repository",
        ),
        ("[schema]\nfiles = [\".Git/x\"]\n", 2, "git's own folder"),
        (
            "[backend]\ndir = \"a/../../b\"\n",
            2,
            "`dir` is a path inside the repository",
        ),
        ("[backend]\ndir = \".git\"\n", 2, "git's own folder"),
        (
            "[schema]\nfiles = [\"a.sql\"]\npending = [\"x\"]\n",
            3,
            "`pending` needs `command`",
        ),
        ("[schema]\ndir = \"db\"\n", 2, "`dir` needs `command`"),
        (
            "[schema]\ncommand = [\"x\"]\ndir = \"../db\"\n",
            3,
            "inside the repository",
        ),
        ("[schema]\npendign = []\n", 2, "did you mean `pending`"),
        (
            "[project]\nbranch = \"dev/{name}\"\n",
            2,
            "{user} in it stands for each developer's name",
        ),
        (
            "[project]\nbranch = \"dev/{user}\"\nbranch_expires_days = 31\n",
            3,
            "a number from 1 to 30",
        ),
        (
            "[project]\nbranch = \"main\"\nbranch_expires_days = 3\n",
            3,
            "needs a branch for each developer",
        ),
        (
            "[[env]]\nfile = \".env\"\nkeys.A = { url = \"direkt\" }\n",
            3,
            "\"direct\" or \"pooled\"",
        ),
        (
            "[[env]]\nfile = \".env\"\nkeys.A = { url = \"direct\", driver = \"psycog\" }\n",
            3,
            "psycopg",
        ),
        (
            "[[env]]\nfile = \".env\"\nkeys.A-B = \"x\"\n",
            3,
            "isn't a portable key",
        ),
        (
            "[[env]]\nfile = \".env\"\nkeys.A = { generate = \"hex\", bytes = 1 }\n",
            3,
            "from 16 to 512",
        ),
        ("[project]\npostgres = 9\n", 2, "from 14 to 19"),
        ("[project]\nregion = \"\"\n", 2, "`region` is empty"),
        ("[project]\ndatabase = \" \"\n", 2, "`database` is empty"),
        ("[env]\nfile = \".env\"\n", 1, "[[env]]"),
        ("[backend]\nstart = \"python\"\n", 2, "list of strings"),
        ("[project\n", 1, ""),
        (
            "[unheard-of-thing]\n",
            1,
            "the keys here are project, env, schema, backend",
        ),
    ] {
        let error = Config::parse(text).unwrap_err();
        assert_eq!(error.line, line, "{text:?}: {error}");
        assert!(error.message.contains(words), "{text:?}: {error}");
    }
}

#[test]
fn a_key_that_is_left_to_a_person_says_so_in_one_way() {
    let text = "[[env]]\nfile = \".env\"\nkeys.A = { fill = \"by hand\" }\n";
    let config = Config::parse(text).unwrap();
    assert_eq!(config.env[0].keys, [("A".to_owned(), KeySpec::ByHand)]);
    for (text, line, words) in [
        (
            "[[env]]\nfile = \".env\"\nkeys.A = { fill = \"later\" }\n",
            3,
            "`fill` is \"by hand\"",
        ),
        (
            "[[env]]\nfile = \".env\"\nkeys.A = { fill = \"by hand\", bytes = 32 }\n",
            3,
            "only fill",
        ),
    ] {
        let error = Config::parse(text).unwrap_err();
        assert_eq!(error.line, line, "{text}");
        assert!(error.message.contains(words), "{}", error.message);
    }
}

#[test]
fn more_keys_than_anybody_has_are_an_error_with_the_line() {
    let config = |keys: u32| {
        let keys: Vec<_> = (0..keys)
            .map(|key| format!("keys.K{key} = \"x\""))
            .collect();
        Config::parse(&format!("[[env]]\nfile = \".env\"\n{}\n", keys.join("\n")))
    };
    assert_eq!(config(1000).unwrap().env[0].keys.len(), 1000);
    let error = config(1001).unwrap_err();
    assert!(error.message.contains("more than 1000 keys"), "{error}");
    assert!(error.line >= 3, "{error}");
}

#[test]
fn paths_inside_the_repository_are_accepted() {
    let text = "[[env]]\nfile = \"./a/.gitted/.env\"\nexample = \".github/x\"\n[schema]\nfiles = [\"db/*.sql\"]\n[backend]\ndir = \"\"\n[project]\nbranch = \"dev/ada\"\n";
    let config = Config::parse(text).unwrap();
    assert_eq!(config.env[0].file, "a/.gitted/.env");
    assert_eq!(config.project.branch.as_deref(), Some("dev/ada"));
}

#[test]
fn recording_the_project_id_keeps_comments() {
    let text = "# ours\n[project]\nname = \"todo\"     # the name\nregion = \"aws-us-east-2\"\n\n[[env]]\nfile = \".env\"\n";
    let written = Config::with_project(text, "todo", "old-violet-32930710").unwrap();
    assert!(
        written.contains("# ours\n[project]\nname = \"todo\"     # the name\n"),
        "{written}"
    );
    assert_eq!(
        Config::parse(&written).unwrap().project.id.as_deref(),
        Some("old-violet-32930710")
    );
    assert_eq!(
        Config::with_project(&written, "todo", "old-violet-32930710").unwrap(),
        written
    );
    let fresh = Config::with_project("", "todo", "a-1").unwrap();
    assert_eq!(
        Config::parse(&fresh).unwrap().project.name.as_deref(),
        Some("todo")
    );
}

#[test]
fn what_is_left_out_has_a_reason_and_this_run_comes_before_the_file() {
    let file = "[skip]\nhealth = \"a worker\"\n\"secrets.unknown\" = \"an old archive\"\n";
    let flags = Flags {
        skips: vec!["health=not today".parse().unwrap()],
        ..Flags::default()
    };
    let settings = resolve(Some(file), &[], flags);
    let words = |step| settings.skip_of(step).map(Skip::words);
    assert_eq!(
        words(StepId::Health).as_deref(),
        Some("skipped in this run: not today")
    );
    assert_eq!(words(StepId::Schema), None);
    assert_eq!(settings.skips.len(), 3);
    for (wrong, why) in [
        (
            "[skip]\nhealth = \"\"\n",
            "line 2: add a reason for skipping `health`",
        ),
        (
            "[skip]\nhealth = 1\n",
            "line 2: add a reason for skipping `health`",
        ),
        ("[skip]\nlogin = \"x\"\n", "line 2: can't skip `login`"),
        ("[skip]\nhelth = \"x\"\n", "line 2: can't skip `helth`"),
    ] {
        let error = Config::parse(wrong).unwrap_err().to_string();
        assert!(error.starts_with(why), "{error}");
    }
}
