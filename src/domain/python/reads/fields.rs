//! Settings classes of pydantic: the variables of their fields, and the env files that they load.

use std::collections::BTreeSet;

use crate::domain::{
    python::{
        code::{Place, PythonCode, Value},
        syntax::{Class, Expr, ExprKind, Stmt, StmtKind, argument},
    },
    reading::{EnvRead, Spot},
};

/// How many classes may descend from each other, and models lie in each other.
const NESTING: usize = 8;

/// Which pydantic it is: they differ in what a field is and in what else a file may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PydanticVersion {
    V1,
    V2,
}

/// A field of a settings class, with where it is written.
#[derive(Debug)]
struct Field<'a> {
    place: Place<'a>,
    name: &'a str,
    annotation: Option<&'a Expr>,
    value: Option<&'a Expr>,
    line: &'a Expr,
}

/// A settings class, with those that it descends from, itself first.
#[derive(Debug)]
pub(super) struct SettingsClass<'a> {
    pub version: PydanticVersion,
    lineage: Vec<(Place<'a>, &'a Class)>,
}

/// The version of pydantic whose `BaseSettings` a class descends from; `None` where it isn't a settings class.
pub(super) fn settings_class<'a>(
    code: &PythonCode<'a>,
    place: &Place<'a>,
    class: &'a Class,
) -> Option<SettingsClass<'a>> {
    let mut lineage = Vec::new();
    let mut version = None;
    descend(code, place, class, &mut lineage, &mut version, 0);
    version.map(|version| SettingsClass { version, lineage })
}

fn descend<'a>(
    code: &PythonCode<'a>,
    place: &Place<'a>,
    class: &'a Class,
    lineage: &mut Vec<(Place<'a>, &'a Class)>,
    version: &mut Option<PydanticVersion>,
    depth: usize,
) {
    if depth > NESTING
        || lineage
            .iter()
            .any(|(_, known)| known.span == class.span && known.name == class.name)
    {
        return;
    }
    lineage.push((place.clone(), class));
    for base in class.bases.iter().filter(|base| base.name.is_none()) {
        for value in code.values(place, &base.value) {
            match value {
                Value::Class(at, class) => {
                    descend(code, &at, class, lineage, version, depth + 1);
                }
                Value::Package(path) | Value::Made(path, _)
                    if path.trim_end_matches("()").rsplit('.').next() == Some("BaseSettings") =>
                {
                    let old = path.starts_with("pydantic.");
                    version.get_or_insert(if old {
                        PydanticVersion::V1
                    } else {
                        PydanticVersion::V2
                    });
                }
                _ => {}
            }
        }
    }
}

impl<'a> SettingsClass<'a> {
    /// An option of `model_config`, of the inner `Config` or of the class statement, own or inherited.
    pub(super) fn option(
        &self,
        code: &PythonCode<'a>,
        name: &str,
    ) -> Option<(Place<'a>, &'a Expr)> {
        self.lineage.iter().find_map(|(place, class)| {
            let body = PythonCode::class_body(place, class);
            class
                .body
                .iter()
                .find_map(|stmt| match &stmt.kind {
                    StmtKind::Assign {
                        targets,
                        value: Some(value),
                        ..
                    } if targets
                        .iter()
                        .any(|target| target.last_name() == Some("model_config")) =>
                    {
                        of_config(code, &body, value, name)
                    }
                    StmtKind::Class(inner) if inner.name == "Config" => assigned(&inner.body, name)
                        .map(|value| (PythonCode::class_body(&body, inner), value)),
                    _ => None,
                })
                .or_else(|| argument(&class.bases, None, name).map(|value| (place.clone(), value)))
        })
    }

    fn text(&self, code: &PythonCode<'a>, name: &str) -> Option<String> {
        let (place, value) = self.option(code, name)?;
        code.texts(&place, value).into_iter().next()
    }

    fn is_case_sensitive(&self, code: &PythonCode<'a>) -> bool {
        self.option(code, "case_sensitive")
            .is_some_and(|(_, value)| is_true(value))
    }

    /// Whether keys of an env file that are none of its fields make it fail.
    pub(super) fn forbids_others(&self, code: &PythonCode<'a>) -> bool {
        // the first version passes over them
        self.version == PydanticVersion::V2
            && self.option(code, "extra").is_none_or(|(place, value)| {
                value.last_name() == Some("forbid")
                    || code
                        .texts(&place, value)
                        .iter()
                        .any(|text| text == "forbid")
            })
    }

