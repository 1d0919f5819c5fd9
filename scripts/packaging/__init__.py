"""What `scripts/release` is made of: a module for each kind of package."""
