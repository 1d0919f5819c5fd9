//! The real adapter: the OS keyring through `keyring`, a 0600 file, and the `neon` CLI's own file for reading.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use keyring_core::{Entry, Error};
use serde::Deserialize;

use crate::{
    core::{answer::KeyStorage, environment::Environment, facts::KeyringState, secret::Secret},
    os::{
        bounded, desktop,
        files::{self, real},
        folders, homes,
        staged::{self, StagedFile},
    },
    ports::store::{KeyHold, KeyringError, SecretStore, StoreError},
};

/// The service name of our keyring entries.
const SERVICE: &str = "neonup";
/// The longest file with a key that is read, in bytes.
const KEY_FILE_LIMIT: u64 = 64 * 1024;
/// What the self-test stores.
const SELF_TEST: &str = "neonup self-test";
/// The ends of the names of an account's note and of its lock; no key file ends so.
const NOTE: &str = ".note";
const LOCK: &str = ".lock";
/// How long the keyring may take: an unlock prompt that nobody sees would block forever.
const LIMIT: Duration = Duration::from_secs(3);

/// How deep the program's own folders are searched for a key; they are two deep.
const DEPTH: usize = 4;
/// The largest file that is searched for a key. What is larger counts as holding it: none of ours is.
const LARGEST: u64 = 16 * 1024 * 1024;

/// The OS keyring and the consented file.
#[derive(Debug)]
pub(crate) struct OsStore {
    /// The folder of key files; `None` where there is no home.
    files: Option<PathBuf>,
    /// The repository that must not hold it, where there is one.
    repository: Option<PathBuf>,
    /// The program's own folders, in which a key could be left.
    own: Vec<PathBuf>,
    neon_cli: Vec<PathBuf>,
}

/// The `neon` CLI's `credentials.json`. Source: its own code, version 6.2.
#[derive(Deserialize)]
struct CliCredentials {
    #[serde(default)]
    api_key: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
    /// Milliseconds since 1970.
    #[serde(default)]
    expires_at: Option<u64>,
    #[serde(default)]
    user_id: Option<String>,
}

impl OsStore {
    /// A store whose files are where this environment's user keeps configuration, but never in this repository.
    pub(crate) fn new(environment: &Environment, repository: Option<&Path>) -> Self {
        // a path that is not absolute would lead to wherever the program is started
        let absolute = |name: &str| {
            environment
                .get(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let home = absolute(homes::HOME).or_else(folders::home);
        let config = homes::config(absolute, home.clone());
        let state = homes::state(absolute, home.clone());
        let neon_cli = environment
            .get("NEON_CONFIG_DIR")
            .or_else(|| environment.get("NEONCTL_CONFIG_DIR"))
            .map_or_else(
                || {
                    // it has them there on every system
                    let below = || Some(home?.join(".config"));
                    let config = absolute("XDG_CONFIG_HOME").or_else(below);
                    config
                        .iter()
                        .flat_map(|config| [config.join("neon"), config.join("neonctl")])
                        .collect()
                },
                |dir| vec![PathBuf::from(dir)],
            );
        Self {
            files: config
                .as_ref()
                .map(|config| config.join("neonup").join("keys")),
            repository: repository.map(|root| real(root).unwrap_or_else(|_| root.to_owned())),
            own: config
                .into_iter()
                .chain(state)
                .map(|dir| dir.join("neonup"))
                .collect(),
            neon_cli,
        }
    }

    /// The file of an account, where there is a folder for it.
    fn file(&self, account: &str) -> Option<PathBuf> {
        let name: String = account
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || "-._".contains(c) {
                    c
                } else {
                    '_'
                }
            })
            .collect();
        Some(self.files.as_ref()?.join(name))
    }

    /// The file of an account, in which a key may be kept.
    fn writable_file(&self, account: &str) -> Result<PathBuf, StoreError> {
        let file = self.file(account).ok_or(StoreError::NoFolder)?;
        // the part of the path that is there decides where it leads
        let real = file.ancestors().find_map(|dir| real(dir).ok());
        let inside = |root| real.as_ref().is_some_and(|dir| dir.starts_with(root));
        if self.repository.as_ref().is_some_and(inside) {
            return Err(StoreError::InRepository(file));
        }
        Ok(file)
    }
}