    /// Its fields, those of the classes that it descends from after its own.
    fn fields(&self) -> Vec<Field<'a>> {
        let mut found: Vec<Field<'a>> = Vec::new();
        for (place, class) in &self.lineage {
            let mut own = fields_of(place, class, self.version);
            own.retain(|field| !found.iter().any(|known| known.name == field.name));
            found.extend(own);
        }
        found
    }

    /// The variables of a field, the one to write first; none where it isn't a field.
    pub(super) fn keys_of(&self, code: &PythonCode<'a>, name: &str) -> Vec<String> {
        let fields = self.fields();
        fields
            .iter()
            .find(|field| field.name == name)
            .map(|field| self.keys(code, field))
            .unwrap_or_default()
    }

    /// The value that a field has where nothing is set.
    pub(super) fn default_of(&self, name: &str) -> Option<(Place<'a>, &'a Expr)> {
        let fields = self.fields();
        let field = fields.iter().find(|field| field.name == name)?;
        let value = field.value?;
        let value = match &value.kind {
            ExprKind::Call(callee, arguments) if callee.last_name() == Some("Field") => {
                argument(arguments, Some(0), "default")?
            }
            _ => value,
        };
        Some((field.place.clone(), value))
    }

    /// The methods that check or make the value of a field, and their place.
    pub(super) fn validators(
        &self,
        name: &str,
    ) -> Vec<(Place<'a>, &'a crate::domain::python::syntax::Function)> {
        let mut found = Vec::new();
        for (place, class) in &self.lineage {
            let body = PythonCode::class_body(place, class);
            for stmt in &class.body {
                let StmtKind::Function(function) = &stmt.kind else {
                    continue;
                };
                let checks = function.decorators.iter().any(|decorator| {
                    let ExprKind::Call(callee, arguments) = &decorator.kind else {
                        return false;
                    };
                    matches!(callee.last_name(), Some("validator" | "field_validator"))
                        && arguments
                            .iter()
                            .any(|argument| argument.value.text() == Some(name))
                });
                if checks {
                    found.push((body.clone(), function));
                }
            }
        }
        found
    }

    fn keys(&self, code: &PythonCode<'a>, field: &Field<'a>) -> Vec<String> {
        let mut aliases = Vec::new();
        for written in field_calls(field) {
            let ExprKind::Call(_, arguments) = &written.kind else {
                continue;
            };
            let names: &[&str] = match self.version {
                PydanticVersion::V1 => &["env"],
                PydanticVersion::V2 => &["validation_alias", "alias"],
            };
            if let Some(alias) = names
                .iter()
                .find_map(|name| argument(arguments, None, name))
            {
                alias_texts(code, &field.place, alias, &mut aliases);
            }
        }
        if aliases.is_empty() && self.version == PydanticVersion::V1 {
            aliases.extend(self.v1_field_env(code, field.name));
        }
        if aliases.is_empty() {
            let prefix = self.text(code, "env_prefix").unwrap_or_default();
            aliases.push(format!("{prefix}{}", field.name));
        }
        if !self.is_case_sensitive(code) {
            for alias in &mut aliases {
                *alias = alias.to_ascii_uppercase();
            }
        }
        aliases
    }

    /// `class Config: fields = {"x": {"env": "X"}}`
    fn v1_field_env(&self, code: &PythonCode<'a>, name: &str) -> Vec<String> {
        let Some((place, fields)) = self.option(code, "fields") else {
            return Vec::new();
        };
        let entry = |dict: &'a Expr, key: &str| match &dict.kind {
            ExprKind::Dict(pairs) => pairs
                .iter()
                .find(|(name, _)| name.as_ref().and_then(Expr::text) == Some(key))
                .map(|(_, value)| value),
            _ => None,
        };
        let mut found = Vec::new();
        if let Some(env) = entry(fields, name).and_then(|field| entry(field, "env")) {
            alias_texts(code, &place, env, &mut found);
        }
        found
    }

    /// The variables that it reads.
    pub(super) fn reads(&self, code: &PythonCode<'a>) -> Vec<EnvRead> {
        let delimiter = self.text(code, "env_nested_delimiter");
        let mut found = Vec::new();
        for field in self.fields() {
            let keys = self.keys(code, &field);
            let required = is_required(&field, self.version);
            let models = nested(code, &field);
            if let Some((at, model)) = models.first() {
                let own = settings_class(code, at, model).is_some();
                if let Some(delimiter) = &delimiter {
                    let sensitive = self.is_case_sensitive(code);
                    for key in keys {
                        let path = (format!("{key}{delimiter}"), required);
                        nested_reads(code, at, model, path, (delimiter, sensitive), &mut found, 0);
                    }
                    continue;
                }
                if own && !required {
                    // it reads its variables by itself
                    continue;
                }
            }
            let at = code.spot(&field.place, field.line);
            for (place, key) in keys.into_iter().enumerate() {
                found.push(EnvRead {
                    key,
                    at: at.clone(),
                    // one of several names is enough
                    required: required && place == 0,
                    goes_on: false,
                });
            }
        }
        found
    }
}

