//! Holds the layers: what may use what, where IO, the clock and the environment are, and how long a file and a function may be.
//!
//! The table of layers is the one in the module docs of `src/lib.rs`: a room may use the rooms above it.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enums of syn are not exhaustive"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Attribute, ImplItem, Item, TraitItem, UseTree, Visibility, spanned::Spanned as _};

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
        allowed: &["os::loopback", "ports", "sandbox", "testing"],
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

/// A source file of the crate without its tests.
struct Module {
    file: PathBuf,
    /// `engine::project::create`; empty for the crate's root.
    path: String,
    lines: usize,
    /// Name, first line, and length of each function.
    functions: Vec<(String, usize, usize)>,
    /// Name and line of each type and trait that is defined here.
    types: Vec<(String, usize)>,
    /// Every path that the code names, as it resolves from its imports, with its line.
    uses: BTreeSet<(String, usize)>,
    /// What it hands on from others (`pub use`): the names, and where they lead.
    exports: BTreeMap<String, String>,
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

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a folder.
fn sources(folder: &str) -> Vec<PathBuf> {
    fn walk(dir: &Path, all: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, all);
            } else if path.extension().is_some_and(|end| end == "rs") {
                all.push(path);
            }
        }
    }
    let mut all = Vec::new();
    walk(&root().join(folder), &mut all);
    all.sort();
    all
}

/// `src/engine/project/create.rs` → `engine::project::create`.
fn module_path(file: &Path) -> String {
    let relative = file.strip_prefix(root().join("src")).unwrap();
    let path = relative.with_extension("");
    let parts: Vec<_> = path.iter().map(|part| part.to_str().unwrap()).collect();
    match parts.as_slice() {
        ["lib" | "main"] => String::new(),
        parts => parts.join("::"),
    }
}

/// Whether an item is there for tests only.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = attribute.meta.to_token_stream().to_string();
        text == "test"
            || text.ends_with("::test")
            || text.starts_with("tokio :: test")
            || (text.starts_with("cfg") && text.contains("test") && !text.contains("not (test"))
    })
}

/// Files that belong to tests: those below a `tests` folder or named `tests.rs`, and those declared behind `cfg(test)`.
fn is_test_file(path: &str, declared: &BTreeSet<String>) -> bool {
    let below = path.split("::").any(|part| part == "tests");
    below
        || declared
            .iter()
            .any(|test| path == test || path.starts_with(&format!("{test}::")))
}

/// The modules of the crate, without those for tests.
fn modules() -> &'static [Module] {
    static MODULES: OnceLock<Vec<Module>> = OnceLock::new();
    MODULES.get_or_init(read_modules)
}

fn read_modules() -> Vec<Module> {
    let mut parsed = Vec::new();
    let mut for_tests = BTreeSet::new();
    for file in sources("src") {
        let path = module_path(&file);
        let text = fs::read_to_string(&file).unwrap();
        let syntax =
            syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for item in &syntax.items {
            if let Item::Mod(module) = item
                && module.content.is_none()
                && is_test(&module.attrs)
                && !path.is_empty()
            {
                for_tests.insert(format!("{path}::{}", module.ident));
            }
        }
        parsed.push((file, path, text.lines().count(), syntax));
    }
    // the build script lies beside the sandbox, but belongs to no module
    parsed.retain(|(_, path, ..)| path != "sandbox::build" && !is_test_file(path, &for_tests));
    let known: BTreeSet<String> = parsed.iter().map(|(_, path, ..)| path.clone()).collect();
    let mut modules: Vec<Module> = parsed
        .into_iter()
        .map(|(file, path, lines, syntax)| {
            let mut module = Module {
                file,
                path: path.clone(),
                lines,
                functions: Vec::new(),
                types: Vec::new(),
                uses: BTreeSet::new(),
                exports: BTreeMap::new(),
            };
            let mut imports = BTreeMap::new();
            read(&syntax.items, &path, &known, &mut imports, &mut module);
            module
        })
        .collect();
    let exports: BTreeMap<String, String> = modules
        .iter()
        .flat_map(|module| {
            let before = format!("crate::{}", module.path);
            let named = module.exports.iter();
            named.map(move |(name, path)| (format!("{before}::{name}"), path.clone()))
        })
        .collect();
    for module in &mut modules {
        let uses = std::mem::take(&mut module.uses);
        module.uses = uses
            .into_iter()
            .map(|(path, line)| (origin(path, &exports), line))
            .collect();
    }
    modules
}

/// Where a path leads once what modules hand on is followed to where it is defined.
fn origin(path: String, exports: &BTreeMap<String, String>) -> String {
    let mut at = path.len();
    loop {
        let head = &path[..at];
        if let Some(to) = exports.get(head)
            && !to.starts_with(&format!("{head}::"))
        {
            return origin(format!("{to}{}", &path[at..]), exports);
        }
        match head.rfind("::") {
            Some(next) => at = next,
            None => return path,
        }
    }
}

