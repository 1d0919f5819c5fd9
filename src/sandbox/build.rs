fn main() {
    println!("cargo::rerun-if-changed=src/sandbox/build.rs");
}
