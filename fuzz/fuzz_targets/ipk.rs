#![no_main]
//! Fuzzes what `fuzz::ipk` checks, within its memory.

use libfuzzer_sys::fuzz_target;
use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

fuzz_target!(|data: &[u8]| {
    let package = fuzz::recipe::build(data).unwrap_or_else(|| data.to_vec());
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let found = fuzz::ipk::whole(&package);
    let taken = HEAP.peak_usage().saturating_sub(before);
    assert!(taken <= fuzz::MEMORY, "{taken} bytes of memory");
    fuzz::ipk::check_found(&package, &found);
    fuzz::ipk::check_sparse(data);
});
