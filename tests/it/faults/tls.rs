//! An HTTPS server with a bad certificate, or something else in place of TLS.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::Arc,
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::{ServerConfig, ServerConnection, pki_types::PrivatePkcs8KeyDer};

/// What is wrong with the API's certificate, or with what is there in place of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadTls {
    Expired,
    NotYetValid,
    WrongName,
    Untrusted,
    Silent,
    PlainText,
}

/// Serves the fault on a port; returns it, and the authority as PEM.
pub(super) fn serve(fault: BadTls) -> (u16, String) {
    let authority = || {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params
            .distinguished_name
            .push(DnType::CommonName, "a test's authority");
        params
    };
    let key = KeyPair::generate().unwrap();
    let pem = authority().self_signed(&key).unwrap().pem();
    let key = if fault == BadTls::Untrusted {
        KeyPair::generate().unwrap()
    } else {
        key
    };
    let name = if fault == BadTls::WrongName {
        "elsewhere.invalid"
    } else {
        "localhost"
    };
    let mut leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
    if fault == BadTls::Expired {
        leaf.not_after = date_time_ymd(2025, 1, 1);
    } else if fault == BadTls::NotYetValid {
        leaf.not_before = date_time_ymd(2999, 1, 1);
    }
    let leaf_key = KeyPair::generate().unwrap();
    let leaf = leaf
        .signed_by(&leaf_key, &Issuer::new(authority(), key))
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivatePkcs8KeyDer::from(leaf_key.serialize_der()).into(),
        )
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    // it ends with the test's process
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { break };
            if fault == BadTls::Silent {
                silent.push(stream);
                continue;
            }
            stream.set_read_timeout(Some(super::LIMIT)).unwrap();
            if fault == BadTls::PlainText {
                let _asked = stream.read(&mut [0; 4096]);
                stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").ok();
                continue;
            }
            let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            while tls.is_handshaking() && tls.complete_io(&mut stream).is_ok() {}
            // its alert has to be read, or the client sees a broken connection
            let _rest = tls.complete_io(&mut stream);
        }
    });
    (port, pem)
}
