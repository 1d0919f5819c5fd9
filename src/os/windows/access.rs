//! Who may use a file or folder: its access control list, told as a mode.
//!
//! The system and the administrators are always let in, as root is elsewhere.
#![expect(
    unsafe_code,
    reason = "access control lists have no safe interface in the standard library"
)]

use std::{ffi::c_void, io, os::windows::io::AsRawHandle as _, path::Path, ptr, sync::OnceLock};

use windows_sys::Win32::{
    Foundation::{
        ERROR_INVALID_PARAMETER, GENERIC_ALL, GENERIC_READ, GENERIC_WRITE, HANDLE, LocalFree,
    },
    Security::{
        ACCESS_ALLOWED_ACE, ACE_HEADER, ACL,
        Authorization::{
            ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW,
            GetNamedSecurityInfoW, SDDL_REVISION_1, SE_FILE_OBJECT, SetNamedSecurityInfoW,
        },
        DACL_SECURITY_INFORMATION, EqualSid, GetAce, GetSecurityDescriptorDacl,
        GetTokenInformation, INHERIT_ONLY_ACE, IsWellKnownSid, OWNER_SECURITY_INFORMATION,
        PROTECTED_DACL_SECURITY_INFORMATION, PSECURITY_DESCRIPTOR, PSID, SECURITY_ATTRIBUTES,
        SetFileSecurityW, TOKEN_QUERY, TOKEN_USER, TokenUser,
        UNPROTECTED_DACL_SECURITY_INFORMATION, WELL_KNOWN_SID_TYPE, WinBuiltinAdministratorsSid,
        WinCreatorOwnerRightsSid, WinLocalSystemSid,
    },
    Storage::FileSystem::{
        FILE_APPEND_DATA, FILE_READ_DATA, FILE_WRITE_DATA, WRITE_DAC, WRITE_OWNER,
    },
    System::Threading::{
        GetCurrentProcess, OpenProcess, OpenProcessToken, PROCESS_QUERY_LIMITED_INFORMATION,
    },
};

use super::handle::{code, done, owned, wide};

/// What the owner may do, whatever the list says: he may change it.
const OWNER: u32 = 0o600;
/// Others may read.
const READ: u32 = 0o044;
/// Others may write, or may make themselves able to.
const WRITE: u32 = 0o022;

/// Entries that allow something: the plain one, and the one with a condition, which begins in the same way.
const ALLOWING: [u8; 2] = [0, 9];

/// An access control list with what belongs to it.
pub(super) struct Descriptor(PSECURITY_DESCRIPTOR);

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: Windows has allocated it for us, and nobody else has it
        unsafe { LocalFree(self.0) };
    }
}

impl Descriptor {
    /// Lets in this user, the system and administrators, whatever the folder around would hand down. `inherited`: what is made
    /// inside is the same.
    pub(super) fn private(inherited: bool) -> io::Result<Self> {
        let user = user()?;
        let flags = if inherited { "OICI" } else { "" };
        Self::parse(&format!(
            "D:P(A;{flags};FA;;;{user})(A;{flags};FA;;;SY)(A;{flags};FA;;;BA)"
        ))
    }

    /// Lets in everybody.
    #[cfg(test)]
    fn everybody(writing: bool) -> io::Result<Self> {
        let rights = if writing { "FRFW" } else { "FR" };
        Self::parse(&format!("D:P(A;;FA;;;{})(A;;{rights};;;WD)", user()?))
    }

    /// Says nothing: what the folder around hands down counts.
    fn inheriting() -> io::Result<Self> {
        Self::parse("D:")
    }

