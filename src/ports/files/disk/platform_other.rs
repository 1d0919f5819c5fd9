//! Modes, owners and directories, where there is little of them.

use std::{
    fs::{self, File, Metadata},
    io,
    path::Path,
};

pub(super) fn mode_of(_: &Metadata) -> Option<u32> {
    None
}

pub(super) fn wanted_mode(_: Option<&Metadata>, _: bool) -> Option<u32> {
    None
}

pub(super) fn set_mode(_: &Path, _: Option<u32>) -> io::Result<()> {
    Ok(())
}

pub(super) fn give_owner_and_mode(
    _: &File,
    _: Option<&Metadata>,
    _: Option<u32>,
) -> io::Result<()> {
    Ok(())
}

pub(super) fn narrow(_: &File, _: Option<u32>) -> io::Result<()> {
    Ok(())
}

pub(super) fn device(_: &Metadata) -> u64 {
    0
}

pub(super) fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

pub(super) fn may_write(dir: &Path) -> bool {
    fs::metadata(dir).is_ok_and(|meta| !meta.permissions().readonly())
}

pub(super) fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}

pub(super) fn private_dir(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)
}