/// Runs one piece of keyring work on a thread of its own: it may block forever, and must not keep the program from ending.
/// `None`: there is no such entry.
async fn with_keyring<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<Option<T>, KeyringError> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let result = match keyring::Entry::store_status() {
            Ok(()) => match work() {
                Ok(value) => Ok(Some(value)),
                Err(Error::NoEntry) => Ok(None),
                Err(error) => Err(keyring_error(&error)),
            },
            // on Linux the store is opened by connecting to the Secret Service; elsewhere that does not fail
            Err(error) => {
                tracing::debug!(%error, "no keyring");
                Err(KeyringError::NoService)
            }
        };
        // the receiver is gone when we were too slow
        sender.send(result).ok();
    });
    match tokio::time::timeout(LIMIT, receiver).await {
        Ok(Ok(result)) => result,
        Ok(Err(_gone)) => Err(KeyringError::Panicked),
        Err(_elapsed) => Err(KeyringError::NoAnswer),
    }
}

/// The library's texts name internals, so the common case has a text of its own.
fn keyring_error(error: &Error) -> KeyringError {
    if matches!(error, Error::NoStorageAccess(_)) {
        KeyringError::Locked
    } else {
        KeyringError::Other(error.to_string())
    }
}

#[async_trait]
impl SecretStore for OsStore {
    async fn self_test(&self) -> KeyringState {
        let mut random = [0_u8; 8];
        getrandom::fill(&mut random).ok();
        let name = crate::domain::hex::hex(&random);
        let tested = with_keyring(move || {
            let entry = Entry::new(SERVICE, &format!("self-test-{name}"))?;
            entry.set_password(SELF_TEST)?;
            let back = entry.get_password();
            entry.delete_credential()?;
            back
        });
        let error = match tested.await {
            Ok(Some(back)) if back == SELF_TEST => return KeyringState::Ready,
            Ok(Some(_)) => KeyringError::Corrupts,
            Ok(None) => KeyringError::Forgets,
            Err(error) => error,
        };
        KeyringState::Unavailable(error.to_string())
    }

    async fn get(&self, store: KeyStorage, account: &str) -> Result<Option<Secret>, StoreError> {
        match store {
            KeyStorage::Session => Ok(None),
            KeyStorage::File => {
                let Some(path) = self.file(account) else {
                    return Ok(None);
                };
                match bounded::read_text(&path, KEY_FILE_LIMIT) {
                    Ok(text) => Ok(Some(Secret::new(text.trim()))),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                    Err(source) => Err(StoreError::File { path, source }),
                }
            }
            KeyStorage::Keyring => {
                let account = account.to_owned();
                let key = with_keyring(move || Entry::new(SERVICE, &account)?.get_password());
                Ok(key.await?.map(Secret::new))
            }
        }
    }

    async fn set(&self, store: KeyStorage, account: &str, key: &Secret) -> Result<(), StoreError> {
        match store {
            KeyStorage::Session => Ok(()),
            KeyStorage::File => {
                let path = self.writable_file(account)?;
                write_private(&path, key.expose())
                    .map_err(|source| StoreError::File { path, source })
            }
            KeyStorage::Keyring => {
                let account = account.to_owned();
                let key = key.clone();
                with_keyring(move || Entry::new(SERVICE, &account)?.set_password(key.expose()))
                    .await?
                    .ok_or(KeyringError::NoPlace.into())
            }
        }
    }

    async fn delete(&self, store: KeyStorage, account: &str) -> Result<bool, StoreError> {
        match store {
            KeyStorage::Session => Ok(false),
            KeyStorage::File => {
                let Some(path) = self.file(account) else {
                    return Ok(false);
                };
                match fs::remove_file(&path) {
                    Ok(()) => Ok(true),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
                    Err(source) => Err(StoreError::File { path, source }),
                }
            }
            KeyStorage::Keyring => {
                let account = account.to_owned();
                let deleted =
                    with_keyring(move || Entry::new(SERVICE, &account)?.delete_credential());
                Ok(deleted.await?.is_some())
            }
        }
    }

