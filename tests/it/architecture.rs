//! Holds the layers: what may use what, where IO, the clock and the environment are, and how long a file and a function may be.
//!
//! The table of layers is the one in the module docs of `src/lib.rs`: a room may use the rooms above it.

#[path = "architecture/source.rs"]
mod source;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use source::{modules, root, sources};

/// The most lines of a source file.
const FILE_LINES: usize = 800;
/// The most lines of a function, its signature included.
const FUNCTION_LINES: usize = 100;

/// Paths that only some modules may use, and why.
const RESTRICTED: &[Restricted] = &[
    Restricted {
        what: "the environment",
        paths: &[
            "std::env::var",
            "std::env::vars",
            "std::env::var_os",
            "std::env::vars_os",
        ],
        allowed: &["project::workspace"],
    },
    Restricted {
        what: "the file system",
        paths: &["std::fs", "tokio::fs", "tempfile"],
        allowed: &[
            "ports",
            "os",
            "sandbox",
            "project::workspace",
            "commands::check",
            "commands::demo",
            "commands::init",
            "commands::logging",
            "testing",
        ],
    },
    Restricted {
        what: "other programs",
        paths: &["std::process::Command", "tokio::process"],
        allowed: &["ports", "os", "sandbox", "testing"],
    },
    Restricted {
        what: "the network",
        paths: &[
            "std::net::TcpStream",
            "std::net::TcpListener",
            "tokio::net",
            "reqwest",
            "axum",
        ],
        allowed: &[
            "os::loopback",
            "os::unix::sockets",
            "os::windows::sockets",
            "ports",
            "sandbox",
            "testing",
        ],
    },
    Restricted {
        what: "a database",
        paths: &["sqlx"],
        allowed: &["ports::database", "sandbox"],
    },
    Restricted {
        what: "git",
        paths: &["git2"],
        allowed: &["ports::repository", "commands::demo"],
    },
    Restricted {
        what: "the keyring",
        paths: &["keyring", "keyring_core"],
        allowed: &["ports::store"],
    },
    Restricted {
        what: "the clock",
        paths: &[
            "std::time::SystemTime::now",
            "std::time::Instant::now",
            "tokio::time::Instant::now",
        ],
        allowed: &[
            "ports",
            "os",
            "sandbox",
            "project::workspace",
            "engine::clock",
            "tui::event_loop",
            "tui::terminal",
            "commands",
            "testing",
        ],
    },
    Restricted {
        what: "a terminal",
        paths: &[
            "crossterm::execute",
            "crossterm::terminal",
            "std::io::stdout",
            "std::io::stderr",
        ],
        // each of them writes nothing that has not passed `domain::visible`, or says whether a stream is a terminal
        allowed: &[
            "os",
            "tui::terminal",
            "report::output",
            "commands::input",
            "commands::logging",
            "commands::panics",
            "commands::terminal",
            "commands::usage",
            "testing",
        ],
    },
    Restricted {
        what: "what is typed",
        paths: &["std::io::stdin"],
        allowed: &["os", "commands"],
    },
];

/// Paths that only some modules may use.
struct Restricted {
    what: &'static str,
    paths: &'static [&'static str],
    allowed: &'static [&'static str],
}

/// The rooms of the table in `src/lib.rs`, the lowest first.
fn layers() -> Vec<String> {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let rooms = text.lines().filter_map(|line| {
        let (name, _) = line.strip_prefix("//! | `")?.split_once('`')?;
        Some(name.to_owned())
    });
    rooms.collect()
}

/// The module that a path of the crate leads to.
fn target<'a>(path: &str, known: &BTreeSet<&'a str>) -> Option<&'a str> {
    let mut rest = path.strip_prefix("crate::")?;
    loop {
        if let Some(found) = known.get(rest) {
            return Some(found);
        }
        rest = rest.rsplit_once("::")?.0;
    }
}

