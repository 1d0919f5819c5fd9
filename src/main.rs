//! The `neonup` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    neonup::commands::cli::main()
}