    async fn note(&self, account: &str) -> Result<Option<String>, StoreError> {
        let Some(path) = self.file(&format!("{account}{NOTE}")) else {
            return Ok(None);
        };
        match bounded::read_text(&path, KEY_FILE_LIMIT) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::File { path, source }),
        }
    }

    async fn set_note(&self, account: &str, text: &str) -> Result<(), StoreError> {
        let path = self.writable_file(&format!("{account}{NOTE}"))?;
        write_private(&path, text).map_err(|source| StoreError::File { path, source })
    }

    async fn delete_note(&self, account: &str) -> Result<(), StoreError> {
        let Some(path) = self.file(&format!("{account}{NOTE}")) else {
            return Ok(());
        };
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::File {
                path,
                source: error,
            }),
            _ => Ok(()),
        }
    }

    fn hold(&self, account: &str) -> Result<Option<KeyHold>, StoreError> {
        let path = self.writable_file(&format!("{account}{LOCK}"))?;
        match lock(&path) {
            Ok(file) => Ok(file.map(|file| KeyHold::new(Some(file)))),
            Err(source) => Err(StoreError::File { path, source }),
        }
    }

    fn check_file(&self) -> Result<(), StoreError> {
        self.writable_file("key").map(drop)
    }

    fn sweep(&self) -> Vec<PathBuf> {
        let Some(dir) = &self.files else {
            return Vec::new();
        };
        staged::sweep(dir).left
    }

    fn holding(&self, secrets: &[Secret]) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for dir in &self.own {
            search(dir, secrets, DEPTH, &mut found);
        }
        found
    }

    fn place(&self, store: KeyStorage, account: &str) -> String {
        match store {
            KeyStorage::Keyring => {
                format!("{}, as {SERVICE}/{account}", desktop::KEYRING)
            }
            KeyStorage::File => self.file(account).map_or_else(
                || format!("nowhere: {} isn't set to a folder", homes::HOME),
                |file| format!("{} (0600, in plain text)", file.display()),
            ),
            KeyStorage::Session => "nowhere: this session only".to_owned(),
        }
    }

    async fn neon_cli(&self) -> Option<(String, Secret)> {
        let text = self.neon_cli.iter().find_map(|dir| {
            bounded::read_text(&dir.join("credentials.json"), KEY_FILE_LIMIT).ok()
        })?;
        let credentials: CliCredentials = serde_json::from_str(&text).ok()?;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .ok()?
            .as_millis();
        let expired = credentials
            .expires_at
            .is_some_and(|at| u128::from(at) <= now);
        let key = credentials
            .api_key
            .or_else(|| credentials.access_token.filter(|_| !expired))
            .filter(|key| !key.is_empty())?;
        let account = credentials
            .user_id
            .unwrap_or_else(|| "an account without a name".to_owned());
        Some((account, Secret::new(key)))
    }
}

/// Makes the folder of key files.
fn make_folder(path: &Path) -> io::Result<&Path> {
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    files::private_dir(dir)?;
    Ok(dir)
}