    fn parse(list: &str) -> io::Result<Self> {
        let list: Vec<u16> = list.encode_utf16().chain([0]).collect();
        let mut descriptor: PSECURITY_DESCRIPTOR = ptr::null_mut();
        // SAFETY: the text ends with a zero, and the pointer to the answer is ours
        done(unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                list.as_ptr(),
                SDDL_REVISION_1,
                &raw mut descriptor,
                ptr::null_mut(),
            )
        })?;
        Ok(Self(descriptor))
    }

    /// For a call that makes something. It must not outlive this.
    pub(super) fn attributes(&self) -> SECURITY_ATTRIBUTES {
        SECURITY_ATTRIBUTES {
            nLength: u32::try_from(size_of::<SECURITY_ATTRIBUTES>()).unwrap_or_default(),
            lpSecurityDescriptor: self.0,
            bInheritHandle: 0,
        }
    }

    /// The list; null where everybody may do everything.
    fn list(&self) -> io::Result<*mut ACL> {
        let mut there = 0;
        let mut list = ptr::null_mut();
        let mut by_default = 0;
        // SAFETY: the descriptor is whole, and the pointers to the answers are ours
        done(unsafe {
            GetSecurityDescriptorDacl(self.0, &raw mut there, &raw mut list, &raw mut by_default)
        })?;
        Ok(if there == 0 { ptr::null_mut() } else { list })
    }

    /// Gives this list to what is there, with what the folder around hands down.
    fn give(&self, path: &Path) -> io::Result<()> {
        let name = wide(path);
        let list = self.list()?;
        // SAFETY: the name ends with a zero, and the list is a part of ours
        code(unsafe {
            SetNamedSecurityInfoW(
                name.as_ptr(),
                SE_FILE_OBJECT,
                DACL_SECURITY_INFORMATION | UNPROTECTED_DACL_SECURITY_INFORMATION,
                ptr::null_mut(),
                ptr::null_mut(),
                list,
                ptr::null(),
            )
        })
    }
}

/// Lets in nobody but this user, the system and administrators.
pub(super) fn close(path: &Path) -> io::Result<()> {
    replace(path, &Descriptor::private(path.is_dir())?)
}

/// Lets in everybody.
#[cfg(test)]
pub(super) fn open(path: &Path, writing: bool) -> io::Result<()> {
    replace(path, &Descriptor::everybody(writing)?)
}

/// Gives a list to what is there, and has the folder around hand down nothing.
fn replace(path: &Path, descriptor: &Descriptor) -> io::Result<()> {
    let name = wide(path);
    // unlike the call that `inherit` needs, it takes the list as it is
    // SAFETY: the name ends with a zero, and the descriptor is ours
    done(unsafe {
        SetFileSecurityW(
            name.as_ptr(),
            DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
            descriptor.0,
        )
    })
}

/// Lets in whom the folder around lets in.
pub(super) fn inherit(path: &Path) -> io::Result<()> {
    Descriptor::inheriting()?.give(path)
}

/// What is known of a file or folder.
struct Known {
    descriptor: Descriptor,
    owner: PSID,
    list: *mut ACL,
}

fn known(path: &Path) -> io::Result<Known> {
    let name = wide(path);
    let mut owner: PSID = ptr::null_mut();
    let mut list = ptr::null_mut();
    let mut descriptor: PSECURITY_DESCRIPTOR = ptr::null_mut();
    // SAFETY: the name ends with a zero, and the pointers to the answers are ours
    code(unsafe {
        GetNamedSecurityInfoW(
            name.as_ptr(),
            SE_FILE_OBJECT,
            OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
            &raw mut owner,
            ptr::null_mut(),
            &raw mut list,
            ptr::null_mut(),
            &raw mut descriptor,
        )
    })?;
    Ok(Known {
        descriptor: Descriptor(descriptor),
        owner,
        list,
    })
}

/// Who may read and write it: 0600 where it is nobody but those who are always let in.
pub(super) fn mode(path: &Path) -> io::Result<u32> {
    let known = known(path)?;
    if known.list.is_null() {
        return Ok(OWNER | READ | WRITE);
    }
    let us = Token::ours()?;
    let mut mode = OWNER;
    // SAFETY: the list is a part of the descriptor, which `known` keeps; the entries are a part of the list. An entry that allows begins
    // as `ACCESS_ALLOWED_ACE` does, with the identity at its end.
    unsafe {
        for at in 0..u32::from((*known.list).AceCount) {
            let mut entry: *mut c_void = ptr::null_mut();
            done(GetAce(known.list, at, &raw mut entry))?;
            let header = *entry.cast::<ACE_HEADER>();
            let only_handed_down = u32::from(header.AceFlags) & INHERIT_ONLY_ACE != 0;
            if only_handed_down || !ALLOWING.contains(&header.AceType) {
                continue;
            }
            let entry = entry.cast::<ACCESS_ALLOWED_ACE>();
            let who: PSID = (&raw mut (*entry).SidStart).cast();
            if us.is(who) || is_trusted(who) {
                continue;
            }
            let mask = (*entry).Mask;
            if mask & (FILE_READ_DATA | GENERIC_READ | GENERIC_ALL) != 0 {
                mode |= READ;
            }
            let writing = FILE_WRITE_DATA
                | FILE_APPEND_DATA
                | WRITE_DAC
                | WRITE_OWNER
                | GENERIC_WRITE
                | GENERIC_ALL;
            if mask & writing != 0 {
                mode |= WRITE;
            }
        }
    }
    drop(known.descriptor);
    Ok(mode)
}

