//! The values that neonup makes: random ones, and what a look has in their place.

use base64::Engine as _;

use crate::{
    core::{
        code::Code,
        failure::{Failure, Result},
        secret::Secret,
    },
    domain::hex::hex,
    project::settings::Encoding,
};

/// Gives a value in place of a random one, for a probe.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it replaces a function that can fail"
)]
pub(super) fn stand_in(encoding: Encoding, bytes: usize) -> Result<Secret> {
    Ok(encode(encoding, &vec![0; bytes]))
}

/// Makes a random value.
pub(super) fn random(encoding: Encoding, bytes: usize) -> Result<Secret> {
    let mut buffer = vec![0; bytes];
    getrandom::fill(&mut buffer).map_err(|error| {
        Failure::new(Code::EnvMissingKey, "can't create a random value")
            .why(error.to_string())
            .hint("the system's random source doesn't work")
    })?;
    Ok(encode(encoding, &buffer))
}

fn encode(encoding: Encoding, bytes: &[u8]) -> Secret {
    Secret::new(match encoding {
        Encoding::Hex => hex(bytes),
        Encoding::Base64 => base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes),
    })
}
