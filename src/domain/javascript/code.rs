//! The files of an application, read when they are asked for, and what an expression in them stands for.
//!
//! Nothing is run. What is not in the repository is taken for a package.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeSet, HashMap},
    rc::Rc,
};

use crate::{
    core::proof::{Coverage, Unread},
    domain::{
        javascript::{
            file::{Bound, EACH, Export, File},
            tree::{Dialect, Id, PARSED, SyntaxTree},
        },
        source::{FileReader, join},
    },
};

/// How many names, members and modules an expression is followed through.
const FOLLOWED: usize = 24;

/// How many steps the following of one expression may take in all.
const STEPS: usize = 4_000;

/// The most files that are read because others import them, beyond those that were asked for: packages of the same repository.
const FOREIGN: usize = 500;

/// What a module's file name may end with.
const ENDS: &[&str] = &["ts", "tsx", "js", "jsx", "mts", "mjs", "cts", "cjs", "d.ts"];

/// Where packages of the same repository usually are, from its root or a folder above the application.
const PACKAGES: &[&str] = &["packages", "libs", "internal", "shared", "tooling", "apps"];

/// A place in a file.
#[derive(Debug, Clone)]
pub(super) struct FilePosition {
    pub file: Rc<File>,
    pub id: Id,
}

impl FilePosition {
    pub(super) fn at(&self, id: Id) -> Self {
        Self {
            file: Rc::clone(&self.file),
            id,
        }
    }

    pub(super) fn tree(&self) -> &SyntaxTree {
        &self.file.tree
    }

    fn is(&self, other: &Self) -> bool {
        self.id == other.id && Rc::ptr_eq(&self.file, &other.file)
    }
}

/// What an expression stands for.
#[derive(Debug, Clone)]
pub(super) enum Meaning {
    /// An expression that isn't a name.
    Place(FilePosition),
    /// What is below an expression by these names, and not written out there.
    Part(FilePosition, Vec<String>),
    /// A name of a package, or of the language where the package is empty: `process`, `env`.
    Outside(String, Vec<String>),
    /// All that a file exports.
    Module(Rc<File>),
    Unknown,
}

impl Meaning {
    /// The names below a package, where it is one of these.
    pub(super) fn of(&self, package: &str) -> Option<&[String]> {
        match self {
            Self::Outside(name, path) if name == package => Some(path),
            _ => None,
        }
    }
}

/// The files.
pub(super) struct NodeCode<'a> {
    files: FileReader<'a>,
    dir: String,
    known: BTreeSet<&'a str>,
    loaded: RefCell<HashMap<String, Option<Rc<File>>>>,
    foreign: RefCell<Vec<String>>,
    resolved: RefCell<HashMap<(String, String), Option<String>>>,
    aliases: Vec<(String, Vec<String>)>,
    coverage: RefCell<Coverage>,
    /// How many steps were taken for one expression.
    steps: Cell<usize>,
}

impl<'a> NodeCode<'a> {
    pub(super) fn new(files: FileReader<'a>, dir: &str, paths: &'a [String]) -> Self {
        Self {
            files,
            dir: dir.to_owned(),
            known: paths.iter().map(String::as_str).collect(),
            loaded: RefCell::default(),
            foreign: RefCell::default(),
            resolved: RefCell::default(),
            aliases: aliases(files, dir),
            coverage: RefCell::new(Coverage::complete()),
            steps: Cell::new(0),
        }
    }

    pub(super) fn into_coverage(self) -> Coverage {
        self.coverage.into_inner()
    }

    pub(super) fn leave_out(&self, path: &str, why: &str) {
        self.coverage
            .borrow_mut()
            .leave_out(Unread::file(path, why, ""));
    }

    /// The files of other folders that were read because they are imported.
    pub(super) fn foreign(&self, from: usize) -> Vec<String> {
        self.foreign
            .borrow()
            .get(from..)
            .unwrap_or_default()
            .to_vec()
    }

