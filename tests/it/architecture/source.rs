//! Reads the source files of the crate: what they define, what they use, and what they hand on.
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

/// What a condition names that asks for the operating system.
const SYSTEMS: &[&str] = &[
    "unix",
    "windows",
    "target_env",
    "target_family",
    "target_os",
    "target_vendor",
];

/// A source file of the crate without its tests.
pub(super) struct Module {
    pub file: PathBuf,
    /// `engine::project::create`; empty for the crate's root.
    pub path: String,
    pub lines: usize,
    /// Name, first line, and length of each function.
    pub functions: Vec<(String, usize, usize)>,
    /// Name and line of each type and trait that is defined here.
    pub types: Vec<(String, usize)>,
    /// Every path that the code names, as it resolves from its imports, with its line.
    pub uses: BTreeSet<(String, usize)>,
    /// Where it asks which system it is compiled for, or is unsafe: what, and the line.
    pub system: Vec<(&'static str, usize)>,
    /// What it offers to others, without bodies and comments.
    pub offers: Vec<String>,
    /// What it hands on from others (`pub use`): the names, and where they lead.
    pub exports: BTreeMap<String, String>,
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a folder.
pub(super) fn sources(folder: &str) -> Vec<PathBuf> {
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
pub(super) fn modules() -> &'static [Module] {
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
                offers: Vec::new(),
                system: Vec::new(),
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
                    // of two systems the first: the other has the same
                    let first = module.exports.entry(name.clone());
                    first.or_insert_with(|| path.clone());
                } else {
                    module.uses.insert((path.clone(), line));
                }
                imports.entry(name).or_insert(path);
            }
        }
    }
    for item in items {
        if let Item::Use(_) | Item::Mod(_) = item
            && !is_test(attributes(item))
        {
            for attribute in attributes(item) {
                system(attribute.to_token_stream(), module);
            }
        }
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
                for function in &block.items {
                    if let ImplItem::Fn(function) = function
                        && !matches!(function.vis, Visibility::Inherited)
                    {
                        let of = block.self_ty.to_token_stream();
                        module
                            .offers
                            .push(format!("{of} :: {}", signature(&function.sig)));
                    }
                }
                let item = Item::Impl(block);
                system(item.to_token_stream(), module);
                functions(&item, module);
                paths(item.to_token_stream(), here, known, imports, module);
            }
            item => {
                module.offers.extend(offer(item));
                system(item.to_token_stream(), module);
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
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Notes where code asks which system it is compiled for (`cfg(unix)`, `cfg!(target_os = "…")`), and where it is unsafe.
fn system(tokens: TokenStream, module: &mut Module) {
    let mut condition = false;
    for tree in tokens {
        match tree {
            TokenTree::Ident(word) => {
                if word == "unsafe" {
                    module.system.push(("is unsafe", word.span().start().line));
                }
                condition = word == "cfg" || word == "cfg_attr";
            }
            TokenTree::Group(group) if condition => {
                condition = false;
                let words = idents(group.stream());
                let names =
                    |names: &[&str]| words.iter().any(|word| names.contains(&word.as_str()));
                if names(SYSTEMS) && !names(&["test"]) {
                    let line = group.span().start().line;
                    module.system.push(("asks for the system", line));
                }
            }
            TokenTree::Group(group) => system(group.stream(), module),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// The words in a stream of tokens.
fn idents(tokens: TokenStream) -> Vec<String> {
    let words = tokens.into_iter().map(|tree| match tree {
        TokenTree::Ident(word) => vec![word.to_string()],
        TokenTree::Group(group) => idents(group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => Vec::new(),
    });
    words.flatten().collect()
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

/// What an item offers to other modules, if it does: a function with its signature, a constant with its type, or the name of a type.
fn offer(item: &Item) -> Option<String> {
    let (visibility, offer) = match item {
        Item::Fn(item) => (&item.vis, signature(&item.sig)),
        Item::Const(item) => (
            &item.vis,
            format!("const {} : {}", item.ident, item.ty.to_token_stream()),
        ),
        Item::Enum(item) => (&item.vis, format!("type {}", item.ident)),
        Item::Struct(item) => (&item.vis, format!("type {}", item.ident)),
        Item::Type(item) => (&item.vis, format!("type {}", item.ident)),
        _ => return None,
    };
    let everywhere = match visibility {
        Visibility::Public(_) => true,
        Visibility::Restricted(to) => to.path.is_ident("crate"),
        Visibility::Inherited => false,
    };
    everywhere.then_some(offer)
}

/// A signature without the names of its parameters.
fn signature(of: &syn::Signature) -> String {
    let mut of = of.clone();
    for input in &mut of.inputs {
        if let syn::FnArg::Typed(input) = input {
            *input.pat = syn::parse_quote!(_);
        }
    }
    of.to_token_stream().to_string()
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
