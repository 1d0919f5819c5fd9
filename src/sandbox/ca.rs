//! The sandbox's own certificate authority, and the certificate that its computes present.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
};
use tokio_rustls::TlsAcceptor;

use crate::sandbox::{faults::ComputeCertificate, files};

/// What a client of Postgres names in its TLS handshake (ALPN), and what one of HTTP does.
pub(crate) const POSTGRES: &[u8] = b"postgresql";
pub(crate) const HTTP: &[u8] = b"http/1.1";

/// What the front needs to speak TLS.
pub(crate) struct Authority {
    /// The file with the CA's certificate, for clients that verify.
    pub(crate) file: PathBuf,
    /// The same as PEM.
    pub(crate) pem: String,
    leaves: BTreeMap<ComputeCertificate, Leaf>,
    proper: Leaf,
}

/// A certificate of the computes.
#[derive(Clone)]
pub(crate) struct Leaf {
    /// Accepts TLS with it.
    pub(crate) acceptor: TlsAcceptor,
    /// Its DER, from which channel binding is computed.
    pub(crate) der: CertificateDer<'static>,
}

impl Authority {
    /// The certificate to present, with this fault.
    pub(crate) fn leaf(&self, fault: ComputeCertificate) -> &Leaf {
        self.leaves.get(&fault).unwrap_or(&self.proper)
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum CaError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Certificate(#[from] rcgen::Error),
    #[error(transparent)]
    ClientStream(#[from] rustls::Error),
}

/// Opens the authority kept in `dir`, or creates one. The leaf is new at every start, since clients trust only the CA.
pub(crate) fn open(dir: &Path) -> Result<Authority, CaError> {
    let file = dir.join("ca.pem");
    let key_file = dir.join("ca.key");
    let kept = match (fs::read_to_string(&file), fs::read_to_string(&key_file)) {
        (Ok(pem), Ok(key)) => Some((pem, KeyPair::from_pem(&key)?)),
        _ => None,
    };
    let (pem, key) = if let Some(kept) = kept {
        kept
    } else {
        let key = KeyPair::generate()?; // ECDSA P-256
        let pem = authority()?.self_signed(&key)?.pem();
        files::write_private(&key_file, key.serialize_pem().as_bytes())?;
        files::write(&file, pem.as_bytes())?;
        (pem, key)
    };
    // The issuer is rebuilt from the same parameters: its name and key are all that a signature refers to.
    let issuer = Issuer::new(authority()?, key);
    let stranger = Issuer::new(authority()?, KeyPair::generate()?);
    let mut leaves = BTreeMap::new();
    for fault in [
        ComputeCertificate::Expired,
        ComputeCertificate::NotYetValid,
        ComputeCertificate::WrongName,
        ComputeCertificate::Untrusted,
    ] {
        leaves.insert(fault, leaf(&issuer, &stranger, fault)?);
    }
    Ok(Authority {
        file,
        pem,
        proper: leaf(&issuer, &stranger, ComputeCertificate::Normal)?,
        leaves,
    })
}

/// Makes a certificate with this fault; `stranger` signs the one that nobody trusts.
fn leaf(
    issuer: &Issuer<'_, KeyPair>,
    stranger: &Issuer<'_, KeyPair>,
    fault: ComputeCertificate,
) -> Result<Leaf, CaError> {
    let names: &[&str] = match fault {
        ComputeCertificate::WrongName => &["another-host.invalid"],
        ComputeCertificate::Normal
        | ComputeCertificate::Expired
        | ComputeCertificate::NotYetValid
        | ComputeCertificate::Untrusted => &["localhost", "*.localhost", "127.0.0.1", "::1"],
    };
    let mut leaf = CertificateParams::new(
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>(),
    )?;
    match fault {
        ComputeCertificate::Expired => leaf.not_after = date_time_ymd(2025, 1, 1),
        ComputeCertificate::NotYetValid => leaf.not_before = date_time_ymd(2999, 1, 1),
        ComputeCertificate::Normal
        | ComputeCertificate::WrongName
        | ComputeCertificate::Untrusted => {}
    }
    let issuer = if fault == ComputeCertificate::Untrusted {
        stranger
    } else {
        issuer
    };
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    leaf.distinguished_name
        .push(DnType::CommonName, "localhost");
    let leaf_key = KeyPair::generate()?;
    let der = leaf.signed_by(&leaf_key, issuer)?.der().clone();
    // The provider is named, so that nothing here depends on a process-wide default.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![der.clone()],
            PrivatePkcs8KeyDer::from(leaf_key.serialize_der()).into(),
        )?;
    tls.alpn_protocols = vec![POSTGRES.to_vec(), HTTP.to_vec()];
    Ok(Leaf {
        acceptor: TlsAcceptor::from(Arc::new(tls)),
        der,
    })
}

fn authority() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
        .distinguished_name
        .push(DnType::CommonName, "neonup sandbox (this machine only)");
    Ok(params)
}

#[cfg(test)]
mod tests {
    use crate::testing::folders::{mode, temp_dir};

    use super::*;

    #[test]
    fn reopened_authority_is_the_same_and_its_key_private() {
        let dir = temp_dir();
        let first = open(dir.path()).unwrap();
        let second = open(dir.path()).unwrap();
        assert_eq!(first.pem, second.pem);
        assert_ne!(first.proper.der, second.proper.der);
        assert_eq!(mode(&dir.path().join("ca.key")), 0o600);
    }
}
