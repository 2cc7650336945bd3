#!/bin/sh
# 备份一次，删去两天以前的。由 root 的 cron 每小时运行，见 docs/operations.md「备份和恢复」。
#   backup.sh [放备份的文件夹，默认 /backup] [留几小时，默认 48]
# 账本在 SQLite 里用 kejing backup，在 PostgreSQL 里用 pg_dump，密钥文件总在里面。没有成功就不删旧的，退出码不是 0。
set -eu
# cron 的 PATH 里没有 runuser 所在的文件夹；用户 kejing 进不了 root 的家。
PATH=$PATH:/usr/local/bin:/usr/sbin:/sbin
cd /

to=${1:-/backup}
hours=${2:-48}
place="$to/kejing-$(date +%F-%H%M%S)"

stop() { echo "backup.sh：$*" >&2; exit 1; }
# 设置里的一项：先看 kejing.env，再看 kejing.toml。都不当作 shell 的语句。
setting() {
    found=$(sed -n "s/^KEJING_$1=//p" /etc/kejing/kejing.env 2>/dev/null | tail -n 1 | sed "s/^\(['\"]\)\(.*\)\1\$/\2/")
    [ -n "$found" ] || found=$(sed -n "s/^$2 *= *\"\(.*\)\".*/\1/p" /etc/kejing/kejing.toml 2>/dev/null | tail -n 1)
    printf %s "$found"
}

[ "$(id -u)" -eq 0 ] || stop "要用 root 运行"
[ -d "$to" ] || stop "没有文件夹 $to，请先建好：install -d -o kejing -g kejing -m 700 $to"
runuser -u kejing -- test -w "$to" || stop "用户 kejing 写不了 $to，请先：chown kejing:kejing $to && chmod 700 $to"

database=$(setting DATABASE database)
case "$database" in
    postgres://* | postgresql://*)
        command -v pg_dump > /dev/null || stop "没有 pg_dump：请装 PostgreSQL 的客户端，版本不低于数据库"
        key=$(setting DATA data)/kejing.key
        # 用户 kejing 来做：同一台机器上的数据库凭系统用户认人。
        runuser -u kejing -- sh -euc '
            umask 077
            trap "rm -rf \"$1.partial\"" EXIT
            mkdir "$1.partial"
            cp "$2" "$1.partial/kejing.key"
            nice pg_dump --format=custom --file="$1.partial/ledger.dump" "$3"
            pg_restore --list "$1.partial/ledger.dump" > /dev/null
            (cd "$1.partial" && sha256sum ledger.dump kejing.key > SHA256SUMS)
            mv "$1.partial" "$1"' backup "$place" "$key" "$database"
        ;;
    *) nice ionice -c3 /usr/local/bin/kejing backup --to "$place" > /dev/null ;;
esac
find "$to" -maxdepth 1 -name 'kejing-*' -mmin +"$((hours * 60))" -exec rm -rf {} +
