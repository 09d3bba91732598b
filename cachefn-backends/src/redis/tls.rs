//! TLS by rustls, with ring. Nothing of the process is set: the application may choose another provider for itself.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{
    AlertDescription, CertificateError, ClientConfig, Error, RootCertStore, crypto::ring,
};

use super::connect::CONNECT_TIMEOUT;
use super::fault::{Fault, Handshake};
use super::settings::Tls;

/// How long the handshake may take: less than the whole attempt, so that it is known what took so long.
const LIMIT: Duration = CONNECT_TIMEOUT.checked_sub(Duration::from_millis(200)).expect("it is less");

/// Makes sure that it is `host` at the other end, and that nobody else can read along.
pub(super) async fn shake_hands(
    stream: TcpStream,
    host: &str,
    tls: &Tls,
) -> Result<TlsStream<TcpStream>, Fault> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| Fault::Tls(Handshake::Name))?;
    let file = tls.ca_file.clone();
    // Files are read here, each time, so that new authorities are known without a restart.
    let config = tokio::task::spawn_blocking(move || config(file.as_deref())).await;
    let connector = TlsConnector::from(Arc::new(config.unwrap_or(Err(Fault::Tls(Handshake::Failed)))?));
    match timeout(LIMIT, connector.connect(name, stream)).await {
        Ok(shaken) => shaken.map_err(|fault| Fault::of_io(&fault)),
        Err(_) => Err(Fault::Tls(Handshake::Unanswered)),
    }
}

fn config(ca_file: Option<&Path>) -> Result<ClientConfig, Fault> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|_| Fault::Tls(Handshake::Failed))?;
    Ok(config.with_root_certificates(roots(ca_file)?).with_no_client_auth())
}

/// The authorities in the file, else those that the system trusts.
fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, Fault> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
            for certificate in found.map_err(|_| Fault::Tls(Handshake::Authorities))? {
                roots.add(certificate).map_err(|_| Fault::Tls(Handshake::Authorities))?;
            }
        }
        // What cannot be read of them is left out: the rest may be enough.
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() { Err(Fault::Tls(Handshake::Authorities)) } else { Ok(roots) }
}

/// What is wrong with TLS, if that is what it is.
pub(super) fn failure(fault: &io::Error) -> Option<Handshake> {
    Some(match fault.get_ref()?.downcast_ref::<Error>()? {
        Error::InvalidCertificate(reason) => distrust(reason),
        Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA,
        ) => Handshake::Client,
        _ => Handshake::Failed,
    })
}

fn distrust(reason: &CertificateError) -> Handshake {
    match reason {
        // A bad signature is one by another authority of the same name.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => Handshake::Issuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Handshake::Name
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => Handshake::Expired,
        _ => Handshake::Certificate,
    }
}
