//! The ways in which a known secret is written down, and where it was found.

/// How a known secret is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Spelling {
    Plain,
    /// Percent-coded, or with its percent codes resolved.
    Percent,
    /// With the escapes of JSON, JavaScript or HTML.
    Escaped,
    /// In base64, at any of the three alignments.
    Base64,
    /// In UTF-16, of either byte order.
    Utf16,
    /// The random part alone, without `npg_` or `napi_`.
    Tail,
    /// In pieces: over the ends of lines, concatenated, with signs in it.
    Broken,
    /// In hexadecimal digits, as `xxd` and `bytes.fromhex` have them.
    Hex,
    /// As decimal numbers of its bytes.
    Numbers,
    Base32,
    /// In base64, and that in base64 again.
    Base64Twice,
    /// UTF-16 in base64, as PowerShell's `-EncodedCommand` takes it.
    Base64Utf16,
    /// In a gzip in base64.
    Base64Gzip,
    /// In another archive in base64.
    Base64Archive,
}

impl Spelling {
    /// Names it for a person; empty for the plain one.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Percent => "percent-coded",
            Self::Escaped => "escaped",
            Self::Base64 => "in base64",
            Self::Utf16 => "in UTF-16",
            Self::Tail => "without its prefix",
            Self::Broken => "in pieces",
            Self::Hex => "in hex",
            Self::Numbers => "as numbers of its bytes",
            Self::Base32 => "in base32",
            Self::Base64Twice => "in base64 twice",
            Self::Base64Utf16 => "in base64 of UTF-16",
            Self::Base64Gzip => "in a gzip in base64",
            Self::Base64Archive => "in an archive in base64",
        }
    }
}

/// A known secret found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NeedleHit {
    /// The index of the secret, in the order they were given.
    pub secret: usize,
    pub spelling: Spelling,
    pub start: usize,
    pub end: usize,
}
