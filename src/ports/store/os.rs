//! The real adapter: the OS keyring through `keyring`, a 0600 file, and the `neon` CLI's own file for reading.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use keyring_core::{Entry, Error};
use serde::Deserialize;

use crate::core::{
    answer::KeyStorage,
    code::Code,
    environment::Environment,
    facts::KeyringState,
    failure::{Failure, Result},
    secret::Secret,
};
use crate::ports::store::SecretStore;

/// The service name of our keyring entries.
const SERVICE: &str = "neonup";
/// How long the keyring may take: an unlock prompt that nobody sees would block for ever.
const LIMIT: Duration = Duration::from_secs(3);

/// The OS keyring and the consented file.
#[derive(Debug)]
pub(crate) struct OsStore {
    files: PathBuf,
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
    /// A store whose files lie where this environment's user keeps configuration.
    pub(crate) fn new(environment: &Environment) -> Self {
        let home = etcetera::home_dir().unwrap_or_default();
        let home = environment.get("HOME").map_or(home, PathBuf::from);
        let config = environment
            .get("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .unwrap_or_else(|| home.join(".config"));
        let neon_cli = environment
            .get("NEON_CONFIG_DIR")
            .or_else(|| environment.get("NEONCTL_CONFIG_DIR"))
            .map_or_else(
                || vec![config.join("neon"), config.join("neonctl")],
                |dir| vec![PathBuf::from(dir)],
            );
        Self {
            files: config.join("neonup").join("keys"),
            neon_cli,
        }
    }

    fn file(&self, account: &str) -> PathBuf {
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
        self.files.join(name)
    }

    fn file_failure(&self, account: &str, error: &io::Error) -> Failure {
        Failure::new(
            Code::LoginKeyringUnavailable,
            format!("cannot use the key file `{}`", self.file(account).display()),
        )
        .why(error.to_string())
        .hint("check its permissions, or keep the key for this session only (--store session)")
    }
}

/// Runs one piece of keyring work on a thread of its own: it may block for ever, and must not keep the program from ending.
async fn with_keyring<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> std::result::Result<T, KeyringTrouble> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let result = match keyring::Entry::store_status() {
            Ok(()) => work(),
            Err(error) => Err(Error::NoStorageAccess(error.to_string().into())),
        };
        // the receiver is gone when we were too slow
        sender.send(result).ok();
    });
    match tokio::time::timeout(LIMIT, receiver).await {
        Ok(Ok(Ok(value))) => Ok(value),
        Ok(Ok(Err(Error::NoEntry))) => Err(KeyringTrouble::NoEntry),
        Ok(Ok(Err(error))) => Err(KeyringTrouble::Unavailable(in_words(&error))),
        Ok(Err(_gone)) => Err(KeyringTrouble::Unavailable(
            "the keyring library panicked".to_owned(),
        )),
        Err(_elapsed) => Err(KeyringTrouble::Unavailable(
            "it did not answer within 3 s: it may be waiting to be unlocked".to_owned(),
        )),
    }
}

enum KeyringTrouble {
    NoEntry,
    Unavailable(String),
}