    /// The bytes of a file as text, where it is there and can be read.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        match (self.files)(path) {
            Ok(bytes) => match decode(bytes?) {
                Ok(text) => Some(text),
                Err(why) => {
                    self.leave_out(path, why);
                    None
                }
            },
            Err(why) => {
                self.leave_out(path, &why);
                None
            }
        }
    }

    /// Reads a file, once.
    pub(super) fn load(&self, path: &str) -> Option<Rc<File>> {
        if let Some(known) = self.loaded.borrow().get(path) {
            return known.clone();
        }
        let text = self.text(path);
        self.load_text(path, text?)
    }

    /// Takes the text of a file that was not read yet.
    pub(super) fn load_text(&self, path: &str, text: String) -> Option<Rc<File>> {
        if let Some(known) = self.loaded.borrow().get(path) {
            return known.clone();
        }
        let file = if text.len() > PARSED {
            self.leave_out(path, "it is larger than 1 MB");
            None
        } else {
            let parsed = File::parse(path, text);
            if parsed.is_none() {
                self.leave_out(path, "its syntax takes too long to read");
            }
            parsed.map(Rc::new)
        };
        self.loaded
            .borrow_mut()
            .insert(path.to_owned(), file.clone());
        file
    }

    /// The file that a module's name means in a file; `None` for packages.
    pub(super) fn resolve(&self, from: &str, module: &str) -> Option<String> {
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let key = (folder.to_owned(), module.to_owned());
        if let Some(known) = self.resolved.borrow().get(&key) {
            return known.clone();
        }
        let found = self.find_module(folder, module);
        if let Some(path) = &found
            && !self.known.contains(path.as_str())
        {
            let mut foreign = self.foreign.borrow_mut();
            if !foreign.contains(path) {
                if foreign.len() >= FOREIGN {
                    self.leave_out(path, "too many files of other folders are imported");
                    return None;
                }
                foreign.push(path.clone());
            }
        }
        self.resolved.borrow_mut().insert(key, found.clone());
        found
    }

    /// Whether a name is one that the project's own settings give to files, so that no package is meant.
    pub(super) fn is_alias(&self, module: &str) -> bool {
        module.starts_with(['~', '#', '$', '.', '/'])
            || module.starts_with("@/")
            || self
                .aliases
                .iter()
                .any(|(prefix, _)| prefix != "*" && alias(prefix, module).is_some())
    }

    fn find_module(&self, folder: &str, module: &str) -> Option<String> {
        if module == "." || module == ".." || module.starts_with("./") || module.starts_with("../")
        {
            return self.source(&normal(folder, module)?);
        }
        for (prefix, targets) in &self.aliases {
            let Some(rest) = alias(prefix, module) else {
                continue;
            };
            let found = targets
                .iter()
                .find_map(|target| self.source(&normal("", &target.replacen('*', rest, 1))?));
            if found.is_some() {
                return found;
            }
        }
        self.package(module)
    }

    /// The file of a path that may lack its end.
    fn source(&self, path: &str) -> Option<String> {
        let is_source = |path: &str| {
            path.rsplit_once('.')
                .is_some_and(|(_, end)| ENDS.contains(&end) || end == "vue" || end == "svelte")
        };
        let mut candidates = Vec::new();
        if is_source(path) {
            candidates.push(path.to_owned());
            // TypeScript names the file that it will have made
            if let Some((stem, end)) = path.rsplit_once('.')
                && let Some(from) = end.strip_suffix("js").or_else(|| end.strip_suffix("jsx"))
            {
                candidates.push(format!("{stem}.{from}ts"));
                candidates.push(format!("{stem}.{from}tsx"));
            }
        }
        for end in ENDS {
            candidates.push(format!("{path}.{end}"));
        }
        for end in ENDS {
            candidates.push(join(path, &format!("index.{end}")));
        }
        let known = candidates
            .iter()
            .find(|candidate| self.known.contains(candidate.as_str()));
        // what is below the application and not among its files is not there, or is left out by intent
        let below = self.dir.is_empty()
            || path
                .strip_prefix(self.dir.as_str())
                .is_some_and(|rest| rest.starts_with('/'));
        if known.is_some() || below {
            return known.cloned();
        }
        candidates
            .into_iter()
            .find(|candidate| matches!((self.files)(candidate), Ok(Some(_))))
    }

    /// The file that a package of the same repository is entered at.
    fn package(&self, module: &str) -> Option<String> {
        let name = package_name(module)?;
        let below = module.strip_prefix(name.as_str()).unwrap_or_default();
        let below = below.trim_start_matches('/');
        let last = name.rsplit('/').next().unwrap_or_default();
        // packages of a workspace have a scope of their own, or a plain name that npm has, too: the manifest decides
        let mut above = Some(self.dir.as_str());
        while let Some(dir) = above {
            for folder in PACKAGES {
                let home = join(&join(dir, folder), last);
                let manifest = join(&home, "package.json");
                if let Ok(Some(bytes)) = (self.files)(&manifest) {
                    let manifest: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
                    if manifest.get("name").and_then(serde_json::Value::as_str) == Some(&name) {
                        return self.entry(&home, below, &manifest);
                    }
                }
            }
            above = (!dir.is_empty()).then(|| dir.rsplit_once('/').map_or("", |(up, _)| up));
        }
        None
    }

    fn entry(&self, home: &str, below: &str, manifest: &serde_json::Value) -> Option<String> {
        let wanted = if below.is_empty() {
            ".".to_owned()
        } else {
            format!("./{below}")
        };
        let mut candidates = Vec::new();
        if let Some(exports) = manifest.get("exports") {
            let target = exports.get(&wanted).or_else(|| {
                (below.is_empty() && !exports.as_object()?.keys().any(|key| key.starts_with('.')))
                    .then_some(exports)
            });
            texts(target.unwrap_or(exports), &mut candidates, target.is_some());
        }
        if below.is_empty() {
            for field in ["source", "module", "main", "types"] {
                let path = manifest.get(field).and_then(serde_json::Value::as_str);
                candidates.extend(path.map(str::to_owned));
            }
            candidates.extend(["src/index", "index"].map(str::to_owned));
        } else {
            candidates.extend([format!("src/{below}"), below.to_owned()]);
        }
        candidates
            .iter()
            .find_map(|path| self.source(&normal(home, path)?))
    }

    /// What an expression stands for.
    pub(super) fn follow(&self, place: &FilePosition) -> Meaning {
        self.steps.set(0);
        self.follow_up_to(place, FOLLOWED)
    }

    /// Takes one step less deep; `None` where no more may be taken. Files that export all names of each other lead on in more ways than
    /// can be tried.
    fn step(&self, depth: usize) -> Option<usize> {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        depth.checked_sub(1).filter(|_| steps <= STEPS)
    }

    fn follow_up_to(&self, place: &FilePosition, depth: usize) -> Meaning {
        let Some(depth) = self.step(depth) else {
            return Meaning::Unknown;
        };
        let tree = place.tree();
        let id = tree.bare(place.id);
        match tree.kind(id) {
            "identifier" | "shorthand_property_identifier" => self.name(&place.at(id), depth),
            "member_expression" => {
                let (Some(object), Some(name)) =
                    (tree.field(id, "object"), tree.field(id, "property"))
                else {
                    return Meaning::Unknown;
                };
                let found = self.follow_up_to(&place.at(object), depth);
                self.member(found, tree.source(name), depth)
            }
            "subscript_expression" => {
                let name = tree.field(id, "index").and_then(|index| tree.text(index));
                match (tree.field(id, "object"), name) {
                    (Some(object), Some(name)) => {
                        let found = self.follow_up_to(&place.at(object), depth);
                        self.member(found, &name, depth)
                    }
                    _ => Meaning::Unknown,
                }
            }
            "meta_property" => Meaning::Outside(String::new(), vec![tree.source(id).to_owned()]),
            "call_expression" => {
                let module = tree
                    .callee(id)
                    .filter(|callee| matches!(tree.source(*callee), "require" | "import"))
                    .and_then(|_| tree.text(*tree.arguments(id).first()?));
                match module {
                    Some(module) => self.import(&place.file, &module, "*", depth),
                    None => Meaning::Place(place.at(id)),
                }
            }
            _ => Meaning::Place(place.at(id)),
        }
    }

    fn name(&self, place: &FilePosition, depth: usize) -> Meaning {
        let name = place.tree().source(place.id);
        let bounds = place.file.lookup(place.id, name);
        if bounds.is_empty() {
            let outside = matches!(name, "process" | "Bun" | "Deno" | "globalThis" | "require");
            return if outside {
                Meaning::Outside(String::new(), vec![name.to_owned()])
            } else {
                Meaning::Unknown
            };
        }
        // the first that is known: `let pool; … pool = new Pool()`
        for bound in bounds {
            let found = match bound {
                Bound::Opaque => Meaning::Unknown,
                Bound::Value(value) if *value == place.id => Meaning::Unknown,
                Bound::Value(value) => self.follow_up_to(&place.at(*value), depth),
                Bound::Part(value, path) => {
                    let mut found = self.follow_up_to(&place.at(*value), depth);
                    for name in path {
                        found = self.member(found, name, depth);
                    }
                    found
                }
                Bound::Import(module, name) => self.import(&place.file, module, name, depth),
            };
            let nothing = match &found {
                Meaning::Unknown => true,
                Meaning::Place(place) => {
                    matches!(place.tree().kind(place.id), "null" | "undefined")
                }
                _ => false,
            };
            if !nothing {
                return found;
            }
        }
        Meaning::Unknown
    }

    fn import(&self, file: &File, module: &str, name: &str, depth: usize) -> Meaning {
        if let Some(path) = self.resolve(&file.path, module) {
            return match self.load(&path) {
                Some(file) if name == "*" => Meaning::Module(file),
                Some(file) => self.exported(&file, name, depth),
                None => Meaning::Unknown,
            };
        }
        if module.starts_with('.') {
            // a file that is not there: made by a generator
            return Meaning::Outside(module.to_owned(), vec![name.to_owned()]);
        }
        let package = match module {
            "process" | "node:process" => "",
            _ => module,
        };
        let mut path = match (package, name) {
            ("", "*" | "default") => vec!["process".to_owned()],
            ("", _) => vec!["process".to_owned(), name.to_owned()],
            (_, "*" | "default") => Vec::new(),
            _ => vec![name.to_owned()],
        };
        path.truncate(FOLLOWED);
        Meaning::Outside(package.to_owned(), path)
    }

    fn exported(&self, file: &Rc<File>, name: &str, depth: usize) -> Meaning {
        let Some(depth) = self.step(depth) else {
            return Meaning::Unknown;
        };
        let place = |id| FilePosition {
            file: Rc::clone(file),
            id,
        };
        match file.exports.get(name) {
            Some(Export::Value(id)) => return self.follow_up_to(&place(*id), depth),
            Some(Export::Local(local)) => {
                for bound in file.lookup(1, local) {
                    let found = match bound {
                        Bound::Opaque => Meaning::Unknown,
                        Bound::Value(value) => self.follow_up_to(&place(*value), depth),
                        Bound::Part(value, path) => {
                            let mut found = self.follow_up_to(&place(*value), depth);
                            for name in path {
                                found = self.member(found, name, depth);
                            }
                            found
                        }
                        Bound::Import(module, name) => self.import(file, module, name, depth),
                    };
                    if !matches!(found, Meaning::Unknown) {
                        return found;
                    }
                }
                return Meaning::Unknown;
            }
            Some(Export::From(module, name)) => return self.import(file, module, name, depth),
            None => {}
        }
        // CommonJS: `module.exports = { name }`
        if let Some(Export::Value(id)) = file.exports.get("*") {
            let whole = self.follow_up_to(&place(*id), depth);
            return if name == "default" {
                whole
            } else {
                self.member(whole, name, depth)
            };
        }
        for module in &file.stars {
            if let Some(path) = self.resolve(&file.path, module)
                && let Some(file) = self.load(&path)
            {
                let found = self.exported(&file, name, depth);
                if !matches!(found, Meaning::Unknown) {
                    return found;
                }
            }
        }
        Meaning::Unknown
    }

    /// What a name below something stands for.
    fn member(&self, of: Meaning, name: &str, depth: usize) -> Meaning {
        let Some(depth) = depth.checked_sub(1) else {
            return Meaning::Unknown;
        };
        match of {
            Meaning::Outside(package, mut path) => {
                if path.len() >= FOLLOWED {
                    return Meaning::Unknown;
                }
                if name == "default" && !package.is_empty() && path.is_empty() {
                    return Meaning::Outside(package, path);
                }
                if package.is_empty() && path == ["globalThis"] {
                    path.clear();
                }
                path.push(name.to_owned());
                Meaning::Outside(package, path)
            }
            Meaning::Module(file) => self.exported(&file, name, depth),
            Meaning::Place(place) => {
                let tree = place.tree();
                if tree.kind(place.id) == "object" {
                    if let Some(value) = tree.property_of(place.id, name) {
                        return self.follow_up_to(&place.at(value), depth);
                    }
                    // `{ ...env }`
                    let spreads: Vec<_> = tree
                        .children(place.id)
                        .filter(|child| tree.kind(*child) == "spread_element")
                        .filter_map(|spread| tree.children(spread).next())
                        .collect();
                    for spread in spreads {
                        let whole = self.follow_up_to(&place.at(spread), depth);
                        let found = self.member(whole, name, depth);
                        if !matches!(found, Meaning::Unknown) {
                            return found;
                        }
                    }
                    return Meaning::Unknown;
                }
                Meaning::Part(place, vec![name.to_owned()])
            }
            Meaning::Part(place, mut path) => {
                if path.len() >= FOLLOWED {
                    return Meaning::Unknown;
                }
                path.push(name.to_owned());
                Meaning::Part(place, path)
            }
            Meaning::Unknown => Meaning::Unknown,
        }
    }

    /// What a name below something stands for.
    pub(super) fn below(&self, of: Meaning, name: &str) -> Meaning {
        self.member(of, name, FOLLOWED)
    }

    /// The list of which a name stands for each part in turn: in `for (const name of list)` and `list.map((name) => …)`.
    pub(super) fn list_of(&self, name: &FilePosition) -> Option<FilePosition> {
        let tree = name.tree();
        let text = tree.source(name.id);
        let of = match name.file.lookup(name.id, text) {
            [Bound::Part(list, path)] if path.as_slice() == [EACH] => name.at(*list),
            [Bound::Opaque] => {
                let (function, 0) = name.file.parameter(name.id, text)? else {
                    return None;
                };
                let call = tree.parent(tree.parent(function)?)?;
                let callee = tree.callee(call)?;
                let method = tree.source(tree.field(callee, "property")?);
                matches!(
                    method,
                    "forEach" | "filter" | "map" | "every" | "some" | "find" | "flatMap"
                )
                .then(|| tree.field(callee, "object"))?
                .map(|list| name.at(list))?
            }
            _ => return None,
        };
        match self.follow(&of) {
            Meaning::Place(list) if list.tree().kind(list.id) == "array" => Some(list),
            _ => None,
        }
    }

    /// Whether a place is what an expression stands for itself.
    pub(super) fn stands_for_itself(place: &FilePosition, found: &Meaning) -> bool {
        matches!(found, Meaning::Place(same) if same.is(&place.at(place.tree().bare(place.id))))
    }
}

