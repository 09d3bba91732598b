//! Certificates, by authorities that live as long as a test.

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

/// Who vouches for servers.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    directory: tempfile::TempDir,
}

/// What a server shows, and the key to it, in PEM.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate.
    pub certificate: String,
    /// Who vouches for it.
    pub authority: String,
    /// Its private key.
    pub key: String,
    /// Whether clients have to show one too.
    pub of_clients: bool,
}

impl Authority {
    /// Somebody whom nobody knows.
    ///
    /// # Panics
    ///
    /// If there is no room for its certificate.
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        // Of another name than those whom it vouches for: OpenSSL takes these for their own issuers otherwise.
        params.distinguished_name.push(DnType::CommonName, "authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let directory = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(directory.path().join("ca.pem"), certificate.pem()).expect("the directory is ours");
        Self { issuer: Issuer::new(params, key), directory }
    }

    /// Where its own certificate is.
    pub fn file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// A certificate for a host.
    ///
    /// # Panics
    ///
    /// If that is none.
    pub fn vouch(&self, host: &str) -> Certificate {
        self.sign(&CertificateParams::new([host.to_owned()]).expect("a name"))
    }

    /// One that is not valid any more.
    ///
    /// # Panics
    ///
    /// If that is none.
    pub fn vouched(&self, host: &str) -> Certificate {
        let mut params = CertificateParams::new([host.to_owned()]).expect("a name");
        params.not_after = date_time_ymd(2020, 1, 1);
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Certificate {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate").pem();
        let authority = std::fs::read_to_string(self.file()).expect("it is there");
        Certificate { certificate, authority, key: key.serialize_pem(), of_clients: false }
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}