/// The variables of a model within a settings class: their names begin with the field's.
fn nested_reads<'a>(
    code: &PythonCode<'a>,
    place: &Place<'a>,
    model: &'a Class,
    (prefix, required): (String, bool),
    (delimiter, sensitive): (&str, bool),
    found: &mut Vec<EnvRead>,
    depth: usize,
) {
    if depth > NESTING {
        return;
    }
    let mut lineage = Vec::new();
    descend(code, place, model, &mut lineage, &mut None, 0);
    let whole = SettingsClass {
        version: PydanticVersion::V2,
        lineage,
    };
    for field in whole.fields() {
        let name = if sensitive {
            field.name.to_owned()
        } else {
            field.name.to_ascii_uppercase()
        };
        let key = format!("{prefix}{name}");
        let required = required && is_required(&field, PydanticVersion::V2);
        if let Some((at, model)) = nested(code, &field).first() {
            let path = (format!("{key}{delimiter}"), required);
            nested_reads(
                code,
                at,
                model,
                path,
                (delimiter, sensitive),
                found,
                depth + 1,
            );
        } else {
            found.push(EnvRead {
                key,
                at: code.spot(&field.place, field.line),
                required,
                goes_on: false,
            });
        }
    }
}

/// The variables of a chain of fields: `settings.db.host`.
pub(super) fn nested_key<'a>(
    code: &PythonCode<'a>,
    class: &SettingsClass<'a>,
    chain: &[&str],
) -> Option<String> {
    let (first, rest) = chain.split_first()?;
    let mut key = class.keys_of(code, first).into_iter().next()?;
    let delimiter = class.text(code, "env_nested_delimiter")?;
    for name in rest {
        key = format!("{key}{delimiter}{}", name.to_ascii_uppercase());
    }
    Some(key)
}

/// The models of the code that a field's type names.
fn nested<'a>(code: &PythonCode<'a>, field: &Field<'a>) -> Vec<(Place<'a>, &'a Class)> {
    let Some(annotation) = field.annotation else {
        return Vec::new();
    };
    code.instances(&field.place, annotation)
        .into_iter()
        .filter_map(|value| match value {
            Value::Instance(at, class)
                if code.descends(&at, class, &["BaseModel", "BaseSettings", "RootModel"]) =>
            {
                Some((at, class))
            }
            _ => None,
        })
        .collect()
}

fn fields_of<'a>(place: &Place<'a>, class: &'a Class, version: PydanticVersion) -> Vec<Field<'a>> {
    let body = PythonCode::class_body(place, class);
    let mut found = Vec::new();
    for stmt in &class.body {
        let StmtKind::Assign {
            targets,
            annotation,
            value,
        } = &stmt.kind
        else {
            continue;
        };
        let [target] = targets.as_slice() else {
            continue;
        };
        let ExprKind::Name(name) = &target.kind else {
            continue;
        };
        let annotated = match annotation {
            Some(annotation) => !is_class_variable(annotation),
            // the first version takes the type from the value
            None => version == PydanticVersion::V1 && value.as_ref().is_some_and(is_plain_value),
        };
        if annotated && !name.starts_with('_') && name != "model_config" {
            found.push(Field {
                place: body.clone(),
                name,
                annotation: annotation.as_ref(),
                value: value.as_ref(),
                line: target,
            });
        }
    }
    found
}

fn is_class_variable(annotation: &Expr) -> bool {
    let of = match &annotation.kind {
        ExprKind::Subscript(of, _) => of,
        _ => annotation,
    };
    of.last_name() == Some("ClassVar")
}

/// Whether a value without a type makes a field.
fn is_plain_value(value: &Expr) -> bool {
    match &value.kind {
        ExprKind::Call(callee, _) => callee.last_name() == Some("Field"),
        ExprKind::Lambda(_) => false,
        _ => true,
    }
}

