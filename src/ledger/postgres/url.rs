//! Where a PostgreSQL database is. The address may hold a password, which is shown to nobody.

use sqlx::postgres::PgConnectOptions;
use std::fmt;
use std::str::FromStr;

/// `postgres://user:password@host:port/database?sslmode=…`, as libpq reads it; a `host` that begins with `/` is a folder of Unix sockets.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(String);

impl PostgresUrl {
    /// # Errors
    /// A Chinese sentence without the address: it may hold a password.
    pub fn read(text: &str) -> Result<PostgresUrl, String> {
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err("PostgreSQL 的地址以 postgres:// 开头".to_owned());
        }
        let options = PgConnectOptions::from_str(text).map_err(|_| {
            "PostgreSQL 的地址读不懂，应当像 postgres://用户:密码@主机:5432/数据库；密码里的特殊字符要写成 %40 这样的编码"
                .to_owned()
        })?;
        match options.get_database() {
            Some(_) => Ok(PostgresUrl(text.to_owned())),
            None => Err("PostgreSQL 的地址里缺少数据库名，应当像 postgres://用户:密码@主机:5432/数据库".to_owned()),
        }
    }

    pub(in crate::ledger) fn options(&self) -> PgConnectOptions {
        // It was read when it was made.
        PgConnectOptions::from_str(&self.0).unwrap_or_default()
    }

    /// For handing on to another process; holds the password.
    pub fn with_password(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = self.options();
        let place = match options.get_socket() {
            Some(folder) => folder.display().to_string(),
            None => format!("{}:{}", options.get_host(), options.get_port()),
        };
        write!(
            f,
            "PostgreSQL 数据库「{}」（{place}，用户 {}）",
            options.get_database().unwrap_or_default(),
            options.get_username()
        )
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let url = PostgresUrl::read("postgres://kejing:geheim@db.example:6543/season").unwrap();
        for shown in [format!("{url}"), format!("{url:?}")] {
            assert!(!shown.contains("geheim"), "{shown}");
            assert!(shown.contains("db.example:6543") && shown.contains("season"), "{shown}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for wrong in [
            "postgres://u:geheim@h",
            "postgres://u:geheim@h:port/d",
            "mysql://u:geheim@h/d",
            "postgres://u:ge heim@[/d",
        ] {
            let told = PostgresUrl::read(wrong).unwrap_err();
            assert!(!told.contains("geheim") && !told.contains("heim"), "{told}");
        }
    }

    #[test]
    fn a_folder_of_sockets_is_an_address() {
        let url = PostgresUrl::read("postgres:///season?host=/run/postgresql&user=kejing").unwrap();
        assert!(url.to_string().contains("/run/postgresql"));
    }
}
