#!/bin/sh
# 在服务器上用的 kejing 命令，install.sh 把它放到 /usr/local/bin/kejing：用服务的设置（/etc/kejing/kejing.toml、
# /etc/kejing/kejing.env 里的数据库地址），由 root 运行时换成服务的用户，这样数据文件夹里不会留下 root 的文件。
set -eu
# cron 的 PATH 里没有 runuser 所在的文件夹。
PATH=$PATH:/usr/sbin:/sbin

program=/opt/kejing/bin/kejing
settings=/etc/kejing/kejing.toml
secrets=/etc/kejing/kejing.env

# 这几条命令看的是服务的数据；其余的（检查题库、赛季、恢复备份）按原来的用户运行。
case "${1:-} ${2:-}" in
    serve\ * | backup\ * | replay\ * | ledger\ * | staff\ * | audit\ * | "bank export") ;;
    *) exec "$program" "$@" ;;
esac

# 与 systemd 的 EnvironmentFile 一样读：一行一个 名字=值，值可以放在引号里，不当作 shell 的语句。已经设了的不动。
if [ -r "$secrets" ]; then
    while IFS= read -r line || [ -n "$line" ]; do
        case "$line" in KEJING_*=* | RUST_LOG=*) ;; *) continue ;; esac
        name=${line%%=*} value=${line#*=}
        case "$name" in *[!A-Z_]*) continue ;; esac
        case "$value" in
            \"*\") value=${value#\"} value=${value%\"} ;;
            \'*\') value=${value#\'} value=${value%\'} ;;
        esac
        if eval "[ -z \"\${$name+set}\" ]"; then export "$name=$value"; fi
    done < "$secrets"
fi
if [ -z "${KEJING_CONFIG+set}" ] && [ -r "$settings" ]; then export KEJING_CONFIG="$settings"; fi

umask 077
[ "$(id -u)" -eq 0 ] || exec "$program" "$@"
exec runuser -u kejing -- "$program" "$@"
