//! The `neonup` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    neonup::main()
}