/// The `Field(…)` of a field: its value, or what stands in its `Annotated`.
fn field_calls<'a>(field: &Field<'a>) -> Vec<&'a Expr> {
    let mut found = Vec::new();
    let is_field = |expr: &Expr| matches!(&expr.kind, ExprKind::Call(callee, _) if callee.last_name() == Some("Field"));
    found.extend(field.value.filter(|value| is_field(value)));
    if let Some(Expr {
        kind: ExprKind::Subscript(of, keys),
        ..
    }) = field.annotation
        && of.last_name() == Some("Annotated")
    {
        found.extend(keys.iter().filter(|key| is_field(key)));
    }
    found
}

fn alias_texts<'a>(
    code: &PythonCode<'a>,
    place: &Place<'a>,
    alias: &'a Expr,
    into: &mut Vec<String>,
) {
    match &alias.kind {
        ExprKind::Items(items) => {
            for item in items {
                alias_texts(code, place, item, into);
            }
        }
        ExprKind::Call(callee, arguments) => {
            // of a path, the first part is the variable
            let paths = callee.last_name() == Some("AliasPath");
            for argument in arguments
                .iter()
                .take(if paths { 1 } else { arguments.len() })
            {
                alias_texts(code, place, &argument.value, into);
            }
        }
        _ => into.extend(code.texts(place, alias)),
    }
}

fn is_required(field: &Field<'_>, version: PydanticVersion) -> bool {
    let mut value = field.value;
    for call in field_calls(field) {
        let ExprKind::Call(_, arguments) = &call.kind else {
            continue;
        };
        if argument(arguments, None, "default_factory").is_some() {
            return false;
        }
        let default = argument(arguments, Some(0), "default");
        value = default.or_else(|| value.filter(|value| value.span != call.span));
    }
    match value {
        None => {
            version == PydanticVersion::V2
                || !field.annotation.is_some_and(|annotation| {
                    annotation.mentions(&["optional"]) || has_none(annotation)
                })
        }
        Some(value) => matches!(&value.kind, ExprKind::Literal(text) if text == "..."),
    }
}

fn has_none(annotation: &Expr) -> bool {
    let mut found = false;
    annotation.visit(&mut |expr| {
        found |= matches!(&expr.kind, ExprKind::Literal(text) if text == "None");
    });
    found
}

fn is_true(value: &Expr) -> bool {
    matches!(&value.kind, ExprKind::Literal(text) if text == "True")
}

/// An option of `SettingsConfigDict(…)` or of a dictionary, written here or kept in a variable.
fn of_config<'a>(
    code: &PythonCode<'a>,
    place: &Place<'a>,
    config: &'a Expr,
    name: &str,
) -> Option<(Place<'a>, &'a Expr)> {
    match &config.kind {
        ExprKind::Call(_, arguments) => {
            argument(arguments, None, name).map(|value| (place.clone(), value))
        }
        ExprKind::Dict(pairs) => pairs
            .iter()
            .find(|(key, _)| key.as_ref().and_then(Expr::text) == Some(name))
            .map(|(_, value)| (place.clone(), value)),
        _ => super::follow::written(code, place, config)
            .into_iter()
            .filter(|(_, value)| !matches!(value.kind, ExprKind::Name(_) | ExprKind::Attribute(..)))
            .find_map(|(at, value)| of_config(code, &at, value, name)),
    }
}

fn assigned<'a>(body: &'a [Stmt], name: &str) -> Option<&'a Expr> {
    body.iter().find_map(|stmt| match &stmt.kind {
        StmtKind::Assign { targets, value, .. }
            if targets
                .iter()
                .any(|target| target.last_name() == Some(name)) =>
        {
            value.as_ref()
        }
        _ => None,
    })
}

/// Every settings class that objects are made of: those that others descend from only where they are called themselves.
pub(super) fn settings_classes<'a>(
    code: &PythonCode<'a>,
) -> Vec<(Place<'a>, &'a Class, SettingsClass<'a>)> {
    let mut bases = BTreeSet::new();
    let mut found = Vec::new();
    for (place, class) in &code.classes {
        if class.bases.is_empty() {
            continue;
        }
        if let Some(settings) = settings_class(code, place, class) {
            for (at, base) in settings.lineage.iter().skip(1) {
                bases.insert((at.module, base.span.start));
            }
            found.push((place.clone(), *class, settings));
        }
    }
    found.retain(|(place, class, _)| {
        !bases.contains(&(place.module, class.span.start))
            || code.sites_named(&class.name).next().is_some()
    });
    found
}

/// Where a class is written.
pub(super) fn class_spot(code: &PythonCode<'_>, place: &Place<'_>, class: &Class) -> Spot {
    Spot {
        file: code
            .graph
            .get(place.module)
            .map(|module| module.file.clone())
            .unwrap_or_default(),
        line: class.span.line,
    }
}
