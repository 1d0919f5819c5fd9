//! The variables with which the code signs its own tokens and cookies: whoever runs it makes them up, whatever they are called.

use std::collections::BTreeSet;

use crate::domain::javascript::{
    code::{FilePosition, Meaning, NodeCode},
    env::{key_of, object},
};

/// The words of names that say no more than what is signed. Any other may be the name of a service that gives the secret out, as Zoom does,
/// or say that the key comes in a pair.
const OWN: &[&str] = &[
    "ACCESS",
    "ADMIN",
    "APP",
    "AT",
    "AUTH",
    "AUTHENTICATION",
    "COOKIE",
    "EMAIL",
    "JWT",
    "KEY",
    "LOGIN",
    "MY",
    "PASSWORD",
    "REFRESH",
    "RESET",
    "RT",
    "SECRET",
    "SECRETKEY",
    "SESSION",
    "SIGN",
    "SIGNATURE",
    "SIGNING",
    "TOKEN",
    "USER",
    "VERIFICATION",
    "VERIFY",
];

/// Collects the variables that a file signs with. What only verifies a signature may be given it by another service.
pub(super) fn keys(code: &NodeCode<'_>, file: &FilePosition) -> BTreeSet<String> {
    let tree = file.tree();
    (0..tree.len())
        .filter(|id| tree.kind(*id) == "call_expression")
        .filter_map(|id| signed(code, &file.at(id)))
        .filter_map(|place| key_of(&code.follow(&place)))
        .filter(|key| key.split('_').all(|word| OWN.contains(&word)))
        .collect()
}

/// The secret that a call signs with.
fn signed(code: &NodeCode<'_>, call: &FilePosition) -> Option<FilePosition> {
    let tree = call.tree();
    let callee = tree.callee(call.id)?;
    let Meaning::Outside(package, path) = code.follow(&call.at(callee)) else {
        return None;
    };
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let arguments = tree.arguments(call.id);
    let argument = |at: usize| arguments.get(at).map(|id| call.at(*id));
    match (package.as_str(), path.as_slice()) {
        ("jsonwebtoken" | "hono/jwt", ["sign"] | ["default", "sign"]) => argument(1),
        ("cookie-parser", [] | ["default"]) => argument(0),
        ("express-session", [] | ["default"]) => {
            let options = object(code, &argument(0)?)?;
            let value = options.tree().property_of(options.id, "secret")?;
            Some(options.at(value))
        }
        _ => None,
    }
}