/// The package that a module's name belongs to; `None` for files, addresses and what the runtime brings.
pub(super) fn package_name(module: &str) -> Option<String> {
    let scoped = module.starts_with('@');
    let mut parts = module.splitn(if scoped { 3 } else { 2 }, '/');
    let first = parts.next()?;
    let name = if scoped {
        format!("{first}/{}", parts.next()?)
    } else {
        first.to_owned()
    };
    let fits = name
        .trim_start_matches('@')
        .starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "@/-_.~".contains(c));
    fits.then_some(name)
}

/// The text of a source: UTF-8 with or without its mark, or UTF-16 with it.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, &'static str> {
    let wide = |unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes
            .chunks_exact(2)
            .skip(1)
            .filter_map(|pair| pair.try_into().ok())
            .map(unit)
            .collect();
        String::from_utf16(&units).map_err(|_unpaired| "it isn't UTF-8 or UTF-16")
    };
    let mut text = match bytes.as_slice() {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes)?,
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes)?,
        _ => String::from_utf8(bytes).map_err(|_not| "it isn't UTF-8 or UTF-16")?,
    };
    if text.contains('\0') {
        return Err("it contains NUL bytes");
    }
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    Ok(text)
}

/// A path with its dots resolved; `None` where it leaves the repository.
fn normal(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// What stands for the star where a name is one that an alias means.
fn alias<'a>(prefix: &str, module: &'a str) -> Option<&'a str> {
    match prefix.split_once('*') {
        Some((start, end)) => module.strip_prefix(start)?.strip_suffix(end),
        None => (prefix == module).then_some(""),
    }
}