fn is_in(module: &str, rooms: &[&str]) -> bool {
    rooms.iter().any(|room| {
        module == *room
            || module
                .strip_prefix(room)
                .is_some_and(|rest| rest.starts_with("::"))
    })
}

fn room(path: &str) -> &str {
    path.split("::").next().unwrap()
}

/// The groups of modules in which each reaches each other: the strongly connected components of more than one.
fn circles<'a>(arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Vec<Vec<&'a str>> {
    let backwards = {
        let mut backwards: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (from, used) in arrows {
            for to in used {
                backwards.entry(to).or_default().insert(from);
            }
        }
        backwards
    };
    // Kosaraju: the order in which a walk leaves the modules, then walks against the arrows in the opposite order
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    for from in arrows.keys() {
        leave(from, arrows, &mut seen, &mut order);
    }
    let mut seen = BTreeSet::new();
    let mut circles = Vec::new();
    for from in order.into_iter().rev() {
        let mut circle = Vec::new();
        leave(from, &backwards, &mut seen, &mut circle);
        if circle.len() > 1 {
            circle.sort_unstable();
            circles.push(circle);
        }
    }
    circles
}

/// Walks on from a module, and adds each that was not seen before once all behind it were left.
fn leave<'a>(
    from: &'a str,
    arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    seen: &mut BTreeSet<&'a str>,
    left: &mut Vec<&'a str>,
) {
    if seen.insert(from) {
        for next in arrows.get(from).into_iter().flatten() {
            leave(next, arrows, seen, left);
        }
        left.push(from);
    }
}

/// Fails with all that is wrong, one line each.
fn none(what: &str, wrong: &[String]) {
    assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
}

#[test]
fn no_room_uses_one_below_it_in_the_table() {
    let layers = layers();
    let rank = |room: &str| layers.iter().position(|layer| layer == room);
    let modules = modules();
    let known: BTreeSet<&str> = modules.iter().map(|module| module.path.as_str()).collect();
    let mut wrong = Vec::new();
    for module in modules.iter().filter(|module| !module.path.is_empty()) {
        let own = room(&module.path);
        let Some(height) = rank(own) else {
            wrong.push(format!(
                "{}: the room `{own}` is missing in the table of src/lib.rs",
                module.file.display()
            ));
            continue;
        };
        for (path, line) in &module.uses {
            if let Some(used) = target(path, &known)
                && rank(room(used)).is_none_or(|other| other > height)
            {
                wrong.push(format!(
                    "{}:{line}: `{own}` uses `{path}`",
                    module.file.display()
                ));
            }
        }
    }
    none(
        "a room may use only the rooms above it in the table of src/lib.rs",
        &wrong,
    );
}

#[test]
fn no_modules_use_each_other_in_a_circle() {
    let modules = modules();
    let known: BTreeSet<&str> = modules.iter().map(|module| module.path.as_str()).collect();
    let mut arrows: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for module in modules {
        for (path, _) in &module.uses {
            if let Some(used) = target(path, &known)
                && used != module.path
            {
                arrows.entry(&module.path).or_default().insert(used);
            }
        }
    }
    let wrong: Vec<_> = circles(&arrows)
        .into_iter()
        .map(|circle| circle.join(" ↔ "))
        .collect();
    none("modules that use each other in a circle", &wrong);
}

#[test]
fn the_outside_is_reached_only_where_it_may_be() {
    let mut wrong = Vec::new();
    for module in modules() {
        for (path, line) in &module.uses {
            for rule in RESTRICTED {
                let names = |restricted: &&str| {
                    path == *restricted || path.starts_with(&format!("{restricted}::"))
                };
                if rule.paths.iter().any(names) && !is_in(&module.path, rule.allowed) {
                    wrong.push(format!(
                        "{}:{line}: `{path}` reaches {}, which only {} may",
                        module.file.display(),
                        rule.what,
                        rule.allowed.join(", ")
                    ));
                }
            }
        }
    }
    none("IO, clock or environment outside of its rooms", &wrong);
}

