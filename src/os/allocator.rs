//! The allocator of the program: the system's own, or one in place of musl's, which is slow; it clears what is freed.
//!
//! A [`crate::core::secret::Secret`] clears its memory when it is dropped. But a secret passes through buffers that know nothing of
//! that: the request of the HTTP client, the body of an answer, a formatted URL, a vector that has grown. Freed, they would lie in
//! memory until something else happens to take their place.
#![expect(
    unsafe_code,
    reason = "an allocator hands out memory, which no safe interface describes"
)]

#[cfg(not(target_env = "musl"))]
use std::alloc::System as Base;
use std::{
    alloc::{GlobalAlloc, Layout},
    hint::black_box,
    ptr,
};

#[cfg(target_env = "musl")]
use mimalloc::MiMalloc as Base;

/// The largest block that is cleared, in bytes. A secret is in blocks of some hundred bytes, and the answers that bring one have a few
/// thousand; what is larger are files and objects of the repository, which lie on the disk as well.
const CLEARED: usize = 64 * 1024;

/// See the module.
struct Clearing;

#[global_allocator]
static ALLOCATOR: Clearing = Clearing;

// SAFETY: every call is passed on to the allocator below with what came in. `dealloc` writes only to the block that it was given,
// which its caller must not use any more. A small block that grows or shrinks is copied to a new one as the trait's own `realloc` does,
// since the system's would leave the old one as it was.
unsafe impl GlobalAlloc for Clearing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above
        unsafe { Base.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above
        unsafe { Base.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if layout.size() > CLEARED {
            // SAFETY: as above
            return unsafe { Base.realloc(block, layout, size) };
        }
        // SAFETY: `size` is a valid one for this alignment, which the caller grants. The blocks are two, and each has the bytes that are
        // copied.
        unsafe {
            let new = Base.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                ptr::copy_nonoverlapping(block, new, layout.size().min(size));
                self.dealloc(block, layout);
            }
            new
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above
        unsafe {
            if layout.size() <= CLEARED {
                ptr::write_bytes(block, 0, layout.size());
            }
            // without this, the compiler may leave out writes to what is freed
            Base.dealloc(black_box(block), layout);
        }
    }
}