/// What an error of the keyring means to a person. The library's texts name internals, so the common ones are told plainly.
fn in_words(error: &Error) -> String {
    let text = error.to_string();
    let debug = format!("{error:?}");
    if debug.contains("NoResult") || debug.contains("Locked") {
        "it is locked, or has no default collection".to_owned()
    } else if text.contains("NotFound")
        || debug.contains("NotFound")
        || text.contains("bus")
        || debug.contains("Connection(")
    {
        "no keyring service runs in this session".to_owned()
    } else {
        text
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
            entry.set_password("neonup self-test")?;
            let back = entry.get_password();
            entry.delete_credential()?;
            back
        });
        match tested.await {
            Ok(back) if back == "neonup self-test" => KeyringState::Ready,
            Ok(_) => {
                KeyringState::Unavailable("it gives back something else than was kept".to_owned())
            }
            Err(KeyringTrouble::NoEntry) => {
                KeyringState::Unavailable("it forgets what was just kept".to_owned())
            }
            Err(KeyringTrouble::Unavailable(why)) => KeyringState::Unavailable(why),
        }
    }

    async fn get(&self, store: KeyStorage, account: &str) -> Result<Option<Secret>> {
        match store {
            KeyStorage::Session => Ok(None),
            KeyStorage::File => match fs::read_to_string(self.file(account)) {
                Ok(text) => Ok(Some(Secret::new(text.trim()))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(self.file_failure(account, &error)),
            },
            KeyStorage::Keyring => {
                let account = account.to_owned();
                match with_keyring(move || Entry::new(SERVICE, &account)?.get_password()).await {
                    Ok(key) => Ok(Some(Secret::new(key))),
                    Err(KeyringTrouble::NoEntry) => Ok(None),
                    Err(KeyringTrouble::Unavailable(why)) => Err(unavailable(why)),
                }
            }
        }
    }

    async fn set(&self, store: KeyStorage, account: &str, key: &Secret) -> Result<()> {
        match store {
            KeyStorage::Session => Ok(()),
            KeyStorage::File => write_private(&self.file(account), key.expose())
                .map_err(|error| self.file_failure(account, &error)),
            KeyStorage::Keyring => {
                let account = account.to_owned();
                let key = key.clone();
                with_keyring(move || Entry::new(SERVICE, &account)?.set_password(key.expose()))
                    .await
                    .map_err(|trouble| match trouble {
                        KeyringTrouble::NoEntry => {
                            unavailable("it has no place for the key".to_owned())
                        }
                        KeyringTrouble::Unavailable(why) => unavailable(why),
                    })
            }
        }
    }

    async fn delete(&self, store: KeyStorage, account: &str) -> Result<bool> {
        match store {
            KeyStorage::Session => Ok(false),
            KeyStorage::File => match fs::remove_file(self.file(account)) {
                Ok(()) => Ok(true),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
                Err(error) => Err(self.file_failure(account, &error)),
            },
            KeyStorage::Keyring => {
                let account = account.to_owned();
                match with_keyring(move || Entry::new(SERVICE, &account)?.delete_credential()).await
                {
                    Ok(()) => Ok(true),
                    Err(KeyringTrouble::NoEntry) => Ok(false),
                    Err(KeyringTrouble::Unavailable(why)) => Err(unavailable(why)),
                }
            }
        }
    }

    fn place(&self, store: KeyStorage, account: &str) -> String {
        match store {
            KeyStorage::Keyring => {
                let name = if cfg!(target_os = "macos") {
                    "macOS Keychain"
                } else if cfg!(windows) {
                    "Windows Credential Manager"
                } else {
                    "OS keyring (Secret Service)"
                };
                format!("{name}, as {SERVICE}/{account}")
            }
            KeyStorage::File => format!("{} (0600, in clear)", self.file(account).display()),
            KeyStorage::Session => "nowhere: this session only".to_owned(),
        }
    }

    async fn neon_cli(&self) -> Option<(String, Secret)> {
        let text = self
            .neon_cli
            .iter()
            .find_map(|dir| fs::read_to_string(dir.join("credentials.json")).ok())?;
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

fn unavailable(why: String) -> Failure {
    Failure::new(
        Code::LoginKeyringUnavailable,
        "the OS keyring cannot keep the key",
    )
    .why(why)
    .hint("unlock it, or choose --store file (a 0600 file, in clear) or --store session")
}

/// Writes a file that only the owner can read, from its first byte on, and never a half of it.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write as _;
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)?;
    // tempfile makes its files 0600
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(dir: &Path) -> OsStore {
        OsStore::new(&Environment::new([(
            "XDG_CONFIG_HOME".to_owned(),
            dir.display().to_string(),
        )]))
    }

    #[tokio::test]
    async fn a_file_is_private_and_can_be_forgotten() {
        let dir = tempfile::tempdir().unwrap();
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
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let path = store.file("127.0.0.1:80");
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
            assert_eq!(
                fs::metadata(path.parent().unwrap())
                    .unwrap()
                    .permissions()
                    .mode()
                    & 0o777,
                0o700
            );
        }
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
        let dir = tempfile::tempdir().unwrap();
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