/// Locks a file, which is never removed; `None` while another process has it.
fn lock(path: &Path) -> io::Result<Option<fs::File>> {
    make_folder(path)?;
    let file = files::open_lock(path)?;
    match files::try_lock(&file) {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Writes a file that only the owner can read, from its first byte on, and never a half of it.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write as _;
    let dir = make_folder(path)?;
    staged::sweep(dir);
    let mut file = StagedFile::create(dir)?;
    file.file_mut()?.write_all(text.as_bytes())?;
    file.file_mut()?.sync_all()?;
    file.replace(path, || ())
}

/// Looks for secrets in the files of a folder.
fn search(dir: &Path, secrets: &[Secret], depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(meta) = path.symlink_metadata() else {
            continue;
        };
        if meta.is_dir() && depth > 0 {
            search(&path, secrets, depth - 1, found);
        } else if meta.is_file() {
            let holds = |bytes: Vec<u8>| {
                secrets.iter().any(|secret| {
                    !secret.is_empty()
                        && memchr::memmem::find(&bytes, secret.expose().as_bytes()).is_some()
                })
            };
            if meta.len() > LARGEST || fs::read(&path).map_or(true, holds) {
                found.push(path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{
        folders::{mode, temp_dir},
        requirements::until,
    };

    fn store(dir: &Path) -> OsStore {
        let both = [(homes::CONFIG, dir), ("XDG_CONFIG_HOME", dir)];
        OsStore::new(&environment(&both), None)
    }

    fn environment(variables: &[(&str, &Path)]) -> Environment {
        let variables = variables.iter();
        Environment::new(
            variables.map(|(name, path)| ((*name).to_owned(), path.display().to_string())),
        )
    }

    #[tokio::test]
    async fn no_key_is_kept_where_the_program_is_started_or_in_the_repository() {
        let dir = temp_dir();
        let (here, key) = (Path::new("."), Secret::new("napi_canary"));
        let config = Path::new("config");
        let none = environment(&[(homes::HOME, here), (homes::CONFIG, config)]);
        let mut store = OsStore::new(&none, Some(dir.path()));
        // this process has a home, which the variables of that one do not tell
        store.files = store.files.filter(|dir| !dir.is_absolute());
        let refused = store.set(KeyStorage::File, "a", &key).await;
        assert!(matches!(refused, Err(StoreError::NoFolder)), "{refused:?}");
        assert_eq!(store.get(KeyStorage::File, "a").await.unwrap(), None);
        assert!(!store.delete(KeyStorage::File, "a").await.unwrap());
        assert!(store.place(KeyStorage::File, "a").contains("nowhere"));

        let store = OsStore::new(&environment(&[(homes::HOME, dir.path())]), Some(dir.path()));
        let refused = store.set(KeyStorage::File, "a", &key).await;
        assert!(
            matches!(refused, Err(StoreError::InRepository(_))),
            "{refused:?}"
        );
        assert!(store.check_file().is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn what_a_killed_login_left_is_swept_and_what_holds_the_key_is_named() {
        let dir = temp_dir();
        let store = store(dir.path());
        let key = Secret::new("napi_canary");
        store.set(KeyStorage::File, "a", &key).await.unwrap();
        let keys = store.files.clone().unwrap();
        fs::write(keys.join("neonup-abcdefabcdef.tmp"), key.expose()).unwrap();
        let other = keys.with_file_name("other");
        fs::write(&other, format!("x={}", key.expose())).unwrap();
        // a login that is at work just now
        let mut held = StagedFile::create(&keys).unwrap();
        io::Write::write_all(held.file_mut().unwrap(), b"else").unwrap();
        assert_eq!(store.sweep(), Vec::<PathBuf>::new());
        assert!(held.path().exists());
        assert!(store.delete(KeyStorage::File, "a").await.unwrap());
        assert_eq!(store.holding(&[key]), [other]);
    }

    #[tokio::test]
    async fn a_note_lies_beside_the_keys_and_one_process_at_a_time_has_the_turn() {
        let dir = temp_dir();
        let store = store(dir.path());
        let account = "console.neon.tech";
        assert_eq!(store.note(account).await.unwrap(), None);
        store.delete_note(account).await.unwrap();
        store.set_note(account, "{}").await.unwrap();
        assert_eq!(store.note(account).await.unwrap().as_deref(), Some("{}"));
        assert_eq!(store.get(KeyStorage::File, account).await.unwrap(), None);
        store.delete_note(account).await.unwrap();
        assert_eq!(store.note(account).await.unwrap(), None);
        let held = store.hold(account).unwrap();
        assert!(held.is_some() && store.hold(account).unwrap().is_none());
        assert!(store.hold("another").unwrap().is_some());
        drop(held);
        // a program that another test is just starting has the descriptor until it runs
        until("the turn is free", || {
            store.hold(account).unwrap().is_some()
        });
    }

    #[test]
    fn a_locked_keyring_is_told_from_other_trouble() {
        let locked = Error::NoStorageAccess("SS error: result not returned from SS API".into());
        assert_eq!(keyring_error(&locked), KeyringError::Locked);
        let other = keyring_error(&Error::PlatformFailure("the bus went away".into()));
        assert!(matches!(&other, KeyringError::Other(text) if text.contains("the bus went away")));
    }

    #[tokio::test]
    async fn a_file_is_private_and_can_be_forgotten() {
        let dir = temp_dir();
        let store = store(dir.path());
        assert_eq!(
            store.get(KeyStorage::File, "127.0.0.1:80").await.unwrap(),
            None
        );
        store
            .set(
                KeyStorage::File,
                "127.0.0.1:80",
                &Secret::new("napi_canary"),
            )
            .await
            .unwrap();
        assert_eq!(
            store.get(KeyStorage::File, "127.0.0.1:80").await.unwrap(),
            Some(Secret::new("napi_canary"))
        );
        let path = store.file("127.0.0.1:80").unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()) & 0o077, 0);
        assert!(
            store
                .delete(KeyStorage::File, "127.0.0.1:80")
                .await
                .unwrap()
        );
        assert!(
            !store
                .delete(KeyStorage::File, "127.0.0.1:80")
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn the_neon_cli_is_read_in_both_its_forms() {
        let dir = temp_dir();
        let store = store(dir.path());
        assert_eq!(store.neon_cli().await, None);
        let path = dir.path().join("neon");
        fs::create_dir(&path).unwrap();
        let file = path.join("credentials.json");
        fs::write(
            &file,
            r#"{"type":"api_key","api_key":"napi_a","user_id":"ada"}"#,
        )
        .unwrap();
        assert_eq!(
            store.neon_cli().await,
            Some(("ada".to_owned(), Secret::new("napi_a")))
        );
        fs::write(
            &file,
            r#"{"access_token":"t","expires_at":1000,"user_id":"ada"}"#,
        )
        .unwrap();
        assert_eq!(store.neon_cli().await, None, "expired");
        fs::write(&file, r#"{"access_token":"t","expires_at":99999999999999}"#).unwrap();
        assert_eq!(store.neon_cli().await.unwrap().1, Secret::new("t"));
    }
}
