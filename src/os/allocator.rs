//! The allocator of the program: the system's own, which clears what is freed.
//!
//! A [`crate::core::secret::Secret`] clears its memory when it is dropped. But a secret passes through buffers that know nothing of that: the
//! request of the HTTP client, the body of an answer, a formatted URL, a vector that has grown. Freed, they would lie in memory until
//! something else happens to take their place. So everything is cleared, whatever it held: of 20 copies of a password in a running
//! setup, 18 were in freed memory.
#![expect(
    unsafe_code,
    reason = "an allocator hands out memory, which no safe interface describes"
)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    hint::black_box,
    ptr,
};

/// See the module.
struct Clearing;

#[global_allocator]
static ALLOCATOR: Clearing = Clearing;

// SAFETY: every call is passed on to the system's allocator with what came in. `dealloc` writes only to the block that it was given, which
// its caller must not use any more. `realloc` is the trait's own: a new block, a copy, and `dealloc` of the old one, which the system's
// would leave as it was.
unsafe impl GlobalAlloc for Clearing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above
        unsafe {
            ptr::write_bytes(block, 0, layout.size());
            // without this, the compiler may leave out writes to what is freed
            System.dealloc(black_box(block), layout);
        }
    }
}
