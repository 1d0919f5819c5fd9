//! What is remembered of a pack: git never changes one, so the same search of it finds the same again.
//!
//! An entry's name is a keyed hash of the pack's own checksum and of everything that was looked for, its key a random number that
//! never leaves the directory: an entry says neither which pack nor which secret it is about. It holds the ids of the
//! objects in which something was found (they are read again), and the watched names; never a secret, nor where it stands.

use std::{
    collections::BTreeSet,
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::ports::repository::pack::hex;
use crate::{core::secret::Secret, domain::credentials::ANCHORS};

/// Changes with the search: an entry of another version is not found.
const VERSION: &[u8] = b"neonup pack scan 1";

/// With more objects than this, reading them again is no gain.
const MOST: usize = 500;

/// An entry that was not written for so long is of a pack that is gone.
const OLD: Duration = Duration::from_hours(24 * 60);

/// What a pack holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Entry {
    /// The objects in which something was found.
    pub(super) hits: BTreeSet<String>,
    /// The watched names in its trees.
    pub(super) names: BTreeSet<Vec<u8>>,
}

/// The remembered packs for one search.
pub(super) struct Cache {
    directory: PathBuf,
    keyed: Hmac<Sha256>,
}

impl Cache {
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

    /// What is remembered of a pack.
    pub(super) fn get(&self, checksum: &[u8]) -> Option<Entry> {
        let text = fs::read_to_string(self.file(checksum)).ok()?;
        // an entry that was cut off has no end
        let text = text.strip_suffix("end\n")?;
        let mut entry = Entry::default();
        for line in text.lines() {
            match line.split_once(' ')? {
                ("hit", id) => {
                    entry.hits.insert(id.to_owned());
                }
                ("name", name) => {
                    entry.names.insert(from_hex(name)?);
                }
                _ => return None,
            }
        }
        Some(entry)
    }

    /// Remembers a pack. That it cannot is no error: the next search is only slower.
    pub(super) fn put(&self, checksum: &[u8], entry: &Entry) {
        if entry.hits.len() > MOST {
            return;
        }
        let mut text = String::new();
        for id in &entry.hits {
            text.push_str(&format_line("hit", id));
        }
        for name in &entry.names {
            text.push_str(&format_line("name", &hex(name)));
        }
        text.push_str("end\n");
        let write = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
            file.write_all(text.as_bytes())?;
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

/// The directory's random number, made when it is not there.
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

fn format_line(word: &str, rest: &str) -> String {
    format!("{word} {rest}\n")
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_found_for_the_same_search_only() {
        let directory = tempfile::tempdir().unwrap();
        let live = |secret: &str| vec![("pw".to_owned(), Secret::new(secret))];
        let open = |secret: &str, names: &[&[u8]]| {
            let names = names.iter().map(|name| name.to_vec()).collect();
            Cache::open(directory.path(), &live(secret), &names).unwrap()
        };
        let entry = Entry {
            hits: BTreeSet::from(["ab12".to_owned()]),
            names: BTreeSet::from([b".env\xff".to_vec()]),
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
            fs::write(&name, "hit ab12\n").unwrap();
            assert_eq!(cache.get(b"pack"), None, "cut off");
        }
    }
}
