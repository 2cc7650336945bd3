//! TLS of the server's own, for those without a proxy: a certificate and its key from PEM files, taken anew when they change.

use crate::domain::time::Timestamp;
use jiff::civil;
use std::fmt;
use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::Error;
use tokio_rustls::rustls::InconsistentKeys;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::server::TlsStream;

/// The handshake has to be over within so long; else the connection closes.
const HANDSHAKE_MS: u64 = 10_000;
/// How often the files are looked at.
const LOOK_MS: u64 = 2_000;
/// A longer file is no certificate.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// Where the certificate, with those that lead up to its root, and its key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("证书文件 {}：{cause}", .path.display())]
    Certificate { path: PathBuf, cause: String },
    #[error("私钥文件 {}：{cause}", .path.display())]
    Key { path: PathBuf, cause: String },
    #[error("证书 {} 和私钥 {} 不是一对", .0.display(), .1.display())]
    NoPair(PathBuf, PathBuf),
}

/// The pair in use, and the files that it came from.
pub struct Tls {
    files: TlsFiles,
    used: Mutex<Used>,
}

struct Used {
    config: Arc<ServerConfig>,
    expires: Option<Timestamp>,
    /// What the files held when they were last looked at, whether or not it was of use; `None`: they could not be read.
    seen: Option<Pair>,
}

/// What the two files hold.
#[derive(PartialEq, Eq)]
struct Pair {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Tls {
    /// # Errors
    /// A file cannot be read, is not what it should be, or the two don't belong together.
    pub fn open(files: TlsFiles) -> Result<Tls, TlsError> {
        let pair = Pair::read(&files)?;
        let (config, expires) = pair.config(&files)?;
        Ok(Tls { files, used: Mutex::new(Used { config, expires, seen: Some(pair) }) })
    }

    /// After when browsers refuse the certificate; `None` where its dates could not be read.
    pub fn expires(&self) -> Option<Timestamp> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).expires
    }

    /// Speaks TLS with a new connection; `None`: it came to nothing within the time.
    pub async fn greet(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let config = Arc::clone(&self.used.lock().unwrap_or_else(PoisonError::into_inner).config);
        let greeted = TlsAcceptor::from(config).accept(stream);
        match tokio::time::timeout(Duration::from_millis(HANDSHAKE_MS), greeted).await {
            Ok(Ok(stream)) => Some(stream),
            // Scanners and plain HTTP: how a stranger fails is the stranger's affair.
            Ok(Err(_)) | Err(_) => None,
        }
    }

    /// Takes new files as they come. A pair that is of no use is told once, and the old one stays. Runs until it is dropped.
    pub async fn follow(self: Arc<Tls>) {
        let mut look = tokio::time::interval(Duration::from_millis(LOOK_MS));
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            self.look();
        }
    }

    fn look(&self) {
        let pair = Pair::read(&self.files);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if pair.as_ref().ok() == used.seen.as_ref() {
            return;
        }
        let taken = match pair {
            Ok(pair) => {
                let config = pair.config(&self.files);
                used.seen = Some(pair);
                config
            }
            Err(error) => {
                used.seen = None;
                Err(error)
            }
        };
        match taken {
            Ok((config, expires)) => {
                (used.config, used.expires) = (config, expires);
                tracing::info!("new TLS certificate in use 已换用新的证书");
            }
            Err(error) => {
                tracing::error!(%error, "the new TLS certificate is of no use, the old one stays 新证书不能用，仍用原来的");
            }
        }
    }
}

impl Pair {
    fn read(files: &TlsFiles) -> Result<Pair, TlsError> {
        let certificate = bounded(&files.certificate).map_err(|cause| files.certificate_fault(told(&cause)))?;
        let key = bounded(&files.key).map_err(|cause| files.key_fault(told(&cause)))?;
        Ok(Pair { certificate, key })
    }

    fn config(&self, files: &TlsFiles) -> Result<(Arc<ServerConfig>, Option<Timestamp>), TlsError> {
        let chain: Result<Vec<CertificateDer<'static>>, _> =
            CertificateDer::pem_slice_iter(&self.certificate).collect();
        let chain = chain.map_err(|_| files.certificate_fault("PEM 格式不对".to_owned()))?;
        let first = chain.first().ok_or_else(|| {
            files.certificate_fault("里面没有证书；要 PEM 格式，有「-----BEGIN CERTIFICATE-----」一行".to_owned())
        })?;
        let expires = expires(first);
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| files.key_fault(no_key(&self.key)))?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
        let mut config = config.map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsError::NoPair(files.certificate.clone(), files.key.clone())
            }
            Error::InvalidCertificate(_) => files.certificate_fault("里面的证书读不懂".to_owned()),
            error => files.key_fault(format!("不能用（{error}）")),
        })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Phones that come back together, after a restart of the network, are spared the dear part of the handshake.
        if let Ok(ticketer) = ring::Ticketer::new() {
            config.ticketer = ticketer;
        }
        Ok((Arc::new(config), expires))
    }
}

impl TlsFiles {
    fn certificate_fault(&self, cause: String) -> TlsError {
        TlsError::Certificate { path: self.certificate.clone(), cause }
    }

    fn key_fault(&self, cause: String) -> TlsError {
        TlsError::Key { path: self.key.clone(), cause }
    }
}