#[test]
fn only_the_room_for_it_knows_which_system_it_is() {
    let (here, elsewhere): (Vec<_>, Vec<_>) = modules()
        .iter()
        .flat_map(|module| module.system.iter().map(move |found| (module, found)))
        .partition(|(module, _)| room(&module.path) == "os");
    // `src/os.rs` itself chooses
    assert!(here.len() > 5, "{} places only", here.len());
    let wrong: Vec<_> = elsewhere
        .iter()
        .map(|(module, (what, line))| {
            format!(
                "{}:{line}: {what}, which only `os` may",
                module.file.display()
            )
        })
        .collect();
    none("what differs between systems belongs into src/os", &wrong);
}

/// What is compiled for one system alone is not seen by who works on another one.
#[test]
fn both_systems_offer_the_same() {
    let offers = |system: &str| -> BTreeMap<String, BTreeSet<&str>> {
        let prefix = format!("os::{system}::");
        let own = modules().iter().filter_map(|module| {
            let name = module.path.strip_prefix(&prefix)?;
            let all = module.offers.iter().map(String::as_str).collect();
            Some((name.to_owned(), all))
        });
        own.collect()
    };
    let (unix, windows) = (offers("unix"), offers("windows"));
    assert!(unix.len() > 10, "{} modules only", unix.len());
    let mut wrong = Vec::new();
    for (name, offered) in &unix {
        // what one of them needs for itself alone is handed on by nobody
        let Some(other) = windows.get(name) else {
            wrong.push(format!("os::windows::{name} is missing"));
            continue;
        };
        let differing = offered.symmetric_difference(other);
        wrong.extend(differing.map(|item| format!("{name}: only one system has `{item}`")));
    }
    none("os::unix and os::windows differ", &wrong);
}

#[test]
fn no_source_file_and_no_function_is_too_long() {
    let mut wrong = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for file in sources(folder) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            if lines > FILE_LINES {
                wrong.push(format!(
                    "{}: {lines} lines; at most {FILE_LINES}",
                    file.display()
                ));
            }
        }
    }
    for module in modules() {
        for (name, line, length) in &module.functions {
            if *length > FUNCTION_LINES {
                wrong.push(format!(
                    "{}:{line}: `{name}` has {length} lines; at most {FUNCTION_LINES}",
                    module.file.display()
                ));
            }
        }
        assert!(module.lines > 0, "{}", module.file.display());
    }
    none("too long", &wrong);
}

#[test]
fn a_type_name_exists_once() {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    // the two rooms for systems have the same types
    let twin = |module: &&source::Module| !module.path.starts_with("os::windows");
    for module in modules().iter().filter(twin) {
        for (name, line) in &module.types {
            let place = format!("{}:{line}", module.file.display());
            places.entry(name).or_default().push(place);
        }
    }
    // a `Result` with its error filled in is how a Rust module says what can go wrong in it
    places.remove("Result");
    let wrong: Vec<String> = places
        .iter()
        .filter(|(_, places)| places.len() > 1)
        .map(|(name, places)| format!("`{name}`: {}", places.join(", ")))
        .collect();
    assert!(places.len() > 500, "{} types only", places.len());
    none("type names that mean two things", &wrong);
}

/// The test would prove nothing if it read nothing.
#[test]
fn the_rooms_are_read() {
    let modules = modules();
    let rooms: BTreeSet<&str> = modules
        .iter()
        .map(|module| room(&module.path))
        .filter(|room| !room.is_empty())
        .collect();
    let layers = layers();
    assert_eq!(
        rooms,
        layers.iter().map(String::as_str).collect::<BTreeSet<_>>()
    );
    let uses: usize = modules.iter().map(|module| module.uses.len()).sum();
    assert!(uses > 1_000, "{uses} paths only");
}
