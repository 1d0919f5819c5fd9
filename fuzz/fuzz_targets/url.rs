#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| neonup::testing::fuzz::url(data));
