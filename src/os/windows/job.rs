//! Jobs: what Windows ends together.
#![expect(
    unsafe_code,
    reason = "job objects have no safe interface in the standard library"
)]

use std::{
    io,
    os::windows::io::{AsRawHandle as _, OwnedHandle},
    ptr,
};

use windows_sys::Win32::{
    Foundation::HANDLE,
    System::{
        Diagnostics::ToolHelp::{
            CreateToolhelp32Snapshot, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First, Thread32Next,
        },
        JobObjects::{
            AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_BREAKAWAY_OK,
            JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, JOB_OBJECT_LIMIT_PROCESS_MEMORY,
            JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation,
            SetInformationJobObject, TerminateJobObject,
        },
        Threading::{
            OpenProcess, OpenThread, PROCESS_SET_QUOTA, PROCESS_TERMINATE, ResumeThread,
            THREAD_SUSPEND_RESUME,
        },
    },
};

use super::handle::{done, owned};

/// A job. Its processes end when it is dropped, also by our own end; those of one that only limits them do not.
pub(super) struct Job(OwnedHandle);

/// Whether a process may leave its job when it starts another one, which then outlives the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breakaway {
    Allowed,
    Refused,
}

impl Job {
    pub(super) fn new(breakaway: Breakaway) -> io::Result<Self> {
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        if breakaway == Breakaway::Allowed {
            limits.BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_BREAKAWAY_OK;
        }
        Self::with(&limits)
    }

    /// One whose processes may each have so many bytes of memory, for as long as they run.
    pub(super) fn limiting(bytes: u64) -> io::Result<Self> {
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_PROCESS_MEMORY;
        limits.ProcessMemoryLimit = usize::try_from(bytes).map_err(io::Error::other)?;
        Self::with(&limits)
    }

    fn with(limits: &JOBOBJECT_EXTENDED_LIMIT_INFORMATION) -> io::Result<Self> {
        // SAFETY: both pointers may be null: no attributes, no name
        let job = Self(owned(unsafe {
            CreateJobObjectW(ptr::null(), ptr::null())
        })?);
        let size = u32::try_from(size_of_val(limits)).map_err(io::Error::other)?;
        // SAFETY: the structure is the one of this class, and its size is its own
        done(unsafe {
            SetInformationJobObject(
                job.raw(),
                JobObjectExtendedLimitInformation,
                ptr::from_ref(limits).cast(),
                size,
            )
        })?;
        Ok(job)
    }

    fn raw(&self) -> HANDLE {
        self.0.as_raw_handle()
    }

    /// Puts a process into the job, with all that it will start.
    pub(super) fn take(&self, pid: u32) -> io::Result<()> {
        // SAFETY: it takes three numbers
        let process = owned(unsafe { OpenProcess(PROCESS_SET_QUOTA | PROCESS_TERMINATE, 0, pid) })?;
        // SAFETY: both handles are open
        done(unsafe { AssignProcessToJobObject(self.raw(), process.as_raw_handle()) })
    }

    /// Ends all of its processes.
    pub(super) fn end(&self) -> io::Result<()> {
        // SAFETY: the handle is open
        done(unsafe { TerminateJobObject(self.raw(), 1) })
    }
}

/// Lets a process run that was started suspended.
pub(super) fn resume(pid: u32) -> io::Result<()> {
    // SAFETY: it takes two numbers
    let snapshot = owned(unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0) })?;
    let mut entry = THREADENTRY32 {
        dwSize: u32::try_from(size_of::<THREADENTRY32>()).map_err(io::Error::other)?,
        ..THREADENTRY32::default()
    };
    let mut resumed = Err(io::ErrorKind::NotFound.into());
    // SAFETY: the snapshot is open, and the structure says its own size
    let mut more = unsafe { Thread32First(snapshot.as_raw_handle(), &raw mut entry) };
    while more != 0 {
        if entry.th32OwnerProcessID == pid {
            // SAFETY: it takes three numbers
            let thread =
                owned(unsafe { OpenThread(THREAD_SUSPEND_RESUME, 0, entry.th32ThreadID) })?;
            // SAFETY: the handle is open
            if unsafe { ResumeThread(thread.as_raw_handle()) } == u32::MAX {
                return Err(io::Error::last_os_error());
            }
            resumed = Ok(());
        }
        // SAFETY: as above
        more = unsafe { Thread32Next(snapshot.as_raw_handle(), &raw mut entry) };
    }
    resumed
}
