//! Files that could not be read or written.

use std::path::Path;

use crate::{
    core::{code::Code, failure::Failure, remedy::Remedy},
    domain::dotenv::EnvLimit,
    os::files::{closing_hint, reading_hint},
    ports::files::FileError,
};

/// An env file, or its example, that could not be read.
pub(crate) fn env_not_read(file: &str, path: &Path, error: &FileError) -> Failure {
    let failure = Failure::new(
        Code::EnvUnreadableLine,
        format!("can't read `{file}` as an env file"),
    )
    .why(error.to_string());
    if matches!(error, FileError::Denied(_)) {
        return failure.hint(format!("make it readable: {}", reading_hint(path)));
    }
    failure.hint(format!(
        "move `{file}` away, or set another file in neonup.toml"
    ))
}

/// An env file, or its example, that is more than is read.
pub(crate) fn env_too_large(file: &str, limit: EnvLimit) -> Failure {
    Failure::new(
        Code::EnvUnreadableLine,
        format!("can't read `{file}` as an env file"),
    )
    .why(limit.to_string())
    .hint(format!(
        "move `{file}` away, or set another file in neonup.toml"
    ))
}

/// An env file, or its example, that could not be written.
pub(crate) fn env_not_written(file: &str, error: &FileError) -> Failure {
    let failure = Failure::new(Code::EnvMissingFile, format!("`{file}` was not written"))
        .why(error.to_string());
    match error {
        FileError::Outside(target) => env_outside(file, target),
        FileError::GitFolder(target) => env_in_git_folder(file, target),
        FileError::NotNarrowed(_) => Failure::new(
            Code::EnvOpenPermissions,
            format!("other users can read `{file}`, so no secret is written to it"),
        )
        .why(error.to_string())
        .hint(format!("ask its owner to run: {}", closing_hint(file))),
        FileError::LeftIn(path) => failure.hint(format!(
            "close the program that writes it; compare `{}` with `{file}`, then delete it",
            path.display()
        )),
        FileError::NotAFile(_) | FileError::TooLarge => failure.hint(format!("move `{file}` away")),
        FileError::Mounted(_) => failure
            .hint(format!(
                "it is a mount point, which can't be replaced atomically; overwrite it in place: {}",
                Remedy::OverwriteInPlace.command()
            ))
            .remedy(Some(Remedy::OverwriteInPlace)),
        FileError::DiskFull(_) => failure.hint("the disk is full; the file is unchanged"),
        FileError::Denied(_) | FileError::StateNotWritable(_) => {
            failure.hint("make the file and its directory writable")
        }
        FileError::Changed
        | FileError::NotReadBack
        | FileError::NoStateDirectory
        | FileError::CrossesDevices(_)
        | FileError::Io(_) => failure.hint("nothing else was changed"),
    }
}

/// An env file that is a symlink to a file outside the repository.
pub(crate) fn env_outside(file: &str, target: &Path) -> Failure {
    Failure::new(
        Code::EnvNotIgnored,
        format!("`{file}` points outside the repository, so no secret is written to it"),
    )
    .why(FileError::Outside(target.to_owned()).to_string())
    .hint("replace the symlink with a file, or edit its target yourself")
}

/// An env file that is a name for something in git's own folder.
pub(crate) fn env_in_git_folder(file: &str, target: &Path) -> Failure {
    Failure::new(
        Code::EnvInGitFolder,
        format!("`{file}` points into git's own folder, which neonup leaves alone"),
    )
    .why(format!(
        "{}; git would run commands from it",
        FileError::GitFolder(target.to_owned())
    ))
    .hint(format!("remove `{file}`, and find out who created it"))
}

/// A copy for `neonup undo` that could not be kept.
pub(crate) fn no_undo_copy(error: &FileError) -> Failure {
    Failure::new(Code::EnvMissingFile, "can't keep a backup for undo")
        .why(error.to_string())
        .hint("make your state directory (~/.local/state) writable")
}

/// A source file of the backend that could not be written.
pub(crate) fn source_not_written(file: &str, error: &FileError) -> Failure {
    let hint = if matches!(error, FileError::Changed) {
        "it changed after it was shown: re-check"
    } else {
        "make the folder writable"
    };
    Failure::new(
        Code::BackendSessionMissing,
        format!("`{file}` was not written"),
    )
    .why(error.to_string())
    .hint(hint)
}