/// Whether it is this user's. What an administrator makes may be all administrators'.
pub(super) fn is_own(path: &Path) -> io::Result<bool> {
    let known = known(path)?;
    let own = Token::ours()?.is(known.owner) || is_a(known.owner, WinBuiltinAdministratorsSid);
    drop(known.descriptor);
    Ok(own)
}

/// Whether this is somebody who is always let in, or whoever owns the file.
fn is_trusted(who: PSID) -> bool {
    [
        WinLocalSystemSid,
        WinBuiltinAdministratorsSid,
        WinCreatorOwnerRightsSid,
    ]
    .into_iter()
    .any(|known| is_a(who, known))
}

fn is_a(who: PSID, known: WELL_KNOWN_SID_TYPE) -> bool {
    // SAFETY: the callers hand over identities that Windows has told them
    !who.is_null() && unsafe { IsWellKnownSid(who, known) } != 0
}

/// What Windows tells about the user whose process this is. It holds pointers into itself, so it must not move.
struct Token(Box<[u64; 32]>);

impl Token {
    fn ours() -> io::Result<Self> {
        // SAFETY: it takes nothing, and answers with a constant that needs no closing
        Self::of(unsafe { GetCurrentProcess() })
    }

    /// That of a process, whose handle is open.
    fn of(process: HANDLE) -> io::Result<Self> {
        let mut raw: HANDLE = ptr::null_mut();
        // SAFETY: the handle is open, and the pointer to the answer is ours
        done(unsafe { OpenProcessToken(process, TOKEN_QUERY, &raw mut raw) })?;
        let token = owned(raw)?;
        // an identity has at most 68 bytes; u64, so that the structure before it is aligned
        let mut buffer = Box::new([0_u64; 32]);
        let mut length = 0;
        // SAFETY: the buffer is as long as is said
        done(unsafe {
            GetTokenInformation(
                token.as_raw_handle(),
                TokenUser,
                buffer.as_mut_ptr().cast::<c_void>(),
                u32::try_from(size_of_val(&*buffer)).map_err(io::Error::other)?,
                &raw mut length,
            )
        })?;
        Ok(Self(buffer))
    }

    /// The identity, which points into the buffer where that was filled.
    fn identity(&self) -> PSID {
        // SAFETY: the buffer was filled with that structure, and is aligned for it
        unsafe { (*self.0.as_ptr().cast::<TOKEN_USER>()).User.Sid }
    }

    fn is(&self, other: PSID) -> bool {
        // SAFETY: ours was told by Windows, and so was the other
        !other.is_null() && unsafe { EqualSid(self.identity(), other) } != 0
    }
}

/// Whether a process is this user's; those of other users don't say. `None`: there is no such process.
pub(super) fn runs_as_us(pid: u32) -> Option<bool> {
    // SAFETY: it takes three numbers
    let process = match owned(unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid) }) {
        Ok(process) => process,
        Err(error) if error.raw_os_error() == Some(ERROR_INVALID_PARAMETER.cast_signed()) => {
            return None;
        }
        Err(_) => return Some(false),
    };
    let same = Token::of(process.as_raw_handle())
        .and_then(|theirs| Ok(Token::ours()?.is(theirs.identity())));
    Some(same.unwrap_or_default())
}

/// The identity of the user whose process this is, such as `S-1-5-21-…`.
fn user() -> io::Result<&'static str> {
    static USER: OnceLock<String> = OnceLock::new();
    if let Some(user) = USER.get() {
        return Ok(user);
    }
    let token = Token::ours()?;
    let mut text: *mut u16 = ptr::null_mut();
    // SAFETY: the identity was told by Windows, and the pointer to the answer is ours
    done(unsafe { ConvertSidToStringSidW(token.identity(), &raw mut text) })?;
    let mut words = Vec::new();
    let mut place = text;
    // SAFETY: the text that was made ends with a zero
    unsafe {
        while *place != 0 {
            words.push(*place);
            place = place.add(1);
        }
        LocalFree(text.cast());
    }
    let user = String::from_utf16(&words).map_err(io::Error::other)?;
    Ok(USER.get_or_init(|| user))
}