fn texts(value: &serde_json::Value, found: &mut Vec<String>, all: bool) {
    match value {
        serde_json::Value::String(text) if all => found.push(text.clone()),
        serde_json::Value::Object(members) if all => {
            for member in members.values() {
                texts(member, found, all);
            }
        }
        _ => {}
    }
}

/// The aliases of modules: those of `tsconfig.json`, then the usual ones.
fn aliases(files: FileReader<'_>, dir: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for name in ["tsconfig.json", "jsconfig.json", "tsconfig.base.json"] {
        let mut path = Some(join(dir, name));
        // a configuration may extend another
        for _ in 0..4 {
            let Some(config) = path.take() else { break };
            let folder = config.rsplit_once('/').map_or("", |(folder, _)| folder);
            let Ok(Some(bytes)) = files(&config) else {
                break;
            };
            if bytes.len() > PARSED {
                break;
            }
            let Some(tree) = decode(bytes)
                .ok()
                .and_then(|text| SyntaxTree::parse(format!("({text}\n)"), Dialect::Jsx))
            else {
                break;
            };
            let Some(object) = (0..tree.len()).find(|id| tree.kind(*id) == "object") else {
                break;
            };
            if let Some(options) = tree.property_of(object, "compilerOptions") {
                let base = tree
                    .property_of(options, "baseUrl")
                    .and_then(|base| tree.text(base));
                let base = normal(folder, base.as_deref().unwrap_or(".")).unwrap_or_default();
                let paths = tree.property_of(options, "paths");
                for pair in paths.into_iter().flat_map(|paths| tree.children(paths)) {
                    let key = tree.field(pair, "key").and_then(|key| tree.text(key));
                    let targets = tree.field(pair, "value").map(|list| {
                        tree.children(list)
                            .filter_map(|target| normal(&base, &tree.text(target)?))
                            .collect::<Vec<_>>()
                    });
                    if let (Some(key), Some(targets)) = (key, targets) {
                        found.push((key, targets));
                    }
                }
                if tree.property_of(options, "baseUrl").is_some() {
                    found.push(("*".to_owned(), vec![join(&base, "*")]));
                }
            }
            path = tree
                .property_of(object, "extends")
                .and_then(|extends| tree.text(extends))
                .filter(|extends| extends.starts_with('.'))
                .and_then(|extends| normal(folder, &extends))
                .map(|path| {
                    let whole = path.rsplit_once('.').is_some_and(|(_, end)| end == "json");
                    if whole { path } else { format!("{path}.json") }
                });
        }
    }
    let usual: [(&str, &[&str]); 6] = [
        ("@/*", &["src/*", "*", "app/*"]),
        ("~/*", &["src/*", "app/*", "*", "server/*"]),
        ("#/*", &["src/*", "*"]),
        ("$lib/*", &["src/lib/*"]),
        ("$lib", &["src/lib"]),
        ("src/*", &["src/*"]),
    ];
    for (prefix, targets) in usual {
        let targets = targets.iter().map(|target| join(dir, target)).collect();
        found.push((prefix.to_owned(), targets));
    }
    found
}
