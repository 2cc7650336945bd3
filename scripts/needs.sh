#!/bin/sh
# What building (`needs.sh build`), testing (`needs.sh test`) or measuring (`needs.sh bench`) needs of the machine. What is there is left alone; Debian's
# packages are installed where they are missing; Rust and Node.js are asked for, since distributions carry old ones.
set -eu

missing=""

need() { # need COMMAND PACKAGE
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}

ask() { # ask COMMAND WHAT-TO-DO
    command -v "$1" >/dev/null 2>&1 || {
        echo "缺少 $1：$2" >&2
        exit 2
    }
}

ask cargo "请安装 Rust 1.95 或更新的版本，https://rustup.rs"
ask node "请安装 Node.js 20.19 或更新的版本，https://nodejs.org"
ask npm "请安装 Node.js 附带的 npm"
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' || {
    echo "Node.js 的版本是 $(node --version)，需要 20.19 或更新的版本" >&2
    exit 2
}

# The bundled SQLite is compiled.
need cc build-essential
if [ "${1:-build}" != build ]; then
    need python3 python3
    # Tests start clusters of their own as another user (tests/harness/postgres.rs); Debian keeps the commands out of the path.
    if ! command -v initdb >/dev/null 2>&1 && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
        missing="$missing postgresql"
    fi
    need setpriv util-linux
    command -v "${CHROMIUM:-chromium}" >/dev/null 2>&1 || missing="$missing chromium"
    # Without Chinese characters the pages are boxes, and their lines break elsewhere.
    if ! fc-list :lang=zh-cn 2>/dev/null | grep -q .; then
        missing="$missing fonts-noto-cjk"
    fi
fi
if [ "${1:-build}" = bench ]; then
    # What the figures are compared with.
    need redis-server redis-server
    [ -d /usr/lib/postgresql ] || missing="$missing postgresql"
fi

[ -n "$missing" ] || exit 0
command -v apt-get >/dev/null 2>&1 || {
    echo "请先安装：$missing" >&2
    exit 2
}
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo"
fi
echo "安装：$missing"
case "$missing" in
*postgresql*)
    # Installing the package must not start a cluster of the machine's own.
    $as_root mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo "create_main_cluster = false" | $as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    ;;
esac
# shellcheck disable=SC2086 # a list of packages
$as_root apt-get update -q && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
    --no-install-recommends -o Dpkg::Options::=--force-confold $missing