/// Reads items: their functions, and the paths that they name.
fn read(
    items: &[Item],
    here: &str,
    known: &BTreeSet<String>,
    imports: &mut BTreeMap<String, String>,
    module: &mut Module,
) {
    for item in items {
        if let Item::Use(item) = item
            && !is_test(&item.attrs)
        {
            let line = item.span().start().line;
            let mut found = Vec::new();
            expand(&item.tree, String::new(), &mut found);
            for (path, name) in found {
                let path = absolute(&path, here, known);
                let own = path
                    .strip_prefix(&format!("crate::{here}"))
                    .is_some_and(|rest| rest.starts_with("::"));
                if own && !matches!(item.vis, Visibility::Inherited) {
                    // a module that hands on what its own children hold does not use it
                    module.exports.insert(name.clone(), path.clone());
                } else {
                    module.uses.insert((path.clone(), line));
                }
                imports.insert(name, path);
            }
        }
    }
    for item in items {
        match item {
            Item::Use(_) => {}
            Item::Mod(inner) => {
                if let Some((_, items)) = &inner.content
                    && !is_test(&inner.attrs)
                {
                    read(items, here, known, &mut imports.clone(), module);
                }
            }
            item if is_test(attributes(item)) => {}
            Item::Impl(block) => {
                let mut block = block.clone();
                block.items.retain(
                    |item| !matches!(item, ImplItem::Fn(function) if is_test(&function.attrs)),
                );
                let item = Item::Impl(block);
                functions(&item, module);
                paths(item.to_token_stream(), here, known, imports, module);
            }
            item => {
                functions(item, module);
                types(item, module);
                paths(item.to_token_stream(), here, known, imports, module);
            }
        }
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        _ => &[],
    }
}

/// The type or the trait that an item defines.
fn types(item: &Item, module: &mut Module) {
    let name = match item {
        Item::Enum(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return,
    };
    let line = name.span().start().line;
    module.types.push((name.to_string(), line));
}

/// The functions of an item, with their lengths.
fn functions(item: &Item, module: &mut Module) {
    let mut add = |name: String, span: proc_macro2::Span| {
        let (first, last) = (span.start().line, span.end().line);
        module.functions.push((name, first, last + 1 - first));
    };
    match item {
        Item::Fn(function) => {
            let span = function.sig.span().join(function.block.span());
            add(
                function.sig.ident.to_string(),
                span.unwrap_or(function.block.span()),
            );
        }
        Item::Impl(block) => {
            for item in &block.items {
                if let ImplItem::Fn(function) = item {
                    add(function.sig.ident.to_string(), function.block.span());
                }
            }
        }
        Item::Trait(block) => {
            for item in &block.items {
                if let TraitItem::Fn(function) = item
                    && let Some(block) = &function.default
                {
                    add(function.sig.ident.to_string(), block.span());
                }
            }
        }
        _ => {}
    }
}

/// The paths of a `use`, each with the name that it brings in.
fn expand(tree: &UseTree, before: String, found: &mut Vec<(String, String)>) {
    let join = |name: &str| {
        if before.is_empty() {
            name.to_owned()
        } else {
            format!("{before}::{name}")
        }
    };
    match tree {
        UseTree::Path(path) => expand(&path.tree, join(&path.ident.to_string()), found),
        UseTree::Name(name) if name.ident == "self" => {
            let last = before.rsplit("::").next().unwrap().to_owned();
            found.push((before, last));
        }
        UseTree::Name(name) => found.push((join(&name.ident.to_string()), name.ident.to_string())),
        UseTree::Rename(rename) => {
            let path = if rename.ident == "self" {
                before.clone()
            } else {
                join(&rename.ident.to_string())
            };
            found.push((path, rename.rename.to_string()));
        }
        UseTree::Glob(_) => found.push((before, "*".to_owned())),
        UseTree::Group(group) => {
            for tree in &group.items {
                expand(tree, before.clone(), found);
            }
        }
    }
}

/// A path from the crate's root, `crate::…`, or the path as it is where it leads out of the crate.
fn absolute(path: &str, here: &str, known: &BTreeSet<String>) -> String {
    let mut base: Vec<&str> = here.split("::").filter(|part| !part.is_empty()).collect();
    let mut parts = path.split("::").peekable();
    match parts.peek() {
        Some(&"crate") => return path.to_owned(),
        Some(&"self") => {
            parts.next();
        }
        Some(&"super") => {
            while parts.next_if_eq(&"super").is_some() {
                base.pop();
            }
        }
        // a child module, which needs no `self`
        Some(first) if known.contains(&[base.join("::"), (*first).to_owned()].join("::")) => {}
        _ => return path.to_owned(),
    }
    let all = ["crate"].into_iter().chain(base).chain(parts);
    all.collect::<Vec<_>>().join("::")
}

/// The paths in a stream of tokens, those in macros included.
fn paths(
    tokens: TokenStream,
    here: &str,
    known: &BTreeSet<String>,
    imports: &BTreeMap<String, String>,
    module: &mut Module,
) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(tree) = trees.get(at) {
        at += 1;
        match tree {
            TokenTree::Group(group) => {
                if group.delimiter() != Delimiter::None || !group.stream().is_empty() {
                    paths(group.stream(), here, known, imports, module);
                }
            }
            TokenTree::Ident(first) => {
                let line = first.span().start().line;
                let mut path = first.to_string();
                while let (
                    Some(TokenTree::Punct(a)),
                    Some(TokenTree::Punct(b)),
                    Some(TokenTree::Ident(next)),
                ) = (trees.get(at), trees.get(at + 1), trees.get(at + 2))
                    && a.as_char() == ':'
                    && b.as_char() == ':'
                {
                    path = format!("{path}::{next}");
                    at += 3;
                }
                let (head, rest) = path
                    .split_once("::")
                    .map_or((path.as_str(), None), |(head, rest)| (head, Some(rest)));
                let path = match (imports.get(head), rest) {
                    (Some(import), Some(rest)) => format!("{import}::{rest}"),
                    // what was imported is counted where it was imported
                    (_, None) => continue,
                    (None, Some(_)) => absolute(&path, here, known),
                };
                module.uses.insert((path, line));
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
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
    for module in modules() {
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