fn no_key(text: &[u8]) -> String {
    let is_encrypted = text.windows(9).any(|part| part == b"ENCRYPTED");
    if is_encrypted {
        "私钥带密码，不能用；请先去掉密码：openssl pkey -in 原文件 -out 新文件".to_owned()
    } else {
        "里面没有私钥；要 PEM 格式，有「-----BEGIN PRIVATE KEY-----」一行".to_owned()
    }
}

fn bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn told(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "没有这个文件".to_owned(),
        io::ErrorKind::PermissionDenied => "没有权限读".to_owned(),
        io::ErrorKind::IsADirectory => "这是一个文件夹，不是文件".to_owned(),
        _ => error.to_string(),
    }
}

/// A certificate's `notAfter` (RFC 5280, 4.1.2.5): the second time of the fifth or sixth field of its first field.
fn expires(certificate: &[u8]) -> Option<Timestamp> {
    const EXPLICIT_VERSION: u8 = 0xa0;
    let (_, outer, _) = field(certificate)?;
    let (_, mut rest, _) = field(outer)?;
    if rest.first() == Some(&EXPLICIT_VERSION) {
        rest = field(rest)?.2;
    }
    // Serial number, algorithm, issuer; then the validity.
    for _ in 0..3 {
        rest = field(rest)?.2;
    }
    let (_, validity, _) = field(rest)?;
    let (_, _, rest) = field(validity)?;
    let (kind, time, _) = field(rest)?;
    moment(kind, time)
}

/// A DER field's tag and content, and what stands behind it.
fn field(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |length, &byte| length << 8 | usize::from(byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`.
fn moment(kind: u8, text: &[u8]) -> Option<Timestamp> {
    const UTC_TIME: u8 = 0x17;
    const GENERALIZED_TIME: u8 = 0x18;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (year, rest) = match kind {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let year: i16 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let part = |at: usize| rest.get(at..at + 2)?.parse::<i8>().ok();
    let civil = civil::DateTime::new(year, part(0)?, part(2)?, part(4)?, part(6)?, part(8)?, 0).ok()?;
    let at = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp(at.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::CertificateParams;
    use rcgen::KeyPair;
    use std::fs;

    struct Made {
        certificate: String,
        key: String,
    }

    fn made(until: (i32, u8, u8)) -> Made {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
        let certificate = params.self_signed(&key).unwrap();
        Made { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    fn written(folder: &Path, certificate: &str, key: &str) -> TlsFiles {
        let files = TlsFiles { certificate: folder.join("c.pem"), key: folder.join("k.pem") };
        fs::write(&files.certificate, certificate).unwrap();
        fs::write(&files.key, key).unwrap();
        files
    }

    #[test]
    fn a_certificates_end_is_read_in_both_ways_of_writing_it() {
        let folder = tempfile::tempdir().unwrap();
        for (until, expected) in [((2049, 12, 31), "2049-12-31T00:00:00Z"), ((2077, 1, 2), "2077-01-02T00:00:00Z")] {
            let made = made(until);
            let tls = Tls::open(written(folder.path(), &made.certificate, &made.key)).unwrap();
            let expected: jiff::Timestamp = expected.parse().unwrap();
            assert_eq!(tls.expires(), Some(Timestamp(expected.as_millisecond())));
        }
    }

    #[test]
    fn what_is_wrong_with_the_files_is_told() {
        #[track_caller]
        fn check(certificate: &str, key: &str, expected: &str) {
            let folder = tempfile::tempdir().unwrap();
            let told = Tls::open(written(folder.path(), certificate, key)).unwrap_err().to_string();
            assert!(told.contains(expected), "{told}");
        }
        let (one, other) = (made((2049, 1, 1)), made((2049, 1, 1)));
        check("", &one.key, "里面没有证书");
        check(&one.key, &one.key, "里面没有证书");
        check(&one.certificate, "", "里面没有私钥");
        check(&one.certificate, &one.certificate, "里面没有私钥");
        check(
            &one.certificate,
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "私钥带密码",
        );
        check(&one.certificate, &other.key, "不是一对");
        let missing = TlsFiles { certificate: "nowhere.pem".into(), key: "nowhere.pem".into() };
        assert_eq!(Tls::open(missing).unwrap_err().to_string(), "证书文件 nowhere.pem：没有这个文件");
    }

    #[test]
    fn new_files_are_taken_and_broken_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (made((2030, 1, 1)), made((2040, 1, 1)));
        let tls = Tls::open(written(folder.path(), &first.certificate, &first.key)).unwrap();
        let before = tls.expires();
        // The certificate is there before its key is.
        written(folder.path(), &second.certificate, &first.key);
        tls.look();
        assert_eq!(tls.expires(), before);
        fs::remove_file(&tls.files.key).unwrap();
        tls.look();
        tls.look();
        assert_eq!(tls.expires(), before);
        written(folder.path(), &second.certificate, &second.key);
        tls.look();
        assert!(tls.expires() > before);
    }

    #[test]
    fn certificates_cut_short_have_no_end_and_do_no_harm() {
        let made = made((2049, 1, 1));
        let der = CertificateDer::from_pem_slice(made.certificate.as_bytes()).unwrap();
        for length in 0..der.len() {
            let _ = expires(&der[..length]);
        }
        assert_eq!(expires(&[]), None);
        assert_eq!(expires(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
