#![no_main]
//! Fuzzes what `fuzz::control` checks, within its memory.

use libfuzzer_sys::fuzz_target;
use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

fuzz_target!(|data: &[u8]| {
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    fuzz::control::check(data);
    let taken = HEAP.peak_usage().saturating_sub(before);
    assert!(taken <= fuzz::MEMORY, "{taken} bytes of memory");
});
