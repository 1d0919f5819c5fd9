//! What is remembered of a pack: git never changes one, so the same search of it finds the same again.
//!
//! An entry's name is a keyed hash of the pack's own checksum and of everything that was looked for, its key a random number that
//! never leaves the directory: an entry tells neither which pack nor which secret it is about. It holds the ids of the
//! objects in which something was found (they are read again) or that could not be read, of those that are elsewhere, and the watched
//! names; never a secret, nor where it is.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::{
    core::secret::Secret,
    domain::{credentials::ANCHORS, hex::hex},
};

/// Changes with the search: an entry of another version is not found.
const VERSION: &[u8] = b"neonup pack scan 4";

/// With more objects than this, reading them again gains nothing.
const MOST: usize = 500;
/// With more objects elsewhere than this, the entry would be larger than what it saves.
const MOST_ELSEWHERE: usize = 50_000;

/// An entry that was not written for so long is of a pack that is gone.
const OLD: Duration = Duration::from_hours(24 * 60);

/// What a pack holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct CachedPack {
    /// The objects in which something was found.
    pub(super) hits: BTreeSet<String>,
    /// The watched names in its trees.
    pub(super) names: BTreeSet<Vec<u8>>,
    /// The objects that could not be read here, and that git is asked for each time.
    pub(super) unread: Vec<String>,
    /// The objects that its own lead to, and that are not in it.
    pub(super) elsewhere: Vec<String>,
}

/// The remembered packs for one search.
pub(super) struct PackCache {
    directory: PathBuf,
    keyed: Hmac<Sha256>,
}

impl PackCache {
    /// The cache in a directory, for a search for these secrets and names; `None` where it cannot be.
    pub(super) fn open(
        directory: &Path,
        live: &[(String, Secret)],
        watched: &BTreeSet<Vec<u8>>,
    ) -> Option<Self> {
        let salt = salt(directory).ok()?;
        let mut keyed = Hmac::<Sha256>::new_from_slice(&salt).ok()?;
        keyed.update(VERSION);
        keyed.update(env!("CARGO_PKG_VERSION").as_bytes());
        let mut part = |bytes: &[u8]| {
            keyed.update(&(bytes.len() as u64).to_le_bytes());
            keyed.update(bytes);
        };
        for word in ANCHORS {
            part(word.as_bytes());
        }
        part(b"secrets");
        for (_, secret) in live {
            part(secret.expose().as_bytes());
        }
        part(b"names");
        for name in watched {
            part(name);
        }
        Some(Self {
            directory: directory.to_owned(),
            keyed,
        })
    }

    fn file(&self, checksum: &[u8]) -> PathBuf {
        let mut keyed = self.keyed.clone();
        keyed.update(checksum);
        self.directory.join(hex(&keyed.finalize().into_bytes()))
    }

    /// What is remembered of a pack. An entry that was cut off does not parse.
    pub(super) fn get(&self, checksum: &[u8]) -> Option<CachedPack> {
        serde_json::from_slice(&fs::read(self.file(checksum)).ok()?).ok()
    }

    /// Remembers a pack. That it cannot isn't an error: the next search is only slower.
    pub(super) fn put(&self, checksum: &[u8], pack: &CachedPack) {
        if pack.hits.len() > MOST
            || pack.unread.len() > MOST
            || pack.elsewhere.len() > MOST_ELSEWHERE
        {
            return;
        }
        let write = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
            file.write_all(&serde_json::to_vec(pack)?)?;
            file.persist(self.file(checksum))?;
            Ok(())
        };
        if write().is_ok() {
            self.forget_the_old();
        }
    }

    fn forget_the_old(&self) {
        for file in fs::read_dir(&self.directory)
            .into_iter()
            .flatten()
            .flatten()
        {
            let old = file
                .metadata()
                .and_then(|meta| meta.modified())
                .is_ok_and(|time| time.elapsed().is_ok_and(|age| age > OLD));
            if old && file.file_name() != SALT {
                fs::remove_file(file.path()).ok();
            }
        }
    }
}

const SALT: &str = "salt";

/// The directory's random number, created when it is not there.
fn salt(directory: &Path) -> io::Result<Vec<u8>> {
    let file = directory.join(SALT);
    if let Ok(salt) = fs::read(&file)
        && salt.len() == 32
    {
        return Ok(salt);
    }
    fs::create_dir_all(directory)?;
    let mut salt = vec![0; 32];
    getrandom::fill(&mut salt).map_err(io::Error::other)?;
    // a temporary file is the owner's alone from the beginning
    let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
    temporary.write_all(&salt)?;
    temporary.persist(&file)?;
    Ok(salt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::folders::temp_dir;

    #[test]
    fn an_entry_is_found_for_the_same_search_only() {
        let directory = temp_dir();
        let live = |secret: &str| vec![("pw".to_owned(), Secret::new(secret))];
        let open = |secret: &str, names: &[&[u8]]| {
            let names = names.iter().map(|name| name.to_vec()).collect();
            PackCache::open(directory.path(), &live(secret), &names).unwrap()
        };
        let entry = CachedPack {
            hits: BTreeSet::from(["ab12".to_owned()]),
            names: BTreeSet::from([b".env\xff".to_vec()]),
            ..CachedPack::default()
        };
        let cache = open("npg_canaryCANARY", &[b".env"]);
        assert_eq!(cache.get(b"pack"), None);
        cache.put(b"pack", &entry);
        assert_eq!(cache.get(b"pack"), Some(entry.clone()));
        assert_eq!(cache.get(b"other"), None);
        assert_eq!(
            open("npg_canaryCANARY", &[b".env"]).get(b"pack"),
            Some(entry)
        );
        assert_eq!(
            open("npg_rotatedROTATED", &[b".env"]).get(b"pack"),
            None,
            "a new secret is looked for again"
        );
        assert_eq!(
            open("npg_canaryCANARY", &[b".env.local"]).get(b"pack"),
            None
        );
        for file in fs::read_dir(directory.path()).unwrap() {
            let file = file.unwrap().path();
            let text = format!(
                "{} {}",
                file.display(),
                String::from_utf8_lossy(&fs::read(&file).unwrap())
            );
            assert!(!text.contains("canary"));
            let name = cache.file(b"pack");
            fs::write(&name, "{\"hits\":[\"ab12\"]").unwrap();
            assert_eq!(cache.get(b"pack"), None, "cut off");
        }
    }
}
