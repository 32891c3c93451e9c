#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pinflight_fuzz::names(bytes));
